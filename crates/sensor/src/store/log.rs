//! What a store does with the log: tokens that come with offers, and checkpoints that come alone.

use std::vec::Vec;

use contentcheck_log::limits::BEHIND;
use contentcheck_log::token::parts;
use contentcheck_log::{NoToken, Opened, Token, Trust, Witnessed};

use super::{Config, Store};
use crate::admit::{Authority, Considered, Device, Granted, Refusal};
use crate::content::Content;
use crate::disk::Disk;
use crate::observation::Observation;
use crate::platform::Platform;
use crate::rings::{QUORUM, Unproven};

fn trust(policy: &str) -> Result<Trust<'_>, Refusal> {
    trusted(policy).map_err(Refusal::Unproven)
}

fn trusted(policy: &str) -> Result<Trust<'_>, Unproven> {
    let trust = Trust::read(policy).map_err(Unproven::Policy)?;
    if trust.quorum() < QUORUM { Err(Unproven::Quorum) } else { Ok(trust) }
}

impl Config {
    /// Whether a text is a policy by which a device can ask a log. A store with another one takes nothing new.
    ///
    /// # Errors
    /// When it cannot be read, or asks for too few witnesses.
    pub fn check_log(policy: &str) -> Result<(), Unproven> {
        trusted(policy).map(|_| ())
    }
}

impl<D: Disk, P: Platform, A: Authority> Store<D, P, A> {
    /// Takes new content as [`Store::offer`] does, with the token that opens the ring of this device for it. A sensor that asks for no
    /// log does not look at the token.
    ///
    /// # Errors
    /// When it is not taken. What runs goes on running.
    pub fn offer_opened(&mut self, image: &[u8], envelope: &[u8], token: &[u8]) -> Result<Content, Refusal> {
        self.offered(image, envelope, Some(token))
    }

    /// Takes the newest checkpoint of the log, where there is nothing to install: so the device knows that nobody keeps
    /// something from it. True: it had not heard of it.
    ///
    /// # Errors
    /// When the sensor asks for no log, the checkpoint is not signed as it must be, older than what the device has seen, or of another log.
    pub fn hear(&mut self, checkpoint: &[u8]) -> Result<bool, Refusal> {
        let outcome = self.heard(checkpoint);
        if let Err(refusal) = &outcome {
            self.note(&std::format!("[{}] a checkpoint is refused: {refusal}", refusal.code()));
        }
        outcome
    }

    fn heard(&mut self, checkpoint: &[u8]) -> Result<bool, Refusal> {
        let trust = trust(self.config.log.ok_or(Refusal::Unproven(Unproven::Missing))?)?;
        let unlogged = |why| {
            let why = contentcheck_log::Unlogged::Checkpoint(why);
            Refusal::Unproven(Unproven::Token(contentcheck_log::NoToken::Unlogged(why)))
        };
        let witnessed: Witnessed = trust.check(checkpoint).map_err(unlogged)?;
        let heard = self.state.heard(&witnessed)?;
        let before = (self.state.log, self.state.time);
        self.observe(&Observation::Heard(heard));
        Ok(before != (self.state.log, self.state.time))
    }

    pub(super) fn grant(
        &self,
        considered: Considered,
        token: Option<&[u8]>,
        device: &Device,
    ) -> Result<Granted, Refusal> {
        let Some(policy) = self.config.log else { return Ok(considered.without_log()) };
        let trust = trust(policy)?;
        let unproven = |why| Refusal::Unproven(Unproven::Token(why));
        let (own, newer) = parts(token.ok_or(Refusal::Unproven(Unproven::Missing))?);
        let opened = |token| Token::read(token).and_then(|token| token.check(&trust)).map_err(unproven);
        // Each has signatures to check, and more than a device can stay behind are of no use to any.
        if newer.count() > usize::from(BEHIND) {
            return Err(unproven(NoToken::Bytes));
        }
        let newer = newer.map(opened).collect::<Result<Vec<Opened>, Refusal>>()?;
        considered.granted(&opened(own)?, &newer, device)
    }

    /// Seconds since witnesses saw the newest log that the device knows of. Nothing: it asks for no log, has heard of none, or does
    /// not know the time.
    pub(super) fn log_silence(&mut self) -> Option<u64> {
        let wall = self.platform.wall()?;
        self.config.log.and(self.state.log).map(|_| wall.saturating_sub(self.state.time))
    }
}
