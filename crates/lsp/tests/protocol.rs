//! What the server does with its life, with documents, and with findings.

use crate::common::{Client, Release, able, position, pulling};
use contentcheck_lsp::Ended;
use lsp_server::{Message, RequestId};
use serde_json::{Value, json};

fn codes(items: &Value) -> Vec<&str> {
    let mut codes: Vec<&str> = items.as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    codes
}

fn pull(client: &mut Client, uri: &str) -> Value {
    client.ask("textDocument/diagnostic", json!({"textDocument": {"uri": uri}})).unwrap()["items"].clone()
}

#[test]
fn a_life_in_order() {
    let release = Release::new();
    let mut client = Client::start(&release, able());
    assert_eq!(client.initialized["serverInfo"]["name"], "contentcheck");
    assert_eq!(client.ask("no/such", json!({})).unwrap_err().0, -32601);
    assert_eq!(client.ask("textDocument/diagnostic", json!([1])).unwrap_err().0, -32602);
    assert_eq!(client.leave(), Ended::Orderly);
}

#[test]
fn what_comes_after_shutdown_and_before_initialize_is_refused() {
    let (here, there) = lsp_server::Connection::memory();
    let server = std::thread::spawn(move || contentcheck_lsp::serve(&there));
    let ask = |id: i32, method: &str| {
        let request = lsp_server::Request::new(id.into(), method.to_owned(), json!({"capabilities": {}}));
        here.sender.send(Message::Request(request)).unwrap();
        match here.receiver.recv().unwrap() {
            Message::Response(response) => response.response_result.err().map(|error| error.code),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask(1, "textDocument/hover"), Some(-32002));
    assert_eq!(ask(2, "initialize"), None);
    assert_eq!(ask(3, "shutdown"), None);
    assert_eq!(ask(4, "textDocument/hover"), Some(-32600));
    drop(here);
    assert_eq!(server.join().unwrap(), Ended::Orderly);
}

#[test]
fn a_client_that_goes_without_a_word_ends_the_server() {
    let (here, there) = lsp_server::Connection::memory();
    let server = std::thread::spawn(move || contentcheck_lsp::serve(&there));
    drop(here);
    assert_eq!(server.join().unwrap(), Ended::Abandoned);
}

#[test]
fn findings_are_pushed_for_open_files_and_for_others() {
    let release = Release::new();
    let mut client = Client::start(&release, able());
    let shell = client.open(&release, "rules/shell.content");
    let found = client.next_push(&shell);
    assert_eq!(codes(&found), ["CC0202"]);
    assert_eq!(found[0]["range"]["start"], json!({"line": 16, "character": 9}));
    assert!(found[0]["message"].as_str().unwrap().ends_with("help: did you mean `image`?"));
    assert!(found[0]["codeDescription"]["href"].as_str().unwrap().ends_with("docs/errors.md#cc0202-unknown-field"));
    // A file that nobody opened has findings too.
    let curl = release.uri("rules/curl.yml");
    client.until(|client| client.pushed.contains_key(&curl));
    assert!(codes(&client.pushed[&curl].0).contains(&"CC0713"));
    // An edit that gives a rule the id of another concerns both files.
    client.replace(&shell, "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11", "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51");
    let found = client.next_push(&shell);
    assert_eq!(codes(&found), ["CC0202", "CC0702"]);
    let first = found.as_array().unwrap().iter().find(|item| item["code"] == "CC0702").unwrap();
    assert_eq!(first["relatedInformation"][0]["location"]["uri"], curl);
    // What is fixed goes away.
    client.replace(&shell, "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51", "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11");
    client.replace(&shell, "imag ==", "image ==");
    assert_eq!(client.next_push(&shell), json!([]));
}

#[test]
fn an_edit_of_a_template_type_is_told_in_the_files_of_its_rules() {
    let release = Release::new();
    let mut client = Client::start(&release, able());
    let templates = client.open(&release, "rules/templates.content");
    let curl = release.uri("rules/curl.yml");
    client.until(|client| client.pushed.contains_key(&curl));
    client.replace(&templates, "command_line", "arguments");
    let found = client.next_push(&curl);
    assert!(codes(&found).contains(&"CC0202"), "{found}");
}

#[test]
fn findings_are_answered_where_the_client_asks() {
    let release = Release::new();
    let mut client = Client::start(&release, pulling());
    assert_eq!(client.initialized["capabilities"]["diagnosticProvider"]["interFileDependencies"], true);
    let shell = client.open(&release, "rules/shell.content");
    let first = client.ask("textDocument/diagnostic", json!({"textDocument": {"uri": shell}})).unwrap();
    assert_eq!(codes(&first["items"]), ["CC0202"]);
    let again = json!({"textDocument": {"uri": shell}, "previousResultId": first["resultId"]});
    assert_eq!(client.ask("textDocument/diagnostic", again.clone()).unwrap()["kind"], "unchanged");
    client.replace(&shell, "imag ==", "image ==");
    assert_eq!(client.ask("textDocument/diagnostic", again).unwrap()["items"], json!([]));
    // Files that are not open are pushed, and taken back when they are opened: from then on the client asks.
    let curl = release.uri("rules/curl.yml");
    client.until(|client| client.pushed.contains_key(&curl));
    client.open(&release, "rules/curl.yml");
    assert!(codes(&pull(&mut client, &curl)).contains(&"CC0713"));
    assert_eq!(client.pushed[&curl].0, json!([]));
    assert!(!client.pushed.contains_key(&shell));
    // An edit of one file that concerns another makes the client ask again.
    client.said.clear();
    client.replace(&shell, "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11", "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51");
    pull(&mut client, &shell);
    client.replace(&curl, "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51", "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f99");
    let refresh =
        |message: &Message| matches!(message, Message::Request(of) if of.method == "workspace/diagnostic/refresh");
    client.until(|client| client.said.iter().any(refresh));
    assert_eq!(pull(&mut client, &shell), json!([]));
}

/// Asks for what is found in a file, with something said right behind that makes it refuse to answer. It may have answered before it heard of
/// that, with what was found in the text that it was asked about (`known`), and is asked again.
fn refused(
    release: &Release,
    code: i32,
    known: bool,
    behind: impl Fn(&mut Client, &str, &RequestId),
) -> (Client, String) {
    const TRIES: usize = 200;
    for _ in 0..TRIES {
        let mut client = Client::start(release, pulling());
        let shell = client.open(release, "rules/shell.content");
        if !known {
            client.replace(&shell, "imag ==", "image ==");
        }
        let asked = client.begin("textDocument/diagnostic", json!({"textDocument": {"uri": shell}}));
        behind(&mut client, &shell, &asked);
        match client.end(&asked) {
            Err((found, _)) => {
                assert_eq!(found, code);
                return (client, shell);
            }
            Ok(answer) => assert_eq!(answer["items"] != json!([]), known, "{answer}"),
        }
    }
    panic!("{TRIES} requests were answered all the same");
}

#[test]
fn stale_answers_are_dropped_and_requests_cancelled() {
    let release = Release::new();
    let (mut client, shell) =
        refused(&release, -32801, true, |client, shell, _| client.replace(shell, "imag ==", "image =="));
    let second = client.ask("textDocument/diagnostic", json!({"textDocument": {"uri": shell}}));
    assert_eq!(second.unwrap()["items"], json!([]));
    refused(&release, -32800, true, |client, _, asked| {
        client.tell("$/cancelRequest", json!({"id": serde_json::to_value(asked).unwrap()}));
    });
    // Whoever waits for a file that is closed is not left waiting.
    refused(&release, -32801, false, |client, shell, _| client.close(shell));
}

#[test]
fn positions_are_counted_as_the_client_counts() {
    for (encoding, character) in [("utf-8", 29), ("utf-16", 24)] {
        let release = Release::new();
        release.write("rules/wide.content", "# one\nlist a = [\"\u{1f600}\u{e4}\u{1f600}\"] list a = [\"x\"]\n");
        let mut able = able();
        able["general"]["positionEncodings"] = json!([encoding, "utf-16"]);
        let mut client = Client::start(&release, able);
        assert_eq!(client.initialized["capabilities"]["positionEncoding"], encoding);
        let wide = client.open(&release, "rules/wide.content");
        let found = client.next_push(&wide);
        let twice = found.as_array().unwrap().iter().find(|item| item["code"] == "CC0206").expect("declared twice");
        assert_eq!(twice["range"]["start"], json!({"line": 1, "character": character}));
    }
}

#[test]
fn what_changes_on_the_disk_is_seen() {
    let release = Release::new();
    let mut client = Client::start(&release, able());
    let shell = client.open(&release, "rules/shell.content");
    client.next_push(&shell);
    let curl = release.uri("rules/curl.yml");
    client.until(|client| client.pushed.contains_key(&curl));
    let changed = |client: &Client, file: &str, kind: u32| {
        client.tell("workspace/didChangeWatchedFiles", json!({"changes": [{"uri": release.uri(file), "type": kind}]}));
    };
    // A file that is not open.
    release.write("rules/curl.yml", &release.read("rules/curl.yml").replace("user: root", "usr: root"));
    changed(&client, "rules/curl.yml", 2);
    assert!(codes(&client.next_push(&curl)).contains(&"CC0202"));
    // A new file, and one that is gone.
    release.write("rules/new.content", "rule x {\n}\n");
    changed(&client, "rules/new.content", 1);
    let new = release.uri("rules/new.content");
    assert!(codes(&client.next_push(&new)).contains(&"CC0701"));
    std::fs::remove_file(release.path("rules/new.content")).unwrap();
    changed(&client, "rules/new.content", 3);
    assert_eq!(client.next_push(&new), json!([]));
    // A sensor that supplies less.
    let manifest = release.read("sensors/acme-1.json").replace("command_line", "arguments");
    release.write("sensors/acme-1.json", &manifest);
    changed(&client, "sensors/acme-1.json", 2);
    assert!(codes(&client.next_push(&shell)).contains(&"CC0401"));
    // Settings that are wrong are told, and nothing else is said until they are right.
    let settings = release.uri("contentcheck.toml");
    release.write("contentcheck.toml", "fleat = []\n");
    changed(&client, "contentcheck.toml", 2);
    assert!(client.next_push(&settings)[0]["message"].as_str().unwrap().contains("did you mean `fleet`?"));
    assert_eq!(client.pushed[&shell].0, json!([]));
    release.write("contentcheck.toml", "[severity]\nCC0202 = \"info\"\n");
    changed(&client, "contentcheck.toml", 2);
    let found = client.next_push(&shell);
    assert_eq!((codes(&found), &found[0]["severity"]), (vec!["CC0202"], &json!(3)));
    client.until(|client| client.pushed[&settings].0 == json!([]));
}

#[test]
fn a_file_that_is_left_out_has_no_findings_and_one_that_is_new_has() {
    let release = Release::new();
    release.write("contentcheck.toml", "exclude = [\"drafts/\"]\n");
    release.write("drafts/a.content", "rule x {\n}\n");
    let mut client = Client::start(&release, pulling());
    let draft = client.open(&release, "drafts/a.content");
    assert_eq!(pull(&mut client, &draft), json!([]));
    client.replace(&draft, "rule x", "rule y");
    assert_eq!(pull(&mut client, &draft), json!([]));
    let new = client.open_with(&release.uri("rules/unsaved.content"), "rule x {\n}\n");
    assert!(codes(&pull(&mut client, &new)).contains(&"CC0701"));
    client.close(&new);
    let shell = client.open(&release, "rules/shell.content");
    assert!(!pull(&mut client, &shell).as_array().unwrap().is_empty());
}

/// What is advertised for all files is asked for YAML too, for which an editor has other servers.
#[test]
fn formatting_and_tokens_are_registered_for_native_files_where_the_client_can() {
    let release = Release::new();
    let advertised = |client: &Client| {
        let of = &client.initialized["capabilities"];
        ["documentFormattingProvider", "semanticTokensProvider"].map(|name| !of[name].is_null())
    };
    let mut plain = Client::start(&release, able());
    plain.ask("test/nothing", json!({})).unwrap_err();
    assert_eq!((advertised(&plain), plain.said.len()), ([true, true], 0));
    let mut capabilities = able();
    for what in ["formatting", "semanticTokens"] {
        capabilities["textDocument"][what] = json!({"dynamicRegistration": true});
    }
    let mut client = Client::start(&release, capabilities);
    client.until(|client| !client.said.is_empty());
    assert_eq!(advertised(&client), [false, false]);
    let [Message::Request(request)] = client.said.as_slice() else { panic!("{:?}", client.said) };
    assert_eq!(request.method, "client/registerCapability");
    let registered: Vec<(&str, &str)> = request.params["registrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let files = &one["registerOptions"]["documentSelector"][0]["pattern"];
            (one["method"].as_str().unwrap(), files.as_str().unwrap())
        })
        .collect();
    let native = "**/*.content";
    assert_eq!(registered, [("textDocument/formatting", native), ("textDocument/semanticTokens", native)]);
}

