//! docs/image-format.md says of every record, section and number what the crate does. The tables
//! are made from `src/format.rs`, meanings from its text, places and types from its constants.
//! With `BLESS=1` they are written.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contentcheck_interpreter::format::{self, Opcode, RECORDS, Section};

const SOURCE: &str = include_str!("../src/format.rs");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/image-format.md");

/// The lines of the block that begins with `open`, to the brace that closes it.
fn block(open: &str) -> Vec<&'static str> {
    let mut lines = SOURCE.lines().skip_while(|line| line.trim() != open);
    let first = lines.next().unwrap_or_else(|| panic!("src/format.rs has no `{open}`"));
    let indent = first.len() - first.trim_start().len();
    let close = format!("{}}}", " ".repeat(indent));
    lines.take_while(|line| *line != close).map(str::trim).collect()
}

/// Items of a block, each with the words of the doc comment before it.
fn documented(lines: &[&str]) -> Vec<(String, String)> {
    let mut words = String::new();
    let mut found = Vec::new();
    for line in lines {
        if let Some(doc) = line.strip_prefix("///") {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(doc.trim());
        } else if !line.is_empty() {
            found.push(((*line).to_owned(), plain(&words)));
            words.clear();
        }
    }
    found
}

/// Links of the program's documentation as plain words.
fn plain(words: &str) -> String {
    let mut text = words.replace('|', "\\|");
    for section in Section::ALL {
        text = text.replace(&format!("[`Section::{section:?}`]"), &format!("section `{}`", section.as_str()));
    }
    text.replace("[`crate::", "`").replace("[`", "`").replace("`]", "`")
}

fn sections() -> String {
    let documented = documented(&block("sections! {"));
    let mut table = String::from("| number | section | bytes of a record | holds |\n| --- | --- | --- | --- |\n");
    for (number, section) in Section::ALL.iter().enumerate() {
        let (_, holds) = documented.iter().find(|(item, _)| item.starts_with(&format!("{section:?} = "))).unwrap();
        let _ = writeln!(table, "| {number} | `{}` | {} | {holds} |", section.as_str(), section.unit());
    }
    table
}

fn record(name: &str, size: usize, fields: &[(&str, usize, &str)]) -> String {
    let documented = documented(&block(&format!("{name} {size} {{")));
    let mut table = format!("{size} bytes.\n\n| offset | field | type | means |\n| --- | --- | --- | --- |\n");
    for (field, at, ty) in fields {
        let item = format!("{at} {field}: {ty},");
        let (_, means) =
            documented.iter().find(|(found, _)| *found == item).unwrap_or_else(|| panic!("{name} has no `{item}`"));
        assert!(!means.is_empty(), "`{name}.{field}` is not described in src/format.rs");
        let _ = writeln!(table, "| {at} | `{field}` | {ty} | {means} |");
    }
    table
}

/// An enumeration: `Name = 0 "word",` behind each meaning.
fn numbers(name: &str) -> String {
    let mut table = String::from("| number | name | means |\n| --- | --- | --- |\n");
    let mut next = 0;
    for (item, means) in documented(&block(&format!("{name} {{"))) {
        let (_, rest) = item.split_once(" = ").unwrap();
        let (number, word) = rest.trim_end_matches(',').split_once(' ').unwrap();
        assert_eq!(number, next.to_string(), "{name}");
        next += 1;
        let _ = writeln!(table, "| {number} | `{}` | {means} |", word.trim_matches('"'));
    }
    assert!(next > 1, "{name}");
    table
}

fn opcodes() -> String {
    let mut table = String::from(
        "| number | opcode | operands | kept | inputs | true if |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for opcode in Opcode::ALL {
        let operands = match opcode.operands() {
            0 => "none",
            1 => "`a`",
            2 => "`a`, `b`",
            _ => "`a`, `b`, `c`",
        };
        let kept = if opcode.is_kept() { "yes" } else { "" };
        let (number, word, meaning) = (*opcode as u8, opcode.as_str(), opcode.meaning());
        let taken = ["string", "int", "float", "bool", "ip", "bytes"].into_iter().enumerate();
        let taken: Vec<&str> = taken.filter(|(bit, _)| opcode.takes() >> bit & 1 == 1).map(|(_, name)| name).collect();
        let taken = if taken.len() == 6 { "any".to_owned() } else { taken.join(", ") };
        let _ = writeln!(table, "| {number} | `{word}` | {operands} | {kept} | {taken} | {meaning} |");
    }
    table
}

