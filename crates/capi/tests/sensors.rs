//! The examples in C, Python and Go do what docs/embedding-c.md says of them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{fresh, gcc, has, library, own, run};

/// What docs/embedding.md has in Rust, and two events more.
const PRINTED: &str = "2 of 3 rules
Download piped into a shell
command_line: curl 
image: /bash
command_line: | sh
Library preloaded by an argument
arguments: LD_PRELOAD=
";

const BATCH: &str = "1000 events in 8 calls
334 Download piped into a shell
143 Library preloaded by an argument
";

fn image() -> PathBuf {
    own("../../corpus/images/first/rules.ccimage")
}

fn built(directory: &Path, name: &str, flags: &[&str]) -> PathBuf {
    let program = directory.join(name);
    run(gcc("-std=c99")
        .args(flags)
        .arg(own("examples/sensor.c"))
        .arg(library("libcontentcheck_capi.a"))
        .arg("-o")
        .arg(&program));
    program
}

#[test]
fn the_c_sensor_says_what_matches_and_why() {
    if !has("gcc", &["--version"], "the C sensor") {
        return;
    }
    let directory = fresh("sensor");
    let program = built(&directory, "sensor", &["-O2"]);
    assert_eq!(run(Command::new(&program).arg(image())), PRINTED);

    // An image that is refused is named, and is no crash.
    let damaged = directory.join("damaged.ccimage");
    let mut bytes = fs::read(image()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&damaged, &bytes).unwrap();
    let refused = Command::new(&program).arg(&damaged).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(said, "refused: CC0523: the checksum differs: the image was altered in storage or transport\n");

    if has("valgrind", &["--version"], "the C sensor under valgrind") {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["-q", "--error-exitcode=9", "--leak-check=full", "--track-origins=yes"]);
        assert_eq!(run(valgrind.arg(&program).arg(image())), PRINTED);
    }
}

#[test]
fn the_c_sensor_passes_the_sanitizers() {
    let directory = fresh("sanitized");
    let flags = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let (probe, out) = (directory.join("probe.c"), directory.join("probe"));
    fs::write(&probe, "int main(void) { return 0; }\n").unwrap();
    let arguments = [&flags[..], &[probe.to_str().unwrap(), "-o", out.to_str().unwrap()]].concat();
    if !has("gcc", &arguments, "the C sensor with sanitizers") {
        return;
    }
    let program = built(&directory, "sensor", &flags);
    assert_eq!(run(Command::new(&program).arg(image())), PRINTED);
}

#[test]
fn the_python_program_evaluates_a_batch() {
    if has("python3", &["--version"], "the Python program") {
        let mut python = Command::new("python3");
        python.arg(own("examples/sensor.py")).arg(library("libcontentcheck_capi.so")).arg(image());
        assert_eq!(run(&mut python), BATCH);
    }
}

#[test]
fn the_go_program_evaluates_a_batch() {
    if !has("gcc", &["--version"], "the Go program") || !has("go", &["version"], "the Go program") {
        return;
    }
    let directory = fresh("go");
    let program = directory.join("sensor");
    let mut go = Command::new("go");
    go.args(["build", "-o"]).arg(&program).arg(".").current_dir(own("examples/go"));
    go.env("CGO_ENABLED", "1").env("GOFLAGS", "-mod=mod").env("GOCACHE", directory.join("cache"));
    go.env("CGO_CFLAGS", format!("-I{}", own("include").display()));
    go.env("CGO_LDFLAGS", library("libcontentcheck_capi.a"));
    run(&mut go);
    // cgo checks at run time that no pointer of Go is given away.
    assert_eq!(run(Command::new(&program).arg(image()).env("GODEBUG", "cgocheck=2")), BATCH);
}

/// The page shows the example as it is, and each of its blocks compiles.
#[test]
fn the_page_shows_the_example() {
    let page = fs::read_to_string(own("../../docs/embedding-c.md")).unwrap();
    let sensor = fs::read_to_string(own("examples/sensor.c")).unwrap();
    assert!(page.contains(&format!("```c\n{sensor}```")), "docs/embedding-c.md does not show examples/sensor.c");
    assert!(page.contains(&format!("```text\n{PRINTED}```")), "docs/embedding-c.md does not show what it prints");
    assert!(sensor.lines().count() <= 120, "a sensor is to fit on a page");
    if !has("gcc", &["--version"], "the C of the page") {
        return;
    }
    let directory = fresh("page");
    let blocks = page.split("```c\n").skip(1).filter_map(|rest| rest.split_once("```"));
    for (number, (block, _)) in blocks.enumerate() {
        let source = directory.join(format!("block{number}.c"));
        fs::write(&source, block).unwrap();
        run(gcc("-std=c99").args(["-fsyntax-only", "-I"]).arg(own("examples")).arg(&source));
    }
}
