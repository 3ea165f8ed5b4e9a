//! Good tables, and every way in which data can be wrong.

use super::*;
use crate::native::{self, ast::Declaration};

fn declared(text: &str) -> (ast::Table, Source) {
    let source = Source::new("release/a.content", text);
    let parsed = native::parse(&source);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    match parsed.ast.declarations() {
        [Declaration::Table(table)] => (table.clone(), source),
        _ => panic!("one table"),
    }
}

fn of(text: &str, data: Option<&[u8]>) -> (Option<Table>, String) {
    let (table, source) = declared(text);
    let name = if text.contains("jsonl") { "release/d.jsonl" } else { "release/d.csv" };
    let (made, found) = read(&table, &source, data.map(|bytes| Data { name, bytes }));
    let lines: Vec<String> = found.iter().map(|found| found.to_string()).collect();
    assert_eq!(made.is_some(), !lines.iter().any(|line| line.contains(" error[")));
    (made, lines.join("\n").replace("release/", ""))
}

const CSV: &str = "table d @ 1 { hash: bytes key, name: string nocase, port: int? } capacity 3 from \"d.csv\"";
const JSON: &str = "table d @ 1 { hash: bytes key, name: string nocase, port: int? } capacity 4 from \"d.jsonl\"";

/// A key that looks right and that no event has is an error, in whatever source; in other columns nothing is compared.
#[test]
fn a_key_that_no_event_has_is_an_error() {
    let signs = ["\0", "\u{1b}", "\u{7f}", "\u{200b}", "\u{202e}", "\u{feff}", "\u{ad}", "\u{e0041}"];
    let wrong = signs.map(|sign| (format!("a{sign}b"), "hidden character"));
    let blanks = [" a", "a ", "\u{a0}a", "a\t\u{2003}"].map(|text| (text.to_owned(), "row 1, column `name`"));
    for (key, words) in wrong.into_iter().chain(blanks) {
        let json = serde_json::json!({ "name": key, "other": "x" }).to_string();
        let jsonl = "table d @ 1 { name: string key, other: string } from \"d.jsonl\"";
        let (made, found) = of(jsonl, Some(json.as_bytes()));
        assert!(made.is_none() && found.contains("CC0512") && found.contains(words), "{key:?}: {found}");
        let (made, found) = of(&jsonl.replace("jsonl", "csv"), Some(format!("name,other\n\"{key}\",x\n").as_bytes()));
        assert!(made.is_none() && found.contains("CC0512"), "{key:?}: {found}");
        let json = serde_json::json!({ "name": "x", "other": key }).to_string();
        assert_eq!(of(jsonl, Some(json.as_bytes())).1, "", "{key:?}");
    }
}

#[test]
fn the_three_sources_give_the_same_rows() {
    let (csv, found) = of(CSV, Some(b"\xEF\xBB\xBFname, hash,port\r\n\"x, y\",AB cd,80\r\nz,00,\r\n"));
    assert_eq!(found, "");
    let (json, found) =
        of(JSON, Some(b"{\"hash\":\"abcd\",\"name\":\"x, y\",\"port\":80}\n\n{\"hash\":\"00\",\"name\":\"z\"}"));
    assert_eq!(found, "");
    let (csv, json) = (csv.unwrap(), json.unwrap());
    assert_eq!(csv.rows(), json.rows());
    assert_eq!(csv.find(&Value::Bytes(vec![0xAB, 0xCD])).unwrap()[2], Some(Value::Int(80)));
    assert_eq!(csv.find(&Value::Bytes(vec![1])), None);
    let (inline, found) = of(
        "table d @ 1 { a: string nocase key, b: bytes, c: ip } rows [[\"Ab\", hex\"01\", \"::1\"], [\"c\", \"02\", \"1.2.3.4\"]]",
        None,
    );
    assert_eq!(found, "");
    assert!(inline.unwrap().find(&Value::String("aB".to_owned())).is_some());
}

