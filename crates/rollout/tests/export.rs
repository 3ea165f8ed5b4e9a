//! Exports: each plan beside the reduced schema of its engine (tests/schemas), beside what it was before (tests/exports; `BLESS=1` writes it), and
//! what it must never say.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::common::{Book, LOG, Outcome, START};
use contentcheck_rollout::census::{Device, Place};
use contentcheck_rollout::export::{LOST, NoExport, Options, Setting, engine_of, group_of};
use contentcheck_rollout::{Engine, Exported, Policy, Roll, State, export as make};
use serde_json::{Value, json};

/// A rollout that was planned for 80,000 devices of two strata.
fn planned(policy: &str) -> Outcome<Book> {
    let mut book = Book::new(State::new(LOG))?;
    let census = book.census(&[("linux/6", 30_000), ("windows/11", 50_000)])?;
    let release = book.release(1)?;
    book.plan(release, census, Policy::read(policy)?)??;
    Ok(book)
}

fn exported(book: &Book, engine: Engine, options: &Options) -> Outcome<Exported> {
    Ok(make(book.state.newest().ok_or("no rollout")?, engine, options)?)
}

/// What each engine needs.
fn filled(engine: Engine) -> Options {
    let none = Options::default();
    match engine {
        Engine::Hawkbit => Options { distribution_set: Some(6), ..none },
        Engine::AwsIot => Options { region: Some("eu-central-1".into()), account: Some("123456789012".into()), ..none },
        Engine::Argo => Options {
            workload: Some("edr-sensor".into()),
            replicas: Some(200),
            status: Some("https://rollout.example.com/".into()),
            ..none
        },
        _ => Options { artifact: Some("edr-rules-1".into()), ..none },
    }
}

fn directory(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn schema(name: &str) -> Outcome<Value> {
    let schema = serde_json::from_str(&fs::read_to_string(directory("schemas").join(name))?)?;
    jsonschema::meta::validate(&schema).map_err(|error| error.to_string())?;
    Ok(schema)
}

/// The schema of a file.
fn schema_of(engine: Engine, file: &str) -> &'static str {
    match engine {
        Engine::Mender => "mender.json",
        Engine::Hawkbit => "hawkbit.json",
        Engine::AwsIot => "aws-iot.json",
        Engine::Argo if file == "rollout.json" => "argo-rollout.json",
        _ => "argo-analysis-template.json",
    }
}

/// The plans among the files.
fn plans(exported: &Exported) -> Outcome<BTreeMap<String, Value>> {
    let files = exported.files.iter().filter(|(name, _)| name != LOST);
    files.map(|(name, text)| Ok((name.clone(), serde_json::from_str(text)?))).collect()
}

fn is_valid(engine: Engine, exported: &Exported) -> Outcome {
    for (name, plan) in plans(exported)? {
        let validator =
            jsonschema::validator_for(&schema(schema_of(engine, &name))?).map_err(|error| error.to_string())?;
        let errors: Vec<String> =
            validator.iter_errors(&plan).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{} of {}: {errors:?}", name, engine.name());
    }
    Ok(())
}

#[test]
fn each_plan_is_what_its_engine_takes_and_what_it_was() -> Outcome {
    let book = planned(Policy::STANDARD)?;
    for engine in Engine::ALL {
        let made = exported(&book, engine, &filled(engine))?;
        assert_eq!(made, exported(&book, engine, &filled(engine))?, "the same bytes");
        is_valid(engine, &made)?;
        let kept = directory("exports").join(engine.name());
        if std::env::var_os("BLESS").is_some() {
            if kept.exists() {
                fs::remove_dir_all(&kept)?;
            }
            fs::create_dir_all(&kept)?;
            for (name, text) in &made.files {
                fs::write(kept.join(name), text)?;
            }
        }
        let mut names: Vec<String> = Vec::new();
        for entry in fs::read_dir(&kept)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        let mut of_files: Vec<String> = made.files.iter().map(|(name, _)| name.clone()).collect();
        of_files.sort_unstable();
        assert_eq!(names, of_files, "run with BLESS=1");
        for (name, text) in &made.files {
            assert!(fs::read_to_string(kept.join(name))? == *text, "{} of {}: run with BLESS=1", name, engine.name());
        }
    }
    Ok(())
}

