//! What the lenses of a rule ask: an event on which it fires, the events that it just misses, and its tests.
//!
//! The rule is compiled, with the native files that its template types may be in, and each event is confirmed by its image, as `witness`
//! and `test` do. That takes longer than a check, so it has a thread of its own, and whoever asked may stop it.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contentcheck_analysis::{Analysis, Fires, Witness};
use contentcheck_compiler::{Options, compile};
use contentcheck_model::diagnostic::visible_lines;
use contentcheck_model::language::Language;
use contentcheck_model::lookup;
use contentcheck_model::rule::{CheckedRule, RuleId, Target};
use contentcheck_parser::release::{Checking, Gathered, Shippable, WithErrors};
use contentcheck_parser::sidecar::Expect;
use contentcheck_run::Plan;
use contentcheck_run::proof::{self, Confirmer};
use contentcheck_run::testing::{self, Ended, Seen, Tester};
use crossbeam_channel::{Receiver, Sender};
use lsp_server::RequestId;

use crate::checker::Told;

/// What a lens asks of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    FiresOn,
    JustMisses,
    Tests,
}

impl Question {
    pub(crate) const ALL: [Self; 3] = [Self::FiresOn, Self::JustMisses, Self::Tests];

    /// The command that asks it.
    pub(crate) const fn command(self) -> &'static str {
        match self {
            Self::FiresOn => "contentcheck.firesOn",
            Self::JustMisses => "contentcheck.justMisses",
            Self::Tests => "contentcheck.runTests",
        }
    }
}

/// A question about a rule of a release.
#[derive(Debug)]
pub(crate) struct Examination {
    pub(crate) request: RequestId,
    pub(crate) question: Question,
    /// What was gathered of the release, as far as the rule needs it.
    pub(crate) gathered: Gathered,
    /// The file of the rule.
    pub(crate) file: String,
    /// Its id, name or title.
    pub(crate) rule: String,
    /// Set when nobody wants the answer any more.
    pub(crate) stop: Arc<AtomicBool>,
}

/// An answer, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) title: String,
    pub(crate) text: String,
    /// What the text is, by the name that editors have for it.
    pub(crate) language: &'static str,
}

/// Answers questions until nobody has any more.
pub(crate) fn run(asked: &Receiver<Examination>, told: &Sender<Told>) {
    for examination in asked {
        if examination.stop.load(Ordering::Relaxed) {
            continue;
        }
        let request = examination.request.clone();
        let shown = catch_unwind(AssertUnwindSafe(|| answer(examination)));
        let shown = shown.unwrap_or_else(|_| Err("a fault of contentcheck; the server goes on".to_owned()));
        if told.send(Told::Examined { request, shown }).is_err() {
            return;
        }
    }
}

fn answer(asked: Examination) -> Result<Shown, String> {
    let Examination { question, gathered, file, rule, stop, .. } = asked;
    let judged = gathered.check(&Checking::default()).judge();
    let content = judged.ship(WithErrors::LeaveOut).map_err(|_| "nothing can be compiled".to_owned())?;
    let here: Vec<(RuleId, &Arc<CheckedRule>)> =
        RuleId::count(content.rules()).filter(|(_, known)| known.source.name() == file).collect();
    let found = lookup::find(here.iter().map(|(_, known)| known.names()), &rule);
    let (id, rule) = match found.map(|at| here.get(at.index())) {
        Ok(Some((id, rule))) => (*id, *rule),
        Ok(None) => return Err(format!("there is no rule `{rule}` here")),
        Err(_) if judged.left_out().iter().any(|left| left.source.name() == file) => {
            return Err("what has an error is not compiled: fix what is underlined first".to_owned());
        }
        Err(reason) => return Err(reason.to_string()),
    };
    let image = compile(&content, Options::default()).map_err(|problem| problem.to_string())?;
    let plan = Plan::for_recorder(&content, &image)?;
    let beside = &judged.gathered().beside;
    match question {
        Question::Tests => Ok(tests(&content, &plan, id, rule, beside)),
        Question::FiresOn | Question::JustMisses => Ok(events(&content, &plan, rule, question, stop)),
    }
}

