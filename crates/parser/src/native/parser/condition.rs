//! Conditions.

use super::super::ast::{
    Chain, Expr, Literal, Masked, Not, Operand, Operator, Predicate, Quantifier, Reference, ReferenceTarget, Right,
    Values,
};
use super::super::lexer::{Kind, Token};
use super::{Failed, Parser, RESERVED, Read, advice};
use contentcheck_model::diagnostic::{Edit, FixKind, clip, codes, head};
use contentcheck_model::limits;
use contentcheck_model::source::{Span, Spanned};

/// Which connective a chain has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connective {
    Any,
    All,
}

impl Parser<'_> {
    /// A whole condition, after `when` or `let name =`.
    pub(super) fn condition(&mut self) -> Read<Expr> {
        let start = self.token.start;
        self.operands = 0;
        self.depth = 0;
        if self.at_condition_end() {
            let found = self.unexpected("a condition");
            let found = self.behind(found);
            self.push(found.with_help("write a comparison, such as `image == \"x\"`"));
            return Err(Failed);
        }
        let read = self.any_of();
        self.depth = 0;
        let condition = read?;
        let length = self.since(start).len();
        if length > limits::CONDITION_BYTES {
            let message = format!("this condition has {length} bytes; the limit is {}", limits::CONDITION_BYTES);
            let found = self
                .sink
                .diagnostic(&codes::LIMIT_EXCEEDED, self.since(start), message)
                .with_help("move values into a list or a table, or split the rule");
            self.push(found);
        }
        if self.at(Kind::RightParen) {
            let found = self.sink.diagnostic(&codes::SYNTAX, self.token.span(), "this `)` closes nothing");
            self.push(found.with_help("remove it, or write the `(` that belongs to it"));
            return Err(Failed);
        }
        if condition.is_some()
            && !self.at_condition_end()
            && let Some(help) = self.end_help()
        {
            let found = self.unexpected("`and`, `or` or the end of the condition");
            self.push(found.with_help(help));
            return Err(Failed);
        }
        // A misread operand was reported; the condition is then not part of an intact tree.
        condition.ok_or(Failed)
    }

    fn any_of(&mut self) -> Read<Option<Expr>> {
        self.chain(Connective::Any, Self::all_of)
    }

    fn all_of(&mut self) -> Read<Option<Expr>> {
        self.chain(Connective::All, Self::negation)
    }

    fn take_connective(&mut self, connective: Connective) -> bool {
        let (sign, word) = match connective {
            Connective::Any => (Kind::OrOr, "or"),
            Connective::All => (Kind::AndAnd, "and"),
        };
        self.take(sign).is_some() || self.take_word(word).is_some()
    }

    /// Operands with one connective between them, flat. Operands that could not be read are left out.
    fn chain(
        &mut self,
        connective: Connective,
        mut operand: impl FnMut(&mut Self) -> Read<Option<Expr>>,
    ) -> Read<Option<Expr>> {
        let mut reads = Vec::new();
        let mut mixed = Vec::new();
        let unread = self.unread;
        loop {
            let read = operand(self)?;
            self.unread += usize::from(read.is_none());
            if let Some(read) = read {
                if matches!(read, Expr::All(_)) && self.group != Some(read.span()) {
                    mixed.push(read.span());
                }
                reads.push(read);
            }
            if !self.take_connective(connective) {
                break;
            }
        }
        let (Some(first), Some(last)) = (reads.first(), reads.last()) else { return Ok(None) };
        let span = first.span().to(last.span());
        if reads.len() == 1 {
            return Ok(reads.pop());
        }
        let mut operands = Vec::with_capacity(reads.len());
        for read in reads {
            match (connective, read) {
                (Connective::Any, Expr::Any(chain)) | (Connective::All, Expr::All(chain)) => {
                    operands.extend(chain.operands);
                }
                (_, read) => operands.push(read),
            }
        }
        if let (Connective::Any, Some(first)) = (connective, mixed.first()) {
            let edit = |at: u32, sign: &str| Edit { span: Span::at(at as usize), text: sign.to_owned() };
            let found = self
                .sink
                .diagnostic(&codes::MIXED_AND_OR, *first, "`and` and `or` are mixed without parentheses")
                .with_label("`and` binds tighter, so this is one operand of the `or`");
            let edits = mixed.iter().flat_map(|span| [edit(span.start, "("), edit(span.end, ")")]).collect();
            // Where an operand could not be read, nobody knows how far the others reach.
            let found = if self.unread == unread {
                found.with_edits(FixKind::Parentheses, "add the parentheses", edits)
            } else {
                found
            };
            self.warn(found);
        }
        let chain = Chain { operands, span };
        Ok(Some(match connective {
            Connective::Any => Expr::Any(chain),
            Connective::All => Expr::All(chain),
        }))
    }

    fn too_deep(&mut self) -> Failed {
        let message = format!("this condition is nested deeper than {} levels", limits::NESTING);
        let found = self
            .sink
            .diagnostic(&codes::LIMIT_EXCEEDED, self.token.span(), message)
            .with_help("give the inner parts names with `let`");
        self.push(found);
        Failed
    }

    /// `not not a`
    fn negation(&mut self) -> Read<Option<Expr>> {
        let mut starts = Vec::new();
        while self.at(Kind::Bang) || self.at_word("not") {
            if self.depth + starts.len() >= limits::NESTING {
                return Err(self.too_deep());
            }
            starts.push(self.bump().start);
        }
        self.depth += starts.len();
        let operand = self.primary()?;
        self.depth -= starts.len();
        Ok(operand.map(|operand| {
            starts.into_iter().rev().fold(operand, |operand, start| {
                let span = Span { start, end: operand.span().end };
                Expr::Not(Not { operand: Box::new(operand), span })
            })
        }))
    }

    /// A group or a predicate. After a predicate that cannot be read, goes on at the next connective.
    fn primary(&mut self) -> Read<Option<Expr>> {
        self.operands += 1;
        if self.operands > limits::CONDITION_NODES {
            let message = format!("more than {} operands in one condition", limits::CONDITION_NODES);
            let found = self.sink.diagnostic(&codes::LIMIT_EXCEEDED, self.token.span(), message);
            self.push(found.with_help("move values into a list or a table, or split the rule"));
            return Err(Failed);
        }
        if let Some(open) = self.take(Kind::LeftParen) {
            if self.depth >= limits::NESTING {
                return Err(self.too_deep());
            }
            self.depth += 1;
            let inner = self.any_of()?;
            self.depth -= 1;
            if !self.at(Kind::RightParen) {
                if self.at_condition_end() {
                    let found = self.sink.diagnostic(&codes::UNTERMINATED, open.span(), "this `(` is never closed");
                    self.push(found.with_help("write `)` where the group ends"));
                    return Err(Failed);
                }
                let found = self.unexpected("`and`, `or` or `)`").with_place(open.span(), "this parenthesis is open");
                let help = self.end_help().unwrap_or_else(|| "write `)` where the group ends".to_owned());
                self.push(found.with_help(help));
                return Err(Failed);
            }
            self.bump();
            let span = self.since(open.start);
            self.group = Some(span);
            return Ok(inner.map(|inner| match inner {
                Expr::Any(chain) => Expr::Any(Chain { span, ..chain }),
                Expr::All(chain) => Expr::All(Chain { span, ..chain }),
                other => other,
            }));
        }
        match self.predicate() {
            Ok(read) => Ok(Some(read)),
            Err(Failed) => {
                self.skip_to_connective();
                Ok(None)
            }
        }
    }

    fn at_condition_end(&self) -> bool {
        match self.token.kind {
            Kind::End | Kind::RightBrace => true,
            Kind::Word => self.at_entry_word() || self.at_attribute() || self.at_declaration(),
            _ => false,
        }
    }

    fn at_attribute(&self) -> bool {
        self.token.first && self.lexer.sign_after(self.token.end) == Some(b':')
    }

    fn skip_to_connective(&mut self) {
        let mut depth = 0usize;
        while !self.at_condition_end() {
            match self.token.kind {
                Kind::AndAnd | Kind::OrOr if depth == 0 => return,
                Kind::Word if depth == 0 && matches!(self.word(), Some("and" | "or")) => return,
                Kind::LeftParen | Kind::LeftBracket => depth += 1,
                Kind::RightParen if depth == 0 => return,
                Kind::RightParen | Kind::RightBracket => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.bump();
        }
    }

    fn predicate(&mut self) -> Read<Expr> {
        let start = self.token.start;
        let quantifier = match self.word() {
            Some("any") => Some(Spanned::new(Quantifier::Any, self.bump().span())),
            Some("all") => Some(Spanned::new(Quantifier::All, self.bump().span())),
            Some("exists") => return self.prefix_exists(),
            _ => None,
        };
        if let Some(quantifier) = &quantifier
            && self.at_word("of")
        {
            let word = self.text.get(quantifier.span.range()).unwrap_or("any").to_owned();
            let field = self.lexer.word_after(self.token.end).unwrap_or("field").to_owned();
            let found = self.unexpected("the name of a list field");
            self.push(found.with_help(format!(
                "`{word}` is written right before a list field: `{word} {field} == \"...\"`; selections of Sigma are `let` conditions, joined with `and` and `or`"
            )));
            return Err(Failed);
        }
        let left = self.operand("a field, a value or `(`")?;
        let Some(operator) = self.operator()? else {
            return match (left, quantifier) {
                (Operand::Reference(reference), None) if self.may_end_operand() => Ok(Expr::Reference(reference)),
                (left, _) => Err(self.missing_operator(&left)),
            };
        };
        let ignore_case = self.at(Kind::Tilde) && self.token.start == self.end;
        if ignore_case {
            self.bump();
        }
        if operator.value == Operator::Exists {
            let span = self.since(start);
            let predicate = Predicate { quantifier, left, operator, ignore_case, all_values: None, right: None, span };
            return Ok(Expr::Predicate(predicate));
        }
        let all_values = if operator.value.is_comparison() { None } else { self.value_quantifier() };
        let right = self.right(operator.value)?;
        if all_values.is_some() && matches!(right, Right::One(Operand::Literal(_))) {
            let found = self.sink.diagnostic(&codes::SYNTAX, right.span(), "`all` asks for a list of values");
            self.push(found.with_help("write the values in brackets, or leave `all` out"));
        }
        if operator.value.is_comparison() {
            self.refuse_chained(start)?;
        }
        let span = self.since(start);
        Ok(Expr::Predicate(Predicate { quantifier, left, operator, ignore_case, all_values, right: Some(right), span }))
    }

    /// `exists token`, as some languages have it.
    fn prefix_exists(&mut self) -> Read<Expr> {
        let word = self.bump();
        if self.at(Kind::LeftParen) {
            let field = self.lexer.word_after(self.token.start).unwrap_or("field").to_owned();
            let found = self.unexpected("a field");
            self.push(found.with_help(format!("`exists` is written behind the field: `{field} exists`")));
            return Err(Failed);
        }
        let left = self.operand("a field")?;
        let span = self.since(word.start);
        let field = self.text.get(left.span().range()).unwrap_or("");
        let found = self
            .sink
            .diagnostic(&codes::SYNTAX, span, "`exists` is written behind the field")
            .with_help(format!("write `{field} exists`"))
            .with_fix(FixKind::Sign, "put `exists` after the field", span, format!("{field} exists"));
        self.push(found);
        let operator = Spanned::new(Operator::Exists, word.span());
        let predicate =
            Predicate { quantifier: None, left, operator, ignore_case: false, all_values: None, right: None, span };
        Ok(Expr::Predicate(predicate))
    }

    /// `contains all [...]`; `any` is the default and may be said.
    fn value_quantifier(&mut self) -> Option<Span> {
        self.take_word("any").map_or_else(|| self.take_word("all").map(Token::span), |_| None)
    }

    /// Whether what follows can follow a complete operand.
    fn may_end_operand(&self) -> bool {
        match self.token.kind {
            Kind::RightParen | Kind::AndAnd | Kind::OrOr => true,
            Kind::Word if matches!(self.word(), Some("and" | "or")) => true,
            _ => self.at_condition_end(),
        }
    }

    fn missing_operator(&mut self, left: &Operand) -> Failed {
        if let Operand::Literal(value) = left {
            let shown = clip(self.text.get(value.span.range()).unwrap_or(""));
            let message = format!("the value {shown} alone is not a condition");
            let found = self.sink.diagnostic(&codes::SYNTAX, value.span, message);
            let help = match self.end_help() {
                _ if self.at_word("of") => {
                    "selections of Sigma are `let` conditions here: join their names with `and` or `or`".to_owned()
                }
                Some(help) if !self.may_end_operand() && self.token.start == self.end => help,
                _ => format!(
                    "compare a field with it, as in `field == {shown}`, or write all values as a list: `field in [\"a\", {shown}]`"
                ),
            };
            self.push(found.with_help(help));
            return Failed;
        }
        let found = self.unexpected("an operator");
        let mut found = self.behind(found);
        let word = self.text.get(left.span().range()).unwrap_or("");
        let lower = word.to_ascii_lowercase();
        let help = if ["not", "and", "or", "any", "all"].contains(&lower.as_str()) {
            found.span = left.span();
            found.message = format!("`{word}` is read as the name of a field");
            format!("words of the language are lower case: write `{lower}`")
        } else {
            self.operator_help(left)
        };
        self.push(found.with_help(help));
        Failed
    }

    /// The operator, if one follows.
    fn operator(&mut self) -> Read<Option<Spanned<Operator>>> {
        let operator = match self.token.kind {
            Kind::NotEqual => Operator::NotEqual,
            Kind::Less => Operator::Less,
            Kind::LessOrEqual => Operator::LessOrEqual,
            Kind::Greater => Operator::Greater,
            Kind::GreaterOrEqual => Operator::GreaterOrEqual,
            Kind::Assign if matches!(self.text.as_bytes().get(self.token.end as usize), Some(b'>' | b'<')) => {
                let first = self.bump();
                let sign = self.text_of(self.token).chars().next().unwrap_or('>');
                let (ours, operator) =
                    if sign == '>' { (">=", Operator::GreaterOrEqual) } else { ("<=", Operator::LessOrEqual) };
                let span = first.span().to(self.bump().span());
                let message = format!("`={sign}` is not an operator");
                let found = self.sink.diagnostic(&codes::SYNTAX, span, message).with_help(format!("write `{ours}`"));
                self.push(found);
                return Ok(Some(Spanned::new(operator, span)));
            }
            Kind::Equal if self.text.as_bytes().get(self.token.end as usize) == Some(&b'=') => {
                let span = self.bump().span().to(self.bump().span());
                let found = self.sink.diagnostic(&codes::SYNTAX, span, "`===` is not an operator");
                self.push(found.with_help("write `==`"));
                return Ok(Some(Spanned::new(Operator::Equal, span)));
            }
            Kind::Equal => Operator::Equal,
            Kind::Assign | Kind::AssignTilde => {
                let token = self.bump();
                let found = self
                    .sink
                    .diagnostic(&codes::SINGLE_EQUALS, token.span(), "a single `=` does not compare")
                    .with_help(if token.kind == Kind::Assign {
                        "compare with `==`, which has no wildcards, or with `like`"
                    } else {
                        "compare with `==~` to ignore case, or with `matches` if a regex is meant"
                    });
                self.push(found);
                return Ok(Some(Spanned::new(Operator::Equal, token.span())));
            }
            Kind::Unknown if self.text_of(self.token) == "<>" => {
                let token = self.token;
                let found = self.unexpected("an operator").with_help("write `!=`").with_fix(
                    FixKind::Sign,
                    "write `!=`",
                    token.span(),
                    "!=",
                );
                self.push(found);
                Operator::NotEqual
            }
            Kind::Word => match self.word().and_then(word_operator) {
                Some(operator) => operator,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(Spanned::new(operator, self.bump().span())))
    }

    /// `1 < x < 5`: reports it, and reads the rest of the chain.
    fn refuse_chained(&mut self, start: u32) -> Read<()> {
        let sign = self.token;
        let Some(second) = self.operator()? else { return Ok(()) };
        if !second.value.is_comparison() {
            let found = self.sink.diagnostic(&codes::SYNTAX, sign.span(), "a comparison cannot be compared again");
            self.push(found);
            return Err(Failed);
        }
        let read = self.right(second.value)?;
        let span = Span { start, end: read.span().end };
        let found = self
            .sink
            .diagnostic(&codes::CHAINED_COMPARISON, span, "comparisons cannot be chained")
            .with_label("two comparisons in one");
        self.push(found);
        Ok(())
    }

    fn right(&mut self, operator: Operator) -> Read<Right> {
        if self.at(Kind::LeftBracket) {
            let values = self.bracketed()?;
            if operator.is_comparison() {
                let found = self
                    .sink
                    .diagnostic(&codes::SYNTAX, values.span, format!("`{}` compares with one value", operator.as_str()))
                    .with_help("use `in` to compare with several");
                self.push(found);
            }
            return Ok(Right::Values(values));
        }
        if self.at(Kind::LeftParen) && !operator.is_comparison() {
            return self.values_in_parentheses().map(Right::Values);
        }
        if let Some(help) = self.value_help(operator) {
            let found = self.unexpected("a value");
            self.push(found.with_help(help));
            if self.at(Kind::LeftBrace) {
                self.skip_block();
            }
            return Err(Failed);
        }
        let operand = self.operand("a value")?;
        if operator == Operator::In && self.text_of(self.token) == "." && self.token.start == self.end {
            let found = self.sink.diagnostic(&codes::SYNTAX, operand.span(), "there are no ranges");
            self.push(found.with_help("write `field >= 1 and field <= 5`, with your field and numbers"));
            return Err(Failed);
        }
        if operator == Operator::In && matches!(operand, Operand::Literal(_)) {
            let found = self
                .sink
                .diagnostic(&codes::SYNTAX, operand.span(), "`in` asks for a list or a table")
                .with_help("write the value in brackets, or compare it with `==`");
            self.push(found);
        }
        Ok(Right::One(operand))
    }

    /// What to write where no value follows an operator, if that can be said.
    fn value_help(&self, operator: Operator) -> Option<String> {
        let sign = self.text_of(self.token);
        match self.token.kind {
            Kind::LeftBrace => Some("a list of values is in brackets: `[\"a\", \"b\"]`".to_owned()),
            Kind::Unknown if sign == "/" => {
                let rest = head(self.text.get(self.token.end as usize..).unwrap_or(""), advice::NEAR);
                let end = rest.find(['\n', '/']).unwrap_or(0);
                let regex = rest.get(..end).unwrap_or("");
                let mark = if regex.contains('\\') { "r" } else { "" };
                Some(format!("a regex is a string: {} {mark}\"{}\"", operator.as_str(), clip(regex)))
            }
            Kind::Unknown if sign == "*" => Some("`exists` asks for any value: write it behind the field".to_owned()),
            Kind::Tilde => Some(format!("`~` is written right behind its operator: `{}~`", operator.as_str())),
            _ => None,
        }
    }

    /// `in ("a", "b")`, as other languages have it.
    fn values_in_parentheses(&mut self) -> Read<Values> {
        let open = self.bump();
        let values = self.items(open, (Kind::RightParen, ")"), "list", Self::literal)?;
        let span = self.since(open.start);
        let edit = |at: u32, text: &str| Edit { span: Span { start: at, end: at + 1 }, text: text.to_owned() };
        let found = self
            .sink
            .diagnostic(&codes::SYNTAX, span, "a list of values is in brackets")
            .with_help("write `[` and `]`")
            .with_edits(
                FixKind::Sign,
                "write brackets",
                vec![edit(span.start, "["), edit(span.end.saturating_sub(1), "]")],
            );
        self.push(found);
        Ok(Values { values, bracketed: true, span })
    }

    fn operand(&mut self, what: &str) -> Read<Operand> {
        if self.at_literal() {
            return self.literal().map(Operand::Literal);
        }
        let reference = self.reference(what)?;
        if self.take(Kind::Ampersand).is_none() {
            return Ok(Operand::Reference(reference));
        }
        let mask = self.literal()?;
        let Literal::Int(bits) = mask.value else {
            let found = self.sink.diagnostic(&codes::SYNTAX, mask.span, "the bits after `&` are an integer");
            self.push(found);
            return Err(Failed);
        };
        Ok(Operand::Masked(Masked { field: reference, mask: Spanned::new(bits, mask.span) }))
    }

    fn reference(&mut self, what: &str) -> Read<Reference> {
        let token = self.token;
        let target = match token.kind {
            Kind::Position => {
                let digits = self.text_of(token).trim_start_matches('$');
                let position = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
                let Some(position) = position.filter(|position| *position > 0) else {
                    self.bump();
                    let found = self
                        .sink
                        .diagnostic(&codes::INVALID_NUMBER, token.span(), "this is not a position")
                        .with_help("a position is written `$21`, and the first is `$1`; the name of a field has no `$` before it");
                    self.push(found);
                    return Err(Failed);
                };
                ReferenceTarget::Position(position)
            }
            Kind::Word if !RESERVED.contains(&self.text_of(token)) => {
                ReferenceTarget::Name { name: self.text_of(token).to_owned(), quoted: false }
            }
            Kind::Quoted => {
                let name = self.text_of(token).trim_matches('`').to_owned();
                ReferenceTarget::Name { name, quoted: true }
            }
            Kind::Word if !self.at_condition_end() && word_operator(self.text_of(token)).is_some() => {
                let found = self.unexpected(what);
                let name = self.text_of(token).to_owned();
                self.push(found.with_help(format!("if it is the name of a field, write it as `{name}` in backticks")));
                return Err(Failed);
            }
            Kind::Word if matches!(self.text_of(token), "and" | "or") => {
                let found = self.unexpected(what);
                let word = self.text_of(token).to_owned();
                self.push(found.with_help(format!("remove `{word}`, or write a comparison before it")));
                return Err(Failed);
            }
            Kind::Unknown if self.text_of(token) == "." => {
                let name = self.lexer.word_after(token.end).unwrap_or("field").to_owned();
                let found = self.unexpected(what);
                self.push(found.with_help(format!("the name of a field has no `.` before it: write `{name}`")));
                return Err(Failed);
            }
            _ => return Err(self.expected(what)),
        };
        self.bump();
        Ok(Reference { target, span: token.span() })
    }
}

fn word_operator(word: &str) -> Option<Operator> {
    Operator::ALL.into_iter().find(|operator| !operator.is_comparison() && operator.as_str() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operator_words_are_reserved() {
        for operator in Operator::ALL.into_iter().filter(|operator| !operator.is_comparison()) {
            assert!(RESERVED.contains(&operator.as_str()), "{}", operator.as_str());
        }
    }
}
