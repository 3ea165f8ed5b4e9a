//! What people say: halts, resumptions, devices that are held back, signatures.

use std::path::{Path, PathBuf};

use contentcheck_fleet::roll::{self, NoRoll};
use contentcheck_fleet::status::duration;
use contentcheck_log::write::Directory;
use contentcheck_log::{Class, Hash};
use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_project::{files, write};
use contentcheck_rollout::census::NoCensus;
use contentcheck_rollout::entry::{Halt, Observed, Resume, Role};
use contentcheck_rollout::state::{Check, Phase, Rollout};
use contentcheck_rollout::time::utc;
use contentcheck_rollout::{Body, Book, Entry, NoBook, Policy, Refusal, State};

use super::hold;
use super::keys;
use super::rings::{Reported, reported};
use super::show::{opens_when, percent, planned};
use super::site::{
    DEVICES, POLICY, Site, Submitted, TOKENS, code_of, coded, failed, is_past, of_newest, sign as sign_with,
};
use super::tokens;
use crate::Streams;
use crate::args::{RolloutHalt, RolloutPin, RolloutReason, RolloutSign};
use crate::commands::{plural, written};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// Halts, in the order in which nothing that fails keeps the rest from being done: a hold is put, by which every command of this directory knows,
/// whatever else is broken; tokens go; and then the log is written, or the witnesses are told.
pub(super) fn halt(directory: &Path, arguments: &RolloutHalt, now: u64, streams: &mut Streams<'_>) -> Outcome {
    // A slip in the name: what is made there would hold nothing.
    if !directory.is_dir() {
        return Err(Failure::usage(format!(
            "NOT halted: {}: there is no such directory; -C names the one that has the rollout",
            files::name(directory)
        )));
    }
    let put = hold::put(directory, &arguments.why.reason, now);
    if let Err(failure) = &put {
        talk(streams, &format!("{}: whatever runs `advance` here may write tokens again, so stop it", failure.message));
    }
    let failure = match halt_all(directory, arguments, now, streams) {
        Ok(Halted::Logged(exit) | Halted::Held(exit)) => return Ok(exit),
        Ok(Halted::Nothing(failure)) => {
            let message = format!("NOT halted: {}", failure.message);
            // Where there is nothing to halt, nothing is offered, and nothing is held.
            hold::lift(&hold::standing(directory))?;
            return Err(Failure { message, ..failure });
        }
        Err(failure) => failure,
    };
    let gone = tokens::take_away_all(directory);
    let held = match &put {
        Ok(path) => format!(
            "\n  held by {}: no ring opens and no token is written here until a halt is in the log, or somebody removes that file",
            files::name(path)
        ),
        Err(_) => String::new(),
    };
    // Nobody can be told of a halt that is about nothing known.
    let is_known = Site::open(directory).and_then(|site| site.state()).is_ok_and(|state| state.newest().is_some());
    let help = match (is_known, arguments.tell_witnesses) {
        (true, false) => {
            "\n  help: `contentcheck rollout halt --reason WORDS --tell-witnesses` tells the witnesses without writing the log: they sign for no \
             further ring"
        }
        (true, true) => "",
        (false, _) => {
            "\n  help: what the newest rollout is cannot be read here: halt it in a copy of this directory that is whole, and let nothing run \
             `advance` in this one"
        }
    };
    Err(Failure { message: format!("NOT halted in the log: {}\n{gone}{held}{help}", failure.message), ..failure })
}

/// What became of a halt.
enum Halted {
    /// It is in the log.
    Logged(Exit),
    /// It is not, and holds here.
    Held(Exit),
    /// There is nothing to halt.
    Nothing(Failure),
}

