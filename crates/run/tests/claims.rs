//! What fixed template types claim of an open one's events: what is proved of rules on open template types is about events that are
//! theirs once they are recorded.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use std::sync::LazyLock;

use contentcheck_analysis::{Analysis, Fires};
use contentcheck_events::{Flattener, Router};
use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::language::Language;
use contentcheck_model::rule::Target;
use contentcheck_model::source::Source;
use contentcheck_model::template::{CHANNEL, EVENT_ID, Fixed, PROVIDER, TemplateType};
use contentcheck_parser::release::{Checking, Gathered, WithErrors};
use contentcheck_reference::{Event, evaluate};
use contentcheck_run::proof;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value as Json, json};

const PRODUCT: &str = "product: windows";

static ROUTER: LazyLock<Router> = LazyLock::new(|| {
    let catalogue = Catalogue::new(contentcheck_library::templates().unwrap().iter().cloned());
    Router::new(catalogue.newest().into_iter().cloned())
});

fn values<'t>(template: &'t TemplateType, name: &str) -> &'t [Fixed] {
    template.reads.iter().find(|of| of.name == name).map_or(&[], |of| of.values.as_slice())
}

/// Open template types of the library, each with a fixed one that claims some of its events.
static CLAIMS: LazyLock<Vec<(usize, usize)>> = LazyLock::new(|| {
    let all = ROUTER.templates();
    let pairs = (0..all.len()).flat_map(|open| (0..all.len()).map(move |fixed| (open, fixed)));
    pairs
        .filter(|(open, fixed)| all[*fixed].stands_before(&all[*open]) && !values(&all[*fixed], EVENT_ID).is_empty())
        .collect()
});

/// A rule on the log source of an open template type, as it was checked against the library; its target on that type.
fn target(open: &TemplateType, detection: &str) -> Option<Target> {
    let source = open.serves.first()?;
    let service = source.service.as_ref().map(|service| format!("service: {service}"));
    let category = source.category.as_ref().map(|category| format!("category: {category}"));
    let source = [Some(PRODUCT.to_owned()), category, service].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let rule = format!(
        "title: S\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f520001\nlogsource: {{{source}}}\ndetection:\n  s:\n{detection}  condition: s\nlevel: low\n"
    );
    let mut gathered = Gathered::of(vec![(Source::new("s.yml", rule), Language::Sigma)]);
    gathered.library = contentcheck_library::templates().unwrap().iter().cloned().collect();
    let content = gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).ok()?;
    let rule = content.rules().first()?;
    rule.targets.iter().find(|target| target.template.name == open.name).cloned()
}

fn routes(record: &Json) -> Vec<usize> {
    let (mut flattener, mut found) = (Flattener::new(), Vec::new());
    let record = record.to_string();
    ROUTER.route(&flattener.flatten(record.as_bytes()).unwrap(), None, &mut found);
    found
}

