//! The modifiers of Sigma 2.1 and which of them go together.

use super::advice;
use super::names::NAMES;
use contentcheck_model::diagnostic::{Sink, Unread, clip, closest, codes};
use contentcheck_model::predicate::{Comparison, TimePart};
use contentcheck_model::regex::Flags;
use contentcheck_model::source::Span;

/// What part of the text a value is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    #[default]
    Whole,
    Contains,
    StartsWith,
    EndsWith,
}

/// A change of the value's text before it is compared, in the order written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Encoding {
    Windash,
    Utf16Le,
    Utf16Be,
    Utf16,
    Base64,
    Base64Offset,
}

/// The comparison that the modifiers ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Strings with wildcards, numbers, booleans, null: by the value.
    #[default]
    Plain,
    Regex,
    Cidr,
    Order(Comparison),
    Exists,
    FieldRef,
    Time(TimePart),
}

/// The parsed modifiers of one detection item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modifiers {
    pub(crate) kind: Kind,
    pub(crate) part: Part,
    pub(crate) all: bool,
    pub(crate) cased: bool,
    pub(crate) not_equal: bool,
    pub(crate) expand: bool,
    pub(crate) encodings: Vec<Encoding>,
    pub(crate) ignore_case: bool,
    pub(crate) multi_line: bool,
    pub(crate) dot_all: bool,
    /// Where the modifiers stand, for findings.
    pub(crate) span: Span,
}

impl Modifiers {
    /// The flags that stand beside a regex.
    pub(crate) const fn flags(&self) -> Flags {
        Flags { ignore_case: self.ignore_case, multi_line: self.multi_line, dot_all: self.dot_all }
    }

    /// A modifier of these that takes nothing but strings.
    pub(crate) fn of_string(&self) -> Option<&'static str> {
        if self.kind != Kind::Plain {
            return None;
        }
        // The last one has one name: UTF-16, of which one has two, comes before base64.
        let encoding = self.encodings.last().map(|encoding| match encoding {
            Encoding::Windash => "windash",
            Encoding::Utf16Le => "wide",
            Encoding::Utf16Be => "utf16be",
            Encoding::Utf16 => "utf16",
            Encoding::Base64 => "base64",
            Encoding::Base64Offset => "base64offset",
        });
        let part = match self.part {
            Part::Whole => None,
            Part::Contains => Some("contains"),
            Part::StartsWith => Some("startswith"),
            Part::EndsWith => Some("endswith"),
        };
        let others = [(self.cased, "cased"), (self.expand, "expand")];
        encoding.or(part).or_else(|| others.into_iter().find(|(is_there, _)| *is_there).map(|(_, name)| name))
    }
}

