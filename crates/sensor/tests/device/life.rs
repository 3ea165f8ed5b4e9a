//! A piece of content on a device, from the offer to last known good, and back.

use crate::common::{MATCHING, World, content, envelope, evaluate_one, image, runs, told};
use contentcheck_sensor::{Condition, Ended, Memory, Refusal, Role, Rung};

#[test]
fn content_comes_is_tried_is_trusted_and_gives_way() {
    let world = World::new();
    let mut device = world.open();
    assert_eq!((device.role(), device.status().memory), (Role::Owner, Memory::Fresh));
    assert_eq!(runs(&device), (Rung::Factory, 0));
    device.offer(&image(1), &envelope("release", 1)).unwrap();
    assert_eq!(runs(&device), (Rung::Candidate, 1));
    assert_eq!(evaluate_one(&mut device.reader(), MATCHING, 1_000_000).unwrap(), ["Download piped into a shell"]);
    world.bake(&mut device);
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Candidate, 1));
    world.bake(&mut device);
    assert_eq!(runs(&device), (Rung::Good, 1));
    let status = device.status();
    assert_eq!(status.condition(), Condition::Well, "{status}");
    assert_eq!(status.memory, Memory::Whole);
    assert_eq!(device.state().good.unwrap().content, content(1));

    let mut device = world.with_good_on(device, &[2, 3]);
    assert_eq!(device.state().earlier.unwrap().content, content(2));
    assert!(
        !world.platter().paths().contains(&format!("images/{}", content(1).digest)),
        "what nobody needs is removed"
    );
    assert_eq!(device.offer(&image(2), &envelope("release", 2)), Err(Refusal::Known(Rung::Earlier)));
    assert!(told(&device).contains("sequence 3 is last known good"), "{}", told(&device));
}

impl World {
    fn with_good_on(&self, mut device: crate::common::Device, sequences: &[u64]) -> crate::common::Device {
        for sequence in sequences {
            device.offer(&image(*sequence), &envelope("release", *sequence)).unwrap();
            self.bake(&mut device);
            device = self.restart(device, Ended::Stopped);
            self.bake(&mut device);
        }
        device
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_status_is_for_machines_too() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    device.offer(&image(2), &envelope("release", 2)).unwrap();
    let status = serde_json::to_value(device.status()).unwrap();
    assert_eq!((&status["condition"], &status["runs"]), (&"well".into(), &"candidate".into()));
    assert_eq!((&status["running"]["sequence"], &status["good"]["sequence"]), (&2.into(), &1.into()));
    assert_eq!(status["candidate"]["standing"], "on trial");
    assert_eq!(status["good"]["digest"], content(1).digest.to_string());
    assert_eq!((&status["floor"], &status["both_copies"]), (&1.into(), &true.into()));
    let records = serde_json::to_value(device.evidence().collect::<Vec<_>>()).unwrap();
    assert!(records.as_array().unwrap().iter().any(|record| record["what"] == "sequence 1 is last known good"));
}
