//! Seeded defects: releases that must be rejected, made from the release under test.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contentcheck_analysis::{Analysis, Fires, Witness};
use contentcheck_parser::check::Language;
use contentcheck_parser::model::{CheckedRule, FieldRef, Predicate, Target};
use contentcheck_parser::native::{self, ast::Declaration};
use contentcheck_parser::sensor::{Fleet, Manifest, Sensor};
use contentcheck_parser::source::Source;
use contentcheck_parser::template::{FieldType, Fixed, Scalar, TemplateType};
use contentcheck_reference::evaluate;
use contentcheck_run::proof;
use contentcheck_run::replay::Recording;

use crate::checks::change::ChangeGuard;
use crate::checks::compile::Canonical;
use crate::checks::coverage::Coverage;
use crate::checks::differential::Differential;
use crate::checks::lint::Lint;
use crate::checks::replay::Replay;
use crate::checks::tests::OwnTests;
use crate::checks::verify::Verify;
use crate::run::Check;
use crate::subject::{Built, Release};

/// A class of defects.
pub struct Defect {
    /// Its name, in kebab case.
    pub class: &'static str,
    /// What is done, one line.
    pub what: &'static str,
    /// The check that must reject it.
    pub check: &'static dyn Check,
    /// The codes of findings that are about the defect: others are no proof that it was seen.
    pub codes: &'static [&'static str],
    /// Makes it of a release and one of its rules. Nothing where the rule has nothing that this applies to.
    pub seed: for<'r> fn(&Victim<'_, 'r>) -> Option<Seeded<'r>>,
}

/// A release and one of its rules, of which defects are made.
pub struct Victim<'v, 'r> {
    /// The release, in order.
    pub built: &'v Built<'r>,
    /// The rule.
    pub rule: &'v CheckedRule,
    /// The target of it that is used.
    pub target: &'v Target,
}

/// A release with a defect, and what the gate is told of it.
pub struct Seeded<'r> {
    /// The release.
    pub release: Release<'r>,
    /// Whether the release in order is the previous one.
    pub against: bool,
    /// What becomes of the image behind the compiler.
    pub tamper: Tamper,
    /// Events that are replayed, and how often each rule may match them.
    pub recording: Option<(Recording, u64)>,
    /// Events that no rule may match.
    pub never_match: Option<Recording>,
}

/// What becomes of an image between compiler and sensor.
pub enum Tamper {
    /// Nothing.
    None,
    /// It is cut off in the middle.
    Truncated,
    /// One bit of it is turned.
    Flipped,
    /// It is the image of this other release.
    Swapped(Vec<u8>),
}

