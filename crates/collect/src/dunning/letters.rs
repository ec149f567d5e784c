//! Letters: a level's wording, filled in for one customer, as text and as HTML.
//!
//! A wording knows values and conditions and nothing else: no loops, filters or expressions, so that what it makes is
//! bounded by its own length. It is rendered as text; the HTML comes from one layout of ours, into which that text
//! and all data go as escaped values. Nothing that a customer is called is ever compiled.

mod wordings;

use std::sync::LazyLock;

use chrono::NaiveDate;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::model::{Level, OpenInvoice, Wording};
use super::rules;
use crate::book::customers::model::Customer;
use crate::book::entities::model::LegalEntity;
use kernel::money::{Currency, Money};
use kernel::places::Language;
use kernel::text::{Line, Note};

pub use wordings::{check_body, check_subject};

const LAYOUT: &str = include_str!("letter.html");

/// Where the list of invoices stands in a body. Stands in for itself while the body is rendered: no text of ours or
/// of a customer's can hold a NUL.
const INVOICES_MARK: char = '\0';

/// How much work one rendering may be, in instructions of the template engine.
const FUEL: u64 = 50_000;

/// Why a template is refused, or could not be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("{0:?} is none of the values: {1}")]
    UnknownValue(String, String),
    #[error("{0:?} is neither a value nor a condition such as {{% if invoice_count > 1 %}}")]
    NotAllowed(String),
    #[error("a {0:?} is not closed")]
    NotClosed(&'static str),
    #[error("{0}")]
    Syntax(String),
}

/// All that a letter says.
#[derive(Debug, Clone)]
pub struct Letter<'a> {
    pub customer: &'a Customer,
    /// Under whose letterhead it goes out; none where there is only one company, which never got a name here.
    pub entity: Option<&'a LegalEntity>,
    pub level: &'a Level,
    pub as_of: NaiveDate,
    pub currency: Currency,
    pub invoices: Vec<&'a OpenInvoice>,
    /// What of them is covered by money and credit that are not applied yet.
    pub unapplied_minor: i64,
    /// What the customer is to pay with; none for notices of before.
    pub payment_reference: Option<&'a str>,
}

/// A letter as it is stored and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The words around the data, in each language.
struct Words {
    customer_number: &'static str,
    vat_id: &'static str,
    pay_to: &'static str,
    payment_reference: &'static str,
    invoice: &'static str,
    invoice_date: &'static str,
    due_date: &'static str,
    days_past_due: &'static str,
    open: &'static str,
    total: &'static str,
    /// Where something is covered: what is open together, what is taken off, and what is left to pay.
    open_together: &'static str,
    unapplied: &'static str,
    to_pay: &'static str,
}

const fn words(language: Language) -> Words {
    match language {
        Language::English => Words {
            customer_number: "Customer no.",
            vat_id: "VAT ID",
            pay_to: "Please pay to",
            payment_reference: "Payment reference",
            invoice: "Invoice",
            invoice_date: "Date",
            due_date: "Due",
            days_past_due: "Days past due",
            open: "Open amount",
            total: "Total",
            open_together: "Open in total",
            unapplied: "Less payments and credit received that are not yet applied",
            to_pay: "To be paid",
        },
        Language::Chinese => Words {
            customer_number: "客户编号",
            vat_id: "税号",
            pay_to: "收款账户",
            payment_reference: "付款参考号",
            invoice: "发票号",
            invoice_date: "开票日期",
            due_date: "到期日",
            days_past_due: "逾期天数",
            open: "未付金额",
            total: "合计",
            open_together: "未付合计",
            unapplied: "减：已收未核销款项及贷项",
            to_pay: "应付余额",
        },
    }
}

/// The words of a letter: its subject, and the paragraphs before and after the list of invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prose {
    pub subject: String,
    pub before: Vec<String>,
    pub after: Vec<String>,
}

/// Fills in the words of a letter in the customer's language.
///
/// # Errors
/// When a template can't be filled in; those that were checked can.
pub fn prose(letter: &Letter) -> Result<Prose, TemplateError> {
    let language = letter.customer.language;
    let Wording { subject, body } = letter.level.texts.wording(language);
    let values = values(letter);
    let subject = fill("subject", subject.as_str(), values.clone())?;
    let subject: String = subject
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(500)
        .collect();
    let body = fill("body", body.as_str(), values)?;
    let (before, after) = body.split_once(INVOICES_MARK).unwrap_or((&body, ""));
    Ok(Prose {
        subject,
        before: paragraphs(before),
        after: paragraphs(after),
    })
}

/// Writes a letter in the customer's language.
///
/// # Errors
/// When a template can't be filled in; those that were checked can.
pub fn render(letter: &Letter) -> Result<Rendered, TemplateError> {
    let Prose {
        subject,
        before,
        after,
    } = prose(letter)?;
    let text = text(letter, &before, &after);
    let html = html(letter, &subject, &before, &after)?;
    Ok(Rendered {
        subject,
        text,
        html,
    })
}

