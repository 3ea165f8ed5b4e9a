//! Check 9: what differs from the previous release.

mod between;
mod blinded;
mod displaced;
mod formerly;
mod kinds;
mod lost;
mod meaning;
mod recognition;
mod seat;
mod sensors;
mod shown;
mod taken;

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_model::diagnostic::{Detail, Measure, clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::{Predicate, Test};
use contentcheck_model::rule::{CheckedRule, Identity, Level, Target};
use contentcheck_model::table::Table;
use contentcheck_model::template::{FieldType, TemplateType};
use contentcheck_parser::release::{self, LeftOut};

use self::between::Between;
use self::formerly::Formerly;
use crate::checks::corpus;
use crate::checks::lint::Lint;
use crate::evidence::{Change, ChangeKind, Finding, Weight};
use crate::facts::{place, plural};
use crate::previous::PreviousEvidence;
use crate::run::{Check, Demands, Learned, Outcome, Subject};
use crate::subject::Built;

/// Size, rules, meaning and volume against the previous release.
pub struct ChangeGuard;

/// Of ten rules of the previous release, so many may go without a word.
const GONE_PER_TEN: usize = 1;
/// Bytes below which growth of an image is no jump.
const SMALL: usize = 64 * 1024;
impl Check for ChangeGuard {
    fn name(&self) -> &'static str {
        "change"
    }

    fn guards(&self) -> &'static str {
        "a release that is emptied, shrunken, doubled, stale, or whose rules mean something else than before without anybody having seen it"
    }

    fn run(&self, run: &Subject<'_>, earlier: &Learned) -> Outcome {
        let mut outcome = Outcome::default();
        let then = run.settings.previous_evidence.as_deref().map(PreviousEvidence::evidence);
        match run.settings.previous_evidence.as_deref() {
            Some(then) if !then.is_attested() => outcome.skipped.push(
                "the evidence of the previous release is not known to be what the gate left: no key says so (`previous-key` under [gate])".to_owned(),
            ),
            None if run.settings.is_change => outcome
                .skipped
                .push("what there was to look at: a change is held against no evidence of a release (--change)".to_owned()),
            None if run.previous.is_some() && !run.settings.allow_shrink => outcome.skipped.push(
                "what there was to look at: no evidence of the previous release is named (`previous-evidence` under [gate])".to_owned(),
            ),
            _ => {}
        }
        let unseen = run.settings.previous_evidence.as_deref().map(PreviousEvidence::unseen).unwrap_or_default();
        if !unseen.is_empty() {
            outcome.skipped.push(format!(
                "what there was to look at: the gate of the previous release did not see all of it ({})",
                unseen.join(", ")
            ));
        }
        if run.settings.previous_evidence.as_deref().is_some_and(PreviousEvidence::lacks_manifests) {
            outcome.skipped.push(
                "what sensors supply: the previous release that is named has no manifests, and its gate had (name them in its `fleet`)"
                    .to_owned(),
            );
        }
        if !run.settings.allow_shrink {
            if let Some(then) = then {
                corpus::shrunk(run, then, earlier, &mut outcome);
            }
            if let Some(then) = then.map(Demands::of).or_else(|| run.settings.previous_demands.clone()) {
                corpus::ceilings_raised(run, &then, &mut outcome);
                corpus::settings_loosened(run, &then, &mut outcome);
            }
            corpus::replaced(run, then, &mut outcome);
            corpus::sensors_gone(run, &mut outcome);
            corpus::manifests_changed(run, &mut outcome);
        }
        let Some(previous) = run.previous else {
            let reason = "no previous release is named (`previous` under [gate], or --previous)";
            if then.is_none() {
                return Outcome::skipped(reason);
            }
            outcome.skipped.push(format!("size, rules, meaning and volume: {reason}"));
            outcome.summary = "what there is to look at was held against the previous evidence".to_owned();
            return outcome;
        };
        let sequence = |built: &Built| built.judged().gathered().release.sequence;
        let (old_sequence, sequence) = (sequence(previous), sequence(run.built));
        let mut stale = |message: String, new: Option<u64>| {
            let detail = Detail::change(Measure::Sequence, old_sequence, new);
            let finding = Finding::new(&codes::STALE_SEQUENCE, message).with_detail(detail);
            let help = "give `sequence` under [release] a number above that of the previous release, for a revert too";
            outcome.findings.push(finding.with_help(help));
        };
        match (old_sequence, sequence) {
            _ if run.settings.is_change => outcome.skipped.push(
                "the sequence number, and what devices have now: this is a change of what is named as the previous release, and no release (--change)"
                    .to_owned(),
            ),
            (Some(old), Some(new)) if new <= old => {
                stale(format!("the sequence number is {new}, and that of the previous release {old}"), sequence);
            }
            (Some(old), None) => {
                stale(format!("the release has no sequence number, and the previous one has {old}"), None);
            }
            (None, Some(new)) => {
                let reason = "the previous release has none, and this one has";
                outcome.skipped.push(format!("the sequence number: {reason} {new}"));
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        outcome.skipped.extend(unlike(run, previous));
        let old = previous.rules();
        let before = by_identity(&old);
        let after = by_identity(&run.rules);
        // What has an error is not gone: lint says what is wrong with it. Where lint does not run, nothing else does, so that is said here.
        let left = run.built.judged().left_out().iter();
        let left: BTreeSet<Identity> = left.flat_map(|out| Identity::of_word(&out.name)).collect();
        if !run.runs(Lint.name()) {
            outcome.findings.extend(left_out(run, &before));
        }
        let gone: Vec<&CheckedRule> = before
            .iter()
            .filter(|(name, _)| !after.contains_key(*name) && !left.contains(*name))
            .map(|(_, rule)| *rule)
            .collect();
        shrunk(run, &before, &gone, &mut outcome);
        let formerly = Formerly::of(run, previous);
        match &formerly {
            Ok(formerly) => sensors::look(run, (previous, formerly), &left, &mut outcome),
            Err(reason) => outcome
                .skipped
                .push(format!("rules that each sensor loads: the previous release has no image: {reason}")),
        }
        sensors::nowhere(run, &before, &mut outcome);
        let told = templates(run, previous, &mut outcome);
        let between = Between::new(run, previous, formerly.as_ref().ok());
        let mut changes = recognition::routed(run, previous, &between, &told, &mut outcome);
        grown(run, &mut outcome);
        changes.extend(gone.iter().map(|rule| plain(rule, ChangeKind::Removed)));
        let mut displaced = Vec::new();
        for (name, rule) in &after {
            match before.get(name) {
                None => changes.push(meaning::added(run, rule, &mut outcome)),
                Some(old) => {
                    displaced.extend(meaning::changed(
                        run,
                        (old, rule),
                        (earlier, &between),
                        &mut changes,
                        &mut outcome,
                    ));
                    changes.extend(relabelled(old, rule));
                    changes.extend(other_sensors(old, rule));
                }
            }
        }
        // One that has another id is told as gone; what template types take from it is told of the new one.
        for old in &gone {
            if let Some(new) = renamed(run, &before, old) {
                let (changes, outcome) = (&mut Vec::new(), &mut Outcome::default());
                displaced.extend(meaning::changed(run, (old, new), (earlier, &between), changes, outcome));
            }
        }
        outcome.findings.extend(displaced::findings(&displaced));
        let recorded = meaning::recorded(run, earlier, previous, &mut changes, &mut outcome);
        changes.sort_by(|a, b| (&a.rule, &a.template).cmp(&(&b.rule, &b.template)));
        let of = |kind: ChangeKind| changes.iter().filter(|change| change.kind == kind).count() as u64;
        let kinds = [
            ("added", ChangeKind::Added),
            ("removed", ChangeKind::Removed),
            ("wider", ChangeKind::Wider),
            ("narrower", ChangeKind::Narrower),
            ("different", ChangeKind::Different),
            ("rewritten", ChangeKind::Rewritten),
            ("unknown", ChangeKind::Unknown),
            ("relabelled", ChangeKind::Relabelled),
            ("for other sensors", ChangeKind::OtherSensors),
        ];
        for (name, kind) in kinds {
            outcome.fact(name, of(kind));
        }
        let said: Vec<String> = kinds
            .iter()
            .filter(|(_, kind)| of(*kind) > 0)
            .map(|(name, kind)| format!("{} {name}", of(*kind)))
            .collect();
        outcome.summary = format!(
            "{} before, {} now: {}{}",
            plural(before.len(), "rule"),
            after.len(),
            if said.is_empty() { "none changed".to_owned() } else { said.join(", ") },
            recorded.map_or_else(String::new, |(then, now)| format!(
                "; of the recorded events they matched {then}, and match {now}"
            ))
        );
        outcome.learned.changes = changes;
        // Rules that went take with them what there was to look at: the cause comes first.
        outcome.findings.sort_by_key(|finding| finding.code != codes::RELEASE_SHRUNK.id);
        outcome
    }
}

/// Why what is named as the previous release shows less than it should, or nothing. A release that passed has none of
/// these where it was judged against the same sensors, so that one that has cannot hide what is gone.
fn unlike(run: &Subject<'_>, previous: &Built) -> Vec<String> {
    let mut reasons = Vec::new();
    let left_out = previous.judged().left_out().len();
    if left_out > 0 {
        let left_out = plural(left_out, "rule");
        reasons.push(format!("{left_out} of the previous release with errors: they are compared with nothing"));
    }
    if previous.rules().is_empty() {
        reasons.push("the previous release has no rules: nothing was compared".to_owned());
    }
    let hidden = hidden(run, previous);
    if let Some(first) = hidden.first() {
        let one = "name that the previous release's own exclusions leave out";
        let names = if let [_] = hidden.as_slice() {
            format!("1 {one}")
        } else {
            format!("{} {}", hidden.len(), one.replacen("name", "names", 1))
        };
        reasons.push(format!(
            "{names}, such as {first}: they are compared with nothing; evidence of that release tells what belongs to it (`previous-evidence`)"
        ));
    }
    let name = |built: &Built| built.judged().gathered().release.name.clone();
    let (old, new) = (name(previous), name(run.built));
    if old != new {
        let called =
            |name: Option<String>| name.map_or_else(|| "has no name".to_owned(), |name| format!("is `{name}`"));
        let are = match (&old, &new) {
            (Some(_), Some(_)) => "they are not the same product",
            _ => "whether they are the same product is not known",
        };
        reasons.push(format!("the previous release {}, and this one {}: {are}", called(old), called(new)));
    }
    reasons
}

/// What the previous release's own exclusions leave out of it: rules that are hidden so are compared with nothing. Evidence
/// of that release, which has its content, tells that they were left out of it then as well.
fn hidden<'p>(run: &Subject<'_>, previous: &'p Built) -> Vec<&'p str> {
    if run.settings.previous_evidence.is_some() {
        return Vec::new();
    }
    let not_taken = &previous.judged().gathered().not_taken;
    let by_choice = not_taken.iter().filter(|(_, by)| [release::EXCLUDE, release::IGNORE_FILE].contains(by));
    by_choice.map(|(name, _)| name.as_str()).collect()
}

/// Rules of the previous release that have errors now, where no other check says so.
fn left_out(run: &Subject<'_>, before: &BTreeMap<Identity, &CheckedRule>) -> Vec<Finding> {
    let of = |out: &LeftOut| {
        let rule = Identity::of_word(&out.name).into_iter().find_map(|word| before.get(&word))?;
        let message = format!("`{}` has an error and is left out, so it finds nothing any more", clip(&rule.title));
        let help = "`contentcheck lint` says what is wrong with it; the check `lint` was left out of this run";
        let finding = Finding::new(&codes::RULE_REMOVED, message).with_help(help);
        Some(Finding { rule: Some(rule.key().to_owned()), weight: Weight::Error, ..finding })
    };
    run.built.judged().left_out().iter().filter_map(of).collect()
}

fn by_identity<'r>(rules: &[&'r CheckedRule]) -> BTreeMap<Identity, &'r CheckedRule> {
    rules.iter().map(|rule| (Identity::of(rule), *rule)).collect()
}

