//! What sensors do with the previous release.

use contentcheck_model::sensor::{Fleet, Sensor};

use crate::checks::sensors::{Group, Groups};
use crate::run::Subject;
use crate::subject::Built;

/// What sensors do with the image of the previous release, as that release's own manifests of them say and as this one's do: a manifest that lacks
/// something now does not make it never have been there.
pub(super) struct Formerly<'r> {
    groups: Vec<Group<'r>>,
    /// The sensors of that release; nothing where it has no manifests.
    fleet: Option<&'r Fleet>,
}

impl<'r> Formerly<'r> {
    /// Groups the sensors of both fleets. Without manifests in this release there is nothing to compare.
    ///
    /// # Errors
    /// Where the previous release has no image, with the reason.
    pub(super) fn of(run: &Subject<'r>, previous: &'r Built) -> Result<Self, String> {
        let built: &'r Built = run.built;
        let mut formerly = Self { groups: Vec::new(), fleet: previous.devices.as_ref() };
        let Some(fleet) = &built.devices else { return Ok(formerly) };
        let image = previous.image.as_ref().map_err(ToString::to_string)?;
        for fleet in formerly.fleet.into_iter().chain([fleet]) {
            formerly.groups.extend(Groups::of(previous.content(), image, fleet)?.taking);
        }
        Ok(formerly)
    }

    /// Those that take that image. A sensor may be in several.
    pub(super) fn groups(&self) -> &[Group<'r>] {
        &self.groups
    }

    fn sensors(&self) -> impl Iterator<Item = &'r Sensor> {
        self.fleet.into_iter().flat_map(Fleet::sensors)
    }

    /// Whether the fleet of that release had some version of a sensor, as far as that is known. One that is new has nothing to lose.
    pub(super) fn has_product(&self, sensor: &Sensor) -> bool {
        self.fleet.is_none() || self.sensors().any(|was| was.name() == sensor.name())
    }

    /// A sensor, as that release has it.
    pub(super) fn same(&self, sensor: &Sensor) -> Option<&'r Sensor> {
        self.sensors().find(|was| was.is_build_of(sensor))
    }

    /// The version before a sensor that is new in the fleet; nothing for one that was there.
    pub(super) fn before(&self, sensor: &Sensor) -> Option<&'r Sensor> {
        if self.same(sensor).is_some() {
            return None;
        }
        let version = sensor.version().as_str();
        // Where the two count their versions otherwise, either order makes it the one before.
        let is_before = |of: &&Sensor| {
            of.version().compare(version).is_lt() || sensor.version().compare(of.version().as_str()).is_gt()
        };
        let older = self.sensors().filter(|of| of.name() == sensor.name()).filter(is_before);
        older.max_by(|a, b| a.version().compare(b.version().as_str()))
    }

    /// What the devices of a sensor do that there is now: the sensor itself, and the version before it where it is new in the fleet. By the number of the group.
    pub(super) fn of_devices(&self, sensor: &Sensor) -> impl Iterator<Item = (usize, &Group<'r>, &'r Sensor)> {
        let before = self.before(sensor);
        let is_one = move |of: &Sensor| before.is_some_and(|before| before.is_build_of(of)) || of.is_build_of(sensor);
        let known = self.has_product(sensor);
        let groups = self.groups.iter().enumerate().filter(move |_| known);
        groups.filter_map(move |(at, group)| Some((at, group, group.sensors.iter().copied().find(|of| is_one(of))?)))
    }
}
