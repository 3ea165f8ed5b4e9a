//! A rule with a part that could not be read is not among the rules of the content: every kind of such a part,
//! at every place of a rule, each beside a control that is the same but for the part.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;

use contentcheck_model::diagnostic::{Severity, codes};
use contentcheck_model::language::Language;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Finding, Gathered, Judged, Level, Policy, WithErrors};
use proptest::prelude::*;

const TEMPLATES: &str = "template acme.process @ 1 {
    serves { product: \"windows\", category: \"process_creation\" }
    1 Image       : string nocase
    2 CommandLine : string nocase
    3 Count       : int
    4 Flag        : bool
    5 Ratio       : float
    6 Address     : ip
    7 Words       : list<string>
}
";

/// The titles of the rules that count as read, and what was found.
fn read(sources: &[(&str, String, Language)]) -> (Vec<String>, Vec<Finding>) {
    let mut all = vec![(Source::new("a.content", TEMPLATES), Language::Native)];
    all.extend(sources.iter().map(|(name, text, language)| (Source::new(*name, text.clone()), *language)));
    let judged = Gathered::of(all.clone()).check(&Checking::default()).judge();
    let read: Vec<String> = judged.checked().rules().iter().map(|rule| rule.title.clone()).collect();
    // No setting brings back what could not be read.
    let mut policy = Policy::default();
    for code in codes::all().filter(|code| code.is_acceptable()) {
        policy.set(code.id, Level::Off).unwrap();
    }
    let silent = Gathered { policy, ..Gathered::of(all) }.check(&Checking::default()).judge();
    let mut ships: Vec<String> =
        silent.ship(WithErrors::LeaveOut).unwrap().rules().iter().map(|of| of.title.clone()).collect();
    // What is known by what another rule is known by does not ship under any settings.
    let is_known_twice = |rule: &CheckedRule| {
        let of_it =
            |found: &&Finding| found.source.is(&rule.source) && rule.extent.range().contains(&found.span.range().start);
        judged.findings().iter().filter(of_it).any(|found| found.code.id == codes::DUPLICATE_ID.id)
    };
    let rules = judged.checked().rules();
    let mut sorted: Vec<String> =
        rules.iter().filter(|rule| !is_known_twice(rule)).map(|rule| rule.title.clone()).collect();
    ships.sort();
    sorted.sort();
    assert_eq!(ships, sorted, "settings change what ships");
    let unread = |judged: &Judged| {
        let rules = judged.checked().rules();
        for out in judged.left_out() {
            let read = rules.iter().any(|rule| rule.source.is(&out.source) && rule.extent == out.extent);
            assert_eq!(out.is_read, read, "{out:?}");
        }
        judged.left_out().iter().filter(|out| !out.is_read).count()
    };
    assert_eq!(unread(&judged), unread(&silent), "settings change what counts as read");
    if unread(&silent) > 0 {
        assert!(silent.ship(WithErrors::Refuse).is_err(), "a rule is left out without a word");
        assert!(silent.errors().next().is_some(), "nothing says why");
    }
    (read, judged.findings().to_vec())
}

fn sigma(text: String) -> (Vec<String>, Vec<Finding>) {
    read(&[("r.yml", text, Language::Sigma)])
}

fn native(text: String) -> (Vec<String>, Vec<Finding>) {
    read(&[("r.content", text, Language::Native)])
}

fn is_error(found: &Finding) -> bool {
    found.severity == Severity::Error
}

/// Holds that the rule was read, or that it was not and an error says so.
fn expect(read: &(Vec<String>, Vec<Finding>), wanted: &[&str], text: &str) {
    let (rules, found) = read;
    assert_eq!(rules, wanted, "{found:#?}\n{text}");
    assert!(
        !wanted.is_empty() || found.iter().any(|found| is_error(found) && !found.source.name().starts_with("a.")),
        "no error says why the rule was not read\n{text}"
    );
}

