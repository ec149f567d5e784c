//! More work than netterms can do: whoever can't be served is told at once, and whoever was let in is served.

use std::sync::mpsc::channel;

use kernel::caller::Role;
use kernel::ids::CustomerId;
use netterms::book::exposure::actions as exposure;
use netterms::platform::http::Problem;
use netterms::platform::http::auth::internal_caller;
use serde_json::json;

use crate::support::{Reply, TestApp, a_customer, on_both_with};

/// How many orders come at once, to a desk where one may wait.
const ORDERS: usize = 8;

#[test]
fn a_full_desk_refuses_at_once_answers_whom_it_took_and_goes_on() {
    on_both_with(
        |config| config.desk_queue = 1,
        |app| {
            let customer = a_customer("C-1").with_limit("1000.00").create(app);
            let customer: CustomerId = customer.id.parse().unwrap();
            let approved = while_locked(app, customer);
            order(app, "SO-LAST").expect(200);
            let held = app.auditor().get("/v1/reservations").expect(200);
            assert_eq!(held["data"].as_array().unwrap().len(), approved + 1);
        },
    );
}

fn order(app: &TestApp, number: &str) -> Reply {
    let body = json!({
        "customer": "C-1", "order_number": number, "amount": {"amount": "1.00", "currency": "CNY"},
        "reserve": true,
    });
    app.system().post("/v1/limit-checks", body)
}

/// Sends orders while somebody else holds the account, until the desk refuses one, and gives how many it approved.
fn while_locked(app: &TestApp, customer: CustomerId) -> usize {
    let holder = internal_caller("test-holder", &[Role::Finance]).unwrap();
    std::thread::scope(|scope| {
        let (is_locked, locked) = channel();
        let (release, is_released) = channel::<()>();
        scope.spawn(move || {
            app.database().maintain(&holder, |tx| {
                exposure::lock(tx, customer)?;
                is_locked.send(()).unwrap();
                // An error says that the test failed meanwhile, which is no less reason to let go.
                let _ = is_released.recv();
                Ok::<(), Problem>(())
            })
        });
        locked.recv().unwrap();
        let (answers, answered) = channel();
        for number in 0..ORDERS {
            let answers = answers.clone();
            scope.spawn(move || answers.send(order(app, &format!("SO-{number}"))));
        }
        drop(answers);
        // Nothing can be decided yet, so the first answer is a refusal.
        let refused = answered.recv().unwrap();
        let refused = refused.expect_problem(503, "overloaded");
        assert_eq!(refused.header("retry-after"), Some("1"));
        release.send(()).unwrap();
        let others: Vec<_> = answered.iter().collect();
        assert_eq!(others.len(), ORDERS - 1);
        let is_approved = |reply: &Reply| {
            if reply.status != 200 {
                reply.clone().expect_problem(503, "overloaded");
            }
            reply.status == 200
        };
        let approved = others.into_iter().filter(is_approved).count();
        assert!(approved > 0, "whoever was let in is answered");
        approved
    })
}
