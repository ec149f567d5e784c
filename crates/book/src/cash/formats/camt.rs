//! ISO 20022 camt.053 and camt.054: statements and notifications of a bank, in any version since 001.02.

use chrono::NaiveDate;

use super::xml::{self, Element};
use super::{
    Balance, Booking, FormatError, Payment, REFERENCES_MAX, ReadStatement, account_number, amount,
    name, reference, remittance,
};
use crate::book::cash::model::{EntryKind, StatementFormat};
use kernel::money::Currency;

/// The names of the format's elements.
struct Names {
    container: &'static str,
    statement: &'static str,
}

const fn names_of(format: StatementFormat) -> Names {
    match format {
        StatementFormat::Camt054 => Names {
            container: "BkToCstmrDbtCdtNtfctn",
            statement: "Ntfctn",
        },
        _ => Names {
            container: "BkToCstmrStmt",
            statement: "Stmt",
        },
    }
}

/// Reads every statement of a file. Entries are read one by one, so that a long statement is never in memory as XML.
///
/// # Errors
/// When it is no XML of this form, or says what can't be read.
pub fn read(bytes: &[u8], format: StatementFormat) -> Result<Vec<ReadStatement>, FormatError> {
    let names = names_of(format);
    let mut statements = Vec::new();
    let mut drafts: Vec<DraftBooking> = Vec::new();
    let mut is_of_form = false;
    // Notifications of some banks say only when they were written.
    let mut written_on: Option<NaiveDate> = None;
    xml::read(bytes, |above, element| {
        let parent = above.last().map(String::as_str);
        if parent == Some(names.container) && element.name == names.statement {
            let found = std::mem::take(&mut drafts);
            statements.push(statement(&element, found, format)?);
            return Ok(None);
        }
        if parent == Some(names.statement) && element.name == "Ntry" {
            drafts.extend(booking(&element, written_on)?);
            return Ok(None);
        }
        is_of_form |= element.name == names.container;
        if element.name == "CreDtTm" {
            let day = element.text.trim().get(..10);
            written_on = day.and_then(|day| day.parse().ok());
        }
        // Nothing outside of statements is needed.
        let is_inside = above.iter().any(|name| name == names.statement);
        Ok(is_inside.then_some(element))
    })?;
    if is_of_form {
        Ok(statements)
    } else {
        Err(FormatError::Unrecognised)
    }
}

/// A booking with the currency that it says.
struct DraftBooking {
    booking: Booking,
    currency: Currency,
}

fn statement(
    element: &Element,
    drafts: Vec<DraftBooking>,
    format: StatementFormat,
) -> Result<ReadStatement, FormatError> {
    let line = element.line;
    let missing = |what| FormatError::Missing { what, line };
    let id = element.at(&["Acct", "Id"]);
    let account = id
        .and_then(|id| {
            id.text_at(&["IBAN"])
                .or_else(|| id.text_at(&["Othr", "Id"]))
        })
        .or_else(|| id.and_then(|id| id.text_at(&["PrtryAcct", "Id"])))
        .and_then(account_number)
        .ok_or_else(|| missing("Acct/Id"))?;
    let balances = balances(element)?;
    let stated = element.text_at(&["Acct", "Ccy"]).map(str::parse);
    let stated = match stated {
        Some(Ok(currency)) => Some(currency),
        Some(Err(_)) => return Err(malformed("Ccy", line)),
        None => None,
    };
    let currency = stated
        .or_else(|| balances.iter().map(|balance| balance.currency).next())
        .or_else(|| drafts.first().map(|draft| draft.currency))
        .ok_or_else(|| missing("Ccy"))?;
    let mut bookings = Vec::with_capacity(drafts.len());
    for draft in drafts {
        if draft.currency != currency {
            return Err(FormatError::OtherCurrency {
                given: draft.currency,
                expected: currency,
                line: draft.booking.line,
            });
        }
        bookings.push(draft.booking);
    }
    let of = |codes: &[&str]| {
        let found = codes
            .iter()
            .find_map(|code| balances.iter().find(|balance| balance.code == *code));
        found.filter(|balance| balance.currency == currency)
    };
    let last_interim = balances.iter().rev().find(|balance| balance.code == "ITBD");
    let (opening, closing) = match format {
        StatementFormat::Camt053 => (
            of(&["OPBD", "PRCD", "ITBD"]),
            of(&["CLBD"]).or_else(|| last_interim.filter(|balance| balance.currency == currency)),
        ),
        _ => (None, None),
    };
    Ok(ReadStatement {
        format,
        account,
        currency,
        number: number_of(element).ok_or_else(|| missing("Id"))?,
        opening: opening.map(|found| found.balance),
        closing: closing.map(|found| found.balance),
        bookings,
    })
}

