//! How the trail's documents are told: as the rest of the contract tells the same things.

use serde_json::{Map, Value};

use kernel::money::{Currency, Money};

/// What ends the name of a member that is an amount in minor units.
const MINOR: &str = "_minor";

/// A document of the trail with its money as the contract has it: `"limit_minor": 60000` of a thing in CNY is told as
/// `"limit": {"amount": "600.00", "currency": "CNY"}`. What stands inside a thing is in its currency, unless it names one
/// of its own.
///
/// The entry itself stays as it was written, byte by byte: its hash is over minor units.
pub fn with_money(document: Value) -> Value {
    told(document, None)
}

fn told(document: Value, around: Option<Currency>) -> Value {
    match document {
        Value::Object(members) => {
            let named = members.get("currency").and_then(Value::as_str);
            let currency = named.and_then(|code| code.parse().ok()).or(around);
            let told = members
                .into_iter()
                .map(|(name, value)| member(name, value, currency));
            Value::Object(told.collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| told(item, around)).collect())
        }
        other => other,
    }
}

fn member(name: String, value: Value, currency: Option<Currency>) -> (String, Value) {
    let Some((short, currency)) = name.strip_suffix(MINOR).zip(currency) else {
        return (name, told(value, currency));
    };
    match &value {
        Value::Null => (short.to_owned(), Value::Null),
        Value::Number(number) => match number.as_i64() {
            Some(minor) => {
                let money = Money::from_minor(minor, currency);
                let told = serde_json::json!({"amount": money.amount_text(), "currency": currency});
                (short.to_owned(), told)
            }
            None => (name, value),
        },
        _ => (name, told(value, Some(currency))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_told_in_the_currency_of_the_thing_they_belong_to() {
        let written = json!({
            "currency": "CNY", "limit_minor": 60_000, "group_limit_minor": null, "net_days": 30,
            "items": [{"open_minor": -5}, {"open_minor": 7, "currency": "JPY"}],
        });
        let told = json!({
            "currency": "CNY", "limit": {"amount": "600.00", "currency": "CNY"}, "group_limit": null, "net_days": 30,
            "items": [
                {"open": {"amount": "-0.05", "currency": "CNY"}},
                {"open": {"amount": "7", "currency": "JPY"}, "currency": "JPY"},
            ],
        });
        assert_eq!(with_money(written), told);
    }

    #[test]
    fn what_has_no_currency_stays_as_it_was_written() {
        for written in [json!({"limit_minor": 5}), json!("active"), json!(null)] {
            assert_eq!(with_money(written.clone()), written);
        }
    }
}
