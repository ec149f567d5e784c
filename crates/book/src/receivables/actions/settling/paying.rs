//! What some money settles, in which order, and what becomes of an item that is paid short.

use super::{Funds, Settling};
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::policy::actions as policies;
use crate::book::policy::model::{AllocationOrder, SettlementPolicy};
use crate::book::receivables::actions::{ReceivableError, check_positive};
use crate::book::receivables::input::{Application, NamedApplication, RestIn, Rests};
use crate::book::receivables::model::{
    DocumentRef, Invoice, InvoiceRef, Item, Settlement, SettlementKind, Source,
};
use crate::book::receivables::rules::{
    self, Candidate, Crossing, OpenItem, Share, Standing, Tolerance,
};
use crate::book::receivables::store;
use crate::platform::db::{DbError, Tx, write_document};
use kernel::ids::{CustomerId, InvoiceId, ItemId, LegalEntityId, SettlementId};
use kernel::money::{Currency, Money, sum_minor};

/// One part of some money for one item.
struct Part<'a> {
    invoice: InvoiceId,
    item: ItemId,
    settled_minor: i64,
    used_minor: i64,
    rate: Option<&'a str>,
}

impl Settling {
    /// Settles items with the funds, and gives how much of them was used. What is refused leaves nothing behind.
    ///
    /// # Errors
    /// When an invoice that is named is unknown or of somebody for whom the money is not, or more is applied than is open or
    /// there.
    pub fn apply(
        &mut self,
        tx: &mut Tx,
        funds: &Funds,
        application: &Application,
    ) -> Result<i64, ReceivableError> {
        let (mark, policy) = (
            self.mark(self.meant(funds, application)),
            self.policy.clone(),
        );
        let used = match application {
            Application::Named(named) => self.pay_named(tx, funds, named),
            Application::AsFarAsOpen(reference) => {
                let at = |field: &str| format!("/{field}");
                self.pay_as_far_as_open(tx, funds, (reference, None), &at)
            }
            Application::UpTo(named) => self.pay_up_to(tx, funds, named),
            Application::OldestFirst => self.pay_oldest_first(tx, funds),
            Application::Nothing => Ok(0),
        };
        if used.is_err() {
            self.go_back(mark);
            self.policy = policy;
        }
        used
    }

    /// The invoices that an application may touch.
    fn meant(&self, funds: &Funds, application: &Application) -> Vec<InvoiceId> {
        let entity = funds.key.legal_entity_id;
        match application {
            Application::Named(named) | Application::UpTo(named) => named
                .iter()
                .filter_map(|one| Some(self.find(&one.invoice, entity)?.id))
                .collect(),
            Application::AsFarAsOpen(invoice) => {
                let found = self.find(invoice, entity).map(|invoice| invoice.id);
                found.into_iter().collect()
            }
            Application::OldestFirst => {
                let of_customer = self.by_customer.get(&funds.customer_id);
                of_customer.cloned().unwrap_or_default()
            }
            Application::Nothing => Vec::new(),
        }
    }

    fn pay_named(
        &mut self,
        tx: &mut Tx,
        funds: &Funds,
        named: &[NamedApplication],
    ) -> Result<i64, ReceivableError> {
        let mut left = funds.available.minor();
        for (index, one) in named.iter().enumerate() {
            left -= self.pay_one(tx, funds, left, (index, one))?;
        }
        Ok(funds.available.minor() - left)
    }

