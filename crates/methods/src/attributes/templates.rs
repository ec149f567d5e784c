//! The trees that netterms starts with. They are data: `templates/*.json` of this room, to be copied and changed.

use super::Attribute;

/// A tree to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    pub code: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    json: &'static str,
}

/// All templates, in the order in which they are offered.
pub const TEMPLATES: [Template; 5] = [
    Template {
        code: "FOUR_ASPECTS",
        purpose: "Trade customers: financial, operating, credit history and industry, by measured indicators",
        json: include_str!("../../templates/four_aspects.json"),
    },
    Template {
        code: "5C",
        purpose: "Any customer, by judgement: character, capacity, capital, collateral, conditions",
        json: include_str!("../../templates/5c.json"),
    },
    Template {
        code: "5W",
        purpose: "Applications and single orders: who, why, when, what, how",
        json: include_str!("../../templates/5w.json"),
    },
    Template {
        code: "CAMEL",
        purpose: "Customers with financial reports: capital, assets, management, earnings, liquidity",
        json: include_str!("../../templates/camel.json"),
    },
    Template {
        code: "FEATURE_18",
        purpose: "Feature analysis: three groups of six characteristics, weighed by purpose",
        json: include_str!("../../templates/feature_18.json"),
    },
];

/// The template of that code.
pub fn template(code: &str) -> Option<Attribute> {
    TEMPLATES
        .iter()
        .find(|template| template.code == code)
        .and_then(Template::tree)
}

impl Template {
    /// The tree; a test sees to it that every template has one.
    pub fn tree(&self) -> Option<Attribute> {
        serde_json::from_str(self.json).ok()
    }
}
