//! What people write in a native file that other languages understand, and what it is called here.
//!
//! Words alone: what follows from them is help, and never what a file means.

use super::super::ast::Operand;
use super::super::lexer::Kind;
use super::{Parser, RESERVED};
use contentcheck_model::diagnostic::{clip, closest, head, tail};

/// How many bytes around a mistake are looked at for what a message says of it.
pub(super) const NEAR: usize = 300;

/// What other languages call our operators.
const OPERATORS: &[(&str, &str)] = &[
    ("startswith", "starts_with"),
    ("starts", "starts_with"),
    ("beginswith", "starts_with"),
    ("begins", "starts_with"),
    ("prefix", "starts_with"),
    ("endswith", "ends_with"),
    ("ends", "ends_with"),
    ("suffix", "ends_with"),
    ("has", "contains"),
    ("includes", "contains"),
    ("include", "contains"),
    ("substring", "contains"),
    ("contains_any", "contains"),
    ("icontains", "contains~"),
    ("regex", "matches"),
    ("re", "matches"),
    ("regexp", "matches"),
    ("rlike", "matches"),
    ("match", "matches"),
    ("glob", "like"),
    ("wildcard", "like"),
    ("ilike", "like~"),
    ("eq", "=="),
    ("is", "=="),
    ("equals", "=="),
    ("equal", "=="),
    ("ne", "!="),
    ("isnot", "!="),
    ("lt", "<"),
    ("gt", ">"),
    ("lte", "<="),
    ("gte", ">="),
    ("subnet", "cidr"),
    ("cidrmatch", "cidr"),
];

/// Our operator for one of another language, or for one that is spelt otherwise.
pub(super) fn operator(word: &str) -> Option<&'static str> {
    let bare: String = word.chars().filter(|sign| *sign != '_').collect();
    let known = |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case(word) || name.eq_ignore_ascii_case(&bare);
    OPERATORS.iter().find(known).map(|(_, ours)| *ours)
}

/// Words that stand for no value in other languages.
pub(in crate::native) fn is_null(word: &str) -> bool {
    ["null", "none", "nil", "undefined", "missing"].iter().any(|null| null.eq_ignore_ascii_case(word))
}

/// What to write at the top of a file instead of a word that begins no declaration.
pub(super) fn declaration(word: &str, followed: Option<u8>) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "title" | "id" | "logsource" | "detection" | "status" if followed == Some(b':') => {
            "if this is a Sigma rule, its file ends in `.yml`"
        }
        "def" | "fn" | "func" | "function" | "detection" | "signature" | "private" | "global" => {
            "a rule begins with `rule` and its name"
        }
        "type" | "struct" | "schema" | "event" | "class" => {
            "a template type begins with `template`, its name and `@ 1`"
        }
        "let" | "var" | "const" | "set" | "define" => {
            "`let` is written inside of a rule; values for all rules of the file are a list: `list name = [\"...\"]`"
        }
        "import" | "include" | "use" | "require" => {
            "nothing is imported: the files of a release share their template types, and each declares its lists and tables"
        }
        _ => return None,
    })
}

/// What to write in a rule instead of a word that begins none of its entries.
pub(super) fn entry(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "where" | "if" | "condition" | "match" | "filter" | "search" | "detect" => "the condition follows `when`",
        "var" | "const" | "set" | "define" => "a name for a condition or a list is given with `let`",
        "strings" | "meta" | "events" | "outcome" => {
            "the condition of a rule follows `when`; its attributes are in no block"
        }
        "case" | "example" | "expect" => "a test begins with `test fires` or `test silent`",
        _ => return None,
    })
}

