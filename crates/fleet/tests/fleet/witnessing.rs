//! Witnesses that count reports again before they sign.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use contentcheck_fleet::witness::{make_key, moved};
use contentcheck_fleet::{Cosign, Keeper, NoCosign, Place, Recounter, Remote, Shard, Source, recount};
use contentcheck_rollout::entry::Evidence;
use contentcheck_rollout::report::What;

use crate::http::{get, post};
use crate::world::{Hands, Outcome, START, Temporary, World};

const HOUR: u64 = 60 * 60;

/// Hands out the files of a directory, as any web server does.
fn web(root: PathBuf) -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
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
    Ok(address)
}

struct People {
    world: World,
    homes: Temporary,
}

fn people() -> Outcome<People> {
    let homes = Temporary::new()?;
    let keys = [1, 2].map(|number| make_key(&homes.0.join(format!("w{number}")), &format!("example.com/w{number}")));
    let [one, other] = keys;
    let world = World::new(25_000, START, Some([one?, other?]))?;
    Ok(People { world, homes })
}

impl People {
    fn home(&self, number: u8) -> PathBuf {
        self.homes.0.join(format!("w{number}"))
    }

    fn keeper(&self, home: &Path, hands: &Hands) -> Result<Keeper, String> {
        let reports = Source::directory(self.world.path("reports"));
        let rolls = self.world.rolls().map_err(|error| error.to_string())?;
        let log = Place::of(&self.world.path("log").to_string_lossy());
        let reports = Recounter::new(rolls, reports);
        Keeper::open(home, (log, &self.world.verifier), reports, hands.clock()).map_err(|why| why.to_string())
    }

    /// Reports of the first ring, each twenty minutes, until a time.
    fn report(&self, from: u64, until: u64) -> Outcome {
        let ring = self.world.ring(0);
        assert!(ring.len() >= 10, "{}", ring.len());
        let daemon = self.world.collect(Shard::default(), self.world.hands.clock())?;
        for step in from / 1_200..=until / 1_200 {
            self.world.hands.set(START + step * 1_200);
            let what = if step == 0 { What::Receipt } else { What::Well };
            let body: Vec<u8> = ring.iter().flat_map(|device| self.world.report(*device, step + 1, what)).collect();
            assert_eq!(post(daemon.address(), "/v1/reports", &body)?.status, 200);
        }
        self.world.hands.set(START + until + 2);
        daemon.stop();
        // Everything is settled when a collector begins.
        self.world.collect(Shard::default(), self.world.hands.clock())?.stop();
        Ok(())
    }

    fn evidence(&self, until: u64) -> Outcome<Evidence> {
        let rollout = self.world.book.state().newest().ok_or("no rollout")?;
        let source = Source::directory(self.world.path("reports"));
        Ok(recount(&self.world.roll, rollout, &source, until)?.evidence(0, until))
    }

    /// Two witnesses here, which signed for a plan that was started since.
    fn begin(&mut self) -> Outcome<(Keeper, Keeper)> {
        let hands = self.world.hands.clone();
        let (mut here, mut other) = (self.keeper(&self.home(1), &hands)?, self.keeper(&self.home(2), &hands)?);
        self.world.plan("content 7", 7)?;
        self.signed_by(&mut here)?;
        self.signed_by(&mut other)?;
        self.world.start()?;
        Ok((here, other))
    }

    fn signed_by(&mut self, witness: &mut dyn Cosign) -> Outcome {
        let line = witness.cosign()?;
        self.world.cosigned(witness.verifier(), &line)
    }
}

