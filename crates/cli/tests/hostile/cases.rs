//! The hostile things, one function each.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use super::Case;

const HEAD: &str = "\
title: A hostile rule
id: 0e95725d-7320-415d-80f7-004da920fc11
logsource:
    product: windows
    category: process_creation
detection:
";

const TEMPLATE: &str = "template t @ 1 {
    1 image : string
    2 pid   : int
    3 hash  : bytes
}
";

/// A native file with one rule of this body.
fn native(declarations: &str, body: &str) -> String {
    format!(
        "{TEMPLATE}{declarations}\nrule r {{\n    id: \"0e95725d-7320-415d-80f7-004da920fc12\"\n    template: t @ 1\n    \
         severity: low\n{body}\n}}\n"
    )
}

/// A Sigma rule with this detection.
fn sigma(detection: &str) -> String {
    format!("{HEAD}{detection}")
}

/// A Sigma rule with one selection and this item.
fn item(item: &str) -> String {
    sigma(&format!("    selection:\n        {item}\n    condition: selection\n"))
}

fn file(
    name: &str,
    text: impl Fn() -> Vec<u8> + Send + Sync + 'static,
    file: &'static str,
    code: &'static str,
) -> Case {
    Case {
        name: name.to_owned(),
        make: Box::new(move |directory| {
            fs::write(directory.join(file), text()).unwrap();
            vec![".".to_owned()]
        }),
        file,
        code,
        exit: 1,
    }
}

fn yml(name: &str, text: impl Fn() -> String + Send + Sync + 'static, code: &'static str) -> Case {
    file(&format!("{name}, Sigma"), move || text().into_bytes(), "bad.yml", code)
}

/// A file of which nothing is an error: however many warnings there are, they are warnings.
fn only_warned(case: Case) -> Case {
    Case { exit: 0, ..case }
}

fn content(name: &str, text: impl Fn() -> String + Send + Sync + 'static, code: &'static str) -> Case {
    file(&format!("{name}, native"), move || text().into_bytes(), "bad.content", code)
}

fn other(
    name: &str,
    make: impl Fn(&Path) -> Vec<String> + Send + Sync + 'static,
    file: &'static str,
    code: &'static str,
    exit: i32,
) -> Case {
    Case { name: name.to_owned(), make: Box::new(make), file, code, exit }
}

/// A native file with as many rules, each with an expression of its own.
fn regexes(count: usize, expression: &str) -> String {
    let rules = each(count, |text, at| {
        let _ = writeln!(
            text,
            "rule r{at} {{ id: \"0e95725d-7320-415d-80f7-0{at:011x}\" template: t @ 1 severity: low when image matches r\"{at}{expression}\" }}"
        );
    });
    format!("{TEMPLATE}{rules}")
}

/// Numbered parts, one after the other.
fn each(count: usize, part: impl Fn(&mut String, usize)) -> String {
    let mut text = String::new();
    (0..count).for_each(|at| part(&mut text, at));
    text
}

macro_rules! put {
    ($($form:tt)*) => { |text: &mut String, at: usize| { let _ = write!(text, $($form)*, at = at); } };
}

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    let mut all = values();
    all.extend(conditions());
    all.extend(yaml());
    all.extend(bytes());
    all.extend(multiplied());
    all.extend(expansion());
    all.extend(many());
    all.extend(places());
    all.extend(tables());
    all.extend(manifests());
    all
}

