//! Anchors: `$` as PCRE means it, and `^` between lines.
//!
//! Outside of `m`, PCRE's `$` holds at the end of a text and before a line feed that ends it. That is a look ahead, which
//! automata do not have. But what comes behind a `$` in the pattern has at most that line feed left to match: where it
//! may be empty, `$` can take the line feed itself, and where it needs another character, there is no match either way.
//! With `m`, `^` holds behind every line feed but one that ends the text; where what follows needs a character, that
//! makes no difference, and where it may be empty, `^` can take the next character itself. What is left over, such as
//! `$\s+`, is refused.

use regex_syntax::ast::{
    Alternation, Assertion, AssertionKind, Ast, ClassAsciiKind, ClassBracketed, ClassPerlKind, ClassSet, ClassSetItem,
    Concat, Flag, Flags, FlagsItem, FlagsItemKind, Group, GroupKind, Literal, LiteralKind, Repetition, RepetitionKind,
    RepetitionOp, RepetitionRange, Span,
};

use super::Problem;
use crate::diagnostic::codes;

/// Whether something can match the empty text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Empty {
    No,
    /// Where an assertion in it holds.
    Perhaps,
    Yes,
}

/// What a part of a pattern, or all that follows a place in it, can match.
#[derive(Clone, Copy)]
struct Matches {
    /// The empty text, wherever it is looked for.
    empty: Empty,
    /// The empty text at the end of the text and before a line feed that ends it.
    empty_at_end: Empty,
    /// A line feed alone.
    line_feed: bool,
}

impl Matches {
    const NOTHING: Self = Self { empty: Empty::Yes, empty_at_end: Empty::Yes, line_feed: false };

    const fn character(line_feed: bool) -> Self {
        Self { empty: Empty::No, empty_at_end: Empty::No, line_feed }
    }

    fn then(self, next: Self) -> Self {
        Self {
            empty: self.empty.min(next.empty),
            empty_at_end: self.empty_at_end.min(next.empty_at_end),
            line_feed: (self.line_feed && next.empty != Empty::No) || (self.empty != Empty::No && next.line_feed),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            empty: self.empty.max(other.empty),
            empty_at_end: self.empty_at_end.max(other.empty_at_end),
            line_feed: self.line_feed || other.line_feed,
        }
    }

    const fn optional(self) -> Self {
        Self { line_feed: self.line_feed, ..Self::NOTHING }
    }

    // INVARIANT: the parser held the depth to `limits::NESTING`.
    fn of(tree: &Ast) -> Self {
        match tree {
            Ast::Empty(_) | Ast::Flags(_) => Self::NOTHING,
            Ast::Literal(literal) => Self::character(literal.c == '\n'),
            Ast::Dot(_) => Self::character(false),
            Ast::ClassPerl(class) => Self::character((class.kind == ClassPerlKind::Space) != class.negated),
            Ast::ClassUnicode(_) => Self::character(true),
            Ast::ClassBracketed(class) => Self::character(has_line_feed(class)),
            // `$` holds at the end, whatever it may do elsewhere.
            Ast::Assertion(assertion) if assertion.kind == AssertionKind::EndLine => {
                Self { empty: Empty::Perhaps, ..Self::NOTHING }
            }
            Ast::Assertion(_) => Self { empty: Empty::Perhaps, empty_at_end: Empty::Perhaps, line_feed: false },
            Ast::Group(group) if is_any(group) => Self::character(true),
            Ast::Group(group) => Self::of(&group.ast),
            Ast::Repetition(repetition) if turns(repetition) == 0 => Self::of(&repetition.ast).optional(),
            Ast::Repetition(repetition) => Self::of(&repetition.ast),
            Ast::Alternation(alternation) => {
                alternation.asts.iter().map(Self::of).reduce(Self::or).unwrap_or(Self::NOTHING)
            }
            Ast::Concat(concat) => concat.asts.iter().map(Self::of).fold(Self::NOTHING, Self::then),
        }
    }
}

