//! Why a check can't be decided.

use serde::{Deserialize, Serialize};

use kernel::ids::{CreditBlockId, ReservationId};

/// Why a check can't be decided. A "no" to the customer is a decision and none of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CheckError {
    #[error("there is no such customer for the caller")]
    NoSuchCustomer,
    #[error("the customer has no credit account")]
    NoAccount,
    #[error("there is no such legal entity")]
    NoSuchEntity,
    #[error("no such credit block waits")]
    NoSuchBlock,
    #[error("order {order_number} has the reservation {existing}")]
    ReservationExists {
        order_number: String,
        existing: ReservationId,
    },
    #[error("order {order_number} waits at the credit block {existing}")]
    CreditBlockExists {
        order_number: String,
        existing: CreditBlockId,
    },
    #[error("the reservation has ended")]
    ReservationEnded,
    #[error("less than what was captured already")]
    BelowCaptured,
    #[error("the reservation would end in the past")]
    ReservedUntilPast,
    #[error("the reservation would hold for more than {days_max} days")]
    ReservedTooLong { days_max: i32 },
    #[error("the amounts add up to more than can be kept")]
    SumTooLarge,
}

impl CheckError {
    /// Whether a retry with the same key gets this answer again. Who is not there yet may be there then.
    pub const fn is_final(&self) -> bool {
        !matches!(
            self,
            CheckError::NoSuchCustomer | CheckError::NoSuchEntity | CheckError::NoSuchBlock
        )
    }
}
