//! Rules that are right, and each way in which names and types can be wrong.

use super::*;

const TEMPLATE: &str = "template t @ 1 {
    reads { EventID: [17, 18], Channel: \"Acme/Ipc\" }
    header { Computer: string nocase }
    retired 7
    1 image : string nocase
    2 pid : int
    3 user : string?
    4 dst : ip?
    5 names : list<string>?
    6 hash : bytes?
    8 ratio : float?
    9 admin : bool?
    10 parent : string?
    11 ports : list<int>?
}
";

fn checked(text: &str) -> (Vec<CheckedRule>, String) {
    let declared = Source::new("t", TEMPLATE);
    let parsed = super::super::parse(&declared);
    let mut sink = Sink::new(&declared);
    let catalogue = Catalogue::new(super::super::templates(&parsed.ast, &mut sink).into_iter().map(Arc::new));
    assert!(sink.is_empty());
    let source = Source::new("r", text);
    let load = |path: &str| (path == "d.csv").then(|| Arc::from(*b"hash\nab\n") as Arc<[u8]>);
    let outcome = check(&source, &catalogue, &load);
    let lines: Vec<String> =
        outcome.diagnostics.iter().map(|found| format!("{} {}", found.code.id, found.message)).collect();
    (outcome.rules, lines.join("\n"))
}

fn rule(body: &str) -> String {
    format!("rule a {{ id: \"d5601f8c-b26f-4ab0-9035-69e11a8d4ad2\" template: t @ 1 severity: low {body} }}")
}

fn found(condition: &str) -> String {
    checked(&rule(&format!("when {condition}"))).1
}

fn tests_of(condition: &str) -> String {
    let (rules, found) = checked(&rule(&format!("when {condition}")));
    assert_eq!(found, "", "{condition}");
    let mut out = Vec::new();
    rules[0].targets[0].condition.each(&mut |predicate, negated| {
        out.push(format!("{}{:?} {:?}", if negated { "not " } else { "" }, predicate.field, predicate.test));
    });
    out.join("\n")
}

#[test]
fn a_rule_is_lowered_with_its_lists_tables_and_tests() {
    let text = format!(
        "table d @ 1 {{ hash: bytes key }} capacity 5 from \"d.csv\"\nlist l = [\"x\", \"y\"]\n{}",
        rule(
            "sensors: \">=7.15\" let b = image ends_with l let v = [1, 2] when b and hash in d and pid in v and $2 > 0 and (user exists or Computer == \"c\") \
             test fires \"one\" { image: \"x\", pid: 1, hash: hex\"ab\", names: [\"a\"], dst: \"10.0.0.1\", Computer: \"c\" }"
        )
    );
    let (rules, found) = checked(&text);
    assert_eq!(found, "");
    assert_eq!(rules.len(), 1);
    assert_eq!((rules[0].tests.len(), rules[0].tests[0].values.len()), (1, 6));
    assert!(rules[0].sensors.is_some());
    let mut positions = Vec::new();
    rules[0].targets[0].condition.each(&mut |predicate, _| positions.extend(predicate.by_position));
    assert_eq!(positions, [2]);
}

#[test]
fn an_event_may_have_an_empty_list_and_a_condition_may_not() {
    let (rules, found) = checked(&rule("when pid == 1 test silent { image: \"x\", pid: 2, names: [], ports: [ ] }"));
    assert_eq!(found, "");
    let lists = rules[0].tests[0]
        .values
        .iter()
        .filter(|(_, value)| *value == contentcheck_model::value::Value::List(Vec::new()));
    assert_eq!(lists.count(), 2);
    assert!(checked(&rule("when pid == 1 test silent { image: [], pid: 2 }")).1.contains("CC0302"));
    for refused in ["when pid in []", "let l = [] when pid in l"] {
        assert!(checked(&rule(refused)).1.contains("CC0130 this list is empty"), "{refused}");
    }
}

