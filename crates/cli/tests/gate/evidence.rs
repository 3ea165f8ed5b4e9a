//! The directory of evidence: what it depends on, and that it is of one run, whole or not there, and in nobody's way.

use super::*;

#[test]
fn evidence_follows_its_schema() {
    let schema = contentcheck::commands::schema::schema(SchemaName::Evidence).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for case in ["releases/demo", "reject/CC0803-rule-emptied", "reject/CC1005-never-seen-firing"] {
        let (_, evidence) = evidence(&corpus(case), &["--cases", "64", "--skip", "self-test"]);
        let value = serde_json::to_value(&evidence).unwrap();
        let problems: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(problems, [""; 0], "{case}");
    }
}

/// Every file that a run reads has its digest in the evidence: one byte more in any of them, and evidence differs, though
/// nothing that the file says does.
#[test]
fn evidence_changes_with_each_byte_of_what_was_read() {
    let scratch = Scratch::new("inputs");
    let release = demo_without_evidence(&scratch);
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("deny-warnings = true", "deny-warnings = true\nbaseline = \"baseline.json\""))
        .unwrap();
    fs::write(release.join("baseline.json"), "{\n  \"format\": 1,\n  \"findings\": []\n}\n").unwrap();
    let path = release.to_str().unwrap();
    let gate = || {
        let (exit, out, err) = run(&["gate", path, "--only", "lint,replay", "--cases", "64", "--format", "json"]);
        assert!(!out.is_empty(), "{err}");
        (exit, out)
    };
    let first = gate();
    assert_eq!(gate(), first);
    let table = fs::read_dir(release.join("tables")).unwrap().next().unwrap().unwrap().path();
    let before = Path::new(&scratch.file("demo-11")).to_path_buf();
    let content = walk(&before).into_iter().find(|path| path.extension().is_some_and(|of| of == "yml")).unwrap();
    let files = [
        (release.join("templates.content"), "\n"),
        (release.join("sigma/process/office_child.yml"), "\n"),
        (table, "\n"),
        (release.join("sensors/acme-7.14.json"), "\n"),
        (release.join("fleet.json"), "\n"),
        (config, "\n"),
        (release.join("baseline.json"), "\n"),
        (release.join("sigma/process/office_child.test.yml"), "\n"),
        (release.join("recordings/workday.jsonl"), "\n"),
        (release.join("never-match/windows.jsonl"), "\n"),
        (content, "\n"),
        (before.join("contentcheck.toml"), "\n"),
    ];
    for (file, more) in files {
        let known = fs::read(&file).unwrap();
        fs::write(&file, [known.as_slice(), more.as_bytes()].concat()).unwrap();
        let changed = gate();
        assert_ne!(changed.1, first.1, "{}", file.display());
        fs::write(&file, known).unwrap();
    }
    assert_eq!(gate(), first);
}

/// What an earlier run left is gone before a run begins, also where that run ends before it looks at anything.
#[test]
fn nothing_of_an_earlier_run_is_left() {
    let scratch = Scratch::new("stale");
    let private = scratch.file("gate.pem");
    fs::write(&private, PRIVATE).unwrap();
    let (release, left) = (demo(&scratch), scratch.file("evidence"));
    let path = release.to_str().unwrap();
    let leave = || {
        let (_, _, err) =
            run(&["gate", path, "--only", "lint", "--no-config", "--evidence", &left, "--sign", &private]);
        assert!(walk(Path::new(&left)).len() > 7, "{err}");
    };
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    let own = scratch.file("note.txt");
    for wrong in [
        text.replace("[gate]", "[gate]\nallow-shrink = true"),
        text.replace("[gate]", "[severity]\nCC0401 = \"off\"\n[gate]"),
        text.replace("[gate]", "[severity]\nCC0502 = \"off\"\n[gate]"),
        text.replace("../demo-11", "."),
        text.replace("\"recordings\"", "\"nowhere\""),
        "[".to_owned(),
    ] {
        fs::write(&config, &text).unwrap();
        leave();
        fs::write(format!("{left}/note.txt"), &own).unwrap();
        fs::write(&config, &wrong).unwrap();
        let (exit, _, err) = run(&["gate", path, "--evidence", &left, "--sign", &private]);
        assert_eq!(exit, Exit::Usage, "{wrong}\n{err}");
        // What others put there stays.
        let names: Vec<String> = walk(Path::new(&left)).iter().map(|path| name(path)).collect();
        assert_eq!(names, ["note.txt"], "{wrong}");
    }
}

/// Of a disk that is full nothing is left that says more than is there.
#[cfg(target_os = "linux")]
#[test]
fn evidence_is_left_whole_or_not_at_all() {
    let scratch = Scratch::new("full");
    let release = corpus("releases/demo");
    let directory = scratch.file("evidence");
    let (mut whole, mut none) = (0, 0);
    for blocks in [0, 1, 8, 16, 24, 26, 28, 32, 48, 64, 96, 128, 100_000] {
        // A write beyond the limit fails as one to a full disk does.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let run = Command::new("sh")
            .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_contentcheck"), "gate", release.to_str().unwrap()])
            .args(["--only", "compile,verify", "--no-config", "--evidence", &directory])
            .output()
            .unwrap();
        let left: BTreeSet<String> = walk(Path::new(&directory)).iter().map(|path| name(path)).collect();
        let err = String::from_utf8_lossy(&run.stderr);
        if run.status.code() == Some(0) {
            whole += 1;
            assert!(left.len() == 7 && left.contains("evidence.json") && left.contains("release.ccimage"), "{left:?}");
        } else {
            none += 1;
            assert_eq!((run.status.code(), left.len()), (Some(2), 0), "{blocks}: {left:?} {err}");
            assert!(!err.contains("evidence left"), "{err}");
        }
    }
    assert!(whole > 0 && none > 2, "{whole} {none}");
}

