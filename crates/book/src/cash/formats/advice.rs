//! Remittance advices as files: CSV with one line for each invoice that is paid, and remt.001 of ISO 20022.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::xml::{self, Element};
use super::{FormatError, account_number, amount, decoded};
use kernel::money::Currency;

/// How many advices one file may hold: they are taken whole or not at all.
pub const ADVICES_MAX: usize = 2_000;

/// The most invoices that one advice may name.
pub const LINES_MAX: usize = 500;

/// An advice as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAdvice {
    /// The payer's own number of it.
    pub number: String,
    /// Who pays, by our number.
    pub customer: Option<String>,
    pub payer_account: Option<String>,
    pub payment_date: Option<NaiveDate>,
    pub currency: Currency,
    /// The invoices as the payer names them, and what each gets.
    pub lines: Vec<(String, i64)>,
    /// Where it begins.
    pub line: usize,
}

/// Reads the advices of a file.
///
/// # Errors
/// When it can't be read, or says what contradicts itself.
pub fn read(bytes: &[u8]) -> Result<Vec<ReadAdvice>, FormatError> {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let advices = if start.trim_ascii_start().starts_with(b"<") {
        read_remt(bytes)?
    } else {
        read_table(bytes)?
    };
    if advices.is_empty() {
        return Err(FormatError::Empty);
    }
    let is_too_long = |advice: &ReadAdvice| advice.lines.len() > LINES_MAX;
    if advices.len() > ADVICES_MAX {
        return Err(FormatError::TooMany { max: ADVICES_MAX });
    }
    if let Some(advice) = advices.iter().find(|advice| is_too_long(advice)) {
        let line = advice.line;
        return Err(FormatError::Malformed {
            what: "number of invoices",
            line,
        });
    }
    Ok(advices)
}

const COLUMNS: [&str; 5] = [
    "number",
    "customer_number",
    "invoice_number",
    "amount",
    "currency",
];

/// The lines of one customer and number are one advice, wherever they stand.
fn read_table(bytes: &[u8]) -> Result<Vec<ReadAdvice>, FormatError> {
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
    let place = |name: &str| {
        header
            .iter()
            .position(|cell| cell.trim().eq_ignore_ascii_case(name))
    };
    for what in COLUMNS {
        if place(what).is_none() {
            return Err(FormatError::Missing { what, line: 1 });
        }
    }
    let names = COLUMNS.iter().chain(&["payment_date", "payer_account"]);
    let places: BTreeMap<&str, usize> = names
        .filter_map(|name| Some((*name, place(name)?)))
        .collect();
    let mut advices: Vec<ReadAdvice> = Vec::new();
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    for record in reader.into_records() {
        let record = record.map_err(|error| FormatError::Malformed {
            what: "line",
            line: line_of(error.position()),
        })?;
        let row = Row {
            line: line_of(record.position()),
            record: &record,
            places: &places,
        };
        let advice = row.read()?;
        let key = (
            advice.customer.clone().unwrap_or_default(),
            advice.number.clone(),
        );
        let first = known.get(&key).and_then(|place| advices.get_mut(*place));
        if let Some(first) = first {
            join(first, advice)?;
        } else {
            known.insert(key, advices.len());
            advices.push(advice);
        }
    }
    Ok(advices)
}

fn line_of(position: Option<&csv::Position>) -> usize {
    let line = position.map_or(1, csv::Position::line);
    usize::try_from(line).unwrap_or(usize::MAX)
}

/// Adds a line to the advice that it is of, which has one currency, day and account.
fn join(first: &mut ReadAdvice, next: ReadAdvice) -> Result<(), FormatError> {
    let differs = [
        ("currency", first.currency != next.currency),
        ("payment_date", first.payment_date != next.payment_date),
        ("payer_account", first.payer_account != next.payer_account),
    ];
    if let Some((what, _)) = differs.into_iter().find(|(_, differs)| *differs) {
        let line = next.line;
        return Err(FormatError::Malformed { what, line });
    }
    first.lines.extend(next.lines);
    Ok(())
}

/// A line of a table.
struct Row<'r> {
    record: &'r csv::StringRecord,
    places: &'r BTreeMap<&'r str, usize>,
    line: usize,
}

impl<'r> Row<'r> {
    fn text(&self, name: &str) -> Option<&'r str> {
        let text = self.record.get(*self.places.get(name)?)?.trim();
        (!text.is_empty()).then_some(text)
    }

    fn required(&self, what: &'static str) -> Result<&'r str, FormatError> {
        let line = self.line;
        self.text(what).ok_or(FormatError::Missing { what, line })
    }

    fn read(&self) -> Result<ReadAdvice, FormatError> {
        let line = self.line;
        let malformed = |what| FormatError::Malformed { what, line };
        let number = self.required("number")?.to_owned();
        let customer = self.required("customer_number")?.to_owned();
        let invoice = self.required("invoice_number")?.to_owned();
        let currency: Currency = self
            .required("currency")?
            .parse()
            .map_err(|_| malformed("currency"))?;
        let minor = amount(self.required("amount")?, currency);
        let minor = minor.filter(|minor| *minor > 0);
        let day = self.text("payment_date").map(str::parse::<NaiveDate>);
        Ok(ReadAdvice {
            number,
            customer: Some(customer),
            payer_account: self.text("payer_account").and_then(account_number),
            payment_date: day.transpose().map_err(|_| malformed("payment_date"))?,
            currency,
            lines: vec![(invoice, minor.ok_or_else(|| malformed("amount"))?)],
            line,
        })
    }
}

