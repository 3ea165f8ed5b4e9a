//! Replays kept inputs of the fuzz targets, and holds properties of the Sigma front end.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../../../fuzz/src/bodies.rs"]
#[expect(
    clippy::expect_used,
    unreachable_pub,
    reason = "a file of the fuzz crate, whose bodies stop at the first surprise"
)]
mod bodies;

use std::fs;
use std::path::{Path, PathBuf};

use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::native;
use contentcheck_parser::release::{Checking, Gathered};
use proptest::prelude::*;

fn corpus(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus").join(part)
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn kept_inputs_end_without_a_surprise() {
    let mut seen = 0;
    for (name, body) in bodies::ALL {
        let mut paths = Vec::new();
        files(&corpus("regressions").join(name), &mut paths);
        assert!(!paths.is_empty(), "corpus/regressions/{name} has no input");
        for path in paths {
            body(&fs::read(&path).unwrap());
            seen += 1;
        }
    }
    assert!(seen >= bodies::ALL.len());
}

/// The rules that this project wrote, as seeds.
fn seeds() -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    for part in ["reject", "releases", "incidents", "regressions"] {
        files(&corpus(part), &mut paths);
    }
    paths.sort();
    let text = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yml" || ending == "content");
    let seeds: Vec<Vec<u8>> = paths.iter().filter(|path| text(path)).map(|path| fs::read(path).unwrap()).collect();
    assert!(seeds.len() > 50, "{} seeds", seeds.len());
    seeds
}

fn findings(sources: &[(Source, Language)], threads: usize) -> Vec<String> {
    let judged = Gathered::of(sources.to_vec()).check(&Checking::with_threads(threads)).judge();
    judged.findings().iter().map(ToString::to_string).collect()
}

#[test]
fn findings_do_not_depend_on_the_number_of_threads() {
    let sources: Vec<(Source, Language)> = seeds()
        .into_iter()
        .enumerate()
        .filter_map(|(at, seed)| String::from_utf8(seed).ok().map(|text| (at, text)))
        .map(|(at, text)| {
            let sigma = text.contains("\ndetection:") || text.contains("logsource:");
            let (ending, language) = if sigma { ("yml", Language::Sigma) } else { ("content", Language::Native) };
            (Source::new(format!("{at:04}.{ending}"), text), language)
        })
        .collect();
    let one = findings(&sources, 1);
    assert!(one.len() > 50, "{} findings", one.len());
    for threads in [2, 3, 16] {
        assert_eq!(findings(&sources, threads), one, "{threads} threads");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,400}") {
        for (_, body) in bodies::ALL {
            body(text.as_bytes());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for (_, body) in bodies::ALL {
            body(&bytes);
        }
    }

    #[test]
    fn damaged_rules_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..40, "[-a-z*?|:{}\\[\\]&#'\" \\n]{0,6}"), 1..6),
        splice in any::<prop::sample::Index>(),
    ) {
        let seeds = seeds();
        let mut text = which.get(&seeds).clone();
        for (at, length, put) in cuts {
            let start = at.index(text.len().max(1)).min(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, put.into_bytes());
        }
        let tail = other.get(&seeds);
        let from = splice.index(tail.len().max(1)).min(tail.len());
        let mixed = [text.as_slice(), tail.split_at(from).1].concat();
        for bytes in [&text, &mixed] {
            bodies::sigma(bytes);
            bodies::native(bytes);
            bodies::fmt_round_trip(bytes);
        }
    }
}

#[test]
fn the_seeds_of_the_native_language_are_of_that_language() {
    let native = seeds()
        .into_iter()
        .filter_map(|seed| String::from_utf8(seed).ok())
        .filter(|text| !native::parse(&Source::new("a.content", text.as_str())).ast.declarations().is_empty());
    assert!(native.count() > 20);
}
