//! What does not compile, with its messages, and what does.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Copies the content to where the structs look for it.
fn lay_out(package: &Path) {
    fs::create_dir_all(package).unwrap();
    for entry in fs::read_dir(own("tests/ui/content")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), package.join(entry.file_name())).unwrap();
    }
    fs::write(package.join("utf16.content"), b"\xFF\xFEt\0").unwrap();
}

/// Each mistake is told by its name, at its place. `TRYBUILD=overwrite` writes what is said now.
#[test]
fn a_sensor_that_differs_from_its_content_does_not_compile() {
    // The package that trybuild makes.
    lay_out(&Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("tests/trybuild/contentcheck-derive"));
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/fail/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}

/// A package that is compiled without cargo.
struct Package {
    directory: PathBuf,
    interpreter: PathBuf,
}

impl Package {
    fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        lay_out(&directory);
        let interpreter = directory.join("libcontentcheck_interpreter.rlib");
        let made = Command::new("rustc")
            .args(["--edition", "2024", "--crate-type", "rlib", "--crate-name", "contentcheck_interpreter"])
            .args(["--cap-lints", "allow", "--cfg", "feature=\"alloc\""])
            .arg(own("../interpreter/src/lib.rs"))
            .arg("-o")
            .arg(&interpreter)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { directory, interpreter }
    }

    /// The macros that were built for this test.
    fn macros() -> PathBuf {
        let is_it = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(&format!("{DLL_PREFIX}contentcheck_derive-")) && name.ends_with(DLL_SUFFIX)
        };
        let beside = fs::read_dir(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
        let found = beside.map(|entry| entry.unwrap().path()).filter(is_it);
        found.max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap()).unwrap()
    }

    fn rustc(&self, source: &Path, arguments: &[&str]) -> Output {
        self.rustc_in(&self.directory, source, arguments)
    }

    /// As cargo compiles a package that is elsewhere.
    fn rustc_in(&self, package: &Path, source: &Path, arguments: &[&str]) -> Output {
        Command::new("rustc")
            .env("CARGO_MANIFEST_DIR", package)
            .current_dir(&self.directory)
            .args(["--edition", "2024", "--crate-name", "sensor"])
            .arg(format!("--extern=contentcheck_interpreter={}", self.interpreter.display()))
            .arg(format!("--extern=contentcheck_derive={}", Self::macros().display()))
            .args(arguments)
            .arg(source)
            .output()
            .unwrap()
    }
}

/// What the compiler says in its own words, which are not those of every version: the parts that are ours, and where.
#[test]
fn what_the_compiler_finds_is_found_at_its_place() {
    let package = Package::new("compiler");
    let cases: [(&str, &[&str]); 2] = [
        (
            "manifest_check.rs",
            &[
                "the name of a sensor begins with a lower-case letter",
                ".rs:29:30",
                "a version begins with a digit and has letters, digits and `.-_+`",
                ".rs:33:47",
                "two of the manifest's `events` are of one template type",
                ".rs:37:11",
                "content may read `agent : string?` of every `edr.process_start @ 1`, and the manifest's header does not supply it",
                ".rs:41:84",
            ],
        ),
        (
            "borrowed_names.rs",
            &["`Path: AsRef<[u8]>` is not satisfied", ".rs:13:12", "expected `usize`, found `&str`", ".rs:14:10"],
        ),
    ];
    for (case, expected) in cases {
        let output = package.rustc(&own("tests/ui/compiler").join(case), &["--emit=metadata"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{case} compiles");
        for part in expected {
            assert!(said.contains(part), "{case} does not say {part:?}:\n{said}");
        }
    }
}

/// The compiler looks at a sensor again when its content has changed, as it names the file among what the sensor is made of.
#[test]
fn a_change_of_the_content_is_a_change_of_the_sensor() {
    let package = Package::new("rebuilt");
    let output = package.rustc(&own("tests/ui/pass/every_type.rs"), &["--emit=dep-info", "-o", "sensor.d"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files = fs::read_to_string(package.directory.join("sensor.d")).unwrap();
    let content = package.directory.join("edr.content");
    assert!(files.contains(&format!("{}:", content.display())), "{files}");

    // And then it says what no longer agrees.
    let changed = fs::read_to_string(&content).unwrap().replace("3 pid          : int", "3 pid          : string");
    fs::write(&content, changed).unwrap();
    let output = package.rustc(&own("tests/ui/pass/every_type.rs"), &["--emit=metadata"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("`u16` supplies `int`, and the field is input 3 of `edr.process_start @ 1`, `pid : string`"),
        "{said}"
    );
}

/// docs/embedding.md shows what is said of its sensor where an input is missing.
#[test]
fn the_page_shows_what_the_compiler_says() {
    let package = Package::new("page");
    let page = fs::read_to_string(own("../../docs/embedding.md")).unwrap();
    let (_, program) = page.split_once("```rust\nuse contentcheck_derive::").unwrap();
    let (program, rest) = program.split_once("```").unwrap();
    let lacking = format!("use contentcheck_derive::{program}").replace("    parent: Option<&'e str>,\n", "");
    let lacking = lacking.replace("        parent: Some(\"/usr/sbin/nginx\"),\n", "");
    fs::create_dir_all(package.directory.join("src")).unwrap();
    fs::write(package.directory.join("src/main.rs"), lacking).unwrap();
    let output = package.rustc_in(&own(""), Path::new("src/main.rs"), &["--emit=metadata"]);
    let said = String::from_utf8_lossy(&output.stderr);
    let shown = rest.split("```text\n").nth(1).and_then(|rest| rest.split("\n```").next()).unwrap();
    assert!(said.starts_with(shown), "the compiler says\n{said}");
    // And nothing else: not that the struct has no values, and so on.
    assert!(said.contains("aborting due to 1 previous error"), "{said}");
}

/// The JSON is held to the constant by a test of the sensor's own, which writes it where it is asked to.
#[test]
fn a_committed_manifest_is_held_to_the_build() {
    let package = Package::new("committed");
    let (source, program) = (own("tests/ui/committed.rs"), package.directory.join("sensor"));
    let built = package.rustc(&source, &["--test", "-o", program.to_str().unwrap()]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let json = package.directory.join("edr.json");
    let run = |bless: bool| {
        let mut sensor = Command::new(&program);
        sensor.args(["--nocapture", "manifest_is_committed"]).env_remove("BLESS");
        if bless {
            sensor.env("BLESS", "1");
        }
        let output = sensor.output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (passed, said) = run(false);
    assert!(
        !passed && said.contains("`edr.json` is not the manifest of this build: run the test with BLESS=1"),
        "{said}"
    );
    assert!(run(true).0 && run(false).0);
    let expected = "{\"format\":1,\"sensor\":\"edr\",\"version\":\"2.0.0\",\n\"capacity\":{\"interpreter\":2,\"rules\":5000},\n\
        \"templates\":{\n\"edr.shrunk\":{\"inputs\":[{\"name\":\"image\",\"type\":\"string\"},{\"name\":\"pid\",\"type\":\"int\"}]}\n}}\n";
    assert_eq!(fs::read_to_string(&json).unwrap(), expected);
    // A checkout with other line ends is the same manifest; another number is not.
    fs::write(&json, expected.replace('\n', "\r\n")).unwrap();
    assert!(run(false).0);
    fs::write(&json, expected.replace("5000", "6000")).unwrap();
    let (passed, said) = run(false);
    assert!(!passed && said.contains("is to be\n\"capacity\":{\"interpreter\":2,\"rules\":5000},"), "{said}");
}
