//! Generate: events of the release's own template types, made of the values that its rules look for.
//!
//! An event is a pure function of a few small numbers, the [`Recipe`], which a proptest strategy draws. So
//! shrinking a counterexample is shrinking numbers: towards absent fields, first values and no mangling.

use std::collections::BTreeMap;
use std::net::IpAddr;

use contentcheck_model::field::{FieldRef, Place};
use contentcheck_model::predicate::{Pattern, Test, TextPattern, WildcardPart};
use contentcheck_model::template::{FieldType, Scalar, TemplateType};
use contentcheck_model::value::Value;
use contentcheck_reference::{Event, Prepared};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How an event is made.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Which rule it is aimed at.
    pub aim: u16,
    /// Which event it begins with: zero for an empty one.
    pub base: u16,
    /// For each field: what is put there, of which value, mangled in which way.
    pub picks: Vec<(u8, u16, u8)>,
}

/// A runner whose choices follow from a seed alone.
#[must_use]
pub fn runner(seed: u64, shard: u64) -> TestRunner {
    let mut bytes = [0; 32];
    for (slot, byte) in bytes.iter_mut().zip(seed.to_le_bytes().into_iter().chain(shard.to_le_bytes())) {
        *slot = byte;
    }
    let config = Config { failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// What events of one template type are made of.
pub struct Maker<'m> {
    template: &'m TemplateType,
    fields: Vec<(FieldRef, FieldType)>,
    /// For each rule the values that its predicates look for, by field.
    aims: Vec<BTreeMap<usize, Vec<Value>>>,
    /// The values of all rules, by field.
    pool: Vec<Vec<Value>>,
}

impl<'m> Maker<'m> {
    /// For the targets on one template type, and events that fire them or nearly do.
    #[must_use]
    pub fn new(template: &'m TemplateType, targets: &[(&Prepared<'_>, &[Event])]) -> Self {
        let mut fields: Vec<(FieldRef, FieldType)> = Vec::new();
        for field in template.declared() {
            if let Some(ty) = template.describe(&field).map(|info| info.ty) {
                fields.push((field, ty));
            }
        }
        let mut maker = Self { template, fields, aims: Vec::new(), pool: Vec::new() };
        let mut asked: Vec<Vec<(FieldRef, &Test)>> = Vec::new();
        for (prepared, _) in targets {
            let mut own: Vec<(FieldRef, &Test)> = Vec::new();
            prepared.target().condition.mentions(&mut |mention| {
                own.push((mention.field.clone(), &*mention.predicate.test));
            });
            for (field, _) in &own {
                let known = maker.fields.iter().any(|(known, _)| known == field);
                if !known {
                    maker.fields.push((field.clone(), FieldType::OPEN));
                }
            }
            asked.push(own);
        }
        maker.pool = vec![Vec::new(); maker.fields.len()];
        for ((_, events), own) in targets.iter().zip(asked) {
            let mut aim: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
            for (field, test) in own {
                let Some((at, ty)) = maker.place(&field) else { continue };
                values(test, ty, aim.entry(at).or_default());
            }
            for event in *events {
                for (at, (field, _)) in maker.fields.iter().enumerate() {
                    if let (Some(values), Some(value)) = (aim.get_mut(&at), event.value(field)) {
                        values.push(value.clone());
                    }
                }
            }
            for (at, values) in &mut aim {
                values.dedup();
                if let Some(pool) = maker.pool.get_mut(*at)
                    && pool.len() < 4_096
                {
                    pool.extend(values.iter().take(16).cloned());
                }
            }
            maker.aims.push(aim);
        }
        maker
    }

    /// Whether an event that has a value under this name has one of a few.
    fn is_read(&self, field: &FieldRef) -> bool {
        self.template.describe(field).is_some_and(|info| matches!(info.place, Place::Reads(_)))
    }

    /// Whether every event has a value under this name, one of a few.
    fn is_given(&self, field: &FieldRef) -> bool {
        let info = self.template.describe(field);
        info.is_some_and(|info| matches!(info.place, Place::Reads(_)) && !self.template.may_lack(info.name))
    }

    fn place(&self, field: &FieldRef) -> Option<(usize, FieldType)> {
        let at = self.fields.iter().position(|(known, _)| known == field)?;
        Some((at, self.fields.get(at)?.1))
    }

    /// Recipes: aimed at some rule, beginning with one of the events kept so far or with none.
    pub fn strategy(&self) -> BoxedStrategy<Recipe> {
        let picks = vec((0_u8..32, any::<u16>(), 0_u8..16), self.fields.len());
        (any::<u16>(), any::<u16>(), picks).prop_map(|(aim, base, picks)| Recipe { aim, base, picks }).boxed()
    }

    /// The place of the target that a recipe is aimed at.
    #[must_use]
    pub fn aim(&self, recipe: &Recipe) -> usize {
        usize::from(recipe.aim) % self.aims.len().max(1)
    }

    /// The event of a recipe. `kept` are events that it may begin with.
    #[must_use]
    pub fn event(&self, recipe: &Recipe, kept: &[Event]) -> Event {
        let begin = usize::from(recipe.base) % (kept.len() * 2 + 1);
        let base = begin.checked_sub(1).and_then(|at| kept.get(at));
        let mut event = base.cloned().unwrap_or_else(|| Event::empty(self.template));
        let aim = self.aims.get(self.aim(recipe));
        for (at, ((field, ty), (kind, which, mangle))) in self.fields.iter().zip(&recipe.picks).enumerate() {
            let own = aim.and_then(|aim| aim.get(&at)).map_or(&[][..], Vec::as_slice);
            let all = self.pool.get(at).map_or(&[][..], Vec::as_slice);
            let pick = |values: &[Value]| values.get(usize::from(*which) % values.len().max(1)).cloned();
            let value = match kind {
                // What the event began with stays, or the field is absent.
                0..=7 => continue,
                8 => None,
                9..=20 => pick(own).or_else(|| if base.is_some() { None } else { plain(*ty) }),
                21..=24 => pick(own).map(|value| mangled(value, *mangle)),
                25..=27 => pick(all),
                28 => pick(all).map(|value| mangled(value, *mangle)),
                29 => joined(pick(own), pick(all)),
                30 => edge(*ty, *which),
                _ => plain(*ty),
            };
            if field.is_any() {
                event.others.extend(value);
                continue;
            }
            if value.is_none() && self.is_given(field) {
                continue;
            }
            event.set(field, value);
        }
        event
    }

    /// Events that differ from one in a single field that a target reads: there is each value that its predicates look for,
    /// or nearly, such a value with a small difference, or none.
    #[must_use]
    pub fn neighbours(&self, target: usize, base: &Event) -> Vec<Event> {
        /// The most values for all fields together.
        const MOST: usize = 64;
        let mut found = Vec::new();
        let Some(aim) = self.aims.get(target) else { return found };
        let for_each = (MOST / aim.len().max(1)).max(4);
        let mut how = 0;
        for (at, values) in aim {
            let Some((field, _)) = self.fields.get(*at) else { continue };
            let mut put = |value: Option<Value>| {
                let mut event = base.clone();
                if field.is_any() {
                    event.others.clear();
                    event.others.extend(value);
                } else {
                    event.set(field, value);
                }
                found.push(event);
            };
            for value in values.iter().step_by(values.len().div_ceil(for_each).max(1)) {
                how = (how + 1) % 16;
                put(Some(value.clone()));
                put(Some(mangled(value.clone(), how)));
            }
            if !self.is_given(field) {
                put(None);
            }
        }
        found
    }
}

