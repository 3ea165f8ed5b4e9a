//! corpus/reject, corpus/incidents and corpus/releases: what is found in them is what they say.
//! With `BLESS=1` the expectations are written, and the damaged images of corpus/reject.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{corpus, directories, name, run};
use contentcheck::exit::Exit;
use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_interpreter::format::{CHECKSUM_AT, Section};
use contentcheck_interpreter::hash::checksum;
use contentcheck_interpreter::{Event, Fault, Image, KillList, Value, Workspace};
use contentcheck_model::diagnostic::codes;
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, WithErrors};
use contentcheck_rollout::Refusal as RolloutRefusal;
use contentcheck_rollout::entry::Role;
use contentcheck_rollout::judge::TooSmall;
use contentcheck_rollout::state::Check;
use contentcheck_sensor::{Conviction, Distrust, Refusal, Rung, Sequence, Unproven, Unsafe};

/// A case whose file a repository cannot or should not hold.
struct Made {
    code: &'static str,
    reason: &'static str,
    make: fn(&Path),
}

/// A code that says something of an image or of the code around it. Its case is an image, made
/// from the release beside it and then damaged; so the cases follow the image format.
struct Damaged {
    code: &'static str,
    damage: fn(Vec<u8>) -> Vec<u8>,
}

const DAMAGED: &[Damaged] = &[
    Damaged { code: "CC0520", damage: |image| vec![0; image.len()] },
    Damaged { code: "CC0521", damage: |image| written_at(image, 8, &1_u32.to_le_bytes()) },
    Damaged { code: "CC0522", damage: |image| image.get(..image.len() / 2).unwrap().to_vec() },
    Damaged { code: "CC0523", damage: lost_bit },
    Damaged { code: "CC0524", damage: forged },
    Damaged { code: "CC0527", damage: from_the_future },
];

/// Brings a refusal about, and tells its code.
type Reported = fn() -> &'static str;

/// Where what a device answers to an offer is brought about.
const NO_OFFER: &str =
    "a device answers it, and no file of a repository: crates/sensor/tests brings each of them about";

/// Where what stops a rollout is brought about.
const NO_ROLLOUT: &str =
    "it is about a log and a fleet, and no file of a repository: crates/cli/tests/rollout/main.rs brings it about";

fn refused(refusal: RolloutRefusal) -> &'static str {
    contentcheck::commands::rollout::code_of(&refusal).id
}

