//! Hover: what there is to know of a name, in Markdown.

use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_model::field::FieldInfo;
use contentcheck_model::language::Language;
use contentcheck_model::mention::{Events, Named};
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::source::{Source, Span};
use contentcheck_model::template::TemplateType;
use contentcheck_parser::{check::suppress, sigma};

use crate::names::{self, Texts, templates};
use crate::snapshot::Snapshot;
use crate::supply;

/// A name as it is shown between backquotes: whoever wrote it does not decide how the rest looks.
fn shown(name: &str) -> String {
    visible(name).replace('`', "'")
}

/// Template types that are told of for one name; of more the number is said.
const MOST: usize = 8;

/// What there is to know of what is at a byte of a file, and where that is.
pub(crate) fn at(source: &Source, language: Language, offset: usize, texts: &Texts<'_>) -> Option<(String, Span)> {
    if let Some(found) = code(source, language, offset) {
        return Some(found);
    }
    let mention = names::at(source, language, offset)?;
    Some((of(&mention.named, texts)?, mention.span))
}

/// The page of a code in a comment that accepts findings.
fn code(source: &Source, language: Language, offset: usize) -> Option<(String, Span)> {
    let comments = suppress::comments(source, language);
    let comment = comments.into_iter().find(|span| span.range().contains(&offset))?;
    let written = source.slice(comment);
    let from = comment.range().start;
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
    let start = written.get(..offset - from)?.rfind(|sign| !is_part(sign)).map_or(0, |at| at + 1);
    let rest = written.get(start..)?;
    let word = rest.get(..rest.find(|sign| !is_part(sign)).unwrap_or(rest.len()))?;
    let code = codes::find(word).filter(|_| written.contains("contentcheck:"))?;
    let accepted = if code.is_acceptable() { "" } else { "\n\nA comment cannot accept it." };
    let text = format!(
        "**{}** {} ({})\n\n{}\n\n*Cause:* {}\n\n*Harm:* {}\n\n*Remedy:* {}{accepted}",
        code.id,
        code.name,
        code.severity,
        code.summary.trim(),
        code.cause,
        code.harm,
        code.cure
    );
    Some((text, Span::new(from + start, from + start + word.len())))
}

fn of(named: &Named, texts: &Texts<'_>) -> Option<String> {
    let snapshot = texts.snapshot;
    match named {
        Named::Field(name, events) => field(name, events, snapshot),
        Named::Position(position, events) => {
            let template = templates(events, &snapshot.catalogue).into_iter().next()?;
            let field = template.at(*position)?;
            Some(in_template(&template.describe(&field)?, template, snapshot))
        }
        Named::Template(name, version) => {
            let version = version.or_else(|| snapshot.catalogue.versions(name).last().copied())?;
            Some(template(snapshot.catalogue.find(name, version)?, snapshot))
        }
        Named::LogSource(asked) => {
            let serving = snapshot.catalogue.serving(asked);
            let names: Vec<String> = serving
                .iter()
                .take(MOST)
                .map(|template| format!("- `{}`, {} fields", template, template.arity()))
                .collect();
            Some(if names.is_empty() {
                format!("No template type serves `{}`.", shown(&asked.to_string()))
            } else {
                format!("`{}` is served by\n{}{}", shown(&asked.to_string()), names.join("\n"), more(serving.len()))
            })
        }
        Named::Modifier(name) => {
            let (_, meaning) = sigma::words::modifiers().find(|(known, _)| known == name)?;
            Some(format!("`{name}`: {meaning}"))
        }
        Named::Tag(tag) => {
            let with = snapshot.rules.iter().filter(|rule| rule.tags.iter().any(|own| own == tag)).count();
            Some(format!("`{}`: {}{}", shown(tag), count(with, "rule"), page(tag)))
        }
        Named::Rule(_) => {
            let keys = texts.names_of_rule(named);
            let is_it = |rule: &&std::sync::Arc<CheckedRule>| {
                keys.iter().any(|key| matches!(key, Named::Rule(key) if rule.id.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(key)) || rule.name == *key))
            };
            let rule = snapshot.rules.iter().find(is_it)?;
            let level = rule.level.map_or("no level", contentcheck_model::rule::Level::word);
            let on: Vec<String> =
                rule.targets.iter().take(MOST).map(|target| format!("- `{}`", target.template)).collect();
            Some(format!("`{}` ({level})\n\non\n{}{}", shown(&rule.title), on.join("\n"), more(rule.targets.len())))
        }
        Named::Let(..) | Named::Selection(..) | Named::Selections(..) | Named::List(_) | Named::Table(_) => None,
    }
}

/// Where ATT&CK has its page.
fn page(tag: &str) -> String {
    let Some(id) = tag.strip_prefix("attack.").filter(|id| id.starts_with(['t', 'g', 's'])) else {
        return String::new();
    };
    let upper = id.to_ascii_uppercase();
    let is_id = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let kind = match upper.get(..1) {
        Some("T") => "techniques",
        Some("G") => "groups",
        _ => "software",
    };
    if !upper.get(1..).is_some_and(|rest| !rest.is_empty() && is_id(rest)) {
        return String::new();
    }
    format!("\n\n[ATT&CK {upper}](https://attack.mitre.org/{kind}/{}/)", upper.replace('.', "/"))
}

fn count(number: usize, of: &str) -> String {
    if number == 1 { format!("1 {of}") } else { format!("{number} {of}s") }
}

fn more(all: usize) -> String {
    if all > MOST { format!("\n- and {} more", all - MOST) } else { String::new() }
}

fn field(name: &str, events: &Events, snapshot: &Snapshot) -> Option<String> {
    let all = templates(events, &snapshot.catalogue);
    let known: Vec<(FieldInfo<'_>, &TemplateType)> =
        all.iter().filter_map(|template| Some((template.find(name)?, *template))).collect();
    if known.is_empty() {
        let open = all.iter().any(|template| template.open);
        return (open && !name.is_empty()).then(|| {
            format!(
                "`{}`: no template type of this log source declares it; events may have it all the same",
                shown(name)
            )
        });
    }
    let lines: Vec<String> =
        known.iter().take(MOST).map(|(info, template)| in_template(info, template, snapshot)).collect();
    Some(format!("{}{}", lines.join("\n\n"), more(known.len())))
}

fn in_template(info: &FieldInfo<'_>, template: &TemplateType, snapshot: &Snapshot) -> String {
    let supplied = supply::supplied(snapshot.sensors(), template, info.name);
    let supplied = supplied.map_or_else(String::new, |by| format!("\n\nsupplied by: {}", shown(&by)));
    format!("`{}` of `{template}`: {}{supplied}", shown(info.name), supply::kind(info))
}

fn template(template: &TemplateType, snapshot: &Snapshot) -> String {
    let rules =
        snapshot.rules.iter().filter(|rule| rule.targets.iter().any(|target| target.template.name == template.name));
    let serves: Vec<String> =
        template.serves.iter().take(MOST).map(|served| format!("`{}`", shown(&served.to_string()))).collect();
    let serves = if serves.is_empty() { String::new() } else { format!("\n\nserves {}", serves.join("; ")) };
    let fields = template.declared().filter_map(|field| {
        let info = template.describe(&field)?;
        Some(format!("\n- `{}`: {}", shown(info.name), supply::kind(&info)))
    });
    let fields: String = fields.take(64).collect();
    let open = if template.open { ", open" } else { "" };
    format!(
        "`{template}`: {}{open}, {}{serves}\n{fields}",
        count(template.arity(), "field"),
        count(rules.count(), "rule")
    )
}
