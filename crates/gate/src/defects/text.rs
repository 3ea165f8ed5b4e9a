//! Seeds on text: rules, template types, tables, recordings and documents that are not what they should be.

use std::fmt::Write as _;

use contentcheck_analysis::{Analysis, Fires, Witness};
use contentcheck_model::language::Language;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::source::Source;
use contentcheck_model::template::{FieldType, Fixed, Scalar, TemplateType};
use contentcheck_parser::native::{self, ast::Declaration};
use contentcheck_run::Recording;
use contentcheck_run::proof;

use super::{Seeded, Tamper, Victim};
use crate::subject::Built;

impl Victim<'_> {
    pub(crate) fn plain(&self) -> Seeded {
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
    pub(super) fn with(&self, text: String) -> Seeded {
        let mut seeded = self.plain();
        seeded.release.sources.push((Source::new("seeded-defect.content", text), Language::Native));
        seeded
    }

    /// The release with a Sigma file more.
    pub(super) fn with_sigma(&self, text: String) -> Seeded {
        let mut seeded = self.plain();
        seeded.release.sources.push((Source::new("seeded-defect.yml", text), Language::Sigma));
        seeded
    }

    /// A native rule on the template type of the target.
    pub(super) fn probe(&self, condition: &str) -> String {
        let of = &self.target.template;
        format!(
            "rule seeded_defect {{\n    id: \"7d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c9d11\"\n    template: {} @ {}\n    severity: low\n    title: \"A seeded defect\"\n    when {condition}\n}}\n",
            of.name, of.version
        )
    }

    /// A field of the template type that holds strings, as content writes it.
    pub(super) fn text_field(&self) -> Option<String> {
        self.text_field_with_case().map(|(name, _)| name)
    }

    /// The same, and whether it ignores case.
    fn text_field_with_case(&self) -> Option<(String, bool)> {
        let fields = self.target.template.fields.iter().flatten();
        let all = fields.chain(&self.target.template.header);
        let field = all.into_iter().find(|field| field.ty.scalar == Scalar::String && !field.ty.list)?;
        Some((native::field_name(&field.name), field.ty.nocase))
    }

    /// The release with other text instead of the file that the rule is in.
    fn rewritten(&self, edit: impl Fn(&str) -> String) -> Option<Seeded> {
        let mut seeded = self.plain();
        let text = edit_condition(&self.rule.source, self.rule, edit)?;
        let (source, _) = seeded.release.sources.iter_mut().find(|(source, _)| source.is(&self.rule.source))?;
        *source = Source::new(source.name(), text);
        Some(seeded)
    }

    /// An event that the rule fires on.
    fn firing(&self) -> Option<Witness> {
        match Analysis::new(&proof::fires).fires(self.target) {
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

pub(super) fn blank_cell(victim: &Victim<'_>) -> Option<Seeded> {
    on_table(victim, "[\"name\", \"note\"], [\"\", \"note\"]", 10)
}

pub(super) fn doubled_rows(victim: &Victim<'_>) -> Option<Seeded> {
    on_table(victim, &format!("{}, {}", rows(0, 20), rows(0, 20)), 100)
}

pub(super) fn over_budget(victim: &Victim<'_>) -> Option<Seeded> {
    on_table(victim, &rows(0, 40), 20)
}

pub(super) fn id_reused(victim: &Victim<'_>) -> Option<Seeded> {
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

pub(super) fn reordered(victim: &Victim<'_>) -> Option<Seeded> {
    let template =
        victim.built.content().catalogue().newest().into_iter().find(|of| of.name == victim.target.template.name)?;
    let fields: Option<Vec<(String, FieldType)>> =
        template.fields.iter().map(|field| field.as_ref().map(|field| (field.name.clone(), field.ty))).collect();
    let mut fields = fields.filter(|fields| fields.len() > 1)?;
    fields.swap(0, 1);
    Some(victim.with(declare(template, template.version + 1, &fields)))
}

pub(super) fn explodes(victim: &Victim<'_>) -> Option<Seeded> {
    Some(victim.with(victim.probe(&format!("{} matches r\"^(([a-z])+.)+[A-Z]([a-z])+$\"", victim.text_field()?))))
}

pub(super) fn wrong_value(victim: &Victim<'_>) -> Option<Seeded> {
    Some(victim.with(victim.probe(&format!("{} == 7", victim.text_field()?))))
}

pub(super) fn swapped(victim: &Victim<'_>) -> Option<Seeded> {
    let other = negated(victim)?.release;
    let mut seeded = victim.plain();
    seeded.tamper = Tamper::Swapped(Built::seeded(other).ok()?.all_rules.ok()?);
    Some(seeded)
}

pub(super) fn kills_itself(victim: &Victim<'_>) -> Option<Seeded> {
    // What fires for nothing has nothing to lose.
    victim.firing()?;
    let mut seeded = victim.rewritten(|condition| format!("({condition}) and not ({condition})"))?;
    seeded.against = true;
    Some(seeded)
}

pub(super) fn negated(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = victim.rewritten(|condition| format!("not ({condition})"))?;
    seeded.against = true;
    Some(seeded)
}

pub(super) fn negated_with_tests(victim: &Victim<'_>) -> Option<Seeded> {
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

pub(super) fn matches_everything(victim: &Victim<'_>) -> Option<Seeded> {
    let field = victim.text_field()?;
    let mut seeded = victim.with(victim.probe(&format!("not {field} == \"no value is this one\"")));
    seeded.against = true;
    Some(seeded)
}

pub(super) fn table_grown(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = on_table(victim, &rows(0, 60), 100)?;
    seeded.before = Some(on_table(victim, &rows(0, 20), 100)?.release);
    seeded.against = true;
    Some(seeded)
}

pub(super) fn emptied(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = victim.plain();
    seeded.release.sources.clear();
    seeded.against = true;
    Some(seeded)
}

pub(super) fn stale(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = victim.plain();
    // Not the number that the release has: a finding that it has anyway would prove nothing.
    seeded.release.release.sequence = Some(seeded.release.release.sequence.map_or(7, |own| own.wrapping_add(1)));
    seeded.before = Some(seeded.release.clone());
    seeded.against = true;
    Some(seeded)
}

pub(super) fn too_many(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = victim.plain();
    seeded.recording = Some((Recording::lines("seeded", victim.line()?.repeat(3)), 2));
    Some(seeded)
}

pub(super) fn never_matched(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = victim.plain();
    seeded.never_match = Some(Recording::lines("seeded", victim.line()?));
    Some(seeded)
}

/// A rule with a part that cannot be read, and no other fault whatever the template types of the release are: it names no field.
pub(super) const UNREADABLE: &str = "title: A seeded defect\nid: 7d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c9d12\nstatus: test\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    selection:\n        '|seeded': 'seeded -a'\n    condition: selection\nlevel: low\n";

/// A rule that is whole but for the name of its log source.
pub(super) fn unserved() -> String {
    UNREADABLE.replace("process_creation", "process_kreation").replace("|seeded", "|contains")
}

pub(super) fn filter(victim: &Victim<'_>) -> Option<Seeded> {
    let id = victim.rule.id.as_deref()?;
    Some(victim.with_sigma(format!(
        "title: A seeded filter\nid: 7d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c9d13\nlogsource:\n    product: windows\n    category: process_creation\nfilter:\n    rules:\n        - {id}\n    selection:\n        Image|endswith: '\\\\seeded.exe'\n    condition: not selection\n"
    )))
}

pub(super) fn moved_in_place(victim: &Victim<'_>) -> Option<Seeded> {
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

pub(super) fn correlation(victim: &Victim<'_>) -> Option<Seeded> {
    let id = victim.rule.id.as_deref()?;
    Some(victim.with_sigma(format!(
        "title: A seeded correlation\nid: 7d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c9d14\ncorrelation:\n    type: event_count\n    rules:\n        - {id}\n    group-by:\n        - User\n    timespan: 5m\n    condition:\n        gte: 20\nlevel: low\n"
    )))
}

pub(super) fn unrecognised(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = victim.plain();
    let lines = b"{\"a_seeded_defect\": \"no template type knows the name\"}\n".repeat(3);
    seeded.recording = Some((Recording::lines("seeded", lines), u64::MAX));
    Some(seeded)
}
