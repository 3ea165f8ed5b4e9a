//! What the log does not know of an engine, and a person says: which engine needs what.
//!
//! ```text
//! Options -of(engine)-> Filled        all that the engine needs, and nothing of another one
//! ```

use core::fmt;

use super::{Engine, NoExport};
use crate::codec::is_plain;

/// Options, as a person gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Mender: the name of the artifact that holds the image and its token. Without it that of the rollout.
    pub artifact: Option<String>,
    /// hawkBit: the id of the distribution set that holds the image.
    pub distribution_set: Option<u64>,
    /// AWS IoT: the region, such as `eu-central-1`.
    pub region: Option<String>,
    /// AWS IoT: the account, twelve digits.
    pub account: Option<String>,
    /// Argo: the Deployment whose pods run the sensor.
    pub workload: Option<String>,
    /// Argo: the pods of it.
    pub replicas: Option<u32>,
    /// Argo: where the state of rollouts can be read, such as `https://rollout.example.com`.
    pub status: Option<String>,
}

/// One of the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// [`Options::artifact`].
    Artifact,
    /// [`Options::distribution_set`].
    DistributionSet,
    /// [`Options::region`].
    Region,
    /// [`Options::account`].
    Account,
    /// [`Options::workload`].
    Workload,
    /// [`Options::replicas`].
    Replicas,
    /// [`Options::status`].
    Status,
}

/// The options of one engine.
pub(super) enum Filled<'o> {
    Mender { artifact: Option<&'o str> },
    Hawkbit { distribution_set: u64 },
    AwsIot { region: &'o str, account: &'o str },
    Argo(Argo<'o>),
}

/// Those of Argo.
pub(super) struct Argo<'o> {
    pub(super) workload: &'o str,
    pub(super) replicas: u32,
    pub(super) status: &'o str,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Artifact,
        Self::DistributionSet,
        Self::Region,
        Self::Account,
        Self::Workload,
        Self::Replicas,
        Self::Status,
    ];

    /// Its name in commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Artifact => "artifact",
            Self::DistributionSet => "distribution-set",
            Self::Region => "region",
            Self::Account => "account",
            Self::Workload => "workload",
            Self::Replicas => "replicas",
            Self::Status => "status",
        }
    }

    /// The engine that takes it.
    #[must_use]
    pub const fn engine(self) -> Engine {
        match self {
            Self::Artifact => Engine::Mender,
            Self::DistributionSet => Engine::Hawkbit,
            Self::Region | Self::Account => Engine::AwsIot,
            Self::Workload | Self::Replicas | Self::Status => Engine::Argo,
        }
    }

    /// Whether the engine has no plan without it. An artifact can be given any name.
    const fn is_needed(self) -> bool {
        !matches!(self, Self::Artifact)
    }

    /// What it is, and a value that it may have.
    const fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::Artifact => ("the name of the artifact that holds the image and its token", "edr-rules-42"),
            Self::DistributionSet => ("the id of the distribution set that holds the image", "6"),
            Self::Region => ("the region of the jobs", "eu-central-1"),
            Self::Account => ("the account of the things, twelve digits", "123456789012"),
            Self::Workload => ("the name of the Deployment whose pods run the sensor", "edr-sensor"),
            Self::Replicas => ("the number of pods of the Deployment", "200"),
            Self::Status => ("where Argo can ask `contentcheck rollout serve`", "https://rollout.example.com"),
        }
    }
}

/// What an engine lacks, and what is of another one.
pub(super) fn unfit(
    engine: Engine,
    missing: &[Setting],
    foreign: &[Setting],
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(f, "the plan for {} was not written", engine.title())?;
    for setting in missing {
        let (about, example) = setting.about();
        let name = setting.name();
        write!(f, "\n  `--{name}` is missing, {about}: `--{name} {example}`")?;
    }
    for setting in foreign {
        let (name, of) = (setting.name(), setting.engine().name());
        write!(
            f,
            "\n  `--{name}` is an option of `--engine {of}`, and `--engine {}` has none of this name",
            engine.name()
        )?;
    }
    Ok(())
}

impl Options {
    /// Those of an engine: all that it needs, and no others.
    pub(super) fn of(&self, engine: Engine) -> Result<Filled<'_>, NoExport> {
        self.check()?;
        let foreign = Setting::ALL.into_iter().filter(|setting| setting.engine() != engine && self.has(*setting));
        let foreign: Vec<Setting> = foreign.collect();
        self.filled(engine).filter(|_| foreign.is_empty()).ok_or_else(|| {
            let needed = Setting::ALL.into_iter().filter(|setting| setting.engine() == engine && setting.is_needed());
            NoExport::Settings { engine, missing: needed.filter(|setting| !self.has(*setting)).collect(), foreign }
        })
    }

    fn filled(&self, engine: Engine) -> Option<Filled<'_>> {
        Some(match engine {
            Engine::Mender => Filled::Mender { artifact: self.artifact.as_deref() },
            Engine::Hawkbit => Filled::Hawkbit { distribution_set: self.distribution_set? },
            Engine::AwsIot => Filled::AwsIot { region: self.region.as_deref()?, account: self.account.as_deref()? },
            Engine::Argo => Filled::Argo(Argo {
                workload: self.workload.as_deref()?,
                replicas: self.replicas?,
                status: self.status.as_deref()?,
            }),
        })
    }

    const fn has(&self, setting: Setting) -> bool {
        match setting {
            Setting::Artifact => self.artifact.is_some(),
            Setting::DistributionSet => self.distribution_set.is_some(),
            Setting::Region => self.region.is_some(),
            Setting::Account => self.account.is_some(),
            Setting::Workload => self.workload.is_some(),
            Setting::Replicas => self.replicas.is_some(),
            Setting::Status => self.status.is_some(),
        }
    }

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
