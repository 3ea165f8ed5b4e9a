//! Lenses: what can be asked of a rule, and what is answered.

use crate::common::{Client, Release, able};
use lsp_server::Message;
use serde_json::{Value, json};

const COMMANDS: [&str; 3] = ["contentcheck.firesOn", "contentcheck.justMisses", "contentcheck.runTests"];

/// Titles and arguments of the lenses of a file.
fn lenses(client: &mut Client, uri: &str) -> Vec<(String, Value)> {
    let all = client.ask("textDocument/codeLens", json!({"textDocument": {"uri": uri}})).unwrap();
    let shown = |lens: &Value| {
        let command = &lens["command"];
        assert!(COMMANDS.contains(&command["command"].as_str().unwrap()), "{lens}");
        (command["title"].as_str().unwrap().to_owned(), command["arguments"][0].clone())
    };
    all.as_array().unwrap().iter().map(shown).collect()
}

fn asked(uri: &str, rule: &str, command: &str) -> Value {
    json!({"command": command, "arguments": [{"uri": uri, "rule": rule}]})
}

fn ask(client: &mut Client, uri: &str, rule: &str, command: &str) -> Result<Value, (i32, String)> {
    client.ask("workspace/executeCommand", asked(uri, rule, command))
}

#[test]
fn every_rule_that_can_be_read_has_lenses() {
    let release = Release::new();
    let mut client = Client::start(&release, able());
    assert_eq!(client.initialized["capabilities"]["executeCommandProvider"]["commands"], json!(COMMANDS));
    let shell = client.open(&release, "rules/shell.content");
    let titles = |found: &[(String, Value)]| found.iter().map(|(title, _)| title.clone()).collect::<Vec<_>>();
    let found = lenses(&mut client, &shell);
    assert_eq!(titles(&found), ["fires on", "just misses", "run tests"], "one of two rules can be read");
    assert!(
        found.iter().all(|(_, about)| *about == json!({"uri": shell, "rule": "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11"}))
    );
    client.replace(&shell, "imag ==", "image ==");
    let found = lenses(&mut client, &shell);
    assert_eq!(titles(&found)[3..], ["fires on", "just misses"], "the other one has no test");
    let curl = client.open(&release, "rules/curl.yml");
    assert_eq!(titles(&lenses(&mut client, &curl)), ["fires on", "just misses"]);
    release.write("rules/curl.test.yml", "- name: a\n  expect: fires\n  event: {image: /bin/curl}\n");
    let change = json!({"changes": [{"uri": release.uri("rules/curl.test.yml"), "type": 1}]});
    client.tell("workspace/didChangeWatchedFiles", change);
    assert_eq!(titles(&lenses(&mut client, &curl)), ["fires on", "just misses", "run tests"]);
    // Of what is no content there are none, and a file that is not open is none of the server's.
    assert_eq!(lenses(&mut client, &release.uri("rules/many.yml")), []);
}

/// What is shown can be pasted into the rule as its tests, and these pass.
#[test]
fn events_of_a_native_rule_are_tests_that_pass() {
    let release = Release::new();
    let mut client = Client::start(&release, able());
    let shell = client.open(&release, "rules/shell.content");
    let rule = "shell_of_a_server";
    let mut blocks = Vec::new();
    for (command, word) in [(COMMANDS[0], "test fires"), (COMMANDS[1], "test silent")] {
        let shown = ask(&mut client, &shell, rule, command).unwrap();
        assert_eq!(shown["language"], "contentcheck", "{shown}");
        let text = shown["text"].as_str().unwrap();
        assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#') || line.starts_with(word)), "{text}");
        blocks.extend(text.lines().filter(|line| line.starts_with(word)).map(str::to_owned));
    }
    assert!(blocks.len() >= 4, "{blocks:?}");
    let before = ask(&mut client, &shell, rule, COMMANDS[2]).unwrap();
    assert_eq!(before["title"], "Tests of `shell_of_a_server`: 1 passed, 0 failed");
    let own = "    test fires { image: \"/bin/bash\"";
    client.replace(&shell, own, &format!("{}\n{own}", blocks.join("\n")));
    let after = ask(&mut client, &shell, rule, COMMANDS[2]).unwrap();
    let title = format!("Tests of `shell_of_a_server`: {} passed, 0 failed", blocks.len() + 1);
    assert_eq!(after["title"], json!(title), "{after}");
    // One that expects what does not happen says why.
    client.replace(&shell, "test silent", "test fires");
    let failed = ask(&mut client, &shell, rule, COMMANDS[2]).unwrap();
    assert_eq!(failed["title"], json!(format!("Tests of `shell_of_a_server`: {} passed, 1 failed", blocks.len())));
    assert!(failed["text"].as_str().unwrap().contains("the rule must fire and does not"), "{failed}");
    // A client that shows nothing of it is told.
    let told =
        |message: &&Message| matches!(message, Message::Notification(note) if note.method == "window/showMessage");
    assert!(client.said.iter().filter(told).count() >= 5);
}

