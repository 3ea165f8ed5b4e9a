//! PCRE's syntax: from the pattern as a rule writes it to a tree in which nothing of it is left to another reader.
//!
//! Rules are written for PCRE, and what runs them are automata. Crates that build automata read a syntax that looks the
//! same and is not: there `\<` is the start of a word, `[x&&y]` an intersection, `[^[=]` an error and `$` the end of the
//! text alone. So patterns are read here, as PCRE2 reads them in UTF mode with its default options, and given on as a
//! tree. What no automaton can do (look-around, backreferences, atomic groups, recursion) is refused by its name, and so
//! is what readers of PCRE's syntax differ on.

use std::collections::HashSet;

use regex_syntax::ast::{
    self, Assertion, AssertionKind, Ast, ClassAscii, ClassAsciiKind, ClassBracketed, ClassPerl, ClassPerlKind,
    ClassSet, ClassSetItem, ClassSetRange, ClassSetUnion, Flag, Flags as AstFlags, FlagsItem, FlagsItemKind, Group,
    GroupKind, Literal, LiteralKind, Position, Repetition, RepetitionKind, RepetitionOp, RepetitionRange, SetFlags,
    Span,
};

use super::anchors::{self, flagged};
use super::{Flags, Problem};
use crate::diagnostic::codes;
use crate::limits;

/// Reads a pattern. The flags of the predicate are in the tree, but for `i`, which is in it where the pattern says so.
pub(super) fn parse(pattern: &str, flags: Flags) -> Result<Ast, Problem> {
    let modes = Modes { multi_line: flags.multi_line, dot_all: flags.dot_all, ..Modes::default() };
    let mut parser = Parser { pattern, at: 0, modes, quoted: false, groups: 0, names: HashSet::new() };
    let mut tree = parser.alternation(0)?;
    if parser.peek() == Some(')') {
        let help = "remove it, or write `\\)` for the sign itself";
        return Err(parser.syntax(parser.at, 1, "this `)` closes no group", help));
    }
    anchors::resolve(&mut tree)?;
    Ok(tree)
}

/// What flags such as `(?ms)` change, where the parser is.
#[derive(Clone, Copy, Default)]
struct Modes {
    multi_line: bool,
    dot_all: bool,
    /// `x`: spaces and comments between parts.
    extended: bool,
    /// `xx`: spaces and tabs within classes too.
    more: bool,
    /// `n`: plain parentheses have no number.
    unnumbered: bool,
}

struct Parser<'p> {
    pattern: &'p str,
    at: usize,
    modes: Modes,
    /// Between `\Q` and `\E`.
    quoted: bool,
    groups: u32,
    names: HashSet<&'p str>,
}

/// What an escape stands for.
enum Escape {
    Character(char),
    /// Characters of which one is meant.
    Class(ClassSetItem),
    Assertion(AssertionKind),
    /// `.` without line breaks, whatever the flags are.
    NoLineFeed,
    /// Nothing that is matched.
    Nothing,
}

const LOOK_AROUND: &str = "write the exclusion as a filter selection with `not`";
const LOOK_FOR: &str = "write what it looks for into the expression, or as a second value with `|re|all`";

impl<'p> Parser<'p> {
    fn rest(&self) -> &'p str {
        self.pattern.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let found = self.peek()?;
        self.at += found.len_utf8();
        Some(found)
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    fn span(&self, from: usize) -> Span {
        span(from, self.at)
    }

    fn problem(&self, from: usize, length: usize, message: String, help: &'static str) -> Problem {
        let to = from.saturating_add(length).min(self.pattern.len());
        Problem { code: &codes::INVALID_REGEX, message, help, at: Some((from.min(to), to)) }
    }

    fn syntax(&self, from: usize, length: usize, what: &str, help: &'static str) -> Problem {
        self.problem(from, length, format!("the regex has a syntax error: {what}"), help)
    }

    /// What cannot be done in linear time, by its name.
    fn unsupported(&self, from: usize, name: &str, help: &'static str) -> Problem {
        let message = format!("{name} cannot be matched in linear time, so it is not supported");
        self.problem(from, self.at.saturating_sub(from).max(1), message, help)
    }

    /// What has no meaning here, by its name.
    fn unread(&self, from: usize, name: &str, help: &'static str) -> Problem {
        self.problem(from, self.at.saturating_sub(from).max(1), format!("{name} is not supported"), help)
    }

