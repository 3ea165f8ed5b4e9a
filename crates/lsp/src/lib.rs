//! The language server: in an editor, what `lint` says of a release, and help with writing it.
//!
//! ```text
//! client <-messages-> Server -edits-> checker: Project -check, judge-> Snapshot -> findings, fixes
//!                        \-- the text as it is, and the last Snapshot -> completion, hover, navigation
//! ```
//!
//! A project is loaded by the loader of all commands and goes the road of `lint`; only what an edit concerns is checked
//! again. There are five threads: one reads messages, one holds the documents and answers, one holds the projects
//! and checks, one looks for the events that lenses ask for, and one proves what a deep look says of open files while nobody types. An answer never
//! waits for a check unless it is about findings or rules, and a check waits neither for a lens nor for a proof.

mod actions;
mod checker;
mod client;
mod complete;
mod document;
mod examine;
mod findings;
mod hover;
mod names;
mod navigate;
pub mod positions;
mod project;
mod prove;
mod server;
mod snapshot;
mod supply;
mod symbols;
mod transport;
pub mod uri;

pub use transport::serve_stdio;

use lsp_server::Connection;

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client said that it would leave, and left.
    Orderly,
    /// The client left without a word.
    Abandoned,
}

/// Serves one client to its end.
#[must_use]
pub fn serve(connection: &Connection) -> Ended {
    server::serve(connection)
}
