//! A sensor without a standard library, an allocator or an operating system: it loads an image that
//! is part of it, evaluates events, and holds the verdicts against what the rules say.
#![no_std]

use core::fmt::{self, Write};
use core::net::{IpAddr, Ipv4Addr};
use core::ops::ControlFlow;

use contentcheck_interpreter::{
    BoundEvent, Capacity, Event, Fault, Image, Input, KillList, Manifest, Rejection, Scalar, Supply, Type, Value,
    VerifiedImage, Versioning, Workspace, utf16,
};

#[cfg(feature = "memory")]
mod memory;

/// The image, compiled by `freestanding/check` from `freestanding/image`.
static IMAGE: &[u8] = include_bytes!(env!("CONTENTCHECK_IMAGE"));

const CERTUTIL: &str = "5b0a5d1e-0f43-4c3c-8c3e-0d7a1f6f2a01";
const ENCODED: &str = "5b0a5d1e-0f43-4c3c-8c3e-0d7a1f6f2a02";
const MODULE: &str = "5b0a5d1e-0f43-4c3c-8c3e-0d7a1f6f2a03";

/// Memory that is lent for an image. All that there is: nothing allocates.
pub struct Memory {
    bindings: [u32; 64],
    active: [u64; 8],
    kill: [u64; 1],
    scratch: [u64; 4096],
    copy: [u8; 32 << 10],
    long: [u8; 64 << 10],
}

