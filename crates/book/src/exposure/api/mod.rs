//! `/v1/credit-accounts`, and what of a customer moves exposure when it changes.

mod additional;
mod agreed;
mod caps;
mod entity_terms;
mod entries;
mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpRequest, get, patch, post, put, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::AccountError;
use super::actions::bounds::Bounds;
use super::model::{AccountStatus, CreditAccount, LimitScope};
use super::{actions, store};
use crate::book::customers::api::{CustomerOut, customer_answer};
use crate::book::customers::input::{CustomerPatch, LegalStatusIn};
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::exposure::input::{
    CreditAccountFilter, CreditAccountIn, CreditAccountPatch, LowerLimitIn, ParentIn,
};
use crate::book::policy::actions as policies;
use crate::book::policy::model::ExposureSource;
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{EditCustomers, ManageAccounts, ReadAccounts, SetLegalStatus};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, Listing, NoFilter, Outcome, Problem, ReasonIn,
    Valid,
};
use kernel::caller::Caller;
use kernel::clock::Day;
use kernel::ids::{CreditAccountId, CustomerId};
use kernel::text::Number;

pub use self::additional::AdditionalLimitOut;
pub use self::shapes::*;

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
        .service(move_customer)
        .service(change_customer)
        .service(set_legal_status)
        .configure(additional::routes)
        .configure(agreed::routes)
        .configure(entity_terms::routes)
        .configure(entries::routes)
        .configure(caps::routes);
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
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let account = actions::open(tx, input)?;
            let location = format!("/v1/credit-accounts/{}", account.id);
            let version = account.version;
            let out = describe(tx, account)?.for_reader(tx.caller());
            Ok(Answer::created(&out, location)?.version(version))
        })
        .await
}

/// List credit accounts
///
/// The accounts of the customers that you may see.
#[utoipa::path(
    tag = "credit-accounts",
    params(Listing<CreditAccountFilter>),
    responses((status = 200, description = "One page of accounts.", body = PageOut<CreditAccountOut>)),
    security(("bearer" = ["accounts:read"]))
)]
#[get("/v1/credit-accounts")]
pub async fn list_credit_accounts(
    actor: Actor<ReadAccounts>,
    listing: Listing<CreditAccountFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &actor, &listing.filter, &listing.page)?;
            let page = page.try_map_all(|accounts| describe_all(db, accounts))?;
            Ok(page.map(|account| account.for_reader(&actor)))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a credit account
///
/// Limit, terms, status, exposure by category, and what is available: the least that the account's own limit, those of
/// its groups and our portfolio caps leave. Exposure is not part of the ETag.
#[utoipa::path(
    tag = "credit-accounts",
    params(CreditAccountId),
    responses((status = 200, description = "The account.", body = CreditAccountOut)),
    security(("bearer" = ["accounts:read"]))
)]
#[get("/v1/credit-accounts/{id}")]
pub async fn find_credit_account(
    actor: Actor<ReadAccounts>,
    id: web::Path<CreditAccountId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let account = find_visible(db, &actor, *id)?;
            let version = account.version;
            let out = describe(db, account)?.for_reader(&actor);
            Ok(Answer::ok(&out)?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Change the terms of a credit account
///
/// Net days, the credit segment, an exemption. Limits are changed by applications, or lowered by `lower-limit`. An
/// exempt account passes over what would need a review, and therefore its limit: it takes credit's highest level to
/// grant that, for a year at most, and nobody does for a customer of their own. Anybody of credit may end it.
#[utoipa::path(
    tag = "credit-accounts",
    params(CreditAccountId, IfMatch),
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
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let account = actions::change_terms(tx, *id, version.0, &patch.0)?;
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
    params(CreditAccountId, IfMatch),
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
    executor: web::Data<Executor>,
) -> Outcome {
    executor
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
    params(CreditAccountId, IfMatch),
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
    executor: web::Data<Executor>,
) -> Outcome {
    executor
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
    params(CreditAccountId, IfMatch),
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
    executor: web::Data<Executor>,
) -> Outcome {
    executor
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
    params(CreditAccountId, Listing<NoFilter>),
    responses((status = 200, description = "One page of limits.", body = PageOut<LimitOut>)),
    security(("bearer" = ["accounts:read"]))
)]
#[get("/v1/credit-accounts/{id}/limits")]
pub async fn list_limits(
    actor: Actor<ReadAccounts>,
    id: web::Path<CreditAccountId>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            find_visible(db, &actor, *id)?;
            store::list_limits(db, *id, &listing.page)
        })
        .await?;
    Ok(page.map(LimitOut::from).into_response(&request, &cursors))
}

/// Move a customer to another group
///
/// With all below it, and with their exposure. Null takes it out of any group.
#[utoipa::path(
    tag = "customers",
    params(CustomerRef, IfMatch),
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
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let customer =
                actions::move_to_group(tx, &customer, version.0, input.0.parent_customer.as_ref())?;
            let caller = tx.caller();
            customer_answer(tx, caller, customer)
        })
        .await
}

