//! HTTP as it is on the wire, so that tests can send what no client would.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::world::Outcome;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Outcome<serde_json::Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Sends bytes, and reads until the other side is done. Nothing where it says nothing.
pub(crate) fn raw(address: SocketAddr, bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    // The other side may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Ok(answer)
}

pub(crate) fn ask(address: SocketAddr, head: &str, body: &[u8]) -> Outcome<Answer> {
    let request = format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let bytes = raw(address, &[request.as_bytes(), body].concat())?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no answer")?;
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status")?;
    let body = bytes.get(end + 4..).unwrap_or_default().to_vec();
    Ok(Answer { status, head, body })
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Outcome<Answer> {
    ask(address, &format!("GET {path} HTTP/1.1"), b"")
}

pub(crate) fn post(address: SocketAddr, path: &str, body: &[u8]) -> Outcome<Answer> {
    ask(address, &format!("POST {path} HTTP/1.1"), body)
}
