//! What the client can do, as it says when it begins.

use serde_json::Value;

use crate::positions::Encoding;

/// What the client can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// What it counts in a line.
    pub(crate) encoding: Encoding,
    /// Whether it asks for the findings of a file.
    pub(crate) pulls: bool,
    /// Whether it asks again when it is told that findings changed.
    pub(crate) refreshes: bool,
    /// Whether it shows places that belong to a finding.
    pub(crate) related: bool,
    /// Whether it shows what has no effect in another way.
    pub(crate) tags: bool,
    /// Whether it links codes to their pages.
    pub(crate) links: bool,
    /// Whether it watches files for the server.
    pub(crate) watches: bool,
    /// Whether formatting can be registered for some files: YAML has other formatters.
    pub(crate) picks_formatting: bool,
    /// Whether semantic tokens can be registered for some files.
    pub(crate) picks_tokens: bool,
    /// Whether edits may have places where the cursor goes.
    pub(crate) snippet_edits: bool,
    /// Whether edits of a workspace may say which version of a file they are for.
    pub(crate) versioned_edits: bool,
    /// Whether symbols may have parts.
    pub(crate) nested_symbols: bool,
    /// Whether it shows what commands answer; others are sent a message.
    pub(crate) shows_answers: bool,
    /// Whether it shows that something takes a while, and lets people cancel it.
    pub(crate) shows_progress: bool,
    /// Whether rules of open files are proven while nobody types.
    pub(crate) wants_proofs: bool,
}

impl Client {
    /// Reads the parameters of `initialize`.
    pub(crate) fn of(parameters: &Value) -> Self {
        let has = |path: &str| {
            let found = parameters.pointer(&format!("/capabilities/{path}"));
            found.is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)))
        };
        let encodings = parameters.pointer("/capabilities/general/positionEncodings").and_then(Value::as_array);
        // What a client names first it likes best.
        let first = encodings.into_iter().flatten().filter_map(Value::as_str).find_map(|name| match name {
            "utf-8" => Some(Encoding::Utf8),
            "utf-16" => Some(Encoding::Utf16),
            _ => None,
        });
        Self {
            encoding: first.unwrap_or(Encoding::Utf16),
            pulls: has("textDocument/diagnostic"),
            refreshes: has("workspace/diagnostics/refreshSupport"),
            related: has("textDocument/publishDiagnostics/relatedInformation")
                || has("textDocument/diagnostic/relatedInformation"),
            tags: has("textDocument/publishDiagnostics/tagSupport") || has("textDocument/diagnostic/tagSupport"),
            links: has("textDocument/publishDiagnostics/codeDescriptionSupport")
                || has("textDocument/diagnostic/codeDescriptionSupport"),
            watches: has("workspace/didChangeWatchedFiles/dynamicRegistration"),
            picks_formatting: has("textDocument/formatting/dynamicRegistration"),
            picks_tokens: has("textDocument/semanticTokens/dynamicRegistration"),
            snippet_edits: has("workspace/workspaceEdit/snippetEditSupport"),
            versioned_edits: has("workspace/workspaceEdit/documentChanges"),
            nested_symbols: has("textDocument/documentSymbol/hierarchicalDocumentSymbolSupport"),
            shows_answers: parameters.pointer("/initializationOptions/showsAnswers") == Some(&Value::Bool(true)),
            shows_progress: has("window/workDoneProgress"),
            wants_proofs: parameters.pointer("/initializationOptions/proofs") != Some(&Value::Bool(false)),
        }
    }
}
