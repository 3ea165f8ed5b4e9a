//! Content is exchanged while threads evaluate.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::common::{MATCHING, World, envelope, image};
use contentcheck_interpreter::{Event, Value};

const EVENTS: u64 = 60_000;

#[test]
fn no_event_is_lost_and_none_is_evaluated_twice() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    let matched: Vec<AtomicU64> = (0..EVENTS).map(|_| AtomicU64::new(0)).collect();
    let next = AtomicU64::new(0);
    let mut swaps = 0_u64;
    let mut waited = 0_u64;
    let contents = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let mut reader = device.reader();
                let (next, matched) = (&next, &matched);
                scope.spawn(move || {
                    let mut seen = Vec::new();
                    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|event| *event < EVENTS);
                    reader.run(take, |view, event| {
                        let values = [
                            Value::Int(event as i64),
                            Value::from("/bin/bash"),
                            Value::from(MATCHING),
                            Value::Absent,
                            Value::Split(b"bash\0", 0),
                        ];
                        let header = [Value::from("host")];
                        let bound = Event { inputs: &values, header: &header, others: &[] };
                        let sequence = view.content().unwrap().sequence.0;
                        if seen.last() != Some(&sequence) {
                            seen.push(sequence);
                        }
                        for number in view.templates_named("edr.process_start") {
                            view.evaluate(number, bound, 1_000_000, |_| {
                                matched[event as usize].fetch_add(1, Ordering::Relaxed);
                            })
                            .unwrap();
                        }
                    });
                    seen
                })
            })
            .collect();
        let mut sequence = 2;
        while next.load(Ordering::Relaxed) < EVENTS {
            match device.offer(&image(sequence), &envelope("release", sequence)) {
                Ok(_) => {
                    swaps += 1;
                    sequence += 1;
                }
                Err(contentcheck_sensor::Refusal::Memory) => waited += 1,
                Err(other) => panic!("{other}"),
            }
        }
        workers.into_iter().map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    for (event, count) in matched.iter().enumerate() {
        assert_eq!(count.load(Ordering::Relaxed), 1, "event {event}");
    }
    for seen in &contents {
        assert!(seen.is_sorted(), "no thread goes back to older content");
    }
    assert!(swaps > 3, "only {swaps} exchanges");
    println!(
        "{EVENTS} events on 2 threads, {swaps} exchanges, {waited} offers refused since a thread held an older image"
    );
}
