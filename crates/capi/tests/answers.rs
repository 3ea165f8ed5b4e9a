//! What the functions of C answer is what the interpreter answers, for every image and event of corpus/images.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/given.rs"]
mod given;

use std::ffi::{CStr, c_char, c_void};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};

use contentcheck_capi::*;
use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_interpreter::{Event, Image, Input, KillList, Reason, Value, VerifiedImage};
use contentcheck_model::sensor;
use contentcheck_model::source::Source;
use given::{CManifest, CValues, ENDS, Given, Loaded, NO_OUTCOME, load, unhex};
use serde_json::Value as Json;

const DIRECTORIES: [&str; 7] = ["lists", "numbers", "opcodes", "regexes", "sensors", "sigma", "tables"];

fn read(directory: &str, file: &str) -> String {
    fs::read_to_string(path(directory, file)).unwrap()
}

fn path(directory: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/images").join(directory).join(file)
}

/// An event as a line has it.
struct Line {
    template: (String, u64),
    arrays: [Vec<Given>; 3],
    matches: Vec<String>,
    mistyped: Vec<String>,
}

impl Line {
    fn read(line: &str) -> Self {
        let json: Json = serde_json::from_str(line).unwrap();
        let of = |member: &str| json.get(member).unwrap().as_array().unwrap().clone();
        let names = |member: &str| of(member).iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        Self {
            template: (
                json.get("template").unwrap().as_str().unwrap().to_owned(),
                json.get("version").unwrap().as_u64().unwrap(),
            ),
            arrays: ["inputs", "header", "others"].map(|member| of(member).iter().map(Given::read).collect()),
            matches: names("matches"),
            mistyped: names("mistyped"),
        }
    }
}