#[test]
fn right_predicates_have_exact_tests() {
    for (condition, expected) in [
        (
            "image == \"A\"",
            "Input(0) Text { patterns: [TextPattern { pattern: Equals(\"A\"), ignore_case: true }], all: false }",
        ),
        (
            "parent like \"a*\"",
            "Input(9) Text { patterns: [TextPattern { pattern: StartsWith(\"a\"), ignore_case: false }], all: false }",
        ),
        (
            "user != \"a\"",
            "Input(2) Exists\nnot Input(2) Text { patterns: [TextPattern { pattern: Equals(\"a\"), ignore_case: false }], all: false }",
        ),
        (
            "all names != \"a\"",
            "Input(4) Exists\nnot Input(4) Elements { all: false, test: Text { patterns: [TextPattern { pattern: Equals(\"a\"), ignore_case: false }], all: false } }",
        ),
        (
            "any ports != 5",
            "Input(10) Elements { all: false, test: Int([IntRange { from: -9223372036854775808, to: 4 }, IntRange { from: 6, to: 9223372036854775807 }]) }",
        ),
        ("1 < pid", "Input(1) Int([IntRange { from: 2, to: 9223372036854775807 }])"),
        ("pid & 0x10 != 0", "Input(1) Mask { mask: 16, comparison: NotEqual, value: 0 }"),
        ("admin != true", "Input(8) Bool(false)"),
        ("ratio >= 0.5", "Input(7) Float(GreaterOrEqual, 0.5)"),
        ("dst cidr \"10.0.0.0/8\"", "Input(3) Cidr([Network { address: 10.0.0.0, prefix: 8 }])"),
        ("user ==~ parent", "Input(2) Field { comparison: Order(Equal), other: Input(9), ignore_case: true }"),
        ("EventID == 17", "Reads(0) Int([IntRange { from: 17, to: 17 }])"),
    ] {
        assert_eq!(tests_of(condition), expected, "{condition}");
    }
}

#[test]
fn wrong_names_and_types_are_explained() {
    for (condition, expected) in [
        ("imag == \"a\"", "CC0202 template type `t @ 1` has no field `imag`"),
        ("$12 == 1", "CC0402 `$12` is beyond the 11 fields of `t @ 1`"),
        ("$7 == 1", "CC0209 position 7 of `t @ 1` is retired"),
        ("nothing", "CC0205 `nothing` is not a `let` of this rule above this line"),
        ("admin", "CC0301 the field `admin` alone is not a condition"),
        ("pid == \"1\"", "CC0302 `pid` is of type `int`, and this is the string `1`"),
        ("pid contains \"1\"", "CC0301 `contains` is not defined for `pid`, which is of type `int`"),
        ("pid ==~ 1", "CC0301 `~` ignores the case of strings; `pid` is of type `int`"),
        ("names == \"a\"", "CC0301 the field is of type `list<string>?`"),
        ("any image == \"a\"", "CC0301 only the elements of a list field can be counted"),
        ("image == pid", "CC0303 `image` is of type `string nocase`, the other field of type `int`"),
        (
            "dst cidr \"10.0.0.1/8\"",
            "CC0120 `10.0.0.1/8` is not an address or network: bits are set beyond the prefix of 8",
        ),
        (
            "dst in [\"10.0.0.0/8\"]",
            "CC0120 `10.0.0.0/8` is not an address or network: a network is compared by `cidr`",
        ),
        ("hash == \"ab\"", "CC0302 `hash` is of type `bytes?`, and this is the string `ab`"),
        ("ratio == 1", "CC0302 `ratio` is of type `float?`, and this is the integer `1`"),
        ("user matches \"(a\"", "CC0501"),
        ("user like \"*\"", "CC0607 the pattern matches every string"),
        ("user exists~", "CC0301 `exists` compares nothing"),
        ("pid in all [1, 2]", "CC0301 no value of type `int` is `in` all of several"),
        ("1 == 1", "CC0301 both sides are values"),
        ("user & 1 == 1", "CC0301 `&` looks at the bits of an integer; `user` is of type `string?`"),
    ] {
        let found = found(condition);
        assert!(found.starts_with(expected) && !found.contains('\n'), "{condition}: {found}");
    }
}

