//! Which payment the bank took back, when money goes out that had come in.

use super::confidence::confidence_ppm;
use super::names::normalised;
use crate::book::cash::model::{BankEntry, EntryKind, EntryStatus, MatchReasonCode, Reason};
use kernel::ids::BankEntryId;

/// How many payments are proposed at most.
const PROPOSALS_MAX: usize = 5;

/// A payment that may be the one that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBack {
    pub entry: BankEntryId,
    pub confidence_ppm: i64,
    pub reasons: Vec<Reason>,
}

/// Whether a payment can be what a return takes back: it came to the same account, of the same amount, not later, and stands.
pub fn fits(returned: &BankEntry, payment: &BankEntry) -> bool {
    payment.kind == EntryKind::Credit
        && returned.assigned_minor == 0
        && payment.bank_account_id == returned.bank_account_id
        && payment.currency == returned.currency
        && payment.amount_minor == returned.amount_minor
        && payment.booking_date <= returned.booking_date
        && payment.status != EntryStatus::Returned
}

/// The payments that a return may take back, the surest first, and of equally sure ones the latest. The amount is always the
/// same; a payment of which nothing else is the same is no proposal.
///
/// The same end-to-end reference and amount leave 0.10 and 0.20 of doubt: a confidence of 0.98.
pub fn taken_back(returned: &BankEntry, payments: &[BankEntry]) -> Vec<TakenBack> {
    let fitting = payments.iter().filter(|payment| fits(returned, payment));
    let mut found: Vec<(&BankEntry, TakenBack)> = fitting
        .filter_map(|payment| {
            let said = same(returned, payment);
            let amount = Reason::new(MatchReasonCode::AmountExact, None);
            let reasons: Vec<Reason> = said.into_iter().chain([amount]).collect();
            (reasons.len() > 1).then(|| {
                let taken = TakenBack {
                    entry: payment.id,
                    confidence_ppm: confidence_ppm(&reasons),
                    reasons,
                };
                (payment, taken)
            })
        })
        .collect();
    found.sort_by_key(|(payment, taken)| {
        let later = std::cmp::Reverse((taken.confidence_ppm, payment.booking_date));
        (later, payment.id)
    });
    let best = found.into_iter().map(|(_, taken)| taken);
    best.take(PROPOSALS_MAX).collect()
}

/// What both say alike besides the amount.
fn same(returned: &BankEntry, payment: &BankEntry) -> Vec<Reason> {
    let alike = |code, a: Option<&str>, b: Option<&str>| {
        let (a, b) = (a?.trim(), b?.trim());
        // What banks write where the payer gave none.
        let says_something = !a.is_empty() && a != "NOTPROVIDED";
        (says_something && a == b).then(|| {
            let fact = a.chars().take(140).collect();
            Reason::new(code, Some(fact))
        })
    };
    let name = |entry: &BankEntry| entry.payer_name.as_deref().map(normalised);
    [
        alike(
            MatchReasonCode::SameEndToEndId,
            returned.end_to_end_id.as_deref(),
            payment.end_to_end_id.as_deref(),
        ),
        alike(
            MatchReasonCode::SameAccount,
            returned.payer_account.as_deref(),
            payment.payer_account.as_deref(),
        ),
        alike(
            MatchReasonCode::SameName,
            name(returned).as_deref(),
            name(payment).as_deref(),
        ),
        alike(
            MatchReasonCode::SameText,
            Some(&returned.remittance),
            Some(&payment.remittance),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::*;
    use crate::book::cash::model::References;
    use kernel::ids::{BankAccountId, BankStatementId};

    fn day(of_march: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, of_march).unwrap()
    }

    fn an_entry(kind: EntryKind, minor: i64, of_march: u32, end_to_end: Option<&str>) -> BankEntry {
        BankEntry {
            id: BankEntryId::new(),
            bank_account_id: "bac_01k00000000000000000000001"
                .parse::<BankAccountId>()
                .unwrap(),
            statement_id: BankStatementId::new(),
            legal_entity_id: "ent_01k00000000000000000000001".parse().unwrap(),
            kind,
            currency: "CNY".parse().unwrap(),
            amount_minor: minor,
            booking_date: day(of_march),
            value_date: day(of_march),
            bank_reference: None,
            end_to_end_id: end_to_end.map(str::to_owned),
            payer_name: None,
            payer_account: None,
            structured_references: References(Vec::new()),
            remittance: String::new(),
            booking_digest: String::new(),
            booking_minor: minor,
            balance_minor: None,
            status: EntryStatus::Applied,
            customer_id: None,
            assigned_minor: 0,
            receipts_made: 0,
            decided_by: None,
            decided_at: None,
            decision_reason: None,
            version: 1,
            returns_entry_id: None,
        }
    }

    #[test]
    fn the_same_reference_and_amount_make_098() {
        let returned = an_entry(EntryKind::ReturnedCredit, 500, 12, Some("E-1"));
        let right = an_entry(EntryKind::Credit, 500, 10, Some("E-1"));
        let other_amount = an_entry(EntryKind::Credit, 501, 10, Some("E-1"));
        let later = an_entry(EntryKind::Credit, 500, 13, Some("E-1"));
        let says_nothing = an_entry(EntryKind::Credit, 500, 10, None);
        let found = taken_back(
            &returned,
            &[other_amount, says_nothing, later, right.clone()],
        );
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].entry, found[0].confidence_ppm),
            (right.id, 980_000)
        );
    }

    #[test]
    fn what_banks_write_for_no_reference_is_none() {
        let returned = an_entry(EntryKind::ReturnedCredit, 500, 12, Some("NOTPROVIDED"));
        let payment = an_entry(EntryKind::Credit, 500, 10, Some("NOTPROVIDED"));
        assert_eq!(taken_back(&returned, &[payment]), []);
    }

    proptest! {
        #[test]
        fn only_what_fits_is_proposed_the_surest_first(
            payments in prop::collection::vec((0_i64..3, 1_u32..28, 0_u8..3, any::<bool>()), 0..20),
        ) {
            let names = ["E-1", "E-2", "NOTPROVIDED"];
            let returned = an_entry(EntryKind::ReturnedCredit, 1, 14, Some("E-1"));
            let payments: Vec<BankEntry> = payments
                .into_iter()
                .map(|(minor, of_march, name, is_credit)| {
                    let kind = if is_credit { EntryKind::Credit } else { EntryKind::Debit };
                    an_entry(kind, minor, of_march, names.get(usize::from(name)).copied())
                })
                .collect();
            let found = taken_back(&returned, &payments);
            prop_assert!(found.len() <= PROPOSALS_MAX);
            prop_assert!(found.is_sorted_by(|a, b| a.confidence_ppm >= b.confidence_ppm));
            for one in &found {
                let payment = payments.iter().find(|payment| payment.id == one.entry).unwrap();
                prop_assert!(fits(&returned, payment));
                prop_assert_eq!(payment.end_to_end_id.as_deref(), Some("E-1"));
            }
        }
    }
}
