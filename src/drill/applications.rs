//! Credit applications, each brought as far as its course goes, by the people whose part it is.

use chrono::NaiveDate;
use fastrand::Rng;

use super::cast::{Member, text};
use super::ledger::plus;
use super::names::around;
use super::staff::Staff;
use crate::book::customers::model::CustomerRef;
use crate::book::exposure::model::LimitScope;
use crate::book::policy::model::ExceptionKind;
use crate::book::policy::rules::default_document;
use crate::decide::applications::actions::{self, ApplicationError};
use crate::decide::applications::input::{
    ApplicationIn, ApproveIn, InformationRequestIn, RecommendIn,
};
use crate::decide::applications::model::{Application, ApplicationStatus, PolicyException};
use crate::decide::applications::rules::Bound;
use crate::platform::db::{Database, Tx};
use crate::platform::http::Problem;
use kernel::caller::Caller;
use kernel::money::{Currency, Money, PositiveIn};

/// How many days an application is worked on: one step a day.
pub const STAGES: i64 = 5;

/// Days that the customer is given to answer; who does not, expires.
const ANSWER_DAYS: i64 = 14;

/// An application with where it shall end.
pub struct Course {
    /// The customer's place in the cast.
    at: usize,
    end: ApplicationStatus,
    limit: Money,
    purpose: &'static str,
    application: Option<Application>,
}

const PURPOSES: [&str; 5] = [
    "A framework contract for two years; orders come weekly.",
    "The season begins in spring and needs twice the stock.",
    "A second plant opens and will buy from us too.",
    "So far it paid before delivery, and always did.",
    "A tender was won with our parts in it.",
];
const GROUNDS: [&str; 4] = [
    "Equity ratio above 30 %, profitable for three years, two references checked.",
    "Pays on time since we know it; turnover grew by a fifth.",
    "The bank confirms an orderly conduct of account.",
    "Moderate leverage, but the order book covers nine months.",
];

/// The highest limit that anybody may approve under the policy that a new book has.
fn most(currency: Currency) -> i64 {
    let authority = default_document().authority;
    let amounts = authority.iter().filter_map(|row| row.amounts.get(currency));
    amounts.map(Money::minor).max().unwrap_or_default()
}

impl Course {
    /// An application of a member for about its limit, that ends in a given status.
    pub fn of(rng: &mut Rng, at: usize, member: &Member, end: ApplicationStatus) -> Course {
        let percent = match end {
            ApplicationStatus::Approved => 100,
            _ => rng.i64(120..=180),
        };
        Course {
            at,
            end,
            limit: Money::from_minor(
                (member.limit_minor * percent / 100).min(most(member.currency)),
                member.currency,
            ),
            purpose: around(&PURPOSES, rng.usize(..100)).unwrap_or_default(),
            application: None,
        }
    }

    /// Takes the step of one stage, when the course has one there.
    ///
    /// # Errors
    /// When netterms refuses it, which would be a fault of the drill.
    pub fn step(
        &mut self,
        database: &Database,
        staff: &Staff,
        cast: &[Member],
        stage: i64,
    ) -> Result<(), Problem> {
        use ApplicationStatus as S;
        let Some(member) = cast.get(self.at) else {
            return Ok(());
        };
        let sales = staff.owner(&member.owner)?;
        let after = match (stage, self.end, self.application.take()) {
            (0, _, _) => self.draft(database, sales, member)?,
            (_, _, None) => return Ok(()),
            (1, end, Some(it)) if end != S::Draft => write(database, sales, |tx| {
                Ok(actions::submit(tx, it.id, it.version)?)
            })?,
            (2, S::Withdrawn, Some(it)) => {
                let reason = text("The customer takes the order elsewhere.")?;
                write(database, sales, |tx| {
                    Ok(actions::withdraw(tx, it.id, it.version, &reason)?)
                })?
            }
            (2, end, Some(it)) if !matches!(end, S::Draft | S::Submitted) => {
                write(database, &staff.analyst, |tx| {
                    Ok(actions::start_review(tx, it.id, it.version)?)
                })?
            }
            (3, S::InformationRequested | S::Expired, Some(it)) => ask(database, staff, &it)?,
            (3, end, Some(it)) if is_recommended(end) => recommend(database, staff, &it, member)?,
            (4, S::Approved | S::ApprovedWithConditions, Some(it)) => {
                self.approve(database, staff, &it)?
            }
            (4, S::Declined, Some(it)) => {
                let reason = text("Negative equity for two years, and an open legal case.")?;
                write(database, &staff.head_of_credit, |tx| {
                    Ok(actions::decline(tx, it.id, it.version, &reason)?)
                })?
            }
            (_, _, Some(it)) => it,
        };
        self.application = Some(after);
        Ok(())
    }

