//! `witness`: recomputes a log of rollouts from its entries and from what devices reported, and signs for it.
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /v1/cosign` | the line of its signature for the newest checkpoint, or 409 and why it does not sign |
//! | `POST /v1/halt` | takes a halt that one who may halt has signed: it signs for no further ring of that rollout before the halt is in the log |
//! | `GET /v1/witness` | its key that others check with |
//! | `GET /v1/seen` | the checkpoint that it has seen last, as the log signed it, and its time as `Date`: whoever writes a log asks, that may have been put back from a copy, or has a clock that is wrong |
//! | `GET /v1/halts` | the halts that it was told of and has not seen in the log, 72 bytes each: the rollout, the time, the entry that it follows |
//! | `GET /healthz` | whether it works |
//!
//! Where the log and the reports are is configured, and never part of a request: whoever may ask a witness can make it look again, and
//! whoever holds a key that halts can tell it of a halt; nothing else. Its key signs checkpoints. It opens no ring.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use contentcheck_log::write::{Directory, Kept as WasKept, NoSecret, SecretKey, Storage, View, proven, read_text};
use contentcheck_log::{Algorithm, Hash, VerifierKey};
use contentcheck_rollout::book::{halts_bytes, read_halts};
use contentcheck_rollout::state::Told;
use contentcheck_rollout::{Cosigner, NoBook};

use crate::client::Client;
use crate::clock::Clock;
use crate::daemon::{Daemon, hardened, read, refused};
use crate::limits::{ANSWER_BYTES, HALT_BYTES, NO_BODY_BYTES, REHEARSAL_BYTES};
use crate::place::Place;
use crate::recount::Recounter;

/// The name of the file with the key of a witness, in its directory.
pub const KEY: &str = "key";
/// The first second of the year 9999.
const YEAR_9999: u64 = 253_370_764_800;
/// Seconds for which a signature for the same checkpoint is given again.
const AGAIN: u64 = 10;

/// Why a witness does not begin.
#[derive(Debug)]
pub enum NoWitness {
    /// A file cannot be read or written.
    File(PathBuf, io::Error),
    /// There is a key already.
    Exists(PathBuf),
    /// Others than its owner can read the key.
    Open(PathBuf),
    /// Another process signs with the key of this directory.
    Runs(PathBuf),
    /// The key is none.
    Key(PathBuf, NoSecret),
    /// What it kept is damaged, or the log's key is none.
    Book(NoBook),
}

impl fmt::Display for NoWitness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {}", path.display(), crate::said::reason(error)),
            Self::Exists(path) => write!(f, "{} is there already; a witness keeps its key", path.display()),
            Self::Open(path) => {
                write!(f, "{} can be read by others than its owner; `chmod 600` it, or make a new one", path.display())
            }
            Self::Runs(path) => write!(f, "the witness of {} runs already", path.display()),
            Self::Key(path, why) => write!(f, "{}: {why}", path.display()),
            Self::Book(why) => why.fmt(f),
        }
    }
}

impl core::error::Error for NoWitness {}

/// Why there is no signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCosign {
    /// The witness does not sign.
    Refused(String),
    /// It cannot be asked, or is busy.
    Unreachable(String),
}

impl fmt::Display for NoCosign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "the witness does not sign: {why}"),
            Self::Unreachable(why) => write!(f, "the witness cannot be asked: {why}"),
        }
    }
}

impl core::error::Error for NoCosign {}

/// A witness that can be asked for its signature.
pub trait Cosign {
    /// The key that others check its signatures with.
    fn verifier(&self) -> &str;

    /// The line of its signature for the newest checkpoint of the log. It is held to the checkpoint by
    /// [`Book::cosigned`](contentcheck_rollout::Book::cosigned).
    ///
    /// # Errors
    /// Why there is none.
    fn cosign(&mut self) -> Result<String, NoCosign>;

    /// Tells it of a halt, beside the log: whoever writes the log may keep one back.
    ///
    /// # Errors
    /// Why it does not take it.
    fn tell(&mut self, halt: &[u8]) -> Result<(), NoCosign>;

    /// Whether it would sign for the log that has these entries from a place on.
    ///
    /// # Errors
    /// Why it would not, or that it cannot be asked.
    fn rehearse(&mut self, from: u64, entries: &[Vec<u8>]) -> Result<(), NoCosign>;
}

/// Entries as they are sent: the place of the first one in eight bytes, and each with its length before it in four, the greatest first.
fn framed(from: u64, entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = from.to_be_bytes().to_vec();
    for entry in entries {
        bytes.extend_from_slice(&u32::try_from(entry.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    bytes
}

/// What [`framed`] made; nothing of other bytes.
fn unframed(bytes: &[u8]) -> Option<(u64, Vec<Vec<u8>>)> {
    let (from, mut bytes) = bytes.split_first_chunk::<8>()?;
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (entry, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        entries.push(entry.to_vec());
        bytes = rest;
    }
    Some((u64::from_be_bytes(*from), entries))
}

/// A storage that several hold.
#[derive(Clone, Debug)]
struct Kept(Arc<Directory>);

impl Storage for Kept {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        self.0.read(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.0.write(path, bytes)
    }

    fn keep(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.0.keep(path, bytes)
    }

    fn kept(&self, path: &str) -> io::Result<Option<WasKept>> {
        self.0.kept(path)
    }
}

/// A witness with its key, in this process.
pub struct Keeper {
    cosigner: Cosigner<Kept>,
    verifier: String,
    log: Place,
    log_key: String,
    reports: Recounter,
    clock: Clock,
    /// What it signed last: the checkpoint, when, and the line.
    last: Option<((u64, Hash), u64, String)>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// Makes a key for a witness, in its directory, and gives the key that others check with.
///
/// # Errors
/// When there is one already, the name is none, or it cannot be written.
pub fn make_key(directory: &Path, name: &str) -> Result<String, NoWitness> {
    let path = directory.join(KEY);
    let failed = |error| NoWitness::File(path.clone(), error);
    fs::create_dir_all(directory).map_err(failed)?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| failed(io::Error::other(error.to_string())))?;
    let key =
        SecretKey::of_seed(name, Algorithm::Cosignature, &seed).map_err(|why| NoWitness::Key(path.clone(), why))?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => NoWitness::Exists(path.clone()),
        _ => failed(error),
    })?;
    let text = format!("{}\n", key.to_secret_text());
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    begin(directory)?;
    Ok(key.verifier())
}

/// Puts what a witness has that has seen nothing into the directory of its key, unless it is there.
///
/// # Errors
/// When it cannot be written.
pub fn begin(directory: &Path) -> Result<(), NoWitness> {
    Cosigner::begin(&Kept(Arc::new(storage(directory)?))).map_err(NoWitness::Book)?;
    crate::store::sync(directory).map_err(|error| NoWitness::File(directory.to_owned(), error))
}

/// The directory of a witness, which one process works in at a time.
fn storage(directory: &Path) -> Result<Directory, NoWitness> {
    Directory::open(directory).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => NoWitness::Runs(directory.to_owned()),
        _ => NoWitness::File(directory.to_owned(), error),
    })
}

/// Makes what was brought to a directory with a witness its own: a person says that it was moved with all that it had.
///
/// # Errors
/// When it runs there, or something is damaged.
pub fn moved(directory: &Path) -> Result<(), NoWitness> {
    let storage = storage(directory)?;
    contentcheck_rollout::book::moved(&storage).map_err(NoWitness::Book)
}

/// The key that others check a witness with, by the key that is in its directory.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn verifier(directory: &Path) -> Result<String, NoWitness> {
    read_key(directory).map(|key| key.verifier())
}

fn read_key(directory: &Path) -> Result<SecretKey, NoWitness> {
    let path = directory.join(KEY);
    let failed = |error| NoWitness::File(path.clone(), error);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if fs::metadata(&path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(NoWitness::Open(path));
        }
    }
    let text = read_text(&path).map_err(failed)?;
    SecretKey::read(&text).map_err(|why| NoWitness::Key(path, why))
}

impl Keeper {
    /// A witness with the key and the memory of a directory, of the log at a place with a key, which counts reports again.
    ///
    /// # Errors
    /// When there is no key, or what it kept is damaged: it may have signed a log that it no longer knows, so a person decides.
    pub fn open(
        directory: &Path,
        (log, log_key): (Place, &str),
        reports: Recounter,
        clock: Clock,
    ) -> Result<Self, NoWitness> {
        let key = read_key(directory)?;
        let verifier = key.verifier();
        let storage = storage(directory)?;
        let cosigner = Cosigner::new(Kept(Arc::new(storage)), key, log_key).map_err(NoWitness::Book)?;
        cosigner.kept().map_err(NoWitness::Book)?;
        Ok(Self { cosigner, verifier, log, log_key: log_key.to_owned(), reports, clock, last: None })
    }

    fn sign(&mut self) -> Result<String, NoBook> {
        let key = VerifierKey::read(&self.log_key).map_err(|_| NoBook::Key)?;
        let view = View::open(&self.log, &key)?;
        let (checkpoint, now) = ((view.size(), view.root()), (self.clock)());
        if let Some((of, at, line)) = &self.last
            && *of == checkpoint
            && (*at..at.saturating_add(AGAIN)).contains(&now)
        {
            return Ok(line.clone());
        }
        let line = self.cosigner.cosign(&self.log, now, &self.reports)?;
        self.last = Some((checkpoint, now, line.clone()));
        Ok(line)
    }

    /// Serves its signature on a listener.
    ///
    /// # Errors
    /// When the port cannot be used.
    pub fn start(self, listener: TcpListener) -> io::Result<Daemon> {
        let verifier = self.verifier.clone();
        let clock = Arc::clone(&self.clock);
        let app = Arc::new(Served { keeper: Mutex::new(self), verifier, clock });
        let routes = Router::new()
            .route("/v1/cosign", post(cosign))
            .route("/v1/halt", post(halt))
            .route("/v1/rehearse", post(rehearse))
            .route("/v1/witness", get(async |Shared(app): Shared<App>| text(StatusCode::OK, &app.verifier)))
            .route("/v1/seen", get(seen))
            .route("/v1/halts", get(halts))
            .route("/healthz", get(health))
            .fallback(async || refused(StatusCode::NOT_FOUND, "nothing is here; see POST /v1/cosign"))
            .with_state(app);
        Daemon::start(listener, "witness", || routes, || {})
    }
}

impl Cosign for Keeper {
    fn verifier(&self) -> &str {
        &self.verifier
    }

    fn cosign(&mut self) -> Result<String, NoCosign> {
        self.sign().map_err(why_not)
    }

    fn tell(&mut self, halt: &[u8]) -> Result<(), NoCosign> {
        let now = (self.clock)();
        // What it signed last may be against the halt.
        self.last = None;
        self.cosigner.told(&self.log, halt, now).map_err(why_not)
    }

    fn rehearse(&mut self, from: u64, entries: &[Vec<u8>]) -> Result<(), NoCosign> {
        self.cosigner.rehearse(&self.log, (from, entries), (self.clock)(), &self.reports).map_err(why_not)
    }
}

fn why_not(why: NoBook) -> NoCosign {
    match why {
        NoBook::Log(_) => NoCosign::Unreachable(why.to_string()),
        _ => NoCosign::Refused(why.to_string()),
    }
}

struct Served {
    keeper: Mutex<Keeper>,
    verifier: String,
    clock: Clock,
}

type App = Arc<Served>;

fn text(status: StatusCode, line: &str) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    hardened((status, kind, format!("{}\n", line.trim_end())).into_response())
}

async fn health(Shared(app): Shared<App>) -> Response {
    let kept = tokio::task::spawn_blocking(move || match app.keeper.try_lock() {
        Ok(keeper) => keeper.cosigner.kept().map(|_| ()).map_err(|why| why.to_string()),
        // It is at work.
        Err(_) => Ok(()),
    });
    match kept.await {
        Ok(Ok(())) => text(StatusCode::OK, "ok"),
        Ok(Err(why)) => refused(StatusCode::SERVICE_UNAVAILABLE, &why),
        Err(_) => refused(StatusCode::SERVICE_UNAVAILABLE, "the witness stops"),
    }
}

async fn seen(Shared(app): Shared<App>) -> Response {
    // A date has a year of four digits.
    let now = Some((app.clock)()).filter(|now| *now < YEAR_9999).map(|now| UNIX_EPOCH + Duration::from_secs(now));
    let mut response = asked(app, |keeper| {
        let checkpoint = keeper.cosigner.checkpoint().map_err(why_not)?.unwrap_or_default();
        String::from_utf8(checkpoint).map_err(|_| NoCosign::Refused("what it kept is damaged".to_owned()))
    })
    .await;
    // By the clock that it signs with.
    if let Some(date) = now.and_then(|date| HeaderValue::from_str(&httpdate::fmt_http_date(date)).ok()) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

async fn halts(Shared(app): Shared<App>) -> Response {
    let told = tokio::task::spawn_blocking(move || match app.keeper.try_lock() {
        Ok(keeper) => keeper.cosigner.halts().map_err(|why| (StatusCode::CONFLICT, why.to_string())),
        Err(_) => Err((StatusCode::SERVICE_UNAVAILABLE, "it is at work; ask again later".to_owned())),
    });
    match told.await {
        Ok(Ok(halts)) => {
            let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
            hardened((kind, halts_bytes(&halts)).into_response())
        }
        Ok(Err((status, why))) => refused(status, &why),
        Err(_) => refused(StatusCode::SERVICE_UNAVAILABLE, "the witness stops"),
    }
}

async fn cosign(Shared(app): Shared<App>, request: Request) -> Response {
    // What the body says is of no interest; one that is large is not read.
    if let Err(refusal) = read(request.into_body(), NO_BODY_BYTES).await {
        return refusal;
    }
    asked(app, Keeper::cosign).await
}

async fn halt(Shared(app): Shared<App>, request: Request) -> Response {
    let halt = match read(request.into_body(), HALT_BYTES).await {
        Ok(halt) => halt,
        Err(refusal) => return refusal,
    };
    asked(app, move |keeper| keeper.tell(&halt).map(|()| "halted".to_owned())).await
}

/// What a witness answers that would sign.
const WOULD: &str = "it would sign";

async fn rehearse(Shared(app): Shared<App>, request: Request) -> Response {
    let bytes = match read(request.into_body(), REHEARSAL_BYTES).await {
        Ok(bytes) => bytes,
        Err(refusal) => return refusal,
    };
    let Some((from, entries)) = unframed(&bytes) else {
        return refused(StatusCode::BAD_REQUEST, "these are no entries, each with its length before it");
    };
    asked(app, move |keeper| keeper.rehearse(from, &entries).map(|()| WOULD.to_owned())).await
}

/// Asks the witness, where it is not at work.
async fn asked(app: App, what: impl FnOnce(&mut Keeper) -> Result<String, NoCosign> + Send + 'static) -> Response {
    let answered = tokio::task::spawn_blocking(move || {
        let mut keeper = match app.keeper.try_lock() {
            Ok(keeper) => keeper,
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            Err(TryLockError::WouldBlock) => {
                return Err(NoCosign::Unreachable("it is looking at the log; ask again later".into()));
            }
        };
        what(&mut keeper)
    });
    match answered.await {
        Ok(Ok(line)) => text(StatusCode::OK, &line),
        Ok(Err(NoCosign::Refused(why))) => refused(StatusCode::CONFLICT, &why),
        Ok(Err(NoCosign::Unreachable(why))) => refused(StatusCode::SERVICE_UNAVAILABLE, &why),
        Err(_) => refused(StatusCode::SERVICE_UNAVAILABLE, "the witness stops"),
    }
}

/// What a witness shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it has seen of the log: entries, and their root. Nothing where it has seen none.
    pub log: Option<(u64, Hash)>,
    /// The time by its clock, in seconds since 1970, where it says so.
    pub clock: Option<u64>,
}

/// A witness that is asked over HTTP.
#[derive(Debug)]
pub struct Remote {
    url: String,
    verifier: String,
    client: Client,
}

impl Remote {
    /// The witness at an address, with the key that others check with.
    #[must_use]
    pub fn new(url: &str, verifier: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), verifier: verifier.to_owned(), client: Client::new() }
    }

    /// What it has seen of the log with a key, and its time. It is not asked for long. It answers with a checkpoint that the log signed, so it cannot
    /// make up what it did not see.
    ///
    /// # Errors
    /// When it cannot be asked, or shows no checkpoint of the log.
    pub fn seen(&self, log: &VerifierKey<'_>) -> Result<Shown, NoCosign> {
        let url = format!("{}/v1/seen", self.url);
        let failed = |why: String| NoCosign::Unreachable(why);
        let answer = self.client.get_soon(&url, ANSWER_BYTES).map_err(|error| failed(error.to_string()))?;
        let date = answer.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
        let clock = date.and_then(|date| Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs()));
        if answer.status == 200 && answer.body.trim_ascii().is_empty() {
            return Ok(Shown { log: None, clock });
        }
        let read = proven(&answer.body, log).filter(|_| answer.status == 200);
        read.map(|log| Shown { log: Some(log), clock })
            .ok_or_else(|| failed(format!("{url} does not show what it has seen")))
    }

    /// The halts that it was told of and has not seen in the log. It is not asked for long. Nobody signed what it says here, so it may make some up:
    /// that is a reason to look.
    ///
    /// # Errors
    /// When it cannot be asked, or answers something else.
    pub fn halts(&self) -> Result<Vec<Told>, NoCosign> {
        let url = format!("{}/v1/halts", self.url);
        let answer = self.client.get_soon(&url, ANSWER_BYTES);
        let answer = answer.map_err(|error| NoCosign::Unreachable(error.to_string()))?;
        let told = Some(answer.body).filter(|_| answer.status == 200).and_then(|body| read_halts(&body));
        told.ok_or_else(|| NoCosign::Unreachable(format!("{url} does not say what it was told")))
    }

    fn ask(&self, what: &str, body: &[u8]) -> Result<String, NoCosign> {
        let url = format!("{}/v1/{what}", self.url);
        let answer = self.client.post(&url, "application/octet-stream", body, ANSWER_BYTES);
        let answer = answer.map_err(|error| NoCosign::Unreachable(error.to_string()))?;
        // It goes to a terminal.
        let visible = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        let said: String = String::from_utf8_lossy(&answer.body).trim_end().chars().map(visible).collect();
        match answer.status {
            200 => Ok(said),
            409 => Err(NoCosign::Refused(said)),
            status => Err(NoCosign::Unreachable(format!("{url} was answered with status {status}: {said}"))),
        }
    }
}

impl Cosign for Remote {
    fn verifier(&self) -> &str {
        &self.verifier
    }

    fn cosign(&mut self) -> Result<String, NoCosign> {
        self.ask("cosign", b"").map(|line| line + "\n")
    }

    fn tell(&mut self, halt: &[u8]) -> Result<(), NoCosign> {
        self.ask("halt", halt).map(|_| ())
    }

    fn rehearse(&mut self, from: u64, entries: &[Vec<u8>]) -> Result<(), NoCosign> {
        let said = self.ask("rehearse", &framed(from, entries))?;
        if said == WOULD { Ok(()) } else { Err(NoCosign::Unreachable(format!("{} is no witness", self.url))) }
    }
}
