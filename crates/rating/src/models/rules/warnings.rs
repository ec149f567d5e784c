//! What a person should know before a fitted model is trusted.

use serde::{Deserialize, Serialize};

use kernel::places::Language;
use kernel::progress::Progress;
use methods::binning::{BinningSettings, Trend, bin};
use methods::training::TrainingSet;
use methods::validation::{Observation, ValidationError, auc};

/// A column that alone tells good from bad better than this knows the outcome already, as a rule.
const LEAK_AUC: f64 = 0.98;

/// With fewer bad customers than this, what is learnt is chance.
const BADS_LEAST: usize = 50;

/// With fewer customers than this, what is learnt is chance.
const ROWS_LEAST: usize = 200;

/// Something that a person should know of a fitted model, as a code and its facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Warning {
    /// A column alone separates good from bad customers.
    Leak {
        column: String,
        auc: f64,
    },
    FewBad {
        bads: usize,
        least: usize,
    },
    FewRows {
        rows: usize,
        least: usize,
    },
    /// A column was left out: nearly every customer has a word of its own there.
    TooManyWords {
        column: String,
    },
    /// Rows were left out: nobody knows how these customers turned out.
    WithoutOutcome {
        rows: usize,
    },
}

impl Warning {
    /// The warning's name.
    pub const fn code(&self) -> &'static str {
        match self {
            Warning::Leak { .. } => "leak",
            Warning::FewBad { .. } => "few_bad",
            Warning::FewRows { .. } => "few_rows",
            Warning::TooManyWords { .. } => "too_many_words",
            Warning::WithoutOutcome { .. } => "without_outcome",
        }
    }

    /// The column that it is about, if it is about one.
    pub fn column(&self) -> Option<&str> {
        match self {
            Warning::Leak { column, .. } | Warning::TooManyWords { column } => Some(column),
            Warning::FewBad { .. } | Warning::FewRows { .. } | Warning::WithoutOutcome { .. } => {
                None
            }
        }
    }

    /// The warning in words.
    pub fn message(&self, language: Language) -> String {
        let is_english = language == Language::English;
        match self {
            Warning::Leak { column, auc } if is_english => format!(
                "`{column}` alone tells good from bad customers (AUC {auc:.3}): look whether it was known only after \
                 the outcome"
            ),
            Warning::Leak { column, auc } => {
                format!(
                    "仅凭“{column}”一列即可区分好坏客户（AUC {auc:.3}）：请核实该列是否在结果发生之后才可知"
                )
            }
            Warning::FewBad { bads, least } if is_english => {
                format!(
                    "only {bads} bad customers to learn from and to validate on: {least} are the least that says something"
                )
            }
            Warning::FewBad { bads, least } => {
                format!("可用于学习和验证的坏客户仅有 {bads} 个：至少需要 {least} 个才有意义")
            }
            Warning::FewRows { rows, least } if is_english => {
                format!(
                    "only {rows} customers to learn from and to validate on: {least} are the least that says something"
                )
            }
            Warning::FewRows { rows, least } => {
                format!("可用于学习和验证的客户仅有 {rows} 个：至少需要 {least} 个才有意义")
            }
            Warning::TooManyWords { column } if is_english => {
                format!(
                    "`{column}` was left out: it has more than 1,000 different words, as a number or a name has"
                )
            }
            Warning::TooManyWords { column } => {
                format!("“{column}”列未采用：其不同取值超过 1000 个，像编号或名称")
            }
            Warning::WithoutOutcome { rows } if is_english => {
                format!(
                    "{rows} rows were left out, because they do not say how the customer turned out"
                )
            }
            Warning::WithoutOutcome { rows } => format!("有 {rows} 行未注明客户结果，未采用"),
        }
    }
}

/// What is to be said of how many there are.
pub fn of_numbers(rows: usize, bads: usize) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if rows < ROWS_LEAST {
        let least = ROWS_LEAST;
        warnings.push(Warning::FewRows { rows, least });
    }
    if bads < BADS_LEAST {
        let least = BADS_LEAST;
        warnings.push(Warning::FewBad { bads, least });
    }
    warnings
}

/// The columns that alone separate those who were held back, binned by those who were learnt from. A value that is
/// missing counts as one of its own: a column that is filled in for one kind of customer alone is found too.
///
/// # Errors
/// When it is told to stop.
pub fn of_leaks(
    learnt: &TrainingSet,
    held_back: &TrainingSet,
    progress: &Progress,
) -> Result<Vec<Warning>, ValidationError> {
    let settings = BinningSettings {
        trend: Trend::Free,
        ..BinningSettings::default()
    };
    let mut warnings = Vec::new();
    let columns = learnt.characteristics().iter();
    for (column, same) in columns.zip(held_back.characteristics()) {
        progress.go_on()?;
        let weights = bin(column, learnt.outcomes(), &settings).weights(&same.values);
        let observations: Vec<Observation> = weights
            .into_iter()
            .zip(held_back.outcomes())
            .map(|(score, outcome)| Observation {
                score,
                outcome: *outcome,
                probability_of_default: None,
            })
            .collect();
        let auc = auc(&observations)?;
        if auc > LEAK_AUC {
            let column = column.name.clone();
            warnings.push(Warning::Leak { column, auc });
        }
    }
    Ok(warnings)
}
