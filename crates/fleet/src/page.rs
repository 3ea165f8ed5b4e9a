//! The dashboard: one page of HTML, made of a [`Status`] alone, without scripts.

use contentcheck_rollout::time::utc;
use std::fmt::{self, Display, Write as _};

use crate::status::{Group, Light, Log, Next, Now, Ring, RingState, Status, duration};

/// The style of the page.
pub const STYLE: &str = include_str!("page.css");

/// How a page is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// By a daemon: the style has an address of its own, and the page asks for itself again after so many seconds.
    Served {
        /// The seconds.
        refresh: u32,
    },
    /// As one file.
    File,
}

/// A text as it is shown: nothing of it is markup, and control characters and those that turn the direction of writing are made visible.
struct Plain<'t>(&'t str);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' => {
                write!(f, "\\u{{{:x}}}", u32::from(c))
            }
            c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c)),
            c => f.write_char(c),
        })
    }
}

fn ago(now: u64, then: u64) -> String {
    if then > now { format!("in {}", duration(then - now)) } else { format!("{} ago", duration(now - then)) }
}

fn when(now: u64, then: u64) -> String {
    format!("<time>{} UTC</time> <span class=\"soft\">{}</span>", utc(then), ago(now, then))
}

/// The page of a status.
#[must_use]
pub fn page(status: &Status, how: As) -> String {
    let mut html = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut html, status, how);
    html
}

fn write(to: &mut String, status: &Status, how: As) -> fmt::Result {
    let (class, word) = match status.light {
        Light::Green => ("green", "all well"),
        Light::Amber => ("amber", "needs a look"),
        Light::Red => ("red", "stopped"),
    };
    to.write_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")?;
    to.write_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")?;
    to.write_str("<meta name=\"color-scheme\" content=\"light dark\">\n")?;
    match how {
        As::Served { refresh } => {
            writeln!(to, "<meta http-equiv=\"refresh\" content=\"{refresh}\">")?;
            to.write_str("<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n")?;
        }
        As::File => writeln!(to, "<style>\n{STYLE}</style>")?,
    }
    writeln!(to, "<title>{}: {}</title>\n</head>\n<body class=\"{class}\">", word, Plain(&status.headline))?;
    writeln!(to, "<header><p class=\"light\"><span>{word}</span></p><h1>{}</h1>", Plain(&status.headline))?;
    writeln!(
        to,
        "<p class=\"soft\">{} &middot; {} UTC</p></header>\n<main>",
        Plain(&status.log.name),
        utc(status.now)
    )?;
    if let Some(trouble) = &status.trouble {
        writeln!(to, "<p class=\"trouble\" role=\"alert\">What is below may be old: {}</p>", Plain(trouble))?;
    }
    // Why it is halted or rejected is said beside the time and the key.
    let why = |reason: &&String| {
        let is_phase = status.rollout.as_ref().is_some_and(|rollout| rollout.why.is_some());
        Some(*reason) != status.trouble.as_ref() && !(is_phase && Some(*reason) == status.reasons.first())
    };
    for reason in status.reasons.iter().filter(why) {
        writeln!(to, "<p class=\"trouble\" role=\"alert\">{}</p>", Plain(reason))?;
    }
    if let Some(rollout) = &status.rollout {
        self::rollout(to, rollout, status.now)?;
    }
    ways_back(to, status)?;
    log(to, &status.log, status.now)?;
    before(to, status)?;
    to.write_str(
        "</main>\n<footer>This page only shows. What opens a ring is in the log, and devices check it by themselves. ",
    )?;
    match how {
        As::Served { .. } => to.write_str("<a href=\"/v1/status\">JSON</a> <a href=\"/metrics\">metrics</a>")?,
        As::File => {}
    }
    to.write_str("</footer>\n</body>\n</html>\n")
}

fn fact(to: &mut String, name: &str, class: &str, value: impl Display) -> fmt::Result {
    writeln!(to, "<div class=\"fact {class}\"><dt>{name}</dt><dd>{value}</dd></div>")
}

