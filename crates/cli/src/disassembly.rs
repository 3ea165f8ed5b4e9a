//! What is in an image, in words: the report of `inspect`, and programs as text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use contentcheck_interpreter::format::{
    ACCEPT, Input, InputKind, Instruction, KEYWORD, Opcode, Part, Pattern, PatternKind, Predicate, Program, REJECT,
    Regex, Section, Set, Template, comparison, feature, input_flags, predicate_flags,
};
use contentcheck_interpreter::{Image, Scalar};
use contentcheck_model::diagnostic::visible;
use contentcheck_model::lookup::{self, Names, NotFound};
use contentcheck_parser::release::hex;

use schemars::JsonSchema;
use serde::Serialize;

/// What `inspect --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InspectReport {
    /// Format of this report: 1.
    pub format: u32,
    /// What the image says of itself.
    pub identity: IdentityReport,
    /// Bytes of the image.
    pub bytes: usize,
    /// Words of 64 bits that an evaluation needs as scratch memory.
    pub scratch_words: usize,
    /// Sections, in order.
    pub sections: Vec<SectionSize>,
    /// Template types, in order.
    pub templates: Vec<TemplateReport>,
}

/// What an image says of itself.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IdentityReport {
    /// Name of the release.
    pub release: Option<String>,
    /// Sequence number of the release.
    pub sequence: Option<u64>,
    /// SHA-256 of the content that was compiled.
    pub content_sha256: String,
    /// Name and version of the compiler.
    pub compiler: String,
    /// Format version.
    pub format: u32,
    /// Features that a reader must know.
    pub features: Vec<String>,
}

impl IdentityReport {
    fn of(image: &Image<'_>) -> Self {
        let identity = image.identity();
        let named = (0..64).filter_map(|bit| identity.feature(bit)).map(str::to_owned);
        Self {
            release: Some(identity.release).filter(|name| !name.is_empty()).map(str::to_owned),
            sequence: Some(identity.sequence).filter(|number| *number > 0),
            content_sha256: hex(&identity.content),
            compiler: identity.compiler.to_owned(),
            format: identity.format,
            features: named.collect(),
        }
    }
}

/// The titles of the rules that ask for some features.
#[must_use]
pub fn rules_that_need<'i>(image: &Image<'i>, features: u64) -> Vec<&'i str> {
    let mut found = BTreeSet::new();
    for template in (0..image.template_count()).filter_map(|number| image.template(number)) {
        for (_, program) in programs(image, &template) {
            let own = instructions(image, &program);
            let mut asked = own.iter().filter_map(|of| predicate_of(image, &template, of.predicate));
            if asked.any(|predicate| needs(image, &predicate) & features != 0) {
                found.insert(program.rule);
            }
        }
    }
    found.into_iter().filter_map(|rule| image.rule(rule)).map(|rule| rule.title).collect()
}

/// The features that a predicate asks for.
fn needs(image: &Image<'_>, predicate: &Predicate) -> u64 {
    let opcode = Opcode::from_number(predicate.opcode);
    let own = opcode.map_or(0, Opcode::feature);
    if !matches!(opcode, Some(Opcode::AnyText | Opcode::AllTexts)) {
        return own;
    }
    let is_slow = |pattern: &Pattern| {
        pattern.kind == PatternKind::Matches as u8
            && record(image, Section::Regexes, pattern.a).is_some_and(|regex| Regex::decode(&regex).kind == 1)
    };
    own | if patterns(image, predicate).iter().any(is_slow) { feature::NONDETERMINISTIC } else { 0 }
}

/// Size of a section.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SectionSize {
    /// Its name.
    pub name: &'static str,
    /// Where it begins.
    pub offset: u32,
    /// Its bytes.
    pub bytes: u32,
    /// Its records.
    pub records: u32,
}

/// A template type of an image.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TemplateReport {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The inputs that rules read: a sensor must supply those that are not open.
    pub inputs: Vec<InputReport>,
    /// Steps of an evaluation that do not depend on the event.
    pub fixed_steps: u64,
    /// Steps for each unit of the event's size, at most.
    pub steps_per_unit: u64,
    /// Number of programs that run for every event, since nothing of theirs can be looked for.
    pub always: u32,
    /// The programs.
    pub rules: Vec<ProgramReport>,
}

/// An input of a template type.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InputReport {
    /// Its name.
    pub name: String,
    /// Position in the template type.
    pub position: Option<u16>,
    /// Where it comes from: numbered, header, fixed, open.
    pub kind: &'static str,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: String,
}

