//! The server: documents, what is known of their projects, and who waits for an answer.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{num, thread};

use contentcheck_model::language::Language;
use contentcheck_parser::release::Finding;
use contentcheck_project::{config, files, walk};
use crossbeam_channel::{Receiver, Sender, select, unbounded};
use gen_lsp_types::{Diagnostic, PublishDiagnosticsParams, Uri};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Ended;
use crate::checker::{self, Helpers, Job, Told};
use crate::client::Client;
use crate::document::Document;
use crate::examine;
use crate::findings::{self, Places};
use crate::prove;
use crate::snapshot::Snapshot;
use crate::uri;

mod answers;
mod lenses;
mod places;
mod progress;
mod sync;

/// The threads that check. More would not end sooner: an edit concerns one file.
const THREADS: usize = 4;

/// Serves one client to its end.
pub(crate) fn serve(connection: &Connection) -> Ended {
    let Some(client) = begin(connection) else { return Ended::Abandoned };
    let (jobs, taken) = unbounded();
    let (tell, told) = unbounded();
    let (ask, asked) = unbounded();
    let (prover, proofs) = unbounded();
    let (prove, proven) = unbounded();
    let threads = thread::available_parallelism().map_or(1, num::NonZero::get).min(THREADS);
    let (examined, proved) = (tell.clone(), tell.clone());
    let helpers = Helpers { examiner: ask, prover: client.0.wants_proofs.then_some(prover), proven };
    let checker = thread::Builder::new().name("checker".to_owned());
    let checker = checker.spawn(move || checker::run(&taken, &helpers, &tell, threads));
    let prover = thread::Builder::new().name("prover".to_owned());
    let prover = prover.spawn(move || prove::run(&proofs, &prove, &proved));
    let examiner = thread::Builder::new().name("examiner".to_owned());
    let examiner = examiner.spawn(move || examine::run(&asked, &examined));
    let mut server = Server::new(connection, client, jobs);
    if checker.is_err() || examiner.is_err() || prover.is_err() {
        return Ended::Abandoned;
    }
    server.greet();
    server.run(&told)
}

/// Answers `initialize`, and refuses what comes before it.
fn begin(connection: &Connection) -> Option<(Client, Vec<PathBuf>)> {
    for message in &connection.receiver {
        match message {
            Message::Request(request) if request.method == "initialize" => {
                let client = Client::of(&request.params);
                let folders = folders(&request.params);
                let result = answers::capabilities(client);
                connection.sender.send(Message::Response(Response::new_ok(request.id, result))).ok()?;
                return Some((client, folders));
            }
            Message::Request(request) => {
                let text = "initialize comes first".to_owned();
                let refused = Response::new_err(request.id, ErrorCode::ServerNotInitialized as i32, text);
                connection.sender.send(Message::Response(refused)).ok()?;
            }
            Message::Notification(note) if note.method == "exit" => return None,
            _ => {}
        }
    }
    None
}

/// The folders that the client has open.
fn folders(parameters: &Value) -> Vec<PathBuf> {
    let named = parameters.get("workspaceFolders").and_then(Value::as_array);
    let mut uris: Vec<&str> = named.into_iter().flatten().filter_map(|folder| folder.get("uri")?.as_str()).collect();
    if uris.is_empty() {
        uris.extend(parameters.get("rootUri").and_then(Value::as_str));
    }
    uris.into_iter().filter_map(|text| uri::path_of(&Uri::from(text))).collect()
}

/// A request that is answered once a check has seen all edits before it, or for want of any check.
struct Waiting {
    request: Request,
    root: PathBuf,
    /// The edit that must have been seen; none where any check will do.
    revision: Option<u64>,
    /// The file and the version of it that the request is about.
    about: Option<(String, i32)>,
}

/// What was last shown of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct ShownAs {
    version: Option<i32>,
    key: u64,
}

struct Server<'c> {
    connection: &'c Connection,
    client: Client,
    folders: Vec<PathBuf>,
    jobs: Sender<Job>,
    /// Counts edits.
    revision: u64,
    /// The last edit of each project.
    edited: BTreeMap<PathBuf, u64>,
    /// By URI.
    documents: HashMap<String, Document>,
    snapshots: BTreeMap<PathBuf, Arc<Snapshot>>,
    /// Projects that cannot be checked.
    failed: BTreeMap<PathBuf, (u64, String)>,
    waiting: Vec<Waiting>,
    /// Requests for which fixes are tried.
    trying: HashMap<RequestId, answers::Trying>,
    /// Requests for which a rule is examined.
    examined: HashMap<RequestId, lenses::Examined>,
    /// What was pushed for files with findings, by path and project.
    pushed: BTreeMap<PathBuf, (PathBuf, ShownAs)>,
    /// What was answered for open files, by URI.
    pulled: HashMap<String, ShownAs>,
    /// Proofs that the client is shown.
    progress: Option<progress::Shown>,
    queue: VecDeque<Message>,
    /// Requests to the client so far.
    asked: i32,
    is_leaving: bool,
}

