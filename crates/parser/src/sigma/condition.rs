//! The condition grammar: `1 of selection* and not (filter or all of them)`.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::multispace0;
use nom::combinator::{map, recognize};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::advice;
use super::names::NAMES;
use contentcheck_model::diagnostic::{Edit, FixKind, Sink, Unread, clip, codes};
use contentcheck_model::limits;
use contentcheck_model::source::Span;

/// How many of several selections must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    All,
    AtLeast(u32),
}

/// A parsed condition. Chains are flat, so its depth is that of the parentheses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition<'s> {
    /// One selection by name.
    Selection(&'s str, Span),
    /// `1 of x*`, `all of them`.
    Of(Quantity, &'s str, Span),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'s> {
    Open,
    Close,
    Word(&'s str),
}

fn token(input: &str) -> IResult<&str, Token<'_>> {
    let word = take_while1(|c: char| c.is_alphanumeric() || matches!(c, '_' | '*' | '?' | '-' | '.' | '@'));
    preceded(
        multispace0,
        alt((map(tag("("), |_| Token::Open), map(tag(")"), |_| Token::Close), map(recognize(word), Token::Word))),
    )
    .parse(input)
}

struct Cursor<'s, 'k> {
    tokens: Vec<(Token<'s>, Span)>,
    at: usize,
    end: Span,
    /// Whether tokens have a place of their own in the source.
    is_exact: bool,
    /// Words of conditions that are not in lower case.
    capitals: Vec<(&'s str, Span)>,
    sink: &'k mut Sink,
}

/// Reads a condition. `base` is the offset of `text` in the source, or the span of the
/// whole value where the two differ (escapes, folded blocks).
pub(crate) fn parse<'s>(text: &'s str, base: Result<usize, Span>, sink: &mut Sink) -> Result<Condition<'s>, Unread> {
    let place = |from: usize, to: usize| match base {
        Ok(base) => Span::new(base + from, base + to),
        Err(whole) => whole,
    };
    if text.len() > limits::CONDITION_BYTES {
        let message = format!("the condition has {} bytes; the limit is {}", text.len(), limits::CONDITION_BYTES);
        return Err(sink.unread(&codes::LIMIT_EXCEEDED, place(0, 40), message));
    }
    // A pipe has no other use, and what follows it has a grammar of its own.
    let after = |at: usize| text.get(at + 1..).unwrap_or("").trim_start();
    let behind = |at: usize| after(at).split(|sign: char| !sign.is_alphanumeric() && sign != '_').next().unwrap_or("");
    let is_aggregation = |at: &usize| {
        let (word, rest) = (behind(*at), after(*at));
        let is_call = rest.get(word.len()..).is_some_and(|rest| rest.trim_start().starts_with('(')) && !word.is_empty();
        let is_named = ["count", "min", "max", "avg", "sum", "near", "stats", "where"].contains(&word);
        !NAMES.contains(&word) && word != "not" && (is_named || is_call || rest.contains(" by "))
    };
    if let Some(at) = text.find('|').filter(is_aggregation) {
        let found = sink
            .diagnostic(&codes::DEPRECATED_AGGREGATION, place(at, text.trim_end().len()), "aggregation in a condition was removed from Sigma")
            .with_help("write a correlation rule: `type: event_count`, `value_count` or `temporal`, with `timespan` and `group-by`; this version checks such rules and does not run them, so this one cannot ship yet");
        return Err(sink.refuse(found));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.trim_start().is_empty() {
        let Ok((after, found)) = token(rest) else {
            let at = text.len() - rest.trim_start().len();
            let wrong = rest.trim_start();
            let pairs = ["&&", "||", "==", "!=", "<=", ">="];
            let length = match pairs.iter().find(|pair| wrong.starts_with(**pair)) {
                Some(pair) => pair.len(),
                None => wrong.chars().next().map_or(0, char::len_utf8),
            };
            let wrong = wrong.get(..length).unwrap_or("");
            let in_item = wrong == "|" && NAMES.contains(&behind(at));
            let help = match (listed(text, at), advice::condition_word(if in_item { "==" } else { wrong })) {
                (None, _) if wrong == "|" && !in_item && behind(at) == "not" => {
                    "write `and` for it, or `or`".to_owned()
                }
                (Some(written), _) => format!("names are joined with `and` and `or`: write `{}`", clip(&written)),
                (None, _) if wrong == "/" && text.get(..at).is_some_and(|text| text.trim_end().ends_with(" of")) => {
                    "names of selections are compared with `*` alone, as in `1 of selection*`".to_owned()
                }
                (None, Some(help)) => help.to_owned(),
                (None, None) => PARTS.to_owned(),
            };
            let found = sink
                .diagnostic(
                    &codes::CONDITION_SYNTAX,
                    place(at, at + wrong.len()),
                    format!("`{}` has no meaning in a condition", clip(wrong)),
                )
                .with_help(help);
            return Err(sink.refuse(found));
        };
        let start = text.len() - rest.trim_start().len();
        tokens.push((found, place(start, text.len() - after.len())));
        rest = after;
    }
    if tokens.len() > limits::CONDITION_NODES {
        let message = format!("the condition has {} parts; the limit is {}", tokens.len(), limits::CONDITION_NODES);
        return Err(sink.unread(&codes::LIMIT_EXCEEDED, place(0, text.len()), message));
    }
    let is_exact = base.is_ok();
    let mut cursor = Cursor {
        tokens,
        at: 0,
        is_exact,
        capitals: Vec::new(),
        end: place(text.trim_end().len(), text.trim_end().len()),
        sink,
    };
    let condition = cursor.or(0)?;
    if let Some((token, span)) = cursor.peek() {
        let before = cursor.before();
        let (span, message, help) = match token {
            Token::Close => (
                span,
                "this `)` closes nothing".to_owned(),
                "remove it, or write the `(` that belongs to it".to_owned(),
            ),
            Token::Word(word) => {
                let next = cursor.tokens.get(cursor.at + 1).map(|(token, _)| *token);
                let is_not = matches!(next, Some(Token::Word(next)) if next.eq_ignore_ascii_case("not"));
                let (span, message, help) = joined(before, word, span);
                // `but not x` has its `not` already.
                let whole = format!("write `and not` for `{} not`", clip(word));
                (span, message, if is_not && help == "write `and not`" { whole } else { help })
            }
            Token::Open => {
                (span, "`and` or `or` is missing before this parenthesis".to_owned(), "write `and` or `or`".to_owned())
            }
        };
        let found = cursor.sink.diagnostic(&codes::CONDITION_SYNTAX, span, message).with_help(help);
        return Err(cursor.sink.refuse(found));
    }
    cursor.tell_capitals();
    cursor.tell_letters();
    Ok(condition)
}

/// What a condition is made of.
const PARTS: &str = "a condition has names of selections, `and`, `or`, `not`, `1 of x*`, `all of them` and parentheses";

/// The names behind `1 of` or `all of`, where a sign at `at` shows that they are written as a list: joined as a
/// condition joins them.
fn listed(text: &str, at: usize) -> Option<String> {
    let (head, names) = text.get(..at)?.rsplit_once(" of ")?;
    if !names
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'*' | b' ' | b'(' | b','))
    {
        return None;
    }
    let wrong = text.get(at..)?;
    let quantity = head.rsplit(' ').next()?;
    let operator = if quantity.eq_ignore_ascii_case("all") { " and " } else { " or " };
    let is_name = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '-' | '*');
    let all = text.get(at - names.len()..)?;
    let end = all.find([')', ']']).unwrap_or(all.len());
    let names: Vec<&str> =
        all.get(..end)?.split(|sign| !is_name(sign)).filter(|name| !name.is_empty()).take(5).collect();
    (wrong.starts_with(['[', ',']) && names.len() > 1).then(|| names.join(operator))
}

