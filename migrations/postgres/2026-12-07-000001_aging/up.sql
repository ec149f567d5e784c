-- What is open now, and what changed since a day: aging of today reads the first alone.
CREATE INDEX invoices_open ON invoices (customer_id, id) WHERE open_minor > 0;
CREATE INDEX invoices_cancelled ON invoices (cancelled_on) WHERE cancelled_on IS NOT NULL;
CREATE INDEX settlements_effective ON settlements (effective_on);
CREATE INDEX receipts_reversed ON receipts (reversed_on) WHERE reversed_on IS NOT NULL;
CREATE INDEX credit_notes_reversed ON credit_notes (reversed_on) WHERE reversed_on IS NOT NULL;
CREATE INDEX credit_notes_date ON credit_notes (credit_date, id);
CREATE INDEX refunds_held ON refunds (held_on) WHERE held_on IS NOT NULL;
CREATE INDEX refunds_freed ON refunds (freed_on) WHERE freed_on IS NOT NULL;
CREATE INDEX credit_accounts_in_several ON credit_accounts (has_other_balances, id);
