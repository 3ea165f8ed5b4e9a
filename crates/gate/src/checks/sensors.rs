//! What checks 6 to 9 share: the sensors of the fleet, grouped by what they do with an image, and events as each group
//! supplies them.

use std::collections::BTreeSet;

use contentcheck_model::diagnostic::codes;
use contentcheck_model::rule::{Identity, RuleId};
use contentcheck_model::sensor::{Fleet, Sensor};
use contentcheck_parser::release::Shippable;
use contentcheck_run::{EventFault, Plan, classes};

use crate::evidence::Finding;
use crate::facts::plural;
use crate::run::{Outcome, Subject};

/// Sensors that do the same with an image, and the image as they load it.
pub struct Group<'f> {
    /// The sensors, in the order of the fleet; at least one.
    pub sensors: Vec<&'f Sensor>,
    /// The image, made ready for events as these sensors supply them.
    pub plan: Plan,
}

impl Group<'_> {
    /// The sensors, by name and version.
    pub(crate) fn names(&self) -> String {
        /// The most that are named.
        const NAMED: usize = 3;
        let named: Vec<String> = self.sensors.iter().take(NAMED).map(ToString::to_string).collect();
        match self.sensors.len().saturating_sub(NAMED) {
            0 => named.join(", "),
            more => format!("{} and {}", named.join(", "), plural(more, "other sensor")),
        }
    }

    /// The rules that they load.
    pub(crate) fn loaded(&self, content: &Shippable) -> BTreeSet<Identity> {
        let rules = RuleId::count(content.rules()).filter(|(id, _)| self.plan.loads(*id));
        rules.map(|(_, rule)| Identity::of(rule)).collect()
    }
}

/// The sensors of a fleet with an image.
pub struct Groups<'f> {
    /// Those that take it.
    pub taking: Vec<Group<'f>>,
    /// Those that refuse it, which see no event.
    pub refusing: Vec<&'f Sensor>,
}

impl<'f> Groups<'f> {
    /// Groups the sensors of a fleet.
    ///
    /// # Errors
    /// When the bytes are no image, with the reason.
    pub fn of(content: &Shippable, image: &[u8], fleet: &'f Fleet) -> Result<Self, String> {
        let mut groups = Self { taking: Vec::new(), refusing: Vec::new() };
        for class in classes(fleet, image)? {
            let plan = class.representative().map(|sensor| Plan::for_sensor(content, image, sensor));
            match plan {
                Some(Ok(plan)) if class.loaded.is_ok() => {
                    groups.taking.push(Group { sensors: class.sensors, plan });
                }
                _ => groups.refusing.extend(class.sensors),
            }
        }
        Ok(groups)
    }

    /// How many sensors run a rule.
    pub(crate) fn running(&self, rule: RuleId) -> u64 {
        let running = self.taking.iter().filter(|group| group.plan.loads(rule));
        running.map(|group| group.sensors.len() as u64).sum()
    }

    /// How many sensors take the image.
    pub(crate) fn sensors(&self) -> usize {
        self.taking.iter().map(|group| group.sensors.len()).sum()
    }
}

/// The sensors that events are shown to; what did not run of that is noted.
pub(crate) fn shown<'s, 'g>(run: &'s Subject<'g>, outcome: &mut Outcome) -> &'s [Group<'g>] {
    match run.sensors() {
        Ok(groups) => {
            if !groups.refusing.is_empty() {
                let of = plural(groups.refusing.len() + groups.sensors(), "sensor");
                let refuse = format!("{} of {of} refuse the image, and were shown no event", groups.refusing.len());
                outcome.skipped.push(refuse);
            }
            &groups.taking
        }
        Err(reason) => {
            outcome.skipped.push(format!("events as each sensor supplies them: {reason}"));
            &[]
        }
    }
}

/// The finding of events that meet a fault on sensors: `what` says which.
pub(crate) fn fault(group: &Group<'_>, fault: EventFault, what: &str) -> Finding {
    let message = format!("{}: {what}: {}", group.names(), fault.words(&group.plan));
    let help = "a fault of contentcheck's: report it with this event, and do not ship";
    Finding::new(&codes::HOSTILE_EVENT, message).with_help(help)
}
