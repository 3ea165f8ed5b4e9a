//! What belongs to a release is said by the release alone, and what is left out is named.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use contentcheck_project::walk::{Walked, walk};
use contentcheck_project::{Project, Selection, config, files};

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("contentcheck-{}-walk-{name}", std::process::id()));
        let scratch = Self(path);
        for file in ["a.yml", "b.content", "sub/c.yaml", "sub/deep/d.yml"] {
            scratch.write(&format!("release/{file}"), "");
        }
        scratch
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn walk(&self, exclude: &[&str]) -> Walked {
        let release = self.0.join("release");
        let exclude: Vec<String> = exclude.iter().map(|glob| (*glob).to_owned()).collect();
        walk(std::slice::from_ref(&release), &exclude, &release, true).unwrap()
    }

    fn short(&self, name: &str) -> String {
        let quote = if name.starts_with('"') { "\"" } else { "" };
        let below = Path::new(name.trim_start_matches('"')).strip_prefix(self.0.join("release")).unwrap();
        format!("{quote}{}", below.to_str().unwrap())
    }

    fn taken(&self, walked: &Walked) -> Vec<String> {
        walked.files.iter().map(|found| self.short(&found.name)).collect()
    }

    fn not_taken(&self, walked: &Walked) -> Vec<(String, &'static str)> {
        walked.not_taken.iter().map(|(name, by)| (self.short(name), *by)).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const ALL: [&str; 4] = ["a.yml", "b.content", "sub/c.yaml", "sub/deep/d.yml"];

/// Whatever other tools take for a list of what to pass over, in the release and above it.
#[test]
fn ignore_files_of_others_leave_nothing_out() {
    for file in [".gitignore", ".ignore", ".rgignore", ".hgignore", ".dockerignore", ".git/info/exclude"] {
        for place in ["release", "release/sub", "."] {
            for glob in ["*", "*.yml", "sub/", "/a.yml", "**/d.yml"] {
                let scratch = Scratch::new("others");
                // In a directory that git knows, its files would count.
                scratch.write("release/.git/HEAD", "ref: refs/heads/main\n");
                scratch.write(&format!("{place}/{file}"), &format!("{glob}\n"));
                let walked = scratch.walk(&[]);
                assert_eq!(scratch.taken(&walked), ALL, "{place}/{file}: {glob}");
                assert_eq!(scratch.not_taken(&walked), [], "{place}/{file}: {glob}");
            }
        }
    }
}

/// One above the release is of another one.
#[test]
fn an_ignore_file_above_the_release_leaves_nothing_out() {
    let scratch = Scratch::new("above");
    scratch.write(".contentcheckignore", "*\n");
    let walked = scratch.walk(&[]);
    assert_eq!(scratch.taken(&walked), ALL);
    assert!(walked.ignore_files.is_empty());
}

#[test]
fn what_the_release_leaves_out_is_named_with_what_did_it() {
    let scratch = Scratch::new("own");
    scratch.write("release/.contentcheckignore", "/a.yml\n");
    scratch.write("release/sub/.contentcheckignore", "deep/\n");
    scratch.write("release/.hidden.yml", "");
    scratch.write("release/sub/.secret/e.yml", "");
    let walked = scratch.walk(&["*.content"]);
    assert_eq!(scratch.taken(&walked), ["sub/c.yaml"]);
    let expected = [
        (".hidden.yml", "hidden"),
        ("a.yml", ".contentcheckignore"),
        ("b.content", "exclude"),
        ("sub/.secret", "hidden"),
        ("sub/deep", ".contentcheckignore"),
    ];
    assert_eq!(scratch.not_taken(&walked), expected.map(|(name, by)| (name.to_owned(), by)));
    assert_eq!(walked.ignore_files.len(), 2, "both are inputs of the run");
}

/// Where there is no configuration, nothing above what is named counts, wherever the run stands.
#[test]
fn without_a_configuration_ignore_files_count_from_what_is_named_down() {
    let scratch = Scratch::new("unconfigured");
    scratch.write("release/.contentcheckignore", "*.yml\n");
    let (root, sub) = (scratch.0.join("release"), scratch.0.join("release/sub"));
    let count = |is_configured| walk(std::slice::from_ref(&sub), &[], &root, is_configured).unwrap().files.len();
    assert_eq!((count(false), count(true)), (2, 1));
}

/// A `..` is followed, so what is named past it is judged by where it is.
#[test]
fn a_path_with_dots_is_judged_by_where_it_is() {
    let scratch = Scratch::new("dots");
    let release = scratch.0.join("release");
    for (named, root) in [("sub/../sub", "sub/.."), ("sub/deep/..", "."), ("sub", "sub/deep/../..")] {
        let exclude = ["/sub/deep".to_owned()];
        let walked = walk(&[release.join(named)], &exclude, &release.join(root), true).unwrap();
        assert_eq!(walked.files.len(), 1, "{named} from {root}: {:?}", walked.files);
        assert_eq!(walked.not_taken.len(), 1, "{named} from {root}");
    }
    // The configuration of the directory that the run passes through is none of the other one.
    scratch.write("release/contentcheck.toml", "");
    scratch.write("other/a.yml", "");
    let found = |path: &str| config::load(None, &scratch.0.join(path)).unwrap().path;
    assert_eq!(found("release/../other"), None);
    // What is found is named as it was asked for, where that leads to it.
    for named in ["other/../release/sub", "other/../release/a.yml"] {
        assert_eq!(found(named), Some(scratch.0.join("other/../release/contentcheck.toml")));
    }
    assert_eq!(found("release/sub/.."), Some(scratch.0.join("release/sub/../contentcheck.toml")));
    let real = fs::canonicalize(&release).unwrap();
    assert_eq!(found("release/sub/deep/.."), Some(real.join("contentcheck.toml")));
}

/// A directory that is a link belongs to the release in which it is named, and an alias of the root is the root.
#[cfg(unix)]
#[test]
fn links_are_judged_by_their_names_below_the_root() {
    use std::os::unix::fs::symlink;
    let scratch = Scratch::new("links");
    let (release, alias) = (scratch.0.join("release"), scratch.0.join("alias"));
    scratch.write("shared/e.yml", "");
    symlink(scratch.0.join("shared"), release.join("linked")).unwrap();
    symlink(&release, &alias).unwrap();
    for (named, root) in
        [(release.join("linked"), &release), (alias.join("linked"), &release), (release.join("linked"), &alias)]
    {
        let walked = walk(&[named], &["/linked/e.yml".to_owned()], root, true).unwrap();
        assert_eq!(walked.files, []);
    }
}

/// Tests are left out as rules are, and those beside a rule that was named count as the rule does.
#[test]
fn tests_that_are_left_out_do_not_run() {
    let scratch = Scratch::new("sidecars");
    let release = scratch.0.join("release");
    for file in ["a.test.yml", "sub/c.tests.yaml", ".x.test.yml"] {
        scratch.write(&format!("release/{file}"), "[]");
    }
    scratch.write("release/x.yml", "");
    let open = |paths: Vec<PathBuf>, exclude: &[&str]| {
        let exclude = exclude.iter().map(|glob| (*glob).to_owned()).collect();
        let selection = Selection { exclude, no_config: true, ..Selection::of(paths) };
        let gathered = Project::open(&selection).unwrap().gathered;
        gathered.beside.iter().map(|beside| scratch.short(&beside.file)).collect::<Vec<_>>()
    };
    assert_eq!(open(vec![release.clone()], &[]), ["a.test.yml", "sub/c.tests.yaml"]);
    assert_eq!(open(vec![release.clone()], &["a.test.yml"]), ["sub/c.tests.yaml"]);
    assert_eq!(open(vec![release.join("a.yml")], &["a.test.yml"]), ["a.test.yml"], "the rule was named");
    assert_eq!(open(vec![release.join("sub/c.yaml")], &[]), ["sub/c.tests.yaml"]);
    scratch.write("release/sub/.contentcheckignore", "*.tests.yaml\n");
    assert_eq!(open(vec![release.clone()], &[]), ["a.test.yml"]);
    let walked = scratch.walk(&["a.test.yml"]);
    let left = [(".x.test.yml", "hidden"), ("a.test.yml", "exclude"), ("sub/c.tests.yaml", ".contentcheckignore")];
    assert_eq!(scratch.not_taken(&walked), left.map(|(name, by)| (name.to_owned(), by)));
}

/// A file that is named and found too is one file.
#[test]
fn a_file_that_is_reached_twice_is_one() {
    let scratch = Scratch::new("twice");
    scratch.write("release/a.test.yml", "[]");
    let (release, file) = (scratch.0.join("release"), scratch.0.join("release/sub/.././a.yml"));
    let walked = walk(&[release.clone(), file, release.join("a.yml")], &[], &release, true).unwrap();
    assert_eq!((walked.files.len(), walked.sidecars.len()), (ALL.len(), 1), "{walked:?}");
}

/// A file that is longer than it may be is refused, and no half of it counts.
#[test]
fn half_a_file_never_counts() {
    let scratch = Scratch::new("long");
    let release = scratch.0.join("release");
    let mut text = "deny-warnings = true\n".to_owned();
    text.push_str(&"#".repeat(1 << 20));
    scratch.write("release/contentcheck.toml", &text);
    let refused = config::load(None, &release).unwrap_err();
    assert!(refused.message.ends_with("contentcheck.toml: it has more than 1048576 bytes"), "{}", refused.message);
    let path = release.join("contentcheck.toml");
    assert!(files::read_whole(&path, text.len()).is_ok() && files::read_whole(&path, text.len() - 1).is_err());
}

/// A copy beside the rule is easily taken for a part of the release.
#[test]
fn a_file_with_one_more_ending_is_named() {
    let scratch = Scratch::new("copies");
    for file in ["new.yml.bak", "sub/new.yml.txt", "sub/b.content~", "a.yaml.orig", "notes.txt", "yml.bak"] {
        scratch.write(&format!("release/{file}"), "");
    }
    let walked = scratch.walk(&[]);
    assert_eq!(scratch.taken(&walked), ALL);
    let mut named: Vec<String> = scratch.not_taken(&walked).into_iter().map(|(name, _)| name).collect();
    named.sort();
    assert_eq!(named, ["a.yaml.orig", "new.yml.bak", "sub/b.content~", "sub/new.yml.txt", "yml.bak"]);
    let as_copies = scratch.not_taken(&walked);
    assert_eq!(as_copies.iter().filter(|(_, by)| by.contains("an ending behind")).count(), 4, "{as_copies:?}");
    let excluded = scratch.not_taken(&scratch.walk(&["*.bak"]));
    assert!(excluded.iter().any(|of| *of == ("new.yml.bak".to_owned(), "exclude")), "{excluded:?}");
}

/// Tests that nobody runs look like tests that pass.
#[test]
fn a_file_that_is_named_as_tests_with_another_ending_is_named() {
    let scratch = Scratch::new("tests-of-another-ending");
    let tests = ["new.test.json", "new.TEST.md", "sub/new.tests.jsonl", "x.test.toml"];
    for file in tests.into_iter().chain(["test.json", "mytest.json", "new.testing.json"]) {
        scratch.write(&format!("release/{file}"), "");
    }
    let mut named = scratch.not_taken(&scratch.walk(&[]));
    named.sort();
    let mut expected = tests.map(|name| (name.to_owned(), "no file of tests: those end in .test.yml"));
    expected.sort();
    assert_eq!(named, expected);
}

/// Whatever is neither content nor of a known kind is named: which names look like those of content cannot be listed.
#[test]
fn a_file_that_is_neither_content_nor_of_a_known_kind_is_named() {
    const BEHIND: [&str; 20] = [
        " ", "  ", "\u{200b}", "\u{a0}", "\u{feff}", "\u{202e}", "\n", "\t", "_", "-old", ",v", "2", "!", "~1~", "#",
        "%", " (1)", "\u{301}", "\u{3000}", ";1",
    ];
    const ALIKE: [(char, &str); 9] = [
        ('y', "\u{443}"),
        ('m', "\u{43c}"),
        ('l', "I"),
        ('l', "1"),
        ('a', "\u{430}"),
        ('c', "\u{441}"),
        ('o', "0"),
        ('e', "\u{435}"),
        ('n', "\u{578}"),
    ];
    let mut odd: Vec<String> = Vec::new();
    for ending in ["yml", "yaml", "content", "YML"] {
        odd.extend(BEHIND.iter().map(|behind| format!("x.{ending}{behind}")));
        odd.extend(
            ALIKE
                .iter()
                .filter(|(letter, _)| ending.contains(*letter))
                .map(|(letter, like)| format!("x.{}", ending.replacen(*letter, like, 1))),
        );
        odd.extend([
            format!("x{ending}"),
            format!("x {ending}"),
            format!("x.{ending}x"),
            format!("x. {ending}"),
            format!("#x.{ending}#"),
        ]);
        odd.extend([format!(".x.{ending} "), format!(".{ending}\u{200b}")]);
    }
    odd.extend(["rule", "rule.sigma", "a.rules", "x.test.yml "].map(str::to_owned));
    let ordinary = [
        "README.md",
        "LICENSE",
        "LICENSE-MIT",
        "Makefile",
        ".gitignore",
        ".DS_Store",
        ".gitkeep",
        "logo.png",
        "build.sh",
        "events.jsonl.gz",
        "log.evtx",
        "names.csv",
        "contentcheck.toml",
        "fleet.json",
        "CODEOWNERS",
        "Cargo.lock",
        "gate.pub",
        "notes.TXT",
        "index.html",
        "t.py",
    ];
    let scratch = Scratch::new("odd");
    for file in odd.iter().map(String::as_str).chain(ordinary) {
        scratch.write(&format!("release/odd/{file}"), "");
    }
    let walked = scratch.walk(&[]);
    assert_eq!(scratch.taken(&walked), ALL);
    let named = scratch.not_taken(&walked);
    assert_eq!(named.len(), odd.len(), "{named:?}");
    for (name, by) in &named {
        let is_hidden = name.trim_matches('"').starts_with("odd/.");
        assert_eq!(*by, if is_hidden { "hidden" } else { "neither content nor of a known kind" }, "{name}");
    }
    // What nobody sees of a name is shown.
    let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
    for seen in ["\"odd/x.yml \"", "odd/x.yml\\u{200b}", "odd/x.yml\\n"] {
        assert!(names.contains(&seen), "{seen}: {names:?}");
    }
    // Whoever leaves one out says so, and it is named all the same.
    let excluded = scratch.not_taken(&scratch.walk(&["*.sigma"]));
    assert!(excluded.iter().any(|(name, by)| name == "odd/rule.sigma" && *by == "exclude"), "{excluded:?}");
}
