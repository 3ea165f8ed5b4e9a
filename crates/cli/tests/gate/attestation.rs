//! Who vouches for a release, and for the one before it.

use super::*;

#[test]
fn an_attestation_holds_for_its_image_and_key_alone() {
    let scratch = Scratch::new("attest");
    let (private, public) = (scratch.file("gate.pem"), scratch.file("gate.pub"));
    fs::write(&private, PRIVATE).unwrap();
    fs::write(&public, PUBLIC).unwrap();
    let demo = corpus("releases/demo");
    let left = scratch.file("evidence");
    let (exit, _, err) =
        run(&["gate", demo.to_str().unwrap(), "--cases", "64", "--evidence", &left, "--sign", &private]);
    assert_eq!(exit, Exit::Fine, "{err}");
    let (attestation, image) =
        (scratch.file("evidence/attestation.dsse.json"), scratch.file("evidence/release.ccimage"));
    let verify = |attestation: &str, image: &str| {
        run(&["attest", "verify", attestation, "--key", &public, "--image", image, "--print"])
    };
    let (exit, out, err) = verify(&attestation, &image);
    assert_eq!(exit, Exit::Fine, "{err}");
    let statement: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(statement["predicate"]["result"], "PASSED");
    assert_eq!(statement["predicate"]["passedTests"].as_array().unwrap().len(), 10);
    // It says what it covers; name, sequence and evidence are compared where they are asked for.
    let asked = |more: &[&str]| {
        run(&[["attest", "verify", &attestation, "--key", &public, "--image", &image].as_slice(), more].concat())
    };
    for said in ["every check", "release: demo, sequence 12, ", "passed: self-test, lint, ", "was not compared"] {
        assert!(err.contains(said), "{err}");
    }
    let json = scratch.file("evidence/evidence.json");
    let (exit, _, err) = asked(&["--name", "demo", "--min-sequence", "12", "--evidence", &json]);
    assert!(exit == Exit::Fine && !err.contains("was not compared"), "{err}");
    for (more, words) in [
        (["--name", "other"], "the release `demo`, and `other` is asked for"),
        (["--min-sequence", "13"], "the sequence 12, and at least 13 is asked for"),
        (["--evidence", &image], "the evidence does not belong to the statement"),
    ] {
        let (exit, _, err) = asked(&more);
        assert!(exit == Exit::Findings && err.contains(words), "{err}");
    }
    // Another image, an altered envelope, what is none.
    let mut bytes = fs::read(&image).unwrap();
    bytes.push(0);
    fs::write(scratch.file("other.ccimage"), bytes).unwrap();
    let (exit, out, err) = verify(&attestation, &scratch.file("other.ccimage"));
    assert_eq!((exit, out.as_str()), (Exit::Findings, ""), "{err}");
    assert!(err.contains("NOT ACCEPTED: the statement is about the SHA-256"), "{err}");
    let text = fs::read_to_string(&attestation).unwrap();
    fs::write(scratch.file("altered.json"), text.replacen("\"payload\":\"ey", "\"payload\":\"fy", 1)).unwrap();
    assert_eq!(verify(&scratch.file("altered.json"), &image).0, Exit::Findings);
    fs::write(scratch.file("empty.json"), "").unwrap();
    assert_eq!(verify(&scratch.file("empty.json"), &image).0, Exit::Findings);
    assert_eq!(verify(&scratch.file("nowhere.json"), &image).0, Exit::Usage);
    let (exit, _, err) = verify(&attestation, &scratch.file("evidence/no.ccimage"));
    assert!(exit == Exit::Usage && err.contains("the gate leaves an image of a release that ships"), "{err}");
    // A release that failed is attested as one that failed.
    let bad = corpus("reject/CC1004-test-failed");
    let (exit, _, _) = run(&[
        "gate",
        bad.to_str().unwrap(),
        "--cases",
        "64",
        "--skip",
        "self-test",
        "--evidence",
        &left,
        "--sign",
        &private,
    ]);
    assert_eq!(exit, Exit::Findings);
    // The gate leaves no image of it.
    assert!(!Path::new(&image).exists());
    let (compiled, _, err) = run(&["compile", bad.to_str().unwrap(), "-o", &image]);
    assert_eq!(compiled, Exit::Fine, "{err}");
    let (exit, _, err) = verify(&attestation, &image);
    assert_eq!(exit, Exit::Findings);
    assert!(err.contains("the gate's verdict was that the release does not ship"), "{err}");
}

