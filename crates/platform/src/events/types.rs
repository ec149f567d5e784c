//! The catalogue of events: what other systems may hear of, what each event tells, and who may read it.
//!
//! A room declares its events in its `ROOM`, beside the actions that it records and nobody else hears of. A house test
//! reads the source and finds an action that is neither. What an event tells are the members of its payload, taken from
//! the trail by name: a column that is added to a table is told to nobody until it is declared here.
//!
//! A payload only grows: a new member may be null, because events from before it was declared lack it. A member that
//! goes, or means something else, makes another version.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::platform::http::auth::Permission;
use crate::platform::trail::rules::with_money;
use kernel::caller::Role;

/// Whom an event concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A customer: sales hears of its own.
    Customer,
    /// The whole book.
    Book,
}

/// What a member of a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// The id of a thing.
    Id,
    /// A text of any kind, also one of a list of codes.
    Text,
    /// An amount with its currency.
    Money,
    /// A day.
    Date,
    /// An instant.
    Instant,
    /// A whole number.
    Integer,
}

/// One member of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub name: &'static str,
    pub kind: MemberKind,
    pub nullable: bool,
}

/// What events about a kind of thing tell: the thing as it became.
#[derive(Debug, Clone, Copy)]
pub struct Payload {
    /// Its name in the contract.
    pub name: &'static str,
    /// The member of the trail's document that the thing stands in, where it is told together with other things.
    pub within: Option<&'static str>,
    pub members: &'static [Member],
}

/// Writes members down: `members! { number: Text, due_date: Date, order_number: Text or null }`.
#[doc(hidden)]
#[macro_export]
macro_rules! __members {
    ($($name:ident: $kind:ident $(or $null:ident)?),* $(,)?) => {
        &[$($crate::events::Member {
            name: stringify!($name),
            kind: $crate::events::MemberKind::$kind,
            nullable: $crate::events::members!(@ $($null)?),
        },)*]
    };
    (@) => { false };
    (@ null) => { true };
}
pub use __members as members;

/// A type of events.
#[derive(Debug, Clone, Copy)]
pub struct EventType {
    /// The action of the trail, which is the event's type: `invoice.posted`.
    pub action: &'static str,
    /// The version of what it tells.
    pub version: i32,
    /// What happened, in a sentence.
    pub summary: &'static str,
    pub scope: Scope,
    /// Who may read it.
    pub permission: &'static str,
    pub roles: &'static [Role],
    pub payload: &'static Payload,
}

impl EventType {
    /// An event about a customer, or about something that belongs to one.
    pub const fn of_customer<P: Permission>(
        action: &'static str,
        summary: &'static str,
        payload: &'static Payload,
    ) -> EventType {
        EventType {
            action,
            version: 1,
            summary,
            scope: Scope::Customer,
            permission: P::NAME,
            roles: P::ROLES,
            payload,
        }
    }

    /// An event about something that belongs to no customer.
    pub const fn of_book<P: Permission>(
        action: &'static str,
        summary: &'static str,
        payload: &'static Payload,
    ) -> EventType {
        EventType {
            scope: Scope::Book,
            ..EventType::of_customer::<P>(action, summary, payload)
        }
    }
}

/// Every type of events, by its name.
#[derive(Debug, Clone, Copy)]
pub struct EventTypes(pub &'static BTreeMap<&'static str, &'static EventType>);

impl EventTypes {
    pub fn find(self, name: &str) -> Option<&'static EventType> {
        self.0.get(name).copied()
    }

    pub fn all(self) -> impl Iterator<Item = &'static EventType> {
        self.0.values().copied()
    }
}

/// What an event tells: the declared members of the thing as it became, or, when it is gone, as it was. Takes the
/// documents of the trail's entry.
///
/// Example: of an invoice in CNY with `"open_minor": 60000`, a payload with the member `open` tells
/// `{"open": {"amount": "600.00", "currency": "CNY"}}`.
pub fn tell(payload: &Payload, before: Option<&str>, after: Option<&str>) -> Value {
    let mut written = documents(payload, before, after)
        .next()
        .unwrap_or(Value::Null);
    let told = payload.members.iter().map(|member| {
        let value = written.get_mut(member.name).map(Value::take);
        (member.name.to_owned(), value.unwrap_or(Value::Null))
    });
    Value::Object(told.collect::<Map<_, _>>())
}

/// A text that the thing has as a member, told or not: as it became, else as it was.
pub fn text_of(
    payload: &Payload,
    name: &str,
    before: Option<&str>,
    after: Option<&str>,
) -> Option<String> {
    documents(payload, before, after)
        .find_map(|document| Some(document.get(name)?.as_str()?.to_owned()))
}

/// The thing as it became, and as it was.
fn documents<'a>(
    payload: &'a Payload,
    before: Option<&'a str>,
    after: Option<&'a str>,
) -> impl Iterator<Item = Value> + 'a {
    let read = |text: &str| serde_json::from_str(text).ok().map(with_money);
    let written = [after, before].into_iter().flatten().filter_map(read);
    written.map(|mut document: Value| {
        let within = payload.within.and_then(|name| document.get_mut(name));
        within.map(Value::take).unwrap_or(document)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const INVOICE: Payload = Payload {
        name: "InvoiceTold",
        within: None,
        members: members! { number: Text, open: Money, order_number: Text or null },
    };

    #[test]
    fn what_is_not_declared_is_not_told() {
        let after =
            json!({"number": "INV-1", "open_minor": 60_000, "currency": "CNY", "secret": "s"});
        let told = tell(&INVOICE, None, Some(&after.to_string()));
        let open = json!({"amount": "600.00", "currency": "CNY"});
        assert_eq!(
            told,
            json!({"number": "INV-1", "open": open, "order_number": null})
        );
    }

    #[test]
    fn a_thing_may_stand_within_the_document() {
        let within = Payload {
            within: Some("invoice"),
            ..INVOICE
        };
        let after = json!({"invoice": {"number": "INV-1", "open_minor": 5, "currency": "JPY"}, "parts": []});
        let told = tell(&within, None, Some(&after.to_string()));
        assert_eq!(told["number"], "INV-1");
    }

    #[test]
    fn what_is_gone_is_told_as_it_was() {
        let before = json!({"number": "INV-1", "open_minor": 5, "currency": "JPY"}).to_string();
        let told = tell(&INVOICE, Some(&before), None);
        assert_eq!(told["open"]["amount"], "5");
        let number = text_of(&INVOICE, "number", Some(&before), None);
        assert_eq!(number.as_deref(), Some("INV-1"));
    }
}
