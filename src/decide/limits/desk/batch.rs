//! A batch of checks: what is loaded for them, how they are decided in order, and what is written.

mod saving;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use super::book::Book;
use super::memory::Memory;
use super::orders::{Examined, Orders, Subject};
use super::prefetch::{Locking, Opened};
use super::{Answered, Asked, Errand, Told, prefetch, stored, until};
use crate::book::exposure::actions::AccountError;
use crate::book::exposure::actions::bounds::ForOrder;
use crate::book::exposure::model::Exposure;
use crate::book::exposure::rules as exposure_rules;
use crate::book::policy::actions as policies;
use crate::book::policy::model::Policy;
use crate::decide::limits::facts::Credit;
use crate::decide::limits::model::{
    CreditBlock, CreditBlockStatus, LimitCheck, Outcome, Reservation, ReservationStatus,
};
use crate::decide::limits::record::{Decided, Record, Taken};
use crate::decide::limits::rules;
use crate::platform::db::{
    AtOnce, Change, Db, DbError, RowVersion, Tx, write_document, write_hot_document,
};
use crate::platform::http::{Ended, Problem};
use kernel::caller::Caller;
use kernel::clock::{Clock, Instant};
use kernel::ids::{
    CreditAccountId, CreditBlockId, CustomerId, IdempotencyKeyId, LimitCheckId, PolicyId,
    ReservationId,
};
use kernel::money::SumTooLarge;

/// What a batch of checks knows, and what it is to write.
pub struct Batch {
    policy: Arc<Policy>,
    policy_id: Option<PolicyId>,
    clock: Clock,
    now: Instant,
    today: NaiveDate,
    /// The answers to checks whose keys were used before.
    replays: HashMap<IdempotencyKeyId, Answered>,
    /// The checks that were recorded under keys.
    recorded: HashMap<IdempotencyKeyId, LimitCheckId>,
    book: Book,
    orders: Orders,
    checks: Vec<LimitCheck>,
    changes: Vec<(Arc<Caller>, Change)>,
    /// What the accounts were marked with when they were read, where they are not locked; and whether nobody has looked
    /// since.
    marks: BTreeMap<CreditAccountId, RowVersion>,
    is_from_memory: bool,
    /// Those whose orders were not looked for, and whether one of them was answered by something else than a new
    /// reservation, which alone shows that its order had none.
    believed: BTreeSet<CustomerId>,
    is_in_doubt: bool,
}

impl Batch {
    /// Loads what the checks need, with the accounts of those that reserve locked.
    pub fn load(tx: &mut Tx, asked: &[Asked]) -> Result<Batch, DbError> {
        Batch::load_with(tx, asked, &mut Memory::default(), Locking::Reserving)
    }

    /// Loads what the checks need, with the accounts of those that reserve locked, or from memory.
    pub fn load_with(
        tx: &mut Tx,
        asked: &[Asked],
        memory: &mut Memory,
        locking: Locking,
    ) -> Result<Batch, DbError> {
        let (now, today) = (tx.now(), tx.today());
        let opened = prefetch::open(tx, asked, memory, locking, today)?;
        let used = opened.standing.keys.clone();
        let mut batch = Batch::new(tx, asked, opened, now, today)?;
        batch.replays = stored::replay(tx, asked, &used)?;
        Ok(batch)
    }

    /// Loads what the checks need, with nothing locked.
    pub fn read(db: &mut Db, asked: &[Asked]) -> Result<Batch, DbError> {
        let now = db.clock().now();
        let today = db.clock().day_of(now);
        let nothing = &mut Memory::default();
        let opened = prefetch::open(db, asked, nothing, Locking::Nothing, today)?;
        Batch::new(db, asked, opened, now, today)
    }

