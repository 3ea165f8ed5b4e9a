//! What a device does when something is due, and what is counted of it.

use contentcheck_sensor::Ended;

use super::{Counting, Device, Due, Life};
use crate::policy::Fallback;
use crate::random::Draw;
use crate::scenario::{Harm, Onset};
use crate::sensor::{Sees, start};
use crate::tally::{Phase, Tally};

impl Life<'_> {
    /// Does everything that is due by a minute, and says when something is due again.
    pub(crate) fn goes_on(&mut self, now: u32, tally: &mut Tally) -> Option<u32> {
        // A device starts no more often in a minute than it has tries, with some to spare.
        for _ in 0..256 {
            let (minute, due) = self.next()?;
            if minute > now {
                return Some(minute);
            }
            tally.events += 1;
            let (before, ran) = (self.missing(), self.runs_well());
            self.does(due, now, tally);
            let (changed, runs) = (before.to(self.missing()), self.runs_well());
            if let Some(cell) = tally.cell(self.device.ring, self.device.stratum) {
                cell.missing.add(changed);
                match (ran, runs) {
                    (false, true) => cell.ran.begin(now),
                    (true, false) => cell.ran.end(now),
                    _ => {}
                }
            }
        }
        Some(now + 1)
    }

    fn becomes(&mut self, phase: Phase, now: u32, tally: &mut Tally) {
        let is_down = |phase: Phase| matches!(phase, Phase::Down | Phase::Stuck);
        match (is_down(self.device.phase), is_down(phase)) {
            (false, true) => {
                tally.down += 1;
                tally.lost -= i64::from(now);
                if !self.device.is(Device::HURT) {
                    self.device.set(Device::HURT);
                    tally.hurt += 1;
                }
            }
            (true, false) => {
                tally.down -= 1;
                tally.lost += i64::from(now);
            }
            _ => {}
        }
        tally.moved(self.device.phase, phase);
        self.device.phase = phase;
        // Within a horizon of 45 days.
        self.device.since = now as u16;
    }

    fn does(&mut self, due: Due, now: u32, tally: &mut Tally) {
        match due {
            Due::Take => self.takes(now, tally),
            Due::Rare => self.rarely(now, tally),
            Due::Fault => self.fails(now, tally),
            Due::Returns => self.returns(now, tally),
            Due::Silent => self.is_silent(now, tally),
            Due::Healthy => self.is_healthy(tally),
            Due::On => self.starts(Ended::Stopped, now, tally),
            Due::Off => self.becomes(Phase::Off, now, tally),
            Due::Restart => self.starts(Ended::Stopped, now, tally),
            Due::Remedy => self.becomes(Phase::Fixed, now, tally),
            Due::Watched => self.is_watched(now, tally),
            Due::Settles => self.settles(tally),
        }
    }

    fn takes(&mut self, now: u32, tally: &mut Tally) {
        let leaks = || self.rules.random.unit(self.number, Draw::Leak, 0) < self.rules.leaks;
        if self.rules.halted.is_some_and(|halted| now >= halted) && !leaks() {
            self.device.set(Device::DONE);
            self.becomes(Phase::Idle, now, tally);
            return;
        }
        self.device.receipt = now as u16;
        self.device.set(Device::TAKEN);
        self.device.state = self.rules.sensor.decide(self.rules.sensor.first(), Sees::Offer).state;
        self.becomes(Phase::Runs, now, tally);
        if self.rare().is_some() {
            self.device.set(Device::RARE);
        }
        tally.touched += 1;
        if let Some(fetched) =
            now.checked_rem(tally.fetched.len() as u32).and_then(|at| tally.fetched.get_mut(at as usize))
        {
            *fetched += 1;
        }
        if let Some(cell) = tally.cell(self.device.ring, self.device.stratum) {
            cell.receipts += 1;
            cell.new.begin(now);
            cell.old.begin(now);
        }
    }

    /// Ends the watch over the device or its partner, once.
    fn arm_ends(&mut self, flag: u16, is_failure: bool, now: u32, tally: &mut Tally) {
        if self.device.is(flag) {
            return;
        }
        self.device.set(flag);
        let is_failure = is_failure && self.rules.counting != Counting::Nothing;
        let end = self.end();
        if let Some(cell) = tally.cell(self.device.ring, self.device.stratum) {
            let arm = if flag == Device::NEW_ENDED { &mut cell.new } else { &mut cell.old };
            arm.end(now.min(end));
            arm.failures += i64::from(is_failure);
        }
    }

    fn rarely(&mut self, now: u32, tally: &mut Tally) {
        let Some((_, draw)) = self.rare() else { return };
        let is_watched = now <= self.end() && !self.device.is(Device::WATCHED);
        match draw {
            Draw::Failure => {
                self.device.set(Device::OWN_FAILURE);
                if self.device.phase == Phase::Runs {
                    self.reports(now, tally);
                }
            }
            Draw::Silence => {
                self.device.set(Device::OWN_SILENCE);
                if matches!(self.device.phase, Phase::Runs | Phase::Back) {
                    self.is_silent(now, tally);
                }
            }
            Draw::PartnerFailure => self.arm_ends(Device::OLD_ENDED, is_watched, now, tally),
            _ => {
                let is_first = is_watched && !self.device.is(Device::SILENT);
                self.device.set(Device::OLD_SILENT);
                self.arm_ends(Device::OLD_ENDED, false, now, tally);
                if let Some(cell) = tally.cell(self.device.ring, self.device.stratum).filter(|_| is_first) {
                    cell.old_silent += 1;
                }
            }
        }
    }

    /// The sensor reports that it failed.
    fn reports(&mut self, now: u32, tally: &mut Tally) {
        if self.device.is(Device::REPORTED) {
            return;
        }
        self.device.set(Device::REPORTED);
        let is_closed = self.rules.closes && self.device.is(Device::CONFIRMED);
        if self.rules.counting != Counting::Nothing
            && !is_closed
            && let Some(cell) = tally.cell(self.device.ring, self.device.stratum)
        {
            cell.reported += 1;
        }
        self.arm_ends(Device::NEW_ENDED, true, now, tally);
    }

    fn is_silent(&mut self, now: u32, tally: &mut Tally) {
        let is_watched = now <= self.end() && !self.device.is(Device::WATCHED);
        self.device.set(Device::SILENT);
        self.arm_ends(Device::NEW_ENDED, false, now, tally);
        let counts = is_watched && !self.device.is(Device::OLD_SILENT) && self.rules.counting == Counting::All;
        if let Some(cell) = tally.cell(self.device.ring, self.device.stratum).filter(|_| counts) {
            cell.new_silent += 1;
        }
    }

    fn is_watched(&mut self, now: u32, tally: &mut Tally) {
        self.arm_ends(Device::NEW_ENDED, false, now, tally);
        self.arm_ends(Device::OLD_ENDED, false, now, tally);
        self.device.set(Device::WATCHED);
        if let Some(cell) = tally.cell(self.device.ring, self.device.stratum) {
            cell.due += i64::from(self.rules.counting != Counting::Reports);
        }
        if !self.is_away() || self.rules.counting == Counting::Nothing {
            self.settles(tally);
        }
    }

    fn settles(&mut self, tally: &mut Tally) {
        self.device.set(Device::SETTLED);
        let has_failed = self.device.is(Device::REPORTED) && self.rules.counting != Counting::Nothing;
        if let Some(cell) = tally.cell(self.device.ring, self.device.stratum) {
            // Where silence counts as nothing, those that went silent are not missed.
            cell.due += i64::from(self.rules.counting == Counting::Reports);
            cell.settled += 1;
            cell.failed += i64::from(has_failed);
        }
    }

    fn is_healthy(&mut self, tally: &mut Tally) {
        self.device.set(Device::HEALTHY);
        if self.rules.fallback == Fallback::Sensor {
            let does = self.rules.sensor.decide(self.device.state, Sees::Healthy);
            self.device.state = does.state;
            if does.confirmed {
                self.device.set(Device::CONFIRMED);
            }
            return;
        }
        self.device.set(Device::CONFIRMED);
        if let Some(cell) = tally.cell(self.device.ring, self.device.stratum) {
            cell.finished += 1;
        }
    }

    /// The fault shows.
    fn fails(&mut self, now: u32, tally: &mut Tally) {
        let run = now - self.since();
        let is_first = self.device.runs == 0 && !self.device.is(Device::CONFIRMED);
        match self.rules.fallback {
            Fallback::Replica(ready) if is_first && run < ready => {
                self.reports(now, tally);
                self.becomes(Phase::Back, now, tally);
            }
            Fallback::Sensor => self.becomes(Phase::Down, now, tally),
            Fallback::Partition(_) if is_first => self.becomes(Phase::Down, now, tally),
            Fallback::Partition(_) | Fallback::Replica(_) | Fallback::Nothing => {
                self.device.runs = self.device.runs.saturating_add(1);
                let again = now + 5;
                let is_one = self.rules.scenario.onset != Onset::Alternate || self.rules.is_one_digest;
                let loops = is_one && self.fault(again).is_some_and(|fault| fault < again + 5);
                self.becomes(if loops { Phase::Stuck } else { Phase::Down }, now, tally);
                if loops && self.rules.scenario.harm == Harm::Sensor {
                    // The machine goes on, and says that its sensor does not.
                    self.reports(now, tally);
                }
            }
        }
    }

    /// It comes back after it was down.
    fn returns(&mut self, now: u32, tally: &mut Tally) {
        if self.device.phase == Phase::Stuck {
            if !self.device.is(Device::BY_HAND) {
                self.device.set(Device::BY_HAND);
                tally.by_hand += 1;
            }
            self.becomes(Phase::Fixed, now, tally);
            return;
        }
        let (ended, _) = self.ends();
        match self.rules.fallback {
            Fallback::Partition(_) if self.device.runs == 0 && !self.device.is(Device::CONFIRMED) => {
                self.becomes(Phase::Back, now, tally);
                self.reports(now, tally);
            }
            _ => self.starts(ended, now, tally),
        }
    }

    /// The sensor starts after a run that ended in this way.
    fn starts(&mut self, ended: Ended, now: u32, tally: &mut Tally) {
        let mut runs_release = true;
        if self.rules.fallback == Fallback::Sensor {
            let does = self.rules.sensor.decide(self.device.state, start(ended));
            self.device.state = does.state;
            runs_release = does.runs_release;
            if does.confirmed {
                self.device.set(Device::CONFIRMED);
            }
        }
        self.device.runs = self.device.runs.saturating_add(1);
        self.device.flags &= !Device::HEALTHY;
        self.becomes(if runs_release { Phase::Runs } else { Phase::Back }, now, tally);
        let is_a_failure = !matches!(ended, Ended::Stopped | Ended::Power);
        let lasts = !runs_release || self.fault(now).is_none_or(|fault| fault > now + 1);
        // What goes back to older content says so, however it got there.
        if lasts && (is_a_failure || !runs_release) {
            self.reports(now, tally);
        }
    }
}
