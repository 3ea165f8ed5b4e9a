//! What a store does to have the right content run: decides, looks at what is there, writes the decision, and puts content in place.

use std::sync::Arc;
use std::vec::Vec;

use contentcheck_interpreter::OwnedImage;

use super::{ENVELOPE_BYTES, Store, envelope_of, offer, place, read_again};
use crate::admit::{Authority, Distrust, Purpose};
use crate::content::{Content, Digest};
use crate::disk::{Directory, Disk, DiskError};
use crate::health::Recent;
use crate::observation::{Act, Found, Observation, Usable};
use crate::platform::Platform;
use crate::reason::Unusable;
use crate::state::{Rung, State};

/// An image in memory that can be run.
struct Loaded {
    content: Content,
    image: Arc<OwnedImage>,
}

impl<D: Disk, P: Platform, A: Authority> Store<D, P, A> {
    /// Decides what runs, writes that, and puts it in place. `accounted`: the end of the last run need not be written, since nobody
    /// is to blame for it, or it was written before. False: it could not be written.
    pub(super) fn settle(&mut self, state: State, accounted: bool) -> bool {
        let mut found = Found::default();
        let mut loaded: Vec<(Rung, Loaded)> = Vec::new();
        let mut writable = self.is_writable();
        loop {
            let accounted = writable || accounted;
            let looked = Observation::Looked { found, writable, accounted, boot: self.boot };
            let decision = state.decide(&looked, &self.config.policy);
            let rung = match decision.act {
                Act::Look(rung) => {
                    // One image beside that which runs, at most.
                    loaded.clear();
                    let usable = match self.look(&state, rung) {
                        Ok(image) => {
                            loaded.push((rung, image));
                            Usable::Yes
                        }
                        Err(why) => Usable::No(why),
                    };
                    found.note(rung, usable);
                    continue;
                }
                Act::Run(rung) => rung,
                Act::Keep | Act::Choose | Act::Confirm | Act::Restart => Rung::Nothing,
            };
            let saved = match self.differs(&decision.state) {
                true => self.persist(decision.state).or_else(|_| self.persist(decision.state)),
                false => Ok(()),
            };
            if saved.is_err() {
                if writable && !matches!(rung, Rung::Factory | Rung::Nothing) {
                    // What cannot be written is decided again as where nothing can be: a crash would be counted against nothing.
                    writable = false;
                    continue;
                }
                self.keep_in_memory(decision.state);
            }
            self.tell(decision.reasons.iter());
            let image = loaded.pop().filter(|(at, _)| *at == rung).map(|(_, loaded)| loaded);
            self.install(rung, image);
            return saved.is_ok();
        }
    }

    /// What there is to fall back to, as it is on disk now.
    pub(super) fn fallbacks(&mut self) -> Found {
        let mut found = Found::default();
        let state = self.state;
        for rung in [Rung::Good, Rung::Earlier] {
            if state.content(rung).is_some() {
                found.note(rung, self.look(&state, rung).map_or_else(Usable::No, |_| Usable::Yes));
            }
            if found.on(rung) == Usable::Yes {
                break;
            }
        }
        found
    }

    fn install(&mut self, rung: Rung, loaded: Option<Loaded>) {
        let current = self.shared.current();
        let content = loaded.as_ref().map(|loaded| loaded.content);
        if current.content == content && current.rung == rung && !self.reload {
            return;
        }
        let image = loaded.map(|loaded| loaded.image);
        self.shared.swap(rung, content, image, Arc::clone(&self.switched));
        self.judged = Recent::default();
        self.began = self.elapsed();
    }

    /// The content that runs, under the rung where it stands now.
    pub(super) fn relabel(&self) {
        let current = self.shared.current();
        if let Some(rung) = self.state.running.filter(|rung| *rung != current.rung)
            && self.state.content(rung) == current.content
        {
            self.shared.swap(rung, current.content, current.image.clone(), Arc::clone(&current.switched));
        }
    }

    /// Reads content of a rung, and holds it to everything that it was held to when it was admitted.
    fn look(&mut self, state: &State, rung: Rung) -> Result<Loaded, Unusable> {
        if rung == Rung::Factory {
            let (Some(bytes), Some(content)) = (self.config.factory, self.factory) else {
                return Err(Unusable::Missing);
            };
            return match self.in_memory(content) {
                Some(loaded) => Ok(loaded),
                None => self.load(content, bytes),
            };
        }
        let content = state.content(rung).ok_or(Unusable::Missing)?;
        if let Some(loaded) = self.in_memory(content) {
            return Ok(loaded);
        }
        let bytes = self.read_image(content)?;
        self.load(content, &bytes)
    }

    /// Reads an image from disk, and holds it to its digest and its envelope. Notes what has to be offered again.
    pub(super) fn read_image(&mut self, content: Content) -> Result<Vec<u8>, Unusable> {
        let read = self.read_admitted(content);
        self.wanted.retain(|wanted| *wanted != content);
        if read.is_err() {
            self.wanted.push(content);
        }
        read
    }

    fn read_admitted(&mut self, content: Content) -> Result<Vec<u8>, Unusable> {
        let at = place(Directory::Images, content.digest);
        let bytes = read_again(&mut self.disk, &at, self.config.policy.image_bytes).map_err(unusable)?;
        if Digest::of(&bytes) != content.digest {
            return Err(Unusable::Damaged);
        }
        let envelope = read_again(&mut self.disk, &envelope_of(&at), ENVELOPE_BYTES).map_err(unusable)?;
        let claim = self.authority.claim(&envelope, Purpose::Run).map_err(Unusable::Distrusted)?;
        if claim.content != content {
            return Err(Unusable::Distrusted(Distrust::Subject));
        }
        Ok(bytes)
    }

    fn in_memory(&self, content: Content) -> Option<Loaded> {
        let current = self.shared.current();
        let image = current.image.as_ref().filter(|_| current.content == Some(content) && !self.reload)?;
        Some(Loaded { content, image: Arc::clone(image) })
    }

    fn load(&self, content: Content, bytes: &[u8]) -> Result<Loaded, Unusable> {
        let image = OwnedImage::load(bytes, self.config.manifest).map_err(Unusable::Rejected)?;
        match offer::flaw(&image) {
            None => Ok(Loaded { content, image: Arc::new(image) }),
            Some(offer::Flaw::KillSwitch) => Err(Unusable::KillSwitch),
            Some(offer::Flaw::Idle) => Err(Unusable::Idle),
        }
    }
}

fn unusable(error: DiskError) -> Unusable {
    match error {
        DiskError::Missing => Unusable::Missing,
        DiskError::Large | DiskError::Irregular => Unusable::Damaged,
        DiskError::Full | DiskError::ReadOnly | DiskError::Other(_) => Unusable::Unreadable,
    }
}
