//! Plain scalars: what readers of YAML 1.1 make of them, beside those of 1.2, which this one is.
//!
//! Most tools for Sigma read YAML with PyYAML, a reader of 1.1. Where both agree, a value is what they say it is; where
//! they do not, the rule is another one elsewhere.

use super::yaml::Scalar;

/// What a plain scalar is to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    Bool(bool),
    Int(Option<i128>),
    Float,
    Date,
    /// `<<`, which merges mappings.
    Merge,
    /// `=`, which names the value of a mapping that stands for a scalar.
    Default,
    Text,
}

impl Kind {
    fn words(self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => format!("the boolean {value}"),
            Self::Int(Some(value)) => format!("the number {value}"),
            Self::Int(None) | Self::Float => "a number".to_owned(),
            Self::Date => "a date".to_owned(),
            Self::Merge => "a merge key".to_owned(),
            Self::Default => "the key of a default value".to_owned(),
            Self::Text => "a string".to_owned(),
        }
    }
}

/// What readers of YAML 1.1 and of 1.2 take a plain scalar for, where they differ.
pub(crate) fn readings(text: &str, scalar: &Scalar<'_>) -> Option<(String, String)> {
    let new = match scalar {
        Scalar::Null => Kind::Null,
        Scalar::Bool(value) => Kind::Bool(*value),
        Scalar::Int(value) => Kind::Int(Some(i128::from(*value))),
        Scalar::HugeInt(_) => return None,
        Scalar::Float(_) => Kind::Float,
        Scalar::Text(_) => Kind::Text,
    };
    let old = yaml_1_1(text);
    (old != new).then(|| (old.words(), new.words()))
}

/// A plain scalar to a reader of YAML 1.1, which is PyYAML but for `y` and `n`: those are booleans to others.
fn yaml_1_1(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Kind::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Kind::Bool(false);
        }
        "<<" => return Kind::Merge,
        "=" => return Kind::Default,
        ".nan" | ".NaN" | ".NAN" => return Kind::Float,
        _ => {}
    }
    // No number and no date is longer, or begins in another way.
    if text.len() > 64 || !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) {
        return Kind::Text;
    }
    integer(text)
        .or_else(|| is_float(text).then_some(Kind::Float))
        .unwrap_or_else(|| if is_date(text) { Kind::Date } else { Kind::Text })
}

fn integer(text: &str) -> Option<Kind> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let signed = |value: Option<i128>| Kind::Int(value.map(|value| if negative { -value } else { value }));
    let radix = |digits: &str, radix: u32| {
        let fits = !digits.is_empty() && digits.chars().all(|digit| digit == '_' || digit.is_digit(radix));
        fits.then(|| signed(i128::from_str_radix(&digits.replace('_', ""), radix).ok()))
    };
    if let Some(digits) = unsigned.strip_prefix("0b") {
        return radix(digits, 2);
    }
    if let Some(digits) = unsigned.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if unsigned == "0" {
        return Some(signed(Some(0)));
    }
    if let Some(digits) = unsigned.strip_prefix('0') {
        return radix(digits, 8);
    }
    let mut parts = unsigned.split(':');
    let first = parts.next().unwrap_or("");
    if !first.starts_with(|digit: char| matches!(digit, '1'..='9')) {
        return None;
    }
    let Kind::Int(mut value) = radix(first, 10)? else { return None };
    for part in parts {
        if !is_sixtieth(part) {
            return None;
        }
        let part: i128 = part.parse().ok()?;
        value = value.and_then(|value| value.checked_mul(60)?.checked_add(if negative { -part } else { part }));
    }
    Some(Kind::Int(value))
}

/// `[0-5]?[0-9]`
fn is_sixtieth(part: &str) -> bool {
    let mut digits = part.bytes();
    matches!(
        (digits.next(), digits.next(), digits.next()),
        (Some(b'0'..=b'9'), None, _) | (Some(b'0'..=b'5'), Some(b'0'..=b'9'), None)
    )
}

fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let Some((whole, fraction)) = unsigned.split_once('.') else { return false };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or("");
    if whole.contains(':') {
        return starts_with_digit(first) && digits(first) && parts.all(is_sixtieth) && digits(fraction);
    }
    let (fraction, exponent) = match fraction.find(['e', 'E']) {
        None => (fraction, None),
        Some(at) => (fraction.get(..at).unwrap_or(""), fraction.get(at + 1..)),
    };
    let exponent = exponent.is_none_or(|exponent| {
        let number = exponent.strip_prefix(['-', '+']);
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let whole_is = if whole.is_empty() {
        // A sign does not come before a point here.
        unsigned.len() == text.len() && starts_with_digit(fraction)
    } else {
        starts_with_digit(whole) && digits(whole)
    };
    exponent && whole_is && digits(fraction)
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

/// `2024-01-31`, or with a time behind it.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let digits = |part: Option<&str>, least: usize, most: usize| {
        part.is_some_and(|part| (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (year, month, rest) = (parts.next(), parts.next(), parts.next().unwrap_or(""));
    if !digits(year, 4, 4) {
        return false;
    }
    let day = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (day, time) = rest.split_at_checked(day).unwrap_or(("", rest));
    if time.is_empty() {
        return digits(month, 2, 2) && digits(Some(day), 2, 2);
    }
    let time = time.strip_prefix(['T', 't', ' ', '\t']).map(|time| time.trim_start_matches([' ', '\t']));
    let Some(mut clock) = time.map(|time| time.splitn(3, ':')) else { return false };
    let (hour, minute, second) = (clock.next(), clock.next(), clock.next().unwrap_or(""));
    digits(month, 1, 2)
        && digits(Some(day), 1, 2)
        && digits(hour, 1, 2)
        && digits(minute, 2, 2)
        && digits(second.get(..2), 2, 2)
        && second
            .get(2..)
            .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() && next != 'Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What PyYAML 6.0 makes of these (and the specification of YAML 1.1 of `y` and `n`).
    #[test]
    fn readers_of_the_old_yaml_read_numbers_and_dates() {
        for (text, kind) in [
            ("0x1210", Kind::Int(Some(4624))),
            ("-0x1F", Kind::Int(Some(-31))),
            ("0x_1_F", Kind::Int(Some(31))),
            ("+3", Kind::Int(Some(3))),
            ("0", Kind::Int(Some(0))),
            ("-0", Kind::Int(Some(0))),
            ("1_000", Kind::Int(Some(1000))),
            ("0b11", Kind::Int(Some(3))),
            ("0o17", Kind::Text),
            ("010", Kind::Int(Some(8))),
            ("08", Kind::Text),
            ("10:30:00", Kind::Int(Some(37_800))),
            ("12:30", Kind::Int(Some(750))),
            ("-1:30", Kind::Int(Some(-90))),
            ("12:60", Kind::Text),
            ("00:30", Kind::Text),
            ("1:30.5", Kind::Float),
            ("1.5", Kind::Float),
            ("1.", Kind::Float),
            (".5", Kind::Float),
            ("-.5", Kind::Text),
            ("1e3", Kind::Text),
            ("1.5e3", Kind::Text),
            ("1.5e+3", Kind::Float),
            ("1_0.5", Kind::Float),
            ("10.0.0.1", Kind::Text),
            (".inf", Kind::Float),
            ("-.INF", Kind::Float),
            (".nan", Kind::Float),
            (".", Kind::Text),
            ("2024-01-01", Kind::Date),
            ("2024-1-1", Kind::Text),
            ("2024-01-01 10:00:00", Kind::Date),
            ("2024-1-1T1:00:00.5Z", Kind::Date),
            ("2024-01-01x", Kind::Text),
            ("yes", Kind::Bool(true)),
            ("Off", Kind::Bool(false)),
            ("y", Kind::Bool(true)),
            ("oN", Kind::Text),
            ("=", Kind::Default),
            ("-a", Kind::Text),
            ("+", Kind::Text),
            ("0x", Kind::Text),
            ("0xg", Kind::Text),
            ("4624, 4625", Kind::Text),
            ("4624-4634", Kind::Text),
        ] {
            assert_eq!(yaml_1_1(text), kind, "{text}");
        }
    }
}
