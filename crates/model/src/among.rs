//! The template types among which it is told what a recorded event is.

use std::ops::Deref;
use std::slice;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::template::{EVENT_ID, Fixed, TemplateType};

/// The newest version of every template type of a release and of the library. Which of them have a number of an event in common is looked up:
/// there are hundreds, and each is held against the others.
#[derive(Clone, Debug, Default)]
pub struct Among {
    templates: Arc<[Arc<TemplateType>]>,
    /// Those that are [known in part](TemplateType::is_known_in_part), by their places.
    in_part: Vec<usize>,
    /// Of these, by the numbers that they ask for.
    by_number: FxHashMap<i64, Vec<usize>>,
    /// Of these, those that ask for a text where others have a number.
    by_text: Vec<usize>,
}

impl Among {
    /// These template types.
    #[must_use]
    pub fn new(templates: Arc<[Arc<TemplateType>]>) -> Self {
        let mut new = Self::default();
        for (place, template) in templates.iter().enumerate().filter(|(_, template)| template.is_known_in_part()) {
            new.in_part.push(place);
            for number in template.reads.iter().filter(|of| of.name == EVENT_ID).flat_map(|of| &of.values) {
                match number {
                    Fixed::Int(number) => new.by_number.entry(*number).or_default().push(place),
                    Fixed::Text(_) => new.by_text.push(place),
                }
            }
        }
        Self { templates, ..new }
    }

    /// All of them, to be kept.
    #[must_use]
    pub const fn shared(&self) -> &Arc<[Arc<TemplateType>]> {
        &self.templates
    }

    /// At least those that are known in part and ask for a number that may be recorded as this one is; without a number, all that are known in part.
    pub(crate) fn that_may_have(&self, number: Option<&Fixed>) -> impl Iterator<Item = &Arc<TemplateType>> {
        let (some, more) = match number {
            Some(Fixed::Int(number)) => (self.by_number.get(number).map_or(&[][..], Vec::as_slice), &self.by_text[..]),
            Some(Fixed::Text(_)) | None => (&self.in_part[..], &[][..]),
        };
        some.iter().chain(more).filter_map(|place| self.templates.get(*place))
    }
}

impl Deref for Among {
    type Target = [Arc<TemplateType>];

    fn deref(&self) -> &[Arc<TemplateType>] {
        &self.templates
    }
}

impl<'a> IntoIterator for &'a Among {
    type Item = &'a Arc<TemplateType>;
    type IntoIter = slice::Iter<'a, Arc<TemplateType>>;

    fn into_iter(self) -> Self::IntoIter {
        self.templates.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, Span};
    use crate::template::{PROVIDER, Recognition};

    fn named(name: &str) -> TemplateType {
        TemplateType::new(name.into(), 1, Source::new("t.content", ""), Span::default())
    }

    fn asking(name: &str, numbers: &[Fixed]) -> Arc<TemplateType> {
        let of = |name: &str, values: &[Fixed]| Recognition { name: name.into(), values: values.to_vec() };
        let reads = vec![of(PROVIDER, &[Fixed::Text("P".into())]), of(EVENT_ID, numbers)];
        Arc::new(TemplateType { reads, ..named(name) })
    }

    #[test]
    fn whatever_meets_a_number_is_found_by_it() {
        let text = |text: &str| Fixed::Text(text.into());
        let all = [
            asking("one", &[Fixed::Int(1)]),
            asking("two", &[Fixed::Int(1), Fixed::Int(2)]),
            asking("text", &[text("1")]),
            asking("mixed", &[Fixed::Int(3), text("x")]),
            Arc::new(named("by.name.alone")),
        ];
        let among = Among::new(all.to_vec().into());
        let found = |number: Option<&Fixed>| -> Vec<String> {
            among.that_may_have(number).map(|template| template.name.clone()).collect()
        };
        for number in [Fixed::Int(1), Fixed::Int(2), Fixed::Int(3), Fixed::Int(4), text("1"), text("0x1"), text("X")] {
            let found = found(Some(&number));
            let asks = |template: &TemplateType| {
                template.reads.iter().any(|of| of.values.iter().any(|own| own.meets(&number)))
            };
            for template in all.iter().filter(|template| asks(template)) {
                assert!(found.contains(&template.name), "{number:?}: {}", template.name);
            }
        }
        assert!(!found(Some(&Fixed::Int(2))).contains(&"one".to_owned()));
        assert_eq!(found(None).len(), 4, "all but the one that is known by its name alone");
    }
}