/// What a plan must say, by pointer, and must not be left out or be anything else.
#[test]
fn a_plan_that_leaves_a_threshold_out_is_not_valid() -> Outcome {
    let book = planned(Policy::STANDARD)?;
    let cases: [(Engine, &str, &str, Option<Value>); 28] = [
        (Engine::Mender, "1-early.json", "/artifact_name", None),
        (Engine::Mender, "1-early.json", "/all_devices", Some(json!(true))),
        (Engine::Mender, "1-early.json", "/devices", Some(json!(["one"]))),
        (Engine::Mender, "1-early.json", "/phases", Some(json!([{ "batch_size": 100 }]))),
        (Engine::Mender, "1-early.json", "/force_installation", Some(json!(true))),
        (Engine::Hawkbit, "rollout.json", "/errorCondition", None),
        (Engine::Hawkbit, "rollout.json", "/groups", None),
        (Engine::Hawkbit, "rollout.json", "/groups/2/errorCondition", None),
        (Engine::Hawkbit, "rollout.json", "/groups/2/errorCondition/expression", None),
        (Engine::Hawkbit, "rollout.json", "/groups/2/errorCondition/expression", Some(json!("0.5"))),
        (Engine::Hawkbit, "rollout.json", "/groups/2/errorAction", None),
        (Engine::Hawkbit, "rollout.json", "/groups/2/successAction/action", Some(json!("NEXTGROUP"))),
        (Engine::Hawkbit, "rollout.json", "/confirmationRequired", Some(json!(false))),
        (Engine::Hawkbit, "rollout.json", "/amountGroups", Some(json!(1))),
        (Engine::Hawkbit, "rollout.json", "/startAt", Some(json!(1))),
        (Engine::AwsIot, "4-rest.json", "/jobExecutionsRolloutConfig", None),
        (Engine::AwsIot, "4-rest.json", "/jobExecutionsRolloutConfig/maximumPerMinute", None),
        (Engine::AwsIot, "4-rest.json", "/jobExecutionsRolloutConfig/maximumPerMinute", Some(json!(0))),
        (Engine::AwsIot, "4-rest.json", "/abortConfig", None),
        (Engine::AwsIot, "4-rest.json", "/abortConfig/criteriaList", Some(json!([]))),
        (Engine::AwsIot, "4-rest.json", "/abortConfig/criteriaList/0/minNumberOfExecutedThings", None),
        (Engine::AwsIot, "4-rest.json", "/abortConfig/criteriaList/0/thresholdPercentage", Some(json!(0))),
        (Engine::AwsIot, "4-rest.json", "/timeoutConfig", None),
        (Engine::AwsIot, "4-rest.json", "/targetSelection", Some(json!("CONTINUOUS"))),
        (Engine::Argo, "rollout.json", "/spec/strategy/canary/analysis", None),
        (Engine::Argo, "rollout.json", "/spec/strategy/canary/steps/0/pause/duration", Some(json!("1h"))),
        (Engine::Argo, "ring-is-open.json", "/spec/metrics/0/failureCondition", None),
        (Engine::Argo, "goes-on.json", "/spec/metrics/0/consecutiveErrorLimit", None),
    ];
    for (engine, name, pointer, changed) in cases {
        let mut plans = plans(&exported(&book, engine, &filled(engine))?)?;
        let plan = plans.get_mut(name).ok_or(name)?;
        let schema = schema(schema_of(engine, name))?;
        assert!(jsonschema::is_valid(&schema, plan), "{name}");
        let (parent, member) = pointer.rsplit_once('/').ok_or(pointer)?;
        let parent = plan.pointer_mut(parent).and_then(Value::as_object_mut).ok_or(pointer)?;
        match changed.clone() {
            Some(value) => drop(parent.insert(member.to_owned(), value)),
            None => assert!(parent.remove(member).is_some(), "{pointer} of {name}"),
        }
        assert!(!jsonschema::is_valid(&schema, plan), "{pointer} of {name} is valid as {changed:?}");
    }
    Ok(())
}

