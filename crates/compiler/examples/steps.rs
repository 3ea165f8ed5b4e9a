//! Holds counted steps against measured time: for each kind of rule a value that costs it most, of several sizes.
//!
//! `cargo run --release -p contentcheck-compiler --example steps`
//!
//! A step is meant to be about a nanosecond. The last lines are the least and the most nanoseconds for a step.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for developers")]

use std::ops::ControlFlow;
use std::time::Instant;

use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_compiler::{Options, compile};
use contentcheck_interpreter::{Event, Image, KillList, Value};
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, WithErrors};

/// The image of one rule with this condition on two strings, an integer and a list.
fn image(condition: &str) -> Vec<u8> {
    let table: String = (0..5_000).map(|key| format!("[\"key {key:06}\"], ")).collect();
    let text = format!(
        "template t @ 1 {{ 1 a: string nocase 2 b: string nocase 3 n: string 4 l: list<string> nocase 5 i: ip? }}\n\
         table keys @ 1 {{ k: string nocase key }} rows [{table}]\n\
         rule r {{ id: \"f251958f-9bca-478f-b397-bb3fe12d78ef\" template: t @ 1 severity: low when {condition} }}\n"
    );
    let judged =
        Gathered::of(vec![(Source::new("a.content", text), Language::Native)]).check(&Checking::default()).judge();
    let content = judged.ship(WithErrors::LeaveOut).unwrap();
    assert_eq!(content.rules().len(), 1, "{condition}: {:?}", judged.findings());
    compile(&content, Options::default()).unwrap()
}

/// Steps and nanoseconds of one evaluation: the fastest of many.
fn measure(bytes: &[u8], values: &dyn Fn(&str) -> Value<'static>) -> (u64, f64) {
    let image = Image::read(bytes).unwrap();
    let recorder = Supplied::of_recorder(&image, "recorder", "1");
    let supplies = recorder.supplies();
    let mut memory = Memory::of(&image);
    let verified = image.verify(&recorder.manifest(&supplies), memory.workspace()).unwrap();
    let mut scratch = vec![0; verified.scratch_words()];
    let inputs: Vec<Value<'_>> =
        recorder.templates().first().unwrap().1.iter().map(|input| values(input.name)).collect();
    let (mut steps, mut least) = (0, f64::INFINITY);
    for _ in 0..15 {
        let began = Instant::now();
        let rounds = if steps > 1_000_000 { 1 } else { 100 };
        for _ in 0..rounds {
            let bound = verified.bind(0, Event { inputs: &inputs, header: &[], others: &[] }).unwrap();
            let done = bound.evaluate(&KillList::NONE, &mut scratch, u64::MAX, |_| ControlFlow::Continue(())).unwrap();
            steps = done.steps;
        }
        least = least.min(began.elapsed().as_secs_f64() * 1e9 / f64::from(rounds));
    }
    (steps, least)
}

fn text(bytes: Vec<u8>) -> Value<'static> {
    Value::Text(bytes.leak())
}

/// What a case is called, its condition, and the values of an event by name and size.
type Case = (&'static str, &'static str, fn(&str, usize) -> Value<'static>);

fn a(name: &str, value: Vec<u8>) -> Value<'static> {
    if name == "a" { text(value) } else { Value::Absent }
}

fn main() {
    let cases: [Case; 16] = [
        ("scan, nothing found", "a contains [\"needle\", \"haystack\"]", |name, size| a(name, vec![b'x'; size])),
        ("scan, grams found", "a contains [\"aaaab\", \"aaaac\"]", |name, size| a(name, vec![b'a'; size])),
        ("scan, beyond ASCII", "a contains \"ä-schlüssel\"", |name, size| {
            a(name, "ä-".repeat(size / 3).into_bytes())
        }),
        ("like", "a like \"*a?b*a?c*\"", |name, size| a(name, b"a.b".repeat(size / 3))),
        ("short literal", "not a contains \"q\"", |name, size| a(name, vec![b'x'; size])),
        ("deterministic", "a matches \"x[0-9]y[a-f]z\"", |name, size| {
            a(name, [b"zxy".as_slice(), &b"x1y".repeat(size / 3)].concat())
        }),
        ("deterministic, ill-formed", "a matches \"x[0-9]y.z\"", |name, size| {
            a(name, [b"zxy".as_slice(), &vec![0xFF; size]].concat())
        }),
        ("nondeterministic", "a matches \"x.{30}y.{40}z.{50}q\"", |name, size| {
            a(name, [b"qzy".as_slice(), &vec![b'x'; size]].concat())
        }),
        ("nondeterministic, ill-formed", "a matches \"x.{30}y.{40}z.{50}q\"", |name, size| {
            a(name, [b"qzyx".as_slice(), &vec![0xFF; size]].concat())
        }),
        ("set", "a in keys", |name, size| a(name, [b"KEY ".as_slice(), &vec![b'0'; size]].concat())),
        ("number in text", "n matches \"^0*7\" or n == \"0\"", |name, size| {
            if name == "n" { text(vec![b'0'; size]) } else { Value::Absent }
        }),
        ("one value in another", "a contains~ b", |name, size| match name {
            "a" => text(vec![b'a'; size]),
            "b" => text([vec![b'a'; size / 2], vec![b'b']].concat()),
            _ => Value::Absent,
        }),
        ("values are equal", "a == b", |name, size| match name {
            "a" | "b" => text(vec![b'a'; size]),
            _ => Value::Absent,
        }),
        ("list of short elements", "all l contains \"ab\"", |name, size| {
            let elements: Vec<Value<'static>> = (0..size / 4).map(|_| text(b"xabx".to_vec())).collect();
            if name == "l" { Value::List(elements.leak()) } else { Value::Absent }
        }),
        ("list, each with a literal", "any l contains \"needle\"", |name, size| {
            let elements: Vec<Value<'static>> = (0..size / 8).map(|_| text(b"xneedlxx".to_vec())).collect();
            if name == "l" { Value::List(elements.leak()) } else { Value::Absent }
        }),
        ("address in text", "i cidr [\"10.0.0.0/8\", \"fd00::/8\", \"192.168.0.0/16\"]", |name, _| {
            if name == "i" { Value::Ip([11, 0, 0, 1].into()) } else { Value::Absent }
        }),
    ];
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    println!("{:<30} {:>9} {:>12} {:>14} {:>9}", "case", "bytes", "steps", "ns", "ns/step");
    for (name, condition, values) in cases {
        let bytes = image(condition);
        for size in [64, 4 << 10, 1 << 20] {
            let (steps, time) = measure(&bytes, &|input| values(input, size));
            let ratio = time / steps.max(1) as f64;
            println!("{name:<30} {size:>9} {steps:>12} {time:>14.0} {ratio:>9.2}");
            // Below a microsecond what is measured is the call.
            if time > 1_000.0 {
                (least, most) = (least.min(ratio), most.max(ratio));
            }
        }
    }
    println!("nanoseconds a step, of what takes more than a microsecond: {least:.2} to {most:.2}");
}
