//! A letter about open items, from plain values: for dunning notices and statements of account.

use chrono::{Datelike as _, NaiveDate};
use letters::epc::is_iban;
use letters::{
    Align, BankAccount, Column, CreditTransfer, Language as Words, Letter, Letterhead, Payment,
    RemittanceInformation, Table, Total,
};

use crate::book::customers::model::Customer;
use crate::book::entities::model::LegalEntity;
use kernel::money::Money;
use kernel::places::Language;

/// What a letter about open items says.
pub struct ItemLetter<'a> {
    pub entity: &'a LegalEntity,
    pub customer: &'a Customer,
    pub language: Language,
    /// The number or id by which the letter is referred to.
    pub reference: &'a str,
    /// What the customer is to pay with, such as a creditor reference of ISO 11649; its number and `reference` when none.
    pub payment_reference: Option<&'a str>,
    pub date: NaiveDate,
    pub subject: &'a str,
    /// What stands before the items; an empty line begins a paragraph.
    pub text: &'a str,
    pub items: &'a [LetterItem],
    /// Fees and interest that are asked for as well, each with what it is.
    pub charges: &'a [(String, Money)],
    pub total: Money,
    pub pay_until: Option<NaiveDate>,
    pub closing: &'a str,
}

/// An item in a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterItem {
    pub number: String,
    pub invoice_date: NaiveDate,
    pub due_date: NaiveDate,
    pub days_past_due: i64,
    pub open: Money,
}

/// The letter, to be made a PDF by [`letters::render`].
pub fn item_letter(said: &ItemLetter) -> Letter {
    let chinese = said.language == Language::Chinese;
    let pick = |english: &'static str, other: &'static str| if chinese { other } else { english };
    let labelled = |label: &str, value: String| (label.to_owned(), value);
    let mut totals: Vec<Total> = said
        .charges
        .iter()
        .map(|(label, amount)| Total {
            label: label.clone(),
            amount: money_text(*amount),
            strong: false,
        })
        .collect();
    totals.push(Total {
        label: pick("To be paid", "应付合计").to_owned(),
        amount: money_text(said.total),
        strong: true,
    });
    Letter {
        language: if chinese {
            Words::Chinese
        } else {
            Words::English
        },
        letterhead: letterhead(said.entity),
        recipient: recipient(said.customer),
        details: vec![
            labelled(pick("Date", "日期"), day_text(said.date, said.language)),
            labelled(pick("Reference", "编号"), said.reference.to_owned()),
            labelled(
                pick("Customer", "客户编号"),
                said.customer.number.to_string(),
            ),
        ],
        subject: said.subject.to_owned(),
        opening: paragraphs(said.text),
        table: (!said.items.is_empty()).then(|| item_table(said)),
        totals,
        closing: paragraphs(said.closing),
        payment: payment(said),
    }
}

fn item_table(said: &ItemLetter) -> Table {
    let titles = match said.language {
        Language::Chinese => ["发票号", "开票日期", "到期日", "逾期天数", "未付金额"],
        Language::English => ["Invoice", "Dated", "Due", "Days late", "Open"],
    };
    let forms = [
        (Align::Left, 26),
        (Align::Left, 22),
        (Align::Left, 22),
        (Align::Right, 12),
        (Align::Right, 24),
    ];
    let columns = titles
        .iter()
        .zip(forms)
        .map(|(title, (align, share))| Column {
            title: (*title).to_owned(),
            align,
            share,
        });
    let row = |item: &LetterItem| {
        vec![
            item.number.clone(),
            day_text(item.invoice_date, said.language),
            day_text(item.due_date, said.language),
            item.days_past_due.to_string(),
            money_text(item.open),
        ]
    };
    Table {
        columns: columns.collect(),
        rows: said.items.iter().map(row).collect(),
    }
}

fn payment(said: &ItemLetter) -> Option<Payment> {
    let account = account_of(said.entity)?;
    let own = || format!("{} {}", said.customer.number, said.reference);
    let reference = said.payment_reference.map_or_else(own, str::to_owned);
    let is_structured = said
        .payment_reference
        .is_some_and(|known| known.starts_with("RF"));
    let is_euro = said.total.currency().code() == "EUR";
    let cents = u64::try_from(said.total.minor()).unwrap_or(0);
    let transfer = (is_euro && is_iban(&squeezed(&account.number))).then(|| CreditTransfer {
        bic: account.bic.clone(),
        name: account.holder.chars().take(70).collect(),
        iban: account.number.clone(),
        cents,
        purpose: None,
        remittance: if is_structured {
            RemittanceInformation::Structured(squeezed(&reference))
        } else {
            RemittanceInformation::Text(reference.chars().take(140).collect())
        },
        information: None,
    });
    Some(Payment {
        account,
        amount: money_text(said.total),
        reference,
        until: said.pay_until.map(|day| day_text(day, said.language)),
        transfer,
    })
}

