-- Money that is late: how customers are reminded of it, and what was sent.

-- When customers are reminded, in which words, and what follows from it.
CREATE TABLE dunning_procedures (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    usage text NOT NULL,
    document text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX dunning_procedures_name_key ON dunning_procedures (name);
CREATE UNIQUE INDEX dunning_procedures_usage_key ON dunning_procedures (usage) WHERE usage = 'default';

-- The procedure that holds until the organisation writes its own. The same in both databases.
INSERT INTO dunning_procedures (id, name, usage, document, created_at, changed_at, version)
VALUES ('01990000-0000-7000-8000-000000000001', 'Standard', 'default', '{
  "levels": [
    {
      "level": 1,
      "days_past_due": 1,
      "minimum_days_between": 7,
      "minimum_amounts": [],
      "channel": "email",
      "effect": "none",
      "texts": {
        "en": {
          "subject": "Payment reminder: {{ total }}",
          "body": "Dear {{ customer_name }},\n\nThis is a friendly reminder that {% if invoice_count > 1 %}the invoices below are{% else %}the invoice below is{% endif %} past due. Perhaps the payment is on its way already; in that case please accept our thanks and disregard this message.\n\n{{ invoices }}\n\nOtherwise we would be grateful for your payment within the next seven days. If anything about {% if invoice_count > 1 %}these invoices{% else %}this invoice{% endif %} is unclear or not as agreed, please tell us, and we will look into it at once.\n\nKind regards,\nAccounts Receivable"
        },
        "zh-CN": {
          "subject": "付款提醒：{{ total }}",
          "body": "尊敬的{{ customer_name }}：\n\n您好！谨此提醒，以下货款已过到期日。如贵方近日已安排付款，请忽略本提醒，并接受我们的感谢。\n\n{{ invoices }}\n\n如尚未付款，烦请于七日内安排。若对上述发票的内容、数量或质量有任何疑问，请随时告知，我们将立即核实处理。\n\n顺祝商祺\n应收账款部"
        }
      }
    },
    {
      "level": 2,
      "days_past_due": 15,
      "minimum_days_between": 10,
      "minimum_amounts": [],
      "channel": "letter",
      "effect": "none",
      "texts": {
        "en": {
          "subject": "Second reminder: {{ total }} overdue",
          "body": "Dear {{ customer_name }},\n\nDespite our reminder we have not yet received payment for {% if invoice_count > 1 %}the following invoices, the oldest of which was{% else %}the following invoice, which was{% endif %} due on {{ oldest_due_date }}.\n\n{{ invoices }}\n\nPlease settle the total of {{ total }} within ten days of the date of this letter. If you cannot pay the full amount now, contact us within that time so that we can agree on a date. If you dispute an invoice, please let us know which part and why; the undisputed part remains due.\n\nYours sincerely,\nAccounts Receivable"
        },
        "zh-CN": {
          "subject": "逾期款项催收函：{{ total }}",
          "body": "{{ customer_name }}：\n\n我方曾就下列款项致函提醒，但截至{{ date }}仍未收到付款，其中最早一笔的到期日为{{ oldest_due_date }}。\n\n{{ invoices }}\n\n请贵方自本函日期起十日内付清合计 {{ total }}。如暂时无法全额支付，请在上述期限内与我方联系，商定付款日期；如对部分款项有异议，请书面说明具体金额及理由，无异议部分仍应按期支付。\n\n此致\n应收账款部"
        }
      }
    },
    {
      "level": 3,
      "days_past_due": 30,
      "minimum_days_between": 10,
      "minimum_amounts": [],
      "channel": "letter",
      "effect": "block",
      "texts": {
        "en": {
          "subject": "Final notice: {{ total }} overdue",
          "body": "Dear {{ customer_name }},\n\nWe have written to you repeatedly about the amounts below. They are now up to {{ days_past_due }} days past due, and we have received neither payment nor an explanation.\n\n{{ invoices }}\n\nThis is our final notice. We demand payment of {{ total }} within seven days of the date of this letter. Until it is received, your account is closed for further orders on credit.\n\nIf the time passes without payment, we will hand the matter over for legal recovery without further notice. The costs of recovery and interest for late payment will be claimed in addition, as contract and law provide.\n\nYours sincerely,\nCredit Management"
        },
        "zh-CN": {
          "subject": "最后催款通知：{{ total }}",
          "body": "{{ customer_name }}：\n\n就下列逾期款项，我方已多次致函催收。截至{{ date }}，该等款项最长已逾期 {{ days_past_due }} 天，我方既未收到付款，也未收到任何说明。\n\n{{ invoices }}\n\n本函为最后催款通知。请贵方自本函日期起七日内付清合计 {{ total }}。在款项到账之前，我方暂停受理贵方的赊销订单。\n\n逾期仍不付款的，我方将不再另行通知，依法通过法律途径追讨，并有权依照合同约定及法律规定主张逾期付款违约金及实现债权的费用。\n\n特此通知\n信用管理部"
        }
      }
    },
    {
      "level": 4,
      "days_past_due": 60,
      "minimum_days_between": 14,
      "minimum_amounts": [],
      "channel": "legal",
      "effect": "block",
      "texts": {
        "en": {
          "subject": "Notice of legal proceedings: {{ total }}",
          "body": "Dear {{ customer_name }},\n\nThe time set in our final notice has passed without payment of the following amounts.\n\n{{ invoices }}\n\nWe are therefore handing our claim of {{ total }} over for legal recovery. You can avoid proceedings, and the costs that they bring, only by paying the full amount without delay. Your account remains closed for orders on credit.\n\nPayments and communications remain welcome at any time; please quote your customer number {{ customer_number }}.\n\nYours sincerely,\nCredit Management"
        },
        "zh-CN": {
          "subject": "法律追讨通知：{{ total }}",
          "body": "{{ customer_name }}：\n\n我方最后催款通知所定期限已届满，下列款项仍未支付。\n\n{{ invoices }}\n\n我方现将合计 {{ total }} 的债权移交法律程序追讨。贵方唯有立即全额付款，方可避免诉讼及由此产生的费用。贵方的赊销业务继续暂停。\n\n如需付款或沟通，请随时与我方联系，并注明客户编号 {{ customer_number }}。\n\n特此通知\n信用管理部"
        }
      }
    }
  ]
}', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z', 1);

