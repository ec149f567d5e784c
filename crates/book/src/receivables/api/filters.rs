//! Which invoices, credit notes and receipts a list shows.
