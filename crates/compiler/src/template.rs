//! One template type: its inputs, programs, predicates, atoms and filters.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contentcheck_interpreter::format::{
    self, Atom, IGNORE_CASE, Input, InputKind, KEYWORD, Key, Keywords, NO_KEYWORDS, Network, Opcode, Part, Pattern,
    PatternKind, Predicate, Program, Regex, Set, Template, input_flags, predicate_flags,
};
use contentcheck_interpreter::hash;
use contentcheck_model::expression::Expr;
use contentcheck_model::field::{FieldInfo, Place};
use contentcheck_model::template::{Scalar, TemplateType};

use crate::automata::{self, Automata, Groups};
use crate::code::Asked;
use crate::filter::{self, Indexed, Literals, Placed};
use crate::frequency::{Factor, Frequency, Likely};
use crate::lower::{self, Ask, InputKey, Question};
use crate::select::{self, Selection};
use crate::sensor;
use crate::text::{Piece, Text, Texted};
use crate::write::Sections;
use crate::{Problem, code, factor};

/// A rule on this template type.
pub(crate) struct Member<'c> {
    pub(crate) rule: u32,
    pub(crate) name: &'c str,
    pub(crate) file: &'c str,
    pub(crate) condition: &'c Expr<contentcheck_model::predicate::Predicate>,
}

/// What several template types share.
pub(crate) struct Shared<'c> {
    pub(crate) frequency: &'c Frequency<'c>,
    pub(crate) regexes: HashMap<Box<str>, u32>,
    pub(crate) sets: HashMap<lower::Keys, u32>,
    pub(crate) automata: Automata<'c>,
    /// The keywords that were placed, each with its number once it is written.
    pub(crate) keywords: BTreeMap<Literals, (Placed, Option<u32>)>,
}

impl<'c> Shared<'c> {
    /// Finds places for keywords, unless that was done before; nothing where there are none.
    fn keywords(&mut self, literals: Literals) -> Result<Option<Literals>, BTreeSet<(u16, Factor)>> {
        if literals.is_empty() {
            return Ok(None);
        }
        if !self.keywords.contains_key(&literals) {
            let placed = filter::place(&literals, &|_| self.frequency.in_all())?;
            self.keywords.insert(literals.clone(), (placed, None));
        }
        Ok(Some(literals))
    }

    /// The number of keywords that were placed, written where the first template type asks for them.
    fn write_keywords(&mut self, literals: Literals, sections: &mut Sections) -> u32 {
        let Some((placed, number)) = self.keywords.get_mut(&literals) else { return NO_KEYWORDS };
        *number.get_or_insert_with(|| {
            let number = sections.keywords.len() as u32;
            let look = placed.write_look(KEYWORD, sections);
            let Indexed { filters, literals: first, literal_count } = placed.write(&literals, sections);
            let atom_count = literals.values().flatten().max().map_or(0, |last| last + 1);
            sections.keywords.push(Keywords { filters, literals: first, literal_count, atom_count, look });
            number
        })
    }
}

/// A template type and the rules on it, as the image asks for them.
pub(crate) struct Asking<'t, 'c> {
    template: &'t TemplateType,
    members: &'t [Member<'c>],
    /// What each rule mentions.
    mentioned: Vec<Vec<InputKey>>,
    inputs: BTreeMap<InputKey, u16>,
    programs: Vec<Expr<Question>>,
}

