//! The numbers of other systems: whatever the trade writes names customers, orders and documents.

use serde_json::{Value, json};

use crate::support::{Client, Reply, a_customer, import, on_both, segment};

/// Numbers of real systems, and what a path, a query or a page could trip over.
const WRITTEN: [&str; 9] = [
    "INV/2026/00001",
    "FV 12/2026",
    "RE#7",
    "发票-1",
    "A+B?c&d=e%2F",
    "<b>\"7\"</b>",
    "Счёт №5",
    "=1+1",
    "a//b\\c",
];

fn money(amount: &str) -> Value {
    json!({"amount": amount, "currency": "CNY"})
}

fn find(client: &Client, list: &str, number: &str) -> Reply {
    client
        .get(&format!("{list}/{}", segment(number)))
        .expect(200)
}

#[test]
fn numbers_as_the_trade_writes_them_name_customers_orders_and_documents() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let finance = app.finance();
        for number in WRITTEN {
            let made = a_customer(number).with_limit("1000.00").create(app);
            assert_eq!(find(&finance, "/v1/customers", number)["number"], number);
            let check = json!({"customer": number, "order_number": number, "amount": money("100.00"), "reserve": true});
            let check = app.system().post("/v1/limit-checks", check).expect(200);
            assert_eq!(check["outcome"], "approved", "{}", check.text);
            let query = segment(number);
            let listed = finance
                .get(&format!("/v1/reservations?order_number={query}"))
                .expect(200);
            assert_eq!(listed["data"][0]["order_number"], number);
            let entry = format!(
                "/v1/credit-accounts/{}/exposure-entries/reservations/{query}",
                made.account
            );
            let stated = json!({"amount": money("5.00"), "entry_date": "2026-03-31"});
            let stated = app
                .system()
                .request("PUT", &entry)
                .json(stated)
                .send()
                .expect(200);
            assert_eq!(stated["number"], number);

            let body = json!({"number": number, "customer": number, "invoice_date": "2026-03-30", "amount": money("10.00")});
            let invoice = finance.post("/v1/invoices", body).expect(201);
            let body = json!({"number": number, "customer": number, "receipt_date": "2026-03-31", "amount": money("4.00"),
                "applications": [{"invoice_number": number, "amount": money("4.00")}]});
            let receipt = finance.post("/v1/receipts", body).expect(201);
            let body = json!({"number": number, "customer": number, "credit_date": "2026-03-31", "amount": money("1.00"),
                "reason": "Returned.", "invoice_number": number});
            let note = finance.post("/v1/credit-notes", body).expect(201);
            for (list, made) in [
                ("/v1/invoices", &invoice),
                ("/v1/receipts", &receipt),
                ("/v1/credit-notes", &note),
            ] {
                assert_eq!(
                    find(&finance, list, number)["id"],
                    made["id"],
                    "{list} {number}"
                );
                let location = made.header("location").unwrap();
                assert_eq!(finance.get(location).expect(200)["number"], number);
                let listed = finance.get(&format!("{list}?customer={query}")).expect(200);
                assert_eq!(
                    listed["data"].as_array().unwrap().len(),
                    1,
                    "{list} {number}"
                );
            }
            assert_eq!(
                find(&finance, "/v1/invoices", number)["open"]["amount"],
                "5.00"
            );
            let path = format!("/v1/receipts/{query}");
            let etag = finance.get(&path).expect(200).etag();
            finance
                .post_if(
                    &format!("{path}/reverse"),
                    &etag,
                    json!({"reason": "Bounced."}),
                )
                .expect(200);
        }
    });
}

#[test]
fn a_path_that_names_nothing_is_a_problem_however_it_is_encoded() {
    on_both(|app| {
        for path in [
            "INV%2F2026",
            "%E5%8F%91",
            "%FF",
            "%00",
            "%20",
            "%2E%2E",
            "a%0Ab",
            "cus_01",
        ] {
            let problem = app
                .finance()
                .get(&format!("/v1/invoices/{path}"))
                .expect_problem(404, "not_found");
            assert!(problem["instance"].as_str().unwrap().ends_with(path));
        }
    });
}

#[test]
fn what_hides_in_a_number_is_refused_and_what_looks_like_an_id() {
    on_both(|app| {
        let finance = app.finance();
        let id = a_customer("C").without_account().create(app).id;
        let invoice_id = id.replace("cus_", "inv_");
        for number in [
            "",
            " A",
            "A ",
            "A\u{00A0}1",
            "A\t1",
            "A\n1",
            "A\u{0000}",
            "A\u{200B}1",
            "A\u{00AD}1",
            "A\u{202E}1",
            "A\u{3000}1",
            ".",
            "..",
            &id,
            &invoice_id,
        ] {
            let body = json!({"number": number, "name": "X", "country": "CN"});
            let problem = finance
                .post("/v1/customers", body)
                .expect_problem(400, "malformed_body");
            assert_eq!(problem["errors"][0]["pointer"], "/number", "{number:?}");
        }
        let file = format!("number,name,country\n{id},X,CN\nA\u{200B},X,CN\n 发票 1 ,X,CN\n");
        let job = import("customers", file).run(&finance);
        assert_eq!(job["result"]["rejected"], 2, "{}", job.text);
        assert_eq!(find(&finance, "/v1/customers", "发票 1")["name"], "X");
    });
}

#[test]
fn a_number_typed_composed_or_not_is_one_and_the_same() {
    on_both(|app| {
        let finance = app.finance();
        let customer = |number: &str| json!({"number": number, "name": "X", "country": "FR"});
        let made = finance
            .post("/v1/customers", customer("Soci\u{0065}\u{0301}t\u{00e9}-1"))
            .expect(201);
        assert_eq!(made["number"], "Soci\u{00e9}t\u{00e9}-1");
        finance
            .post("/v1/customers", customer("Soci\u{00e9}t\u{0065}\u{0301}-1"))
            .expect_problem(409, "duplicate_number");
        assert_eq!(
            find(&finance, "/v1/customers", "Socie\u{0301}te\u{0301}-1")["id"],
            made["id"]
        );
    });
}
