//! Two manifests of one build: a build does not change, so what they say differently is true in one of them at most.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::checked::Sensor;
use super::manifest::{Capacity, Input, Manifest, Supply};
use crate::diagnostic::clip;
use crate::template::FieldType;

/// Something that two manifests of one build say differently, and that has an effect on what the build loads or refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// How versions are ordered: which rules with `sensors` the build runs.
    Versioning,
    /// What comes with every event.
    Header,
    /// What is supplied for this template type, if anything is.
    Template(String),
    /// What the build can hold.
    Capacity {
        /// The member of `capacity`.
        member: &'static str,
        /// What was stated.
        was: Option<String>,
        /// What is stated.
        is: Option<String>,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Versioning => f.write_str("how its versions are ordered"),
            Self::Header => f.write_str("its header"),
            Self::Template(name) => write!(f, "`{}`", clip(name)),
            Self::Capacity { member, was, is } => {
                let said = |of: &Option<String>| of.as_deref().map_or_else(|| "not stated".to_owned(), clip);
                write!(f, "its `{member}` ({} now, {} then)", said(is), said(was))
            }
        }
    }
}

impl Sensor {
    /// Whether a sensor is the same build: the same product at the same version, however that is written and whichever of
    /// the two manifests says how versions are ordered.
    #[must_use]
    pub fn is_build_of(&self, other: &Self) -> bool {
        let (a, b) = (self.version(), other.version());
        self.name() == other.name() && (a.compare(b.as_str()).is_eq() || b.compare(a.as_str()).is_eq())
    }

    /// Whether a text such as `acme 7.15` names this build: however the version is written.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        text.split_once(' ')
            .is_some_and(|(name, version)| name == self.name() && self.version().compare(version).is_eq())
    }

    /// What this manifest says differently from another one of the same build. What has no effect on what loads may be another:
    /// where the facts come from, the order of the header and of features, how types, versions and the JSON are written.
    #[must_use]
    pub fn differences(&self, was: &Self) -> Vec<Difference> {
        // Every member is named, so that a new one is compared or left out knowingly.
        let Manifest { format: _, sensor: _, version: _, versioning, origin: _, capacity, header, templates } =
            self.manifest();
        let then = was.manifest();
        let mut found = Vec::new();
        if *versioning != then.versioning {
            found.push(Difference::Versioning);
        }
        if by_name(header) != by_name(&then.header) {
            found.push(Difference::Header);
        }
        let names: BTreeSet<&String> = templates.keys().chain(then.templates.keys()).collect();
        let differs = |name: &&String| templates.get(*name).map(in_order) != then.templates.get(*name).map(in_order);
        found.extend(names.into_iter().filter(differs).map(|name| Difference::Template(name.clone())));
        let stated = stated(capacity).zip(stated(&then.capacity));
        found.extend(
            stated.filter(|((_, is), (_, was))| is != was).map(|((member, is), (_, was))| Difference::Capacity {
                member,
                was,
                is,
            }),
        );
        found
    }
}

/// Inputs that have no position.
fn by_name(inputs: &[Input]) -> BTreeMap<&str, Option<FieldType>> {
    inputs.iter().map(|input| (input.name.as_str(), FieldType::parse(&input.ty))).collect()
}

/// Inputs that have one.
fn in_order(supply: &Supply) -> Vec<(&str, Option<FieldType>)> {
    supply.inputs.iter().map(|input| (input.name.as_str(), FieldType::parse(&input.ty))).collect()
}

