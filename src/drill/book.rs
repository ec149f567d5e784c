//! The story of the book, from its opening two years ago to this morning.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};
use fastrand::Rng;

use super::applications::{Course, STAGES};
use super::cast::{Character, Member, Opening, text};
use super::ledger::{Ledger, Week, plus};
use super::staff::Staff;
use super::{applications, cast, knowledge, orders};
use crate::book::customers::actions as customers;
use crate::book::customers::input::CustomerIn;
use crate::book::customers::model::CustomerRef;
use crate::book::exposure::actions as exposure;
use crate::book::exposure::actions::Grant;
use crate::book::exposure::model::{AccountStatus, Limit, LimitScope, LimitSource};
use crate::book::exposure::store as accounts;
use crate::book::policy::actions as policies;
use crate::collect::dunning::actions as dunning;
use crate::collect::dunning::input::BlockIn;
use crate::decide::applications::model::ApplicationStatus;
use crate::platform::db::{Database, Tx};
use crate::platform::http::Problem;
use crate::rating::models::actions as models;
use crate::rating::scales::actions as scales;
use kernel::clock::{Instant, machine_now};
use kernel::ids::CustomerId;
use kernel::money::{Currency, Money};
use kernel::text::Number;

/// How long the book has been kept: two years.
const WEEKS: usize = 104;
/// Dunning began a year ago.
const DUNNED_WEEKS: usize = 52;

/// What kind of book is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    pub customers: usize,
}

/// What is in the book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    pub customers: usize,
    pub groups: usize,
    pub invoices: usize,
    pub receipts: usize,
    pub credit_notes: usize,
    pub applications: usize,
    pub dunning_runs: usize,
    pub notices: usize,
    pub limit_checks: usize,
    pub reservations: usize,
    pub credit_blocks: usize,
    pub statements: usize,
    pub ratings: usize,
    pub exchange_rates: usize,
    pub portfolio_caps: usize,
    /// What is open on invoices.
    pub receivable: BTreeMap<Currency, Money>,
}

/// Two orders worth showing, each with its customer and amount.
#[derive(Debug, Clone, Default)]
pub struct Showcase {
    pub passing: Option<(Number, Money)>,
    pub refused: Option<(Number, Money)>,
}

/// Lives through two years on an empty, migrated database whose clock can be turned, and turns the clock back to the
/// machine's time. `progress` is told now and then how far it is.
///
/// # Errors
/// When the database fails, or has customers of these numbers already.
pub fn live_through(
    database: &Database,
    plan: Plan,
    progress: &mut dyn FnMut(NaiveDate, &Figures),
) -> Result<(Figures, Showcase), Problem> {
    let mut rng = Rng::with_seed(plan.seed);
    let staff = Staff::hire()?;
    let now = machine_now();
    let yesterday = plus(now.utc().date_naive(), -1);
    let opening = plus(yesterday, -7 * i64::try_from(WEEKS).unwrap_or(0));
    let mut figures = Figures::default();
    turn(database, opening, 8);
    database.maintain(&staff.house, |tx| {
        policies::ensure_default(tx)?;
        scales::ensure_default(tx)?;
        models::ensure_default(tx)?;
        Ok::<(), Problem>(())
    })?;
    let mut cast = cast::draw(&mut rng, plan.customers)?;
    open(database, &staff, &mut cast)?;
    figures.customers = cast.len();
    figures.groups = (0..cast.len()).filter(|at| heads(&cast, *at)).count();
    progress(opening, &figures);
    live_weeks(
        database,
        &staff,
        &cast,
        opening,
        &mut rng,
        &mut figures,
        progress,
    )?;
    turn(database, yesterday, 18);
    let answers = orders::check(database, &mut rng, &staff, &cast, &mut figures)?;
    database.clock().turn_to(now);
    orders::follow_up(database, &staff, &answers)?;
    knowledge::gather(database, &staff, &cast, &mut figures)?;
    database.clock().turn_to(machine_now());
    figures.receivable = receivable(database, &cast)?;
    let showcase = orders::showcase(database, &staff, &cast)?;
    Ok((figures, showcase))
}

