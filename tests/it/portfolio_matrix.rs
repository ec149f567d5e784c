//! The portfolio by risk and value.

use serde_json::{Value, json};

use crate::support::{TestApp, a_customer, a_graded_customer, an_invoice, on_both, rate_by_share};

/// Three rated customers and one that is not, with sales of the last twelve months.
fn open(app: &TestApp) {
    app.turn_to("2026-03-31");
    rate_by_share(app);
    for (number, grade) in [("C-1", "A"), ("C-2", "A"), ("C-3", "B")] {
        a_graded_customer(app, number, grade);
    }
    a_customer("C-4").owned_by("u-other").create(app);
    for (number, amount) in [
        ("C-1", "600.00"),
        ("C-2", "100.00"),
        ("C-3", "200.00"),
        ("C-4", "100.00"),
    ] {
        an_invoice(&format!("I-{number}"), number, amount)
            .dated("2026-01-15")
            .create(app);
    }
}

fn cell(matrix: &Value, grade: &str, class: i64) -> Value {
    let cells = matrix["cells"].as_array().unwrap().iter();
    let mut found = cells.filter(|cell| cell["grade"] == grade && cell["value_class"] == class);
    found.next().unwrap().clone()
}

#[test]
fn every_customer_stands_by_its_grade_and_the_class_of_its_sales() {
    on_both(|app| {
        open(app);
        let path = "/v1/reports/portfolio-matrix?currency=CNY&classes=2";
        let matrix = app.auditor().get(path).expect(200).body;
        assert_eq!(matrix["customers"], 4);
        assert_eq!(matrix["value"]["amount"], "1000.00");
        assert_eq!(
            matrix["grades"],
            json!(["AAA", "AA", "A", "BBB", "BB", "B", "CCC", "D", "NR"])
        );
        assert_eq!(matrix["cells"].as_array().unwrap().len(), 18);
        let best = cell(&matrix, "A", 1);
        assert_eq!(
            (&best["customers"], &best["value_share"]),
            (&json!(1), &json!("0.6"))
        );
        assert_eq!(best["largest"][0]["number"], "C-1");
        assert_eq!(cell(&matrix, "B", 1)["largest"][0]["number"], "C-3");
        assert_eq!(cell(&matrix, "A", 2)["largest"][0]["number"], "C-2");
        assert_eq!(cell(&matrix, "NR", 2)["largest"][0]["number"], "C-4");
        // Sales see their own.
        let own = app.sales().get(path).expect(200);
        assert_eq!(
            (&own["customers"], &own["covers"]),
            (&json!(3), &json!("own"))
        );
    });
}

#[test]
fn value_may_be_what_is_owed_and_a_currency_without_customers_is_empty() {
    on_both(|app| {
        open(app);
        let path = "/v1/reports/portfolio-matrix?currency=CNY&value=exposure&classes=1";
        let matrix = app.credit().get(path).expect(200);
        assert_eq!(matrix["value"]["amount"], "1000.00");
        assert_eq!(cell(&matrix.body, "A", 1)["customers"], 2);
        let none = app
            .credit()
            .get("/v1/reports/portfolio-matrix?currency=EUR")
            .expect(200);
        assert_eq!(none["customers"], 0);
        for wrong in ["classes=0", "classes=11", "value=margin", "currency=XXX"] {
            let reply = app.credit().get(&format!(
                "/v1/reports/portfolio-matrix?currency=CNY&{wrong}"
            ));
            assert!(
                (400..500).contains(&reply.status),
                "{wrong}: {}",
                reply.text
            );
        }
        app.credit().get("/v1/reports/portfolio-matrix").expect(400);
    });
}

#[test]
fn the_matrix_is_drawn_for_those_who_ask_for_a_picture() {
    on_both(|app| {
        open(app);
        let path = "/v1/reports/portfolio-matrix?currency=CNY";
        let drawn = app
            .credit()
            .request("GET", path)
            .header("Accept", "image/svg+xml")
            .send()
            .expect(200);
        assert_eq!(drawn.header("content-type"), Some("image/svg+xml"));
        assert!(drawn.text.starts_with("<svg xmlns="), "{}", drawn.text);
        assert!(
            drawn
                .text
                .contains("role=\"img\" aria-labelledby=\"title about\"")
        );
        assert!(
            drawn
                .text
                .contains("<title>A, class 1: 1 customers, CNY 600.00</title>"),
            "{}",
            drawn.text
        );
        let same = app.credit().get(&format!("{path}&format=svg")).expect(200);
        assert_eq!(same.text, drawn.text);
    });
}
