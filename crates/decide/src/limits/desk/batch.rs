//! A batch of checks: what is loaded for them, how they are decided in order, and what is written.

mod saving;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use super::book::Book;
use super::memory::Memory;
use super::orders::Orders;
use super::prefetch::{self, Access, Prefetched};
use super::stored;
use super::{Answered, CheckRequest, Reply};
use crate::book::exposure::actions::bounds::ForOrder;
use crate::book::policy::actions as policies;
use crate::book::policy::model::Policy;
use crate::decide::limits::check::{
    self, CheckError, CheckKind, Effect, Examined, OrderState, Snapshot,
};
use crate::decide::limits::model::{CreditBlock, LimitCheck, Reservation, ReservationStatus};
use crate::decide::limits::record::Decided;
use crate::platform::db::{
    AtOnce, Change, Db, DbError, RowVersion, Tx, write_document, write_hot_document,
};
use crate::platform::http::Ended;
use kernel::caller::Caller;
use kernel::clock::{Clock, Instant};
use kernel::ids::{
    CreditAccountId, CreditBlockId, CustomerId, IdempotencyKeyId, LimitCheckId, PolicyId,
    ReservationId,
};

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
    row_versions: BTreeMap<CreditAccountId, RowVersion>,
    is_from_memory: bool,
    /// Those whose orders were not looked for, and whether one of them was answered by something else than a new
    /// reservation, which alone shows that its order had none.
    not_looked_up: BTreeSet<CustomerId>,
    is_in_doubt: bool,
    has_caps: bool,
    used_keys: usize,
}

impl Batch {
    /// Loads what the checks need, with the accounts of those that reserve locked.
    pub fn load(tx: &mut Tx, asked: &[CheckRequest]) -> Result<Batch, DbError> {
        Batch::load_with(tx, asked, &mut Memory::default())
    }

    /// [`Batch::load`] with who bears which number and who is above whom from memory.
    pub fn load_with(
        tx: &mut Tx,
        asked: &[CheckRequest],
        memory: &mut Memory,
    ) -> Result<Batch, DbError> {
        let today = tx.today();
        let prefetched = prefetch::open(Access::Locking(tx), asked, memory, today)?;
        Batch::in_transaction(tx, asked, prefetched)
    }

    /// Loads what the checks need from memory, in a transaction beside which nobody writes.
    pub fn load_as_only_writer(
        tx: &mut Tx,
        asked: &[CheckRequest],
        memory: &mut Memory,
    ) -> Result<Batch, DbError> {
        let today = tx.today();
        let prefetched = prefetch::open(Access::Memory(tx), asked, memory, today)?;
        Batch::in_transaction(tx, asked, prefetched)
    }

    fn in_transaction(
        tx: &mut Tx,
        asked: &[CheckRequest],
        prefetched: Prefetched,
    ) -> Result<Batch, DbError> {
        let (now, today) = (tx.now(), tx.today());
        let used = prefetched.standing.keys.clone();
        let mut batch = Batch::new(tx, asked, prefetched, now, today)?;
        batch.replays = stored::replay(tx, asked, &used)?;
        Ok(batch)
    }

    /// Loads what the checks need, with nothing locked.
    pub fn read(db: &mut Db, asked: &[CheckRequest]) -> Result<Batch, DbError> {
        let now = db.clock().now();
        Batch::read_at(db, asked, now)
    }

    /// [`Batch::read`], to be decided at an instant.
    pub fn read_at(db: &mut Db, asked: &[CheckRequest], now: Instant) -> Result<Batch, DbError> {
        let today = db.clock().day_of(now);
        let nothing = &mut Memory::default();
        let prefetched = prefetch::open(Access::Reading(db), asked, nothing, today)?;
        Batch::new(db, asked, prefetched, now, today)
    }

    /// Loads what the checks need, with nothing locked, to be written by [`Batch::save_at_once`]; none when the checks
    /// ask for more than that can write.
    pub fn load_at_once(
        unit: &mut AtOnce,
        asked: &[CheckRequest],
        memory: &mut Memory,
    ) -> Result<Option<Batch>, DbError> {
        let now = unit.now();
        let today = unit.clock().day_of(now);
        let prefetched = prefetch::open(Access::Memory(unit), asked, memory, today)?;
        if prefetched.standing.has_caps || !prefetched.standing.keys.is_empty() {
            return Ok(None);
        }
        Batch::new(unit, asked, prefetched, now, today).map(Some)
    }

