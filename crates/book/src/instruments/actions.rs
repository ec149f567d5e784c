//! What is done with instruments.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::input::{DishonourIn, InstrumentIn, Step};
use super::model::{AcceptorStanding, Instrument, InstrumentStatus, InstrumentVerb};
use super::rules::{self, Dates, DatesError, KindOfInstrument, NotAllowed, StepDayError};
use super::store;
use crate::book::catalogues::actions as catalogues;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::deadlines::actions as deadlines;
use crate::book::deadlines::input::NewDeadline;
use crate::book::deadlines::model::{DeadlineKind, DeadlineSubject};
use crate::book::entities::actions::{self as entities, EntityError};
use crate::book::exposure::actions::caps::{self, AcceptorRoom};
use crate::book::exposure::actions::entries::{self, EntryStatement};
use crate::book::exposure::actions::{self as exposure, AccountError, Locked};
use crate::book::exposure::model::{BalanceKey, EntryCategory, Exposure};
use crate::book::exposure::rules::acceptor_key;
use crate::book::exposure::store::entries as stated;
use crate::book::policy::actions as policies;
use crate::book::policy::model::{ExposureCategory, ExposureSource};
use crate::book::receivables::actions::{self as receivables, Accounts, ReceivableError};
use crate::book::receivables::input::{Application, NewReceipt, Origin, Rests};
use crate::book::receivables::model::{Receipt, Source};
use crate::book::receivables::store as ledger;
use crate::platform::db::{Change, DbError, Tx};
use kernel::clock::Day;
use kernel::ids::{CreditAccountId, CustomerId, InstrumentId, LegalEntityId};
use kernel::money::Money;
use kernel::text::{Line, Note, Number, SnakeCode, TextError};

/// The catalogue of the kinds of instruments.
const KINDS: &str = "instrument_kinds";

