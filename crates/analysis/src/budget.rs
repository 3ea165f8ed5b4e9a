//! How much work an answer may take, counted in steps of the search and never by a clock, so that an
//! answer is the same on every machine.

use std::fmt;

/// The most work that one question may take. Beyond it the answer is [`Unknown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// States of the product of automata, for each question about one value. 20,000 by default: of all
    /// public rules none needs 2,000.
    pub states: usize,
    /// Nodes of one nondeterministic automaton. A million by default: a list of 4,432 file names has 190,000.
    pub nodes: usize,
    /// Nodes of all automata that are kept, and with them, by what they take, the states that were made; beyond it
    /// a search ends, and all are dropped before the next question and made again on use. A million by default, which is
    /// some 100 MB.
    pub kept: usize,
    /// Decisions of the search across fields, for each question. 20,000 by default.
    pub decisions: usize,
    /// Conflicts of the search across fields, for each question. 4,000 by default.
    pub conflicts: usize,
    /// Questions about one value that may be asked to find the smallest conflict. 48 by default.
    pub minimize: usize,
    /// Combinations of values that are tried where one field is compared with another. 256 by default.
    pub combinations: usize,
    /// Steps of all kinds for each question, whatever it asks about: every loop of the analysis counts what it does.
    /// 20 million by default.
    pub work: u64,
    /// Steps of all questions about the rules of one file, where [`crate::Analysis::about`] says which they are. 150
    /// million by default: of all public rules none needs as much, whatever is asked.
    pub file: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            states: 20_000,
            nodes: 1_000_000,
            kept: 1_000_000,
            decisions: 20_000,
            conflicts: 4_000,
            minimize: 48,
            combinations: 256,
            work: 20_000_000,
            file: 150_000_000,
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unknown {
    /// The automata of one value have more states together than [`Budget::states`].
    States,
    /// A list of patterns or an expression needs more nodes than [`Budget::nodes`].
    Nodes,
    /// The steps that one question, or all questions about one file, may take were taken.
    Work,
    /// The search took [`Budget::decisions`] decisions.
    Decisions,
    /// The search met [`Budget::conflicts`] conflicts.
    Conflicts,
    /// A comparison of two fields for which no pair of values was found.
    Fields,
    /// A test of addresses, times or fractions on a text for which no value was found.
    Values,
    /// An expression that automata over characters do not express.
    Expression,
    /// An event was found, and the evaluator of the caller did not confirm it.
    NotConfirmed,
    /// The conditions are over different template types, whose events cannot be compared.
    Templates,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::States => "the automata of one value have too many states together",
            Self::Work => "the work that a question or a file may take is done",
            Self::Nodes => "a list of patterns or a regex is too large",
            Self::Decisions => "the search took too many decisions",
            Self::Conflicts => "the search met too many conflicts",
            Self::Fields => "no values were found for a comparison of two fields",
            Self::Values => "no value was found that passes a test of addresses, times, bits or fractions",
            Self::Expression => "a regex asks for more than automata over characters express",
            Self::Templates => "the conditions are over different template types",
            Self::NotConfirmed => {
                "an event was found that answers otherwise once it is recorded, or is one of another template type then"
            }
        })
    }
}
