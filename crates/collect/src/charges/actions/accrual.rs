//! What accrues: interest and fixed sums of what is paid late, worked out for as many customers at once as one unit of work
//! takes. Nobody owes what accrues, so that doing it again changes nothing but what there is to change.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::json;

use super::{ChargeError, Law};
use crate::book::customers::store as customers;
use crate::book::exchange_rates::actions as exchange_rates;
use crate::book::exchange_rates::rules::{Rounding, convert};
use crate::book::receivables::actions::Accounts;
use crate::collect::charges::input::{AccrualPlan, AccrueIn};
use crate::collect::charges::model::{
    Charge, ChargeKind, ChargeStatus, LateInterestTerms, LateItem, Segment,
};
use crate::collect::charges::rules::{self, Debt, InterestFault, Regime, Settled, Terms, Worked};
use crate::collect::charges::store;
use crate::platform::db::{Change, DbError, Tx, write_document};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::model::{Ended, Job, JobStatus};
use crate::platform::jobs::worker::{Interrupted, JobContext, JobKind, Lane};
use kernel::clock::Day;
use kernel::ids::{ChargeId, CreditAccountId, CustomerId, InvoiceId, ItemId, LegalEntityId};
use kernel::money::{Currency, Money};
use kernel::text::{Note, SnakeCode};

/// The name of such jobs.
pub const JOB_KIND: &str = "charge_accrual";

/// How such a job is done.
pub const JOB: JobKind = JobKind {
    name: JOB_KIND,
    work,
    lane: Lane::Computations,
};

/// Of how many customers charges are worked out at once.
const CHUNK: usize = 200;

/// What working out came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Items that were looked at.
    pub items: i64,
    /// Charges that are new, or another amount than before.
    pub changed: i64,
    /// Items whose legal entity has no regime, and of whose customer nothing is agreed.
    pub without_regime: i64,
    /// Items of days for which no reference rate or exchange rate is known.
    pub without_rate: i64,
}

impl Tally {
    const fn add(&mut self, other: Tally) {
        self.items = self.items.saturating_add(other.items);
        self.changed = self.changed.saturating_add(other.changed);
        self.without_regime = self.without_regime.saturating_add(other.without_regime);
        self.without_rate = self.without_rate.saturating_add(other.without_rate);
    }
}

/// Queues the working out of charges.
///
/// # Errors
/// When the day is in the future, or a customer is not there.
pub fn begin(tx: &mut Tx, input: &AccrueIn) -> Result<Job, ChargeError> {
    let as_of = input.as_of.map_or_else(|| tx.today(), Day::date);
    if as_of > tx.today() {
        return Err(ChargeError::InFuture);
    }
    let mut wanted = None;
    if let Some(references) = &input.customers {
        let known = customers::list_named(tx, references)?;
        let mut ids = BTreeSet::new();
        for (index, reference) in references.iter().enumerate() {
            let id = known
                .get(reference)
                .ok_or_else(|| ChargeError::NoSuchCustomer {
                    pointer: format!("/customers/{index}"),
                })?;
            ids.insert(*id);
        }
        wanted = Some(ids.into_iter().collect());
    }
    let id = jobs::begin(tx, JOB_KIND, "customers")?;
    let plan = AccrualPlan {
        as_of,
        customers: wanted,
    };
    Ok(jobs::queue(tx, id, &plan, None)?)
}

fn work(context: &JobContext) -> Result<Ended, Interrupted> {
    let plan: AccrualPlan = context.input()?;
    let database = context.database();
    let mut tally = Tally::default();
    let mut done = 0_i64;
    let mut after: Option<CustomerId> = None;
    let mut named = plan.customers.as_deref().map(|all| all.chunks(CHUNK));
    loop {
        context.progress(done, None)?;
        let slice: Vec<CustomerId> = if let Some(chunks) = &mut named {
            chunks.next().unwrap_or_default().to_vec()
        } else {
            let mut db = database.reader()?;
            let size = i64::try_from(CHUNK).unwrap_or(i64::MAX);
            store::list_late_customers(&mut db, plan.as_of, after, size)?
        };
        let Some(last) = slice.last() else {
            break;
        };
        after = Some(*last);
        let of_slice = database.write(context.caller(), |tx| {
            match accrue(tx, &slice, plan.as_of) {
                Ok(one) => Ok(Ok(one)),
                Err(ChargeError::Db(error)) => Err(error),
                // Nothing is written before the last of it is worked out.
                Err(error) => Ok(Err(error.to_string())),
            }
        })?;
        match of_slice {
            Ok(one) => tally.add(one),
            Err(reason) => return Ok(failed(done, &reason)),
        }
        done = done.saturating_add(i64::try_from(slice.len()).unwrap_or(i64::MAX));
    }
    Ok(Ended {
        status: JobStatus::Succeeded,
        done: Some(done),
        result: json!({"customers": done, "as_of": plan.as_of, "accrued": tally}),
        errors: Vec::new(),
    })
}

