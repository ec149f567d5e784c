//! A book that lives through random days: four currencies, three companies, a group of mixed currencies. Whatever is tried,
//! it adds up after every hundred operations, and every decision is made again as it was.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, a_customer, on_both, set_limit, set_rate};

const COMPANIES: [&str; 3] = ["MAIN", "DE01", "US01"];
const CURRENCIES: [&str; 4] = ["CNY", "EUR", "USD", "JPY"];
const CUSTOMERS: [&str; 5] = ["G", "C-1", "C-2", "C-3", "C-4"];
const BETWEEN_AUDITS: usize = 100;

/// A document that was posted.
#[derive(Clone)]
struct Document {
    id: String,
    customer: &'static str,
    company: &'static str,
    currency: &'static str,
}

/// Somebody who does what comes to mind.
struct Trader<'a> {
    app: &'a TestApp,
    rng: Rng,
    count: usize,
    invoices: Vec<Document>,
    receipts: Vec<Document>,
    credit_notes: Vec<Document>,
    reservations: Vec<Document>,
    /// How often each operation was tried, and how often it was done.
    tried: BTreeMap<&'static str, (usize, usize)>,
}

impl<'a> Trader<'a> {
    fn new(app: &'a TestApp, seed: u64) -> Trader<'a> {
        Trader {
            app,
            rng: Rng::with_seed(seed),
            count: 0,
            invoices: Vec::new(),
            receipts: Vec::new(),
            credit_notes: Vec::new(),
            reservations: Vec::new(),
            tried: BTreeMap::new(),
        }
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())]
    }

    fn any(&mut self, of: &[Document]) -> Option<Document> {
        let at = self.rng.usize(..of.len().max(1));
        of.get(at).cloned()
    }

    fn amount(&mut self, currency: &str, most: u32) -> Value {
        let amount = match currency {
            "JPY" => format!("{}", self.rng.u32(1..most * 100)),
            _ => format!("{}.{:02}", self.rng.u32(1..most), self.rng.u32(..100)),
        };
        json!({"amount": amount, "currency": currency})
    }

    fn today(&self) -> String {
        self.app.clock().today().to_string()
    }

    /// A document of somebody in some currency of some company, with a number of its own.
    fn document(&mut self, kind: &str, day: &str, most: u32) -> (Document, Value) {
        let (customer, company) = (self.one(&CUSTOMERS), self.one(&COMPANIES));
        let currency = self.one(&CURRENCIES);
        let amount = self.amount(currency, most);
        let body = json!({
            "number": format!("{kind}-{}", self.count), "customer": customer, "legal_entity": company,
            day: self.today(), "amount": amount,
        });
        let document = Document {
            id: String::new(),
            customer,
            company,
            currency,
        };
        (document, body)
    }

    fn tell(&mut self, what: &'static str, reply: &Reply) -> bool {
        let done = (200..300).contains(&reply.status);
        let refused = (400..500).contains(&reply.status) && reply.status != 400;
        assert!(
            done || refused,
            "{what}, operation {}: {} {}",
            self.count,
            reply.status,
            reply.text
        );
        let (tried, succeeded) = self.tried.entry(what).or_default();
        *tried += 1;
        *succeeded += usize::from(done);
        done
    }

    fn post(&mut self, what: &'static str, path: &str, body: Value) -> Option<Reply> {
        let reply = self.app.finance().post(path, body);
        self.tell(what, &reply).then_some(reply)
    }

    /// Posts with the version that the thing has now.
    fn post_if(&mut self, what: &'static str, thing: &str, verb: &str) {
        let read = self.app.finance().get(thing).expect(200);
        let body = json!({"reason": "It was a mistake."});
        let reply = self
            .app
            .finance()
            .post_if(&format!("{thing}/{verb}"), &read.etag(), body);
        self.tell(what, &reply);
    }

    fn invoice(&mut self) {
        let (mut document, mut body) = self.document("I", "invoice_date", 3_000);
        if self.rng.bool() {
            body["due_date"] = json!(self.app.clock().today().succ_opt().unwrap().to_string());
        }
        if let Some(posted) = self.post("invoice", "/v1/invoices", body) {
            document.id = posted.id();
            self.invoices.push(document);
        }
    }

    fn receipt(&mut self) {
        let (mut document, mut body) = self.document("R", "receipt_date", 2_000);
        match self.rng.u8(..3) {
            0 => body["apply"] = json!("none"),
            1 => {
                if let Some(application) = self.application(&document) {
                    body["applications"] = json!([application]);
                }
            }
            _ => {}
        }
        if let Some(posted) = self.post("receipt", "/v1/receipts", body) {
            document.id = posted.id();
            self.receipts.push(document);
        }
    }

    /// Something that money may settle: mostly an invoice of the same company and currency, sometimes any.
    fn application(&mut self, money: &Document) -> Option<Value> {
        let is_any = self.rng.u8(..5) == 0;
        let fits = |invoice: &&Document| {
            is_any || (invoice.company == money.company && invoice.currency == money.currency)
        };
        let fitting: Vec<Document> = self.invoices.iter().filter(fits).cloned().collect();
        let invoice = self.any(&fitting)?;
        let amount = self.amount(invoice.currency, 600);
        let named = (invoice.customer != money.customer).then_some(invoice.customer);
        Some(json!({"invoice_id": invoice.id, "amount": amount, "customer": named}))
    }

    fn apply(&mut self) {
        let receipts = self.receipts.clone();
        let Some(receipt) = self.any(&receipts) else {
            return;
        };
        if let Some(application) = self.application(&receipt) {
            let path = format!("/v1/receipts/{}/apply", receipt.id);
            self.post("apply", &path, json!({"applications": [application]}));
        }
    }

    fn unapply(&mut self) {
        let receipts = self.receipts.clone();
        if let Some(receipt) = self.any(&receipts) {
            let path = format!("/v1/receipts/{}/unapply", receipt.id);
            self.post("unapply", &path, json!({"reason": "It pays another one."}));
        }
    }

    fn credit_note(&mut self) {
        let (mut document, mut body) = self.document("CN", "credit_date", 300);
        body["reason"] = json!("Damaged in transit.");
        if let Some(posted) = self.post("credit note", "/v1/credit-notes", body) {
            document.id = posted.id();
            self.credit_notes.push(document);
        }
    }

    fn apply_credit(&mut self) {
        let notes = self.credit_notes.clone();
        let Some(note) = self.any(&notes) else {
            return;
        };
        if let Some(mut application) = self.application(&note) {
            application.as_object_mut().unwrap().remove("customer");
            let path = format!("/v1/credit-notes/{}/apply", note.id);
            self.post(
                "apply credit",
                &path,
                json!({"applications": [application]}),
            );
        }
    }

    fn take_back(&mut self) {
        let (what, list, documents, verb) = match self.rng.u8(..3) {
            0 => ("cancel", "invoices", self.invoices.clone(), "cancel"),
            1 => ("reverse", "receipts", self.receipts.clone(), "reverse"),
            _ => (
                "reverse credit",
                "credit-notes",
                self.credit_notes.clone(),
                "reverse",
            ),
        };
        if let Some(document) = self.any(&documents) {
            self.post_if(what, &format!("/v1/{list}/{}", document.id), verb);
        }
    }

    fn set_off(&mut self) {
        let invoices = self.invoices.clone();
        if let Some(invoice) = self.any(&invoices) {
            let amount = self.amount(invoice.currency, 200);
            let body =
                json!({"kind": "compensation", "amount": amount, "reason": "Their invoice."});
            self.post(
                "set off",
                &format!("/v1/invoices/{}/set-off", invoice.id),
                body,
            );
        }
    }

    fn refund(&mut self) {
        let receipts = self.receipts.clone();
        let Some(receipt) = self.any(&receipts) else {
            return;
        };
        let amount = self.amount(receipt.currency, 300);
        let body = json!({"receipt_id": receipt.id, "amount": amount, "reason": "Paid twice."});
        let requested = self.app.credit().post("/v1/refunds", body);
        if self.tell("refund", &requested) {
            let path = format!("/v1/refunds/{}", requested.id());
            self.post_if("approve refund", &path, "approve");
        }
    }

    fn order(&mut self) {
        let (mut document, _) = self.document("SO", "day", 2);
        let amount = self.amount(document.currency, 4_000);
        let body = json!({
            "customer": document.customer, "order_number": format!("SO-{}", self.count),
            "legal_entity": document.company, "reserve": true, "amount": amount,
        });
        let reply = self.app.system().post("/v1/limit-checks", body);
        if self.tell("check", &reply) && reply["reservation"] != Value::Null {
            document.id = reply.text_at("/reservation/id");
            self.reservations.push(document);
        }
    }

    fn follow_order(&mut self) {
        let reservations = self.reservations.clone();
        let Some(reservation) = self.any(&reservations) else {
            return;
        };
        let path = format!("/v1/reservations/{}", reservation.id);
        if self.rng.bool() {
            let amount = self.amount(reservation.currency, 1_500);
            let body = json!({"invoice": {
                "number": format!("B-{}", self.count), "invoice_date": self.today(), "amount": amount,
            }});
            self.post("capture", &format!("{path}/capture"), body);
        } else {
            let body = json!({"reason": "Not wanted."});
            let reply = self.app.system().post(&format!("{path}/release"), body);
            self.tell("release", &reply);
        }
    }

    /// A customer moves to another group, by two persons.
    fn regroup(&mut self) {
        let (child, parent) = (self.one(&CUSTOMERS[1..]), self.one(&CUSTOMERS));
        let parent = (self.rng.u8(..4) > 0).then_some(parent);
        let body = json!({
            "kind": "customer_parent", "target": child, "after": {"parent_customer": parent}, "reason": "Sold.",
        });
        let proposed = self.app.sales().post("/v1/change-requests", body);
        if self.tell("regroup", &proposed) {
            let path = format!("/v1/change-requests/{}/approve", proposed.id());
            let body = json!({"reason": "Seen."});
            let reply = self.app.credit().post_if(&path, &proposed.etag(), body);
            self.tell("approve regrouping", &reply);
        }
    }

    fn next_day(&mut self) {
        let next = self.app.clock().today().succ_opt().unwrap().to_string();
        self.app.turn_to(&next);
        self.rates();
    }

    fn rates(&mut self) {
        let today = self.today();
        for (quote, base, unit) in [
            ("USD", 10_705, 10_000),
            ("CNY", 77_748, 10_000),
            ("JPY", 17_194, 100),
        ] {
            let moved = base * self.rng.i64(970..=1_030) / 1_000;
            let rest = (unit + moved % unit).to_string();
            let rate = format!("{}.{}", moved / unit, &rest[1..]);
            set_rate(self.app, "EUR", quote, &rate, &today);
        }
    }

    fn act(&mut self) {
        self.count += 1;
        match self.rng.u8(..100) {
            0..=19 => self.invoice(),
            20..=34 => self.receipt(),
            35..=44 => self.apply(),
            45..=49 => self.unapply(),
            50..=53 => self.credit_note(),
            54..=58 => self.apply_credit(),
            59..=64 => self.take_back(),
            65..=67 => self.set_off(),
            68..=70 => self.refund(),
            71..=84 => self.order(),
            85..=93 => self.follow_order(),
            94..=96 => self.regroup(),
            _ => self.next_day(),
        }
    }
}