/// Items that cannot be read, as entries of a flow mapping.
fn unread_items() -> Vec<String> {
    let many = "a*".repeat(100);
    let mut items: Vec<String> = [
        "'CommandLine|windahs': ' -a'",
        "'CommandLine|re|windash': ' -a'",
        "'CommandLine|contains|startswith': a",
        "'CommandLine|contains|contains': a",
        "'CommandLine|utf16': a",
        "'CommandLine|neq|exists': true",
        "'CommandLine|': a",
        "'CommandLine|re': '('",
        "'CommandLine|re': [a, '[']",
        "'CommandLine|re': '(a)\\1'",
        "'CommandLine|re': '(?:.*=.*)*x'",
        "'CommandLine|re': null",
        "'Address|cidr': 10.0.0.0/99",
        "'Address|cidr': [10.0.0.0/8, nowhere]",
        "'Count|gt': many",
        "'Count|gt': [1, 2]",
        "'Count|lt': null",
        "'CommandLine|exists': maybe",
        "'CommandLine|exists': [true, false]",
        "'CommandLine|exists': null",
        "'CommandLine|hour': 24",
        "'CommandLine|minute': noon",
        "'CommandLine|fieldref': 7",
        "'CommandLine|fieldref': Words",
        "'CommandLine|fieldref': Nowhere",
        "'CommandLine|contains': null",
        "'CommandLine|contains': [a, null]",
        "CommandLine: []",
        "CommandLine: {}",
        "CommandLine: {a: b}",
        "CommandLine: [[a]]",
        "CommandLine: [a, [b]]",
        "CommandLine: [a, {b: c}]",
        "CommandLine: 99999999999999999999999",
        "CommandLine: [a, 99999999999999999999999]",
        "'CommandLine|base64': 'a*b'",
        "'CommandLine|base64offset|contains': [a, 'b?c']",
        "CommndLine: a",
        "'Nowhere|exists': true",
        "Count: abc",
        "Count: [1, abc]",
        "Count: true",
        "Flag: 7",
        "'Flag|contains': t",
        "'Flag|gt': 1",
        "Address: somewhere",
        "'Ratio|contains': '1'",
        "Ratio: '1*'",
        "? [a, b] : c",
        "CommandLine: a, CommandLine: b",
    ]
    .map(str::to_owned)
    .into();
    items.push(format!("CommandLine: '{many}'"));
    items.push(format!("Count: '{many}'"));
    items
}

/// Whole selections that cannot be read.
const UNREAD_SELECTIONS: &[&str] = &[
    "{}",
    "[]",
    "~",
    "",
    "[[a]]",
    "[a, [b]]",
    "[{Image: a}, {}]",
    "[{Image: a}, []]",
    "[99999999999999999999999]",
    "[a, 99999999999999999999999]",
    "99999999999999999999999",
];

/// Selections with an item in them, by what stands around it.
const SELECTIONS: &[fn(&str) -> String] = &[
    |item| format!("{{{item}}}"),
    |item| format!("{{Image: x, {item}}}"),
    |item| format!("{{{item}, Image: x}}"),
    |item| format!("[{{{item}}}, {{Image: y}}]"),
    |item| format!("[{{Image: y}}, {{Image: z, {item}}}]"),
    |item| format!("[word, {{{item}}}]"),
];

const CONDITIONS: &[&str] = &[
    "part",
    "part and good",
    "good and part",
    "part or good",
    "good or part",
    "not part",
    "good and not part",
    "not part or good",
    "good and not (other or part)",
    "(good or not (other and not part)) and other",
    "good",
    "good or other",
    "1 of them",
    "all of them",
    "1 of part*",
    "all of p*",
    "good and not 1 of part*",
    "1 of g* or all of part*",
    "[good, part]",
    "[part, good]",
    "[good, other]",
];

fn rule(title: &str, part: &str, condition: &str) -> String {
    let condition = if condition.starts_with('[') { condition.to_owned() } else { format!("'{condition}'") };
    format!(
        "title: {title}\nlogsource: {{product: windows, category: process_creation}}\ndetection:\n    good: {{Image: g}}\n    \
         other: {{Image: o}}\n    part: {part}\n    condition: {condition}\n"
    )
}

