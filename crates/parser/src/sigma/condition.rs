//! The condition grammar: `1 of selection* and not (filter or all of them)`.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::multispace0;
use nom::combinator::{map, recognize};
use nom::sequence::preceded;
use nom::{IResult, Parser};

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
    if let Some(at) = text.find('|') {
        let found = sink
            .diagnostic(&codes::DEPRECATED_AGGREGATION, place(at, text.trim_end().len()), "aggregation in a condition was removed from Sigma")
            .with_help("write a correlation rule: `type: event_count`, `value_count` or `temporal`, with `timespan` and `group-by`");
        return Err(sink.refuse(found));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.trim_start().is_empty() {
        let Ok((after, found)) = token(rest) else {
            let at = text.len() - rest.trim_start().len();
            let wrong: String = rest.trim_start().chars().take(1).collect();
            let found = sink
                .diagnostic(
                    &codes::CONDITION_SYNTAX,
                    place(at, at + wrong.len()),
                    format!("`{}` has no meaning in a condition", clip(&wrong)),
                )
                .with_help(
                    "a condition has names of selections, `and`, `or`, `not`, `1 of x*`, `all of them` and parentheses",
                );
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
    let mut cursor = Cursor { tokens, at: 0, is_exact, end: place(text.trim_end().len(), text.trim_end().len()), sink };
    let condition = cursor.or(0)?;
    if let Some((token, span)) = cursor.peek() {
        let message = match token {
            Token::Close => "this parenthesis closes nothing".to_owned(),
            Token::Word(word) => format!("`and` or `or` is missing before `{}`", clip(word)),
            Token::Open => "`and` or `or` is missing here".to_owned(),
        };
        return Err(cursor.sink.unread(&codes::CONDITION_SYNTAX, span, message));
    }
    Ok(condition)
}

impl<'s> Cursor<'s, '_> {
    fn peek(&self) -> Option<(Token<'s>, Span)> {
        self.tokens.get(self.at).copied()
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some((Token::Word(word), _)) if word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(found);
        found
    }

    fn fail<T>(&mut self, span: Span, message: impl Into<String>) -> Result<T, Unread> {
        Err(self.sink.unread(&codes::CONDITION_SYNTAX, span, message))
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
        while self.word("not") {
            negations += 1;
            if negations > limits::NESTING {
                let span = self.peek().map_or(self.end, |(_, span)| span);
                let message = format!("more than {} negations in a row", limits::NESTING);
                return Err(self.sink.unread(&codes::LIMIT_EXCEEDED, span, message));
            }
        }
        let inner = self.operand(depth)?;
        // An even number of negations cancels out.
        Ok(if negations % 2 == 1 { Condition::Not(Box::new(inner)) } else { inner })
    }

    fn operand(&mut self, depth: usize) -> Result<Condition<'s>, Unread> {
        let Some((token, span)) = self.peek() else {
            let end = self.end;
            return self.fail(end, "the condition ends where a selection is expected");
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
                    _ => return self.fail(span, "this parenthesis is not closed"),
                }
                Ok(inner)
            }
            Token::Close => self.fail(span, "a selection is expected before this parenthesis"),
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
            let Some((Token::Word(pattern), last)) = self.peek() else {
                return self.fail(span, "`of` needs `them` or the name of selections, such as `selection*`");
            };
            self.at += 1;
            return Ok(Condition::Of(quantity, pattern, span.to(last)));
        }
        if ["and", "or", "of", "them"].iter().any(|reserved| word.eq_ignore_ascii_case(reserved)) {
            return self.fail(span, format!("a selection is expected, not `{word}`"));
        }
        Ok(Condition::Selection(word, span))
    }
}

/// Whether a name matches `them` or a pattern with `*`. Names that start with `_` are
/// no part of `them`.
pub(crate) fn selects(pattern: &str, name: &str) -> bool {
    if pattern.eq_ignore_ascii_case("them") {
        return !name.starts_with('_');
    }
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
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

    #[test]
    fn patterns_select_names() {
        assert!(selects("them", "selection") && !selects("them", "_hidden"));
        assert!(selects("sel*", "selection") && selects("*_main", "filter_main"));
        assert!(selects("filter_*_x", "filter_a_b_x") && !selects("sel", "selection"));
    }
}
