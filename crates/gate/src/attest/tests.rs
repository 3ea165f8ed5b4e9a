use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::envelope::{pre_authentication, sign_bytes};
use super::*;
use crate::evidence::{
    AcceptedBy, AcceptedFindings, CheckResult, FORMAT, Finding, InputDigest, InputKind, LeftOut, ReleaseFacts,
    SensorFacts, SettingsFacts, Status, Tool,
};
use crate::verdict::{Allowance, CHECKS};

// Made for this test: `openssl genpkey -algorithm ed25519`.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFwFkYxPbHARyDwisUzpT7BdfNsyMQFg5e3FNqFOgBds\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAbN9JtNih/Tw8psY+UwyJKxKjxdRgYhbiMwmdvj7XrDk=\n-----END PUBLIC KEY-----\n";

fn accepted() -> Vec<AcceptedFindings> {
    vec![AcceptedFindings {
        by: AcceptedBy::Comment,
        code: "CC0604".to_owned(),
        file: "rules/a.yml".to_owned(),
        count: 2,
        reason: Some("known".to_owned()),
    }]
}

/// Evidence in which every check passed, with something in every list that a statement shows.
fn evidence() -> Evidence {
    let check = |(number, name): (u32, &str)| CheckResult {
        number,
        name: name.to_owned(),
        guards: String::new(),
        status: Status::Passed,
        summary: String::new(),
        facts: BTreeMap::new(),
        findings: Vec::new(),
        skipped: Vec::new(),
        not_applicable: Vec::new(),
    };
    let checks: Vec<CheckResult> = (0..).zip(CHECKS).map(check).collect();
    Evidence {
        format: FORMAT,
        verdict: SettingsFacts::default().verdict(&checks, &accepted()),
        tool: Tool { name: TOOL.to_owned(), version: "0".to_owned() },
        release: ReleaseFacts {
            name: Some("endpoint".to_owned()),
            sequence: Some(12),
            files: 2,
            rules: 3,
            content_sha256: sha256(b"content"),
            image_sha256: Some(sha256(b"image")),
            ..ReleaseFacts::default()
        },
        inputs: vec![
            InputDigest::new(InputKind::Content, "rules/a.yml", b"a"),
            InputDigest::new(InputKind::Manifest, "sensors/7.15.json", b"b"),
        ],
        settings: SettingsFacts { seed: 1, cases: 64, ..SettingsFacts::default() },
        accepted: accepted(),
        left_out: vec![LeftOut {
            rule: "b".to_owned(),
            file: "rules/b.yml".to_owned(),
            line: 1,
            codes: vec!["CC0117".to_owned()],
        }],
        files_left_out: Vec::new(),
        sensors: vec![SensorFacts {
            sensor: "edr".to_owned(),
            version: "7.15".to_owned(),
            loads: Some(3),
            of: 3,
            previously: None,
        }],
        checks,
        rules: Vec::new(),
        fields: Vec::new(),
        changes: Vec::new(),
        defects: Vec::new(),
    }
}

/// Evidence with something changed, and the verdict that follows.
fn with(change: impl FnOnce(&mut Evidence)) -> Evidence {
    let mut evidence = evidence();
    change(&mut evidence);
    evidence.verdict = evidence.settings.verdict(&evidence.checks, &evidence.accepted);
    evidence
}

fn skipping(name: &'static str) -> impl FnOnce(&mut Evidence) {
    move |evidence| {
        let check = evidence.checks.iter_mut().find(|check| check.name == name).unwrap();
        (check.status, check.skipped) = (Status::Skipped, vec!["left out on request".to_owned()]);
    }
}

/// What is made of a payload that the key signed, whatever it says.
fn signed(payload: &[u8]) -> Result<Statement, Refusal> {
    let envelope = sign_bytes(payload, PRIVATE).unwrap();
    verify(&serde_json::to_vec(&envelope).unwrap(), PUBLIC)
}

fn asked() -> Asked<'static> {
    Asked { image: b"image", ..Asked::default() }
}

