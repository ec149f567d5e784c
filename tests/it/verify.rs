//! `netterms verify`: a true book passes, and every lie is found.

use std::process::Command;

use diesel::connection::SimpleConnection as _;
use netterms::drill::{Plan, live_through};
use netterms::platform::db::{Backend, Conn};
use netterms::prove::audit::model::{Audit, Lie};
use serde_json::{Value, json};

use crate::support::{TestApp, a_customer, a_receipt, an_invoice, on_both};

/// A group with one member that has something of everything: two reservations, one partly captured, and money that
/// settles an invoice and is left over.
struct Book {
    group: String,
    member: String,
    customer: String,
    reservation: String,
    check: String,
    invoice: String,
    receipt: String,
    credit_note: String,
}

fn a_book(app: &TestApp) -> Book {
    app.turn_to("2026-03-01");
    let group = a_customer("G").with_group_limit("5000.00").create(app);
    let member = a_customer("C-1")
        .below("G")
        .with_limit("1000.00")
        .create(app);
    let reserve = |order: &str, amount: &str| {
        let body = json!({
            "customer": "C-1", "order_number": order, "amount": {"amount": amount, "currency": "CNY"},
            "reserve": true,
        });
        app.system()
            .request("POST", "/v1/limit-checks")
            .key(order)
            .json(body)
            .send()
            .expect(200)
    };
    let decision = reserve("SO-1", "400.00");
    reserve("SO-2", "100.00");
    let reservation = decision.text_at("/reservation/id");
    let capture = json!({"invoice": {
        "number": "INV-1", "invoice_date": "2026-03-01", "amount": {"amount": "150.00", "currency": "CNY"}
    }});
    app.finance()
        .post(&format!("/v1/reservations/{reservation}/capture"), capture)
        .expect(201);
    let invoice = an_invoice("INV-2", "C-1", "80.00").create(app);
    let receipt = a_receipt("R-1", "C-1", "90.00")
        .paying("INV-2", "80.00")
        .create(app);
    let credit_note = json!({
        "number": "CN-1", "customer": "C-1", "credit_date": "2026-03-01",
        "amount": {"amount": "5.00", "currency": "CNY"}, "reason": "Damaged in transit.",
    });
    let credit_note = app.finance().post("/v1/credit-notes", credit_note);
    Book {
        group: group.account,
        member: member.account,
        customer: member.id,
        reservation,
        check: decision.id(),
        invoice,
        receipt,
        credit_note: credit_note.expect(201).id(),
    }
}

fn audit(app: &TestApp) -> Audit {
    app.audit()
}

/// Changes the book by other hands.
fn falsify(app: &TestApp, sql: &str) {
    match app.database().reader().unwrap().conn() {
        Conn::Postgres(c) => c.batch_execute(sql).unwrap(),
        Conn::Sqlite(c) => c.batch_execute(sql).unwrap(),
    }
}

/// The lies that are told after the change, each with its invariant.
fn lies_after(app: &TestApp, sql: &str) -> Vec<(&'static str, Lie)> {
    assert!(audit(app).holds, "the book is true: {:?}", audit(app));
    falsify(app, sql);
    let audit = audit(app);
    assert!(!audit.holds, "nothing was found after {sql}");
    audit
        .invariants
        .into_iter()
        .flat_map(|finding| {
            let name = finding.invariant;
            finding.first.into_iter().map(move |lie| (name, lie))
        })
        .collect()
}

fn lie(id: &str, what: &str, stated: i64, counted: i64) -> Lie {
    Lie {
        id: id.to_owned(),
        what: what.to_owned(),
        stated,
        counted,
    }
}

const CODES: &str = "every state and kind is one that this version knows";
const OWN: &str = "an account owes what its documents say";
const GROUP: &str = "a group owes what its members owe";
const AGING: &str = "aging is what the documents say by their dates, at every month's end";
const TODAY: &str = "aging with what is post-dated is what exposure counts today";
const OF_CUSTOMER: &str = "WHERE customer_id = (SELECT id FROM customers WHERE number =";

