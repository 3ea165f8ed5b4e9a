//! How the last run of the sensor ended, and whom that is held against.

use core::fmt;

use crate::content::BootId;

/// How a run ended, as the service manager, a crash report or the sensor itself tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// There was no run before this one.
    Never,
    /// The sensor stopped by itself, in its own time.
    Clean,
    /// Someone asked it to stop: the service manager, a shutdown, an update.
    Stopped,
    /// Someone or something killed it: `kill -9`, the task manager, a container that was torn down.
    Killed,
    /// The system was out of memory. Evaluation does not allocate, so this is not about content.
    OutOfMemory,
    /// The sensor crashed, but no thread was evaluating where it did.
    CrashedElsewhere,
    /// The sensor crashed, or ended in an error.
    Crashed,
    /// The sensor no longer answered, and a watchdog ended it.
    Hung,
    /// The system as a whole crashed, and there is a report of it.
    SystemCrash,
    /// The power was cut, or the system went down without a word.
    Power,
    /// It is not there any more, and nobody knows why.
    Unexplained,
}

/// Whom an end is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Nobody.
    Nobody,
    /// The content that ran.
    Content,
    /// Nobody, as long as it does not go on like that.
    Unexplained,
}

impl Ended {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Never,
        Self::Clean,
        Self::Stopped,
        Self::Killed,
        Self::OutOfMemory,
        Self::CrashedElsewhere,
        Self::Crashed,
        Self::Hung,
        Self::SystemCrash,
        Self::Power,
        Self::Unexplained,
    ];

    /// Whom it is held against. What another process does never costs content its trial.
    #[must_use]
    pub const fn blame(self) -> Blame {
        match self {
            Self::Never | Self::Clean | Self::Stopped | Self::Killed | Self::OutOfMemory | Self::CrashedElsewhere => {
                Blame::Nobody
            }
            Self::Crashed | Self::Hung | Self::SystemCrash => Blame::Content,
            Self::Power | Self::Unexplained => Blame::Unexplained,
        }
    }

    /// What an end without an explanation was, by whether the device has booted since.
    #[must_use]
    pub fn since(self, then: Option<BootId>, now: Option<BootId>) -> Self {
        match (self, then, now) {
            (Self::Unexplained, Some(then), Some(now)) if then != now => Self::Power,
            _ => self,
        }
    }

    /// What systemd says in `$SERVICE_RESULT`, `$EXIT_CODE` and `$EXIT_STATUS`, which `ExecStopPost=` can hand over.
    #[must_use]
    pub fn of_systemd(result: &str, code: &str, status: &str) -> Self {
        let signal = |status: &str| match status {
            "ABRT" | "SEGV" | "BUS" | "ILL" | "FPE" | "TRAP" | "SYS" => Self::Crashed,
            _ => Self::Killed,
        };
        match (result, code) {
            ("success", _) => Self::Stopped,
            ("oom-kill", _) => Self::OutOfMemory,
            ("watchdog" | "timeout", _) => Self::Hung,
            ("core-dump", _) => Self::Crashed,
            ("signal", _) => signal(status),
            ("exit-code", _) => Self::Crashed,
            // `protocol`, `resources`, `start-limit-hit`, `exec-condition`: the sensor did not get to run.
            ("protocol" | "resources" | "start-limit-hit" | "exec-condition", _) => Self::Stopped,
            (_, "dumped") => Self::Crashed,
            (_, "killed") => signal(status),
            _ => Self::Unexplained,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "there was no earlier run",
            Self::Clean => "the sensor stopped by itself",
            Self::Stopped => "the sensor was asked to stop",
            Self::Killed => "the sensor was killed from outside",
            Self::OutOfMemory => "the system was out of memory",
            Self::CrashedElsewhere => "the sensor crashed outside of evaluation",
            Self::Crashed => "the sensor crashed",
            Self::Hung => "the sensor no longer answered",
            Self::SystemCrash => "the system crashed",
            Self::Power => "the power was cut",
            Self::Unexplained => "the sensor ended, and the reason is unknown",
        })
    }
}
