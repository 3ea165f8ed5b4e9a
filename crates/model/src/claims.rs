//! Which events that a template type describes are none of it: those that a fixed one claims of an open one, and those of which nobody can
//! tell what they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::among::Among;
use crate::expression::Expr;
use crate::field::{FieldRef, Place};
use crate::predicate::{IntRange, Pattern, Predicate, Regex, Test, TextPattern};
use crate::source::Span;
use crate::template::{CHANNEL, EVENT_ID, Fixed, PROVIDER, Recognition, TemplateType};

/// Event logs to which any program writes, under numbers of its own. Without the provider, the number leaves some doubt
/// there, so that open template types get the event as well.
const SHARED_LOGS: [&str; 2] = ["Application", "System"];

/// Whether a channel is of a log to which any program writes, under numbers of its own.
#[must_use]
pub fn is_shared(channel: &str) -> bool {
    SHARED_LOGS.iter().any(|shared| shared.eq_ignore_ascii_case(channel))
}

/// Channels that have another name than the provider that alone writes to them.
const OWNED: [(&str, &str); 2] =
    [("Security", "Microsoft-Windows-Security-Auditing"), ("Windows PowerShell", "PowerShell")];

/// Whether a channel is that of one provider, so that a number there says whose event it is. Such a channel is named by its provider: `Provider/Type`.
fn is_own_channel(channel: &str, provider: &str) -> bool {
    let named = channel.rsplit_once('/').map_or(channel, |(name, _)| name);
    let is_of = |own: &(&str, &str)| own.0.eq_ignore_ascii_case(channel) && own.1.eq_ignore_ascii_case(provider);
    named.eq_ignore_ascii_case(provider) || OWNED.iter().any(is_of)
}

/// Which events that a template type describes are none of it once they are recorded.
#[derive(Debug)]
pub struct Claims {
    /// Holds only on such events, though not on all of them: what an exporter calls a provider, and lists of one value, are claimed too
    /// and are not in it.
    pub condition: Expr<Predicate>,
    /// Whether these are events of which nobody can tell what they are. Otherwise other template types claim them.
    pub in_doubt: bool,
    /// The template types among which it is told what an event is.
    pub among: Arc<[Arc<TemplateType>]>,
}

impl Claims {
    /// Whether it bears on events that fulfil another condition which of them are claimed. Otherwise that depends on names alone which
    /// that condition leaves open, and which events need not have.
    #[must_use]
    pub fn bear_on(&self, template: &TemplateType, condition: &Expr<Predicate>) -> bool {
        if matches!(self.condition, Expr::Const(false)) {
            return false;
        }
        let (mut names, mut bear) = (Vec::new(), !self.in_doubt && self.are_of_all());
        self.condition.mentions(&mut |mention| {
            names.push(mention.field);
            // One of a few values, which all events have.
            bear |= !self.in_doubt && is_read(template, mention.field);
        });
        condition.mentions(&mut |mention| bear |= mention.field.is_any() || names.contains(&mention.field));
        bear
    }

    /// Whether an event is claimed that has nothing but what all events of the open template type have.
    fn are_of_all(&self) -> bool {
        let lacks =
            |part: &Expr<Predicate>| matches!(part, Expr::Is(predicate) if matches!(*predicate.test, Test::Null));
        let by_default = |way: &Expr<Predicate>| matches!(way, Expr::All(parts) if parts.iter().all(lacks));
        matches!(&self.condition, Expr::Any(ways) if ways.iter().any(by_default))
    }
}

impl TemplateType {
    /// Whether a rule on a log source of an open template type addresses this fixed one too. Where both recognise an event,
    /// it is then an event of this one alone, which is what such a rule was specialised for.
    #[must_use]
    pub fn stands_before(&self, open: &Self) -> bool {
        let is_fixed = !self.open && !self.reads.is_empty();
        is_fixed
            && open.open
            && !open.reads.is_empty()
            && open.serves.iter().any(|asked| self.serves.iter().any(|served| served.serves(asked)))
    }

    /// Whether its events are those of a channel to which their provider alone writes.
    #[must_use]
    pub fn is_of_own_channel(&self) -> bool {
        let (channels, providers) =
            (values(self, CHANNEL).unwrap_or_default(), values(self, PROVIDER).unwrap_or_default());
        let [Fixed::Text(provider)] = providers else { return false };
        !channels.is_empty() && channels.iter().all(|channel| is_own_channel(&channel.text(), provider))
    }

    /// Whether two template types that are known in part leave it open which of them an event is of that lacks its provider, or its
    /// channel, and has the other one.
    fn is_in_doubt_with(&self, other: &Self, numbers: &[Fixed], lacking: &str) -> bool {
        let meets = |own: &[Fixed], others: &[Fixed]| own.iter().any(|own| others.iter().any(|of| own.meets(of)));
        let meet = |name: &str| match (values(self, name), values(other, name)) {
            (Some(own), Some(others)) => meets(own, others),
            // One that names no channel may stand in any.
            _ => true,
        };
        values(other, EVENT_ID).is_none_or(|others| meets(numbers, others))
            && meet(said_beside(lacking))
            && self.is_alike(other, lacking) != Some(true)
    }

