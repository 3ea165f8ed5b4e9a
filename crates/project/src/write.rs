//! Files that are written: a regular file is the old one or the new one, whatever happens; what is no regular file is
//! written directly, or refused.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::failure::Failure;
use crate::files;

/// Links that are followed to the file that is written.
const LINKS: usize = 16;
/// Names that are tried for a neighbour. One is taken already where somebody means it to be.
const NAMES: usize = 16;

/// Writes a file. A regular one is written to a neighbour, synced and put in its place; a device or a pipe is written
/// directly; a link is followed. The new file has the mode of the old one, and belongs
/// to who writes it.
///
/// # Errors
/// When it cannot be written; then an old regular file is as it was, and nothing is left behind.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    put(path, bytes).map_err(|error| refused(path, &error))
}

/// Why a file cannot be written.
fn refused(path: &Path, error: &io::Error) -> Failure {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    Failure::usage(match parent.filter(|parent| error.kind() == io::ErrorKind::NotFound && !parent.exists()) {
        Some(parent) => {
            format!("{}: there is no directory `{}`; make it first", files::name(path), files::name(parent))
        }
        None => format!("{}: {}", files::name(path), files::reason(error)),
    })
}

/// Every file that a run reads: the one list that whoever writes or removes a file asks. Clones share it, so what is
/// read late, such as the data of a table, is in it as well.
#[derive(Clone, Debug, Default)]
pub struct InputFiles(Arc<Mutex<Vec<PathBuf>>>, Arc<Mutex<Vec<Tree>>>);

/// A directory whose files of some names are inputs.
#[derive(Clone, Debug)]
struct Tree {
    directory: PathBuf,
    is_input: fn(&Path) -> bool,
}

impl InputFiles {
    /// Adds what is named: a file, or of a directory the files that `is_input` knows by their names. They are not looked
    /// for before somebody asks.
    pub fn add_tree(&self, path: impl Into<PathBuf>, is_input: fn(&Path) -> bool) {
        let directory = path.into();
        self.add(directory.clone());
        self.1.lock().unwrap_or_else(PoisonError::into_inner).push(Tree { directory, is_input });
    }

    /// Adds a file.
    pub fn add(&self, path: impl Into<PathBuf>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(path.into());
    }

    /// Adds files.
    pub fn extend(&self, paths: impl IntoIterator<Item = PathBuf>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(paths);
    }

    /// The files that were added so far.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Refuses a path that is one of them, under whatever name.
    ///
    /// # Errors
    /// When it is.
    pub fn refuse(&self, path: &Path) -> Result<(), Failure> {
        let Some(own) = Identity::of(path) else { return Ok(()) };
        let refused = |input: &Path| {
            Err(Failure::usage(format!(
                "{}: the output would replace an input of this run ({}); name another file",
                files::name(path),
                files::name(input)
            )))
        };
        if let Some(input) = self.paths().iter().find(|input| Identity::of(input).is_some_and(|input| input.is(&own))) {
            return refused(input);
        }
        let trees = self.1.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let holds = |tree: &&Tree| {
            let above = fs::canonicalize(&tree.directory);
            (tree.is_input)(&own.path) && above.is_ok_and(|above| above.is_dir() && own.path.starts_with(above))
        };
        trees.iter().find(holds).map_or(Ok(()), |tree| refused(&tree.directory))
    }
}

/// What tells that two paths lead to one file.
struct Identity {
    path: PathBuf,
    /// Its file system and number: a hard link has another path.
    #[cfg(unix)]
    number: Option<(u64, u64)>,
}

