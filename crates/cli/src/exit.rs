//! Exit codes: what a script may rely on.

use std::process::ExitCode;

pub use contentcheck_project::Failure;
use contentcheck_project::Kind;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: everything that was asked for was done, and nothing was found.
    Fine,
    /// 1: there are findings that fail the run.
    Findings,
    /// 2: the command line, the configuration or an input that was named is wrong.
    Usage,
    /// 3: a fault of this program or of the machine.
    Internal,
}

impl Exit {
    /// The number that the process ends with.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Internal => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

impl From<Kind> for Exit {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Findings => Self::Findings,
            Kind::Usage => Self::Usage,
            Kind::Internal => Self::Internal,
        }
    }
}

/// What every command returns.
pub type Outcome = Result<Exit, Failure>;
