//! One page that stands alone: no script, no network, readable on a phone.

use std::fmt::Write as _;

use contentcheck_gate::evidence::{CheckResult, Covered, Evidence, FieldFacts, Finding, RuleFacts, Status, Weight};
use contentcheck_model::diagnostic::{visible, visible_lines};

use super::words::{self, Tone, counted, kind, title, tone, word};

/// Rows of a table that are shown; the JSON has all.
const ROWS: usize = 500;
/// Findings of one check that are shown.
const FINDINGS: usize = 100;

/// The evidence as a page.
pub(super) fn html(evidence: &Evidence) -> String {
    let mut page = Page::default();
    let name = escape(&title(evidence));
    page.put(format_args!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{name}: release gate</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n",
        include_str!("page.css")
    ));
    let tone = match tone(evidence) {
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
    };
    page.put(format_args!(
        "<h1>{name}</h1>\n<p class=\"lead {tone}\" id=\"verdict\">{}</p>\n",
        escape(&sentence(evidence.verdict.summary()))
    ));
    page.put(format_args!(
        "<p>This page is what the release gate of contentcheck saw. Each check below tries to find a reason why the release must not reach any device. A check that did not run is not a check that passed; it says why it did not.</p>\n"
    ));
    facts(&mut page, evidence);
    checks(&mut page, evidence);
    findings(&mut page, evidence);
    missing(&mut page, evidence);
    influences(&mut page, evidence);
    changes(&mut page, evidence);
    coverage(&mut page, &evidence.fields);
    rules(&mut page, &evidence.rules);
    defects(&mut page, evidence);
    page.put(format_args!(
        "<p class=\"soft\">Made by {} {} from seed {}: the same release and the same seed make the same page.</p>\n</main>\n</body>\n</html>\n",
        escape(&evidence.tool.name),
        escape(&evidence.tool.version),
        evidence.settings.seed
    ));
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(text);
    }

    fn head(&mut self, columns: &[&str]) {
        let columns: String = columns.iter().map(|column| format!("<th scope=\"col\">{column}</th>")).collect();
        self.put(format_args!("<div class=\"scroll\"><table>\n<thead><tr>{columns}</tr></thead>\n<tbody>\n"));
    }

    fn foot(&mut self, left: usize) {
        self.put(format_args!("</tbody>\n</table></div>\n"));
        if left > 0 {
            self.put(format_args!("<p class=\"soft\">and {left} more, in evidence.json</p>\n"));
        }
    }
}

/// A text that is no markup, whatever it holds, on one line on which every character is seen.
fn escape(text: &str) -> String {
    markup(&visible(text))
}

/// As `escape`, with the lines that a text has.
fn escape_lines(text: &str) -> String {
    markup(&visible_lines(text))
}

fn markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

fn facts(page: &mut Page, evidence: &Evidence) {
    let release = &evidence.release;
    page.put(format_args!("<dl>\n"));
    let mut entry = |name: &str, value: String| page.put(format_args!("<dt>{name}</dt><dd>{value}</dd>\n"));
    let (rules, files) = (release.rules as u64, release.files as u64);
    entry("content", format!("{} in {}", counted(rules, "rule"), counted(files, "file")));
    entry("inputs", escape(&words::inputs(evidence)));
    entry("settings", escape(&words::settings(evidence).join(", ")));
    entry("SHA-256 of the content", format!("<code>{}</code>", escape(&release.content_sha256)));
    if let (Some(bytes), Some(sum)) = (release.image_bytes, &release.image_sha256) {
        entry("image", format!("{bytes} bytes, SHA-256 <code>{}</code>", escape(sum)));
    }
    if !release.fleet.is_empty() {
        entry("fleet", escape(&release.fleet.join(", ")));
    }
    if let Some(previous) = &release.previous {
        let sequence = previous.sequence.map_or_else(String::new, |sequence| format!("sequence {sequence}, "));
        entry("previous release", format!("{sequence}{}", counted(previous.rules as u64, "rule")));
    }
    page.put(format_args!("</dl>\n"));
}

