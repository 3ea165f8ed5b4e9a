//! Pages are complete, and docs/errors.md is fresh. `BLESS=1` writes it.

use serde_json::Value;

use super::*;

#[test]
fn docs_errors_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
    let made = markdown_all();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == made, "docs/errors.md is stale; run this test with BLESS=1");
}

#[test]
fn every_page_has_every_part() {
    for code in codes::all() {
        let page = page(code);
        for part in [code.id, code.name, code.summary.trim(), "\nCause\n", "\nHarm\n", "\nRemedy\n"] {
            assert!(page.contains(part), "{}: {part}", code.id);
        }
        let text = page.split("\nExample: ").next().unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH + 2), "{page}");
        for word in code.cure.split_whitespace() {
            assert!(page.contains(word), "{}: {word}", code.id);
        }
    }
    let all: Vec<&Code> = codes::all().collect();
    assert_eq!(list(&all).lines().filter(|line| line.starts_with("  CC")).count(), all.len());
    let entries: Vec<Value> = serde_json::from_str(&json(&all).unwrap()).unwrap();
    assert_eq!(entries.len(), all.len());
}

#[test]
fn links_of_the_table_of_contents_lead_somewhere() {
    let document = markdown_all();
    for (_, link) in document.lines().filter_map(|line| line.strip_prefix("| [CC")?.split_once("](#")) {
        let anchor = link.split(')').next().unwrap();
        let heading = |line: &str| line.strip_prefix("### ").map(|title| title.to_ascii_lowercase().replace(' ', "-"));
        assert!(document.lines().filter_map(heading).any(|found| found == anchor), "{anchor}");
    }
}

#[test]
fn fences_hold_what_they_hold() {
    assert_eq!(fence("", "a\n```\n"), "````\na\n```\n````\n");
    assert_eq!(fence("yaml", "a"), "```yaml\na\n```\n");
}

#[test]
fn each_code_has_a_file_of_its_own_that_the_index_leads_to() {
    let all: Vec<&Code> = codes::all().collect();
    let pages = split(&all);
    assert_eq!(pages.len(), all.len() + 1);
    let [(name, index), pages @ ..] = pages.as_slice() else { panic!("no page") };
    assert_eq!(name, "README.md");
    for (code, (name, page)) in all.iter().zip(pages) {
        assert_eq!(*name, format!("{}.md", code.id));
        assert!(index.contains(&format!("| [{}]({name}) |", code.id)), "{name}");
        assert!(page.starts_with(&format!("# {} {}\n", code.id, code.name)), "{page}");
        for part in [code.cause, code.harm, code.cure] {
            assert!(page.contains(part), "{name}: {part}");
        }
        if let Some(example) = example(code) {
            assert!(page.contains(example.findings), "{name}");
        }
        assert_eq!(page.contains("No comment, baseline or severity accepts"), !code.is_acceptable(), "{name}");
    }
}
