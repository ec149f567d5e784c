//! The catalogue of indicators: what a rating may look at, and where the value of each comes from.
//!
//! It is data: a model names indicators by their codes, and finds here what they are called in each language, in what
//! they are counted, what is good about them and by which formula they come to be. Broken promises and returned
//! payments are not in it: nothing in netterms knows of them yet.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::book::policy::model::Validity;
use kernel::places::Language;
use methods::statements::altman::Model;
use methods::statements::ratios::{self, Better, RatioCode};

/// What kind of thing an indicator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IndicatorKind)]
pub enum Kind {
    /// Measured, mostly from financial statements.
    Quantitative,
    /// Judged by a person.
    Qualitative,
    /// How the customer paid us, from our own ledger.
    History,
    /// What holds for all of an industry.
    Industry,
}

/// In what an indicator is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IndicatorUnit)]
pub enum Unit {
    /// 1.5: one and a half times.
    Times,
    /// 0.15: fifteen percent.
    Share,
    Days,
    /// A number of things, such as invoices.
    Count,
    /// Money in the currency of the customer's credit account.
    Amount,
    /// From 0, the worst, to 10, the best.
    Points,
    /// A number without a unit, such as a Z-score or a class.
    Score,
    Years,
    /// One of the answers that the indicator lists.
    Answer,
}

/// What is good about an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IndicatorDirection)]
pub enum Direction {
    HigherIsBetter,
    LowerIsBetter,
    /// It depends on the model.
    Neither,
}

/// From where the value of an indicator comes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Origin {
    Ratio(RatioCode),
    Altman(Model),
    Ledger(Conduct),
    Table(Figure),
    /// Somebody says so: a number between these bounds.
    Said(f64, f64),
    /// Somebody says so: one of these answers.
    Chosen(&'static [Choice]),
}

impl Origin {
    /// The name of the place, for the contract.
    pub const fn place(self) -> Place {
        match self {
            Origin::Ratio(_) | Origin::Altman(_) => Place::FinancialStatements,
            Origin::Ledger(_) => Place::Ledger,
            Origin::Table(_) => Place::IndustryTable,
            Origin::Said(..) | Origin::Chosen(_) => Place::Facts,
        }
    }
}

/// Where values are kept or computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IndicatorOrigin)]
pub enum Place {
    FinancialStatements,
    Ledger,
    IndustryTable,
    /// What people say of a customer.
    Facts,
}

impl Place {
    /// For how many months a value from there is used; none when it is computed for every day.
    pub const fn valid_months(self, validity: Validity) -> Option<u32> {
        match self {
            Place::FinancialStatements => Some(validity.statement_months),
            Place::IndustryTable => Some(validity.industry_months),
            Place::Facts => Some(validity.fact_months),
            Place::Ledger => None,
        }
    }
}

/// What our own ledger tells of a customer, over the 365 days up to a day where nothing else is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    OverdueCount,
    OverdueAmount,
    /// Past due, of what was paid and what is past due.
    OverdueShare,
    ShareInTime,
    DaysToPay,
    DaysBeyondTerms,
    DaysLateMax,
    /// Instruments that were not paid.
    DishonouredCount,
    InvoicedAmount,
    /// Against the 365 days before.
    InvoicedGrowth,
    /// Since the first invoice of all.
    YearsKnown,
}

/// What the industry table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    Growth,
    Cr4,
    Hhi,
    RiskClass,
}

/// One answer to a question, with its wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    pub answer: &'static str,
    pub en: &'static str,
    pub zh: &'static str,
}

/// One indicator of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Capitals, digits and underscores.
    pub code: String,
    pub kind: Kind,
    pub unit: Unit,
    pub direction: Direction,
    pub en: &'static str,
    pub zh: &'static str,
    pub formula: String,
    pub origin: Origin,
}

/// Every indicator: those from statements, from our ledger, from the industry table, and what people say.
pub fn all() -> &'static [Entry] {
    &ALL
}

/// The indicator of that code.
pub fn find(code: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.code == code)
}

static ALL: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut entries: Vec<Entry> = RatioCode::ALL.iter().copied().map(of_ratio).collect();
    entries.extend(Model::ALL.into_iter().map(of_altman));
    entries.extend(FROM_LEDGER.iter().map(Row::entry));
    entries.extend(FROM_TABLE.iter().map(Row::entry));
    entries.extend(MEASURED.iter().map(Row::entry));
    entries.extend(CHOSEN.iter().map(Row::entry));
    entries.extend(JUDGED.iter().map(of_judgement));
    entries
});

