//! Bank statements as CSV: one line for each payment, with the columns that docs/imports.md lists.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{
    Balance, Booking, FormatError, Payment, ReadStatement, account_number, amount, decoded, name,
    reference, remittance,
};
use crate::book::cash::model::{EntryKind, StatementFormat};
use kernel::money::{Currency, Money};

/// How a bank's own columns and days are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct TableMapping {
    /// The name of a column in the file, by the name that it has here.
    #[serde(default)]
    pub columns: BTreeMap<Column, String>,
    /// How days are written, as strftime has it: `%d.%m.%Y`. `%Y-%m-%d` when not given.
    #[serde(default)]
    #[validate(length(min = 2, max = 40))]
    pub date_format: Option<String>,
    /// Whether amounts are written with a comma before the minor units, and dots between thousands.
    #[serde(default)]
    pub decimal_comma: bool,
    /// The account of all lines, where the file has no column for it.
    #[serde(default)]
    #[validate(length(min = 1, max = 64))]
    pub account: Option<String>,
    /// The currency of all lines, where the file has no column for it.
    #[serde(default)]
    pub currency: Option<Currency>,
}

/// The columns of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    Account,
    Currency,
    BookingDate,
    ValueDate,
    Amount,
    PayerName,
    PayerAccount,
    Reference,
    Remittance,
    BankReference,
    EndToEndId,
    Balance,
}

impl Column {
    const ALL: [Column; 12] = [
        Column::Account,
        Column::Currency,
        Column::BookingDate,
        Column::ValueDate,
        Column::Amount,
        Column::PayerName,
        Column::PayerAccount,
        Column::Reference,
        Column::Remittance,
        Column::BankReference,
        Column::EndToEndId,
        Column::Balance,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Column::Account => "account",
            Column::Currency => "currency",
            Column::BookingDate => "booking_date",
            Column::ValueDate => "value_date",
            Column::Amount => "amount",
            Column::PayerName => "payer_name",
            Column::PayerAccount => "payer_account",
            Column::Reference => "reference",
            Column::Remittance => "remittance",
            Column::BankReference => "bank_reference",
            Column::EndToEndId => "end_to_end_id",
            Column::Balance => "balance",
        }
    }
}

/// Reads a table: one statement for each account in it, in the order of the lines.
///
/// # Errors
/// When it is no table of this form, a cell can't be read, or a balance does not follow from the one before.
pub fn read(bytes: &[u8], mapping: &TableMapping) -> Result<Vec<ReadStatement>, FormatError> {
    let text = decoded(bytes, false)?;
    let header = text.lines().next().unwrap_or_default();
    let delimiter = [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|d| header.bytes().filter(|byte| byte == d).count())
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| FormatError::Unrecognised)?;
    let places = Places::new(header, mapping)?;
    let mut tables: Vec<Table> = Vec::new();
    for record in reader.into_records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            FormatError::Malformed {
                what: "line",
                line: usize::try_from(line).unwrap_or(usize::MAX),
            }
        })?;
        let line = record.position().map_or(1, csv::Position::line);
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let row = Cells {
            record: &record,
            places: &places,
            mapping,
            line,
        };
        let (account, currency) = (row.account()?, row.currency()?);
        let index = tables
            .iter()
            .position(|table| table.statement.account == account);
        let index = index.unwrap_or(tables.len());
        if index == tables.len() {
            tables.push(Table::new(account, currency));
        }
        if let Some(table) = tables.get_mut(index) {
            table.add(&row, currency)?;
        }
    }
    Ok(tables.into_iter().map(Table::finish).collect())
}

/// Where each column stands.
struct Places(BTreeMap<Column, usize>);

