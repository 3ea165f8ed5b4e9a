//! `contentcheck server`

use contentcheck_lsp::{Ended, serve_stdio};
use contentcheck_project::files;

use crate::Streams;
use crate::args::Server;
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// Runs the command, until the client leaves. As the protocol wants it, a client that leaves without a word is told by
/// the exit code.
///
/// # Errors
/// When the client cannot be written to.
pub fn run(_: &Server, streams: &mut Streams<'_>) -> Outcome {
    match serve_stdio(streams.out) {
        Ok(Ended::Orderly) => Ok(Exit::Fine),
        Ok(Ended::Abandoned) => {
            talk(
                streams,
                "the client left without a word; editors start this command, and speak the language server protocol with it",
            );
            Ok(Exit::Findings)
        }
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Findings),
        Err(error) => Err(Failure::internal(format!("the client cannot be written to: {}", files::reason(&error)))),
    }
}
