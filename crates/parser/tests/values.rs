//! Values, names and conditions that look like something else than they are: tables of what is found, and of what is
//! meant and is not.

mod characters;
mod dependents;
mod ends;
mod repeated;

use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Finding, Gathered};

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
