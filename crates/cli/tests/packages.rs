//! Packages are made from one description: what is written twice is the same twice.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

fn manifest(name: &str) -> toml::Table {
    read(name).parse().unwrap()
}

/// The targets that a file names.
fn targets(text: &str) -> BTreeSet<&str> {
    let is_target = |word: &&str| word.ends_with("-linux-gnu") || word.ends_with("-darwin") || word.ends_with("-msvc");
    text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_' && sign != '-').filter(is_target).collect()
}

#[test]
fn crates_of_the_workspace_have_its_version() {
    let workspace = manifest("Cargo.toml");
    let workspace = workspace["workspace"].as_table().unwrap();
    let version = workspace["package"]["version"].as_str().unwrap();
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    let mut manifests = vec![("Cargo.toml".to_owned(), workspace["dependencies"].as_table().unwrap().clone())];
    for member in workspace["members"].as_array().unwrap() {
        let name = format!("{}/Cargo.toml", member.as_str().unwrap());
        let own = manifest(&name);
        let package = own["package"].as_table().unwrap();
        let shared = |key: &str| package.get(key).and_then(|value| value.get("workspace")).is_some();
        assert!(shared("version") && shared("license") && package.contains_key("description"), "{name}");
        let is_published = !package.contains_key("publish");
        assert!(!is_published || (shared("repository") && shared("rust-version")), "{name}");
        // What depends on a path alone cannot be published, but for tests: packages leave such dependencies out.
        if is_published {
            manifests.push((name, own.get("dependencies").and_then(|own| own.as_table()).cloned().unwrap_or_default()));
        }
    }
    let mut count = 0;
    for (name, dependencies) in manifests {
        for (dependency, value) in dependencies.iter().filter(|(_, value)| value.get("path").is_some()) {
            if dependency == "contentcheck-capi" {
                continue;
            }
            assert_eq!(
                value.get("version").and_then(|own| own.as_str()),
                Some(&*format!("={version}")),
                "{name}: {dependency}"
            );
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn packages_repeat_nothing_of_the_workspace() {
    let python = manifest("pyproject.toml");
    let project = python["project"].as_table().unwrap();
    let keys: Vec<&str> = project.keys().map(String::as_str).collect();
    assert_eq!(keys, ["dynamic", "name", "requires-python"]);
    let tool = python["tool"]["maturin"].as_table().unwrap();
    let cli = manifest(tool["manifest-path"].as_str().unwrap());
    assert_eq!(project["name"], cli["package"]["name"]);
    for name in ["make", "npm/contentcheck.js", "python/contentcheck/__init__.py"] {
        let text = read(&format!("integrations/packages/{name}"));
        assert!(!text.contains(env!("CARGO_PKG_VERSION")), "{name} has the version, which Cargo.toml has");
    }
}

#[test]
fn archives_are_made_for_those_who_ask_for_them() {
    let (make, workflow) = (read("integrations/packages/make"), read(".github/workflows/release.yml"));
    let asked = read("integrations/github/install.sh");
    let made = targets(&make);
    assert_eq!(made, targets(&workflow));
    // The action has no archive of its own for Windows.
    assert_eq!(targets(&asked).len() + 1, made.len());
    assert!(targets(&asked).is_subset(&made));
    // One name, in three places.
    assert!(make.contains("f\"contentcheck-{package['version']}-{target}\"") && make.contains("{name}.tar.gz"));
    assert!(asked.contains("/releases/download/v$version/contentcheck-$version-$target.tar.gz"));
    let cli = manifest("crates/cli/Cargo.toml");
    let binstall = &cli["package"]["metadata"]["binstall"];
    assert_eq!(
        binstall["pkg-url"].as_str(),
        Some("{ repo }/releases/download/v{ version }/contentcheck-{ version }-{ target }{ archive-suffix }")
    );
}

#[test]
fn workflows_name_actions_by_commit() {
    for name in ["release", "checks"] {
        let workflow = read(&format!(".github/workflows/{name}.yml"));
        let used: Vec<&str> =
            workflow.lines().filter_map(|line| line.split_once("uses: ").map(|(_, action)| action)).collect();
        assert!(used.len() >= 5, "{name}: {used:?}");
        for action in used {
            let (_, commit) = action.split_once('@').unwrap();
            let (commit, version) = commit.split_once(" # v").unwrap();
            assert!(commit.len() == 40 && commit.chars().all(|digit| digit.is_ascii_hexdigit()), "{action}");
            assert!(version.split('.').count() == 3, "{action}");
        }
        assert!(!workflow.contains("actions/cache") && workflow.contains("\npermissions: {}\n"), "{name}");
    }
}

#[test]
fn scripts_that_make_packages_are_bash() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integrations/packages");
    for name in ["try", "crates"] {
        let done = std::process::Command::new("bash").arg("-n").arg(directory.join(name)).output().unwrap();
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    }
    assert!(read("integrations/packages/try").contains("docs/releasing.md"), "where its exceptions have their reasons");
}