#[test]
fn an_item_that_cannot_be_read_leaves_no_rule() {
    for selection in SELECTIONS {
        for condition in CONDITIONS {
            let control = rule("control", &selection("'CommandLine|contains': a"), condition);
            expect(&sigma(control.clone()), &["control"], &control);
        }
    }
    for item in unread_items() {
        for selection in SELECTIONS {
            // All conditions in one run, each in a file of its own.
            let texts: Vec<String> =
                CONDITIONS.iter().map(|condition| rule("part", &selection(&item), condition)).collect();
            let sources: Vec<(&str, String, Language)> =
                texts.iter().map(|text| ("r.yml", text.clone(), Language::Sigma)).collect();
            let (rules, _) = read(&sources);
            assert_eq!(rules, [""; 0], "{item}: {texts:#?}");
            expect(&sigma(texts[0].clone()), &[], &texts[0]);
        }
    }
}

#[test]
fn a_selection_that_cannot_be_read_leaves_no_rule() {
    for part in UNREAD_SELECTIONS {
        for condition in CONDITIONS {
            let text = rule("part", part, condition);
            expect(&sigma(text.clone()), &[], &text);
        }
    }
}

/// What stands around the detection, and a part of it that cannot be read: by what is replaced.
const AROUND: &[(&str, &str)] = &[
    ("title: part\n", ""),
    ("title: part\n", "title: ''\n"),
    ("title: part\n", "title: ~\n"),
    ("title: part\n", "title: [part]\n"),
    ("title: part\n", "title: part\ntitle: part\n"),
    ("title: part\n", "title: part\nid: [a]\n"),
    ("title: part\n", "title: part\nname: {a: b}\n"),
    ("title: part\n", "title: part\nstatus: soon\n"),
    ("title: part\n", "title: part\nlevel: severe\n"),
    ("title: part\n", "title: part\nlevel: low\nlevel: high\n"),
    ("title: part\n", "title: part\ntags: attack.t1059\n"),
    ("title: part\n", "title: part\nrelated: [a]\n"),
    ("title: part\n", "title: part\n? [a, b]\n: c\n"),
    ("title: part\n", "title: part\naction: repeat\n"),
    ("title: part\n", "title: part\naction: [global]\n"),
    ("title: part\n", "title: part\nfilter: {Image: x}\n"),
    ("title: part\n", "title: part\ncorrelation: {type: event_count}\n"),
    ("title: part\n", "title: part\nsensors: '>=8'\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sensors: '>>8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sensors: ''}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sensors: ~}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sensors: ['>=8']}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sensors: {acme: '>=8'}}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {Sensors: '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sensor: '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {' sensors': '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {'sensors ': '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {senors: '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sensorss: '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sensores: '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {snesors: '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sensor-s: '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sensors_: '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {'sensors:': '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sens ors: '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {sensor_version: '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {custom_attributes.sensors: '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {\"\\u00A0sensors\": '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: {\"\\u0455ensors\": '>=8'}\n"),
    ("title: part\n", "title: part\ncustom_attributes: [{sensors: '>=8'}]\n"),
    ("title: part\n", "title: part\ncustom_attributes: 'sensors >=8'\n"),
    ("logsource: {product: windows, category: process_creation}\n", ""),
    ("logsource: {product: windows, category: process_creation}\n", "logsource: windows\n"),
    ("logsource: {product: windows, category: process_creation}\n", "logsource: {}\n"),
    ("category: process_creation", "categry: process_creation"),
    ("category: process_creation", "category: [process_creation]"),
    ("category: process_creation", "category: ~"),
    ("category: process_creation", "category: process_creation, category: process_access"),
    ("    good: {Image: g}\n", "    good: {Image: g}\n    ? [a]\n    : {Image: x}\n"),
    ("    good: {Image: g}\n", "    good: {Image: g}\n    good: {Image: h}\n"),
    ("    good: {Image: g}\n", "    good: {Image: g}\n    timeframe: 5m\n"),
    ("    condition: 'good'\n", ""),
    ("condition: 'good'", "condition: ~"),
    ("condition: 'good'", "condition: []"),
    ("condition: 'good'", "condition: {good: other}"),
    ("condition: 'good'", "condition: [good, [other]]"),
    ("condition: 'good'", "condition: good and"),
    ("condition: 'good'", "condition: good and nowhere"),
    ("condition: 'good'", "condition: (good or other"),
    ("condition: 'good'", "condition: good other"),
    ("condition: 'good'", "condition: 2 of them"),
    ("condition: 'good'", "condition: good and 1 of nowhere*"),
    ("condition: 'good'", "condition: good | count() > 5"),
    ("condition: 'good'", "condition: 'good'\n    condition: 'other'"),
    ("detection:\n", "detection: [a]\nunused:\n"),
];

