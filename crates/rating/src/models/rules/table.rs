//! A training set, taken in row by row: what each cell is, what is refused with its place, and how much may be held.

use std::collections::HashSet;
use std::sync::Arc;

use crate::rating::models::model::{DecimalMark, FitPlan};
use methods::training::{Characteristic, Outcome, TrainingError, TrainingSet, Values};

/// The most columns of a training set.
const COLUMNS_MAX: usize = 500;

/// The most rows that are learnt from: the whole set is in memory.
const ROWS_MAX: usize = 1_000_000;

/// The most cells that are learnt from: about half a gigabyte while a tree grows.
const CELLS_MAX: usize = 10_000_000;

/// The most different words of a column. Beyond it every customer has its own, and nothing is learnt from it.
const WORDS_MAX: usize = 1_000;

/// The longest word, in bytes.
const WORD_BYTES_MAX: usize = 1_000;

/// The most bytes of different words, all columns together.
const LETTERS_MAX: usize = 64 * 1024 * 1024;

/// Why a file is no training set, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The line of the file, the header being 1.
    pub line: Option<i64>,
    pub column: Option<String>,
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(line: Option<i64>, code: &'static str, message: impl Into<String>) -> Refusal {
        let message: String = message.into();
        Refusal {
            line,
            column: None,
            code,
            message: message.chars().take(1000).collect(),
        }
    }

    fn of(mut self, column: &str) -> Refusal {
        self.column = Some(column.chars().take(200).collect());
        self
    }
}

/// What was taken in.
#[derive(Debug)]
pub struct Taken {
    pub set: TrainingSet,
    /// How many rows were left out because nobody knows how the customer turned out.
    pub without_outcome: usize,
    /// Columns that were left out because nearly every customer has a word of its own there.
    pub of_too_many_words: Vec<String>,
}

/// A training set that is being taken in.
#[derive(Debug)]
pub struct TrainingTable<'p> {
    plan: &'p FitPlan,
    width: usize,
    target: usize,
    columns: Vec<Column>,
    outcomes: Vec<Outcome>,
    without_outcome: usize,
    cells: usize,
    letters: usize,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// Where it is in a row.
    place: usize,
    /// Whether the plan says that these are words, whatever they look like.
    is_declared: bool,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    /// Nothing but missing values so far.
    Unknown(usize),
    Numbers(Vec<Option<f64>>),
    Words {
        values: Vec<Option<Arc<str>>>,
        seen: HashSet<Arc<str>>,
        /// The first of them.
        line: i64,
        first: String,
    },
    TooManyWords,
}

/// What a cell holds.
enum Cell<'a> {
    Missing,
    Number(f64),
    /// Digits with marks between them that are no number as the plan wants numbers written.
    Odd,
    Word(&'a str),
}

