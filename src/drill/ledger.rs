//! Two years of invoices, credit notes and receipts, a week at a time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike as _;
use chrono::{Days, NaiveDate, Weekday};
use fastrand::Rng;

use super::book::Figures;
use super::cast::{Character, Member, text};
use crate::book::customers::model::CustomerRef;
use crate::book::exposure::actions as exposure;
use crate::book::exposure::actions::Locked;
use crate::book::receivables::actions as receivables;
use crate::book::receivables::input::{
    Application, CreditNoteIn, InvoiceDetails, NamedApplication, NewInvoice, NewReceipt, Origin,
    Rests,
};
use crate::book::receivables::model::{Invoice, InvoiceRef, ReceiptRef};
use crate::platform::db::Tx;
use crate::platform::http::Problem;
use kernel::ids::{CustomerId, InvoiceId, MAIN_ENTITY};
use kernel::money::{AmountIn, Money};

/// In how many weeks before the end bad payers stop paying some of what they owe.
const LATELY_WEEKS: usize = 40;
/// A credited invoice is paid so many days after its date at the earliest, when the credit note is there.
const CREDITED_AFTER_DAYS: i64 = 22;

/// What is going to happen to invoices that are out.
#[derive(Clone, Default)]
pub struct Ledger {
    invoices: usize,
    receipts: usize,
    credit_notes: usize,
    payments: BTreeMap<NaiveDate, Vec<Payment>>,
    credits: BTreeMap<NaiveDate, Vec<Payment>>,
    /// Receipts that nobody could match at first.
    unmatched: BTreeMap<NaiveDate, Vec<(ReceiptRef, Application)>>,
}

/// Some money for one invoice.
#[derive(Clone)]
struct Payment {
    /// The customer's place in the cast.
    at: usize,
    invoice: InvoiceId,
    amount: Money,
}

/// A week that is lived through.
#[derive(Clone, Copy)]
pub struct Week {
    pub first: NaiveDate,
    pub last: NaiveDate,
    /// How many weeks come after it.
    pub left: usize,
}

impl Week {
    /// A working day of the week.
    fn working_day(&self, rng: &mut Rng) -> NaiveDate {
        let day = plus(self.first, rng.i64(0..7));
        match day.weekday() {
            Weekday::Sat | Weekday::Sun if day >= plus(self.first, 2) => plus(day, -2),
            Weekday::Sat | Weekday::Sun => plus(day, 2),
            _ => day,
        }
    }
}

impl Ledger {
    /// Posts what falls into the week: invoices first, then credit notes, then receipts.
    ///
    /// # Errors
    /// When netterms refuses a document, which would be a fault of the drill.
    pub fn post(
        &mut self,
        tx: &mut Tx,
        rng: &mut Rng,
        cast: &[Member],
        week: &Week,
        figures: &mut Figures,
    ) -> Result<(), Problem> {
        let everyone: BTreeSet<CustomerId> = cast.iter().map(|member| member.id).collect();
        let locked = exposure::lock_all(tx, &everyone)?;
        figures.invoices += self.post_invoices(tx, rng, cast, week, &locked)?;
        figures.credit_notes += self.post_credit_notes(tx, cast, week)?;
        figures.receipts += self.post_receipts(tx, rng, cast, week, &locked)?;
        for (receipt, application) in due(&mut self.unmatched, week.last) {
            receivables::apply_receipt(tx, &receipt, &application, None)?;
        }
        Ok(())
    }

    fn post_invoices(
        &mut self,
        tx: &mut Tx,
        rng: &mut Rng,
        cast: &[Member],
        week: &Week,
        locked: &BTreeMap<CustomerId, Locked>,
    ) -> Result<usize, Problem> {
        let mut buyers: Vec<(usize, &Member)> = Vec::new();
        let mut new: Vec<(&Locked, NewInvoice)> = Vec::new();
        for (at, member) in cast.iter().enumerate() {
            let Some(account) = locked.get(&member.id) else {
                continue;
            };
            // Who does not pay is sold less.
            let times = match member.character {
                Character::Bad if week.left < LATELY_WEEKS / 2 => 3,
                _ => 1,
            };
            if rng.u32(..100 * times) >= member.buys_percent {
                continue;
            }
            self.invoices += 1;
            let day = week.working_day(rng);
            let (year, number) = (day.year(), self.invoices);
            new.push((
                account,
                NewInvoice {
                    details: InvoiceDetails::default(),
                    legal_entity: MAIN_ENTITY,
                    number: text(&format!("INV-{year}-{number:05}"))?,
                    invoice_date: day,
                    due_date: None,
                    amount: amount(rng, member),
                    order_number: Some(text(&format!("SO-{year}-{number:05}"))?),
                    reservation_id: None,
                },
            ));
            buyers.push((at, member));
        }
        let posted = receivables::post_invoices(tx, &new)?;
        for ((at, member), invoice) in buyers.into_iter().zip(posted) {
            self.foresee(rng, at, member, week, &invoice?);
        }
        Ok(new.len())
    }