fn checks(page: &mut Page, evidence: &Evidence) {
    page.put(format_args!("<h2>Checks</h2>\n"));
    for check in &evidence.checks {
        let in_part = check.status == Status::Passed && !check.skipped.is_empty();
        let (sign, tone) = match check.status {
            Status::Passed if in_part => ("&#9675;", "warn"),
            Status::Passed => ("&#10003;", "good"),
            Status::Failed => ("&#10007;", "bad"),
            Status::Skipped => ("&#9675;", "warn"),
        };
        page.put(format_args!(
            "<details><summary><b class=\"{tone}\">{sign} {}</b> <b>{} {}</b> <span class=\"soft\">{}</span></summary>\n<p>Guards against {}.</p>\n<dl>",
            if in_part { "in part" } else { word(check.status) },
            check.number,
            escape(&check.name),
            escape(&check.summary),
            escape(&check.guards)
        ));
        for (name, count) in &check.facts {
            page.put(format_args!("<dt>{}</dt><dd>{count}</dd>", escape(name)));
        }
        page.put(format_args!("</dl></details>\n"));
    }
}

fn findings(page: &mut Page, evidence: &Evidence) {
    let any = evidence.checks.iter().any(|check| !check.findings.is_empty());
    if !any {
        return;
    }
    page.put(format_args!("<h2>Findings</h2>\n"));
    for check in &evidence.checks {
        let mut all: Vec<&Finding> = check.findings.iter().collect();
        all.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
        for finding in all.iter().take(FINDINGS) {
            one(page, check, finding);
        }
        if all.len() > FINDINGS {
            page.put(format_args!(
                "<p class=\"soft\">and {} more of {}</p>\n",
                all.len() - FINDINGS,
                escape(&check.name)
            ));
        }
    }
}

fn one(page: &mut Page, check: &CheckResult, finding: &Finding) {
    let tone = match finding.weight {
        Weight::Error => "error",
        Weight::Warning => "warning",
        Weight::Info => "info",
    };
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        format!("<br><code>{}:{}:{}</code>", escape(&place.file), place.line, place.column)
    });
    page.put(format_args!(
        "<div class=\"finding {tone}\"><p><b>{}</b> <span class=\"soft\">({})</span> {}{place}</p>\n",
        escape(&finding.code),
        escape(&check.name),
        escape(&finding.message)
    ));
    if let Some(help) = &finding.help {
        page.put(format_args!("<p>What to do: {}</p>\n", escape(help)));
    }
    match (&finding.test, &finding.event) {
        (Some(test), _) => page.put(format_args!("<pre>{}</pre>\n", escape_lines(test))),
        (None, Some(event)) => page.put(format_args!("<pre>{}</pre>\n", escape(&event.to_string()))),
        (None, None) => {}
    }
    page.put(format_args!("</div>\n"));
}

fn missing(page: &mut Page, evidence: &Evidence) {
    let missing = evidence.verdict.missing();
    bullets(page, "Did not run", missing.iter().map(|one| format!("{}: {}", one.check, one.reason)).collect());
    let apply = evidence
        .checks
        .iter()
        .flat_map(|check| check.not_applicable.iter().map(move |what| format!("{}: {what}", check.name)));
    bullets(page, "Does not apply to this release", apply.collect());
}

/// What was left out, what was accepted, what sensors load, and what was read.
fn influences(page: &mut Page, evidence: &Evidence) {
    let left = evidence
        .left_out
        .iter()
        .map(|rule| format!("{} ({}:{}): {}", rule.rule, rule.file, rule.line, rule.codes.join(", ")));
    bullets(page, "Rules that were left out", left.collect());
    bullets(page, "Files that were left out", evidence.files_left_out.iter().map(words::files).collect());
    bullets(page, "Accepted findings", evidence.accepted.iter().map(words::accepted).collect());
    bullets(page, "Rules that run on no sensor of the fleet", words::nowhere(evidence));
    bullets(page, "Sensors", evidence.sensors.iter().map(words::sensor).collect());
    if evidence.inputs.is_empty() {
        return;
    }
    page.put(format_args!("<h2>Inputs</h2>\n<details><summary>{}</summary>\n", escape(&words::inputs(evidence))));
    page.head(&["kind", "name", "bytes", "SHA-256"]);
    for input in evidence.inputs.iter().take(ROWS) {
        page.put(format_args!(
            "<tr><td>{}</td><td>{}</td><td class=\"number\">{}</td><td><code>{}</code></td></tr>\n",
            input.kind.word(),
            escape(&input.name),
            input.bytes,
            escape(&input.sha256)
        ));
    }
    page.foot(evidence.inputs.len().saturating_sub(ROWS));
    page.put(format_args!("</details>\n"));
}