/// All classes.
pub static ALL: &[Defect] = &[
    Defect {
        class: "arity-by-one",
        what: "the sensor supplies one input fewer than the rule reads",
        check: &Lint,
        codes: &["CC0401", "CC0402"],
        seed: short_arity,
    },
    Defect {
        class: "arity-on-device",
        what: "the same, met by the sensor's own verification",
        check: &Verify,
        codes: &["CC1003"],
        seed: short_arity,
    },
    Defect {
        class: "type-swapped",
        what: "the sensor supplies an input as another type",
        check: &Verify,
        codes: &["CC1003"],
        seed: type_swapped,
    },
    Defect {
        class: "position-shifted",
        what: "an input was inserted before the one that a rule reads by number",
        check: &Verify,
        codes: &["CC1003"],
        seed: shifted,
    },
    Defect {
        class: "over-capacity",
        what: "the sensor can hold fewer rules than the release has",
        check: &Verify,
        codes: &["CC1003"],
        seed: over_capacity,
    },
    Defect {
        class: "blank-required-cell",
        what: "a table has a blank cell where a value is required",
        check: &Lint,
        codes: &["CC0512"],
        seed: blank_cell,
    },
    Defect {
        class: "duplicate-key",
        what: "a table has all of its rows twice",
        check: &Lint,
        codes: &["CC0513"],
        seed: doubled_rows,
    },
    Defect {
        class: "list-over-budget",
        what: "a table has more rows than its declared capacity",
        check: &Lint,
        codes: &["CC0510"],
        seed: over_budget,
    },
    Defect { class: "id-reused", what: "two rules have one id", check: &Lint, codes: &["CC0702"], seed: id_reused },
    Defect {
        class: "fields-reordered",
        what: "a later version of the template type has two fields in another order",
        check: &Lint,
        codes: &["CC0210"],
        seed: reordered,
    },
    Defect {
        class: "regex-explodes",
        what: "an expression backtracks without bound in other engines",
        check: &Lint,
        codes: &["CC0502"],
        seed: explodes,
    },
    Defect {
        class: "value-of-wrong-type",
        what: "a field is compared with a value of another type",
        check: &Lint,
        codes: &["CC0302"],
        seed: wrong_value,
    },
    Defect {
        class: "image-truncated",
        what: "the image is cut off",
        check: &Verify,
        codes: &["CC1003"],
        seed: truncated,
    },
    Defect {
        class: "image-bit-flipped",
        what: "one bit of the image is turned",
        check: &Verify,
        codes: &["CC1003"],
        seed: flipped,
    },
    Defect {
        class: "image-not-of-this-content",
        what: "the image is that of other content",
        check: &Canonical,
        codes: &["CC1002"],
        seed: swapped,
    },
    Defect {
        class: "image-means-something-else",
        what: "the image says the contrary of the rule",
        check: &Differential,
        codes: &["CC1007"],
        seed: swapped,
    },
    Defect {
        class: "rule-kills-itself",
        what: "a filter excludes all that the rule selects",
        check: &Coverage,
        codes: &["CC1005"],
        seed: kills_itself,
    },
    Defect {
        class: "rule-emptied",
        what: "a rule that fired before can fire no more",
        check: &ChangeGuard,
        codes: &["CC0803"],
        seed: kills_itself,
    },
    Defect {
        class: "condition-negated",
        what: "the condition of a rule is negated",
        check: &ChangeGuard,
        // It floods, or it finds nothing of what it found, or it is just the opposite.
        codes: &["CC0805", "CC0803", "CC0809"],
        seed: negated,
    },
    Defect {
        class: "negated-against-tests",
        what: "the condition of a rule with tests is negated",
        check: &OwnTests,
        codes: &["CC1004"],
        seed: negated_with_tests,
    },
    Defect {
        class: "matches-everything",
        what: "a rule is added that matches every event",
        check: &ChangeGuard,
        codes: &["CC0805"],
        seed: matches_everything,
    },
    Defect {
        class: "table-doubled",
        what: "a table has three times the rows of before",
        check: &ChangeGuard,
        codes: &["CC0804"],
        seed: table_grown,
    },
    Defect {
        class: "release-emptied",
        what: "the release has no rules any more",
        check: &ChangeGuard,
        codes: &["CC0801"],
        seed: emptied,
    },
    Defect {
        class: "sequence-stale",
        what: "the sequence number is not higher than before",
        check: &ChangeGuard,
        codes: &["CC0806"],
        seed: stale,
    },
    Defect {
        class: "ceiling-exceeded",
        what: "a rule matches more recorded events than it may",
        check: &Replay,
        codes: &["CC1010"],
        seed: too_many,
    },
    Defect {
        class: "never-match-hit",
        what: "a rule matches an event that nothing may match",
        check: &Replay,
        codes: &["CC1011"],
        seed: never_matched,
    },
];

