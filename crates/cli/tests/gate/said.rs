//! One verdict, in each format and on the page, with what was left out and what let the release pass.

use super::*;

#[test]
fn reports_of_all_formats_say_what_failed() {
    let case = corpus("reject/CC0803-rule-emptied");
    for format in ["human", "json", "sarif", "junit", "markdown", "github", "html"] {
        let (exit, out, _) =
            run(&["gate", case.to_str().unwrap(), "--cases", "64", "--skip", "self-test", "--format", format]);
        assert_eq!(exit, Exit::Findings, "{format}");
        assert!(out.contains("CC0803") && out.contains("dropper"), "{format}\n{out}");
    }
    let (_, sarif, _) =
        run(&["gate", case.to_str().unwrap(), "--cases", "64", "--skip", "self-test", "--format", "sarif"]);
    let (_, junit, _) =
        run(&["gate", case.to_str().unwrap(), "--cases", "64", "--skip", "self-test", "--format", "junit"]);
    let document = roxmltree::Document::parse(&junit).unwrap();
    let count = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count().to_string();
    let root = document.root_element();
    assert_eq!(root.attribute("tests"), Some(count("testcase").as_str()));
    assert_eq!(root.attribute("failures"), Some(count("failure").as_str()));
    let value: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif_problems(&value), [""; 0]);
}

