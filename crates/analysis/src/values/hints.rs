//! Values that are likely to pass, from what tests are written with.

use contentcheck_model::predicate::{Pattern, Test, TextPattern, TimePart, WildcardPart};
use contentcheck_model::table::Table;
use contentcheck_model::value::Value;

use super::{Ask, Values};
use crate::holds::text_of;

/// How many patterns, rows or networks of one test are tried.
const EACH: usize = 8;

/// The keys of a table.
pub(super) fn keys(table: &Table) -> impl Iterator<Item = &Value> {
    table.rows().iter().filter_map(|row| row.get(table.key())?.as_ref())
}

/// What a pattern is written with, without wildcards: a text that often passes. Empty for expressions.
pub(super) fn plain(pattern: &TextPattern) -> String {
    match &pattern.pattern {
        Pattern::Equals(text) | Pattern::Contains(text) | Pattern::StartsWith(text) | Pattern::EndsWith(text) => {
            text.to_string()
        }
        Pattern::Like(parts) => parts
            .iter()
            .map(|part| match part {
                WildcardPart::Literal(text) => text,
                WildcardPart::AnyOne => "x",
                WildcardPart::AnyRun => "",
            })
            .collect(),
        Pattern::Matches(_) => String::new(),
    }
}

/// Strings that tests which must hold suggest.
pub(super) fn texts(values: &Values, asks: &[Ask], candidates: &mut Vec<String>) {
    for (id, _) in asks.iter().filter(|(_, positive)| *positive) {
        match &*values.test(*id) {
            Test::Text { patterns, .. } => {
                for pattern in patterns.iter().take(EACH) {
                    let text = plain(pattern);
                    // The end of a path reads better with a beginning.
                    let open = matches!(pattern.pattern, Pattern::EndsWith(_) | Pattern::Contains(_))
                        || matches!(&pattern.pattern, Pattern::Like(parts) if parts.first() == Some(&WildcardPart::AnyRun));
                    if open && text.starts_with('\\') {
                        candidates.push(format!("C:{text}"));
                    }
                    candidates.push(text);
                }
            }
            Test::Int(ranges) => {
                let ranges = ranges.iter().take(EACH).map(|range| (range.from, range.to)).collect::<Vec<_>>();
                candidates.extend(crate::numbers::readable(&ranges).map(|number| number.to_string()));
            }
            Test::Float(_, constant) => {
                let around =
                    [*constant, constant.trunc() + 1.0, constant.trunc() - 1.0, constant + 0.5, constant - 0.5];
                candidates.extend(around.iter().filter(|float| float.is_finite()).map(|float| float.to_string()));
            }
            Test::Bool(truth) => candidates.push(truth.to_string()),
            Test::Cidr(networks) => {
                for network in networks.iter().take(EACH) {
                    candidates.push(network.address.to_string());
                }
            }
            Test::InTable(table) => candidates.extend(keys(table).take(EACH).filter_map(text_of)),
            Test::Time(part, ranges) => {
                for range in ranges.iter().take(EACH) {
                    let number = range.from;
                    candidates.push(match part {
                        TimePart::Year => format!("{number:04}-06-15T12:30:00Z"),
                        TimePart::Month => format!("2024-{number:02}-15T12:30:00Z"),
                        TimePart::Day => format!("2024-07-{number:02}T12:30:00Z"),
                        TimePart::Hour => format!("2024-06-15T{number:02}:30:00Z"),
                        TimePart::Minute => format!("2024-06-15T12:{number:02}:00Z"),
                        TimePart::Week => week(number),
                    });
                    candidates.extend(seconds(*part, number).map(|number| number.to_string()));
                }
            }
            _ => {}
        }
    }
}

/// A date in a week of a year that has 53 of them.
fn week(number: i64) -> String {
    // 2020-01-01 was a Wednesday, so it lies in the first week.
    let day = crate::holds::days_of(2020, 1, 1).saturating_add(number.saturating_sub(1).saturating_mul(7));
    let mut date = String::from("2020-01-01");
    'search: for month in 1..=12 {
        for day_of_month in 1..=31 {
            if crate::holds::days_of(2020, month, day_of_month) == day {
                date = format!("2020-{month:02}-{day_of_month:02}");
                break 'search;
            }
        }
    }
    date
}

/// Seconds since 1970 of a time with such a part.
fn seconds(part: TimePart, number: i64) -> Option<i64> {
    let at = |year: i64, month: i64, day: i64, hour: i64, minute: i64| {
        crate::holds::days_of(year, month, day)
            .checked_mul(86_400)?
            .checked_add(hour.checked_mul(3_600)?)?
            .checked_add(minute.checked_mul(60)?)
    };
    if !(0..=9999).contains(&number) {
        return None;
    }
    match part {
        TimePart::Year => at(number, 6, 15, 12, 30),
        TimePart::Month => at(2024, number.min(12), 15, 12, 30),
        TimePart::Day => at(2024, 7, number, 12, 30),
        TimePart::Hour => at(2024, 6, 15, number, 30),
        TimePart::Minute => at(2024, 6, 15, 12, number),
        TimePart::Week => at(2020, 1, 1, 0, 0)?.checked_add((number - 1).checked_mul(7 * 86_400)?),
    }
}