#[test]
fn every_mistake_has_its_row_and_column() {
    let (_, found) = of(CSV, Some(b"hash,name,port\nxy,,1.5\nab,n,1\nAB,m,\nab,c\n"));
    assert_eq!(
        found,
        "d.csv:2:1: error[CC0512]: row 1, column `hash` must be bytes, as pairs of hexadecimal digits, not `xy`\n\
         d.csv:2:1: error[CC0512]: row 1, column `name` is blank\n\
         d.csv:2:1: error[CC0512]: row 1, column `port` must be an integer of 64 bits, not `1.5`\n\
         d.csv:4:1: error[CC0513]: row 3, column `hash` has the same key as row 2\n\
         d.csv:5:1: error[CC0512]: row 4 has 2 cells; the table has 3 columns\n\
         d.csv:1:1: error[CC0510]: the table has 4 rows; its capacity is 3"
    );
    let (_, found) = of(JSON, Some(b"{\"hash\":1,\"name\":\"x\"}\n{\"hash\":\"ab\",\"name\":\"x\",\"nam\":\"y\"}\n[]\n{\"hash\":\"ab\",\"hash\":\"cd\",\"name\":\"x\"}"));
    assert!(found.starts_with("d.jsonl:1:1: error[CC0512]: row 1, column `hash` must be bytes, as pairs of hexadecimal digits, not a number\nd.jsonl:2:1: error[CC0512]: row 2: column `nam` is not declared\nd.jsonl:3:1: error[CC0512]: row 3: invalid type"), "{found}");
    assert!(found.ends_with("d.jsonl:4:1: error[CC0512]: row 4: column `hash` is given twice"), "{found}");
}

#[test]
fn headers_encodings_and_empty_data() {
    assert_eq!(of(CSV, Some(b"")).1, "d.csv:1:1: error[CC0511]: the table has no rows");
    assert_eq!(of(CSV, Some(b"hash,name,port\n")).1, "d.csv:1:1: error[CC0511]: the table has no rows");
    assert_eq!(
        of(CSV, Some(b"hash,nmae,port,port\nab,c,d,e\n")).1,
        "d.csv:1:1: error[CC0512]: header: the table declares no column `nmae`\nd.csv:1:1: error[CC0512]: header: column `port` is named twice\nd.csv:1:1: error[CC0512]: header: column `name` is missing"
    );
    assert_eq!(
        of(CSV, Some(b"hash,name,port\nab,\xFF,1\n")).1,
        "d.csv:2:4: error[CC0103]: row 1, column 2: the text is not UTF-8"
    );
    assert_eq!(of(CSV, None).1, "a.content:1:82: error[CC0514]: the data of table `d` was not found");
    let long = format!("hash,name,port\nab,{},1\n", "x".repeat(5_000));
    assert!(of(CSV, Some(long.as_bytes())).1.contains("has 5000 bytes; the limit is 4096"));
}

/// A file that was cut off inside its last row can look whole but for its last line end.
#[test]
fn a_last_row_without_a_line_end_is_told() {
    let whole = "hash,name,port\nab,one,1\ncd,\"two, 2\",\n";
    for (ends, whole) in
        [("\n", whole.to_owned()), ("\r\n", whole.replace('\n', "\r\n")), ("\r", whole.replace('\n', "\r"))]
    {
        let first = whole.find(ends).unwrap() + ends.len();
        for cut in first..=whole.len() {
            let left = whole.get(..cut).unwrap();
            let (made, found) = of(CSV, Some(left.as_bytes()));
            // A row that is gone as a whole leaves nothing that could be seen; all else is told.
            let is_seen = !left.ends_with(['\n', '\r']);
            assert_eq!(found.contains("CC0516") || found.contains("CC0517"), is_seen, "{left:?}: {found}");
            assert!(made.is_some() || found.contains(" error["), "{left:?}");
        }
    }
    let (made, found) = of(CSV, Some(b"hash,name,port\nab,one,1\ncd,two"));
    assert_eq!(
        (made.is_none(), found.as_str()),
        (
            true,
            "d.csv:3:1: error[CC0512]: row 2 has 2 cells; the table has 3 columns\n\
             d.csv:3:1: warning[CC0516]: the last row has no line end, and those before it have one: the data may be cut off"
        )
    );
    // One line has no other that it could be like, and JSON that is cut off does not parse.
    assert_eq!(of(CSV, Some(b"hash,name,port")).1, "d.csv:1:1: error[CC0511]: the table has no rows");
    assert_eq!(of(JSON, Some(b"{\"hash\":\"ab\",\"name\":\"x\"}\n{\"hash\":\"cd\",\"name\":\"y\"}")).1, "");
}

