//! Events that no template type recognises, by kind: what they look like, what they lack, and the template type that is
//! nearest to each kind.

use std::collections::BTreeMap;

use contentcheck_events::{Field, Flat, Place, Router};
use contentcheck_model::diagnostic::{closest, visible};
use contentcheck_model::template::{Fixed, Recognition, TemplateType};

use Nearest::{Is, Process, Unknown};

/// Names of which a reason speaks at most.
const NAMES: usize = 3;

/// Kinds that are told apart; the events of all further ones are one kind. So a recording has few, whatever it holds.
const KINDS: usize = 64;

/// Characters of a channel that are shown.
const SHOWN: usize = 120;

/// What is known of a shape in which events are exported and by which no template type recognises them.
struct Shape {
    /// What has this shape.
    what: &'static str,
    /// Names that its records have.
    names: &'static [&'static str],
    /// The template type that is nearest.
    nearest: Nearest,
}

/// The template type that is nearest to events of a shape.
enum Nearest {
    /// This one.
    Is(&'static str),
    /// The creation of a process, where the value of a name says that it is about processes.
    Process(&'static str, &'static str),
    /// Each event may be of another.
    Unknown,
}

/// The template type of most rules.
const PROCESS_CREATION: &str = "windows.sysmon.process_creation";

const fn shape(what: &'static str, names: &'static [&'static str], nearest: Nearest) -> Shape {
    Shape { what, names, nearest }
}

/// The shapes that are known by name, the surest first.
const SHAPES: &[Shape] = &[
    shape("CrowdStrike Falcon data", &["event_simpleName"], Process("event_simpleName", "ProcessRollup")),
    shape(
        "Microsoft Defender advanced hunting",
        &["properties.ActionType"],
        Process("properties.ActionType", "ProcessCreated"),
    ),
    shape(
        "Microsoft Defender advanced hunting",
        &["ActionType", "DeviceName"],
        Process("ActionType", "ProcessCreated"),
    ),
    shape("OCSF", &["class_uid", "metadata.version"], Process("class_uid", "1007")),
    shape("OCSF", &["class_uid", "category_uid"], Process("class_uid", "1007")),
    shape(
        "SentinelOne deep visibility",
        &["src.process.name", "event.type"],
        Process("event.type", "Process Creation"),
    ),
    shape("an alert of Wazuh", &["rule.id", "agent.id", "decoder.name"], Unknown),
    shape("AWS CloudTrail", &["eventSource", "eventName", "awsRegion"], Is("aws.cloudtrail")),
    shape("the GCP audit log", &["protoPayload.methodName"], Is("gcp.audit")),
    shape("the Kubernetes audit log", &["auditID", "verb"], Is("kubernetes.audit")),
    shape("the Okta system log", &["eventType", "outcome.result", "actor.alternateId"], Is("okta.system_log")),
    shape("the audit log of Microsoft 365", &["Operation", "Workload"], Is("m365.audit")),
    shape(
        "the sign-in log of Azure",
        &["properties.userPrincipalName", "properties.appDisplayName"],
        Is("azure.signinlogs"),
    ),
    shape("the activity log of Azure", &["operationName", "resourceId"], Is("azure.activitylogs")),
    shape("a log of Zeek", &["id.orig_h", "uid"], Is("zeek.conn")),
    shape("a log of Zeek", &["id_orig_h", "uid"], Is("zeek.conn")),
    shape("Elastic Common Schema", &["ecs.version"], Process("event.category", "process")),
    shape("Elastic Common Schema", &["event.category", "@timestamp"], Process("event.category", "process")),
];

/// Events that are not recognised for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// What they lack; it follows "it", said of an event.
    pub reason: String,
    /// The template type that they are nearest to, where there is one.
    pub nearest: Option<String>,
    /// How many there are.
    pub events: u64,
    /// The first of them: source and place.
    pub first: (usize, Place),
}

/// Why events were not recognised.
#[derive(Clone, Debug, Default)]
pub struct Unrecognised {
    kinds: BTreeMap<String, Kind>,
    /// The names by which template types recognise events, those that most of them read first; once one was asked for.
    names: Vec<String>,
    /// What is said of an event that has none of them; once one was met.
    unnamed: String,
    /// What was said of channels: looking for the nearest takes long. Nothing of a channel that is known.
    channels: BTreeMap<String, Option<Reason>>,
}

/// What events lack, and the template type that they are nearest to.
type Reason = (String, Option<String>);

impl Unrecognised {
    /// Counts an event that no template type recognises, by its source and place.
    pub fn count(&mut self, router: &Router, flat: &Flat<'_>, at: (usize, Place)) {
        if self.names.is_empty() {
            self.names = names(router);
        }
        // The least of events are those of which there are most: nothing is put into words twice for them.
        if flat.is_empty() {
            if let Some(known) = self.kinds.get_mut(&self.unnamed) {
                known.events += 1;
                known.first = known.first.min(at);
                return;
            }
            let (reason, nearest) = reason(router, flat, &self.names);
            self.unnamed.clone_from(&reason);
            return self.add(Kind { reason, nearest, events: 1, first: at });
        }
        let (reason, nearest) = match self.of_channel(router, flat) {
            Some(reason) => reason,
            None => reason(router, flat, &self.names),
        };
        self.add(Kind { reason, nearest, events: 1, first: at });
    }

