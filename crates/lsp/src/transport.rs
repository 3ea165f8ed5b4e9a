//! Messages over standard input and output, each behind a header that says how long it is.

use std::io::{self, BufRead, Read, Write};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use lsp_server::{Connection, Message};

use crate::Ended;

/// Bytes of the longest message that is read.
const LONGEST: usize = 128 << 20;
/// Bytes of the longest line of a header, and lines that a header has at most.
const HEADER: (u64, usize) = (1 << 10, 32);

/// Serves one client: reads standard input, and writes to `out` on this thread, which may hold the lock of it.
///
/// # Errors
/// When `out` cannot be written to.
pub fn serve_stdio(out: &mut dyn Write) -> io::Result<Ended> {
    let (incoming, received) = unbounded();
    let (sent, outgoing) = unbounded();
    let failed = |error: io::Error| io::Error::other(format!("a thread cannot be started: {error}"));
    // It waits for the client to the end of the process.
    thread::Builder::new().name("reader".to_owned()).spawn(move || read_all(&incoming)).map_err(failed)?;
    let connection = Connection { sender: sent, receiver: received };
    let server = thread::Builder::new().name("server".to_owned());
    let server = server.spawn(move || crate::serve(&connection)).map_err(failed)?;
    write_all(&outgoing, out)?;
    server.join().map_err(|_| io::Error::other("the server ended by a fault of its own"))
}

fn read_all(incoming: &Sender<Message>) {
    let mut stdin = io::stdin().lock();
    loop {
        match read(&mut stdin) {
            Ok(Some(Ok(message))) => {
                if incoming.send(message).is_err() {
                    return;
                }
            }
            // Nobody can be answered: what cannot be read has no number.
            Ok(Some(Err(problem))) => eprintln!("contentcheck: a message is not read: {problem}"),
            Ok(None) => return,
            Err(problem) => {
                eprintln!("contentcheck: the client cannot be read: {problem}");
                return;
            }
        }
    }
}

/// The next message, or why its content is none. `None` at the end.
///
/// # Errors
/// When nothing can be read any more, or where the next message begins is not known.
fn read(input: &mut impl BufRead) -> io::Result<Option<Result<Message, String>>> {
    let mut length = None;
    for number in 0.. {
        let mut line = String::new();
        if Read::by_ref(input).take(HEADER.0).read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some(line) = line.strip_suffix('\n').filter(|_| number < HEADER.1) else {
            return Err(io::Error::other("a header is too long"));
        };
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            break;
        }
        if let Some((key, value)) = line.split_once(':')
            && key.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let length = length.ok_or_else(|| io::Error::other("a header says no length"))?;
    if length > LONGEST {
        return Err(io::Error::other(format!("a message of {length} bytes; at most {LONGEST} are read")));
    }
    // Memory is taken as bytes come, whatever the header says.
    let mut bytes = Vec::new();
    if Read::by_ref(input).take(length as u64).read_to_end(&mut bytes)? < length {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&bytes).map_err(|error| error.to_string())))
}

fn write_all(outgoing: &Receiver<Message>, mut out: &mut dyn Write) -> io::Result<()> {
    for message in outgoing {
        message.write(&mut out)?;
        out.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Result<bool, String>> {
        let mut input = io::Cursor::new(text.as_bytes());
        let mut found = Vec::new();
        loop {
            match read(&mut input) {
                Ok(Some(message)) => found.push(Ok(message.is_ok())),
                Ok(None) => return found,
                Err(error) => {
                    found.push(Err(error.to_string()));
                    return found;
                }
            }
        }
    }

    #[test]
    fn what_is_no_message_does_not_stop_what_follows() {
        let good = r#"{"jsonrpc":"2.0","method":"exit"}"#;
        let framed = |text: &str| format!("Content-Length: {}\r\n\r\n{text}", text.len());
        let text = [framed(good), framed("{"), framed("[1]"), format!("X: y\r\n{}", framed(good))].concat();
        assert_eq!(all(&text), [Ok(true), Ok(false), Ok(false), Ok(true)]);
        assert_eq!(all("Content-Length: 99\r\n\r\n{}"), []);
    }

    #[test]
    fn headers_and_lengths_are_bounded() {
        for text in [
            "\r\n".to_owned(),
            "Content-Length: x\r\n\r\n".to_owned(),
            "Content-Length: 99999999999999\r\n\r\n{}".to_owned(),
            format!("{}\r\n\r\n", "a".repeat(5000)),
            "a: b\r\n".repeat(99),
        ] {
            assert!(matches!(all(&text).as_slice(), [Err(_)]), "{}", text.len());
        }
    }
}