#[test]
fn events_of_a_sigma_rule_are_records_that_its_tests_take() {
    let release = Release::new();
    let mut client = Client::start(&release, able());
    let curl = client.open(&release, "rules/curl.yml");
    // One of the sensors has no user.
    client.replace(&curl, "user: root", "pid: 4");
    let about = lenses(&mut client, &curl)[0].1["rule"].as_str().unwrap().to_owned();
    let records = |shown: &Value| -> Vec<Value> {
        let text = shown["text"].as_str().unwrap();
        let plain: String =
            text.lines().filter(|line| !line.starts_with("//")).map(|line| line.to_owned() + "\n").collect();
        serde_json::Deserializer::from_str(&plain).into_iter().map(Result::unwrap).collect()
    };
    let fires = ask(&mut client, &curl, &about, COMMANDS[0]).unwrap();
    assert_eq!(fires["language"], "jsonc");
    let misses = ask(&mut client, &curl, &about, COMMANDS[1]).unwrap();
    let (fires, misses) = (records(&fires), records(&misses));
    assert_eq!((fires.len(), misses.len() >= 3), (1, true), "{fires:?} {misses:?}");
    let case = |(at, (event, expect)): (usize, (&Value, &str))| {
        format!("- name: case {at}\n  template: acme.process\n  expect: {expect}\n  event: {event}\n")
    };
    let all = fires.iter().map(|event| (event, "fires")).chain(misses.iter().map(|event| (event, "silent")));
    let count = all.clone().count();
    let cases: String = all.enumerate().map(case).collect();
    release.write("rules/curl.test.yml", &cases);
    let change = json!({"changes": [{"uri": release.uri("rules/curl.test.yml"), "type": 1}]});
    client.tell("workspace/didChangeWatchedFiles", change);
    let run = ask(&mut client, &curl, &about, COMMANDS[2]).unwrap();
    assert_eq!(run["title"], json!(format!("Tests of `Download By Curl`: {count} passed, 0 failed")), "{run}");
}

#[test]
fn what_is_asked_of_a_rule_can_be_taken_back() {
    let release = Release::new();
    let mut client = Client::start(&release, able());
    let shell = client.open(&release, "rules/shell.content");
    lenses(&mut client, &shell);
    // Whichever comes first, there is one answer, and the server goes on.
    for _ in 0..20 {
        let id = client.begin("workspace/executeCommand", asked(&shell, "shell_of_a_server", COMMANDS[1]));
        client.tell("$/cancelRequest", json!({"id": id}));
        let ended = client.end(&id);
        assert!(ended.is_ok() || ended.unwrap_err().0 == -32800);
    }
    for pid in 0..20 {
        let id = client.begin("workspace/executeCommand", asked(&shell, "shell_of_a_server", COMMANDS[0]));
        client.replace(&shell, "pid > 1", &format!("pid > 1{pid}"));
        let ended = client.end(&id);
        assert!(ended.is_ok() || ended.unwrap_err().0 == -32801);
        client.replace(&shell, &format!("pid > 1{pid}"), "pid > 1");
    }
    assert!(ask(&mut client, &shell, "shell_of_a_server", COMMANDS[2]).is_ok());
}

#[test]
fn what_cannot_be_asked_is_said() {
    let release = Release::new();
    let mut client = Client::start(&release, able());
    let shell = client.open(&release, "rules/shell.content");
    let refused = |answer: Result<Value, (i32, String)>| answer.unwrap_err();
    let (code, text) = refused(ask(&mut client, &shell, "misspelt", COMMANDS[0]));
    assert!(code == -32803 && text.contains("fix what is underlined"), "{code} {text}");
    client.replace(&shell, "imag ==", "image ==");
    let (code, text) = refused(ask(&mut client, &shell, "no_such", COMMANDS[0]));
    assert!(code == -32803 && text.contains("no_such"), "{code} {text}");
    assert_eq!(refused(ask(&mut client, &shell, "misspelt", "contentcheck.delete")).0, -32602);
    assert_eq!(refused(ask(&mut client, &release.uri("rules/curl.yml"), "curl_download", COMMANDS[0])).0, -32602);
    for arguments in [json!([]), json!([1]), json!([{"uri": shell}]), Value::Null] {
        let parameters = json!({"command": COMMANDS[0], "arguments": arguments});
        assert_eq!(refused(client.ask("workspace/executeCommand", parameters)).0, -32602, "{arguments}");
    }
}
