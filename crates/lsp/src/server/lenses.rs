//! Lenses: what can be asked of a rule, above it; and the answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contentcheck_model::diagnostic::clip;
use gen_lsp_types::{CodeLensParams, ExecuteCommandParams};
use lsp_server::{ErrorCode, Request, RequestId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Refusal, Server, read};
use crate::checker::Job;
use crate::examine::{Question, Shown};
use crate::positions::Lines;

/// A request for which a rule is examined. Nobody wants the answer once this is gone.
pub(super) struct Examined {
    uri: String,
    stop: Arc<AtomicBool>,
}

impl Drop for Examined {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// What a command is about.
#[derive(Deserialize)]
struct About {
    uri: String,
    rule: String,
}

impl Server<'_> {
    /// The lenses of a file: of each rule that can be read.
    pub(super) fn lenses(&mut self, request: Request) -> Option<Answer> {
        let asked: CodeLensParams = match read(request.params.clone()) {
            Ok(asked) => asked,
            Err(refusal) => return Some(Err(refusal)),
        };
        let uri = asked.text_document.uri.0;
        let (document, snapshot) = match self.checked(&request, &uri)? {
            Some(known) => known,
            None => return Some(Ok(json!([]))),
        };
        let name = snapshot.name(&document.path);
        let lines = Lines::new(&document.text, self.client.encoding);
        let has_file_of_tests = snapshot.tested.contains(&name);
        let mut lenses = Vec::new();
        for rule in snapshot.rules.iter().filter(|rule| rule.source.name() == name) {
            let range = lines.range(rule.span);
            let mut offer = |title: &str, question: Question| {
                let arguments = json!([{"uri": uri, "rule": rule.name}]);
                let command = json!({"title": title, "command": question.command(), "arguments": arguments});
                lenses.push(json!({"range": range, "command": command}));
            };
            offer("fires on", Question::FiresOn);
            offer("just misses", Question::JustMisses);
            if has_file_of_tests || !rule.tests.is_empty() {
                offer("run tests", Question::Tests);
            }
        }
        Some(Ok(Value::Array(lenses)))
    }

    /// Carries out the command of a lens. The answer comes later.
    pub(super) fn examine(&mut self, request: Request) -> Option<Answer> {
        let invalid = |text: String| Some(Err(Refusal(ErrorCode::InvalidParams, text)));
        let asked: ExecuteCommandParams = match read(request.params.clone()) {
            Ok(asked) => asked,
            Err(refusal) => return Some(Err(refusal)),
        };
        let Some(question) = Question::ALL.into_iter().find(|question| question.command() == asked.command) else {
            return invalid(format!("there is no command `{}`", clip(&asked.command)));
        };
        let about: About = match asked.arguments.and_then(|arguments| arguments.into_iter().next()) {
            Some(first) => match read(json!(first)) {
                Ok(about) => about,
                Err(refusal) => return Some(Err(refusal)),
            },
            None => return invalid("the command is about a rule: {\"uri\": URI, \"rule\": NAME}".to_owned()),
        };
        let Some(document) = self.documents.get(&about.uri).cloned() else {
            return invalid("the file of the rule is not open".to_owned());
        };
        if let Err(refusal) = self.snapshot(&request, &document, true)? {
            return Some(Err(refusal));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let examined = Examined { uri: about.uri, stop: Arc::clone(&stop) };
        self.examined.insert(request.id.clone(), examined);
        let (root, path) = (document.root, document.path);
        let _ = self.jobs.send(Job::Examine { root, path, rule: about.rule, question, request: request.id, stop });
        None
    }

    /// Gives up what is asked of rules in a file: it is another one by now.
    pub(super) fn drop_examined(&mut self, uri: &str) {
        let of = |examined: &Examined| examined.uri == uri;
        let gone: Vec<RequestId> =
            self.examined.iter().filter(|(_, examined)| of(examined)).map(|(id, _)| id.clone()).collect();
        for id in gone {
            self.examined.remove(&id);
            self.answer(id, Err(Refusal(ErrorCode::ContentModified, "the file was edited".to_owned())));
        }
    }

    /// Answers what was asked of a rule.
    pub(super) fn show(&mut self, request: RequestId, shown: Result<Shown, String>) {
        if self.examined.remove(&request).is_none() {
            return;
        }
        match shown {
            Ok(Shown { title, text, language }) => {
                if !self.client.shows_answers {
                    let message = format!("{title}\n{text}");
                    self.notify("window/showMessage", json!({"type": 3, "message": message.trim_end()}));
                }
                self.answer(request, Ok(json!({"title": title, "text": text, "language": language})));
            }
            Err(reason) => self.answer(request, Err(Refusal(ErrorCode::RequestFailed, reason))),
        }
    }
}
