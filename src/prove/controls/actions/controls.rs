//! The nine controls, each with the function that tests it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, NaiveDate};

use crate::book::policy::model::PolicyDocument;
use crate::platform::db::{Db, DbError, read_document};
use crate::prove::controls::model::{
    Approved, ControlCode, Done, Finding, FindingCode, NotTestable, Numbered, Period, Sentence,
    Tested,
};
use crate::prove::controls::rules::{self, DUTIES, Duty, Series, count};
use crate::prove::controls::store::{self, Document};
use crate::prove::sealing::actions::inspect;
use crate::prove::sealing::model::{Fault, Trust};
use kernel::clock::Instant;
use kernel::drafters::Drafters;
use kernel::ids::{ApplicationId, LegalEntityId};

/// A control: what it wants, and how that is tested, over a period and with the keys by which checkpoints are believed.
#[derive(Clone, Copy)]
pub struct Control {
    pub code: ControlCode,
    pub title: Sentence,
    pub sentence: Sentence,
    pub test: fn(&mut Db, &Period, &Trust) -> Result<Tested, DbError>,
}

macro_rules! controls {
    ($($code:ident: $title:literal $title_zh:literal, $sentence:literal $sentence_zh:literal, $test:ident;)*) => {
        &[$(Control {
            code: ControlCode::$code,
            title: Sentence { english: $title, chinese: $title_zh },
            sentence: Sentence { english: $sentence, chinese: $sentence_zh },
            test: $test,
        },)*]
    };
}

/// All of them, in the order in which they are told.
pub const CONTROLS: &[Control] = controls! {
    RoleSeparation: "Separation of sales, credit, cash and bookkeeping" "岗位分离",
        "No person did the work of more than one of sales, credit, cash and bookkeeping."
        "任何人不得同时从事销售、信用、收款与记账中的多项工作。", role_separation;
    AuthorityMatrix: "Authority matrix" "授权审批",
        "Limits and releases were decided within authority, with a reason, and by another person than who asked."
        "额度与放行均在权限内、附理由、由申请人以外的人员决定。", authority_matrix;
    MasterDataFourEyes: "Four eyes on master data" "主数据双人复核",
        "Changes of master data, rules and scales were approved by a second person, and nobody changed a customer's file and approved its limit."
        "主数据、制度与等级表的更改均经第二人复核，且无人同时更改客户资料并审批其额度。", master_data_four_eyes;
    SequentialNumbering: "Sequential numbering and gap check" "连续编号",
        "The numbers of invoices, credit notes and receipts of each legal entity have no gaps."
        "各法人实体的发票、贷项通知单与收款编号连续、无缺号。", sequential_numbering;
    CustomerConfirmation: "Periodic customer confirmation" "定期函证",
        "Customers confirmed their balances."
        "客户已定期确认余额。", customer_confirmation;
    SalesTouchNoCash: "Bank receipts never handled by sales" "销售不得经手现金",
        "Nobody who works as sales, and no customer's own salesperson, recorded money."
        "销售人员及客户的业务员均未经手收款。", sales_touch_no_cash;
    JobRotation: "Job rotation and forced leave" "轮岗",
        "Whoever worked through the period was away for two weeks at once."
        "整个期间在岗的人员均曾连续离岗两周。", job_rotation;
    WriteOffIndependence: "Write-off independence and recovery tracking" "核销独立与账销案存",
        "Open amounts were given up by others than those who recorded the invoice or its money."
        "余额核销由登记发票或收款以外的人员办理。", write_off_independence;
    TrailReview: "Independent audit trail review" "独立稽核",
        "A checkpoint of the audit trail was signed on each business day, and its chain is whole."
        "每个营业日均签署审计轨迹检查点，且哈希链完整。", trail_review;
};

fn actions_of(duties: &[Duty]) -> Vec<&'static str> {
    let wanted = DUTIES.iter().filter(|(_, duty)| duties.contains(duty));
    wanted.map(|(action, _)| *action).collect()
}

