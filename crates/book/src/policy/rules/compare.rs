//! What differs between two policies, path by path.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::book::policy::model::PolicyDocument;

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// It is only in the later document.
    Added,
    /// It is only in the earlier one.
    Removed,
    Changed,
    /// The same rows stand in another order.
    Reordered,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// JSON Pointer into the later document, or, for what was removed, into the earlier one.
    pub pointer: String,
    /// The row that it is about, such as a grade; none outside of rows.
    pub row: Option<String>,
    pub kind: DifferenceKind,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// By which members the rows of a list are known. Rows are compared with their like, wherever they stand.
const ROWS: &[(&str, &[&str])] = &[
    ("check_rules", &["code"]),
    ("authority", &["role", "level"]),
    ("exposure", &["category"]),
    ("terms", &["grade", "segment"]),
    ("grade_factors", &["grade"]),
    ("weights", &["method"]),
];

/// What a later policy has otherwise than an earlier one. What is null and what is not there are the same.
///
/// When grade A goes from 60 to 45 days, that is one difference, at `/terms/2/net_days_max` in the row `A`.
///
/// # Errors
/// When a policy has no JSON form.
pub fn differences(
    before: &PolicyDocument,
    after: &PolicyDocument,
) -> Result<Vec<Difference>, serde_json::Error> {
    let mut found = Vec::new();
    let place = Place::default();
    compare(
        &place,
        &serde_json::to_value(before)?,
        &serde_json::to_value(after)?,
        &mut found,
    );
    Ok(found)
}

/// Where one is in both documents.
#[derive(Debug, Clone, Default)]
struct Place {
    before: String,
    after: String,
    /// The member that one came by.
    name: String,
    row: Option<String>,
}

impl Place {
    fn member(&self, name: &str) -> Place {
        let token = name.replace('~', "~0").replace('/', "~1");
        Place {
            before: format!("{}/{token}", self.before),
            after: format!("{}/{token}", self.after),
            name: name.to_owned(),
            row: self.row.clone(),
        }
    }
}

fn compare(place: &Place, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            compare_members(place, before, after, found);
        }
        (Value::Array(before), Value::Array(after)) => {
            let keys = ROWS.iter().find(|(name, _)| *name == place.name);
            match keys {
                Some((_, keys)) => compare_rows(place, keys, before, after, found),
                None => found.push(differs(
                    place,
                    &before.clone().into(),
                    &after.clone().into(),
                )),
            }
        }
        _ => found.push(differs(place, before, after)),
    }
}

fn compare_members(
    place: &Place,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    found: &mut Vec<Difference>,
) {
    let only_after = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(only_after) {
        let member =
            |document: &Map<String, Value>| document.get(name).cloned().unwrap_or_default();
        compare(&place.member(name), &member(before), &member(after), found);
    }
}

/// Rows by their keys; the second of two rows with the same keys is compared with the second there.
fn compare_rows(
    place: &Place,
    keys: &[&str],
    before: &[Value],
    after: &[Value],
    found: &mut Vec<Difference>,
) {
    let (old, new) = (labelled(before, keys), labelled(after, keys));
    let at =
        |label: &Label, rows: &[(Label, &Value)]| rows.iter().position(|(own, _)| own == label);
    for (index, (label, row)) in old.iter().enumerate() {
        let there = at(label, &new);
        let other = there.and_then(|there| new.get(there)).map(|(_, row)| *row);
        let place = Place {
            before: format!("{}/{index}", place.before),
            after: format!("{}/{}", place.after, there.unwrap_or(index)),
            name: String::new(),
            row: Some(label.0.clone()),
        };
        match other {
            Some(other) => compare(&place, row, other, found),
            None => found.push(differs(&place, row, &Value::Null)),
        }
    }
    for (index, (label, row)) in new.iter().enumerate() {
        if at(label, &old).is_none() {
            let place = Place {
                after: format!("{}/{index}", place.after),
                row: Some(label.0.clone()),
                ..Place::default()
            };
            found.push(differs(&place, &Value::Null, row));
        }
    }
    let common = |rows: &[(Label, &Value)], others: &[(Label, &Value)]| -> Vec<Value> {
        let labels = rows.iter().map(|(label, _)| label);
        let shared = labels.filter(|label| at(label, others).is_some());
        shared.map(|label| label.0.clone().into()).collect()
    };
    let (old_order, new_order) = (common(&old, &new), common(&new, &old));
    if old_order != new_order {
        found.push(Difference {
            pointer: place.after.clone(),
            row: None,
            kind: DifferenceKind::Reordered,
            before: Some(old_order.into()),
            after: Some(new_order.into()),
        });
    }
}

/// What a row is known by, and how many like it stand before it.
type Label = (String, usize);

fn labelled<'a>(rows: &'a [Value], keys: &[&str]) -> Vec<(Label, &'a Value)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    rows.iter()
        .map(|row| {
            let parts = keys.iter().filter_map(|key| match row.get(*key)? {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            });
            let label = parts.collect::<Vec<String>>().join(" ");
            let count = seen.entry(label.clone()).or_default();
            let like = *count;
            *count += 1;
            ((label, like), row)
        })
        .collect()
}

fn differs(place: &Place, before: &Value, after: &Value) -> Difference {
    let kind = match (before.is_null(), after.is_null()) {
        (true, _) => DifferenceKind::Added,
        (_, true) => DifferenceKind::Removed,
        _ => DifferenceKind::Changed,
    };
    let given = |value: &Value| (!value.is_null()).then(|| value.clone());
    Difference {
        pointer: match kind {
            DifferenceKind::Removed => place.before.clone(),
            _ => place.after.clone(),
        },
        row: place.row.clone(),
        kind,
        before: given(before),
        after: given(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::policy::rules::plain_document;

    fn told(before: &PolicyDocument, after: &PolicyDocument) -> Vec<String> {
        let found = differences(before, after).unwrap().into_iter();
        found
            .map(|one| {
                let text =
                    |value: Option<Value>| value.map_or("-".to_owned(), |value| value.to_string());
                let (row, kind) = (one.row.unwrap_or_default(), one.kind);
                let (before, after) = (text(one.before), text(one.after));
                format!("{kind:?} {} [{row}] {before} {after}", one.pointer)
            })
            .collect()
    }

    #[test]
    fn a_policy_does_not_differ_from_itself() {
        assert_eq!(told(&plain_document(), &plain_document()), [""; 0]);
    }

    #[test]
    fn a_row_is_compared_with_its_like_wherever_it_stands() {
        let before = plain_document();
        let mut after = plain_document();
        after.terms.remove(0);
        after.terms[1].net_days_max = 45;
        after.applications.answer_days = 10;
        after.levels_by_subject.insert("a/b".parse().unwrap(), 2);
        let found = told(&before, &after);
        assert_eq!(found.len(), 4, "{found:?}");
        assert_eq!(found[0], "Changed /applications/answer_days [] 30 10");
        assert_eq!(found[1], "Added /levels_by_subject/a~1b [] - 2");
        assert!(
            found[2].starts_with("Removed /terms/0 [AAA] {"),
            "{}",
            found[2]
        );
        assert_eq!(found[3], "Changed /terms/1/net_days_max [A] 60 45");
    }

    #[test]
    fn another_order_of_the_same_rows_is_said_once() {
        let before = plain_document();
        let mut after = plain_document();
        after.limit_methods.grade_factors.swap(0, 1);
        let found = told(&before, &after);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("Reordered /limit_methods/grade_factors"));
    }
}
