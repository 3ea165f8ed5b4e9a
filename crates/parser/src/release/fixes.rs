//! Fixes: applied to all files of content at once, and held against what was there before.

use std::collections::BTreeMap;

use super::{Checking, Finding, Gathered, Workspace};
use contentcheck_model::diagnostic::fix::apply;
use contentcheck_model::diagnostic::{Diagnostic, Severity};
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;

/// A file with fixes applied.
#[derive(Debug)]
pub struct Fixed {
    /// The file as it was.
    pub source: Source,
    /// Its text with the fixes.
    pub text: String,
    /// How many there are.
    pub count: usize,
}

/// Applies fixes, by file, and keeps those after which nothing is wrong that was not before. What each fix leaves as it is
/// depends on what stands around it, and two of them may not go together; a file that can no longer be read is worse
/// than any finding. A fix of an error may bring to light what the error hid.
#[must_use]
pub fn apply_fixes(gathered: &Gathered, findings: &[Finding]) -> Vec<Fixed> {
    if findings.iter().all(|finding| finding.fix.is_none()) {
        return Vec::new();
    }
    fixes_on(Workspace::new(gathered.clone()), findings).0
}

/// The same on content that is being edited, which is given back as it was.
#[must_use]
pub fn fixes_on(workspace: Workspace, findings: &[Finding]) -> (Vec<Fixed>, Workspace) {
    let mut by_file: BTreeMap<&str, File<'_>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.fix.is_some()) {
        let name = finding.source.name();
        // What was found in another text says nothing of this one.
        let present = workspace.source(name).filter(|(source, _)| source.text() == finding.source.text());
        let Some((_, language)) = present else { continue };
        let file = by_file.entry(name).or_insert(File {
            source: &finding.source,
            language,
            fixes: Vec::new(),
            kept: Vec::new(),
        });
        file.fixes.push(finding);
    }
    if by_file.is_empty() {
        return (Vec::new(), workspace);
    }
    let mut trial = Trial::new(workspace);
    // Errors first: their fixes may let others follow. A fix of anything else may make no error go, since it keeps the meaning of
    // a rule, and one with an error has none.
    for of_errors in [true, false] {
        let is_of = |fix: &&&Diagnostic| (fix.code.severity == Severity::Error) == of_errors;
        let tried = |file: &File<'_>| file.fixes.iter().any(|fix| is_of(&fix));
        if !by_file.values().any(tried) {
            continue;
        }
        for file in by_file.values() {
            let all: Vec<&Diagnostic> = file.kept.iter().chain(file.fixes.iter().filter(is_of)).copied().collect();
            trial.set(file, &all);
        }
        if trial.is_fine(of_errors, &[]) {
            for file in by_file.values_mut() {
                file.kept.extend(file.fixes.iter().filter(is_of));
            }
            continue;
        }
        by_file.values().for_each(|file| trial.set(file, &file.kept));
        for file in by_file.values_mut() {
            let more: Vec<&Diagnostic> = file.fixes.iter().filter(is_of).copied().collect();
            let kept = trial.keep(file, of_errors, file.kept.clone(), &more);
            trial.set(file, &kept);
            file.kept = kept;
        }
    }
    for file in by_file.values_mut() {
        let File { fixes, kept, .. } = file;
        // In the order of the findings, which says which of two that overlap is taken.
        fixes.retain(|fix| kept.iter().any(|kept| std::ptr::eq(*kept, *fix)));
    }
    let mut workspace = trial.workspace;
    let mut all = Vec::new();
    for file in by_file.into_values() {
        workspace.set(file.source.clone(), file.language);
        let (text, count) = apply(file.source.text(), &file.fixes);
        if count > 0 {
            all.push(Fixed { source: file.source.clone(), text, count });
        }
    }
    (all, workspace)
}

/// A file and its fixes.
struct File<'d> {
    source: &'d Source,
    language: Language,
    fixes: Vec<&'d Diagnostic>,
    /// Those that can be applied.
    kept: Vec<&'d Diagnostic>,
}

/// Content on which fixes are tried.
struct Trial {
    workspace: Workspace,
    /// The errors of all files, by code, with what was kept so far.
    errors: Errors,
}

/// Errors of all files, by code.
#[derive(Debug, Default, PartialEq, Eq)]
struct Errors {
    /// Those that are errors of themselves, whatever the configuration makes of them: they keep a rule from being read.
    own: BTreeMap<&'static str, usize>,
    /// Those that the configuration makes errors.
    raised: BTreeMap<&'static str, usize>,
}

impl Errors {
    fn of(&self, code: &str) -> usize {
        [&self.own, &self.raised].into_iter().filter_map(|of| of.get(code)).sum()
    }

    /// Whether there is nothing that there was not before.
    fn is_within(&self, before: &Self) -> bool {
        self.own.iter().chain(&self.raised).all(|(code, now)| *now <= before.of(code))
    }
}

impl Trial {
    fn new(workspace: Workspace) -> Self {
        let mut new = Self { workspace, errors: Errors::default() };
        new.errors = new.look();
        new
    }

    /// Puts a file with some of its fixes into the place of the one that is there.
    fn set(&mut self, file: &File<'_>, fixes: &[&Diagnostic]) {
        let text = apply(file.source.text(), fixes).0;
        self.workspace.set(Source::new(file.source.name(), text), file.language);
    }