    /// Loads what the checks need, with nothing locked, to be written by [`Batch::save_at_once`]; none when the checks
    /// ask for more than that can write.
    pub fn load_at_once(
        unit: &mut AtOnce,
        asked: &[Asked],
        memory: &mut Memory,
        locking: Locking,
    ) -> Result<Option<Batch>, DbError> {
        let now = unit.now();
        let today = unit.clock().day_of(now);
        let opened = prefetch::open(unit, asked, memory, locking, today)?;
        if opened.standing.has_caps || !opened.standing.keys.is_empty() {
            return Ok(None);
        }
        Batch::new(unit, asked, opened, now, today).map(Some)
    }

    fn new(
        db: &mut Db,
        asked: &[Asked],
        mut opened: Opened,
        now: Instant,
        today: NaiveDate,
    ) -> Result<Batch, DbError> {
        let policy_id = opened.standing.live_policy;
        let policy = policies::known(db, policy_id)?;
        let orders = Orders::read(db, asked, &opened)?;
        let marks = std::mem::take(&mut opened.marks);
        let is_from_memory = opened.is_from_memory;
        let believed = std::mem::take(&mut opened.believed);
        Ok(Batch {
            book: Book::new(db, opened, &policy.document, asked, today)?,
            policy,
            policy_id,
            clock: db.clock().clone(),
            now,
            today,
            replays: HashMap::new(),
            recorded: HashMap::new(),
            orders,
            checks: Vec::new(),
            changes: Vec::new(),
            marks,
            is_from_memory,
            believed,
            is_in_doubt: false,
        })
    }