    /// What is said of an event whose channel no template type names.
    fn of_channel(&mut self, router: &Router, flat: &Flat<'_>) -> Option<Reason> {
        let channel = shown(flat.get("Channel")?)?;
        if let Some(known) = self.channels.get(&channel) {
            return known.clone();
        }
        if self.channels.len() >= KINDS {
            return None;
        }
        let reason = unknown_channel(router, flat, &channel);
        self.channels.insert(channel, reason.clone());
        reason
    }

    /// Adds those of a part.
    pub fn merge(&mut self, other: Self) {
        other.kinds.into_values().for_each(|kind| self.add(kind));
    }

    fn add(&mut self, mut kind: Kind) {
        if self.kinds.len() >= KINDS && !self.kinds.contains_key(&kind.reason) {
            kind.reason = "is of one more kind that is not recognised".to_owned();
            kind.nearest = None;
        }
        match self.kinds.get_mut(&kind.reason) {
            Some(known) => {
                known.events += kind.events;
                known.first = known.first.min(kind.first);
            }
            None => drop(self.kinds.insert(kind.reason.clone(), kind)),
        }
    }

    /// The kinds, that of most events first.
    #[must_use]
    pub fn kinds(&self) -> Vec<&Kind> {
        let mut kinds: Vec<&Kind> = self.kinds.values().collect();
        kinds.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.reason.cmp(&b.reason)));
        kinds
    }

    /// The reason that most of them share.
    #[must_use]
    pub fn commonest(&self) -> Option<&Kind> {
        self.kinds().first().copied()
    }
}

/// Whether a value, or one in a list, has this in it.
fn has(field: Field<'_>, wanted: &str) -> bool {
    match field {
        Field::Text(text) | Field::Number(text) => text.contains(wanted),
        Field::List(mut list) => list.any(|element| has(element, wanted)),
        Field::Null | Field::Bool(_) => false,
    }
}

/// A value in a sentence.
fn shown(field: Field<'_>) -> Option<String> {
    let (Field::Text(text) | Field::Number(text)) = field else { return None };
    Some(visible(&text.chars().take(SHOWN).collect::<String>()).into_owned())
}

