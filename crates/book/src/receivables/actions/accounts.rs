//! The accounts that a unit of work moves, locked in one go.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::ReceivableError;
use super::settling::named;
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::exposure::actions::{self as exposure, Locked};
use crate::book::receivables::input::Application;
use crate::book::receivables::model::Source;
use crate::book::receivables::store;
use crate::platform::db::{DbError, Tx};
use kernel::ids::CustomerId;

/// The locked accounts of the customers that documents name, and of those whose invoices they settle.
#[derive(Debug, Default)]
pub struct Accounts {
    known: HashMap<CustomerRef, CustomerId>,
    pub(super) locked: BTreeMap<CustomerId, Locked>,
}

impl Accounts {
    /// Locks the accounts of those who are named, and of all whose invoices the applications settle, in as many queries as
    /// for one: whoever locks one after the other may wait for somebody who waits for it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn lock<'a>(
        tx: &mut Tx,
        references: &[CustomerRef],
        applications: impl IntoIterator<Item = &'a Application>,
    ) -> Result<Accounts, DbError> {
        let known = customers::list_named(tx, references)?;
        let mut everyone: BTreeSet<CustomerId> = known.values().copied().collect();
        let invoices = named(applications);
        if !invoices.is_empty() {
            let found = store::list_invoices_by_refs(tx, &invoices)?;
            everyone.extend(found.iter().map(|invoice| invoice.customer_id));
        }
        let locked = exposure::lock_all(tx, &everyone)?;
        Ok(Accounts { known, locked })
    }

    /// Locks the accounts of these customers.
    ///
    /// # Errors
    /// When the database fails.
    pub fn lock_customers(
        tx: &mut Tx,
        everyone: &BTreeSet<CustomerId>,
    ) -> Result<Accounts, DbError> {
        Ok(Accounts {
            known: HashMap::new(),
            locked: exposure::lock_all(tx, everyone)?,
        })
    }

    /// Locks the account of whose money it is, and of all whose invoices it is to settle; of all whose invoices it settles
    /// now, where nothing is to be applied.
    ///
    /// # Errors
    /// When the database fails, or whose money it is has no account.
    pub fn lock_around(
        tx: &mut Tx,
        owner: CustomerId,
        source: Source,
        application: Option<&Application>,
    ) -> Result<Accounts, ReceivableError> {
        let mut everyone = BTreeSet::from([owner]);
        if let Some(application) = application {
            let invoices = store::list_invoices_by_refs(tx, &named([application]))?;
            everyone.extend(invoices.iter().map(|invoice| invoice.customer_id));
        } else {
            let settled = store::list_settlements_of(tx, source)?;
            everyone.extend(settled.iter().map(|row| row.customer_id));
        }
        let accounts = Accounts::lock_customers(tx, &everyone)?;
        accounts.of(owner)?;
        Ok(accounts)
    }

    /// The account of the customer that a document names.
    ///
    /// # Errors
    /// When there is no such customer, or it has no account.
    pub fn find(&self, reference: &CustomerRef) -> Result<&Locked, ReceivableError> {
        let customer = self
            .known
            .get(reference)
            .ok_or(ReceivableError::NoSuchCustomer)?;
        self.of(*customer)
    }

    /// The account of a customer.
    ///
    /// # Errors
    /// When it has none.
    pub fn of(&self, customer: CustomerId) -> Result<&Locked, ReceivableError> {
        self.locked.get(&customer).ok_or(ReceivableError::NoAccount)
    }

    /// All of them.
    pub fn all(&self) -> BTreeMap<CustomerId, &Locked> {
        let all = self.locked.iter();
        all.map(|(customer, locked)| (*customer, locked)).collect()
    }

    /// The customer that a reference names.
    pub fn customer(&self, reference: &CustomerRef) -> Option<CustomerId> {
        self.known.get(reference).copied()
    }
}
