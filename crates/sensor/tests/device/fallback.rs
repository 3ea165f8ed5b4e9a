//! What a device falls back to, and how a damaged image comes back.

use crate::cases::offer;
use crate::common::{POLICY, World, content, envelope, image, runs, told};
use contentcheck_sensor::{Condition, Ended, Refusal, Rung, Sequence};

/// What ran instead of a damaged image is kept when newer content is confirmed, and not the damaged image.
#[test]
fn the_content_to_fall_back_to_is_one_that_runs() {
    let world = World::new();
    let device = world.with_good(&[1, 2]);
    world.platter().rot(&format!("images/{}", content(2).digest));
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Earlier, 1));
    let status = device.status();
    assert_eq!((status.condition(), status.wanted), (Condition::Attention, vec![content(2)]));
    offer(&mut device, 3).unwrap();
    world.bake(&mut device);
    device = world.restart(device, Ended::Stopped);
    world.bake(&mut device);
    assert_eq!(runs(&device), (Rung::Good, 3));
    assert_eq!(device.state().earlier.map(|earlier| earlier.content), Some(content(1)));
    world.platter().rot(&format!("images/{}", content(3).digest));
    device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Earlier, 1));
    // Where the candidate fails instead, what ran before it runs.
    let world = World::new();
    let device = world.with_good(&[1, 2]);
    world.platter().rot(&format!("images/{}", content(2).digest));
    let mut device = world.restart(device, Ended::Stopped);
    offer(&mut device, 3).unwrap();
    for _ in 0..POLICY.tries {
        device = world.restart(device, Ended::Crashed);
    }
    assert_eq!(runs(&device), (Rung::Earlier, 1));
    assert_eq!(device.status().condition(), Condition::Attention, "sequence 2 was confirmed, and does not run");
}

/// The image to fall back to is looked at when newer content is confirmed, and not when it is needed.
#[test]
fn confirming_looks_at_what_there_is_to_fall_back_to() {
    for damage in 0..3 {
        let world = World::new();
        let mut device = world.with_good(&[1, 2]);
        offer(&mut device, 3).unwrap();
        world.bake(&mut device);
        device = world.restart(device, Ended::Stopped);
        // Damaged while the candidate runs, so that no start has seen it.
        let path = format!("images/{}", content(2).digest);
        match damage {
            0 => world.platter().rot(&path),
            1 => world.platter().lose(&path),
            _ => world.platter().lose(&format!("{path}.env")),
        }
        world.bake(&mut device);
        assert_eq!((runs(&device), device.status().condition()), ((Rung::Good, 3), Condition::Well));
        assert_eq!(device.state().earlier.map(|earlier| earlier.content), Some(content(1)));
        assert!(told(&device).contains("sequence 2 cannot be run: what is older"), "{}", told(&device));
    }
    // With nothing older, the damaged one is asked for.
    let world = World::new();
    let mut device = world.with_good(&[1]);
    offer(&mut device, 2).unwrap();
    world.bake(&mut device);
    device = world.restart(device, Ended::Stopped);
    world.platter().rot(&format!("images/{}", content(1).digest));
    world.bake(&mut device);
    assert_eq!(device.state().earlier.map(|earlier| earlier.content), Some(content(1)));
    let status = device.status();
    assert_eq!((status.condition(), &status.wanted[..]), (Condition::Attention, &[content(1)][..]));
    assert!(status.to_string().contains("wanted      sequence 1 ("), "{status}");
    assert!(told(&device).contains("sequence 1 is what this device falls back to, and its image is damaged"));
    offer(&mut device, 1).unwrap();
    assert_eq!((runs(&device), device.status().condition()), ((Rung::Good, 2), Condition::Well));
}

/// An offer of an image that the device keeps, and that is damaged or missing, repairs it: it is no trial.
#[test]
fn the_same_image_offered_again_repairs_it() {
    for damage in 0..4 {
        let world = World::new();
        let device = world.with_good(&[1, 2]);
        let path = format!("images/{}", content(2).digest);
        match damage {
            0 => world.platter().rot(&path),
            1 => world.platter().lose(&path),
            2 => world.platter().lose(&format!("{path}.env")),
            _ => world.platter().file(&format!("{path}.env")).unwrap()[0] ^= 1,
        }
        let mut device = world.restart(device, Ended::Stopped);
        assert_eq!(runs(&device), (Rung::Earlier, 1));
        // Not by other bytes, and not by who may not sign.
        assert_eq!(device.offer(&image(3), &envelope("release", 2)), Err(Refusal::Digest));
        assert!(matches!(device.offer(&image(2), &envelope("thief", 2)), Err(Refusal::Distrusted(_))));
        assert_eq!(runs(&device), (Rung::Earlier, 1));
        offer(&mut device, 2).unwrap();
        assert!(told(&device).contains("sequence 2 was offered again: its image is whole"), "{}", told(&device));
        let state = *device.state();
        assert_eq!((runs(&device), state.candidate, state.floor), ((Rung::Good, 2), None, Sequence(2)));
        assert_eq!(device.status().condition(), Condition::Well);
        assert_eq!(offer(&mut device, 2), Err(Refusal::Known(Rung::Good)), "it is whole");
        let device = world.restart(device, Ended::Stopped);
        assert_eq!(runs(&device), (Rung::Good, 2));
    }
}