fn halt_all(directory: &Path, arguments: &RolloutHalt, now: u64, streams: &mut Streams<'_>) -> Result<Halted, Failure> {
    // What somebody puts from here on is about another halt.
    let holds = hold::standing(directory);
    let site = Site::open(directory)?;
    let state = site.state()?;
    let line = is_line(&arguments.why.reason);
    let Some(newest) = state.newest() else {
        let none = Failure::findings(coded(&codes::OUT_OF_TURN, "no rollout was planned yet"));
        return Ok(Halted::Nothing(line.err().unwrap_or(none)));
    };
    // One that is halted can be halted again: resumptions that people are signing are void then.
    if newest.is_stopped() && !matches!(newest.phase(), Phase::Halted { .. }) {
        tokens::withdraw(&site, &state, true, streams)?;
        return Ok(Halted::Nothing(failed(NoBook::Refused(Refusal::Broken(Check::Live)))));
    }
    let withdrawn = {
        // A command that writes them ends first, and sees the hold from then on.
        let _one = tokens::alone(&site.path(TOKENS));
        tokens::withdraw(&site, &state, true, streams)
    };
    line?;
    let signers = site.keys(&arguments.why.keys, streams)?;
    let body = Body::Halt(Halt { reason: arguments.why.reason.clone() });
    let mut entry = of_newest(&state, now, body.clone())?;
    sign_with(&state, &mut entry, &signers);
    match state.clone().apply(&entry.to_bytes()) {
        Ok(()) | Err(Refusal::Signatures { .. }) => {}
        Err(why) => return Err(failed(NoBook::Refused(why))),
    }
    if arguments.tell_witnesses {
        withdrawn?;
        return tell(&site, &state, &entry, now, streams).map(Halted::Held);
    }
    let mut book = site.book()?;
    // The log may have grown since it was read.
    let newer = of_newest(book.state(), now, body)?;
    if matches!(site.submit(&mut book, newer, &signers, now, streams)?, Submitted::Waiting) {
        withdrawn?;
        written(writeln!(
            streams.out,
            "NOT halted in the log: signatures are missing; until they are there no ring opens and no token is written here"
        ))?;
        return Ok(Halted::Held(Exit::Findings));
    }
    halted(&site, &mut book, &holds, now, streams).map(Halted::Logged)
}

/// A halt is in the log. What goes wrong from here on takes nothing of that back, and the hold stays until witnesses have signed for it.
fn halted(site: &Site, book: &mut Book<Directory>, holds: &[PathBuf], now: u64, streams: &mut Streams<'_>) -> Outcome {
    if let Some(index) = book.state().newest().and_then(Rollout::halted_in) {
        hold::logged(holds, index);
    }
    logged(site, book, "halted", now, streams)
}

/// Tells the witnesses of a halt beside the log.
fn tell(site: &Site, state: &State, halt: &Entry, now: u64, streams: &mut Streams<'_>) -> Outcome {
    if halt.signatures.is_empty() {
        return Err(Failure::findings(coded(&codes::SIGNATURES_MISSING, "no key at hand may halt")));
    }
    let bytes = halt.to_bytes();
    let of = state.told(&bytes).map_err(|why| failed(NoBook::Refused(why)))?;
    let (told, all) = site.tell_witnesses(&bytes, &of, now, streams)?;
    let quorum = state.quorum();
    let left = all.saturating_sub(told);
    written(writeln!(streams.out, "told: {told} of {}", witnesses(all)))?;
    if left < quorum {
        talk(streams, "no further ring of this rollout is signed for, until a halt is in the log");
        return Ok(Exit::Fine);
    }
    talk(streams, &format!("{left} were not told, and {quorum} are enough to open a ring: tell more of them"));
    Ok(Exit::Findings)
}

fn is_line(reason: &str) -> Result<(), Failure> {
    if reason.trim().is_empty() || reason.len() > 1_024 || reason.chars().any(char::is_control) {
        return Err(Failure::usage("--reason: say why, in one line of 1,024 bytes at most"));
    }
    Ok(())
}

pub(super) fn resume(directory: &Path, arguments: &RolloutReason, now: u64, streams: &mut Streams<'_>) -> Outcome {
    is_line(&arguments.reason)?;
    let site = Site::open(directory)?;
    let signers = site.keys(&arguments.keys, streams)?;
    let asked = site.state()?;
    let mut book = site.book()?;
    is_of_same_halt(&asked, book.state())?;
    if let Some(newest) = book.state().newest()
        && newest.halted_at().is_some()
        && !newest.is_stopped()
    {
        let message =
            "the newest rollout goes on already; `contentcheck rollout advance` writes tokens that are missing";
        return Err(Failure::findings(coded(&codes::OUT_OF_TURN, message)));
    }
    site.settle_again(&mut book, now, streams)?;
    site.may_resume(book.state())?;
    let entry = of_newest(book.state(), now, Body::Resume(Resume { reason: arguments.reason.clone() }))?;
    match site.submit(&mut book, entry, &signers, now, streams)? {
        Submitted::Logged(_) => logged(&site, &mut book, "goes on", now, streams),
        Submitted::Waiting => Ok(Exit::Findings),
    }
}

