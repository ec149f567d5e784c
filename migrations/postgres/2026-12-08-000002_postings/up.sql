-- What began here and another ledger follows: each with its acknowledgement.
CREATE TABLE postings (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    settlement_id uuid REFERENCES settlements (id),
    refund_id uuid REFERENCES refunds (id),
    customer_id uuid NOT NULL REFERENCES customers (id),
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    invoice_id uuid REFERENCES invoices (id),
    receipt_id uuid REFERENCES receipts (id),
    credit_note_id uuid REFERENCES credit_notes (id),
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    effective_on date NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    acknowledged_by text,
    acknowledged_at timestamptz,
    reference text,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX postings_settlement_id_key ON postings (settlement_id);
CREATE UNIQUE INDEX postings_refund_id_key ON postings (refund_id);
CREATE INDEX postings_open ON postings (id) WHERE acknowledged_at IS NULL;
CREATE INDEX postings_customer ON postings (customer_id, id);
