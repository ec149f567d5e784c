//! How long a large statement takes over a large book. By hand: `cash_speed --ignored`, on PostgreSQL.

use std::time::Instant;

use diesel::connection::SimpleConnection as _;
use netterms::platform::db::{Backend, Conn};

use crate::support::{a_bank_account, a_customer, a_payment, a_statement_of, on_both, send};

/// Invoices of the book, of a thousand customers.
const INVOICES: usize = 1_000_000;

/// Entries of the statement.
const ENTRIES: usize = 10_000;

const DAY: &str = "2026-03-31";

#[test]
#[ignore = "takes minutes: 10,000 entries against 1,000,000 open invoices"]
fn ten_thousand_entries_are_matched_with_a_million_invoices_within_a_minute() {
    on_both(|app| {
        if app.backend != Backend::Postgres {
            return;
        }
        app.turn_to(DAY);
        a_bank_account(app, "CNY");
        for customer in 0..1_000 {
            a_customer(&format!("C-{customer:04}")).create(app);
        }
        let filling = format!(
            "INSERT INTO invoices (id, number, customer_id, account_id, invoice_date, due_date, currency, amount_minor,
                open_minor, status, created_by, created_at, version)
             SELECT gen_random_uuid(), 'RE-2026-' || lpad(n::text, 7, '0'), a.customer_id, a.id, '2026-03-01', '2026-04-30',
                'CNY', 10000 + n % 90001, 10000 + n % 90001, 'open', 'u-1', now(), 1
             FROM generate_series(1, {INVOICES}) n
             JOIN (SELECT id, customer_id, row_number() OVER (ORDER BY id) - 1 AS place FROM credit_accounts) a
                ON a.place = n % 1000;
             INSERT INTO invoice_keys (key, invoice_id)
             SELECT replace(number, '-', ''), id FROM invoices
             UNION ALL SELECT replace(replace(number, 'RE-', ''), '-', ''), id FROM invoices;
             UPDATE credit_accounts c SET receivable_minor = s.open FROM
                (SELECT account_id, sum(open_minor) AS open FROM invoices GROUP BY 1) s WHERE s.account_id = c.id;
             UPDATE credit_accounts SET group_receivable_minor = receivable_minor;
             ANALYZE;"
        );
        let mut db = app.database().reader().unwrap();
        let Conn::Postgres(c) = db.conn() else {
            return;
        };
        c.batch_execute(&filling).unwrap();
        drop(db);
        let mut file = a_statement_of(DAY, "CNY");
        for entry in 0..ENTRIES {
            let n = 1 + entry * 97;
            let minor = 10_000 + n % 90_001;
            let amount = format!("{}.{:02}", minor / 100, minor % 100);
            let text = match entry % 4 {
                0 => format!(
                    "Invoice RE-2026-{n:07} customer C-{:04} of 1 March, thank you",
                    n % 1000
                ),
                1 => format!("rg.nr. 2026/{n:07} vom 01.03.2026 kd.nr. {}", n % 1000),
                2 => format!("RE 2026 {n:07}"),
                _ => "payment of today, reference 4711 0815 2026".to_owned(),
            };
            let payment = a_payment(&amount, &text)
                .by(&format!("Customer C-{:04}", n % 1000))
                .from(&format!("CN{:018}", n % 1000));
            file = file.with(payment.with_bank_reference(&format!("B-{entry}")));
        }
        let begun = Instant::now();
        let job = send(app, file.text());
        let took = begun.elapsed();
        eprintln!(
            "{ENTRIES} entries against {INVOICES} invoices: {took:?}: {}",
            job["result"]
        );
        assert!(took.as_secs() < 60, "{took:?}");
    });
}
