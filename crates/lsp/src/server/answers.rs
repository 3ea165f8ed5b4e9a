//! Answers to requests.

use std::sync::Arc;

use contentcheck_model::diagnostic::clip;
use contentcheck_parser::release::{Finding, Fixed};
use gen_lsp_types::{CodeActionParams, DocumentDiagnosticParams};
use lsp_server::{ErrorCode, Request, RequestId};
use serde_json::{Value, json};

use super::{Answer, Refusal, Server, ShownAs, Waiting, read, within};
use crate::actions;
use crate::checker::Job;
use crate::client::Client;
use crate::document::Document;
use crate::examine::Question;
use crate::findings;
use crate::positions::{Encoding, Lines};
use crate::snapshot::Snapshot;
use crate::symbols;

/// A request for edits, for which fixes are tried.
pub(super) struct Trying {
    uri: String,
    version: i32,
    /// The fixes that are tried alone, and then those of the whole file.
    fixes: Vec<Finding>,
    /// What is offered besides.
    others: Vec<Value>,
    wants_all: bool,
}

/// The semantic tokens of native files.
fn tokens() -> Value {
    json!({"legend": {"tokenTypes": symbols::TOKENS, "tokenModifiers": []}, "full": true})
}

/// What is registered for native files alone, where the client can: to what is advertised for all files it asks for YAML too,
/// for which it has other servers.
pub(super) fn for_native(client: Client) -> Vec<Value> {
    // A file that was never saved has a language and no ending.
    let native = json!([{"pattern": "**/*.content"}, {"language": "contentcheck"}]);
    let mut registrations = Vec::new();
    if client.picks_formatting {
        let options = json!({"documentSelector": native});
        registrations.push(json!({"id": "format", "method": "textDocument/formatting", "registerOptions": options}));
    }
    if client.picks_tokens {
        let mut options = tokens();
        if let Some(options) = options.as_object_mut() {
            options.insert("documentSelector".to_owned(), native);
        }
        registrations
            .push(json!({"id": "tokens", "method": "textDocument/semanticTokens", "registerOptions": options}));
    }
    registrations
}

/// What the server can do.
pub(super) fn capabilities(client: Client) -> Value {
    let encoding = match client.encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Utf16 => "utf-16",
    };
    let mut able = json!({
        "positionEncoding": encoding,
        "textDocumentSync": {"openClose": true, "change": 2, "save": false},
        "codeActionProvider": {"codeActionKinds": ["quickfix", actions::FIX_ALL]},
        "completionProvider": {"triggerCharacters": ["|", " ", ":", "[", "-", "."]},
        "hoverProvider": true,
        "definitionProvider": true,
        "referencesProvider": true,
        "documentHighlightProvider": true,
        "renameProvider": {"prepareProvider": true},
        "documentSymbolProvider": true,
        "codeLensProvider": {},
        "executeCommandProvider": {"commands": Question::ALL.map(Question::command)},
        "workspace": {"workspaceFolders": {"supported": true, "changeNotifications": true}},
    });
    if let Some(able) = able.as_object_mut() {
        if client.pulls {
            let diagnostics = json!({"interFileDependencies": true, "workspaceDiagnostics": false});
            able.insert("diagnosticProvider".to_owned(), diagnostics);
        }
        if !client.picks_formatting {
            able.insert("documentFormattingProvider".to_owned(), true.into());
        }
        if !client.picks_tokens {
            able.insert("semanticTokensProvider".to_owned(), tokens());
        }
    }
    json!({
        "capabilities": able,
        "serverInfo": {"name": "contentcheck", "version": env!("CARGO_PKG_VERSION")},
    })
}

