//! The example, run: it matches, takes content, survives content that is damaged, that floods and that it crashes with, and heals.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

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
    heals(EXAMPLE, "heals");
}

/// examples/linux-exec-c, with the same directory, the same offers and the same words.
fn in_c(name: &str, flags: &[&str]) {
    if !Command::new("gcc").arg("--version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: the sensor in C (gcc is not installed)");
        return;
    }
    let device = Device::new(EXAMPLE, &format!("{name}-build"));
    let program = device.at("sensor");
    // Cargo builds the library for this test, beside it.
    let library = std::env::current_exe().unwrap().parent().unwrap().join("libcontentcheck_capi.a");
    assert!(library.exists(), "{} was not built", library.display());
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-pedantic"]).args(flags);
    gcc.arg("-I").arg(own("../../crates/capi/include")).arg(own("../linux-exec-c/sensor.c"));
    let built = gcc.arg(library).arg("-o").arg(&program).output().unwrap();
    if !built.status.success() && flags.iter().any(|flag| flag.starts_with("-fsanitize")) {
        eprintln!("skipped: the sensor in C with sanitizers ({})", String::from_utf8_lossy(&built.stderr));
        return;
    }
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let leaked = |path: PathBuf| -> &'static str { path.to_str().unwrap().to_owned().leak() };
    let arguments = vec![leaked(own("factory.ccimage")), leaked(own("root"))].leak();
    heals(Example { program: leaked(program), arguments, ..EXAMPLE }, name);
}

#[test]
fn the_sensor_in_c_survives_bad_content_and_heals() {
    in_c("c", &["-O2"]);
}

#[test]
fn the_sensor_in_c_passes_the_sanitizers() {
    in_c("c-sanitized", &["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
}

#[test]
fn the_sensor_in_c_fits_on_a_page() {
    let sensor = fs::read_to_string(own("../linux-exec-c/sensor.c")).unwrap();
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with("/*") && !line.starts_with('*');
    let lines = sensor.lines().map(str::trim).filter(is_code).count();
    assert!(lines <= 120, "{lines} lines beside the event source");
}

fn heals(example: Example, name: &str) {
    let mut device = Device::new(example, name);
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