impl<'r> Victim<'_, 'r> {
    fn plain(&self) -> Seeded<'r> {
        Seeded {
            release: self.built.release.clone(),
            against: false,
            tamper: Tamper::None,
            recording: None,
            never_match: None,
        }
    }

    /// The release with a file more.
    fn with(&self, text: String) -> Seeded<'r> {
        let mut seeded = self.plain();
        seeded.release.sources.push((Source::new("seeded-defect.content", text), Language::Native));
        seeded
    }

    /// A native rule on the template type of the target.
    fn probe(&self, condition: &str) -> String {
        let of = &self.target.template;
        format!(
            "rule seeded_defect {{\n    id: \"7d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c9d11\"\n    template: {} @ {}\n    severity: low\n    title: \"A seeded defect\"\n    when {condition}\n}}\n",
            of.name, of.version
        )
    }

    /// A field of the template type that holds texts, as content writes it.
    fn text_field(&self) -> Option<String> {
        self.text_field_with_case().map(|(name, _)| name)
    }

    /// The same, and whether it ignores case.
    fn text_field_with_case(&self) -> Option<(String, bool)> {
        let fields = self.target.template.fields.iter().flatten();
        let all = fields.chain(&self.target.template.header);
        let field = all.into_iter().find(|field| field.ty.scalar == Scalar::String && !field.ty.list)?;
        Some((native::field_name(&field.name), field.ty.nocase))
    }

    /// The release with other text in place of the file that the rule is in.
    fn rewritten(&self, edit: impl Fn(&str) -> String) -> Option<Seeded<'r>> {
        let mut seeded = self.plain();
        let text = edit_condition(&self.rule.source, self.rule, edit)?;
        let (source, _) = seeded.release.sources.iter_mut().find(|(source, _)| source.is(&self.rule.source))?;
        *source = Source::new(source.name(), text);
        Some(seeded)
    }

    /// An event that the rule fires on.
    fn firing(&self) -> Option<Witness> {
        let confirm =
            |target: &Target, witness: &Witness| evaluate(target, &proof::event(&target.template, witness)) == Ok(true);
        match Analysis::new(&confirm).fires(self.target) {
            Fires::Yes(witness) => Some(witness),
            _ => None,
        }
    }

    /// The same as a line that is read like a recording.
    fn line(&self) -> Option<Vec<u8>> {
        let witness = self.firing()?;
        let mut line = serde_json::to_vec(&proof::json(&self.target.template, &witness)).ok()?;
        line.push(b'\n');
        // A recording is routed by what its template type reads.
        (!self.target.template.reads.is_empty()).then_some(line)
    }
}

/// The text of a file in which the condition of one rule is another.
fn edit_condition(source: &Source, rule: &CheckedRule, edit: impl Fn(&str) -> String) -> Option<String> {
    let text = source.text();
    match Language::of(source.name())? {
        Language::Native => {
            let parsed = native::parse(source);
            let rules = parsed.ast.declarations().iter().filter_map(|declaration| match declaration {
                Declaration::Rule(rule) => Some(rule),
                _ => None,
            });
            let when = rules.into_iter().find(|found| found.name.span == rule.span)?.when()?;
            let written = source.slice(when.span).strip_prefix("when")?;
            let range = when.span.range();
            Some(format!("{}when {}{}", text.get(..range.start)?, edit(written.trim()), text.get(range.end..)?))
        }
        Language::Sigma => {
            // One document with one condition on one line; others are left to other victims.
            let lines: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("condition:")).collect();
            let [line] = lines.as_slice() else { return None };
            let (before, written) = line.split_once("condition:")?;
            let indent = |line: &str| line.len() - line.trim_start().len();
            let next = text.lines().skip_while(|other| other != line).nth(1).unwrap_or("");
            if !next.trim().is_empty() && indent(next) > indent(line) {
                return None;
            }
            let written = written.trim();
            let plain = written.strip_prefix(['\'', '"']).and_then(|rest| rest.strip_suffix(['\'', '"']));
            let written = plain.unwrap_or(written);
            if written.is_empty() || written.contains(['#', '|', '>', '[', '\\', '"']) {
                return None;
            }
            Some(text.replacen(line, &format!("{before}condition: {}", edit(written)), 1))
        }
    }
}

