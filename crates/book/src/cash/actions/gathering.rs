//! What is known of payments, read for many of them at once: a handful of queries, whatever their number.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::book::cash::model::{
    BankEntry, EntryKind, MatchReasonCode, PayerAccount, RemittanceAdvice,
};
use crate::book::cash::rules::matching::{
    Advised, Book, Hint, OpenInvoice, Payment, Proposed, automatic, propose,
};
use crate::book::cash::rules::names::Names;
use crate::book::cash::rules::references::{Named, cleaned, keys_of_number, numbers_named};
use crate::book::cash::store::{self, Candidate};
use crate::book::payment_terms::rules::part_of;
use crate::book::receivables::model::Item;
use crate::book::receivables::store as receivables;
use crate::platform::db::{Db, DbError};
use kernel::ids::{BankEntryId, CustomerId, InvoiceId, LegalEntityId};
use kernel::money::{Currency, Money};

/// Of customers with so many open invoices at most all are looked at; of others, those with the payment's amount.
const SMALL_MAX: i64 = 60;

/// How many days a payment may come away from the day that its advice names.
const ADVICE_DAYS_MAX: i64 = 10;

/// The names of all customers.
pub fn read_names(db: &mut Db) -> Result<Names, DbError> {
    let customers = store::list_names(db)?;
    Ok(Names::new(customers.iter().map(|(id, number, name)| {
        (*id, number.as_str(), name.as_str())
    })))
}

/// What is known of one payment.
struct Facts<'e> {
    entry: &'e BankEntry,
    named: Vec<Named>,
    hints: Vec<Hint>,
    advices: Vec<Advised>,
}

/// What is known of some payments to one company in one currency, and of the invoices that they may pay.
pub struct Gathered<'e> {
    facts: Vec<Facts<'e>>,
    invoices: BTreeMap<InvoiceId, OpenInvoice>,
    /// Those of which discounts and instalments are known.
    with_items: BTreeSet<InvoiceId>,
    by_key: BTreeMap<String, Vec<InvoiceId>>,
    by_customer: BTreeMap<CustomerId, Vec<InvoiceId>>,
    /// The customers all of whose open invoices are in `by_customer`.
    whole: BTreeSet<CustomerId>,
    heads: BTreeMap<CustomerId, CustomerId>,
}

/// What is found for a payment.
pub struct Found<'e> {
    pub entry: &'e BankEntry,
    pub proposals: Vec<Proposed>,
    /// Whom something points to, when it is one customer alone.
    pub customer_id: Option<CustomerId>,
    /// Who paid, by account and name, when it is one customer alone.
    pub payer: Option<CustomerId>,
}

