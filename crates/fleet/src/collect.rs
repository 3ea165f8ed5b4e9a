//! `collect`: takes the reports of devices, and hands them to whoever counts.
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /v1/reports` | for each report of the body whether it is `accepted`, `known`, or refused and why |
//! | `GET /v1/reports/<rollout>/<shard>` | the records, or a range of them; `settled-until` says until when they are everything |
//! | `GET /v1/reports/<rollout>` | the numbers of the shards that are here |
//! | `GET /healthz` | whether it works |
//!
//! What is accepted was written and synced before the answer. It holds no key, and what it keeps is signed by devices: a collector that lies can
//! leave reports out, which slows a rollout, and can make none up.

use std::io::{self, SeekFrom, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use contentcheck_log::Hash;
use contentcheck_rollout::report::REPORT;
use contentcheck_rollout::{Id, Received, Roll};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::io::ReaderStream;

use crate::clock::Clock;
use crate::daemon::{Daemon, hardened, read, refused};
use crate::follow::Follower;
use crate::limits::{BODY_BYTES, GROUP, LOOK_EVERY, RANGE_BYTES, SETTLE_EVERY, WAITING};
use crate::roll::{Rolls, hex, place_of};
use crate::said::line;
use crate::segment::NoSegment;
use crate::store::{Item, Settled, Shard, Store, Taken, reports_path};

/// What a collector is told.
pub struct Collector {
    /// Where it keeps reports.
    pub reports: PathBuf,
    /// The devices that it takes.
    pub shard: Shard,
    /// The log, which says which rollouts there are.
    pub log: Follower,
    /// The rolls of their censuses.
    pub rolls: Rolls,
    /// The time.
    pub clock: Clock,
}

/// A rollout whose reports are taken.
type Known = Vec<(Id, Arc<Roll>)>;

enum Job {
    Begin { known: Known, done: oneshot::Sender<Result<(), String>> },
    Write { items: Vec<Item>, done: oneshot::Sender<Result<Vec<Taken>, String>> },
    Settle,
}

struct Inner {
    reports: PathBuf,
    shard: Shard,
    known: RwLock<Arc<Known>>,
    log: Mutex<(Follower, Rolls)>,
    /// When somebody began to look at the log last.
    looked: Mutex<Option<Instant>>,
    /// Held by whoever looks.
    looking: tokio::sync::Mutex<()>,
    jobs: mpsc::Sender<Job>,
    shown: Arc<Mutex<Settled>>,
    verifying: Semaphore,
    trouble: Mutex<Trouble>,
}

/// Why something failed last; nothing where it did not.
#[derive(Clone, Debug, Default)]
struct Trouble {
    /// Writing reports, or saying until when they are all there.
    writing: Option<String>,
    /// Beginning with what is new in the log.
    beginning: Option<String>,
    /// Looking at the log.
    looking: Option<String>,
}

type App = Arc<Inner>;

impl Collector {
    /// Begins to collect. What a crash left of a report that nobody acknowledged is cut off.
    ///
    /// # Errors
    /// When what was acknowledged is not all there, another process collects the shard, or the port cannot be used.
    pub fn start(self, listener: TcpListener) -> Result<Daemon, NoSegment> {
        let Self { reports, shard, log, rolls, clock } = self;
        let failed = |error| NoSegment::File(reports.clone(), error);
        let mut store = Store::open(&reports, shard, clock)?;
        let known = known(&log, &rolls);
        for (rollout, roll) in &known {
            store.begin(*rollout, roll)?;
        }
        store.settle().map_err(failed)?;
        let (jobs, waiting) = mpsc::channel(WAITING);
        let shown = store.shown();
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let app = Arc::new(Inner {
            reports: reports.clone(),
            shard,
            known: RwLock::new(Arc::new(known)),
            log: Mutex::new((log, rolls)),
            looked: Mutex::new(None),
            looking: tokio::sync::Mutex::new(()),
            jobs,
            shown,
            verifying: Semaphore::new(cores),
            trouble: Mutex::default(),
        });
        let of_writer = Arc::downgrade(&app);
        let writer = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || {
                let tell = |why: Option<String>| {
                    if let Some(app) = of_writer.upgrade() {
                        app.say(|trouble| &mut trouble.writing, why);
                    }
                };
                write(store, waiting, tell);
            })
            .map_err(failed)?;
        let serve = move || {
            tokio::spawn(every(SETTLE_EVERY, Arc::clone(&app), async |app: &App| {
                let _ = app.jobs.send(Job::Settle).await;
            }));
            tokio::spawn(every(LOOK_EVERY, Arc::clone(&app), async |app: &App| {
                let _one = app.looking.lock().await;
                look(app).await;
            }));
            routes(app)
        };
        let after = move || {
            // The files are free again when this returns. A panic of the writer was printed by it.
            let _ = writer.join();
        };
        Daemon::start(listener, "collect", serve, after).map_err(failed)
    }
}

async fn every(time: std::time::Duration, app: App, work: impl AsyncFn(&App)) {
    let mut ticks = tokio::time::interval(time);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        work(&app).await;
    }
}

/// The rollouts of the log that were started and whose roll is here.
fn known(log: &Follower, rolls: &Rolls) -> Known {
    let rollouts = log.state().rollouts().iter().filter(|rollout| rollout.salt().is_some());
    rollouts.filter_map(|rollout| Some((rollout.id(), Arc::clone(rolls.of(rollout.census())?)))).collect()
}

/// The one who writes: takes what waits, writes and syncs it in one go, and answers.
fn write(mut store: Store, mut waiting: mpsc::Receiver<Job>, tell: impl Fn(Option<String>)) {
    let mut next = waiting.blocking_recv();
    while let Some(job) = next {
        next = None;
        match job {
            Job::Settle => tell(store.settle().err().map(|error| format!("nothing is settled: {error}"))),
            Job::Begin { known, done } => {
                let begun = known.iter().try_for_each(|(rollout, roll)| store.begin(*rollout, roll));
                let _ = done.send(begun.map_err(|why| why.to_string()));
            }
            Job::Write { mut items, done } => {
                let mut answers = vec![(items.len(), done)];
                while items.len() < GROUP {
                    match waiting.try_recv() {
                        Ok(Job::Write { items: more, done }) => {
                            answers.push((more.len(), done));
                            items.extend(more);
                        }
                        Ok(other) => {
                            next = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                let mut taken = store.append(&items).map_err(|error| error.to_string());
                tell(taken.as_ref().err().map(|why| format!("reports cannot be written: {why}")));
                for (count, done) in answers {
                    let part = match &mut taken {
                        Ok(taken) => Ok(taken.drain(..count.min(taken.len())).collect()),
                        Err(why) => Err(why.clone()),
                    };
                    // Whoever asked may be gone; what was written is known when it is sent again.
                    let _ = done.send(part);
                }
            }
        }
        if next.is_none() {
            next = waiting.blocking_recv();
        }
    }
}

/// Looks at the log, and begins with what is new.
async fn look(app: &App) {
    *app.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    let of = Arc::clone(app);
    let found = tokio::task::spawn_blocking(move || {
        let mut guard = of.log.lock().unwrap_or_else(PoisonError::into_inner);
        let (log, rolls) = &mut *guard;
        log.look().map_err(|why| format!("the log cannot be followed: {why}"))?;
        rolls.follow(log.state()).map_err(|why| format!("a roll cannot be read: {why}"))?;
        Ok::<_, String>(known(log, rolls))
    });
    let known = match found.await {
        Ok(Ok(known)) => known,
        Ok(Err(why)) => return app.say(|trouble| &mut trouble.looking, Some(why)),
        Err(_) => return,
    };
    app.say(|trouble| &mut trouble.looking, None);
    if known.len() != app.known().len() {
        let (done, begun) = oneshot::channel();
        let new = Job::Begin { known: known.clone(), done };
        if app.jobs.send(new).await.is_err() {
            return;
        }
        match begun.await {
            Ok(Ok(())) => {
                *app.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
                app.say(|trouble| &mut trouble.beginning, None);
            }
            Ok(Err(why)) => app.say(|trouble| &mut trouble.beginning, Some(why)),
            Err(_) => {}
        }
    }
}

impl Inner {
    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps what is wrong, and says on the terminal or in the journal when that begins and when it ends.
    fn say(&self, of: impl Fn(&mut Trouble) -> &mut Option<String>, why: Option<String>) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let known = of(&mut trouble);
        let said = match (&*known, &why) {
            (None, Some(why)) => Some(line(why)),
            (Some(before), None) => Some(format!("no longer: {}", line(before))),
            _ => None,
        };
        if let Some(said) = said {
            // Where nobody listens, `/healthz` still tells.
            let _ = writeln!(std::io::stderr(), "collect: {said}");
        }
        *known = why;
    }

    fn settled(&self, rollout: &[u8; 32]) -> Option<(u64, u64)> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        Some((shown.until, *shown.lengths.get(rollout)?))
    }
}

fn routes(app: App) -> Router {
    Router::new()
        .route("/v1/reports", post(take))
        .route("/v1/reports/{rollout}", get(shards))
        .route("/v1/reports/{rollout}/{shard}", get(records))
        .route("/healthz", get(health))
        .fallback(async || refused(StatusCode::NOT_FOUND, "nothing is here; see POST /v1/reports"))
        .layer(DefaultBodyLimit::disable())
        .with_state(app)
}

async fn health(Shared(app): Shared<App>) -> Response {
    let trouble = app.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match trouble.writing.or(trouble.beginning).or(trouble.looking) {
        None => hardened((StatusCode::OK, "ok\n").into_response()),
        Some(why) => refused(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

/// Why a report is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Unsigned,
    Rollout,
    Device,
    Shard,
    Number,
}

impl Refused {
    const fn status(self) -> StatusCode {
        match self {
            Self::Unsigned | Self::Number => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Rollout => StatusCode::NOT_FOUND,
            Self::Device => StatusCode::FORBIDDEN,
            Self::Shard => StatusCode::MISDIRECTED_REQUEST,
        }
    }

    const fn why(self) -> &'static str {
        match self {
            Self::Unsigned => "refused: this is no report that its device signed",
            Self::Rollout => "refused: the log has no such rollout that was started, or its roll is not here",
            Self::Device => "refused: the device is not in the census of the rollout, or does not take part",
            Self::Shard => "refused: another collector takes the reports of this device",
            Self::Number => "refused: the number of the report leaves no room for another one",
        }
    }
}

fn check(bytes: &[u8; REPORT], known: &Known, shard: Shard) -> Result<Item, Refused> {
    // The time is not decided here: it is that of the writing.
    let received = Received::read(bytes, 0).ok_or(Refused::Unsigned)?;
    let report = received.report();
    let (_, roll) = known.iter().find(|(rollout, _)| *rollout == report.rollout).ok_or(Refused::Rollout)?;
    let place = place_of(roll, &report.device).ok_or(Refused::Device)?;
    if !shard.has(&report.device) {
        return Err(Refused::Shard);
    }
    if report.number == u64::MAX {
        return Err(Refused::Number);
    }
    Ok(Item::of(&received, place, bytes))
}

/// What became of the reports of a request.
#[derive(Serialize)]
struct Answer {
    accepted: usize,
    known: usize,
    refused: usize,
    /// One for each report, in the order of the request.
    reports: Vec<&'static str>,
}

/// Checks reports on a core of their own.
async fn checked(app: &App, bytes: &axum::body::Bytes) -> Result<Vec<Result<Item, Refused>>, Response> {
    let busy = || refused(StatusCode::SERVICE_UNAVAILABLE, "the collector is busy; send it again later");
    let _permit = app.verifying.acquire().await.map_err(|_| busy())?;
    let (known, shard, bytes) = (app.known(), app.shard, bytes.clone());
    let check = move || bytes.as_chunks().0.iter().map(|report| check(report, &known, shard)).collect();
    tokio::task::spawn_blocking(check).await.map_err(|_| busy())
}

async fn take(Shared(app): Shared<App>, request: Request) -> Response {
    taken(&app, request).await.unwrap_or_else(|refusal| refusal)
}

async fn taken(app: &App, request: Request) -> Result<Response, Response> {
    let bytes = read(request.into_body(), BODY_BYTES).await?;
    let came = Instant::now();
    if bytes.is_empty() || !bytes.len().is_multiple_of(REPORT) {
        return Err(refused(
            StatusCode::BAD_REQUEST,
            "a body is one report of 200 bytes, or several behind each other",
        ));
    }
    let mut reports = checked(app, &bytes).await?;
    if reports.contains(&Err(Refused::Rollout)) {
        // The device may have seen the opening before the collector did.
        look_after(app, came).await;
        reports = checked(app, &bytes).await?;
    }
    let first_refusal = reports.iter().find_map(|report| report.as_ref().err().copied());
    let items: Vec<Item> = reports.iter().flatten().cloned().collect();
    let all_refused = items.is_empty();
    let mut taken = if all_refused { Vec::new() } else { app.write(items).await? }.into_iter();
    let mut answer = Answer { accepted: 0, known: 0, refused: 0, reports: Vec::with_capacity(reports.len()) };
    for report in reports {
        let said = match report {
            Err(refusal) => {
                answer.refused += 1;
                refusal.why()
            }
            Ok(_) => match taken.next() {
                Some(Taken::Accepted) => {
                    answer.accepted += 1;
                    "accepted"
                }
                Some(Taken::Known) => {
                    answer.known += 1;
                    "known"
                }
                None => return Err(refused(StatusCode::INTERNAL_SERVER_ERROR, "a report has no answer")),
            },
        };
        answer.reports.push(said);
    }
    let status = first_refusal.filter(|_| all_refused).map_or(StatusCode::OK, Refused::status);
    let json = serde_json::to_vec(&answer).unwrap_or_default();
    Ok(hardened((status, [(header::CONTENT_TYPE, "application/json")], json).into_response()))
}

/// Looks at the log, unless somebody began to after this moment; once a second for all who ask: who sends nonsense makes
/// nobody read all the time, and waits.
async fn look_after(app: &App, moment: Instant) {
    let _one = app.looking.lock().await;
    let looked = *app.looked.lock().unwrap_or_else(PoisonError::into_inner);
    if looked.is_some_and(|looked| looked >= moment) {
        return;
    }
    if let Some(looked) = looked {
        tokio::time::sleep(Duration::from_secs(1).saturating_sub(looked.elapsed())).await;
    }
    look(app).await;
}

impl Inner {
    async fn write(&self, items: Vec<Item>) -> Result<Vec<Taken>, Response> {
        let busy = |why: &str| refused(StatusCode::SERVICE_UNAVAILABLE, why);
        let (done, written) = oneshot::channel();
        self.jobs
            .try_send(Job::Write { items, done })
            .map_err(|_| busy("the collector is busy; send it again later"))?;
        match written.await {
            Ok(Ok(taken)) => Ok(taken),
            Ok(Err(why)) => Err(busy(&format!("nothing was written, send it again later: {why}"))),
            Err(_) => Err(busy("the collector stops; send it again later")),
        }
    }
}

async fn shards(Shared(app): Shared<App>, Path(rollout): Path<String>) -> Response {
    let found = hex(&rollout).and_then(|rollout| app.settled(&rollout));
    if found.is_none() {
        return refused(StatusCode::NOT_FOUND, "no reports of such a rollout are here");
    }
    hardened(
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{}\n", app.shard.index())).into_response(),
    )
}

/// The first and the last byte that a request asks for. Nothing: all of it.
fn range(headers: &HeaderMap) -> Result<Option<(u64, u64)>, ()> {
    let Some(value) = headers.get(header::RANGE) else { return Ok(None) };
    let range = value.to_str().ok().and_then(|value| value.strip_prefix("bytes=")).ok_or(())?;
    let (from, last) = range.split_once('-').ok_or(())?;
    let from = from.parse().map_err(|_| ())?;
    let last = if last.is_empty() { u64::MAX } else { last.parse().map_err(|_| ())? };
    if from <= last { Ok(Some((from, last))) } else { Err(()) }
}

async fn records(
    Shared(app): Shared<App>,
    Path((rollout, shard)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let missing = || refused(StatusCode::NOT_FOUND, "no reports of such a rollout and shard are here");
    let is_shard = shard == app.shard.index().to_string();
    let Some(rollout) = hex(&rollout).filter(|_| is_shard) else { return missing() };
    let Some((until, length)) = app.settled(&rollout) else { return missing() };
    let Ok(range) = range(&headers) else {
        return refused(StatusCode::BAD_REQUEST, "a range has the form `bytes=FIRST-` or `bytes=FIRST-LAST`");
    };
    let (from, count) = match range {
        None => (0, length),
        Some((from, last)) => (from, last.saturating_add(1).min(length).saturating_sub(from).min(RANGE_BYTES)),
    };
    let number = |name, value: u64| (name, HeaderValue::from(value));
    let settled = [number("settled-until", until), number("settled-bytes", length)];
    if range.is_some() && from >= length {
        let all = [("content-range", format!("bytes */{length}"))];
        return hardened((StatusCode::RANGE_NOT_SATISFIABLE, settled, all).into_response());
    }
    let path = reports_path(&app.reports, &Hash(rollout), app.shard.index());
    let body = match part(&path, from, count).await {
        Ok(body) => body,
        Err(error) => {
            return refused(StatusCode::INTERNAL_SERVER_ERROR, &format!("the reports cannot be read: {error}"));
        }
    };
    let kind = [(header::CONTENT_TYPE, "application/octet-stream"), (header::ACCEPT_RANGES, "bytes")];
    let mut response = (settled, kind, body).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    if range.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let last = from.saturating_add(count).saturating_sub(1);
        if let Ok(value) = HeaderValue::from_str(&format!("bytes {from}-{last}/{length}")) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
    }
    hardened(response)
}

/// A part of a file, read as it is sent.
async fn part(path: &std::path::Path, from: u64, count: u64) -> io::Result<Body> {
    let mut file = tokio::fs::File::open(path).await?;
    file.seek(SeekFrom::Start(from)).await?;
    Ok(Body::from_stream(ReaderStream::with_capacity(file.take(count), 64 << 10)))
}
