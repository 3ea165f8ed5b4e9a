//! Regular expressions: whether they can be compiled, how large they are, and whether they
//! explode in engines that backtrack.

use regex_syntax::ast::{self, Ast};
use regex_syntax::hir::translate::TranslatorBuilder;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};

use crate::diagnostic::{Code, codes};
use crate::limits;
use crate::predicate::Regex;

mod anchors;
mod canonical;
mod everything;
mod letters;
mod likeness;
mod path;
mod pcre;
mod remedy;

pub use canonical::canonical;
pub use everything::matches_everything;
pub use letters::may_match_within;
pub use likeness::is_likely;
pub use path::{Path, written_path};

/// What is wrong with an expression.
#[derive(Debug)]
pub struct Problem {
    /// Its code.
    pub code: &'static Code,
    /// What it is.
    pub message: String,
    /// What to do about it.
    pub help: &'static str,
    /// Bytes within the expression, where the place is known.
    pub at: Option<(usize, usize)>,
}

/// Flags that stand beside an expression.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flags {
    /// Letters match in either case.
    pub ignore_case: bool,
    /// `^` and `$` match at line breaks.
    pub multi_line: bool,
    /// `.` matches a line break.
    pub dot_all: bool,
}

/// The tree of an expression, as PCRE reads it: what it says and nothing of how an engine carries it out. The flags beside
/// it are in the tree, but for case, which is where the expression says so.
///
/// # Errors
/// The problem, where it is no expression or one that automata cannot carry out.
pub fn tree(regex: &Regex) -> Result<Ast, Problem> {
    let flags = Flags { ignore_case: false, multi_line: regex.multi_line, dot_all: regex.dot_all };
    pcre::parse(&regex.pattern, flags)
}

/// Looks at an expression and says the first thing that is wrong with it, or how many states it needs.
///
/// # Errors
/// The problem, when the expression must not be released.
pub fn inspect(pattern: &str, flags: Flags) -> Result<usize, Problem> {
    if pattern.len() > limits::REGEX_BYTES {
        return Err(Problem {
            code: &codes::REGEX_TOO_LARGE,
            message: format!("the regex has {} bytes; the limit is {}", pattern.len(), limits::REGEX_BYTES),
            help: "match a decisive part of it",
            at: None,
        });
    }
    let tree = pcre::parse(pattern, flags).map_err(|problem| of_path(pattern, problem))?;
    let classes = classes(&tree);
    if classes > limits::REGEX_CLASSES {
        return Err(Problem {
            code: &codes::REGEX_TOO_LARGE,
            message: format!("the regex has {classes} classes; the limit is {}", limits::REGEX_CLASSES),
            help: "repeat a class with a count, or match a decisive part",
            at: None,
        });
    }
    // Classes of letters hold both cases already; to fold them takes a millisecond each.
    let tree = if classes > 0 { exact(tree) } else { tree };
    let mut translator = TranslatorBuilder::new();
    translator.utf8(false).case_insensitive(flags.ignore_case && classes == 0);
    let hir = translator.build().translate(pattern, &tree).map_err(|error| Problem {
        code: &codes::INVALID_REGEX,
        message: format!("the regex cannot be compiled: {}", error.kind()),
        help: "use ASCII classes such as [a-z] instead of named Unicode classes",
        at: Some((error.span().start.offset, error.span().end.offset)),
    })?;
    let states = states(&hir);
    if states > limits::REGEX_STATES {
        let size = if states >= usize::MAX / 2 {
            "more states than can be counted".to_owned()
        } else {
            format!("{states} states")
        };
        return Err(Problem {
            code: &codes::REGEX_TOO_LARGE,
            message: format!("the regex needs {size}; the limit is {}", limits::REGEX_STATES),
            help: "lower the counts of its repeats",
            at: None,
        });
    }
    let copies = copies(&hir);
    if copies > limits::REGEX_COPIES {
        return Err(Problem {
            code: &codes::REGEX_TOO_LARGE,
            message: format!(
                "a repeat within a repeat makes {copies} copies of what is repeated; the limit is {}",
                limits::REGEX_COPIES
            ),
            help: "lower one of the counts: an engine walks the copies at every byte of a value",
            at: None,
        });
    }
    explodes(&hir).map_or(Ok(states), |(message, help)| {
        Err(Problem { code: &codes::REGEX_BACKTRACKS, message: message.to_owned(), help, at: None })
    })
}

/// A problem with the help for a path, where the escape that it is about begins a part of one.
fn of_path(pattern: &str, problem: Problem) -> Problem {
    let is_at = |from: usize| problem.at.is_none_or(|(start, end)| start <= from + 1 && from < end.max(start + 1));
    match written_path(pattern) {
        Some(Path::Escape(from, _)) if is_at(from) || problem.at.is_some_and(|(start, _)| from < start) => {
            Problem { help: "for a backslash, as in a path, write `\\\\`", ..problem }
        }
        _ => problem,
    }
}