/// Warnings that a release makes nothing of are attested, and who takes it may refuse them.
#[test]
fn warnings_are_attested_and_may_be_refused() {
    let scratch = Scratch::new("warned");
    let (private, public, left) = (scratch.file("gate.pem"), scratch.file("gate.pub"), scratch.file("evidence"));
    fs::write(&private, PRIVATE).unwrap();
    fs::write(&public, PUBLIC).unwrap();
    let release = demo_without_evidence(&scratch);
    let config = release.join("contentcheck.toml");
    let own = fs::read_to_string(&config).unwrap().replace("previous = \"../demo-11\"\n", "");
    let own = own.replace("require-all = true", "").replace("deny-warnings = true", "");
    fs::write(&config, own).unwrap();
    let rule = corpus("reject/CC0149-other-sigma/variant_number.yml");
    fs::copy(rule, release.join("sigma/process/warned.yml")).unwrap();
    let gate = ["gate", release.to_str().unwrap(), "--cases", "64", "--evidence", &left, "--sign", &private];
    let (exit, out, err) = run(&gate);
    let first = out.lines().next().unwrap();
    assert!(exit == Exit::Fine && first.contains("; 1 warning; this is not a pass"), "{out}{err}");
    let (attestation, image) =
        (scratch.file("evidence/attestation.dsse.json"), scratch.file("evidence/release.ccimage"));
    let asked = ["attest", "verify", &attestation, "--key", &public, "--image", &image, "--allow-missing", "change"];
    let (exit, _, err) = run(&asked);
    assert!(exit == Exit::Fine && err.contains("; 1 warning\n") && err.contains("  warnings: 1\n"), "{err}");
    let (exit, _, err) = run(&[&asked[..], &["--deny-warnings"]].concat());
    assert!(exit == Exit::Findings && err.contains("NOT ACCEPTED: the gate has 1 warning"), "{err}");
}

