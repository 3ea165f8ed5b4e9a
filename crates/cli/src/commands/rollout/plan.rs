//! `rollout plan` and `rollout revert`: census, release and plan, one after the other.

use std::path::Path;

use contentcheck_gate::attest::{self, Asked, ENVELOPE_BYTES, accepts};
use contentcheck_interpreter::{Identity, Image};
use contentcheck_log::write::{Directory, SecretKey};
use contentcheck_log::{Class, Hash};
use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_parser::release::sha256;
use contentcheck_project::files;
use contentcheck_rollout::entry::{Plan, Release};
use contentcheck_rollout::state::{Phase, Rollout};
use contentcheck_rollout::{Body, Book, Entry, Id, NoBook, Roll, State};
use contentcheck_sensor::Digest;

use super::show::planned;
use super::site::{Site, Submitted, coded, failed, sign};
use super::{tokens, ways};
use crate::Streams;
use crate::args::RolloutPlan;
use crate::commands::attest::{allowances, key as text_of_key};
use crate::commands::{read_image, read_whole, written};
use crate::exit::{Exit, Failure, Outcome};

pub(super) fn plan(
    directory: &Path,
    arguments: &RolloutPlan,
    reverts: bool,
    now: u64,
    streams: &mut Streams<'_>,
) -> Outcome {
    let site = Site::open(directory)?;
    let policy = site.policy()?;
    let roll = site.roll_of_plan()?;
    let class = if arguments.urgent || reverts { Class::Urgent } else { Class::Routine };
    let shown = planned(roll.census(), &policy, class)?;
    if arguments.dry_run {
        match (&arguments.image, &arguments.attestation) {
            (None, _) => site.tell(streams, "only policy and devices were looked at, as no image was named"),
            (Some(image), None) => {
                of_image(image, &read_image(image)?)?;
                site.tell(streams, "whether its gate passed was not looked at, as no attestation was named");
            }
            (Some(_), Some(_)) => drop(release(arguments)?),
        }
        return written(write!(streams.out, "{shown}"));
    }
    let release = release(arguments)?;
    let signers = site.keys(&arguments.keys, streams)?;
    let mut book = site.book()?;
    site.is_signed_for(&mut book, now, streams)?;
    let taken_back = if reverts {
        is_well_still(&site, &mut book, &release, now, &signers, streams)?;
        Some(taken_back(book.state(), &release)?)
    } else {
        None
    };
    let newest = book.state().newest().map_or(0, |newest| newest.release().sequence);
    if let Some(planned) = book.state().newest()
        && *planned.phase() == Phase::Planned
        && (planned.release().image, planned.release().attestation) == (release.image, release.attestation)
    {
        let message = "this image is planned already; `contentcheck rollout start` opens its first ring";
        return Err(Failure::findings(coded(&codes::OUT_OF_TURN, message)));
    }
    if release.sequence <= newest {
        let message = format!(
            "the image has sequence {}, and the log has a rollout of sequence {newest}: gate that content again under a higher sequence, and name the image \
             that comes of it",
            release.sequence
        );
        return Err(Failure::findings(coded(&codes::OUT_OF_TURN, &message)));
    }
    let plan = Plan { release: Hash::empty(), census: Hash::empty(), class, reverts: taken_back, policy };
    let entries = entries(book.state(), &roll, release, plan, now, &signers);
    // Before anything is written, all of it is held to the rules; only signatures may be missing still.
    let bytes: Vec<Vec<u8>> = entries.iter().map(Entry::to_bytes).collect();
    let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
    book.state().rehearse(&bytes).map_err(|why| failed(NoBook::Refused(why)))?;
    written(write!(streams.out, "{shown}"))?;
    if !arguments.allow_missing.is_empty() {
        site.tell(
            streams,
            &format!(
                "warning: `{}` may be missing here, and devices ask for every check: they refuse an offer whose gate is incomplete \
                 (`contentcheck explain CC1111`); build the first release of a fleet into the sensor, and name it as `previous` of the next",
                arguments.allow_missing.join("`, `")
            ),
        );
    }
    if let Some(given_up) = book.state().newest().filter(|newest| *newest.phase() == Phase::Planned) {
        let (name, sequence) = (visible(&given_up.release().name).to_string(), given_up.release().sequence);
        site.tell(
            streams,
            &format!(
                "this gives up the plan of `{name}` (sequence {sequence}), which was not started: it never can be, and its sequence is used up"
            ),
        );
    }
    site.keep_roll(&roll)?;
    let mut id = Hash::empty();
    for entry in entries {
        match site.submit(&mut book, entry, &signers, now, streams)? {
            Submitted::Logged(hash) => id = hash,
            Submitted::Waiting => return Ok(Exit::Findings),
        }
    }
    tokens::withdraw(&site, book.state(), false, streams)?;
    site.cosign(&mut book, now, streams)?;
    written(writeln!(streams.out, "planned: {id}"))?;
    site.tell(streams, "next: `contentcheck rollout start` opens the first ring");
    Ok(Exit::Fine)
}