/// How many copies of a part repeats make that stand in each other, of which the counts of one at least may vary. Such
/// counts multiply, and an automaton is in many of the copies at once.
fn copies(hir: &Hir) -> usize {
    // INVARIANT: the parser held the depth to `limits::NESTING`.
    fn within(hir: &Hir, above: usize, varies: bool) -> usize {
        match hir.kind() {
            HirKind::Repetition(repetition) => {
                let own = repetition.max.map_or(1, |max| (max as usize).max(1));
                let varies = varies || repetition.max != Some(repetition.min);
                let nested = above > 1 && own > 1 && varies;
                let all = above.saturating_mul(own);
                within(&repetition.sub, all, varies).max(if nested { all } else { 0 })
            }
            HirKind::Capture(capture) => within(&capture.sub, above, varies),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => {
                parts.iter().map(|part| within(part, above, varies)).max().unwrap_or(0)
            }
            _ => 0,
        }
    }
    within(hir, 1, false)
}

/// Sets of an expression that span a large part of Unicode.
fn classes(tree: &Ast) -> usize {
    struct Count(usize);
    impl ast::Visitor for Count {
        type Output = usize;
        type Err = std::convert::Infallible;

        fn finish(self) -> Result<usize, Self::Err> {
            Ok(self.0)
        }

        fn visit_pre(&mut self, part: &Ast) -> Result<(), Self::Err> {
            self.0 += usize::from(matches!(part, Ast::ClassPerl(_) | Ast::ClassUnicode(_)));
            Ok(())
        }

        fn visit_class_set_item_pre(&mut self, item: &ast::ClassSetItem) -> Result<(), Self::Err> {
            self.0 += usize::from(match item {
                ast::ClassSetItem::Perl(_) | ast::ClassSetItem::Unicode(_) => true,
                ast::ClassSetItem::Range(range) => u32::from(range.end.c) > u32::from(range.start.c) + 0x200,
                _ => false,
            });
            Ok(())
        }
    }
    let Ok(count) = ast::visit(tree, Count(0));
    count
}

/// The expression without flags in it that ignore case.
fn exact(mut tree: Ast) -> Ast {
    fn flags(of: &mut ast::Flags) {
        let ignores = |item: &ast::FlagsItem| item.kind == ast::FlagsItemKind::Flag(ast::Flag::CaseInsensitive);
        of.items.retain(|item| !ignores(item));
    }
    // INVARIANT: the parser held the depth to `limits::NESTING`.
    fn walk(tree: &mut Ast) {
        match tree {
            Ast::Flags(set) => flags(&mut set.flags),
            Ast::Group(group) => {
                if let ast::GroupKind::NonCapturing(of) = &mut group.kind {
                    flags(of);
                }
                walk(&mut group.ast);
            }
            Ast::Repetition(repetition) => walk(&mut repetition.ast),
            Ast::Alternation(alternation) => alternation.asts.iter_mut().for_each(walk),
            Ast::Concat(concat) => concat.asts.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut tree);
    tree
}

/// States of the expression with its counted repeats spread; saturates.
fn states(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(_) => 1,
        HirKind::Capture(capture) => states(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(states).fold(0, usize::saturating_add),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.max(1));
            states(&repetition.sub).max(1).saturating_mul(times.max(1) as usize)
        }
    }
}

/// Whether a backtracking engine can take exponential time, or polynomial time for no gain,
/// and the reason and the remedy in words.
fn explodes(hir: &Hir) -> Option<(&'static str, &'static str)> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(_) => None,
        HirKind::Capture(capture) => explodes(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().find_map(explodes),
        HirKind::Concat(parts) => {
            let mut flat = Vec::new();
            flatten(parts, &mut flat);
            adjacent(&flat).or_else(|| parts.iter().find_map(explodes))
        }
        HirKind::Repetition(outer) => {
            if outer.max.is_none() && splits(&outer.sub) {
                let message = "a repeat inside a repeat can match the same text in exponentially many ways";
                return Some((message, remedy::nested(outer)));
            }
            explodes(&outer.sub)
        }
    }
}

fn flatten<'h>(parts: &'h [Hir], flat: &mut Vec<&'h Hir>) {
    for part in parts {
        match part.kind() {
            HirKind::Capture(capture) => flatten(std::slice::from_ref(&capture.sub), flat),
            HirKind::Concat(inner) => flatten(inner, flat),
            _ => flat.push(part),
        }
    }
}

/// Two unbounded repeats of the same class with nothing required between them.
fn adjacent(flat: &[&Hir]) -> Option<(&'static str, &'static str)> {
    // Each with its place and its class.
    let mut open: Vec<(usize, &Repetition, ClassUnicode)> = Vec::new();
    for (at, part) in flat.iter().enumerate() {
        let required = part.properties().minimum_len() != Some(0);
        if let HirKind::Repetition(repetition) = part.kind()
            && repetition.max.is_none()
            && let Some(class) = class(&repetition.sub)
        {
            if let Some((first, other, _)) = open.iter().rev().find(|(_, _, other)| *other == class) {
                let between = flat.get(first + 1..at).unwrap_or_default();
                let message = "two adjacent repeats can match the same text in many ways";
                return Some((message, remedy::adjacent(other, between, repetition)));
            }
            if required {
                open.clear();
            }
            open.push((at, repetition, class));
        } else if required {
            open.clear();
        }
    }
    None
}

