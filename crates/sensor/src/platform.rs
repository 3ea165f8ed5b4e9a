//! What a store asks of the system beside files.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use crate::content::{BootId, Digest, Sequence};
use crate::ended::Ended;

/// Clocks, boots, and how the last run ended. Whatever the system cannot tell is `None`.
pub trait Platform {
    /// Which boot this is.
    fn boot(&mut self) -> Option<BootId>;
    /// How the last run of the sensor ended, as somebody saw it from outside. [`Ended::Unexplained`], where nobody did.
    fn ended(&mut self) -> Ended;
    /// Whether what is said of an end can be marked as accounted for. Where it cannot, it may be said of a run before the last one, and is
    /// believed only as long as the state can be written.
    fn can_settle(&mut self) -> bool {
        true
    }
    /// The end of the last run is accounted for, and written.
    fn settled(&mut self) {}
    /// Seconds since 1970. May be wrong, and may jump.
    fn wall(&mut self) -> Option<u64>;
    /// Seconds since some moment, by a clock that nobody sets.
    fn elapsed(&mut self) -> Option<u64>;
    /// A floor that is remembered outside of the directory, in a TPM or the sensor's own settings: who restores an old
    /// directory does not restore that.
    fn floor(&mut self) -> Option<Sequence> {
        None
    }
    /// Remembers a floor.
    fn raise_floor(&mut self, floor: Sequence) {
        let _ = floor;
    }
    /// What the hardware is told by: the same at each start, another one on each machine, and on a clone of a machine.
    fn hardware(&mut self) -> Option<Digest> {
        None
    }
    /// Bytes that no other device has, for the id of this one. Nothing: the device has no id, and takes nothing by rings.
    fn nonce(&mut self) -> Option<Digest> {
        None
    }
}

/// The system, through the standard library. Boots are told apart on Linux; how the last run ended is what the service manager left
/// in the first line of a file.
///
/// systemd leaves it with this line, for a store in `/var/lib/edr`:
///
/// ```text
/// ExecStopPost=/bin/sh -c 'echo "$SERVICE_RESULT $EXIT_CODE $EXIT_STATUS" 1<>/var/lib/edr/ended'
/// ```
///
/// `1<>` writes over the file where it lies, which works on a full disk too; `>` would empty it first. Once an end is accounted for the
/// file is written over in the same way, and keeps its room.
///
/// On a disk that was mounted read-only the file says what it said before, so it is not believed, and factory content runs. Where the disk is
/// read-only by design the file lies elsewhere, in `/run`.
#[derive(Debug)]
pub struct System {
    ended: PathBuf,
    began: Instant,
}

impl System {
    /// With the file that says how the last run ended.
    #[must_use]
    pub fn new(ended: impl Into<PathBuf>) -> Self {
        Self { ended: ended.into(), began: Instant::now() }
    }
}

/// What the file says when the end of the last run is accounted for. As long as the longest line that is written over it.
const SETTLED: [u8; 64] = *b"settled                                                        \n";

/// Opens a file to write over it where it lies; makes it where it is missing.
fn open_over(path: &Path) -> std::io::Result<fs::File> {
    // A pipe would be waited for, and a link leads elsewhere.
    if fs::symlink_metadata(path).is_ok_and(|file| !file.is_file()) {
        fs::remove_file(path)?;
    }
    fs::OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

fn overwrite(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = open_over(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

impl Platform for System {
    fn boot(&mut self) -> Option<BootId> {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let mut digits = text.trim().bytes().filter(|byte| *byte != b'-');
        let mut id = [0; 16];
        for byte in &mut id {
            let mut nibble = || char::from(digits.next()?).to_digit(16);
            *byte = u8::try_from(nibble()? << 4 | nibble()?).ok()?;
        }
        Some(BootId(id))
    }

    fn ended(&mut self) -> Ended {
        let is_small = fs::symlink_metadata(&self.ended).is_ok_and(|file| file.is_file() && file.len() < 256);
        let text = if is_small { fs::read_to_string(&self.ended).unwrap_or_default() } else { Default::default() };
        // What is longer than the line that was written last is left over behind it.
        let mut words = text.lines().next().unwrap_or_default().split_ascii_whitespace();
        let mut word = || words.next().unwrap_or("");
        Ended::of_systemd(word(), word(), word())
    }

    fn can_settle(&mut self) -> bool {
        open_over(&self.ended).is_ok()
    }

    fn settled(&mut self) {
        // Left over, it would be taken for the end of this run, if that ends without a word.
        if overwrite(&self.ended, &SETTLED).is_err() {
            // Nothing else can be done here.
            let _ = fs::remove_file(&self.ended);
        }
    }

    fn hardware(&mut self) -> Option<Digest> {
        // Readable for root alone, and on machines that have one.
        let id = fs::read("/sys/class/dmi/id/product_uuid").ok()?;
        Some(Digest::of(&id))
    }

    fn nonce(&mut self) -> Option<Digest> {
        let mut bytes = [0; 32];
        fs::File::open("/dev/urandom").ok()?.read_exact(&mut bytes).ok()?;
        Some(Digest::of(&bytes))
    }

    fn wall(&mut self) -> Option<u64> {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok().map(|since| since.as_secs())
    }

    fn elapsed(&mut self) -> Option<u64> {
        Some(self.began.elapsed().as_secs())
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn an_end_is_settled_where_the_file_can_be_written_over() {
        let root = std::env::temp_dir().join(format!("contentcheck-ended-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let mut system = System::new(root.join("ended"));
        assert!(system.can_settle() && system.ended() == Ended::Unexplained);
        fs::write(root.join("ended"), "success exited 0\n").unwrap();
        assert!(system.can_settle() && system.ended() == Ended::Stopped, "asking changes nothing");
        system.settled();
        assert_eq!(system.ended(), Ended::Unexplained);
        assert!(!System::new(root.join("missing/ended")).can_settle());
        fs::remove_dir_all(root).unwrap();
    }
}
