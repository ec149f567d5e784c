//! `/v1/me`: what one's own token permits, and what waits for one.

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::{ApplicationSummaryOut, summarise};
use crate::book::policy::actions::live;
use crate::book::policy::model::Amounts;
use crate::book::policy::rules::authority_of;
use crate::decide::applications::{actions, store};
use crate::platform::http::auth::ReadMe;
use crate::platform::http::{Actor, Answer, Executor, Outcome};
use kernel::caller::Role;
use kernel::text::Subject;

/// How many of the waiting applications are shown here; the list has all of them.
const WAITING_SHOWN: i64 = 20;

/// Read who I am
///
/// My roles, my approval authority under the live policy, and the applications that wait for my approval.
#[utoipa::path(
    tag = "operation",
    responses((status = 200, description = "What the token permits.", body = MeOut)),
    security(("bearer" = ["me:read"]))
)]
#[get("/v1/me")]
pub async fn read_me(actor: Actor<ReadMe>, executor: web::Data<Executor>) -> Outcome {
    let answer = executor
        .read(move |db| {
            let policy = live(db)?;
            let reach = actions::reach(db, &actor)?;
            let waiting = store::list_waiting(db, &actor, &reach, WAITING_SHOWN)?;
            let count = store::count_waiting(db, &actor, &reach)?;
            let authority = [Role::Credit, Role::Finance]
                .into_iter()
                .filter_map(|role| authority_of(&actor, &policy.document, role))
                .map(|row| AuthorityOut {
                    role: row.role,
                    level: row.level,
                    amounts: row.amounts.clone(),
                });
            Answer::ok(&MeOut {
                subject: actor.subject.clone(),
                roles: actor.roles.clone(),
                authority: authority.collect(),
                policy_version: policy.version,
                waiting_for_my_approval: WaitingOut {
                    count,
                    applications: summarise(db, &actor, waiting)?,
                },
            })
        })
        .await?;
    Ok(answer.into_response())
}

/// Who the token speaks for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me, example = json!({
    "subject": "u-21", "roles": ["credit"],
    "authority": [{"role": "credit", "level": 1, "amounts": {"CNY": "1000000.00"}}], "policy_version": 1,
    "waiting_for_my_approval": {"count": 0, "applications": []}
}))]
pub struct MeOut {
    subject: Subject,
    #[schema(max_items = 20)]
    roles: Vec<Role>,
    /// What the live policy lets me approve, for each of my roles that approves.
    #[schema(max_items = 2)]
    authority: Vec<AuthorityOut>,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    policy_version: i32,
    waiting_for_my_approval: WaitingOut,
}

/// Up to which limit somebody may approve in a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorityOut {
    role: Role,
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    /// What is in a currency that is not named is converted into these, by the rates of the day.
    amounts: Amounts,
}

/// The applications that wait for somebody's approval.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingOut {
    #[schema(minimum = 0, maximum = 9_223_372_036_854_775_807_i64)]
    count: i64,
    /// The oldest of them; `GET /v1/applications?waiting_for_me=true` has all.
    #[schema(max_items = 20)]
    applications: Vec<ApplicationSummaryOut>,
}
