//! `rollout demo`: a fleet on this machine, and what becomes of a good release and of a bad one.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use contentcheck_devices::{Fault, Harm};
use contentcheck_fleet::Interrupt;
use contentcheck_fleet::status::duration;
use contentcheck_model::diagnostic::visible;
use contentcheck_project::files;

use super::site::said;
use super::stage::{Props, Stage};
use crate::Streams;
use crate::args::{DemoStory, RolloutDemo};
use crate::commands::written;
use crate::exit::{Exit, Failure, Outcome};

/// Seconds of the demo between two polls of a device.
const POLL: u64 = 10 * 60;
/// Polls between two runs of `advance`: an operator has a timer for it.
const ADVANCE: u32 = 3;
/// Polls after which a rollout that has not ended never will.
const LONGEST: u32 = 200;
/// Polls until the sensors of all devices have confirmed a release: three hours.
const CONFIRMED: u32 = 18;

/// A directory that is removed at the end.
pub(super) struct Temporary(pub(super) PathBuf);

impl Temporary {
    /// Makes it, for its owner alone. What is there under its name is somebody else's: neither used nor removed.
    pub(super) fn new(what: &str) -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("contentcheck-{what}-{}", std::process::id()));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(&path).map_err(|error| Failure::usage(format!("{}: {}", files::name(&path), said(&error))))?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What is left is in the system's directory for such.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What happens, one after the other.
#[derive(Clone, Copy, Debug)]
enum Step {
    Good,
    Bad,
    Back,
    Fix,
}

/// Whether the story goes on, or somebody stopped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    On,
    Stopped,
}

struct Demo<'a, 's> {
    stage: Stage,
    streams: &'a mut Streams<'s>,
    interrupt: Interrupt,
    /// What a poll takes at least.
    poll: Duration,
    began: u64,
    shown: String,
}

pub(super) fn demo(arguments: &RolloutDemo, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let interrupt = Interrupt::listen().map_err(|error| Failure::internal(said(&error)))?;
    let temporary = arguments.stage.is_none().then(|| Temporary::new("demo")).transpose()?;
    let directory = match (&arguments.stage, &temporary) {
        (Some(directory), _) => directory.clone(),
        (None, Some(temporary)) => temporary.0.clone(),
        (None, None) => return Err(Failure::internal("no directory")),
    };
    let props = Props { devices: arguments.devices, start: now, dashboard: arguments.listen.clone(), web: None };
    let stage = Stage::set(&directory, props)?;
    let poll = Duration::from_secs(POLL / 60) / arguments.pace;
    let mut demo = Demo { stage, streams, interrupt, poll, began: now, shown: String::new() };
    let site = files::name(&demo.stage.site());
    let lines = [
        format!("dashboard: {}/", demo.stage.dashboard()),
        format!("directory: {site}; `contentcheck rollout -C {site} explain` and its like work while it runs"),
        format!(
            "{} devices with real stores, 3 witnesses, a collector; up to {} minutes pass in a second",
            arguments.devices, arguments.pace
        ),
    ];
    for line in lines {
        demo.print(&line)?;
    }
    let mut goes = demo.tell(arguments.story)?;
    if goes == Goes::On && !arguments.exit {
        demo.print("\nThe story is over. The dashboard stays until it is stopped (Ctrl-C).")?;
        demo.interrupt.wait();
        goes = Goes::Stopped;
    }
    if goes == Goes::Stopped {
        demo.print("stopped")?;
    }
    Ok(Exit::Fine)
}

impl Demo<'_, '_> {
    fn print(&mut self, line: &str) -> Result<(), Failure> {
        written(writeln!(self.streams.out, "{line}"))?;
        written(self.streams.out.flush()).map(|_| ())
    }

    fn tell(&mut self, story: DemoStory) -> Result<Goes, Failure> {
        let steps: &[Step] = match story {
            DemoStory::Good => &[Step::Good],
            DemoStory::Bad => &[Step::Bad],
            DemoStory::Both => &[Step::Good, Step::Bad, Step::Back, Step::Fix],
        };
        for step in steps {
            let goes = match step {
                Step::Good => self.good()?,
                Step::Bad => self.bad()?,
                Step::Back => self.back()?,
                Step::Fix => self.fix()?,
            };
            if goes == Goes::Stopped {
                return Ok(Goes::Stopped);
            }
        }
        Ok(Goes::On)
    }

