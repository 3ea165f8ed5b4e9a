//! The cache of compiled content: a run that finds its image there says what a run without it says, to the byte, and
//! whatever lies in the cache fails no run.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{corpus, run};
use contentcheck::exit::Exit;

const RECORDING: &str = "recordings/all.jsonl";

/// A copy of the demo release with a cache beside it.
struct Demo {
    directory: PathBuf,
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Demo {
    fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache").join(name);
        let _ = fs::remove_dir_all(&directory);
        copy(&corpus("releases/demo"), &directory.join("release"));
        let demo = Self { directory };
        let recorded = ["workday", "agent-workday"];
        let recorded = recorded.map(|name| demo.read(&format!("recordings/{name}.jsonl")));
        demo.write(RECORDING, &recorded.concat());
        demo
    }

    fn path(&self, name: &str) -> String {
        self.directory.join("release").join(name).to_str().unwrap().to_owned()
    }

    fn cache(&self) -> String {
        self.directory.join("cache").to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The entries of the cache.
    fn entries(&self) -> Vec<PathBuf> {
        let Ok(found) = fs::read_dir(self.cache()) else { return Vec::new() };
        let mut found: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
        found.retain(|path| path.extension().is_some_and(|ending| ending == "cccache"));
        found.sort();
        found
    }

    fn eval(&self, more: &[&str]) -> (Exit, Vec<u8>, String) {
        run(&[&["eval", &self.path(RECORDING), "--rules", &self.path(""), "--format", "json", "--all"], more].concat())
    }

    /// What `eval` says with a cache, which must be what it says without: twice, as the second run finds what the first
    /// one left.
    fn agrees(&self, what: &str, more: &[&str]) -> (Exit, Vec<u8>, String) {
        let cold = self.eval(&[more, &["--no-cache"]].concat());
        for time in ["first", "second"] {
            let cached = self.eval(&[more, &["--cache-dir", &self.cache()]].concat());
            assert_eq!(cached, cold, "{what}, the {time} time");
        }
        cold
    }
}

#[test]
fn a_warm_run_says_what_a_cold_one_says() {
    let demo = Demo::new("equal");
    let (events, rules, cache) = (demo.path(RECORDING), demo.path(""), demo.cache());
    let sensor = demo.path("sensors/acme-7.15.json");
    let lacking = demo.path("sensors/acme-7.13.json");
    let own = ["--rules", rules.as_str()];
    let test = ["test", rules.as_str()];
    let is_measured = |line: &&str| line.contains(" events/s, ");
    let said = |arguments: &[&str]| {
        let (exit, out, err) = run(arguments);
        (exit, out, err.lines().filter(|line| !is_measured(line)).map(str::to_owned).collect::<Vec<_>>())
    };
    let mut runs: Vec<Vec<&str>> = Vec::new();
    for format in ["human", "json", "ndjson", "csv"] {
        for more in [&[][..], &["--all"], &["--sensor", &sensor], &["--sensor", &lacking]] {
            runs.push([&["eval", &events, "--format", format], &own[..], more].concat());
        }
    }
    for format in ["human", "json"] {
        for more in [&[][..], &["--ceiling", "0"], &["--sensor", &sensor]] {
            runs.push([&["replay", &events, "--format", format], &own[..], more].concat());
        }
        runs.push([&["eval", &events, "--explain", "beacon_pipe", "--format", format], &own[..]].concat());
    }
    for format in ["human", "json", "junit"] {
        runs.push([&test[..], &["--format", format]].concat());
    }
    for arguments in runs {
        let cold = said(&[&arguments[..], &["--no-cache"]].concat());
        for _ in 0..2 {
            assert_eq!(said(&[&arguments[..], &["--cache-dir", &cache]].concat()), cold, "{arguments:?}");
        }
    }
    // One for recordings, one for sensors, whose rules may be for some of them.
    assert_eq!(demo.entries().len(), 2);
}

/// The second run takes the image of the first: otherwise nothing here would be tested.
#[test]
fn a_warm_run_takes_what_is_in_the_cache() {
    let demo = Demo::new("used");
    let cache = demo.cache();
    let cold = demo.eval(&["--cache-dir", &cache]);
    let [entry] = demo.entries().try_into().unwrap();
    // An entry of the same content by other words, with its digests made to fit.
    let bytes = fs::read(&entry).unwrap();
    let changed = reworded(&bytes, "left out", "LEFT OUT");
    assert_eq!(changed, bytes, "the demo leaves nothing out");
    demo.write("broken.content", "rule r {\n");
    let broken = demo.agrees("a rule that cannot be read", &["--skip-errors"]);
    assert!(broken.2.contains("left out: 1 of"), "{}", broken.2);
    assert_eq!(demo.entries().len(), 2);
    let other = demo.entries().into_iter().find(|path| *path != entry).unwrap();
    fs::write(&other, reworded(&fs::read(&other).unwrap(), "left out: 1 of", "LEFT OUT: 1 OF")).unwrap();
    let warm = demo.eval(&["--skip-errors", "--cache-dir", &cache]);
    assert!(warm.2.contains("LEFT OUT: 1 OF"), "{}", warm.2);
    fs::remove_file(demo.path("broken.content")).unwrap();
    assert_eq!(demo.eval(&["--cache-dir", &cache]), cold);
}

/// An entry with other words of the same length in its head, and the digest of that.
fn reworded(entry: &[u8], from: &str, to: &str) -> Vec<u8> {
    let start = entry.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let length = u64::from_le_bytes(entry[start + 32..start + 40].try_into().unwrap()) as usize;
    let head = String::from_utf8(entry[start + 40..start + 40 + length].to_vec()).unwrap().replace(from, to);
    assert_eq!(head.len(), length);
    let digest = contentcheck_parser::release::digest(head.as_bytes());
    [&entry[..start], &digest, &entry[start + 32..start + 40], head.as_bytes(), &entry[start + 40 + length..]].concat()
}

/// Whatever decides what a run says: an edit of it is seen, and so is taking it back.
#[test]
fn every_edit_of_every_input_is_seen() {
    let demo = Demo::new("edits");
    let first = demo.agrees("nothing", &[]);
    let rule = "sigma/process/certutil_download.yml";
    let replace = |file: &'static str, from: &'static str, to: &'static str| {
        move |demo: &Demo| {
            let text = demo.read(file);
            assert!(text.contains(from), "{file} has no {from}");
            demo.write(file, &text.replace(from, to));
        }
    };
    type Edit = Box<dyn Fn(&Demo)>;
    let edits: Vec<(&str, Edit)> = vec![
        ("a title", Box::new(replace(rule, "Download With the Certificate Tool", "Another title"))),
        ("a level", Box::new(replace(rule, "level: high", "level: low"))),
        ("a condition", Box::new(replace(rule, "urlcache", "urlcashe"))),
        ("a comment", Box::new(|demo| demo.write(rule, &format!("# new\n{}", demo.read(rule))))),
        ("a rule that cannot be read", Box::new(|demo| demo.write(rule, "title: [\n"))),
        (
            "a rule of a new file",
            Box::new(|demo| demo.write("sigma/new.yml", &demo.read(rule).replace("d7a7a3cc", "d7a7a3cd"))),
        ),
        (
            "a file that is called otherwise",
            Box::new(|demo| fs::rename(demo.path(rule), demo.path("sigma/a.yml")).unwrap()),
        ),
        ("a file that is gone", Box::new(|demo| fs::remove_file(demo.path(rule)).unwrap())),
        (
            "two files with each other's content",
            Box::new(|demo| {
                let other = "sigma/process/office_child.yml";
                let (one, two) = (demo.read(rule), demo.read(other));
                demo.write(rule, &two);
                demo.write(other, &one);
            }),
        ),
        ("a template type", Box::new(replace("templates.content", "event: \"named_pipe\"", "event: \"pipe\""))),
        (
            "a table",
            Box::new(|demo| {
                let rows = demo.read("tables/vulnerable_drivers.csv");
                let kept: String = rows.lines().take(2).map(|row| format!("{row}\n")).collect();
                demo.write("tables/vulnerable_drivers.csv", &kept);
            }),
        ),
        ("a table that is gone", Box::new(|demo| fs::remove_file(demo.path("tables/vulnerable_drivers.csv")).unwrap())),
        (
            "a severity",
            Box::new(|demo| {
                let config = demo.read("contentcheck.toml");
                demo.write(
                    "contentcheck.toml",
                    &format!("{config}\n[severity]\nCC0623 = \"error\"\nCC0701 = \"error\"\n"),
                );
            }),
        ),
        (
            "a code that is off in a file",
            Box::new(|demo| {
                let config = demo.read("contentcheck.toml");
                demo.write("contentcheck.toml", &format!("{config}\n[per-file-ignores]\n\"sigma/\" = [\"CC06\"]\n"));
            }),
        ),
        (
            "a configuration that is extended",
            Box::new(|demo| {
                let config = demo.read("contentcheck.toml");
                demo.write("../base.toml", "[severity]\nCC0623 = \"error\"\nCC0701 = \"error\"\n");
                demo.write("contentcheck.toml", &format!("extend = \"../base.toml\"\n{config}"));
            }),
        ),
        (
            "an exclusion",
            Box::new(replace("contentcheck.toml", "deny-warnings", "exclude = [\"sigma/process\"]\ndeny-warnings")),
        ),
        ("a release", Box::new(replace("contentcheck.toml", "sequence = 12", "sequence = 13"))),
        ("an ignore file", Box::new(|demo| demo.write(".contentcheckignore", "sigma/dns\n"))),
        ("an ignore file in a directory", Box::new(|demo| demo.write("sigma/process/.contentcheckignore", "*.yml\n"))),
        ("a fleet", Box::new(replace("contentcheck.toml", "\"fleet.json\"", "\"sensors/acme-7.13.json\""))),
        ("a manifest", Box::new(replace("sensors/acme-7.13.json", "\"process_id\"", "\"pid\""))),
        (
            "a baseline",
            Box::new(|demo| {
                let config = demo.read("contentcheck.toml");
                demo.write("contentcheck.toml", &format!("baseline = \"b.json\"\n{config}"));
                demo.write("b.json", "{\"format\": 1, \"findings\": []}");
            }),
        ),
        ("no configuration", Box::new(|demo| fs::remove_file(demo.path("contentcheck.toml")).unwrap())),
        (
            "a suppression",
            Box::new(|demo| demo.write(rule, &format!("# contentcheck: ignore CC0623 - a test\n{}", demo.read(rule)))),
        ),
    ];
    for (what, edit) in edits {
        edit(&demo);
        for more in [&[][..], &["--skip-errors"]] {
            demo.agrees(what, more);
        }
        fs::remove_dir_all(demo.path("")).unwrap();
        copy(&corpus("releases/demo"), &demo.directory.join("release"));
        let recorded = ["workday", "agent-workday"].map(|name| demo.read(&format!("recordings/{name}.jsonl")));
        demo.write(RECORDING, &recorded.concat());
        assert_eq!(demo.agrees(what, &[]), first, "{what} is taken back");
    }
}

