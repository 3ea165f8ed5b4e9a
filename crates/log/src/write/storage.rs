//! Where a log keeps its files: anything that can read a file and put a whole one in its place.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::string::{String, ToString as _};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use sha2::{Digest as _, Sha256};

/// Files below one address. Object stores whose puts are atomic do; a directory is [`Directory`].
pub trait Storage {
    /// The bytes of a file; nothing where there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;

    /// Puts a file in place, whole: until this returns a reader sees the one before or this one, and once it has returned
    /// no power cut takes it away.
    ///
    /// # Errors
    /// When that is not so. Which of the two readers see then is not known.
    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()>;

    /// As [`Storage::write`], so that [`Storage::kept`] knows the file from a copy of it. Where nothing can tell them apart it is a plain file.
    ///
    /// # Errors
    /// As of [`Storage::write`].
    fn keep(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.write(path, bytes)
    }

    /// What [`Storage::keep`] put in place; nothing where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    fn kept(&self, path: &str) -> io::Result<Option<Kept>> {
        Ok(self.read(path)?.map(Kept::Here))
    }
}

/// What a file has that was to stay where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is the one that was put there.
    Here(Vec<u8>),
    /// It is whole, and was put back from a copy, or brought from another place.
    Copied(Vec<u8>),
    /// It is damaged.
    Damaged,
}

/// Bytes behind the content of a file that stays where it is: the file's number, when it was born in nanoseconds since 1970 (0: the file system does
/// not say), and a hash of all that.
const MARK: usize = 8 + 16 + 32;

fn mark_of(file: &fs::Metadata) -> [u8; 24] {
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(file);
    #[cfg(not(unix))]
    let number = 0_u64;
    let born = file.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let born = born.map_or(0, |since| since.as_nanos());
    let mut mark = [0; 24];
    let bytes = number.to_le_bytes().into_iter().chain(born.to_le_bytes());
    mark.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = byte);
    mark
}

fn marked(bytes: &[u8], file: &fs::Metadata) -> Vec<u8> {
    let mut whole = [bytes, &mark_of(file)].concat();
    let hash: [u8; 32] = Sha256::digest(&whole).into();
    whole.extend(hash);
    whole
}

fn kept(root: &Path, path: &str) -> io::Result<Option<Kept>> {
    match kept_at(root, path)? {
        // Whoever was to put another one in its place emptied it and got no further: the other one is whole.
        Some(Kept::Damaged) => match kept_at(root, &new_of(path))? {
            Some(Kept::Here(bytes)) => Ok(Some(Kept::Here(bytes))),
            // It may have got there meanwhile.
            _ => kept_at(root, path),
        },
        kept => Ok(kept),
    }
}

/// The path at which a file is written before it takes the place of another one.
fn new_of(path: &str) -> String {
    let (above, name) = path.rsplit_once('/').map_or(("", path), |(above, name)| (above, name));
    let slash = if above.is_empty() { "" } else { "/" };
    std::format!("{above}{slash}.{name}.new")
}

fn kept_at(root: &Path, path: &str) -> io::Result<Option<Kept>> {
    let Some(whole) = read(root, path)? else { return Ok(None) };
    let of = fs::metadata(root.join(path))?;
    let Some((bytes, mark)) = whole.len().checked_sub(MARK).and_then(|at| whole.split_at_checked(at)) else {
        return Ok(Some(Kept::Damaged));
    };
    let Some((place, hash)) = mark.split_at_checked(24) else { return Ok(Some(Kept::Damaged)) };
    let is_whole = Sha256::new().chain_update(bytes).chain_update(place).finalize()[..] == *hash;
    Ok(Some(match (is_whole, *place == mark_of(&of)) {
        (false, _) => Kept::Damaged,
        (true, true) => Kept::Here(bytes.to_vec()),
        (true, false) => Kept::Copied(bytes.to_vec()),
    }))
}

impl<S: Storage> Storage for &S {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        (*self).read(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        (*self).write(path, bytes)
    }

    fn keep(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        (*self).keep(path, bytes)
    }

    fn kept(&self, path: &str) -> io::Result<Option<Kept>> {
        (*self).kept(path)
    }
}

/// A directory that one process writes at a time, for as long as this lives.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    _lock: File,
}

/// The name of the file that is locked.
const LOCK: &str = ".lock";

