//! Faults that a first sensor met, put back one by one: each of these tests fails where one is.

use contentcheck_interpreter::format::{Look, Opcode, Predicate};

use super::*;

fn rules(conditions: &[&str]) -> Vec<u8> {
    let mut text = "template acme.exec @ 1 { 1 image: string 2 command: string nocase 3 parent: string? 4 pid: int 5 args: list<string>? }\n".to_owned();
    for (at, condition) in conditions.iter().enumerate() {
        text += &format!(
            "rule r{at} {{ id: \"0000000{at}-5d1f-4c1e-9a3b-000000000001\" template: acme.exec @ 1 severity: low {condition} }}\n"
        );
    }
    compile(&content(&text), Options::default()).unwrap()
}

#[test]
fn what_only_rules_for_other_sensors_read_is_not_looked_at() {
    let inputs = INPUTS.replace(r#""pid","type":"int""#, r#""pid","type":"string""#);
    let bytes = rules(&["sensors: \">=8\" when pid >= 4000", "when command contains \"| sh\""]);
    with(&bytes, &sensor(&inputs, ""), |verified, _| {
        assert_eq!(verified.loaded_rules(), 1);
        let event = exec(Value::from("curl x | sh"), Value::from("4711"));
        let bound = of(verified, &event);
        assert_eq!((bound.mistyped(), matches(&bound, verified).len()), (0, 1));
    });
}

#[test]
fn too_little_scratch_for_states_is_a_fault_of_scratch() {
    let bytes = rules(&["when command matches \"a.{20}b.{20}c.{20}d\"", "when command contains \"| sh\""]);
    with(&bytes, &sensor(INPUTS, ""), |verified, _| {
        let long = "a".repeat(100);
        let event = exec(Value::from(long.as_str()), Value::Int(1));
        for words in 0..verified.scratch_words() {
            let done = of(verified, &event)
                .evaluate(&KillList::NONE, &mut vec![0; words], u64::MAX, |_| ControlFlow::Continue(()));
            assert_eq!(done, Err(Fault::Scratch { needed: verified.scratch_words() }));
        }
    });
}

/// No more steps than the cost of the event allows.
fn within(condition: &str, image: &str, elements: &[&str]) {
    let bytes = rules(&[condition]);
    with(&bytes, &sensor(INPUTS, ""), |verified, _| {
        let event = [Value::from(image), Value::Absent, Value::Absent, Value::Absent, Value::Strs(elements)];
        let bound = of(verified, &event);
        let mut scratch = vec![0; verified.scratch_words()];
        let most = verified.image().cost(bound.template()).at(bound.size());
        let done = bound.evaluate(&KillList::NONE, &mut scratch, u64::MAX, |_| ControlFlow::Continue(())).unwrap();
        assert!(done.steps <= most, "{} steps of {most}", done.steps);
    });
}

#[test]
fn a_part_of_short_elements_is_charged_by_them() {
    within("when any args contains image", &"x".repeat(1 << 20), &["sh"; 1000]);
}

#[test]
fn a_beginning_of_short_elements_is_charged_by_them() {
    within("when any args starts_with image", &"x".repeat(1 << 20), &["sh"; 1000]);
}

#[test]
fn every_rule_below_the_first_unasked_one_was_asked() {
    let bytes = compile(&content(RULES), Options::default()).unwrap();
    with(&bytes, &sensor(INPUTS, ""), |verified, _| {
        let event = exec(Value::from("curl x | sh"), Value::Int(5_000));
        let bound = of(verified, &event);
        let mut scratch = vec![0; verified.scratch_words()];
        let run = |budget: u64, scratch: &mut Vec<u64>| {
            let mut found = Vec::new();
            let done = bound.evaluate(&KillList::NONE, scratch, budget, |rule| {
                found.push(rule);
                ControlFlow::Continue(())
            });
            (done.unwrap(), found)
        };
        let (all, every) = run(u64::MAX, &mut scratch);
        for budget in 0..all.steps {
            let (done, found) = run(budget, &mut scratch);
            let from = done.unasked_from.unwrap();
            let below: Vec<u32> = every.iter().copied().filter(|rule| *rule < from).collect();
            assert_eq!(found, below, "{budget} {from}");
        }
    });
}

fn refused(what: &str, forged: &[u8]) {
    let found = rejection(forged, &sensor(INPUTS, ""));
    assert!(matches!(found, Some(Rejection::Record { .. })), "{what}: {found:?}");
}

#[test]
fn filters_that_find_nothing_are_refused() {
    let bytes = compile(&content(RULES), Options::default()).unwrap();
    refused(
        "filters",
        &rebuilt(&bytes, |section, bytes| match section {
            Section::Filters => vec![0; bytes.len()],
            Section::Bitmaps | Section::Buckets | Section::Entries => Vec::new(),
            _ => bytes.to_vec(),
        }),
    );
}

#[test]
fn atoms_without_literals_are_refused() {
    let bytes = compile(&content(RULES), Options::default()).unwrap();
    refused(
        "literals",
        &rebuilt(&bytes, |section, bytes| match section {
            Section::Filters => vec![0; bytes.len()],
            Section::Bitmaps | Section::Buckets | Section::Entries | Section::Literals | Section::Actions => Vec::new(),
            Section::Templates => bytes
                .as_chunks::<{ Template::SIZE }>()
                .0
                .iter()
                .flat_map(|record| Template { literals: 0, literal_count: 0, ..Template::decode(record) }.encode())
                .collect(),
            _ => bytes.to_vec(),
        }),
    );
}

#[test]
fn a_bitmap_without_the_bits_of_its_entries_is_refused() {
    let bytes = compile(&content(RULES), Options::default()).unwrap();
    refused(
        "bitmaps",
        &rebuilt(&bytes, |section, bytes| match section {
            Section::Bitmaps => vec![0; bytes.len()],
            _ => bytes.to_vec(),
        }),
    );
}

#[test]
fn a_literal_without_its_probe_is_refused() {
    let bytes = rules(&["when image ends_with \"/evil\""]);
    refused(
        "probes",
        &rebuilt(&bytes, |section, bytes| match section {
            Section::Probes => Vec::new(),
            Section::Looks => bytes
                .as_chunks::<{ Look::SIZE }>()
                .0
                .iter()
                .flat_map(|record| Look { probes: 0, probe_count: 0, ..Look::decode(record) }.encode())
                .collect(),
            _ => bytes.to_vec(),
        }),
    );
}

/// Two inputs are mentioned, of which one is dropped.
fn one_mention(bytes: &[u8], drop: usize, atoms: bool) -> Vec<u8> {
    rebuilt(bytes, |section, bytes| match section {
        Section::Mentions => {
            assert_eq!(bytes.len(), 4);
            bytes[(1 - drop) * 2..(1 - drop) * 2 + 2].to_vec()
        }
        Section::Programs => bytes
            .as_chunks::<{ Program::SIZE }>()
            .0
            .iter()
            .flat_map(|record| {
                let mut of = Program::decode(record);
                of.mention_count -= 1;
                of.encode()
            })
            .collect(),
        Section::Predicates if atoms => bytes
            .as_chunks::<{ Predicate::SIZE }>()
            .0
            .iter()
            .flat_map(|record| {
                let mut of = Predicate::decode(record);
                if of.opcode == Opcode::Atom as u8 {
                    of.input = u16::from(drop == 0);
                }
                of.encode()
            })
            .collect(),
        _ => bytes.to_vec(),
    })
}

#[test]
fn a_comparison_of_inputs_mentions_both() {
    let bytes = rules(&["when image == command"]);
    for drop in [0, 1] {
        refused("field", &one_mention(&bytes, drop, false));
    }
}

#[test]
fn an_atom_of_an_input_is_a_mention_of_it() {
    let bytes = rules(&["when image contains \"aaaabbbb\" and command contains \"ccccdddd\""]);
    let image = Image::read(&bytes).unwrap();
    let of =
        image.section_bytes(Section::Predicates).as_chunks::<{ Predicate::SIZE }>().0.iter().map(Predicate::decode);
    let drop = of.filter(|of| of.opcode == Opcode::Atom as u8).map(|of| usize::from(of.input)).next().unwrap();
    refused("atom", &one_mention(&bytes, drop, true));
}