impl<'t, 'c> Asking<'t, 'c> {
    pub(crate) fn new(
        template: &'t TemplateType,
        members: &'t [Member<'c>],
        frequency: &Frequency<'_>,
    ) -> Result<Self, Problem> {
        let mentioned: Vec<Vec<InputKey>> = members.iter().map(|member| lower::mentions(member.condition)).collect();
        let keys: BTreeSet<InputKey> = mentioned.iter().flatten().cloned().collect();
        if keys.len() > format::INPUTS_MAX as usize {
            return Err(Problem::TooManyInputs { template: template.to_string() });
        }
        let inputs: BTreeMap<InputKey, u16> = keys.into_iter().zip(0_u16..).collect();
        let lowered = |member: &Member<'_>| lower::condition(member.condition, template, &inputs, frequency.in_any());
        let programs = members.iter().map(lowered).collect();
        Ok(Self { template, members, mentioned, inputs, programs })
    }

    /// The regular expressions that are asked of one value.
    pub(crate) fn expressions<'q>(&'q self, groups: &mut Groups<'q, 'c>) {
        for (program, member) in self.programs.iter().zip(self.members) {
            program.each(&mut |question, _| {
                let Ask::Texts { texts, all } = &question.ask else { return };
                let of = texts.iter().filter_map(expression);
                let groups_of: Vec<Vec<&str>> =
                    if *all { of.map(|expression| vec![expression]).collect() } else { vec![of.collect()] };
                for group in groups_of.into_iter().filter(|group| !group.is_empty()) {
                    groups.entry(group).or_insert(member.file);
                }
            });
        }
    }
}

fn expression(text: &Texted) -> Option<&str> {
    if let Text::Matches(expression) = &text.text { Some(expression) } else { None }
}

/// Writes a template type and the rules on it.
pub(crate) fn write<'c>(
    asking: &Asking<'_, 'c>,
    shared: &mut Shared<'c>,
    sections: &mut Sections,
) -> Result<(), Problem> {
    let Asking { template, members, mentioned, inputs, programs } = asking;
    let scalar_of: Vec<Option<Scalar>> =
        inputs.keys().map(|key| template.describe(&key.field).map(|info| info.ty.scalar)).collect();
    let scalars = |input: u16| scalar_of.get(usize::from(input)).copied().flatten();

    let frequency = shared.frequency;
    let of_input: Vec<Likely<'_>> = inputs
        .keys()
        .map(|key| template.describe(&key.field).map_or(frequency.in_any(), |info| frequency.in_field(info.name)))
        .collect();
    let fields = |input: u16| of_input.get(usize::from(input)).copied().unwrap_or_else(|| frequency.in_all());
    let mut refused: BTreeSet<(u16, Factor)> = BTreeSet::new();
    let (selection, found, placed, keywords) = loop {
        let selection = select::select(programs, &scalars, &fields, &refused);
        let (found, of_keywords) = literals(&selection);
        let keywords = shared.keywords(of_keywords);
        match (filter::place(&found, &fields), keywords) {
            (Ok(placed), Ok(keywords)) => break (selection, found, placed, keywords),
            (placed, keywords) => refused.extend([placed.err(), keywords.err()].into_iter().flatten().flatten()),
        }
    };
    let witnesses = witnesses(&selection);
    let always: Vec<u32> =
        (0_u32..).zip(&selection.witnesses).filter(|(_, witness)| witness.is_none()).map(|(at, _)| at).collect();
    let always_at = sections.witnesses.len() as u32;
    sections.witnesses.extend(&always);
    let atoms_at = sections.atoms.len() as u32;
    for (programs, question) in witnesses.iter().zip(selection.atoms.keys()) {
        let at = sections.witnesses.len() as u32;
        sections.atoms.push(Atom { witnesses: at, count: programs.len() as u32, input: question.input });
        sections.witnesses.extend(programs);
    }

    let inputs_at = sections.inputs.len() as u32;
    for (key, number) in inputs {
        write_input(key, *number, template, &placed, sections);
    }
    let keywords = keywords.map_or(NO_KEYWORDS, |keywords| shared.write_keywords(keywords, sections));
    let index = placed.write(&found, sections);

    // A question that the scan answers is its atom; one that it only bounds is asked behind its atom.
    let atoms: HashMap<&Question, (u32, bool)> =
        (0_u32..).zip(&selection.atoms).map(|(at, (question, atom))| (*question, (at, atom.exact))).collect();
    // Every question once, in their order, so that the same content gives the same numbers.
    let mut questions: BTreeMap<&Question, &'c str> = BTreeMap::new();
    for (program, member) in programs.iter().zip(*members) {
        // The first file that asks a question answers for what it costs.
        program.each(&mut |question, _| {
            questions.entry(question).or_insert(member.file);
        });
    }
    let predicates_at = sections.predicates.len() as u32;
    let mut numbers: HashMap<&Question, Asked> = HashMap::with_capacity(questions.len());
    let mut next = 0_u32;
    for (question, file) in &questions {
        let atom = atoms.get(question).copied();
        let mut asked = Asked { gate: None, answer: None };
        if let Some((atom, exact)) = atom {
            let record =
                Predicate { opcode: Opcode::Atom as u8, input: question.input, a: atom, ..Predicate::default() };
            sections.predicates.push(record);
            *if exact { &mut asked.answer } else { &mut asked.gate } = Some(next);
            next += 1;
        }
        if asked.answer.is_none() {
            let record = predicate(question, file, shared, sections)?;
            sections.predicates.push(record);
            asked.answer = Some(next);
            next += 1;
        }
        numbers.insert(question, asked);
    }
    // Conditions that are constant need an instruction all the same.
    let constant = next;
    let constants = programs.iter().any(|program| matches!(program, Expr::Const(_)));
    if constants {
        sections.predicates.push(Predicate { opcode: Opcode::Exists as u8, input: KEYWORD, ..Predicate::default() });
    }

    let programs_at = sections.programs.len() as u32;
    for ((member, program), mentions) in members.iter().zip(programs).zip(mentioned) {
        let asked = |question: &Question| numbers.get(question).copied().unwrap_or_default();
        let is_atom = |question: &Question| atoms.get(question).map(|(_, exact)| *exact);
        let code = code::program(program, &asked, &is_atom, constant)
            .ok_or_else(|| Problem::ProgramTooLong { rule: member.name.to_owned() })?;
        let mentions_at = sections.mentions.len() as u32;
        sections.mentions.extend(mentions.iter().filter_map(|key| inputs.get(key)));
        sections.programs.push(Program {
            rule: member.rule,
            code: sections.code.len() as u32,
            code_len: code.len() as u32,
            mentions: mentions_at,
            mention_count: mentions.len() as u32,
        });
        sections.code.extend(code);
    }
    let (name, name_len) = sections.name(&template.name);
    sections.templates.push(Template {
        name,
        name_len,
        version: template.version,
        inputs: inputs_at,
        input_count: inputs.len() as u32,
        programs: programs_at,
        program_count: members.len() as u32,
        predicates: predicates_at,
        predicate_count: constant + u32::from(constants),
        atoms: atoms_at,
        atom_count: selection.atoms.len() as u32,
        filters: index.filters,
        literals: index.literals,
        literal_count: index.literal_count,
        always: always_at,
        always_count: always.len() as u32,
        keywords,
    });
    Ok(())
}