/// Files just within the limits, which cost the compiler as much as any.
pub(crate) fn within() -> Vec<(&'static str, String)> {
    let list = |count, part: fn(&mut String, usize)| format!("[{}]", each(count, part));
    vec![
        ("regexes that explode", regexes(900, ".*[ab][^a].{8}")),
        ("regexes that share a beginning", regexes(700, "x(a|b).{12}")),
        ("regexes of words", regexes(200, r"\w{3,9}[a-z]\d+[^x]{4}q")),
        ("long runs", regexes(9, "[^/]{2000}$")),
        (
            "2,000 regexes in one list",
            native("", &format!("when image matches {}", list(2_000, put!("r\"{at}[a-f].x\", ")))),
        ),
        (
            "190,000 values",
            native(
                &format!("list l = {}", list(38_000, put!("\"val{at}\", "))),
                &format!("when {}pid == 1", each(5, put!("image contains l and pid != {at} or "))),
            ),
        ),
        (
            "190,000 patterns",
            native(
                &format!("list l = {}", list(38_000, put!("\"v{at:05}*q?{at}\", "))),
                &format!("when {}pid == 1", each(5, put!("image like l and pid != {at} or "))),
            ),
        ),
        (
            "98,000 predicates",
            format!(
                "{TEMPLATE}{}",
                each(28, |text, at| {
                    let when = (0..3_500).map(|part| format!("pid == {}", at * 7_000 + part)).collect::<Vec<_>>();
                    let _ = writeln!(
                        text,
                        "rule r{at} {{ id: \"0e95725d-7320-415d-80f7-0{at:011x}\" template: t @ 1 severity: low when {} }}",
                        when.join(" or ")
                    );
                })
            ),
        ),
    ]
}

fn values() -> Vec<Case> {
    vec![
        yml(
            "keys without values on one line",
            || {
                sigma(&format!(
                    "    selection: {{ {} }}\n    condition: selection\n",
                    each(90_000, |text, at| {
                        let _ = write!(text, "f{at}|contains: , ");
                    })
                ))
            },
            "CC0108",
        ),
        yml(
            "a mistake behind a long line of quotes",
            || sigma(&format!("    selection:\n        Image: [{}]\n\t    User: x\n", "'a', ".repeat(200_000))),
            "CC0110",
        ),
        yml(
            "a mistake behind many levels and marks",
            || {
                sigma(&format!(
                    "    selection:\n{}{}\n",
                    "        - - - - 'a'\n        - *a\n".repeat(40_000),
                    "        b"
                ))
            },
            "CC0110",
        ),
        yml("literal of 10 MB", || item(&format!("CommandLine: '{}'", "a".repeat(10 << 20))), "CC0101"),
        content("literal of 10 MB", || native("", &format!("when image == \"{}\"", "a".repeat(10 << 20))), "CC0101"),
        yml("literal of 3 MB", || item(&format!("CommandLine: '{}'", "a".repeat(3 << 20))), "CC0108"),
        content("literal of 3 MB", || native("", &format!("when image == \"{}\"", "a".repeat(3 << 20))), "CC0108"),
        yml(
            "200,000 values",
            || {
                item(
                    &format!("CommandLine:\n{}", each(200_000, put!("          - v{at}\n")))
                        .replace("          - ", "         - "),
                )
            },
            "CC0108",
        ),
        content(
            "200,000 values",
            || native(&format!("list l = [{}]", each(200_000, put!("\"v{at}\", "))), "when image in l"),
            "CC0108",
        ),
        yml(
            "100,000 selections",
            || sigma(&format!("{}    condition: all of them\n", each(100_000, put!("    s{at}: {{Image: a}}\n")))),
            "CC0108",
        ),
        content(
            "100,000 bindings",
            || native("", &format!("{}when b0", each(100_000, put!("let b{at} = pid == {at}\n")))),
            "CC0108",
        ),
        yml("integer of 10,000 digits", || item(&format!("ProcessId: {}", "9".repeat(10_000))), "CC0134"),
        content("integer of 10,000 digits", || native("", &format!("when pid == {}", "9".repeat(10_000))), "CC0134"),
        yml("2,000 wildcards", || item(&format!("CommandLine: '{}'", "a*".repeat(2_000))), "CC0505"),
        content("2,000 wildcards", || native("", &format!("when image like \"{}\"", "a*".repeat(2_000))), "CC0505"),
    ]
}

