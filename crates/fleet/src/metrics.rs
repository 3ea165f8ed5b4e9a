//! A status as metrics, in the text form of OpenMetrics 1.0, which Prometheus and collectors of OpenTelemetry read.

use std::fmt::{self, Display, Write as _};

use crate::status::{Light, Ring, Status};

/// The media type of the text.
pub const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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

struct Metrics(String);

impl Metrics {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# TYPE {name} {kind}\n# HELP {name} {help}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", Label(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }
}

/// The metrics of a status.
#[must_use]
pub fn metrics(status: &Status) -> String {
    let mut to = Metrics(String::new());
    to.gauge(
        "contentcheck_light",
        "0 green, 1 amber, 2 red.",
        match status.light {
            Light::Green => 0,
            Light::Amber => 1,
            Light::Red => 2,
        },
    );
    to.gauge("contentcheck_stale", "Whether what is shown may be old.", u8::from(status.trouble.is_some()));
    to.gauge(
        "contentcheck_held",
        "Whether something holds every rollout, whatever the log says.",
        u8::from(status.held.is_some()),
    );
    to.gauge("contentcheck_log_entries", "Entries of the log.", status.log.entries);
    to.gauge("contentcheck_log_time_seconds", "When the newest entry was made, since 1970.", status.log.time);
    to.gauge("contentcheck_witnesses_needed", "Witnesses that must sign.", status.log.needed);
    let name = "contentcheck_witness_signed_seconds";
    to.family(name, "gauge", "When a witness signed for the newest checkpoint, since 1970; 0 where it did not.");
    for witness in &status.log.witnesses {
        to.sample(name, &[("witness", &witness.name)], witness.signed.unwrap_or(0));
    }
    if let Some(rollout) = &status.rollout {
        to.family("contentcheck_rollout", "info", "The newest rollout.");
        let sequence = rollout.release.sequence.to_string();
        to.sample(
            "contentcheck_rollout_info",
            &[
                ("rollout", &rollout.id),
                ("release", &rollout.release.name),
                ("sequence", &sequence),
                ("phase", rollout.phase.name()),
                ("policy", &rollout.policy),
            ],
            1,
        );
        to.gauge("contentcheck_rollout_devices", "Devices that take part.", rollout.devices);
        let opened = rollout.rings.iter().filter(|ring| ring.opened_at.is_some()).count();
        to.gauge("contentcheck_rollout_rings_open", "Rings that were opened.", opened);
        to.gauge("contentcheck_rollout_rings", "Rings of the rollout.", rollout.rings.len());
        if let Some(since) = rollout.since {
            to.gauge("contentcheck_rollout_ring_opened_seconds", "When the newest ring opened, since 1970.", since);
        }
        if let Some(at) = rollout.next.as_ref().and_then(|next| next.earliest) {
            to.gauge("contentcheck_rollout_next_seconds", "When the next ring opens at the earliest, since 1970.", at);
        }
        groups(&mut to, &rollout.rings);
    }
    to.0.push_str("# EOF\n");
    to.0
}

type Count = fn(&crate::status::Group) -> u64;

fn groups(to: &mut Metrics, rings: &[Ring]) {
    let families: [(&str, &str, Count); 9] = [
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
    for (name, help, count) in families {
        let name = format!("contentcheck_group_{name}");
        to.family(&name, "gauge", help);
        for ring in rings.iter().filter(|ring| ring.opened_at.is_some()) {
            for group in &ring.groups {
                to.sample(
                    &name,
                    &[("ring", &ring.name), ("number", &ring.number.to_string()), ("group", &group.name)],
                    count(group),
                );
            }
        }
    }
}
