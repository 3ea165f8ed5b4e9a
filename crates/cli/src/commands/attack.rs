//! `contentcheck attack`: which ATT&CK techniques rules are about, as their tags say, and which of these rules can fire.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use contentcheck_analysis::{Analysis, Fires};
use contentcheck_model::diagnostic::visible;
use contentcheck_model::metadata::canonical_tag;
use contentcheck_model::rule::{CheckedRule, Identity};
use contentcheck_model::sensor::{Fleet, Sensor};
use contentcheck_parser::release::Checking;
use contentcheck_project::{Project, write};
use contentcheck_run::proof;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{plural, written};
use crate::Streams;
use crate::args::{Attack, AttackFormat};
use crate::exit::{Exit, Failure, Outcome};
use crate::release;
use crate::rule_name::RuleName;

/// What `attack --format json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttackReport {
    /// Format of this report: 1.
    pub format: u32,
    /// By id, such as `T1059.001`.
    pub techniques: Vec<Technique>,
    /// Rules that name no technique.
    pub untagged: u64,
    /// Whether rules were held against the sensors of a fleet: else one counts that no sensor can feed.
    pub fleet: bool,
}

/// A technique that rules are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Technique {
    /// Its id.
    pub technique: String,
    /// Rules that can fire, or of which that is not known.
    pub rules: Vec<RuleName>,
    /// Rules that find nothing, with why.
    pub dead: Vec<Dead>,
}

/// A rule that finds nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dead {
    /// The rule.
    pub rule: RuleName,
    /// Why: a code of an error that keeps it from running, or that no event fulfils it.
    pub why: String,
}

/// Runs the command.
///
/// # Errors
/// When an input that was named is not there, or the configuration is wrong.
pub fn run(arguments: &Attack, streams: &mut Streams<'_>) -> Outcome {
    let selection = release::selection(&arguments.inputs);
    let project = Project::open(&selection)?;
    let read = project.read.clone();
    release::introduce(&project, &project.gathered, streams);
    let fleet = project.gathered.fleet.clone();
    let judged = project.gathered.check(&Checking::with_threads(selection.threads)).judge();
    // What has an error runs nowhere, and the first one says why.
    let mut errors: BTreeMap<Identity, &str> = BTreeMap::new();
    for out in judged.left_out() {
        let code = out.reasons.first().map_or("an error", |reason| reason.code.id);
        errors.extend(Identity::of_word(&out.name).map(|word| (word, code)));
    }
    // The tags of what cannot be read are in no answer, so the answer is not whole.
    let is_part = release::say_errors(&judged, streams);
    let mut analysis = Analysis::new(&proof::fires);
    let mut techniques: BTreeMap<String, (BTreeSet<RuleName>, BTreeSet<Dead>)> = BTreeMap::new();
    let mut untagged = 0;
    for rule in judged.checked().rules() {
        let named = techniques_of(rule);
        untagged += u64::from(named.is_empty());
        if named.is_empty() {
            continue;
        }
        let why = match errors.get(&Identity::of(rule)) {
            Some(code) => Some((*code).to_owned()),
            None if fleet.as_ref().is_some_and(|fleet| !runs(rule, fleet)) => {
                Some("no sensor of the fleet runs it".to_owned())
            }
            None => never(rule, &mut analysis).then(|| "no event fulfils it".to_owned()),
        };
        for technique in named {
            let (rules, dead) = techniques.entry(technique).or_default();
            match &why {
                Some(why) => drop(dead.insert(Dead { rule: RuleName::of(rule), why: why.clone() })),
                None => drop(rules.insert(RuleName::of(rule))),
            }
        }
    }
    let techniques = techniques.into_iter().map(|(technique, (rules, dead))| Technique {
        technique,
        rules: rules.into_iter().collect(),
        dead: dead.into_iter().collect(),
    });
    let report = AttackReport { format: 1, techniques: techniques.collect(), untagged, fleet: fleet.is_some() };
    let internal = |error: serde_json::Error| Failure::internal(error.to_string());
    let text = match arguments.format {
        AttackFormat::Human => human(&report),
        AttackFormat::Json => serde_json::to_string_pretty(&report).map_err(internal)? + "\n",
        AttackFormat::Navigator => serde_json::to_string_pretty(&layer(&report)).map_err(internal)? + "\n",
    };
    match &arguments.output {
        Some(path) => write::write_output(path, text.as_bytes(), &read)?,
        None => drop(written(streams.out.write_all(text.as_bytes()))?),
    }
    if fleet.is_none() {
        release::talk(
            streams,
            "no fleet is named, so rules that no sensor can feed count too (--fleet builtin:sysmon)",
        );
    }
    Ok(if is_part { Exit::Findings } else { Exit::Fine })
}