/// What is said of money and credit that are not applied yet.
pub const fn unapplied_label(language: Language) -> &'static str {
    words(language).unapplied
}

/// The paragraphs of a text, without any control character that a template smuggled in.
fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n")
        .map(|paragraph| {
            let visible: String = paragraph
                .chars()
                .filter(|c| !c.is_control() || *c == '\n')
                .collect();
            visible.trim().to_owned()
        })
        .filter(|paragraph| !paragraph.is_empty())
        .collect()
}

fn values(letter: &Letter) -> Value {
    let oldest = letter.invoices.iter().map(|invoice| invoice.due_date).min();
    let oldest = oldest.unwrap_or(letter.as_of);
    context! {
        customer_name => letter.customer.name.as_str(),
        customer_number => letter.customer.number.as_str(),
        level => letter.level.level,
        date => letter.as_of.to_string(),
        total => total(letter),
        payment_reference => letter.payment_reference.unwrap_or_default(),
        invoice_count => letter.invoices.len(),
        days_past_due => rules::days_past_due(oldest, letter.as_of),
        oldest_due_date => oldest.to_string(),
        invoices => INVOICES_MARK.to_string(),
    }
}

/// What is asked for.
fn total(letter: &Letter) -> String {
    let open = rules::total_minor(&letter.invoices);
    in_words(letter, open.saturating_sub(letter.unapplied_minor))
}

fn in_words(letter: &Letter, minor: i64) -> String {
    money_text(Money::from_minor(minor, letter.currency))
}

/// The lines under the invoices, each with its amount: the total, or how it comes about.
fn sums(letter: &Letter) -> Vec<(&'static str, String)> {
    let words = words(letter.customer.language);
    if letter.unapplied_minor == 0 {
        return vec![(words.total, total(letter))];
    }
    let open = rules::total_minor(&letter.invoices);
    let unapplied = in_words(letter, letter.unapplied_minor);
    vec![
        (words.open_together, in_words(letter, open)),
        (words.unapplied, format!("−{unapplied}")),
        (words.to_pay, total(letter)),
    ]
}

fn text(letter: &Letter, before: &[String], after: &[String]) -> String {
    let mut table: Vec<String> = letter
        .invoices
        .iter()
        .map(|invoice| invoice_line(letter, invoice))
        .collect();
    table.extend(
        sums(letter)
            .into_iter()
            .map(|(word, amount)| format!("{word}: {amount}")),
    );
    let mut parts: Vec<String> = Vec::new();
    let head = letterhead(letter);
    if !head.is_empty() {
        parts.push(head.join("\n"));
    }
    parts.extend_from_slice(before);
    parts.push(table.join("\n"));
    parts.extend_from_slice(after);
    let account = bank_details(letter);
    if !account.is_empty() {
        let pay_to = words(letter.customer.language).pay_to;
        parts.push(format!("{pay_to}:\n{}", account.join("\n")));
    }
    if let Some(reference) = letter.payment_reference {
        let word = words(letter.customer.language).payment_reference;
        parts.push(format!("{word}: {reference}"));
    }
    let mut text = parts.join("\n\n");
    text.push('\n');
    text
}

/// Who writes: the company's name and address, its VAT ID, and the sender as the company has it printed.
fn letterhead(letter: &Letter) -> Vec<String> {
    let Some(entity) = letter.entity else {
        return Vec::new();
    };
    let words = words(letter.customer.language);
    let country = entity.country.map(kernel::places::Country::code);
    let mut lines = vec![entity.name.to_string()];
    lines.extend(entity.street.iter().map(ToString::to_string));
    lines.extend(place(entity.postal_code.as_ref(), entity.city.as_ref()));
    lines.extend(country.map(str::to_owned));
    lines.extend(
        entity
            .vat_id
            .iter()
            .map(|id| format!("{} {id}", words.vat_id)),
    );
    lines.extend(entity.letter_sender.iter().flat_map(visible_lines));
    lines
}

/// Where the customer is to pay.
fn bank_details(letter: &Letter) -> Vec<String> {
    let details = letter
        .entity
        .and_then(|entity| entity.bank_details.as_ref());
    details.into_iter().flat_map(visible_lines).collect()
}

fn visible_lines(note: &Note) -> Vec<String> {
    let lines = note.as_str().lines().map(|line| {
        let visible: String = line.chars().filter(|c| !c.is_control()).collect();
        visible.trim().to_owned()
    });
    lines.filter(|line| !line.is_empty()).collect()
}

