//! Gathered: everything that has an influence on a release, as it was read and before it is checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::policy::Policy;
use crate::sidecar::Beside;
use contentcheck_model::diagnostic::Diagnostic;
use contentcheck_model::language::Language;
use contentcheck_model::sensor::Fleet;
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;

/// What leaves a file out of a release: the exclusions of its configuration or of the command line.
pub const EXCLUDE: &str = "exclude";
/// The file of a release that says what directories leave out.
pub const IGNORE_FILE: &str = ".contentcheckignore";

/// What the name of a manifest begins with that ships with the program; that of no file does.
pub const SHIPPED: &str = "builtin:";

/// What a release says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseInfo {
    /// Its name.
    pub name: Option<String>,
    /// Its sequence number: a later release has a higher one.
    pub sequence: Option<u64>,
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InputKind {
    /// A content file.
    Content,
    /// The data of a table.
    Table,
    /// A sensor manifest, or a fleet file that names manifests.
    Manifest,
    /// The configuration.
    Configuration,
    /// A baseline.
    Baseline,
    /// Tests beside rules.
    Tests,
}

/// A file that has an influence on the release, by what it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// What it is.
    pub kind: InputKind,
    /// Its name, as reports use it.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
}

impl Input {
    /// An input with the digest of its bytes.
    #[must_use]
    pub fn new(kind: InputKind, name: impl Into<String>, bytes: &[u8]) -> Self {
        Self { kind, name: name.into(), sha256: sha256(bytes), bytes: bytes.len() as u64 }
    }
}

/// A SHA-256 that is made of parts.
#[derive(Clone, Default)]
pub struct Digester(Sha256);

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digester").finish_non_exhaustive()
    }
}

impl Digester {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest, hexadecimal.
    #[must_use]
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The SHA-256 of bytes, hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&digest(bytes))
}

/// The SHA-256 of bytes.
#[must_use]
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Bytes as hexadecimal digits, in lower case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads the data file of a table, given its path.
type ReadTable = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;
/// What was read, by path.
type Memory = BTreeMap<String, Option<Arc<[u8]>>>;

/// The data files of tables. Each is read once, so that all that is made of a release is made of the same bytes.
#[derive(Clone)]
pub struct Tables {
    read: Arc<ReadTable>,
    known: Arc<Mutex<Memory>>,
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables").finish_non_exhaustive()
    }
}

impl Default for Tables {
    /// No table has a data file.
    fn default() -> Self {
        Self::new(|_| None)
    }
}

impl Tables {
    /// Tables whose data `read` gives by path, as [`crate::native::table::data_path`] makes it. `None` where it cannot be read.
    #[must_use]
    pub fn new(read: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self { read: Arc::new(read), known: Arc::default() }
    }

    /// The bytes of a data file.
    #[must_use]
    pub fn load(&self, path: &str) -> Option<Arc<[u8]>> {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return known.clone();
        }
        let read: Option<Arc<[u8]>> = (self.read)(path).map(Into::into);
        // Where two threads read at once, what the first one read counts.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(path.to_owned()).or_insert(read).clone()
    }

    /// The data files that were read so far, by path.
    #[must_use]
    pub fn inputs(&self) -> Vec<Input> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let read = known.iter().filter_map(|(path, bytes)| Some((path, bytes.as_ref()?)));
        read.map(|(path, bytes)| Input::new(InputKind::Table, path.as_str(), bytes)).collect()
    }
}

