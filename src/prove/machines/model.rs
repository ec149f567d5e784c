//! What a state machine is.

use serde::Serialize;
use utoipa::ToSchema;

use crate::platform::http::auth::Permission;
use kernel::caller::Role;

/// Where a kind of thing can stand, and what leads from there to where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StateMachine, example = json!({
    "name": "refund", "schema": "RefundStatus", "states": ["requested", "approved", "paid", "rejected", "cancelled"],
    "final_states": ["paid", "rejected", "cancelled"],
    "transitions": [{
        "from": "requested", "verb": "approve", "to": "approved", "operation": "approve_refund", "roles": ["finance"]
    }]
}))]
pub struct Machine {
    /// What stands so.
    #[schema(max_length = 64)]
    pub name: &'static str,
    /// The list of statuses in the contract.
    #[schema(max_length = 64)]
    pub schema: &'static str,
    #[schema(max_items = 20, max_length = 40)]
    pub states: Vec<&'static str>,
    /// From these nothing leads elsewhere.
    #[schema(max_items = 20, max_length = 40)]
    pub final_states: Vec<&'static str>,
    #[schema(max_items = 200)]
    pub transitions: Vec<Transition>,
}

/// A way from one status to another, or to the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StateTransition)]
pub struct Transition {
    /// Null where the thing begins.
    #[schema(max_length = 40)]
    pub from: Option<&'static str>,
    #[schema(max_length = 64)]
    pub verb: &'static str,
    #[schema(max_length = 40)]
    pub to: &'static str,
    /// The operation of this contract by which a person or a system does it; null where netterms does it by itself,
    /// because time passes or something else happened.
    #[schema(max_length = 64)]
    pub operation: Option<&'static str>,
    /// Who may; nobody where netterms does it by itself. One person may be kept from it by another part that they took.
    #[schema(max_items = 6)]
    pub roles: &'static [Role],
}

/// Who takes a way: an operation with its roles, or netterms.
#[derive(Debug, Clone, Copy)]
pub struct Who {
    operation: Option<&'static str>,
    roles: &'static [Role],
}

/// Netterms itself, because time passes or something else happened.
pub const BY_ITSELF: Who = Who {
    operation: None,
    roles: &[],
};

/// Whoever has a permission, by an operation.
pub const fn by<P: Permission>(operation: &'static str) -> Who {
    Who {
        operation: Some(operation),
        roles: P::ROLES,
    }
}

impl Machine {
    /// A machine without ways.
    pub fn new(
        name: &'static str,
        schema: &'static str,
        states: impl Iterator<Item = &'static str>,
    ) -> Machine {
        let states: Vec<&'static str> = states.collect();
        Machine {
            name,
            schema,
            final_states: states.clone(),
            states,
            transitions: Vec::new(),
        }
    }

    /// Adds a way; without a place to come from the thing begins by it.
    pub fn add(
        &mut self,
        from: Option<&'static str>,
        verb: &'static str,
        to: &'static str,
        who: Who,
    ) {
        self.transitions.push(Transition {
            from,
            verb,
            to,
            operation: who.operation,
            roles: who.roles,
        });
        self.final_states
            .retain(|state| from != Some(*state) || from == Some(to));
    }
}