/// The line of an address with postal code and city; none where there is neither.
fn place(postal_code: Option<&Line>, city: Option<&Line>) -> Option<String> {
    let parts: Vec<&str> = [postal_code, city]
        .into_iter()
        .flatten()
        .map(Line::as_str)
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn invoice_line(letter: &Letter, invoice: &OpenInvoice) -> String {
    let (number, dated, due) = (&invoice.number, invoice.invoice_date, invoice.due_date);
    let days = rules::days_past_due(due, letter.as_of);
    let open = money_text(Money::from_minor(invoice.open_minor, letter.currency));
    let number = numbered(number.as_str(), invoice, letter.customer.language);
    match letter.customer.language {
        Language::English => {
            let unit = if days == 1 { "day" } else { "days" };
            format!("- Invoice {number} of {dated}, due {due}, {days} {unit} past due: {open}")
        }
        Language::Chinese => {
            format!("- 发票 {number}，开票日期 {dated}，到期日 {due}，逾期 {days} 天，未付 {open}")
        }
    }
}

/// The number of an invoice, and of an instalment also which one it is.
fn numbered(number: &str, invoice: &OpenInvoice, language: Language) -> String {
    let position = invoice.position;
    match language {
        _ if !invoice.is_instalment() => number.to_owned(),
        Language::English => format!("{number}, instalment {position},"),
        Language::Chinese => format!("{number} 第 {position} 期"),
    }
}

fn html(
    letter: &Letter,
    subject: &str,
    before: &[String],
    after: &[String],
) -> Result<String, TemplateError> {
    let customer = letter.customer;
    let words = words(customer.language);
    let rows: Vec<Value> = letter
        .invoices
        .iter()
        .map(|invoice| {
            context! {
                number => numbered(invoice.number.as_str(), invoice, customer.language),
                invoice_date => invoice.invoice_date.to_string(),
                due_date => invoice.due_date.to_string(),
                days_past_due => rules::days_past_due(invoice.due_date, letter.as_of),
                open => money_text(Money::from_minor(invoice.open_minor, letter.currency)),
            }
        })
        .collect();
    let place = place(customer.postal_code.as_ref(), customer.city.as_ref()).unwrap_or_default();
    let address: Vec<Value> = [
        customer.name.as_str(),
        customer
            .street
            .as_ref()
            .map_or("", |street| street.as_str()),
        &place,
        customer.country.code(),
    ]
    .into_iter()
    .filter(|line| !line.is_empty())
    .map(Value::from)
    .collect();
    let list = |paragraphs: &[String]| -> Value { paragraphs.iter().map(Value::from).collect() };
    let lines = |lines: Vec<String>| -> Value { lines.into_iter().map(Value::from).collect() };
    let page = context! {
        letterhead => lines(letterhead(letter)),
        bank_details => lines(bank_details(letter)),
        language => customer.language.code(),
        subject => subject,
        address => Value::from_iter(address),
        customer_number => customer.number.as_str(),
        date => letter.as_of.to_string(),
        payment_reference => letter.payment_reference,
        before => list(before),
        after => list(after),
        rows => Value::from_iter(rows),
        sums => sums(letter)
            .into_iter()
            .map(|(word, amount)| context! { word => word, amount => amount })
            .collect::<Value>(),
        words => context! {
            customer_number => words.customer_number,
            pay_to => words.pay_to,
            payment_reference => words.payment_reference,
            invoice => words.invoice,
            invoice_date => words.invoice_date,
            due_date => words.due_date,
            days_past_due => words.days_past_due,
            open => words.open,
        },
    };
    LAYOUT_ENGINE
        .get_template(LAYOUT_NAME)
        .and_then(|template| template.render(page))
        .map_err(|error| TemplateError::Syntax(error.to_string()))
}

const LAYOUT_NAME: &str = "letter.html";

/// Our own layout, which is read once.
static LAYOUT_ENGINE: LazyLock<Environment<'static>> = LazyLock::new(layout_engine);

/// An amount with its thousands apart: `CNY 1,234,567.00`.
fn money_text(money: Money) -> String {
    let amount = money.amount_text();
    let (whole, fraction) = amount.split_once('.').unwrap_or((&amount, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{} {grouped}{point}{fraction}", money.currency())
}

fn fill(name: &str, source: &str, values: Value) -> Result<String, TemplateError> {
    render_with(&engine(), name, source, values)
}

fn render_with(
    engine: &Environment,
    name: &str,
    source: &str,
    values: Value,
) -> Result<String, TemplateError> {
    engine
        .template_from_named_str(name, source)
        .and_then(|template| template.render(values))
        .map_err(|error| TemplateError::Syntax(error.to_string()))
}

/// The template engine for wordings: no functions, no filters, no files, plain text.
fn engine() -> Environment<'static> {
    let mut engine = Environment::empty();
    engine.set_fuel(Some(FUEL));
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine
}

/// The engine for our own layout, which escapes every value. Its loops grow with the invoices, so it has no fuel.
fn layout_engine() -> Environment<'static> {
    let mut engine = Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    if let Err(error) = engine.add_template(LAYOUT_NAME, LAYOUT) {
        tracing::error!(%error, "the layout of letters can't be read");
    }
    engine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_easy_to_read() {
        let text = |minor, code: &str| money_text(Money::from_minor(minor, code.parse().unwrap()));
        assert_eq!(text(123_456_700, "CNY"), "CNY 1,234,567.00");
        assert_eq!(text(99, "EUR"), "EUR 0.99");
        assert_eq!(text(1_000, "JPY"), "JPY 1,000");
    }
}
