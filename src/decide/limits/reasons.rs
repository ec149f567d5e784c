//! Why a check came out as it did: a code, its facts, and the words for a person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::book::policy::model::RuleEffect;
use crate::kernel::money::Money;
use crate::kernel::places::Language;
use crate::platform::db::columns::text_enum;

text_enum! {
    /// The code of a reason: that of the rule which hit, or of what kept the rules from being asked.
    pub enum ReasonCode {
        LimitUtilisation = "limit_utilisation",
        GroupLimit = "group_limit",
        AccountStatus = "account_status",
        OverdueDaysOldest = "overdue_days_oldest",
        OverdueAmount = "overdue_amount",
        LimitExpired = "limit_expired",
        TermExceedsPolicy = "term_exceeds_policy",
        CurrencyMismatch = "currency_mismatch",
    }
}

/// One reason, as it is kept in the decision record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: ReasonCode,
    pub effect: RuleEffect,
    /// Money as the contract writes it, everything else as text.
    pub facts: BTreeMap<String, Value>,
}

impl Reason {
    pub const fn new(code: ReasonCode, effect: RuleEffect) -> Reason {
        Reason {
            code,
            effect,
            facts: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Reason {
        self.facts
            .insert(name.to_owned(), Value::String(value.to_string()));
        self
    }

    #[must_use]
    pub fn with_money(mut self, name: &str, money: Money) -> Reason {
        let value = json!({"amount": money.amount_text(), "currency": money.currency().code()});
        self.facts.insert(name.to_owned(), value);
        self
    }

    /// The reason in words.
    pub fn message(&self, language: Language) -> String {
        let mut text = template(self, language).to_owned();
        for (name, value) in &self.facts {
            text = text.replace(&format!("{{{name}}}"), &in_words(value));
        }
        text
    }
}

fn in_words(value: &Value) -> String {
    match serde_json::from_value::<Money>(value.clone()) {
        Ok(money) => money.to_string(),
        Err(_) => value.as_str().unwrap_or_default().to_owned(),
    }
}

fn template(reason: &Reason, language: Language) -> &'static str {
    let beyond = reason.facts.contains_key("shortfall");
    match (reason.code, language) {
        (ReasonCode::LimitUtilisation, Language::English) if beyond => {
            "{asked} is {shortfall} more than the limit of {limit} leaves: {headroom}."
        }
        (ReasonCode::LimitUtilisation, Language::Chinese) if beyond => {
            "申请 {asked}，额度 {limit} 可用 {headroom}，超出 {shortfall}。"
        }
        (ReasonCode::LimitUtilisation, Language::English) => {
            "The limit of {limit} would be used to {utilisation} of it."
        }
        (ReasonCode::LimitUtilisation, Language::Chinese) => {
            "额度 {limit} 的使用率将达 {utilisation}。"
        }
        (ReasonCode::GroupLimit, Language::English) => {
            "The group's limit of {limit} leaves {headroom}; {asked} was asked for."
        }
        (ReasonCode::GroupLimit, Language::Chinese) => {
            "集团额度 {limit} 可用 {headroom}，申请 {asked}。"
        }
        (ReasonCode::AccountStatus, Language::English) => "The credit account is {status}.",
        (ReasonCode::AccountStatus, Language::Chinese) => "信用账户状态为 {status}。",
        (ReasonCode::OverdueDaysOldest, Language::English) => {
            "An invoice has been overdue for {days} days; {allowed_days} are allowed."
        }
        (ReasonCode::OverdueDaysOldest, Language::Chinese) => {
            "最早一笔已逾期 {days} 天，允许 {allowed_days} 天。"
        }
        (ReasonCode::OverdueAmount, Language::English) => {
            "{overdue} is overdue; {allowed} is allowed."
        }
        (ReasonCode::OverdueAmount, Language::Chinese) => "逾期金额 {overdue}，允许 {allowed}。",
        (ReasonCode::LimitExpired, Language::English) => "The limit was valid until {valid_until}.",
        (ReasonCode::LimitExpired, Language::Chinese) => "额度有效期至 {valid_until}，已过期。",
        (ReasonCode::TermExceedsPolicy, Language::English) => {
            "{asked_days} net days were asked for; {allowed_days} are agreed."
        }
        (ReasonCode::TermExceedsPolicy, Language::Chinese) => {
            "申请账期 {asked_days} 天，约定 {allowed_days} 天。"
        }
        (ReasonCode::CurrencyMismatch, Language::English) => {
            "The amount is in {given}, the credit account in {expected}."
        }
        (ReasonCode::CurrencyMismatch, Language::Chinese) => {
            "金额币种为 {given}，信用账户币种为 {expected}。"
        }
    }
}
