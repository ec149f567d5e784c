//! The integration tests: one binary, through HTTP, each test on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail where it stands"
)]

mod accounts;
mod aging;
mod aging_entities;
mod applications;
mod assessments;
mod cash;
mod cash_files;
mod cash_share;
mod cash_speed;
mod catalogues;
mod change_lines;
mod change_requests;
mod contacts;
mod contract;
mod corrections;
mod credit_blocks;
mod customer_names;
mod customers;
mod deadlines;
mod defaults;
mod demo;
mod desk_memory;
mod dunning;
mod dunning_entities;
mod dunning_versions;
mod entities;
mod events;
mod exceptions;
mod exchange_rates;
mod expert_panels;
mod factoring;
mod facts;
mod financial_statements;
mod going_live;
mod house;
mod import_mappings;
mod import_reading;
mod imports;
mod indicators;
mod industries;
mod insolvent;
mod instruments;
mod jobs;
mod limits;
mod model;
mod monitoring;
mod numbers;
mod orders;
mod outages;
mod overload;
mod own_customers;
mod payment_terms;
mod periods;
mod policies;
mod policy_rules;
mod portfolio;
mod portfolio_matrix;
mod problems;
mod rating_data;
mod rating_models;
mod ratings;
mod real_data;
mod receivables;
mod replays;
mod rerating;
mod reservations;
mod schema;
mod security;
mod sensitivity;
mod settling;
mod small_firms;
mod startup;
mod sums;
mod support;
mod synchronising;
mod terms;
mod trail;
mod training;
mod unapplied;
mod upgrade;
mod uploads;
mod verify;
mod visibility;
