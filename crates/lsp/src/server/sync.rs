//! What the client tells: files that are opened, edited and closed, and changes on the disk.

use std::path::{Path, PathBuf};

use contentcheck_project::config;
use contentcheck_project::walk::{self, IGNORE_FILE};
use gen_lsp_types::{
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    FileChangeType,
};
use lsp_server::{ErrorCode, Notification};
use serde_json::Value;

use super::{Refusal, Server, Waiting, cancelled, language_of, read};
use crate::checker::Job;
use crate::document::Document;
use crate::uri;

impl Server<'_> {
    pub(super) fn note(&mut self, note: Notification) {
        if let Some(id) = cancelled(&note) {
            let before = self.waiting.len();
            self.waiting.retain(|waiting| waiting.request.id != id);
            if self.waiting.len() < before || self.trying.remove(&id).is_some() || self.examined.remove(&id).is_some() {
                self.answer(id, Err(Refusal(ErrorCode::RequestCanceled, "cancelled".to_owned())));
            }
            return;
        }
        // A note has no answer; what cannot be read of one is as good as not sent.
        let _ = match note.method.as_str() {
            "textDocument/didOpen" => read(note.params).map(|note| self.opened(note)),
            "textDocument/didChange" => read(note.params).map(|note| self.changed(note)),
            "textDocument/didClose" => read(note.params).map(|note| self.closed(note)),
            "workspace/didChangeWatchedFiles" => read(note.params).map(|note| self.watched(note)),
            "workspace/didChangeWorkspaceFolders" => {
                self.folders_changed(&note.params);
                Ok(())
            }
            "window/workDoneProgress/cancel" => {
                self.progress_cancelled(&note.params);
                Ok(())
            }
            #[cfg(test)]
            "test/panic" => panic!("a test wants a fault"),
            #[cfg(test)]
            "test/break" => {
                for root in self.edited.keys() {
                    let _ = self.jobs.send(Job::Panic { root: root.clone() });
                }
                Ok(())
            }
            _ => Ok(()),
        };
    }

    /// The number of an edit of a project.
    fn edit(&mut self, root: &Path) -> u64 {
        self.revision += 1;
        self.edited.insert(root.to_path_buf(), self.revision);
        self.revision
    }

    fn job(&self, job: Job) {
        // A checker that is gone answers nobody; the documents are still served.
        let _ = self.jobs.send(job);
    }

    fn opened(&mut self, note: DidOpenTextDocumentParams) {
        let item = note.text_document;
        let Some(path) = uri::path_of(&item.uri) else { return };
        let Some(language) = language_of(&path) else { return };
        let root = self.root_of(&path);
        let text = item.text.into();
        let document = Document { uri: item.uri.clone(), path, language, version: item.version, text, root };
        if self.client.pulls && self.pushed.remove(&document.path).is_some() {
            // It asks from now on.
            self.push_now(&document.path, Vec::new());
        }
        self.documents.insert(item.uri.0.clone(), document);
        self.tell_text(&item.uri.0);
    }

    fn changed(&mut self, note: DidChangeTextDocumentParams) {
        let key = note.text_document.text_document_identifier.uri.0;
        let encoding = self.client.encoding;
        let Some(document) = self.documents.get_mut(&key) else { return };
        document.apply(note.text_document.version, note.content_changes, encoding);
        self.drop_examined(&key);
        self.tell_text(&key);
    }

    fn tell_text(&mut self, key: &str) {
        let Some(document) = self.documents.get(key) else { return };
        let (root, path) = (document.root.clone(), document.path.clone());
        let text = std::sync::Arc::clone(&document.text);
        let revision = self.edit(&root);
        self.job(Job::Open { root, path, text, revision });
    }

    fn closed(&mut self, note: DidCloseTextDocumentParams) {
        let key = note.text_document.uri.0;
        let Some(Document { root, path, .. }) = self.documents.remove(&key) else { return };
        self.pulled.remove(&key);
        self.drop_examined(&key);
        let revision = self.edit(&root);
        self.job(Job::Close { root: root.clone(), path, revision });
        self.let_go(&root);
    }

    /// Forgets a project of which nothing is open.
    fn let_go(&mut self, root: &Path) {
        if self.documents.values().any(|document| document.root == root) {
            return;
        }
        self.withdraw(root);
        let is_of = |waiting: &Waiting| waiting.root == root;
        let (gone, waiting): (Vec<Waiting>, Vec<Waiting>) =
            std::mem::take(&mut self.waiting).into_iter().partition(is_of);
        self.waiting = waiting;
        for Waiting { request, .. } in gone {
            self.answer(request.id, Err(Refusal(ErrorCode::ContentModified, "the file was closed".to_owned())));
        }
        self.edited.remove(root);
        self.snapshots.remove(root);
        self.failed.remove(root);
        self.job(Job::Forget { root: root.to_path_buf() });
    }

    /// The project of a file: that of the nearest configuration above it, or else of the folder of the editor that it is
    /// in, or else of itself alone.
    fn root_of(&self, path: &Path) -> PathBuf {
        let settings = path.ancestors().skip(1).find(|above| config::is_there(&above.join(config::FILE_NAME)));
        let folder = || {
            self.folders.iter().filter(|folder| path.starts_with(folder)).max_by_key(|folder| folder.as_os_str().len())
        };
        settings.map(Path::to_path_buf).or_else(|| folder().cloned()).unwrap_or_else(|| path.to_path_buf())
    }

    fn watched(&mut self, note: DidChangeWatchedFilesParams) {
        let mut again: Vec<PathBuf> = Vec::new();
        let mut settings = false;
        for event in note.changes {
            let Some(path) = uri::path_of(&event.uri) else { continue };
            let name = path.file_name().unwrap_or_default();
            let is_settings = name == config::FILE_NAME;
            settings |= is_settings;
            let roots: Vec<PathBuf> = self.edited.keys().cloned().collect();
            for root in roots {
                let is_below = path.starts_with(&root);
                let is_content = is_below && language_of(&path).is_some();
                if is_content && event.kind == FileChangeType::Changed {
                    let revision = self.edit(&root);
                    self.job(Job::Disk { root, path: path.clone(), revision });
                    continue;
                }
                // Manifests, tables and baselines may lie anywhere; those that count were read.
                let was_read = || {
                    let snapshot = self.snapshots.get(&root);
                    snapshot.is_none_or(|snapshot| snapshot.read.paths().contains(&path))
                };
                let is_of_tests = walk::sidecar_of(&name.to_string_lossy()).is_some();
                let is_new = is_content && self.document_at(&path).is_none();
                let steers = is_settings || name == IGNORE_FILE || is_of_tests || is_new;
                if (is_below && steers) || was_read() {
                    again.push(root);
                }
            }
        }
        again.sort();
        again.dedup();
        for root in again {
            let revision = self.edit(&root);
            self.job(Job::Reload { root, revision });
        }
        if settings {
            self.sort_documents();
        }
    }

    fn folders_changed(&mut self, parameters: &Value) {
        let named = |key: &str| -> Vec<PathBuf> {
            let found = parameters.pointer(&format!("/event/{key}")).and_then(Value::as_array);
            let uris = found.into_iter().flatten().filter_map(|folder| folder.get("uri")?.as_str());
            uris.filter_map(|text| uri::path_of(&text.into())).collect()
        };
        let removed = named("removed");
        self.folders.retain(|folder| !removed.contains(folder));
        self.folders.extend(named("added"));
        self.sort_documents();
    }

    /// Puts each document to the project that it belongs to now.
    fn sort_documents(&mut self) {
        let moved: Vec<(String, PathBuf)> = self
            .documents
            .values()
            .map(|document| (document.uri.0.clone(), self.root_of(&document.path)))
            .filter(|(key, root)| self.documents.get(key).is_some_and(|document| document.root != *root))
            .collect();
        for (key, root) in moved {
            let Some(document) = self.documents.get_mut(&key) else { continue };
            let (before, path) = (std::mem::replace(&mut document.root, root), document.path.clone());
            let revision = self.edit(&before);
            self.job(Job::Close { root: before.clone(), path, revision });
            self.tell_text(&key);
            self.let_go(&before);
        }
    }
}
