//! What daemons ask of other servers: plain HTTP with a limit on time and size, and without redirects. Proxies of the environment are not used.

use std::fmt;
use std::io;

use ureq::Agent;

use crate::limits::{CLIENT_TIME, SOON};

/// Asks other servers.
#[derive(Clone)]
pub(crate) struct Client(Agent);

/// What a server answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    headers: ureq::http::HeaderMap,
}

impl Answer {
    /// A header, where it is there and text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

/// Whether a text is an address that a client asks.
pub(crate) fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

impl Client {
    pub(crate) fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(CLIENT_TIME))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("contentcheck")
            .build();
        Self(Agent::new_with_config(config))
    }

    /// Asks for a file, from a byte on where one is given.
    pub(crate) fn get(&self, url: &str, from: Option<(u64, u64)>, limit: u64) -> io::Result<Answer> {
        let mut request = self.0.get(url);
        if let Some((from, last)) = from {
            request = request.header("range", format!("bytes={from}-{last}"));
        }
        answer(request.call(), url, limit)
    }

    /// Asks for what is of use only where it comes soon.
    pub(crate) fn get_soon(&self, url: &str, limit: u64) -> io::Result<Answer> {
        let request = self.0.get(url).config().timeout_global(Some(SOON)).build();
        answer(request.call(), url, limit)
    }

    /// Sends a body.
    pub(crate) fn post(&self, url: &str, kind: &str, body: &[u8], limit: u64) -> io::Result<Answer> {
        answer(self.0.post(url).header("content-type", kind).send(body), url, limit)
    }
}

fn answer(
    response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    url: &str,
    limit: u64,
) -> io::Result<Answer> {
    let failed = |error: ureq::Error| io::Error::other(format!("{url}: {error}"));
    let (parts, mut body) = response.map_err(failed)?.into_parts();
    let body = body.with_config().limit(limit).read_to_vec().map_err(failed)?;
    Ok(Answer { status: parts.status.as_u16(), body, headers: parts.headers })
}
