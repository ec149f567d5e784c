//! Builders of what a test needs to be there.

use kernel::caller::Role;
use kernel::money::Money;
use netterms::book::customers::model::CustomerRef;
use netterms::book::exposure::actions::{self, Grant};
use netterms::book::exposure::model::{Limit, LimitScope, LimitSource};
use netterms::platform::http::Problem;
use netterms::platform::http::auth::internal_caller;
use serde_json::{Value, json};

use super::{Reply, TestApp};

/// A customer of the salesperson `u-sales` in China, with a credit account in CNY.
pub fn a_customer(number: &str) -> ACustomer {
    ACustomer {
        number: number.to_owned(),
        name: format!("Customer {number}"),
        owner: "u-sales".to_owned(),
        language: "en".to_owned(),
        parent: None,
        currency: Some("CNY".to_owned()),
        limit: None,
        group_limit: None,
    }
}

/// A customer that is being described.
#[derive(Clone)]
pub struct ACustomer {
    number: String,
    name: String,
    owner: String,
    language: String,
    parent: Option<String>,
    currency: Option<String>,
    limit: Option<String>,
    group_limit: Option<String>,
}

/// A customer that was made.
pub struct Made {
    pub id: String,
    /// Empty when the customer has no credit account.
    pub account: String,
}

impl ACustomer {
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    #[must_use]
    pub fn owned_by(mut self, owner: &str) -> Self {
        owner.clone_into(&mut self.owner);
        self
    }

    #[must_use]
    pub fn speaking(mut self, language: &str) -> Self {
        language.clone_into(&mut self.language);
        self
    }

    #[must_use]
    pub fn below(mut self, parent: &str) -> Self {
        self.parent = Some(parent.to_owned());
        self
    }

    #[must_use]
    pub fn in_currency(mut self, currency: &str) -> Self {
        self.currency = Some(currency.to_owned());
        self
    }

    #[must_use]
    pub fn without_account(mut self) -> Self {
        self.currency = None;
        self
    }

    /// A limit of its own, such as `"1000.00"`, in its currency; `"unlimited"` for none.
    #[must_use]
    pub fn with_limit(mut self, amount: &str) -> Self {
        self.limit = Some(amount.to_owned());
        self
    }

    /// A limit for the group under it.
    #[must_use]
    pub fn with_group_limit(mut self, amount: &str) -> Self {
        self.group_limit = Some(amount.to_owned());
        self
    }

    pub fn create(&self, app: &TestApp) -> Made {
        let finance = app.finance();
        let mut body = json!({
            "number": self.number, "name": self.name, "country": "CN", "owner": self.owner,
            "language": self.language, "email": "ap@customer.example", "street": "88 Renmin Road",
            "city": "Suzhou", "postal_code": "215000",
        });
        if let Some(parent) = &self.parent {
            body["parent_customer"] = Value::from(parent.as_str());
        }
        let id = finance.post("/v1/customers", body).expect(201).id();
        let Some(currency) = &self.currency else {
            return Made {
                id,
                account: String::new(),
            };
        };
        let account = finance
            .post(
                "/v1/credit-accounts",
                json!({"customer": self.number, "currency": currency}),
            )
            .expect(201)
            .id();
        for (scope, amount) in [
            (LimitScope::Own, &self.limit),
            (LimitScope::Group, &self.group_limit),
        ] {
            if let Some(amount) = amount {
                set_limit(app, &self.number, scope, amount, currency);
            }
        }
        Made { id, account }
    }
}

/// Grants a limit past the approval of an application, as an import of opening limits does.
pub fn set_limit(app: &TestApp, customer: &str, scope: LimitScope, amount: &str, currency: &str) {
    let limit = match amount {
        "unlimited" => Limit::Unlimited,
        amount => Limit::Amount(
            Money::parse(amount, currency.parse().unwrap())
                .unwrap()
                .minor(),
        ),
    };
    let reference: CustomerRef = customer.parse().unwrap();
    let caller = internal_caller("test-builder", &[Role::Finance]).unwrap();
    app.database()
        .write(&caller, |tx| {
            let standing = actions::find_customer_account(tx, &reference)?;
            let locked = actions::lock(tx, standing.customer.id)?;
            let grant = Grant {
                scope,
                limit,
                net_days: None,
                valid_until: None,
                source: LimitSource::Import,
                application_id: None,
                reason: "set by a test".to_owned(),
            };
            actions::grant(tx, &locked, &grant)?;
            Ok::<(), Problem>(())
        })
        .unwrap();
}

/// Sets an exchange rate as the ECB publishes it, and gives its id: from `on`, one `base` is `rate` of `quote`.
pub fn set_rate(app: &TestApp, base: &str, quote: &str, rate: &str, on: &str) -> String {
    let body = json!({
        "base_currency": base, "quote_currency": quote, "rate": rate, "rate_date": on, "source": "ECB",
    });
    app.finance()
        .post("/v1/exchange-rates", body)
        .expect(201)
        .id()
}