impl Parser<'_> {
    /// The text at which the parser stands, joined with what follows without a space: `C:\Windows`, `10.0.0.1`.
    pub(super) fn joined(&self, from: u32) -> &str {
        let rest = head(self.text.get(from as usize..).unwrap_or(""), NEAR);
        let end = rest.find([' ', '\n', '\r', '\t', ')', ']', ',']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or("")
    }

    /// What to write where an operator is missing behind `left`.
    pub(super) fn operator_help(&self, left: &Operand) -> String {
        let field = clip(self.text.get(left.span().range()).unwrap_or(""));
        let sign = self.text_of(self.token);
        let next = self.lexer.word_after(self.token.end);
        match self.token.kind {
            Kind::Colon => format!("compare with `==`, or with `==~` to ignore case: `{field} == ...`"),
            Kind::Bang => format!("write `!=`, or `not` before the field: `not {field} matches r\"...\"`"),
            Kind::LeftParen => {
                let (head, tail) = field.rsplit_once('.').unwrap_or((&field, ""));
                let word = if tail.is_empty() { head } else { tail };
                let subject =
                    if tail.is_empty() { next.filter(|next| !next.is_empty()).unwrap_or("field") } else { head };
                let ours = operator(word).or_else(|| closest(word, ["contains", "matches", "like", "cidr"]));
                match ours {
                    _ if word.eq_ignore_ascii_case("exists") => format!("write `{subject} exists`"),
                    Some(ours) => format!("there are no functions: write `{subject} {ours} \"...\"`"),
                    None if ["lower", "upper", "lcase", "ucase", "tolower", "toupper", "lowercase"].contains(&word) => {
                        format!("there are no functions: `==~` ignores case, as in `{subject} ==~ \"...\"`")
                    }
                    None => format!(
                        "there are no functions such as `{word}`: a condition compares fields with values, as in `{subject} == \"...\"`"
                    ),
                }
            }
            Kind::RightParen if matches!(left, Operand::Masked(_)) => {
                format!("compare the bits within the parentheses, or without them: `{field} != 0`")
            }
            Kind::Unknown if sign == "|" => {
                match next.and_then(|word| operator(word).or_else(|| closest(word, ["contains", "cidr"]))) {
                    Some(ours) => format!("modifiers of Sigma are operators here: write `{field} {ours} \"...\"`"),
                    None => "write `or` between two comparisons".to_owned(),
                }
            }
            Kind::Unknown if ["+", "-", "*", "/", "%", "^"].contains(&sign) => {
                "conditions do not calculate: compare the field with the value itself".to_owned()
            }
            Kind::Unknown if sign == ";" => "remove it: an entry ends with its line".to_owned(),
            _ if matches!(left, Operand::Masked(_)) => format!("compare the bits: `{field} != 0`"),
            Kind::Word => self.word_help(&field, sign),
            _ => "the operators are == != < <= > >= in contains starts_with ends_with like matches cidr exists"
                .to_owned(),
        }
    }

    fn word_help(&self, field: &str, word: &str) -> String {
        let next = self.lexer.word_after(self.token.end);
        let is_negated = next.is_some_and(|next| next.eq_ignore_ascii_case("not"));
        match word.to_ascii_lowercase().as_str() {
            "is" if next.is_some_and(is_null) => format!("an absent field is asked for with `not {field} exists`"),
            "is" if is_negated => format!("write `{field} != ...`, or `{field} exists` for a field that is there"),
            "not" | "notin" | "not_in" => {
                let rest = next.filter(|next| RESERVED.contains(next)).unwrap_or("in");
                format!("`not` is written before the field: `not {field} {rest} ...`")
            }
            "between" => format!("write `{field} >= 1 and {field} <= 5`, with your numbers"),
            _ => {
                let foreign = operator(word);
                let near = foreign.or_else(|| {
                    closest(word, super::super::ast::Operator::ALL.map(super::super::ast::Operator::as_str))
                });
                // What a word of another language means there is not quite what ours means.
                match near.or_else(|| closest(word, ["and", "or"])) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        "the operators are == != < <= > >= in contains starts_with ends_with like matches cidr exists"
                            .to_owned()
                    }
                }
            }
        }
    }

    /// What to write where a condition ends and something follows that begins no entry.
    pub(super) fn end_help(&self) -> Option<String> {
        let sign = self.text_of(self.token);
        let next = self.lexer.word_after(self.token.end);
        let adjacent = self.token.start == self.end;
        Some(match self.token.kind {
            Kind::Comma => "join comparisons with `and` or `or`".to_owned(),
            Kind::Ampersand => "write `and`".to_owned(),
            Kind::Question => "a condition is true or false by itself: remove what follows".to_owned(),
            Kind::Tilde => "write `~` right behind the operator, as in `==~`".to_owned(),
            Kind::Unknown if sign == ";" => "remove it: an entry ends with its line".to_owned(),
            Kind::Unknown if sign == "|" => "write `or`".to_owned(),
            Kind::Unknown if sign == "/" || sign == "-" => "a comment begins with `#`".to_owned(),
            Kind::Colon | Kind::Unknown if adjacent => {
                let before = tail(self.text.get(..self.end as usize).unwrap_or(""), NEAR);
                let start = self.end as usize - before.len() + before.rfind([' ', '\n', '(', '['])?;
                let whole = self.joined(u32::try_from(start + 1).ok()?);
                let mark = if whole.contains('\\') { "r" } else { "" };
                format!("a string is written in double quotes: {mark}\"{}\"", clip(whole))
            }
            Kind::Text | Kind::Raw | Kind::Int | Kind::Float | Kind::Hex => {
                "several values are written as a list: `in [\"a\", \"b\"]`".to_owned()
            }
            Kind::Word if self.token.first => return None,
            Kind::Word => match sign.to_ascii_lowercase().as_str() {
                "nocase" | "i" | "ignorecase" => {
                    "to ignore case write `~` right behind the operator, as in `==~`".to_owned()
                }
                "and" | "or" | "not" => format!("write `{}`", sign.to_ascii_lowercase()),
                // Removed, it would make any of all.
                "all" | "any" => format!("write it before the list: `contains {} [...]`", sign.to_ascii_lowercase()),
                "then" => "remove what follows: a rule says when it matches, and no more".to_owned(),
                "xor" => "write `(a or b) and not (a and b)`".to_owned(),
                _ if next.is_some() || operator(sign).is_some() => "join comparisons with `and` or `or`".to_owned(),
                _ => "remove it, or join comparisons with `and` or `or`".to_owned(),
            },
            _ => return None,
        })
    }
}
