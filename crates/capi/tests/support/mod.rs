//! What the tests share: where things are, programs that are run, and a sensor in structs of C.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The library that was built for this test, as a file beside it.
pub(crate) fn library(file: &str) -> PathBuf {
    let found = std::env::current_exe().unwrap().parent().unwrap().join(file);
    assert!(found.exists(), "{} was not built", found.display());
    found
}

/// A directory of this process's own.
pub(crate) fn fresh(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// Whether a program is installed; says plainly that a test skips what needs it.
pub(crate) fn has(program: &str, arguments: &[&str], what: &str) -> bool {
    let works = Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success());
    if !works {
        eprintln!("skipped: {what} ({program} is not installed)");
    }
    works
}

/// Runs a program that must end well.
pub(crate) fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    assert!(stderr.is_empty(), "{command:?}: {stderr}");
    stdout.into_owned()
}

/// A compiler of C with the flags that the example must pass.
pub(crate) fn gcc(standard: &str) -> Command {
    let mut gcc = Command::new("gcc");
    gcc.args([standard, "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"]).arg(own("include"));
    gcc
}