fn conditions() -> Vec<Case> {
    let condition = |text: String| sigma(&format!("    a:\n        Image: x\n    condition: {text}\n"));
    let when = |text: String| native("", &format!("when {text}"));
    let p = "pid == 1";
    vec![
        yml(
            "200,000 parentheses",
            move || condition(format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000))),
            "CC0108",
        ),
        content(
            "200,000 parentheses",
            move || when(format!("{}{p}{}", "(".repeat(100_000), ")".repeat(100_000))),
            "CC0108",
        ),
        yml("50,000 `and`", move || condition(format!("a{}", " and a".repeat(50_000))), "CC0108"),
        content("50,000 `and`", move || when(format!("{p}{}", format!(" and {p}").repeat(50_000))), "CC0108"),
        yml("10,000 `not`", move || condition(format!("{}a", "not ".repeat(10_000))), "CC0108"),
        content("10,000 `not`", move || when(format!("{}{p}", "not ".repeat(10_000))), "CC0108"),
        yml(
            "2,000 selections 1,000 times",
            || {
                let all = vec!["1 of them"; 1_000].join(" and ");
                sigma(&format!("{}    condition: {all}\n", each(2_000, put!("    s{at}: {{Image: a{at}}}\n"))))
            },
            "CC0108",
        ),
        yml(
            "a list of 50,000 conditions",
            || {
                let all = "        - all of them\n".repeat(50_000);
                sigma(&format!("{}    condition:\n{all}", each(1_900, put!("    s{at}: {{Image: a{at}}}\n"))))
            },
            "CC0108",
        ),
        content(
            "bindings that double 40 times",
            || {
                native(
                    "",
                    &format!(
                        "let b0 = pid == 1\n{}when b40",
                        each(40, |text, at| {
                            let _ = writeln!(text, "let b{} = b{at} and b{at}", at + 1);
                        })
                    ),
                )
            },
            "CC0108",
        ),
    ]
}

fn yaml() -> Vec<Case> {
    vec![
        yml(
            "alias bomb",
            || {
                let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
                for at in 1..30 {
                    let before = format!("*a{}, ", at - 1).repeat(10);
                    let _ = writeln!(text, "a{at}: &a{at} [{before}]");
                }
                text
            },
            "CC0112",
        ),
        yml("alias cycle", || "a: &a\n  b: *a\n".to_owned(), "CC0112"),
        yml("100,000 anchors and aliases", || each(60_000, put!("k{at}: &a{at} v\nl{at}: *a{at}\n")), "CC0112"),
        yml("YAML 10,000 deep, flow", || format!("a: {}", "[".repeat(10_000)), "CC0108"),
        yml("YAML 10,000 deep, flow mapping", || format!("a: {}", "{a: ".repeat(10_000)), "CC0108"),
        yml("YAML 10,000 deep, block", || format!("a:\n  {}x\n", "- ".repeat(10_000)), "CC0108"),
        yml("YAML 10,000 deep, keys", || format!("{}x\n", "? ".repeat(10_000)), "CC0108"),
        yml("100,000 documents", || format!("---\n{GOOD}", GOOD = "title: x\n").repeat(100_000), "CC0108"),
        yml(
            "100,000 equal keys",
            || format!("{HEAD}    s:\n{}    condition: s\n", "        Image: a\n".repeat(100_000)),
            "CC0111",
        ),
        yml(
            "a global document over 900 others",
            || {
                let global = format!(
                    "action: global\n{}    selection:\n        CommandLine:\n{}    condition: selection\n",
                    HEAD,
                    each(49_000, put!("        - v{at}\n"))
                );
                format!("{global}{}", each(900, put!("---\ntitle: t{at}\n")))
            },
            "CC0108",
        ),
    ]
}

fn bytes() -> Vec<Case> {
    let raw = |name: &str, bytes: Vec<u8>, code| file(name, move || bytes.clone(), "bad.yml", code);
    let utf16: Vec<u8> = format!("\u{FEFF}{HEAD}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        raw("bytes that are not UTF-8", [HEAD.as_bytes(), b"\xC3\x28"].concat(), "CC0103"),
        raw("UTF-16", utf16, "CC0103"),
        raw("NUL bytes", [HEAD.as_bytes(), &[0; 100_000]].concat(), "CC0104"),
        raw("empty file", Vec::new(), "CC0102"),
        raw("4 MB of spaces", vec![b' '; 4 << 20], "CC0102"),
        raw("one line of 4 MB", [b"title: ", vec![b'a'; (4 << 20) - 7].as_slice()].concat(), "CC0108"),
        raw("4 MB of one bracket", vec![b'['; 4 << 20], "CC0108"),
        raw("4 MB of quotes", vec![b'"'; 4 << 20], "CC0110"),
        content("4 MB of one brace", || "{".repeat(4 << 20), "CC0130"),
        content("4 MB of quotes", || "\"".repeat(4 << 20), "CC0130"),
        content("700,000 strange signs", || "\u{202E}".repeat(700_000), "CC0104"),
    ]
}

