//! Who wrote a version of something that another person is to set live.

use std::fmt;
use std::str::FromStr;

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

    /// All of them, the author first.
    pub fn as_slice(&self) -> &[Subject] {
        &self.0
    }

    /// Whether somebody had a part in writing it.
    pub fn include(&self, subject: &Subject) -> bool {
        self.0.contains(subject)
    }
}

/// As a JSON list, which is how it is stored.
impl fmt::Display for Drafters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl FromStr for Drafters {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Drafters, serde_json::Error> {
        serde_json::from_str(text)
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
        assert_eq!(drafters.to_string().parse::<Drafters>().unwrap(), drafters);
        assert!(drafters.include(&other));
        assert!(!drafters.include(&third));
    }
}