/// What an event lacks to be recognised, and the template type that it is nearest to.
fn reason(router: &Router, flat: &Flat<'_>, names: &[String]) -> Reason {
    let has_channel = flat.get("Channel").and_then(shown).is_some();
    if !has_channel {
        if let Some(wrapper) = wrapper(flat) {
            return (format!("wraps what was recorded in `{wrapper}`: give what is in it"), None);
        }
        let shape = SHAPES.iter().find(|shape| shape.names.iter().all(|name| flat.get(name).is_some()));
        if let Some(Shape { what, nearest, .. }) = shape {
            let nearest = match nearest {
                Is(name) => Some(*name),
                Process(name, value) => {
                    flat.get(name).is_some_and(|field| has(field, value)).then_some(PROCESS_CREATION)
                }
                Unknown => None,
            };
            return known_shape(router, what, nearest);
        }
    }
    let quoted = |names: &mut dyn Iterator<Item = &String>| {
        names.take(NAMES).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let there = quoted(&mut names.iter().filter(|name| flat.get(name).is_some()));
    if there.is_empty() {
        let some = quoted(&mut names.iter());
        return (format!("has none of the names by which template types recognise events, such as {some}"), None);
    }
    let doubtful = router.doubtful(flat);
    if doubtful.len() > 1 {
        let name = |at: &usize| router.templates().get(*at).map(|template| format!("`{}`", template.name));
        let names: Vec<String> = doubtful.iter().filter_map(name).take(NAMES).collect();
        let lacks = if has_channel { "Provider_Name" } else { "Channel" };
        let nearest = doubtful.first().and_then(|at| router.templates().get(*at)).map(|of| of.name.clone());
        return (format!("has no `{lacks}`, and without it may be one of {}", names.join(", ")), nearest);
    }
    let near = nearest(router, flat);
    if let Some((template, lacks)) = near.first() {
        // Where many are as near, the first stands for all.
        let few = if near.len() > NAMES { 1 } else { near.len() };
        let names: Vec<String> = near.iter().map(|(template, _)| format!("`{}`", template.name)).take(few).collect();
        let lacks: Vec<String> = lacks
            .iter()
            .take(NAMES)
            .map(|of| match flat.get(&of.name) {
                None => format!("has no `{}`", of.name),
                Some(_) => format!("has another `{}`", of.name),
            })
            .collect();
        return (
            format!("is nearly one of {}, but {}", names.join(" or "), lacks.join(" and ")),
            Some(template.name.clone()),
        );
    }
    (format!("has values under {there} by which no template type recognises events"), None)
}

/// The names by which template types recognise events, those that most of them read first.
fn names(router: &Router) -> Vec<String> {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for recognition in router.templates().iter().flat_map(|template| &template.reads) {
        *names.entry(&recognition.name).or_insert(0) += 1;
    }
    let mut names: Vec<(&str, usize)> = names.into_iter().collect();
    names.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    names.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// What to say of a channel that no template type names; nothing where one does.
fn unknown_channel(router: &Router, flat: &Flat<'_>, channel: &str) -> Option<Reason> {
    let said = flat.get("Channel");
    let mut channels: BTreeMap<&str, &str> = BTreeMap::new();
    for template in router.templates() {
        for recognition in template.reads.iter().filter(|of| of.name == "Channel") {
            for fixed in &recognition.values {
                let Fixed::Text(known) = fixed else { continue };
                if matches!(said, Some(Field::Text(text)) if known.eq_ignore_ascii_case(text)) {
                    return None;
                }
                channels.entry(known).or_insert(&template.name);
            }
        }
    }
    let near = closest(channel, channels.keys().copied());
    let nearest = near.and_then(|near| channels.get(near)).map(|template| (*template).to_owned());
    let near = near.map_or_else(String::new, |near| format!("; the nearest is `{near}`"));
    Some((format!("is of the channel `{channel}`, which no template type recognises{near}"), nearest))
}

fn known_shape(router: &Router, what: &str, nearest: Option<&str>) -> Reason {
    let found = nearest.and_then(|name| router.find(name)).and_then(|at| router.templates().get(at));
    let Some(template) = found else {
        return (format!("looks like {what}, whose names no template type has"), None);
    };
    // What reads nothing gets events by name alone, and has the names of its log.
    let reason = if template.reads.is_empty() {
        format!(
            "looks like {what}, which says nothing of its template type: name it with --template, such as {}",
            template.name
        )
    } else {
        format!("looks like {what}, whose names are not those of `{}`: rename them first", template.name)
    };
    (reason, Some(template.name.clone()))
}

/// The object in which an event stands whole: names behind which others are read stand behind its own.
fn wrapper<'a>(flat: &Flat<'a>) -> Option<&'a str> {
    const INNER: [&str; 6] =
        [".Event.System.", ".System.EventID", ".System.Channel", ".winlog.channel", ".winlog.event_id", ".win.system."];
    flat.iter().find_map(|(name, _)| {
        let at = INNER.iter().find_map(|inner| name.find(inner))?;
        name.get(..at).filter(|wrapper| !wrapper.is_empty())
    })
}

