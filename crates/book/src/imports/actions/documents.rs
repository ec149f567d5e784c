//! What lines of invoices and receipts share: the locked accounts of their customers, how they are posted in rounds, and why
//! one is refused.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::ImportError;
use super::alike::{Alike, wanted};
use crate::book::customers::store as customers;
use crate::book::entities::actions::Entities;
use crate::book::entities::model::EntityRef;
use crate::book::exposure::actions::Locked;
use crate::book::imports::model::Verdict;
use crate::book::receivables::actions::{Accounts, ReceivableError};
use crate::book::receivables::store as receivables;
use crate::book::receivables::store::alike::{Wanted, Written};
use crate::platform::db::{DbError, Tx};
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::money::Money;
use kernel::text::Number;

/// The accounts of the customers that a chunk names, and of those whose invoices it settles, locked.
pub struct Standings {
    ids: BTreeMap<Number, CustomerId>,
    accounts: Accounts,
    entities: Entities,
}

impl Standings {
    pub fn lock<'a>(
        tx: &mut Tx,
        named: impl Iterator<Item = &'a Number>,
        entities: impl Iterator<Item = Option<&'a EntityRef>>,
        invoices: impl Iterator<Item = &'a Number>,
    ) -> Result<Standings, DbError> {
        let entities = Entities::read(tx, entities)?;
        let named: BTreeSet<&str> = named.map(Number::as_str).collect();
        let found = customers::list_by_numbers(tx, &named.into_iter().collect::<Vec<_>>())?;
        let ids: BTreeMap<Number, CustomerId> = found
            .into_iter()
            .map(|customer| (customer.number, customer.id))
            .collect();
        let mut everyone = receivables::list_debtors(tx, &invoices.collect())?;
        everyone.extend(ids.values().copied());
        let accounts = Accounts::lock_customers(tx, &everyone)?;
        Ok(Standings {
            ids,
            accounts,
            entities,
        })
    }

    /// The legal entity that a line names, or why it can't be posted.
    pub fn entity(&self, named: Option<&EntityRef>) -> Result<LegalEntityId, Verdict> {
        self.entities.find(named).map_err(|_| {
            Verdict::rejected(
                "legal_entity",
                "unknown_legal_entity",
                "there is no such legal entity",
            )
        })
    }

    /// The customer whom a column of a line names, or why the line can't be posted.
    pub fn customer(&self, column: &'static str, number: &Number) -> Result<CustomerId, Verdict> {
        let known = self.ids.get(number).copied();
        known.ok_or_else(|| {
            Verdict::rejected(column, "unknown_customer", "there is no such customer")
        })
    }

    /// The customer's account, or why a line of theirs can't be posted.
    pub fn find(&self, number: &Number) -> Result<&Locked, Verdict> {
        let customer = self.customer("customer_number", number)?;
        self.accounts.of(customer).map_err(|_| {
            Verdict::rejected(
                "customer_number",
                "no_credit_account",
                "the customer has no credit account",
            )
        })
    }
}

/// A line that posts a document under a number of its own, or several that are one document.
pub trait DocumentLine: Sized {
    /// The document as the book has it.
    type Document;
    /// The document as it is to be posted.
    type New;
    /// What is said of a line that brings back what was taken back.
    const TAKEN_BACK: &'static str;

    fn number(&self) -> &Number;
    /// The customer whose document it is.
    fn customer_number(&self) -> &Number;
    fn legal_entity(&self) -> Option<&EntityRef>;
    /// Everybody whom it names.
    fn customer_numbers(&self) -> Vec<&Number> {
        vec![self.customer_number()]
    }
    /// The invoices that it settles.
    fn invoice_numbers(&self) -> Vec<&Number> {
        Vec::new()
    }
    /// The documents that have or had these numbers.
    fn list_known(tx: &mut Tx, numbers: &[&Number]) -> Result<Known<Self::Document>, DbError>;
    /// Whether the line says the same as a document of its number.
    fn is_same(&self, document: &Self::Document, customer: CustomerId) -> bool;
    /// The document as it is to be posted, or why it can't be.
    fn to_new(
        &self,
        legal_entity: LegalEntityId,
        standings: &Standings,
    ) -> Result<Self::New, Verdict>;
    /// Its day, amount and number.
    fn described(new: &Self::New) -> (NaiveDate, Money, &Number);
    /// What the book has of the same customers, days and amounts.
    fn list_alike(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Written>, DbError>;
    /// Which of these the book has by a bank statement; documents that are no money are not asked.
    fn recognise(_: &mut Tx, new: &[(&Locked, Self::New)]) -> Result<Vec<bool>, DbError> {
        Ok(vec![false; new.len()])
    }
    fn post_all(
        tx: &mut Tx,
        accounts: &Accounts,
        new: &[(&Locked, Self::New)],
    ) -> Result<Vec<Result<Self::Document, ReceivableError>>, DbError>;
}

/// What becomes of a receipt of which the book has the money by a bank statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownMoney {
    /// It is posted, and flagged.
    IsPosted,
    IsRecognised,
}

