//! Values, names and conditions that look like something else than they are: tables of what is found, and of what is
//! meant and is not.

use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Finding, Gathered};
use proptest::prelude::*;

const TEMPLATES: &str = "template acme.process @ 1 {
    serves { product: \"windows\", category: \"process_creation\" }
    1 Image       : string nocase
    2 CommandLine : string nocase
    3 User        : string? nocase
    4 Count       : int?
    5 Words       : list<string>?
    6 Address     : ip?
}
template acme.web @ 1 {
    serves { category: \"webserver\" }
    open
}
";

fn read(sources: &[(&str, String)]) -> Vec<Finding> {
    let mut all = vec![(Source::new("a.content", TEMPLATES), Language::Native)];
    all.extend(sources.iter().map(|(name, text)| (Source::new(*name, text.clone()), Language::Sigma)));
    Gathered::of(all).check(&Checking::default()).judge().findings().to_vec()
}

/// A rule with one selection of these items.
fn rule_of(logsource: &str, items: &str) -> String {
    rule(logsource, &format!("s:\n    {items}\ncondition: s"), "")
}

fn rule(logsource: &str, detection: &str, more: &str) -> String {
    let indented: String = detection.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "title: A rule for this test\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51\nstatus: test\ndescription: It is for this test \
         alone.\nauthor: nobody\ndate: 2026-01-15\nlogsource: {{{logsource}}}\ndetection:\n{indented}level: low\n{more}"
    )
}

/// The codes that are found in a rule, but for those that ask for metadata.
fn codes(logsource: &str, detection: &str, more: &str) -> Vec<&'static str> {
    let found = read(&[("r.yml", rule(logsource, detection, more))]);
    found.iter().map(|found| found.code.id).collect()
}

const PROCESS: &str = "category: process_creation, product: windows";

fn of_item(item: &str) -> Vec<&'static str> {
    codes(PROCESS, &format!("s:\n    {item}\ncondition: s"), "")
}

