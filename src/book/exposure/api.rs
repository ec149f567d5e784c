//! `/v1/credit-accounts`, and a customer's place in its group.

use actix_web::{HttpRequest, get, patch, post, put, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::actions::{self, AccountError};
use super::model::{
    AccountBlock, AccountStatus, BlockCause, CreditAccount, Exposure, LimitEntry, LimitKind,
    LimitScope, LimitSource,
};
use super::{rules, store};
use crate::book::customers::api::CustomerOut;
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::kernel::caller::Caller;
use crate::kernel::clock::Instant;
use crate::kernel::ids::{ApplicationId, CreditAccountId, CustomerId, DunningProcedureId, LimitId};
use crate::kernel::money::{AmountIn, Currency, Money};
use crate::kernel::text::{Note, Number};
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{EditCustomers, ManageAccounts, ReadAccounts};
use crate::platform::http::page::{CursorKey, PageOut, PageParams};
use crate::platform::http::{
    Actor, Answer, Code, Command, Doors, IfMatch, Listing, Outcome, Problem, Valid,
};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(open_credit_account)
        .service(list_credit_accounts)
        .service(find_credit_account)
        .service(change_credit_account)
        .service(suspend_credit_account)
        .service(reinstate_credit_account)
        .service(lower_limit)
        .service(list_limits)
        .service(move_customer);
}

/// Open a credit account
///
/// Every customer has at most one, in one currency, the same throughout its group. It opens with no credit granted:
/// a limit comes from an approved application.
#[utoipa::path(
    tag = "credit-accounts",
    request_body = CreditAccountIn,
    responses((status = 201, description = "The account.", body = CreditAccountOut)),
    security(("bearer" = ["customers:edit"]))
)]
#[post("/v1/credit-accounts")]
pub async fn open_credit_account(
    actor: Actor<EditCustomers>,
    command: Command<CreditAccountIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once(&actor, command, |tx, input| {
            let account = actions::open(tx, input)?;
            let location = format!("/v1/credit-accounts/{}", account.id);
            let version = account.version;
            Ok(Answer::created(&describe(tx, account)?, location)?.version(version))
        })
        .await
}

