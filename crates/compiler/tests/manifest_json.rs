//! A sensor that prints its manifest prints what the checker's own writer writes.

use contentcheck_compiler::sensor::Supplied;
use contentcheck_model::sensor::{Input, Manifest, Sensor};
use contentcheck_model::source::Source;

/// Both texts of one manifest. The origin is for people, and no sensor carries it.
fn agrees(sensor: &Sensor) {
    let manifest = Manifest { origin: None, ..sensor.manifest().clone() };
    let supplied = Supplied::of_sensor(sensor);
    assert_eq!(supplied.manifest(&supplied.supplies()).json().to_string(), manifest.to_json(), "{sensor}");
}

#[test]
fn every_manifest_that_ships_is_printed_as_it_is_written() {
    let all = contentcheck_library::known_sensors();
    assert!(all.sensors().len() > 20);
    all.sensors().iter().for_each(agrees);
}

/// Capacities, an order of versions, a header, and names that JSON writes as escapes.
#[test]
fn names_of_any_letters_are_printed_as_they_are_written() {
    let json = r#"{"format":1,"sensor":"a","version":"1","versioning":"decimal",
        "capacity":{"interpreter":2,"image_bytes":1,"rules":2,"table_rows":3,"automaton_states":4,"features":["time","mask"],
        "steps":5,"steps_per_byte":6,"scratch_bytes":18446744073709551615},
        "header":[{"name":"host","type":"ip?"}],
        "templates":{"b.c":{"inputs":[]},"a":{"inputs":[{"name":"x","type":"list<bytes>?"}]},"a.b":{"inputs":[]}}}"#;
    let mut manifest = Manifest::parse(&Source::new("m.json", json)).unwrap().manifest().clone();
    let letters = (0x20..0xFF).chain([0x2028, 0x202E, 0xFEFF, 0x1F600]).filter_map(char::from_u32);
    let names =
        letters.filter(|letter| !letter.is_control()).map(|letter| Input { name: letter.into(), ty: "float".into() });
    manifest.header.extend(names);
    agrees(&manifest.clone().check(&Source::new("m.json", "")).unwrap());
    // No capacities, no header.
    let bare = r#"{"format":1,"sensor":"a","version":"1","capacity":{"features":[]},"templates":{"b":{"inputs":[]}}}"#;
    agrees(&Manifest::parse(&Source::new("m.json", bare)).unwrap());
    agrees(&Manifest::parse(&Source::new("m.json", bare.replace(r#""capacity":{"features":[]},"#, ""))).unwrap());
}
