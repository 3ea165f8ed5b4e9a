//! The canonical form: an expression with its meaning written out.
//!
//! An expression of content means one thing everywhere: Perl classes and word boundaries are
//! ASCII, and so is the folding of case. An engine that follows Unicode's tables reads the same
//! text otherwise, and each version of the tables again. So every engine compiles the canonical
//! form, in which nothing is left to such tables.

use regex_syntax::ast::{
    Assertion, AssertionKind, Ast, ClassAscii, ClassAsciiKind, ClassBracketed, ClassPerl, ClassPerlKind, ClassSet,
    ClassSetItem, ClassSetRange, ClassSetUnion, Flag, Flags, FlagsItem, FlagsItemKind, Group, GroupKind, Literal,
    LiteralKind, Span,
};

use super::{Flags as Beside, pcre};
use crate::predicate::Regex;

/// An equivalent expression that stands for itself, in the syntax of the `regex` crate.
///
/// The flags of `regex` become a prefix such as `(?ms)`. Letters whose case is ignored become
/// classes such as `[aA]`; `\d`, `\s` and `\w` become ASCII classes, `\b` and its kin
/// `(?-u:\b)`; the flags `i`, `u` and `x` are gone. `.` and negated classes match one character.
/// Needs no Unicode table to compile. Up to five times as long as the expression.
///
/// An expression that the check of regular expressions does not accept is returned as it is.
#[must_use]
pub fn canonical(regex: &Regex, ignore_case: bool) -> String {
    let beside = Beside { ignore_case, multi_line: regex.multi_line, dot_all: regex.dot_all };
    let Ok(mut tree) = pcre::parse(&regex.pattern, beside) else { return regex.pattern.to_string() };
    Rewrite { ignore_case }.walk(&mut tree);
    let mut text = String::new();
    match regex_syntax::ast::print::Printer::new().print(&tree, &mut text) {
        Ok(()) => text,
        // Writing to a `String` does not fail.
        Err(_) => regex.pattern.to_string(),
    }
}

struct Rewrite {
    /// Whether case is ignored at the place that the walk has reached.
    ignore_case: bool,
}

impl Rewrite {
    /// Rewrites a part in place, in the order of the text: a flag that is set in the middle of a
    /// group holds to the end of that group, across its alternatives.
    // INVARIANT: the parser held the depth to `limits::NESTING`.
    fn walk(&mut self, tree: &mut Ast) {
        match tree {
            Ast::Empty(_) | Ast::Dot(_) | Ast::ClassUnicode(_) => {}
            Ast::Flags(set) => {
                self.ignore_case = reduce(&mut set.flags).unwrap_or(self.ignore_case);
                if set.flags.items.is_empty() {
                    *tree = Ast::empty(set.span);
                }
            }
            Ast::Literal(literal) => {
                if let Some(other) = self.folded(literal.c) {
                    let span = literal.span;
                    *tree = bracketed(span, false, vec![literal_at(span, literal.c), literal_at(span, other)]);
                } else {
                    write_plainly(literal);
                }
            }
            Ast::Assertion(assertion) => {
                if is_word_assertion(&assertion.kind) {
                    *tree = ascii_group((**assertion).clone());
                }
            }
            Ast::ClassPerl(class) => {
                let class = (**class).clone();
                *tree = perl(&class);
            }
            Ast::ClassBracketed(class) => self.set(&mut class.kind),
            Ast::Repetition(repetition) => {
                self.walk(&mut repetition.ast);
                // With the blanks of `x` mode gone, a repeat of a repeat would read as a lazy one.
                if let Ast::Repetition(inner) = &*repetition.ast {
                    let span = inner.span;
                    let inner = std::mem::replace(&mut *repetition.ast, Ast::empty(span));
                    *repetition.ast = group(span, Vec::new(), inner);
                }
            }
            Ast::Group(group) => {
                let outside = self.ignore_case;
                if let GroupKind::NonCapturing(flags) = &mut group.kind {
                    self.ignore_case = reduce(flags).unwrap_or(outside);
                }
                self.walk(&mut group.ast);
                self.ignore_case = outside;
            }
            Ast::Alternation(alternation) => alternation.asts.iter_mut().for_each(|part| self.walk(part)),
            Ast::Concat(concat) => concat.asts.iter_mut().for_each(|part| self.walk(part)),
        }
    }

    /// Rewrites the inside of a class. Where case is ignored, each item gains its other case. The
    /// items are then closed under folding, so that what negation and the operators between sets
    /// make of them is closed as well.
    fn set(&self, set: &mut ClassSet) {
        match set {
            ClassSet::Item(item) => self.item(item),
            ClassSet::BinaryOp(operation) => {
                self.set(&mut operation.lhs);
                self.set(&mut operation.rhs);
            }
        }
    }

