//! The command line, and rules as contentcheck and rsigma-eval load them.

use std::collections::HashMap;
use std::path::PathBuf;

use contentcheck::args::{CompileOptions, Inputs};
use contentcheck::release::Release;
use contentcheck::{Streams, release};
use contentcheck_model::template::LogSource;
use rsigma_eval::Engine;

use crate::clock::{cpu, since};

/// `RULES[,RULES] EVENTS [TEMPLATE] [ROUNDS] [alone]`
pub struct Arguments {
    /// Directories of rules.
    pub rules: Vec<PathBuf>,
    /// A file of JSON lines.
    pub events: PathBuf,
    /// Only events of template types whose name contains this.
    pub only: String,
    /// How often each engine runs.
    pub rounds: usize,
    /// Whether the peers are left out.
    pub alone: bool,
}

impl Arguments {
    /// Those of the process.
    ///
    /// # Errors
    /// How they are written, where they are not.
    pub fn read() -> Result<Self, String> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let usage = "arguments: RULES[,RULES] EVENTS [TEMPLATE] [ROUNDS] [alone]";
        Ok(Self {
            rules: arguments.first().ok_or(usage)?.split(',').map(PathBuf::from).collect(),
            events: arguments.get(1).ok_or(usage)?.into(),
            only: arguments.get(2).cloned().unwrap_or_default(),
            rounds: arguments.get(3).map_or(Ok(5), |text| text.parse().map_err(|_| usage))?,
            alone: arguments.get(4).is_some_and(|word| word == "alone"),
        })
    }
}

/// The release of all rules that lint accepts, on one thread.
///
/// # Errors
/// When a path is wrong or the rules do not compile.
pub fn own(rules: &[PathBuf]) -> Result<Release, String> {
    let (mut out, mut err) = (std::io::sink(), std::io::sink());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let paths = rules.to_vec();
    let inputs = Inputs { paths, config: None, no_config: true, fleet: vec![], exclude: vec![], threads: 1 };
    let options = CompileOptions { skip_errors: true, skip_unsupplied: false };
    let start = cpu();
    let release = release::load(&inputs, &options, true, &mut streams).map_err(|failure| failure.message)?;
    let release = release.ok_or("the rules do not compile")?;
    println!(
        "contentcheck: {} rules, check and compile {:.2} s, image {} bytes",
        release.content.rules().len(),
        since(start),
        release.image.len()
    );
    Ok(release)
}

/// The engine of rsigma-eval with all rules that it accepts, in its fastest configuration that loses no match: with its
/// index over the literals of all rules. Its Bloom filter loses some.
///
/// # Errors
/// When a path is wrong.
pub fn rsigma(rules: &[PathBuf]) -> Result<Engine, String> {
    let start = cpu();
    let mut engine = Engine::new();
    let (mut loaded, mut refused) = (0, 0);
    for path in rules {
        let collection = rsigma_parser::parse_sigma_directory(path).map_err(|error| error.to_string())?;
        refused += collection.errors.len();
        for rule in &collection.rules {
            if engine.add_rule(rule).is_ok() {
                loaded += 1;
            } else {
                refused += 1;
            }
        }
    }
    // While it is on, each rule that is added builds the whole index again.
    engine.set_cross_rule_ac(true);
    println!("rsigma-eval 0.23.0, indexed: {loaded} rules, {refused} refused, load {:.2} s", since(start));
    Ok(engine)
}

/// A log source as rsigma writes it.
#[must_use]
pub fn peer_source(served: &LogSource) -> rsigma_parser::LogSource {
    let served = served.clone();
    rsigma_parser::LogSource {
        product: served.product,
        category: served.category,
        service: served.service,
        definition: None,
        custom: HashMap::new(),
    }
}