/// Codes that no file can bring about, and why.
const UNREACHED: &[(&str, &str, Reported)] = &[
    (
        "CC0525",
        "the command line lends what the image asks for; code around the interpreter may not",
        too_little_memory,
    ),
    ("CC0526", "a release that reads so many inputs has megabytes", too_many_inputs),
    ("CC0528", "the command line refuses to compile no rule before there is an image", nothing),
    ("CC0901", NO_ROLLOUT, || codes::POLICY_REFUSED.id),
    ("CC0902", NO_ROLLOUT, || refused(RolloutRefusal::TooSmall(TooSmall { ring: 0, expected: 1.0, needed: 2.0 }))),
    ("CC0903", NO_ROLLOUT, || refused(RolloutRefusal::Signatures { role: Role::Plan, found: 1, needed: 2 })),
    ("CC0904", NO_ROLLOUT, || refused(RolloutRefusal::Broken(Check::Live))),
    ("CC0905", NO_ROLLOUT, || refused(RolloutRefusal::Broken(Check::Bake))),
    ("CC0906", NO_ROLLOUT, || codes::RELEASE_REJECTED.id),
    ("CC0907", NO_ROLLOUT, || refused(RolloutRefusal::Broken(Check::Witnesses))),
    ("CC0908", NO_ROLLOUT, || codes::LOG_BROKEN.id),
    ("CC1101", "the command line lays events out as the manifest says", || fault(Wrong::Template)),
    ("CC1102", "the command line lays events out as the manifest says", || fault(Wrong::Arity)),
    ("CC1103", "the command line lays events out as the manifest says", || fault(Wrong::Header)),
    ("CC1104", "the command line lends what the image asks for", || fault(Wrong::Scratch)),
    ("CC1105", "the command line switches no rule off", || fault(Wrong::Kill)),
    ("CC1106", "no image that was verified brings it about", || Fault::Corrupt { section: Section::Code }.code()),
    ("CC1110", NO_OFFER, || Refusal::Large { found: 2, most: 1 }.code()),
    ("CC1111", NO_OFFER, || Refusal::Distrusted(Distrust::Subject).code()),
    ("CC1112", NO_OFFER, || Refusal::Known(Rung::Factory).code()),
    ("CC1113", NO_OFFER, || Refusal::Quarantined(Conviction::Crashed).code()),
    ("CC1114", NO_OFFER, || Refusal::Ahead { offered: Sequence(9), most: Sequence(1) }.code()),
    ("CC1115", NO_OFFER, || Refusal::Expired { until: 1, now: 2 }.code()),
    ("CC1116", NO_OFFER, || Refusal::Digest.code()),
    ("CC1117", NO_OFFER, || Refusal::Mixed { signed: Sequence(1), found: Sequence(2) }.code()),
    ("CC1118", NO_OFFER, || Refusal::KillSwitch.code()),
    ("CC1119", NO_OFFER, || Refusal::Memory.code()),
    ("CC1120", NO_OFFER, || Refusal::Space { needed: 1, free: None }.code()),
    ("CC1121", NO_OFFER, || Refusal::ReadOnly.code()),
    ("CC1122", NO_OFFER, || Refusal::Taken.code()),
    ("CC1123", NO_OFFER, || Refusal::Unproven(Unproven::Missing).code()),
    ("CC1124", NO_OFFER, || Refusal::LogBack { offered: 1, known: 2 }.code()),
    ("CC1125", NO_OFFER, || Refusal::LogFork { size: 1 }.code()),
    ("CC1126", NO_OFFER, || Refusal::Unsafe(Unsafe::First).code()),
    ("CC1127", NO_OFFER, || Refusal::NoIdentity.code()),
    ("CC1128", NO_OFFER, || Refusal::Ring { own: 1, open: 0 }.code()),
    ("CC1129", NO_OFFER, || Refusal::Soon { found: 1, needed: 2 }.code()),
    ("CC1130", NO_OFFER, || Refusal::Stale { seen: 1, now: 2 }.code()),
    ("CC1131", NO_OFFER, || Refusal::Idle.code()),
    ("CC1132", NO_OFFER, || Refusal::Behind { needed: 1, shown: 0 }.code()),
];

const MADE: &[Made] = &[
    Made { code: "CC0101", reason: "five megabytes in every clone", make: too_large },
    Made { code: "CC0105", reason: "a pipe is no file for a repository", make: pipe },
    Made { code: "CC0106", reason: "hundreds of lines that say nothing", make: too_many },
    Made { code: "CC0107", reason: "a deep tree burdens every tool that walks the repository", make: too_deep },
];

/// Codes that nothing reports yet. Their cases wait; once one is reported, this list must shrink.
const AWAITED: &[&str] = &[];

fn written_at(mut image: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    image.get_mut(at..at + bytes.len()).unwrap().copy_from_slice(bytes);
    image
}

/// One bit of the last byte, which is a letter of a literal, is another.
fn lost_bit(image: Vec<u8>) -> Vec<u8> {
    let (at, last) = (image.len() - 1, *image.last().unwrap());
    written_at(image, at, &[last ^ 1])
}

/// A level that there is not, under a checksum that is right.
fn forged(image: Vec<u8>) -> Vec<u8> {
    let (rules, _) = Image::read(&image).unwrap().section(Section::Rules);
    let image = written_at(image, rules as usize + 48, &[9]);
    let sum = checksum(&image);
    written_at(image, CHECKSUM_AT, &sum.to_le_bytes())
}

/// A feature that no interpreter of today knows.
fn from_the_future(image: Vec<u8>) -> Vec<u8> {
    let image = written_at(image, 32 + 7, &[0x80]);
    let sum = checksum(&image);
    written_at(image, CHECKSUM_AT, &sum.to_le_bytes())
}

/// The image of the release in a directory.
fn compiled(directory: &Path) -> Vec<u8> {
    let path = directory.to_str().unwrap();
    let (exit, out, err) = run(&["compile", path, "--no-config", "-o", "-"]);
    assert_eq!(exit, Exit::Fine, "{path}: {err}");
    out
}

