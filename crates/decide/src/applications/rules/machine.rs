//! The states of an application (state machines 5.1) and the duties that no one person may join (5.10).

use chrono::{Days, NaiveDate};

use super::authority::Approval;
use crate::decide::applications::model::{APPLICANT_VERBS, ApplicationStatus, Condition, Verb};
use kernel::clock::Instant;

/// Where a verb leads from a status; none when it leads nowhere from there.
///
/// Two verbs may stop on the way. An approval leads to `approved` by way of `pending_approval` while another approval
/// is needed, and of `approved_with_conditions` while conditions are open ([`after_approval`]); fulfilling some of
/// the conditions stays where it is until the last one is.
pub const fn transition(status: ApplicationStatus, verb: Verb) -> Option<ApplicationStatus> {
    use ApplicationStatus as S;
    match (verb, status) {
        (Verb::Change, S::Draft) => Some(S::Draft),
        (Verb::Submit, S::Draft) => Some(S::Submitted),
        (Verb::StartReview, S::Submitted)
        | (Verb::ProvideInformation, S::InformationRequested)
        | (Verb::Appeal, S::Declined)
        | (Verb::Assess, S::UnderReview) => Some(S::UnderReview),
        (Verb::RequestInformation, S::UnderReview) => Some(S::InformationRequested),
        (Verb::Recommend, S::UnderReview) => Some(S::PendingApproval),
        (Verb::ApproveStraightThrough, S::UnderReview)
        | (Verb::Approve, S::PendingApproval)
        | (Verb::FulfilConditions, S::ApprovedWithConditions) => Some(S::Approved),
        (Verb::Decline, S::PendingApproval) => Some(S::Declined),
        (
            Verb::Withdraw,
            S::Draft | S::Submitted | S::UnderReview | S::InformationRequested | S::PendingApproval,
        ) => Some(S::Withdrawn),
        (Verb::Expire, S::InformationRequested | S::ApprovedWithConditions) => Some(S::Expired),
        _ => None,
    }
}

/// What only netterms does by itself.
const HOUSE_VERBS: &[Verb] = &[Verb::ApproveStraightThrough, Verb::Expire];

/// What people can do with an application in this status. It can be appealed once.
pub fn allowed(status: ApplicationStatus, appealed_at: Option<Instant>) -> Vec<Verb> {
    Verb::ALL
        .iter()
        .copied()
        .filter(|verb| !HOUSE_VERBS.contains(verb) && transition(status, *verb).is_some())
        .filter(|verb| *verb != Verb::Appeal || appealed_at.is_none())
        .collect()
}

/// The status on a day: what waits for information or conditions has expired when its deadline is past, whether
/// anybody has noted it yet or not.
///
/// With the deadline 30 April it can still be answered on 30 April, and has expired on 1 May.
pub fn status_on(
    status: ApplicationStatus,
    deadline: Option<NaiveDate>,
    today: NaiveDate,
) -> ApplicationStatus {
    match transition(status, Verb::Expire) {
        Some(expired) if deadline.is_some_and(|deadline| deadline < today) => expired,
        _ => status,
    }
}

/// The longest that anything may be waited for: a year.
pub const WAITING_DAYS_MAX: u64 = 366;

/// The last day to answer: the day that was named, when it is neither past nor more than a year ahead, otherwise the
/// policy's days from today. None when the day can't be.
pub fn deadline_for(
    named: Option<NaiveDate>,
    today: NaiveDate,
    answer_days: i32,
) -> Option<NaiveDate> {
    let latest = today.checked_add_days(Days::new(WAITING_DAYS_MAX))?;
    match named {
        Some(day) => (today..=latest).contains(&day).then_some(day),
        None => today.checked_add_days(Days::new(u64::try_from(answer_days).ok()?)),
    }
}

/// Where an application stands after an approval.
pub fn after_approval(approval: Approval, conditions: &[Condition]) -> ApplicationStatus {
    match approval {
        Approval::CreditFirst => ApplicationStatus::PendingApproval,
        Approval::Final if conditions.iter().all(Condition::is_fulfilled) => {
            ApplicationStatus::Approved
        }
        Approval::Final => ApplicationStatus::ApprovedWithConditions,
    }
}

/// A part in an application that forbids another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    Applicant,
    Recommender,
    CreditApprover,
    /// Whoever owns the customer, or did of late.
    Salesperson,
}

impl Duty {
    pub const fn as_str(self) -> &'static str {
        match self {
            Duty::Applicant => "applicant",
            Duty::Recommender => "recommender",
            Duty::CreditApprover => "credit approver",
            Duty::Salesperson => "salesperson of the customer",
        }
    }
}

/// Who did what in an application so far, whatever roles they had.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// Who took which step; each pair once is enough.
    pub taken: Vec<(Verb, String)>,
    pub credit_approver: Option<String>,
}

impl Parts {
    fn has(&self, person: &str, verbs: &[Verb]) -> bool {
        self.taken
            .iter()
            .any(|(verb, subject)| subject == person && verbs.contains(verb))
    }
}