/// A list of values used again and again by what it is in: bindings in each way that they join, and selections.
fn multiplied() -> Vec<Case> {
    let mut cases = Vec::new();
    let joins = [
        ("(X and pid == 1) or (X and pid == 2)", 12),
        ("(X or pid == 1) and (X or pid == 2)", 12),
        ("not (X and pid == 1) or X", 12),
        ("X or X", 12),
        ("X and X and X", 8),
        ("not X and not X", 12),
    ];
    let values = [("like", "v*{at}*"), ("contains", "v{at}"), ("in", "v{at}"), ("ends_with", "v{at}")];
    for (join, levels) in joins {
        for (operator, value) in values {
            let make = move || {
                let all = each(4_000, |text, at| {
                    let _ = write!(text, "\"{}\", ", value.replace("{at}", &at.to_string()));
                });
                let lets = each(levels, |text, at| {
                    let _ = writeln!(text, "let b{} = {}", at + 1, join.replace('X', &format!("b{at}")));
                });
                native(&format!("list l = [{all}]\n"), &format!("let b0 = image {operator} l\n{lets}when b{levels}"))
            };
            cases.push(content(&format!("`let b = {join}` over `{operator}` of 4,000 values"), make, "CC0504"));
        }
    }
    let pairs = |count: usize| {
        let parts: Vec<String> = (0..count).map(|at| format!("(a and b{})", at % 50)).collect();
        parts.join(" or ")
    };
    let selections = |values: &str, count: usize| {
        let others = each(50, put!("    b{at}:\n        Image: x{at}\n"));
        format!("    a:\n{values}{others}    condition: {}\n", pairs(count))
    };
    let contains = each(4_000, put!("            - v{at}\n"));
    let keywords = each(4_000, put!("        - kw{at}\n"));
    let numbers = each(40_000, put!("            - {at}\n"));
    let of_product = HEAD.replace("    category: process_creation\n", "");
    for (name, head, values, count) in [
        ("`contains`", HEAD.to_owned(), format!("        CommandLine|contains:\n{contains}"), 400),
        ("`contains`, negated", HEAD.to_owned(), format!("        CommandLine|contains|neq:\n{contains}"), 400),
        ("keywords", HEAD.to_owned(), keywords.clone(), 400),
        ("keywords on a product", of_product.clone(), keywords, 10),
        ("values on a product", of_product.clone(), format!("        Foo:\n{contains}"), 10),
    ] {
        let text = format!("{head}{}", selections(&values, count));
        cases.push(yml(&format!("{name}: 4,000 values used {count} times"), move || text.clone(), "CC0504"));
    }
    let text = format!("{of_product}{}", selections(&format!("        EventID:\n{numbers}"), 400));
    cases.push(yml("40,000 numbers of events used 400 times", move || text.clone(), "CC0603"));
    cases
}

