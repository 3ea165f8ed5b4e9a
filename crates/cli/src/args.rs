//! The command line.

mod device;
mod rollout;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use device::{
    Device, DeviceCommand, DeviceCrash, DeviceEnd, DeviceFormat, DeviceKill, DeviceLook, DeviceOffer, DeviceSeal,
    DeviceSensor,
};
pub use rollout::{
    DemoStory, DrillKind, ExportEngine, Rollout, RolloutAdvance, RolloutCollect, RolloutCommand, RolloutDemo,
    RolloutDrill, RolloutExport, RolloutHalt, RolloutInit, RolloutKey, RolloutKeys, RolloutPin, RolloutPlan,
    RolloutReason, RolloutReport, RolloutServe, RolloutSign, RolloutSimulate, RolloutStatus, RolloutWitness,
    SimulateFormat,
};

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
    /// Print the statement
    #[arg(long)]
    pub print: bool,
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

/// Sensor manifests.
#[derive(Debug, Args)]
pub struct Sensor {
    /// What to do
    #[command(subcommand)]
    pub command: SensorCommand,
}

/// What can be done with sensor manifests.
#[derive(Debug, Subcommand)]
pub enum SensorCommand {
    /// List the sensors that ship, or those of a selection
    List {
        /// Manifests, fleet files or `builtin:...`
        selectors: Vec<String>,
        /// Output format
        #[arg(long, value_enum, default_value_t = ListFormat::Human)]
        format: ListFormat,
    },
    /// Show what a sensor supplies
    Show {
        /// A manifest file or `builtin:sysmon/4.90`
        sensor: String,
        /// Only this template type, with its inputs
        #[arg(long)]
        template: Option<String>,
        /// Output format; JSON prints the manifest
        #[arg(long, value_enum, default_value_t = ListFormat::Human)]
        format: ListFormat,
    },
    /// Show what changed between two versions of a sensor
    Diff {
        /// The older sensor
        old: String,
        /// The newer sensor
        new: String,
        /// Output format
        #[arg(long, value_enum, default_value_t = ListFormat::Human)]
        format: ListFormat,
    },
    /// Make a manifest of what a sensor prints of itself
    Import {
        /// A Sysmon schema (`sysmon -s`) or a Windows event manifest, as XML; `-` for standard input
        file: PathBuf,
        /// Name of the sensor; by default `sysmon`, or the provider's name
        #[arg(long)]
        name: Option<String>,
        /// Version of the sensor; by default the schema's
        #[arg(long)]
        version: Option<String>,
        /// Write the manifest here instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Generate source text from a manifest: structs, constants, and a conversion to the values of an event
    Codegen(SensorCodegen),
}

/// Languages of `sensor codegen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CodegenLanguage {
    /// Over the crate contentcheck-interpreter
    Rust,
    /// A header for C99 or C++, over contentcheck.h
    C,
    /// By cgo, over contentcheck.h
    Go,
}

/// Generate source text from a manifest.
#[derive(Debug, Args)]
pub struct SensorCodegen {
    /// A manifest file or `builtin:sysmon/4.90`
    pub manifest: String,
    /// The language
    #[arg(long, value_enum)]
    pub lang: CodegenLanguage,
    /// The package of a Go file, `main` by default: cgo's types are not shared between packages
    #[arg(long, value_name = "NAME")]
    pub package: Option<String>,
    /// Write the text here instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
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
