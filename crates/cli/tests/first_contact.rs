//! What a new user meets first: a scaffold that works as it says, and commands that name what there is.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use contentcheck::args::SchemaName;
use contentcheck::commands::schema::schema;
use serde_json::Value;

struct Run {
    exit: i32,
    out: String,
    err: String,
}

fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn run(directory: &Path, arguments: &[&str]) -> Run {
    let output =
        Command::new(env!("CARGO_BIN_EXE_contentcheck")).args(arguments).current_dir(directory).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { exit: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn valid(name: SchemaName, text: &str) -> Value {
    let schema = schema(name).unwrap_or_else(|failure| panic!("{}", failure.message));
    let value: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    value
}

#[test]
fn the_scaffold_does_what_its_closing_lines_say() {
    let root = scratch("init");
    let init = run(&root, &["init", "content"]);
    assert_eq!(
        (init.exit, init.out.as_str()),
        (0, "content/contentcheck.toml\ncontent/rules/first.yml\ncontent/rules/first.test.yml\n")
    );
    let commands: Vec<&str> =
        init.err.lines().filter_map(|line| line.trim_start().strip_prefix("contentcheck ")).collect();
    let [lint, test, gate] = commands[..] else { panic!("{}", init.err) };
    let words = |line: &str| -> Vec<String> {
        line.split("   ").next().unwrap().split_whitespace().map(str::to_owned).collect()
    };
    let of = |line: &str, more: &[&str]| {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
        run(&root, &words)
    };
    assert!(lint.contains("finds no error and no warning") && gate.contains("does not pass before"), "{}", init.err);
    for more in [&[][..], &["--show", "warning", "--deny-warnings", "--deep"]] {
        let lint = of(lint, more);
        assert_eq!((lint.exit, lint.out.as_str()), (0, ""), "{}", lint.err);
    }
    let test = of(test, &[]);
    assert_eq!(test.exit, 0, "{}{}", test.out, test.err);
    assert!(test.err.contains("3 passed, 0 failed, 0 skipped; 0 of 1 rule without a test"), "{}", test.err);
    let gate = of(gate, &["--cases", "64"]);
    assert_eq!(gate.exit, 1, "{}{}", gate.out, gate.err);
    assert!(gate.out.starts_with("incomplete: "), "{}", gate.out);
    assert!(!gate.out.contains("FAILED") && !gate.out.contains("error["), "{}", gate.out);
    assert!(gate.out.contains("no previous release") && gate.out.contains("recordings"), "{}", gate.out);
    let settings = fs::read_to_string(root.join("content/contentcheck.toml")).unwrap();
    for word in [
        "name = \"content\"",
        "sequence = 1",
        "require-all = true",
        "# previous =",
        "# recordings =",
        "# never-match =",
    ] {
        assert!(settings.contains(word), "{word}");
    }
    // Every line that is commented out is a setting that there is.
    let bare = settings.replace("# previous =", "previous =").replace("# recordings =", "recordings =");
    let bare = bare.replace("# never-match =", "never-match =").replace("# ceiling =", "ceiling =");
    let bare = bare.replace("# unused-selection =", "unused-selection =");
    let parsed: contentcheck_project::config::Config = toml::from_str(&bare).unwrap();
    assert_eq!((parsed.gate.recordings.len(), parsed.gate.never_match.len(), parsed.severity.len()), (1, 1, 1));
    let again = run(&root, &["init", "content"]);
    assert!(again.exit == 2 && again.err.contains("already there; nothing was written"), "{}", again.err);
    // A directory is called what people call directories.
    for name in ["a \"b\"", "x\ny"] {
        assert_eq!(run(&root, &["init", name]).exit, 0);
        assert_eq!(run(&root, &["lint", name]).exit, 0);
    }
}

#[test]
fn help_and_pages_are_where_people_look() {
    let root = scratch("help");
    let (help, option) = (run(&root, &["help", "lint"]), run(&root, &["lint", "--help"]));
    assert_eq!((help.exit, &help.out), (0, &option.out), "{}", help.err);
    let pages = run(&root, &["explain", "CC0808", "CC0802", "unknown-field"]);
    assert_eq!(pages.exit, 0, "{}", pages.err);
    let at: Vec<_> =
        ["CC0808 rule-left-out", "CC0802 rule-removed", "CC0202 unknown-field"].map(|head| pages.out.find(head)).into();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{}", pages.out);
    let one_wrong = run(&root, &["explain", "CC0808", "CC9999"]);
    assert!(one_wrong.exit == 2 && one_wrong.out.is_empty(), "{}", one_wrong.out);
}

/// What there is does not depend on the rules at hand: their errors do not stand before the answer.
#[test]
fn fields_answer_before_anything_else() {
    let root = scratch("fields_errors");
    fs::write(root.join("bad.yml"), "title: x\ndetection:\n    a: {Image: x}\n    condition: b\n").unwrap();
    let fields = run(&root, &["fields", "--template", "windows.sysmon.process_creation"]);
    assert_eq!(fields.exit, 0, "{}", fields.err);
    assert!(fields.out.contains("CommandLine") && !fields.err.contains("CC0"), "{}", fields.err);
    assert!(fields.err.contains("`contentcheck lint` shows what is wrong"), "{}", fields.err);
}

/// A table with other separators is told once, by what separates it.
#[test]
fn tables_with_other_separators_are_told() {
    let root = scratch("separators");
    let table = "table t1 @ 1 { name: string key, number: int } from \"t.csv\"\n";
    fs::write(root.join("t.content"), table).unwrap();
    for (sign, name) in [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")] {
        fs::write(root.join("t.csv"), format!("name{sign}number\na{sign}1\nb{sign}2\n")).unwrap();
        let lint = run(&root, &["lint", "--format", "short", "t.content"]);
        let errors: Vec<&str> = lint.out.lines().filter(|line| line.contains("error[")).collect();
        assert!(matches!(errors.as_slice(), [one] if one.contains(name)), "{}", lint.out);
    }
}

#[test]
fn fields_of_a_template_type_are_listed_without_rules() {
    let empty = scratch("fields");
    let fields = run(&empty, &["fields", "--template", "windows.sysmon.process_creation", "--format", "json"]);
    assert_eq!(fields.exit, 0, "{}", fields.err);
    let report = valid(SchemaName::Fields, &fields.out);
    let [template] = report["templates"].as_array().unwrap().as_slice() else { panic!("{report}") };
    let named = |name: &str| template["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).unwrap();
    assert_eq!(template["serves"], serde_json::json!(["product=windows,category=process_creation,service=sysmon"]));
    // As its published manifests have it: since the first one, and since 4.1.
    assert_eq!(named("RuleName")["supplied"], serde_json::json!([{ "sensor": "sysmon", "since": "4.1" }]));
    assert!(
        named("Image")["supplied"]
            .as_array()
            .unwrap()
            .contains(&serde_json::json!({ "sensor": "sysmon", "since": "2.0" }))
    );
    assert_eq!(named("OriginalFileName")["supplied"][0]["since"], "4.21");
    assert_eq!(named("EventID")["always"], serde_json::json!(["1"]));
    assert_eq!(
        template["fields"].as_array().unwrap().iter().filter(|field| field["position"].is_u64()).count() as u64,
        template["arity"].as_u64().unwrap()
    );
    let human = run(&empty, &["fields", "--template", "windows.sysmon.process_creation"]);
    assert!(human.out.contains("OriginalFileName") && human.out.contains("sysmon since 4.21"), "{}", human.out);
    // The fleet that is named is what counts.
    let fleet = run(
        &empty,
        &[
            "fields",
            "--template",
            "windows.sysmon.process_creation",
            "--fleet",
            "builtin:sysmon/4.0,builtin:sysmon/4.90",
            "--format",
            "json",
        ],
    );
    let report = valid(SchemaName::Fields, &fleet.out);
    let fields = report["templates"][0]["fields"].as_array().unwrap();
    let original = fields.iter().find(|field| field["name"] == "OriginalFileName").unwrap();
    assert_eq!(original["supplied"], serde_json::json!([{ "sensor": "sysmon", "since": "4.90" }]));
    let missing = run(&empty, &["fields", "--template", "windows.sysmon.process_creaton"]);
    assert_eq!(missing.exit, 2);
    assert!(missing.err.contains("did you mean `windows.sysmon.process_creation`?"), "{}", missing.err);
    let version = run(&empty, &["fields", "--template", "windows.sysmon.process_creation @ 99"]);
    assert!(version.exit == 2 && version.err.contains("its versions are 1"), "{}", version.err);
}

#[test]
fn fields_of_a_log_source_are_listed_without_rules() {
    let empty = scratch("logsource");
    for parts in ["product=windows,category=process_creation", "category: process_creation, product: windows"] {
        let fields = run(&empty, &["fields", "--logsource", parts, "--format", "json"]);
        assert_eq!(fields.exit, 0, "{}", fields.err);
        let report = valid(SchemaName::Fields, &fields.out);
        assert_eq!(report["templates"][0]["name"], "windows.sysmon.process_creation");
    }
    let many = run(&empty, &["fields", "--logsource", "product=windows,service=security"]);
    assert!(many.exit == 0 && many.out.contains("SubjectUserName"), "{}", many.out);
    let near = run(&empty, &["fields", "--logsource", "product=windows,category=process_creatoin"]);
    assert!(near.exit == 2 && near.err.contains("did you mean `process_creation`"), "{}", near.err);
    let far = run(&empty, &["fields", "--logsource", "product=xyzzy"]);
    assert!(far.exit == 2 && far.err.contains("`contentcheck fields --list` lists the log sources"), "{}", far.err);
    for wrong in ["windows", "product", "product=", "product=a,product=b", "produkt=windows", ""] {
        let wrong = run(&empty, &["fields", "--logsource", wrong]);
        assert!(wrong.exit == 2 && wrong.err.contains("is no part of a log source"), "{}", wrong.err);
    }
    let list = run(&empty, &["fields", "--list"]);
    assert!(
        list.exit == 0 && list.out.contains("\nproduct=windows,category=process_creation,service=sysmon "),
        "{}",
        list.out
    );
    let report = valid(SchemaName::Fields, &run(&empty, &["fields", "--list", "--format", "json"]).out);
    // Whatever the list names, the other two options take.
    let templates = report["templates"].as_array().unwrap();
    assert!(templates.len() > 100);
    for template in templates.iter().step_by(60) {
        let name = template["name"].as_str().unwrap();
        assert_eq!(run(&empty, &["fields", "--template", name]).exit, 0, "{name}");
        for source in template["serves"].as_array().unwrap() {
            assert_eq!(run(&empty, &["fields", "--logsource", source.as_str().unwrap()]).exit, 0, "{source}");
        }
    }
    // Without either, there must be rules to look at.
    assert_eq!(run(&empty, &["fields"]).exit, 2);
}

/// What the help of a finding says to run prints what it promises.
#[test]
fn help_sends_to_commands_that_print_what_is_needed() {
    let root = scratch("help");
    let sigma = |logsource: &str, field: &str| {
        format!("title: T\nlogsource:\n{logsource}detection:\n    s:\n        {field}: a\n    condition: s\n")
    };
    let process = "    product: windows\n    category: process_creation\n";
    let registry = "    product: windows\n    category: registry_event\n";
    for (file, text, code) in [
        ("a.yml", sigma(process, "Zzzzzzzzz"), "CC0202"),
        ("a.yml", sigma(registry, "Zzzzzzzzz"), "CC0202"),
        ("a.yml", sigma("    product: xyzzyxyzzy\n", "A"), "CC0201"),
        (
            "a.content",
            "rule r {\n    id: \"6d28c4b3-6a5c-4c41-9f1f-0d0c7a3d5a10\"\n    severity: low\n    template: windows.sysmon.process_creation @ 1\n    when Zzzzzzzzz exists\n}\n".to_owned(),
            "CC0202",
        ),
        ("a.content", "rule r {\n    id: \"6d28c4b3-6a5c-4c41-9f1f-0d0c7a3d5a10\"\n    severity: low\n    template: xyzzy.xyzzy @ 1\n    when A exists\n}\n".to_owned(), "CC0204"),
    ] {
        let directory = root.join("content");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(file), &text).unwrap();
        let lint = run(&root, &["lint", "content", "--format", "json", "--no-config"]);
        let report: Value = serde_json::from_str(&lint.out).unwrap();
        let found = report["findings"].as_array().unwrap().iter().find(|found| found["code"] == code && found["help"].is_string());
        let help = found.unwrap_or_else(|| panic!("{text}: {}", lint.out))["help"].as_str().unwrap();
        let command =
            help.split('`').find_map(|part| part.strip_prefix("contentcheck ")).unwrap_or_else(|| panic!("{help}"));
        let words: Vec<&str> = command.split(' ').collect();
        let told = run(&root, &words);
        assert!(told.exit == 0 && told.out.lines().count() > 10, "{command}: {}{}", told.out, told.err);
        if command.contains("list") {
            assert!(told.out.contains("windows.sysmon.process_creation") && told.out.contains("product=windows"));
        } else if file == "a.yml" && text.contains("registry") {
            assert!(told.out.contains("TargetObject"), "{}", told.out);
        } else {
            assert!(told.out.contains("CommandLine"), "{}", told.out);
        }
    }
}

/// A sensor that runs nothing looks as if all were well.
#[test]
fn an_image_of_which_a_sensor_loads_nothing_is_not_fine() {
    let root = scratch("verify");
    let rule = |name: &str, id: char, sensors: &str| {
        format!(
            "rule {name} {{\n    id: \"6d28c4b3-6a5c-4c41-9f1f-0d0c7a3d5a1{id}\"\n    template: windows.sysmon.process_creation @ 1\n    severity: low\n{sensors}    when Image ends_with \"a.exe\"\n}}\n"
        )
    };
    fs::write(root.join("a.content"), rule("a", '0', "    sensors: \">=99\"\n")).unwrap();
    let image = |more: &[&str]| run(&root, &[&["compile", "a.content", "--no-config", "-o", "n.img"], more].concat());
    assert_eq!(image(&[]).exit, 0);
    let verify = run(&root, &["verify", "n.img", "--sensor", "builtin:sysmon/4.90"]);
    assert_eq!(verify.exit, 1);
    assert!(verify.out.contains("loads 0 of 1 rule: it would run nothing"), "{}", verify.out);
    let refused = image(&["--sensor", "builtin:sysmon/4.90"]);
    let said = ["loads none of 1 rule\n", "left out: rule `a` is for other sensors\n", "nothing was written"];
    assert!(refused.exit == 1 && said.iter().all(|said| refused.err.contains(said)), "{}", refused.err);
    // One of several is enough to fail, and one rule is enough to pass.
    fs::write(root.join("a.content"), rule("a", '0', "    sensors: \">=99\"\n") + &rule("b", '1', "")).unwrap();
    assert_eq!(image(&[]).exit, 0);
    let verify = run(&root, &["verify", "n.img", "--sensor", "builtin:sysmon/4.90", "--sensor", "builtin:sysmon/4.0"]);
    assert_eq!(verify.exit, 0, "{}", verify.out);
    assert!(verify.out.contains("loads 1 of 2 rules\n"), "{}", verify.out);
    let verify = run(&root, &["verify", "n.img", "--sensor", "builtin:sysmon/4.90", "--sensor", "builtin:windows"]);
    assert_eq!(verify.exit, 1, "{}", verify.out);
}

/// Rules that cannot run are named, with what leaves them out and how that ends.
#[test]
fn rules_that_cannot_run_are_named_and_can_be_left_out() {
    let root = scratch("skip");
    let rule = |title: &str, id: char, condition: &str| {
        format!(
            "title: {title}\nid: 6d28c4b3-6a5c-4c41-9f1f-0d0c7a3d5a1{id}\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    s:\n        Image|endswith: '\\a.exe'\n    condition: {condition}\n"
        )
    };
    fs::create_dir_all(root.join("rules")).unwrap();
    fs::write(root.join("rules/good.yml"), rule("A good one", '0', "s")).unwrap();
    fs::write(root.join("rules/bad.yml"), rule("A bad one", '1', "s and nowhere")).unwrap();
    fs::write(
        root.join("e.jsonl"),
        "{\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Provider_Name\":\"Microsoft-Windows-Sysmon\",\"EventID\":1,\"Image\":\"C:\\\\a.exe\"}\n",
    )
    .unwrap();
    for command in ["eval", "replay", "bench"] {
        let arguments = [command, "--rules", "rules", "e.jsonl", "--no-config"];
        let refused = run(&root, &arguments);
        assert!(refused.exit == 1 && refused.out.is_empty(), "{}", refused.out);
        assert!(refused.err.contains("1 of 2 rules cannot run: `A bad one` at rules/bad.yml:1"), "{}", refused.err);
        assert!(
            refused.err.contains("leave them out with --skip-errors") && refused.err.contains("CC0203"),
            "{}",
            refused.err
        );
        let left = run(&root, &[&arguments[..], &["--skip-errors"]].concat());
        assert_eq!(left.exit, 0, "{}", left.err);
        assert!(left.err.contains("left out: 1 of 2 rules: `A bad one` at rules/bad.yml:1"), "{}", left.err);
    }
}

/// What was found comes before what is said of it, where both go to one file; and numbers agree with their nouns.
#[test]
fn one_log_has_the_findings_before_the_summary() {
    let root = scratch("log");
    fs::write(root.join("a.yml"), "title: T\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    s:\n        Image: a\n    t:\n        Image: b\n    condition: s\n").unwrap();
    for arguments in [
        &["lint", "a.yml", "--no-config"][..],
        &["lint", "a.yml", "--no-config", "--format", "short"],
        &["prove", "a.yml", "--no-config", "--rule", "T"],
        &["test", "a.yml", "--no-config", "--allow-none"],
        &["fmt", "--check", "a.yml"],
        &["fields", "a.yml", "--no-config"],
        &["compile", "a.yml", "--no-config", "-o", "i"],
        &["inspect", "i"],
        &["gate", "a.yml", "--no-config", "--only", "lint,compile"],
    ] {
        let log = fs::File::create(root.join("log")).unwrap();
        Command::new(env!("CARGO_BIN_EXE_contentcheck"))
            .args(arguments)
            .current_dir(&root)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .status()
            .unwrap();
        let text = fs::read_to_string(root.join("log")).unwrap();
        for wrong in [
            " 1 rules",
            " 1 files",
            " 1 findings",
            " 1 errors",
            " 1 warnings",
            " 1 notes",
            " 1 positions",
            "\n1 rules",
            "(1 rules",
        ] {
            assert!(!text.contains(wrong), "{arguments:?}: {text}");
        }
        if let Some(at) = text.find("checked 1 file with 1 rule: 0 errors, 1 warning, 6 notes") {
            assert!(text.find("CC0604").is_some_and(|found| found < at), "{text}");
            assert!(text.contains("; 6 findings below `warning` hidden (--show info)"), "{text}");
        } else {
            assert!(arguments.first() != Some(&"lint"), "{text}");
        }
    }
}

/// The root folder of SigmaHQ has descriptions of recorded samples among its rules: they are no content, and that is said.
#[test]
fn descriptions_of_samples_are_no_content_and_are_named() {
    let root = scratch("samples");
    let samples = root.join("regression_data/rules/a");
    fs::create_dir_all(&samples).unwrap();
    fs::write(root.join("a.yml"), "title: T\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    s:\n        Image: a\n    condition: s\n").unwrap();
    for at in 0..5 {
        let folder = samples.join(at.to_string());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("info.yml"), "id: x\nregression_tests_info:\n    - name: a\n      path: a.evtx\n")
            .unwrap();
    }
    fs::create_dir_all(root.join(".hidden")).unwrap();
    let lint = run(&root, &["lint", ".", "--no-config"]);
    assert_eq!(lint.exit, 0, "{}{}", lint.out, lint.err);
    assert!(!lint.out.contains("CC0113") && lint.err.contains("checked 1 file with 1 rule"), "{}", lint.err);
    let said = lint.err.lines().find(|line| line.starts_with("left out of the content: ")).unwrap();
    assert!(
        said.contains("a/2/info.yml and 2 more (describes recorded samples)") && said.contains(".hidden (hidden)"),
        "{said}"
    );
    // An `info.yml` that is something else is content, or a finding.
    fs::write(samples.join("info.yml"), "title: T\n").unwrap();
    assert!(run(&root, &["lint", ".", "--no-config"]).out.contains("info.yml"));
}

/// The configuration above a file that is named counts, however short the name is.
#[test]
fn the_configuration_above_a_file_counts() {
    let directory = scratch("above");
    fs::create_dir_all(directory.join("sub")).unwrap();
    fs::write(directory.join("contentcheck.toml"), "deny-warnings = true\n").unwrap();
    fs::write(directory.join("sub/a.content"), "template a.b @ 1 {\n    1 image: string\n}\n").unwrap();
    for (from, named, settings) in [
        ("", "sub/a.content", "settings: contentcheck.toml"),
        ("sub", "a.content", "/above/contentcheck.toml"),
        ("sub", ".", "/above/contentcheck.toml"),
        ("sub", "../sub", "settings: ../contentcheck.toml"),
    ] {
        let linted = run(&directory.join(from), &["lint", named]);
        assert!(
            linted.err.lines().next().is_some_and(|line| line.starts_with("settings: ")),
            "{named}: {}",
            linted.err
        );
        assert!(linted.err.lines().next().unwrap().ends_with(settings), "{named}: {}", linted.err);
    }
}

/// A rule that is named beside the directory that holds it is no second rule.
#[test]
fn a_rule_that_is_named_twice_is_one_rule() {
    let directory = scratch("twice");
    fs::create_dir_all(directory.join("rules")).unwrap();
    fs::write(directory.join("rules/a.content"), "template a.b @ 1 {\n    1 image: string\n}\n").unwrap();
    for named in [[".", "rules/a.content"], ["rules/a.content", "rules/"], ["./rules", "../twice/rules/a.content"]] {
        let linted = run(&directory, &["lint", "--no-config", named[0], named[1]]);
        assert_eq!(linted.exit, 0, "{named:?}: {}{}", linted.out, linted.err);
        assert!(linted.err.contains("checked 1 file "), "{named:?}: {}", linted.err);
    }
}

/// What cannot be done with standard input, and what waiting does not bring about, is refused at once.
#[test]
fn what_cannot_be_fixed_or_watched_is_refused() {
    let directory = scratch("refused");
    for (arguments, said) in [
        (&["lint", "-", "--fix"][..], "`-` with --fix"),
        (&["lint", "-", "--diff"], "`-` with --diff"),
        (&["lint", "-", "--watch"], "`-` with --watch"),
        (&["lint", "nowhere", "--watch"], "nowhere"),
    ] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_contentcheck")).args(arguments).current_dir(&directory).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && err.contains(said), "{arguments:?}: {err}");
    }
}

