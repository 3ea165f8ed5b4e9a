//! The arguments of `contentcheck rollout`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, value_parser};

use super::{Allowed, DeviceFormat};

/// Rollouts in rings.
#[derive(Debug, Args)]
pub struct Rollout {
    /// The directory of the rollouts, with rollout.toml
    #[arg(long, short = 'C', value_name = "DIR", default_value = ".", global = true)]
    pub directory: PathBuf,
    /// What to do
    #[command(subcommand)]
    pub command: RolloutCommand,
}

/// What can be done with rollouts.
#[derive(Debug, Subcommand)]
pub enum RolloutCommand {
    /// Begin: a directory with a log, a policy, settings, and keys for everybody, fit for a trial. For real each person makes
    /// their own by `rollout key NAME -o FILE`, and each witness with --witness
    Init(RolloutInit),
    /// Show what each ring of a plan would see, or log the plan of a release that passed its gate
    Plan(Box<RolloutPlan>),
    /// Spread devices over rings by what the witnesses signed, and open the first ring
    Start,
    /// Take in what devices reported, and open the next ring where that is allowed
    Advance(RolloutAdvance),
    /// Show where the newest rollout is
    Status(RolloutStatus),
    /// Explain why a ring does not open: each test of each group, and what is missing
    Explain(RolloutStatus),
    /// Open no further ring and remove the tokens of those that are open; one signature is enough. A device that has a token already can take
    /// the release by it for a day after witnesses signed for it
    Halt(RolloutHalt),
    /// Let a rollout go on that a person halted; two signatures are needed
    Resume(RolloutReason),
    /// Plan a release that takes the newest rollout back: content that was good on the whole fleet before, under a higher
    /// sequence; `status` names what there is
    Revert(Box<RolloutPlan>),
    /// Hold devices back: those of a stratum take no part in plans from now on
    Pin(RolloutPin),
    /// Add a signature to an entry that waits for more, and log it when there are enough
    Sign(RolloutSign),
    /// Show who holds which role, or change it: two roots sign, of those before and of those after
    Keys(RolloutKeys),
    /// Make a key, and print the public half of it
    Key(RolloutKey),
    /// Write the page of the dashboard as one file
    Report(RolloutReport),
    /// Write plans for an engine that the fleet already runs, and say what it cannot enforce
    Export(Box<RolloutExport>),
    /// Take reports of devices over HTTP, until it is stopped
    Collect(RolloutCollect),
    /// Be a witness over HTTP: count again, hold every entry to the rules, then sign
    Witness(RolloutWitness),
    /// Show where the rollout is, over HTTP, as a page, JSON and metrics
    Serve(RolloutServe),
    /// Simulate what a release does to a fleet, under a policy of rollouts and under the defaults of other tools
    Simulate(RolloutSimulate),
    /// Show all of it on this machine: a log, witnesses, a collector, a dashboard and simulated devices, without any other service
    Demo(RolloutDemo),
    /// Rehearse what goes wrong, on a stage of simulated devices, and say whether what must follow did
    Drill(RolloutDrill),
}

/// Rehearse.
#[derive(Debug, Args)]
pub struct RolloutDrill {
    /// What goes wrong; without any, all of it
    #[arg(value_name = "WHAT", value_enum)]
    pub what: Vec<DrillKind>,
    /// Devices; with fewer than 1,000 the first ring shows nothing
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = value_parser!(u32).range(1_000..=20_000))]
    pub devices: u32,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DrillKind {
    /// A release crashes every machine that runs it
    BadRelease,
    /// One of three witnesses is down
    Witness,
    /// Two of three witnesses are down
    Witnesses,
    /// The collector is down
    Collector,
}

/// Show all of it.
#[derive(Debug, Args)]
pub struct RolloutDemo {
    /// The directory for it, empty or not there yet; without one, a temporary one that is removed at the end
    #[arg(value_name = "DIRECTORY")]
    pub stage: Option<PathBuf>,
    /// What happens
    #[arg(long, value_enum, default_value_t = DemoStory::Both)]
    pub story: DemoStory,
    /// Devices; with fewer than 1,000 the first ring shows nothing
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = value_parser!(u32).range(1_000..=20_000))]
    pub devices: u32,
    /// Minutes of the demo that pass in a second, at most
    #[arg(long, value_name = "MINUTES", default_value_t = 20, value_parser = value_parser!(u32).range(1..=100_000))]
    pub pace: u32,
    /// The address that the dashboard listens at
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8450")]
    pub listen: String,
    /// End when the story is over, instead of showing the dashboard until it is stopped
    #[arg(long)]
    pub exit: bool,
}