/// The literals of all atoms, by input, and those of the keywords. Questions to keywords are the last ones, and among
/// keywords their atoms are counted from the first of these.
fn literals(selection: &Selection<'_>) -> (Literals, Literals) {
    let (mut found, mut of_keywords) = (Literals::new(), Literals::new());
    let of_inputs = selection.atoms.keys().filter(|question| question.input != KEYWORD).count() as u32;
    for (number, (question, atom)) in (0_u32..).zip(&selection.atoms) {
        let is_keyword = question.input == KEYWORD;
        let (into, number) = if is_keyword { (&mut of_keywords, number - of_inputs) } else { (&mut found, number) };
        for literal in &atom.literals {
            into.entry((question.input, literal.clone())).or_default().insert(number);
        }
    }
    (found, of_keywords)
}

/// For each atom the programs that it is a witness of.
fn witnesses(selection: &Selection<'_>) -> Vec<Vec<u32>> {
    let number: HashMap<&Question, usize> = selection.atoms.keys().copied().zip(0..).collect();
    let mut found = vec![Vec::new(); selection.atoms.len()];
    for (program, witness) in (0_u32..).zip(&selection.witnesses) {
        for question in witness.iter().flatten() {
            if let Some(programs) = number.get(question).and_then(|at| found.get_mut(*at)) {
                programs.push(program);
            }
        }
    }
    found
}

