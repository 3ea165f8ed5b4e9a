//! Options of what evaluates recorded events and tests.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{CacheOptions, Inputs, Rules};

/// Recorded events.
#[derive(Debug, Args)]
pub struct Recorded {
    /// Recorded events: JSON lines, JSON or EVTX, also in gzip or zstd; files, directories, `-` for
    /// standard input
    #[arg(value_name = "EVENTS")]
    pub events: Vec<PathBuf>,
    /// The template type of all events, for recordings that do not say themselves what they are
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// Records that cannot be read do not fail the run; they are still reported
    #[arg(long)]
    pub lenient: bool,
}

/// Events as a sensor supplies them.
#[derive(Debug, Default, Args)]
pub struct AsSensor {
    /// Evaluate events as this sensor supplies them, with the rules that it loads: a manifest file, or one that ships, such
    /// as `builtin:sysmon/4.90`
    #[arg(long, value_name = "MANIFEST")]
    pub sensor: Option<String>,
    /// Rules that read what the sensor does not supply are left out, instead of the image being refused; an image that is
    /// named says itself which it is to be
    #[arg(long, requires = "sensor", conflicts_with = "image")]
    pub skip_unsupplied: bool,
}

/// Formats of `eval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventFormat {
    /// For people
    Human,
    /// One JSON document, with a schema (`contentcheck schema eval`)
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
}

/// Evaluate recorded events.
#[derive(Debug, Args)]
pub struct Eval {
    /// What is evaluated
    #[command(flatten)]
    pub recorded: Recorded,
    /// Against what
    #[command(flatten)]
    pub rules: Rules,
    /// As which sensor
    #[command(flatten)]
    pub as_sensor: AsSensor,
    /// Output format
    #[arg(long, value_enum, default_value_t = EventFormat::Human)]
    pub format: EventFormat,
    /// Also list the events that no rule matches, and those that no template type recognises
    #[arg(long, conflicts_with = "explain")]
    pub all: bool,
    /// For each event that this rule looks at, show why it matches or not; by id, name, title or file
    #[arg(long, value_name = "RULE")]
    pub explain: Option<String>,
    /// How many events `--explain` shows: those that match first
    #[arg(long, value_name = "N", default_value_t = 10, requires = "explain")]
    pub limit: usize,
}

/// Formats of `test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people
    Human,
    /// JSON, with a schema (`contentcheck schema test`)
    Json,
    /// JUnit XML
    Junit,
}

/// Run the tests of rules.
#[derive(Debug, Args)]
pub struct Test {
    /// Whose tests are run
    #[command(flatten)]
    pub inputs: Inputs,
    /// Run the tests on this compiled image, which must be of this content, and compile nothing
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// Recorded samples that rules must match, in the layout of SigmaHQ: `info.yml` files below this
    /// directory; may be repeated
    #[arg(long, value_name = "DIR")]
    pub regression: Vec<PathBuf>,
    /// Leave rules with errors out; each error is still reported
    #[arg(long)]
    pub skip_errors: bool,
    /// Having no test at all is fine
    #[arg(long)]
    pub allow_none: bool,
    /// What is kept from one run to the next
    #[command(flatten)]
    pub cache: CacheOptions,
    /// Output format
    #[arg(long, value_enum, default_value_t = TestFormat::Human)]
    pub format: TestFormat,
}

/// Formats of commands that measure or count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CountFormat {
    /// For people
    Human,
    /// JSON, with a schema: `contentcheck schema` and the name of the command
    Json,
}

/// Evaluate many recorded events.
#[derive(Debug, Args)]
pub struct Replay {
    /// What is evaluated
    #[command(flatten)]
    pub recorded: Recorded,
    /// Against what
    #[command(flatten)]
    pub rules: Rules,
    /// As which sensor
    #[command(flatten)]
    pub as_sensor: AsSensor,
    /// Fail when a rule matches more often than this
    #[arg(long, value_name = "N")]
    pub ceiling: Option<u64>,
    /// A JSON object of ceilings: rules by id, name, title or file, and how often each may match; other rules
    /// fall under `--ceiling`
    #[arg(long, value_name = "FILE")]
    pub ceilings: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = CountFormat::Human)]
    pub format: CountFormat,
}

/// Measure.
#[derive(Debug, Args)]
pub struct Bench {
    /// What is evaluated; without it, the events of the rules' own tests
    #[command(flatten)]
    pub recorded: Recorded,
    /// Against what
    #[command(flatten)]
    pub rules: Rules,
    /// How often each measurement is repeated; medians are reported
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    /// Evaluate at most so many events: their inputs are kept in memory
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    pub limit: usize,
    /// Output format
    #[arg(long, value_enum, default_value_t = CountFormat::Human)]
    pub format: CountFormat,
}
