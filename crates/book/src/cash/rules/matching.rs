//! Whose money a payment is, and what it pays: what is known is weighed, and becomes proposals.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::confidence::{confidence_ppm, is_sure, weight_ppm};
use super::references::{Named, Naming, cleaned};
use crate::book::cash::model::{InvoiceShare, MatchReasonCode, Part, Reason};
use kernel::ids::{CustomerId, InvoiceId, RemittanceAdviceId};

/// How many proposals one payment has at most.
pub const PROPOSALS_MAX: usize = 5;

/// How many invoices are tried for a sum, how many of them may make it, and how many sums are tried.
const SUM_CANDIDATES_MAX: usize = 24;
const SUM_OF_MAX: usize = 5;
const SUM_STEPS_MAX: u32 = 40_000;

/// An invoice on which something is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvoice {
    pub id: InvoiceId,
    pub number: String,
    pub customer_id: CustomerId,
    pub invoice_date: NaiveDate,
    pub due_date: NaiveDate,
    pub open_minor: i64,
    /// What may be taken off when the money comes until a day, the most first.
    pub discounts: Vec<(NaiveDate, i64)>,
    /// What is open on its instalments, the earliest due first; empty where it has none.
    pub instalments: Vec<i64>,
}

impl OpenInvoice {
    /// What is to be paid when the discount is taken, as long as it may be.
    fn discounted(&self, value_date: NaiveDate) -> Option<i64> {
        let mut in_time = self
            .discounts
            .iter()
            .filter(|(until, _)| value_date <= *until);
        let (_, minor) = in_time.next()?;
        let left = self.open_minor - minor;
        (*minor > 0 && left > 0).then_some(left)
    }

    /// Whether an amount is what the next instalments have open, but not all of them.
    fn are_next(&self, minor: i64) -> bool {
        let mut sum = 0;
        let mut sums = self.instalments.iter().map(|open| {
            sum += open;
            sum
        });
        minor < self.open_minor && sums.any(|sum| sum == minor)
    }
}

/// What points to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub customer_id: CustomerId,
    pub code: MatchReasonCode,
    pub fact: String,
}

/// A remittance advice, its lines found among the open invoices.
#[derive(Debug, Clone)]
pub struct Advised {
    pub id: RemittanceAdviceId,
    pub customer_id: CustomerId,
    pub number: String,
    pub shares: Vec<(InvoiceId, i64)>,
}

/// What is known of a payment.
pub struct Payment<'f> {
    pub minor: i64,
    pub value_date: NaiveDate,
    pub named: &'f [Named],
    pub hints: &'f [Hint],
    pub advices: &'f [Advised],
}

/// The open invoices that payments may pay, all in the payments' currency.
pub struct Book<'f> {
    pub invoices: &'f BTreeMap<InvoiceId, OpenInvoice>,
    /// Under which keys they are found.
    pub by_key: &'f BTreeMap<String, Vec<InvoiceId>>,
    /// Those of the customers that something points to, at least those with the payment's amount.
    pub by_customer: &'f BTreeMap<CustomerId, Vec<InvoiceId>>,
    /// The customers of whom all are there.
    pub whole: &'f BTreeSet<CustomerId>,
    /// The head of each customer's group; who is not here is in none.
    pub heads: &'f BTreeMap<CustomerId, CustomerId>,
}

/// Whose money a payment may be, and what it may pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    pub confidence_ppm: i64,
    pub parts: Vec<Part>,
    pub reasons: Vec<Reason>,
}

/// What may be applied without a person: the best proposal, when it is at least as sure as the policy asks and no other
/// comes near.
pub fn automatic(proposals: &[Proposed], threshold_ppm: Option<i64>) -> Option<&Proposed> {
    let confidences: Vec<i64> = proposals.iter().map(|one| one.confidence_ppm).collect();
    proposals
        .first()
        .filter(|_| is_sure(&confidences, threshold_ppm))
}

