//! Parts of a time: of strings as they are written, of integers as seconds since 1970 in UTC.

/// A date and, where there is one, a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    year: i64,
    month: i64,
    day: i64,
    clock: Option<(i64, i64)>,
}

/// The parts by number, as predicates carry them.
pub(crate) const PARTS: u8 = 6;

fn digits(text: &[u8]) -> Option<i64> {
    let mut number = 0_i64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.wrapping_mul(10).wrapping_add(i64::from(digit));
    }
    Some(number)
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar (H. Hinnant, days_from_civil).
const fn days_from(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year.wrapping_sub(1) } else { year };
    let era = year.div_euclid(400);
    let of_era = year.wrapping_sub(era.wrapping_mul(400));
    let shifted = month.wrapping_add(9) % 12;
    let of_year = (shifted.wrapping_mul(153).wrapping_add(2) / 5).wrapping_add(day.wrapping_sub(1));
    let day_of_era = of_era.wrapping_mul(365).wrapping_add(of_era / 4).wrapping_sub(of_era / 100).wrapping_add(of_year);
    era.wrapping_mul(146_097).wrapping_add(day_of_era).wrapping_sub(719_468)
}

impl Moment {
    /// Reads `YYYY-MM-DD`, then perhaps `T` or a blank and `HH:MM`; whatever follows is not looked at.
    pub(crate) fn of_text(text: &[u8]) -> Option<Self> {
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, rest @ ..] = text else { return None };
        let year = digits(&[*y0, *y1, *y2, *y3])?;
        let month = digits(&[*m0, *m1])?;
        let day = digits(&[*d0, *d1])?;
        if year < 1 || day < 1 || day > days_in(year, month) {
            return None;
        }
        let clock = match rest {
            [b'T' | b't' | b' ', h0, h1, b':', n0, n1, ..] => match (digits(&[*h0, *h1]), digits(&[*n0, *n1])) {
                (Some(hour), Some(minute)) if hour < 24 && minute < 60 => Some((hour, minute)),
                _ => None,
            },
            _ => None,
        };
        Some(Self { year, month, day, clock })
    }

    /// Years 1 to 9999 of seconds since 1970-01-01T00:00:00Z.
    pub(crate) fn of_seconds(seconds: i64) -> Option<Self> {
        let day = seconds.div_euclid(86_400);
        let clock = seconds.rem_euclid(86_400);
        if day < days_from(1, 1, 1) || day > days_from(9_999, 12, 31) {
            return None;
        }
        // The inverse of `days_from` (H. Hinnant, civil_from_days).
        let shifted = day.wrapping_add(719_468);
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.wrapping_sub(era.wrapping_mul(146_097));
        let year_of_era =
            of_era.wrapping_sub(of_era / 1_460).wrapping_add(of_era / 36_524).wrapping_sub(of_era / 146_096) / 365;
        let of_year = of_era
            .wrapping_sub(year_of_era.wrapping_mul(365).wrapping_add(year_of_era / 4).wrapping_sub(year_of_era / 100));
        let month = of_year.wrapping_mul(5).wrapping_add(2) / 153;
        let day = of_year.wrapping_sub(month.wrapping_mul(153).wrapping_add(2) / 5).wrapping_add(1);
        let month = if month < 10 { month.wrapping_add(3) } else { month.wrapping_sub(9) };
        let year = year_of_era.wrapping_add(era.wrapping_mul(400)).wrapping_add(i64::from(month <= 2));
        Some(Self { year, month, day, clock: Some((clock / 3_600, clock % 3_600 / 60)) })
    }

    /// The part with a number: minute, hour, day, week, month, year.
    pub(crate) fn part(&self, part: u8) -> Option<i64> {
        match part {
            0 => self.clock.map(|(_, minute)| minute),
            1 => self.clock.map(|(hour, _)| hour),
            2 => Some(self.day),
            3 => Some(self.week()),
            4 => Some(self.month),
            5 => Some(self.year),
            _ => None,
        }
    }

    /// Week by ISO 8601: weeks begin on Monday, and the first has the year's first Thursday.
    fn week(&self) -> i64 {
        let day = days_from(self.year, self.month, self.day);
        // 1970-01-01 was a Thursday.
        let monday = day.wrapping_sub(day.wrapping_add(3).rem_euclid(7));
        let thursday = monday.wrapping_add(3);
        let mut year = self.year.wrapping_add(1);
        while days_from(year, 1, 1) > thursday && year >= self.year {
            year = year.wrapping_sub(1);
        }
        (thursday.wrapping_sub(days_from(year, 1, 1)) / 7).wrapping_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_as_they_are_written() {
        let moment = Moment::of_text(b"2024-07-19T04:09:31.250+02:00").unwrap();
        let parts: std::vec::Vec<_> = (0..6).map(|part| moment.part(part).unwrap()).collect();
        assert_eq!(parts, [9, 4, 19, 29, 7, 2024]);
        assert_eq!(Moment::of_text(b"2024-02-29").unwrap().part(1), None);
        for text in ["2023-02-29", "2024-13-01", "2024-00-01", "2024-1-1", "20240101", "0000-01-01", "abcd-01-01", ""] {
            assert_eq!(Moment::of_text(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn seconds_and_texts_agree() {
        for (text, seconds) in [
            ("1970-01-01T00:00", 0),
            ("2000-02-29T12:34", 951_827_640),
            ("1969-12-31T23:59", -60),
            ("2024-12-31T00:00", 1_735_603_200),
            ("0001-01-01T00:00", -62_135_596_800),
            ("9999-12-31T23:59", 253_402_300_740),
        ] {
            assert_eq!(Moment::of_seconds(seconds), Moment::of_text(text.as_bytes()), "{text}");
        }
        assert_eq!(Moment::of_seconds(i64::MAX), None);
        assert_eq!(Moment::of_seconds(253_402_300_800), None);
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        for (text, week) in [
            ("2021-01-03", 53),
            ("2021-01-04", 1),
            ("2020-12-31", 53),
            ("2018-12-31", 1),
            ("2016-01-01", 53),
            ("2024-12-30", 1),
            ("2023-01-01", 52),
            ("2026-11-24", 48),
        ] {
            assert_eq!(Moment::of_text(text.as_bytes()).unwrap().part(3), Some(week), "{text}");
        }
    }
}