    /// Passes over what stands for nothing: comments, the spaces of `x`, and the ends of quotations.
    fn skip(&mut self) -> Result<(), Problem> {
        loop {
            if self.quoted {
                if !self.take(r"\E") {
                    return Ok(());
                }
                self.quoted = false;
            } else if self.take(r"\Q") {
                self.quoted = true;
            } else if self.take(r"\E") {
            } else if self.rest().starts_with("(?#") {
                let Some(end) = self.rest().find(')') else {
                    return Err(self.syntax(self.at, 3, "this comment is not closed", "close it with `)`"));
                };
                self.at += end + 1;
            } else if self.modes.extended && self.peek().is_some_and(is_pattern_space) {
                self.next();
            } else if self.modes.extended && self.peek() == Some('#') {
                let rest = self.rest();
                self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
            } else {
                return Ok(());
            }
        }
    }

    /// Alternatives up to a closing parenthesis or the end.
    fn alternation(&mut self, depth: usize) -> Result<Ast, Problem> {
        let from = self.at;
        let mut branches = vec![self.concat(depth)?];
        while !self.quoted && self.take("|") {
            branches.push(self.concat(depth)?);
        }
        let asts = ast::Alternation { span: self.span(from), asts: branches };
        Ok(asts.into_ast())
    }

    fn concat(&mut self, depth: usize) -> Result<Ast, Problem> {
        let from = self.at;
        let mut parts: Vec<Ast> = Vec::new();
        loop {
            self.skip()?;
            let start = self.at;
            let Some(next) = self.peek() else { break };
            if !self.quoted {
                if matches!(next, '|' | ')') {
                    break;
                }
                if self.quantifier()?.is_some() {
                    return Err(self.syntax(
                        start,
                        self.at - start,
                        "there is nothing before this repeat that it could repeat",
                        "a wildcard `*` is written `.*` in a regex; to match the sign itself, escape it with a backslash",
                    ));
                }
            }
            let (atom, repeatable) = self.atom(depth)?;
            self.skip()?;
            let from = self.at;
            if self.quoted || !repeatable {
                parts.push(atom);
                continue;
            }
            parts.push(match self.quantifier()? {
                None => atom,
                Some(kind) => self.repeated(start, from, atom, kind)?,
            });
        }
        let asts = ast::Concat { span: self.span(from), asts: parts };
        Ok(asts.into_ast())
    }

    fn repeated(&mut self, start: usize, from: usize, atom: Ast, kind: RepetitionKind) -> Result<Ast, Problem> {
        let op = self.span(from);
        if self.modes.extended {
            self.skip()?;
        }
        let greedy = self.quoted || !self.take("?");
        if greedy && !self.quoted && self.take("+") {
            return Err(self.unsupported(
                from,
                "a possessive repeat",
                "leave out the second `+`; no time is lost by it here, but it may match more",
            ));
        }
        let repetition =
            Repetition { span: self.span(start), op: RepetitionOp { span: op, kind }, greedy, ast: Box::new(atom) };
        Ok(Ast::repetition(repetition))
    }

    /// A repeat such as `*` or `{2,3}`, where one comes next. A `{` that begins none is itself.
    fn quantifier(&mut self) -> Result<Option<RepetitionKind>, Problem> {
        let from = self.at;
        let kind = match self.peek() {
            Some('*') => RepetitionKind::ZeroOrMore,
            Some('+') => RepetitionKind::OneOrMore,
            Some('?') => RepetitionKind::ZeroOrOne,
            Some('{') => return self.counted(from),
            _ => return Ok(None),
        };
        self.next();
        Ok(Some(kind))
    }

