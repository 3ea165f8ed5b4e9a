//! The example, run: it matches, takes content, survives content that is damaged, that floods and that it crashes with, and heals.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::os::unix::process::CommandExt as _;
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

/// The directory of the example's content, whose images are made by the tool.
fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

struct Device {
    root: PathBuf,
    sensor: Option<Child>,
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
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("contentcheck-linux-exec-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        Self { root, sensor: None }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Starts the sensor. False: it may not listen here.
    fn start(&mut self) -> bool {
        let output = fs::File::create(self.at("output")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_linux-exec"));
        command.arg(&self.root).stdout(output).stderr(Stdio::piped()).process_group(0);
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
    fn crash(&mut self) {
        let mut sensor = self.sensor.take().unwrap();
        sensor.kill().unwrap();
        sensor.wait().unwrap();
        fs::write(self.at("ended"), "core-dump dumped SEGV\n").unwrap();
        fs::remove_file(self.at("status")).unwrap();
    }

    fn stop(&mut self) {
        fs::write(self.at("stop"), "").unwrap();
        assert!(self.sensor.take().unwrap().wait().unwrap().success());
        fs::remove_file(self.at("stop")).unwrap();
        fs::remove_file(self.at("status")).unwrap();
    }

    fn status(&self) -> String {
        fs::read_to_string(self.at("status")).unwrap_or_default()
    }

    /// Executes things until the status says something.
    fn until(&self, words: &str) {
        let began = Instant::now();
        while !self.status().contains(words) {
            assert!(began.elapsed() < Duration::from_secs(60), "`{words}` is not in:\n{}", self.status());
            Command::new("sleep").arg("0.05").status().unwrap();
        }
    }

    fn offer(&self, image: &[u8], sequence: u64) {
        fs::write(self.at("offer.env"), envelope(image, sequence)).unwrap();
        fs::write(self.at("new"), image).unwrap();
        fs::rename(self.at("new"), self.at("offer.ccimage")).unwrap();
    }

    fn evidence(&self) -> String {
        fs::read_to_string(self.at("evidence/0.log")).unwrap()
    }
}

/// What the gate attests of an image that passed, signed with the key of the example.
fn envelope(image: &[u8], sequence: u64) -> Vec<u8> {
    let statement = serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "release.ccimage", "digest": {"sha256": Digest::of(image).to_string()}}],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": "PASSED", "requiredAll": true, "configuration": [], "evidence": {}, "passedTests": [],
            "failedTests": [], "skippedTests": [], "missing": [], "allowed": [],
            "release": {"name": "linux-exec", "sequence": sequence, "rules": 1, "leftOut": 0, "digest": {}},
            "tool": {}, "seed": 1, "cases": 1, "accepted": {},
            "sensors": [{"sensor": "linux-exec", "version": "1.0.0", "loads": 1, "of": 1}],
        },
    });
    let (kind, payload) = ("application/vnd.in-toto+json", serde_json::to_vec(&statement).unwrap());
    let message = [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes(), payload.clone()].concat();
    let signature = STANDARD.encode(SigningKey::from_bytes(&[7; 32]).sign(&message).to_bytes());
    serde_json::to_vec(&serde_json::json!({
        "payloadType": kind, "payload": STANDARD.encode(payload), "signatures": [{"sig": signature}],
    }))
    .unwrap()
}

/// Compiles the example's content, with a condition of its own, as a release of its own.
fn image(device: &Device, sequence: u64, condition: &str) -> Vec<u8> {
    let release = device.at(&format!("release-{sequence}"));
    fs::create_dir_all(&release).unwrap();
    let content = fs::read_to_string(own("rules.content")).unwrap();
    let usual = "any arguments starts_with \"LD_PRELOAD=\"";
    fs::write(release.join("rules.content"), content.replace(usual, condition)).unwrap();
    fs::write(release.join("contentcheck.toml"), format!("[release]\nname = \"linux-exec\"\nsequence = {sequence}\n"))
        .unwrap();
    compiled(&release, &release.join("image"))
}

fn compiled(release: &Path, to: &Path) -> Vec<u8> {
    let arguments = ["contentcheck", "compile", release.to_str().unwrap(), "-o", to.to_str().unwrap()];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let exit = contentcheck::run(&Cli::try_parse_from(arguments).unwrap(), &mut streams);
    assert_eq!(exit, Exit::Fine, "{}", String::from_utf8_lossy(&err));
    fs::read(to).unwrap()
}

/// With `BLESS=1` it is written.
#[test]
fn factory_content_is_compiled_from_its_source() {
    let device = Device::new("factory");
    let made = compiled(&own("rules.content"), &device.at("image"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(own("factory.ccimage"), &made).unwrap();
    }
    assert!(made == fs::read(own("factory.ccimage")).unwrap(), "run this test with BLESS=1");
}

#[test]
fn the_sensor_fits_on_a_page() {
    let main = fs::read_to_string(own("src/main.rs")).unwrap();
    let lines = main.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count();
    assert!(lines <= 60, "{lines} lines beside the event source");
}

#[test]
fn it_survives_bad_content_and_heals() {
    let mut device = Device::new("heals");
    if !device.start() {
        // Only root may listen to the kernel, and not in every container.
        eprintln!("skipped: the kernel does not tell this process of executions; run it as root");
        return;
    }
    device.until("factory content: sequence 0");
    let good = image(&device, 1, "any arguments starts_with \"LD_PRELOAD=\"");
    device.offer(&good, 1);
    device.until("last known good: sequence 1 of linux-exec, 1 of 1 rules");

    // Damaged on its way: refused, and what runs goes on running.
    let flood = image(&device, 2, "pid > 0");
    let mut damaged = flood.clone();
    damaged[100] ^= 1;
    fs::write(device.at("offer.env"), envelope(&flood, 2)).unwrap();
    fs::write(device.at("offer.ccimage"), damaged).unwrap();
    let began = Instant::now();
    while !device.evidence().contains("[CC1116] an offer is refused") {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", device.evidence());
        sleep(Duration::from_millis(50));
    }
    // It matches every execution: taken, and given up within seconds.
    device.offer(&flood, 2);
    device.until("given up    sequence 2");
    device.until("last known good: sequence 1 ");

    // The sensor crashes with it, three times: older content runs, lasts, and so convicts it.
    let crashing = image(&device, 3, "image ends_with \"/none\"");
    device.offer(&crashing, 3);
    device.until("the candidate: sequence 3 ");
    for _ in 0..3 {
        device.crash();
        assert!(device.start());
    }
    device.until("given up    sequence 3");

    // The fix arrives, and is confirmed.
    let fix = image(&device, 4, "any arguments contains \"LD_PRELOAD=\"");
    device.offer(&fix, 4);
    device.until("last known good: sequence 4 ");
    device.stop();
    assert!(device.start());
    device.until("last known good: sequence 4 ");
    device.until("matches");
    let began = Instant::now();
    while fs::metadata(device.at("output")).unwrap().len() == 0 && began.elapsed() < Duration::from_secs(5) {
        Command::new("sh").args(["-c", "sleep 0.3; :", "LD_PRELOAD=/none.so"]).status().unwrap();
    }
    device.stop();
    let printed = fs::read_to_string(device.at("output")).unwrap();
    assert!(printed.contains(": Library preloaded by an argument"), "{printed}");
}
