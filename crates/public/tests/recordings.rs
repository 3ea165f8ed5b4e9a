//! Recordings of real machines: they are read, routed and typed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use contentcheck_events::{Batch, Field, Flattener, Layout, Reader, Router, Scratch, Tally};
use contentcheck_model::field::FieldRef;
use contentcheck_public::{corpus, files};

fn router() -> Router {
    let catalogue =
        contentcheck_model::catalogue::Catalogue::new(contentcheck_library::templates().unwrap().iter().cloned());
    Router::new(catalogue.newest().into_iter().cloned())
}

#[derive(Debug, Default)]
struct Counts {
    events: u64,
    fixed: u64,
    open: u64,
    none: u64,
    problems: Vec<String>,
    unrouted: BTreeMap<String, u64>,
}

fn replay(path: &Path) -> (Counts, Tally) {
    let router = router();
    let layouts: Vec<Layout> = router.templates().iter().map(|template| Layout::of(template, &[])).collect();
    let mut reader = Reader::open(path).unwrap();
    let (mut batch, mut flattener, mut scratch) = (Batch::new(), Flattener::new(), Scratch::default());
    let (mut counts, mut tally, mut routes) = (Counts::default(), Tally::new(), Vec::new());
    while reader.next_batch(&mut batch) {
        batch.each(|record| {
            let flat = record
                .and_then(|record| flattener.flatten(record.bytes).map_err(|cause| batch.problem(record.place, cause)));
            let flat = match flat {
                Ok(flat) => flat,
                Err(problem) => return counts.problems.push(problem.to_string()),
            };
            counts.events += 1;
            router.route(&flat, None, &mut routes);
            let open = |route: &usize| router.templates()[*route].open;
            if routes.is_empty() {
                counts.none += 1;
                let provider = match flat.get("Provider_Name") {
                    Some(Field::Text(provider)) => provider.to_owned(),
                    _ => "without provider".to_owned(),
                };
                *counts.unrouted.entry(provider).or_default() += 1;
            } else if routes.iter().any(open) {
                counts.open += 1;
            } else {
                assert_eq!(routes.len(), 1, "{:?}", flat.iter().collect::<Vec<_>>());
                counts.fixed += 1;
            }
            for route in &routes {
                layouts[*route].present(&flat, &mut scratch, true, |event| {
                    assert_eq!(event.inputs.len(), layouts[*route].inputs().count());
                });
                tally.add(&layouts[*route], &scratch);
            }
        });
    }
    (counts, tally)
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn the_windows_recording_is_read_routed_and_typed() {
    let (counts, tally) = replay(&corpus("events/windows_otrf.jsonl.zst"));
    assert_eq!(counts.problems, Vec::<String>::new());
    assert_eq!(counts.events, 192_088);
    eprintln!("{counts:?} {:?}", tally.iter().collect::<Vec<_>>());
    // Sysmon, Security and PowerShell events have template types of their own.
    assert!(counts.fixed > 180_000, "{counts:?}");
    // Mostly PowerShell 4105 and 4106, and what programs write to the Application channel.
    assert!((10_000..12_000).contains(&counts.open), "{counts:?}");
    // Channels that no template type serves. Events whose recorder left out the provider are recognised all the same.
    assert!((500..650).contains(&counts.none), "{counts:?}");
    assert_eq!(counts.fixed + counts.open + counts.none, counts.events);
    assert!(counts.unrouted.contains_key("Microsoft-Windows-Kernel-IO"), "{counts:?}");
    assert_eq!(counts.unrouted["without provider"], 1, "it has no channel either: {counts:?}");
    assert_eq!(tally.iter().collect::<Vec<_>>(), [], "each value converts to the type of its field");
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn other_recordings_are_read_without_a_problem() {
    for (name, events, routed) in [
        ("windows_evtx_to_mitre", 1_000, true),
        ("windows_sigma_regression", 100, true),
        ("aws_cloudtrail_invictus", 1_000, false),
        ("saas_panther_tests", 1_000, false),
        ("zeek_otrf", 1_000, false),
    ] {
        let (counts, tally) = replay(&corpus(&format!("events/{name}.jsonl.zst")));
        eprintln!("{name}: {counts:?} {:?}", tally.iter().collect::<Vec<_>>());
        assert_eq!(counts.problems, Vec::<String>::new(), "{name}");
        assert!(counts.events >= events, "{name} {counts:?}");
        // Nothing in the events of the others says what they are: they are routed by name.
        assert_eq!(counts.fixed > counts.events / 2, routed, "{name} {counts:?}");
        assert_eq!(counts.none == counts.events, !routed, "{name} {counts:?}");
    }
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn cloud_records_are_typed_under_the_template_type_that_is_named() {
    let router = router();
    let forced = router.find("aws.cloudtrail").unwrap();
    let template = &router.templates()[forced];
    let layout = Layout::of(template, &["requestParameters.roleName", "tlsDetails.tlsVersion"]);
    let mut reader = Reader::open(&corpus("events/aws_cloudtrail_invictus.jsonl.zst")).unwrap();
    let (mut batch, mut flattener, mut scratch) = (Batch::new(), Flattener::new(), Scratch::default());
    let (mut filled, mut tally, mut routes) = (HashMap::<FieldRef, u64>::new(), Tally::new(), Vec::new());
    while reader.next_batch(&mut batch) {
        batch.each(|record| {
            let flat = flattener.flatten(record.unwrap().bytes).unwrap();
            router.route(&flat, Some(forced), &mut routes);
            assert_eq!(routes, [forced]);
            for (field, _) in layout.owned(&flat, template, false, &mut scratch).values {
                *filled.entry(field).or_default() += 1;
            }
            tally.add(&layout, &scratch);
        });
    }
    eprintln!("{filled:?}");
    assert_eq!(tally.iter().collect::<Vec<_>>(), []);
    let count = |name: &str| filled.get(&template.named(name)).copied().unwrap_or(0);
    assert_eq!((count("eventName"), count("managementEvent")), (2_900, 2_900));
    assert!(count("userIdentity.type") > 2_800 && count("requestParameters.roleName") > 100, "{filled:?}");
}

/// The event logs beside the rules that must fire on them.
fn logs() -> Vec<PathBuf> {
    files(&[corpus("sigma/regression_data")], &["evtx"])
}

/// Names and values of every event of a source.
fn events(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = Reader::open(path).unwrap();
    let (mut batch, mut flattener) = (Batch::new(), Flattener::new());
    let mut events = Vec::new();
    while reader.next_batch(&mut batch) {
        batch.each(|record| {
            let flat = flattener.flatten(record.unwrap().bytes).unwrap();
            events.push(flat.iter().map(|(name, field)| (name.to_owned(), shown(field))).collect());
        });
    }
    events
}

fn shown(field: Field<'_>) -> String {
    match field {
        Field::Null => String::new(),
        Field::Bool(value) => value.to_string(),
        Field::Number(text) | Field::Text(text) => text.to_owned(),
        Field::List(list) => list.map(shown).collect::<Vec<_>>().join("\n"),
    }
}

/// GUIDs without braces and case, times to the microsecond, no blanks around.
fn plain(name: &str, value: &str) -> String {
    let value = value.trim().to_owned();
    let inner = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(&value);
    let hyphens = inner.char_indices().filter(|(_, sign)| *sign == '-').map(|(at, _)| at).collect::<Vec<_>>();
    if inner.len() == 36 && hyphens == [8, 13, 18, 23] {
        return inner.to_ascii_uppercase();
    }
    if name == "SystemTime" && value.len() > 26 {
        return value.chars().take(26).chain(['Z']).collect();
    }
    value
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn event_logs_agree_with_the_json_beside_them() {
    let logs = logs();
    assert_eq!(logs.len(), 170);
    let (mut values, mut differences) = (0, Vec::new());
    let mut compared = 0;
    for log in &logs {
        let (ours, theirs) = (events(log), events(&log.with_extension("json")));
        assert!(!ours.is_empty(), "{}", log.display());
        for event in &theirs {
            let id =
                |event: &BTreeMap<String, String>| (event.get("EventRecordID").cloned(), event.get("Channel").cloned());
            let Some(mine) = ours.iter().find(|mine| id(mine) == id(event)) else {
                differences.push(format!("{}: no record {:?}", log.display(), id(event)));
                continue;
            };
            compared += 1;
            for name in mine.keys().chain(event.keys()).collect::<BTreeSet<_>>() {
                values += 1;
                // The JSON was made by an older reader, which wrote GUIDs and times in
                // another form and lost blanks at the ends of texts.
                let form = |event: &BTreeMap<String, String>| event.get(name).map(|value| plain(name, value));
                if form(mine) != form(event) {
                    differences.push(format!("{name}: {:?} {:?} {}", mine.get(name), event.get(name), log.display()));
                }
            }
        }
    }
    eprintln!("{compared} events, {values} values, {} differences", differences.len());
    assert!(compared >= 170 && values > 6_000, "{compared} {values}");
    // In one of the JSON files somebody wrote `Explorer.exe` where the log says `Explorer.EXE`.
    differences.retain(|difference| !difference.contains(r"C:\\Windows\\Explorer.exe"));
    assert_eq!(differences, Vec::<String>::new());
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn damaged_event_logs_do_no_harm() {
    let logs = logs();
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let (mut records, mut problems) = (0, 0);
    for log in logs.iter().step_by(20) {
        let whole = std::fs::read(log).unwrap();
        for _ in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..=next(8) {
                // The records lie behind the two headers, of 4,096 and of 512 bytes.
                let at = 4_096 + next(6_000);
                bytes[at] = u8::try_from(next(256)).unwrap();
            }
            let mut reader = Reader::new("damaged", std::io::Cursor::new(bytes));
            let (mut batch, mut flattener) = (Batch::new(), Flattener::new());
            while reader.next_batch(&mut batch) {
                batch.each(|record| match record.map(|record| flattener.flatten(record.bytes).is_ok()) {
                    Ok(true) => records += 1,
                    _ => problems += 1,
                });
            }
        }
    }
    eprintln!("{records} records, {problems} problems");
    assert!(records > 100 && problems > 20, "{records} {problems}");
}