/// Whose an account is, by what several payments from it were found to pay: the group that more than half of them are
/// for. What the others pay must be looked at: a number that was mistyped is another's.
///
/// Of three payments from one account, two for the group G and one for a stranger, G is the payer.
pub fn payer_of(heads: &[CustomerId]) -> Option<CustomerId> {
    let mut counts: BTreeMap<CustomerId, usize> = BTreeMap::new();
    for head in heads {
        *counts.entry(*head).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (most.1 * 2 > heads.len()).then_some(most.0)
}

/// Proposals for a payment, the surest first.
pub fn propose(payment: &Payment<'_>, book: &Book<'_>) -> Vec<Proposed> {
    let mut found: Vec<Proposed> = Vec::new();
    by_advice(payment, book, &mut found);
    by_reference(payment, book, &mut found);
    by_payer(payment, book, &mut found);
    found.sort_by(|a, b| {
        let order = |one: &Proposed| {
            let invoices: usize = one.parts.iter().map(|part| part.invoices.len()).sum();
            (std::cmp::Reverse(one.confidence_ppm), invoices)
        };
        order(a).cmp(&order(b))
    });
    let mut kept: Vec<Proposed> = Vec::new();
    for one in found {
        if kept.len() < PROPOSALS_MAX && !kept.iter().any(|other| other.parts == one.parts) {
            kept.push(one);
        }
    }
    kept
}

/// An invoice that the payment names, and how.
#[derive(Debug, Clone, Copy)]
struct Reference<'f> {
    invoice: &'f OpenInvoice,
    code: MatchReasonCode,
    written: &'f str,
}

/// The invoices that the payment names, each in the surest way.
fn references<'f>(payment: &Payment<'f>, book: &Book<'f>) -> Vec<Reference<'f>> {
    let mut found: BTreeMap<InvoiceId, Reference<'f>> = BTreeMap::new();
    for named in payment.named {
        let ids = book.by_key.get(&named.key).into_iter().flatten();
        for invoice in ids.filter_map(|id| book.invoices.get(id)) {
            let is_whole = cleaned(&invoice.number) == named.key;
            let code = match named.naming {
                Naming::CheckDigits => MatchReasonCode::ReferenceCheckDigits,
                Naming::Structured => MatchReasonCode::ReferenceStructured,
                _ if named.written == invoice.number => MatchReasonCode::ReferenceExact,
                Naming::Text | Naming::Digits if is_whole => MatchReasonCode::ReferenceCleaned,
                Naming::Text | Naming::Digits => MatchReasonCode::ReferenceDigits,
            };
            let reference = Reference {
                invoice,
                code,
                written: &named.written,
            };
            let known = found.entry(invoice.id).or_insert(reference);
            if weight_ppm(code) > weight_ppm(known.code) {
                *known = reference;
            }
        }
    }
    let mut all: Vec<Reference<'f>> = found.into_values().collect();
    all.sort_by_key(|one| (one.invoice.due_date, one.invoice.id));
    all
}

fn by_reference(payment: &Payment<'_>, book: &Book<'_>, found: &mut Vec<Proposed>) {
    let all = references(payment, book);
    if all.is_empty() {
        return;
    }
    let strong: Vec<Reference<'_>> = all
        .iter()
        .filter(|one| one.code != MatchReasonCode::ReferenceDigits)
        .copied()
        .collect();
    let mut sets = vec![all.clone(), strong];
    let customers: BTreeSet<CustomerId> = all.iter().map(|one| one.invoice.customer_id).collect();
    if customers.len() > 1 {
        for customer in customers {
            let own = all.iter().filter(|one| one.invoice.customer_id == customer);
            sets.push(own.copied().collect());
        }
    }
    sets.extend(all.iter().take(20).map(|one| vec![*one]));
    let opens: Vec<i64> = all.iter().map(|one| one.invoice.open_minor).collect();
    if let Sums::One(places) = sums(&opens, payment.minor) {
        sets.push(
            places
                .iter()
                .filter_map(|place| all.get(*place).copied())
                .collect(),
        );
    }
    for set in sets.iter().filter(|set| !set.is_empty()) {
        found.extend(of_references(payment, book, set));
    }
}