/// What stands at the head and the foot of a company's letters.
pub fn letterhead(entity: &LegalEntity) -> Letterhead {
    let mut address: Vec<String> = entity.street.iter().map(ToString::to_string).collect();
    address.extend(town(entity.postal_code.as_ref(), entity.city.as_ref()));
    let sender = entity.letter_sender.as_ref();
    let contact = sender.map_or_else(Vec::new, |sender| lines(sender.as_str()));
    let numbers = [entity.vat_id.as_ref(), entity.uscc.as_ref()];
    Letterhead {
        company: entity.name.to_string(),
        address,
        contact,
        tax_id: numbers
            .into_iter()
            .flatten()
            .next()
            .map(ToString::to_string),
        account: account_of(entity),
        foot: entity
            .registration_number
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

/// Name and address of a customer, a line each.
pub fn recipient(customer: &Customer) -> Vec<String> {
    let mut recipient = vec![customer.name.to_string()];
    recipient.extend(customer.street.iter().map(ToString::to_string));
    recipient.extend(town(customer.postal_code.as_ref(), customer.city.as_ref()));
    recipient
}

fn town(code: Option<&kernel::text::Line>, city: Option<&kernel::text::Line>) -> Option<String> {
    let parts: Vec<&str> = [code, city]
        .into_iter()
        .flatten()
        .map(kernel::text::Line::as_str)
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The account that a company's `bank_details` name: an IBAN where there is one, else all that they say.
pub fn account_of(entity: &LegalEntity) -> Option<BankAccount> {
    let details = entity.bank_details.as_ref()?.as_str();
    let said = lines(details);
    let iban = said.iter().find_map(|line| iban_in(line));
    let bic = said.iter().find_map(|line| bic_in(line));
    let is_other = |line: &&String| iban_in(line).is_none() && bic_in(line).is_none();
    let others: Vec<String> = said.iter().filter(is_other).cloned().collect();
    let (number, bank) = match iban {
        Some(iban) => (iban, others.first().cloned()),
        None => (said.join(", "), None),
    };
    Some(BankAccount {
        holder: entity.name.to_string(),
        bank,
        number,
        bic,
    })
}

/// The IBAN in a line, in groups of four: some words that follow one another and are one together.
fn iban_in(line: &str) -> Option<String> {
    let parts = line.split(|c: char| !c.is_alphanumeric() && c != ' ');
    let found = parts.into_iter().find_map(|part| {
        let words: Vec<&str> = part.split_whitespace().collect();
        (0..words.len()).find_map(|first| {
            let mut together = String::new();
            words.iter().skip(first).find_map(|word| {
                together.push_str(word);
                is_iban(&together).then(|| together.clone())
            })
        })
    })?;
    let letters: Vec<char> = found.chars().collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|four| four.iter().collect())
        .collect();
    Some(groups.join(" "))
}

/// The BIC in a line that says that it is one.
fn bic_in(line: &str) -> Option<String> {
    let upper = line.to_ascii_uppercase();
    let at = ["BIC", "SWIFT"].iter().find_map(|word| {
        let found = upper.find(word)?;
        upper.get(found + word.len()..)
    })?;
    let mut words = at.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .find(|word| [8, 11].contains(&word.len()))
        .map(str::to_owned)
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|one| !one.is_whitespace()).collect()
}

fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

fn paragraphs(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let parts = text.split("\n\n").map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `10 April 2026`, `2026年4月10日`.
pub fn day_text(day: NaiveDate, language: Language) -> String {
    match language {
        Language::English => day.format("%-d %B %Y").to_string(),
        Language::Chinese => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
    }
}

/// `CNY 12,500.00`.
pub fn money_text(money: Money) -> String {
    let amount = money.amount_text();
    let (sign, digits) = match amount.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", amount.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{} {sign}{grouped}{point}{fraction}", money.currency())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::entities::model::Ledger;
    use proptest::prelude::*;

    fn entity(details: &str) -> LegalEntity {
        let now: kernel::clock::Instant = serde_json::from_str("\"2026-04-01T08:00:00Z\"").unwrap();
        LegalEntity {
            id: kernel::ids::MAIN_ENTITY,
            number: "DE01".parse().unwrap(),
            name: "Northwind Steel GmbH".parse().unwrap(),
            country: None,
            functional_currency: None,
            ledger: Ledger::default(),
            vat_id: Some("DE123456789".parse().unwrap()),
            registration_number: None,
            uscc: None,
            lei: None,
            peppol_id: None,
            street: Some("Rheinallee 12".parse().unwrap()),
            city: Some("Düsseldorf".parse().unwrap()),
            postal_code: Some("40213".parse().unwrap()),
            bank_details: Some(details.parse().unwrap()),
            letter_sender: Some("Receivables\nar@northwind.example".parse().unwrap()),
            timezone: None,
            created_at: now,
            changed_at: now,
            version: 1,
            calendar: None,
        }
    }

    #[test]
    fn an_account_is_found_in_what_letters_print() {
        let of = |details: &str| account_of(&entity(details)).unwrap();
        let german =
            of("Sparkasse Düsseldorf\nIBAN: DE71 1102 2033 0123 4567 89\nBIC: DUSSDEDDXXX");
        assert_eq!(german.number, "DE71 1102 2033 0123 4567 89");
        assert_eq!(german.bic.as_deref(), Some("DUSSDEDDXXX"));
        assert_eq!(german.bank.as_deref(), Some("Sparkasse Düsseldorf"));
        let one_line = of("IBAN DE71110220330123456789, BIC DUSSDEDD");
        assert_eq!(one_line.number, "DE71 1102 2033 0123 4567 89");
        assert_eq!(one_line.bic.as_deref(), Some("DUSSDEDD"));
        let chinese = of("中国工商银行苏州分行\n账号 1102 0210 0900");
        assert_eq!(chinese.number, "中国工商银行苏州分行, 账号 1102 0210 0900");
        assert_eq!(
            letterhead(&entity("x")).address,
            ["Rheinallee 12", "40213 Düsseldorf"]
        );
    }

    #[test]
    fn days_and_amounts_are_easy_to_read() {
        let day = NaiveDate::from_ymd_opt(2026, 4, 10).unwrap();
        assert_eq!(day_text(day, Language::English), "10 April 2026");
        assert_eq!(day_text(day, Language::Chinese), "2026年4月10日");
        let text = |minor, code: &str| money_text(Money::from_minor(minor, code.parse().unwrap()));
        assert_eq!(text(123_456_700, "CNY"), "CNY 1,234,567.00");
        assert_eq!(text(-100_099, "EUR"), "EUR -1,000.99");
        assert_eq!(text(1_000, "JPY"), "JPY 1,000");
    }

    /// A German IBAN of some bank and account, with its check digits (ISO 7064, 97-10).
    fn german(account: u64) -> String {
        let account = format!("{account:018}");
        let number: u128 = format!("{account}131400").parse().unwrap();
        format!("DE{:02}{account}", 98 - number % 97)
    }

    proptest! {
        #[test]
        fn an_iban_is_found_whole_wherever_it_stands(
            account in 0..1_000_000_000_000_000_000_u64,
            before in prop::sample::select(vec!["", "IBAN ", "IBAN: ", "Konto ", "账号：", "Sparkasse 1, "]),
            after in prop::sample::select(vec!["", " BIC DUSSDEDD", ", Düsseldorf"]),
        ) {
            let iban = german(account);
            let letters: Vec<char> = iban.chars().collect();
            let fours: Vec<String> = letters.chunks(4).map(|four| four.iter().collect()).collect();
            let grouped = fours.join(" ");
            for written in [&iban, &grouped] {
                let found = iban_in(&format!("{before}{written}{after}"));
                prop_assert_eq!(found.as_ref(), Some(&grouped));
            }
        }

        #[test]
        fn a_number_of_an_account_is_no_iban(digits in "[1-9][0-9]{10,30}") {
            let said = format!("账号 {digits}");
            prop_assert_eq!(iban_in(&said), None);
        }

        #[test]
        fn no_bank_details_are_too_strange(text in "\\PC{1,80}") {
            let _ = (iban_in(&text), bic_in(&text));
        }
    }
}