    fn counted(&mut self, from: usize) -> Result<Option<RepetitionKind>, Problem> {
        let is_inner = |c: char| c.is_ascii_digit() || matches!(c, ',' | ' ' | '\t');
        let inner = self.rest().get(1..).unwrap_or("");
        let length = inner.find(|c: char| !is_inner(c)).unwrap_or(inner.len());
        let (Some(inner), true) = (inner.get(..length), inner.get(length..).is_some_and(|end| end.starts_with('}')))
        else {
            return Ok(None);
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (least, most) = match inner.split_once(',') {
            None => (inner, None),
            Some((least, most)) => (least, Some(most)),
        };
        if !digits(least) || most.is_some_and(|most| !most.is_empty() && !digits(most)) {
            // New readers take `{,3}` and `{1, 3}` for repeats, older ones for the characters.
            let is_number = |text: &str| digits(text.trim());
            let repeats = match most {
                None => is_number(least),
                Some(most) => {
                    (is_number(least) && (most.trim().is_empty() || is_number(most)))
                        || (least.trim().is_empty() && is_number(most))
                }
            };
            if !repeats {
                return Ok(None);
            }
            let message =
                format!("`{{{inner}}}` is a repeat to some readers of PCRE's syntax and plain text to others");
            let help = "write the repeat with both numbers and no spaces, as in `{0,3}`, or escape the `{`";
            return Err(self.problem(from, length + 2, message, help));
        }
        self.at += length + 2;
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number <= 65_535);
        let range = match (number(least), most) {
            (Some(exactly), None) => Some(RepetitionRange::Exactly(exactly)),
            (Some(least), Some("")) => Some(RepetitionRange::AtLeast(least)),
            (Some(least), Some(most)) => {
                number(most).filter(|most| least <= *most).map(|most| RepetitionRange::Bounded(least, most))
            }
            (None, _) => None,
        };
        let Some(range) = range else {
            let what = "the least count is above the greatest, or one of them is above 65535";
            let help = "write the smaller count first, as in `{2,5}`";
            return Err(self.syntax(from, length + 2, what, help));
        };
        Ok(Some(RepetitionKind::Range(range)))
    }

    /// One part, and whether it can be repeated.
    fn atom(&mut self, depth: usize) -> Result<(Ast, bool), Problem> {
        let from = self.at;
        let next = self.next().unwrap_or('\0');
        if self.quoted {
            return Ok((self.literal(from, next), true));
        }
        let found = match next {
            '(' => return self.group(from, depth),
            // PCRE's own spelling of the start and the end of a word.
            '[' if self.take("[:<:]]") => self.assertion(from, AssertionKind::WordBoundaryStart),
            '[' if self.take("[:>:]]") => self.assertion(from, AssertionKind::WordBoundaryEnd),
            '[' => Ast::class_bracketed(self.class(from)?),
            '.' => self.any(from, self.modes.dot_all),
            '^' => self.anchor(from, AssertionKind::StartLine),
            '$' => self.anchor(from, AssertionKind::EndLine),
            '\\' => match self.escape(from, false)? {
                Escape::Character(character) => self.literal(from, character),
                Escape::Class(item) => self.class_of(from, item),
                Escape::Assertion(kind) => self.assertion(from, kind),
                Escape::NoLineFeed => self.any(from, false),
                Escape::Nothing => return Ok((Ast::empty(self.span(from)), false)),
            },
            other => self.literal(from, other),
        };
        let is_assertion =
            matches!(&found, Ast::Assertion(_)) || matches!(&found, Ast::Group(_)) && matches!(next, '^' | '$');
        Ok((found, !is_assertion))
    }

    fn literal(&self, from: usize, c: char) -> Ast {
        Ast::literal(Literal { span: self.span(from), kind: LiteralKind::Verbatim, c })
    }

    fn assertion(&self, from: usize, kind: AssertionKind) -> Ast {
        Ast::assertion(Assertion { span: self.span(from), kind })
    }

    fn any(&self, from: usize, line_feed: bool) -> Ast {
        let dot = Ast::dot(self.span(from));
        if line_feed { flagged(self.span(from), Flag::DotMatchesNewLine, dot) } else { dot }
    }

    /// `^` and `$` outside of `m` are the ends of the text, which [`anchors`] spells out.
    fn anchor(&self, from: usize, kind: AssertionKind) -> Ast {
        let span = self.span(from);
        match (kind, self.modes.multi_line) {
            (kind, true) => flagged(span, Flag::MultiLine, self.assertion(from, kind)),
            (AssertionKind::StartLine, false) => self.assertion(from, AssertionKind::StartText),
            (kind, false) => self.assertion(from, kind),
        }
    }

    fn class_of(&self, from: usize, item: ClassSetItem) -> Ast {
        match item {
            ClassSetItem::Perl(class) => Ast::class_perl(class),
            ClassSetItem::Bracketed(class) => Ast::class_bracketed(*class),
            other => bracketed(self.span(from), false, vec![other]),
        }
    }