    /// Whether whatever has no value under a name may as well be of another template type, for each value that this one asks for under the
    /// others.
    fn is_hidden_by(&self, other: &Self, lacking: &str) -> bool {
        let covers = |name: &str| match (values(self, name), values(other, name)) {
            (Some(own), Some(others)) => own.iter().all(|own| others.iter().any(|of| own.meets(of))),
            _ => false,
        };
        covers(EVENT_ID) && covers(said_beside(lacking)) && self.is_alike(other, lacking) == Some(false)
    }

    /// Whether two template types ask for the same under a name; nothing where one of them asks for nothing.
    fn is_alike(&self, other: &Self, name: &str) -> Option<bool> {
        values(self, name).zip(values(other, name)).map(|(own, others)| Fixed::are_alike(own, others))
    }
}

/// What an event still says that lacks its provider, or its channel.
fn said_beside(lacking: &str) -> &'static str {
    if lacking == PROVIDER { CHANNEL } else { PROVIDER }
}

/// Whether a field is one of `reads`.
fn is_read(template: &TemplateType, field: &FieldRef) -> bool {
    matches!(template.describe(field).map(|info| info.place), Some(Place::Reads(_)))
}

fn values<'t>(template: &'t TemplateType, name: &str) -> Option<&'t [Fixed]> {
    template.reads.iter().find(|of| of.name == name).map(|of| of.values.as_slice())
}

/// Fixed template types that are alike but for the number.
struct Group<'t> {
    fixed: &'t TemplateType,
    /// The name without which they are known all the same; empty: with all of them.
    lacking: &'static str,
    numbers: Vec<Fixed>,
}

/// The numbers of a fixed template type that are known without a name that an event lacks: each by itself, since one may leave a doubt that
/// another one does not.
fn known_without(lacking: &'static str, fixed: &TemplateType, open: &TemplateType, all: &Among) -> Vec<Fixed> {
    // One that says no channel stands in that of the log.
    let channels = values(fixed, CHANNEL).or_else(|| values(open, CHANNEL).filter(|_| open.reads.len() == 1));
    let is_own = |channels: &[Fixed]| !channels.iter().any(|channel| is_shared(&channel.text()));
    let may_lack = match lacking {
        PROVIDER => channels.is_some_and(is_own),
        _ => values(fixed, CHANNEL).is_some(),
    };
    if !may_lack || !fixed.is_known_in_part() {
        return Vec::new();
    }
    let numbers = values(fixed, EVENT_ID).unwrap_or_default().iter();
    let is_known = |number: &&Fixed| {
        let in_doubt = |other: &Arc<TemplateType>| fixed.is_in_doubt_with(other, std::slice::from_ref(number), lacking);
        !all.that_may_have(Some(number)).any(in_doubt)
    };
    numbers.filter(is_known).cloned().collect()
}

/// Which events that a version of a template type describes are none of it. `all` are those among which it is told what an event is: the
/// newest versions. Nothing where recorded events are of it by name alone.
#[must_use]
pub fn claimed(template: &TemplateType, all: &Among) -> Option<Claims> {
    // Events are told by the newest version, whichever one a rule is on.
    let told = all.iter().find(|of| of.name == template.name)?;
    let condition = match told.open {
        _ if told.reads.is_empty() => return None,
        true => claimed_by(template, all, |_| true),
        false => in_doubt(template, told, all),
    };
    Some(Claims { condition, in_doubt: !told.open, among: Arc::clone(all.shared()) })
}

/// Holds only on events of which nobody can tell what they are: they lack the name that would tell a fixed template type from another one
/// which asks for the same under the others.
fn in_doubt(template: &TemplateType, told: &TemplateType, all: &Among) -> Expr<Predicate> {
    if !told.is_known_in_part() || !template.recognises_alike(told) {
        return Expr::Const(false);
    }
    // Whatever hides it has all of its numbers.
    let number = values(told, EVENT_ID).and_then(<[Fixed]>::first);
    let is_hidden = |lacking: &&str| all.that_may_have(number).any(|other| told.is_hidden_by(other, lacking));
    let ways = [PROVIDER, CHANNEL].into_iter().filter(is_hidden);
    let ways: Vec<Expr<Predicate>> = ways.map(|lacking| absent(template, lacking)).collect();
    if ways.is_empty() { Expr::Const(false) } else { Expr::Any(ways) }
}