#[test]
fn what_was_signed_is_believed_and_nothing_else() {
    let made = statement(&evidence()).unwrap();
    let envelope = sign(&made, PRIVATE).unwrap();
    let text = serde_json::to_vec(&envelope).unwrap();
    let believed = verify(&text, PUBLIC).unwrap();
    assert_eq!(believed, made);
    assert_eq!(accepts(&believed, &asked()), Ok(()));
    let another = Asked { image: b"another", ..Asked::default() };
    assert!(matches!(accepts(&believed, &another), Err(Refusal::Subject { .. })));
    // Another payload, another type, another key, none.
    let refused = |envelope: &Envelope| verify(&serde_json::to_vec(envelope).unwrap(), PUBLIC);
    let payload = serde_json::to_string(&made).unwrap();
    let other = Envelope { payload: STANDARD.encode(payload.replace("64", "65")), ..envelope.clone() };
    assert_eq!(refused(&other), Err(Refusal::Signature));
    let other = Envelope { payload_type: "text/plain".to_owned(), ..envelope.clone() };
    assert_eq!(refused(&other), Err(Refusal::Signature));
    let other = Envelope { signatures: Vec::new(), ..envelope };
    assert_eq!(refused(&other), Err(Refusal::Signature));
    assert!(matches!(verify(b"{", PUBLIC), Err(Refusal::Envelope(_))));
    assert!(matches!(verify(&text, PRIVATE), Err(Refusal::Key(why)) if why.contains("private key")));
}

/// A statement is made from evidence alone, and says what that says.
#[test]
fn a_statement_follows_from_the_evidence() {
    let failed = with(|evidence| {
        evidence.checks[1].status = Status::Failed;
        evidence.checks[1].findings =
            vec![Finding::new(&contentcheck_model::diagnostic::codes::RELEASE_SHRUNK, "gone")];
    });
    let made = statement(&failed).unwrap();
    assert_eq!(accepts(&made, &asked()), Err(Refusal::Failed(vec!["lint".to_owned()])));
    assert_eq!((made.predicate().passed_tests.len(), made.predicate().failed_tests.len()), (9, 1));
    let none = with(|evidence| evidence.release.image_sha256 = None);
    assert_eq!(statement(&none), Err(Refusal::NoImage));
    // A verdict of other results is not believed, here or in a file.
    let mut forged = failed;
    forged.verdict = SettingsFacts::default().verdict(&evidence().checks, &[]);
    assert!(matches!(statement(&forged), Err(Refusal::Evidence(_))));
    assert!(Evidence::from_json(forged.to_json().unwrap().as_bytes()).unwrap_err().contains("verdict"));
    let own = evidence();
    assert_eq!(Evidence::from_json(own.to_json().unwrap().as_bytes()), Ok(own));
    // One check fewer is not a run of the gate.
    let fewer = with(|evidence| drop(evidence.checks.remove(3)));
    assert!(matches!(statement(&fewer), Err(Refusal::Statement(words)) if words.contains("`verify`")));
}

#[test]
fn what_is_missing_is_accepted_by_name_alone() {
    let incomplete = with(skipping("replay"));
    let made = statement(&incomplete).unwrap();
    assert_eq!(made.predicate().result, TestResult::Warned);
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let refused = accepts(&made, &asked()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "not every check ran: replay (left out on request); where that is known and meant, name each with --allow-missing"
    );
    assert!(accepts(&made, &Asked { allow_missing: &named(&["change"]), ..asked() }).is_err());
    assert_eq!(accepts(&made, &Asked { allow_missing: &named(&["change", "replay"]), ..asked() }), Ok(()));
    // A part counts as the whole.
    let part = with(|evidence| evidence.checks[6].skipped.push("time was up".to_owned()));
    let made = statement(&part).unwrap();
    assert_eq!((made.predicate().result, made.predicate().passed_tests.len()), (TestResult::Warned, 10));
    assert!(matches!(accepts(&made, &asked()), Err(Refusal::Missing(missing)) if missing.len() == 1));
    // Where all were required, nothing that is named helps.
    let required = with(|evidence| {
        skipping("replay")(evidence);
        evidence.settings.require_all = true;
    });
    let made = statement(&required).unwrap();
    let allowed = Asked { allow_missing: &named(&CHECKS), ..asked() };
    assert_eq!(accepts(&made, &allowed), Err(Refusal::Failed(Vec::new())));
}