impl Maker<'_> {
    /// An event as machines have them by the million: nothing in it is what a rule looks for.
    #[must_use]
    pub fn ordinary(&self, recipe: &Recipe) -> Event {
        const TEXTS: [&str; 8] = [
            r"C:\Windows\explorer.exe",
            "alice",
            "example",
            r"C:\Program Files\Example\example.exe --type renderer",
            "0x3e7",
            "192.0.2.44",
            "2026-01-15 08:00:00.000",
            "-",
        ];
        const NUMBERS: [&str; 6] = ["1", "7", "443", "4012", "50123", "1024"];
        let mut event = Event::empty(self.template);
        for ((field, ty), (kind, which, _)) in self.fields.iter().zip(&recipe.picks) {
            let texts = if ty.scalar == Scalar::Int { &NUMBERS[..] } else { &TEXTS[..] };
            let text = texts.get(usize::from(*which) % texts.len()).copied().unwrap_or_default();
            match field {
                field if field.is_any() || self.is_read(field) => {}
                _ if ty.optional && kind.is_multiple_of(3) => {}
                field => event.set(field, typed(*ty, text)),
            }
        }
        event
    }
}

fn plain(ty: FieldType) -> Option<Value> {
    typed(ty, "x")
}

/// A text as a value of a type, where it is one.
pub(crate) fn typed(ty: FieldType, text: &str) -> Option<Value> {
    let value = match ty.scalar {
        Scalar::String => Value::String(text.to_owned()),
        Scalar::Int => Value::Int(text.parse().unwrap_or(7)),
        Scalar::Float => Value::Float(text.parse().unwrap_or(0.5)),
        Scalar::Bool => Value::Bool(text.eq_ignore_ascii_case("true")),
        Scalar::Ip => Value::Ip(text.parse().unwrap_or(IpAddr::from([192, 0, 2, 1]))),
        Scalar::Bytes => Value::Bytes(text.as_bytes().to_vec()),
    };
    Some(if ty.list { Value::List(vec![value]) } else { value })
}