/// Everything that has an influence on a release.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// What the release says of itself.
    pub release: ReleaseInfo,
    /// The content files.
    pub sources: Vec<(Source, Language)>,
    /// What could not be read.
    pub problems: Vec<Diagnostic>,
    /// Files of tests beside rules.
    pub beside: Vec<Beside>,
    /// Template types that ship with the tool; the content's own come on top.
    pub library: Arc<[Arc<TemplateType>]>,
    /// The sensors that the content is for. Without them the arity rule is not checked.
    pub fleet: Option<Fleet>,
    /// The sensors that are known besides: where the fleet does not say what events lack, they do, and what is said of
    /// an input that is missed names their versions too. Nothing is checked against them.
    pub known_sensors: Option<Arc<Fleet>>,
    /// The data files of tables.
    pub tables: Tables,
    /// Which findings fail.
    pub policy: Policy,
    /// Files besides content and tables that had an influence: configuration, manifests, baseline, tests.
    pub inputs: Vec<Input>,
    /// What a directory has and the release leaves out: the name of a file or directory, and why.
    pub not_taken: Vec<(String, &'static str)>,
    /// The names of content files that are there for what they have to do with the others: nothing is said of themselves. None, where all of a
    /// release is looked at.
    pub around: BTreeSet<String>,
}

impl Gathered {
    /// Sources alone, with default policy: no library, fleet or tables.
    #[must_use]
    pub fn of(sources: Vec<(Source, Language)>) -> Self {
        Self { sources, ..Self::default() }
    }

    /// Whether something is said of a file.
    #[must_use]
    pub fn is_asked(&self, file: &str) -> bool {
        !self.around.contains(file)
    }

    /// Every file that had an influence, sorted: these content files, which a workspace holds instead of the gathered
    /// ones, and the rest. Data files of tables are there once the release was checked.
    pub(super) fn inputs_with<'s>(&self, content: impl Iterator<Item = &'s Source>) -> Vec<Input> {
        let content = content.map(|source| Input::new(InputKind::Content, source.name(), source.text().as_bytes()));
        let mut all: Vec<Input> = content.chain(self.inputs.iter().cloned()).chain(self.tables.inputs()).collect();
        all.sort();
        all.dedup();
        all
    }
}

/// The digest of content: names and bytes of all content files, by name. Names are those below the directory that they
/// have in common, so it does not matter where the release lies.
pub(super) fn content_sha256<'s>(content: impl Iterator<Item = &'s Source>) -> String {
    hex(&content_digest(content))
}

/// The same as bytes.
pub(super) fn content_digest<'s>(content: impl Iterator<Item = &'s Source>) -> [u8; 32] {
    let mut sources: Vec<&Source> = content.collect();
    sources.sort_by_key(|source| source.name());
    let above = sources.iter().map(|source| directory(source.name())).reduce(common).unwrap_or("").len();
    let mut digest = Sha256::new();
    for source in sources {
        for part in [source.name().get(above..).unwrap_or(""), source.text()] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part.as_bytes());
        }
    }
    digest.finalize().into()
}

/// A path up to and with its last separator.
fn directory(path: &str) -> &str {
    path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or("")
}

/// The directories that two have in common.
fn common<'p>(a: &'p str, b: &'p str) -> &'p str {
    let mut len = 0;
    for (part, other) in a.split_inclusive('/').zip(b.split_inclusive('/')) {
        if part != other {
            break;
        }
        len += part.len();
    }
    a.get(..len).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_once() {
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let tables = Tables::new(move |path| {
            let number = counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            (path == "a.csv").then(|| vec![number as u8])
        });
        assert_eq!(tables.load("a.csv").as_deref(), Some(&[0_u8][..]));
        assert_eq!(tables.clone().load("a.csv").as_deref(), Some(&[0_u8][..]));
        assert_eq!(tables.load("b.csv"), None);
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 2);
        assert_eq!(tables.inputs().len(), 1);
    }

    #[test]
    fn where_a_release_lies_is_not_part_of_its_digest() {
        let digest = |names: [&str; 2]| {
            let sources = [Source::new(names[0], "x"), Source::new(names[1], "y")];
            content_sha256(sources.iter())
        };
        let here = digest(["a.content", "b/c.yml"]);
        assert_eq!(here, digest(["some/where/a.content", "some/where/b/c.yml"]));
        assert_ne!(here, digest(["a.content", "b/d.yml"]));
    }
}
