//! Files of other systems, read as they are by a mapping.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{a_customer, import, on_both, public_data, set_rate};

#[test]
fn a_raw_file_needs_no_script() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let customer = a_customer("17").in_currency("EUR").create(app);
        let file = "type\tno\tclient\tdated\ttotal\n\
            invoice\t2001.0\t17.0\t2026-03-01 00:00:00\t12.50\n\
            void\t2002.0\t17.0\t2026-03-01 00:00:00\t12.50\n\
            invoice\t2003.0\t17.0\t2026-03-01 00:00:00\t-12.50\n\
            quote\t2004.0\t17.0\t2026-03-01 00:00:00\t12.50\n\
            \t2005.0\t17.0\t2026-03-01 00:00:00\t12.50\n\
            invoice\t2006.0\t18.0\t2026-03-01 00:00:00\t12.50\n";
        let mapping = json!({
            "columns": {"number": "no", "customer_number": "client", "invoice_date": "dated", "amount": "total"},
            "date_format": "%Y-%m-%d %H:%M:%S",
            "constants": {"currency": "EUR"},
            "strip_suffix": {"number": ".0", "customer_number": ".0"},
            "skip": [{"column": "type", "is": ["void", ""]}, {"column": "total", "begins_with": "-"},
                {"column": "type", "is_not": ["invoice", "void"]}],
        });
        let job = import("invoices", file).mapped(mapping).run(&app.finance());
        let result = json!({"lines": 6, "created": 1, "unchanged": 0, "rejected": 1, "skipped": 4});
        assert_eq!(job["result"], result, "{}", job.text);
        assert_eq!(job["errors"][0]["line"], 7);
        let invoice = app.finance().get("/v1/invoices/2001").expect(200);
        assert_eq!(
            invoice["amount"],
            json!({"amount": "12.50", "currency": "EUR"})
        );
        assert_eq!(invoice["customer_id"], customer.id);
    });
}

#[test]
fn a_constant_holds_whatever_the_file_says() {
    on_both(|app| {
        let file = "number,name,country\nA,Acme,ZZ\n";
        let mapping = json!({"constants": {"country": "DE", "language": "zh-CN"}});
        let job = import("customers", file).mapped(mapping).run(&app.credit());
        assert_eq!(job["result"]["created"], 1, "{}", job.text);
        let made = app.credit().get("/v1/customers/A").expect(200);
        assert_eq!(
            (&made["country"], &made["language"]),
            (&json!("DE"), &json!("zh-CN"))
        );
    });
}

#[test]
fn a_mapping_that_can_not_be_meant_points_at_its_member() {
    on_both(|app| {
        for (member, mapping) in [
            ("constants", json!({"constants": {"colour": "red"}})),
            ("strip_suffix", json!({"strip_suffix": {"number": ""}})),
            ("skip", json!({"skip": [{"column": "type"}]})),
            (
                "skip",
                json!({"skip": [{"column": "type", "is": ["a"], "begins_with": "b"}]}),
            ),
        ] {
            let problem = import("customers", "number,name,country\n")
                .mapped(mapping)
                .send(&app.credit())
                .expect_problem(400, "malformed_body");
            assert_eq!(
                problem["errors"][0]["pointer"],
                format!("/mapping/{member}")
            );
        }
        let mapping = json!({"skip": [{"column": "type", "is": ["void"]}]});
        let job = import("customers", "number,name,country\nA,B,CN\n")
            .mapped(mapping)
            .run(&app.credit());
        assert_eq!(job["status"], "failed");
        assert_eq!(
            (&job["errors"][0]["column"], &job["errors"][0]["code"]),
            (&json!("type"), &json!("missing_column"))
        );
    });
}

/// A file of our own making, as another system writes it.
fn sample(code: &str) -> Vec<u8> {
    std::fs::read(format!("tests/fixtures/imports/{code}.csv")).unwrap()
}

#[test]
fn files_of_well_known_systems_come_in_by_the_mappings_that_are_shipped() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let listed = app.finance().get("/v1/imports/mappings").expect(200);
        let mut codes = Vec::new();
        for mapping in listed["data"].as_array().unwrap() {
            codes.push(mapping["code"].as_str().unwrap().to_owned());
        }
        for (code, customer, currency, first, second, skipped) in [
            (
                "china_digital_invoices",
                "91320500MA00000002",
                "CNY",
                "26322000000000000017",
                "1234.56",
                2,
            ),
            ("datev_opos", "10001", "EUR", "RE-2026/17", "119.00", 1),
            (
                "kingdee_receivables",
                "KH0001",
                "CNY",
                "AR00000001",
                "1234.56",
                2,
            ),
            (
                "odoo_invoices",
                "O-17",
                "EUR",
                "INV/2026/00001",
                "1234.56",
                2,
            ),
            ("sap_fbl5n", "D-1001", "EUR", "1800000001", "1234.56", 2),
            (
                "yonyou_receivables",
                "0101",
                "CNY",
                "0000000001",
                "1234.56",
                1,
            ),
        ] {
            assert!(codes.contains(&code.to_owned()), "{code}");
            a_customer(customer).in_currency(currency).create(app);
            let job = import("invoices", sample(code))
                .mapped(json!({"shipped": code}))
                .run(&app.finance());
            assert_eq!(job["result"]["created"], 2, "{code}: {}", job.text);
            assert_eq!(job["result"]["rejected"], 0, "{code}: {}", job.text);
            assert_eq!(job["result"]["skipped"], skipped, "{code}");
            let path = format!("/v1/invoices?customer={customer}");
            let posted = app.finance().get(&path).expect(200);
            assert_eq!(posted["data"][0]["number"], first, "{code}");
            assert_eq!(posted["data"][0]["invoice_date"], "2026-03-02", "{code}");
            let amount = json!({"amount": "12500.00", "currency": currency});
            assert_eq!(posted["data"][0]["amount"], amount, "{code}");
            assert_eq!(posted["data"][1]["amount"]["amount"], second, "{code}");
            if code != "china_digital_invoices" {
                assert_eq!(posted["data"][0]["due_date"], "2026-04-01", "{code}");
            }
        }
        assert_eq!(codes.len(), 6);
    });
}

