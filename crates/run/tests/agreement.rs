//! What is proven of rules and what evaluation says of events agree: rules of both languages, fleets and events are drawn,
//! and no event, as a sensor of the fleet or a recorder supplies it, contradicts a proof or a finding that rests on one.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::sync::Arc;

use contentcheck_analysis::findings::Depth;
use contentcheck_analysis::{Always, Analysis, Example, Fires, Redundant, RedundantKind, Witness};
use contentcheck_compiler::{Options, compile};
use contentcheck_events::Flattener;
use contentcheck_model::expression::Expr;
use contentcheck_model::language::Language;
use contentcheck_model::predicate::{Predicate, Test};
use contentcheck_model::presence::{Lacking, Suppliers};
use contentcheck_model::rule::{RuleId, Target};
use contentcheck_model::sensor::{Fleet, Manifest, Sensor};
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, Shippable, WithErrors};
use contentcheck_reference::{Event, evaluate};
use contentcheck_run::{Plan, proof};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

const TEMPLATE: &str = r#"
template t.event @ 1 {
    serves { product: t, category: event }
    reads { Channel: "T/Events", EventID: [1, 2] }
    header { host: string nocase, level: int? }

    1 image: string nocase
    2 line: string? nocase
    3 pid: int
    4 user: string
    5 signed: bool
    6 address: ip
    7 tags: list<string>?
    8 size: float
}
"#;

/// Name and type of what a sensor may supply.
const FIELDS: [(&str, &str); 11] = [
    ("image", "string"),
    ("line", "string"),
    ("pid", "int"),
    ("user", "string"),
    ("signed", "bool"),
    ("address", "ip"),
    ("tags", "list<string>"),
    ("size", "float"),
    ("Channel", "string"),
    ("EventID", "int"),
    ("level", "int"),
];

fn text() -> impl Strategy<Value = String> {
    select(vec![
        "", "a", "b", "ab", "A", "aB", "ba", "x.exe", r"\x.exe", r"c\x.exe", "1", "12", "T/Events", "10.0.0.1", "true",
    ])
    .prop_map(str::to_owned)
}

fn quoted(text: &str) -> String {
    format!("r\"{text}\"")
}

fn list<T>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>>
where
    T: std::fmt::Debug + Clone,
{
    proptest::collection::vec(of, 1..4)
}

/// A predicate of the native language.
fn native_predicate() -> impl Strategy<Value = String> {
    let string = || select(vec!["image", "line", "user", "host"]);
    let whole = || select(vec!["pid", "level"]);
    let each = || select(vec!["image", "line", "pid", "user", "signed", "address", "tags", "size", "host", "level"]);
    let written = |values: Vec<String>| values.iter().map(|one| quoted(one)).collect::<Vec<_>>().join(", ");
    prop_oneof![
        4 => (string(), select(vec!["contains", "starts_with", "ends_with"]), list(text()))
            .prop_map(move |(field, how, values)| format!("{field} {how} [{}]", written(values))),
        3 => (string(), list(text())).prop_map(move |(field, values)| format!("{field} in [{}]", written(values))),
        2 => (string(), select(vec!["==", "!="]), text()).prop_map(|(field, how, one)| format!("{field} {how} {}", quoted(&one))),
        2 => (string(), select(vec!["*", "a*", "*b", "?", "*a*", "?*", r"*\\x.exe"])).prop_map(|(field, like)| format!("{field} like \"{like}\"")),
        1 => (string(), select(vec!["a+", "^a", "b$", "^[ab]{2}$", "(?i)B", "^$"])).prop_map(|(field, regex)| format!("{field} matches \"{regex}\"")),
        2 => (whole(), select(vec!["==", "!=", "<", "<=", ">", ">="]), -1_i64..14).prop_map(|(field, how, number)| format!("{field} {how} {number}")),
        1 => (select(vec!["<", ">=", "=="]), select(vec!["0.0", "0.5", "1.0", "1.5", "12.0"])).prop_map(|(how, number)| format!("size {how} {number}")),
        1 => any::<bool>().prop_map(|truth| format!("signed == {truth}")),
        1 => select(vec!["10.0.0.0/8", "0.0.0.0/0", "::/0"]).prop_map(|network| format!("address cidr \"{network}\"")),
        1 => (any::<bool>(), list(text())).prop_map(move |(all, values)| format!("{} tags in [{}]", if all { "all" } else { "any" }, written(values))),
        1 => (string(), select(vec!["==", "contains"]), string()).prop_map(|(field, how, other)| format!("{field} {how} `{other}`")),
        // Elements against a field that may not be there, also where there are none.
        2 => (any::<bool>(), select(vec!["==", "!=", "<", "contains", "starts_with"]), string())
            .prop_map(|(all, how, other)| format!("{} tags {how} `{other}`", if all { "all" } else { "any" })),
        3 => each().prop_map(|field| format!("{field} exists")),
    ]
}

