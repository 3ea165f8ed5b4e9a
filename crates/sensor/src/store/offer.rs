//! What a store does with offers: admits them, writes them, and tries them.

use std::format;
use std::vec;
use std::vec::Vec;

use contentcheck_interpreter::{Identity, OwnedImage};

use super::{ENVELOPE_BYTES, Role, Store, envelope_of, place};
use crate::admit::{Authority, Device, Purpose, Refusal};
use crate::content::{Content, Digest, Sequence};
use crate::disk::{Directory, Disk, DiskError};
use crate::observation::Observation;
use crate::platform::Platform;
use crate::reader::{Switched, switched};
use crate::reason::Reason;
use crate::state::Rung;

/// Bytes that are left free, beside an image, for states and evidence.
const RESERVE: u64 = 1 << 20;

impl<D: Disk, P: Platform, A: Authority> Store<D, P, A> {
    /// Takes new content: an image, and the envelope that says that it is for this device. What is taken is tried at once,
    /// unless the sensor itself was found to be crashing.
    ///
    /// # Errors
    /// When it is not taken, and where the sensor asks for a log: then [`Store::offer_opened`] takes it. What runs goes on running.
    pub fn offer(&mut self, image: &[u8], envelope: &[u8]) -> Result<Content, Refusal> {
        self.offered(image, envelope, None)
    }

    pub(super) fn offered(&mut self, image: &[u8], envelope: &[u8], token: Option<&[u8]>) -> Result<Content, Refusal> {
        let outcome = self.admit(image, envelope, token);
        if let Err(refusal) = &outcome {
            self.note(&format!("[{}] an offer is refused: {refusal}", refusal.code()));
        }
        outcome
    }

    fn admit(&mut self, image: &[u8], envelope: &[u8], token: Option<&[u8]>) -> Result<Content, Refusal> {
        if self.role == Role::Guest {
            return Err(Refusal::Taken);
        }
        if !self.is_writable() {
            return Err(Refusal::ReadOnly);
        }
        if envelope.len() > ENVELOPE_BYTES {
            return Err(Refusal::Large { found: envelope.len() as u64, most: ENVELOPE_BYTES as u64 });
        }
        let claim = self.authority.claim(envelope, Purpose::Install).map_err(Refusal::Distrusted)?;
        let device = Device { factory: self.factory, built: self.config.built, wall: self.platform.wall() };
        let considered = match self.state.consider(claim, image.len() as u64, &device, &self.config.policy) {
            Err(Refusal::Known(rung)) if self.is_lost(rung, claim.content) => {
                return self.repair(claim.content, image, envelope);
            }
            considered => considered?,
        };
        let granted = self.grant(considered, token, &device)?;
        if self.shared.holds_older() {
            return Err(Refusal::Memory);
        }
        let needed = (image.len() as u64).saturating_add(envelope.len() as u64).saturating_add(RESERVE);
        if let Ok(Some(free)) = self.disk.free()
            && free < needed
        {
            return Err(Refusal::Space { needed, free: Some(free) });
        }
        let matched = granted.matches(Digest::of(image))?;
        let sequence = Sequence(Identity::read(image).map_or(0, |identity| identity.sequence));
        let loaded = OwnedImage::load(image, self.config.manifest);
        let flaw = loaded.as_ref().ok().and_then(flaw);
        let admitted = matched.verified(loaded.map(|_| sequence))?;
        match flaw {
            None => {}
            Some(Flaw::KillSwitch) => return Err(Refusal::KillSwitch),
            Some(Flaw::Idle) => return Err(Refusal::Idle),
        }
        let content = claim.content;
        self.put_image(content, image, envelope).map_err(|error| refused_by(error, needed))?;
        let decision = self.state.decide(&Observation::Offered(admitted), &self.config.policy);
        self.persist(decision.state).map_err(|error| refused_by(error, needed))?;
        self.tell(decision.reasons.iter());
        self.settle(self.state, true);
        self.tidy();
        Ok(content)
    }

    /// Whether content that this device keeps cannot be had from the disk: the same image, offered again, repairs it.
    fn is_lost(&mut self, rung: Rung, content: Content) -> bool {
        self.state.content(rung) == Some(content) && self.read_image(content).is_err()
    }

    /// Writes an image again that was admitted before, and decides what runs. It is no trial, and uses up none.
    fn repair(&mut self, content: Content, image: &[u8], envelope: &[u8]) -> Result<Content, Refusal> {
        if Digest::of(image) != content.digest {
            return Err(Refusal::Digest);
        }
        let needed = (image.len() as u64).saturating_add(envelope.len() as u64).saturating_add(RESERVE);
        self.put_image(content, image, envelope).map_err(|error| refused_by(error, needed))?;
        self.read_image(content).map_err(|_| Refusal::ReadOnly)?;
        self.tell([Reason::Repaired(content)].into_iter());
        self.settle(self.state, true);
        self.tidy();
        Ok(content)
    }

    fn put_image(&mut self, content: Content, image: &[u8], envelope: &[u8]) -> Result<(), DiskError> {
        let at = place(Directory::Images, content.digest);
        self.put(&envelope_of(&at), envelope).and_then(|()| self.put(&at, image))
    }
}

fn refused_by(error: DiskError, needed: u64) -> Refusal {
    match error {
        DiskError::Full => Refusal::Space { needed, free: None },
        _ => Refusal::ReadOnly,
    }
}

/// Why an image that is sound is of no use to this sensor.
pub(super) enum Flaw {
    KillSwitch,
    Idle,
}

/// What speaks against an image that is sound: this sensor loads no rule of it; or the kill switch, which is tried before it is needed, does not
/// switch off every one.
pub(super) fn flaw(image: &OwnedImage) -> Option<Flaw> {
    let open = image.open();
    let verified = open.verified();
    if verified.loaded_rules() == 0 {
        return Some(Flaw::Idle);
    }
    let mut memory = vec![0; verified.kill_words()];
    let all = Switched { all: true, rules: Vec::new() };
    let list = switched(&verified, &all, &mut memory);
    let is_killable = (0..verified.image().rule_count()).all(|rule| list.kills(rule));
    (!is_killable).then_some(Flaw::KillSwitch)
}