/// List credit accounts
///
/// The accounts of the customers that you may see.
#[utoipa::path(
    tag = "credit-accounts",
    params(CreditAccountFilter, PageParams),
    responses((status = 200, description = "One page of accounts.", body = PageOut<CreditAccountOut>)),
    security(("bearer" = ["accounts:read"]))
)]
#[get("/v1/credit-accounts")]
pub async fn list_credit_accounts(
    actor: Actor<ReadAccounts>,
    listing: Listing<CreditAccountFilter>,
    request: HttpRequest,
    doors: web::Data<Doors>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = doors
        .read(move |db| {
            let Listing { filter, page } = listing;
            let rows = store::list(db, &actor, &filter, &page)?;
            let rows = describe_all(db, rows)?;
            Ok(page.cut(rows, |row| {
                let key = match filter.sort.unwrap_or_default() {
                    CreditAccountSort::CreatedAt | CreditAccountSort::CreatedAtDescending => {
                        row.id.to_string()
                    }
                    CreditAccountSort::Limit | CreditAccountSort::LimitDescending => {
                        row.limit.map_or(0, Money::minor).to_string()
                    }
                };
                (key, row.id.to_string())
            }))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a credit account
///
/// Limit, terms, status, exposure by category, and what is available: the least that the account's own limit and
/// those of its groups leave. Exposure is not part of the ETag.
#[utoipa::path(
    tag = "credit-accounts",
    params(("id" = CreditAccountId, Path, description = "The account.")),
    responses((status = 200, description = "The account.", body = CreditAccountOut)),
    security(("bearer" = ["accounts:read"]))
)]
#[get("/v1/credit-accounts/{id}")]
pub async fn find_credit_account(
    actor: Actor<ReadAccounts>,
    id: web::Path<CreditAccountId>,
    doors: web::Data<Doors>,
) -> Outcome {
    let answer = doors
        .read(move |db| {
            let account = find_visible(db, &actor, *id)?;
            let version = account.version;
            Ok(Answer::ok(&describe(db, account)?)?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Change the terms of a credit account
///
/// Net days within what policy allows, and the dunning procedure. Limits are changed by applications, or lowered by
/// `lower-limit`.
#[utoipa::path(
    tag = "credit-accounts",
    params(
        ("id" = CreditAccountId, Path, description = "The account."),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
    request_body = CreditAccountPatch,
    responses((status = 200, description = "The account as it is now.", body = CreditAccountOut)),
    security(("bearer" = ["accounts:manage"]))
)]
#[patch("/v1/credit-accounts/{id}")]
pub async fn change_credit_account(
    actor: Actor<ManageAccounts>,
    id: web::Path<CreditAccountId>,
    version: IfMatch,
    patch: Valid<CreditAccountPatch>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .write(&actor, move |tx| {
            let net_days = patch.0.net_days;
            let account = actions::change(
                tx,
                *id,
                version.0,
                |account| account.net_days = net_days.unwrap_or(account.net_days),
                &patch.0.reason,
            )?;
            let version = account.version;
            Ok(Answer::ok(&describe(tx, account)?)?.version(version))
        })
        .await
}

/// Suspend a credit account
///
/// At once, by one person: from now on every limit check is rejected.
#[utoipa::path(
    tag = "credit-accounts",
    params(
        ("id" = CreditAccountId, Path, description = "The account."),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
    request_body = ReasonIn,
    responses((status = 200, description = "The account as it is now.", body = CreditAccountOut)),
    security(("bearer" = ["accounts:manage"]))
)]
#[post("/v1/credit-accounts/{id}/suspend")]
pub async fn suspend_credit_account(
    actor: Actor<ManageAccounts>,
    id: web::Path<CreditAccountId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once(&actor, command, move |tx, input| {
            let account =
                actions::set_status(tx, *id, version.0, AccountStatus::Suspended, &input.reason)?;
            let version = account.version;
            Ok(Answer::ok(&describe(tx, account)?)?.version(version))
        })
        .await
}

/// Reinstate a credit account
///
/// Ends a suspension.
#[utoipa::path(
    tag = "credit-accounts",
    params(
        ("id" = CreditAccountId, Path, description = "The account."),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
    request_body = ReasonIn,
    responses((status = 200, description = "The account as it is now.", body = CreditAccountOut)),
    security(("bearer" = ["accounts:manage"]))
)]
#[post("/v1/credit-accounts/{id}/reinstate")]
pub async fn reinstate_credit_account(
    actor: Actor<ManageAccounts>,
    id: web::Path<CreditAccountId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once(&actor, command, move |tx, input| {
            let account =
                actions::set_status(tx, *id, version.0, AccountStatus::Active, &input.reason)?;
            let version = account.version;
            Ok(Answer::ok(&describe(tx, account)?)?.version(version))
        })
        .await
}

/// Lower a limit
///
/// At once, by one person, because it takes away risk; also below what is owed. Raising takes an application.
#[utoipa::path(
    tag = "credit-accounts",
    params(
        ("id" = CreditAccountId, Path, description = "The account."),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
    request_body = LowerLimitIn,
    responses((status = 200, description = "The account as it is now.", body = CreditAccountOut)),
    security(("bearer" = ["accounts:manage"]))
)]
#[post("/v1/credit-accounts/{id}/lower-limit")]
pub async fn lower_limit(
    actor: Actor<ManageAccounts>,
    id: web::Path<CreditAccountId>,
    version: IfMatch,
    command: Command<LowerLimitIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once(&actor, command, move |tx, input| {
            let scope = input.scope.unwrap_or(LimitScope::Own);
            let account = actions::lower(
                tx,
                *id,
                version.0,
                scope,
                input.limit.money(),
                &input.reason,
            )?;
            let version = account.version;
            Ok(Answer::ok(&describe(tx, account)?)?.version(version))
        })
        .await
}

/// List the limits that an account has had
///
/// The newest first. The history is appended to and never changed.
#[utoipa::path(
    tag = "credit-accounts",
    params(("id" = CreditAccountId, Path, description = "The account."), PageParams),
    responses((status = 200, description = "One page of limits.", body = PageOut<LimitOut>)),
    security(("bearer" = ["accounts:read"]))
)]
#[get("/v1/credit-accounts/{id}/limits")]
pub async fn list_limits(
    actor: Actor<ReadAccounts>,
    id: web::Path<CreditAccountId>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    doors: web::Data<Doors>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = doors
        .read(move |db| {
            find_visible(db, &actor, *id)?;
            let rows = store::list_limits(db, *id, &listing.page)?;
            Ok(listing
                .page
                .cut(rows, |row| (row.id.to_string(), row.id.to_string())))
        })
        .await?;
    Ok(page.map(LimitOut::from).into_response(&request, &cursors))
}