fn plain(rule: &CheckedRule, kind: ChangeKind) -> Change {
    Change {
        rule: rule.key().to_owned(),
        title: rule.title.clone(),
        kind,
        template: None,
        gains: None,
        loses: None,
        volume: None,
        labels: None,
    }
}

/// What two versions of a rule say of a match, where that differs. Who sees an alert by its level sees none where that sinks.
fn relabelled(old: &CheckedRule, new: &CheckedRule) -> Option<Change> {
    let level = |rule: &CheckedRule| rule.level.map_or("none", Level::word).to_owned();
    let title = |rule: &CheckedRule| format!("`{}`", clip(&rule.title));
    let tags = |rule: &CheckedRule| if rule.tags.is_empty() { "none".to_owned() } else { clip(&rule.tags.join(", ")) };
    let of = [
        ("level", level(old), level(new)),
        ("title", title(old), title(new)),
        ("tags", tags(old), tags(new)),
        // The same rule in another spelling. Kill lists name it as matches do, to the byte.
        ("id", old.key().to_owned(), new.key().to_owned()),
    ];
    let is_other = [old.level != new.level, old.title != new.title, old.tags != new.tags, old.key() != new.key()];
    let said: Vec<String> = of
        .into_iter()
        .zip(is_other)
        .filter(|(_, is_other)| *is_other)
        .map(|((what, was, is), _)| format!("{what} {is}, was {was}"))
        .collect();
    let labels = (!said.is_empty()).then(|| said.join("; "))?;
    Some(Change { labels: Some(labels), ..plain(new, ChangeKind::Relabelled) })
}