#[test]
fn what_is_around_a_detection_is_read_too_or_leaves_no_rule() {
    let whole = rule("part", "{Image: p}", "good");
    expect(&sigma(whole.clone()), &["part"], &whole);
    for (from, to) in AROUND {
        assert!(whole.contains(from), "{from}");
        let text = whole.replacen(from, to, 1);
        expect(&sigma(text.clone()), &[], &text);
        // The other documents of the file are none the worse for it.
        let before = rule("before", "{Image: q}", "good and part");
        let after = rule("after", "{Image: r}", "good and part");
        let file = format!("{before}---\n{text}---\n{after}");
        expect(&sigma(file.clone()), &["before", "after"], &file);
    }
    // Only warnings: the rule is there.
    for fine in ["id: not-a-uuid\n", "Level: low\n", "custom_attributes: {sensors: '>=8'}\n", "custom_attributes: ~\n"]
    {
        let text = format!("{fine}{whole}");
        expect(&sigma(text.clone()), &["part"], &text);
    }
}

#[test]
fn a_file_that_is_cut_off_has_no_rule() {
    let whole = rule("whole", "{Image: p}", "good and part");
    let deep = "[".repeat(80);
    let mut bomb = "title: bomb\na: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e")] {
        let _ = writeln!(bomb, "{name}: &{name} [{}]", vec![format!("*{of}"); 10].join(", "));
    }
    let long = format!("title: long\ndescription: {}\n", "x".repeat(70_000));
    for rest in [
        "title: [a\n".to_owned(),
        "title: 'a\n".to_owned(),
        "title: a\n  b: c\n".to_owned(),
        "title: *nowhere\n".to_owned(),
        deep,
        bomb,
        long,
        format!("title: many\n{}", "---\na: b\n".repeat(1_100)),
    ] {
        let text = format!("{whole}---\n{rest}");
        expect(&sigma(text.clone()), &[], &text.chars().take(400).collect::<String>());
    }
    let control = format!("{whole}---\n{}", rule("second", "{Image: x}", "part"));
    expect(&sigma(control.clone()), &["whole", "second"], &control);
}

/// What a limit of files leaves of a file does not depend on the order of its rules: not on who took what is spent, and
/// not on who needs none of it.
#[test]
fn a_file_beyond_a_limit_has_no_rule() {
    let dear = |letter: char| format!("({letter}{{40}}){{300}}b");
    let item = |part: Option<&str>| part.map_or("{Image: p}".to_owned(), |part| format!("{{'Image|re': '{part}'}}"));
    let predicate =
        |part: Option<&str>| part.map_or("Image == \"p\"".to_owned(), |part| format!("Image matches \"{part}\""));
    let (a, c) = (dear('a'), dear('c'));
    for (parts, fits) in [
        ([Some(a.as_str()), None, None], true),
        ([Some(a.as_str()), None, Some(c.as_str())], false),
        ([None, Some(a.as_str()), Some(c.as_str())], false),
        ([Some(a.as_str()), Some(c.as_str()), None], false),
    ] {
        let names = ["one", "two", "three"];
        let all = |of: &dyn Fn(&str, Option<&str>) -> String, between: &str| {
            names.iter().zip(parts).map(|(name, part)| of(name, part)).collect::<Vec<_>>().join(between)
        };
        let wanted: &[&str] = if fits { &names } else { &[] };
        let text = all(&|name, part| rule(name, &item(part), "good and part"), "---\n");
        expect(&sigma(text.clone()), wanted, &text);
        let text = all(&|name, part| native_rule(name, "", &predicate(part), "part"), "");
        expect(&native(text.clone()), wanted, &text);
    }
}

