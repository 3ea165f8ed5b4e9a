//! Holds the shipped manifests and the import against what the makers of sensors publish.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use contentcheck_library::sensors;
use contentcheck_model::sensor::{Manifest, Sensor};
use contentcheck_model::source::Source;
use contentcheck_parser::import::{Options, Platform, import, sysmon_template};
use contentcheck_public::{corpus, json};
use serde_json::Value;

type Shape = BTreeMap<String, Vec<(String, String)>>;

/// Template type to inputs, in order, from the table of all versions. The mapping of types is
/// written out again here, on purpose.
fn expected(version: &Value, platform: Platform) -> Shape {
    let ty = |field: &Value| {
        match field["inType"].as_str().unwrap() {
            "win:UnicodeString" | "win:AnsiString" | "win:GUID" | "win:HexInt64" | "win:HexInt32" => "string",
            "win:UInt16" | "win:UInt32" | "win:UInt64" | "win:Int32" => "int",
            "win:Boolean" => "bool",
            other => panic!("{other}"),
        }
        .to_owned()
    };
    let mut shape = Shape::new();
    for (id, event) in version["events"].as_object().unwrap() {
        let id: u32 = id.parse().unwrap();
        if platform == Platform::Windows && id == 100 {
            continue;
        }
        let Some(name) = sysmon_template(platform, id, None) else { continue };
        let fields = event["fields"].as_array().unwrap().iter();
        shape.insert(name, fields.map(|field| (field["name"].as_str().unwrap().to_owned(), ty(field))).collect());
    }
    shape
}

fn shape(manifest: &Manifest) -> Shape {
    let inputs = |supply: &contentcheck_model::sensor::Supply| {
        supply.inputs.iter().map(|input| (input.name.clone(), input.ty.clone())).collect()
    };
    manifest.templates.iter().map(|(name, supply)| (name.clone(), inputs(supply))).collect()
}

fn shipped(selector: &str) -> Sensor {
    sensors(selector).next().unwrap_or_else(|| panic!("{selector} does not ship")).parse().unwrap()
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn shipped_sysmon_manifests_are_the_published_ones() {
    let all = json(&corpus("taxonomy/sysmon_manifests_all_versions.json"));
    let all = all.as_object().unwrap();
    let mut count = 0;
    for version in all.keys().filter(|version| !version.contains('@')) {
        let published = all.get(&format!("{version}@win")).unwrap_or(&all[version]);
        let ours = shipped(&format!("sysmon/{version}"));
        assert_eq!(shape(ours.manifest()), expected(published, Platform::Windows), "{version}");
        count += 1;
    }
    // The table has no 4.83; the schema itself is compared below.
    assert_eq!(sensors("sysmon").count(), count + 1);
    for file in sensors("sysmon-linux") {
        let published = expected(&all[file.version], Platform::Linux);
        assert_eq!(shape(file.parse().unwrap().manifest()), published, "{}", file.version);
    }
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn imported_sysmon_schemas_are_the_published_ones() {
    let all = json(&corpus("taxonomy/sysmon_manifests_all_versions.json"));
    let folder = corpus("taxonomy/raw/sysmon_manifests");
    let mut compared = 0;
    let mut linux = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let source = Source::new(file.clone(), std::fs::read_to_string(&path).unwrap());
        let common = file.starts_with("SysmonCommon");
        let manifests = import(&source, &Options::default()).unwrap_or_else(|found| panic!("{}", found[0]));
        assert_eq!(manifests.len(), if common { 21 } else { 1 }, "{file}");
        for manifest in manifests {
            let version = manifest.version.clone();
            let windows = format!("{version}@win");
            // The schema of Sysmon for Linux 1.0.0 is the common one.
            let key =
                if common || file == "sysmonv1.0.0.xml" || all.get(&windows).is_none() { &version } else { &windows };
            let ours = shipped(&format!("sysmon/{version}"));
            assert_eq!(manifest.header, ours.manifest().header);
            assert_eq!(manifest.versioning, ours.manifest().versioning);
            match all.get(key) {
                Some(published) => {
                    assert_eq!(shape(&manifest), expected(published, Platform::Windows), "{file}: {version}");
                }
                None => assert_eq!(version, "4.83"),
            }
            // The common schema lacks what only Windows has.
            if all.get(&windows).is_none() || !common && file != "sysmonv1.0.0.xml" {
                assert_eq!(shape(&manifest), shape(ours.manifest()), "{file}: {version}");
            }
            compared += 1;
        }
        if common || file == "sysmonv1.0.0.xml" {
            let options = Options { platform: Platform::Linux, ..Options::default() };
            for manifest in import(&source, &options).unwrap() {
                if let Some(ours) = sensors(&format!("sysmon-linux/{}", manifest.version)).next() {
                    assert_eq!(shape(&manifest), shape(ours.parse().unwrap().manifest()), "{file}");
                    linux += 1;
                }
            }
        }
    }
    assert!(compared >= 30, "{compared}");
    assert_eq!(linux, 3);
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn shipped_windows_manifests_have_the_highest_version_of_each_event() {
    let builds = json(&corpus("taxonomy/windows_security_manifest_by_build.json"));
    for (build, version) in [("Win7-7600", "6.1.7600"), ("Win10-17134", "10.0.17134"), ("Win10-18990", "10.0.18990")] {
        let mut highest: BTreeMap<u64, &Value> = BTreeMap::new();
        for event in builds[build].as_array().unwrap() {
            let id = event["eid"].as_u64().unwrap();
            let newer = |known: &&Value| event["version"].as_u64() > known["version"].as_u64();
            if highest.get(&id).is_none_or(newer) {
                highest.insert(id, event);
            }
        }
        let published: Shape = highest
            .into_iter()
            .map(|(id, event)| {
                let fields = event["fields"].as_array().unwrap().iter();
                let inputs = fields.map(|field| (field.as_str().unwrap().to_owned(), "string".to_owned())).collect();
                (format!("windows.security.event_{id}"), inputs)
            })
            .collect();
        assert_eq!(shape(shipped(&format!("windows/{version}")).manifest()), published, "{build}");
    }
}
