//! Receiving a training set with the plan of its fit.

use actix_multipart::Multipart;

use crate::book::imports::api::upload::{
    File, UPLOAD_MAX, discard, fill, keep_file, next, read_text, wrong,
};
use crate::platform::http::uploads::Pace;
use crate::platform::http::{Code, Executor, Problem, read_part};
use crate::platform::jobs::actions as jobs;
use crate::rating::models::actions::fitting::JOB_KIND;
use crate::rating::models::actions::read_plan;
use crate::rating::models::model::{FitPlan, ModelKind};
use kernel::caller::Caller;
use kernel::ids::JobId;

/// What was received: a job that waits to be queued, and what it is to fit.
pub struct Received {
    pub job: JobId,
    pub plan: FitPlan,
    pub lines: i64,
    digest: String,
}

impl Received {
    /// What makes two uploads the same request.
    pub fn fingerprint(&self) -> Vec<String> {
        vec![
            serde_json::to_string(&self.plan).unwrap_or_default(),
            self.digest.clone(),
        ]
    }
}

/// Receives the parts. Nothing is left of an upload that fails.
pub async fn receive(
    executor: &Executor,
    caller: &Caller,
    body: Multipart,
    pace: &Pace,
) -> Result<Received, Problem> {
    let job = executor
        .maintain(caller, |tx| Ok(jobs::begin(tx, JOB_KIND, "lines")?))
        .await?;
    let received = tokio::time::timeout(UPLOAD_MAX, read_parts(executor, caller, job, body, pace))
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::RequestTimeout)));
    if received.is_err() {
        discard(executor, caller, job).await;
    }
    received
}

async fn read_parts(
    executor: &Executor,
    caller: &Caller,
    job: JobId,
    mut body: Multipart,
    pace: &Pace,
) -> Result<Received, Problem> {
    let mut plan: Option<FitPlan> = None;
    let mut file: Option<File> = None;
    while let Some(field) = next(&mut body, pace).await? {
        let name: String = field.name().unwrap_or_default().chars().take(100).collect();
        match name.as_str() {
            "plan" => fill(
                &mut plan,
                plan_in(&read_text(field, &name, pace).await?)?,
                &name,
            )?,
            "file" if file.is_some() => {
                return Err(wrong(&name, "repeated", "must be given once"));
            }
            "file" => file = Some(keep_file(executor, caller, job, field, pace).await?),
            _ => return Err(wrong(&name, "unknown", "is none of plan, file")),
        }
    }
    let missing = |name: &str| wrong(name, "missing", "is not there");
    let plan = plan.ok_or_else(|| missing("plan"))?;
    let file = file.ok_or_else(|| missing("file"))?;
    Ok(Received {
        job,
        plan,
        lines: file.newlines,
        digest: file.digest,
    })
}

fn plan_in(text: &str) -> Result<FitPlan, Problem> {
    let json: serde_json::Value = read_part("plan", text)?;
    let plan = read_plan(&json).map_err(|faults| {
        let problem = Problem::new(Code::MalformedBody);
        faults.into_iter().fold(problem, |problem, fault| {
            problem.at(format!("/plan{}", fault.pointer), fault.code, fault.message)
        })
    })?;
    if !matches!(plan.kind, ModelKind::Scorecard | ModelKind::DecisionTree) {
        let message = "must be scorecard or decision_tree";
        return Err(wrong("plan/kind", "not_fittable", message));
    }
    Ok(plan)
}