/// Move a customer to another group
///
/// With all below it, and with their exposure. Null takes it out of any group.
#[utoipa::path(
    tag = "customers",
    params(
        ("customer" = String, Path, description = "The customer's id or number.", max_length = 64, pattern = "^[A-Za-z0-9][A-Za-z0-9._:+-]*$"),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
    request_body = ParentIn,
    responses((status = 200, description = "The customer as it is now.", body = CustomerOut)),
    security(("bearer" = ["customers:edit"]))
)]
#[put("/v1/customers/{customer}/parent")]
pub async fn move_customer(
    actor: Actor<EditCustomers>,
    customer: web::Path<CustomerRef>,
    version: IfMatch,
    input: Valid<ParentIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .write(&actor, move |tx| {
            let customer =
                actions::move_to_group(tx, &customer, version.0, input.0.parent_customer.as_ref())?;
            let version = customer.version;
            Ok(Answer::ok(&CustomerOut::from(customer))?.version(version))
        })
        .await
}

/// The account, unless its customer is hidden from the caller.
pub fn find_visible(
    db: &mut Db,
    caller: &Caller,
    id: CreditAccountId,
) -> Result<CreditAccount, Problem> {
    let account = store::find(db, id)?.ok_or(AccountError::Missing)?;
    customers::find_visible(db, caller, &CustomerRef::Id(account.customer_id))?
        .ok_or(AccountError::Missing)?;
    Ok(account)
}

/// An account as the contract shows it, with its groups and blocks.
pub fn describe(db: &mut Db, account: CreditAccount) -> Result<CreditAccountOut, DbError> {
    let mut described = describe_all(db, vec![account])?;
    described
        .pop()
        .ok_or_else(|| DbError::Document("an account without its customer".to_owned()))
}

/// [`describe`] for many accounts, in as many queries as for one.
pub fn describe_all(
    db: &mut Db,
    accounts: Vec<CreditAccount>,
) -> Result<Vec<CreditAccountOut>, DbError> {
    let wanted = accounts.iter().map(|account| account.customer_id).collect();
    let lines = actions::lines(db, &wanted)?;
    let relatives: Vec<CustomerId> = lines
        .values()
        .flatten()
        .copied()
        .chain(wanted.iter().copied())
        .collect();
    let above = store::list_by_customers(db, &relatives)?;
    let named = customers::list_by_ids(db, &relatives)?;
    let ids: Vec<CreditAccountId> = accounts.iter().map(|account| account.id).collect();
    let blocks = store::list_blocks(db, &ids)?;
    Ok(accounts
        .into_iter()
        .filter_map(|account| {
            let line = lines.get(&account.customer_id)?;
            let ancestors: Vec<CreditAccount> = line
                .iter()
                .filter_map(|id| above.iter().find(|other| other.customer_id == *id).cloned())
                .collect();
            let number = named
                .iter()
                .find(|c| c.id == account.customer_id)?
                .number
                .clone();
            let blocks = blocks
                .iter()
                .filter(|block| block.account_id == account.id)
                .map(BlockOut::from)
                .collect();
            Some(CreditAccountOut::new(&account, &ancestors, number, blocks))
        })
        .collect())
}