/// The bank's own id of the statement, and its number in the year where it has one.
fn number_of(element: &Element) -> Option<String> {
    let id = reference(element.text_at(&["Id"])?)?;
    Some(match element.text_at(&["ElctrncSeqNb"]) {
        Some(sequence) if sequence != id => {
            format!("{id}/{}", reference(sequence).unwrap_or_default())
        }
        _ => id,
    })
}

const fn malformed(what: &'static str, line: usize) -> FormatError {
    FormatError::Malformed { what, line }
}

/// A balance of some kind.
struct CodedBalance {
    code: String,
    currency: Currency,
    balance: Balance,
}

fn balances(statement: &Element) -> Result<Vec<CodedBalance>, FormatError> {
    let mut found = Vec::new();
    for element in statement.all("Bal") {
        let line = element.line;
        let Some(code) = element.text_at(&["Tp", "CdOrPrtry", "Cd"]) else {
            continue;
        };
        if !["OPBD", "PRCD", "CLBD", "ITBD"].contains(&code) {
            continue;
        }
        let (minor, currency) = money(element.child("Amt"), line)?;
        let minor = match element.text_at(&["CdtDbtInd"]) {
            Some("CRDT") => minor,
            Some("DBIT") => -minor,
            _ => return Err(malformed("CdtDbtInd", line)),
        };
        let day = day(element.child("Dt"))?.ok_or(FormatError::Missing { what: "Dt", line })?;
        found.push(CodedBalance {
            code: code.to_owned(),
            currency,
            balance: Balance { day, minor },
        });
    }
    Ok(found)
}

/// An amount with its currency.
fn money(element: Option<&Element>, line: usize) -> Result<(i64, Currency), FormatError> {
    let element = element.ok_or(FormatError::Missing { what: "Amt", line })?;
    let line = element.line;
    let currency: Currency = element
        .currency
        .as_deref()
        .and_then(|code| code.trim().parse().ok())
        .ok_or_else(|| malformed("Ccy", line))?;
    let minor = amount(&element.text, currency).ok_or_else(|| malformed("Amt", line))?;
    Ok((minor, currency))
}

/// The day in `Dt`, or of the instant in `DtTm`.
fn day(element: Option<&Element>) -> Result<Option<NaiveDate>, FormatError> {
    let Some(element) = element else {
        return Ok(None);
    };
    let text = element
        .text_at(&["Dt"])
        .or_else(|| element.text_at(&["DtTm"]));
    let day = text.and_then(|text| text.get(..10)?.parse().ok());
    day.map(Some).ok_or(malformed("Dt", element.line))
}

/// A booking, unless it is one that the bank only expects.
fn booking(
    entry: &Element,
    written_on: Option<NaiveDate>,
) -> Result<Option<DraftBooking>, FormatError> {
    let line = entry.line;
    let status = entry
        .text_at(&["Sts", "Cd"])
        .or_else(|| entry.text_at(&["Sts"]))
        .unwrap_or("BOOK");
    if status != "BOOK" {
        return Ok(None);
    }
    let (minor, currency) = money(entry.child("Amt"), line)?;
    let is_returned = match entry.text_at(&["RvslInd"]) {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => return Err(malformed("RvslInd", line)),
    };
    let kind = match (entry.text_at(&["CdtDbtInd"]), is_returned) {
        (Some("CRDT"), false) => EntryKind::Credit,
        (Some("DBIT"), false) => EntryKind::Debit,
        (Some("DBIT"), true) => EntryKind::ReturnedCredit,
        (Some("CRDT"), true) => EntryKind::ReturnedDebit,
        _ => return Err(malformed("CdtDbtInd", line)),
    };
    if minor == 0 {
        return Ok(None);
    }
    let booked = day(entry.child("BookgDt"))?;
    let value = day(entry.child("ValDt"))?;
    let booking_date = booked
        .or(value)
        .or(written_on)
        .ok_or(FormatError::Missing {
            what: "BookgDt",
            line,
        })?;
    let payments = payments(entry, kind, minor, currency);
    Ok(Some(DraftBooking {
        currency,
        booking: Booking {
            kind,
            minor,
            booking_date,
            value_date: value.unwrap_or(booking_date),
            bank_reference: entry.text_at(&["AcctSvcrRef"]).and_then(reference),
            payments,
            line,
        },
    }))
}

