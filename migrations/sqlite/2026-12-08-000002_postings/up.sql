-- What began here and another ledger follows: each with its acknowledgement.
CREATE TABLE postings (
    id BLOB PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    settlement_id BLOB REFERENCES settlements (id),
    refund_id BLOB REFERENCES refunds (id),
    customer_id BLOB NOT NULL REFERENCES customers (id),
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    invoice_id BLOB REFERENCES invoices (id),
    receipt_id BLOB REFERENCES receipts (id),
    credit_note_id BLOB REFERENCES credit_notes (id),
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    effective_on TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at TEXT,
    reference TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX postings_settlement_id_key ON postings (settlement_id);
CREATE UNIQUE INDEX postings_refund_id_key ON postings (refund_id);
CREATE INDEX postings_open ON postings (id) WHERE acknowledged_at IS NULL;
CREATE INDEX postings_customer ON postings (customer_id, id);
