//! Options of commands about the manifests of sensors.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ListFormat;

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
