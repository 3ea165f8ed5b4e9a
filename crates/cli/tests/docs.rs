//! What the documents say is so: paths exist, examples are real, keys are those of the program.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;
use contentcheck_compiler::sensor::Supplied;
use contentcheck_interpreter::{Capacity, Input, Manifest, Scalar, Supply, Type, Versioning, format};
use contentcheck_model::sensor;
use contentcheck_model::source::Source;

// The manifest that docs/embedding.md shows.
include!("../../../corpus/images/first/manifest.rs");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// Texts between backquotes and targets of links that look like paths of this project.
fn paths(text: &str) -> Vec<String> {
    let roots = ["crates/", "corpus/", "docs/", "benches/", "examples/", "freestanding/", "fuzz/", ".ci/"];
    let quoted = text.split('`').skip(1).step_by(2);
    let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let clean = |path: &str| path.trim_start_matches("../").split('#').next().unwrap_or("").to_owned();
    quoted
        .chain(linked)
        .map(clean)
        .filter(|path| roots.iter().any(|root| path.starts_with(root)) && !path.contains([' ', '*', '<']))
        .collect()
}

/// The pages of the site, and those that GitHub shows in the root.
fn documents() -> Vec<String> {
    let mut found = Vec::new();
    files(&root().join("docs"), "md", &mut found);
    let name = |path: PathBuf| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    let mut documents: Vec<String> = found.into_iter().map(name).collect();
    documents.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(str::to_owned));
    documents.sort();
    documents
}

#[test]
fn paths_that_documents_name_exist() {
    let mut count = 0;
    for document in documents() {
        for path in paths(&read(&document)) {
            assert!(root().join(&path).exists(), "{document} names {path}, which is not there");
            count += 1;
        }
    }
    assert!(count > 30, "only {count} paths were found; is the reading of documents broken?");
}

/// The anchors of a page: those of its titles.
fn anchors(page: &str) -> Vec<String> {
    let is_text = |(at, _): &(usize, &str)| at % 2 == 0;
    let text = page.split("```").enumerate().filter(is_text).flat_map(|(_, text)| text.lines());
    let titles =
        text.filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let kept = |title: &str| {
        let signs = title.trim().to_lowercase().replace(' ', "-");
        signs.chars().filter(|sign| sign.is_alphanumeric() || ['-', '_'].contains(sign)).collect()
    };
    titles.map(kept).collect()
}

#[test]
fn links_of_documents_lead_to_pages_and_titles() {
    let mut count = 0;
    for document in documents() {
        let path = root().join(&document);
        let page = read(&document);
        let text = page.split("```").step_by(2).collect::<String>();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.contains(' ') {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.exists(), "{document} links to {link}, which is not there");
            if !anchor.is_empty() && target.extension().is_some_and(|extension| extension == "md") {
                let found = anchors(&fs::read_to_string(&target).unwrap());
                assert!(found.iter().any(|found| found == anchor), "{document}: no title is behind {link}");
            }
            count += 1;
        }
    }
    assert!(count > 300, "only {count} links were found");
}

#[test]
fn every_page_is_in_the_table_of_contents_once() {
    let summary = read("docs/SUMMARY.md");
    for document in documents() {
        let link = document.strip_prefix("docs/").map_or(format!("../{document}"), str::to_owned);
        let is_listed = !["SUMMARY.md", "../README.md"].contains(&link.as_str());
        let times = summary.matches(&format!("]({link})")).count();
        assert_eq!(times, usize::from(is_listed), "docs/SUMMARY.md lists {document} {times} times");
    }
}

