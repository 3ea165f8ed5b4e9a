//! From a gate to every device, without mocks: a thousand devices with real stores and keys, a collector, three witnesses and a dashboard over
//! HTTP, and the commands that an operator types. The clock alone is set by hand.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use contentcheck::commands::rollout::stage::{FLEET, Props, Ran, Stage};
use contentcheck::exit::{Exit, Failure};
use contentcheck_devices::{Fault, Harm, Poll};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
/// Monday, 4 January 2027, 08:00.
const START: u64 = 1_799_049_600;
const DEVICES: usize = 1_000;
/// Seconds between two polls of a device.
const POLL: u64 = 10 * MINUTE;

/// A directory that goes away.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("contentcheck-end-to-end-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        Self(root)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Hands out the files of a directory, as any web server does.
fn web(root: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = [0; 2_048];
            let read = stream.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(head.get(..read).unwrap_or_default()).into_owned();
            let path = head.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
            let answer = fs::read(root.join(path));
            let status = if answer.is_ok() { "200 OK" } else { "404 Not Found" };
            let body = answer.unwrap_or_default();
            let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    url
}

/// What a daemon answers.
fn get(url: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

struct World {
    stage: Stage,
    _directory: Temporary,
}

fn told<T>(outcome: Result<T, Failure>) -> T {
    outcome.unwrap_or_else(|failure| panic!("{}", failure.message))
}

impl World {
    fn new(name: &str) -> Self {
        let directory = Temporary::new(name);
        let web = web(directory.0.join(FLEET));
        let props = Props { devices: DEVICES as u32, start: START, dashboard: "127.0.0.1:0".into(), web: Some(web) };
        Self { stage: told(Stage::set(&directory.0, props)), _directory: directory }
    }

    fn must(&mut self, exit: Exit, arguments: &[&str]) -> Ran {
        let ran = told(self.stage.rollout(arguments));
        assert_eq!(ran.exit, exit, "{arguments:?}\n{}\n{}", ran.out, ran.err);
        ran
    }

    /// Gates, plans, starts and offers the next release.
    fn start(&mut self, plan: &[&str], fault: Option<Fault>) -> u64 {
        let sequence = told(self.stage.begin(plan, fault));
        let said = self.stage.said().join("\n");
        assert!(!said.contains("does not sign"), "all three witnesses sign: {said}");
        sequence
    }

    fn pass(&mut self, seconds: u64) -> Poll {
        let mut sum = Poll::default();
        for _ in 0..seconds.div_ceil(POLL) {
            let poll = told(self.stage.pass(POLL));
            assert_eq!(poll.refused, [""; 0]);
            assert_eq!(poll.trouble, [""; 0]);
            sum.receipts += poll.receipts;
            sum.failures += poll.failures;
            sum.reports += poll.reports;
        }
        sum
    }

    /// Goes through all rings of a release that is good.
    fn everywhere(&mut self, sequence: u64) {
        let mut took = 0;
        for bake in [30 * MINUTE, 2 * HOUR, 4 * HOUR] {
            took += self.pass(bake + 2 * POLL).receipts;
            let running = self.stage.fleet.running();
            assert_eq!(running.get(&sequence).copied().unwrap_or_default(), took, "{running:?}");
            told(self.stage.settle());
            let opened = self.must(Exit::Fine, &["advance"]);
            assert!(opened.out.starts_with("open: ring"), "{}\n{}", opened.out, opened.err);
        }
        self.pass(2 * POLL);
        assert_eq!(self.stage.fleet.running(), BTreeMap::from([(sequence, DEVICES)]));
    }

    /// Nobody else takes a release that was rejected, and each device that did goes back by itself.
    fn is_stopped(&mut self, bad: u64, good: u64) {
        assert_eq!(self.shown("rejected").pointer("/rollout/ring"), Some(&0.into()));
        assert_eq!(self.pass(4 * HOUR).receipts, 0);
        assert_eq!(self.stage.fleet.running(), BTreeMap::from([(good, DEVICES)]), "{bad}");
    }

    /// What the dashboard says, as soon as it says so.
    fn shown(&self, phase: &str) -> serde_json::Value {
        let begin = Instant::now();
        loop {
            let status: serde_json::Value = serde_json::from_str(&get(&self.stage.dashboard(), "/v1/status")).unwrap();
            if status.pointer("/rollout/phase").and_then(serde_json::Value::as_str) == Some(phase) {
                return status;
            }
            assert!(begin.elapsed() < Duration::from_secs(30), "{status}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

#[test]
fn a_good_release_reaches_everybody_a_bad_one_stops_in_the_first_ring_and_the_fix_reaches_everybody() {
    let mut world = World::new("crash");
    let good = world.start(&["plan", "--urgent"], None);
    world.everywhere(good);
    world.pass(3 * HOUR);
    assert_eq!(world.stage.fleet.confirmed(good), DEVICES, "{:?}", world.stage.fleet.running());
    // The next one crashes every machine that runs it. Its gate saw nothing: the fault is one of the sensor.
    let bad = world.start(&["plan"], Some(Fault { harm: Harm::Crash, percent: 100 }));
    let took = world.pass(3 * POLL);
    assert!((4..30).contains(&took.receipts), "{took:?}");
    assert_eq!(took.failures, took.receipts);
    told(world.stage.settle());
    let stopped = world.must(Exit::Findings, &["advance"]);
    assert!(stopped.out.contains("CC0906"), "{}", stopped.out);
    world.shown("rejected");
    assert!(get(&world.stage.dashboard(), "/").contains("</html>"));
    world.is_stopped(bad, good);
    world.must(Exit::Findings, &["resume", "--reason", "it will be fine"]);
    // Back, on the same road, and then the fix.
    let back = world.start(&["revert"], None);
    world.everywhere(back);
    // The next plan waits until the last ring was open for its time.
    world.pass(HOUR);
    let fix = world.start(&["plan", "--urgent"], None);
    world.everywhere(fix);
    world.pass(3 * HOUR);
    assert_eq!(world.stage.fleet.confirmed(fix), DEVICES, "{:?}", world.stage.fleet.running());
    assert!(Path::new(&world.stage.site()).join(format!("tokens/{fix}/ring-3.token")).exists());
}

/// The other ways in which content has hurt machines, of which docs/incidents.md says where each incident stops: it hangs them, it matches most of
/// what they see, or it says too little, which none of them notices.
#[test]
fn releases_that_hang_machines_flood_them_or_leave_them_blind_reach_no_second_ring() {
    let mut world = World::new("kinds");
    let good = world.start(&["plan", "--urgent"], None);
    world.everywhere(good);
    world.pass(3 * HOUR);
    // The ring stays the last one while machines hang: they are silent, and do not count as well. Their watchdogs end them after two hours.
    let hangs = world.start(&["plan", "--urgent"], Some(Fault { harm: Harm::Hang, percent: 100 }));
    let took = world.pass(HOUR).receipts;
    assert!((4..30).contains(&took), "{took}");
    told(world.stage.settle());
    // Where the lot drew fourteen devices or more, their silence beside their partners is enough to reject it by now.
    let waits = told(world.stage.rollout(&["advance"]));
    assert!(waits.out.contains("stays the last one") || waits.out.contains("CC0906"), "{}", waits.out);
    world.pass(2 * HOUR);
    told(world.stage.settle());
    assert!(world.must(Exit::Findings, &["advance"]).out.contains("CC0906"));
    world.is_stopped(hangs, good);
    // The store of each device gives up what matches more than one event of ten, within its trial.
    let floods = world.start(&["plan", "--urgent"], Some(Fault { harm: Harm::Flood, percent: 100 }));
    let took = world.pass(2 * HOUR);
    assert!((4..30).contains(&took.receipts), "{took:?}");
    assert_eq!(took.failures, took.receipts);
    told(world.stage.settle());
    assert!(world.must(Exit::Findings, &["advance"]).out.contains("CC0906"));
    world.is_stopped(floods, good);
    // What leaves machines blind is seen by people alone: rings are the time that they have for it, and one of them can halt it.
    let blind = world.start(&["plan", "--urgent"], Some(Fault { harm: Harm::Blind, percent: 100 }));
    let took = world.pass(30 * MINUTE + 2 * POLL);
    assert!((4..30).contains(&took.receipts) && took.failures == 0, "{took:?}");
    world.must(Exit::Fine, &["halt", "--reason", "the hosts of a customer are silent"]);
    assert_eq!(world.pass(2 * HOUR).receipts, 0);
    assert_eq!(world.stage.fleet.running().get(&blind), Some(&took.receipts));
    let back = world.start(&["revert"], None);
    world.everywhere(back);
}

/// Without a terminal, and until it is told to stop.
#[cfg(unix)]
#[test]
fn a_demo_shows_how_a_bad_release_stops_and_ends_when_it_is_told_to() {
    use std::io::BufRead as _;
    use std::process::{Command, Stdio};

    /// A process that does not outlive the test, whatever that ends in.
    struct Demo(std::process::Child);

    impl Drop for Demo {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    let child = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
        .args(["rollout", "demo", "--story", "bad", "--pace", "100000", "--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut demo = Demo(child.unwrap());
    let mut lines = std::io::BufReader::new(demo.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said = Vec::new();
    while !said.last().is_some_and(|line: &String| line.contains("The story is over")) {
        let Some(line) = lines.next() else { panic!("{said:?}") };
        said.push(line);
    }
    let after = |what: &str| said.iter().find_map(|line| line.strip_prefix(what)).unwrap().to_owned();
    assert!(said.iter().any(|line| line.contains("CC0906")), "{said:?}");
    let dashboard = after("dashboard: ");
    // It looks at the log every few seconds.
    let begin = Instant::now();
    while !get(dashboard.trim_end_matches('/'), "/").contains("REJECTED") {
        assert!(begin.elapsed() < Duration::from_secs(30), "the dashboard does not show it");
        std::thread::sleep(Duration::from_millis(200));
    }
    let directory = after("directory: ");
    let directory = directory.split(';').next().unwrap().to_owned();
    assert!(Path::new(&directory).exists());
    let told = Command::new("kill").args(["-INT", &demo.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(lines.next().as_deref(), Some("stopped"));
    let mut said = String::new();
    demo.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(demo.0.wait().unwrap().success() && said.is_empty(), "{said}");
    assert!(!Path::new(&directory).exists(), "what was temporary is gone");
}

#[test]
fn drills_show_what_must_follow() {
    use clap::Parser as _;
    use contentcheck::Streams;
    use contentcheck::args::Cli;

    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let exit = contentcheck::run(&Cli::try_parse_from(["contentcheck", "rollout", "drill"]).unwrap(), &mut streams);
    let said = String::from_utf8(out).unwrap();
    assert_eq!(exit, Exit::Fine, "{said}\n{}", String::from_utf8(err).unwrap());
    assert_eq!((said.matches("drill: ").count(), said.matches("  NO: ").count()), (4, 0), "{said}");
    assert!(said.matches("  yes: ").count() >= 13, "{said}");
}
