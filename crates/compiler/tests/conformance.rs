//! The conformance corpus, run by the interpreter on compiled images.

use std::ops::ControlFlow;

use contentcheck_compiler::event::with_event;
use contentcheck_compiler::sensor::Supplied;
use contentcheck_compiler::{Options, compile};
use contentcheck_interpreter::{Image, KillList, Workspace};
use contentcheck_model::field::FieldRef;
use contentcheck_reference::conformance::{directory, load};

#[test]
fn the_interpreter_says_what_the_corpus_says() {
    let (mut cases, mut mistyped, mut wrong) = (0, 0, Vec::new());
    for suite in load(&directory()).unwrap() {
        let bytes = compile(suite.content(), Options::default()).unwrap();
        let image = Image::read(&bytes).unwrap();
        let supplied = Supplied::of_recorder(&image, "recorder", "1");
        let supplies = supplied.supplies();
        let mut bindings = vec![0; image.binding_slots()];
        let mut active = vec![0; image.active_words()];
        let workspace = Workspace { bindings: &mut bindings, active: &mut active };
        let verified = image.verify(&supplied.manifest(&supplies), workspace);
        let verified = verified.unwrap_or_else(|rejection| panic!("{}: {rejection}", suite.name));
        let mut scratch = vec![u64::MAX; verified.scratch_words()];
        for case in suite.cases() {
            let (rule, target) = suite.target(case).unwrap();
            let template = verified
                .templates_named(&target.template.name)
                .find(|at| image.template(*at).unwrap().version == target.template.version)
                .unwrap();
            let (_, inputs) = supplied.templates().iter().find(|(name, _)| *name == target.template.name).unwrap();
            let value = |name: &str| case.event.value(&target.template.named(name));
            let named = |name: &str| inputs.iter().any(|input| input.name == name);
            let mut others: Vec<_> = case.event.others.iter().collect();
            let is_named = |field: &FieldRef| target.template.describe(field).is_some_and(|info| named(info.name));
            others.extend(case.event.values().filter(|(field, _)| !is_named(field)).map(|(_, value)| value));
            let mut matched = Vec::new();
            let bound = with_event(inputs, supplied.header(), value, &others, |event| {
                let bound = verified.bind(template, event).unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
                let sink = |rule| {
                    matched.push(rule);
                    ControlFlow::Continue(())
                };
                assert!(bound.evaluate(&KillList::NONE, &mut scratch, u64::MAX, sink).unwrap().is_whole());
                // A sensor's event has the types of its manifest; a value of another one is absent for rules.
                bound.mistyped() == 0
            });
            if !bound {
                mistyped += 1;
                continue;
            }
            let fires = matched.iter().any(|at| image.rule(*at).unwrap().name == rule.name);
            cases += 1;
            if fires != case.expect {
                wrong.push(format!("{} / {}: {} ({})", suite.name, case.name, fires, case.why));
            }
        }
    }
    println!("{cases} cases decided, {mistyped} with a value of another type");
    assert!(cases >= 500, "{cases}");
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
}
