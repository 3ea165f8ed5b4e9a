//! Tests of parser and formatter: examples, recovery, hostile input and properties.

#![expect(clippy::string_slice, reason = "test data is cut at signs that were just found")]

mod generate;
mod hostile;
mod properties;
mod recovery;

use super::{Parsed, parse};
use contentcheck_model::source::Source;

fn read(text: &str) -> Parsed {
    parse(&Source::new("test.content", text))
}

/// Codes, positions and messages, one finding on a line.
fn findings(text: &str) -> String {
    let lines = read(text).diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>();
    lines.join("\n").replace("test.content:", "")
}

/// The tree without its spans.
fn shape(parsed: &Parsed) -> String {
    let debug = format!("{:?}", parsed.ast.declarations());
    let mut out = String::with_capacity(debug.len());
    let mut rest = debug.as_str();
    while let Some(at) = rest.find("Span { start: ") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = &rest[rest.find('}').unwrap() + 1..];
    }
    out.push_str(rest);
    out
}

fn formatted(text: &str) -> String {
    let parsed = read(text);
    super::format(&parsed.ast).unwrap_or_else(|_| panic!("refused: {}\n{text}", findings(text)))
}

pub(crate) const EXAMPLE: &str = r####"# Named pipes.
template ipc.named_pipe @ 2 {
    serves { product: windows, category: pipe_created }  # as Sigma calls it
    reads { Channel: "Acme/Ipc", EventID: [17, 18] }
    header { Computer: string nocase }
    retired 3
    open

    1 image       : string nocase
    2 pipe_name   : string nocase
    4 user        : string?  # may be absent
    5 flags       : int
    6 dns_answers : list<string>?
    7 `odd name`  : ip
}

table drivers @ 3 { sha256: bytes key, name: string } capacity 10_000 from "drivers.csv"

table inline @ 1 { sha256: bytes key, name: string } rows [
    ["ab", "x"],
    ["cd", "y"],
]

list lolbins = [r"\rundll32.exe", r"\mshta.exe"]
list ports = [80, 443]

rule msagent_pipe {
    id: "d5601f8c-b26f-4ab0-9035-69e11a8d4ad2"
    template: ipc.named_pipe @ 2
    severity: high
    tags: [attack.t1055]
    sensors: ">=7.15"

    let injected = image ends_with lolbins
    let admins = ["SYSTEM", "root"]

    # The decisive part.
    when pipe_name like r"\msagent_*"
        and (injected or $4 == "SYSTEM" or user in~ admins)
        and not flags & 0x10 != 0
        and any dns_answers ends_with ".ru"
        # Not on the allow-list.
        and user exists
    test fires { image: r"C:\x\rundll32.exe", pipe_name: r"\msagent_1f", flags: 77 }
    test silent "other" { image: r"C:\x\other.exe", pipe_name: r"\msagent_1f", flags: 0x4D }
}
"####;

#[test]
fn the_example_is_read_and_its_layout_is_stable() {
    assert_eq!(findings(EXAMPLE), "");
    assert_eq!(formatted(EXAMPLE), EXAMPLE);
}

#[test]
fn the_example_of_the_reference_is_right() {
    let page = include_str!("../../../../docs/language.md");
    let lines = page.lines().skip_while(|line| !line.starts_with("    ")).take_while(|line| !line.starts_with('#'));
    let example: String = lines.map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect();
    let example = format!("{}\n", example.trim_end());
    assert_eq!(findings(&example), "");
    assert_eq!(formatted(&example), example);
}

#[test]
fn formatting_normalises_signs_quotes_and_parentheses() {
    let text =
        r####"rule a{id:"x" template:t@1 severity:"high" when ((a=="\\x")||b>1&&!(c<2)) test fires{a:"1",b:[1,2]}}"####;
    let expected = r####"rule a {
    id: "x"
    template: t @ 1
    severity: high
    when a == r"\x" or (b > 1 and not c < 2)
    test fires { a: "1", b: [1, 2] }
}
"####;
    assert_eq!(formatted(text), expected);
    assert!(findings(text).contains("CC0137"));
}

