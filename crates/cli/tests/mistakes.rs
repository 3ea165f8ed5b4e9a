//! corpus/mistakes: what people write by mistake, and what they are told. With `BLESS=1` the answers are written, so
//! that a message changes only on purpose; what a message must say, and the line it must be about, stays.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::common::{corpus, directories, name, run};
use contentcheck::exit::Exit;
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Finding, Gathered};

/// A page of mistakes of one kind.
#[derive(Debug)]
struct Page {
    /// The lines before the first mistake.
    head: String,
    mistakes: Vec<Mistake>,
    /// The page as it is in the corpus.
    text: String,
}

#[derive(Debug, Default)]
struct Mistake {
    title: String,
    /// What differs from the sound file.
    diff: Vec<String>,
    /// Words that the answer must have, because they lead to the right change.
    needed: Vec<String>,
}

/// A file with the mistake in it.
#[derive(Debug)]
struct Written {
    text: String,
    /// The lines that the answer may point at, from 1.
    wrong: BTreeSet<usize>,
}

impl Page {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut page = Self { head: String::new(), mistakes: Vec::new(), text: text.clone() };
        let mut fence = None;
        for line in text.lines() {
            match (fence, page.mistakes.last_mut()) {
                (Some(_), _) if line == "```" => fence = None,
                (Some("diff"), Some(mistake)) => mistake.diff.push(line.to_owned()),
                (Some(_), _) => {}
                (None, _) if line.starts_with("## ") => {
                    let title = line.trim_start_matches("## ").to_owned();
                    page.mistakes.push(Mistake { title, ..Mistake::default() });
                }
                (None, None) => page.head = format!("{}{line}\n", page.head),
                (None, Some(mistake)) => match (line.strip_prefix("```"), line.strip_prefix("> ")) {
                    (Some(kind), _) => fence = Some(kind),
                    (None, Some(words)) => mistake.needed.push(words.to_owned()),
                    (None, None) => assert!(line.is_empty(), "{}: {line}", path.display()),
                },
            }
        }
        page
    }

    /// The page with the answers of today.
    fn with_answers(&self, answers: &[String]) -> String {
        let mut text = format!("{}\n", self.head.trim_end());
        for (mistake, answer) in self.mistakes.iter().zip(answers) {
            let _ = write!(text, "\n## {}\n```diff\n", mistake.title);
            mistake.diff.iter().for_each(|line| {
                let _ = writeln!(text, "{line}");
            });
            text.push_str("```\n");
            mistake.needed.iter().for_each(|words| {
                let _ = writeln!(text, "> {words}");
            });
            let _ = write!(text, "```text\n{answer}```\n");
        }
        text
    }
}

impl Mistake {
    /// The sound file with the mistake in it; the mistake alone where the diff has nothing of the sound file.
    fn written(&self, sound: &str) -> Written {
        let mut lines: Vec<&str> = sound.lines().collect();
        if self.diff.iter().all(|line| line.starts_with(['+', '!'])) {
            lines = Vec::new();
        }
        let mut marked: BTreeSet<usize> = BTreeSet::new();
        for hunk in self.diff.split(|line| line == "@@") {
            let of = |marks: &[char]| -> Vec<&str> {
                hunk.iter().filter(|line| line.starts_with(marks)).map(|line| line.get(2..).unwrap_or("")).collect()
            };
            let (before, after) = (of(&[' ', '-']), of(&[' ', '+', '!']));
            let places: Vec<usize> =
                (0..=lines.len()).filter(|at| lines.get(*at..at + before.len()) == Some(&before)).collect();
            let at = match places[..] {
                [only] => only,
                _ if before.is_empty() && lines.is_empty() => 0,
                _ => panic!("{}: the hunk fits at {places:?}", self.title),
            };
            let shifted = |line: usize| if line < at { line } else { line + after.len() - before.len() };
            marked = marked.into_iter().map(shifted).collect();
            let kept = hunk.iter().filter(|line| !line.starts_with('-')).enumerate();
            marked.extend(kept.filter(|(_, line)| line.starts_with('!')).map(|(offset, _)| at + offset));
            lines.splice(at..at + before.len(), after);
        }
        let mut text = lines.join("\n");
        text.push('\n');
        Written { text, wrong: marked.into_iter().map(|line| line + 1).collect() }
    }
}

