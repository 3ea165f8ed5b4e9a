//! A Sigma rule matches what its text says, whatever it asks of the names by which template types tell events apart: it is on the open template type of its
//! log source too wherever the fixed ones do not have all of its events.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use std::sync::{Arc, LazyLock};

use contentcheck_events::{Flattener, Router};
use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::language::Language;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::source::Source;
use contentcheck_model::template::{CHANNEL, EVENT_ID, Fixed, PROVIDER, TemplateType};
use contentcheck_parser::release::{Checking, Gathered, WithErrors};
use contentcheck_run::proof;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value as Json, json};

static ROUTER: LazyLock<Router> = LazyLock::new(|| {
    let catalogue = Catalogue::new(contentcheck_library::templates().unwrap().iter().cloned());
    Router::new(catalogue.newest().into_iter().cloned())
});

fn values<'t>(template: &'t TemplateType, name: &str) -> &'t [Fixed] {
    template.reads.iter().find(|of| of.name == name).map_or(&[], |of| of.values.as_slice())
}

/// An open template type, with the fixed ones of its log source that are known by provider and number.
type Log = (Arc<TemplateType>, Vec<Arc<TemplateType>>);

/// Those of the library that are of a channel.
static LOGS: LazyLock<Vec<Log>> = LazyLock::new(|| {
    let all = ROUTER.templates();
    let fixed = |open: &TemplateType| {
        let of = all.iter().filter(|fixed| fixed.stands_before(open) && fixed.is_known_in_part());
        of.cloned().collect::<Vec<_>>()
    };
    let open = all.iter().filter(|open| open.open && !values(open, CHANNEL).is_empty());
    open.map(|open| (Arc::clone(open), fixed(open))).filter(|(_, fixed)| !fixed.is_empty()).collect()
});

/// A rule on the log source of an open template type, as it was checked against the library; nothing where none of it is left.
fn rule(open: &TemplateType, detection: &str) -> Option<Arc<CheckedRule>> {
    let source = open.serves.first()?;
    let of = |key: &str, value: &Option<String>| value.as_ref().map(|value| format!("{key}: {value}"));
    let source = [of("product", &source.product), of("category", &source.category), of("service", &source.service)];
    let source = source.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let text = format!(
        "title: S\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f520002\nlogsource: {{{source}}}\ndetection:\n{detection}level: low\n"
    );
    let mut gathered = Gathered::of(vec![(Source::new("s.yml", text), Language::Sigma)]);
    gathered.library = contentcheck_library::templates().unwrap().iter().cloned().collect();
    let content = gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).ok()?;
    content.rules().first().cloned()
}

/// What a rule asks.
#[derive(Clone, Debug)]
struct Asked {
    numbers: Vec<i64>,
    providers: Vec<String>,
    evil: bool,
    /// Whether the items are alternatives.
    any: bool,
    /// Whether the provider is asked not to be one of these.
    other_provider: bool,
}

impl Asked {
    fn text(&self) -> String {
        let list = |values: &[String]| format!("[{}]", values.join(", "));
        let mut items = Vec::new();
        if !self.numbers.is_empty() {
            let numbers: Vec<String> = self.numbers.iter().map(ToString::to_string).collect();
            items.push(("n", format!("EventID: {}", list(&numbers)), ""));
        }
        if !self.providers.is_empty() {
            let providers: Vec<String> = self.providers.iter().map(|provider| format!("'{provider}'")).collect();
            let not = if self.other_provider { "not " } else { "" };
            items.push(("p", format!("Provider_Name: {}", list(&providers)), not));
        }
        if self.evil {
            items.push(("f", "Foo: evil".to_owned(), ""));
        }
        let selections: String = items.iter().map(|(name, item, _)| format!("  {name}:\n    {item}\n")).collect();
        let parts: Vec<String> = items.iter().map(|(name, _, not)| format!("{not}{name}")).collect();
        format!("{selections}  condition: {}\n", parts.join(if self.any { " or " } else { " and " }))
    }

