//! Requests and answers as files: `golden/NAME.request.json` is what an editor does, `golden/NAME.response.json` what it
//! is told. `BLESS=1` writes the answers.

use std::fs;
use std::path::Path;

use crate::common::{Client, Release, able, position, pulling};
use serde_json::{Value, json};

/// One case: steps in their order, each an object.
///
/// - `open`: a file, with its text on the disk or with `text`
/// - `change`: a file, in which `find` becomes `to`
/// - `pushed`: the findings that are pushed for these files next
/// - `ask`: a request about a `file`; `find` is a part of it, `at` says whether its `start` or `end` is meant or all of
///   it (`range`); `with` are further parameters
fn run(steps: &[Value], capabilities: Value) -> Value {
    let release = Release::new();
    let mut client = Client::start(&release, capabilities);
    let mut told = Vec::new();
    for step in steps {
        let text = |key: &str| step[key].as_str();
        if let Some(file) = text("open") {
            match text("text") {
                Some(text) => client.open_with(&release.uri(file), text),
                None => client.open(&release, file),
            };
        } else if let Some(file) = text("change") {
            client.replace(&release.uri(file), text("find").unwrap(), text("to").unwrap());
        } else if let Some(files) = step["pushed"].as_array() {
            for file in files {
                let uri = release.uri(file.as_str().unwrap());
                client.until(|client| client.pushed.contains_key(&uri));
                told.push(json!({"pushed": file, "diagnostics": client.pushed[&uri].0}));
            }
        } else {
            let method = text("ask").unwrap_or_else(|| panic!("{step} is no step"));
            let uri = release.uri(text("file").unwrap());
            let mut parameters = json!({"textDocument": {"uri": uri}});
            if let Some(find) = text("find") {
                let whole = &client.texts[&uri].0;
                let at = whole.find(find).unwrap_or_else(|| panic!("there is no {find:?}"));
                let (start, end) = (position(whole, at), position(whole, at + find.len()));
                match text("at") {
                    Some("range") => parameters["range"] = json!({"start": start, "end": end}),
                    Some("end") => parameters["position"] = end,
                    _ => parameters["position"] = start,
                }
            }
            for (key, value) in step["with"].as_object().into_iter().flatten() {
                parameters[key] = value.clone();
            }
            told.push(match client.ask(method, parameters) {
                Ok(answer) => json!({"answer": shown(answer)}),
                Err((code, message)) => json!({"code": code, "refused": message}),
            });
        }
    }
    let root = release.uri("");
    let plain = release.0.to_string_lossy().into_owned();
    let text =
        serde_json::to_string(&told).unwrap().replace(root.trim_end_matches('/'), "ROOT").replace(&plain, "ROOT");
    client.leave();
    serde_json::from_str(&text).unwrap()
}

/// An answer without what is a number of its own on each machine, and without the tail of a long list.
fn shown(mut answer: Value) -> Value {
    const MOST: usize = 40;
    if answer["resultId"].is_string() {
        answer["resultId"] = json!("RESULT");
    }
    if let Some(items) = answer.get_mut("items").and_then(Value::as_array_mut).filter(|items| items.len() > MOST) {
        let more = items.len() - MOST;
        items.truncate(MOST);
        items.push(json!(format!("and {more} more")));
    }
    answer
}

#[test]
fn answers_are_those_that_were_blessed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases: Vec<String> = fs::read_dir(&directory)
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".request.json")?.to_owned()))
        .collect();
    cases.sort();
    let mut interactions = 0;
    let mut wrong = Vec::new();
    for case in cases {
        let request = fs::read_to_string(directory.join(format!("{case}.request.json"))).unwrap();
        let steps: Vec<Value> = serde_json::from_str(&request).unwrap_or_else(|error| panic!("{case}: {error}"));
        let capabilities = if case.starts_with("pull") { pulling() } else { able() };
        let told = run(&steps, capabilities);
        interactions += told.as_array().unwrap().len();
        let path = directory.join(format!("{case}.response.json"));
        let mut text = serde_json::to_string_pretty(&told).unwrap();
        text.push('\n');
        if std::env::var_os("BLESS").is_some() {
            fs::write(path, text).unwrap();
        } else if fs::read_to_string(path).unwrap_or_default() != text {
            wrong.push(format!("{case}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "run again with BLESS=1 if these are right:\n{}", wrong.join("\n"));
    assert!(interactions >= 30, "{interactions}");
}