#[test]
fn what_a_global_document_says_wrongly_is_wrong_in_every_rule() {
    let own = |number: usize| {
        format!(
            "---\ntitle: rule {number}\ndetection:\n    part: {{CommandLine: c{number}}}\n    condition: good and part\n"
        )
    };
    let file = |global: &str| {
        format!(
            "action: global\nlogsource: {{product: windows, category: process_creation}}\n{global}{}{}",
            own(1),
            own(2)
        )
    };
    let good = "detection: {good: {Image: g}}\n";
    expect(&sigma(file(good)), &["rule 1", "rule 2"], &file(good));
    for bad in [
        "detection: {good: {Image: g, Image: h}}\n",
        "detection: {good: {Imge: g}}\n",
        "detection: {good: {'Image|re': '('}}\n",
        "detection: {good: {Image: g}, unused: []}\n",
        "detection: {good: {Image: g}}\ncustom_attributes: {sensors: '>>8'}\n",
        "detection: {good: {Image: g}}\nlevel: severe\n",
        "detection: {good: {Image: g}}\nlevel: low\nlevel: high\n",
    ] {
        expect(&sigma(file(bad)), &[], &file(bad));
        // It says nothing of what comes before it.
        let text = format!("{}---\n{}", rule("before", "{Image: p}", "part"), file(bad));
        expect(&sigma(text.clone()), &["before"], &text);
    }
    // So much of it that the file is too large: not even the first rules.
    let words: String = (0..6_000).fold(String::new(), |mut all, number| {
        let _ = write!(all, "w{number}, ");
        all
    });
    let mut large = format!(
        "action: global\nlogsource: {{product: windows, category: process_creation}}\nwords: [{words}]\ndetection: {{good: {{Image: g}}}}\n"
    );
    (0..5).for_each(|number| large.push_str(&own(number)));
    assert_eq!(sigma(large.clone()).0.len(), 5);
    (5..80).for_each(|number| large.push_str(&own(number)));
    expect(&sigma(large), &[], "a large global document");
}

/// An error that comes after more findings than are kept.
#[test]
fn a_flood_of_warnings_hides_no_error() {
    let twice = vec!["'a'"; 2_000].join(", ");
    let text =
        |last: &str| rule("flood", &format!("{{'CommandLine|contains': [{twice}], {last}}}"), "good and not part");
    let (rules, found) = sigma(text("Image: x"));
    assert!(rules == ["flood"] && found.iter().any(|found| found.code.id == "CC0106"));
    for item in ["'Image|re': '('", "Count: abc", "'Address|cidr': x", "Nowhere: x"] {
        let (rules, found) = sigma(text(item));
        assert_eq!(rules, [""; 0], "{item}");
        assert!(found.iter().any(|found| is_error(found) && found.code.id != "CC0106"), "{item}");
    }
    // The flood may come from another document of the file.
    let file = format!("{}---\n{}", text("Image: x"), rule("part", "{'Image|re': '('}", "good and not part"));
    let (rules, found) = sigma(file);
    assert_eq!(rules, ["flood"]);
    assert!(found.iter().any(|found| found.code.id == "CC0501"));
}

/// Conditions of any shape over these names.
fn condition(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    let name = proptest::sample::select(names).prop_map(str::to_owned);
    name.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("not {inner}")),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            proptest::collection::vec(inner, 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_condition_makes_a_rule_of_an_unread_part(
        condition in condition(&["good", "other", "part", "1 of g*", "all of part*", "1 of them"]),
        item in proptest::sample::select(unread_items()),
        selection in proptest::sample::select(SELECTIONS),
        document in 0..3_usize,
    ) {
        let control = rule("control", &selection("'CommandLine|contains': a"), &condition);
        let part = rule("part", &selection(&item), &condition);
        // Whether the condition as such has an error is what the control says.
        let (mut wanted, found) = sigma(control.clone());
        prop_assert!(wanted.len() == 1 || found.iter().any(is_error), "{}", control);
        let mut documents = vec![control; 2];
        wanted.extend(wanted.clone());
        documents.insert(document, part);
        let file = documents.join("---\n");
        prop_assert_eq!(sigma(file.clone()).0, wanted, "{}", file);
    }
}

// --- native -----------------------------------------------------------------

