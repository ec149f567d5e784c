//! When messages are tried again, to which address they go, and whether they still hold.

pub mod letters;
pub mod mail;
pub mod report;

use chrono::Duration;

use super::model::{Asked, MessageKind};
use crate::book::customers::model::{Contact, ContactPurpose, Contacts};
use crate::book::receivables::model::Item;
use kernel::text::Email;

/// How long attempts are apart, in seconds: three days in all.
const WAITS_SECONDS: [i64; 9] = [
    60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 72_000,
];

/// When the next attempt is after so many, or none.
pub fn wait_after(attempts: i32) -> Option<Duration> {
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    WAITS_SECONDS.get(index).copied().map(Duration::seconds)
}

/// The address of a customer for messages of a kind: the first with the purpose, else the first for invoices.
pub fn address_for(contacts: &Contacts, kind: MessageKind) -> Option<Email> {
    let purpose = match kind {
        MessageKind::DunningNotice => ContactPurpose::Reminders,
        MessageKind::AccountStatement => ContactPurpose::Statements,
        MessageKind::Other => ContactPurpose::Other,
    };
    let all: Vec<Contact> = contacts.clone().into_vec();
    let first = |wanted: ContactPurpose| {
        let found = all.iter().find(|contact| contact.purpose == wanted);
        found.map(|contact| contact.email.clone())
    };
    first(purpose).or_else(|| first(ContactPurpose::Invoices))
}

/// The first e-mail address in a text.
pub fn address_in(text: &str) -> Option<Email> {
    let is_apart = |c: char| c.is_whitespace() || "<>()[],;\"，；（）：".contains(c);
    let words = text.split(is_apart);
    words
        .map(|word| word.trim_start_matches("mailto:").trim_end_matches('.'))
        .filter(|word| word.contains('@'))
        .find_map(|word| word.parse().ok())
}

/// Why a message that asks for items is not sent: less is open of one than when it was written, or it is gone.
pub fn find_paid(asked: &[Asked], items: &[Item]) -> Option<String> {
    let open = |one: &Asked| {
        let item = items.iter().find(|item| item.id == one.item_id);
        item.map_or(0, |item| item.open_minor)
    };
    let paid = asked.iter().find(|one| open(one) < one.open_minor)?;
    Some(format!("less is open of {} than it asks for", paid.item_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn contact(email: &str, purpose: ContactPurpose) -> Contact {
        Contact {
            email: email.parse().unwrap(),
            purpose,
        }
    }

    #[test]
    fn attempts_are_further_and_further_apart_for_three_days() {
        let seconds: Vec<i64> = (1..20)
            .map_while(wait_after)
            .map(|wait| wait.num_seconds())
            .collect();
        assert_eq!(seconds, WAITS_SECONDS);
        assert!(seconds.is_sorted());
        assert_eq!(seconds.iter().sum::<i64>() / 86_400, 2);
        assert_eq!(wait_after(0), None);
        assert_eq!(wait_after(i32::MIN), None);
    }

    #[test]
    fn a_reminder_goes_to_the_address_for_reminders_else_to_that_for_invoices() {
        let both = Contacts::new([
            contact("ap@a.example", ContactPurpose::Invoices),
            contact("cfo@a.example", ContactPurpose::Reminders),
        ]);
        let to =
            |contacts: &Contacts, kind| address_for(contacts, kind).map(|email| email.to_string());
        let cfo = Some("cfo@a.example".to_owned());
        let ap = Some("ap@a.example".to_owned());
        assert_eq!(to(&both, MessageKind::DunningNotice), cfo);
        assert_eq!(to(&both, MessageKind::AccountStatement), ap);
        assert_eq!(to(&Contacts::default(), MessageKind::Other), None);
    }

    #[test]
    fn an_address_is_found_wherever_it_stands() {
        let found = |text: &str| address_in(text).map(|email| email.to_string());
        let expected = Some("ar@a.example".to_owned());
        assert_eq!(found("Receivables, ar@a.example"), expected);
        assert_eq!(found("Ana Müller <ar@a.example>\n+49 40 1"), expected);
        assert_eq!(found("应收账款部：ar@a.example，电话 1"), expected);
        assert_eq!(found("Receivables. Write to ar@a.example."), expected);
        assert_eq!(found("Receivables @ Northwind"), None);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange_for_an_address(text in any::<String>()) {
            let _ = address_in(&text);
        }
    }
}