    /// What will become of an invoice.
    fn foresee(
        &mut self,
        rng: &mut Rng,
        at: usize,
        member: &Member,
        week: &Week,
        invoice: &Invoice,
    ) {
        let is_credited = rng.u32(..100) < 3;
        let credited = if is_credited {
            invoice.amount_minor / rng.i64(6..=25)
        } else {
            0
        };
        let mut plan = |queue: Queue, on: NaiveDate, minor: i64| {
            let payment = Payment {
                at,
                invoice: invoice.id,
                amount: invoice.money(minor),
            };
            let queue = match queue {
                Queue::Credits => &mut self.credits,
                Queue::Payments => &mut self.payments,
            };
            if minor > 0 {
                queue.entry(on).or_default().push(payment);
            }
        };
        plan(
            Queue::Credits,
            plus(invoice.invoice_date, rng.i64(5..=12)),
            credited,
        );
        let open = invoice.amount_minor - credited;
        let earliest = if is_credited {
            plus(invoice.invoice_date, CREDITED_AFTER_DAYS)
        } else {
            plus(invoice.invoice_date, 3)
        };
        let late = |days: i64| plus(invoice.due_date, days).max(earliest);
        match member.character {
            Character::Prompt => plan(Queue::Payments, late(rng.i64(-6..=2)), open),
            Character::Late(days) => {
                plan(Queue::Payments, late(days + rng.i64(-5..=6)), open);
            }
            Character::InParts => {
                let first = open * rng.i64(40..=75) / 100;
                plan(Queue::Payments, late(rng.i64(-2..=4)), first);
                plan(Queue::Payments, late(rng.i64(18..=48)), open - first);
            }
            Character::Bad if week.left < LATELY_WEEKS && rng.u32(..100) < 45 => {}
            Character::Bad => plan(Queue::Payments, late(rng.i64(25..=110)), open),
        }
    }

    fn post_credit_notes(
        &mut self,
        tx: &mut Tx,
        cast: &[Member],
        week: &Week,
    ) -> Result<usize, Problem> {
        const REASONS: [&str; 4] = [
            "Two pallets were damaged on the way.",
            "The price of the framework contract was not applied.",
            "Fewer pieces were delivered than invoiced.",
            "Agreed as goodwill after the late delivery.",
        ];
        let credits = due(&mut self.credits, week.last);
        for credit in &credits {
            let Some(member) = cast.get(credit.at) else {
                continue;
            };
            self.credit_notes += 1;
            let year = week.last.year();
            let reason = super::names::around(&REASONS, self.credit_notes).unwrap_or_default();
            let input = CreditNoteIn {
                legal_entity: None,
                number: text(&format!("CN-{year}-{:04}", self.credit_notes))?,
                customer: CustomerRef::Id(member.id),
                invoice_id: Some(credit.invoice),
                invoice_number: None,
                credit_date: week.last.into(),
                amount: AmountIn::try_from(credit.amount).map_err(Problem::internal)?,
                reason: text(reason)?,
            };
            receivables::create_credit_note(tx, &input)?;
        }
        Ok(credits.len())
    }

    /// One receipt for each customer that pays in the week, for all that it pays then.
    fn post_receipts(
        &mut self,
        tx: &mut Tx,
        rng: &mut Rng,
        cast: &[Member],
        week: &Week,
        locked: &BTreeMap<CustomerId, Locked>,
    ) -> Result<usize, Problem> {
        let mut payers: BTreeMap<usize, Vec<Payment>> = BTreeMap::new();
        for payment in due(&mut self.payments, week.last) {
            payers.entry(payment.at).or_default().push(payment);
        }
        let mut new: Vec<(&Locked, NewReceipt)> = Vec::new();
        let mut later: Vec<Option<Application>> = Vec::new();
        for (at, payments) in payers {
            let Some(member) = cast.get(at) else { continue };
            let Some(account) = locked.get(&member.id) else {
                continue;
            };
            self.receipts += 1;
            let named = Application::Named(payments.iter().map(Payment::named).collect());
            let paid: i64 = payments.iter().map(|payment| payment.amount.minor()).sum();
            // Now and then too much comes, or money that nobody can match at first.
            let (more, application) = match rng.u32(..100) {
                0..=1 => (rng.i64(5_000..90_000), (named, None)),
                2..=4 => (0, (Application::Nothing, Some(named))),
                _ => (0, (named, None)),
            };
            new.push((
                account,
                NewReceipt {
                    prepaid_order: None,
                    origin: Origin::Ledger,
                    rests: Rests::MayClose,
                    payer: None,
                    legal_entity: MAIN_ENTITY,
                    number: text(&format!("R-{}-{:05}", week.last.year(), self.receipts))?,
                    receipt_date: week.working_day(rng),
                    amount: Money::from_minor(paid + more, member.currency),
                    application: application.0,
                },
            ));
            later.push(application.1);
        }
        let posted = receivables::post_receipts(tx, &new)?;
        for (receipt, later) in posted.into_iter().zip(later) {
            let receipt = receipt?;
            if let Some(application) = later {
                self.unmatched
                    .entry(plus(week.last, rng.i64(7..40)))
                    .or_default()
                    .push((ReceiptRef::Id(receipt.id), application));
            }
        }
        Ok(new.len())
    }
}

#[derive(Clone, Copy)]
enum Queue {
    Credits,
    Payments,
}

impl Payment {
    fn named(&self) -> NamedApplication {
        NamedApplication::of(InvoiceRef::Id(self.invoice), self.amount)
    }
}

/// What an invoice of the customer comes to: between half and twice the ordinary, to the cent.
fn amount(rng: &mut Rng, member: &Member) -> Money {
    let minor = rng.i64(member.invoice_minor / 2..=member.invoice_minor * 2);
    // Most prices are round to the ten cents.
    Money::from_minor(minor / 10 * 10, member.currency)
}

/// Takes out of a queue what falls due by a day.
fn due<T>(queue: &mut BTreeMap<NaiveDate, Vec<T>>, by: NaiveDate) -> Vec<T> {
    let later = queue.split_off(&plus(by, 1));
    std::mem::replace(queue, later)
        .into_values()
        .flatten()
        .collect()
}

/// A day so many days later, or before.
pub fn plus(day: NaiveDate, days: i64) -> NaiveDate {
    let by = Days::new(days.unsigned_abs());
    let moved = if days >= 0 {
        day.checked_add_days(by)
    } else {
        day.checked_sub_days(by)
    };
    moved.unwrap_or(day)
}
