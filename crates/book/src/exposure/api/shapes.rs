//! What goes in and out at `/v1/credit-accounts`.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdditionalLimitOut;
use crate::book::exchange_rates::rules::Conversions;
use crate::book::exposure::actions::AccountLine;
use crate::book::exposure::actions::bounds::{Bounds, ForOrder};
use crate::book::exposure::model::{
    AccountBlock, AccountStatus, BillingCurrencies, BlockCause, Exposure, LimitEntry, LimitKind,
    LimitScope, LimitSource,
};
use crate::book::exposure::rules::{self, Node, NodeKind, Owing, UnknownNode};
use crate::book::policy::model::PolicyDocument;
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::{
    ApplicationId, CreditAccountId, CustomerId, DunningProcedureId, LegalEntityId, LimitId,
};
use kernel::money::{Currency, Money};
use kernel::text::{Line, Number};

/// Exposure by category.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExposureOut {
    /// What counts by the policy: every category by its weight, less unapplied cash.
    pub total: Money,
    pub by_category: ExposureCategories,
}

/// Exposure by category, and by company and currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountExposureOut {
    /// What counts by the policy: every category by its weight, less unapplied cash; in the account's currency. Of several
    /// balances, none counts for less than nothing. Null where an exchange rate is missing.
    pub total: Option<Money>,
    /// In the account's currency, at the exchange rates of today: what is owed rounded up, what is unapplied down. Null
    /// where a rate is missing.
    pub by_category: Option<ExposureCategories>,
    /// What is owed to each company in each currency, as it is owed.
    #[schema(max_items = 1000)]
    pub by_balance: Vec<BalanceOut>,
    /// The pairs of currencies between which a rate is missing.
    #[schema(max_items = 200)]
    pub missing_rates: Vec<MissingRateOut>,
}

/// What is owed to one company in one currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BalanceOut {
    pub legal_entity_id: LegalEntityId,
    pub currency: Currency,
    /// What counts of it by the policy.
    pub total: Money,
    pub by_category: ExposureCategories,
}

/// Two currencies between which no exchange rate leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct MissingRateOut {
    pub from: Currency,
    pub to: Currency,
}

impl AccountExposureOut {
    /// What is owed at a node, of an account in `account`.
    pub fn new(
        node: &Node,
        account: Currency,
        policy: &PolicyDocument,
        rates: &Conversions,
    ) -> AccountExposureOut {
        let currency = node.currency(account);
        let money = |minor| Money::from_minor(minor, currency);
        let mut missing: Vec<MissingRateOut> = Vec::new();
        for UnknownNode { from, to, .. } in node.missing_rates(account, rates) {
            let pair = MissingRateOut { from, to };
            if !missing.contains(&pair) {
                missing.push(pair);
            }
        }
        AccountExposureOut {
            total: node.counted_in_all(account, policy, rates).ok().map(money),
            by_category: node
                .exposure_in_all(account, rates)
                .ok()
                .map(|exposure| ExposureCategories::new(exposure, currency)),
            by_balance: node
                .balances(account)
                .map(|(key, exposure)| BalanceOut {
                    legal_entity_id: key.legal_entity_id,
                    currency: key.currency,
                    total: Money::from_minor(rules::included(exposure, policy), key.currency),
                    by_category: ExposureCategories::new(exposure, key.currency),
                })
                .collect(),
            missing_rates: missing,
        }
    }
}

/// What exposure is made of.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExposureCategories {
    /// What reservations and open orders still hold.
    pub reservations: Money,
    /// What is delivered and not invoiced yet.
    pub delivered_not_billed: Money,
    /// What is open on invoices.
    pub receivables: Money,
    /// Instruments that have not cleared.
    pub instruments: Money,
    /// Claimed interest and fees.
    pub claimed_charges: Money,
    /// Money and credit received that is not yet applied: it lowers the total.
    pub unapplied_cash: Money,
}

impl ExposureOut {
    /// `included_minor` is what counts of it ([`rules::included`]).
    pub fn new(exposure: Exposure, included_minor: i64, currency: Currency) -> ExposureOut {
        ExposureOut {
            total: Money::from_minor(included_minor, currency),
            by_category: ExposureCategories::new(exposure, currency),
        }
    }
}

