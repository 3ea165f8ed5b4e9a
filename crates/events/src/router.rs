//! Routing: which template types a recorded event belongs to.
//!
//! A template type says under `reads` how its events are recognised. Template types that read
//! the same names are filed together under the values that they ask for, so an event costs one
//! look-up for each such set of names (four in the library), however many template types there are.
//!
//! A Windows event is known by its channel, its provider and its number. Exporters leave out one of the first two, so
//! a template type that asks for all three also gets an event without the one, where the others leave no doubt: no
//! other template type with these asks for something else there ([`Partial`]).

use std::sync::Arc;

use contentcheck_model::claims;
use contentcheck_model::decimal;
use contentcheck_model::exporters as names;
use contentcheck_model::template::{CHANNEL, EVENT_ID, Fixed, PROVIDER, Recognition, TemplateType};
use rustc_hash::FxHashMap;

use crate::flat::{Field, Flat};
use crate::hash::Names;
use crate::limits;

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
    /// For each template type whose events carry a `Channel`, those that are recognised by the log's: where a record has
    /// only one, it is what the event carries.
    carries: Vec<Vec<usize>>,
    /// Template types of Windows events, by channel and number and by provider and number.
    partials: Vec<Partial>,
    by_channel: FxHashMap<u64, Vec<usize>>,
    by_provider: FxHashMap<u64, Vec<usize>>,
    /// Channel, provider and number, with their hashes.
    known: [(&'static str, u32); 3],
    /// What a channel is called that the event carries, where the log says another.
    own_channel: (String, u32),
}

/// What events of a fixed template type are known by.
#[derive(Debug)]
struct Partial {
    template: usize,
    /// The channels; those of the open template types that it stands before where it names none itself.
    channel: Vec<Fixed>,
    provider: Vec<Fixed>,
    number: Vec<Fixed>,
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
            let values: Vec<&[Fixed]> = parts.iter().map(|(_, recognition)| recognition.values.as_slice()).collect();
            let Some(keys) = keys(&values) else {
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
        let claims = claimed_by(&templates);
        let partials = partials(&templates, &claims);
        let by = |first: fn(&Partial) -> &[Fixed]| {
            let mut filed: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
            for (at, partial) in partials.iter().enumerate() {
                for key in keys(&[first(partial), &partial.number]).into_iter().flatten() {
                    filed.entry(key).or_default().push(at);
                }
            }
            filed
        };
        let (by_channel, by_provider) = (by(|partial| &partial.channel), by(|partial| &partial.provider));
        let carries = carries(&templates);
        let known = [CHANNEL, PROVIDER, EVENT_ID].map(|name| (name, hasher.hash(name.as_bytes())));
        let own = format!("{}{}", names::OWN, CHANNEL);
        let hash = hasher.hash(own.as_bytes());
        let own_channel = (own, hash);
        Self {
            templates,
            names,
            families,
            unfiled,
            claims,
            carries,
            partials,
            by_channel,
            by_provider,
            known,
            own_channel,
        }
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
                        .is_some_and(|field| !matches!(field, Field::Null) && !holds(&recognition.values, field))
                        && !flat.is_hint(&recognition.name)
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
        let whole = routes.len();
        let in_doubt = self.route_partly(flat, routes);
        if routes.len() > 1 {
            let sure = if in_doubt { whole } else { routes.len() };
            let claimed = routes.iter().take(sure).filter_map(|index| self.claims.get(*index));
            let mut claimed: Vec<usize> = claimed.flatten().copied().collect();
            let carried = || routes.iter().take(sure).filter_map(|index| self.carries.get(*index)).flatten().copied();
            if carried().next().is_some() && flat.at(&self.own_channel.0, self.own_channel.1).is_none() {
                claimed.extend(carried());
            }
            claimed.sort_unstable();
            routes.retain(|index| claimed.binary_search(index).is_err());
        }
        routes.sort_unstable();
        routes.dedup();
    }

    /// Channel, provider and number of an event, as far as it has them.
    fn said<'a>(&self, flat: &Flat<'a>) -> [Option<Field<'a>>; 3] {
        self.known.map(|(name, hash)| flat.at(name, hash).filter(|field| !matches!(field, Field::Null)))
    }

    /// Adds the template types that an event belongs to which lacks its channel or its provider. Whether doubt is left.
    fn route_partly(&self, flat: &Flat<'_>, routes: &mut Vec<usize>) -> bool {
        let [channel, provider, Some(number)] = self.said(flat) else { return false };
        let [_, (name, hash), _] = self.known;
        let is_shared = channel.is_some_and(is_shared);
        // What an exporter calls a provider may be event data, or the name that is displayed.
        let is_sure = provider.is_some() && (is_shared || !flat.is_hint_at(name, hash));
        let (filed, first) = match (channel, provider) {
            (Some(channel), _) if !is_sure => (&self.by_channel, channel),
            (None, Some(provider)) => (&self.by_provider, provider),
            _ => return false,
        };
        let key = field_key(first).zip(field_key(number)).map(|(first, number)| combine(combine(0, first), number));
        let Some(found) = key.and_then(|key| filed.get(&key)) else { return false };
        let by_channel = channel.is_some();
        let known = |partial: &&Partial| {
            let values = if by_channel { &partial.channel } else { &partial.provider };
            holds(values, first) && holds(&partial.number, number)
        };
        let lacking = |partial: &'_ Partial| if by_channel { &partial.provider } else { &partial.channel }.clone();
        let mut found = found.iter().filter_map(|at| self.partials.get(*at)).filter(known).peekable();
        let Some(asked) = found.peek().map(|partial| lacking(partial)) else { return false };
        let before = routes.len();
        for partial in found {
            if !Fixed::are_alike(&lacking(partial), &asked) {
                routes.truncate(before);
                return false;
            }
            if !routes.contains(&partial.template) {
                routes.push(partial.template);
            }
        }
        by_channel && is_shared && provider.is_none()
    }

    /// The template types that an event may be of which lacks its channel or its provider: several where what it lacks
    /// would tell them apart, and then none of them gets it.
    #[must_use]
    pub fn doubtful(&self, flat: &Flat<'_>) -> Vec<usize> {
        let [channel, provider, Some(number)] = self.said(flat) else { return Vec::new() };
        let may_be = |asked: &[Fixed], said: Option<Field<'_>>| said.is_none_or(|said| holds(asked, said));
        if channel.is_some() == provider.is_some() {
            return Vec::new();
        }
        let found = self.partials.iter().filter(|partial| {
            may_be(&partial.channel, channel) && may_be(&partial.provider, provider) && holds(&partial.number, number)
        });
        found.map(|partial| partial.template).collect()
    }

    fn recognises(&self, index: usize, flat: &Flat<'_>) -> bool {
        self.templates.get(index).is_some_and(|template| {
            template
                .reads
                .iter()
                .all(|recognition| flat.get(&recognition.name).is_some_and(|field| holds(&recognition.values, field)))
        })
    }
}

