//! A file of changes: its lines are proposed as one change request, which another person decides.

use serde_json::json;

use super::{Import, ImportError};
use crate::book::change_requests::actions::{ChangeError, propose};
use crate::book::change_requests::input::{LINES_MAX, Proposal, ProposedLine};
use crate::book::change_requests::kinds::ChangeKinds;
use crate::book::change_requests::model::ChangeKind;
use crate::book::change_requests::store;
use crate::book::exposure::actions::CUSTOMER_PARENT;
use crate::book::imports::model::{PlannedRequest, Report, Row};
use crate::book::imports::reading::CsvFile;
use crate::book::imports::rules::ParentRow;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::Problem;
use crate::platform::jobs::model::JobError;
use kernel::places::Language;
use kernel::text::{Line, TextError};

/// Proposes the whole file. What is wrong with lines goes to the report, and then nothing is proposed.
pub fn propose_parents(
    import: &Import,
    tx: &mut Tx,
    report: &mut Report,
) -> Result<(), ImportError> {
    let planned = import.plan.request.as_ref();
    let planned = planned.ok_or_else(|| wrong("a file of changes without a request"))?;
    let mut rows = read(import, report)?;
    import.put_own_numbers(tx, &mut rows)?;
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    // A job that is begun anew may have proposed the file already.
    if !store::count_lines(tx, &[planned.id])?.is_empty() {
        report.created += count;
        report.change_request_id = Some(planned.id);
        return Ok(());
    }
    let proposal = proposal(planned, &rows)?;
    match propose(tx, ChangeKinds(&[CUSTOMER_PARENT]), &proposal) {
        Ok(request) => {
            report.created += count;
            report.change_request_id = Some(request.id);
            Ok(())
        }
        Err(ChangeError::Lines(wrong)) => {
            for (line, problem) in wrong {
                report.reject(complaints(line, &problem));
            }
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

fn read(import: &Import, report: &mut Report) -> Result<Vec<Row<ParentRow>>, ImportError> {
    let mut file = CsvFile::open((import.open)()?, import.plan.kind, &import.plan.mapping)?;
    let mut rows = Vec::new();
    while let Some(chunk) = file.next_chunk::<ParentRow>(None, report)? {
        rows.extend(chunk);
        if rows.len() > LINES_MAX {
            let message = format!("a change request has at most {LINES_MAX} lines: split the file");
            return Err(about_the_file("too_many_lines", message));
        }
    }
    if rows.is_empty() && report.rejected == 0 {
        return Err(about_the_file(
            "no_lines",
            "there is no line to propose".to_owned(),
        ));
    }
    Ok(rows)
}

fn proposal(planned: &PlannedRequest, rows: &[Row<ParentRow>]) -> Result<Proposal, ImportError> {
    let lines = rows.iter().map(|row| {
        let target: Result<Line, TextError> = row.content.customer_number.as_str().parse();
        Ok(ProposedLine {
            line: i32::try_from(row.line).unwrap_or(i32::MAX),
            target: target.map_err(wrong)?,
            after: json!({"parent_customer": row.content.parent_customer_number}),
        })
    });
    Ok(Proposal {
        id: planned.id,
        kind: ChangeKind::CustomerParent,
        reason: planned.reason.clone(),
        lines: lines.collect::<Result<_, ImportError>>()?,
    })
}

/// What is wrong with a line, by the columns of the file.
fn complaints(line: i32, problem: &Problem) -> Vec<JobError> {
    let told = problem.told(Language::English).into_iter();
    told.map(|error| {
        let column = if error.pointer.starts_with("/after") {
            "parent_customer_number"
        } else {
            "customer_number"
        };
        JobError {
            line: Some(line.into()),
            column: Some(column.to_owned()),
            code: error.code,
            message: error.message,
        }
    })
    .collect()
}

fn about_the_file(code: &str, message: String) -> ImportError {
    ImportError::File(vec![JobError {
        line: None,
        column: None,
        code: code.to_owned(),
        message,
    }])
}

fn wrong(error: impl ToString) -> ImportError {
    DbError::Document(error.to_string()).into()
}