/// A credit account to be opened.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"customer": "C-1001", "currency": "CNY", "net_days": 30}))]
pub struct CreditAccountIn {
    /// The customer's id or number.
    #[schema(value_type = Number)]
    pub customer: CustomerRef,
    pub currency: Currency,
    /// Days from invoice to due date; 30 when not given.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
}

/// What is to change on a credit account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"net_days": 45, "reason": "Agreed with the customer on 31 March."}))]
pub struct CreditAccountPatch {
    /// Days from invoice to due date.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
    pub reason: Note,
}

/// Why something is done.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Insolvency was announced today."}))]
pub struct ReasonIn {
    pub reason: Note,
}

/// A limit that is to be lower.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"limit": {"amount": "50000.00", "currency": "CNY"}, "reason": "Pays ever later."}))]
pub struct LowerLimitIn {
    /// The customer's own limit when not given.
    pub scope: Option<LimitScope>,
    pub limit: AmountIn,
    pub reason: Note,
}

/// The group that a customer is to belong to.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"parent_customer": "C-1000"}))]
pub struct ParentIn {
    /// The parent's id or number; null for none.
    #[schema(value_type = Option<Number>, required)]
    pub parent_customer: Option<CustomerRef>,
}

/// A filter with nothing in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFilter {}

/// Which accounts, and in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CreditAccountFilter {
    /// Accounts of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_id: Vec<CustomerId>,
    /// Accounts of the customers with these numbers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_number: Vec<Number>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<AccountStatus>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub currency: Vec<Currency>,
    /// By time of opening when not given.
    pub sort: Option<CreditAccountSort>,
}

/// The orders that a list of accounts may have.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
pub enum CreditAccountSort {
    #[default]
    #[serde(rename = "created_at")]
    CreatedAt,
    #[serde(rename = "-created_at")]
    CreatedAtDescending,
    #[serde(rename = "limit")]
    Limit,
    #[serde(rename = "-limit")]
    LimitDescending,
}

/// Exposure by category.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExposureOut {
    /// Reservations and receivables, less unapplied cash.
    pub total: Money,
    pub by_category: ExposureCategories,
}

/// What exposure is made of.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExposureCategories {
    /// What reservations still hold.
    pub reservations: Money,
    /// What is open on invoices.
    pub receivables: Money,
    /// Money and credit received that is not yet applied: it lowers the total.
    pub unapplied_cash: Money,
}

