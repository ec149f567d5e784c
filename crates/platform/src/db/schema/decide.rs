//! The tables of deciding: limit checks, credit blocks, applications.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    limit_checks (id) {
        id -> IdColumn,
        account_id -> IdColumn,
        customer_id -> IdColumn,
        order_number -> Nullable<Text>,
        checkpoint -> Text,
        currency -> Text,
        amount_minor -> BigInt,
        outcome -> Text,
        policy_version -> Integer,
        record -> Text,
        checked_by -> Text,
        checked_at -> InstantColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    credit_blocks (id) {
        id -> IdColumn,
        check_id -> IdColumn,
        account_id -> IdColumn,
        customer_id -> IdColumn,
        order_number -> Text,
        purpose -> Text,
        currency -> Text,
        amount_minor -> BigInt,
        reserve_until -> InstantColumn,
        status -> Text,
        reasons -> Text,
        opened_by -> Text,
        opened_at -> InstantColumn,
        assigned_to -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<InstantColumn>,
        decision_reason -> Nullable<Text>,
        ceiling_minor -> Nullable<BigInt>,
        release_valid_until -> Nullable<Date>,
        release_request -> Nullable<Text>,
        release_requested_by -> Nullable<Text>,
        release_requested_at -> Nullable<InstantColumn>,
        promised_on -> Nullable<Date>,
        reservation_id -> Nullable<IdColumn>,
        version -> BigInt,
        legal_entity_id -> IdColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    applications (id) {
        id -> IdColumn,
        customer_id -> IdColumn,
        account_id -> IdColumn,
        scope -> Text,
        status -> Text,
        currency -> Text,
        requested_limit_minor -> BigInt,
        requested_net_days -> Integer,
        purpose -> Text,
        created_by -> Text,
        created_at -> InstantColumn,
        changed_at -> InstantColumn,
        submitted_by -> Nullable<Text>,
        submitted_at -> Nullable<InstantColumn>,
        reviewer -> Nullable<Text>,
        information_request -> Nullable<Text>,
        deadline -> Nullable<Date>,
        recommended_limit_minor -> Nullable<BigInt>,
        recommended_net_days -> Nullable<Integer>,
        recommended_valid_until -> Nullable<Date>,
        recommendation -> Nullable<Text>,
        recommended_by -> Nullable<Text>,
        recommended_at -> Nullable<InstantColumn>,
        credit_approver -> Nullable<Text>,
        approver -> Nullable<Text>,
        decided_at -> Nullable<InstantColumn>,
        decision_reason -> Nullable<Text>,
        conditions -> Text,
        appealed_at -> Nullable<InstantColumn>,
        version -> BigInt,
        exceptions -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    application_steps (id) {
        id -> IdColumn,
        application_id -> IdColumn,
        verb -> Text,
        from_status -> Nullable<Text>,
        to_status -> Text,
        subject -> Text,
        at -> InstantColumn,
        reason -> Nullable<Text>,
        details -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    application_assessments (id) {
        id -> IdColumn,
        application_id -> IdColumn,
        number -> Integer,
        policy_version -> Integer,
        grade -> Nullable<Text>,
        decision -> Text,
        currency -> Text,
        limit_minor -> Nullable<BigInt>,
        net_days -> Integer,
        document -> Text,
        assessed_by -> Text,
        assessed_at -> InstantColumn,
    }
}