/// What the published schema has against a document.
fn sarif_problems(value: &serde_json::Value) -> Vec<String> {
    // The published schema has one pattern with a stray bracket, which is no valid expression.
    let schema = include_str!("../schemas/sarif-2.1.0.json");
    let schema = schema.replace("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(value).map(|error| error.to_string()).collect()
}

/// `attest verify` takes what is incomplete only where each check is named.
#[test]
fn one_verdict_is_shown_everywhere() {
    let scratch = Scratch::new("verdict");
    let (private, public) = (scratch.file("gate.pem"), scratch.file("gate.pub"));
    fs::write(&private, PRIVATE).unwrap();
    fs::write(&public, PUBLIC).unwrap();
    let release = corpus("reject/CC0802-rule-removed");
    let (left, fast) = (scratch.file("evidence"), ["--cases", "64", "--skip", "self-test"]);
    let release = release.to_str().unwrap();
    for (more, exit, result) in
        [([].as_slice(), Exit::Fine, "WARNED"), (["--require-all"].as_slice(), Exit::Findings, "FAILED")]
    {
        let gate = ["gate", release, "--evidence", &left, "--sign", &private];
        let (ended, out, err) = run(&[gate.as_slice(), &fast, more].concat());
        assert_eq!(ended, exit, "{err}");
        let first = out.lines().next().unwrap();
        assert!(first.starts_with("incomplete: ") && out.trim_end().ends_with(first), "{out}");
        for file in ["summary.txt", "evidence.json", "evidence.sarif", "junit.xml", "summary.md"] {
            let text = fs::read_to_string(scratch.file(&format!("evidence/{file}"))).unwrap();
            assert!(text.contains(first), "{file}: {text}");
        }
        let page = fs::read_to_string(scratch.file("evidence/report.html")).unwrap();
        assert!(page.contains(&first.replacen('i', "I", 1)), "{page}");
        let github = ["gate", release, "--format", "github"];
        let (_, github, _) = run(&[github.as_slice(), &fast, more].concat());
        let command = if exit == Exit::Fine { "warning" } else { "error" };
        assert_eq!(github.lines().next().unwrap(), format!("::{command} title=contentcheck gate::{first}"));
        let junit = fs::read_to_string(scratch.file("evidence/junit.xml")).unwrap();
        assert_eq!(junit.contains("<failure type=\"verdict\""), exit == Exit::Findings, "{junit}");

        let (attestation, left_image) =
            (scratch.file("evidence/attestation.dsse.json"), scratch.file("evidence/release.ccimage"));
        // An image is left of what ships alone.
        let image = scratch.file("release.ccimage");
        assert_eq!(Path::new(&left_image).exists(), exit == Exit::Fine);
        if exit == Exit::Fine {
            fs::copy(&left_image, &image).unwrap();
        }
        let verify = |more: &[&str]| {
            run(&[["attest", "verify", &attestation, "--key", &public, "--image", &image].as_slice(), more].concat())
        };
        let (ended, out, err) = verify(&["--print"]);
        assert_eq!((ended, out.as_str()), (Exit::Findings, ""), "{err}");
        let evidence = scratch.file("evidence/evidence.json");
        let found = Evidence::from_json(&fs::read(&evidence).unwrap()).unwrap();
        let missing: BTreeSet<&str> = found.verdict.missing().iter().map(|one| one.check.as_str()).collect();
        let names: Vec<&str> = missing.into_iter().collect();
        assert!(names.contains(&"self-test") && names.len() > 1, "{names:?}");
        let (ended, out, err) = verify(&["--print", "--allow-missing", &names.join(","), "--evidence", &evidence]);
        assert_eq!(ended, exit, "{err}");
        if exit == Exit::Fine {
            let statement: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!(statement["predicate"]["result"], result);
            for said in ["release: ", "made by: contentcheck ", "MISSING: self-test: left out on request", "inputs"] {
                assert!(err.contains(said), "{err}");
            }
        } else {
            assert!(err.contains("does not ship: not every check ran"), "{err}");
        }
        // All but one of them is not all.
        assert_eq!(verify(&["--allow-missing", &names[1..].join(",")]).0, Exit::Findings);
        let (ended, _, err) = verify(&["--allow-missing", "self-tset"]);
        assert!(ended == Exit::Usage && err.contains("did you mean `self-test`?"), "{err}");
    }
}

/// What evidence says was accepted or left out is in every report, and whatever names and reasons hold is text there.
#[test]
fn reports_show_what_was_left_out_and_no_text_of_content_acts() {
    use contentcheck::args::GateFormat;
    use contentcheck_gate::evidence::Finding;
    let hostile = "x\n::error file=a::b\r\x1b[2J\u{202E}\u{9b}\u{0}|<script>`[a](http://b)\u{2028}";
    let (_, mut found) = evidence(&corpus("releases/demo"), &["--only", "coverage"]);
    found.release.name = Some(hostile.to_owned());
    found.accepted = vec![AcceptedFindings {
        by: AcceptedBy::Comment,
        code: "CC0604".to_owned(),
        file: format!("accepted/{hostile}"),
        count: 2,
        reason: Some(format!("agreed {hostile}")),
    }];
    found.left_out = vec![LeftOut {
        rule: format!("unread {hostile}"),
        file: hostile.to_owned(),
        line: 7,
        codes: vec!["CC0117".to_owned()],
    }];
    let mut hidden = FilesLeftOut::new("hidden");
    hidden.note(format!("walked/{hostile}"));
    found.files_left_out = vec![hidden];
    found.sensors = vec![SensorFacts {
        sensor: format!("edr {hostile}"),
        version: "7".to_owned(),
        loads: Some(1),
        of: 2,
        previously: Some(2),
    }];
    for rule in &mut found.rules {
        (rule.title, rule.place.file) = (hostile.to_owned(), hostile.to_owned());
    }
    let place = found.rules.first().map(|rule| rule.place.clone());
    for check in &mut found.checks {
        check.summary = hostile.to_owned();
        check.findings = vec![Finding {
            place: place.clone(),
            rule: Some(hostile.to_owned()),
            help: Some(hostile.to_owned()),
            event: Some(serde_json::json!({ hostile: hostile })),
            ..Finding::new(&codes::NEVER_SEEN_FIRING, hostile)
        }];
        check.skipped.push(hostile.to_owned());
        check.not_applicable.push(hostile.to_owned());
    }
    for (format, name) in GateFormat::FILES.into_iter().chain([(GateFormat::Github, "github")]) {
        let text = contentcheck::report::gate::write(format, &found, false).unwrap();
        let lists = ["accepted/", "agreed ", "unread ", "walked/", "edr "];
        if !matches!(format, GateFormat::Github | GateFormat::Junit | GateFormat::Sarif) {
            assert!(lists.iter().all(|word| text.contains(word)), "{name}: {text}");
        }
        if format == GateFormat::Json {
            continue;
        }
        let raw = |letter: char| (letter.is_control() && letter != '\n') || ['\u{202E}', '\u{2028}'].contains(&letter);
        assert!(!text.contains(raw), "{name}: {text:?}");
        let acts =
            |line: &str| line.trim_start().starts_with("::") && !line.contains(" title=") && !line.contains(",title=");
        assert!(!text.lines().any(acts), "{name}: {text}");
        match format {
            // The page has one script, its own.
            GateFormat::Html => assert_eq!(text.matches("<script").count(), 1, "{text}"),
            GateFormat::Junit => drop(roxmltree::Document::parse(&text).unwrap()),
            GateFormat::Sarif => {
                let value: serde_json::Value = serde_json::from_str(&text).unwrap();
                let results = value["runs"][0]["results"].as_array().unwrap();
                let suppressed: Vec<_> = results.iter().filter(|result| result.get("suppressions").is_some()).collect();
                let kind = suppressed[0]["suppressions"][0]["kind"].as_str();
                assert_eq!((suppressed.len(), kind), (1, Some("inSource")));
                assert_eq!(sarif_problems(&value), [""; 0]);
            }
            GateFormat::Markdown => {
                // Places of findings and events are code; everything else is prose without markup.
                let prose = text.lines().filter(|line| !line.contains('`') || line.contains("\\`"));
                let outside: Vec<&str> = prose.filter(|line| !line.contains("` ")).collect();
                assert!(
                    outside.len() > 8
                        && !outside
                            .iter()
                            .any(|line| line.contains("<script") || line.replace("\\](", "").contains("](")),
                    "{text}"
                );
            }
            _ => {}
        }
    }
}

/// The page in a browser, as wide as a telephone: it loads without a script or a request, says the verdict, and nothing
/// makes it wider than the screen.
#[test]
fn the_page_opens_in_a_browser() {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let found = browsers
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|of| of.status.success()));
    let Some(browser) = found else {
        eprintln!("skipped: the page in a browser (no chromium is installed)");
        return;
    };
    let scratch = Scratch::new("page");
    let page = scratch.file("report.html");
    let demo = corpus("releases/demo");
    let (exit, _, err) = run(&["gate", demo.to_str().unwrap(), "--cases", "64", "--format", "html", "-o", &page]);
    assert_eq!(exit, Exit::Fine, "{err}");
    let text = fs::read_to_string(&page).unwrap();
    for outside in ["http:", "<script ", "<link", "<img", "@import", "url(", "fetch", "import("] {
        assert!(!text.contains(outside), "the page names {outside}");
    }
    // Codes lead to their pages; nothing is loaded from there.
    assert_eq!(text.matches("https:").count(), text.matches("<a class=\"code\" href=\"https:").count());
    // The measure is put into a copy.
    let probe =
        "<script>document.title='width '+document.documentElement.scrollWidth+' of '+window.innerWidth</script></body>";
    let copy = scratch.file("probe.html");
    fs::write(&copy, text.replace("</body>", probe)).unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=500,900"])
        .arg(format!("--user-data-dir={}", scratch.file("profile")))
        .args(["--dump-dom", &format!("file://{copy}")])
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    assert!(dom.contains("Passed: 10 of 10 checks ran."), "{dom}\n{}", String::from_utf8_lossy(&output.stderr));
    let title = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap();
    let (wide, of) = title.strip_prefix("width ").and_then(|rest| rest.split_once(" of ")).unwrap();
    assert!(wide.parse::<u32>().unwrap() <= of.parse::<u32>().unwrap(), "the page is {wide} wide on a screen of {of}");
}