impl<'e> Gathered<'e> {
    /// Reads what is known of these payments, all of one company in one currency.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(
        db: &mut Db,
        entries: &[&'e BankEntry],
        customers: &Names,
        threshold_ppm: Option<i64>,
    ) -> Result<Gathered<'e>, DbError> {
        let mut gathered = Gathered {
            facts: Vec::new(),
            invoices: BTreeMap::new(),
            with_items: BTreeSet::new(),
            by_key: BTreeMap::new(),
            by_customer: BTreeMap::new(),
            whole: BTreeSet::new(),
            heads: BTreeMap::new(),
        };
        let Some(ledger) = entries.first().map(|entry| ledger_of(entry)) else {
            return Ok(gathered);
        };
        let payers = Payers::read(db, entries)?;
        for entry in entries {
            let named = named_by(entry);
            let hints = payers.hints(entry, &named, customers);
            gathered.facts.push(Facts {
                entry,
                named,
                hints,
                advices: Vec::new(),
            });
        }
        let minors = entries.iter().map(|entry| entry.left_minor()).collect();
        let advices = store::list_open_advices(db, &minors)?;
        gathered.read_keys(db, ledger, &advices)?;
        gathered.add_advices(&advices);
        gathered.read_heads(db)?;
        gathered.read_items(db, ledger)?;
        gathered.read_customers(db, ledger, threshold_ppm)?;
        gathered.read_items(db, ledger)?;
        Ok(gathered)
    }

    /// The open invoices that payments and advices name.
    fn read_keys(
        &mut self,
        db: &mut Db,
        ledger: Ledger,
        advices: &[RemittanceAdvice],
    ) -> Result<(), DbError> {
        let lines = advices.iter().flat_map(|advice| &advice.lines.0);
        let of_lines: Vec<String> = lines
            .flat_map(|line| keys_of_number(line.reference.as_str()))
            .collect();
        let named = self.facts.iter().flat_map(|facts| &facts.named);
        let mut keys: BTreeSet<&str> = named.map(|named| named.key.as_str()).collect();
        keys.extend(of_lines.iter().map(String::as_str));
        let found = store::list_by_keys(db, &keys)?;
        for (key, candidate) in found {
            if (candidate.legal_entity_id, candidate.currency) == ledger {
                self.by_key.entry(key).or_default().push(candidate.id);
                self.invoices.insert(candidate.id, open_invoice(candidate));
            }
        }
        Ok(())
    }

    /// The discounts and instalments of the invoices that were found since.
    fn read_items(&mut self, db: &mut Db, (_, currency): Ledger) -> Result<(), DbError> {
        let ids = self
            .invoices
            .keys()
            .filter(|id| !self.with_items.contains(*id));
        let ids: Vec<InvoiceId> = ids.copied().collect();
        let mut items: BTreeMap<InvoiceId, Vec<Item>> = BTreeMap::new();
        for item in receivables::list_items_of(db, &ids)? {
            if item.open_minor > 0 {
                items.entry(item.invoice_id).or_default().push(item);
            }
        }
        for (id, mut items) in items {
            items.sort_by_key(|item| (item.due_date, item.position));
            let Some(invoice) = self.invoices.get_mut(&id) else {
                continue;
            };
            if let [only] = items.as_slice() {
                invoice.discounts = discounts_of(only, currency)?;
            } else {
                invoice.instalments = items.iter().map(|item| item.open_minor).collect();
            }
        }
        self.with_items.extend(ids);
        Ok(())
    }

    fn add_advices(&mut self, advices: &[RemittanceAdvice]) {
        for facts in &mut self.facts {
            let (entry, named, hints) = (facts.entry, &facts.named, &facts.hints);
            let fitting = advices
                .iter()
                .filter(|advice| is_announced(entry, advice, named, hints));
            facts.advices = fitting
                .map(|advice| advised(advice, &self.by_key, &self.invoices))
                .collect();
        }
    }

    /// The heads of the groups of everybody who may have paid or may be paid for.
    fn read_heads(&mut self, db: &mut Db) -> Result<(), DbError> {
        let owing = self.invoices.values().map(|invoice| invoice.customer_id);
        let hinted = self.facts.iter().flat_map(|facts| &facts.hints);
        let all = owing.chain(hinted.map(|hint| hint.customer_id)).collect();
        self.heads = store::list_heads(db, &all)?;
        Ok(())
    }

    /// What is open of the customers whom something points to, where references alone say too little.
    fn read_customers(
        &mut self,
        db: &mut Db,
        ledger: Ledger,
        threshold_ppm: Option<i64>,
    ) -> Result<(), DbError> {
        let unsure = self
            .facts
            .iter()
            .filter(|facts| automatic(&self.propose(facts), threshold_ppm).is_none());
        let unsure: Vec<&Facts<'_>> = unsure.collect();
        let hinted = unsure.iter().flat_map(|facts| &facts.hints);
        let customers: BTreeSet<CustomerId> = hinted.map(|hint| hint.customer_id).collect();
        let minors = unsure
            .iter()
            .map(|facts| facts.entry.left_minor())
            .collect();
        let small = store::list_of_small(db, &customers, SMALL_MAX)?;
        self.whole = small.iter().map(|one| one.customer_id).collect();
        let large: BTreeSet<CustomerId> = customers.difference(&self.whole).copied().collect();
        let others = store::list_of_amounts(db, &large, &minors)?;
        for candidate in small.into_iter().chain(others) {
            if (candidate.legal_entity_id, candidate.currency) == ledger {
                let of_customer = self.by_customer.entry(candidate.customer_id).or_default();
                of_customer.push(candidate.id);
                self.invoices
                    .entry(candidate.id)
                    .or_insert_with(|| open_invoice(candidate));
            }
        }
        Ok(())
    }

    fn propose(&self, facts: &Facts<'_>) -> Vec<Proposed> {
        let payment = Payment {
            minor: facts.entry.left_minor(),
            value_date: facts.entry.value_date,
            named: &facts.named,
            hints: &facts.hints,
            advices: &facts.advices,
        };
        let book = Book {
            invoices: &self.invoices,
            by_key: &self.by_key,
            by_customer: &self.by_customer,
            whole: &self.whole,
            heads: &self.heads,
        };
        propose(&payment, &book)
    }

    /// The head of each customer's group.
    pub const fn heads(&self) -> &BTreeMap<CustomerId, CustomerId> {
        &self.heads
    }

    /// Proposals for each payment in their order. What `take` says will be applied is open no more for those that follow.
    pub fn decide(
        mut self,
        mut take: impl FnMut(&Found<'e>) -> Option<Proposed>,
    ) -> Vec<Found<'e>> {
        let all = std::mem::take(&mut self.facts);
        let mut decided = Vec::with_capacity(all.len());
        for facts in &all {
            // What went out before and came back is no payment of a customer.
            let proposals = if facts.entry.kind == EntryKind::Credit {
                self.propose(facts)
            } else {
                Vec::new()
            };
            let customers: BTreeSet<CustomerId> =
                facts.hints.iter().map(|hint| hint.customer_id).collect();
            let found = Found {
                entry: facts.entry,
                proposals,
                customer_id: customers.first().copied().filter(|_| customers.len() == 1),
                payer: payer_by(&facts.hints),
            };
            if let Some(taken) = take(&found) {
                let is_discounted = taken
                    .reasons
                    .iter()
                    .any(|reason| reason.code == MatchReasonCode::AmountLessDiscount);
                for share in taken.parts.iter().flat_map(|part| &part.invoices) {
                    if let Some(invoice) = self.invoices.get_mut(&share.invoice_id) {
                        invoice.open_minor -= share.amount_minor;
                        invoice.instalments.clear();
                        if is_discounted {
                            invoice.open_minor = 0;
                        }
                    }
                }
                self.invoices.retain(|_, invoice| invoice.open_minor > 0);
            }
            decided.push(found);
        }
        decided
    }
}

