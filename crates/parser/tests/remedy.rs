//! What the help of a finding about sensors says to write is the end of the finding.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use contentcheck_model::language::Language;
use contentcheck_model::sensor::{Fleet, Manifest, Sensor};
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Finding, Gathered};
use proptest::prelude::*;

const FIELDS: [&str; 4] = ["alpha", "bravo", "charlie", "delta"];

fn sensor(name: &str, version: u32, inputs: &[&str]) -> Sensor {
    let inputs: Vec<String> =
        inputs.iter().map(|input| format!("{{\"name\":\"{input}\",\"type\":\"string\"}}")).collect();
    let json = format!(
        "{{\"format\":1,\"sensor\":\"{name}\",\"version\":\"{version}\",\"templates\":{{\"t\":{{\"inputs\":[{}]}}}}}}",
        inputs.join(",")
    );
    Manifest::parse(&Source::new("m", json)).unwrap()
}

/// The findings about what sensors supply, of a rule with a condition and perhaps a constraint.
fn found(sensors: &[Sensor], condition: &str, constraint: &str) -> Vec<Finding> {
    let fields: String = FIELDS.iter().zip(1..).map(|(name, at)| format!("    {at} {name} : string\n")).collect();
    let text = format!(
        "template t @ 1 {{\n{fields}}}\nrule r {{\n    id: \"0e95725d-7320-415d-80f7-000000000001\"\n    \
         template: t @ 1\n    severity: low\n    {constraint}\n    when {condition}\n}}\n"
    );
    let fleet = Some(Fleet::new(sensors.to_vec()).unwrap());
    let sources = vec![(Source::new("r.content", text), Language::Native)];
    let judged = Gathered { fleet, ..Gathered::of(sources) }.check(&Checking::default()).judge();
    let ours = |found: &&Finding| ["CC0401", "CC0402", "CC0403", "CC0405"].contains(&found.code.id);
    assert!(judged.findings().iter().all(|found| !found.code.id.starts_with("CC01")), "{:?}", judged.findings());
    judged.findings().iter().filter(ours).cloned().collect()
}

/// The constraint that a help says to write.
fn advised(found: &Finding) -> Option<String> {
    let help = found.help.as_deref()?;
    let from = help.find("`sensors: ")? + 1;
    Some(help.get(from..)?.split('`').next()?.to_owned())
}

#[test]
fn a_sensor_that_no_constraint_parts_from_the_others_has_other_advice() {
    let short = sensor("acme", 7, &["alpha", "charlie"]);
    let by_number = found(std::slice::from_ref(&short), "$3 == \"x\"", "");
    let [one] = by_number.as_slice() else { panic!("{by_number:?}") };
    assert_eq!(one.help.as_deref(), Some("read `charlie` by name: these sensors supply it at another position"));
    assert!(found(std::slice::from_ref(&short), "charlie == \"x\"", "").is_empty());
    // Between two that supply it stands one that does not.
    let all = |version| sensor("acme", version, &FIELDS);
    let holed = [all(6), short, all(8)];
    let help = |of: &[Finding]| of.iter().filter_map(|one| one.help.clone()).collect::<Vec<_>>();
    let advice = found(&holed, "bravo == \"x\"", "");
    assert!(help(&advice)[0].contains("`sensors: \"acme >=8\"`"), "{advice:?}");
    // A name that is nearly the one is a slip.
    let slip = found(&[sensor("acme", 7, &["alpha", "brvao", "charlie", "delta"])], "bravo == \"x\"", "");
    assert!(help(&slip)[0].starts_with("acme 7 supplies `brvao`, which `t @ 1` does not declare"), "{slip:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn advice_that_is_followed_ends_the_finding(
        supplied in prop::collection::vec(
            (prop::sample::select(vec!["acme", "edge"]), prop::sample::subsequence(FIELDS.to_vec(), 1..=4).prop_shuffle()),
            1..6,
        ),
        read in prop::sample::subsequence(vec!["alpha", "bravo", "delta", "$2", "$3", "$4"], 1..=3),
    ) {
        let sensors: Vec<Sensor> =
            supplied.iter().zip(1..).map(|((name, inputs), version)| sensor(name, version, inputs)).collect();
        let condition: Vec<String> = read.iter().map(|field| format!("{field} == \"x\"")).collect();
        let condition = condition.join(" and ");
        for finding in found(&sensors, &condition, "") {
            if let Some(constraint) = advised(&finding) {
                let left = found(&sensors, &condition, &constraint);
                prop_assert!(left.is_empty(), "{constraint}: {left:?}");
            }
        }
    }
}