impl Server<'_> {
    /// The answer, or nothing where it comes later.
    pub(super) fn dispatch(&mut self, request: Request) -> Option<Answer> {
        match request.method.as_str() {
            "textDocument/diagnostic" => self.diagnostic(request),
            "textDocument/codeAction" => self.code_action(request),
            "textDocument/codeLens" => self.lenses(request),
            "workspace/executeCommand" => self.examine(request),
            "textDocument/documentSymbol" => Some(self.symbols(request)),
            "textDocument/formatting" => Some(self.formatting(request)),
            "textDocument/semanticTokens/full" => Some(self.tokens(request)),
            "textDocument/completion"
            | "textDocument/hover"
            | "textDocument/definition"
            | "textDocument/references"
            | "textDocument/documentHighlight"
            | "textDocument/prepareRename"
            | "textDocument/rename" => self.at_a_place(request),
            #[cfg(test)]
            "test/panic" => panic!("a test wants a fault"),
            _ => {
                let text = format!("`{}` is not supported", clip(&request.method));
                Some(Err(Refusal(ErrorCode::MethodNotFound, text)))
            }
        }
    }

    /// What is known of the project of a document, once a check has seen all edits before this request where it
    /// `is_exact`, and otherwise any. Nothing where the request waits for it.
    pub(super) fn snapshot(
        &mut self,
        request: &Request,
        document: &Document,
        is_exact: bool,
    ) -> Option<Result<Arc<Snapshot>, Refusal>> {
        let root = &document.root;
        let edited = self.edited.get(root).copied().unwrap_or(0);
        let known = self.snapshots.get(root).filter(|snapshot| !is_exact || snapshot.revision >= edited);
        if let Some(known) = known {
            return Some(Ok(Arc::clone(known)));
        }
        if self.failed.get(root).is_some_and(|(revision, _)| *revision >= edited) {
            return Some(Err(Refusal(ErrorCode::RequestFailed, "the project cannot be checked".to_owned())));
        }
        let about = is_exact.then(|| (document.uri.0.clone(), document.version));
        let revision = is_exact.then_some(edited);
        self.waiting.push(Waiting { request: request.clone(), root: root.clone(), revision, about });
        let _ = self.jobs.send(Job::Now);
        None
    }

    /// An open file with what is known of its project once it was checked as it is. None where there is nothing to say of it; nothing
    /// where the request waits.
    pub(super) fn checked(&mut self, request: &Request, uri: &str) -> Option<Option<(Document, Arc<Snapshot>)>> {
        let Some(document) = self.documents.get(uri).cloned() else { return Some(None) };
        let snapshot = self.snapshot(request, &document, true)?;
        Some(snapshot.ok().map(|snapshot| (document, snapshot)))
    }

    fn diagnostic(&mut self, request: Request) -> Option<Answer> {
        let asked: DocumentDiagnosticParams = match read(request.params.clone()) {
            Ok(asked) => asked,
            Err(refusal) => return Some(Err(refusal)),
        };
        let uri = asked.text_document.uri.0;
        let Some(document) = self.documents.get(&uri).cloned() else {
            return Some(Ok(json!({"kind": "full", "items": []})));
        };
        let snapshot = match self.snapshot(&request, &document, true)? {
            Ok(snapshot) => snapshot,
            // Why it cannot be is said of the configuration.
            Err(_) => return Some(Ok(json!({"kind": "full", "items": []}))),
        };
        let found = snapshot.findings_of(&snapshot.name(&document.path));
        let key = findings::key(found, self.client);
        self.pulled.insert(uri, ShownAs { version: Some(document.version), key });
        let result = format!("{key:016x}");
        if asked.previous_result_id.as_ref() == Some(&result) {
            return Some(Ok(json!({"kind": "unchanged", "resultId": result})));
        }
        let items = findings::shown(found, &self.places(Some(&snapshot)), self.client);
        Some(Ok(json!({"kind": "full", "resultId": result, "items": items})))
    }

    fn code_action(&mut self, request: Request) -> Option<Answer> {
        let asked: CodeActionParams = match read(request.params.clone()) {
            Ok(asked) => asked,
            Err(refusal) => return Some(Err(refusal)),
        };
        let uri = asked.text_document.uri.0;
        let (document, snapshot) = match self.checked(&request, &uri)? {
            Some(known) => known,
            None => return Some(Ok(json!([]))),
        };
        let only: Option<Vec<String>> =
            asked.context.only.map(|kinds| kinds.into_iter().map(|kind| kind.to_string()).collect());
        let wants = |kind: &str| actions::is_wanted(only.as_deref(), kind);
        let lines = Lines::new(&document.text, self.client.encoding);
        let all = snapshot.findings_of(&snapshot.name(&document.path));
        let near = if wants("quickfix") { within(all, lines.span(asked.range)) } else { Vec::new() };
        let wants_all = wants(actions::FIX_ALL);
        let mut fixes: Vec<Finding> =
            near.iter().filter(|found| found.fix.is_some()).map(|found| (*found).clone()).collect();
        let alone = fixes.len();
        if wants_all {
            let rest = all.iter().filter(|found| found.fix.is_some());
            fixes.extend(rest.filter(|found| !near.iter().any(|near| std::ptr::eq(*near, *found))).cloned());
        }
        let places = self.places(Some(&snapshot));
        let others: Vec<Value> = near
            .iter()
            .flat_map(|found| {
                let shown = findings::one(found, &lines, &places, self.client);
                let suggestion = actions::suggestion(&document, &lines, self.client, found, &shown);
                let allow = actions::allow(&document, &lines, self.client, found, &shown);
                [suggestion, allow].into_iter().flatten()
            })
            .collect();
        if fixes.is_empty() {
            return Some(Ok(Value::Array(others)));
        }
        let job = Job::Fixes { root: document.root.clone(), fixes: fixes.clone(), alone, request: request.id.clone() };
        fixes.truncate(alone);
        let trying = Trying { uri, version: document.version, fixes, others, wants_all };
        self.trying.insert(request.id, trying);
        let _ = self.jobs.send(job);
        None
    }

    /// What became of fixes that were tried.
    pub(super) fn tried(&mut self, request: RequestId, alone: &[bool], together: Option<Fixed>) {
        let Some(trying) = self.trying.remove(&request) else { return };
        let Some(document) = self.documents.get(&trying.uri).filter(|known| known.version == trying.version) else {
            self.answer(request, Err(Refusal(ErrorCode::ContentModified, "the file was edited".to_owned())));
            return;
        };
        let snapshot = self.snapshots.get(&document.root).map(Arc::as_ref);
        let places = self.places(snapshot);
        let lines = Lines::new(&document.text, self.client.encoding);
        let mut offered = Vec::new();
        for found in trying.fixes.iter().zip(alone).filter(|(_, is_fine)| **is_fine).map(|(found, _)| found) {
            if let Some(fix) = &found.fix {
                let shown = findings::one(found, &lines, &places, self.client);
                offered.push(actions::fix(document, &lines, self.client, fix, &shown));
            }
        }
        offered.extend(trying.others);
        if let Some(Fixed { text, count, .. }) = together.filter(|_| trying.wants_all) {
            offered.extend(actions::fix_all(document, self.client, &text, count));
        }
        self.answer(request, Ok(Value::Array(offered)));
    }
}