/// A rule on a template type.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProgramReport {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Number of instructions.
    pub instructions: u32,
    /// Bytes of its code and of the predicates that it asks; those of others may be the same ones.
    pub bytes: u64,
    /// Steps that do not depend on the event, at most.
    pub fixed_steps: u64,
    /// Steps for each unit of the event's size, at most.
    pub steps_per_unit: u64,
    /// Whether it runs for every event.
    pub always: bool,
}

/// The record of a section with a number.
fn record<const N: usize>(image: &Image<'_>, section: Section, number: u32) -> Option<[u8; N]> {
    image.section_bytes(section).as_chunks::<N>().0.get(number as usize).copied()
}

fn programs<'a>(image: &'a Image<'_>, template: &Template) -> impl Iterator<Item = (u32, Program)> + use<'a> {
    let template = *template;
    (0..template.program_count).filter_map(move |number| {
        let at = template.programs.checked_add(number)?;
        Some((number, Program::decode(&record(image, Section::Programs, at)?)))
    })
}

fn instructions(image: &Image<'_>, program: &Program) -> Vec<Instruction> {
    let end = program.code.saturating_add(program.code_len);
    (program.code..end).filter_map(|at| record(image, Section::Code, at)).map(|of| Instruction::decode(&of)).collect()
}

/// The predicate of a template type with a number.
fn predicate_of(image: &Image<'_>, template: &Template, number: u32) -> Option<Predicate> {
    let at = template.predicates.checked_add(number)?;
    Some(Predicate::decode(&record(image, Section::Predicates, at)?))
}

/// The report of an image, or of one template type of it.
#[must_use]
pub fn report(image: &Image<'_>, only: Option<&str>) -> InspectReport {
    let mut templates = Vec::new();
    for number in 0..image.template_count() {
        let Some(template) = image.template(number) else { continue };
        let name = image.name(template.name, template.name_len);
        if only.is_some_and(|only| only != name && only != format!("{name} @ {}", template.version)) {
            continue;
        }
        let cost = image.cost(number);
        let always: BTreeSet<u32> = (template.always..template.always.saturating_add(template.always_count))
            .filter_map(|at| record::<4>(image, Section::Witnesses, at))
            .map(u32::from_le_bytes)
            .collect();
        let inputs =
            (template.inputs..template.inputs.saturating_add(template.input_count)).filter_map(|at| image.input(at));
        templates.push(TemplateReport {
            name: name.to_owned(),
            version: template.version,
            inputs: inputs.map(|input| input_report(image, &input)).collect(),
            fixed_steps: cost.fixed,
            steps_per_unit: cost.per_unit,
            always: template.always_count,
            rules: programs(image, &template)
                .map(|(number, program)| {
                    let cost = image.program_cost(&template, number, true);
                    let rule = image.rule(program.rule);
                    let predicates: BTreeSet<u32> =
                        instructions(image, &program).iter().map(|instruction| instruction.predicate).collect();
                    let asked = predicates.iter().filter_map(|number| predicate_of(image, &template, *number));
                    ProgramReport {
                        name: rule.map_or("", |rule| rule.name).to_owned(),
                        title: rule.map_or("", |rule| rule.title).to_owned(),
                        instructions: program.code_len,
                        bytes: u64::from(program.code_len) * Instruction::SIZE as u64
                            + asked.map(|of| predicate_bytes(image, &of)).sum::<u64>(),
                        fixed_steps: cost.fixed,
                        steps_per_unit: cost.per_unit,
                        always: always.contains(&number),
                    }
                })
                .collect(),
        });
    }
    InspectReport {
        format: 1,
        identity: IdentityReport::of(image),
        bytes: image.bytes().len(),
        scratch_words: image.scratch_words(),
        sections: sections(image),
        templates,
    }
}

fn input_report(image: &Image<'_>, input: &Input) -> InputReport {
    InputReport {
        name: image.name(input.name, input.name_len).to_owned(),
        position: (input.position > 0).then_some(input.position),
        kind: InputKind::from_number(input.kind).map_or("", InputKind::as_str),
        ty: ty(input),
    }
}