/// The characters of a single-character expression.
fn class(hir: &Hir) -> Option<ClassUnicode> {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class.clone()),
        HirKind::Class(Class::Bytes(class)) => class.to_unicode_class(),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            let mut characters = text.chars();
            let only = characters.next().filter(|_| characters.next().is_none())?;
            Some(ClassUnicode::new([ClassUnicodeRange::new(only, only)]))
        }
        HirKind::Capture(capture) => class(&capture.sub),
        _ => None,
    }
}

/// Whether two matches of `body` in a row can also be one match of it: then a repeat of
/// `body` can cut a text in exponentially many ways. True only where that is certain.
fn splits(body: &Hir) -> bool {
    match body.kind() {
        HirKind::Capture(capture) => splits(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().any(splits),
        HirKind::Repetition(inner) => inner.max.is_none() || (inner.min == 0 && splits(&inner.sub)),
        HirKind::Concat(parts) => {
            let mut flat = Vec::new();
            flatten(parts, &mut flat);
            flat.iter().enumerate().any(|(index, part)| {
                let HirKind::Repetition(Repetition { max: None, sub, .. }) = part.kind() else { return false };
                let others =
                    || flat.iter().enumerate().filter(move |(other, _)| *other != index).map(|(_, part)| *part);
                let class = class(sub);
                others().all(|other| other.properties().minimum_len() == Some(0) && !is_look(other))
                    || class.is_some_and(|class| others().all(|other| within(other, &class)))
            })
        }
        _ => false,
    }
}

fn is_look(hir: &Hir) -> bool {
    matches!(hir.kind(), HirKind::Look(_))
}

/// Whether some text that `hir` matches consists of characters of `class` alone.
fn within(hir: &Hir, class: &ClassUnicode) -> bool {
    let has =
        |character: char| class.ranges().iter().any(|range| range.start() <= character && character <= range.end());
    match hir.kind() {
        HirKind::Empty => true,
        HirKind::Look(_) => false,
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).is_ok_and(|text| text.chars().all(has)),
        HirKind::Class(_) => self::class(hir).is_some_and(|mut other| {
            other.intersect(class);
            !other.ranges().is_empty()
        }),
        HirKind::Capture(capture) => within(&capture.sub, class),
        HirKind::Concat(parts) => parts.iter().all(|part| within(part, class)),
        HirKind::Alternation(parts) => parts.iter().any(|part| within(part, class)),
        HirKind::Repetition(repetition) => repetition.min == 0 || within(&repetition.sub, class),
    }
}

/// What stands between the slashes of a regex as other languages write it, with its flags: `/evil/i`. Without flags it may
/// be a path.
#[must_use]
pub fn delimited(pattern: &str) -> Option<(&str, &str)> {
    let (inner, flags) = pattern.strip_prefix('/')?.rsplit_once('/')?;
    let is_flag = |flag: char| matches!(flag, 'g' | 'i' | 'm' | 's' | 'u' | 'x');
    let known = flags.contains(['g', 'i']) && flags.len() < 4 && flags.chars().all(is_flag);
    (known && !inner.is_empty() && !inner.ends_with('\\')).then_some((inner, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(pattern: &str) -> Option<&'static str> {
        inspect(pattern, Flags::default()).err().map(|problem| problem.code.id)
    }

    #[test]
    fn accepts_what_runs_in_linear_time() {
        for pattern in
            [r"a+b+", r"(\w+\\)+x", r".*x.*y.*", r"(?i)\bfoo\b", r"\d{1,3}(\.\d{1,3}){3}", r"[^\\]+$", r"(ab*c)+"]
        {
            assert_eq!(code(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn refuses_what_does_not() {
        for pattern in [r"(a+)+", r"(a*)*b", r"(?:a|b+)*", r".*(?:.*=.*)", r"(.*\))+", r"\s*\s+$", r"(\w+\s?)+x"] {
            assert_eq!(code(pattern), Some("CC0502"), "{pattern}");
        }
        assert_eq!(code("(a{1000}){1000}"), Some("CC0503"));
        // Counts that multiply.
        for pattern in ["(.{1,30}){1,30}x", "((.{0,9}){1,9}y){1,9}", "(?:a.{1,40}b){2,20}", "(x{2}(y.{1,20}){16}){2,3}"]
        {
            assert_eq!(code(pattern), Some("CC0503"), "{pattern}");
        }
        for pattern in ["([0-9a-f]{2}){1024}", "(.{1,8}){1,8}", ".{1,400}x", r"(\d{1,3}\.){3}\d{1,3}"] {
            assert_eq!(code(pattern), None, "{pattern}");
        }
        assert_eq!(code(r"(?=a)b"), Some("CC0501"));
        assert_eq!(code(r"(a)\1"), Some("CC0501"));
        assert_eq!(code("(a"), Some("CC0501"));
        assert_eq!(code(&format!("{}a{}", "(".repeat(9_000), ")".repeat(9_000))), Some("CC0503"));
    }
}