/// Each member of a capacity, as it is stated.
fn stated(capacity: &Capacity) -> impl Iterator<Item = (&'static str, Option<String>)> {
    let features = capacity.features.as_ref().map(|names| {
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        if names.is_empty() { "none".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
    });
    let numbers = capacity.numbers().into_iter().map(|(name, of)| (name, of.map(|number| number.to_string())));
    numbers.chain([("features", features)])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::source::Source;

    fn sensor(manifest: &Value) -> Sensor {
        Manifest::parse(&Source::new("m.json", manifest.to_string())).unwrap()
    }

    /// A manifest that states everything.
    fn whole() -> Value {
        json!({
            "format": 1, "sensor": "acme", "version": "7.13", "versioning": "parts", "origin": "a build",
            "capacity": {
                "interpreter": 2, "image_bytes": 14000, "rules": 9, "table_rows": 8, "automaton_states": 7,
                "features": ["a", "b"], "steps": 6, "steps_per_byte": 5, "scratch_bytes": 4
            },
            "header": [{"name": "host", "type": "string"}, {"name": "boot", "type": "int"}],
            "templates": {
                "a.b": {"inputs": [{"name": "x", "type": "string"}, {"name": "y", "type": "int?"}]},
                "c.d": {"inputs": []}
            }
        })
    }

    fn differences(change: impl Fn(&mut Value)) -> Vec<String> {
        let mut changed = whole();
        change(&mut changed);
        let (was, is) = (sensor(&whole()), sensor(&changed));
        assert!(is.is_build_of(&was) && was.is_build_of(&is));
        assert_eq!(is.differences(&was).len(), was.differences(&is).len());
        is.differences(&was).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_has_no_effect_on_what_loads_may_differ() {
        assert_eq!(differences(|_| {}), [""; 0]);
        assert_eq!(differences(|of| of["origin"] = json!("another list")), [""; 0]);
        assert_eq!(differences(|of| drop(of.as_object_mut().unwrap().remove("origin"))), [""; 0]);
        assert_eq!(differences(|of| of["version"] = json!("7.13.0")), [""; 0]);
        assert_eq!(differences(|of| of["header"].as_array_mut().unwrap().reverse()), [""; 0]);
        assert_eq!(differences(|of| of["capacity"]["features"] = json!(["b", "a", "b"])), [""; 0]);
    }

    /// Whatever a manifest states, another number, none at all, or one where none was is something else of the same build.
    #[test]
    fn every_member_that_has_an_effect_is_compared() {
        let members: Vec<String> = whole()["capacity"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(members.len(), stated(&Capacity::default()).count());
        for member in &members {
            let other = if member == "features" { json!(["a"]) } else { json!(1_000_000) };
            let changes: [&dyn Fn(&mut Value); 3] = [
                &|of| of["capacity"][member] = other.clone(),
                &|of| drop(of["capacity"].as_object_mut().unwrap().remove(member)),
                &|of| of["capacity"][member] = if member == "features" { json!([]) } else { json!(1) },
            ];
            for change in changes {
                let found = differences(change);
                assert!(found.len() == 1 && found[0].starts_with(&format!("its `{member}` (")), "{member}: {found:?}");
            }
        }
        let raised = differences(|of| of["capacity"]["image_bytes"] = json!(1_000_000));
        assert_eq!(raised, ["its `image_bytes` (1000000 now, 14000 then)"]);
        let unstated = differences(|of| drop(of.as_object_mut().unwrap().remove("capacity")));
        assert_eq!(unstated.len(), members.len(), "{unstated:?}");
        assert_eq!(differences(|of| of["versioning"] = json!("decimal")), ["how its versions are ordered"]);
        assert_eq!(differences(|of| drop(of["header"].as_array_mut().unwrap().pop())), ["its header"]);
        assert_eq!(differences(|of| of["header"][0]["type"] = json!("string?")), ["its header"]);
        let inputs = |of: &mut Value| of["templates"]["a.b"]["inputs"].as_array_mut().unwrap().clone();
        let reversed = |of: &mut Value| {
            let mut inputs = inputs(of);
            inputs.reverse();
            of["templates"]["a.b"]["inputs"] = json!(inputs);
        };
        assert_eq!(differences(reversed), ["`a.b`"]);
        assert_eq!(differences(|of| of["templates"]["e.f"] = json!({"inputs": []})), ["`e.f`"]);
        assert_eq!(differences(|of| drop(of["templates"].as_object_mut().unwrap().remove("c.d"))), ["`c.d`"]);
    }

    #[test]
    fn another_version_is_another_build() {
        let built = sensor(&whole());
        for (text, is_it) in [
            ("acme 7.13", true),
            ("acme 7.13.0", true),
            ("acme 07.13", true),
            ("acme 7.130", false),
            ("other 7.13", false),
            ("acme", false),
            ("acme  7.13", false),
        ] {
            assert_eq!(built.is_called(text), is_it, "{text}");
        }
        let mut other = whole();
        other["version"] = json!("7.14");
        assert!(!sensor(&other).is_build_of(&sensor(&whole())));
        other = whole();
        other["sensor"] = json!("other");
        assert!(!sensor(&other).is_build_of(&sensor(&whole())));
    }
}
