//! The command line.

mod device;
mod events;
mod gate;
mod proofs;
mod rollout;
mod sensor;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use device::{
    Device, DeviceCommand, DeviceCrash, DeviceEnd, DeviceFormat, DeviceKill, DeviceLook, DeviceOffer, DeviceSeal,
    DeviceSensor,
};
pub use events::{AsSensor, Bench, CountFormat, Eval, EventFormat, Recorded, Replay, Test, TestFormat};
pub use gate::{Allowed, Attest, AttestCommand, AttestVerify, Gate, GateFormat};
pub use proofs::{Attack, AttackFormat, Diff, DiffFormat, ProofFormat, Prove, Witness, WitnessFormat};
pub use rollout::{
    DemoStory, DrillKind, ExportEngine, Rollout, RolloutAdvance, RolloutCollect, RolloutCommand, RolloutDemo,
    RolloutDrill, RolloutExport, RolloutHalt, RolloutInit, RolloutKey, RolloutKeys, RolloutPin, RolloutPlan,
    RolloutReason, RolloutReport, RolloutServe, RolloutSign, RolloutSimulate, RolloutStatus, RolloutWitness,
    SimulateFormat,
};
pub use sensor::{CodegenLanguage, Sensor, SensorCodegen, SensorCommand};

/// Treats detection content as code: lints it, formats it and says which sensors can feed it.
#[derive(Debug, Parser)]
#[command(name = "contentcheck", version, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 fine, 1 findings, 2 usage or configuration, 3 internal fault.")]
pub struct Cli {
    /// When to use colour; `auto` means on a terminal only
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check content: native `*.content` files and Sigma `*.yml` rules
    #[command(visible_alias = "check")]
    Lint(Lint),
    /// Format native content
    Fmt(Fmt),
    /// Explain a code, or list all of them
    Explain(Explain),
    /// Print the JSON schema of a format
    Schema(Schema),
    /// List, show, compare and import sensor manifests; generate source text from them
    Sensor(Sensor),
    /// Roll releases out to a fleet, ring by ring
    Rollout(Box<Rollout>),
    /// Look after the content of a device: what runs and why, offers, drills, golden images
    Device(Device),
    /// Run every check over a release before it ships, and leave evidence
    Gate(Box<Gate>),
    /// Verify attestations that the gate signed
    Attest(Attest),
    /// Compile content to a content image
    Compile(Compile),
    /// Verify a content image as a sensor does before it loads it
    Verify(Verify),
    /// Show what is in a content image: sections, inputs, cost, programs
    Inspect(Inspect),
    /// Evaluate recorded events and say which rules match, or why one does not
    Eval(Eval),
    /// Run the tests of rules: their own, those beside them, and recorded samples
    Test(Test),
    /// Evaluate many recorded events on all cores, and count the matches of each rule
    Replay(Replay),
    /// Prove what can be proved about rules: whether each can fire, what decides, which parts are redundant
    Prove(Prove),
    /// Print events that a rule fires on, and events that it just misses
    Witness(Witness),
    /// Show which ATT&CK techniques rules are about, and which of these rules can fire; a layer for the Navigator
    Attack(Attack),
    /// Compare two releases: rules added, removed and changed, and what the changes mean
    Diff(Diff),
    /// Measure how long evaluation, reading and verification take
    Bench(Bench),
    /// Show which rule reads which input
    Fields(Fields),
    /// Remove what eval, test, replay and bench keep of compiled content
    Clean(Clean),
    /// Start a release: a configuration and a first rule
    Init(Init),
    /// Serve an editor: findings while content is written, fixes, completion, hover, navigation
    #[command(visible_alias = "lsp")]
    Server(Server),
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

impl Command {
    /// The options of the cache, of a command that has one.
    pub const fn cache(&mut self) -> Option<&mut CacheOptions> {
        match self {
            Self::Eval(arguments) => Some(&mut arguments.rules.cache),
            Self::Replay(arguments) => Some(&mut arguments.rules.cache),
            Self::Bench(arguments) => Some(&mut arguments.rules.cache),
            Self::Test(arguments) => Some(&mut arguments.cache),
            Self::Clean(arguments) => Some(&mut arguments.cache),
            _ => None,
        }
    }
}

/// `contentcheck server`: a language server over standard input and output.
#[derive(Clone, Debug, Default, Args)]
pub struct Server {
    /// Talk over standard input and output, which is the only way; editors give it
    #[arg(long)]
    pub stdio: bool,
}

/// What is kept of compiled content from one run to the next.
#[derive(Clone, Debug, Default, Args)]
pub struct CacheOptions {
    /// Compile the content even if an earlier run did, and keep nothing of it; the variable CONTENTCHECK_NO_CACHE does
    /// the same for all runs
    #[arg(long)]
    pub no_cache: bool,
    /// Keep compiled content in this directory; otherwise in the one that the variable CONTENTCHECK_CACHE_DIR names, or
    /// where the system keeps caches
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    pub cache_dir: Option<PathBuf>,
    /// Where it is kept unless these options say otherwise.
    #[arg(skip)]
    place: Option<PathBuf>,
}

impl CacheOptions {
    /// Says where compiled content is kept unless the command line does; `None` keeps it nowhere.
    pub fn place(&mut self, place: Option<PathBuf>) {
        self.place = place;
    }