fn of_ratio(ratio: RatioCode) -> Entry {
    Entry {
        code: ratio.code().to_ascii_uppercase(),
        kind: Kind::Quantitative,
        unit: match ratio.unit() {
            ratios::Unit::Times => Unit::Times,
            ratios::Unit::Share => Unit::Share,
            ratios::Unit::Days => Unit::Days,
        },
        direction: match ratio.better() {
            Better::Higher => Direction::HigherIsBetter,
            Better::Lower => Direction::LowerIsBetter,
        },
        en: ratio.name(Language::English),
        zh: ratio.name(Language::Chinese),
        formula: ratio.formula().to_owned(),
        origin: Origin::Ratio(ratio),
    }
}

fn of_altman(model: Model) -> Entry {
    let (code, en, zh, formula) = match model {
        Model::Listed => (
            "ALTMAN_Z_LISTED",
            "Altman Z, listed manufacturers",
            "Altman Z值（上市制造企业）",
            "1.2 x1 + 1.4 x2 + 3.3 x3 + 0.6 x4 + 1.0 x5",
        ),
        Model::Private => (
            "ALTMAN_Z_PRIVATE",
            "Altman Z', private manufacturers",
            "Altman Z'值（非上市制造企业）",
            "0.717 x1 + 0.847 x2 + 3.107 x3 + 0.420 x4 + 0.998 x5",
        ),
        Model::NonManufacturing => (
            "ALTMAN_Z_NON_MANUFACTURING",
            "Altman Z'', others than manufacturers",
            "Altman Z''值（非制造企业）",
            "6.56 x1 + 3.26 x2 + 6.72 x3 + 1.05 x4",
        ),
        Model::EmergingMarket => (
            "ALTMAN_Z_EMERGING_MARKET",
            "Altman Z'', emerging markets",
            "Altman Z''值（新兴市场）",
            "3.25 + 6.56 x1 + 3.26 x2 + 6.72 x3 + 1.05 x4",
        ),
    };
    Entry {
        code: code.to_owned(),
        kind: Kind::Quantitative,
        unit: Unit::Score,
        direction: Direction::HigherIsBetter,
        en,
        zh,
        formula: formula.to_owned(),
        origin: Origin::Altman(model),
    }
}

/// An indicator as it is written down here.
struct Row(
    &'static str,
    Kind,
    Unit,
    Direction,
    &'static str,
    &'static str,
    &'static str,
    Origin,
);

impl Row {
    fn entry(&self) -> Entry {
        let Row(code, kind, unit, direction, en, zh, formula, origin) = *self;
        Entry {
            code: code.to_owned(),
            kind,
            unit,
            direction,
            en,
            zh,
            formula: formula.to_owned(),
            origin,
        }
    }
}

use Direction::{HigherIsBetter, LowerIsBetter, Neither};

#[rustfmt::skip]
const FROM_LEDGER: &[Row] = &[
    Row("OVERDUE_COUNT", Kind::History, Unit::Count, LowerIsBetter, "Overdue count", "逾期次数",
        "invoices with a payment after the due date in the last 365 days, or past due now", Origin::Ledger(Conduct::OverdueCount)),
    Row("OVERDUE_AMOUNT", Kind::History, Unit::Amount, LowerIsBetter, "Overdue amount", "逾期金额",
        "what is open and past due", Origin::Ledger(Conduct::OverdueAmount)),
    Row("OVERDUE_SHARE", Kind::History, Unit::Share, LowerIsBetter, "Overdue share", "逾期占比",
        "what is open and past due / (amount paid in the last 365 days + amount past due)", Origin::Ledger(Conduct::OverdueShare)),
    Row("REPAYMENT_RECORD", Kind::History, Unit::Share, HigherIsBetter, "Repayment record", "还款记录",
        "amount paid in time / (amount paid + amount past due), last 365 days", Origin::Ledger(Conduct::ShareInTime)),
    Row("DAYS_TO_PAY", Kind::History, Unit::Days, LowerIsBetter, "Average days to pay", "平均付款天数",
        "sum of amount * (day paid - invoice date) / amount paid, last 365 days", Origin::Ledger(Conduct::DaysToPay)),
    Row("DAYS_BEYOND_TERMS", Kind::History, Unit::Days, LowerIsBetter, "Days beyond terms", "超期天数",
        "sum of amount * days after the due date / (amount paid + amount past due), last 365 days", Origin::Ledger(Conduct::DaysBeyondTerms)),
    Row("DAYS_LATE_MAX", Kind::History, Unit::Days, LowerIsBetter, "Longest delay", "最长逾期天数",
        "days after the due date of the latest payment in the last 365 days, or of what is past due now", Origin::Ledger(Conduct::DaysLateMax)),
    Row("DISHONOURED_COUNT", Kind::History, Unit::Count, LowerIsBetter, "Dishonoured instruments", "票据拒付次数",
        "cheques, bills and notes of the customer that were dishonoured in the last 365 days", Origin::Ledger(Conduct::DishonouredCount)),
    Row("INVOICED_AMOUNT", Kind::History, Unit::Amount, HigherIsBetter, "Invoiced amount", "开票金额",
        "amount invoiced in the last 365 days", Origin::Ledger(Conduct::InvoicedAmount)),
    Row("INVOICED_GROWTH", Kind::History, Unit::Share, HigherIsBetter, "Growth of the invoiced amount", "开票金额增长率",
        "amount invoiced in the last 365 days / amount invoiced in the 365 days before - 1", Origin::Ledger(Conduct::InvoicedGrowth)),
    Row("YEARS_KNOWN", Kind::History, Unit::Years, HigherIsBetter, "Years known", "合作年限",
        "days since the first invoice / 365.25", Origin::Ledger(Conduct::YearsKnown)),
];

