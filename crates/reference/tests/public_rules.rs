//! Public rules: each of their expressions compiles in its canonical form, and every rule can be
//! evaluated and explained.
//!
//! The rules are looked for in the folder that `CONTENTCHECK_SHARED` names (`../shared` beside the
//! workspace by default). Without them this test says so and passes.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use contentcheck_model::language::Language;
use contentcheck_model::predicate::{Pattern, Test};
use contentcheck_model::regex::canonical;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, WithErrors};
use contentcheck_reference::{Evaluator, Event};

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            found.push(path);
        }
    }
}

#[test]
fn public_rules_are_evaluated() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let shared = std::env::var_os("CONTENTCHECK_SHARED").map_or_else(|| workspace.join("../shared"), PathBuf::from);
    let folder = shared.join("corpus/sigma");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    paths.sort();
    let sources: Vec<(Source, Language)> = paths
        .iter()
        .filter_map(|path| {
            Some((Source::new(path.display().to_string(), fs::read_to_string(path).ok()?), Language::Sigma))
        })
        .collect();
    let library = contentcheck_library::templates().unwrap();
    let judged = Gathered { library, ..Gathered::of(sources) }.check(&Checking::with_threads(2)).judge();
    let content = judged.ship(WithErrors::LeaveOut).unwrap();
    assert!(content.rules().len() > 1_000, "{} rules", content.rules().len());
    let (mut expressions, mut automata, mut targets) = (0, 0, 0);
    for rule in content.rules() {
        for target in &rule.targets {
            target.condition.each(&mut |predicate, _| {
                let Test::Text { patterns, .. } = &*predicate.test else { return };
                for pattern in patterns {
                    if let Pattern::Matches(regex) = &pattern.pattern {
                        let canonical = canonical(regex, pattern.ignore_case);
                        regex::Regex::new(&canonical).unwrap_or_else(|error| panic!("{}: {error}", rule.name));
                        let dense = regex_automata::dfa::dense::Builder::new()
                            .syntax(regex_automata::util::syntax::Config::new().utf8(false))
                            .thompson(regex_automata::nfa::thompson::Config::new().utf8(false))
                            .configure(regex_automata::dfa::dense::Config::new().determinize_size_limit(Some(1 << 20)))
                            .build(&canonical);
                        match dense {
                            Ok(_) => automata += 1,
                            // How large an automaton may be is for the compiler to say.
                            Err(error) => assert!(error.is_size_limit_exceeded(), "{}: {error}", rule.name),
                        }
                        expressions += 1;
                    }
                }
            });
        }
    }
    assert!(expressions > 100, "{expressions} expressions");
    assert!(automata > 0, "no expression becomes a small automaton");
    let evaluator = Evaluator::new(&content).unwrap();
    for rule in evaluator.rules() {
        for prepared in &rule.targets {
            let event = Event::empty(&prepared.target().template);
            assert_eq!(prepared.evaluate(&event), prepared.explain(&event).holds, "{}", rule.rule.name);
            targets += 1;
        }
    }
    eprintln!(
        "{} rules, {targets} targets, {expressions} expressions, {automata} of them small automata",
        content.rules().len()
    );
}
