//! The report as one page: no script, nothing from elsewhere, for narrow screens and dark ones too.

use core::fmt::Write as _;

use crate::plot::{Bar, bars, escaped, lines, short};
use crate::report::{Interval, Outcome, Report};

const STYLE: &str = "
:root{color-scheme:light dark;--text:#1a1a1a;--back:#fff;--soft:#666;--grid:#ddd;--bar:#8a97a8;--ours:#1f6feb;--c1:#c2410c;--c2:#7c3aed;--c3:#15803d}
@media(prefers-color-scheme:dark){:root{--text:#e8e8e8;--back:#16181c;--soft:#9aa0a8;--grid:#33373d;--bar:#6b7787;--ours:#58a6ff;--c1:#fb923c;--c2:#a78bfa;--c3:#4ade80}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back);max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2.5rem}h3{font-size:1rem;margin-bottom:.25rem}
p.source,p.legend,caption{color:var(--soft);font-size:.85rem}
.scroll{overflow-x:auto}svg{width:100%;min-width:34rem;height:auto;font:12px system-ui,sans-serif;fill:var(--text)}
.grid{stroke:var(--grid)}.tick{fill:var(--soft)}.bar{fill:var(--bar)}.bar.ours{fill:var(--ours)}.range{stroke:var(--text);stroke-width:2}
.course{fill:none;stroke-width:2}.course0{stroke:var(--ours)}.course1{stroke:var(--c1)}.course2{stroke:var(--c2)}.course3{stroke:var(--c3)}
.key{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 .8em}.key0{background:var(--ours)}.key1{background:var(--c1)}.key2{background:var(--c2)}.key3{background:var(--c3)}
table{border-collapse:collapse;font-size:.85rem;width:100%}th,td{text-align:right;padding:.25rem .5rem;border-bottom:1px solid var(--grid);white-space:nowrap}
th:first-child,td:first-child{text-align:left}caption{text-align:left}
";

pub(crate) fn page(report: &Report) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Rollouts, simulated</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Rollouts, simulated</h1>\n"
    );
    let Report { devices, days, seeds, .. } = report;
    let _ = writeln!(
        page,
        "<p>{} devices, {days} days, {seeds} {}. Bars are medians; lines show the range of 95 % of the seeds. Scales are logarithmic: each step is ten times the one before.</p>",
        short((*devices).into()),
        if *seeds == 1 { "seed" } else { "seeds" }
    );
    page += "<p>The rules of our rollouts and the decisions of our devices are the shipped code. Other tools are small models of the defaults that their source has; the table at the end names the source and what had to be assumed. Parameters that are unknown are varied below.</p>\n";
    for name in named(&report.outcomes) {
        let of: Vec<&Outcome> = report.outcomes.iter().filter(|outcome| outcome.scenario == name).collect();
        scenario(&mut page, &of);
    }
    if !report.sweeps.is_empty() {
        page += "<h2>Parameters that are unknown</h2>\n<p>One is changed at a time.</p>\n";
        sweeps(&mut page, &report.sweeps);
    }
    sources(&mut page, &report.outcomes);
    page + "</body>\n</html>\n"
}

/// The scenarios, in the order in which they first appear.
fn named(outcomes: &[Outcome]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for outcome in outcomes {
        if !names.contains(&outcome.scenario.as_str()) {
            names.push(&outcome.scenario);
        }
    }
    names
}

fn scenario(page: &mut String, outcomes: &[&Outcome]) {
    let Some(first) = outcomes.first() else { return };
    let _ = writeln!(
        page,
        "<h2>{}</h2>\n<p class=\"source\">{}</p>",
        escaped(&first.scenario_title),
        escaped(&first.scenario_source)
    );
    let devices = f64::from(first.devices);
    let plot = |of: fn(&Outcome) -> Interval, most: f64, label: &str| {
        let bar = |outcome: &&Outcome| {
            let Interval { low, middle, high } = of(outcome);
            (outcome.policy_title.clone(), low, middle, high, outcome.policy.starts_with("ours"))
        };
        let rows: Vec<_> = outcomes.iter().map(bar).collect();
        let rows: Vec<Bar<'_>> = rows
            .iter()
            .map(|(title, low, middle, high, is_ours)| Bar {
                title,
                low: *low,
                middle: *middle,
                high: *high,
                is_ours: *is_ours,
            })
            .collect();
        format!("<h3>{label}</h3>\n<div class=\"scroll\">{}</div>\n", bars(label, most, &rows))
    };
    *page += &plot(|outcome| outcome.touched, devices, "Devices that took the release");
    if outcomes.iter().any(|outcome| outcome.hours_lost.high > 0.0) {
        let most = outcomes.iter().map(|outcome| outcome.hours_lost.high).fold(10.0, f64::max);
        *page += &plot(|outcome| outcome.hurt, devices, "Devices that were down because of it");
        *page += &plot(|outcome| outcome.hours_lost, most, "Hours of devices that were lost");
        let courses: Vec<_> = outcomes.iter().take(4).map(|outcome| course(outcome)).collect();
        let _ = writeln!(
            page,
            "<h3>Devices that are down, hour by hour, first seed</h3>\n<div class=\"scroll\">{}</div>",
            lines("Devices that are down, hour by hour", devices, &courses)
        );
    }
    table(page, outcomes);
}

fn course(outcome: &Outcome) -> (&str, Vec<f64>) {
    (&outcome.policy_title, outcome.curve.iter().map(|(_, down)| *down as f64).collect())
}

fn span(interval: &Interval) -> String {
    let Interval { low, middle, high } = interval;
    if low == high { short(*middle) } else { format!("{} ({}\u{2013}{})", short(*middle), short(*low), short(*high)) }
}

fn halted(outcome: &Outcome) -> String {
    let [evidence, person, tool] = outcome.halted_by;
    let all = evidence + person + tool;
    if all == 0.0 {
        return "never".into();
    }
    let by = [(evidence, "evidence"), (person, "a person"), (tool, "the tool")];
    let by: Vec<String> = by
        .iter()
        .filter(|(share, _)| *share > 0.0)
        .map(|(share, who)| if *share >= 1.0 { (*who).to_owned() } else { format!("{who} in {:.0} %", share * 100.0) })
        .collect();
    format!("{} min, {}", span(&outcome.halted), by.join(", "))
}

fn cells(outcome: &Outcome) -> String {
    let by_itself = if outcome.hurt.high == 0.0 {
        "nobody was down".to_owned()
    } else if outcome.not_by_itself.high == 0.0 {
        "yes".to_owned()
    } else {
        format!("no: {}", span(&outcome.not_by_itself))
    };
    format!(
        "<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{by_itself}</td><td>{}</td>",
        span(&outcome.touched),
        span(&outcome.hurt),
        span(&outcome.hours_lost),
        halted(outcome),
        span(&outcome.peak)
    )
}

const HEAD: &str = "<th>took it</th><th>down</th><th>hours lost</th><th>halted</th><th>all recovered by themselves</th><th>most fetches in a minute</th></tr>\n";

fn table(page: &mut String, outcomes: &[&Outcome]) {
    let _ = write!(page, "<div class=\"scroll\"><table>\n<tr><th>policy</th>{HEAD}");
    for outcome in outcomes {
        let _ = writeln!(page, "<tr><td>{}</td>{}</tr>", escaped(&outcome.policy_title), cells(outcome));
    }
    *page += "</table></div>\n";
}

fn sweeps(page: &mut String, outcomes: &[Outcome]) {
    let mut last = None;
    for outcome in outcomes {
        let Some((parameter, value)) = &outcome.varied else { continue };
        if last != Some(parameter) {
            if last.is_some() {
                *page += "</table></div>\n";
            }
            last = Some(parameter);
            let _ = write!(
                page,
                "<h3>{}</h3>\n<div class=\"scroll\"><table><caption>{}</caption>\n<tr><th>value, policy</th>{HEAD}",
                escaped(parameter),
                escaped(&outcome.scenario_title)
            );
        }
        let _ = writeln!(page, "<tr><td>{value}, {}</td>{}</tr>", escaped(&outcome.policy_title), cells(outcome));
    }
    *page += "</table></div>\n";
}

fn sources(page: &mut String, outcomes: &[Outcome]) {
    *page += "<h2>Sources</h2>\n<ul>\n";
    let mut done: Vec<&str> = Vec::new();
    for outcome in outcomes {
        if !done.contains(&outcome.policy.as_str()) {
            done.push(&outcome.policy);
            let _ = writeln!(
                page,
                "<li><strong>{}</strong>: {}</li>",
                escaped(&outcome.policy_title),
                escaped(&outcome.policy_source)
            );
        }
    }
    *page += "</ul>\n";
}