/// What a payment would be that names these invoices.
fn of_references(
    payment: &Payment<'_>,
    book: &Book<'_>,
    set: &[Reference<'_>],
) -> Option<Proposed> {
    let invoices: Vec<&OpenInvoice> = set.iter().map(|one| one.invoice).collect();
    let (amount, shares) = by_amount(payment, &invoices)?;
    // The set is no surer than what it is least sure of.
    let weakest = set.iter().min_by_key(|one| weight_ppm(one.code))?;
    let mut reasons = vec![Reason::new(weakest.code, Some(weakest.written.to_owned()))];
    reasons.push(amount);
    let customers: BTreeSet<CustomerId> = invoices.iter().map(|one| one.customer_id).collect();
    reasons.extend(of_payer(payment, book, &customers));
    Some(Proposed {
        confidence_ppm: confidence_ppm(&reasons),
        parts: parts(payment.minor, &shares),
        reasons,
    })
}

fn reason(code: MatchReasonCode) -> Reason {
    Reason::new(code, None)
}

/// A part of the money for an invoice.
type Share<'f> = (&'f OpenInvoice, i64);

/// How the amount compares with what is open on these invoices, and what each would get: as much as is open, the oldest
/// first. With a discount that is taken, what it leaves.
fn by_amount<'f>(
    payment: &Payment<'_>,
    invoices: &[&'f OpenInvoice],
) -> Option<(Reason, Vec<Share<'f>>)> {
    let open: i128 = invoices.iter().map(|one| i128::from(one.open_minor)).sum();
    let minor = i128::from(payment.minor);
    let discounted: Vec<Share<'f>> = invoices
        .iter()
        .map(|one| {
            let less = one.discounted(payment.value_date);
            (*one, less.unwrap_or(one.open_minor))
        })
        .collect();
    let less: i128 = discounted.iter().map(|(_, minor)| i128::from(*minor)).sum();
    if less == minor && less < open {
        return Some((reason(MatchReasonCode::AmountLessDiscount), discounted));
    }
    if let [one] = invoices
        && one.are_next(payment.minor)
    {
        let reason = reason(MatchReasonCode::AmountOfInstalments);
        return Some((reason, vec![(*one, payment.minor)]));
    }
    let mut left = payment.minor;
    let mut shares = Vec::new();
    for invoice in invoices {
        let share = left.min(invoice.open_minor);
        if share > 0 {
            shares.push((*invoice, share));
            left -= share;
        }
    }
    let code = match minor.cmp(&open) {
        std::cmp::Ordering::Equal => MatchReasonCode::AmountExact,
        std::cmp::Ordering::Less => MatchReasonCode::AmountShort,
        std::cmp::Ordering::Greater => MatchReasonCode::AmountOver,
    };
    (!shares.is_empty()).then_some((reason(code), shares))
}

/// The money by customer. What the shares leave stays with the first of them, unapplied.
fn parts(minor: i64, shares: &[Share<'_>]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (invoice, share) in shares {
        let share = InvoiceShare {
            invoice_id: invoice.id,
            number: invoice.number.clone(),
            amount_minor: *share,
        };
        let customer_id = invoice.customer_id;
        match parts
            .iter_mut()
            .find(|part| part.customer_id == customer_id)
        {
            Some(part) => {
                part.amount_minor += share.amount_minor;
                part.invoices.push(share);
            }
            None => parts.push(Part {
                customer_id,
                amount_minor: share.amount_minor,
                invoices: vec![share],
            }),
        }
    }
    let used: i64 = parts.iter().map(|part| part.amount_minor).sum();
    if let Some(first) = parts.first_mut() {
        first.amount_minor += minor - used;
    }
    parts
}