    /// Whether the answers are not final, because who looks up what stands for the orders may find something else.
    pub const fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }

    /// The answers to checks, in this order.
    pub fn answer_all(&mut self, asked: &[Asked]) -> Result<Vec<Answered>, DbError> {
        asked.iter().map(|one| self.answer(one)).collect()
    }

    /// The answer to one check: the stored one when its key is known, else a decision.
    fn answer(&mut self, asked: &Asked) -> Result<Answered, DbError> {
        let key = asked.keyed.as_ref().map(|keyed| keyed.id);
        if let Some(answer) = key.and_then(|key| self.replays.remove(&key)) {
            return Ok(answer);
        }
        Ok(match self.decide(asked)? {
            Ok(decided) => {
                if let (Some(key), Some(check)) = (key, decided.id) {
                    self.recorded.insert(key, check);
                }
                let decided = Box::new(decided);
                Ok(Ended::Fresh(Told::Decision(decided, asked.language)))
            }
            Err(problem) if problem.is_business_refusal() => {
                Ok(Ended::Fresh(Told::Refusal(problem)))
            }
            Err(problem) => Err(problem),
        })
    }

    /// Decides one check on the accounts as they stand after the checks before it, and takes what it takes.
    fn decide(&mut self, asked: &Asked) -> Result<Result<Decided, Problem>, DbError> {
        self.expire_due(asked);
        let mut examined = match self.examine(asked) {
            Ok(examined) => examined,
            Err(problem) => return Ok(Err(problem)),
        };
        if asked.input.is_dry_run() {
            return Ok(Ok(self.decided(asked, examined)));
        }
        let outcome = examined.record.decision.outcome;
        let takes = outcome.is_approved() && examined.net_minor() > 0;
        self.is_in_doubt |=
            asked.input.reserves() && !takes && self.believed.contains(&examined.subject.customer);
        if asked.input.reserves() && examined.net_minor() > 0 {
            if outcome.is_approved() {
                self.take(asked, &mut examined);
            } else if outcome == Outcome::ReviewRequired {
                self.open_block(asked, &mut examined)?;
            }
        }
        self.note(asked, &examined)?;
        Ok(Ok(self.decided(asked, examined)))
    }

    /// Ends the reservation of an order that is to be reserved anew, when its time is past and nobody has swept it yet.
    fn expire_due(&mut self, asked: &Asked) {
        if asked.errand != Errand::Check || !asked.input.reserves() {
            return;
        }
        let Some(customer) = self.book.customer(&asked.input.customer()) else {
            return;
        };
        let is_due = |reservation: &Reservation| {
            reservation.customer_id == customer.id
                && asked.input.order() == Some(reservation.order_number.as_str())
                && asked.input.purpose() == reservation.purpose
                && reservation.status_at(self.now) == ReservationStatus::Expired
        };
        let Some(at) = self.orders.reservations.iter().position(is_due) else {
            return;
        };
        let before = self.orders.reservations.swap_remove(at);
        let held = before.remaining_minor();
        let after = Reservation {
            status: ReservationStatus::Expired,
            ended_at: Some(self.now),
            ..before.clone()
        };
        let change = Change::new("reservation.expired", after.id);
        self.record(asked, change.before(&before).after(&after));
        self.book.take(after.account_id, held.saturating_neg());
        let taken = self.orders.taken.entry(after.account_id).or_default();
        *taken = taken.saturating_sub(held);
        self.orders.expired.push(after);
    }

    /// Makes the check of an order that waits for credit again, and takes what it asks for when it passes.
    pub fn release_if_it_passes(&mut self, asked: &Asked) -> Result<bool, DbError> {
        let Ok(mut examined) = self.examine(asked) else {
            return Ok(false);
        };
        if !examined.record.decision.outcome.is_approved() {
            return Ok(false);
        }
        self.take(asked, &mut examined);
        self.note(asked, &examined)?;
        Ok(true)
    }

    /// Looks at a check: what it asks, what is known, what the rules say.
    ///
    /// # Errors
    /// What the check is refused for.
    pub fn examine(&self, asked: &Asked) -> Result<Examined, Problem> {
        let (subject, expires_at) = self.admit(asked)?;
        let account = self
            .book
            .account(subject.account)
            .ok_or(AccountError::NoAccount)?;
        let order = ForOrder {
            number: asked.input.order(),
            is_reserved: subject.reservation.is_some(),
        };
        let facts = self
            .book
            .facts(account, &asked.input, order, &self.clock, self.today)
            .ok_or(AccountError::NoAccount)?;
        let question = asked.input.question(subject.reservation.as_ref());
        let credit = facts.credit(&question);
        if credit.is_some_and(|credit| !rules::has_room(&facts, credit)) {
            return Err(Problem::from(DbError::from(SumTooLarge)));
        }
        let is_allowed_already =
            credit.is_some_and(|credit| self.is_allowed_already(asked, &subject, credit));
        let decision = if is_allowed_already {
            rules::pass(&facts, &self.policy.document, &question)
        } else {
            rules::decide(&facts, &self.policy.document, &question)
        };
        let own = facts.nodes.first().map(|node| node.exposure);
        Ok(Examined {
            check: LimitCheckId::at(self.now),
            subject,
            expires_at,
            record: Record {
                included_minor: exposure_rules::included(
                    own.unwrap_or_default(),
                    &self.policy.document,
                ),
                question,
                facts,
                is_allowed_already,
                decision,
                reservation: None,
                credit_block: None,
            },
        })
    }

    /// Whether nobody needs to ask: an order that comes to less, or to no more than credit released it for.
    fn is_allowed_already(&self, asked: &Asked, subject: &Subject, credit: Credit) -> bool {
        let (Errand::Amend(_), Some(reservation)) = (asked.errand, &subject.reservation) else {
            return false;
        };
        let is_released = self.orders.releases.iter().any(|released| {
            released.customer_id == subject.customer
                && released.order_number == reservation.order_number
                && released.purpose == reservation.purpose
                && released.release_valid_until >= Some(self.today)
                && released.ceiling_minor >= Some(credit.amount_minor)
        });
        is_released || credit.net_minor <= reservation.remaining_minor()
    }

    /// Notes the check, to be written with the batch.
    fn note(&mut self, asked: &Asked, examined: &Examined) -> Result<(), DbError> {
        let record = &examined.record;
        self.checks.push(LimitCheck {
            id: examined.check,
            account_id: examined.subject.account,
            customer_id: examined.subject.customer,
            order_number: asked.input.order().map(str::to_owned),
            checkpoint: record.question.checkpoint,
            currency: record.question.amount.currency(),
            amount_minor: record.question.amount.minor(),
            outcome: record.decision.outcome,
            policy_version: self.policy.version,
            record: write_hot_document(record)?,
            checked_by: asked.caller.subject.to_string(),
            checked_at: self.now,
        });
        Ok(())
    }

    fn decided(&self, asked: &Asked, examined: Examined) -> Decided {
        Decided {
            id: (!asked.input.is_dry_run()).then_some(examined.check),
            account: examined.subject.account,
            policy_version: self.policy.version,
            checked_at: self.now,
            record: examined.record,
        }
    }

    /// Whom the check is about and until when it would reserve, unless the caller may not see it, or the order's
    /// state does not allow what is asked.
    fn admit(&self, asked: &Asked) -> Result<(Subject, Instant), Problem> {
        let expires_at = until(&self.policy, asked.input.reserve_until, self.now)?;
        let customer = self
            .book
            .customer(&asked.input.customer())
            .filter(|customer| {
                !asked.caller.sees_only_own()
                    || customer.owner.as_ref() == Some(&asked.caller.subject)
            })
            .ok_or_else(|| Problem::not_found("customer"))?;
        let account = self
            .book
            .account_of(customer.id)
            .ok_or(AccountError::NoAccount)?;
        let same_order = |customer_id, order: &str, purpose: &str| {
            customer_id == customer.id
                && asked.input.order() == Some(order)
                && asked.input.purpose() == purpose
        };
        let reservation = self
            .orders
            .reservations
            .iter()
            .find(|r| same_order(r.customer_id, &r.order_number, &r.purpose))
            // To a plain check it is its order's as long as it counts.
            .filter(|r| !asked.input.reserves() || r.status_at(self.now).is_open());
        let block = self
            .orders
            .blocks
            .iter()
            .find(|b| same_order(b.customer_id, &b.order_number, &b.purpose));
        let subject = Subject {
            customer: customer.id,
            account,
            reservation: reservation.cloned(),
            block: block.cloned(),
        };
        subject.check(asked)?;
        Ok((subject, expires_at))
    }

    /// Takes the capacity: a new reservation, or the order's own with another amount. A credit block that the order
    /// waited at needs nobody any more.
    pub fn take(&mut self, asked: &Asked, examined: &mut Examined) {
        let taken = self.reserve(asked, examined);
        if let Some(before) = &examined.subject.block {
            let after = CreditBlock {
                status: CreditBlockStatus::AutoReleased,
                decided_by: Some(asked.caller.subject.to_string()),
                decided_at: Some(self.now),
                reservation_id: Some(taken),
                ..before.clone()
            };
            let change = Change::new("credit_block.auto_released", after.id);
            self.decide_block(asked, change, before, after);
        }
    }

    /// Takes the capacity because a person says so, whatever the rules said.
    pub fn release(
        &mut self,
        asked: &Asked,
        examined: &mut Examined,
        decided: &CreditBlock,
        reason: &str,
    ) -> Result<CreditBlock, DbError> {
        let taken = self.reserve(asked, examined);
        self.note(asked, examined)?;
        let after = CreditBlock {
            reservation_id: Some(taken),
            ..decided.clone()
        };
        let change = Change::new("credit_block.released", after.id).because(reason);
        if let Some(before) = &examined.subject.block {
            self.decide_block(asked, change, before, after.clone());
        }
        Ok(after)
    }

    fn reserve(&mut self, asked: &Asked, examined: &mut Examined) -> ReservationId {
        let net = examined.net_minor();
        let (reservation, added) = if let Some(before) = &examined.subject.reservation {
            let mut after = before.clone();
            after.amount_minor = net.saturating_add(before.captured_minor);
            let change = Change::new("reservation.amended", after.id);
            self.record(asked, change.before(before).after(&after));
            self.orders.amend(&after);
            (after, net.saturating_sub(before.remaining_minor()))
        } else {
            let reservation = Reservation {
                id: Reservation::id_of(examined.check),
                account_id: examined.subject.account,
                customer_id: examined.subject.customer,
                order_number: asked.input.order().unwrap_or_default().to_owned(),
                purpose: asked.input.purpose().to_owned(),
                currency: examined.record.facts.currency,
                amount_minor: net,
                captured_minor: 0,
                status: ReservationStatus::Active,
                expires_at: examined.expires_at,
                // Whoever made the order wait has it reserved, whoever or whatever released it.
                created_by: examined.subject.block.as_ref().map_or_else(
                    || asked.caller.subject.to_string(),
                    |block| block.opened_by.clone(),
                ),
                created_at: self.now,
                ended_at: None,
                end_reason: None,
                version: 1,
            };
            let change = Change::new("reservation.created", reservation.id);
            self.record(asked, change.after(&reservation));
            self.orders.reservations.push(reservation.clone());
            self.orders.new_reservations.push(reservation.clone());
            (reservation, net)
        };
        let account = examined.subject.account;
        self.consume(asked, examined.subject.customer);
        self.book.take(account, added);
        *self.orders.taken.entry(account).or_default() += added;
        examined.record.reservation = Some(Taken::new(&reservation, added));
        let own = examined.record.facts.nodes.first();
        examined.record.included_minor = exposure_rules::included(
            own.map(|node| node.exposure).unwrap_or_default() + Exposure::reserved(added),
            &self.policy.document,
        );
        reservation.id
    }

    /// Has a change written into the trail, as made by whoever asked.
    fn record(&mut self, asked: &Asked, change: Change) {
        self.changes.push((Arc::clone(&asked.caller), change));
    }

    /// Uses up the one-time limits that are for the order.
    fn consume(&mut self, asked: &Asked, customer: CustomerId) {
        let Some(order) = asked.input.order() else {
            return;
        };
        let by = asked.caller.subject.as_str();
        for (before, after) in self.book.consume(customer, order, by, self.now) {
            let change = Change::new("additional_limit.consumed", after.id);
            self.record(asked, change.before(&before).after(&after));
            self.orders.consumed.push(after);
        }
    }

    fn decide_block(
        &mut self,
        asked: &Asked,
        change: Change,
        before: &CreditBlock,
        after: CreditBlock,
    ) {
        self.record(asked, change.before(before).after(&after));
        self.orders.blocks.retain(|block| block.id != after.id);
        self.orders.decided_blocks.push(after);
    }

    /// Opens a credit block for an order that credit must look at; one that waits already goes on waiting.
    fn open_block(&mut self, asked: &Asked, examined: &mut Examined) -> Result<(), DbError> {
        if let Some(waiting) = &examined.subject.block {
            examined.record.credit_block = Some(waiting.id);
            return Ok(());
        }
        let captured = examined.record.question.captured_minor;
        let block = CreditBlock {
            id: CreditBlockId::new(),
            check_id: examined.check,
            account_id: examined.subject.account,
            customer_id: examined.subject.customer,
            order_number: asked.input.order().unwrap_or_default().to_owned(),
            purpose: asked.input.purpose().to_owned(),
            currency: examined.record.facts.currency,
            amount_minor: examined.net_minor().saturating_add(captured),
            reserve_until: examined.expires_at,
            status: CreditBlockStatus::Open,
            reasons: write_document(&examined.record.decision.reasons)?,
            opened_by: asked.caller.subject.to_string(),
            opened_at: self.now,
            assigned_to: None,
            decided_by: None,
            decided_at: None,
            decision_reason: None,
            ceiling_minor: None,
            release_valid_until: None,
            release_request: None,
            release_requested_by: None,
            release_requested_at: None,
            promised_on: None,
            reservation_id: None,
            version: 1,
        };
        let change = Change::new("credit_block.opened", block.id).after(&block);
        self.record(asked, change);
        examined.record.credit_block = Some(block.id);
        // Nothing is taken, but whoever decides on the account now must see that an order waits.
        self.orders.taken.entry(block.account_id).or_default();
        self.orders.blocks.push(block.clone());
        self.orders.new_blocks.push(block);
        Ok(())
    }
}
