//! Routing: which template types a recorded event belongs to.
//!
//! A template type says under `reads` how its events are recognised. Template types that read
//! the same names are filed together under the values that they ask for, so an event costs one
//! look-up for each such set of names (four in the library), however many template types there are.

use std::sync::Arc;

use contentcheck_model::template::{Fixed, Recognition, TemplateType};
use rustc_hash::FxHashMap;

use crate::flat::{Field, Flat};
use crate::hash::Names;
use crate::limits;
use crate::scalar;

/// The template types that events may belong to, indexed.
#[derive(Debug)]
pub struct Router {
    templates: Vec<Arc<TemplateType>>,
    /// The names that some template type reads, each once.
    names: Vec<(String, u32)>,
    families: Vec<Family>,
    /// Template types with more combinations of values than are filed.
    unfiled: Vec<usize>,
    /// For each template type, the open ones that do not get what it recognises.
    claims: Vec<Vec<usize>>,
}

/// Template types that read the same names.
#[derive(Debug)]
struct Family {
    /// Indices into the names, rising.
    names: Vec<usize>,
    filed: FxHashMap<u64, Vec<usize>>,
}

impl Router {
    /// A router for these template types. Those that read nothing get events only by name.
    #[must_use]
    pub fn new(templates: impl IntoIterator<Item = Arc<TemplateType>>) -> Self {
        let templates: Vec<Arc<TemplateType>> = templates.into_iter().collect();
        let hasher = Names::default();
        let mut names: Vec<(String, u32)> = Vec::new();
        let mut families: Vec<Family> = Vec::new();
        let mut unfiled = Vec::new();
        for (index, template) in templates.iter().enumerate() {
            if template.reads.is_empty() {
                continue;
            }
            let mut parts: Vec<(usize, &Recognition)> = Vec::with_capacity(template.reads.len());
            for recognition in &template.reads {
                let known = names.iter().position(|(name, _)| *name == recognition.name);
                let at = known.unwrap_or_else(|| {
                    names.push((recognition.name.clone(), hasher.hash(recognition.name.as_bytes())));
                    names.len() - 1
                });
                parts.push((at, recognition));
            }
            parts.sort_by_key(|(at, _)| *at);
            let asked: Vec<usize> = parts.iter().map(|(at, _)| *at).collect();
            let Some(keys) = keys(&parts) else {
                unfiled.push(index);
                continue;
            };
            let family = families.iter().position(|family| family.names == asked).unwrap_or_else(|| {
                families.push(Family { names: asked, filed: FxHashMap::default() });
                families.len() - 1
            });
            if let Some(family) = families.get_mut(family) {
                for key in keys {
                    let filed = family.filed.entry(key).or_default();
                    if filed.last() != Some(&index) {
                        filed.push(index);
                    }
                }
            }
        }
        let claims = claims(&templates);
        Self { templates, names, families, unfiled, claims }
    }

    /// The template types, in the order in which they were given. Routes are indices into these.
    #[must_use]
    pub fn templates(&self) -> &[Arc<TemplateType>] {
        &self.templates
    }

    /// The template type of a name; of several versions the newest.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        let named = self.templates.iter().enumerate().filter(|(_, template)| template.name == name);
        named.max_by_key(|(_, template)| template.version).map(|(index, _)| index)
    }

    /// The template types that an event belongs to, by index, rising; none where nothing
    /// recognises it.
    ///
    /// An open template type does not get what is recognised by a fixed one that serves a log
    /// source of its own.
    ///
    /// `forced` names the only template type that events of this source may belong to. The event
    /// then belongs to it unless it has another value under a name that the template type reads.
    pub fn route(&self, flat: &Flat<'_>, forced: Option<usize>, routes: &mut Vec<usize>) {
        routes.clear();
        if let Some(forced) = forced {
            if let Some(template) = self.templates.get(forced) {
                let contradicted = template.reads.iter().any(|recognition| {
                    flat.get(&recognition.name)
                        .is_some_and(|field| !matches!(field, Field::Null) && !holds(recognition, field))
                });
                routes.extend((!contradicted).then_some(forced));
            }
            return;
        }
        // Few names are read, by several families each.
        let mut values = [None; 16];
        for (value, (name, hash)) in values.iter_mut().zip(&self.names) {
            *value = flat.at(name, *hash).and_then(field_key);
        }
        let value = |at: usize| match values.get(at) {
            Some(value) => *value,
            None => self.names.get(at).and_then(|(name, hash)| flat.at(name, *hash)).and_then(field_key),
        };
        for family in &self.families {
            let mut key = 0;
            let complete = family.names.iter().all(|at| {
                value(*at).is_some_and(|value| {
                    key = combine(key, value);
                    true
                })
            });
            if complete && let Some(filed) = family.filed.get(&key) {
                routes.extend(filed.iter().copied().filter(|index| self.recognises(*index, flat)));
            }
        }
        routes.extend(self.unfiled.iter().copied().filter(|index| self.recognises(*index, flat)));
        let open = |index: &usize| self.templates.get(*index).is_some_and(|template| template.open);
        if routes.len() > 1 && routes.iter().any(open) {
            let claims = |index: &usize| self.claims.get(*index).map_or(&[][..], Vec::as_slice);
            let mut claimed: Vec<usize> = routes.iter().flat_map(claims).copied().collect();
            claimed.sort_unstable();
            routes.retain(|index| claimed.binary_search(index).is_err());
        }
        routes.sort_unstable();
    }

    fn recognises(&self, index: usize, flat: &Flat<'_>) -> bool {
        self.templates.get(index).is_some_and(|template| {
            template
                .reads
                .iter()
                .all(|recognition| flat.get(&recognition.name).is_some_and(|field| holds(recognition, field)))
        })
    }
}