/// Posts the lines of a chunk, and says what became of each.
///
/// # Errors
/// When the database fails.
pub fn post_lines<L: DocumentLine>(
    tx: &mut Tx,
    rows: &[&L],
    known: KnownMoney,
) -> Result<Vec<Verdict>, ImportError> {
    let customers = rows.iter().flat_map(|row| row.customer_numbers());
    let entities = rows.iter().map(|row| row.legal_entity());
    let invoices = rows.iter().flat_map(|row| row.invoice_numbers());
    let standings = Standings::lock(tx, customers, entities, invoices)?;
    in_rounds(rows, |lines| post_round(tx, &standings, lines, known))
}

/// Takes out what the book has by a bank statement, and decides its lines.
fn take_recognised<L: DocumentLine>(
    tx: &mut Tx,
    new: &mut Vec<(&Locked, L::New)>,
    turns: &mut [Turn],
) -> Result<(), DbError> {
    let recognised = L::recognise(tx, new)?;
    let to_post = turns.iter_mut().filter(|turn| matches!(turn, Turn::Post));
    for (turn, recognised) in to_post.zip(&recognised) {
        if *recognised {
            *turn = Turn::Decided(Verdict::Recognised);
        }
    }
    let mut recognised = recognised.into_iter();
    new.retain(|_| !recognised.next().unwrap_or(false));
    Ok(())
}

fn post_round<L: DocumentLine>(
    tx: &mut Tx,
    standings: &Standings,
    lines: &[&L],
    known_money: KnownMoney,
) -> Result<Vec<Option<Verdict>>, ImportError> {
    let numbers: Vec<&Number> = lines.iter().map(|line| line.number()).collect();
    let known = L::list_known(tx, &numbers)?;
    let mut keys: BTreeSet<Key> = BTreeSet::new();
    let mut turns = Vec::with_capacity(lines.len());
    let mut new: Vec<(&Locked, L::New)> = Vec::new();
    for line in lines {
        let named = standings
            .find(line.customer_number())
            .and_then(|locked| Ok((locked, standings.entity(line.legal_entity())?)));
        let (locked, entity) = match named {
            Ok(named) => named,
            Err(verdict) => {
                turns.push(Turn::Decided(verdict));
                continue;
            }
        };
        let customer = locked.account.customer_id;
        let key = (entity, line.number().clone());
        let is_same = |document: &L::Document| line.is_same(document, customer);
        turns.push(match known.verdict(&key, L::TAKEN_BACK, is_same) {
            Some(verdict) => Turn::Decided(verdict),
            None if keys.contains(&key) => Turn::Later,
            None => match line.to_new(entity, standings) {
                Ok(document) => {
                    keys.insert(key);
                    new.push((locked, document));
                    Turn::Post
                }
                Err(verdict) => Turn::Decided(verdict),
            },
        });
    }
    if known_money == KnownMoney::IsRecognised {
        take_recognised::<L>(tx, &mut new, &mut turns)?;
    }
    let wanted = wanted(new.iter().map(|(locked, new)| {
        let (day, amount, _) = L::described(new);
        (locked.account.customer_id, day, amount)
    }));
    let mut alike = Alike::new(L::list_alike(tx, &wanted)?);
    let posted = L::post_all(tx, &standings.accounts, &new)?;
    verdicts(turns, posted.into_iter().zip(&new), |(locked, new)| {
        let (day, amount, number) = L::described(new);
        alike.post(locked.account.customer_id, day, amount, number)
    })
}

