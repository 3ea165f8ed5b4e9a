//! Exports a rollout: as plans for engines that a fleet may have already, which move the bytes. The token travels with the bytes, and it
//! alone decides what a device activates.
//!
//! ```text
//! Rollout -export-> Exported      files for one engine, what that engine cannot enforce, what a person still fills in
//! ```
//!
//! No engine here checks a ring on the device, so each plan is as strict as the engine allows: nothing is left to a default, nothing goes on
//! by itself, and what is lost is said beside it. The same rollout and options always produce the same bytes.

mod argo;
mod aws_iot;
mod hawkbit;
mod mender;
mod options;
mod ring;

use core::fmt;

use contentcheck_log::{Class, Hash};
use serde::Serialize;

use crate::state::{Phase, Rollout};
use crate::tally::Roll;
use options::Filled;
pub use options::{Options, Setting};
use ring::Ring;

/// The name of the file that says what is lost.
pub const LOST: &str = "lost.txt";
/// What it begins with.
const HEAD: &str = "Rollout ";

/// An engine that moves bytes to devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Engine {
    /// Mender: a deployment for each ring.
    Mender,
    /// Eclipse hawkBit: a rollout with a group for each ring.
    Hawkbit,
    /// AWS IoT Jobs: a job for each ring.
    AwsIot,
    /// Argo Rollouts: a canary whose steps wait for the rings.
    Argo,
}

impl Engine {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mender, Self::Hawkbit, Self::AwsIot, Self::Argo];

    /// Its name in commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mender => "mender",
            Self::Hawkbit => "hawkbit",
            Self::AwsIot => "aws-iot",
            Self::Argo => "argo",
        }
    }

    /// The engine with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.name() == name)
    }

    /// What its makers call it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Mender => "Mender",
            Self::Hawkbit => "hawkBit",
            Self::AwsIot => "AWS IoT Jobs",
            Self::Argo => "Argo Rollouts",
        }
    }
}

/// Plans for an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Files by name, in the order in which they are used; [`LOST`] is the last one.
    pub files: Vec<(String, String)>,
    /// What the engine cannot enforce. Each begins with what it is about, and a colon.
    pub lost: Vec<String>,
    /// What a person fills in before the files can be loaded.
    pub missing: Vec<String>,
}

/// Why a rollout is not exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoExport {
    /// It does not go on, so there is nothing to send.
    Over {
        /// What happened to it.
        what: &'static str,
    },
    /// An option is not what the engine takes.
    Option {
        /// Which one.
        what: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// The engine needs options that are not there, or has none of those that are. A plan with a placeholder would be loaded as it is, and what
    /// another engine was told would do nothing.
    Settings {
        /// The engine.
        engine: Engine,
        /// What it needs.
        missing: Vec<Setting>,
        /// What is of another engine.
        foreign: Vec<Setting>,
    },
    /// The files cannot be written: a bug of this crate.
    Form(String),
}

impl fmt::Display for NoExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Over { what } => write!(f, "the rollout {what}: nothing is sent"),
            Self::Option { what, range } => write!(f, "`{what}` must be {range}"),
            Self::Settings { engine, missing, foreign } => options::unfit(*engine, missing, foreign, f),
            Self::Form(why) => write!(f, "the plan cannot be written: {why}"),
        }
    }
}

impl core::error::Error for NoExport {}

/// Exports a rollout for an engine.
///
/// # Errors
/// When the rollout does not go on, or the options are not those that the engine takes.
pub fn export(rollout: &Rollout, engine: Engine, options: &Options) -> Result<Exported, NoExport> {
    goes_on(rollout)?;
    let filled = options.of(engine)?;
    let job = Job { rollout, rings: ring::of(rollout), engine };
    let Parts { mut files, lost, missing } = match filled {
        Filled::Mender { artifact } => mender::plan(&job, artifact)?,
        Filled::Hawkbit { distribution_set } => hawkbit::plan(&job, distribution_set)?,
        Filled::AwsIot { region, account } => aws_iot::plan(&job, region, account)?,
        Filled::Argo(of) => argo::plan(&job, &of)?,
    };
    files.push((LOST.to_owned(), job.page(&lost, &missing)));
    Ok(Exported { files, lost, missing })
}

/// The engine whose plan a page named [`LOST`] is beside. Nothing for a page of anything else.
#[must_use]
pub fn engine_of(page: &str) -> Option<Engine> {
    let first = page.lines().next()?.strip_prefix(HEAD)?;
    Engine::ALL.into_iter().find(|engine| first.ends_with(&format!(" for {}", engine.title())))
}