#[test]
fn thresholds_are_those_of_the_policy() -> Outcome {
    let book = planned(Policy::STANDARD)?;
    let jobs = plans(&exported(&book, Engine::AwsIot, &filled(Engine::AwsIot))?)?;
    let mut found = Vec::new();
    for job in jobs.values() {
        let criterion = &job["abortConfig"]["criteriaList"][0];
        found.push((
            criterion["thresholdPercentage"].as_f64().ok_or("no share")?,
            criterion["minNumberOfExecutedThings"].as_u64().ok_or("no number")?,
            job["jobExecutionsRolloutConfig"]["maximumPerMinute"].as_u64().ok_or("no rate")?,
        ));
        assert_eq!(job["timeoutConfig"]["inProgressTimeoutInMinutes"], 30);
    }
    // 80, 720, 7,200, 32,000 and 40,000 devices, in half of 4 h or 24 h. A ring of which each device must be well: any failure.
    assert_eq!(found, [(0.01, 1, 1), (5.0, 40, 1), (0.5, 400, 10), (0.1, 2_000, 45), (0.1, 2_000, 56)]);

    let hawkbit = plans(&exported(&book, Engine::Hawkbit, &filled(Engine::Hawkbit))?)?;
    let groups = hawkbit["rollout.json"]["groups"].as_array().ok_or("no groups")?;
    let errors: Vec<&Value> = groups.iter().map(|group| &group["errorCondition"]["expression"]).collect();
    assert_eq!(errors, ["0", "5", "1", "1", "1"]);

    let argo = plans(&exported(&book, Engine::Argo, &filled(Engine::Argo))?)?;
    let steps = argo["rollout.json"]["spec"]["strategy"]["canary"]["steps"].as_array().ok_or("no steps")?.clone();
    let mut asked = Vec::new();
    for step in steps.chunks(3) {
        let [pause, analysis, weight] = step else { return Err("not three steps for a ring".into()) };
        assert_eq!(pause, &json!({ "pause": {} }));
        asked.push((analysis["analysis"]["args"][0]["value"].as_str().ok_or("no ring")?, weight["setWeight"].as_u64()));
    }
    // A tenth of a percent is no weight: its pods wait for ring 1.
    assert_eq!(asked, [("1", Some(1)), ("2", Some(10)), ("3", Some(50)), ("4", Some(100))]);
    // The same object from rollout to rollout: one that is new starts all of its pods at once.
    let rollout = &argo["rollout.json"];
    assert_eq!(
        (&rollout["metadata"]["name"], &rollout["spec"]["workloadRef"]["name"]),
        (&json!("edr-sensor"), &json!("edr-sensor"))
    );
    Ok(())
}

#[test]
fn no_more_devices_are_told_each_minute_than_the_service_takes() -> Outcome {
    let hasty = Policy::STANDARD.replace("bake = \"24h\"", "bake = \"4h\"");
    let mut book = Book::new(State::new(LOG))?;
    let census = book.census(&[("linux/6", 300_000)])?;
    let release = book.release(1)?;
    book.plan(release, census, Policy::read(&hasty)?)??;
    let jobs = plans(&exported(&book, Engine::AwsIot, &filled(Engine::AwsIot))?)?;
    let rate = |name: &str| jobs[name]["jobExecutionsRolloutConfig"]["maximumPerMinute"].as_u64();
    // 150,000 devices in 120 minutes would be 1,250 a minute.
    assert_eq!((rate("2-tenth.json"), rate("4-rest.json")), (Some(225), Some(1_000)));
    Ok(())
}

#[test]
fn each_plan_says_what_is_lost() -> Outcome {
    let book = planned(Policy::STANDARD)?;
    for engine in Engine::ALL {
        let made = exported(&book, engine, &filled(engine))?;
        let (name, page) = made.files.last().ok_or("no files")?;
        assert_eq!(name, LOST);
        for lost in &made.lost {
            let (title, _) = lost.split_once(": ").ok_or_else(|| format!("no title: {lost}"))?;
            assert!(page.contains(lost) && title.len() < 40, "{title}");
        }
        for subject in ["Silence: ", "Evidence: ", "Rings on the device: ", "Strata: ", "Two people: "] {
            assert!(made.lost.iter().any(|lost| lost.starts_with(subject)), "{} lacks {subject}", engine.name());
        }
        assert!(made.missing.iter().all(|missing| page.contains(missing)));
        assert_eq!(made.missing.is_empty(), engine == Engine::Argo);
        assert_eq!(engine_of(page), Some(engine));
        // In the plan itself, where the format has room for it.
        for (name, plan) in plans(&made)? {
            let note = match engine {
                Engine::Mender => continue,
                Engine::Argo => &plan["metadata"]["annotations"]["contentcheck-note"],
                _ => &plan["description"],
            };
            let note = note.as_str().ok_or(name)?;
            assert!(
                note.contains("token") && note.contains("silence") && note.contains("rings on the device"),
                "{note}"
            );
        }
    }
    assert_eq!(engine_of("Rollout of a carpet\n"), None);
    // An artifact has a name in any case.
    let made = exported(&book, Engine::Mender, &Options::default())?;
    is_valid(Engine::Mender, &made)?;
    assert!(made.missing.iter().any(|missing| missing.starts_with("the artifact: ")));
    Ok(())
}

