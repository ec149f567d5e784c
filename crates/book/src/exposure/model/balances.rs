//! What an account owes, by legal entity and currency.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use diesel::prelude::*;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{AccountStatus, CreditAccount, Exposure};
use crate::platform::db::schema::{account_balances, entity_terms};
use kernel::clock::Instant;
use kernel::columns::text_column;
use kernel::ids::{CreditAccountId, DunningProcedureId, LegalEntityId, MAIN_ENTITY};
use kernel::money::Currency;
use kernel::text::{Keyword, Subject};

/// To which company, and in which currency, something is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BalanceKey {
    pub legal_entity_id: LegalEntityId,
    pub currency: Currency,
}

impl BalanceKey {
    pub const fn new(legal_entity_id: LegalEntityId, currency: Currency) -> BalanceKey {
        BalanceKey {
            legal_entity_id,
            currency,
        }
    }

    /// The balance that stands in an account's own row: of the first legal entity, in the limit's currency.
    pub const fn home(currency: Currency) -> BalanceKey {
        BalanceKey::new(MAIN_ENTITY, currency)
    }
}

/// A balance beside an account's home balance. Changed only under the lock of the account, whose row then changes as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = account_balances, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct AccountBalance {
    pub account_id: CreditAccountId,
    pub legal_entity_id: LegalEntityId,
    pub currency: Currency,
    pub reserved_minor: i64,
    pub delivered_minor: i64,
    pub receivable_minor: i64,
    pub instrument_minor: i64,
    pub charge_minor: i64,
    pub unapplied_minor: i64,
    pub group_reserved_minor: i64,
    pub group_delivered_minor: i64,
    pub group_receivable_minor: i64,
    pub group_instrument_minor: i64,
    pub group_charge_minor: i64,
    pub group_unapplied_minor: i64,
}

impl AccountBalance {
    pub fn new(
        account_id: CreditAccountId,
        key: BalanceKey,
        own: Exposure,
        group: Exposure,
    ) -> AccountBalance {
        AccountBalance {
            account_id,
            legal_entity_id: key.legal_entity_id,
            currency: key.currency,
            reserved_minor: own.reserved_minor,
            delivered_minor: own.delivered_minor,
            receivable_minor: own.receivable_minor,
            instrument_minor: own.instrument_minor,
            charge_minor: own.charge_minor,
            unapplied_minor: own.unapplied_minor,
            group_reserved_minor: group.reserved_minor,
            group_delivered_minor: group.delivered_minor,
            group_receivable_minor: group.receivable_minor,
            group_instrument_minor: group.instrument_minor,
            group_charge_minor: group.charge_minor,
            group_unapplied_minor: group.unapplied_minor,
        }
    }

    pub const fn key(&self) -> BalanceKey {
        BalanceKey::new(self.legal_entity_id, self.currency)
    }

    pub const fn exposure(&self) -> Exposure {
        Exposure {
            reserved_minor: self.reserved_minor,
            delivered_minor: self.delivered_minor,
            receivable_minor: self.receivable_minor,
            instrument_minor: self.instrument_minor,
            charge_minor: self.charge_minor,
            unapplied_minor: self.unapplied_minor,
        }
    }

    /// The same of the account and of all below it in its group.
    pub const fn group_exposure(&self) -> Exposure {
        Exposure {
            reserved_minor: self.group_reserved_minor,
            delivered_minor: self.group_delivered_minor,
            receivable_minor: self.group_receivable_minor,
            instrument_minor: self.group_instrument_minor,
            charge_minor: self.group_charge_minor,
            unapplied_minor: self.group_unapplied_minor,
        }
    }

    /// With more of the account's own, and of its group's.
    pub fn add(&mut self, own: Exposure, group: Exposure) {
        *self = AccountBalance::new(
            self.account_id,
            self.key(),
            self.exposure() + own,
            self.group_exposure() + group,
        );
    }
}

impl CreditAccount {
    /// The balance that stands in its own row.
    pub const fn home(&self) -> BalanceKey {
        BalanceKey::home(self.currency)
    }

