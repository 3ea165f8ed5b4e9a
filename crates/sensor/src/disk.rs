//! Files, as the store needs them. A test puts a disk in its place on which every call can fail or be the last.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;

/// The directories of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Directory {
    /// State, and the lock.
    Root,
    /// What is being written. Whatever is found here at a start is left over, and removed.
    Temporary,
    /// Images and their envelopes, by digest. Nothing here is ever changed.
    Images,
    /// Kill lists and their envelopes, by digest.
    Kills,
    /// What was decided, and why.
    Evidence,
}

impl Directory {
    /// All of them, the one that holds the others first.
    pub const ALL: [Self; 5] = [Self::Root, Self::Temporary, Self::Images, Self::Kills, Self::Evidence];

    /// Its path below that of the store.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Temporary => "tmp",
            Self::Images => "images",
            Self::Kills => "kills",
            Self::Evidence => "evidence",
        }
    }
}

/// A file of a store. Names are made by the store, of digests and constants, and never come from outside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The directory.
    pub directory: Directory,
    /// The name in it.
    pub name: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.directory {
            Directory::Root => f.write_str(&self.name),
            directory => write!(f, "{}/{}", directory.path(), self.name),
        }
    }
}

/// What a disk answers where it does not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskError {
    /// There is no such file.
    Missing,
    /// There is no room.
    Full,
    /// Nothing can be written.
    ReadOnly,
    /// The file is larger than was asked for.
    Large,
    /// It is no regular file.
    Irregular,
    /// Something else.
    Other(io::ErrorKind),
}

impl From<io::Error> for DiskError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Self::ReadOnly,
            kind => Self::Other(kind),
        }
    }
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the file is missing"),
            Self::Full => f.write_str("the disk is full"),
            Self::ReadOnly => f.write_str("the disk cannot be written to"),
            Self::Large => f.write_str("the file is too large"),
            Self::Irregular => f.write_str("it is not a regular file"),
            Self::Other(kind) => write!(f, "the disk fails ({kind})"),
        }
    }
}

