//! From a line's cells to a row of the book: every cell read by the same strict grammar as the API's.

pub mod alike;
mod documents;
pub mod mapping;
pub mod shipped;

use std::fmt::Display;
use std::str::FromStr;

use chrono::NaiveDate;
use mapping::Layout;

pub use documents::{CreditNoteRow, DepositRequestRow, InvoiceRow, OpenItemRow, ReceiptRow};

use crate::book::customers::model::{Contact, Contacts, LegalStatus, written_to};
use crate::book::entities::model::EntityRef;
use crate::book::exchange_rates::model::NewRate;
use crate::book::exposure::model::{BillingCurrencies, Limit, LimitKind};
use crate::platform::jobs::model::JobError;
use kernel::clock::Day;
use kernel::money::{Currency, Money};
use kernel::places::{Country, Language};
use kernel::text::{EmailList, Keyword, Line, Number, Subject};

/// How many labels a document may have.
const LABELS_MAX: usize = 20;

/// The cells of one line, and what was found wrong with them.
pub struct Cells<'a> {
    layout: &'a Layout,
    texts: &'a [&'a str],
    line: i64,
    errors: Vec<JobError>,
}

impl<'a> Cells<'a> {
    pub const fn new(layout: &'a Layout, line: i64, cells: &'a [&'a str]) -> Cells<'a> {
        Cells {
            layout,
            texts: cells,
            line,
            errors: Vec::new(),
        }
    }

    /// The row, when nothing was wrong.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub fn finish<R>(self, row: Option<R>) -> Result<R, Vec<JobError>> {
        match row {
            Some(row) if self.errors.is_empty() => Ok(row),
            _ => Err(self.errors),
        }
    }

    fn text(&self, column: &'static str) -> Option<&'a str> {
        self.layout.text(column, self.texts)
    }

    fn complain(&mut self, column: &'static str, code: &str, message: impl Display) {
        self.errors.push(JobError {
            line: Some(self.line),
            column: Some(column.to_owned()),
            code: code.to_owned(),
            message: message.to_string().chars().take(500).collect(),
        });
    }

    /// What an optional cell says: none when it is empty, and also when it is malformed, which is noted.
    fn optional<T>(
        &mut self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(self.text(column)?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.complain(column, "malformed", message);
                None
            }
        }
    }

    fn required<T>(
        &mut self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.text(column).is_none() {
            self.complain(column, "missing", "is empty");
        }
        self.optional(column, parse)
    }

    fn optional_day(&mut self, column: &'static str) -> Option<NaiveDate> {
        let format = self.layout.date_format();
        self.optional(column, |text| day(text, format))
    }

    fn required_day(&mut self, column: &'static str) -> Option<NaiveDate> {
        let format = self.layout.date_format();
        self.required(column, |text| day(text, format))
    }

    fn amount(&mut self, currency: Option<Currency>) -> Option<Money> {
        let currency = currency?;
        let layout = self.layout;
        let amount = self.required("amount", |text| {
            text_or_why(Money::parse(&layout.amount(text), currency))
        })?;
        if !amount.is_positive() {
            self.complain("amount", "not_positive", "must be more than zero");
            return None;
        }
        Some(amount)
    }

    /// A part of an amount, such as its tax.
    fn part(&mut self, column: &'static str, amount: Option<Money>) -> Option<Money> {
        let currency = amount?.currency();
        let layout = self.layout;
        let part = self.optional(column, |text| {
            text_or_why(Money::parse(&layout.amount(text), currency))
        })?;
        if part.is_negative() {
            self.complain(column, "out_of_bounds", "must not be negative");
            return None;
        }
        Some(part)
    }

    /// What is open of an amount: all of it when empty.
    fn open(&mut self, amount: Option<Money>) -> Option<Money> {
        let amount = amount?;
        let layout = self.layout;
        let open = self.optional("open", |text| {
            text_or_why(Money::parse(&layout.amount(text), amount.currency()))
        });
        let open = open.unwrap_or(amount);
        if !open.is_positive() || open.minor() > amount.minor() {
            self.complain(
                "open",
                "out_of_bounds",
                "must be more than zero and at most the amount",
            );
            return None;
        }
        Some(open)
    }
}

fn day(text: &str, format: &str) -> Result<NaiveDate, String> {
    let date = NaiveDate::parse_from_str(text, format)
        .map_err(|_| format!("is not a day as {format} writes it"))?;
    let day: Day = date.to_string().parse().map_err(str::to_owned)?;
    Ok(day.date())
}

fn text_or_why<T, E: Display>(outcome: Result<T, E>) -> Result<T, String> {
    outcome.map_err(|why| why.to_string())
}

fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text_or_why(text.parse())
}

