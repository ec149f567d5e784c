//! What becomes a posting.

use kernel::caller::Role;

/// Whether what a unit of work did began here: people and netterms itself began it, or netterms found out by itself whose
/// money came in. A system that states its own documents has them in its ledger already. `roles` are those of the trail.
pub fn began_here(roles: &str, is_from_bank: bool) -> bool {
    let is_stated = roles
        .split_whitespace()
        .any(|role| role == Role::System.as_str());
    is_from_bank || !is_stated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_system_states_began_there_unless_the_bank_said_so() {
        assert!(began_here("finance", false));
        assert!(began_here("", false));
        assert!(!began_here("system", false));
        assert!(!began_here("finance system", false));
        assert!(began_here("system", true));
    }
}