/// Holds only on events that fixed template types claim of an open one: of all that stand before it, those that are asked about.
#[must_use]
pub fn claimed_by(open: &TemplateType, all: &Among, asked: impl Fn(&TemplateType) -> bool) -> Expr<Predicate> {
    let told = all.iter().find(|of| of.name == open.name);
    // What one version says of a name that another one reads otherwise is not known here.
    let Some(told) = told.filter(|told| told.recognises_alike(open)) else { return Expr::Const(false) };
    let fixed = all.iter().filter(|fixed| fixed.stands_before(told) && asked(fixed));
    // Numbers of one channel and one provider are asked for together.
    let mut groups: BTreeMap<String, Group<'_>> = BTreeMap::new();
    for fixed in fixed {
        let others: Vec<&Recognition> = fixed.reads.iter().filter(|of| of.name != EVENT_ID).collect();
        let mut known = |lacking: &'static str, numbers: Vec<Fixed>| {
            let group = groups.entry(format!("{lacking} {} {others:?}", numbers.is_empty()));
            group.or_insert_with(|| Group { fixed, lacking, numbers: Vec::new() }).numbers.extend(numbers);
        };
        known("", values(fixed, EVENT_ID).unwrap_or_default().to_vec());
        for lacking in [PROVIDER, CHANNEL] {
            let numbers = known_without(lacking, fixed, told, all);
            // What an open template type says of all of its events is not lacking.
            if !numbers.is_empty() && values(open, lacking).is_none() {
                known(lacking, numbers);
            }
        }
    }
    let mut ways: Vec<Expr<Predicate>> = Vec::new();
    for Group { fixed, lacking, numbers } in groups.into_values() {
        let parts = fixed.reads.iter().filter_map(|of| {
            let values = if of.name == EVENT_ID { &numbers } else { &of.values };
            let Some(own) = self::values(open, &of.name) else {
                let part = if of.name == lacking { absent(open, lacking) } else { is_one_of(open, &of.name, values) };
                return Some(part);
            };
            // A condition sees the value as the open template type spells it, however it was recorded.
            let claimed = |own: &&Fixed| values.iter().any(|of| same(own, of));
            let all_claimed = own.iter().filter(claimed).count() == own.len();
            (!all_claimed).then(|| spelled_as(open, &of.name, own.iter().filter(claimed)))
        });
        ways.push(Expr::All(parts.collect()));
    }
    if ways.is_empty() { Expr::Const(false) } else { Expr::Any(ways) }
}

/// Whether every recorded value that is the one is the other.
fn same(one: &Fixed, other: &Fixed) -> bool {
    match (one, other) {
        (Fixed::Text(one), other) => other.is_text(one),
        (one, other) => one == other,
    }
}

/// Whether a name of `reads` has one of some of its values, spelled as the template type spells them.
pub fn spelled_as<'f>(template: &TemplateType, name: &str, values: impl Iterator<Item = &'f Fixed>) -> Expr<Predicate> {
    let each = values.map(|value| match value {
        Fixed::Text(text) => {
            let pattern = TextPattern { pattern: Pattern::Equals(text.as_str().into()), ignore_case: false };
            is(template, name, Test::Text { patterns: vec![pattern], all: false })
        }
        Fixed::Int(number) => is(template, name, Test::Int(vec![IntRange { from: *number, to: *number }])),
    });
    Expr::Any(each.collect())
}

/// The texts that are hexadecimal for one of some numbers, as a recorder may write them: a test of numbers reads decimal ones.
fn hexadecimal(numbers: &[IntRange]) -> Option<TextPattern> {
    // With a sign there are none.
    let numbers: Vec<String> = numbers.iter().filter(|of| of.from >= 0).map(|of| format!("{:x}", of.from)).collect();
    let pattern = format!("^0x0*(?:{})$", numbers.join("|")).into();
    let regex = Regex { pattern, multi_line: false, dot_all: false };
    (!numbers.is_empty()).then_some(TextPattern { pattern: Pattern::Matches(regex), ignore_case: true })
}

fn is(open: &TemplateType, name: &str, test: Test) -> Expr<Predicate> {
    let (field, test) = (open.named(name), Arc::new(test));
    Expr::Is(Predicate::new(field, test, Span::default()))
}

fn absent(open: &TemplateType, name: &str) -> Expr<Predicate> {
    is(open, name, Test::Null)
}

fn is_one_of(open: &TemplateType, name: &str, values: &[Fixed]) -> Expr<Predicate> {
    let (mut patterns, mut ranges): (Vec<TextPattern>, Vec<IntRange>) = (Vec::new(), Vec::new());
    for value in values {
        match value {
            Fixed::Text(text) => {
                patterns.push(TextPattern { pattern: Pattern::Equals(text.as_str().into()), ignore_case: true })
            }
            Fixed::Int(number) => ranges.push(IntRange { from: *number, to: *number }),
        }
    }
    ranges.sort_unstable_by_key(|range| range.from);
    ranges.dedup();
    patterns.extend(hexadecimal(&ranges));
    let mut parts = Vec::new();
    if !patterns.is_empty() {
        parts.push(is(open, name, Test::Text { patterns, all: false }));
    }
    if !ranges.is_empty() {
        parts.push(is(open, name, Test::Int(ranges)));
    }
    Expr::Any(parts)
}
