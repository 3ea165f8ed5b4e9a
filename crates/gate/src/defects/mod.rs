//! Seeded defects: releases that must be rejected, made from the release under test.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contentcheck_analysis::{Analysis, Fires, Witness};
use contentcheck_parser::check::Language;
use contentcheck_parser::diagnostic::{Code, codes};
use contentcheck_parser::model::{CheckedRule, FieldRef, Predicate, Target};
use contentcheck_parser::native::{self, ast::Declaration};
use contentcheck_parser::release::{Gathered, Policy};
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
use crate::subject::Built;

/// A class of defects.
pub struct Defect {
    /// Its name, in kebab case.
    pub class: &'static str,
    /// What is done, one line.
    pub what: &'static str,
    /// The check that must reject it.
    pub check: &'static dyn Check,
    /// The codes of findings that are about the defect: others are no proof that it was seen.
    pub codes: &'static [&'static Code],
    /// Makes it of a release and one of its rules. Nothing where the rule has nothing that this applies to.
    pub seed: fn(&Victim<'_>) -> Option<Seeded>,
}

/// A release and one of its rules, of which defects are made.
pub struct Victim<'v> {
    /// The release, in order.
    pub built: &'v Built,
    /// The rule.
    pub rule: &'v CheckedRule,
    /// The target of it that is used.
    pub target: &'v Target,
}

/// A release with a defect, and what the gate is told of it.
pub struct Seeded {
    /// The release.
    pub release: Gathered,
    /// Whether the release in order is the previous one.
    pub against: bool,
    /// What becomes of the image behind the compiler.
    pub tamper: Tamper,
    /// Events that are replayed, and how often each rule may match them.
    pub recording: Option<(Recording, u64)>,
    /// Events that no rule may match.
    pub never_match: Option<Recording>,
    /// The sensors that the image meets, where lint did not know of them.
    pub devices: Option<Fleet>,
    /// The previous release, where it is not the release in order.
    pub before: Option<Gathered>,
}

