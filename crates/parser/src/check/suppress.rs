//! Inline suppressions: a comment that accepts a finding and says why.
//!
//! `# contentcheck: allow CC0607 -- reason` accepts findings of the code on its own line, or,
//! where the comment stands alone, on the next line that holds more than comments.
//! `# contentcheck: allow-file CC0607 -- reason` accepts them in the whole file.

use std::sync::Arc;

use crate::release::Finding;
use crate::{native, sigma};
use contentcheck_model::diagnostic::{Code, Diagnostic, Sink, clip, closest, codes};
use contentcheck_model::language::Language;
use contentcheck_model::source::{Source, Span};

const MARK: &str = "contentcheck:";

/// A finding that a comment accepts.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    /// What was found.
    pub(crate) finding: Finding,
    /// Why it is accepted, as the comment has it.
    pub(crate) reason: String,
}

/// The findings of a file, and those that its comments accept.
#[derive(Debug)]
pub(crate) struct Applied {
    /// What is reported.
    pub(crate) kept: Vec<Finding>,
    /// What is accepted.
    pub(crate) accepted: Vec<Accepted>,
}

struct Suppression {
    /// The codes, and whether a finding of each was accepted.
    codes: Vec<(&'static str, bool)>,
    /// The line that it covers; `None` for the whole file.
    line: Option<usize>,
    span: Span,
    reason: String,
}

/// Takes out the findings that comments in the file accept, and reports comments that are
/// wrong or accept nothing. Of a code that nothing looked for it is not known whether a comment accepts anything.
/// A fix that would touch a comment is taken from its finding.
pub(crate) fn apply<'c>(
    source: &Source,
    language: Language,
    comments: impl FnOnce() -> &'c [Span],
    mut found: Vec<Finding>,
    unasked: &[&'static Code],
) -> Applied {
    let marked = source.text().contains(MARK);
    let fixes = found.iter().any(|finding| finding.fix.is_some());
    if !marked && !fixes {
        return Applied { kept: found, accepted: Vec::new() };
    }
    let comments = comments();
    if fixes {
        let shared = language == Language::Sigma && sigma::shares_values(source.text());
        for finding in &mut found {
            if finding.fix.as_ref().is_some_and(|fix| shared || fix.touches(comments)) {
                Arc::make_mut(finding).fix = None;
            }
        }
    }
    let mut problems = Sink::new(source);
    let mut suppressions = read(source, comments, &mut problems);
    let mut kept = Vec::with_capacity(found.len());
    let mut accepted = Vec::new();
    for finding in found {
        let mut by = None;
        if !suppressions.is_empty() {
            let line = source.position(finding.span.start).line;
            for suppression in suppressions.iter_mut().filter(|one| one.line.is_none_or(|covered| covered == line)) {
                for (_, used) in suppression.codes.iter_mut().filter(|(code, _)| *code == finding.code.id) {
                    *used = true;
                    by.get_or_insert(&suppression.reason);
                }
            }
        }
        match by {
            Some(reason) => accepted.push(Accepted { finding, reason: reason.clone() }),
            None => kept.push(finding),
        }
    }
    let unasked = |id: &str| unasked.iter().any(|code| code.id == id);
    for suppression in &suppressions {
        let idle = suppression.codes.iter().filter(|(id, used)| !used && !unasked(id));
        let unused: Vec<&str> = idle.map(|(id, _)| *id).collect();
        if unused.is_empty() {
            continue;
        }
        let message = format!("this suppression of {} accepts no finding", unused.join(", "));
        let diagnostic = Diagnostic::new(&codes::UNUSED_SUPPRESSION, source, suppression.span, message);
        // Often it stands beside another line of the rule.
        let elsewhere = kept.iter().find(|finding| unused.contains(&finding.code.id));
        problems.push(diagnostic.with_help(match elsewhere {
            Some(finding) => {
                let line = source.position(finding.span.start).line;
                format!("there is one on line {line}: write the comment there, or alone on the line before")
            }
            None if unused.len() < suppression.codes.len() => {
                format!("remove {} from it; what it was for is gone", unused.join(", "))
            }
            None => "remove it; the finding it was for is gone".to_owned(),
        }));
    }
    kept.extend(problems.finish().into_iter().map(Arc::new));
    Applied { kept, accepted }
}

/// Where the comments of a file are: what its language takes for comments, and nothing else. Where the file cannot be
/// read there are none from there on.
pub fn comments(source: &Source, language: Language) -> Vec<Span> {
    if !source.text().contains('#') {
        return Vec::new();
    }
    match language {
        Language::Native => native::comments(source),
        Language::Sigma => sigma::comments(source.text()),
    }
}

/// For each line of the file, counted from 1, the first from there on that holds more than comments.
fn content_lines(source: &Source, comments: &[Span]) -> Vec<Option<usize>> {
    let mut start = 0;
    let has_content = |line: &str| {
        let first = start + (line.len() - line.trim_start().len());
        start += line.len() + 1;
        let is_comment = || comments.binary_search_by_key(&first, |comment| comment.range().start).is_ok();
        !line.trim().is_empty() && !is_comment()
    };
    let lines: Vec<bool> = source.text().split('\n').map(has_content).collect();
    let mut ahead = vec![None; lines.len() + 2];
    let mut next = None;
    for (before, has_content) in lines.iter().enumerate().rev() {
        let line = before + 1;
        if *has_content {
            next = Some(line);
        }
        if let Some(slot) = ahead.get_mut(line) {
            *slot = next;
        }
    }
    ahead
}

fn read(source: &Source, comments: &[Span], problems: &mut Sink) -> Vec<Suppression> {
    let mut found = Vec::new();
    let marked =
        |span: &Span| source.slice(*span).strip_prefix('#').is_some_and(|text| text.trim_start().starts_with(MARK));
    let marked_comments: Vec<Span> = comments.iter().copied().filter(marked).collect();
    if marked_comments.is_empty() {
        return found;
    }
    let ahead = content_lines(source, comments);
    for comment in marked_comments {
        let text = source.slice(comment).trim_end();
        let span = Span::new(comment.range().start, comment.range().start + text.len());
        let Some((_, rest)) = text.split_once(MARK) else { continue };
        let (action, reason) = match rest.split_once("--") {
            Some((action, reason)) => (action.trim(), Some(reason.trim()).filter(|reason| !reason.is_empty())),
            None => (rest.trim(), None),
        };
        let mut words = action.split([' ', ',']).filter(|word| !word.is_empty());
        let whole_file = match words.next() {
            Some("allow") => false,
            Some("allow-file") => true,
            other => {
                let message = format!("`{}` is not a suppression", clip(other.unwrap_or("")));
                problems.push(
                    Diagnostic::new(&codes::INVALID_SUPPRESSION, source, span, message)
                        .with_help("write `contentcheck: allow CC0607 -- the reason`"),
                );
                continue;
            }
        };
        let mut accepted = Vec::new();
        for word in words {
            match codes::find(word) {
                Some(code) if code.is_acceptable() => accepted.push((code.id, false)),
                Some(code) => problems.push(unacceptable(code, source, span)),
                None => problems.push(unknown(word, source, span, problems.is_full())),
            }
        }
        if accepted.is_empty() {
            continue;
        }
        let Some(reason) = reason else {
            problems.push(
                Diagnostic::new(&codes::INVALID_SUPPRESSION, source, span, "the suppression gives no reason")
                    .with_help("add `-- ` and the reason why the finding is accepted; without one it has no effect"),
            );
            continue;
        };
        let line = source.position(span.start).line;
        let before = source.line(line).map_or("", |whole| source.slice(Span { start: whole.start, end: span.start }));
        let covered =
            if before.trim().is_empty() { ahead.get(line + 1).copied().flatten().unwrap_or(line) } else { line };
        let line = (!whole_file).then_some(covered);
        found.push(Suppression { codes: accepted, line, span, reason: reason.to_owned() });
    }
    found
}

fn unacceptable(code: &Code, source: &Source, span: Span) -> Diagnostic {
    let message = format!("a finding of {} ({}) cannot be accepted", code.id, code.name);
    let help = if code.id.starts_with("CC04") {
        "it can break a sensor: restrict the rule to the sensors that it fits (`sensors: \">=...\"`), or take its file \
         out of the release with `exclude` in contentcheck.toml"
    } else {
        "fix what it says, or take the file out of the release with `exclude` in contentcheck.toml"
    };
    Diagnostic::new(&codes::INVALID_SUPPRESSION, source, span, message).with_help(help)
}

fn unknown(word: &str, source: &Source, span: Span, full: bool) -> Diagnostic {
    let problem = Diagnostic::new(&codes::INVALID_SUPPRESSION, source, span, format!("`{}` is not a code", clip(word)));
    let known = codes::all().flat_map(|code| [code.id, code.name]);
    match if full { None } else { closest(word, known) } {
        Some(near) => problem.with_help(format!("did you mean `{near}`?")),
        None => problem.with_help("`contentcheck explain` lists the codes"),
    }
}

#[cfg(test)]
mod tests;