/// A word that let something pass is signed, and is accepted by its name alone.
#[test]
fn what_was_allowed_is_accepted_by_name_alone() {
    for number in 0..8 {
        let given = [number & 1 > 0, number & 2 > 0, number & 4 > 0];
        let own = with(|evidence| {
            let settings = &mut evidence.settings;
            [settings.allow_shrink, settings.allow_growth, settings.skip_unsupplied] = given;
        });
        let made = statement(&own).unwrap();
        let used: Vec<Allowance> =
            Allowance::ALL.into_iter().zip(given).filter(|(_, is_given)| *is_given).map(|(one, _)| one).collect();
        assert_eq!(made.predicate().allowed, used);
        let read = verify(&serde_json::to_vec(&sign(&made, PRIVATE).unwrap()).unwrap(), PUBLIC).unwrap();
        assert_eq!(read, made);
        for asked_number in 0..8_u32 {
            let allowed: Vec<Allowance> =
                (0..).zip(Allowance::ALL).filter(|(at, _)| asked_number >> at & 1 > 0).map(|(_, one)| one).collect();
            let refused: Vec<Allowance> = used.iter().filter(|one| !allowed.contains(one)).copied().collect();
            let expected = if refused.is_empty() { Ok(()) } else { Err(Refusal::Allowed(refused)) };
            assert_eq!(accepts(&read, &Asked { allowed: &allowed, ..asked() }), expected);
        }
    }
    let shrunk = statement(&with(|evidence| evidence.settings.allow_shrink = true)).unwrap();
    assert_eq!(
        accepts(&shrunk, &asked()).unwrap_err().to_string(),
        "the gate was run with --allow-shrink; where that is known and meant, give the same here"
    );
    // Each once, in their order, and none that is not known.
    let good = serde_json::to_value(&shrunk).unwrap();
    for allowed in
        [json!(["allow-shrink", "allow-shrink"]), json!(["allow-growth", "allow-shrink"]), json!(["x"]), json!(3)]
    {
        let mut other = good.clone();
        other["predicate"]["allowed"] = allowed;
        assert!(matches!(signed(&serde_json::to_vec(&other).unwrap()), Err(Refusal::Statement(_))), "{other}");
    }
}

#[test]
fn name_sequence_and_evidence_are_compared_where_they_are_asked_for() {
    let own = evidence();
    let made = statement(&own).unwrap();
    let json = own.to_json().unwrap();
    let whole = Asked { name: Some("endpoint"), min_sequence: Some(12), evidence: Some(json.as_bytes()), ..asked() };
    assert_eq!(accepts(&made, &whole), Ok(()));
    assert!(matches!(accepts(&made, &Asked { name: Some("server"), ..asked() }), Err(Refusal::Name { .. })));
    assert!(matches!(accepts(&made, &Asked { min_sequence: Some(13), ..asked() }), Err(Refusal::Sequence { .. })));
    let plain = statement(&with(|evidence| (evidence.release.name, evidence.release.sequence) = (None, None))).unwrap();
    assert!(matches!(accepts(&plain, &Asked { name: Some(""), ..asked() }), Err(Refusal::Name { .. })));
    assert!(matches!(accepts(&plain, &Asked { min_sequence: Some(0), ..asked() }), Err(Refusal::Sequence { .. })));
    for other in [b"{}".as_slice(), b"", json.replace("64", "65").as_bytes()] {
        let other = Asked { evidence: Some(other), ..asked() };
        assert!(matches!(accepts(&made, &other), Err(Refusal::Evidence(_))));
    }
}

/// Where a value lies within a statement: names of members and places in lists.
type Path = Vec<Step>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Name(String),
    At(usize),
}