/// For which sensors two versions of a rule are, where that differs.
fn other_sensors(old: &CheckedRule, new: &CheckedRule) -> Option<Change> {
    let of = |rule: &CheckedRule| rule.sensors.as_ref().map_or_else(|| "all".to_owned(), ToString::to_string);
    let labels = (old.sensors != new.sensors).then(|| format!("{}, was {}", clip(&of(new)), clip(&of(old))))?;
    Some(Change { labels: Some(labels), ..plain(new, ChangeKind::OtherSensors) })
}

/// Rules that are gone.
fn shrunk(run: &Subject<'_>, before: &BTreeMap<Identity, &CheckedRule>, gone: &[&CheckedRule], outcome: &mut Outcome) {
    if run.settings.allow_shrink {
        return;
    }
    let left = run.rules.len();
    let help = "restore them, or say that they are meant to go: --allow-shrink, for this one release";
    // One rule of a small release is more than a tenth, and is named by itself.
    let is_shrunk =
        (left == 0 && !before.is_empty()) || (gone.len() > 1 && gone.len() * 10 > before.len() * GONE_PER_TEN);
    let stops = is_shrunk || run.built.judged().gathered().policy.deny_warnings;
    if is_shrunk {
        let all = plural(before.len(), "rule");
        let message = match left {
            0 => format!("of {all} of the previous release none is left"),
            left => format!("{} of {all} of the previous release are gone; {left} left", gone.len()),
        };
        let detail = Detail::change(Measure::Rules, Some(before.len() as u64), Some(left as u64));
        outcome.findings.push(Finding::new(&codes::RELEASE_SHRUNK, message).with_help(help).with_detail(detail));
    }
    for rule in gone.iter().take(20) {
        let renamed = renamed(run, before, rule);
        let message = match renamed {
            Some(new) => format!(
                "the id of `{}` changed: it was {}, and is {} now",
                rule.title,
                clip(rule.key()),
                clip(new.key())
            ),
            None => format!("`{}` of the previous release is gone", rule.title),
        };
        let finding = Finding { rule: Some(rule.key().to_owned()), ..Finding::new(&codes::RULE_REMOVED, message) };
        let detail = Detail::change(Measure::Rules, Some(1), Some(0));
        let finding = finding.with_detail(detail);
        outcome.findings.push(finding.with_help(if renamed.is_some() {
            "give it its id again: alerts, exceptions and kill lists know a rule by it; where the new one is meant: --allow-shrink"
        } else if stops {
            "bring it back, or say that it is meant to go: --allow-shrink"
        } else {
            "bring it back; where it is meant to go, nothing has to be done"
        }));
    }
}

