//! Whether a decision keeps its own word.

use crate::book::policy::model::{CheckRule, PolicyDocument, RuleEffect};
use crate::decide::limits::record::Record;
use crate::decide::limits::rules::{most, node_kind};
use crate::prove::audit::model::Lie;

/// Where an approved check that reserved passed a limit which the policy holds it to: by its own record, what was
/// owed with it is more than what a rule that stops an order lets the node be used to.
///
/// What an exemption passes over, and an amendment that needs no answer of the rules, passes no limit.
pub fn passed_limits(id: &str, record: &Record, policy: &PolicyDocument) -> Vec<Lie> {
    let Some(credit) = record.facts.credit(&record.question) else {
        return Vec::new();
    };
    let net = credit.net_minor;
    let trace = &record.decision.trace;
    let is_exempt = trace
        .iter()
        .any(|asked| asked.hit && asked.effect == RuleEffect::Exempt);
    if record.reservation.is_none() || net <= 0 {
        return Vec::new();
    }
    let was_asked = |rule: &CheckRule| {
        trace
            .iter()
            .any(|asked| asked.code == rule.code && asked.effect == rule.effect)
    };
    let stops = |effect| match effect {
        RuleEffect::Block => true,
        RuleEffect::Review => !is_exempt,
        RuleEffect::Warn | RuleEffect::Exempt => false,
    };
    let mut lies = Vec::new();
    let rules = policy.check_rules.iter();
    for rule in rules.filter(|rule| stops(rule.effect) && was_asked(rule)) {
        let Some(kind) = node_kind(rule.code) else {
            continue;
        };
        for node in record
            .decision
            .nodes
            .iter()
            .filter(|node| node.kind == kind)
        {
            let used = node.exposure_minor.saturating_add(net);
            if let Some(most) = most(rule, node)
                && used > most
            {
                lies.push(Lie {
                    id: id.to_owned(),
                    what: format!("{} {}", node.kind, node.id),
                    stated: most,
                    counted: used,
                });
            }
        }
    }
    lies
}
