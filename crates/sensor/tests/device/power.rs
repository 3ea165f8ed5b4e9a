//! The power goes at every call of a whole life, and the disk makes of it what it likes.

use contentcheck_sensor::{Ended, Memory, Rung, Sequence};

use crate::common::{Device, World, content, envelope, evaluate, image, runs};

/// What the caller was told before the power went.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    confirmed: u64,
    kills: u64,
}

/// Offers, trials, confirmations, a kill list and a crash loop, until the power goes.
fn live(world: &World, told: &mut Told) -> Option<Device> {
    let is_dead = |_: &Device| world.platter().is_dead;
    let mut device = world.open();
    for sequence in [1, 2, 3] {
        if device.offer(&image(sequence), &envelope("release", sequence)).is_err() {
            return Some(device);
        }
        for _ in 0..2 {
            evaluate(&mut device.reader(), 20);
            {
                let mut machine = world.machine();
                machine.elapsed = machine.elapsed.map(|elapsed| elapsed + 101);
            }
            let _ = device.check();
            if device.status().is_saved {
                told.confirmed = told.confirmed.max(device.state().floor.0);
            }
            if is_dead(&device) {
                return Some(device);
            }
            drop(device);
            world.machine().ended = Ended::Stopped;
            device = world.open();
        }
        let list = format!("contentcheck kill list 1\nepoch {sequence}\nrule a-rule-of-another-release\n");
        match device.kill(list.as_bytes(), b"release") {
            Ok(killed) if killed.is_kept => told.kills = sequence,
            _ => return Some(device),
        }
    }
    if device.offer(&image(4), &envelope("release", 4)).is_err() {
        return Some(device);
    }
    for _ in 0..3 {
        drop(device);
        world.machine().ended = Ended::Crashed;
        device = world.open();
        if is_dead(&device) {
            return Some(device);
        }
    }
    drop(device);
    None
}

#[test]
fn a_cut_at_any_call_of_a_life() {
    let mut calls = 0;
    let mut cuts = 0;
    let mut came_back = std::collections::BTreeMap::new();
    loop {
        calls += 1;
        let mut is_over = false;
        for seed in 0..8 {
            let mut world = World::new();
            world.dice.0 = seed * 1_000 + calls as u64;
            world.platter().cut = Some(calls);
            let mut told = Told::default();
            let device = live(&world, &mut told);
            is_over = device.is_none();
            drop(device);
            if is_over {
                break;
            }
            world.come_back();
            let mut device = world.open();
            let what = format!("call {calls}, seed {seed}: {told:?}\n{}", device.status());
            cuts += 1;
            assert!(!matches!(device.memory(), Memory::Lost(_)), "{what}");
            assert!(device.state().floor >= Sequence(told.confirmed), "{what}");
            assert!(device.state().kill.map_or(0, |kill| kill.epoch) >= told.kills, "{what}");
            assert!(!device.status().kills_lost, "{what}");
            let (rung, sequence) = runs(&device);
            assert!(sequence >= told.confirmed, "{what}");
            let good = device.state().good.map_or(0, |good| good.content.sequence.0);
            assert!(good >= told.confirmed, "{what}");
            *came_back.entry(rung.as_str()).or_insert(0) += 1;
            // And it goes on: whatever is newest can be offered, tried and confirmed.
            let next = 50;
            device.offer(&image(next), &envelope("release", next)).unwrap_or_else(|why| panic!("{why}\n{what}"));
            world.bake(&mut device);
            device = world.restart(device, Ended::Stopped);
            world.bake(&mut device);
            assert_eq!(runs(&device), (Rung::Good, next), "{what}");
            let images = world.platter().paths().into_iter().filter(|path| path.starts_with("images/")).count();
            assert!(images <= 4, "left over: {:?}", world.platter().paths());
            assert_eq!(device.state().good.unwrap().content, content(next));
        }
        if is_over {
            break;
        }
    }
    println!("{} calls that write, {cuts} power cuts, came back with {came_back:?}", calls - 1);
    assert!(cuts > 1_000, "only {cuts} cuts");
}
