//! Select: which questions the scan answers, and which of them are the witness of each program.
//!
//! A witness of a program is a set of questions of which at least one is true whenever the
//! program accepts. The scan finds literals; a program runs only if its witness was found. So the
//! rarest witness is the best, and a program without any runs for every event.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_interpreter::format::{KEYWORD, LiteralKind, predicate_flags};
use contentcheck_model::expression::Expr;

use crate::factor::factors;
use crate::frequency::{Factor, Fields};
use crate::lower::{Ask, Question};

/// A question with more strings than these is answered by the scan wherever it can be: one by one
/// they would cost more than they are worth.
const MANY: usize = 12;
/// A question that so many programs ask is answered by the scan wherever it can be exactly.
const SHARED: usize = 3;
/// Integers that a question may name to be looked for one by one.
const INTEGERS: u64 = 64;

/// What the scan looks for to answer a question, or to know that it may be true.
#[derive(Clone, Debug)]
pub(crate) struct Atom {
    pub(crate) literals: Vec<Factor>,
    /// Whether the question is true if and only if a literal was found.
    pub(crate) exact: bool,
    cost: f64,
}

/// A template type's questions as the scan sees them.
pub(crate) struct Selection<'q> {
    /// The questions that the scan looks for, in order.
    pub(crate) atoms: BTreeMap<&'q Question, Atom>,
    /// For each program its witness; nothing if it runs for every event.
    pub(crate) witnesses: Vec<Option<BTreeSet<&'q Question>>>,
}

/// Which scalar an input has, by its number.
pub(crate) type Scalars<'a> = &'a dyn Fn(u16) -> Option<contentcheck_model::template::Scalar>;

/// Selects for the programs of a template type. `refused` are literals that found no place.
pub(crate) fn select<'q>(
    programs: &'q [Expr<Question>],
    scalars: Scalars<'_>,
    fields: Fields<'_>,
    refused: &BTreeSet<(u16, Factor)>,
) -> Selection<'q> {
    let mut asked: BTreeMap<&Question, usize> = BTreeMap::new();
    for program in programs {
        let mut once = BTreeSet::new();
        program.each(&mut |question, _| {
            once.insert(question);
        });
        once.into_iter().for_each(|question| *asked.entry(question).or_insert(0) += 1);
    }
    let mut possible: BTreeMap<&Question, Atom> = BTreeMap::new();
    for question in asked.keys() {
        if let Some(atom) = atom(question, scalars, fields)
            && !atom.literals.iter().any(|literal| refused.contains(&(question.input, literal.clone())))
        {
            possible.insert(question, atom);
        }
    }
    let mut witnesses = Vec::with_capacity(programs.len());
    let mut atoms: BTreeMap<&Question, Atom> = BTreeMap::new();
    for program in programs {
        let found = witness(program, false, &possible).map(|(_, questions)| questions);
        for question in found.iter().flatten() {
            if let Some(atom) = possible.get(question) {
                atoms.entry(question).or_insert_with(|| atom.clone());
            }
        }
        witnesses.push(found);
    }
    // A program that runs for every event asks the scan whatever it can.
    let mut always: BTreeSet<&Question> = BTreeSet::new();
    for (program, _) in programs.iter().zip(&witnesses).filter(|(_, witness)| witness.is_none()) {
        program.each(&mut |question, _| {
            always.insert(question);
        });
    }
    for (question, atom) in possible {
        let texts = if let Ask::Texts { texts, .. } = &question.ask { texts.len() } else { 0 };
        let shared = asked.get(question).copied().unwrap_or(0) >= SHARED && is_anchored(&atom);
        if always.contains(question) || (atom.exact && (texts > MANY || shared)) {
            atoms.entry(question).or_insert(atom);
        }
    }
    Selection { atoms, witnesses }
}

/// Whether all literals lie at ends of values, where finding them costs next to nothing.
fn is_anchored(atom: &Atom) -> bool {
    atom.literals.iter().all(|literal| literal.kind != LiteralKind::Contains)
}

/// What the scan can look for to answer a question.
fn atom(question: &Question, scalars: Scalars<'_>, fields: Fields<'_>) -> Option<Atom> {
    use contentcheck_model::template::Scalar;
    // All elements of an empty list pass, and no literal is found in it.
    if question.quantifier == predicate_flags::ALL {
        return None;
    }
    let scalar = if question.input == KEYWORD { None } else { Some(scalars(question.input)?) };
    let frequency = fields(question.input);
    let (mut literals, mut exact) = (Vec::new(), true);
    match (&question.ask, scalar) {
        (Ask::Texts { texts, all: false }, None | Some(Scalar::String)) => {
            for text in texts {
                let found = factors(text, frequency)?;
                literals.extend(found.literals);
                exact &= found.exact;
            }
        }
        (Ask::Texts { texts, all: true }, None | Some(Scalar::String)) => {
            // One of them will do, since all must match.
            let each = texts.iter().filter_map(|text| factors(text, frequency));
            let cost = |literals: &[Factor]| literals.iter().map(|literal| frequency.of(literal)).sum::<f64>();
            literals =
                each.map(|found| found.literals).min_by(|a, b| cost(a).total_cmp(&cost(b)).then_with(|| a.cmp(b)))?;
            exact = false;
        }
        (Ask::Int(ranges), Some(Scalar::Int)) => {
            let count =
                ranges.iter().map(|(from, to)| to.abs_diff(*from).saturating_add(1)).fold(0, u64::saturating_add);
            if count > INTEGERS {
                return None;
            }
            for (from, to) in ranges {
                literals.extend((*from..=*to).map(|number| integer(number as u64)));
            }
        }
        (Ask::Bool(truth), Some(Scalar::Bool)) => literals.push(integer(u64::from(*truth))),
        _ => return None,
    }
    literals.sort();
    literals.dedup();
    let cost = literals.iter().map(|literal| frequency.of(literal)).sum();
    Some(Atom { literals, exact, cost })
}

fn integer(number: u64) -> Factor {
    Factor { kind: LiteralKind::Int, ignore_case: false, bytes: number.to_le_bytes().as_slice().into() }
}

/// The cheapest witness of an expression, or of its negation.
fn witness<'q>(
    expr: &'q Expr<Question>,
    negated: bool,
    possible: &BTreeMap<&Question, Atom>,
) -> Option<(f64, BTreeSet<&'q Question>)> {
    match (expr, negated) {
        // What is never true needs no witness: the empty one is never found.
        (Expr::Const(value), _) if *value == negated => Some((0.0, BTreeSet::new())),
        (Expr::Const(_), _) => None,
        (Expr::Not(inner), _) => witness(inner, !negated, possible),
        (Expr::Is(question), false) => possible.get(question).map(|atom| (atom.cost, BTreeSet::from([question]))),
        (Expr::Is(_), true) => None,
        (Expr::All(parts), false) | (Expr::Any(parts), true) => {
            let each = parts.iter().filter_map(|part| witness(part, negated, possible));
            each.min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)))
        }
        (Expr::Any(parts), false) | (Expr::All(parts), true) => {
            let mut all = (0.0, BTreeSet::new());
            for part in parts {
                let (cost, questions) = witness(part, negated, possible)?;
                all.0 += cost;
                all.1.extend(questions);
            }
            Some(all)
        }
    }
}