/// An edit that keeps the length and the time of a file is an edit.
#[test]
fn times_and_lengths_do_not_count() {
    let demo = Demo::new("times");
    let table = demo.path("tables/vulnerable_drivers.csv");
    let rule = demo.path("sigma/process/certutil_download.yml");
    let before = demo.agrees("nothing", &[]);
    for (path, from, to) in [(rule, "urlcache", "urlcashe"), (table, "b705e9eb", "b705e9ec")] {
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{path}");
        fs::write(&path, text.replace(from, to)).unwrap();
        fs::File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();
        demo.agrees(&path, &[]);
    }
    assert_ne!(demo.agrees("both", &[]).1, before.1);
}

#[test]
fn options_are_not_mixed_up() {
    let demo = Demo::new("options");
    demo.write("broken.content", "rule r {\n");
    let sensor = demo.path("sensors/acme-7.15.json");
    for _ in 0..2 {
        for more in [
            &["--skip-errors"][..],
            &[],
            &["--skip-errors", "--no-config"],
            &["--skip-errors", "--exclude", "sigma/process"],
            &["--skip-errors", "--sensor", &sensor],
            &["--skip-errors", "--sensor", &sensor, "--skip-unsupplied"],
            &["--skip-errors", "--sensor", "builtin:sysmon/4.90", "--skip-unsupplied"],
            &["--skip-errors", "--sensor", "builtin:sysmon/4.90"],
        ] {
            demo.agrees(&format!("{more:?}"), more);
        }
    }
}

