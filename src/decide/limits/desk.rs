//! The desk: limit checks in batches.
//!
//! Requests arrive on a bounded channel. One thread takes all that are waiting, without waiting for more, and decides
//! them in order of arrival in one transaction: while one commit is on its way, the next batch gathers. When a batch
//! fails as a whole, its checks are decided one by one, so that none fails for its neighbours. A full channel is
//! answered at once: a bounded wait beats a long queue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use tokio::sync::oneshot;

use super::api::shapes::{LimitCheckIn, LimitCheckOut};
use super::model::{
    CreditBlock, CreditBlockStatus, LimitCheck, Outcome, Overdue, Reservation, ReservationStatus,
};
use super::rules::{self, Decision, Facts};
use super::store;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::exposure::actions::{self as exposure, AccountError};
use crate::book::exposure::model::{CreditAccount, Exposure};
use crate::book::exposure::store as accounts;
use crate::book::policy::actions as policies;
use crate::book::policy::model::Policy;
use crate::kernel::caller::Caller;
use crate::kernel::clock::Instant;
use crate::kernel::ids::{CreditAccountId, CreditBlockId, CustomerId, LimitCheckId, ReservationId};
use crate::kernel::places::Language;
use crate::platform::db::{Change, Database, Db, DbError, Tx, write_document};
use crate::platform::http::{Answer, Code, Ended, Kept, Problem};
use crate::platform::idempotency::{self, Claim, Keyed};

/// How many checks one transaction decides at most.
const BATCH_MAX: usize = 256;
/// How many checks may wait. More would wait longer than an order system does.
const QUEUE_MAX: usize = 4_096;

/// One check with who asks.
#[derive(Debug, Clone)]
pub struct Asked {
    pub caller: Caller,
    pub input: LimitCheckIn,
    pub keyed: Option<Keyed>,
    pub language: Language,
}

struct Waiting {
    asked: Asked,
    reply: oneshot::Sender<Result<Ended, Problem>>,
}

/// The desk's counter: cheap to clone.
#[derive(Clone)]
pub struct Desk {
    queue: SyncSender<Waiting>,
}

impl Desk {
    /// Opens the desk. Its thread ends when the last clone is dropped.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn open(database: Database, clerk: Caller) -> std::io::Result<Desk> {
        let (queue, waiting) = sync_channel(QUEUE_MAX);
        std::thread::Builder::new()
            .name("credit-desk".to_owned())
            .spawn(move || serve(&database, &clerk, &waiting))?;
        Ok(Desk { queue })
    }

    /// Puts a check into the queue and waits for its answer.
    ///
    /// # Errors
    /// 503 when the queue is full; what the check itself is refused for.
    pub async fn check(&self, asked: Asked) -> Result<Ended, Problem> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(Waiting { asked, reply })
            .map_err(|error| match error {
                TrySendError::Full(_) => Problem::new(Code::Overloaded),
                TrySendError::Disconnected(_) => Problem::internal("the credit desk is closed"),
            })?;
        answer
            .await
            .map_err(|_| Problem::internal("the credit desk dropped a check"))?
    }
}

/// The desk's thread.
fn serve(database: &Database, clerk: &Caller, waiting: &Receiver<Waiting>) {
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        // A caller that gave up costs nothing.
        batch.retain(|waiting| !waiting.reply.is_closed());
        let (asked, replies): (Vec<Asked>, Vec<_>) = batch
            .into_iter()
            .map(|waiting| (waiting.asked, waiting.reply))
            .unzip();
        for (reply, answer) in replies
            .into_iter()
            .zip(decide_batch(database, clerk, &asked))
        {
            // The caller may have gone meanwhile; the decision stands, and a retry with its key finds it.
            let _ = reply.send(answer);
        }
    }
}

fn decide_batch(
    database: &Database,
    clerk: &Caller,
    asked: &[Asked],
) -> Vec<Result<Ended, Problem>> {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        database.maintain(clerk, |tx| check_all(tx, asked))
    }));
    match caught {
        Ok(Ok(answers)) => answers,
        Ok(Err(error)) if asked.len() > 1 => {
            tracing::info!(%error, checks = asked.len(), "a batch failed; its checks are decided one by one");
            asked
                .iter()
                .flat_map(|one| decide_batch(database, clerk, std::slice::from_ref(one)))
                .collect()
        }
        Ok(Err(error)) => vec![Err(error.into())],
        Err(_) => asked
            .iter()
            .map(|_| Err(Problem::internal("the credit desk panicked")))
            .collect(),
    }
}