fn role_separation(db: &mut Db, period: &Period, _: &Trust) -> Result<Tested, DbError> {
    let all = actions_of(&[Duty::Sales, Duty::Credit, Duty::Cash, Duty::Bookkeeping]);
    Ok(rules::separation(&done_by_persons(db, period, &all)?))
}

/// What persons did in a period: what systems and netterms itself did is nobody's.
fn done_by_persons(db: &mut Db, period: &Period, actions: &[&str]) -> Result<Vec<Done>, DbError> {
    let persons = store::list_persons(db, period.start, period.end)?;
    let mut done = store::list_done(db, period, actions)?;
    done.retain(|one| persons.contains(&one.subject));
    Ok(done)
}

/// A policy, and from when to when it held.
struct Held {
    document: PolicyDocument,
    from: Option<Instant>,
    until: Option<Instant>,
}

impl Held {
    fn at(&self, at: Option<Instant>) -> bool {
        self.from <= at && (self.until.is_none() || self.until > at)
    }
}

fn authority_matrix(db: &mut Db, period: &Period, _: &Trust) -> Result<Tested, DbError> {
    let mut policies = Vec::new();
    for (document, from, until) in store::list_policies(db)? {
        policies.push(Held {
            document: read_document(&document)?,
            from,
            until,
        });
    }
    let approved = store::list_approved(db, period)?;
    let released = store::list_released(db, period)?;
    let population = count(approved.len())
        .saturating_add(count(released.len()))
        .saturating_add(store::count_granted_limits(db, period)?);
    let ids: Vec<ApplicationId> = approved.iter().map(|approved| approved.id).collect();
    let steps = store::list_steps(db, &ids)?;
    let of_application = |approved: &Approved| {
        let held = policies.iter().find(|held| held.at(approved.decided_at));
        let taken = steps.get(&approved.id).map_or(&[][..], Vec::as_slice);
        rules::approval(approved, taken, held.map(|held| &held.document))
    };
    let mut findings: Vec<Finding> = approved.iter().filter_map(of_application).collect();
    for block in released {
        let asked = [Some(&block.opened_by), block.requested_by.as_ref()];
        let is_same = block.decided_by.is_some() && asked.contains(&block.decided_by.as_ref());
        let code = match block.reason.as_deref().map(str::trim) {
            _ if is_same => FindingCode::SamePerson,
            None | Some("") => FindingCode::WithoutReason,
            Some(_) => continue,
        };
        findings.push(about(code, &block.id, block.decided_by));
    }
    for (limit, set_by) in store::list_unfounded_limits(db, period)? {
        findings.push(about(FindingCode::WithoutReason, &limit, Some(set_by)));
    }
    Ok(Tested::of(population, findings))
}

fn about(code: FindingCode, id: &impl ToString, subject: Option<String>) -> Finding {
    Finding {
        code,
        resource_id: id.to_string(),
        subject,
        detail: None,
    }
}

/// What one person can do alone to master data that two should do.
const CHANGED_ALONE: &[&str] = &[
    "bank_account.changed",
    "bank_account.created",
    "calendar.changed",
    "calendar.created",
    "dunning_procedure.usage_changed",
    "industry.set",
    "legal_entity.changed",
    "legal_entity.created",
    "portfolio_cap.changed",
    "portfolio_cap.removed",
    "portfolio_cap.set",
];

/// Rates are many: a person is told once, with how many.
const RATES_SET: &str = "exchange_rate.set";

/// Changes of a customer's file.
const FILE_CHANGES: &[&str] = &[
    "customer.alias_added",
    "customer.alias_removed",
    "customer.changed",
    "customer.created",
    "customer.legal_status_set",
    "customer.moved",
];

/// So long before an approval, or after it, a change of the customer's file is held against who approved.
const FILE_DAYS: i64 = 366;

/// How many customers are asked for at once.
const CUSTOMERS_AT_ONCE: usize = 500;

