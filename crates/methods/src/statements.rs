//! Financial statements: the lines of one period, and whether they make sense together.
//!
//! A statement holds what the customer gave and nothing else: a line that is missing stays missing, and what is computed
//! from it ([`ratios`], [`altman`]) has no value and says which line it lacks.

pub mod altman;
mod lines;
pub mod ratios;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use lines::{Line, Section};
use ratios::NoValue;

use kernel::figures::Exact;
use kernel::money::{Currency, Money};

/// One customer's financial statement for one period in one currency, whole units, not thousands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The last day of the period, which is the day of the balance sheet.
    pub period_end: NaiveDate,
    /// How many months the income and cash flow lines cover: 12 for a year. From 1 to 18.
    pub months: u32,
    pub currency: Currency,
    /// What was given. Costs and expenses are positive amounts; a loss is a negative result.
    pub lines: BTreeMap<Line, Money>,
}

impl Statement {
    pub fn line(&self, line: Line) -> Option<Money> {
        self.lines.get(&line).copied()
    }

    /// Current assets less current liabilities.
    ///
    /// # Errors
    /// Which line is missing.
    pub fn working_capital(&self) -> Result<Money, NoValue> {
        self.difference(Line::CurrentAssets, Line::CurrentLiabilities)
    }

    /// Total assets less total liabilities.
    ///
    /// # Errors
    /// Which line is missing.
    pub fn net_assets(&self) -> Result<Money, NoValue> {
        self.difference(Line::TotalAssets, Line::TotalLiabilities)
    }

    fn difference(&self, line: Line, less: Line) -> Result<Money, NoValue> {
        let difference = NoValue::unless_given(self, line)? - NoValue::unless_given(self, less)?;
        difference
            .money(self.currency)
            .map_err(|_| NoValue::OutOfRange)
    }

    fn exact(&self, line: Line) -> Option<Exact> {
        self.line(line).map(Exact::from)
    }
}

/// Something in a statement that can't be right. The message says what is wrong where, and by how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
#[schema(as = StatementMisfit)]
pub enum Misfit {
    #[error("months is {months}: a period has from 1 to 18")]
    Months { months: u32 },
    #[error("{line} is in {found}, the statement in {expected}: give all lines in one currency")]
    Currency {
        line: Line,
        found: Currency,
        expected: Currency,
    },
    #[error("{line} is {amount}: it is never negative; give costs and debts as positive amounts")]
    Negative { line: Line, amount: Money },
    #[error("{line} is {stated}, but {formula} is {computed}: correct what differs")]
    Sum {
        line: Line,
        stated: Money,
        computed: Money,
        #[schema(max_length = 500)]
        formula: String,
    },
    #[error("{line} is {stated}, but what is given of it, {formula}, is already {computed}")]
    PartsExceed {
        line: Line,
        stated: Money,
        computed: Money,
        #[schema(max_length = 500)]
        formula: String,
    },
    #[error("{line} can't be compared with its parts: the amounts are too large")]
    TooLarge { line: Line },
}

impl Misfit {
    /// Whether no statement can be so. Other misfits are shown and left to whoever reads: a total that is off may be
    /// the customer's own slip, but a balance sheet that does not balance is none.
    pub fn is_impossible(&self) -> bool {
        match self {
            Misfit::Months { .. }
            | Misfit::Currency { .. }
            | Misfit::Negative { .. }
            | Misfit::TooLarge { .. } => true,
            Misfit::Sum { line, formula, .. } => {
                *line == Line::TotalAssets && formula.contains(Line::TotalEquity.code())
            }
            Misfit::PartsExceed { .. } => false,
        }
    }

    /// The line that is wrong; none when it is the period.
    pub const fn line(&self) -> Option<Line> {
        match self {
            Misfit::Months { .. } => None,
            Misfit::Currency { line, .. }
            | Misfit::Negative { line, .. }
            | Misfit::Sum { line, .. }
            | Misfit::PartsExceed { line, .. }
            | Misfit::TooLarge { line } => Some(*line),
        }
    }

    /// A stable code, as in its JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Misfit::Months { .. } => "months",
            Misfit::Currency { .. } => "currency",
            Misfit::Negative { .. } => "negative",
            Misfit::Sum { .. } => "sum",
            Misfit::PartsExceed { .. } => "parts_exceed",
            Misfit::TooLarge { .. } => "too_large",
        }
    }
}

/// Everything that can't be right in a statement; nothing when it makes sense.
///
/// A total and its parts may differ by `tolerance`, which counts only in the statement's currency: statements are rounded, mostly to
/// thousands. Assets of 10,000 with liabilities of 6,000 and equity of 4,000 balance; with equity of 3,990 they do not
/// unless 10 are tolerated. Where a part is missing, the others may not exceed the total.
pub fn misfits(statement: &Statement, tolerance: Money) -> Vec<Misfit> {
    let mut found = Vec::new();
    if !(1..=18).contains(&statement.months) {
        found.push(Misfit::Months {
            months: statement.months,
        });
    }
    for (line, amount) in &statement.lines {
        if amount.currency() != statement.currency {
            found.push(Misfit::Currency {
                line: *line,
                found: amount.currency(),
                expected: statement.currency,
            });
        } else if amount.is_negative() && line.is_never_negative() {
            found.push(Misfit::Negative {
                line: *line,
                amount: *amount,
            });
        }
    }
    // Sums over two currencies would say nothing.
    if found
        .iter()
        .all(|misfit| !matches!(misfit, Misfit::Currency { .. }))
    {
        found.extend(
            TOTALS
                .iter()
                .filter_map(|total| total.misfit(statement, tolerance)),
        );
    }
    found
}

