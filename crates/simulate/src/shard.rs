//! A part of a fleet: its devices, and a calendar of what is due to them. Nothing here knows another shard, allocates while time goes on, or
//! depends on the order of devices within a minute.

use contentcheck_log::Opening;

use crate::life::{Device, Life, Rules};
use crate::online::Shift;
use crate::random::Draw;
use crate::scenario::KINDS;
use crate::tally::{Phase, Tally};

/// The most devices of a shard: the calendar counts them in 16 bits.
pub(crate) const LARGEST: u32 = 65_535;
const NONE: u16 = u16::MAX;

/// Devices that are simulated together: 16 bytes for each, since whatever is due to a device needs all of it, and a cache line is what it
/// costs. With an array for each part it took twice the time.
#[derive(Debug)]
pub(crate) struct Shard {
    /// The number of its first device in the fleet.
    first: u32,
    devices: Vec<Device>,
    /// For each minute the first device that something is due to, and for each device the next one.
    heads: Vec<u16>,
    next: Vec<u16>,
    /// Devices that are in the calendar.
    waiting: u32,
    now: u32,
}

/// How devices find their rings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spread<'o> {
    /// As devices of ours do, by an opening of the log.
    Opening(&'o Opening),
    /// Equal groups.
    Groups(u8),
}

impl Shard {
    pub(crate) fn new(first: u32, count: u32, spread: Spread<'_>, rules: &Rules<'_>) -> Self {
        let count = count.min(LARGEST);
        let made = |number| {
            let ring = match spread {
                Spread::Opening(opening) => opening.ring_of(&id(number, rules), None),
                Spread::Groups(groups) => rules.random.below(number, Draw::Place, 0, groups.into()) as u8,
            };
            Device::new(ring, stratum_of(number, rules))
        };
        Self {
            first,
            devices: (first..first + count).map(made).collect(),
            heads: vec![NONE; rules.horizon as usize + 1],
            next: vec![NONE; count as usize],
            waiting: 0,
            now: 0,
        }
    }

    /// Offers the release to the devices of a ring that have not been offered it; to all, where no ring is named.
    pub(crate) fn offer(&mut self, ring: Option<u8>, minute: u32, rules: &Rules<'_>, tally: &mut Tally) {
        for at in 0..self.devices.len() {
            let Some(life) = self.life(at, rules) else { continue };
            let is_offered = ring.is_none_or(|ring| life.device.ring == ring);
            if !is_offered || life.device.phase != Phase::Idle || life.device.is_done() {
                continue;
            }
            let Some(take) = life.takes_at(minute).filter(|take| *take < rules.horizon) else { continue };
            let Some(device) = self.devices.get_mut(at) else { continue };
            tally.moved(Phase::Idle, Phase::Waiting);
            device.phase = Phase::Waiting;
            device.since = take as u16;
            self.put(at, take);
        }
    }

    fn life<'r>(&self, at: usize, rules: &'r Rules<'r>) -> Option<Life<'r>> {
        Some(Life::new(self.first + at as u32, *self.devices.get(at)?, rules))
    }

    fn put(&mut self, at: usize, minute: u32) {
        let Some(head) = self.heads.get_mut(minute as usize) else { return };
        if let Some(next) = self.next.get_mut(at) {
            *next = core::mem::replace(head, at as u16);
            self.waiting += 1;
        }
    }

    /// Brings what a stretch of time needs into the cache: loads that do not wait for each other. A device comes from memory whenever
    /// something is due to it, since all other shards went on meanwhile; one after the other that is most of the time.
    fn fetch(&self, until: u32) {
        let stretch = self.heads.get(self.now as usize..until as usize).unwrap_or(&[]);
        let mut sum = 0_u32;
        // One device of each minute in turn: the next one of a minute is known only when this one's link is there.
        for minutes in stretch.chunks(16) {
            let mut lanes = [NONE; 16];
            lanes.iter_mut().zip(minutes).for_each(|(lane, head)| *lane = *head);
            let mut goes_on = true;
            while goes_on {
                goes_on = false;
                for lane in &mut lanes {
                    let at = usize::from(*lane);
                    if let (Some(device), Some(next)) = (self.devices.get(at), self.next.get(at)) {
                        sum = sum.wrapping_add(device.since.into());
                        *lane = *next;
                        goes_on = true;
                    }
                }
            }
        }
        core::hint::black_box(sum);
    }

    /// Everything that is due before a minute.
    pub(crate) fn run(&mut self, until: u32, rules: &Rules<'_>, tally: &mut Tally) {
        self.fetch(until.min(rules.horizon));
        while self.now < until.min(rules.horizon) {
            // Whatever is put into this minute meanwhile has been done by the device itself.
            let head = self.heads.get_mut(self.now as usize);
            let mut at = head.map_or(NONE, |head| core::mem::replace(head, NONE));
            while at != NONE {
                let index = usize::from(at);
                self.waiting -= 1;
                let following = self.next.get(index).copied().unwrap_or(NONE);
                if let Some(mut life) = self.life(index, rules) {
                    let due = life.goes_on(self.now, tally);
                    if let Some(device) = self.devices.get_mut(index) {
                        *device = life.device;
                    }
                    if let Some(due) = due.filter(|due| *due < rules.horizon) {
                        self.put(index, due.max(self.now + 1));
                    }
                }
                at = following;
            }
            self.now += 1;
        }
    }

    /// Rules have changed: the calendar is made again from what each device knows.
    pub(crate) fn again(&mut self, rules: &Rules<'_>) {
        self.heads.iter_mut().for_each(|head| *head = NONE);
        self.waiting = 0;
        for at in 0..self.devices.len() {
            let due = self.life(at, rules).and_then(|life| life.due());
            if let Some(due) = due.filter(|due| *due < rules.horizon) {
                self.put(at, due.max(self.now));
            }
        }
    }

    /// Whether nothing is due any more.
    pub(crate) const fn is_done(&self) -> bool {
        self.waiting == 0
    }

    /// How many devices are in each phase, counted one by one.
    pub(crate) fn counted(&self) -> [i64; crate::tally::PHASES] {
        let mut phases = [0; crate::tally::PHASES];
        for device in &self.devices {
            if let Some(count) = phases.get_mut(device.phase as usize) {
                *count += 1;
            }
        }
        phases
    }
}

/// The id of a device: what a device of ours draws for itself.
fn id(number: u32, rules: &Rules<'_>) -> [u8; 32] {
    let mut id = [0; 32];
    for (again, part) in (0_u8..).zip(id.chunks_exact_mut(8)) {
        part.copy_from_slice(&rules.random.bits(number, Draw::Place, again).to_le_bytes());
    }
    id
}

pub(crate) fn stratum_of(number: u32, rules: &Rules<'_>) -> u8 {
    let at = rules.random.below(number, Draw::Stratum, 0, 100);
    let mut before = 0;
    let kind = KINDS.iter().position(|kind| {
        before += kind.share;
        at < before
    });
    // There are four.
    kind.unwrap_or(0) as u8
}

/// When a device is switched on: nothing, where it always is.
pub(crate) fn shift_of(number: u32, stratum: u8, rules: &Rules<'_>) -> Option<Shift> {
    let kind = KINDS.get(usize::from(stratum))?;
    let is_switched = kind.is_workstation && rules.random.below(number, Draw::Shift, 1, 100) >= rules.world.always_on;
    is_switched.then(|| Shift::of(rules.random, number, rules.start))
}