/// The new rule that is one of the previous release under another id, if there is one.
fn renamed<'s>(
    run: &Subject<'s>,
    before: &BTreeMap<Identity, &CheckedRule>,
    rule: &CheckedRule,
) -> Option<&'s CheckedRule> {
    let is_new = |new: &CheckedRule| !before.contains_key(&Identity::of(new));
    run.rules.iter().copied().find(|new| is_new(new) && is_renamed(rule, new))
}

/// Whether a rule is one of the previous release under another id: it has the same title, or asks for the same.
fn is_renamed(old: &CheckedRule, new: &CheckedRule) -> bool {
    let is_alike = |(old, new): (&Target, &Target)| {
        (&old.template.name, old.template.version) == (&new.template.name, new.template.version)
            && is_same(&old.condition, &new.condition)
    };
    let has_logic = !old.targets.is_empty()
        && old.targets.len() == new.targets.len()
        && old.targets.iter().zip(&new.targets).all(is_alike);
    (!old.title.is_empty() && old.title == new.title) || has_logic
}

/// Whether two conditions ask for the same in the same order, wherever they are written.
fn is_same(old: &Expr<Predicate>, new: &Expr<Predicate>) -> bool {
    match (old, new) {
        (Expr::Const(old), Expr::Const(new)) => old == new,
        (Expr::Not(old), Expr::Not(new)) => is_same(old, new),
        (Expr::All(old), Expr::All(new)) | (Expr::Any(old), Expr::Any(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_same(old, new))
        }
        (Expr::Is(old), Expr::Is(new)) => old.field == new.field && old.test == new.test,
        _ => false,
    }
}

