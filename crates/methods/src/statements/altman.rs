//! Altman's Z-scores, with what every component adds (formulas 3.8).
//!
//! The models may disagree on the same statement: all are shown, and the policy names the one that rules.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ratios::{NoValue, positive};
use super::{Line, Statement};
use kernel::figures::{Exact, Figure, FigureError, PLACES};

/// A model with its own coefficients and zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AltmanModel)]
pub enum Model {
    /// Z of 1968, for listed manufacturers: equity at its market value.
    Listed,
    /// Z' of 1983, for private manufacturers: equity at its book value.
    Private,
    /// Z'' of 1995, for others than manufacturers: without sales, which differ most between industries.
    NonManufacturing,
    /// Z'' with 3.25 added, so that zero is where bonds default; for emerging markets. Its zones move by the same.
    EmergingMarket,
}

impl Model {
    pub const ALL: [Model; 4] = [
        Model::Listed,
        Model::Private,
        Model::NonManufacturing,
        Model::EmergingMarket,
    ];

    /// The score of a company whose components are all zero.
    pub const fn constant(self) -> Figure {
        match self {
            Model::EmergingMarket => Figure::new(325, 2),
            _ => Figure::ZERO,
        }
    }

    /// What each of X1 to X5 counts; none for one that the model leaves out.
    pub const fn coefficient(self, component: Component) -> Option<Figure> {
        let thousandths = match self {
            Model::Listed => [1_200, 1_400, 3_300, 600, 1_000],
            Model::Private => [717, 847, 3_107, 420, 998],
            Model::NonManufacturing | Model::EmergingMarket => [6_560, 3_260, 6_720, 1_050, 0],
        };
        let [x1, x2, x3, x4, x5] = thousandths;
        let count = match component {
            Component::WorkingCapital => x1,
            Component::RetainedEarnings => x2,
            Component::Earnings => x3,
            Component::Equity => x4,
            Component::Sales => x5,
        };
        if count == 0 {
            return None;
        }
        Some(Figure::new(count, 3))
    }

    /// Below the first lies distress, above the second safety; the bounds themselves are grey.
    pub const fn bounds(self) -> (Figure, Figure) {
        match self {
            Model::Listed => (Figure::new(181, 2), Figure::new(299, 2)),
            Model::Private => (Figure::new(123, 2), Figure::new(290, 2)),
            Model::NonManufacturing => (Figure::new(110, 2), Figure::new(260, 2)),
            Model::EmergingMarket => (Figure::new(435, 2), Figure::new(585, 2)),
        }
    }
}

/// What a model looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AltmanComponent)]
pub enum Component {
    /// (current assets − current liabilities) / total assets
    #[serde(rename = "x1")]
    WorkingCapital,
    /// retained earnings / total assets
    #[serde(rename = "x2")]
    RetainedEarnings,
    /// EBIT / total assets
    #[serde(rename = "x3")]
    Earnings,
    /// equity / total liabilities: at market value for a listed company, else at book value
    #[serde(rename = "x4")]
    Equity,
    /// sales / total assets
    #[serde(rename = "x5")]
    Sales,
}

impl Component {
    pub const ALL: [Component; 5] = [
        Component::WorkingCapital,
        Component::RetainedEarnings,
        Component::Earnings,
        Component::Equity,
        Component::Sales,
    ];

    /// Its name in the literature and in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Component::WorkingCapital => "x1",
            Component::RetainedEarnings => "x2",
            Component::Earnings => "x3",
            Component::Equity => "x4",
            Component::Sales => "x5",
        }
    }

    /// What is divided by what.
    pub const fn formula(self, model: Model) -> &'static str {
        match (self, model) {
            (Component::WorkingCapital, _) => {
                "(current_assets - current_liabilities) / total_assets"
            }
            (Component::RetainedEarnings, _) => "retained_earnings / total_assets",
            (Component::Earnings, _) => "ebit / total_assets",
            (Component::Equity, Model::Listed) => "market_value / total_liabilities",
            (Component::Equity, _) => "total_equity / total_liabilities",
            (Component::Sales, _) => "sales / total_assets",
        }
    }

    fn of(self, model: Model, statement: &Statement) -> Result<Exact, NoValue> {
        let line = |line| NoValue::unless_given(statement, line);
        let over = |numerator: Exact, divisor| Ok(numerator / positive(divisor, line(divisor)?)?);
        match (self, model) {
            (Component::WorkingCapital, _) => over(
                line(Line::CurrentAssets)? - line(Line::CurrentLiabilities)?,
                Line::TotalAssets,
            ),
            (Component::RetainedEarnings, _) => {
                over(line(Line::RetainedEarnings)?, Line::TotalAssets)
            }
            (Component::Earnings, _) => over(per_year(statement, Line::Ebit)?, Line::TotalAssets),
            (Component::Equity, Model::Listed) => {
                over(line(Line::MarketValue)?, Line::TotalLiabilities)
            }
            (Component::Equity, _) => over(line(Line::TotalEquity)?, Line::TotalLiabilities),
            (Component::Sales, _) => over(per_year(statement, Line::Sales)?, Line::TotalAssets),
        }
    }
}