/// The catalogues say what nobody can follow.
fn failed(done: i64, reason: &str) -> Ended {
    Ended {
        status: JobStatus::Failed,
        done: Some(done),
        result: json!({"reason": reason}),
        errors: Vec::new(),
    }
}

/// Works out what has accrued of these customers by the end of a day: interest that is not claimed is replaced, a fixed sum
/// is added where none was, and what is not owed after all ends. What begins later than that day stays as it is. Their
/// accounts are locked, so that no payment comes between.
///
/// # Errors
/// When the catalogues can't be read, or the database fails.
pub fn accrue(
    tx: &mut Tx,
    customers: &[CustomerId],
    as_of: NaiveDate,
) -> Result<Tally, ChargeError> {
    Accounts::lock_customers(tx, &customers.iter().copied().collect())?;
    let law = Law::read(tx)?;
    let items = store::list_late_items(tx, customers, as_of)?;
    let mut desk = Desk::read(tx, customers, &items, as_of)?;
    let mut tally = Tally::default();
    for item in &items {
        tally.items += 1;
        let agreed = desk.agreed.get(&(item.account_id, item.legal_entity_id));
        let applied = law.applied(agreed, item);
        if applied.interest.is_none() && applied.regime.is_none() {
            tally.without_regime += 1;
        }
        let worked = desk.interest(tx, &law, item, applied.interest.as_ref(), as_of);
        match worked {
            Ok(true) => {}
            Ok(false) | Err(ChargeError::Interest(_)) => tally.without_rate += 1,
            Err(error) => return Err(error),
        }
        if let Some(regime) = &applied.regime
            && !desk.fixed_sum(tx, regime, item, as_of)?
        {
            tally.without_rate += 1;
        }
    }
    // What still runs is owed no more, and ends.
    let changed = desk.changed.len() + desk.running.len() + desk.running_sums.len();
    tally.changed = i64::try_from(changed).unwrap_or(i64::MAX);
    desk.write(tx)?;
    Ok(tally)
}

/// Whether a charge that has accrued is what the ledger says now: interest up to its own last day, a fixed sum by today. A
/// fee is what was recorded. The customer's accounts are locked.
///
/// # Errors
/// When the catalogues can't be read, or the database fails.
pub(super) fn is_as_owed(tx: &mut Tx, charge: &Charge) -> Result<bool, ChargeError> {
    let as_of = match charge.kind {
        ChargeKind::Interest => charge.to_day,
        ChargeKind::FixedSum => tx.today(),
        ChargeKind::Fee | ChargeKind::CollectionCost | ChargeKind::CourtCost => return Ok(true),
    };
    let is_interest = charge.kind == ChargeKind::Interest;
    let law = Law::read(tx)?;
    let customers = [charge.customer_id];
    let mut items = store::list_late_items(tx, &customers, as_of)?;
    items.retain(|item| {
        item.invoice_id == charge.invoice_id && (!is_interest || item.item_id == charge.item_id)
    });
    let mut desk = Desk::read(tx, &customers, &items, as_of)?;
    for item in &items {
        let agreed = desk.agreed.get(&(item.account_id, item.legal_entity_id));
        let applied = law.applied(agreed, item);
        if is_interest {
            let worked = desk.interest(tx, &law, item, applied.interest.as_ref(), as_of);
            return match worked {
                Ok(is_known) => Ok(is_known && desk.changed.is_empty()),
                Err(ChargeError::Interest(_)) => Ok(false),
                Err(error) => Err(error),
            };
        }
        if let Some(regime) = &applied.regime {
            desk.fixed_sum(tx, regime, item, as_of)?;
        }
    }
    // A fixed sum that stands is taken out of those that run; interest of an item that is not late stays in.
    Ok(!is_interest && !desk.running_sums.contains_key(&charge.invoice_id))
}

/// What the charges of some customers are worked out with.
struct Desk {
    agreed: BTreeMap<(CreditAccountId, LegalEntityId), LateInterestTerms>,
    settled: BTreeMap<ItemId, Vec<Settled>>,
    /// Interest that has accrued.
    running: BTreeMap<ItemId, Charge>,
    /// Fixed sums that have accrued.
    running_sums: BTreeMap<InvoiceId, Charge>,
    /// Whose interest begins after the day to which charges are worked out.
    ahead: BTreeSet<ItemId>,
    /// Up to which day interest was claimed or waived.
    covered: BTreeMap<ItemId, NaiveDate>,
    /// Whose fixed sum stays as it is.
    with_fixed_sum: BTreeSet<InvoiceId>,
    /// Those that changed, with what they were before.
    changed: Vec<(Option<Charge>, Charge)>,
}