fn ty(input: &Input) -> String {
    let scalars = ["string", "int", "float", "bool", "ip", "bytes"];
    let scalar = scalars.get(usize::from(input.scalar)).copied().unwrap_or("");
    let list = if input.flags & input_flags::LIST != 0 { format!("list<{scalar}>") } else { scalar.to_owned() };
    let optional = if input.flags & input_flags::OPTIONAL != 0 { "?" } else { "" };
    let by_number = if input.flags & input_flags::BY_NUMBER != 0 { ", by number" } else { "" };
    format!("{list}{optional}{by_number}")
}

/// Bytes of a predicate with what it alone points to, and of its strings and automata.
fn predicate_bytes(image: &Image<'_>, predicate: &Predicate) -> u64 {
    let own = Predicate::SIZE as u64;
    let count = u64::from(predicate.b);
    own + match Opcode::from_number(predicate.opcode) {
        Some(Opcode::AnyText | Opcode::AllTexts) => patterns(image, predicate)
            .iter()
            .map(|pattern| {
                Pattern::SIZE as u64
                    + match PatternKind::from_number(pattern.kind) {
                        Some(PatternKind::Matches) => record(image, Section::Regexes, pattern.a)
                            .map_or(0, |of| Regex::SIZE as u64 + u64::from(Regex::decode(&of).len)),
                        Some(PatternKind::Like) => {
                            parts(image, pattern).iter().map(|part| Part::SIZE as u64 + u64::from(part.len)).sum()
                        }
                        _ => u64::from(pattern.b),
                    }
            })
            .sum(),
        Some(Opcode::Int | Opcode::Time) => count * 16,
        Some(Opcode::Cidr) => count * 20,
        Some(Opcode::Float) => 8,
        Some(Opcode::Mask) => 16,
        _ => 0,
    }
}

fn patterns(image: &Image<'_>, predicate: &Predicate) -> Vec<Pattern> {
    let end = predicate.a.saturating_add(predicate.b);
    (predicate.a..end).filter_map(|at| record(image, Section::Patterns, at)).map(|of| Pattern::decode(&of)).collect()
}

fn parts(image: &Image<'_>, pattern: &Pattern) -> Vec<Part> {
    let end = pattern.a.saturating_add(pattern.b);
    (pattern.a..end).filter_map(|at| record(image, Section::Parts, at)).map(|of| Part::decode(&of)).collect()
}

/// The programs of a rule as text. An image does not say which file a rule is from.
///
/// # Errors
/// When no rule is meant, or more than one.
pub fn rule(image: &Image<'_>, wanted: &str) -> Result<String, NotFound> {
    let rules = (0..image.rule_count()).map_while(|at| image.rule(at));
    let names = rules.map(|rule| Names { id: "", word: rule.word, name: rule.name, title: rule.title, file: "" });
    let number = lookup::find(names, wanted)?.number();
    let mut text = String::new();
    let Some(found) = image.rule(number) else { return Ok(text) };
    // Writing to a string does not fail.
    let _ = writeln!(text, "rule {number}: {} ({})", visible(found.title), visible(found.name));
    for template in (0..image.template_count()).filter_map(|at| image.template(at)) {
        for (_, program) in programs(image, &template).filter(|(_, program)| program.rule == number) {
            let _ =
                writeln!(text, "\non {} @ {}", visible(image.name(template.name, template.name_len)), template.version);
            for (at, instruction) in instructions(image, &program).iter().enumerate() {
                let asked = predicate_of(image, &template, instruction.predicate)
                    .map_or_else(String::new, |of| predicate(image, &template, &of));
                let _ = writeln!(
                    text,
                    "  {at:>4}  yes {:>6}  no {:>6}  {asked}",
                    target(instruction.yes),
                    target(instruction.no)
                );
            }
        }
    }
    Ok(text)
}

fn target(to: u16) -> String {
    match to {
        ACCEPT => "accept".to_owned(),
        REJECT => "reject".to_owned(),
        at => at.to_string(),
    }
}

fn input_name(image: &Image<'_>, template: &Template, input: u16) -> String {
    if input == KEYWORD {
        return "(any value)".to_owned();
    }
    let of = template.inputs.checked_add(u32::from(input)).and_then(|at| image.input(at));
    of.map_or_else(String::new, |of| visible(image.name(of.name, of.name_len)).into_owned())
}

