//! Who wrote a version of something that another person is to set live.

use serde::{Deserialize, Serialize};

use super::text::Subject;

/// Everybody who wrote a version: its author, then whoever changed the draft. None of them approves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Drafters(Vec<Subject>);

impl Drafters {
    pub fn new(author: Subject) -> Drafters {
        Drafters(vec![author])
    }

    /// These, and who has changed the draft now.
    #[must_use]
    pub fn and(mut self, subject: &Subject) -> Drafters {
        if !self.include(subject) {
            self.0.push(subject.clone());
        }
        self
    }

    /// Whether somebody had a part in writing it.
    pub fn include(&self, subject: &Subject) -> bool {
        self.0.contains(subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_changes_a_draft_has_written_it_too_and_is_named_once() {
        let [author, other, third] =
            ["u-21", "u-22", "u-23"].map(|name| name.parse::<Subject>().unwrap());
        let drafters = Drafters::new(author.clone())
            .and(&other)
            .and(&author)
            .and(&other);
        assert_eq!(
            serde_json::to_string(&drafters).unwrap(),
            r#"["u-21","u-22"]"#
        );
        assert!(drafters.include(&other));
        assert!(!drafters.include(&third));
    }
}