/// A long self-test says how far it is, and counts what does not apply apart.
#[test]
fn every_rule_has_a_total() {
    let scratch = Scratch::new("every");
    let release = scratch.file("release");
    fs::create_dir_all(&release).unwrap();
    let demo = corpus("releases/demo/sigma/process");
    fs::copy(demo.join("certutil_download.yml"), format!("{release}/a.yml")).unwrap();
    fs::copy(demo.join("office_child.yml"), format!("{release}/b.yml")).unwrap();
    let (exit, out, err) =
        run(&["gate", &release, "--no-config", "--only", "self-test", "--every-rule", "--format", "json"]);
    assert_eq!(exit, Exit::Fine, "{err}");
    let evidence: Evidence = serde_json::from_str(&out).unwrap();
    let check = &evidence.checks[0];
    let apart = evidence.defects.iter().filter(|class| class.seeded == 0).count();
    assert!(evidence.defects.iter().any(|class| class.seeded == 2), "{:?}", evidence.defects);
    assert_eq!(check.facts["classes that do not apply"], apart as u64);
    assert_eq!(check.not_applicable.len(), apart);
    assert!(err.contains(&check.summary), "{err}");
}

/// A word that lets a release pass stands in the first line, in every report, in the statement and in what `attest verify`
/// says; and is accepted there by its name alone.
#[test]
fn words_that_let_a_release_pass_are_told_everywhere() {
    let scratch = Scratch::new("allowed");
    let (private, public) = (scratch.file("gate.pem"), scratch.file("gate.pub"));
    fs::write(&private, PRIVATE).unwrap();
    fs::write(&public, PUBLIC).unwrap();
    let (release, left) = (demo(&scratch), scratch.file("evidence"));
    for gone in ["registry", "network", "dns"] {
        fs::remove_dir_all(release.join("sigma").join(gone)).unwrap();
    }
    let only = ["--only", "lint,change"];
    let gate = |more: &[&str]| {
        let path = release.to_str().unwrap();
        let first = ["gate", path, "--evidence", &left, "--sign", &private];
        // The demo asks for every check: here two are enough.
        run(&[first.as_slice(), &only, more].concat())
    };
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("require-all = true", "")).unwrap();
    assert_eq!(gate(&[]).0, Exit::Findings);
    let (exit, out, err) = gate(&["--allow-shrink", "--skip-unsupplied"]);
    assert_eq!(exit, Exit::Fine, "{out}{err}");
    let first = out.lines().next().unwrap();
    assert!(first.contains("; with --allow-shrink, --skip-unsupplied;"), "{first}");
    for file in ["summary.txt", "evidence.json", "evidence.sarif", "junit.xml", "summary.md", "report.html"] {
        let text = fs::read_to_string(scratch.file(&format!("evidence/{file}"))).unwrap();
        assert!(text.contains("with --allow-shrink, --skip-unsupplied"), "{file}: {text}");
    }
    let (attestation, image) =
        (scratch.file("evidence/attestation.dsse.json"), scratch.file("evidence/release.ccimage"));
    let verify = |more: &[&str]| {
        let missing = contentcheck_gate::verdict::CHECKS.join(",");
        let first =
            ["attest", "verify", &attestation, "--key", &public, "--image", &image, "--allow-missing", &missing];
        run(&[first.as_slice(), more].concat())
    };
    for more in [[].as_slice(), &["--allow-shrink"], &["--skip-unsupplied", "--allow-growth"]] {
        let (exit, _, err) = verify(more);
        assert!(exit == Exit::Findings && err.contains("the gate was run with --"), "{more:?}: {err}");
    }
    let (exit, out, err) = verify(&["--allow-shrink", "--skip-unsupplied", "--print"]);
    assert!(exit == Exit::Fine && err.contains("ALLOWED: --allow-shrink, --skip-unsupplied"), "{err}");
    let statement: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(statement["predicate"]["allowed"], serde_json::json!(["allow-shrink", "skip-unsupplied"]));
}