fn native_condition() -> impl Strategy<Value = String> {
    native_predicate().prop_recursive(3, 8, 3, |inner| {
        let joined = |word: &'static str| move |parts: Vec<String>| format!("({})", parts.join(word));
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(joined(" and ")),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(joined(" or ")),
            inner.prop_map(|part| format!("not {part}")),
        ]
    })
}

fn native_rule(condition: &str, id: usize) -> String {
    format!(
        "rule r{id} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f{id:04x}\"\n    template: t.event @ 1\n    severity: low\n    when {condition}\n}}\n"
    )
}

/// An item of a Sigma selection.
fn sigma_item() -> impl Strategy<Value = String> {
    let field =
        || select(vec!["image", "line", "user", "host", "pid", "address", "tags", "signed", "EventID", "Channel"]);
    let written = |values: &[String]| values.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ");
    let string = || select(vec!["image", "line", "user", "host", "tags"]);
    prop_oneof![
        4 => (string(), select(vec!["", "|contains", "|startswith", "|endswith", "|contains|all", "|contains|cased", "|neq"]), list(text()))
            .prop_map(move |(field, how, values)| format!("{field}{how}: [{}]", written(&values))),
        3 => field().prop_map(|field| format!("{field}: null")),
        2 => (field(), any::<bool>()).prop_map(|(field, there)| format!("{field}|exists: {there}")),
        1 => (string(), select(vec!["*", "?*", "a*", ""])).prop_map(|(field, one)| format!("{field}: '{one}'")),
        1 => (string(), select(vec!["a+", "^a", "^$", "b$"])).prop_map(|(field, one)| format!("{field}|re: '{one}'")),
        1 => (-1_i64..14).prop_map(|number| format!("pid: {number}")),
        // Numbers in a row, and between them what a float may be.
        2 => (select(vec!["size", "pid"]), proptest::collection::vec(-2_i64..3, 1..5))
            .prop_map(|(field, numbers)| format!("{field}: {numbers:?}")),
        1 => (select(vec!["size", "pid"]), select(vec!["gt", "gte", "lt", "lte"]), select(vec!["0", "1", "0.5", "1.5"]))
            .prop_map(|(field, how, number)| format!("{field}|{how}: {number}")),
        1 => select(vec!["1", "2", "[1, 2]", "3"]).prop_map(|number| format!("EventID: {number}")),
        1 => select(vec!["10.0.0.0/8", "0.0.0.0/0"]).prop_map(|network| format!("address|cidr: '{network}'")),
        1 => (string(), string()).prop_map(|(field, other)| format!("{field}|fieldref: {other}")),
    ]
}

