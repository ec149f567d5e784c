//! What others do to us: a database that goes away, another server that is asked the same.

use std::collections::BTreeSet;
use std::sync::mpsc::channel;

use diesel::sql_types::{Bool, Integer};
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection};
use kernel::caller::Role;
use kernel::ids::CustomerId;
use netterms::book::exposure::actions as exposure;
use netterms::book::policy::actions as policies;
use netterms::platform::db::{Backend, Conn, Db, WAITING_PAGES};
use netterms::platform::http::auth::internal_caller;
use netterms::platform::http::{Code, Problem};
use netterms::platform::jobs::actions as jobs;
use netterms::server::config::Config;
use serde_json::json;

use crate::limits::{an_order, check};
use crate::support::{Reply, TestApp, a_customer, an_invoice, on_both, on_both_with};

/// For what only several connections to PostgreSQL can show; SQLite has one writer.
fn on_postgres(test: impl Fn(&TestApp)) {
    on_both(|app| {
        if app.backend == Backend::Postgres {
            test(app);
        }
    });
}

#[derive(QueryableByName)]
struct Pid {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

#[derive(QueryableByName)]
struct Done {
    #[diesel(sql_type = Bool)]
    done: bool,
}

fn ask<T: QueryableByName<diesel::pg::Pg> + 'static>(db: &mut Db, sql: &str) -> T {
    let Conn::Postgres(c) = db.conn() else {
        panic!("not PostgreSQL");
    };
    diesel::sql_query(sql).get_result(&mut **c).unwrap()
}

/// Cuts a unit of work off from the database in its middle.
fn cut_off(app: &TestApp, own: &mut Db) {
    let pid = ask::<Pid>(own, "SELECT pg_backend_pid() AS pid").pid;
    let sql = format!("SELECT pg_terminate_backend({pid}, 5000) AS done");
    ask::<Done>(&mut app.database().reader().unwrap(), &sql);
}

#[test]
fn a_unit_of_work_that_loses_its_connection_may_be_tried_again_later() {
    on_postgres(|app| {
        let caller = internal_caller("test", &[Role::Finance]).unwrap();
        let in_the_middle = app.database().maintain(&caller, |tx| {
            cut_off(app, tx);
            policies::live(tx)?;
            Ok::<(), Problem>(())
        });
        assert_eq!(in_the_middle.unwrap_err().code(), Code::DatabaseUnavailable);
        let at_its_end = app.database().maintain(&caller, |tx| {
            cut_off(app, tx);
            Ok::<(), Problem>(())
        });
        assert_eq!(at_its_end.unwrap_err().code(), Code::DatabaseUnavailable);
        let in_a_savepoint = app.database().maintain(&caller, |tx| {
            tx.savepoint(|tx| {
                cut_off(app, tx);
                Err::<(), Problem>(Problem::new(Code::ReservationExceeded))
            })
        });
        assert_eq!(
            in_a_savepoint.unwrap_err().code(),
            Code::DatabaseUnavailable
        );
        // A connection that broke is not given out again.
        app.credit().get("/v1/customers").expect(200);
    });
}

#[test]
fn what_was_committed_without_waiting_is_on_disk_once_the_desk_made_sure() {
    on_postgres(|app| {
        let mut flusher = app.database().flusher().unwrap().unwrap();
        let mut db = app.database().reader().unwrap();
        // The session keeps in mind where the log ended when something was committed that nobody waited for.
        let committed = "WITH unwaited AS (SELECT set_config('synchronous_commit', 'off', true)), \
             written AS (SELECT pg_logical_emit_message(true, 'test', repeat('x', 100000)) FROM unwaited) \
             SELECT set_config('test.log_end', (pg_current_wal_insert_lsn() + 0)::text, false) IS NOT NULL AS done \
             FROM written";
        assert!(ask::<Done>(&mut db, committed).done);
        flusher.flush().unwrap();
        let is_on_disk =
            "SELECT pg_current_wal_flush_lsn() >= current_setting('test.log_end')::pg_lsn AS done";
        assert!(ask::<Done>(&mut db, is_on_disk).done);
    });
}