    /// Where compiled content is kept, if it is.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.cache_dir.as_deref().or(self.place.as_deref()).filter(|_| !self.no_cache)
    }

    /// Whether the command line names the directory.
    #[must_use]
    pub const fn is_named(&self) -> bool {
        self.cache_dir.is_some()
    }
}

/// Remove what is cached.
#[derive(Debug, Args)]
pub struct Clean {
    /// Which cache
    #[command(flatten)]
    pub cache: CacheOptions,
}

/// Where content and configuration are, for commands that check.
#[derive(Debug, Args)]
pub struct Inputs {
    /// Files and directories; `-` reads standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Configuration file; otherwise `contentcheck.toml` is looked for upward from the first path
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Ignore any configuration file
    #[arg(long)]
    pub no_config: bool,
    /// Sensors that the content is for: manifests, fleet files, `builtin:sysmon`, `builtin:sysmon/4.90`
    #[arg(long, value_name = "SENSORS", value_delimiter = ',')]
    pub fleet: Vec<String>,
    /// Leave out files and directories that match; gitignore syntax, may be repeated
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Threads; 0 means one for each core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
}

/// How content is compiled.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct CompileOptions {
    /// Leave rules with errors out; each error is still reported
    #[arg(long)]
    pub skip_errors: bool,
    /// A sensor that lacks an input leaves the rules out that read it, instead of rejecting the image
    #[arg(long)]
    pub skip_unsupplied: bool,
}

/// Compile content to an image.
#[derive(Debug, Args)]
pub struct Compile {
    /// What to compile
    #[command(flatten)]
    pub inputs: Inputs,
    /// How
    #[command(flatten)]
    pub options: CompileOptions,
    /// Recorded events like those that sensors will see: the image looks for what is rare in them. Matches do not depend on
    /// it, bytes do: the gate must have the same; may be repeated
    #[arg(long, value_name = "PATH")]
    pub profile: Vec<PathBuf>,
    /// Where the image goes; `-` for standard output
    #[arg(long, short, value_name = "FILE", default_value = "release.ccimage")]
    pub output: PathBuf,
    /// Write nothing unless these sensors accept the image: manifests, fleet files, `builtin:sysmon/4.90`
    #[arg(long, value_name = "SENSORS", value_delimiter = ',')]
    pub sensor: Vec<String>,
    /// Compile for this sensor alone: leave out the template types that it does not supply and the rules that are for
    /// others; rules that ask more of its interpreter than its manifest says that it knows are named, and the image is
    /// refused
    #[arg(long = "for", value_name = "SENSOR")]
    pub for_sensor: Option<String>,
    /// The release has no rule, and that is meant: a sensor then loads an image that looks for nothing
    #[arg(long)]
    pub allow_empty: bool,
}

/// Verify an image.
#[derive(Debug, Args)]
pub struct Verify {
    /// The image; `-` for standard input
    pub image: PathBuf,
    /// Sensors that are to load it: manifests, fleet files, `builtin:sysmon/4.90`
    #[arg(long, value_name = "SENSORS", value_delimiter = ',')]
    pub sensor: Vec<String>,
}