-- One look at everything that is late.
CREATE TABLE dunning_runs (
    id uuid PRIMARY KEY,
    as_of date NOT NULL,
    status text NOT NULL,
    skipped text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz,
    issued_by text,
    issued_at timestamptz,
    version bigint NOT NULL
);
CREATE INDEX dunning_runs_as_of ON dunning_runs (as_of, id);

-- The letters of a run. `unapplied_minor` is what of its invoices is covered by money and credit that are not applied
-- yet.
CREATE TABLE dunning_notices (
    id uuid PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES dunning_runs (id),
    customer_id uuid NOT NULL REFERENCES customers (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    level integer NOT NULL CHECK (level > 0),
    channel text NOT NULL,
    effect text NOT NULL,
    language text NOT NULL,
    status text NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor > 0),
    subject text NOT NULL,
    body_text text NOT NULL,
    body_html text NOT NULL,
    issued_on date,
    suppressed_reason text,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    unapplied_minor bigint NOT NULL DEFAULT 0 CHECK (unapplied_minor >= 0)
);
CREATE INDEX dunning_notices_run ON dunning_notices (run_id, id);
CREATE INDEX dunning_notices_customer ON dunning_notices (customer_id, id);

-- The invoices that a letter names.
CREATE TABLE dunning_notice_items (
    notice_id uuid NOT NULL REFERENCES dunning_notices (id),
    invoice_id uuid NOT NULL REFERENCES invoices (id),
    level integer NOT NULL CHECK (level > 0),
    days_past_due integer NOT NULL,
    open_minor bigint NOT NULL CHECK (open_minor > 0),
    dropped_reason text,
    PRIMARY KEY (notice_id, invoice_id)
);
CREATE INDEX dunning_notice_items_invoice ON dunning_notice_items (invoice_id);

-- How far each invoice has been dunned.
CREATE TABLE dunning_stages (
    invoice_id uuid PRIMARY KEY REFERENCES invoices (id),
    customer_id uuid NOT NULL REFERENCES customers (id),
    level integer NOT NULL CHECK (level > 0),
    last_dunned_on date NOT NULL,
    notice_id uuid NOT NULL REFERENCES dunning_notices (id)
);
CREATE INDEX dunning_stages_customer ON dunning_stages (customer_id, level);

-- Customers and invoices that are not dunned until a day.
CREATE TABLE dunning_blocks (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    invoice_id uuid REFERENCES invoices (id),
    reason text NOT NULL,
    until date NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    lifted_at timestamptz,
    lifted_by text,
    version bigint NOT NULL
);
CREATE INDEX dunning_blocks_customer ON dunning_blocks (customer_id, until);