impl ExposureOut {
    pub fn new(exposure: Exposure, currency: Currency) -> ExposureOut {
        let money = |minor| Money::from_minor(minor, currency);
        ExposureOut {
            total: money(exposure.total_minor()),
            by_category: ExposureCategories {
                reservations: money(exposure.reserved_minor),
                receivables: money(exposure.receivable_minor),
                unapplied_cash: money(exposure.unapplied_minor),
            },
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
    exposure: ExposureOut,
    /// Null when unlimited.
    headroom: Option<Money>,
}

/// A credit account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditAccount, example = json!({
    "id": "acc_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "customer_number": "C-1001", "currency": "CNY", "status": "active", "limit_kind": "amount",
    "limit": {"amount": "500000.00", "currency": "CNY"}, "limit_source": "application", "limit_valid_until": null,
    "net_days": 30, "group": null,
    "exposure": {"total": {"amount": "390000.00", "currency": "CNY"}, "by_category": {
        "reservations": {"amount": "120000.00", "currency": "CNY"},
        "receivables": {"amount": "300000.00", "currency": "CNY"},
        "unapplied_cash": {"amount": "30000.00", "currency": "CNY"}}},
    "headroom": {"amount": "110000.00", "currency": "CNY"}, "available": {"amount": "110000.00", "currency": "CNY"},
    "dunning_procedure_id": null, "blocks": [], "created_at": "2026-03-31T08:00:00.000000Z",
    "changed_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct CreditAccountOut {
    id: CreditAccountId,
    customer_id: CustomerId,
    customer_number: Number,
    currency: Currency,
    status: AccountStatus,
    limit_kind: LimitKind,
    /// Null unless `limit_kind` is `amount`. Zero means zero.
    limit: Option<Money>,
    /// How the limit came to be: `none`, `application`, `lowered` or `import`.
    #[schema(max_length = 20)]
    limit_source: String,
    /// The last day on which the limit holds; null when it has no end.
    limit_valid_until: Option<NaiveDate>,
    /// Days from invoice to due date.
    #[schema(minimum = 0, maximum = 365)]
    net_days: i32,
    /// The group under this account's customer, when it has a limit.
    group: Option<GroupOut>,
    exposure: ExposureOut,
    /// What the account's own limit leaves; negative when exposure is above it, null when unlimited.
    headroom: Option<Money>,
    /// The least that the account's own limit and those of its groups leave; null when nothing limits it.
    available: Option<Money>,
    dunning_procedure_id: Option<DunningProcedureId>,
    #[schema(max_items = 10)]
    blocks: Vec<BlockOut>,
    created_at: Instant,
    changed_at: Instant,
}

impl CreditAccountOut {
    fn new(
        account: &CreditAccount,
        ancestors: &[CreditAccount],
        customer_number: Number,
        blocks: Vec<BlockOut>,
    ) -> CreditAccountOut {
        let money = |minor| account.money(minor);
        let amount = |kind: LimitKind, minor| (kind == LimitKind::Amount).then(|| money(minor));
        CreditAccountOut {
            id: account.id,
            customer_id: account.customer_id,
            customer_number,
            currency: account.currency,
            status: account.status,
            limit_kind: account.limit_kind,
            limit: amount(account.limit_kind, account.limit_minor),
            limit_source: account.limit_source.clone(),
            limit_valid_until: account.limit_valid_until,
            net_days: account.net_days,
            group: account.group_limit().map(|limit| GroupOut {
                limit_kind: limit.kind(),
                limit: amount(limit.kind(), account.group_limit_minor),
                exposure: ExposureOut::new(account.group_exposure(), account.currency),
                headroom: rules::headroom(limit, account.group_exposure()).map(money),
            }),
            exposure: ExposureOut::new(account.exposure(), account.currency),
            headroom: rules::headroom(account.limit(), account.exposure()).map(money),
            available: rules::available(account, ancestors).map(money),
            dunning_procedure_id: account.dunning_procedure_id,
            blocks,
            created_at: account.created_at,
            changed_at: account.changed_at,
        }
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
            set_by: entry.set_by,
            set_at: entry.set_at,
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Problem {
        match error {
            AccountError::Missing => Problem::not_found("credit account"),
            AccountError::NoSuchCustomer => Problem::not_found("customer"),
            AccountError::NoAccount => Problem::invalid(
                "/customer",
                "no_credit_account",
                "The customer has no credit account; open one by POST /v1/credit-accounts.",
            ),
            AccountError::AccountExists => Problem::new(Code::DraftExists)
                .with("thing", "credit account")
                .with("existing_id", "GET /v1/credit-accounts?customer_id="),
            AccountError::GroupCurrency { given, expected }
            | AccountError::Currency { given, expected } => Problem::new(Code::CurrencyMismatch)
                .with("given", given)
                .with("expected", expected),
            AccountError::NotLower => Problem::invalid(
                "/limit",
                "not_lower",
                "One person may lower a limit; raising it takes an application.",
            ),
            AccountError::AlreadyIs(status) => {
                let allowed = match status {
                    AccountStatus::Active => "suspend",
                    AccountStatus::Suspended => "reinstate",
                };
                Problem::state("credit account", status, [allowed])
            }
            AccountError::Stale => Problem::new(Code::Stale),
            AccountError::Customer(error) => error.into(),
            AccountError::Db(error) => error.into(),
        }
    }
}