impl Directory {
    /// Makes the directory where it is not there, and locks it. Whoever writes it already is waited for as long as `patience`.
    ///
    /// # Errors
    /// When it cannot be made, or somebody else still writes it.
    pub fn open_within(root: impl Into<PathBuf>, patience: Duration) -> io::Result<Self> {
        const LOOKS: Duration = Duration::from_millis(50);
        let root = root.into();
        let began = Instant::now();
        loop {
            match Self::open(root.clone()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && began.elapsed() < patience => {
                    thread::sleep(LOOKS);
                }
                other => return other,
            }
        }
    }

    /// Makes the directory where it is not there, and locks it.
    ///
    /// # Errors
    /// When it cannot be made, or somebody else writes it.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        fs::create_dir_all(&root)?;
        let lock = open_lock(&root.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(io::Error::new(io::ErrorKind::WouldBlock, "another process writes this log"))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// A directory that somebody else may be writing: it is read, and nothing is locked.
#[derive(Clone, Debug)]
pub struct ReadOnly(PathBuf);

impl ReadOnly {
    /// The files below a directory. Nothing is there where it is not.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }
}

/// Opens a file to be read, and refuses what is none: whoever opened a named pipe would wait for somebody who writes to it.
///
/// # Errors
/// When it is none, or cannot be opened.
pub fn open_file(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() { File::open(path) } else { Err(io::Error::other("it is not a regular file")) }
}

/// Opens a file to be locked, and makes it where it is not there. What is no file is refused, as by [`open_file`].
///
/// # Errors
/// When it is none, or cannot be opened.
pub fn open_lock(path: &Path) -> io::Result<File> {
    match fs::metadata(path) {
        Ok(file) if !file.is_file() => {
            Err(io::Error::other(std::format!("{}: it is not a regular file", path.display())))
        }
        _ => File::options().create(true).truncate(false).write(true).open(path),
    }
}

/// The bytes of a file, as of [`open_file`].
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of a file, as of [`open_file`].
///
/// # Errors
/// When it is none, cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open_file(path)?.read_to_string(&mut text)?;
    Ok(text)
}

fn read(root: &Path, path: &str) -> io::Result<Option<Vec<u8>>> {
    let path = root.join(path);
    match read_file(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // A person is told which file it is, in lower case and without the number of the system.
        Err(error) => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or(&text).to_lowercase();
            Err(io::Error::new(error.kind(), std::format!("{}: {text}", path.display())))
        }
    }
}

impl Storage for ReadOnly {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        read(&self.0, path)
    }

    fn write(&self, _path: &str, _bytes: &[u8]) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::PermissionDenied, "it was opened to be read"))
    }

    fn kept(&self, path: &str) -> io::Result<Option<Kept>> {
        kept(&self.0, path)
    }
}

impl Storage for Directory {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        read(&self.root, path)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.put(path, |_| Ok(bytes.to_vec()), |_| Ok(()))
    }

    fn keep(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        // Putting a new file in place of another one keeps its number and when it was born. So does another name of the same file: whoever gave the
        // old one a second name could put it back by that, and nobody would know it from the one that was here. So the old one is emptied first; until
        // the new one is in its place it is read from where it was written.
        let is_here = |kept: Option<Kept>| matches!(kept, Some(Kept::Here(_)));
        let before = kept_at(&self.root, path)?;
        let is_left = matches!(before, Some(Kept::Damaged)) && is_here(kept_at(&self.root, &new_of(path))?);
        if is_left {
            fs::rename(self.root.join(new_of(path)), self.root.join(path))?;
        }
        // What nobody would believe by another name is left alone, whatever it is.
        let is_believed = is_left || is_here(before);
        let ends = |path: &Path| {
            if is_believed { sync(path.parent().unwrap_or(&self.root)).and_then(|()| empty(path)) } else { Ok(()) }
        };
        self.put(path, |file| Ok(marked(bytes, &file.metadata()?)), ends)
    }

    fn kept(&self, path: &str) -> io::Result<Option<Kept>> {
        kept(&self.root, path)
    }
}

