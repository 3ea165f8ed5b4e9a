//! integrations/boot: units that systemd takes, and scripts that say what they should to boot loaders.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use contentcheck_sensor::{Digest, Rung, State};

fn boot(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integrations/boot").join(name)
}

struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Scratch {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("contentcheck-boot-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("bin")).unwrap();
        Self(root)
    }

    /// A program of this name that writes down what it was asked, and answers.
    fn fake(&self, name: &str, answer: &str) {
        let path = self.0.join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\necho {name} \"$@\" >> {}\n{answer}\n", self.0.join("asked").display()))
            .unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.0.join("asked")).unwrap_or_default()
    }

    /// Runs a script with these programs and the tools of the system, and no boot loader of the system's.
    fn run(&self, script: &str, arguments: &[&str]) -> Output {
        let path = format!("{}:/usr/bin:/bin", self.0.join("bin").display());
        Command::new("/bin/sh").arg(boot(script)).args(arguments).env("PATH", path).output().unwrap()
    }
}

#[test]
fn systemd_takes_the_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("skipped: systemd-analyze is not installed");
        return;
    }
    // It looks for the programs as well: here, all of them are this one.
    let scratch = Scratch::new("units");
    let mut units = Vec::new();
    for name in ["edr.service", "edr-verdict.service", "edr-mark-good.service"] {
        let text = fs::read_to_string(boot(name)).unwrap();
        let program = env!("CARGO_BIN_EXE_contentcheck");
        let text = ["/usr/sbin/edr", "/usr/lib/edr/verdict", "/usr/lib/edr/mark-good"]
            .iter()
            .fold(text, |text, path| text.replace(&format!("ExecStart={path}"), &format!("ExecStart={program}")));
        assert!(text.contains(program), "{name} starts something else");
        fs::write(scratch.0.join(name), text).unwrap();
        units.push(scratch.0.join(name));
    }
    let verify = |units: &[PathBuf]| {
        let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(units).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (
            output.status.success(),
            said.lines().filter(|line| line.contains("edr")).map(str::to_owned).collect::<Vec<_>>(),
        )
    };
    assert_eq!(verify(&units), (true, Vec::new()));
    // The control: a key that there is not is found.
    let wrong = scratch.0.join("edr-wrong.service");
    fs::write(&wrong, "[Service]\nExecStart=/bin/true\nExecStopPots=/bin/true\n").unwrap();
    assert!(!verify(&[wrong]).1.is_empty());
}

#[test]
fn a_boot_is_good_when_the_sensor_runs_content() {
    let scratch = Scratch::new("verdict");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_contentcheck"), scratch.0.join("bin/contentcheck")).unwrap();
    let store = scratch.0.join("store");
    let verdict = || scratch.run("verdict", &[store.to_str().unwrap(), "0"]);
    assert_eq!(verdict().status.code(), Some(1), "there is no store");
    fs::create_dir_all(&store).unwrap();
    assert_eq!(verdict().status.code(), Some(1), "nothing is decided yet");
    for (rung, code) in [(Rung::Factory, 0), (Rung::Nothing, 1)] {
        let state = State { generation: 1, running: Some(rung), ..State::fresh(Digest::of(b"build")) };
        for copy in ["state.a", "state.b"] {
            fs::write(store.join(copy), state.to_record()).unwrap();
        }
        let output = verdict();
        assert_eq!(output.status.code(), Some(code), "{rung}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(String::from_utf8_lossy(&verdict().stderr).contains("contentcheck device why"));
}

#[test]
fn whichever_boot_loader_is_there_is_told() {
    let scratch = Scratch::new("none");
    assert!(scratch.run("mark-good", &[]).status.success());
    let scratch = Scratch::new("uboot");
    scratch.fake("fw_setenv", "");
    scratch.fake("fw_printenv", "echo 0");
    assert!(scratch.run("mark-good", &[]).status.success());
    assert!(!scratch.asked().contains("fw_setenv"), "nothing is written where no update is on trial");
    scratch.fake("fw_printenv", "echo 1");
    assert!(scratch.run("mark-good", &[]).status.success());
    assert!(scratch.asked().ends_with("fw_setenv bootcount 0\nfw_setenv upgrade_available 0\n"), "{}", scratch.asked());
    scratch.fake("rauc", "");
    assert!(scratch.run("mark-good", &[]).status.success());
    assert!(scratch.asked().ends_with("rauc status mark-good\n"), "{}", scratch.asked());
    scratch.fake("rauc", "exit 5");
    assert!(!scratch.run("mark-good", &[]).status.success(), "what fails is not passed over");
}