/// A run that watches sees the data of tables too.
#[test]
fn changes_of_tables_are_seen() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    use std::sync::mpsc;
    use std::time::Duration;
    let directory = scratch("watch");
    let content = "template acme.process @ 1 {\n    1 image: string nocase\n}\ntable known @ 1 { image: string key } capacity 10 from \"known.csv\"\n";
    fs::write(directory.join("a.content"), content).unwrap();
    fs::write(directory.join("known.csv"), "image\na.exe\n").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
        .args(["lint", "--watch", "--no-config"])
        .current_dir(&directory)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (said, hears) = mpsc::channel();
    let err = BufReader::new(child.stderr.take().unwrap());
    let reader = std::thread::spawn(move || err.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
    let waits = |for_line: &str| {
        let mut all = Vec::new();
        while let Ok(line) = hears.recv_timeout(Duration::from_secs(60)) {
            all.push(line.clone());
            if line.starts_with(for_line) {
                return Ok(());
            }
        }
        Err(all)
    };
    let first = waits("--- watching");
    fs::write(directory.join("known.csv"), "image\na.exe\nb.exe\n").unwrap();
    let second = waits("--- checking");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((first, second), (Ok(()), Ok(())));
    let _ = reader.join();
}

/// What a new user met in the first hour, and what is said now.
#[test]
fn slips_of_the_first_hour_are_answered() {
    let root = scratch("slips");
    let rule = |number: u32, log_source: &str, detection: &str| {
        format!(
            "title: A slip of number {number}\nid: 6d28c4b3-6a5c-4c41-9f1f-0d0c7a3d5{number:03}\nstatus: test\n\
             logsource:\n    product: windows\n    category: {log_source}\ndetection:\n    s:\n        {detection}\n    condition: s\nlevel: low\n"
        )
    };
    let said = |detection: &str, arguments: &[&str]| {
        fs::write(root.join("a.yml"), rule(1, "process_creation", detection)).unwrap();
        run(&root, arguments)
    };
    let lint = ["lint", "--no-config", "--format", "json", "--show", "info", "a.yml"];
    let found = |detection: &str| -> Vec<(String, String)> {
        let report: Value = serde_json::from_str(&said(detection, &lint).out).unwrap();
        let of = |found: &Value, key: &str| found[key].as_str().unwrap_or_default().to_owned();
        report["findings"].as_array().unwrap().iter().map(|found| (of(found, "code"), of(found, "help"))).collect()
    };
    // A log source that nothing serves: lint says what will happen, and whoever runs rules says why.
    fs::write(root.join("a.yml"), rule(1, "proces_creation", "Image: x")).unwrap();
    let lint_says = run(&root, &["lint", "--no-config", "a.yml"]);
    assert!(
        lint_says.err.contains("cannot run or ship, as `compile` and `gate` will say: CC0201 at a.yml:6"),
        "{}",
        lint_says.err
    );
    for command in [&["compile", "-o", "x"][..], &["test"], &["prove"]] {
        let done = run(&root, &[command, &["--no-config", "a.yml"]].concat());
        assert_eq!(done.exit, 1, "{command:?}");
        assert!(done.err.contains("a.yml:6:15: error[CC0201]"), "{command:?}: {}", done.err);
    }
    // `\*` in a path.
    for path in [r"C:\Win?ows\*\a.exe", r"\*\a.exe", r"\\*\*\a", r"C:\Windows\*\a.exe", r"\Users\*"] {
        let codes: Vec<String> = found(&format!("Image: '{path}'")).into_iter().map(|(code, _)| code).collect();
        assert!(codes.contains(&"CC0126".to_owned()), "{path}: {codes:?}");
    }
    for path in [r"C:\Windows\\*\a.exe", r"\\*\a.exe", r"a \* b", r"*\a.exe"] {
        let codes: Vec<String> = found(&format!("CommandLine: '{path}'")).into_iter().map(|(code, _)| code).collect();
        assert!(!codes.contains(&"CC0126".to_owned()), "{path}: {codes:?}");
    }
    // One word beside `exists`, one advice.
    for word in ["yes", "on", "No", "off"] {
        let told = found(&format!("ParentUser|exists: {word}"));
        assert!(told.iter().any(|(code, _)| code == "CC0120"), "{word}: {told:?}");
        assert!(told.iter().all(|(_, help)| !help.contains("quote it")), "{word}: {told:?}");
    }
    // Counts are of all findings, shown or not.
    said("Image: x", &lint);
    let counts = |show: &str| {
        let done = run(&root, &["lint", "--no-config", "--format", "json", "--show", show, "a.yml"]);
        serde_json::from_str::<Value>(&done.out).unwrap()["summary"].clone()
    };
    assert_eq!(counts("info"), counts("error"));
    assert!(counts("error")["infos"].as_u64().unwrap() > 0);
    // Where the image is, and rules by a part of their name.
    let compiled = run(&root, &["compile", "--no-config", "a.yml"]);
    assert!(compiled.err.contains(", in release.ccimage"), "{}", compiled.err);
    let unknown = run(&root, &["witness", "--no-config", "a.yml", "--rule", "slip"]);
    assert!(
        unknown.err.contains("did you mean `A slip of number 1`?") || unknown.err.contains("did you mean `a.yml`?"),
        "{}",
        unknown.err
    );
    // A sensor that ships, under its name.
    let shipped = run(&root, &["lint", "--no-config", "a.yml", "--fleet", "sysmon/4.90"]);
    assert_eq!(shipped.exit, 2);
    assert!(shipped.err.contains("did you mean `builtin:sysmon/4.90`?"), "{}", shipped.err);
    let layout = run(&root, &["fmt", "a.yml"]);
    assert!(layout.err.contains("no `*.content` file here"), "{}", layout.err);
    // Which template type an event is nearly one of is said by what else the event has.
    fs::write(
        root.join("own.content"),
        "template edge.dns @ 1 {\n    reads { EventID: 1, Kind: \"dns\" }\n    1 domain : string\n}\n",
    )
    .unwrap();
    fs::write(
        root.join("e.jsonl"),
        "{\"EventID\":1,\"Image\":\"C:\\\\whoami.exe\",\"User\":\"u\",\"CommandLine\":\"x\"}\n",
    )
    .unwrap();
    let near = run(&root, &["eval", "--no-config", "e.jsonl", "--rules", "."]);
    assert!(near.err.contains("`windows.sysmon.process_creation`"), "{}", near.err);
}

