//! One run reports every independent mistake, and only those.

use super::{findings, read};

#[test]
fn independent_mistakes_are_all_reported() {
    let text = r#"template a.b @ 1 {
    1 image : strng
    2 : int
    serves { prodct: windows }
}
list l = [1, 2
table t @ 1 { a: string key } capacity 0 from "x.csv"
rule one {
    id: "x"
    template: a.b @ 1
    sevrity: high
    severity: hihg
    date: 2026-01-31
    let n = image startswith "a" and b == 'c'
    when image = "x" and (c contians "y" or 1 < d < 5) and exists e and f in ("a", "b")
    test fire { image: "x" }
}
ruel two { }
list fine = [1]
"#;
    let expected = "\
2:15: error[CC0130]: expected a type, found `strng`
3:7: error[CC0130]: expected the name of a field, found `:`
4:14: error[CC0138]: `prodct` is not part of a log source
6:10: error[CC0131]: this list is not closed
7:40: error[CC0108]: a capacity is between 1 and 500000 rows
11:5: error[CC0138]: `sevrity` is not an attribute
12:15: error[CC0706]: `hihg` is not a severity
13:11: error[CC0130]: expected a word or a string, found `2026-01-31`
14:19: error[CC0130]: expected an operator, found `startswith`
14:43: error[CC0136]: single quotes do not enclose a string
15:16: error[CC0132]: a single `=` does not compare
15:29: error[CC0130]: expected an operator, found `contians`
15:45: error[CC0135]: comparisons cannot be chained
15:60: error[CC0130]: `exists` is written behind the field
15:78: error[CC0130]: a list of values is in brackets
16:10: error[CC0130]: expected `fires` or `silent`, found `fire`
18:1: error[CC0130]: expected `template`, `table`, `list` or `rule`, found `ruel`";
    assert_eq!(findings(text), expected);
    let parsed = read(text);
    assert_eq!(parsed.ast.declarations().len(), 1);
    assert!(!parsed.ast.is_intact());
}

#[test]
fn an_open_text_is_one_finding() {
    let text =
        "rule one {\n    id: \"x\n    template: t @ 1\n    severity: low\n    when a in [\"x, y]\n}\nlist l = [1]\n";
    assert_eq!(
        findings(text),
        "2:9: error[CC0131]: this string is never closed on its line\n5:16: error[CC0131]: this string is never closed on its line"
    );
}

#[test]
fn an_open_rule_does_not_swallow_the_next() {
    let text = "rule one {\n    id: \"x\"\n    when a == 1\n\nrule two {\n    id: \"y\"\n    template: t @ 1\n    severity: low\n    when a == 1\n}\n";
    assert_eq!(findings(text), "1:10: error[CC0131]: this rule is not closed");
    assert_eq!(read(text).ast.declarations().len(), 1);
}

#[test]
fn what_a_rule_lacks_is_named() {
    assert_eq!(
        findings("rule one {\n    template: t @ 1\n}\n"),
        "1:6: error[CC0701]: rule `one` has no `id`\n1:6: error[CC0701]: rule `one` has no `severity`\n1:6: error[CC0701]: rule `one` has no `when`"
    );
    assert_eq!(
        findings("rule one {\n    id: \"a\"\n    id: \"b\"\n    when a == 1\n    when b == 1\n}\n"),
        "3:5: error[CC0139]: rule `one` has a second `id`\n5:5: error[CC0139]: rule `one` has a second `when`"
    );
}

#[test]
fn fixes_make_the_file_right() {
    let cases = [
        ("when a == 'x'", "when a == \"x\""),
        ("when a == \"C:\\Windows\"", "when a == r\"C:\\Windows\""),
        ("when a == \"C:\\\\x\\Windows\"", "when a == \"C:\\\\x\\\\Windows\""),
        ("when exists a", "when a exists"),
        ("when a in (1, 2)", "when a in [1, 2]"),
        ("when a == 1 and b == 2 or c == 3", "when (a == 1 and b == 2) or c == 3"),
        ("when a <> 1", "when a != 1"),
        ("date: 2026-01-31 when a == 1", "date: \"2026-01-31\" when a == 1"),
    ];
    for (wrong, right) in cases {
        let whole = |part: &str| format!("rule a {{ id: \"x\" template: t @ 1 severity: low {part} }}");
        let parsed = read(&whole(wrong));
        assert_eq!(parsed.diagnostics.len(), 1, "{wrong}: {}", findings(&whole(wrong)));
        let fix = parsed.diagnostics[0].fix.clone().unwrap_or_else(|| panic!("no fix for {wrong}"));
        let mut text = whole(wrong);
        for edit in fix.edits.iter().rev() {
            text.replace_range(edit.span.range(), &edit.text);
        }
        assert_eq!(text, whole(right));
        assert_eq!(findings(&text), "", "{text}");
    }
}

#[test]
fn guesses_are_help_and_no_fixes() {
    let whole = |part: &str| format!("rule a {{ id: \"x\" template: t @ 1 severity: low {part} }}");
    let mut cases: Vec<String> = [
        "when a = 1",
        "when a =~ \"x\"",
        "when a == 'C:\\x'",
        "when 1 < a < 5",
        "when a endswith \"x\"",
        "when a has \"x\"",
        "when a contians \"x\"",
        "when a == 1 nand b == 2",
        "when a nand b",
        "when a nor b",
        "when a xor b",
        "when a adn b",
        "when a == \"C:\\new\\Windows\"",
        "when a == \"it\\'s\"",
        "when a == \"\\u0041\"",
        "when a == \"\\bin\"",
        "when a == 1 test fire { a: 1 }",
        "when a == 1 sevrity: low",
        "status: experimentl when a == 1",
        "wehn a == 1",
    ]
    .map(whole)
    .into();
    cases.extend(
        [
            "ruel a { }",
            "list a.b = [1]",
            "template t @ 1 { 1 a : strng }",
            "template t @ 1 { 1 a : int nocase }",
            "template t @ 1 { serves { prodct: x } }",
            "template t @ 1 { haeder { a : int } }",
        ]
        .map(str::to_owned),
    );
    for text in cases {
        let parsed = read(&text);
        assert!(!parsed.diagnostics.is_empty(), "{text}");
        for found in &parsed.diagnostics {
            assert!(found.fix.is_none(), "{text}: {:?}", found.fix);
        }
    }
}
