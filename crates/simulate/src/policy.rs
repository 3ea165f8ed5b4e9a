//! By what rules a release goes to a fleet: ours, ours without one of its parts, and what other tools do by default.

use contentcheck_rollout::NoPolicy;
use serde::Serialize;

/// How a release goes to a fleet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Where its numbers are from, and what is left out.
    pub source: String,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Ours(Box<Ours>),
    Tool(Tool),
}

#[derive(Clone, Debug)]
pub(crate) struct Ours {
    pub(crate) policy: contentcheck_rollout::Policy,
    pub(crate) without: Option<Without>,
    /// Whether somebody looks, and halts by hand.
    pub(crate) has_person: bool,
}

/// A part of our rollouts that can be taken out, to see what it is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Without {
    /// Devices take what a server offers, and the server offers it to everybody.
    Token,
    /// A device that says nothing counts as none, as where only reported errors count.
    Silence,
    /// All devices of a ring poll in the same minute.
    Jitter,
    /// Devices have nothing to go back to.
    LastKnownGood,
    /// What devices report is counted as well, whatever they report.
    Detection,
}

impl Without {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Token, Self::Silence, Self::Jitter, Self::LastKnownGood, Self::Detection];

    const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Token => ("ours-without-token", "ours without tokens of rings"),
            Self::Silence => ("ours-without-silence", "ours without the silence rule"),
            Self::Jitter => ("ours-without-jitter", "ours without jitter"),
            Self::LastKnownGood => ("ours-without-lkg", "ours without last known good"),
            Self::Detection => ("ours-without-detection", "ours without detection"),
        }
    }
}

/// Who may take a release when.
#[derive(Clone, Debug)]
pub(crate) enum Waves {
    /// Devices up to this share of 2^32, from a minute on.
    Steps(Vec<(f64, u32)>),
    /// Evenly over so many minutes.
    Linear(u32),
    /// With each refresh, every so many minutes, one device of so many is drawn anew.
    Redraw { one_of: f64, every: u32 },
    /// So many devices each period, by the order in which they ask; the first one alone, for one period of waiting.
    Rate { devices: f64, period: u32, alone: u32 },
    /// Equal groups; the next one when this share of one has finished.
    Groups { count: u8, finished: f64 },
}

/// How a tool halts by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Halts {
    Never,
    /// More than this share of a group reported errors.
    Errors(f64),
    /// So many devices had finished nothing after so many minutes.
    Timeouts {
        devices: i64,
        minutes: u32,
    },
    /// Every so many minutes, until a minute, somebody or something looks whether so many devices reported errors.
    Checks {
        every: u32,
        errors: i64,
        until: u32,
    },
}

/// What is there to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// The decisions of the real sensor.
    Sensor,
    /// The other partition, until the new one was committed after so many minutes.
    Partition(u32),
    /// The old one goes on until the new one was ready for so many minutes.
    Replica(u32),
    Nothing,
}

/// How devices of a tool ask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Polls {
    /// Every so many minutes.
    Every(u32),
    /// At random while they are on, so many minutes apart on average.
    Random(f64),
}

#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) waves: Waves,
    pub(crate) polls: Polls,
    pub(crate) halts: Halts,
    pub(crate) fallback: Fallback,
    /// Minutes after which a device that runs says that it has finished.
    pub(crate) finishes: u32,
    /// Whether a halt takes back what is out.
    pub(crate) takes_back: bool,
    /// The share of devices that takes it after a halt all the same.
    pub(crate) leaks: f64,
    /// Whether what a device reports after it has finished is no error of the rollout any more.
    pub(crate) closes: bool,
    /// Minutes between two looks of the tool.
    pub(crate) barrier: u32,
}

pub(crate) const TOOL: Tool = Tool {
    waves: Waves::Linear(0),
    polls: Polls::Every(30),
    halts: Halts::Never,
    fallback: Fallback::Nothing,
    finishes: 5,
    takes_back: false,
    leaks: 0.0,
    closes: false,
    barrier: 15,
};

