//! Serving HTTP with limits: on connections, on heads and bodies, on time.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::limits::{BODY_TIME, CONNECTION_TIME, CONNECTIONS, HEAD_BYTES, HEAD_TIME, HEADERS};

/// A daemon that runs in this process, until it is stopped or dropped.
#[derive(Debug)]
pub struct Daemon {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Serves on a listener. What makes the routes runs inside the runtime, so it can spawn tasks, which end with the daemon.
    /// `after` runs when all of them have ended.
    pub(crate) fn start(
        listener: TcpListener,
        name: &str,
        routes: impl FnOnce() -> Router + Send + 'static,
        after: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let runtime = Builder::new_multi_thread().enable_all().thread_name(name).build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(async move {
                if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                    let routes = routes();
                    race(serve(listener, routes), async {
                        // Whoever dropped the daemon stopped it too.
                        let _ = stopped.await;
                    })
                    .await;
                }
            });
            runtime.shutdown_timeout(Duration::from_secs(5));
            after();
        })?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for as long as it runs.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed by it.
            let _ = thread.join();
        }
    }

    /// Stops it, and waits until it has.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Waits for the first of two.
async fn race(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    std::future::poll_fn(|context| {
        if one.as_mut().poll(context).is_ready() { std::task::Poll::Ready(()) } else { other.as_mut().poll(context) }
    })
    .await;
}

async fn serve(listener: tokio::net::TcpListener, routes: Router) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // No file is left, or the other side is gone. Either passes.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(routes.clone());
        tokio::spawn(async move {
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(HEAD_BYTES).max_headers(HEADERS);
            let connection = http.serve_connection(TokioIo::new(stream), service);
            // How a connection ends says nothing that anybody acts on.
            let _ = timeout(CONNECTION_TIME, connection).await;
            drop(permit);
        });
    }
}

/// Reads the body of a request, or says why not.
pub(crate) async fn read(body: Body, limit: usize) -> Result<axum::body::Bytes, Response> {
    let too_large =
        || refused(StatusCode::PAYLOAD_TOO_LARGE, &format!("a body has {limit} bytes at most, and arrives whole"));
    // Whoever says that it is too large is believed.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    match timeout(BODY_TIME, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => Err(refused(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive")),
    }
}

/// An answer that says why not, in one line of text. The connection is closed: what is left of a body is not read.
pub(crate) fn refused(status: StatusCode, why: &str) -> Response {
    let mut response =
        (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{why}\n")).into_response();
    if status == StatusCode::PAYLOAD_TOO_LARGE || status == StatusCode::REQUEST_TIMEOUT {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    hardened(response)
}

/// An answer that no browser takes for another kind of content, runs, embeds or keeps.
pub(crate) fn hardened(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::CACHE_CONTROL, "no-store");
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    response
}
