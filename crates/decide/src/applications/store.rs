//! Queries on applications, their steps and their assessments.

mod assessments;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::input::{ApplicationFilter, ApplicationSort};
use super::model::{Application, ApplicationStatus, Step, Verb};
use crate::book::customers::store::list_wanted;
use crate::book::exposure::model::LimitScope;
use crate::decide::applications::model::{APPLICANT_VERBS, Reach};
use crate::platform::db::schema::{application_steps, applications, customers};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::{ApplicationId, CreditAccountId};
use kernel::money::Currency;

pub use assessments::{find_last_assessment, insert_assessment, list_assessments};

/// How many steps an application shows.
const STEPS_MAX: i64 = 1_000;

/// How many applications one unit of work lets expire.
const EXPIRING_MAX: i64 = 500;

/// The statuses that are open: an account has one such application for each scope.
fn open_statuses() -> Vec<ApplicationStatus> {
    let all = ApplicationStatus::ALL.iter().copied();
    all.filter(|status| !status.is_final()).collect()
}

/// The application, unless its customer is hidden from the caller.
pub fn find_visible(
    db: &mut Db,
    caller: &Caller,
    id: ApplicationId,
) -> Result<Option<Application>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = applications::table
            .filter(applications::id.eq(id))
            .select(Application::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                applications::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        query.first(c).optional()
    })?)
}

/// The open application of an account for a scope.
pub fn find_open(
    db: &mut Db,
    account: CreditAccountId,
    scope: LimitScope,
) -> Result<Option<Application>, DbError> {
    Ok(on_backend!(db, |c| applications::table
        .filter(applications::account_id.eq(account))
        .filter(applications::scope.eq(scope))
        .filter(applications::status.eq_any(open_statuses()))
        .select(Application::as_select())
        .first(c)
        .optional())?)
}

pub fn insert(tx: &mut Tx, row: &Application) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(applications::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes the row when it still has the version that `application` was read with, and gives the row as it is now.
pub fn update_if_unchanged(
    tx: &mut Tx,
    application: &Application,
) -> Result<Option<Application>, DbError> {
    use applications::dsl;
    let now = tx.now();
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::applications
            .find(application.id)
            .filter(dsl::version.eq(application.version))
    )
    .set((
        application,
        dsl::changed_at.eq(now),
        dsl::version.eq(dsl::version + 1)
    ))
    .returning(Application::as_returning())
    .get_result(c)
    .optional())?)
}

