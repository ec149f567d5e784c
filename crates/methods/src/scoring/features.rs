//! Feature analysis: characteristics scored from 1 to 10, weighted by how much they matter for the purpose at hand.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::numbers::share;

/// The best score of a characteristic; the worst is 1.
const FULL_SCORE: f64 = 10.0;

/// A characteristic with its weight for the purpose and its score; no score when nobody has judged it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureScore {
    pub code: String,
    /// 0 or more, in any unit; 0 leaves the characteristic out.
    pub weight: f64,
    /// 1 to 10.
    pub score: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeatureError {
    #[error("the weight of {code} must be 0 or more, at most 1,000,000")]
    Weight { code: String },
    #[error("the score of {code} must be from 1 to 10")]
    Score { code: String },
    #[error("{code} is listed twice")]
    Twice { code: String },
    #[error("give at least one characteristic with a weight above 0 and a score")]
    Nothing,
}

/// The result of a feature analysis, with what each characteristic brings in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureResult {
    /// Σ(w·s) / Σ(w·10) × 100.
    pub percent: f64,
    /// Σ(w·s).
    pub points: f64,
    /// Σ(w·10) over what was scored.
    pub attainable: f64,
    /// The characteristics that have a weight and no score: they are in neither sum.
    pub not_scored: Vec<String>,
    pub features: Vec<ScoredFeature>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredFeature {
    pub code: String,
    pub weight: f64,
    pub score: f64,
    /// w·s.
    pub points: f64,
    /// In percent of all that is attainable; these sum to the result.
    pub percent: f64,
}

/// Result % = Σ(w·s) / Σ(w·10) × 100.
///
/// Example: weights 3 and 1, scores 8 and 4: (24 + 4) / 40 = 70%.
///
/// # Errors
/// When a weight or score is out of range, a characteristic comes twice, or nothing is scored.
pub fn feature_analysis(features: &[FeatureScore]) -> Result<FeatureResult, FeatureError> {
    let mut seen = BTreeSet::new();
    for FeatureScore {
        code,
        weight,
        score,
    } in features
    {
        let code = || code.clone();
        if !(0.0..=1e6).contains(weight) {
            return Err(FeatureError::Weight { code: code() });
        }
        if score.is_some_and(|score| !(1.0..=FULL_SCORE).contains(&score)) {
            return Err(FeatureError::Score { code: code() });
        }
        if !seen.insert(code()) {
            return Err(FeatureError::Twice { code: code() });
        }
    }
    let counted = || features.iter().filter(|feature| feature.weight > 0.0);
    let scored = || counted().filter_map(|feature| Some((feature, feature.score?)));
    let attainable: f64 = scored()
        .map(|(feature, _)| feature.weight * FULL_SCORE)
        .sum();
    if attainable <= 0.0 {
        return Err(FeatureError::Nothing);
    }
    let points: f64 = scored()
        .map(|(feature, score)| feature.weight * score)
        .sum();
    let percent = |points: f64| share(points, attainable) * 100.0;
    Ok(FeatureResult {
        percent: percent(points),
        points,
        attainable,
        not_scored: counted()
            .filter(|feature| feature.score.is_none())
            .map(|feature| feature.code.clone())
            .collect(),
        features: scored()
            .map(|(feature, score)| ScoredFeature {
                code: feature.code.clone(),
                weight: feature.weight,
                score,
                points: feature.weight * score,
                percent: percent(feature.weight * score),
            })
            .collect(),
    })
}