/// What comes behind a place in a pattern.
#[derive(Clone, Copy)]
struct Rest {
    matches: Matches,
    /// A repeat may need another turn there, which `$` or `^` would have to look at.
    repeats: Option<Matches>,
}

/// Spells out the anchors of a tree.
pub(super) fn resolve(tree: &mut Ast) -> Result<(), Problem> {
    if has_anchor(tree) { walk(tree, Rest { matches: Matches::NOTHING, repeats: None }) } else { Ok(()) }
}

// INVARIANT: the parser held the depth to `limits::NESTING`.
fn has_anchor(tree: &Ast) -> bool {
    match tree {
        Ast::Assertion(assertion) => matches!(assertion.kind, AssertionKind::StartLine | AssertionKind::EndLine),
        Ast::Group(group) => has_anchor(&group.ast),
        Ast::Repetition(repetition) => has_anchor(&repetition.ast),
        Ast::Alternation(alternation) => alternation.asts.iter().any(has_anchor),
        Ast::Concat(concat) => concat.asts.iter().any(has_anchor),
        _ => false,
    }
}

/// Rewrites the anchors in a part.
// INVARIANT: the parser held the depth to `limits::NESTING`.
fn walk(tree: &mut Ast, rest: Rest) -> Result<(), Problem> {
    match tree {
        Ast::Assertion(assertion) if assertion.kind == AssertionKind::EndLine => {
            let span = assertion.span;
            *tree = end(span, rest)?;
        }
        Ast::Group(group) => match of_lines(group) {
            Some(AssertionKind::StartLine) => {
                let span = group.span;
                if let Some(start) = start_of_line(span, rest)? {
                    *tree = start;
                }
            }
            Some(_) => {}
            None => walk(&mut group.ast, rest)?,
        },
        Ast::Repetition(repetition) => {
            // Where one turn is enough, a match that goes on behind the repeat is one whatever more turns would do.
            let repeats = (turns(repetition) > 1).then(|| {
                let turn = Matches::of(&repetition.ast);
                turn.then(turn.optional()).then(rest.matches)
            });
            walk(&mut repetition.ast, Rest { repeats: repeats.or(rest.repeats), ..rest })?;
        }
        Ast::Alternation(alternation) => {
            for part in &mut alternation.asts {
                walk(part, rest)?;
            }
        }
        Ast::Concat(concat) => {
            let mut behind = Matches::NOTHING;
            for part in concat.asts.iter_mut().rev() {
                let matches = Matches::of(part);
                let after = |rest: Matches| behind.then(rest);
                walk(part, Rest { matches: after(rest.matches), repeats: rest.repeats.map(after) })?;
                behind = matches.then(behind);
            }
        }
        _ => {}
    }
    Ok(())
}

/// `$` outside of `m`.
fn end(span: Span, rest: Rest) -> Result<Ast, Problem> {
    let is_hard = |of: Matches| of.empty_at_end != Empty::Yes && (of.line_feed || of.empty_at_end == Empty::Perhaps);
    if is_hard(rest.matches) || rest.repeats.is_some_and(is_hard) {
        return Err(refused(
            span,
            "what follows this `$` may match the line break that `$` comes before",
            "write `\\z` for the end of the text, or `m` for the ends of lines",
        ));
    }
    let end = Ast::assertion(Assertion { span, kind: AssertionKind::EndText });
    if rest.matches.empty_at_end == Empty::No {
        return Ok(end);
    }
    let line_feed = Ast::literal(Literal { span, kind: LiteralKind::Verbatim, c: '\n' });
    let op = RepetitionOp { span, kind: RepetitionKind::ZeroOrOne };
    let line_feed = Ast::repetition(Repetition { span, op, greedy: true, ast: Box::new(line_feed) });
    Ok(group(span, Concat { span, asts: vec![line_feed, end] }.into_ast()))
}

