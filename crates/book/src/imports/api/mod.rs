//! `POST /v1/imports`.

mod feeds;
mod mappings;
pub mod upload;

use crate::book::imports::input::ImportIn;
use actix_multipart::Multipart;
use actix_web::{HttpRequest, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::platform::http::auth::ImportFiles;
use crate::platform::http::uploads::Uploads;
use crate::platform::http::{Actor, Answer, Executor, Heading, Outcome};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::api::JobOut;
use crate::platform::jobs::worker::WakeSignal;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(import_file)
        .service(mappings::list_import_mappings)
        .service(feeds::list_import_feeds);
}

/// Import a file
///
/// Customers, credit accounts with the limits they have today, invoices, receipts, exchange rates or changes of groups from
/// CSV (UTF-8, comma, semicolon or tab, up to 100 MiB). The work goes on as a job: read it, or watch its events, until it has ended; its
/// `result` counts the lines created, unchanged and rejected, its `errors` say what is wrong, line by line, and
/// `result.warnings` what was posted and wants a look: a document whose customer, day and amount are another's, and whose
/// number looks like that one's (`looks_alike`). `GET /v1/jobs/{id}/report` has all of it as CSV.
///
/// Lines are known by their number (credit accounts by their customer's): one that is in the book with the same
/// content is `unchanged`, with other content it is rejected, because imports never overwrite; only an exchange rate
/// is then appended as a correction. A file may therefore be sent again after whatever happened.
///
/// Columns, those in brackets may be left out:
/// - `customers`: number, name, country, \[street, city, postal_code, email, language, owner, parent_number,
///   legal_status, legal_status_since, contacts\]; a parent may come later in the file. Roles: credit, finance.
/// - `credit_accounts`: customer_number, currency, \[net_days, limit_kind, limit, valid_until, group_limit\]. The limit
///   is granted only when the account has none. Role: finance.
/// - `invoices`: number, customer_number, invoice_date, \[due_date\], amount, currency, \[order_number\]. Roles: finance,
///   system.
/// - `receipts`: number, customer_number, receipt_date, amount, currency, \[invoice_number\]; without an invoice they
///   pay the oldest first. Roles: finance, system.
/// - `deposit_requests`: number, customer_number, order_number, request_date, \[due_date\], amount, currency,
///   \[legal_entity, label\]. Roles: finance, system.
/// - `exchange_rates`: base_currency, quote_currency, rate, rate_date, source. Roles: finance, admin.
/// - `customer_parents`: customer_number, parent_customer_number (empty for none). The file, of up to 500 lines, becomes one
///   change request that another person decides; `reason` says why, and `result.change_request_id` names it. One bad line,
///   and nothing is proposed. Roles: credit, finance.
///
/// - `open_items`: number, customer_number, invoice_date, \[due_date\], amount, \[open\], currency, \[order_number\];
///   `open_orders`: number, customer_number, order_date, amount, currency; `open_deliveries`: number, customer_number,
///   delivery_date, amount, currency, \[order_number\]. Roles: finance, system.
///
/// `write` says what a file does to what the book has. `insert` is as above. `upsert` (`customers`, `credit_accounts`; also
/// role system) changes what the line says otherwise: name, address, industry, language and owner of customers, net days of
/// accounts; never groups, contacts, legal status or limits. `snapshot` (`open_items`, `open_orders`, `open_deliveries`) is
/// all there is: what the file lacks is told as `missing`, and closed with `close_missing=true`. `recognise` (`receipts`)
/// posts no money that a bank statement brought already: same customer, company, currency and amount, at most three days
/// apart. It is counted as `recognised`, and the receipt remembers the file's number. `control` states what a
/// snapshot comes to, `ledger_as_of` the day of which it speaks (`GET /v1/imports/feeds`). With `dry_run=true` the same is
/// told and nothing changes; `result.differences` has the first hundred.
///
/// A `mapping` reads a foreign file as it is: `{"columns": {"number": "Invoice No"}, "date_format": "%m/%d/%Y",
/// "defaults": {"currency": "USD"}, "constants": {"country": "US"}, "strip_suffix": {"number": ".0"},
/// "skip": [{"column": "Type", "is": ["void"]}]}`. A condition of `skip` has one of `is`, `is_not` (lists of texts),
/// `begins_with` and `ends_with`; lines on which one holds are passed over and counted as `skipped`. `encoding` is `utf-8`,
/// `gb18030`, `windows-1252` or `utf-16le`; `decimal` (`comma` or `point`) takes amounts with groups of digits and a sign at
/// either end; `values` says what a cell's text is with us. `{"shipped": "sap_fbl5n"}` begins with a mapping that netterms
/// ships (`GET /v1/imports/mappings`); what else is said holds instead, and conditions come on top.
///
/// One person may have four uploads on their way at once (429 `too_many_uploads`), and a body must come at 8 KiB a
/// second at least (408).
#[utoipa::path(
    tag = "imports",
    request_body(content = ImportIn, content_type = "multipart/form-data"),
    responses((status = 202, description = "The job that does it.", body = JobOut)),
    security(("bearer" = ["imports:run"]))
)]
#[post("/v1/imports")]
pub async fn import_file(
    actor: Actor<ImportFiles>,
    heading: Heading,
    body: Multipart,
    request: HttpRequest,
    executor: web::Data<Executor>,
    uploads: web::Data<Uploads>,
    bell: web::Data<WakeSignal>,
) -> Outcome {
    let admission = uploads.admit(&request, &actor)?;
    let received = upload::receive(&executor, &actor, body, admission.pace()).await?;
    drop(admission);
    let id = received.job;
    let parts = received.fingerprint();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let command = heading.command(received.plan, &parts);
    let outcome = executor
        .once(&actor, command, move |tx, plan| {
            let job = jobs::queue(tx, id, plan, plan.lines)?;
            Answer::accepted(&JobOut::from(job), format!("/v1/jobs/{id}"))
        })
        .await;
    // A replayed answer names the first job; what came this time is not needed.
    upload::discard(&executor, &actor, id).await;
    bell.ring();
    outcome
}