#[test]
fn a_shipped_mapping_is_changed_where_the_file_differs() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("10001").in_currency("CHF").create(app);
        let text =
            String::from_utf8_lossy(&sample("datev_opos")).replace("Rechnungsnummer", "Beleg");
        let job = import("invoices", text.replace('\u{fffd}', "ae"))
            .mapped(json!({
                "shipped": "datev_opos", "encoding": "utf-8", "columns": {"number": "Beleg", "due_date": "Faelligkeit"},
                "constants": {"currency": "CHF"},
            }))
            .run(&app.finance());
        assert_eq!(job["result"]["created"], 2, "{}", job.text);
        for mapping in [json!({"shipped": "lexware"}), json!({"encoding": "ebcdic"})] {
            import("invoices", "number\n")
                .mapped(mapping)
                .send(&app.finance())
                .expect_problem(400, "malformed_body");
        }
        import("customers", "number\n")
            .mapped(json!({"shipped": "datev_opos"}))
            .send(&app.finance())
            .expect_problem(400, "malformed_body");
    });
}

#[test]
fn a_line_that_its_encoding_does_not_know_is_refused_and_the_others_come_in() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        a_customer("KH0001").create(app);
        let mut file = sample("kingdee_receivables");
        let at = file
            .windows(10)
            .position(|bytes| bytes == b"AR00000002")
            .unwrap();
        file[at] = 0x81;
        file[at + 1] = 0x20;
        let job = import("invoices", file)
            .mapped(json!({"shipped": "kingdee_receivables"}))
            .run(&app.finance());
        assert_eq!(job["result"]["created"], 1, "{}", job.text);
        assert_eq!(job["errors"][0]["code"], "not_utf8");
        assert_eq!(job["errors"][0]["line"], 3);
    });
}

/// One of the firms whose invoices were published.
const FIRM: &str = "E121";

#[test]
fn published_tax_invoices_come_in_as_they_are() {
    let Some(file) = public_data("cn_sme_sales_invoices_a.csv.gz") else {
        return;
    };
    let text = std::str::from_utf8(&file).unwrap();
    let rows = || {
        text.lines()
            .skip(1)
            .map(|row| row.split(',').collect::<Vec<_>>())
    };
    let total = rows().count();
    let good: Vec<Vec<&str>> = rows()
        .filter(|row| row[0] == FIRM && row[7] == "valid" && !row[6].starts_with('-'))
        .collect();
    let buyers: BTreeSet<&str> = good.iter().map(|row| row[3]).collect();
    let skip = json!([{"column": "enterprise_id", "is_not": [FIRM]}, {"column": "status", "is": ["void"]},
        {"column": "gross_amount", "begins_with": "-"}]);
    let report = |created: usize| {
        json!({"lines": total, "created": created, "unchanged": good.len() - created, "rejected": 0,
            "skipped": total - good.len()})
    };
    on_both(|app| {
        app.turn_to("2020-03-01");
        let finance = app.finance();
        let run = |kind: &str, columns: Value, constants: Value| {
            let mapping = json!({"columns": columns, "constants": constants, "skip": skip});
            let job = import(kind, &file).mapped(mapping).run(&finance);
            assert!(job["errors"].as_array().unwrap().is_empty(), "{}", job.text);
            job["result"].clone()
        };
        let customers = run(
            "customers",
            json!({"number": "buyer_id", "name": "buyer_id"}),
            json!({"country": "CN"}),
        );
        assert_eq!(customers, report(buyers.len()));
        run(
            "credit_accounts",
            json!({"customer_number": "buyer_id"}),
            json!({"currency": "CNY"}),
        );
        let columns = json!({"number": "invoice_no", "customer_number": "buyer_id", "invoice_date": "invoice_date",
            "amount": "gross_amount"});
        let invoices = run("invoices", columns, json!({"currency": "CNY"}));
        assert_eq!(invoices["created"], good.len());
        assert_eq!(invoices["rejected"], 0);
    });
}

