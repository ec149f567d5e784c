//! Queries on assessments.

use diesel::prelude::*;

use crate::decide::applications::model::AssessmentRow;
use crate::platform::db::schema::application_assessments::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::ApplicationId;

/// An application's last assessment: the one that its approver sees.
pub fn find_last_assessment(
    db: &mut Db,
    application: ApplicationId,
) -> Result<Option<AssessmentRow>, DbError> {
    Ok(on_backend!(db, |c| application_assessments::table
        .filter(dsl::application_id.eq(application))
        .order(dsl::number.desc())
        .select(AssessmentRow::as_select())
        .first(c)
        .optional())?)
}

pub fn insert_assessment(tx: &mut Tx, row: &AssessmentRow) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(application_assessments::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// One page of an application's assessments, the newest first.
pub fn list_assessments(
    db: &mut Db,
    application: ApplicationId,
    page: &PageRequest,
) -> Result<Page<AssessmentRow>, Problem> {
    on_backend!(db, |c| {
        let mut query = application_assessments::table
            .filter(dsl::application_id.eq(application))
            .select(AssessmentRow::as_select())
            .into_boxed();
        seek!(c, query, page, AssessmentRow, desc(dsl::number, dsl::id))
    })
}