/// What the payer says for or against these customers.
fn of_payer(
    payment: &Payment<'_>,
    book: &Book<'_>,
    customers: &BTreeSet<CustomerId>,
) -> Vec<Reason> {
    let head = |customer: CustomerId| book.heads.get(&customer).copied().unwrap_or(customer);
    let are_of = |hint: &&Hint| {
        let mut all = customers.iter();
        all.all(|one| *one == hint.customer_id || head(*one) == head(hint.customer_id))
    };
    let mut reasons: Vec<Reason> = Vec::new();
    for hint in payment.hints.iter().filter(are_of) {
        if !reasons.iter().any(|known| known.code == hint.code) {
            reasons.push(Reason::new(hint.code, Some(hint.fact.clone())));
        }
    }
    let by_account = |hint: &&Hint| {
        matches!(
            hint.code,
            MatchReasonCode::PayerAccount | MatchReasonCode::PayerAccountShared
        )
    };
    let accounts: Vec<&Hint> = payment.hints.iter().filter(by_account).collect();
    let is_of_others = !accounts.is_empty() && !accounts.iter().any(are_of);
    let heads: BTreeSet<CustomerId> = customers.iter().map(|one| head(*one)).collect();
    if is_of_others || (heads.len() > 1 && accounts.is_empty()) {
        let fact = accounts.first().map(|hint| hint.fact.clone());
        reasons.push(Reason::new(MatchReasonCode::OtherPayer, fact));
    }
    reasons
}

fn by_advice(payment: &Payment<'_>, book: &Book<'_>, found: &mut Vec<Proposed>) {
    for advice in payment.advices {
        let shares: Vec<Share<'_>> = advice
            .shares
            .iter()
            .filter_map(|(id, minor)| {
                let invoice = book.invoices.get(id)?;
                Some((invoice, (*minor).min(invoice.open_minor)))
            })
            .collect();
        let used: i128 = shares.iter().map(|(_, minor)| i128::from(*minor)).sum();
        if used > i128::from(payment.minor) || shares.is_empty() {
            continue;
        }
        let is_whole = used == i128::from(payment.minor);
        let mut reasons = vec![
            Reason {
                advice_id: Some(advice.id),
                ..Reason::new(
                    MatchReasonCode::RemittanceAdvice,
                    Some(advice.number.clone()),
                )
            },
            reason(if is_whole {
                MatchReasonCode::AmountExact
            } else {
                MatchReasonCode::AmountOver
            }),
        ];
        let payer = BTreeSet::from([advice.customer_id]);
        reasons.extend(of_payer(payment, book, &payer));
        found.push(Proposed {
            confidence_ppm: confidence_ppm(&reasons),
            parts: parts(payment.minor, &shares),
            reasons,
        });
    }
}

fn by_payer(payment: &Payment<'_>, book: &Book<'_>, found: &mut Vec<Proposed>) {
    let customers: BTreeSet<CustomerId> =
        payment.hints.iter().map(|hint| hint.customer_id).collect();
    for customer in customers {
        let payer = BTreeSet::from([customer]);
        let evidence = of_payer(payment, book, &payer);
        let ids = book.by_customer.get(&customer).into_iter().flatten();
        let mut open: Vec<&OpenInvoice> = ids.filter_map(|id| book.invoices.get(id)).collect();
        open.sort_by_key(|invoice| (invoice.due_date, invoice.invoice_date, invoice.id));
        let ways = amounts_of(payment, &open, book.whole.contains(&customer));
        let on_account = ways
            .is_empty()
            .then_some((MatchReasonCode::OnAccount, Vec::new()));
        for (code, shares) in ways.into_iter().chain(on_account) {
            let mut reasons = evidence.clone();
            reasons.push(reason(code));
            let parts = if shares.is_empty() {
                vec![Part {
                    customer_id: customer,
                    amount_minor: payment.minor,
                    invoices: Vec::new(),
                }]
            } else {
                parts(payment.minor, &shares)
            };
            found.push(Proposed {
                confidence_ppm: confidence_ppm(&reasons),
                parts,
                reasons,
            });
        }
    }
}