/// Values that a test looks for, or nearly.
fn values(test: &Test, ty: FieldType, found: &mut Vec<Value>) {
    /// The most values of one list.
    const MOST: usize = 64;
    let list = |value: Value| if ty.list { Value::List(vec![value]) } else { value };
    match test {
        Test::Text { patterns, all } => {
            if *all {
                let joined: String = patterns.iter().map(sample).collect::<Vec<_>>().join(" ");
                found.extend(typed(ty, &joined));
            }
            found.extend(patterns.iter().take(MOST).filter_map(|pattern| typed(ty, &sample(pattern))));
        }
        Test::Int(ranges) | Test::Time(_, ranges) => {
            for range in ranges.iter().take(MOST) {
                for number in [range.from, range.to, range.from.saturating_sub(1), range.to.saturating_add(1)] {
                    found.extend(typed(ty, &number.to_string()));
                }
                // A range of integers has no business on a field of floats, and would have more in it than they.
                if ty.scalar == Scalar::Float {
                    found.extend(typed(ty, &format!("{}.5", range.from)));
                }
            }
        }
        Test::Float(_, number) => {
            let near = [number + 1.0, number - 1.0, number + 0.5, number - 0.5, number.next_up(), number.next_down()];
            for number in near.into_iter().chain([*number]) {
                found.extend(typed(ty, &number.to_string()));
            }
        }
        Test::Mask { mask, value, .. } => {
            for number in [*value, *mask, value | mask, !mask, 0] {
                found.extend(typed(ty, &number.to_string()));
            }
        }
        Test::Bool(truth) => found.extend(typed(ty, &truth.to_string())),
        Test::Bytes(all) => found.extend(all.iter().take(MOST).map(|bytes| list(Value::Bytes(bytes.to_vec())))),
        Test::Cidr(networks) => {
            for network in networks.iter().take(MOST) {
                found.extend(typed(ty, &network.address.to_string()));
            }
        }
        // The other field of a comparison has one value.
        Test::Elements { test, .. } if !ty.list => values(test, ty, found),
        Test::Elements { test, .. } => {
            let mut inner = Vec::new();
            values(test, FieldType { list: false, ..ty }, &mut inner);
            found.extend(inner.iter().map(|one| Value::List(vec![one.clone()])));
            found.push(Value::List(inner.into_iter().take(3).collect()));
            found.push(Value::List(Vec::new()));
        }
        Test::Field { .. } => found.extend(["a", "A", "ab", "7"].into_iter().filter_map(|text| typed(ty, text))),
        Test::InTable(table) => {
            let keys = table.rows().iter().filter_map(|row| row.get(table.key()).cloned().flatten());
            found.extend(keys.take(MOST).map(list));
        }
        Test::Exists | Test::Null => found.extend(plain(ty)),
        Test::Unexpanded => {}
    }
}

/// A text that a pattern matches; for an expression its literal letters, which is a beginning.
fn sample(pattern: &TextPattern) -> String {
    match &pattern.pattern {
        Pattern::Equals(text) => text.to_string(),
        Pattern::Contains(text) => format!("a {text} b"),
        Pattern::StartsWith(text) => format!("{text}b"),
        Pattern::EndsWith(text) => format!("a{text}"),
        Pattern::Like(parts) => parts
            .iter()
            .map(|part| match part {
                WildcardPart::Literal(text) => text.to_string(),
                WildcardPart::AnyRun => "xy".to_owned(),
                WildcardPart::AnyOne => "q".to_owned(),
            })
            .collect(),
        Pattern::Matches(regex) => {
            regex.pattern.chars().filter(|letter| letter.is_alphanumeric() || " -_./".contains(*letter)).collect()
        }
    }
}

