//! `contentcheck diff`: what changed between two releases, and what the changes mean.

mod markdown;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use contentcheck_analysis::{Analysis, Difference, Example, Relation, Unknown, Witness, onto};
use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::diagnostic::visible;
use contentcheck_model::rule::{CheckedRule, Identity, Target};
use contentcheck_model::template::{Field, TemplateType};
use contentcheck_run::proof::{self, Confirmer};
use schemars::JsonSchema;
use serde::Serialize;

use super::prove::{EventObject, event_line};
use super::{plural, written};
use crate::Streams;
use crate::args::{CompileOptions, Diff, DiffFormat, Inputs};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::{self, Release, talk};
use crate::rule_name::RuleName;

/// What `diff --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffReport {
    /// Format of this report: 1.
    pub format: u32,
    /// Rules that only the newer release has.
    pub added: Vec<RuleName>,
    /// Rules that only the older release has.
    pub removed: Vec<RuleName>,
    /// Rules that are written otherwise.
    pub changed: Vec<Changed>,
    /// Template types that are declared otherwise, by name: which events rules are shown depends on all of them.
    pub templates: Vec<String>,
    /// Template types that only the newer release has, by name.
    pub templates_added: Vec<String>,
    /// Template types that only the older release has, by name.
    pub templates_removed: Vec<String>,
    /// Rules that are written alike.
    pub unchanged: usize,
}

/// A rule that is written otherwise. A line of `--format ndjson`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// The rule as the newer release names it.
    pub rule: RuleName,
    /// What the change means on each template type; empty without `--semantic`.
    pub targets: Vec<ChangedTarget>,
}

/// What a change means on one template type.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedTarget {
    /// The template type, with its version.
    pub template: String,
    /// What it means.
    pub meaning: Meaning,
    /// An event on which only the older rule fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_old: Option<EventObject>,
    /// An event on which only the newer rule fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_new: Option<EventObject>,
    /// Why the meaning is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a change of a condition means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Both fire on the same events: proven.
    Equal,
    /// The newer fires on all events of the older, and on more: proven.
    Wider,
    /// The older fires on all events of the newer, and on more: proven.
    Narrower,
    /// Each fires where the other does not.
    Different,
    /// The rule did not run on this template type before.
    Added,
    /// The rule does not run on this template type any more.
    Removed,
    /// Not known.
    Unknown,
}

impl Meaning {
    const fn words(self) -> &'static str {
        match self {
            Self::Equal => "equal by meaning",
            Self::Wider => "wider",
            Self::Narrower => "narrower",
            Self::Different => "different",
            Self::Added => "new on this template type",
            Self::Removed => "gone from this template type",
            Self::Unknown => "unknown",
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When an input or the configuration is wrong.
pub fn run(arguments: &Diff, streams: &mut Streams<'_>) -> Outcome {
    let Some(old) = load(arguments, &arguments.old, streams)? else { return Ok(Exit::Findings) };
    let Some(new) = load(arguments, &arguments.new, streams)? else { return Ok(Exit::Findings) };
    let (old_plan, new_plan) = (old.plan()?, new.plan()?);
    let (before, after) = (Confirmer::new(&old.content, &old_plan), Confirmer::new(&new.content, &new_plan));
    let confirm = |target: &Target, event: &Witness| {
        match [&before, &after].into_iter().find(|side| side.knows(target)) {
            Some(side) => side.fires(target, event),
            // A rule of the older release on a template type that grew since is in neither image.
            None => proof::fires(target, event),
        }
    };
    let report = compare(&old, &new, arguments.semantic, &mut Analysis::new(&confirm));
    match arguments.format {
        DiffFormat::Human => written(streams.out.write_all(human(&report).as_bytes()))?,
        DiffFormat::Markdown => written(streams.out.write_all(markdown::markdown(&report).as_bytes()))?,
        DiffFormat::Json => {
            let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::internal(error.to_string()))?;
            written(writeln!(streams.out, "{text}"))?
        }
        DiffFormat::Ndjson => {
            for changed in &report.changed {
                let line = serde_json::to_string(changed).map_err(|error| Failure::internal(error.to_string()))?;
                written(writeln!(streams.out, "{line}"))?;
            }
            Exit::Fine
        }
    };
    let (added, removed, changed) = (report.added.len(), report.removed.len(), report.changed.len());
    talk(
        streams,
        &format!(
            "{} added, {removed} removed, {changed} changed, {} unchanged",
            plural(added, "rule"),
            report.unchanged
        ),
    );
    Ok(Exit::Fine)
}

fn load(arguments: &Diff, path: &Path, streams: &mut Streams<'_>) -> Result<Option<Release>, Failure> {
    let inputs = Inputs {
        paths: vec![path.to_path_buf()],
        config: None,
        no_config: arguments.no_config,
        fleet: Vec::new(),
        exclude: Vec::new(),
        threads: arguments.threads,
    };
    let options = CompileOptions { skip_errors: arguments.skip_errors, skip_unsupplied: false };
    release::load(&inputs, &options, true, streams)
}

fn by_identity(release: &Release) -> BTreeMap<Identity, &CheckedRule> {
    release.rules().into_iter().map(|rule| (Identity::of(rule), rule)).collect()
}

fn compare(old: &Release, new: &Release, semantic: bool, analysis: &mut Analysis<'_>) -> DiffReport {
    let (before, after) = (by_identity(old), by_identity(new));
    let [templates_added, templates_removed, templates] = templates(old.content.catalogue(), new.content.catalogue());
    let mut report = DiffReport {
        format: 1,
        added: after.iter().filter(|(key, _)| !before.contains_key(key)).map(|(_, rule)| RuleName::of(rule)).collect(),
        removed: before
            .iter()
            .filter(|(key, _)| !after.contains_key(key))
            .map(|(_, rule)| RuleName::of(rule))
            .collect(),
        changed: Vec::new(),
        templates,
        templates_added,
        templates_removed,
        unchanged: 0,
    };
    for (key, newer) in &after {
        let Some(older) = before.get(key) else { continue };
        let mut targets = Vec::new();
        if semantic {
            let names: BTreeSet<&str> =
                older.targets.iter().chain(&newer.targets).map(|target| target.template.name.as_str()).collect();
            for name in names {
                analysis.about(&newer.source);
                targets.extend(relate(analysis, older.on(name), newer.on(name)));
            }
        }
        // What is written alike can still mean something else where its template type changed.
        let meant_alike = targets.iter().all(|target| target.meaning == Meaning::Equal);
        if written_alike(older, newer) && meant_alike {
            report.unchanged += 1;
        } else {
            report.changed.push(Changed { rule: RuleName::of(newer), targets });
        }
    }
    report
}

/// Whether two rules are written alike, as far as it bears on what they do: title, level, sensors, and the
/// predicates of their conditions. Where in a file they stand does not count.
fn written_alike(old: &CheckedRule, new: &CheckedRule) -> bool {
    let alike = |(old, new): (&Target, &Target)| old.template.name == new.template.name && old.asks_alike(new);
    (&old.title, old.level, &old.sensors) == (&new.title, new.level, &new.sensors)
        && old.targets.len() == new.targets.len()
        && old.targets.iter().zip(&new.targets).all(alike)
}

fn relate(analysis: &mut Analysis<'_>, old: Option<&Target>, new: Option<&Target>) -> Option<ChangedTarget> {
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (Some(only), None) => return Some(one_sided(only, Meaning::Removed)),
        (None, Some(only)) => return Some(one_sided(only, Meaning::Added)),
        (None, None) => return None,
    };
    let moved = onto(old, &new.template);
    let old = moved.as_ref().unwrap_or(old);
    let difference = analysis.difference(old, new);
    let (meaning, reason) = match difference.relation() {
        Relation::Equal => (Meaning::Equal, None),
        Relation::Wider => (Meaning::Wider, None),
        Relation::Narrower => (Meaning::Narrower, None),
        Relation::Different => (Meaning::Different, None),
        Relation::Unknown(Unknown::Templates) => {
            (Meaning::Unknown, Some("the template type changed, so events of one are none of the other".to_owned()))
        }
        Relation::Unknown(reason) => (Meaning::Unknown, Some(reason.to_string())),
    };
    let event = |example: &Example, template: &TemplateType| match example {
        Example::Found(event) => Some(proof::json(template, event)),
        Example::None | Example::Unknown(_) => None,
    };
    let Difference { only_old, only_new } = &difference;
    Some(ChangedTarget {
        template: new.template.to_string(),
        meaning,
        only_old: event(only_old, &old.template),
        only_new: event(only_new, &new.template),
        reason,
    })
}

