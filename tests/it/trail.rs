//! The audit trail: that every entry says what changed, as the rest of the contract tells it.

use std::collections::BTreeMap;

use netterms::drill::{Plan, live_through};
use serde_json::Value;

use crate::support::{Client, TestApp, on_both};

/// All entries of the trail, in the order of writing.
fn entries(app: &TestApp) -> Vec<Value> {
    let auditor = app.auditor();
    let mut entries = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = auditor
            .get(&format!("/v1/trail?limit=200{cursor}"))
            .expect(200);
        entries.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

/// Where things of a kind are read.
fn place(id: &str) -> Option<&'static str> {
    let (kind, _) = id.split_once('_')?;
    Some(match kind {
        "acc" => "/v1/credit-accounts",
        "adl" => "/v1/additional-limits",
        "app" => "/v1/applications",
        "blk" => "/v1/credit-blocks",
        "crn" => "/v1/credit-notes",
        "cus" => "/v1/customers",
        "dno" => "/v1/dunning-notices",
        "dpr" => "/v1/dunning-procedures",
        "drn" => "/v1/dunning-runs",
        "fst" => "/v1/financial-statements",
        "fxr" => "/v1/exchange-rates",
        "inv" => "/v1/invoices",
        "rat" => "/v1/ratings",
        "rcp" => "/v1/receipts",
        "res" => "/v1/reservations",
        _ => return None,
    })
}

/// The members of a thing that the trail and the contract both have must say the same. Documents that are kept as text
/// are left out, and what is computed for the day of reading.
fn differences(after: &Value, read: &Value) -> Vec<String> {
    let computed = [
        "status",
        "limit",
        "group_limit",
        "exposure",
        "changed_at",
        "skipped",
        "version",
    ];
    let members = after.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| !computed.contains(&name.as_str()))
        .filter_map(|(name, kept)| {
            let shown = read.get(name)?;
            let is_document = kept.is_string() && (shown.is_object() || shown.is_array());
            (kept != shown && !is_document).then(|| format!("{name}: {kept} is read as {shown}"))
        })
        .collect()
}

fn minor_members(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name.ends_with("_minor") {
                    found.push(name.clone());
                }
                minor_members(member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| minor_members(item, found)),
        _ => {}
    }
}

/// How many things of each kind of last action are read again.
const READ_AGAIN: usize = 4;

fn read_again(auditor: &Client, last: &BTreeMap<String, &Value>) {
    let mut read: BTreeMap<String, usize> = BTreeMap::new();
    for (id, entry) in last {
        let Some(place) = place(id) else { continue };
        let action = entry["action"].as_str().unwrap().to_owned();
        let count = read.entry(action.clone()).or_default();
        *count += 1;
        if *count > READ_AGAIN {
            continue;
        }
        let shown = auditor.get(&format!("{place}/{id}")).expect(200);
        let differences = differences(&entry["after"], &shown.body);
        assert!(differences.is_empty(), "{action} of {id}: {differences:?}");
    }
}

#[test]
fn every_entry_says_what_changed_and_what_is_read_then() {
    on_both(|app| {
        let plan = Plan {
            seed: 7,
            customers: 20,
        };
        live_through(app.database(), plan, &mut |_, _| {}).unwrap();
        let entries = entries(app);
        let mut actions: BTreeMap<String, usize> = BTreeMap::new();
        let mut last: BTreeMap<String, &Value> = BTreeMap::new();
        for entry in &entries {
            let action = entry["action"].as_str().unwrap();
            *actions.entry(action.to_owned()).or_default() += 1;
            // A day that begins changes no thing.
            if action != "business_day.begun" {
                assert_ne!(
                    entry["before"], entry["after"],
                    "{action} says nothing: {entry}"
                );
            }
            let mut minor = Vec::new();
            minor_members(&entry["before"], &mut minor);
            minor_members(&entry["after"], &mut minor);
            assert!(minor.is_empty(), "{action} tells minor units: {minor:?}");
            // A block on an account is a thing of its own.
            if !action.ends_with("blocked") {
                last.insert(entry["entity_id"].as_str().unwrap().to_owned(), entry);
            }
        }
        assert!(actions.contains_key("dunning_notice.issued"), "{actions:?}");
        assert!(actions.len() > 30, "{actions:?}");
        read_again(&app.auditor(), &last);
    });
}