#[test]
fn a_ring_opens_with_two_witnesses_one_here_and_one_over_http() -> Outcome {
    let mut people = people()?;
    let hands = people.world.hands.clone();
    let mut here = people.keeper(&people.home(1), &hands)?;
    // The other one reads the log from a web server, and the reports from the collector.
    let log = format!("http://{}/", web(people.world.path("log"))?);
    people.world.plan("content 7", 7)?;
    let collector = people.world.collect(Shard::default(), hands.clock())?;
    let reports = Recounter::new(people.world.rolls()?, Source::of(&[collector.url()])?);
    let there = Keeper::open(&people.home(2), (Place::of(&log), &people.world.verifier), reports, hands.clock())?;
    let verifier = there.verifier().to_owned();
    let daemon = there.start(TcpListener::bind("127.0.0.1:0")?)?;
    let mut there = Remote::new(&daemon.url(), &verifier);
    people.signed_by(&mut here)?;
    people.signed_by(&mut there)?;
    people.world.start()?;
    people.signed_by(&mut here)?;
    people.signed_by(&mut there)?;
    // Its port would be another one: the witness over HTTP is told of this one alone.
    let address = collector.address();
    collector.stop();
    people.report(0, 4 * HOUR)?;
    let until = START + 4 * HOUR + 1;
    let evidence = people.evidence(until)?;
    people.world.evidence(evidence)?;
    people.world.verdict()?;
    people.world.open()?;
    people.signed_by(&mut here)?;
    // Without the collector it does not sign.
    let refused = there.cosign();
    assert!(matches!(&refused, Err(NoCosign::Refused(why)) if why.contains("cannot be read")), "{refused:?}");
    let collector = crate::world::collect(
        &people.world.directory.0,
        &people.world.verifier,
        Shard::default(),
        hands.clock(),
        address.port(),
    )?;
    people.signed_by(&mut there)?;
    assert_eq!(get(daemon.address(), "/v1/witness")?.text().trim(), verifier);
    // What it signed it gives again; nothing of a request is of interest, and one that is large is refused.
    let [one, other] = [b"".as_slice(), b"http://elsewhere"].map(|body| post(daemon.address(), "/v1/cosign", body));
    assert_eq!(one?.body, other?.body);
    assert_eq!(post(daemon.address(), "/v1/cosign", &[b'x'; 5_000])?.status, 413);
    assert_eq!(get(daemon.address(), "/v1/cosign")?.status, 405);
    // A halt that nobody signed is none; one that is signed is taken, also beside the log.
    assert!(matches!(there.tell(b"halt"), Err(NoCosign::Refused(_))));
    there.tell(&people.world.halt_beside("a customer called")?)?;
    assert_eq!(post(daemon.address(), "/v1/halt", &[b'x'; 10_000])?.status, 413);
    drop(collector);
    Ok(())
}

