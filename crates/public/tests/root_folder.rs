//! What a new user does first: the folder of public rules is given to the program as it is.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;

use contentcheck_public::corpus;

/// How a run ends, what it writes to standard output and to standard error.
fn run(arguments: &[&str]) -> (u8, String, String) {
    let (exit, out, err) = contentcheck_public::run(arguments.iter().copied());
    (exit.number(), String::from_utf8(out).unwrap(), err)
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn the_root_folder_of_public_rules_can_be_checked_as_it_is() {
    let sigma = corpus("sigma").display().to_string();
    let (_, out, err) = run(&["lint", &sigma, "--no-config", "--format", "short"]);
    assert!(!out.contains("CC0113"), "{out}");
    assert!(err.contains("more (describes recorded samples)"), "{err}");
    let events = Path::new(env!("CARGO_TARGET_TMPDIR")).join("root_folder.jsonl");
    fs::write(&events, "{\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Provider_Name\":\"Microsoft-Windows-Sysmon\",\"EventID\":1,\"Image\":\"C:\\\\certutil.exe\"}\n").unwrap();
    for command in ["eval", "replay"] {
        let arguments = [command, "--rules", &sigma, "--no-config", events.to_str().unwrap()];
        let (exit, _, err) = run(&arguments);
        assert_eq!(exit, 1);
        assert!(err.contains("rules cannot run: ") && err.contains("leave them out with --skip-errors"), "{err}");
        let (exit, _, err) = run(&[&arguments[..], &["--skip-errors"]].concat());
        assert_eq!(exit, 0, "{err}");
        assert!(err.contains("read 1 event from 1 source: 1 of a known template type"), "{err}");
    }
}