fn write_input(key: &InputKey, number: u16, template: &TemplateType, placed: &Placed, sections: &mut Sections) {
    let Some(FieldInfo { name, ty, place }) = template.describe(&key.field) else { return };
    let (name, name_len) = sections.name(name);
    let look = placed.write_look(number, sections);
    let (kind, position, by_number) = match place {
        Place::Position(position) => (InputKind::Numbered, position as u16, key.by_number),
        Place::Header => (InputKind::Header, 0, false),
        Place::Reads(_) => (InputKind::Fixed, 0, false),
        Place::Undeclared => (InputKind::Open, 0, false),
    };
    let flag = |holds: bool, flag: u8| if holds { flag } else { 0 };
    sections.inputs.push(Input {
        name,
        name_len,
        kind: kind as u8,
        scalar: sensor::number(ty.scalar),
        flags: flag(ty.list, input_flags::LIST)
            | flag(ty.optional, input_flags::OPTIONAL)
            | flag(by_number, input_flags::BY_NUMBER),
        position,
        look,
    });
}

/// The record of a question that the scan does not answer.
fn predicate<'c>(
    question: &Question,
    file: &'c str,
    shared: &mut Shared<'c>,
    sections: &mut Sections,
) -> Result<Predicate, Problem> {
    let opcode = question.opcode();
    let mut record =
        Predicate { opcode: opcode as u8, flags: question.quantifier, input: question.input, ..Predicate::default() };
    if matches!(question.ask, Ask::Exists | Ask::Null) {
        record.flags = 0;
    }
    let variant = |variant: u8| variant << predicate_flags::VARIANT;
    let ranges = |ranges: &[(i64, i64)], sections: &mut Sections| {
        let at = sections.numbers.len() as u32;
        sections.numbers.extend(ranges.iter().flat_map(|(from, to)| [*from as u64, *to as u64]));
        (at, ranges.len() as u32)
    };
    match &question.ask {
        Ask::Exists | Ask::Null => {}
        Ask::Texts { texts, all } => {
            let joined = if *all { None } else { joined(texts, file, shared) };
            let texts = joined.as_ref().unwrap_or(texts);
            record.a = sections.patterns.len() as u32;
            record.b = texts.len() as u32;
            for text in texts {
                let pattern = pattern(text, file, shared, sections)?;
                sections.patterns.push(pattern);
            }
        }
        Ask::Int(of) => (record.a, record.b) = ranges(of, sections),
        Ask::Float { variant: of, bits } => {
            record.flags |= variant(*of);
            record.a = sections.numbers.len() as u32;
            sections.numbers.push(*bits);
        }
        Ask::Bool(truth) => record.flags |= variant(u8::from(*truth)),
        Ask::InSet(keys) => {
            record.a = match shared.sets.get(keys) {
                Some(set) => *set,
                None => {
                    let set = write_set(keys, sections);
                    shared.sets.insert(keys.clone(), set);
                    set
                }
            };
        }
        Ask::Cidr(networks) => {
            record.a = sections.networks.len() as u32;
            record.b = networks.len() as u32;
            sections.networks.extend(networks.iter().map(|(family, prefix, [w0, w1, w2, w3])| Network {
                family: *family,
                prefix: *prefix,
                w0: *w0,
                w1: *w1,
                w2: *w2,
                w3: *w3,
            }));
        }
        Ask::Mask { variant: of, mask, value } => {
            record.flags |= variant(*of);
            record.a = sections.numbers.len() as u32;
            sections.numbers.extend([*mask as u64, *value as u64]);
        }
        Ask::Time { part, ranges: of } => {
            record.flags |= variant(*part);
            (record.a, record.b) = ranges(of, sections);
        }
        Ask::Field { variant: of, other, ignore_case } => {
            record.flags |= variant(*of) | if *ignore_case { predicate_flags::IGNORE_CASE } else { 0 };
            record.a = u32::from(*other);
        }
    }
    Ok(record)
}

fn write_set(keys: &lower::Keys, sections: &mut Sections) -> u32 {
    let set = sections.sets.len() as u32;
    let at = sections.keys.len() as u32;
    for key in &keys.keys {
        let (text, len) = sections.text(key);
        sections.keys.push(Key { text, len });
    }
    sections.sets.push(Set { keys: at, count: keys.keys.len() as u32, scalar: keys.scalar, flags: keys.flags });
    set
}

