//! What a decision does: the rows that it makes and changes.

use super::record::Taken;
use super::{Examined, Request};
use crate::book::exposure::model::Exposure;
use crate::book::policy::model::PolicyDocument;
use crate::decide::limits::model::{
    CreditBlock, CreditBlockStatus, Outcome, Reservation, ReservationStatus,
};
use kernel::clock::Instant;
use kernel::ids::{CreditBlockId, ReservationId};

/// What becomes of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: the check only asks, the order is rejected, or it needs no credit.
    Nothing,
    /// Its capacity is taken.
    Reserve,
    /// It waits for credit.
    Wait,
}

/// A reservation that an order takes, or that holds another amount for it.
#[derive(Debug, Clone)]
pub struct Reserved {
    /// As it was, where the order had one.
    pub before: Option<Reservation>,
    pub after: Reservation,
    /// By how much exposure rises, or falls.
    pub added_minor: i64,
}

impl Examined {
    /// What credit the check asks for, in the currency of its balance; nothing when that can't be told.
    pub fn net_minor(&self) -> i64 {
        let credit = self.record.facts.credit(&self.record.question);
        credit.map_or(0, |credit| credit.net_minor)
    }

    /// What becomes of the order.
    pub fn effect(&self, request: &Request) -> Effect {
        let outcome = self.record.decision.outcome;
        if !request.input.reserves() || self.net_minor() <= 0 {
            Effect::Nothing
        } else if outcome.is_approved() {
            Effect::Reserve
        } else if outcome == Outcome::ReviewRequired {
            Effect::Wait
        } else {
            Effect::Nothing
        }
    }

    /// Takes the capacity, whatever the rules said: a new reservation, or the order's own with another amount.
    pub fn reserve(&mut self, request: &Request, policy: &PolicyDocument, at: Instant) -> Reserved {
        let net = self.net_minor();
        let reserved = if let Some(before) = &self.order.reservation {
            let mut after = before.clone();
            after.amount_minor = net.saturating_add(before.captured_minor);
            Reserved {
                added_minor: net.saturating_sub(before.remaining_minor()),
                before: Some(before.clone()),
                after,
            }
        } else {
            Reserved {
                before: None,
                after: self.new_reservation(request, net, at),
                added_minor: net,
            }
        };
        self.record.reservation = Some(Taken::new(&reserved.after, reserved.added_minor));
        let facts = &self.record.facts;
        let added = Exposure::reserved(reserved.added_minor);
        let after = facts
            .nodes
            .first()
            .map(|own| own.with(facts.balance(), added, facts.currency));
        self.record.included_minor = after
            .and_then(|own| {
                own.counted_in_all(facts.currency, policy, &facts.rates)
                    .ok()
            })
            .unwrap_or_default();
        reserved
    }

    fn new_reservation(&self, request: &Request, net: i64, at: Instant) -> Reservation {
        Reservation {
            id: Reservation::id_of(self.check),
            account_id: self.order.account,
            customer_id: self.order.customer,
            order_number: request.input.order().unwrap_or_default().to_owned(),
            purpose: request.input.purpose().to_owned(),
            currency: self.record.facts.balance().currency,
            amount_minor: net,
            captured_minor: 0,
            status: ReservationStatus::Active,
            expires_at: self.expires_at,
            // Whoever made the order wait has it reserved, whoever or whatever released it.
            created_by: self
                .order
                .block
                .as_ref()
                .map_or_else(|| request.by.to_string(), |block| block.opened_by.clone()),
            created_at: at,
            ended_at: None,
            end_reason: None,
            version: 1,
            legal_entity_id: self.record.facts.balance().legal_entity_id,
        }
    }

    /// The credit block at which the order waited, released by itself because it passed; none when it did not wait.
    pub fn released_block(
        &self,
        request: &Request,
        taken: ReservationId,
        at: Instant,
    ) -> Option<(CreditBlock, CreditBlock)> {
        let before = self.order.block.clone()?;
        let after = CreditBlock {
            status: CreditBlockStatus::AutoReleased,
            decided_by: Some(request.by.to_string()),
            decided_at: Some(at),
            reservation_id: Some(taken),
            ..before.clone()
        };
        Some((before, after))
    }

    /// The credit block that the order waits at from now on; `reasons` are the decision's as JSON. None when it waits at
    /// one already.
    pub fn open_block(
        &mut self,
        request: &Request,
        id: CreditBlockId,
        reasons: String,
        at: Instant,
    ) -> Option<CreditBlock> {
        if let Some(waiting) = &self.order.block {
            self.record.credit_block = Some(waiting.id);
            return None;
        }
        let captured = self.record.question.captured_minor;
        let block = CreditBlock {
            id,
            check_id: self.check,
            account_id: self.order.account,
            customer_id: self.order.customer,
            order_number: request.input.order().unwrap_or_default().to_owned(),
            purpose: request.input.purpose().to_owned(),
            currency: self.record.facts.balance().currency,
            amount_minor: self.net_minor().saturating_add(captured),
            reserve_until: self.expires_at,
            status: CreditBlockStatus::Open,
            reasons,
            opened_by: request.by.to_string(),
            opened_at: at,
            assigned_to: None,
            decided_by: None,
            decided_at: None,
            decision_reason: None,
            ceiling_minor: None,
            release_valid_until: None,
            release_request: None,
            release_requested_by: None,
            release_requested_at: None,
            promised_on: None,
            reservation_id: None,
            version: 1,
            legal_entity_id: self.record.facts.balance().legal_entity_id,
        };
        self.record.credit_block = Some(block.id);
        Some(block)
    }
}
