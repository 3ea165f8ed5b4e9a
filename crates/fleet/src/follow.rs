//! Following a log: the state that follows from it, kept up with as it grows.

use std::fmt;
use std::sync::Arc;

use contentcheck_log::VerifierKey;
use contentcheck_log::write::View;
use contentcheck_rollout::{NoBook, State};

use crate::place::Place;

/// Why a log cannot be followed.
#[derive(Debug)]
pub enum NoLog {
    /// It cannot be read, or breaks a rule.
    Book(NoBook),
    /// It is not the one that was read before, grown.
    Forked {
        /// Entries that it had.
        had: u64,
    },
}

impl fmt::Display for NoLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Book(why) => why.fmt(f),
            Self::Forked { had } => write!(
                f,
                "the log is not the one that was read before, grown: it had {had} entries; somebody shows different logs to different people"
            ),
        }
    }
}

impl core::error::Error for NoLog {}

impl From<NoBook> for NoLog {
    fn from(why: NoBook) -> Self {
        Self::Book(why)
    }
}

/// A log, read as far as it goes.
#[derive(Debug)]
pub struct Follower {
    place: Place,
    key: String,
    state: Arc<State>,
    checkpoint: Arc<str>,
}

impl Follower {
    /// Reads a log, held to its key.
    ///
    /// # Errors
    /// When it cannot be read, or breaks a rule.
    pub fn open(place: Place, key: &str) -> Result<Self, NoLog> {
        let name = VerifierKey::read(key).map_err(|_| NoBook::Key)?.name();
        let state = Arc::new(State::new(name));
        let mut follower = Self { place, key: key.to_owned(), state, checkpoint: "".into() };
        follower.look()?;
        Ok(follower)
    }

    /// What follows from the log.
    #[must_use]
    pub const fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// The checkpoint with its signatures.
    #[must_use]
    pub const fn checkpoint(&self) -> &Arc<str> {
        &self.checkpoint
    }

    /// Reads what is new, and says whether there was anything.
    ///
    /// # Errors
    /// When the log cannot be read, breaks a rule, or is another one. Then what was read before stays.
    pub fn look(&mut self) -> Result<bool, NoLog> {
        let key = VerifierKey::read(&self.key).map_err(|_| NoBook::Key)?;
        let view = View::open(&self.place, &key).map_err(NoBook::Log)?;
        let had = self.state.size();
        let is_new = view.size() != had || view.root() != self.state.root();
        if is_new {
            let mut state = State::clone(&self.state);
            let entries = view.entries().map_err(NoBook::Log)?;
            view.tiles(&entries).map_err(NoBook::Log)?;
            let known = usize::try_from(had).unwrap_or(usize::MAX);
            for entry in entries.get(known..).ok_or(NoLog::Forked { had })? {
                let index = state.size();
                state.apply(entry).map_err(|why| NoBook::Broken { index, why })?;
            }
            if state.root() != view.root() {
                return Err(NoLog::Forked { had });
            }
            self.state = Arc::new(state);
        }
        if *self.checkpoint != *view.checkpoint() {
            self.checkpoint = view.checkpoint().into();
        }
        Ok(is_new)
    }
}
