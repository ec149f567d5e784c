//! The machines whose rooms decide step by step, written down: each status, what leads from there, and who may.

use crate::book::cash::model::{AdviceStatus, EntryStatus};
use crate::book::change_requests::model::ChangeStatus;
use crate::book::customers::model::LegalStatus;
use crate::book::deadlines::model::DeadlineStatus;
use crate::book::deposit_requests::model::DepositStatus;
use crate::book::exposure::model::{AccountStatus, AdditionalStatus, ReservationStatus};
use crate::book::factoring::model::{AgreementStatus, AssignmentStatus};
use crate::book::periods::model::PeriodStatus;
use crate::book::receivables::model::{DocumentStatus, InvoiceStatus};
use crate::book::refunds::model::RefundStatus;
use crate::collect::charges::model::ChargeStatus;
use crate::collect::correspondence::model::MessageStatus;
use crate::collect::dunning::model::{BlockStatus, CaseStatus, NoticeStatus, RunStatus};
use crate::connect::api_keys::model::KeyStatus;
use crate::connect::webhooks::model::{DeliveryStatus, EndpointStatus};
use crate::decide::limits::model::CreditBlockStatus;
use crate::platform::http::auth::{
    AccrueCharges, ApproveDunning, AssignCash, CaptureReservations, CheckLimits, ClaimCharges,
    ClosePeriods, DecideChanges, DecideCreditBlocks, DecideRefunds, EditCustomers, EscalateDunning,
    ExportTables, GrantAdditionalLimits, ManageAccounts, ManageApiKeys, ManageDeadlines,
    ManageFactoring, ManageReservations, ManageWebhooks, PostAdvices, PostCash, PostInvoices,
    ProposeChanges, ReadJobs, ReportDeliveries, RequestRefunds, RequestReleases, ReverseDocuments,
    RunDunning, SendMessages, SendStatements, SetLegalStatus, StatePeriods,
};
use crate::platform::jobs::model::JobStatus;
use crate::prove::exports::model::ExportStatus;
use crate::prove::machines::model::{BY_ITSELF, Machine, by};

