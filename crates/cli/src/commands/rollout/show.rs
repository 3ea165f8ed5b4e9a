//! `rollout status`, `rollout explain` and `rollout report`.

use std::path::Path;

use contentcheck_fleet::page::{As, page};
use contentcheck_fleet::serve::Here;
use contentcheck_fleet::status::{Group, Light, PhaseName, RingState, Seen, Status, duration};
use contentcheck_log::floors::keep_apart;
use contentcheck_log::{Class, Hash};
use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_project::files;
use contentcheck_project::write::{self, InputFiles};
use contentcheck_rollout::entry::Evidence;
use contentcheck_rollout::judge;
use contentcheck_rollout::policy::Rule;
use contentcheck_rollout::state::{Phase, Rollout};
use contentcheck_rollout::{Census, Policy, Refusal, Stratum};

use super::hold;
use super::keys;
use super::rings::UNSTARTABLE;
use super::site::{DRAFTS, KEYS, POLICY, Site, coded, is_past, there};
use super::ways;
use crate::Streams;
use crate::args::{DeviceFormat, RolloutReport, RolloutStatus as Arguments};
use crate::commands::written;
use crate::exit::{Exit, Failure, Outcome};

/// A ring as people call it: its number, from 0, as in the files, and its name.
pub(super) fn ring_name(rollout: &Rollout, ring: u8) -> String {
    match rollout.plan().policy.rings().get(usize::from(ring)) {
        Some(known) => format!("ring {ring} ({})", visible(&known.name)),
        None => format!("ring {ring} (rest)"),
    }
}