impl Seeded {
    /// The sensors are met by the image alone: lint does not know of them.
    fn on_devices(mut self) -> Self {
        self.devices = self.release.fleet.take();
        self
    }
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
        codes: &[&codes::UNSUPPLIED_INPUT, &codes::POSITION_BEYOND_ARITY],
        seed: short_arity,
    },
    Defect {
        class: "arity-on-device",
        what: "the same, met by the sensor's own verification",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: |victim| short_arity(victim).map(Seeded::on_devices),
    },
    Defect {
        class: "type-swapped",
        what: "the sensor supplies an input as another type",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: |victim| type_swapped(victim).map(Seeded::on_devices),
    },
    Defect {
        class: "position-shifted",
        what: "an input was inserted before the one that a rule reads by number",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: shifted,
    },
    Defect {
        class: "over-capacity",
        what: "the sensor can hold fewer rules than the release has",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: |victim| over_capacity(victim).map(Seeded::on_devices),
    },
    Defect {
        class: "blank-required-cell",
        what: "a table has a blank cell where a value is required",
        check: &Lint,
        codes: &[&codes::TABLE_ROW],
        seed: blank_cell,
    },
    Defect {
        class: "duplicate-key",
        what: "a table has all of its rows twice",
        check: &Lint,
        codes: &[&codes::TABLE_DUPLICATE_KEY],
        seed: doubled_rows,
    },
    Defect {
        class: "list-over-budget",
        what: "a table has more rows than its declared capacity",
        check: &Lint,
        codes: &[&codes::TABLE_OVER_CAPACITY],
        seed: over_budget,
    },
    Defect {
        class: "id-reused",
        what: "two rules have one id",
        check: &Lint,
        codes: &[&codes::DUPLICATE_ID],
        seed: id_reused,
    },
    Defect {
        class: "fields-reordered",
        what: "a later version of the template type has two fields in another order",
        check: &Lint,
        codes: &[&codes::TEMPLATE_CHANGED],
        seed: reordered,
    },
    Defect {
        class: "regex-explodes",
        what: "an expression backtracks without bound in other engines",
        check: &Lint,
        codes: &[&codes::REGEX_BACKTRACKS],
        seed: explodes,
    },
    Defect {
        class: "value-of-wrong-type",
        what: "a field is compared with a value of another type",
        check: &Lint,
        codes: &[&codes::VALUE_TYPE],
        seed: wrong_value,
    },
    Defect {
        class: "image-truncated",
        what: "the image is cut off",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: truncated,
    },
    Defect {
        class: "image-bit-flipped",
        what: "one bit of the image is turned",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: flipped,
    },
    Defect {
        class: "image-not-of-this-content",
        what: "the image is that of other content",
        check: &Canonical,
        codes: &[&codes::NOT_CANONICAL],
        seed: swapped,
    },
    Defect {
        class: "image-means-something-else",
        what: "the image says the contrary of the rule",
        check: &Differential,
        codes: &[&codes::EVALUATORS_DISAGREE],
        seed: swapped,
    },
    Defect {
        class: "rule-kills-itself",
        what: "a filter excludes all that the rule selects",
        check: &Coverage,
        codes: &[&codes::NEVER_SEEN_FIRING],
        seed: kills_itself,
    },
    Defect {
        class: "rule-emptied",
        what: "a rule that fired before can fire no more",
        check: &ChangeGuard,
        codes: &[&codes::RULE_EMPTIED],
        seed: kills_itself,
    },
    Defect {
        class: "condition-negated",
        what: "the condition of a rule is negated",
        check: &ChangeGuard,
        // It floods, or it finds nothing of what it found, or it is just the opposite.
        codes: &[&codes::MATCH_VOLUME, &codes::RULE_EMPTIED, &codes::RULE_INVERTED],
        seed: negated,
    },
    Defect {
        class: "negated-against-tests",
        what: "the condition of a rule with tests is negated",
        check: &OwnTests,
        codes: &[&codes::TEST_FAILED],
        seed: negated_with_tests,
    },
    Defect {
        class: "matches-everything",
        what: "a rule is added that matches every event",
        check: &ChangeGuard,
        codes: &[&codes::MATCH_VOLUME],
        seed: matches_everything,
    },
    Defect {
        class: "table-doubled",
        what: "a table has three times the rows of before",
        check: &ChangeGuard,
        codes: &[&codes::SIZE_JUMP],
        seed: table_grown,
    },
    Defect {
        class: "release-emptied",
        what: "the release has no rules any more",
        check: &ChangeGuard,
        codes: &[&codes::RELEASE_SHRUNK],
        seed: emptied,
    },
    Defect {
        class: "sequence-stale",
        what: "the sequence number is not higher than before",
        check: &ChangeGuard,
        codes: &[&codes::STALE_SEQUENCE],
        seed: stale,
    },
    Defect {
        class: "ceiling-exceeded",
        what: "a rule matches more recorded events than it may",
        check: &Replay,
        codes: &[&codes::CEILING_EXCEEDED],
        seed: too_many,
    },
    Defect {
        class: "never-match-hit",
        what: "a rule matches an event that nothing may match",
        check: &Replay,
        codes: &[&codes::NEVER_MATCH],
        seed: never_matched,
    },
    Defect {
        class: "unreadable-part",
        what: "a rule has a part that cannot be read",
        check: &Lint,
        codes: &[&codes::UNKNOWN_MODIFIER],
        seed: |victim| Some(victim.with_sigma(UNREADABLE.to_owned())),
    },
    Defect {
        class: "unreadable-part-accepted",
        what: "the same, and a comment accepts what is wrong with it",
        check: &Lint,
        codes: &[&codes::RULE_LEFT_OUT],
        seed: |victim| {
            Some(victim.with_sigma(format!("# contentcheck: allow-file CC0117 -- it is meant\n{UNREADABLE}")))
        },
    },
    Defect {
        class: "arity-accepted",
        what: "the sensor supplies one input fewer than the rule reads, and the words that accept it stand in the file",
        check: &Lint,
        codes: &[&codes::UNSUPPLIED_INPUT, &codes::POSITION_BEYOND_ARITY],
        seed: arity_accepted,
    },
    Defect {
        class: "filter-not-run",
        what: "a filter document takes matches away from the rule, and nothing carries it out",
        check: &Lint,
        codes: &[&codes::NOT_RUNNABLE],
        seed: filter,
    },
    Defect {
        class: "sensor-runs-nothing",
        what: "a sensor takes the image and runs none of its rules",
        check: &Verify,
        codes: &[&codes::SENSOR_BLIND],
        seed: runs_nothing,
    },
    Defect {
        class: "fields-moved-in-place",
        what: "two fields of a template type change places, and its version stays the same",
        check: &ChangeGuard,
        codes: &[&codes::TEMPLATE_CHANGED],
        seed: moved_in_place,
    },
];