/// The condition of a Sigma rule, with the selections that it is about.
fn sigma_detection() -> impl Strategy<Value = String> {
    let map = proptest::collection::vec(sigma_item(), 1..3).prop_map(|items| {
        let mut names: Vec<&str> = Vec::new();
        let kept: Vec<&String> = items
            .iter()
            .filter(|item| {
                let name = item.split(':').next().unwrap();
                let new = !names.contains(&name);
                names.push(name);
                new
            })
            .collect();
        kept.iter().map(|item| format!("        {item}\n")).collect::<String>()
    });
    let keywords = list(text()).prop_map(|values| {
        let lines: Vec<String> = values.iter().map(|one| format!("        - '{one}'\n")).collect();
        lines.concat()
    });
    let selection = prop_oneof![6 => map, 1 => keywords];
    let condition = select(vec![
        "s0",
        "not s0",
        "s0 and s1",
        "s0 and not s1",
        "s0 or s1",
        "not s0 and not s1",
        "s0 and not (s1 or s2)",
        "s0 and not 1 of s*",
        "(s0 or s1) and not s2",
        "1 of s*",
        "all of s*",
    ]);
    (proptest::collection::vec(selection, 3), condition).prop_map(|(selections, condition)| {
        let selections: Vec<String> =
            selections.iter().enumerate().map(|(at, body)| format!("    s{at}:\n{body}")).collect();
        format!("{}    condition: {condition}\n", selections.concat())
    })
}

fn sigma_rule(detection: &str, id: usize) -> String {
    format!(
        "title: Drawn {id}\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f50{id:04x}\nstatus: test\nlogsource:\n    product: t\n    category: event\ndetection:\n{detection}level: low\n"
    )
}

