//! The decision record: everything that a check was decided from, and what came of it. From the record alone the
//! decision can be made again.

use serde::{Deserialize, Serialize};

use super::facts::{Facts, Question};
use super::model::{Reservation, ReservationStatus};
use super::rules::Decision;
use crate::kernel::clock::Instant;
use crate::kernel::ids::{CreditBlockId, ReservationId};

/// What is kept of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub question: Question,
    pub facts: Facts,
    pub decision: Decision,
    /// What counted of the account's own exposure afterwards, with what the check took.
    pub included_minor: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<Taken>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_block: Option<CreditBlockId>,
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