fn one_sided(target: &Target, meaning: Meaning) -> ChangedTarget {
    ChangedTarget { template: target.template.to_string(), meaning, only_old: None, only_new: None, reason: None }
}

/// How template types differ: which events rules are shown depends on all of them, also on those that no rule is on.
fn templates(before: &Catalogue, after: &Catalogue) -> [Vec<String>; 3] {
    let declared = |of: &Catalogue, name: &str| -> Vec<String> {
        of.versions(name).into_iter().filter_map(|version| of.find(name, version)).map(|one| declaration(one)).collect()
    };
    let (old, new) = (before.names(), after.names());
    let only = |one: &[&str], other: &[&str]| -> Vec<String> {
        one.iter().filter(|name| other.binary_search(name).is_err()).map(|name| (*name).to_owned()).collect()
    };
    let both = new.iter().filter(|name| old.binary_search(name).is_ok());
    let changed = both.filter(|name| declared(before, name) != declared(after, name));
    [only(&new, &old), only(&old, &new), changed.map(|name| (*name).to_owned()).collect()]
}

/// What a template type declares, as far as it bears on events and rules.
fn declaration(template: &TemplateType) -> String {
    let TemplateType { version, fields, header, serves, reads, open, .. } = template;
    let field = |field: &Field| format!("{}: {}", field.name, field.ty);
    let fields: Vec<Option<String>> = fields.iter().map(|one| one.as_ref().map(field)).collect();
    let header: Vec<String> = header.iter().map(field).collect();
    format!("{version} {fields:?} {header:?} {serves:?} {reads:?} {open}")
}

fn human(report: &DiffReport) -> String {
    let mut text = String::new();
    let mut say = |line: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", visible(&line));
    };
    report.removed.iter().for_each(|rule| say(format!("removed  {}", rule.shown())));
    report.added.iter().for_each(|rule| say(format!("added    {}", rule.shown())));
    report.templates_removed.iter().for_each(|name| say(format!("template {name} is gone")));
    report.templates_added.iter().for_each(|name| say(format!("template {name} is new")));
    report.templates.iter().for_each(|name| say(format!("template {name} is declared otherwise")));
    for changed in &report.changed {
        say(format!("changed  {}", changed.rule.shown()));
        for target in &changed.targets {
            let reason = target.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            say(format!("  {}: {}{reason}", target.template, target.meaning.words()));
            for (which, event) in [("older", &target.only_old), ("newer", &target.only_new)] {
                if let Some(event) = event {
                    say(format!("    only the {which} fires on {}", event_line(event)));
                }
            }
        }
    }
    text
}