/// What is wrong where a word follows another that ends a part of the condition.
fn joined(before: Option<(&str, Span)>, word: &str, span: Span) -> (Span, String, String) {
    let lower = word.to_ascii_lowercase();
    let (last, last_span) = before.unwrap_or(("", span));
    let quantity = match last.to_ascii_lowercase().as_str() {
        "all" | "every" | "each" => "all of",
        "none" | "no" => "not 1 of",
        _ => "1 of",
    };
    if ["of", "them"].contains(&lower.as_str()) {
        let message = format!("`{} {word}` is not part of a condition", clip(last));
        let help = if lower == "them" {
            format!("write `{quantity} them`")
        } else {
            format!("write `{quantity} them`, or `{quantity} name*`")
        };
        return (last_span.to(span), message, help);
    }
    let is_quantity = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())
        || ["all", "any"].iter().any(|word| last.eq_ignore_ascii_case(word));
    if is_quantity && !["and", "or", "not"].contains(&lower.as_str()) && advice::condition_word(word).is_none() {
        let message = format!("`of` is missing between `{}` and `{}`", clip(last), clip(word));
        return (last_span.to(span), message, format!("write `{} of {}`", clip(last), clip(word)));
    }
    if last.eq_ignore_ascii_case("at") && ["least", "most"].contains(&lower.as_str()) {
        return (
            last_span.to(span),
            format!("`{} {word}` is not part of a condition", clip(last)),
            "write `1 of them` or `1 of name*`".to_owned(),
        );
    }
    if let ("if" | "where" | "when" | "select", Some(help)) =
        (last.to_ascii_lowercase().as_str(), advice::condition_word(last))
    {
        return (last_span, format!("`{}` has no meaning in a condition", clip(last)), help.to_owned());
    }
    match advice::condition_word(word) {
        Some(help) if lower == "not" => (span, format!("`and` or `or` is missing before `{word}`"), help.to_owned()),
        Some(help) => (span, format!("`{}` is no operator of a condition", clip(word)), help.to_owned()),
        None => (
            span,
            format!("`and` or `or` is missing before `{}`", clip(word)),
            format!("write `{} and {}` or `{} or {}`", clip(last), clip(word), clip(last), clip(word)),
        ),
    }
}