/// Decides checks in order, in the transaction at hand, and records them. The answers come in the same order.
///
/// # Errors
/// When the database fails; what is wrong with one check is its own answer.
pub fn check_all(tx: &mut Tx, asked: &[Asked]) -> Result<Vec<Result<Ended, Problem>>, DbError> {
    let mut batch = Batch::load(tx, asked)?;
    let answers: Vec<Result<Ended, Problem>> = asked
        .iter()
        .map(|one| batch.answer(one, tx.now()))
        .collect::<Result<_, DbError>>()?;
    batch.save(tx, asked, &answers)?;
    Ok(answers)
}

/// Decides one check without recording anything.
///
/// # Errors
/// What the check is refused for.
pub fn dry_run(db: &mut Db, asked: &Asked) -> Result<LimitCheckOut, Problem> {
    let mut batch = Batch::read(db, std::slice::from_ref(asked))?;
    let now = db.clock().now();
    batch.decide(asked, now)?.map(|decided| decided.out)
}

/// What a batch of checks knows and does.
struct Batch {
    policy: Policy,
    today: chrono::NaiveDate,
    known: Vec<(idempotency::Scope, Claim)>,
    customers: Vec<Customer>,
    /// Each customer's account and those of its ancestors.
    lines: BTreeMap<CustomerId, (CreditAccountId, Vec<CreditAccountId>)>,
    /// The accounts as they are with the reservations of this batch.
    accounts: BTreeMap<CreditAccountId, CreditAccount>,
    blocked: BTreeSet<CreditAccountId>,
    overdue: BTreeMap<CustomerId, Vec<Overdue>>,
    /// Open reservations of the orders that are asked about, those of this batch included.
    open_reservations: Vec<Reservation>,
    open_blocks: Vec<CreditBlock>,
    // What is to be written.
    checks: Vec<LimitCheck>,
    reservations: Vec<Reservation>,
    blocks: Vec<CreditBlock>,
    changes: Vec<(Caller, Change)>,
}

/// A check that was decided.
struct Decided {
    out: LimitCheckOut,
}

impl Batch {
    /// Loads what the checks need, with the accounts of those that reserve locked.
    fn load(tx: &mut Tx, asked: &[Asked]) -> Result<Batch, DbError> {
        let keys: Vec<(&idempotency::Scope, &str)> = asked
            .iter()
            .filter_map(|one| one.keyed.as_ref())
            .map(|keyed| (&keyed.scope, keyed.fingerprint.as_str()))
            .collect();
        let known = idempotency::find_all(tx, &keys)?;
        let customers = find_customers(tx, asked)?;
        let reserving: BTreeSet<CustomerId> = asked
            .iter()
            .filter(|one| one.input.reserves())
            .filter_map(|one| find_customer(&customers, &one.input.customer()))
            .map(|customer| customer.id)
            .collect();
        let mut locked = exposure::lock_all(tx, &reserving)?;
        let others = customers
            .iter()
            .map(|customer| customer.id)
            .filter(|id| !reserving.contains(id))
            .collect();
        locked.extend(exposure::read_all(tx, &others)?);
        Batch::assemble(tx, asked, known, customers, locked)
    }

    /// Loads what the checks need, with nothing locked.
    fn read(db: &mut Db, asked: &[Asked]) -> Result<Batch, DbError> {
        let customers = find_customers(db, asked)?;
        let everyone = customers.iter().map(|customer| customer.id).collect();
        let found = exposure::read_all(db, &everyone)?;
        Batch::assemble(db, asked, Vec::new(), customers, found)
    }

