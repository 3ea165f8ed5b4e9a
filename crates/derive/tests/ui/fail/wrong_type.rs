//! Types that content does not promise.
use contentcheck_derive::Event;
use std::net::IpAddr;

struct Digest([u8; 32]);

#[derive(Event)]
#[event(content = "edr.content", template = "edr.process_start @ 1")]
struct ProcessStart<'e> {
    image: IpAddr,
    command_line: &'e [&'e str],
    pid: &'e str,
    user: Option<u32>,
    arguments: &'e [u8],
    sha256: Option<Digest>,
}

#[derive(Event)]
#[event(content = "edr.content", template = "edr.every @ 2")]
struct Every<'e> {
    text: std::time::Duration,
    raw: &'e str,
    signed: i128,
    share: u32,
    flag: u8,
    address: &'e str,
    words: Vec<String>,
    ports: &'e [u16],
    peers: &'e [IpAddr],
}

fn main() {}
