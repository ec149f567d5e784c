//! Every state machine of the service.

mod declared;

use std::fmt::Write as _;

use super::model::{BY_ITSELF, Machine, Who, by};
use crate::book::catalogues::model::{CatalogueRow, CatalogueStatus};
use crate::book::instruments::model::{InstrumentStatus, InstrumentVerb};
use crate::book::instruments::rules as instruments;
use crate::book::payment_terms::model::{PaymentTermsRow, PaymentTermsStatus};
use crate::book::policy::model::{PolicyRow, PolicyStatus};
use crate::collect::dunning::model::{ProcedureStatus, ProcedureVersion};
use crate::decide::applications::model::{ApplicationStatus, Condition, Verb};
use crate::decide::applications::rules::{Approval, after_approval, transition};
use crate::platform::http::auth::{
    ApplyForCredit, ApproveCatalogues, ApproveDunning, ApproveModels, ApprovePaymentTerms,
    ApprovePolicies, ConvenePanels, DecideApplications, DraftCatalogues, DraftModels,
    DraftPaymentTerms, DraftPolicies, GiveOpinions, ManageInstruments, ReviewApplications,
    RunDunning,
};
use crate::platform::versions::model::{Stage, Step, Version};
use crate::platform::versions::rules::next;
use crate::rating::models::model::{ModelRow, ModelStatus};
use crate::rating::panels::model::PanelStatus;
use crate::rating::panels::rules as panels;
use crate::rating::scales::model::{ScaleRow, ScaleStatus};
use kernel::text::Line;

/// All of them. A test compares them with the lists of statuses that the contract has.
pub fn machines() -> Vec<Machine> {
    let mut all = vec![application(), instrument(), expert_panel()];
    all.extend(versions());
    all.extend(declared::machines());
    all.sort_by_key(|machine| machine.name);
    all
}

/// The machines as state diagrams of Mermaid, one after the other, each below a title.
pub fn mermaid(machines: &[Machine]) -> String {
    let mut text = String::new();
    for machine in machines {
        text.push_str("---\ntitle: ");
        text.push_str(machine.name);
        text.push_str("\n---\nstateDiagram-v2\n");
        for way in &machine.transitions {
            let from = way.from.unwrap_or("[*]");
            // Writing into a string does not fail.
            let _ = writeln!(text, "    {from} --> {}: {}", way.to, way.verb);
        }
        for state in &machine.final_states {
            let _ = writeln!(text, "    {state} --> [*]");
        }
        text.push('\n');
    }
    text
}

const fn of_application(verb: Verb) -> Who {
    match verb {
        Verb::Create => by::<ApplyForCredit>("create_application"),
        Verb::Change => by::<ApplyForCredit>("change_application"),
        Verb::Submit => by::<ApplyForCredit>("submit_application"),
        Verb::StartReview => by::<ReviewApplications>("start_application_review"),
        Verb::RequestInformation => by::<ReviewApplications>("request_application_information"),
        Verb::ProvideInformation => by::<ApplyForCredit>("provide_application_information"),
        Verb::Assess => by::<ReviewApplications>("assess_application"),
        Verb::Recommend => by::<ReviewApplications>("recommend_application"),
        Verb::Approve => by::<DecideApplications>("approve_application"),
        Verb::Decline => by::<DecideApplications>("decline_application"),
        Verb::FulfilConditions => by::<ReviewApplications>("fulfil_application_conditions"),
        Verb::Withdraw => by::<ApplyForCredit>("withdraw_application"),
        Verb::Appeal => by::<ApplyForCredit>("appeal_application"),
        Verb::ApproveStraightThrough | Verb::Expire => BY_ITSELF,
    }
}

fn application() -> Machine {
    use ApplicationStatus as S;
    let states = S::ALL.iter().map(|state| state.as_str());
    let mut made = Machine::new("application", "ApplicationStatus", states);
    made.add(
        None,
        Verb::Create.as_str(),
        S::Draft.as_str(),
        of_application(Verb::Create),
    );
    let open = Line::try_from("Something".to_owned()).map(Condition::new);
    let open: Vec<Condition> = open.into_iter().collect();
    for (from, verb) in S::ALL
        .iter()
        .flat_map(|from| Verb::ALL.iter().map(move |verb| (*from, *verb)))
    {
        let Some(to) = transition(from, verb) else {
            continue;
        };
        let mut leads = vec![to];
        if verb == Verb::Approve {
            leads.push(after_approval(Approval::CreditFirst, &[]));
            leads.push(after_approval(Approval::Final, &open));
        }
        if verb == Verb::FulfilConditions {
            // Some are fulfilled, and others are open.
            leads.push(from);
        }
        for to in leads {
            made.add(
                Some(from.as_str()),
                verb.as_str(),
                to.as_str(),
                of_application(verb),
            );
        }
    }
    made
}