/// Reads the part of a key after the field name. `base` is the offset of `written` in the
/// source; where the key was quoted with escapes, `exact` is false and findings point at `whole`.
pub(crate) fn parse(written: &str, base: Option<usize>, whole: Span, sink: &mut Sink) -> Result<Modifiers, Unread> {
    let mut modifiers = Modifiers { span: whole, ..Modifiers::default() };
    let mut kinds: Vec<&str> = Vec::new();
    let mut parts: Vec<&str> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let mut offset = 0;
    let mut refused: Option<Unread> = None;
    for name in written.split('|') {
        let span = base.map_or(whole, |base| Span::new(base + offset, base + offset + name.len()));
        offset += name.len() + 1;
        if seen.contains(&name) {
            let message = format!("the modifier `{}` appears twice", clip(name));
            refused = Some(sink.unread(&codes::INCOMPATIBLE_MODIFIERS, span, message));
            continue;
        }
        seen.push(name);
        let mut kind = |kind: Kind| {
            kinds.push(name);
            modifiers.kind = kind;
        };
        match name {
            "contains" => (parts.push(name), modifiers.part = Part::Contains).1,
            "startswith" => (parts.push(name), modifiers.part = Part::StartsWith).1,
            "endswith" => (parts.push(name), modifiers.part = Part::EndsWith).1,
            "all" => modifiers.all = true,
            "cased" => modifiers.cased = true,
            "neq" => modifiers.not_equal = true,
            "expand" => modifiers.expand = true,
            "windash" => modifiers.encodings.push(Encoding::Windash),
            "wide" | "utf16le" => modifiers.encodings.push(Encoding::Utf16Le),
            "utf16be" => modifiers.encodings.push(Encoding::Utf16Be),
            "utf16" => modifiers.encodings.push(Encoding::Utf16),
            "base64" => modifiers.encodings.push(Encoding::Base64),
            "base64offset" => modifiers.encodings.push(Encoding::Base64Offset),
            "re" => kind(Kind::Regex),
            "i" => modifiers.ignore_case = true,
            "m" => modifiers.multi_line = true,
            "s" => modifiers.dot_all = true,
            "cidr" => kind(Kind::Cidr),
            "lt" => kind(Kind::Order(Comparison::Less)),
            "lte" => kind(Kind::Order(Comparison::LessOrEqual)),
            "gt" => kind(Kind::Order(Comparison::Greater)),
            "gte" => kind(Kind::Order(Comparison::GreaterOrEqual)),
            "exists" => kind(Kind::Exists),
            "fieldref" => kind(Kind::FieldRef),
            "minute" => kind(Kind::Time(TimePart::Minute)),
            "hour" => kind(Kind::Time(TimePart::Hour)),
            "day" => kind(Kind::Time(TimePart::Day)),
            "week" => kind(Kind::Time(TimePart::Week)),
            "month" => kind(Kind::Time(TimePart::Month)),
            "year" => kind(Kind::Time(TimePart::Year)),
            _ => {
                let lower = name.to_ascii_lowercase();
                let mut found = sink.diagnostic(
                    &codes::UNKNOWN_MODIFIER,
                    span,
                    format!("`{}` is not a modifier of Sigma 2.1", clip(name)),
                );
                found = match (advice::modifier(name), closest(&lower, NAMES.iter().copied())) {
                    (Some(help), _) => found.with_help(help),
                    (None, Some(near)) => found.with_help(format!("did you mean `{near}`?")),
                    (None, None) => found.with_help(format!("the modifiers are {}", NAMES.join(", "))),
                };
                refused = Some(sink.refuse(found));
            }
        }
    }
    let sub = ["i", "m", "s"].into_iter().find(|name| seen.contains(name));
    let encoded = !modifiers.encodings.is_empty();
    let base64 = modifiers.encodings.iter().any(|step| matches!(step, Encoding::Base64 | Encoding::Base64Offset));
    let wide =
        modifiers.encodings.iter().any(|step| matches!(step, Encoding::Utf16Le | Encoding::Utf16Be | Encoding::Utf16));
    let plain = kinds.is_empty();
    let problem = if let [first, second, ..] = kinds.as_slice() {
        Some(format!("`{first}` and `{second}` ask for different comparisons"))
    } else if let [first, second, ..] = parts.as_slice() {
        Some(format!("`{first}` and `{second}` cannot both hold for one value"))
    } else if let (Some(sub), true) = (sub, modifiers.kind != Kind::Regex) {
        Some(format!("`{sub}` is a sub-modifier of `re`, which is not there"))
    } else if let (Some(kind), Some(part)) = (kinds.first(), parts.first().filter(|_| modifiers.kind != Kind::FieldRef))
    {
        Some(format!("`{kind}` and `{part}` are two comparisons"))
    } else if let (Some(kind), true) = (kinds.first(), encoded) {
        Some(format!("`{kind}` cannot compare an encoded value"))
    } else if let (Some(kind), true) =
        (kinds.first().filter(|_| !matches!(modifiers.kind, Kind::Regex | Kind::FieldRef)), modifiers.cased)
    {
        Some(format!("`{kind}` has no case, so `cased` has no meaning beside it"))
    } else if modifiers.cased && modifiers.ignore_case {
        Some("`cased` and `i` contradict each other".to_owned())
    } else if modifiers.kind == Kind::Exists && (modifiers.all || modifiers.expand || modifiers.not_equal) {
        Some("`exists` takes one boolean and no other modifier".to_owned())
    } else if wide && !base64 {
        Some(
            "a UTF-16 value holds NUL bytes that no string field has; follow it with `base64` or `base64offset`"
                .to_owned(),
        )
    } else if misordered(&modifiers.encodings) {
        Some("the encodings stand in an order without meaning; write `windash`, then UTF-16, then base64".to_owned())
    } else if modifiers.not_equal && !plain && !matches!(modifiers.kind, Kind::FieldRef | Kind::Regex | Kind::Cidr) {
        Some("`neq` does not go with an ordering".to_owned())
    } else {
        None
    };
    if let Some(message) = problem {
        let found = sink.diagnostic(&codes::INCOMPATIBLE_MODIFIERS, whole, message);
        refused = Some(sink.refuse(found.with_help(advice::together(&seen))));
    }
    if refused.is_none()
        && let Some((first, second)) = unportable(&seen)
    {
        let message = format!("`{first}` stands before `{second}`; readers such as pySigma refuse that");
        let help = if is_refused(second, first) {
            format!("remove `{}`", if second == "cased" { second } else { first })
        } else {
            format!("write `{second}` before `{first}`")
        };
        sink.push(sink.diagnostic(&codes::OTHER_SIGMA, whole, message).with_help(help));
    }
    refused.map_or(Ok(modifiers), Err)
}

