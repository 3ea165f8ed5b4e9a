//! One field of each type, in several spellings; what it supplies and what it lends.
#![deny(warnings, missing_docs)]

use contentcheck_derive::Event;
use contentcheck_interpreter::{Event as Lent, Value};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Borrowed.
#[derive(Event)]
#[event(content = "edr.content", template = "edr.every @ 2")]
pub struct Borrowed<'e> {
    text: &'e str,
    raw: &'e [u8],
    signed: i64,
    share: f64,
    flag: bool,
    address: IpAddr,
    words: &'e [&'e str],
    ports: &'e [i64],
    peers: &'e [Value<'e>],
}

/// Owned, or by other words.
#[derive(Event)]
#[event(content = "edr.content", template = "edr.every @ 2")]
pub struct Owned<'e> {
    text: String,
    raw: [u8; 4],
    signed: usize,
    share: f32,
    flag: bool,
    address: Ipv4Addr,
    words: Vec<&'e [u8]>,
    ports: Vec<i64>,
    peers: [Value<'e>; 1],
}

/// As bytes that are text, and by `Cow`.
#[derive(Event)]
#[event(content = "edr.content", template = "edr.every @ 2")]
pub struct Bytes<'e> {
    text: Vec<u8>,
    raw: Cow<'e, [u8]>,
    signed: u64,
    share: f64,
    flag: bool,
    #[event(ip)]
    address: [u8; 4],
    #[event(split = b'\n')]
    words: &'e [u8],
    ports: [i64; 2],
    peers: Vec<Value<'e>>,
}

/// Types that nobody knows by their names.
pub struct Path(Vec<u8>);

impl AsRef<[u8]> for Path {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A number with a name.
#[derive(Clone, Copy)]
pub struct Pid(u32);

impl From<Pid> for u64 {
    fn from(pid: Pid) -> Self {
        u64::from(pid.0)
    }
}

/// Own types; a type parameter; a name that is a keyword; a field that is no input.
#[derive(Event)]
#[event(content = "edr.content", template = "edr.shrunk @ 3")]
pub struct Own<T: AsRef<[u8]>> {
    #[event(name = "image", text)]
    r#type: T,
    #[event(skip)]
    seen: std::time::Duration,
    #[event(uint)]
    pid: Pid,
}

/// Content allows it to be absent; this sensor always has it, or not.
#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start @ 1")]
pub struct ProcessStart<'e> {
    image: Arc<str>,
    command_line: Box<str>,
    pid: u16,
    user: Cow<'e, str>,
    arguments: &'e Vec<&'e str>,
    sha256: Option<[u8; 32]>,
}

/// What rules may read without a declaration.
#[derive(Event)]
#[event(content = "edr.content", template = "edr.anything @ 1")]
pub struct Anything<'e> {
    kind: &'e str,
    more: Option<&'e str>,
}

fn main() {
    let address = IpAddr::from([198, 51, 100, 7]);
    let peers = [Value::Ip(address)];
    let expected = [
        Value::from("a"),
        Value::Bytes(b"\0\xFFab"),
        Value::Int(7),
        Value::Float(0.5),
        Value::Bool(true),
        Value::Ip(address),
        Value::List(&[Value::from("x"), Value::from("y")]),
        Value::Ints(&[80, 443]),
        Value::List(&peers),
    ];
    let borrowed = Borrowed {
        text: "a",
        raw: b"\0\xFFab",
        signed: 7,
        share: 0.5,
        flag: true,
        address,
        words: &["x", "y"],
        ports: &[80, 443],
        peers: &peers,
    };
    let owned = Owned {
        text: "a".to_owned(),
        raw: *b"\0\xFFab",
        signed: 7,
        share: 0.5,
        flag: true,
        address: Ipv4Addr::new(198, 51, 100, 7),
        words: vec![b"x", b"y"],
        ports: vec![80, 443],
        peers,
    };
    let bytes = Bytes {
        text: b"a".to_vec(),
        raw: Cow::Borrowed(b"\0\xFFab"),
        signed: 7,
        share: 0.5,
        flag: true,
        address: [198, 51, 100, 7],
        words: b"x\ny\n",
        ports: [80, 443],
        peers: peers.to_vec(),
    };
    assert_eq!(borrowed.values(), expected);
    let unsigned = |mut values: [Value<'_>; 9]| {
        assert_eq!(values[2], Value::UInt(7));
        values[2] = Value::Int(7);
        values == expected
    };
    assert!(unsigned(owned.values()) && unsigned(bytes.values()));
    let types: Vec<String> = Borrowed::INPUTS.iter().map(|input| format!("{} : {}", input.name, input.ty)).collect();
    assert_eq!(
        types,
        [
            "text : string",
            "raw : bytes",
            "signed : int",
            "share : float",
            "flag : bool",
            "address : ip",
            "words : list<string>",
            "ports : list<int>",
            "peers : list<ip>"
        ]
    );
    assert_eq!(Borrowed::INPUTS, Owned::INPUTS);
    assert_eq!(Borrowed::INPUTS, Bytes::INPUTS);

    let own = Own { r#type: Path(b"/bin/sh\xFF".to_vec()), seen: std::time::Duration::ZERO, pid: Pid(7) };
    let _ = own.seen;
    assert_eq!(own.values(), [Value::Text(b"/bin/sh\xFF"), Value::UInt(7)]);
    assert_eq!(Own::<Path>::SUPPLY.template, "edr.shrunk");

    let arguments = vec!["sh", "-c"];
    let start = ProcessStart {
        image: "/bin/sh".into(),
        command_line: "sh -c".into(),
        pid: 7,
        user: "root".into(),
        arguments: &arguments,
        sha256: None,
    };
    let values = start.values();
    let lent = Lent { inputs: &values, header: &[], others: &[] };
    assert_eq!((lent.inputs.len(), lent.inputs[4], lent.inputs[5]), (6, Value::Strs(&["sh", "-c"]), Value::Absent));
    let optional: Vec<bool> = ProcessStart::INPUTS.iter().map(|input| input.ty.optional).collect();
    assert_eq!(optional, [false, false, false, false, false, true]);
    let digest = ProcessStart { sha256: Some([7; 32]), ..start };
    assert_eq!(digest.values()[5], Value::Bytes(&[7; 32]));

    assert_eq!(Anything { kind: "x", more: Some("y") }.values(), [Value::from("x"), Value::from("y")]);
}
