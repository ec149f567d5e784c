//! `/v1/policies/{id}/simulate`.

use crate::decide::limits::input::SimulationIn;
use actix_web::{post, web};

use crate::decide::limits::simulation;
use crate::platform::http::auth::SimulatePolicies;
use crate::platform::http::{Actor, Answer, Command, Executor, Outcome};
use crate::platform::jobs::api::JobOut;
use crate::platform::jobs::worker::WakeSignal;
use kernel::ids::PolicyId;

/// Simulate a policy
///
/// Decides the recorded limit checks of a period again under this version, be it a draft, live or retired. The work
/// goes on as a job; its `result` counts the checks (`checks`), those that would have been answered the same
/// (`identical`), and how many would have had which outcome (`matrix`, with amounts by currency). Those that would have
/// come out differently are counted (`flipped`), and the first 1,000 listed (`flips`). Where a record lacks what a rule
/// of this version asks for, the rule did not hit; `not_known` says of how many checks.
#[utoipa::path(
    tag = "policies",
    params(PolicyId),
    request_body = SimulationIn,
    responses((status = 202, description = "The job that does it.", body = JobOut)),
    security(("bearer" = ["policies:simulate"]))
)]
#[post("/v1/policies/{id}/simulate")]
pub async fn simulate_policy(
    actor: Actor<SimulatePolicies>,
    id: web::Path<PolicyId>,
    command: Command<SimulationIn>,
    executor: web::Data<Executor>,
    bell: web::Data<WakeSignal>,
) -> Outcome {
    let outcome = executor
        .once(&actor, command, move |tx, input| {
            let job = simulation::begin(tx, *id, input.from.date(), input.to.date())?;
            let location = format!("/v1/jobs/{}", job.id);
            Answer::accepted(&JobOut::from(job), location)
        })
        .await;
    bell.ring();
    outcome
}