#[test]
fn two_years_of_business_add_up() {
    on_both(|app| {
        let plan = Plan {
            seed: 11,
            customers: 20,
        };
        live_through(app.database(), plan, &mut |_, _| {}).unwrap();
        let audit = audit(app);
        assert!(audit.holds, "{audit:#?}");
        for finding in &audit.invariants {
            // The drill has neither caps, keys nor panels, no entries of order systems, no bank,
            // no instruments, no factor and one currency to pay in; postings follow a moment later.
            let absent = [
                " cap ",
                "key",
                "an entry ",
                "a panel ",
                " bank ",
                "opening balance",
                "another currency",
                "an instrument ",
                "without recourse",
                "a posting ",
                "charge",
                "interest ",
                // Its company has no sender.
                "what was sent ",
            ];
            let is_idle = absent.iter().any(|word| finding.invariant.contains(word));
            assert!(finding.rows > 0 || is_idle, "{}", finding.invariant);
        }
    });
}

#[test]
fn a_book_with_something_of_everything_is_true() {
    on_both(|app| {
        a_book(app);
        let audit = audit(app);
        assert!(audit.holds, "{audit:#?}");
    });
}

#[test]
fn a_state_that_nobody_knows_is_found_with_its_column_and_the_rest_is_still_asked() {
    on_both(|app| {
        a_book(app);
        let told = lies_after(
            app,
            "UPDATE invoices SET status = 'lost' WHERE number = 'INV-2'; \
             UPDATE customers SET language = 'fr'",
        );
        let expected = [
            (CODES, lie("customers.language", "rows with \"fr\"", 2, 0)),
            (CODES, lie("invoices.status", "rows with \"lost\"", 1, 0)),
        ];
        assert_eq!(told, expected);
        let audit = audit(app);
        assert!(
            audit
                .invariants
                .iter()
                .any(|finding| finding.invariant == OWN)
        );
    });
}

#[test]
fn a_panel_that_is_over_without_an_end_is_found() {
    on_both(|app| {
        let book = a_book(app);
        let panel = "INSERT INTO expert_panels (id, customer_id, status, question, indicators, round, rounds_max, quorum, \
             dispersion_limit_ppm, convened_by, convened_at, version) \
             SELECT id, id, 'concluded', 'Why?', '[]', 1, 3, 2, 0, 'u-1', created_at, 1 FROM customers WHERE number = 'C-1'";
        let id = book.customer.replace("cus_", "pnl_");
        let over = "a panel that is over has its end, and no other";
        assert_eq!(lies_after(app, panel), [(over, lie(&id, "end", 0, 1))]);
    });
}

