//! The mappings that netterms ships, for files as well-known systems write them.

use serde::Deserialize;

use crate::book::catalogues::model::Texts;
use crate::book::imports::model::{ImportKind, Mapping};

/// The shipped mappings: their codes, and what they say as JSON.
const SHIPPED: &[(&str, &str)] = &[
    (
        "china_digital_invoices",
        include_str!("../shipped/china_digital_invoices.json"),
    ),
    ("datev_opos", include_str!("../shipped/datev_opos.json")),
    (
        "kingdee_receivables",
        include_str!("../shipped/kingdee_receivables.json"),
    ),
    (
        "odoo_invoices",
        include_str!("../shipped/odoo_invoices.json"),
    ),
    ("sap_fbl5n", include_str!("../shipped/sap_fbl5n.json")),
    (
        "yonyou_receivables",
        include_str!("../shipped/yonyou_receivables.json"),
    ),
];

/// A shipped mapping.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShippedMapping {
    /// Whose files it reads.
    pub system: String,
    pub kind: ImportKind,
    /// What the file is called there.
    pub texts: Texts,
    pub mapping: Mapping,
}

/// All of them, by their codes.
pub fn all() -> impl Iterator<Item = (&'static str, ShippedMapping)> {
    // A test reads them all.
    SHIPPED
        .iter()
        .filter_map(|(code, text)| Some((*code, serde_json::from_str(text).ok()?)))
}

/// A mapping with what it begins with: what it says itself holds, and its conditions come on top.
///
/// # Errors
/// The member that is wrong, and why: there is no such shipped mapping, or it is for another kind.
pub fn resolve(kind: ImportKind, given: Mapping) -> Result<Mapping, (String, String)> {
    let Some(code) = &given.shipped else {
        return Ok(given);
    };
    let wrong = |why: String| ("shipped".to_owned(), why);
    let (_, base) = all().find(|(known, _)| known == code).ok_or_else(|| {
        let known: Vec<&str> = SHIPPED.iter().map(|(code, _)| *code).collect();
        wrong(format!("is none of {}", known.join(", ")))
    })?;
    if !kind.reads(base.kind) {
        return Err(wrong(format!("is for {}", base.kind)));
    }
    let mut mapping = base.mapping;
    mapping.source_system = given.source_system.or(mapping.source_system);
    mapping.encoding = given.encoding.or(mapping.encoding);
    mapping.decimal = given.decimal.or(mapping.decimal);
    mapping.date_format = given.date_format.or(mapping.date_format);
    mapping.columns.extend(given.columns);
    mapping.optional_columns.extend(given.optional_columns);
    mapping.values.extend(given.values);
    mapping.defaults.extend(given.defaults);
    mapping.constants.extend(given.constants);
    mapping.strip_suffix.extend(given.strip_suffix);
    mapping.skip.extend(given.skip);
    mapping.shipped = given.shipped;
    Ok(mapping)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::imports::rules::mapping::check_mapping;

    #[test]
    fn every_shipped_mapping_can_be_meant() {
        assert_eq!(all().count(), SHIPPED.len());
        for (code, shipped) in all() {
            check_mapping(shipped.kind, &shipped.mapping).unwrap();
            assert_eq!(shipped.mapping.shipped, None, "{code}");
            let chinese = shipped.texts.in_language("zh-CN");
            assert_ne!(chinese, shipped.texts.in_language("en"), "{code}");
        }
    }

    #[test]
    fn what_a_mapping_says_itself_holds() {
        let given = Mapping {
            shipped: Some("datev_opos".to_owned()),
            columns: [("number".to_owned(), "Belegfeld 1".to_owned())].into(),
            ..Mapping::default()
        };
        let mapping = resolve(ImportKind::Invoices, given.clone()).unwrap();
        assert_eq!(mapping.columns["number"], "Belegfeld 1");
        assert_eq!(mapping.columns["customer_number"], "Konto");
        assert_eq!(mapping.date_format.as_deref(), Some("%d.%m.%Y"));
        assert!(resolve(ImportKind::Customers, given.clone()).is_err());
        let unknown = Mapping {
            shipped: Some("sap_fbl9".to_owned()),
            ..given
        };
        assert_eq!(
            resolve(ImportKind::Invoices, unknown).unwrap_err().0,
            "shipped"
        );
    }
}
