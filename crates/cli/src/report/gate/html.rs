//! One page that stands alone: nothing is loaded from elsewhere, and it is readable on a phone. Its few lines of script filter long lists;
//! without them everything is shown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use contentcheck_gate::evidence::{Covered, Evidence, FieldFacts, Finding, RuleFacts, Status, Weight};
use contentcheck_model::diagnostic::{codes, visible, visible_lines};

use super::words::{self, Tone, counted, kind, title, tone, word};

/// Rows of a table that are shown; the JSON has all.
const ROWS: usize = 500;
/// The same of rules: all of a large release.
const RULES: usize = 5_000;
/// From so many rows on a list has a filter.
const MANY: usize = 20;
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
    contents(&mut page, evidence);
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
        "<p class=\"soft\">Made by {} {} from seed {}: the same release and the same seed make the same page.</p>\n</main>\n<script>\n{}</script>\n</body>\n</html>\n",
        escape(&evidence.tool.name),
        escape(&evidence.tool.version),
        evidence.settings.seed,
        include_str!("page.js")
    ));
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    /// What the columns of the present table are called.
    columns: Vec<String>,
}

impl Page {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.text.write_fmt(text);
    }

    /// A part of the page, to which its contents lead.
    fn part(&mut self, id: &str, head: &str) {
        self.put(format_args!("<h2 id=\"{id}\">{head}</h2>\n"));
    }

    /// The head of a table. On a narrow screen each row is a card, and says for itself what its cells are.
    fn head(&mut self, columns: &[&str]) {
        self.columns = columns.iter().map(|column| (*column).to_owned()).collect();
        let columns: String = columns.iter().map(|column| format!("<th scope=\"col\">{column}</th>")).collect();
        self.put(format_args!("<div class=\"scroll\"><table>\n<thead><tr>{columns}</tr></thead>\n<tbody>\n"));
    }

    /// A row: each cell with its class and what is in it.
    fn row(&mut self, cells: &[(&str, String)]) {
        self.put(format_args!("<tr>"));
        for (at, (class, cell)) in cells.iter().enumerate() {
            let label = self.columns.get(at).cloned().unwrap_or_default();
            let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
            // What is empty is no line of a card.
            let empty = if cell.is_empty() { " data-empty" } else { "" };
            self.put(format_args!("<td{class}{empty} data-label=\"{label}\"><div>{cell}</div></td>"));
        }
        self.put(format_args!("</tr>\n"));
    }

    /// A field that filters the list after it, where that is long.
    fn filter(&mut self, rows: usize) {
        if rows >= MANY {
            self.put(format_args!(
                "<p class=\"filter\" hidden><label>filter <input type=\"search\" autocomplete=\"off\"></label> <span class=\"soft\"></span></p>\n"
            ));
        }
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

/// Where each part of the page is.
fn contents(page: &mut Page, evidence: &Evidence) {
    let count = |count: usize| if count == 0 { String::new() } else { format!(" <span class=\"soft\">{count}</span>") };
    let found = evidence.checks.iter().map(|check| check.findings.len()).sum();
    let parts = [
        ("checks", "Checks", evidence.checks.len()),
        ("findings", "Findings", found),
        ("changes", "Changes", evidence.changes.len()),
        ("coverage", "Coverage", evidence.fields.len()),
        ("rules", "Rules", evidence.rules.len()),
        ("defects", "Seeded defects", evidence.defects.len()),
    ];
    let links = parts.iter().filter(|(id, _, rows)| *rows > 0 || *id == "checks");
    let links: Vec<String> =
        links.map(|(id, head, rows)| format!("<a href=\"#{id}\">{head}</a>{}", count(*rows))).collect();
    page.put(format_args!("<nav>{}</nav>\n", links.join(" ")));
}

fn checks(page: &mut Page, evidence: &Evidence) {
    page.part("checks", "Checks");
    for check in &evidence.checks {
        let in_part = check.status == Status::Passed && !check.skipped.is_empty();
        let (sign, tone) = match check.status {
            Status::Passed if in_part => ("&#9675;", "warn"),
            Status::Passed => ("&#10003;", "good"),
            Status::Failed => ("&#10007;", "bad"),
            Status::Skipped => ("&#9675;", "warn"),
        };
        // What has failed is open, and leads to what was found.
        let open = if check.status == Status::Failed { " open" } else { "" };
        page.put(format_args!(
            "<details{open}><summary><b class=\"{tone}\">{sign} {}</b> <b>{} {}</b> <span class=\"soft\">{}</span></summary>\n<p>Guards against {}.</p>\n",
            if in_part { "in part" } else { word(check.status) },
            check.number,
            escape(&check.name),
            escape(&check.summary),
            escape(&check.guards)
        ));
        if !check.findings.is_empty() {
            let found = counted(check.findings.len() as u64, "finding");
            page.put(format_args!("<p><a href=\"#found-{}\">{found} of this check</a></p>\n", check.number));
        }
        page.put(format_args!("<dl>"));
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
    page.part("findings", "Findings");
    for check in evidence.checks.iter().filter(|check| !check.findings.is_empty()) {
        page.put(format_args!("<h3 id=\"found-{}\">{} {}</h3>\n", check.number, check.number, escape(&check.name)));
        let mut all: Vec<&Finding> = check.findings.iter().collect();
        all.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
        for finding in all.iter().take(FINDINGS) {
            one(page, evidence, finding);
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

fn one(page: &mut Page, evidence: &Evidence, finding: &Finding) {
    let tone = match finding.weight {
        Weight::Error => "error",
        Weight::Warning => "warning",
        Weight::Info => "info",
    };
    let place = finding.place.as_ref().map_or_else(String::new, |place| {
        format!("<br><code>{}:{}:{}</code>", escape(&place.file), place.line, place.column)
    });
    page.put(format_args!(
        "<div class=\"finding {tone}\"><p>{} {}{place}</p>\n",
        code(&finding.code),
        escape(&finding.message)
    ));
    for line in words::related(finding) {
        page.put(format_args!("<p>{}</p>\n", escape(&line)));
    }
    if let Some(help) = &finding.help {
        page.put(format_args!("<p>What to do: {}</p>\n", escape(help)));
    }
    match (&finding.test, &finding.event) {
        (Some(test), _) => page.put(format_args!("<pre>{}</pre>\n", escape_lines(test))),
        (None, Some(event)) => page.put(format_args!("<pre>{}</pre>\n", shown(event, &read(evidence, None)))),
        (None, None) => {}
    }
    page.put(format_args!("</div>\n"));
}

/// A code, which leads to its page.
fn code(id: &str) -> String {
    match codes::find(id) {
        Some(code) => format!("<a class=\"code\" href=\"{}\">{}</a>", escape(&code.page()), escape(id)),
        None => format!("<b>{}</b>", escape(id)),
    }
}

/// The fields that rules read, of one template type or of all.
fn read<'e>(evidence: &'e Evidence, template: Option<&str>) -> BTreeSet<&'e str> {
    let of = |field: &&FieldFacts| {
        template.is_none_or(|template| {
            template == field.template
                || template.strip_prefix(field.template.as_str()).is_some_and(|rest| rest.starts_with(" @ "))
        })
    };
    evidence.fields.iter().filter(of).map(|field| field.field.as_str()).collect()
}

/// An event, a field a line: those that rules read first, and marked, since they decide.
fn shown(event: &serde_json::Value, read: &BTreeSet<&str>) -> String {
    let Some(members) = event.as_object() else { return escape(&event.to_string()) };
    let line = |(name, value): (&String, &serde_json::Value)| {
        let said = format!("{}: {}", serde_json::Value::from(name.as_str()), value);
        let said = escape(&said);
        if read.contains(name.as_str()) { format!("  <mark>{said}</mark>") } else { format!("  {said}") }
    };
    let (decide, others): (Vec<_>, Vec<_>) = members.iter().partition(|(name, _)| read.contains(name.as_str()));
    let lines: Vec<String> = decide.into_iter().chain(others).map(line).collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
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
        page.row(&[
            ("", input.kind.word().to_owned()),
            ("", escape(&input.name)),
            ("number", input.bytes.to_string()),
            ("", format!("<code>{}</code>", escape(&input.sha256))),
        ]);
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
    page.part("changes", "Changes against the previous release");
    if evidence.changes.is_empty() {
        page.put(format_args!("<p>No rule changed.</p>\n"));
        return;
    }
    page.filter(evidence.changes.len());
    for change in words::changes(evidence).into_iter().take(ROWS) {
        page.put(format_args!(
            "<details class=\"change\"><summary><b>{}</b>: {}</summary>\n",
            escape(&change.title),
            kind(change.kind)
        ));
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
                let read = read(evidence, change.template.as_deref());
                page.put(format_args!("<p>{what}:</p>\n<pre>{}</pre>\n", shown(event, &read)));
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
    page.part("coverage", "Coverage");
    page.put(format_args!(
        "<p>For each field that rules read, and each kind of comparison, how many predicates were seen both true and false, of how many there are; below, how many are proven to decide nothing, and how many are undecided. A wildcard that matches everything counts as a test for presence.</p>\n"
    ));
    let used: Vec<&str> =
        CLASSES.into_iter().filter(|class| fields.iter().any(|field| field.classes.contains_key(*class))).collect();
    let mut columns = vec!["template type", "field"];
    columns.extend(&used);
    page.filter(fields.len());
    page.head(&columns);
    for field in fields.iter().take(ROWS) {
        let mut cells = vec![("", escape(&field.template)), ("", format!("<code>{}</code>", escape(&field.field)))];
        cells.extend(used.iter().map(|class| {
            let cell = field.classes.get(*class).map(|of| {
                let tone = if of.covered == of.predicates { "full" } else { "part" };
                format!("<span class=\"cell {tone}\">{}</span>", standing(of))
            });
            ("", cell.unwrap_or_default())
        }));
        page.row(&cells);
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
    page.part("rules", "Rules");
    page.put(format_args!(
        "<p>Cost is a bound on the steps that a rule takes for an event of 1,000 bytes, computed from the image. Matches are those on the recorded events, with the ceiling where there is one. Both are drawn on a logarithmic scale.</p>\n"
    ));
    let mut sorted: Vec<&RuleFacts> = rules.iter().collect();
    let cost = |rule: &RuleFacts| rule.steps.saturating_add(rule.steps_per_unit.saturating_mul(1_000));
    sorted.sort_by(|a, b| (b.matches, cost(b), &a.rule).cmp(&(a.matches, cost(a), &b.rule)));
    let most = |of: &dyn Fn(&RuleFacts) -> u64| rules.iter().map(of).max().unwrap_or(0);
    let (cost_most, matches_most) = (most(&|rule| cost(rule)), most(&|rule| rule.matches.unwrap_or(0)));
    let is_replayed = rules.iter().any(|rule| rule.matches.is_some());
    page.filter(rules.len());
    page.head(&["rule", "level", "predicates covered", "tests", "cost", "matches"]);
    for rule in sorted.iter().take(RULES) {
        let fires = if rule.fires { "" } else { " <b class=\"bad\">never seen firing</b>" };
        let mut seen = match rule.matches {
            Some(matches) => bar(matches, matches_most),
            None if is_replayed => "<span class=\"soft\">no recorded event of its kind</span>".to_owned(),
            None => String::new(),
        };
        if let Some(before) = rule.matches_before.filter(|before| Some(*before) != rule.matches) {
            seen += &format!(" <span class=\"soft\">was {before}</span>");
        }
        if let Some(ceiling) = rule.ceiling {
            seen += &format!(" <span class=\"soft\">of {ceiling}</span>");
        }
        let covered = Covered {
            predicates: rule.predicates,
            covered: rule.covered,
            redundant: rule.redundant,
            undecided: rule.undecided,
        };
        let place = format!("{}:{}", escape(&rule.place.file), rule.place.line);
        page.row(&[
            ("", format!("{}{fires}<br><code class=\"soft\">{place}</code>", escape(&rule.title))),
            ("", escape(rule.level.as_deref().unwrap_or(""))),
            ("number", standing(&covered)),
            ("number", rule.tests.to_string()),
            ("", bar(cost(rule), cost_most)),
            ("", seen),
        ]);
    }
    page.foot(rules.len().saturating_sub(RULES));
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
    page.part("defects", "Seeded defects");
    page.put(format_args!(
        "<p>The gate was shown releases with a defect each, made from this one. It must reject them; otherwise it says nothing about this release.</p>\n"
    ));
    page.head(&["class", "what was done", "check", "rejected"]);
    for class in &evidence.defects {
        let tone = if class.rejected == class.seeded { "full" } else { "part" };
        let said = if class.seeded == 0 {
            "<span class=\"soft\">does not apply</span>".to_owned()
        } else {
            format!("<span class=\"cell {tone}\">{} of {}</span>", class.rejected, class.seeded)
        };
        page.row(&[
            ("", format!("<code>{}</code>", escape(&class.class))),
            ("", escape(&class.what)),
            ("", escape(&class.check)),
            ("", said),
        ]);
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
    fn fields_that_rules_read_come_first_in_an_event() {
        let event = serde_json::json!({"a": "<", "b": 2, "c": null});
        let read = BTreeSet::from(["b", "c"]);
        let expected = "{\n  <mark>&quot;b&quot;: 2</mark>,\n  <mark>&quot;c&quot;: null</mark>,\n  &quot;a&quot;: &quot;&lt;&quot;\n}";
        assert_eq!(shown(&event, &read), expected);
    }

    #[test]
    fn bars_are_longest_for_the_most() {
        assert!(bar(100, 100).contains("width:6.00rem"));
        assert!(bar(0, 100).contains("width:0.00rem"));
        assert!(bar(0, 0).contains("width:0.00rem"));
    }
}