const fn of_instrument(verb: InstrumentVerb) -> Who {
    by::<ManageInstruments>(match verb {
        InstrumentVerb::Hold => "hold_instrument",
        InstrumentVerb::Endorse => "endorse_instrument",
        InstrumentVerb::Discount => "discount_instrument",
        InstrumentVerb::Present => "present_instrument",
        InstrumentVerb::Clear => "clear_instrument",
        InstrumentVerb::Dishonour => "dishonour_instrument",
        InstrumentVerb::StartRecourse => "start_instrument_recourse",
        InstrumentVerb::Withdraw => "withdraw_instrument",
    })
}

fn instrument() -> Machine {
    let states = InstrumentStatus::ALL.iter().map(|state| state.as_str());
    let mut made = Machine::new("instrument", "InstrumentStatus", states);
    let received = by::<ManageInstruments>("receive_instrument");
    made.add(
        None,
        "receive",
        InstrumentStatus::Received.as_str(),
        received,
    );
    for from in InstrumentStatus::ALL {
        for verb in instruments::allowed(*from) {
            if let Ok(to) = instruments::next(*from, *verb) {
                made.add(
                    Some(from.as_str()),
                    verb.as_str(),
                    to.as_str(),
                    of_instrument(*verb),
                );
            }
        }
    }
    made
}

fn expert_panel() -> Machine {
    use panels::Verb as PanelVerb;
    let states = PanelStatus::ALL.iter().map(|state| state.as_str());
    let mut made = Machine::new("expert_panel", "PanelStatus", states);
    let convened = by::<ConvenePanels>("convene_expert_panel");
    made.add(None, "convene", PanelStatus::Scoring.as_str(), convened);
    for (from, verb) in PanelStatus::ALL
        .iter()
        .flat_map(|from| PanelVerb::ALL.into_iter().map(move |verb| (*from, verb)))
    {
        let who = match verb {
            PanelVerb::GiveOpinion => by::<GiveOpinions>("give_expert_opinion"),
            PanelVerb::CloseRound => by::<ConvenePanels>("close_expert_round"),
            PanelVerb::OpenRound => by::<ConvenePanels>("open_expert_round"),
            PanelVerb::Conclude => by::<ConvenePanels>("conclude_expert_panel"),
            PanelVerb::Cancel => by::<ConvenePanels>("cancel_expert_panel"),
        };
        if let Some(to) = panels::leads(from, verb) {
            made.add(Some(from.as_str()), verb.as_str(), to.as_str(), who);
        }
    }
    made
}

/// Who takes the steps of a kind of version: drafts it, changes it, tries it, approves it, sets it live, retires it.
struct Steps {
    draft: Who,
    change: Who,
    shadow: Who,
    approve: Who,
    go_live: Who,
    retire: Who,
}

impl Steps {
    /// Of a kind whose approval sets live at once.
    const fn at_approval(draft: Who, change: Who, approve: Who) -> Steps {
        Steps {
            draft,
            change,
            shadow: BY_ITSELF,
            approve,
            go_live: BY_ITSELF,
            retire: BY_ITSELF,
        }
    }

    const fn of(&self, step: Step) -> Who {
        match step {
            Step::Change => self.change,
            Step::PutInShadow => self.shadow,
            Step::Approve => self.approve,
            Step::GoLive => self.go_live,
            Step::Retire => self.retire,
        }
    }
}

/// The life of a kind of version, from the table that all versions share.
fn version<V: Version>(
    name: &'static str,
    schema: &'static str,
    states: Vec<&'static str>,
    steps: &Steps,
) -> Machine {
    let mut made = Machine::new(name, schema, states.into_iter());
    made.add(None, "draft", Stage::Draft.as_str(), steps.draft);
    for (from, step) in Stage::ALL
        .iter()
        .flat_map(|from| Step::ALL.iter().map(move |step| (*from, *step)))
    {
        if let Some(to) = next(V::LIFE, from, step) {
            made.add(
                Some(from.as_str()),
                step.as_str(),
                to.as_str(),
                steps.of(step),
            );
        }
    }
    // The next one that goes live retires the one before.
    made.add(
        Some(Stage::Live.as_str()),
        "succeed",
        Stage::Retired.as_str(),
        BY_ITSELF,
    );
    made
}

macro_rules! states {
    ($status:ident) => {
        $status::ALL.iter().map(|state| state.as_str()).collect()
    };
}

