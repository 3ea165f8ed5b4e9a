//! What a store costs whoever evaluates, while content is exchanged: two threads under full load evaluate the same events with a bare
//! image, with a store's reader, and with a reader whose content is exchanged all the time. The three take turns in short rounds, and in
//! each round the other work of the machine is the same: as many offers are made, to a store that nobody reads where none is read.
//! Time is taken over stretches of some hundred events. A stretch that takes more than twice the median was interrupted by other work
//! and is left out, which an exchange, of some microseconds, is far from.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a program that measures")]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contentcheck_interpreter::{Event, KillList, OwnedImage, Value};
use contentcheck_sensor::Reader;

#[path = "../tests/device/common.rs"]
#[expect(dead_code, reason = "the device of the tests has more than is needed here")]
mod common;

use common::{Device, MATCHING, World, envelope, image};

const TEMPLATE: &str = "edr.process_start";
const THREADS: usize = 2;
const EVENTS: u64 = 40_000;
/// Events of a stretch.
const STRETCH: u64 = 400;
const ROUNDS: usize = 61;
/// A fleet gets a release in days; here one comes every few milliseconds.
const EVERY: Duration = Duration::from_millis(5);
const BUDGET: u64 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Bare,
    Stored,
    Exchanged,
}

fn with_event<T>(number: u64, each: impl FnOnce(Event<'_>) -> T) -> T {
    let command_line = if number.is_multiple_of(100) { MATCHING } else { "/usr/bin/true --with some --more arguments" };
    let values = [
        Value::Int(number as i64),
        Value::from("/bin/bash"),
        Value::from(command_line),
        Value::Absent,
        Value::Split(b"bash\0", 0),
    ];
    each(Event { inputs: &values, header: &[Value::from("host")], others: &[] })
}

/// A sensor without a store: an image that it was started with.
fn bare(image: &OwnedImage) -> (u64, Vec<f64>) {
    let open = image.open();
    let verified = open.verified();
    let mut scratch = vec![0; verified.scratch_words()];
    let mut found = 0;
    let mut clock = Clock::new();
    for number in 0..EVENTS {
        clock.before(number);
        with_event(number, |event| {
            for template in verified.templates_named(TEMPLATE) {
                let bound = verified.bind(template, event).unwrap();
                let sink = |rule: u32| {
                    found += u64::from(verified.image().rule(rule).is_some());
                    ControlFlow::Continue(())
                };
                black_box(bound.evaluate(&KillList::NONE, &mut scratch, BUDGET, sink).unwrap());
            }
        });
    }
    clock.before(EVENTS);
    (found, clock.stretches)
}

/// Nanoseconds for each event, stretch by stretch.
struct Clock {
    began: Instant,
    stretches: Vec<f64>,
}

impl Clock {
    fn new() -> Self {
        Self { began: Instant::now(), stretches: Vec::new() }
    }

    fn before(&mut self, number: u64) {
        if number.is_multiple_of(STRETCH) && number > 0 {
            let now = Instant::now();
            self.stretches.push((now - self.began).as_nanos() as f64 / STRETCH as f64);
            self.began = now;
        }
    }
}

fn stored(reader: &mut Reader) -> (u64, Vec<f64>) {
    let (mut found, mut number) = (0, 0);
    let mut clock = Clock::new();
    let next = || {
        clock.before(number);
        number += 1;
        (number <= EVENTS).then_some(number - 1)
    };
    reader.run(next, |view, number| {
        with_event(number, |event| {
            black_box(view.evaluate_as(TEMPLATE, event, BUDGET, |_| found += 1).unwrap());
        });
    });
    (found, clock.stretches)
}

/// Offers releases to a store until the threads are through.
fn exchange(device: &mut Device, sequence: &mut u64, is_over: &AtomicBool) -> u64 {
    let mut taken = 0;
    while !is_over.load(Ordering::Relaxed) {
        *sequence += 1;
        taken += u64::from(device.offer(&image(*sequence), &envelope("release", *sequence)).is_ok());
        std::thread::sleep(EVERY);
    }
    taken
}

fn quantile(mut of: Vec<f64>, part: f64) -> f64 {
    of.sort_by(f64::total_cmp);
    of[((of.len() - 1) as f64 * part).round() as usize]
}

fn main() {
    let (world, idle_world) = (World::new(), World::new());
    let (mut device, mut idle) = (world.with_good(&[1]), idle_world.with_good(&[1]));
    let (mut sequence, mut idle_sequence) = (1, 1);
    let alone = OwnedImage::load(&image(1)[..], world.config.manifest).unwrap();
    let mut readers: Vec<Reader> = (0..THREADS).map(|_| device.reader()).collect();
    // Nanoseconds for each event, by way and round.
    let mut took = [[0.0_f64; ROUNDS]; 3];
    let mut taken = 0;
    let mut left_out = [0; 3];
    for round in 0..ROUNDS {
        // Each way is the first of a round as often as the others.
        for turn in 0..3 {
            let way = [Way::Bare, Way::Stored, Way::Exchanged][(round + turn) % 3];
            let (is_over, start) = (AtomicBool::new(false), Barrier::new(THREADS));
            let stretches: Vec<f64> = std::thread::scope(|scope| {
                let threads: Vec<_> = readers
                    .iter_mut()
                    .map(|reader| {
                        let (alone, start) = (&alone, &start);
                        scope.spawn(move || {
                            start.wait();
                            let (found, stretches) = if way == Way::Bare { bare(alone) } else { stored(reader) };
                            assert_eq!(found, EVENTS / 100, "{way:?}");
                            stretches
                        })
                    })
                    .collect();
                let (is_over, device, idle) = (&is_over, &mut device, &mut idle);
                let (sequence, idle_sequence, taken) = (&mut sequence, &mut idle_sequence, &mut taken);
                let offers = scope.spawn(move || match way {
                    Way::Exchanged => *taken += exchange(device, sequence, is_over),
                    Way::Bare | Way::Stored => drop(exchange(idle, idle_sequence, is_over)),
                });
                let stretches = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
                is_over.store(true, Ordering::Relaxed);
                offers.join().unwrap();
                stretches
            });
            let median = quantile(stretches.clone(), 0.5);
            let whole: Vec<f64> = stretches.iter().copied().filter(|one| *one < 2.0 * median).collect();
            left_out[way as usize] += stretches.len() - whole.len();
            took[way as usize][round] = whole.iter().sum::<f64>() / whole.len() as f64;
        }
    }
    for way in [Way::Bare, Way::Stored, Way::Exchanged] {
        let ratios: Vec<f64> = (0..ROUNDS).map(|round| took[way as usize][round] / took[0][round]).collect();
        println!(
            "{way:?}: {:.0} ns an event in the median; beside the bare image of the same round {:.3} ({:.3} to {:.3} for half of the rounds)",
            quantile(took[way as usize].to_vec(), 0.5),
            quantile(ratios.clone(), 0.5),
            quantile(ratios.clone(), 0.25),
            quantile(ratios, 0.75),
        );
    }
    let ratios =
        (0..ROUNDS).map(|round| took[Way::Exchanged as usize][round] / took[Way::Stored as usize][round]).collect();
    println!("Exchanged beside Stored of the same round: {:.3}", quantile(ratios, 0.5));
    let stretches = ROUNDS * THREADS * (EVENTS / STRETCH) as usize;
    println!("stretches left out, of {stretches} each: {left_out:?}");
    println!("{ROUNDS} rounds of {EVENTS} events on each of {THREADS} threads, {taken} exchanges");
}
