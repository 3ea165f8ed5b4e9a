//! What the analysis reports to authors: each code where it is true, the same on any number of threads, accepted by the
//! same comments as other findings, and within its work on rules that are made to be hard.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;
use std::time::Instant;

use contentcheck_analysis::findings::Depth;
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered};

const TEMPLATE: &str =
    "template t.process @ 1 {\n    1 image: string nocase\n    2 line: string? nocase\n    3 pid: int\n}\n";

/// Native rules with these conditions, in one file.
fn rules(conditions: &[&str]) -> String {
    let mut text = TEMPLATE.to_owned();
    for (number, condition) in conditions.iter().enumerate() {
        write!(
            text,
            "rule r{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f{number:04x}\"\n    template: t.process @ 1\n    severity: low\n    when {condition}\n}}\n"
        )
        .unwrap();
    }
    text
}

/// The findings of the analysis in some files: rule and code.
fn found(files: &[(&str, &str, Language)], depth: Depth, threads: usize) -> Vec<String> {
    let sources: Vec<(Source, Language)> =
        files.iter().map(|(name, text, language)| (Source::new(*name, *text), *language)).collect();
    let library = contentcheck_library::templates().unwrap();
    let checking = Checking { further: Some(&depth), ..Checking::with_threads(threads) };
    let judged = Gathered { library, ..Gathered::of(sources) }.check(&checking).judge();
    let of_analysis = |code: &str| ("CC0611"..="CC0621").contains(&code) || code == "CC0719";
    judged
        .findings()
        .iter()
        .filter(|finding| of_analysis(finding.code.id))
        .map(|finding| format!("{} {}", finding.rule.as_deref().unwrap_or_default(), finding.code.id))
        .collect()
}

/// Endings of the ids of rules, with the code.
fn short(found: &[String]) -> Vec<&str> {
    found.iter().map(|line| line.get(line.len().saturating_sub(8)..).unwrap()).collect()
}

#[test]
fn each_kind_is_found_where_it_is_and_nowhere_else() {
    let text = rules(&[
        r#"image ends_with "a.exe" and line contains "b""#,
        r#"image == "a" and image == "b""#,
        "pid < 10 or pid > 5",
        r#"image ends_with "a.exe" and not image ends_with "b.exe""#,
        r#"image ends_with "a.exe" and not image ends_with ".exe""#,
        r#"image ends_with "a.exe" and not (line == "x" or image ends_with "b.exe")"#,
        r#"pid == 4 and (line contains "ab" or line contains "xaby")"#,
        r#"pid == 4 and line contains ["ab", "xaby"] and not image == """#,
    ]);
    let files = [("a.content", text.as_str(), Language::Native)];
    let quick = ["1 CC0611", "2 CC0612", "3 CC0613", "4 CC0614", "5 CC0613"];
    assert_eq!(short(&found(&files, Depth::Quick, 1)), quick);
    let deep = found(&files, Depth::Deep, 1);
    for expected in quick.into_iter().chain(["6 CC0616", "7 CC0618"]) {
        assert!(short(&deep).contains(&expected), "{expected} in {deep:?}");
    }
    // The rule without a fault fires only where the one that always does fires too.
    let of_first: Vec<&String> = deep.iter().filter(|line| line.contains("5f0000 ")).collect();
    assert!(of_first.len() == 1 && of_first.iter().all(|line| line.ends_with("CC0620")), "{deep:?}");
}

#[test]
fn comments_accept_them_and_are_not_unused_where_nobody_looked() {
    let mut text = rules(&[r#"image == "a" and image == "b""#]);
    text = text.replace("    when", "    # contentcheck: allow CC0611, CC0618 -- on purpose\n    when");
    let files = [("a.content", text.as_str(), Language::Native)];
    assert_eq!(found(&files, Depth::Quick, 1), [""; 0]);
    let calm = rules(&[r#"image == "a""#]).replace("    when", "    # contentcheck: allow CC0618 -- x\n    when");
    let files = [("a.content", calm.as_str(), Language::Native)];
    assert_eq!(found(&files, Depth::Quick, 1), [""; 0]);
    assert_eq!(found(&files, Depth::Deep, 1), [" CC0719"]);
}

#[test]
fn findings_do_not_depend_on_threads() {
    let conditions: Vec<String> = (0..40)
        .map(|at| format!(r#"line contains ["k{at}", "xk{at}"] and not (line == "q{at}" or image starts_with "z")"#))
        .collect();
    let files: Vec<(String, String)> =
        conditions.iter().enumerate().map(|(at, one)| (format!("{at}.content"), rules(&[one.as_str()]))).collect();
    let files: Vec<(&str, String)> = files
        .iter()
        .enumerate()
        .map(|(at, (name, text))| {
            let text = text.replace("1f5f0000", &format!("1f5f{at:04x}")).replace("rule r0", &format!("rule r{at}"));
            (name.as_str(), if at == 0 { text } else { text.replace(TEMPLATE, "") })
        })
        .collect();
    let files: Vec<(&str, &str, Language)> =
        files.iter().map(|(name, text)| (*name, text.as_str(), Language::Native)).collect();
    let one = found(&files, Depth::Deep, 1);
    assert!(one.len() >= 80, "{one:?}");
    assert_eq!(one, found(&files, Depth::Deep, 3));
}

#[test]
fn hard_rules_end_within_their_work() {
    let mut text = "title: Hard\nid: 2589b852-4652-4f9f-8f98-f7d602ad84d2\nlogsource:\n    category: process_creation\n    product: windows\ndetection:\n".to_owned();
    for at in 0..300 {
        write!(text, "    sel_{at}:\n        CommandLine|contains|all:\n").unwrap();
        (0..12).for_each(|part| writeln!(text, "            - 'x{at}y{part}'").unwrap());
        writeln!(text, "    filter_{at}:\n        CommandLine: '*a{at}*b{at}*c{at}*d?e'").unwrap();
    }
    text.push_str("    condition: all of sel_* and not 1 of filter_*\n");
    let begin = Instant::now();
    assert_eq!(found(&[("hard.yml", &text, Language::Sigma)], Depth::Quick, 1), [""; 0]);
    // Without a bound on its work this takes minutes; the machine may be a slow one and the build is no release.
    assert!(begin.elapsed().as_secs() < 30, "{:?}", begin.elapsed());
}