#[test]
fn yaml_that_is_no_content_is_left_alone_where_no_settings_say_otherwise() {
    let release = Release::empty();
    release.write("compose.yml", "services:\n  a: {image: b}\n");
    release.write("workflow.yml", "name: x\non:\n  push:\nfilter:\n  a: b\n");
    release.write("rule.yml", "title: x\ndetection:\n  a: {b: c}\n");
    release.write("begun.yml", "title: x\n");
    let mut client = Client::start(&release, pulling());
    let completed = |client: &mut Client, uri: &str| {
        let place = json!({"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}});
        let found = client.ask("textDocument/completion", place).unwrap();
        !found.get("items").unwrap_or(&found).as_array().unwrap().is_empty()
    };
    let other = client.open(&release, "compose.yml");
    let workflow = client.open(&release, "workflow.yml");
    for uri in [&other, &workflow] {
        assert_eq!((pull(&mut client, uri), completed(&mut client, uri)), (json!([]), false), "{uri}");
    }
    let rule = client.open(&release, "rule.yml");
    assert!(!pull(&mut client, &rule).as_array().unwrap().is_empty() && completed(&mut client, &rule));
    let begun = client.open(&release, "begun.yml");
    assert!(completed(&mut client, &begun), "a rule begins with its title");
    release.write("contentcheck.toml", "");
    let event = json!({"changes": [{"uri": release.uri("contentcheck.toml"), "type": 1}]});
    client.tell("workspace/didChangeWatchedFiles", event);
    assert!(!pull(&mut client, &other).as_array().unwrap().is_empty());
}

#[test]
fn what_is_no_content_is_refused_as_lint_does() {
    let release = Release::new();
    let mut client = Client::start(&release, pulling());
    let shell = client.open(&release, "rules/shell.content");
    for (text, code) in [("", "CC0102"), ("\u{1}", "CC0104"), (&*"x".repeat(5 << 20), "CC0101")] {
        let all = client.texts[&shell].0.len();
        client.edit(&shell, 0..all, text);
        assert_eq!(codes(&pull(&mut client, &shell)), [code]);
    }
    let all = client.texts[&shell].0.len();
    client.edit(&shell, 0..all, &release.read("rules/shell.content"));
    assert_eq!(codes(&pull(&mut client, &shell)), ["CC0202"]);
}

#[test]
fn edits_beyond_a_file_and_of_unknown_files_do_no_harm() {
    let release = Release::new();
    let mut client = Client::start(&release, pulling());
    let shell = client.open(&release, "rules/shell.content");
    let change =
        |uri: &str, change: Value| json!({"textDocument": {"uri": uri, "version": 7}, "contentChanges": [change]});
    let far = json!({"start": {"line": 4_000_000_000_u32, "character": 9}, "end": {"line": 0, "character": 4_000_000_000_u32}});
    client.tell("textDocument/didChange", change(&shell, json!({"range": far, "text": "\n"})));
    client.tell("textDocument/didChange", change("file:///no/such.content", json!({"text": "x"})));
    client.tell("textDocument/didChange", json!({"textDocument": 1}));
    client.tell("textDocument/didClose", json!({"textDocument": {"uri": "file:///no/such.content"}}));
    assert_eq!(codes(&pull(&mut client, &shell)), ["CC0202"]);
    assert_eq!(position("a\n\u{1f600}b", 6), json!({"line": 1, "character": 2}));
    client.leave();
}
