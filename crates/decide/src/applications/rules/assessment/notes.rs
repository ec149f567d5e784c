//! What a person should know of an assessment: a code, its facts, and the words in either language.
//!
//! A note is kept with its facts and its words in English. Whoever reads it gets the words in their own language, made
//! from the code and the facts.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Assessment, MissingFact};
use kernel::places::Language;

/// Something that a person should know, as a stable code, its facts, and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssessmentNote {
    pub code: NoteCode,
    /// What the words are made with, as text; money with its currency.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub facts: BTreeMap<String, String>,
    #[schema(max_length = 500)]
    pub message: String,
}

/// What notes are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoteCode {
    NotRated,
    RatingStale,
    NoTerms,
    NoProposal,
    MethodsAllowLess,
    CappedByGrade,
    CappedByInsurance,
    GradeHasNoLimit,
    TermShortened,
    Prepayment,
    AsRequested,
    Overdue,
    AccountSuspended,
    AccountBlocked,
    BelowExposure,
    /// What the customer owes can't be told: an exchange rate is missing.
    ExposureUnknown,
    ExpectedLoss,
    /// A method lacks the customer's rating.
    LacksRating,
    /// A method lacks what the customer buys.
    LacksPurchases,
    /// A method lacks payments, and what could stand for them.
    LacksPayments,
    /// A method lacks a financial statement.
    LacksStatement,
    /// A method lacks a line of the statement.
    LacksLine,
    /// The policy has no factor for the grade.
    NoFactor,
    /// No rate leads from the currency of the statement to that of the application.
    StatementCurrency,
    /// The numbers that there are can't be computed with.
    NotComputable,
}

/// A note with these facts, its words in English.
pub fn note<const N: usize>(
    code: NoteCode,
    facts: [(&'static str, &dyn Display); N],
) -> AssessmentNote {
    let facts = facts.map(|(name, value)| (name.to_owned(), value.to_string()));
    let mut note = AssessmentNote {
        code,
        facts: BTreeMap::from(facts),
        message: String::new(),
    };
    note.message = note.words(Language::English);
    note
}

impl AssessmentNote {
    /// Puts the words into a language. Notes of before, which kept no facts, stay as they were written.
    fn speak(&mut self, language: Language) {
        let words = self.words(language);
        if !words.contains('{') {
            self.message = words;
        }
    }

    fn words(&self, language: Language) -> String {
        let mut words = match language {
            Language::English => self.english(),
            Language::Chinese => self.chinese(),
        }
        .to_owned();
        for (name, value) in &self.facts {
            let value = match (name.as_str(), language) {
                ("line", Language::Chinese) => line_in_chinese(value),
                _ => value,
            };
            words = words.replace(&format!("{{{name}}}"), value);
        }
        words
    }

    fn english(&self) -> &'static str {
        match self.code {
            NoteCode::NotRated => "The customer is not rated: rate it, or judge by hand.",
            NoteCode::RatingStale => "The rating is too old since {stale_on}.",
            NoteCode::NoTerms => "The policy has no terms for grade {grade}.",
            NoteCode::NoProposal if self.facts.is_empty() => "No limit: no method has a proposal.",
            NoteCode::NoProposal => "No limit: {error}.",
            NoteCode::MethodsAllowLess => {
                "{counted} of {methods} methods allow {allowed} together; {asked} was asked for."
            }
            NoteCode::CappedByGrade => "The policy's cap for the grade lets {limit} of it stand.",
            NoteCode::CappedByInsurance => "What is insured lets {limit} of it stand.",
            NoteCode::GradeHasNoLimit => "The factor of the grade is zero: it has no limit.",
            NoteCode::TermShortened => {
                "{asked_days} days were asked for; the policy gives this grade at most {allowed_days}."
            }
            NoteCode::Prepayment => {
                "A share of {share} of each order is to be paid before delivery."
            }
            NoteCode::AsRequested => "The methods allow {allowed}; {asked} was asked for.",
            NoteCode::Overdue => "{overdue} is overdue.",
            NoteCode::AccountSuspended => "The credit account is suspended.",
            NoteCode::AccountBlocked => "{blocks} blocks stand on the credit account.",
            NoteCode::BelowExposure => {
                "The customer owes or has ordered {exposure}, more than {limit}."
            }
            NoteCode::ExposureUnknown => {
                "What the customer owes can't be told: no exchange rate leads from {from} to {to}."
            }
            NoteCode::ExpectedLoss => "One turn of the limit is expected to bring {loss}.",
            NoteCode::LacksRating => "It lacks a rating.",
            NoteCode::LacksPurchases => {
                "It lacks expected purchases, or sales of ours in the last twelve months."
            }
            NoteCode::LacksPayments => {
                "It lacks payments in the period, or bank lines and major suppliers."
            }
            NoteCode::LacksStatement => "It lacks a financial statement.",
            NoteCode::LacksLine => "It lacks {line} in the financial statement.",
            NoteCode::NoFactor => "The policy has no factor for grade {grade}.",
            NoteCode::StatementCurrency => {
                "The financial statement is in {from}, the application in {to}, and no exchange rate leads there on {on}."
            }
            NoteCode::NotComputable => "It can't be computed: {error}.",
        }
    }

    fn chinese(&self) -> &'static str {
        match self.code {
            NoteCode::NotRated => "客户尚未评级：请先评级，或由人工判断。",
            NoteCode::RatingStale => "评级自 {stale_on} 起已过期。",
            NoteCode::NoTerms => "政策未规定等级 {grade} 的信用条件。",
            NoteCode::NoProposal if self.facts.is_empty() => "无法得出额度：没有任何方法给出建议。",
            NoteCode::NoProposal => "无法得出额度：{error}。",
            NoteCode::MethodsAllowLess => {
                "{methods} 种方法中的 {counted} 种合计允许 {allowed}，申请 {asked}。"
            }
            NoteCode::CappedByGrade => "按政策对该等级的上限，额度为 {limit}。",
            NoteCode::CappedByInsurance => "按已投保金额，额度为 {limit}。",
            NoteCode::GradeHasNoLimit => "该等级的系数为零，不予授信。",
            NoteCode::TermShortened => {
                "申请账期 {asked_days} 天，政策对该等级最长 {allowed_days} 天。"
            }
            NoteCode::Prepayment => "每笔订单须在发货前预付 {share} 的比例。",
            NoteCode::AsRequested => "各方法允许 {allowed}，申请 {asked}。",
            NoteCode::Overdue => "逾期金额 {overdue}。",
            NoteCode::AccountSuspended => "信用账户已暂停。",
            NoteCode::AccountBlocked => "信用账户上有 {blocks} 项冻结。",
            NoteCode::BelowExposure => "客户现有敞口 {exposure}，高于 {limit}。",
            NoteCode::ExposureUnknown => "无法确定客户敞口：没有从 {from} 到 {to} 的可用汇率。",
            NoteCode::ExpectedLoss => "额度每周转一次的预期收益为 {loss}。",
            NoteCode::LacksRating => "缺少评级。",
            NoteCode::LacksPurchases => "缺少预计采购额，或近十二个月的销售额。",
            NoteCode::LacksPayments => "缺少期间内的付款记录，或银行授信与主要供应商数量。",
            NoteCode::LacksStatement => "缺少财务报表。",
            NoteCode::LacksLine => "财务报表缺少{line}。",
            NoteCode::NoFactor => "政策未规定等级 {grade} 的系数。",
            NoteCode::StatementCurrency => {
                "财务报表币种为 {from}，申请币种为 {to}，{on} 无可用汇率。"
            }
            NoteCode::NotComputable => "无法计算：{error}。",
        }
    }
}

