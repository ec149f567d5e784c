//! `/v1/dunning-notices`.

use crate::collect::dunning::input::NoticeFilter;
use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::header::{ACCEPT, CONTENT_LANGUAGE, VARY};
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::book::customers::store as customers;
use crate::collect::dunning::actions::DunningError;
use crate::collect::dunning::model::{
    BlockScope, Channel, Effect, LeftOut, LineDecision, Notice, NoticeItem, NoticeStatus,
};
use crate::collect::dunning::store;
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::ReadDunning;
use crate::platform::http::page::{CursorKey, Page, PageOut, Query};
use crate::platform::http::{
    Actor, Answer, Executor, Listing, NoFilter, Outcome, PageRequest, Problem,
};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::{
    CreditAccountId, CustomerId, DunningNoticeId, DunningProcedureId, DunningProcedureVersionId,
    DunningRunId, InvoiceId, ItemId, LegalEntityId,
};
use kernel::money::Money;
use kernel::places::Language;
use kernel::text::{Line, Note, Number, Subject};

/// List the notices of a dunning run
///
/// Those whose customers you may see, the newest first.
#[utoipa::path(
    tag = "dunning",
    params(DunningRunId, Listing<NoFilter>),
    responses((status = 200, description = "One page of notices.", body = PageOut<NoticeOut>)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-runs/{id}/notices")]
pub async fn list_notices_of_run(
    actor: Actor<ReadDunning>,
    id: web::Path<DunningRunId>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            store::find_run(db, *id)?.ok_or(DunningError::Missing("dunning run"))?;
            let filter = NoticeFilter {
                run_id: Some(*id),
                ..NoticeFilter::default()
            };
            read_page(db, &actor, &filter, &listing.page)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// List dunning notices
///
/// Those whose customers you may see, the newest first.
#[utoipa::path(
    tag = "dunning",
    params(Listing<NoticeFilter>),
    responses((status = 200, description = "One page of notices.", body = PageOut<NoticeOut>)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-notices")]
pub async fn list_dunning_notices(
    actor: Actor<ReadDunning>,
    listing: Listing<NoticeFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| read_page(db, &actor, &listing.filter, &listing.page))
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a dunning notice
///
/// With the invoices that it lists, those that were dropped before it went out included; its text is at
/// `GET /v1/dunning-notices/{id}/letter`.
#[utoipa::path(
    tag = "dunning",
    params(DunningNoticeId),
    responses((status = 200, description = "The notice.", body = NoticeOut)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-notices/{id}")]
pub async fn find_dunning_notice(
    actor: Actor<ReadDunning>,
    id: web::Path<DunningNoticeId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let notice = find_visible(db, &actor, *id)?;
            let version = notice.version;
            let described = describe(db, vec![notice])?.pop();
            let described = described.ok_or(DunningError::Incomplete("customer"))?;
            Ok(Answer::ok(&described)?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Read the letter of a dunning notice
///
/// In the customer's language, to print or to send: HTML, or plain text where `format` or `Accept` asks for it.
#[utoipa::path(
    tag = "dunning",
    params(DunningNoticeId, LetterQuery),
    responses((status = 200, description = "The letter.", content(
        (String = "text/html", example = "<!DOCTYPE html><html lang=\"en\">…</html>"),
        (String = "text/plain", example = "Dear customer, …"),
    ))),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-notices/{id}/letter")]
pub async fn read_dunning_letter(
    actor: Actor<ReadDunning>,
    id: web::Path<DunningNoticeId>,
    query: Query<LetterQuery>,
    request: HttpRequest,
    executor: web::Data<Executor>,
) -> Outcome {
    let notice = executor
        .read(move |db| find_visible(db, &actor, *id))
        .await?;
    let format = query
        .0
        .format
        .unwrap_or_else(|| LetterFormat::asked_for(&request));
    let (kind, body) = match format {
        LetterFormat::Html => ("text/html; charset=utf-8", notice.body_html),
        LetterFormat::Text => ("text/plain; charset=utf-8", notice.body_text),
    };
    Ok(HttpResponse::Ok()
        .content_type(kind)
        .insert_header((CONTENT_LANGUAGE, notice.language.code()))
        .insert_header((VARY, "Accept"))
        .body(body))
}

fn find_visible(db: &mut Db, caller: &Caller, id: DunningNoticeId) -> Result<Notice, Problem> {
    let found = store::find_notice_visible(db, caller, id)?;
    Ok(found.ok_or(DunningError::Missing("dunning notice"))?)
}

fn read_page(
    db: &mut Db,
    caller: &Caller,
    filter: &NoticeFilter,
    page: &PageRequest,
) -> Result<Page<NoticeOut>, Problem> {
    let page = store::list_notices(db, caller, filter, page)?;
    Ok(page.try_map_all(|notices| describe(db, notices))?)
}

/// Notices as the contract shows them, with their customers, procedures and items: a few queries, however many they are.
fn describe(db: &mut Db, notices: Vec<Notice>) -> Result<Vec<NoticeOut>, DbError> {
    let ids: Vec<DunningNoticeId> = notices.iter().map(|notice| notice.id).collect();
    let owners: Vec<CustomerId> = notices.iter().map(|notice| notice.customer_id).collect();
    let owners: BTreeMap<CustomerId, (Number, Line)> = customers::list_by_ids(db, &owners)?
        .into_iter()
        .map(|customer| (customer.id, (customer.number, customer.name)))
        .collect();
    let items = store::list_items(db, &ids)?;
    let of_invoices: Vec<ItemId> = items.iter().map(|item| item.item_id).collect();
    let of_invoices: BTreeMap<ItemId, _> = store::list_item_numbers(db, &of_invoices)?
        .into_iter()
        .map(|(id, number, position, dated, due)| (id, (number, position, dated, due)))
        .collect();
    let versions: BTreeSet<DunningProcedureVersionId> = notices
        .iter()
        .filter_map(|notice| notice.procedure_version_id)
        .collect();
    let versions: Vec<DunningProcedureVersionId> = versions.into_iter().collect();
    let versions: BTreeMap<_, _> = store::list_procedure_versions_by_ids(db, &versions)?
        .into_iter()
        .map(|row| (row.id, (row.dunning_procedure_id, row.procedure_version)))
        .collect();
    let mut by_notice: BTreeMap<DunningNoticeId, Vec<NoticeItem>> = BTreeMap::new();
    for item in items {
        by_notice.entry(item.notice_id).or_default().push(item);
    }
    Ok(notices
        .into_iter()
        .filter_map(|notice| {
            let (customer_number, customer_name) = owners.get(&notice.customer_id)?.clone();
            let items = by_notice
                .remove(&notice.id)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|item| {
                    let (invoice_number, position, invoice_date, due_date) =
                        of_invoices.get(&item.item_id)?.clone();
                    Some(NoticeItemOut {
                        item_id: item.item_id,
                        position,
                        invoice_id: item.invoice_id,
                        invoice_number,
                        invoice_date,
                        due_date,
                        days_past_due: item.days_past_due,
                        open: Money::from_minor(item.open_minor, notice.currency),
                        dropped_reason: item.dropped_reason,
                        decision: item.decision.unwrap_or(LineDecision::Include),
                        decision_reason: item.decision_reason,
                        decided_by: item.decided_by,
                    })
                })
                .collect();
            let follows = notice
                .procedure_version_id
                .and_then(|version| versions.get(&version))
                .copied();
            Some(NoticeOut::new(
                notice,
                follows,
                customer_number,
                customer_name,
                items,
            ))
        })
        .collect())
}

/// In which form a letter is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LetterQuery {
    /// What `Accept` asks for when not given, and HTML when that does not say.
    #[param(inline)]
    pub format: Option<LetterFormat>,
}

/// The forms of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterFormat {
    Html,
    Text,
}

impl LetterFormat {
    /// Text when it is all that the caller accepts, or comes first.
    fn asked_for(request: &HttpRequest) -> LetterFormat {
        let accept = request.headers().get(ACCEPT);
        let accept = accept
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        match (accept.find("text/plain"), accept.find("text/html")) {
            (Some(_), None) => LetterFormat::Text,
            (Some(text), Some(html)) if text < html => LetterFormat::Text,
            _ => LetterFormat::Html,
        }
    }
}

/// What one customer is told at one level.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningNotice, example = json!({
    "id": "dno_01k00000000000000000000001", "run_id": "drn_01k00000000000000000000001",
    "legal_entity_id": "ent_01k00000000000000000000001", "block_scope": "entity",
    "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001",
    "customer_name": "Jiangnan Trading Co.", "account_id": "acc_01k00000000000000000000001", "level": 1,
    "channel": "email", "effect": "none", "language": "zh-CN", "status": "issued",
    "dunning_procedure_id": "dpr_01k00000000000000000000001", "procedure_version": 2,
    "total": {"amount": "12500.00", "currency": "CNY"}, "unapplied": {"amount": "0.00", "currency": "CNY"}, "subject": "付款提醒：CNY 12,500.00",
    "issued_on": "2026-03-31", "suppressed_reason": null, "payment_reference": "RF34C1001000000001", "created_at": "2026-03-31T08:00:00.000000Z",
    "items": [{
        "item_id": "itm_01k00000000000000000000001", "invoice_id": "inv_01k00000000000000000000001",
        "invoice_number": "INV-7", "position": 1, "invoice_date": "2026-02-27",
        "due_date": "2026-03-29", "days_past_due": 2, "open": {"amount": "12500.00", "currency": "CNY"},
        "dropped_reason": null, "decision": "include", "decision_reason": null, "decided_by": null
    }]
}))]
pub struct NoticeOut {
    id: DunningNoticeId,
    run_id: DunningRunId,
    customer_id: CustomerId,
    customer_number: Number,
    customer_name: Line,
    account_id: CreditAccountId,
    /// To which company it asks to pay; that one's letterhead it has.
    legal_entity_id: LegalEntityId,
    #[schema(minimum = 1, maximum = 10)]
    level: i32,
    /// The procedure that it follows; null for notices that are older than versions of procedures.
    dunning_procedure_id: Option<DunningProcedureId>,
    /// The version of the procedure.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    procedure_version: Option<i32>,
    channel: Channel,
    effect: Effect,
    /// What it closes when its level blocks.
    block_scope: BlockScope,
    language: Language,
    status: NoticeStatus,
    /// What it asks for: what is open on its invoices, less `unapplied`; for a suppressed notice as it was previewed.
    total: Money,
    /// What of its invoices is covered by money and credit of the customer that are not applied yet. The letter says so.
    unapplied: Money,
    #[schema(max_length = 500)]
    subject: String,
    issued_on: Option<NaiveDate>,
    suppressed_reason: Option<LeftOut>,
    /// What the customer is asked to pay with: a creditor reference (ISO 11649) with its number and the end of the notice's
    /// id. Null for notices of before.
    #[schema(max_length = 25)]
    payment_reference: Option<String>,
    created_at: Instant,
    #[schema(max_items = 10000)]
    items: Vec<NoticeItemOut>,
}

