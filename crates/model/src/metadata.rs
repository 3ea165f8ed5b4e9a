//! What the attributes of a rule must look like in either language.

use crate::diagnostic::text::is_hidden;
use crate::diagnostic::{Diagnostic, FixKind, Sink, clip, closest, codes};
use crate::source::Span;

const NAMESPACES: &[&str] = &["attack", "car", "cve", "d3fend", "detection", "stp", "tlp"];

/// The first character of an attribute that reports and terminals cannot show as it is: a control character, one that
/// is not seen or turns the direction of what follows, one that ends a line where no line may end.
pub fn unprintable(key: &str, text: &str) -> Option<char> {
    // Nearly all are this, so nothing else is asked of them.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    // A block scalar ends with a line break, whatever it is used for.
    let text = text.trim_end_matches('\n');
    let mut lines = None;
    let mut has_lines = || {
        let with = ["description", "falsepositives", "references", "author", "license", "definition"];
        *lines.get_or_insert_with(|| with.contains(&key))
    };
    text.chars().find(|sign| match sign {
        '\n' | '\t' => !has_lines(),
        sign => is_hidden(*sign),
    })
}

/// The finding for [`unprintable`].
pub fn control(key: &str, sign: char, span: Span, sink: &Sink) -> Diagnostic {
    let what = if matches!(sign, '\n' | '\r') { "a line break, the character" } else { "the character" };
    let message = format!("`{}` has {what} U+{:04X}", clip(key), u32::from(sign));
    let help = if matches!(sign, '\n' | '\r') {
        "write it on one line"
    } else {
        "remove it: what it does to a terminal or a log is not what it says"
    };
    sink.diagnostic(&codes::CONTROL_CHARACTER, span, message).with_help(help)
}

/// Checks one tag.
pub fn tag(tag: &str, span: Span, sink: &mut Sink) {
    let Some((namespace, name)) = tag.split_once('.') else {
        let help =
            likely_tag(tag).map_or_else(|| "a tag is `namespace.name`".to_owned(), |tag| format!("write `{tag}`"));
        invalid_tag(tag, span, &help, sink);
        return;
    };
    let legal = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.'))
    };
    if !legal(namespace) || !legal(name) {
        let lower = tag.to_ascii_lowercase();
        let (lower_namespace, lower_name) = lower.split_once('.').unwrap_or(("", ""));
        let id = likely_tag(tag).filter(|_| !NAMESPACES.contains(&lower_namespace));
        if let Some(whole) = id.filter(|whole| whole.ends_with(&lower)) {
            // In lower case alone it would be a tag of a namespace that there is not.
            let found = sink
                .diagnostic(&codes::INVALID_TAG, span, format!("the tag `{}` has no namespace", clip(tag)))
                .with_help(format!("write `{whole}`"))
                .with_spelling(FixKind::LowerCase, "write it with its namespace, in lower case", tag, &whole);
            sink.push(found);
        } else if legal(lower_namespace) && legal(lower_name) && NAMESPACES.contains(&lower_namespace) {
            let found = sink
                .diagnostic(&codes::INVALID_TAG, span, format!("the tag `{}` is not lower case", clip(tag)))
                .with_help(format!("write `{lower}`"))
                .with_spelling(FixKind::LowerCase, "write it in lower case", tag, &lower);
            sink.push(found);
        } else {
            let form = "a tag has lower-case letters, digits, `-`, `_` and `.` only";
            let help = likely_tag(tag).map_or_else(|| form.to_owned(), |tag| format!("{form}: write `{tag}`"));
            invalid_tag(tag, span, &help, sink);
        }
        return;
    }
    if !NAMESPACES.contains(&namespace) {
        let mut found = sink.diagnostic(
            &codes::UNKNOWN_TAG_NAMESPACE,
            span,
            format!("`{}` is not a tag namespace of Sigma", clip(namespace)),
        );
        found = match closest(namespace, NAMESPACES.iter().copied()) {
            _ if let Some(likely) = likely_tag(tag) => found.with_help(format!("write `{likely}`")),
            Some(near) => found.with_help(format!("did you mean `{near}`?")),
            None => found.with_help(format!("the namespaces are {}", NAMESPACES.join(", "))),
        };
        sink.push(found);
        return;
    }
    let good = match namespace {
        "attack" => is_attack(name),
        "cve" => is_cve(name),
        "car" => is_car(name),
        "detection" => ["dfir", "emerging-threats", "threat-hunting"].contains(&name),
        "stp" => name.starts_with(['1', '2', '3', '4', '5']) && name.len() <= 2,
        "tlp" => ["clear", "white", "green", "amber", "amber-strict", "amber+strict", "red"].contains(&name),
        _ => true,
    };
    if good && namespace == "attack" {
        misspelt_tactic(tag, name, span, sink);
    }
    if !good {
        let wanted = match namespace {
            "attack"
                if let Some((technique, sub)) = name.split_once('.').filter(|(_, sub)| (1..3).contains(&sub.len())) =>
            {
                let help = format!("a sub-technique has three digits: write `attack.{}.{sub:0>3}`", clip(technique));
                invalid_tag(tag, span, &help, sink);
                return;
            }
            "attack" => "after `attack.` comes a tactic in words, or an id such as t1059.001, g0016, s0029",
            "cve" => "after `cve.` comes the number, as in cve.2021-44228",
            "car" => "after `car.` comes the number, as in car.2016-04-005",
            "detection" => "after `detection.` comes dfir, emerging-threats or threat-hunting",
            "stp" => "after `stp.` comes a level from 1 to 5 and, if known, its letter, as in stp.3a",
            _ => "after `tlp.` comes clear, green, amber, amber-strict or red",
        };
        invalid_tag(tag, span, wanted, sink);
    }
}

