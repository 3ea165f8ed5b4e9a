//! What a gate reads: recordings, tests, settings, and the previous release. What is left out or wrong is told.

use super::*;

/// Tests in files beside Sigma rules count as the rule's own: they run, they fail the gate, and what is wrong with
/// such a file does too.
#[test]
fn tests_beside_sigma_rules_are_run() {
    let directory = std::env::temp_dir().join(format!("contentcheck-{}-beside", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let from = corpus("releases/demo/sigma/process");
    for file in ["office_child.yml", "certutil_download.yml"] {
        fs::copy(from.join(file), directory.join(file)).unwrap();
    }
    let tests = fs::read_to_string(from.join("office_child.test.yml")).unwrap();
    let gate = |text: &str| {
        fs::write(directory.join("office_child.test.yml"), text).unwrap();
        let (exit, evidence) = evidence(&directory, &["--no-config", "--only", "self-test,tests,coverage"]);
        let tests = evidence.checks.iter().find(|check| check.name == "tests").unwrap().clone();
        let said: Vec<String> = tests.findings.iter().map(|of| format!("{}: {}", of.code, of.message)).collect();
        (exit, evidence, tests, said)
    };
    let (exit, evidence, checked, said) = gate(&tests);
    assert!(exit == Exit::Fine && said.is_empty(), "{checked:?}");
    assert_eq!((checked.facts["tests"], checked.facts["rules with tests"]), (3, 1));
    let rule = evidence.rules.iter().find(|rule| rule.title == "Shell Started by an Office Program").unwrap();
    assert_eq!(rule.tests, 3);
    let coverage = evidence.checks.iter().find(|check| check.name == "coverage").unwrap();
    assert!(coverage.facts["covered by the rules' own tests"] > 0, "{coverage:?}");
    let negated = evidence.defects.iter().find(|class| class.class == "negated-against-tests").unwrap();
    assert_eq!((negated.seeded, negated.rejected), (1, 1), "{:?}", evidence.defects);

    let file = directory.join("office_child.test.yml").to_str().unwrap().to_owned();
    let wrong = tests.replace("C:\\Windows\\explorer.exe", "D:\\EXCEL.exe");
    let (exit, _, _, said) = gate(&wrong);
    let expected = format!("CC1004: test \"a shell from the desktop\" of {file}: the rule must be silent and fires");
    assert_eq!((exit, said.as_slice()), (Exit::Findings, [expected].as_slice()));
    let (exit, _, _, said) = gate("- name: a\n  expect: sometimes\n  event: {}\n");
    assert!(
        exit == Exit::Findings
            && said.len() == 1
            && said[0].contains("test 1: `sometimes` is not one of `fires`, `silent`"),
        "{said:?}"
    );
    fs::rename(directory.join("office_child.test.yml"), directory.join("other.test.yml")).unwrap();
    fs::write(directory.join("other.test.yml"), &tests).unwrap();
    let (exit, _, _, said) = gate(&tests);
    assert!(exit == Exit::Findings && said.len() == 3 && said[0].contains("there is no `"), "{said:?}");
    fs::remove_dir_all(&directory).unwrap();
}

/// What lies among the recordings and is not replayed is in the evidence, and said.
#[test]
fn recordings_that_are_left_out_are_named() {
    let scratch = Scratch::new("left-out");
    let release = demo(&scratch);
    for file in ["recordings/.old.jsonl", "recordings/notes.md", "never-match/.more/a.jsonl"] {
        let path = release.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{}\n").unwrap();
    }
    let arguments = ["gate", release.to_str().unwrap(), "--only", "replay", "--format", "json"];
    let (_, out, err) = run(&arguments);
    let evidence: Evidence = serde_json::from_str(&out).unwrap();
    let left = |reason: &str| {
        let left = evidence.files_left_out.iter().find(|left| left.reason == reason);
        left.map_or(0, |left| left.count)
    };
    assert_eq!((left("recordings: hidden"), left("recordings: not named like events")), (2, 1), "{out}");
    let said: Vec<&str> = err.lines().filter(|line| line.starts_with("not read: ")).collect();
    assert_eq!(said.len(), 2, "{err}");
}

/// Where events are recorded that are not read, the check ran in part: they may be those that a rule matches.
#[test]
fn events_under_other_names_are_missing() {
    let scratch = Scratch::new("other-names");
    let release = demo(&scratch);
    let event = fs::read_to_string(release.join("never-match/windows.jsonl")).unwrap();
    let event = event.lines().next().unwrap();
    let more = |file: &str, text: &str| {
        let path = release.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let (_, out, _) = run(&["gate", release.to_str().unwrap(), "--only", "replay", "--format", "json"]);
        let below = path.strip_prefix(&release).unwrap().components().nth(1).unwrap();
        let below = release.join(file.split('/').next().unwrap()).join(below);
        if below.is_dir() { fs::remove_dir_all(&below) } else { fs::remove_file(&below) }.unwrap();
        let evidence: Evidence = serde_json::from_str(&out).unwrap();
        let skipped = evidence.checks.iter().flat_map(|check| &check.skipped);
        let said: Vec<String> = skipped.filter(|said| said.contains("may hold events")).cloned().collect();
        assert!(said.iter().all(|said| said.contains(below.file_name().unwrap().to_str().unwrap())), "{said:?}");
        !said.is_empty()
    };
    for directory in ["never-match", "recordings"] {
        // By its name, whatever is in it.
        for name in [
            "incident.log",
            "a.jsonl.1",
            "a.JSONL.bak",
            ".a.jsonl",
            ".old/2024/a.evtx",
            "Security.xml",
            "sysmon.csv",
            "baseline.tgz",
            "a.evtx.zip",
        ] {
            assert!(more(&format!("{directory}/{name}"), ""), "{directory}/{name}");
        }
        // By what is in it.
        for name in ["incident", "events.txt", "a.json~", ".hidden", "today.2026-12-01"] {
            assert!(more(&format!("{directory}/{name}"), event), "{directory}/{name}");
        }
        #[cfg(target_os = "linux")]
        {
            let pipe = release.join(directory).join(".pipe");
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            assert!(!more(&format!("{directory}/notes.txt"), "none"), "a pipe is not waited for");
            fs::remove_file(&pipe).unwrap();
        }
        for (name, text) in [
            ("README.md", "# Recorded on a clean machine\n"),
            ("LICENSE", "MIT\n"),
            (".gitkeep", ""),
            ("notes.txt", "Recorded in December.\n"),
            (".gitattributes", "*.evtx binary\n"),
            (".cache/notes.txt", "x"),
            ("fetch.py", "import json\n"),
            ("SHA256SUMS", "0a1b  a.jsonl\n"),
        ] {
            assert!(!more(&format!("{directory}/{name}"), text), "{directory}/{name}");
        }
    }
}

/// The fleet of the command line is that of this release: sensors that the previous one was for and this one is not are
/// missed.
#[test]
fn the_fleet_of_the_previous_release_is_its_own() {
    let demo = corpus("releases/demo");
    let (_, found) = evidence(&demo, &["--only", "change", "--fleet", "builtin:sysmon/4.90"]);
    let missed = "the fleet of the previous release has sensors that this one lacks: acme 7.13";
    assert!(found.errors().any(|(_, finding)| finding.message.starts_with(missed)), "{:?}", found.checks);
}

/// What is done once a check has ended, by its name.
type Acts<'a> = Vec<(&'a str, Box<dyn FnOnce() + 'a>)>;

/// A listener that does something, each once, when a check has ended.
struct When<'a> {
    heard: String,
    acts: Acts<'a>,
}

impl std::io::Write for When<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.heard.push_str(std::str::from_utf8(bytes).unwrap());
        let ended = |line: &str, check: &str| line.split(' ').nth(1) == Some(check) && line.ends_with(" s");
        let due = |(check, _): &mut (&str, _)| self.heard.lines().any(|line| ended(line, check));
        self.acts.extract_if(.., due).for_each(|(_, act)| act());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Evidence has the digest of what was replayed: a recording that is another one while it is read ends the run, and nothing
/// is left, though it be the first one again afterwards. What changes once it was read changes nothing.
#[test]
fn a_recording_that_changes_meanwhile_ends_the_run() {
    type Change = Box<dyn Fn(&Path)>;
    let scratch = Scratch::new("swapped");
    let release = demo(&scratch);
    let (private, left, printed) = (scratch.file("gate.pem"), scratch.file("evidence"), scratch.file("printed"));
    fs::write(&private, PRIVATE).unwrap();
    let recorded = Path::new(&scratch.file("recorded.jsonl")).to_path_buf();
    let events = b"{\"EventID\": 1}\n{\"EventID\": 2}\n";
    let other = |bytes: &'static [u8]| move |path: &Path| fs::write(path, bytes).unwrap();
    let ways: [(&str, Change); 7] = [
        ("same", Box::new(other(events))),
        ("other", Box::new(other(b"{\"EventID\": 1}\n{\"EventID\": 3}\n"))),
        ("longer", Box::new(other(b"{\"EventID\": 1}\n{\"EventID\": 2}\n{\"EventID\": 3}\n"))),
        ("shorter", Box::new(other(b"{\"EventID\": 1}\n"))),
        ("empty", Box::new(other(b""))),
        ("removed", Box::new(|path| fs::remove_file(path).unwrap())),
        ("directory", Box::new(|path| (fs::remove_file(path).unwrap(), fs::create_dir(path).unwrap()).1)),
    ];
    for option in ["--recordings", "--never-match"] {
        for (check, restored) in [("lint", false), ("lint", true), ("replay", false)] {
            for (way, change) in &ways {
                let _ = fs::remove_dir(&recorded);
                fs::write(&recorded, events).unwrap();
                let named = recorded.to_str().unwrap();
                let arguments = ["gate", release.to_str().unwrap(), "--only", "lint,replay", "--evidence", &left];
                let more = ["--sign", &private, "-o", &printed, option, named];
                let cli = Cli::try_parse_from(["contentcheck"].iter().chain(&arguments).chain(&more)).unwrap();
                let mut acts: Acts<'_> = vec![(check, Box::new(|| change(&recorded)))];
                if restored {
                    let restore = || {
                        let _ = fs::remove_dir(&recorded);
                        fs::write(&recorded, events).unwrap();
                    };
                    acts.push(("replay", Box::new(restore)));
                }
                let mut err = When { heard: String::new(), acts };
                let mut out = Vec::new();
                let exit = contentcheck::run(
                    &cli,
                    &mut Streams { out: &mut out, err: &mut err, color: false, interactive: false },
                );
                let (heard, acted) = (err.heard, err.acts.is_empty());
                assert!(acted, "{option} {check} {way}: {heard}");
                if *way == "same" || check == "replay" {
                    assert_ne!(exit, Exit::Usage, "{option} {check}: {heard}");
                    assert!(Path::new(&left).join("attestation.dsse.json").is_file() && Path::new(&printed).is_file());
                    fs::remove_file(&printed).unwrap();
                    continue;
                }
                assert_eq!(exit, Exit::Usage, "{option} {check} {way}: {heard}");
                let words = format!("{named}: it changed while the gate ran");
                assert!(heard.contains(&words), "{option} {check} {way}: {heard}");
                assert!(walk(Path::new(&left)).is_empty() && !Path::new(&printed).exists(), "{option} {check} {way}");
            }
        }
    }
}

/// Settings under which the gate would be blind, or that are for one run, end with 2 and are named.
#[test]
fn settings_that_blind_the_gate_are_named() {
    let scratch = Scratch::new("settings");
    let release = demo(&scratch);
    let path = release.to_str().unwrap();
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    let said = |config_text: &str| {
        fs::write(&config, config_text).unwrap();
        let (exit, out, err) = run(&["gate", path, "--only", "lint"]);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{err}");
        err
    };
    let set = |line: &str| text.replace("[gate]", &format!("[severity]\n{line}\n\n[gate]"));
    for (line, words) in [
        ("CC0502 = \"off\"", ["`CC0502` is off", "regex-explodes"]),
        ("CC0502 = \"info\"", ["`CC0502` is info", "regex-explodes"]),
        ("CC0401 = \"off\"", ["CC0401", "contentcheck.toml"]),
        ("CC0401 = \"warning\"", ["CC0401", "contentcheck.toml"]),
        ("CC1003 = \"off\"", ["CC1003", "contentcheck.toml"]),
        ("CC0808 = \"off\"", ["CC0808", "contentcheck.toml"]),
    ] {
        let err = said(&set(line));
        assert!(words.iter().all(|word| err.contains(word)), "{line}: {err}");
    }
    for codes in ["CC0502", "CC05"] {
        let err = said(&text.replace("[gate]", &format!("[per-file-ignores]\n\"sigma/\" = [\"{codes}\"]\n\n[gate]")));
        assert!(err.contains("CC05") && err.contains("is off in `sigma/`"), "{codes}: {err}");
    }
    for key in ["allow-shrink", "allow-growth", "skip-unsupplied"] {
        let err = said(&text.replace("[gate]", &format!("[gate]\n{key} = true")));
        assert!(err.contains(&format!("--{key}")) && err.contains("for one run"), "{err}");
    }
    for itself in [".", "./", "../demo", "sigma/.."] {
        let err = said(&text.replace("../demo-11", itself));
        assert!(err.contains("this is the release itself"), "{itself}: {err}");
    }
    for (wanted, words) in [("Shell Started by an Office Programm", "did you mean"), ("ofice_child", "[gate.ceilings]")]
    {
        let err = said(&format!("{text}\n[gate.ceilings]\n\"{wanted}\" = 3\n"));
        assert!(err.contains("[gate.ceilings]") && err.contains(words), "{wanted}: {err}");
        let twice = said(&format!(
            "{text}\n[gate.ceilings]\n\"Shell Started by an Office Program\" = 0\n\"office_child.yml\" = 99\n"
        ));
        assert!(twice.contains("has two ceilings"), "{twice}");
    }
    // By id, title, in whatever case: the ceiling is that of the rule.
    for wanted in ["Shell Started by an Office Program", "shell started by an office program"] {
        fs::write(&config, format!("{text}\n[gate.ceilings]\n\"{wanted}\" = 3\n")).unwrap();
        let (_, evidence) = evidence(&release, &["--only", "lint"]);
        let rule = evidence.rules.iter().find(|rule| rule.title == "Shell Started by an Office Program").unwrap();
        assert_eq!(rule.ceiling, Some(3), "{wanted}");
    }
}

/// What the previous release leaves out is said before anything is compared, and the comparison is one in part.
#[test]
fn exclusions_of_the_previous_release_are_told() {
    for file in [".contentcheckignore", "contentcheck.toml"] {
        let scratch = Scratch::new(&format!("excluded-{}", file.trim_start_matches('.')));
        let release = demo_without_evidence(&scratch);
        let path = release.to_str().unwrap();
        let own = scratch.file(&format!("demo-11/{file}"));
        let text = fs::read_to_string(&own).unwrap_or_default();
        let more = if text.is_empty() { "sigma\n".to_owned() } else { format!("exclude = [\"sigma\"]\n{text}") };
        fs::write(&own, more).unwrap();
        fs::remove_dir_all(release.join("sigma/process")).unwrap();
        let (exit, found) = evidence(&release, &["--only", "change"]);
        assert_eq!(exit, Exit::Findings);
        let change = found.checks.iter().find(|check| check.name == "change").unwrap();
        assert!(change.skipped.iter().any(|of| of.contains("the previous release's own exclusions")), "{change:?}");
        assert!(found.files_left_out.iter().any(|of| of.reason.starts_with("previous release: ")), "{found:?}");
        let (_, _, err) = run(&["gate", path, "--only", "change"]);
        assert!(err.contains("left out of the previous release: ") && err.contains("demo-11/sigma ("), "{err}");
    }
}

/// A configuration that is no file is not taken for none: the settings of the release would go with it.
#[cfg(target_os = "linux")]
#[test]
fn a_configuration_of_another_kind_is_an_error() {
    let scratch = Scratch::new("special");
    let release = demo(&scratch);
    let path = release.to_str().unwrap();
    for of in ["demo", "demo-11"] {
        let config = scratch.file(&format!("{of}/contentcheck.toml"));
        let text = fs::read(&config).unwrap();
        for kind in ["pipe", "directory", "link", "socket"] {
            fs::remove_file(&config).unwrap();
            match kind {
                "pipe" => assert!(Command::new("mkfifo").arg(&config).status().unwrap().success()),
                "directory" => fs::create_dir(&config).unwrap(),
                "link" => std::os::unix::fs::symlink("nowhere", &config).unwrap(),
                _ => drop(std::os::unix::net::UnixListener::bind(&config).unwrap()),
            }
            for command in ["gate", "lint", "compile"] {
                if of == "demo-11" && command != "gate" {
                    continue;
                }
                let more: &[&str] = match command {
                    "gate" => &["--only", "change"],
                    "compile" => &["-o", "-"],
                    _ => &[],
                };
                let (exit, _, err) = run(&[[command, path].as_slice(), more].concat());
                assert!(exit == Exit::Usage && err.contains("contentcheck.toml"), "{of} {kind} {command}: {err}");
            }
            if kind == "directory" {
                fs::remove_dir(&config).unwrap()
            } else {
                fs::remove_file(&config).unwrap()
            }
            fs::write(&config, &text).unwrap();
        }
    }
}

/// A record whose object has a name twice says two things: it is no event, and the run says so.
#[test]
fn a_name_that_appears_twice_is_no_event() {
    let scratch = Scratch::new("twice");
    let release = demo(&scratch);
    let path = release.to_str().unwrap();
    let file = release.join("never-match/windows.jsonl");
    let whole = fs::read_to_string(&file).unwrap();
    for (from, to) in [
        ("\"EventID\": 1,", "\"EventID\": 1, \"EventID\": 99,"),
        ("\"EventID\": 1,", "\"EventID\": 1, \"Event\\u0049D\": 1,"),
        ("{", "{\"Event\": {\"System\": {\"Channel\": \"a\", \"Channel\": \"b\"}}, "),
    ] {
        let count = whole.lines().filter(|line| line.contains(from)).count();
        let text: Vec<String> = whole.lines().map(|line| line.replacen(from, to, 1)).collect();
        fs::write(&file, text.join("\n") + "\n").unwrap();
        let (exit, found) = evidence(&release, &["--only", "replay"]);
        let unread =
            found.errors().filter(|(_, of)| of.code == "CC1012" && of.message.contains("appears twice")).count();
        assert_eq!((exit, unread), (Exit::Findings, count.min(20)), "{to}");
        let (_, _, err) = run(&["replay", file.to_str().unwrap(), "--rules", path]);
        assert!(err.contains("appears twice in one object"), "{err}");
    }
}

/// What looks like a slip in a test is told by the gate as by `test`, and a file without a test is none.
#[test]
fn slips_in_tests_are_told() {
    let scratch = Scratch::new("slips");
    let release = demo(&scratch);
    let file = release.join("sigma/process/office_child.test.yml");
    let slip =
        "- name: a slip\n  expect: silent\n  event: {Imag: 'C:\\x\\cmd.exe', ParentImage: 'C:\\x\\winword.exe'}\n";
    fs::write(&file, slip).unwrap();
    let (exit, found) = evidence(&release, &["--only", "tests"]);
    let told: Vec<&str> = found.errors().map(|(_, of)| of.message.as_str()).collect();
    assert!(
        exit == Exit::Findings && told.len() == 1 && told[0].contains("has a field `Imag`; did you mean"),
        "{told:?}"
    );
    for text in ["[]", "", "[]\n", "# nothing\n[\n]\n"] {
        fs::write(&file, text).unwrap();
        let (exit, found) = evidence(&release, &["--only", "tests"]);
        let said: Vec<&str> = found.errors().map(|(_, of)| of.code.as_str()).collect();
        assert_eq!((exit, said.as_slice()), (Exit::Findings, ["CC1004"].as_slice()), "{text:?}");
    }
}

/// What is not checked, or not done, is said.
#[test]
fn what_does_not_happen_is_said() {
    let scratch = Scratch::new("unsaid");
    let release = demo(&scratch);
    let path = release.to_str().unwrap();
    let (exit, _, err) = crate::common::run(&["compile", path, "--no-config", "-o", "-"]);
    assert!(exit == Exit::Fine && err.contains("not checked: arity: no fleet was named"), "{err}");
    for more in [&["-o", "-"][..], &["--no-config", "--sensor", "builtin:sysmon/4.90", "-o", "-"]] {
        let (_, _, err) = crate::common::run(&[["compile", path].as_slice(), more].concat());
        assert!(!err.contains("not checked"), "{err}");
    }
    // A table that is read wherever it lies is not called left out of the release.
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("exclude = [\"tables\"]\n{text}")).unwrap();
    let (exit, _, err) = crate::common::run(&["compile", path, "-o", "-"]);
    assert!(exit == Exit::Fine && err.contains("left out of the content: ") && !err.contains("not part"), "{err}");
    let (_, found) = evidence(&release, &["--only", "lint"]);
    let reasons: Vec<&str> = found.files_left_out.iter().map(|of| of.reason.as_str()).collect();
    assert_eq!(reasons, ["exclude, but for the data of tables"]);
}

/// The settings name the whole release, so a part of it is told as one.
#[test]
fn a_part_of_a_release_is_no_whole_one() {
    let missing = |part: &str| {
        let (_, found) = evidence(&corpus("releases/demo").join(part), &["--only", "lint"]);
        let lint = found.checks.into_iter().find(|check| check.name == "lint").unwrap();
        lint.skipped.into_iter().any(|of| of.contains("a part of the release"))
    };
    assert!(missing("sigma") && missing("templates.content"));
    assert!(!missing("") && !missing("../demo/sigma/.."));
}