fn paths(value: &Value, here: &Path, all: &mut Vec<Path>) {
    let below = |step: Step| [here.as_slice(), &[step]].concat();
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = below(Step::Name(name.clone()));
                all.push(path.clone());
                paths(value, &path, all);
            }
        }
        Value::Array(elements) => {
            for (at, value) in elements.iter().enumerate() {
                let path = below(Step::At(at));
                all.push(path.clone());
                paths(value, &path, all);
            }
        }
        _ => {}
    }
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> &'v mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Name(name) => value.get_mut(name).unwrap(),
        Step::At(at) => value.get_mut(at).unwrap(),
    })
}

/// Every statement that differs from one in one member: gone, twice, unknown beside it, of another type, another value.
fn altered(good: &Value) -> Vec<(Path, &'static str, Value)> {
    let mut all = Vec::new();
    paths(good, &Vec::new(), &mut all);
    let mut made = Vec::new();
    for path in all {
        let (last, parent) = path.split_last().unwrap();
        let mut push = |what: &'static str, change: &dyn Fn(&mut Value)| {
            let mut value = good.clone();
            change(&mut value);
            if value != *good {
                made.push((path.clone(), what, value));
            }
        };
        push("gone", &|value| match (at(value, parent), last) {
            (Value::Object(members), Step::Name(name)) => drop(members.remove(name)),
            (Value::Array(elements), Step::At(at)) => drop(elements.remove(*at)),
            (other, step) => assert_eq!(Some(&*other), None, "{step:?} does not lie in it"),
        });
        push("more", &|value| match (at(value, parent), last) {
            (Value::Object(members), Step::Name(name)) => drop(members.insert(format!("{name}2"), json!(1))),
            (Value::Array(elements), Step::At(at)) => elements.push(elements[*at].clone()),
            (other, step) => assert_eq!(Some(&*other), None, "{step:?} does not lie in it"),
        });
        let others = [
            json!(null),
            json!(true),
            json!(false),
            json!(0),
            json!(-1),
            json!(1.5),
            json!(u64::MAX),
            json!(""),
            json!("x"),
            json!("\u{202E}\n::error::x"),
            json!("PASSED"),
            json!("FAILED"),
            json!("WARNED"),
            json!("lint"),
            json!("release.ccimage"),
            json!("cOntentcheck"),
            json!([]),
            json!({}),
            json!([[]]),
            json!([{}]),
            json!({ "sha256": "0".repeat(64) }),
            json!("A".repeat(64)),
            json!("0".repeat(64)),
        ];
        for other in &others {
            push("other", &|value| *at(value, &path) = other.clone());
        }
        push("text", &|value| {
            let value = at(value, &path);
            *value = json!(value.to_string());
        });
        push("near", &|value| {
            let value = at(value, &path);
            if let Some(text) = value.as_str() {
                *value = json!(format!("{text} "));
            } else if let Some(number) = value.as_u64() {
                *value = json!(number + 1);
            }
        });
        push("list", &|value| {
            let value = at(value, &path);
            *value = json!([value.clone()]);
        });
    }
    made
}