/// Why a request has no answer of its own.
struct Refusal(ErrorCode, String);

type Answer = Result<Value, Refusal>;

impl<'c> Server<'c> {
    fn new(connection: &'c Connection, (client, folders): (Client, Vec<PathBuf>), jobs: Sender<Job>) -> Self {
        Self {
            connection,
            client,
            folders,
            jobs,
            revision: 0,
            edited: BTreeMap::new(),
            documents: HashMap::new(),
            snapshots: BTreeMap::new(),
            failed: BTreeMap::new(),
            waiting: Vec::new(),
            trying: HashMap::new(),
            examined: HashMap::new(),
            pushed: BTreeMap::new(),
            pulled: HashMap::new(),
            progress: None,
            queue: VecDeque::new(),
            asked: 0,
            is_leaving: false,
        }
    }

    fn run(&mut self, told: &Receiver<Told>) -> Ended {
        loop {
            if self.queue.is_empty() {
                select! {
                    recv(self.connection.receiver) -> message => match message {
                        Ok(message) => self.queue.push_back(message),
                        Err(_) => return self.ended(),
                    },
                    recv(told) -> what => {
                        if let Ok(what) = what {
                            self.guard(|server| server.told(what));
                        }
                        continue;
                    }
                }
            }
            // What is cancelled in the same moment is not begun.
            self.queue.extend(self.connection.receiver.try_iter());
            let Some(message) = self.queue.pop_front() else { continue };
            match message {
                Message::Request(request) => self.request(request),
                Message::Notification(note) if note.method == "exit" => return self.ended(),
                Message::Notification(note) => drop(self.guard(|server| server.note(note))),
                Message::Response(_) => {}
            }
        }
    }

    const fn ended(&self) -> Ended {
        if self.is_leaving { Ended::Orderly } else { Ended::Abandoned }
    }