/// Whether a recorded value is one of those that a template type asks for: texts without ASCII
/// case, numbers by value, also where either is written as text.
fn holds(recognition: &Recognition, field: Field<'_>) -> bool {
    let equals = |fixed: &Fixed, text: &str| match fixed {
        Fixed::Text(fixed) => fixed.eq_ignore_ascii_case(text),
        Fixed::Int(fixed) => scalar::integer(text) == Some(*fixed),
    };
    let number = |fixed: &Fixed, number: &str| match fixed {
        Fixed::Text(fixed) => match (scalar::integer(fixed), scalar::integer_of_number(number)) {
            (None, None) => fixed == number,
            (fixed, number) => fixed == number,
        },
        Fixed::Int(fixed) => scalar::integer_of_number(number) == Some(*fixed),
    };
    recognition.values.iter().any(|fixed| match field {
        Field::Null => false,
        Field::Bool(value) => equals(fixed, if value { "true" } else { "false" }),
        Field::Text(text) => equals(fixed, text),
        Field::Number(text) => number(fixed, text),
        // A list of one is that one.
        Field::List(mut list) if list.len() == 1 => match list.next() {
            Some(Field::Text(text)) => equals(fixed, text),
            Some(Field::Number(text)) => number(fixed, text),
            _ => false,
        },
        Field::List(_) => false,
    })
}

/// The open template types that do not get what a fixed one recognises.
fn claims(templates: &[Arc<TemplateType>]) -> Vec<Vec<usize>> {
    let open: Vec<(usize, &TemplateType)> = templates
        .iter()
        .enumerate()
        .map(|(index, template)| (index, &**template))
        .filter(|(_, template)| template.open && !template.reads.is_empty())
        .collect();
    let of = |fixed: &TemplateType| -> Vec<usize> {
        if fixed.open || fixed.reads.is_empty() {
            return Vec::new();
        }
        open.iter().filter(|(_, open)| stands_before(fixed, open)).map(|(index, _)| *index).collect()
    };
    templates.iter().map(|template| of(template)).collect()
}

/// Whether a rule on a log source of `open` addresses `fixed` too. Where both recognise an event,
/// it is then an event of `fixed` alone, which is what such a rule was specialised for.
fn stands_before(fixed: &TemplateType, open: &TemplateType) -> bool {
    open.serves.iter().any(|asked| fixed.serves.iter().any(|served| served.serves(asked)))
}

/// The keys of all combinations of the values; none where there are too many.
fn keys(parts: &[(usize, &Recognition)]) -> Option<Vec<u64>> {
    let mut keys = vec![0];
    for (_, recognition) in parts {
        if keys.len().checked_mul(recognition.values.len())? > limits::ROUTES {
            return None;
        }
        let values: Vec<u64> = recognition
            .values
            .iter()
            .map(|fixed| match fixed {
                Fixed::Text(text) => text_key(text),
                Fixed::Int(number) => number_key(*number),
            })
            .collect();
        keys = keys.iter().flat_map(|key| values.iter().map(|value| combine(*key, *value))).collect();
    }
    keys.sort_unstable();
    keys.dedup();
    Some(keys)
}

const fn combine(key: u64, value: u64) -> u64 {
    (key ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

/// A key that is the same for values that [`holds`] takes for the same. Others may share it.
fn field_key(field: Field<'_>) -> Option<u64> {
    match field {
        Field::Null => None,
        Field::Bool(value) => Some(text_key(if value { "true" } else { "false" })),
        Field::Number(number) => Some(scalar::integer_of_number(number).map_or_else(|| folded(number), number_key)),
        Field::Text(text) => Some(text_key(text)),
        Field::List(mut list) if list.len() == 1 => list.next().and_then(field_key),
        Field::List(_) => None,
    }
}

const fn number_key(number: i64) -> u64 {
    number.cast_unsigned().wrapping_mul(0xd6e8_feb8_6659_fd93)
}

fn text_key(text: &str) -> u64 {
    let number = text.bytes().next().is_some_and(|first| first.is_ascii_digit() || matches!(first, b'+' | b'-'));
    let number = if number { scalar::integer(text) } else { None };
    number.map_or_else(|| folded(text), number_key)
}

/// Of a text without ASCII case. Setting one bit folds more than letters, which does no harm.
fn folded(text: &str) -> u64 {
    let mut state = text.len() as u64;
    let (chunks, rest) = text.as_bytes().as_chunks::<8>();
    for chunk in chunks {
        state = combine(state, u64::from_le_bytes(*chunk) | 0x2020_2020_2020_2020);
    }
    let last = rest.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte | 0x20));
    combine(state, last)
}