/// The entries of a plan that the log does not have yet: census, release, plan. Each is signed by the keys at hand.
fn entries(
    state: &State,
    roll: &Roll,
    release: Release,
    mut plan: Plan,
    now: u64,
    signers: &[SecretKey],
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut logged = |body| {
        let mut entry = Entry::new(None, now.max(state.time()), body);
        sign(state, &mut entry, signers);
        let hash = Hash::of_leaf(&entry.to_bytes());
        entries.push(entry);
        hash
    };
    let known = state.newest_census().filter(|(_, newest)| *newest == roll.census()).map(|(hash, _)| hash);
    plan.census = known.unwrap_or_else(|| logged(Body::Census(roll.census().clone())));
    let known = state.releases().find(|(_, known)| known.image == release.image).map(|(hash, _)| hash);
    plan.release = known.unwrap_or_else(|| logged(Body::Release(release)));
    logged(Body::Plan(plan));
    entries
}

/// Looks at what devices report by now of content that is to be gone back to.
fn is_well_still(
    site: &Site,
    book: &mut Book<Directory>,
    release: &Release,
    now: u64,
    signers: &[SecretKey],
    streams: &mut Streams<'_>,
) -> Result<(), Failure> {
    let of_content = book.state().ways_back().filter(|way| way.release().content == release.content);
    let of_content = of_content.map(Rollout::id).collect();
    let looked = ways::look(site, book, of_content, now, signers, streams)?;
    if looked.is_logged {
        tokens::withdraw(site, book.state(), false, streams)?;
        site.cosign(book, now, streams)?;
    }
    if let (Some(why), false) = (&looked.unseen, looked.is_bad) {
        let message = format!(
            "{why}; so nobody knows whether it is still good, and nobody goes back to it: take the files from a copy, or plan that content as any other release, \
             by `contentcheck rollout plan IMAGE --attestation FILE --attestation-key PEM`"
        );
        return Err(Failure::findings(coded(&codes::OUT_OF_TURN, &message)));
    }
    if !looked.is_bad {
        return Ok(());
    }
    let message = "devices report that this content failed since it was rolled out, so nobody goes back to it; `contentcheck rollout \
                   status` names other ways back; else plan a fix by `contentcheck rollout plan IMAGE --attestation FILE --attestation-key PEM`";
    Err(Failure::findings(coded(&codes::OUT_OF_TURN, message)))
}

/// The rollout that a release takes back, where that is a way back.
fn taken_back(state: &State, release: &Release) -> Result<Id, Failure> {
    let out_of_turn = |message: &str| Failure::findings(coded(&codes::OUT_OF_TURN, message));
    let newest = state.newest().ok_or_else(|| out_of_turn("there is no rollout that could be taken back"))?;
    let mut ways = state.ways_back().peekable();
    if ways.peek().is_none() {
        return Err(out_of_turn(
            "nothing was good on the whole fleet before this rollout, so there is nothing to go back to; devices keep their last known \
             good content; plan a fix under a higher sequence: `contentcheck rollout plan IMAGE --attestation FILE --attestation-key PEM`",
        ));
    }
    if state.ways_back().any(|way| way.release().content == release.content) {
        return Ok(newest.id());
    }
    let ways = ways.map(|way| format!("`{}` (sequence {})", visible(&way.release().name), way.release().sequence));
    Err(out_of_turn(&format!(
        "this image has other content than what was good on the whole fleet before, which is that of {}; gate that again under a higher \
         sequence, or plan a fix by `contentcheck rollout plan IMAGE --attestation FILE --attestation-key PEM`",
        ways.collect::<Vec<_>>().join(", ")
    )))
}

/// What an image says of itself, where it is one that can be rolled out.
fn of_image<'i>(path: &Path, bytes: &'i [u8]) -> Result<Identity<'i>, Failure> {
    let name = files::name(path);
    let image = Image::read(bytes).map_err(|why| Failure::usage(format!("{name}: [{}] {why}", why.code())))?;
    let identity = image.identity();
    if identity.sequence == 0 {
        return Err(Failure::usage(format!(
            "{name}: the image has no sequence; state `sequence` under `[release]` in contentcheck.toml, and gate it again"
        )));
    }
    Ok(identity)
}

/// What is to be rolled out: an image whose gate passed.
fn release(arguments: &RolloutPlan) -> Result<Release, Failure> {
    let (Some(path), Some(attestation), Some(key)) =
        (&arguments.image, &arguments.attestation, &arguments.attestation_key)
    else {
        return Err(Failure::usage(
            "IMAGE, --attestation and --attestation-key are needed: only what passed its gate is planned",
        ));
    };
    let image = read_image(path)?;
    let identity = of_image(path, &image)?;
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
        allowed: &allowances(arguments.allowed),
        deny_warnings: arguments.deny_warnings,
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
