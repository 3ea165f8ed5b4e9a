//! Values of one kind.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use contentcheck_model::predicate::Test;
use contentcheck_model::template::Scalar;
use contentcheck_model::value::Value;

use super::spelled::{Spelled, equals};
use super::{Answer, Ask, Values, hints, is_comparison};
use crate::automata::{Group, Language, Meter, Search, Written, search};
use crate::budget::Unknown;
use crate::holds;
use crate::numbers::{self, Masked, Ranges};

impl Values {
    /// A value of a kind that does what is asked.
    pub(super) fn scalar(&mut self, scalar: Scalar, asks: &[Ask]) -> Answer {
        let mut left: Vec<Ask> = Vec::with_capacity(asks.len());
        for (id, positive) in asks {
            let test = self.test(*id);
            if is_comparison(&test) {
                continue;
            }
            let known = match &*test {
                Test::Exists => Some(true),
                Test::Null | Test::Unexpanded => Some(false),
                other => (!possible(other, scalar)).then_some(false),
            };
            match known {
                Some(known) if known != *positive => return Answer::Nothing,
                Some(_) => {}
                None => left.push((*id, *positive)),
            }
        }
        match scalar {
            Scalar::String => self.text(&left),
            Scalar::Int => self.int(&left),
            Scalar::Float => {
                let candidates = self.floats(&left);
                self.first(candidates.into_iter().map(Value::Float), &left)
            }
            Scalar::Bool => self.first([Value::Bool(true), Value::Bool(false)], &left),
            Scalar::Ip => self.ip(&left),
            Scalar::Bytes => {
                let candidates = self.bytes(&left);
                self.first(candidates.into_iter().map(Value::Bytes), &left)
            }
        }
    }

    fn text(&mut self, asks: &[Ask]) -> Answer {
        let mut spelled = Spelled::new(Vec::new());
        for (id, positive) in asks {
            self.form(*id, *positive, &mut spelled);
        }
        let mut candidates = vec!["x".to_owned(), String::new()];
        hints::texts(self, asks, &mut candidates);
        self.spell(&spelled, asks, &candidates, &|text| Some(Value::String(text.to_owned())))
    }

    /// The integers that tests of ranges, fractions and tables leave, and the masks that are to be met.
    fn ranges(&mut self, asks: &[Ask]) -> Result<(Ranges, Vec<Masked>), Unknown> {
        let (mut allowed, mut masks): (Ranges, Vec<Masked>) = (vec![numbers::EVERY], Vec::new());
        for (id, positive) in asks {
            let ranges = match &*self.test(*id) {
                Test::Int(ranges) => numbers::of_test(ranges),
                Test::Float(comparison, constant) => numbers::integers(*comparison, *constant),
                Test::InTable(table) => numbers::union(hints::keys(table).filter_map(|key| match key {
                    Value::Int(number) => Some((*number, *number)),
                    _ => None,
                })),
                Test::Mask { mask, comparison, value } => {
                    let (mask, comparison, constant) = (*mask, *comparison, *value);
                    masks.push(Masked { mask, comparison, constant, positive: *positive });
                    continue;
                }
                _ => continue,
            };
            if !self.automata.meter.charge(2 * (ranges.len() + allowed.len())) {
                return Err(Unknown::Work);
            }
            let ranges = if *positive { ranges } else { numbers::complement(&ranges) };
            allowed = numbers::intersection(&allowed, &ranges);
        }
        Ok((allowed, masks))
    }

