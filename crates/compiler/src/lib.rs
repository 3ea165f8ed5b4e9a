//! Compiles checked content to the content image: canonical bytes, the same for the same content
//! on any machine.
//!
//! ```text
//! Shippable --lower--> questions --select--> atoms, witnesses --code, filter, regex--> sections --write--> bytes
//! ```

mod approach;
mod automata;
mod code;
mod dear;
pub mod event;
mod factor;
mod filter;
mod frequency;
mod lower;
mod needles;
mod partition;
mod profile;
mod regex;
mod select;
pub mod sensor;
mod share;
mod template;
mod text;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use contentcheck_interpreter::format::{Comparator, FLAG_EMPTY, FLAG_SKIP_UNSUPPLIED, Rule};
use contentcheck_model::limits;
use contentcheck_model::rule::{CheckedRule, Level, Target};
use contentcheck_model::sensor::{Constraint, Operator, Sensor};
use contentcheck_model::template::TemplateType;
use contentcheck_parser::release::Shippable;

use automata::Automata;
pub use dear::{WithCost, dearest};
use frequency::Frequency;
pub use profile::Profile;
use template::{Asking, Member, Shared};
use write::{Sections, Stamp};

/// How content is compiled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'s> {
    /// A sensor that lacks an input which some rule mentions leaves that rule out, instead of
    /// rejecting the image. The release says so; the default is to reject.
    pub skip_unsupplied: bool,
    /// Every rule is loaded whatever its `sensors` say: for events of which nobody knows the
    /// sensor any more.
    pub any_sensor: bool,
    /// That the image has no rule is meant. Otherwise content without a rule has no image.
    pub allow_empty: bool,
    /// The image is for this sensor alone: what it never runs is not in it, see [`runs`].
    pub sensor: Option<&'s Sensor>,
    /// What values of fields have in a recording, for choosing what the scan looks for; otherwise that of public recordings.
    /// The bytes depend on it, and no match does.
    pub profile: Option<&'s Profile>,
    /// Threads that work on regular expressions; none is this one alone. The bytes do not depend on it.
    pub threads: usize,
}

/// Whether an image that is compiled for a sensor has a rule on a template type: whether the rule is for the sensor, and
/// the sensor supplies the template type. What it lacks beyond that is no reason to leave a rule out silently.
#[must_use]
pub fn runs(rule: &CheckedRule, target: &Target, sensor: &Sensor) -> bool {
    rule.sensors.as_ref().is_none_or(|constraint| constraint.matches(sensor))
        && sensor.template(&target.template.name).is_some()
}

/// Why content has no image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// An expression cannot be compiled.
    Regex {
        /// The expression in canonical form.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// An expression needs more states than the format has numbers for.
    RegexTooLarge {
        /// The expression in canonical form.
        pattern: String,
    },
    /// The condition of a rule has too many predicates.
    ProgramTooLong {
        /// The rule.
        rule: String,
    },
    /// The rules of a template type read too many inputs.
    TooManyInputs {
        /// The template type.
        template: String,
    },
    /// The image would be larger than 4 GiB.
    ImageTooLarge,
    /// There is no rule, and that is not said to be meant.
    Empty,
}

impl Problem {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Regex { .. } => "CC0501",
            Self::RegexTooLarge { .. } => "CC0503",
            Self::ProgramTooLong { .. } | Self::TooManyInputs { .. } | Self::ImageTooLarge => "CC0526",
            Self::Empty => "CC0528",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regex { pattern, reason } => write!(f, "the expression `{pattern}` cannot be compiled: {reason}"),
            Self::RegexTooLarge { pattern } => write!(f, "the expression `{pattern}` needs too many states"),
            Self::ProgramTooLong { rule } => write!(f, "the condition of rule `{rule}` has too many predicates"),
            Self::TooManyInputs { template } => write!(f, "the rules on `{template}` read too many inputs"),
            Self::ImageTooLarge => f.write_str("the image would be larger than 4 GiB"),
            Self::Empty => f.write_str("the image would have no rule"),
        }
    }
}

impl std::error::Error for Problem {}

/// Compiles the rules that may ship. The number of a rule is its place among them, or among those of them that
/// [`Options::sensor`] runs.
///
/// # Errors
/// When a part of the content is beyond what an image can hold. Nothing is left out silently.
pub fn compile(content: &Shippable, options: Options<'_>) -> Result<Vec<u8>, Problem> {
    let rules: Vec<&CheckedRule> = content.rules().iter().map(|rule| &**rule).collect();
    let runs = |rule: &CheckedRule, target: &Target| options.sensor.is_none_or(|sensor| runs(rule, target, sensor));
    let release = content.release();
    let stamp = Stamp {
        release: release.name.as_deref().unwrap_or(""),
        sequence: release.sequence.unwrap_or(0),
        content: content.content_digest(),
    };
    stamped(&rules, &stamp, options, &runs, &mut limits::RELEASE_REGEX_WORK.clone())
}

