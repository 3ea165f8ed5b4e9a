//! Kill list: rules that are switched off on a device, named by their ids and resolved for one image.

use crate::bits::{is_marked, mark};
use crate::load::VerifiedImage;

/// Rules of one image that are switched off. Numbers of rules differ from one release to the next, so a list is made of
/// names, for the image that it is used with, and is refused by every other one.
#[derive(Clone, Copy, Debug)]
pub struct KillList<'k> {
    /// The checksum of the image.
    seal: u64,
    words: &'k [u64],
    unknown: u32,
}

impl KillList<'_> {
    /// No rule is switched off, of any image.
    pub const NONE: Self = Self { seal: 0, words: &[], unknown: 0 };

    /// How many names are those of no rule of the image: a later image may have them, so whoever keeps the list keeps
    /// them.
    #[must_use]
    pub const fn unknown(&self) -> u32 {
        self.unknown
    }

    /// Whether a rule is switched off.
    #[must_use]
    #[inline]
    pub fn kills(&self, rule: u32) -> bool {
        is_marked(self.words, rule)
    }

    pub(crate) const fn is_for(&self, seal: u64) -> bool {
        self.words.is_empty() || self.seal == seal
    }
}

impl VerifiedImage<'_> {
    /// Words of memory that a kill list takes.
    #[must_use]
    pub fn kill_words(&self) -> usize {
        self.image.kill_words()
    }

    /// Resolves names of rules, as [`crate::RuleInfo::name`] has them, for this image. A name of several rules switches
    /// all of them off. What `memory` holds before does not matter.
    ///
    /// # Errors
    /// The words that are needed, where `memory` has fewer.
    pub fn kill<'k, 'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
        memory: &'k mut [u64],
    ) -> Result<KillList<'k>, usize> {
        let needed = self.kill_words();
        let words = memory.get_mut(..needed).ok_or(needed)?;
        words.fill(0);
        let mut unknown = 0_u32;
        for name in names {
            let mut found = false;
            for rule in self.image.rules_named(name) {
                found = true;
                mark(words, rule);
            }
            unknown = unknown.wrapping_add(u32::from(!found));
        }
        Ok(KillList { seal: self.image.seal(), words, unknown })
    }

    /// As [`VerifiedImage::kill`], but every rule that is not named is switched off.
    ///
    /// # Errors
    /// The words that are needed, where `memory` has fewer.
    pub fn kill_all_but<'k, 'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
        memory: &'k mut [u64],
    ) -> Result<KillList<'k>, usize> {
        let needed = self.kill_words();
        let unknown = self.kill(names, memory)?.unknown;
        let words = memory.get_mut(..needed).ok_or(needed)?;
        words.iter_mut().for_each(|word| *word = !*word);
        Ok(KillList { seal: self.image.seal(), words, unknown })
    }

    /// Switches every rule off.
    ///
    /// # Errors
    /// The words that are needed, where `memory` has fewer.
    pub fn kill_all<'k>(&self, memory: &'k mut [u64]) -> Result<KillList<'k>, usize> {
        self.kill_all_but([], memory)
    }
}