/// Show what is in an image.
#[derive(Debug, Args)]
pub struct Inspect {
    /// The image; `-` for standard input
    pub image: PathBuf,
    /// Only this template type, with its inputs and rules
    #[arg(long)]
    pub template: Option<String>,
    /// The programs of one rule, by id, name, title or file
    #[arg(long, conflicts_with = "template")]
    pub rule: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// Which rules recorded events are held against.
#[derive(Debug, Args)]
pub struct Rules {
    /// Rules: files and directories, by default the current one; may be repeated
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
    /// Take the rules from this compiled image (`-` for standard input) and compile nothing. With --rules as well, the
    /// image must be of that content
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// Leave rules with errors out; each error is still reported
    #[arg(long)]
    pub skip_errors: bool,
    /// Configuration file; otherwise `contentcheck.toml` is looked for upward from the first path of rules
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Ignore any configuration file
    #[arg(long)]
    pub no_config: bool,
    /// Leave out rule files and directories that match; gitignore syntax, may be repeated
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Threads; 0 means one for each core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// What is kept from one run to the next
    #[command(flatten)]
    pub cache: CacheOptions,
}

impl Rules {
    /// What besides events may be read from standard input.
    #[must_use]
    pub fn named(&self) -> Vec<PathBuf> {
        self.rules.iter().chain(&self.image).cloned().collect()
    }

    /// As inputs of a check, and how they are compiled.
    #[must_use]
    pub fn inputs(&self) -> (Inputs, CompileOptions) {
        let inputs = Inputs {
            paths: if self.rules.is_empty() { vec![PathBuf::from(".")] } else { self.rules.clone() },
            config: self.config.clone(),
            no_config: self.no_config,
            fleet: Vec::new(),
            exclude: self.exclude.clone(),
            threads: self.threads,
        };
        (inputs, CompileOptions { skip_errors: self.skip_errors, skip_unsupplied: false })
    }
}

/// Output formats of `lint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, with the lines concerned
    Human,
    /// One line for each finding
    Short,
    /// JSON, with a schema (`contentcheck schema report`)
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// GitHub workflow commands
    Github,
    /// JUnit XML
    Junit,
    /// GitLab code quality
    Gitlab,
}

/// Check content.
#[derive(Debug, Args)]
pub struct Lint {
    /// What to check, against what
    #[command(flatten)]
    pub inputs: Inputs,
    /// Output format
    #[arg(long, alias = "output-format", value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Write the findings to a file instead of standard output
    #[arg(long, short, alias = "output-file", value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print how often each code was found, in how many files and how many `--fix` would fix, instead of the findings
    #[arg(long, conflicts_with_all = ["fix", "diff", "write_baseline"])]
    pub statistics: bool,
    /// Print findings and nothing else: no summary, no notes on what was not checked
    #[arg(long, short)]
    pub quiet: bool,
    /// Exit with 0 also where there are findings
    #[arg(long)]
    pub exit_zero: bool,
    /// Also look for redundant parts, values and rules: CC0615 to CC0622, which take longer
    #[arg(long)]
    pub deep: bool,
    /// Fail the run on warnings too
    #[arg(long)]
    pub deny_warnings: bool,
    /// Set the severity of a code, or of all that begin so: `CC0604=error`, `CC06=off`; `off`, `info`, `warning`, `error`; may be repeated
    #[arg(long, value_name = "CODE=LEVEL")]
    pub severity: Vec<String>,
    /// Look for these codes alone, and for those that nothing silences: `CC0604`, `dead-filter`, `CC06`
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Do not look for these codes
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Show findings of this severity and above: info, warning or error; the summary line says how many are hidden
    #[arg(long, value_name = "LEVEL", default_value = "warning")]
    pub show: String,
    /// Apply the fixes, none of which changes what a rule matches
    #[arg(long)]
    pub fix: bool,
    /// Show what `--fix` would change, and change nothing
    #[arg(long)]
    pub diff: bool,
    /// Accept the findings recorded in this file
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Record all present findings in this file, and report none
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "fix", "diff", "watch", "output", "format"])]
    pub write_baseline: Option<PathBuf>,
    /// Run again whenever a file changes
    #[arg(long, conflicts_with_all = ["fix", "diff", "output"])]
    pub watch: bool,
    /// The name that standard input is reported under; its ending tells the language
    #[arg(long, alias = "stdin-filename", value_name = "NAME", default_value = "stdin.yml")]
    pub stdin_name: String,
}

