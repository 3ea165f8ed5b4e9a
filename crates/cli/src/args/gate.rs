//! Options of the gate and of attestations.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Inputs;

/// Formats of `gate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GateFormat {
    /// One screen: what failed and what to do.
    Human,
    /// Everything, in one JSON value.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML: a test suite for each check.
    Junit,
    /// The summary of a CI job.
    Markdown,
    /// GitHub workflow commands: annotations.
    Github,
    /// One page that stands alone: the coverage matrix, cost and matches of each rule, what changed.
    Html,
}

impl GateFormat {
    /// The formats that have a file in a directory of evidence, with its name: workflow commands have none, a log gets them.
    /// The first is written last.
    pub const FILES: [(Self, &'static str); 6] = [
        (Self::Json, "evidence.json"),
        (Self::Sarif, "evidence.sarif"),
        (Self::Junit, "junit.xml"),
        (Self::Markdown, "summary.md"),
        (Self::Html, "report.html"),
        (Self::Human, "summary.txt"),
    ];
}

/// Run the release gate.
#[derive(Debug, Args)]
#[command(
    after_help = "Settings stand under [release] and [gate] in contentcheck.toml. The checks, in their order: self-test, \
lint, compile, verify, tests, coverage, differential, hostile, replay, change; docs/gate.md says what each guards against."
)]
pub struct Gate {
    /// The release
    #[command(flatten)]
    pub inputs: Inputs,
    /// The release before it: a file, or a directory. Its own configuration, ignore files and fleet count for it,
    /// and neither --fleet nor --exclude
    #[arg(long, value_name = "PATH")]
    pub previous: Option<PathBuf>,
    /// Judge a change that is to be merged, and no release: `--previous` is the content where it began. Neither evidence of
    /// that nor a higher sequence is asked for; the verdict is `incomplete` at best, which is no failure here, and nothing is signed
    #[arg(long, requires = "previous", conflicts_with_all = ["previous_evidence", "previous_key", "require_all", "sign"])]
    pub change: bool,
    /// The `evidence.json` that the gate left of the release before: what is replayed must not have shrunk
    #[arg(long, value_name = "FILE")]
    pub previous_evidence: Option<PathBuf>,
    /// The attestation of that evidence; by default the `attestation.dsse.json` beside it
    #[arg(long, value_name = "FILE")]
    pub previous_attestation: Option<PathBuf>,
    /// The public key that it must be signed with: without one, nothing says that the evidence is what the gate left
    #[arg(long, value_name = "FILE")]
    pub previous_key: Option<PathBuf>,
    /// Recorded events that are replayed; may be repeated
    #[arg(long, value_name = "PATH")]
    pub recordings: Vec<PathBuf>,
    /// How often a rule may match them
    #[arg(long, value_name = "N")]
    pub ceiling: Option<u64>,
    /// Recorded events that no rule may match; may be repeated
    #[arg(long, value_name = "PATH")]
    pub never_match: Vec<PathBuf>,
    /// Recorded events like those that sensors will see: the image looks for what is rare in them. Matches do not depend on
    /// it, bytes do; may be repeated
    #[arg(long, value_name = "PATH")]
    pub profile: Vec<PathBuf>,
    /// The seed of everything that is random
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Events that differential fuzzing makes
    #[arg(long, value_name = "N")]
    pub cases: Option<u64>,
    /// End differential fuzzing after so many seconds; what was done then depends on the machine
    #[arg(long, value_name = "N")]
    pub seconds: Option<u64>,
    /// Run only these checks
    #[arg(long, value_name = "CHECK", value_delimiter = ',', conflicts_with = "skip")]
    pub only: Vec<String>,
    /// Leave these checks out; the evidence says so
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Rules and tables may shrink, for this one release
    #[arg(long)]
    pub allow_shrink: bool,
    /// Image and tables may grow to more than twice their size, for this one release
    #[arg(long)]
    pub allow_growth: bool,
    /// A sensor that lacks an input leaves the rules out that read it, instead of refusing the image
    #[arg(long)]
    pub skip_unsupplied: bool,
    /// A check that did not run fails the gate
    #[arg(long)]
    pub require_all: bool,
    /// The self-test seeds every class of defects into every rule
    #[arg(long)]
    pub every_rule: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = GateFormat::Human)]
    pub format: GateFormat,
    /// Where the output goes, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// A directory that gets the evidence, in each format but `github`, and the image
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
    /// Sign an attestation into the directory of evidence with this ed25519 key in PEM; without the option, with
    /// the key that the variable CONTENTCHECK_SIGNING_KEY holds, if it is set
    #[arg(long, value_name = "KEY", requires = "evidence")]
    pub sign: Option<PathBuf>,
}

/// Attestations of the gate.
#[derive(Debug, Args)]
pub struct Attest {
    /// What to do
    #[command(subcommand)]
    pub command: AttestCommand,
}

/// What to do with attestations.
#[derive(Debug, Subcommand)]
pub enum AttestCommand {
    /// Verify the signature of an attestation, that it is about an image, and that every check of the gate passed
    Verify(AttestVerify),
}

/// With what a gate may have been run that passed a release.
#[derive(Clone, Copy, Debug, Args)]
pub struct Allowed {
    /// The gate may have been run with --allow-shrink; by default a release that was allowed to shrink is refused
    #[arg(long)]
    pub allow_shrink: bool,
    /// The gate may have been run with --allow-growth
    #[arg(long)]
    pub allow_growth: bool,
    /// The gate may have been run with --skip-unsupplied
    #[arg(long)]
    pub skip_unsupplied: bool,
}

/// Verify an attestation.
#[derive(Debug, Args)]
pub struct AttestVerify {
    /// The attestation: a DSSE envelope in JSON
    #[arg(value_name = "FILE")]
    pub attestation: PathBuf,
    /// The public key in PEM
    #[arg(long, value_name = "KEY")]
    pub key: PathBuf,
    /// The image that it must be about
    #[arg(long, value_name = "FILE")]
    pub image: PathBuf,
    /// What the release must be called
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The least sequence that the release may have: one that is older is refused
    #[arg(long, value_name = "N")]
    pub min_sequence: Option<u64>,
    /// The evidence that the statement must have been made from: evidence.json
    #[arg(long, value_name = "FILE")]
    pub evidence: Option<PathBuf>,
    /// The attestation of the release that devices have now: the gate must have compared with that one
    #[arg(long, value_name = "FILE")]
    pub previous: Option<PathBuf>,
    /// A public key, besides --key, that may vouch for the previous release; may be repeated
    #[arg(long, value_name = "KEY")]
    pub previous_key: Vec<PathBuf>,
    /// Checks of which something may be missing; by default every check must have run, and the whole of it
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub allow_missing: Vec<String>,
    /// With what the gate may have been run
    #[command(flatten)]
    pub allowed: Allowed,
    /// A warning of the gate is too much, whatever its release made of warnings
    #[arg(long)]
    pub deny_warnings: bool,
    /// Print the statement
    #[arg(long)]
    pub print: bool,
}
