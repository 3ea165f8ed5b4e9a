//! Values to tests of one scalar type, without any conversion.

use crate::native::ast::{Literal, Operator, Value};
use contentcheck_model::diagnostic::{Diagnostic, Sink, Unread, clip, codes};
use contentcheck_model::limits;
use contentcheck_model::predicate::Network;
use contentcheck_model::predicate::{Comparison, IntRange, Pattern, Regex, Test, TextPattern, WildcardPart};
use contentcheck_model::regex::{self, Flags, Path};
use contentcheck_model::slip::{self, Compared, Foreign, Several, Sought};
use contentcheck_model::source::Span;
use contentcheck_model::template::{FieldType, Scalar};
use contentcheck_model::wildcard;

/// A test, and whether the predicate holds where it fails.
pub(super) struct Made {
    pub(super) test: Test,
    pub(super) negated: bool,
}

/// How a predicate compares.
pub(super) struct Asked<'a> {
    pub(super) operator: Operator,
    /// Where the operator stands.
    pub(super) at: Span,
    pub(super) ignore_case: bool,
    pub(super) all: bool,
    /// What the left side is called.
    pub(super) name: &'a str,
    /// Whether any element of a list may pass.
    pub(super) of_element: bool,
}

/// The test of a value of type `ty` against constants. What is wrong is reported. Regular expressions take their
/// states from what is left of those of the file.
pub(super) fn test(
    asked: &Asked<'_>,
    ty: FieldType,
    values: &[Value],
    states: &mut usize,
    sink: &mut Sink,
) -> Result<Made, Unread> {
    use Operator::{Cidr, Contains, EndsWith, Equal, In, Like, Matches, NotEqual, StartsWith};
    let operator = asked.operator;
    let fits = match ty.scalar {
        Scalar::String => matches!(operator, Equal | NotEqual | In | Contains | StartsWith | EndsWith | Like | Matches),
        Scalar::Int => operator.is_comparison() || operator == In,
        Scalar::Float => operator.is_comparison(),
        Scalar::Bool => matches!(operator, Equal | NotEqual),
        Scalar::Ip => matches!(operator, Equal | NotEqual | In | Cidr),
        Scalar::Bytes => matches!(operator, Equal | NotEqual | In),
    };
    if !fits {
        return Err(refuse_operator(asked, ty, sink));
    }
    if asked.ignore_case && ty.scalar != Scalar::String {
        let message = format!("`~` ignores the case of strings; `{}` is of type `{ty}`", clip(asked.name));
        let found = sink.diagnostic(&codes::OPERATOR_TYPE, asked.at, message);
        return Err(sink.refuse(found.with_help(format!("write `{}` without `~`", operator.as_str()))));
    }
    if asked.all && ty.scalar != Scalar::String {
        let message = format!("no value of type `{ty}` is `{}` all of several", operator.as_str());
        let found = sink.diagnostic(&codes::OPERATOR_TYPE, asked.at, message);
        return Err(sink.refuse(found.with_help("leave `all` out: one of the values is enough")));
    }
    let negated = operator == NotEqual && !matches!(ty.scalar, Scalar::Int | Scalar::Float);
    let test = match ty.scalar {
        Scalar::String => strings(asked, ty, values, states, sink)?,
        Scalar::Int => {
            let numbers = gather(asked, ty, values, sink, |literal| match literal {
                Literal::Int(number) => Some(*number),
                _ => None,
            })?;
            Test::Int(numbers.into_iter().flat_map(|number| ranges(operator, number)).collect())
        }
        Scalar::Float => {
            let numbers = gather(asked, ty, values, sink, |literal| match literal {
                Literal::Float(number) => Some(*number),
                _ => None,
            })?;
            match (comparison(operator), numbers.as_slice()) {
                (Some(comparison), [number, ..]) => Test::Float(comparison, *number),
                _ => return Err(refuse_operator(asked, ty, sink)),
            }
        }
        Scalar::Bool => {
            let truths = gather(asked, ty, values, sink, |literal| match literal {
                Literal::Bool(truth) => Some(*truth),
                _ => None,
            })?;
            // An element that is not true is false: no negation is needed.
            let Some(truth) = truths.first().copied() else { return Err(refuse_operator(asked, ty, sink)) };
            return Ok(Made { test: Test::Bool(truth != negated), negated: false });
        }
        Scalar::Ip => networks(asked, ty, values, sink)?,
        Scalar::Bytes => Test::Bytes(gather(asked, ty, values, sink, |literal| match literal {
            Literal::Bytes(bytes) => Some(bytes.clone().into_boxed_slice()),
            _ => None,
        })?),
    };
    Ok(Made { test, negated })
}

