//! Which balances count together: money that is not applied lowers its own balance, and others where the policy says so.

use super::{Node, exposure_as, included};
use crate::book::exchange_rates::rules::Conversions;
use crate::book::exposure::model::BalanceKey;
use crate::book::policy::model::PolicyDocument;
use kernel::ids::LegalEntityId;
use kernel::money::Currency;

/// The balances that are netted with each other: of one company in one currency, unless the policy nets across.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NettingSet {
    /// None where it does not matter to whom something is owed.
    entity: Option<LegalEntityId>,
    /// None where it does not matter in which currency.
    currency: Option<Currency>,
}

impl NettingSet {
    /// The set of what is owed to `entity` in a currency; a cap does not ask to whom.
    pub fn of(
        entity: Option<LegalEntityId>,
        currency: Currency,
        policy: &PolicyDocument,
    ) -> NettingSet {
        NettingSet {
            entity: entity.filter(|_| !policy.net_across_entities),
            currency: Some(currency).filter(|_| !policy.net_across_currencies),
        }
    }

    /// Whether a balance is in it.
    pub fn has(self, key: BalanceKey, policy: &PolicyDocument) -> bool {
        let of_key = NettingSet::of(Some(key.legal_entity_id), key.currency, policy);
        self.currency == of_key.currency && (self.entity.is_none() || self.entity == of_key.entity)
    }
}

impl Node {
    /// What counts of each netting set, in the node's currency; below nothing where more is paid than owed.
    ///
    /// EUR 120,000.00 owed to the German company and USD 20,000.00 more paid than owed there are CNY 932,976.00 and
    /// −145,255.48: two sets, and one of CNY 787,720.52 where the policy nets across currencies.
    ///
    /// # Errors
    /// The currencies between which no exchange rate leads.
    pub fn netted(
        &self,
        account: Currency,
        policy: &PolicyDocument,
        rates: &Conversions,
    ) -> Result<Vec<(NettingSet, i64)>, (Currency, Currency)> {
        let to = self.currency(account);
        let mut sets: Vec<(NettingSet, i64)> = Vec::with_capacity(1 + self.others.len());
        for (entity, currency, exposure) in self.parts(account) {
            let net = included(exposure_as(exposure, currency, to, rates)?, policy);
            let set = NettingSet::of(entity, currency, policy);
            match sets.iter_mut().find(|(known, _)| *known == set) {
                Some((_, sum)) => *sum = sum.saturating_add(net),
                None => sets.push((set, net)),
            }
        }
        Ok(sets)
    }
}
