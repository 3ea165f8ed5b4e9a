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
mod ring;

use core::fmt;

use contentcheck_log::{Class, Hash};
use serde::Serialize;

use crate::codec::is_plain;
use crate::state::{Phase, Rollout};
use ring::Ring;

/// The name of the file that says what is lost.
pub const LOST: &str = "lost.txt";

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

/// What the log does not know of an engine. What is missing is a placeholder in the files, and named in [`Exported::missing`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Mender: the name of the artifact that holds the image and its token.
    pub artifact: Option<String>,
    /// hawkBit: the id of the distribution set that holds the image.
    pub distribution_set: Option<u64>,
    /// AWS IoT: the region, such as `eu-central-1`.
    pub region: Option<String>,
    /// AWS IoT: the account, twelve digits.
    pub account: Option<String>,
    /// Argo: the Deployment whose pods run the sensor.
    pub workload: Option<String>,
    /// Argo: the pods of it. Otherwise as many as the census has devices.
    pub replicas: Option<u32>,
    /// Argo: where the state of rollouts can be read, such as `https://rollout.example.com`.
    pub status: Option<String>,
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
    /// The files cannot be written: a bug of this crate.
    Form(String),
}

impl fmt::Display for NoExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Over { what } => write!(f, "the rollout {what}: nothing is sent"),
            Self::Option { what, range } => write!(f, "`{what}` must be {range}"),
            Self::Form(why) => write!(f, "the plan cannot be written: {why}"),
        }
    }
}

impl core::error::Error for NoExport {}

/// Exports a rollout for an engine.
///
/// # Errors
/// When the rollout does not go on, or an option is not what the engine takes.
pub fn export(rollout: &Rollout, engine: Engine, options: &Options) -> Result<Exported, NoExport> {
    goes_on(rollout)?;
    options.check()?;
    let job = Job { rollout, rings: ring::of(rollout), options, engine };
    let Parts { mut files, lost, missing } = match engine {
        Engine::Mender => mender::plan(&job)?,
        Engine::Hawkbit => hawkbit::plan(&job)?,
        Engine::AwsIot => aws_iot::plan(&job)?,
        Engine::Argo => argo::plan(&job)?,
    };
    files.push((LOST.to_owned(), job.page(&lost, &missing)));
    Ok(Exported { files, lost, missing })
}

/// The group of a device in each engine, by its public key: that of its ring. Nothing before the rollout has started, since nobody knows
/// the rings before.
#[must_use]
pub fn group_of(rollout: &Rollout, device: &[u8; 32]) -> Option<String> {
    let ring = rollout.opening(0)?.ring_of(device);
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
    options: &'a Options,
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
            "Rollout {} for {}\n\nrelease   {}, sequence {}\nimage     {}\npolicy    {}, {class}\n\nThe engine moves bytes. The token that travels with them decides what a device activates.\n\nRings\n",
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

impl Options {
    fn check(&self) -> Result<(), NoExport> {
        let hold = |holds: bool, what, range| if holds { Ok(()) } else { Err(NoExport::Option { what, range }) };
        let is = |option: &Option<String>, holds: fn(&str) -> bool| option.as_deref().is_none_or(holds);
        hold(
            is(&self.artifact, |name| (1..=4_096).contains(&name.len()) && is_plain(name)),
            "artifact",
            "a string of 1 to 4096 bytes, without control characters",
        )?;
        hold(self.distribution_set != Some(0), "distribution-set", "the id of a distribution set, from 1 on")?;
        hold(
            is(&self.region, |name| is_label(name) && name.contains('-')),
            "region",
            "a region such as `eu-central-1`",
        )?;
        hold(
            is(&self.account, |digits| digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit())),
            "account",
            "twelve digits",
        )?;
        hold(
            is(&self.workload, is_label),
            "workload",
            "the name of a Deployment: lower-case letters, digits and `-`, 63 at most",
        )?;
        let replicas = 1..=i32::MAX.unsigned_abs();
        hold(self.replicas.is_none_or(|pods| replicas.contains(&pods)), "replicas", "at least 1, and below 2^31")?;
        hold(is(&self.status, is_address), "status", "an address such as `https://rollout.example.com`")
    }
}

/// Whether a string is a label as DNS and Kubernetes have it.
fn is_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(is_inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// Whether a string is an address that a path can be added to. Braces would be arguments of Argo.
fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_part = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}' | b'?' | b'#' | b'"' | b'\\');
    text.len() <= 1_024 && rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_part))
}
