//! Where events come from: the kernel's proc connector tells of each execution, `/proc` of what was executed. A process that is gone
//! before anybody looks has a pid and nothing else, as on every sensor that looks from outside.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::netlink::{CONNECTOR, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, bind, recv, send, socket};

/// An execution.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) pid: u32,
    pub(crate) image: Vec<u8>,
    /// Each ended by a NUL.
    pub(crate) arguments: Vec<u8>,
    pub(crate) parent: Option<u32>,
}

/// The kernel's word on executions. Needs root.
#[derive(Debug)]
pub(crate) struct Executions(OwnedFd);

/// `CN_IDX_PROC` and `CN_VAL_PROC`: the connector of processes.
const PROC: u32 = 1;
const LISTEN: u32 = 1;
const EXECUTED: u32 = 2;

impl Executions {
    /// Begins to listen.
    pub(crate) fn open() -> io::Result<Self> {
        let socket = socket(AddressFamily::NETLINK, SocketType::DGRAM, Some(CONNECTOR))?;
        bind(&socket, &SocketAddrNetlink::new(0, PROC))?;
        // A netlink message, in it one for the connector, in it what is asked for.
        let mut message = Vec::new();
        message.extend_from_slice(&40_u32.to_ne_bytes());
        message.extend_from_slice(&[3, 0, 0, 0]);
        message.extend_from_slice(&[0; 8]);
        for word in [PROC, PROC, 0, 0] {
            message.extend_from_slice(&word.to_ne_bytes());
        }
        message.extend_from_slice(&[4, 0, 0, 0]);
        message.extend_from_slice(&LISTEN.to_ne_bytes());
        send(&socket, &message, SendFlags::empty())?;
        Ok(Self(socket))
    }

    /// The next execution until a moment; nothing, if there is none.
    pub(crate) fn next(&mut self, until: Instant) -> Option<Execution> {
        loop {
            let left = until.checked_duration_since(Instant::now()).unwrap_or(Duration::ZERO);
            let timeout = Timespec { tv_sec: left.as_secs().try_into().ok()?, tv_nsec: left.subsec_nanos().into() };
            if poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&timeout)).ok()? == 0 {
                return None;
            }
            let mut bytes = [0; 1_024];
            // A full buffer loses events, and says so: that is no reason to stop.
            let Ok((length, _)) = recv(&self.0, &mut bytes, RecvFlags::empty()) else { continue };
            let message = bytes.get(..length)?;
            let word = |at: usize| Some(u32::from_ne_bytes(*message.get(at..)?.first_chunk()?));
            if word(36) == Some(EXECUTED) {
                return word(52).map(Execution::of);
            }
        }
    }
}

impl Execution {
    fn of(pid: u32) -> Self {
        let of_proc = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let image = fs::read_link(format!("/proc/{pid}/exe"));
        let status = String::from_utf8_lossy(&of_proc("status")).into_owned();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok());
        Self {
            pid,
            image: image.map(|path| path.into_os_string().into_encoded_bytes()).unwrap_or_default(),
            arguments: of_proc("cmdline"),
            parent,
        }
    }
}
