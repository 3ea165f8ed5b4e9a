//! `contentcheck server`, the program itself, as an editor starts it: it shows what `lint` says.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::common::{corpus, directories, name, run};
use contentcheck::exit::Exit;
use contentcheck_lsp::uri;
use serde_json::{Value, json};

/// The program, and a client that waits for each answer.
struct Editor {
    server: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    next: u64,
    /// What was pushed, by URI.
    pushed: BTreeMap<String, Value>,
}

impl Editor {
    fn start(arguments: &[&str], folder: &Path, capabilities: Value) -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (server.stdin.take(), BufReader::new(server.stdout.take().unwrap()));
        let mut editor = Self { server, to, from, next: 0, pushed: BTreeMap::new() };
        let folders = json!([{"uri": uri::of_path(folder), "name": "x"}]);
        editor.ask("initialize", json!({"capabilities": capabilities, "workspaceFolders": folders}));
        editor.tell("initialized", json!({}));
        editor
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let to = self.to.as_mut().unwrap();
        write!(to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        to.flush().unwrap();
    }

    fn tell(&mut self, method: &str, parameters: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": parameters}));
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "the server ended");
            match line.trim().split_once(':') {
                Some(("Content-Length", value)) => length = value.trim().parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut bytes = vec![0; length];
        self.from.read_exact(&mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters}));
        loop {
            let mut message = self.read();
            if message["method"] == "textDocument/publishDiagnostics" {
                let uri = message["params"]["uri"].as_str().unwrap().to_owned();
                self.pushed.insert(uri, message["params"]["diagnostics"].take());
            } else if message["id"] == id {
                return message["result"].take();
            }
        }
    }

    fn open(&mut self, uri: &str, text: &str) {
        let item = json!({"uri": uri, "languageId": "x", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": item}));
    }

    fn leave(mut self) -> Option<i32> {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.server.wait().unwrap().code()
    }
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("contentcheck-server-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// Line, column in bytes, severity, code, message with its help.
type Shown = (u64, u64, String, String, String);

/// What `lint` says of a directory, by file; nothing where it cannot be checked.
fn linted(directory: &Path) -> Option<BTreeMap<String, Vec<Shown>>> {
    let (exit, out, _) = run(&["lint", "--format", "json", "--show", "info", directory.to_str().unwrap()]);
    if !matches!(exit, Exit::Fine | Exit::Findings) {
        return None;
    }
    let report: Value = serde_json::from_slice(&out).unwrap();
    let mut found: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let file = text("file");
        let help = if finding["help"].is_string() { format!("\nhelp: {}", text("help")) } else { String::new() };
        let start = &finding["range"]["start"];
        let (line, column) = (start["line"].as_u64().unwrap(), start["column"].as_u64().unwrap());
        // Columns of reports are characters.
        let content = fs::read_to_string(&file).unwrap_or_default();
        let content = content.strip_prefix('\u{feff}').unwrap_or(&content);
        let whole = content.split('\n').nth(line as usize - 1).unwrap_or_default();
        let bytes: usize = whole.chars().take(column as usize - 1).map(char::len_utf8).sum();
        let message = format!("{}{help}", text("message"));
        found.entry(file).or_default().push((line - 1, bytes as u64, text("severity"), text("code"), message));
    }
    found.values_mut().for_each(|found| found.sort());
    Some(found)
}

fn shown(items: &Value) -> Vec<Shown> {
    let of = |item: &Value| {
        let start = &item["range"]["start"];
        let severity = match item["severity"].as_u64() {
            Some(1) => "error",
            Some(2) => "warning",
            _ => "info",
        };
        let text = |key: &str| item[key].as_str().unwrap().to_owned();
        let (line, character) = (start["line"].as_u64().unwrap(), start["character"].as_u64().unwrap());
        (line, character, severity.to_owned(), text("code"), text("message"))
    };
    let mut all: Vec<Shown> = items.as_array().unwrap().iter().map(of).collect();
    all.sort();
    all
}

fn content(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            content(&path, found);
        } else if path.extension().is_some_and(|own| ["yml", "yaml", "content"].iter().any(|ending| own == *ending)) {
            found.push(path);
        }
    }
}