/// A share, as a person reads it.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let digits = if percent >= 10.0 || percent == 0.0 {
        0
    } else if percent >= 1.0 {
        1
    } else {
        3
    };
    let text = format!("{percent:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}

/// Where things are, with what devices reported since the newest evidence. What stands in `stopped/` holds also where nothing can be read.
fn look(directory: &Path, now: u64) -> Result<Status, Failure> {
    looked(directory, now).map_err(|failure| {
        let holds: Vec<String> = hold::standing(directory).iter().map(|path| files::name(path)).collect();
        match holds.is_empty() {
            true => failure,
            false => {
                let message = format!(
                    "{}\n  every rollout is HELD here by {}: no ring opens, and no token is written",
                    failure.message,
                    holds.join(", ")
                );
                Failure { message, ..failure }
            }
        }
    })
}

fn looked(directory: &Path, now: u64) -> Result<Status, Failure> {
    let site = Site::open(directory)?;
    let memories = [site.memories(), site.asked()].concat();
    let log = site.follower()?;
    site.is_as_long(&memories, (log.state().size(), log.state().root()))?;
    let shown = live(&site, log.state(), now);
    let (live, told, trouble) = shown.unwrap_or_else(|failure| (Vec::new(), Vec::new(), Some(failure.message)));
    let seen = Seen { state: log.state(), checkpoint: log.checkpoint(), live: &live, trouble: trouble.as_deref(), now };
    let plan = log.state().newest().filter(|rollout| *rollout.phase() == Phase::Planned);
    let is_behind = |plan: &&Rollout| plan.index().saturating_add(1) < log.state().size();
    let unstartable = match plan.filter(is_behind) {
        Some(plan) => site.plan_checkpoint(log.state(), plan)?.is_none(),
        None => false,
    };
    let other = others(log.state(), &told);
    let Here { held, blocked, loose, odd } = site.here(log.state());
    let copied = site.copied().filter(|_| held.is_none());
    let status = Status::of(seen)
        .and(unstartable.then(|| UNSTARTABLE.to_owned()).into_iter().chain(other).chain(copied).chain(odd));
    let status = status.and_bad(&ways::bad_now(&site, log.state(), now)).and_red(site.told_elsewhere(log.state()));
    // Last: what holds is in the headline.
    Ok(status.and_blocked(blocked).and_stopped(held).and_red(loose))
}

/// What devices say that they have seen which this log never was, in a sentence. A log that grew does not make it right.
fn others(state: &contentcheck_rollout::State, seen: &[(u64, Hash, [u8; 32])]) -> Option<String> {
    let others: Vec<_> = seen.iter().filter(|(size, root, _)| !state.was(*size, root)).collect();
    let (size, _, device) = others.first()?;
    let more = match others.len() {
        1 => String::new(),
        count => format!(" ({count} such logs are reported)"),
    };
    Some(format!(
        "device {} reports a log of {size} entries, which this one with {} never was{more}: devices may be shown another log, this one was put back \
         from an older copy, or the device lies",
        Hash(*device),
        state.size()
    ))
}

/// The evidence of each ring that is open, the logs that devices say they have seen, and why that may not be all.
type Live = (Vec<Evidence>, Vec<(u64, Hash, [u8; 32])>, Option<String>);

fn live(site: &Site, state: &contentcheck_rollout::State, now: u64) -> Result<Live, Failure> {
    if let Some(rollout) = state.newest().filter(|rollout| rollout.open_ring().is_some()) {
        site.roll_of(rollout)?;
    }
    let reports = site.recounter()?;
    let (live, trouble) = reports.live(state, now);
    Ok((live.unwrap_or_default(), reports.seen(), trouble))
}

fn exit(status: &Status) -> Exit {
    // What may be old is not known to be well.
    let is_bad = status.light == Light::Red || status.trouble.is_some() || !status.blocked.is_empty();
    if is_bad { Exit::Findings } else { Exit::Fine }
}

pub(super) fn status(directory: &Path, arguments: &Arguments, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let status = look(directory, now)?;
    if arguments.format == DeviceFormat::Json {
        let text = serde_json::to_string_pretty(&status).map_err(|error| Failure::internal(error.to_string()))?;
        written(writeln!(streams.out, "{text}"))?;
        return Ok(exit(&status));
    }
    headline(directory, &status, streams)?;
    if let Some(rollout) = &status.rollout {
        let release = &rollout.release;
        let urgent = if rollout.urgent { ", urgent" } else { "" };
        written(writeln!(
            streams.out,
            "release `{}`, sequence {}{urgent}; {} devices, policy `{}`",
            visible(&release.name),
            release.sequence,
            rollout.devices,
            visible(&rollout.policy)
        ))?;
        for ring in rollout.rings.iter().filter(|ring| ring.state != RingState::Waiting) {
            let counts = &ring.counts;
            written(writeln!(
                streams.out,
                "  {}: {} receipts, {} settled; {} failed, {} of them report it",
                visible(&ring.title()),
                counts.receipts,
                counts.settled,
                counts.failures(),
                counts.reported
            ))?;
        }
        if let Some(next) = &rollout.next {
            let wait = next.earliest.map(|at| at.saturating_sub(now));
            let when = match wait {
                None => "not before a person acts".to_owned(),
                Some(0) => "now, as far as the clock goes".to_owned(),
                Some(wait) => format!("in {} at the earliest", duration(wait)),
            };
            written(writeln!(streams.out, "next: ring {} ({}), {when}", next.ring, visible(&next.name)))?;
            for missing in &next.missing {
                written(writeln!(streams.out, "  missing: {}", visible(missing)))?;
            }
        }
    }
    ways_back(&status, streams)?;
    drafts(directory, now, streams)?;
    let log = &status.log;
    let signed = log.witnesses.iter().filter(|witness| witness.signed.is_some()).count();
    written(writeln!(
        streams.out,
        "log: {} {}; {signed} of {} witnesses signed for the newest one, {} must",
        log.entries,
        if log.entries == 1 { "entry" } else { "entries" },
        log.witnesses.len(),
        log.needed
    ))?;
    Ok(exit(&status))
}

pub(super) fn explain(directory: &Path, arguments: &Arguments, now: u64, streams: &mut Streams<'_>) -> Outcome {
    if arguments.format == DeviceFormat::Json {
        return status(directory, arguments, now, streams);
    }
    let status = look(directory, now)?;
    headline(directory, &status, streams)?;
    let Some(rollout) = &status.rollout else { return Ok(exit(&status)) };
    for missing in rollout.next.iter().flat_map(|next| &next.missing) {
        written(writeln!(streams.out, "missing: {}", visible(missing)))?;
    }
    for ring in rollout.rings.iter().filter(|ring| ring.state != RingState::Waiting) {
        written(writeln!(streams.out, "{}", visible(&ring.title())))?;
        for group in &ring.groups {
            groups(group, streams)?;
        }
    }
    ways_back(&status, streams)?;
    Ok(exit(&status))
}

/// The rollout in a sentence, and why a person should look.
fn headline(directory: &Path, status: &Status, streams: &mut Streams<'_>) -> Outcome {
    written(writeln!(streams.out, "{}", visible(&status.headline)))?;
    for reason in &status.reasons {
        let may_be_old = if status.trouble.as_ref() == Some(reason) { "this may be old: " } else { "" };
        written(writeln!(streams.out, "  {may_be_old}{}", visible(&there(directory, reason))))?;
    }
    let halted_by = status.rollout.iter().flat_map(|rollout| &rollout.halted_by);
    for (key, name) in halted_by.filter_map(|key| Some((key, keys::name_of(&directory.join(KEYS), key)?))) {
        written(writeln!(streams.out, "  {} is `{}` in {KEYS}/", key.get(..12).unwrap_or(key), visible(&name)))?;
    }
    Ok(Exit::Fine)
}

/// What the newest rollout can be taken back to.
fn ways_back(status: &Status, streams: &mut Streams<'_>) -> Outcome {
    let phase = status.rollout.as_ref().map(|rollout| rollout.phase);
    if matches!(phase, None | Some(PhaseName::Planned)) {
        return Ok(Exit::Fine);
    }
    let ways = status.ways_back.iter().map(|way| format!("`{}` (sequence {})", visible(&way.name), way.sequence));
    let ways = ways.collect::<Vec<_>>().join(", ");
    let text = match ways.is_empty() {
        true => "way back: none, since no other content was good on the whole fleet before; plan a fix under a higher sequence"
            .to_owned(),
        false => format!("way back: the content of {ways}, under a higher sequence"),
    };
    written(writeln!(streams.out, "{text}"))
}

/// The entries that wait for signatures.
fn drafts(directory: &Path, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let Ok(files) = std::fs::read_dir(site.path(DRAFTS)) else { return Ok(Exit::Fine) };
    let is_draft = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "entry");
    let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).filter(is_draft).collect();
    paths.sort();
    let state = site.state()?;
    for path in paths {
        let name = files::name(&path);
        let text = match Site::draft(&path) {
            Err(failure) => failure.message,
            Ok(entry) => {
                let bytes = entry.to_bytes();
                let applied = state.rehearse(&[&bytes]).and_then(|_| state.clone().apply(&bytes));
                match applied {
                    _ if is_past(&entry, now) => {
                        format!("no longer waits: {name} was made more than a day ago, in which people sign; remove it")
                    }
                    Ok(()) => format!("waits: {name} has its signatures; what asked for it, run again, logs it"),
                    Err(Refusal::Signatures { role, found, needed }) => format!(
                        "waits: {name} has {found} of {needed} signatures of the role `{}`; `contentcheck rollout sign {name} --key FILE` adds one",
                        role.name()
                    ),
                    Err(why) => format!("no longer waits: {name} cannot be logged any more: {why}; remove it"),
                }
            }
        };
        written(writeln!(streams.out, "{}", visible(&there(directory, &text))))?;
    }
    Ok(Exit::Fine)
}