    fn assemble(
        db: &mut Db,
        asked: &[Asked],
        known: Vec<(idempotency::Scope, Claim)>,
        customers: Vec<Customer>,
        found: BTreeMap<CustomerId, exposure::Locked>,
    ) -> Result<Batch, DbError> {
        let ids: Vec<CustomerId> = customers.iter().map(|customer| customer.id).collect();
        let own: Vec<CreditAccountId> = found.values().map(|line| line.account.id).collect();
        let orders: Vec<&str> = asked.iter().filter_map(|one| one.input.order()).collect();
        let today = db.today();
        let mut overdue: BTreeMap<CustomerId, Vec<Overdue>> = BTreeMap::new();
        for (customer, row) in store::list_overdue(db, &ids, today)? {
            overdue.entry(customer).or_default().push(row);
        }
        let blocks = accounts::list_blocks(db, &own)?;
        let mut batch = Batch {
            policy: policies::live(db)?,
            today,
            known,
            lines: BTreeMap::new(),
            accounts: BTreeMap::new(),
            blocked: blocks.into_iter().map(|block| block.account_id).collect(),
            overdue,
            open_reservations: store::list_open_reservations(db, &ids, &orders)?,
            open_blocks: store::list_open_blocks(db, &ids, &orders)?,
            customers,
            checks: Vec::new(),
            reservations: Vec::new(),
            blocks: Vec::new(),
            changes: Vec::new(),
        };
        for (customer, line) in found {
            let above = line.ancestors.iter().map(|account| account.id).collect();
            batch.lines.insert(customer, (line.account.id, above));
            for account in std::iter::once(line.account).chain(line.ancestors) {
                batch.accounts.insert(account.id, account);
            }
        }
        Ok(batch)
    }

    /// The answer to one check: the stored one when its key is known, else a decision.
    fn answer(&mut self, asked: &Asked, now: Instant) -> Result<Result<Ended, Problem>, DbError> {
        if let Some(keyed) = &asked.keyed
            && let Some((_, claim)) = self.known.iter().find(|(scope, _)| *scope == keyed.scope)
        {
            return Ok(match claim {
                Claim::Kept(text) => serde_json::from_str(text)
                    .map(Ended::Replayed)
                    .map_err(Problem::internal),
                Claim::OtherRequest => Err(Problem::new(Code::IdempotencyKeyReused)),
                Claim::New | Claim::InProgress => Err(Problem::new(Code::RequestInProgress)),
            });
        }
        let refused = |problem: Problem| {
            if problem.is_business_refusal() {
                Ok(Ended::Fresh(Kept::Refusal(problem)))
            } else {
                Err(problem)
            }
        };
        Ok(match self.decide(asked, now)? {
            Ok(decided) => {
                Answer::ok(&decided.out).map(|answer| Ended::Fresh(Kept::Answer(answer)))
            }
            Err(problem) => refused(problem),
        })
    }

    /// Decides one check on the accounts as they stand after the checks before it, and takes what it takes.
    fn decide(&mut self, asked: &Asked, now: Instant) -> Result<Result<Decided, Problem>, DbError> {
        let subject = match self.subject(asked) {
            Ok(subject) => subject,
            Err(problem) => return Ok(Err(problem)),
        };
        let reserve_until = match self.reserve_until(&asked.input, now) {
            Ok(until) => until,
            Err(problem) => return Ok(Err(problem)),
        };
        let ancestors: Vec<CreditAccount> = subject
            .above
            .iter()
            .filter_map(|id| self.accounts.get(id).cloned())
            .collect();
        let Some(account) = self.accounts.get(&subject.account).cloned() else {
            return Ok(Err(AccountError::NoAccount.into()));
        };
        let facts = Facts {
            account: &account,
            ancestors: &ancestors,
            is_blocked: self.blocked.contains(&account.id),
            overdue: self
                .overdue
                .get(&subject.customer)
                .map_or(&[], Vec::as_slice),
            today: self.today,
        };
        let question = asked.input.question(subject.held_minor);
        let decision = rules::decide(&facts, &self.policy.document, &question);
        let record = write_document(&serde_json::json!({
            "input": asked.input, "overdue": facts.overdue, "is_blocked": facts.is_blocked, "today": self.today,
        }))?;
        let check = LimitCheckId::new();
        let reservation = self.take(
            asked,
            &account,
            &ancestors,
            &decision,
            check,
            reserve_until,
            now,
        );
        let block = self.open_block(asked, &account, &decision, check, reserve_until, now)?;
        let after = self.accounts.get(&account.id).unwrap_or(&account);
        let out = LimitCheckOut::new(
            (!asked.input.is_dry_run()).then_some(check),
            &decision,
            after,
            reservation.as_ref(),
            block.map(|block| block.id),
            self.policy.version,
            now,
            asked.language,
        );
        self.checks.push(LimitCheck {
            id: check,
            account_id: account.id,
            customer_id: subject.customer,
            order_number: asked.input.order().map(str::to_owned),
            checkpoint: question.checkpoint,
            currency: question.amount.currency(),
            amount_minor: question.amount.minor(),
            outcome: decision.outcome,
            policy_version: self.policy.version,
            request: record,
            answer: write_document(&out)?,
            checked_by: asked.caller.subject.to_string(),
            checked_at: now,
        });
        Ok(Ok(Decided { out }))
    }