/// Two modifiers that other readers refuse in the order in which they stand.
fn unportable<'m>(seen: &[&'m str]) -> Option<(&'m str, &'m str)> {
    let pairs =
        seen.iter().enumerate().flat_map(|(at, first)| seen.iter().skip(at + 1).map(move |second| (*first, *second)));
    pairs.into_iter().find(|(first, second)| is_refused(first, second))
}

/// Whether pySigma refuses the one modifier before the other: it applies each to what those before it left. Held to pySigma 2.0.1.
fn is_refused(first: &str, second: &str) -> bool {
    match first {
        "contains" | "startswith" | "endswith" => matches!(second, "base64" | "base64offset" | "fieldref"),
        "all" | "expand" | "neq" => matches!(second, "re" | "cidr"),
        "cased" | "i" | "m" | "s" => second == "re",
        "re" | "fieldref" => second == "cased",
        _ => false,
    }
}

/// Encodings must rise: dashes, then UTF-16, then base64, one of each.
fn misordered(encodings: &[Encoding]) -> bool {
    let rank = |step: &Encoding| match step {
        Encoding::Windash => 0,
        Encoding::Utf16Le | Encoding::Utf16Be | Encoding::Utf16 => 1,
        Encoding::Base64 | Encoding::Base64Offset => 2,
    };
    encodings.windows(2).any(|pair| matches!(pair, [first, second] if rank(first) >= rank(second)))
}

#[cfg(test)]
mod tests {
    use contentcheck_model::source::Source;

    use super::*;

    #[test]
    fn modifiers_that_others_refuse_in_their_order_are_told() {
        let told = |written: &str| {
            let mut sink = Sink::new(&Source::new("c", written));
            let is_read = parse(written, Some(0), Span::default(), &mut sink).is_ok();
            let help = sink.finish().into_iter().find(|found| found.code.id == "CC0149");
            (is_read, help.and_then(|found| found.help.map(|help| help.to_string())))
        };
        for (written, help) in [
            ("base64|contains", None),
            ("contains|base64", Some("write `base64` before `contains`")),
            ("windash|contains|all", None),
            ("contains|windash|all", None),
            ("startswith|fieldref", Some("write `fieldref` before `startswith`")),
            ("fieldref|startswith", None),
            ("re|i|m|s", None),
            ("i|re", Some("write `re` before `i`")),
            ("re|all", None),
            ("all|re", Some("write `re` before `all`")),
            ("cidr|neq", None),
            ("neq|cidr", Some("write `cidr` before `neq`")),
            ("re|cased", Some("remove `cased`")),
            ("cased|re", Some("remove `cased`")),
            ("cased|fieldref", None),
            ("fieldref|cased", Some("write `cased` before `fieldref`")),
            ("cased|all|contains", None),
        ] {
            assert_eq!(told(written), (true, help.map(str::to_owned)), "{written}");
        }
        // What is refused anyway says so alone.
        assert_eq!(told("contains|re"), (false, None));
    }
}