/// The payments of a booking. Where a batch does not say how much each is, or that does not make the booking's amount,
/// it is one payment with all that is said.
fn payments(entry: &Element, kind: EntryKind, minor: i64, currency: Currency) -> Vec<Payment> {
    let details: Vec<&Element> = entry
        .all("NtryDtls")
        .flat_map(|details| details.all("TxDtls"))
        .collect();
    let extra = entry.text_at(&["AddtlNtryInf"]).unwrap_or_default();
    if details.len() > 1 {
        let parts: Option<Vec<Payment>> = details
            .iter()
            .map(|element| {
                let part = minor_of(element, kind, currency)?;
                let mut payment = payment(element, kind);
                payment.minor = part;
                Some(payment)
            })
            .collect();
        let adds_up = |parts: &Vec<Payment>| {
            let sum: i128 = parts.iter().map(|part| i128::from(part.minor)).sum();
            sum == i128::from(minor) && parts.iter().all(|part| part.minor > 0)
        };
        if let Some(parts) = parts.filter(adds_up) {
            return parts;
        }
    }
    let mut whole = match details.as_slice() {
        [] => Payment::default(),
        [one] => payment(one, kind),
        several => together(several, kind),
    };
    whole.minor = minor;
    if whole.remittance.is_empty() {
        whole.remittance = remittance(extra);
    }
    vec![whole]
}

/// What several say as if it were one: who paid is not known.
fn together(several: &[&Element], kind: EntryKind) -> Payment {
    let mut whole = Payment::default();
    let mut texts: Vec<String> = Vec::new();
    for element in several {
        let one = payment(element, kind);
        whole.references.extend(one.references);
        texts.push(one.remittance);
    }
    whole.references.truncate(REFERENCES_MAX);
    whole.remittance = remittance(&texts.join(" "));
    whole
}

/// How much one payment of a batch is, when it says so in the booking's currency and goes the same way.
fn minor_of(details: &Element, kind: EntryKind, currency: Currency) -> Option<i64> {
    let same_way = match details.text_at(&["CdtDbtInd"]) {
        Some("CRDT") => kind.comes_in(),
        Some("DBIT") => !kind.comes_in(),
        _ => true,
    };
    let candidates = [
        details.at(&["Amt"]),
        details.at(&["AmtDtls", "TxAmt", "Amt"]),
        details.at(&["AmtDtls", "InstdAmt", "Amt"]),
    ];
    let found = candidates
        .into_iter()
        .flatten()
        .find(|element| element.currency.as_deref() == Some(currency.code()))?;
    same_way.then(|| amount(&found.text, currency)).flatten()
}