    /// Whom the check is about, unless the caller may not see it or the order has what it asks for already.
    fn subject(&self, asked: &Asked) -> Result<Subject, Problem> {
        let caller = &asked.caller;
        let customer = find_customer(&self.customers, &asked.input.customer())
            .filter(|customer| {
                !caller.sees_only_own() || customer.owner.as_ref() == Some(&caller.subject)
            })
            .ok_or_else(|| Problem::not_found("customer"))?;
        let (account, above) = self
            .lines
            .get(&customer.id)
            .ok_or(AccountError::NoAccount)?;
        let same_order = |order: &str, purpose: &str| {
            asked.input.order() == Some(order) && asked.input.purpose() == purpose
        };
        let reservation = self
            .open_reservations
            .iter()
            .find(|r| r.customer_id == customer.id && same_order(&r.order_number, &r.purpose));
        let block = self
            .open_blocks
            .iter()
            .find(|b| b.customer_id == customer.id && same_order(&b.order_number, &b.purpose));
        if asked.input.reserves()
            && let Some(order_number) = asked.input.order()
        {
            if let Some(reservation) = reservation {
                return Err(Problem::new(Code::ReservationExists)
                    .with("order_number", order_number)
                    .with("existing_id", reservation.id));
            }
            if let Some(block) = block {
                return Err(Problem::new(Code::CreditBlockExists)
                    .with("order_number", order_number)
                    .with("existing_id", block.id));
            }
        }
        Ok(Subject {
            customer: customer.id,
            account: *account,
            above: above.clone(),
            held_minor: reservation.map_or(0, Reservation::remaining_minor),
        })
    }

    /// Until when the reservation shall hold.
    fn reserve_until(&self, input: &LimitCheckIn, now: Instant) -> Result<Instant, Problem> {
        until(&self.policy, input.reserve_until, now)
    }

    /// Takes the capacity when the check reserves and passes.
    #[expect(
        clippy::too_many_arguments,
        reason = "a reservation is made of all of these"
    )]
    fn take(
        &mut self,
        asked: &Asked,
        account: &CreditAccount,
        ancestors: &[CreditAccount],
        decision: &Decision,
        check: LimitCheckId,
        expires_at: Instant,
        now: Instant,
    ) -> Option<Reservation> {
        let net_minor = asked.input.question(0).net_minor();
        let order_number = asked.input.order()?;
        if !asked.input.reserves() || !decision.outcome.is_approved() || net_minor <= 0 {
            return None;
        }
        let reservation = Reservation {
            id: ReservationId::new(),
            account_id: account.id,
            customer_id: account.customer_id,
            check_id: check,
            order_number: order_number.to_owned(),
            purpose: asked.input.purpose().to_owned(),
            currency: account.currency,
            amount_minor: net_minor,
            captured_minor: 0,
            status: ReservationStatus::Active,
            expires_at,
            created_by: asked.caller.subject.to_string(),
            created_at: now,
            ended_at: None,
            end_reason: None,
            version: 1,
        };
        for id in std::iter::once(account.id).chain(ancestors.iter().map(|ancestor| ancestor.id)) {
            if let Some(touched) = self.accounts.get_mut(&id) {
                touched.group_reserved_minor =
                    touched.group_reserved_minor.saturating_add(net_minor);
                if id == account.id {
                    touched.reserved_minor = touched.reserved_minor.saturating_add(net_minor);
                }
            }
        }
        let change = Change::new("reservation.created", reservation.id).after(&reservation);
        self.changes.push((asked.caller.clone(), change));
        self.open_reservations.push(reservation.clone());
        self.reservations.push(reservation.clone());
        Some(reservation)
    }

    /// Opens a credit block when the check would reserve and credit must look at it.
    fn open_block(
        &mut self,
        asked: &Asked,
        account: &CreditAccount,
        decision: &Decision,
        check: LimitCheckId,
        reserve_until: Instant,
        now: Instant,
    ) -> Result<Option<CreditBlock>, DbError> {
        let net_minor = asked.input.question(0).net_minor();
        let Some(order_number) = asked.input.order() else {
            return Ok(None);
        };
        if !asked.input.reserves() || decision.outcome != Outcome::ReviewRequired || net_minor <= 0
        {
            return Ok(None);
        }
        let block = CreditBlock {
            id: CreditBlockId::new(),
            check_id: check,
            account_id: account.id,
            customer_id: account.customer_id,
            order_number: order_number.to_owned(),
            purpose: asked.input.purpose().to_owned(),
            currency: account.currency,
            amount_minor: net_minor,
            reserve_until,
            status: CreditBlockStatus::Open,
            reasons: write_document(&decision.reasons)?,
            opened_by: asked.caller.subject.to_string(),
            opened_at: now,
            decided_by: None,
            decided_at: None,
            decision_reason: None,
            reservation_id: None,
            version: 1,
        };
        let change = Change::new("credit_block.opened", block.id).after(&block);
        self.changes.push((asked.caller.clone(), change));
        self.open_blocks.push(block.clone());
        self.blocks.push(block.clone());
        Ok(Some(block))
    }

    /// Writes all that the batch decided, in a handful of statements.
    fn save(
        self,
        tx: &mut Tx,
        asked: &[Asked],
        answers: &[Result<Ended, Problem>],
    ) -> Result<(), DbError> {
        store::insert_checks(tx, &self.checks)?;
        store::insert_reservations(tx, &self.reservations)?;
        store::insert_blocks(tx, &self.blocks)?;
        let mut movements: BTreeMap<CreditAccountId, accounts::Movement> = BTreeMap::new();
        for reservation in &self.reservations {
            let taken = Exposure::reserved(reservation.amount_minor);
            let Some((own, above)) = self.lines.get(&reservation.customer_id) else {
                continue;
            };
            let movement = movements.entry(*own).or_default();
            movement.own += taken;
            movement.group += taken;
            for ancestor in above {
                movements.entry(*ancestor).or_default().group += taken;
            }
        }
        accounts::add_movements(tx, &movements)?;
        tx.record_for(&self.changes)?;
        let mut kept = Vec::new();
        for (one, answer) in asked.iter().zip(answers) {
            if let (Some(keyed), Ok(Ended::Fresh(answer))) = (&one.keyed, answer) {
                kept.push((
                    &keyed.scope,
                    keyed.fingerprint.as_str(),
                    write_document(answer)?,
                ));
            }
        }
        idempotency::keep_all(tx, &kept)
    }
}

