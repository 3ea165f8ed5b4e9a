//! What runs on a device, and what it knows, for people and machines.

use core::fmt;
use std::string::String;
use std::vec::Vec;

use crate::content::{Content as Id, Digest};
use crate::health::Health;
use crate::rings::FRESH;
use crate::state::{Candidate, Rung, Standing, State};
use crate::store::Role;
use crate::store::copies::Memory;

/// Content, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The digest of the image.
    pub digest: Digest,
    /// The sequence number of the release.
    pub sequence: u64,
    /// The name of the release; empty: it has none.
    pub release: String,
}

impl Content {
    pub(crate) fn of(id: Id, release: String) -> Self {
        // What an image says of itself is shown on a terminal.
        let release = release.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
        Self { digest: id.digest, sequence: id.sequence.0, release }
    }
}

/// What is wrong with a device's content, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Nothing is evaluated.
    Blind,
    /// Neither new nor confirmed content runs.
    Degraded,
    /// Confirmed content runs, and somebody should look.
    Attention,
    /// All is well.
    Well,
}

/// What runs, and what the device knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whether this process writes to the store.
    pub role: Role,
    /// What was found of the state when the store was opened.
    pub memory: Memory,
    /// Whether it is on disk twice now.
    pub both_copies: bool,
    /// Whether the state is on disk.
    pub is_saved: bool,
    /// What runs.
    pub rung: Rung,
    /// Its content; nothing, where nothing is evaluated.
    pub running: Option<Content>,
    /// Rules that this sensor loads of it, and rules that it has.
    pub rules: Option<(u32, u32)>,
    /// Rules of it that the kill list switches off.
    pub switched_off: u32,
    /// Content that this device keeps and whose image is damaged or missing: the same image, offered again, repairs it.
    pub wanted: Vec<Id>,
    /// The content that is built in.
    pub factory: Option<Id>,
    /// What the device remembers.
    pub state: State,
    /// Whether the kill list could not be read, so that rules run which it switched off.
    pub kills_lost: bool,
    /// How the run is doing.
    pub health: Health,
    /// Seconds since witnesses saw the newest log that the device knows of. Nothing: it asks for no log, has heard of none, or does
    /// not know the time.
    pub log_silence: Option<u64>,
    /// Lines of evidence that are not on disk.
    pub unwritten_evidence: u64,
    /// Lines of evidence on disk that could not be read.
    pub damaged_evidence: u64,
}

impl Status {
    /// Whether the device has heard nothing of the log for longer than a trial may begin by: somebody may keep releases from it.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.log_silence.is_some_and(|seconds| seconds > FRESH)
    }

    /// How the device is, in one word.
    #[must_use]
    pub fn condition(&self) -> Condition {
        let is_forgetful = matches!(self.memory, Memory::Lost(_) | Memory::Unreadable(_));
        let is_damaged =
            is_forgetful || self.kills_lost || !self.is_saved || !self.both_copies || !self.wanted.is_empty();
        let is_faulty = self.health.faults > 0 || self.health.mistyped > 0;
        Condition::of(self.rung, self.health.silenced, is_damaged || is_faulty || self.is_stale(), &self.state)
    }
}

impl Condition {
    /// The one rule by which a device is judged, from inside and by who looks at its directory. `signs`: something was seen that is not
    /// in the state.
    pub(crate) fn of(rung: Rung, is_silenced: bool, signs: bool, state: &State) -> Self {
        match rung {
            Rung::Nothing => Self::Blind,
            _ if is_silenced => Self::Blind,
            Rung::Factory if state.good.is_some() || state.lacks_content() => Self::Degraded,
            Rung::Earlier => Self::Attention,
            _ if signs || state.forgotten || state.is_behind() => Self::Attention,
            _ if state.hold > 0 || state.has_suspect() || state.unexplained() > 0 => Self::Attention,
            Rung::Candidate | Rung::Good | Rung::Factory => Self::Well,
        }
    }
}

impl Condition {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blind => "blind",
            Self::Degraded => "degraded",
            Self::Attention => "attention",
            Self::Well => "well",
        }
    }
}

impl Memory {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Whole => "whole",
            Self::OneCopy => "one copy",
            Self::Lost(_) => "lost",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

impl Standing {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trial => "on trial",
            Self::Baked => "baked",
            Self::Suspect => "suspect",
        }
    }
}

