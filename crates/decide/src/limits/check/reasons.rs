//! Why a check came out as it did: a code, its facts, and the words for a person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::book::policy::model::{AccountCause, RuleCode, RuleEffect};
use kernel::columns::text_enum;
use kernel::money::Money;
use kernel::places::Language;

text_enum! {
    /// The code of a reason: that of the rule which hit, or of what kept the rules from being asked.
    pub enum ReasonCode {
        LimitUtilisation = "limit_utilisation",
        GroupLimit = "group_limit",
        SegmentLimit = "segment_limit",
        SalespersonCap = "salesperson_cap",
        CountryCap = "country_cap",
        IndustryCap = "industry_cap",
        PortfolioCap = "portfolio_cap",
        CategorySublimit = "category_sublimit",
        AccountStatus = "account_status",
        OverdueDaysOldest = "overdue_days_oldest",
        OverdueAmount = "overdue_amount",
        OverdueRatio = "overdue_ratio",
        UnpaidCount = "unpaid_count",
        MaxDunningLevel = "max_dunning_level",
        PaymentBehaviour = "payment_behaviour",
        LimitExpired = "limit_expired",
        ReviewOverdue = "review_overdue",
        LedgerStale = "ledger_stale",
        MaxDocumentValue = "max_document_value",
        OrderOutlier = "order_outlier",
        NewCustomerPeriod = "new_customer_period",
        TermExceedsPolicy = "term_exceeds_policy",
        PrepaidExempt = "prepaid_exempt",
        ExemptParty = "exempt_party",
        NoExchangeRate = "no_exchange_rate",
    }
}

impl From<RuleCode> for ReasonCode {
    fn from(code: RuleCode) -> ReasonCode {
        match code {
            RuleCode::LimitUtilisation => ReasonCode::LimitUtilisation,
            RuleCode::GroupLimit => ReasonCode::GroupLimit,
            RuleCode::SegmentLimit => ReasonCode::SegmentLimit,
            RuleCode::SalespersonCap => ReasonCode::SalespersonCap,
            RuleCode::CountryCap => ReasonCode::CountryCap,
            RuleCode::IndustryCap => ReasonCode::IndustryCap,
            RuleCode::PortfolioCap => ReasonCode::PortfolioCap,
            RuleCode::CategorySublimit => ReasonCode::CategorySublimit,
            RuleCode::AccountStatus => ReasonCode::AccountStatus,
            RuleCode::OverdueDaysOldest => ReasonCode::OverdueDaysOldest,
            RuleCode::OverdueAmount => ReasonCode::OverdueAmount,
            RuleCode::OverdueRatio => ReasonCode::OverdueRatio,
            RuleCode::UnpaidCount => ReasonCode::UnpaidCount,
            RuleCode::MaxDunningLevel => ReasonCode::MaxDunningLevel,
            RuleCode::PaymentBehaviour => ReasonCode::PaymentBehaviour,
            RuleCode::LimitExpired => ReasonCode::LimitExpired,
            RuleCode::ReviewOverdue => ReasonCode::ReviewOverdue,
            RuleCode::LedgerStale => ReasonCode::LedgerStale,
            RuleCode::MaxDocumentValue => ReasonCode::MaxDocumentValue,
            RuleCode::OrderOutlier => ReasonCode::OrderOutlier,
            RuleCode::NewCustomerPeriod => ReasonCode::NewCustomerPeriod,
            RuleCode::TermExceedsPolicy => ReasonCode::TermExceedsPolicy,
            RuleCode::PrepaidExempt => ReasonCode::PrepaidExempt,
            RuleCode::ExemptParty => ReasonCode::ExemptParty,
        }
    }
}

