//! `serve`: shows a log and what devices report, and changes nothing.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /` | the dashboard |
//! | `GET /v1/status` | the same as JSON |
//! | `GET /rollouts/ID.json` | of one rollout `live`, whether it goes on, and `ring`, the one that was opened last or -1 |
//! | `GET /metrics` | the same as metrics |
//! | `GET /healthz` | whether what is shown is fresh: the log can be read, and reports come in |

use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use contentcheck_rollout::entry::Evidence;

use crate::clock::Clock;
use crate::daemon::{Daemon, hardened, refused};
use crate::follow::Follower;
use crate::hooks::{Hooks, Unheard};
use crate::limits::LOOK_EVERY;
use crate::metrics::{KIND, metrics};
use crate::otlp::Otlp;
use crate::page::{As, STYLE, page};
use crate::recount::Recounter;
use crate::status::{PhaseName, Seen, Status};

/// Seconds after which a browser asks again.
const REFRESH: u32 = 10;

/// What keeps the newest rollout back where it is looked at, whatever the log says, in sentences.
#[derive(Clone, Debug, Default)]
pub struct Here {
    /// What holds it.
    pub held: Option<String>,
    /// Why it does not go on although nothing holds it.
    pub blocked: Vec<String>,
    /// That tokens lie here which let devices in although nothing is offered.
    pub loose: Option<String>,
    /// That files lie where tokens are, of which nobody can tell whether they let devices in.
    pub odd: Option<String>,
}

/// What keeps the newest rollout back beside the log.
pub type Stopped = Arc<dyn Fn(&contentcheck_rollout::State) -> Here + Send + Sync>;

/// What others know that keeps the newest rollout back.
pub type Elsewhere = Arc<dyn Fn(&contentcheck_rollout::State) -> Option<String> + Send + Sync>;

/// What a dashboard is told.
pub struct Dashboard {
    /// The log.
    pub log: Follower,
    /// The reports, where they are counted here: what is newer than the evidence in the log is shown too.
    pub reports: Option<Recounter>,
    /// Addresses that are told when the phase of a rollout changes.
    pub hooks: Vec<String>,
    /// A collector of OpenTelemetry that metrics are sent to, by its address.
    pub otlp: Option<String>,
    /// The time.
    pub clock: Clock,
    /// What keeps the newest rollout back beside the log.
    pub stopped: Option<Stopped>,
    /// What witnesses elsewhere know that keeps it back, in a sentence: they are asked at each look, and by no answer.
    pub elsewhere: Option<Elsewhere>,
}

impl std::fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dashboard").field("hooks", &self.hooks).finish_non_exhaustive()
    }
}

/// What is looked at again and again.
struct Looking {
    log: Follower,
    reports: Option<Recounter>,
    hooks: Hooks,
    otlp: Option<Otlp>,
    live: Vec<Evidence>,
}

struct Inner {
    looking: Mutex<Looking>,
    clock: Clock,
    stopped: Option<Stopped>,
    elsewhere: Option<Elsewhere>,
    /// Hooks that could not be told.
    unheard: Unheard,
    /// The newest view, from which each answer is made for its own time.
    view: RwLock<View>,
}

#[derive(Clone)]
struct View {
    state: Arc<contentcheck_rollout::State>,
    checkpoint: Arc<str>,
    live: Arc<[Evidence]>,
    trouble: Option<String>,
    elsewhere: Option<String>,
}

type App = Arc<Inner>;

impl Inner {
    fn status(&self) -> Status {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner).clone();
        let View { state, checkpoint, live, trouble, elsewhere } = &view;
        let now = (self.clock)();
        let status = Status::of(Seen { state, checkpoint, live, trouble: trouble.as_deref(), now });
        let here = self.stopped.as_ref().map_or_else(Here::default, |stopped| stopped(state));
        status
            .and(self.unheard.all().into_iter().chain(here.odd))
            .and_blocked(here.blocked)
            .and_stopped(here.held)
            .and_red(here.loose)
            .and_red(elsewhere.clone())
    }

    fn look(&self) {
        let mut guard = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let Looking { log, reports, hooks, otlp, live } = &mut *guard;
        let mut trouble = log.look().err().map(|why| why.to_string());
        if let Some(reports) = reports {
            let (counted, why) = reports.live(log.state(), (self.clock)());
            if let Some(counted) = counted {
                *live = counted;
            }
            trouble = trouble.or(why);
        }
        let new = View {
            state: Arc::clone(log.state()),
            checkpoint: Arc::clone(log.checkpoint()),
            live: live.clone().into(),
            trouble,
            elsewhere: self.elsewhere.as_ref().and_then(|elsewhere| elsewhere(log.state())),
        };
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = new;
        let status = self.status();
        hooks.see(&status);
        if let Some(otlp) = otlp {
            otlp.see(&status);
        }
    }
}