    /// Whether documents may be in a currency.
    pub fn bills_in(&self, currency: Currency) -> bool {
        currency == self.currency
            || self
                .billing_currencies
                .as_ref()
                .is_some_and(|billing| billing.allow(currency))
    }
}

/// In which currencies documents of an account may be, besides the limit's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub enum BillingCurrencies {
    Any,
    Listed(BTreeSet<Currency>),
}

const ANY: &str = "any";

impl BillingCurrencies {
    /// How many may be listed.
    pub const MAX: usize = 20;

    pub fn allow(&self, currency: Currency) -> bool {
        match self {
            BillingCurrencies::Any => true,
            BillingCurrencies::Listed(listed) => listed.contains(&currency),
        }
    }
}

/// What is no list of currencies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a list of at most 20 currencies, or of the one word any")]
pub struct NoBillingCurrencies;

impl TryFrom<Vec<String>> for BillingCurrencies {
    type Error = NoBillingCurrencies;

    fn try_from(words: Vec<String>) -> Result<BillingCurrencies, NoBillingCurrencies> {
        if words == [ANY] {
            return Ok(BillingCurrencies::Any);
        }
        if words.len() > BillingCurrencies::MAX {
            return Err(NoBillingCurrencies);
        }
        let listed: Result<BTreeSet<Currency>, _> = words.iter().map(|word| word.parse()).collect();
        listed
            .map(BillingCurrencies::Listed)
            .map_err(|_| NoBillingCurrencies)
    }
}

impl From<BillingCurrencies> for Vec<String> {
    fn from(currencies: BillingCurrencies) -> Vec<String> {
        match currencies {
            BillingCurrencies::Any => vec![ANY.to_owned()],
            BillingCurrencies::Listed(listed) => listed.iter().map(ToString::to_string).collect(),
        }
    }
}

impl fmt::Display for BillingCurrencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Vec::from(self.clone()).join(","))
    }
}

impl FromStr for BillingCurrencies {
    type Err = NoBillingCurrencies;

    fn from_str(text: &str) -> Result<BillingCurrencies, NoBillingCurrencies> {
        let words = text.split([',', ';', ' ']).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect::<Vec<String>>().try_into()
    }
}

/// None is told as what it is: no other currency.
#[expect(clippy::ref_option, reason = "serde hands the field by reference")]
pub fn serialize_billing_currencies<S: Serializer>(
    currencies: &Option<BillingCurrencies>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let none = || BillingCurrencies::Listed(BTreeSet::new());
    currencies.clone().unwrap_or_else(none).serialize(to)
}

text_column!(@shown BillingCurrencies);

impl PartialSchema for BillingCurrencies {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .max_length(Some(3))
                    .pattern(Some("^([A-Z]{3}|any)$")),
            )
            .max_items(Some(BillingCurrencies::MAX))
            .description(Some(
                "Currencies besides the limit's; `[\"any\"]` for all of them.",
            ))
            .examples([serde_json::json!(["USD", "CAD"])])
            .into()
    }
}

impl ToSchema for BillingCurrencies {}

/// What one legal entity has agreed with a customer, where that is not what all have.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = entity_terms, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct EntityTerms {
    #[diesel(skip_update)]
    pub account_id: CreditAccountId,
    #[diesel(skip_update)]
    pub legal_entity_id: LegalEntityId,
    pub status: AccountStatus,
    /// A limit of its own, in the account's currency, beside that of all.
    pub limit_minor: Option<i64>,
    pub net_days: Option<i32>,
    pub dunning_procedure_id: Option<DunningProcedureId>,
    /// Who collects for it.
    pub collector: Option<Subject>,
    pub reason: String,
    pub set_by: Subject,
    #[diesel(skip_update)]
    pub created_at: Instant,
    pub changed_at: Instant,
    pub version: i64,
    /// The payment terms of its invoices that name none, before its net days.
    pub payment_terms: Option<Keyword>,
    /// Since when dunning closes the account to this company's orders, and why.
    pub dunning_blocked_at: Option<Instant>,
    pub dunning_block_reason: Option<String>,
}
