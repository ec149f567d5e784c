//! `/v1/dunning-…`.

mod blocks;
mod cases;
mod notices;
mod procedure_versions;
mod procedures;
mod runs;
mod stages;

use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::DunningError;
use super::model::BlockStatus;
use crate::platform::http::{Code, Problem};
use crate::platform::versions::api::refused;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(procedures::create_dunning_procedure)
        .service(procedures::list_dunning_procedures)
        .service(procedures::find_dunning_procedure)
        .service(procedures::rename_dunning_procedure)
        .service(procedures::make_default_dunning_procedure)
        .service(procedures::assign_dunning_procedure)
        .service(procedure_versions::list_dunning_procedure_versions)
        .service(procedure_versions::draft_dunning_procedure_version)
        .service(procedure_versions::find_dunning_procedure_version)
        .service(procedure_versions::change_dunning_procedure_version)
        .service(procedure_versions::approve_dunning_procedure_version)
        .service(runs::preview_dunning_run)
        .service(runs::list_dunning_runs)
        .service(runs::find_dunning_run)
        .service(runs::approve_dunning_run)
        .service(runs::issue_dunning_run)
        .service(runs::cancel_dunning_run)
        .service(runs::decide_dunning_lines)
        .service(notices::list_notices_of_run)
        .service(notices::list_dunning_notices)
        .service(notices::find_dunning_notice)
        .service(notices::read_dunning_letter)
        .service(stages::list_dunning_stages)
        .service(stages::list_customer_dunning_stages)
        .service(blocks::put_dunning_block)
        .service(blocks::list_dunning_blocks)
        .service(blocks::lift_dunning_block)
        .service(cases::list_dunning_cases)
        .service(cases::find_dunning_case)
        .service(cases::propose_dunning_escalation)
        .service(cases::approve_dunning_escalation)
        .service(cases::refuse_dunning_escalation)
        .service(cases::close_dunning_case);
}

impl From<DunningError> for Problem {
    fn from(error: DunningError) -> Problem {
        match error {
            DunningError::Missing(thing) => Problem::not_found(thing),
            DunningError::Unknown { pointer, thing } => {
                Problem::invalid(pointer, "unknown", format!("There is no such {thing}."))
            }
            DunningError::NameTaken => {
                Problem::invalid("/name", "taken", "Another dunning procedure has this name.")
            }
            DunningError::ScheduleAlone => Problem::invalid("/schedule", "needs_approval", error),
            DunningError::Misfits(found) => {
                found
                    .into_iter()
                    .fold(Problem::new(Code::Invalid), |problem, (index, misfit)| {
                        let (member, code) = misfit.place();
                        problem.at(format!("/levels/{index}/{member}"), code, misfit)
                    })
            }
            DunningError::Templates(found) => found
                .into_iter()
                .fold(Problem::new(Code::Invalid), |problem, (pointer, error)| {
                    problem.at(pointer, "template", error)
                }),
            DunningError::InFuture(day) => {
                Problem::invalid("/as_of", "in_future", format!("{day} is in the future."))
            }
            DunningError::HasPassed(day) => {
                Problem::invalid("/until", "has_passed", format!("{day} has passed."))
            }
            DunningError::RunIs(status) => Problem::state("dunning run", status, status.allowed()),
            DunningError::BlockIs(status) => {
                let allowed: &[&str] = match status {
                    BlockStatus::Active => &["lift"],
                    BlockStatus::Expired | BlockStatus::Lifted => &[],
                };
                Problem::state("dunning block", status, allowed)
            }
            DunningError::CaseIs(status) => {
                Problem::state("dunning case", status, status.allowed())
            }
            DunningError::NotOnRun(pointer) => {
                Problem::invalid(pointer, "unknown", "This is not on the run.")
            }
            DunningError::Proposer(_) => {
                Problem::new(Code::SegregationOfDuties).with("duty", "proposer of the escalation")
            }
            DunningError::Author(_) => {
                Problem::new(Code::SegregationOfDuties).with("duty", "author of the run")
            }
            DunningError::Stale => Problem::new(Code::Stale),
            DunningError::Version(error) => refused(
                "dunning procedure version",
                "author of the dunning procedure",
                error,
            ),
            DunningError::Account(error) => error.into(),
            DunningError::Db(error) => error.into(),
            DunningError::Incomplete(_) => Problem::internal(error),
        }
    }
}