/// Over every case that one of our codes has: files that are opened are answered for, and all others of the same
/// release are pushed.
#[test]
fn the_editor_shows_what_lint_says() {
    let scratch = Scratch::new("equal");
    let mut cases = vec![corpus("releases/demo")];
    cases.extend(directories(&corpus("incidents")));
    cases.extend(directories(&corpus("reject")));
    let able = json!({
        "general": {"positionEncodings": ["utf-8"]},
        "textDocument": {"diagnostic": {}, "publishDiagnostics": {}},
    });
    let mut editor = Editor::start(&["server", "--stdio"], &scratch.0, able);
    let (mut compared, mut findings) = (0, 0);
    for case in cases {
        let directory = scratch.0.join(name(&case));
        copy(&case, &directory);
        let settings = directory.join("contentcheck.toml");
        if !settings.exists() {
            fs::write(settings, "").unwrap();
        }
        let Some(expected) = linted(&directory) else { continue };
        let mut files = Vec::new();
        content(&directory, &mut files);
        files.sort();
        // What lies below a configuration of its own is another release to the editor.
        let is_own = |path: &PathBuf| {
            let above = path.ancestors().skip(1).find(|above| above.join("contentcheck.toml").exists());
            above == Some(directory.as_path())
        };
        files.retain(is_own);
        // What is no UTF-8 has no text that an editor could send.
        let texts: Vec<(PathBuf, String)> =
            files.into_iter().filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?))).collect();
        let Some((first, text)) = texts.first() else { continue };
        // One file is opened: the others are told of by themselves.
        let open = uri::of_path(first).0;
        editor.open(&open, text);
        let answer = editor.ask("textDocument/diagnostic", json!({"textDocument": {"uri": open}}));
        let says = |path: &Path| {
            let found = expected.get(&path.to_string_lossy().into_owned()).cloned().unwrap_or_default();
            (found.len(), found)
        };
        let (count, wanted) = says(first);
        assert_eq!(shown(&answer["items"]), wanted, "{}", first.display());
        findings += count;
        for (path, _) in texts.iter().skip(1) {
            let pushed = editor.pushed.get(&uri::of_path(path).0).cloned().unwrap_or(json!([]));
            let (count, wanted) = says(path);
            assert_eq!(shown(&pushed), wanted, "{}", path.display());
            findings += count;
        }
        compared += texts.len();
        editor.tell("textDocument/didClose", json!({"textDocument": {"uri": open}}));
    }
    assert!(compared > 200 && findings > 200, "{compared} files, {findings} findings");
    assert_eq!(editor.leave(), Some(0));
}

/// A session of the program under its other name, from the first key to the last.
#[test]
fn a_session_from_start_to_end() {
    let scratch = Scratch::new("session");
    copy(&corpus("incidents/channel-file-291"), &scratch.0);
    let able = json!({"workspace": {"workspaceEdit": {"documentChanges": true}}});
    let mut editor = Editor::start(&["lsp"], &scratch.0, able);
    let file = scratch.0.join("ipc.content");
    let open = uri::of_path(&file).0;
    let text = fs::read_to_string(&file).unwrap();
    editor.open(&open, &text);
    while !editor.pushed.contains_key(&open) {
        let message = editor.read();
        if message["method"] == "textDocument/publishDiagnostics" {
            editor.pushed.insert(
                message["params"]["uri"].as_str().unwrap().to_owned(),
                message["params"]["diagnostics"].clone(),
            );
        }
    }
    let codes: Vec<String> = shown(&editor.pushed[&open]).into_iter().map(|found| found.3).collect();
    assert!(codes.contains(&"CC0401".to_owned()) && codes.contains(&"CC0402".to_owned()), "{codes:?}");
    let at = text.find("impersonation_token").unwrap();
    let line = text[..at].matches('\n').count();
    let character = at - text[..at].rfind('\n').map_or(0, |at| at + 1);
    let place = json!({"textDocument": {"uri": open}, "position": {"line": line, "character": character}});
    let hover = editor.ask("textDocument/hover", place);
    assert!(hover["contents"]["value"].as_str().unwrap().contains("field 21"), "{hover}");
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_client_that_goes_without_a_word_is_told_by_the_exit_code() {
    let mut editor = Editor::start(&["server"], &std::env::temp_dir(), json!({}));
    drop(editor.to.take());
    assert_eq!(editor.server.wait().unwrap().code(), Some(1));
}