/// What content names lies beside it, whatever the directory is called.
#[cfg(target_os = "linux")]
#[test]
fn a_table_is_found_below_a_directory_whose_name_is_no_text() {
    use std::os::unix::ffi::OsStringExt as _;
    let root = scratch("bytes").join(std::ffi::OsString::from_vec(b"x\xffy".to_vec())).join("r");
    fs::create_dir_all(root.join("tables")).unwrap();
    fs::write(root.join("tables/bad.csv"), "domain\nbad.example\n").unwrap();
    fs::write(
        root.join("a.content"),
        "template t @ 1 {\n    1 name : string nocase\n}\ntable bad @ 1 {\n    domain : string nocase key\n} from \"tables/bad.csv\"\n\
         rule r {\n    id: \"6d28c4b3-6a5c-4c41-9f1f-0d0c7a3d5a10\"\n    severity: low\n    template: t @ 1\n    when name in bad\n}\n",
    )
    .unwrap();
    for (directory, path) in [(root.as_path(), Path::new(".")), (Path::new("/"), root.as_path())] {
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_contentcheck"))
            .args(["lint", "--no-config", "--format", "short"])
            .arg(path)
            .current_dir(directory)
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&done.stdout).into_owned();
        let err = String::from_utf8_lossy(&done.stderr);
        assert!(!out.contains("CC0514") && err.contains("with 1 rule: 0 errors"), "{out}{err}");
    }
}