/// Words with commas or semicolons between, such as `export; pilot`.
fn labels(text: &str) -> Result<Vec<Keyword>, String> {
    let pieces = text.split([',', ';']).map(str::trim);
    let labels: Vec<Keyword> = pieces
        .filter(|piece| !piece.is_empty())
        .map(parsed)
        .collect::<Result<_, String>>()?;
    if labels.len() > LABELS_MAX {
        return Err(format!("has more than {LABELS_MAX} labels"));
    }
    Ok(labels)
}

/// What a line of each kind says.
pub trait FromCells: Sized {
    /// Whether lines of one number that stand together are one document, which is posted whole.
    const JOINS: bool = false;

    /// None when something was wrong, which the cells note.
    fn from_cells(cells: &mut Cells) -> Option<Self>;

    /// The numbers of customers that the line has, which may be another system's.
    fn customer_numbers(&mut self) -> Vec<&mut Number> {
        Vec::new()
    }
}

/// A customer: `number,name,country,industry,street,city,postal_code,email,language,owner,parent_number,
/// legal_status,legal_status_since,contacts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRow {
    pub number: Number,
    pub name: Line,
    pub country: Country,
    pub industry: Option<Line>,
    pub street: Option<Line>,
    pub city: Option<Line>,
    pub postal_code: Option<Line>,
    /// `en` when not told.
    pub language: Option<Language>,
    pub owner: Option<Subject>,
    pub parent_number: Option<Number>,
    pub legal_status: LegalStatus,
    pub legal_status_since: Option<NaiveDate>,
    pub contacts: Contacts,
}

/// Addresses with their purposes, such as `reminders:cfo@a.example; statements:ap@a.example`.
fn contacts(text: &str) -> Result<Vec<Contact>, String> {
    let pieces = text.split([',', ';']).map(str::trim);
    let contacts: Result<Vec<Contact>, String> = pieces
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let (purpose, email) = piece
                .split_once(':')
                .ok_or("is not written like reminders:cfo@example.com")?;
            Ok(Contact {
                email: parsed(email.trim())?,
                purpose: parsed(purpose.trim())?,
            })
        })
        .collect();
    contacts.and_then(|contacts| {
        if contacts.len() > EmailList::MAX {
            return Err(format!("has more than {} addresses", EmailList::MAX));
        }
        Ok(contacts)
    })
}

impl FromCells for CustomerRow {
    fn from_cells(cells: &mut Cells) -> Option<CustomerRow> {
        let number = cells.required("number", parsed);
        let name = cells.required("name", parsed);
        let country = cells.required("country", parsed);
        let industry = cells.optional("industry", parsed);
        let street = cells.optional("street", parsed);
        let city = cells.optional("city", parsed);
        let postal_code = cells.optional("postal_code", parsed);
        let email: Option<EmailList> = cells.optional("email", parsed);
        let others = cells.optional("contacts", contacts).unwrap_or_default();
        let email = email.as_ref().map(Some);
        let language = cells.optional("language", parsed);
        let owner = cells.optional("owner", parsed);
        let parent_number = cells.optional("parent_number", parsed);
        let legal_status = cells.optional("legal_status", parsed);
        let legal_status_since = cells.optional_day("legal_status_since");
        Some(CustomerRow {
            number: number?,
            name: name?,
            country: country?,
            industry,
            street,
            city,
            postal_code,
            language,
            owner,
            parent_number,
            legal_status: legal_status.unwrap_or_default(),
            legal_status_since,
            contacts: written_to(&Contacts::default(), Some(&others), email),
        })
    }

    fn customer_numbers(&mut self) -> Vec<&mut Number> {
        let own = std::iter::once(&mut self.number);
        own.chain(self.parent_number.as_mut()).collect()
    }
}

/// A credit account with the limit it has today:
/// `customer_number,currency,net_days,limit_kind,limit,valid_until,group_limit,
/// billing_currencies`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    pub customer_number: Number,
    pub currency: Currency,
    pub net_days: Option<i32>,
    pub limit: Limit,
    pub valid_until: Option<NaiveDate>,
    pub group_limit: Option<Limit>,
    pub billing_currencies: Option<BillingCurrencies>,
}

impl AccountRow {
    /// The net days of an account that is opened by it: 30 when not told.
    pub fn net_days(&self) -> i32 {
        self.net_days.unwrap_or(30)
    }
}