    /// Pays one named invoice, or one item of it, and gives what of the money that took.
    fn pay_one(
        &mut self,
        tx: &mut Tx,
        funds: &Funds,
        left_minor: i64,
        (index, one): (usize, &NamedApplication),
    ) -> Result<i64, ReceivableError> {
        let at = |field: &str| format!("/applications/{index}/{field}");
        let by = match one.invoice {
            DocumentRef::Id(_) => "invoice_id",
            DocumentRef::Number(_) => "invoice_number",
        };
        let invoice = self
            .find(&one.invoice, funds.key.legal_entity_id)
            .ok_or_else(|| ReceivableError::NoSuchInvoice { pointer: at(by) })?
            .clone();
        let named = one.customer.as_ref();
        self.check_debtor(tx, funds.customer_id, &invoice, named, || at(by))?;
        check_entity(&invoice, funds, || at(by))?;
        let targets: Vec<OpenItem> = match one.item {
            Some(item) => {
                let found = self.item(invoice.id, item);
                let pointer = at("item_id");
                let found = found.ok_or(ReceivableError::NoSuchItem { pointer })?;
                vec![open_item(found)]
            }
            None => self.items_of(invoice.id).iter().map(open_item).collect(),
        };
        let (settled, used, rate) = self.amounts(tx, funds, &invoice, one, &at)?;
        check_within(used, left_minor, at("amount"))?;
        let open = targets.iter().map(|item| item.open_minor).sum::<i64>();
        check_within(settled, open, at("amount"))?;
        let parts = rules::over_items(settled.minor(), &targets);
        let (mut settled_before, mut used_before) = (0_i64, 0_i64);
        for (item, settled_minor) in &parts {
            settled_before += settled_minor;
            let used_by_now = share_of(used.minor(), settled_before, settled.minor());
            let part = Part {
                invoice: invoice.id,
                item: *item,
                settled_minor: *settled_minor,
                used_minor: used_by_now - used_before,
                rate: rate.as_deref(),
            };
            used_before = used_by_now;
            self.pay_item(tx, funds, &part)?;
        }
        if let Some(rest) = &one.rest {
            let items: Vec<ItemId> = match (one.item, parts.last()) {
                (Some(item), _) => vec![item],
                (None, Some((last, _))) => vec![*last],
                (None, None) => Vec::new(),
            };
            for item in items {
                self.treat_rest(tx, funds, invoice.id, item, rest, &at("rest"))?;
            }
        }
        Ok(used.minor())
    }

    /// What an application settles in the invoice's currency, and what it takes of the money, with the rate where they are
    /// two.
    fn amounts(
        &mut self,
        tx: &mut Tx,
        funds: &Funds,
        invoice: &Invoice,
        one: &NamedApplication,
        at: &impl Fn(&str) -> String,
    ) -> Result<(Money, Money, Option<String>), ReceivableError> {
        let (own, theirs) = (funds.key.currency, invoice.currency);
        let given = one.amount.currency();
        if given != own && given != theirs {
            return Err(ReceivableError::Currency {
                given,
                expected: theirs,
            });
        }
        check_positive(one.amount, &at("amount"))?;
        if own == theirs {
            return match one.used {
                Some(used) if used != one.amount => Err(ReceivableError::SameCurrency {
                    pointer: at("used"),
                }),
                _ => Ok((one.amount, one.amount, None)),
            };
        }
        let wrong = one.used.filter(|used| used.currency() != own);
        if let Some(wrong) = wrong {
            return Err(ReceivableError::Currency {
                given: wrong.currency(),
                expected: own,
            });
        }
        if let Some(used) = one.used {
            check_positive(used, &at("used"))?;
        }
        let sides = if given == theirs {
            (Some(one.amount), one.used)
        } else {
            (None, Some(one.amount))
        };
        let Crossing {
            settled,
            used,
            rate,
        } = self.cross(tx, funds, theirs, sides, || at("amount"))?;
        Ok((settled, used, Some(rate)))
    }

    /// Pays named invoices, each up to its amount and as far as it is open.
    fn pay_up_to(
        &mut self,
        tx: &mut Tx,
        funds: &Funds,
        named: &[NamedApplication],
    ) -> Result<i64, ReceivableError> {
        let mut left = funds.available.minor();
        for (index, one) in named.iter().enumerate() {
            let at = |field: &str| format!("/applications/{index}/{field}");
            let part = Funds {
                available: Money::from_minor(one.amount.minor().min(left), funds.key.currency),
                ..*funds
            };
            let invoice = (&one.invoice, one.customer.as_ref());
            left -= self.pay_as_far_as_open(tx, &part, invoice, &at)?;
        }
        Ok(funds.available.minor() - left)
    }