/// Change a customer
///
/// Changes the fields that are named; null empties one that may be empty. What it owes then counts under the caps of its
/// new salesperson, country or industry. The group is changed by `PUT /v1/customers/{customer}/parent`.
#[utoipa::path(
    tag = "customers",
    params(CustomerRef, IfMatch),
    request_body = CustomerPatch,
    responses((status = 200, description = "The customer as it is now.", body = CustomerOut)),
    security(("bearer" = ["customers:edit"]))
)]
#[patch("/v1/customers/{customer}")]
pub async fn change_customer(
    actor: Actor<EditCustomers>,
    customer: web::Path<CustomerRef>,
    version: IfMatch,
    patch: Valid<CustomerPatch>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let customer = actions::change_customer(tx, &customer, version.0, &patch.0)?;
            let caller = tx.caller();
            customer_answer(tx, caller, customer)
        })
        .await
}

/// Say how far the law has come in on a customer
///
/// `sued`, `judgment`, `insolvent`, `dissolved`, or `none` again, with the day since when and why we say so. The next
/// rating takes it into account, as the grade scale has it: who is insolvent or dissolved is in default. Their account is
/// blocked at once, with `insolvent` or `dissolved` as cause, and they are not dunned any more.
#[utoipa::path(
    tag = "customers",
    params(CustomerRef, IfMatch),
    request_body = LegalStatusIn,
    responses((status = 200, description = "The customer as it is now.", body = CustomerOut)),
    security(("bearer" = ["customers:legal-status"]))
)]
#[put("/v1/customers/{customer}/legal-status")]
pub async fn set_legal_status(
    actor: Actor<SetLegalStatus>,
    customer: web::Path<CustomerRef>,
    version: IfMatch,
    input: Valid<LegalStatusIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let (input, since) = (&input.0, input.0.since.map(Day::date));
            let status = input.status;
            let customer =
                actions::set_legal_status(tx, &customer, version.0, status, since, &input.reason)?;
            let caller = tx.caller();
            customer_answer(tx, caller, customer)
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
    let policy = policies::live(db)?;
    let wanted: BTreeSet<CustomerId> = accounts.iter().map(|account| account.customer_id).collect();
    let standings = actions::read_all(db, &wanted)?;
    let customers: Vec<CustomerId> = wanted.into_iter().collect();
    let named = customers::list_by_ids(db, &customers)?;
    let numbers: BTreeMap<CustomerId, Number> = named
        .into_iter()
        .map(|customer| (customer.id, customer.number))
        .collect();
    let ids: Vec<CreditAccountId> = accounts.iter().map(|account| account.id).collect();
    let blocks = store::list_blocks(db, &ids)?;
    let bounds = Bounds::read(db, standings.values())?;
    Ok(accounts
        .into_iter()
        .filter_map(|account| {
            let standing = standings.get(&account.customer_id)?;
            let number = numbers.get(&account.customer_id)?.clone();
            let blocks = blocks
                .iter()
                .filter(|block| block.account_id == account.id)
                .map(BlockOut::from)
                .collect();
            let described =
                CreditAccountOut::new(standing, &bounds, &policy.document, number, blocks);
            Some(described)
        })
        .collect())
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Problem {
        match error {
            AccountError::Missing => Problem::not_found("credit account"),
            AccountError::NoSuchCustomer => Problem::not_found_at("/customer", "customer"),
            AccountError::NoAccount => Problem::invalid(
                "/customer",
                "no_credit_account",
                "The customer has no credit account; open one by POST /v1/credit-accounts.",
            ),
            AccountError::AccountExists(id) => Problem::new(Code::DraftExists)
                .with("thing", "credit account")
                .with("existing_id", id),
            AccountError::Currency { given, expected } => Problem::new(Code::CurrencyMismatch)
                .with("given", given)
                .with("expected", expected),
            AccountError::OtherEntity => Problem::new(Code::EntityMismatch),
            AccountError::OwnCustomer => {
                Problem::new(Code::SegregationOfDuties).with("duty", "salesperson of the customer")
            }
            AccountError::CapsAreCredits => Problem::new(Code::OverAuthority)
                .with("amount", "Moving a customer under other caps")
                .with("needed", "credit"),
            AccountError::ExemptionAboveAuthority { needed } => Problem::new(Code::OverAuthority)
                .with("amount", "An exemption")
                .with("needed", needed),
            AccountError::ExemptUntil { from, to } => Problem::invalid(
                "/exempt_until",
                "out_of_range",
                format!("must be a day from {from} to {to}"),
            ),
            AccountError::NotLower => Problem::invalid(
                "/limit",
                "not_lower",
                "One person may lower a limit; raising it takes an application.",
            ),
            AccountError::NoSuchTerms => Problem::invalid(
                "/payment_terms",
                "unknown_payment_terms",
                "there are no such payment terms",
            ),
            AccountError::NotADelivery => Problem::invalid(
                "/order_number",
                "not_a_delivery",
                "only an entry of delivered_not_billed is of an order",
            ),
            AccountError::OtherOrder(known) => Problem::invalid(
                "/order_number",
                "other_order",
                format!("the delivery is of the order {known}; set it to 0 and state another one"),
            ),
            AccountError::PostedAlready { number } => Problem::new(Code::CountedTwice)
                .with("number", number)
                .with("source", ExposureSource::Ledger),
            AccountError::OtherSource(source) => {
                Problem::new(Code::OtherSource).with("source", source)
            }
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
