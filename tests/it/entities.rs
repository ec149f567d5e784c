//! Several companies that sell: what a customer owes each of them, in each currency, against one limit.

use serde_json::{Value, json};

use crate::support::{TestApp, a_customer, on_both};
use kernel::caller::Role;
use netterms::prove::audit::actions::audit;

const PATH: &str = "/v1/legal-entities";

fn hamburg() -> Value {
    json!({
        "number": "DE01", "name": "Jiangnan Deutschland GmbH", "country": "DE", "functional_currency": "EUR",
        "vat_id": "DE136695976", "lei": "5493001KJTIIGC8Y1R12", "timezone": "Europe/Berlin",
    })
}

fn holds(app: &TestApp) {
    let found = audit(app.database()).unwrap();
    assert!(found.holds, "{found:#?}");
}

fn open(app: &TestApp, path: &str) -> Value {
    app.finance().get(path).expect(200).body
}

#[test]
fn the_first_company_is_there_from_the_start_and_gets_the_name_of_yours() {
    on_both(|app| {
        let main = app.sales().get(&format!("{PATH}/MAIN")).expect(200);
        assert_eq!(main["name"], "Main");
        assert_eq!(main["ledger"], "mirror");
        assert_eq!(main["functional_currency"], Value::Null);
        let id = main.id();
        let patch =
            json!({"number": "CN01", "name": "Jiangnan Trading Co.", "functional_currency": "CNY"});
        let changed = app
            .admin()
            .patch(&format!("{PATH}/MAIN"), &main.etag(), patch)
            .expect(200);
        assert_eq!(changed.id(), id);
        app.sales()
            .get(&format!("{PATH}/MAIN"))
            .expect_problem(404, "not_found");
        // A functional currency that was said stays.
        app.admin()
            .patch(
                &format!("{PATH}/CN01"),
                &changed.etag(),
                json!({"functional_currency": "EUR"}),
            )
            .expect_problem(422, "invalid");
        app.admin()
            .patch(
                &format!("{PATH}/CN01"),
                &main.etag(),
                json!({"name": "Other"}),
            )
            .expect_problem(412, "stale");
    });
}

#[test]
fn a_company_is_set_up_by_finance_with_identifiers_that_check() {
    on_both(|app| {
        app.credit()
            .post(PATH, hamburg())
            .expect_problem(403, "forbidden");
        let created = app.finance().post(PATH, hamburg()).expect(201);
        assert_eq!(created["ledger"], "mirror");
        app.finance()
            .post(PATH, hamburg())
            .expect_problem(409, "duplicate_number");
        for (field, wrong) in [
            ("lei", "5493001KJTIIGC8Y1R13"),
            ("uscc", "91350100M000100Y44"),
            ("timezone", "Mars/Olympus"),
        ] {
            let mut input = hamburg();
            input["number"] = json!("DE02");
            input[field] = json!(wrong);
            app.finance()
                .post(PATH, input)
                .expect_problem(400, "malformed_body");
        }
        let listed = app.auditor().get(PATH).expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 2);
        assert_eq!(listed["data"][1]["id"], created["id"]);
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", created.id()))
            .expect(200);
        assert_eq!(trail["data"][0]["action"], "legal_entity.created");
    });
}

#[test]
fn a_document_keeps_its_own_company_and_currency_and_a_number_may_stand_in_two() {
    on_both(|app| {
        app.finance().post(PATH, hamburg()).expect(201);
        let account = a_customer("C-1").create(app).account;
        let invoice = |entity: &str, currency: &str| {
            json!({
                "number": "I-1", "customer": "C-1", "invoice_date": "2026-03-31", "legal_entity": entity,
                "amount": {"amount": "100.00", "currency": currency},
            })
        };
        app.finance()
            .post("/v1/invoices", invoice("DE01", "EUR"))
            .expect_problem(422, "currency_mismatch");
        let patch =
            json!({"billing_currencies": ["EUR", "USD"], "reason": "Buys from Hamburg as well."});
        let before = app
            .credit()
            .get(&format!("/v1/credit-accounts/{account}"))
            .expect(200);
        app.credit()
            .patch(
                &format!("/v1/credit-accounts/{account}"),
                &before.etag(),
                patch,
            )
            .expect(200);
        app.finance()
            .post("/v1/invoices", invoice("XX", "EUR"))
            .expect_problem(404, "not_found");
        let german = app
            .finance()
            .post("/v1/invoices", invoice("DE01", "EUR"))
            .expect(201);
        assert_eq!(german["amount"]["currency"], "EUR");
        app.finance()
            .post("/v1/invoices", invoice("DE01", "USD"))
            .expect_problem(409, "duplicate_number");
        let chinese = app
            .finance()
            .post("/v1/invoices", invoice("MAIN", "CNY"))
            .expect(201);
        assert_ne!(german["legal_entity_id"], chinese["legal_entity_id"]);
        app.finance()
            .get("/v1/invoices/I-1")
            .expect_problem(409, "ambiguous_number");
        let by_id = open(app, &format!("/v1/invoices/{}", german.id()));
        assert_eq!(by_id["legal_entity_id"], german["legal_entity_id"]);
        // Money of one company does not settle what is owed to another.
        let receipt = |number: &str, entity: &str, currency: &str, invoice: &str| {
            json!({
                "number": number, "customer": "C-1", "receipt_date": "2026-03-31", "legal_entity": entity,
                "amount": {"amount": "60.00", "currency": currency},
                "applications": [{"invoice_id": invoice, "amount": {"amount": "60.00", "currency": currency}}],
            })
        };
        app.finance()
            .post("/v1/receipts", receipt("R-1", "MAIN", "EUR", &german.id()))
            .expect_problem(422, "entity_mismatch");
        app.finance()
            .post("/v1/receipts", receipt("R-1", "DE01", "EUR", &german.id()))
            .expect(201);
        let by_id = open(app, &format!("/v1/invoices/{}", german.id()));
        assert_eq!(by_id["open"]["amount"], "40.00");
        // By its number, an invoice of the money's own company is meant.
        let mut by_number = receipt("R-2", "DE01", "EUR", "");
        by_number["applications"] =
            json!([{"invoice_number": "I-1", "amount": {"amount": "40.00", "currency": "EUR"}}]);
        by_number["amount"]["amount"] = json!("40.00");
        app.finance().post("/v1/receipts", by_number).expect(201);
        let by_id = open(app, &format!("/v1/invoices/{}", german.id()));
        assert_eq!(by_id["status"], "paid");
        holds(app);
    });
}

#[test]
fn only_finance_and_admin_manage_companies() {
    on_both(|app| {
        for role in [Role::Sales, Role::Credit, Role::Auditor, Role::System] {
            app.caller("u-other", &[role], None)
                .post(PATH, hamburg())
                .expect_problem(403, "forbidden");
        }
    });
}