const DECLARED: &str = "list shells = [\"sh\", \"bash\"]\nlist mixed = [\"sh\", 7]\nlist twice = [\"a\"]\nlist twice = [\"b\"]\n\
    table kinds @ 1 { k: string nocase key } rows [[\"a\"]]\ntable broken @ 1 { k: string nocase } rows [[\"a\"]]\n\
    table gone @ 1 { k: string nocase key } from \"gone.csv\"\n";

fn native_rule(title: &str, more: &str, part: &str, condition: &str) -> String {
    format!(
        "rule {title} {{\n    id: \"0e95725d-7320-415d-80f7-{:012}\"\n    template: acme.process @ 1\n    severity: low\n{more}    \
         let part = {part}\n    when {condition}\n}}\n",
        title.len()
    )
}

/// Conditions that cannot be read.
fn unread_predicates() -> Vec<String> {
    let mut all: Vec<String> = [
        "Nowhere == \"x\"",
        "$9 == \"x\"",
        "$0 == \"x\"",
        "Image == 7",
        "Image == $3",
        "Image matches \"(\"",
        "Image matches \"(a)\\\\1\"",
        "Image contains [\"a\", 7]",
        "Image in mixed",
        "Image in twice",
        "Image in nolist",
        "Image in broken",
        "Image in gone",
        "Image == kinds",
        "Image == shells",
        "Image cidr \"10.0.0.0/8\"",
        "Image > \"a\"",
        "Image & 4 == 4",
        "Image",
        "shells",
        "nothing",
        "Count == \"x\"",
        "Count == 1.5",
        "Count contains \"1\"",
        "Count == 99999999999999999999999",
        "Count & 4 == \"4\"",
        "Flag > true",
        "Flag == 1",
        "Ratio == \"x\"",
        "Address == \"somewhere\"",
        "Address cidr \"10.0.0.0/99\"",
        "Address in [\"10.0.0.1\", \"x\"]",
        "Words contains \"x\"",
        "any Image == \"x\"",
        "Image == 'x'",
        "Image = \"x\"",
        "Image == ",
        "Image == \"\\q\"",
        "Image == \"\u{202e}\"",
        "\"a\" == \"a\"",
        "Image ~ exists",
        "Image == \"a\" == \"b\"",
    ]
    .map(str::to_owned)
    .into();
    all.push(format!("Image like \"{}\"", "a*".repeat(100)));
    all
}

const NATIVE_CONDITIONS: &[&str] = &[
    "part",
    "part and Image == \"g\"",
    "Image == \"g\" or part",
    "not part",
    "Image == \"g\" and not part",
    "Image == \"g\" and not (Image == \"o\" or part)",
    "Image == \"g\"",
];

#[test]
fn a_native_condition_that_cannot_be_read_leaves_no_rule() {
    for condition in NATIVE_CONDITIONS {
        let control = format!("{DECLARED}{}", native_rule("control", "", "CommandLine contains \"a\"", condition));
        assert_eq!(native(control.clone()).0, ["control"], "{control}\n{:#?}", native(control.clone()).1);
        for good in ["Image in shells", "Image in kinds"] {
            let control = format!("{DECLARED}{}", native_rule("control", "", good, condition));
            assert_eq!(native(control.clone()).0, ["control"], "{control}");
        }
        for part in unread_predicates() {
            let bound = (native_rule("part", "", &part, condition), true);
            let written = native_rule("part", "", "Count == 1", &condition.replace("part", &part));
            for (text, used) in [bound, (written, condition.contains("part"))] {
                let beside = native_rule("beside", "", "Count == 2", condition);
                let file = format!("{DECLARED}{beside}{text}");
                let (rules, found) = native(file.clone());
                let wanted: &[&str] = if used { &["beside"] } else { &["beside", "part"] };
                assert_eq!(rules, wanted, "{file}\n{found:#?}");
            }
        }
    }
}

