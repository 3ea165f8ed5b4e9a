//! Parts of a time. Days are counted year by year and month by month: slow, and plain to see.

use contentcheck_model::predicate::TimePart;
use contentcheck_model::value::Value;

/// A date and, where there is one, a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    clock: Option<(i64, i64)>,
}

/// A part of the time that a value tells. `None` where it tells none.
pub(crate) fn part(value: &Value, part: TimePart) -> Option<i64> {
    let moment = match value {
        Value::String(text) => of_text(text)?,
        Value::Int(seconds) => of_seconds(*seconds)?,
        Value::Float(_) | Value::Bool(_) | Value::Ip(_) | Value::Bytes(_) | Value::List(_) => return None,
    };
    match part {
        TimePart::Minute => moment.clock.map(|(_, minute)| minute),
        TimePart::Hour => moment.clock.map(|(hour, _)| hour),
        TimePart::Day => Some(moment.day),
        TimePart::Week => Some(week(&moment)),
        TimePart::Month => Some(moment.month),
        TimePart::Year => Some(moment.year),
    }
}

/// The digits of `text` from `from` to `to` as a number, all of which must be digits.
fn digits(text: &str, from: usize, to: usize) -> Option<i64> {
    let part = text.get(from..to)?;
    if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None }
}

/// TIME-1, TIME-2, TIME-3
fn of_text(text: &str) -> Option<Moment> {
    let (year, month, day) = (digits(text, 0, 4)?, digits(text, 5, 7)?, digits(text, 8, 10)?);
    if text.get(4..5) != Some("-") || text.get(7..8) != Some("-") {
        return None;
    }
    if year < 1 || !(1..=12).contains(&month) || !(1..=days_of_month(year, month)).contains(&day) {
        return None;
    }
    let clock = || {
        let separated = matches!(text.get(10..11), Some("T" | "t" | " ")) && text.get(13..14) == Some(":");
        let (hour, minute) = (digits(text, 11, 13)?, digits(text, 14, 16)?);
        (separated && hour < 24 && minute < 60).then_some((hour, minute))
    };
    Some(Moment { year, month, day, clock: clock() })
}

/// TIME-4
fn of_seconds(seconds: i64) -> Option<Moment> {
    const DAY: i64 = 86_400;
    let (mut days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    if days < day_number(1, 1, 1) || days > day_number(9999, 12, 31) {
        return None;
    }
    days -= day_number(1, 1, 1);
    let mut year = 1;
    // Four hundred years have the same number of days wherever they begin.
    const CYCLE: i64 = 146_097;
    year += 400 * (days / CYCLE);
    days %= CYCLE;
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= days_of_month(year, month) {
        days -= days_of_month(year, month);
        month += 1;
    }
    Some(Moment { year, month, day: days + 1, clock: Some((second / 3_600, second / 60 % 60)) })
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_of_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 => days_of_year(year) - 337,
        _ => 31,
    }
}

/// Days since 1970-01-01.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    // Days from 0001-01-01 to the first of the year: each year 365, and a day for each leap year before it.
    let before = year - 1;
    let to_year = before * 365 + before / 4 - before / 100 + before / 400;
    let to_month: i64 = (1..month).map(|month| days_of_month(year, month)).sum();
    // 719,162 days lie between 0001-01-01 and 1970-01-01.
    to_year + to_month + day - 1 - 719_162
}

/// TIME-5: the week by ISO 8601. Weeks begin on Monday; the week belongs to the year of its Thursday.
fn week(moment: &Moment) -> i64 {
    let day_of_year = day_number(moment.year, moment.month, moment.day) - day_number(moment.year, 1, 1) + 1;
    // 1970-01-01 was a Thursday, the fourth day.
    let weekday = (day_number(moment.year, moment.month, moment.day) + 3).rem_euclid(7) + 1;
    let week = (day_of_year - weekday + 10) / 7;
    if week < 1 {
        weeks_of_year(moment.year - 1)
    } else if week > weeks_of_year(moment.year) {
        1
    } else {
        week
    }
}

/// A year has 53 weeks if it begins on a Thursday, or on a Wednesday and is a leap year.
fn weeks_of_year(year: i64) -> i64 {
    // The year before the first is one of the cycle of 400 too.
    let year = if year < 1 { year + 400 } else { year };
    let first = (day_number(year, 1, 1) + 3).rem_euclid(7) + 1;
    if first == 4 || (first == 3 && is_leap(year)) { 53 } else { 52 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(value: Value) -> [Option<i64>; 6] {
        [TimePart::Year, TimePart::Month, TimePart::Day, TimePart::Hour, TimePart::Minute, TimePart::Week]
            .map(|asked| part(&value, asked))
    }

    fn text(text: &str) -> [Option<i64>; 6] {
        parts(Value::String(text.to_owned()))
    }

    #[test]
    fn texts_are_read_as_they_are_written() {
        let full = [Some(2024), Some(7), Some(19), Some(4), Some(9), Some(29)];
        for written in ["2024-07-19T04:09", "2024-07-19 04:09:31.5", "2024-07-19t04:09:00+02:00", "2024-07-19T04:09Z"] {
            assert_eq!(text(written), full, "{written}");
        }
        let date = [Some(2024), Some(7), Some(19), None, None, Some(29)];
        for written in
            ["2024-07-19", "2024-07-19T24:00", "2024-07-19T04:60", "2024-07-19_04:09", "2024-07-19T4:09", "2024-07-19é"]
        {
            assert_eq!(text(written), date, "{written}");
        }
        for written in [
            "",
            "2024-7-19",
            "2023-02-29",
            "1900-02-29",
            "2024-00-10",
            "2024-13-10",
            "0000-01-01",
            "+024-01-01",
            "2024/01/01",
        ] {
            assert_eq!(text(written), [None; 6], "{written}");
        }
    }

    #[test]
    fn integers_are_seconds_since_1970() {
        for (seconds, written) in [
            (0, "1970-01-01T00:00"),
            (-1, "1969-12-31T23:59"),
            (951_827_640, "2000-02-29T12:34"),
            (1_721_362_140, "2024-07-19T04:09"),
            (-62_135_596_800, "0001-01-01T00:00"),
            (253_402_300_799, "9999-12-31T23:59"),
        ] {
            assert_eq!(parts(Value::Int(seconds)), text(written), "{seconds}");
        }
        for seconds in [i64::MIN, -62_135_596_801, 253_402_300_800, i64::MAX] {
            assert_eq!(parts(Value::Int(seconds)), [None; 6], "{seconds}");
        }
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        for (written, week) in [
            ("2021-01-03", 53),
            ("2021-01-04", 1),
            ("2020-12-31", 53),
            ("2018-12-31", 1),
            ("2016-01-01", 53),
            ("2023-01-01", 52),
            ("2026-11-24", 48),
            ("0001-01-01", 1),
            ("9999-12-31", 52),
        ] {
            assert_eq!(text(written)[5], Some(week), "{written}");
        }
    }
}