impl Memory {
    /// Memory with nothing in it.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bindings: [0; 64],
            active: [0; 8],
            kill: [0; 1],
            scratch: [0; 4096],
            copy: [0; 32 << 10],
            long: [b'a'; 64 << 10],
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

const fn input(name: &'static str, scalar: Scalar, list: bool, optional: bool) -> Input<'static> {
    Input { name, ty: Type { scalar, list, optional } }
}

/// In another order than the template type declares, with an input that no rule knows.
static INPUTS: [Input<'static>; 7] = [
    input("sequence", Scalar::Int, false, false),
    input("command", Scalar::String, false, false),
    input("image", Scalar::String, false, false),
    input("user", Scalar::String, false, true),
    input("pid", Scalar::Int, false, false),
    input("loaded", Scalar::String, true, false),
    input("address", Scalar::Ip, false, true),
];

const fn manifest<'m>(templates: &'m [Supply<'m>]) -> Manifest<'m> {
    Manifest {
        sensor: "device",
        version: "1",
        versioning: Versioning::Parts,
        capacity: Capacity::NONE,
        header: &[],
        templates,
    }
}

static SUPPLIES: [Supply<'static>; 1] = [Supply { template: "device.process", inputs: &INPUTS }];

// A slip in the manifest is found when the device is compiled.
const _: () = assert!(manifest(&[Supply { template: "device.process", inputs: &INPUTS }]).check().is_ok());

/// Writes where the words go.
struct Said<'s>(&'s mut dyn FnMut(&str));

impl Write for Said<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        (self.0)(text);
        Ok(())
    }
}

/// Says what holds, or in capitals that it does not.
fn tell(holds: bool, say: &mut dyn FnMut(&str), yes: &str, no: &str) -> bool {
    say(if holds { yes } else { no });
    say("\n");
    holds
}

/// Loads the image, evaluates events and tells each verdict. Whether all were as they should be.
pub fn run(memory: &mut Memory, say: &mut dyn FnMut(&str)) -> bool {
    let Memory { bindings, active, kill, scratch, copy, long } = memory;
    let altered = refuses(copy, bindings, active);
    let altered = tell(altered, say, "an altered image is refused", "AN ALTERED IMAGE IS LOADED");
    let enough = Image::sizes(IMAGE).is_ok_and(|sizes| {
        sizes.bindings <= bindings.len() && sizes.active <= active.len() && sizes.scratch <= scratch.len()
    });
    let enough = tell(enough, say, "there is memory enough", "THERE IS TOO LITTLE MEMORY");
    let few = [Supply { template: "device.process", inputs: INPUTS.get(..5).unwrap_or(&[]) }];
    let image = match Image::read(IMAGE) {
        Ok(image) => image,
        Err(rejection) => return refused(rejection, say),
    };
    let lacking = image.verify(&manifest(&few), Workspace { bindings: &mut *bindings, active: &mut *active });
    let lacking = match lacking {
        Err(rejection @ Rejection::UnsuppliedInput { .. }) => {
            // It has a name, without an allocation.
            writeln!(Said(say), "{}", image.describe(rejection)).is_ok()
        }
        _ => tell(false, say, "", "A LACKING INPUT IS NOT SEEN"),
    };
    let verified = match image.verify(&manifest(&SUPPLIES), Workspace { bindings, active }) {
        Ok(verified) => verified,
        Err(rejection) => return refused(rejection, say),
    };
    let whole = verified.left_out(&manifest(&SUPPLIES)).next().is_none();
    let whole = tell(whole, say, "every rule is loaded", "A RULE IS LEFT OUT");
    events(&verified, scratch, long, kill, say) & altered & enough & lacking & whole
}

fn refused(rejection: Rejection, say: &mut dyn FnMut(&str)) -> bool {
    say("THE IMAGE IS REFUSED: ");
    say(rejection.code());
    say("\n");
    false
}

/// Whether an image with a flipped bit, and one that is cut off, are refused.
fn refuses(copy: &mut [u8], bindings: &mut [u32], active: &mut [u64]) -> bool {
    let Some(copy) = copy.get_mut(..IMAGE.len()) else { return false };
    copy.copy_from_slice(IMAGE);
    let mut all = true;
    let mut at = 0;
    while let Some(byte) = copy.get_mut(at) {
        *byte ^= 1;
        let flipped: &[u8] = copy;
        if let Ok(image) = Image::read(flipped) {
            let workspace = Workspace { bindings: &mut *bindings, active: &mut *active };
            all &= image.verify(&manifest(&SUPPLIES), workspace).is_err();
        }
        if let Some(byte) = copy.get_mut(at) {
            *byte ^= 1;
        }
        all &= copy.get(..at).is_some_and(|cut| Image::read(cut).is_err());
        at += 97;
    }
    all
}

fn events(
    verified: &VerifiedImage<'_>,
    scratch: &mut [u64],
    long: &mut [u8],
    kill: &mut [u64],
    say: &mut dyn FnMut(&str),
) -> bool {
    // The last bytes of a long text are what is looked for.
    let tail = b" -encodedcommand QUJDREVGR0hJSktM drop table";
    let from = long.len() - tail.len();
    if let Some(end) = long.get_mut(from..) {
        end.copy_from_slice(tail);
    }
    let long: &[u8] = long;
    let address = Value::Ip(IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3)));
    let modules = ["kernel32.dll", "EVIL.exe"];
    let certutil = Value::Text(br"C:\Windows\System32\CERTUTIL.exe");
    // What Windows has is UTF-16, here with half a character that belongs to none.
    let units = utf16_of(b"certutil -urlcache ", 0xD800);
    let mut text = [0; utf16::most_bytes(20)];
    let ill_formed = utf16::to_text(&units, &mut text).unwrap_or(&[]);
    let none = Value::List(&[]);
    let absent = Value::Absent;
    let pid = Value::Int(77);
    let zero = Value::Int(0);
    let all = [
        (
            "a download",
            [zero, Value::Text(b"certutil -URLCache -f http://x"), certutil, absent, pid, none, absent],
            &[CERTUTIL][..],
        ),
        (
            "a download by the system",
            [zero, Value::Text(b"certutil -urlcache"), certutil, Value::Text(b"system"), pid, none, absent],
            &[],
        ),
        ("another command", [zero, Value::Text(b"certutil -dump"), certutil, absent, pid, none, absent], &[]),
        (
            "a download behind half a character",
            [zero, Value::Text(ill_formed), certutil, absent, pid, none, absent],
            &[CERTUTIL],
        ),
        (
            "a process id of another type",
            [zero, Value::Text(b"certutil -urlcache"), certutil, absent, Value::Text(b"77"), none, absent],
            &[CERTUTIL],
        ),
        (
            "an encoded command",
            [zero, Value::Text(b"x -Enc  QUJDREVGR0hJSktM"), Value::Text(b"x"), absent, pid, none, address],
            &[ENCODED],
        ),
        (
            "a module of a table",
            [zero, Value::Text(b""), Value::Text(b""), absent, pid, Value::Strs(&modules), absent],
            &[MODULE],
        ),
        (
            "64 KiB",
            [zero, Value::Text(long), Value::Text(long), absent, Value::Int(4001), none, absent],
            &[ENCODED, MODULE],
        ),
        ("nothing", [absent; 7], &[]),
    ];
    let mut right = true;
    for (what, inputs, expected) in all {
        right &= event(verified, what, &inputs, expected, scratch, say);
    }
    let number = verified.templates_named("device.process").next().unwrap_or(0);
    let six = [absent; 6];
    let short = verified.bind(number, Event { inputs: &six, header: &[], others: &[] });
    let short = matches!(short, Err(Fault::Arity { supplied: 7, found: 6 }));
    let short = tell(short, say, "an event of another shape is a fault", "ANOTHER SHAPE IS NO FAULT");
    let inputs = [zero, Value::Text(b"certutil -urlcache"), certutil, absent, pid, Value::Strs(&modules), absent];
    let Ok(bound) = verified.bind(number, Event { inputs: &inputs, header: &[], others: &[] }) else { return false };
    right
        & short
        & switched(verified, &bound, scratch, kill, say)
        & stops(&bound, scratch, say)
        & why(&bound, scratch, say)
}

