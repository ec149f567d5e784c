//! Queries on dunning.

mod blocks;
mod ledger;
mod procedures;
mod runs;
mod stages;

pub use blocks::{
    find_block, insert_block, lift_block_if_unchanged, list_active_blocks, list_blocks,
};
pub use ledger::{Debtor, Which, list_debtors, list_invoices, list_item_numbers};
pub use procedures::{
    find_procedure, find_procedure_version, insert_procedure, list_all_procedures,
    list_live_procedure_versions, list_procedure_versions, list_procedure_versions_by_ids,
    list_procedures, update_procedure_if_unchanged,
};
pub use runs::{
    drop_items, find_notice_visible, find_run, insert_items, insert_notices, insert_run,
    issue_notices, list_items, list_items_of_run, list_notices, list_notices_of_run, list_runs,
    reopen_item, rewrite_notice, set_status_of_notices, suppress_notice, update_run_if_unchanged,
};
pub use stages::{
    CustomerStage, DunnedBalance, InvoiceStage, list_blocked, list_customer_stages,
    list_dunned_balances, list_held, list_invoice_stages, list_levels, raise_stages,
};
