//! `rollout plan` and `rollout revert`: census, release and plan, one after the other.

use std::path::Path;

use contentcheck_gate::attest::{self, Asked, ENVELOPE_BYTES, accepts};
use contentcheck_interpreter::Identity;
use contentcheck_log::write::Directory;
use contentcheck_log::{Class, Hash};
use contentcheck_model::diagnostic::codes;
use contentcheck_parser::release::sha256;
use contentcheck_project::files;
use contentcheck_rollout::entry::{Plan, Release};
use contentcheck_rollout::judge::groups;
use contentcheck_rollout::policy::Rule;
use contentcheck_rollout::{Body, Book, Census, Entry, Policy, Roll};
use contentcheck_sensor::Digest;

use contentcheck_fleet::status::duration;

use super::show::percent;
use super::site::{POLICY, Site, Submitted, coded};
use crate::Streams;
use crate::args::RolloutPlan;
use crate::commands::attest::key as text_of_key;
use crate::commands::{IMAGE_BYTES, read_whole, written};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

pub(super) fn plan(
    directory: &Path,
    arguments: &RolloutPlan,
    reverts: bool,
    now: u64,
    streams: &mut Streams<'_>,
) -> Outcome {
    let site = Site::open(directory)?;
    let policy = site.policy()?;
    let roll = site.roll()?;
    let class = if arguments.urgent || reverts { Class::Urgent } else { Class::Routine };
    let seen = show(roll.census(), &policy, class, streams)?;
    if arguments.dry_run || seen != Exit::Fine {
        return Ok(seen);
    }
    let release = release(arguments)?;
    let signers = site.keys(&arguments.keys)?;
    let mut book = site.book()?;
    let Some(census) = census(&site, &mut book, &roll, now, &signers, streams)? else {
        return Ok(Exit::Findings);
    };
    let known = book.state().releases().find(|(_, known)| known.image == release.image).map(|(hash, _)| hash);
    let release = match known {
        Some(hash) => hash,
        None => {
            let entry = Entry::new(None, now.max(book.state().time()), Body::Release(release));
            match site.submit(&mut book, entry, &signers, streams)? {
                Submitted::Logged(hash) => hash,
                Submitted::Waiting => return Ok(Exit::Findings),
            }
        }
    };
    let taken_back = if reverts { book.state().newest().map(contentcheck_rollout::state::Rollout::id) } else { None };
    if reverts && taken_back.is_none() {
        return Err(Failure::findings(coded(&codes::OUT_OF_TURN, "there is no rollout that could be taken back")));
    }
    let plan = Plan { release, census, class, reverts: taken_back, policy };
    let entry = Entry::new(None, now.max(book.state().time()), Body::Plan(plan));
    match site.submit(&mut book, entry, &signers, streams)? {
        Submitted::Logged(id) => {
            site.cosign(&mut book, now, streams)?;
            written(writeln!(streams.out, "planned: {id}"))?;
            talk(streams, "next: `contentcheck rollout start` opens the first ring");
            Ok(Exit::Fine)
        }
        Submitted::Waiting => Ok(Exit::Findings),
    }
}

/// The entry of the census: the newest one where it is the same, else a new one.
pub(super) fn census(
    site: &Site,
    book: &mut Book<Directory>,
    roll: &Roll,
    now: u64,
    signers: &[contentcheck_log::write::SecretKey],
    streams: &mut Streams<'_>,
) -> Result<Option<Hash>, Failure> {
    site.keep_roll(roll)?;
    let census = roll.census();
    if let Some((hash, newest)) = book.state().newest_census()
        && newest == census
    {
        return Ok(Some(hash));
    }
    let entry = Entry::new(None, now.max(book.state().time()), Body::Census(census.clone()));
    Ok(match site.submit(book, entry, signers, streams)? {
        Submitted::Logged(hash) => Some(hash),
        Submitted::Waiting => None,
    })
}