#[test]
fn characters_that_cannot_be_seen() {
    for sign in ["\u{200B}", "\u{202E}", "\u{A0}", "\u{AD}", "\u{2060}", "\u{2003}", "\u{3164}"] {
        for item in [
            format!("CommandLine|contains: 'cmd{sign}exe'"),
            format!("CommandLine|contains: \"cmd{sign}exe\""),
            format!("CommandLine|contains: \"{sign}cmd\""),
            format!("CommandLine|contains: ['fine', 'exe{sign}']"),
            format!("CommandLine|re: 'cmd{sign}?a'"),
        ] {
            assert_eq!(of_item(&item), ["CC0127"], "{item:?}");
        }
        let unknown = of_item(&format!("Command{sign}Line|contains: 'cmd'"));
        assert!(unknown.contains(&"CC0127"), "a field with {sign:?}: {unknown:?}");
        let named = codes(PROCESS, &format!("s{sign}x:\n    Image: a\ncondition: 1 of s*"), "");
        assert_eq!(named, ["CC0127"], "a selection with {sign:?}");
        let condition = codes(PROCESS, &format!("s:\n    Image: a\ncondition: s{sign}"), "");
        assert!(condition.contains(&"CC0127"), "a condition with {sign:?}: {condition:?}");
        assert_eq!(
            of_item(&format!("CommandLine|contains: '{0}{0}'", sign)),
            [""; 0],
            "a rule that looks for {sign:?}"
        );
    }
    // Readers of YAML refuse it between words without quotes.
    assert_eq!(of_item("CommandLine|contains: 'cmd\u{FEFF}exe'"), ["CC0127"]);
    // Behind a path that is compared to its end a comma was left over, quoted or not.
    for path in [
        r"Image|endswith: '\\wscript.exe,'",
        r"Image: 'C:\\a.exe,'",
        r#"Image: 'C:\\a.exe",'"#,
        r"Image|endswith: ['\\a.exe,', '\\b.exe']",
    ] {
        let path = path.replace("\\\\", "\\");
        assert_eq!(of_item(&path), ["CC0127"], "{path}");
    }
    assert_eq!(of_item(r"Image|contains: '\\a.exe,'".replace("\\\\", "\\").as_str()), [""; 0]);
    for (item, wanted) in [
        (r#"CommandLine|contains: "\Public""#, "CC0127"),
        (r#"CommandLine|contains: "C:\\Users\Local""#, "CC0127"),
        (r#"CommandLine|contains: "C:\\x\Public""#, "CC0127"),
        (r#"CommandLine|contains: "a\_x""#, "CC0127"),
        (r#"CommandLine|contains: "a\Nx""#, "CC0127"),
    ] {
        assert_eq!(of_item(item), [wanted], "{item}");
    }
    for item in [
        r#"CommandLine|contains: "a\u200Bb""#,
        r#"CommandLine|contains: "a\u2029b""#,
        r#"CommandLine|contains: "a\U0000202Eb""#,
        r#"CommandLine|contains: "a\xA0b""#,
    ] {
        assert_eq!(of_item(item), [""; 0], "{item}");
    }
}

#[test]
fn signs_that_look_like_those_of_ascii() {
    for value in [
        "＼evil.exe",
        r"\evil．exe",
        "http：//evil",
        "http:⁄⁄evil",
        " −enc",
        "x‑evil",
        r"\evil∗.exe",
        "conﬁg",
        "\u{212A}ernel.exe",
        "a․b",
        "a；b",
        "cmd ∕c",
        "a＝b",
        "a…b",
    ] {
        for item in ["CommandLine|contains: 'VALUE'", "CommandLine|contains: ['fine', 'VALUE']", "Image|re: 'VALUE$'"] {
            let item = item.replace("VALUE", if item.contains("re:") { value.trim_start_matches('\\') } else { value });
            assert_eq!(of_item(&item), ["CC0141"], "{item}");
        }
    }
    for value in ["caf\u{FFFD}evil", "evil\u{FE0F}", "a\u{E0101}b", "a\u{180F}b"] {
        assert_eq!(of_item(&format!("CommandLine|contains: '{value}'")), ["CC0127"], "{value:?}");
    }
    for value in [
        " –enc",
        "―enc",
        "don’t",
        "the „x“ y",
        "管理者：admin",
        "パスワード／cmd",
        "x² + y³",
        "10 µs",
        "ærø",
        "naïve",
        "1\u{FE0F}\u{20E3}",
        "\u{2764}\u{FE0F} x",
        "€ 5",
        "a→b",
        "二〇二四年report",
        "：",
        "%E2",
    ] {
        assert_eq!(of_item(&format!("CommandLine|contains: '{value}'")), [""; 0], "{value:?}");
    }
    assert_eq!(of_item(r#"CommandLine|contains: "http\uFF1A//evil""#), [""; 0]);
}

#[test]
fn words_of_two_scripts() {
    for item in [
        "CommandLine|contains: 'сmd.exe'",
        "CommandLine|contains: 'pоwershell'",
        "CommandLine|contains: 'ｃｍｄ'",
        "CommandLine|contains: ['fine', 'ΒΑt']",
        "CommandLine|re: '^сmd'",
    ] {
        assert_eq!(of_item(item), ["CC0141"], "{item}");
    }
    assert!(of_item("Соmmand|contains: a").contains(&"CC0141"));
    assert_eq!(codes(PROCESS, "sеl:\n    Image: a\ncondition: 1 of s*", ""), ["CC0141"]);
    assert!(codes(PROCESS, "sel:\n    Image: a\ncondition: sеl", "").contains(&"CC0141"));
    for item in [
        "CommandLine|contains: 'Администраторы'",
        "CommandLine|contains: 'пароль.exe'",
        "CommandLine|contains: '管理者admin'",
        "CommandLine|contains: 'naïve café'",
        "CommandLine|contains: 'Ü-Wagen'",
        "CommandLine|contains: ['а', 'е', 'с', 'о']",
        "CommandLine|contains: '🏳️\u{200D}🌈'",
        r#"CommandLine|contains: "\u0441md""#,
    ] {
        assert_eq!(of_item(item), [""; 0], "{item}");
    }
}

/// The codes of a native file with an `$` in each place that has a text of its own, which stands for `text` in one of them
/// and for something harmless in the others.
fn of_native(place: &str, text: &str) -> Vec<&'static str> {
    assert!(NATIVE.contains(place));
    let mut content = NATIVE.replace(place, &place.replacen('$', text, 1));
    for (_, other) in PLACES {
        content = content.replace(other, &other.replace('$', "x"));
    }
    let all = vec![(Source::new("a.content", content), Language::Native)];
    let judged = Gathered::of(all).check(&Checking::default()).judge();
    judged.findings().iter().map(|found| found.code.id).collect()
}

const NATIVE: &str = r##"template acme.every @ 1 {
    reads { Channel: "Acme/$", `Key$`: 1 }
    header { `Head$`: string }
    1 `Image$`  : string nocase
    2 Line      : string nocase
    3 `Path$`   : string? nocase
}
table known @ 1 { name: string nocase key, `Note$`: string } rows [["cell$", "none"]]
list words = ["list$", "b"]
list shapes = ["^shape$", "c"]
rule every {
    id: "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51"
    template: acme.every @ 1
    severity: low
    title: "Title $"
    let bound = ["let$", "d"]
    let part = Line contains r"part$"
    when Line == "when$" or Line in words or Line in bound or part or Line matches shapes or Line in known
        or "left$" == Line or Line matches "regex$"
    test fires { `Image$`: "x", Line: "test$" }
}
"##;

/// What a place holds, and where it is.
const PLACES: &[(&str, &str)] = &[
    ("value", "Acme/$"),
    ("name", "`Key$`"),
    ("name", "`Head$`"),
    ("name", "`Path$`"),
    ("name", "`Note$`"),
    ("name", "`Image$`"),
    ("value", "cell$"),
    ("value", "list$"),
    ("regex", "^shape$"),
    ("title", "Title $"),
    ("value", "let$"),
    ("raw", "part$"),
    ("value", "when$"),
    ("value", "left$"),
    ("regex", "regex$"),
    ("value", "test$"),
];

#[test]
fn the_native_file_of_these_tests_is_in_order() {
    assert_eq!(of_native("when$", "x"), [""; 0]);
}

#[test]
fn characters_that_cannot_be_seen_in_every_place_of_a_native_file() {
    let hidden =
        ["\u{200B}", "\u{A0}", "\u{AD}", "\u{2060}", "\u{2003}", "\u{202F}", "\u{3164}", "\u{3000}", "\u{180E}"];
    for sign in hidden {
        for (kind, place) in PLACES {
            let found = of_native(place, &format!("a{sign}b"));
            match *kind {
                // A space of another width is one, and what has no width is refused in every attribute.
                "title" => assert!(found.is_empty() || found == ["CC0104"], "{sign:?} in {place}: {found:?}"),
                // A declaration and its use, where both have the name.
                "name" => {
                    assert!(
                        !found.is_empty() && found.iter().all(|code| *code == "CC0127"),
                        "{sign:?} in {place}: {found:?}"
                    );
                }
                _ => assert_eq!(found, ["CC0127"], "{sign:?} in {place}"),
            }
        }
        let number = u32::from(sign.chars().next().unwrap_or_default());
        assert_eq!(of_native("when$", &format!("a\\u{{{number:X}}}b")), [""; 0], "an escape means {sign:?}");
        assert_eq!(
            of_native("\"when$", &format!("x\" or Line == \"{sign}")),
            [""; 0],
            "a rule that looks for {sign:?}"
        );
    }
    // What turns the direction of text is refused wherever it stands, once.
    assert_eq!(of_native("when$", "a\u{202E}b"), ["CC0104"]);
}

#[test]
fn words_of_two_scripts_in_every_place_of_a_native_file() {
    for word in ["сmd", "pоwershell", "ｃｍｄ", "ΒΑt", "Ꭺdmin"] {
        for (kind, place) in PLACES {
            let found = of_native(place, &format!(" {word}"));
            let only = !found.is_empty() && found.iter().all(|code| *code == "CC0141");
            assert!(only && (*kind == "name" || found.len() == 1), "{word} in {place}: {found:?}");
        }
    }
    for words in [
        "Администраторы",
        "пароль",
        "管理者admin",
        "naïve café",
        "Ü-Wagen",
        "日本語　テキスト",
        "می\u{200C}خواهم",
        "«là\u{202F}»",
    ] {
        for (kind, place) in PLACES {
            // A narrow space before a quotation mark is how French is set, and no log has it.
            if words.contains('\u{202F}') && *kind != "title" {
                continue;
            }
            // What has no width is refused in every attribute.
            if words.contains('\u{200C}') && *kind == "title" {
                continue;
            }
            assert_eq!(of_native(place, &format!(" {words}")), [""; 0], "{words} in {place}");
        }
    }
    assert_eq!(of_native("when$", r"\u{441}md"), [""; 0]);
    assert_eq!(of_native("regex$", r"[a-zа-я]+ [^0-9а-яё]"), [""; 0]);
    assert_eq!(of_native("^shape$", r"[a-zа-я]+\\bслово"), [""; 0]);
    assert_eq!(of_native("when$", r"[a-zа-я]"), ["CC0141"], "only a regex has classes");
}

#[test]
fn letters_of_a_class_in_a_regex_of_a_sigma_rule() {
    for regex in ["'[a-zа-я]+\\.exe'", r"'\bслово'", "'[^a-zA-Zа-яА-Я]'"] {
        assert_eq!(of_item(&format!("CommandLine|re: {regex}")), [""; 0], "{regex}");
    }
    assert_eq!(of_item("CommandLine|re: '[a-z]+сmd'"), ["CC0141"]);
}

#[test]
fn letters_of_a_title_that_look_like_others() {
    let titled = |title: &str| {
        let text = format!(
            "title: {title}\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51\nstatus: test\ndescription: It is for this test \
             alone.\nauthor: nobody\ndate: 2026-01-15\nlogsource: {{{PROCESS}}}\ndetection:\n    s:\n        Image: a\n    \
             condition: s\nlevel: low\n"
        );
        read(&[("r.yml", text)]).iter().map(|found| found.code.id).collect::<Vec<_>>()
    };
    assert_eq!(titled("Start of сmd"), ["CC0141"]);
    for title in ["Запуск cmd", "管理者admin", "Là\u{A0}! Début", r#""Start of \u0441md""#] {
        assert_eq!(titled(title), [""; 0], "{title}");
    }
}

#[test]
fn regexes_that_nothing_reads_as_such() {
    let regexes = [
        "^cmd.*a$",
        "(?i)cmd",
        "(?:cmd)",
        r"svc\d+",
        "[a-z]+",
        "[0-9]{3}",
        r"[^\w]+",
        r"cmd\.exe$",
        ".*cmd.*",
        "a(?=b)",
    ];
    for regex in regexes {
        for key in ["CommandLine", "CommandLine|contains", "CommandLine|endswith", "User|startswith", "User|cased"] {
            assert_eq!(of_item(&format!("{key}: '{regex}'")), ["CC0140"], "{key}: {regex}");
        }
        assert_eq!(codes(PROCESS, &format!("s:\n    - '{regex}'\ncondition: s"), ""), ["CC0140"], "keyword {regex}");
        let found = of_item(&format!("CommandLine|re: '{regex}'"));
        assert!(!found.contains(&"CC0140"), "{regex}: {found:?}");
        let encoded = of_item(&format!("CommandLine|base64offset|contains: '{regex}'"));
        assert!(!encoded.contains(&"CC0140"), "{regex}: {encoded:?}");
        for operator in ["==", "!=", "contains", "starts_with", "ends_with", "like", "in"] {
            let right = if operator == "in" { format!("[r\"{regex}\", \"b\"]") } else { format!("r\"{regex}\"") };
            let found = of_native("\"when$\" or", &format!("\" or Line {operator} {right} or Line == \""));
            assert_eq!(found, ["CC0140"], "{operator} {regex}");
        }
    }
    for value in [
        r"\\server\C$",
        r"C:\data\\*.*",
        "powershell.*",
        "^",
        "c^m^d",
        "(a|b)",
        "[char]+[int]",
        "[a-z]",
        r"Select-String \d+",
        "-replace ''[a-z]+''",
        "{0}{1}{2}",
        r"findstr /r \.exe$",
    ] {
        assert_eq!(of_item(&format!("CommandLine|contains: '{value}'")), [""; 0], "{value}");
    }
}

#[test]
fn quotes_commas_and_spaces_that_were_left_over() {
    for item in [
        r"Image|startswith: 'C:\Program Files\'''",
        r#"Image|startswith: 'C:\Program Files\"'"#,
        r#"Image|endswith: '\cmd.exe"'"#,
        r"Image|endswith: '\cmd.exe'''",
        r#"Image: '"C:\Windows\cmd.exe"'"#,
        r"CommandLine|contains: '\Temp\'''",
        r#"User: 'x"'"#,
        r#"User: '"x'"#,
        "User: x'",
        "User: '“admin”'",
        "CommandLine|contains: '“-enc”'",
        "User: ‘admin",
        "User: admin,",
        "User: [admin, root]\n    CommandLine: a,",
        r"Image|endswith: '\rundll32.exe '",
        r"Image: '\rundll32.exe '",
        "CommandLine|startswith: ' cmd'",
    ] {
        assert_eq!(of_item(item), ["CC0127"], "{item}");
    }
    for item in [
        r#"CommandLine|endswith: '.exe"'"#,
        "CommandLine|endswith: '.dll'''",
        r#"CommandLine|contains: ' "eyJ0eX"'"#,
        r#"CommandLine: 'cmd.exe /c "ver"'"#,
        r#"CommandLine|startswith: '/c echo "'"#,
        r#"CommandLine|startswith: '"C:\Windows\cmd.exe" '"#,
        r"CommandLine|contains: ':\ProgramData'''",
        r#"CommandLine|contains: ' | iex\"'"#,
        "CommandLine|contains: '''BUILTIN\\'''",
        "CommandLine|contains: '.dll,'",
        r"CommandLine: 'C:\Windows\system32\userinit.exe,'",
        "CommandLine|endswith: '-0,'",
        "User: 'GnuPG’s OpenPGP tool'",
        "User: O'Brien",
        "CommandLine|contains: '\"'",
        "CommandLine|contains: '“'",
        "CommandLine|contains: 'ipmo '",
        "CommandLine|endswith: ' -x'",
        "CommandLine|endswith: 'chcp '",
        "CommandLine|endswith: 'chcp '",
        "CommandLine|re: '\"$'",
    ] {
        assert_eq!(of_item(item), [""; 0], "{item}");
    }
}

#[test]
fn several_values_in_one_string() {
    let web = |item: &str| codes("category: webserver", &format!("s:\n    {item}\ncondition: s"), "");
    for item in [
        "EventID: '4624, 4625'",
        "EventID: 4624,4625",
        "EventID: '4624;4625'",
        "EventID: 4624, 4625, 4634",
        "EventID: 4624-4634",
        "EventID: '4624 - 4634'",
        "dst_port: '80,443'",
        "dst_port: 1024-65535",
        r#"method: '["GET","POST"]'"#,
        r#"method|contains: '["a", "b"]'"#,
        "method: \"['GET', 'POST']\"",
        "method: '[GET, POST]'",
    ] {
        assert_eq!(web(item), ["CC0142"], "{item}");
    }
    for item in ["EventID: four", "EventCode: logon"] {
        assert_eq!(web(item), ["CC0609"], "{item}");
    }
    assert_eq!(web("winlog.event_id: ['4624', 'none']"), ["CC0129", "CC0609"]);
    for item in [
        "EventID: 4624",
        "EventID: '46*'",
        "EventID: ['4624', '4625']",
        "uuid: 12345678-1234-abcd-ef00-0123456789ab",
        "day|startswith: '2023-03'",
        "serial: 10-20",
        "id: 20-10",
        "text|contains: '[char]'",
        "text|contains: '[System.Net.DNS]'",
        "text: '[USER=root] [TTY=/dev/pts/0]'",
        "text|contains: '[\"install\", '",
        "name: four",
    ] {
        assert_eq!(web(item), [""; 0], "{item}");
    }
}

#[test]
fn question_marks_of_urls() {
    let web = |item: &str| codes("category: webserver", &format!("s:\n    {item}\ncondition: s"), "");
    for item in [
        "cs-uri-query|contains: 'x.php?id='",
        "cs-uri-query|contains: '?Event='",
        "cs-uri|contains: '/index.html?'",
        "cs-uri: '*/a.aspx?q=*'",
        "cs-uri|contains: 'app://?source='",
    ] {
        assert_eq!(web(item), ["CC0143"], "{item}");
    }
    for item in [
        r"cs-uri-query|contains: 'x.php\?id='",
        r"cs-uri-query|contains: '\?Event='",
        "cs-uri|contains: 'spinstall?.aspx'",
        "text|contains: 'EventCode=?462?'",
        "text|contains: '?:\\Windows\\'",
        "text|endswith: '8???'",
        r"cs-uri|re: 'x\.php?id='",
    ] {
        assert_eq!(web(item), [""; 0], "{item}");
    }
}

#[test]
fn conditions_that_mix_and_with_or() {
    let condition = |text: &str| {
        let selections = "a: {Image: a}\nb: {Image: b}\nf: {User: c}\ng: {User: d}\n";
        codes(PROCESS, &format!("{selections}condition: {text}"), "")
    };
    for text in [
        "a or b and not f or g",
        "a and b or f and g",
        "a or g or b and f",
        "g and (a or b and f)",
        "not a and b or f or g",
    ] {
        assert_eq!(condition(text), ["CC0137"], "{text}");
    }
    for text in [
        "(a or b) and not f and g",
        "a or (b and not f) or g",
        "a and b and f and g",
        "not (a or b) and (f or g)",
        "1 of a or (all of b and (f or g))",
    ] {
        assert!(!condition(text).contains(&"CC0137"), "{text}");
    }
}

#[test]
fn numbers_that_readers_of_yaml_differ_on() {
    for value in [
        "010",
        "0o17",
        "1_000",
        "0b11",
        "10:30:00",
        "12:30",
        "2024-01-01",
        "2024-01-01 10:00:00",
        "yes",
        "Off",
        "y",
        "1e3",
        "-0x1F",
        "=",
        "1.10",
        "5.",
        "007",
        "0x1210",
        "+3",
        "-0",
        "+5",
    ] {
        assert_eq!(of_item(&format!("CommandLine: {value}")), ["CC0121"], "{value}");
    }
    for part in ["contains", "startswith", "endswith"] {
        assert_eq!(of_item(&format!("CommandLine|{part}: 0x1210")), ["CC0121"], "{part}");
        assert_eq!(of_item(&format!("CommandLine|{part}: +3")), ["CC0121"], "{part}");
    }
    for value in [".inf", "-.INF", "+.Inf", ".nan", ".NaN"] {
        assert_eq!(of_item(&format!("CommandLine|endswith: {value}")), ["CC0120"], "{value}");
    }
    for value in ["-7", "4624", "1.5", "0", "plain", "'010'", "'.inf'", "10.0.0.1", "1.2.3", "4625x", "12:60", "true"] {
        assert_eq!(of_item(&format!("CommandLine: {value}")), [""; 0], "{value}");
    }
    for value in ["&chcp 65001", "&foo", "[&a x, y]", "&a !!str x"] {
        assert!(of_item(&format!("CommandLine|contains: {value}")).contains(&"CC0110"), "{value}");
    }
    assert_eq!(codes(PROCESS, "s:\n    Image: &v a\nt:\n    User: *v\ncondition: s or t", ""), [""; 0]);
    assert_eq!(of_item("CommandLine|contains: '&chcp 65001'"), [""; 0]);
}

#[test]
fn tactics_and_taxonomies() {
    let fine = "s:\n    Image: a\ncondition: s";
    let tagged = |tag: &str| codes(PROCESS, fine, &format!("tags: [{tag}]\n"));
    for tag in [
        "attack.exection",
        "attack.persistance",
        "attack.defense_evesion",
        "attack.privilege-escalaton",
        "attack.discovry",
    ] {
        assert_eq!(tagged(tag), ["CC0713"], "{tag}");
    }
    for tag in [
        "attack.execution",
        "attack.defense_evasion",
        "attack.stealth",
        "attack.t1059.001",
        "attack.g0016",
        "attack.evasion",
        "attack.impact",
    ] {
        assert_eq!(tagged(tag), [""; 0], "{tag}");
    }
    // Two ways of writing one tag are one tag, so that no fix of one makes it equal to the other.
    for (tags, wanted) in [
        ("attack.t1059, attack.T1059", &["CC0715"][..]),
        ("attack.t1059, T1059", &["CC0715"]),
        ("attack.T1059, attack.t1059", &["CC0713", "CC0715"]),
        ("attack.t1059, attack.t1059.001", &[]),
    ] {
        assert_eq!(tagged(tags), wanted, "{tags}");
    }
    assert_eq!(codes(PROCESS, fine, "taxonomy: ecs\n"), ["CC0727"]);
    assert_eq!(codes(PROCESS, fine, "taxonomy: sigma\n"), [""; 0]);
}

#[test]
fn all_over_a_list_contradicts_nothing() {
    assert_eq!(of_item("User|all: [a, b]"), ["CC0610"]);
    assert_eq!(of_item("Words|all: [a, b]"), [""; 0]);
    assert_eq!(of_item("Words|contains|all: [a, b]"), [""; 0]);
}

const RULE: &str = "title: A rule to be filtered\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51\nname: one\nlogsource: {category: \
                    process_creation, product: windows}\ndetection:\n    s: {Image: a}\n    condition: s\n";

/// What is found in a document beside a rule, but for notes on metadata and that it is not run.
fn beside(document: &str) -> Vec<&'static str> {
    let found = read(&[("r.yml", RULE.to_owned()), ("s.yml", document.to_owned())]);
    let found = found.iter().filter(|found| found.source.name() == "s.yml");
    found.map(|found| found.code.id).filter(|code| !["CC0119", "CC0704"].contains(code)).collect()
}

fn filter(logsource: &str, item: &str, rule: &str) -> Vec<&'static str> {
    beside(&format!(
        "title: A filter for this test\nlogsource: {{{logsource}}}\nfilter:\n    rules: [{rule}]\n    s: {{{item}}}\n    condition: not s\n"
    ))
}

#[test]
fn filters_are_checked_as_rules_are() {
    assert_eq!(filter(PROCESS, "User: x", "one"), [""; 0]);
    assert_eq!(filter("product: windows", "User: x", "one"), [""; 0], "a wider log source");
    for (item, code) in [
        ("'Address|cidr': 10.0.0.0/33", "CC0120"),
        ("'Address|cidr': nowhere", "CC0120"),
        ("'Image|re': '(?=a)'", "CC0501"),
        ("'Image|contians': x", "CC0117"),
        ("Usr: x", "CC0202"),
        ("Count: x", "CC0302"),
        ("'Count|gt': x", "CC0120"),
        ("'Image|fieldref': Imag", "CC0202"),
        ("User: '\u{200B}x'", "CC0127"),
    ] {
        assert_eq!(filter(PROCESS, item, "one"), [code], "{item}");
    }
    assert_eq!(filter("category: webserver", "User: x", "one"), ["CC0211"]);
    assert_eq!(filter("category: process_creation, product: linux", "User: x", "one"), ["CC0201", "CC0211"]);
    assert_eq!(filter(PROCESS, "User: x", "two"), ["CC0208"]);
}

fn correlation(rules: &str, group: &str, condition: &str, more: &str) -> Vec<&'static str> {
    beside(&format!(
        "title: A correlation for this test\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f52\nname: two\ncorrelation:\n    type: event_count\n    \
         rules: [{rules}]\n    group-by: [{group}]\n    timespan: 5m\n    condition: {{{condition}}}\n{more}"
    ))
}

#[test]
fn correlations_are_checked_beside_their_rules() {
    assert_eq!(correlation("one", "User", "gte: 5", ""), [""; 0]);
    assert_eq!(correlation("6F0C8F1A-7D0B-4F0E-9A38-0D6F3C7E1F51", "User", "gte: 5", ""), [""; 0]);
    assert_eq!(correlation("oen", "User", "gte: 5", ""), ["CC0208"]);
    assert_eq!(correlation("one", "Usr", "gte: 5", ""), ["CC0202"]);
    assert_eq!(correlation("6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51", "User, Nothing", "gte: 5", ""), ["CC0202"]);
    assert_eq!(correlation("one", "who", "gte: 5", "    aliases: {who: {one: User}}\n"), [""; 0]);
    assert_eq!(correlation("one", "who", "gte: 5", "    aliases: {who: {one: Usr}}\n"), ["CC0202"]);
    for rules in ["two", "one, two", "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f52"] {
        assert_eq!(correlation(rules, "User", "gte: 5", ""), ["CC0706"], "{rules}");
    }
    for bounds in
        ["gte: 5, lte: 3", "gt: 5, lt: 6", "gt: 5, lte: 5", "eq: 5, gte: 6", "eq: 5, neq: 5", "gt: 4.5, lt: 5"]
    {
        assert_eq!(correlation("one", "User", bounds, ""), ["CC0706"], "{bounds}");
    }
    for bounds in ["gte: 5, lte: 5", "gt: 5, lt: 7", "gte: 3, lte: 5", "eq: 5", "gte: 5, neq: 6"] {
        assert_eq!(correlation("one", "User", bounds, ""), [""; 0], "{bounds}");
    }
    for timespan in ["5", "5 m", "0m", "1.5h", "5min", "m", "-5m", "PT5M"] {
        let text = format!(
            "title: A correlation for this test\ncorrelation:\n    type: event_count\n    rules: [one]\n    group-by: [User]\n    timespan: \
             {timespan}\n    condition: {{gte: 5}}\n"
        );
        assert_eq!(beside(&text), ["CC0706"], "{timespan}");
    }
}

/// Correlations that go round are found however many take part, and those that only lead to others are not.
#[test]
fn correlations_that_need_each_other() {
    let document = |name: &str, rules: &str| {
        format!(
            "title: Correlation {name}\nname: {name}\ncorrelation:\n    type: temporal\n    rules: [{rules}]\n    group-by: [User]\n    timespan: 5m\n"
        )
    };
    let found = |documents: &[(&str, &str)]| -> Vec<String> {
        let text: Vec<String> = documents.iter().map(|(name, rules)| document(name, rules)).collect();
        let found = read(&[("r.yml", RULE.to_owned()), ("s.yml", text.join("---\n"))]);
        let found = found.iter().filter(|found| found.code.id == "CC0706");
        found.map(|found| found.source.slice(found.span).to_owned()).collect()
    };
    assert_eq!(found(&[("b", "one"), ("c", "b"), ("d", "c, one")]), [""; 0]);
    assert_eq!(found(&[("b", "c"), ("c", "b")]), ["c", "b"]);
    assert_eq!(found(&[("b", "one, c"), ("c", "d"), ("d", "b"), ("e", "one")]), ["c", "d", "b"]);
}

/// A value, as an event has it, and one of the ways to write it.
fn spelt() -> impl Strategy<Value = (u8, usize)> {
    (0_u8..6, 0_usize..4)
}

/// How often a value is there that was there before.
fn repeated(values: &[(u8, usize)]) -> usize {
    let distinct: std::collections::HashSet<u8> = values.iter().map(|(value, _)| *value).collect();
    values.len() - distinct.len()
}

fn listed(values: &[(u8, usize)], write: impl Fn(u8, usize) -> String) -> String {
    values.iter().map(|(value, how)| write(*value, *how)).collect::<Vec<_>>().join(", ")
}

fn number(value: u8, how: usize) -> String {
    let number = 4000 + u32::from(value);
    [format!("{number}"), format!("0x{number:x}"), format!("0x{number:X}"), format!("0x0{number:x}")]
        .into_iter()
        .nth(how)
        .unwrap_or_default()
}

fn address(value: u8, how: usize) -> String {
    [
        format!("fd00::{value}"),
        format!("FD00::{value}"),
        format!("fd00:0::{value}"),
        format!("fd00:0:0:0:0:0:0:{value}"),
    ]
    .into_iter()
    .nth(how)
    .unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Numbers, addresses, networks, bytes and strings are the same by what they are, whatever they are written like.
    #[test]
    fn a_value_that_is_in_a_list_before_is_told_once(values in proptest::collection::vec(spelt(), 1..8)) {
        let bytes = |value: u8, how: usize| ["hex\"AB0{}\"", "hex\"ab0{}\"", "hex\"Ab 0{}\"", "hex\"aB 0{}\""][how].replace("{}", &value.to_string());
        let text = |value: u8, how: usize| [format!("\"a{value}\""), format!("r\"a{value}\""), format!("\"\\x61{value}\""), format!("\"\\u{{61}}{value}\"")][how].clone();
        let cases = [
            ("n in", listed(&values, number)),
            ("t in", listed(&values, text)),
            ("t contains all", listed(&values, text)),
            ("b in", listed(&values, bytes)),
            ("i in", listed(&values, |value, how| format!("\"{}\"", address(value, how)))),
            ("i cidr", listed(&values, |value, how| format!("\"{}/128\"", address(value, how)))),
        ];
        for (operator, list) in cases {
            for declared in [false, true] {
                let (before, right) = match declared {
                    true => (format!("list words = [{list}]\n"), "words".to_owned()),
                    false => (String::new(), format!("[{list}]")),
                };
                // Used twice, a list is told of once.
                let rules: String = (0..2).map(|rule| format!(
                    "rule r{rule} {{\n id: \"6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f5{rule}\"\n template: acme.values @ 1\n severity: low\n \
                     when {operator} {right} or n == {rule}\n}}\n"
                )).take(if declared { 2 } else { 1 }).collect();
                let template = "template acme.values @ 1 {\n 1 n : int\n 2 t : string\n 3 b : bytes\n 4 i : ip\n}\n";
                let all = vec![(Source::new("a.content", format!("{template}{before}{rules}")), Language::Native)];
                let judged = Gathered::of(all).check(&Checking::default()).judge();
                let found: Vec<_> = judged.findings().iter().map(|found| found.code.id).collect();
                prop_assert_eq!(&found, &vec!["CC0605"; repeated(&values)], "{} {}", operator, list);
            }
        }
        if values.len() > 1 {
            for (key, list) in [
                ("Count", listed(&values, number)),
                ("Address|cidr", listed(&values, |value, how| format!("'{}/128'", address(value, how)))),
                ("Image", listed(&values, |value, how| format!("'{}{value}'", if how % 2 == 0 { 'a' } else { 'A' }))),
            ] {
                prop_assert_eq!(of_item(&format!("{key}: [{list}]")), vec!["CC0605"; repeated(&values)], "{}", list);
            }
        }
    }
}

#[test]
fn a_boolean_that_is_in_a_list_before_is_told() {
    assert!(of_item("User: [true, TRUE]").contains(&"CC0605"));
    assert!(!of_item("User: [true, false]").contains(&"CC0605"));
}

#[test]
fn what_another_use_of_a_list_tells_apart_is_none_twice() {
    let rule = |list: &str| {
        let text = format!(
            "template acme.values @ 1 {{\n 1 t : string nocase\n}}\nlist words = [\"a\", \"A\"]\nrule r {{\n id: \
             \"6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51\"\n template: acme.values @ 1\n severity: low\n when t in {list} or t \
             contains words\n}}\n"
        );
        let all = vec![(Source::new("a.content", text), Language::Native)];
        let judged = Gathered::of(all).check(&Checking::default()).judge();
        judged.findings().iter().map(|found| found.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(rule("[\"b\", \"B\"]"), ["the value `\"B\"` appears twice, first as `\"b\"`"]);
    assert_eq!(rule("words"), [""; 0]);
}

/// The code and the help of each finding on an item.
fn helps(template: &str, logsource: &str, item: &str) -> Vec<String> {
    let text = format!(
        "title: A rule for this test\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51\nstatus: test\ndescription: It is for this test \
         alone.\nauthor: nobody\ndate: 2026-01-15\nlogsource: {{{logsource}}}\ndetection:\n    s:\n        {item}\n    condition: s\nlevel: low\n"
    );
    let all =
        vec![(Source::new("a.content", template), Language::Native), (Source::new("r.yml", text), Language::Sigma)];
    let judged = Gathered::of(all).check(&Checking::default()).judge();
    let said = |one: &Finding| format!("{} {}", one.code.id, one.help.clone().unwrap_or_default());
    judged.findings().iter().filter(|one| one.code.id != "CC0704").map(said).collect()
}

#[test]
fn an_option_with_a_space_is_looked_for_with_contains() {
    let found = helps(TEMPLATES, PROCESS, "CommandLine: [' -dhl', '--ntds-file', 'whoami']");
    let spaced =
        "CC0127 write `CommandLine|contains`; without the space it is compared in the same way, and matches as little";
    assert_eq!(found, [spaced, "CC0127 write `CommandLine|contains`, as for the values beside it"]);
    // Without such a neighbour nothing shows that it is no whole value.
    assert_eq!(helps(TEMPLATES, PROCESS, "CommandLine: ['--ntds-file', 'whoami']"), [""; 0]);
    let path = helps(TEMPLATES, PROCESS, "Image|startswith: ' C:\\Program Files\\'");
    assert_eq!(path, ["CC0127 remove the space, or use `contains` if a part is meant"]);
}

#[test]
fn the_question_mark_of_a_query_that_has_none_is_left_out() {
    let web = |item: &str| helps(TEMPLATES, "category: webserver", item).join("\n");
    let query = web("cs-uri-query|contains: '?doAs='");
    assert!(query.starts_with("CC0143 ") && query.contains("write `doAs=`; where"), "{query}");
    let page = web("c-uri-query|contains: 'a.php?id='");
    assert!(page.contains("write `id=`, and look for what is before it in `cs-uri-stem`"), "{page}");
    let other = web("c-uri|contains: 'a.php?id='");
    assert_eq!(other, "CC0143 write `\\?` for the question mark of a URL");
}

#[test]
fn remedies_say_what_to_write() {
    let star = helps(TEMPLATES, PROCESS, r"CommandLine: 'C:\temp\*.bin'").join("\n");
    assert!(
        star.contains(r"write `\\*`, for a backslash and a star `\\\*`; as it stands it is a star without"),
        "{star}"
    );
    let empty = helps(TEMPLATES, PROCESS, "CommandLine|contains: ['abc', '']").join("\n");
    assert!(empty.contains("CC0607 remove the empty value"), "{empty}");
    let own = "template acme.process @ 1 {
    serves { product: \"windows\", category: \"process_creation\" }
    reads { Provider_Name: \"Acme\", EventID: 1 }
    1 Image : string nocase
}
";
    let provider = helps(own, PROCESS, "Provider_Name: ['Acme', 'Kernel']").join("\n");
    assert!(provider.starts_with("CC0609 the template types for"), "{provider}");
    assert!(provider.contains("recognise events of `Acme` alone") && provider.contains("declare a template type"));
    let number = helps(own, PROCESS, "EventID: [1, 2]").join("\n");
    assert_eq!(number, "CC0609 correct the value or the log source");
}

#[test]
fn what_every_value_matches_is_told_in_whatever_form_it_is_written() {
    let mut everything: Vec<String> = vec![
        "User: '*'".into(),
        "User: '**'".into(),
        "User|base64offset|contains: 'e'".into(),
        "User|base64offset|contains: 7".into(),
        "User|base64offset|contains: ['evil.exe', 'e']".into(),
        "User|base64|contains: ''".into(),
        "User|windash|contains: ''".into(),
    ];
    for part in ["contains", "startswith", "endswith", "contains|cased"] {
        everything.extend([format!("User|{part}: ''"), format!("User|{part}: ['evil', '']")]);
    }
    for empty in
        ["evil|", "|evil", "(evil|bad|)", "(evil)*", "(?:evil)?", "^", "$", "", ".*", "a{0,3}", "(?s)^.*$", "x*$"]
    {
        // With `m` a `^` before what may be empty is refused.
        for modifiers in ["re", "re|i", "re|m", "re|s"].into_iter().filter(|of| *of != "re|m" || !empty.contains("^."))
        {
            everything.push(format!("User|{modifiers}: '{empty}'"));
            everything.push(format!("User|{modifiers}: ['evil', '{empty}']"));
        }
    }
    for item in everything {
        assert!(of_item(&item).contains(&"CC0607"), "{item}: {:?}", of_item(&item));
        let native = item.strip_prefix("User|re: '").and_then(|regex| regex.strip_suffix('\''));
        if let Some(regex) = native {
            assert!(native_codes(&format!("line matches r\"{regex}\"")).contains(&"CC0607"), "{regex}");
        }
    }
    for item in [
        "User|re: 'evil|bad'",
        "User|re: '^$'",
        "User|re: '(evil)+'",
        "User|re: '^.*$'",
        "User|base64offset|contains: 'ev'",
        "User|base64|contains: 'e'",
        "User: ''",
        "User: '*a'",
        "User: '?'",
    ] {
        assert!(!of_item(item).contains(&"CC0607"), "{item}: {:?}", of_item(item));
    }
    for keywords in ["['evil', '']", "['']", "''", "['evil', '*']"] {
        let found = codes(PROCESS, &format!("s:\n    User: x\nk: {keywords}\ncondition: s and k"), "");
        assert!(found.contains(&"CC0607"), "{keywords}: {found:?}");
    }
}

/// What is found in a native rule with a condition.
fn native_codes(condition: &str) -> Vec<&'static str> {
    let text = format!(
        "template t.process @ 1 {{ 1 line: string? 2 words: list<string>? 3 pid: int }}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f0001\"\n    \
         template: t.process @ 1\n    severity: low\n    when pid == 4 and {condition}\n}}\n"
    );
    let all = vec![(Source::new("a.content", text), Language::Native)];
    let judged = Gathered::of(all).check(&Checking::default()).judge();
    judged.findings().iter().map(|found| found.code.id).collect()
}

#[test]
fn a_path_that_is_written_into_a_regex_as_it_is_is_told() {
    for path in [
        r"C:\Windows\System32\cmd.exe",
        r"\Device\HarddiskVolume",
        r"\bin\sh",
        r"\system32\drivers\foo.sys",
        r"^C:\Windows\\Temp",
    ] {
        assert_eq!(of_item(&format!("Image|re: '{path}'")), ["CC0147"], "{path}");
        assert!(native_codes(&format!("line matches r\"{path}\"")).contains(&"CC0147"), "{path}");
        let doubled = path.replace(r"\\", r"\").replace('\\', r"\\");
        assert_eq!(of_item(&format!("Image|re: '{doubled}'")), [""; 0], "{doubled}");
        assert!(!native_codes(&format!("line matches r\"{doubled}\"")).contains(&"CC0147"), "{doubled}");
    }
    assert_eq!(of_item(r"Image|re: 'C:\\\\Windows\\\\.+x'"), ["CC0147"]);
    // JSON in a command line has two.
    assert_eq!(of_item(r"CommandLine|re: 'C:\\\\Windows\\\\.+x'"), [""; 0]);
    for refused in [r"\AppData\Roaming\.+x", r"C:\Windows\System32\printui.exe", r"C:\Users\x", r"C:\Temp\a"] {
        let told = helps(TEMPLATES, PROCESS, &format!("Image|re: '{refused}'")).join("\n");
        assert!(told.contains(r"for a backslash, as in a path, write `\\`"), "{refused}: {told}");
    }
}

#[test]
fn a_share_that_begins_with_one_backslash_is_told() {
    for value in [r"\\10.0.0.1\share\", r"\\server\c$", r"\\.\pipe\x", r"\\server\\share"] {
        for key in ["Image|startswith", "Image", "CommandLine|startswith"] {
            assert_eq!(of_item(&format!("{key}: '{value}x'")), ["CC0126"], "{key} {value}");
        }
        assert_eq!(of_item(&format!("CommandLine|contains: '{value}x'")), [""; 0], "{value}");
        assert_eq!(of_item(&format!(r"Image|startswith: '\\{value}x'")), [""; 0], "{value}");
    }
    for value in [r"\\*\IPC$", r"\\evil", r"\evil\x.exe"] {
        assert!(!of_item(&format!("CommandLine|startswith: '{value}'")).contains(&"CC0126"), "{value}");
    }
}

const TYPES: &str = "template acme.t @ 1 {
    serves { product: \"windows\", category: \"process_creation\" }
    1 n : int
    2 f : float
    3 by : bytes
    4 s : string?
    5 l : list<string>?
}
";

#[test]
fn a_value_in_quotes_is_converted_to_the_type_of_its_field() {
    let told = |item: &str| helps(TYPES, PROCESS, item);
    for item in
        ["n: 4.0", "n: '4'", "n: '0x10'", "f: '1.5'", "f: '2'", "f: 2", "by: 'b705e9'", "by: ['00', 'FF01']", "n|gt: 4"]
    {
        assert_eq!(told(item), [""; 0], "{item}");
    }
    for (item, code, help) in [
        ("s: 4.0", "CC0121", "quote it"),
        ("n: 4.5", "CC0302", "write a number"),
        ("f: 'x'", "CC0302", "write a number"),
        ("by: 'b70'", "CC0302", "pairs of hexadecimal digits"),
        ("by: 'evil'", "CC0302", "pairs of hexadecimal digits"),
        ("n|gt: 9223372036854775807", "CC0120", "the number that is meant"),
        ("n|lt: -9223372036854775808", "CC0120", "the number that is meant"),
        ("s|gt: 5", "CC0304", "a field that is a number"),
        ("l|lte: 5", "CC0304", "a field that is a number"),
    ] {
        let told = told(item);
        assert!(told.iter().any(|said| said.starts_with(code) && said.contains(help)), "{item}: {told:?}");
    }
    for item in ["n|gte: 9223372036854775807", "n|lte: -9223372036854775808", "f|gt: 5"] {
        assert_eq!(told(item), [""; 0], "{item}");
    }
}

#[test]
fn an_empty_list_is_there_and_has_no_element() {
    let found = |item: &str| read(&[("r.yml", rule_of(PROCESS, item))]);
    for item in ["Words: '*'", "Words|contains: ''", "Words|re: '.*'", "Words|endswith: ['a', '']"] {
        let found = found(item);
        let star = found.iter().find(|found| found.code.id == "CC0607").unwrap_or_else(|| panic!("{item}: {found:?}"));
        assert!(star.fix.is_none() && star.message.contains("every element"), "{star:?}");
        assert!(found.iter().all(|found| found.code.id != "CC0602"), "{item}: {found:?}");
    }
    let exists = found("Words|exists: true");
    assert!(exists.iter().all(|found| found.code.id != "CC0607"));
    let presence = found("User: '*'");
    assert!(presence.iter().any(|found| found.code.id == "CC0607" && found.fix.is_some()), "{presence:?}");
}

#[test]
fn no_fix_writes_a_key_that_is_there() {
    for (items, code) in [
        ("User: '*'\n    User|exists: true", "CC0607"),
        ("User|re: '.*'\n    User|exists: false", "CC0607"),
        ("CommandLine|contains: 'a'\n    CommandLine|contains|all: 'b'", "CC0124"),
        ("User: 'a'\n    User|all: 'b'", "CC0124"),
    ] {
        let found = read(&[("r.yml", rule_of(PROCESS, items))]);
        let told = found.iter().filter(|found| found.code.id == code);
        assert!(told.clone().count() > 0, "{items}: {found:?}");
        assert!(told.clone().all(|found| found.fix.is_none()), "{items}: {found:?}");
    }
}

#[test]
fn a_last_value_without_a_line_end_may_be_cut_off() {
    let rule = |status: &str, end: &str| {
        let text = format!(
            "title: A rule for this test\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51\nstatus: {status}\ndescription: It is for this \
             test alone.\nauthor: nobody\ndate: 2026-01-15\nlevel: low\nlogsource: {{{PROCESS}}}\ndetection:\n    condition: \
             s\n    s:\n        CommandLine|contains{end}"
        );
        let found = read(&[("r.yml", text)]);
        found.iter().map(|found| found.code.id).collect::<Vec<_>>()
    };
    for cut in [": abc", ":\n        - abc\n        - de", ": |-\n            abc"] {
        assert_eq!(rule("test", cut), ["CC0144"], "{cut:?}");
        assert_eq!(rule("test", &format!("{cut}\n")), [""; 0], "{cut:?}");
        assert_eq!(rule("test", &format!("{cut}\r\n")), [""; 0], "{cut:?}");
    }
    for whole in [": 'abc'", ": abc # why", ": [abc, de]", ": abc\nlevel: low"] {
        let found = rule("test", whole);
        assert!(!found.contains(&"CC0144"), "{whole:?} {found:?}");
    }
    assert_eq!(rule("unsupported", ": abc\n"), ["CC0728"]);
}

/// A file in which nothing is left of a rule, and documents of which nothing is.
#[test]
fn what_holds_nothing_is_told() {
    let codes = |text: &str| -> Vec<&str> {
        let sources = vec![
            (
                Source::new("t.content", "template t @ 1 {\n    serves { category: \"x\" }\n    1 a : string\n}\n"),
                Language::Native,
            ),
            (Source::new("r.yml", text), Language::Sigma),
        ];
        let judged = Gathered::of(sources).check(&Checking::default()).judge();
        judged.findings().iter().map(|found| found.code.id).filter(|code| *code == "CC0102").collect()
    };
    const RULE: &str =
        "title: A rule\nlogsource:\n    category: x\ndetection:\n    s:\n        a: 1\n    condition: s\n";
    let comment: String = RULE.lines().map(|line| format!("# {line}\n")).collect();
    for nothing in ["---", "---\n", "null\n", "~\n", "--- null\n", "---\n---\n", "---\n# c\n", "--- # c\n---\n"] {
        assert_eq!(codes(nothing), ["CC0102"], "{nothing:?}");
    }
    assert_eq!(codes(&format!("---\n{comment}")), ["CC0102"]);
    for (text, found) in [
        (format!("{RULE}---\n{comment}"), &["CC0102"][..]),
        (format!("{RULE}---\n{comment}---\n{RULE}"), &["CC0102"]),
        (format!("{RULE}---\nnull\n"), &["CC0102"]),
        (format!("{RULE}---\n"), &[]),
        (format!("---\n{RULE}"), &[]),
        (format!("# License\n---\n{RULE}...\n"), &[]),
        (format!("{RULE}---\n# the end\n"), &[]),
        (format!("{RULE}---\n---\n{RULE}"), &[]),
    ] {
        assert_eq!(codes(&text), found, "{text}");
    }
}

/// A value that takes in what stands below it, and one that a comment cuts.
#[test]
fn a_value_that_ends_elsewhere_than_it_seems_to_is_told() {
    let found = |value: &str| -> Vec<(&'static str, bool)> {
        let text = format!(
            "title: A rule\nlogsource:\n    category: x\ndetection:\n    s:\n        a|contains:\n{value}    condition: s\n"
        );
        let sources = vec![
            (
                Source::new("t.content", "template t @ 1 {\n    serves { category: \"x\" }\n    1 a : string\n}\n"),
                Language::Native,
            ),
            (Source::new("r.yml", text), Language::Sigma),
        ];
        let judged = Gathered::of(sources).check(&Checking::default()).judge();
        let of = judged.findings().iter().filter(|found| matches!(found.code.id, "CC0145" | "CC0110"));
        of.map(|found| (found.code.id, found.severity == contentcheck_model::diagnostic::Severity::Error)).collect()
    };
    let item = |lines: &[&str]| lines.iter().map(|line| format!("            {line}\n")).collect::<String>();
    for deeper in ["  - two", "    - two", " - two", "  - 'two'", "  -  two", "\n              - two"] {
        let lines = item(&["- one", deeper, "- three"]);
        assert_eq!(found(&lines), [("CC0145", true)], "{lines}");
    }
    for folded in [&["- >-", "  one", "  - two"][..], &["- >", "  - one", "  - two"]] {
        assert_eq!(found(&item(folded)), [("CC0145", true)], "{folded:?}");
    }
    for warned in [&["- one", "  two"][..], &["- 'one", "  two'"], &["- net user #admin"], &["- one #2"]] {
        assert_eq!(found(&item(warned)), [("CC0145", false)], "{warned:?}");
    }
    for fine in [
        &["- one", "- two"][..],
        &["- one # a comment"],
        &["- one # "],
        &["- one #translates a name to another"],
        &["- 'one #two'"],
        &["- a#b"],
        &["- |", "  one", "  - two"],
        &["- >-", "  one", "  two - three"],
        &["- one ## section"],
    ] {
        assert_eq!(found(&item(fine)), [], "{fine:?}");
    }
}

/// Native values at whose edges a space is compared, and regexes in the slashes of other languages.
#[test]
fn spaces_and_slashes_that_are_compared_are_told() {
    let codes = |condition: &str| -> Vec<&str> {
        let text = format!(
            "template t @ 1 {{\n    1 a : string\n}}\nrule r {{\n    id: \"0e95725d-7320-415d-80f7-000000000001\"\n    template: t @ 1\n    severity: low\n    when {condition}\n}}\n"
        );
        let sources = vec![(Source::new("r.content", text), Language::Native)];
        let judged = Gathered::of(sources).check(&Checking::default()).judge();
        let of = judged.findings().iter().map(|found| found.code.id);
        of.filter(|code| matches!(*code, "CC0127" | "CC0140")).collect()
    };
    for told in ["a == \"x \"", "a == \" x\"", "a in [\"x \", \"y\"]", "a starts_with \" x\"", "a != \"x \""] {
        assert_eq!(codes(told), ["CC0127"], "{told}");
    }
    for fine in ["a == \"x y\"", "a contains \" x \"", "a ends_with \"x \"", "a starts_with \"x \"", "a == \" \""] {
        assert_eq!(codes(fine), [""; 0], "{fine}");
    }
    for told in ["/evil/i", "/a.b/gi", "/(a|b)/im"] {
        assert_eq!(codes(&format!("a matches \"{told}\"")), ["CC0140"], "{told}");
    }
    for fine in ["/usr/bin", "/tmp/x", "/etc/", "a/b/i", "/a/b"] {
        assert_eq!(codes(&format!("a matches \"{fine}\"")), [""; 0], "{fine}");
    }
}
