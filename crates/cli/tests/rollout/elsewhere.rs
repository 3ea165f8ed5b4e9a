//! Witnesses elsewhere, and what they know that the writer of the log does not.

use std::fs;
use std::net::TcpListener;

use contentcheck_fleet::Daemon;

use super::stopping::{elsewhere, elsewhere_again, started, tokens};
use super::world::{HOUR, MINUTE, START, World, copy, strs};

/// `rollout serve` of a site.
pub(crate) struct Served {
    process: std::process::Child,
    address: String,
}

impl Served {
    pub(crate) fn new(world: &World) -> Self {
        use std::io::BufRead as _;
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_contentcheck"))
            .args(["rollout", "-C", world.root.join("fleet").to_str().unwrap(), "serve", "--listen", "127.0.0.1:0"])
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(process.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit("http://").next().unwrap().to_owned();
        Self { process, address }
    }

    pub(crate) fn get(&self, path: &str) -> String {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(self.address.trim_end_matches('/')).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// When witnesses were told of a halt, and the first ring has shown what it must.
const TOLD: u64 = START + 40 * MINUTE;

/// A rollout whose witnesses are elsewhere, and were told of a halt that the log does not have.
fn told(name: &str) -> (World, Vec<Daemon>) {
    let mut world = started(name);
    let devices = world.let_in();
    world.well(&devices, START, TOLD);
    let daemons = elsewhere(&world, TOLD);
    let copied = world.root.join("copied");
    copy(&world.root.join("fleet"), &copied);
    let told = world.must(0, TOLD, &["halt", "--reason", "burning", "--tell-witnesses"]);
    assert!(told.out.contains("told: 3 of 3"), "{}", told.out);
    // Whoever halted did so in a copy: nothing here knows of it.
    let _ = fs::remove_dir_all(world.root.join("fleet/stopped"));
    copy(&copied.join("tokens"), &world.root.join("fleet/tokens"));
    (world, daemons)
}

/// Witnesses sign for nothing past a halt that they were told of, so nothing is logged past it where they can be asked.
#[test]
fn nothing_is_logged_past_a_halt_that_witnesses_elsewhere_were_told_of() {
    let (world, _daemons) = told("asks-elsewhere");
    let before = world.state().size();
    for command in [&["advance"][..], &["resume", "--reason", "well"]] {
        let refused = world.must(1, TOLD, command);
        let said = format!("{}{}", refused.out, refused.err);
        assert!(said.contains("told of a halt") || said.contains("goes on already"), "{command:?}: {said}");
    }
    assert_eq!(world.state().size(), before);
    assert!(tokens(&world, 12).is_empty());
    let served = Served::new(&world);
    let began = std::time::Instant::now();
    while !served.get("/v1/status").contains("were told of a halt") {
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "{}", served.get("/v1/status"));
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    assert!(served.get("/v1/status").contains("\"red\""), "{}", served.get("/v1/status"));
    world.must(0, TOLD, &["halt", "--reason", "as was told"]);
    world.must(0, TOLD, &["resume", "--reason", "two looked"]);
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
}

/// Where a ring was logged all the same, as by a writer who could not ask, two people let the rollout go on, and no plan makes that impossible.
#[test]
fn a_ring_that_was_logged_past_a_halt_has_a_way_on() {
    let (world, daemons) = told("logged-past");
    let addresses = fs::read_to_string(world.root.join("fleet/rollout.toml")).unwrap();
    let unreachable: String =
        addresses
            .lines()
            .map(|line| {
                if line.starts_with("url = ") {
                    "url = \"http://127.0.0.1:9\"\n".to_owned()
                } else {
                    format!("{line}\n")
                }
            })
            .collect();
    fs::write(world.root.join("fleet/rollout.toml"), unreachable).unwrap();
    world.must(1, TOLD, &["advance"]);
    assert_eq!(world.state().newest().unwrap().open_ring(), Some(0), "a ring that nobody would sign for");
    world.log_next_ring(TOLD);
    fs::write(world.root.join("fleet/rollout.toml"), &addresses).unwrap();
    drop(daemons);
    let daemons = elsewhere_again(&world, TOLD + MINUTE);
    let next = world.gate(13);
    let plan = [&["plan", "--urgent"], &strs(&next)[..]].concat();
    let refused = world.must(1, TOLD + MINUTE, &plan);
    assert!(refused.err.contains("before another rollout is planned"), "{}", refused.err);
    let halted = world.must(1, TOLD + MINUTE, &["halt", "--reason", "as was told"]);
    assert!(halted.err.contains("two people"), "{}", halted.err);
    let refused = world.must(1, TOLD + MINUTE, &plan);
    assert!(refused.err.contains("before another rollout is planned"), "{}", refused.err);
    let resumed = world.must(0, TOLD + MINUTE, &["resume", "--reason", "two looked"]);
    assert!(resumed.out.contains("goes on"), "{}", resumed.out);
    assert_eq!(fs::read_dir(world.root.join("fleet/stopped")).map_or(0, Iterator::count), 0);
    world.must(0, TOLD + MINUTE, &["halt", "--reason", "for the fix"]);
    world.must(0, TOLD + MINUTE, &plan);
    world.must(0, TOLD + MINUTE, &["start"]);
    drop(daemons);
}

/// What answers at the address of a witness took a halt only where it can say so.
#[test]
fn a_server_that_is_no_witness_was_told_of_nothing() {
    use std::io::{Read as _, Write as _};
    let world = started("no-witness");
    drop(elsewhere(&world, START));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("url = \"http://{}\"", listener.local_addr().unwrap());
    let settings = world.root.join("fleet/rollout.toml");
    let text: String = fs::read_to_string(&settings)
        .unwrap()
        .lines()
        .map(|line| format!("{}\n", if line.starts_with("url = ") { &url } else { line }))
        .collect();
    fs::write(&settings, text).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 8192]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
        }
    });
    let told = world.run(START + MINUTE, &["halt", "--reason", "burning", "--tell-witnesses"]);
    assert!(told.exit != 0 && !told.out.contains("told: 3"), "{}\n{}", told.out, told.err);
    assert!(told.err.contains("it took the halt, and"), "{}", told.err);
}

