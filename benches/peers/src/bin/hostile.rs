//! What values cost that are made to be dear: of the rules' own literals, whole and spoiled, of what automata and numbers take, short
//! and long, in each text input of a template type in turn.
//!
//! `cargo run --release --ignore-rust-version --bin hostile -- RULES EVENTS TEMPLATE [ROUNDS]`
//!
//! EVENTS is not read: the values are made. TEMPLATE is part of the name of one template type.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::process::ExitCode;

use contentcheck_interpreter::{Event, KillList, Scalar, Value};
use contentcheck_peers::clock::{cpu, least, since};
use contentcheck_peers::literals::literals;
use contentcheck_peers::load::{self, Arguments};

/// Bytes of a value.
const SIZES: [usize; 3] = [1 << 10, 30 << 10, 1 << 20];

/// Some bytes again and again, up to a size.
fn repeated<'p>(parts: impl Iterator<Item = &'p [u8]> + Clone, size: usize) -> Vec<u8> {
    let mut made: Vec<u8> = parts.cycle().flatten().copied().take(size).collect();
    made.truncate(size);
    made
}

/// Values of a size that are made to be dear, each under a name.
fn values(literals: &[Vec<u8>], size: usize) -> BTreeMap<&'static str, Vec<u8>> {
    let spoiled: Vec<Vec<u8>> = literals
        .iter()
        .map(|literal| {
            let mut literal = literal.clone();
            if let Some(last) = literal.last_mut() {
                *last ^= 1;
            }
            literal
        })
        .collect();
    let whole = literals.iter().map(Vec::as_slice);
    BTreeMap::from([
        ("literals", repeated(whole.clone(), size)),
        ("literals, from the last", repeated(literals.iter().rev().map(Vec::as_slice), size)),
        ("literals, spoiled", repeated(spoiled.iter().map(Vec::as_slice), size)),
        ("words for automata", repeated([b"invoke-item aaaa%20%61^^`+`''()$env:a[1]\"".as_slice()].into_iter(), size)),
        ("one letter", repeated([b"a".as_slice()].into_iter(), size)),
        ("digits", repeated([b"1234567890".as_slice()].into_iter(), size)),
        ("no UTF-8", repeated([b"\xE2\x80\xE2\x80\x93\xFF".as_slice()].into_iter(), size)),
    ])
}

fn run() -> Result<(), String> {
    let arguments = Arguments::read()?;
    let release = load::own(&arguments.rules)?;
    let plan = release.plan().map_err(|failure| failure.message)?;
    let named = plan.routes().find(|(route, of)| of.name.contains(&arguments.only) && plan.stop(*route).is_some());
    let (route, template) = named.ok_or("no rule is on such a template type")?;
    let stop = plan.stop(route).ok_or("no rule is on such a template type")?;
    let inputs = stop.inputs();
    let literals: Vec<Vec<u8>> = literals(&release, &template.name).into_iter().collect();
    println!("{}: {} literals, {} inputs", template.name, literals.len(), inputs.len());
    let view = plan.view();
    let image = view.verified();
    let mut words = vec![0_u64; image.scratch_words()];
    let texts: Vec<usize> =
        inputs.iter().enumerate().filter(|(_, input)| input.ty.scalar == Scalar::String).map(|(at, _)| at).collect();
    println!("ns a byte, the dearest input; steps a byte in parentheses");
    println!("{:<26} {:>14} {:>14} {:>14}", "", "1 KB", "30 KB", "1 MB");
    let mut rows: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for size in SIZES {
        for (name, text) in values(&literals, size) {
            let mut dearest = (0.0, 0.0);
            for at in &texts {
                let mut values = vec![Value::Absent; inputs.len()];
                if let Some(value) = values.get_mut(*at) {
                    *value = Value::Text(&text);
                }
                let event = Event { inputs: &values, header: &[], others: &[] };
                let (mut times, mut steps) = (Vec::new(), 0);
                for _ in 0..arguments.rounds {
                    let start = cpu();
                    for of in stop.templates() {
                        let bound = image.bind(of.number(), event).map_err(|fault| fault.to_string())?;
                        let done = bound.evaluate(&KillList::NONE, &mut words, u64::MAX, |_| ControlFlow::Continue(()));
                        steps = done.map_err(|fault| fault.to_string())?.steps;
                    }
                    times.push(since(start));
                }
                let each = least(&times) * 1e9 / size as f64;
                if each > dearest.0 {
                    dearest = (each, steps as f64 / size as f64);
                }
            }
            rows.entry(name).or_default().push(dearest);
        }
    }
    for (name, row) in rows {
        let cells: Vec<String> =
            row.iter().map(|(ns, steps)| format!("{:>14}", format!("{ns:.1} ({steps:.0})"))).collect();
        println!("{name:<26} {}", cells.join(" "));
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}