/// The techniques that the tags of a rule name, as ATT&CK writes them.
fn techniques_of(rule: &CheckedRule) -> BTreeSet<String> {
    let id = |tag: &String| {
        let tag = canonical_tag(tag);
        let name = tag.strip_prefix("attack.t")?;
        let is_id = name.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        is_id.then(|| format!("T{name}"))
    };
    rule.tags.iter().filter_map(id).collect()
}

/// Whether some sensor that the rule is for supplies a template type that it is on.
fn runs(rule: &CheckedRule, fleet: &Fleet) -> bool {
    let is_for = |sensor: &Sensor| rule.sensors.as_ref().is_none_or(|constraint| constraint.matches(sensor));
    rule.targets.iter().any(|target| fleet.suppliers(&target.template.name).any(|(sensor, _)| is_for(sensor)))
}

/// Whether no event fulfils a rule, on any template type that it is on.
fn never(rule: &CheckedRule, analysis: &mut Analysis<'_>) -> bool {
    analysis.about(&rule.source);
    rule.targets.iter().all(|target| matches!(analysis.fires(target), Fires::Never(_)))
}

fn human(report: &AttackReport) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    for of in &report.techniques {
        let dead = match of.dead.len() {
            0 => String::new(),
            1 => ", and 1 that finds nothing".to_owned(),
            count => format!(", and {count} that find nothing"),
        };
        let _ = writeln!(text, "{:<10} {}{dead}", of.technique, plural(of.rules.len(), "rule"));
        for dead in &of.dead {
            let _ = writeln!(text, "           {}: {}", visible(&dead.rule.shown()), visible(&dead.why));
        }
    }
    let live = report.techniques.iter().filter(|of| !of.rules.is_empty()).count();
    let _ = writeln!(
        text,
        "{} with a rule that can fire, {} with none that can; {} without a technique",
        plural(live, "technique"),
        report.techniques.len() - live,
        plural(usize::try_from(report.untagged).unwrap_or(usize::MAX), "rule")
    );
    text
}

/// A layer of version 4.5: the score is the number of rules that can fire; a technique whose rules find nothing has its own colour.
fn layer(report: &AttackReport) -> serde_json::Value {
    const NOTHING: &str = "#d9534f";
    let most = report.techniques.iter().map(|of| of.rules.len()).max().unwrap_or(0).max(1);
    let techniques = report.techniques.iter().map(|of| {
        let dead = of.dead.iter().map(|dead| format!("{} (finds nothing: {})", dead.rule.title, dead.why));
        let comment: Vec<String> = of
            .rules
            .iter()
            .map(|rule| rule.title.clone())
            .chain(dead)
            .map(|line| visible(&line).into_owned())
            .collect();
        let mut technique = json!({
            "techniqueID": of.technique,
            "score": of.rules.len(),
            "comment": comment.join("\n"),
            "enabled": true,
        });
        if let (true, Some(members)) = (of.rules.is_empty(), technique.as_object_mut()) {
            members.insert("color".to_owned(), NOTHING.into());
        }
        technique
    });
    json!({
        "name": "contentcheck",
        "versions": { "layer": "4.5", "navigator": "5.0.0" },
        "domain": "enterprise-attack",
        "description": "Rules that can fire, by technique. Red: rules are tagged with it, and none of them finds anything.",
        "sorting": 3,
        "gradient": { "colors": ["#ffffff", "#5cb85c"], "minValue": 0, "maxValue": most },
        "legendItems": [{ "label": "its rules find nothing", "color": NOTHING }],
        "techniques": techniques.collect::<Vec<_>>(),
    })
}