    /// Does something that must not take the server with it: `None` where it ended by a fault.
    fn guard<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let done = catch_unwind(AssertUnwindSafe(|| work(self))).ok();
        if done.is_none() {
            self.notify(
                "window/logMessage",
                json!({"type": 1, "message": "a fault of contentcheck; the server goes on"}),
            );
        }
        done
    }

    fn send(&self, message: Message) {
        // A client that is gone ends the loop elsewhere.
        let _ = self.connection.sender.send(message);
    }

    fn notify(&self, method: &str, parameters: impl Serialize) {
        self.send(Message::Notification(Notification::new(method.to_owned(), parameters)));
    }

    fn ask(&mut self, method: &str, parameters: impl Serialize) {
        self.asked += 1;
        self.send(Message::Request(Request::new(self.asked.into(), method.to_owned(), parameters)));
    }

    fn answer(&self, id: RequestId, answer: Answer) {
        let response = match answer {
            Ok(value) => Response::new_ok(id, value),
            Err(Refusal(code, text)) => Response::new_err(id, code as i32, text),
        };
        self.send(Message::Response(response));
    }

    /// Asks for what the client is to watch, and for what it is to ask of native files alone.
    fn greet(&mut self) {
        const WATCHED: [&str; 4] =
            ["**/*.{content,yml,yaml}", "**/contentcheck.toml", "**/.contentcheckignore", "**/*.{json,csv}"];
        let mut registrations = answers::for_native(self.client);
        if self.client.watches {
            let watchers: Vec<Value> = WATCHED.iter().map(|glob| json!({"globPattern": glob})).collect();
            let options = json!({"watchers": watchers});
            let method = "workspace/didChangeWatchedFiles";
            registrations.push(json!({"id": "files", "method": method, "registerOptions": options}));
        }
        if !registrations.is_empty() {
            self.ask("client/registerCapability", json!({"registrations": registrations}));
        }
    }

    fn request(&mut self, request: Request) {
        let id = request.id.clone();
        let is_cancel =
            |message: &Message| matches!(message, Message::Notification(note) if cancelled(note) == Some(id.clone()));
        if let Some(at) = self.queue.iter().position(is_cancel) {
            self.queue.remove(at);
            self.answer(id, Err(Refusal(ErrorCode::RequestCanceled, "cancelled".to_owned())));
            return;
        }
        if self.is_leaving {
            self.answer(id, Err(Refusal(ErrorCode::InvalidRequest, "the server is leaving".to_owned())));
            return;
        }
        if request.method == "shutdown" {
            self.is_leaving = true;
            self.answer(id, Ok(Value::Null));
            return;
        }
        match self.guard(|server| server.dispatch(request)) {
            Some(Some(answer)) => self.answer(id, answer),
            Some(None) => {}
            None => {
                self.waiting.retain(|waiting| waiting.request.id != id);
                self.answer(id, Err(Refusal(ErrorCode::InternalError, "a fault of contentcheck".to_owned())));
            }
        }
    }

    /// What the checker tells.
    fn told(&mut self, what: Told) {
        match what {
            Told::Checked(snapshot) => {
                let root = snapshot.root.clone();
                // A project that nothing of is open any more is of no interest.
                if !self.edited.contains_key(&root) {
                    return;
                }
                self.failed.remove(&root);
                self.snapshots.insert(root.clone(), Arc::clone(&snapshot));
                if self.is_current(&root, snapshot.revision) {
                    self.publish(&snapshot);
                }
                self.wake(&root);
            }
            Told::Failed { root, revision, message } => {
                if !self.edited.contains_key(&root) {
                    return;
                }
                let is_new = self.failed.get(&root).is_none_or(|(_, known)| *known != message);
                self.failed.insert(root.clone(), (revision, message.clone()));
                if is_new {
                    self.notify("window/showMessage", json!({"type": 1, "message": message}));
                }
                self.snapshots.remove(&root);
                self.withdraw(&root);
                let settings = root.join(config::FILE_NAME);
                if config::is_there(&settings) {
                    let shown = ShownAs { version: None, key: 0 };
                    self.push(&root, settings, shown, vec![findings::failure(&message)]);
                }
                self.wake(&root);
            }
            Told::Fixes { request, alone, together } => self.tried(request, &alone, together),
            Told::Examined { request, shown } => self.show(request, shown),
            Told::Proving { done, of, stop } => self.proving(done, of, stop),
            Told::Proved => self.proved(),
        }
    }

    /// Whether a check has seen the last edit of a project.
    fn is_current(&self, root: &Path, revision: u64) -> bool {
        self.edited.get(root).is_none_or(|edited| revision >= *edited)
    }

    /// Answers who waited for this project.
    fn wake(&mut self, root: &Path) {
        let seen = match (self.snapshots.get(root), self.failed.get(root)) {
            (Some(snapshot), _) => snapshot.revision,
            (None, Some((revision, _))) => *revision,
            (None, None) => return,
        };
        let is_ready =
            |waiting: &Waiting| waiting.root == root && waiting.revision.is_none_or(|revision| seen >= revision);
        let (ready, waiting): (Vec<Waiting>, Vec<Waiting>) =
            std::mem::take(&mut self.waiting).into_iter().partition(is_ready);
        self.waiting = waiting;
        for Waiting { request, about, .. } in ready {
            let is_stale = about.is_some_and(|(uri, version)| {
                self.documents.get(&uri).is_none_or(|document| document.version != version)
            });
            if is_stale {
                // The places in it would be those of another text.
                self.answer(request.id, Err(Refusal(ErrorCode::ContentModified, "the file was edited".to_owned())));
            } else {
                self.request(request);
            }
        }
    }

    /// Shows what was found, where it is not what is shown.
    fn publish(&mut self, snapshot: &Snapshot) {
        let root = snapshot.root.clone();
        let mut gone: BTreeSet<PathBuf> =
            self.pushed.iter().filter(|(_, (of, _))| *of == root).map(|(path, _)| path.clone()).collect();
        let mut is_stale = false;
        for name in snapshot.findings.keys() {
            let path = snapshot.path(name);
            let found = snapshot.findings_of(name);
            if found.is_empty() {
                continue;
            }
            let document = self.document_at(&path);
            let version = document.map(|document| document.version);
            if self.client.pulls && document.is_some() {
                continue;
            }
            gone.remove(&path);
            let shown = ShownAs { version, key: findings::key(found, self.client) };
            if self.pushed.get(&path).is_some_and(|(_, before)| *before == shown) {
                continue;
            }
            let items = findings::shown(found, &self.places(Some(snapshot)), self.client);
            self.push(&root, path, shown, items);
        }
        for path in gone {
            self.pushed.remove(&path);
            self.push_now(&path, Vec::new());
        }
        // What was answered of a file may have changed by an edit of another.
        for document in self.documents.values().filter(|document| document.root == root) {
            let found = snapshot.findings_of(&snapshot.name(&document.path));
            let now = ShownAs { version: Some(document.version), key: findings::key(found, self.client) };
            let before = self.pulled.get(&document.uri.0);
            is_stale |= before.is_some_and(|before| before.version == now.version && *before != now);
        }
        if is_stale && self.client.refreshes {
            self.ask("workspace/diagnostic/refresh", Value::Null);
        }
    }

    /// Takes back what was shown of a project.
    fn withdraw(&mut self, root: &Path) {
        let shown: Vec<PathBuf> =
            self.pushed.iter().filter(|(_, (of, _))| of == root).map(|(path, _)| path.clone()).collect();
        for path in shown {
            self.pushed.remove(&path);
            self.push_now(&path, Vec::new());
        }
    }

    fn push(&mut self, root: &Path, path: PathBuf, shown: ShownAs, items: Vec<Diagnostic>) {
        self.push_now(&path, items);
        self.pushed.insert(path, (root.to_path_buf(), shown));
    }

    fn push_now(&self, path: &Path, diagnostics: Vec<Diagnostic>) {
        let document = self.document_at(path);
        let version = document.map(|document| document.version);
        let uri = document.map_or_else(|| uri::of_path(path), |document| document.uri.clone());
        self.notify("textDocument/publishDiagnostics", PublishDiagnosticsParams { uri, version, diagnostics });
    }

    fn document_at(&self, path: &Path) -> Option<&Document> {
        self.documents.values().find(|document| document.path == path)
    }

    /// Where files are, by what is known of a project.
    fn places<'s>(&'s self, snapshot: Option<&'s Snapshot>) -> Known<'s> {
        Known { documents: &self.documents, snapshot }
    }
}

