//! Cache: what a run made of a release, kept for the next one.
//!
//! A directory of files, each named after the fingerprint of what it was made of. Nothing in it is needed: what is
//! missing, cannot be read or is not believed is made again, and a directory that cannot be written is no cache. What a
//! file says is for its reader to check; it comes from a disk.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::failure::Failure;
use crate::fingerprint::Fingerprint;
use crate::{files, write};

/// The variable that names the directory.
pub const DIRECTORY: &str = "CONTENTCHECK_CACHE_DIR";
/// The variable that switches the cache off, if it is set and not empty.
pub const OFF: &str = "CONTENTCHECK_NO_CACHE";

/// How much is kept.
struct Bounds {
    /// Bytes of all files together.
    bytes: u64,
    /// Files.
    files: usize,
    /// A file that was not used for so long goes.
    unused: Duration,
}

const BOUNDS: Bounds = Bounds { bytes: 512 << 20, files: 1000, unused: Duration::from_secs(30 * 24 * 60 * 60) };
/// Bytes of the largest file.
const FILE_BYTES: usize = 128 << 20;
/// Use is noted once in so long.
const NOTED: Duration = Duration::from_secs(60 * 60);
/// What a writer that was killed left behind is older than this.
const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);

const ENDING: &str = ".cccache";
/// What keeps backups and version control out of a directory: a file and its text.
const TAGS: [(&str, &str); 2] = [
    (
        "CACHEDIR.TAG",
        "Signature: 8a477f597d28d172789f06886806bc55\n# This is the cache of contentcheck; `contentcheck clean` removes it.\n",
    ),
    (".gitignore", "*\n"),
];

/// A directory of what was made before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    directory: PathBuf,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many files.
    pub files: usize,
    /// How many bytes they had.
    pub bytes: u64,
}

/// Where the cache is by what the environment says, if it is to be anywhere.
#[must_use]
pub fn place(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if set(OFF).is_some() {
        return None;
    }
    if let Some(named) = set(DIRECTORY) {
        return Some(PathBuf::from(named));
    }
    // A relative path would be another place in each directory; the XDG specification has it ignored.
    let absolute = |name: &str| set(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let above = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join("Library/Caches")))
    } else {
        absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))
    };
    Some(above?.join("contentcheck"))
}

/// A file of the cache.
struct Entry {
    path: PathBuf,
    bytes: u64,
    /// How long ago it was used or written.
    age: Duration,
    /// Whether it is what a writer left behind.
    is_rest: bool,
}

impl Cache {
    /// The one in a directory, which need not be there.
    #[must_use]
    pub const fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn path(&self, of: &Fingerprint) -> PathBuf {
        self.directory.join(format!("{}{ENDING}", of.as_str()))
    }

    /// What was kept, if anything can be read.
    #[must_use]
    pub fn get(&self, of: &Fingerprint) -> Option<Vec<u8>> {
        let path = self.path(of);
        // A link is nothing that this program made.
        fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
        let bytes = files::read_whole(&path, FILE_BYTES).ok()?;
        note_use(&path);
        Some(bytes)
    }

    /// Keeps something, and removes what has not been used for long or is too much. Two that keep the same thing at once
    /// do not disturb each other.
    ///
    /// # Errors
    /// When it cannot be written: then the next run makes it again.
    pub fn put(&self, of: &Fingerprint, bytes: &[u8]) -> Result<(), Failure> {
        if bytes.len() > FILE_BYTES {
            return Ok(());
        }
        make(&self.directory)?;
        let path = self.path(of);
        write::own(&path, bytes)?;
        self.bound(&path, &BOUNDS);
        Ok(())
    }