/// The manifest of a sensor that supplies all that rules on some content may read, but for what `change` does to the
/// inputs of a template type.
fn sensor(built: &Built<'_>, capacity: &str, change: impl Fn(&str, &mut Vec<(String, String)>)) -> Option<Sensor> {
    let mut templates: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    let mut header: BTreeMap<String, String> = BTreeMap::new();
    for target in built.content.rules().iter().flat_map(|rule| &rule.targets) {
        let template = &target.template;
        let inputs = templates.entry(&template.name).or_insert_with(|| supplied(template));
        for field in &template.header {
            header.insert(field.name.clone(), written(field.ty));
        }
        let mut open = |field: &FieldRef| {
            if let FieldRef::Open(name) = field
                && !inputs.iter().any(|(known, _)| *known == **name)
            {
                inputs.push((name.to_string(), "string?".to_owned()));
            }
        };
        target.condition.each(&mut |predicate: &Predicate, _| {
            open(&predicate.field);
            if let contentcheck_parser::model::Test::Field { other, .. } = &*predicate.test {
                open(other);
            }
        });
    }
    for (name, inputs) in &mut templates {
        change(name, inputs);
    }
    let input = |(name, ty): (&String, &String)| format!("{{\"name\":{},\"type\":\"{ty}\"}}", serde_json::json!(name));
    let mut text = format!(
        "{{\"format\":1,\"sensor\":\"seeded\",\"version\":\"1\",\"capacity\":{{{capacity}}},\"header\":[{}],\"templates\":{{",
        header.iter().map(input).collect::<Vec<_>>().join(",")
    );
    for (at, (name, inputs)) in templates.iter().enumerate() {
        let inputs: Vec<String> = inputs.iter().map(|(name, ty)| input((name, ty))).collect();
        // Writing to a string does not fail.
        let _ = write!(text, "{}\"{name}\":{{\"inputs\":[{}]}}", if at > 0 { "," } else { "" }, inputs.join(","));
    }
    text.push_str("}}");
    Manifest::parse(&Source::new("seeded.json", text)).ok()
}

/// What a sensor supplies that has all of a template type.
fn supplied(template: &TemplateType) -> Vec<(String, String)> {
    let numbered = template.fields.iter().enumerate().map(|(at, field)| match field {
        Some(field) => (field.name.clone(), written(field.ty)),
        None => (format!("retired {}", at + 1), "bytes?".to_owned()),
    });
    let mut inputs: Vec<(String, String)> = numbered.collect();
    for fixed in &template.reads {
        if !inputs.iter().any(|(name, _)| *name == fixed.name) && template.header_field(&fixed.name).is_none() {
            let int = matches!(fixed.values.first(), Some(Fixed::Int(_)));
            inputs.push((fixed.name.clone(), if int { "int" } else { "string" }.to_owned()));
        }
    }
    inputs
}

fn written(ty: FieldType) -> String {
    FieldType { nocase: false, ..ty }.to_string()
}

/// The release for a fleet of one sensor.
fn on_sensor<'r>(
    victim: &Victim<'_, 'r>,
    capacity: &str,
    change: impl Fn(&str, &mut Vec<(String, String)>),
) -> Option<Seeded<'r>> {
    let mut seeded = victim.plain();
    seeded.release.fleet = Fleet::new(vec![sensor(victim.built, capacity, change)?]).ok();
    seeded.release.skip_unsupplied = false;
    Some(seeded)
}

/// The name of a numbered field that the target reads.
fn read_field<'t>(target: &'t Target) -> Option<&'t str> {
    let mut found = None;
    target.condition.each(&mut |predicate, _| {
        if let FieldRef::Input(at) = &predicate.field {
            found = found.or(target.template.fields.get(*at as usize).and_then(Option::as_ref));
        }
    });
    found.map(|field: &'t contentcheck_parser::template::Field| field.name.as_str())
}