#[test]
fn the_library_has_open_template_types_of_which_others_claim_events() {
    let mut open: Vec<usize> = CLAIMS.iter().map(|(open, _)| *open).collect();
    open.dedup();
    assert!(open.len() >= 5 && CLAIMS.len() > 300, "{} {}", open.len(), CLAIMS.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// An event that is shown for a rule on an open template type is recorded as one of it, whatever the rule asks of its number and its
    /// provider; where it can be none, the rule never fires.
    #[test]
    fn events_that_are_shown_are_of_the_open_template_type(
        pair in any::<Index>(), number in any::<Index>(),
        how in select(vec!["", "|contains", "|endswith", "|re", "|gte", "|lte"]),
        zeros in select(vec!["", "0", "00"]), other in any::<bool>(),
        provider in select(vec!["", "own", "other", "null"]),
    ) {
        let (open, fixed) = CLAIMS[pair.index(CLAIMS.len())];
        let (open_type, fixed) = (&ROUTER.templates()[open], &ROUTER.templates()[fixed]);
        let Fixed::Int(number) = &values(fixed, EVENT_ID)[number.index(values(fixed, EVENT_ID).len())] else { return Ok(()) };
        let asked = match how {
            "|gte" | "|lte" => format!("{number}"),
            "|re" => format!("'^{zeros}{number}$'"),
            _ if other => format!("['{zeros}{number}', '999999']"),
            _ => format!("'{zeros}{number}'"),
        };
        let own = values(fixed, PROVIDER).first().map(|own| own.text().into_owned()).unwrap_or_default();
        let provider = match provider {
            "own" => format!("    Provider_Name: '{own}'\n"),
            "other" => "    Provider_Name: 'Somebody Else'\n".to_owned(),
            "null" => "    Provider_Name: null\n".to_owned(),
            _ => String::new(),
        };
        let detection = format!("    EventID{how}: {asked}\n    Foo|contains: 'evil'\n{provider}");
        let Some(target) = target(open_type, &detection) else { return Ok(()) };
        let mut analysis = Analysis::new(&proof::fires);
        let mut events = Vec::new();
        match analysis.fires(&target) {
            Fires::Yes(event) => events.push(event),
            Fires::Never(_) => prop_assert!(!other && !provider.contains("Else"), "{detection}"),
            Fires::Unknown(reason) => prop_assert!(false, "{detection}: {reason}"),
        }
        events.extend(proof::near_misses(&mut analysis, &target).into_iter().map(|near| near.event));
        for event in events {
            let record = Json::Object(proof::json(&target.template, &event));
            prop_assert!(routes(&record).contains(&open), "{detection}{record}");
        }
    }

    /// What is known to be claimed is claimed: no event of the open template type is proved away.
    #[test]
    fn what_is_known_to_be_claimed_is_no_event_of_the_open_template_type(
        pair in any::<Index>(), number in any::<Index>(), form in 0..8_usize, provider in 0..5_usize,
    ) {
        let (open, fixed) = CLAIMS[pair.index(CLAIMS.len())];
        let (open_type, fixed) = (&ROUTER.templates()[open], &ROUTER.templates()[fixed]);
        let Some(target) = target(open_type, "    EventID|gte: 0\n    Provider_Name|contains: 'x'\n") else { return Ok(()) };
        let numbers = values(fixed, EVENT_ID);
        let Fixed::Int(number) = numbers[number.index(numbers.len())] else { return Ok(()) };
        let number = match form {
            0 => json!(number),
            1 => json!(number.to_string()),
            2 => json!(format!("0{number}")),
            3 => json!(format!("0x{number:x}")),
            4 => json!(format!(" {number}")),
            5 => json!(format!("{number}.0")),
            6 => serde_json::from_str(&format!("{number}.0")).unwrap(),
            _ => json!(number + 1),
        };
        let own = values(fixed, PROVIDER).first().map(|own| own.text().into_owned());
        let own = own.unwrap_or_else(|| "Own".to_owned());
        let mut record = json!({EVENT_ID: number, "Foo": "evil"});
        let channel = values(open_type, CHANNEL).first().or(values(fixed, CHANNEL).first());
        record[CHANNEL] = json!(channel.map(|channel| channel.text().into_owned()));
        match provider {
            0 => record[PROVIDER] = json!(own),
            1 => record[PROVIDER] = json!(own.to_uppercase()),
            2 => record[PROVIDER] = json!("Somebody Else"),
            3 => record[PROVIDER] = json!(null),
            _ => {}
        }
        let mut event = Event::empty(open_type);
        let Json::Object(members) = &record else { return Ok(()) };
        for (name, value) in members {
            let value = match value {
                Json::String(text) => Some(contentcheck_model::value::Value::String(text.clone())),
                Json::Number(number) => Some(number.as_i64().map_or_else(
                    || contentcheck_model::value::Value::Float(number.as_f64().unwrap()),
                    contentcheck_model::value::Value::Int,
                )),
                _ => None,
            };
            event.set(&open_type.named(name), value);
        }
        let claimed = target.claimed.as_ref().unwrap();
        let is_claimed = evaluate(&target.with_condition((**claimed).clone()), &event).unwrap();
        prop_assert!(!is_claimed || !routes(&record).contains(&open), "{record}");
    }
}
