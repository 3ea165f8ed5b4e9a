//! A status as metrics, in the text form of OpenMetrics 1.0, which Prometheus and collectors of OpenTelemetry read.

use std::fmt::{self, Display, Write as _};

use crate::status::{Light, Ring, Status};

/// The media type of the text.
pub const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a value is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A number of now.
    Gauge,
    /// Words, in the labels; the number is 1.
    Info,
}

/// Values of one name.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
    pub(crate) samples: Vec<Sample>,
}

/// A value, and what tells it from others of its name.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) value: u64,
}

impl Family {
    fn gauge(name: &str, help: &'static str, samples: Vec<Sample>) -> Self {
        Self { name: name.to_owned(), kind: Kind::Gauge, help, samples }
    }

    fn one(name: &str, help: &'static str, value: u64) -> Self {
        Self::gauge(name, help, vec![Sample { labels: Vec::new(), value }])
    }
}

/// The metrics of a status.
pub(crate) fn families(status: &Status) -> Vec<Family> {
    let light = match status.light {
        Light::Green => 0,
        Light::Amber => 1,
        Light::Red => 2,
    };
    let held = "Whether something holds every rollout, whatever the log says.";
    let mut all = vec![
        Family::one("contentcheck_light", "0 green, 1 amber, 2 red.", light),
        Family::one("contentcheck_stale", "Whether what is shown may be old.", status.trouble.is_some().into()),
        Family::one("contentcheck_held", held, status.held.is_some().into()),
        Family::one("contentcheck_log_entries", "Entries of the log.", status.log.entries),
        Family::one("contentcheck_log_time_seconds", "When the newest entry was made, since 1970.", status.log.time),
        Family::one("contentcheck_witnesses_needed", "Witnesses that must sign.", status.log.needed.into()),
    ];
    let signed = status
        .log
        .witnesses
        .iter()
        .map(|witness| Sample { labels: vec![("witness", witness.name.clone())], value: witness.signed.unwrap_or(0) });
    all.push(Family::gauge(
        "contentcheck_witness_signed_seconds",
        "When a witness signed for the newest checkpoint, since 1970; 0 where it did not.",
        signed.collect(),
    ));
    if let Some(rollout) = &status.rollout {
        let labels = vec![
            ("rollout", rollout.id.clone()),
            ("release", rollout.release.name.clone()),
            ("sequence", rollout.release.sequence.to_string()),
            ("phase", rollout.phase.name().to_owned()),
            ("policy", rollout.policy.clone()),
        ];
        let info = vec![Sample { labels, value: 1 }];
        let name = "contentcheck_rollout".to_owned();
        all.push(Family { name, kind: Kind::Info, help: "The newest rollout.", samples: info });
        all.push(Family::one("contentcheck_rollout_devices", "Devices that take part.", rollout.devices));
        let opened = rollout.rings.iter().filter(|ring| ring.opened_at.is_some()).count();
        all.push(Family::one("contentcheck_rollout_rings_open", "Rings that were opened.", count(opened)));
        all.push(Family::one("contentcheck_rollout_rings", "Rings of the rollout.", count(rollout.rings.len())));
        let since = "When the newest ring opened, since 1970.";
        all.extend(rollout.since.map(|at| Family::one("contentcheck_rollout_ring_opened_seconds", since, at)));
        let next = "When the next ring opens at the earliest, since 1970.";
        let earliest = rollout.next.as_ref().and_then(|next| next.earliest);
        all.extend(earliest.map(|at| Family::one("contentcheck_rollout_next_seconds", next, at)));
        all.extend(groups(&rollout.rings));
    }
    all
}

/// A count in memory is far below 2^64.
fn count(of: usize) -> u64 {
    of as u64
}

type Count = fn(&crate::status::Group) -> u64;

fn groups(rings: &[Ring]) -> Vec<Family> {
    let families: [(&str, &'static str, Count); 9] = [
        ("receipts", "Devices that said that they will activate the release.", |group| group.counts.receipts.into()),
        ("settled", "Devices whose time is up.", |group| group.counts.settled.into()),
        ("needed", "Devices that must be settled; 0 where nobody is asked.", |group| group.needed.unwrap_or(0)),
        ("failed", "Devices of the settled that failed.", |group| group.counts.failed.into()),
        ("reported_failures", "Devices that reported a failure.", |group| group.counts.reported.into()),
        ("silent", "Pairs of which only the device with the release is silent.", |group| {
            group.counts.new_silent.into()
        }),
        ("partner_silent", "Pairs of which only the partner is silent.", |group| group.counts.old_silent.into()),
        ("bad", "Whether a test says that the release is bad.", |group| group.is_bad().into()),
        ("enough", "Whether the group has shown what it must.", |group| group.is_enough().into()),
    ];
    let open = || rings.iter().filter(|ring| ring.opened_at.is_some());
    let of_group = |ring: &Ring, group: &crate::status::Group, count: Count| Sample {
        labels: vec![("ring", ring.name.clone()), ("number", ring.number.to_string()), ("group", group.name.clone())],
        value: count(group),
    };
    let all = families.into_iter().map(|(name, help, count)| {
        let samples = open().flat_map(|ring| ring.groups.iter().map(move |group| of_group(ring, group, count)));
        Family::gauge(&format!("contentcheck_group_{name}"), help, samples.collect())
    });
    all.collect()
}

/// The value of a label.
struct Label<'t>(&'t str);

impl Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            c if c.is_control() => f.write_char(char::REPLACEMENT_CHARACTER),
            c => f.write_char(c),
        })
    }
}

/// The metrics of a status.
#[must_use]
pub fn metrics(status: &Status) -> String {
    let mut text = String::new();
    for Family { name, kind, help, samples } in families(status) {
        let (kind, suffix) = match kind {
            Kind::Gauge => ("gauge", ""),
            Kind::Info => ("info", "_info"),
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "# TYPE {name} {kind}\n# HELP {name} {help}");
        for Sample { labels, value } in samples {
            let labels: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", Label(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(text, "{name}{suffix}{labels} {value}");
        }
    }
    text.push_str("# EOF\n");
    text
}