fn bullets(page: &mut Page, head: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    page.put(format_args!("<h2>{head}</h2>\n<ul>\n"));
    for line in lines.iter().take(ROWS) {
        page.put(format_args!("<li>{}</li>\n", escape(line)));
    }
    page.put(format_args!("</ul>\n"));
    if lines.len() > ROWS {
        page.put(format_args!("<p class=\"soft\">and {} more, in evidence.json</p>\n", lines.len() - ROWS));
    }
}

fn changes(page: &mut Page, evidence: &Evidence) {
    if evidence.release.previous.is_none() {
        return;
    }
    page.put(format_args!("<h2>Changes against the previous release</h2>\n"));
    if evidence.changes.is_empty() {
        page.put(format_args!("<p>No rule changed.</p>\n"));
        return;
    }
    for change in words::changes(evidence).into_iter().take(ROWS) {
        page.put(format_args!("<details><summary><b>{}</b>: {}</summary>\n", escape(&change.title), kind(change.kind)));
        page.put(format_args!("<p class=\"soft\"><code>{}</code>", escape(&change.rule)));
        if let Some(template) = &change.template {
            page.put(format_args!(" on {}", escape(template)));
        }
        page.put(format_args!("</p>\n"));
        if let Some(labels) = &change.labels {
            page.put(format_args!("<p>{}</p>\n", escape(labels)));
        }
        for (event, what) in [
            (&change.gains, "An event that only the new version matches"),
            (&change.loses, "An event that only the old version matches"),
        ] {
            if let Some(event) = event {
                let text = serde_json::to_string_pretty(event).unwrap_or_default();
                page.put(format_args!("<p>{what}:</p>\n<pre>{}</pre>\n", escape_lines(&text)));
            }
        }
        if let Some(volume) = change.volume {
            page.put(format_args!(
                "<p>Of {} ordinary events of the template type it matches {}, and matched {}.</p>\n",
                volume.events, volume.after, volume.before
            ));
        }
        page.put(format_args!("</details>\n"));
    }
    if evidence.changes.len() > ROWS {
        page.put(format_args!("<p class=\"soft\">and {} more, in evidence.json</p>\n", evidence.changes.len() - ROWS));
    }
}

fn coverage(page: &mut Page, fields: &[FieldFacts]) {
    const CLASSES: [&str; 7] = ["equality", "substring", "pattern", "number", "network", "presence", "other"];
    if fields.is_empty() {
        return;
    }
    page.put(format_args!(
        "<h2>Coverage</h2>\n<p>For each field that rules read, and each kind of comparison, how many predicates were seen both true and false, of how many there are; below, how many are proven to decide nothing, and how many are undecided. A wildcard that matches everything counts as a test for presence.</p>\n"
    ));
    let used: Vec<&str> =
        CLASSES.into_iter().filter(|class| fields.iter().any(|field| field.classes.contains_key(*class))).collect();
    let mut columns = vec!["template type", "field"];
    columns.extend(&used);
    page.head(&columns);
    let mut last = "";
    for field in fields.iter().take(ROWS) {
        let template = if field.template == last { String::new() } else { escape(&field.template) };
        last = &field.template;
        page.put(format_args!("<tr><td>{template}</td><td><code>{}</code></td>", escape(&field.field)));
        for class in &used {
            match field.classes.get(*class) {
                Some(of) => {
                    let tone = if of.covered == of.predicates { "full" } else { "part" };
                    page.put(format_args!("<td><span class=\"cell {tone}\">{}</span></td>", standing(of)));
                }
                None => page.put(format_args!("<td></td>")),
            }
        }
        page.put(format_args!("</tr>\n"));
    }
    page.foot(fields.len().saturating_sub(ROWS));
}

/// Predicates and what is known of them: those that are not covered are told apart.
fn standing(of: &Covered) -> String {
    let mut said = format!("{} of {}", of.covered, of.predicates);
    if of.covered + of.redundant + of.undecided < of.predicates {
        said += "<br><span class=\"soft\">not looked at</span>";
    }
    for (count, words) in [(of.redundant, "decide nothing"), (of.undecided, "undecided")] {
        if count > 0 {
            said += &format!("<br><span class=\"soft\">{count} {words}</span>");
        }
    }
    said
}

