//! What every test stands on: a running server on each database, callers of every role, and builders.

mod app;
mod bank;
mod builders;
mod client;
mod mailbox;
mod patience;
mod provider;
mod public_data;
mod receiver;
mod uploads;

pub use app::{TestApp, on_both, on_both_as_shipped, on_both_over, on_both_with};
pub use bank::{APayment, OWN, a_bank_account, a_payment, a_statement_of, send, statement};
pub use builders::{
    Made, a_customer, a_graded_customer, a_model, a_receipt, a_statement, an_invoice, draft_policy,
    draft_rules, put_live, rate_by_share, set_limit, set_policy, set_rate, set_rules,
};
pub use client::{Client, Reply, forge, fresh_key, segment, sign, token};
pub use mailbox::Mailbox;
pub use patience::eventually;
pub use provider::{Provider, SigningKey};
pub use public_data::public_data;
pub use receiver::{Received, Receiver};
pub use uploads::{AnImport, import, upload};

use netterms::platform::http::auth::SharedSecret;

/// The secret that tests sign their tokens with.
pub fn secret() -> SharedSecret {
    SharedSecret {
        issuer: "netterms".to_owned(),
        audience: "netterms".to_owned(),
        secret: b"a test secret of more than thirty-two bytes".to_vec(),
    }
}
