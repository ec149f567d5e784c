//! The decision record: everything that a check was decided from, and what came of it. From the record alone the
//! decision can be made again.

use serde::{Deserialize, Serialize};

use super::facts::{Facts, Question};
use super::rules::{self, Decision};
use crate::book::policy::model::{PolicyDocument, RuleCode};
use crate::decide::limits::model::{Reservation, ReservationStatus};
use kernel::clock::Instant;
use kernel::ids::{CreditBlockId, ReservationId};

/// What is kept of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub question: Question,
    pub facts: Facts,
    /// Whether the rules were not asked, because the order came to less, or to no more than credit released it for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_allowed_already: bool,
    pub decision: Decision,
    /// What counted of the account's own exposure afterwards, with what the check took.
    pub included_minor: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<Taken>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_block: Option<CreditBlockId>,
}

impl Record {
    /// Decides again, from what was known then.
    pub fn decide_again(&self, policy: &PolicyDocument) -> Decision {
        if self.is_allowed_already {
            rules::pass(&self.facts, policy, &self.question)
        } else {
            rules::decide(&self.facts, policy, &self.question)
        }
    }

    /// The rules of a policy that can't be asked, because the one that decided did not look up what they need.
    pub fn not_known(&self, decided_by: &PolicyDocument, policy: &PolicyDocument) -> Vec<RuleCode> {
        if self.is_allowed_already {
            return Vec::new();
        }
        rules::not_known(&self.facts, decided_by, policy)
    }
}

/// The reservation that a check took or amended, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub id: ReservationId,
    pub status: ReservationStatus,
    pub expires_at: Instant,
    /// What it holds.
    pub held_minor: i64,
    /// By how much exposure rose, or fell, through it.
    pub added_minor: i64,
}

impl Taken {
    pub const fn new(reservation: &Reservation, added_minor: i64) -> Taken {
        Taken {
            id: reservation.id,
            status: reservation.status,
            expires_at: reservation.expires_at,
            held_minor: reservation.remaining_minor(),
            added_minor,
        }
    }
}