/// The recipes of CONTRIBUTING.md: their files are there, what they say to look for is in the file that they name, and
/// their commands name packages and tests that there are.
#[test]
fn the_recipes_of_contributors_are_true() {
    let page = read("CONTRIBUTING.md");
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| ---") && !line.starts_with("| do |");
    let (mut rows, mut sought) = (0, 0);
    for row in page.lines().filter(is_row) {
        let cells: Vec<&str> = row.trim_matches(['|', ' ']).split(" | ").collect();
        let [what, place, look] = cells.as_slice() else { panic!("not three cells: {row}") };
        assert!(what.ends_with('.') && !place.is_empty(), "{row}");
        let names: Vec<String> = look.split('`').skip(1).step_by(2).map(|name| name.replace("\\|", "|")).collect();
        match names.as_slice() {
            [file] => assert!(root().join(file).exists(), "{row}"),
            [name, file] => {
                assert!(read(file).contains(name.as_str()), "{file} has no `{name}`: {row}");
                sought += 1;
            }
            _ => panic!("neither a file, nor what is in one: {row}"),
        }
        rows += 1;
    }
    assert!(rows >= 28 && sought >= 20, "{rows} rows, {sought} names");
    let mut manifests = Vec::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let directory = entry.unwrap().path();
        manifests.push((fs::read_to_string(directory.join("Cargo.toml")).unwrap(), directory));
    }
    let lines = page.split("```").skip(1).step_by(2).flat_map(str::lines);
    let tests: Vec<&str> = lines.filter(|line| line.contains("cargo test --locked -p ")).collect();
    assert!(tests.len() >= 10, "{tests:?}");
    for line in tests {
        let words: Vec<&str> = line.split_whitespace().collect();
        let behind = |word: &str| words.iter().position(|found| *found == word).and_then(|at| words.get(at + 1));
        let package = behind("-p").unwrap();
        let (_, directory) = manifests
            .iter()
            .find(|(manifest, _)| manifest.contains(&format!("name = \"{package}\"")))
            .unwrap_or_else(|| panic!("no package: {line}"));
        let mut sources = Vec::new();
        match behind("--test") {
            Some(test) if directory.join("tests").join(format!("{test}.rs")).exists() => {
                sources.push(directory.join("tests").join(format!("{test}.rs")));
            }
            Some(test) => {
                let manifest = fs::read_to_string(directory.join("Cargo.toml")).unwrap();
                let is_known =
                    directory.join("tests").join(test).is_dir() || manifest.contains(&format!("name = \"{test}\""));
                assert!(is_known, "no test: {line}");
                files(&directory.join("tests"), "rs", &mut sources);
            }
            None => files(&directory.join("src"), "rs", &mut sources),
        }
        let source: String = sources.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let filter = words.last().filter(|word| word.contains('_') && behind("--test") != Some(word));
        if let Some(name) = filter {
            assert!(source.contains(&format!("fn {name}(")), "no such test: {line}");
        }
    }
}

#[test]
fn every_crate_is_on_the_map() {
    let readme = read("README.md");
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = format!("`crates/{}`", entry.unwrap().file_name().to_string_lossy());
        assert!(readme.contains(&name), "README's map lacks {name}");
    }
}

/// A file below `tests` that no other one declares is not built, and nobody is told that its tests do not run.
#[test]
fn every_file_of_tests_is_part_of_a_test_binary() {
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let package = entry.unwrap().path();
        let manifest = fs::read_to_string(package.join("Cargo.toml")).unwrap();
        let mut all = Vec::new();
        if package.join("tests").is_dir() {
            files(&package.join("tests"), "rs", &mut all);
        }
        // What trybuild compiles stands alone.
        all.retain(|path| !path.starts_with(package.join("tests/ui")));
        let is_root = |path: &Path| {
            let by_itself = path.parent() == Some(&package.join("tests")) || path.ends_with("main.rs");
            let named = format!("path = \"{}\"", path.strip_prefix(&package).unwrap().display());
            manifest.contains(&named) || (by_itself && !manifest.contains("autotests = false"))
        };
        let mut found: Vec<PathBuf> = all.iter().filter(|path| is_root(path)).cloned().collect();
        let mut at = 0;
        while let Some(path) = found.get(at).cloned() {
            at += 1;
            let text = fs::read_to_string(&path).unwrap();
            let beside = path.parent().unwrap();
            let is_top = is_root(&path) || path.ends_with("mod.rs") || path.ends_with("main.rs");
            let below = if is_top { beside.to_owned() } else { path.with_extension("") };
            let mut given = None;
            for line in text.lines().map(str::trim) {
                if let Some(path) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
                    given = Some(beside.join(path));
                } else if let Some(name) =
                    line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'))
                {
                    let places = [below.join(format!("{name}.rs")), below.join(name).join("mod.rs")];
                    found.extend(given.take().into_iter().chain(places).filter(|place| place.is_file()));
                }
            }
        }
        all.retain(|path| !found.contains(path));
        assert!(all.is_empty(), "no test binary has {all:?}");
    }
}