/// What `contentcheck verify` says of an image.
fn verify(image: &Path) -> (Exit, String) {
    let (exit, out, _) = run(&["verify", image.to_str().unwrap()]);
    (exit, String::from_utf8(out).unwrap().replace(&format!("{}/", image.parent().unwrap().display()), ""))
}

fn too_little_memory() -> &'static str {
    let bytes = compiled(&corpus("releases/demo"));
    let image = Image::read(&bytes).unwrap();
    let supplied = Supplied::of_recorder(&image, "any", "0");
    let supplies = supplied.supplies();
    let mut active = vec![0; image.active_words()];
    let mut bindings = vec![0; image.binding_slots() - 1];
    let workspace = Workspace { bindings: &mut bindings, active: &mut active };
    image.verify(&supplied.manifest(&supplies), workspace).unwrap_err().code()
}

/// Content that has no rule.
fn nothing() -> &'static str {
    let judged = Gathered::of(Vec::new()).check(&Checking::default()).judge();
    let content = judged.ship(WithErrors::Refuse).unwrap();
    contentcheck_compiler::compile(&content, contentcheck_compiler::Options::default()).unwrap_err().code()
}

/// What the code around the interpreter gets wrong.
#[derive(PartialEq)]
enum Wrong {
    Template,
    Arity,
    Header,
    Scratch,
    Kill,
}

/// Evaluates an event with something wrong, and tells the code of the fault.
fn fault(wrong: Wrong) -> &'static str {
    let bytes = compiled(&corpus("releases/demo"));
    let image = Image::read(&bytes).unwrap();
    let supplied = Supplied::of_recorder(&image, "any", "0");
    let supplies = supplied.supplies();
    let manifest = supplied.manifest(&supplies);
    let mut memory = Memory::of(&image);
    let verified = image.verify(&manifest, memory.workspace()).unwrap();
    let template = image.template(0).unwrap();
    let name = image.name(template.name, template.name_len);
    let inputs = supplied.templates().iter().find(|(of, _)| *of == name).unwrap().1.len();
    let values = vec![Value::Absent; inputs + usize::from(wrong == Wrong::Arity)];
    let header = vec![Value::Absent; manifest.header.len() + usize::from(wrong == Wrong::Header)];
    let event = Event { inputs: &values, header: &header, others: &[] };
    let number = if wrong == Wrong::Template { image.template_count() } else { 0 };
    let bound = match verified.bind(number, event) {
        Ok(bound) => bound,
        Err(fault) => return fault.code(),
    };
    let mut scratch = vec![0; verified.scratch_words() - usize::from(wrong == Wrong::Scratch)];
    // The list is of another image, which has other bytes.
    let other = compiled(&corpus("releases/demo-11"));
    let other = Image::read(&other).unwrap();
    let supplied = Supplied::of_recorder(&other, "any", "0");
    let supplies = supplied.supplies();
    let mut memory = Memory::of(&other);
    let other = other.verify(&supplied.manifest(&supplies), memory.workspace()).unwrap();
    let mut words = vec![0; other.kill_words()];
    let kill = other.kill_all(&mut words).unwrap();
    let kill = if wrong == Wrong::Kill { kill } else { KillList::NONE };
    let done = bound.evaluate(&kill, &mut scratch, u64::MAX, |_| std::ops::ControlFlow::Continue(()));
    done.unwrap_err().code()
}

/// Rules on an open template type, which has as many inputs as rules name.
fn too_many_inputs() -> &'static str {
    let mut sources = Vec::new();
    for file in 0..70 {
        let mut text = format!(
            "title: Names of file {file}\nlogsource:\n    product: windows\n    service: system\ndetection:\n    selection:\n"
        );
        for field in 0..500 {
            let _ = writeln!(text, "        Name{file}x{field}: a");
        }
        text.push_str("    condition: selection\n");
        sources.push((Source::new(format!("{file}.yml"), text), Language::Sigma));
    }
    let files = sources.len();
    let gathered = Gathered { library: contentcheck_library::templates().unwrap(), ..Gathered::of(sources) };
    let judged = gathered.check(&Checking::with_threads(1)).judge();
    let content = judged.ship(WithErrors::Refuse).unwrap();
    assert_eq!(content.rules().len(), files, "{:?}", judged.findings());
    contentcheck_compiler::compile(&content, contentcheck_compiler::Options::default()).unwrap_err().code()
}