impl ExposureCategories {
    pub fn new(exposure: Exposure, currency: Currency) -> ExposureCategories {
        let money = |minor| Money::from_minor(minor, currency);
        ExposureCategories {
            reservations: money(exposure.reserved_minor),
            delivered_not_billed: money(exposure.delivered_minor),
            receivables: money(exposure.receivable_minor),
            instruments: money(exposure.instrument_minor),
            claimed_charges: money(exposure.charge_minor),
            unapplied_cash: money(exposure.unapplied_minor),
        }
    }
}

/// A block that stands on an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockOut {
    cause: BlockCause,
    #[schema(max_length = 2000)]
    reason: String,
    since: Instant,
}

impl From<&AccountBlock> for BlockOut {
    fn from(block: &AccountBlock) -> BlockOut {
        BlockOut {
            cause: block.cause,
            reason: block.reason.clone(),
            since: block.set_at,
        }
    }
}

/// The limit of a group and what its members owe together.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupOut {
    limit_kind: LimitKind,
    /// Null unless `limit_kind` is `amount`.
    limit: Option<Money>,
    exposure: AccountExposureOut,
    /// Null when unlimited, or when an exchange rate is missing.
    headroom: Option<Money>,
}

/// A credit account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditAccount, example = json!({
    "id": "acc_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "customer_number": "C-1001", "currency": "CNY", "status": "active", "limit_kind": "amount",
    "limit": {"amount": "500000.00", "currency": "CNY"}, "limit_source": "application", "limit_valid_until": null,
    "net_days": 30, "segment": "Steel", "exempt_until": null, "additional": [], "group": null,
    "exposure": {"total": {"amount": "390000.00", "currency": "CNY"}, "by_category": {
        "reservations": {"amount": "80000.00", "currency": "CNY"},
        "delivered_not_billed": {"amount": "40000.00", "currency": "CNY"},
        "receivables": {"amount": "300000.00", "currency": "CNY"},
        "instruments": {"amount": "0.00", "currency": "CNY"},
        "claimed_charges": {"amount": "0.00", "currency": "CNY"},
        "unapplied_cash": {"amount": "30000.00", "currency": "CNY"}}, "by_balance": [], "missing_rates": []},
    "headroom": {"amount": "110000.00", "currency": "CNY"}, "available": {"amount": "110000.00", "currency": "CNY"},
    "billing_currencies": [], "dunning_procedure_id": null, "blocks": [], "created_at": "2026-03-31T08:00:00.000000Z",
    "changed_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct CreditAccountOut {
    pub id: CreditAccountId,
    customer_id: CustomerId,
    customer_number: Number,
    currency: Currency,
    status: AccountStatus,
    limit_kind: LimitKind,
    /// Null unless `limit_kind` is `amount`. Zero means zero.
    pub limit: Option<Money>,
    /// How the limit came to be: `none`, `application`, `lowered` or `import`.
    #[schema(max_length = 20)]
    limit_source: String,
    /// The last day on which the limit holds; null when it has no end.
    limit_valid_until: Option<NaiveDate>,
    /// Days from invoice to due date.
    #[schema(minimum = 0, maximum = 365)]
    net_days: i32,
    /// The credit segment that it belongs to.
    segment: Option<Line>,
    /// The last day of its exemption, on which it passes over what would need a review.
    exempt_until: Option<NaiveDate>,
    /// The limits beside the base limit that stand, whether they hold today or later; those for the group are left out
    /// for readers who may not see what others owe.
    #[schema(max_items = 50)]
    additional: Vec<AdditionalLimitOut>,
    /// The group under this account's customer, when it has a limit; null for readers who may not see what others owe.
    group: Option<GroupOut>,
    exposure: AccountExposureOut,
    /// What the account's own limit leaves with what raises it today; negative when exposure is above it, null when
    /// unlimited, or when an exchange rate is missing.
    headroom: Option<Money>,
    /// The least that the account's own limit, those of its groups and our portfolio caps leave; null when nothing
    /// limits it. At most 0 where an exchange rate is missing to compare with a cap.
    available: Option<Money>,
    /// In which currencies documents may be besides the limit's.
    billing_currencies: BillingCurrencies,
    dunning_procedure_id: Option<DunningProcedureId>,
    #[schema(max_items = 10)]
    blocks: Vec<BlockOut>,
    created_at: Instant,
    changed_at: Instant,
}

