//! Who may hear of what, and what an event is called.

use uuid::Uuid;

use crate::platform::events::{EventType, Scope};
use kernel::caller::{Caller, Role};
use kernel::ids::{EventId, TrailEntryId};

/// The bits of an id that tell the number of the entry.
const NUMBER: u128 = (1 << 62) - 1;

/// What makes 128 bits a UUID, between the time and the number.
const VARIANT: u128 = 2 << 62;

/// The id of the event that an entry of the trail is: the beginning of the entry's own id, and its number, by which it is
/// found again.
pub fn event_id(entry: TrailEntryId, seq: i64) -> EventId {
    let number = u128::try_from(seq).unwrap_or_default() & NUMBER;
    let beginning = entry.uuid().as_u128() >> 64 << 64;
    EventId::from_uuid(Uuid::from_u128(beginning | VARIANT | number))
}

/// The number of the entry that an event is.
pub fn entry_number(event: EventId) -> i64 {
    i64::try_from(event.uuid().as_u128() & NUMBER).unwrap_or_default()
}

/// What a caller sees of a type of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    Nothing,
    /// Those that concern its own customers.
    OwnCustomers,
    All,
}

/// The roles that read the whole book.
const READ_ALL: [Role; 3] = [Role::Credit, Role::Finance, Role::Auditor];

/// What a caller sees of a type: what each of its roles may, put together. A role that may not read the type widens
/// nothing.
///
/// Example: somebody with the roles sales and admin sees invoices of its own customers alone, because admin reads none.
pub fn sight(caller: &Caller, of: &EventType) -> Sight {
    if !caller.has_any(of.roles) || !caller.has_scope(of.permission) {
        return Sight::Nothing;
    }
    let counts = |role: &Role| of.roles.contains(role) || READ_ALL.contains(role);
    let mut roles = caller.roles.iter().copied().filter(counts);
    if of.scope == Scope::Customer && roles.all(|role| role == Role::Sales) {
        Sight::OwnCustomers
    } else {
        Sight::All
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::events::Payload;
    use crate::platform::http::auth::{ReadReceivables, ReadWebhooks, internal_caller};
    use proptest::prelude::*;

    const NOTHING: Payload = Payload {
        name: "Nothing",
        within: None,
        members: &[],
    };
    const OF_INVOICES: EventType =
        EventType::of_customer::<ReadReceivables>("invoice.posted", "An invoice.", &NOTHING);
    const OF_ENDPOINTS: EventType =
        EventType::of_book::<ReadWebhooks>("webhook_endpoint.created", "One.", &NOTHING);

    fn sees(roles: &[Role], of: &EventType) -> Sight {
        sight(&internal_caller("somebody", roles).unwrap(), of)
    }

    #[test]
    fn sales_hears_of_its_own_whatever_role_it_has_beside_that_reads_none() {
        assert_eq!(sees(&[Role::Sales], &OF_INVOICES), Sight::OwnCustomers);
        let with_admin = [Role::Sales, Role::Admin];
        assert_eq!(sees(&with_admin, &OF_INVOICES), Sight::OwnCustomers);
        let with_credit = [Role::Sales, Role::Credit];
        assert_eq!(sees(&with_credit, &OF_INVOICES), Sight::All);
        assert_eq!(sees(&[Role::Admin], &OF_INVOICES), Sight::Nothing);
        assert_eq!(sees(&[Role::Sales], &OF_ENDPOINTS), Sight::Nothing);
        assert_eq!(sees(&with_admin, &OF_ENDPOINTS), Sight::All);
    }

    proptest! {
        #[test]
        fn an_event_is_found_by_its_id(seq in 1..1_i64 << 61) {
            let entry = TrailEntryId::new();
            let event = event_id(entry, seq);
            prop_assert_eq!(entry_number(event), seq);
            prop_assert_eq!(event.uuid().get_version_num(), 7);
            prop_assert_eq!(event.uuid().get_variant(), uuid::Variant::RFC4122);
        }
    }
}