/// What the checks say of one file.
fn findings(language: Language, text: &str) -> Vec<Finding> {
    let sources = vec![(Source::new("rule", text.to_owned()), language)];
    let gathered = Gathered { library: contentcheck_library::templates().unwrap(), ..Gathered::of(sources) };
    let judged = gathered.check(&Checking::with_threads(1)).judge();
    judged.findings().to_vec()
}

/// What a person reads: the place, the message, what else is pointed at, and the help.
fn answer(found: &[Finding]) -> String {
    let mut text = String::new();
    for found in found {
        let at = found.source.position(found.span.start);
        let _ = writeln!(text, "{}:{}: {}[{}]: {}", at.line, at.column, found.severity, found.code.id, found.message);
        for label in &found.labels {
            let at = found.source.position(label.span.start);
            let _ = writeln!(text, "  {}:{}: {}", at.line, at.column, label.text);
        }
        if let Some(help) = &found.help {
            let _ = writeln!(text, "  help: {help}");
        }
    }
    text
}

/// The pages of a language, by their paths, and its sound file.
type Group = (Language, String, Vec<(String, Page)>);

fn groups() -> Vec<Group> {
    let mut groups = Vec::new();
    for directory in directories(&corpus("mistakes")) {
        let (language, sound) = match name(&directory).as_str() {
            "native" => (Language::Native, "sound.content"),
            _ => (Language::Sigma, "sound.yml"),
        };
        let mut paths: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
        paths.sort();
        let pages = paths.iter().map(|path| (path.display().to_string(), Page::read(path))).collect();
        groups.push((language, fs::read_to_string(directory.join(sound)).unwrap(), pages));
    }
    groups
}

#[test]
fn the_sound_files_are_sound() {
    for (language, sound, _) in groups() {
        assert_eq!(answer(&findings(language, &sound)), "");
    }
    for file in ["sigma/sound.yml", "native/sound.content"] {
        let path = corpus("mistakes").join(file);
        let (exit, out, _) = run(&["lint", path.to_str().unwrap(), "--no-config", "--deny-warnings", "--show", "info"]);
        assert_eq!((exit, String::from_utf8(out).unwrap().as_str()), (Exit::Fine, ""));
    }
}

#[test]
fn every_mistake_is_answered_where_it_is_with_what_to_write() {
    let mut problems = Vec::new();
    let (mut count, mut led) = (0, 0);
    for (language, sound, pages) in groups() {
        for (path, page) in pages {
            let mut answers = Vec::new();
            for mistake in &page.mistakes {
                let written = mistake.written(&sound);
                let found = findings(language, &written.text);
                let answer = answer(&found);
                let mut wrong = Vec::new();
                for found in &found {
                    let line = found.source.position(found.span.start).line;
                    if !written.wrong.contains(&line) {
                        wrong.push(format!("a finding is about line {line}, not {:?}", written.wrong));
                    }
                }
                if found.is_empty() {
                    wrong.push("nothing is found".to_owned());
                }
                let lacks = mistake.needed.iter().filter(|words| !answer.contains(*words));
                wrong.extend(lacks.map(|words| format!("the answer does not say: {words}")));
                count += 1;
                led += usize::from(wrong.is_empty());
                if !wrong.is_empty() {
                    let diff = mistake.diff.join("\n");
                    problems.push(format!("{path}: {}\n{diff}\n{answer}-> {}", mistake.title, wrong.join("\n-> ")));
                }
                answers.push(answer);
            }
            let made = page.with_answers(&answers);
            if std::env::var_os("BLESS").is_some() {
                fs::write(&path, &made).unwrap();
            } else if made != page.text {
                let diff = similar::TextDiff::from_lines(&page.text, &made);
                problems.push(format!("{path} has other answers\n{}", diff.unified_diff().context_radius(3)));
            }
        }
    }
    assert!(count >= 200, "{count} mistakes");
    assert!(problems.is_empty(), "{led} of {count}\n{}", problems.join("\n\n"));
}