/// A predicate in words.
fn predicate(image: &Image<'_>, template: &Template, predicate: &Predicate) -> String {
    let Some(opcode) = Opcode::from_number(predicate.opcode) else { return "(not known)".to_owned() };
    let quantifier = match predicate.flags & predicate_flags::QUANTIFIER {
        predicate_flags::ANY => "any ",
        predicate_flags::ALL => "all ",
        _ => "",
    };
    let variant = predicate.flags >> predicate_flags::VARIANT;
    let name = input_name(image, template, predicate.input);
    let number = |at: u32| record::<8>(image, Section::Numbers, at).map_or(0, u64::from_le_bytes);
    let ranges = || {
        let each = (0..predicate.b).map(|index| {
            let at = predicate.a.saturating_add(index.saturating_mul(2));
            let (from, to) = (number(at) as i64, number(at.saturating_add(1)) as i64);
            if from == to { from.to_string() } else { format!("{from}..{to}") }
        });
        each.collect::<Vec<_>>().join(", ")
    };
    let what = match opcode {
        Opcode::AnyText | Opcode::AllTexts => {
            let shown: Vec<String> = patterns(image, predicate).iter().map(|of| pattern(image, of)).collect();
            shown.join(if opcode == Opcode::AnyText { " or " } else { " and " })
        }
        Opcode::Atom => format!("atom {}", predicate.a),
        Opcode::Exists | Opcode::Null => opcode.as_str().to_owned(),
        Opcode::Int => format!("in [{}]", ranges()),
        Opcode::Time => {
            let parts = ["minute", "hour", "day", "week", "month", "year"];
            format!("{} in [{}]", parts.get(usize::from(variant)).copied().unwrap_or(""), ranges())
        }
        Opcode::Float => format!("{} {}", sign(variant), f64::from_bits(number(predicate.a))),
        Opcode::Bool => format!("== {}", variant == 1),
        Opcode::Mask => {
            let (mask, value) = (number(predicate.a) as i64, number(predicate.a.saturating_add(1)) as i64);
            format!("& {mask:#x} {} {value:#x}", sign(variant))
        }
        Opcode::InSet => {
            let set = record(image, Section::Sets, predicate.a).map(|of| Set::decode(&of)).unwrap_or_default();
            let kind = if set.scalar == Scalar::String as u8 { "strings" } else { "keys" };
            format!("in set {} of {} {kind}", predicate.a, set.count)
        }
        Opcode::Cidr => format!("in {} networks", predicate.b),
        Opcode::Field => {
            let other = u16::try_from(predicate.a).map_or_else(|_| String::new(), |at| input_name(image, template, at));
            format!("{} {other}", sign(variant))
        }
    };
    format!("{quantifier}{name} {what}")
}

fn sign(variant: u8) -> &'static str {
    match variant {
        comparison::EQUAL => "==",
        comparison::NOT_EQUAL => "!=",
        comparison::LESS => "<",
        comparison::AT_MOST => "<=",
        comparison::GREATER => ">",
        comparison::AT_LEAST => ">=",
        comparison::CONTAINS => "contains",
        comparison::STARTS_WITH => "starts_with",
        _ => "ends_with",
    }
}

fn quoted(image: &Image<'_>, at: u32, len: u32) -> String {
    let bytes = image.section_bytes(Section::Text).get(at as usize..at.saturating_add(len) as usize).unwrap_or(&[]);
    format!("{:?}", String::from_utf8_lossy(bytes))
}

fn pattern(image: &Image<'_>, pattern: &Pattern) -> String {
    let Some(kind) = PatternKind::from_number(pattern.kind) else { return String::new() };
    let tilde = if pattern.flags != 0 { "~" } else { "" };
    match kind {
        PatternKind::Matches => {
            let regex = record(image, Section::Regexes, pattern.a).map(|of| Regex::decode(&of)).unwrap_or_default();
            let how = if regex.kind == 0 { "deterministic" } else { "nondeterministic" };
            format!("matches expression {} ({how}, {} states)", pattern.a, regex.states)
        }
        PatternKind::Like => {
            let shown: Vec<String> = parts(image, pattern)
                .iter()
                .map(|part| match part.kind {
                    0 => quoted(image, part.text, part.len),
                    1 => "*".to_owned(),
                    _ => "?".to_owned(),
                })
                .collect();
            format!("like{tilde} {}", shown.join(" "))
        }
        _ => format!("{}{tilde} {}", kind.as_str(), quoted(image, pattern.a, pattern.b)),
    }
}

/// The sections of an image.
fn sections(image: &Image<'_>) -> Vec<SectionSize> {
    let size = |section: &Section| {
        let (offset, bytes) = image.section(*section);
        SectionSize { name: section.as_str(), offset, bytes, records: bytes / section.unit() as u32 }
    };
    Section::ALL.iter().map(size).collect()
}