impl Dashboard {
    /// Begins to show.
    ///
    /// # Errors
    /// When the port cannot be used, or too many addresses are to be told.
    pub fn start(self, listener: TcpListener) -> std::io::Result<Daemon> {
        let Self { log, reports, hooks, otlp, clock, stopped, elsewhere } = self;
        let view = View {
            state: Arc::clone(log.state()),
            checkpoint: Arc::clone(log.checkpoint()),
            live: Arc::new([]),
            trouble: None,
            elsewhere: None,
        };
        let hooks = Hooks::new(&hooks)?;
        let unheard = hooks.unheard();
        let otlp = otlp.map(|url| Otlp::new(&url, unheard.clone())).transpose()?;
        let looking = Mutex::new(Looking { log, reports, hooks, otlp, live: Vec::new() });
        let app: App = Arc::new(Inner { looking, clock, stopped, elsewhere, unheard, view: RwLock::new(view) });
        let serve = move || {
            let looking = Arc::clone(&app);
            tokio::spawn(async move {
                let mut ticks = tokio::time::interval(LOOK_EVERY);
                ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    let app = Arc::clone(&looking);
                    // A look that panicked is printed, and the next one is another.
                    let _ = tokio::task::spawn_blocking(move || app.look()).await;
                }
            });
            routes(app)
        };
        Daemon::start(listener, "serve", serve, || {})
    }
}

fn routes(app: App) -> Router {
    Router::new()
        .route("/", get(dashboard))
        .route("/style.css", get(style))
        .route("/v1/status", get(status))
        .route("/rollouts/{file}", get(one))
        .route("/metrics", get(measured))
        .route("/healthz", get(health))
        .fallback(async || refused(StatusCode::NOT_FOUND, "nothing is here; see /"))
        .with_state(app)
}

fn typed(kind: &'static str, body: impl Into<axum::body::Body>) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
    hardened((kind, body.into()).into_response())
}

async fn dashboard(Shared(app): Shared<App>) -> Response {
    typed("text/html; charset=utf-8", page(&app.status(), As::Served { refresh: REFRESH }))
}

async fn style() -> Response {
    let mut response = typed("text/css; charset=utf-8", STYLE);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    response
}

async fn status(Shared(app): Shared<App>) -> Response {
    typed("application/json", serde_json::to_vec(&app.status()).unwrap_or_default())
}

/// What an engine asks that brings files to devices: whether a rollout goes on, and the ring that was opened last.
#[derive(serde::Serialize)]
struct One {
    live: bool,
    ring: i16,
}

async fn one(Shared(app): Shared<App>, Path(file): Path<String>) -> Response {
    let status = app.status();
    let asked = file.strip_suffix(".json");
    let found = match (&status.rollout, asked) {
        (Some(rollout), Some(asked)) if rollout.id == asked => Some(One {
            live: !matches!(rollout.phase, PhaseName::Halted | PhaseName::Rejected) && status.held.is_none(),
            ring: rollout.ring.map_or(-1, i16::from),
        }),
        // What came before goes on no more.
        (_, Some(asked)) => status
            .before
            .iter()
            .find(|before| before.id == asked)
            .map(|before| One { live: false, ring: before.ring.map_or(-1, i16::from) }),
        _ => None,
    };
    match found {
        Some(one) => typed("application/json", serde_json::to_vec(&one).unwrap_or_default()),
        None => refused(StatusCode::NOT_FOUND, "no such rollout"),
    }
}

async fn measured(Shared(app): Shared<App>) -> Response {
    typed(KIND, metrics(&app.status()))
}

async fn health(Shared(app): Shared<App>) -> Response {
    let status = app.status();
    let uncollected = || status.rollout.as_ref().and_then(|rollout| rollout.uncollected.clone());
    match status.trouble.clone().or_else(uncollected) {
        None => typed("text/plain; charset=utf-8", "ok\n"),
        Some(why) => refused(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

/// How long after a change a dashboard shows it, at most.
pub const SHOWN_WITHIN: Duration = LOOK_EVERY;