/// Refuses where somebody halted while whoever resumes waited for the log: what they resume is what they knew of.
fn is_of_same_halt(asked: &State, now: &State) -> Result<(), Failure> {
    let halt = |state: &State| state.newest().map(|newest| (newest.id(), newest.halted_in()));
    if halt(asked) == halt(now) {
        return Ok(());
    }
    let message = "somebody halted while this waited for the log, so it stays halted: `contentcheck rollout status` says why; run this again where \
                   that halt is answered too";
    Err(Failure::findings(coded(&codes::OUT_OF_TURN, message)))
}

/// Says what is in the log now, and sees to what follows from it.
fn logged(site: &Site, book: &mut Book<Directory>, done: &str, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let exit = after(site, book, now, streams).unwrap_or_else(|failure| {
        site.tell(streams, &failure.message);
        Exit::Findings
    });
    let missing = if exit == Exit::Fine { "" } else { ", in this log; see above what is missing" };
    written(writeln!(streams.out, "{done}{missing}"))?;
    Ok(exit)
}

fn witnesses(count: usize) -> String {
    format!("{count} {}", if count == 1 { "witness" } else { "witnesses" })
}

/// What follows what people said: tokens go or come back, and the witnesses sign.
fn after(site: &Site, book: &mut Book<Directory>, now: u64, streams: &mut Streams<'_>) -> Outcome {
    // First of all, for devices fetch them; where that fails, the witnesses are asked all the same.
    let withdrawn = tokens::withdraw(site, book.state(), false, streams);
    let signed = site.cosign(book, now, streams)?;
    withdrawn?;
    let quorum = book.state().quorum();
    if signed < quorum {
        let message = format!(
            "{signed} of {} signed for this log with its newest entry, and {quorum} must: nobody else goes by that entry yet. \
             `contentcheck rollout advance` asks them again",
            witnesses(site.witnesses())
        );
        site.tell(streams, &coded(&codes::WITNESS_REFUSES, &message));
        return Ok(Exit::Findings);
    }
    site.settle(book.state(), signed)?;
    let offers = book.state().newest().is_some_and(|newest| !newest.offered().is_empty());
    match if offers { reported(site, book.state(), now) } else { Reported::Well } {
        Reported::Well => tokens::write(site, book, signed, streams).map(tokens::Written::exit),
        // What was reported while it was halted is not in the log yet.
        Reported::Bad(why) => no_token(site, book, &coded(&codes::RELEASE_REJECTED, &why), streams),
        Reported::Unknown(why) => no_token(site, book, &coded(&codes::RING_NOT_READY, &why), streams),
    }
}

fn no_token(site: &Site, book: &Book<Directory>, why: &str, streams: &mut Streams<'_>) -> Outcome {
    tokens::withdraw(site, book.state(), true, streams)?;
    site.tell(streams, why);
    Ok(Exit::Findings)
}

pub(super) fn pin(directory: &Path, arguments: &RolloutPin, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let path = site.path(DEVICES);
    let failure = |why: NoRoll| Failure::usage(why.to_string());
    let before = roll::text(&path).map_err(failure)?;
    roll::parse(&path, &before).map_err(failure)?;
    let is_meant =
        |name: &str| name.strip_prefix(&arguments.stratum).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let held = !arguments.undo;
    let (after, changed) = roll::pin(&before, is_meant, held);
    if changed == 0 {
        let state = if held {
            "held back already"
        } else {
            "pinned: what is held by itself takes part when `held` is gone from its line"
        };
        return Err(Failure::findings(format!(
            "{DEVICES}: no device of the stratum `{}` would change: there is none, or {} {state}",
            visible(&arguments.stratum),
            if held { "all are" } else { "none is" }
        )));
    }
    let roll = roll::parse(&path, &after).map_err(|why| match why {
        NoRoll::Census(_, NoCensus::Nobody) => {
            Failure::findings(format!("{DEVICES}: that would hold back every device"))
        }
        why => failure(why),
    })?;
    let signers = site.keys(&arguments.keys, streams)?;
    let mut book = site.book()?;
    let body = Body::Census(roll.census().clone());
    let entry = Entry::new(None, now.max(book.state().time()), body.clone());
    book.state().rehearse(&[&entry.to_bytes()]).map_err(|why| failed(NoBook::Refused(why)))?;
    site.keeps_plan(&mut book, &body, now, streams)?;
    write::write(&path, after.as_bytes())?;
    site.keep_roll(&roll)?;
    if matches!(site.submit(&mut book, entry, &signers, now, streams)?, Submitted::Waiting) {
        return Ok(Exit::Findings);
    }
    site.cosign(&mut book, now, streams)?;
    let done = if held { "held back" } else { "taking part" };
    written(writeln!(streams.out, "{} {done}, from the next plan on", plural(changed, "device")))
}

