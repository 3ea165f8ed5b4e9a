//! The example, run: it matches, takes content, survives content that is damaged, that floods and that it crashes with, and heals.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Device, Example, compiled};

const EXAMPLE: Example = Example {
    sensor: "linux-exec",
    program: env!("CARGO_BIN_EXE_linux-exec"),
    arguments: &[],
    content: concat!(env!("CARGO_MANIFEST_DIR"), "/rules.content"),
    condition: "any arguments starts_with \"LD_PRELOAD=\"",
};

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// With `BLESS=1` it is written.
#[test]
fn factory_content_is_compiled_from_its_source() {
    let device = Device::new(EXAMPLE, "factory");
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
    let mut device = Device::new(EXAMPLE, "heals");
    if !device.start() {
        // Only root may listen to the kernel, and not in every container.
        eprintln!("skipped: the kernel does not tell this process of executions; run it as root");
        return;
    }
    device.until("factory content: sequence 0");
    let good = device.image(1, EXAMPLE.condition);
    device.offer(&good, 1);
    device.until("last known good: sequence 1 of linux-exec, 1 of 1 rule");

    // Damaged on its way: refused, and what runs goes on running.
    let flood = device.image(2, "pid > 0");
    let mut damaged = flood.clone();
    damaged[100] ^= 1;
    fs::write(device.at("offer.env"), device.envelope(&flood, 2)).unwrap();
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
    let crashing = device.image(3, "image ends_with \"/none\"");
    device.offer(&crashing, 3);
    device.until("the candidate: sequence 3 ");
    for _ in 0..3 {
        device.crash();
        assert!(device.start());
    }
    device.until("given up    sequence 3");

    // The fix arrives, and is confirmed.
    let fix = device.image(4, "any arguments contains \"LD_PRELOAD=\"");
    device.offer(&fix, 4);
    device.until("last known good: sequence 4 ");
    device.stop();
    assert!(device.start());
    device.until("last known good: sequence 4 ");
    let began = Instant::now();
    while fs::metadata(device.at("output")).unwrap().len() == 0 && began.elapsed() < Duration::from_secs(5) {
        Command::new("sh").args(["-c", "sleep 0.3; :", "LD_PRELOAD=/none.so"]).status().unwrap();
    }
    device.stop();
    let printed = fs::read_to_string(device.at("output")).unwrap();
    assert!(printed.contains(": Library preloaded by an argument"), "{printed}");
}