impl FromCells for AccountRow {
    fn from_cells(cells: &mut Cells) -> Option<AccountRow> {
        let customer_number = cells.required("customer_number", parsed);
        let currency: Option<Currency> = cells.required("currency", parsed);
        let net_days = cells.optional("net_days", |text| {
            let days = text.parse().ok().filter(|days| (0..=365).contains(days));
            days.ok_or_else(|| "is not a number of days from 0 to 365".to_owned())
        });
        let kind: Option<LimitKind> = cells.optional("limit_kind", parsed);
        let layout = cells.layout;
        let parse = |text: &str, currency| Money::parse(&layout.amount(text), currency);
        let amount = |text: &str| match currency.map(|currency| parse(text, currency)) {
            None => Ok(0),
            Some(Ok(money)) if !money.is_negative() => Ok(money.minor()),
            Some(Ok(_)) => Err("must not be negative".to_owned()),
            Some(Err(why)) => Err(why.to_string()),
        };
        let given: Option<i64> = cells.optional("limit", amount);
        let limit = match (kind, given) {
            (Some(LimitKind::Amount), None) => {
                cells.complain(
                    "limit",
                    "missing",
                    "limit_kind says that there is an amount",
                );
                return None;
            }
            (Some(kind @ (LimitKind::None | LimitKind::Unlimited)), Some(_)) => {
                cells.complain(
                    "limit",
                    "not_allowed",
                    format!("limit_kind {kind} has no amount"),
                );
                return None;
            }
            (Some(kind), amount) => Limit::new(kind, amount.unwrap_or(0)),
            (None, Some(amount)) => Limit::Amount(amount),
            (None, None) => Limit::None,
        };
        let valid_until = cells.optional_day("valid_until");
        let group_limit = cells.optional("group_limit", |text| match text {
            "unlimited" => Ok(Limit::Unlimited),
            text => amount(text).map(Limit::Amount),
        });
        let billing_currencies = cells.optional("billing_currencies", parsed);
        Some(AccountRow {
            customer_number: customer_number?,
            currency: currency?,
            net_days,
            limit,
            valid_until,
            group_limit,
            billing_currencies,
        })
    }

    fn customer_numbers(&mut self) -> Vec<&mut Number> {
        vec![&mut self.customer_number]
    }
}

/// What an order system says of one of its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    pub number: Number,
    pub customer_number: Number,
    pub entry_date: NaiveDate,
    pub amount: Money,
    pub order_number: Option<Number>,
    pub legal_entity: Option<EntityRef>,
}

impl EntryRow {
    fn read(cells: &mut Cells, dated: &'static str) -> Option<EntryRow> {
        let number = cells.required("number", parsed);
        let customer_number = cells.required("customer_number", parsed);
        let entry_date = cells.required_day(dated);
        let currency = cells.required("currency", parsed);
        let amount = cells.amount(currency);
        let order_number = cells.optional("order_number", parsed);
        let legal_entity = cells.optional("legal_entity", parsed);
        Some(EntryRow {
            number: number?,
            customer_number: customer_number?,
            entry_date: entry_date?,
            amount: amount?,
            order_number,
            legal_entity,
        })
    }
}

/// An open order: `number,customer_number,order_date,amount,currency,legal_entity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrderRow(pub EntryRow);

impl FromCells for OpenOrderRow {
    fn from_cells(cells: &mut Cells) -> Option<OpenOrderRow> {
        EntryRow::read(cells, "order_date").map(OpenOrderRow)
    }

    fn customer_numbers(&mut self) -> Vec<&mut Number> {
        vec![&mut self.0.customer_number]
    }
}

/// A delivery that is not billed: `number,customer_number,delivery_date,amount,currency,order_number,legal_entity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDeliveryRow(pub EntryRow);

impl FromCells for OpenDeliveryRow {
    fn from_cells(cells: &mut Cells) -> Option<OpenDeliveryRow> {
        EntryRow::read(cells, "delivery_date").map(OpenDeliveryRow)
    }

    fn customer_numbers(&mut self) -> Vec<&mut Number> {
        vec![&mut self.0.customer_number]
    }
}

/// Which group a customer is to belong to: `customer_number,parent_customer_number`. An empty parent is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentRow {
    pub customer_number: Number,
    pub parent_customer_number: Option<Number>,
}

impl FromCells for ParentRow {
    fn from_cells(cells: &mut Cells) -> Option<ParentRow> {
        let customer_number = cells.required("customer_number", parsed);
        let parent_customer_number = cells.optional("parent_customer_number", parsed);
        Some(ParentRow {
            customer_number: customer_number?,
            parent_customer_number,
        })
    }

    fn customer_numbers(&mut self) -> Vec<&mut Number> {
        let own = std::iter::once(&mut self.customer_number);
        own.chain(self.parent_customer_number.as_mut()).collect()
    }
}

/// An exchange rate: `base_currency,quote_currency,rate,rate_date,source`.
impl FromCells for NewRate {
    fn from_cells(cells: &mut Cells) -> Option<NewRate> {
        let base_currency: Option<Currency> = cells.required("base_currency", parsed);
        let quote_currency = cells.required("quote_currency", parsed);
        let rate = cells.required("rate", parsed);
        let rate_date = cells.required_day("rate_date");
        let source = cells.required("source", parsed);
        if base_currency.is_some() && base_currency == quote_currency {
            cells.complain(
                "quote_currency",
                "same_currency",
                "must not be the base currency",
            );
        }
        Some(NewRate {
            base_currency: base_currency?,
            quote_currency: quote_currency?,
            rate: rate?,
            rate_date: rate_date?,
            source: source?,
        })
    }
}
