//! The catalogue: every template type in force, by name and by log source.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, RwLock};

use rustc_hash::FxHashMap;

use crate::among::Among;
use crate::claims::{Claims, claimed};
use crate::expression::Expr;
use crate::field::{FieldInfo, FieldRef, Place};
use crate::predicate::Predicate;
use crate::presence::{Lacking, Suppliers};
use crate::sensor::Constraint;
use crate::template::{Fixed, LogSource, TemplateType};

/// A template type with its names indexed.
#[derive(Debug)]
pub struct Entry {
    /// The template type.
    pub template: Arc<TemplateType>,
    // A fast hash will do: a template type has at most `limits::TEMPLATE_FIELDS` names.
    fields: FxHashMap<String, FieldRef>,
    /// What events may lack of it, where all sensors load a rule; once it was asked for.
    lacking: OnceLock<Lacking>,
    /// Which events that it describes are none of it; once it was asked for.
    claimed: OnceLock<Option<Arc<Claims>>>,
}

impl Entry {
    fn new(template: Arc<TemplateType>) -> Self {
        let mut fields = FxHashMap::default();
        for field in template.declared() {
            if let Some(info) = template.describe(&field) {
                fields.entry(info.name.to_owned()).or_insert(field);
            }
        }
        Self { template, fields, lacking: OnceLock::new(), claimed: OnceLock::new() }
    }

    /// The field that a name means, where the template type declares it.
    #[must_use]
    pub fn declared(&self, name: &str) -> Option<&FieldRef> {
        self.fields.get(name)
    }

    /// What is said of the field that a name means, where the template type declares it.
    #[must_use]
    pub fn describe(&self, name: &str) -> Option<FieldInfo<'_>> {
        self.template.describe(self.declared(name)?)
    }

    /// The values that are known of a name: one of these, in every event. Empty where nothing is known.
    #[must_use]
    pub fn values(&self, name: &str) -> &[Fixed] {
        match self.describe(name).map(|info| info.place) {
            Some(Place::Reads(values)) => values,
            _ => &[],
        }
    }
}

/// The template types of the library and of the release.
#[derive(Debug, Default)]
pub struct Catalogue {
    entries: Vec<Entry>,
    /// Index of each version of each template type, versions rising.
    named: HashMap<String, Vec<(u32, usize)>>,
    served: RwLock<HashMap<LogSource, Arc<[usize]>>>,
    suppliers: Suppliers,
    /// The newest version of each template type; once it was asked for.
    among: OnceLock<Among>,
}

impl Catalogue {
    /// A catalogue of these template types. Of two with the same name and version the
    /// later one counts, so a release can replace what the library ships.
    #[must_use]
    pub fn new(templates: impl IntoIterator<Item = Arc<TemplateType>>) -> Self {
        let mut catalogue = Self::default();
        for template in templates {
            let (name, version) = (template.name.clone(), template.version);
            let index = catalogue.entries.len();
            catalogue.entries.push(Entry::new(template));
            let versions = catalogue.named.entry(name).or_default();
            match versions.binary_search_by_key(&version, |(other, _)| *other) {
                Ok(at) => versions.splice(at..=at, [(version, index)]).for_each(drop),
                Err(at) => versions.insert(at, (version, index)),
            }
        }
        catalogue
    }

    /// With the sensors that supply the events of the template types.
    #[must_use]
    pub fn with_suppliers(mut self, suppliers: Suppliers) -> Self {
        self.entries.iter_mut().for_each(|entry| drop(entry.lacking.take()));
        Self { suppliers, ..self }
    }

    /// The fields of a condition on a template type that events may lack although the template type requires them, on
    /// some sensor that loads a rule with such a constraint. Where a condition looks at any value, every field counts.
    #[must_use]
    pub fn lacking(
        &self,
        template: &TemplateType,
        condition: &Expr<Predicate>,
        constraint: Option<&Constraint>,
    ) -> Lacking {
        let at = |named: &Vec<(u32, usize)>| named.iter().find(|(version, _)| *version == template.version).copied();
        let entry = self.named.get(&template.name).and_then(at).and_then(|(_, index)| self.entries.get(index));
        match entry.filter(|_| constraint.is_none()) {
            Some(entry) => {
                entry.lacking.get_or_init(|| self.suppliers.lacking(&entry.template, None)).read_by(condition)
            }
            None => self.suppliers.lacking(template, constraint).read_by(condition),
        }
    }