fn master_data_four_eyes(db: &mut Db, period: &Period, _: &Trust) -> Result<Tested, DbError> {
    let mut population = 0_usize;
    let mut findings = Vec::new();
    for (id, proposed_by, decided_by) in store::list_changes(db, period)? {
        population = population.saturating_add(1);
        if decided_by.as_ref() == Some(&proposed_by) {
            findings.push(about(FindingCode::SamePerson, &id, decided_by));
        }
    }
    for version in store::list_versions(db, period)? {
        population = population.saturating_add(1);
        let drafters: Drafters = version.drafters.parse().map_err(|_| {
            DbError::Document(format!("the drafters of {} can't be read", version.id))
        })?;
        let shipped = drafters
            .as_slice()
            .iter()
            .all(|one| one.as_str() == "netterms");
        match &version.approver {
            // What a new book begins with was written by nobody in the house.
            _ if shipped => {}
            None => findings.push(about(FindingCode::ChangedAlone, &version.id, None)),
            Some(approver)
                if drafters
                    .as_slice()
                    .iter()
                    .any(|one| one.as_str() == approver) =>
            {
                let by = Some(approver.clone());
                findings.push(about(FindingCode::SamePerson, &version.id, by));
            }
            Some(_) => {}
        }
    }
    population =
        population.saturating_add(store::list_things_done(db, period, FILE_CHANGES)?.len());
    findings.extend(file_changers_who_approved(db, period)?);
    let persons = store::list_persons(db, period.start, period.end)?;
    for (thing, subject, action) in store::list_things_done(db, period, CHANGED_ALONE)? {
        if !persons.contains(&subject) {
            continue;
        }
        population = population.saturating_add(1);
        findings.push(Finding {
            detail: Some(action),
            ..about(FindingCode::ChangedAlone, &thing, Some(subject))
        });
    }
    let mut rates: BTreeMap<String, i64> = BTreeMap::new();
    for done in done_by_persons(db, period, &[RATES_SET])? {
        let all = rates.entry(done.subject).or_default();
        *all = all.saturating_add(done.count);
    }
    for (subject, set) in rates {
        population = population.saturating_add(usize::try_from(set).unwrap_or(usize::MAX));
        findings.push(Finding {
            detail: Some(format!("{RATES_SET} ({set})")),
            ..about(FindingCode::ChangedAlone, &subject, Some(subject.clone()))
        });
    }
    Ok(Tested::of(count(population), findings))
}

/// Approvals by somebody who changed the customer's file, one or the other in the period and both within a year of it.
fn file_changers_who_approved(db: &mut Db, period: &Period) -> Result<Vec<Finding>, DbError> {
    let earlier = Period {
        start: period.start.plus(-Duration::days(FILE_DAYS)),
        ..*period
    };
    let approved = store::list_approved(db, &earlier)?;
    let mut by_customer: BTreeMap<String, Vec<&Approved>> = BTreeMap::new();
    let mut approvers: BTreeSet<&String> = BTreeSet::new();
    for one in &approved {
        let customer = one.customer_id.to_string();
        by_customer.entry(customer).or_default().push(one);
        approvers.extend(one.approver.iter().chain(&one.credit_approver));
    }
    let approvers: Vec<String> = approvers.into_iter().cloned().collect();
    let customers: Vec<String> = by_customer.keys().cloned().collect();
    let mut found: BTreeSet<(ApplicationId, String)> = BTreeSet::new();
    for chunk in customers.chunks(CUSTOMERS_AT_ONCE) {
        let window = (earlier.start, earlier.end);
        let changes = store::list_done_about(db, window, FILE_CHANGES, chunk, &approvers)?;
        for (customer, subject, at) in changes {
            for one in by_customer.get(&customer).into_iter().flatten() {
                let is_now = at >= period.start || one.decided_at >= Some(period.start);
                let had_part = one.approver.as_ref() == Some(&subject)
                    || one.credit_approver.as_ref() == Some(&subject);
                if is_now && had_part {
                    found.insert((one.id, subject.clone()));
                }
            }
        }
    }
    let finding = |(id, by)| about(FindingCode::ChangedAndApproved, &id, Some(by));
    Ok(found.into_iter().map(finding).collect())
}

