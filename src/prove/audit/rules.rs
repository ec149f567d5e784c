//! Whether a decision keeps its own word, and whether aging and documents say the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, Months, NaiveDate};

use crate::book::exposure::model::BalanceKey;
use crate::book::policy::model::{CheckRule, PolicyDocument, RuleEffect};
use crate::collect::charges::model::Segment;
use crate::collect::charges::rules as charges;
use crate::decide::limits::check::record::Record;
use crate::decide::limits::check::rules::{judges, most};
use crate::prove::audit::model::Lie;
use crate::prove::reports::model::{AgingPart, POST_DATED, UNAPPLIED};
use kernel::ids::CustomerId;

/// Where an approved check that reserved passed a limit which the policy holds it to: by its own record, what was
/// owed with it is more than what a rule that stops an order lets the node be used to.
///
/// What an exemption passes over, and an amendment that needs no answer of the rules, passes no limit.
pub fn passed_limits(id: &str, record: &Record, policy: &PolicyDocument) -> Vec<Lie> {
    let Some(credit) = record.facts.credit(&record.question) else {
        return Vec::new();
    };
    let net = credit.net_minor;
    let trace = &record.decision.trace;
    let is_exempt = trace
        .iter()
        .any(|asked| asked.hit && asked.effect == RuleEffect::Exempt);
    if record.reservation.is_none() || net <= 0 {
        return Vec::new();
    }
    let was_asked = |rule: &CheckRule| {
        trace
            .iter()
            .any(|asked| asked.code == rule.code && asked.effect == rule.effect)
    };
    let stops = |effect| match effect {
        RuleEffect::Block => true,
        RuleEffect::Review => !is_exempt,
        RuleEffect::Warn | RuleEffect::Exempt => false,
    };
    let mut lies = Vec::new();
    let rules = policy.check_rules.iter();
    for rule in rules.filter(|rule| stops(rule.effect) && was_asked(rule)) {
        let nodes = record.decision.nodes.iter();
        for node in nodes.filter(|node| judges(rule.code, node.kind)) {
            let used = node.counted_with(node.asked(net));
            if let Some(most) = most(rule, node)
                && used > most
            {
                lies.push(Lie {
                    id: id.to_owned(),
                    what: format!("{} {}", node.kind, node.id),
                    stated: most,
                    counted: used,
                });
            }
        }
    }
    lies
}

/// What segments of interest come to, each worked out again; none where one says otherwise. A year has the days of the
/// regime, of which a segment tells none: 365 and 360 are tried.
pub fn interest_minor(segments: &[Segment]) -> Option<i64> {
    let sound = segments.iter().all(|one| {
        let days = one.to.signed_duration_since(one.from).num_days() + 1;
        let is_it = |basis| charges::of_segment(one, basis) == Ok(one.interest);
        days == one.days && [365, 360].into_iter().any(is_it)
    });
    sound.then(|| charges::total_minor(segments).ok()).flatten()
}

/// What aging says of a customer in one balance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Aged {
    pub outstanding_minor: i64,
    pub unapplied_minor: i64,
    pub post_dated_minor: i64,
}

impl Aged {
    /// What is owed on documents of that day or earlier.
    pub const fn net_minor(self) -> i64 {
        self.outstanding_minor.saturating_sub(self.unapplied_minor)
    }
}

/// Who owes, to whom and in which currency.
pub type Debtor = (CustomerId, BalanceKey);

/// The parts of an aging report by balance, put together.
pub fn aged(parts: &[AgingPart]) -> BTreeMap<Debtor, Aged> {
    let mut all: BTreeMap<Debtor, Aged> = BTreeMap::new();
    for part in parts {
        let (Some(customer), Some(entity)) = (part.customer, part.legal_entity) else {
            continue;
        };
        let key = BalanceKey::new(entity, part.currency);
        let one = all.entry((customer, key)).or_default();
        let figure = match part.bucket {
            UNAPPLIED => &mut one.unapplied_minor,
            POST_DATED => &mut one.post_dated_minor,
            _ => &mut one.outstanding_minor,
        };
        *figure = figure.saturating_add(part.amount_minor);
    }
    all
}

