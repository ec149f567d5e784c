//! How sure evidence makes.
//!
//! Each piece leaves a share of doubt, and what agrees multiplies: a reference that leaves 0.20 and an amount that leaves 0.20
//! leave 0.04 together, a confidence of 0.96. What speaks against a proposal caps it.

use crate::book::cash::model::{MatchReasonCode, Reason};

/// The best is sure only when the next is less sure by so much.
const LEAD_PPM: i64 = 30_000;

/// How sure a piece of evidence makes, alone, in parts per million.
pub const fn weight_ppm(code: MatchReasonCode) -> i64 {
    match code {
        MatchReasonCode::RemittanceAdvice | MatchReasonCode::SameEndToEndId => 900_000,
        MatchReasonCode::ReferenceCheckDigits | MatchReasonCode::ReferenceStructured => 880_000,
        MatchReasonCode::ReferenceExact => 820_000,
        MatchReasonCode::ReferenceCleaned
        | MatchReasonCode::AmountExact
        | MatchReasonCode::AmountOfInstalments
        | MatchReasonCode::AmountOfOne => 800_000,
        MatchReasonCode::AmountLessDiscount
        | MatchReasonCode::PayerAccount
        | MatchReasonCode::SameAccount
        | MatchReasonCode::AmountOfAll => 750_000,
        MatchReasonCode::PayerName
        | MatchReasonCode::SameName
        | MatchReasonCode::SameText
        | MatchReasonCode::CustomerNumber
        | MatchReasonCode::AmountOfSum => 600_000,
        MatchReasonCode::ReferenceDigits => 550_000,
        MatchReasonCode::PayerAccountShared => 500_000,
        MatchReasonCode::AmountOfSeveral => 400_000,
        MatchReasonCode::AmountShort
        | MatchReasonCode::AmountOver
        | MatchReasonCode::OtherPayer
        | MatchReasonCode::OnAccount => 0,
    }
}

/// The most that a proposal may be with a reason that speaks against it.
const fn cap_ppm(code: MatchReasonCode) -> i64 {
    match code {
        MatchReasonCode::AmountOfSum => 930_000,
        MatchReasonCode::AmountShort
        | MatchReasonCode::AmountOver
        | MatchReasonCode::OtherPayer => 900_000,
        MatchReasonCode::AmountOfSeveral => 850_000,
        MatchReasonCode::OnAccount => 800_000,
        _ => 999_999,
    }
}

/// How sure all reasons make together: 0.80 and 0.80 make 0.96.
pub fn confidence_ppm(reasons: &[Reason]) -> i64 {
    let doubt = reasons.iter().fold(1_000_000, |doubt, reason| {
        doubt * (1_000_000 - weight_ppm(reason.code)) / 1_000_000
    });
    let caps = reasons.iter().map(|reason| cap_ppm(reason.code));
    (1_000_000 - doubt).min(caps.min().unwrap_or(0))
}

/// Whether the first of these is at least as much as is asked, and no other comes near.
pub fn is_sure(confidences_ppm: &[i64], threshold_ppm: Option<i64>) -> bool {
    let Some(best) = confidences_ppm.first() else {
        return false;
    };
    let has_lead = confidences_ppm
        .get(1)
        .is_none_or(|next| best - next >= LEAD_PPM);
    has_lead && threshold_ppm.is_some_and(|least| *best >= least)
}
