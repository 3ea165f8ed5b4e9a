//! Being told to stop: Ctrl-C on a terminal, and on Unix what a service manager sends.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

/// How often whoever waits looks.
const LOOK: Duration = Duration::from_millis(50);

/// Whether this process was told to stop. From when it listens on, that no longer ends the process by itself.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn listen() -> io::Result<Self> {
        let told = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&told);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (listening, is_listening) = std::sync::mpsc::channel();
        std::thread::Builder::new().name("interrupt".into()).spawn(move || {
            runtime.block_on(async move {
                if wait(|outcome| listening.send(outcome).is_ok()).await {
                    tell.store(true, Ordering::Relaxed);
                }
            });
        })?;
        is_listening.recv().map_err(io::Error::other)??;
        Ok(Self(told))
    }

    /// One that is never told, for whoever cannot be.
    #[must_use]
    pub fn never() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }

    /// Whether it was told to stop.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits for so long, and no longer than until it is told to stop. Whether it was not.
    #[must_use]
    pub fn sleep(&self, time: Duration) -> bool {
        let begin = Instant::now();
        while !self.is_told() {
            let left = time.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(LOOK));
        }
        false
    }

    /// Waits until it is told to stop.
    pub fn wait(&self) {
        while !self.is_told() {
            std::thread::sleep(LOOK);
        }
    }
}

/// Says when it listens, or why it cannot, and waits. Whether it was told.
#[cfg(unix)]
async fn wait(listening: impl FnOnce(io::Result<()>) -> bool) -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let both = signal(SignalKind::interrupt()).and_then(|one| Ok((one, signal(SignalKind::terminate())?)));
    match both {
        Err(error) => {
            listening(Err(error));
            false
        }
        Ok((mut interrupt, mut terminate)) => {
            listening(Ok(()));
            std::future::poll_fn(|context| {
                if interrupt.poll_recv(context).is_ready() {
                    std::task::Poll::Ready(())
                } else {
                    terminate.poll_recv(context).map(|_| ())
                }
            })
            .await;
            true
        }
    }
}

/// Says when it listens, or why it cannot, and waits. Whether it was told.
#[cfg(not(unix))]
async fn wait(listening: impl FnOnce(io::Result<()>) -> bool) -> bool {
    listening(Ok(()));
    tokio::signal::ctrl_c().await.is_ok()
}
