//! One module for each command.

pub mod attack;
pub mod attest;
pub mod bench;
pub mod clean;
pub mod compile;
pub mod device;
pub mod diff;
pub mod eval;
pub mod explain;
pub mod fields;
pub mod fmt;
pub mod gate;
pub mod init;
pub mod lint;
pub mod prove;
pub mod replay;
pub mod rollout;
pub mod schema;
pub mod sensor;
pub mod server;
pub mod test;
pub mod witness;

use std::io::{self, Read as _};
use std::num::NonZero;
use std::path::Path;

use clap::CommandFactory;
use contentcheck_project::files;

use crate::Streams;
use crate::args::Cli;
use crate::exit::{Exit, Failure, Outcome};

/// Prints shell completions.
///
/// # Errors
/// When they cannot be written.
pub fn completions(shell: clap_complete::Shell, streams: &mut Streams<'_>) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "contentcheck", &mut text);
    written(streams.out.write_all(&text))
}

/// Prints the manual page, with a section for each command.
///
/// # Errors
/// When it cannot be written.
pub fn man(streams: &mut Streams<'_>) -> Outcome {
    let mut text = Vec::new();
    let command = Cli::command();
    let mut render = || -> io::Result<()> {
        clap_mangen::Man::new(command.clone()).render(&mut text)?;
        for sub in command.get_subcommands() {
            clap_mangen::Man::new(sub.clone()).title(format!("contentcheck-{}", sub.get_name())).render(&mut text)?;
        }
        Ok(())
    };
    written(render())?;
    written(streams.out.write_all(&text))
}

/// Fine when data was written. A reader that went away is no fault.
fn written(result: io::Result<()>) -> Outcome {
    match result {
        Ok(()) => Ok(Exit::Fine),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Fine),
        Err(error) => Err(Failure::internal(format!("the output cannot be written: {}", files::reason(&error)))),
    }
}

/// Bytes of the largest image that is read.
const IMAGE_BYTES: usize = 1 << 30;
/// Bytes of the largest evidence that is read: what one command leaves, each of them takes.
const EVIDENCE_BYTES: usize = 1 << 30;

/// All bytes of a file that is named.
fn read_whole(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    files::read_whole(path, most).map_err(|reason| Failure::usage(format!("{}: {reason}", files::name(path))))
}

/// The bytes of an image file; `-` is standard input.
pub(crate) fn read_image(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let limit = IMAGE_BYTES as u64 + 1;
        io::stdin().lock().take(limit).read_to_end(&mut bytes).map(|_| bytes).map_err(|error| files::reason(&error))
    } else {
        files::read_bytes(path, IMAGE_BYTES)
    };
    let bytes = bytes.map_err(|reason| Failure::usage(format!("{}: {reason}", files::name(path))))?;
    if bytes.len() > IMAGE_BYTES {
        return Err(Failure::usage(format!("{}: an image has at most {IMAGE_BYTES} bytes", files::name(path))));
    }
    Ok(bytes)
}

/// `1 event`, `2 events`.
pub(crate) fn plural(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// The number of threads that an argument asks for; 0 means one for each core.
pub(crate) fn threads(asked: usize) -> usize {
    match asked {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        asked => asked.min(256),
    }
}