fn text(bytes: CcBytes) -> String {
    // SAFETY: it came out of the library, and what it points to is still there.
    let bytes = unsafe { std::slice::from_raw_parts(bytes.ptr.cast::<u8>(), bytes.len) };
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What C says of an event: rules, how it ended, reasons of each match, mistyped inputs.
type Answer = (Vec<u32>, CcOutcome, Vec<Vec<Said>>, Vec<u32>);
/// Input, whether it holds, where it was found.
type Said = (u32, u32, u32, u32, u64, u64, u64);

fn ask(loaded: &Loaded, event: &CcEvent, scratch: &mut [u64], budget: u64) -> Answer {
    let (lent, size): (*mut c_void, usize) = (scratch.as_mut_ptr().cast(), size_of_val(scratch));
    let (mut rules, mut outcome) = (vec![0; 64], NO_OUTCOME);
    // SAFETY: every pointer, here and below, is to values of this function or of its caller, with their lengths.
    let status = unsafe {
        cc_evaluate(loaded.image, event, null(), lent, size, budget, rules.as_mut_ptr(), 64, &raw mut outcome)
    };
    assert_eq!(status, outcome.status);
    rules.truncate(outcome.match_count as usize);
    let reasons = rules.iter().map(|rule| {
        let (mut reasons, mut count): (Vec<CcReason>, usize) = (Vec::with_capacity(256), 0);
        let out = reasons.as_mut_ptr();
        // SAFETY: the same.
        let status = unsafe { cc_why(loaded.image, event, *rule, lent, size, out, 256, &raw mut count, null_mut()) };
        assert_eq!(status, CC_OK);
        // SAFETY: so many were written.
        unsafe { reasons.set_len(count) };
        reasons.iter().for_each(|of| assert!(of.text.ptr.is_null() || of.text.len as u64 == of.length));
        reasons.iter().map(|of| (of.input, of.holds, of.values, of.index, of.element, of.offset, of.length)).collect()
    });
    let reasons = reasons.collect();
    let (mut inputs, mut count) = (vec![0; 64], 0);
    // SAFETY: the same.
    let status =
        unsafe { cc_mistyped(loaded.image, event, lent, size, inputs.as_mut_ptr(), 64, &raw mut count, null_mut()) };
    assert_eq!(status, CC_OK);
    inputs.truncate(count);
    (rules, outcome, reasons, inputs)
}

fn said(reason: &Reason) -> Said {
    let input = reason.input.unwrap_or(CC_NONE);
    let Some(found) = reason.found else {
        return (input, u32::from(reason.holds), CC_NONE, CC_NONE, CC_NONE64, 0, 0);
    };
    let element = found.element.map_or(CC_NONE64, |element| element as u64);
    let index = u32::try_from(found.index).unwrap();
    (input, u32::from(reason.holds), found.values as u32, index, element, found.offset as u64, found.len as u64)
}

/// What the interpreter says of it. `split`: lists that it has in one run of bytes, which takes more steps to go through.
fn own(verified: &VerifiedImage<'_>, template: u32, line: &Line, split: &[Vec<bool>], budget: u64) -> Answer {
    let runs: Vec<Vec<Option<Vec<u8>>>> = std::iter::zip(&line.arrays, split)
        .map(|(values, split)| {
            std::iter::zip(values, split).map(|(value, split)| split.then(|| value.run().unwrap())).collect()
        })
        .collect();
    let elements: Vec<Vec<Vec<Value<'_>>>> = line
        .arrays
        .iter()
        .map(|values| values.iter().map(|of| of.elements().iter().map(|one| one.value(&[])).collect()).collect())
        .collect();
    let arrays: Vec<Vec<Value<'_>>> = std::iter::zip(&line.arrays, std::iter::zip(&elements, &runs))
        .map(|(values, (elements, runs))| {
            let values = std::iter::zip(values, std::iter::zip(elements, runs));
            let lent = values.map(|(value, (elements, run))| match run {
                Some(run) => Value::Split(run, ENDS),
                None => value.value(elements),
            });
            lent.collect()
        })
        .collect();
    let [inputs, header, others] = arrays.as_slice() else { panic!() };
    let bound = verified.bind(template, Event { inputs, header, others }).unwrap();
    let (mut scratch, mut rules) = (vec![0; verified.scratch_words()], Vec::new());
    let done = bound.evaluate(&KillList::NONE, &mut scratch, budget, |rule| {
        rules.push(rule);
        ControlFlow::Continue(())
    });
    let done = done.unwrap();
    let reasons = rules.iter().map(|rule| {
        let mut reasons = Vec::new();
        assert!(bound.why(*rule, &mut scratch, |reason| reasons.push(said(&reason))).unwrap());
        reasons
    });
    let reasons = reasons.collect();
    let outcome = CcOutcome {
        status: if done.is_whole() { CC_OK } else { CC_SPENT },
        match_count: u32::try_from(rules.len()).unwrap(),
        unasked_from: done.unasked_from.unwrap_or(CC_NONE),
        mistyped: done.mistyped,
        steps: done.steps,
        values: CC_NONE,
        index: CC_NONE,
        element: CC_NONE64,
        ..NO_OUTCOME
    };
    (rules, outcome, reasons, bound.mistyped_inputs().collect())
}

/// Calls `then` with an image that both have loaded.
fn with(directory: &str, then: impl FnOnce(&Loaded, &VerifiedImage<'_>, &Supplied<'_>)) {
    let json = Source::new("manifest.json", read(directory, "manifest.json"));
    let sensor = sensor::Manifest::parse(&json).unwrap();
    let supplied = Supplied::of_sensor(&sensor);
    let supplies = supplied.supplies();
    let manifest = supplied.manifest(&supplies);
    let bytes = fs::read(path(directory, "image.ccimage")).unwrap();
    let image = Image::read(&bytes).unwrap();
    let mut memory = Memory::of(&image);
    let verified = image.verify(&manifest, memory.workspace()).unwrap();
    let given = CManifest::of(&manifest);
    let loaded = load(&bytes, &given.manifest).unwrap_or_else(|why| panic!("{why:?}"));
    // The manifest was copied.
    drop(given);
    then(&loaded, &verified, &supplied);
}

#[test]
fn events_have_the_answers_of_the_interpreter() {
    let (mut events, mut matched) = (0, 0);
    for directory in DIRECTORIES {
        with(directory, |loaded, verified, supplied| {
            for line in read(directory, "events.jsonl").lines().map(Line::read) {
                let types = |name: &str| {
                    let of = supplied.templates().iter().find(|(template, _)| *template == name);
                    of.map_or(&[][..], |(_, inputs)| inputs.as_slice())
                };
                let types = [types(&line.template.0), supplied.header(), &[]];
                matched += both(loaded, verified, &line, types);
                events += 1;
            }
        });
    }
    assert!(events > 300 && matched > 300, "{events} events, {matched} matches");
}

/// Holds one event to the interpreter, in every form and with budgets. How many rules match.
fn both(loaded: &Loaded, verified: &VerifiedImage<'_>, line: &Line, types: [&[Input<'_>]; 3]) -> usize {
    let name = CcBytes::of(line.template.0.as_bytes());
    let (mut numbers, mut count) = ([0_u32; 8], 0);
    // SAFETY: every pointer is to a value of this function, with its length.
    assert_eq!(unsafe { cc_templates(loaded.image, name, numbers.as_mut_ptr(), 8, &raw mut count) }, CC_OK);
    let numbers = numbers.get(..count).unwrap();
    let template = *numbers.iter().find(|number| version(loaded, **number) == line.template.1).unwrap();
    let mut matched = 0;
    for other in [false, true] {
        let mut memory = CValues::default();
        let arrays: Vec<Vec<CcValue>> = std::iter::zip(&line.arrays, types)
            .map(|(values, types)| {
                let types = types.iter().map(|input| Some(number_of(input))).chain(std::iter::repeat(Some(0)));
                std::iter::zip(values, types).map(|(value, ty)| memory.of(value, ty.filter(|_| other))).collect()
            })
            .collect();
        let is_split = |values: &Vec<CcValue>| values.iter().map(|value| value.tag == CC_SPLIT).collect();
        let split: Vec<Vec<bool>> = arrays.iter().map(is_split).collect();
        let expected = own(verified, template, line, &split, u64::MAX);
        matched = expected.0.len();
        let [inputs, header, others] = arrays.as_slice() else { panic!() };
        let event = CcEvent {
            template_no: template,
            inputs: inputs.as_ptr(),
            input_count: inputs.len(),
            header: header.as_ptr(),
            header_count: header.len(),
            others: others.as_ptr(),
            other_count: others.len(),
        };
        // What an event takes is what it says that it takes.
        let few = &mut vec![u64::MAX; loaded.sizes.scratch / 8];
        let mut outcome = NO_OUTCOME;
        let lent: *mut c_void = few.as_mut_ptr().cast();
        // SAFETY: the same.
        let status = unsafe {
            cc_evaluate(loaded.image, &raw const event, null(), lent, few.len() * 8, 9, null_mut(), 0, &raw mut outcome)
        };
        let values = inputs.len() + header.len() + others.len();
        assert_eq!(status == CC_E_SCRATCH, values > 0);
        let needed = usize::try_from(outcome.needed).unwrap().max(few.len() * 8);
        assert!(outcome.needed >= (values * size_of::<Value<'_>>()) as u64);
        let mut scratch = vec![u64::MAX; needed / 8];

        let answer = ask(loaded, &event, &mut scratch, u64::MAX);
        assert_eq!(answer, expected, "{:?}", line.arrays);
        let ids: Vec<String> = answer.0.iter().map(|rule| text(rule_info(loaded, *rule).id)).collect();
        let mistyped: Vec<String> = answer.3.iter().map(|input| input_name(loaded, *input)).collect();
        assert_eq!((&ids, &mistyped), (&line.matches, &line.mistyped));
        for budget in [0, 1, answer.1.steps / 2, answer.1.steps] {
            assert_eq!(ask(loaded, &event, &mut scratch, budget), own(verified, template, line, &split, budget));
        }
        many(loaded, event, &mut scratch, &expected);
    }
    matched
}

fn number_of(input: &Input<'_>) -> u32 {
    input.ty.scalar as u32 | (u32::from(input.ty.list) * CC_TYPE_LIST)
}

/// A batch with few places for matches: together the calls give all of them, and each gets on.
fn many(loaded: &Loaded, event: CcEvent, scratch: &mut [u64], expected: &Answer) {
    let wrong = CcEvent { input_count: 0, ..event };
    let events = [event, wrong, event, event];
    let (lent, size): (*mut c_void, usize) = (scratch.as_mut_ptr().cast(), size_of_val(scratch));
    for capacity in [0, 1, expected.0.len(), 3 * expected.0.len()] {
        let (mut at, mut rules) = (0, Vec::new());
        while let Some(rest) = events.get(at..).filter(|rest| !rest.is_empty()) {
            let mut matches = vec![CcMatch { event: 0, rule: 0 }; capacity];
            let mut outcomes = [NO_OUTCOME; 4];
            let (mut evaluated, mut matched) = (0, 0);
            // SAFETY: every pointer is to a value of this function or of its caller, with its length.
            let status = unsafe {
                cc_evaluate_many(
                    loaded.image,
                    rest.as_ptr(),
                    rest.len(),
                    null(),
                    lent,
                    size,
                    u64::MAX,
                    matches.as_mut_ptr(),
                    capacity,
                    outcomes.as_mut_ptr(),
                    &raw mut evaluated,
                    &raw mut matched,
                )
            };
            assert!(status == if evaluated == rest.len() { CC_OK } else { CC_MORE }, "{status} {evaluated}");
            assert!(evaluated > 0);
            for (number, outcome) in (at..).zip(outcomes.iter().take(evaluated)) {
                let fits = outcome.match_count == expected.1.match_count;
                match outcome.status {
                    CC_E_ARITY => assert!(number == 1 && event.input_count > 0),
                    CC_OK => assert!(fits && number != usize::MAX),
                    CC_MORE => {
                        assert!(!fits && capacity < expected.0.len() && outcome.match_count as usize == capacity)
                    }
                    status => panic!("{status}"),
                }
            }
            let given = matches.iter().take(matched);
            rules.extend(given.map(|of| (at + of.event as usize, of.rule)));
            at += evaluated;
        }
        let numbers = [0, 1, 2, 3].into_iter().filter(|number| *number != 1 || event.input_count == 0);
        let all = numbers.flat_map(|number| expected.0.iter().take(capacity).map(move |rule| (number, *rule)));
        assert_eq!(rules, all.collect::<Vec<_>>());
    }
}

fn version(loaded: &Loaded, template_no: u32) -> u64 {
    let mut info = CcTemplateInfo { name: CcBytes::NONE, version: 0, supplied: 0 };
    // SAFETY: every pointer is to a value of this function.
    assert_eq!(unsafe { cc_template_info(loaded.image, template_no, &raw mut info) }, CC_OK);
    u64::from(info.version)
}

fn rule_info(loaded: &Loaded, rule: u32) -> CcRule {
    let none = CcBytes::NONE;
    let mut info = CcRule {
        id: none,
        title: none,
        word: none,
        revision: none,
        level_name: none,
        level: 0,
        tag_count: 0,
        loaded: 0,
    };
    // SAFETY: every pointer is to a value of this function.
    assert_eq!(unsafe { cc_rule_info(loaded.image, rule, &raw mut info) }, CC_OK);
    info
}

fn input_name(loaded: &Loaded, input: u32) -> String {
    let mut name = CcBytes::NONE;
    // SAFETY: every pointer is to a value of this function.
    assert_eq!(unsafe { cc_input_name(loaded.image, input, &raw mut name) }, CC_OK);
    text(name)
}

/// Words of the library in a buffer that just holds them, and in smaller ones.
fn words(say: impl Fn(*mut c_char, usize, *mut usize) -> CcStatus) -> String {
    let mut length = 0;
    assert_eq!(say(null_mut(), 0, &raw mut length), CC_MORE);
    let mut whole = String::new();
    for size in (1..=length + 1).rev() {
        let mut buffer: Vec<c_char> = vec![1; size];
        assert_eq!(say(buffer.as_mut_ptr(), size, null_mut()), if size > length { CC_OK } else { CC_MORE });
        // SAFETY: the library ends it within the buffer.
        let said = unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_str().unwrap().to_owned();
        if whole.is_empty() {
            assert_eq!(said.len(), length);
            whole = said;
        } else {
            assert!(whole.starts_with(&said) && said.len() + 4 >= size, "{said}");
        }
    }
    whole
}

#[test]
fn damaged_images_are_refused_as_the_interpreter_refuses_them() {
    let mut codes = std::collections::BTreeSet::new();
    for directory in DIRECTORIES {
        let json = Source::new("manifest.json", read(directory, "manifest.json"));
        let sensor = sensor::Manifest::parse(&json).unwrap();
        let supplied = Supplied::of_sensor(&sensor);
        let supplies = supplied.supplies();
        let manifest = supplied.manifest(&supplies);
        let given = CManifest::of(&manifest);
        for line in read(directory, "refused.jsonl").lines() {
            let json: Json = serde_json::from_str(line).unwrap();
            let mut bytes = fs::read(path(directory, "image.ccimage")).unwrap();
            for patch in json.get("patch").unwrap().as_array().unwrap() {
                let (at, put) =
                    (patch.get(0).unwrap().as_u64().unwrap(), unhex(patch.get(1).unwrap().as_str().unwrap()));
                let at = usize::try_from(at).unwrap();
                bytes.get_mut(at..at + put.len()).unwrap().copy_from_slice(&put);
            }
            if let Some(len) = json.get("truncate") {
                bytes.truncate(usize::try_from(len.as_u64().unwrap()).unwrap());
            }
            if json.get("seal").unwrap().as_bool().unwrap() {
                let len = (bytes.len() as u64).to_le_bytes();
                bytes.iter_mut().skip(16).zip(len).for_each(|(slot, byte)| *slot = byte);
                let sum = contentcheck_interpreter::hash::checksum(&bytes).to_le_bytes();
                bytes.iter_mut().skip(24).zip(sum).for_each(|(slot, byte)| *slot = byte);
            }
            let why = load(&bytes, &given.manifest).err().unwrap_or_else(|| panic!("it is loaded: {line}"));
            // SAFETY: the library ends it.
            let code = unsafe { CStr::from_ptr(cc_code(why.status)) }.to_str().unwrap();
            assert_eq!(code, json.get("code").unwrap().as_str().unwrap(), "{line}");
            let of = CcBytes::of(&bytes);
            // SAFETY: every pointer is to a value of this function or of `words`.
            let said = words(|buffer, size, length| unsafe { cc_describe(of, &raw const why, buffer, size, length) });
            let own = match Image::read(&bytes) {
                Err(rejection) => contentcheck_interpreter::describe(&bytes, rejection).to_string(),
                Ok(image) => {
                    let mut memory = Memory::of(&image);
                    image.describe(image.verify(&manifest, memory.workspace()).unwrap_err()).to_string()
                }
            };
            assert_eq!(said, own, "{line}");
            codes.insert(why.status);
        }
    }
    assert!(codes.len() > 7, "{codes:?}");
}

#[test]
fn what_is_left_out_is_said() {
    with("sensors", |loaded, verified, supplied| {
        let supplies = supplied.supplies();
        let own: Vec<_> = verified.left_out(&supplied.manifest(&supplies)).collect();
        assert!(own.len() > 1);
        let empty = CcLeftOut { rule: 0, template_no: 0, why: 0, input: 0 };
        let (mut out, mut count) = (vec![empty; own.len()], 0);
        // SAFETY: every pointer is to a value of this function, with its length.
        let status = unsafe { cc_left_out(loaded.image, out.as_mut_ptr(), 1, &raw mut count) };
        assert_eq!((status, count), (CC_MORE, own.len()));
        // SAFETY: the same.
        assert_eq!(unsafe { cc_left_out(loaded.image, out.as_mut_ptr(), out.len(), &raw mut count) }, CC_OK);
        for (out, own) in std::iter::zip(&out, own) {
            assert_eq!((out.rule, out.template_no), (own.rule, own.template));
            // SAFETY: every pointer is to a value of this function or of `words`.
            let said =
                words(|buffer, size, length| unsafe { cc_describe_left_out(loaded.image, out, buffer, size, length) });
            assert_eq!(said, verified.image().describe_left_out(own).to_string());
        }
        let (mut info, mut idle) =
            (CcImageInfo { rule_count: 0, loaded_rules: 0, template_count: 0, scratch: 0, kill: 0 }, 0);
        // SAFETY: the same.
        assert_eq!(unsafe { cc_image_info(loaded.image, &raw mut info) }, CC_OK);
        assert_eq!((info.rule_count, info.loaded_rules), (verified.image().rule_count(), verified.loaded_rules()));
        assert_eq!((info.scratch, info.kill), (loaded.sizes.scratch, loaded.sizes.kill));
        // SAFETY: the same.
        let status = unsafe { cc_idle_supplies(loaded.image, null_mut(), 0, &raw mut idle) };
        let own = verified.idle_supplies(&supplied.manifest(&supplies)).count();
        assert_eq!((status, idle), (if own > 0 { CC_MORE } else { CC_OK }, own));
        let mut identity = CcIdentity {
            release: CcBytes::NONE,
            compiler: CcBytes::NONE,
            content: [0; 32],
            sequence: 0,
            features: 0,
            format: 0,
        };
        // SAFETY: the same.
        let status = unsafe { cc_identity(CcBytes::of(verified.image().bytes()), &raw mut identity) };
        let own = verified.image().identity();
        assert_eq!((status, identity.format, identity.content), (CC_OK, CC_FORMAT, own.content));
        assert_eq!(text(identity.compiler), own.compiler);
        for rule in 0..info.rule_count {
            let (of, own) = (rule_info(loaded, rule), verified.image().rule(rule).unwrap());
            assert_eq!(
                (text(of.title), text(of.id), of.level),
                (own.title.to_owned(), own.name.to_owned(), own.level as u32)
            );
            let (mut tags, mut count) = (vec![CcBytes::NONE; 8], 0);
            // SAFETY: the same.
            assert_eq!(unsafe { cc_rule_tags(loaded.image, rule, tags.as_mut_ptr(), 8, &raw mut count) }, CC_OK);
            let tags: Vec<String> = tags.into_iter().take(count).map(text).collect();
            assert_eq!((tags.len(), tags), (of.tag_count as usize, own.tags().map(str::to_owned).collect()));
        }
        let mut cost = CcCost { fixed: 0, per_unit: 0 };
        // SAFETY: the same.
        assert_eq!(unsafe { cc_cost(loaded.image, 0, &raw mut cost) }, CC_OK);
        let own = verified.image().cost(0);
        assert_eq!((cost.fixed, cost.per_unit), (own.fixed, own.per_unit));
    });
}

/// Rules that are switched off do not match, on their image alone.
#[test]
fn kill_lists_switch_rules_off() {
    with("lists", |loaded, verified, _| {
        let lines: Vec<Line> = read("lists", "events.jsonl").lines().map(Line::read).collect();
        let line = lines.iter().find(|line| line.matches.len() > 1).unwrap();
        let [first, ..] = line.matches.as_slice() else { panic!() };
        let ids = [CcBytes::of(first.as_bytes()), CcBytes::of(b"no rule"), CcBytes::of(b"\xFF")];
        let mut memory = vec![u64::MAX; loaded.sizes.kill / 8];
        let (mut kill, mut unknown): (*const CcKillList, usize) = (null(), 0);
        let mut made = |loaded: &Loaded, mode, size, count| {
            let lent: *mut c_void = memory.as_mut_ptr().cast();
            // SAFETY: every pointer is to a value of this function, with its length.
            let status = unsafe {
                cc_kill(loaded.image, ids.as_ptr(), count, mode, lent, size, &raw mut kill, &raw mut unknown)
            };
            (status, kill, unknown)
        };
        assert_eq!(made(loaded, CC_KILL_NAMED, loaded.sizes.kill - 8, 3).0, CC_E_MEMORY);
        assert_eq!(made(loaded, 2, loaded.sizes.kill, 3).0, CC_E_ENUM);
        let mut values = CValues::default();
        let [inputs, header, others] = [0, 1, 2]
            .map(|of| line.arrays.get::<usize>(of).unwrap().iter().map(|one| values.of(one, None)).collect::<Vec<_>>());
        let event = CcEvent {
            template_no: verified.templates_named(&line.template.0).next().unwrap(),
            inputs: inputs.as_ptr(),
            input_count: inputs.len(),
            header: header.as_ptr(),
            header_count: header.len(),
            others: others.as_ptr(),
            other_count: others.len(),
        };
        let mut scratch = vec![0_u64; 4096];
        let mut asked = |loaded: &Loaded, kill| {
            let (mut rules, mut outcome) = ([0; 64], NO_OUTCOME);
            let lent: *mut c_void = scratch.as_mut_ptr().cast();
            // SAFETY: the same.
            let status = unsafe {
                cc_evaluate(
                    loaded.image,
                    &raw const event,
                    kill,
                    lent,
                    4096 * 8,
                    u64::MAX,
                    rules.as_mut_ptr(),
                    64,
                    &raw mut outcome,
                )
            };
            (status, outcome.match_count as usize)
        };
        assert_eq!(asked(loaded, null()), (CC_OK, line.matches.len()));
        for (mode, count, left, counted) in
            [(CC_KILL_NAMED, 3, line.matches.len() - 1, 2), (CC_KILL_ALL_BUT, 3, 1, 2), (CC_KILL_ALL_BUT, 0, 0, 0)]
        {
            let (status, kill, unknown) = made(loaded, mode, loaded.sizes.kill, count);
            assert_eq!((status, unknown), (CC_OK, counted));
            assert_eq!(asked(loaded, kill), (CC_OK, left));
        }
        with("tables", |other, _, _| {
            let (status, kill, _) = made(loaded, CC_KILL_NAMED, loaded.sizes.kill, 3);
            assert_eq!(status, CC_OK);
            let mut outcome = NO_OUTCOME;
            let lent: *mut c_void = vec![0_u64; 8192].leak().as_mut_ptr().cast();
            let empty = CcEvent { input_count: 0, header_count: 0, other_count: 0, ..event };
            // SAFETY: the same.
            let status = unsafe {
                cc_evaluate(other.image, &raw const empty, kill, lent, 65536, 9, null_mut(), 0, &raw mut outcome)
            };
            assert!(matches!(status, CC_E_KILL | CC_E_ARITY), "{status}");
        });
    });
}