fn rules(page: &mut Page, rules: &[RuleFacts]) {
    if rules.is_empty() {
        return;
    }
    page.put(format_args!(
        "<h2>Rules</h2>\n<p>Cost is a bound on the steps that a rule takes for an event of 1,000 bytes, computed from the image. Matches are those on the recorded events, with the ceiling where there is one. Both are drawn on a logarithmic scale.</p>\n"
    ));
    let mut sorted: Vec<&RuleFacts> = rules.iter().collect();
    let cost = |rule: &RuleFacts| rule.steps.saturating_add(rule.steps_per_unit.saturating_mul(1_000));
    sorted.sort_by(|a, b| (b.matches, cost(b), &a.rule).cmp(&(a.matches, cost(a), &b.rule)));
    let most = |of: &dyn Fn(&RuleFacts) -> u64| rules.iter().map(of).max().unwrap_or(0);
    let (cost_most, matches_most) = (most(&|rule| cost(rule)), most(&|rule| rule.matches.unwrap_or(0)));
    let is_replayed = rules.iter().any(|rule| rule.matches.is_some());
    page.head(&["rule", "level", "predicates covered", "tests", "cost", "matches"]);
    for rule in sorted.iter().take(ROWS) {
        let fires = if rule.fires { "" } else { " <b class=\"bad\">never seen firing</b>" };
        page.put(format_args!(
            "<tr><td>{}{fires}<br><code class=\"soft\">{}:{}</code></td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td>{}</td><td>",
            escape(&rule.title),
            escape(&rule.place.file),
            rule.place.line,
            escape(rule.level.as_deref().unwrap_or("")),
            standing(&Covered {
                predicates: rule.predicates,
                covered: rule.covered,
                redundant: rule.redundant,
                undecided: rule.undecided,
            }),
            rule.tests,
            bar(cost(rule), cost_most)
        ));
        if let Some(matches) = rule.matches {
            page.put(format_args!("{}", bar(matches, matches_most)));
        } else if is_replayed {
            page.put(format_args!("<span class=\"soft\">no recorded event of its kind</span>"));
        }
        if let Some(before) = rule.matches_before.filter(|before| Some(*before) != rule.matches) {
            page.put(format_args!(" <span class=\"soft\">was {before}</span>"));
        }
        if let Some(ceiling) = rule.ceiling {
            page.put(format_args!(" <span class=\"soft\">of {ceiling}</span>"));
        }
        page.put(format_args!("</td></tr>\n"));
    }
    page.foot(rules.len().saturating_sub(ROWS));
}

/// A number with a bar, on a logarithmic scale.
fn bar(value: u64, most: u64) -> String {
    // An estimate for the eye: what is lost above 2^52 is not seen.
    let log = |value: u64| ((value as f64) + 1.0).ln();
    let width = if most == 0 { 0.0 } else { 6.0 * log(value) / log(most) };
    format!("<span class=\"bar\" style=\"width:{width:.2}rem\"></span> {value}")
}

fn defects(page: &mut Page, evidence: &Evidence) {
    if evidence.defects.is_empty() {
        return;
    }
    page.put(format_args!(
        "<h2>Seeded defects</h2>\n<p>The gate was shown releases with a defect each, made from this one. It must reject them; otherwise it says nothing about this release.</p>\n"
    ));
    page.head(&["class", "what was done", "check", "rejected"]);
    for class in &evidence.defects {
        let tone = if class.rejected == class.seeded { "full" } else { "part" };
        let said = if class.seeded == 0 {
            "<span class=\"soft\">does not apply</span>".to_owned()
        } else {
            format!("<span class=\"cell {tone}\">{} of {}</span>", class.rejected, class.seeded)
        };
        page.put(format_args!(
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{said}</td></tr>\n",
            escape(&class.class),
            escape(&class.what),
            escape(&class.check)
        ));
    }
    page.foot(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        assert_eq!(escape("<script>\"&'"), "&lt;script&gt;&quot;&amp;&#39;");
        assert_eq!(escape("a\u{202E}<\x1b"), "a\\u{202e}&lt;\\u{1b}");
    }

    #[test]
    fn bars_are_longest_for_the_most() {
        assert!(bar(100, 100).contains("width:6.00rem"));
        assert!(bar(0, 100).contains("width:0.00rem"));
        assert!(bar(0, 0).contains("width:0.00rem"));
    }
}