fn a_book(app: &TestApp) {
    app.turn_to("2024-06-28");
    for (number, country, currency) in [("DE01", "DE", "EUR"), ("US01", "US", "USD")] {
        let input = json!({
            "number": number, "name": number, "country": country, "functional_currency": currency,
        });
        app.finance().post("/v1/legal-entities", input).expect(201);
    }
    for (number, parent, currency, limit) in [
        ("G", None, "EUR", "60000.00"),
        ("C-1", Some("G"), "CNY", "200000.00"),
        ("C-2", Some("G"), "USD", "30000.00"),
        ("C-3", Some("C-1"), "EUR", "20000.00"),
        ("C-4", None, "JPY", "3000000"),
    ] {
        let mut customer = a_customer(number).in_currency(currency).with_limit(limit);
        if let Some(parent) = parent {
            customer = customer.below(parent);
        }
        let account = format!("/v1/credit-accounts/{}", customer.create(app).account);
        let etag = app.credit().get(&account).expect(200).etag();
        let body = json!({"billing_currencies": ["any"], "reason": "Buys from all of us."});
        app.credit().patch(&account, &etag, body).expect(200);
    }
    set_limit(
        app,
        "G",
        netterms::book::exposure::model::LimitScope::Group,
        "90000.00",
        "EUR",
    );
}

