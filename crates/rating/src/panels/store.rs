//! Queries on panels of experts.

use diesel::prelude::*;

use super::input::PanelFilter;
use super::model::{Opinion, Panel, PanelExpert, PanelPart, PanelRound};
use crate::book::customers::store::list_wanted;
use crate::platform::db::schema::expert_panels::dsl;
use crate::platform::db::schema::{
    customers, expert_opinions, expert_panels, panel_experts, panel_rounds,
};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::ExpertPanelId;
use kernel::text::Subject;

pub fn find(db: &mut Db, id: ExpertPanelId) -> Result<Option<Panel>, DbError> {
    Ok(on_backend!(db, |c| expert_panels::table
        .find(id)
        .select(Panel::as_select())
        .first(c)
        .optional())?)
}

/// The panel, locked until the unit of work ends: so that no opinion comes into a round that is being closed. On SQLite
/// the transaction holds the only write lock already.
pub fn lock(tx: &mut Tx, id: ExpertPanelId) -> Result<Option<Panel>, DbError> {
    let panel = expert_panels::table.find(id);
    Ok(match tx.conn() {
        Conn::Postgres(c) => panel
            .select(Panel::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?,
        Conn::Sqlite(c) => panel
            .select(Panel::as_select())
            .first(&mut **c)
            .optional()?,
    })
}

pub fn list_experts(db: &mut Db, panel: ExpertPanelId) -> Result<Vec<Subject>, DbError> {
    Ok(on_backend!(db, |c| panel_experts::table
        .filter(panel_experts::panel_id.eq(panel))
        .order(panel_experts::subject)
        .select(panel_experts::subject)
        .load(c))?)
}

/// The rounds of a panel, the first one first.
pub fn list_rounds(db: &mut Db, panel: ExpertPanelId) -> Result<Vec<PanelRound>, DbError> {
    Ok(on_backend!(db, |c| panel_rounds::table
        .filter(panel_rounds::panel_id.eq(panel))
        .order(panel_rounds::round)
        .select(PanelRound::as_select())
        .load(c))?)
}

/// What was said in a panel, in the order in which it was said.
pub fn list_opinions(db: &mut Db, panel: ExpertPanelId) -> Result<Vec<Opinion>, DbError> {
    Ok(on_backend!(db, |c| expert_opinions::table
        .filter(expert_opinions::panel_id.eq(panel))
        .order((expert_opinions::round, expert_opinions::id))
        .select(Opinion::as_select())
        .load(c))?)
}

pub fn insert(tx: &mut Tx, panel: &Panel, experts: &[PanelExpert]) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(expert_panels::table)
        .values(panel)
        .execute(c))?;
    on_backend!(tx, |c| diesel::insert_into(panel_experts::table)
        .values(experts)
        .execute(c))?;
    Ok(())
}

pub fn insert_round(tx: &mut Tx, round: &PanelRound) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(panel_rounds::table)
        .values(round)
        .execute(c))?;
    Ok(())
}

pub fn insert_opinion(tx: &mut Tx, opinion: &Opinion) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(expert_opinions::table)
        .values(opinion)
        .execute(c))?;
    Ok(())
}

/// Writes what a round came to, once: a round that is closed never changes.
pub fn close_round(tx: &mut Tx, round: &PanelRound) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(
        panel_rounds::table
            .find((round.panel_id, round.round))
            .filter(panel_rounds::closed_at.is_null())
    )
    .set((
        panel_rounds::closed_by.eq(&round.closed_by),
        panel_rounds::closed_at.eq(round.closed_at),
        panel_rounds::summary.eq(&round.summary),
    ))
    .execute(c))?;
    Ok(())
}

/// Writes the row when it still has the version that `panel` was read with, and gives the row as it is now.
pub fn update_if_unchanged(tx: &mut Tx, panel: &Panel) -> Result<Option<Panel>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::expert_panels
            .find(panel.id)
            .filter(dsl::version.eq(panel.version))
    )
    .set((
        dsl::status.eq(panel.status),
        dsl::round.eq(panel.round),
        dsl::ended_by.eq(&panel.ended_by),
        dsl::ended_at.eq(panel.ended_at),
        dsl::end_reason.eq(&panel.end_reason),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Panel::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of the panels that the caller may see, the newest first: sales see those on their own customers, and those
/// whose experts they are.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &PanelFilter,
    page: &PageRequest,
) -> Result<Page<Panel>, Problem> {
    let me = &caller.subject;
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = expert_panels::table.select(Panel::as_select()).into_boxed();
        if caller.sees_only_own() {
            let mine = customers::table
                .filter(customers::owner.eq(me))
                .select(customers::id);
            let asked = panel_experts::table
                .filter(panel_experts::subject.eq(me))
                .select(panel_experts::panel_id);
            query = query.filter(dsl::customer_id.eq_any(mine).or(dsl::id.eq_any(asked)));
        }
        match filter.part {
            Some(PanelPart::Convener) => query = query.filter(dsl::convened_by.eq(me)),
            Some(PanelPart::Expert) => {
                let asked = panel_experts::table
                    .filter(panel_experts::subject.eq(me))
                    .select(panel_experts::panel_id);
                query = query.filter(dsl::id.eq_any(asked));
            }
            None => {}
        }
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dsl::customer_id.eq_any(wanted));
        }
        seek!(c, query, page, Panel, desc(dsl::id))
    })
}