/// A tag as it is once it is written right: what two ways of writing one tag share.
#[must_use]
pub fn canonical_tag(tag: &str) -> String {
    likely_tag(tag).unwrap_or_else(|| tag.to_ascii_lowercase())
}

/// The tag that is meant by one without its namespace, or with another tool's.
fn likely_tag(tag: &str) -> Option<String> {
    let lower: String = tag.trim_start_matches('#').trim().to_ascii_lowercase();
    let bare = ["attack", "mitre", "mitre_attack", "mitre-attack", "att&ck"]
        .iter()
        .find_map(|namespace| lower.strip_prefix(namespace)?.strip_prefix(['.', ' ', ':', '-', '_']))
        .unwrap_or(&lower);
    if is_attack(bare) && bare.starts_with(['t', 'g', 's']) && bare.as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
        return Some(format!("attack.{bare}"));
    }
    let cve = lower.strip_prefix("cve").map(|rest| rest.trim_start_matches(['-', '.', ' ', '_']))?;
    is_cve(cve).then(|| format!("cve.{cve}"))
}

/// Tactics of ATT&CK for enterprises, phones and industry, past ones among them.
const TACTICS: &[&str] = &[
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "stealth",
    "defense-impairment",
    "defense-evasion",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
    "evasion",
    "inhibit-response-function",
    "impair-process-control",
    "network-effects",
    "remote-service-effects",
];

/// Tags that are known by name: tactics of ATT&CK, and what the other namespaces have.
pub fn known_tags() -> impl Iterator<Item = String> {
    let tactics = TACTICS.iter().map(|tactic| format!("attack.{tactic}"));
    let detection = ["dfir", "emerging-threats", "threat-hunting"].iter().map(|name| format!("detection.{name}"));
    let tlp = ["clear", "green", "amber", "amber-strict", "red"].iter().map(|name| format!("tlp.{name}"));
    tactics.chain(detection).chain(tlp)
}

/// Reports the name of a tactic that is nearly one of those that there are.
fn misspelt_tactic(tag: &str, name: &str, span: Span, sink: &mut Sink) {
    let spelt = name.replace('_', "-");
    if TACTICS.contains(&&*spelt) || name.bytes().any(|byte| byte.is_ascii_digit()) {
        return;
    }
    let Some(near) = closest(&spelt, TACTICS.iter().copied()) else { return };
    let message = format!("the tag `{}` names no tactic of ATT&CK", clip(tag));
    sink.push(sink.diagnostic(&codes::INVALID_TAG, span, message).with_help(format!("did you mean `attack.{near}`?")));
}

fn invalid_tag(tag: &str, span: Span, help: &str, sink: &mut Sink) {
    let found = sink.diagnostic(
        &codes::INVALID_TAG,
        span,
        format!("`{}` is not a tag of the form that its namespace has", clip(tag)),
    );
    sink.push(found.with_help(help));
}