/// An invoice of a customer in CNY, dated today and due by the account's terms.
pub fn an_invoice(number: &str, customer: &str, amount: &str) -> AnInvoice {
    AnInvoice {
        number: number.to_owned(),
        customer: customer.to_owned(),
        amount: amount.to_owned(),
        currency: "CNY".to_owned(),
        dated: None,
        due: None,
    }
}

/// An invoice that is being described.
#[derive(Clone)]
pub struct AnInvoice {
    number: String,
    customer: String,
    amount: String,
    currency: String,
    dated: Option<String>,
    due: Option<String>,
}

impl AnInvoice {
    #[must_use]
    pub fn in_currency(mut self, currency: &str) -> Self {
        currency.clone_into(&mut self.currency);
        self
    }

    /// Today when not given.
    #[must_use]
    pub fn dated(mut self, day: &str) -> Self {
        self.dated = Some(day.to_owned());
        self
    }

    /// By the account's net days when not given.
    #[must_use]
    pub fn due(mut self, day: &str) -> Self {
        self.due = Some(day.to_owned());
        self
    }

    /// The body of its request.
    pub fn body(&self, app: &TestApp) -> Value {
        let today = app.clock().today().to_string();
        let mut body = json!({
            "number": self.number, "customer": self.customer,
            "invoice_date": self.dated.as_ref().unwrap_or(&today),
            "amount": {"amount": self.amount, "currency": self.currency},
        });
        if let Some(due) = &self.due {
            body["due_date"] = Value::from(due.as_str());
        }
        body
    }

    pub fn post(&self, app: &TestApp) -> Reply {
        app.finance().post("/v1/invoices", self.body(app))
    }

    /// Posts it, and gives its id.
    pub fn create(&self, app: &TestApp) -> String {
        self.post(app).expect(201).id()
    }
}

/// A receipt of a customer in CNY, of today, applied to the oldest invoices.
pub fn a_receipt(number: &str, customer: &str, amount: &str) -> AReceipt {
    AReceipt {
        number: number.to_owned(),
        customer: customer.to_owned(),
        amount: amount.to_owned(),
        currency: "CNY".to_owned(),
        dated: None,
        apply: None,
        applications: Vec::new(),
    }
}

/// A receipt that is being described.
#[derive(Clone)]
pub struct AReceipt {
    number: String,
    customer: String,
    amount: String,
    currency: String,
    dated: Option<String>,
    apply: Option<String>,
    applications: Vec<Value>,
}

impl AReceipt {
    #[must_use]
    pub fn in_currency(mut self, currency: &str) -> Self {
        currency.clone_into(&mut self.currency);
        self
    }

    /// Today when not given.
    #[must_use]
    pub fn dated(mut self, day: &str) -> Self {
        self.dated = Some(day.to_owned());
        self
    }

    /// Pays a part of the invoice with this number.
    #[must_use]
    pub fn paying(mut self, invoice: &str, amount: &str) -> Self {
        self.applications.push(json!({
            "invoice_number": invoice, "amount": {"amount": amount, "currency": self.currency},
        }));
        self
    }

    #[must_use]
    pub fn unapplied(mut self) -> Self {
        self.apply = Some("none".to_owned());
        self
    }

    pub fn post(&self, app: &TestApp) -> Reply {
        let today = app.clock().today().to_string();
        let mut body = json!({
            "number": self.number, "customer": self.customer,
            "receipt_date": self.dated.as_ref().unwrap_or(&today),
            "amount": {"amount": self.amount, "currency": self.currency},
        });
        if !self.applications.is_empty() {
            body["applications"] = Value::from(self.applications.clone());
        }
        if let Some(apply) = &self.apply {
            body["apply"] = Value::from(apply.as_str());
        }
        app.finance().post("/v1/receipts", body)
    }

    /// Posts it, and gives its id.
    pub fn create(&self, app: &TestApp) -> String {
        self.post(app).expect(201).id()
    }
}

/// Sets a policy live that has these check rules and is otherwise as the one before, and gives its version.
pub fn set_rules(app: &TestApp, rules: Value) -> i64 {
    go_live(app, &draft_rules(app, rules))
}

/// Drafts a policy that has these check rules and is otherwise as the live one.
pub fn draft_rules(app: &TestApp, rules: Value) -> Reply {
    draft_policy(app, |document| document["check_rules"] = rules)
}

/// Sets a policy live that is the one before with a change, and gives its version.
pub fn set_policy(app: &TestApp, change: impl FnOnce(&mut Value)) -> i64 {
    go_live(app, &draft_policy(app, change))
}

/// Drafts a policy that is the live one with a change.
pub fn draft_policy(app: &TestApp, change: impl FnOnce(&mut Value)) -> Reply {
    let credit = app.credit();
    let mut document = credit.get("/v1/policies/live").expect(200)["document"].clone();
    change(&mut document);
    let body = json!({"document": document, "reason": "A test needs it."});
    credit.post("/v1/policies", body).expect(201)
}

fn go_live(app: &TestApp, draft: &Reply) -> i64 {
    let live = app
        .finance()
        .post_if(
            &format!("/v1/policies/{}/approve", draft.id()),
            &draft.etag(),
            json!({"reason": "Agreed in the credit committee."}),
        )
        .expect(200);
    live["policy_version"].as_i64().unwrap()
}

