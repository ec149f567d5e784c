//! A letter, as plain texts: amounts and days come as they are to be read.

use crate::epc::CreditTransfer;

/// In which language the fixed words stand, and by whose habits punctuation is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    Chinese,
}

/// A letter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    pub language: Language,
    pub letterhead: Letterhead,
    /// Name and address, a line each.
    pub recipient: Vec<String>,
    /// What stands beside the recipient, each with its label: day, reference, customer number.
    pub details: Vec<(String, String)>,
    pub subject: String,
    /// What stands before the table. A line break within a paragraph is kept.
    pub opening: Vec<String>,
    pub table: Option<Table>,
    pub totals: Vec<Total>,
    /// What stands after the table.
    pub closing: Vec<String>,
    pub payment: Option<Payment>,
}

/// Who writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letterhead {
    pub company: String,
    pub address: Vec<String>,
    /// Telephone, e-mail, whatever else stands at the top.
    pub contact: Vec<String>,
    /// The number for value added tax.
    pub tax_id: Option<String>,
    pub account: Option<BankAccount>,
    /// Further lines of the foot: register, managers.
    pub foot: Vec<String>,
}

/// Where money is received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BankAccount {
    pub holder: String,
    pub bank: Option<String>,
    /// The IBAN, or another number.
    pub number: String,
    pub bic: Option<String>,
}

/// To which side a column is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Align {
    #[default]
    Left,
    /// Amounts and counts.
    Right,
}

/// A column of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    pub title: String,
    pub align: Align,
    /// Its part of the width, beside the parts of the others.
    pub share: u16,
}

/// A table of items; its head is repeated on each page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<Column>,
    /// A cell for each column; what a row lacks is empty, and what it has too much is left out.
    pub rows: Vec<Vec<String>>,
}

/// A line below the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Total {
    pub label: String,
    pub amount: String,
    /// What is to be paid stands out.
    pub strong: bool,
}

/// How to pay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payment {
    pub account: BankAccount,
    pub amount: String,
    pub reference: String,
    /// Until when.
    pub until: Option<String>,
    /// What a code to be scanned says, where the currency is EUR and the account has an IBAN. One that the guidelines
    /// do not allow is left out.
    pub transfer: Option<CreditTransfer>,
}