/// The template type of whose names most hold, and those that do not.
fn nearest<'r>(router: &'r Router, flat: &Flat<'_>) -> Vec<(&'r TemplateType, Vec<&'r Recognition>)> {
    // Few names are read, by many template types.
    let mut values: Vec<(&str, Option<Field<'_>>)> = Vec::new();
    let mut holds = |recognition: &'r Recognition| {
        let known = values.iter().find(|(name, _)| *name == recognition.name).map(|(_, value)| *value);
        let value = known.unwrap_or_else(|| {
            let value = flat.get(&recognition.name);
            values.push((&recognition.name, value));
            value
        });
        let Some(Field::Text(text) | Field::Number(text)) = value else { return false };
        recognition.values.iter().any(|fixed| match fixed {
            Fixed::Text(fixed) => fixed.eq_ignore_ascii_case(text),
            Fixed::Int(fixed) => text.parse() == Ok(*fixed),
        })
    };
    let lacking = router
        .templates()
        .iter()
        .map(|template| (&**template, template.reads.iter().filter(|of| !holds(of)).collect::<Vec<_>>()));
    let near = lacking.filter(|(template, lacks)| !lacks.is_empty() && lacks.len() < template.reads.len());
    let near: Vec<_> = near.collect();
    let least = near.iter().map(|(_, lacks)| lacks.len()).min().unwrap_or(0);
    // Of those that lack about as little, the ones whose own fields the event has.
    let has = |template: &TemplateType| flat.iter().filter(|(name, _)| template.find(name).is_some()).count();
    let near = near.into_iter().filter(|(_, lacks)| lacks.len() <= least + 1);
    let rated = near.map(|(template, lacks)| {
        let rate = (std::cmp::Reverse(has(template)), lacks.len(), std::cmp::Reverse(template.reads.len()));
        (rate, (template, lacks))
    });
    let mut rated: Vec<_> = rated.collect();
    rated.sort_by_key(|(rate, _)| *rate);
    let best = rated.first().map(|(rate, _)| *rate);
    // One sentence says what all of them lack.
    let lacked: Option<Vec<&Recognition>> = rated.first().map(|(_, (_, lacks))| lacks.clone());
    let alike = |lacks: &[&Recognition]| lacked.iter().flatten().map(|of| &of.name).eq(lacks.iter().map(|of| &of.name));
    let near = rated.into_iter().filter(|(rate, (_, lacks))| Some(*rate) == best && alike(lacks));
    near.map(|(_, near)| near).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(reason: &str, events: u64, line: u64) -> Unrecognised {
        let kind = Kind { reason: reason.to_owned(), nearest: None, events, first: (0, Place::Line(line)) };
        Unrecognised { kinds: [(reason.to_owned(), kind)].into(), ..Unrecognised::default() }
    }

    #[test]
    fn the_commonest_reason_is_the_one_that_most_share() {
        let mut all = Unrecognised::default();
        assert_eq!(all.commonest(), None);
        for (reason, count) in [("b", 2), ("a", 2), ("c", 1)] {
            all.merge(kind(reason, count, 9));
        }
        assert_eq!(all.commonest().map(|kind| (kind.reason.as_str(), kind.events)), Some(("a", 2)));
        all.merge(kind("c", 2, 4));
        let most = all.commonest().map(|kind| (kind.reason.as_str(), kind.events, kind.first));
        assert_eq!(most, Some(("c", 3, (0, Place::Line(4)))));
    }

    #[test]
    fn a_recording_has_few_kinds_whatever_it_holds() {
        let mut all = Unrecognised::default();
        for at in 0..1_000 {
            all.merge(kind(&format!("kind {at}"), 1, at));
        }
        assert_eq!(all.kinds().len(), KINDS + 1);
        assert_eq!(all.kinds().iter().map(|kind| kind.events).sum::<u64>(), 1_000);
    }
}