#[test]
fn evidence_that_the_reports_do_not_have_is_not_signed_for() -> Outcome {
    type Change = (&'static str, fn(&mut Evidence));
    let changes: [Change; 4] = [
        ("reports, and there are", |evidence| evidence.count -= 1),
        ("the root over", |evidence| evidence.reports.0[0] ^= 1),
        ("of stratum 0", |evidence| evidence.strata[0].1.receipts += 1),
        ("not until", |evidence| evidence.until += 1),
    ];
    for (says, change) in changes {
        let mut people = people()?;
        let (mut here, _) = people.begin()?;
        people.report(0, HOUR)?;
        let mut evidence = people.evidence(START + HOUR + 1)?;
        change(&mut evidence);
        people.world.evidence(evidence)?;
        let refused = here.cosign();
        assert!(matches!(&refused, Err(NoCosign::Refused(why)) if why.contains(says)), "{says}: {refused:?}");
        let daemon = here.start(TcpListener::bind("127.0.0.1:0")?)?;
        let answer = post(daemon.address(), "/v1/cosign", b"")?;
        assert_eq!(answer.status, 409);
        assert!(answer.text().contains(says));
    }
    Ok(())
}

/// A collector, or who has its key, could date failures into the future, where evidence of now lacks them.
#[test]
fn a_witness_signs_for_no_evidence_beside_reports_of_the_future() -> Outcome {
    let mut people = people()?;
    let hands = people.world.hands.clone();
    let (mut here, _) = people.begin()?;
    people.signed_by(&mut here)?;
    people.report(0, HOUR)?;
    people.report(3 * HOUR, 3 * HOUR)?;
    hands.set(START + HOUR + 2);
    let evidence = people.evidence(START + HOUR + 1)?;
    people.world.evidence(evidence)?;
    let refused = here.cosign();
    assert!(matches!(&refused, Err(NoCosign::Refused(why)) if why.contains("a clock that is ahead")), "{refused:?}");
    hands.set(START + 3 * HOUR + 2);
    people.signed_by(&mut here)
}

#[test]
fn a_witness_counts_on_from_where_it_was() -> Outcome {
    let mut people = people()?;
    let hands = people.world.hands.clone();
    let (mut here, mut other) = people.begin()?;
    people.signed_by(&mut here)?;
    people.signed_by(&mut other)?;
    for hour in [1, 2, 3] {
        people.report((hour - 1) * HOUR + u64::from(hour > 1) * 1_200, hour * HOUR)?;
        let evidence = people.evidence(START + hour * HOUR + 1)?;
        people.world.evidence(evidence)?;
        if hour != 2 {
            // Two entries of evidence at once, the second time.
            people.signed_by(&mut here)?;
        }
    }
    // One that starts again counts all of it, and finds the same.
    drop(here);
    let mut again = people.keeper(&people.home(1), &hands)?;
    people.signed_by(&mut again)?;
    people.signed_by(&mut other)
}

#[test]
fn a_witness_that_lost_what_it_saw_does_not_begin() -> Outcome {
    let mut people = people()?;
    let hands = people.world.hands.clone();
    let home = people.home(1);
    people.world.plan("content 7", 7)?;
    let mut keeper = people.keeper(&home, &hands)?;
    assert!(people.keeper(&home, &hands).is_err(), "one process is one witness");
    people.signed_by(&mut keeper)?;
    drop(keeper);
    people.keeper(&home, &hands)?;
    let (seen, openings) = (fs::read(home.join("seen"))?, fs::read(home.join("openings"))?);
    fs::write(home.join("seen"), "x")?;
    assert!(people.keeper(&home, &hands).is_err());
    fs::write(home.join("seen"), seen)?;
    fs::write(home.join("openings"), "1 x\n")?;
    assert!(people.keeper(&home, &hands).is_err());
    fs::remove_file(home.join("openings"))?;
    assert!(people.keeper(&home, &hands).is_err());
    // What was there before, and was put back from a copy: nobody knows what it signed since.
    fs::write(home.join("openings"), openings)?;
    let refused = people.keeper(&home, &hands).err().unwrap_or_default();
    assert!(refused.contains("put back from a copy"), "{refused}");
    moved(&home)?;
    people.keeper(&home, &hands)?;
    for file in ["seen", "openings", "halts"] {
        let path = home.join(file);
        let bytes = fs::read(&path)?;
        for at in (0..bytes.len()).step_by(11) {
            let mut damaged = bytes.clone();
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 1;
            }
            // In place, so that the file is the one that it was.
            fs::write(&path, damaged)?;
            assert!(people.keeper(&home, &hands).is_err(), "{file} {at}");
            assert!(moved(&home).is_err(), "{file} {at}");
        }
        for cut in (0..bytes.len()).step_by(17) {
            fs::write(&path, bytes.get(..cut).unwrap_or_default())?;
            assert!(people.keeper(&home, &hands).is_err(), "{file} {cut}");
        }
        fs::write(&path, &bytes)?;
        people.keeper(&home, &hands)?;
        fs::remove_file(&path)?;
        assert!(people.keeper(&home, &hands).is_err(), "{file} is gone");
        // The same bytes in another file.
        fs::write(home.join("new"), &bytes)?;
        fs::rename(home.join("new"), &path)?;
        assert!(people.keeper(&home, &hands).is_err(), "{file} is a copy");
        moved(&home)?;
        people.keeper(&home, &hands)?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(home.join("key"), fs::Permissions::from_mode(0o640))?;
        let refused = people.keeper(&home, &hands).err().unwrap_or_default();
        assert!(refused.contains("chmod"), "{refused}");
    }
    assert!(make_key(&home, "example.com/w1").is_err(), "a key is made once");
    fs::remove_file(home.join("key"))?;
    assert!(people.keeper(&home, &hands).is_err());
    Ok(())
}
