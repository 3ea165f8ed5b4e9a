//! Regular expressions (RE-1 to RE-6), read as they stand.
//!
//! The tree of an expression becomes an automaton's input part by part, with nothing rewritten on the way. Where case is
//! ignored, a letter matches if it or its other case is asked for; of a class each item is asked so, before what is
//! negated is negated. The compiler has its own way to the same (`contentcheck_model::regex::canonical`), and a property
//! test holds one against the other.

use std::ops::Range;

use contentcheck_model::limits;
use contentcheck_model::predicate::Regex;
use regex_automata::meta;
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    AssertionKind, Ast, ClassAsciiKind, ClassPerlKind, ClassSet, ClassSetBinaryOpKind, ClassSetItem, Flag, Flags,
    FlagsItemKind, GroupKind, RepetitionKind, RepetitionRange,
};
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Dot, Hir, Look, Repetition};

/// Bytes that one compiled expression may take: an admitted expression has 20,000 states at most, each of which may
/// be a class of characters of several bytes.
const BYTES: usize = 256 << 20;

/// An expression that is ready to be looked for.
#[derive(Clone, Debug)]
pub(crate) struct Expression(meta::Regex);

impl Expression {
    /// # Errors
    /// What is wrong with the expression.
    pub(crate) fn new(regex: &Regex, ignore_case: bool) -> Result<Self, String> {
        let nesting = u32::try_from(limits::NESTING).unwrap_or(u32::MAX);
        let parsed = ParserBuilder::new().nest_limit(nesting).build().parse(&regex.pattern);
        let tree = parsed.map_err(|error| error.to_string())?;
        let state = State {
            ignore_case,
            multi_line: regex.multi_line,
            dot_all: regex.dot_all,
            carriage_returns: false,
            lazy: false,
        };
        let hir = Reading(state).walk(&tree)?;
        let config = meta::Config::new().nfa_size_limit(Some(BYTES));
        let built = meta::Builder::new().configure(config).build_from_hir(&hir);
        built.map(Self).map_err(|error| error.to_string())
    }

    /// The bytes on which it matches first.
    pub(crate) fn find(&self, text: &str) -> Option<Range<usize>> {
        self.0.find(text).map(|found| found.range())
    }
}

/// What flags say at a place.
#[derive(Clone, Copy)]
struct State {
    ignore_case: bool,
    multi_line: bool,
    dot_all: bool,
    carriage_returns: bool,
    lazy: bool,
}

/// A walk in the order of the text, with the flags in force.
struct Reading(State);

impl Reading {
    // INVARIANT: the parser held the depth to `limits::NESTING`.
    fn walk(&mut self, tree: &Ast) -> Result<Hir, String> {
        Ok(match tree {
            Ast::Empty(_) => Hir::empty(),
            // They hold to the end of the group that they are in, across its alternatives.
            Ast::Flags(set) => {
                self.flags(&set.flags);
                Hir::empty()
            }
            Ast::Literal(literal) => self.letter(literal.c),
            Ast::Dot(_) => Hir::dot(match (self.0.dot_all, self.0.carriage_returns) {
                (true, _) => Dot::AnyChar,
                (false, true) => Dot::AnyCharExceptCRLF,
                (false, false) => Dot::AnyCharExceptLF,
            }),
            Ast::Assertion(assertion) => Hir::look(self.look(&assertion.kind)),
            Ast::ClassUnicode(_) => return Err("a named class of Unicode".to_owned()),
            Ast::ClassPerl(class) => characters(negated(perl(&class.kind), class.negated)),
            Ast::ClassBracketed(class) => characters(negated(self.set(&class.kind)?, class.negated)),
            Ast::Repetition(repetition) => {
                let sub = Box::new(self.walk(&repetition.ast)?);
                let (min, max) = match &repetition.op.kind {
                    RepetitionKind::ZeroOrOne => (0, Some(1)),
                    RepetitionKind::ZeroOrMore => (0, None),
                    RepetitionKind::OneOrMore => (1, None),
                    RepetitionKind::Range(RepetitionRange::Exactly(count)) => (*count, Some(*count)),
                    RepetitionKind::Range(RepetitionRange::AtLeast(count)) => (*count, None),
                    RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => (*least, Some(*most)),
                };
                Hir::repetition(Repetition { min, max, greedy: repetition.greedy != self.0.lazy, sub })
            }
            Ast::Group(group) => {
                let outside = self.0;
                if let GroupKind::NonCapturing(flags) = &group.kind {
                    self.flags(flags);
                }
                let inner = self.walk(&group.ast);
                self.0 = outside;
                inner?
            }
            Ast::Alternation(parts) => {
                Hir::alternation(parts.asts.iter().map(|part| self.walk(part)).collect::<Result<_, _>>()?)
            }
            Ast::Concat(parts) => Hir::concat(parts.asts.iter().map(|part| self.walk(part)).collect::<Result<_, _>>()?),
        })
    }

