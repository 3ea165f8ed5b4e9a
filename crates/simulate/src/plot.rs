//! Plots as SVG, in the colours of the page around them.

use core::fmt::Write as _;

/// Width and height of a plot, and its margins.
const WIDTH: f64 = 720.0;
const ROW: f64 = 22.0;
const LEFT: f64 = 230.0;
const RIGHT: f64 = 70.0;

/// A row of [`bars`].
pub(crate) struct Bar<'a> {
    pub(crate) title: &'a str,
    pub(crate) low: f64,
    pub(crate) middle: f64,
    pub(crate) high: f64,
    pub(crate) is_ours: bool,
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A number for people: three digits, and a letter for thousands and millions.
pub(crate) fn short(value: f64) -> String {
    let (value, unit) = match value.abs() {
        at if at >= 1e9 => (value / 1e9, " G"),
        at if at >= 1e6 => (value / 1e6, " M"),
        at if at >= 1e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = if value.abs() >= 100.0 || value.fract() == 0.0 {
        0
    } else if value.abs() >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$}{unit}")
}

/// Where a value is between 0 and 1 on a logarithmic scale from 1 to `most`; what is below 1 is at 0.
fn scaled(value: f64, most: f64) -> f64 {
    if value <= 1.0 || most <= 1.0 { 0.0 } else { (libm::log(value) / libm::log(most)).min(1.0) }
}

/// Medians as bars on a logarithmic scale, with what 95 of 100 seeds are between as a line.
pub(crate) fn bars(label: &str, most: f64, rows: &[Bar<'_>]) -> String {
    let height = rows.len() as f64 * ROW + 30.0;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n", escaped(label));
    let span = WIDTH - LEFT - RIGHT;
    let mut tick = 1.0;
    while tick <= most {
        let x = LEFT + scaled(tick, most) * span;
        let bottom = height - 24.0;
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"0\" x2=\"{x:.1}\" y2=\"{bottom}\"/><text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            height - 8.0,
            short(tick)
        );
        tick *= 10.0;
    }
    for (at, row) in rows.iter().enumerate() {
        let y = at as f64 * ROW;
        let end = LEFT + scaled(row.middle, most) * span;
        let (low, high) = (LEFT + scaled(row.low, most) * span, LEFT + scaled(row.high, most) * span);
        let class = if row.is_ours { "bar ours" } else { "bar" };
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text><rect class=\"{class}\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/><line class=\"range\" x1=\"{low:.1}\" y1=\"{:.1}\" x2=\"{high:.1}\" y2=\"{:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LEFT - 8.0,
            y + 15.0,
            escaped(row.title),
            y + 4.0,
            (end - LEFT).max(1.0),
            ROW - 8.0,
            y + ROW / 2.0,
            y + ROW / 2.0,
            high.max(end) + 6.0,
            y + 15.0,
            short(row.middle)
        );
    }
    svg + "</svg>\n"
}

/// Values of each hour on a logarithmic scale, a line for each of several courses.
pub(crate) fn lines(label: &str, most: f64, courses: &[(&str, Vec<f64>)]) -> String {
    const HEIGHT: f64 = 260.0;
    const FOOT: f64 = 30.0;
    let hours = courses.iter().map(|(_, values)| values.len()).max().unwrap_or(1).max(2) as f64 - 1.0;
    let (left, span) = (56.0, WIDTH - 56.0 - 16.0);
    let up = |value: f64| (HEIGHT - FOOT) * (1.0 - scaled(value, most)) + 4.0;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n", escaped(label));
    let mut tick = 1.0;
    while tick <= most {
        let y = up(tick);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/><text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left + span,
            left - 6.0,
            y + 4.0,
            short(tick)
        );
        tick *= 10.0;
    }
    let mut day = 0.0;
    while day * 24.0 <= hours {
        let x = left + day * 24.0 / hours * span;
        let _ = writeln!(
            svg,
            "<text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{day:.0} d</text>",
            HEIGHT - 8.0
        );
        day += if hours > 240.0 { 2.0 } else { 1.0 };
    }
    for (at, (_, values)) in courses.iter().enumerate() {
        let point =
            |(hour, value): (usize, &f64)| format!("{:.1},{:.1}", left + hour as f64 / hours * span, up(*value));
        let points: Vec<String> = values.iter().enumerate().map(point).collect();
        let _ = writeln!(svg, "<polyline class=\"course course{at}\" points=\"{}\"/>", points.join(" "));
    }
    svg += "</svg>\n<p class=\"legend\">";
    for (at, (title, _)) in courses.iter().enumerate() {
        let _ = write!(svg, "<span class=\"key key{at}\"></span>{} ", escaped(title));
    }
    svg + "</p>\n"
}
