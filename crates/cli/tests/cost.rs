//! Rules that cost more than sensors take: `lint`, `compile` and `verify` say the same of them.

use std::fs;
use std::path::Path;

use crate::common::run;
use contentcheck::exit::Exit;

/// A rule of a kind that costs more the larger it is.
type Kind = (&'static str, fn(usize) -> String);

fn rule(category: &str, detection: &str) -> String {
    format!(
        "title: Probe\nid: f6fc8db6-571a-47b1-adbf-841bca27f516\nstatus: test\nlevel: low\nlogsource:\n    product: windows\n{category}detection:\n{detection}    condition: selection\n"
    )
}

const PROCESS: &str = "    category: process_creation\n";

/// Wildcards, keywords, and an expression that repeats.
const KINDS: [Kind; 3] = [
    ("wildcards", |size| {
        let value = |number: usize| {
            let bits = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let letters = (0..58).map(|at| if bits >> at & 1 == 1 { 'a' } else { 'b' });
            format!("          - '{}'\n", letters.map(String::from).collect::<Vec<_>>().join("*"))
        };
        let values: String = (0..size * 8).map(value).collect();
        rule(PROCESS, &format!("    selection:\n        CommandLine:\n{values}"))
    }),
    ("keywords", |size| {
        let values: String = (0..size * 24).map(|number| format!("        - 'k{number}*e{number}*y'\n")).collect();
        rule("    service: security\n", &format!("    selection:\n{values}"))
    }),
    ("repeats", |size| {
        let expression = format!("[^a]b.{{0,{}}}[c-x]d", size * 150);
        rule(PROCESS, &format!("    selection:\n        CommandLine|re: '{expression}'\n"))
    }),
];

/// What lint lets pass a sensor takes that states no capacity, and what it does not, none takes.
#[test]
fn lint_and_a_sensor_agree_on_what_a_rule_may_cost() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cost");
    fs::create_dir_all(&directory).unwrap();
    let (file, image) = (directory.join("rule.yml"), directory.join("rule.ccimage"));
    let (path, output) = (file.to_str().unwrap(), image.to_str().unwrap());
    for (name, made) in KINDS {
        let mut seen = [false; 2];
        for size in [1, 2, 4, 8, 16, 32] {
            fs::write(&file, made(size)).unwrap();
            let _ = fs::remove_file(&image);
            let lint = |more: &[&str]| {
                let said = run(&[&["lint", path, "--no-config", "--format", "short"], more].concat());
                (said.0, String::from_utf8(said.1).unwrap())
            };
            let (exit, found) = lint(&[]);
            // Beyond other limits a rule has no cost.
            if found.contains(": error[") && !found.contains("CC0408") {
                assert!(size > 1, "{name}: {found}");
                break;
            }
            let is_dear = found.contains("CC0408");
            assert_eq!(exit, if is_dear { Exit::Findings } else { Exit::Fine }, "{name} {size}: {found}");
            let fleet = lint(&["--fleet", "builtin:sysmon/4.90,builtin:windows"]);
            assert_eq!(fleet.1.contains("CC0408"), is_dear, "{name} {size}: {}", fleet.1);
            let (exit, _, said) = run(&["compile", path, "--no-config", "-o", output]);
            assert_eq!(exit, if is_dear { Exit::Findings } else { Exit::Fine }, "{name} {size}: {said}");
            assert_eq!(image.exists(), !is_dear, "{name} {size}");
            if is_dear {
                assert!(said.contains("CC0408") && said.contains("`Probe`"), "{name} {size}: {said}");
            } else {
                let (exit, _, said) = run(&["verify", output]);
                assert_eq!(exit, Exit::Fine, "{name} {size}: {said}");
            }
            // A recording is no sensor: what a rule finds in it can be seen all the same.
            let (exit, _, said) = run(&["eval", "--rules", path, "--no-config", "/dev/null"]);
            assert_eq!(exit, Exit::Fine, "{name} {size}: {said}");
            let [cheap, dear] = &mut seen;
            *(if is_dear { dear } else { cheap }) = true;
        }
        assert!(seen[0], "{name}");
        assert!(seen[1] || name == "repeats", "{name}");
    }
}