impl Directory {
    fn put(
        &self,
        path: &str,
        bytes: impl FnOnce(&File) -> io::Result<Vec<u8>>,
        ends: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let new = self.root.join(new_of(path));
        let path = self.root.join(path);
        let parent = path.parent().unwrap_or(&self.root);
        if !parent.is_dir() {
            fs::create_dir_all(parent)?;
            // Each directory on the way is an entry of the one above it.
            for above in parent.ancestors().take_while(|above| above.starts_with(&self.root)) {
                sync(above)?;
            }
        }
        // Whoever opened a named pipe would wait, and what a link leads to is somebody else's.
        if fs::symlink_metadata(&new).is_ok_and(|there| !there.is_file()) {
            fs::remove_file(&new)?;
        }
        let written = (|| {
            let mut file = File::create(&new)?;
            let bytes = bytes(&file)?;
            file.write_all(&bytes)?;
            file.sync_all()
        })();
        if let Err(error) = written {
            let _ = fs::remove_file(&new);
            return Err(error);
        }
        ends(&path)?;
        fs::rename(&new, &path)?;
        sync(parent)
    }
}

/// Empties a file, by whatever names it goes.
fn empty(path: &Path) -> io::Result<()> {
    let file = File::options().write(true).open(path)?;
    file.set_len(0)?;
    file.sync_all()
}

#[cfg(unix)]
fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere directories cannot be opened; a rename is written through with the file.
#[cfg(not(unix))]
fn sync(_directory: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(std::format!("contentcheck-storage-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    fn here(bytes: &[u8]) -> Option<Kept> {
        Some(Kept::Here(bytes.to_vec()))
    }

    /// What was kept comes back by no second name that it had, wherever that is and however it is put back.
    #[test]
    fn what_was_replaced_is_not_put_back_by_another_name() {
        let root = directory("links");
        let storage = Directory::open(&root).unwrap();
        storage.keep("seen", b"one").unwrap();
        let backup = root.join("backup");
        fs::hard_link(root.join("seen"), &backup).unwrap();
        assert_eq!(storage.kept("seen").unwrap(), here(b"one"));
        storage.keep("seen", b"two").unwrap();
        assert_eq!(storage.kept("seen").unwrap(), here(b"two"));
        fs::rename(&backup, root.join("seen")).unwrap();
        assert_eq!(storage.kept("seen").unwrap(), Some(Kept::Damaged));
        fs::remove_dir_all(&root).unwrap();
    }

    /// Whoever is stopped between two steps of putting a file in place of another one has the one or the other, and goes on from it.
    #[test]
    fn one_or_the_other_is_kept_wherever_it_ends() {
        for is_emptied in [false, true] {
            let root = directory(if is_emptied { "emptied" } else { "written" });
            let storage = Directory::open(&root).unwrap();
            storage.keep("seen", b"one").unwrap();
            let mut new = File::create(root.join(".seen.new")).unwrap();
            let bytes = marked(b"two", &new.metadata().unwrap());
            new.write_all(&bytes).unwrap();
            if is_emptied {
                empty(&root.join("seen")).unwrap();
            }
            let kept = if is_emptied { here(b"two") } else { here(b"one") };
            assert_eq!(storage.kept("seen").unwrap(), kept);
            assert_eq!(ReadOnly::new(&root).kept("seen").unwrap(), kept);
            storage.keep("seen", b"three").unwrap();
            assert_eq!(storage.kept("seen").unwrap(), here(b"three"));
            assert!(!root.join(".seen.new").exists());
            fs::remove_dir_all(&root).unwrap();
        }
    }

    /// What is at the place of a file and was not kept there is not emptied: a link may lead anywhere.
    #[cfg(unix)]
    #[test]
    fn nothing_of_others_is_emptied() {
        let root = directory("others");
        let storage = Directory::open(&root).unwrap();
        let other = root.join("other");
        fs::write(&other, "of somebody else").unwrap();
        std::os::unix::fs::symlink(&other, root.join("seen")).unwrap();
        storage.keep("seen", b"one").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "of somebody else");
        assert_eq!(storage.kept("seen").unwrap(), here(b"one"));
        fs::remove_dir_all(&root).unwrap();
    }

    /// Another one's file beside a damaged one takes its place only where it was written for it.
    #[test]
    fn a_copy_beside_a_damaged_file_is_not_taken() {
        let root = directory("beside");
        let storage = Directory::open(&root).unwrap();
        storage.keep("seen", b"one").unwrap();
        fs::copy(root.join("seen"), root.join(".seen.new")).unwrap();
        empty(&root.join("seen")).unwrap();
        assert_eq!(storage.kept("seen").unwrap(), Some(Kept::Damaged));
        fs::remove_dir_all(&root).unwrap();
    }
}
