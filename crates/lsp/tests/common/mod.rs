//! A client of the server, for tests: it speaks the protocol in this process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use contentcheck_lsp::{Ended, uri};
use lsp_server::{Connection, Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

/// How long a test waits before it gives up: long, since machines that run tests are busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A copy of the release of these tests, which is gone with the value.
pub(crate) struct Release(pub(crate) PathBuf);

impl Release {
    /// The files of `tests/release`.
    pub(crate) fn new() -> Self {
        let new = Self::empty();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/release"), &new.0);
        new
    }

    /// A directory without files.
    pub(crate) fn empty() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("contentcheck-lsp-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    pub(crate) fn uri(&self, file: &str) -> String {
        uri::of_path(&self.path(file)).0
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What most editors can do.
pub(crate) fn able() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-16"]},
        "textDocument": {
            "publishDiagnostics": {"relatedInformation": true, "tagSupport": {"valueSet": [1]}, "codeDescriptionSupport": true},
            "documentSymbol": {"hierarchicalDocumentSymbolSupport": true},
        },
        "workspace": {"workspaceEdit": {"documentChanges": true}},
    })
}

/// The same with findings that are asked for.
pub(crate) fn pulling() -> Value {
    let mut able = able();
    able["textDocument"]["diagnostic"] = json!({});
    able["workspace"]["diagnostics"] = json!({"refreshSupport": true});
    able
}

pub(crate) struct Client {
    connection: Option<Connection>,
    server: Option<JoinHandle<Ended>>,
    next: i32,
    pub(crate) initialized: Value,
    /// The text of open files, by URI, and their versions.
    pub(crate) texts: BTreeMap<String, (String, i32)>,
    /// What was pushed last for each file, and how often.
    pub(crate) pushed: BTreeMap<String, (Value, usize)>,
    /// Everything else that the server said.
    pub(crate) said: Vec<Message>,
}

impl Client {
    pub(crate) fn start(release: &Release, capabilities: Value) -> Self {
        Self::start_with(release, capabilities, json!({}))
    }

    /// A client with options of its own.
    pub(crate) fn start_with(release: &Release, capabilities: Value, options: Value) -> Self {
        let (connection, other) = Connection::memory();
        let server = std::thread::spawn(move || contentcheck_lsp::serve(&other));
        let mut client = Self {
            connection: Some(connection),
            server: Some(server),
            next: 0,
            initialized: Value::Null,
            texts: BTreeMap::new(),
            pushed: BTreeMap::new(),
            said: Vec::new(),
        };
        let folder = json!([{"uri": uri::of_path(&release.0), "name": "release"}]);
        client.initialized = client
            .ask(
                "initialize",
                json!({"processId": null, "capabilities": capabilities, "workspaceFolders": folder, "initializationOptions": options}),
            )
            .unwrap();
        client.tell("initialized", json!({}));
        client
    }

    fn connection(&self) -> &Connection {
        self.connection.as_ref().unwrap()
    }

    pub(crate) fn send(&self, message: Message) {
        self.connection().sender.send(message).unwrap();
    }

    pub(crate) fn tell(&self, method: &str, parameters: Value) {
        self.send(Message::Notification(Notification::new(method.to_owned(), parameters)));
    }

    /// Sends a request without waiting for its answer.
    pub(crate) fn begin(&mut self, method: &str, parameters: Value) -> RequestId {
        self.next += 1;
        let id = RequestId::from(self.next);
        self.send(Message::Request(Request::new(id.clone(), method.to_owned(), parameters)));
        id
    }

    /// The answer to a request.
    pub(crate) fn end(&mut self, id: &RequestId) -> Result<Value, (i32, String)> {
        loop {
            if let Some(response) = self.step(Some(id)) {
                return response.response_result.map_err(|error| (error.code, error.message));
            }
        }
    }

    pub(crate) fn ask(&mut self, method: &str, parameters: Value) -> Result<Value, (i32, String)> {
        let id = self.begin(method, parameters);
        self.end(&id)
    }

    /// Takes one message; the answer to a request if it is that.
    fn step(&mut self, wanted: Option<&RequestId>) -> Option<Response> {
        let message = self.connection().receiver.recv_timeout(PATIENCE).expect("the server says something");
        match message {
            Message::Response(response) if Some(&response.id) == wanted => return Some(response),
            Message::Request(request) => {
                self.send(Message::Response(Response::new_ok(request.id.clone(), Value::Null)));
                self.said.push(Message::Request(request));
            }
            Message::Notification(note) if note.method == "textDocument/publishDiagnostics" => {
                let uri = note.params["uri"].as_str().unwrap().to_owned();
                let entry = self.pushed.entry(uri).or_insert((Value::Null, 0));
                *entry = (note.params["diagnostics"].clone(), entry.1 + 1);
            }
            other => self.said.push(other),
        }
        None
    }

    /// Waits until something is so.
    pub(crate) fn until(&mut self, is_so: impl Fn(&Self) -> bool) {
        while !is_so(self) {
            self.step(None);
        }
    }

    /// What is pushed for a file the next time.
    pub(crate) fn next_push(&mut self, uri: &str) -> Value {
        let before = self.pushed.get(uri).map_or(0, |(_, count)| *count);
        self.until(|client| client.pushed.get(uri).is_some_and(|(_, count)| *count > before));
        self.pushed[uri].0.clone()
    }

    pub(crate) fn open(&mut self, release: &Release, file: &str) -> String {
        let text = release.read(file);
        self.open_with(&release.uri(file), &text)
    }

    pub(crate) fn open_with(&mut self, uri: &str, text: &str) -> String {
        self.texts.insert(uri.to_owned(), (text.to_owned(), 1));
        let item = json!({"uri": uri, "languageId": "any", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": item}));
        uri.to_owned()
    }

    pub(crate) fn close(&mut self, uri: &str) {
        self.texts.remove(uri);
        self.tell("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }

    /// Replaces a part of a file, by bytes.
    pub(crate) fn edit(&mut self, uri: &str, bytes: std::ops::Range<usize>, to: &str) {
        let (text, version) = self.texts.get_mut(uri).unwrap();
        let range = json!({"start": position(text, bytes.start), "end": position(text, bytes.end)});
        text.replace_range(bytes, to);
        *version += 1;
        let document = json!({"uri": uri, "version": *version});
        self.tell(
            "textDocument/didChange",
            json!({"textDocument": document, "contentChanges": [{"range": range, "text": to}]}),
        );
    }

    /// Replaces the first place that has a string.
    pub(crate) fn replace(&mut self, uri: &str, from: &str, to: &str) {
        let at = self.texts[uri].0.find(from).unwrap_or_else(|| panic!("there is no {from:?}"));
        self.edit(uri, at..at + from.len(), to);
    }

    /// Leaves as the protocol wants it.
    pub(crate) fn leave(mut self) -> Ended {
        assert_eq!(self.ask("shutdown", Value::Null), Ok(Value::Null));
        self.tell("exit", Value::Null);
        let server = self.server.take().unwrap();
        server.join().unwrap()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.connection.take());
        if let Some(server) = self.server.take() {
            let ended = server.join();
            assert!(std::thread::panicking() || ended.is_ok());
        }
    }
}

/// Where a byte is seen, in UTF-16.
pub(crate) fn position(text: &str, byte: usize) -> Value {
    let before = &text[..byte];
    let line = before.matches('\n').count();
    let last = before.rsplit('\n').next().unwrap();
    json!({"line": line, "character": last.encode_utf16().count()})
}