/// Why a use case on instruments was refused.
#[derive(Debug, thiserror::Error)]
pub enum InstrumentError {
    #[error("there is no such instrument")]
    Missing,
    #[error("there is no such customer")]
    NoSuchCustomer { pointer: &'static str },
    #[error("is no kind of instrument that can be chosen")]
    UnknownKind,
    #[error("is money that has come: post it as a receipt")]
    IsCash,
    #[error("must be given for this kind")]
    AcceptorMissing,
    #[error("{0}")]
    Dates(DatesError),
    #[error("{0}")]
    Day(StepDayError),
    #[error("must not be in the future")]
    ReceivedInFuture,
    #[error("there is an instrument with the number {number} already")]
    NumberTaken {
        number: Number,
        existing_id: Option<InstrumentId>,
    },
    #[error("an exposure entry states the number {0} already")]
    StatedAlready(Number),
    #[error("the policy has another source for instruments: {0}")]
    OtherSource(ExposureSource),
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    #[error("it changed meanwhile")]
    Stale,
    #[error(transparent)]
    Entity(#[from] EntityError),
    #[error(transparent)]
    Receivable(#[from] ReceivableError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Who an instrument is from, and who must pay it.
struct Parties {
    customer: Customer,
    acceptor_customer: Option<Customer>,
    acceptor: Option<Line>,
}

/// Takes an instrument in: it settles what it is for, and counts as exposure instead until it clears. Beyond the cap of
/// its acceptor it is taken all the same, flagged, and told as an event.
///
/// # Errors
/// When somebody or the kind is unknown, a date is out of the kind's bounds, the number is taken or stated by an exposure
/// entry, the policy has another source, and as posting a receipt.
pub fn receive(tx: &mut Tx, input: &InstrumentIn) -> Result<Instrument, InstrumentError> {
    if policies::live(tx)?.document.sources.instruments == Some(ExposureSource::Stated) {
        return Err(InstrumentError::OtherSource(ExposureSource::Stated));
    }
    let kind = find_kind(tx, &input.kind)?;
    let parties = parties(tx, input, kind)?;
    let last_day = last_day(tx, input, kind)?;
    let application = input.application();
    let accounts = lock_parties(tx, &parties, &application)?;
    let own = accounts.of(parties.customer.id)?;
    refuse_stated(tx, own.account.id, &input.number)?;
    let legal_entity = entities::find(tx, input.legal_entity.as_ref())?;
    let receipt = settle(tx, &accounts, own, input, legal_entity)?;
    let acceptor_account = kind
        .counts_on_acceptor
        .then(|| other_account(own, parties.acceptor_customer.as_ref(), &accounts))
        .flatten();
    let today = tx.today();
    let mut instrument = Instrument {
        id: InstrumentId::new(),
        number: input.number.clone(),
        kind: input.kind.clone(),
        customer_id: parties.customer.id,
        account_id: own.account.id,
        legal_entity_id: legal_entity,
        currency: receipt.currency,
        amount_minor: receipt.amount_minor,
        outstanding_minor: receipt.amount_minor,
        issue_date: input.issue_date.date(),
        maturity_date: input.maturity_date.map(Day::date),
        received_on: receipt.receipt_date,
        present_by: last_day.as_ref().map(|(day, _)| *day),
        drawer: input.drawer.clone().unwrap_or(parties.customer.name),
        acceptor_key: parties
            .acceptor
            .as_ref()
            .map(|name| acceptor_key(name.as_str())),
        acceptor: parties.acceptor,
        acceptor_customer_id: parties.acceptor_customer.map(|acceptor| acceptor.id),
        acceptor_account_id: acceptor_account,
        acceptor_standing: AcceptorStanding::NoCap,
        receipt_id: receipt.id,
        status: InstrumentStatus::Received,
        status_on: receipt.receipt_date.min(today),
        passed_to: None,
        dishonoured_on: None,
        dishonour_reason: None,
        fee_minor: 0,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        version: 1,
    };
    instrument.acceptor_standing = count(
        tx,
        accounts.all().into_values(),
        &instrument,
        instrument.amount_minor,
    )?;
    insert(tx, &instrument)?;
    if let Some((due_on, rule)) = last_day {
        set_deadline(tx, &instrument, due_on, rule)?;
    }
    Ok(instrument)
}

/// Writes an instrument that came in.
fn insert(tx: &mut Tx, instrument: &Instrument) -> Result<(), InstrumentError> {
    if !store::insert(tx, instrument)? {
        return Err(InstrumentError::NumberTaken {
            existing_id: store::find_living(tx, instrument)?,
            number: instrument.number.clone(),
        });
    }
    tx.record(Change::new("instrument.received", instrument.id).after(instrument))?;
    if instrument.acceptor_standing == AcceptorStanding::Exceeded {
        tx.record(Change::new("instrument.acceptor_exceeded", instrument.id).after(instrument))?;
    }
    Ok(())
}

fn find_kind(tx: &mut Tx, code: &SnakeCode) -> Result<KindOfInstrument, InstrumentError> {
    let item = catalogues::find_choice(tx, KINDS, code.as_str())?;
    let kind = KindOfInstrument::of(&item.ok_or(InstrumentError::UnknownKind)?);
    if kind.is_cash {
        return Err(InstrumentError::IsCash);
    }
    Ok(kind)
}

fn parties(
    tx: &mut Tx,
    input: &InstrumentIn,
    kind: KindOfInstrument,
) -> Result<Parties, InstrumentError> {
    let mut find = |reference: &CustomerRef, pointer| {
        let caller = tx.caller();
        let found = customers::find_visible(tx, caller, reference)?;
        found.ok_or(InstrumentError::NoSuchCustomer { pointer })
    };
    let customer = find(&input.customer, "/customer")?;
    let acceptor_customer = match &input.acceptor_customer {
        Some(reference) => Some(find(reference, "/acceptor_customer")?),
        None => None,
    };
    let named = acceptor_customer.as_ref().map(|acceptor| &acceptor.name);
    let acceptor = input.acceptor.as_ref().or(named).cloned();
    if kind.needs_acceptor && acceptor.is_none() {
        return Err(InstrumentError::AcceptorMissing);
    }
    Ok(Parties {
        customer,
        acceptor_customer,
        acceptor,
    })
}

fn last_day(
    tx: &Tx,
    input: &InstrumentIn,
    kind: KindOfInstrument,
) -> Result<Option<(NaiveDate, String)>, InstrumentError> {
    let dates = Dates {
        issue: input.issue_date.date(),
        maturity: input.maturity_date.map(Day::date),
        present_by: input.present_by.map(Day::date),
    };
    kind.last_day(&dates, tx.today())
        .map_err(InstrumentError::Dates)
}

/// Locks the accounts of all who are concerned, in one go: of the customer, the acceptor, and those whose invoices it is for.
fn lock_parties(
    tx: &mut Tx,
    parties: &Parties,
    application: &Application,
) -> Result<Accounts, DbError> {
    let named: Vec<CustomerRef> = std::iter::once(&parties.customer)
        .chain(&parties.acceptor_customer)
        .map(|customer| CustomerRef::Id(customer.id))
        .collect();
    Accounts::lock(tx, &named, [application])
}

/// The acceptor's account, where the instrument counts on it too: when it has one, and is not of the same group, which owes
/// the amount once.
fn other_account(
    own: &Locked,
    acceptor: Option<&Customer>,
    accounts: &Accounts,
) -> Option<CreditAccountId> {
    let other = accounts.of(acceptor?.id).ok()?;
    let group: BTreeSet<CreditAccountId> = own.line().iter().map(|account| account.id).collect();
    let is_related = other
        .line()
        .iter()
        .any(|account| group.contains(&account.id));
    (!is_related).then_some(other.account.id)
}

fn refuse_stated(
    tx: &mut Tx,
    account: CreditAccountId,
    number: &Number,
) -> Result<(), InstrumentError> {
    match stated::find(tx, account, EntryCategory::Instruments, number)? {
        Some(entry) if entry.stated_minor > 0 => {
            Err(InstrumentError::StatedAlready(number.clone()))
        }
        _ => Ok(()),
    }
}

/// Posts the receipt by which an instrument settles invoices.
fn settle(
    tx: &mut Tx,
    accounts: &Accounts,
    own: &Locked,
    input: &InstrumentIn,
    legal_entity: LegalEntityId,
) -> Result<Receipt, InstrumentError> {
    let today = tx.today();
    let received_on = input.received_on.map_or(today, Day::date);
    if received_on > today {
        return Err(InstrumentError::ReceivedInFuture);
    }
    let amount = input.amount.money();
    let prepaid_order = match &input.deposit_request {
        Some(reference) => {
            let key = BalanceKey::new(legal_entity, amount.currency());
            let owner = (own.account.customer_id, key);
            Some(receivables::requested_order(tx, reference, owner)?)
        }
        None => input.prepaid_order_number.clone(),
    };
    let new = NewReceipt {
        prepaid_order,
        origin: Origin::Ledger,
        rests: Rests::MayClose,
        number: input
            .receipt_number
            .clone()
            .unwrap_or_else(|| input.number.clone()),
        receipt_date: received_on,
        amount,
        application: input.application(),
        legal_entity,
        payer: None,
    };
    let posted = receivables::post_receipts_of(tx, accounts, &[(own, new)]).map_err(|error| {
        // Somebody posted the number at the same moment: tried again, it is known whose it is.
        if error.is_duplicate_of("receipts", &["number"]) {
            DbError::Serialization(error.to_string())
        } else {
            error
        }
    })?;
    let missing = Err(ReceivableError::Missing("receipt"));
    Ok(posted.into_iter().next().unwrap_or(missing)?)
}

/// Adds an amount of an instrument to what counts as exposure, or takes it off: on the account, on the acceptor's where
/// it counts there, and under the acceptor's cap.
fn count<'a>(
    tx: &mut Tx,
    locked: impl IntoIterator<Item = &'a Locked>,
    instrument: &Instrument,
    minor: i64,
) -> Result<AcceptorStanding, DbError> {
    let change = Exposure::of(ExposureCategory::Instruments, minor);
    let accounts = [Some(instrument.account_id), instrument.acceptor_account_id];
    let changes: Vec<(&Locked, BalanceKey, Exposure)> = locked
        .into_iter()
        .filter(|locked| accounts.contains(&Some(locked.account.id)))
        .map(|locked| (locked, instrument.key(), change))
        .collect();
    exposure::post_all(tx, &changes)?;
    let Some(acceptor) = &instrument.acceptor_key else {
        return Ok(AcceptorStanding::NoCap);
    };
    let room = caps::count_instrument(tx, acceptor, instrument.currency, minor)?;
    Ok(match room {
        AcceptorRoom::NoCap => AcceptorStanding::NoCap,
        AcceptorRoom::Within => AcceptorStanding::Within,
        AcceptorRoom::Exceeded => AcceptorStanding::Exceeded,
        AcceptorRoom::Unknown => AcceptorStanding::NoExchangeRate,
    })
}

fn set_deadline(
    tx: &mut Tx,
    instrument: &Instrument,
    due_on: NaiveDate,
    rule: String,
) -> Result<(), DbError> {
    let rule = rule
        .parse()
        .map_err(|error: TextError| DbError::Document(error.to_string()))?;
    deadlines::set(
        tx,
        NewDeadline {
            kind: DeadlineKind::InstrumentPresentation,
            subject: DeadlineSubject::Instrument,
            subject_id: instrument.id.to_string(),
            customer_id: instrument.customer_id,
            due_on,
            rule,
            note: None,
        },
    )?;
    Ok(())
}

/// An instrument with the accounts that it counts on, locked.
struct Held {
    locked: BTreeMap<CustomerId, Locked>,
    before: Instrument,
    status: InstrumentStatus,
    on: NaiveDate,
}

/// The instrument as it is under the locks, when a step is allowed.
fn hold_for(
    tx: &mut Tx,
    id: InstrumentId,
    version: i64,
    verb: InstrumentVerb,
    on: Option<NaiveDate>,
) -> Result<Held, InstrumentError> {
    let found = store::find(tx, id)?.ok_or(InstrumentError::Missing)?;
    let caller = tx.caller();
    let reference = CustomerRef::Id(found.customer_id);
    customers::find_visible(tx, caller, &reference)?.ok_or(InstrumentError::Missing)?;
    // Whose invoices its receipt settles, too: all in one go, so that two units of work never wait for each other.
    let settled = ledger::list_settlements_of(tx, Source::Receipt(found.receipt_id))?;
    let wanted: BTreeSet<CustomerId> = std::iter::once(found.customer_id)
        .chain(found.acceptor_customer_id)
        .chain(settled.iter().map(|row| row.customer_id))
        .collect();
    let locked = exposure::lock_all(tx, &wanted)?;
    let before = store::find(tx, id)?.ok_or(InstrumentError::Missing)?;
    if before.version != version {
        return Err(InstrumentError::Stale);
    }
    let status = rules::next(before.status, verb)?;
    let on = rules::step_day(before.status_on, tx.today(), on).map_err(InstrumentError::Day)?;
    Ok(Held {
        locked,
        before,
        status,
        on,
    })
}

/// Takes an instrument one step further that moves no debt: held, endorsed, discounted, presented, cleared, or under
/// recourse. One that clears is exposure no more.
///
/// # Errors
/// When it is not there, changed since `version`, its state does not allow it, or the day is out of bounds.
pub fn step(
    tx: &mut Tx,
    id: InstrumentId,
    version: i64,
    verb: InstrumentVerb,
    step: &Step,
) -> Result<Instrument, InstrumentError> {
    let held = hold_for(tx, id, version, verb, step.on)?;
    let mut after = held.before.clone();
    after.passed_to = step.to.clone().or(after.passed_to);
    if rules::counts(held.before.status) && !rules::counts(held.status) {
        count(
            tx,
            held.locked.values(),
            &held.before,
            -held.before.outstanding_minor,
        )?;
        after.outstanding_minor = 0;
    }
    let hands_it_on = matches!(
        verb,
        InstrumentVerb::Present | InstrumentVerb::Endorse | InstrumentVerb::Discount
    );
    if hands_it_on {
        let subject = id.to_string();
        deadlines::meet(tx, DeadlineKind::InstrumentPresentation, &subject, held.on)?;
    }
    save(tx, verb, &held, after, step.note.as_ref())
}

/// An instrument was not paid: it counts no more, its receipt is taken back so that the debt is there again with its own
/// due dates, and a fee may be claimed.
///
/// # Errors
/// As [`step`], and when the fee is in another currency.
pub fn dishonour(
    tx: &mut Tx,
    id: InstrumentId,
    version: i64,
    input: &DishonourIn,
) -> Result<Instrument, InstrumentError> {
    let verb = InstrumentVerb::Dishonour;
    let held = hold_for(tx, id, version, verb, input.on.map(Day::date))?;
    give_back(tx, &held, &input.reason)?;
    let mut after = held.before.clone();
    after.outstanding_minor = 0;
    after.dishonoured_on = Some(held.on);
    after.dishonour_reason = Some(input.reason.clone());
    if let Some(fee) = &input.fee {
        after.fee_minor = fee.money().minor();
        claim(tx, &held, fee.money())?;
    }
    save(tx, verb, &held, after, Some(&input.reason))
}

/// An instrument was posted by mistake or given back before it was used: the debt is there again.
///
/// # Errors
/// As [`step`].
pub fn withdraw(
    tx: &mut Tx,
    id: InstrumentId,
    version: i64,
    reason: &Note,
) -> Result<Instrument, InstrumentError> {
    let verb = InstrumentVerb::Withdraw;
    let held = hold_for(tx, id, version, verb, None)?;
    give_back(tx, &held, reason)?;
    let mut after = held.before.clone();
    after.outstanding_minor = 0;
    let subject = id.to_string();
    let kind = DeadlineKind::InstrumentPresentation;
    deadlines::withdraw_of(tx, kind, &subject, Some(reason))?;
    save(tx, verb, &held, after, Some(reason))
}

/// The debt that an instrument settled is there again, and the instrument counts no more.
fn give_back(tx: &mut Tx, held: &Held, reason: &Note) -> Result<(), InstrumentError> {
    receivables::take_back_receipt(tx, held.before.receipt_id, reason, held.on)?;
    count(
        tx,
        held.locked.values(),
        &held.before,
        -held.before.outstanding_minor,
    )?;
    Ok(())
}

/// Claims a fee: an exposure entry that whoever books it sets to 0 when it is paid.
fn claim(tx: &mut Tx, held: &Held, fee: Money) -> Result<(), InstrumentError> {
    let number: Number = format!("FEE-{}", held.before.id.to_string().replace('_', "-"))
        .parse()
        .map_err(|error: TextError| DbError::Document(error.to_string()))?;
    let statement = EntryStatement {
        category: EntryCategory::ClaimedCharges,
        number,
        amount: fee,
        entry_date: held.on,
        order_number: None,
        legal_entity: held.before.legal_entity_id,
    };
    entries::set(tx, held.before.account_id, &statement)?;
    Ok(())
}

fn save(
    tx: &mut Tx,
    verb: InstrumentVerb,
    held: &Held,
    after: Instrument,
    reason: Option<&Note>,
) -> Result<Instrument, InstrumentError> {
    let after = Instrument {
        status: held.status,
        status_on: held.on,
        ..after
    };
    let after = store::update_if_unchanged(tx, &after)?.ok_or(InstrumentError::Stale)?;
    let change = Change::new(action(verb), after.id)
        .before(&held.before)
        .after(&after);
    tx.record(match reason {
        Some(reason) => change.because(reason),
        None => change,
    })?;
    Ok(after)
}

const fn action(verb: InstrumentVerb) -> &'static str {
    match verb {
        InstrumentVerb::Hold => "instrument.held",
        InstrumentVerb::Endorse => "instrument.endorsed",
        InstrumentVerb::Discount => "instrument.discounted",
        InstrumentVerb::Present => "instrument.presented",
        InstrumentVerb::Clear => "instrument.cleared",
        InstrumentVerb::Dishonour => "instrument.dishonoured",
        InstrumentVerb::StartRecourse => "instrument.recourse_started",
        InstrumentVerb::Withdraw => "instrument.withdrawn",
    }
}