/// How a total and its parts belong together.
struct Total {
    line: Line,
    added: &'static [Line],
    subtracted: &'static [Line],
    whole: Whole,
}

enum Whole {
    /// The parts are all there is; while one is missing, nothing is said.
    Difference,
    /// The parts are all there is, and none is negative: while one is missing, the others are at most the total.
    Sum,
    /// The parts are not all there is, and none is negative: together they are at most the total.
    More,
}

#[rustfmt::skip]
const TOTALS: &[Total] = {
    use Line::{
        Cash, CostOfSales, CreditSales, CurrentAssets, CurrentLiabilities, FinancingCashFlow, FixedAssets,
        GrossProfit, IncomeTax, IntangibleAssets, Inventory, InvestingCashFlow, NetCashFlow, NetProfit,
        NonCurrentAssets, NonCurrentLiabilities, OperatingCashFlow, OtherCurrentAssets, OtherCurrentLiabilities,
        Payables, ProfitBeforeTax, Receivables, Sales, ShortTermDebt, TotalAssets, TotalEquity, TotalLiabilities,
    };
    use Whole::{Difference, More, Sum};
    &[
        Total { line: TotalAssets, added: &[TotalLiabilities, TotalEquity], subtracted: &[], whole: Difference },
        Total { line: TotalAssets, added: &[CurrentAssets, NonCurrentAssets], subtracted: &[], whole: Sum },
        Total { line: CurrentAssets, added: &[Cash, Receivables, Inventory, OtherCurrentAssets], subtracted: &[], whole: Sum },
        Total { line: NonCurrentAssets, added: &[FixedAssets, IntangibleAssets], subtracted: &[], whole: More },
        Total { line: TotalLiabilities, added: &[CurrentLiabilities, NonCurrentLiabilities], subtracted: &[], whole: Sum },
        Total { line: CurrentLiabilities, added: &[ShortTermDebt, Payables, OtherCurrentLiabilities], subtracted: &[], whole: Sum },
        Total { line: Sales, added: &[CreditSales], subtracted: &[], whole: More },
        Total { line: GrossProfit, added: &[Sales], subtracted: &[CostOfSales], whole: Difference },
        Total { line: NetProfit, added: &[ProfitBeforeTax], subtracted: &[IncomeTax], whole: Difference },
        Total { line: NetCashFlow, added: &[OperatingCashFlow, InvestingCashFlow, FinancingCashFlow], subtracted: &[], whole: Difference },
    ]
};

impl Total {
    fn misfit(&self, statement: &Statement, tolerance: Money) -> Option<Misfit> {
        let line = self.line;
        let stated = statement.line(line)?;
        let given = |lines: &[Line]| -> Vec<Line> {
            let is_given = |line: &Line| statement.lines.contains_key(line);
            lines.iter().copied().filter(is_given).collect()
        };
        let (added, subtracted) = (given(self.added), given(self.subtracted));
        let is_complete =
            added.len() == self.added.len() && subtracted.len() == self.subtracted.len();
        if added.is_empty() || (!is_complete && matches!(self.whole, Whole::Difference)) {
            return None;
        }
        let total =
            |lines: &[Line]| Exact::sum(lines.iter().filter_map(|line| statement.exact(*line)));
        let computed = total(&added) - total(&subtracted);
        let (Ok(computed), Ok(excess)) = (
            computed.money(statement.currency),
            (computed - stated).value(),
        ) else {
            return Some(Misfit::TooLarge { line });
        };
        let is_whole = is_complete && !matches!(self.whole, Whole::More);
        let bound = if tolerance.currency() == statement.currency {
            tolerance.amount()
        } else {
            Decimal::ZERO
        };
        if excess <= bound && (!is_whole || -excess <= bound) {
            return None;
        }
        let formula = formula(&added, &subtracted);
        Some(if is_whole {
            Misfit::Sum {
                line,
                stated,
                computed,
                formula,
            }
        } else {
            Misfit::PartsExceed {
                line,
                stated,
                computed,
                formula,
            }
        })
    }
}

fn formula(added: &[Line], subtracted: &[Line]) -> String {
    let codes = |lines: &[Line], between: &str| {
        let codes: Vec<&str> = lines.iter().map(|line| line.code()).collect();
        codes.join(between)
    };
    if subtracted.is_empty() {
        codes(added, " + ")
    } else {
        format!("{} - {}", codes(added, " + "), codes(subtracted, " - "))
    }
}