/// Template types that differ though their version is the same; those of other `reads` are given back.
fn templates<'s>(run: &Subject<'s>, previous: &Built, outcome: &mut Outcome) -> BTreeSet<&'s str> {
    let mut other = BTreeSet::new();
    let (old, new) = (previous.content().catalogue(), run.built.content().catalogue());
    for name in new.names() {
        for version in new.versions(name) {
            let (Some(before), Some(now)) = (old.find(name, version), new.find(name, version)) else { continue };
            let said = [
                (moved_fields(before, now), "declare the next version, with new fields at the end"),
                (other_header(before, now), "declare the next version"),
                // What no event is recognised as, no recording can show to be wrong.
                (other_reads(before, now), "keep `reads`, or declare a template type of another name"),
            ];
            if !before.recognises_alike(now) {
                other.insert(now.name.as_str());
            }
            for (message, help) in said {
                let Some(message) = message else { continue };
                let place = Some(place(&now.source, now.span));
                let finding = Finding::new(&codes::TEMPLATE_CHANGED, message).with_help(help);
                outcome.findings.push(Finding { place, ..finding });
            }
        }
    }
    other
}

/// Fields that moved. Sensors supply by name, rules may read by number: which of both versions of the declaration is
/// meant cannot be told any more.
fn moved_fields(before: &TemplateType, now: &TemplateType) -> Option<String> {
    let field = |at: usize, of: &TemplateType| {
        of.fields.get(at).map(|field| field.as_ref().map(|field| (field.name.clone(), field.ty)))
    };
    let at = (0..before.fields.len()).find(|at| field(*at, before) != field(*at, now))?;
    let words = |of: Option<Option<(String, FieldType)>>| match of {
        Some(Some((name, ty))) => format!("`{name}: {ty}`"),
        Some(None) => "retired".to_owned(),
        None => "missing".to_owned(),
    };
    Some(format!(
        "position {} of `{now}` is {}, and was {} in the previous release, at the same version",
        at + 1,
        words(field(at, now)),
        words(field(at, before))
    ))
}