/// What a severity lowers of what the gate itself finds stands in the first line, in the evidence, in the statement and in
/// what `attest verify` says. What cannot be lowered is refused.
#[test]
fn what_a_severity_lowers_is_told_everywhere() {
    let scratch = Scratch::new("lowered");
    let (private, public) = (scratch.file("gate.pem"), scratch.file("gate.pub"));
    fs::write(&private, PRIVATE).unwrap();
    fs::write(&public, PUBLIC).unwrap();
    let (release, left) = (demo(&scratch), scratch.file("evidence"));
    fs::remove_file(release.join("sigma/process/shadow_copies_deleted.yml")).unwrap();
    let config = release.join("contentcheck.toml");
    let text = fs::read_to_string(&config).unwrap().replace("require-all = true", "");
    let path = release.to_str().unwrap();
    let gate = |severity: &str| {
        fs::write(&config, format!("{text}\n[severity]\n{severity}\n")).unwrap();
        run(&["gate", path, "--evidence", &left, "--sign", &private, "--only", "lint,change"])
    };
    let (exit, out, _) = gate("");
    assert!(exit == Exit::Findings && out.contains("error[CC0802]"), "{out}");
    let words = "1 finding accepted by severities";
    let (attestation, image) =
        (scratch.file("evidence/attestation.dsse.json"), scratch.file("evidence/release.ccimage"));
    for level in ["off", "info"] {
        let (exit, out, err) = gate(&format!("CC0802 = \"{level}\""));
        assert_eq!(exit, Exit::Fine, "{out}{err}");
        assert!(out.lines().next().unwrap().contains(words), "{out}");
        assert!(out.contains("1 finding of CC0802 in (change), accepted by a severity in the configuration"), "{out}");
        let file = fs::read(scratch.file("evidence/evidence.json")).unwrap();
        let found = Evidence::from_json(&file).unwrap();
        let accepted: Vec<_> = found.accepted.iter().map(|of| (of.by, of.code.as_str(), of.count)).collect();
        assert_eq!(accepted, [(AcceptedBy::Severity, "CC0802", 1)]);
        for file in ["summary.txt", "evidence.sarif", "junit.xml", "summary.md", "report.html"] {
            let text = fs::read_to_string(scratch.file(&format!("evidence/{file}"))).unwrap();
            assert!(text.contains(words), "{file}: {text}");
        }
        let missing = contentcheck_gate::verdict::CHECKS.join(",");
        let (exit, out, err) = run(&[
            "attest",
            "verify",
            &attestation,
            "--key",
            &public,
            "--image",
            &image,
            "--allow-missing",
            &missing,
            "--print",
        ]);
        assert!(exit == Exit::Fine && err.lines().next().unwrap().contains(words), "{err}");
        let statement: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(statement["predicate"]["accepted"]["severity"], serde_json::json!(1));
    }
    for (code, level) in [
        ("CC0801", "warning"),
        ("CC0806", "info"),
        ("CC0811", "off"),
        ("CC1011", "off"),
        ("CC1018", "off"),
        ("CC1020", "info"),
        ("input-unseen", "info"),
    ] {
        let (exit, out, err) = gate(&format!("{code} = \"{level}\""));
        assert!(exit == Exit::Usage && out.is_empty() && err.contains("no setting lowers it"), "{code}: {err}");
    }
}