fn adds_up(app: &TestApp, count: usize) {
    let found = app.audit();
    assert!(found.holds, "after {count} operations: {found:#?}");
}

/// Every recorded check, decided again.
fn replays(app: &TestApp) -> usize {
    let mut count = 0;
    let mut path = "/v1/limit-checks?limit=200".to_owned();
    loop {
        let page = app.auditor().get(&path).expect(200);
        for check in page["data"].as_array().unwrap() {
            let replay = format!("/v1/limit-checks/{}/replay", check["id"].as_str().unwrap());
            let replayed = app.auditor().post(&replay, json!({})).expect(200);
            assert_eq!(replayed["identical"], true, "{}", replayed.text);
            count += 1;
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/limit-checks?limit=200&cursor={cursor}"),
            None => return count,
        }
    }
}

fn live(app: &TestApp, seed: u64, operations: usize) {
    a_book(app);
    let mut trader = Trader::new(app, seed);
    trader.rates();
    for at in 1..=operations {
        trader.act();
        if at % BETWEEN_AUDITS == 0 {
            adds_up(app, at);
        }
    }
    assert!(replays(app) > operations / 20);
    for (what, (tried, done)) in &trader.tried {
        assert!(*done > 0, "{what} was tried {tried} times and never done");
    }
}

#[test]
fn a_book_in_four_currencies_of_three_companies_adds_up_whatever_is_tried() {
    on_both(|app| live(app, 20_240_628, 2_000));
}

#[test]
#[ignore = "takes hours: scripts/stress full"]
fn a_book_adds_up_after_a_hundred_thousand_operations() {
    let seed = std::env::var("STRESS_SEED").map_or(7, |seed| seed.parse().unwrap());
    on_both(|app| live(app, seed, 100_000));
}
