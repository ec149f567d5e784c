//! A batch of checks: what is loaded for them, how they are decided in order, and what is written.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, until};
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::exposure::actions::{self as exposure, AccountError};
use crate::book::exposure::model::{CreditAccount, Exposure};
use crate::book::exposure::store as accounts;
use crate::book::policy::actions as policies;
use crate::book::policy::model::Policy;
use crate::decide::limits::api::shapes::{LimitCheckIn, LimitCheckOut};
use crate::decide::limits::model::{
    CreditBlock, CreditBlockStatus, LimitCheck, Outcome, Overdue, Reservation, ReservationStatus,
};
use crate::decide::limits::rules::{self, Decision, Facts};
use crate::decide::limits::store;
use crate::kernel::caller::Caller;
use crate::kernel::clock::Instant;
use crate::kernel::ids::{CreditAccountId, CreditBlockId, CustomerId, LimitCheckId, ReservationId};
use crate::platform::db::{Change, Db, DbError, Tx, write_document};
use crate::platform::http::{Answer, Code, Ended, Kept, Problem};
use crate::platform::idempotency::{self, Claim};

/// What a batch of checks knows and does.
pub struct Batch {
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
pub struct Decided {
    pub out: LimitCheckOut,
}

impl Batch {
    /// Loads what the checks need, with the accounts of those that reserve locked.
    pub fn load(tx: &mut Tx, asked: &[Asked]) -> Result<Batch, DbError> {
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
    pub fn read(db: &mut Db, asked: &[Asked]) -> Result<Batch, DbError> {
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
    pub fn answer(
        &mut self,
        asked: &Asked,
        now: Instant,
    ) -> Result<Result<Ended, Problem>, DbError> {
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
    pub fn decide(
        &mut self,
        asked: &Asked,
        now: Instant,
    ) -> Result<Result<Decided, Problem>, DbError> {
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
    pub fn save(
        self,
        tx: &mut Tx,
        asked: &[Asked],
        answers: &[Result<Ended, Problem>],
    ) -> Result<(), DbError> {
        store::insert_checks(tx, &self.checks)?;
        tx.is_its_own_record();
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