/// `^` with `m`, where it is not the same as behind any line feed.
fn start_of_line(span: Span, rest: Rest) -> Result<Option<Ast>, Problem> {
    if rest.matches.empty == Empty::No {
        return Ok(None);
    }
    if rest.matches.empty == Empty::Perhaps || rest.repeats.is_some_and(|of| of.empty != Empty::Yes) {
        return Err(refused(
            span,
            "with `m`, `^` does not hold behind a line break that ends the text, and what follows it may be empty",
            "let something follow that has a character, or leave `m` out",
        ));
    }
    let start = Ast::assertion(Assertion { span, kind: AssertionKind::StartText });
    let line = flagged(span, Flag::MultiLine, Ast::assertion(Assertion { span, kind: AssertionKind::StartLine }));
    let any = flagged(span, Flag::DotMatchesNewLine, Ast::dot(span));
    let line = Concat { span, asts: vec![line, any] }.into_ast();
    Ok(Some(group(span, Alternation { span, asts: vec![start, line] }.into_ast())))
}

fn refused(span: Span, what: &str, help: &'static str) -> Problem {
    Problem {
        code: &codes::INVALID_REGEX,
        message: format!("{what}, which is not supported"),
        help,
        at: Some((span.start.offset, span.end.offset)),
    }
}

/// The least number of turns.
const fn turns(repetition: &Repetition) -> u32 {
    match &repetition.op.kind {
        RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore => 0,
        RepetitionKind::OneOrMore => 1,
        RepetitionKind::Range(
            RepetitionRange::Exactly(least) | RepetitionRange::AtLeast(least) | RepetitionRange::Bounded(least, _),
        ) => *least,
    }
}

fn group(span: Span, inner: Ast) -> Ast {
    let flags = regex_syntax::ast::Flags { span, items: Vec::new() };
    Ast::group(Group { span, kind: GroupKind::NonCapturing(flags), ast: Box::new(inner) })
}

fn has_flag(group: &Group, flag: Flag) -> bool {
    let GroupKind::NonCapturing(flags) = &group.kind else { return false };
    flags.items.iter().any(|item| item.kind == FlagsItemKind::Flag(flag))
}

/// The anchor of lines that the parser made of a `^` or `$` with `m`.
fn of_lines(group: &Group) -> Option<AssertionKind> {
    match &*group.ast {
        Ast::Assertion(assertion) if has_flag(group, Flag::MultiLine) => Some(assertion.kind.clone()),
        _ => None,
    }
}

/// A `.` with `s`.
pub(super) fn is_any(group: &Group) -> bool {
    matches!(&*group.ast, Ast::Dot(_)) && has_flag(group, Flag::DotMatchesNewLine)
}

fn has_line_feed(class: &ClassBracketed) -> bool {
    fn set(set: &ClassSet) -> bool {
        match set {
            ClassSet::Item(of) => item(of),
            ClassSet::BinaryOp(_) => true,
        }
    }
    fn item(of: &ClassSetItem) -> bool {
        match of {
            ClassSetItem::Empty(_) => false,
            ClassSetItem::Literal(literal) => literal.c == '\n',
            ClassSetItem::Range(range) => range.start.c <= '\n' && '\n' <= range.end.c,
            ClassSetItem::Ascii(class) => {
                let has = matches!(class.kind, ClassAsciiKind::Ascii | ClassAsciiKind::Cntrl | ClassAsciiKind::Space);
                has != class.negated
            }
            ClassSetItem::Unicode(_) => true,
            ClassSetItem::Perl(class) => (class.kind == ClassPerlKind::Space) != class.negated,
            ClassSetItem::Bracketed(class) => has_line_feed(class),
            ClassSetItem::Union(parts) => parts.items.iter().any(item),
        }
    }
    set(&class.kind) != class.negated
}

/// `(?m:...)` for one flag.
pub(super) fn flagged(span: Span, flag: Flag, inner: Ast) -> Ast {
    let items = vec![FlagsItem { span, kind: FlagsItemKind::Flag(flag) }];
    let kind = GroupKind::NonCapturing(Flags { span, items });
    Ast::group(Group { span, kind, ast: Box::new(inner) })
}