impl<'p> TrainingTable<'p> {
    /// # Errors
    /// When the header is not what the plan asks for.
    pub fn new(plan: &'p FitPlan, header: &[String]) -> Result<TrainingTable<'p>, Refusal> {
        let wrong = |code, message: String| Refusal::new(Some(1), code, message);
        if header.len() > COLUMNS_MAX {
            let message = "has more than 500 columns: choose those to learn from";
            return Err(wrong("too_many_columns", message.to_owned()));
        }
        let mut seen = HashSet::new();
        if let Some(name) = header.iter().find(|name| !seen.insert(*name)) {
            let message = format!("the column `{name}` is there twice");
            return Err(wrong("repeated", message).of(name));
        }
        let place_of = |name: &String| {
            let place = header.iter().position(|one| one == name);
            place.ok_or_else(|| {
                let message = format!("the file has no column `{name}`");
                wrong("unknown_column", message).of(name)
            })
        };
        let target = place_of(&plan.target.column)?;
        for name in &plan.words {
            place_of(name)?;
        }
        let wanted: Vec<String> = if plan.characteristics.is_empty() {
            let others = header.iter().enumerate();
            let others = others.filter(|(place, _)| *place != target);
            others.map(|(_, name)| name.clone()).collect()
        } else {
            plan.characteristics.clone()
        };
        let mut columns = Vec::with_capacity(wanted.len());
        for name in wanted {
            columns.push(Column {
                place: place_of(&name)?,
                is_declared: plan.words.contains(&name),
                name,
                cells: Cells::Unknown(0),
            });
        }
        Ok(TrainingTable {
            plan,
            width: header.len(),
            target,
            columns,
            outcomes: Vec::new(),
            without_outcome: 0,
            cells: 0,
            letters: 0,
        })
    }

    /// Takes a row in.
    ///
    /// # Errors
    /// When a cell is not what it must be, or there is too much of it all.
    pub fn push(&mut self, line: i64, row: &[&str]) -> Result<(), Refusal> {
        if row.len() != self.width {
            let message = format!("has {} cells, the header {}", row.len(), self.width);
            return Err(Refusal::new(Some(line), "wrong_number_of_cells", message));
        }
        let Some(outcome) = self.outcome(line, row)? else {
            self.without_outcome = self.without_outcome.saturating_add(1);
            return Ok(());
        };
        self.outcomes.push(outcome);
        self.cells = self.cells.saturating_add(self.columns.len());
        if self.outcomes.len() > ROWS_MAX {
            let message = "has more than 1,000,000 rows: draw a sample";
            return Err(Refusal::new(Some(line), "too_many_rows", message));
        }
        if self.cells > CELLS_MAX {
            let message = "has more than 10,000,000 cells to learn from: draw a sample, or choose columns by \
                           `characteristics`";
            return Err(Refusal::new(Some(line), "too_many_cells", message));
        }
        for column in &mut self.columns {
            let text = row.get(column.place).copied().unwrap_or_default();
            column.push(self.plan, line, text, &mut self.letters)?;
        }
        if self.letters > LETTERS_MAX {
            let message =
                "has more than 64 MiB of different words: choose columns by `characteristics`";
            return Err(Refusal::new(Some(line), "too_large", message));
        }
        Ok(())
    }

    /// How the customer of a row turned out; none when nobody knows.
    fn outcome(&self, line: i64, row: &[&str]) -> Result<Option<Outcome>, Refusal> {
        let target = &self.plan.target;
        let found = row.get(self.target).copied().unwrap_or_default();
        if found == target.bad {
            return Ok(Some(Outcome::Bad));
        }
        if target.good.as_deref() == Some(found) {
            return Ok(Some(Outcome::Good));
        }
        if self.plan.is_missing(found) {
            return Ok(None);
        }
        if target.good.is_none() {
            return Ok(Some(Outcome::Good));
        }
        let shown: String = found.chars().take(100).collect();
        let message = format!(
            "row has `{shown}` in the target column `{}`, which is neither good nor bad",
            target.column
        );
        Err(Refusal::new(Some(line), "unknown_outcome", message).of(&target.column))
    }

    /// What was taken in.
    ///
    /// # Errors
    /// When it can't be learnt from.
    pub fn finish(self) -> Result<Taken, TrainingError> {
        let mut characteristics = Vec::new();
        let mut of_too_many_words = Vec::new();
        for column in self.columns {
            let values = match column.cells {
                Cells::Unknown(missing) => Values::Numeric(vec![None; missing]),
                Cells::Numbers(values) => Values::Numeric(values),
                Cells::Words { values, .. } => Values::Categorical(values),
                Cells::TooManyWords => {
                    of_too_many_words.push(column.name);
                    continue;
                }
            };
            let name = column.name;
            characteristics.push(Characteristic { name, values });
        }
        Ok(Taken {
            set: TrainingSet::new(characteristics, self.outcomes)?,
            without_outcome: self.without_outcome,
            of_too_many_words,
        })
    }
}

impl Column {
    fn push(
        &mut self,
        plan: &FitPlan,
        line: i64,
        text: &str,
        letters: &mut usize,
    ) -> Result<(), Refusal> {
        let cell = match Cell::read(plan, text) {
            Cell::Number(_) | Cell::Odd if self.is_declared => Cell::Word(text),
            cell => cell,
        };
        match (cell, &mut self.cells) {
            (_, Cells::TooManyWords) => {}
            (Cell::Missing, Cells::Unknown(missing)) => *missing = missing.saturating_add(1),
            (Cell::Missing, Cells::Numbers(values)) => values.push(None),
            (Cell::Missing, Cells::Words { values, .. }) => values.push(None),
            (Cell::Number(number), Cells::Unknown(missing)) => {
                let mut values = vec![None; *missing];
                values.push(Some(number));
                self.cells = Cells::Numbers(values);
            }
            (Cell::Number(number), Cells::Numbers(values)) => values.push(Some(number)),
            (Cell::Number(_), Cells::Words { line, first, .. }) => {
                return Err(mixed(&self.name, *line, first));
            }
            (Cell::Odd, _) => return Err(odd(plan, &self.name, line, text)),
            (Cell::Word(word), Cells::Numbers(_)) => return Err(mixed(&self.name, line, word)),
            (Cell::Word(word), Cells::Unknown(missing)) => {
                self.cells = Cells::Words {
                    values: vec![None; *missing],
                    seen: HashSet::new(),
                    line,
                    first: word.to_owned(),
                };
                return self.word(line, word, letters);
            }
            (Cell::Word(word), Cells::Words { .. }) => return self.word(line, word, letters),
        }
        Ok(())
    }

