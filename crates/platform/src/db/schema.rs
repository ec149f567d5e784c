//! The tables, as Diesel knows them: one declaration for both databases, a file for each floor of the house.
//!
//! It is written by hand beside the two migration folders; a test compares both databases with each other, and
//! every query compiles against it.

mod book;
mod collect;
mod connect;
mod decide;
mod platform;
mod prove;
mod rating;

pub use book::*;
pub use collect::*;
pub use connect::*;
pub use decide::*;
pub use platform::*;
pub use prove::*;
pub use rating::*;

diesel::allow_tables_to_appear_in_same_query!(
    trail_entries,
    trail_seals,
    trail_checkpoints,
    idempotency_keys,
    jobs,
    job_files,
    job_reports,
    exports,
    customers,
    customer_aliases,
    account_payment_terms,
    invoice_labels,
    policies,
    exchange_rates,
    credit_accounts,
    limits,
    account_blocks,
    customer_owners,
    additional_limits,
    exposure_entries,
    order_invoices,
    reservation_captures,
    portfolio_caps,
    portfolio_exposures,
    reservations,
    invoices,
    invoice_items,
    credit_notes,
    receipts,
    refunds,
    deposit_requests,
    settlements,
    deadlines,
    instruments,
    factoring_agreements,
    factoring_assignments,
    import_feeds,
    messages,
    message_contents,
    charges,
    late_interest_terms,
    dunning_procedures,
    dunning_procedure_versions,
    dunning_runs,
    dunning_notices,
    dunning_notice_items,
    dunning_stages,
    dunning_blocks,
    dunning_cases,
    limit_checks,
    credit_blocks,
    applications,
    application_steps,
    application_assessments,
    financial_statements,
    industry_versions,
    customer_facts,
    expert_panels,
    panel_experts,
    panel_rounds,
    expert_opinions,
    grade_scales,
    rating_models,
    ratings,
    catalogue_versions,
    change_requests,
    change_request_lines,
    bank_accounts,
    bank_statements,
    bank_entries,
    bank_entry_receipts,
    match_proposals,
    payer_accounts,
    remittance_advices,
    invoice_keys,
    legal_entities,
    account_balances,
    entity_terms,
    postings,
    webhook_endpoints,
    webhook_deliveries,
    api_keys,
    token_revocations,
    control_runs,
    control_results,
    timeline_entries,
);

// What was paid, by when it was due and when it came.
diesel::allow_columns_to_appear_in_same_group_by_clause!(
    invoice_items::customer_id,
    invoice_items::due_date,
    settlements::effective_on,
    invoices::currency,
    invoices::legal_entity_id,
    dunning_notices::block_scope,
);