/// The events of a rule, as its language writes them.
fn events(content: &Shippable, plan: &Plan, rule: &CheckedRule, question: Question, stop: Arc<AtomicBool>) -> Shown {
    let confirmer = Confirmer::new(content, plan);
    let confirm = |target: &Target, event: &Witness| confirmer.fires(target, event);
    let mut analysis = Analysis::new(&confirm);
    analysis.about(&rule.source);
    analysis.stop_at(stop);
    let mut page = Page::new(Language::of(rule.source.name()));
    for target in &rule.targets {
        let template = &target.template;
        if question == Question::JustMisses {
            let misses = proof::near_misses(&mut analysis, target);
            if misses.is_empty() {
                page.say(&format!("{template}: no near miss was found"));
            }
            for miss in misses {
                page.say(&format!("{template}, silent for this alone: {}", miss.words));
                page.event(target, &miss.event, false);
            }
            continue;
        }
        match analysis.fires(target) {
            Fires::Yes(event) => {
                page.say(&format!("{template}"));
                page.event(target, &event, true);
            }
            Fires::Never(why) => {
                page.say(&format!("{template}: the rule never fires"));
                why.conflicts.iter().for_each(|conflict| page.say(&format!("  {}", conflict.words)));
            }
            Fires::Unknown(reason) => page.say(&format!("{template}: not known whether the rule fires: {reason}")),
        }
    }
    let title = match question {
        Question::JustMisses => format!("Events that `{}` just misses", rule.title),
        _ => format!("Events on which `{}` fires", rule.title),
    };
    page.shown(title)
}

/// Events with remarks: test blocks for native rules, JSON with comments for Sigma rules.
struct Page {
    language: Language,
    text: String,
}

impl Page {
    fn new(language: Option<Language>) -> Self {
        Self { language: language.unwrap_or(Language::Sigma), text: String::new() }
    }

    fn say(&mut self, words: &str) {
        let sign = match self.language {
            Language::Native => "#",
            Language::Sigma => "//",
        };
        for line in visible_lines(words).lines() {
            // Writing to a string does not fail.
            let _ = writeln!(self.text, "{sign} {line}");
        }
    }

    fn event(&mut self, target: &Target, event: &Witness, fires: bool) {
        if self.language == Language::Native {
            match proof::native(&target.template, event, fires, None) {
                Some(block) => self.text.push_str(&visible_lines(&block)),
                None => self.say(&format!("no test block can say this event: {}", json(target, event, false))),
            }
        } else {
            self.text.push_str(&json(target, event, true));
        }
        self.text.push_str("\n\n");
    }

    fn shown(self, title: String) -> Shown {
        let language = match self.language {
            Language::Native => "contentcheck",
            Language::Sigma => "jsonc",
        };
        Shown { title, text: self.text.trim_end().to_owned() + "\n", language }
    }
}

fn json(target: &Target, event: &Witness, pretty: bool) -> String {
    let value = serde_json::Value::Object(proof::json(&target.template, event));
    if pretty { format!("{value:#}") } else { value.to_string() }
}

/// What became of the tests of a rule: its own, and those of the files beside it.
fn tests(
    content: &Shippable,
    plan: &Plan,
    id: RuleId,
    rule: &CheckedRule,
    beside: &[contentcheck_parser::sidecar::Beside],
) -> Shown {
    let mut tester = Tester::new(plan);
    let mut results = Results::default();
    for (at, test) in rule.tests.iter().enumerate() {
        let seen = tester.own(id, rule, test);
        results.take(&testing::name(rule, at, test), rule, test.fires, &seen, &[]);
    }
    let rules: Vec<&CheckedRule> = content.rules().iter().map(|rule| &**rule).collect();
    for file in beside.iter().filter(|file| file.rules == rule.source.name()) {
        let cases = match &file.cases {
            Ok(cases) => cases,
            Err(reason) => {
                results.failed(&file.file, reason);
                continue;
            }
        };
        let own = file.own(&rules);
        for case in cases.iter().filter(|case| own.rule_of(case).is_ok_and(|of| of == id)) {
            match tester.case(id, rule, case) {
                Ok((seen, notes)) => results.take(&case.name, rule, case.expect == Expect::Fires, &seen, &notes),
                Err(reason) => results.failed(&case.name, &reason),
            }
        }
    }
    results.shown(&rule.title)
}

#[derive(Default)]
struct Results {
    lines: String,
    passed: usize,
    failed: usize,
}

impl Results {
    fn take(&mut self, name: &str, rule: &CheckedRule, fires: bool, seen: &Seen, notes: &[String]) {
        match seen.ended(rule, fires) {
            Ended::Passed => {
                self.passed += 1;
                self.line("ok", name);
            }
            Ended::Failed(message) => {
                self.failed(name, &message);
                seen.why.iter().flat_map(|why| why.lines()).for_each(|line| self.line("", line));
            }
            Ended::Fault(message) => self.failed(name, &format!("the evaluators do not agree: {message}")),
        }
        notes.iter().for_each(|note| self.line("", &format!("note: {note}")));
    }

    fn failed(&mut self, name: &str, message: &str) {
        self.failed += 1;
        self.line("FAILED", name);
        self.line("", message);
    }

    fn line(&mut self, word: &str, text: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.lines, "{word:<6}  {}", visible_lines(text));
    }

    fn shown(self, rule: &str) -> Shown {
        let title = match self.passed + self.failed {
            0 => format!("`{rule}` has no tests"),
            _ => format!("Tests of `{rule}`: {} passed, {} failed", self.passed, self.failed),
        };
        Shown { title, text: self.lines, language: "plaintext" }
    }
}