impl ReasonCode {
    /// Whether the reason tells of others than the customer itself: what its group or a portfolio owes.
    pub const fn is_about_others(self) -> bool {
        matches!(
            self,
            ReasonCode::GroupLimit
                | ReasonCode::SegmentLimit
                | ReasonCode::SalespersonCap
                | ReasonCode::CountryCap
                | ReasonCode::IndustryCap
                | ReasonCode::PortfolioCap
        )
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

    /// The reason as somebody sees it who may not know what others owe: without the figures.
    #[must_use]
    pub fn masked(&self) -> Reason {
        let mut masked = self.clone();
        if self.code.is_about_others() {
            masked.facts.clear();
        }
        masked
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

fn about_the_limit(reason: &Reason, language: Language) -> &'static str {
    let beyond = reason.facts.contains_key("shortfall");
    match language {
        Language::English if beyond => {
            "{asked} is {shortfall} more than the limit of {limit} leaves: {headroom}."
        }
        Language::Chinese if beyond => {
            "申请 {asked}，额度 {limit} 可用 {headroom}，超出 {shortfall}。"
        }
        Language::English => "The limit of {limit} would be used to {utilisation} of it.",
        Language::Chinese => "额度 {limit} 的使用率将达 {utilisation}。",
    }
}

/// Records of before have no cause.
fn about_the_account(reason: &Reason, language: Language) -> &'static str {
    let cause = reason.facts.get("cause").and_then(Value::as_str);
    let cause: Option<AccountCause> = cause.and_then(|cause| cause.parse().ok());
    match (cause, language) {
        (Some(AccountCause::Suspended), Language::English) => "The credit account is suspended.",
        (Some(AccountCause::Suspended), Language::Chinese) => "信用账户已暂停。",
        (Some(AccountCause::Dunning), Language::English) => {
            "The credit account is blocked: an open invoice has been dunned to a level that blocks."
        }
        (Some(AccountCause::Dunning), Language::Chinese) => {
            "信用账户已冻结：有未结发票已催收至冻结级别。"
        }
        (Some(AccountCause::Insolvent), Language::English) => {
            "The customer is insolvent: nothing is sold on account."
        }
        (Some(AccountCause::Insolvent), Language::Chinese) => "客户已进入破产程序，不予赊销。",
        (Some(AccountCause::Dissolved), Language::English) => {
            "The customer is dissolved: nothing is sold on account."
        }
        (Some(AccountCause::Dissolved), Language::Chinese) => "客户已注销，不予赊销。",
        (Some(AccountCause::InDefault), Language::English) => {
            "The customer is in default by its rating."
        }
        (Some(AccountCause::InDefault), Language::Chinese) => "客户评级为违约。",
        (None, Language::English) => "The credit account is {status}.",
        (None, Language::Chinese) => "信用账户状态为 {status}。",
    }
}

fn template(reason: &Reason, language: Language) -> &'static str {
    match (reason.code, language) {
        (ReasonCode::LimitUtilisation, language) => about_the_limit(reason, language),
        (ReasonCode::CategorySublimit, Language::English) => {
            "{category} would come to {exposure}; {allowed} is allowed."
        }
        (ReasonCode::CategorySublimit, Language::Chinese) => {
            "{category} 类敞口将达 {exposure}，允许 {allowed}。"
        }
        (ReasonCode::AccountStatus, language) => about_the_account(reason, language),
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
        (ReasonCode::OverdueRatio, Language::English) => {
            "{overdue} of {open} has been overdue for more than {days} days."
        }
        (ReasonCode::OverdueRatio, Language::Chinese) => {
            "未结 {open} 中有 {overdue} 逾期超过 {days} 天。"
        }
        (ReasonCode::UnpaidCount, Language::English) => {
            "{count} invoices are unpaid; {allowed} are allowed."
        }
        (ReasonCode::UnpaidCount, Language::Chinese) => "未付发票 {count} 张，允许 {allowed} 张。",
        (ReasonCode::MaxDunningLevel, Language::English) => {
            "An open invoice has been dunned at level {level}."
        }
        (ReasonCode::MaxDunningLevel, Language::Chinese) => "有未结发票已催收至第 {level} 级。",
        (ReasonCode::PaymentBehaviour, Language::English) => {
            "The customer pays {days} days late on average; {allowed_days} are allowed."
        }
        (ReasonCode::PaymentBehaviour, Language::Chinese) => {
            "客户平均逾期 {days} 天付款，允许 {allowed_days} 天。"
        }
        (ReasonCode::MaxDocumentValue, Language::English) => {
            "The order of {asked} is above {allowed}, the most for one order."
        }
        (ReasonCode::MaxDocumentValue, Language::Chinese) => {
            "订单金额 {asked} 超过单笔上限 {allowed}。"
        }
        (ReasonCode::OrderOutlier, Language::English) => {
            "The order of {asked} is far above the customer's usual {usual}."
        }
        (ReasonCode::OrderOutlier, Language::Chinese) => {
            "订单金额 {asked} 远高于客户惯常的 {usual}。"
        }
        (ReasonCode::NewCustomerPeriod, Language::English) => {
            "The account was opened on {opened_on}; exposure would come to {exposure}, and {allowed} is allowed so soon."
        }
        (ReasonCode::NewCustomerPeriod, Language::Chinese) => {
            "账户开立于 {opened_on}，新客户期内敞口将达 {exposure}，允许 {allowed}。"
        }
        (ReasonCode::PrepaidExempt, Language::English) => "{prepaid} of the order is prepaid.",
        (ReasonCode::PrepaidExempt, Language::Chinese) => "订单已预付 {prepaid}。",
        (ReasonCode::ExemptParty, Language::English) => {
            "The account is exempt until {exempt_until}."
        }
        (ReasonCode::ExemptParty, Language::Chinese) => "账户豁免至 {exempt_until}。",
        (ReasonCode::LimitExpired, Language::English) => "The limit was valid until {valid_until}.",
        (ReasonCode::LimitExpired, Language::Chinese) => "额度有效期至 {valid_until}，已过期。",
        (ReasonCode::ReviewOverdue, Language::English) => {
            "The customer was to be reviewed by {review_on}."
        }
        (ReasonCode::ReviewOverdue, Language::Chinese) => "客户应于 {review_on} 前复审，已逾期。",
        (ReasonCode::LedgerStale, Language::English) => {
            "The ledger was last taken over as of {ledger_as_of}."
        }
        (ReasonCode::LedgerStale, Language::Chinese) => {
            "账簿最近一次同步截至 {ledger_as_of}，已过时。"
        }
        (ReasonCode::TermExceedsPolicy, Language::English) => {
            "{asked_days} net days were asked for; {allowed_days} are agreed."
        }
        (ReasonCode::TermExceedsPolicy, Language::Chinese) => {
            "申请账期 {asked_days} 天，约定 {allowed_days} 天。"
        }
        (
            ReasonCode::GroupLimit
            | ReasonCode::SegmentLimit
            | ReasonCode::SalespersonCap
            | ReasonCode::CountryCap
            | ReasonCode::IndustryCap
            | ReasonCode::PortfolioCap,
            language,
        ) => about_others(reason, language),
        (ReasonCode::NoExchangeRate, Language::English) => {
            "No exchange rate leads from {from} to {to}: nothing is converted at one to one."
        }
        (ReasonCode::NoExchangeRate, Language::Chinese) => {
            "缺少 {from} 到 {to} 的汇率，不会按一比一折算。"
        }
    }
}