fn rollout(to: &mut String, rollout: &Now, now: u64) -> fmt::Result {
    if let Some(why) = &rollout.why {
        let keys =
            rollout.halted_by.iter().map(|key| format!(" by <code>{}</code>", Plain(key.get(..12).unwrap_or(key))));
        let keys = keys.collect::<String>();
        let at = rollout.halted_at.map_or_else(String::new, |at| format!(" &middot; {}{keys}", when(now, at)));
        writeln!(
            to,
            "<p class=\"why\" role=\"alert\"><strong>{}</strong> {}{at}</p>",
            rollout.phase.name(),
            Plain(why)
        )?;
    }
    to.write_str("<dl class=\"facts\">\n")?;
    let release = &rollout.release;
    let image = release.image.get(..12).unwrap_or_default();
    let name = format!(
        "{} <span class=\"soft\">sequence {}, {} bytes, image <code>{}</code></span>",
        Plain(&release.name),
        release.sequence,
        grouped(release.bytes),
        Plain(image)
    );
    fact(to, "Release", "", name)?;
    let ring = rollout.ring.and_then(|ring| rollout.rings.get(usize::from(ring)));
    let open = ring.map_or_else(
        || "none yet".to_owned(),
        |ring| {
            let last = rollout.rings.len().saturating_sub(1);
            format!("{} ({}) <span class=\"soft\">the last one is {last}</span>", ring.number, Plain(&ring.name))
        },
    );
    fact(to, "Ring", "", open)?;
    fact(to, "Open since", "", rollout.since.map_or_else(|| "&ndash;".to_owned(), |at| when(now, at)))?;
    if let Some(at) = rollout.resumed_at {
        fact(to, "Resumed, and watched from then", "", when(now, at))?;
    }
    let earliest = match &rollout.next {
        Some(Next { earliest: Some(at), .. }) if *at <= now => "now".to_owned(),
        Some(Next { earliest: Some(at), .. }) => when(now, *at),
        Some(_) => "not before a person acts".to_owned(),
        None => "nothing comes next".to_owned(),
    };
    fact(to, "Next ring, at the earliest", "", earliest)?;
    let held = if rollout.held == 0 { String::new() } else { format!(", and {} held", grouped(rollout.held)) };
    let hurry = if rollout.urgent { "urgent" } else { "routine" };
    let reverts = if rollout.reverts.is_some() { ", takes a rollout back" } else { "" };
    let fleet = format!(
        "{} devices{held} <span class=\"soft\">policy {}, {hurry}{reverts}</span>",
        grouped(rollout.devices),
        Plain(&rollout.policy)
    );
    fact(to, "Fleet", "", fleet)?;
    if let Some(next) = &rollout.next {
        missing(to, next)?;
    }
    to.write_str("</dl>\n")?;
    strip(to, rollout, now)?;
    for ring in rollout.rings.iter().rev().filter(|ring| ring.opened_at.is_some()) {
        self::ring(to, ring, now)?;
    }
    Ok(())
}

fn missing(to: &mut String, next: &Next) -> fmt::Result {
    let list = if next.missing.is_empty() {
        format!("nothing: ring {} ({}) can open", next.ring, Plain(&next.name))
    } else {
        let items = next.missing.iter().map(|what| format!("<li>{}</li>", Plain(what)));
        format!("<ul>{}</ul>", items.collect::<String>())
    };
    fact(to, &format!("Missing for ring {} ({})", next.ring, Plain(&next.name)), "wide", list)
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 10.0 {
        format!("{percent:.0} %")
    } else if percent >= 0.01 {
        let text = format!("{percent:.2}");
        format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
    } else {
        "< 0.01 %".to_owned()
    }
}

fn strip(to: &mut String, rollout: &Now, now: u64) -> fmt::Result {
    to.write_str("<ol class=\"rings\" aria-label=\"rings\">\n")?;
    for ring in &rollout.rings {
        let (class, word) = match ring.state {
            RingState::Passed => ("passed", "passed"),
            RingState::Open if ring.is_bad() => ("stopped", "open, bad"),
            RingState::Open => ("open", "open"),
            RingState::Stopped => ("stopped", "stopped"),
            RingState::Waiting => ("waiting", "waiting"),
        };
        let opened = ring
            .opened_at
            .map_or_else(|| format!("{} of watching", duration(ring.bake)), |at| format!("opened {}", ago(now, at)));
        writeln!(
            to,
            "<li class=\"{class}\"><b>{} {}</b><span>{word}</span><span>{}, about {}</span><span class=\"soft\">{opened}</span></li>",
            ring.number,
            Plain(&ring.name),
            percent(ring.share),
            grouped(ring.expected),
        )?;
    }
    to.write_str("</ol>\n")
}

fn ring(to: &mut String, ring: &Ring, now: u64) -> fmt::Result {
    writeln!(to, "<section><h2>Ring {}: {}</h2>", ring.number, Plain(&ring.name))?;
    match ring.counted_until {
        None => to.write_str("<p class=\"soft\">No reports are counted yet.</p>\n")?,
        Some(until) => {
            let kind = if ring.live { "counted here, not in the log yet" } else { "as in the log" };
            writeln!(to, "<p class=\"soft\">Reports until {} UTC ({}), {kind}.</p>", utc(until), ago(now, until))?;
        }
    }
    if ring.is_late() {
        to.write_str("<p class=\"trouble\">The evidence in the log is older than devices may take to report.</p>\n")?;
    }
    to.write_str("<table><thead><tr><th scope=\"col\">Group</th><th scope=\"col\">Settled</th><th scope=\"col\">Failed</th><th scope=\"col\">Silent</th><th scope=\"col\">Failures beside partners</th><th scope=\"col\">Says</th></tr></thead><tbody>\n")?;
    for group in &ring.groups {
        self::group(to, group)?;
    }
    to.write_str("</tbody></table></section>\n")
}