impl CreditAccountOut {
    pub fn new(
        standing: &AccountLine,
        bounds: &Bounds,
        policy: &PolicyDocument,
        customer_number: Number,
        blocks: Vec<BlockOut>,
    ) -> CreditAccountOut {
        let account = &standing.account;
        let places = bounds.places(&standing.owing(), &standing.caps, ForOrder::default());
        let currency = account.currency;
        let money = |minor| account.money(minor);
        let exposure = |node: &Node| AccountExposureOut::new(node, currency, policy, &places.rates);
        let headroom = |node: &Node| node.headroom(currency, policy, &places.rates);
        let own = Node::own(Owing {
            account,
            balances: &standing.balances,
        });
        let own_group = places
            .nodes
            .iter()
            .find(|node| node.kind == NodeKind::Group && node.id == account.id.to_string());
        let amount = |kind: LimitKind, minor| (kind == LimitKind::Amount).then(|| money(minor));
        CreditAccountOut {
            id: account.id,
            customer_id: account.customer_id,
            customer_number,
            currency,
            exposure: exposure(&own),
            status: account.status,
            limit_kind: account.limit_kind,
            limit: amount(account.limit_kind, account.limit_minor),
            limit_source: account.limit_source.clone(),
            limit_valid_until: account.limit_valid_until,
            net_days: account.net_days,
            segment: account.segment.clone(),
            exempt_until: account.exempt_until,
            additional: bounds
                .additional_of(account.id)
                .cloned()
                .map(AdditionalLimitOut::from)
                .collect(),
            group: account.group_limit().and_then(|limit| {
                Some(GroupOut {
                    limit_kind: limit.kind(),
                    limit: amount(limit.kind(), account.group_limit_minor),
                    exposure: exposure(own_group?),
                    headroom: headroom(own_group?).map(money),
                })
            }),
            headroom: places.nodes.first().and_then(headroom).map(money),
            available: places.available(currency, policy).map(money),
            billing_currencies: account
                .billing_currencies
                .clone()
                .unwrap_or_else(|| BillingCurrencies::Listed(BTreeSet::new())),
            dunning_procedure_id: account.dunning_procedure_id,
            blocks,
            created_at: account.created_at,
            changed_at: account.changed_at,
        }
    }
}

impl CreditAccountOut {
    /// The account as somebody sees it who may not know what others of its group owe.
    #[must_use]
    pub fn for_reader(mut self, reader: &Caller) -> CreditAccountOut {
        if !reader.sees_others() {
            self.group = None;
            self.additional
                .retain(|limit| limit.scope == LimitScope::Own);
        }
        self
    }
}

/// One limit in an account's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Limit, example = json!({
    "id": "lim_01k00000000000000000000001", "scope": "own", "limit_kind": "amount",
    "limit": {"amount": "500000.00", "currency": "CNY"}, "net_days": 30, "valid_until": null,
    "source": "application", "application_id": "app_01k00000000000000000000001",
    "reason": "Pays on time since 2019.", "set_by": "u-21", "set_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct LimitOut {
    id: LimitId,
    scope: LimitScope,
    limit_kind: LimitKind,
    limit: Option<Money>,
    #[schema(minimum = 0, maximum = 365)]
    net_days: Option<i32>,
    valid_until: Option<NaiveDate>,
    source: LimitSource,
    application_id: Option<ApplicationId>,
    #[schema(max_length = 4000)]
    reason: String,
    #[schema(max_length = 128)]
    set_by: String,
    set_at: Instant,
}

impl From<LimitEntry> for LimitOut {
    fn from(entry: LimitEntry) -> LimitOut {
        LimitOut {
            id: entry.id,
            scope: entry.scope,
            limit_kind: entry.limit_kind,
            limit: (entry.limit_kind == LimitKind::Amount)
                .then(|| Money::from_minor(entry.limit_minor, entry.currency)),
            net_days: entry.net_days,
            valid_until: entry.valid_until,
            source: entry.source,
            application_id: entry.application_id,
            reason: entry.reason,
            set_by: entry.set_by.into(),
            set_at: entry.set_at,
        }
    }
}