/// What bounds more than the customer. Whoever may not see its figures reads only that it does.
fn about_others(reason: &Reason, language: Language) -> &'static str {
    let is_masked = reason.facts.is_empty();
    match (reason.code, language) {
        (ReasonCode::GroupLimit, Language::English) if is_masked => {
            "The limit of the customer's group leaves too little."
        }
        (ReasonCode::GroupLimit, Language::Chinese) if is_masked => "客户所属集团的可用额度不足。",
        (_, Language::English) if is_masked => "A limit of our own leaves too little.",
        (_, Language::Chinese) if is_masked => "本公司内部限额不足。",
        (ReasonCode::GroupLimit, Language::English) => {
            "The group's limit of {limit} leaves {headroom}; {asked} was asked for."
        }
        (ReasonCode::GroupLimit, Language::Chinese) => {
            "集团额度 {limit} 可用 {headroom}，申请 {asked}。"
        }
        (ReasonCode::SegmentLimit, Language::English) => {
            "The limit of {limit} for segment {key} leaves {headroom}; {asked} was asked for."
        }
        (ReasonCode::SegmentLimit, Language::Chinese) => {
            "信贷分部 {key} 额度 {limit} 可用 {headroom}，申请 {asked}。"
        }
        (ReasonCode::SalespersonCap, Language::English) => {
            "The cap of {limit} for salesperson {key} leaves {headroom}; {asked} was asked for."
        }
        (ReasonCode::SalespersonCap, Language::Chinese) => {
            "业务员 {key} 限额 {limit} 可用 {headroom}，申请 {asked}。"
        }
        (ReasonCode::CountryCap, Language::English) => {
            "The cap of {limit} for country {key} leaves {headroom}; {asked} was asked for."
        }
        (ReasonCode::CountryCap, Language::Chinese) => {
            "国别 {key} 限额 {limit} 可用 {headroom}，申请 {asked}。"
        }
        (ReasonCode::IndustryCap, Language::English) => {
            "The cap of {limit} for industry {key} leaves {headroom}; {asked} was asked for."
        }
        (ReasonCode::IndustryCap, Language::Chinese) => {
            "行业 {key} 限额 {limit} 可用 {headroom}，申请 {asked}。"
        }
        (_, Language::English) => {
            "The cap of {limit} for the whole book leaves {headroom}; {asked} was asked for."
        }
        (_, Language::Chinese) => "全公司限额 {limit} 可用 {headroom}，申请 {asked}。",
    }
}
