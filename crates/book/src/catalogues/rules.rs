//! Whether the items of a catalogue make sense, and the catalogues that a new book begins with.

use std::collections::BTreeSet;

use super::model::{Catalogue, Item};
use kernel::text::SnakeCode;
use methods::faults::Fault;

/// The shipped catalogues: their codes, and what they say as JSON.
pub const SHIPPED: &[(&str, &str)] = &[
    (
        "decline_reasons",
        include_str!("shipped/decline_reasons.json"),
    ),
    (
        "dispute_handlings",
        include_str!("shipped/dispute_handlings.json"),
    ),
    (
        "dispute_reasons",
        include_str!("shipped/dispute_reasons.json"),
    ),
    ("excuses", include_str!("shipped/excuses.json")),
    (
        "instrument_kinds",
        include_str!("shipped/instrument_kinds.json"),
    ),
    (
        "late_payment_regimes",
        include_str!("shipped/late_payment_regimes.json"),
    ),
    (
        "payment_methods",
        include_str!("shipped/payment_methods.json"),
    ),
    (
        "reference_rates",
        include_str!("shipped/reference_rates.json"),
    ),
];

/// What is wrong with the items of a draft, beside a live version that it is to follow.
pub fn faults(items: &[Item], live: &Catalogue) -> Vec<Fault> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        if !seen.insert(&item.code) {
            let message = format!("{} is another item's code already", item.code);
            found.push(Fault::new(
                format!("/items/{index}/code"),
                "repeated",
                message,
            ));
        }
    }
    found.extend(vanished(items, live).into_iter().map(|code| {
        let message = format!("{code} was live and can't vanish: keep it, and retire it");
        Fault::new("/items", "vanished", message)
    }));
    found
}

/// The items of the live version that are not among these. What was live earlier is in the live version too, because no
/// version leaves one out.
pub fn vanished<'live>(items: &[Item], live: &'live Catalogue) -> Vec<&'live SnakeCode> {
    let kept: BTreeSet<&SnakeCode> = items.iter().map(|item| &item.code).collect();
    let was_live = live.items.iter().map(|item| &item.code);
    was_live.filter(|code| !kept.contains(code)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn catalogue(codes: &[&str]) -> Catalogue {
        let items: Vec<_> = codes
            .iter()
            .map(|code| json!({"code": code, "texts": {"en": code}}))
            .collect();
        serde_json::from_value(json!({"texts": {"en": "Things"}, "items": items})).unwrap()
    }

    #[test]
    fn shipped_catalogues_make_sense_and_speak_both_languages() {
        for (code, text) in SHIPPED {
            let shipped: Catalogue = serde_json::from_str(text).unwrap();
            assert!(code.parse::<SnakeCode>().is_ok(), "{code}");
            assert_eq!(faults(&shipped.items, &shipped), [], "{code}");
            let texts = shipped.items.iter().map(|item| &item.texts);
            for texts in texts.chain([&shipped.texts]) {
                let chinese = texts.in_language("zh-CN").unwrap();
                assert_ne!(Some(chinese), texts.in_language("en"), "{code}");
                assert_eq!(texts.in_language("fr"), texts.in_language("en"));
            }
        }
    }

    #[test]
    fn an_item_that_was_live_is_missed_and_a_code_is_given_once() {
        let live = catalogue(&["a", "b"]);
        let told = |next: &Catalogue| -> Vec<(String, String)> {
            let faults = faults(&next.items, &live);
            faults
                .into_iter()
                .map(|fault| (fault.pointer, fault.code.to_owned()))
                .collect()
        };
        assert_eq!(told(&catalogue(&["b", "c", "a"])), []);
        assert_eq!(
            told(&catalogue(&["b", "c", "b"])),
            [
                ("/items/2/code".to_owned(), "repeated".to_owned()),
                ("/items".to_owned(), "vanished".to_owned())
            ]
        );
        assert_eq!(vanished(&catalogue(&["c"]).items, &live).len(), 2);
    }

    #[test]
    fn a_text_without_english_is_refused() {
        let text = json!({"code": "a", "texts": {"zh-CN": "甲"}});
        assert!(serde_json::from_value::<Item>(text).is_err());
        let text = json!({"code": "a", "texts": {"en": "A", "Chinese": "甲"}});
        assert!(serde_json::from_value::<Item>(text).is_err());
    }
}