/// Classes of defects that lint would not reject under a policy, each with the first code that is lowered.
#[must_use]
pub fn blinded(policy: &Policy) -> Vec<(&'static Defect, &'static Code)> {
    let least = policy.least();
    // A document that nothing carries out stops whoever ships, whatever severity it has.
    let is_blind = |code: &&'static Code| {
        code.id != codes::NOT_RUNNABLE.id && policy.severity(code).is_none_or(|severity| severity < least)
    };
    let by_lint = ALL.iter().filter(|defect| defect.check.name() == Lint.name());
    by_lint
        .filter(|defect| defect.codes.iter().all(|code| is_blind(code) || !code.is_acceptable()))
        .filter_map(|defect| defect.codes.iter().copied().find(is_blind).map(|code| (defect, code)))
        .collect()
}

impl Victim<'_> {
    fn plain(&self) -> Seeded {
        Seeded {
            release: self.built.regathered(),
            against: false,
            tamper: Tamper::None,
            recording: None,
            never_match: None,
            devices: None,
            before: None,
        }
    }

    /// The release with a file more.
    fn with(&self, text: String) -> Seeded {
        let mut seeded = self.plain();
        seeded.release.sources.push((Source::new("seeded-defect.content", text), Language::Native));
        seeded
    }

    /// The release with a Sigma file more.
    fn with_sigma(&self, text: String) -> Seeded {
        let mut seeded = self.plain();
        seeded.release.sources.push((Source::new("seeded-defect.yml", text), Language::Sigma));
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
    fn rewritten(&self, edit: impl Fn(&str) -> String) -> Option<Seeded> {
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
fn sensor(built: &Built, capacity: &str, change: impl Fn(&str, &mut Vec<(String, String)>)) -> Option<Sensor> {
    let mut templates: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    let mut header: BTreeMap<String, String> = BTreeMap::new();
    for target in built.content().rules().iter().flat_map(|rule| &rule.targets) {
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
fn on_sensor(victim: &Victim<'_>, capacity: &str, change: impl Fn(&str, &mut Vec<(String, String)>)) -> Option<Seeded> {
    let mut seeded = victim.plain();
    seeded.release.fleet = Fleet::new(vec![sensor(victim.built, capacity, change)?]).ok();
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
fn is_for_all(victim: &Victim<'_>) -> bool {
    victim.rule.sensors.is_none()
}

fn short_arity(victim: &Victim<'_>) -> Option<Seeded> {
    let read = read_field(victim.target).filter(|_| is_for_all(victim))?;
    let of = &victim.target.template.name;
    on_sensor(victim, "", |name, inputs| {
        if name == of {
            inputs.retain(|(input, _)| input != read);
        }
    })
}

fn type_swapped(victim: &Victim<'_>) -> Option<Seeded> {
    let read = read_field(victim.target).filter(|_| is_for_all(victim))?;
    let of = &victim.target.template.name;
    on_sensor(victim, "", |name, inputs| {
        for (_, ty) in inputs.iter_mut().filter(|(input, _)| name == of && input == read) {
            *ty = if ty.starts_with("bool") { "int".to_owned() } else { "bool".to_owned() };
        }
    })
}

fn shifted(victim: &Victim<'_>) -> Option<Seeded> {
    let at = victim.target.template.fields.iter().position(Option::is_some)?;
    let of = victim.target.template.name.clone();
    let mut seeded = victim.with(victim.probe(&format!("${} exists or ${} exists", at + 1, at + 1)));
    let sensor = sensor(victim.built, "", |name, inputs| {
        if name == of {
            inputs.insert(0, ("inserted".to_owned(), "float?".to_owned()));
        }
    })?;
    seeded.release.fleet = None;
    seeded.devices = Some(Fleet::new(vec![sensor]).ok()?);
    Some(seeded)
}

fn over_capacity(victim: &Victim<'_>) -> Option<Seeded> {
    let loaded =
        victim.built.content().rules().iter().filter(|rule| rule.sensors.is_none() && !rule.targets.is_empty());
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

fn on_table(victim: &Victim<'_>, rows: &str, capacity: u64) -> Option<Seeded> {
    let (field, nocase) = victim.text_field_with_case()?;
    Some(victim.with(table(rows, capacity, nocase) + &victim.probe(&format!("{field} in seeded_defect"))))
}

fn blank_cell(victim: &Victim<'_>) -> Option<Seeded> {
    on_table(victim, "[\"name\", \"note\"], [\"\", \"note\"]", 10)
}

fn doubled_rows(victim: &Victim<'_>) -> Option<Seeded> {
    on_table(victim, &format!("{}, {}", rows(0, 20), rows(0, 20)), 100)
}

fn over_budget(victim: &Victim<'_>) -> Option<Seeded> {
    on_table(victim, &rows(0, 40), 20)
}

fn id_reused(victim: &Victim<'_>) -> Option<Seeded> {
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

fn reordered(victim: &Victim<'_>) -> Option<Seeded> {
    let template =
        victim.built.content().catalogue().newest().into_iter().find(|of| of.name == victim.target.template.name)?;
    let fields: Option<Vec<(String, FieldType)>> =
        template.fields.iter().map(|field| field.as_ref().map(|field| (field.name.clone(), field.ty))).collect();
    let mut fields = fields.filter(|fields| fields.len() > 1)?;
    fields.swap(0, 1);
    Some(victim.with(declare(template, template.version + 1, &fields)))
}

fn explodes(victim: &Victim<'_>) -> Option<Seeded> {
    Some(victim.with(victim.probe(&format!("{} matches r\"^(([a-z])+.)+[A-Z]([a-z])+$\"", victim.text_field()?))))
}

fn wrong_value(victim: &Victim<'_>) -> Option<Seeded> {
    Some(victim.with(victim.probe(&format!("{} == 7", victim.text_field()?))))
}

fn truncated(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = on_sensor(victim, "", |_, _| {})?;
    seeded.tamper = Tamper::Truncated;
    Some(seeded)
}

fn flipped(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = on_sensor(victim, "", |_, _| {})?;
    seeded.tamper = Tamper::Flipped;
    Some(seeded)
}

fn swapped(victim: &Victim<'_>) -> Option<Seeded> {
    let other = negated(victim)?.release;
    let mut seeded = victim.plain();
    seeded.tamper = Tamper::Swapped(Built::new(other, false, 1).ok()?.all_rules.ok()?);
    Some(seeded)
}

fn kills_itself(victim: &Victim<'_>) -> Option<Seeded> {
    // What fires for nothing has nothing to lose.
    victim.firing()?;
    let mut seeded = victim.rewritten(|condition| format!("({condition}) and not ({condition})"))?;
    seeded.against = true;
    Some(seeded)
}

fn negated(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = victim.rewritten(|condition| format!("not ({condition})"))?;
    seeded.against = true;
    Some(seeded)
}

fn negated_with_tests(victim: &Victim<'_>) -> Option<Seeded> {
    let of = |name: &str| victim.rule.source.name() == name;
    let beside = victim
        .built
        .judged()
        .gathered()
        .beside
        .iter()
        .any(|file| of(&file.rules) && file.cases.iter().flatten().next().is_some());
    if victim.rule.tests.is_empty() && !beside { None } else { negated(victim) }
}

fn matches_everything(victim: &Victim<'_>) -> Option<Seeded> {
    let field = victim.text_field()?;
    let mut seeded = victim.with(victim.probe(&format!("not {field} == \"no value is this one\"")));
    seeded.against = true;
    Some(seeded)
}

fn table_grown(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = on_table(victim, &rows(0, 60), 100)?;
    seeded.before = Some(on_table(victim, &rows(0, 20), 100)?.release);
    seeded.against = true;
    Some(seeded)
}

fn emptied(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = victim.plain();
    seeded.release.sources.clear();
    seeded.against = true;
    Some(seeded)
}

fn stale(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = victim.plain();
    seeded.release.release.sequence = Some(7);
    seeded.before = Some(seeded.release.clone());
    seeded.against = true;
    Some(seeded)
}

fn too_many(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = victim.plain();
    seeded.recording = Some((Recording::lines("seeded", victim.line()?.repeat(3)), 2));
    Some(seeded)
}

fn never_matched(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = victim.plain();
    seeded.never_match = Some(Recording::lines("seeded", victim.line()?));
    Some(seeded)
}

/// A Sigma rule whose only selection has a modifier that there is not.
const UNREADABLE: &str = "title: A seeded defect\nid: 7d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c9d12\nstatus: test\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    selection:\n        Image|endswith: '\\\\seeded.exe'\n        CommandLine|seeded: ' -a'\n    condition: selection\nlevel: low\n";

fn arity_accepted(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = short_arity(victim)?;
    let (source, _) = seeded.release.sources.iter_mut().find(|(source, _)| source.is(&victim.rule.source))?;
    let words = "# contentcheck: allow-file CC0401, CC0402 -- it is meant\n";
    *source = Source::new(source.name(), format!("{words}{}", source.text()));
    Some(seeded)
}

fn filter(victim: &Victim<'_>) -> Option<Seeded> {
    let id = victim.rule.id.as_deref()?;
    Some(victim.with_sigma(format!(
        "title: A seeded filter\nid: 7d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c9d13\nlogsource:\n    product: windows\n    category: process_creation\nfilter:\n    rules:\n        - {id}\n    selection:\n        Image|endswith: '\\\\seeded.exe'\n    condition: not selection\n"
    )))
}

fn runs_nothing(victim: &Victim<'_>) -> Option<Seeded> {
    let text = "{\"format\":1,\"sensor\":\"seeded\",\"version\":\"1\",\"templates\":{}}";
    let sensor = Manifest::parse(&Source::new("seeded.json", text)).ok()?;
    let mut seeded = victim.plain();
    seeded.release.fleet = None;
    seeded.devices = Some(Fleet::new(vec![sensor]).ok()?);
    Some(seeded)
}

fn moved_in_place(victim: &Victim<'_>) -> Option<Seeded> {
    let field = |name: &str, ty: Scalar| {
        (name.to_owned(), FieldType { scalar: ty, list: false, optional: false, nocase: false })
    };
    let declared = |first: &str, second: &str| {
        let fields = [field(first, Scalar::String), field(second, Scalar::String)];
        let template = TemplateType { name: "seeded.defect".to_owned(), ..(*victim.target.template).clone() };
        let plain = TemplateType { reads: Vec::new(), header: Vec::new(), open: false, ..template };
        let rule = "rule seeded_defect {\n    id: \"7d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c9d11\"\n    template: seeded.defect @ 1\n    severity: low\n    title: \"A seeded defect\"\n    when image == \"a\"\n}\n";
        victim.with(declare(&plain, 1, &fields) + rule)
    };
    let mut seeded = declared("line", "image");
    seeded.before = Some(declared("image", "line").release);
    seeded.against = true;
    Some(seeded)
}