fn payment(details: &Element, kind: EntryKind) -> Payment {
    // Of what came in the other side is the debtor, also when it went back.
    let is_of_payer = matches!(kind, EntryKind::Credit | EntryKind::ReturnedCredit);
    let (party, account) = if is_of_payer {
        ("Dbtr", "DbtrAcct")
    } else {
        ("Cdtr", "CdtrAcct")
    };
    let parties = details.child("RltdPties");
    let name_of = |role: &str| {
        let party = parties?.child(role)?;
        let text = party
            .text_at(&["Nm"])
            .or_else(|| party.text_at(&["Pty", "Nm"]));
        text.and_then(name)
    };
    let ultimate = if is_of_payer {
        "UltmtDbtr"
    } else {
        "UltmtCdtr"
    };
    let id = parties.and_then(|parties| parties.at(&[account, "Id"]));
    let number = id.and_then(|id| {
        id.text_at(&["IBAN"])
            .or_else(|| id.text_at(&["Othr", "Id"]))
    });
    let information = details.child("RmtInf");
    let mut references = Vec::new();
    let mut texts: Vec<&str> = Vec::new();
    if let Some(information) = information {
        texts.extend(information.all("Ustrd").map(|text| text.text.as_str()));
        for structured in information.all("Strd") {
            let creditor = structured.text_at(&["CdtrRefInf", "Ref"]);
            let documents = structured
                .all("RfrdDocInf")
                .filter_map(|document| document.text_at(&["Nb"]));
            references.extend(creditor.into_iter().chain(documents).filter_map(reference));
            texts.extend(structured.all("AddtlRmtInf").map(|text| text.text.as_str()));
        }
    }
    references.truncate(REFERENCES_MAX);
    if texts.is_empty() {
        texts.extend(details.text_at(&["AddtlTxInf"]));
    }
    Payment {
        minor: 0,
        end_to_end_id: details.text_at(&["Refs", "EndToEndId"]).and_then(reference),
        payer_name: name_of(party).or_else(|| name_of(ultimate)),
        payer_account: number.and_then(account_number),
        references,
        remittance: remittance(&texts.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(entries: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>\
             <Stmt><Id>S-1</Id><ElctrncSeqNb>7</ElctrncSeqNb><Acct><Id><IBAN>DE89 3704 0044 0532 0130 00</IBAN></Id><Ccy>EUR</Ccy></Acct>\
             <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-30</Dt></Dt></Bal>\
             <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">150.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-31</Dt></Dt></Bal>\
             {entries}</Stmt></BkToCstmrStmt></Document>"
        )
    }

    fn entry(amount: &str, direction: &str, more: &str) -> String {
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>2026-03-31</Dt></BookgDt><ValDt><DtTm>2026-04-01T00:00:00+02:00</DtTm></ValDt>\
             <AcctSvcrRef>B-1</AcctSvcrRef>{more}</Ntry>"
        )
    }

    fn details(amount: &str, text: &str) -> String {
        format!(
            "<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
             <RltdPties><Dbtr><Pty><Nm>Müller &amp; Söhne</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></DbtrAcct></RltdPties>\
             <RmtInf><Ustrd>{text}</Ustrd><Strd><RfrdDocInf><Nb>I-7</Nb></RfrdDocInf><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"
        )
    }

    fn read_053(text: &str) -> Result<Vec<ReadStatement>, FormatError> {
        super::super::read(
            text.as_bytes(),
            None,
            &super::super::TableMapping::default(),
        )
    }

    #[test]
    fn a_statement_tells_account_balances_and_payments() {
        let single = entry(
            "50.00",
            "CRDT",
            &format!("<NtryDtls>{}</NtryDtls>", details("50.00", "Invoice I-7")),
        );
        let read = read_053(&document(&single)).unwrap();
        let statement = &read[0];
        assert_eq!(statement.account, "DE89370400440532013000");
        assert_eq!(statement.number, "S-1/7");
        assert_eq!(statement.opening.unwrap().minor, 10_000);
        let booking = &statement.bookings[0];
        assert_eq!(booking.value_date.to_string(), "2026-04-01");
        let payment = &booking.payments[0];
        assert_eq!(payment.payer_name.as_deref(), Some("Müller & Söhne"));
        assert_eq!(payment.payer_account.as_deref(), Some("NL91ABNA0417164300"));
        assert_eq!(payment.references, ["RF18539007547034", "I-7"]);
        assert_eq!(payment.end_to_end_id, None);
    }

    #[test]
    fn a_batch_is_as_many_payments_as_add_up() {
        let both = format!(
            "<NtryDtls>{}{}</NtryDtls>",
            details("20.00", "one"),
            details("30.00", "two")
        );
        let read = read_053(&document(&entry("50.00", "CRDT", &both))).unwrap();
        let minors: Vec<i64> = read[0].bookings[0]
            .payments
            .iter()
            .map(|p| p.minor)
            .collect();
        assert_eq!(minors, [2_000, 3_000]);
        let odd = both.replace("30.00", "31.00");
        let read = read_053(&document(&entry("50.00", "CRDT", &odd))).unwrap();
        let payments = &read[0].bookings[0].payments;
        assert_eq!((payments.len(), payments[0].minor), (1, 5_000));
        assert_eq!(payments[0].remittance, "one two");
    }

    #[test]
    fn what_does_not_add_up_is_refused_with_the_difference() {
        let error = read_053(&document(&entry("49.00", "CRDT", ""))).unwrap_err();
        assert!(error.to_string().contains("1.00"), "{error}");
        assert_eq!(error.code(), "totals_differ");
        let returned = entry("10.00", "DBIT", "<RvslInd>true</RvslInd>");
        let text = document(&format!("{}{returned}", entry("60.00", "CRDT", "")));
        let read = read_053(&text).unwrap();
        assert_eq!(read[0].bookings[1].kind, EntryKind::ReturnedCredit);
    }

    #[test]
    fn hostile_files_are_refused() {
        let good = document(&entry("50.00", "CRDT", ""));
        let entity = good.replace("B-1", "&xxe;");
        assert_eq!(read_053(&entity).unwrap_err().code(), "entity");
        let doctype = good.replace(
            "<Document",
            "<!DOCTYPE Document [<!ENTITY a \"aaaa\"><!ENTITY xxe SYSTEM \"file:///etc/passwd\">]><Document",
        );
        assert_eq!(read_053(&doctype).unwrap_err().code(), "document_type");
        let deep = good.replace("B-1", &"<a>".repeat(100));
        assert_eq!(read_053(&deep).unwrap_err().code(), "too_deep");
        for end in [good.len() - 5, good.len() / 2] {
            let cut = read_053(good.get(..end).unwrap()).unwrap_err();
            assert!(["no_xml", "ends_early"].contains(&cut.code()), "{cut}");
        }
        let other = good.replace("<Amt Ccy=\"EUR\">50.00", "<Amt Ccy=\"USD\">50.00");
        assert_eq!(read_053(&other).unwrap_err().code(), "other_currency");
    }
}
