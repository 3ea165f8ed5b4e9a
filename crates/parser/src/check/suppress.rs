//! Inline suppressions: a comment that accepts a finding and says why.
//!
//! `# contentcheck: allow CC0607 -- reason` accepts findings of the code on its own line, or,
//! where the comment stands alone, on the next line that holds more than comments.
//! `# contentcheck: allow-file CC0607 -- reason` accepts them in the whole file.

use crate::diagnostic::{Code, Diagnostic, Sink, clip, closest, codes};
use crate::source::{Source, Span};

const MARK: &str = "contentcheck:";

struct Suppression {
    codes: Vec<&'static str>,
    /// The line that it covers; `None` for the whole file.
    line: Option<usize>,
    span: Span,
    used: bool,
}

/// Takes out the findings that comments in the file accept, and reports comments that are
/// wrong or accept nothing. Of a code that nothing looked for it is not known whether a comment accepts anything.
pub(crate) struct Accepted {
    pub(crate) finding: Diagnostic,
    pub(crate) reason: String,
}
pub(crate) struct Applied {
    pub(crate) kept: Vec<Diagnostic>,
    pub(crate) accepted: Vec<Accepted>,
}
pub(crate) fn apply(source: &Source, found: Vec<Diagnostic>, unasked: &[&'static Code]) -> Applied {
    if !source.text().contains(MARK) {
        return Applied { kept: found, accepted: Vec::new() };
    }
    let mut problems = Sink::new(source);
    let mut suppressions = read(source, &mut problems);
    let mut kept: Vec<Diagnostic> = found
        .into_iter()
        .filter(|diagnostic| {
            let line = source.position(diagnostic.span.start).line;
            let mut accepted = false;
            for suppression in &mut suppressions {
                if suppression.codes.contains(&diagnostic.code.id)
                    && suppression.line.is_none_or(|covered| covered == line)
                {
                    suppression.used = true;
                    accepted = true;
                }
            }
            !accepted
        })
        .collect();
    let unasked = |id: &&str| unasked.iter().any(|code| code.id == *id);
    for unused in suppressions.iter().filter(|suppression| !suppression.used && !suppression.codes.iter().any(unasked))
    {
        let message = format!("this suppression of {} accepts no finding", unused.codes.join(", "));
        let diagnostic = Diagnostic::new(&codes::UNUSED_SUPPRESSION, source, unused.span, message);
        problems.push(diagnostic.with_help("remove it; the finding it was for is gone"));
    }
    kept.extend(problems.finish());
    Applied { kept, accepted: Vec::new() }
}

fn read(source: &Source, problems: &mut Sink) -> Vec<Suppression> {
    let mut found = Vec::new();
    let mut offset = 0;
    let lines: Vec<&str> = source.text().split('\n').collect();
    // The next line that holds more than comments, from the last line on.
    let mut ahead = vec![lines.len(); lines.len() + 1];
    for (index, line) in lines.iter().enumerate().rev() {
        let code = !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let next = if code { index } else { ahead.get(index + 1).copied().unwrap_or(lines.len()) };
        if let Some(slot) = ahead.get_mut(index) {
            *slot = next;
        }
    }
    for (index, line) in lines.iter().enumerate() {
        let start = offset;
        offset += line.len() + 1;
        let Some((before, rest)) = line.split_once('#').and_then(|_| comment(line)) else { continue };
        let at = start + before.len();
        let span = Span::new(at, start + line.trim_end().len());
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
                Some(code) => accepted.push(code.id),
                None => {
                    let mut problem = Diagnostic::new(
                        &codes::INVALID_SUPPRESSION,
                        source,
                        span,
                        format!("`{}` is not a code", clip(word)),
                    );
                    let known = codes::all().flat_map(|code| [code.id, code.name]);
                    let near = if problems.is_full() { None } else { closest(word, known) };
                    problem = match near {
                        Some(near) => problem.with_help(format!("did you mean `{near}`?")),
                        None => problem.with_help("`contentcheck explain` lists the codes"),
                    };
                    problems.push(problem);
                }
            }
        }
        if accepted.is_empty() {
            continue;
        }
        if reason.is_none() {
            problems.push(
                Diagnostic::new(&codes::INVALID_SUPPRESSION, source, span, "the suppression gives no reason")
                    .with_help("add `-- ` and the reason why the finding is accepted; without one it has no effect"),
            );
            continue;
        }
        let alone = before.trim().is_empty();
        let covered = if alone {
            ahead.get(index + 1).filter(|next| **next < lines.len()).map_or(index + 1, |next| next + 1)
        } else {
            index + 1
        };
        found.push(Suppression { codes: accepted, line: (!whole_file).then_some(covered), span, used: false });
    }
    found
}

/// What stands before the comment and what follows its mark.
fn comment(line: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(at) = line.get(from..)?.find('#').map(|at| at + from) {
        let before = line.get(..at)?;
        let after = line.get(at + 1..)?.trim_start();
        if let Some(rest) = after.strip_prefix(MARK)
            && (before.is_empty() || before.ends_with(char::is_whitespace))
        {
            return Some((before, rest));
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, at: usize) -> Vec<&'static str> {
        let source = Source::new("x", text);
        let finding = Diagnostic::new(&codes::WILDCARD_ONLY, &source, Span::at(at), "m");
        apply(&source, vec![finding], codes::BY_ANALYSIS).kept.iter().map(|diagnostic| diagnostic.code.id).collect()
    }

    #[test]
    fn accepts_on_the_line_or_the_next() {
        assert_eq!(run("a: '*' # contentcheck: allow CC0607 -- presence is meant\n", 3), [""; 0]);
        assert_eq!(run("# contentcheck: allow wildcard-only -- presence is meant\n# more\na: '*'\n", 70), [""; 0]);
        assert_eq!(run("# contentcheck: allow-file CC0607 -- x\nb\na: '*'\n", 43), [""; 0]);
    }

    #[test]
    fn a_reason_a_code_and_a_finding_are_needed() {
        assert_eq!(run("a: '*' # contentcheck: allow CC0607\n", 3), ["CC0607", "CC0720"]);
        assert_eq!(run("a: '*' # contentcheck: allow CC9999 -- x\n", 3), ["CC0607", "CC0720"]);
        assert_eq!(run("a: '*'\nb # contentcheck: allow CC0607 -- x\n", 3), ["CC0607", "CC0719"]);
        // Nothing looked for a dead filter, so nobody knows whether this accepts one.
        assert_eq!(run("a: '*'\nb # contentcheck: allow CC0613 -- x\n", 3), ["CC0607"]);
    }
}
