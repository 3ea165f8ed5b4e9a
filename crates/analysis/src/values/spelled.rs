//! Values by their strings: tests become languages, and a text that all of them allow is looked for.

use contentcheck_model::predicate::{Pattern, Test, TextPattern};
use contentcheck_model::value::Value;

use super::{Answer, Ask, TestId, Values, hints};
use crate::automata::{Group, LangId, Language, Search, Written, search};
use crate::budget::Unknown;

/// Keys of a table that become a language; a larger table is only looked up.
const TABLE_KEYS: usize = 20_000;
/// Strings that are tried to make a found one shorter.
const SHORTEN: usize = 256;

/// What is asked of a text.
pub(super) struct Spelled {
    /// What every text that is looked for does: necessary, and enough unless `inexact`.
    pub(super) groups: Vec<Group>,
    /// Whether the groups leave strings that do not do what is asked.
    pub(super) inexact: bool,
    /// Why a test that must be looked at cannot be.
    pub(super) blind: Option<Unknown>,
}

/// The strings that pass a test.
enum Form {
    /// Just those that all of these languages have.
    Exact(Vec<Language>),
    /// None outside of the first, all of the second.
    Between(Option<Language>, Option<Language>),
}

impl Spelled {
    pub(super) const fn new(groups: Vec<Group>) -> Self {
        Self { groups, inexact: false, blind: None }
    }
}

impl Values {
    /// Adds what a test asks of a text.
    pub(super) fn form(&mut self, id: TestId, positive: bool, spelled: &mut Spelled) {
        let languages = match form(&self.test(id)) {
            Form::Exact(languages) => languages,
            Form::Between(over, under) => {
                spelled.inexact = true;
                (if positive { over } else { under }).into_iter().collect()
            }
        };
        if languages.is_empty() {
            return;
        }
        let mut members: Vec<LangId> = Vec::with_capacity(languages.len());
        for language in languages {
            match self.automata.language(language, self.budget.nodes) {
                Ok(lang) => members.push(lang),
                // Of several that must all hold those that can be looked at still exclude strings.
                Err(reason) => spelled.blind = Some(reason),
            }
        }
        if positive || spelled.blind.is_none() {
            spelled.groups.push(Group { members, positive });
        }
    }

    /// A value whose text does what is asked: one of the candidates, else one that a search finds.
    pub(super) fn spell(
        &mut self,
        spelled: &Spelled,
        asks: &[Ask],
        candidates: &[String],
        make: &dyn Fn(&str) -> Option<Value>,
    ) -> Answer {
        if spelled.blind.is_none() {
            for candidate in candidates {
                if self.automata.meter.is_spent() {
                    return Answer::Unknown(Unknown::Work);
                }
                if let Some(value) = self.verified(candidate, spelled, asks, make) {
                    return Answer::Found(Some(value));
                }
            }
        }
        // What must hold first. What must not holds of most strings anyway: it is added only where a text that
        // was found shows the need, and so the product stays narrow.
        let (mut active, mut idle): (Vec<Group>, Vec<Group>) =
            spelled.groups.iter().cloned().partition(|group| group.positive);
        let limit = self.budget.states;
        let found = loop {
            let text = match search(&mut self.automata, &active, limit) {
                Search::Found(text) => text,
                Search::Empty => return Answer::Nothing,
                Search::Spent => return Answer::Unknown(spelled.blind.unwrap_or_else(|| self.spent())),
            };
            let (mut kept, mut violated) = (Vec::new(), Vec::new());
            for group in idle {
                match self.automata.is_in(&group, &text) {
                    Ok(true) => kept.push(group),
                    Ok(false) => violated.push(group),
                    Err(reason) => return Answer::Unknown(reason),
                }
            }
            idle = kept;
            if violated.is_empty() {
                break text;
            }
            active.extend(violated);
        };
        if let Some(reason) = spelled.blind {
            return Answer::Unknown(reason);
        }
        if self.verified(&found, spelled, asks, make).is_none() {
            return Answer::Unknown(Unknown::Values);
        }
        let tidy = self.tidied(found, spelled, asks, make);
        make(&tidy).map_or(Answer::Unknown(Unknown::Values), |value| Answer::Found(Some(value)))
    }

    /// Why a search did not end.
    pub(crate) fn spent(&self) -> Unknown {
        if self.automata.meter.is_spent() { Unknown::Work } else { Unknown::States }
    }