fn open_invoice(candidate: Candidate) -> OpenInvoice {
    OpenInvoice {
        id: candidate.id,
        number: candidate.number.into(),
        customer_id: candidate.customer_id,
        invoice_date: candidate.invoice_date,
        due_date: candidate.due_date,
        open_minor: candidate.open_minor,
        discounts: Vec::new(),
        instalments: Vec::new(),
    }
}

/// What an item's discounts take off, each until its day.
fn discounts_of(item: &Item, currency: Currency) -> Result<Vec<(NaiveDate, i64)>, DbError> {
    let open = Money::from_minor(item.open_minor, currency);
    let steps = item.steps()?.into_iter();
    let taken = steps.map(|step| {
        let minor = part_of(open, step.rate).map(Money::minor);
        minor.map(|minor| (step.until, minor))
    });
    taken
        .collect::<Result<_, _>>()
        .map_err(|error| DbError::Document(error.to_string()))
}

/// Who paid, by account and name; nobody where they point to several.
fn payer_by(hints: &[Hint]) -> Option<CustomerId> {
    let by_payer = hints.iter().filter(|hint| {
        matches!(
            hint.code,
            MatchReasonCode::PayerAccount | MatchReasonCode::PayerName
        )
    });
    let payers: BTreeSet<CustomerId> = by_payer.map(|hint| hint.customer_id).collect();
    payers.first().copied().filter(|_| payers.len() == 1)
}

/// The numbers that a payment may name.
fn named_by(entry: &BankEntry) -> Vec<Named> {
    let own = entry.end_to_end_id.as_deref().unwrap_or_default();
    numbers_named(&entry.structured_references.0, &[&entry.remittance, own])
}

/// Who paid from the accounts that these payments came from.
struct Payers(BTreeMap<String, Vec<PayerAccount>>);