/// What a policy asks of all rings, in a line.
fn terms(policy: &Policy) -> String {
    let (odds, error) = policy.silence_test();
    let opens = opens_when(policy).unwrap_or_else(|| "rings open at any time".to_owned());
    format!(
        "every ring: devices report within {} and are back within {}; with more than {} of them silent no ring leads to the next, nor with {odds} times \
         the odds of that, by a test with an error of {}; good content is halted with a probability of {} at most; {opens}",
        duration(policy.report_within()),
        duration(policy.return_within()),
        percent(policy.silent_most()),
        percent(error),
        percent(policy.halt_error())
    )
}

/// What an entry says, so that nobody signs what they have not seen.
fn about(state: &State, entry: &Entry) -> String {
    let of_newest = || {
        let newest = state.newest().map(|newest| (newest.release().name.clone(), newest.release().sequence));
        newest.map_or_else(String::new, |(name, sequence)| format!(" of `{}` (sequence {sequence})", visible(&name)))
    };
    let says = match &entry.body {
        Body::Keys(next) => {
            let mut lines = format!("keys, version {}", next.version);
            for role in Role::ALL {
                let before = state.keys().map(|keys| keys.role(role));
                let (old, new) = (before.map_or(&[][..], |held| &held.keys), &next.role(role).keys);
                for key in new.iter().filter(|key| !old.contains(key)) {
                    lines += &format!("\n  {} + {}", role.name(), Hash(*key));
                }
                for key in old.iter().filter(|key| !new.contains(key)) {
                    lines += &format!("\n  {} - {}", role.name(), Hash(*key));
                }
                let needed = next.role(role).needed;
                if before.is_some_and(|held| held.needed != needed) {
                    lines += &format!("\n  {}: {needed} must sign", role.name());
                }
            }
            if state.keys().is_some_and(|keys| keys.trust != next.trust) {
                lines += "\n  the log and its witnesses:";
                for line in next.trust.lines() {
                    lines += &format!("\n    {}", visible(line));
                }
            }
            lines
        }
        Body::Census(census) => {
            let held: u64 = census.strata.iter().map(|stratum| u64::from(stratum.held)).sum();
            let mut lines = format!("a census: {} devices take part, {held} are held back", census.taking_part());
            lines.extend(
                census
                    .largest_group()
                    .map(|of| format!("; {} in redundancy groups, the largest of {of} devices", census.in_groups())),
            );
            for stratum in &census.strata {
                lines += &format!("\n  {}: {}, {} held back", visible(&stratum.name), stratum.devices, stratum.held);
            }
            lines
        }
        Body::Release(release) => format!(
            "release `{}`, sequence {}\n  image {} of {} bytes\n  attestation {}",
            visible(&release.name),
            release.sequence,
            Hash(release.image),
            release.bytes,
            Hash(release.attestation)
        ),
        Body::Plan(plan) => {
            let release = state.release(&plan.release).map_or_else(
                || format!("of the release in entry {}, which is not in the log", plan.release),
                |release| {
                    format!(
                        "of `{}`, sequence {}, image {}",
                        visible(&release.name),
                        release.sequence,
                        Hash(release.image)
                    )
                },
            );
            let class = if plan.class == Class::Urgent { "urgent" } else { "routine" };
            let reverts = plan.reverts.map_or_else(String::new, |id| format!("; it takes back the rollout {id}"));
            let rings = state.census(&plan.census).map_or_else(
                || "its census is not in the log".to_owned(),
                |census| planned(census, &plan.policy, plan.class).unwrap_or_else(|failure| failure.message),
            );
            let lines = rings
                .lines()
                .chain([terms(&plan.policy)].iter().map(String::as_str))
                .map(|line| format!("\n  {}", visible(line)))
                .collect::<String>();
            format!("a plan {release}\n  {class}{reverts}{lines}")
        }
        Body::Halt(halt) => format!("a halt{}: {}", of_newest(), visible(&halt.reason)),
        Body::Resume(resume) => format!("a resumption{}: {}", of_newest(), visible(&resume.reason)),
        Body::Evidence(evidence) => {
            let all = evidence.strata.iter().fold(Observed::default(), |sum, (_, seen)| sum.and(seen));
            format!(
                "evidence of ring {}{}: {} receipts, {} settled, {} of them failed, {} failures reported",
                evidence.ring,
                of_newest(),
                all.receipts,
                all.settled,
                all.failed,
                all.reported
            )
        }
        Body::Start(_) | Body::Verdict(_) => entry.body.name().to_owned(),
    };
    format!("{says}\n  made at {} UTC", utc(entry.time))
}