fn versions() -> Vec<Machine> {
    let policies = Steps::at_approval(
        by::<DraftPolicies>("draft_policy"),
        by::<DraftPolicies>("change_policy"),
        by::<ApprovePolicies>("approve_policy"),
    );
    let catalogues = Steps::at_approval(
        by::<DraftCatalogues>("draft_catalogue_version"),
        by::<DraftCatalogues>("change_catalogue_version"),
        by::<ApproveCatalogues>("approve_catalogue_version"),
    );
    let terms = Steps::at_approval(
        by::<DraftPaymentTerms>("draft_payment_terms_version"),
        by::<DraftPaymentTerms>("change_payment_terms_version"),
        by::<ApprovePaymentTerms>("approve_payment_terms_version"),
    );
    let procedures = Steps::at_approval(
        by::<RunDunning>("draft_dunning_procedure_version"),
        by::<RunDunning>("change_dunning_procedure_version"),
        by::<ApproveDunning>("approve_dunning_procedure_version"),
    );
    let scales = Steps::at_approval(
        by::<DraftModels>("draft_grade_scale"),
        by::<DraftModels>("change_grade_scale"),
        by::<ApproveModels>("approve_grade_scale"),
    );
    let models = Steps {
        draft: by::<DraftModels>("draft_rating_model"),
        change: by::<DraftModels>("change_rating_model"),
        shadow: by::<DraftModels>("put_rating_model_in_shadow"),
        approve: by::<ApproveModels>("approve_rating_model"),
        go_live: by::<ApproveModels>("set_rating_model_live"),
        retire: by::<DraftModels>("retire_rating_model"),
    };
    vec![
        version::<PolicyRow>("policy", "PolicyStatus", states!(PolicyStatus), &policies),
        version::<CatalogueRow>(
            "catalogue_version",
            "CatalogueStatus",
            states!(CatalogueStatus),
            &catalogues,
        ),
        version::<PaymentTermsRow>(
            "payment_terms",
            "PaymentTermsStatus",
            states!(PaymentTermsStatus),
            &terms,
        ),
        version::<ProcedureVersion>(
            "dunning_procedure_version",
            "ProcedureStatus",
            states!(ProcedureStatus),
            &procedures,
        ),
        version::<ScaleRow>("grade_scale", "ScaleStatus", states!(ScaleStatus), &scales),
        version::<ModelRow>("rating_model", "ModelStatus", states!(ModelStatus), &models),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::cash::model::EntryStatus;
    use crate::book::refunds::model::RefundStatus;
    use crate::collect::charges::model::ChargeStatus;
    use crate::collect::dunning::model::{CaseStatus, RunStatus};

    fn verbs(name: &str, from: &str) -> Vec<&'static str> {
        let all = machines();
        let machine = all.iter().find(|machine| machine.name == name).unwrap();
        let ways = machine.transitions.iter();
        let by_people = ways.filter(|way| way.from == Some(from) && way.operation.is_some());
        let mut verbs: Vec<&str> = by_people.map(|way| way.verb).collect();
        verbs.sort_unstable();
        verbs.dedup();
        verbs
    }

    #[test]
    fn every_way_leads_between_states_that_there_are_and_each_is_reached() {
        for machine in machines() {
            for way in &machine.transitions {
                for state in way.from.iter().chain([&way.to]) {
                    assert!(machine.states.contains(state), "{} {state}", machine.name);
                }
            }
            for state in &machine.states {
                let reached = machine.transitions.iter().any(|way| way.to == *state);
                assert!(reached, "nothing leads to {state} of {}", machine.name);
            }
            assert!(machine.transitions.iter().any(|way| way.from.is_none()));
        }
    }

    #[test]
    fn what_is_written_down_is_what_a_conflict_says_is_allowed() {
        let sorted = |allowed: &[&'static str]| {
            let mut allowed = allowed.to_vec();
            allowed.sort_unstable();
            allowed
        };
        for status in RefundStatus::ALL {
            let allowed = sorted(status.allowed());
            assert_eq!(verbs("refund", status.as_str()), allowed, "{status}");
        }
        for status in ChargeStatus::ALL {
            let allowed = sorted(status.allowed());
            assert_eq!(verbs("charge", status.as_str()), allowed, "{status}");
        }
        for status in RunStatus::ALL {
            let allowed = sorted(status.allowed());
            assert_eq!(verbs("dunning_run", status.as_str()), allowed, "{status}");
        }
        for status in CaseStatus::ALL {
            let allowed = sorted(status.allowed());
            assert_eq!(verbs("dunning_case", status.as_str()), allowed, "{status}");
        }
        for status in EntryStatus::ALL {
            // Only money that went out takes a payment back, which the status does not say.
            let mut told = verbs("bank_entry", status.as_str());
            told.retain(|verb| *verb != "take_back");
            assert_eq!(told, sorted(status.allowed()), "{status}");
        }
    }

    #[test]
    fn an_approval_may_stop_on_its_way() {
        let machine = application();
        let ways = machine.transitions.iter();
        let to: Vec<&str> = ways
            .filter(|way| way.verb == "approve")
            .map(|way| way.to)
            .collect();
        assert_eq!(
            to,
            ["approved", "pending_approval", "approved_with_conditions"]
        );
        assert_eq!(machine.final_states, ["approved", "withdrawn", "expired"]);
    }

    #[test]
    fn a_diagram_has_every_way() {
        let text = mermaid(&[instrument()]);
        assert!(text.starts_with(
            "---\ntitle: instrument\n---\nstateDiagram-v2\n    [*] --> received: receive\n"
        ));
        assert!(text.contains("    dishonoured --> recourse: start_recourse\n"));
        assert!(text.contains("    cleared --> [*]\n"));
    }
}