/// Whoever holds the key signs a statement with one member altered or deleted. Asked for everything, verification
/// accepts none of them. Asked for the image alone, it accepts those in which what is only reported is another
/// value of its kind, and what it then reports is what was signed.
#[test]
fn no_member_of_a_statement_can_be_altered_unseen() {
    // Only reported: nothing but the evidence says whether it is so.
    let reported = |path: &Path, what: &str| {
        let words: Vec<&str> = path
            .iter()
            .filter_map(|step| if let Step::Name(name) = step { Some(name.as_str()) } else { None })
            .collect();
        match words.as_slice() {
            [
                "predicate",
                "requiredAll" | "seed" | "cases" | "accepted" | "sensors" | "release" | "configuration",
                ..,
            ]
            | ["predicate", "missing", "reason"]
            | ["predicate", "tool", "version"]
            | ["predicate", "evidence", "digest", ..] => what != "gone" || matches!(path.last(), Some(Step::At(_))),
            // The same reason once more.
            ["predicate", "missing"] => what == "more",
            _ => false,
        }
    };
    let replay = ["replay".to_owned()];
    let mut taken = BTreeSet::new();
    for (own, allow_missing) in [(evidence(), [].as_slice()), (with(skipping("replay")), replay.as_slice())] {
        let good = serde_json::to_value(statement(&own).unwrap()).unwrap();
        let json = own.to_json().unwrap();
        let loose = Asked { allow_missing, ..asked() };
        let strict = Asked { name: Some("endpoint"), min_sequence: Some(12), evidence: Some(json.as_bytes()), ..loose };
        assert_eq!(signed(good.to_string().as_bytes()).and_then(|read| accepts(&read, &strict)), Ok(()));
        let mut all = altered(&good);
        assert!(all.len() > 1_000, "only {} statements were tried", all.len());
        if !allow_missing.is_empty() {
            // What the first round does not have; the rest is as there.
            let of_missing = ["result", "requiredAll", "missing", "passedTests", "failedTests", "skippedTests"];
            all.retain(
                |(path, ..)| matches!(path.get(1), Some(Step::Name(name)) if of_missing.contains(&name.as_str())),
            );
        }
        for (path, what, value) in all {
            let text = value.to_string();
            // What follows the signature does not depend on it: most go without, for the time that it takes.
            let read = match what {
                "other" => Statement::read(&strict::parse(text.as_bytes()).unwrap()),
                _ => signed(text.as_bytes()),
            };
            let read = match read {
                Ok(read) => read,
                Err(refusal) => {
                    in_words(&refusal);
                    continue;
                }
            };
            // What is read is what was signed, with no member lost or made up.
            assert_eq!(serde_json::to_value(&read).unwrap(), value, "{path:?} {what}");
            let refusal = accepts(&read, &strict).expect_err(&format!("{path:?} {what}: {value}"));
            in_words(&refusal);
            match accepts(&read, &loose) {
                Ok(()) => {
                    assert!(reported(&path, what), "{path:?} {what}");
                    taken.insert(path);
                }
                Err(refusal) => in_words(&refusal),
            }
        }
    }
    // The test would show nothing if every alteration were refused for being no statement.
    assert!(taken.len() > 10, "{taken:?}");
}

/// A refusal tells people what is not said; it never shows how the program looks for it.
fn in_words(refusal: &Refusal) {
    let words = refusal.to_string();
    assert!(!words.contains("/predicate") && !words.contains("nothing") && !words.contains("Value"), "{words}");
    assert!(!words.contains(char::is_control) && !words.contains('\u{202E}') && words.len() < 400, "{words:?}");
}

#[test]
fn what_a_statement_does_not_say_has_words_of_its_own() {
    let good = serde_json::to_value(statement(&evidence()).unwrap()).unwrap();
    let mut all = Vec::new();
    paths(&good, &Vec::new(), &mut all);
    let mut words = BTreeMap::new();
    for path in all {
        let (Some(Step::Name(name)), parent) = (path.last(), &path[..path.len() - 1]) else { continue };
        let mut value = good.clone();
        at(&mut value, parent).as_object_mut().unwrap().remove(name);
        let refusal = signed(value.to_string().as_bytes()).unwrap_err().to_string();
        assert!(refusal.starts_with("the statement does not say "), "{path:?}: {refusal}");
        words.insert(path, refusal);
    }
    let of = |path: &[&str]| {
        let path: Path = path.iter().map(|name| Step::Name((*name).to_owned())).collect();
        words[&path].strip_prefix("the statement does not say ").unwrap()
    };
    assert_eq!(of(&["predicate", "tool"]), "which tool made it");
    assert_eq!(of(&["predicate", "tool", "name"]), "which tool made it");
    assert_eq!(of(&["predicate", "result"]), "how the gate ended");
    assert_eq!(of(&["predicate", "release", "sequence"]), "which sequence the release has");
    assert_eq!(of(&["subject"]), "what it is about");
    let mut value = good.clone();
    value["predicate"]["tool"]["name"] = json!(7);
    let refusal = signed(value.to_string().as_bytes()).unwrap_err().to_string();
    assert_eq!(refusal, "the statement does not say which tool made it: it has a number where a string belongs");
    let mut value = good;
    value["predicate"]["tool"]["name"] = json!("jest");
    let refusal = signed(value.to_string().as_bytes()).unwrap_err().to_string();
    assert_eq!(refusal, "the statement was made by `jest` and not by `contentcheck`");
}

