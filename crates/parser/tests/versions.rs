//! What is said of template types that events are told by: of their versions, and of rules that ask for the number of one.

use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered};

fn said(sources: Vec<(&str, String, Language)>) -> Vec<(&'static str, String)> {
    let sources = sources.into_iter().map(|(name, text, language)| (Source::new(name, text), language)).collect();
    let judged = Gathered::of(sources).check(&Checking::default()).judge();
    judged.findings().iter().map(|found| (found.code.id, found.message.clone())).collect()
}

/// Events are told by the newest version: one that is open and one that is not would show rules of the other what is none of it.
#[test]
fn versions_are_open_alike() {
    for (first, second, is_told) in [("open", "open", false), ("", "", false), ("open", "", true), ("", "open", true)] {
        let template = |version: u32, open: &str| {
            format!("template t.a @ {version} {{ reads {{ Channel: \"A\" }} {open} 1 Foo: string? }}\n")
        };
        let text = format!("{}{}", template(1, first), template(2, second));
        let found = said(vec![("t.content", text, Language::Native)]);
        let is_open = |(code, message): &(&str, String)| *code == "CC0210" && message.contains("open");
        assert_eq!(found.iter().any(is_open), is_told, "{first} {second}: {found:?}");
    }
}

/// A number is an event of one provider in that one's own channel alone. Elsewhere a rule that asks for a field which that event does not have is for
/// another one's, and is told which event it does not see.
#[test]
fn a_number_with_fields_of_another_event_is_told() {
    let rule = |items: &str| {
        format!(
            "title: S\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f520004\nlogsource: {{product: windows, service: acme}}\ndetection:\n  s:\n{items}  condition: s\nlevel: low\n"
        )
    };
    let templates = |channel: &str| {
        let serves = "serves { product: windows, service: acme }";
        format!(
            "template t.o @ 1 {{ {serves} reads {{ Channel: \"{channel}\" }} open 1 Foo: string? }}\n\
             template t.f @ 1 {{ {serves} reads {{ Channel: \"{channel}\", Provider_Name: \"Acme\", EventID: 7 }} 1 Bar: string? }}\n"
        )
    };
    let found = |channel: &str, items: &str| {
        let sources =
            vec![("t.content", templates(channel), Language::Native), ("r.yml", rule(items), Language::Sigma)];
        let wanted = ["CC0202", "CC0601", "CC0603", "CC0611"];
        let all = said(sources).into_iter().filter(|(code, _)| wanted.contains(code));
        all.collect::<Vec<_>>()
    };
    // In its own channel the number says whose event it is.
    let own = found("Acme/Operational", "    EventID: 7\n    Baz|contains: x\n");
    assert!(matches!(&own[..], [("CC0202", _)]), "{own:?}");
    // Elsewhere it may be another one's.
    let shared = found("System", "    EventID: 7\n    Baz|contains: x\n");
    assert!(
        matches!(&shared[..], [("CC0603", message)] if message.contains("for EventID 7 the rule fires on no event of \"Acme\"")),
        "{shared:?}"
    );
    for (channel, items) in [
        ("System", "    EventID: 7\n    Provider_Name: Other\n    Baz|contains: x\n"),
        ("System", "    EventID: 7\n"),
        ("System", "    EventID: 7\n    Bar|contains: x\n"),
        ("System", "    Provider_Name: Acme\n    Baz|contains: x\n"),
        ("Acme/Operational", "    Provider_Name: Acme\n    Baz|contains: x\n"),
        ("System", "    EventID|startswith: '7'\n    Baz|contains: x\n"),
    ] {
        assert_eq!(found(channel, items), [], "{channel} {items}");
    }
    // Whoever asks for both has no other one.
    let both = found("System", "    EventID: 7\n    Provider_Name: acme\n    Baz|contains: x\n");
    assert!(matches!(&both[..], [("CC0202", _)]), "{both:?}");
}
