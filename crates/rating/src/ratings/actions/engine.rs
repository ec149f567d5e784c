//! The live model, the models in shadow and the live scale, at work on any number of customers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::book::customers::store as customers;
use crate::book::exposure::store as exposure;
use crate::book::policy::actions as policies;
use crate::book::policy::model::Policy;
use crate::platform::db::{Db, DbError, Tx, read_document, write_document};
use crate::rating::indicators::actions as indicators;
use crate::rating::indicators::model::{IndicatorValue, ValueSource};
use crate::rating::models::actions as models;
use crate::rating::models::actions::ModelVersion;
use crate::rating::ratings::model::{
    Appraisal, DefaultState, RatingCause, RatingRow, Record, StandingRating,
};
use crate::rating::ratings::rules::{Said, days_past};
use crate::rating::ratings::{rules, store};
use crate::rating::rules::composite::{ExpertOverride, GradeFacts, GradePolicy};
use crate::rating::scales::actions as scales;
use crate::rating::scales::actions::ScaleVersion;
use kernel::ids::{CustomerId, JobId, RatingId};
use kernel::text::Line;
use methods::numbers::ppm_of;
use methods::scoring::Value;

/// What rates now.
#[derive(Debug, Clone)]
pub struct Engine {
    pub scale: ScaleVersion,
    pub policy: Arc<Policy>,
    champion: ModelVersion,
    challengers: Vec<ModelVersion>,
    /// The indicators that any of the models asks for.
    asked: BTreeSet<String>,
}

/// What is known of a customer, with the override that holds.
#[derive(Debug, Clone)]
pub struct Known {
    pub customer: CustomerId,
    values: BTreeMap<String, IndicatorValue>,
    facts: GradeFacts,
}

impl Known {
    /// What moved since a rating was made.
    pub fn moved_since(&self, record: &Record, bounds: &GradePolicy) -> Vec<String> {
        rules::moved(record, &self.values, &self.facts, bounds)
    }
}

/// Why a customer is rated.
#[derive(Debug, Clone)]
pub struct Occasion {
    pub cause: RatingCause,
    pub run: Option<JobId>,
    /// What moved since the rating before.
    pub moved: Vec<String>,
}

impl Occasion {
    pub const fn new(cause: RatingCause, run: Option<JobId>) -> Occasion {
        Occasion {
            cause,
            run,
            moved: Vec::new(),
        }
    }
}

impl Engine {
    /// # Errors
    /// When the database fails.
    pub fn open(db: &mut Db) -> Result<Engine, DbError> {
        let champion = models::live(db)?;
        let challengers = models::in_shadow(db)?;
        let asked = challengers
            .iter()
            .chain([&champion])
            .flat_map(|model| model.model.indicators())
            .collect();
        Ok(Engine {
            scale: scales::live(db)?,
            policy: policies::live(db)?,
            champion,
            challengers,
            asked,
        })
    }