fn expansion() -> Vec<Case> {
    vec![
        yml("windash over 40 dashes", || item(&format!("CommandLine|windash: '{}'", " -a".repeat(40))), "CC0504"),
        yml(
            "windash, wide and base64offset",
            || {
                item(&format!(
                    "CommandLine|windash|wide|base64offset|contains:\n{}",
                    each(10_000, put!("         - ' -v{at} -w -x'\n"))
                ))
            },
            "CC0504",
        ),
        yml(
            "900 documents that each expand",
            || {
                let one = format!(
                    "---\n{}",
                    item(&format!(
                        "CommandLine|windash|contains:\n{}",
                        each(15, put!("         - ' -v{at} -w -x -y -z'\n"))
                    ))
                );
                one.repeat(900)
            },
            "CC0504",
        ),
        yml(
            "windash over a value of 60,000 bytes",
            || item(&format!("CommandLine|windash|contains: '{}{}'", " -a".repeat(6), "a".repeat(60_000))),
            "CC0504",
        ),
        content(
            "1,900 bindings of 10,000 predicates",
            || {
                let doubled = each(14, |text, at| {
                    let _ = writeln!(text, "let b{} = b{at} and b{at}", at + 1);
                });
                native("", &format!("let b0 = pid == 1\n{doubled}{}when b13", each(1_900, put!("let c{at} = b13\n"))))
            },
            "CC0108",
        ),
        content(
            "one list in 15,000 rules",
            || {
                let rules = each(15_000, |text, at| {
                    let _ = writeln!(
                        text,
                        "rule r{at} {{ id: \"0e95725d-7320-415d-80f7-0{at:011x}\" template: t @ 1 severity: low when image in l }}"
                    );
                });
                format!("{TEMPLATE}list l = [{}]\n{rules}", each(45_000, put!("\"{at}\",")))
            },
            "CC0504",
        ),
        content(
            "one list 10,000 times in a rule",
            || {
                native(
                    &format!("list l = [{}]\n", each(45_000, put!("\"{at}\","))),
                    &format!("when image in l{}", " or image contains l".repeat(3_000)),
                )
            },
            "CC0504",
        ),
        yml("`(a{1000}){1000}`", || item("CommandLine|re: '(a{1000}){1000}'"), "CC0503"),
        content("`(a{1000}){1000}`", || native("", "when image matches \"(a{1000}){1000}\""), "CC0503"),
        yml("`(a+)+`", || item("CommandLine|re: '(a+)+$'"), "CC0502"),
        yml(
            "7,000 groups in a regex",
            || item(&format!("CommandLine|re: '{}a{}'", "(".repeat(7_000), ")".repeat(7_000))),
            "CC0503",
        ),
        yml("8,000 classes in a regex", || item(&format!("CommandLine|re: '{}'", r"\w".repeat(8_000))), "CC0503"),
        yml(
            "4,000 classes that ignore case",
            || item(&format!("CommandLine|re|i: '{}'", r"[\w]".repeat(4_000))),
            "CC0503",
        ),
        content("3,000 rules with nested repeats", || regexes(3_000, "([a-z]{1,30}x){1,30}"), "CC0503"),
        content("5,000 rules with overlapping classes", || regexes(5_000, r"(\w+[^\s]\d{1,5}[\w-]+=){3}"), "CC0503"),
        content("5,000 rules with long regexes", || regexes(5_000, &"(?:abc|def)[a-z]{1,8}x".repeat(4)), "CC0503"),
        content("900 rules with 200 alternatives", || regexes(900, &each(200, put!("a{at}.*b|"))), "CC0503"),
        yml(
            "10,000 regexes with classes",
            || {
                item(&format!(
                    "CommandLine|re|i:\n{}",
                    each(10_000, |text, at| {
                        let _ = writeln!(text, "         - '{}{at}'", r"[\w][^\s]".repeat(10));
                    })
                ))
            },
            "CC0503",
        ),
        yml(
            "10,000 regexes with word classes",
            || {
                item(&format!(
                    "CommandLine|re|i:\n{}",
                    each(10_000, |text, at| {
                        let _ = writeln!(text, "         - '{}x{at}'", r"[\w-]x".repeat(50));
                    })
                ))
            },
            "CC0503",
        ),
    ]
}