    fn flags(&mut self, flags: &Flags) {
        let mut on = true;
        for item in &flags.items {
            match item.kind {
                FlagsItemKind::Negation => on = false,
                FlagsItemKind::Flag(Flag::CaseInsensitive) => self.0.ignore_case = on,
                FlagsItemKind::Flag(Flag::MultiLine) => self.0.multi_line = on,
                FlagsItemKind::Flag(Flag::DotMatchesNewLine) => self.0.dot_all = on,
                FlagsItemKind::Flag(Flag::SwapGreed) => self.0.lazy = on,
                FlagsItemKind::Flag(Flag::CRLF) => self.0.carriage_returns = on,
                // The parser has read the spaces already, and classes are ASCII with `u` and without (RE-2, RE-5).
                FlagsItemKind::Flag(Flag::Unicode | Flag::IgnoreWhitespace) => {}
            }
        }
    }

    fn letter(&self, character: char) -> Hir {
        let mut text = [0; 4];
        match self.other_case(character) {
            Some(other) => {
                characters(ClassUnicode::new([character, other].map(|one| ClassUnicodeRange::new(one, one))))
            }
            None => Hir::literal(character.encode_utf8(&mut text).as_bytes().to_vec()),
        }
    }

    /// The other case of an ASCII letter, where case is ignored (RE-4).
    fn other_case(&self, character: char) -> Option<char> {
        const APART: u8 = b'a' - b'A';
        let letter = u8::try_from(character).ok().filter(|_| self.0.ignore_case)?;
        match letter {
            b'a'..=b'z' => Some(char::from(letter - APART)),
            b'A'..=b'Z' => Some(char::from(letter + APART)),
            _ => None,
        }
    }

    fn set(&self, set: &ClassSet) -> Result<ClassUnicode, String> {
        match set {
            ClassSet::Item(item) => self.item(item),
            ClassSet::BinaryOp(operation) => {
                let (mut left, right) = (self.set(&operation.lhs)?, self.set(&operation.rhs)?);
                match operation.kind {
                    ClassSetBinaryOpKind::Intersection => left.intersect(&right),
                    ClassSetBinaryOpKind::Difference => left.difference(&right),
                    ClassSetBinaryOpKind::SymmetricDifference => left.symmetric_difference(&right),
                }
                Ok(left)
            }
        }
    }

    fn item(&self, item: &ClassSetItem) -> Result<ClassUnicode, String> {
        Ok(match item {
            ClassSetItem::Empty(_) => ClassUnicode::empty(),
            ClassSetItem::Literal(literal) => self.asked(of([(literal.c, literal.c)])),
            ClassSetItem::Range(range) => self.asked(of([(range.start.c, range.end.c)])),
            ClassSetItem::Ascii(class) => negated(self.asked(ascii(&class.kind)), class.negated),
            ClassSetItem::Perl(class) => negated(perl(&class.kind), class.negated),
            ClassSetItem::Unicode(_) => return Err("a named class of Unicode".to_owned()),
            ClassSetItem::Bracketed(class) => negated(self.set(&class.kind)?, class.negated),
            ClassSetItem::Union(parts) => {
                let mut all = ClassUnicode::empty();
                for part in &parts.items {
                    all.union(&self.item(part)?);
                }
                all
            }
        })
    }