#[test]
fn declarations_are_held_to_one_key() {
    assert!(of("table d @ 1 { a: string } rows [[\"x\"]]", None).1.contains("CC0515]: table `d` has no key"));
    assert!(of("table d @ 1 { a: string? key } rows [[\"x\"]]", None).1.contains("CC0515"));
    assert!(of("table d @ 1 { a: string key, b: int key } rows [[\"x\", 1]]", None).1.contains("CC0515"));
    assert!(of("table d @ 1 { a: string key, a: int } rows [[\"x\", 1]]", None).1.contains("CC0206"));
    assert!(of("table d @ 1 { a: list<int> key } rows [[1]]", None).1.contains("CC0515"));
}

#[test]
fn data_stays_inside_the_release() {
    let path = |file: &str| {
        let (table, source) = declared(&format!("table d @ 1 {{ a: int key }} from \"{file}\""));
        data_path(&table, &source).unwrap().map_err(|found| found.code.id)
    };
    assert_eq!(path("tables/x.csv"), Ok("release/tables/x.csv".to_owned()));
    for wrong in
        ["../x.csv", "a/../../x.csv", "/etc/x.csv", "C:/x.csv", "a\\\\x.csv", "a//x.csv", "./x.csv", "x.txt", ""]
    {
        assert_eq!(path(wrong), Err("CC0514"), "{wrong}");
    }
}

/// Run with `cargo test --release -p contentcheck-parser -- --ignored --nocapture table_speed`.
#[test]
#[ignore = "a measurement"]
fn table_speed() {
    let mut text = String::from("hash,name\n");
    for row in 0..100_000u64 {
        text.push_str(&format!("{:064x},driver number {row}\n", row.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    }
    let (table, source) = declared("table d @ 1 { hash: bytes key, name: string } from \"d.csv\"");
    let start = std::time::Instant::now();
    let (made, found) = read(&table, &source, Some(Data { name: "d.csv", bytes: text.as_bytes() }));
    println!("100,000 rows in {:?}", start.elapsed());
    assert!(found.is_empty());
    assert_eq!(made.map(|made| made.rows().len()), Some(100_000));
}

#[test]
fn what_slips_into_data_is_no_row() {
    let table = "table d @ 1 { name: string nocase key } from \"d.csv\"";
    let codes = |data: &str| -> Vec<String> {
        let (_, found) = of(table, Some(data.as_bytes()));
        let codes = found.lines().filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned()));
        codes.collect()
    };
    assert_eq!(codes("name\na.sys\n=a\n<<\n"), [""; 0], "the control");
    for mark in ["<<<<<<< HEAD", "<<<<<<<", "=======", ">>>>>>> branch", "||||||| base"] {
        assert_eq!(codes(&format!("name\na.sys\n{mark}\nb.sys\n")), ["CC0512"], "{mark}");
        assert_eq!(codes(&format!("{mark}\nname\na.sys\nb.sys\n")), ["CC0512"], "{mark} above the header");
    }
    assert_eq!(codes("name\na.sys\nname\nb.sys\n"), ["CC0512"], "two headers");
    assert_eq!(codes("name\na.sys\n*.sys\n*\n"), ["CC0140"], "told once");
    assert_eq!(codes("name\nev\u{456}l\n\u{456}vil\nabc\n"), ["CC0141"], "told once");
    assert_eq!(codes("name\nev\u{a0}il\nabc\n"), ["CC0127"]);
    assert_eq!(codes("name\n\u{441}\u{43b}\u{43e}\u{432}\u{43e}\nm\u{fc}ller\n"), [""; 0], "words of one script");
}

/// In a declaration as in data.
#[test]
fn a_key_with_a_space_at_an_end_is_no_key() {
    for (row, is_key) in [("\"a\"", true), ("\"a b\"", true), ("\"a \"", false), ("\" a\"", false), ("\"a\\n\"", false)]
    {
        let (made, found) = of(&format!("table d @ 1 {{ name: string nocase key }} rows [[\"x\"], [{row}]]"), None);
        assert_eq!((made.is_some(), found.contains("CC0512")), (is_key, !is_key), "{row}: {found}");
    }
}
