//! Input that is made to hurt ends in a coded finding, and soon.

use std::time::{Duration, Instant};

use super::read;

fn rule(condition: &str) -> String {
    format!("rule a {{ id: \"x\" template: t @ 1 severity: low when {condition} }}\nlist fine = [1]\n")
}

#[track_caller]
fn refused(text: &str, code: &str) {
    let start = Instant::now();
    let parsed = read(text);
    let codes: Vec<&str> = parsed.diagnostics.iter().map(|found| found.code.id).collect();
    assert!(codes.contains(&code), "{codes:?}");
    assert!(codes.len() <= 201);
    drop(parsed);
    // Debug builds are some twenty times slower than the program.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn nesting_is_bounded() {
    refused(&rule(&"(".repeat(200_000)), "CC0108");
    refused(&rule(&format!("{}a == 1{}", "(".repeat(200_000), ")".repeat(200_000))), "CC0108");
    refused(&rule(&format!("{}a == 1", "not ".repeat(10_000))), "CC0108");
    refused(&rule(&format!("{}a == 1", "!".repeat(10_000))), "CC0108");
    let parsed = read(&rule(&format!("{}a == 1{}", "(".repeat(60), ")".repeat(60))));
    assert!(parsed.diagnostics.is_empty());
}

#[test]
fn length_is_bounded() {
    refused(&rule(&vec!["a == 1"; 50_000].join(" and ")), "CC0108");
    refused(&rule(&vec!["a == 1"; 50_000].join(" or ")), "CC0108");
    refused(&rule(&format!("a in [{}]", vec!["1"; 200_000].join(", "))), "CC0108");
    refused(&format!("list a = [\"{}\"]", "x".repeat(10 << 20)), "CC0101");
    refused(&format!("list a = [\"{}\"]", "x".repeat(3 << 20)), "CC0108");
    refused(&"list a = [1]\n".repeat(30_000), "CC0108");
    let fields: String = (1..=2_000).map(|at| format!("{at} f{at} : int\n")).collect();
    refused(&format!("template t @ 1 {{\n{fields}}}\n"), "CC0108");
}

#[test]
fn rubbish_is_refused_soon() {
    for sign in [
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "=",
        "'",
        "\"",
        "`",
        "\\",
        "$",
        "é",
        "rule ",
        "rule a {",
        "list a = [",
        "r#",
        "0x",
        "\n(",
        "not ",
        "1 ",
    ] {
        let text = sign.repeat((1 << 20) / sign.len());
        let start = Instant::now();
        let parsed = read(&text);
        assert!(!parsed.diagnostics.is_empty() && parsed.diagnostics.len() <= 201, "{sign:?}");
        assert!(!parsed.ast.is_intact());
        assert!(start.elapsed() < Duration::from_secs(20), "{sign:?}: {:?}", start.elapsed());
    }
    refused(&"\0a".repeat(1 << 19), "CC0104");
    refused("", "CC0102");
    refused("# only a comment\n", "CC0102");
    refused("\u{FEFF}list a = [1]", "CC0104");
    refused("list a = [\"\u{202E}exe\"]", "CC0104");
    refused("list a = [99999999999999999999]", "CC0134");
    refused(&format!("list a = [{}]", "9".repeat(60_000)), "CC0134");
    refused("list a = [1e999]", "CC0134");
    refused("list a = [12abc]", "CC0134");
    refused("list a = [hex\"abc\"]", "CC0134");
}
