//! What a rule can say so that only sensors load it that supply what it reads.

use contentcheck_model::language::Language;
use contentcheck_model::sensor::{Availability, Constraint, Fleet, Sensor, Version};

/// Which versions of sensors supply a field: of the sensors that ship with the program all that it knows, of others
/// those of the fleet.
pub(super) fn availability<'a>(
    (fleet, known): (&'a Fleet, Option<&'a Fleet>),
    template: &str,
    field: &str,
) -> Vec<Availability<'a>> {
    let is_known = |name: &str| known.is_some_and(|known| known.sensors().iter().any(|sensor| sensor.name() == name));
    let is_deployed = |name: &str| fleet.sensors().iter().any(|sensor| sensor.name() == name);
    let mut runs: Vec<Availability<'_>> = Vec::new();
    if let Some(known) = known {
        runs.extend(known.availability(template, field).into_iter().filter(|run| is_deployed(run.sensor())));
    }
    // What the fleet's own manifests say counts where nothing ships under that name, or nothing that supplies it.
    let said: Vec<&str> = runs.iter().map(|run| run.sensor()).collect();
    let own = fleet.availability(template, field).into_iter();
    let own: Vec<Availability<'_>> =
        own.filter(|run| !is_known(run.sensor()) || !said.contains(&run.sensor())).collect();
    runs.extend(own);
    runs.sort_by(|a, b| a.sensor().cmp(b.sensor()));
    runs
}

/// Of the runs of each sensor the last: comparators of one sensor must all hold, so of several only one can be asked for.
pub(super) fn last_runs(mut runs: Vec<Availability<'_>>) -> Vec<Availability<'_>> {
    runs.dedup_by(|next, before| {
        let same = next.sensor() == before.sensor();
        if same {
            std::mem::swap(next, before);
        }
        same
    });
    runs
}

/// What a sensor supplies of what a rule reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Supplies {
    /// All of it.
    All,
    /// Not all of it: the sensor must not load the rule.
    Part,
    /// No template type of the rule, so that the sensor never asks it.
    None,
}

/// How a rule says which sensors may load it.
pub(super) struct Restriction {
    /// As it is written in the rule.
    pub(super) written: String,
    /// Whether a field alone would need less.
    pub(super) is_more: bool,
}

/// What restricts a rule to sensors that supply a field in these runs, and what else it reads that others lack, in `all`.
/// Nothing where no words part them from the others of the fleet: advice that changes nothing would be none.
pub(super) fn restriction(
    fleet: &Fleet,
    supplies: &dyn Fn(&Sensor) -> Supplies,
    runs: &[Availability<'_>],
    all: &[Availability<'_>],
    language: Language,
) -> Option<Restriction> {
    let (plain, is_more) = constraint(runs, all, &[]);
    let chosen = match wrong(fleet, supplies, &plain)? {
        none if none.is_empty() => plain,
        wrong => {
            let (without, _) = constraint(runs, all, &wrong);
            if !self::wrong(fleet, supplies, &without)?.is_empty() {
                return None;
            }
            without
        }
    };
    let written = match language {
        Language::Sigma => format!("`custom_attributes: {{ sensors: \"{chosen}\" }}`"),
        Language::Native => format!("`sensors: \"{chosen}\"`"),
    };
    Some(Restriction { written, is_more })
}

/// The sensors of a fleet that would load a rule with a constraint and lack something that it reads; nothing where none
/// would load it that has all.
fn wrong<'f>(fleet: &'f Fleet, supplies: &dyn Fn(&Sensor) -> Supplies, constraint: &str) -> Option<Vec<&'f Sensor>> {
    let constraint = Constraint::parse(constraint).ok()?;
    let loading = || fleet.sensors().iter().filter(|sensor| constraint.matches(sensor));
    let some = loading().any(|sensor| supplies(sensor) == Supplies::All);
    some.then(|| loading().filter(|sensor| supplies(sensor) == Supplies::Part).collect())
}

/// The constraint, and whether it is more than the runs need. Each of `without` is named as one that is not meant.
fn constraint(runs: &[Availability<'_>], all: &[Availability<'_>], without: &[&Sensor]) -> (String, bool) {
    let mut parts: Vec<String> = Vec::new();
    let mut is_more = false;
    for run in last_runs(runs.to_vec()) {
        let of_sensor = || all.iter().filter(|other| other.sensor() == run.sensor());
        let order = |a: &&Version, b: &&Version| a.compare(b.as_str());
        let first = of_sensor().chain([&run]).map(Availability::first).max_by(order).unwrap_or(run.first());
        let last = of_sensor().chain([&run]).filter(|run| !run.to_newest()).map(Availability::last).min_by(order);
        is_more |= first != run.first();
        parts.push(format!("{} >={first}", run.sensor()));
        parts.extend(last.map(|last| format!("<={last}")));
        let excluded = without.iter().filter(|sensor| sensor.name() == run.sensor());
        parts.extend(excluded.map(|sensor| format!("!={}", sensor.version())));
    }
    (parts.join(", "), is_more)
}