fn group(to: &mut String, group: &Group) -> fmt::Result {
    let (class, says) = match (group.is_bad(), group.is_enough()) {
        (true, _) => ("bad", "bad"),
        (_, true) if group.needed.is_some() => ("good", "enough"),
        _ if group.needed.is_some() => ("", "not yet"),
        _ => ("", "watched"),
    };
    let counts = &group.counts;
    write!(to, "<tr class=\"{class}\"><th scope=\"row\">{}</th>", Plain(&group.name))?;
    match group.needed {
        Some(needed) if !group.is_bad() => write!(
            to,
            "<td data-label=\"Settled\"><span>{} <span class=\"soft\">{} needed</span></span> <progress value=\"{}\" max=\"{}\"></progress></td>",
            grouped(counts.settled.into()),
            grouped(needed),
            u64::from(counts.settled).min(needed),
            needed.max(1)
        )?,
        _ => write!(to, "<td data-label=\"Settled\"><span>{}</span></td>", grouped(counts.settled.into()))?,
    }
    write!(
        to,
        "<td data-label=\"Failed\"><span>{} <span class=\"soft\">{} reported</span></span></td>",
        grouped(counts.failures().into()),
        grouped(counts.reported.into())
    )?;
    let [new, old] = group.failures;
    write!(
        to,
        "<td data-label=\"Silent\"><span>{} <span class=\"soft\">partners {}</span></span></td><td data-label=\"Failures\"><span>{} <span class=\"soft\">partners {}</span></span></td>",
        grouped(counts.new_silent.into()),
        grouped(counts.old_silent.into()),
        grouped(new.into()),
        grouped(old.into())
    )?;
    let bad = group.tests.iter().filter(|test| test.found == "reject").map(|test| Plain(&test.says).to_string());
    let bad = bad.collect::<Vec<_>>().join("; ");
    let colon = if bad.is_empty() { "" } else { ": " };
    writeln!(to, "<td data-label=\"Says\"><span><b>{says}</b>{colon}{bad}</span></td></tr>")
}

fn log(to: &mut String, log: &Log, now: u64) -> fmt::Result {
    let signed = log.witnesses.iter().filter(|witness| witness.signed.is_some()).count();
    writeln!(to, "<section><h2>Log</h2><dl class=\"facts\">")?;
    let root = format!("{} entries <span class=\"soft\">root <code>{}</code></span>", log.entries, Plain(&log.root));
    fact(to, "Size", "wide", root)?;
    let newest = if log.entries == 0 { "none".to_owned() } else { when(now, log.time) };
    fact(to, "Newest entry", "", newest)?;
    let class = if log.is_witnessed() { "" } else { "amber" };
    fact(to, "Witnesses", class, format!("{signed} signed, {} needed", log.needed))?;
    for witness in &log.witnesses {
        let value = witness.signed.map_or_else(|| "has not signed this checkpoint".to_owned(), |at| when(now, at));
        let class = if witness.signed.is_some() { "" } else { "amber" };
        fact(to, &Plain(&witness.name).to_string(), class, value)?;
    }
    to.write_str("</dl></section>\n")
}

/// What the newest rollout can be taken back to.
fn ways_back(to: &mut String, status: &Status) -> fmt::Result {
    if status.rollout.is_none() {
        return Ok(());
    }
    let ways = status.ways_back.iter().map(|way| format!("{} (sequence {})", Plain(&way.name), way.sequence));
    let ways = ways.collect::<Vec<_>>().join(", ");
    if ways.is_empty() {
        return to.write_str("<p class=\"soft\">Nothing was good on the whole fleet before, so this rollout cannot be taken back: plan a fix.</p>\n");
    }
    writeln!(to, "<p class=\"soft\">Can be taken back to the content of {ways}.</p>")
}

fn before(to: &mut String, status: &Status) -> fmt::Result {
    if status.before.is_empty() {
        return Ok(());
    }
    to.write_str("<section><h2>Before</h2><ul class=\"before\">\n")?;
    for one in &status.before {
        let ring = one.ring.map_or(0, |ring| u32::from(ring) + 1);
        writeln!(
            to,
            "<li><b>{}</b> <span class=\"soft\">sequence {}</span> {}, {ring} of {} rings opened</li>",
            Plain(&one.release.name),
            one.release.sequence,
            one.phase.name(),
            one.rings
        )?;
    }
    to.write_str("</ul></section>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        let text = Plain("<script>'x'\"&\u{202E}\u{7}").to_string();
        assert_eq!(text, "&lt;script&gt;&#39;x&#39;&quot;&amp;\\u{202e}\\u{7}");
    }

    #[test]
    fn numbers() {
        assert_eq!([grouped(7), grouped(1_000), grouped(1_234_567)], ["7", "1,000", "1,234,567"]);
        assert_eq!(
            [percent(0.001), percent(0.009), percent(0.4), percent(0.000_01)],
            ["0.1 %", "0.9 %", "40 %", "< 0.01 %"]
        );
    }
}