    /// What is known of these customers today; one that is not there is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub fn know(
        &self,
        db: &mut Db,
        of: &[CustomerId],
        today: NaiveDate,
    ) -> Result<Vec<Known>, DbError> {
        let all = indicators::values(db, of, today)?;
        let mut overdue = store::list_overdue(db, of, today)?;
        let legal = customers::list_legal_statuses(db, of)?;
        let first = store::list_first_invoices(db, of)?;
        all.into_iter()
            .map(|(customer, values)| {
                let owed = overdue.remove(&customer).unwrap_or_default();
                let months = first
                    .get(&customer)
                    .map_or(0, |day| rules::whole_months(*day, today));
                let facts = GradeFacts {
                    unpaid_days: Some(owed.first().map_or(0, |(due, _)| days_past(*due, today))),
                    past_due: Some(rules::past_due(&owed, today)?),
                    customer_months: Some(months),
                    statement_months: latest_statement(&values)
                        .map(|end| rules::whole_months(end, today)),
                    legal_status: legal.get(&customer).copied(),
                    // No room knows these yet; a rule that asks for them says so.
                    dishonoured_instruments: None,
                    broken_promises: None,
                };
                let values = values.into_iter();
                let asked = values.filter(|(code, _)| self.asked.contains(code));
                Ok(Known {
                    customer,
                    values: asked.collect(),
                    facts,
                })
            })
            .collect()
    }

    /// Rates customers of whom this is known, each on its occasion, and lets the new ratings take the place of those that
    /// stood. The customers are locked by whoever calls.
    ///
    /// # Errors
    /// When the database fails.
    pub fn rate(
        &self,
        tx: &mut Tx,
        known: Vec<(Known, Occasion)>,
    ) -> Result<Vec<RatingRow>, DbError> {
        let ids: Vec<CustomerId> = known.iter().map(|(one, _)| one.customer).collect();
        let segments = exposure::list_segments(tx, &ids)?;
        let mut standing: BTreeMap<CustomerId, StandingRating> = store::list_current(tx, &ids)?
            .into_iter()
            .map(|row| (row.customer_id, row))
            .collect();
        let mut rows = Vec::with_capacity(known.len());
        for (one, occasion) in known {
            let before = standing.remove(&one.customer);
            let segment = segments.get(&one.customer).map(Line::as_str);
            rows.push(self.rating(tx, one, before.as_ref(), segment, occasion)?);
        }
        store::supersede(tx, &ids)?;
        store::insert(tx, &rows)?;
        Ok(rows)
    }

    fn rating(
        &self,
        tx: &Tx,
        known: Known,
        before: Option<&StandingRating>,
        segment: Option<&str>,
        occasion: Occasion,
    ) -> Result<RatingRow, DbError> {
        let today = tx.today();
        let values: BTreeMap<String, Value> = known
            .values
            .iter()
            .filter_map(|(code, known)| Some((code.clone(), known.value.clone()?)))
            .collect();
        let champion = self.appraise(&self.champion, &values);
        let challengers = self.challengers.iter();
        let challengers = challengers.map(|model| self.appraise(model, &values));
        let terms = before.and_then(|row| row.override_terms.clone());
        let expert: Option<ExpertOverride> = terms.as_deref().map(read_document).transpose()?;
        let content = &self.scale.content;
        let in_default =
            before.and_then(|row| DefaultState::read(row.in_default_since, row.cured_on));
        let graded = rules::grade(
            content,
            champion.grade(),
            &known.facts,
            expert.as_ref(),
            in_default,
            today,
        )
        .map_err(|error| DbError::Document(error.to_string()))?;
        let override_until = expert
            .filter(|_| graded.override_grade.is_some())
            .map(|expert| expert.expires_on);
        let score = champion.result.as_ref().map(|result| result.score);
        let record = Record {
            inputs: known.values,
            facts: known.facts,
            champion,
            challengers: challengers.collect(),
            steps: graded.steps,
            moved: occasion.moved,
        };
        let held = graded.override_grade.as_deref().unwrap_or(&graded.grade);
        let review_months = self.review_months(held, segment);
        let reviewed = before.and_then(|row| row.review_on);
        Ok(RatingRow {
            id: RatingId::new(),
            customer_id: known.customer,
            model_id: self.champion.id,
            scale_id: self.scale.id,
            grade: graded.grade,
            score_ppm: score.map(ppm_of),
            override_terms: terms.filter(|_| override_until.is_some()),
            override_grade: graded.override_grade,
            override_until,
            record: write_document(&record)?,
            run_id: occasion.run,
            rated_by: tx.caller().subject.to_string(),
            rated_at: tx.now(),
            stale_on: rules::stale_on(content, graded.default, today),
            superseded_at: None,
            version: 1,
            in_default_since: graded.default.map(|default| default.since),
            cured_on: graded.default.and_then(|default| default.cured_on),
            cause: occasion.cause,
            review_on: rules::review_on(occasion.cause, reviewed, review_months, today),
        })
    }

    /// What would rate if a model were live.
    ///
    /// # Errors
    /// When the database fails.
    pub fn trying(db: &mut Db, champion: ModelVersion) -> Result<Engine, DbError> {
        Ok(Engine {
            scale: scales::live(db)?,
            policy: policies::live(db)?,
            asked: champion.model.indicators(),
            champion,
            challengers: Vec::new(),
        })
    }

    /// The grade that a customer of whom this is known would get, its override apart.
    ///
    /// # Errors
    /// When the scale contradicts itself.
    pub fn would_grade(
        &self,
        known: &Known,
        before: Option<&StandingRating>,
        today: NaiveDate,
    ) -> Result<String, DbError> {
        let values: BTreeMap<String, Value> = known
            .values
            .iter()
            .filter_map(|(code, known)| Some((code.clone(), known.value.clone()?)))
            .collect();
        let champion = self.appraise(&self.champion, &values);
        let in_default =
            before.and_then(|row| DefaultState::read(row.in_default_since, row.cured_on));
        let content = &self.scale.content;
        let graded = rules::grade(
            content,
            champion.grade(),
            &known.facts,
            None,
            in_default,
            today,
        );
        let graded = graded.map_err(|error| DbError::Document(error.to_string()))?;
        Ok(graded.grade)
    }

    /// After how many months the policy wants customers of a grade in a segment looked at again.
    fn review_months(&self, grade: &str, segment: Option<&str>) -> Option<i32> {
        let terms = self.policy.document.terms_of(grade, segment)?;
        terms.review_months
    }

    fn appraise(&self, model: &ModelVersion, values: &BTreeMap<String, Value>) -> Appraisal {
        let (result, refusal) = match model.model.appraise(values) {
            Ok(result) => (Some(result), None),
            Err(refusal) => (None, Some(refusal)),
        };
        let said = result.as_ref().map(|result| Said {
            score: result.score,
            probability_of_default: result.probability_of_default,
        });
        Appraisal {
            model_id: model.id,
            code: model.code.clone(),
            model_version: model.version,
            kind: model.kind,
            grade: rules::grade_of(&self.scale.content, said),
            result,
            refusal,
        }
    }
}

/// The end of the latest period that a statement is there for, as the indicators tell.
fn latest_statement(values: &BTreeMap<String, IndicatorValue>) -> Option<NaiveDate> {
    let ends = values.values().filter_map(|value| match &value.source {
        Some(ValueSource::FinancialStatement { period_end, .. }) => Some(*period_end),
        _ => None,
    });
    ends.max()
}

/// The numbers of customers, by id.
///
/// # Errors
/// When the database fails.
pub fn numbers_of(
    db: &mut Db,
    ids: &[CustomerId],
) -> Result<BTreeMap<CustomerId, String>, DbError> {
    let named = customers::list_by_ids(db, ids)?.into_iter();
    Ok(named.map(|one| (one.id, one.number.to_string())).collect())
}