fn tool(name: &str, title: &str, source: &str, tool: Tool) -> Policy {
    Policy { name: name.into(), title: title.into(), source: source.into(), kind: Kind::Tool(tool) }
}

impl Policy {
    /// Our rollouts by a policy.
    #[must_use]
    pub fn ours(policy: contentcheck_rollout::Policy) -> Self {
        let kind = Kind::Ours(Box::new(Ours { policy, without: None, has_person: true }));
        Self { name: "ours".into(), title: "ours".into(), source: "crates/rollout, crates/sensor".into(), kind }
    }

    /// Our rollouts by the policy that ships.
    ///
    /// # Errors
    /// Never: its tests read it.
    pub fn standard() -> Result<Self, NoPolicy> {
        contentcheck_rollout::Policy::read(contentcheck_rollout::Policy::STANDARD).map(Self::ours)
    }

    /// Ours without one of its parts. Of another tool nothing is taken out.
    #[must_use]
    pub fn without(mut self, part: Without) -> Self {
        if let Kind::Ours(ours) = &mut self.kind {
            ours.without = Some(part);
            let (name, title) = part.name();
            (self.name, self.title) = (name.into(), title.into());
        }
        self
    }

    /// Ours with nobody who looks: no halt by hand.
    #[must_use]
    pub fn unattended(mut self) -> Self {
        if let Kind::Ours(ours) = &mut self.kind {
            ours.has_person = false;
            self.name += "-unattended";
            self.title += ", nobody looks";
        }
        self
    }

    /// Everybody at once, as devices poll.
    #[must_use]
    pub fn at_once() -> Self {
        let source = "A channel that pushes: devices ask about every half an hour, at random. Exposure ends when a person halts.";
        tool("at-once", "all at once", source, Tool { polls: Polls::Random(30.0), ..TOOL })
    }