/// What the amount may be of a customer's open invoices, the oldest due first: of one, and where all are there, of some.
fn amounts_of<'f>(
    payment: &Payment<'_>,
    open: &[&'f OpenInvoice],
    is_whole: bool,
) -> Vec<(MatchReasonCode, Vec<Share<'f>>)> {
    let minor = payment.minor;
    let mut ways = Vec::new();
    let same: Vec<&&OpenInvoice> = open.iter().filter(|one| one.open_minor == minor).collect();
    match same.as_slice() {
        [] => {}
        [one] => ways.push((MatchReasonCode::AmountOfOne, vec![(**one, minor)])),
        [oldest, ..] => ways.push((MatchReasonCode::AmountOfSeveral, vec![(**oldest, minor)])),
    }
    let less: Vec<&&OpenInvoice> = open
        .iter()
        .filter(|one| one.discounted(payment.value_date) == Some(minor))
        .collect();
    if let ([one], true) = (less.as_slice(), same.is_empty()) {
        ways.push((MatchReasonCode::AmountLessDiscount, vec![(**one, minor)]));
    }
    let next: Vec<&&OpenInvoice> = open.iter().filter(|one| one.are_next(minor)).collect();
    if let ([one], true) = (next.as_slice(), ways.is_empty()) {
        ways.push((MatchReasonCode::AmountOfInstalments, vec![(**one, minor)]));
    }
    if !is_whole {
        return ways;
    }
    let all: i128 = open.iter().map(|one| i128::from(one.open_minor)).sum();
    let whole = |invoices: &[&'f OpenInvoice]| -> Vec<Share<'f>> {
        invoices.iter().map(|one| (*one, one.open_minor)).collect()
    };
    if open.len() > 1 && all == i128::from(minor) {
        ways.push((MatchReasonCode::AmountOfAll, whole(open)));
    } else if same.is_empty() {
        let candidates: Vec<&OpenInvoice> = open.iter().take(SUM_CANDIDATES_MAX).copied().collect();
        let opens: Vec<i64> = candidates.iter().map(|one| one.open_minor).collect();
        if let Sums::One(places) = sums(&opens, minor) {
            let chosen: Vec<&OpenInvoice> = places
                .iter()
                .filter_map(|place| candidates.get(*place).copied())
                .collect();
            ways.push((MatchReasonCode::AmountOfSum, whole(&chosen)));
        }
    }
    ways
}

/// Which of some amounts make a sum.
#[derive(Debug, PartialEq, Eq)]
enum Sums {
    None,
    /// These places, and no others.
    One(Vec<usize>),
    /// More than one way, or too many to try.
    Several,
}

/// Two to five of the amounts that make a sum, when only one choice does.
fn sums(amounts: &[i64], wanted: i64) -> Sums {
    let mut search = Search {
        amounts,
        chosen: Vec::new(),
        found: None,
        is_several: false,
        steps: 0,
    };
    search.from(0, wanted);
    match search.found {
        _ if search.is_several => Sums::Several,
        Some(places) => Sums::One(places),
        None => Sums::None,
    }
}

struct Search<'a> {
    amounts: &'a [i64],
    chosen: Vec<usize>,
    found: Option<Vec<usize>>,
    is_several: bool,
    steps: u32,
}

impl Search<'_> {
    fn from(&mut self, place: usize, left: i64) {
        if left == 0 && self.chosen.len() > 1 {
            self.is_several |= self.found.is_some();
            self.found = Some(self.chosen.clone());
            return;
        }
        if left <= 0 || self.chosen.len() >= SUM_OF_MAX {
            return;
        }
        for next in place..self.amounts.len() {
            self.steps += 1;
            self.is_several |= self.steps > SUM_STEPS_MAX;
            if self.is_several {
                return;
            }
            let amount = self.amounts.get(next).copied().unwrap_or(0);
            if amount > 0 && amount <= left {
                self.chosen.push(next);
                self.from(next + 1, left - amount);
                self.chosen.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests;