/// Whether the rule is for all sensors: one that is not would be left out rightly.
fn is_for_all(victim: &Victim<'_, '_>) -> bool {
    victim.rule.sensors.is_none()
}

fn short_arity<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let read = read_field(victim.target).filter(|_| is_for_all(victim))?;
    let of = &victim.target.template.name;
    on_sensor(victim, "", |name, inputs| {
        if name == of {
            inputs.retain(|(input, _)| input != read);
        }
    })
}

fn type_swapped<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let read = read_field(victim.target).filter(|_| is_for_all(victim))?;
    let of = &victim.target.template.name;
    on_sensor(victim, "", |name, inputs| {
        for (_, ty) in inputs.iter_mut().filter(|(input, _)| name == of && input == read) {
            *ty = if ty.starts_with("bool") { "int".to_owned() } else { "bool".to_owned() };
        }
    })
}

fn shifted<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let at = victim.target.template.fields.iter().position(Option::is_some)?;
    let of = victim.target.template.name.clone();
    let mut seeded = victim.with(victim.probe(&format!("${} exists or ${} exists", at + 1, at + 1)));
    let sensor = sensor(victim.built, "", |name, inputs| {
        if name == of {
            inputs.insert(0, ("inserted".to_owned(), "float?".to_owned()));
        }
    })?;
    seeded.release.fleet = Fleet::new(vec![sensor]).ok();
    seeded.release.skip_unsupplied = false;
    Some(seeded)
}

fn over_capacity<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let loaded = victim.built.content.rules().iter().filter(|rule| rule.sensors.is_none() && !rule.targets.is_empty());
    let most = loaded.count().checked_sub(1)?;
    on_sensor(victim, &format!("\"rules\":{most}"), |_, _| {})
}

fn table(rows: &str, capacity: u64, nocase: bool) -> String {
    let ty = if nocase { "string nocase" } else { "string" };
    format!("table seeded_defect @ 1 {{ name: {ty} key, note: string }} capacity {capacity} rows [{rows}]\n")
}

fn rows(from: u64, to: u64) -> String {
    (from..to).map(|at| format!("[\"name {at}\", \"note\"]")).collect::<Vec<_>>().join(", ")
}

fn on_table<'r>(victim: &Victim<'_, 'r>, rows: &str, capacity: u64) -> Option<Seeded<'r>> {
    let (field, nocase) = victim.text_field_with_case()?;
    Some(victim.with(table(rows, capacity, nocase) + &victim.probe(&format!("{field} in seeded_defect"))))
}

fn blank_cell<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    on_table(victim, "[\"name\", \"note\"], [\"\", \"note\"]", 10)
}

fn doubled_rows<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    on_table(victim, &format!("{}, {}", rows(0, 20), rows(0, 20)), 100)
}

fn over_budget<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    on_table(victim, &rows(0, 40), 20)
}

fn id_reused<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let id = victim.rule.id.as_deref()?;
    let text = victim.probe(&format!("{} == \"another\"", victim.text_field()?));
    Some(victim.with(text.replace("7d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c9d11", id)))
}

/// A template type as a declaration.
fn declare(template: &TemplateType, version: u32, fields: &[(String, FieldType)]) -> String {
    let mut text = format!("template {} @ {version} {{\n", template.name);
    for fixed in &template.reads {
        let values: Vec<String> = fixed
            .values
            .iter()
            .map(|value| match value {
                Fixed::Text(value) => native::text(value),
                Fixed::Int(value) => value.to_string(),
            })
            .collect();
        let _ = writeln!(text, "    reads {{ {}: [{}] }}", native::field_name(&fixed.name), values.join(", "));
    }
    for field in &template.header {
        let _ = writeln!(text, "    header {{ {}: {} }}", native::field_name(&field.name), field.ty);
    }
    if template.open {
        text.push_str("    open\n");
    }
    for (at, (name, ty)) in fields.iter().enumerate() {
        let _ = writeln!(text, "    {} {} : {ty}", at + 1, native::field_name(name));
    }
    text + "}\n"
}

