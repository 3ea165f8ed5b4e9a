//! Manifests that say something that cannot be: what `lint`, `compile` and `verify` make of them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::run;
use contentcheck::exit::Exit;

const RULES: &str = "template acme.exec @ 1 { 1 image: string 2 parent: string }\n\
    template acme.dns @ 1 { 1 query: string }\n\
    rule starts { id: \"00000001-5d1f-4c1e-9a3b-000000000001\" template: acme.exec @ 1 severity: low when image == \"a\" or image == parent }\n\
    rule asks { id: \"00000002-5d1f-4c1e-9a3b-000000000002\" template: acme.dns @ 1 severity: low when query == \"a\" }\n";
const EXEC: &str = r#""acme.exec":{"inputs":[{"name":"image","type":"string"},{"name":"parent","type":"string"}]}"#;
const DNS: &str = r#""acme.dns":{"inputs":[{"name":"query","type":"string"}]}"#;

/// A directory with the rules, and an image of them.
struct Scratch {
    rules: String,
    image: String,
    manifest: String,
    output: PathBuf,
}

/// What a command said to whoever typed it.
struct Said {
    exit: Exit,
    all: String,
}

impl Scratch {
    fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sensors").join(name);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
        let scratch = Self {
            rules: path("rules.content"),
            image: path("rules.ccimage"),
            manifest: path("sensor.json"),
            output: directory.join("out.ccimage"),
        };
        fs::write(&scratch.rules, RULES).unwrap();
        fs::write(path("contentcheck.toml"), "fleet = [\"sensor.json\"]\n").unwrap();
        let (exit, _, said) = run(&["compile", &scratch.rules, "--no-config", "-o", &scratch.image]);
        assert_eq!(exit, Exit::Fine, "{said}");
        scratch
    }

    /// What each of the commands says where the sensor has this manifest: lint, verify, and compile, which is told of the
    /// sensor by its arguments or by the configuration.
    fn asked(&self, sensor: &str, version: &str, more: &str, templates: &[&str]) -> [Said; 4] {
        let templates = templates.join(",");
        let json = format!(
            "{{\"format\":1,\"sensor\":\"{sensor}\",\"version\":\"{version}\",{more}\"templates\":{{{templates}}}}}"
        );
        fs::write(&self.manifest, json).unwrap();
        let (rules, sensor) = (self.rules.as_str(), self.manifest.as_str());
        let output = self.output.to_str().unwrap();
        [
            &["lint", rules, "--no-config", "--fleet", sensor, "--format", "short"][..],
            &["verify", &self.image, "--sensor", sensor],
            &["compile", rules, "--no-config", "--sensor", sensor, "-o", output],
            &["compile", rules, "-o", output],
        ]
        .map(|arguments| {
            let _ = fs::remove_file(&self.output);
            let (exit, out, err) = run(arguments);
            let said = Said { exit, all: String::from_utf8(out).unwrap() + &err };
            let writes = arguments.first() == Some(&"compile") && exit == Exit::Fine;
            assert_eq!(self.output.exists(), writes, "{}", said.all);
            said
        })
    }
}

#[test]
fn a_template_type_that_a_manifest_misspells_is_told() {
    let scratch = Scratch::new("misspelt");
    for said in scratch.asked("acme", "1", "", &[EXEC, DNS]) {
        assert_eq!(said.exit, Exit::Fine, "{}", said.all);
    }
    for said in scratch.asked("acme", "1", "", &[&EXEC.replace("acme.exec", "acme.exce"), DNS]) {
        assert_eq!(said.exit, Exit::Findings, "{}", said.all);
        assert!(["CC0410", "`acme.exce`", "`acme.exec`"].iter().all(|word| said.all.contains(word)), "{}", said.all);
    }
}

#[test]
fn a_manifest_that_contradicts_itself_is_taken_by_no_command() {
    let scratch = Scratch::new("contradiction");
    let twice = EXEC.replace("\"parent\"", "\"image\"");
    let nameless = EXEC.replace("\"parent\"", "\"\"");
    for (sensor, version, templates) in [
        ("", "1", [EXEC, DNS]),
        ("acme", "", [EXEC, DNS]),
        ("acme", "1", [&twice, DNS]),
        ("acme", "1", [&nameless, DNS]),
        ("acme", "1", [EXEC, EXEC]),
    ] {
        for said in scratch.asked(sensor, version, "", &templates) {
            assert_eq!(said.exit, Exit::Usage, "{sensor} {version} {templates:?}: {}", said.all);
            assert!(said.all.contains("sensor.json:1:") && said.all.contains("CC0407"), "{}", said.all);
        }
    }
}

/// What an interpreter of a sensor can read, and a device can hold, is held against the image by each who has one.
#[test]
fn an_image_that_a_sensor_cannot_hold_is_refused() {
    let scratch = Scratch::new("capacity");
    // Lint has no image: what its format is it knows, and neither its size nor what it asks for.
    for (capacity, lint, code) in [
        ("\"interpreter\":1", Exit::Findings, "CC0408"),
        ("\"image_bytes\":100", Exit::Fine, "CC0408"),
        ("\"features\":[]", Exit::Fine, "CC0527"),
    ] {
        let more = format!("\"capacity\":{{{capacity}}},");
        let [linted, others @ ..] = scratch.asked("acme", "1", &more, &[EXEC, DNS]);
        assert_eq!(linted.exit, lint, "{capacity}: {}", linted.all);
        assert_eq!(linted.all.contains(code), lint == Exit::Findings, "{capacity}: {}", linted.all);
        for said in others {
            assert!(said.exit == Exit::Findings && said.all.contains(code), "{capacity}: {}", said.all);
        }
    }
    let enough = "\"capacity\":{\"interpreter\":2,\"image_bytes\":100000,\"features\":[\"field\"]},";
    for said in scratch.asked("acme", "1", enough, &[EXEC, DNS]) {
        assert_eq!(said.exit, Exit::Fine, "{}", said.all);
    }
}
