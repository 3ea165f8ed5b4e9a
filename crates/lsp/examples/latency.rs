//! How long an editor waits: a session over a workspace, with the times of a client in the same process.
//!
//! ```console
//! cargo run --release --example latency -- rules/
//! ```
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement stops at the first surprise"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use contentcheck_lsp::{serve, uri};
use lsp_server::{Connection, Message, Notification, Request, Response};
use serde_json::{Value, json};

/// That of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rounds of each kind.
const ROUNDS: usize = 40;

struct Client {
    connection: Connection,
    next: i32,
}

impl Client {
    fn tell(&self, method: &str, parameters: Value) {
        let note = Notification::new(method.to_owned(), parameters);
        self.connection.sender.send(Message::Notification(note)).unwrap();
    }

    /// The answer to a request.
    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = lsp_server::RequestId::from(self.next);
        let request = Request::new(id.clone(), method.to_owned(), parameters);
        self.connection.sender.send(Message::Request(request)).unwrap();
        loop {
            match self.connection.receiver.recv().unwrap() {
                Message::Response(response) if response.id == id => return response.response_result.unwrap(),
                Message::Request(request) => {
                    let answer = Response::new_ok(request.id, Value::Null);
                    self.connection.sender.send(Message::Response(answer)).unwrap();
                }
                _ => {}
            }
        }
    }
}

fn main() {
    let root = std::env::args().nth(1).expect("a directory of rules");
    let root = Path::new(&root).canonicalize().unwrap();
    let mut files = Vec::new();
    below(&root, &mut files);
    files.sort();
    println!("{} files", files.len());
    let (here, there) = Connection::memory();
    let server = std::thread::spawn(move || serve(&there));
    let mut client = Client { connection: here, next: 0 };
    let folder = json!([{"uri": uri::of_path(&root), "name": "rules"}]);
    let able = json!({"textDocument": {"diagnostic": {}}});
    client.ask("initialize", json!({"capabilities": able, "workspaceFolders": folder}));
    client.tell("initialized", json!({}));
    let start = Instant::now();
    let mut first = true;
    let mut spent = Duration::ZERO;
    // One file stays open, and with it the project.
    let anchor = files.last().unwrap();
    let text = std::fs::read_to_string(anchor).unwrap();
    let item = json!({"uri": uri::of_path(anchor), "languageId": "yaml", "version": 1, "text": text});
    client.tell("textDocument/didOpen", json!({"textDocument": item}));
    let mut times: [Vec<Duration>; 5] = Default::default();
    for round in 0..ROUNDS {
        let file = files.get(round * 73 % files.len()).unwrap();
        let uri = uri::of_path(file).0;
        let text = std::fs::read_to_string(file).unwrap();
        let item = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        client.tell("textDocument/didOpen", json!({"textDocument": item}));
        let document = json!({"uri": uri});
        client.ask("textDocument/diagnostic", json!({"textDocument": document}));
        if first {
            println!("first answer after {:?}", start.elapsed());
            first = false;
        }
        // What is compared when nobody types is compared meanwhile.
        std::thread::sleep(Duration::from_millis(900));
        let lines = text.lines().count();
        let at = |line: usize, character: usize| json!({"line": line, "character": character});
        let line = text.lines().position(|line| line.contains("|endswith:") || line.contains("|contains")).unwrap_or(0);
        let character = text.lines().nth(line).unwrap_or("").find('|').unwrap_or(0);
        let mut timed = |kind: usize, work: &mut dyn FnMut()| {
            let start = Instant::now();
            work();
            times.get_mut(kind).unwrap().push(start.elapsed());
        };
        let before = cpu();
        timed(0, &mut || {
            let range = json!({"start": at(lines, 0), "end": at(lines, 0)});
            let changed = json!({"uri": uri, "version": 2});
            let change = json!({"textDocument": changed, "contentChanges": [{"range": range, "text": "# x\n"}]});
            client.tell("textDocument/didChange", change);
            client.ask("textDocument/diagnostic", json!({"textDocument": document}));
        });
        spent += cpu().saturating_sub(before);
        let place = json!({"textDocument": document, "position": at(line, character)});
        timed(1, &mut || drop(client.ask("textDocument/completion", place.clone())));
        timed(2, &mut || drop(client.ask("textDocument/hover", place.clone())));
        let mut referring = place.clone();
        if let Some(of) = referring.as_object_mut() {
            of.insert("context".to_owned(), json!({"includeDeclaration": true}));
        }
        timed(3, &mut || drop(client.ask("textDocument/references", referring.clone())));
        timed(4, &mut || {
            let range = json!({"start": at(0, 0), "end": at(lines, 0)});
            let context = json!({"diagnostics": []});
            let all = json!({"textDocument": document, "range": range, "context": context});
            client.ask("textDocument/codeAction", all);
        });
        client.tell("textDocument/didClose", json!({"textDocument": document}));
    }
    let names = ["edit to findings", "completion", "hover", "references", "code actions of a file"];
    for (name, mut times) in names.into_iter().zip(times) {
        times.sort();
        let at = |part: usize| times.get((times.len() - 1) * part / 100).copied().unwrap_or_default();
        println!("{name}: median {:?}, 95 of 100 {:?}, longest {:?}", at(50), at(95), at(100));
    }
    println!("CPU time of an edit, mean: {:?}", spent / u32::try_from(ROUNDS).unwrap());
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    }
    client.ask("shutdown", Value::Null);
    client.tell("exit", Value::Null);
    let _ = server.join();
}

/// CPU time of all threads so far.
fn cpu() -> Duration {
    let mut total = Duration::ZERO;
    for thread in std::fs::read_dir("/proc/self/task").into_iter().flatten() {
        let spent = std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap_or_default();
        let nanoseconds = spent.split(' ').next().and_then(|spent| spent.parse().ok()).unwrap_or(0);
        total += Duration::from_nanos(nanoseconds);
    }
    total
}

fn below(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, found);
        } else if path.extension().is_some_and(|own| own == "yml") {
            found.push(path);
        }
    }
}