    /// What known tools do by default, as read in their source; each with what had to be assumed.
    #[must_use]
    pub fn tools() -> Vec<Self> {
        let steps = |steps: &[(f64, u32)]| Waves::Steps(steps.to_vec());
        let day = 24 * 60;
        vec![
            tool(
                "mender",
                "Mender",
                "mender-server f954ef5: without phases everybody; no automatic halt found. Device: the other partition until commit. Assumed: poll 30 min, commit after 5 min",
                Tool { fallback: Fallback::Partition(5), ..TOOL },
            ),
            tool(
                "hawkbit-code",
                "hawkBit, defaults of its code",
                "hawkbit 67ca1c4, RolloutGroupConditionBuilder: next group at 50 % finished, pause above 50 % errors; silence is no error. Assumed: 5 groups, poll 5 min",
                Tool {
                    waves: Waves::Groups { count: 5, finished: 0.5 },
                    polls: Polls::Every(5),
                    halts: Halts::Errors(0.5),
                    closes: true,
                    ..TOOL
                },
            ),
            tool(
                "hawkbit-ui",
                "hawkBit, defaults of its page",
                "hawkbit 67ca1c4, RolloutView: one group, which is everybody; error threshold 10 %. Assumed: poll 5 min",
                Tool { polls: Polls::Every(5), halts: Halts::Errors(0.1), closes: true, ..TOOL },
            ),
            tool(
                "omaha-server",
                "omaha-server",
                "omaha-server 5a9d146: no partial update unless asked for. Assumed: clients ask every 5 h",
                Tool { polls: Polls::Every(300), ..TOOL },
            ),
            tool(
                "nebraska",
                "Nebraska, sample data",
                "nebraska 30a488d: safe mode, the first one alone; 2 devices in 15 min; 2 timeouts of 60 min disable the group; order by who asks. Device: Flatcar's other partition. Assumed: it is marked good after 2 min",
                Tool {
                    waves: Waves::Rate { devices: 2.0, period: 15, alone: 60 },
                    polls: Polls::Every(15),
                    halts: Halts::Timeouts { devices: 2, minutes: 60 },
                    fallback: Fallback::Partition(2),
                    closes: true,
                    ..TOOL
                },
            ),
            tool(
                "zincati",
                "Zincati and Cincinnati",
                "fedora-coreos-cincinnati 95388bd: linear in time; zincati be76c4a: polls every 300 s, no health signal. Going back is by hand. Assumed: 48 h",
                Tool { waves: Waves::Linear(2 * day), polls: Polls::Every(5), ..TOOL },
            ),
            tool(
                "apt-phased",
                "apt, phased updates",
                "apt 6b12812, depcache.cc: 10 % and 10 % more every 6 h, 54 h in all; at 0 %, which is halted, 1 of 101 still installs. Assumed: apt runs daily; 10 error reports stop the next step",
                Tool {
                    waves: Waves::Steps((1..=10).map(|step| (f64::from(step) / 10.0, (step - 1) * 360)).collect()),
                    polls: Polls::Every(day),
                    halts: Halts::Checks { every: 360, errors: 10, until: 54 * 60 },
                    leaks: 1.0 / 101.0,
                    ..TOOL
                },
            ),
            tool(
                "fwupd",
                "fwupd with N = 10",
                "fwupd 6e95049, fu-engine-requirements.c: one of N, drawn again with each refresh of metadata. Assumed: refreshed daily; without N it is everybody",
                Tool { waves: Waves::Redraw { one_of: 10.0, every: day }, polls: Polls::Every(day), ..TOOL },
            ),
            tool(
                "autopatch",
                "Windows Autopatch",
                "windows-autopatch-groups-policies: deferral 0, 1, 5, 9, 10 days, by time alone. Assumed: 0.1, 1, 10, 90, 100 % of devices; poll 22 h",
                Tool {
                    waves: steps(&[(0.001, 0), (0.01, day), (0.1, 5 * day), (0.9, 9 * day), (1.0, 10 * day)]),
                    polls: Polls::Every(22 * 60),
                    ..TOOL
                },
            ),
            tool(
                "argo",
                "Argo Rollouts, blue-green",
                "argo-rollouts 9f8d111: autoPromotionEnabled true, no analysis; what never gets ready is not promoted. A device stands for a replica. Assumed: ready after 1 min",
                Tool { polls: Polls::Every(1), fallback: Fallback::Replica(1), ..TOOL },
            ),
            tool(
                "flagger",
                "Flagger, canary",
                "flagger 15bd6ad: one failed check of 60 s halts and takes back. Assumed: 10 % more a minute up to 50 %, then all; ready after 1 min. A device stands for a replica",
                Tool {
                    waves: steps(&[(0.1, 0), (0.2, 1), (0.3, 2), (0.4, 3), (0.5, 4), (1.0, 5)]),
                    polls: Polls::Every(1),
                    halts: Halts::Checks { every: 1, errors: 1, until: 6 },
                    fallback: Fallback::Replica(1),
                    takes_back: true,
                    barrier: 1,
                    ..TOOL
                },
            ),
        ]
    }

    /// Everything that is compared: ours, everybody at once, the tools, and ours without each of its parts.
    ///
    /// # Errors
    /// Never: the policy that ships is one.
    pub fn all() -> Result<Vec<Self>, NoPolicy> {
        contentcheck_rollout::Policy::read(contentcheck_rollout::Policy::STANDARD).map(Self::all_beside)
    }

    /// The same, where ours are by this policy.
    #[must_use]
    pub fn all_beside(policy: contentcheck_rollout::Policy) -> Vec<Self> {
        let ours = Self::ours(policy);
        let parts: Vec<Self> = Without::ALL.into_iter().map(|part| ours.clone().without(part)).collect();
        let mut all = vec![ours, Self::at_once()];
        all.extend(Self::tools());
        all.extend(parts);
        all
    }
}
