//! What rules are shown on a sensor: a rule runs where one of its template types is supplied, on an open one whatever of what it reads is there, and
//! with keywords whatever there is to look for them in. So that it runs says not that it sees as much as before.

use std::collections::BTreeSet;
use std::fmt;

use contentcheck_model::diagnostic::clip;
use contentcheck_model::field::Place;
use contentcheck_model::predicate::Test;
use contentcheck_model::rule::{CheckedRule, Identity, RuleId, Target};
use contentcheck_model::sensor::Sensor;
use contentcheck_model::template::Scalar;

/// What rules ask for that a sensor may lack and load them all the same.
pub(super) struct Asked(BTreeSet<(Identity, Ask)>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Ask {
    /// The events of a template type.
    Template(String),
    /// A field that its template type does not declare.
    Field { template: String, field: String },
    /// Whatever some of its keywords can be in, among values of these types.
    Keywords { template: String, types: [bool; 4] },
}

/// The types of values that keywords can be in, in the order of [`Ask::Keywords`]. Text may be that of a value of each.
const TYPES: [Scalar; 4] = [Scalar::String, Scalar::Int, Scalar::Bool, Scalar::Ip];

/// What rules are shown on one sensor.
#[derive(Default)]
pub(super) struct Shown(BTreeSet<(Identity, Sight)>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Sight {
    Template(String),
    Field {
        template: String,
        field: String,
    },
    /// An input in which keywords are looked for: the number of the type of its values, and whether it has several.
    Keywords {
        template: String,
        input: String,
        ty: usize,
        several: bool,
    },
}

/// What a rule no longer sees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unseen {
    /// The events of a template type.
    Template(String),
    /// A field that its template type does not declare.
    Field {
        /// The template type.
        template: String,
        /// The field.
        field: String,
    },
    /// Inputs in which its keywords could be.
    Keywords {
        /// The template type.
        template: String,
        /// The inputs, by name.
        inputs: Vec<String>,
    },
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Inputs that are named; the others are counted.
        const NAMED: usize = 3;
        match self {
            Self::Template(template) => write!(f, "the events of {}", clip(template)),
            Self::Field { template, field } => write!(f, "`{}` of {}", clip(field), clip(template)),
            Self::Keywords { template, inputs } => {
                let named: Vec<String> = inputs.iter().take(NAMED).map(|input| format!("`{}`", clip(input))).collect();
                let more = match inputs.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                write!(f, "its keywords in {}{more} of {}", named.join(", "), clip(template))
            }
        }
    }
}

impl Asked {
    /// What rules ask for of the template types on which they are loaded. Which fields come is for each sensor to say.
    pub(super) fn by<'r>(
        rules: impl IntoIterator<Item = &'r CheckedRule>,
        mut is_loaded: impl FnMut(RuleId, &Target) -> bool,
    ) -> Self {
        let mut asked = BTreeSet::new();
        for (id, rule) in RuleId::count(rules) {
            for target in &rule.targets {
                if !is_loaded(id, target) {
                    continue;
                }
                let (identity, template) = (Identity::of(rule), &target.template);
                asked.insert((identity.clone(), Ask::Template(template.name.clone())));
                let mut types = TYPES.map(|_| false);
                target.condition.each(&mut |predicate, negated| {
                    // Without what a filter asks for a rule fires on more, as without what another part wants to be absent.
                    if negated != (*predicate.test == Test::Null) {
                        return;
                    }
                    if predicate.field.is_any() {
                        let of = TYPES.map(|ty| predicate.test.may_be_keyword_in(ty));
                        types.iter_mut().zip(of).for_each(|(has, of)| *has |= of);
                    }
                    for field in [Some(&predicate.field), predicate.test.other()].into_iter().flatten() {
                        if let Some(field) = undeclared(target, field) {
                            asked.insert((identity.clone(), Ask::Field { template: template.name.clone(), field }));
                        }
                    }
                });
                if types.contains(&true) {
                    let keywords = Ask::Keywords { template: template.name.clone(), types };
                    asked.insert((identity, keywords));
                }
            }
        }
        Self(asked)
    }

    /// What of it a sensor shows of those that take an image alike.
    pub(super) fn on(&self, sensor: &Sensor) -> Shown {
        let mut shown = BTreeSet::new();
        for (identity, ask) in &self.0 {
            let mut sees = |sight| {
                let _ = shown.insert((identity.clone(), sight));
            };
            match ask {
                Ask::Template(template) => sees(Sight::Template(template.clone())),
                Ask::Field { template, field } => {
                    if sensor.supplied(template, field).is_some() {
                        sees(Sight::Field { template: template.clone(), field: field.clone() });
                    }
                }
                Ask::Keywords { template, types } => {
                    for (input, supplied) in sensor.all_supplied(template) {
                        let is_of = |ty: &Scalar| *ty == supplied.scalar || supplied.scalar == Scalar::String;
                        let all = TYPES.iter().zip(types).enumerate().filter(|(_, (ty, asked))| **asked && is_of(ty));
                        for (ty, _) in all {
                            let several: &[bool] = if supplied.list { &[false, true] } else { &[false] };
                            for several in several {
                                let (template, input) = (template.clone(), input.to_owned());
                                sees(Sight::Keywords { template, input, ty, several: *several });
                            }
                        }
                    }
                }
            }
        }
        Shown(shown)
    }

    /// What is not asked for any more is a change of the rule, and no loss of the sensor.
    fn has(&self, identity: &Identity, sight: &Sight) -> bool {
        let first = (identity.clone(), Ask::Template(String::new()));
        self.0.range(first..).take_while(|(of, _)| of == identity).any(|(_, ask)| {
            match (ask, sight) {
                (Ask::Template(one), Sight::Template(other)) => one == other,
                (Ask::Field { template, field }, Sight::Field { template: of, field: other }) => {
                    template == of && field == other
                }
                // A keyword that is another one now may be in values of other types.
                (Ask::Keywords { template, types }, Sight::Keywords { template: of, ty, .. }) => {
                    template == of && types.get(*ty) == Some(&true)
                }
                _ => false,
            }
        })
    }
}

impl Shown {
    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// What rules that still ask for it were shown, and are not now.
    pub(super) fn without(
        &self,
        now: &Self,
        asked: &Asked,
        is_loaded: impl Fn(&Identity) -> bool,
    ) -> Vec<(Identity, Unseen)> {
        let lost = self.0.difference(&now.0).filter(|(rule, sight)| is_loaded(rule) && asked.has(rule, sight));
        let mut unseen: Vec<(Identity, Unseen)> = Vec::new();
        for (rule, sight) in lost {
            let one = match sight {
                Sight::Template(template) => Unseen::Template(template.clone()),
                Sight::Field { template, field } => Unseen::Field { template: template.clone(), field: field.clone() },
                Sight::Keywords { template, input, .. } => {
                    // All inputs of a template type are one loss of its keywords.
                    match unseen.last_mut() {
                        Some((of, Unseen::Keywords { template: same, inputs })) if of == rule && same == template => {
                            if inputs.last() != Some(input) {
                                inputs.push(input.clone());
                            }
                            continue;
                        }
                        _ => Unseen::Keywords { template: template.clone(), inputs: vec![input.clone()] },
                    }
                }
            };
            unseen.push((rule.clone(), one));
        }
        unseen
    }
}

/// The name of a field that the template type of a target does not declare.
pub(super) fn undeclared(target: &Target, field: &contentcheck_model::field::FieldRef) -> Option<String> {
    let info = target.template.describe(field)?;
    matches!(info.place, Place::Undeclared).then(|| info.name.to_owned())
}
