//! When invoices are due that say nothing of it: what was agreed with customers.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::book::exposure::model::{CreditAccount, EntityTerms};
use crate::book::exposure::store::{agreed, balances};
use crate::book::payment_terms::actions::LiveTerms;
use crate::platform::db::{Db, DbError};
use kernel::ids::{CreditAccountId, LegalEntityId};
use kernel::money::Money;
use kernel::text::Keyword;

/// When an invoice is due that says nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agreement<'a> {
    Terms(&'a Keyword),
    NetDays(i32),
}

/// What was agreed with some accounts, read once for many documents or orders.
#[derive(Debug, Default)]
pub struct Agreements {
    of_entities: BTreeMap<(CreditAccountId, LegalEntityId), EntityTerms>,
    /// The payment terms of accounts, whichever legal entity sells.
    of_accounts: BTreeMap<CreditAccountId, Keyword>,
    terms: LiveTerms,
}

impl Agreements {
    /// Reads what was agreed with these accounts, and the payment terms that this names or that are `named` besides.
    /// Nothing is asked of accounts with which nothing but net days was agreed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read<'a>(
        db: &mut Db,
        accounts: impl IntoIterator<Item = &'a CreditAccount>,
        named: impl IntoIterator<Item = &'a Keyword>,
    ) -> Result<Agreements, DbError> {
        let with: BTreeMap<CreditAccountId, &CreditAccount> = accounts
            .into_iter()
            .filter(|account| account.has_agreed_terms)
            .map(|account| (account.id, account))
            .collect();
        let of_entities = balances::list_terms(db, with.values().copied())?;
        Agreements::with(db, with.into_values(), of_entities, named)
    }

    /// [`Agreements::read`], where the terms that legal entities have with the accounts are known.
    ///
    /// # Errors
    /// When the database fails.
    pub fn with<'a>(
        db: &mut Db,
        accounts: impl IntoIterator<Item = &'a CreditAccount>,
        of_entities: Vec<EntityTerms>,
        named: impl IntoIterator<Item = &'a Keyword>,
    ) -> Result<Agreements, DbError> {
        let with = accounts.into_iter().filter(|own| own.has_agreed_terms);
        let ids: Vec<CreditAccountId> = with.map(|account| account.id).collect();
        let of_accounts = agreed::list_codes(db, &ids)?;
        let codes: BTreeSet<Keyword> = of_entities
            .iter()
            .filter_map(|terms| terms.payment_terms.clone())
            .chain(of_accounts.values().cloned())
            .chain(named.into_iter().cloned())
            .collect();
        let terms = LiveTerms::read(db, &codes.iter().collect())?;
        let of_entities = of_entities.into_iter();
        Ok(Agreements {
            of_entities: of_entities
                .map(|terms| ((terms.account_id, terms.legal_entity_id), terms))
                .collect(),
            of_accounts,
            terms,
        })
    }

    /// The payment terms that were agreed or named, as they are live.
    pub const fn terms(&self) -> &LiveTerms {
        &self.terms
    }

    /// What holds where a document says nothing: the payment terms of its legal entity, its net days, then those of the
    /// account.
    pub fn of(&self, account: &CreditAccount, entity: LegalEntityId) -> Agreement<'_> {
        let own = self.of_entities.get(&(account.id, entity));
        let code = own.and_then(|own| own.payment_terms.as_ref());
        let days = own.and_then(|own| own.net_days);
        match (code, days, self.of_accounts.get(&account.id)) {
            (Some(code), ..) | (None, None, Some(code)) => Agreement::Terms(code),
            (None, Some(days), _) => Agreement::NetDays(days),
            (None, None, None) => Agreement::NetDays(account.net_days),
        }
    }

    /// In how many days from a day on an amount is due at the latest. Payment terms that leave the due date to the document,
    /// or are not for its currency, say nothing of it: the net days hold.
    pub fn days(
        &self,
        account: &CreditAccount,
        entity: LegalEntityId,
        amount: Money,
        from: NaiveDate,
    ) -> i32 {
        let own = self.of_entities.get(&(account.id, entity));
        let net_days = own.and_then(|own| own.net_days).unwrap_or(account.net_days);
        match self.of(account, entity) {
            Agreement::NetDays(days) => days,
            Agreement::Terms(code) => {
                let days = self.terms.last_due_in(code, amount, from);
                days.ok().flatten().unwrap_or(net_days)
            }
        }
    }
}