/// Lets netterms rate by market share alone.
pub fn rate_by_share(app: &TestApp) {
    put_live(app, &a_model(app, "SHARE", json!({})));
}

/// A customer of more than a year, which bought once then and paid, rated today by [`rate_by_share`]: no better than A,
/// because there is no statement.
pub fn a_graded_customer(app: &TestApp, number: &str, grade: &str) -> Made {
    let today = app.clock().today().to_string();
    app.turn_to("2025-01-15");
    let made = a_customer(number).create(app);
    // A customer is one from its first invoice on.
    let first = format!("{number}-0");
    an_invoice(&first, number, "1.00").create(app);
    a_receipt(&first, number, "1.00")
        .paying(&first, "1.00")
        .create(app);
    app.turn_to(&today);
    let share = match grade {
        "A" => 0.65,
        "BBB" => 0.55,
        "BB" => 0.45,
        "B" => 0.30,
        _ => 0.10,
    };
    let fact = json!({
        "indicator": "MARKET_SHARE", "value": share, "source": "Trade association", "as_of": today,
    });
    let credit = app.credit();
    credit
        .post(&format!("/v1/customers/{number}/facts"), fact)
        .expect(201);
    let rating = credit
        .post("/v1/ratings", json!({"customer": number}))
        .expect(201);
    assert_eq!(rating["grade"], grade, "{}", rating.text);
    made
}

/// A draft by `u-credit` of a model that gives every customer its market share as score, or another document.
pub fn a_model(app: &TestApp, code: &str, document: Value) -> Reply {
    let by_share = json!({"criteria": [
        {"code": "MARKET_SHARE", "weight": 1, "worst": 0, "best": 1, "missing": "refuse"}
    ]});
    let document = if document == json!({}) {
        by_share
    } else {
        document
    };
    let body = json!({
        "code": code, "name": "For a test", "kind": "anchored_topsis", "document": document,
        "reason": "A test needs it.",
    });
    app.credit().post("/v1/rating-models", body).expect(201)
}

/// Takes a draft by `u-credit` all the way: in shadow, approved and set live by `u-finance`.
pub fn put_live(app: &TestApp, draft: &Reply) -> Reply {
    let mut model = draft.clone();
    for (client, verb) in [
        (app.credit(), "shadow"),
        (app.finance(), "approve"),
        (app.finance(), "go-live"),
    ] {
        let path = format!("/v1/rating-models/{}/{verb}", model.id());
        let reason = json!({"reason": "A test needs it."});
        model = client.post_if(&path, &model.etag(), reason).expect(200);
    }
    model
}

/// A customer's audited statement in CNY for the year 2025, received in March, of a company with assets of 10,000.
pub fn a_statement(customer: &str) -> AStatement {
    let lines = json!({
        "current_assets": "5000.00", "total_assets": "10000.00", "current_liabilities": "3200.00",
        "total_liabilities": "6000.00", "retained_earnings": "1500.00", "total_equity": "4000.00",
        "sales": "12000.00", "ebit": "900.00",
    });
    let mut statement = AStatement {
        customer: customer.to_owned(),
        body: json!({
            "period_end": "2025-12-31", "months": 12, "kind": "annual", "currency": "CNY", "audit": "audited",
            "source": "Customer", "received_on": "2026-03-20", "lines": {},
        }),
    };
    for (line, amount) in lines.as_object().unwrap() {
        statement = statement.with(line, amount.as_str().unwrap());
    }
    statement
}

/// A statement that is being described.
#[derive(Clone)]
pub struct AStatement {
    customer: String,
    body: Value,
}

impl AStatement {
    /// One line's amount in CNY.
    #[must_use]
    pub fn with(mut self, line: &str, amount: &str) -> Self {
        self.body["lines"][line] = json!({"amount": amount, "currency": "CNY"});
        self
    }

    /// For the period that ended on a day, received on another.
    #[must_use]
    pub fn of(mut self, period_end: &str, received_on: &str) -> Self {
        self.body["period_end"] = Value::from(period_end);
        self.body["received_on"] = Value::from(received_on);
        self
    }

    /// Instead of this version of the same period.
    #[must_use]
    pub fn correcting(mut self, id: &str) -> Self {
        self.body["corrects_id"] = Value::from(id);
        self.body["correction_reason"] = Value::from("The auditor found more.");
        self
    }

    /// Another member of its body.
    #[must_use]
    pub fn saying(mut self, member: &str, value: Value) -> Self {
        self.body[member] = value;
        self
    }

    pub fn path(&self) -> String {
        format!("/v1/customers/{}/financial-statements", self.customer)
    }

    pub fn body(&self) -> Value {
        self.body.clone()
    }

    /// Entered by credit.
    pub fn enter(&self, app: &TestApp) -> Reply {
        app.credit().post(&self.path(), self.body())
    }

    /// Enters it, and gives its id.
    pub fn create(&self, app: &TestApp) -> String {
        self.enter(app).expect(201).text_at("/statement/id")
    }
}