/// What documents, answers and help texts do not say: words that a native speaker stumbles over, each with what to write.
#[test]
fn people_read_plain_english() {
    const NOT_USED: [(&str, &str); 30] = [
        ("mend", "fix"),
        ("mends", "fixes"),
        ("mended", "fixed"),
        ("texts", "strings"),
        ("truth value", "boolean"),
        ("truth values", "booleans"),
        ("stands twice", "appears twice"),
        ("stand twice", "appear twice"),
        ("anew", "again"),
        ("in place of", "instead of"),
        ("treats it so", "treats it that way"),
        ("twice the same", "byte-identical"),
        ("fire no more", "can no longer fire"),
        ("nobody can tell", "it could not be determined"),
        ("cure", "remedy"),
        ("cures", "remedies"),
        ("blanks", "spaces"),
        ("a blank", "a space, an empty cell"),
        ("the blank", "the space, the empty cell"),
        ("nowhere", "not anywhere, or what is left out"),
        ("superfluous", "redundant"),
        ("text field", "string field"),
        ("of type text", "of type string"),
        ("is a text", "is a string"),
        ("as a text", "as a string"),
        ("or a text", "or a string"),
        ("an unquoted text", "an unquoted string"),
        ("raw text", "raw string"),
        ("regular expression", "regex"),
        ("regular expressions", "regexes"),
    ];
    let mut pages: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].iter().map(|name| root().join(name)).collect();
    for (directory, extension) in [("docs", "md"), ("corpus", "md"), ("corpus", "txt")] {
        files(&root().join(directory), extension, &mut pages);
    }
    let mut read: Vec<(String, String)> =
        pages.iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect();
    let help = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_contentcheck")).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let all = help(&["--help"]);
    let commands = all.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains(&"gate"), "{all}");
    read.extend(commands.iter().map(|command| ((*command).to_owned(), help(&[command, "--help"]))));
    assert!(read.len() > 200, "{}", read.len());
    let mut found = Vec::new();
    for (page, text) in read {
        let text = without_rust(&text);
        let spaced: String =
            text.chars().map(|sign| if sign.is_alphanumeric() || sign == '_' { sign } else { ' ' }).collect();
        let words = format!(" {} ", spaced.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "));
        let said = NOT_USED.iter().filter(|(word, _)| words.contains(&format!(" {word} ")));
        found.extend(said.map(|(word, instead)| format!("{page} says `{word}`; write `{instead}`")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A page without its blocks of Rust, in which the names of an interface are no words.
fn without_rust(page: &str) -> String {
    let mut parts = page.split("```rust\n");
    let first = parts.next().unwrap_or_default();
    let after = parts.map(|part| part.split_once("\n```").map_or("", |(_, rest)| rest));
    std::iter::once(first).chain(after).collect()
}

/// The Rust files below a directory.
fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    files(directory, "rs", found);
}

/// The files with an extension below a directory.
fn files(directory: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
}

/// What comes after a front end cannot depend on its language, and no language on another.
#[test]
fn no_front_end_imports_another_or_the_checks() {
    let rooms = ["native", "sigma", "check", "release", "import", "sidecar"];
    for front_end in ["native", "sigma"] {
        let mut found = Vec::new();
        sources(&root().join("crates/parser/src").join(front_end), &mut found);
        assert!(found.len() > 5, "{found:?}");
        for path in found {
            let text = fs::read_to_string(&path).unwrap();
            let other = rooms
                .iter()
                .filter(|room| **room != front_end)
                .find(|room| text.contains(&format!("crate::{room}::")) || text.contains(&format!("crate::{room};")));
            assert_eq!(other, None, "{}", path.display());
            assert!(
                !text.contains("use crate::{"),
                "{}: one import for each room, so that this test sees it",
                path.display()
            );
        }
    }
}

#[test]
fn the_first_pages_show_what_the_program_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
        .current_dir(root())
        .args(["lint", "--format", "short", "corpus/incidents/channel-file-291"])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    for name in ["README.md", "docs/README.md"] {
        let page = read(name);
        let (before, rest) = page.split_once("```text\n").unwrap();
        let (shown, after) = rest.split_once("```").unwrap();
        if std::env::var_os("BLESS").is_some() {
            fs::write(root().join(name), format!("{before}```text\n{printed}```{after}")).unwrap();
        } else {
            assert_eq!(shown, printed, "{name}: run again with BLESS=1 if the new output is right");
        }
    }
}

/// One manifest, as a constant and as a file: docs/embedding.md shows both.
#[test]
fn the_embedding_page_shows_one_manifest_in_both_forms() {
    let page = read("docs/embedding.md");
    let (constant, json) = (read("corpus/images/first/manifest.rs"), read("corpus/images/first/edr-1.4.0.json"));
    assert!(page.contains(&constant), "docs/embedding.md does not show corpus/images/first/manifest.rs");
    assert!(page.contains(&format!("```json\n{json}```")), "docs/embedding.md does not show edr-1.4.0.json");
    let sensor = sensor::Manifest::parse(&Source::new("edr-1.4.0.json", json)).unwrap();
    let supplied = Supplied::of_sensor(&sensor);
    assert_eq!(format!("{:?}", supplied.manifest(&supplied.supplies())), format!("{MANIFEST:?}"));
}

/// The image that docs/embedding.md and the interpreter's crate page run. With `BLESS=1` it is written.
#[test]
fn the_image_of_the_embedding_page_is_compiled_from_its_source() {
    let directory = root().join("corpus/images/first");
    let kept = directory.join("rules.ccimage");
    let fresh = std::env::temp_dir().join(format!("contentcheck-{}-first.ccimage", std::process::id()));
    let made = if std::env::var_os("BLESS").is_some() { &kept } else { &fresh };
    let output = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
        .args(["compile", "--no-config", "--sensor"])
        .args([directory.join("edr-1.4.0.json"), directory.join("rules.content")])
        .arg("-o")
        .arg(made)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let is_kept = fs::read(made).unwrap() == fs::read(&kept).unwrap();
    let _ = fs::remove_file(&fresh);
    assert!(is_kept, "corpus/images/first/rules.ccimage is not what is made now; run this test with BLESS=1");
}

#[test]
fn the_configuration_page_is_a_valid_configuration_with_every_key() {
    let page = read("docs/configuration.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config: contentcheck_project::config::Config = toml::from_str(example).unwrap();
    let known = serde_json::to_value(&config).unwrap();
    for key in known.as_object().unwrap().keys() {
        assert!(page.contains(&format!("| `{key}` |")), "docs/configuration.md does not explain `{key}`");
    }
}

/// The tests and the classes of defects that the last column of a table names: a path, then the tests in it; a name with
/// a `-` is a class.
fn shown_by(row: &str) -> Vec<(String, String)> {
    let (mut file, mut found) = (String::new(), Vec::new());
    let last = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
    for name in last.split('`').skip(1).step_by(2) {
        if name.starts_with("crates/") {
            name.clone_into(&mut file);
        } else if name.contains('-') {
            found.push(("crates/gate/src/defects/mod.rs".to_owned(), format!("class: \"{name}\",")));
        } else {
            found.push((file.clone(), format!("fn {name}(")));
        }
    }
    found
}

#[test]
fn what_is_claimed_of_the_gate_is_shown_by_a_test() {
    let architecture = read("docs/architecture.md");
    let sentences = architecture.split("## The five sentences\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    let threats = read("docs/threat-model.md");
    for (document, text, least) in
        [("docs/architecture.md", sentences.unwrap(), 5), ("docs/threat-model.md", threats.as_str(), 40)]
    {
        let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| ---") && !line.ends_with("by |");
        let rows: Vec<&str> = text.lines().filter(is_row).filter(|line| !line.ends_with("| tests |")).collect();
        assert!(rows.len() >= least, "{document} has {} rows", rows.len());
        for row in rows {
            let found = shown_by(row);
            assert!(!found.is_empty(), "{document} names no test: {row}");
            for (file, declared) in found {
                assert!(read(&file).contains(&declared), "{document}: {file} has no `{declared}`");
            }
        }
    }
}

/// The commands of blocks of a page that begin with these words, each with its arguments; a comment of the shell ends one.
fn commands(page: &str, begins: &str) -> Vec<Vec<String>> {
    let blocks = page.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" #").next().unwrap_or_default().trim());
    let words = |line: &str| {
        // Quotes hold one argument together, as in a shell.
        let parts = line.split('"').enumerate();
        let words = parts.flat_map(|(at, part)| {
            let whole = at % 2 == 1;
            let split = if whole { vec![part] } else { part.split_whitespace().collect() };
            split.into_iter().map(str::to_owned).collect::<Vec<String>>()
        });
        words.collect()
    };
    lines.filter(|line| line.starts_with(begins)).map(words).collect()
}

#[test]
fn the_commands_of_the_pages_on_rollouts_are_commands() {
    let mut count = 0;
    for page in
        ["docs/rollout.md", "docs/rollout-export.md", "docs/operations.md", "docs/simulation.md", "docs/commands.md"]
    {
        for command in commands(&read(page), "contentcheck rollout ") {
            let parsed = contentcheck::args::Cli::try_parse_from(&command);
            assert!(parsed.is_ok(), "{page}: {}\n{}", command.join(" "), parsed.unwrap_err());
            count += 1;
        }
    }
    assert!(count >= 20, "only {count} commands were found");
}