#[rustfmt::skip]
const FROM_TABLE: &[Row] = &[
    Row("INDUSTRY_GROWTH", Kind::Industry, Unit::Share, HigherIsBetter, "Industry growth", "行业增长率",
        "growth of the industry's sales in a year", Origin::Table(Figure::Growth)),
    Row("INDUSTRY_CONCENTRATION", Kind::Industry, Unit::Share, LowerIsBetter, "Industry concentration", "行业集中度",
        "share of the four largest in the industry's sales (CR4)", Origin::Table(Figure::Cr4)),
    Row("INDUSTRY_HHI", Kind::Industry, Unit::Share, LowerIsBetter, "Industry concentration (HHI)", "行业集中度（HHI）",
        "sum of the squared shares in the industry's sales", Origin::Table(Figure::Hhi)),
    Row("INDUSTRY_RISK_CLASS", Kind::Industry, Unit::Score, LowerIsBetter, "Industry risk class", "行业风险等级",
        "1, the lowest risk, to 5, the highest", Origin::Table(Figure::RiskClass)),
];

#[rustfmt::skip]
const MEASURED: &[Row] = &[
    Row("MARKET_SHARE", Kind::Quantitative, Unit::Share, HigherIsBetter, "Market share", "市场份额",
        "sales / sales of the market that it serves", Origin::Said(0.0, 1.0)),
    Row("YEARS_IN_BUSINESS", Kind::Quantitative, Unit::Years, HigherIsBetter, "Years in business", "经营年限",
        "full years since it was founded", Origin::Said(0.0, 1000.0)),
];

#[rustfmt::skip]
const CHOSEN: &[Row] = &[
    Row("AUDIT_OPINION", Kind::Qualitative, Unit::Answer, Neither, "Auditor's opinion", "审计意见",
        "the opinion on the latest financial statements", Origin::Chosen(&[
            Choice { answer: "unqualified", en: "Unqualified", zh: "无保留意见" },
            Choice { answer: "qualified", en: "Qualified", zh: "保留意见" },
            Choice { answer: "disclaimer", en: "Disclaimer of opinion", zh: "无法表示意见" },
            Choice { answer: "adverse", en: "Adverse", zh: "否定意见" },
            Choice { answer: "not_audited", en: "Not audited", zh: "未经审计" },
        ])),
    Row("PREMISES", Kind::Qualitative, Unit::Answer, Neither, "Business premises", "经营场所",
        "what the customer has of its main premises", Origin::Chosen(&[
            Choice { answer: "owned", en: "Owned", zh: "自有" },
            Choice { answer: "owned_mortgaged", en: "Owned, mortgaged", zh: "自有（已抵押）" },
            Choice { answer: "rented", en: "Rented", zh: "租赁" },
            Choice { answer: "none", en: "None", zh: "无固定场所" },
        ])),
];

