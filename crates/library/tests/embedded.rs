//! The embedded files are complete, and every one can be read.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use contentcheck_library::{CONTENT, SENSORS, sensor_names, sensors};
use contentcheck_model::sensor::{Constraint, Fleet};

/// Files with this ending below a folder of this crate, as paths below it with `/`.
fn walk(folder: &str, ending: &str) -> BTreeSet<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = BTreeSet::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                assert!(Path::new(&name).extension().is_some_and(|found| found == ending), "{name} is no .{ending}");
                assert!(found.insert(name));
            }
        }
    }
    found
}

fn fleet(selector: &str) -> Fleet {
    Fleet::new(sensors(selector).map(|file| file.parse().unwrap()).collect()).unwrap()
}

#[test]
fn the_list_of_content_is_complete() {
    let listed: Vec<&str> = CONTENT.iter().map(|file| file.name).collect();
    assert!(listed.is_sorted());
    let listed: BTreeSet<String> = listed.into_iter().map(str::to_owned).collect();
    assert_eq!(listed, walk("content", "content"));
    for file in CONTENT {
        assert!(file.text.starts_with("# "), "{} does not say where it comes from", file.name);
        assert!(file.text.contains("ource"), "{} does not name its source", file.name);
    }
}

#[test]
fn the_list_of_sensors_is_complete() {
    let listed: BTreeSet<String> =
        SENSORS.iter().map(|file| format!("{}/{}.json", file.sensor, file.version)).collect();
    assert_eq!(listed.len(), SENSORS.len());
    assert_eq!(listed, walk("sensors", "json"));
    assert_eq!(sensor_names().collect::<Vec<_>>(), ["sysmon", "sysmon-linux", "windows"]);
}

#[test]
fn every_manifest_is_read_and_is_what_its_path_says() {
    for file in SENSORS {
        let sensor = file.parse().unwrap_or_else(|found| panic!("{}", found[0]));
        assert_eq!((sensor.name(), sensor.version().as_str()), (file.sensor, file.version));
        assert!(sensor.manifest().origin.is_some());
    }
}

#[test]
fn every_sensor_is_a_fleet_in_order_of_release() {
    for name in sensor_names() {
        let listed: Vec<&str> = sensors(name).map(|file| file.version).collect();
        let fleet = fleet(name);
        let ordered: Vec<&str> = fleet.sensors().iter().map(|sensor| sensor.version().as_str()).collect();
        assert_eq!(listed, ordered);
    }
    assert_eq!(sensors("sysmon").count(), 24);
    assert_eq!(sensors("sysmon/4.9").count(), 0);
    assert_eq!(sensors("nothing").count(), 0);
}

#[test]
fn process_creation_grows_as_it_did() {
    let fleet = fleet("sysmon");
    let template = "windows.sysmon.process_creation";
    let mut arities: Vec<(String, usize)> = Vec::new();
    for (sensor, supplied) in fleet.suppliers(template) {
        if arities.last().is_none_or(|(_, arity)| *arity != supplied.arity()) {
            arities.push((sensor.version().to_string(), supplied.arity()));
        }
    }
    let arities: Vec<(&str, usize)> = arities.iter().map(|(version, arity)| (version.as_str(), *arity)).collect();
    assert_eq!(arities, [("2.0", 17), ("3.10", 16), ("4.0", 20), ("4.1", 21), ("4.21", 22), ("4.80", 23)]);
    assert_eq!(fleet.describe(template, "OriginalFileName").as_deref(), Some("sysmon 4.21 on"));
    assert_eq!(fleet.describe(template, "SequenceNumber").as_deref(), Some("sysmon up to 2.0"));
    assert_eq!(fleet.describe(template, "Image").as_deref(), Some("sysmon"));
    assert_eq!(fleet.describe(template, "GrandParentImage"), None);
    let place = |version: &str| {
        let sensor = fleet.sensors().iter().find(|sensor| sensor.version().as_str() == version).unwrap();
        sensor.template(template).unwrap().input("Image").unwrap().0
    };
    assert_eq!((place("4.0"), place("4.1")), (4, 5));
    assert_eq!(fleet.select(&Constraint::parse("sysmon >=4.21").unwrap()).count(), 16);
}

#[test]
fn the_21st_field_of_4624() {
    let fleet = fleet("windows");
    let template = "windows.security.event_4624";
    assert_eq!(fleet.describe(template, "ImpersonationLevel").as_deref(), Some("windows 10.0.17134 on"));
    let (sensor, supplied) = fleet.suppliers(template).next().unwrap();
    assert_eq!((sensor.version().as_str(), supplied.arity()), ("6.1.7600", 20));
    let (_, supplied) = fleet.suppliers(template).nth(1).unwrap();
    assert_eq!(supplied.input("ImpersonationLevel").map(|(position, _)| position), Some(21));
}