/// An image of a rule that is looked at alone and never ships so. `work` is what is left for regular expressions of the
/// release, as if it were a part of the image of all.
fn image_of(rule: &CheckedRule, options: Options<'_>, work: &mut usize) -> Result<Vec<u8>, Problem> {
    stamped(&[rule], &NOBODY, options, &|_, _| true, work)
}

/// An image of some rules on one of their template types, which never ships so.
fn image_on(template: &TemplateType, rules: &[&CheckedRule], work: &mut usize) -> Result<Vec<u8>, Problem> {
    let options = Options { any_sensor: true, ..Options::default() };
    stamped(
        rules,
        &NOBODY,
        options,
        &|_, target| (&target.template.name, target.template.version) == (&template.name, template.version),
        work,
    )
}

/// What an image says of itself that never ships.
const NOBODY: Stamp<'_> = Stamp { release: "", sequence: 0, content: [0; 32] };

fn stamped(
    rules: &[&CheckedRule],
    stamp: &Stamp<'_>,
    options: Options<'_>,
    runs: &dyn Fn(&CheckedRule, &Target) -> bool,
    work: &mut usize,
) -> Result<Vec<u8>, Problem> {
    let mut sections = Sections::default();
    let mut targets: BTreeMap<(&str, u32), (&TemplateType, Vec<Member<'_>>)> = BTreeMap::new();
    let rules = rules.iter().filter(|rule| rule.targets.iter().any(|target| runs(rule, target)));
    for (number, rule) in (0_u32..).zip(rules) {
        write_rule(rule, options, &mut sections);
        for target in rule.targets.iter().filter(|target| runs(rule, target)) {
            let key = (target.template.name.as_str(), target.template.version);
            let (_, members) = targets.entry(key).or_insert_with(|| (&target.template, Vec::new()));
            members.push(Member {
                rule: number,
                name: &rule.name,
                file: rule.source.name(),
                condition: &target.condition,
            });
        }
    }
    let frequency = Frequency::new(options.profile);
    let mut shared = Shared {
        frequency: &frequency,
        regexes: HashMap::new(),
        sets: HashMap::new(),
        automata: Automata::new(*work),
        keywords: BTreeMap::new(),
    };
    let asking = targets.values().map(|(template, members)| Asking::new(template, members, &frequency));
    let asking = asking.collect::<Result<Vec<_>, _>>()?;
    let mut groups = automata::Groups::new();
    asking.iter().for_each(|asking| asking.expressions(&mut groups));
    shared.automata.make_ahead(groups, options.threads);
    for asking in &asking {
        template::write(asking, &mut shared, &mut sections)?;
    }
    *work = shared.automata.left();
    let is_empty = sections.rules.is_empty();
    if is_empty && !options.allow_empty {
        return Err(Problem::Empty);
    }
    let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
    let flags = flag(options.skip_unsupplied, FLAG_SKIP_UNSUPPLIED) | flag(is_empty, FLAG_EMPTY);
    sections.image(flags, stamp).ok_or(Problem::ImageTooLarge)
}

fn write_rule(rule: &CheckedRule, options: Options<'_>, sections: &mut Sections) {
    let (name, name_len) = sections.name(&rule.name);
    let (title, title_len) = sections.name(&rule.title);
    let (word, word_len) = rule.own_word().map_or((0, 0), |word| sections.name(word));
    let (tags, tags_len) = sections.name(&rule.tags.join("\n"));
    let (revision, revision_len) = sections.name(rule.revision.as_deref().unwrap_or(""));
    let comparators = sections.comparators.len() as u32;
    if let Some(constraint) = rule.sensors.as_ref().filter(|_| !options.any_sensor) {
        write_constraint(constraint, sections);
    }
    sections.rules.push(Rule {
        name,
        name_len,
        title,
        title_len,
        word,
        word_len,
        tags,
        tags_len,
        revision,
        revision_len,
        comparators,
        comparator_count: sections.comparators.len() as u32 - comparators,
        level: match rule.level {
            None => 0,
            Some(Level::Informational) => 1,
            Some(Level::Low) => 2,
            Some(Level::Medium) => 3,
            Some(Level::High) => 4,
            Some(Level::Critical) => 5,
        },
    });
}

fn write_constraint(constraint: &Constraint, sections: &mut Sections) {
    for comparator in constraint.comparators() {
        let (sensor, sensor_len) = sections.name(comparator.sensor().unwrap_or(""));
        let (operator, version) = match comparator.version() {
            None => (6, ""),
            Some((Operator::Equal, version)) => (0, version),
            Some((Operator::NotEqual, version)) => (1, version),
            Some((Operator::Less, version)) => (2, version),
            Some((Operator::AtMost, version)) => (3, version),
            Some((Operator::Greater, version)) => (4, version),
            Some((Operator::AtLeast, version)) => (5, version),
        };
        let (version, version_len) = sections.name(version);
        sections.comparators.push(Comparator { sensor, sensor_len, version, version_len, operator });
    }
}