fn line_in_chinese(line: &str) -> &str {
    match line {
        "net assets" => "净资产",
        "working capital" => "营运资金",
        "short-term debt" => "短期借款",
        "payables" => "应付账款",
        "cash" => "货币资金",
        "receivables" => "应收账款",
        line => line,
    }
}

impl Assessment {
    /// Puts all its words into a language.
    pub fn speak(&mut self, language: Language) {
        let whys = self
            .methods
            .iter_mut()
            .filter_map(|method| method.why.as_mut());
        for note in self
            .reasons
            .iter_mut()
            .chain(&mut self.warnings)
            .chain(whys)
        {
            note.speak(language);
        }
        for method in &mut self.methods {
            if let Some(why) = &method.why {
                method.why_not = Some(why.message.clone());
            }
        }
        for missing in &mut self.missing {
            missing.speak(language);
        }
    }
}

impl MissingFact {
    pub fn speak(&mut self, language: Language) {
        if let Some(words) = self.words(language) {
            words.clone_into(&mut self.message);
        }
    }

    /// What could be done about it; none for a fact that nobody knows any more.
    fn words(&self, language: Language) -> Option<&'static str> {
        let (english, chinese) = match self.fact.as_str() {
            "rating" => (
                "The customer has no rating: rate it.",
                "客户没有评级：请先评级。",
            ),
            "statement" => (
                "There is no financial statement that may still be used: enter the latest.",
                "没有仍可使用的财务报表：请录入最近一期。",
            ),
            "payments" => (
                "The customer has paid nothing in the policy's period, and nothing is overdue.",
                "客户在政策规定的期间内没有付款，也没有逾期。",
            ),
            "expected" => (
                "Nothing was sold in twelve months: say what the customer is expected to buy.",
                "近十二个月没有销售：请说明客户的预计采购额。",
            ),
            "security" => (
                "No guarantee, pledge or insured limit stands on the account.",
                "账户没有保证、质押或投保额度。",
            ),
            "means" => (
                "Without payments to us, say which bank lines may be drawn and how many major suppliers there are.",
                "没有付款记录时，请说明可用的银行授信和主要供应商数量。",
            ),
            "economics" => (
                "Say margin, loss given default and cost of capital for the expected profit.",
                "计算预期收益须说明毛利率、违约损失率和资金成本。",
            ),
            _ => return None,
        };
        Some(match language {
            Language::English => english,
            Language::Chinese => chinese,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_in_the_readers_language() {
        let mut one = note(NoteCode::NoTerms, [("grade", &"A")]);
        assert_eq!(one.message, "The policy has no terms for grade A.");
        one.speak(Language::Chinese);
        assert_eq!(one.message, "政策未规定等级 A 的信用条件。");
        let mut lacking = note(NoteCode::LacksLine, [("line", &"net assets")]);
        assert_eq!(
            lacking.message,
            "It lacks net assets in the financial statement."
        );
        lacking.speak(Language::Chinese);
        assert_eq!(lacking.message, "财务报表缺少净资产。");
    }

    #[test]
    fn a_note_without_its_facts_stays_as_it_was_written() {
        let text = r#"{"code": "overdue", "message": "CNY 100.00 is overdue."}"#;
        let mut old: AssessmentNote = serde_json::from_str(text).unwrap();
        old.speak(Language::Chinese);
        assert_eq!(old.message, "CNY 100.00 is overdue.");
    }
}