    /// The value of a text, if it does what is asked.
    fn verified(
        &mut self,
        text: &str,
        spelled: &Spelled,
        asks: &[Ask],
        make: &dyn Fn(&str) -> Option<Value>,
    ) -> Option<Value> {
        let value = make(text)?;
        if !spelled.groups.iter().all(|group| self.automata.is_in(group, text) == Ok(true)) {
            return None;
        }
        (!spelled.inexact || self.does(&value, asks) == Ok(true)).then_some(value)
    }

    /// The same text shorter, and with literals in the case in which they are written, as far as it
    /// still does what is asked.
    fn tidied(
        &mut self,
        text: String,
        spelled: &Spelled,
        asks: &[Ask],
        make: &dyn Fn(&str) -> Option<Value>,
    ) -> String {
        let mut text = self.shortened(text, spelled, asks, make);
        for (id, _) in asks.iter().filter(|(_, positive)| *positive) {
            let test = self.test(*id);
            let Test::Text { patterns, .. } = &*test else { continue };
            if !self.automata.meter.charge(patterns.len().saturating_mul(8 + text.len())) {
                break;
            }
            let folded = text.to_ascii_lowercase();
            let stands = |pattern: &&TextPattern| {
                let literal = hints::plain(pattern);
                pattern.ignore_case && !literal.is_empty() && folded.contains(&literal.to_ascii_lowercase())
            };
            let Some(literal) = patterns.iter().find(stands).map(hints::plain) else { continue };
            let Some(at) = folded.find(&literal.to_ascii_lowercase()) else { continue };
            let (before, behind) = (text.get(..at), text.get(at + literal.len()..));
            if let (Some(before), Some(behind)) = (before, behind) {
                let cased = format!("{before}{literal}{behind}");
                if self.verified(&cased, spelled, asks, make).is_some() {
                    text = cased;
                }
            }
        }
        text
    }

    fn shortened(
        &mut self,
        text: String,
        spelled: &Spelled,
        asks: &[Ask],
        make: &dyn Fn(&str) -> Option<Value>,
    ) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let mut tries = SHORTEN;
        let mut size = characters.len() / 2;
        while size > 0 {
            let mut at = 0;
            while at + size <= characters.len() && tries > 0 {
                tries -= 1;
                if !self.automata.meter.charge(characters.len()) {
                    return text;
                }
                let shorter: String = characters.iter().take(at).chain(characters.iter().skip(at + size)).collect();
                if self.verified(&shorter, spelled, asks, make).is_some() {
                    characters = shorter.chars().collect();
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        characters.into_iter().collect()
    }
}

fn form(test: &Test) -> Form {
    match test {
        Test::Text { patterns, all: false } => Form::Exact(vec![Language::Any(patterns.as_slice().into())]),
        Test::Text { patterns, all: true } => {
            Form::Exact(patterns.iter().map(|pattern| Language::Any([pattern.clone()].into())).collect())
        }
        Test::Int(ranges) => {
            Form::Exact(vec![Language::Integers(crate::numbers::of_test(ranges).into(), Written::Any)])
        }
        Test::Float(..) => Form::Between(Some(Language::FloatShape), None),
        Test::Bool(truth) => Form::Exact(vec![Language::Any([equals(&truth.to_string(), true)].into())]),
        Test::Cidr(networks) => {
            let v4: Vec<_> = networks.iter().filter(|network| network.address.is_ipv4()).copied().collect();
            let exact = Language::V4(v4.as_slice().into());
            if v4.len() == networks.len() {
                Form::Exact(vec![exact])
            } else if v4.is_empty() {
                Form::Between(Some(Language::V6Shape), None)
            } else {
                Form::Between(None, Some(exact))
            }
        }
        Test::Time(part, ranges) => {
            let time = |surely| Language::Time(*part, ranges.as_slice().into(), surely);
            Form::Between(Some(time(false)), Some(time(true)))
        }
        Test::InTable(table) if table.rows().len() <= TABLE_KEYS => {
            let nocase = table.key_type().nocase;
            let texts = hints::keys(table).filter_map(|key| match key {
                Value::String(text) => {
                    Some(TextPattern { pattern: Pattern::Equals(text.as_str().into()), ignore_case: nocase })
                }
                _ => None,
            });
            Form::Exact(vec![Language::Any(texts.collect())])
        }
        // Larger tables are looked up; the other tests do not come here.
        _ => Form::Between(None, None),
    }
}

/// A pattern that is a whole text.
pub(super) fn equals(text: &str, ignore_case: bool) -> TextPattern {
    TextPattern { pattern: Pattern::Equals(text.into()), ignore_case }
}
