use proptest::prelude::*;

use super::super::references::{keys_of_number, numbers_named};
use super::*;

/// A book of a few invoices.
#[derive(Default)]
struct Shelf {
    invoices: BTreeMap<InvoiceId, OpenInvoice>,
    by_key: BTreeMap<String, Vec<InvoiceId>>,
    by_customer: BTreeMap<CustomerId, Vec<InvoiceId>>,
    heads: BTreeMap<CustomerId, CustomerId>,
    hints: Vec<Hint>,
    advices: Vec<Advised>,
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

impl Shelf {
    fn add(&mut self, customer: CustomerId, number: &str, open_minor: i64) -> InvoiceId {
        let id = InvoiceId::new();
        let due = self.invoices.len().to_string().parse().unwrap_or(0);
        self.invoices.insert(
            id,
            OpenInvoice {
                id,
                number: number.to_owned(),
                customer_id: customer,
                invoice_date: day("2026-03-01"),
                due_date: day("2026-04-01") + chrono::Days::new(due),
                open_minor,
                discounts: Vec::new(),
                instalments: Vec::new(),
            },
        );
        for key in keys_of_number(number) {
            self.by_key.entry(key).or_default().push(id);
        }
        self.by_customer.entry(customer).or_default().push(id);
        id
    }

    fn hint(&mut self, customer: CustomerId, code: MatchReasonCode) {
        self.hints.push(Hint {
            customer_id: customer,
            code,
            fact: "X".to_owned(),
        });
    }