/// A placeholder would be loaded as it is.
#[test]
fn no_plan_is_made_without_what_its_engine_needs_or_with_what_is_of_another_one() -> Outcome {
    let book = planned(Policy::STANDARD)?;
    let rollout = book.state.newest().ok_or("no rollout")?;
    let unfit = |engine, options: &Options| match make(rollout, engine, options) {
        Err(why @ NoExport::Settings { .. }) => Ok(why),
        other => Err(format!("{other:?}")),
    };
    for (engine, needed) in [
        (Engine::Hawkbit, &[Setting::DistributionSet][..]),
        (Engine::AwsIot, &[Setting::Region, Setting::Account]),
        (Engine::Argo, &[Setting::Workload, Setting::Replicas, Setting::Status]),
    ] {
        let why = unfit(engine, &Options::default())?;
        assert_eq!(why, NoExport::Settings { engine, missing: needed.to_vec(), foreign: Vec::new() });
        for setting in needed {
            assert_eq!(setting.engine(), engine);
            assert!(why.to_string().contains(&format!("`--{} ", setting.name())), "no example: {why}");
        }
    }
    let options = Options { status: None, ..filled(Engine::Argo) };
    let why = unfit(Engine::Argo, &options)?;
    assert_eq!(why, NoExport::Settings { engine: Engine::Argo, missing: vec![Setting::Status], foreign: Vec::new() });
    for engine in Engine::ALL {
        let other = if engine == Engine::Argo { Engine::AwsIot } else { Engine::Argo };
        let of = |engine| Setting::ALL.into_iter().filter(move |setting| setting.engine() == engine);
        let missing = of(engine).filter(|setting| *setting != Setting::Artifact).collect();
        let why = unfit(engine, &filled(other))?;
        assert_eq!(why, NoExport::Settings { engine, missing, foreign: of(other).collect() });
        for setting in of(other) {
            let (name, of) = (setting.name(), other.name());
            assert!(why.to_string().contains(&format!("`--{name}` is an option of `--engine {of}`")), "{why}");
        }
    }
    Ok(())
}

/// The rings of a policy with names that no engine takes: all that a policy allows.
fn hostile() -> String {
    let (head, _) = Policy::STANDARD.split_once("[[ring]]").unwrap_or_default();
    let mut policy = head.to_owned();
    for (number, share) in
        ["0.1%", "1%", "2%", "3%", "4%", "5%", "6%", "7%", "8%", "9%", "10%", "11%", "12%", "13%", "50%"]
            .into_iter()
            .enumerate()
    {
        let name = "-- Ring_.. of A..Z -._ ".repeat(1 + number % 2);
        policy += &format!(
            "[[ring]]\nname = '''{} {number}'''\nshare = \"{share}\"\nbake = \"24h\"\nbake-urgent = \"2h\"\nevery = 10\n\n",
            name.chars().take(24 + number).collect::<String>()
        );
    }
    policy + "[[ring]]\nname = \"rest\"\n"
}

#[test]
fn names_of_people_do_not_get_into_names_of_engines() -> Outcome {
    let book = planned(&hostile())?;
    for engine in Engine::ALL {
        let made = exported(&book, engine, &filled(engine))?;
        is_valid(engine, &made)?;
        let mut names: Vec<&String> = made.files.iter().map(|(name, _)| name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "two files of one name");
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        assert!(names.iter().all(|name| name.bytes().all(is_plain)), "{names:?}");
        for (name, plan) in plans(&made)? {
            assert!(plan.to_string().is_ascii() || engine == Engine::Mender, "{name}");
        }
    }
    let hawkbit = plans(&exported(&book, Engine::Hawkbit, &filled(Engine::Hawkbit))?)?;
    let groups = hawkbit["rollout.json"]["groups"].as_array().ok_or("no groups")?;
    assert_eq!(groups.len(), 16);
    Ok(())
}

