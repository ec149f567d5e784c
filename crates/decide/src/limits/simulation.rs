//! What a version of the policy would have decided on the checks of a period: a job, from their records alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::check::reasons::ReasonCode;
use super::error::LimitsError;
use super::model::{LimitCheck, Outcome};
use super::replay::Replayed;
use super::store;
use crate::book::customers::store as customers;
use crate::book::policy::actions as policies;
use crate::book::policy::model::{Policy, RuleCode};
use crate::book::policy::store as policy_store;
use crate::platform::db::{Db, DbError, Tx, read_document};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::model::{Ended, Job, JobStatus};
use crate::platform::jobs::worker::{Interrupted, JobContext, JobKind, Lane};
use kernel::clock::{Clock, Instant};
use kernel::ids::{CustomerId, LimitCheckId, PolicyId};
use kernel::money::{Currency, Money, SumTooLarge, sum_minor};

/// The name of simulation jobs.
pub const JOB_KIND: &str = "policy_simulation";

/// How such a job is done.
pub const JOB: JobKind = JobKind {
    name: JOB_KIND,
    work,
    lane: Lane::Computations,
};

/// How many checks are read and decided at a time.
const PAGE: i64 = 1_000;

/// How many of the checks that would come out differently are listed.
const FLIPS_MAX: usize = 1_000;

/// What is to be simulated.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Plan {
    policy_id: PolicyId,
    from: NaiveDate,
    to: NaiveDate,
}

impl Plan {
    /// The first instant of the period, and the first one after it.
    fn period(&self, clock: &Clock) -> (Instant, Instant) {
        (clock.start_of(self.from), clock.end_of(self.to))
    }
}

/// Queues a simulation of the checks from one business day to another, both included.
///
/// # Errors
/// When there is no such policy, or the period ends before it begins.
pub fn begin(
    tx: &mut Tx,
    policy_id: PolicyId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Job, LimitsError> {
    if to < from {
        return Err(LimitsError::PeriodReversed);
    }
    policy_store::find(tx, policy_id)?.ok_or(LimitsError::Missing("policy"))?;
    let plan = Plan {
        policy_id,
        from,
        to,
    };
    let (start, end) = plan.period(tx.clock());
    let total = store::count_checks_between(tx, start, end)?;
    let id = jobs::begin(tx, JOB_KIND, "checks")?;
    Ok(jobs::queue(tx, id, &plan, Some(total))?)
}

/// Does a simulation job.
///
/// # Errors
/// When the work was interrupted before its end, and may be begun anew.
pub fn work(context: &JobContext) -> Result<Ended, Interrupted> {
    let plan: Plan = context.input()?;
    let database = context.database();
    let (start, end) = plan.period(database.clock());
    let (policy, total) = {
        let mut db = database.reader()?;
        let row = policy_store::find(&mut db, plan.policy_id)?
            .ok_or_else(|| DbError::Document("a simulation without its policy".to_owned()))?;
        let policy = Policy {
            version: row.policy_version,
            document: read_document(&row.document)?,
        };
        (policy, store::count_checks_between(&mut db, start, end)?)
    };
    let mut simulation = Simulation::of(policy);
    let mut after = None;
    loop {
        context.progress(simulation.tally.checks, Some(total))?;
        let mut db = database.reader()?;
        let page = store::list_checks_between(&mut db, start, end, after, PAGE)?;
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.id);
        simulation.add(&mut db, page)?;
    }
    let tally = simulation.tally;
    Ok(Ended {
        status: JobStatus::Succeeded,
        done: Some(tally.checks),
        result: json!(Report {
            policy_id: plan.policy_id,
            policy_version: simulation.policy.version,
            from: plan.from,
            to: plan.to,
            checks: tally.checks,
            identical: tally.identical,
            matrix: tally.matrix(),
            not_known: tally.not_known(),
            flipped: tally.flipped,
            flips: tally.flips,
        }),
        errors: Vec::new(),
    })
}

/// A simulation at work.
struct Simulation {
    policy: Policy,
    /// The versions that decided, as they turn up.
    originals: BTreeMap<i32, Arc<Policy>>,
    tally: Tally,
}

impl Simulation {
    fn of(policy: Policy) -> Simulation {
        Simulation {
            policy,
            originals: BTreeMap::new(),
            tally: Tally::default(),
        }
    }