/// Which of the values that a template type asks for a recorded one is, if any.
pub(crate) fn held<'v>(values: &'v [Fixed], field: Field<'_>) -> Option<&'v Fixed> {
    values.iter().find(|fixed| match field {
        Field::Null => false,
        Field::Bool(value) => fixed.is_text(if value { "true" } else { "false" }),
        Field::Text(text) => fixed.is_text(text),
        Field::Number(number) => fixed.is_number(number),
        // A list of one is that one.
        Field::List(mut list) if list.len() == 1 => match list.next() {
            Some(Field::Text(text)) => fixed.is_text(text),
            Some(Field::Number(number)) => fixed.is_number(number),
            _ => false,
        },
        Field::List(_) => false,
    })
}

fn holds(values: &[Fixed], field: Field<'_>) -> bool {
    held(values, field).is_some()
}

/// The open template types that do not get what a fixed one recognises.
fn claimed_by(templates: &[Arc<TemplateType>]) -> Vec<Vec<usize>> {
    let all = || templates.iter().enumerate();
    let of = |fixed: &TemplateType| -> Vec<usize> {
        all().filter(|(_, open)| fixed.stands_before(open)).map(|(index, _)| index).collect()
    };
    templates.iter().map(|template| of(template)).collect()
}

/// What events of fixed template types are known by, where it is the channel, the provider and the number alone.
fn partials(templates: &[Arc<TemplateType>], claims: &[Vec<usize>]) -> Vec<Partial> {
    let mut found = Vec::new();
    for (at, (template, claims)) in templates.iter().zip(claims).enumerate() {
        let values = |name: &str| template.reads.iter().find(|of| of.name == name).map(|of| of.values.clone());
        if !template.is_known_in_part() {
            continue;
        }
        let (Some(provider), Some(number)) = (values(PROVIDER), values(EVENT_ID)) else { continue };
        let channel = values(CHANNEL).unwrap_or_else(|| {
            let open = claims.iter().filter_map(|open| templates.get(*open));
            let reads = open.filter_map(|open| match open.reads.as_slice() {
                [only] if only.name == CHANNEL => Some(only.values.clone()),
                _ => None,
            });
            reads.flatten().collect()
        });
        found.push(Partial { template: at, channel, provider, number });
    }
    found
}

/// For each template type whose events carry a `Channel` of their own, those that are recognised by the log's.
fn carries(templates: &[Arc<TemplateType>]) -> Vec<Vec<usize>> {
    let by_channel = templates
        .iter()
        .enumerate()
        .filter(|(_, other)| !is_numbered(other, CHANNEL) && other.reads.iter().any(|of| of.name == CHANNEL));
    let by_channel: Vec<usize> = by_channel.map(|(at, _)| at).collect();
    let is_carrier = |of: &TemplateType| !of.open && !of.reads.is_empty() && is_numbered(of, CHANNEL);
    templates.iter().map(|of| if is_carrier(of) { by_channel.clone() } else { Vec::new() }).collect()
}

/// Whether events carry a value of this name as an input of their own.
fn is_numbered(template: &TemplateType, name: &str) -> bool {
    template.find(name).is_some_and(|info| info.position().is_some())
}

fn is_shared(channel: Field<'_>) -> bool {
    matches!(channel, Field::Text(channel) if claims::is_shared(channel))
}

/// The keys of all combinations of the values; none where there are too many.
fn keys(parts: &[&[Fixed]]) -> Option<Vec<u64>> {
    let mut keys = vec![0];
    for values in parts {
        if keys.len().checked_mul(values.len())? > limits::ROUTES {
            return None;
        }
        let values: Vec<u64> = values
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
        Field::Number(number) => Some(decimal::integer(number).map_or_else(|| folded(number), number_key)),
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
    let number = if number { decimal::recorded(text) } else { None };
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