    fn draft(
        &self,
        database: &Database,
        sales: &Caller,
        member: &Member,
    ) -> Result<Application, Problem> {
        let input = ApplicationIn {
            customer: CustomerRef::Id(member.id),
            scope: Some(LimitScope::Own),
            requested_limit: amount(self.limit)?,
            requested_net_days: member.net_days,
            purpose: text(self.purpose)?,
        };
        write(database, sales, |tx| Ok(actions::create(tx, &input)?))
    }

    /// Credit approves, and finance after it where that is above credit's authority.
    fn approve(
        &self,
        database: &Database,
        staff: &Staff,
        application: &Application,
    ) -> Result<Application, Problem> {
        let conditions = match self.end {
            ApplicationStatus::ApprovedWithConditions => {
                vec![text(
                    "A guarantee of the parent company over half of the limit",
                )?]
            }
            _ => Vec::new(),
        };
        let first = ApproveIn {
            reason: text("As recommended.")?,
            conditions,
            deadline: None,
        };
        let (id, version) = (application.id, application.version);
        let approved = write(database, &staff.head_of_credit, |tx| {
            Ok(actions::approve(tx, id, version, &first)?)
        })?;
        if approved.status != ApplicationStatus::PendingApproval {
            return Ok(approved);
        }
        let second = ApproveIn {
            reason: text("Within what the board agreed for the year.")?,
            conditions: Vec::new(),
            deadline: None,
        };
        write(database, &staff.head_of_finance, |tx| {
            Ok(actions::approve(tx, id, approved.version, &second)?)
        })
    }
}

/// Ends what waited in vain.
///
/// # Errors
/// When the database fails.
pub fn expire(database: &Database, staff: &Staff) -> Result<(), Problem> {
    write(database, &staff.house, |tx| {
        actions::expire_due(tx)?;
        Ok(())
    })
}

fn is_recommended(end: ApplicationStatus) -> bool {
    matches!(
        end,
        ApplicationStatus::PendingApproval
            | ApplicationStatus::Approved
            | ApplicationStatus::ApprovedWithConditions
            | ApplicationStatus::Declined
    )
}

fn ask(database: &Database, staff: &Staff, it: &Application) -> Result<Application, Problem> {
    write(database, &staff.analyst, |tx| {
        let deadline: NaiveDate = plus(tx.today(), ANSWER_DAYS);
        let input = InformationRequestIn {
            question: text("Please send the annual statements of the last two years.")?,
            deadline: Some(deadline.into()),
        };
        Ok(actions::request_information(tx, it.id, it.version, &input)?)
    })
}

fn recommend(
    database: &Database,
    staff: &Staff,
    it: &Application,
    member: &Member,
) -> Result<Application, Problem> {
    let grounds = around(
        &GROUNDS,
        member.number.as_str().len() + member.name.as_str().len(),
    );
    let mut input = RecommendIn {
        limit: Some(amount(it.limit())?),
        net_days: Some(member.net_days),
        assessment_id: None,
        valid_until: None,
        conditions: Vec::new(),
        exceptions: Vec::new(),
        reason: text(grounds.unwrap_or_default())?,
    };
    write(database, &staff.analyst, |tx| {
        match actions::recommend(tx, it.id, it.version, &input) {
            Err(ApplicationError::PastPolicy(bounds)) => {
                input.exceptions = exceptions(&bounds)?;
                Ok(actions::recommend(tx, it.id, it.version, &input)?)
            }
            done => Ok(done?),
        }
    })
}

/// An exception for all that the policy's row for the customer's grade does not allow.
fn exceptions(bounds: &[Bound]) -> Result<Vec<PolicyException>, Problem> {
    let one = |bound: &Bound| {
        let reason = match bound.kind() {
            ExceptionKind::Limit => {
                "A customer of many years whose figures are older than our ratings."
            }
            ExceptionKind::Term => "The trade sells this line on longer terms than ours.",
        };
        Ok(PolicyException {
            kind: bound.kind(),
            reason: text(reason)?,
        })
    };
    bounds.iter().map(one).collect()
}

fn amount(money: Money) -> Result<PositiveIn, Problem> {
    PositiveIn::try_from(money).map_err(Problem::internal)
}

fn write<T>(
    database: &Database,
    caller: &Caller,
    work: impl FnMut(&mut Tx) -> Result<T, Problem>,
) -> Result<T, Problem> {
    database.write(caller, work)
}