#[test]
fn the_group_of_a_device_is_that_of_its_ring_once_rings_are_drawn() -> Outcome {
    let mut book = planned(Policy::STANDARD)?;
    let key = |number: u32| {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_le_bytes());
        key
    };
    // Every tenth device is the spare of the next one.
    let group = |number: u32| {
        let place = match number % 10 {
            0 => 1,
            1 => 2,
            _ => return None,
        };
        Some(Place { name: format!("pair-{}", number / 10), number: place, of: 2 })
    };
    let device =
        |number| Device { key: key(number), stratum: "all".to_owned(), held: false, group: group(number), behind: 0 };
    let roll = Roll::new((0..20_000).map(device).collect())?;
    assert_eq!(book.state.newest().map(|rollout| group_of(rollout, &roll, &key(7))), Some(None));
    book.start(START + 60)??;
    let rollout = book.state.newest().ok_or("no rollout")?;
    let page = plans(&exported(&book, Engine::Hawkbit, &filled(Engine::Hawkbit))?)?;
    let query = page["rollout.json"]["targetFilterQuery"].as_str().ok_or("no query")?;
    let mut counts = BTreeMap::new();
    let mut spare = String::new();
    for number in 0_u32..20_000 {
        let group = group_of(rollout, &roll, &key(number)).ok_or("no group")?;
        assert!(query.contains(&group), "{group}");
        assert!(number % 10 != 1 || spare < group, "the spare goes first: {spare}, {group}");
        spare.clone_from(&group);
        *counts.entry(group).or_insert(0_u32) += 1;
    }
    assert_eq!(group_of(rollout, &roll, &[7; 32]), None, "who is not in the census is in no ring");
    let counts: Vec<u32> = counts.into_values().collect();
    assert_eq!(counts.iter().sum::<u32>(), 20_000);
    // 20, 180, 1,800, 8,000 and 10,000, within five standard deviations.
    for (count, expected) in counts.iter().zip([20.0_f64, 180.0, 1_800.0, 8_000.0, 10_000.0]) {
        assert!((f64::from(*count) - expected).abs() < 5.0 * expected.sqrt(), "{counts:?}");
    }
    Ok(())
}

#[test]
fn a_rollout_that_does_not_go_on_is_not_sent() -> Outcome {
    let mut book = planned(Policy::STANDARD)?;
    book.start(START + 60)??;
    book.open()??;
    exported(&book, Engine::Mender, &filled(Engine::Mender))?;
    book.halt(START + 120)??;
    let why = make(book.state.newest().ok_or("no rollout")?, Engine::Mender, &filled(Engine::Mender));
    assert_eq!(why, Err(NoExport::Over { what: "is halted" }));
    book.resume(START + 180, 2)??;
    exported(&book, Engine::Mender, &filled(Engine::Mender))?;
    Ok(())
}

#[test]
fn options_are_what_the_engine_takes() -> Outcome {
    let book = planned(Policy::STANDARD)?;
    let rollout = book.state.newest().ok_or("no rollout")?;
    type Change = fn(&mut Options);
    let wrong: [(&str, Change); 11] = [
        ("artifact", |options| options.artifact = Some(String::new())),
        ("artifact", |options| options.artifact = Some("two\nlines".into())),
        ("distribution-set", |options| options.distribution_set = Some(0)),
        ("region", |options| options.region = Some("eu:central".into())),
        ("account", |options| options.account = Some("1234".into())),
        ("workload", |options| options.workload = Some("Sensor".into())),
        ("workload", |options| options.workload = Some("sensor-".into())),
        ("replicas", |options| options.replicas = Some(0)),
        ("status", |options| options.status = Some("rollout.example.com".into())),
        ("status", |options| options.status = Some("https://a/{{args.ring}}".into())),
        ("status", |options| options.status = Some("https://a/?b".into())),
    ];
    for (option, change) in wrong {
        let mut options = filled(Engine::Argo);
        change(&mut options);
        let Err(NoExport::Option { what, .. }) = make(rollout, Engine::Argo, &options) else {
            return Err(format!("{option} is taken: {options:?}").into());
        };
        assert_eq!(what, option);
    }
    for (region, partition) in
        [("cn-north-1", "arn:aws-cn:"), ("us-gov-west-1", "arn:aws-us-gov:"), ("us-east-1", "arn:aws:")]
    {
        let jobs = exported(&book, Engine::AwsIot, &Options { region: Some(region.into()), ..filled(Engine::AwsIot) })?;
        assert!(jobs.files.iter().filter(|(name, _)| name != LOST).all(|(_, text)| text.contains(partition)));
    }
    Ok(())
}

#[test]
fn engines_are_named_as_the_page_has_them() -> Outcome {
    let page = fs::read_to_string(directory("../../../docs/rollout-export.md"))?;
    let book = planned(Policy::STANDARD)?;
    for engine in Engine::ALL {
        assert_eq!(Engine::named(engine.name()), Some(engine));
        assert!(page.contains(&format!("contentcheck rollout export --engine {}", engine.name())));
        for (name, _) in &exported(&book, engine, &filled(engine))?.files {
            let is_of_ring = name.starts_with(|first: char| first.is_ascii_digit());
            assert!(is_of_ring || page.contains(&format!("`{name}`")), "the page does not name {name}");
        }
    }
    assert_eq!(Engine::named("all"), None);
    Ok(())
}