fn limits() -> String {
    let mut table = String::from("| of | at most |\n| --- | --- |\n");
    for (what, value) in [
        ("instructions of a program", u64::from(format::CODE_MAX)),
        ("inputs of a template type", u64::from(format::INPUTS_MAX)),
        ("entries of a bucket", u64::from(format::BUCKET_MAX)),
        ("bytes of an anchor", u64::from(format::ANCHOR_MAX)),
        ("stride", u64::from(format::STRIDE_MAX)),
        ("bytes of a sensor's name, of a version", u64::from(format::SENSOR_NAME_MAX)),
        ("bytes of a template type's name", u64::from(format::TEMPLATE_NAME_MAX)),
        ("parts of a pattern, gates of an expression", u64::from(format::PARTS_MAX)),
        ("places of a deterministic automaton", u64::from(format::PLACES_MAX)),
        ("states of a nondeterministic automaton", u64::from(format::NFA_STATES_MAX)),
        ("bytes of an image", u64::from(u32::MAX)),
    ] {
        let _ = writeln!(table, "| {what} | {value} |");
    }
    table
}

fn header() -> String {
    let mut table = String::from("| offset | bytes | holds |\n| --- | --- | --- |\n");
    let mut end = 0;
    for (at, bytes, holds) in format::HEADER_FIELDS {
        assert_eq!(*at, end, "{holds}");
        end += bytes;
        let _ = writeln!(table, "| {at} | {bytes} | {holds} |");
    }
    assert_eq!((end, format::CHECKSUM_AT), (format::PREFIX, 24));
    let bytes = Section::COUNT * 8;
    let first = format::HEADER.next_multiple_of(format::ALIGN);
    let _ = writeln!(
        table,
        "| {end} | {bytes} | directory: for each section, in order, its offset (u32) and its bytes (u32) |"
    );
    let _ = writeln!(table, "| {first} | | first section |");
    table
}

fn features() -> String {
    let mut table = String::from("| bit | name | opcodes |\n| --- | --- | --- |\n");
    for (bit, name) in format::feature::NAMES.iter().enumerate() {
        let asks: Vec<String> = Opcode::ALL
            .iter()
            .filter(|opcode| opcode.feature() == 1 << bit)
            .map(|opcode| format!("`{}`", opcode.as_str()))
            .collect();
        let asks =
            if asks.is_empty() { "none: some expression is nondeterministic".to_owned() } else { asks.join(", ") };
        let _ = writeln!(table, "| {bit} | `{name}` | {asks} |");
    }
    table
}

fn tables() -> BTreeMap<String, String> {
    let mut made: BTreeMap<String, String> = [("header", header()), ("sections", sections()), ("opcodes", opcodes())]
        .into_iter()
        .chain([("limits", limits()), ("features", features())])
        .map(|(name, table)| (name.to_owned(), table))
        .collect();
    for (name, size, fields) in RECORDS {
        made.insert((*name).to_owned(), record(name, *size, fields));
    }
    for name in ["InputKind", "LiteralKind", "PatternKind", "NfaKind", "Assertion"] {
        made.insert(name.to_owned(), numbers(name));
    }
    made
}

#[test]
fn the_page_has_every_table_as_it_is() {
    let mut tables = tables();
    let page = std::fs::read_to_string(PAGE).unwrap();
    let mut fresh = String::new();
    let mut rest = page.as_str();
    while let Some((before, after)) = rest.split_once("<!-- made: ") {
        let (name, after) = after.split_once(" -->\n").unwrap();
        let (_, after) = after.split_once("<!-- end -->").unwrap_or_else(|| panic!("`{name}` has no end"));
        let table = tables.remove(name).unwrap_or_else(|| panic!("`{name}` is no table, or stands twice"));
        let _ = write!(fresh, "{before}<!-- made: {name} -->\n{table}<!-- end -->");
        rest = after;
    }
    fresh.push_str(rest);
    assert!(tables.is_empty(), "docs/image-format.md lacks {:?}", tables.keys());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(PAGE, &fresh).unwrap();
    } else {
        assert!(fresh == page, "docs/image-format.md is stale; run this test with BLESS=1");
    }
}
