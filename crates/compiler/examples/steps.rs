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

/// What a rule asks.
#[derive(Clone, Copy, Debug)]
enum Asked {
    /// A condition of the native language, in which `NETWORKS` stands for two thousand of them.
    Native(&'static str),
    /// The selection of a Sigma rule.
    Sigma(&'static str),
}

/// The image of one rule on strings, lists, addresses and numbers.
fn image(asked: Asked) -> Vec<u8> {
    let table: String = (0..5_000).map(|key| format!("[\"key {key:06}\"], ")).collect();
    let numbers: String = (0..5_000).map(|key| format!("[{}], ", key * 7)).collect();
    let networks: String = (0..2_000).map(|net| format!("\"10.{}.{}.0/24\", ", net / 250, net % 250)).collect();
    let mut text = format!(
        "template t @ 1 {{ serves {{ product: acme, category: t }}
           1 a: string nocase 2 b: string nocase 3 n: string 4 l: list<string> nocase 5 i: ip? 6 p: list<int> 7 q: list<ip> }}\n\
         table keys @ 1 {{ k: string nocase key }} rows [{table}]\n\
         table numbers @ 1 {{ k: int key }} rows [{numbers}]\n"
    );
    let id = "f251958f-9bca-478f-b397-bb3fe12d78ef";
    let mut sources = Vec::new();
    match asked {
        Asked::Native(condition) => {
            text += &format!(
                "rule r {{ id: \"{id}\" template: t @ 1 severity: low when {} }}\n",
                condition.replace("NETWORKS", &networks)
            );
        }
        Asked::Sigma(selection) => {
            let rule = format!(
                "title: r\nid: {id}\nlogsource: {{ product: acme, category: t }}\n\
                 detection: {{ s: {selection}, condition: s }}\nlevel: low\n"
            );
            sources.push((Source::new("a.yml", rule), Language::Sigma));
        }
    }
    sources.push((Source::new("a.content", text), Language::Native));
    let judged = Gathered::of(sources).check(&Checking::default()).judge();
    let content = judged.ship(WithErrors::LeaveOut).unwrap();
    assert_eq!(content.rules().len(), 1, "{asked:?}: {:?}", judged.findings());
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

/// What a case is called, its rule, and the values of an event by name and size.
type Case = (&'static str, Asked, fn(&str, usize) -> Value<'static>);

fn a(name: &str, value: Vec<u8>) -> Value<'static> {
    if name == "a" { text(value) } else { Value::Absent }
}

/// Elements as `/proc/PID/cmdline` has them.
fn l(name: &str, run: Vec<u8>) -> Value<'static> {
    if name == "l" { Value::Split(run.leak(), 0) } else { Value::Absent }
}