fn reordered<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let template =
        victim.built.content.catalogue().newest().into_iter().find(|of| of.name == victim.target.template.name)?;
    let fields: Option<Vec<(String, FieldType)>> =
        template.fields.iter().map(|field| field.as_ref().map(|field| (field.name.clone(), field.ty))).collect();
    let mut fields = fields.filter(|fields| fields.len() > 1)?;
    fields.swap(0, 1);
    Some(victim.with(declare(template, template.version + 1, &fields)))
}

fn explodes<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    Some(victim.with(victim.probe(&format!("{} matches r\"^(([a-z])+.)+[A-Z]([a-z])+$\"", victim.text_field()?))))
}

fn wrong_value<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    Some(victim.with(victim.probe(&format!("{} == 7", victim.text_field()?))))
}

fn truncated<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let mut seeded = on_sensor(victim, "", |_, _| {})?;
    seeded.tamper = Tamper::Truncated;
    Some(seeded)
}

fn flipped<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let mut seeded = on_sensor(victim, "", |_, _| {})?;
    seeded.tamper = Tamper::Flipped;
    Some(seeded)
}

fn swapped<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let other = negated(victim)?.release;
    let mut seeded = victim.plain();
    seeded.tamper = Tamper::Swapped(Built::new(other, 1).all_rules.ok()?);
    Some(seeded)
}

fn kills_itself<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    // What fires for nothing has nothing to lose.
    victim.firing()?;
    let mut seeded = victim.rewritten(|condition| format!("({condition}) and not ({condition})"))?;
    seeded.against = true;
    Some(seeded)
}

fn negated<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let mut seeded = victim.rewritten(|condition| format!("not ({condition})"))?;
    seeded.against = true;
    Some(seeded)
}

fn negated_with_tests<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let of = |name: &str| victim.rule.source.name() == name;
    let beside =
        victim.built.release.beside.iter().any(|file| of(&file.rules) && file.cases.iter().flatten().next().is_some());
    if victim.rule.tests.is_empty() && !beside { None } else { negated(victim) }
}

fn matches_everything<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let field = victim.text_field()?;
    let mut seeded = victim.with(victim.probe(&format!("not {field} == \"no value is this one\"")));
    seeded.against = true;
    Some(seeded)
}

fn table_grown<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    // The release before has the table too: see `before`.
    let mut seeded = on_table(victim, &rows(0, 60), 100)?;
    seeded.against = true;
    Some(seeded)
}

/// What the previous release of a seeded one has besides the release in order.
pub(crate) fn before<'r>(class: &str, victim: &Victim<'_, 'r>) -> Option<Release<'r>> {
    match class {
        "table-doubled" => on_table(victim, &rows(0, 20), 100).map(|seeded| seeded.release),
        "sequence-stale" => Some(Release { sequence: Some(7), ..victim.built.release.clone() }),
        _ => None,
    }
}

fn emptied<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let mut seeded = victim.plain();
    seeded.release.sources.clear();
    seeded.against = true;
    Some(seeded)
}

fn stale<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let mut seeded = victim.plain();
    seeded.release.sequence = Some(7);
    seeded.against = true;
    Some(seeded)
}

fn too_many<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let mut seeded = victim.plain();
    seeded.recording = Some((Recording::lines("seeded", victim.line()?.repeat(3)), 2));
    Some(seeded)
}

fn never_matched<'r>(victim: &Victim<'_, 'r>) -> Option<Seeded<'r>> {
    let mut seeded = victim.plain();
    seeded.never_match = Some(Recording::lines("seeded", victim.line()?));
    Some(seeded)
}