#[test]
fn long_lines_are_broken_at_the_outermost_place() {
    let long = "x".repeat(60);
    let text = format!(
        "list l = [\"{long}\", \"{long}\"]\nrule a {{ id: \"x\" template: t @ 1 severity: low \
         when (a == \"{long}\" or b == \"{long}\") and c in [\"{long}\", \"{long}\"] }}"
    );
    let expected = format!(
        "list l = [\n    \"{long}\",\n    \"{long}\",\n]\n\nrule a {{\n    id: \"x\"\n    template: t @ 1\n    \
         severity: low\n    when (\n            a == \"{long}\"\n            or b == \"{long}\"\n        )\n        \
         and c in [\n            \"{long}\",\n            \"{long}\",\n        ]\n}}\n"
    );
    assert_eq!(formatted(&text), expected);
    assert_eq!(formatted(&expected), expected);
}

#[test]
fn every_escape_and_raw_text_is_read() {
    use super::ast::{Declaration, Literal};
    let parsed = read(
        "list a = [\"\\n\\r\\t\\0\\\\\\\"\\x41\\u{1F600}\", r\"\\d\", r#\"a\"b\"#, r##\"\"#\"##]\nlist b = [hex\"DE ad\"]\nlist c = [-1, 0x_ff, 10_000, -9223372036854775808]\nlist d = [1.5, -2e3]",
    );
    assert_eq!(parsed.diagnostics.len(), 0);
    let values = |index: usize| match &parsed.ast.declarations()[index] {
        Declaration::List(list) => list.values.values.iter().map(|value| value.value.clone()).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let text = |text: &str| Literal::Text(text.to_owned());
    assert_eq!(values(0), [text("\n\r\t\0\\\"A\u{1F600}"), text("\\d"), text("a\"b"), text("\"#")]);
    assert_eq!(values(1), [Literal::Bytes(vec![0xDE, 0xAD])]);
    assert_eq!(values(2), [Literal::Int(-1), Literal::Int(255), Literal::Int(10_000), Literal::Int(i64::MIN)]);
    assert_eq!(values(3), [Literal::Float(1.5), Literal::Float(-2000.0)]);
}

#[test]
fn comments_are_kept_wherever_they_stand() {
    let text = "# one\nrule a { # two\n id: # three\n \"x\"\n template: t @ 1\n severity: low # four\n\n\n # five\n when ( # six\n a == 1 # seven\n or # eight\n b == # nine\n 2 ) and c in [ # ten\n 1, # eleven\n # twelve\n ] # thirteen\n # fourteen\n} # fifteen\n# sixteen";
    let once = formatted(text);
    for word in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"] {
        assert!(once.contains(&format!("# {word}\n")), "{word} is lost in\n{once}");
    }
    assert_eq!(formatted(&once), once);
}

#[test]
fn a_file_with_errors_is_not_formatted() {
    assert!(super::format(&read("list a = [1").ast).is_err());
}

/// Run with `cargo test --release -p contentcheck-parser -- --ignored --nocapture template_speed`.
#[test]
#[ignore = "a measurement"]
fn template_speed() {
    let mut text = String::new();
    for index in 0..600 {
        text.push_str(&format!("template windows.sysmon.event_{index} @ 1 {{\n    serves {{ product: windows, category: process_creation }}\n    reads {{ Channel: \"Microsoft-Windows-Sysmon/Operational\", EventID: {index} }}\n"));
        for (at, name) in [
            "RuleName",
            "UtcTime",
            "ProcessGuid",
            "ProcessId",
            "Image",
            "CommandLine",
            "CurrentDirectory",
            "User",
            "Hashes",
        ]
        .iter()
        .enumerate()
        {
            text.push_str(&format!("    {:<2} {name:<20} : string? nocase\n", at + 1));
        }
        text.push_str("}\n\n");
    }
    let source = Source::new("library.content", text);
    let best = (0..20).map(|_| {
        let start = std::time::Instant::now();
        let parsed = parse(&source);
        assert_eq!(parsed.ast.declarations().len(), 600);
        start.elapsed()
    });
    let best = best.min().unwrap();
    let size = source.text().len();
    println!("{size} bytes in {best:?}: {:.0} MB/s", size as f64 / best.as_secs_f64() / 1e6);
}