/// Two witnesses elsewhere whose addresses are in each other's place sign, and no log is blamed for that.
#[test]
fn a_witness_at_the_address_of_another_one_is_told_as_that() {
    let world = started("swapped-urls");
    let _daemons = elsewhere(&world, START + MINUTE);
    let settings = world.root.join("fleet/rollout.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let urls: Vec<&str> = text.lines().filter(|line| line.starts_with("url = ")).collect();
    let swapped = text.replace(urls[0], "x\n").replace(urls[1], urls[0]).replace("\nx\n", &format!("\n{}", urls[1]));
    fs::write(&settings, swapped).unwrap();
    let advance = world.must(1, START + MINUTE, &["advance"]);
    for name in ["one", "two"] {
        let told = format!("witness `{name}` does not sign: it signed with another key than rollout.toml names for it");
        assert!(advance.err.contains(&told), "{}", advance.err);
    }
    assert!(!advance.err.contains("another log"), "{}", advance.err);
}

/// Somebody halts while `advance` asks the witnesses: no device is let in, and that is why.
#[test]
fn a_halt_that_comes_during_an_advance_is_told_as_that() {
    use std::io::{Read as _, Write as _};
    let mut world = started("halt-during");
    let devices = world.let_in();
    world.well(&devices, START, START + 10 * MINUTE);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = world.root.join("fleet/rollout.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let url = format!("url = \"http://{}\"", listener.local_addr().unwrap());
    fs::write(&settings, text.replace("directory = \"witnesses/one\"", &url)).unwrap();
    // The witness `one` is down; the others are enough. It halts when it is asked for its signature.
    let fleet = world.root.join("fleet");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 8192];
            let read = stream.read(&mut bytes).unwrap_or(0);
            if String::from_utf8_lossy(&bytes[..read]).contains("/v1/cosign") {
                fs::create_dir_all(fleet.join("stopped")).unwrap();
                fs::write(fleet.join("stopped/by-hand"), "").unwrap();
            }
            let _ = stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    let advance = world.must(1, START + 10 * MINUTE, &["advance"]);
    let said = format!("{}{}", advance.out, advance.err);
    assert!(advance.out.contains("no device is let in while the rollout is held here"), "{said}");
    assert!(!said.contains("too few witnesses") && said.contains("stopped/by-hand"), "{said}");
    assert!(tokens(&world, 12).is_empty());
}