#[test]
fn a_published_log_of_orders_comes_in_as_it_is() {
    let Some(file) = public_data("o2c_credit_holds_a.csv.gz") else {
        return;
    };
    on_both(|app| {
        app.turn_to("2026-03-31");
        let finance = app.finance();
        let skip = json!([{"column": "Activity", "is_not": ["Line Creation"]}, {"column": "NetValue", "is": ["0", "0.0"]},
            {"column": "Customer", "is_not": ["Customer 1", "Customer 11"]}]);
        let run = |kind: &str, columns: Value, constants: Value| {
            let mapping = json!({"columns": columns, "constants": constants, "skip": skip,
                "date_format": "%Y-%m-%d %H:%M:%S"});
            let job = import(kind, &file).mapped(mapping).run(&finance);
            assert_eq!(job["result"]["rejected"], 0, "{}", job.text);
            job["result"]["created"].as_i64().unwrap()
        };
        assert_eq!(
            run(
                "customers",
                json!({"number": "Customer", "name": "Customer"}),
                json!({"country": "US"})
            ),
            2
        );
        run(
            "credit_accounts",
            json!({"customer_number": "Customer"}),
            json!({"currency": "USD"}),
        );
        let columns = json!({"number": "Key", "customer_number": "Customer", "invoice_date": "Date", "amount": "NetValue"});
        assert!(run("invoices", columns, json!({"currency": "USD"})) > 50);
        assert_eq!(
            finance.get("/v1/customers/Customer%2011").expect(200)["number"],
            "Customer 11"
        );
    });
}

/// What a company code, a customer, and what it owes look like in an ERP's list: nothing was prepared for netterms.
const RAW: &str = "BUKRS;KUNNR;NAME1;LAND1;BELNR;BLART;BLDAT;FAEDT;WRBTR;WAERS\n\
    1000;0000100017;Maple Tools Inc.;CA;1800000001;RV;01.03.2026;31.03.2026;1.200,00;USD\n\
    2000;0000100017;Maple Tools Inc.;CA;1800000001;RV;02.03.2026;01.04.2026;800,50;CAD\n\
    2000;0000100017;Maple Tools Inc.;CA;1800000002;DZ;03.03.2026;;300,00-;CAD\n\
    2000;0000100017;Maple Tools Inc.;CA;1800000003;RV;05.03.2026;04.04.2026;99,50;CAD\n";

#[test]
fn one_raw_file_opens_a_customer_that_owes_two_companies_in_two_currencies() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        set_rate(app, "USD", "CAD", "1.40", "2026-03-30");
        for (number, country, currency) in [("US01", "US", "USD"), ("CA01", "CA", "CAD")] {
            let body = json!({
                "number": number, "name": number, "country": country, "functional_currency": currency,
            });
            app.finance().post("/v1/legal-entities", body).expect(201);
        }
        let skip = json!([{"column": "BLART", "is_not": ["RV"]}]);
        let customer = json!({
            "columns": {"number": "KUNNR", "name": "NAME1", "country": "LAND1"}, "skip": skip,
        });
        let account = json!({
            "columns": {"customer_number": "KUNNR"}, "skip": skip,
            "constants": {"currency": "USD", "billing_currencies": "any", "limit_kind": "none"},
        });
        let items = json!({
            "columns": {
                "number": "BELNR", "customer_number": "KUNNR", "invoice_date": "BLDAT", "due_date": "FAEDT",
                "amount": "WRBTR", "currency": "WAERS", "legal_entity": "BUKRS",
            },
            "values": {"legal_entity": {"1000": "US01", "2000": "CA01"}},
            "date_format": "%d.%m.%Y", "decimal": "comma", "skip": skip,
        });
        let mut created = Vec::new();
        for (kind, mapping) in [
            ("customers", customer),
            ("credit_accounts", account),
            ("open_items", items),
        ] {
            let job = import(kind, RAW).mapped(mapping).run(&app.finance());
            assert_eq!(job["status"], "succeeded", "{}", job.text);
            assert_eq!(job["result"]["rejected"], 0, "{}", job.text);
            created.push(job["result"]["created"].clone());
        }
        assert_eq!(created, [1, 1, 3]);
        let account = &app
            .finance()
            .get("/v1/credit-accounts?customer=0000100017")
            .expect(200)["data"][0];
        let id = account["id"].as_str().unwrap();
        let account = app
            .finance()
            .get(&format!("/v1/credit-accounts/{id}"))
            .expect(200);
        // USD 1,200.00 and CAD 900.00, which is USD 642.86 rounded up.
        assert_eq!(account["exposure"]["total"]["amount"], "1842.86");
        let balances: Vec<(&str, &str)> = account["exposure"]["by_balance"]
            .as_array()
            .unwrap()
            .iter()
            .map(|balance| &balance["total"])
            .filter(|total| total["amount"] != "0.00")
            .map(|total| {
                (
                    total["currency"].as_str().unwrap(),
                    total["amount"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(balances, [("USD", "1200.00"), ("CAD", "900.00")]);
        // The same number stands in both companies.
        app.finance()
            .get("/v1/invoices/1800000001")
            .expect_problem(409, "ambiguous_number");
    });
}