    fn item(&self, item: &mut ClassSetItem) {
        match item {
            ClassSetItem::Empty(_) | ClassSetItem::Unicode(_) => {}
            ClassSetItem::Literal(literal) => {
                write_plainly(literal);
                if let Some(other) = self.folded(literal.c) {
                    let span = literal.span;
                    *item = union(span, vec![literal_at(span, literal.c), literal_at(span, other)]);
                }
            }
            ClassSetItem::Range(range) => {
                write_plainly(&mut range.start);
                write_plainly(&mut range.end);
                let mut items: Vec<ClassSetItem> = Vec::new();
                if self.ignore_case {
                    let span = range.span;
                    items.extend(other_case(range.start.c, range.end.c, 'A', 'Z', span));
                    items.extend(other_case(range.start.c, range.end.c, 'a', 'z', span));
                }
                if !items.is_empty() {
                    items.insert(0, ClassSetItem::Range(range.clone()));
                    *item = union(range.span, items);
                }
            }
            ClassSetItem::Ascii(class) => {
                if self.ignore_case && matches!(class.kind, ClassAsciiKind::Lower | ClassAsciiKind::Upper) {
                    class.kind = ClassAsciiKind::Alpha;
                }
            }
            ClassSetItem::Perl(class) => {
                let kind = match class.kind {
                    ClassPerlKind::Digit => ClassAsciiKind::Digit,
                    ClassPerlKind::Space => ClassAsciiKind::Space,
                    ClassPerlKind::Word => ClassAsciiKind::Word,
                };
                *item = ClassSetItem::Ascii(ClassAscii { span: class.span, kind, negated: class.negated });
            }
            ClassSetItem::Bracketed(class) => self.set(&mut class.kind),
            ClassSetItem::Union(parts) => parts.items.iter_mut().for_each(|part| self.item(part)),
        }
    }

    /// The other case of an ASCII letter, where case is ignored.
    fn folded(&self, character: char) -> Option<char> {
        (self.ignore_case && character.is_ascii_alphabetic()).then(|| flip(character))
    }
}

fn flip(letter: char) -> char {
    if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
}

/// The other case of what a range has within `first` to `last`, which are all letters of one case.
fn other_case(start: char, end: char, first: char, last: char, span: Span) -> Option<ClassSetItem> {
    let (from, to) = (start.max(first), end.min(last));
    (from <= to).then(|| range(span, flip(from), flip(to)))
}

/// Takes the flags `i`, `u` and `x` away. Says what became of `i`, where it was named.
///
/// `u` has no say: classes are ASCII with it and without, and what is matched are characters.
fn reduce(flags: &mut Flags) -> Option<bool> {
    let mut ignore_case = None;
    let mut negated = false;
    for item in &flags.items {
        match item.kind {
            FlagsItemKind::Negation => negated = true,
            FlagsItemKind::Flag(Flag::CaseInsensitive) => ignore_case = Some(!negated),
            FlagsItemKind::Flag(_) => {}
        }
    }
    let stays = |kind: &FlagsItemKind| {
        !matches!(kind, FlagsItemKind::Flag(Flag::CaseInsensitive | Flag::Unicode | Flag::IgnoreWhitespace))
    };
    flags.items.retain(|item| stays(&item.kind));
    if flags.items.last().is_some_and(|item| item.kind == FlagsItemKind::Negation) {
        flags.items.pop();
    }
    ignore_case
}

/// Writes a literal as itself, however it was written: what needs no escape in one mode does in another.
fn write_plainly(literal: &mut Literal) {
    literal.kind = if regex_syntax::is_meta_character(literal.c) {
        LiteralKind::Meta
    } else if literal.c.is_ascii_control() {
        LiteralKind::HexFixed(regex_syntax::ast::HexLiteralKind::X)
    } else {
        LiteralKind::Verbatim
    };
}

const fn is_word_assertion(kind: &AssertionKind) -> bool {
    match kind {
        AssertionKind::StartLine | AssertionKind::EndLine | AssertionKind::StartText | AssertionKind::EndText => false,
        AssertionKind::WordBoundary
        | AssertionKind::NotWordBoundary
        | AssertionKind::WordBoundaryStart
        | AssertionKind::WordBoundaryEnd
        | AssertionKind::WordBoundaryStartAngle
        | AssertionKind::WordBoundaryEndAngle
        | AssertionKind::WordBoundaryStartHalf
        | AssertionKind::WordBoundaryEndHalf => true,
    }
}

/// `(?-u:\b)`
fn ascii_group(assertion: Assertion) -> Ast {
    let span = assertion.span;
    let off = [FlagsItemKind::Negation, FlagsItemKind::Flag(Flag::Unicode)];
    group(span, off.into_iter().map(|kind| FlagsItem { span, kind }).collect(), Ast::assertion(assertion))
}

fn group(span: Span, items: Vec<FlagsItem>, inner: Ast) -> Ast {
    Ast::group(Group { span, kind: GroupKind::NonCapturing(Flags { span, items }), ast: Box::new(inner) })
}

fn perl(class: &ClassPerl) -> Ast {
    let span = class.span;
    let items = match class.kind {
        ClassPerlKind::Digit => vec![range(span, '0', '9')],
        // Tab, line feed, vertical tab, form feed, carriage return.
        ClassPerlKind::Space => vec![range(span, '\t', '\r'), literal_at(span, ' ')],
        ClassPerlKind::Word => {
            vec![range(span, '0', '9'), range(span, 'A', 'Z'), literal_at(span, '_'), range(span, 'a', 'z')]
        }
    };
    bracketed(span, class.negated, items)
}

fn bracketed(span: Span, negated: bool, items: Vec<ClassSetItem>) -> Ast {
    Ast::class_bracketed(ClassBracketed { span, negated, kind: ClassSet::Item(union(span, items)) })
}

fn union(span: Span, items: Vec<ClassSetItem>) -> ClassSetItem {
    ClassSetItem::Union(ClassSetUnion { span, items })
}

fn range(span: Span, start: char, end: char) -> ClassSetItem {
    ClassSetItem::Range(ClassSetRange { span, start: plain(span, start), end: plain(span, end) })
}

fn literal_at(span: Span, c: char) -> ClassSetItem {
    ClassSetItem::Literal(plain(span, c))
}

fn plain(span: Span, c: char) -> Literal {
    let mut literal = Literal { span, kind: LiteralKind::Verbatim, c };
    write_plainly(&mut literal);
    literal
}

#[cfg(test)]
mod tests;