/// Files of one store. Every call may fail, and every call may be the last one.
pub trait Disk {
    /// Takes the store for this process, for as long as this value lives. False: another process has it.
    ///
    /// # Errors
    /// When the disk does not say.
    fn lock(&mut self) -> Result<bool, DiskError>;
    /// Makes the directories that are missing.
    ///
    /// # Errors
    /// When one is missing and cannot be made.
    fn make(&mut self) -> Result<(), DiskError>;
    /// The names in a directory, `most` of them at most.
    ///
    /// # Errors
    /// When it cannot be read.
    fn list(&mut self, directory: Directory, most: usize) -> Result<Vec<String>, DiskError>;
    /// Reads a regular file of `most` bytes at most.
    ///
    /// # Errors
    /// When it is missing, larger, none, or cannot be read.
    fn read(&mut self, place: &Place, most: usize) -> Result<Vec<u8>, DiskError>;
    /// Writes a new file. What had its name before is let go of and not written to: after a power cut it may be the same
    /// file as another one. The new file need not be on disk then.
    ///
    /// # Errors
    /// When it cannot be written; part of it may be.
    fn write(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError>;
    /// Writes over a file where it lies, so that it has these bytes. If it has as many already, that needs no room, and works on a full
    /// disk. It need not be on disk then.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be written; part of it may be.
    fn overwrite(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError>;
    /// Whether files of the store that are there can be written over, as far as that is known without writing.
    ///
    /// # Errors
    /// When they cannot, and why.
    fn writable(&mut self) -> Result<(), DiskError>;
    /// Adds to the end of a file, which is made where it is missing.
    ///
    /// # Errors
    /// When it cannot be written; part of it may be.
    fn append(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError>;
    /// Has the content of a file on disk.
    ///
    /// # Errors
    /// When that is not certain.
    fn sync(&mut self, place: &Place) -> Result<(), DiskError>;
    /// Gives a file another name, and takes that name from whatever had it, in one step. It need not be on disk then.
    ///
    /// # Errors
    /// When it has its old name.
    fn rename(&mut self, from: &Place, to: &Place) -> Result<(), DiskError>;
    /// Has the names of a directory on disk.
    ///
    /// # Errors
    /// When that is not certain.
    fn sync_directory(&mut self, directory: Directory) -> Result<(), DiskError>;
    /// Removes a file.
    ///
    /// # Errors
    /// When it is there all the same, or never was.
    fn remove(&mut self, place: &Place) -> Result<(), DiskError>;
    /// Bytes that are free. Nothing: nobody knows, and whoever writes finds out.
    ///
    /// # Errors
    /// When the disk does not say.
    fn free(&mut self) -> Result<Option<u64>, DiskError>;
}

/// A directory of a file system, through the standard library.
///
/// It does not know how much is free, which the standard library cannot tell: a write that finds no room leaves everything
/// as it was. A sensor that can tell wraps this.
#[derive(Debug)]
pub struct Files {
    root: PathBuf,
    lock: Option<File>,
}

impl Files {
    /// The store in a directory, which need not be there yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), lock: None }
    }

    fn directory(&self, directory: Directory) -> PathBuf {
        match directory {
            Directory::Root => self.root.clone(),
            directory => self.root.join(directory.path()),
        }
    }

    fn path(&self, place: &Place) -> PathBuf {
        self.directory(place.directory).join(&place.name)
    }
}

/// Refuses what is there and no regular file: opening a pipe would wait for ever, and a link leads elsewhere.
fn regular(path: &Path) -> Result<(), DiskError> {
    if fs::symlink_metadata(path)?.is_file() { Ok(()) } else { Err(DiskError::Irregular) }
}

fn regular_or_missing(path: &Path) -> Result<(), DiskError> {
    match regular(path) {
        Err(DiskError::Missing) => Ok(()),
        other => other,
    }
}

impl Disk for Files {
    fn lock(&mut self) -> Result<bool, DiskError> {
        if self.lock.is_some() {
            return Ok(true);
        }
        let path = self.root.join("lock");
        regular_or_missing(&path)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {
                self.lock = Some(file);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    fn make(&mut self) -> Result<(), DiskError> {
        for directory in Directory::ALL {
            let path = self.directory(directory);
            if !path.is_dir() {
                fs::create_dir_all(path)?;
            }
        }
        Ok(())
    }

    fn list(&mut self, directory: Directory, most: usize) -> Result<Vec<String>, DiskError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.directory(directory))?.take(most) {
            // The store makes no name that is not UTF-8, so such a one is not the store's.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn read(&mut self, place: &Place, most: usize) -> Result<Vec<u8>, DiskError> {
        let path = self.path(place);
        regular(&path)?;
        let mut bytes = Vec::new();
        let limit = (most as u64).saturating_add(1);
        let read = File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        if read > most { Err(DiskError::Large) } else { Ok(bytes) }
    }

    fn write(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError> {
        let path = self.path(place);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut file = OpenOptions::new().create_new(true).write(true).open(path)?;
        Ok(file.write_all(bytes)?)
    }

    fn overwrite(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError> {
        let path = self.path(place);
        regular(&path)?;
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.write_all(bytes)?;
        let length = bytes.len() as u64;
        if file.metadata()?.len() != length {
            file.set_len(length)?;
        }
        Ok(())
    }

    fn writable(&mut self) -> Result<(), DiskError> {
        for name in ["state.a", "state.b", "lock"] {
            let path = self.root.join(name);
            if regular(&path).is_ok() {
                OpenOptions::new().write(true).open(path)?;
            }
        }
        Ok(())
    }

    fn append(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError> {
        let path = self.path(place);
        regular_or_missing(&path)?;
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(file.write_all(bytes)?)
    }

    fn sync(&mut self, place: &Place) -> Result<(), DiskError> {
        Ok(OpenOptions::new().write(true).open(self.path(place))?.sync_all()?)
    }

    fn rename(&mut self, from: &Place, to: &Place) -> Result<(), DiskError> {
        Ok(fs::rename(self.path(from), self.path(to))?)
    }

    fn sync_directory(&mut self, directory: Directory) -> Result<(), DiskError> {
        // Windows opens no directory as a file, and writes its names through.
        #[cfg(unix)]
        File::open(self.directory(directory))?.sync_all()?;
        #[cfg(not(unix))]
        let _ = directory;
        Ok(())
    }

    fn remove(&mut self, place: &Place) -> Result<(), DiskError> {
        Ok(fs::remove_file(self.path(place))?)
    }

    fn free(&mut self) -> Result<Option<u64>, DiskError> {
        Ok(None)
    }
}