    /// A group, or flags for the rest of one. `from` is where its parenthesis is.
    fn group(&mut self, from: usize, depth: usize) -> Result<(Ast, bool), Problem> {
        if depth >= limits::NESTING {
            return Err(Problem {
                code: &codes::REGEX_TOO_LARGE,
                message: format!("the regex is nested deeper than {} levels", limits::NESTING),
                help: "flatten the groups",
                at: None,
            });
        }
        let outside = self.modes;
        let mut ignore_case = None;
        let mut numbered = !self.modes.unnumbered;
        if self.rest().starts_with('*')
            && self.rest().get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == ':'))
        {
            self.at += 1;
            return Err(self.verb(from));
        }
        if self.take("?") {
            numbered = false;
            if self.take(":") || self.take("|") {
            } else if let Some(problem) = self.not_regular(from) {
                return Err(problem);
            } else if let Some(close) = self.named() {
                self.name(from, close)?;
                numbered = true;
            } else {
                ignore_case = self.flags(from)?;
                if self.take(")") {
                    // To the end of the group, which restores what was before.
                    let flags = SetFlags { span: self.span(from), flags: case_flags(self.span(from), ignore_case) };
                    let nothing = ignore_case.is_none();
                    return Ok((if nothing { Ast::empty(flags.span) } else { Ast::flags(flags) }, false));
                }
                if !self.take(":") {
                    return Err(self.syntax(
                        from,
                        self.at - from,
                        "this group has an unknown kind",
                        "close the flags with `)` or `:`",
                    ));
                }
            }
        }
        if numbered {
            self.groups = self.groups.saturating_add(1);
        }
        let index = self.groups;
        let inner = self.alternation(depth + 1)?;
        if self.quoted || !self.take(")") {
            return Err(self.syntax(
                from,
                1,
                "this group is never closed",
                "write `)` where it ends, or `\\(` for the sign itself",
            ));
        }
        self.modes = outside;
        let span = self.span(from);
        let kind = if numbered {
            GroupKind::CaptureIndex(index)
        } else {
            GroupKind::NonCapturing(case_flags(span, ignore_case))
        };
        Ok((Ast::group(Group { span, kind, ast: Box::new(inner) }), true))
    }

    /// `(*UTF)`, `(*atomic:...)` and what else begins so. The star is read.
    fn verb(&mut self, from: usize) -> Problem {
        let rest = self.rest();
        let length = rest.find([':', ')']).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or("");
        self.at += length;
        match name {
            "nla" | "negative_lookahead" | "nlb" | "negative_lookbehind" => {
                self.unsupported(from, "look-around", LOOK_AROUND)
            }
            "pla"
            | "positive_lookahead"
            | "plb"
            | "positive_lookbehind"
            | "napla"
            | "naplb"
            | "non_atomic_positive_lookahead"
            | "non_atomic_positive_lookbehind" => self.unsupported(from, "look-around", LOOK_FOR),
            "atomic" => self.unsupported(from, "an atomic group", "write a plain group, `(?:...)`; it may match more"),
            _ => self.unread(from, "a verb such as `(*UTF)`", "remove it; a `(` before a star is written `\\(`"),
        }
    }

    /// The groups that no automaton can match. The question mark is read.
    fn not_regular(&mut self, from: usize) -> Option<Problem> {
        let rest = self.rest();
        let kinds: [(&[&str], &str, &'static str); 8] = [
            (&["!", "<!"], "look-around", LOOK_AROUND),
            (&["=", "<=", "*", "<*"], "look-around", LOOK_FOR),
            (&[">"], "an atomic group", "write a plain group, `(?:...)`; it may match more"),
            (&["P="], "a backreference", "write the alternatives out"),
            (&["R", "&", "P>", "+"], "recursion", "write the levels out"),
            (&["("], "a conditional group", "write the alternatives out"),
            (&["C"], "a callout", "remove it"),
            (&["{", "?{"], "code in a regex", "remove it"),
        ];
        let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        if digit(rest) || rest.strip_prefix('-').is_some_and(digit) {
            self.at += 1;
            return Some(self.unsupported(from, "recursion", "write the levels out"));
        }
        for (starts, name, help) in kinds {
            if let Some(start) = starts.iter().find(|start| rest.starts_with(**start)) {
                self.at += start.len();
                return Some(self.unsupported(from, name, help));
            }
        }
        None
    }

    /// What closes the name that comes next, if one does.
    fn named(&mut self) -> Option<char> {
        [("P<", '>'), ("<", '>'), ("'", '\'')].into_iter().find(|(open, _)| self.take(open)).map(|(_, close)| close)
    }

    fn name(&mut self, from: usize, close: char) -> Result<(), Problem> {
        let rest = self.rest();
        let end = rest.find(close);
        let name = end.and_then(|end| rest.get(..end)).unwrap_or("");
        let is_name = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.len() <= 128
            && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !is_name {
            let what = "the name of a group has letters, digits and `_`, and is closed";
            return Err(self.syntax(from, self.at - from, what, "correct the name, or leave it out"));
        }
        self.at += name.len() + close.len_utf8();
        if !self.names.insert(name) {
            return Err(self.syntax(
                from,
                self.at - from,
                "two groups have this name",
                "rename one of them, or leave its name out",
            ));
        }
        Ok(())
    }

    /// Flags such as `i-s`, and what they say of case. What they say of the rest is in force from here on.
    fn flags(&mut self, from: usize) -> Result<Option<bool>, Problem> {
        let mut ignore_case = None;
        let mut on = true;
        if self.take("^") {
            self.modes = Modes::default();
            ignore_case = Some(false);
        }
        loop {
            let at = self.at;
            match self.peek() {
                Some('-') if on => on = false,
                Some('i') => ignore_case = Some(on),
                Some('m') => self.modes.multi_line = on,
                Some('s') => self.modes.dot_all = on,
                Some('n') => self.modes.unnumbered = on,
                Some('x') => {
                    self.modes.more = on && self.rest().starts_with("xx");
                    self.modes.extended = on;
                    self.at += usize::from(self.modes.more);
                }
                // Greed, names given twice and classes beyond ASCII: none decides whether there is a match.
                Some('U' | 'J' | 'u' | 'a') => {}
                Some(')' | ':') if self.at > from => return Ok(ignore_case),
                _ => {
                    let length = self.peek().map_or(0, char::len_utf8);
                    let what = "this is no flag and no kind of group";
                    return Err(self.syntax(
                        at,
                        length,
                        what,
                        "the flags are i, m, s, x and n; a group that is not counted is `(?:...)`",
                    ));
                }
            }
            self.next();
        }
    }

    /// What an escape stands for. Its backslash, at `from`, is read.
    fn escape(&mut self, from: usize, in_class: bool) -> Result<Escape, Problem> {
        let Some(next) = self.next() else {
            return Err(self.syntax(from, 1, "a backslash at the end", "write `\\\\` for a backslash"));
        };
        if !next.is_ascii_alphanumeric() {
            return Ok(Escape::Character(next));
        }
        let perl = |kind: ClassPerlKind, this: &Self| {
            let negated = next.is_ascii_uppercase();
            Ok(Escape::Class(ClassSetItem::Perl(ClassPerl { span: this.span(from), kind, negated })))
        };
        let assertion = |kind: AssertionKind| Ok(Escape::Assertion(kind));
        match next {
            'a' => Ok(Escape::Character('\x07')),
            'e' => Ok(Escape::Character('\x1B')),
            'f' => Ok(Escape::Character('\x0C')),
            'n' => Ok(Escape::Character('\n')),
            'r' => Ok(Escape::Character('\r')),
            't' => Ok(Escape::Character('\t')),
            'b' if in_class => Ok(Escape::Character('\x08')),
            'c' => match self.next().filter(|c| matches!(c, ' '..='~')) {
                Some(letter) => {
                    self.character(from, Some(u32::from(letter.to_ascii_uppercase()) ^ 0x40)).map(Escape::Character)
                }
                None => Err(self.syntax(from, 2, "`\\c` comes before a printable character", "write `\\x..`")),
            },
            'x' => self.hexadecimal(from).map(Escape::Character),
            'o' => self.braced(from, 8).map(Escape::Character),
            '0'..='9' => self.digits(from, next, in_class),
            'd' | 'D' => perl(ClassPerlKind::Digit, self),
            's' | 'S' => perl(ClassPerlKind::Space, self),
            'w' | 'W' => perl(ClassPerlKind::Word, self),
            'h' | 'H' => Ok(Escape::Class(self.blanks(from, HORIZONTAL, next == 'H'))),
            'v' | 'V' => Ok(Escape::Class(self.blanks(from, VERTICAL, next == 'V'))),
            'p' | 'P' => Err(self.unread(
                from,
                "a named Unicode class, whose characters depend on the version of Unicode,",
                "use ASCII classes such as [a-z] instead of named Unicode classes",
            )),
            'R' if !in_class => Err(self.unsupported(
                from,
                "`\\R`, which takes `\\r\\n` as one,",
                "write `(?:\\r\\n|\\n|\\r)`, or `\\s` if any white space will do",
            )),
            'X' if !in_class => {
                Err(self.unread(from, "`\\X`, whose characters depend on the version of Unicode,", "write `.`"))
            }
            'C' => Err(self.unread(from, "`\\C`, a part of a character,", "write `.`")),
            'g' | 'k' if !in_class => Err(self.unsupported(from, "a backreference", "write the alternatives out")),
            'N' if self.rest().starts_with("{U+") => self.named_character(from).map(Escape::Character),
            _ if in_class => Err(self.no_escape(from, next)),
            'b' => assertion(AssertionKind::WordBoundary),
            'B' => assertion(AssertionKind::NotWordBoundary),
            // A search begins where the text does.
            'A' | 'G' => assertion(AssertionKind::StartText),
            'z' => assertion(AssertionKind::EndText),
            'Z' => assertion(AssertionKind::EndLine),
            'K' => Ok(Escape::Nothing),
            'N' if self.rest().starts_with('{') && self.counted(self.at)?.is_none() => {
                Err(self.unread(from, "a character by its name", "write the character, or `\\x{...}`"))
            }
            'N' => {
                // A count was only looked at.
                self.at = from + 2;
                Ok(Escape::NoLineFeed)
            }
            _ => Err(self.no_escape(from, next)),
        }
    }

    fn no_escape(&self, from: usize, letter: char) -> Problem {
        let what = format!("`\\{letter}` has no meaning in PCRE here");
        let help = if letter == 'u' || letter == 'U' {
            "for a backslash, as in a path, write `\\\\`; a character is written by its number as `\\x{...}`"
        } else {
            "for a backslash, as in a path, write `\\\\`; for the letter itself write it alone"
        };
        self.syntax(from, self.at.saturating_sub(from), &what, help)
    }

    /// The number after `\x`.
    fn hexadecimal(&mut self, from: usize) -> Result<char, Problem> {
        if self.rest().starts_with('{') {
            return self.braced(from, 16);
        }
        let digits = self.rest().bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
        let text = self.rest().get(..digits).unwrap_or("");
        self.at += digits;
        // PCRE reads `\x` alone as NUL, which nobody means by it.
        self.character(from, u32::from_str_radix(text, 16).ok())
    }

    /// A number between braces.
    fn braced(&mut self, from: usize, radix: u32) -> Result<char, Problem> {
        let inner = self.rest().strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(inner, _)| inner);
        let inner = inner.filter(|inner| inner.len() <= 16 && inner.chars().all(|c| c.is_digit(radix)));
        self.at += inner.map_or(0, |inner| inner.len() + 2);
        self.character(from, inner.and_then(|inner| u32::from_str_radix(inner, radix).ok()))
    }

    /// `\N{U+20AC}`
    fn named_character(&mut self, from: usize) -> Result<char, Problem> {
        let inner = self.rest().strip_prefix("{U+").and_then(|rest| rest.split_once('}')).map(|(inner, _)| inner);
        let inner = inner.filter(|inner| inner.len() <= 16 && inner.chars().all(|c| c.is_ascii_hexdigit()));
        self.at += inner.map_or(0, |inner| inner.len() + 4);
        self.character(from, inner.and_then(|inner| u32::from_str_radix(inner, 16).ok()))
    }

    fn character(&self, from: usize, number: Option<u32>) -> Result<char, Problem> {
        number.and_then(char::from_u32).ok_or_else(|| {
            let what = "this is not the number of a character";
            self.syntax(
                from,
                self.at.saturating_sub(from),
                what,
                "write `\\x` and two digits, or `\\x{...}`; for a backslash write `\\\\`",
            )
        })
    }

    /// `\0`, `\12`: octal, unless it refers to a group.
    fn digits(&mut self, from: usize, first: char, in_class: bool) -> Result<Escape, Problem> {
        let rest = self.pattern.get(from + 1..).unwrap_or("");
        let all = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: Option<u32> = rest.get(..all).and_then(|digits| digits.parse().ok());
        let refers = number.is_none_or(|number| number < 10 || number <= self.groups) || first >= '8';
        if !in_class && first != '0' && refers {
            self.at = from + 1 + all;
            return Err(self.unsupported(from, "a backreference", "write the alternatives out"));
        }
        let octal = rest.bytes().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
        if octal == 0 {
            return Ok(Escape::Character(first));
        }
        self.at = from + 1 + octal;
        let digits = rest.get(..octal).unwrap_or("");
        self.character(from, u32::from_str_radix(digits, 8).ok()).map(Escape::Character)
    }

    fn blanks(&self, from: usize, ranges: &[(char, char)], negated: bool) -> ClassSetItem {
        let span = self.span(from);
        let items = ranges.iter().map(|(start, end)| range(span, *start, *end)).collect();
        ClassSetItem::Bracketed(Box::new(class_bracketed(span, negated, items)))
    }

    /// A class between brackets. Its opening bracket, at `from`, is read. All but `]`, `\`, `-` between two characters,
    /// a `^` at the start and named classes such as `[:alpha:]` is itself.
    fn class(&mut self, from: usize) -> Result<ClassBracketed, Problem> {
        if let Some(named) = self.posix_end(from) {
            let written = self.pattern.get(from..named).unwrap_or("");
            let message = format!("the regex has a syntax error: `{written}` has a meaning within a class only");
            let help = "write it between two pairs of brackets, as in `[[:alpha:]]`";
            return Err(self.problem(from, named - from, message, help));
        }
        let negated = self.take("^");
        let mut items: Vec<ClassSetItem> = Vec::new();
        let mut first = true;
        loop {
            if self.quoted {
                if self.take(r"\E") {
                    self.quoted = false;
                    continue;
                }
            } else if self.take(r"\Q") {
                self.quoted = true;
                continue;
            } else if self.take(r"\E") || (self.modes.more && (self.take(" ") || self.take("\t"))) {
                continue;
            }
            if !self.quoted && !first && self.take("]") {
                break;
            }
            first = false;
            let start = self.at;
            let (item, character) = self.class_item(from)?;
            let Some(low) = character else {
                items.push(item);
                continue;
            };
            match self.range_end(from)? {
                None => items.push(item),
                Some(high) if low <= high => items.push(range(self.span(start), low, high)),
                Some(_) => {
                    let what = "the range ends before it begins";
                    let help = "write its ends in the other order, or `\\-` for the sign itself";
                    return Err(self.syntax(start, self.at - start, what, help));
                }
            }
        }
        Ok(class_bracketed(self.span(from), negated, items))
    }

    /// One part of a class, and the character that it is where it is one.
    fn class_item(&mut self, class: usize) -> Result<(ClassSetItem, Option<char>), Problem> {
        let from = self.at;
        let Some(next) = self.next() else {
            return Err(self.syntax(
                class,
                1,
                "this class is never closed",
                "write `]` where it ends, or `\\[` for the sign itself",
            ));
        };
        if !self.quoted {
            if next == '['
                && let Some(end) = self.posix_end(from)
            {
                self.at = end;
                return Ok((self.posix(from)?, None));
            }
            if next == '\\' {
                return Ok(match self.escape(from, true)? {
                    Escape::Character(character) => (literal(self.span(from), character), Some(character)),
                    Escape::Class(item) => (item, None),
                    Escape::Assertion(_) | Escape::NoLineFeed | Escape::Nothing => {
                        return Err(self.no_escape(
                            from,
                            self.pattern.get(from + 1..).and_then(|rest| rest.chars().next()).unwrap_or('\\'),
                        ));
                    }
                });
            }
        }
        Ok((literal(self.span(from), next), Some(next)))
    }

    /// The end of a range whose first character was read, where a `-` and another character come next. Before a class
    /// such as `\d`, and at the end, a `-` is itself.
    fn range_end(&mut self, class: usize) -> Result<Option<char>, Problem> {
        let before = self.at;
        let quoted = self.quoted;
        while !self.quoted && (self.take(r"\E") || (self.modes.more && (self.take(" ") || self.take("\t")))) {}
        if self.quoted && self.take(r"\E") {
            self.quoted = false;
        }
        if self.quoted || !self.take("-") {
            (self.at, self.quoted) = (before, quoted);
            return Ok(None);
        }
        while self.take(r"\E") || (self.modes.more && (self.take(" ") || self.take("\t"))) {}
        if self.take(r"\Q") {
            self.quoted = true;
        }
        if self.rest().starts_with(']') && !self.quoted {
            (self.at, self.quoted) = (before, quoted);
            return Ok(None);
        }
        match self.class_item(class)? {
            (_, Some(high)) => Ok(Some(high)),
            (_, None) => {
                (self.at, self.quoted) = (before, quoted);
                Ok(None)
            }
        }
    }

    /// Where a named class ends that begins at `from`: `[:`, `[.` or `[=`, and the same sign before a `]` that no other
    /// bracket comes before.
    fn posix_end(&self, from: usize) -> Option<usize> {
        let mut rest = self.pattern.get(from + 1..)?.char_indices().peekable();
        let (_, sign) = rest.next().filter(|(_, sign)| matches!(sign, ':' | '.' | '='))?;
        while let Some((at, next)) = rest.next() {
            let after = rest.peek().map(|(_, after)| *after);
            match next {
                '\\' if matches!(after, Some(']' | '\\')) => {
                    rest.next();
                }
                '[' if after == Some(sign) => return None,
                ']' => return None,
                _ if next == sign && after == Some(']') => return Some(from + 1 + at + 2),
                _ => {}
            }
        }
        None
    }

    /// The named class that ends where the parser is.
    fn posix(&self, from: usize) -> Result<ClassSetItem, Problem> {
        let written = self.pattern.get(from..self.at).unwrap_or("");
        let inner = written.get(2..written.len().saturating_sub(2)).unwrap_or("");
        let (negated, name) = inner.strip_prefix('^').map_or((false, inner), |name| (true, name));
        let kind = if written.starts_with("[:") { ClassAsciiKind::from_name(name) } else { None };
        kind.map(|kind| ClassSetItem::Ascii(ClassAscii { span: self.span(from), kind, negated })).ok_or_else(|| {
            let what = format!("`{written}` is not a class of characters");
            let help = "the classes are alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, punct, space, upper, word and xdigit";
            self.syntax(from, written.len(), &what, help)
        })
    }
}