#[test]
fn what_was_decided_before_a_connection_was_lost_is_not_sure_by_another() {
    on_postgres(|app| {
        let mut flusher = app.database().flusher().unwrap().unwrap();
        let connection = flusher.connection();
        let before = connection.number();
        assert_eq!(flusher.flush().unwrap(), before);
        let end = "SELECT bool_and(pg_terminate_backend(pid, 5000)) AS done FROM pg_stat_activity \
             WHERE datname = current_database() AND query LIKE 'SELECT pg_logical_emit_message%'";
        assert!(ask::<Done>(&mut app.database().reader().unwrap(), end).done);
        assert!(flusher.flush().is_err());
        let after = flusher.flush().unwrap();
        assert_ne!(after, before);
        assert_eq!(connection.number(), after);
    });
}

#[test]
fn a_log_that_could_not_be_flushed_is_copied_before_anything_is_sure_again() {
    on_both(|app| {
        let Some(path) = app.database().file() else {
            return;
        };
        let (log, elsewhere) = (format!("{path}-wal"), format!("{path}-elsewhere"));
        let length = || std::fs::metadata(&log).unwrap().len();
        let mut flusher = app.database().flusher().unwrap().unwrap();
        a_customer("C-1").with_limit("1000.00").create(app);
        flusher.flush().unwrap();
        assert!(length() > 0);
        std::fs::rename(&log, &elsewhere).unwrap();
        assert!(flusher.flush().is_err());
        std::fs::rename(&elsewhere, &log).unwrap();
        flusher.flush().unwrap();
        assert_eq!(length(), 0);
        app.credit().get("/v1/customers/C-1").expect(200);
    });
}

#[test]
fn a_long_log_is_copied_into_the_file() {
    on_both(|app| {
        let Some(path) = app.database().file() else {
            return;
        };
        let length = || std::fs::metadata(path).unwrap().len();
        let mut copier = app.database().copier().unwrap().unwrap();
        assert!(length() < 1 << 25);
        // The file of an import, of a size that is copied: 32 MiB.
        let caller = internal_caller("u-credit", &[Role::Credit]).unwrap();
        let part = vec![b'x'; 1 << 20];
        app.database()
            .maintain(&caller, |tx| {
                let job = jobs::begin(tx, "import", "lines")?;
                for number in 0..WAITING_PAGES / 256 {
                    jobs::append(tx, job, number, &part)?;
                }
                Ok::<_, Problem>(())
            })
            .unwrap();
        // The server's own thread may be at it already; then this one does nothing.
        while copier.waiting().unwrap() >= WAITING_PAGES {
            copier.look().unwrap();
        }
        assert!(length() >= 1 << 25);
    });
}

#[test]
fn a_server_that_is_stopped_leaves_all_in_the_file() {
    on_both(|app| {
        let Some(path) = app.database().file() else {
            return;
        };
        let another = app.another();
        a_customer("C-1").create(&another);
        drop(another);
        let copy = format!("{path}-copy");
        std::fs::copy(path, &copy).unwrap();
        let found: Done =
            diesel::sql_query("SELECT COUNT(*) = 1 AS done FROM customers WHERE number = 'C-1'")
                .get_result(&mut SqliteConnection::establish(&copy).unwrap())
                .unwrap();
        assert!(found.done);
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{copy}{suffix}"));
        }
    });
}

/// A check that reserves, under the key `k-1`.
fn order(app: &TestApp) -> Reply {
    let body = json!({
        "customer": "C-1", "order_number": "SO-1", "amount": {"amount": "400.00", "currency": "CNY"},
        "reserve": true,
    });
    let request = app.system().request("POST", "/v1/limit-checks");
    request.key("k-1").json(body).send()
}

#[test]
fn two_servers_that_are_asked_the_same_at_once_give_one_answer() {
    on_postgres(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let customer: CustomerId = customer.id.parse().unwrap();
        let other = app.another();
        let (first, second) = while_both_wait(app, &other, customer);
        assert_eq!(first.status, 200, "{}", first.text);
        assert_eq!(second.status, 200, "{}", second.text);
        assert_eq!(first.body, second.body);
        let is_replayed = |reply: &Reply| reply.header("idempotent-replayed").is_some();
        assert!(is_replayed(&first) != is_replayed(&second));
        let held = app.auditor().get("/v1/reservations").expect(200);
        assert_eq!(held["data"].as_array().unwrap().len(), 1);
        let checks = app.auditor().get("/v1/limit-checks").expect(200);
        assert_eq!(checks["data"].as_array().unwrap().len(), 1);
    });
}

