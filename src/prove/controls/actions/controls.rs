//! The nine controls, each with the function that tests it.

use std::collections::{BTreeMap, BTreeSet};

use crate::book::policy::model::PolicyDocument;
use crate::platform::db::{Db, DbError, read_document};
use crate::prove::controls::model::{
    Approved, ControlCode, Finding, FindingCode, NotTestable, Numbered, Period, Sentence, Tested,
};
use crate::prove::controls::rules::{self, DUTIES, Duty, Series, count};
use crate::prove::controls::store::{self, Document};
use crate::prove::sealing::actions::inspect;
use crate::prove::sealing::model::Trust;
use kernel::clock::Instant;
use kernel::drafters::Drafters;
use kernel::ids::LegalEntityId;

/// A control: what it wants, and how that is tested.
#[derive(Clone, Copy)]
pub struct Control {
    pub code: ControlCode,
    pub title: Sentence,
    pub sentence: Sentence,
    pub test: fn(&mut Db, &Period) -> Result<Tested, DbError>,
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

fn role_separation(db: &mut Db, period: &Period) -> Result<Tested, DbError> {
    let all = actions_of(&[Duty::Sales, Duty::Credit, Duty::Cash, Duty::Bookkeeping]);
    Ok(rules::separation(&store::list_done(db, period, &all)?))
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

fn authority_matrix(db: &mut Db, period: &Period) -> Result<Tested, DbError> {
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
    let of_application = |approved: &Approved| {
        let held = policies.iter().find(|held| held.at(approved.decided_at));
        rules::approval(approved, held.map(|held| &held.document))
    };
    let mut findings: Vec<Finding> = approved.iter().filter_map(of_application).collect();
    for (block, opened_by, decided_by, reason) in released {
        let is_same = decided_by.as_deref() == Some(opened_by.as_str());
        let code = match reason.as_deref().map(str::trim) {
            _ if is_same => FindingCode::SamePerson,
            None | Some("") => FindingCode::WithoutReason,
            Some(_) => continue,
        };
        findings.push(about(code, &block, decided_by));
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
    "legal_entity.changed",
    "legal_entity.created",
];

fn master_data_four_eyes(db: &mut Db, period: &Period) -> Result<Tested, DbError> {
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
    for (thing, subject, action) in store::list_things_done(db, period, CHANGED_ALONE)? {
        population = population.saturating_add(1);
        findings.push(Finding {
            detail: Some(action),
            ..about(FindingCode::ChangedAlone, &thing, Some(subject))
        });
    }
    let changed = store::list_things_done(db, period, &["customer.changed"])?;
    population = population.saturating_add(changed.len());
    let changed: BTreeSet<(String, String)> = changed
        .into_iter()
        .map(|(customer, subject, _)| (customer, subject))
        .collect();
    for approved in store::list_approved(db, period)? {
        let customer = approved.customer_id.to_string();
        let approvers = [approved.approver, approved.credit_approver];
        for approver in approvers.into_iter().flatten() {
            if changed.contains(&(customer.clone(), approver.clone())) {
                let by = Some(approver);
                findings.push(about(FindingCode::ChangedAndApproved, &approved.id, by));
            }
        }
    }
    Ok(Tested::of(count(population), findings))
}

/// How many numbers are read at once.
const NUMBERS_AT_ONCE: i64 = 5_000;

fn sequential_numbering(db: &mut Db, period: &Period) -> Result<Tested, DbError> {
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
            for mut gap in series.gaps() {
                let is_told = !gap.missing.is_empty();
                let known = store::list_known(db, document, entity, &gap.missing)?;
                gap.missing.retain(|number| !known.contains(number));
                if is_told && gap.missing.is_empty() {
                    continue;
                }
                findings.push(Finding {
                    detail: Some(missing(&gap)),
                    ..about(FindingCode::NumbersMissing, &entity, None)
                });
            }
        }
    }
    Ok(Tested::of(count(population), findings))
}

/// The numbers that are missing: the first and the last of them, or between which they lie.
fn missing(gap: &rules::Gap) -> String {
    match gap.missing.as_slice() {
        [] => format!("{} … {}", gap.after, gap.before),
        [one] => one.clone(),
        [first, .., last] => format!("{first} … {last} ({})", gap.missing.len()),
    }
}

/// Who would have to confirm a balance is known, and whether anybody did is not kept.
fn customer_confirmation(db: &mut Db, _: &Period) -> Result<Tested, DbError> {
    Ok(Tested {
        population: store::count_owing(db)?,
        ..Tested::not_testable(NotTestable::NotKept)
    })
}

fn sales_touch_no_cash(db: &mut Db, period: &Period) -> Result<Tested, DbError> {
    let salespeople = store::list_salespeople(db, period)?;
    let cash = actions_of(&[Duty::Cash]);
    let mut population = 0_i64;
    let mut touched: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for done in store::list_done(db, period, &cash)? {
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

fn job_rotation(db: &mut Db, period: &Period) -> Result<Tested, DbError> {
    let days = store::list_days(db, period)?;
    Ok(rules::rotation(&days, period.first, period.last))
}

fn write_off_independence(db: &mut Db, period: &Period) -> Result<Tested, DbError> {
    let own = store::list_own_given_up(db, period)?;
    let findings = own
        .into_iter()
        .map(|(settlement, subject, invoice)| Finding {
            detail: Some(invoice.to_string()),
            ..about(FindingCode::GaveUpOwn, &settlement, Some(subject))
        });
    let population = store::count_given_up(db, period)?;
    Ok(Tested::of(population, findings.collect::<Vec<_>>()))
}

fn trail_review(db: &mut Db, period: &Period) -> Result<Tested, DbError> {
    let days = store::list_business_days(db, period)?;
    let signed = store::list_signed(db, period)?;
    let signed: BTreeSet<_> = signed.into_iter().map(|at| db.clock().day_of(at)).collect();
    let unsigned = days.iter().filter(|day| !signed.contains(day));
    let mut findings: Vec<Finding> = unsigned
        .map(|day| about(FindingCode::DayWithoutCheckpoint, day, None))
        .collect();
    let (_, breaks) = inspect(db, &Trust::default())?;
    findings.extend(breaks.into_iter().map(|broken| Finding {
        detail: Some(format!("{}: {}", broken.position, broken.fault.told())),
        ..about(FindingCode::ChainBroken, &broken.id, None)
    }));
    Ok(Tested::of(count(days.len()), findings))
}