impl<'s> Cursor<'s, '_> {
    /// The word before the next token.
    fn before(&self) -> Option<(&'s str, Span)> {
        match self.tokens.get(self.at.checked_sub(1)?)? {
            (Token::Word(word), span) => Some((word, *span)),
            _ => None,
        }
    }

    fn peek(&self) -> Option<(Token<'s>, Span)> {
        self.tokens.get(self.at).copied()
    }

    fn word(&mut self, wanted: &str) -> bool {
        let Some((Token::Word(word), span)) = self.peek() else { return false };
        let found = word.eq_ignore_ascii_case(wanted);
        if found {
            self.at += 1;
            self.case(word, span);
        }
        found
    }

    /// Notes a word of conditions that is not in lower case.
    fn case(&mut self, word: &'s str, span: Span) {
        if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            self.capitals.push((word, span));
        }
    }

    /// Tells words of conditions that are not in lower case, once for all of them.
    fn tell_capitals(&mut self) {
        let Some((first, span)) = self.capitals.first() else { return };
        let message = format!("`{first}` is not in lower case; readers such as pySigma do not know it");
        let found = self.sink.diagnostic(&codes::OTHER_SIGMA, *span, message);
        let found = found.with_help(format!("write `{}`", first.to_ascii_lowercase()));
        let edits = self.capitals.iter().map(|(word, span)| Edit { span: *span, text: word.to_ascii_lowercase() });
        let edits = edits.collect();
        self.sink.push(if self.is_exact {
            found.with_edits(FixKind::LowerCase, "write the words of the condition in lower case", edits)
        } else {
            found
        });
    }

    /// Tells the first word that has signs which others do not know in one. Held to pySigma 2.0.1.
    fn tell_letters(&mut self) {
        let is_known = |sign: char, is_pattern: bool| {
            sign.is_ascii_alphanumeric() || sign == '_' || (sign == '-' && !is_pattern) || (sign == '*' && is_pattern)
        };
        let mut is_pattern = false;
        let found = self.tokens.iter().find_map(|(token, span)| {
            let Token::Word(word) = token else { return None };
            let unknown =
                word.chars().find(|sign| !is_known(*sign, is_pattern)).map(|sign| (sign, *word, *span, is_pattern));
            is_pattern = word.eq_ignore_ascii_case("of");
            unknown
        });
        let Some((sign, word, span, is_pattern)) = found else { return };
        let message =
            format!("`{}` has `{sign}` in it; readers such as pySigma do not know that sign here", clip(word));
        let found = self.sink.diagnostic(&codes::OTHER_SIGMA, span, message);
        let help = if is_pattern {
            "name selections with letters from `a` to `z`, digits and `_` where a pattern stands for them"
        } else {
            "name selections with letters from `a` to `z`, digits, `_` and `-`"
        };
        self.sink.push(found.with_help(help));
    }

    fn fail<T>(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) -> Result<T, Unread> {
        let found = self.sink.diagnostic(&codes::CONDITION_SYNTAX, span, message).with_help(help);
        Err(self.sink.refuse(found))
    }

    fn or(&mut self, depth: usize) -> Result<Condition<'s>, Unread> {
        // Operands that are chains of `and` without parentheses around them.
        let mut chains: Vec<Span> = Vec::new();
        let mut parts = Vec::new();
        loop {
            let start = self.at;
            parts.push(self.and(depth)?);
            chains.extend(self.chain(start));
            if !self.word("or") {
                break;
            }
        }
        if let (Some(first), true) = (chains.first(), parts.len() > 1) {
            let message = "`and` and `or` are mixed without parentheses; `and` binds tighter";
            let found = self.sink.diagnostic(&codes::MIXED_AND_OR, *first, message);
            let found = found.with_help("put parentheses around this part if it belongs together, or around what does");
            let edit = |at: u32, text: &str| Edit { span: Span::at(at as usize), text: text.to_owned() };
            let edits = chains.iter().flat_map(|chain| [edit(chain.start, "("), edit(chain.end, ")")]).collect();
            self.sink.push(if self.is_exact {
                found.with_edits(FixKind::Parentheses, "put parentheses around what `and` joins", edits)
            } else {
                found
            });
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Or(parts) })
    }

    /// The place of the tokens since `start`, where an `and` among them is in no parentheses.
    fn chain(&self, start: usize) -> Option<Span> {
        let tokens = self.tokens.get(start..self.at)?;
        let mut depth = 0_usize;
        let joins = tokens.iter().any(|(token, _)| {
            match token {
                Token::Open => depth += 1,
                Token::Close => depth = depth.saturating_sub(1),
                Token::Word(_) => {}
            }
            depth == 0 && matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("and"))
        });
        let (first, last) = (tokens.first()?.1, tokens.last()?.1);
        joins.then(|| first.to(last))
    }

    fn and(&mut self, depth: usize) -> Result<Condition<'s>, Unread> {
        let mut parts = vec![self.not(depth)?];
        while self.word("and") {
            parts.push(self.not(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::And(parts) })
    }

    fn not(&mut self, depth: usize) -> Result<Condition<'s>, Unread> {
        let mut negations = 0;
        let start = self.at;
        while self.word("not") {
            negations += 1;
            if negations > limits::NESTING {
                let span = self.peek().map_or(self.end, |(_, span)| span);
                let message = format!("more than {} negations in a row", limits::NESTING);
                return Err(self.sink.unread(&codes::LIMIT_EXCEEDED, span, message));
            }
        }
        let inner = self.operand(depth)?;
        if negations > 1 || (negations == 1 && matches!(inner, Condition::Not(_))) {
            let written = self.tokens.get(start..self.at).unwrap_or_default();
            if let [(_, first), .., (_, last)] = written {
                let message = "two negations cancel out";
                let found = self.sink.diagnostic(&codes::DOUBLE_NEGATION, first.to(*last), message);
                self.sink.push(found.with_help("remove both, or the one that is too many"));
            }
        }
        // An even number of negations cancels out.
        Ok(if negations % 2 == 1 { Condition::Not(Box::new(inner)) } else { inner })
    }

    fn operand(&mut self, depth: usize) -> Result<Condition<'s>, Unread> {
        let Some((token, span)) = self.peek() else {
            let Some((word, span)) = self.before() else {
                let end = self.end;
                return self.fail(end, "the condition ends where a selection is expected", "name a selection");
            };
            let message = format!("the condition ends after `{}`, where a selection is expected", clip(word));
            return self.fail(span, message, format!("name a selection behind `{0}`, or remove `{0}`", clip(word)));
        };
        self.at += 1;
        match token {
            Token::Open => {
                if depth >= limits::NESTING {
                    let message = format!("parentheses nested deeper than {}", limits::NESTING);
                    return Err(self.sink.unread(&codes::LIMIT_EXCEEDED, span, message));
                }
                let inner = self.or(depth + 1)?;
                match self.peek() {
                    Some((Token::Close, _)) => self.at += 1,
                    _ => return self.fail(span, "this parenthesis is not closed", "write `)` where its part ends"),
                }
                Ok(inner)
            }
            Token::Close => self.fail(
                span,
                "a selection is expected before this parenthesis",
                "name a selection, or remove the parenthesis",
            ),
            Token::Word(word) => self.name_or_quantity(word, span),
        }
    }

    fn name_or_quantity(&mut self, word: &'s str, span: Span) -> Result<Condition<'s>, Unread> {
        let quantity = match word {
            _ if word.eq_ignore_ascii_case("all") => Some(Quantity::All),
            _ if word.eq_ignore_ascii_case("any") => Some(Quantity::AtLeast(1)),
            _ => word.parse().ok().map(Quantity::AtLeast),
        };
        if let Some(quantity) = quantity
            && self.word("of")
        {
            self.case(word, span);
            let Some((Token::Word(pattern), last)) = self.peek() else {
                if let Some((Token::Open, open)) = self.peek() {
                    let names: Vec<&str> = self
                        .tokens
                        .iter()
                        .skip(self.at + 1)
                        .map_while(|(token, _)| if let Token::Word(word) = token { Some(*word) } else { None })
                        .filter(|word| !["and", "or"].contains(word))
                        .take(5)
                        .collect();
                    let operator = if quantity == Quantity::All { " and " } else { " or " };
                    let help = format!("write `{}`, or `{} of name*`", clip(&names.join(operator)), clip(word));
                    return self.fail(
                        open,
                        format!("`{} of` takes one name or pattern, no parentheses", clip(word)),
                        help,
                    );
                }
                let help = format!("write `{0} of them`, or `{0} of selection*`", clip(word));
                return self.fail(span, "`of` needs `them` or the name of selections, such as `selection*`", help);
            };
            self.at += 1;
            return Ok(Condition::Of(quantity, pattern, span.to(last)));
        }
        if ["and", "or", "of", "them"].iter().any(|reserved| word.eq_ignore_ascii_case(reserved)) {
            let first = self.at == 1;
            let help = match word.to_ascii_lowercase().as_str() {
                "of" | "them" => "write `1 of them` or `all of them`".to_owned(),
                _ if first => format!("remove `{word}`, or name a selection before it"),
                _ => match self.tokens.get(self.at.saturating_sub(2)) {
                    Some((Token::Word(last), _)) if last.eq_ignore_ascii_case(word) => format!("remove one `{word}`"),
                    Some((Token::Word(last), _)) => format!("write `{last}` or `{word}`, not both"),
                    _ => format!("name a selection before `{word}`, or remove it"),
                },
            };
            return self.fail(span, format!("a selection is expected, not `{word}`"), help);
        }
        Ok(Condition::Selection(word, span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contentcheck_model::source::Source;

    fn read(text: &str) -> (Option<String>, Vec<&'static str>) {
        let mut sink = Sink::new(&Source::new("c", text));
        let read = parse(text, Ok(0), &mut sink).ok().map(|condition| show(&condition));
        (read, sink.finish().iter().map(|found| found.code.id).collect())
    }

    fn show(condition: &Condition<'_>) -> String {
        let list = |parts: &[Condition<'_>]| parts.iter().map(show).collect::<Vec<_>>().join(" ");
        match condition {
            Condition::Selection(name, _) => (*name).to_owned(),
            Condition::Of(quantity, pattern, _) => format!("{quantity:?}:{pattern}"),
            Condition::Not(inner) => format!("(not {})", show(inner)),
            Condition::And(parts) => format!("(and {})", list(parts)),
            Condition::Or(parts) => format!("(or {})", list(parts)),
        }
    }

    #[test]
    fn signs_that_others_do_not_know_in_words_are_told_once() {
        for (text, is_told) in [
            ("a_1-b and not 1 of c_*", false),
            ("all of them", false),
            ("é", true),
            ("a and sélection or выбор", true),
            ("a.b", true),
            ("a@b", true),
            ("1 of a-b*", true),
            ("1 of a.b*", true),
            ("not 1 of sél*", true),
        ] {
            assert_eq!(read(text).1.iter().filter(|code| **code == "CC0149").count(), usize::from(is_told), "{text}");
        }
    }

    #[test]
    fn words_in_capitals_are_told_once() {
        for (text, is_told) in [
            ("a and not 1 of b*", false),
            ("AND_a or NOT_b", false),
            ("a AND b", true),
            ("NOT a", true),
            ("a Or b oR c", true),
            ("1 OF a*", true),
            ("All of a*", true),
            ("Any of them", true),
            // Not before `of`, it is a name.
            ("All and Any", false),
        ] {
            let expected: &[&str] = if is_told { &["CC0149"] } else { &[] };
            assert_eq!(read(text).1, expected, "{text}");
        }
        assert_eq!(read("a AND b").0, read("a and b").0);
    }

    #[test]
    fn not_binds_before_and_before_or() {
        assert_eq!(read("a or b and not c").0.as_deref(), Some("(or a (and b (not c)))"));
        assert_eq!(read("(a or b) and not not c").0.as_deref(), Some("(and (or a b) c)"));
        assert_eq!(read("1 of sel* and ALL of them").0.as_deref(), Some("(and AtLeast(1):sel* All:them)"));
    }

    #[test]
    fn mistakes_have_codes() {
        assert_eq!(read("a and").1, ["CC0115"]);
        assert_eq!(read("(a or b").1, ["CC0115"]);
        assert_eq!(read("a b").1, ["CC0115"]);
        assert_eq!(read("a) or b").1, ["CC0115"]);
        assert_eq!(read("a | count() by b > 5").1, ["CC0116"]);
        assert_eq!(read(&"(".repeat(60_000)).1, ["CC0108"]);
        assert_eq!(read(&"not ".repeat(10_000)).1, ["CC0108"]);
    }

    fn help(text: &str) -> String {
        let mut sink = Sink::new(&Source::new("c", text));
        drop(parse(text, Ok(0), &mut sink));
        sink.finish().iter().filter_map(|found| found.help.clone()).collect()
    }

    #[test]
    fn a_help_that_is_followed_makes_a_condition() {
        for word in ["but", "unless", "except", "without", "excluding", "minus"] {
            assert_eq!(help(&format!("s {word} not 1 of f*")), format!("write `and not` for `{word} not`"));
            assert_eq!(help(&format!("s {word} 1 of f*")), "write `and not`", "{word}");
        }
        for (text, said) in [
            ("s and not 1 f_*", "write `1 of f_*`"),
            ("s and not any f_*", "write `any of f_*`"),
            ("all s*", "write `all of s*`"),
            ("s | not f", "write `and` for it, or `or`"),
            ("s | f", "write `or`"),
            ("s || f", "write `or`"),
        ] {
            assert_eq!(help(text), said, "{text}");
        }
        for text in ["s | count() > 5", "s | count(x) by y > 5", "s | near a", "s|count() by x", "s | max(a) > 1"] {
            assert_eq!(read(text).1, ["CC0116"], "{text}");
        }
    }
}
