//! examples/linux-exec-c, run as root: it survives content that is damaged, that matches everything and that it crashes with, and takes the fix.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use contentcheck_compiler::{Options, compile};
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, WithErrors};
use support::{fresh, gcc, has, library, own, run};

/// The content of examples/linux-exec with a condition of its own.
fn image(condition: &str) -> Vec<u8> {
    let content = fs::read_to_string(own("../../examples/linux-exec/rules.content")).unwrap();
    let content = content.replace("any arguments starts_with \"LD_PRELOAD=\"", condition);
    let language = Language::of("rules.content").unwrap();
    let gathered = Gathered::of(vec![(Source::new("rules.content", content), language)]);
    let shippable = gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).unwrap();
    assert_eq!(shippable.rules().len(), 1, "{condition}");
    compile(&shippable, Options::default()).unwrap()
}

struct Device {
    program: PathBuf,
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
    fn status(&self) -> String {
        fs::read_to_string(self.root.join("status")).unwrap_or_default()
    }

    /// False: it may not listen here.
    fn start(&mut self) -> bool {
        let factory = own("../../examples/linux-exec/factory.ccimage");
        let mut sensor = Command::new(&self.program).arg(&self.root).arg(factory).spawn().unwrap();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) && self.status().is_empty() {
            if let Some(status) = sensor.try_wait().unwrap() {
                assert_eq!(status.code(), Some(2), "it ends as one that may not listen, or not at all");
                return false;
            }
            sleep(Duration::from_millis(20));
        }
        self.sensor = Some(sensor);
        true
    }

    fn crash(&mut self) {
        let mut sensor = self.sensor.take().unwrap();
        sensor.kill().unwrap();
        sensor.wait().unwrap();
        fs::remove_file(self.root.join("status")).unwrap();
    }

    fn offer(&self, image: &[u8]) {
        fs::write(self.root.join("new"), image).unwrap();
        fs::rename(self.root.join("new"), self.root.join("offer.ccimage")).unwrap();
    }

    fn until(&self, words: &str) {
        let began = Instant::now();
        while !self.status().contains(words) {
            assert!(began.elapsed() < Duration::from_secs(60), "`{words}` is not in {}", self.status());
            Command::new("sleep").arg("0.05").status().unwrap();
        }
    }
}

fn heals(name: &str, flags: &[&str]) {
    let root = fresh(name);
    let program = root.join("sensor");
    run(gcc("-std=c99")
        .arg("-D_GNU_SOURCE")
        .args(flags)
        .arg(own("../../examples/linux-exec-c/sensor.c"))
        .arg(library("libcontentcheck_capi.a"))
        .arg("-o")
        .arg(&program));
    let mut device = Device { program, root, sensor: None };
    if !device.start() {
        eprintln!("skipped: the kernel does not tell this process of executions; run it as root");
        return;
    }
    device.until("factory, ");
    device.offer(&image("any arguments starts_with \"LD_PRELOAD=\""));
    device.until("it was confirmed");
    // Damaged on its way.
    let mut damaged = image("pid > 0");
    damaged[100] ^= 1;
    device.offer(&damaged);
    device.until("CC0523");
    device.until("good, ");
    // It matches every execution.
    device.offer(&image("pid > 0"));
    device.until("good, ");
    device.until("it matches too often");
    // The sensor crashes with it, three times.
    device.offer(&image("image ends_with \"/none\""));
    device.until("trial, ");
    for _ in 0..3 {
        device.crash();
        assert!(device.start());
    }
    device.until("it crashed three times");
    device.until("good, ");
    // The fix.
    device.offer(&image("any arguments contains \"LD_PRELOAD=\""));
    device.until("it was confirmed");
    fs::write(device.root.join("stop"), "").unwrap();
    assert!(device.sensor.take().unwrap().wait().unwrap().success());
}

#[test]
fn the_c_sensor_of_executions_heals() {
    if has("gcc", &["--version"], "the C sensor of executions") {
        heals("linux-exec", &["-O2"]);
    }
}

#[test]
fn the_c_sensor_of_executions_passes_the_sanitizers() {
    let directory = fresh("linux-exec-probe");
    let flags = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let (probe, out) = (directory.join("probe.c"), directory.join("probe"));
    fs::write(&probe, "int main(void) { return 0; }\n").unwrap();
    let arguments = [&flags[..], &[probe.to_str().unwrap(), "-o", out.to_str().unwrap()]].concat();
    if has("gcc", &arguments, "the C sensor of executions with sanitizers") {
        // What is in memory when it ends is not asked: it ends with its process.
        heals("linux-exec-sanitized", &flags);
    }
}

#[test]
fn the_c_sensor_of_executions_fits_on_a_page() {
    let sensor = fs::read_to_string(own("../../examples/linux-exec-c/sensor.c")).unwrap();
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with("/*") && !line.starts_with('*');
    let lines = sensor.lines().map(str::trim).filter(is_code).count();
    assert!(lines <= 120, "{lines} lines beside the event source");
}