#[test]
fn what_does_not_belong_into_the_cache_is_replaced() {
    let demo = Demo::new("damaged");
    let cold = demo.agrees("nothing", &[]);
    let [entry] = demo.entries().try_into().unwrap();
    let sound = fs::read(&entry).unwrap();
    let at = |share: f64| (sound.len() as f64 * share) as usize;
    let mut cases: Vec<(String, Vec<u8>)> = vec![
        ("empty".to_owned(), Vec::new()),
        ("something else".to_owned(), b"not an entry".to_vec()),
        ("another format".to_owned(), [b"contentcheck cache 0\n", &sound[21..]].concat()),
        ("too long".to_owned(), [&sound[..], b"x"].concat()),
        ("another fingerprint".to_owned(), {
            let name = entry.file_stem().unwrap().to_str().unwrap();
            let other: String = name.chars().rev().collect();
            reworded(&sound, name, &other)
        }),
    ];
    for share in [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999] {
        let mut altered = sound.clone();
        altered[at(share)] ^= 0x20;
        cases.push((format!("altered at {share}"), altered));
        cases.push((format!("cut off at {share}"), sound[..at(share)].to_vec()));
    }
    for (what, bytes) in cases {
        assert_ne!(bytes, sound, "{what}");
        fs::write(&entry, bytes).unwrap();
        assert_eq!(demo.agrees(&what, &[]), cold);
        assert_eq!(fs::read(&entry).unwrap(), sound, "{what} is replaced");
    }
    // One of other content, under the name of this.
    demo.write("sigma/new.yml", &demo.read("sigma/dns/paste_sites.yml").replace("5071950e", "5071950f"));
    let more = demo.agrees("one more rule", &[]);
    let other = demo.entries().into_iter().find(|path| *path != entry).unwrap();
    fs::copy(&entry, &other).unwrap();
    assert_eq!(demo.agrees("an entry of other content", &[]), more);
    // A directory in its place cannot be replaced; the run goes on.
    fs::remove_file(&other).unwrap();
    fs::create_dir(&other).unwrap();
    let (exit, out, err) = demo.eval(&["--cache-dir", &demo.cache()]);
    assert_eq!((exit, out), (more.0, more.1));
    assert!(err.contains("nothing is cached: "), "{err}");
}