fn pattern<'c>(
    text: &Texted,
    file: &'c str,
    shared: &mut Shared<'c>,
    sections: &mut Sections,
) -> Result<Pattern, Problem> {
    let flags = if text.ignore_case { IGNORE_CASE } else { 0 };
    let literal = |kind: PatternKind, bytes: &[u8], at: u16, sections: &mut Sections| {
        let (a, b) = sections.text(bytes);
        Pattern { kind: kind as u8, flags, at, a, b, c: 0 }
    };
    Ok(match &text.text {
        Text::Equals(bytes) => literal(PatternKind::Equals, bytes, 0, sections),
        Text::Prefix(bytes) => literal(PatternKind::Prefix, bytes, 0, sections),
        Text::Suffix(bytes) => literal(PatternKind::Suffix, bytes, 0, sections),
        Text::Contains(bytes) => {
            let rare = |window: &[u8]| hash::gram_at(window).map_or(0, |gram| shared.frequency.in_any().gram(gram));
            let windows = bytes.windows(format::GRAM).enumerate().take(usize::from(u16::MAX));
            let at = windows.min_by_key(|(at, window)| (rare(window), *at)).map_or(0, |(at, _)| at as u16);
            literal(PatternKind::Contains, bytes, at, sections)
        }
        Text::Like(pieces) => {
            let a = sections.parts.len() as u32;
            for piece in pieces {
                let part = match piece {
                    Piece::Literal(bytes) => {
                        let (text, len) = sections.text(bytes);
                        Part { kind: 0, text, len }
                    }
                    Piece::AnyRun => Part { kind: 1, ..Part::default() },
                    Piece::AnyOne => Part { kind: 2, ..Part::default() },
                };
                sections.parts.push(part);
            }
            Pattern { kind: PatternKind::Like as u8, flags, at: 0, a, b: pieces.len() as u32, c: 0 }
        }
        Text::Matches(expression) => {
            let a = match shared.regexes.get(expression) {
                Some(regex) => *regex,
                None => {
                    let regex = write_regex(expression, file, shared, sections)?;
                    shared.regexes.insert(expression.clone(), regex);
                    regex
                }
            };
            let c = sections.parts.len() as u32;
            let gates = factor::gates(expression, shared.frequency.in_any());
            for gate in &gates {
                let (text, len) = sections.text(gate);
                sections.parts.push(Part { kind: 0, text, len });
            }
            Pattern { kind: PatternKind::Matches as u8, flags: 0, at: 0, a, b: gates.len() as u32, c }
        }
    })
}

/// The strings with their expressions joined to one, where one deterministic automaton holds them.
fn joined<'c>(texts: &[Texted], file: &'c str, shared: &mut Shared<'c>) -> Option<Vec<Texted>> {
    let expressions: Vec<&str> = texts.iter().filter_map(expression).collect();
    if expressions.len() < 2 {
        return None;
    }
    let union = automata::union(&expressions);
    // Apart from each other nondeterministic ones are no slower, and the others are faster.
    if !shared.automata.is_deterministic(&union, file) {
        return None;
    }
    let mut rest: Vec<Texted> = texts.iter().filter(|text| expression(text).is_none()).cloned().collect();
    rest.push(Texted { text: Text::Matches(union), ignore_case: false });
    Some(rest)
}

fn write_regex<'c>(
    expression: &str,
    file: &'c str,
    shared: &mut Shared<'c>,
    sections: &mut Sections,
) -> Result<u32, Problem> {
    let number = sections.regexes.len() as u32;
    let automaton = shared.automata.take(expression, file)?;
    sections.regexes.push(Regex {
        kind: automaton.kind,
        classes: automaton.classes,
        states: automaton.states,
        start: automaton.start,
        table: sections.automata.len() as u32,
        len: automaton.table.len() as u32,
    });
    sections.automata.extend(automaton.table);
    Ok(number)
}