/// Statements of other tools, and old ones of this one, are refused however good their signature is.
#[test]
fn a_test_result_of_another_tool_is_not_one_of_the_gate() {
    let subject = json!([{ "name": IMAGE, "digest": { "sha256": sha256(b"image") } }]);
    for (predicate_type, predicate) in [
        (PREDICATE, json!({ "result": "PASSED", "configuration": [], "passedTests": ["unit"] })),
        (PREDICATE, json!({ "result": "PASSED", "passedTests": CHECKS, "failedTests": [], "skippedTests": [] })),
        ("https://slsa.dev/provenance/v1", json!({})),
        (PREDICATE, json!(null)),
    ] {
        let value =
            json!({ "_type": STATEMENT, "subject": subject, "predicateType": predicate_type, "predicate": predicate });
        let refusal = signed(value.to_string().as_bytes()).unwrap_err();
        assert!(matches!(refusal, Refusal::Statement(_)), "{refusal}");
        in_words(&refusal);
    }
    for payload in ["", "null", "[]", "\"x\"", "{}", "NaN", "{\"_type\": 1e999}"] {
        let refusal = signed(payload.as_bytes()).unwrap_err();
        assert!(matches!(refusal, Refusal::Statement(_)), "{payload}: {refusal}");
    }
}

#[test]
fn a_member_that_appears_twice_is_refused() {
    let good = serde_json::to_string(&statement(&evidence()).unwrap()).unwrap();
    for (from, to) in [
        ("\"result\":\"PASSED\"", "\"result\":\"FAILED\",\"result\":\"PASSED\""),
        ("\"sha256\":\"", "\"sha256\":\"x\",\"sha256\":\""),
        ("\"_type\"", "\"_type\":\"x\",\"\\u005ftype\""),
    ] {
        let twice = good.replacen(from, to, 1);
        assert_ne!(twice, good);
        let refusal = signed(twice.as_bytes()).unwrap_err().to_string();
        assert!(refusal.contains("appears twice"), "{refusal}");
    }
}

#[test]
fn malformed_envelopes_are_refused_in_words() {
    let made = statement(&evidence()).unwrap();
    let good = serde_json::to_value(sign(&made, PRIVATE).unwrap()).unwrap();
    let read = |value: &Value| verify(value.to_string().as_bytes(), PUBLIC);
    // One right signature among others is enough; whatever the others are, nothing else is believed.
    let mut value = good.clone();
    let right = value["signatures"][0].clone();
    value["signatures"] =
        json!([{ "sig": "" }, { "sig": "!" }, {}, { "sig": null }, { "keyid": "x", "sig": "AAAA" }, right]);
    assert_eq!(read(&value), Ok(made));
    value["signatures"] = Value::Array(vec![right; SIGNATURES + 1]);
    assert!(matches!(read(&value), Err(Refusal::Envelope(words)) if words.contains("signatures")));
    let mut all = Vec::new();
    paths(&good, &Vec::new(), &mut all);
    for path in all {
        for other in [json!(null), json!(1), json!(""), json!("="), json!([]), json!({}), json!([{}]), json!([1])] {
            let mut value = good.clone();
            *at(&mut value, &path) = other;
            match read(&value) {
                // The hint is not believed either way.
                Ok(_) => assert_eq!(path.last(), Some(&Step::Name("keyid".to_owned()))),
                Err(refusal) => in_words(&refusal),
            }
        }
        let Some(Step::Name(name)) = path.last() else { continue };
        let mut value = good.clone();
        at(&mut value, &path[..path.len() - 1]).as_object_mut().unwrap().remove(name);
        assert_eq!(read(&value).is_ok(), name == "keyid");
    }
    let text = good.to_string();
    let twice = text.replacen("\"payload\":", "\"payload\":\"e30=\",\"payload\":", 1);
    assert!(matches!(verify(twice.as_bytes(), PUBLIC), Err(Refusal::Envelope(words)) if words.contains("duplicate")));
    let huge = text.replacen("\"payload\":\"", &format!("\"payload\":\"{}", "A".repeat(ENVELOPE_BYTES)), 1);
    assert!(matches!(verify(huge.as_bytes(), PUBLIC), Err(Refusal::Envelope(_))));
    let large = text.replacen("\"payload\":\"", &format!("\"payload\":\"{}", "A".repeat(1 << 20)), 1);
    assert_eq!(verify(large.as_bytes(), PUBLIC), Err(Refusal::Signature));
    for cut in (0..text.len()).step_by(97) {
        assert!(verify(&text.as_bytes()[..cut], PUBLIC).is_err());
    }
}