/// Format native content: `*.content` files of directories, but for hidden ones and what a `.contentcheckignore` leaves out.
#[derive(Debug, Args)]
pub struct Fmt {
    /// Files and directories; `-` formats standard input to standard output
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Change nothing; exit with 1 where a file is not formatted
    #[arg(long)]
    pub check: bool,
    /// Change nothing; show what would change, and exit with 1 where something would
    #[arg(long)]
    pub diff: bool,
}

/// Formats of commands that list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    Human,
    /// JSON
    Json,
    /// Markdown
    Markdown,
}

/// Explain a code.
#[derive(Debug, Args)]
pub struct Explain {
    /// Codes (`CC0401`) or their names (`unsupplied-input`); all of them where none is given
    pub codes: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
    /// Write the pages to this directory instead of printing them: one file of Markdown for each code, and an index
    #[arg(long, value_name = "DIR", conflicts_with = "format")]
    pub split: Option<PathBuf>,
}

/// The formats that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    /// `contentcheck.toml`
    Config,
    /// The JSON report of `lint`
    Report,
    /// The JSON of `lint --statistics`
    Statistics,
    /// A sensor manifest
    SensorManifest,
    /// The JSON of `sensor list`
    SensorList,
    /// The JSON of `sensor diff`
    SensorDiff,
    /// The JSON of `explain`
    Explain,
    /// A fleet file
    Fleet,
    /// A baseline
    Baseline,
    /// The JSON of `fields`
    Fields,
    /// The JSON of `inspect`
    Inspect,
    /// The JSON of `eval`
    Eval,
    /// The JSON of `eval --explain`
    EvalExplain,
    /// The JSON of `test`
    Test,
    /// A file of tests beside a rule
    Sidecar,
    /// The JSON of `replay`
    Replay,
    /// The JSON of `bench`
    Bench,
    /// The JSON of `gate`: `evidence.json`
    Evidence,
    /// The JSON of `prove`
    Prove,
    /// The JSON of `prove --implied`
    Implied,
    /// The JSON of `prove --on`
    ProveOn,
    /// The JSON of `diff`
    Diff,
    /// The JSON of `attack`
    Attack,
    /// The JSON of `device status`
    DeviceStatus,
    /// The JSON of `device why`
    DeviceWhy,
    /// The JSON of `device offer`
    DeviceOffer,
    /// The JSON of `device kill`
    DeviceKill,
    /// The JSON of `device simulate-crash`
    DeviceCrash,
    /// The JSON of `device seal`
    DeviceSeal,
    /// The JSON of `rollout status`
    RolloutStatus,
    /// The policy of rollouts: policy.toml
    RolloutPolicy,
    /// The JSON of `rollout simulate`
    RolloutSimulation,
}

/// Print a schema.
#[derive(Debug, Args)]
pub struct Schema {
    /// Which format
    pub name: SchemaName,
}

/// Which rule reads which input, and which inputs there are.
#[derive(Debug, Args)]
pub struct Fields {
    /// What to look at
    #[command(flatten)]
    pub inputs: Inputs,
    /// All inputs of this template type, and the sensors that supply each
    #[arg(long, value_name = "NAME", conflicts_with_all = ["logsource", "list"])]
    pub template: Option<String>,
    /// All inputs of the template types that serve a log source, such as product=windows,category=process_creation
    #[arg(long, value_name = "PARTS", conflicts_with = "list")]
    pub logsource: Option<String>,
    /// The template types and log sources that there are
    #[arg(long)]
    pub list: bool,
    /// Also list the inputs that no rule reads
    #[arg(long)]
    pub unread: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// Start a release.
#[derive(Debug, Args)]
pub struct Init {
    /// The directory; made if it is not there
    #[arg(default_value = ".")]
    pub directory: PathBuf,
}
