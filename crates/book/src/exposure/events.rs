//! What other systems hear of credit accounts and what counts on them.

use crate::book::customers::events::CUSTOMER;
use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::{ReadAccounts, ReadChecks, ReadCustomers, ReadPortfolioCaps};

/// The events, by type. Of additional limits those hear who see what a group owes: one may be a group's.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadPortfolioCaps>(
        "additional_limit.consumed",
        "An order has used an additional limit.",
        &ADDITIONAL,
    ),
    EventType::of_customer::<ReadPortfolioCaps>(
        "additional_limit.granted",
        "An additional limit was granted.",
        &ADDITIONAL,
    ),
    EventType::of_customer::<ReadPortfolioCaps>(
        "additional_limit.withdrawn",
        "An additional limit was withdrawn.",
        &ADDITIONAL,
    ),
    EventType::of_customer::<ReadAccounts>(
        "credit_account.blocked",
        "A block stands on a credit account.",
        &BLOCK,
    ),
    EventType::of_customer::<ReadAccounts>(
        "credit_account.changed",
        "Terms of a credit account were changed.",
        &ACCOUNT,
    ),
    EventType::of_customer::<ReadAccounts>(
        "credit_account.entity_blocked",
        "Dunning closed a credit account to the orders of one legal entity.",
        &ENTITY_TERMS,
    ),
    EventType::of_customer::<ReadAccounts>(
        "credit_account.entity_terms_set",
        "One legal entity has terms of its own on a credit account.",
        &ENTITY_TERMS,
    ),
    EventType::of_customer::<ReadAccounts>(
        "credit_account.entity_unblocked",
        "A credit account is open again to the orders of a legal entity.",
        &ENTITY_TERMS,
    ),
    EventType::of_customer::<ReadAccounts>(
        "credit_account.limit_set",
        "A credit account has another limit.",
        &ACCOUNT,
    ),
    EventType::of_customer::<ReadAccounts>(
        "credit_account.opened",
        "A credit account was opened.",
        &ACCOUNT,
    ),
    EventType::of_customer::<ReadAccounts>(
        "credit_account.payment_terms_set",
        "Payment terms were agreed for invoices that name none, or given up.",
        &AGREED,
    ),
    EventType::of_customer::<ReadAccounts>(
        "credit_account.reinstated",
        "A suspended credit account is active again.",
        &ACCOUNT,
    ),
    EventType::of_customer::<ReadAccounts>(
        "credit_account.suspended",
        "A credit account was suspended.",
        &ACCOUNT,
    ),
    EventType::of_customer::<ReadAccounts>(
        "credit_account.unblocked",
        "A block on a credit account was lifted.",
        &BLOCK,
    ),
    EventType::of_customer::<ReadCustomers>(
        "customer.moved",
        "A customer has another parent in its group.",
        &CUSTOMER,
    ),
    EventType::of_customer::<ReadAccounts>(
        "exposure_entry.billed",
        "An invoice has taken the place of exposure that was stated.",
        &ENTRY,
    ),
    EventType::of_customer::<ReadAccounts>(
        "exposure_entry.set",
        "Another system has stated exposure.",
        &ENTRY,
    ),
    EventType::of_book::<ReadPortfolioCaps>(
        "portfolio_cap.changed",
        "A portfolio cap was changed.",
        &CAP,
    ),
    EventType::of_book::<ReadPortfolioCaps>(
        "portfolio_cap.removed",
        "A portfolio cap was removed.",
        &CAP,
    ),
    EventType::of_book::<ReadPortfolioCaps>("portfolio_cap.set", "A portfolio cap was set.", &CAP),
    EventType::of_customer::<ReadChecks>(
        "reservation.captured",
        "Some of a reservation, or all, was invoiced.",
        &RESERVATION,
    ),
    EventType::of_customer::<ReadChecks>(
        "reservation.expired",
        "A reservation has expired.",
        &RESERVATION,
    ),
    EventType::of_customer::<ReadChecks>(
        "reservation.reopened",
        "A reservation holds credit again, because its invoice was cancelled.",
        &RESERVATION,
    ),
];

/// What an account's customer and we agreed.
const AGREED: Payload = Payload {
    name: "AgreedTermsEventData",
    within: None,
    members: members! { account_id: Id, payment_terms: Text or null, changed_at: Instant },
};

/// A credit account.
const ACCOUNT: Payload = Payload {
    name: "CreditAccountEventData",
    within: None,
    members: members! {
        id: Id, customer_id: Id, currency: Text, status: Text, limit_kind: Text, limit: Money,
        limit_source: Text, limit_valid_until: Date or null, net_days: Integer, changed_at: Instant,
    },
};

/// A block on a credit account.
const BLOCK: Payload = Payload {
    name: "AccountBlockEventData",
    within: None,
    members: members! {
        id: Id, account_id: Id, cause: Text, reason: Text, set_at: Instant,
        lifted_at: Instant or null,
    },
};

/// What holds on a credit account for one legal entity.
const ENTITY_TERMS: Payload = Payload {
    name: "EntityTermsEventData",
    within: None,
    members: members! {
        account_id: Id, legal_entity_id: Id, status: Text, net_days: Integer or null,
        changed_at: Instant,
    },
};

/// A limit beside the base limit.
const ADDITIONAL: Payload = Payload {
    name: "AdditionalLimitEventData",
    within: None,
    members: members! {
        id: Id, account_id: Id, scope: Text, kind: Text, amount: Money, valid_from: Date,
        valid_until: Date, order_number: Text or null, status: Text,
    },
};

/// Exposure that another system knows of.
const ENTRY: Payload = Payload {
    name: "ExposureEntryEventData",
    within: None,
    members: members! {
        id: Id, account_id: Id, category: Text, number: Text, amount: Money, entry_date: Date,
        order_number: Text or null, legal_entity_id: Id,
    },
};

/// What accounts may owe together.
const CAP: Payload = Payload {
    name: "PortfolioCapEventData",
    within: None,
    members: members! {
        id: Id, kind: Text, key: Text, limit: Money,
    },
};

/// Reserved credit.
pub const RESERVATION: Payload = Payload {
    name: "ReservationEventData",
    within: None,
    members: members! {
        id: Id, account_id: Id, customer_id: Id, order_number: Text, purpose: Text, amount: Money,
        captured: Money, status: Text, expires_at: Instant, ended_at: Instant or null,
        end_reason: Text or null, legal_entity_id: Id,
    },
};
