//! A sensor without a standard library, an allocator or an operating system: it loads an image that
//! is part of it, evaluates events, and holds the verdicts against what the rules say.
#![no_std]

use core::net::{IpAddr, Ipv4Addr};

use contentcheck_interpreter::{
    Event, Image, Input, KillMask, Manifest, Rejection, Scalar, Supply, Type, Value, VerifiedImage, Workspace,
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
    bindings: [u16; 64],
    active: [u64; 8],
    scratch: [u64; 4096],
    copy: [u8; 32 << 10],
    long: [u8; 64 << 10],
}

impl Memory {
    /// Memory with nothing in it.
    #[must_use]
    pub const fn new() -> Self {
        Self { bindings: [0; 64], active: [0; 8], scratch: [0; 4096], copy: [0; 32 << 10], long: [b'a'; 64 << 10] }
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

fn manifest<'m>(templates: &'m [Supply<'m>]) -> Manifest<'m> {
    Manifest {
        sensor: "device",
        version: "1",
        versioning: Default::default(),
        capacity: Default::default(),
        header: &[],
        templates,
    }
}

/// Loads the image, evaluates events and tells each verdict. Whether all were as they should be.
pub fn run(memory: &mut Memory, say: &mut dyn FnMut(&str)) -> bool {
    let supplies = [Supply { template: "device.process", inputs: &INPUTS }];
    let Memory { bindings, active, scratch, copy, long } = memory;
    let altered = refuses(&supplies, copy, bindings, active);
    say(if altered { "an altered image is refused\n" } else { "AN ALTERED IMAGE IS LOADED\n" });
    let few = [Supply { template: "device.process", inputs: INPUTS.get(..5).unwrap_or(&[]) }];
    let image = match Image::read(IMAGE) {
        Ok(image) => image,
        Err(rejection) => return refused(rejection, say),
    };
    let lacking = image.verify(&manifest(&few), Workspace { bindings: &mut *bindings, active: &mut *active });
    let lacking = matches!(lacking, Err(Rejection::UnsuppliedInput { .. }));
    say(if lacking { "a sensor that lacks an input refuses the image\n" } else { "A LACKING INPUT IS NOT SEEN\n" });
    let verified = match image.verify(&manifest(&supplies), Workspace { bindings, active }) {
        Ok(verified) => verified,
        Err(rejection) => return refused(rejection, say),
    };
    events(&verified, scratch, long, say) & altered & lacking
}

fn refused(rejection: Rejection, say: &mut dyn FnMut(&str)) -> bool {
    say("THE IMAGE IS REFUSED: ");
    say(rejection.code());
    say("\n");
    false
}

/// Whether an image with a flipped bit, and one that is cut off, are refused.
fn refuses(supplies: &[Supply<'_>], copy: &mut [u8], bindings: &mut [u16], active: &mut [u64]) -> bool {
    let Some(copy) = copy.get_mut(..IMAGE.len()) else { return false };
    copy.copy_from_slice(IMAGE);
    let mut all = true;
    let mut at = 0;
    while let Some(byte) = copy.get_mut(at) {
        *byte ^= 1;
        let flipped: &[u8] = copy;
        if let Ok(image) = Image::read(flipped) {
            let workspace = Workspace { bindings: &mut *bindings, active: &mut *active };
            all &= image.verify(&manifest(supplies), workspace).is_err();
        }
        if let Some(byte) = copy.get_mut(at) {
            *byte ^= 1;
        }
        all &= copy.get(..at).is_some_and(|cut| Image::read(cut).is_err());
        at += 97;
    }
    all
}

fn events(verified: &VerifiedImage<'_>, scratch: &mut [u64], long: &mut [u8], say: &mut dyn FnMut(&str)) -> bool {
    // The last bytes of a long text are what is looked for.
    let tail = b" -encodedcommand QUJDREVGR0hJSktM drop table";
    let from = long.len() - tail.len();
    if let Some(end) = long.get_mut(from..) {
        end.copy_from_slice(tail);
    }
    let long = core::str::from_utf8(long).unwrap_or("");
    let address = Value::Ip(IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3)));
    let modules = [Value::Text("kernel32.dll"), Value::Text("EVIL.exe")];
    let certutil = Value::Text(r"C:\Windows\System32\CERTUTIL.exe");
    let none = Value::List(&[]);
    let absent = Value::Absent;
    let pid = Value::Int(77);
    let zero = Value::Int(0);
    let all = [
        (
            "a download",
            [zero, Value::Text("certutil -URLCache -f http://x"), certutil, absent, pid, none, absent],
            &[CERTUTIL][..],
        ),
        (
            "a download by the system",
            [zero, Value::Text("certutil -urlcache"), certutil, Value::Text("system"), pid, none, absent],
            &[],
        ),
        ("another command", [zero, Value::Text("certutil -dump"), certutil, absent, pid, none, absent], &[]),
        (
            "an encoded command",
            [zero, Value::Text("x -Enc  QUJDREVGR0hJSktM"), Value::Text("x"), absent, pid, none, address],
            &[ENCODED],
        ),
        (
            "a module of a table",
            [zero, Value::Text(""), Value::Text(""), absent, pid, Value::List(&modules), absent],
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
    let short = verified.bind(number, Event { inputs: &[absent; 6], header: &[], others: &[] }).is_err();
    let mistyped = verified.bind(number, Event { inputs: &[zero; 7], header: &[], others: &[] }).is_err();
    say(if short && mistyped { "an event of another shape is a fault\n" } else { "ANOTHER SHAPE IS NO FAULT\n" });
    right & short & mistyped
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
    let ended = bound.evaluate(KillMask::NONE, scratch, |rule| {
        let name = verified.image().rule(rule).map_or("", |rule| rule.name);
        right &= expected.get(found) == Some(&name);
        found += 1;
    });
    right &= ended.is_ok() && found == expected.len();
    // Switched off, every rule is silent.
    right &=
        bound.evaluate(KillMask::new(&[u64::MAX]), scratch, |_| found = usize::MAX).is_ok() && found == expected.len();
    say(what);
    say(if right { ": " } else { ": WRONG, should be " });
    for (at, name) in expected.iter().enumerate() {
        say(if at == 0 { "" } else { ", " });
        say(name);
    }
    say(if expected.is_empty() { "no rule\n" } else { "\n" });
    right
}