pub fn insert_steps(tx: &mut Tx, rows: &[Step]) -> Result<(), DbError> {
    for chunk in rows.chunks(1_000) {
        on_backend!(tx, |c| diesel::insert_into(application_steps::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// An application's steps, the first one first.
pub fn list_steps(db: &mut Db, application: ApplicationId) -> Result<Vec<Step>, DbError> {
    Ok(on_backend!(db, |c| application_steps::table
        .filter(application_steps::application_id.eq(application))
        .order(application_steps::id)
        .limit(STEPS_MAX)
        .select(Step::as_select())
        .load(c))?)
}

/// Who took which step in an application, each pair once.
pub fn list_parts(db: &mut Db, application: ApplicationId) -> Result<Vec<(Verb, String)>, DbError> {
    Ok(on_backend!(db, |c| application_steps::table
        .filter(application_steps::application_id.eq(application))
        .select((application_steps::verb, application_steps::subject))
        .distinct()
        .load(c))?)
}

/// The applications whose deadline is before `today`, of one account or of all, locked until the unit of work ends.
pub fn lock_due(
    tx: &mut Tx,
    today: NaiveDate,
    account: Option<CreditAccountId>,
) -> Result<Vec<Application>, DbError> {
    let mut due = Vec::new();
    for status in [
        ApplicationStatus::InformationRequested,
        ApplicationStatus::ApprovedWithConditions,
    ] {
        let query = applications::table
            .filter(applications::status.eq(status))
            .filter(applications::deadline.lt(today))
            .order(applications::id)
            .limit(EXPIRING_MAX);
        let found: Vec<Application> = match (tx.conn(), account) {
            (Conn::Postgres(c), None) => query
                .select(Application::as_select())
                .for_update()
                .load(&mut **c)?,
            (Conn::Postgres(c), Some(account)) => query
                .filter(applications::account_id.eq(account))
                .select(Application::as_select())
                .for_update()
                .load(&mut **c)?,
            (Conn::Sqlite(c), None) => query.select(Application::as_select()).load(&mut **c)?,
            (Conn::Sqlite(c), Some(account)) => query
                .filter(applications::account_id.eq(account))
                .select(Application::as_select())
                .load(&mut **c)?,
        };
        due.extend(found);
    }
    Ok(due)
}

/// Sets these applications to expired.
pub fn expire(tx: &mut Tx, ids: &[ApplicationId]) -> Result<(), DbError> {
    let now = tx.now();
    on_backend!(tx, |c| diesel::update(
        applications::table.filter(applications::id.eq_any(ids))
    )
    .set((
        applications::status.eq(ApplicationStatus::Expired),
        applications::changed_at.eq(now),
        applications::version.eq(applications::version + 1),
    ))
    .execute(c))?;
    Ok(())
}

/// Leaves in `$query`, which must have no filter yet, the applications that the caller may approve now: within its
/// reach, and without a part of its own in them. It says what [`super::rules::may_approve`] and
/// [`super::rules::may_take`] say.
macro_rules! only_waiting_for {
    ($query:ident, $caller:expr, $reach:expr) => {{
        let subject = $caller.subject.as_str();
        $query = $query.filter(diesel::dsl::sql::<Bool>("1 = 0"));
        for bound in &$reach.credit {
            $query = $query.or_filter(
                applications::credit_approver
                    .is_null()
                    .and(applications::currency.eq(bound.currency()))
                    .and(applications::recommended_limit_minor.le(bound.minor())),
            );
        }
        for bound in &$reach.finance {
            $query = $query.or_filter(
                applications::credit_approver
                    .ne(subject)
                    .and(applications::currency.eq(bound.currency()))
                    .and(applications::recommended_limit_minor.le(bound.minor())),
            );
        }
        let own: Vec<Verb> = APPLICANT_VERBS
            .iter()
            .copied()
            .chain([Verb::Recommend])
            .collect();
        $query = $query
            .filter(applications::status.eq(ApplicationStatus::PendingApproval))
            .filter(diesel::dsl::not(diesel::dsl::exists(
                application_steps::table
                    .filter(application_steps::application_id.eq(applications::id))
                    .filter(application_steps::subject.eq(subject))
                    .filter(application_steps::verb.eq_any(own)),
            )));
    }};
}

/// The currencies of the applications that wait for an approval.
pub fn list_waiting_currencies(db: &mut Db) -> Result<Vec<Currency>, DbError> {
    Ok(on_backend!(db, |c| applications::table
        .filter(applications::status.eq(ApplicationStatus::PendingApproval))
        .select(applications::currency)
        .distinct()
        .load(c))?)
}

/// How many applications the caller may approve now.
pub fn count_waiting(db: &mut Db, caller: &Caller, reach: &Reach) -> Result<i64, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = applications::table
            .select(diesel::dsl::count_star())
            .into_boxed();
        only_waiting_for!(query, caller, reach);
        query.first(c)
    })?)
}

/// The applications that the caller may approve now, the oldest first.
pub fn list_waiting(
    db: &mut Db,
    caller: &Caller,
    reach: &Reach,
    most: i64,
) -> Result<Vec<Application>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = applications::table
            .select(Application::as_select())
            .into_boxed();
        only_waiting_for!(query, caller, reach);
        query.order(applications::id).limit(most).load(c)
    })?)
}

/// One page of the applications of customers that the caller may see; with a reach, only those that wait for the
/// caller's approval.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &ApplicationFilter,
    waiting: Option<&Reach>,
    page: &PageRequest,
) -> Result<Page<Application>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = applications::table
            .select(Application::as_select())
            .into_boxed();
        if let Some(reach) = waiting {
            only_waiting_for!(query, caller, reach);
        }
        if caller.sees_only_own() {
            query = query.filter(
                applications::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        if let Some(wanted) = &wanted {
            query = query.filter(applications::customer_id.eq_any(wanted));
        }
        if !filter.status.is_empty() {
            query = query.filter(applications::status.eq_any(&filter.status));
        }
        if filter.mine == Some(true) {
            let subject = caller.subject.as_str();
            query = query.filter(
                applications::id.eq_any(
                    application_steps::table
                        .filter(application_steps::subject.eq(subject))
                        .select(application_steps::application_id),
                ),
            );
        }
        match filter.sort.unwrap_or_default() {
            ApplicationSort::CreatedAt => seek!(c, query, page, Application, asc(applications::id)),
            ApplicationSort::CreatedAtDescending => {
                seek!(c, query, page, Application, desc(applications::id))
            }
        }
    })
}