/// Altman's figures are a year's: half a year of sales counts twice.
fn per_year(statement: &Statement, line: Line) -> Result<Exact, NoValue> {
    let amount = NoValue::unless_given(statement, line)?;
    Ok(amount * 12_i64 / statement.months)
}

/// How near a score is to insolvency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AltmanZone)]
pub enum Zone {
    Distress,
    Grey,
    Safe,
}

impl Zone {
    /// As in its JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Zone::Distress => "distress",
            Zone::Grey => "grey",
            Zone::Safe => "safe",
        }
    }
}

/// A score and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AltmanScore)]
pub struct Score {
    pub model: Model,
    #[schema(max_items = 5)]
    pub components: Vec<Part>,
    pub constant: Figure,
    /// The constant and all points, rounded to 6 places at the end only.
    pub score: Figure,
    pub zone: Zone,
    /// Below: distress.
    pub distress_below: Figure,
    /// Above: safe.
    pub safe_above: Figure,
}

/// What one component adds to a score; figures are rounded to 6 places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AltmanPart)]
pub struct Part {
    pub component: Component,
    #[schema(max_length = 200)]
    pub formula: String,
    pub ratio: Figure,
    pub coefficient: Figure,
    pub points: Figure,
}

/// The score of a statement by one model.
///
/// Current assets 5,000 and liabilities 3,200, total assets 10,000 and liabilities 6,000, retained earnings 1,500,
/// EBIT 900, equity 4,000, sales 12,000: Z' 2.0133 is grey, Z'' 2.9746 is safe.
///
/// # Errors
/// Every reason for which there is no score, such as each line that is missing.
pub fn score_statement(model: Model, statement: &Statement) -> Result<Score, Vec<NoValue>> {
    let mut missing = Vec::new();
    let mut ratios = Vec::new();
    for component in used(model) {
        match component.of(model, statement) {
            Ok(ratio) => ratios.push((component, ratio)),
            Err(reason) if missing.contains(&reason) => {}
            Err(reason) => missing.push(reason),
        }
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    assemble(model, &ratios).map_err(|_| vec![NoValue::OutOfRange])
}

/// The score of components that are known already, as a source prints them; X5 does not matter where a model leaves it
/// out.
///
/// # Errors
/// When a number is too large.
pub fn score_ratios(model: Model, ratios: [Figure; 5]) -> Result<Score, FigureError> {
    let known: Vec<(Component, Exact)> = Component::ALL
        .into_iter()
        .zip(ratios.map(Exact::from))
        .filter(|(component, _)| model.coefficient(*component).is_some())
        .collect();
    assemble(model, &known)
}

fn used(model: Model) -> impl Iterator<Item = Component> {
    Component::ALL
        .into_iter()
        .filter(move |component| model.coefficient(*component).is_some())
}

fn assemble(model: Model, ratios: &[(Component, Exact)]) -> Result<Score, FigureError> {
    let mut components = Vec::new();
    let mut sum = Exact::from(model.constant());
    for (component, ratio) in ratios {
        let Some(coefficient) = model.coefficient(*component) else {
            continue;
        };
        let points = *ratio * coefficient;
        sum = sum + points;
        components.push(Part {
            component: *component,
            formula: component.formula(model).to_owned(),
            ratio: ratio.figure(PLACES)?,
            coefficient,
            points: points.figure(PLACES)?,
        });
    }
    let (distress_below, safe_above) = model.bounds();
    let score = sum.figure(PLACES)?;
    // By the score as it is shown: nobody should have to explain a score of 2.9 that is called safe.
    let zone = if score < distress_below {
        Zone::Distress
    } else if score > safe_above {
        Zone::Safe
    } else {
        Zone::Grey
    };
    Ok(Score {
        model,
        components,
        constant: model.constant(),
        score,
        zone,
        distress_below,
        safe_above,
    })
}