/// Each `RmtInf` is an advice.
fn read_remt(bytes: &[u8]) -> Result<Vec<ReadAdvice>, FormatError> {
    let mut message: Option<String> = None;
    let mut advices: Vec<ReadAdvice> = Vec::new();
    let mut is_remt = false;
    xml::read(bytes, |above, element| {
        let parent = above.last().map(String::as_str);
        match (parent, element.name.as_str()) {
            (Some("RmtAdvc"), "GrpHdr") => {
                is_remt = true;
                message = element.text_at(&["MsgId"]).map(ToOwned::to_owned);
                Ok(None)
            }
            (Some("RmtAdvc"), "RmtInf") => {
                is_remt = true;
                let place = advices.len() + 1;
                let fallback = message.as_ref().map(|id| format!("{id}-{place}"));
                advices.push(remittance(&element, fallback)?);
                Ok(None)
            }
            _ => Ok(Some(element)),
        }
    })?;
    if is_remt {
        Ok(advices)
    } else {
        Err(FormatError::Unrecognised)
    }
}

fn remittance(element: &Element, fallback: Option<String>) -> Result<ReadAdvice, FormatError> {
    let line = element.line;
    let payment = element.child("OrgnlPmtInf");
    let of_payment = |path: &[&str]| payment.and_then(|payment| payment.text_at(path));
    let end_to_end = of_payment(&["Refs", "EndToEndId"]).filter(|id| *id != "NOTPROVIDED");
    let number = element
        .text_at(&["RmtId"])
        .or(end_to_end)
        .map(ToOwned::to_owned)
        .or(fallback)
        .ok_or(FormatError::Missing {
            what: "RmtId",
            line,
        })?;
    let account = of_payment(&["DbtrAcct", "Id", "IBAN"])
        .or_else(|| of_payment(&["DbtrAcct", "Id", "Othr", "Id"]));
    let day = [
        &["ReqdExctnDt"][..],
        &["ReqdExctnDt", "Dt"],
        &["IntrBkSttlmDt"],
    ]
    .into_iter()
    .find_map(of_payment);
    let day = day.map(str::parse::<NaiveDate>).transpose();
    let mut currency: Option<Currency> = None;
    let mut lines = Vec::new();
    for structured in element.all("Strd") {
        lines.push(document(structured, &mut currency)?);
    }
    let currency = currency.ok_or(FormatError::Missing { what: "Strd", line })?;
    Ok(ReadAdvice {
        number,
        customer: of_payment(&["Dbtr", "Id", "OrgId", "Othr", "Id"]).map(ToOwned::to_owned),
        payer_account: account.and_then(account_number),
        payment_date: day.map_err(|_| FormatError::Malformed {
            what: "ReqdExctnDt",
            line,
        })?,
        currency,
        lines,
        line,
    })
}

/// The invoice that a structured part names, and what it gets.
fn document(
    structured: &Element,
    currency: &mut Option<Currency>,
) -> Result<(String, i64), FormatError> {
    let line = structured.line;
    let invoice = structured.text_at(&["RfrdDocInf", "Nb"]);
    let invoice = invoice.ok_or(FormatError::Missing {
        what: "RfrdDocInf/Nb",
        line,
    })?;
    let paid = structured
        .at(&["RfrdDocAmt", "RmtdAmt"])
        .ok_or(FormatError::Missing {
            what: "RfrdDocAmt/RmtdAmt",
            line,
        })?;
    let malformed = |what| FormatError::Malformed { what, line };
    let given: Currency = paid
        .currency
        .as_deref()
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| malformed("Ccy"))?;
    if currency.is_some_and(|known| known != given) {
        return Err(malformed("Ccy"));
    }
    *currency = Some(given);
    let minor = amount(&paid.text, given).filter(|minor| *minor > 0);
    Ok((
        invoice.to_owned(),
        minor.ok_or_else(|| malformed("RmtdAmt"))?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_of_one_number_are_one_advice() {
        let text = "number;customer_number;invoice_number;amount;currency;payment_date\n\
            A-1;C-1;I-1;800.00;CNY;2026-04-30\n\
            A-2;C-1;I-3;1.5;CNY;\n\
            A-1;C-1;I-2;500.00;CNY;2026-04-30\n";
        let read = read(text.as_bytes()).unwrap();
        assert_eq!(read.len(), 2);
        let lines = [("I-1".to_owned(), 80_000), ("I-2".to_owned(), 50_000)];
        assert_eq!(read[0].lines, lines);
        assert_eq!(read[1].lines, [("I-3".to_owned(), 150)]);
        let contradicting = text.replace("I-2;500.00;CNY", "I-2;500.00;EUR");
        assert!(matches!(
            super::read(contradicting.as_bytes()),
            Err(FormatError::Malformed {
                what: "currency",
                line: 4
            })
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_markup_breaks_the_reader(xml in "(<(RmtAdvc|RmtInf|Strd|GrpHdr|x)>|</(RmtAdvc|RmtInf|Strd|x)>|y){0,20}") {
            let _ = read(xml.as_bytes());
        }
    }
}
