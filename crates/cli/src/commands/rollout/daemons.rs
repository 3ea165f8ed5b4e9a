//! `rollout collect`, `witness` and `serve`: they run until they are stopped, and none of them has a key that opens a ring.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use contentcheck_fleet::store::Shard;
use contentcheck_fleet::{Collector, Daemon, Dashboard, clock};

use super::site::{REPORTS, Site, said};
use crate::Streams;
use crate::args::{RolloutCollect, RolloutServe, RolloutWitness};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

fn listener(address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| Failure::usage(format!("--listen {address}: {}", said(&error))))
}

fn wait(daemon: Daemon, what: &str, streams: &mut Streams<'_>) -> Outcome {
    talk(streams, &format!("{what} listens at {}", daemon.url()));
    daemon.wait();
    Ok(Exit::Fine)
}

pub(super) fn collect(directory: &Path, arguments: &RolloutCollect, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let shard = match &arguments.shard {
        None => Shard::default(),
        Some(text) => {
            Shard::read(text).ok_or_else(|| Failure::usage("--shard: a number and how many there are, such as 0/2"))?
        }
    };
    let collector = Collector {
        reports: site.path(REPORTS),
        shard,
        log: site.follower()?,
        rolls: site.rolls()?,
        clock: clock::system(),
    };
    let daemon = collector.start(listener(&arguments.listen)?).map_err(|why| Failure::usage(why.to_string()))?;
    wait(daemon, "the collector", streams)
}

pub(super) fn witness(directory: &Path, arguments: &RolloutWitness, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    if arguments.moved {
        site.moved(&arguments.name)?;
        talk(streams, &format!("witness `{}` goes on from what it kept", arguments.name));
        return Ok(Exit::Fine);
    }
    let keeper = site.keeper(&arguments.name, clock::system())?;
    let daemon = keeper.start(listener(&arguments.listen)?).map_err(|error| Failure::usage(said(&error)))?;
    wait(daemon, "the witness", streams)
}

pub(super) fn serve(directory: &Path, arguments: &RolloutServe, streams: &mut Streams<'_>) -> Outcome {
    let site = Arc::new(Site::open(directory)?);
    let asks = Arc::clone(&site);
    let dashboard = Dashboard {
        log: site.follower()?,
        reports: Some(site.recounter()?),
        hooks: arguments.hooks.clone(),
        otlp: arguments.otlp.clone(),
        clock: clock::system(),
        stopped: Some(Arc::new(move |state| site.here(state))),
        elsewhere: Some(Arc::new(move |state| asks.told_elsewhere(state))),
    };
    let daemon = dashboard.start(listener(&arguments.listen)?).map_err(|error| Failure::usage(said(&error)))?;
    wait(daemon, "the dashboard", streams)
}