fn of_judgement((code, en, zh): &(&'static str, &'static str, &'static str)) -> Entry {
    Entry {
        code: (*code).to_owned(),
        kind: Kind::Qualitative,
        unit: Unit::Points,
        direction: HigherIsBetter,
        en,
        zh,
        formula: "a judgement from 0, the worst, to 10, the best".to_owned(),
        origin: Origin::Said(0.0, 10.0),
    }
}

/// What is judged from 0 to 10: of the five Cs, the five Ws, CAMEL and the feature analysis.
#[rustfmt::skip]
const JUDGED: &[(&str, &str, &str)] = &[
    ("PAYMENT_REPUTATION", "Payment reputation", "付款信誉"),
    ("MANAGEMENT_INTEGRITY", "Integrity of the management", "管理层诚信"),
    ("PUBLIC_RECORD", "Litigation and public record", "诉讼与公共记录"),
    ("CASH_FLOW", "Operating cash flow", "经营现金流"),
    ("PROFITABILITY", "Profitability", "盈利能力"),
    ("MANAGEMENT_ABILITY", "Management ability", "管理能力"),
    ("NET_WORTH", "Net worth", "净资产"),
    ("LEVERAGE", "Leverage", "负债水平"),
    ("SECURITY_OFFERED", "Security offered", "担保物"),
    ("GUARANTEES", "Guarantees and insurance", "保证与保险"),
    ("INDUSTRY_OUTLOOK", "Industry outlook", "行业前景"),
    ("MARKET_POSITION", "Market position", "市场地位"),
    ("ECONOMY", "Economy and regulation", "经济与监管环境"),
    ("LEGAL_STATUS", "Legal status and qualification", "主体资格"),
    ("CREDIT_STANDING", "Credit standing", "信用状况"),
    ("PURPOSE_GENUINE", "The purpose is genuine", "用途真实性"),
    ("PURPOSE_PROFITABLE", "The purpose is profitable", "用途效益性"),
    ("TERM_FITS_CYCLE", "The term fits the operating cycle", "期限与经营周期匹配"),
    ("TERM_USUAL", "The term is usual in the trade", "期限符合行业惯例"),
    ("SECURITY_VALUE", "Value of the security", "担保物价值"),
    ("SECURITY_ENFORCEABLE", "The security can be enforced", "担保物可执行性"),
    ("REPAYMENT_SOURCE", "Source of repayment", "还款来源"),
    ("REPAYMENT_METHOD", "Method of repayment", "还款方式"),
    ("INTERNAL_CONTROL", "Internal control", "内部控制"),
    ("APPEARANCE", "Appearance and professionalism", "外表印象"),
    ("PRODUCT", "Product and demand", "产品概要"),
    ("MARKET_DEMAND", "Market demand", "产品需求"),
    ("COMPETITIVENESS", "Competitiveness", "竞争实力"),
    ("FINAL_CUSTOMERS", "Final customers", "最终顾客"),
    ("DEALING_PROFIT", "Dealing profit", "交易利润"),
    ("TERMS_ACCEPTANCE", "Acceptance of our terms", "对条款的接受"),
    ("MARKET_ATTRACTION", "Attraction in the market", "市场吸引力"),
    ("MARKET_ACCESS", "Access to new markets", "市场竞争影响"),
    ("SECURITY_AVAILABLE", "Security available", "担保条件"),
    ("REPLACEABILITY", "Replaceability", "可替代性"),
    ("PAYMENT_RECORD", "Payment record", "付款记录"),
    ("REFERENCES", "References", "资信证明"),
    ("CAPITAL_GROWTH", "Capital and growth", "资本与增长"),
    ("BALANCE_SHEET", "Balance-sheet strength", "资产负债状况"),
    ("CAPITAL_STRUCTURE", "Capital structure", "资本结构"),
    ("DEAL_SIZE", "Size of the deal against total capital", "资本总额"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use methods::attributes::{Attribute, TEMPLATES};

    fn indicators(attribute: &Attribute, found: &mut BTreeSet<String>) {
        found.extend(
            attribute
                .indicator
                .iter()
                .map(|indicator| indicator.code.clone()),
        );
        for child in &attribute.children {
            indicators(child, found);
        }
    }

    #[test]
    fn every_indicator_of_every_template_is_in_the_catalogue() {
        let mut used = BTreeSet::new();
        for template in TEMPLATES {
            indicators(&template.tree().unwrap(), &mut used);
        }
        assert!(used.len() > 40, "{used:?}");
        let missing: Vec<&String> = used.iter().filter(|code| find(code).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_code_names_one_indicator_and_its_words_are_there() {
        let mut codes = BTreeSet::new();
        for entry in all() {
            assert!(codes.insert(&entry.code), "{} twice", entry.code);
            assert!(entry.code.len() <= 40, "{}", entry.code);
            assert!(!entry.en.is_empty() && !entry.zh.is_empty() && !entry.formula.is_empty());
            if let Origin::Chosen(choices) = entry.origin {
                let answers: BTreeSet<&str> = choices.iter().map(|choice| choice.answer).collect();
                assert_eq!(answers.len(), choices.len(), "{}", entry.code);
            }
        }
    }
}