    /// What the text says of an event.
    fn holds(&self, number: i64, provider: Option<&str>, is_evil: bool) -> bool {
        let mut parts = Vec::new();
        if !self.numbers.is_empty() {
            parts.push(self.numbers.contains(&number));
        }
        if !self.providers.is_empty() {
            let is_one = provider.is_some_and(|of| self.providers.iter().any(|asked| asked.eq_ignore_ascii_case(of)));
            parts.push(is_one != self.other_provider);
        }
        if self.evil {
            parts.push(is_evil);
        }
        if self.any { parts.contains(&true) } else { !parts.contains(&false) }
    }
}

#[test]
fn there_are_logs_with_and_without_a_provider_of_their_own() {
    let own = |(_, fixed): &&Log| fixed.iter().any(|of| of.is_of_own_channel());
    let count = LOGS.iter().filter(own).count();
    assert!(count >= 3 && LOGS.len() > count, "{count} of {}", LOGS.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_rule_matches_what_its_text_says(
        log in any::<Index>(), of in any::<[Index; 4]>(), shape in 0..32_u8, said in any::<Index>(), by in 0..4_u8, unknown in any::<bool>(),
    ) {
        let (open, fixed) = &LOGS[log.index(LOGS.len())];
        let numbers: Vec<i64> = fixed.iter().flat_map(|of| values(of, EVENT_ID)).filter_map(|of| match of {
            Fixed::Int(number) => Some(*number),
            Fixed::Text(_) => None,
        }).collect();
        let providers: Vec<String> =
            fixed.iter().flat_map(|of| values(of, PROVIDER)).map(|of| of.text().into_owned()).collect();
        let number = |of: &Index| numbers[of.index(numbers.len())];
        let provider = |of: &Index| providers[of.index(providers.len())].clone();
        let asked = Asked {
            numbers: [Some(number(&of[0])), (shape & 1 > 0).then_some(64_321)].into_iter().flatten().filter(|_| shape & 2 > 0).collect(),
            providers: if shape & 4 > 0 || shape & 2 == 0 { vec![provider(&of[1])] } else { Vec::new() },
            evil: shape & 8 > 0,
            any: shape & 16 > 0,
            other_provider: shape & 6 == 6 && by == 3,
        };
        // The event: of a number that is asked for, of another one, of one that nobody has; by one of the providers, by somebody else, by nobody.
        let event_number = match said.index(3) { 0 => number(&of[0]), 1 => number(&of[2]), _ => 64_321 };
        let event_provider = match by { 0 => Some(provider(&of[1])), 1 => Some(provider(&of[3])), 2 => Some("Somebody Else".to_owned()), _ => None };
        let channel = values(open, CHANNEL)[0].text().into_owned();
        let mut event = json!({"Channel": channel, "EventID": event_number, "Foo": "evil"});
        if let Some(provider) = &event_provider {
            event["Provider_Name"] = json!(provider);
        }
        if unknown {
            event["Foo"] = json!("good");
        }
        let record = event.to_string();
        let (mut flattener, mut routes) = (Flattener::new(), Vec::new());
        ROUTER.route(&flattener.flatten(record.as_bytes()).unwrap(), None, &mut routes);
        // What a template type fixes to one value need not be said, and what it does not have is not seen.
        let sees = |route: &usize| {
            let template = &ROUTER.templates()[*route];
            let is_of_log = template.name == open.name || fixed.iter().any(|of| of.name == template.name);
            let told = match values(template, PROVIDER) { [one] => Some(one.text().into_owned()), _ => event_provider.clone() };
            is_of_log && asked.holds(event_number, event_provider.as_deref().or(told.as_deref()), template.open && !unknown)
        };
        let holds = routes.iter().any(sees);
        // A number in the channel of one provider says whose event it is; one that says another provider there is made up.
        let claims = |of: &&Arc<TemplateType>| of.is_of_own_channel() && values(of, EVENT_ID).contains(&Fixed::Int(event_number));
        let is_made_up = fixed.iter().find(claims).is_some_and(|of| {
            event_provider.as_ref().is_some_and(|said| values(of, PROVIDER).iter().all(|own| !own.is_text(said)))
        });
        let matches = rule(open, &asked.text()).map_or(Some(false), |rule| proof::matches(&rule, &ROUTER, &record));
        if is_made_up {
            return Ok(());
        }
        prop_assert_eq!(matches, Some(holds), "{}\n{}", asked.text(), Json::to_string(&event));
    }
}