    fn new(
        db: &mut Db,
        asked: &[CheckRequest],
        mut prefetched: Prefetched,
        now: Instant,
        today: NaiveDate,
    ) -> Result<Batch, DbError> {
        let policy_id = prefetched.standing.live_policy;
        let policy = policies::known(db, policy_id)?;
        let orders = Orders::read(db, asked, &prefetched)?;
        let row_versions = std::mem::take(&mut prefetched.row_versions);
        let is_from_memory = prefetched.is_from_memory;
        let not_looked_up = std::mem::take(&mut prefetched.not_looked_up);
        let has_caps = prefetched.standing.has_caps;
        let used_keys = prefetched.standing.keys.len();
        Ok(Batch {
            book: Book::new(db, prefetched, &policy.document, asked, today)?,
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
            row_versions,
            is_from_memory,
            not_looked_up,
            has_caps,
            used_keys,
            is_in_doubt: false,
        })
    }

    /// Whether the answers are not final, because who looks up what stands for the orders may find something else.
    pub const fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }

    /// The instant of the batch's decisions.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The customers whose accounts, or those of their groups, this batch moves.
    pub fn moved_customers(&self) -> Vec<CustomerId> {
        let movements = self.book.movements(&self.orders.taken);
        let beside = movements.balances.keys().map(|(id, _)| id);
        let moved = movements.accounts.keys().chain(beside);
        let customers = moved.filter_map(|id| Some(self.book.account(*id)?.customer_id));
        customers.collect()
    }

    /// The customers of all accounts that the batch was decided on.
    pub fn customers_with_accounts(&self) -> Vec<CustomerId> {
        self.book.customers_with_accounts()
    }

    /// The row versions with which the accounts were remembered.
    pub fn row_versions(&self) -> impl Iterator<Item = (&CreditAccountId, &RowVersion)> {
        self.row_versions.iter()
    }

    /// Whether another batch found what makes the write of this one fail: a key that was used, an order that is reserved,
    /// another policy, or caps that were set up.
    pub fn knows_less_than(&self, fresh: &Batch) -> bool {
        let was_not_looked_up =
            |reservation: &Reservation| self.not_looked_up.contains(&reservation.customer_id);
        fresh.used_keys > 0
            || fresh.has_caps != self.has_caps
            || fresh.policy_id != self.policy_id
            || fresh.orders.reservations.iter().any(was_not_looked_up)
    }

    /// The answers to checks, in this order.
    pub fn answer_all(&mut self, asked: &[CheckRequest]) -> Result<Vec<Answered>, DbError> {
        asked.iter().map(|one| self.answer(one)).collect()
    }

    /// The answer to one check: the stored one when its key is known, else a decision.
    fn answer(&mut self, asked: &CheckRequest) -> Result<Answered, DbError> {
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
                Ok(Ended::Fresh(Reply::Decision(decided, asked.language)))
            }
            Err(refusal) if refusal.is_final() => Ok(Ended::Fresh(Reply::Refusal(refusal))),
            Err(refusal) => Err(refusal.into()),
        })
    }

    /// Decides one check on the accounts as they stand after the checks before it, and takes what it takes.
    fn decide(&mut self, asked: &CheckRequest) -> Result<Result<Decided, CheckError>, DbError> {
        self.expire_due(asked);
        let mut examined = match self.examine(asked) {
            Ok(examined) => examined,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if asked.input.is_dry_run() {
            return Ok(Ok(self.decided(asked, examined)));
        }
        let effect = examined.effect(&asked.request());
        self.is_in_doubt |= asked.input.reserves()
            && effect != Effect::Reserve
            && self.not_looked_up.contains(&examined.order.customer);
        match effect {
            Effect::Reserve => self.take(asked, &mut examined),
            Effect::Wait => self.open_block(asked, &mut examined)?,
            Effect::Nothing => {}
        }
        self.note(asked, &examined)?;
        Ok(Ok(self.decided(asked, examined)))
    }

    /// Ends the reservation of an order that is to be reserved anew, when its time is past and nobody has swept it yet.
    fn expire_due(&mut self, asked: &CheckRequest) {
        if asked.kind != CheckKind::Check || !asked.input.reserves() {
            return;
        }
        let Some(customer) = self.book.customer(&asked.input.customer) else {
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
        let key = after.key();
        self.book.take(after.account_id, key, held.saturating_neg());
        let taken = self
            .orders
            .taken
            .entry((after.account_id, key))
            .or_default();
        *taken = taken.saturating_sub(held);
        self.orders.expired.push(after);
    }

    /// Makes the check of an order that waits for credit again, and takes what it asks for when it passes.
    pub fn release_if_it_passes(&mut self, asked: &CheckRequest) -> Result<bool, DbError> {
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

    /// Has the engine decide a check on what is known of it.
    ///
    /// # Errors
    /// What the check is refused for.
    pub fn examine(&self, asked: &CheckRequest) -> Result<Examined, CheckError> {
        let snapshot = self.snapshot(asked)?;
        let check = LimitCheckId::at(self.now);
        check::decide(check, &asked.request(), snapshot, &self.policy.document)
    }

    /// What is known of a check, unless the caller may not see its customer, or the order's state does not allow what is
    /// asked.
    fn snapshot(&self, asked: &CheckRequest) -> Result<Snapshot, CheckError> {
        let (order, expires_at) = self.admit(asked)?;
        let account = self.book.account(order.account);
        let account = account.ok_or(CheckError::NoAccount)?;
        let key = self
            .book
            .balance_of(account, &asked.input, order.reservation.as_ref())?;
        let for_order = ForOrder {
            key: Some(key),
            currency: Some(asked.input.amount.money().currency()),
            number: asked.input.order(),
            is_reserved: order.reservation.is_some(),
        };
        // Of an order that waits, the term was asked for on the day on which it began to wait.
        let is_again = matches!(
            asked.kind,
            CheckKind::Recheck(_) | CheckKind::RecheckAmendment(_)
        );
        let waits = order.block.as_ref().filter(|_| is_again);
        let asked_on = waits.map_or(self.today, |block| self.clock.day_of(block.opened_at));
        let order_of = (for_order, asked_on);
        let facts = self
            .book
            .facts(account, &asked.input, order_of, &self.clock, self.today)
            .ok_or(CheckError::NoAccount)?;
        Ok(Snapshot {
            order,
            facts,
            expires_at,
        })
    }

    /// Up to which amount credit released the order of a reservation, where it may grow so far today.
    fn ceiling(&self, reservation: &Reservation) -> Option<i64> {
        let releases = self.orders.releases.iter();
        releases
            .filter(|released| {
                released.customer_id == reservation.customer_id
                    && released.order_number == reservation.order_number
                    && released.purpose == reservation.purpose
                    && released.release_valid_until >= Some(self.today)
            })
            .filter_map(|released| released.ceiling_minor)
            .max()
    }

    /// Notes the check, to be written with the batch.
    fn note(&mut self, asked: &CheckRequest, examined: &Examined) -> Result<(), DbError> {
        let record = &examined.record;
        self.checks.push(LimitCheck {
            id: examined.check,
            account_id: examined.order.account,
            customer_id: examined.order.customer,
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

    fn decided(&self, asked: &CheckRequest, examined: Examined) -> Decided {
        Decided {
            id: (!asked.input.is_dry_run()).then_some(examined.check),
            account: examined.order.account,
            policy_version: self.policy.version,
            checked_at: self.now,
            record: examined.record,
        }
    }

    /// Whom the check is about and until when it would reserve, unless the caller may not see it, or the order's
    /// state does not allow what is asked.
    fn admit(&self, asked: &CheckRequest) -> Result<(OrderState, Instant), CheckError> {
        let policy = &self.policy.document;
        let expires_at = check::reserved_until(policy, asked.input.reserve_until, self.now)?;
        let customer = self
            .book
            .customer(&asked.input.customer)
            .filter(|customer| {
                !asked.caller.sees_only_own()
                    || customer.owner.as_ref() == Some(&asked.caller.subject)
            })
            .ok_or(CheckError::NoSuchCustomer)?;
        let account = self
            .book
            .account_of(customer.id)
            .ok_or(CheckError::NoAccount)?;
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
        let order = OrderState {
            customer: customer.id,
            account,
            reservation: reservation.cloned(),
            block: block.cloned(),
            ceiling_minor: reservation.and_then(|reservation| self.ceiling(reservation)),
        };
        order.admit(&asked.request())?;
        Ok((order, expires_at))
    }

    /// Takes the capacity: a new reservation, or the order's own with another amount. A credit block that the order
    /// waited at needs nobody any more.
    pub fn take(&mut self, asked: &CheckRequest, examined: &mut Examined) {
        let taken = self.reserve(asked, examined);
        let released = examined.released_block(&asked.request(), taken, self.now);
        if let Some((before, after)) = released {
            let change = Change::new("credit_block.auto_released", after.id);
            self.decide_block(asked, change, &before, after);
        }
    }

    /// Takes the capacity because a person says so, whatever the rules said.
    pub fn release(
        &mut self,
        asked: &CheckRequest,
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
        if let Some(before) = &examined.order.block {
            self.decide_block(asked, change, before, after.clone());
        }
        Ok(after)
    }

    fn reserve(&mut self, asked: &CheckRequest, examined: &mut Examined) -> ReservationId {
        let policy = &self.policy.document;
        let reserved = examined.reserve(&asked.request(), policy, self.now);
        let (after, added) = (reserved.after, reserved.added_minor);
        let (id, key) = (after.id, after.key());
        if let Some(before) = &reserved.before {
            let change = Change::new("reservation.amended", id);
            self.record(asked, change.before(before).after(&after));
            self.orders.amend(&after);
        } else {
            let change = Change::new("reservation.created", id);
            self.record(asked, change.after(&after));
            self.orders.reservations.push(after.clone());
            self.orders.new_reservations.push(after);
        }
        let account = examined.order.account;
        self.consume(asked, examined.order.customer);
        self.book.take(account, key, added);
        *self.orders.taken.entry((account, key)).or_default() += added;
        id
    }

    /// Has a change written into the trail, as made by whoever asked.
    fn record(&mut self, asked: &CheckRequest, change: Change) {
        self.changes.push((Arc::clone(&asked.caller), change));
    }

    /// Uses up the one-time limits that are for the order.
    fn consume(&mut self, asked: &CheckRequest, customer: CustomerId) {
        let Some(order) = asked.input.order() else {
            return;
        };
        let by = &asked.caller.subject;
        for (before, after) in self.book.consume(customer, order, by, self.now) {
            let change = Change::new("additional_limit.consumed", after.id);
            self.record(asked, change.before(&before).after(&after));
            self.orders.consumed.push(after);
        }
    }

    fn decide_block(
        &mut self,
        asked: &CheckRequest,
        change: Change,
        before: &CreditBlock,
        after: CreditBlock,
    ) {
        self.record(asked, change.before(before).after(&after));
        self.orders.blocks.retain(|block| block.id != after.id);
        self.orders.decided_blocks.push(after);
    }

    /// Opens a credit block for an order that credit must look at; one that waits already goes on waiting.
    fn open_block(&mut self, asked: &CheckRequest, examined: &mut Examined) -> Result<(), DbError> {
        let reasons = write_document(&examined.record.decision.reasons)?;
        let id = CreditBlockId::new();
        let opened = examined.open_block(&asked.request(), id, reasons, self.now);
        let Some(block) = opened else {
            return Ok(());
        };
        let change = Change::new("credit_block.opened", block.id).after(&block);
        self.record(asked, change);
        // Nothing is taken, but whoever decides on the account now must see that an order waits.
        if let Some(account) = self.book.account(block.account_id) {
            let home = (block.account_id, account.home());
            self.orders.taken.entry(home).or_default();
        }
        self.orders.blocks.push(block.clone());
        self.orders.new_blocks.push(block);
        Ok(())
    }
}