/// Where aging of a day says otherwise than the documents by their dates, or that less than nothing is unapplied.
pub fn aging_lies(
    as_of: NaiveDate,
    aged: &BTreeMap<Debtor, Aged>,
    documents: &BTreeMap<Debtor, i64>,
) -> Vec<Lie> {
    let mut debtors: Vec<&Debtor> = aged.keys().chain(documents.keys()).collect();
    debtors.sort();
    debtors.dedup();
    let mut lies = Vec::new();
    for debtor in debtors {
        let told = aged.get(debtor).copied().unwrap_or_default();
        let counted = documents.get(debtor).copied().unwrap_or(0);
        let mut lie = |what: &str, stated: i64, counted: i64| {
            if stated != counted {
                lies.push(Lie {
                    id: debtor.0.to_string(),
                    what: format!("{what} on {as_of} in {}", debtor.1.currency),
                    stated,
                    counted,
                });
            }
        };
        lie("outstanding less unapplied", told.net_minor(), counted);
        let unapplied = told.unapplied_minor;
        lie("unapplied", unapplied, unapplied.max(0));
    }
    lies
}

/// The ends of the months in which something happened, up to today, and today itself. A month in which nothing happened
/// ends as the one before.
///
/// Of 15 and 20 January and 2 March, on 10 March: 31 January and 10 March.
pub fn month_ends(
    days: impl IntoIterator<Item = NaiveDate>,
    today: NaiveDate,
) -> BTreeSet<NaiveDate> {
    let month_end = |day: NaiveDate| {
        let next = day.with_day(1)?.checked_add_months(Months::new(1))?;
        next.pred_opt()
    };
    let ends = days.into_iter().filter_map(month_end);
    ends.map(|end| end.min(today))
        .chain(std::iter::once(today))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_worked_example_of_month_ends() {
        let ends = |days: &[&str], today: &str| -> Vec<String> {
            let days = days.iter().map(|text| day(text));
            let ends = month_ends(days, day(today)).into_iter();
            ends.map(|end| end.to_string()).collect()
        };
        assert_eq!(
            ends(&["2026-01-15", "2026-01-20", "2026-03-02"], "2026-03-10"),
            ["2026-01-31", "2026-03-10"]
        );
        assert_eq!(
            ends(&["2024-02-29", "2025-12-31"], "2026-01-31"),
            ["2024-02-29", "2025-12-31", "2026-01-31"]
        );
        // What is dated ahead has not happened.
        assert_eq!(ends(&["2026-05-01"], "2026-03-10"), ["2026-03-10"]);
        assert_eq!(ends(&[], "2026-03-10"), ["2026-03-10"]);
    }

    #[test]
    fn aging_that_differs_from_the_documents_is_told_and_so_is_less_than_nothing() {
        let who = (CustomerId::new(), BalanceKey::home("CNY".parse().unwrap()));
        let told = |outstanding_minor, unapplied_minor| {
            let one = Aged {
                outstanding_minor,
                unapplied_minor,
                post_dated_minor: 7,
            };
            BTreeMap::from([(who, one)])
        };
        let lies = |aged: &BTreeMap<Debtor, Aged>, documents: i64| {
            let documents = BTreeMap::from([(who, documents)]);
            let lies = aging_lies(day("2026-03-31"), aged, &documents);
            lies.into_iter()
                .map(|lie| (lie.what, lie.stated, lie.counted))
                .collect::<Vec<_>>()
        };
        assert_eq!(lies(&told(100, 30), 70), []);
        let net = "outstanding less unapplied on 2026-03-31 in CNY".to_owned();
        assert_eq!(lies(&told(100, 30), 71), [(net.clone(), 70, 71)]);
        assert_eq!(lies(&BTreeMap::new(), 5), [(net, 0, 5)]);
        let unapplied = "unapplied on 2026-03-31 in CNY".to_owned();
        assert_eq!(lies(&told(100, -30), 130), [(unapplied, -30, 0)]);
    }
}
