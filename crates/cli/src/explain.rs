//! Pages on the diagnostic codes: for the terminal, as Markdown (docs/errors.md, or a file for each code) and as JSON.
//!
//! All words come from `diagnostic::codes` and all examples from corpus/reject, so nothing is
//! written twice.

mod examples;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use contentcheck_model::diagnostic::{Code, codes};
use schemars::JsonSchema;
use serde::Serialize;

/// Columns of a page in the terminal.
const WIDTH: usize = 84;

/// A case of corpus/reject: content that triggers a code, and what is reported for it.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The code, such as `CC0401`.
    pub code: &'static str,
    /// Name of the file.
    pub file: &'static str,
    /// The file.
    pub text: &'static str,
    /// What is reported, one line for each finding and its help.
    pub findings: &'static str,
}

/// A code in what `explain --format json` prints, which is an array of these.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainedCode {
    /// The code, such as `CC0401`.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The title of its family.
    pub family: Option<&'static str>,
    /// The severity that it has unless the configuration says otherwise.
    pub severity: &'static str,
    /// Whether `lint --fix` can fix findings of it.
    pub fixable: bool,
    /// What is found.
    pub summary: &'static str,
    /// Why it is reported.
    pub cause: &'static str,
    /// What happens otherwise.
    pub harm: &'static str,
    /// What to do.
    pub cure: &'static str,
    /// Content that triggers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<ShownExample>,
}

/// Content that triggers a code.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownExample {
    /// Name of the file.
    pub file: &'static str,
    /// The file.
    pub text: &'static str,
    /// What is reported.
    pub findings: &'static str,
}

/// The example of a code. Codes about files that cannot be shown, such as a pipe, have none.
#[must_use]
pub fn example(code: &Code) -> Option<&'static Example> {
    examples::EXAMPLES.iter().find(|example| example.code == code.id)
}

/// The page of a code, for the terminal.
#[must_use]
pub fn page(code: &Code) -> String {
    let mut page =
        format!("{} {} ({}{})\n\n{}\n", code.id, code.name, code.severity, fixable(code), code.summary.trim());
    for (title, text) in [("Cause", code.cause), ("Harm", code.harm), ("Remedy", code.cure)] {
        let _ = write!(page, "\n{title}\n{}", wrap(text));
    }
    if let Some(example) = example(code) {
        let _ = write!(page, "\nExample: {}\n{}", example.file, indent(example.text));
        let _ = write!(page, "\nReported as\n{}", indent(example.findings));
    }
    page
}

/// One line for each code, under the titles of the families, for the terminal.
#[must_use]
pub fn list(codes: &[&Code]) -> String {
    let mut list = String::new();
    let width = codes.iter().map(|code| code.name.len()).max().unwrap_or(0);
    for (prefix, title, family) in families(codes) {
        let _ = writeln!(list, "{}{prefix}xx  {title}", if list.is_empty() { "" } else { "\n" });
        for code in family {
            let _ = writeln!(
                list,
                "  {}  {:width$}  {:7}  {}",
                code.id,
                code.name,
                code.severity.as_str(),
                code.summary.trim()
            );
        }
    }
    list
}

/// The page of one code as a section of Markdown; those of several codes as a document with a
/// table of contents.
#[must_use]
pub fn markdown(codes: &[&Code]) -> String {
    match codes {
        [code] => section(code),
        _ => document(codes),
    }
}

/// The pages of all codes as one Markdown document: docs/errors.md.
#[must_use]
pub fn markdown_all() -> String {
    markdown(&codes::all().collect::<Vec<_>>())
}

/// The pages as a JSON array.
///
/// # Errors
/// Never in practice: the entries are strings.
pub fn json(codes: &[&'static Code]) -> Result<String, serde_json::Error> {
    let entries: Vec<ExplainedCode> = codes.iter().copied().map(entry).collect();
    Ok(serde_json::to_string_pretty(&entries)? + "\n")
}

/// The families that the codes belong to, each with those of its codes.
fn families<'a>(codes: &[&'a Code]) -> Vec<(&'static str, &'static str, Vec<&'a Code>)> {
    codes::FAMILIES
        .iter()
        .map(|(prefix, title, family)| {
            let within = |code: &&Code| family.iter().any(|other| other.id == code.id);
            (*prefix, *title, codes.iter().copied().filter(within).collect::<Vec<_>>())
        })
        .filter(|(_, _, family)| !family.is_empty())
        .collect()
}

fn section(code: &Code) -> String {
    format!("### {} {}\n{}", code.id, code.name, body(code))
}