    /// The characters of which one case is in a class, where case is ignored.
    fn asked(&self, class: ClassUnicode) -> ClassUnicode {
        if !self.0.ignore_case {
            return class;
        }
        let has = |wanted: char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&wanted));
        let letters = ('A'..='Z').chain('a'..='z');
        let others = letters.filter(|letter| self.other_case(*letter).is_some_and(has));
        let others: Vec<ClassUnicodeRange> = others.map(|letter| ClassUnicodeRange::new(letter, letter)).collect();
        let mut all = class.clone();
        all.union(&ClassUnicode::new(others));
        all
    }

    const fn look(&self, kind: &AssertionKind) -> Look {
        match (kind, self.0.multi_line, self.0.carriage_returns) {
            (AssertionKind::StartText, ..) | (AssertionKind::StartLine, false, _) => Look::Start,
            (AssertionKind::EndText, ..) | (AssertionKind::EndLine, false, _) => Look::End,
            (AssertionKind::StartLine, true, false) => Look::StartLF,
            (AssertionKind::StartLine, true, true) => Look::StartCRLF,
            (AssertionKind::EndLine, true, false) => Look::EndLF,
            (AssertionKind::EndLine, true, true) => Look::EndCRLF,
            (AssertionKind::WordBoundary, ..) => Look::WordAscii,
            (AssertionKind::NotWordBoundary, ..) => Look::WordAsciiNegate,
            (AssertionKind::WordBoundaryStart | AssertionKind::WordBoundaryStartAngle, ..) => Look::WordStartAscii,
            (AssertionKind::WordBoundaryEnd | AssertionKind::WordBoundaryEndAngle, ..) => Look::WordEndAscii,
            (AssertionKind::WordBoundaryStartHalf, ..) => Look::WordStartHalfAscii,
            (AssertionKind::WordBoundaryEndHalf, ..) => Look::WordEndHalfAscii,
        }
    }
}

fn characters(class: ClassUnicode) -> Hir {
    Hir::class(Class::Unicode(class))
}

fn negated(mut class: ClassUnicode, is_negated: bool) -> ClassUnicode {
    if is_negated {
        class.negate();
    }
    class
}

fn of<const COUNT: usize>(ranges: [(char, char); COUNT]) -> ClassUnicode {
    ClassUnicode::new(ranges.map(|(from, to)| ClassUnicodeRange::new(from, to)))
}

/// RE-2
fn perl(kind: &ClassPerlKind) -> ClassUnicode {
    ascii(&match kind {
        ClassPerlKind::Digit => ClassAsciiKind::Digit,
        ClassPerlKind::Space => ClassAsciiKind::Space,
        ClassPerlKind::Word => ClassAsciiKind::Word,
    })
}

/// RE-2
fn ascii(kind: &ClassAsciiKind) -> ClassUnicode {
    match kind {
        ClassAsciiKind::Alnum => of([('0', '9'), ('A', 'Z'), ('a', 'z')]),
        ClassAsciiKind::Alpha => of([('A', 'Z'), ('a', 'z')]),
        ClassAsciiKind::Ascii => of([('\0', '\x7F')]),
        ClassAsciiKind::Blank => of([('\t', '\t'), (' ', ' ')]),
        ClassAsciiKind::Cntrl => of([('\0', '\x1F'), ('\x7F', '\x7F')]),
        ClassAsciiKind::Digit => of([('0', '9')]),
        ClassAsciiKind::Graph => of([('!', '~')]),
        ClassAsciiKind::Lower => of([('a', 'z')]),
        ClassAsciiKind::Print => of([(' ', '~')]),
        ClassAsciiKind::Punct => of([('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
        ClassAsciiKind::Space => of([('\t', '\r'), (' ', ' ')]),
        ClassAsciiKind::Upper => of([('A', 'Z')]),
        ClassAsciiKind::Word => of([('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
        ClassAsciiKind::Xdigit => of([('0', '9'), ('A', 'F'), ('a', 'f')]),
    }
}

#[cfg(test)]
mod tests;
