//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::model::NewIndustry;
use kernel::clock::Day;
use kernel::figures::Figure;
use kernel::text::{Line, Source};

/// What is known of an industry; what is not known is left out.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "is_consistent"))]
#[schema(example = json!({
    "name_en": "Steel trading", "name_zh": "钢铁贸易", "growth": "0.042", "cr4": "0.31", "hhi": null, "risk_class": 3,
    "source": "NBS yearbook 2025", "as_of": "2025-12-31"
}))]
pub struct IndustryIn {
    pub name_en: Line,
    pub name_zh: Line,
    /// Of the industry's sales in a year, as a share: from -1 to 10.
    pub growth: Option<Figure>,
    /// The share of the four largest in sales: from 0 to 1.
    pub cr4: Option<Figure>,
    /// The sum of all squared shares in sales (HHI): from 0 to 1.
    pub hhi: Option<Figure>,
    /// 1, the lowest risk, to 5, the highest.
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5)]
    pub risk_class: Option<i32>,
    /// Who published the figures.
    pub source: Source,
    /// The day for which they hold; not in the future. They are used for two years.
    pub as_of: Day,
}

/// What the request alone shows to be wrong.
fn is_consistent(input: &IndustryIn) -> Result<(), ValidationError> {
    let is_share = |figure: Option<Figure>| figure.is_none_or(Figure::is_share);
    if !is_share(input.cr4) || !is_share(input.hhi) {
        let message = "cr4 and hhi are shares: from 0 to 1";
        return Err(ValidationError::new("share").with_message(message.into()));
    }
    let growths = Figure::new(-1, 0)..=Figure::new(10, 0);
    if input
        .growth
        .is_some_and(|growth| !growths.contains(&growth))
    {
        let message = "growth is a share of sales, from -1 to 10: 0.05 is five percent";
        return Err(ValidationError::new("growth").with_message(message.into()));
    }
    Ok(())
}

impl IndustryIn {
    pub fn new_industry(&self) -> NewIndustry {
        NewIndustry {
            name_en: self.name_en.clone(),
            name_zh: self.name_zh.clone(),
            growth: self.growth,
            cr4: self.cr4,
            hhi: self.hhi,
            risk_class: self.risk_class,
            source: self.source.clone(),
            as_of: self.as_of.date(),
        }
    }
}