    fn int(&mut self, asks: &[Ask]) -> Answer {
        let (allowed, masks) = match self.ranges(asks) {
            Ok(found) => found,
            Err(reason) => return Answer::Unknown(reason),
        };
        if allowed.is_empty() {
            return Answer::Nothing;
        }
        let spells =
            |values: &Self| asks.iter().any(|(id, _)| matches!(&*values.test(*id), Test::Text { .. } | Test::Time(..)));
        let solve_masks = |masks: &[Masked], meter: &mut Meter| {
            let mut best: Option<i64> = None;
            for (from, to) in &allowed {
                let mut steps = 0;
                let found = numbers::with_masks(*from, *to, masks, &mut steps);
                best = best.into_iter().chain(found).min_by_key(|number| (*number < 0, number.unsigned_abs()));
                if !meter.charge(steps) {
                    return Err(Unknown::Work);
                }
            }
            Ok(best)
        };
        if !spells(self) {
            if masks.is_empty() {
                return numbers::readable(&allowed)
                    .map_or(Answer::Nothing, |number| Answer::Found(Some(Value::Int(number))));
            }
            let solved = match solve_masks(&masks, &mut self.automata.meter) {
                Ok(solved) => solved,
                Err(reason) => return Answer::Unknown(reason),
            };
            return match (solved, masks.len() > numbers::MASKS) {
                (None, _) => Answer::Nothing,
                (Some(number), false) => Answer::Found(Some(Value::Int(number))),
                (Some(number), true) => match self.does(&Value::Int(number), asks) {
                    Ok(true) => Answer::Found(Some(Value::Int(number))),
                    Ok(false) => Answer::Unknown(Unknown::Values),
                    Err(reason) => Answer::Unknown(reason),
                },
            };
        }
        let mut candidates: Vec<String> =
            numbers::readable(&allowed).map(|number| number.to_string()).into_iter().collect();
        match solve_masks(&masks, &mut self.automata.meter) {
            Ok(solved) => candidates.extend(solved.map(|number| number.to_string())),
            Err(reason) => return Answer::Unknown(reason),
        }
        hints::texts(self, asks, &mut candidates);
        let base = Language::Integers(allowed.into(), Written::Plain);
        let base = match self.automata.language(base, self.budget.nodes) {
            Ok(lang) => vec![Group { members: vec![lang], positive: true }],
            Err(reason) => return Answer::Unknown(reason),
        };
        let mut spelled = Spelled::new(base);
        for (id, positive) in asks {
            match &*self.test(*id) {
                Test::Text { .. } => self.form(*id, *positive, &mut spelled),
                // The dates of strings are not those of integers.
                Test::Time(..) | Test::Mask { .. } => spelled.inexact = true,
                _ => {}
            }
        }
        let make = |text: &str| {
            let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text)?;
            Some(Value::Int(number))
        };
        self.spell(&spelled, asks, &candidates, &make)
    }

    /// Floats that stand for all: between two of them in a row every test answers alike.
    fn floats(&self, asks: &[Ask]) -> Vec<f64> {
        let mut points = vec![f64::NEG_INFINITY, f64::INFINITY, 0.0, f64::MIN, f64::MAX];
        for (id, _) in asks {
            match &*self.test(*id) {
                Test::Float(_, constant) => points.push(*constant),
                Test::Int(ranges) => {
                    points.extend(ranges.iter().flat_map(|range| [range.from as f64, range.to as f64]))
                }
                _ => {}
            }
        }
        let around = |point: f64| {
            [point, point.next_up().next_up(), point.next_up(), point.next_down(), point.next_down().next_down()]
        };
        // Whole and small numbers first: they are more readable than neighbours of a bound.
        let plain = |point: f64| [point.trunc() + 1.0, point.trunc() - 1.0, point.trunc()];
        let mut candidates = vec![1.0];
        candidates.extend(points.iter().copied().flat_map(plain).filter(|point| point.is_finite()));
        candidates.extend(points.iter().copied().flat_map(around).filter(|point| !point.is_nan()));
        candidates.push(f64::NAN);
        candidates
    }

    fn bytes(&self, asks: &[Ask]) -> Vec<Vec<u8>> {
        let mut listed: Vec<Vec<u8>> = Vec::new();
        for (id, positive) in asks {
            match &*self.test(*id) {
                Test::Bytes(wanted) if *positive => listed.extend(wanted.iter().map(|one| one.to_vec())),
                Test::Bytes(_) => {}
                Test::InTable(table) if *positive => listed.extend(hints::keys(table).filter_map(|key| match key {
                    Value::Bytes(bytes) => Some(bytes.clone()),
                    _ => None,
                })),
                _ => {}
            }
        }
        if listed.is_empty() {
            // As many as there are values that must not be: one is left.
            let barred = asks.len().saturating_add(
                asks.iter()
                    .map(|(id, _)| match &*self.test(*id) {
                        Test::Bytes(wanted) => wanted.len(),
                        Test::InTable(table) => table.rows().len(),
                        _ => 0,
                    })
                    .sum(),
            );
            listed.extend((0..=barred).map(|number| (number as u64).to_be_bytes().to_vec()));
        }
        listed
    }

    fn ip(&mut self, asks: &[Ask]) -> Answer {
        let candidates = self.addresses(asks);
        let spells = asks.iter().any(|(id, _)| matches!(&*self.test(*id), Test::Text { .. }));
        let tried = self.first(candidates.into_iter().map(Value::Ip), asks);
        // Without tests of strings the candidates stand for all addresses.
        if !spells || matches!(tried, Answer::Found(_)) {
            return tried;
        }
        match self.v4(asks) {
            Answer::Nothing => self.v6(asks),
            other => other,
        }
    }

    /// The strings of all IPv4 addresses are a language, so for them the answer is exact.
    fn v4(&mut self, asks: &[Ask]) -> Answer {
        let every = contentcheck_model::predicate::Network { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), prefix: 0 };
        let nodes = self.budget.nodes;
        let base = match self.automata.language(Language::V4([every].into()), nodes) {
            Ok(lang) => vec![Group { members: vec![lang], positive: true }],
            Err(reason) => return Answer::Unknown(reason),
        };
        let mut spelled = Spelled::new(base);
        for (id, positive) in asks {
            let language = match &*self.test(*id) {
                Test::Cidr(networks) => Language::V4(networks.as_slice().into()),
                Test::InTable(table) => Language::Any(
                    hints::keys(table).filter_map(holds::text_of).map(|text| equals(&text, false)).collect(),
                ),
                _ => {
                    self.form(*id, *positive, &mut spelled);
                    continue;
                }
            };
            match self.automata.language(language, nodes) {
                Ok(lang) => spelled.groups.push(Group { members: vec![lang], positive: *positive }),
                Err(reason) => spelled.blind = Some(reason),
            }
        }
        self.spell(&spelled, asks, &[], &|text| text.parse().ok().map(Value::Ip))
    }

    /// Of IPv6 only more than the strings that there are is a language: it can show that there is none.
    fn v6(&mut self, asks: &[Ask]) -> Answer {
        let shape = match self.automata.language(Language::V6Shape, self.budget.nodes) {
            Ok(lang) => vec![Group { members: vec![lang], positive: true }],
            Err(reason) => return Answer::Unknown(reason),
        };
        let mut spelled = Spelled::new(shape);
        for (id, positive) in asks {
            match &*self.test(*id) {
                Test::Text { .. } => self.form(*id, *positive, &mut spelled),
                // Only networks and keys of the family can hold its addresses.
                Test::Cidr(networks) if *positive && networks.iter().all(|network| network.address.is_ipv4()) => {
                    return Answer::Nothing;
                }
                Test::InTable(table)
                    if *positive && hints::keys(table).all(|key| matches!(key, Value::Ip(IpAddr::V4(_)))) =>
                {
                    return Answer::Nothing;
                }
                _ => {}
            }
        }
        let limit = self.budget.states;
        match search(&mut self.automata, &spelled.groups, limit) {
            Search::Empty => Answer::Nothing,
            Search::Found(_) => Answer::Unknown(Unknown::Values),
            Search::Spent => Answer::Unknown(self.spent()),
        }
    }

    /// The first address of each stretch on which every test of networks answers alike.
    fn addresses(&self, asks: &[Ask]) -> Vec<IpAddr> {
        let (mut v4, mut v6): (Vec<u128>, Vec<u128>) =
            (vec![0xC000_0201, 0x0A00_0001, 0], vec![0x2001_0db8 << 96 | 1, 1, 0]);
        for (id, _) in asks {
            match &*self.test(*id) {
                Test::Cidr(networks) => {
                    for network in networks {
                        let (first, last) = holds::bounds(network);
                        let points = if network.address.is_ipv4() { &mut v4 } else { &mut v6 };
                        // One behind the first is no name of a network, and so reads better.
                        points.extend((first < last).then(|| first + 1));
                        points.push(first);
                        points.extend(last.checked_add(1));
                    }
                }
                Test::InTable(table) => {
                    for key in hints::keys(table) {
                        let (points, number) = match key {
                            Value::Ip(IpAddr::V4(address)) => (&mut v4, u128::from(address.to_bits())),
                            Value::Ip(IpAddr::V6(address)) => (&mut v6, address.to_bits()),
                            _ => continue,
                        };
                        points.push(number);
                        points.extend(number.checked_add(1));
                    }
                }
                Test::Text { patterns, .. } => {
                    for address in patterns.iter().filter_map(|pattern| hints::plain(pattern).parse().ok()) {
                        match address {
                            IpAddr::V4(address) => v4.push(u128::from(address.to_bits())),
                            IpAddr::V6(address) => v6.push(address.to_bits()),
                        }
                    }
                }
                _ => {}
            }
        }
        let v4 = v4.into_iter().filter_map(|number| u32::try_from(number).ok());
        let v4 = v4.map(|number| IpAddr::V4(Ipv4Addr::from_bits(number)));
        v4.chain(v6.into_iter().map(|number| IpAddr::V6(Ipv6Addr::from_bits(number)))).collect()
    }
}

/// Whether a test can pass on some value of a kind.
fn possible(test: &Test, scalar: Scalar) -> bool {
    match test {
        Test::Exists | Test::Field { .. } => true,
        Test::Null | Test::Unexpanded => false,
        Test::Text { .. } => matches!(scalar, Scalar::String | Scalar::Int | Scalar::Bool | Scalar::Ip),
        Test::Int(_) | Test::Float(..) => matches!(scalar, Scalar::String | Scalar::Int | Scalar::Float),
        Test::Bool(_) => matches!(scalar, Scalar::String | Scalar::Bool),
        Test::Bytes(_) => scalar == Scalar::Bytes,
        Test::Cidr(_) => matches!(scalar, Scalar::String | Scalar::Ip),
        Test::Mask { .. } => scalar == Scalar::Int,
        Test::Time(..) => matches!(scalar, Scalar::String | Scalar::Int),
        Test::InTable(table) => table.key_type().scalar == scalar,
        Test::Elements { test, .. } => possible(test, scalar),
    }
}