impl Desk {
    fn read(
        tx: &mut Tx,
        customers: &[CustomerId],
        items: &[LateItem],
        as_of: NaiveDate,
    ) -> Result<Desk, DbError> {
        let accounts: BTreeSet<CreditAccountId> =
            items.iter().map(|item| item.account_id).collect();
        let accounts: Vec<CreditAccountId> = accounts.into_iter().collect();
        let agreed = store::list_terms(tx, &accounts)?.into_iter();
        let ids: Vec<ItemId> = items.iter().map(|item| item.item_id).collect();
        let mut settled: BTreeMap<ItemId, Vec<Settled>> = BTreeMap::new();
        for (item, on, minor) in store::list_settled(tx, &ids)? {
            settled.entry(item).or_default().push(Settled { on, minor });
        }
        let mut desk = Desk {
            agreed: agreed
                .map(|one| ((one.account_id, one.legal_entity_id), one))
                .collect(),
            settled,
            running: BTreeMap::new(),
            running_sums: BTreeMap::new(),
            ahead: BTreeSet::new(),
            covered: BTreeMap::new(),
            with_fixed_sum: BTreeSet::new(),
            changed: Vec::new(),
        };
        for charge in store::list_standing(tx, customers)? {
            let begins_later = charge.from_day > as_of;
            match (charge.kind, charge.status) {
                (ChargeKind::Interest, ChargeStatus::Accrued) if begins_later => {
                    desk.ahead.insert(charge.item_id);
                }
                (ChargeKind::Interest, ChargeStatus::Accrued) => {
                    desk.running.insert(charge.item_id, charge);
                }
                (ChargeKind::Interest, _) => {
                    let covered = desk.covered.entry(charge.item_id).or_insert(charge.to_day);
                    *covered = (*covered).max(charge.to_day);
                }
                (_, ChargeStatus::Accrued) if !begins_later => {
                    desk.running_sums.insert(charge.invoice_id, charge);
                }
                _ => {
                    desk.with_fixed_sum.insert(charge.invoice_id);
                }
            }
        }
        Ok(desk)
    }

    fn debt(&self, item: &LateItem) -> Debt {
        Debt {
            amount: Money::from_minor(item.amount_minor, item.currency),
            due_date: item.due_date,
            settled: self.settled.get(&item.item_id).cloned().unwrap_or_default(),
            paused: Vec::new(),
        }
    }

    /// The interest of an item that is not claimed yet; false where the rate of a day is not known. Then interest goes up to
    /// the day before, and what has accrued stays where nothing can be worked out.
    fn interest(
        &mut self,
        tx: &Tx,
        law: &Law,
        item: &LateItem,
        terms: Option<&Terms>,
        as_of: NaiveDate,
    ) -> Result<bool, ChargeError> {
        // It is taken out first, so that what can't be worked out is not ended.
        let running = self.running.remove(&item.item_id);
        if self.ahead.contains(&item.item_id) {
            return Ok(true);
        }
        let covered = self.covered.get(&item.item_id);
        let from = covered.and_then(NaiveDate::succ_opt);
        let from = from.unwrap_or_else(|| item.late_from());
        let debt = self.debt(item);
        let worked = match terms {
            Some(terms) if from <= as_of => {
                rules::interest_so_far(&debt, terms, &law.rates, (from, as_of))?
            }
            _ => Worked::default(),
        };
        let (segments, is_known) = (worked.segments, worked.unknown_from.is_none());
        if segments.is_empty() && !is_known {
            return Ok(false);
        }
        let minor = rules::total_minor(&segments)?;
        let regime = match terms {
            Some(Terms::Regime(regime)) => Some(&regime.code),
            _ => None,
        };
        let days = segments.first().zip(segments.last());
        let days = days.map(|(first, last)| (first.from, last.to));
        match (running, days.filter(|_| minor > 0)) {
            (None, None) => {}
            (Some(before), None) => {
                let after = ended(tx, &before, "Nothing is due after all.");
                self.changed.push((Some(before), after));
            }
            (before, Some(days)) => {
                let amount = Money::from_minor(minor, item.currency);
                let kind = ChargeKind::Interest;
                let mut after = new_charge(tx, item, kind, amount, days, regime, &segments)?;
                if let Some(before) = &before {
                    after = replaced(before, after);
                    if before.says_as(&after) {
                        return Ok(is_known);
                    }
                }
                self.changed.push((before, after));
            }
        }
        Ok(is_known)
    }