#[test]
fn an_attribute_that_cannot_be_read_leaves_no_native_rule() {
    let text = |more: &str| native_rule("part", more, "Count == 1", "part");
    for fine in ["", "    sensors: \">=8\"\n", "    sensors: \"acme >=8\"\n"] {
        expect(&native(text(fine)), &["part"], &text(fine));
    }
    for bad in [
        "    sensors: \">>8\"\n",
        "    sensors: \"\"\n",
        "    sensors: [\">=8\"]\n",
        "    sensors: 8\n",
        "    sensor: \">=8\"\n",
        "    severity: low\n",
        "    severity: severe\n",
        "    test fires { Image: 7 }\n",
        "    let part = Count == 2\n",
        "    let unused = Nowhere == \"x\"\n",
    ] {
        expect(&native(text(bad)), &[], &text(bad));
    }
    let missing = text("").replace("    template: acme.process @ 1\n", "");
    expect(&native(missing.clone()), &[], &missing);
    let unknown = text("").replace("acme.process @ 1", "acme.process @ 2");
    expect(&native(unknown.clone()), &[], &unknown);
}

/// A template type with an error in it is nothing that a rule can be read against, in either language.
#[test]
fn a_broken_template_type_leaves_no_rule() {
    let template = |name: &str, fields: &str| {
        format!("template {name} {{\n    serves {{ product: \"acme\", category: \"file\" }}\n{fields}}}\n")
    };
    let rules = |version: u32| {
        format!(
            "rule native {{\n    id: \"0e95725d-7320-415d-80f7-000000000001\"\n    template: t @ {version}\n    severity: low\n    \
             when a == \"x\"\n}}\n"
        )
    };
    let file =
        "title: sigma\nlogsource: {product: acme, category: file}\ndetection:\n    s: {a: x}\n    condition: s\n";
    let read = |templates: &str, version: u32| {
        read(&[
            ("t.content", templates.to_owned(), Language::Native),
            ("n.content", rules(version), Language::Native),
            ("s.yml", file.to_owned(), Language::Sigma),
        ])
        .0
    };
    let good = template("t @ 1", "    1 a : string\n    2 b : string\n");
    assert_eq!(read(&good, 1), ["native", "sigma"]);
    for bad in [
        template("t @ 1", "    1 a : string\n    1 b : string\n"),
        template("t @ 1", "    1 a : string\n    3 b : string\n"),
        template("t @ 1", "    1 a : string\n    2 a : int\n"),
        format!("{good}{good}"),
    ] {
        assert_eq!(read(&bad, 1), [""; 0], "{bad}");
    }
    // A later version that moves fields: the earlier one still means what it meant.
    let moved = format!("{good}{}", template("t @ 2", "    1 b : string\n    2 a : string\n"));
    assert_eq!(read(&moved, 2), [""; 0]);
    assert_eq!(read(&moved, 1), ["native"]);
}

/// What is said of a rule as a whole is said of what could be read alone.
#[test]
fn rules_that_could_not_be_read_are_not_the_same() {
    let rule = |number: u32, selection: &str| {
        format!(
            "title: Number {number}\nid: 2d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c{number:04}\nlogsource:\n    product: windows\n    \
             category: process_creation\ndetection:\n    selection:\n{selection}    condition: selection\n"
        )
    };
    let codes = |first: &str, second: &str| -> Vec<&str> {
        let sources = [(1, first), (2, second)];
        let sources =
            sources.map(|(number, text)| (Source::new(format!("{number}.yml"), rule(number, text)), Language::Sigma));
        let mut all = vec![(Source::new("a.content", TEMPLATES), Language::Native)];
        all.extend(sources);
        let judged = Gathered::of(all).check(&Checking::default()).judge();
        judged.findings().iter().map(|found| found.code.id).filter(|code| *code == "CC0606").collect()
    };
    let (read, same) = ("        Image: 'a'\n", "        Image: 'a'\n");
    assert_eq!(codes(read, same), ["CC0606"], "the control");
    let unread = [
        "        Image|endwith: 'a'\n",
        "        CommandLine|contain: 'b'\n",
        "        Image|re: '('\n",
        "",
        "        Count|lt: x\n",
        "        - 1: [\n",
    ];
    for first in unread {
        for second in unread {
            assert_eq!(codes(first, second), [""; 0], "{first} {second}");
        }
        assert_eq!(codes(first, read), [""; 0], "{first}");
    }
}
