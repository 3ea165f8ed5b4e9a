//! The command line of contentcheck as a library, so that tests call commands as functions.

pub mod args;
pub mod as_sensor;
pub mod blind_spots;
pub mod commands;
pub mod disassembly;
pub mod exit;
pub mod explain;
pub mod fix;
pub mod ready;
pub mod recorded;
pub mod release;
pub mod report;
pub mod rule_name;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use contentcheck_model::diagnostic::visible;
use contentcheck_project::cache;

use args::{Cli, Color, Command};
use exit::{Exit, Outcome};

/// Where a command writes: data to `out`, talk to `err`.
pub struct Streams<'a> {
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
    /// Whether colour is wanted on `out`.
    pub color: bool,
    /// Whether `err` is a terminal, so that progress may be shown.
    pub interactive: bool,
}

/// Takes `-1` behind an option for its value, so that what is said is why the option does not take it.
fn with_negative(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let is_option = !argument.is_positional() && argument.get_action().takes_values();
        if is_option { argument.allow_negative_numbers(true) } else { argument }
    });
    command.mut_subcommands(with_negative)
}

/// Whether somebody meant to halt rollouts, whatever else the arguments are.
fn is_halt(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> bool {
    arguments.any(|argument| argument == "rollout") && arguments.any(|argument| argument == "halt")
}

/// Runs the program with the arguments and streams of the process.
#[must_use]
pub fn main() -> ExitCode {
    let parsed = with_negative(Cli::command()).try_get_matches().and_then(|found| Cli::from_arg_matches(&found));
    let cli = match parsed {
        Ok(mut cli) => {
            // The library alone asks the environment for nothing.
            if let Some(options) = cli.command.cache() {
                options.place(cache::place(|name| std::env::var_os(name)));
            }
            cli
        }
        Err(error) => {
            // Help and version are data, everything else is talk; clap knows which is which.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Fine };
            let printed = error.print();
            // Who halts in a hurry reads the first line, if that.
            if exit == Exit::Usage && is_halt(std::env::args_os().skip(1)) {
                let _ = writeln!(io::stderr(), "\nNOTHING IS HALTED: run it again without what is wrong with it");
            }
            return match printed {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Internal.into(),
                _ => exit.into(),
            };
        }
    };
    let color = match cli.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() && !is_dumb
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut err = io::stderr();
    let interactive = io::stderr().is_terminal();
    let mut streams = Streams { out: &mut out, err: &mut err, color, interactive };
    let exit = run(&cli, &mut streams);
    match out.flush() {
        Ok(()) => exit.into(),
        // The reader of a pipe has gone away and wants no more; that is no fault.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit.into(),
        Err(error) => {
            // Where standard error is gone too, the exit code still tells.
            let _ = writeln!(
                io::stderr(),
                "error: the output cannot be written: {}",
                contentcheck_project::files::reason(&error)
            );
            Exit::Internal.into()
        }
    }
}

/// Runs one command. A failure is written to `err`.
pub fn run(cli: &Cli, streams: &mut Streams<'_>) -> Exit {
    let outcome: Outcome = match &cli.command {
        Command::Lint(arguments) => commands::lint::run(arguments, streams),
        Command::Fmt(arguments) => commands::fmt::run(arguments, streams),
        Command::Explain(arguments) => commands::explain::run(arguments, streams),
        Command::Schema(arguments) => commands::schema::run(arguments, streams),
        Command::Sensor(arguments) => commands::sensor::run(arguments, streams),
        Command::Rollout(arguments) => commands::rollout::run(arguments, streams),
        Command::Device(arguments) => commands::device::run(arguments, streams),
        Command::Gate(arguments) => commands::gate::run(arguments, streams),
        Command::Attest(arguments) => commands::attest::run(arguments, streams),
        Command::Compile(arguments) => commands::compile::run(arguments, streams),
        Command::Verify(arguments) => commands::compile::verify(arguments, streams),
        Command::Inspect(arguments) => commands::compile::inspect(arguments, streams),
        Command::Eval(arguments) => commands::eval::run(arguments, streams),
        Command::Test(arguments) => commands::test::run(arguments, streams),
        Command::Replay(arguments) => commands::replay::run(arguments, streams),
        Command::Prove(arguments) => commands::prove::run(arguments, streams),
        Command::Witness(arguments) => commands::witness::run(arguments, streams),
        Command::Attack(arguments) => commands::attack::run(arguments, streams),
        Command::Diff(arguments) => commands::diff::run(arguments, streams),
        Command::Bench(arguments) => commands::bench::run(arguments, streams),
        Command::Fields(arguments) => commands::fields::run(arguments, streams),
        Command::Clean(arguments) => commands::clean::run(arguments, streams),
        Command::Init(arguments) => commands::init::run(arguments, streams),
        Command::Server(arguments) => commands::server::run(arguments, streams),
        Command::Completions { shell } => commands::completions(*shell, streams),
        Command::Man => commands::man(streams),
    };
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            // What was found before comes first where both go to one log.
            let _ = streams.out.flush();
            // Where even standard error is gone, the exit code still tells.
            let _ = writeln!(streams.err, "error: {}", shown(&failure.message));
            failure.kind.into()
        }
    }
}

/// A failure as it is printed: its first line, and those that go with it indented.
fn shown(message: &str) -> String {
    let lines: Vec<_> = message.lines().map(visible).collect();
    lines.join("\n  ").replace("\n    ", "\n  ")
}
