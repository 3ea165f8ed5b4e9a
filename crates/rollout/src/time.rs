//! Times as people read them.

/// Seconds since 1970 as a date and a time of day, in UTC.
#[must_use]
pub fn utc(seconds: u64) -> String {
    // Howard Hinnant's days_from_civil, backwards, with years that begin in March.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, year) = if month < 10 { (month + 3, year) } else { (month - 9, year + 1) };
    let (hour, minute) = (seconds / 3_600 % 24, seconds / 60 % 60);
    format!("{:04}-{month:02}-{date:02} {hour:02}:{minute:02}", year + era * 400)
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn a_time_is_a_date() {
        assert_eq!(utc(0), "1970-01-01 00:00");
        assert_eq!(utc(951_782_399), "2000-02-28 23:59");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00");
        assert_eq!(utc(1_799_049_600), "2027-01-04 08:00");
        assert_eq!(utc(4_102_444_799), "2099-12-31 23:59");
    }
}