fn too_large(directory: &Path) {
    fs::write(directory.join("rule.yml"), "# a comment that a generator repeated\n".repeat(140_000)).unwrap();
}

fn pipe(directory: &Path) {
    let made = std::process::Command::new("mkfifo").arg(directory.join("rule.yml")).status().unwrap();
    assert!(made.success());
}

fn too_many(directory: &Path) {
    let mut text = String::new();
    for number in 0..300 {
        let _ = writeln!(text, "rule r{number} {{ when = }}");
    }
    fs::write(directory.join("rule.content"), text).unwrap();
}

fn too_deep(directory: &Path) {
    let mut deep = directory.to_path_buf();
    for _ in 0..80 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    fs::write(directory.join("fine.content"), "list tools = [r\"\\certutil.exe\"]\n").unwrap();
    fs::write(deep.join("rule.yml"), "title: Never reached\n").unwrap();
}

fn bless() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// What `contentcheck lint` finds in a directory: the short format with help, or what it says
/// where it refuses to start. Names are relative to the directory.
fn lint(directory: &Path, more: &[&str]) -> (Exit, String) {
    let path = directory.to_str().unwrap();
    let mut arguments = vec!["lint", path, "--format", "short", "--show", "info", "--threads", "1"];
    let fleet = directory.join("fleet.json");
    if fleet.exists() {
        arguments.extend(["--fleet", fleet.to_str().unwrap()]);
    }
    if !directory.join("contentcheck.toml").exists() {
        arguments.push("--no-config");
    }
    arguments.extend(more);
    let (exit, out, err) = run(&arguments);
    let mut text = String::from_utf8(out).unwrap();
    if exit > Exit::Findings {
        text.push_str(&err);
    }
    (exit, text.replace(&format!("{path}/"), "").replace(path, "."))
}

/// The codes of the findings, in order.
fn found(text: &str) -> Vec<String> {
    let code = |line: &str| {
        let (_, rest) = line.split_once("[CC").filter(|(before, _)| !before.starts_with("  "))?;
        Some(format!("CC{}", rest.get(..4)?))
    };
    text.lines().filter_map(code).collect()
}

/// The file of the first finding with the code.
fn file_of(text: &str, code: &str) -> Option<String> {
    let line = text.lines().find(|line| line.contains(&format!("[{code}]")))?;
    Some(line.strip_prefix("error: ").unwrap_or(line).split(':').next()?.to_owned())
}