/// An exclusion that leaves nothing out is probably misspelt, and what it is for ships.
#[test]
fn an_exclusion_that_leaves_nothing_out_is_told() {
    let root = scratch("idle");
    fs::create_dir_all(root.join("sigma")).unwrap();
    let rule = "title: A draft\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    s:\n        Image: x\n    condition: s\n";
    fs::write(root.join("sigma/x.draft.yml"), rule).unwrap();
    fs::write(root.join("sigma/y.yml"), rule.replace("A draft", "A rule")).unwrap();
    let told = |glob: &str, path: &str| {
        fs::write(root.join("contentcheck.toml"), format!("exclude = ['{glob}']\n")).unwrap();
        run(&root, &["lint", path]).err.contains(&format!("the exclusion `{glob}` leaves nothing out"))
    };
    for used in ["*.draft.yml", "sigma/x.draft.yml", "x.*", "!*.yml"] {
        assert!(!told(used, "."), "{used}");
    }
    for idle in ["*.drafts.yml", "*.Draft.yml", "/x.draft.yml", "./sigma/x.draft.yml", "[*.draft.yml"] {
        assert!(told(idle, "."), "{idle}");
        // Of a part nothing can be said.
        assert!(!told(idle, "sigma"), "{idle}");
    }
}

/// The same of a pattern in a file that says what a directory leaves out.
#[test]
fn a_pattern_of_an_ignore_file_that_leaves_nothing_out_is_told() {
    let root = scratch("idle-ignore");
    fs::create_dir_all(root.join("sigma")).unwrap();
    let rule = "title: A draft\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    s:\n        Image: x\n    condition: s\n";
    fs::write(root.join("sigma/x.draft.yml"), rule).unwrap();
    fs::write(root.join("sigma/y.yml"), rule.replace("A draft", "A rule")).unwrap();
    let told = |directory: &str, text: &str| {
        let path = root.join(directory).join(".contentcheckignore");
        fs::write(&path, text).unwrap();
        let err = run(&root, &["lint", "."]).err;
        fs::remove_file(path).unwrap();
        err.lines().filter(|line| line.contains("leaves nothing out")).count()
    };
    for (directory, text, idle) in [
        (".", "*.draft.yml\n", 0),
        (".", "# drafts\n\n*.draft.yml  \n!y.yml\n", 0),
        (".", "\u{feff}*.draft.yml\n", 0),
        ("sigma", "/x.*\n", 0),
        (".", "*.drafts.yml\n*.Draft.yml\nx.draft.yml\n", 2),
        ("sigma", "/sigma/x.draft.yml\n", 1),
    ] {
        assert_eq!(told(directory, text), idle, "{directory} {text:?}");
    }
}