/// What happens in a demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DemoStory {
    /// A good release reaches everybody
    Good,
    /// A bad release stops in the first ring
    Bad,
    /// A good release reaches everybody, a bad one stops, the good one comes back, and the fix reaches everybody
    Both,
}

/// Simulate fleets.
#[derive(Debug, Args)]
pub struct RolloutSimulate {
    /// A scenario, such as july-19; without any, all of them
    #[arg(long = "scenario", value_name = "NAME")]
    pub scenarios: Vec<String>,
    /// What the release goes out under, such as at-once; `all` for everything that is known
    #[arg(long = "under", value_name = "NAME", default_values = ["ours", "at-once"])]
    pub under: Vec<String>,
    /// The policy that `ours` means, instead of the one that ships
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Devices of the fleet
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = value_parser!(u32).range(1..=100_000_000))]
    pub devices: u32,
    /// Days to simulate
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = value_parser!(u32).range(1..=45))]
    pub days: u32,
    /// Seeds, from 0 on: so many fleets, with so many rollouts
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u32).range(1..=10_000))]
    pub seeds: u32,
    /// Threads; without it, as many as there are processors. They change nothing but the time that it takes
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1_024))]
    pub threads: Option<u16>,
    /// Vary each parameter that is unknown too, one at a time
    #[arg(long)]
    pub sweeps: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = SimulateFormat::Human)]
    pub format: SimulateFormat,
    /// Write the result here instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How a simulation is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SimulateFormat {
    /// A table
    Human,
    /// A page with plots
    Html,
    /// JSON
    Json,
}

/// A page.
#[derive(Debug, Args)]
pub struct RolloutReport {
    /// Write the page here instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Engines that bring files to devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportEngine {
    /// Mender
    Mender,
    /// Eclipse hawkBit
    Hawkbit,
    /// AWS IoT Jobs
    AwsIot,
    /// Argo Rollouts
    Argo,
}

/// Plans for an engine.
#[derive(Debug, Args)]
pub struct RolloutExport {
    /// The engine
    #[arg(long, value_enum)]
    pub engine: ExportEngine,
    /// The directory that gets the files: an empty one, one that is not there yet, or one with an earlier plan for the same engine
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Mender: the name of the artifact that holds the image and its token; without it, the plan has a name to give to it
    #[arg(long, value_name = "NAME")]
    pub artifact: Option<String>,
    /// hawkBit needs it: the id of the distribution set that holds the image
    #[arg(long, value_name = "ID")]
    pub distribution_set: Option<u64>,
    /// AWS IoT needs it: the region, such as eu-central-1
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// AWS IoT needs it: the account, twelve digits
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Argo needs it: the Deployment whose pods run the sensor
    #[arg(long, value_name = "NAME")]
    pub workload: Option<String>,
    /// Argo needs it: the number of pods of the Deployment
    #[arg(long, value_name = "N")]
    pub replicas: Option<u32>,
    /// Argo needs it: where `rollout serve` can be asked, such as `https://rollout.example.com`
    #[arg(long, value_name = "URL")]
    pub status: Option<String>,
}

/// Take reports.
#[derive(Debug, Args)]
pub struct RolloutCollect {
    /// The address to listen at
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8451")]
    pub listen: String,
    /// Only every so manyth device, such as 0/2: several collectors share a fleet
    #[arg(long, value_name = "I/N")]
    pub shard: Option<String>,
}

/// Be a witness.
#[derive(Debug, Args)]
pub struct RolloutWitness {
    /// Which witness of rollout.toml
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Take what the witness kept for its own although it was brought from another place, with all that it had, and end
    #[arg(long)]
    pub moved: bool,
    /// The address to listen at
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8452")]
    pub listen: String,
}

/// Show where the rollout is.
#[derive(Debug, Args)]
pub struct RolloutServe {
    /// The address to listen at
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8450")]
    pub listen: String,
    /// An address that is told when the phase of a rollout changes
    #[arg(long = "hook", value_name = "URL")]
    pub hooks: Vec<String>,
    /// A collector of OpenTelemetry that gets the metrics, such as http://127.0.0.1:4318
    #[arg(long, value_name = "URL")]
    pub otlp: Option<String>,
}

/// Begin with rollouts.
#[derive(Debug, Args)]
pub struct RolloutInit {
    /// The name of the log, such as example.com/content
    #[arg(long, value_name = "NAME")]
    pub log: String,
    /// A policy for a fleet of 1,000 to 25,000 devices, with larger first rings and tests that need fewer devices
    #[arg(long)]
    pub small: bool,
}

/// Take in reports.
#[derive(Debug, Args)]
pub struct RolloutAdvance {
    /// A further key that signs, beside those in keys/
    #[arg(long = "key", value_name = "FILE")]
    pub keys: Vec<PathBuf>,
}