    /// What an invoice takes of the funds: as much as is open on it.
    fn pay_as_far_as_open(
        &mut self,
        tx: &mut Tx,
        funds: &Funds,
        (reference, debtor): (&InvoiceRef, Option<&CustomerRef>),
        at: &impl Fn(&str) -> String,
    ) -> Result<i64, ReceivableError> {
        let pointer = || at("invoice_number");
        let invoice = self
            .find(reference, funds.key.legal_entity_id)
            .ok_or_else(|| ReceivableError::NoSuchInvoice { pointer: pointer() })?
            .clone();
        self.check_debtor(tx, funds.customer_id, &invoice, debtor, pointer)?;
        check_entity(&invoice, funds, pointer)?;
        if funds.available.minor() <= 0 || invoice.open_minor <= 0 {
            return Ok(0);
        }
        let amount = if invoice.currency == funds.key.currency {
            let minor = funds.available.minor().min(invoice.open_minor);
            invoice.money(minor)
        } else {
            let sides = (None, Some(funds.available));
            let whole = self.cross(tx, funds, invoice.currency, sides, pointer)?;
            if whole.settled.minor() > invoice.open_minor {
                invoice.money(invoice.open_minor)
            } else {
                funds.available
            }
        };
        let one = NamedApplication {
            customer: debtor.cloned(),
            ..NamedApplication::of(InvoiceRef::Id(invoice.id), amount)
        };
        self.pay_one(tx, funds, funds.available.minor(), (0, &one))
    }

    fn pay_oldest_first(&mut self, tx: &mut Tx, funds: &Funds) -> Result<i64, ReceivableError> {
        let mut all = self.invoices.values();
        let order = if all.any(|invoice| invoice.kind.is_charge()) {
            self.settlement_policy(tx)?.allocation
        } else {
            AllocationOrder::default()
        };
        let ids = self.by_customer.get(&funds.customer_id);
        let candidates: Vec<Candidate> = ids
            .into_iter()
            .flatten()
            .filter_map(|id| self.invoices.get(id))
            .filter(|invoice| invoice.key() == funds.key)
            .flat_map(|invoice| {
                let items = self.items_of(invoice.id).iter();
                items.map(|item| candidate(order, invoice, item))
            })
            .collect();
        let shares = rules::oldest_first(funds.available.minor(), &candidates);
        let mut used = 0;
        for Share {
            invoice_id,
            item_id,
            amount_minor,
        } in shares
        {
            used += amount_minor;
            let part = Part {
                invoice: invoice_id,
                item: item_id,
                settled_minor: amount_minor,
                used_minor: amount_minor,
                rate: None,
            };
            self.pay_item(tx, funds, &part)?;
        }
        Ok(used)
    }

    /// Pays a part of an item; when that leaves a rest which a discount in time or the tolerance covers, that closes it.
    fn pay_item(&mut self, tx: &mut Tx, funds: &Funds, part: &Part) -> Result<(), ReceivableError> {
        let Some(invoice) = self.invoices.get(&part.invoice).cloned() else {
            return Ok(());
        };
        let Some(before) = self.item(part.invoice, part.item).cloned() else {
            return Ok(());
        };
        let kind = match funds.source {
            Source::Receipt(_) => SettlementKind::Payment,
            Source::CreditNote(_) => SettlementKind::Credit,
        };
        let (settled, used) = (part.settled_minor, part.used_minor);
        let difference = self.difference(tx, funds, &invoice, settled, used)?;
        let row = Settlement {
            used_minor: used,
            used_currency: part.rate.map(|_| funds.key.currency),
            rate: part.rate.map(ToOwned::to_owned),
            difference_minor: difference.map(Money::minor),
            difference_currency: difference.map(Money::currency),
            ..closing_row(tx, funds, &invoice, &before, kind, settled)
        };
        self.add(row, Some(funds.owner()));
        let closes = kind == SettlementKind::Payment && funds.rests == Rests::MayClose;
        if !closes || before.open_minor == settled {
            return Ok(());
        }
        let steps = before.steps()?;
        let standing = Standing {
            amount: invoice.money(before.amount_minor),
            open: invoice.money(before.open_minor),
            discounts: &steps,
            paid_on: funds.value_date,
            tolerance: self.tolerance(tx, invoice.currency)?,
        };
        let too_large = |_| DbError::TooLarge(kernel::money::SumTooLarge);
        let closing = rules::closing(&standing, settled).map_err(too_large)?;
        if let Some((kind, minor)) = closing {
            let row = closing_row(tx, funds, &invoice, &before, kind, minor);
            self.add(row, Some(funds.owner()));
        }
        Ok(())
    }