/// Lives through the weeks, from the day after the opening to yesterday.
fn live_weeks(
    database: &Database,
    staff: &Staff,
    cast: &[Member],
    opening: NaiveDate,
    rng: &mut Rng,
    figures: &mut Figures,
    progress: &mut dyn FnMut(NaiveDate, &Figures),
) -> Result<(), Problem> {
    let mut courses = courses(rng, cast);
    figures.applications = courses.values().map(Vec::len).sum();
    let mut ledger = Ledger::default();
    let mut first = plus(opening, 1);
    for left in (0..WEEKS).rev() {
        let week = Week {
            first,
            last: plus(first, 6),
            left,
        };
        for stage in 0..STAGES {
            turn(database, plus(first, stage), 10);
            for course in courses.get_mut(&left).into_iter().flatten() {
                course.step(database, staff, cast, stage)?;
            }
        }
        turn(database, week.last, 16);
        (*rng, ledger, *figures) = database.write(&staff.erp, |tx| {
            // The lot is drawn anew when the unit of work is run again.
            let (mut rng, mut ledger, mut figures) = (rng.clone(), ledger.clone(), figures.clone());
            ledger.post(tx, &mut rng, cast, &week, &mut figures)?;
            Ok::<_, Problem>((rng, ledger, figures))
        })?;
        applications::expire(database, staff)?;
        incidents(database, staff, cast, &week)?;
        if left < DUNNED_WEEKS && left % 4 == 2 {
            dun(database, staff, &week, figures)?;
        }
        if left % 13 == 0 {
            progress(week.last, figures);
        }
        first = plus(first, 7);
    }
    Ok(())
}

/// Opens the book: customers, accounts, and the limits that the system before had granted.
fn open(database: &Database, staff: &Staff, cast: &mut [Member]) -> Result<(), Problem> {
    let ids = database.write(&staff.erp, |tx| {
        let mut ids: Vec<CustomerId> = Vec::with_capacity(cast.len());
        for member in cast.iter() {
            let parent = member.parent.and_then(|head| ids.get(head)).copied();
            let customer = customers::create(tx, &described(member, parent))?;
            exposure::open_for(tx, customer.id, member.currency, member.net_days, None)?;
            ids.push(customer.id);
        }
        Ok::<_, Problem>(ids)
    })?;
    for (member, id) in cast.iter_mut().zip(ids) {
        member.id = id;
    }
    let cast = &*cast;
    database.write(&staff.head_of_finance, |tx| {
        for (at, member) in cast.iter().enumerate() {
            if member.opening == Opening::Import {
                grant(tx, member, LimitScope::Own, member.limit_minor)?;
            }
            if heads(cast, at) {
                let family = cast.iter().filter(|other| other.parent == Some(at));
                let sum: i64 = family.map(|other| other.limit_minor).sum();
                grant(tx, member, LimitScope::Group, sum + member.limit_minor)?;
            }
        }
        Ok::<(), Problem>(())
    })
}

fn heads(cast: &[Member], at: usize) -> bool {
    cast.iter().any(|member| member.parent == Some(at))
}

fn described(member: &Member, parent: Option<CustomerId>) -> CustomerIn {
    CustomerIn {
        number: member.number.clone(),
        name: member.name.clone(),
        country: member.country,
        industry: None,
        street: Some(member.street.clone()),
        city: Some(member.city.clone()),
        postal_code: Some(member.postal_code.clone()),
        email: Some(member.email.clone().into()),
        contacts: None,
        language: Some(member.language),
        owner: Some(member.owner.clone()),
        parent_customer: parent.map(CustomerRef::Id),
    }
}

fn grant(tx: &mut Tx, member: &Member, scope: LimitScope, minor: i64) -> Result<(), Problem> {
    let locked = exposure::lock(tx, member.id)?;
    let grant = Grant {
        scope,
        limit: Limit::Amount(minor),
        net_days: None,
        valid_until: None,
        source: LimitSource::Import,
        application_id: None,
        reason: "Taken over from the system before.".to_owned(),
    };
    exposure::grant(tx, &locked, &grant)?;
    Ok(())
}