/// Where nothing can be written, nothing is kept, and nobody is told who did not ask for it.
#[test]
fn no_home_and_a_file_in_its_place_are_no_failure() {
    let demo = Demo::new("homeless");
    let file = demo.path("file");
    fs::write(&file, "x").unwrap();
    let cold = demo.eval(&["--no-cache"]);
    let eval = |variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contentcheck"));
        command.args(["eval", &demo.path(RECORDING), "--rules", &demo.path(""), "--format", "json", "--all"]);
        for name in ["HOME", "XDG_CACHE_HOME", "CONTENTCHECK_CACHE_DIR", "CONTENTCHECK_NO_CACHE"] {
            command.env_remove(name);
        }
        let done = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(done.status.code(), Some(0));
        assert_eq!(done.stdout, cold.1, "{variables:?}");
        assert_eq!(String::from_utf8(done.stderr).unwrap(), cold.2, "{variables:?}");
    };
    eval(&[]);
    eval(&[("HOME", "")]);
    eval(&[("HOME", &file)]);
    eval(&[("HOME", "relative"), ("XDG_CACHE_HOME", "relative")]);
    eval(&[("CONTENTCHECK_CACHE_DIR", &format!("{file}/below"))]);
    eval(&[("CONTENTCHECK_CACHE_DIR", "/proc/none")]);
    let home = demo.directory.join("home");
    eval(&[("HOME", home.to_str().unwrap()), ("CONTENTCHECK_NO_CACHE", "1")]);
    assert!(!home.exists());
    assert!(!Path::new("relative").exists());
    if cfg!(target_os = "linux") {
        eval(&[("HOME", home.to_str().unwrap())]);
        eval(&[("HOME", home.to_str().unwrap())]);
        let cache = home.join(".cache/contentcheck");
        assert!(cache.join("CACHEDIR.TAG").is_file() && cache.join(".gitignore").is_file());
    }
}