/// What the page of a code says below its title.
fn body(code: &Code) -> String {
    let mut page = format!("\n{}. Default: {}{}.\n", code.summary.trim(), code.severity, fixable(code));
    for (title, text) in [("Cause", code.cause), ("Harm", code.harm), ("Remedy", code.cure)] {
        let _ = write!(page, "\n**{title}.** {text}\n");
    }
    if let Some(example) = example(code) {
        let language = if example.file.ends_with(".yml") { "yaml" } else { "" };
        let _ = write!(page, "\n`{}`\n\n{}", example.file, fence(language, example.text));
        let _ = write!(page, "\nis reported as\n\n{}", fence("", example.findings));
    }
    page
}

/// What the pages of all codes begin with.
const INTRODUCTION: &str = "A code is a promise: it is never renumbered and never used for anything else. `contentcheck explain CODE`\n\
    prints its page. The severity of a code can be changed in contentcheck.toml, but for those that can break a device or that the gate finds of a release as a whole; \"fixable\" means that\n\
    `contentcheck lint --fix` can fix findings of it. Each example is a case of corpus/reject.\n";

fn document(codes: &[&Code]) -> String {
    let mut document = format!(
        "<!-- Made by `contentcheck explain --format markdown`. Do not edit: the words stand beside the codes. -->\n\n\
         # Diagnostic codes\n\n{INTRODUCTION}"
    );
    document.push_str(&tables(codes, |code| format!("#{}-{}", code.id.to_ascii_lowercase(), code.name)));
    for (prefix, title, family) in families(codes) {
        let _ = write!(document, "\n## {prefix}xx {title}\n");
        for code in family {
            let _ = write!(document, "\n{}", section(code));
        }
    }
    document
}

/// A table for each family, in which each code leads to its page.
fn tables(codes: &[&Code], link: impl Fn(&Code) -> String) -> String {
    let mut tables = String::new();
    for (prefix, title, family) in families(codes) {
        let _ = write!(
            tables,
            "\n**{prefix}xx {title}**\n\n| code | name | default | found |\n| --- | --- | --- | --- |\n"
        );
        for code in family {
            let (id, name, link) = (code.id, code.name, link(code));
            let summary = code.summary.trim().replace('|', "\\|");
            let _ = writeln!(tables, "| [{id}]({link}) | {name} | {}{} | {summary} |", code.severity, fixable(code));
        }
    }
    tables
}

/// The page of each code as a file of its own, and an index called `README.md`, by name.
#[must_use]
pub fn split(codes: &[&Code]) -> Vec<(String, String)> {
    let index = format!("# Diagnostic codes\n\n{INTRODUCTION}{}", tables(codes, |code| format!("{}.md", code.id)));
    let mut pages = vec![("README.md".to_owned(), index)];
    for (prefix, title, family) in families(codes) {
        for code in family {
            let accepted = if code.is_acceptable() {
                ""
            } else {
                "\nNo comment, baseline or severity accepts a finding of this code.\n"
            };
            let page = format!(
                "# {} {}\n{}{accepted}\nThis code belongs to *{prefix}xx {title}*; [all codes](README.md).\n",
                code.id,
                code.name,
                body(code)
            );
            pages.push((format!("{}.md", code.id), page));
        }
    }
    pages
}

fn entry(code: &'static Code) -> ExplainedCode {
    let family = codes::FAMILIES.iter().find(|(_, _, family)| family.iter().any(|other| other.id == code.id));
    ExplainedCode {
        code: code.id,
        name: code.name,
        family: family.map(|(_, title, _)| *title),
        severity: code.severity.as_str(),
        fixable: code.fixable,
        summary: code.summary.trim(),
        cause: code.cause,
        harm: code.harm,
        cure: code.cure,
        example: example(code).map(|of| ShownExample { file: of.file, text: of.text, findings: of.findings }),
    }
}

const fn fixable(code: &Code) -> &'static str {
    if code.fixable { ", fixable" } else { "" }
}

/// A paragraph, broken between words and indented.
fn wrap(text: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            lines.push('\n');
            column = 0;
        }
        lines.push_str(if column == 0 { "  " } else { " " });
        lines.push_str(word);
        column += width + if column == 0 { 2 } else { 1 };
    }
    lines.push('\n');
    lines
}

fn indent(text: &str) -> String {
    text.lines().fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "{}{line}", if line.is_empty() { "" } else { "    " });
        all
    })
}

/// A code block, with a fence that the text does not contain.
fn fence(language: &str, text: &str) -> String {
    let mut fence = String::from("```");
    while text.contains(&fence) {
        fence.push('`');
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}