/// The group of a device in each engine, by its public key: that of its ring. Nothing before the rollout has started, since nobody knows
/// the rings before, and nothing for a device that takes no part.
#[must_use]
pub fn group_of(rollout: &Rollout, roll: &Roll, device: &[u8; 32]) -> Option<String> {
    let ring = roll.ring_of(device, &rollout.opening(0)?)?;
    ring::of(rollout).into_iter().find(|one| one.number == ring).map(|ring| ring.group)
}

fn goes_on(rollout: &Rollout) -> Result<(), NoExport> {
    let what = match rollout.phase() {
        Phase::Planned | Phase::Started | Phase::Open { .. } => return Ok(()),
        Phase::Halted { .. } => "is halted",
        Phase::Rejected { .. } => "was rejected by the evidence",
        Phase::Superseded { .. } => "was superseded",
    };
    Err(NoExport::Over { what })
}

/// What each engine makes.
struct Parts {
    files: Vec<(String, String)>,
    lost: Vec<String>,
    missing: Vec<String>,
}

/// What is exported, and for whom.
struct Job<'a> {
    rollout: &'a Rollout,
    rings: Vec<Ring<'a>>,
    engine: Engine,
}

impl Job<'_> {
    /// What the rollout is called in an engine: letters, digits and `-`.
    fn name(&self) -> String {
        ring::name(self.rollout)
    }

    fn image(&self) -> String {
        Hash(self.rollout.release().image).to_string()
    }

    /// A note for the plan itself: at most 512 letters of ASCII.
    fn note(&self, lost: &[String]) -> String {
        let titles: Vec<String> = lost.iter().filter_map(|one| Some(one.split_once(':')?.0.to_lowercase())).collect();
        format!(
            "Moves bytes for {}. The token that travels with them decides what a device activates. {} does not enforce: {}. See {LOST}.",
            self.name(),
            self.engine.title(),
            titles.join("; ")
        )
    }

    /// What every engine here cannot enforce.
    fn lost(&self, of_engine: &[&str]) -> Vec<String> {
        let title = self.engine.title();
        let mut lost: Vec<String> = of_engine.iter().map(|one| (*one).to_owned()).collect();
        lost.push(format!(
            "Rings on the device: no device asks {title} which ring it is in. Whoever may write to {title} can send the bytes to every device at once. Devices check the token, and without one for their ring they keep their content."
        ));
        lost.push(format!(
            "Strata: {title} counts all devices together, so a release that is bad on one kind of device can look good."
        ));
        lost.push(format!(
            "Two people: one account of {title} is enough to start, widen and resume a plan. The log asks for two keys and two witnesses."
        ));
        lost.push(format!(
            "Halt: stopping {title} stops the transport and nothing else. Run `contentcheck rollout halt` first, then stop the transport."
        ));
        lost
    }

    /// The page that goes with the files.
    fn page(&self, lost: &[String], missing: &[String]) -> String {
        let plan = self.rollout.plan();
        let class = match plan.class {
            Class::Routine => "routine",
            Class::Urgent => "urgent",
        };
        let mut page = format!(
            "{HEAD}{} for {}\n\nrelease   {}, sequence {}\nimage     {}\npolicy    {}, {class}\n\nThe engine moves bytes. The token that travels with them decides what a device activates.\n\nRings\n",
            self.rollout.id(),
            self.engine.title(),
            self.rollout.release().name,
            self.rollout.release().sequence,
            self.image(),
            plan.policy.name(),
        );
        for ring in &self.rings {
            page += &format!(
                "- {} {}: about {} devices, {} of the fleet with the rings before; group {}; token {}\n",
                ring.number,
                ring.name,
                ring.devices,
                ring.percent(),
                ring.group,
                ring.token
            );
        }
        let mut list = |title: String, items: &[String]| {
            page += &format!("\n{title}\n");
            for item in items {
                page += &format!("- {item}\n");
            }
        };
        list(format!("What {} cannot enforce", self.engine.title()), lost);
        if !missing.is_empty() {
            list("To fill in before it is loaded".to_owned(), missing);
        }
        page
    }
}

/// A file, as all of them are written.
fn file(name: String, content: &impl Serialize) -> Result<(String, String), NoExport> {
    let mut text = serde_json::to_string_pretty(content).map_err(|error| NoExport::Form(error.to_string()))?;
    text.push('\n');
    Ok((name, text))
}