/// Of two gates at once into one directory each would remove what the other left: the second one ends before it removes
/// anything, and a gate that was killed holds nothing.
#[test]
fn a_directory_of_evidence_is_of_one_run_at_a_time() {
    let scratch = Scratch::new("lock");
    let release = corpus("releases/demo");
    let (path, left) = (release.to_str().unwrap(), scratch.file("evidence"));
    let arguments = ["gate", path, "--only", "compile", "--no-config", "--evidence", &left];
    let (exit, _, err) = run(&arguments);
    assert_eq!(exit, Exit::Fine, "{err}");
    let before = fs::read(Path::new(&left).join("evidence.json")).unwrap();
    let held = contentcheck_project::lock::hold(Path::new(&left)).unwrap().unwrap();
    for more in [&[][..], &["--cases", "5"], &["--previous", "missing"]] {
        let (exit, out, err) = run(&[&arguments[..], more].concat());
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{err}");
        assert!(err.contains("another run") && err.contains(&left), "{err}");
        assert_eq!(fs::read(Path::new(&left).join("evidence.json")).unwrap(), before);
    }
    drop(held);
    // Killed in the middle: the lock ends with the process.
    let mut child = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
        .args(["gate", path, "--no-config", "--every-rule", "--evidence", &left])
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let process = format!("(process {})", child.id());
    let is_held = || contentcheck_project::lock::hold(Path::new(&left)).err();
    let refused = (0..600).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        is_held()
    });
    let refused = refused.unwrap().message;
    assert!(!cfg!(target_os = "linux") || refused.contains(&process), "{refused}");
    child.kill().unwrap();
    child.wait().unwrap();
    let (exit, _, err) = run(&arguments);
    assert_eq!(exit, Exit::Fine, "{err}");
    assert!(Path::new(&left).join("evidence.json").exists());
}

/// Two outputs of one run to one file would leave the last alone.
#[test]
fn two_outputs_to_one_file_are_refused() {
    let scratch = Scratch::new("outputs");
    let release = demo(&scratch);
    let (path, left) = (release.to_str().unwrap(), scratch.file("evidence"));
    for is_there in [false, true] {
        for file in [
            "release.ccimage",
            "evidence.json",
            "evidence.sarif",
            "junit.xml",
            "summary.md",
            "report.html",
            "summary.txt",
            "attestation.dsse.json",
            "../evidence/evidence.json",
        ] {
            let output = format!("{left}/{file}");
            // A way through a directory that is not there leads nowhere.
            if !is_there && file.starts_with("..") {
                continue;
            }
            if is_there {
                fs::create_dir_all(&left).unwrap();
                fs::write(&output, "old").unwrap();
            }
            let (exit, _, err) =
                run(&["gate", path, "--only", "lint", "--evidence", &left, "--format", "json", "-o", &output]);
            assert!(exit == Exit::Usage && err.contains("two outputs of this run would be this file"), "{file}: {err}");
            assert_eq!(fs::read_to_string(&output).ok(), is_there.then(|| "old".to_owned()), "{file}");
        }
    }
    let output = scratch.file("x");
    let refused = Cli::try_parse_from(["contentcheck", "lint", path, "--write-baseline", &output, "-o", &output]);
    let err = refused.unwrap_err().to_string();
    assert!(err.contains("cannot be used with '--output"), "{err}");
}

/// What a gate would read is no output of any other command.
#[test]
fn no_command_writes_over_what_the_gate_reads() {
    let scratch = Scratch::new("gate-inputs");
    let release = demo_without_evidence(&scratch);
    let path = release.to_str().unwrap();
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replace("[gate]", "[gate]\nprevious-evidence = \"before.json\"\nprevious-key = \"gate.pub\""),
    )
    .unwrap();
    fs::write(release.join("before.json"), "{}").unwrap();
    for file in [
        "recordings/workday.jsonl",
        "never-match/windows.jsonl",
        "before.json",
        "gate.pub",
        "../demo-11/evidence/attestation.dsse.json",
        "../demo-11/contentcheck.toml",
        "../demo-11/templates.content",
        "../demo-11/tables/vulnerable_drivers.csv",
    ] {
        let output = release.join(file);
        let (before, output) = (fs::read(&output).unwrap(), output.to_str().unwrap());
        for command in ["compile", "lint"] {
            let (exit, _, err) = run(&[command, path, "-o", output]);
            assert!(exit == Exit::Usage && err.contains("would replace an input"), "{command} {file}: {err}");
        }
        assert_eq!(fs::read(output).unwrap(), before, "{file}");
    }
    let new = release.join("recordings/release.ccimage");
    for _ in 0..2 {
        assert_eq!(run(&["compile", path, "-o", new.to_str().unwrap()]).0, Exit::Fine);
    }
}