fn compare(problems: &mut Vec<String>, file: &Path, made: &str) {
    if bless() {
        fs::write(file, made).unwrap();
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected != made {
        problems.push(format!("{}: expected\n{expected}\nbut found\n{made}", file.display()));
    }
}

#[test]
fn every_code_has_a_case_that_triggers_it() {
    let mut problems = Vec::new();
    // Those of the gate are in tests/gate.rs.
    let is_of_the_gate = |code: &str| code.starts_with("CC08") || code.starts_with("CC10");
    let mut missing: BTreeSet<&str> = codes::all().map(|code| code.id).filter(|code| !is_of_the_gate(code)).collect();
    let mut examples = BTreeMap::new();
    for directory in directories(&corpus("reject")) {
        let folder = name(&directory);
        let Some(code) = codes::all().find(|code| folder == format!("{}-{}", code.id, code.name)) else {
            problems.push(format!("{folder} is not the code and name of a diagnostic"));
            continue;
        };
        if is_of_the_gate(code.id) {
            continue;
        }
        missing.remove(code.id);
        if let Some(Damaged { damage, .. }) = DAMAGED.iter().find(|damaged| damaged.code == code.id) {
            let (file, made) = (directory.join("release.ccimage"), damage(compiled(&directory)));
            if bless() {
                fs::write(&file, &made).unwrap();
            }
            if fs::read(&file).unwrap_or_default() != made {
                problems.push(format!("{folder}/release.ccimage is not what is made now; run this test with BLESS=1"));
            }
            let (exit, text) = verify(&file);
            if exit != Exit::Findings || !text.contains(&format!(": rejected: {}: ", code.id)) {
                problems.push(format!("{folder} does not trigger {}, but {exit:?}\n{text}", code.id));
            }
            compare(&mut problems, &directory.join("expected.txt"), &text);
            continue;
        }
        let (_, text) = lint(&directory, &["--deep"]);
        let triggers = found(&text).iter().any(|found| found == code.id);
        if triggers == AWAITED.contains(&code.id) {
            let verb = if triggers { "now triggers" } else { "does not trigger" };
            problems.push(format!("{folder} {verb} {}, but\n{text}", code.id));
        }
        compare(&mut problems, &directory.join("expected.txt"), &text);
        // What is not UTF-8 or holds control characters would mislead as an example.
        let shown = file_of(&text, code.id).filter(|file| {
            fs::read_to_string(directory.join(file)).is_ok_and(|text| !text.trim().is_empty() && !text.contains('\0'))
        });
        if let Some(file) = shown {
            examples.insert(code.id, (folder, file));
        }
    }
    for Made { code, reason, make } in MADE {
        assert!(reason.len() > 10 && missing.remove(code), "{code} is made here and has a folder");
        let directory = std::env::temp_dir().join(format!("contentcheck-{}-{code}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        make(&directory);
        let (exit, text) = lint(&directory, &[]);
        fs::remove_dir_all(&directory).unwrap();
        if exit != Exit::Findings || !found(&text).iter().any(|found| found == code) {
            problems.push(format!("the file made for {code} does not trigger it, but\n{text}"));
        }
    }
    for (code, reason, made) in UNREACHED {
        assert!(reason.len() > 10 && missing.remove(code), "{code} is made here and has a folder");
        assert_eq!(made(), *code);
    }
    problems.extend(missing.iter().map(|code| format!("{code} has no case")));
    let made: String = examples.iter().fold(String::new(), |mut all, (code, (folder, file))| {
        let _ = writeln!(all, "    \"{code}\" \"{folder}\" \"{file}\"");
        all
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/explain/examples.rs");
    let source = fs::read_to_string(&path).unwrap();
    let at = source.rfind("examples! {").unwrap() + "examples! {".len();
    compare(&mut problems, &path, &format!("{}\n{made}}};\n", source.get(..at).unwrap()));
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

/// Codes and files of the findings, each pair once with its number, sorted.
fn counted(text: &str) -> String {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with("  ")) {
        let (before, rest) = line.split_once("[CC").unwrap();
        let file = before.split(':').next().unwrap().to_owned();
        *counts.entry((format!("CC{}", rest.get(..4).unwrap()), file)).or_default() += 1;
    }
    counts.iter().fold(String::new(), |mut all, ((code, file), count)| {
        let _ = writeln!(all, "{code} {file} {count}");
        all
    })
}

#[test]
fn every_incident_is_rejected_by_the_codes_that_its_page_names() {
    let mut problems = Vec::new();
    let table = fs::read_to_string(corpus("../docs/incidents.md")).unwrap();
    for directory in directories(&corpus("incidents")) {
        let folder = name(&directory);
        // Those that lint cannot see are in tests/incidents.rs, with all the others.
        if !directory.join("expected.txt").exists() {
            continue;
        }
        let (exit, text) = lint(&directory, &[]);
        if exit != Exit::Findings {
            problems.push(format!("{folder} is not rejected, but {exit:?}\n{text}"));
        }
        compare(&mut problems, &directory.join("expected.txt"), &counted(&text));
        let page = fs::read_to_string(directory.join("README.md")).unwrap();
        let row = table.lines().find(|line| line.contains(&format!("(../corpus/incidents/{folder}/"))).unwrap_or("");
        let triggered: BTreeSet<String> = found(&text).into_iter().collect();
        for (place, text) in [("its README.md", page.as_str()), ("docs/incidents.md", row)] {
            let named: BTreeSet<String> =
                codes::all().map(|code| code.id.to_owned()).filter(|id| text.contains(id.as_str())).collect();
            if named != triggered {
                problems.push(format!("{folder}: {place} names {named:?}, found are {triggered:?}"));
            }
        }
        if !page.contains("Source: ") || !page.contains("https://") && !page.contains("crates/library/") {
            problems.push(format!("{folder}: README.md names no source"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn the_demo_release_is_clean() {
    let (exit, text) = lint(&corpus("releases/demo"), &["--deny-warnings", "--deep"]);
    assert_eq!((exit, text.as_str()), (Exit::Fine, ""));
}

#[test]
fn fixes_take_the_finding_away() {
    let mut problems = Vec::new();
    for directory in directories(&corpus("reject")) {
        let folder = name(&directory);
        let code = folder.get(..6).and_then(codes::find).unwrap();
        if !code.fixable {
            continue;
        }
        let copy = std::env::temp_dir().join(format!("contentcheck-{}-fix-{folder}", std::process::id()));
        fs::create_dir_all(&copy).unwrap();
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
            }
        }
        let (_, before) = lint(&copy, &[]);
        let (_, after) = lint(&copy, &["--fix"]);
        fs::remove_dir_all(&copy).unwrap();
        let count = |text: &str| found(text).iter().filter(|found| *found == code.id).count();
        if count(&after) > 0 {
            problems.push(format!("{folder}: {} then {}\n{after}", count(&before), count(&after)));
        }
        let worse = found(&after).into_iter().filter(|found| !before.contains(found.as_str())).collect::<Vec<_>>();
        if !worse.is_empty() {
            problems.push(format!("{folder}: after the fix {worse:?}\n{after}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

/// After the fixes everything is looked at again: the rules that are there now, and with what a baseline accepts.
#[test]
fn what_is_said_after_a_fix_is_true_of_the_fixed_files() {
    let directory = std::env::temp_dir().join(format!("contentcheck-{}-fixed", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let copy = |from: &str, to: &str| fs::copy(corpus("reject").join(from), directory.join(to)).unwrap();
    let (path, baseline) = (directory.to_str().unwrap(), directory.join("baseline.json"));
    let baseline = baseline.to_str().unwrap();
    copy("CC0203-unknown-selection/rule.yml", "accepted.yml");
    let (exit, _, _) = crate::common::run(&["lint", path, "--no-config", "--write-baseline", baseline]);
    assert_eq!(exit, Exit::Fine);
    copy("CC0136-single-quotes/rule.content", "fixed.content");
    let lint = |more: &[&str]| {
        let (exit, out, err) = crate::common::run(
            &[&["lint", path, "--no-config", "--baseline", baseline, "--format", "short"], more].concat(),
        );
        (exit, String::from_utf8(out).unwrap(), err)
    };
    let (exit, out, err) = lint(&[]);
    assert!(exit == Exit::Findings && found(&out) == ["CC0136"] && err.contains("with 0 rules"), "{out}{err}");
    assert!(err.contains("cannot run or ship, as `compile` and `gate` will say: CC0808 at "), "{err}");
    let (exit, out, err) = lint(&["--fix"]);
    assert!(exit == Exit::Fine && !out.contains("CC0203") && err.contains("with 1 rule:"), "{out}{err}");
    assert!(err.contains("cannot run or ship, as `compile` and `gate` will say: CC0808 at "), "{err}");
    fs::remove_dir_all(&directory).unwrap();
}

/// What is accepted of one rule is accepted of no other one in the same file, whichever check found it.
#[test]
fn a_baseline_accepts_the_findings_of_their_own_rules_alone() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("baseline-of-rules");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    let native = |one: &str, other: &str| {
        let rule = |name: &str, digit: char, when: &str| {
            format!(
                "rule {name} {{\n    id: \"6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f6{digit}\"\n    template: t.process @ 1\n    severity: low\n    when {when}\n}}\n"
            )
        };
        let template = "template t.process @ 1 {\n    1 image: string nocase\n}\n";
        format!("{template}{}{}", rule("one", '1', one), rule("other", '2', other))
    };
    let sigma = |one: &str, other: &str| {
        let rule = |digit: char, more: &str| {
            format!(
                "title: Rule {digit}\nid: 7f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f6{digit}\nstatus: test\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    s:\n        Image|endswith: '\\\\a{digit}.exe'\n{more}    condition: s\nlevel: low\n"
            )
        };
        format!("{}---\n{}", rule('1', one), rule('2', other))
    };
    let unused = "    forgotten:\n        Image|endswith: '\\x.exe'\n";
    let cases = [
        (
            "CC0607",
            "a.content",
            native("image like \"*\"", "image like \"x\""),
            native("image like \"x\"", "image like \"*\""),
        ),
        ("CC0604", "a.yml", sigma(unused, ""), sigma("", unused)),
    ];
    for (code, name, before, after) in cases {
        let file = directory.join(name);
        let baseline = directory.join(format!("{code}.json"));
        let lint = |more: &[&str]| {
            let format: &[&str] = if more.first() == Some(&"--write-baseline") { &[] } else { &["--format", "short"] };
            let arguments = [&["lint", file.to_str().unwrap(), "--no-config"], format].concat();
            let (_, out, err) = crate::common::run(&[&arguments[..], more].concat());
            (String::from_utf8(out).unwrap(), err)
        };
        fs::write(&file, &before).unwrap();
        let (out, err) = lint(&[]);
        assert!(out.contains(code), "{code} is not found: {out}{err}");
        let baseline = baseline.to_str().unwrap();
        lint(&["--write-baseline", baseline]);
        let (out, err) = lint(&["--baseline", baseline]);
        assert!(!out.contains(code), "{out}{err}");
        // Lines that move lose nothing.
        fs::write(&file, format!("# a comment\n\n{before}")).unwrap();
        let (out, err) = lint(&["--baseline", baseline]);
        assert!(!out.contains(code), "{out}{err}");
        fs::write(&file, &after).unwrap();
        let (out, err) = lint(&["--baseline", baseline]);
        assert!(out.contains(code) && err.contains("no longer there"), "{code}: {out}{err}");
    }
}

/// What is still there is not called gone: in files that a run leaves out, by whatever does that, and where something else accepts it too.
#[test]
fn what_something_else_leaves_out_or_accepts_is_not_gone() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("baseline-beside-others");
    let _ = fs::remove_dir_all(&directory);
    let rule = directory.join("rules/kept/rule.yml");
    fs::create_dir_all(rule.parent().unwrap()).unwrap();
    fs::create_dir_all(directory.join("rules/other")).unwrap();
    let text = fs::read_to_string(corpus("reject").join("CC0605-duplicate-predicate/rule.yml")).unwrap();
    fs::write(&rule, &text).unwrap();
    let other = text.replace("2589b852", "3589b852").replace("pasted twice", "pasted here").replace("certutil", "curl");
    fs::write(directory.join("rules/other/rule.yml"), other).unwrap();
    let configuration = "baseline = \"baseline.json\"\n";
    let configure =
        |more: &str| fs::write(directory.join("contentcheck.toml"), format!("{configuration}{more}")).unwrap();
    let said = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contentcheck"));
        let done = command.args(["lint", "."]).args(arguments).current_dir(&directory).output().unwrap();
        String::from_utf8(done.stderr).unwrap()
    };
    fs::write(directory.join("contentcheck.toml"), "").unwrap();
    said(&["--write-baseline", "baseline.json"]);
    let first = fs::read(directory.join("baseline.json")).unwrap();
    configure("");
    let is_well = |what: &str, said: &str| {
        assert!(said.contains("0 errors, 0 warnings") && !said.contains("no longer there"), "{what}: {said}");
    };
    is_well("nothing else", &said(&[]));
    for more in [
        "exclude = [\"rules/kept\"]\n",
        "[severity]\nduplicate-predicate = \"off\"\n",
        "[per-file-ignores]\n\"rules/kept/*\" = [\"CC0605\"]\n",
    ] {
        configure(more);
        is_well(more, &said(&[]));
    }
    configure("");
    is_well("--exclude", &said(&["--exclude", "rules/kept"]));
    let ignore = directory.join(".contentcheckignore");
    fs::write(&ignore, "rules/kept\n").unwrap();
    is_well("an ignore file", &said(&[]));
    // Nor does recording what is left take the rest away.
    said(&["--write-baseline", "baseline.json"]);
    assert!(fs::read(directory.join("baseline.json")).unwrap() == first);
    fs::remove_file(&ignore).unwrap();
    fs::write(&rule, format!("# contentcheck: allow-file duplicate-predicate -- both are meant\n{text}")).unwrap();
    is_well("a comment", &said(&[]));
    // A comment on one of two does not take the entry of the other.
    fs::write(&rule, text.replace("bitsadmin", "certutil")).unwrap();
    fs::write(directory.join("contentcheck.toml"), "").unwrap();
    said(&["--write-baseline", "baseline.json"]);
    configure("");
    is_well("two", &said(&[]));
    // What is gone is told all the same.
    fs::write(&rule, text.replacen("            - '\\certutil.exe'\n", "", 1)).unwrap();
    let told = said(&[]);
    assert!(told.contains("no longer there"), "{told}");
}

/// A baseline names files as seen from where it lies: a run from elsewhere, with other names for them, accepts the same.
#[test]
fn a_baseline_holds_from_any_directory() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("baseline-from-anywhere");
    let _ = fs::remove_dir_all(&directory);
    let rules = directory.join("team/rules");
    fs::create_dir_all(directory.join("elsewhere")).unwrap();
    fs::create_dir_all(directory.join("ci")).unwrap();
    for case in ["CC0203-unknown-selection", "CC0605-duplicate-predicate", "CC0103-not-utf8", "CC0604-unused-selection"]
    {
        let to = rules.join(case);
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(corpus("reject").join(case)).unwrap().map(|file| file.unwrap().path()) {
            fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }
    let said = |from: &str, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contentcheck"));
        let done = command.args(["lint", "--no-config"]).args(arguments).current_dir(directory.join(from)).output();
        String::from_utf8(done.unwrap().stderr).unwrap()
    };
    let absolute = rules.to_str().unwrap();
    let written = said("", &["team/rules", "--write-baseline", "ci/baseline.json"]);
    assert!(written.contains("findings recorded in ci/baseline.json"), "{written}");
    let first = fs::read(directory.join("ci/baseline.json")).unwrap();
    for (from, path, baseline) in [
        ("", "team/rules", "ci/baseline.json"),
        ("", "./team/../team/rules", "ci/../ci/baseline.json"),
        ("team", "rules", "../ci/baseline.json"),
        ("team/rules", ".", "../../ci/baseline.json"),
        ("ci", "../team/rules", "baseline.json"),
        ("elsewhere", absolute, "../ci/baseline.json"),
    ] {
        let read = said(from, &[path, "--baseline", baseline]);
        assert!(read.contains("0 errors, 0 warnings") && !read.contains("no longer there"), "{from}, {path}: {read}");
        said(from, &[path, "--write-baseline", baseline]);
        assert!(fs::read(directory.join("ci/baseline.json")).unwrap() == first, "{from}, {path}");
    }
    // Of files that are not looked at nothing is said, and nothing is taken away.
    for (path, from) in [("team/rules/CC0203-unknown-selection", ""), ("CC0605-duplicate-predicate", "team/rules")] {
        let baseline = if from.is_empty() { "ci/baseline.json" } else { "../../ci/baseline.json" };
        let read = said(from, &[path, "--baseline", baseline]);
        assert!(read.contains("0 errors, 0 warnings") && !read.contains("no longer there"), "{path}: {read}");
        let written = said(from, &[path, "--write-baseline", baseline]);
        assert!(written.contains(" of files or codes that were not looked at stay"), "{written}");
        assert!(fs::read(directory.join("ci/baseline.json")).unwrap() == first, "{path}");
    }
    // Nor of codes that are not looked for.
    for codes in [["--select", "CC0605"], ["--ignore", "duplicate-predicate"], ["--severity", "CC0605=off"]] {
        let read = said("", &[&["team/rules", "--baseline", "ci/baseline.json"], &codes[..]].concat());
        assert!(read.contains("0 errors, 0 warnings") && !read.contains("no longer there"), "{codes:?}: {read}");
        said("", &[&["team/rules", "--write-baseline", "ci/baseline.json"], &codes[..]].concat());
        assert!(fs::read(directory.join("ci/baseline.json")).unwrap() == first, "{codes:?}");
    }
    // What cannot be read any more, as after a merge, is not written over.
    let damaged = [b"<<<<<<< ours\n", first.as_slice()].concat();
    fs::write(directory.join("ci/baseline.json"), &damaged).unwrap();
    let refused = said("", &["team/rules", "--write-baseline", "ci/baseline.json"]);
    assert!(refused.contains("ci/baseline.json: not a baseline"), "{refused}");
    assert!(fs::read(directory.join("ci/baseline.json")).unwrap() == damaged);
    fs::write(directory.join("ci/baseline.json"), &first).unwrap();
    // Another file with the same finding is not accepted.
    let case = "CC0203-unknown-selection";
    fs::rename(rules.join(case), rules.join("moved")).unwrap();
    let read = said("", &["team/rules", "--baseline", "ci/baseline.json"]);
    assert!(read.contains("1 error") && read.contains("no longer there"), "{read}");
}