/// Header fields that are gone, or of another type. They have no position, so more of them may come.
fn other_header(before: &TemplateType, now: &TemplateType) -> Option<String> {
    let (was, is) = before.header.iter().find_map(|was| {
        let is = now.header.iter().find(|is| is.name == was.name).map(|is| is.ty);
        (is != Some(was.ty)).then_some((was, is))
    })?;
    let is = is.map_or_else(|| "missing".to_owned(), |ty| format!("`{ty}`"));
    Some(format!(
        "the header field `{}` of `{now}` is {is}, and was `{}` in the previous release, at the same version",
        was.name, was.ty
    ))
}

fn other_reads(before: &TemplateType, now: &TemplateType) -> Option<String> {
    (!before.recognises_alike(now)).then(|| {
        format!("events are recognised as `{now}` by other `reads` than in the previous release, at the same version")
    })
}

/// Parts that are more than twice as large.
fn grown(run: &Subject<'_>, outcome: &mut Outcome) {
    let Some(previous) = run.previous.filter(|_| !run.settings.allow_growth) else { return };
    let help = "find out why it grew; where it is meant: --allow-growth, for this one release";
    if let (Ok(old), Ok(new)) = (&previous.image, &run.built.image)
        && new.len() > 2 * old.len()
        && new.len() > SMALL
    {
        let message = format!("the image has {} bytes, and that of the previous release {}", new.len(), old.len());
        let detail = Detail::change(Measure::ImageBytes, Some(old.len() as u64), Some(new.len() as u64));
        outcome.findings.push(Finding::new(&codes::SIZE_JUMP, message).with_help(help).with_detail(detail));
    }
    let old_rules = previous.rules();
    let new = tables(&run.rules);
    let detail = |before: usize, after: usize, name: &str| Detail::Change {
        counted: Measure::TableRows,
        before: Some(before as u64),
        after: Some(after as u64),
        of: None,
        template: None,
        table: Some(name.to_owned()),
        sensor: None,
    };
    let shrunk = |message: String, rule: &CheckedRule, detail: Detail| {
        let finding = Finding::new(&codes::RELEASE_SHRUNK, message).of_rule(rule).with_detail(detail);
        finding.with_help("--allow-shrink says that it is meant")
    };
    for (name, had, table, rule) in &pairs(&old_rules, &run.rules) {
        let (before, rows) = (had.rows().len(), table.rows().len());
        let kept = kept(&[*had], &[*table]);
        let message = format!("the table `{name}` has {}, and had {before}", plural(rows, "row"));
        let is_grown = rows > 2 * before && rows > 16;
        if is_grown {
            let finding = Finding::new(&codes::SIZE_JUMP, message.clone()).of_rule(rule);
            outcome.findings.push(finding.with_detail(detail(before, rows, name)).with_help(help));
        }
        if kept * 2 < before && !run.settings.allow_shrink {
            let message = if rows * 2 < before {
                message
            } else {
                format!(
                    "of the {} that the table `{name}` had {kept} {} left; it has {rows} now",
                    plural(before, "row"),
                    if kept == 1 { "is" } else { "are" }
                )
            };
            outcome.findings.push(shrunk(message, rule, detail(before, kept, name)));
        }
    }
    if run.settings.allow_shrink {
        return;
    }
    // Under another name a table is as empty.
    let before_by_rule = by_identity(&old_rules);
    for rule in &run.rules {
        let Some(before) = before_by_rule.get(&Identity::of(rule)) else { continue };
        let (had, has) = (tables(&[*before]), tables(&[*rule]));
        let is_renamed = had.keys().any(|name| !new.contains_key(name)) && !has.is_empty();
        let rows = |of: &[&Table]| of.iter().map(|table| table.rows().len()).sum::<usize>();
        let (old, now) = (alone(&had), alone(&has));
        let (before, after) = (rows(&old), kept(&old, &now));
        if is_renamed && after * 2 < before {
            let names = |of: &Tables<'_>| of.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let rows = rows(&now);
            let left = if rows > after { format!(", of which {after} left") } else { String::new() };
            let message = format!(
                "`{}` looks into {} with {}, and looked into {} with {before}{left}",
                rule.title,
                names(&has),
                plural(rows, "row"),
                names(&had)
            );
            let name = had.keys().next().map_or("", String::as_str);
            outcome.findings.push(shrunk(message, rule, detail(before, after, name)));
        }
    }
}