    fn word(&mut self, line: i64, word: &str, letters: &mut usize) -> Result<(), Refusal> {
        if word.len() > WORD_BYTES_MAX {
            let message = "is longer than 1,000 bytes, which is no word to learn from";
            return Err(Refusal::new(Some(line), "too_long", message).of(&self.name));
        }
        let Cells::Words { values, seen, .. } = &mut self.cells else {
            return Ok(());
        };
        let shared = if let Some(shared) = seen.get(word) {
            Arc::clone(shared)
        } else {
            let shared: Arc<str> = word.into();
            seen.insert(Arc::clone(&shared));
            *letters = letters.saturating_add(word.len());
            shared
        };
        values.push(Some(shared));
        if seen.len() > WORDS_MAX {
            self.cells = Cells::TooManyWords;
        }
        Ok(())
    }
}

impl<'a> Cell<'a> {
    fn read(plan: &FitPlan, text: &'a str) -> Cell<'a> {
        if plan.is_missing(text) {
            return Cell::Missing;
        }
        let number: Option<f64> = match plan.decimal {
            DecimalMark::Point => text.parse().ok(),
            DecimalMark::Comma if text.contains('.') => None,
            DecimalMark::Comma => text.replacen(',', ".", 1).parse().ok(),
        };
        match number.filter(|number| number.is_finite()) {
            Some(number) => Cell::Number(number),
            None if looks_like_a_number(text) => Cell::Odd,
            None => Cell::Word(text),
        }
    }
}

/// Digits with marks, spaces or a percent sign: `1,5`, `1.234,50`, `12 000`, `7%`. A date or a range of numbers has a
/// hyphen inside, and is a word.
fn looks_like_a_number(text: &str) -> bool {
    let unsigned = text.trim_start_matches(['-', '+']);
    let of_number = |c: char| c.is_ascii_digit() || c.is_whitespace() || ".,'’%".contains(c);
    unsigned.chars().any(|c| c.is_ascii_digit()) && unsigned.chars().all(of_number)
}

fn odd(plan: &FitPlan, column: &str, line: i64, text: &str) -> Refusal {
    let shown: String = text.chars().take(100).collect();
    let has_comma = text.contains(',') && !text.contains('.');
    let (code, hint) = match plan.decimal {
        DecimalMark::Point if has_comma => (
            "decimal_comma",
            "when commas stand before decimals, say `\"decimal\": \"comma\"` in the plan",
        ),
        _ => (
            "not_a_number",
            "write plain numbers, or name the column in `words`",
        ),
    };
    let message = format!("`{shown}` in the column `{column}` can't be read as a number: {hint}");
    Refusal::new(Some(line), code, message).of(column)
}

fn mixed(column: &str, line: i64, word: &str) -> Refusal {
    let shown: String = word.chars().take(100).collect();
    let message = format!(
        "`{shown}` is a word in the column `{column}`, which has numbers: correct it, write missing values as the plan \
         says (`missing`), or name the column in `words`"
    );
    Refusal::new(Some(line), "word_among_numbers", message).of(column)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(more: &serde_json::Value) -> FitPlan {
        let mut plan = json!({
            "code": "M", "name": "M", "kind": "scorecard", "target": {"column": "y", "bad": "bad"}, "reason": "x",
        });
        for (name, value) in more.as_object().unwrap() {
            plan[name] = value.clone();
        }
        serde_json::from_value(plan).unwrap()
    }

    /// Takes in a column `x` and outcomes, from line 2 on.
    fn take(more: &serde_json::Value, rows: &[(&str, &str)]) -> Result<Taken, Refusal> {
        let plan = plan(more);
        let mut table = TrainingTable::new(&plan, &["x".to_owned(), "y".to_owned()])?;
        for (line, (x, y)) in (2..).zip(rows) {
            table.push(line, &[x, y])?;
        }
        Ok(table.finish().unwrap())
    }

    fn refused(more: &serde_json::Value, cells: &[&str]) -> (Option<i64>, &'static str) {
        let rows: Vec<(&str, &str)> = cells.iter().map(|cell| (*cell, "good")).collect();
        let refusal = take(more, &rows).unwrap_err();
        assert_eq!(refusal.column.as_deref(), Some("x"));
        (refusal.line, refusal.code)
    }

    #[test]
    fn missing_values_are_missing_however_they_are_spelt() {
        let cells = ["1", "", "NA", "NaN", "nan", "null", "NULL", ".", "2.5"];
        let rows: Vec<(&str, &str)> = cells
            .iter()
            .zip(["good", "bad"].iter().cycle())
            .map(|(x, y)| (*x, *y))
            .collect();
        let taken = take(&json!({}), &rows).unwrap();
        let mut wanted = vec![Some(1.0)];
        wanted.extend([None; 7]);
        wanted.push(Some(2.5));
        assert_eq!(
            taken.set.characteristics()[0].values,
            Values::Numeric(wanted)
        );
    }

    #[test]
    fn a_word_among_numbers_is_refused_with_the_first_one() {
        assert_eq!(
            refused(&json!({}), &["1", "NA", "high", "low"]),
            (Some(4), "word_among_numbers")
        );
        assert_eq!(
            refused(&json!({}), &["high", "low", "3"]),
            (Some(2), "word_among_numbers")
        );
        assert_eq!(
            refused(&json!({}), &["1", "inf"]),
            (Some(3), "word_among_numbers")
        );
        let taken = take(&json!({"words": ["x"]}), &[("1", "good"), ("high", "bad")]).unwrap();
        assert!(matches!(
            taken.set.characteristics()[0].values,
            Values::Categorical(_)
        ));
    }

    #[test]
    fn a_decimal_comma_is_asked_for_or_refused() {
        assert_eq!(refused(&json!({}), &["1,5"]), (Some(2), "decimal_comma"));
        assert_eq!(
            refused(&json!({}), &["1.5", "1.234,5"]),
            (Some(3), "not_a_number")
        );
        assert_eq!(refused(&json!({}), &["12%"]), (Some(2), "not_a_number"));
        assert_eq!(
            refused(&json!({"decimal": "comma"}), &["1,5", "1.5"]),
            (Some(3), "not_a_number")
        );
        let taken = take(
            &json!({"decimal": "comma"}),
            &[("1,5", "good"), ("-2", "bad")],
        )
        .unwrap();
        let wanted = Values::Numeric(vec![Some(1.5), Some(-2.0)]);
        assert_eq!(taken.set.characteristics()[0].values, wanted);
        let dates = take(&json!({}), &[("2024-01-31", "good"), ("2024-02-29", "bad")]).unwrap();
        assert!(matches!(
            dates.set.characteristics()[0].values,
            Values::Categorical(_)
        ));
    }

    #[test]
    fn rows_without_an_outcome_are_left_out_and_counted() {
        let rows = [("1", "good"), ("2", "NA"), ("3", ""), ("4", "bad")];
        let taken = take(&json!({}), &rows).unwrap();
        assert_eq!((taken.without_outcome, taken.set.outcomes().len()), (2, 2));
        let namibia = json!({"missing": [""], "words": ["x"]});
        let taken = take(&namibia, &[("NA", "good"), ("DE", "bad")]).unwrap();
        let Values::Categorical(words) = &taken.set.characteristics()[0].values else {
            panic!("these are words");
        };
        assert_eq!(words[0].as_deref(), Some("NA"));
    }

    #[test]
    fn a_column_in_which_everybody_has_its_own_word_is_left_out() {
        let plan = plan(&json!({}));
        let header = ["id", "x", "y"].map(str::to_owned);
        let mut table = TrainingTable::new(&plan, &header).unwrap();
        for row in 0..=1000_i64 {
            let outcome = if row % 7 == 0 { "bad" } else { "good" };
            table
                .push(row + 2, &[&format!("K-{row}"), "1", outcome])
                .unwrap();
        }
        let taken = table.finish().unwrap();
        assert_eq!(taken.of_too_many_words, ["id"]);
        assert_eq!(taken.set.characteristics().len(), 1);
    }

    #[test]
    fn more_cells_than_are_allowed_are_refused_while_they_come() {
        let plan = plan(&json!({}));
        let names = (0..COLUMNS_MAX - 1).map(|place| format!("c{place}"));
        let header: Vec<String> = names.chain(["y".to_owned()]).collect();
        let mut table = TrainingTable::new(&plan, &header).unwrap();
        let mut row = vec![""; COLUMNS_MAX - 1];
        row.push("good");
        let refusal = (2..).find_map(|line| table.push(line, &row).err()).unwrap();
        assert_eq!(refusal.code, "too_many_cells");
        assert_eq!(refusal.line, Some(20_042));
    }
}
