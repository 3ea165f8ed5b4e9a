use super::{in_text, key};

#[test]
fn a_key_is_told_from_words() {
    for (line, at) in [
        ("filter:", Some(0)),
        ("  'Filter' : x", Some(3)),
        ("? filter", Some(2)),
        ("filter", Some(0)),
        ("filter # comes here", Some(0)),
        ("{title: x, \"filter\": {", Some(12)),
        ("!!str filter: x", Some(6)),
        ("filter filter: x", None),
        ("description: a filter: it takes away", None),
        ("filter_main: x", None),
        ("my-filter: x", None),
        ("- filter: x", Some(2)),
        ("prefilter: x", None),
        ("filters of admins", None),
    ] {
        assert_eq!(key(line, "filter"), at, "{line}");
    }
}

#[test]
fn a_document_with_detection_is_a_rule() {
    let rule = "title: R\ndetection:\n    filter:\n        a: [x\n    condition: not filter\n";
    assert_eq!(in_text(rule), None);
    assert_eq!(in_text(&format!("# filter:\n\n--- # rules\n{rule}---\n{rule}...\n")), None);
    let shown = |text: &str| in_text(text).and_then(|span| text.get(span.range()).map(str::to_owned));
    assert_eq!(shown(&format!("{rule}---\ntitle: [F\n")).as_deref(), Some("title: [F"));
    assert_eq!(shown(&format!("{rule}---\ntitle: [F\nfilter:\n{rule}")).as_deref(), Some("filter"));
    assert_eq!(shown("--- {title: F, filter: {rules: any}").as_deref(), Some("filter"));
    assert_eq!(shown("description: |\n  detection: of what\ncorrelation:\n  a: [").as_deref(), Some("correlation"));
    assert_eq!(shown("{detection: {a: x}, filter: [}").as_deref(), Some("filter"));
    // What is further in, or an entry of a list, is no key of the document.
    for words in [
        "description: |\n    Of a\n    detection: of what\n",
        "falsepositives:\n    - detection\n",
        "falsepositives:\n- detection: of what\n",
    ] {
        assert_eq!(shown(&format!("title: F\n{words}author: \"me\n")).as_deref(), Some("title: F"), "{words}");
    }
    assert_eq!(shown(&format!("{rule}...\ntitle: [F\n")).as_deref(), Some("title: [F"));
}