    /// What the caller says of the rest of an item that is paid short.
    fn treat_rest(
        &mut self,
        tx: &mut Tx,
        funds: &Funds,
        invoice: InvoiceId,
        item: ItemId,
        rest: &RestIn,
        pointer: &str,
    ) -> Result<(), ReceivableError> {
        let (Some(invoice), Some(item)) = (
            self.invoices.get(&invoice).cloned(),
            self.item(invoice, item).cloned(),
        ) else {
            return Ok(());
        };
        if item.open_minor <= 0 {
            return Ok(());
        }
        let Some(kind) = rest.treatment.settles() else {
            self.leave_open(invoice.id, item.id, write_document(rest)?);
            return Ok(());
        };
        let open = invoice.money(item.open_minor);
        self.check_difference(tx, (invoice.id, &[item.id]), open, pointer)?;
        let row = Settlement {
            reason: rest.reason.as_ref().map(ToString::to_string),
            ..closing_row(tx, funds, &invoice, &item, kind, item.open_minor)
        };
        self.add(row, Some(funds.owner()));
        Ok(())
    }

    /// Refuses to let go of more of items, together with what was let go of them before, than the policy allows.
    pub(in crate::receivables::actions) fn check_difference(
        &mut self,
        tx: &mut Tx,
        (invoice, items): (InvoiceId, &[ItemId]),
        amount: Money,
        pointer: &str,
    ) -> Result<(), ReceivableError> {
        let policy = self.settlement_policy(tx)?;
        let limit = policy.difference_limits.get(amount.currency());
        let limit = limit.unwrap_or_else(|| Money::zero(amount.currency()));
        let before = store::sum_let_go(tx, invoice, items)?;
        let minor = sum_minor([before, amount.minor()]).map_err(DbError::from)?;
        let amount = Money::from_minor(minor, amount.currency());
        if amount.minor() > limit.minor() {
            return Err(ReceivableError::OverLimit {
                pointer: pointer.to_owned(),
                amount,
                limit,
            });
        }
        Ok(())
    }

    fn tolerance(&mut self, tx: &mut Tx, currency: Currency) -> Result<Option<Tolerance>, DbError> {
        let policy = self.settlement_policy(tx)?;
        Ok(policy.tolerance.as_ref().and_then(|tolerance| {
            Some(Tolerance {
                amount_minor: tolerance.amounts.get(currency)?.minor(),
                share: tolerance.share,
            })
        }))
    }

    fn settlement_policy(&mut self, tx: &mut Tx) -> Result<SettlementPolicy, DbError> {
        let policy = match &self.policy {
            Some(policy) => policy.clone(),
            None => policies::live(tx)?,
        };
        self.policy = Some(policy.clone());
        Ok(policy.document.settlement.clone())
    }

    /// Money settles what its own customer owes, what others of the group owe, and what anybody owes whom the caller names.
    fn check_debtor(
        &mut self,
        tx: &mut Tx,
        of: CustomerId,
        invoice: &Invoice,
        named: Option<&CustomerRef>,
        pointer: impl Fn() -> String,
    ) -> Result<(), ReceivableError> {
        let is_meant = match named {
            Some(reference) => self.debtor(tx, reference)? == invoice.customer_id,
            None => {
                invoice.customer_id == of
                    || self.head(tx, of)? == self.head(tx, invoice.customer_id)?
            }
        };
        if is_meant {
            return Ok(());
        }
        Err(ReceivableError::OtherCustomer { pointer: pointer() })
    }

    /// The customer whom the caller names, and may see.
    fn debtor(
        &mut self,
        tx: &mut Tx,
        reference: &CustomerRef,
    ) -> Result<CustomerId, ReceivableError> {
        if let Some(known) = self.debtors.get(reference) {
            return Ok(*known);
        }
        let caller = tx.caller();
        let found = customers::find_visible(tx, caller, reference)?;
        let found = found.ok_or(ReceivableError::NoSuchCustomer)?.id;
        self.debtors.insert(reference.clone(), found);
        Ok(found)
    }