    /// The fixed sum of an invoice that was late, which is due once: one that has accrued stands. False where no exchange
    /// rate leads to its currency.
    fn fixed_sum(
        &mut self,
        tx: &mut Tx,
        regime: &Regime,
        item: &LateItem,
        as_of: NaiveDate,
    ) -> Result<bool, ChargeError> {
        if self.with_fixed_sum.contains(&item.invoice_id) {
            return Ok(true);
        }
        let Some(first_late) = self.debt(item).first_late_day(as_of) else {
            return Ok(true);
        };
        let Some(currency) = regime.fixed_sum_currency() else {
            return Ok(true);
        };
        if self.running_sums.remove(&item.invoice_id).is_some() {
            self.with_fixed_sum.insert(item.invoice_id);
            return Ok(true);
        }
        let invoice = Money::from_minor(item.invoice_minor, item.currency);
        let Some(worth) = converted(tx, invoice, currency, first_late)? else {
            return Ok(false);
        };
        let Some(sum) = regime.fixed_sum(worth) else {
            return Ok(true);
        };
        let Some(sum) = converted(tx, sum, item.currency, first_late)? else {
            return Ok(false);
        };
        if sum.is_positive() {
            let (kind, days) = (ChargeKind::FixedSum, (first_late, first_late));
            let charge = new_charge(tx, item, kind, sum, days, Some(&regime.code), &[])?;
            self.with_fixed_sum.insert(item.invoice_id);
            self.changed.push((None, charge));
        }
        Ok(true)
    }

    fn write(mut self, tx: &mut Tx) -> Result<(), ChargeError> {
        // What has accrued for an item that is not late any more, such as one that was sold, is due later now, or was paid
        // in time by what was entered since.
        let interest = std::mem::take(&mut self.running).into_values();
        let sums = std::mem::take(&mut self.running_sums).into_values();
        for before in interest.chain(sums) {
            let after = ended(tx, &before, "Nothing is due after all.");
            self.changed.push((Some(before), after));
        }
        let rows: Vec<Charge> = self
            .changed
            .iter()
            .map(|(_, after)| after.clone())
            .collect();
        store::put(tx, &rows)?;
        let changes = self.changed.iter().map(|(before, after)| {
            let action = match after.status {
                ChargeStatus::Cancelled => "charge.cancelled",
                _ => "charge.accrued",
            };
            let change = Change::new(action, after.id).after(after);
            match before {
                Some(before) => change.before(before),
                None => change,
            }
        });
        tx.record_all(changes.collect())?;
        Ok(())
    }
}

/// Money in another currency by the rates of a day; none where no rate leads there.
fn converted(
    tx: &mut Tx,
    money: Money,
    to: Currency,
    on: NaiveDate,
) -> Result<Option<Money>, ChargeError> {
    if money.currency() == to {
        return Ok(Some(money));
    }
    let rates = exchange_rates::latest(tx, &[money.currency(), to], on)?;
    let conversion = rates.find(money.currency(), to);
    let converted = conversion.map(|conversion| convert(money, &conversion, Rounding::HalfEven));
    let too_large = |_| ChargeError::Interest(InterestFault::TooLarge);
    converted.transpose().map_err(too_large)
}

/// A running charge as it is worked out now.
fn replaced(before: &Charge, now: Charge) -> Charge {
    Charge {
        id: before.id,
        created_by: before.created_by.clone(),
        created_at: before.created_at,
        version: before.version.saturating_add(1),
        ..now
    }
}

fn ended(tx: &Tx, before: &Charge, why: &str) -> Charge {
    let reason: Result<Note, _> = why.parse();
    Charge {
        status: ChargeStatus::Cancelled,
        ended_on: Some(tx.today()),
        end_reason: reason.ok(),
        version: before.version.saturating_add(1),
        ..before.clone()
    }
}

/// A charge that begins to accrue.
pub(super) fn new_charge(
    tx: &Tx,
    item: &LateItem,
    kind: ChargeKind,
    amount: Money,
    (from_day, to_day): (NaiveDate, NaiveDate),
    regime: Option<&SnakeCode>,
    segments: &[Segment],
) -> Result<Charge, DbError> {
    Ok(Charge {
        id: ChargeId::new(),
        kind,
        status: ChargeStatus::Accrued,
        customer_id: item.customer_id,
        account_id: item.account_id,
        legal_entity_id: item.legal_entity_id,
        invoice_id: item.invoice_id,
        item_id: item.item_id,
        currency: amount.currency(),
        amount_minor: amount.minor(),
        from_day,
        to_day,
        regime: regime.cloned(),
        segments: write_document(&segments.to_vec())?,
        note: None,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        claimed_invoice_id: None,
        claimed_on: None,
        claimed_by: None,
        claim_reference: None,
        ended_on: None,
        end_reason: None,
        version: 1,
    })
}
