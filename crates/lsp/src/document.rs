//! Documents: files as the editor has them, by the edits that it tells.

use std::path::PathBuf;
use std::sync::Arc;

use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use gen_lsp_types::{TextDocumentContentChangeEvent, Uri};

use crate::positions::{Encoding, Lines};

/// A file that is open in the editor.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// What the editor calls it.
    pub(crate) uri: Uri,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// By its ending.
    pub(crate) language: Language,
    /// The version that the editor gave it last.
    pub(crate) version: i32,
    /// All of it.
    pub(crate) text: Arc<str>,
    /// The project that it belongs to.
    pub(crate) root: PathBuf,
}

impl Document {
    /// Applies edits in their order, each to what the one before it left.
    pub(crate) fn apply(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>, encoding: Encoding) {
        let mut text = String::from(&*self.text);
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change) => {
                    let lines = Lines::new(&text, encoding);
                    let (start, end) = (lines.byte(change.range.start), lines.byte(change.range.end));
                    text.replace_range(start..end.max(start), &change.text);
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(change) => text = change.text,
            }
        }
        self.version = version;
        self.text = text.into();
    }

    /// Its text under a name, without looking for what content may not have.
    pub(crate) fn source(&self) -> Source {
        let text = self.text.strip_prefix(contentcheck_model::decode::MARK).unwrap_or(&self.text);
        Source::new(contentcheck_project::files::name(&self.path), text)
    }
}