impl Rung {
    /// The word for machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Good => "good",
            Self::Earlier => "earlier",
            Self::Factory => "factory",
            Self::Nothing => "nothing",
        }
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, id: Id, rest: fmt::Arguments<'_>) -> fmt::Result {
    let digest = id.digest.bytes();
    write!(f, "{name:<11} sequence {} (", id.sequence)?;
    digest.iter().take(6).try_for_each(|byte| write!(f, "{byte:02x}"))?;
    writeln!(f, "){rest}")
}

/// What a device remembers, a line for each part.
pub(crate) fn remembered(f: &mut fmt::Formatter<'_>, state: &State) -> fmt::Result {
    if let Some(Candidate { content, standing, tries, starts, .. }) = state.candidate {
        let standing = standing.as_str();
        line(f, "candidate", content, format_args!(": {standing}, {tries} tries left, {starts} starts"))?;
    }
    if state.forgotten {
        writeln!(f, "{:<11} what this device knew was lost, and nothing has been confirmed since", "forgotten")?;
    }
    for (name, good) in [("good", state.good), ("earlier", state.earlier)] {
        if let Some(good) = good {
            let suspect = if good.suspect { ", suspect" } else { "" };
            line(f, name, good.content, format_args!(": {} crashes in a row{suspect}", good.strikes))?;
        }
    }
    for entry in state.quarantine.iter().flatten() {
        line(f, "given up", entry.content, format_args!(": {}", entry.why))?;
    }
    writeln!(
        f,
        "{:<11} confirmed {}, given up {}: only higher sequences are taken",
        "floor", state.floor, state.burnt
    )?;
    if let Some(identity) = state.identity {
        writeln!(f, "{:<11} {}", "device", identity.id)?;
    }
    if state.behind > 0 {
        writeln!(f, "{:<11} {} behind the newest release, on purpose", "behind", state.behind)?;
    }
    if let Some(member) = state.member {
        writeln!(
            f,
            "{:<11} {} of {} of its redundancy group: they are never in one ring",
            "member",
            member.number(),
            member.of()
        )?;
    }
    if state.unexplained() > 0 {
        let ends = state.unexplained();
        let (what, count) = if ends == 1 { ("end", "") } else { ("ends", " in a row") };
        writeln!(
            f,
            "{:<11} {ends} {what}{count} that nobody explains: some are forgiven, then each is a crash",
            "ends"
        )?;
    }
    if state.hold > 0 {
        writeln!(f, "{:<11} {} hours without new content: the sensor itself crashed", "hold", state.hold)?;
    }
    Ok(())
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, .. } = self;
        write!(f, "{:<11} {}", self.condition().as_str(), self.rung)?;
        if let Some(Content { sequence, release, .. }) = &self.running {
            write!(f, ": sequence {sequence}")?;
            if !release.is_empty() {
                write!(f, " of {release}")?;
            }
        }
        if let Some((loaded, all)) = self.rules {
            write!(f, ", {loaded} of {all} rule{}", if all == 1 { "" } else { "s" })?;
            if self.switched_off > 0 {
                write!(f, ", {} switched off by the kill list", self.switched_off)?;
            }
        }
        writeln!(f)?;
        if let Some(factory) = self.factory {
            line(f, "factory", factory, format_args!(""))?;
        }
        remembered(f, state)?;
        for content in &self.wanted {
            line(f, "wanted", *content, format_args!(": its image is not whole on disk; offer it again"))?;
        }
        if let Some(kill) = state.kill {
            let lost = if self.kills_lost { " (lost: what it switched off runs again)" } else { "" };
            writeln!(f, "{:<11} epoch {}{lost}", "kill list", kill.epoch)?;
        }
        if let Some(log) = state.log {
            write!(f, "{:<11} {} entries", "log", log.size)?;
            match self.log_silence {
                Some(seconds) if self.is_stale() => {
                    writeln!(f, ", last heard of {} h ago: nothing new is taken", seconds / 3_600)?;
                }
                Some(seconds) => writeln!(f, ", last heard of {} h ago", seconds / 3_600)?,
                None => writeln!(f)?,
            }
        }
        let Health { seconds, events, exhausted, matches, faults, mistyped, .. } = self.health;
        writeln!(
            f,
            "{:<11} {seconds} s, {events} events, {matches} matches, {exhausted} budgets spent, {faults} faults and \
             {mistyped} mistyped values of the sensor's",
            "run"
        )?;
        write!(f, "{:<11} state {}", "store", self.memory.as_str())?;
        match self.memory {
            Memory::Lost(why) => write!(f, " ({why})")?,
            Memory::Unreadable(why) => write!(f, " ({why})")?,
            Memory::Fresh | Memory::Whole | Memory::OneCopy => {}
        }
        if !self.is_saved {
            f.write_str(", not saved")?;
        } else if !self.both_copies {
            f.write_str(", saved once and not twice")?;
        }
        if self.role == Role::Guest {
            f.write_str(", another sensor has it")?;
        }
        if self.unwritten_evidence > 0 || self.damaged_evidence > 0 {
            write!(f, ", evidence: {} lines not written, {} damaged", self.unwritten_evidence, self.damaged_evidence)?;
        }
        writeln!(f)
    }
}

