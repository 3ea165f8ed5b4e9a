//! What a simulated machine tells its store: the time of the fleet, boots, and how the last run ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contentcheck_fleet::clock::Clock;
use contentcheck_sensor::{BootId, Digest, Ended, Platform};

/// A machine. Clones are the same machine.
#[derive(Clone)]
pub(crate) struct Machine {
    clock: Clock,
    id: Digest,
    facts: Arc<Mutex<Facts>>,
}

struct Facts {
    boots: u64,
    ended: Ended,
}

impl core::fmt::Debug for Machine {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Machine").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Machine {
    pub(crate) fn new(id: Digest, clock: Clock) -> Self {
        Self { clock, id, facts: Arc::new(Mutex::new(Facts { boots: 1, ended: Ended::Never })) }
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run of the sensor has ended in this way.
    pub(crate) fn end(&self, ended: Ended) {
        let mut facts = self.facts();
        facts.ended = ended;
        if ended == Ended::SystemCrash {
            facts.boots = facts.boots.saturating_add(1);
        }
    }
}

impl Platform for Machine {
    fn boot(&mut self) -> Option<BootId> {
        let mut id = [0; 16];
        let (number, _) = id.split_first_chunk_mut()?;
        *number = self.facts().boots.to_le_bytes();
        Some(BootId(id))
    }

    fn ended(&mut self) -> Ended {
        self.facts().ended
    }

    fn settled(&mut self) {
        self.facts().ended = Ended::Unexplained;
    }

    fn wall(&mut self) -> Option<u64> {
        Some((self.clock)())
    }

    fn elapsed(&mut self) -> Option<u64> {
        Some((self.clock)())
    }

    /// The id of a device is the key by which it signs its reports.
    fn nonce(&mut self) -> Option<Digest> {
        Some(self.id)
    }
}