/// The connections that wait for a lock.
fn list_waiting(db: &mut Db) -> Vec<i32> {
    let Conn::Postgres(c) = db.conn() else {
        panic!("not PostgreSQL");
    };
    let waiting = "SELECT pid FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let rows: Vec<Pid> = diesel::sql_query(waiting).load(&mut **c).unwrap();
    rows.into_iter().map(|row| row.pid).collect()
}

#[test]
fn a_locked_account_keeps_nobody_but_its_own_waiting() {
    let few_connections = |config: &mut Config| config.pool_size = 2;
    on_both_with(few_connections, |app| {
        if app.backend != Backend::Postgres {
            return;
        }
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let customer: CustomerId = customer.id.parse().unwrap();
        let others = ["C-2", "C-3", "C-4", "C-5"];
        for other in others {
            a_customer(other).with_limit("1000.00").create(app);
        }
        let buy = |customer: &str, order: &str| check(app, an_order(customer, order, "1.00"));
        let holder = internal_caller("test-holder", &[Role::Finance]).unwrap();
        std::thread::scope(|scope| {
            let (is_locked, locked) = channel();
            let (release, is_released) = channel::<()>();
            scope.spawn(move || {
                app.database().maintain(&holder, |tx| {
                    exposure::lock(tx, customer)?;
                    is_locked.send(()).unwrap();
                    let _ = is_released.recv();
                    Ok::<(), Problem>(())
                })
            });
            locked.recv().unwrap();
            let own = scope.spawn(|| buy("C-1", "SO-1"));
            // The one connection that is left to write with waits for the account as well.
            let invoice = scope.spawn(|| an_invoice("I-1", "C-1", "1.00").post(app));
            let mut db = app.database().reader().unwrap();
            let mut waited = BTreeSet::new();
            while waited.len() < 2 {
                waited.extend(list_waiting(&mut db));
            }
            for order in ["SO-1", "SO-2", "SO-3"] {
                for other in others {
                    assert_eq!(buy(other, order).expect(200)["outcome"], "approved");
                }
            }
            app.credit().get("/v1/customers").expect(200);
            for waiting in [own, invoice] {
                let refused = waiting.join().unwrap();
                let refused = refused.expect_problem(503, "database_unavailable");
                assert!(refused.header("retry-after").is_some());
            }
            release.send(()).unwrap();
        });
        assert_eq!(buy("C-1", "SO-2").expect(200)["outcome"], "approved");
    });
}

#[test]
fn an_account_that_is_free_again_is_served_with_those_that_waited() {
    on_postgres(|app| {
        let customer = a_customer("C-1").with_limit("1000.00").create(app);
        let customer: CustomerId = customer.id.parse().unwrap();
        let other = app.another();
        let (first, second) = while_both_wait(app, &other, customer);
        for answer in [first, second] {
            assert_eq!(answer.expect(200)["outcome"], "approved");
        }
    });
}

/// Sends the same to both servers while somebody holds the account, so that neither knows of the other's key.
fn while_both_wait(app: &TestApp, other: &TestApp, customer: CustomerId) -> (Reply, Reply) {
    let holder = internal_caller("test-holder", &[Role::Finance]).unwrap();
    std::thread::scope(|scope| {
        let (is_locked, locked) = channel();
        let (release, is_released) = channel::<()>();
        scope.spawn(move || {
            app.database().maintain(&holder, |tx| {
                exposure::lock(tx, customer)?;
                is_locked.send(()).unwrap();
                let _ = is_released.recv();
                Ok::<(), Problem>(())
            })
        });
        locked.recv().unwrap();
        let first = scope.spawn(|| order(app));
        let second = scope.spawn(|| order(other));
        let mut db = app.database().reader().unwrap();
        // A worker waits for a moment, then sets the check aside and looks again by and by.
        let mut waited = BTreeSet::new();
        while waited.len() < 2 {
            waited.extend(list_waiting(&mut db));
        }
        release.send(()).unwrap();
        (first.join().unwrap(), second.join().unwrap())
    })
}