impl Places {
    fn new(header: &csv::StringRecord, mapping: &TableMapping) -> Result<Places, FormatError> {
        let mut places = BTreeMap::new();
        for column in Column::ALL {
            let mapped = mapping.columns.get(&column).map(String::as_str);
            let wanted = mapped.unwrap_or(column.as_str());
            let found = header
                .iter()
                .position(|cell| cell.trim().eq_ignore_ascii_case(wanted.trim()));
            match found {
                Some(place) => {
                    places.insert(column, place);
                }
                None if mapped.is_some() => {
                    return Err(FormatError::Missing {
                        what: column.as_str(),
                        line: 1,
                    });
                }
                None => {}
            }
        }
        let required = [
            (Column::Account, mapping.account.is_some()),
            (Column::Currency, mapping.currency.is_some()),
            (Column::BookingDate, false),
            (Column::Amount, false),
        ];
        for (column, is_given) in required {
            if !is_given && !places.contains_key(&column) {
                return Err(FormatError::Missing {
                    what: column.as_str(),
                    line: 1,
                });
            }
        }
        Ok(Places(places))
    }
}

/// The cells of a line.
struct Cells<'r> {
    record: &'r csv::StringRecord,
    places: &'r Places,
    mapping: &'r TableMapping,
    line: usize,
}

impl<'r> Cells<'r> {
    fn text(&self, column: Column) -> Option<&'r str> {
        let place = self.places.0.get(&column)?;
        let text = self.record.get(*place)?.trim();
        (!text.is_empty()).then_some(text)
    }

    const fn malformed(&self, column: Column) -> FormatError {
        FormatError::Malformed {
            what: column.as_str(),
            line: self.line,
        }
    }

    fn account(&self) -> Result<String, FormatError> {
        let text = self
            .text(Column::Account)
            .or(self.mapping.account.as_deref());
        text.and_then(account_number)
            .ok_or_else(|| self.malformed(Column::Account))
    }

    fn currency(&self) -> Result<Currency, FormatError> {
        match self.text(Column::Currency) {
            Some(text) => text.parse().map_err(|_| self.malformed(Column::Currency)),
            None => self
                .mapping
                .currency
                .ok_or_else(|| self.malformed(Column::Currency)),
        }
    }

    fn day(&self, column: Column) -> Result<Option<NaiveDate>, FormatError> {
        let Some(text) = self.text(column) else {
            return Ok(None);
        };
        let format = self.mapping.date_format.as_deref().unwrap_or("%Y-%m-%d");
        NaiveDate::parse_from_str(text, format)
            .map(Some)
            .map_err(|_| self.malformed(column))
    }

    /// An amount with its sign: below zero is what went out.
    fn signed(&self, column: Column, currency: Currency) -> Result<Option<i64>, FormatError> {
        let Some(text) = self.text(column) else {
            return Ok(None);
        };
        let (sign, text) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let plain = if self.mapping.decimal_comma {
            text.replace(['.', ' ', '\u{a0}'], "").replace(',', ".")
        } else {
            text.replace([',', ' ', '\u{a0}'], "")
        };
        let minor = amount(&plain, currency).ok_or_else(|| self.malformed(column))?;
        Ok(Some(sign * minor))
    }
}

/// The statement of one account in the table.
struct Table {
    statement: ReadStatement,
    balance: Option<i64>,
}

impl Table {
    const fn new(account: String, currency: Currency) -> Table {
        Table {
            statement: ReadStatement {
                format: StatementFormat::Csv,
                account,
                currency,
                number: String::new(),
                opening: None,
                closing: None,
                bookings: Vec::new(),
            },
            balance: None,
        }
    }

    fn add(&mut self, row: &Cells<'_>, currency: Currency) -> Result<(), FormatError> {
        let expected = self.statement.currency;
        if currency != expected {
            return Err(FormatError::OtherCurrency {
                given: currency,
                expected,
                line: row.line,
            });
        }
        let booking_date = row
            .day(Column::BookingDate)?
            .ok_or_else(|| row.malformed(Column::BookingDate))?;
        let signed = row
            .signed(Column::Amount, currency)?
            .ok_or_else(|| row.malformed(Column::Amount))?;
        self.follow(row, signed, booking_date)?;
        if signed == 0 {
            return Ok(());
        }
        self.statement.bookings.push(Booking {
            kind: if signed > 0 {
                EntryKind::Credit
            } else {
                EntryKind::Debit
            },
            minor: signed.abs(),
            booking_date,
            value_date: row.day(Column::ValueDate)?.unwrap_or(booking_date),
            bank_reference: row.text(Column::BankReference).and_then(reference),
            payments: vec![Payment {
                minor: signed.abs(),
                end_to_end_id: row.text(Column::EndToEndId).and_then(reference),
                payer_name: row.text(Column::PayerName).and_then(name),
                payer_account: row.text(Column::PayerAccount).and_then(account_number),
                references: row
                    .text(Column::Reference)
                    .and_then(reference)
                    .into_iter()
                    .collect(),
                remittance: row
                    .text(Column::Remittance)
                    .map(remittance)
                    .unwrap_or_default(),
            }],
            line: row.line,
        });
        Ok(())
    }