    fn propose(&self, minor: i64, text: &str) -> Vec<Proposed> {
        let named = numbers_named(&[], &[text]);
        let payment = Payment {
            minor,
            value_date: day("2026-03-31"),
            named: &named,
            hints: &self.hints,
            advices: &self.advices,
        };
        let book = Book {
            invoices: &self.invoices,
            by_key: &self.by_key,
            by_customer: &self.by_customer,
            whole: &self.by_customer.keys().copied().collect(),
            heads: &self.heads,
        };
        propose(&payment, &book)
    }
}

fn codes(proposed: &Proposed) -> Vec<MatchReasonCode> {
    proposed.reasons.iter().map(|reason| reason.code).collect()
}

fn invoices(proposed: &Proposed) -> Vec<(String, i64)> {
    let shares = proposed.parts.iter().flat_map(|part| &part.invoices);
    shares
        .map(|share| (share.number.clone(), share.amount_minor))
        .collect()
}

const SURE: Option<i64> = Some(950_000);

#[test]
fn a_number_and_its_amount_are_sure_by_themselves() {
    let mut shelf = Shelf::default();
    let customer = CustomerId::new();
    shelf.add(customer, "I-2026-0012", 10_000);
    let found = shelf.propose(10_000, "RE I/2026 0012");
    assert_eq!(found[0].confidence_ppm, 960_000);
    assert_eq!(
        codes(&found[0]),
        [
            MatchReasonCode::ReferenceCleaned,
            MatchReasonCode::AmountExact
        ]
    );
    assert!(automatic(&found, SURE).is_some());
    assert!(automatic(&found, Some(970_000)).is_none());
    assert!(automatic(&found, None).is_none());
}

#[test]
fn digits_alone_want_a_payer_who_is_known() {
    let mut shelf = Shelf::default();
    let customer = CustomerId::new();
    shelf.add(customer, "I-2026-0012", 10_000);
    let found = shelf.propose(10_000, "2026-0012");
    assert_eq!(found[0].confidence_ppm, 910_000);
    assert!(automatic(&found, SURE).is_none());
    shelf.hint(customer, MatchReasonCode::PayerName);
    let found = shelf.propose(10_000, "2026-0012");
    assert_eq!(found[0].confidence_ppm, 964_000);
    assert!(automatic(&found, SURE).is_some());
}

#[test]
fn one_transfer_pays_several_invoices() {
    let mut shelf = Shelf::default();
    let customer = CustomerId::new();
    shelf.add(customer, "I-0101", 10_000);
    shelf.add(customer, "I-0102", 5_050);
    shelf.add(customer, "I-0103", 7_000);
    let found = shelf.propose(15_050, "I-0101, I-0102");
    assert_eq!(
        invoices(&found[0]),
        [("I-0101".to_owned(), 10_000), ("I-0102".to_owned(), 5_050)]
    );
    assert!(automatic(&found, SURE).is_some());
}

#[test]
fn of_three_named_the_two_that_make_the_amount_are_paid() {
    let mut shelf = Shelf::default();
    let customer = CustomerId::new();
    for (number, open) in [("I-0101", 10_000), ("I-0102", 5_050), ("I-0103", 7_000)] {
        shelf.add(customer, number, open);
    }
    let found = shelf.propose(17_000, "I-0101 I-0102 I-0103");
    assert_eq!(
        invoices(&found[0]),
        [("I-0101".to_owned(), 10_000), ("I-0103".to_owned(), 7_000)]
    );
}

#[test]
fn a_parent_pays_for_its_subsidiaries() {
    let mut shelf = Shelf::default();
    let (parent, one, other) = (CustomerId::new(), CustomerId::new(), CustomerId::new());
    for customer in [parent, one, other] {
        shelf.heads.insert(customer, parent);
    }
    shelf.add(one, "I-0101", 10_000);
    shelf.add(other, "I-0102", 5_000);
    let found = shelf.propose(15_000, "I-0101 I-0102");
    assert_eq!(found[0].parts.len(), 2);
    assert_eq!(found[0].confidence_ppm, 964_000);
    shelf.heads.clear();
    let strangers = shelf.propose(15_000, "I-0101 I-0102");
    assert_eq!(strangers[0].confidence_ppm, 900_000);
}

#[test]
fn a_payer_who_is_another_customer_is_looked_at() {
    let mut shelf = Shelf::default();
    let customer = CustomerId::new();
    shelf.add(customer, "I-0101", 10_000);
    shelf.hint(CustomerId::new(), MatchReasonCode::PayerAccount);
    let found = shelf.propose(10_000, "I-0101");
    assert!(codes(&found[0]).contains(&MatchReasonCode::OtherPayer));
    assert_eq!(found[0].confidence_ppm, 900_000);
}

#[test]
fn short_and_long_payments_wait_for_a_person() {
    let mut shelf = Shelf::default();
    let customer = CustomerId::new();
    shelf.add(customer, "I-0101", 10_000);
    shelf.hint(customer, MatchReasonCode::PayerAccount);
    let short = shelf.propose(9_000, "I-0101");
    assert!(codes(&short[0]).contains(&MatchReasonCode::AmountShort));
    assert_eq!(invoices(&short[0]), [("I-0101".to_owned(), 9_000)]);
    let over = shelf.propose(12_000, "I-0101");
    assert!(codes(&over[0]).contains(&MatchReasonCode::AmountOver));
    assert_eq!(over[0].parts[0].amount_minor, 12_000);
    for found in [short, over] {
        assert_eq!(found[0].confidence_ppm, 900_000);
    }
}

#[test]
fn without_a_reference_the_account_and_a_single_amount_are_enough() {
    let mut shelf = Shelf::default();
    let customer = CustomerId::new();
    shelf.add(customer, "I-0101", 10_000);
    shelf.add(customer, "I-0102", 5_000);
    shelf.hint(customer, MatchReasonCode::PayerAccount);
    let found = shelf.propose(5_000, "thank you");
    assert_eq!(found[0].confidence_ppm, 950_000);
    assert_eq!(invoices(&found[0]), [("I-0102".to_owned(), 5_000)]);
    shelf.add(customer, "I-0103", 5_000);
    let found = shelf.propose(5_000, "thank you");
    assert!(codes(&found[0]).contains(&MatchReasonCode::AmountOfSeveral));
    assert!(automatic(&found, SURE).is_none());
    let all = shelf.propose(20_000, "");
    assert!(codes(&all[0]).contains(&MatchReasonCode::AmountOfAll));
    let sum = shelf.propose(10_000, "");
    assert!(codes(&sum[0]).contains(&MatchReasonCode::AmountOfOne));
    let nothing = shelf.propose(123, "");
    assert!(codes(&nothing[0]).contains(&MatchReasonCode::OnAccount));
    assert_eq!(nothing[0].parts[0].invoices, []);
}

#[test]
fn a_discount_that_may_be_taken_explains_the_amount() {
    let mut shelf = Shelf::default();
    let customer = CustomerId::new();
    let id = shelf.add(customer, "I-0101", 10_000);
    shelf.invoices.get_mut(&id).unwrap().discounts = vec![(day("2026-03-31"), 200)];
    let found = shelf.propose(9_800, "I-0101");
    assert!(codes(&found[0]).contains(&MatchReasonCode::AmountLessDiscount));
    shelf.invoices.get_mut(&id).unwrap().discounts = vec![(day("2026-03-30"), 200)];
    let late = shelf.propose(9_800, "I-0101");
    assert!(codes(&late[0]).contains(&MatchReasonCode::AmountShort));
}

#[test]
fn the_next_instalments_explain_the_amount() {
    let mut shelf = Shelf::default();
    let customer = CustomerId::new();
    let id = shelf.add(customer, "I-0101", 10_000);
    shelf.invoices.get_mut(&id).unwrap().instalments = vec![3_000, 3_000, 4_000];
    for (minor, code) in [
        (3_000, MatchReasonCode::AmountOfInstalments),
        (6_000, MatchReasonCode::AmountOfInstalments),
        (4_000, MatchReasonCode::AmountShort),
        (10_000, MatchReasonCode::AmountExact),
    ] {
        let found = shelf.propose(minor, "I-0101");
        assert!(codes(&found[0]).contains(&code), "{minor}");
    }
}

#[test]
fn an_advice_says_what_a_payment_is_for() {
    let mut shelf = Shelf::default();
    let customer = CustomerId::new();
    let one = shelf.add(customer, "I-0101", 10_000);
    let other = shelf.add(customer, "I-0102", 5_000);
    shelf.advices.push(Advised {
        id: RemittanceAdviceId::new(),
        customer_id: customer,
        number: "A-7".to_owned(),
        shares: vec![(one, 8_000), (other, 5_000)],
    });
    let found = shelf.propose(13_000, "");
    assert_eq!(found[0].confidence_ppm, 980_000);
    assert_eq!(
        invoices(&found[0]),
        [("I-0101".to_owned(), 8_000), ("I-0102".to_owned(), 5_000)]
    );
}

#[test]
fn sums_are_found_when_only_one_choice_makes_them() {
    assert_eq!(sums(&[10, 20, 40], 60), Sums::One(vec![1, 2]));
    assert_eq!(sums(&[10, 20, 30, 40], 50), Sums::Several);
    assert_eq!(sums(&[10, 20, 40], 35), Sums::None);
    assert_eq!(sums(&[10], 10), Sums::None);
    let many: Vec<i64> = (1..=24).map(|n| n * 1_000_003).collect();
    assert_ne!(sums(&many, 7), Sums::Several);
}

#[test]
fn an_account_is_whose_most_of_its_payments_are() {
    let (a, b) = (CustomerId::new(), CustomerId::new());
    assert_eq!(payer_of(&[a, a, b]), Some(a));
    assert_eq!(payer_of(&[a, b]), None);
    assert_eq!(payer_of(&[a]), Some(a));
    assert_eq!(payer_of(&[]), None);
}

proptest! {
    #[test]
    fn a_proposal_uses_all_the_money_and_no_invoice_beyond_what_is_open(
        opens in prop::collection::vec(1i64..100_000, 1..12), minor in 1i64..400_000, named in prop::collection::vec(any::<bool>(), 12),
    ) {
        let mut shelf = Shelf::default();
        let customers = [CustomerId::new(), CustomerId::new()];
        let mut text = String::new();
        for (index, open) in opens.iter().enumerate() {
            let number = format!("I-{:05}", 100 + index);
            shelf.add(customers[index % 2], &number, *open);
            if named[index] {
                text.push_str(&number);
                text.push(' ');
            }
        }
        shelf.hint(customers[0], MatchReasonCode::PayerName);
        for proposed in shelf.propose(minor, &text) {
            let given: i64 = proposed.parts.iter().map(|part| part.amount_minor).sum();
            prop_assert_eq!(given, minor);
            prop_assert!((0..1_000_000).contains(&proposed.confidence_ppm));
            for part in &proposed.parts {
                let used: i64 = part.invoices.iter().map(|share| share.amount_minor).sum();
                prop_assert!(part.amount_minor > 0 && used <= part.amount_minor);
                for share in &part.invoices {
                    let invoice = &shelf.invoices[&share.invoice_id];
                    prop_assert!(share.amount_minor > 0 && share.amount_minor <= invoice.open_minor);
                    prop_assert_eq!(invoice.customer_id, part.customer_id);
                }
            }
        }
    }
}