/// How many numbers are read at once.
const NUMBERS_AT_ONCE: i64 = 5_000;

fn sequential_numbering(db: &mut Db, period: &Period, _: &Trust) -> Result<Tested, DbError> {
    let mut population = 0_usize;
    let mut findings = Vec::new();
    for document in Document::ALL {
        let mut series: BTreeMap<LegalEntityId, Series> = BTreeMap::new();
        let mut after: Option<Numbered> = None;
        loop {
            let page = store::list_numbers(db, document, period, after.as_ref(), NUMBERS_AT_ONCE)?;
            let is_last = count(page.len()) < NUMBERS_AT_ONCE;
            population = population.saturating_add(page.len());
            for numbered in &page {
                let of_entity = series.entry(numbered.legal_entity_id).or_default();
                of_entity.add(&numbered.number);
            }
            after = page.into_iter().next_back();
            if is_last {
                break;
            }
        }
        for (entity, series) in series {
            findings.extend(gaps_of(db, document, entity, series)?);
        }
    }
    Ok(Tested::of(count(population), findings))
}

/// How many long gaps of a series of an entity are counted; of more of them it is told that they are there.
const COUNTED_MAX: usize = 1_000;

/// The gaps in what an entity numbered in a period, from the number before its first one on. What was recorded in another
/// period fills them.
fn gaps_of(
    db: &mut Db,
    document: Document,
    entity: LegalEntityId,
    mut series: Series,
) -> Result<Vec<Finding>, DbError> {
    for ranges in series.before_first() {
        if let Some(before) = store::find_last_number(db, document, entity, &ranges)? {
            series.add(&before);
        }
    }
    let gaps = series.gaps();
    let missing: Vec<&String> = gaps.iter().flat_map(|gap| &gap.missing).collect();
    let known = store::list_known(db, document, entity, &missing)?;
    let mut counted = 0_usize;
    let mut findings = Vec::new();
    for mut gap in gaps {
        if gap.missing.is_empty() {
            counted = counted.saturating_add(1);
            let there = match counted {
                ..=COUNTED_MAX => store::count_numbers(db, document, entity, &gap.ranges)?,
                _ => 0,
            };
            if u64::try_from(there).is_ok_and(|there| there >= gap.between) {
                continue;
            }
        } else {
            gap.missing.retain(|number| !known.contains(number));
            if gap.missing.is_empty() {
                continue;
            }
        }
        findings.push(Finding {
            detail: Some(told_of(&gap)),
            ..about(FindingCode::NumbersMissing, &entity, None)
        });
    }
    Ok(findings)
}

/// The numbers that are missing: the first and the last of them, or between which they lie.
fn told_of(gap: &rules::Gap) -> String {
    match gap.missing.as_slice() {
        [] => format!("{} … {}", gap.after, gap.before),
        [one] => one.clone(),
        [first, .., last] => format!("{first} … {last} ({})", gap.missing.len()),
    }
}

/// Who would have to confirm a balance is known, and whether anybody did is not kept.
fn customer_confirmation(db: &mut Db, _: &Period, _: &Trust) -> Result<Tested, DbError> {
    Ok(Tested {
        population: store::count_owing(db)?,
        ..Tested::not_testable(NotTestable::NotKept)
    })
}

