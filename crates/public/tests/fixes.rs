//! Fixes keep what rules mean and every comment: public rules into which mistakes are put. All fixes are applied; each
//! rule that could be read before fires on the same events after, which is proven where the condition is not the same to
//! the letter.

#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#[path = "../../analysis/tests/fixing/mod.rs"]
mod fixing;

use std::fs;

use contentcheck_model::language::Language;
use contentcheck_public::{files, live};
use fixing::{Done, fix_all};

/// The rule with mistakes in it, and with a comment behind every value in single quotes.
fn spoiled(text: &str, kind: usize) -> String {
    let mut out = String::new();
    for (at, line) in text.lines().enumerate() {
        let entry = line.trim_start().starts_with("- '");
        let line = match kind {
            0 => line.replace("    - attack.", "    - Attack.").replace("product: w", "product: W"),
            1 => line.replace("level: h", "level: H").replace("status: t", "status: T"),
            2 if line.starts_with("date: ") || line.starts_with("modified: ") => line.replace('-', "/"),
            3 if line.ends_with('\'') && line.contains("|contains: '") => line.replace("|contains:", "|contains|all:"),
            4 if line.ends_with('\'') && line.contains("|endswith: '") => line.replace("|endswith:", "|endswith|all:"),
            _ => line.to_owned(),
        };
        let note = line.ends_with('\'') && (at + kind).is_multiple_of(3);
        let twice = entry && kind > 4 && (at + kind).is_multiple_of(2) && line.ends_with('\'');
        out.push_str(&line);
        out.push_str(if note { " # note\n" } else { "\n" });
        if twice {
            out.push_str(&line);
            out.push_str(if kind == 6 { " # twice\n" } else { "\n" });
        }
    }
    out
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn public_rules_mean_the_same_and_keep_their_comments() {
    let paths = files(&live(), &["yml"]);
    let library = contentcheck_library::templates().unwrap();
    let mut done = Done::default();
    for (at, path) in paths.iter().enumerate().filter(|(at, _)| at % 7 == 0) {
        let text = fs::read_to_string(path).unwrap();
        let text = spoiled(&text, (at / 7) % 7);
        fix_all(&text, Language::Sigma, &library, &mut done)
            .unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
    }
    eprintln!("{:?}; {} conditions compared, {} of them by proof", done.fixed, done.compared, done.proven);
    assert!(done.fixed.values().sum::<usize>() > 300 && done.compared > 200);
}
