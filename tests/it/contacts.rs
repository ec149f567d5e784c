//! Where a customer is written to: addresses that exist, several of them, each with what it is for.

use serde_json::{Value, json};

use crate::support::{Client, import, on_both};

fn create(client: &Client, number: &str, more: Value) -> crate::support::Reply {
    let mut body = json!({"number": number, "name": "X", "country": "IE"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    client.post("/v1/customers", body)
}

fn contact(email: &str, purpose: &str) -> Value {
    json!({"email": email, "purpose": purpose})
}

#[test]
fn addresses_that_exist_are_taken_and_those_that_can_not_are_refused() {
    on_both(|app| {
        let finance = app.finance();
        let good = [
            "o'brien@example.ie",
            "ap@example.xn--p1ai",
            "r&d@example.com",
            "a+b/c@example.com",
        ];
        for (place, email) in (0..).zip(good) {
            let made = create(&finance, &format!("G-{place}"), json!({"email": email})).expect(201);
            assert_eq!(made["email"], email);
        }
        for email in [
            "a..b@example.com",
            ".a@example.com",
            "a@-b.com",
            "a@b",
            "a@b..com",
            "a@xn--.com",
            "a@müller.de",
            "a@1.2.3.4",
            ",",
            "a@b.de c@d.de",
        ] {
            let refused = create(&finance, "B", json!({"email": email}))
                .expect_problem(400, "malformed_body");
            assert_eq!(refused["errors"][0]["pointer"], "/email", "{email}");
            let refused = create(
                &finance,
                "B",
                json!({"contacts": [contact(email, "orders")]}),
            );
            let refused = refused.expect_problem(400, "malformed_body");
            assert_eq!(
                refused["errors"][0]["pointer"], "/contacts/0/email",
                "{email}"
            );
        }
        let file = "number,name,country,email\nM-1,Murphy Ltd,IE,o'brien@example.ie\nM-2,Twice,IE,a..b@example.ie\n";
        let job = import("customers", file).run(&finance);
        assert_eq!(job["result"]["created"], 1, "{}", job.text);
        assert_eq!(
            (&job["errors"][0]["line"], &job["errors"][0]["column"]),
            (&json!(3), &json!("email"))
        );
    });
}

#[test]
fn several_addresses_in_one_text_are_where_invoices_go() {
    on_both(|app| {
        let finance = app.finance();
        let both = json!([
            contact("ap@a.de", "invoices"),
            contact("cfo@a.de", "invoices")
        ]);
        for (number, email) in [
            ("A", "ap@a.de, cfo@a.de"),
            ("B", "ap@a.de;cfo@a.de;"),
            ("C", " ap@a.de ; cfo@a.de, ap@a.de"),
        ] {
            let made = create(&finance, number, json!({"email": email})).expect(201);
            assert_eq!(
                (&made["contacts"], &made["email"]),
                (&both, &json!("ap@a.de")),
                "{email}"
            );
        }
        let file = "number;name;country;email;contacts\nM;X;DE;\"ap@a.de;cfo@a.de\";\"reminders:cfo@a.de; statements : x@a.de\"\n";
        let job = import("customers", file).run(&finance);
        assert_eq!(job["result"]["created"], 1, "{}", job.text);
        let made = finance.get("/v1/customers/M").expect(200);
        let all = json!([
            contact("ap@a.de", "invoices"),
            contact("cfo@a.de", "invoices"),
            contact("cfo@a.de", "reminders"),
            contact("x@a.de", "statements")
        ]);
        assert_eq!(made["contacts"], all);
        let again = import("customers", file).run(&finance);
        assert_eq!(again["result"]["unchanged"], 1, "{}", again.text);
        let other = file.replace("reminders", "orders");
        let job = import("customers", other).run(&finance);
        assert_eq!(job["errors"][0]["code"], "number_taken_with_other_content");
        for wrong in ["cfo@a.de", "letters:cfo@a.de", "orders:cfo"] {
            let file = format!("number,name,country,contacts\nN,X,DE,{wrong}\n");
            let job = import("customers", file).run(&finance);
            assert_eq!(job["errors"][0]["column"], "contacts", "{wrong}");
        }
    });
}

#[test]
fn contacts_are_changed_read_and_trailed_like_the_rest_of_the_file() {
    on_both(|app| {
        let finance = app.finance();
        let asked = json!({"email": "ap@a.de", "contacts": [contact("cfo@a.de", "reminders"), contact("old@a.de", "invoices")]});
        let made = create(&finance, "A", asked).expect(201);
        let contacts = json!([
            contact("ap@a.de", "invoices"),
            contact("cfo@a.de", "reminders")
        ]);
        assert_eq!(
            (&made["contacts"], &made["email"]),
            (&contacts, &json!("ap@a.de"))
        );
        let change =
            |etag: &str, body: Value| finance.patch("/v1/customers/A", etag, body).expect(200);
        let renamed = change(&made.etag(), json!({"name": "Y"}));
        assert_eq!(renamed["contacts"], contacts);
        let changed = change(&renamed.etag(), json!({"email": "new@a.de,b@a.de"}));
        let now = json!([
            contact("new@a.de", "invoices"),
            contact("b@a.de", "invoices"),
            contact("cfo@a.de", "reminders")
        ]);
        assert_eq!(changed["contacts"], now);
        let nowhere = change(&changed.etag(), json!({"email": null}));
        assert_eq!(
            (&nowhere["contacts"], &nowhere["email"]),
            (&json!([contact("cfo@a.de", "reminders")]), &json!(null))
        );
        let replaced = change(
            &nowhere.etag(),
            json!({"contacts": [contact("x@a.de", "invoices")]}),
        );
        assert_eq!(replaced["email"], "x@a.de");
        let read = finance.get("/v1/customers/A").expect(200);
        assert_eq!((&read.body, read.etag()), (&replaced.body, replaced.etag()));
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", made.id()))
            .expect(200);
        let told = trail["data"].as_array().unwrap().iter();
        assert!(told.clone().any(|entry| entry["before"]["contacts"] == now
            && entry["after"]["contacts"] == nowhere["contacts"]));
        app.sales()
            .get("/v1/customers/A")
            .expect_problem(404, "not_found");
        let many: Vec<Value> = (0..21)
            .map(|n| contact(&format!("a{n}@b.de"), "orders"))
            .collect();
        finance
            .patch("/v1/customers/A", &read.etag(), json!({"contacts": many}))
            .expect_problem(400, "malformed_body");
    });
}