    /// The head of a customer's group; itself when it has none above it.
    fn head(&mut self, tx: &mut Tx, of: CustomerId) -> Result<CustomerId, DbError> {
        if let Some(known) = self.heads.get(&of) {
            return Ok(*known);
        }
        let head = customers::ancestors(tx, of)?.last().copied().unwrap_or(of);
        self.heads.insert(of, head);
        Ok(head)
    }

    /// The invoice that is named: of several with one number that of the money's legal entity, else any of them.
    pub(in crate::receivables::actions) fn find(
        &self,
        reference: &InvoiceRef,
        entity: LegalEntityId,
    ) -> Option<&Invoice> {
        match reference {
            DocumentRef::Id(id) => self.invoices.get(id),
            DocumentRef::Number(number) => {
                let of_entity = self.by_number.get(&(number.clone(), entity));
                let of_any = || {
                    self.by_number
                        .iter()
                        .find(|((known, _), _)| known == number)
                };
                let id = of_entity.or_else(|| of_any().map(|(_, id)| id))?;
                self.invoices.get(id)
            }
        }
    }
}

/// A settlement of an item by nothing.
pub(in crate::receivables::actions) fn plain(
    tx: &Tx,
    item: &Item,
    kind: SettlementKind,
    amount_minor: i64,
) -> Settlement {
    Settlement {
        id: SettlementId::new(),
        invoice_id: item.invoice_id,
        customer_id: item.customer_id,
        receipt_id: None,
        credit_note_id: None,
        amount_minor,
        effective_on: tx.today(),
        reverses_id: None,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        item_id: Some(item.id),
        kind,
        used_minor: 0,
        used_currency: None,
        rate: None,
        difference_minor: None,
        difference_currency: None,
        reason: None,
    }
}

/// Money settles what is owed to the same legal entity.
fn check_entity(
    invoice: &Invoice,
    funds: &Funds,
    pointer: impl Fn() -> String,
) -> Result<(), ReceivableError> {
    if invoice.legal_entity_id == funds.key.legal_entity_id {
        return Ok(());
    }
    Err(ReceivableError::OtherEntity { pointer: pointer() })
}

fn check_within(
    amount: Money,
    available_minor: i64,
    pointer: String,
) -> Result<(), ReceivableError> {
    if amount.minor() <= available_minor {
        return Ok(());
    }
    Err(ReceivableError::OverApplied {
        pointer,
        amount,
        available: Money::from_minor(available_minor, amount.currency()),
    })
}

/// What of some money is used when so much of the whole is settled: all of it at the end.
fn share_of(used_minor: i64, settled_minor: i64, whole_minor: i64) -> i64 {
    if settled_minor >= whole_minor {
        return used_minor;
    }
    let product = i128::from(used_minor) * i128::from(settled_minor);
    let share = product / i128::from(whole_minor.max(1));
    i64::try_from(share).unwrap_or(used_minor)
}

pub(super) const fn open_item(item: &Item) -> OpenItem {
    OpenItem {
        id: item.id,
        due_date: item.due_date,
        position: item.position,
        open_minor: item.open_minor,
    }
}

fn candidate(order: AllocationOrder, invoice: &Invoice, item: &Item) -> Candidate {
    Candidate {
        rank: rules::rank(order, invoice.kind),
        invoice_id: invoice.id,
        item_id: item.id,
        due_date: item.due_date,
        invoice_date: invoice.invoice_date,
        number: invoice.number.clone(),
        position: item.position,
        open_minor: item.open_minor,
    }
}

/// A settlement of an item that takes nothing of the money.
fn closing_row(
    tx: &Tx,
    funds: &Funds,
    invoice: &Invoice,
    item: &Item,
    kind: SettlementKind,
    amount_minor: i64,
) -> Settlement {
    Settlement {
        receipt_id: funds.source.receipt(),
        credit_note_id: funds.source.credit_note(),
        effective_on: rules::effective_on(funds.there_on, invoice.invoice_date),
        ..plain(tx, item, kind, amount_minor)
    }
}