/// Whom a check is about.
struct Subject {
    customer: CustomerId,
    account: CreditAccountId,
    above: Vec<CreditAccountId>,
    /// What the order holds already.
    held_minor: i64,
}

/// Until when a reservation holds: as asked, within what the policy allows.
///
/// # Errors
/// When the instant is past, or later than the policy allows.
pub fn until(policy: &Policy, asked: Option<Instant>, now: Instant) -> Result<Instant, Problem> {
    let reservations = &policy.document.reservations;
    let days = |days: i32| now.plus(chrono::Duration::days(i64::from(days)));
    let Some(asked) = asked else {
        return Ok(days(reservations.days_default));
    };
    if asked <= now {
        return Err(Problem::invalid(
            "/reserve_until",
            "past",
            "must lie in the future",
        ));
    }
    if asked > days(reservations.days_max) {
        let message = format!(
            "must be within {} days, as the policy has it",
            reservations.days_max
        );
        return Err(Problem::invalid("/reserve_until", "too_late", message));
    }
    Ok(asked)
}

fn find_customers(db: &mut Db, asked: &[Asked]) -> Result<Vec<Customer>, DbError> {
    let references: Vec<CustomerRef> = asked.iter().map(|one| one.input.customer()).collect();
    let ids: Vec<CustomerId> = references
        .iter()
        .filter_map(|reference| match reference {
            CustomerRef::Id(id) => Some(*id),
            CustomerRef::Number(_) => None,
        })
        .collect();
    let numbers: Vec<&str> = references
        .iter()
        .filter_map(|reference| match reference {
            CustomerRef::Id(_) => None,
            CustomerRef::Number(number) => Some(number.as_str()),
        })
        .collect();
    let mut found = Vec::new();
    if !ids.is_empty() {
        found.extend(customers::list_by_ids(db, &ids)?);
    }
    if !numbers.is_empty() {
        found.extend(customers::list_by_numbers(db, &numbers)?);
    }
    found.sort_by_key(|customer| customer.id);
    found.dedup_by_key(|customer| customer.id);
    Ok(found)
}

fn find_customer<'a>(customers: &'a [Customer], reference: &CustomerRef) -> Option<&'a Customer> {
    customers.iter().find(|customer| match reference {
        CustomerRef::Id(id) => customer.id == *id,
        CustomerRef::Number(number) => customer.number == *number,
    })
}
