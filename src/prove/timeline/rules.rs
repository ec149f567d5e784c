//! Whom an entry of the trail concerns, and where what it is about can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

use crate::connect::events::rules::{Sight, sight};
use crate::platform::events::EventTypes;
use kernel::caller::Caller;
use kernel::ids::{CreditAccountId, CustomerId};
use kernel::places::Language;
use kernel::text::Keyword;

/// Whom an entry concerns, as far as it says so itself: customers, and accounts of customers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Concerned {
    pub customers: BTreeSet<CustomerId>,
    pub accounts: BTreeSet<CreditAccountId>,
}

/// Of so many things inside a document it is asked whom they concern.
const NESTED_MAX: usize = 500;

impl Concerned {
    /// Whom an entry concerns that is about a thing and tells a document.
    pub fn by(entity_id: &str, document: Option<&str>) -> Concerned {
        let mut concerned = Concerned::default();
        concerned.customers.extend(entity_id.parse::<CustomerId>());
        concerned
            .accounts
            .extend(entity_id.parse::<CreditAccountId>());
        let written = document.and_then(|text| serde_json::from_str(text).ok());
        if let Some(written) = written {
            concerned.read(&written);
        }
        concerned
    }

    pub fn is_nobody(&self) -> bool {
        self.customers.is_empty() && self.accounts.is_empty()
    }

    /// The thing itself, and the things that stand inside it.
    fn read(&mut self, document: &Value) {
        self.note(document);
        let members = document
            .as_object()
            .into_iter()
            .flat_map(|object| object.values());
        for member in members {
            match member {
                Value::Object(_) => self.note(member),
                Value::Array(items) => items.iter().take(NESTED_MAX).for_each(|one| self.note(one)),
                _ => {}
            }
        }
    }

    fn note(&mut self, thing: &Value) {
        let named = |name: &str| thing.get(name).and_then(Value::as_str);
        self.customers
            .extend(named("customer_id").and_then(|id| id.parse::<CustomerId>().ok()));
        self.accounts
            .extend(named("account_id").and_then(|id| id.parse::<CreditAccountId>().ok()));
    }
}

/// The types of events that somebody sees of a customer that it may see, and that are asked for.
pub fn seen(types: EventTypes, caller: &Caller, asked: &[Keyword]) -> Vec<&'static str> {
    let is_asked =
        |action: &str| asked.is_empty() || asked.iter().any(|one| one.as_str() == action);
    types
        .all()
        .filter(|of| sight(caller, of) != Sight::Nothing && is_asked(of.action))
        .map(|of| of.action)
        .collect()
}

/// The Chinese sentences of the types.
static CHINESE: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    include_str!("zh-CN.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect()
});

/// What happened, in a sentence. A type that is no more is told by its name.
pub fn sentence(types: EventTypes, action: &str, language: Language) -> &str {
    let english = types.find(action).map(|of| of.summary);
    let chinese = CHINESE.get(action).copied();
    let told = match language {
        Language::English => english,
        Language::Chinese => chinese.or(english),
    };
    told.unwrap_or(action)
}

/// Whether a type has its sentence in Chinese.
pub fn is_told_in_chinese(action: &str) -> bool {
    CHINESE.contains_key(action)
}

/// Where a thing is read, by the beginning of its id.
pub const PLACES: &[(&str, &str)] = &[
    ("acc_", "/v1/credit-accounts/"),
    ("adl_", "/v1/additional-limits/"),
    ("app_", "/v1/applications/"),
    ("ben_", "/v1/bank-entries/"),
    ("blk_", "/v1/credit-blocks/"),
    ("chg_", "/v1/charges/"),
    ("chk_", "/v1/limit-checks/"),
    ("chr_", "/v1/change-requests/"),
    ("crn_", "/v1/credit-notes/"),
    ("cus_", "/v1/customers/"),
    ("ddl_", "/v1/deadlines/"),
    ("dca_", "/v1/dunning-cases/"),
    ("dno_", "/v1/dunning-notices/"),
    ("drn_", "/v1/dunning-runs/"),
    ("fas_", "/v1/factoring-assignments/"),
    ("fst_", "/v1/financial-statements/"),
    ("ins_", "/v1/instruments/"),
    ("inv_", "/v1/invoices/"),
    ("itm_", "/v1/items/"),
    ("pac_", "/v1/payer-accounts/"),
    ("pnl_", "/v1/expert-panels/"),
    ("pst_", "/v1/postings/"),
    ("rad_", "/v1/remittance-advices/"),
    ("rat_", "/v1/ratings/"),
    ("rcp_", "/v1/receipts/"),
    ("res_", "/v1/reservations/"),
    ("rfd_", "/v1/refunds/"),
];

/// Where a thing is read; none where it has no place of its own.
pub fn link(entity_id: &str) -> Option<String> {
    let (_, place) = PLACES
        .iter()
        .find(|(prefix, _)| entity_id.starts_with(prefix))?;
    Some(format!("{place}{entity_id}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_names_whom_it_concerns_itself_or_in_what_stands_inside_it() {
        let (one, other) = (CustomerId::new(), CustomerId::new());
        let account = CreditAccountId::new();
        let document = json!({
            "customer_id": one, "entry": {"account_id": account},
            "lines": [{"customer_id": other}, {"customer_id": null}, 7],
        });
        let found = Concerned::by("lim_x", Some(&document.to_string()));
        assert_eq!(found.customers, BTreeSet::from([one, other]));
        assert_eq!(found.accounts, BTreeSet::from([account]));
        let of_itself = Concerned::by(&one.to_string(), None);
        assert_eq!(of_itself.customers, BTreeSet::from([one]));
        assert!(Concerned::by("policy", Some("{}")).is_nobody());
        assert!(Concerned::by("policy", Some("no document")).is_nobody());
    }

    #[test]
    fn a_thing_with_a_place_has_a_link() {
        assert_eq!(link("inv_1").as_deref(), Some("/v1/invoices/inv_1"));
        assert_eq!(link("2026-03-31"), None);
    }
}