#[test]
fn a_counter_that_does_not_add_up_is_found_on_the_account_and_above_it() {
    on_both(|app| {
        let book = a_book(app);
        for (counter, stated, owed) in [
            ("reserved", 35_000, None),
            ("receivable", 15_000, Some(13_507)),
            ("unapplied", 1_500, Some(13_493)),
        ] {
            let change = |by: &str| {
                format!(
                    "UPDATE credit_accounts SET {counter}_minor = {counter}_minor {by} {OF_CUSTOMER} 'C-1')"
                )
            };
            let mut lies = lies_after(app, &change("+ 7"));
            let mut expected = vec![
                (OWN, lie(&book.member, counter, stated + 7, stated)),
                (GROUP, lie(&book.group, counter, stated, stated + 7)),
                (GROUP, lie(&book.member, counter, stated, stated + 7)),
            ];
            // Aging says what the documents say.
            expected.extend(owed.map(|owed| {
                let what = "outstanding less unapplied and with post-dated in CNY";
                (TODAY, lie(&book.customer, what, 13_500, owed))
            }));
            let by_id = |(name, lie): &(&'static str, Lie)| (*name, lie.id.clone());
            lies.sort_by_key(by_id);
            expected.sort_by_key(by_id);
            assert_eq!(lies, expected);
            falsify(app, &change("- 7"));
        }
    });
}

#[test]
fn a_group_that_does_not_add_up_is_found() {
    on_both(|app| {
        let book = a_book(app);
        let sql =
            format!("UPDATE credit_accounts SET group_receivable_minor = 0 {OF_CUSTOMER} 'G')");
        let expected = vec![(GROUP, lie(&book.group, "receivable", 0, 15_000))];
        assert_eq!(lies_after(app, &sql), expected);
    });
}

#[test]
fn entries_of_order_systems_count_in_their_category() {
    on_both(|app| {
        let book = a_book(app);
        let sql = "INSERT INTO exposure_entries (id, account_id, category, number, currency, amount_minor, \
             stated_minor, entry_date, set_by, set_at, version) \
             SELECT c.id, a.id, 'instruments', 'B-1', a.currency, 300, 300, '2026-03-01', 'u-1', a.created_at, 1 \
             FROM credit_accounts a JOIN customers c ON c.id = a.customer_id WHERE c.number = 'C-1'";
        let expected = vec![(OWN, lie(&book.member, "instrument", 0, 300))];
        assert_eq!(lies_after(app, sql), expected);
    });
}

#[test]
fn a_cap_that_does_not_add_up_is_found_by_currency() {
    on_both(|app| {
        a_book(app);
        let cap = "INSERT INTO portfolio_caps SELECT id, 'country', 'CN', 'CNY', 100, 'why', 'u-1', created_at, 1 \
             FROM customers WHERE number = 'C-1'";
        let lies = lies_after(app, cap);
        let told: Vec<(&str, i64, i64)> = lies
            .iter()
            .map(|(_, lie)| (lie.what.as_str(), lie.stated, lie.counted))
            .collect();
        let owed = [
            ("receivable in CNY", 0, 15_000),
            ("reserved in CNY", 0, 35_000),
            ("unapplied in CNY", 0, 1_500),
        ];
        assert_eq!(told, owed);
        assert!(lies[0].1.id.starts_with("cap_"));
        falsify(
            app,
            "INSERT INTO portfolio_exposures SELECT id, 'CNY', 35000, 0, 15000, 0, 0, 1500 FROM portfolio_caps",
        );
        assert!(audit(app).holds);
        // A cap of another country bounds nobody.
        falsify(app, "UPDATE portfolio_caps SET key = 'DE'");
        assert!(!audit(app).holds);
    });
}

#[test]
fn an_invoice_that_is_open_for_another_amount_is_found() {
    on_both(|app| {
        let book = a_book(app);
        let sql = "UPDATE invoices SET open_minor = 100 WHERE number = 'INV-2'";
        let lies = lies_after(app, sql);
        let name = "an invoice is open as far as nothing settles it";
        assert!(
            lies.contains(&(name, lie(&book.invoice, "open", 100, 0))),
            "{lies:?}"
        );
    });
}

#[test]
fn an_invoice_that_was_cancelled_and_is_settled_is_found() {
    on_both(|app| {
        let book = a_book(app);
        let sql = "UPDATE invoices SET status = 'cancelled' WHERE number = 'INV-2'";
        let name = "an invoice is open as far as nothing settles it";
        let item = book.invoice.replace("inv_", "itm_");
        let of_item = "an item is open as far as nothing settles it";
        assert_eq!(
            lies_after(app, sql),
            [
                (name, lie(&book.invoice, "open", 0, -8_000)),
                (of_item, lie(&item, "open", 0, -8_000))
            ]
        );
    });
}

#[test]
fn money_that_is_left_over_in_another_amount_is_found() {
    on_both(|app| {
        let book = a_book(app);
        let lies = lies_after(app, "UPDATE receipts SET unapplied_minor = 900");
        let name = "a receipt is unapplied as far as it settles nothing";
        assert!(
            lies.contains(&(name, lie(&book.receipt, "unapplied", 900, 1_000))),
            "{lies:?}"
        );
        falsify(app, "UPDATE receipts SET unapplied_minor = 1000");
        let lies = lies_after(app, "UPDATE credit_notes SET unapplied_minor = 0");
        let name = "a credit note is unapplied as far as it settles nothing";
        assert!(
            lies.contains(&(name, lie(&book.credit_note, "unapplied", 0, 500))),
            "{lies:?}"
        );
    });
}

#[test]
fn money_that_settles_before_it_came_is_found_on_that_day_and_in_the_aging_of_that_month() {
    on_both(|app| {
        let book = a_book(app);
        app.turn_to("2026-05-10");
        let sql = "UPDATE receipts SET receipt_date = '2026-04-15'";
        let settles = "a receipt settles no more than it is, on any day";
        assert_eq!(
            lies_after(app, sql),
            [
                (
                    settles,
                    lie(&book.receipt, "settles on 2026-03-01", 8_000, 0)
                ),
                (
                    AGING,
                    lie(&book.customer, "unapplied on 2026-03-31 in CNY", -7_500, 0)
                ),
            ]
        );
        falsify(app, "UPDATE receipts SET receipt_date = '2026-03-01'");
        let sql = "UPDATE credit_notes SET reversed_on = '2026-03-20', status = 'reversed'";
        assert!(!lies_after(app, sql).is_empty());
    });
}

#[test]
fn a_reservation_that_was_captured_into_nothing_is_found() {
    on_both(|app| {
        let book = a_book(app);
        let lies = lies_after(
            app,
            "UPDATE reservations SET captured_minor = 20000 WHERE order_number = 'SO-1'",
        );
        let name = "a reservation was captured into its deliveries and invoices";
        assert!(
            lies.contains(&(name, lie(&book.reservation, "captured", 20_000, 15_000))),
            "{lies:?}"
        );
    });
}

#[test]
fn an_order_that_is_reserved_twice_is_found() {
    on_both(|app| {
        a_book(app);
        let lies = lies_after(
            app,
            "DROP INDEX reservations_order_number_customer_id_purpose_key; \
             UPDATE reservations SET order_number = 'SO-1'",
        );
        let (name, found) = &lies[0];
        assert_eq!(*name, "an order holds one reservation for a purpose");
        assert_eq!(
            (found.what.as_str(), found.stated, found.counted),
            ("SO-1, order", 1, 2)
        );
        assert!(found.id.starts_with("cus_"));
    });
}

#[test]
fn a_reservation_of_which_the_trail_knows_nothing_is_found() {
    on_both(|app| {
        let book = a_book(app);
        let trigger = match app.backend {
            Backend::Sqlite => "DROP TRIGGER trail_entries_no_delete",
            Backend::Postgres => "ALTER TABLE trail_entries DISABLE TRIGGER USER",
        };
        let entry = format!(
            "entity_id = '{}' AND action = 'reservation.created'",
            book.reservation
        );
        let sql = format!("{trigger}; DELETE FROM trail_entries WHERE {entry}");
        let name = "the trail knows of every reservation";
        let expected = vec![(name, lie(&book.reservation, "reservation.created", 1, 0))];
        let (found, others): (Vec<_>, Vec<_>) = lies_after(app, &sql)
            .into_iter()
            .partition(|(of, _)| *of == name);
        assert_eq!(found, expected);
        // The entry had been sealed as well.
        let others: Vec<&str> = others.iter().map(|(of, _)| *of).collect();
        assert_eq!(others, ["the trail is as it was sealed"]);
    });
}

#[test]
fn an_approval_beyond_a_limit_is_found() {
    on_both(|app| {
        let book = a_book(app);
        let lies = lies_after(
            app,
            "UPDATE limit_checks SET record = REPLACE(record, '\"limit_minor\":100000', '\"limit_minor\":39999') \
             WHERE order_number = 'SO-1'",
        );
        let name = "an approved reservation kept to its limits";
        let what = format!("own {}", book.member);
        assert_eq!(lies, [(name, lie(&book.check, &what, 39_999, 40_000))]);
    });
}

#[test]
fn an_approval_beyond_the_limit_of_the_group_is_found() {
    on_both(|app| {
        let book = a_book(app);
        let lies = lies_after(
            app,
            "UPDATE limit_checks SET record = REPLACE(record, '\"limit_minor\":500000', '\"limit_minor\":49999') \
             WHERE order_number = 'SO-2'",
        );
        let name = "an approved reservation kept to its limits";
        let what = format!("group {}", book.group);
        assert_eq!(lies.len(), 1);
        let (found, told) = &lies[0];
        assert_eq!((*found, told.what.as_str()), (name, what.as_str()));
        assert_eq!((told.stated, told.counted), (49_999, 50_000));
    });
}

#[test]
fn an_approval_under_a_policy_that_nobody_has_is_found() {
    on_both(|app| {
        let book = a_book(app);
        let lies = lies_after(
            app,
            "UPDATE limit_checks SET policy_version = 9 WHERE order_number = 'SO-1'",
        );
        let name = "an approved reservation kept to its limits";
        assert_eq!(lies, [(name, lie(&book.check, "policy_version", 9, 0))]);
    });
}

#[test]
fn a_key_without_an_answer_is_found() {
    on_both(|app| {
        a_book(app);
        let lies = lies_after(app, "UPDATE idempotency_keys SET answer = ''");
        let (name, told) = &lies[0];
        assert_eq!(*name, "every idempotency key has its answer");
        assert_eq!(
            (told.what.as_str(), told.stated, told.counted),
            ("answer", 1, 0)
        );
    });
}

#[test]
fn only_the_first_lies_are_told_and_all_are_counted() {
    on_both(|app| {
        for number in 1..=25 {
            a_customer(&format!("C-{number}")).create(app);
        }
        falsify(
            app,
            "UPDATE credit_accounts SET charge_minor = 1, group_charge_minor = 1",
        );
        let audit = audit(app);
        let own = audit
            .invariants
            .iter()
            .find(|finding| finding.invariant == OWN);
        let own = own.unwrap();
        assert_eq!((own.rows, own.lies, own.first.len()), (25, 25, 20));
    });
}

#[test]
fn the_command_says_what_it_found_and_fails_on_a_lie() {
    let folder = std::env::temp_dir().join(format!("netterms_verify_{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let url = format!("sqlite://{}", folder.join("book.db").display());
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_netterms"))
            .args(arguments)
            .env("NETTERMS_DATABASE_URL", &url)
            .output()
            .unwrap()
    };
    let path = folder.join("book.db");
    let nothing = run(&["verify"]);
    assert!(!nothing.status.success());
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("there is no file"));
    assert!(!path.exists());
    std::fs::write(&path, "").unwrap();
    let early = run(&["verify"]);
    assert!(!early.status.success());
    assert!(String::from_utf8_lossy(&early.stderr).contains("run: netterms migrate"));
    assert!(run(&["migrate"]).status.success());
    let good = run(&["verify", "--json"]);
    assert!(good.status.success());
    let found: Value = serde_json::from_slice(&good.stdout).unwrap();
    assert_eq!(found["holds"], true);
    let sql = "INSERT INTO idempotency_keys VALUES (x'0193a2024411ba9733d88b9529284e44', 'f', '', \
               '2026-03-01T00:00:00.000000Z')";
    let mut connection =
        <diesel::SqliteConnection as diesel::Connection>::establish(path.to_str().unwrap())
            .unwrap();
    connection.batch_execute(sql).unwrap();
    drop(connection);
    let bad = run(&["verify"]);
    assert_eq!(bad.status.code(), Some(1));
    let said = String::from_utf8_lossy(&bad.stdout);
    assert!(
        said.contains("FAIL  every idempotency key has its answer: 1 rows, 1 lies"),
        "{said}"
    );
    assert!(said.contains(", answer: stated 1, counted 0"), "{said}");
    std::fs::remove_dir_all(&folder).unwrap();
}