fn main() {
    use Asked::{Native, Sigma};
    let cases: [Case; 30] = [
        ("scan, nothing found", Native("a contains [\"needle\", \"haystack\"]"), |name, size| {
            a(name, vec![b'x'; size])
        }),
        ("scan, grams found", Native("a contains [\"aaaab\", \"aaaac\"]"), |name, size| a(name, vec![b'a'; size])),
        ("scan, beyond ASCII", Native("a contains \"ä-schlüssel\""), |name, size| {
            a(name, "ä-".repeat(size / 3).into_bytes())
        }),
        ("like", Native("a like \"*a?b*a?c*\""), |name, size| a(name, b"a.b".repeat(size / 3))),
        ("short literal", Native("not a contains \"q\""), |name, size| a(name, vec![b'x'; size])),
        ("deterministic", Native("a matches \"x[0-9]y[a-f]z\""), |name, size| {
            a(name, [b"zxy".as_slice(), &b"x1y".repeat(size / 3)].concat())
        }),
        ("deterministic, ill-formed", Native("a matches \"x[0-9]y.z\""), |name, size| {
            a(name, [b"zxy".as_slice(), &vec![0xFF; size]].concat())
        }),
        ("nondeterministic", Native("a matches \"x.{30}y.{40}z.{50}q\""), |name, size| {
            a(name, [b"qzy".as_slice(), &vec![b'x'; size]].concat())
        }),
        ("nondeterministic, ill-formed", Native("a matches \"x.{30}y.{40}z.{50}q\""), |name, size| {
            a(name, [b"qzyx".as_slice(), &vec![0xFF; size]].concat())
        }),
        ("set", Native("a in keys"), |name, size| a(name, [b"KEY ".as_slice(), &vec![b'0'; size]].concat())),
        ("number in text", Native("n matches \"^0*7\" or n == \"0\""), |name, size| {
            if name == "n" { text(vec![b'0'; size]) } else { Value::Absent }
        }),
        ("one value in another", Native("a contains~ b"), |name, size| match name {
            "a" => text(vec![b'a'; size]),
            "b" => text([vec![b'a'; size / 2], vec![b'b']].concat()),
            _ => Value::Absent,
        }),
        ("values are equal", Native("a == b"), |name, size| match name {
            "a" | "b" => text(vec![b'a'; size]),
            _ => Value::Absent,
        }),
        ("list of short elements", Native("all l contains \"ab\""), |name, size| {
            let elements: Vec<Value<'static>> = (0..size / 4).map(|_| text(b"xabx".to_vec())).collect();
            if name == "l" { Value::List(elements.leak()) } else { Value::Absent }
        }),
        ("list, each with a literal", Native("any l contains \"needle\""), |name, size| {
            let elements: Vec<Value<'static>> = (0..size / 8).map(|_| text(b"xneedlxx".to_vec())).collect();
            if name == "l" { Value::List(elements.leak()) } else { Value::Absent }
        }),
        ("list of empty elements", Native("any l == \"q\""), |name, size| {
            if name == "l" { Value::Texts(vec![b"".as_slice(); size].leak()) } else { Value::Absent }
        }),
        ("list of empty elements, absent", Native("any l == \"q\""), |name, size| {
            if name == "l" { Value::List(vec![Value::Absent; size].leak()) } else { Value::Absent }
        }),
        ("arguments of one run", Native("all l contains \"ab\""), |name, size| l(name, b"xabx\0".repeat(size / 5))),
        ("arguments of one run, empty", Native("any l == \"q\""), |name, size| l(name, vec![0; size])),
        ("arguments of one run, one", Native("any l starts_with \"q\""), |name, size| l(name, vec![b'x'; size])),
        ("arguments of one run, literal", Native("any l contains \"needle\""), |name, size| {
            l(name, b"xneedlx\0".repeat(size / 8))
        }),
        ("arguments of one run, a value", Native("any l == b"), |name, size| match name {
            "b" => text(b"another".to_vec()),
            _ => l(name, b"a value of some length that is no other one and is walked to its end\0".repeat(size / 69)),
        }),
        ("address", Native("i cidr [\"10.0.0.0/8\", \"fd00::/8\", \"192.168.0.0/16\"]"), |name, _| {
            if name == "i" { Value::Ip([11, 0, 0, 1].into()) } else { Value::Absent }
        }),
        ("address in many networks", Native("i cidr [NETWORKS]"), |name, _| {
            if name == "i" { Value::Ip([11, 0, 0, 1].into()) } else { Value::Absent }
        }),
        ("list of numbers in a table", Native("all p in numbers"), |name, size| {
            let elements: Vec<Value<'static>> = (0..size / 8).map(|at| Value::Int((at % 5_000) as i64 * 7)).collect();
            if name == "p" { Value::List(elements.leak()) } else { Value::Absent }
        }),
        ("list of numbers, in order", Native("any p > 9"), |name, size| {
            if name == "p" { Value::List(vec![Value::Int(7); size / 8].leak()) } else { Value::Absent }
        }),
        ("list of addresses in many", Native("all q cidr [NETWORKS]"), |name, size| {
            let element = |at: usize| Value::Ip([10, (at % 8) as u8, (at % 250) as u8, 1].into());
            let elements: Vec<Value<'static>> = (0..size / 16).map(element).collect();
            if name == "q" { Value::List(elements.leak()) } else { Value::Absent }
        }),
        ("numbers of text", Sigma("{ n|gt: 7, n|lt: 9 }"), |name, size| {
            if name == "n" { text([vec![b'0'; size], b"8".to_vec()].concat()) } else { Value::Absent }
        }),
        ("list of numbers of text", Sigma("{ l|gt: 7 }"), |name, size| {
            if name == "l" { Value::List(vec![text(b"-0000005".to_vec()); size / 8].leak()) } else { Value::Absent }
        }),
        ("list of addresses of text", Sigma("{ l|cidr: 10.0.0.0/8 }"), |name, size| {
            let address = text(b"fd00:1:2:3:4:5:6:7".to_vec());
            if name == "l" { Value::List(vec![address; size / 18].leak()) } else { Value::Absent }
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
