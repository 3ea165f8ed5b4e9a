//! What is in integrations/ works as far as it can be tried without the services that it is for.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory as _;
use contentcheck::args::Cli;
use saphyr_parser::Parser;

const FILES: [&str; 7] = [
    "integrations/github/action.yml",
    "integrations/github/comment.sh",
    "integrations/github/install.sh",
    "integrations/github/gate.sh",
    "integrations/gitlab/contentcheck.gitlab-ci.yml",
    ".pre-commit-hooks.yaml",
    "Dockerfile",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn yaml_files_are_yaml() {
    for name in FILES.iter().filter(|name| name.ends_with("ml")) {
        let text = read(name);
        let events = Parser::new_from_str(&text).collect::<Result<Vec<_>, _>>();
        assert!(events.unwrap().len() > 10, "{name}");
    }
}

#[test]
fn every_option_is_one_of_the_command() {
    let command = Cli::command();
    let mut count = 0;
    for name in FILES {
        for line in read(name).lines().filter(|line| !line.trim_start().starts_with('#')) {
            let Some((_, called)) = line.split_once("contentcheck ").or_else(|| line.split_once("arguments")) else {
                continue;
            };
            let words: Vec<&str> = called.split([' ', '(', ')', '=', '"']).collect();
            let subcommands = if line.contains("arguments") { vec!["gate"] } else { words.clone() };
            let Some(sub) = subcommands.iter().find_map(|word| command.find_subcommand(word)) else { continue };
            let known: BTreeSet<String> = sub
                .get_arguments()
                .filter_map(|argument| argument.get_long().map(|long| format!("--{long}")))
                .collect();
            for word in words.iter().filter(|word| word.starts_with("--")) {
                assert!(known.contains(*word), "{name}: `{}` has no {word}", sub.get_name());
                count += 1;
            }
        }
    }
    assert!(count >= 6, "only {count} options were found");
}

/// Runs the script of the action as a runner does.
fn action(release: &str) -> (Option<i32>, String, String, String) {
    let scratch =
        std::env::temp_dir().join(format!("contentcheck-action-{}-{}", std::process::id(), release.replace('/', "-")));
    fs::create_dir_all(&scratch).unwrap();
    let (summary, output) = (scratch.join("summary.md"), scratch.join("output"));
    let binary = Path::new(env!("CARGO_BIN_EXE_contentcheck"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let done = Command::new("bash")
        .arg(root().join("integrations/github/gate.sh"))
        .env("PATH", path)
        .env("RELEASE", root().join("corpus").join(release))
        .env("PREVIOUS", "")
        .env("ARGUMENTS", "--cases 64 --skip self-test")
        .env("EVIDENCE", scratch.join("evidence"))
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("GITHUB_OUTPUT", &output)
        .output()
        .unwrap();
    let texts = (fs::read_to_string(&summary).unwrap(), fs::read_to_string(&output).unwrap());
    fs::remove_dir_all(&scratch).unwrap();
    (done.status.code(), String::from_utf8(done.stdout).unwrap(), texts.0, texts.1)
}

#[test]
fn the_script_of_the_action_ends_as_the_gate_ends() {
    let (code, out, summary, output) = action("reject/CC1011-never-match");
    assert_eq!(code, Some(1));
    assert!(out.contains("::error file=") && out.contains("CC1011"), "{out}");
    assert!(
        summary.starts_with("## FAILED: 6 of 10 checks ran") && output.starts_with("evidence="),
        "{summary}\n{output}"
    );
    let (code, out, summary, _) = action("reject/CC0802-rule-removed");
    assert_eq!(code, Some(0));
    assert!(
        out.contains("::warning") && summary.starts_with("## incomplete: ") && !summary.contains("passes"),
        "{out}\n{summary}"
    );
}

#[test]
fn scripts_are_bash_and_nothing_is_pinned_to_a_branch() {
    for name in FILES.iter().filter(|name| name.ends_with(".sh")) {
        let done = Command::new("bash").arg("-n").arg(root().join(name)).output().unwrap();
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    }
    for name in FILES.iter().copied().chain(["docs/ci.md", "README.md"]) {
        let text = read(name);
        assert!(!text.contains("@main") && !text.contains("rev: main") && !text.contains(":latest"), "{name}");
    }
    // Every input of the action is read, and only through the environment.
    let action = read("integrations/github/action.yml");
    let (inputs, rest) = action.split_once("\noutputs:").unwrap();
    let names = inputs
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
        .filter(|name| !name.starts_with(' '));
    let names: Vec<&str> = names.collect();
    assert!(names.contains(&"version") && names.contains(&"sha256"), "{names:?}");
    for name in names {
        assert!(rest.contains(&format!(": ${{{{ inputs.{name} }}}}")), "{name} is read by nothing");
    }
    assert!(rest.lines().filter(|line| line.trim_start().starts_with("run:")).all(|line| !line.contains("${{")));
}

/// A directory with programs that stand for others, and what a script of the action does with them.
struct Runner {
    scratch: PathBuf,
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Runner {
    fn new(name: &str) -> Self {
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("integrations").join(name);
        let _ = fs::remove_dir_all(&scratch);
        fs::create_dir_all(scratch.join("bin")).unwrap();
        Self { scratch }
    }

    fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.scratch.join("bin").join(name);
        fs::write(&path, format!("#!/bin/bash\n{script}")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self, script: &str, variables: &[(&str, &str)]) -> Ran {
        self.run_in(Path::new("."), script, variables)
    }

    fn run_in(&self, directory: &Path, script: &str, variables: &[(&str, &str)]) -> Ran {
        let path = format!("{}:/usr/bin:/bin", self.scratch.join("bin").display());
        let done = Command::new("bash")
            .arg(root().join("integrations/github").join(script))
            .current_dir(directory)
            .env("PATH", path)
            .env("GITHUB_ACTION_PATH", root().join("integrations/github"))
            .env("RUNNER_TEMP", self.scratch.join("temp"))
            .env("GITHUB_PATH", self.scratch.join("path"))
            .env("GITHUB_OUTPUT", self.scratch.join("output"))
            .env("GITHUB_STEP_SUMMARY", self.scratch.join("summary"))
            .env("EVIDENCE", self.scratch.join("evidence"))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.scratch.join(name)).unwrap_or_default()
    }
}

/// However the gate ends, the step ends so, and where there is no finding an annotation says why.
#[cfg(target_os = "linux")]
#[test]
fn the_step_ends_as_the_gate_ends_and_says_why() {
    for (code, annotation) in [
        (0, None),
        (1, None),
        (
            2,
            Some(
                "::error title=contentcheck gate::the command line, the configuration or an input is wrong: error: 100%25 wrong",
            ),
        ),
        (3, Some("::error title=contentcheck gate::the gate is at fault: error: 100%25 wrong")),
        (137, Some("::error title=contentcheck gate::contentcheck ended with 137: error: 100%25 wrong")),
    ] {
        let runner = Runner::new(&format!("gate-{code}"));
        runner.program(
            "contentcheck",
            &format!(
                "echo \"$@\" >\"{}\"\necho 'error: 100% wrong' >&2\nexit {code}\n",
                runner.scratch.join("called").display()
            ),
        );
        fs::create_dir_all(runner.scratch.join("evidence")).unwrap();
        fs::write(runner.scratch.join("evidence/summary.md"), "## of an earlier run\n").unwrap();
        let ran = runner
            .run("gate.sh", &[("RELEASE", "a b"), ("PREVIOUS", "old"), ("ARGUMENTS", "--cases 5\n  --skip\nlint\n")]);
        assert_eq!(ran.code, Some(code), "{}{}", ran.out, ran.err);
        assert_eq!(ran.out.lines().find(|line| line.starts_with("::error")), annotation);
        assert!(ran.err.contains("100% wrong"), "what the gate says is in the log: {}", ran.err);
        let called = runner.read("called");
        assert!(
            called.starts_with("gate a b --evidence ") && called.ends_with(" --previous old --cases 5 --skip lint\n"),
            "{called}"
        );
        // Where the gate came to its end, it left the summary that lies there, or cleared it away.
        assert_eq!(runner.read("summary").is_empty(), !matches!(code, 0 | 1 | 3));
        assert!(runner.read("output").ends_with(&format!("\nexit={code}\n")), "{}", runner.read("output"));
    }
    // Without further arguments, and with a program that is not there.
    let runner = Runner::new("gate-none");
    let ran = runner.run("gate.sh", &[("RELEASE", ".")]);
    assert_eq!(ran.code, Some(127));
    assert!(ran.out.contains("::error title=contentcheck gate::contentcheck ended with 127"), "{}", ran.out);
}

/// `merge-base` is the release as it was where a pull request began, and what is wrong with it is said.
#[cfg(target_os = "linux")]
#[test]
fn the_merge_base_of_a_pull_request_is_the_previous_release() {
    let runner = Runner::new("merge-base");
    let called = runner.scratch.join("called");
    runner.program(
        "contentcheck",
        &format!("echo \"$@\" >\"{0}\"\ncat \"${{@: -1}}/rule\" >>\"{0}\"\n", called.display()),
    );
    let repository = runner.scratch.join("repository");
    let git = "git -c user.name=a -c user.email=a@b -c init.defaultBranch=main -c protocol.file.allow=always";
    let script = format!(
        "set -e; mkdir -p origin/release; cd origin; {git} init -q; echo first >release/rule; {git} add .; {git} commit -qm 1
        {git} clone -q . ../repository; cd ../repository; {git} switch -qc change; echo changed >release/rule; {git} commit -qam 2
        cd ../origin; echo later >release/rule; {git} commit -qam 3; cd ../repository; {git} fetch -q"
    );
    let done = Command::new("bash").args(["-c", &script]).current_dir(&runner.scratch).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let pull = [("RELEASE", "release"), ("PREVIOUS", "merge-base"), ("GITHUB_BASE_REF", "main")];
    // A second run on the same machine finds what the first one left.
    for _ in 0..2 {
        let ran = runner.run_in(&repository, "gate.sh", &pull);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        let called = runner.read("called");
        assert!(
            called.contains(" --change --previous ") && called.ends_with("contentcheck-previous/release\nfirst\n"),
            "{called}"
        );
        assert!(runner.read("output").contains("contentcheck-previous/release\nexit=0\n"), "{}", runner.read("output"));
    }
    for (variables, reason) in [
        ([pull[0], pull[1], ("GITHUB_BASE_REF", "")], "this run is of no pull request"),
        ([pull[0], pull[1], ("GITHUB_BASE_REF", "nothing")], "check out with fetch-depth: 0"),
        ([("RELEASE", "/release"), pull[1], pull[2]], "path is not relative"),
    ] {
        let ran = runner.run_in(&repository, "gate.sh", &variables);
        assert!(
            ran.code == Some(2) && ran.out.lines().count() == 1 && ran.out.contains(reason),
            "{}{}",
            ran.out,
            ran.err
        );
        assert!(runner.read("output").ends_with("\nexit=2\n"));
    }
}

/// A secret signs, and where there is none the gate is not given an empty key.
#[cfg(target_os = "linux")]
#[test]
fn a_secret_is_the_key_that_signs() {
    let runner = Runner::new("signing");
    let said = runner.scratch.join("said");
    runner.program("contentcheck", &format!("echo \"${{CONTENTCHECK_SIGNING_KEY-none}}\" >\"{}\"\n", said.display()));
    for (given, expected) in [("", "none\n"), ("a\nb", "a\nb\n")] {
        let ran = runner.run("gate.sh", &[("RELEASE", "."), ("SIGNING_KEY", given)]);
        assert_eq!((ran.code, runner.read("said").as_str()), (Some(0), expected), "{}", ran.err);
    }
}

/// One comment for a pull request, which a later run changes; and whatever goes wrong with it fails no gate.
#[cfg(target_os = "linux")]
#[test]
fn a_comment_says_what_a_pull_request_changes() {
    let comment = |name: &str, gh: &str, contentcheck: &str, variables: &[(&str, &str)]| {
        let runner = Runner::new(&format!("comment-{name}"));
        let scratch = runner.scratch.display();
        if !gh.is_empty() {
            // What it was told, and the body that it was given.
            let script =
                "for word in \"$@\"; do case \"$word\" in body=@*) cat \"${word#body=@}\" >\"$S/body\" ;; esac; done";
            runner.program("gh", &format!("S=\"{scratch}\"\necho \"$@\" >>\"$S/told\"\n{script}\n{gh}\n"));
        }
        runner.program("contentcheck", contentcheck);
        let always = [
            ("RELEASE", "new"),
            ("PREVIOUS", "old"),
            ("NUMBER", "7"),
            ("GITHUB_REPOSITORY", "a/b"),
            ("COMMENT", "true"),
        ];
        let ran = runner.run("comment.sh", &[&always, variables].concat());
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        (runner.read("told"), runner.read("body"), ran.out)
    };
    let diff = "echo \"### $*\"\n";
    if !Path::new("/usr/bin/gh").exists() && !Path::new("/bin/gh").exists() {
        let (told, body, out) = comment("first", "", diff, &[]);
        assert!(told.is_empty() && body.is_empty() && out.contains("gh is not installed"), "{out}");
    }
    let (told, body, out) = comment("new", "", diff, &[("COMMENT", "")]);
    assert!((told.as_str(), body.as_str(), out.as_str()) == ("", "", ""), "{out}");
    let (told, body, out) = comment("made", "exit 0", diff, &[]);
    assert!(told.contains("repos/a/b/issues/7/comments -F body=@"), "{told}");
    assert!(
        body.starts_with("<!-- contentcheck")
            && body.contains("### diff --semantic --skip-errors --format markdown old new")
            && out.is_empty()
    );
    let (told, _, _) = comment("changed", "case \"$*\" in *--jq*) echo 41 ;; esac", diff, &[]);
    assert!(told.contains("-X PATCH repos/a/b/issues/comments/41 -F body=@"), "{told}");
    let (_, _, out) = comment("refused", "case \"$*\" in *--jq*) ;; *) echo 'HTTP 403' >&2; exit 1 ;; esac", diff, &[]);
    assert!(out.starts_with("::warning") && out.contains("HTTP 403"), "{out}");
    let (told, _, out) = comment("worse", "exit 0", "echo 'error: old: not there' >&2; exit 2", &[]);
    assert!(told.is_empty() && out.contains("error: old: not there"), "{told}{out}");
    let (told, _, out) = comment("nothing", "exit 0", diff, &[("PREVIOUS", "")]);
    assert!(told.is_empty() && out.contains("merge-base"), "{told}{out}");
}

/// A job uploads what it made: the paths of its artifacts are those that its script names.
#[test]
fn artifacts_of_jobs_are_what_their_scripts_make() {
    let text = read("integrations/gitlab/contentcheck.gitlab-ci.yml");
    let made = |option: &str| {
        let (_, rest) = text.split_once(option).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    };
    let evidence = made("--evidence ");
    assert!(!evidence.contains('$'), "{evidence}: one who sets the variable would upload nothing");
    assert!(text.contains(&format!("    - {evidence}/\n")) && text.contains(&format!("junit: {evidence}/junit.xml")));
    assert!(text.contains(&format!("codequality: {}", made("--output "))));
}

/// A version is downloaded and held against its digest; nothing else is unpacked.
#[cfg(target_os = "linux")]
#[test]
fn a_version_is_downloaded_once_and_held_against_its_digest() {
    let runner = Runner::new("install");
    let archive = runner.scratch.join("archive");
    fs::create_dir_all(&archive).unwrap();
    fs::write(archive.join("contentcheck"), "#!/bin/bash\necho downloaded\n").unwrap();
    let packed = Command::new("tar")
        .arg("-czf")
        .arg(runner.scratch.join("a.tar.gz"))
        .arg("-C")
        .arg(&archive)
        .arg("contentcheck")
        .status();
    assert!(packed.unwrap().success());
    let sum = Command::new("sha256sum").arg(runner.scratch.join("a.tar.gz")).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap().split(' ').next().unwrap().to_uppercase();
    let called = runner.scratch.join("called");
    runner.program(
        "curl",
        &format!(
            "echo \"$@\" >>\"{}\"\nwhile [ $# -gt 0 ]; do [ \"$1\" = --output ] && cp \"{}\" \"$2\"; shift; done\n",
            called.display(),
            runner.scratch.join("a.tar.gz").display()
        ),
    );
    runner.program("cargo", "echo built >&2; exit 9\n");
    let good = [("VERSION", "0.1.0"), ("SHA256", sum.as_str()), ("REPOSITORY", "owner/name")];
    let ran = runner.run("install.sh", &good);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let called = runner.read("called");
    assert!(called.contains("https://github.com/owner/name/releases/download/v0.1.0/contentcheck-0.1.0-"), "{called}");
    let directory = runner.read("path");
    let done = Command::new(Path::new(directory.trim()).join("contentcheck")).output().unwrap();
    assert_eq!(done.stdout, b"downloaded\n");
    let zeros = "0".repeat(64);
    for (variables, reason) in [
        ([("VERSION", "0.1.0"), ("SHA256", zeros.as_str()), good[2]], "it was not unpacked"),
        ([("VERSION", "0.1.0"), ("SHA256", ""), good[2]], "version needs sha256"),
        ([("VERSION", "main"), good[1], good[2]], "is not a version"),
        ([("VERSION", "1.0.0/../.."), good[1], good[2]], "is not a version"),
        ([good[0], good[1], ("REPOSITORY", "a/b/../c")], "is not OWNER/NAME"),
        ([("VERSION", "x\n::error::y"), good[1], good[2]], "x%0A::error::y"),
    ] {
        let _ = fs::remove_dir_all(runner.scratch.join("temp"));
        let ran = runner.run("install.sh", &variables);
        assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
        assert!(
            ran.out.lines().count() == 1
                && ran.out.starts_with("::error title=contentcheck::")
                && ran.out.contains(reason),
            "{}",
            ran.out
        );
        let unpacked = runner.scratch.join("temp/contentcheck-0.1.0/contentcheck");
        assert!(!unpacked.exists());
    }
    // A download that fails.
    runner.program("curl", "exit 22\n");
    let ran = runner.run("install.sh", &good);
    assert!(ran.code == Some(2) && ran.out.contains("cannot be downloaded"), "{}", ran.out);
    // Without a version: what is there, else the sources.
    let ran = runner.run("install.sh", &[]);
    assert!(ran.code == Some(2) && ran.err.contains("built") && ran.out.contains("::error"), "{}{}", ran.out, ran.err);
    runner.program("contentcheck", "exit 0\n");
    let ran = runner.run("install.sh", &[]);
    assert!(
        ran.code == Some(0) && ran.out.starts_with("using ") && !ran.err.contains("built"),
        "{}{}",
        ran.out,
        ran.err
    );
}

#[test]
fn the_image_serves_commands_and_jobs_with_a_script() {
    let dockerfile = read("Dockerfile");
    let lines: Vec<&str> = dockerfile.lines().collect();
    assert!(lines.contains(&"USER 65532:65532") && lines.contains(&"CMD [\"--help\"]"), "{dockerfile}");
    assert!(dockerfile.contains("--user") && read("docs/ci.md").contains("--user"));
    assert!(read("integrations/gitlab/contentcheck.gitlab-ci.yml").contains("entrypoint: [\"\"]"));
}