fn many() -> Vec<Case> {
    let security = HEAD.replace("category: process_creation", "service: security");
    let (a, b, c) = (security.clone(), security.clone(), security);
    vec![
        yml(
            "50,000 unknown fields of 300 template types",
            move || format!("{a}    s:\n{}    condition: s\n", each(49_000, put!("        Field{at}Name: a\n"))),
            "CC0704",
        ),
        yml(
            "49,000 event ids over 300 template types",
            move || {
                format!(
                    "{b}    s:\n        EventID:\n{}    condition: s\n",
                    each(49_000, |text, at| {
                        let _ = writeln!(text, "         - {}", at + 100_000);
                    })
                )
            },
            "CC0704",
        ),
        yml(
            "19,000 predicates over 300 template types",
            move || format!("{c}    s:\n{}    condition: s\n", each(19_000, put!("        - Computer: c{at}\n"))),
            "CC0108",
        ),
        only_warned(yml(
            "60,000 suppressions",
            || {
                format!(
                    "{}{HEAD}    s: {{Image: a}}\n    condition: s\n",
                    "# contentcheck: allow CC0607 -- because\n".repeat(60_000)
                )
            },
            "CC0719",
        )),
        yml(
            "60,000 broken suppressions",
            || {
                format!(
                    "{}{HEAD}    s: {{Image: a}}\n    condition: s\n",
                    "# contentcheck: allow CC0O07 -- because\n".repeat(60_000)
                )
            },
            "CC0720",
        ),
        only_warned(yml(
            "100,000 tags",
            || {
                format!(
                    "{}    s: {{Image: a}}\n    condition: s\ntags:\n{}",
                    HEAD,
                    each(100_000, put!("    - attak.t{at}\n"))
                )
            },
            "CC0714",
        )),
        yml(
            "100,000 unknown attributes",
            || format!("{}{HEAD}    s: {{Image: a}}\n    condition: s\n", each(100_000, put!("titel{at}: x\n"))),
            "CC0704",
        ),
        yml(
            "1,900 unknown selections many times",
            || {
                let condition = each(3_000, put!("selectio{at} or "));
                sigma(&format!(
                    "{}    condition: {condition}s0\n",
                    each(1_900, put!("    selection_{at}: {{Image: a}}\n"))
                ))
            },
            "CC0203",
        ),
        content(
            "20,000 declarations and unknown names",
            || {
                let lists = each(15_000, put!("list some_list_{at} = [1]\n"));
                format!(
                    "{lists}{}",
                    native("", &format!("when {}pid == 1", each(1_900, put!("image in some_lisd{at}x or "))))
                )
            },
            "CC0205",
        ),
        content("100,000 broken declarations", || "rule x { when }\n".repeat(100_000), "CC0106"),
        content("30,000 declarations", || each(30_000, put!("list l{at} = [1]\n")), "CC0108"),
        content(
            "200,000 test fields",
            || native("", &format!("when pid == 1\ntest fires {{ {} }}", each(200_000, put!("f{at}: 1, ")))),
            "CC0108",
        ),
        content(
            "a template type of 60,000 fields",
            || {
                format!(
                    "template big @ 1 {{\n{}}}\n",
                    each(60_000, |text, at| {
                        let _ = writeln!(text, "{} field_{at} : string", at + 1);
                    })
                )
            },
            "CC0108",
        ),
        content(
            "19,000 versions of a template type",
            || {
                each(19_000, |text, at| {
                    let _ = writeln!(text, "template t @ {} {{ 1 a{at} : string }}", at + 1);
                })
            },
            "CC0210",
        ),
    ]
}