/// The line says what a document says that was taken back: only a person knows whether it is the same again or a file
/// that is sent twice. The corrected document says something else, and is posted under the number.
fn was_taken_back(code: &'static str) -> Verdict {
    let message = "this very document was taken back, and imports never bring it back: correct the line, or post it by hand";
    Verdict::rejected("number", code, message)
}

/// What only one living document has: its legal entity and its number there.
pub type Key = (LegalEntityId, Number);

/// The documents that have or had the numbers of some lines.
pub struct Known<D> {
    living: BTreeMap<Key, D>,
    taken_back: BTreeMap<Key, Vec<D>>,
}

impl<D> Known<D> {
    /// Sorts what was found by its legal entity and number, and by whether it was taken back.
    pub fn sort(found: Vec<D>, key: impl Fn(&D) -> (Key, bool)) -> Known<D> {
        let mut known = Known {
            living: BTreeMap::new(),
            taken_back: BTreeMap::new(),
        };
        for document in found {
            let (key, is_taken_back) = key(&document);
            if is_taken_back {
                known.taken_back.entry(key).or_default().push(document);
            } else {
                known.living.insert(key, document);
            }
        }
        known
    }

    /// What becomes of a line whose number is known; none when it is to be posted. `code` says of a document that was taken
    /// back that it comes again.
    pub fn verdict(
        &self,
        key: &Key,
        code: &'static str,
        is_same: impl Fn(&D) -> bool,
    ) -> Option<Verdict> {
        let living = self.living.get(key);
        if living.is_some_and(&is_same) {
            return Some(Verdict::Unchanged);
        }
        let mut taken_back = self.taken_back.get(key).into_iter().flatten();
        if taken_back.any(is_same) {
            return Some(was_taken_back(code));
        }
        living.map(|_| Verdict::taken("number"))
    }
}

/// What becomes of a line in one round.
enum Turn {
    Decided(Verdict),
    /// It is posted.
    Post,
    /// An earlier line of the round has its number: what became of that one must be known first.
    Later,
}