fn sales_touch_no_cash(db: &mut Db, period: &Period, _: &Trust) -> Result<Tested, DbError> {
    let salespeople = store::list_salespeople(db, period)?;
    let cash = actions_of(&[Duty::Cash]);
    let mut population = 0_i64;
    let mut touched: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for done in done_by_persons(db, period, &cash)? {
        population = population.saturating_add(done.count);
        if salespeople.contains(&done.subject) {
            touched.entry(done.subject).or_default().insert(done.action);
        }
    }
    let by_sales = touched.into_iter().map(|(subject, actions)| {
        let actions: Vec<String> = actions.into_iter().collect();
        Finding {
            detail: Some(actions.join(", ")),
            ..about(
                FindingCode::SalesRecordedCash,
                &subject,
                Some(subject.clone()),
            )
        }
    });
    let mut findings: Vec<Finding> = by_sales.collect();
    for (receipt, subject) in store::list_own_receipts(db, period)? {
        findings.push(about(
            FindingCode::OwnCustomersCash,
            &receipt,
            Some(subject),
        ));
    }
    Ok(Tested::of(population, findings))
}

fn job_rotation(db: &mut Db, period: &Period, _: &Trust) -> Result<Tested, DbError> {
    if !rules::tells_who_was_away(period.first, period.last) {
        return Ok(rules::rotation(&[], period.first, period.last));
    }
    let persons = store::list_persons(db, period.start, period.end)?;
    let began = store::find_first_at(db, period)?.map(|at| db.clock().day_of(at));
    let first = began.map_or(period.first, |began| began.max(period.first));
    let mut days = Vec::new();
    for day in first.iter_days().take_while(|day| *day <= period.last) {
        let (from, until) = (db.clock().start_of(day), db.clock().end_of(day));
        let mut at_work = store::list_at_work(db, from, until)?;
        at_work.retain(|subject| persons.contains(subject));
        days.extend(at_work.into_iter().map(|subject| (subject, day)));
    }
    Ok(rules::rotation(&days, period.first, period.last))
}

fn write_off_independence(db: &mut Db, period: &Period, _: &Trust) -> Result<Tested, DbError> {
    let population = store::count_given_up(db, period)?;
    let own = store::list_own_given_up(db, period)?;
    let notes = store::list_own_notes(db, period)?;
    // A note that is used now may have been recorded before the period.
    let first = notes.iter().map(|(.., recorded_at)| *recorded_at).min();
    let from = first.map_or(period.start, |first| first.min(period.start));
    let persons = store::list_persons(db, from, period.end)?;
    let settled = own
        .into_iter()
        .map(|(settlement, subject, invoice)| (settlement.to_string(), subject, invoice));
    let granted = notes
        .into_iter()
        .map(|(note, subject, invoice, _)| (note.to_string(), subject, invoice));
    let findings = settled
        .chain(granted)
        .filter(|(_, subject, _)| persons.contains(subject))
        .map(|(id, subject, invoice)| Finding {
            detail: Some(invoice.to_string()),
            ..about(FindingCode::GaveUpOwn, &id, Some(subject))
        });
    Ok(Tested::of(population, findings))
}

fn trail_review(db: &mut Db, period: &Period, trust: &Trust) -> Result<Tested, DbError> {
    let days = store::list_business_days(db, period)?;
    let inspected = inspect(db, trust)?;
    let unsigned = days.iter().filter(|day| !inspected.is_signed_on(**day));
    let mut findings: Vec<Finding> = unsigned
        .map(|day| about(FindingCode::DayWithoutCheckpoint, day, None))
        .collect();
    let is_within = |day: NaiveDate| (period.first..=period.last).contains(&day);
    let told = inspected
        .breaks
        .into_iter()
        .filter(|broken| match broken.fault {
            // That is told of business days.
            Fault::Unsigned => false,
            // Before the period another key may have signed: whatever was changed since contradicts the period's checkpoints.
            Fault::Stranger => broken.day.is_some_and(is_within),
            _ => true,
        });
    findings.extend(told.map(|broken| Finding {
        detail: Some(format!("{}: {}", broken.position, broken.fault.told())),
        ..about(FindingCode::ChainBroken, &broken.id, None)
    }));
    Ok(Tested::of(count(days.len()), findings))
}
