//! The conformance corpus: rules, events and whether the rule fires, for every engine.
//!
//! The format is described in corpus/conformance/README.md. This module reads it and checks the
//! rules, so that the tests of an engine only have to run it and compare.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contentcheck_model::field::FieldRef;
use contentcheck_model::language::Language;
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value;
use contentcheck_parser::release::{Checking, Gathered, Shippable, WithErrors};
use serde::Deserialize;

use crate::event::Event;

/// Bytes that a text of the corpus may have once its repeats are written out.
const TEXT_BYTES: usize = 4 << 20;

/// One file of the corpus with its rules checked.
#[derive(Debug)]
pub struct Suite {
    /// Name of the file.
    pub name: String,
    content: Shippable,
    cases: Vec<Case>,
}

/// One event and what a rule must say of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// File, rule and number of the case, for messages.
    pub name: String,
    /// Why the answer is what it is; empty where the corpus says nothing.
    pub why: String,
    /// Ids of docs/semantics.md that the case shows; at least one.
    pub shows: Vec<String>,
    /// The event.
    pub event: Event,
    /// Whether the rule fires.
    pub expect: bool,
    rule: usize,
    target: usize,
}

/// What is wrong with a file of the corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl Suite {
    /// Reads a file of the corpus from its text.
    ///
    /// # Errors
    /// If it is not of the format, a rule has an error, or an event does not fit the template type.
    pub fn read(name: &str, text: &str) -> Result<Self, Failure> {
        let file: File = toml::from_str(text).map_err(|error| Failure(format!("{name}: {error}")))?;
        let (content, order) = file.check(name)?;
        let mut cases = Vec::new();
        for (at, rule) in file.in_order().into_iter().enumerate() {
            let fail = |what: String| Failure(format!("{name}, rule `{}`: {what}", rule.name));
            let number = order.get(at).copied().unwrap_or(usize::MAX);
            let checked = content.rules().get(number).ok_or_else(|| fail("it is not in the content".to_owned()))?;
            let asked = rule.template.as_deref().unwrap_or(&file.template);
            let target = checked.targets.iter().position(|target| target.template.to_string() == asked);
            let target = target.ok_or_else(|| fail(format!("it does not run on `{asked}`")))?;
            let template = checked.targets.get(target).map(|target| &*target.template);
            let template = template.ok_or_else(|| fail("it has no target".to_owned()))?;
            for (at, case) in rule.case.iter().enumerate() {
                let case_name = format!("{name}, rule `{}`, case {}", rule.name, at + 1);
                let fail = |what: String| Failure(format!("{case_name}: {what}"));
                let shows = case.shows.clone().unwrap_or_else(|| rule.shows.clone());
                if shows.is_empty() {
                    return Err(fail("it names no id of the semantics".to_owned()));
                }
                let event = case.event(template).map_err(fail)?;
                let why = case.why.clone().or_else(|| rule.why.clone()).unwrap_or_default();
                cases.push(Case { name: case_name, why, shows, event, expect: case.expect, rule: number, target });
            }
        }
        Ok(Self { name: name.to_owned(), content, cases })
    }

    /// The rules of the file.
    #[must_use]
    pub const fn content(&self) -> &Shippable {
        &self.content
    }

    /// The cases of the file, in the order of the rules of [`Suite::content`].
    #[must_use]
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The rule and the target of a case. `None` for a case of another file.
    #[must_use]
    pub fn target(&self, case: &Case) -> Option<(&CheckedRule, &Target)> {
        let rule = self.content.rules().get(case.rule)?;
        Some((rule, rule.targets.get(case.target)?))
    }
}

impl Case {
    /// Indices of the rule in [`Shippable::rules`] and of the target in its targets.
    #[must_use]
    pub const fn place(&self) -> (usize, usize) {
        (self.rule, self.target)
    }
}

/// Where the corpus lies in the checkout that this crate was built from.
#[must_use]
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/conformance")
}