/// The request that a note cancels.
fn cancelled(note: &Notification) -> Option<RequestId> {
    if note.method != "$/cancelRequest" {
        return None;
    }
    serde_json::from_value(note.params.get("id")?.clone()).ok()
}

/// The parameters of a request or note.
fn read<T: DeserializeOwned>(parameters: Value) -> Result<T, Refusal> {
    serde_json::from_value(parameters).map_err(|error| Refusal(ErrorCode::InvalidParams, error.to_string()))
}

/// The documents of the editor over a snapshot.
struct Known<'s> {
    documents: &'s HashMap<String, Document>,
    snapshot: Option<&'s Snapshot>,
}

impl Known<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.snapshot.map_or_else(|| PathBuf::from(name), |snapshot| snapshot.path(name))
    }

    fn document(&self, name: &str) -> Option<&Document> {
        let path = self.path(name);
        self.documents.values().find(|document| document.path == path)
    }
}

impl Places for Known<'_> {
    fn uri(&self, name: &str) -> Option<Uri> {
        if let Some(document) = self.document(name) {
            return Some(document.uri.clone());
        }
        let path = self.path(name);
        // What ships with the program is no file, and what has no directory is none either.
        (path.is_absolute() && !name.starts_with(contentcheck_parser::release::SHIPPED)).then(|| uri::of_path(&path))
    }

    fn open(&self, name: &str) -> Option<Arc<str>> {
        self.document(name).map(|document| Arc::clone(&document.text))
    }
}

/// The language of a file, if it is content.
fn language_of(path: &Path) -> Option<Language> {
    let name = files::name(path);
    if walk::sidecar_of(&name).is_some() { None } else { Language::of(&name) }
}