    /// Decides a page of checks again, and counts what came of it.
    fn add(&mut self, db: &mut Db, page: Vec<LimitCheck>) -> Result<(), DbError> {
        let listed = self.tally.flips.len();
        let mut whose: Vec<CustomerId> = Vec::new();
        for check in page {
            let original = self.original(db, check.policy_version)?;
            let replayed = Replayed::new(check, &original, &self.policy)?;
            if self.tally.count(&replayed).map_err(DbError::from)? {
                whose.push(replayed.check.customer_id);
            }
        }
        let named: BTreeMap<CustomerId, String> = customers::list_by_ids(db, &whose)?
            .into_iter()
            .map(|customer| (customer.id, customer.number.to_string()))
            .collect();
        for flip in self.tally.flips.iter_mut().skip(listed) {
            flip.customer_number = named.get(&flip.customer_id).cloned().unwrap_or_default();
        }
        Ok(())
    }

    fn original(&mut self, db: &mut Db, version: i32) -> Result<Arc<Policy>, DbError> {
        if let Some(policy) = self.originals.get(&version) {
            return Ok(Arc::clone(policy));
        }
        let policy = policies::find_version(db, version)?
            .ok_or_else(|| DbError::Document("a limit check without its policy".to_owned()))?;
        let policy = Arc::new(policy);
        self.originals.insert(version, Arc::clone(&policy));
        Ok(policy)
    }
}

/// What is counted.
#[derive(Debug, Default)]
struct Tally {
    checks: i64,
    identical: i64,
    flipped: i64,
    flips: Vec<Flip>,
    /// How many checks, and what they came to, by recorded outcome, simulated outcome and currency.
    cells: BTreeMap<(Outcome, Outcome, Currency), (i64, i64)>,
    /// Of how many checks a rule could not be asked.
    not_known: BTreeMap<RuleCode, i64>,
}

impl Tally {
    /// Counts a check; says whether it is listed because it came out differently.
    fn count(&mut self, replayed: &Replayed) -> Result<bool, SumTooLarge> {
        let check = &replayed.check;
        let (recorded, simulated) = (check.outcome, replayed.decision.outcome);
        self.checks += 1;
        self.identical += i64::from(replayed.is_identical());
        let cell = self
            .cells
            .entry((recorded, simulated, check.currency))
            .or_default();
        cell.0 += 1;
        cell.1 = sum_minor([cell.1, check.amount_minor])?;
        for code in &replayed.not_known {
            *self.not_known.entry(*code).or_default() += 1;
        }
        if recorded == simulated {
            return Ok(false);
        }
        self.flipped += 1;
        if self.flips.len() >= FLIPS_MAX {
            return Ok(false);
        }
        let reasons = replayed.decision.reasons.iter();
        self.flips.push(Flip {
            limit_check_id: check.id,
            customer_id: check.customer_id,
            customer_number: String::new(),
            order_number: check.order_number.clone(),
            checked_at: check.checked_at,
            amount: Money::from_minor(check.amount_minor, check.currency),
            recorded,
            simulated,
            reasons: reasons.map(|reason| reason.code).collect(),
        });
        Ok(true)
    }

    fn matrix(&self) -> Vec<Cell> {
        self.cells
            .iter()
            .map(|((recorded, simulated, currency), (checks, minor))| Cell {
                recorded: *recorded,
                simulated: *simulated,
                checks: *checks,
                amount: Money::from_minor(*minor, *currency),
            })
            .collect()
    }

    fn not_known(&self) -> Vec<Unknown> {
        self.not_known
            .iter()
            .map(|(code, checks)| Unknown {
                code: *code,
                checks: *checks,
            })
            .collect()
    }
}

/// What came of a simulation: the result of its job.
#[derive(Debug, Serialize)]
struct Report {
    policy_id: PolicyId,
    policy_version: i32,
    from: NaiveDate,
    to: NaiveDate,
    checks: i64,
    /// How many would have been answered the same.
    identical: i64,
    matrix: Vec<Cell>,
    not_known: Vec<Unknown>,
    /// How many would have come out differently; the first of them are listed.
    flipped: i64,
    flips: Vec<Flip>,
}

/// How many checks with one recorded outcome would have had which, in one currency.
#[derive(Debug, Serialize)]
struct Cell {
    recorded: Outcome,
    simulated: Outcome,
    checks: i64,
    amount: Money,
}

/// A rule that could not be asked of some checks, because what it needs was not looked up for them.
#[derive(Debug, Serialize)]
struct Unknown {
    code: RuleCode,
    checks: i64,
}

/// A check that would have come out differently.
#[derive(Debug, Serialize)]
struct Flip {
    limit_check_id: LimitCheckId,
    customer_id: CustomerId,
    customer_number: String,
    order_number: Option<String>,
    checked_at: Instant,
    amount: Money,
    recorded: Outcome,
    simulated: Outcome,
    /// Why it would have.
    reasons: Vec<ReasonCode>,
}