/// What no quorum of witnesses would sign for is not written: it would stay in the log, and nothing behind it would be signed for.
#[test]
fn a_ring_is_logged_where_witnesses_would_sign_for_it() {
    let mut world = started("rehearsed");
    let devices = world.let_in();
    world.well(&devices, START, TOLD);
    let mut daemons = elsewhere(&world, TOLD);
    // One is enough to be missed, of two that must sign: none of the two that are down would have seen the ring before.
    let one = daemons.remove(0);
    daemons.clear();
    let early = world.must(1, TOLD, &["advance"]);
    assert!(early.err.contains("witnesses would sign for the next ring, and 2 must"), "{}\n{}", early.out, early.err);
    assert!(early.err.contains("CC0907"), "{}", early.err);
    assert_eq!(world.state().newest().unwrap().open_ring(), Some(0));
    // It is kept in mind, and is over with the next ring.
    let status = world.must(1, TOLD + MINUTE, &["status"]);
    assert!(status.out.contains("2 must, so no ring was opened"), "{}", status.out);
    drop(one);
    // Long after, all of them are there again, and nothing in the log is in their way.
    let daemons = elsewhere_again(&world, TOLD + 3 * HOUR);
    world.well(&devices, TOLD + MINUTE, TOLD + 3 * HOUR);
    let opened = world.must(0, TOLD + 3 * HOUR, &["advance"]);
    assert!(opened.out.starts_with("open: ring"), "{}\n{}", opened.out, opened.err);
    drop(daemons);
}

/// Resumes with one key of two, and gives the command by which the second person signs.
pub(crate) fn half_resumed(world: &World, now: u64) -> Vec<String> {
    let keys = world.root.join("fleet/keys");
    let away = world.root.join("resume-2.key");
    fs::rename(keys.join("resume-2.key"), &away).unwrap();
    fs::remove_file(keys.join("resume-3.key")).unwrap();
    world.must(1, now, &["resume", "--reason", "looked"]);
    let draft = fs::read_dir(world.root.join("fleet/drafts")).unwrap().next().unwrap().unwrap().path();
    ["sign", draft.to_str().unwrap(), "--key", away.to_str().unwrap()].map(str::to_owned).to_vec()
}

/// The clock of a ring begins again when witnesses see that it goes on. A resumption that people signed one after the other is of the time of the first.
#[test]
fn a_resumption_that_waited_for_a_signature_makes_no_ring_due() {
    let mut world = started("signed-late");
    let devices = world.let_in();
    world.must(0, START + MINUTE, &["halt", "--reason", "a look"]);
    let signs = half_resumed(&world, START + 2 * MINUTE);
    let late = START + 2 * HOUR;
    world.must(0, late, &strs(&signs));
    world.well(&devices, START, late + 10 * MINUTE);
    let early = world.must(1, late + 10 * MINUTE, &["advance"]);
    assert!(early.out.contains("stays the last one") && early.err.contains("long enough at"), "{}", early.err);
    assert_eq!(world.state().newest().unwrap().open_ring(), Some(0));
    world.well(&devices, late + 10 * MINUTE, late + 31 * MINUTE);
    let opened = world.must(0, late + 31 * MINUTE, &["advance"]);
    assert!(opened.out.starts_with("open: ring"), "{}\n{}", opened.out, opened.err);
}

/// Evidence that comes while people sign would be behind what they sign, and void it.
#[test]
fn evidence_waits_while_a_resumption_is_signed() {
    let mut world = started("evidence-waits");
    let devices = world.let_in();
    world.must(0, START + MINUTE, &["halt", "--reason", "a look"]);
    let signs = half_resumed(&world, START + 2 * MINUTE);
    let size = world.state().size();
    for later in 1..6 {
        world.well(&devices, START + 10 * later * MINUTE, START + 10 * (later + 1) * MINUTE - 1);
        let advance = world.must(1, START + 10 * (later + 1) * MINUTE, &["advance"]);
        assert!(advance.err.contains("a resumption waits for signatures"), "{}\n{}", advance.out, advance.err);
    }
    assert_eq!(world.state().size(), size);
    world.must(0, START + 61 * MINUTE, &strs(&signs));
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
    world.run(START + 62 * MINUTE, &["advance"]);
    assert!(world.state().size() > size + 1, "evidence goes on");
}
