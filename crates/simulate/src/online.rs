//! When a device is switched on. Servers always are; workstations from morning to evening of working days in their own time zone.

use crate::random::{Draw, Random};

/// Minutes of a day and of a week.
pub(crate) const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;

/// Hours east of UTC, and how many devices of a hundred are there. Assumed, and no source has it: the spread matters more than the
/// numbers, and `always_on` is swept.
pub(crate) const ZONES: [(i32, u32); 8] = [(-8, 12), (-6, 14), (-5, 18), (0, 12), (1, 18), (5, 8), (8, 12), (10, 6)];

/// A device that is switched on from one minute of its day on, for so many minutes, from Monday to Friday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shift {
    /// Minutes since Monday, 00:00, of its own time, when the simulation begins.
    offset: u32,
    from: u32,
    until: u32,
}

impl Shift {
    /// That of a device, where the simulation begins at a minute of the week in UTC.
    pub(crate) fn of(random: Random, device: u32, start: u32) -> Self {
        let at = random.below(device, Draw::Zone, 0, 100);
        let mut before = 0;
        let zone = ZONES.iter().find(|(_, share)| {
            before += share;
            at < before
        });
        let hours = zone.map_or(0, |(hours, _)| *hours);
        Self::new(hours, random.below(device, Draw::Shift, 0, 120), start)
    }

    /// That of a device so many hours east of UTC, which begins so many minutes after seven.
    pub(crate) const fn new(hours: i32, late: u32, start: u32) -> Self {
        let offset = (start as i32 + hours * 60).rem_euclid(WEEK as i32) as u32;
        let from = 7 * 60 + late;
        Self { offset, from, until: from + 10 * 60 }
    }

    const fn local(self, minute: u32) -> (u32, u32) {
        let local = (self.offset + minute) % WEEK;
        (local / DAY, local % DAY)
    }

    /// Whether it is switched on.
    #[cfg(test)]
    pub(crate) const fn is_on(self, minute: u32) -> bool {
        let (day, time) = self.local(minute);
        day < 5 && time >= self.from && time < self.until
    }

    /// The first minute from this one on at which it is on.
    pub(crate) const fn next_on(self, minute: u32) -> u32 {
        let (day, time) = self.local(minute);
        if day < 5 && time < self.until {
            return if time < self.from { minute + self.from - time } else { minute };
        }
        let days = if day < 4 { 1 } else { 7 - day };
        minute + days * DAY - time + self.from
    }

    /// The first minute behind this one, at which it is on, at which it is off.
    pub(crate) const fn next_off(self, minute: u32) -> u32 {
        let (_, time) = self.local(minute);
        minute + self.until.saturating_sub(time)
    }

    /// When it has been on for so many minutes, from a minute on.
    pub(crate) fn after(self, from: u32, minutes: u32) -> u32 {
        let (mut at, mut left) = (self.next_on(from), minutes);
        // A horizon has at most 45 days.
        for _ in 0..64 {
            let off = self.next_off(at);
            if at + left < off {
                break;
            }
            left -= off - at;
            at = self.next_on(off);
        }
        at + left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_computed_is_what_counting_minutes_gives() {
        for (hours, late, start) in [(0, 0, 0), (-8, 60, 4 * DAY + 249), (10, 119, 6 * DAY + 1_300)] {
            let shift = Shift::new(hours, late, start);
            let count = |from: u32, on: bool| (from..).find(|minute| shift.is_on(*minute) == on);
            for minute in (0..2 * WEEK).step_by(7) {
                assert_eq!(Some(shift.next_on(minute)), count(minute, true), "{minute}");
                if shift.is_on(minute) {
                    assert_eq!(Some(shift.next_off(minute)), count(minute, false), "{minute}");
                }
            }
            let walked = (100..).filter(|minute| shift.is_on(*minute)).nth(1_500);
            assert_eq!(Some(shift.after(100, 1_500)), walked);
            let on = (0..WEEK).filter(|minute| shift.is_on(*minute)).count();
            assert_eq!(on, 5 * 600);
        }
    }
}