/// What a release was compared with is held to the key and to what devices have: a release that shrinks against one of the
/// engineer's own making, or against one that its gate stopped, does not pass for one that was compared with the last.
#[test]
fn a_release_follows_the_one_that_devices_have() {
    let scratch = Scratch::new("chain");
    let (private, public) = (scratch.file("gate.pem"), scratch.file("gate.pub"));
    fs::write(&private, PRIVATE).unwrap();
    fs::write(&public, PUBLIC).unwrap();
    let release = demo_without_evidence(&scratch);
    let config = release.join("contentcheck.toml");
    let own = fs::read_to_string(&config).unwrap().replace("require-all = true", "require-all = false");
    let previous = |path: &str, evidence: &str, sequence: &str| {
        let said = format!("previous = \"{path}\"\nprevious-evidence = \"{evidence}\"\nprevious-key = \"gate.pub\"");
        own.replace("previous = \"../demo-11\"", &said).replace("sequence = 12", sequence)
    };
    let gate = |release: &Path, left: &str| {
        run(&["gate", release.to_str().unwrap(), "--cases", "64", "--evidence", left, "--sign", &private])
    };
    fs::write(release.join("gate.pub"), PUBLIC).unwrap();
    fs::write(&config, own.replace("previous = \"../demo-11\"\n", "")).unwrap();
    let shipped = scratch.file("shipped");
    assert_eq!(gate(&release, &shipped).0, Exit::Fine);
    // The next one loses most of its rules, and fails.
    let next = PathBuf::from(scratch.file("next"));
    copy(&release, &next);
    fs::remove_dir_all(next.join("sigma/registry")).unwrap();
    fs::remove_file(next.join("sigma/process/shadow_copies_deleted.yml")).unwrap();
    fs::write(
        next.join("contentcheck.toml"),
        previous("../demo", &format!("{shipped}/evidence.json"), "sequence = 13"),
    )
    .unwrap();
    let stopped = scratch.file("stopped");
    let (exit, out, err) = gate(&next, &stopped);
    assert!(exit == Exit::Findings && out.contains("CC0802"), "{out}{err}");
    // The same again, compared with the one that failed.
    let again = PathBuf::from(scratch.file("again"));
    copy(&next, &again);
    fs::write(
        again.join("contentcheck.toml"),
        previous("../next", &format!("{stopped}/evidence.json"), "sequence = 14"),
    )
    .unwrap();
    let (exit, _, err) = gate(&again, &scratch.file("left"));
    assert!(exit == Exit::Usage && err.contains("the gate stopped that release"), "{err}");
    // And with one that was gated without anything before it, as a first release is.
    fs::write(
        next.join("contentcheck.toml"),
        own.replace("previous = \"../demo-11\"\n", "").replace("sequence = 12", "sequence = 13"),
    )
    .unwrap();
    let (exit, out, err) = gate(&next, &stopped);
    assert_eq!(exit, Exit::Fine, "{out}{err}");
    let left = scratch.file("left");
    let (exit, out, _) = gate(&again, &left);
    assert!(exit == Exit::Fine && out.starts_with("passed"), "{out}");
    let verify = |key: &str, more: &[&str]| {
        let (attestation, image) = (format!("{left}/attestation.dsse.json"), format!("{left}/release.ccimage"));
        run(&[&["attest", "verify", &attestation, "--key", key, "--image", &image], more].concat())
    };
    let (exit, _, err) = verify(&public, &[]);
    assert!(exit == Exit::Fine && err.contains("was not looked at: --previous its attestation"), "{err}");
    let of = |directory: &str| format!("{directory}/attestation.dsse.json");
    let (exit, _, err) = verify(&public, &["--previous", &of(&shipped)]);
    assert!(exit == Exit::Findings && err.contains("was not compared with the one that devices have"), "{err}");
    let (exit, _, err) = verify(&public, &["--previous", &of(&stopped)]);
    assert!(exit == Exit::Fine && !err.contains("was not looked at"), "{err}");
    // A key of the engineer's own vouches for nothing.
    let (theirs, own_key) = (scratch.file("theirs.pem"), scratch.file("theirs.pub"));
    fs::write(&theirs, OTHER_PRIVATE).unwrap();
    fs::write(&own_key, OTHER_PUBLIC).unwrap();
    fs::write(again.join("gate.pub"), OTHER_PUBLIC).unwrap();
    let (exit, _, err) =
        run(&["gate", next.to_str().unwrap(), "--cases", "64", "--evidence", &stopped, "--sign", &theirs]);
    assert_eq!(exit, Exit::Fine, "{err}");
    assert_eq!(gate(&again, &left).0, Exit::Fine);
    let (exit, _, err) = verify(&public, &[]);
    assert!(exit == Exit::Findings && err.contains("another key vouches for"), "{err}");
    assert_eq!(verify(&public, &["--previous-key", &own_key]).0, Exit::Fine);
    assert_eq!(verify(&public, &["--previous-key", &own_key, "--previous", &of(&stopped)]).0, Exit::Fine);
    assert_eq!(verify(&public, &["--previous", &of(&stopped)]).0, Exit::Usage);
}