/// Plan a release.
#[derive(Debug, Args)]
pub struct RolloutPlan {
    /// The image. Without it, --dry-run looks at policy and devices alone
    #[arg(value_name = "IMAGE", required_unless_present = "dry_run")]
    pub image: Option<PathBuf>,
    /// The attestation of its gate
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run", requires = "image")]
    pub attestation: Option<PathBuf>,
    /// The public key, in PEM, that the gate's attestation must be signed with
    #[arg(long, value_name = "PEM", required_unless_present = "dry_run")]
    pub attestation_key: Option<PathBuf>,
    /// A public key, besides --attestation-key, that may vouch for the release that it was compared with; may be repeated
    #[arg(long, value_name = "PEM")]
    pub previous_key: Vec<PathBuf>,
    /// A check of the gate that may be missing, such as `change` of a first release. Devices refuse such an offer (CC1111):
    /// build the first release into the sensor, and name it as `previous` of the next
    #[arg(long, value_name = "CHECK")]
    pub allow_missing: Vec<String>,
    /// With what the gate may have been run
    #[command(flatten)]
    pub allowed: Allowed,
    /// A warning of the gate is too much, whatever its release made of warnings
    #[arg(long)]
    pub deny_warnings: bool,
    /// Shorter clocks; no ring and no test is skipped
    #[arg(long)]
    pub urgent: bool,
    /// Only show what each ring would see
    #[arg(long)]
    pub dry_run: bool,
    /// A further key that signs, beside those in keys/
    #[arg(long = "key", value_name = "FILE")]
    pub keys: Vec<PathBuf>,
}

/// Where a rollout is.
#[derive(Debug, Args)]
pub struct RolloutStatus {
    /// Output format
    #[arg(long, value_enum, default_value_t = DeviceFormat::Human)]
    pub format: DeviceFormat,
}

/// Why.
#[derive(Debug, Args)]
pub struct RolloutReason {
    /// Why, for those who read the log later; it must be given
    // Clap would end a halt without it before anything is held.
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
    pub reason: String,
    /// A further key that signs, beside those in keys/
    #[arg(long = "key", value_name = "FILE")]
    pub keys: Vec<PathBuf>,
}

/// Halt.
#[derive(Debug, Args)]
pub struct RolloutHalt {
    /// Why
    #[command(flatten)]
    pub why: RolloutReason,
    /// Tell the witnesses instead of writing the log: for when whoever writes it keeps halts back. They sign for no further ring
    #[arg(long)]
    pub tell_witnesses: bool,
}

/// Who holds which role.
#[derive(Debug, Args)]
pub struct RolloutKeys {
    /// A key that gets a role, such as plan=KEY: what `rollout key` printed, or its 64 digits
    #[arg(long, value_name = "ROLE=KEY")]
    pub add: Vec<String>,
    /// A key that loses a role
    #[arg(long, value_name = "ROLE=KEY")]
    pub remove: Vec<String>,
    /// How many keys of a role must sign, such as plan=3
    #[arg(long, value_name = "ROLE=N")]
    pub needed: Vec<String>,
    /// The policy of the log and its witnesses from now on
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// With --trust: a witness that counts until now and is lost for good, so that it need not be asked for halts
    #[arg(long, value_name = "NAME", requires = "trust")]
    pub lost: Vec<String>,
    /// A further key that signs, beside those in keys/
    #[arg(long = "key", value_name = "FILE")]
    pub keys: Vec<PathBuf>,
}

/// Hold devices back.
#[derive(Debug, Args)]
pub struct RolloutPin {
    /// The stratum, or the beginning of its name, such as `windows/11`
    #[arg(value_name = "STRATUM")]
    pub stratum: String,
    /// Let them take part again
    #[arg(long)]
    pub undo: bool,
    /// A further key that signs, beside those in keys/
    #[arg(long = "key", value_name = "FILE")]
    pub keys: Vec<PathBuf>,
}

/// Sign an entry that waits.
#[derive(Debug, Args)]
pub struct RolloutSign {
    /// The entry, in drafts/
    #[arg(value_name = "DRAFT")]
    pub draft: PathBuf,
    /// The keys that sign
    #[arg(long = "key", value_name = "FILE", required = true)]
    pub keys: Vec<PathBuf>,
}

/// Make a key.
#[derive(Debug, Args)]
pub struct RolloutKey {
    /// Whose key it is, such as alice or example.org/witness
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The file that gets the private half; nobody else may read it
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// A key of a witness: one that cosigns checkpoints
    #[arg(long)]
    pub witness: bool,
}