/// One item on a notice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningNoticeItem)]
pub struct NoticeItemOut {
    /// The invoice as a whole, or an instalment of it.
    item_id: ItemId,
    invoice_id: InvoiceId,
    invoice_number: Number,
    /// Its place in the invoice, from 1 on.
    #[schema(minimum = 1, maximum = 60)]
    position: i32,
    invoice_date: NaiveDate,
    due_date: NaiveDate,
    /// On the day that the run counts from.
    #[schema(minimum = 1, maximum = 3_000_000)]
    days_past_due: i32,
    open: Money,
    /// Why it was dropped, by a decision before the run was approved or when it was issued; null while it is on the notice.
    dropped_reason: Option<LeftOut>,
    /// What somebody decided about it; `include` unless somebody did.
    decision: LineDecision,
    decision_reason: Option<Note>,
    decided_by: Option<Subject>,
}

impl NoticeOut {
    fn new(
        notice: Notice,
        follows: Option<(DunningProcedureId, i32)>,
        customer_number: Number,
        customer_name: Line,
        items: Vec<NoticeItemOut>,
    ) -> NoticeOut {
        NoticeOut {
            id: notice.id,
            run_id: notice.run_id,
            customer_id: notice.customer_id,
            customer_number,
            customer_name,
            account_id: notice.account_id,
            legal_entity_id: notice.legal_entity_id,
            level: notice.level,
            dunning_procedure_id: follows.map(|(procedure, _)| procedure),
            procedure_version: follows.map(|(_, number)| number),
            channel: notice.channel,
            effect: notice.effect,
            block_scope: notice.block_scope,
            language: notice.language,
            status: notice.status,
            total: Money::from_minor(notice.total_minor, notice.currency),
            unapplied: Money::from_minor(notice.unapplied_minor, notice.currency),
            subject: notice.subject,
            issued_on: notice.issued_on,
            suppressed_reason: notice.suppressed_reason,
            payment_reference: notice.payment_reference,
            created_at: notice.created_at,
            items,
        }
    }
}
