//! The contract: OpenAPI 3.1, collected from the handlers and completed by rule.
//!
//! Handlers declare what is theirs. What every operation shares (problem answers, roles, headers, the key of a keyed
//! command) is added here, so that it can't be forgotten or differ: `schemas` and `components` tidy the shapes,
//! `operations` completes each operation.
//!
//! The public pages `/openapi.json`, `/docs`, `/problems` and `/metrics` are no part of it: they are for people and
//! machines that watch, and no client is generated for them.

#![expect(
    clippy::indexing_slicing,
    reason = "the document is of our own making, and tests read all of it"
)]

mod components;
mod events;
mod operations;
mod schemas;

use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa_actix_web::AppExt as _;

use crate::platform::http::problem::{FieldError, ProblemOut};
use kernel::clock::{Day, Instant};
use kernel::ids;
use kernel::money::{AmountIn, Currency, Money};
use kernel::places::{Country, Language};
use kernel::rates::Rate;
use kernel::text::{Email, Keyword, Line, Note, Number, SnakeCode, Source, Subject};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "netterms",
        description = "Trade-credit management: who may buy on account, up to what limit and on what terms, and the money coming in.\n\nMoney is a decimal string with its currency. Every list is paged by cursor. A change by a person needs `If-Match` with the one ETag that was read: `*` and lists are malformed, a weak ETag never matches; a POST may carry an `Idempotency-Key`, and must where money, capacity or approval moves. Every answer that is no answer is a problem (RFC 9457) with a stable `code`. Clients must accept members and codes that they do not know.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(name = "netterms"),
    ),
    servers((url = "/", description = "This server.")),
    tags(
        (name = "customers", description = "The customer file and its groups."),
        (name = "credit-accounts", description = "Limits, terms, status and exposure."),
        (name = "portfolio-caps", description = "What accounts that have something in common may owe together."),
        (name = "facts", description = "What is known of customers: financial statements, answers, industries, and the indicators from all of it."),
        (name = "applications", description = "Credit applications, from draft to decision."),
        (name = "ratings", description = "Ratings, the models that make them, and the grade scale."),
        (name = "policies", description = "The credit policy, by version."),
        (name = "legal-entities", description = "The companies that sell: whose receivables they are."),
        (name = "catalogues", description = "The numbered lists of the trade, by version."),
        (name = "change-requests", description = "Changes that one person proposes and another decides."),
        (name = "exchange-rates", description = "With which rates money in another currency is converted."),
        (name = "payment-terms", description = "When invoices are due, in which instalments and with which discounts, and which days are worked."),
        (name = "periods", description = "Until which day books are closed."),
        (name = "limit-checks", description = "May this customer have so much more? Reservations and credit blocks."),
        (name = "receivables", description = "Invoices, credit notes, receipts and cash application."),
        (name = "deadlines", description = "By when something must be done about a customer."),
        (name = "instruments", description = "Cheques, drafts, bills and notes that customers pay with."),
        (name = "factoring", description = "Receivables that are sold or pledged to factors."),
        (name = "cash", description = "Bank accounts, statements and entries, payers' accounts, remittance advices."),
        (name = "reports", description = "Figures as of any date."),
        (name = "charges", description = "What paying late costs: interest, fixed sums, fees; accrued, claimed and waived."),
        (name = "dunning", description = "Procedures, runs, notices, stages, cases and blocks."),
        (name = "messages", description = "What is sent to customers, by e-mail or as a letter, and what became of it."),
        (name = "imports", description = "Files of customers, accounts, invoices, receipts and exchange rates."),
        (name = "exports", description = "Tables as files, and the audit package."),
        (name = "events", description = "What happens, for other systems: as a log, and told to webhook endpoints."),
        (name = "webhooks", description = "Where events are told to, and what became of each."),
        (name = "postings", description = "What began here and a general ledger elsewhere has to follow."),
        (name = "api-keys", description = "Keys by which order systems and ERPs sign in."),
        (name = "token-revocations", description = "Tokens that count no more."),
        (name = "jobs", description = "Long work, with progress."),
        (name = "trail", description = "Who changed what, when and why."),
        (name = "controls", description = "Internal controls, tested over the book and signed off by auditors."),
        (name = "meta", description = "What this version of the service can do."),
        (name = "operation", description = "Health of the service, and one's own token."),
    ),
    components(schemas(
        ProblemOut, FieldError, AmountIn, Country, Currency, Day, Email, Instant, Keyword, Language, Line, Money, Note, Number, Rate,
        SnakeCode, Source, Subject
    )),
)]
struct Contract;

/// The document as it is served, in one string.
pub struct Served(pub String);

impl Served {
    pub fn new(document: &Value) -> Served {
        Served(document.to_string())
    }
}

/// The whole contract.
pub fn document() -> Value {
    let mut base = Contract::openapi();
    // Parameters name the types of the kernel without declaring them; what is not used is taken out again.
    base.components
        .get_or_insert_default()
        .schemas
        .extend(ids::schemas());
    let (_, collected) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(base)
        .configure(super::rooms::routes)
        .configure(super::health::routes)
        .split_for_parts();
    let mut document = serde_json::to_value(collected).unwrap_or_default();
    complete(&mut document);
    document
}

/// The document as it is kept in the repository: what fits into a line is on one, so that a change shows as itself and the
/// file stays half as large as with a line for each member.
pub fn text(document: &Value) -> String {
    let mut text = String::new();
    write(document, 0, 0, &mut text);
    text
}

/// How long a line may be.
const LINE: usize = 120;

/// Writes a value where `before` characters stand on its line already, at a depth.
fn write(value: &Value, depth: usize, before: usize, text: &mut String) {
    let on_one_line = value.to_string();
    let is_empty = match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    if is_empty || before + on_one_line.chars().count() < LINE {
        text.push_str(&on_one_line);
        return;
    }
    let indent = " ".repeat(depth + 1);
    let mut separator = "\n";
    let mut member = |name: &str, value: &Value, text: &mut String| {
        text.push_str(std::mem::replace(&mut separator, ",\n"));
        text.push_str(&indent);
        text.push_str(name);
        write(value, depth + 1, indent.len() + name.len(), text);
    };
    match value {
        Value::Object(members) => {
            text.push('{');
            for (name, value) in members {
                member(&format!("{}: ", Value::from(name.as_str())), value, text);
            }
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                member("", item, text);
            }
        }
        _ => {}
    }
    text.push('\n');
    text.push_str(&" ".repeat(depth));
    text.push(if value.is_object() { '}' } else { ']' });
}

fn complete(document: &mut Value) {
    schemas::tidy(document);
    events::add(document, super::rooms::event_types());
    components::add(document);
    operations::complete(document);
    schemas::bound_integers(document);
    schemas::describe_beside_references(document);
    components::prune(document);
    components::share_examples(document);
    components::share_parameters(document);
}