/// Each table with what it was before, and a rule that looks into it: by the rule, since a name is a file's own and another file may have it
/// too; else by the name.
fn pairs<'r>(old: &[&'r CheckedRule], new: &[&'r CheckedRule]) -> Vec<(String, &'r Table, &'r Table, &'r CheckedRule)> {
    let mut pairs = Vec::new();
    let (by_name, by_rule) = (tables(old), by_identity(old));
    let mut compared: BTreeSet<(String, &str)> = BTreeSet::new();
    let mut seen: BTreeSet<(String, &str, &str)> = BTreeSet::new();
    for rule in new {
        let Some(before) = by_rule.get(&Identity::of(rule)) else { continue };
        let had = tables(&[*before]);
        for (name, (table, _)) in tables(&[*rule]) {
            let Some((old, _)) = had.get(&name) else { continue };
            compared.insert((name.clone(), rule.source.name()));
            if seen.insert((name.clone(), before.source.name(), rule.source.name())) {
                pairs.push((name, *old, table, *rule));
            }
        }
    }
    for rule in new {
        for (name, (table, _)) in tables(&[*rule]) {
            if let Some((old, _)) = by_name.get(&name)
                && compared.insert((name.clone(), rule.source.name()))
            {
                pairs.push((name, *old, table, *rule));
            }
        }
    }
    pairs
}

/// Rows of some tables that others still have, by their keys: a row that took the place of another one does not stand in for
/// it.
fn kept(had: &[&Table], has: &[&Table]) -> usize {
    let keys = had.iter().flat_map(|table| table.rows().iter().filter_map(|row| row.get(table.key())?.as_ref()));
    keys.filter(|key| has.iter().any(|table| table.find(key).is_some())).count()
}

/// Tables by name, each with a rule that looks into it.
type Tables<'r> = BTreeMap<String, (&'r Table, &'r CheckedRule)>;

fn alone<'r>(tables: &Tables<'r>) -> Vec<&'r Table> {
    tables.values().map(|(table, _)| *table).collect()
}

/// The tables that rules look into.
fn tables<'r>(rules: &[&'r CheckedRule]) -> Tables<'r> {
    fn look<'r>(test: &'r Test, rule: &'r CheckedRule, found: &mut Tables<'r>) {
        match test {
            Test::InTable(table) => drop(found.insert(table.name().to_owned(), (table, rule))),
            Test::Elements { test, .. } => look(test, rule, found),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    for rule in rules {
        for target in &rule.targets {
            target.condition.each(&mut |predicate, _| look(&predicate.test, rule, &mut found));
        }
    }
    found
}
