//! Public rules as truth: what is found in thousands of rules that others wrote is held against
//! answers that this test computes on its own, from the published manifests of the sensors.
#![expect(clippy::unwrap_used, clippy::unreachable, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use contentcheck_model::diagnostic::Severity;
use contentcheck_parser::release::{Checking, Judged};
use contentcheck_project::{Project, Selection};
use contentcheck_public::{corpus, files, json, live};

/// What is found, and how many content files were read for it.
fn check(paths: &[PathBuf], fleet: &str) -> (Judged, usize) {
    let fleet = Some(fleet.to_owned()).filter(|fleet| !fleet.is_empty());
    let selection =
        Selection { no_config: true, fleet: fleet.into_iter().collect(), threads: 2, ..Selection::of(paths.to_vec()) };
    let project = Project::open(&selection).unwrap_or_else(|failure| unreachable!("{}", failure.message));
    let files = project.files;
    (project.gathered.check(&Checking::with_threads(2)).judge(), files)
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn describes_samples(path: &Path) -> bool {
    path.ends_with("info.yml") && fs::read_to_string(path).unwrap().contains("\nregression_tests_info:")
}

/// What a line-by-line look sees of a rule: its log source, and field by field the values of each
/// selection. Enough for rules that are laid out as these are, and nothing of the checker is used.
#[derive(Debug, Default)]
struct Seen {
    logsource: BTreeMap<String, String>,
    selections: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    fields: BTreeSet<String>,
}

fn see(text: &str) -> Seen {
    let mut seen = Seen::default();
    let (mut section, mut selection, mut field) = (String::new(), String::new(), String::new());
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let bare = line.trim_start().trim_start_matches("- ");
        let name = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_alphabetic())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'|'))
        };
        let pair = bare.split_once(':').filter(|(key, rest)| name(key) && (rest.is_empty() || rest.starts_with(' ')));
        match (section.as_str(), pair) {
            (_, Some((key, _))) if indent == 0 => section = key.to_owned(),
            ("logsource", Some((key, value))) => {
                let value = value.split('#').next().unwrap_or("").trim();
                seen.logsource.insert(key.to_owned(), value.to_owned());
            }
            ("detection", Some((key, _))) if indent == 4 => selection = key.to_owned(),
            ("detection", Some((key, value))) => {
                field = key.split('|').next().unwrap_or("").to_owned();
                seen.fields.insert(field.clone());
                let values = seen.selections.entry(selection.clone()).or_default().entry(field.clone()).or_default();
                let value = value.split('#').next().unwrap_or("").trim();
                if !value.is_empty() {
                    values.push(value.to_owned());
                }
            }
            ("detection", None) if line.trim_start().starts_with("- ") && !field.is_empty() => {
                let value = bare.split('#').next().unwrap_or("").trim().to_owned();
                let selection = seen.selections.entry(selection.clone()).or_default();
                selection.entry(field.clone()).or_default().push(value);
            }
            _ => {}
        }
    }
    seen
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn every_file_is_read_or_reported_with_a_code_and_a_place() {
    let folders = ["sigma", "mdecrevoisier-SIGMA-detection-rules"].map(corpus);
    let mut all = files(&folders, &["yml", "yaml"]);
    let (checked, files) = check(&folders, "");
    // SigmaHQ describes its recorded samples in YAML; those are no rules.
    all.retain(|path| !describes_samples(path));
    assert_eq!(files, all.len());
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in checked.checked().rules() {
        *rules.entry(rule.source.name()).or_default() += 1;
    }
    let mut reported: BTreeMap<&str, usize> = BTreeMap::new();
    let mut errors: BTreeMap<&str, usize> = BTreeMap::new();
    let mut beside: BTreeSet<&str> = BTreeSet::new();
    for finding in checked.findings() {
        // An id that another file has too is no mistake of the rule's own.
        let before = finding.source.text().get(..finding.span.start as usize).unwrap_or("");
        let document = before.rsplit("\n---").next().unwrap_or("");
        let own = finding.severity == Severity::Error && finding.code.id != "CC0702";
        // An error in a correlation, which is no rule, need not concern the rules of the file.
        if own && document.lines().any(|line| line.starts_with("correlation:")) {
            beside.insert(finding.source.name());
        }
        *errors.entry(finding.source.name()).or_default() += usize::from(own);
        assert!(finding.code.id.starts_with("CC0"), "{finding}");
        let at = finding.span.end as usize;
        assert!(at <= finding.source.text().len(), "{finding} lies outside of the file");
        *reported.entry(finding.source.name()).or_default() += usize::from(finding.severity > Severity::Info);
    }
    errors.retain(|_, count| *count > 0);
    let (mut expected, mut wrong) = (0, Vec::new());
    for path in &all {
        let name = path.display().to_string();
        let bytes = fs::read(path).unwrap();
        let written = String::from_utf8_lossy(&bytes).lines().filter(|line| line.starts_with("detection:")).count();
        expected += written;
        let read = rules.get(name.as_str()).copied().unwrap_or(0);
        let findings = reported.get(name.as_str()).copied().unwrap_or(0);
        // A rule that was not read, and a file without one, has a finding that says why.
        // One with warnings alone is read, and of a file with one rule and an error none is.
        let unlike = written > 0
            && !beside.contains(name.as_str())
            && match errors.get(name.as_str()) {
                None => read != written,
                Some(_) => written == 1 && read != 0,
            };
        if read > written || read + findings < written.max(1) || unlike {
            wrong.push(format!("{name}: {written} rules, {read} read, {findings} findings"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all.len() > 3_500 && expected > 3_500, "{} files with {expected} rules", all.len());
    // Deprecated aggregations and broken rules, each with its finding, as seen above.
    let unread = expected - checked.checked().rules().len();
    assert!(unread < 230, "{unread} of {expected} rules were not read");
    println!("{} files, {expected} rules, {unread} not read", all.len());
}

/// Errors in rules that are in use, each true.
const ERRORS: &[(&str, &str, &str)] = &[
    ("CC0302", "win_vul_cve_2020_0688.yml", "`Level` is a number in every Windows event; `Error` is its rendering"),
    (
        "CC0202",
        "win_security_modification_of_msds_dmsa_link_attribute.yml",
        "5136 has SubjectUserName, not SubjectAccountName",
    ),
    ("CC0202", "win_security_msds_dmsa_object_creation.yml", "5137 has SubjectUserName, not SubjectAccountName"),
    ("CC0202", "win_security_potential_pass_the_hash.yml", "the envelope has Computer, and no event has ComputerName"),
    ("CC0202", "win_security_file_access_browser_credential.yml", "4663 has ObjectName and ProcessName, not FileName"),
    (
        "CC0202",
        "zeek_http_executable_download_from_webdav.yml",
        "http.log has user_agent and uri, not the names of the proxy taxonomy",
    ),
    ("CC0202", "win_system_service_install_sups_unusal_client.yml", "7045 has no process id"),
    ("CC0502", "posh_pm_invoke_obfuscation_var.yml", "`(?:.*=.*)` inside `.*` splits one text in many ways"),
    ("CC0502", "posh_ps_invoke_obfuscation_var.yml", "the same expression"),
    ("CC0502", "proc_creation_win_hktl_invoke_obfuscation_var.yml", "the same expression"),
];

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn rules_in_use_have_no_error_that_is_not_true() {
    let (checked, _) = check(&live(), "");
    let errors = checked.findings().iter().filter(|finding| finding.severity == Severity::Error);
    let found: BTreeSet<(&str, &str)> = errors.map(|finding| (finding.code.id, base(finding.source.name()))).collect();
    let expected: BTreeSet<(&str, &str)> = ERRORS.iter().map(|(code, file, _)| (*code, *file)).collect();
    assert_eq!(found, expected);
}

/// Where the plain look at fields and the checker differ, with the reason.
const ARITY_DIFFERENCES: &[(&str, &str, &str)] = &[
    ("net_connection_win_susp_rdp_from_domain_controller.yml", "Computer", "the envelope of every event has it"),
    ("proc_access_win_susp_direct_ntopenprocess_call.yml", "Provider_Name", "the envelope of every event has it"),
    ("proc_creation_win_conhost_susp_child_process.yml", "Provider_Name", "the envelope of every event has it"),
    ("registry_event_mal_azorult.yml", "EventID", "the envelope of every event has it"),
    ("sysmon_wmi_event_subscription.yml", "EventID", "the envelope of every event has it"),
    ("registry_event_defender_threat_action_modified.yml", "Details", "only event 13 has it, and it is supplied there"),
    ("registry_event_net_ntlm_downgrade.yml", "Details", "only event 13 has it, and it is supplied there"),
    (
        "registry_event_new_dll_added_to_appcertdlls_registry_key.yml",
        "NewName",
        "only event 14 has it, and it is supplied there",
    ),
    (
        "registry_event_new_dll_added_to_appinit_dlls_registry_key.yml",
        "NewName",
        "only event 14 has it, and it is supplied there",
    ),
    (
        "registry_event_new_dll_added_to_appinit_dlls_registry_key.yml",
        "Details",
        "only event 13 has it, and it is supplied there",
    ),
    ("registry_event_runonce_persistence.yml", "Details", "only event 13 has it, and it is supplied there"),
    ("registry_event_shell_open_keys_manipulation.yml", "Details", "only event 13 has it, and it is supplied there"),
    ("registry_event_susp_atbroker_change.yml", "Details", "only event 13 has it, and it is supplied there"),
    (
        "registry_event_susp_process_registry_modification.yml",
        "Details",
        "only event 13 has it, and it is supplied there",
    ),
    ("sysmon_config_modification_status.yml", "State", "event 4 has it; the branch for event 16 is another selection"),
    ("sysmon_wmi_susp_encoded_scripts.yml", "Destination", "only event 20 has it, and it is supplied there"),
];

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn the_arity_rule_agrees_with_the_published_manifests() {
    let schemas = json(&corpus("taxonomy/sysmon_manifests_all_versions.json"));
    let events = json(&corpus("taxonomy/sigma_category_to_sysmon_eventid.json"));
    let folders = live();
    let paths = files(&folders, &["yml", "yaml"]);
    let rules: Vec<(String, Seen)> = paths
        .iter()
        .map(|path| (base(&path.display().to_string()).to_owned(), see(&fs::read_to_string(path).unwrap())))
        .filter(|(_, seen)| seen.logsource.get("product").is_some_and(|product| product == "windows"))
        .collect();
    let apart: BTreeSet<(String, String)> =
        ARITY_DIFFERENCES.iter().map(|(file, field, _)| ((*file).to_owned(), (*field).to_owned())).collect();
    let mut unused = apart.clone();
    for (schema, least, most) in
        [("3.2", 400, 900), ("4.0", 300, 800), ("4.1", 300, 800), ("4.21", 20, 60), ("4.90", 5, 20), ("4.91", 5, 20)]
    {
        let manifest = schemas.get(format!("{schema}@win")).unwrap_or(&schemas[schema]);
        let mut expected: BTreeSet<(String, String)> = BTreeSet::new();
        for (file, seen) in &rules {
            let Some(ids) = seen.logsource.get("category").and_then(|category| events[category].as_array()) else {
                continue;
            };
            for event in ids.iter().filter_map(|id| manifest["events"].get(id.to_string())) {
                let inputs: Vec<&str> =
                    event["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
                let missing = seen.fields.iter().filter(|field| !inputs.contains(&field.as_str()));
                expected.extend(missing.map(|field| (file.clone(), field.clone())));
            }
        }
        let (checked, _) = check(&folders, &format!("builtin:sysmon/{schema}"));
        let found: BTreeSet<(String, String)> = checked
            .findings()
            .iter()
            .filter(|finding| finding.code.id == "CC0401")
            .map(|finding| {
                let field = finding.message.rsplit(" reads `").next().and_then(|rest| rest.split('`').next()).unwrap();
                (base(finding.source.name()).to_owned(), field.to_owned())
            })
            .collect();
        let invented: Vec<_> = found.difference(&expected).collect();
        assert!(invented.is_empty(), "{schema}: found, though the manifest supplies it: {invented:?}");
        let missed: Vec<_> = expected.difference(&found).filter(|pair| !apart.contains(*pair)).collect();
        assert!(missed.is_empty(), "{schema}: not found: {missed:?}");
        unused.retain(|pair| found.contains(pair) || !expected.contains(pair));
        assert!((least..=most).contains(&found.len()), "{schema}: {} findings", found.len());
        println!("{schema}: {} findings", found.len());
    }
    assert!(unused.is_empty(), "no difference any more: {unused:?}");
}

/// Fields that builds after the published ones supply, as their documentation says.
const NEWER_BUILDS: &[(&str, &str, &str)] = &[
    ("win_security_rdp_reverse_tunnel.yml", "FilterOrigin", "5156 has it since Windows 11"),
    ("win_security_service_installation_by_unusal_client.yml", "ClientProcessId", "4697 version 1 has it"),
    ("win_security_service_installation_by_unusal_client.yml", "ParentProcessId", "4697 version 1 has it"),
];

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn dead_branches_on_windows_security_are_those_of_the_published_manifests() {
    let builds = json(&corpus("taxonomy/windows_security_manifest_by_build.json"));
    let mut supplied: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in builds.as_object().unwrap().values().flat_map(|build| build.as_array().unwrap()) {
        let fields = event["fields"].as_array().unwrap().iter().map(|field| field.as_str().unwrap().to_owned());
        supplied.entry(event["eid"].to_string()).or_default().extend(fields);
    }
    const ENVELOPE: &[&str] = &["EventID", "Provider_Name", "Channel", "Computer", "Level", "Keywords", "Task"];
    let folders = live();
    let paths = files(&folders, &["yml", "yaml"]);
    let mut expected: BTreeSet<(String, String)> = BTreeSet::new();
    for path in &paths {
        let seen = see(&fs::read_to_string(path).unwrap());
        if seen.logsource.get("service").is_none_or(|service| service != "security") {
            continue;
        }
        let ids = |fields: &BTreeMap<String, Vec<String>>| fields.get("EventID").cloned().unwrap_or_default();
        let all: Vec<String> = seen.selections.values().flat_map(ids).collect();
        for fields in seen.selections.values() {
            let own = ids(fields);
            let asked: Vec<&BTreeSet<String>> =
                if own.is_empty() { &all } else { &own }.iter().filter_map(|id| supplied.get(id)).collect();
            for (field, values) in fields {
                // With an event id beside it each of the ids must have it, without one any of the rule's.
                let lacking = |of: &&BTreeSet<String>| !of.contains(field);
                let dead = if own.is_empty() { asked.iter().all(lacking) } else { asked.iter().any(lacking) };
                if dead && !asked.is_empty() && values != &["null"] && !ENVELOPE.contains(&field.as_str()) {
                    expected.insert((base(&path.display().to_string()).to_owned(), field.clone()));
                }
            }
        }
    }
    let (checked, _) = check(&folders, "");
    let found: BTreeSet<(String, String)> = checked
        .findings()
        .iter()
        .filter(|finding| {
            ["CC0202", "CC0601", "CC0603"].contains(&finding.code.id)
                && finding.source.name().contains("/builtin/security/")
        })
        .filter_map(|finding| {
            let field = finding.message.split("field `").nth(1)?.split('`').next()?;
            Some((base(finding.source.name()).to_owned(), field.to_owned()))
        })
        .collect();
    let newer: BTreeSet<(String, String)> =
        NEWER_BUILDS.iter().map(|(file, field, _)| ((*file).to_owned(), (*field).to_owned())).collect();
    assert!(newer.is_subset(&expected), "the manifests have them now: {newer:?}");
    expected.retain(|pair| !newer.contains(pair));
    assert_eq!(found, expected);
    assert!(found.len() >= 5, "{found:?}");
}