/// White space that PCRE's `\h` has.
const HORIZONTAL: &[(char, char)] = &[
    ('\t', '\t'),
    (' ', ' '),
    ('\u{A0}', '\u{A0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{180E}', '\u{180E}'),
    ('\u{2000}', '\u{200A}'),
    ('\u{202F}', '\u{202F}'),
    ('\u{205F}', '\u{205F}'),
    ('\u{3000}', '\u{3000}'),
];

/// White space that PCRE's `\v` has.
const VERTICAL: &[(char, char)] = &[('\n', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')];

/// What `x` lets stand between parts.
const fn is_pattern_space(character: char) -> bool {
    matches!(character, '\t'..='\r' | ' ' | '\u{85}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn span(from: usize, to: usize) -> Span {
    Span::new(Position::new(from, 1, from + 1), Position::new(to, 1, to + 1))
}

fn case_flags(span: Span, ignore_case: Option<bool>) -> AstFlags {
    let mut items = Vec::new();
    if ignore_case == Some(false) {
        items.push(FlagsItem { span, kind: FlagsItemKind::Negation });
    }
    if ignore_case.is_some() {
        items.push(FlagsItem { span, kind: FlagsItemKind::Flag(Flag::CaseInsensitive) });
    }
    AstFlags { span, items }
}

fn literal(span: Span, c: char) -> ClassSetItem {
    ClassSetItem::Literal(Literal { span, kind: LiteralKind::Verbatim, c })
}

fn range(span: Span, start: char, end: char) -> ClassSetItem {
    if start == end {
        return literal(span, start);
    }
    let of = |c| Literal { span, kind: LiteralKind::Verbatim, c };
    ClassSetItem::Range(ClassSetRange { span, start: of(start), end: of(end) })
}

fn class_bracketed(span: Span, negated: bool, items: Vec<ClassSetItem>) -> ClassBracketed {
    ClassBracketed { span, negated, kind: ClassSet::Item(ClassSetItem::Union(ClassSetUnion { span, items })) }
}

fn bracketed(span: Span, negated: bool, items: Vec<ClassSetItem>) -> Ast {
    Ast::class_bracketed(class_bracketed(span, negated, items))
}

#[cfg(test)]
mod tests;