/// The example of the DSSE protocol.
#[test]
fn what_is_signed_is_as_the_protocol_says() {
    let bytes = pre_authentication("http://example.com/HelloWorld", b"hello world");
    assert_eq!(bytes, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

/// A release says itself what it was compared with, and which key vouches for that: whoever takes it asks for both.
#[test]
fn what_a_release_was_compared_with_is_asked_for() {
    let then = evidence();
    let before = statement(&then).unwrap();
    let json = then.to_json().unwrap();
    let (own, other) = (sha256(b"own key"), sha256(b"other key"));
    let now = |evidence: &[u8], key: &[u8]| {
        let inputs = [
            InputDigest::new(InputKind::PreviousEvidence, "evidence.json", evidence),
            InputDigest::new(InputKind::PreviousKey, "gate.pub", key),
        ];
        statement(&with(|of| of.inputs.extend(inputs))).unwrap()
    };
    let made = now(json.as_bytes(), b"own key");
    let keys = |keys: &[String], previous: Option<&Statement>, made: &Statement| {
        accepts(made, &Asked { keys, previous, ..asked() })
    };
    for previous in [None, Some(&before)] {
        assert_eq!(keys(std::slice::from_ref(&own), previous, &made), Ok(()));
        assert_eq!(keys(&[other.clone(), own.clone()], previous, &made), Ok(()));
        for wrong in [&[][..], std::slice::from_ref(&other)] {
            assert!(matches!(keys(wrong, previous, &made), Err(Refusal::PreviousKey(_))));
        }
    }
    // Warnings, where the release made nothing of them.
    let warned = statement(&with(|of| {
        let gone = Finding::new(&contentcheck_model::diagnostic::codes::RELEASE_SHRUNK, "gone");
        let finding = Finding { weight: crate::result::Weight::Warning, ..gone };
        of.checks.iter_mut().take(2).for_each(|check| check.findings.push(finding.clone()));
    }))
    .unwrap();
    for (made, deny_warnings, expected) in
        [(&before, true, Ok(())), (&warned, false, Ok(())), (&warned, true, Err(Refusal::Warnings(2)))]
    {
        assert_eq!(accepts(made, &Asked { deny_warnings, ..asked() }), expected);
    }
    // Evidence that was read and held against nothing.
    let skipped = statement(&with(|of| {
        of.inputs.push(InputDigest::new(InputKind::PreviousEvidence, "evidence.json", json.as_bytes()));
        skipping("change")(of);
    }))
    .unwrap();
    let allow_missing = ["change".to_owned()];
    let lenient = |previous| accepts(&skipped, &Asked { previous, allow_missing: &allow_missing, ..asked() });
    assert_eq!(lenient(None), Ok(()));
    assert!(matches!(lenient(Some(&before)), Err(Refusal::Previous(words)) if words.contains("did not run")));
    // Evidence of another release, of one byte more, of none.
    for wrong in [now(b"{}", b"own key"), now(format!("{json}\n").as_bytes(), b"own key"), before.clone()] {
        assert_eq!(keys(std::slice::from_ref(&own), None, &wrong), Ok(()));
        assert!(matches!(keys(std::slice::from_ref(&own), Some(&before), &wrong), Err(Refusal::Previous(_))));
    }
}