    fn look(&mut self) -> Errors {
        let mut errors = Errors::default();
        let judged = std::mem::take(&mut self.workspace).check(&Checking::default()).judge();
        for finding in judged.findings() {
            let of = if finding.code.severity == Severity::Error {
                &mut errors.own
            } else if finding.severity == Severity::Error {
                &mut errors.raised
            } else {
                continue;
            };
            *of.entry(finding.code.id).or_default() += 1;
        }
        self.workspace = judged.into_checked().edit();
        errors
    }

    /// Whether nothing is wrong that was not before, or the errors that these fixes are of are fewer; then that is the
    /// state of things. With fixes of anything else no error may be gone either.
    fn is_fine(&mut self, of_errors: bool, fixes: &[&Diagnostic]) -> bool {
        let errors = self.look();
        let is_fewer = |fix: &&Diagnostic| errors.of(fix.code.id) < self.errors.of(fix.code.id);
        let is_fine = if of_errors {
            errors.is_within(&self.errors) || !fixes.is_empty() && fixes.iter().all(is_fewer)
        } else {
            errors.is_within(&self.errors) && errors.own == self.errors.own
        };
        if is_fine {
            self.errors = errors;
        }
        is_fine
    }

    /// Of some fixes those that can be applied beside the ones that are kept.
    fn keep<'d>(
        &mut self,
        file: &File<'_>,
        of_errors: bool,
        mut kept: Vec<&'d Diagnostic>,
        more: &[&'d Diagnostic],
    ) -> Vec<&'d Diagnostic> {
        if more.is_empty() {
            return kept;
        }
        let all: Vec<&Diagnostic> = kept.iter().chain(more).copied().collect();
        self.set(file, &all);
        if self.is_fine(of_errors, more) {
            return all;
        }
        if more.len() > 1 {
            let (first, second) = more.split_at(more.len() / 2);
            kept = self.keep(file, of_errors, kept, first);
            kept = self.keep(file, of_errors, kept, second);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use contentcheck_model::diagnostic::{FixKind, codes};
    use contentcheck_model::source::Span;

    use super::*;

    fn rule(items: &str) -> String {
        format!(
            "title: A rule\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51\nstatus: test\nlogsource:\n    category: webserver\n\
             detection:\n    s:\n{items}    condition: s\nlevel: low\n"
        )
    }

    /// A finding that replaces a part of the text.
    fn finding(source: &Source, from: &str, to: &str) -> Finding {
        let at = source.text().find(from).map_or_else(Span::default, |at| Span::new(at, at + from.len()));
        Diagnostic::new(&codes::WILDCARD_ONLY, source, at, "m").with_fix(FixKind::Presence, "t", at, to).into()
    }

    fn fixed(text: &str, fixes: &[(&str, &str)]) -> (String, usize) {
        let library = "template acme.web @ 1 {\n    serves { category: \"webserver\" }\n    1 uri : string?\n    2 host : string?\n}\n";
        let source = Source::new("r.yml", text);
        let gathered = Gathered::of(vec![
            (source.clone(), Language::Sigma),
            (Source::new("t.content", library), Language::Native),
        ]);
        let findings: Vec<Finding> = fixes.iter().map(|(from, to)| finding(&source, from, to)).collect();
        let all = apply_fixes(&gathered, &findings);
        all.first().map_or_else(|| (text.to_owned(), 0), |one| (one.text.clone(), one.count))
    }

    #[test]
    fn a_fix_that_makes_an_error_is_not_applied_and_those_beside_it_are() {
        let text = rule("        uri: 'a'\n        uri|re: 'b'\n        host: 'c'\n");
        // The first makes a key twice, the second takes a quote away, the last is harmless.
        for bad in [
            ("uri: 'a'", "uri|re: 'b'"),
            ("'b'", "'b"),
            ("condition: s", "condition: t"),
            ("level: low", "level: hgih"),
        ] {
            for (at, fixes) in [[bad, ("'c'", "'d'")], [("'c'", "'d'"), bad]].iter().enumerate() {
                assert_eq!(fixed(&text, fixes), (text.replace("'c'", "'d'"), 1), "{bad:?} {at}");
            }
            assert_eq!(fixed(&text, &[bad]), (text.clone(), 0), "{bad:?}");
        }
    }

    #[test]
    fn of_two_fixes_that_exclude_each_other_the_first_is_applied() {
        let text = rule("        uri: '*'\n        uri|contains: ''\n");
        let fixes = [("uri: '*'", "uri|exists: true"), ("uri|contains: ''", "uri|exists: true")];
        assert_eq!(fixed(&text, &fixes), (text.replace(fixes[0].0, fixes[0].1), 1));
    }

    #[test]
    fn a_fix_of_anything_else_makes_no_error_go() {
        let text = rule("        uri: 'a'\n        nothing|cidr: 'b'\n        host: 'c'\n");
        assert_eq!(
            fixed(&text, &[("nothing|cidr: 'b'", "uri|exists: true"), ("'c'", "'d'")]),
            (text.replace("'c'", "'d'"), 1)
        );
    }

    #[test]
    fn a_fix_of_a_file_with_errors_may_leave_them() {
        let text = rule("        uri: 'a'\n        nothing: 'b'\n");
        assert_eq!(fixed(&text, &[("'a'", "'d'")]), (text.replace("'a'", "'d'"), 1));
    }
}
