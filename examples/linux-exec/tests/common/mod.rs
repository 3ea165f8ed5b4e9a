//! What the tests of examples share: a sensor that is started, stopped and crashed with, and releases that are offered to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser as _;
use contentcheck::Streams;
use contentcheck::args::Cli;
use contentcheck::exit::Exit;
use contentcheck_sensor::Digest;
use ed25519_dalek::{Signer as _, SigningKey};

/// An example that is tested.
#[derive(Clone, Copy)]
pub(crate) struct Example {
    /// The name of the sensor in its manifest.
    pub(crate) sensor: &'static str,
    /// The program.
    pub(crate) program: &'static str,
    /// What it is given after its directory.
    pub(crate) arguments: &'static [&'static str],
    /// The content that is built in.
    pub(crate) content: &'static str,
    /// The condition in it that releases have others for.
    pub(crate) condition: &'static str,
}

pub(crate) struct Device {
    example: Example,
    root: PathBuf,
    pub(crate) sensor: Option<Child>,
}

impl Drop for Device {
    fn drop(&mut self) {
        if let Some(mut sensor) = self.sensor.take() {
            let _ = sensor.kill();
            let _ = sensor.wait();
        }
        let _ = fs::remove_dir_all(&self.root);
    }
}

impl Device {
    pub(crate) fn new(example: Example, name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("contentcheck-{}-{name}-{}", example.sensor, std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        Self { example, root, sensor: None }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Starts the sensor. False: it may not listen here.
    pub(crate) fn start(&mut self) -> bool {
        let output = fs::File::create(self.at("output")).unwrap();
        let mut command = Command::new(self.example.program);
        command.arg(&self.root).args(self.example.arguments).stdout(output).stderr(Stdio::piped());
        let mut sensor = command.spawn().unwrap();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) && !self.at("status").exists() {
            if sensor.try_wait().unwrap().is_some() {
                return false;
            }
            sleep(Duration::from_millis(50));
        }
        self.sensor = Some(sensor);
        true
    }

    /// Ends the sensor as a crash would, and says so as systemd does.
    pub(crate) fn crash(&mut self) {
        let mut sensor = self.sensor.take().unwrap();
        sensor.kill().unwrap();
        sensor.wait().unwrap();
        fs::write(self.at("ended"), "core-dump dumped SEGV\n").unwrap();
        fs::remove_file(self.at("status")).unwrap();
    }

    pub(crate) fn stop(&mut self) {
        fs::write(self.at("stop"), "").unwrap();
        assert!(self.sensor.take().unwrap().wait().unwrap().success());
        fs::remove_file(self.at("stop")).unwrap();
        fs::remove_file(self.at("status")).unwrap();
    }

    pub(crate) fn status(&self) -> String {
        fs::read_to_string(self.at("status")).unwrap_or_default()
    }

    /// Executes things until the status says something.
    pub(crate) fn until(&self, words: &str) {
        let began = Instant::now();
        while !self.status().contains(words) {
            assert!(began.elapsed() < Duration::from_secs(60), "`{words}` is not in:\n{}", self.status());
            Command::new("sleep").arg("0.05").status().unwrap();
        }
    }

    pub(crate) fn offer(&self, image: &[u8], sequence: u64) {
        fs::write(self.at("offer.env"), self.envelope(image, sequence)).unwrap();
        fs::write(self.at("new"), image).unwrap();
        fs::rename(self.at("new"), self.at("offer.ccimage")).unwrap();
    }

    pub(crate) fn evidence(&self) -> String {
        fs::read_to_string(self.at("evidence/0.log")).unwrap()
    }

    /// What the gate attests of an image that passed, signed with the key of the example.
    pub(crate) fn envelope(&self, image: &[u8], sequence: u64) -> Vec<u8> {
        let statement = serde_json::json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "release.ccimage", "digest": {"sha256": Digest::of(image).to_string()}}],
            "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
            "predicate": {
                "result": "PASSED", "requiredAll": true, "configuration": [], "evidence": {}, "passedTests": [],
                "failedTests": [], "skippedTests": [], "missing": [], "allowed": [],
                "release": {"name": self.example.sensor, "sequence": sequence, "rules": 1, "leftOut": 0, "digest": {}},
                "tool": {}, "seed": 1, "cases": 1, "accepted": {},
                "sensors": [{"sensor": self.example.sensor, "version": "1.0.0", "loads": 1, "of": 1}],
            },
        });
        let (kind, payload) = ("application/vnd.in-toto+json", serde_json::to_vec(&statement).unwrap());
        let message =
            [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes(), payload.clone()].concat();
        let signature = STANDARD.encode(SigningKey::from_bytes(&[7; 32]).sign(&message).to_bytes());
        serde_json::to_vec(&serde_json::json!({
            "payloadType": kind, "payload": STANDARD.encode(payload), "signatures": [{"sig": signature}],
        }))
        .unwrap()
    }

    /// Compiles the example's content, with a condition of its own, as a release of its own.
    pub(crate) fn image(&self, sequence: u64, condition: &str) -> Vec<u8> {
        let release = self.at(&format!("release-{sequence}"));
        fs::create_dir_all(&release).unwrap();
        let content = fs::read_to_string(self.example.content).unwrap();
        fs::write(release.join("rules.content"), content.replace(self.example.condition, condition)).unwrap();
        fs::write(
            release.join("contentcheck.toml"),
            format!("[release]\nname = \"{}\"\nsequence = {sequence}\n", self.example.sensor),
        )
        .unwrap();
        compiled(&release, &release.join("image"))
    }
}

/// Compiles a release.
pub(crate) fn compiled(release: &Path, to: &Path) -> Vec<u8> {
    let arguments = ["contentcheck", "compile", release.to_str().unwrap(), "-o", to.to_str().unwrap()];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let exit = contentcheck::run(&Cli::try_parse_from(arguments).unwrap(), &mut streams);
    assert_eq!(exit, Exit::Fine, "{}", String::from_utf8_lossy(&err));
    fs::read(to).unwrap()
}