/// The applications, by how many weeks before the end they begin.
fn courses(rng: &mut Rng, cast: &[Member]) -> BTreeMap<usize, Vec<Course>> {
    use ApplicationStatus as S;
    /// How an application ends, and how many weeks before the end it begins, at the latest and at the earliest.
    const ENDS: [(S, usize, usize); 9] = [
        (S::Draft, 0, 0),
        (S::Submitted, 0, 0),
        (S::UnderReview, 0, 1),
        (S::InformationRequested, 0, 1),
        (S::PendingApproval, 0, 1),
        (S::ApprovedWithConditions, 0, 2),
        (S::Declined, 3, 40),
        (S::Withdrawn, 3, 40),
        (S::Expired, 6, 30),
    ];
    let mut courses: BTreeMap<usize, Vec<Course>> = BTreeMap::new();
    let mut ends = ENDS.iter().cycle();
    for (at, member) in cast.iter().enumerate() {
        // In a large book, most customers want nothing new.
        let wants = at < 2 * ENDS.len() || rng.u32(..100) < 15;
        let course = match member.opening {
            Opening::Application => Some((S::Approved, WEEKS - 12, WEEKS - 2)),
            Opening::Import if wants => ends.next().copied(),
            Opening::Import => None,
        };
        if let Some((end, latest, earliest)) = course {
            let week = rng.usize(latest..=earliest);
            let course = Course::of(rng, at, member, end);
            courses.entry(week).or_default().push(course);
        }
    }
    courses
}

/// What happens once: an account is suspended, and a dispute keeps dunning away from a customer.
fn incidents(
    database: &Database,
    staff: &Staff,
    cast: &[Member],
    week: &Week,
) -> Result<(), Problem> {
    if week.left == 5
        && let Some(insolvent) = cast
            .iter()
            .rfind(|member| member.character == Character::Bad)
    {
        let reason = text("Insolvency proceedings were announced today.")?;
        database.write(&staff.head_of_credit, |tx| {
            for account in accounts::list_by_customers(tx, &[insolvent.id])? {
                let (id, version) = (account.id, account.version);
                exposure::set_status(tx, id, version, AccountStatus::Suspended, &reason)?;
            }
            Ok::<(), Problem>(())
        })?;
    }
    if week.left == 2
        && let Some(disputing) = cast
            .iter()
            .find(|member| matches!(member.character, Character::Late(_)))
    {
        let block = BlockIn {
            customer: Some(CustomerRef::Id(disputing.id)),
            invoice: None,
            reason: text("The quality of the last delivery is being inspected.")?,
            until: plus(week.last, 45).into(),
        };
        database.write(&staff.analyst, |tx| {
            dunning::put_block(tx, &block)?;
            Ok::<(), Problem>(())
        })?;
    }
    Ok(())
}

/// A dunning run: prepared by the analyst, approved by the head of credit, issued.
fn dun(
    database: &Database,
    staff: &Staff,
    week: &Week,
    figures: &mut Figures,
) -> Result<(), Problem> {
    turn(database, week.last, 17);
    let run = database.write(&staff.analyst, |tx| {
        Ok::<_, Problem>(dunning::preview(tx, None)?)
    })?;
    let run = database.write(&staff.head_of_credit, |tx| {
        Ok::<_, Problem>(dunning::approve(tx, run.id, run.version)?)
    })?;
    database.write(&staff.analyst, |tx| {
        Ok::<_, Problem>(dunning::issue(tx, run.id, run.version)?)
    })?;
    figures.dunning_runs += 1;
    figures.notices += usize::try_from(run.notices).unwrap_or(usize::MAX);
    Ok(())
}

fn receivable(database: &Database, cast: &[Member]) -> Result<BTreeMap<Currency, Money>, Problem> {
    let ids: Vec<CustomerId> = cast.iter().map(|member| member.id).collect();
    let mut sums: BTreeMap<Currency, Money> = BTreeMap::new();
    for chunk in ids.chunks(5_000) {
        for account in accounts::list_by_customers(&mut database.reader()?, chunk)? {
            let sum = sums
                .entry(account.currency)
                .or_insert(Money::zero(account.currency));
            *sum = sum
                .checked_add(account.money(account.receivable_minor))
                .map_err(Problem::internal)?;
        }
    }
    Ok(sums)
}

fn turn(database: &Database, day: NaiveDate, hour: u32) {
    let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    database
        .clock()
        .turn_to(Instant::new(day.and_time(time).and_utc()));
}