fn refuse_operator(asked: &Asked<'_>, ty: FieldType, sink: &mut Sink) -> Unread {
    let message =
        format!("`{}` is not defined for `{}`, which is of type `{ty}`", asked.operator.as_str(), clip(asked.name));
    let operators = match ty.scalar {
        Scalar::String => "== != in contains starts_with ends_with like matches exists",
        Scalar::Int => "== != < <= > >= in & exists",
        Scalar::Float => "== != < <= > >= exists",
        Scalar::Bool => "== != exists",
        Scalar::Ip => "== != in cidr exists",
        Scalar::Bytes => "== != in exists",
    };
    let found = sink.diagnostic(&codes::OPERATOR_TYPE, asked.at, message);
    sink.refuse(found.with_help(format!("the operators of `{}` are {operators}", ty.scalar.as_str())))
}

/// The comparison that a sign stands for.
pub(super) const fn comparison(operator: Operator) -> Option<Comparison> {
    Some(match operator {
        Operator::Equal => Comparison::Equal,
        Operator::NotEqual => Comparison::NotEqual,
        Operator::Less => Comparison::Less,
        Operator::LessOrEqual => Comparison::LessOrEqual,
        Operator::Greater => Comparison::Greater,
        Operator::GreaterOrEqual => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// How literals of a type are written.
pub(super) const fn form(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::String => "write a string, in double quotes",
        Scalar::Int => "write an integer, without quotes and point",
        Scalar::Float => "write a number with a point, such as 1.0",
        Scalar::Bool => "write true or false, without quotes",
        Scalar::Ip => "write an address as a string, such as \"10.0.0.1\" or \"fd00::1\"",
        Scalar::Bytes => "write hex\"...\" with two digits for each byte",
    }
}

/// What a literal is, for messages.
pub(super) fn literal_kind(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => format!("the string `{}`", clip(text)),
        Literal::Int(number) => format!("the integer `{number}`"),
        Literal::Float(number) => format!("the float `{number}`"),
        Literal::Bool(truth) => format!("the boolean `{truth}`"),
        Literal::Bytes(_) => "a literal of bytes".to_owned(),
    }
}

/// Reads all literals, and reports each that is of another type.
fn gather<T>(
    asked: &Asked<'_>,
    ty: FieldType,
    values: &[Value],
    sink: &mut Sink,
    read: impl Fn(&Literal) -> Option<T>,
) -> Result<Vec<T>, Unread> {
    let mut good = Vec::with_capacity(values.len());
    let mut refused = None;
    for value in values {
        match read(&value.value) {
            Some(read) => good.push(read),
            None => {
                let found = wrong_type(asked, ty, value, sink);
                refused = Some(sink.refuse(found));
            }
        }
    }
    refused.map_or(Ok(good), Err)
}

fn wrong_type(asked: &Asked<'_>, ty: FieldType, value: &Value, sink: &Sink) -> Diagnostic {
    let kind = literal_kind(&value.value);
    let message = format!("`{}` is of type `{ty}`, and this is {kind}", clip(asked.name));
    let found = sink.diagnostic(&codes::VALUE_TYPE, value.span, message).with_help(form(ty.scalar));
    let written = match (&value.value, ty.scalar) {
        (Literal::Text(text), Scalar::Int) => text.parse::<i64>().ok().map(|number| number.to_string()),
        (Literal::Text(text), Scalar::Bool) => text.parse::<bool>().ok().map(|truth| truth.to_string()),
        (Literal::Text(text), Scalar::Bytes) => contentcheck_model::table::cell::hex_digits(text)
            .filter(|bytes| !bytes.is_empty())
            .map(|_| format!("hex\"{text}\"")),
        (Literal::Int(number), Scalar::Float) => Some(format!("{number}.0")),
        (Literal::Int(number), Scalar::String) => Some(format!("\"{number}\"")),
        _ => None,
    };
    match written {
        // The value may be one of a list that other predicates use as it is, so this is not for a machine.
        Some(written) => found.with_help(format!("write `{}`", clip(&written))),
        None => found,
    }
}

fn ranges(operator: Operator, number: i64) -> Vec<IntRange> {
    let below = number.checked_sub(1).map(|to| IntRange { from: i64::MIN, to });
    let above = number.checked_add(1).map(|from| IntRange { from, to: i64::MAX });
    let parts = match operator {
        Operator::NotEqual => [below, above],
        Operator::Less => [below, None],
        Operator::LessOrEqual => [Some(IntRange { from: i64::MIN, to: number }), None],
        Operator::Greater => [above, None],
        Operator::GreaterOrEqual => [Some(IntRange { from: number, to: i64::MAX }), None],
        _ => [Some(IntRange { from: number, to: number }), None],
    };
    parts.into_iter().flatten().collect()
}

fn networks(asked: &Asked<'_>, ty: FieldType, values: &[Value], sink: &mut Sink) -> Result<Test, Unread> {
    let texts = gather(asked, ty, values, sink, |literal| match literal {
        Literal::Text(text) => Some(text.clone()),
        _ => None,
    })?;
    let mut good = Vec::with_capacity(texts.len());
    let mut refused = None;
    for (text, value) in texts.iter().zip(values) {
        let read = if text.contains('/') && asked.operator != Operator::Cidr {
            Err("a network is compared by `cidr`".to_owned())
        } else {
            Network::parse(text)
        };
        match read {
            Ok(network) => good.push(network),
            Err(problem) => {
                let message = format!("`{}` is not an address or network: {problem}", clip(text));
                let found = sink.diagnostic(&codes::INVALID_VALUE, value.span, message);
                let help = "write \"10.1.2.3\" after `==` and `in`, \"10.0.0.0/8\" after `cidr`";
                refused = Some(sink.refuse(found.with_help(help)));
            }
        }
    }
    refused.map_or(Ok(Test::Cidr(good)), Err)
}

fn strings(
    asked: &Asked<'_>,
    ty: FieldType,
    values: &[Value],
    states: &mut usize,
    sink: &mut Sink,
) -> Result<Test, Unread> {
    let texts = gather(asked, ty, values, sink, |literal| match literal {
        Literal::Text(text) => Some(text.clone()),
        _ => None,
    })?;
    let ignore_case = asked.ignore_case || ty.nocase;
    let mut patterns = Vec::with_capacity(texts.len());
    let mut refused = None;
    for (text, value) in texts.iter().zip(values) {
        slipped(asked, text, value.span, sink);
        let pattern = match asked.operator {
            Operator::Matches => regex(asked, text, value.span, ignore_case, sink).and_then(|(pattern, needed)| {
                if limits::take(states, needed) { Ok(pattern) } else { Err(no_states(asked, sink)) }
            }),
            _ => pattern(asked, text, value.span, sink),
        };
        match pattern {
            Ok(pattern) => patterns.push(TextPattern { pattern, ignore_case }),
            // There is no room for those after it either, and one finding says so.
            Err(unread) if asked.operator == Operator::Matches && *states == 0 => return Err(unread),
            Err(unread) => refused = Some(unread),
        }
    }
    if asked.all && patterns.len() > 1 && matches!(asked.operator, Operator::In | Operator::Equal) {
        let found = sink.diagnostic(&codes::ALL_OF_EQUALS, asked.at, "no value equals several different ones");
        sink.push(found.with_help("leave `all` out, or use `contains all`"));
    }
    refused.map_or(Ok(Test::Text { patterns, all: asked.all }), Err)
}

/// Reports a value that looks like a slip. That of a list is told where the list is used.
fn slipped(asked: &Asked<'_>, value: &str, span: Span, sink: &mut Sink) {
    let compared = match asked.operator {
        // A regex has its own slips.
        Operator::Matches => return,
        Operator::Contains => Compared::Part,
        Operator::StartsWith => Compared::Start,
        Operator::EndsWith => Compared::End,
        _ => Compared::Whole,
    };
    let sought = Sought { text: value, compared, field: Some(asked.name), is_quoted: true };
    if foreign(asked, sought, span, sink) || spaced(asked.operator, value, span, sink) {
        return;
    }
    if let Some((mark, edge)) = sought.mark() {
        let message = format!("`{}` {edge} with `{mark}`, which is compared as a part of the value", clip(value));
        let found = sink.diagnostic(&codes::STRAY_CHARACTER, span, message);
        sink.push(found.with_help("remove it; if the value has it, accept this finding"));
    } else if let Some(several) = sought.several() {
        let name = clip(asked.name);
        let (what, help) = match several {
            Several::List => {
                ("several values", format!("write `{name} in [...]` with each value in quotes of its own"))
            }
            Several::Range => ("a range", format!("write the values one by one in `{name} in [...]`")),
        };
        let message = format!("`{}` looks like {what} and is compared as one string", clip(value));
        sink.push(sink.diagnostic(&codes::VALUES_IN_STRING, span, message).with_help(help));
    }
}

/// Reports a value that is written as a pattern of another operator. Says whether it is one.
fn foreign(asked: &Asked<'_>, sought: Sought<'_>, span: Span, sink: &mut Sink) -> bool {
    let value = sought.text;
    let operator = asked.operator.as_str();
    let name = clip(asked.name);
    let shown = clip(value);
    let inner = value.trim_matches('*');
    let raw =
        |text: &str| if text.contains('\\') { format!("r\"{}\"", clip(text)) } else { format!("\"{}\"", clip(text)) };
    let edges = (value.starts_with('*'), value.ends_with('*'));
    let regex = sought.foreign().map(|foreign| match foreign {
        Foreign::Bare => value.to_owned(),
        Foreign::Slashes(inner, flags) => {
            let inner = inner.replace("\\/", "/");
            if flags.contains('i') { format!("(?i){inner}") } else { inner }
        }
    });
    let help = match asked.operator {
        _ if inner.is_empty() => return false,
        Operator::Equal | Operator::NotEqual | Operator::In if let Some(regex) = &regex => {
            format!("`{operator}` compares the string itself: write `{name} matches {}`", raw(regex))
        }
        _ if let Some(regex) = &regex => {
            format!("only `matches` takes a regex: write `{name} matches {}`", raw(regex))
        }
        Operator::Equal | Operator::NotEqual | Operator::In if edges.0 || edges.1 => {
            format!("`{operator}` has no wildcards: write `{name} like {}`", raw(value))
        }
        Operator::Equal | Operator::NotEqual | Operator::In if value.contains('*') => {
            format!("`{operator}` has no wildcards: if `*` stands for any text, write `{name} like {}`", raw(value))
        }
        Operator::EndsWith if edges.0 => {
            format!("`{operator}` has no wildcards: write `{name} {operator} {}`", raw(value.trim_start_matches('*')))
        }
        Operator::StartsWith if edges.1 => {
            format!("`{operator}` has no wildcards: write `{name} {operator} {}`", raw(value.trim_end_matches('*')))
        }
        Operator::Contains if edges == (true, true) => {
            format!("`{operator}` has no wildcards: write `{name} {operator} {}`", raw(inner))
        }
        Operator::Like
            if value.len() > 2 && value.starts_with('%') && value.ends_with('%') && !value.contains(['*', '?']) =>
        {
            format!("the wildcards of `like` are `*` and `?`: write `{name} like {}`", raw(&value.replace('%', "*")))
        }
        _ => return false,
    };
    let message = format!("`{shown}` is a pattern that `{operator}` takes as it is written");
    let found = sink.diagnostic(&codes::FOREIGN_PATTERN, span, message);
    sink.push(found.with_help(help));
    true
}

/// A space at an edge that is compared: no event has it, or it is not seen by whoever reads the rule. Says whether there
/// is one.
fn spaced(operator: Operator, value: &str, span: Span, sink: &mut Sink) -> bool {
    let (first, last) = match operator {
        Operator::Equal | Operator::NotEqual | Operator::In => (true, true),
        Operator::StartsWith => (true, false),
        _ => return false,
    };
    let edge = if first && value.starts_with(' ') {
        "begins"
    } else if last && value.ends_with(' ') {
        "ends"
    } else {
        return false;
    };
    if !value.trim().is_empty() {
        let message = format!("`{}` {edge} with a space, which is compared", clip(value));
        let found = sink.diagnostic(&codes::STRAY_CHARACTER, span, message);
        sink.push(found.with_help("remove the space, or use `contains` if a part is meant"));
    }
    true
}

/// A regular expression, and how many states it may need.
fn regex(
    asked: &Asked<'_>,
    value: &str,
    span: Span,
    ignore_case: bool,
    sink: &mut Sink,
) -> Result<(Pattern, usize), Unread> {
    let flags = Flags { ignore_case, ..Flags::default() };
    match regex::inspect(value, flags) {
        Ok(states) => {
            if regex::matches_everything(value, flags) {
                everything(asked, span, format!("`{}` matches every string", clip(value)), sink);
            }
            if let Some(Path::Escape(from, to)) = regex::written_path(value) {
                let part = clip(value.get(from..to).unwrap_or(""));
                let message =
                    format!("`{part}` looks like a part of a path, and its backslash begins an escape of a regex");
                let found = sink.diagnostic(&codes::REGEX_PATH, span, message);
                sink.push(found.with_help("for a backslash, as in a path, write `\\\\` in a raw string"));
            }
            if let Some(repeated) = slip::wildcard_in_regex(value) {
                let (message, help) = slip::wildcard_words(value, repeated);
                sink.push(sink.diagnostic(&codes::FOREIGN_PATTERN, span, message).with_help(help));
            }
            if let Some((inner, _)) = regex::delimited(value) {
                let message = format!("the slashes and flags of `{}` are a part of the regex", clip(value));
                let found = sink.diagnostic(&codes::FOREIGN_PATTERN, span, message);
                sink.push(found.with_help(format!("write `{}`, and `nocase` for flags that ignore case", clip(inner))));
            }
            Ok((Pattern::Matches(Regex { pattern: value.into(), multi_line: false, dot_all: false }), states))
        }
        Err(problem) => {
            // Offsets inside the value hold where its text is in the source as it is.
            let written = sink.source().slice(span);
            let start = written.find(value).map(|at| span.start as usize + at);
            let at = match (start, problem.at) {
                (Some(start), Some((from, to))) => Span::new(start + from, start + to),
                _ => span,
            };
            let found = sink.diagnostic(problem.code, at, problem.message);
            Err(sink.refuse(found.with_help(problem.help)))
        }
    }
}

fn no_states(asked: &Asked<'_>, sink: &mut Sink) -> Unread {
    let most = limits::FILE_REGEX_STATES;
    let message = format!("the regexes of this file need more than {most} states together");
    let found = sink.diagnostic(&codes::REGEX_TOO_LARGE, asked.at, message);
    sink.refuse(found.with_help("split the file, or lower the counts of repeats"))
}

fn pattern(asked: &Asked<'_>, value: &str, span: Span, sink: &mut Sink) -> Result<Pattern, Unread> {
    let part = matches!(asked.operator, Operator::Contains | Operator::StartsWith | Operator::EndsWith);
    if part && value.is_empty() {
        let message = format!("every string {} the empty one", asked.operator.as_str().replace('_', " "));
        everything(asked, span, message, sink);
    }
    Ok(match asked.operator {
        Operator::Contains => Pattern::Contains(value.into()),
        Operator::StartsWith => Pattern::StartsWith(value.into()),
        Operator::EndsWith => Pattern::EndsWith(value.into()),
        Operator::Like => {
            let parts = wildcard::parts(value);
            let wildcards = parts.iter().filter(|part| !matches!(part, WildcardPart::Literal(_))).count();
            if wildcards > limits::PATTERN_WILDCARDS {
                let message =
                    format!("the pattern has {wildcards} wildcards; the limit is {}", limits::PATTERN_WILDCARDS);
                return Err(sink.unread(&codes::TOO_MANY_WILDCARDS, span, message));
            }
            if wildcard::matches_all(&parts) {
                everything(asked, span, "the pattern matches every string".to_owned(), sink);
            }
            wildcard::simplify(parts)
        }
        _ => Pattern::Equals(value.into()),
    })
}

/// Reports a value that every string matches.
fn everything(asked: &Asked<'_>, span: Span, message: String, sink: &mut Sink) {
    let name = clip(asked.name);
    let found = sink.diagnostic(&codes::WILDCARD_ONLY, span, message);
    sink.push(found.with_help(if asked.of_element {
        format!(
            "write what an element must be; where the list needs an element and no more, accept this finding: `{name} exists` holds on an empty list too"
        )
    } else {
        format!("write `{name} exists` to test that the field is there")
    }));
}