    /// Removes everything that is the cache's, and the directory if nothing else is in it.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn clean(&self) -> Result<Removed, Failure> {
        let mut removed = Removed::default();
        for entry in self.entries() {
            write::remove(&entry.path)?;
            removed.files += usize::from(!entry.is_rest);
            removed.bytes += entry.bytes;
        }
        for (name, text) in TAGS {
            let path = self.directory.join(name);
            if files::read_whole(&path, text.len()).is_ok_and(|bytes| bytes == text.as_bytes()) {
                write::remove(&path)?;
            }
        }
        // What else is in it is somebody else's, and it stays.
        let _ = fs::remove_dir(&self.directory);
        Ok(removed)
    }

    /// Removes what is too old, then the oldest as long as there is too much. `kept` was just written.
    fn bound(&self, kept: &Path, most: &Bounds) {
        let mut entries = self.entries();
        entries.sort_by(|a, b| (a.age, &a.path).cmp(&(b.age, &b.path)));
        let (mut bytes, mut files) = (0_u64, 0_usize);
        for entry in &entries {
            let goes = if entry.is_rest {
                entry.age > LEFT_BEHIND
            } else {
                bytes = bytes.saturating_add(entry.bytes);
                files += 1;
                entry.path != kept && (entry.age > most.unused || bytes > most.bytes || files > most.files)
            };
            if goes {
                // Another process may have removed it.
                let _ = fs::remove_file(&entry.path);
            }
        }
    }

    /// The files of the cache. Others in its directory are somebody else's.
    fn entries(&self) -> Vec<Entry> {
        let Ok(found) = fs::read_dir(&self.directory) else { return Vec::new() };
        let now = SystemTime::now();
        let entry = |found: fs::DirEntry| {
            let name = found.file_name();
            let name = name.to_str()?;
            // A neighbour that is written before it is put in its place: `.NAME.RANDOM.tmp`.
            let is_rest = name.starts_with('.') && name.ends_with(".tmp");
            let digits = name.strip_prefix('.').filter(|_| is_rest).unwrap_or(name);
            let (digits, ending) = digits.split_at_checked(64)?;
            let is_ours = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if !is_ours || !(ending == ENDING || is_rest && ending.starts_with('.')) {
                return None;
            }
            let metadata = fs::symlink_metadata(found.path()).ok().filter(|found| !found.is_dir())?;
            // A time to come is a clock that was put back.
            let age = metadata.modified().ok().and_then(|at| now.duration_since(at).ok()).unwrap_or_default();
            Some(Entry { path: found.path(), bytes: metadata.len(), age, is_rest })
        };
        found.filter_map(|found| entry(found.ok()?)).collect()
    }
}

/// Makes the directory, for its owner alone, with what keeps backups and version control out of it.
fn make(directory: &Path) -> Result<(), Failure> {
    if directory.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(directory)
        .map_err(|error| Failure::usage(format!("{}: {}", files::name(directory), files::reason(&error))))?;
    TAGS.iter().try_for_each(|(name, text)| write::own(&directory.join(name), text.as_bytes()))
}