/// What is to be rolled out: an image whose gate passed.
fn release(arguments: &RolloutPlan) -> Result<Release, Failure> {
    let name = files::name(&arguments.image);
    let image = read_whole(&arguments.image, IMAGE_BYTES)?;
    let identity = Identity::read(&image).ok_or_else(|| Failure::usage(format!("{name}: this is no content image")))?;
    if identity.sequence == 0 {
        return Err(Failure::usage(format!(
            "{name}: the image has no sequence; state `sequence` under `[release]` in contentcheck.toml, and gate it again"
        )));
    }
    let (Some(attestation), Some(key)) = (&arguments.attestation, &arguments.attestation_key) else {
        return Err(Failure::usage(
            "--attestation and --attestation-key are needed: only what passed its gate is planned",
        ));
    };
    let envelope = read_whole(attestation, ENVELOPE_BYTES)?;
    let public = text_of_key(key)?;
    let mut keys = vec![sha256(public.as_bytes())];
    for path in &arguments.previous_key {
        keys.push(sha256(text_of_key(path)?.as_bytes()));
    }
    let asked = Asked {
        keys: &keys,
        previous: None,
        image: &image,
        name: None,
        min_sequence: None,
        allow_missing: &arguments.allow_missing,
        allowed: &[],
        evidence: None,
    };
    attest::verify(&envelope, &public)
        .and_then(|statement| accepts(&statement, &asked))
        .map_err(|why| Failure::findings(format!("{}: NOT ACCEPTED: {why}", files::name(attestation))))?;
    Ok(Release {
        image: *Digest::of(&image).bytes(),
        content: identity.content,
        sequence: identity.sequence,
        bytes: image.len() as u64,
        attestation: *Digest::of(&envelope).bytes(),
        name: identity.release.to_owned(),
    })
}

/// What each ring would have and see.
fn show(census: &Census, policy: &Policy, class: Class, streams: &mut Streams<'_>) -> Outcome {
    let devices = census.taking_part();
    let held: u64 = census.strata.iter().map(|stratum| u64::from(stratum.held)).sum();
    let held = if held > 0 { format!(", {held} held back") } else { String::new() };
    written(writeln!(
        streams.out,
        "{devices} devices of {}{held}; policy `{}`",
        strata(census.strata.len()),
        policy.name()
    ))?;
    for number in 0..policy.ring_count() {
        let share = policy.share_of(number);
        let Some(ring) = policy.rings().get(usize::from(number)) else {
            written(writeln!(streams.out, "ring {number}: {}, the rest", percent(share)))?;
            continue;
        };
        let rule = match ring.rule {
            Rule::Every(least) => format!("{least} devices or more are well, and none reports a failure"),
            Rule::Share { good, bad, error } => format!(
                "fewer than {} fail, where {} would be bad, with an error of {}",
                percent(good.value()),
                percent(bad.value()),
                percent(error.value())
            ),
        };
        written(writeln!(
            streams.out,
            "ring {number}, `{}`: {} of the fleet, about {:.0} devices, open for {}; {rule}",
            ring.name,
            percent(share),
            devices as f64 * share,
            duration(ring.bake(class)),
        ))?;
        match groups(census, policy, number) {
            Ok(groups) => {
                for group in groups {
                    let names: Vec<&str> = group
                        .strata
                        .iter()
                        .filter_map(|at| census.strata.get(usize::from(*at)))
                        .map(|stratum| stratum.name.as_str())
                        .collect();
                    written(writeln!(
                        streams.out,
                        "  {}: about {:.0} devices; would not see failures of fewer than {}",
                        names.join(", "),
                        group.expected,
                        percent(group.unseen())
                    ))?;
                }
            }
            Err(why) => {
                return Err(Failure::findings(coded(&codes::RING_TOO_SMALL, &format!("{POLICY}: {why}"))));
            }
        }
    }
    Ok(Exit::Fine)
}

fn strata(count: usize) -> String {
    if count == 1 { "1 stratum".to_owned() } else { format!("{count} strata") }
}
