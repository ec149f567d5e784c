//! The charts of a validation report, as SVG that stands alone: a title and a description for those who do not see it,
//! colours that differ in brightness, no script.

#![expect(clippy::float_arithmetic, reason = "places on a chart are no money")]

use std::fmt::Write;

use super::ValidationReport;

/// The plot's corner and size, in the picture of 480 × 420.
const LEFT: f64 = 64.0;
const TOP: f64 = 48.0;
const SIDE: f64 = 300.0;

/// Shares of bads refused over shares of goods refused, for every cut-off, beside the diagonal of a coin.
pub fn roc(report: &ValidationReport) -> String {
    let auc = report.auc;
    let title = format!(
        "ROC curve: AUC {:.3} ({:.3} to {:.3})",
        auc.value, auc.low, auc.high
    );
    let description = format!(
        "For every cut-off, the share of bad customers refused over the share of good customers refused. AUC {:.3}, \
         Gini {:.3}, {} good and {} bad customers. The dashed diagonal is what chance gives.",
        auc.value, report.gini.value, report.tally.goods, report.tally.bads
    );
    let mut chart = Chart::new("roc", &title, &description, "goods refused", "bads refused");
    chart.axes("0%", "100%", 1.0);
    chart.line(&[(0.0, 0.0), (1.0, 1.0)], "#777777", true);
    let mut points = vec![(0.0, 0.0)];
    points.extend(report.curve.iter().map(|point| (point.goods, point.bads)));
    chart.line(&points, "#1f4e9c", false);
    chart.finish()
}

/// The shares of bads and goods up to each score, and the largest distance between them.
pub fn ks(report: &ValidationReport) -> String {
    let title = format!(
        "KS chart: {:.3} at {}",
        report.ks.value,
        Plain(report.ks_score)
    );
    let description = format!(
        "The share of bad customers (dark red) and of good customers (blue) who score at most so much. They lie \
         furthest apart, {:.1} percentage points, at the score {}.",
        report.ks.value * 100.0,
        Plain(report.ks_score)
    );
    let mut chart = Chart::new(
        "ks",
        &title,
        &description,
        "score",
        "share at most this score",
    );
    let scores = || report.curve.iter().map(|point| point.score);
    let lowest = scores()
        .reduce(f64::min)
        .unwrap_or_default()
        .min(report.ks_score);
    let highest = scores()
        .reduce(f64::max)
        .unwrap_or_default()
        .max(report.ks_score);
    let place = |score: f64| {
        let width = highest - lowest;
        if width > 0.0 {
            (score - lowest) / width
        } else {
            0.5
        }
    };
    chart.axes(&Plain(lowest).to_string(), &Plain(highest).to_string(), 1.0);
    let at = place(report.ks_score);
    chart.line(&[(at, 0.0), (at, 1.0)], "#777777", true);
    let bads: Vec<(f64, f64)> = report
        .curve
        .iter()
        .map(|p| (place(p.score), p.bads))
        .collect();
    let goods: Vec<(f64, f64)> = report
        .curve
        .iter()
        .map(|p| (place(p.score), p.goods))
        .collect();
    chart.line(&bads, "#8b1a1a", false);
    chart.line(&goods, "#1f6fb5", false);
    chart.key(&[("bads", "#8b1a1a"), ("goods", "#1f6fb5")]);
    chart.finish()
}

/// What turned out badly over what was expected to, part by part with intervals, beside the diagonal of agreement.
pub fn calibration(report: &ValidationReport) -> String {
    let agreeing = report.calibration.iter().filter(|bin| bin.agrees).count();
    let title = format!(
        "Calibration: {agreeing} of {} parts agree",
        report.calibration.len()
    );
    let mut description =
        "The observed share of bad customers over the expected one, by rising expectation:"
            .to_owned();
    for bin in &report.calibration {
        let (expected, observed) = (bin.expected * 100.0, bin.observed.value * 100.0);
        // Writing to a string does not fail.
        let _ = write!(
            description,
            " {expected:.1}% expected, {observed:.1}% observed;"
        );
    }
    let mut chart = Chart::new(
        "calibration",
        &title,
        &description,
        "expected share of bads",
        "observed share of bads",
    );
    let reach =
        |most: f64, bin: &super::CalibrationBin| most.max(bin.expected).max(bin.observed.high);
    let most = report.calibration.iter().fold(0.0, reach).max(1e-6);
    chart.axes("0%", &format!("{:.1}%", most * 100.0), most);
    chart.line(&[(0.0, 0.0), (1.0, 1.0)], "#777777", true);
    for bin in &report.calibration {
        let x = bin.expected / most;
        chart.line(
            &[(x, bin.observed.low / most), (x, bin.observed.high / most)],
            "#1f4e9c",
            false,
        );
        chart.dot(x, bin.observed.value / most, "#1f4e9c");
    }
    chart.finish()
}