/// The units of ASCII, and one behind them.
fn utf16_of<const N: usize>(text: &[u8; N], last: u16) -> [u16; 20] {
    let mut units = [last; 20];
    for (unit, byte) in units.iter_mut().zip(text) {
        *unit = u16::from(*byte);
    }
    units
}

/// The rules that match, by a mask, and whether every rule was asked.
fn matches(bound: &BoundEvent<'_>, kill: &KillList<'_>, scratch: &mut [u64], budget: u64) -> Option<(u64, bool)> {
    let mut found = 0_u64;
    let done = bound.evaluate(kill, scratch, budget, |rule| {
        found |= 1_u64.checked_shl(rule).unwrap_or(0);
        ControlFlow::Continue(())
    });
    Some((found, done.ok()?.is_whole()))
}

/// Whether a rule is switched off by its name, and every rule by no name at all.
fn switched(
    verified: &VerifiedImage<'_>,
    bound: &BoundEvent<'_>,
    scratch: &mut [u64],
    kill: &mut [u64],
    say: &mut dyn FnMut(&str),
) -> bool {
    let both = matches(bound, &KillList::NONE, scratch, u64::MAX);
    let named = |name: &str| verified.image().rules_named(name).next().unwrap_or(64);
    let bit = |name: &str| 1_u64.checked_shl(named(name)).unwrap_or(0);
    let all = bit(CERTUTIL) | bit(MODULE);
    let one = match verified.kill([CERTUTIL, "unknown"], kill) {
        Ok(list) => list.unknown() == 1 && matches(bound, &list, scratch, u64::MAX) == Some((bit(MODULE), true)),
        Err(_) => false,
    };
    let none = match verified.kill_all(kill) {
        Ok(list) => matches(bound, &list, scratch, u64::MAX) == Some((0, true)),
        Err(_) => false,
    };
    let holds = both == Some((all, true)) && one && none;
    tell(holds, say, "rules are switched off by their names", "A RULE THAT IS SWITCHED OFF MATCHES")
}

/// Whether a budget ends an evaluation, and says so.
fn stops(bound: &BoundEvent<'_>, scratch: &mut [u64], say: &mut dyn FnMut(&str)) -> bool {
    let stopped = matches(bound, &KillList::NONE, scratch, 1).is_some_and(|(_, whole)| !whole);
    tell(stopped, say, "a budget that is spent ends an evaluation", "A BUDGET IS NOT KEPT")
}

/// Whether a match has its reason: a value, and where in it.
fn why(bound: &BoundEvent<'_>, scratch: &mut [u64], say: &mut dyn FnMut(&str)) -> bool {
    let (mut right, mut shown) = (true, false);
    let mut rules = [None; 4];
    let mut slots = rules.iter_mut();
    let ended = bound.evaluate(&KillList::NONE, scratch, u64::MAX, |rule| match slots.next() {
        Some(slot) => {
            *slot = Some(rule);
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    });
    for rule in rules.into_iter().flatten() {
        let accepts = bound.why(rule, scratch, |reason| {
            // `urlcache` in the second value.
            shown |= reason.found.is_some_and(|found| (found.index, found.offset, found.len) == (1, 10, 8));
        });
        right &= accepts == Ok(true);
    }
    tell(ended.is_ok() && right && shown, say, "a match says what it was found by", "A MATCH HAS NO REASON")
}

fn event(
    verified: &VerifiedImage<'_>,
    what: &str,
    inputs: &[Value<'_>],
    expected: &[&str],
    scratch: &mut [u64],
    say: &mut dyn FnMut(&str),
) -> bool {
    let Some(number) = verified.templates_named("device.process").next() else { return false };
    let Ok(bound) = verified.bind(number, Event { inputs, header: &[], others: &[] }) else { return false };
    let mut found = 0;
    let mut right = true;
    // What the image states for an event of this size is enough.
    let budget = verified.image().cost(number).at(bound.size());
    let ended = bound.evaluate(&KillList::NONE, scratch, budget, |rule| {
        let name = verified.image().rule(rule).map_or("", |rule| rule.name);
        right &= expected.get(found) == Some(&name);
        found += 1;
        ControlFlow::Continue(())
    });
    right &= ended.is_ok_and(|done| done.is_whole()) && found == expected.len();
    say(what);
    say(if right { ": " } else { ": WRONG, should be " });
    for (at, name) in expected.iter().enumerate() {
        say(if at == 0 { "" } else { ", " });
        say(name);
    }
    say(if expected.is_empty() { "no rule\n" } else { "\n" });
    right
}