/// In whatever form it is written, with the `not` before it.
#[test]
fn what_reads_decides_is_told_and_folded() {
    for (written, always) in [
        ("EventID == 4624", false),
        ("EventID != 4624", true),
        ("not EventID == 4624", true),
        ("not (EventID == 4624)", true),
        ("!(EventID in [4624, 4625])", true),
        ("EventID in [17, 18]", true),
        ("not EventID in [17, 18]", false),
        ("4624 == EventID", false),
        ("not EventID > 16", false),
        ("Channel == \"Acme/Ipc\"", true),
        ("not Channel starts_with \"Other\"", true),
    ] {
        let (rules, found) = checked(&rule(&format!("when pid == 1 and (user == \"x\" or {written})")));
        assert!(found.starts_with("CC0625") && !found.contains('\n'), "{written}: {found}");
        assert!(found.contains(&format!("is always {always}: `t @ 1` fixes it")), "{written}: {found}");
        let mut predicates = 0;
        rules[0].targets[0].condition.each(&mut |_, _| predicates += 1);
        assert_eq!(predicates, if always { 1 } else { 2 }, "{written}");
    }
    let (rules, found) = checked(&rule("let is_other = EventID == 1 when pid == 1 and not is_other"));
    assert!(found.starts_with("CC0625 `EventID == 1` is always false") && rules.len() == 1, "{found}");
    let (rules, found) = checked(&rule("when EventID == 1"));
    assert!(found.contains("CC0625") && found.contains("CC0601") && rules.is_empty(), "{found}");
    for open in ["EventID == 17", "not EventID == 18", "EventID > 17"] {
        assert_eq!(checked(&rule(&format!("when pid == 1 and {open}"))).1, "", "{open}");
    }
}

#[test]
fn a_test_has_what_its_event_is_recognised_by_as_the_template_type_writes_it() {
    let test = "when pid == 1 test fires { image: \"x\", pid: 1, Channel: \"ACME/ipc\", EventID: 18 }";
    let (rules, found) = checked(&rule(test));
    assert_eq!(found, "");
    let values = format!("{:?}", rules[0].tests[0].values);
    assert!(values.contains("String(\"Acme/Ipc\")") && values.contains("Int(18)"), "{values}");
    let other = "when pid == 1 test silent { image: \"x\", pid: 1, Channel: \"Other\", EventID: 19 }";
    assert_eq!(
        checked(&rule(other)).1,
        "CC0305 no event of `t @ 1` has this value under `Channel`\nCC0305 no event of `t @ 1` has this value under `EventID`"
    );
}

#[test]
fn bindings_tests_and_scopes_are_checked() {
    let body = |body: &str| checked(&rule(body)).1;
    assert_eq!(body("let u = pid == 1 when pid == 2"), "CC0604 nothing uses `u`");
    assert_eq!(
        body("let image = pid == 1 when image"),
        "CC0206 `image` is the name of a field of the template type already"
    );
    assert_eq!(body("when pid == 1 test fires { image: \"x\" }"), "CC0305 the test event lacks `pid`");
    assert_eq!(
        body("when pid == 1 test fires { image: 1, pid: 1, pid: 2, nam: \"x\", names: \"x\" }"),
        "CC0302 `image` is of type `string nocase`, and this is the integer `1`\nCC0139 the test gives `pid` twice\n\
         CC0202 template type `t @ 1` has no field `nam`\nCC0302 `names` is of type `list<string>?`"
    );
    assert_eq!(checked("list l = [1]\n").1, "CC0604 no rule of this file uses list `l`");
    assert_eq!(
        checked(&format!("list l = [1, \"x\"]\n{}", rule("when pid in l"))).1.lines().next(),
        Some("CC0302 a list holds values of one kind, and this one is different: a string")
    );
    let table = "table n @ 1 { name: string key } rows [[\"x\"]]\n";
    assert!(checked(&format!("{table}{}", rule("when image in n"))).1.starts_with("CC0303 `image` ignores case here"));
    assert_eq!(checked(&format!("{table}{}", rule("when user in n"))).1, "");
    let doubled = (0..40).map(|at| format!("let b{} = b{at} and b{at} ", at + 1)).collect::<String>();
    assert!(body(&format!("let b0 = pid == 1 {doubled} when b40")).starts_with("CC0108"));
    assert!(checked("rule a { id: \"x\" template: tt @ 2 severity: low when a == 1 }").1.contains("CC0204"));
}

