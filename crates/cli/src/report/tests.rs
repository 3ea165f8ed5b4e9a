//! Every format, on findings that are hard to write down, against its published schema.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_model::diagnostic::{Diagnostic, FixKind, Severity, codes};
use contentcheck_model::source::{Source, Span};
use contentcheck_parser::release::Finding;
use serde_json::{Value, json};

use super::{Report, schema, write};
use crate::args::Format;

/// Findings on a file with CRLF, letters beyond ASCII and beyond the basic plane, and texts
/// that every format has to escape.
fn findings() -> Vec<Finding> {
    let text = "title: ä😀\r\nwert: ']]>'\r\nletzte: 100%\r\n";
    let source = Source::new("./regeln/ä b,c:d%.yml", text);
    let other = Source::new("other.yml", "id: x\n");
    let at = |needle: &str| {
        let start = text.find(needle).unwrap();
        Span::new(start, start + needle.len())
    };
    let hostile = "`<a href=\"x\">]]>&'` is 100%, not\u{1}\u{7f}\u{fffe} a,b:c";
    let mut info = Diagnostic::new(&codes::NOT_RUNNABLE, &source, Span::at(text.len()), "an info at the end");
    info.severity = Severity::Info;
    [
        Diagnostic::new(&codes::WILDCARD_ONLY, &source, at("😀"), hostile)
            .with_label("here [a](b)")
            .with_help("first line\r\nsecond line, 5%::error::")
            .with_rule("Regel <ä>")
            .with_fix(FixKind::Quotes, "quote it", at("']]>'"), "\"]]>\"\u{0}"),
        Diagnostic::new(&codes::UNSUPPLIED_INPUT, &source, at("wert: ']]>'\r\n"), "twice")
            .with_place(at("title"), "and here")
            .with_related(&other, Span::new(0, 2), "first used here"),
        Diagnostic::new(&codes::UNSUPPLIED_INPUT, &source, at("letzte"), "twice"),
        info,
        Diagnostic::new(&codes::UNREADABLE, &Source::new("/abs/gone.yml", ""), Span::default(), "not there"),
    ]
    .map(Finding::new)
    .into()
}

