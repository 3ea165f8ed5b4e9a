//! The example, run: events come at their own pace, content that floods is given up, a crash loop ends, and the fix arrives.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "../../linux-exec/tests/common/mod.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Device, Example, compiled};

const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/recording.jsonl");
const EXAMPLE: Example = Example {
    sensor: "etw-replay",
    program: env!("CARGO_BIN_EXE_etw-replay"),
    arguments: &[RECORDING, "20"],
    content: concat!(env!("CARGO_MANIFEST_DIR"), "/rules.content"),
    condition: "image ends_with r\"\\certutil.exe\" and command_line contains \"urlcache\"",
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
    assert!(device.start());
    device.until("factory content: sequence 0");
    device.offer(&device.image(1, "command_line contains \"urlcache\""), 1);
    device.until("last known good: sequence 1 of etw-replay, 1 of 1 rule");
    device.offer(&device.image(2, r#"image ends_with ".exe""#), 2);
    device.until("given up    sequence 2");
    device.until("last known good: sequence 1 ");
    device.offer(&device.image(3, r#"image ends_with ".com""#), 3);
    device.until("the candidate: sequence 3 ");
    for _ in 0..3 {
        device.crash();
        assert!(device.start());
    }
    device.until("given up    sequence 3");
    assert!(device.evidence().contains("has no try left"), "{}", device.evidence());
    device.offer(&device.image(4, EXAMPLE.condition), 4);
    device.until("last known good: sequence 4 ");
    device.stop();
    assert!(device.start());
    device.until("last known good: sequence 4 ");
    let began = Instant::now();
    while fs::metadata(device.at("output")).unwrap().len() == 0 && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
    }
    device.stop();
    let printed = fs::read_to_string(device.at("output")).unwrap();
    assert!(printed.contains("certutil.exe: Download by certutil"), "{printed}");
}

#[test]
fn events_come_at_the_pace_at_which_they_were_recorded() {
    // Twenty events in 12 seconds, at their own pace: a few within the first two.
    let at_own_pace = Example { arguments: &[RECORDING, "1"], ..EXAMPLE };
    let mut device = Device::new(at_own_pace, "pace");
    let began = Instant::now();
    assert!(device.start());
    let events = |status: &str| -> Option<u64> {
        let line = status.lines().find(|line| line.starts_with("run "))?;
        line.split(" events").next()?.rsplit(' ').next()?.parse().ok()
    };
    while began.elapsed() < Duration::from_secs(2) || events(&device.status()).is_none_or(|seen| seen == 0) {
        assert!(began.elapsed() < Duration::from_secs(20), "no event is in:\n{}", device.status());
        std::thread::sleep(Duration::from_millis(50));
    }
    let (status, passed) = (device.status(), began.elapsed());
    let seen = events(&status).expect("a status is there whole, or not at all");
    // 1.6 a second, in pairs: never more than two a second and two more, however slow the machine is.
    assert!(seen <= 2 * passed.as_secs() + 4, "{seen} events in {passed:?}");
    device.stop();
}

#[test]
fn a_recording_that_is_none_is_named() {
    let device = Device::new(EXAMPLE, "none");
    for (text, words) in [("", "has an event"), ("{}\n", "line 1"), ("x", "line 1")] {
        fs::write(device.at("recording"), text).unwrap();
        let output =
            Command::new(EXAMPLE.program).arg(device.at("store")).arg(device.at("recording")).output().unwrap();
        assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains(words), "{output:?}");
    }
}