    /// Which events that a template type describes are none of it once they are recorded. Nothing where events are of it by name alone.
    #[must_use]
    pub fn claimed(&self, template: &TemplateType) -> Option<Arc<Claims>> {
        let at = |named: &Vec<(u32, usize)>| named.iter().find(|(version, _)| *version == template.version).copied();
        let (_, index) = self.named.get(&template.name).and_then(at)?;
        let entry = self.entries.get(index)?;
        entry.claimed.get_or_init(|| claimed(&entry.template, self.among()).map(Arc::new)).clone()
    }

    /// The template types among which it is told what a recorded event is.
    fn among(&self) -> &Among {
        self.among.get_or_init(|| Among::new(self.newest_sound().into_iter().cloned().collect()))
    }

    /// The sensors that supply the events of the template types: what they lack, events may lack.
    #[must_use]
    pub const fn suppliers(&self) -> &Suppliers {
        &self.suppliers
    }

    /// The template type with this name and version.
    #[must_use]
    pub fn find(&self, name: &str, version: u32) -> Option<&Arc<TemplateType>> {
        let (_, index) = self.named.get(name)?.iter().find(|(other, _)| *other == version)?;
        self.entries.get(*index).map(|entry| &entry.template)
    }

    /// The versions of a template type, rising; empty where the name is unknown.
    #[must_use]
    pub fn versions(&self, name: &str) -> Vec<u32> {
        self.named.get(name).map(|versions| versions.iter().map(|(version, _)| *version).collect()).unwrap_or_default()
    }

    /// The names of all template types, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.named.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The newest version of every template type, sorted by name.
    #[must_use]
    pub fn newest(&self) -> Vec<&Arc<TemplateType>> {
        let newest = |name: &str| self.entries.get(self.named.get(name)?.last()?.1);
        self.names().into_iter().filter_map(|name| newest(name).map(|entry| &entry.template)).collect()
    }

    /// Of every template type the newest version that has no error, sorted by name: what events can be said to be. Rules on others are
    /// left out.
    #[must_use]
    pub fn newest_sound(&self) -> Vec<&Arc<TemplateType>> {
        let sound = |name: &str| {
            let versions = self.named.get(name)?.iter().rev().filter_map(|(_, at)| self.entries.get(*at));
            versions.map(|entry| &entry.template).find(|template| template.flaw.is_none())
        };
        self.names().into_iter().filter_map(sound).collect()
    }

    /// All log sources that something serves, sorted, each once.
    #[must_use]
    pub fn log_sources(&self) -> Vec<&LogSource> {
        let mut all: Vec<&LogSource> = self.newest().into_iter().flat_map(|template| template.serves.iter()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The newest versions of the template types that serve a log source, sorted by name.
    #[must_use]
    pub fn serving(&self, asked: &LogSource) -> Vec<&Arc<TemplateType>> {
        self.candidates(asked)
            .iter()
            .filter_map(|index| self.entries.get(*index))
            .map(|entry| &entry.template)
            .collect()
    }

    /// The template type at an index of [`Catalogue::candidates`].
    pub fn entry(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// The template types that a log source means, by index.
    pub fn candidates(&self, asked: &LogSource) -> Arc<[usize]> {
        if let Ok(served) = self.served.read()
            && let Some(found) = served.get(asked)
        {
            return Arc::clone(found);
        }
        let mut found: Vec<usize> = self
            .named
            .values()
            .filter_map(|versions| versions.last())
            .map(|(_, index)| *index)
            .filter(|index| {
                let serves = self.entries.get(*index).map(|entry| entry.template.serves.as_slice());
                serves.unwrap_or(&[]).iter().any(|served| served.serves(asked))
            })
            .collect();
        let name = |index: &usize| self.entries.get(*index).map(|entry| entry.template.name.as_str());
        found.sort_unstable_by(|a, b| name(a).cmp(&name(b)));
        let found: Arc<[usize]> = found.into();
        if let Ok(mut served) = self.served.write() {
            served.insert(asked.clone(), Arc::clone(&found));
        }
        found
    }
}
