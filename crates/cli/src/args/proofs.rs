//! Options of what is proven of rules.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Inputs;

/// Formats of `prove`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProofFormat {
    /// For people
    Human,
    /// One JSON document, with a schema: `contentcheck schema` and the name of the command
    Json,
    /// One JSON object for each rule, on a line
    Ndjson,
}

/// Prove what can be proved about rules.
#[derive(Debug, Args)]
pub struct Prove {
    /// The rules
    #[command(flatten)]
    pub inputs: Inputs,
    /// Leave rules with errors out; each error is still reported
    #[arg(long)]
    pub skip_errors: bool,
    /// Answer all questions about this rule alone; by id, name, title or file
    #[arg(long)]
    pub rule: Option<String>,
    /// List every pair of rules of which one fires on all events of the other, whatever their levels and sensors;
    /// `lint --deep` reports those of which one can go
    #[arg(long)]
    pub implied: bool,
    /// Say which rules can fire on events such as these recorded ones, which lack what all of them lack; files, directories, `-` for standard
    /// input; may be repeated
    #[arg(long, value_name = "EVENTS", conflicts_with = "implied")]
    pub on: Vec<PathBuf>,
    /// The template type of all of these events, for recordings that do not say themselves what they are
    #[arg(long, value_name = "NAME", requires = "on")]
    pub template: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = ProofFormat::Human)]
    pub format: ProofFormat,
}

/// Show techniques.
#[derive(Debug, Args)]
pub struct Attack {
    /// The rules
    #[command(flatten)]
    pub inputs: Inputs,
    /// Output format
    #[arg(long, value_enum, default_value_t = AttackFormat::Human)]
    pub format: AttackFormat,
    /// Where the output goes, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Formats of `attack`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AttackFormat {
    /// For people
    Human,
    /// JSON, with a schema (`contentcheck schema attack`)
    Json,
    /// A layer for the ATT&CK Navigator
    Navigator,
}

/// Formats of `witness`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WitnessFormat {
    /// Events as JSON lines, as `eval` reads them
    Ndjson,
    /// Test blocks of the native language
    Native,
    /// A file of tests beside a Sigma rule: `rule.test.yml`
    Sidecar,
}

/// Print events.
#[derive(Debug, Args)]
pub struct Witness {
    /// The rules
    #[command(flatten)]
    pub inputs: Inputs,
    /// Leave rules with errors out; each error is still reported
    #[arg(long)]
    pub skip_errors: bool,
    /// The rule, by id, name, title or file
    #[arg(long)]
    pub rule: String,
    /// Output format
    #[arg(long, value_enum, default_value_t = WitnessFormat::Ndjson)]
    pub format: WitnessFormat,
    /// Where the events go, instead of standard output; where there are none, nothing is written
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Compare two releases.
#[derive(Debug, Args)]
pub struct Diff {
    /// The older release
    pub old: PathBuf,
    /// The newer release
    pub new: PathBuf,
    /// Prove what each change means: equal, wider, narrower or different, with events that tell them apart
    #[arg(long)]
    pub semantic: bool,
    /// Leave rules with errors out; each error is still reported
    #[arg(long)]
    pub skip_errors: bool,
    /// Ignore any configuration file; otherwise that of each release counts
    #[arg(long)]
    pub no_config: bool,
    /// Threads; 0 means one for each core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Output format
    #[arg(long, value_enum, default_value_t = DiffFormat::Human)]
    pub format: DiffFormat,
}

/// Formats of `diff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people
    Human,
    /// A comment on a pull request
    Markdown,
    /// One JSON document, with a schema: `contentcheck schema diff`
    Json,
    /// One JSON object for each changed rule, on a line
    Ndjson,
}