/// A value with a small difference.
fn mangled(value: Value, how: u8) -> Value {
    match value {
        Value::String(text) => Value::String(mangled_text(&text, how)),
        Value::Int(number) => Value::Int(match how % 4 {
            0 => number.wrapping_add(1),
            1 => number.wrapping_sub(1),
            2 => number.wrapping_neg(),
            _ => number ^ 1 << (how & 31),
        }),
        Value::Float(number) => Value::Float(number + f64::from(how) - 7.5),
        Value::Bool(truth) => Value::Bool(!truth),
        Value::Ip(IpAddr::V4(address)) => {
            Value::Ip(IpAddr::V4(u32::from(address).wrapping_add(1 << (how.wrapping_mul(2) & 31)).into()))
        }
        Value::Ip(IpAddr::V6(address)) => {
            Value::Ip(IpAddr::V6(u128::from(address).wrapping_add(1 << (how.wrapping_mul(8) & 127)).into()))
        }
        Value::Bytes(mut bytes) => {
            match bytes.first_mut() {
                Some(first) if how.is_multiple_of(2) => *first ^= 1,
                _ => bytes.push(how),
            }
            Value::Bytes(bytes)
        }
        Value::List(mut elements) => {
            match elements.pop() {
                Some(last) if !how.is_multiple_of(3) => elements.push(mangled(last, how)),
                _ => {}
            }
            Value::List(elements)
        }
    }
}

fn mangled_text(text: &str, how: u8) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let middle = letters.len() / 2;
    match how {
        0 => letters.truncate(letters.len().saturating_sub(1)),
        1 => drop(letters.drain(..1.min(letters.len()))),
        2 => letters.push('x'),
        3 => letters.insert(0, 'x'),
        4 => letters.insert(middle, 'x'),
        5 => return text.to_ascii_uppercase(),
        6 => return text.to_ascii_lowercase(),
        7 => return text.repeat(3),
        8 => return format!("{text} {text}"),
        9 => letters.reverse(),
        10 => letters.truncate(middle),
        11 => return text.replace('\\', "/"),
        12 => return text.replace(' ', "  "),
        13 => return text.replace(['k', 'K'], "\u{212A}"),
        14 => return format!("\"{text}\""),
        _ => return format!("{text}\u{0}"),
    }
    letters.into_iter().collect()
}

fn joined(a: Option<Value>, b: Option<Value>) -> Option<Value> {
    match (a, b) {
        (Some(Value::String(a)), Some(Value::String(b))) => Some(Value::String(format!("{a}{b}"))),
        (a, b) => a.or(b),
    }
}

/// Values that are unusual for their type.
fn edge(ty: FieldType, which: u16) -> Option<Value> {
    let texts = ["", " ", "\u{0}", "*", "\\", "\u{1F980}", "\u{DF}", "%", "-1", "0x10", "null"];
    let pick = |count: usize| usize::from(which) % count;
    let value = match ty.scalar {
        Scalar::String if which.is_multiple_of(13) => Value::String("aB".repeat(2_048)),
        Scalar::String => Value::String(texts.get(pick(texts.len())).copied().unwrap_or_default().to_owned()),
        Scalar::Int => Value::Int([0, -1, i64::MIN, i64::MAX].get(pick(4)).copied().unwrap_or_default()),
        Scalar::Float => Value::Float([0.0, -0.0, f64::NAN, f64::INFINITY].get(pick(4)).copied().unwrap_or_default()),
        Scalar::Bool => Value::Bool(which.is_multiple_of(2)),
        Scalar::Ip if which.is_multiple_of(2) => Value::Ip(IpAddr::from([0_u8; 16])),
        Scalar::Ip => Value::Ip(IpAddr::from([255_u8; 4])),
        Scalar::Bytes => Value::Bytes(vec![0xFF; pick(5)]),
    };
    Some(if ty.list { Value::List(vec![value; pick(4)]) } else { value })
}