/// Reads all files of the corpus, ordered by name.
///
/// # Errors
/// If a file cannot be read, or [`Suite::read`] refuses it.
pub fn load(directory: &Path) -> Result<Vec<Suite>, Failure> {
    let fail = |path: &Path, error: std::io::Error| Failure(format!("{}: {error}", path.display()));
    let entries = fs::read_dir(directory).map_err(|error| fail(directory, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| fail(directory, error))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).map_err(|error| fail(path, error))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Suite::read(&name, &text)
    };
    paths.iter().map(read).collect()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The template type that rules run on if they do not say: `NAME @ VERSION`.
    template: String,
    /// Template types, lists and tables.
    declarations: String,
    /// The log source of `detection`, in YAML.
    #[serde(default)]
    logsource: String,
    rule: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    template: Option<String>,
    when: Option<String>,
    native: Option<String>,
    detection: Option<String>,
    sigma: Option<String>,
    why: Option<String>,
    #[serde(default)]
    shows: Vec<String>,
    case: Vec<Written>,
}

/// The rule, in one of four forms.
#[derive(Clone, Copy, Debug)]
enum Text<'a> {
    /// The condition of a native rule.
    When(&'a str),
    /// A whole native rule.
    Native(&'a str),
    /// The detections of a Sigma rule.
    Detection(&'a str),
    /// A whole Sigma rule.
    Sigma(&'a str),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    event: toml::Table,
    #[serde(default)]
    others: Vec<toml::Value>,
    expect: bool,
    why: Option<String>,
    shows: Option<Vec<String>>,
}

impl Rule {
    const fn is_native(&self) -> bool {
        self.when.is_some() || self.native.is_some()
    }

    fn text(&self) -> Option<Text<'_>> {
        match (&self.when, &self.native, &self.detection, &self.sigma) {
            (Some(text), None, None, None) => Some(Text::When(text)),
            (None, Some(text), None, None) => Some(Text::Native(text)),
            (None, None, Some(text), None) => Some(Text::Detection(text)),
            (None, None, None, Some(text)) => Some(Text::Sigma(text)),
            _ => None,
        }
    }
}

impl File {
    /// The rules in the order in which they are checked: native ones first.
    fn in_order(&self) -> Vec<&Rule> {
        let (native, sigma): (Vec<&Rule>, Vec<&Rule>) = self.rule.iter().partition(|rule| rule.is_native());
        native.into_iter().chain(sigma).collect()
    }

    /// The rules, and the place among them of each in the order in which they are checked.
    fn check(&self, name: &str) -> Result<(Shippable, Vec<usize>), Failure> {
        let mut native = format!("{}\n", self.declarations);
        let mut sources = Vec::new();
        for (at, rule) in self.in_order().into_iter().enumerate() {
            let id = format!("00000000-0000-4000-8000-{at:012}");
            let title = &rule.name;
            let text = rule.text().ok_or_else(|| {
                Failure(format!("{name}, rule `{title}`: it has one of `when`, `native`, `detection` and `sigma`"))
            })?;
            match text {
                Text::Native(text) => native.push_str(&format!("{text}\n")),
                Text::When(condition) => {
                    let template = rule.template.as_ref().unwrap_or(&self.template);
                    native.push_str(&format!(
                        "rule conformance_{at} {{\n    id: \"{id}\"\n    title: \"{title}\"\n    template: {template}\n    \
                         severity: low\n    when {condition}\n}}\n"
                    ));
                }
                Text::Sigma(text) => {
                    sources.push((Source::new(format!("{name}: {at:04} {title}.yml"), text), Language::Sigma));
                }
                Text::Detection(detection) => {
                    let indented: String = detection.lines().map(|line| format!("    {line}\n")).collect();
                    let logsource = &self.logsource;
                    let text = format!(
                        "title: '{title}'\nid: {id}\nstatus: test\nlogsource: {logsource}\ndetection:\n{indented}level: low\n"
                    );
                    sources.push((Source::new(format!("{name}: {at:04} {title}.yml"), text), Language::Sigma));
                }
            }
        }
        sources.insert(0, (Source::new(format!("{name}: 0000.content"), native), Language::Native));
        let judged = Gathered::of(sources).check(&Checking::default()).judge();
        if let Some(error) = judged.errors().next() {
            let place = error.source.slice(error.span);
            return Err(Failure(format!("{}: {} {}: `{place}`", error.source.name(), error.code.id, error.message)));
        }
        let unshippable = |_| Failure(format!("{name}: it has rules that cannot run"));
        let content = judged.ship(WithErrors::Refuse).map_err(unshippable)?;
        let (expected, found) = (self.rule.len(), content.rules().len());
        if expected != found {
            return Err(Failure(format!("{name}: of {expected} rules {found} can be run")));
        }
        let place = |rule| content.rules().iter().position(|other| Arc::ptr_eq(rule, other));
        let order = judged.checked().rules().iter().filter_map(place).collect();
        Ok((content, order))
    }
}

impl Written {
    fn event(&self, template: &TemplateType) -> Result<Event, String> {
        let mut event = Event::empty(template);
        for (name, written) in &self.event {
            let field = field(template, name).ok_or_else(|| format!("`{template}` has no field `{name}`"))?;
            event.set(&field, Some(value(written).map_err(|what| format!("`{name}`: {what}"))?));
        }
        for written in &self.others {
            event.others.push(value(written)?);
        }
        Ok(event)
    }
}

fn field(template: &TemplateType, name: &str) -> Option<FieldRef> {
    Some(template.named(name)).filter(|field| template.open || !field.is_undeclared())
}

fn value(written: &toml::Value) -> Result<Value, String> {
    Ok(match written {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(number) => Value::Int(*number),
        toml::Value::Float(float) => Value::Float(*float),
        toml::Value::Boolean(truth) => Value::Bool(*truth),
        toml::Value::Array(elements) => {
            if elements.iter().any(toml::Value::is_array) {
                return Err("a list holds no lists".to_owned());
            }
            Value::List(elements.iter().map(value).collect::<Result<_, _>>()?)
        }
        toml::Value::Table(table) => built(table)?,
        toml::Value::Datetime(_) => return Err("write a time as a text".to_owned()),
    })
}

/// A value that TOML cannot write, or not shortly.
fn built(table: &toml::Table) -> Result<Value, String> {
    let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
    let only = |keys: &[&str]| table.len() == keys.len() && keys.iter().all(|key| table.contains_key(*key));
    if let (Some(digits), true) = (text("hex"), only(&["hex"])) {
        let pairs = digits.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        });
        return pairs.collect::<Option<_>>().map(Value::Bytes).ok_or_else(|| format!("`{digits}` is not hexadecimal"));
    }
    if let (Some(address), true) = (text("ip"), only(&["ip"])) {
        return address.parse().map(Value::Ip).map_err(|_| format!("`{address}` is no address"));
    }
    if let (Some(part), Some(times), true) =
        (text("repeat"), table.get("times").and_then(toml::Value::as_integer), only(&["repeat", "times"]))
    {
        let times = usize::try_from(times).map_err(|_| "a text is not repeated so often".to_owned())?;
        if part.len().saturating_mul(times) > TEXT_BYTES {
            return Err("the text is too long".to_owned());
        }
        return Ok(Value::String(part.repeat(times)));
    }
    if let (Some(parts), true) = (table.get("concat").and_then(toml::Value::as_array), only(&["concat"])) {
        let mut whole = String::new();
        for part in parts {
            let Value::String(part) = value(part)? else { return Err("only strings are joined".to_owned()) };
            if whole.len().saturating_add(part.len()) > TEXT_BYTES {
                return Err("the text is too long".to_owned());
            }
            whole.push_str(&part);
        }
        return Ok(Value::String(whole));
    }
    Err("a value is one of `hex`, `ip`, `repeat` with `times`, `concat`".to_owned())
}