    fn good(&mut self) -> Result<Goes, Failure> {
        self.print("\nA good release.")?;
        let sequence = self.begin(&["plan", "--urgent"], None)?;
        self.everywhere(sequence)
    }

    fn bad(&mut self) -> Result<Goes, Failure> {
        self.print("\nA bad release: it passed its gate, and crashes every machine that runs it.")?;
        let sequence = self.begin(&["plan"], Some(Fault { harm: Harm::Crash, percent: 100 }))?;
        self.stops(sequence)
    }

    fn back(&mut self) -> Result<Goes, Failure> {
        self.print("\nWhat was good comes back, under a higher sequence, on the same road.")?;
        let sequence = self.begin(&["revert"], None)?;
        self.everywhere(sequence)
    }

    fn fix(&mut self) -> Result<Goes, Failure> {
        self.print("\nThe fix.")?;
        let sequence = self.begin(&["plan", "--urgent"], None)?;
        self.everywhere(sequence)
    }

    /// Begins with the next release, and shows the commands.
    fn begin(&mut self, plan: &[&str], fault: Option<Fault>) -> Result<u64, Failure> {
        let begun = self.stage.begin(plan, fault);
        for line in self.stage.said() {
            self.print(&visible(&line))?;
        }
        begun
    }

    /// Lets a poll pass. What devices run is shown where it has changed.
    fn pass(&mut self) -> Result<Goes, Failure> {
        if !self.interrupt.sleep(self.poll) {
            return Ok(Goes::Stopped);
        }
        let poll = self.stage.pass(POLL)?;
        if let Some(why) = poll.refused.first() {
            return Err(Failure::internal(format!("a device refuses what it was let in to: {why}")));
        }
        let running = self.stage.fleet.running();
        let of = |(sequence, count): (&u64, &usize)| match sequence {
            0 => format!("{count} down"),
            _ => format!("{count} run {sequence}"),
        };
        let shown = running.iter().map(of).collect::<Vec<_>>().join(", ");
        if shown != self.shown {
            let since = duration(self.stage.now().saturating_sub(self.began));
            self.print(&format!("after {since}: {shown}"))?;
            self.shown = shown;
        }
        Ok(Goes::On)
    }

    /// What the timer of an operator does. The first line that it says.
    fn advance(&mut self) -> Result<(Exit, String), Failure> {
        self.stage.settle()?;
        let ran = self.stage.rollout(&["advance"])?;
        let is_news = ran.exit != Exit::Fine || ran.out.starts_with("open");
        for line in self.stage.said() {
            if is_news {
                self.print(&visible(&line))?;
            }
        }
        Ok((ran.exit, ran.out))
    }

    fn everywhere(&mut self, sequence: u64) -> Result<Goes, Failure> {
        for step in 1..LONGEST {
            if self.pass()? == Goes::Stopped {
                return Ok(Goes::Stopped);
            }
            if step % ADVANCE != 0 {
                continue;
            }
            let (exit, said) = self.advance()?;
            if exit != Exit::Fine {
                return Err(Failure::internal(format!("a good release is halted: {said}")));
            }
            if said.starts_with("everywhere") {
                self.print(&format!("everywhere: sequence {sequence}"))?;
                return self.wait(CONFIRMED);
            }
        }
        Err(Failure::internal("a good release does not reach everybody"))
    }

    fn stops(&mut self, sequence: u64) -> Result<Goes, Failure> {
        for step in 1..LONGEST {
            if self.pass()? == Goes::Stopped {
                return Ok(Goes::Stopped);
            }
            if step % ADVANCE == 0 && self.advance()?.0 != Exit::Fine {
                self.print(&format!(
                    "halted: no further device fetches a token of sequence {sequence}, and each device that took it goes back by itself"
                ))?;
                return self.wait(6);
            }
        }
        Err(Failure::internal("a bad release is not halted"))
    }

    /// Lets so many polls pass. The timer goes on: what is open is watched on.
    fn wait(&mut self, polls: u32) -> Result<Goes, Failure> {
        for step in 1..=polls {
            if self.pass()? == Goes::Stopped {
                return Ok(Goes::Stopped);
            }
            if step % ADVANCE == 0 {
                self.stage.settle()?;
                self.stage.rollout(&["advance"])?;
                self.stage.said();
            }
        }
        Ok(Goes::On)
    }
}
