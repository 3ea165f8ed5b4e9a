//! `rollout drill`: what goes wrong, rehearsed on a stage with the commands that an operator types. The fleet of the operator is not touched.

use contentcheck_devices::{Fault, Harm};
use contentcheck_model::diagnostic::visible;

use super::demo::Temporary;
use super::stage::{Props, Ran, Stage};
use crate::Streams;
use crate::args::{DrillKind, RolloutDrill};
use crate::commands::written;
use crate::exit::{Exit, Failure, Outcome};

/// Seconds between two polls of a device.
const POLL: u64 = 10 * 60;
/// Polls until the first ring of an urgent rollout was open for long enough, with some to spare.
const FIRST_RING: u32 = 6;

const ALL: [DrillKind; 4] = [DrillKind::BadRelease, DrillKind::Witness, DrillKind::Witnesses, DrillKind::Collector];

impl DrillKind {
    const fn title(self) -> &'static str {
        match self {
            Self::BadRelease => "a release crashes every machine that runs it",
            Self::Witness => "one of three witnesses is down",
            Self::Witnesses => "two of three witnesses are down",
            Self::Collector => "the collector is down",
        }
    }
}

struct Drill<'a, 's> {
    stage: Stage,
    streams: &'a mut Streams<'s>,
    failed: usize,
}

pub(super) fn drill(arguments: &RolloutDrill, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let what = if arguments.what.is_empty() { &ALL[..] } else { &arguments.what };
    let mut failed = 0_usize;
    for kind in what {
        let temporary = Temporary::new("drill")?;
        let dashboard = "127.0.0.1:0".to_owned();
        let props = Props { devices: arguments.devices, start: now, dashboard, web: None };
        let stage = Stage::set(&temporary.0, props)?;
        written(writeln!(streams.out, "drill: {}", kind.title()))?;
        let mut drill = Drill { stage, streams, failed: 0 };
        match kind {
            DrillKind::BadRelease => drill.bad_release()?,
            DrillKind::Witness => drill.witness()?,
            DrillKind::Witnesses => drill.witnesses()?,
            DrillKind::Collector => drill.collector()?,
        }
        failed = failed.saturating_add(drill.failed);
    }
    if failed == 0 {
        written(writeln!(streams.out, "all of it went as it must"))
    } else {
        written(writeln!(streams.out, "{failed} did not go as it must"))?;
        Ok(Exit::Findings)
    }
}

impl Drill<'_, '_> {
    fn expect(&mut self, what: &str, holds: bool) -> Result<(), Failure> {
        let word = if holds { "yes" } else { "NO" };
        self.failed = self.failed.saturating_add(usize::from(!holds));
        written(writeln!(self.streams.out, "  {word}: {what}"))?;
        written(self.streams.out.flush()).map(|_| ())
    }

    /// Runs a command, and shows it and the first line that it said.
    fn run(&mut self, arguments: &[&str]) -> Result<Ran, Failure> {
        let ran = self.stage.rollout(arguments)?;
        for line in self.stage.said().iter().take(2) {
            written(writeln!(self.streams.out, "  {}", visible(line)))?;
        }
        Ok(ran)
    }

    fn begin(&mut self, fault: Option<Fault>) -> Result<u64, Failure> {
        let sequence = self.stage.begin(&["plan", "--urgent"], fault)?;
        self.stage.said();
        written(writeln!(self.streams.out, "  sequence {sequence} is planned, and its first ring is open"))?;
        Ok(sequence)
    }

    /// Lets so many polls pass. Devices that gave a receipt meanwhile, and whether they could report.
    fn pass(&mut self, polls: u32) -> Result<(usize, bool), Failure> {
        let (mut receipts, mut is_quiet) = (0_usize, true);
        for _ in 0..polls {
            let poll = self.stage.pass(POLL)?;
            receipts = receipts.saturating_add(poll.receipts);
            is_quiet &= poll.trouble.is_empty();
        }
        Ok((receipts, is_quiet))
    }

    fn running(&mut self, sequence: u64) -> usize {
        self.stage.fleet.running().get(&sequence).copied().unwrap_or_default()
    }

    fn bad_release(&mut self) -> Result<(), Failure> {
        let sequence = self.begin(Some(Fault { harm: Harm::Crash, percent: 100 }))?;
        let (took, _) = self.pass(3)?;
        self.stage.settle()?;
        let ran = self.run(&["advance"])?;
        self.expect(&format!("it is halted after {took} devices"), ran.exit == Exit::Findings && took > 0)?;
        let (more, _) = self.pass(6)?;
        self.expect("nobody else takes it", more == 0)?;
        let left = self.running(sequence).saturating_add(self.running(0));
        self.expect("each device that took it went back by itself", left == 0)?;
        let ran = self.run(&["resume", "--reason", "a drill"])?;
        self.expect("nobody can let it go on", ran.exit == Exit::Findings)
    }

    fn witness(&mut self) -> Result<(), Failure> {
        let sequence = self.begin(None)?;
        self.pass(FIRST_RING)?;
        let before = self.running(sequence);
        self.stage.stop_witness(2);
        self.stage.settle()?;
        let ran = self.run(&["advance"])?;
        self.expect("the operator is told which one does not sign", ran.err.contains("witness `three` does not sign"))?;
        self.expect("the next ring opens", ran.exit == Exit::Fine && ran.out.starts_with("open: ring 1"))?;
        self.pass(2)?;
        let after = self.running(sequence);
        self.expect(&format!("devices of it take the release: {before}, then {after}"), after > before)
    }

    fn witnesses(&mut self) -> Result<(), Failure> {
        let sequence = self.begin(None)?;
        self.pass(FIRST_RING)?;
        let before = self.running(sequence);
        self.stage.stop_witness(1);
        self.stage.stop_witness(2);
        self.stage.settle()?;
        let ran = self.run(&["advance"])?;
        let is_told = ran.exit == Exit::Findings && ran.err.contains("CC0907");
        self.expect("no token is written for another ring, and the operator is told so (CC0907)", is_told)?;
        self.pass(2)?;
        let during = self.running(sequence);
        self.expect("no further device takes the release, and what runs goes on", during == before)?;
        self.stage.start_witnesses()?;
        self.run(&["advance"])?;
        self.pass(2)?;
        let after = self.running(sequence);
        self.expect(&format!("when they are back it goes on: {before}, then {after}"), after > before)
    }

    fn collector(&mut self) -> Result<(), Failure> {
        let sequence = self.begin(None)?;
        self.stage.stop_collector();
        let (took, is_quiet) = self.pass(3)?;
        self.expect("devices cannot report", !is_quiet)?;
        let running = self.running(sequence);
        self.expect("without a receipt no device activates the release", took == 0 && running == 0)?;
        let ran = self.run(&["advance"])?;
        self.expect("the next ring does not open", !ran.out.starts_with("open"))?;
        self.stage.start_collector()?;
        let (took, _) = self.pass(FIRST_RING)?;
        self.stage.settle()?;
        let ran = self.run(&["advance"])?;
        let opened = ran.out.starts_with("open: ring 1");
        self.expect(&format!("when it is back {took} devices take it, and the next ring opens"), took > 0 && opened)
    }
}