fn places() -> Vec<Case> {
    let here = || vec![".".to_owned()];
    let mut all = vec![
        other(
            "pipe called .yml",
            move |directory| {
                assert!(Command::new("mkfifo").arg(directory.join("pipe.yml")).status().unwrap().success());
                here()
            },
            "pipe.yml",
            "CC0105",
            1,
        ),
        other(
            "pipe that is named",
            |directory| {
                assert!(Command::new("mkfifo").arg(directory.join("pipe.yml")).status().unwrap().success());
                vec!["pipe.yml".to_owned(), "good.yml".to_owned()]
            },
            "pipe.yml",
            "CC0105",
            1,
        ),
        other(
            "loop of links",
            move |directory| {
                fs::create_dir(directory.join("a")).unwrap();
                symlink("..", directory.join("a/up")).unwrap();
                here()
            },
            "a/up",
            "CC0107",
            1,
        ),
        other(
            "link to itself",
            move |directory| {
                symlink("self.yml", directory.join("self.yml")).unwrap();
                here()
            },
            "self.yml",
            "CC0107",
            1,
        ),
        other(
            "link to nothing",
            move |directory| {
                symlink("nothing", directory.join("dangling.yml")).unwrap();
                here()
            },
            "dangling.yml",
            "CC0107",
            1,
        ),
        other(
            "directories 70 deep",
            move |directory| {
                let deep = (0..70).fold(directory.to_path_buf(), |path, _| path.join("d"));
                fs::create_dir_all(deep).unwrap();
                here()
            },
            "d/d/d",
            "CC0107",
            1,
        ),
        other(
            "link to a file that cannot be read",
            move |directory| {
                symlink("/proc/self/mem", directory.join("memory.yml")).unwrap();
                here()
            },
            "memory.yml",
            "CC0105",
            1,
        ),
        other(
            "file whose size is not what is read",
            move |directory| {
                symlink("/proc/self/status", directory.join("status.yml")).unwrap();
                here()
            },
            "status.yml",
            "CC0105",
            1,
        ),
        other(
            "link to an endless device",
            move |directory| {
                symlink("/dev/zero", directory.join("zero.yml")).unwrap();
                here()
            },
            "zero.yml",
            "CC0105",
            1,
        ),
        other(
            "5,000 findings in one file each of 20",
            move |directory| {
                for file in 0..20 {
                    fs::write(directory.join(format!("bad{file:02}.content")), "list 1 = x\n".repeat(5_000)).unwrap();
                }
                here()
            },
            "bad19.content",
            "CC0106",
            1,
        ),
    ];
    let unreadable = other(
        "directory that may not be read",
        move |directory| {
            fs::create_dir(directory.join("closed")).unwrap();
            fs::set_permissions(directory.join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
            here()
        },
        "closed",
        "CC0107",
        1,
    );
    if nix::unistd::geteuid().is_root() {
        println!("skipped: {}: permissions do not bind root", unreadable.name);
    } else {
        all.push(unreadable);
    }
    all
}

fn tables() -> Vec<Case> {
    let table = |name: &'static str,
                 data: &'static str,
                 text: Box<dyn Fn() -> Vec<u8> + Send + Sync>,
                 at: &'static str,
                 code: &'static str| {
        other(
            name,
            move |directory| {
                let declared =
                    format!("table d @ 1 {{ hash: string key, name: string? }} capacity 500_000 from \"{data}\"\n");
                fs::write(directory.join("bad.content"), native(&declared, "when image in d")).unwrap();
                fs::write(directory.join(data), text()).unwrap();
                vec![".".to_owned()]
            },
            at,
            code,
            1,
        )
    };
    let rows = |count: usize| -> Vec<u8> { format!("hash,name\n{}", each(count, put!("{at},\n"))).into_bytes() };
    vec![
        table("table of 70 MB", "d.csv", Box::new(|| vec![b'a'; 70 << 20]), "d.csv", "CC0101"),
        table("table of 600,000 rows", "d.csv", Box::new(move || rows(600_000)), "d.csv", "CC0510"),
        table(
            "table with a cell of 20 MB",
            "d.csv",
            Box::new(|| [b"hash,name\n", vec![b'a'; 20 << 20].as_slice()].concat()),
            "d.csv",
            "CC0512",
        ),
        table(
            "table with a row of 10,000,000 cells",
            "d.csv",
            Box::new(|| [b"hash,name\n", vec![b','; 10_000_000].as_slice()].concat()),
            "d.csv",
            "CC0512",
        ),
        table("table with 10,000,000 columns", "d.csv", Box::new(|| vec![b','; 10_000_000]), "d.csv", "CC0512"),
        table(
            "table of one open quote",
            "d.csv",
            Box::new(|| [b"hash,name\n\"", vec![b'\n'; 30 << 20].as_slice()].concat()),
            "d.csv",
            "CC0517",
        ),
        table(
            "table of 5,000,000 wrong rows",
            "d.csv",
            Box::new(|| [b"hash,name\n".to_vec(), b"a,b,c\n".repeat(5_000_000)].concat()),
            "d.csv",
            "CC0512",
        ),
        table(
            "table of equal keys",
            "d.csv",
            Box::new(|| [b"hash,name\n".to_vec(), b"a,\n".repeat(1_000_000)].concat()),
            "d.csv",
            "CC0513",
        ),
        table(
            "JSON 1,000,000 deep in a table",
            "d.jsonl",
            Box::new(|| [b"{\"hash\":".to_vec(), vec![b'['; 1_000_000]].concat()),
            "d.jsonl",
            "CC0512",
        ),
        table(
            "JSON object of 1,000,000 members in a table",
            "d.jsonl",
            Box::new(|| format!("{{{}\"hash\":\"a\"}}\n", each(1_000_000, put!("\"k{at}\":1,"))).into_bytes()),
            "d.jsonl",
            "CC0512",
        ),
        table("table of zero bytes", "d.csv", Box::new(Vec::new), "", "CC0511"),
        other(
            "table that is a pipe",
            |directory| {
                let declared = "table d @ 1 { hash: string key } from \"d.csv\"\n";
                fs::write(directory.join("bad.content"), native(declared, "when image in d")).unwrap();
                assert!(Command::new("mkfifo").arg(directory.join("d.csv")).status().unwrap().success());
                vec![".".to_owned()]
            },
            "bad.content",
            "CC0514",
            1,
        ),
        other(
            "100 tables of one file of 18 MB",
            |directory| {
                let declared = each(100, put!("table d{at} @ 1 {{ hash: string key }} from \"d.csv\"\n"));
                let when = each(100, put!("image in d{at} or "));
                fs::write(directory.join("bad.content"), native(&declared, &format!("when {when} pid == 1"))).unwrap();
                fs::write(directory.join("d.csv"), format!("hash\n{}", each(450_000, put!("{at:040}\n")))).unwrap();
                vec![".".to_owned()]
            },
            "bad.content",
            "CC0108",
            1,
        ),
    ]
}