impl Payers {
    fn read(db: &mut Db, entries: &[&BankEntry]) -> Result<Payers, DbError> {
        let numbers = entries
            .iter()
            .filter_map(|entry| entry.payer_account.as_deref())
            .collect();
        let mut by_number: BTreeMap<String, Vec<PayerAccount>> = BTreeMap::new();
        for payer in store::list_payers(db, &numbers)? {
            by_number
                .entry(payer.number.clone())
                .or_default()
                .push(payer);
        }
        Ok(Payers(by_number))
    }

    fn hints(&self, entry: &BankEntry, named: &[Named], customers: &Names) -> Vec<Hint> {
        let mut hints = Vec::new();
        if let Some(number) = &entry.payer_account
            && let Some(payers) = self.0.get(number)
        {
            let code = if payers.len() == 1 {
                MatchReasonCode::PayerAccount
            } else {
                MatchReasonCode::PayerAccountShared
            };
            hints.extend(payers.iter().map(|payer| Hint {
                customer_id: payer.customer_id,
                code,
                fact: number.clone(),
            }));
        }
        if let Some(name) = &entry.payer_name
            && let Some(customer_id) = customers.find(name)
        {
            hints.push(Hint {
                customer_id,
                code: MatchReasonCode::PayerName,
                fact: name.clone(),
            });
        }
        for named in named {
            if let Some(customer_id) = customers.find_number(&named.key) {
                hints.push(Hint {
                    customer_id,
                    code: MatchReasonCode::CustomerNumber,
                    fact: named.written.clone(),
                });
            }
        }
        hints
    }
}

/// Whether an advice announced a payment: the amount is the same, and something else points to it.
fn is_announced(
    entry: &BankEntry,
    advice: &RemittanceAdvice,
    named: &[Named],
    hints: &[Hint],
) -> bool {
    if advice.amount_minor != entry.left_minor() || advice.currency != entry.currency {
        return false;
    }
    let away = |day: chrono::NaiveDate| entry.value_date.signed_duration_since(day).num_days();
    if advice
        .payment_date
        .is_some_and(|day| away(day).abs() > ADVICE_DAYS_MAX)
    {
        return false;
    }
    let number = cleaned(advice.number.as_str());
    let same_account =
        advice.payer_account.is_some() && advice.payer_account == entry.payer_account;
    same_account
        || named.iter().any(|named| named.key == number)
        || hints
            .iter()
            .any(|hint| hint.customer_id == advice.customer_id)
}

/// The lines of an advice as shares of open invoices: of the payer's own where a number is several customers'.
fn advised(
    advice: &RemittanceAdvice,
    by_key: &BTreeMap<String, Vec<InvoiceId>>,
    invoices: &BTreeMap<InvoiceId, OpenInvoice>,
) -> Advised {
    let mut shares = Vec::new();
    for line in &advice.lines.0 {
        let keys = keys_of_number(line.reference.as_str());
        let found: Vec<&OpenInvoice> = keys
            .iter()
            .filter_map(|key| by_key.get(key))
            .flatten()
            .filter_map(|id| invoices.get(id))
            .collect();
        let best = found.iter().max_by_key(|invoice| {
            (
                invoice.number == line.reference.as_str(),
                cleaned(&invoice.number) == cleaned(line.reference.as_str()),
                invoice.customer_id == advice.customer_id,
            )
        });
        if let Some(invoice) = best {
            shares.push((invoice.id, line.amount_minor));
        }
    }
    Advised {
        id: advice.id,
        customer_id: advice.customer_id,
        number: advice.number.to_string(),
        shares,
    }
}

/// What a payment can pay of: invoices of one company in one currency.
type Ledger = (LegalEntityId, Currency);

const fn ledger_of(entry: &BankEntry) -> Ledger {
    (entry.legal_entity_id, entry.currency)
}

/// The payments by company and currency, each group in its order.
pub fn by_ledger(entries: &[BankEntry]) -> BTreeMap<Ledger, Vec<&BankEntry>> {
    let mut groups: BTreeMap<Ledger, Vec<&BankEntry>> = BTreeMap::new();
    for entry in entries {
        groups.entry(ledger_of(entry)).or_default().push(entry);
    }
    groups
}

/// The ids of entries.
pub fn ids(entries: &[BankEntry]) -> Vec<BankEntryId> {
    entries.iter().map(|entry| entry.id).collect()
}
