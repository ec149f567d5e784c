//! The bytes of an entry, and how the chain goes on.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::model::{Checkpoint, Entry, TrailCheckpointOut};
use kernel::clock::Instant;

/// What stands before the first entry.
pub const BEGINNING: [u8; 32] = [0; 32];

/// An entry's bytes: JSON as RFC 8785 has it, with the documents before and after as the texts that were written.
///
/// All values are texts, but for `seq`, a whole number, and what is null: their canonical form is the sorted one without
/// blanks.
pub fn canonical(entry: &Entry) -> String {
    let members: BTreeMap<&str, Value> = BTreeMap::from([
        ("action", json!(entry.action)),
        ("after", json!(entry.after)),
        ("at", json!(entry.at)),
        ("before", json!(entry.before)),
        ("client_id", json!(entry.client_id)),
        ("entity_id", json!(entry.entity_id)),
        ("id", json!(entry.id)),
        ("issuer", json!(entry.issuer)),
        ("reason", json!(entry.reason)),
        ("request_id", json!(entry.request_id)),
        ("roles", json!(entry.roles)),
        ("seq", json!(entry.seq)),
        ("subject", json!(entry.subject)),
    ]);
    json!(members).to_string()
}

/// The hash of an entry: SHA-256 over the hash before it and its own bytes.
pub fn link(previous: &[u8], canonical: &str) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(previous);
    context.update(canonical.as_bytes());
    context.finish().as_ref().to_vec()
}

/// What a checkpoint's signature is over.
///
/// ```text
/// netterms trail checkpoint
/// 1843
/// 5f2b…
/// 2026-03-31T23:59:59.000000Z
/// ```
pub fn statement(position: i64, hash: &[u8], signed_at: Instant) -> String {
    format!(
        "netterms trail checkpoint\n{position}\n{}\n{signed_at}\n",
        hex(hash)
    )
}

/// The statement of a checkpoint that is there.
pub fn statement_of(checkpoint: &Checkpoint) -> String {
    statement(checkpoint.position, &checkpoint.hash, checkpoint.signed_at)
}

/// A checkpoint as the contract and the trail have it.
pub fn told(row: &Checkpoint) -> TrailCheckpointOut {
    TrailCheckpointOut {
        id: row.id,
        position: row.position,
        hash: hex(&row.hash),
        signed_at: row.signed_at,
        signed_by: row.signed_by.clone(),
        statement: statement_of(row),
        public_key: STANDARD.encode(&row.public_key),
        signature: STANDARD.encode(&row.signature),
    }
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry() -> Entry {
        serde_json::from_value::<Instant>(json!("2026-03-31T08:00:00.000000Z"))
            .map(|at| Entry {
                seq: 7,
                id: "trl_01k00000000000000000000001".parse().unwrap(),
                at,
                subject: "u-17".to_owned(),
                issuer: "netterms".to_owned(),
                client_id: "erp".to_owned(),
                roles: "credit finance".to_owned(),
                action: "customer.created".to_owned(),
                entity_id: "cus_01k00000000000000000000001".to_owned(),
                before: None,
                after: Some("{\"name\":\"\u{6c5f}\u{5357}\"}".to_owned()),
                reason: Some("a\n\u{7f}\u{1}".to_owned()),
                request_id: "01k5q0x3".to_owned(),
            })
            .unwrap()
    }

    #[test]
    fn an_entry_has_one_form() {
        assert_eq!(
            canonical(&entry()),
            concat!(
                r#"{"action":"customer.created","after":"{\"name\":\"江南\"}","at":"2026-03-31T08:00:00.000000Z","#,
                r#""before":null,"client_id":"erp","entity_id":"cus_01k00000000000000000000001","#,
                r#""id":"trl_01k00000000000000000000001","issuer":"netterms","reason":"a\n"#,
                "\u{7f}",
                r#"\u0001","request_id":"01k5q0x3","roles":"credit finance","seq":7,"subject":"u-17"}"#,
            )
        );
    }

    /// As `printf '' | sha256sum` and its like have it.
    #[test]
    fn a_link_is_the_digest_of_both() {
        let known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(&link(&[], "")), known);
        assert_eq!(link(b"ab", "c"), link(b"", "abc"));
    }

    proptest! {
        #[test]
        fn whatever_differs_has_another_hash(reason in any::<String>(), other in any::<String>()) {
            let with = |reason: &str| Entry { reason: Some(reason.to_owned()), ..entry() };
            let hash = |entry: &Entry| link(&BEGINNING, &canonical(entry));
            prop_assert_eq!(hash(&with(&reason)) == hash(&with(&other)), reason == other);
            let read: Value = serde_json::from_str(&canonical(&with(&reason))).unwrap();
            prop_assert_eq!(read["reason"].as_str(), Some(reason.as_str()));
        }
    }
}