/// The demo holds what it has to look at against evidence of the release before, which a key signed. With `BLESS=1` it is
/// made again.
#[test]
fn the_evidence_of_the_release_before_the_demo_is_signed() {
    // Relative, so that the evidence names its files without the place of the checkout.
    let before = PathBuf::from("../../corpus/releases/demo-11");
    let (scratch, kept) = (Scratch::new("before"), before.join("evidence"));
    let (private, left) = (scratch.file("gate.pem"), scratch.file("evidence"));
    fs::write(&private, PRIVATE).unwrap();
    let arguments = ["--evidence", &left, "--sign", &private, "--cases", "2000"];
    let (exit, _, err) = run(&[&["gate", before.to_str().unwrap()], arguments.as_slice()].concat());
    assert_eq!(exit, Exit::Fine, "{err}");
    let files = ["evidence.json", "attestation.dsse.json"];
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(&kept).unwrap();
        for file in files {
            fs::copy(Path::new(&left).join(file), kept.join(file)).unwrap();
        }
        fs::write(corpus("releases/demo").join("gate.pub"), PUBLIC).unwrap();
    }
    // What is compared with it is the same as today: it was of this release.
    let of = |directory: &Path| Evidence::from_json(&fs::read(directory.join("evidence.json")).unwrap()).unwrap();
    let (then, now) = (of(&kept), of(Path::new(&left)));
    let counted = |evidence: &Evidence| -> Vec<u64> {
        let facts = evidence.checks.iter().filter(|check| ["tests", "replay"].contains(&check.name.as_str()));
        facts
            .flat_map(|check| check.facts.iter().filter(|(name, _)| name.contains("distinct")))
            .map(|(_, of)| *of)
            .collect()
    };
    assert_eq!(then.release.content_sha256, now.release.content_sha256);
    assert!(counted(&then).len() == 5 && counted(&then).iter().all(|count| *count >= 10), "{:?}", counted(&then));
    // A number of it edited, or none of it signed: the run ends, or is one in part.
    let release = demo(&scratch);
    let (path, file) = (release.to_str().unwrap(), scratch.file("demo-11/evidence/evidence.json"));
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains(env!("CARGO_MANIFEST_DIR")));
    let gate = || run(&["gate", path, "--only", "change", "--format", "json"]);
    assert!(gate().2.is_empty() || gate().0 != Exit::Usage, "{}", gate().2);
    fs::write(&file, text.replacen("\"distinct never-match events\": ", "\"distinct never-match events\": 1", 1))
        .unwrap();
    let (exit, _, err) = gate();
    assert!(exit == Exit::Usage && err.contains("does not hold for it"), "{err}");
    fs::write(&file, text).unwrap();
    let config = release.join("contentcheck.toml");
    let known = fs::read_to_string(&config).unwrap();
    for (line, words) in [
        ("previous-key = \"gate.pub\"\n", "no key says so"),
        ("previous-evidence = \"../demo-11/evidence/evidence.json\"\n", "no evidence of the previous release is named"),
    ] {
        assert!(known.contains(line));
        fs::write(&config, known.replace(line, "")).unwrap();
        let (exit, out, err) = gate();
        assert!(exit == Exit::Findings && out.contains(words), "{line}: {out}{err}");
    }
}

/// Evidence of another release than the one that is named as the previous one ends the run, and so does that of this one.
#[test]
fn evidence_that_is_not_of_the_previous_release_ends_the_run() {
    let scratch = Scratch::new("previous");
    let release = demo_without_evidence(&scratch);
    let (path, before) = (release.to_str().unwrap(), scratch.file("demo-11"));
    let json = scratch.file("11.json");
    let leave = |release: &str, file: &str| {
        let (exit, _, err) = run(&["gate", release, "--only", "lint,tests", "--format", "json", "-o", file]);
        assert_ne!(exit, Exit::Usage, "{err}");
    };
    leave(&before, &json);
    let gate = |evidence: &str| run(&["gate", path, "--only", "change", "--previous-evidence", evidence]);
    let (exit, out, err) = gate(&json);
    assert_eq!(exit, Exit::Findings, "{out}{err}");
    assert!(out.starts_with("incomplete: 1 of 10 checks ran"), "{out}");
    let other = scratch.file("other.json");
    let text = fs::read_to_string(&json).unwrap();
    for (edit, words) in [
        (
            ("\"name\": \"demo\"", "\"name\": \"other\""),
            "it is of the release `other`, and the previous release is `demo`",
        ),
        (("\"sequence\": 11", "\"sequence\": 10"), "it is of a release that has the sequence 10"),
        (("\"content_sha256\": \"", "\"content_sha256\": \"0"), "it is of other content"),
    ] {
        assert!(text.contains(edit.0), "{}", edit.0);
        fs::write(&other, text.replacen(edit.0, edit.1, 1)).unwrap();
        let (exit, _, err) = gate(&other);
        assert!(exit == Exit::Usage && err.contains(words), "{err}");
    }
    // Of this very release, and of the previous one as it no longer is.
    leave(path, &other);
    let (exit, _, err) = gate(&other);
    assert!(exit == Exit::Usage && err.contains("this is not evidence of the previous release"), "{err}");
    fs::remove_dir_all(scratch.file("demo-11/sigma/process")).unwrap();
    let (exit, _, err) = gate(&json);
    assert!(exit == Exit::Usage && err.contains("it is of other content than the previous release has"), "{err}");
}
