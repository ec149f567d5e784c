//! A closed period, opened again by request: one person proposes, another decides.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PeriodError, save, with_status};
use crate::book::change_requests::kinds::{KindOfChange, PlannedChange, Refusal, Target};
use crate::book::change_requests::model::ChangeKind;
use crate::book::periods::model::PeriodStatus;
use crate::book::periods::store::{self, Use};
use crate::platform::db::{Db, DbError, Tx, read_document, write_json};
use crate::platform::http::{Problem, read_part};
use kernel::caller::Caller;
use kernel::ids::PeriodId;
use kernel::text::TextError;

/// Reopenings of closed periods.
pub const PERIOD_REOPENING: KindOfChange = KindOfChange {
    kind: ChangeKind::PeriodReopening,
    thing: "period",
    find,
    read,
    lock,
    apply,
    show,
};

/// How a period stands.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    status: PeriodStatus,
}

fn kept(state: &State) -> Result<Value, DbError> {
    read_document(&write_json(state)?)
}

fn find(db: &mut Db, _: &Caller, name: &str) -> Result<Option<Target>, DbError> {
    let Ok(id) = name.parse::<PeriodId>() else {
        return Ok(None);
    };
    let Some(period) = store::find(db, id)? else {
        return Ok(None);
    };
    let id = period.id.to_string().parse();
    Ok(Some(Target {
        id: id.map_err(|error: TextError| DbError::Document(error.to_string()))?,
        number: None,
        version: period.version,
        customer_id: None,
        state: kept(&State {
            status: period.status,
        })?,
    }))
}

fn read(_: &mut Db, _: &Caller, after: &Value) -> Result<Value, Problem> {
    let state: State = read_part("after", &write_json(after)?)?;
    if state.status != PeriodStatus::Open {
        return Err(Problem::invalid(
            "/after/status",
            "not_open",
            "must be open: a period is closed without a request",
        ));
    }
    Ok(kept(&state)?)
}

fn lock(tx: &mut Tx, _: &[PlannedChange]) -> Result<(), DbError> {
    store::lock(tx, Use::Changing)
}

fn apply(tx: &mut Tx, target: &Target, _: &Value) -> Result<(), Refusal> {
    let id: PeriodId = target
        .id
        .as_str()
        .parse()
        .map_err(|_| DbError::Document("a target that is no period".to_owned()))?;
    let Some(before) = store::find(tx, id)? else {
        return Err(Refusal::Stale);
    };
    if before.version != target.version {
        return Err(Refusal::Stale);
    }
    if before.status == PeriodStatus::Open {
        return Err(Refusal::Refused(PeriodError::Is(before.status).into()));
    }
    let after = with_status(tx, &before, PeriodStatus::Open);
    match save(tx, &before, &after, None) {
        Ok(_) => Ok(()),
        Err(PeriodError::Stale) => Err(Refusal::Stale),
        Err(PeriodError::Db(error)) => Err(error.into()),
        Err(error) => Err(Refusal::Refused(error.into())),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every kind of change has the same form"
)]
fn show(_: &mut Db, _: &Caller, kept: Value) -> Result<Value, DbError> {
    Ok(kept)
}