/// A tactic in words, or an id of a technique, tactic, group, software, campaign, mitigation or data source.
fn is_attack(name: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(kind) = name.chars().next() else { return false };
    let rest = name.get(kind.len_utf8()..).unwrap_or("");
    if !rest.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && !name.starts_with("ta0")
        && !name.starts_with("ds0")
    {
        return name.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'))
            || name.starts_with("ics.");
    }
    match kind {
        't' if rest.starts_with('a') => digits(rest.get(1..).unwrap_or(""), 4),
        'd' => digits(rest.get(1..).unwrap_or(""), 4),
        't' => match rest.split_once('.') {
            Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
            None => digits(rest, 4),
        },
        'g' | 's' | 'c' | 'm' => digits(rest, 4),
        _ => false,
    }
}

fn is_cve(name: &str) -> bool {
    let Some((year, number)) = name.split_once(['-', '.']) else { return false };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    year.len() == 4 && digits(year) && number.len() >= 4 && digits(number)
}

/// Year, month and number.
fn is_car(name: &str) -> bool {
    let mut parts = name.split('-');
    let mut digits = |count: usize| {
        parts.next().is_some_and(|part| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    digits(4) && digits(2) && digits(3) && parts.next().is_none()
}

/// Whether a string is a UUID.
#[must_use]
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Year, month and day.
pub type Day = (u32, u32, u32);

/// Year, month and day, and the sign between them.
pub fn parse_day(text: &str) -> Option<(Day, char)> {
    let separator = text.chars().find(|character| !character.is_ascii_digit())?;
    if !matches!(separator, '-' | '/' | '.') {
        return None;
    }
    let mut parts = text.split(separator);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    let exact = month.len() == 2 && day.len() == 2;
    let (year, month, day) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    (1..=last).contains(&day).then_some(((year, month, day), if exact { separator } else { '?' }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days_of_the_calendar() {
        assert_eq!(parse_day("2024-02-29"), Some(((2024, 2, 29), '-')));
        assert_eq!(parse_day("2023-02-29"), None);
        assert_eq!(parse_day("2023/01/31"), Some(((2023, 1, 31), '/')));
        assert_eq!(parse_day("2023-1-31"), Some(((2023, 1, 31), '?')));
        assert_eq!(parse_day("31.01.2023"), None);
    }

    #[test]
    fn a_tag_is_written_as_one_that_there_is() {
        let source = |tag: &str| crate::source::Source::new("x", format!("\"{tag}\""));
        for (tag, fixed) in [
            ("T1204.002", Some("attack.t1204.002")),
            ("T1059", None),
            ("Attack.T1059.001", Some("attack.t1059.001")),
            ("ATTACK.Execution", Some("attack.execution")),
            ("CVE.2021-44228", Some("cve.2021-44228")),
            ("Foo.Bar", None),
            ("G0016.Foo", None),
            ("T1204.2", None),
        ] {
            let source = source(tag);
            let mut sink = Sink::new(&source);
            super::tag(tag, Span::new(0, tag.len() + 2), &mut sink);
            let found = sink.finish();
            let fix = found.iter().find_map(|found| found.fix.as_ref());
            let text =
                fix.map(|_| super::super::diagnostic::fix::apply(source.text(), &found.iter().collect::<Vec<_>>()).0);
            assert_eq!(text.as_deref().map(|text| text.trim_matches('"')), fixed, "{tag}");
            assert!(!found.is_empty(), "{tag}");
            if let Some(text) = text {
                let mut sink = Sink::new(&source);
                super::tag(text.trim_matches('"'), Span::default(), &mut sink);
                assert!(sink.is_empty(), "{text} is a tag");
            }
        }
    }

    #[test]
    fn attack_tags() {
        for good in [
            "t1059",
            "t1059.001",
            "execution",
            "command-and-control",
            "defense_evasion",
            "g0016",
            "s0029",
            "ta0002",
            "ds0009",
        ] {
            assert!(is_attack(good), "{good}");
        }
        for bad in ["t105", "t1059.1", "t1059.0011", "g16", "T1059", "t10590"] {
            assert!(!is_attack(bad), "{bad}");
        }
        assert!(is_car("2016-04-005") && !is_car("2016-04") && !is_car("2016-04-005-1"));
        assert!(is_cve("2021-44228") && is_cve("2021.44228") && !is_cve("44228"));
    }
}
