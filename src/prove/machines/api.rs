//! `/v1/meta/state-machines`.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, get};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::Machine;
use super::rules;
use crate::platform::http::auth::ReadMeta;
use crate::platform::http::csv::{Cell, table};
use crate::platform::http::page::Query;
use crate::platform::http::{Actor, Answer, Outcome, Problem};

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_state_machines);
}

/// How the machines are written.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MachineFormat {
    Json,
    Csv,
    /// A state diagram for each machine, in the language of Mermaid.
    Mermaid,
}

/// In which form the state machines are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StateMachineQuestion {
    /// How they are written; JSON when not given.
    #[param(inline)]
    pub format: Option<MachineFormat>,
}

/// List the state machines
///
/// For each list of statuses in this contract: the statuses, what leads from one to another, by which operation, and which
/// roles may. What netterms does by itself has no operation. A 409 `state_conflict` tells of one thing what is allowed now.
#[utoipa::path(
    tag = "meta",
    params(StateMachineQuestion),
    responses((status = 200, description = "The state machines.", content(
        (MachinesOut = "application/json"),
        (String = "text/csv"),
        (String = "text/plain"),
    ))),
    security(("bearer" = ["meta:read"]))
)]
#[get("/v1/meta/state-machines")]
pub async fn list_state_machines(
    _: Actor<ReadMeta>,
    question: Query<StateMachineQuestion>,
) -> Outcome {
    let machines = rules::machines();
    match question.0.format.unwrap_or(MachineFormat::Json) {
        MachineFormat::Json => Ok(Answer::ok(&MachinesOut { data: machines })?.into_response()),
        MachineFormat::Csv => csv(&machines),
        MachineFormat::Mermaid => Ok(HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(rules::mermaid(&machines))),
    }
}

fn csv(machines: &[Machine]) -> Outcome {
    let header = ["machine", "from", "verb", "to", "operation", "roles"].map(str::to_owned);
    let rows = machines.iter().flat_map(|machine| {
        machine.transitions.iter().map(|way| {
            let roles: Vec<&str> = way.roles.iter().map(|role| role.as_str()).collect();
            [
                machine.name,
                way.from.unwrap_or_default(),
                way.verb,
                way.to,
                way.operation.unwrap_or_default(),
                &roles.join(" "),
            ]
            .map(|text| Cell::Plain(text.to_owned()))
            .to_vec()
        })
    });
    let body = table(&header, rows).map_err(Problem::internal)?;
    let name = "attachment; filename=\"state-machines.csv\"";
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, name))
        .content_type("text/csv; charset=utf-8")
        .body(body))
}

/// Every state machine.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StateMachines, example = json!({"data": [{
    "name": "refund", "schema": "RefundStatus", "states": ["requested", "approved", "paid", "rejected", "cancelled"],
    "final_states": ["paid", "rejected", "cancelled"],
    "transitions": [{
        "from": "requested", "verb": "approve", "to": "approved", "operation": "approve_refund", "roles": ["finance"]
    }]
}]}))]
pub struct MachinesOut {
    #[schema(max_items = 100)]
    data: Vec<Machine>,
}
