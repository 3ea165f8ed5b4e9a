//! `lint --fix` on rules with warnings: the file still parses, and its rules detect the same.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use contentcheck::fix;
use contentcheck_parser::check::{self, Context, Language};
use contentcheck_parser::diagnostic::{Diagnostic, Severity};
use contentcheck_parser::model::{CheckedRule, Expr, Pattern, Predicate, Test, WildcardPart};
use contentcheck_parser::source::Source;
use contentcheck_parser::template::TemplateType;

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml" || ending == "content") {
            found.push(path);
        }
    }
}

fn checked(source: &Source, library: &[TemplateType]) -> (Vec<CheckedRule>, Vec<Diagnostic>) {
    let context = Context { library: library.to_vec(), fleet: None, threads: 1 };
    let sources = [(source.clone(), Language::of(source.name()).unwrap())];
    let (content, found) = check::check(&sources, context, &|_, _| None, &|| {});
    (content.rules().to_vec(), found)
}

/// What a rule detects, without places; values without order and repetition, and `*` alone as
/// the presence that it tests.
fn logic(rule: &CheckedRule) -> Vec<String> {
    fn predicate(predicate: &Predicate) -> String {
        let everything =
            |pattern: &Pattern| matches!(pattern, Pattern::Like(parts) if **parts == [WildcardPart::AnyRun]);
        let test = match &*predicate.test {
            Test::Text { patterns, all: false } if patterns.iter().any(|pattern| everything(&pattern.pattern)) => {
                "Exists".to_owned()
            }
            Test::Text { patterns, all } => {
                let mut texts: Vec<String> = patterns
                    .iter()
                    .map(|pattern| {
                        let text = format!("{pattern:?}");
                        if pattern.ignore_case { text.to_ascii_lowercase() } else { text }
                    })
                    .collect();
                texts.sort();
                texts.dedup();
                // Of a single value `all` is the same as any.
                format!("{} {texts:?}", *all && texts.len() > 1)
            }
            other => format!("{other:?}"),
        };
        format!("{:?} {test}", predicate.field)
    }
    fn expr(of: &Expr<Predicate>) -> String {
        match of {
            Expr::Const(value) => value.to_string(),
            Expr::Not(inner) => format!("(not {})", expr(inner)),
            Expr::All(parts) | Expr::Any(parts) => {
                let mut parts_: Vec<String> = parts.iter().map(expr).collect();
                parts_.sort();
                parts_.dedup();
                format!("({} {})", if matches!(of, Expr::All(_)) { "and" } else { "or" }, parts_.join(" "))
            }
            Expr::Is(found) => predicate(found),
        }
    }
    let mut targets: Vec<String> =
        rule.targets.iter().map(|target| format!("{}: {}", target.template, expr(&target.condition))).collect();
    targets.sort();
    targets
}

#[test]
fn mends_change_nothing_that_a_rule_detects() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = Vec::new();
    files(&workspace.join("corpus"), &mut paths);
    let shared = std::env::var_os("CONTENTCHECK_SHARED").map_or_else(|| workspace.join("../shared"), PathBuf::from);
    let public = shared.join("corpus/mdecrevoisier-SIGMA-detection-rules");
    if public.is_dir() {
        files(&public, &mut paths);
    } else {
        println!("only own rules: {} is not there", public.display());
    }
    paths.sort();
    let library = contentcheck_library::templates().unwrap();
    let (mut mended, mut compared) = (0, 0);
    for path in paths {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let name = path.display().to_string();
        let source = Source::new(&name, text);
        let (rules, found) = checked(&source, &library);
        // A rule with an error is not in force: what it would detect is the mend's to change.
        let fixes: Vec<&Diagnostic> = found.iter().filter(|found| found.fix.is_some()).collect();
        if fixes.is_empty() || found.iter().any(|found| found.severity == Severity::Error) {
            continue;
        }
        let (text, count) = fix::apply(source.text(), &fixes);
        assert!(count > 0);
        let (after, left) = checked(&Source::new(&name, text.as_str()), &library);
        let errors: Vec<String> =
            left.iter().filter(|found| found.severity == Severity::Error).map(ToString::to_string).collect();
        assert!(errors.is_empty(), "{errors:?}\n{text}");
        assert_eq!(rules.len(), after.len(), "{name}\n{text}");
        for (before, after) in rules.iter().zip(&after) {
            assert_eq!(logic(before), logic(after), "{name}\n{text}");
            compared += 1;
        }
        mended += count;
    }
    println!("{mended} mends in {compared} rules");
    assert!(mended >= 10 && compared >= 10, "{mended} mends in {compared} rules");
}
