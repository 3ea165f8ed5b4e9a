//! Choices: where a generator gets its decisions from. Bytes of a fuzzer or of proptest, or a
//! seed; the generators do not know which.

/// A source of decisions.
#[derive(Clone, Debug)]
pub struct Choices<'c> {
    bytes: &'c [u8],
    state: Option<u64>,
}

impl<'c> Choices<'c> {
    /// Decides by bytes. Once they are used up every decision is the first of its kind, so that
    /// fewer and smaller bytes make smaller inputs, as fuzzers and proptest expect.
    #[must_use]
    pub const fn of_bytes(bytes: &'c [u8]) -> Self {
        Self { bytes, state: None }
    }

    /// Decides by a seed, without end.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { bytes: &[], state: Some(seed) }
    }

    fn byte(&mut self) -> u8 {
        if let Some((first, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            return *first;
        }
        let Some(state) = &mut self.state else { return 0 };
        // SplitMix64.
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed >> 56) as u8
    }

    /// A number below `count`; zero if that is zero.
    pub fn below(&mut self, count: usize) -> usize {
        let mut number = 0_usize;
        let mut span = 1_usize;
        while span < count {
            number = number << 8 | usize::from(self.byte());
            span = span.saturating_mul(256);
        }
        number.checked_rem(count).unwrap_or(0)
    }

    /// True once in so many times.
    pub fn once_in(&mut self, count: usize) -> bool {
        self.below(count) + 1 == count
    }

    /// One of some things. `None` if there are none.
    pub fn maybe<'t, T>(&mut self, things: &'t [T]) -> Option<&'t T> {
        things.get(self.below(things.len()))
    }

    /// One of some things, of which there is at least one.
    pub fn pick<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        self.maybe(things).expect("there is at least one")
    }

    /// Any number of 64 bits.
    pub fn word(&mut self) -> u64 {
        (0..8).fold(0, |word, _| word << 8 | u64::from(self.byte()))
    }

    /// Whether every decision from here on is the first of its kind.
    #[must_use]
    pub const fn are_used_up(&self) -> bool {
        self.bytes.is_empty() && self.state.is_none()
    }
}
