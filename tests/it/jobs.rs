//! Jobs beside each other: a large one keeps nobody waiting, shows how far it is, and ends when it is told to.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Client, TestApp, import, on_both, upload};

/// A plan whose validation draws so often that a fit takes long.
fn long_plan() -> Value {
    json!({
        "code": "LONG", "name": "A fit that takes long", "kind": "decision_tree",
        "target": {"column": "outcome", "bad": "bad"}, "reason": "To see who waits.",
        "validation": {"replicates": 10_000},
    })
}

fn training_set(rows: usize) -> String {
    let mut csv = "late,region,outcome\n".to_owned();
    for row in 0..rows {
        let outcome = if (row * 37) % 60 + row % 13 > 55 {
            "bad"
        } else {
            "good"
        };
        writeln!(
            csv,
            "{},{},{outcome}",
            (row * 37) % 60,
            ["n", "s", "e"][row % 3]
        )
        .unwrap();
    }
    csv
}

/// Begins a fit that takes long, and waits until it computes: its progress is beyond the lines that it has read.
fn begin_long_fit(app: &TestApp) -> String {
    const ROWS: usize = 40_000;
    let credit = app.credit();
    let sent = upload("/v1/rating-models/fit", training_set(ROWS))
        .part("plan", long_plan().to_string())
        .send(&credit)
        .expect(202);
    let path = sent.header("location").unwrap().to_owned();
    loop {
        let job = credit.get(&path).expect(200);
        assert!(
            matches!(job["status"].as_str(), Some("queued" | "running")),
            "{}",
            job.text
        );
        if job["progress"]["done"].as_u64() > u64::try_from(ROWS).ok() {
            return path;
        }
        std::thread::yield_now();
    }
}

fn ended(client: &Client, path: &str) -> Value {
    client.get(&format!("{path}/events")).expect(200);
    client.get(path).expect(200)["status"].clone()
}

#[test]
fn a_long_fit_keeps_neither_imports_nor_small_fits_waiting_and_hears_that_it_is_cancelled() {
    on_both(|app| {
        let long = begin_long_fit(app);
        let small = upload("/v1/rating-models/fit", training_set(900))
            .part("plan", json!({
                "code": "SMALL", "name": "A small fit", "kind": "scorecard",
                "target": {"column": "outcome", "bad": "bad"}, "reason": "To see whether it waits.",
            }).to_string())
            .run(&app.credit());
        assert_eq!(small["status"], "succeeded", "{}", small.text);
        let customers =
            import("customers", "number,name,country\nC-1,One,CN\n").run(&app.finance());
        assert_eq!(customers["status"], "succeeded", "{}", customers.text);
        let credit = app.credit();
        assert_eq!(credit.get(&long).expect(200)["status"], "running");
        credit
            .post(&format!("{long}/cancel"), json!({}))
            .expect(200);
        assert_eq!(ended(&credit, &long), "cancelled");
    });
}

#[test]
fn a_server_that_is_stopped_gives_a_long_computation_back_to_another() {
    on_both(|app| {
        let (before, long) = {
            let first = app.another();
            // The other server takes it or this one: whoever did gives it back or keeps it, and it is begun once.
            let long = begin_long_fit(&first);
            (
                first.credit().get(&long).expect(200)["attempts"].clone(),
                long,
            )
        };
        assert_eq!(before, 1);
        let credit = app.credit();
        credit
            .post(&format!("{long}/cancel"), json!({}))
            .expect(200);
        assert_eq!(ended(&credit, &long), "cancelled");
        assert_eq!(
            credit.get(&long).expect(200)["attempts"]
                .as_i64()
                .map(|count| count <= 1),
            Some(true)
        );
    });
}

#[test]
fn files_of_one_caller_are_posted_in_the_order_in_which_they_came() {
    on_both(|app| {
        let mut many = "number,name,country\n".to_owned();
        for number in 0..2_500 {
            writeln!(many, "C-{number},Customer {number},CN").unwrap();
        }
        let finance = app.finance();
        let first = import("customers", &many).send(&finance).expect(202);
        // Small, and so for another worker; but it needs what the first file brings.
        let child = "number,name,country,parent_number\nC-CHILD,Child,CN,C-2499\n";
        let second = import("customers", child).run(&finance);
        assert_eq!(second["result"]["created"], 1, "{}", second.text);
        let first = finance.get(first.header("location").unwrap()).expect(200);
        assert_eq!(first["result"]["created"], 2_500, "{}", first.text);
    });
}

#[test]
fn what_is_too_much_to_learn_from_is_refused_while_it_is_read() {
    on_both(|app| {
        let plan = json!({
            "code": "WIDE", "name": "Wide", "kind": "decision_tree", "target": {"column": "c0", "bad": "1"},
            "reason": "Mostly commas.",
        });
        let fit = |csv: &str| {
            upload("/v1/rating-models/fit", csv)
                .part("plan", plan.to_string())
                .run(&app.credit())
        };
        let names: Vec<String> = (0..500).map(|place| format!("c{place}")).collect();
        let empty = format!("{}{}\n", 0, ",".repeat(499)).repeat(20_100);
        let job = fit(&format!("{}\n{empty}", names.join(",")));
        assert_eq!(job["status"], "failed");
        assert_eq!(job["errors"][0]["code"], "too_many_cells", "{}", job.text);
        assert_eq!(job["errors"][0]["line"], 20_042);
        let job = fit(&format!("{},more\n1\n", names.join(",")));
        assert_eq!(job["errors"][0]["code"], "too_many_columns", "{}", job.text);
        let job = fit(&format!("c0,c1\n1,2\n\"{}", "3,4\n".repeat(400_000)));
        assert_eq!(job["errors"][0]["code"], "line_too_long", "{}", job.text);
        assert_eq!(job["errors"][0]["line"], 3);
    });
}