fn manifests() -> Vec<Case> {
    let fleet = |name: &'static str, text: Box<dyn Fn() -> String + Send + Sync>, code: &'static str| {
        other(
            name,
            move |directory| {
                fs::write(directory.join("m.json"), text()).unwrap();
                ["--fleet", "m.json", "."].map(str::to_owned).to_vec()
            },
            "m.json",
            code,
            2,
        )
    };
    let manifest = |templates: String| {
        format!("{{\"format\":1,\"sensor\":\"s\",\"version\":\"1\",\"templates\":{{{templates}}}}}")
    };
    let one = "{\"name\":\"a\",\"type\":\"string\"}";
    vec![
        fleet("JSON 1,000,000 deep", Box::new(|| "[".repeat(1_000_000)), "CC0407"),
        fleet(
            "JSON 1,000,000 deep inside a manifest",
            Box::new(move || manifest(format!("\"t\":{}", "{\"inputs\":[".repeat(300_000)))),
            "CC0407",
        ),
        fleet("manifest of 20 MB", Box::new(|| " ".repeat(20 << 20)), "CC0101"),
        fleet(
            "manifest of 60,000 template types",
            Box::new(move || {
                manifest(each(60_000, |text, at| {
                    let _ = write!(text, "{}\"t{at}\":{{\"inputs\":[{one}]}}", if at == 0 { "" } else { "," });
                }))
            }),
            "CC0407",
        ),
        fleet(
            "template type of 300,000 inputs",
            Box::new(move || {
                manifest(format!(
                    "\"t\":{{\"inputs\":[{}]}}",
                    each(300_000, |text, at| {
                        let _ = write!(
                            text,
                            "{}{{\"name\":\"a{at}\",\"type\":\"string\"}}",
                            if at == 0 { "" } else { "," }
                        );
                    })
                ))
            }),
            "CC0108",
        ),
        fleet(
            "300,000 equal inputs",
            Box::new(move || manifest(format!("\"t\":{{\"inputs\":[{one}{}]}}", format!(",{one}").repeat(300_000)))),
            "CC0108",
        ),
        fleet("number of 1,000,000 digits", Box::new(|| format!("{{\"format\":{}}}", "9".repeat(1_000_000))), "CC0407"),
        fleet(
            "fleet of 100,000 sensors",
            Box::new(|| format!("{{\"format\":1,\"sensors\":[\"x\"{}]}}", ",\"builtin:sysmon\"".repeat(100_000))),
            "CC0108",
        ),
        fleet("fleet of itself", Box::new(|| "{\"format\":1,\"sensors\":[\"m.json\"]}".to_owned()), "CC0407"),
        other(
            "fleet of 900 times all versions",
            |directory| {
                let again = ",\"builtin:sysmon\"".repeat(900);
                fs::write(
                    directory.join("m.json"),
                    format!("{{\"format\":1,\"sensors\":[\"builtin:sysmon\"{again}]}}"),
                )
                .unwrap();
                ["--fleet", "m.json", "."].map(str::to_owned).to_vec()
            },
            "good.yml",
            "CC0604",
            0,
        ),
        fleet("empty manifest", Box::new(String::new), "CC0407"),
        other(
            "pipe as manifest",
            |directory| {
                assert!(Command::new("mkfifo").arg(directory.join("m.json")).status().unwrap().success());
                ["--fleet", "m.json", "."].map(str::to_owned).to_vec()
            },
            "m.json",
            "CC0105",
            2,
        ),
    ]
}