#[test]
fn metadata_is_held_to_the_same_demands_as_in_sigma() {
    for (attribute, expected) in [
        ("date: \"2026-02-30\"", "CC0707 `date` is `2026-02-30`, not of the form YYYY-MM-DD"),
        ("date: \"2026/01/31\"", "CC0707 `date` is `2026/01/31`, not of the form YYYY-MM-DD"),
        ("date: \"2026-01-31\" modified: \"2025-01-31\"", "CC0708 `modified` lies before `date`"),
        ("tags: [attack.t105]", "CC0713 `attack.t105` is not a tag of the form that its namespace has"),
        ("tags: [atack.t1055]", "CC0714 `atack` is not a tag namespace of Sigma"),
        ("tags: [attack.t1055, attack.t1055]", "CC0715 `attack.t1055` appears twice in `tags`"),
        ("references: [\"https://a\", \"https://a\"]", "CC0715 `https://a` appears twice in `references`"),
        ("falsepositives: [\"-\"]", "CC0716 an entry of `falsepositives` has fewer than 2 characters"),
        ("description: \" \"", "CC0711 `description` is empty"),
        ("tags: [attack.t1055] date: \"2026-01-31\" modified: \"2026-02-01\"", ""),
    ] {
        assert_eq!(checked(&rule(&format!("{attribute} when pid == 1"))).1, expected, "{attribute}");
    }
    let long = format!("title: \"{}\" when pid == 1", "a".repeat(257));
    assert_eq!(checked(&rule(&long)).1, "CC0709 `title` has 257 characters; the limit is 256");
}

#[test]
fn negations_that_absence_makes_true_are_reported() {
    for condition in [
        "not user == \"x\"",
        "pid == 1 and not user == \"x\"",
        "not (pid == 1 and user == \"x\")",
        "not (pid == 1 or user == \"x\")",
        "user exists or not user == \"x\"",
        "parent exists and not user == \"x\"",
    ] {
        assert_eq!(found(condition), "CC0608 `user` may be absent, and then this negation is true", "{condition}");
    }
    for condition in [
        "user != \"x\"",
        "not user exists",
        "user exists and not user == \"x\"",
        "user ends_with \"x\" and not user == \"yx\"",
        "user exists and (pid == 1 or not user == \"x\")",
        "not (not user exists or user == \"x\")",
        "not pid == 1",
        "not image == \"x\"",
    ] {
        assert_eq!(found(condition), "", "{condition}");
    }
}

#[test]
fn predicates_that_appear_twice_are_reported() {
    for condition in
        ["pid == 1 and pid == 1", "pid == 1 or image == \"x\" or pid == 1", "pid == 1 and image == \"x\" and $2 == 1"]
    {
        assert_eq!(found(condition), "CC0605 this predicate appears twice", "{condition}");
    }
    for condition in ["pid == 1 and pid == 2", "pid == 1 or not pid == 1", "user != \"a\" and user != \"b\""] {
        assert_eq!(found(condition), "", "{condition}");
    }
}