/// Posts the lines of a chunk so that none is judged by an earlier line that was refused: each round posts the first line
/// of every number that is not known, and leaves (as none) the others to the next, when the book holds what was posted.
///
/// # Errors
/// When a round fails.
fn in_rounds<'r, R>(
    rows: &[&'r R],
    mut round: impl FnMut(&[&'r R]) -> Result<Vec<Option<Verdict>>, ImportError>,
) -> Result<Vec<Verdict>, ImportError> {
    let mut verdicts: BTreeMap<usize, Verdict> = BTreeMap::new();
    let mut left: Vec<(usize, &R)> = rows.iter().copied().enumerate().collect();
    while !left.is_empty() {
        let lines: Vec<&R> = left.iter().map(|(_, line)| *line).collect();
        let outcomes = round(&lines)?;
        let mut later = Vec::new();
        for (line, outcome) in left.into_iter().zip(outcomes) {
            match outcome {
                Some(verdict) => {
                    verdicts.insert(line.0, verdict);
                }
                None => later.push(line),
            }
        }
        left = later;
    }
    Ok(verdicts.into_values().collect())
}

/// The verdicts of a round in order, those of posted lines by their outcomes: `created` says what became of a document that
/// was posted.
fn verdicts<T, D>(
    turns: Vec<Turn>,
    posted: impl IntoIterator<Item = (Result<T, ReceivableError>, D)>,
    mut created: impl FnMut(D) -> Verdict,
) -> Result<Vec<Option<Verdict>>, ImportError> {
    let mut posted = posted.into_iter();
    turns
        .into_iter()
        .map(|turn| match turn {
            Turn::Decided(verdict) => Ok(Some(verdict)),
            Turn::Later => Ok(None),
            Turn::Post => match posted.next() {
                Some((Err(error), _)) => refused(error).map(Some),
                Some((Ok(_), document)) => Ok(Some(created(document))),
                None => Ok(Some(Verdict::Created)),
            },
        })
        .collect()
}

/// A refusal of the rules as a verdict on the line; a failure of the database stops the chunk.
pub fn refused(error: ReceivableError) -> Result<Verdict, ImportError> {
    let why = error.to_string();
    let part = part_of(&error);
    let verdict = match error {
        ReceivableError::Db(error) => return Err(error.into()),
        // The number was taken while the chunk was on its way: known when it is tried again.
        ReceivableError::NumberTaken { thing, .. } => {
            let constraint = format!("{}s_number_key", thing.replace(' ', "_"));
            return Err(DbError::Duplicate { constraint }.into());
        }
        ReceivableError::NoSuchCustomer => {
            Verdict::rejected("customer_number", "unknown_customer", why)
        }
        ReceivableError::NoAccount => {
            Verdict::rejected("customer_number", "no_credit_account", why)
        }
        ReceivableError::Currency { .. } => Verdict::rejected("currency", "currency_mismatch", why),
        ReceivableError::NotPositive { .. } => Verdict::rejected("amount", "not_positive", why),
        ReceivableError::Date { pointer, error } => {
            Verdict::rejected(date_column(pointer), "out_of_bounds", error)
        }
        ReceivableError::NoSuchInvoice { .. } => {
            Verdict::rejected("invoice_number", "unknown_invoice", why)
        }
        ReceivableError::OtherCustomer { .. } => {
            Verdict::rejected("invoice_number", "other_customer", why)
        }
        ReceivableError::OtherEntity { .. } => {
            Verdict::rejected("invoice_number", "entity_mismatch", why)
        }
        ReceivableError::Entity(_) => {
            Verdict::rejected("legal_entity", "unknown_legal_entity", why)
        }
        ReceivableError::OverApplied { .. } => Verdict::rejected("amount", "over_applied", why),
        ReceivableError::Closed(_) => Verdict::rejected("number", "period_closed", why),
        ReceivableError::NoSuchTerms | ReceivableError::Terms(_) => {
            Verdict::rejected("payment_terms", "unknown_payment_terms", why)
        }
        ReceivableError::Document("/net", _) => Verdict::rejected("net", "does_not_add_up", why),
        ReceivableError::Document("/due_date", _) => {
            Verdict::rejected("due_date", "does_not_add_up", why)
        }
        ReceivableError::Document(..) => Verdict::rejected("amount", "does_not_add_up", why),
        ReceivableError::Crossing { .. } | ReceivableError::SameCurrency { .. } => {
            Verdict::rejected("amount", "no_exchange_rate", why)
        }
        ReceivableError::OverLimit { .. } => Verdict::rejected("amount", "over_limit", why),
        ReceivableError::NoSuchItem { .. } => {
            Verdict::rejected("invoice_number", "unknown_item", why)
        }
        ReceivableError::NoSuchPayer => {
            Verdict::rejected("payer_customer", "unknown_customer", why)
        }
        ReceivableError::InUse(_) => Verdict::rejected("amount", "in_use", why),
        ReceivableError::Missing(_)
        | ReceivableError::NotApplied(_)
        | ReceivableError::NotCancellable(_)
        | ReceivableError::OfInstrument(_)
        | ReceivableError::NotPrepaid
        | ReceivableError::NotDoubtful
        | ReceivableError::NoSuchRequest
        | ReceivableError::Prepaid(_)
        | ReceivableError::NotReversible
        | ReceivableError::Refunded
        | ReceivableError::Reversed(_)
        | ReceivableError::Stale => Verdict::rejected("number", "state_conflict", why),
    };
    Ok(verdict.of_part(part))
}

fn date_column(pointer: &str) -> &'static str {
    match pointer {
        "/due_date" => "due_date",
        "/receipt_date" => "receipt_date",
        "/credit_date" => "credit_date",
        "/posting_date" => "posting_date",
        "/baseline_date" => "baseline_date",
        "/request_date" => "request_date",
        _ => "invoice_date",
    }
}

/// Which of the parts of a document was refused, counted from 0.
fn part_of(error: &ReceivableError) -> Option<usize> {
    let (ReceivableError::NoSuchInvoice { pointer }
    | ReceivableError::OtherCustomer { pointer }
    | ReceivableError::OtherEntity { pointer }
    | ReceivableError::Crossing { pointer, .. }) = error
    else {
        return None;
    };
    let parts = pointer.strip_prefix("/applications/")?;
    parts.split('/').next()?.parse().ok()
}