    /// Checks the balance behind a line against the one before, where there are any.
    fn follow(&mut self, row: &Cells<'_>, signed: i64, day: NaiveDate) -> Result<(), FormatError> {
        let currency = self.statement.currency;
        let Some(stated) = row.signed(Column::Balance, currency)? else {
            return Ok(());
        };
        let before = self.balance.unwrap_or(stated - signed);
        let counted = before + signed;
        if counted != stated {
            return Err(FormatError::RunningBalance {
                line: row.line,
                counted: Money::from_minor(counted, currency),
                stated: Money::from_minor(stated, currency),
            });
        }
        if self.statement.opening.is_none() && self.statement.bookings.is_empty() {
            self.statement.opening = Some(Balance { day, minor: before });
        }
        self.balance = Some(stated);
        self.statement.closing = Some(Balance { day, minor: stated });
        Ok(())
    }

    fn finish(mut self) -> ReadStatement {
        let days = || self.statement.bookings.iter().map(|b| b.booking_date);
        let from = days().min().unwrap_or_default();
        let to = days().max().unwrap_or_default();
        self.statement.number = format!("{from} - {to}");
        if self.statement.opening.is_none() {
            self.statement.closing = None;
        }
        self.statement
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_one_statement_for_each_account() {
        let text = "account,currency,booking_date,amount,payer_name,remittance,balance\n\
            DE1,EUR,2026-03-30,100.00,Payer,I-1,1100.00\nDE2,EUR,2026-03-30,5,Other,I-2,\n\
            DE1,EUR,2026-03-31,-50.00,,fee,1050.00\n";
        let read = read(text.as_bytes(), &TableMapping::default()).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].opening.unwrap().minor, 100_000);
        assert_eq!(read[0].closing.unwrap().minor, 105_000);
        assert_eq!(read[0].bookings[1].kind, EntryKind::Debit);
        assert_eq!(read[0].number, "2026-03-30 - 2026-03-31");
        assert_eq!(read[1].opening, None);
    }

    #[test]
    fn a_bank_names_its_columns_as_it_likes() {
        let mapping: TableMapping = serde_json::from_value(serde_json::json!({
            "columns": {"booking_date": "Buchungstag", "amount": "Betrag", "remittance": "Verwendungszweck"},
            "date_format": "%d.%m.%Y", "decimal_comma": true, "account": "DE1", "currency": "EUR",
        }))
        .unwrap();
        let text = "Buchungstag;Betrag;Verwendungszweck\n31.03.2026;1.234,50;Rechnung 7\n";
        let read = read(text.as_bytes(), &mapping).unwrap();
        assert_eq!(read[0].bookings[0].minor, 123_450);
    }

    #[test]
    fn a_wrong_table_says_where() {
        for (text, code) in [
            ("account,currency,booking_date\n", "missing"),
            (
                "account,currency,booking_date,amount\nDE1,EUR,31.3.,1\n",
                "malformed",
            ),
            (
                "account,currency,booking_date,amount\nDE1,EUR,2026-03-31,1.005\n",
                "malformed",
            ),
            (
                "account,currency,booking_date,amount\nDE1,EUR,2026-03-31\n",
                "malformed",
            ),
            (
                "account,currency,booking_date,amount\nDE1,EUR,2026-03-31,1\nDE1,USD,2026-03-31,1\n",
                "other_currency",
            ),
            (
                "account,currency,booking_date,amount,balance\nDE1,EUR,2026-03-31,1,10\nDE1,EUR,2026-03-31,1,12\n",
                "balance_differs",
            ),
        ] {
            let error = read(text.as_bytes(), &TableMapping::default()).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
        }
    }
}