/// Findings that lie in a part of a file, or touch it.
fn within(found: &[Finding], span: contentcheck_model::source::Span) -> Vec<&Finding> {
    found.iter().filter(|found| found.span.start <= span.end && span.start <= found.span.end).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Sends a message, and gives the answer to it.
    fn ask(here: &Connection, id: i32, method: &str, parameters: Value) -> Result<Value, i32> {
        here.sender.send(Message::Request(Request::new(id.into(), method.to_owned(), parameters))).unwrap();
        loop {
            match here.receiver.recv_timeout(Duration::from_secs(60)).unwrap() {
                Message::Response(response) if response.id == id.into() => {
                    return response.response_result.map_err(|error| error.code);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_fault_does_not_end_the_server() {
        let directory = std::env::temp_dir().join(format!("contentcheck-fault-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("a.content");
        std::fs::write(&file, "list a = [1]\n").unwrap();
        let uri = uri::of_path(&file);
        let (here, there) = Connection::memory();
        let server = thread::spawn(move || serve(&there));
        let tell = |method: &str, parameters: Value| {
            here.sender.send(Message::Notification(Notification::new(method.to_owned(), parameters))).unwrap();
        };
        ask(&here, 1, "initialize", json!({"capabilities": {"textDocument": {"diagnostic": {}}}})).unwrap();
        // In an answer, in a note, and in the checker.
        assert_eq!(ask(&here, 2, "test/panic", json!({})), Err(ErrorCode::InternalError as i32));
        tell("test/panic", json!({}));
        let item = json!({"uri": uri, "languageId": "x", "version": 1, "text": "list a = [1]\n"});
        tell("textDocument/didOpen", json!({"textDocument": item}));
        let pull = json!({"textDocument": {"uri": uri}});
        let items = |answer: Value| answer["items"].as_array().unwrap().len();
        assert_eq!(items(ask(&here, 3, "textDocument/diagnostic", pull.clone()).unwrap()), 1);
        tell("test/break", json!({}));
        let all = json!({"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": "list a = [1]\nlist b = [2]\n"}]});
        tell("textDocument/didChange", all);
        assert_eq!(items(ask(&here, 4, "textDocument/diagnostic", pull).unwrap()), 2);
        assert_eq!(ask(&here, 5, "shutdown", Value::Null), Ok(Value::Null));
        tell("exit", Value::Null);
        assert_eq!(server.join().unwrap(), Ended::Orderly);
        std::fs::remove_dir_all(directory).unwrap();
    }

    /// Whoever cancels proofs that take a while is left with what was proven, and nothing is asked again before the next edit.
    #[test]
    fn proofs_that_take_a_while_can_be_cancelled() {
        let (jobs, taken) = unbounded();
        let (ask, _asked) = unbounded();
        let (prover, proofs) = unbounded();
        let (_prove, proven) = unbounded();
        let (tell, told) = unbounded();
        let directory = std::env::temp_dir().join(format!("contentcheck-cancel-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("a.content");
        let text = "template t.x @ 1 {\n    1 a: int\n}\nrule r {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11\"\n    template: t.x @ 1\n    severity: low\n    when a == 1\n}\n";
        std::fs::write(&file, text).unwrap();
        let helpers = Helpers { examiner: ask, prover: Some(prover), proven };
        let checker = thread::spawn(move || checker::run(&taken, &helpers, &tell, 1));
        let open = |revision| Job::Open { root: directory.clone(), path: file.clone(), text: text.into(), revision };
        jobs.send(open(1)).unwrap();
        let proof = proofs.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!((proof.files.len(), proof.files[0].rules.len()), (1, 1));

        // The client is shown them, and cancels.
        let (here, there) = Connection::memory();
        let client = Client::of(&json!({"capabilities": {"window": {"workDoneProgress": true}}}));
        let mut server = Server::new(&there, (client, Vec::new()), jobs.clone());
        server.told(Told::Proving { done: 0, of: 2, stop: Arc::clone(&proof.stop) });
        server.told(Told::Proving { done: 1, of: 2, stop: Arc::clone(&proof.stop) });
        let said: Vec<Message> = here.receiver.try_iter().collect();
        let [Message::Request(create), Message::Notification(begin), Message::Notification(report)] = &said[..] else {
            panic!("{said:?}")
        };
        let token = create.params["token"].clone();
        assert_eq!((begin.params["value"]["cancellable"].as_bool(), &begin.params["token"]), (Some(true), &token));
        assert_eq!(report.params["value"]["percentage"], 50);
        let cancel =
            |token: &Value| Notification::new("window/workDoneProgress/cancel".to_owned(), json!({"token": token}));
        server.note(cancel(&json!("another")));
        assert!(!proof.stop.load(std::sync::atomic::Ordering::Relaxed));
        server.note(cancel(&token));
        assert!(proof.stop.load(std::sync::atomic::Ordering::Relaxed));
        server.told(Told::Proved);
        assert!(
            matches!(here.receiver.try_recv(), Ok(Message::Notification(end)) if end.params["value"]["kind"] == "end")
        );

        // A prover that is to stop says nothing of what it was at.
        let (again, asked) = unbounded();
        let (found, results) = unbounded();
        let (shows, shown) = unbounded();
        again.send(proof).unwrap();
        drop(again);
        prove::run(&asked, &found, &shows);
        assert!(results.try_recv().is_err() && shown.try_recv().is_err());
        assert!(proofs.recv_timeout(Duration::from_millis(800)).is_err(), "it was asked again");

        // An edit stops what goes on, and asks again.
        jobs.send(open(2)).unwrap();
        let second = proofs.recv_timeout(Duration::from_secs(60)).unwrap();
        jobs.send(open(3)).unwrap();
        proofs.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(second.stop.load(std::sync::atomic::Ordering::Relaxed));
        drop((jobs, server));
        checker.join().unwrap();
        drop(told);
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