/// A sensor that lacks some fields, and of some does not promise that they are there.
fn sensor(version: usize, draw: &[u8]) -> Sensor {
    let input = |name: &str, ty: &str| format!(r#"{{"name":"{name}","type":"{ty}"}}"#);
    let inputs: Vec<String> = FIELDS
        .iter()
        .zip(draw)
        .filter_map(|((name, ty), draw)| match draw {
            0 => None,
            1 => Some(input(name, &format!("{ty}?"))),
            _ => Some(input(name, ty)),
        })
        .collect();
    let host = if draw[FIELDS.len()] == 0 { String::new() } else { input("host", "string") };
    let text = format!(
        r#"{{"format":1,"sensor":"acme","version":"{version}","header":[{host}],"templates":{{"t.event":{{"inputs":[{}]}}}}}}"#,
        inputs.join(",")
    );
    Manifest::parse(&Source::new("m.json", text)).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn fleet() -> impl Strategy<Value = Fleet> {
    // Most sensors supply most fields.
    let draw = prop_oneof![1 => Just(0_u8), 1 => Just(1), 8 => Just(2)];
    let one = proptest::collection::vec(draw, FIELDS.len() + 1);
    proptest::collection::vec(one, 1..4).prop_map(|all| {
        let sensors = all.iter().enumerate().map(|(version, draw)| sensor(version + 1, draw)).collect();
        Fleet::new(sensors).unwrap()
    })
}

/// A recorded event with a value for each field, and which of them are to go where they may.
fn record() -> impl Strategy<Value = (BTreeMap<&'static str, serde_json::Value>, Vec<bool>)> {
    let string =
        || prop_oneof![3 => text(), 1 => (text(), text()).prop_map(|(a, b)| a + &b)].prop_map(serde_json::Value::from);
    let whole = || (-1_i64..14).prop_map(serde_json::Value::from);
    let tags = proptest::collection::vec(text(), 0..3).prop_map(serde_json::Value::from);
    let address = select(vec!["10.0.0.1", "1.2.3.4", "::1"]).prop_map(serde_json::Value::from);
    let size = select(vec![0.0, 0.5, 1.0, 1.5, 2.0, 12.0, -0.5, -1.0, -2.5]).prop_map(serde_json::Value::from);
    let values =
        (string(), string(), whole(), string(), any::<bool>(), address, tags, size, 1_i64..3, whole(), string());
    (values, proptest::collection::vec(any::<bool>(), FIELDS.len() + 1)).prop_map(|(values, gone)| {
        let (image, line, pid, user, signed, address, tags, size, id, level, host) = values;
        let all = BTreeMap::from([
            ("image", image),
            ("line", line),
            ("pid", pid),
            ("user", user),
            ("signed", signed.into()),
            ("address", address),
            ("tags", tags),
            ("size", size),
            ("Channel", "T/Events".into()),
            ("EventID", id.into()),
            ("level", level),
            ("host", host),
        ]);
        (all, gone)
    })
}

/// Events, and whether a rule fires on each.
type Seen = Vec<(Event, bool)>;

/// What is said of a release, and the events that may contradict it.
struct Case<'c> {
    content: &'c Shippable,
    /// For each rule its target, if it has one, and for each event whether it fires there.
    seen: Vec<(Option<&'c Target>, Seen)>,
}

impl<'c> Case<'c> {
    fn of(content: &'c Shippable) -> Self {
        let seen = content.rules().iter().map(|rule| (rule.targets.first(), Vec::new())).collect();
        Self { content, seen }
    }

    /// Shows events to a plan, each as it is supplied.
    fn show(&mut self, plan: &Plan, records: &[String]) {
        let (mut worker, mut flattener) = (plan.worker(), Flattener::new());
        let route = plan.find("t.event").unwrap();
        for record in records {
            let flat = flattener.flatten(record.as_bytes()).unwrap();
            let mut fired: Vec<RuleId> = Vec::new();
            worker.evaluate(&flat, Some(route), |_, rule| fired.push(rule)).unwrap();
            for (id, (target, seen)) in RuleId::count(&mut self.seen) {
                if let Some(target) = target
                    && plan.loads(id)
                    && plan.loads_on(id, &target.template)
                {
                    let event = worker.reference_event(route, &target.template, &flat).unwrap();
                    let fires = fired.contains(&id);
                    assert_eq!(evaluate(target, &event), Ok(fires), "{record} {event:?} {:?}", target.condition);
                    seen.push((event, fires));
                }
            }
        }
    }

    /// What is proven and an event contradicts.
    fn proofs(&self, presence: Presence) -> Vec<String> {
        let mut wrong = Vec::new();
        let confirm =
            |target: &Target, witness: &Witness| evaluate(target, &proof::event(&target.template, witness)).ok();
        let mut analysis = Analysis::new(&confirm);
        let targets: Vec<(Target, &Seen)> = self
            .seen
            .iter()
            .filter_map(|(target, seen)| {
                let mut target = (*target)?.clone();
                if presence == Presence::Ignored {
                    target.lacking = Lacking::default();
                }
                Some((target, seen))
            })
            .collect();
        for (target, seen) in &targets {
            let said = format!("{:?} lacking {:?}", target.condition, target.lacking);
            let fires = analysis.fires(target);
            if let Fires::Never(why) = &fires
                && seen.iter().any(|(_, fires)| *fires)
            {
                wrong.push(format!("never: {why:?}\n{said}\n{seen:?}"));
            }
            if analysis.always_fires(target) == Always::Yes && seen.iter().any(|(_, fires)| !fires) {
                wrong.push(format!("always: {said}\n{seen:?}"));
            }
            let of_filters = analysis.filters(target, matches!(fires, Fires::Yes(_))).findings;
            for finding in analysis.redundant(target).findings.iter().chain(&of_filters) {
                let Some(without) = without(target, finding) else { continue };
                for (event, fires) in *seen {
                    if evaluate(&without, event) != Ok(*fires) {
                        wrong.push(format!("redundant: {finding:?}\n{said}\n{event:?}"));
                    }
                }
            }
        }
        for (a, of_a) in &targets {
            for (b, _) in &targets {
                if !std::ptr::eq(a, b) && analysis.implies(a, b) == Example::None {
                    for (event, _) in of_a.iter().filter(|(_, fires)| *fires) {
                        if evaluate(b, event) != Ok(true) {
                            wrong.push(format!("{:?} implies {:?}\n{event:?}", a.condition, b.condition));
                        }
                    }
                }
            }
        }
        wrong
    }

    /// The findings that an event contradicts, whoever made them.
    fn findings(&self, findings: &[(String, Option<String>)]) -> Vec<String> {
        let mut wrong = Vec::new();
        for (code, rule) in findings {
            let named = |of: &&str| rule.as_deref() == Some(of);
            let of_rule = self.content.rules().iter().position(|one| named(&one.name.as_str()));
            let Some((_, seen)) = of_rule.and_then(|at| self.seen.get(at)) else { continue };
            let is_wrong = match code.as_str() {
                "CC0601" | "CC0611" => seen.iter().any(|(_, fires)| *fires),
                "CC0602" | "CC0612" => seen.iter().any(|(_, fires)| !fires),
                _ => false,
            };
            if is_wrong {
                wrong.push(format!("{code} {seen:?}"));
            }
        }
        wrong
    }
}

/// Which events analysis is told of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// Those that the sensors supply, which may lack what the template type requires.
    Known,
    /// Those that the template type describes, as if each sensor supplied all of it: what this test is to notice.
    Ignored,
}

/// The same condition without a part that is said to have no effect. Nothing where that is not said of it.
fn without(target: &Target, finding: &Redundant) -> Option<Target> {
    fn part(expr: &Expr<Predicate>, next: &mut usize, out: &[usize]) -> Option<Expr<Predicate>> {
        let first = *next;
        let mut count = 0;
        expr.each(&mut |_, _| count += 1);
        if (first..first + count).eq(out.iter().copied()) {
            *next += count;
            return None;
        }
        Some(match expr {
            Expr::Const(value) => Expr::Const(*value),
            Expr::Not(inner) => part(inner, next, out)?.negate(),
            Expr::All(parts) => Expr::all(parts.iter().filter_map(|one| part(one, next, out)).collect::<Vec<_>>()),
            Expr::Any(parts) => Expr::any(parts.iter().filter_map(|one| part(one, next, out)).collect::<Vec<_>>()),
            Expr::Is(predicate) => {
                *next += 1;
                Expr::Is(predicate.clone())
            }
        })
    }
    fn drop_value(test: &Test, value: usize) -> Test {
        match test {
            Test::Elements { all, test } => Test::Elements { all: *all, test: Box::new(drop_value(test, value)) },
            Test::Text { patterns, all } => {
                let mut patterns = patterns.clone();
                patterns.remove(value);
                Test::Text { patterns, all: *all }
            }
            other => other.clone(),
        }
    }
    let condition = match &finding.kind {
        RedundantKind::CoveredValue { value, .. } | RedundantKind::DeadValue { value } => {
            let mut next = 0;
            target.condition.substitute(&mut |predicate| {
                let own = next;
                next += 1;
                let test = match finding.predicates.contains(&own) {
                    true => Arc::new(drop_value(&predicate.test, *value)),
                    false => Arc::clone(&predicate.test),
                };
                Expr::Is(Predicate { test, ..predicate.clone() })
            })
        }
        // Of these it is not said that they could be left out.
        RedundantKind::SwallowingFilter | RedundantKind::Known => return None,
        _ => part(&target.condition, &mut 0, &finding.predicates)?,
    };
    Some(target.with_condition(condition))
}

/// The records without what they may lack: what some sensor that loads the rule does not promise.
fn lacking(
    records: &[(BTreeMap<&'static str, serde_json::Value>, Vec<bool>)],
    may_lack: impl Fn(&str) -> bool,
) -> Vec<String> {
    let without = |(values, gone): &(BTreeMap<&'static str, serde_json::Value>, Vec<bool>)| {
        let kept = values.iter().zip(gone).filter(|((name, _), gone)| !(**gone && may_lack(name)));
        let object: serde_json::Map<String, serde_json::Value> =
            kept.map(|((name, value), _)| ((*name).to_owned(), value.clone())).collect();
        serde_json::Value::from(object).to_string()
    };
    records.iter().map(without).collect()
}

/// Rules of both languages, a fleet, and events for it.
#[derive(Clone, Debug)]
struct Drawn {
    native: Vec<String>,
    sigma: Vec<String>,
    fleet: Fleet,
    is_named: bool,
    records: Vec<(BTreeMap<&'static str, serde_json::Value>, Vec<bool>)>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let native = proptest::collection::vec(native_condition(), 1..3);
    let sigma = proptest::collection::vec(sigma_detection(), 1..3);
    let records = proptest::collection::vec(record(), 24);
    (native, sigma, fleet(), any::<bool>(), records).prop_map(|(native, sigma, fleet, is_named, records)| Drawn {
        native,
        sigma,
        fleet,
        is_named,
        records,
    })
}

/// What is said of the rules and an event contradicts.
fn contradictions(drawn: &Drawn, presence: Presence) -> Vec<String> {
    let Drawn { native, sigma, fleet, is_named, records } = drawn;
    let mut text = TEMPLATE.to_owned();
    native.iter().enumerate().for_each(|(id, condition)| text.push_str(&native_rule(condition, id)));
    let mut sources = vec![(Source::new("t.content", text), Language::Native)];
    sources.extend(
        sigma
            .iter()
            .enumerate()
            .map(|(id, detection)| (Source::new(format!("{id}.yml"), sigma_rule(detection, id)), Language::Sigma)),
    );
    // The sensors are the fleet, or those that happen to be known.
    let known = Some(Arc::new(fleet.clone()));
    let fleet = is_named.then(|| fleet.clone());
    let checking = Checking { further: Some(&Depth::Deep), ..Checking::default() };
    let said = |gathered: Gathered| {
        let judged = gathered.check(&checking).judge();
        let findings: Vec<(String, Option<String>)> =
            judged.findings().iter().map(|found| (found.code.id.to_owned(), found.rule.clone())).collect();
        (findings, judged)
    };
    let gathered = Gathered { fleet: fleet.clone(), known_sensors: known.clone(), ..Gathered::of(sources.clone()) };
    let (mut findings, judged) = said(gathered);
    if presence == Presence::Ignored {
        findings = said(Gathered::of(sources)).0;
    }
    let Ok(content) = judged.ship(WithErrors::LeaveOut) else { return Vec::new() };
    if content.rules().is_empty() {
        return Vec::new();
    }
    let template = Arc::clone(content.catalogue().find("t.event", 1).unwrap());
    let mut case = Case::of(&content);
    let suppliers = Suppliers::new(fleet.clone().map(Arc::new), known);
    let image = compile(&content, Options { any_sensor: true, ..Options::default() }).unwrap();
    let names_value = |name: &str| matches!(name, "Channel" | "EventID");
    let of_recorder =
        lacking(records, |name| !names_value(name) && suppliers.may_lack(&template, &template.named(name), None));
    case.show(&Plan::for_recorder(&content, &image).unwrap(), &of_recorder);
    let image = compile(&content, Options { skip_unsupplied: true, ..Options::default() }).unwrap();
    for sensor in fleet.iter().flat_map(Fleet::sensors) {
        let plan = Plan::for_sensor(&content, &image, sensor).unwrap();
        let of_sensor = lacking(records, |name| sensor.supplied("t.event", name).is_none_or(|ty| ty.optional));
        case.show(&plan, &of_sensor);
    }
    let mut wrong = case.proofs(presence);
    wrong.extend(case.findings(&findings));
    wrong
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_event_contradicts_a_proof(drawn in drawn()) {
        let wrong = contradictions(&drawn, Presence::Known);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// The test above is able to fail: where analysis takes each sensor to supply all that the template type requires, events
/// contradict its proofs and what lint says.
#[test]
fn events_contradict_proofs_that_ignore_what_sensors_lack() {
    let mut runner = TestRunner::deterministic();
    let cases: Vec<Vec<String>> = (0..300)
        .map(|_| contradictions(&drawn().new_tree(&mut runner).unwrap().current(), Presence::Ignored))
        .collect();
    let of = |what: &str| cases.iter().filter(|wrong| wrong.iter().any(|one| one.starts_with(what))).count();
    let counts = ["never", "always", "redundant", "CC06"].map(|what| (what, of(what)));
    assert!(cases.iter().filter(|wrong| !wrong.is_empty()).count() >= 15, "{counts:?}");
    assert!(counts.iter().all(|(_, cases)| *cases > 0), "{counts:?}");
}