/// Notes that a file is in use, by the time of its last change. Where that cannot be done it looks older than it is.
fn note_use(path: &Path) {
    let now = SystemTime::now();
    let noted = fs::metadata(path).and_then(|metadata| metadata.modified());
    if noted.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > NOTED)) {
        let _ = File::options().append(true).open(path).and_then(|file| file.set_modified(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(name: &str) -> Cache {
        let directory = std::env::temp_dir().join(format!("contentcheck-cache-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        make(&directory).unwrap();
        Cache::at(directory)
    }

    /// Writes an entry that was last used so many seconds ago.
    fn entry(cache: &Cache, digit: char, bytes: usize, seconds: u64) -> PathBuf {
        let path = cache.directory.join(format!("{}{ENDING}", digit.to_string().repeat(64)));
        fs::write(&path, vec![0; bytes]).unwrap();
        let at = SystemTime::now() - Duration::from_secs(seconds);
        File::options().append(true).open(&path).unwrap().set_modified(at).unwrap();
        path
    }

    fn left(cache: &Cache) -> String {
        let mut left: Vec<char> = cache.entries().iter().filter(|entry| !entry.is_rest).map(digit).collect();
        left.sort_unstable();
        left.into_iter().collect()
    }

    fn digit(entry: &Entry) -> char {
        entry.path.file_name().unwrap().to_str().unwrap().chars().next().unwrap()
    }

    /// Whoever may write into the directory does not lead this program elsewhere.
    #[cfg(unix)]
    #[test]
    fn a_link_in_the_cache_is_replaced_and_not_followed() {
        let cache = cache("link");
        let victim = cache.directory.join("victim");
        fs::write(&victim, "somebody's").unwrap();
        let of = Fingerprint("a".repeat(64));
        std::os::unix::fs::symlink(&victim, cache.path(&of)).unwrap();
        assert_eq!(cache.get(&of), None);
        cache.put(&of, b"kept").unwrap();
        assert_eq!(cache.get(&of).as_deref(), Some(&b"kept"[..]));
        fs::remove_file(cache.path(&of)).unwrap();
        std::os::unix::fs::symlink(&victim, cache.path(&of)).unwrap();
        cache.clean().unwrap();
        assert!(fs::symlink_metadata(cache.path(&of)).is_err());
        assert_eq!(fs::read(&victim).unwrap(), b"somebody's");
        fs::remove_dir_all(&cache.directory).unwrap();
    }

    #[test]
    fn the_oldest_goes_first_and_what_was_just_written_stays() {
        let most = |bytes, files, seconds| Bounds { bytes, files, unused: Duration::from_secs(seconds) };
        for (bounds, expected) in [
            (most(1000, 10, 1000), "abcd"),
            (most(300, 10, 1000), "acd"),
            (most(250, 10, 1000), "ad"),
            (most(1, 10, 1000), "a"),
            (most(1000, 2, 1000), "ad"),
            (most(1000, 10, 25), "acd"),
            (most(1000, 10, 5), "a"),
        ] {
            let cache = cache("bounds");
            let kept = entry(&cache, 'a', 100, 0);
            entry(&cache, 'b', 100, 30);
            entry(&cache, 'c', 100, 20);
            entry(&cache, 'd', 100, 10);
            let foreign = cache.directory.join("notes.cccache");
            fs::write(&foreign, [0; 5000]).unwrap();
            cache.bound(&kept, &bounds);
            assert_eq!(left(&cache), expected);
            assert!(foreign.is_file());
            fs::remove_dir_all(&cache.directory).unwrap();
        }
    }

    #[test]
    fn what_a_writer_left_behind_goes_once_it_is_old() {
        let cache = cache("rests");
        let kept = entry(&cache, 'a', 1, 0);
        let rest = |digit: char, age: Duration| {
            let path = cache.directory.join(format!(".{}.0123456789abcdef.tmp", digit.to_string().repeat(64)));
            fs::write(&path, "half").unwrap();
            File::options().append(true).open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
            path
        };
        let (new, old) = (rest('b', Duration::ZERO), rest('c', LEFT_BEHIND * 2));
        cache.bound(&kept, &BOUNDS);
        assert!(new.exists() && !old.exists() && kept.exists());
        fs::remove_dir_all(&cache.directory).unwrap();
    }

    #[test]
    fn use_is_noted() {
        let cache = cache("use");
        let path = entry(&cache, 'a', 3, 10 * 24 * 60 * 60);
        let age = || SystemTime::now().duration_since(fs::metadata(&path).unwrap().modified().unwrap()).unwrap();
        assert!(age() > NOTED);
        note_use(&path);
        assert!(age() < NOTED);
        fs::remove_dir_all(&cache.directory).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let cache = cache("mode");
        assert_eq!(fs::metadata(&cache.directory).unwrap().permissions().mode() & 0o777, 0o700);
        fs::remove_dir_all(&cache.directory).unwrap();
    }

    #[cfg(not(any(windows, target_os = "macos")))]
    #[test]
    fn the_environment_says_where_it_is() {
        let of = |set: &[(&str, &str)]| {
            let value =
                |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
            place(value).map(|path| path.to_str().unwrap().to_owned())
        };
        let some = |path: &str| Some(path.to_owned());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("HOME", "")]), None);
        assert_eq!(of(&[("HOME", "relative")]), None);
        assert_eq!(of(&[("HOME", "/h")]), some("/h/.cache/contentcheck"));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]), some("/x/contentcheck"));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_CACHE_HOME", "x")]), some("/h/.cache/contentcheck"));
        assert_eq!(of(&[("HOME", "/h"), (DIRECTORY, "own")]), some("own"));
        assert_eq!(of(&[("HOME", "/h"), (DIRECTORY, "")]), some("/h/.cache/contentcheck"));
        assert_eq!(of(&[("HOME", "/h"), (DIRECTORY, "own"), (OFF, "1")]), None);
        assert_eq!(of(&[("HOME", "/h"), (OFF, "")]), some("/h/.cache/contentcheck"));
    }
}
