//! Queries on dunning.

mod blocks;
mod cases;
mod ledger;
mod procedures;
mod runs;
mod stages;

pub use blocks::{
    find_block, insert_block, lift_block_if_unchanged, list_active_blocks, list_blocks,
};
pub use cases::{
    find_case_visible, insert_cases, list_cases, list_cases_by_customers, list_escalated,
    list_pursued, lock_case, lock_cases_due, update_case,
};
pub use ledger::{
    Debtor, count_overdue, list_debtors, list_invoices, list_item_numbers, list_overdue_customers,
    list_statement_days,
};
pub use procedures::{
    find_procedure, find_procedure_version, insert_procedure, list_all_procedures,
    list_live_procedure_versions, list_procedure_versions, list_procedure_versions_by_ids,
    list_procedures, list_versions_of, update_procedure_if_unchanged,
};
pub use runs::{
    cancel_notices, count_lines, drop_items, find_notice_visible, find_run, insert_items,
    insert_notices, insert_run, issue_notices, list_items, list_notices, list_notices_by_ids,
    list_notices_with, list_runs, list_runs_of_job, list_waiting_customers, list_waiting_notices,
    lock_run, redo_notice, reopen_item, rewrite_notice, suppress_notice, update_run_if_unchanged,
    write_decision, write_progress,
};
pub use stages::{
    CustomerStage, DunnedBalance, InvoiceStage, list_blocked, list_customer_stages,
    list_dunned_balances, list_held, list_invoice_stages, list_levels, raise_stages,
};