pub(super) fn sign(directory: &Path, arguments: &RolloutSign, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let mut entry = Site::draft(&arguments.draft)?;
    let name = files::name(&arguments.draft);
    let state = site.state()?;
    site.tell(streams, &format!("{name}: {}", about(&state, &entry)));
    if let Body::Plan(plan) = &entry.body
        && site.policy().is_ok_and(|own| own != plan.policy)
    {
        site.tell(
            streams,
            &format!(
                "{name}: its policy is NOT that of {POLICY} here, whatever its name; what is said above is what counts"
            ),
        );
    }
    let before = entry.signatures.len();
    let mut signers = Vec::new();
    for path in &arguments.keys {
        signers.push(keys::read(path)?);
    }
    sign_with(&state, &mut entry, &signers);
    if entry.signatures.len() == before {
        let role = entry.body.role().map_or("none", |role| role.name());
        return Err(Failure::usage(format!(
            "{name}: none of these keys adds a signature: the entry is signed by the role `{role}`, and by each key once"
        )));
    }
    let bytes = entry.to_bytes();
    let halt = match &entry.body {
        // Who may halt has said so, whatever becomes of this file.
        Body::Halt(halt) if state.told(&bytes).is_ok_and(|told| state.keeps_back(&told)) => Some(halt),
        _ => None,
    };
    if let Some(halt) = halt {
        let held = hold::put(directory, &halt.reason, now)?;
        site.tell(streams, &format!("held by {}: no ring opens and no token is written here", files::name(&held)));
        tokens::withdraw(&site, &state, true, streams)?;
    }
    let holds = hold::standing(directory);
    if is_past(&entry, now) {
        let message = format!(
            "{name}: people have a day to sign, and this was made at {} UTC; remove the file, and run again what asked for it",
            utc(entry.time)
        );
        return Err(Failure::findings(coded(&codes::OUT_OF_TURN, &message)));
    }
    state.rehearse(&[&bytes]).map_err(|why| {
        let next = match halt {
            Some(_) => {
                "the log has grown since it was made: `contentcheck rollout halt --reason WORDS` makes another one"
            }
            None => "remove the file, and run again what asked for it",
        };
        let message = format!("{name}: this can no longer be logged: {why}; {next}");
        Failure::findings(coded(code_of(&why), &message))
    })?;
    write::write(&arguments.draft, &bytes)?;
    // Whoever signs elsewhere need not be able to write the log.
    if let Err(Refusal::Signatures { role, found, needed }) = state.clone().apply(&bytes) {
        written(writeln!(streams.out, "{name}: {found} of {needed} signatures of the role `{}`", role.name()))?;
        return Ok(Exit::Findings);
    }
    let found = entry.signatures.len();
    let mut book = site.book()?;
    if matches!(entry.body, Body::Resume(_)) {
        site.settle_again(&mut book, now, streams)?;
        site.may_resume(book.state())?;
    }
    // What was made by a clock that was ahead is of a time that has not come.
    let made = if entry.time > book.state().time() { now.max(entry.time) } else { now };
    site.is_on_time(made)?;
    site.keeps_plan(&mut book, &entry.body, now, streams)?;
    book.append(&[&bytes]).map_err(failed)?;
    write::remove(&arguments.draft)?;
    let exit = match entry.body {
        Body::Halt(_) => halted(&site, &mut book, &holds, now, streams)?,
        Body::Resume(_) => after(&site, &mut book, now, streams)?,
        _ => site.cosign(&mut book, now, streams).map(|_| Exit::Fine)?,
    };
    talk(streams, &format!("{name}: signed by {found}, and logged; what asked for it can go on"));
    Ok(exit)
}