fn render(format: Format, findings: &[Finding], skipped: &[&str]) -> String {
    let skipped: Vec<String> = skipped.iter().map(|reason| (*reason).to_owned()).collect();
    let report = Report { findings, all: findings, files: 3, rules: 2, skipped: &skipped, color: false };
    let mut out = Vec::new();
    write(format, &report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const SKIPPED: &[&str] = &["arity: no fleet is given, 100% <unchecked>"];

fn both(format: Format) -> [String; 2] {
    [render(format, &findings(), SKIPPED), render(format, &[], &[])]
}

fn validate(schema: &Value, instance: &Value) {
    let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn json_follows_its_schema_and_tells_all() {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    for text in both(Format::Json) {
        validate(&schema, &serde_json::from_str(&text).unwrap());
    }
    let report: Value = serde_json::from_str(&both(Format::Json)[0]).unwrap();
    assert_eq!(
        report["summary"],
        json!({ "files": 3, "rules": 2, "errors": 3, "warnings": 1, "infos": 1, "skipped": SKIPPED })
    );
    let first = &report["findings"][0];
    assert_eq!(first["file"], "regeln/ä b,c:d%.yml");
    assert_eq!(
        first["range"],
        json!({ "start": { "line": 1, "column": 9, "offset": 9 }, "end": { "line": 1, "column": 10, "offset": 13 } })
    );
    assert_eq!(first["fix"]["edits"][0]["text"], "\"]]>\"\u{0}");
    assert_eq!(first["severity"], "warning");
    assert_eq!(first["rule"], "Regel <ä>");
    let second = &report["findings"][1];
    assert_eq!(second["range"]["end"], json!({ "line": 3, "column": 1, "offset": 28 }));
    assert_eq!(second["related"][1]["file"], "other.yml");
    assert_eq!(second["fingerprint"], report["findings"][2]["fingerprint"]);
    assert_eq!((&second["occurrence"], &report["findings"][2]["occurrence"]), (&json!(0), &json!(1)));
    let mut unknown = report;
    unknown["findings"][0]["more"] = json!(1);
    assert!(!jsonschema::is_valid(&schema, &unknown), "the schema admits unknown members");
}

fn sarif_schema() -> Value {
    // The published schema has one pattern with a stray bracket, which is no valid expression.
    let schema = include_str!("../../tests/schemas/sarif-2.1.0.json");
    let stray = "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$";
    assert!(schema.contains(stray));
    serde_json::from_str(&schema.replace(stray, "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$")).unwrap()
}

fn gitlab_schema() -> Value {
    serde_json::from_str(include_str!("../../tests/schemas/gitlab-code-quality.json")).unwrap()
}

#[test]
fn sarif_follows_the_oasis_schema() {
    let schema = sarif_schema();
    for text in both(Format::Sarif) {
        validate(&schema, &serde_json::from_str(&text).unwrap());
    }
    let log: Value = serde_json::from_str(&both(Format::Sarif)[0]).unwrap();
    let run = &log["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
    let first = &run["results"][0];
    let place = &first["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "regeln/%C3%A4%20b%2Cc%3Ad%25.yml");
    // Column 9 in code points; in UTF-16 code units it would end at 11.
    assert_eq!((&place["region"]["startColumn"], &place["region"]["endColumn"]), (&json!(9), &json!(10)));
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(first["locations"][0]["message"]["text"], "here [a\\](b)");
    assert_eq!(first["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]["startLine"], 2);
    assert_eq!(run["results"][1]["relatedLocations"][1]["physicalLocation"]["artifactLocation"]["uri"], "other.yml");
    assert_ne!(run["results"][1]["partialFingerprints"], run["results"][2]["partialFingerprints"]);
    assert_eq!(run["results"][3]["level"], "note");
    assert_eq!(
        run["results"][4]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "file:///abs/gone.yml"
    );
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"], SKIPPED[0]);
}

#[test]
fn gitlab_follows_the_documented_structure() {
    let schema = gitlab_schema();
    for text in both(Format::Gitlab) {
        validate(&schema, &serde_json::from_str(&text).unwrap());
    }
    let issues: Value = serde_json::from_str(&both(Format::Gitlab)[0]).unwrap();
    let issues = issues.as_array().unwrap();
    let prints: BTreeSet<&str> = issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), issues.len(), "fingerprints are not unique");
    let severities: Vec<&str> = issues.iter().map(|issue| issue["severity"].as_str().unwrap()).collect();
    assert_eq!(severities, ["minor", "critical", "critical", "info", "critical"]);
    // The finding ends with the line break of line 2, so line 3 has no part in it.
    assert_eq!(issues[1]["location"]["lines"], json!({ "begin": 2, "end": 2 }));
}

#[test]
fn github_commands_are_one_line_each_and_unescape_to_what_was_said() {
    let text = render(Format::Github, &findings(), SKIPPED);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), findings().len() + SKIPPED.len());
    let unescape = |text: &str| {
        text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
    };
    for (line, finding) in lines.iter().zip(findings()) {
        let (head, data) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (command, properties) = head.split_once(' ').unwrap();
        let expected = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            _ => "notice",
        };
        assert_eq!(command, expected);
        let properties: BTreeMap<&str, String> = properties
            .split(',')
            .map(|property| property.split_once('=').unwrap())
            .map(|(name, value)| (name, unescape(value)))
            .collect();
        assert_eq!(properties["file"], super::place::path(&finding.source));
        assert_eq!(properties["title"], format!("{} {}", finding.code.id, finding.code.name));
        assert_eq!(unescape(data), super::place::text(&finding));
    }
    assert!(lines[0].contains(",line=1,col=9,endLine=1,endColumn=9,"), "{}", lines[0]);
    assert!(lines[1].contains(",line=2,endLine=2,"), "{}", lines[1]);
}

/// What an XML schema says of one element.
#[derive(Default)]
struct Element {
    attributes: BTreeMap<String, bool>,
    children: BTreeSet<String>,
    text: bool,
}

fn elements(xsd: &roxmltree::Document<'_>) -> BTreeMap<String, Element> {
    let is = |node: &roxmltree::Node<'_, '_>, name: &str| node.tag_name().name() == name;
    let top: Vec<_> = xsd.root_element().children().filter(roxmltree::Node::is_element).collect();
    let types: BTreeMap<&str, _> = top
        .iter()
        .filter(|node| is(node, "complexType"))
        .map(|node| (node.attribute("name").unwrap(), *node))
        .collect();
    let mut found = BTreeMap::new();
    for declaration in top.iter().filter(|node| is(node, "element")) {
        let named = declaration.attribute("type").and_then(|name| types.get(name).copied());
        let body = named.or_else(|| declaration.children().find(|node| is(node, "complexType")));
        let mut element = Element { text: declaration.attribute("type") == Some("xs:string"), ..Element::default() };
        if let Some(body) = body {
            element.text = body.attribute("mixed") == Some("true");
            for node in body.descendants() {
                if is(&node, "attribute") {
                    let required = node.attribute("use") == Some("required");
                    element.attributes.insert(node.attribute("name").unwrap().to_owned(), required);
                } else if is(&node, "element") {
                    let name = node.attribute("ref").or_else(|| node.attribute("name")).unwrap();
                    element.children.insert(name.to_owned());
                }
            }
        }
        found.insert(declaration.attribute("name").unwrap().to_owned(), element);
    }
    found
}

fn check_junit(text: &str) {
    let xsd = roxmltree::Document::parse(include_str!("../../tests/schemas/junit-10.xsd")).unwrap();
    let elements = elements(&xsd);
    assert!(elements["testsuite"].attributes["tests"] && elements["testsuites"].children.contains("testsuite"));
    let document = roxmltree::Document::parse(text).unwrap();
    assert_eq!(document.root_element().tag_name().name(), "testsuites");
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        let element = &elements[name];
        for attribute in node.attributes() {
            assert!(element.attributes.contains_key(attribute.name()), "{name} has no {}", attribute.name());
        }
        for (attribute, _) in element.attributes.iter().filter(|(_, required)| **required) {
            assert!(node.has_attribute(attribute.as_str()), "{name} lacks {attribute}");
        }
        for child in node.children() {
            if child.is_element() {
                let child = child.tag_name().name();
                assert!(element.children.contains(child), "{child} does not belong in {name}");
            } else {
                assert!(element.text || child.text().unwrap().trim().is_empty(), "text in {name}");
            }
        }
    }
    for suite in document.descendants().filter(|node| node.has_tag_name("testsuite")) {
        let count = |tag: &str| suite.descendants().filter(|node| node.has_tag_name(tag)).count().to_string();
        assert_eq!(suite.attribute("tests"), Some(count("testcase").as_str()));
        assert_eq!(suite.attribute("failures"), Some(count("failure").as_str()));
        assert_eq!(suite.attribute("skipped"), Some(count("skipped").as_str()));
        assert_ne!(count("testcase"), "0");
    }
}

#[test]
fn junit_follows_the_schema_that_jenkins_uses() {
    for text in both(Format::Junit) {
        check_junit(&text);
    }
    let text = render(Format::Junit, &findings(), SKIPPED);
    let document = roxmltree::Document::parse(&text).unwrap();
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    let message = failure.attribute("message").unwrap();
    assert!(message.starts_with("`<a href=\"x\">]]>&'` is 100%, not\\u{1}\\u{7f}\\u{fffe} a,b:c"), "{message}");
    assert!(failure.text().unwrap().ends_with("help: first line\\r\\nsecond line, 5%::error::"));
}

#[test]
fn reports_are_the_same_each_time() {
    for format in [Format::Json, Format::Sarif, Format::Github, Format::Junit, Format::Gitlab] {
        assert_eq!(both(format), both(format));
    }
}

/// The whole of corpus/reject, which has every kind of finding, place and fix.
#[test]
fn reports_of_real_findings_follow_the_schemas() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/reject");
    let run = |format: &str| {
        let arguments = ["contentcheck", "lint", corpus, "--no-config", "--show", "info", "--format", format];
        let cli = <crate::args::Cli as clap::Parser>::try_parse_from(arguments).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut streams = crate::Streams { out: &mut out, err: &mut err, color: false, interactive: false };
        assert_eq!(crate::run(&cli, &mut streams), crate::exit::Exit::Findings);
        String::from_utf8(out).unwrap()
    };
    let json: Value = serde_json::from_str(&run("json")).unwrap();
    assert!(json["findings"].as_array().unwrap().len() > 100);
    validate(&schema(), &json);
    validate(&sarif_schema(), &serde_json::from_str(&run("sarif")).unwrap());
    validate(&gitlab_schema(), &serde_json::from_str(&run("gitlab")).unwrap());
    check_junit(&run("junit"));
    assert!(run("github").lines().all(|line| line.starts_with("::")));
}

/// Tests that pass, fail and are skipped, of `contentcheck test`.
#[test]
fn junit_of_tests_follows_the_schema_too() {
    let events = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/events");
    for (directory, exit) in [("faulty", crate::exit::Exit::Findings), ("rules", crate::exit::Exit::Fine)] {
        let path = format!("{events}/{directory}");
        let arguments = ["contentcheck", "test", &path, "--no-config", "--format", "junit"];
        let cli = <crate::args::Cli as clap::Parser>::try_parse_from(arguments).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut streams = crate::Streams { out: &mut out, err: &mut err, color: false, interactive: false };
        assert_eq!(crate::run(&cli, &mut streams), exit);
        check_junit(&String::from_utf8(out).unwrap());
    }
}