fn groups(group: &Group, streams: &mut Streams<'_>) -> Outcome {
    let counts = &group.counts;
    let names = group.strata.join(", ");
    written(writeln!(
        streams.out,
        "  {}: {} receipts, {} settled; {} failed, {} of them report it",
        visible(&names),
        counts.receipts,
        counts.settled,
        counts.failures(),
        counts.reported
    ))?;
    for test in &group.tests {
        written(writeln!(streams.out, "    {}: {}", test.test, visible(&test.says)))?;
    }
    Ok(Exit::Fine)
}

pub(super) fn report(directory: &Path, arguments: &RolloutReport, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let text = page(&look(directory, now)?, As::File);
    match &arguments.output {
        Some(path) => {
            // Nothing of the rollout is a page: keys, log and settings stay what they are.
            let own = InputFiles::default();
            own.add_tree(directory, |path| path.extension().is_none_or(|extension| extension != "html"));
            write::write_output(path, text.as_bytes(), &own).map(|()| Exit::Fine)
        }
        None => written(streams.out.write_all(text.as_bytes())),
    }
}

/// What each ring would have and see.
pub(super) fn planned(census: &Census, policy: &Policy, class: Class) -> Result<String, Failure> {
    let devices = census.taking_part();
    let held: u64 = census.strata.iter().map(|stratum| u64::from(stratum.held)).sum();
    let held = if held > 0 { format!(", {held} held back") } else { String::new() };
    let mut text = format!("{devices} devices of {}{held}; policy `{}`\n", strata(census.strata.len()), policy.name());
    if let Some(of) = census.largest_group() {
        keep_apart(policy.shares().into_iter(), of)
            .map_err(|why| Failure::findings(coded(&codes::POLICY_REFUSED, &format!("{POLICY}: {why}"))))?;
        text += &format!(
            "{} of them in redundancy groups, the largest of {of}: no two of a group are in one ring, and spares go first\n",
            census.in_groups()
        );
    }
    for number in 0..policy.ring_count() {
        let share = policy.share_of(number);
        let Some(ring) = policy.rings().get(usize::from(number)) else {
            text += &format!("ring {number} (rest): {} of the fleet\n", percent(share));
            continue;
        };
        let rule = match ring.rule {
            Rule::Every(least) => format!(
                "{least} devices or more are well, and failures are no more frequent than one in {} hours of devices",
                policy.hours_between_failures()
            ),
            Rule::Share { good, bad, error } => format!(
                "fewer than {} fail, where {} would be bad, with an error of {}",
                percent(good.value()),
                percent(bad.value()),
                percent(error.value())
            ),
        };
        text += &format!(
            "ring {number} ({}): {} of the fleet, about {:.0} devices, open for {}; {rule}\n",
            ring.name,
            percent(share),
            census.expected(policy, number),
            duration(ring.bake(class)),
        );
        let groups = judge::groups(census, policy, number)
            .map_err(|why| Failure::findings(coded(&codes::RING_TOO_SMALL, &format!("{POLICY}: {why}"))))?;
        for group in groups {
            let names: Vec<&str> = group
                .strata
                .iter()
                .filter_map(|at| census.strata.get(usize::from(*at)))
                .map(|stratum| stratum.name.as_str())
                .collect();
            text += &format!(
                "  {}: about {:.0} devices; would not see failures of fewer than {} (95 % confidence)\n",
                names.join(", "),
                group.expected,
                percent(group.unseen())
            );
        }
    }
    if let Some(bounds) = opens_when(policy) {
        text += &format!("{bounds}\n");
    }
    // A ring of which they have less than one device on average shows nothing of them.
    let is_unseen = |stratum: &&Stratum| {
        let mut rings = (0..policy.ring_count()).rev().skip(1);
        stratum.devices > 0 && rings.all(|ring| stratum.expected(policy, ring) < 1.0)
    };
    let unseen: Vec<&str> = census.strata.iter().filter(is_unseen).map(|stratum| stratum.name.as_str()).collect();
    if !unseen.is_empty() {
        text += &format!(
            "in no ring before the last, on average: {}; how the release does there is not known before it is everywhere\n",
            unseen.join(", ")
        );
    }
    Ok(text)
}

/// When rings may open, as far as a policy bounds that.
pub(super) fn opens_when(policy: &Policy) -> Option<String> {
    let blackouts: Vec<String> = policy.blackouts().iter().map(ToString::to_string).collect();
    let blackouts = (!blackouts.is_empty()).then(|| format!("no ring opens {}", blackouts.join(", ")));
    let rate = policy.rate().map(|rate| format!("rings that open hold at most {rate}, over all rollouts"));
    let bounds: Vec<String> = blackouts.into_iter().chain(rate).collect();
    (!bounds.is_empty()).then(|| bounds.join("; "))
}

fn strata(count: usize) -> String {
    if count == 1 { "1 stratum".to_owned() } else { format!("{count} strata") }
}