impl Identity {
    /// None where there is nothing that could be lost.
    fn of(path: &Path) -> Option<Self> {
        let path = fs::canonicalize(path).ok()?;
        #[cfg(unix)]
        let number = {
            use std::os::unix::fs::MetadataExt as _;
            fs::metadata(&path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
        };
        Some(Self {
            path,
            #[cfg(unix)]
            number,
        })
    }

    fn is(&self, other: &Self) -> bool {
        #[cfg(unix)]
        if self.number.is_some() && self.number == other.number {
            return true;
        }
        self.path == other.path
    }
}

/// Writes a file that must be none of those that the run reads.
///
/// # Errors
/// When it is one of them, or cannot be written.
pub fn write_output(path: &Path, bytes: &[u8], inputs: &InputFiles) -> Result<(), Failure> {
    inputs.refuse(path)?;
    if let Ok(Target::File(target)) = followed(path) {
        sweep(target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")));
    }
    write(path, bytes)
}

/// Refuses outputs of one run that are one file: the last that is written would take the place of the others.
///
/// # Errors
/// When two are.
pub fn distinct(outputs: &[&Path]) -> Result<(), Failure> {
    for (at, one) in outputs.iter().enumerate() {
        for other in outputs.iter().take(at) {
            let is_same = match (Identity::of(one), Identity::of(other)) {
                (Some(one), Some(other)) => one.is(&other),
                (None, None) => place(one) == place(other),
                _ => false,
            };
            // What is no file keeps all that is written to it.
            if is_same && !fs::metadata(one).is_ok_and(|metadata| !metadata.is_file()) {
                return Err(Failure::usage(format!(
                    "{}: two outputs of this run would be this file ({}); name another one",
                    files::name(one),
                    files::name(other)
                )));
            }
        }
    }
    Ok(())
}

/// Where a file will be that is not there yet.
fn place(path: &Path) -> PathBuf {
    let path = match followed(path) {
        Ok(Target::File(target)) => files::plain(&target),
        _ => files::plain(path),
    };
    let parent = path.parent().and_then(|parent| fs::canonicalize(parent).ok());
    parent.zip(path.file_name()).map_or(path.clone(), |(parent, name)| parent.join(name))
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = match followed(path)? {
        Target::File(target) => target,
        // What a shell opened, such as standard output: a reader that goes away wants no more, and that is no fault. A pipe
        // with a name is somebody's file.
        Target::Descriptor => {
            return match directly(path, bytes) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                written => written,
            };
        }
    };
    match fs::metadata(&target) {
        Ok(metadata) if metadata.is_dir() => Err(io::Error::other("it is a directory")),
        Ok(metadata) if metadata.is_file() => replace(&target, bytes, Some(&metadata)),
        // What is no regular file has no old content that could be lost.
        Ok(_) => directly(&target, bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace(&target, bytes, None),
        Err(error) => Err(error),
    }
}

/// Puts a file of this program's own in a directory: what is there under its name, a link too, is replaced and not followed.
///
/// # Errors
/// When it cannot be written.
pub fn own(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    replace(path, bytes, None).map_err(|error| refused(path, &error))
}

/// Writes behind whatever is there: a pipe, a device, or what the shell opened.
fn directly(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(bytes)?;
    file.flush()
}

/// What a path leads to.
enum Target {
    /// A file, a device or a pipe, which may not be there yet.
    File(PathBuf),
    /// Something that this process, or another one, has open, such as `/dev/stdout`. What such a link says is no path.
    Descriptor,
}

/// What a path leads to, also where that is not there yet.
fn followed(path: &Path) -> io::Result<Target> {
    let mut target = path.to_path_buf();
    for _ in 0..LINKS {
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let link = fs::read_link(&target);
        if link.is_ok() && fs::canonicalize(parent).is_ok_and(|parent| parent.starts_with("/proc")) {
            return Ok(Target::Descriptor);
        }
        match link {
            Ok(link) => target = target.parent().unwrap_or(Path::new("")).join(link),
            // No link, or nothing at all: an error that counts comes back when it is opened.
            Err(_) => return Ok(Target::File(target)),
        }
    }
    Err(io::Error::other("it is a link that leads to too many others"))
}

fn replace(target: &Path, bytes: &[u8], old: Option<&fs::Metadata>) -> io::Result<()> {
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (mut file, neighbour) = neighbour(directory, target)?;
    // As long as it is held, no other run takes it for one that was left. Where a file system cannot, the name has to do.
    let _ = file.try_lock();
    let written = (|| {
        if let Some(old) = old {
            file.set_permissions(old.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&neighbour, target)
    })();
    match written {
        Ok(()) => {
            // The file is whole by now; that its name outlives a crash is a matter of the file system.
            let _ = File::open(directory).and_then(|directory| directory.sync_all());
            Ok(())
        }
        Err(error) => {
            // This run made it, so this run may take it away; there is nothing left to do where that fails.
            let _ = fs::remove_file(&neighbour);
            Err(error)
        }
    }
}

/// A new file beside another one, under a name that nobody can know before.
fn neighbour(directory: &Path, target: &Path) -> io::Result<(File, PathBuf)> {
    let stem: String = target.file_name().unwrap_or_default().to_string_lossy().chars().take(64).collect();
    let mut taken = io::Error::other("no name is free beside it");
    for number in 0..NAMES {
        #[expect(clippy::cast_possible_truncation, reason = "one half of a random number is one as well")]
        let random = RandomState::new().hash_one(number) as u32;
        let name = format!(".{stem}.{random:08x}{:08x}.tmp", mark(&stem, random));
        let path = directory.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
            Err(error) => return Err(error),
        }
    }
    Err(taken)
}

/// What tells a neighbour of this program from a file that somebody else called so: FNV-1a of the name and the number.
fn mark(stem: &str, random: u32) -> u32 {
    let bytes = stem.bytes().chain(random.to_le_bytes());
    bytes.fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Whether a file is called as a neighbour is.
fn is_neighbour(name: &str) -> bool {
    let parts = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp")?.rsplit_once('.'));
    let Some((stem, numbers)) = parts.filter(|(_, numbers)| numbers.len() == 16) else { return false };
    let number = |range| numbers.get(range).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let (Some(random), Some(marked)) = (number(0..8), number(8..16)) else { return false };
    marked == mark(stem, random) && numbers.bytes().all(|digit| digit.is_ascii_digit() || digit.is_ascii_lowercase())
}

/// Removes from a directory what runs that were killed left beside the files that they wrote: files that are called as
/// this program calls them, and that no run holds. Gives how many. A file of anybody else stays.
pub fn sweep(directory: &Path) -> usize {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let is_left = |path: &Path| {
        let is_own = path.file_name().and_then(|name| name.to_str()).is_some_and(is_neighbour);
        is_own
            && fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
            && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
    };
    let left = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| is_left(path));
    left.filter(|path| fs::remove_file(path).is_ok()).count()
}

/// Removes a file that an earlier run left, if it is there.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::usage(format!(
            "{}: an earlier run left it, and it cannot be removed: {}",
            files::name(path),
            files::reason(&error)
        ))),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn directory(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("contentcheck-write-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_regular_file_is_replaced_whole_and_keeps_its_permissions() {
        let directory = directory("regular");
        let path = directory.join("out");
        write(&path, b"one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let before = fs::metadata(&path).unwrap().ino();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_ne!(fs::metadata(&path).unwrap().ino(), before, "it was written in place");
        assert_eq!(names(&directory), ["out"]);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_link_is_followed_and_stays_a_link() {
        let directory = directory("link");
        let (file, link, dangling) = (directory.join("file"), directory.join("link"), directory.join("dangling"));
        write(&file, b"one").unwrap();
        symlink("file", &link).unwrap();
        symlink("new", &dangling).unwrap();
        write(&link, b"two").unwrap();
        write(&dangling, b"three").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::symlink_metadata(&dangling).unwrap().is_symlink());
        assert_eq!(fs::read(directory.join("new")).unwrap(), b"three");
        symlink("round", directory.join("round")).unwrap();
        assert!(write(&directory.join("round"), b"x").is_err());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_device_is_written_and_stays_one() {
        write(Path::new("/dev/null"), b"x").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        assert!(write(&std::env::temp_dir(), b"x").unwrap_err().message.contains("directory"));
    }

    #[test]
    fn an_input_is_refused_under_any_name() {
        let directory = directory("input");
        let (input, link, hop) = (directory.join("input"), directory.join("link"), directory.join("x/../input"));
        write(&input, b"rules").unwrap();
        fs::create_dir(directory.join("x")).unwrap();
        symlink("input", &link).unwrap();
        let hard = directory.join("hard");
        fs::hard_link(&input, &hard).unwrap();
        let inputs = InputFiles::default();
        // What is added later, through a clone, counts.
        inputs.clone().add(&input);
        for path in [&input, &link, &hop, &hard] {
            let refused = write_output(path, b"image", &inputs).unwrap_err();
            assert!(refused.message.contains("would replace an input"), "{}", refused.message);
        }
        assert_eq!(fs::read(&input).unwrap(), b"rules");
        write_output(&directory.join("other"), b"image", &inputs).unwrap();
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn what_a_directory_of_inputs_holds_is_refused() {
        let directory = directory("tree");
        let (below, hop) = (directory.join("in/deep"), directory.join("hop"));
        fs::create_dir_all(&below).unwrap();
        symlink("in", &hop).unwrap();
        let inputs = InputFiles::default();
        inputs.add_tree(directory.join("in"), |path| path.extension().is_some_and(|ending| ending == "jsonl"));
        for name in ["in/a.jsonl", "in/deep/a.jsonl", "in/a.txt", "a.jsonl"] {
            fs::write(directory.join(name), "x").unwrap();
        }
        for (name, is_refused) in [
            ("in/a.jsonl", true),
            ("in/deep/a.jsonl", true),
            ("hop/deep/a.jsonl", true),
            ("in/a.txt", false),
            ("a.jsonl", false),
            ("in/new.jsonl", false),
        ] {
            assert_eq!(inputs.refuse(&directory.join(name)).is_err(), is_refused, "{name}");
        }
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn two_outputs_are_two_files() {
        let directory = directory("distinct");
        let at = |name: &str| directory.join(name);
        fs::create_dir(at("x")).unwrap();
        fs::write(at("file"), "").unwrap();
        fs::hard_link(at("file"), at("hard")).unwrap();
        symlink("file", at("link")).unwrap();
        symlink("new", at("dangling")).unwrap();
        symlink("x", at("y")).unwrap();
        for (one, other, is_one) in [
            ("new", "new", true),
            ("new", "x/../new", true),
            ("new", "dangling", true),
            ("x/new", "y/new", true),
            ("none/new", "none/./new", true),
            ("file", "hard", true),
            ("file", "link", true),
            ("new", "file", false),
            ("new", "x/new", false),
            ("none/new", "none/other", false),
        ] {
            assert_eq!(distinct(&[&at(one), &at("third"), &at(other)]).is_err(), is_one, "{one}, {other}");
        }
        assert!(distinct(&[Path::new("/dev/null"), Path::new("/dev/null")]).is_ok());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_nothing_else() {
        let directory = directory("left");
        let path = directory.join("evidence.json");
        let mut left = Vec::new();
        for _ in 0..3 {
            // Written, and never put in its place.
            let (mut file, neighbour) = neighbour(&directory, &path).unwrap();
            file.write_all(b"half of").unwrap();
            left.push(neighbour);
        }
        let (held, running) = neighbour(&directory, &path).unwrap();
        held.try_lock().unwrap();
        let strangers = [
            ".evidence.json.0123456789abcdef.tmp",
            ".evidence.json.tmp",
            "evidence.json.tmp",
            ".0123456789abcdef.tmp",
            ".x.012345678abcdef.tmp",
        ];
        for name in strangers {
            fs::write(directory.join(name), "foreign").unwrap();
        }
        // A directory, and a link, under a name of this kind.
        let name = |number: u32| directory.join(format!(".y.{number:08x}{:08x}.tmp", mark("y", number)));
        fs::create_dir(name(1)).unwrap();
        symlink("evidence.json", name(2)).unwrap();
        assert_eq!(sweep(&directory), left.len());
        assert!(left.iter().all(|path| !path.exists()));
        assert!(running.exists() && name(1).is_dir() && fs::symlink_metadata(name(2)).unwrap().is_symlink());
        assert!(strangers.iter().all(|name| directory.join(name).exists()));
        drop(held);
        // The next output takes away what is left there by then.
        write_output(&path, b"whole", &InputFiles::default()).unwrap();
        assert!(!running.exists());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn files_of_others_are_left_alone_and_names_are_not_foreseen() {
        let directory = directory("foreign");
        let path = directory.join("out");
        let foreign = directory.join(format!(".out.{}.tmp", std::process::id()));
        fs::write(&foreign, "foreign").unwrap();
        for _ in 0..4 {
            write(&path, b"x").unwrap();
        }
        assert_eq!(fs::read(&foreign).unwrap(), b"foreign");
        assert_eq!(names(&directory).len(), 2);
        let (one, two) = (neighbour(&directory, &path).unwrap().1, neighbour(&directory, &path).unwrap().1);
        assert_ne!(one, two);
        fs::remove_dir_all(directory).unwrap();
    }
}