/// Settings that lie below what is named do not count, and whoever wrote them learns it: a gate without its fleet, baseline and
/// recordings would pass more than it should.
#[test]
fn settings_below_what_is_named_are_told_of() {
    let root = scratch("settings-below");
    assert_eq!(run(&root, &["init", "demo"]).exit, 0);
    let told = "demo/contentcheck.toml does not count";
    let lint = run(&root, &["lint", "."]);
    assert!(lint.err.contains(told), "{}", lint.err);
    let gate = run(&root, &["gate", ".", "--cases", "16"]);
    assert!(
        gate.exit == 2 && gate.err.contains(told) && gate.err.contains("--no-config"),
        "{} {}",
        gate.exit,
        gate.err
    );
    let aware = [&["--no-config"][..], &["--config", "demo/contentcheck.toml"]];
    for more in aware {
        let arguments: Vec<&str> = ["gate", ".", "--cases", "16"].iter().chain(more).copied().collect();
        assert_ne!(run(&root, &arguments).exit, 2, "{more:?}");
    }
    for named in ["demo", "demo/rules", "demo/rules/first.yml"] {
        let lint = run(&root, &["lint", named]);
        assert!(!lint.err.contains("not count"), "{named}: {}", lint.err);
        assert_ne!(run(&root, &["gate", named, "--cases", "16"]).exit, 2, "{named}");
    }
    fs::create_dir_all(root.join("other")).unwrap();
    fs::copy(root.join("demo/contentcheck.toml"), root.join("other/contentcheck.toml")).unwrap();
    assert!(run(&root, &["lint", "."]).err.contains("and 1 more do not count"));
}

#[test]
fn an_exclusion_that_leaves_nothing_out_is_told_of_without_settings_too() {
    let root = scratch("exclusion");
    assert_eq!(run(&root, &["init", "demo"]).exit, 0);
    fs::remove_file(root.join("demo/contentcheck.toml")).unwrap();
    for (glob, idle) in [("nothing*", true), ("*.test.yml", false), ("demo/nothing/", true)] {
        let lint = run(&root, &["lint", ".", "--exclude", glob]);
        assert_eq!(lint.err.contains("leaves nothing out"), idle, "{glob}: {}", lint.err);
    }
}

/// A link that leads to nothing is there; what it leads to is not.
#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_named_with_what_it_leads_to() {
    let directory = scratch("dangling");
    std::os::unix::fs::symlink("gone.yml", directory.join("rule.yml")).unwrap();
    let found = run(&directory, &["lint", "rule.yml", "--no-config"]);
    assert_eq!(found.exit, 2);
    assert!(found.err.contains("a link to gone.yml, and nothing is there"), "{}", found.err);
    assert!(!found.err.contains("did you mean"), "{}", found.err);
}
