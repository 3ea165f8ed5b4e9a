//! Where a log is read: a directory, or any web server that hands out its files.

use std::io;

use contentcheck_log::write::{ReadOnly, Storage};

use crate::client::{Client, is_url};
use crate::limits::TILE_BYTES;

/// Where a log is read.
#[derive(Clone, Debug)]
pub struct Place(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Directory(ReadOnly),
    Web { base: String, client: Client },
}

impl Place {
    /// A directory, or the address of one: what begins with `http://` or `https://` is an address.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(if is_url(text) {
            Kind::Web { base: text.trim_end_matches('/').to_owned(), client: Client::new() }
        } else {
            Kind::Directory(ReadOnly::new(text))
        })
    }
}

impl Storage for Place {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match &self.0 {
            Kind::Directory(files) => files.read(path),
            Kind::Web { base, client } => {
                let url = format!("{base}/{path}");
                let answer = client.get(&url, None, TILE_BYTES)?;
                match answer.status {
                    200 => Ok(Some(answer.body)),
                    404 | 410 => Ok(None),
                    status => Err(io::Error::other(format!("{url} was answered with status {status}"))),
                }
            }
        }
    }

    fn write(&self, _path: &str, _bytes: &[u8]) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::PermissionDenied, "a log is only read here"))
    }
}