#[cfg(feature = "serde")]
mod json {
    use std::string::ToString as _;

    use serde::Serialize;
    use serde::ser::{SerializeStruct as _, Serializer};

    use super::{Content, Id, Status};
    use crate::state::{Candidate, Good, Quarantined};
    use crate::store::Role;

    #[derive(Serialize)]
    struct Shown {
        digest: std::string::String,
        sequence: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        release: Option<std::string::String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        standing: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tries: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        starts: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        crashes: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        suspect: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<std::string::String>,
    }

    fn shown(id: Id) -> Shown {
        Shown {
            digest: id.digest.to_string(),
            sequence: id.sequence.0,
            release: None,
            standing: None,
            tries: None,
            starts: None,
            crashes: None,
            suspect: None,
            why: None,
        }
    }

    impl Serialize for Status {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let state = &self.state;
            let running = self.running.as_ref().map(|Content { digest, sequence, release }| Shown {
                release: Some(release.clone()),
                ..shown(Id { digest: *digest, sequence: crate::Sequence(*sequence) })
            });
            let candidate = state.candidate.map(|Candidate { content, standing, tries, starts, .. }| Shown {
                standing: Some(standing.as_str()),
                tries: Some(tries),
                starts: Some(starts),
                ..shown(content)
            });
            let good = |good: Option<Good>| {
                good.map(|Good { content, strikes, suspect, .. }| Shown {
                    crashes: Some(strikes),
                    suspect: Some(suspect),
                    ..shown(content)
                })
            };
            let quarantine: std::vec::Vec<Shown> = state
                .quarantine
                .iter()
                .flatten()
                .map(|Quarantined { content, why }| Shown { why: Some(why.to_string()), ..shown(*content) })
                .collect();
            let health = &self.health;
            let mut to = serializer.serialize_struct("Status", 33)?;
            to.serialize_field("format", &1)?;
            to.serialize_field("condition", self.condition().as_str())?;
            to.serialize_field("runs", self.rung.as_str())?;
            to.serialize_field("running", &running)?;
            to.serialize_field("rules_loaded", &self.rules.map(|(loaded, _)| loaded))?;
            to.serialize_field("candidate", &candidate)?;
            to.serialize_field("good", &good(state.good))?;
            to.serialize_field("earlier", &good(state.earlier))?;
            to.serialize_field("factory", &self.factory.map(shown))?;
            to.serialize_field("quarantine", &quarantine)?;
            to.serialize_field("floor", &state.floor.0)?;
            to.serialize_field("burnt", &state.burnt.0)?;
            to.serialize_field("wanted", &self.wanted.iter().copied().map(shown).collect::<std::vec::Vec<_>>())?;
            to.serialize_field("rules_switched_off", &self.switched_off)?;
            to.serialize_field("kill_epoch", &state.kill.map(|kill| kill.epoch))?;
            to.serialize_field("kills_lost", &self.kills_lost)?;
            to.serialize_field("device", &state.identity.map(|identity| identity.id.to_string()))?;
            to.serialize_field(
                "member",
                &state.member.map(|member| std::format!("{}/{}", member.number(), member.of())),
            )?;
            to.serialize_field("behind", &state.behind)?;
            to.serialize_field("log_size", &state.log.map(|log| log.size))?;
            to.serialize_field("log_silence", &self.log_silence)?;
            to.serialize_field("stale", &self.is_stale())?;
            to.serialize_field("hold_hours", &state.hold)?;
            to.serialize_field("memory", self.memory.as_str())?;
            to.serialize_field("both_copies", &self.both_copies)?;
            to.serialize_field("saved", &self.is_saved)?;
            to.serialize_field("owner", &(self.role == Role::Owner))?;
            to.serialize_field("seconds", &health.seconds)?;
            to.serialize_field("events", &health.events)?;
            to.serialize_field("matches", &health.matches)?;
            to.serialize_field("exhausted", &health.exhausted)?;
            to.serialize_field("faults", &health.faults)?;
            to.serialize_field("mistyped", &health.mistyped)?;
            to.end()
        }
    }
}