#[test]
fn runs_at_once_do_not_disturb_each_other() {
    let demo = Demo::new("at-once");
    let cold = demo.eval(&["--no-cache"]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..3 {
                    assert_eq!(demo.eval(&["--cache-dir", &demo.cache()]), cold);
                }
            });
        }
    });
    assert_eq!(demo.entries().len(), 1);
    let left = fs::read_dir(demo.cache()).unwrap().count();
    assert_eq!(left, 3, "an entry and two tags");
}

#[test]
fn clean_removes_what_is_the_caches_and_nothing_else() {
    let demo = Demo::new("clean");
    let cache = demo.cache();
    demo.agrees("nothing", &[]);
    let foreign = Path::new(&cache).join("notes.txt");
    fs::write(&foreign, "mine").unwrap();
    let rest = demo.entries()[0].with_file_name(format!(".{}.0123456789abcdef.tmp", "0".repeat(64)));
    fs::write(&rest, "half").unwrap();
    let (exit, out, err) = run(&["clean", "--cache-dir", &cache]);
    assert_eq!((exit, out), (Exit::Fine, Vec::new()));
    assert!(err.starts_with("removed 1 file ("), "{err}");
    let left: Vec<PathBuf> = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, std::slice::from_ref(&foreign));
    fs::remove_file(foreign).unwrap();
    demo.agrees("clean", &[]);
    assert_eq!(run(&["clean", "--cache-dir", &cache]).0, Exit::Fine);
    assert!(!Path::new(&cache).exists());
    assert_eq!(run(&["clean", "--cache-dir", &cache]).0, Exit::Fine);
    assert_eq!(run(&["clean", "--no-cache"]).0, Exit::Usage);
}

/// What ships is compiled again: nothing in a cache has an influence on it, and it leaves nothing there.
#[test]
fn compile_and_gate_know_no_cache() {
    let demo = Demo::new("compile");
    copy(&corpus("releases/demo-11"), &demo.directory.join("demo-11"));
    let (image, release, none) = (demo.path("r.ccimage"), demo.path(""), demo.directory.join("none"));
    let program = |cache: &str, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contentcheck"));
        command.args(arguments).env_remove("CONTENTCHECK_NO_CACHE").env("CONTENTCHECK_CACHE_DIR", cache);
        let done = command.output().unwrap();
        (done.status.code(), done.stdout, String::from_utf8(done.stderr).unwrap())
    };
    let both = |cache: &str| {
        let compiled = program(cache, &["compile", &release, "-o", &image]);
        // The gate prints how long each check took.
        let (exit, out, _) = program(cache, &["gate", &release, "--only", "lint,compile"]);
        (compiled, exit, String::from_utf8(out).unwrap().contains("compile"))
    };
    let cold = both(none.to_str().unwrap());
    assert_eq!((cold.0.0, cold.1, cold.2), (Some(0), Some(1), true), "a gate of two checks is incomplete");
    let compiled = fs::read(&image).unwrap();
    assert!(!none.exists());
    // An entry that says something else, as far as it can be told.
    demo.agrees("nothing", &[]);
    for entry in demo.entries() {
        fs::write(&entry, reworded(&fs::read(&entry).unwrap(), "certutil_download.yml", "CERTUTIL_DOWNLOAD.yml"))
            .unwrap();
    }
    let kept: Vec<Vec<u8>> = demo.entries().iter().map(|entry| fs::read(entry).unwrap()).collect();
    fs::remove_file(&image).unwrap();
    assert_eq!(both(&demo.cache()), cold);
    assert_eq!(fs::read(&image).unwrap(), compiled);
    assert_eq!(demo.entries().iter().map(|entry| fs::read(entry).unwrap()).collect::<Vec<_>>(), kept);
    // Which `eval` would believe: it is its own directory.
    assert!(String::from_utf8(demo.eval(&["--cache-dir", &demo.cache()]).1).unwrap().contains("CERTUTIL_DOWNLOAD.yml"));
}
