//! What the sensors of the fleet can hold, held against what the content alone tells: its rules
//! and the rows of its tables. Bytes and automaton states are known once an image is made.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use contentcheck_model::diagnostic::{Build, Detail, Diagnostic, Room, codes};
use contentcheck_model::predicate::Test;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::sensor::{Fleet, IMAGE_FORMAT, Sensor};
use contentcheck_model::table::Table;

/// What a sensor that reads older images alone has too little of.
const FORMAT: &str = "image format";

/// One rule as a sensor loads it, and what it brings: the tables that no rule before it brought.
struct Load<'r> {
    rule: &'r CheckedRule,
    tables: Vec<&'r Arc<Table>>,
}

/// Where the content goes beyond a capacity: the place in the order of the rules, what is
/// counted, how much there is and how much there may be.
struct Excess<'f> {
    sensor: &'f Sensor,
    needed: u64,
    capacity: u64,
}

/// Reports the first rule that a sensor cannot hold any more: one finding for each place and
/// kind, told for the sensor with the least room; the others are named.
pub(crate) fn check<'r>(rules: impl Iterator<Item = &'r CheckedRule> + Clone, fleet: &Fleet) -> Vec<Diagnostic> {
    let loads: Vec<Load<'r>> = rules.map(|rule| Load { rule, tables: tables(rule) }).collect();
    let mut found: BTreeMap<(usize, &'static str), Vec<Excess<'_>>> = BTreeMap::new();
    for sensor in fleet.sensors() {
        let capacity = &sensor.manifest().capacity;
        if let Some(newest) = capacity.interpreter.filter(|newest| *newest < IMAGE_FORMAT)
            && let Some(at) = loads.iter().position(|load| is_loaded(load.rule, sensor))
        {
            let excess = Excess { sensor, needed: u64::from(IMAGE_FORMAT), capacity: u64::from(newest) };
            found.entry((at, FORMAT)).or_default().push(excess);
        }
        if capacity.rules.is_none() && capacity.table_rows.is_none() {
            continue;
        }
        let (mut count, mut rows) = (0_u64, 0_u64);
        let mut first: [Option<usize>; 2] = [None, None];
        let mut seen: HashSet<*const Table> = HashSet::new();
        for (at, load) in loads.iter().enumerate().filter(|(_, load)| is_loaded(load.rule, sensor)) {
            count += 1;
            for table in &load.tables {
                if seen.insert(Arc::as_ptr(table)) {
                    rows = rows.saturating_add(table.rows().len() as u64);
                }
            }
            let [rule, table] = &mut first;
            if rule.is_none() && capacity.rules.is_some_and(|most| count > most) {
                *rule = Some(at);
            }
            if table.is_none() && capacity.table_rows.is_some_and(|most| rows > most) {
                *table = Some(at);
            }
        }
        let [rule, table] = first;
        for (at, kind, needed, most) in
            [(rule, "rules", count, capacity.rules), (table, "table rows", rows, capacity.table_rows)]
        {
            if let (Some(at), Some(capacity)) = (at, most) {
                found.entry((at, kind)).or_default().push(Excess { sensor, needed, capacity });
            }
        }
    }
    found.into_iter().filter_map(|((at, kind), excess)| describe(loads.get(at)?.rule, kind, &excess)).collect()
}

fn describe(rule: &CheckedRule, kind: &str, excess: &[Excess<'_>]) -> Option<Diagnostic> {
    let least = excess.iter().min_by_key(|excess| excess.capacity)?;
    let (needed, capacity, sensor) = (least.needed, least.capacity, least.sensor);
    let message = if kind == FORMAT {
        format!("the content is compiled to image format {needed}, and {sensor} reads none after {capacity}")
    } else {
        format!("the content has {needed} {kind} for {sensor}, which holds {capacity}; from here on it is over")
    };
    let mut found = Diagnostic::new(&codes::OVER_CAPACITY, &rule.source, rule.span, message)
        .with_help("reduce the content, restrict rules to other sensors, or ship a sensor with more room first")
        .with_rule(&rule.name)
        .with_detail(Detail::Capacity {
            counted: kind.to_owned(),
            sensors: excess
                .iter()
                .map(|excess| {
                    let Build { sensor, version } = Build::of(excess.sensor);
                    Room { sensor, version, needed: excess.needed, capacity: excess.capacity }
                })
                .collect(),
        })
        .with_sensors(excess.iter().map(|excess| excess.sensor));
    let others: Vec<String> = excess
        .iter()
        .filter(|other| !std::ptr::eq(other.sensor, sensor))
        .map(|other| format!("{} (holds {})", other.sensor, other.capacity))
        .collect();
    if !others.is_empty() {
        found = found.with_label(format!("the same on {}", others.join(", ")));
    }
    Some(found)
}

fn is_loaded(rule: &CheckedRule, sensor: &Sensor) -> bool {
    rule.sensors.as_ref().is_none_or(|constraint| constraint.matches(sensor))
        && rule.targets.iter().any(|target| sensor.template(&target.template.name).is_some())
}

/// The tables that a rule looks up in.
fn tables(rule: &CheckedRule) -> Vec<&Arc<Table>> {
    fn of<'t>(test: &'t Test, found: &mut Vec<&'t Arc<Table>>) {
        match test {
            Test::InTable(table) => found.push(table),
            Test::Elements { test, .. } => of(test, found),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for target in &rule.targets {
        target.condition.each(&mut |predicate, _| of(&predicate.test, &mut found));
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::release::{Checking, Gathered};
    use contentcheck_model::language::Language;
    use contentcheck_model::sensor::{Fleet, Manifest};
    use contentcheck_model::source::Source;

    fn sensor(version: &str, capacity: &str) -> contentcheck_model::sensor::Sensor {
        let json = format!(
            "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"{version}\",\"capacity\":{capacity},\
             \"templates\":{{\"t\":{{\"inputs\":[{{\"name\":\"a\",\"type\":\"string\"}}]}}}}}}"
        );
        Manifest::parse(&Source::new("m", json)).expect("a manifest")
    }

    fn found(rules: &[(&str, &str)], sensors: Vec<contentcheck_model::sensor::Sensor>) -> Vec<String> {
        let mut text = String::from(
            "template t @ 1 { 1 a : string }\ntemplate u @ 1 { 1 a : string }\n\
             table d @ 1 { k: string key } rows [[\"x\"], [\"y\"], [\"z\"]]\n\
             table e @ 1 { k: string key } rows [[\"x\"], [\"y\"]]\n",
        );
        for (at, (head, condition)) in rules.iter().enumerate() {
            text.push_str(&format!(
                "rule r{at} {{ id: \"0e95725d-7320-415d-80f7-{at:012}\" severity: low {head} when {condition} }}\n"
            ));
        }
        let fleet = Fleet::new(sensors).expect("a fleet");
        let sources = vec![(Source::new("r.content", text), Language::Native)];
        let judged = Gathered { fleet: Some(fleet), ..Gathered::of(sources) }.check(&Checking::default()).judge();
        let over = judged.findings().iter().filter(|found| found.code.id == "CC0408");
        over.map(|found| format!("{}: {}; {:?}", found.rule.as_deref().unwrap_or(""), found.message, found.label))
            .collect()
    }

    const T: &str = "template: t @ 1";

    #[test]
    fn rules_are_counted_for_the_sensors_that_load_them() {
        let three = [(T, "a == \"1\""), (T, "a == \"2\""), (T, "a == \"3\"")];
        assert_eq!(found(&three, vec![sensor("1", "{\"rules\":3}")]), [""; 0]);
        let over = found(&three, vec![sensor("1", "{\"rules\":2}"), sensor("2", "{\"rules\":2}"), sensor("3", "{}")]);
        assert_eq!(
            over,
            ["0e95725d-7320-415d-80f7-000000000002: the content has 3 rules for acme 1, which holds 2; \
              from here on it is over; Some(\"the same on acme 2 (holds 2)\")"]
        );
        // Rules for other template types and for other versions take no room.
        let apart = [(T, "a == \"1\""), (T, "a == \"2\""), ("template: u @ 1", "a == \"3\"")];
        assert_eq!(found(&apart, vec![sensor("1", "{\"rules\":2}")]), [""; 0]);
        let newer = [(T, "a == \"1\""), (T, "a == \"2\""), ("template: t @ 1 sensors: \">=2\"", "a == \"3\"")];
        assert_eq!(found(&newer, vec![sensor("1", "{\"rules\":2}"), sensor("2", "{\"rules\":3}")]), [""; 0]);
    }

    #[test]
    fn a_sensor_that_reads_older_images_alone_is_named() {
        let rules = [(T, "a == \"1\"")];
        assert_eq!(found(&rules, vec![sensor("1", "{\"interpreter\":2}"), sensor("2", "{}")]), [""; 0]);
        let over = found(&rules, vec![sensor("1", "{\"interpreter\":1}")]);
        assert!(over[0].contains("image format 2, and acme 1 reads none after 1"), "{over:?}");
    }

    #[test]
    fn a_table_counts_once_for_all_rules_that_read_it() {
        let rules = [(T, "a in d"), (T, "a in d and a != \"q\""), (T, "a in e")];
        assert_eq!(found(&rules, vec![sensor("1", "{\"table_rows\":5}")]), [""; 0]);
        let over = found(&rules, vec![sensor("1", "{\"table_rows\":4}")]);
        assert_eq!(over.len(), 1);
        assert!(over[0].starts_with("0e95725d-7320-415d-80f7-000000000002: the content has 5 table rows"), "{over:?}");
    }
}
