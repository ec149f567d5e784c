//! Logs as text, and how long steps take.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::model::{Case, CycleTime, InvoiceThen};
use crate::book::receivables::model::InvoiceStatus;

/// The columns of a log as a table.
pub const COLUMNS: [&str; 7] = [
    "case_id",
    "activity",
    "timestamp",
    "resource",
    "customer_number",
    "amount",
    "currency",
];

/// What a log in XES begins with.
pub const XES_HEAD: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
    "<log xes.version=\"1.0\" xes.features=\"\" xmlns=\"http://www.xes-standard.org/\">\n",
    "  <extension name=\"Concept\" prefix=\"concept\" uri=\"http://www.xes-standard.org/concept.xesext\"/>\n",
    "  <extension name=\"Time\" prefix=\"time\" uri=\"http://www.xes-standard.org/time.xesext\"/>\n",
    "  <extension name=\"Organizational\" prefix=\"org\" uri=\"http://www.xes-standard.org/org.xesext\"/>\n",
    "  <global scope=\"trace\">\n",
    "    <string key=\"concept:name\" value=\"\"/>\n",
    "  </global>\n",
    "  <global scope=\"event\">\n",
    "    <string key=\"concept:name\" value=\"\"/>\n",
    "    <date key=\"time:timestamp\" value=\"1970-01-01T00:00:00Z\"/>\n",
    "    <string key=\"org:resource\" value=\"\"/>\n",
    "  </global>\n",
    "  <classifier name=\"Activity\" keys=\"concept:name\"/>\n",
);

/// What it ends with.
pub const XES_FOOT: &str = "</log>\n";

/// A case as a trace of XES.
pub fn trace(case: &Case) -> String {
    let mut text = "  <trace>\n".to_owned();
    let mut attribute = |indent: &str, kind: &str, key: &str, value: &str| {
        let value = escape(value);
        // Writing into a string does not fail.
        let _ = writeln!(text, "{indent}<{kind} key=\"{key}\" value=\"{value}\"/>");
    };
    attribute("    ", "string", "concept:name", &case.id);
    attribute("    ", "string", "customer_number", &case.customer_number);
    attribute("    ", "string", "amount", &case.amount.amount_text());
    attribute(
        "    ",
        "string",
        "currency",
        &case.amount.currency().to_string(),
    );
    for step in &case.steps {
        text.push_str("    <event>\n");
        let mut attribute = |kind: &str, key: &str, value: &str| {
            let value = escape(value);
            let _ = writeln!(text, "      <{kind} key=\"{key}\" value=\"{value}\"/>");
        };
        attribute("string", "concept:name", &step.activity);
        attribute("date", "time:timestamp", &step.at.to_string());
        attribute("string", "org:resource", &step.subject);
        text.push_str("    </event>\n");
    }
    text.push_str("  </trace>\n");
    text
}

/// What became of an invoice to which something was applied, or from which something was taken off.
pub fn settled(before: InvoiceThen, after: InvoiceThen) -> &'static str {
    if after.status == InvoiceStatus::Paid {
        "invoice.paid"
    } else if after.open_minor < before.open_minor {
        "invoice.partially_paid"
    } else {
        "invoice.reopened"
    }
}

/// How many seconds passed between steps that follow one another, by the two steps.
#[derive(Debug, Default)]
pub struct Durations(BTreeMap<(String, String), Vec<i64>>);

impl Durations {
    pub fn add(&mut self, case: &Case) {
        for (from, to) in case.steps.iter().zip(case.steps.iter().skip(1)) {
            let seconds = to
                .at
                .utc()
                .signed_duration_since(from.at.utc())
                .num_seconds();
            let pair = (from.activity.clone(), to.activity.clone());
            self.0.entry(pair).or_default().push(seconds.max(0));
        }
    }

    /// The figures of each pair.
    pub fn figures(self) -> Vec<CycleTime> {
        let figure = |((from, to), mut seconds): ((String, String), Vec<i64>)| {
            seconds.sort_unstable();
            CycleTime {
                count: i64::try_from(seconds.len()).unwrap_or(i64::MAX),
                median_seconds: nearest_rank(&seconds, 50),
                p90_seconds: nearest_rank(&seconds, 90),
                from,
                to,
            }
        };
        self.0.into_iter().map(figure).collect()
    }
}

/// The smallest of some sorted figures that so many percent of them do not pass.
///
/// Of 1, 2, 3, …, 10 the 50th percentile is 5 and the 90th is 9.
pub fn nearest_rank(sorted: &[i64], percent: usize) -> i64 {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prove::processes::model::Step;
    use kernel::clock::Instant;
    use kernel::money::Money;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn case(steps: &[(&str, &str)]) -> Case {
        let step = |(activity, at): &(&str, &str)| Step {
            activity: (*activity).to_owned(),
            at: at
                .parse::<chrono::DateTime<chrono::Utc>>()
                .map(Instant::new)
                .unwrap(),
            seq: 0,
            subject: "u-<1>".to_owned(),
        };
        Case {
            key: Uuid::nil(),
            id: "inv_1".to_owned(),
            customer_number: "C & Co".to_owned(),
            amount: Money::from_minor(1_250, "CNY".parse().unwrap()),
            things: Vec::new(),
            steps: steps.iter().map(step).collect(),
        }
    }

    #[test]
    fn a_case_is_a_trace() {
        let text = trace(&case(&[("invoice.posted", "2026-03-31T08:00:00Z")]));
        assert!(text.contains("<string key=\"customer_number\" value=\"C &amp; Co\"/>"));
        assert!(text.contains("<string key=\"org:resource\" value=\"u-&lt;1&gt;\"/>"));
        assert!(text.contains("<date key=\"time:timestamp\" value=\"2026-03-31T08:00:00"));
        assert!(text.contains("<string key=\"amount\" value=\"12.50\"/>"));
    }

    #[test]
    fn the_time_between_steps_is_counted_by_pair() {
        let mut durations = Durations::default();
        for seconds in 1..=10 {
            let later = format!("2026-03-31T08:00:{seconds:02}Z");
            durations.add(&case(&[("a", "2026-03-31T08:00:00Z"), ("b", &later)]));
        }
        let figures = durations.figures();
        assert_eq!(figures.len(), 1);
        assert_eq!(
            (
                figures[0].count,
                figures[0].median_seconds,
                figures[0].p90_seconds
            ),
            (10, 5, 9)
        );
    }

    proptest! {
        #[test]
        fn a_percentile_is_one_of_the_figures_and_passes_as_many_as_it_says(
            mut figures in proptest::collection::vec(0..1_000_i64, 1..200), percent in 1..=100_usize,
        ) {
            figures.sort_unstable();
            let found = nearest_rank(&figures, percent);
            let within = figures.iter().filter(|figure| **figure <= found).count();
            prop_assert!(figures.contains(&found));
            prop_assert!(within * 100 >= percent * figures.len());
        }
    }
}