/// Whether a person may take this step after the parts that they have taken already, whatever roles they have now.
///
/// # Errors
/// The part that stands in the way.
pub fn may_take(verb: Verb, person: &str, parts: &Parts) -> Result<(), Duty> {
    let is_applicant = parts.has(person, APPLICANT_VERBS);
    match verb {
        Verb::StartReview
        | Verb::RequestInformation
        | Verb::Assess
        | Verb::Recommend
        | Verb::Approve
        | Verb::Decline
        | Verb::FulfilConditions
            if is_applicant =>
        {
            Err(Duty::Applicant)
        }
        // A recommender may decline after all: that takes no risk.
        Verb::Approve if parts.has(person, &[Verb::Recommend]) => Err(Duty::Recommender),
        Verb::Approve if parts.credit_approver.as_deref() == Some(person) => {
            Err(Duty::CreditApprover)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ApplicationStatus as S;
    use proptest::prelude::*;

    #[test]
    fn the_whole_table_of_transitions() {
        let table: &[(S, &[(Verb, S)])] = &[
            (
                S::Draft,
                &[
                    (Verb::Change, S::Draft),
                    (Verb::Submit, S::Submitted),
                    (Verb::Withdraw, S::Withdrawn),
                ],
            ),
            (
                S::Submitted,
                &[
                    (Verb::StartReview, S::UnderReview),
                    (Verb::Withdraw, S::Withdrawn),
                ],
            ),
            (
                S::UnderReview,
                &[
                    (Verb::RequestInformation, S::InformationRequested),
                    (Verb::Assess, S::UnderReview),
                    (Verb::Recommend, S::PendingApproval),
                    (Verb::Withdraw, S::Withdrawn),
                    (Verb::ApproveStraightThrough, S::Approved),
                ],
            ),
            (
                S::InformationRequested,
                &[
                    (Verb::ProvideInformation, S::UnderReview),
                    (Verb::Withdraw, S::Withdrawn),
                    (Verb::Expire, S::Expired),
                ],
            ),
            (
                S::PendingApproval,
                &[
                    (Verb::Approve, S::Approved),
                    (Verb::Decline, S::Declined),
                    (Verb::Withdraw, S::Withdrawn),
                ],
            ),
            (
                S::ApprovedWithConditions,
                &[
                    (Verb::FulfilConditions, S::Approved),
                    (Verb::Expire, S::Expired),
                ],
            ),
            (S::Approved, &[]),
            (S::Declined, &[(Verb::Appeal, S::UnderReview)]),
            (S::Withdrawn, &[]),
            (S::Expired, &[]),
        ];
        assert_eq!(table.len(), S::ALL.len());
        for (status, ways) in table {
            for verb in Verb::ALL {
                let expected = ways.iter().find(|(known, _)| known == verb);
                assert_eq!(
                    transition(*status, *verb),
                    expected.map(|(_, to)| *to),
                    "{verb} of {status}"
                );
            }
            assert_eq!(
                status.is_final(),
                ways.iter().all(|(verb, _)| *verb == Verb::Appeal)
            );
        }
    }

    #[test]
    fn it_can_be_appealed_once() {
        assert_eq!(allowed(S::Declined, None), [Verb::Appeal]);
        let appealed = kernel::clock::machine_now();
        assert_eq!(allowed(S::Declined, Some(appealed)), []);
    }

    #[test]
    fn a_deadline_holds_to_the_end_of_its_day() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let on = |status, today| status_on(status, Some(day("2026-04-30")), day(today));
        assert_eq!(
            on(S::InformationRequested, "2026-04-30"),
            S::InformationRequested
        );
        assert_eq!(on(S::InformationRequested, "2026-05-01"), S::Expired);
        assert_eq!(on(S::ApprovedWithConditions, "2026-05-01"), S::Expired);
        assert_eq!(on(S::UnderReview, "2026-05-01"), S::UnderReview);
    }

    /// An application as the rules alone would lead it: any of five people tries any verb.
    #[derive(Default)]
    struct Game {
        status: Option<S>,
        parts: Parts,
        steps: Vec<(Verb, String)>,
    }

    impl Game {
        fn play(&mut self, verb: Verb, person: String, two_approvals: bool, conditions: bool) {
            let from = self.status.unwrap_or(S::Draft);
            // Nobody can take netterms' part.
            if verb == Verb::ApproveStraightThrough {
                return;
            }
            let Some(mut to) = transition(from, verb) else {
                return;
            };
            if may_take(verb, &person, &self.parts).is_err() {
                return;
            }
            if verb == Verb::Approve {
                let first = two_approvals && self.parts.credit_approver.is_none();
                let approval = if first {
                    Approval::CreditFirst
                } else {
                    Approval::Final
                };
                let condition = Condition::new("A guarantee".parse().unwrap());
                to = after_approval(approval, &vec![condition; usize::from(conditions)]);
                if first {
                    self.parts.credit_approver = Some(person.clone());
                }
            }
            if verb == Verb::Appeal {
                self.parts.credit_approver = None;
            }
            self.parts.taken.push((verb, person.clone()));
            self.steps.push((verb, person));
            self.status = Some(to);
        }

        fn who(&self, wanted: Verb) -> Vec<&String> {
            let steps = self.steps.iter();
            steps
                .filter(|(verb, _)| *verb == wanted)
                .map(|(_, person)| person)
                .collect()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn nothing_is_approved_without_submission_recommendation_and_different_people(
            moves in proptest::collection::vec((0..Verb::ALL.len(), 0..5_u8), 1..80),
            two_approvals: bool,
            conditions: bool,
        ) {
            let mut game = Game::default();
            game.parts.taken.push((Verb::Create, "p0".to_owned()));
            for (verb, person) in moves {
                game.play(Verb::ALL[verb], format!("p{person}"), two_approvals, conditions);
            }
            if matches!(game.status, Some(S::Approved | S::ApprovedWithConditions)) {
                let (submitted, recommended, approved) =
                    (game.who(Verb::Submit), game.who(Verb::Recommend), game.who(Verb::Approve));
                prop_assert!(!submitted.is_empty() && !recommended.is_empty());
                let last = approved.last().unwrap();
                prop_assert!(!submitted.contains(last) && !recommended.contains(last));
                prop_assert!(**last != "p0");
                prop_assert!(recommended.iter().all(|person| !submitted.contains(person)));
                if two_approvals {
                    prop_assert!(game.parts.credit_approver.as_ref() != Some(*last));
                }
            }
        }
    }
}
