//! The tables of the book: customers, policy, rates, accounts and exposure, receivables.

mod cash;
mod ledger;
mod paper;

pub use cash::*;
pub use ledger::*;
pub use paper::*;

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    customer_aliases (id) {
        id -> IdColumn,
        customer_id -> IdColumn,
        source_system -> Text,
        alias -> Text,
        created_by -> Text,
        created_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    customers (id) {
        id -> IdColumn,
        number -> Text,
        name -> Text,
        search_key -> Text,
        country -> Text,
        industry -> Nullable<Text>,
        street -> Nullable<Text>,
        city -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        language -> Text,
        owner -> Nullable<Text>,
        parent_customer_id -> Nullable<IdColumn>,
        created_at -> InstantColumn,
        changed_at -> InstantColumn,
        version -> BigInt,
        legal_status -> Text,
        legal_status_since -> Nullable<Date>,
        contacts -> Text,
        in_default_since -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    policies (id) {
        id -> IdColumn,
        policy_version -> Integer,
        status -> Text,
        document -> Text,
        reason -> Text,
        author -> Text,
        drafters -> Text,
        approver -> Nullable<Text>,
        created_at -> InstantColumn,
        live_at -> Nullable<InstantColumn>,
        retired_at -> Nullable<InstantColumn>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    exchange_rates (id) {
        id -> IdColumn,
        base_currency -> Text,
        quote_currency -> Text,
        rate -> Text,
        rate_date -> Date,
        source -> Text,
        set_by -> Text,
        set_at -> InstantColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    credit_accounts (id) {
        id -> IdColumn,
        customer_id -> IdColumn,
        currency -> Text,
        status -> Text,
        limit_kind -> Text,
        limit_minor -> BigInt,
        limit_source -> Text,
        limit_valid_until -> Nullable<Date>,
        net_days -> Integer,
        group_limit_kind -> Nullable<Text>,
        group_limit_minor -> BigInt,
        dunning_procedure_id -> Nullable<IdColumn>,
        segment -> Nullable<Text>,
        exempt_until -> Nullable<Date>,
        reserved_minor -> BigInt,
        delivered_minor -> BigInt,
        receivable_minor -> BigInt,
        instrument_minor -> BigInt,
        charge_minor -> BigInt,
        unapplied_minor -> BigInt,
        group_reserved_minor -> BigInt,
        group_delivered_minor -> BigInt,
        group_receivable_minor -> BigInt,
        group_instrument_minor -> BigInt,
        group_charge_minor -> BigInt,
        group_unapplied_minor -> BigInt,
        created_at -> InstantColumn,
        changed_at -> InstantColumn,
        version -> BigInt,
        billing_currencies -> Nullable<Text>,
        has_other_balances -> Bool,
        has_agreed_terms -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    limits (id) {
        id -> IdColumn,
        account_id -> IdColumn,
        scope -> Text,
        limit_kind -> Text,
        limit_minor -> BigInt,
        currency -> Text,
        net_days -> Nullable<Integer>,
        valid_until -> Nullable<Date>,
        source -> Text,
        application_id -> Nullable<IdColumn>,
        reason -> Text,
        set_by -> Text,
        set_at -> InstantColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    customer_owners (customer_id, owner) {
        customer_id -> IdColumn,
        owner -> Text,
        owned_until -> Nullable<InstantColumn>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    account_blocks (id) {
        id -> IdColumn,
        account_id -> IdColumn,
        cause -> Text,
        reason -> Text,
        set_at -> InstantColumn,
        set_by -> Text,
        lifted_at -> Nullable<InstantColumn>,
        lifted_by -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    additional_limits (id) {
        id -> IdColumn,
        account_id -> IdColumn,
        scope -> Text,
        kind -> Text,
        amount_minor -> BigInt,
        currency -> Text,
        valid_from -> Date,
        valid_until -> Date,
        order_number -> Nullable<Text>,
        reference -> Nullable<Text>,
        status -> Text,
        reason -> Text,
        granted_by -> Text,
        granted_at -> InstantColumn,
        ended_by -> Nullable<Text>,
        ended_at -> Nullable<InstantColumn>,
        end_reason -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    exposure_entries (id) {
        id -> IdColumn,
        account_id -> IdColumn,
        category -> Text,
        number -> Text,
        currency -> Text,
        amount_minor -> BigInt,
        entry_date -> Date,
        set_by -> Text,
        set_at -> InstantColumn,
        version -> BigInt,
        order_number -> Nullable<Text>,
        stated_minor -> BigInt,
        billed_minor -> BigInt,
        legal_entity_id -> IdColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    order_invoices (invoice_id) {
        invoice_id -> IdColumn,
        account_id -> IdColumn,
        order_number -> Text,
        reservation_id -> Nullable<IdColumn>,
        amount_minor -> BigInt,
        delivered_minor -> BigInt,
        matched_minor -> BigInt,
        excess_minor -> BigInt,
        restored_at -> Nullable<InstantColumn>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    reservation_captures (reservation_id, document_id) {
        reservation_id -> IdColumn,
        document_id -> IdColumn,
        captured_minor -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    portfolio_caps (id) {
        id -> IdColumn,
        kind -> Text,
        key -> Text,
        currency -> Text,
        limit_minor -> BigInt,
        reason -> Text,
        set_by -> Text,
        set_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    portfolio_exposures (cap_id, currency) {
        cap_id -> IdColumn,
        currency -> Text,
        reserved_minor -> BigInt,
        delivered_minor -> BigInt,
        receivable_minor -> BigInt,
        instrument_minor -> BigInt,
        charge_minor -> BigInt,
        unapplied_minor -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    reservations (id) {
        id -> IdColumn,
        account_id -> IdColumn,
        customer_id -> IdColumn,
        order_number -> Text,
        purpose -> Text,
        currency -> Text,
        amount_minor -> BigInt,
        captured_minor -> BigInt,
        status -> Text,
        expires_at -> InstantColumn,
        created_by -> Text,
        created_at -> InstantColumn,
        ended_at -> Nullable<InstantColumn>,
        end_reason -> Nullable<Text>,
        version -> BigInt,
        legal_entity_id -> IdColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    invoice_labels (label, invoice_id) {
        label -> Text,
        invoice_id -> IdColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    invoices (id) {
        id -> IdColumn,
        number -> Text,
        customer_id -> IdColumn,
        account_id -> IdColumn,
        order_number -> Nullable<Text>,
        reservation_id -> Nullable<IdColumn>,
        invoice_date -> Date,
        due_date -> Date,
        currency -> Text,
        amount_minor -> BigInt,
        open_minor -> BigInt,
        status -> Text,
        cancelled_on -> Nullable<Date>,
        cancel_reason -> Nullable<Text>,
        created_by -> Text,
        created_at -> InstantColumn,
        version -> BigInt,
        cancel_entered_on -> Nullable<Date>,
        order_excess_minor -> Nullable<BigInt>,
        legal_entity_id -> IdColumn,
        net_minor -> Nullable<BigInt>,
        tax_minor -> Nullable<BigInt>,
        posting_date -> Nullable<Date>,
        baseline_date -> Nullable<Date>,
        customer_order_number -> Nullable<Text>,
        labels -> Nullable<Text>,
        payment_terms -> Nullable<Text>,
        booking_minor -> Nullable<BigInt>,
        booking_currency -> Nullable<Text>,
        booking_rate -> Nullable<Text>,
        sold_on -> Nullable<Date>,
        kind -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    credit_notes (id) {
        id -> IdColumn,
        number -> Text,
        customer_id -> IdColumn,
        account_id -> IdColumn,
        invoice_id -> Nullable<IdColumn>,
        credit_date -> Date,
        currency -> Text,
        amount_minor -> BigInt,
        unapplied_minor -> BigInt,
        reason -> Text,
        status -> Text,
        reversed_on -> Nullable<Date>,
        reverse_reason -> Nullable<Text>,
        created_by -> Text,
        created_at -> InstantColumn,
        version -> BigInt,
        reverse_entered_on -> Nullable<Date>,
        legal_entity_id -> IdColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    receipts (id) {
        id -> IdColumn,
        number -> Text,
        customer_id -> IdColumn,
        account_id -> IdColumn,
        receipt_date -> Date,
        currency -> Text,
        amount_minor -> BigInt,
        unapplied_minor -> BigInt,
        status -> Text,
        reversed_on -> Nullable<Date>,
        reverse_reason -> Nullable<Text>,
        created_by -> Text,
        created_at -> InstantColumn,
        version -> BigInt,
        reverse_entered_on -> Nullable<Date>,
        legal_entity_id -> IdColumn,
        payer_customer_id -> Nullable<IdColumn>,
        refunded_minor -> BigInt,
        prepaid_order_number -> Nullable<Text>,
        possible_duplicate_of -> Nullable<IdColumn>,
        recognised_as -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    settlements (id) {
        id -> IdColumn,
        invoice_id -> IdColumn,
        customer_id -> IdColumn,
        receipt_id -> Nullable<IdColumn>,
        credit_note_id -> Nullable<IdColumn>,
        amount_minor -> BigInt,
        effective_on -> Date,
        reverses_id -> Nullable<IdColumn>,
        created_by -> Text,
        created_at -> InstantColumn,
        item_id -> Nullable<IdColumn>,
        kind -> Text,
        used_minor -> BigInt,
        used_currency -> Nullable<Text>,
        rate -> Nullable<Text>,
        difference_minor -> Nullable<BigInt>,
        difference_currency -> Nullable<Text>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    catalogue_versions (id) {
        id -> IdColumn,
        code -> Text,
        catalogue_version -> Integer,
        status -> Text,
        document -> Text,
        reason -> Text,
        author -> Text,
        drafters -> Text,
        approver -> Nullable<Text>,
        created_at -> InstantColumn,
        live_at -> Nullable<InstantColumn>,
        retired_at -> Nullable<InstantColumn>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    change_requests (id) {
        id -> IdColumn,
        kind -> Text,
        status -> Text,
        reason -> Text,
        proposed_by -> Text,
        proposed_at -> InstantColumn,
        decided_by -> Nullable<Text>,
        decision_reason -> Nullable<Text>,
        decided_at -> Nullable<InstantColumn>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    change_request_lines (request_id, line) {
        request_id -> IdColumn,
        line -> Integer,
        target_id -> Text,
        target_number -> Nullable<Text>,
        target_version -> BigInt,
        customer_id -> Nullable<IdColumn>,
        before -> Text,
        after -> Text,
        outcome -> Nullable<Text>,
        refusal -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    account_payment_terms (account_id) {
        account_id -> IdColumn,
        payment_terms -> Nullable<Text>,
        reason -> Text,
        set_by -> Text,
        changed_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    legal_entities (id) {
        id -> IdColumn,
        number -> Text,
        name -> Text,
        country -> Nullable<Text>,
        functional_currency -> Nullable<Text>,
        ledger -> Text,
        vat_id -> Nullable<Text>,
        registration_number -> Nullable<Text>,
        uscc -> Nullable<Text>,
        lei -> Nullable<Text>,
        peppol_id -> Nullable<Text>,
        street -> Nullable<Text>,
        city -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        bank_details -> Nullable<Text>,
        letter_sender -> Nullable<Text>,
        timezone -> Nullable<Text>,
        created_at -> InstantColumn,
        changed_at -> InstantColumn,
        version -> BigInt,
        calendar -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    account_balances (account_id, legal_entity_id, currency) {
        account_id -> IdColumn,
        legal_entity_id -> IdColumn,
        currency -> Text,
        reserved_minor -> BigInt,
        delivered_minor -> BigInt,
        receivable_minor -> BigInt,
        instrument_minor -> BigInt,
        charge_minor -> BigInt,
        unapplied_minor -> BigInt,
        group_reserved_minor -> BigInt,
        group_delivered_minor -> BigInt,
        group_receivable_minor -> BigInt,
        group_instrument_minor -> BigInt,
        group_charge_minor -> BigInt,
        group_unapplied_minor -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    entity_terms (account_id, legal_entity_id) {
        account_id -> IdColumn,
        legal_entity_id -> IdColumn,
        status -> Text,
        limit_minor -> Nullable<BigInt>,
        net_days -> Nullable<Integer>,
        dunning_procedure_id -> Nullable<IdColumn>,
        collector -> Nullable<Text>,
        reason -> Text,
        set_by -> Text,
        created_at -> InstantColumn,
        changed_at -> InstantColumn,
        version -> BigInt,
        payment_terms -> Nullable<Text>,
        dunning_blocked_at -> Nullable<InstantColumn>,
        dunning_block_reason -> Nullable<Text>,
    }
}