/// Writes a machine down: `[from, …] "verb" => to, who;` for each way, `[]` where the thing begins.
macro_rules! machine {
    ($name:literal, $schema:literal, $status:ident, {
        $([$($from:ident),*] $verb:literal => $to:ident, $who:expr;)*
    }) => {{
        let states = $status::ALL.iter().map(|state| state.as_str());
        let mut made = Machine::new($name, $schema, states);
        $(
            let from: &[&'static str] = &[$($status::$from.as_str()),*];
            if from.is_empty() {
                made.add(None, $verb, $status::$to.as_str(), $who);
            }
            for one in from {
                made.add(Some(*one), $verb, $status::$to.as_str(), $who);
            }
        )*
        made
    }};
}

pub(super) fn machines() -> Vec<Machine> {
    let mut all = documents();
    all.extend(cash());
    all.extend(orders());
    all.extend(customers());
    all.extend(collecting());
    all.extend(house());
    all
}

fn documents() -> Vec<Machine> {
    let settled = || by::<PostCash>("apply_receipt");
    let taken_off = || by::<ReverseDocuments>("unapply_receipt");
    vec![
        machine!("invoice", "InvoiceStatus", InvoiceStatus, {
            [] "post" => Open, by::<PostInvoices>("post_invoice");
            [Open, PartiallyPaid] "settle" => PartiallyPaid, settled();
            [Open, PartiallyPaid, Sold] "settle" => Paid, settled();
            [PartiallyPaid, Paid] "unsettle" => Open, taken_off();
            [Paid] "unsettle" => PartiallyPaid, taken_off();
            [Paid] "unsettle" => Sold, taken_off();
            [Open, PartiallyPaid] "sell" => Sold, by::<DecideChanges>("approve_change");
            [Sold] "buy_back" => Open, by::<ManageFactoring>("buy_back_invoice");
            [Sold] "settle" => Sold, settled();
            [PartiallyPaid] "unsettle" => PartiallyPaid, taken_off();
            [Sold] "unsettle" => Sold, taken_off();
            [Sold] "buy_back" => PartiallyPaid, by::<ManageFactoring>("buy_back_invoice");
            [Paid] "buy_back" => Paid, by::<ManageFactoring>("buy_back_invoice");
            [Open] "cancel" => Cancelled, by::<ReverseDocuments>("cancel_invoice");
        }),
        machine!("receipt", "DocumentStatus", DocumentStatus, {
            [] "post" => Posted, by::<PostCash>("post_receipt");
            [Posted] "reverse" => Reversed, by::<ReverseDocuments>("reverse_receipt");
        }),
        machine!("credit_note", "DocumentStatus", DocumentStatus, {
            [] "post" => Posted, by::<PostCash>("post_credit_note");
            [Posted] "reverse" => Reversed, by::<ReverseDocuments>("reverse_credit_note");
        }),
        machine!("refund", "RefundStatus", RefundStatus, {
            [] "request" => Requested, by::<RequestRefunds>("request_refund");
            [Requested] "approve" => Approved, by::<DecideRefunds>("approve_refund");
            [Requested] "reject" => Rejected, by::<DecideRefunds>("reject_refund");
            [Approved] "pay" => Paid, by::<DecideRefunds>("pay_refund");
            [Approved] "cancel" => Cancelled, by::<DecideRefunds>("cancel_refund");
        }),
    ]
}

fn cash() -> Vec<Machine> {
    vec![
        machine!("bank_entry", "EntryStatus", EntryStatus, {
            [] "receive" => Received, by::<SendStatements>("send_bank_statement");
            [] "receive" => Open, by::<SendStatements>("send_bank_statement");
            [] "receive" => NoReceipt, by::<SendStatements>("send_bank_statement");
            [Received, Open, Unidentified] "match" => Open, by::<AssignCash>("match_bank_entry");
            [Received, Open, Unidentified] "match" => Unidentified, by::<AssignCash>("match_bank_entry");
            [Received, Open, Unidentified] "match" => Applied, by::<AssignCash>("match_bank_entry");
            [Received, Open, Unidentified] "accept" => Applied, by::<AssignCash>("accept_bank_entry");
            [Received, Open, Unidentified] "assign" => Open, by::<AssignCash>("assign_bank_entry");
            [Received, Open, Unidentified] "assign" => Applied, by::<AssignCash>("assign_bank_entry");
            [Received, Open, Unidentified] "ignore" => Ignored, by::<AssignCash>("ignore_bank_entry");
            [Ignored, NoReceipt, Returned] "reopen" => Open, by::<AssignCash>("reopen_bank_entry");
            [Ignored, NoReceipt, Returned] "reopen" => Unidentified, by::<AssignCash>("reopen_bank_entry");
            [Received, Open, Unidentified] "take_back" => NoReceipt, by::<AssignCash>("take_back_bank_entry");
            [Applied] "give_back" => Open, BY_ITSELF;
            [Applied, Open, Unidentified] "return" => Returned, BY_ITSELF;
        }),
        machine!("deposit_request", "DepositStatus", DepositStatus, {
            [] "post" => Open, by::<PostInvoices>("post_deposit_request");
            [Open, PartPaid] "pay" => PartPaid, by::<PostCash>("post_receipt");
            [Open, PartPaid] "pay" => Paid, by::<PostCash>("post_receipt");
            [PartPaid, Paid] "unpay" => Open, by::<ReverseDocuments>("reverse_receipt");
            [Paid] "unpay" => PartPaid, by::<ReverseDocuments>("reverse_receipt");
            [Open, PartPaid, Paid] "cancel" => Cancelled, by::<ReverseDocuments>("cancel_deposit_request");
        }),
        machine!("remittance_advice", "AdviceStatus", AdviceStatus, {
            [] "post" => Open, by::<PostAdvices>("post_remittance_advice");
            [Open] "pay" => Paid, BY_ITSELF;
            [Paid] "reopen" => Open, BY_ITSELF;
            [Open] "withdraw" => Withdrawn, by::<PostAdvices>("withdraw_remittance_advice");
        }),
        machine!("period", "PeriodStatus", PeriodStatus, {
            [] "state" => Open, by::<StatePeriods>("put_periods");
            [] "state" => Closed, by::<StatePeriods>("put_periods");
            [Open] "state" => Closed, by::<StatePeriods>("put_periods");
            [Open] "close" => Closed, by::<ClosePeriods>("close_period");
            [Closed] "reopen" => Open, by::<DecideChanges>("approve_change");
        }),
        machine!("factoring_agreement", "AgreementStatus", AgreementStatus, {
            [] "make" => Active, by::<ManageFactoring>("make_factoring_agreement");
            [Active] "end" => Ended, by::<ManageFactoring>("end_factoring_agreement");
        }),
        machine!("factoring_assignment", "AssignmentStatus", AssignmentStatus, {
            [] "approve" => Active, by::<DecideChanges>("approve_change");
            [Active] "buy_back" => BoughtBack, by::<ManageFactoring>("buy_back_invoice");
        }),
    ]
}

fn orders() -> Vec<Machine> {
    vec![
        machine!("reservation", "ReservationStatus", ReservationStatus, {
            [] "reserve" => Active, by::<CheckLimits>("check_limit");
            [Active] "amend" => Active, by::<ManageReservations>("amend_reservation");
            [PartiallyCaptured] "amend" => PartiallyCaptured, by::<ManageReservations>("amend_reservation");
            [Active] "extend" => Active, by::<ManageReservations>("extend_reservation");
            [PartiallyCaptured] "extend" => PartiallyCaptured, by::<ManageReservations>("extend_reservation");
            [Active, PartiallyCaptured] "capture" => PartiallyCaptured, by::<CaptureReservations>("capture_reservation");
            [Active, PartiallyCaptured] "capture" => Captured, by::<CaptureReservations>("capture_reservation");
            [Active, PartiallyCaptured] "release" => Released, by::<ManageReservations>("release_reservation");
            [Active, PartiallyCaptured] "expire" => Expired, BY_ITSELF;
            [Captured, PartiallyCaptured] "reopen" => Active, BY_ITSELF;
            [Captured, PartiallyCaptured] "reopen" => PartiallyCaptured, BY_ITSELF;
            [Captured] "reopen" => Captured, BY_ITSELF;
        }),
        machine!("credit_block", "CreditBlockStatus", CreditBlockStatus, {
            [] "open" => Open, by::<CheckLimits>("check_limit");
            [Open, Assigned] "assign" => Assigned, by::<DecideCreditBlocks>("assign_credit_block");
            [Open, Assigned] "assign" => Open, by::<DecideCreditBlocks>("assign_credit_block");
            [Open] "request_release" => Open, by::<RequestReleases>("request_release_of_credit_block");
            [Assigned] "request_release" => Assigned, by::<RequestReleases>("request_release_of_credit_block");
            [Open, Assigned] "release" => Released, by::<DecideCreditBlocks>("release_credit_block");
            [Open, Assigned] "reject" => Rejected, by::<DecideCreditBlocks>("reject_credit_block");
            [Open, Assigned] "withdraw" => Withdrawn, by::<ManageReservations>("withdraw_credit_block");
            [Open, Assigned] "recheck" => AutoReleased, BY_ITSELF;
        }),
        machine!("additional_limit", "AdditionalStatus", AdditionalStatus, {
            [] "grant" => Active, by::<GrantAdditionalLimits>("grant_additional_limit");
            [Active] "withdraw" => Withdrawn, by::<GrantAdditionalLimits>("withdraw_additional_limit");
            [Active] "consume" => Consumed, BY_ITSELF;
        }),
    ]
}

fn customers() -> Vec<Machine> {
    let law = || by::<SetLegalStatus>("set_legal_status");
    vec![
        machine!("credit_account", "AccountStatus", AccountStatus, {
            [] "open" => Active, by::<EditCustomers>("open_credit_account");
            [Active] "suspend" => Suspended, by::<ManageAccounts>("suspend_credit_account");
            [Suspended] "reinstate" => Active, by::<ManageAccounts>("reinstate_credit_account");
        }),
        machine!("entity_terms", "AccountStatus", AccountStatus, {
            [] "set" => Active, by::<ManageAccounts>("set_entity_terms");
            [] "set" => Suspended, by::<ManageAccounts>("set_entity_terms");
            [Active] "set" => Suspended, by::<ManageAccounts>("set_entity_terms");
            [Suspended] "set" => Active, by::<ManageAccounts>("set_entity_terms");
        }),
        machine!("customer_legal_status", "LegalStatus", LegalStatus, {
            [] "create" => None, by::<EditCustomers>("create_customer");
            [Sued, Judgment, Insolvent, Dissolved] "set" => None, law();
            [None, Judgment, Insolvent, Dissolved] "set" => Sued, law();
            [None, Sued, Insolvent, Dissolved] "set" => Judgment, law();
            [None, Sued, Judgment, Dissolved] "set" => Insolvent, law();
            [None, Sued, Judgment, Insolvent] "set" => Dissolved, law();
        }),
        machine!("change_request", "ChangeStatus", ChangeStatus, {
            [] "propose" => Proposed, by::<ProposeChanges>("propose_change");
            [Proposed] "approve" => Applied, by::<DecideChanges>("approve_change");
            [Proposed] "approve" => PartlyApplied, by::<DecideChanges>("approve_change");
            [Proposed] "approve" => Stale, by::<DecideChanges>("approve_change");
            [Proposed] "reject" => Rejected, by::<DecideChanges>("reject_change");
            [Proposed] "withdraw" => Withdrawn, by::<ProposeChanges>("withdraw_change");
        }),
        machine!("deadline", "DeadlineStatus", DeadlineStatus, {
            [] "add" => Open, by::<ManageDeadlines>("add_deadline");
            [Open] "meet" => Met, by::<ManageDeadlines>("meet_deadline");
            [Open] "withdraw" => Withdrawn, by::<ManageDeadlines>("withdraw_deadline");
            [Open] "meet" => Met, BY_ITSELF;
            [Open] "withdraw" => Withdrawn, BY_ITSELF;
            [Open] "pass" => Missed, BY_ITSELF;
        }),
    ]
}

fn collecting() -> Vec<Machine> {
    let reported = || by::<ReportDeliveries>("report_delivery");
    vec![
        machine!("charge", "ChargeStatus", ChargeStatus, {
            [] "accrue" => Accrued, by::<AccrueCharges>("accrue_charges");
            [] "record" => Accrued, by::<ClaimCharges>("record_charge");
            [Accrued] "claim" => Claimed, by::<ClaimCharges>("claim_charge");
            [Accrued] "cancel" => Cancelled, by::<ClaimCharges>("cancel_charge");
            [Accrued, Claimed] "waive" => Waived, by::<DecideChanges>("approve_change");
            [Claimed] "pay" => Paid, BY_ITSELF;
            [Paid] "reopen" => Claimed, BY_ITSELF;
            [Claimed] "take_back" => Cancelled, BY_ITSELF;
        }),
        machine!("message", "MessageStatus", MessageStatus, {
            [] "queue" => Queued, BY_ITSELF;
            [Queued] "send" => Sent, BY_ITSELF;
            [Queued] "mark_sent" => Sent, by::<SendMessages>("mark_letters_sent");
            [Queued] "refuse" => Bounced, BY_ITSELF;
            [Queued] "give_up" => Failed, BY_ITSELF;
            [Queued] "stop" => Cancelled, BY_ITSELF;
            [Queued] "print" => Cancelled, by::<SendMessages>("print_letters");
            [Queued] "cancel" => Cancelled, by::<SendMessages>("cancel_message");
            [Failed] "retry" => Queued, by::<SendMessages>("retry_message");
            [Sent] "deliver" => Delivered, reported();
            [Sent, Delivered] "bounce" => Bounced, reported();
        }),
        machine!("dunning_run", "RunStatus", RunStatus, {
            [] "preview" => Previewed, by::<RunDunning>("preview_dunning_run");
            [] "preview" => Previewing, by::<RunDunning>("preview_dunning_run");
            [] "schedule" => Previewing, BY_ITSELF;
            [Previewing] "finish" => Previewed, BY_ITSELF;
            [Previewing] "finish" => Cancelled, BY_ITSELF;
            [Previewed] "release" => Issuing, BY_ITSELF;
            [Previewed] "decide" => Previewed, by::<RunDunning>("decide_dunning_lines");
            [Previewed] "approve" => Approved, by::<ApproveDunning>("approve_dunning_run");
            [Previewing, Previewed, Approved] "cancel" => Cancelled,
                by::<RunDunning>("cancel_dunning_run");
            [Approved] "issue" => Issued, by::<RunDunning>("issue_dunning_run");
            [Approved, Issuing] "issue" => Issuing, by::<RunDunning>("issue_dunning_run");
            [Issuing] "finish" => Issued, BY_ITSELF;
        }),
        machine!("dunning_notice", "NoticeStatus", NoticeStatus, {
            [] "preview" => Previewed, by::<RunDunning>("preview_dunning_run");
            [Previewed] "issue" => Issued, by::<RunDunning>("issue_dunning_run");
            [Previewed] "issue" => Suppressed, by::<RunDunning>("issue_dunning_run");
            [Previewed] "decide" => Suppressed, by::<RunDunning>("decide_dunning_lines");
            [Suppressed] "decide" => Previewed, by::<RunDunning>("decide_dunning_lines");
            [Previewed, Suppressed] "cancel" => Cancelled,
                by::<RunDunning>("cancel_dunning_run");
        }),
        machine!("dunning_case", "CaseStatus", CaseStatus, {
            [] "issue" => Open, by::<RunDunning>("issue_dunning_run");
            [Open] "wait" => EscalationDue, BY_ITSELF;
            [EscalationDue] "settle" => Open, BY_ITSELF;
            [Open, EscalationDue] "propose_escalation" => EscalationProposed,
                by::<RunDunning>("propose_dunning_escalation");
            [EscalationProposed] "approve_escalation" => EscalatedAgency,
                by::<EscalateDunning>("approve_dunning_escalation");
            [EscalationProposed] "approve_escalation" => EscalatedLegal,
                by::<EscalateDunning>("approve_dunning_escalation");
            [EscalationProposed] "approve_escalation" => EscalatedWriteOff,
                by::<EscalateDunning>("approve_dunning_escalation");
            [EscalationProposed] "refuse_escalation" => Open,
                by::<EscalateDunning>("refuse_dunning_escalation");
            [Open, EscalationDue, EscalationProposed, EscalatedAgency, EscalatedLegal,
                EscalatedWriteOff] "settle" => ClosedPaid, BY_ITSELF;
            [ClosedPaid] "reverse" => Open, BY_ITSELF;
            [ClosedPaid] "reverse" => EscalatedAgency, BY_ITSELF;
            [ClosedPaid] "reverse" => EscalatedLegal, BY_ITSELF;
            [ClosedPaid] "reverse" => EscalatedWriteOff, BY_ITSELF;
            [Open, EscalationDue, EscalationProposed, EscalatedAgency, EscalatedLegal,
                EscalatedWriteOff] "close" => ClosedSettled, by::<RunDunning>("close_dunning_case");
            [Open, EscalationDue, EscalationProposed, EscalatedAgency, EscalatedLegal,
                EscalatedWriteOff] "close" => ClosedWrittenOff,
                by::<RunDunning>("close_dunning_case");
            [Open, EscalationDue, EscalationProposed, EscalatedAgency, EscalatedLegal,
                EscalatedWriteOff] "close" => ClosedUncollectable,
                by::<RunDunning>("close_dunning_case");
        }),
        machine!("dunning_block", "BlockStatus", BlockStatus, {
            [] "put" => Active, by::<RunDunning>("put_dunning_block");
            [Active] "lift" => Lifted, by::<RunDunning>("lift_dunning_block");
            [Active] "pass" => Expired, BY_ITSELF;
        }),
    ]
}

fn house() -> Vec<Machine> {
    vec![
        machine!("job", "JobStatus", JobStatus, {
            [] "receive" => Receiving, BY_ITSELF;
            [Receiving] "queue" => Queued, BY_ITSELF;
            [Queued, Running] "run" => Running, BY_ITSELF;
            [Running] "give_back" => Queued, BY_ITSELF;
            [Queued, Running] "cancel" => Cancelled, by::<ReadJobs>("cancel_job");
            [Running] "succeed" => Succeeded, BY_ITSELF;
            [Running] "fail" => Failed, BY_ITSELF;
        }),
        machine!("api_key", "KeyStatus", KeyStatus, {
            [] "create" => Active, by::<ManageApiKeys>("create_api_key");
            [Active] "rotate" => Active, by::<ManageApiKeys>("rotate_api_key");
            [Active, Expired] "revoke" => Revoked, by::<ManageApiKeys>("revoke_api_key");
            [Active] "pass" => Expired, BY_ITSELF;
        }),
        machine!("export", "ExportStatus", ExportStatus, {
            [] "create" => Queued, by::<ExportTables>("create_export");
            [Queued, Running] "run" => Running, BY_ITSELF;
            [Running] "give_back" => Queued, BY_ITSELF;
            [Queued, Running] "cancel" => Cancelled, by::<ReadJobs>("cancel_job");
            [Running] "succeed" => Ready, BY_ITSELF;
            [Running] "fail" => Failed, BY_ITSELF;
            [Ready] "pass" => Expired, BY_ITSELF;
        }),
        machine!("webhook_endpoint", "EndpointStatus", EndpointStatus, {
            [] "create" => Enabled, by::<ManageWebhooks>("create_webhook_endpoint");
            [Enabled] "disable" => Disabled, by::<ManageWebhooks>("disable_webhook_endpoint");
            [Enabled] "give_up" => Disabled, BY_ITSELF;
            [Disabled] "enable" => Enabled, by::<ManageWebhooks>("enable_webhook_endpoint");
        }),
        machine!("webhook_delivery", "DeliveryStatus", DeliveryStatus, {
            [] "feed" => Pending, BY_ITSELF;
            [Pending] "deliver" => Delivered, BY_ITSELF;
            [Pending] "fail" => Pending, BY_ITSELF;
            [Pending] "give_up" => Dead, BY_ITSELF;
            [Delivered, Dead, Superseded] "replay" => Pending, by::<ManageWebhooks>("replay_webhook_delivery");
            [Pending] "supersede" => Superseded, by::<ManageWebhooks>("replay_webhook_endpoint");
        }),
    ]
}