/// A number as a person reads it: one decimal from a hundred on, otherwise four, without the zeros at its end.
struct Plain(f64);

impl std::fmt::Display for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = if self.0.abs() >= 100.0 { 1 } else { 4 };
        let text = format!("{:.decimals$}", self.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A square plot of shares, 0 to 1 both ways.
struct Chart {
    svg: String,
}

impl Chart {
    fn new(id: &str, title: &str, description: &str, across: &str, up: &str) -> Chart {
        let (middle, bottom) = (LEFT + SIDE / 2.0, TOP + SIDE);
        let svg = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 420" role="img" aria-labelledby="{id}-title {id}-desc" font-family="sans-serif" font-size="13" fill="#222222">
<title id="{id}-title">{title}</title>
<desc id="{id}-desc">{description}</desc>
<rect width="480" height="420" fill="#ffffff"/>
<text x="{LEFT}" y="28" font-size="15" font-weight="bold">{title}</text>
<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#222222"/>
<text x="{middle}" y="{}" text-anchor="middle">{across}</text>
<text transform="translate(20 {}) rotate(-90)" text-anchor="middle">{up}</text>
"##,
            bottom + 40.0,
            TOP + SIDE / 2.0
        );
        Chart { svg }
    }

    /// Labels at the ends of both axes and quarter lines between; the axis upwards ends at `most`.
    fn axes(&mut self, first: &str, last: &str, most: f64) {
        let (right, bottom) = (LEFT + SIDE, TOP + SIDE);
        for quarter in [0.25, 0.5, 0.75] {
            self.line(&[(0.0, quarter), (1.0, quarter)], "#dddddd", false);
            self.line(&[(quarter, 0.0), (quarter, 1.0)], "#dddddd", false);
        }
        let top = format!("{}%", Plain((most * 1000.0).round() / 10.0));
        for (x, y, anchor, text) in [
            (LEFT, bottom + 18.0, "start", first),
            (right, bottom + 18.0, "end", last),
            (LEFT - 6.0, bottom, "end", "0%"),
            (LEFT - 6.0, TOP + 10.0, "end", &top),
        ] {
            let _ = writeln!(
                self.svg,
                r#"<text x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>"#
            );
        }
    }

    fn line(&mut self, points: &[(f64, f64)], colour: &str, dashed: bool) {
        let dash = if dashed {
            r#" stroke-dasharray="5 4""#
        } else {
            ""
        };
        let width = if colour == "#dddddd" { 1 } else { 2 };
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(
                path,
                "{:.1},{:.1} ",
                LEFT + x * SIDE,
                TOP + (1.0 - y) * SIDE
            );
        }
        let path = path.trim_end();
        let _ = writeln!(
            self.svg,
            r#"<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>"#
        );
    }

    fn dot(&mut self, x: f64, y: f64, colour: &str) {
        let (x, y) = (LEFT + x * SIDE, TOP + (1.0 - y) * SIDE);
        let _ = writeln!(
            self.svg,
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="4" fill="{colour}"/>"#
        );
    }

    fn key(&mut self, entries: &[(&str, &str)]) {
        let mut y = TOP + 20.0;
        for (text, colour) in entries {
            let x = LEFT + SIDE + 14.0;
            let _ = writeln!(
                self.svg,
                r#"<text x="{x}" y="{y}" fill="{colour}">{text}</text>"#
            );
            y += 20.0;
        }
    }

    fn finish(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}
