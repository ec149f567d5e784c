//! The lines that a statement may have.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use kernel::places::Language;

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    Assets,
    Liabilities,
    Equity,
    Income,
    CashFlow,
    /// What stands in no statement but is needed beside it.
    Beside,
}

macro_rules! lines {
    ($($(#[$doc:meta])* $variant:ident, $code:tt, $section:ident, $sign:ident, $en:literal, $zh:literal;)*) => {
        /// A line of a financial statement: a stable code, its section and its name in each language.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[schema(as = StatementLine)]
        pub enum Line {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)*
        }

        impl Line {
            pub const ALL: &'static [Line] = &[$(Line::$variant,)*];

            pub const fn code(self) -> &'static str {
                match self { $(Line::$variant => $code,)* }
            }

            pub const fn section(self) -> Section {
                match self { $(Line::$variant => Section::$section,)* }
            }

            pub const fn name(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Line::$variant, Language::English) => $en, (Line::$variant, Language::Chinese) => $zh,)*
                }
            }

            /// Whether a negative amount can only be a mistake.
            pub const fn is_never_negative(self) -> bool {
                match self { $(Line::$variant => matches!(Sign::$sign, Sign::Positive),)* }
            }
        }
    };
}

enum Sign {
    /// Never negative.
    Positive,
    /// Of either sign.
    Either,
}

lines! {
    /// Cash, bank balances and what can be sold at once.
    Cash, "cash", Assets, Positive, "Cash and equivalents", "货币资金";
    /// Trade receivables with bills receivable, less what is doubtful.
    Receivables, "receivables", Assets, Positive, "Trade receivables", "应收账款及票据";
    Inventory, "inventory", Assets, Positive, "Inventory", "存货";
    OtherCurrentAssets, "other_current_assets", Assets, Positive, "Other current assets", "其他流动资产";
    CurrentAssets, "current_assets", Assets, Positive, "Current assets, total", "流动资产合计";
    FixedAssets, "fixed_assets", Assets, Positive, "Property, plant and equipment", "固定资产";
    /// With goodwill.
    IntangibleAssets, "intangible_assets", Assets, Positive, "Intangible assets", "无形资产及商誉";
    NonCurrentAssets, "non_current_assets", Assets, Positive, "Non-current assets, total", "非流动资产合计";
    TotalAssets, "total_assets", Assets, Positive, "Total assets", "资产总计";

    /// With the part of long-term debt that is due within a year.
    ShortTermDebt, "short_term_debt", Liabilities, Positive, "Short-term debt", "短期借款";
    Payables, "payables", Liabilities, Positive, "Trade payables", "应付账款及票据";
    OtherCurrentLiabilities, "other_current_liabilities", Liabilities, Positive, "Other current liabilities", "其他流动负债";
    CurrentLiabilities, "current_liabilities", Liabilities, Positive, "Current liabilities, total", "流动负债合计";
    NonCurrentLiabilities, "non_current_liabilities", Liabilities, Positive, "Non-current liabilities, total", "非流动负债合计";
    TotalLiabilities, "total_liabilities", Liabilities, Positive, "Total liabilities", "负债合计";

    /// With surplus reserves; negative after accumulated losses.
    RetainedEarnings, "retained_earnings", Equity, Either, "Retained earnings", "留存收益";
    TotalEquity, "total_equity", Equity, Either, "Total equity", "所有者权益合计";

    /// Net of tax and discounts.
    Sales, "sales", Income, Positive, "Sales", "营业收入";
    /// Of sales, what was sold on account.
    CreditSales, "credit_sales", Income, Positive, "Credit sales", "赊销收入";
    CostOfSales, "cost_of_sales", Income, Positive, "Cost of sales", "营业成本";
    GrossProfit, "gross_profit", Income, Either, "Gross profit", "毛利";
    /// Earnings before interest and tax.
    Ebit, "ebit", Income, Either, "EBIT", "息税前利润";
    InterestExpense, "interest_expense", Income, Positive, "Interest expense", "利息支出";
    ProfitBeforeTax, "profit_before_tax", Income, Either, "Profit before tax", "利润总额";
    /// Negative when tax comes back.
    IncomeTax, "income_tax", Income, Either, "Income tax", "所得税";
    NetProfit, "net_profit", Income, Either, "Net profit", "净利润";

    OperatingCashFlow, "operating_cash_flow", CashFlow, Either, "Cash flow from operations", "经营活动现金流量净额";
    InvestingCashFlow, "investing_cash_flow", CashFlow, Either, "Cash flow from investing", "投资活动现金流量净额";
    FinancingCashFlow, "financing_cash_flow", CashFlow, Either, "Cash flow from financing", "筹资活动现金流量净额";
    /// With the effect of exchange rates, the change of cash.
    NetCashFlow, "net_cash_flow", CashFlow, Either, "Net change in cash", "现金净增加额";

    /// What all shares of a listed company cost on the day of the balance sheet.
    MarketValue, "market_value", Beside, Positive, "Market value of equity", "股权市值";
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
