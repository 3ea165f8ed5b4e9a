//! Code: a condition to a program that only goes forward. Each predicate is one instruction with
//! two targets; what decides cheaply stands first.

use contentcheck_interpreter::format::{ACCEPT, CODE_MAX, Instruction, KEYWORD, REJECT};
use contentcheck_model::expression::Expr;

use crate::lower::{Ask, Question};
use crate::text::{Piece, Text};

/// Where a jump goes: out, or to a place that is not known yet.
#[derive(Clone, Copy)]
enum Target {
    Accept,
    Reject,
    Label(usize),
}

/// The predicates of a question: one that must hold before it is worth asking, and the question.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked {
    pub(crate) gate: Option<u32>,
    pub(crate) answer: Option<u32>,
}

struct Emitter<'a> {
    /// Predicate and targets.
    code: Vec<(u32, Target, Target)>,
    labels: Vec<usize>,
    asked: &'a dyn Fn(&Question) -> Asked,
    is_atom: &'a dyn Fn(&Question) -> Option<bool>,
}

/// The program of a condition. `asked` tells the predicates of a question, `is_atom` whether the
/// scan answers it (true) or bounds it (false); `constant` is a
/// predicate of any kind, for what needs none. Nothing where the program becomes too long.
pub(crate) fn program(
    condition: &Expr<Question>,
    asked: &dyn Fn(&Question) -> Asked,
    is_atom: &dyn Fn(&Question) -> Option<bool>,
    constant: u32,
) -> Option<Vec<Instruction>> {
    let mut emitter = Emitter { code: Vec::new(), labels: Vec::new(), asked, is_atom };
    if let Expr::Const(value) = condition {
        let target = if *value { Target::Accept } else { Target::Reject };
        emitter.code.push((constant, target, target));
    } else {
        emitter.emit(condition, Target::Accept, Target::Reject);
    }
    if emitter.code.len() > CODE_MAX as usize {
        return None;
    }
    let place = |target: &Target| match target {
        Target::Accept => ACCEPT,
        Target::Reject => REJECT,
        Target::Label(label) => emitter.labels.get(*label).map_or(REJECT, |at| *at as u16),
    };
    let instruction = |(predicate, yes, no): &(u32, Target, Target)| Instruction {
        predicate: *predicate,
        yes: place(yes),
        no: place(no),
    };
    Some(emitter.code.iter().map(instruction).collect())
}

impl Emitter<'_> {
    fn emit(&mut self, expr: &Expr<Question>, yes: Target, no: Target) {
        match expr {
            // Constants inside were folded when the condition was made.
            Expr::Const(_) => {}
            Expr::Not(inner) => self.emit(inner, no, yes),
            Expr::Is(question) => {
                let Asked { gate, answer } = (self.asked)(question);
                if let Some(gate) = gate {
                    let label = self.label();
                    self.code.push((gate, Target::Label(label), no));
                    self.place(label);
                }
                if let Some(answer) = answer {
                    self.code.push((answer, yes, no));
                }
            }
            Expr::All(parts) => self.chain(parts, true, yes, no),
            Expr::Any(parts) => self.chain(parts, false, yes, no),
        }
    }

    fn chain(&mut self, parts: &[Expr<Question>], all: bool, yes: Target, no: Target) {
        let mut ordered: Vec<(u64, usize, &Expr<Question>)> =
            parts.iter().enumerate().map(|(at, part)| (effort(part, self.is_atom), at, part)).collect();
        ordered.sort_by_key(|(effort, at, _)| (*effort, *at));
        let last = ordered.len().saturating_sub(1);
        for (at, (_, _, part)) in ordered.into_iter().enumerate() {
            if at == last {
                self.emit(part, yes, no);
            } else {
                let label = self.label();
                let next = Target::Label(label);
                if all {
                    self.emit(part, next, no)
                } else {
                    self.emit(part, yes, next)
                }
                self.place(label);
            }
        }
    }

    /// A place that is not known yet.
    fn label(&mut self) -> usize {
        self.labels.push(0);
        self.labels.len() - 1
    }

    /// The label is here.
    fn place(&mut self, label: usize) {
        if let Some(place) = self.labels.get_mut(label) {
            *place = self.code.len();
        }
    }
}

/// How much work an expression is expected to be, in no particular unit.
fn effort(expr: &Expr<Question>, is_atom: &dyn Fn(&Question) -> Option<bool>) -> u64 {
    match expr {
        Expr::Const(_) => 0,
        Expr::Not(inner) => effort(inner, is_atom),
        Expr::All(parts) | Expr::Any(parts) => {
            parts.iter().map(|part| effort(part, is_atom)).fold(0, u64::saturating_add)
        }
        Expr::Is(question) if is_atom(question) == Some(true) => 1,
        Expr::Is(question) => {
            // What the scan only bounds is asked where it may hold, and then it costs as much as ever: a
            // program runs because its witness was found, which often is this very question.
            let one = match &question.ask {
                Ask::Exists | Ask::Null | Ask::Bool(_) | Ask::Int(_) | Ask::Mask { .. } => 2,
                Ask::Texts { texts, .. } => texts.iter().map(|text| text_effort(&text.text)).sum(),
                Ask::Float { .. } | Ask::InSet(_) | Ask::Cidr(_) | Ask::Time { .. } | Ask::Field { .. } => 20,
            };
            if question.input == KEYWORD { one * 20 } else { one }
        }
    }
}

fn text_effort(text: &Text) -> u64 {
    match text {
        Text::Equals(_) | Text::Prefix(_) | Text::Suffix(_) => 3,
        Text::Contains(_) => 10,
        Text::Like(pieces) => pieces.iter().filter(|piece| matches!(piece, Piece::Literal(_))).count() as u64 * 10,
        Text::Matches(_) => 100,
    }
}
