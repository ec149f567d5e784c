//! The industry table.

use serde_json::{Value, json};

use crate::support::{Client, Reply, on_both};

fn steel() -> Value {
    json!({
        "name_en": "Steel trading", "name_zh": "钢铁贸易", "growth": "0.042", "cr4": "0.31", "risk_class": 3,
        "source": "NBS yearbook 2025", "as_of": "2025-12-31",
    })
}

fn put_new(client: &Client, path: &str, body: Value) -> Reply {
    let request = client.request("PUT", path).header("If-None-Match", "*");
    request.json(body).send()
}

#[test]
fn an_industry_is_set_once_and_changed_by_who_read_it() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let credit = app.credit();
        let path = "/v1/industries/Steel";
        credit.get(path).expect_problem(404, "not_found");
        credit
            .put(path, "\"1\"", steel())
            .expect_problem(404, "not_found");
        let request = credit.request("PUT", path).json(steel());
        request.send().expect_problem(428, "precondition_required");
        let set = put_new(&credit, path, steel()).expect(200);
        assert_eq!(set.etag(), "\"1\"");
        assert_eq!(
            (&set["growth"], &set["hhi"]),
            (&json!("0.042"), &Value::Null)
        );
        assert_eq!(
            (&set["set_by"], &set["expires_on"]),
            (&json!("u-credit"), &json!("2027-12-31"))
        );
        put_new(&credit, path, steel()).expect_problem(412, "stale");
        let mut outlook = steel();
        outlook["risk_class"] = json!(4);
        let changed = credit.put(path, "\"1\"", outlook.clone()).expect(200);
        assert_eq!(changed.etag(), "\"2\"");
        credit
            .put(path, "\"1\"", outlook)
            .expect_problem(412, "stale");
        let read = app.auditor().get(path).expect(200);
        assert_eq!(read.body, changed.body);
        let versions = app.sales().get(&format!("{path}/versions")).expect(200);
        let classes: Vec<&Value> = versions["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| &row["risk_class"])
            .collect();
        assert_eq!(classes, [4, 3]);
        let trail = app
            .auditor()
            .get(&format!("/v1/trail?entity_id={}", changed.id()))
            .expect(200);
        assert_eq!(trail["data"][0]["before"]["risk_class"], 3);
    });
}

#[test]
fn the_list_has_each_industry_as_it_holds_now() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let credit = app.credit();
        for code in ["Steel", "%E9%92%A2%E9%93%81", "Food%20and%20drink"] {
            put_new(&credit, &format!("/v1/industries/{code}"), steel()).expect(200);
        }
        credit
            .put("/v1/industries/Steel", "\"1\"", steel())
            .expect(200);
        let page = credit.get("/v1/industries?limit=2").expect(200);
        let codes = |page: &Reply| -> Vec<(Value, Value)> {
            let rows = page["data"].as_array().unwrap().iter();
            rows.map(|row| (row["code"].clone(), row["industry_version"].clone()))
                .collect()
        };
        assert_eq!(
            codes(&page),
            [
                (json!("Food and drink"), json!(1)),
                (json!("Steel"), json!(2))
            ]
        );
        let cursor = page.text_at("/next_cursor");
        let rest = credit
            .get(&format!("/v1/industries?limit=2&cursor={cursor}"))
            .expect(200);
        assert_eq!(codes(&rest), [(json!("钢铁"), json!(1))]);
        credit
            .get("/v1/industries/Fishing/versions")
            .expect_problem(404, "not_found");
    });
}

#[test]
fn figures_must_be_what_they_can_be() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let credit = app.credit();
        for (member, value) in [
            ("growth", json!("-1.01")),
            ("growth", json!("11")),
            ("growth", json!(0.05)),
            ("growth", json!("1e-2")),
            ("cr4", json!("1.2")),
            ("hhi", json!("1800")),
            ("risk_class", json!(0)),
            ("risk_class", json!(6)),
            ("name_zh", json!("")),
            ("source", json!(null)),
            ("surprise", json!(1)),
        ] {
            let mut body = steel();
            body[member] = value;
            put_new(&credit, "/v1/industries/Steel", body).expect_problem(400, "malformed_body");
        }
        let mut early = steel();
        early["as_of"] = json!("2026-04-01");
        put_new(&credit, "/v1/industries/Steel", early).expect_problem(422, "invalid");
        for other in [
            app.sales(),
            app.finance(),
            app.auditor(),
            app.admin(),
            app.system(),
        ] {
            put_new(&other, "/v1/industries/Steel", steel()).expect_problem(403, "forbidden");
        }
    });
}

#[test]
fn of_those_who_set_an_industry_at_once_one_does() {
    on_both(|app| {
        app.turn_to("2026-03-31");
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..6)
                .map(|_| {
                    scope.spawn(|| put_new(&app.credit(), "/v1/industries/Steel", steel()).status)
                })
                .collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 200).count(),
            1,
            "{statuses:?}"
        );
        assert_eq!(
            statuses.iter().filter(|status| **status == 412).count(),
            5,
            "{statuses:?}"
        );
    });
}
