//! The steps of a version's life, and who may take them.

use super::model::{Life, Stage, Step, Succession, Version, VersionError};
use kernel::clock::Instant;
use kernel::text::Subject;

/// The table of transitions: where a step leads from a stage, if it may be taken there. A live version is never changed
/// and never retired by itself: the next one retires it.
pub const fn next(life: Life, from: Stage, step: Step) -> Option<Stage> {
    match (life, from, step) {
        (_, Stage::Draft, Step::Change) => Some(Stage::Draft),
        (Life::AtApproval, Stage::Draft, Step::Approve)
        | (Life::ByGoLive | Life::AfterShadow, Stage::Approved, Step::GoLive) => Some(Stage::Live),
        (Life::AfterShadow, Stage::Draft, Step::PutInShadow) => Some(Stage::Shadow),
        (Life::ByGoLive, Stage::Draft, Step::Approve)
        | (Life::AfterShadow, Stage::Shadow, Step::Approve) => Some(Stage::Approved),
        (
            Life::ByGoLive | Life::AfterShadow,
            Stage::Draft | Stage::Shadow | Stage::Approved,
            Step::Retire,
        ) => Some(Stage::Retired),
        _ => None,
    }
}

/// The steps that may be taken from a stage.
pub fn allowed(life: Life, from: Stage) -> Vec<Step> {
    let steps = Step::ALL.iter().copied();
    steps
        .filter(|step| next(life, from, *step).is_some())
        .collect()
}

/// The draft with one more who wrote it, for the room to put the new content in.
///
/// # Errors
/// When it is no draft, or changed since the row version `read`.
pub fn change<V: Version>(draft: &V, read: i64, by: &Subject) -> Result<V, VersionError> {
    check(draft, read, Step::Change)?;
    let mut changed = draft.clone();
    changed.set_drafters(draft.drafters().clone().and(by));
    Ok(changed)
}

/// The draft, tried beside the live version from now on.
///
/// # Errors
/// When its kind knows no trial, it is no draft, or changed since the row version `read`.
pub fn put_in_shadow<V: Version>(draft: &V, read: i64, at: Instant) -> Result<V, VersionError> {
    let stage = check(draft, read, Step::PutInShadow)?;
    Ok(entered(draft, stage, at))
}

/// The version approved by somebody who had no part in writing it: live at once where its kind has no step of its own
/// for that, and then `live` is retired.
///
/// # Errors
/// When it may not be approved where it stands, changed since the row version `read`, or `by` wrote it.
pub fn approve<V: Version>(
    version: &V,
    read: i64,
    live: Option<&V>,
    by: &Subject,
    at: Instant,
) -> Result<Succession<V>, VersionError> {
    let mut step = by_another(version, read, Step::Approve, live, by, at)?;
    step.version.set_approver(by);
    Ok(step)
}

/// The approved version, live from now on, and `live`, which it retires.
///
/// # Errors
/// When it is not approved, changed since the row version `read`, or `by` wrote it.
pub fn go_live<V: Version>(
    version: &V,
    read: i64,
    live: Option<&V>,
    by: &Subject,
    at: Instant,
) -> Result<Succession<V>, VersionError> {
    by_another(version, read, Step::GoLive, live, by, at)
}

/// The version, retired before it was ever live.
///
/// # Errors
/// When it is or was live, or changed since the row version `read`.
pub fn retire<V: Version>(version: &V, read: i64, at: Instant) -> Result<V, VersionError> {
    let stage = check(version, read, Step::Retire)?;
    Ok(entered(version, stage, at))
}

fn by_another<V: Version>(
    version: &V,
    read: i64,
    step: Step,
    live: Option<&V>,
    by: &Subject,
    at: Instant,
) -> Result<Succession<V>, VersionError> {
    let stage = check(version, read, step)?;
    if version.drafters().include(by) {
        return Err(VersionError::OwnDraft);
    }
    let retired = live
        .filter(|live| stage == Stage::Live && live.slot() == version.slot())
        .map(|live| entered(live, Stage::Retired, at));
    Ok(Succession {
        version: entered(version, stage, at),
        retired,
    })
}

/// Where the step leads.
fn check<V: Version>(version: &V, read: i64, step: Step) -> Result<Stage, VersionError> {
    if version.row_version() != read {
        return Err(VersionError::Stale);
    }
    let stage = version.stage();
    next(V::LIFE, stage, step).ok_or_else(|| VersionError::NotInStage {
        stage,
        allowed: allowed(V::LIFE, stage),
    })
}

fn entered<V: Version>(version: &V, stage: Stage, at: Instant) -> V {
    let mut entered = version.clone();
    entered.enter(stage, at);
    entered
}

#[cfg(test)]
mod tests {
    use kernel::drafters::Drafters;
    use proptest::prelude::*;

    use super::*;
    use crate::platform::versions::model::{Events, events_of};

    /// A version of a kind that comes to be live as `LIFE` says: 0 at approval, 1 by a step of its own, 2 after shadow.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Paper<const KIND: u8> {
        slot: u8,
        row_version: i64,
        stage: Stage,
        drafters: Drafters,
        approver: Option<Subject>,
    }

    impl<const KIND: u8> Version for Paper<KIND> {
        const LIFE: Life = match KIND {
            0 => Life::AtApproval,
            1 => Life::ByGoLive,
            _ => Life::AfterShadow,
        };

        const EVENTS: Events = events_of!("paper");

        type Slot = u8;

        fn slot(&self) -> u8 {
            self.slot
        }

        fn name(&self) -> String {
            "paper".to_owned()
        }

        fn row_version(&self) -> i64 {
            self.row_version
        }

        fn stage(&self) -> Stage {
            self.stage
        }

        fn drafters(&self) -> &Drafters {
            &self.drafters
        }

        fn set_drafters(&mut self, drafters: Drafters) {
            self.drafters = drafters;
        }

        fn enter(&mut self, stage: Stage, _: Instant) {
            self.stage = stage;
        }

        fn set_approver(&mut self, approver: &Subject) {
            self.approver = Some(approver.clone());
        }
    }

    fn person(number: u8) -> Subject {
        format!("u-{number}").parse().unwrap()
    }

    fn now() -> Instant {
        Instant::new(chrono::DateTime::from_timestamp_micros(0).unwrap())
    }

    fn draft<const KIND: u8>(slot: u8, by: u8) -> Paper<KIND> {
        Paper {
            slot,
            row_version: 1,
            stage: Stage::Draft,
            drafters: Drafters::new(person(by)),
            approver: None,
        }
    }

    #[test]
    fn approval_sets_live_where_a_kind_has_no_step_of_its_own_for_it() {
        let first = Paper {
            stage: Stage::Live,
            ..draft::<0>(1, 1)
        };
        let step = approve(&draft::<0>(1, 1), 1, Some(&first), &person(2), now()).unwrap();
        assert_eq!(step.version.stage, Stage::Live);
        assert_eq!(step.version.approver, Some(person(2)));
        assert_eq!(step.retired.unwrap().stage, Stage::Retired);
        let step = approve(&draft::<1>(1, 1), 1, None, &person(2), now()).unwrap();
        assert_eq!(step.version.stage, Stage::Approved);
        let live = go_live(&step.version, 1, None, &person(3), now()).unwrap();
        assert_eq!(live.version.stage, Stage::Live);
        // Another slot's live version is none of ours.
        let other = Paper { slot: 2, ..first };
        let step = approve(&draft::<0>(1, 1), 1, Some(&other), &person(2), now()).unwrap();
        assert_eq!(step.retired, None);
    }

    #[test]
    fn a_stale_reader_is_told_so_before_anything_else() {
        let mut live = draft::<0>(1, 1);
        live.stage = Stage::Live;
        let by = person(1);
        assert_eq!(change(&live, 9, &by), Err(VersionError::Stale));
        assert_eq!(
            change(&live, 1, &by),
            Err(VersionError::NotInStage {
                stage: Stage::Live,
                allowed: Vec::new()
            })
        );
        assert_eq!(
            allowed(Life::AfterShadow, Stage::Shadow),
            [Step::Approve, Step::Retire]
        );
        assert_eq!(
            put_in_shadow(&draft::<0>(1, 1), 1, now()).unwrap_err(),
            VersionError::NotInStage {
                stage: Stage::Draft,
                allowed: vec![Step::Change, Step::Approve]
            }
        );
    }

    /// A shelf of versions on which people do whatever they like.
    fn play<const KIND: u8>(moves: &[(u8, usize, u8)]) {
        let mut shelf: Vec<Paper<KIND>> = Vec::new();
        for &(what, which, who) in moves {
            let by = person(who);
            if what == 0 {
                shelf.push(draft(who % 2, who));
                continue;
            }
            let Some(place) = which.checked_rem(shelf.len()) else {
                continue;
            };
            let before = shelf[place].clone();
            let is_live =
                |paper: &&Paper<KIND>| paper.stage == Stage::Live && paper.slot == before.slot;
            let live = shelf.iter().find(is_live).cloned();
            let done = match what {
                1 => change(&before, 1, &by).map(|version| Succession {
                    version,
                    retired: None,
                }),
                2 => approve(&before, 1, live.as_ref(), &by, now()),
                3 => go_live(&before, 1, live.as_ref(), &by, now()),
                4 => put_in_shadow(&before, 1, now()).map(|version| Succession {
                    version,
                    retired: None,
                }),
                _ => retire(&before, 1, now()).map(|version| Succession {
                    version,
                    retired: None,
                }),
            };
            let Ok(done) = done else {
                continue;
            };
            if let Some(retired) = done.retired {
                let place = shelf.iter().position(|paper| Some(paper) == live.as_ref());
                shelf[place.unwrap()] = retired;
            }
            shelf[place] = done.version;
        }
        for slot in 0..2 {
            let live = shelf
                .iter()
                .filter(|paper| paper.stage == Stage::Live && paper.slot == slot);
            assert!(live.count() <= 1);
        }
        for paper in &shelf {
            let approver = paper.approver.as_ref();
            assert!(!approver.is_some_and(|approver| paper.drafters.include(approver)));
            if matches!(paper.stage, Stage::Live | Stage::Approved) {
                assert!(approver.is_some());
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_people_do_one_is_live_in_a_slot_and_nobody_approves_their_own(
            moves in prop::collection::vec((0u8..6, 0usize..20, 0u8..4), 0..60)
        ) {
            play::<0>(&moves);
            play::<1>(&moves);
            play::<2>(&moves);
        }

        #[test]
        fn nothing_leads_out_of_a_live_or_retired_version(step in 0usize..5) {
            for life in [Life::AtApproval, Life::ByGoLive, Life::AfterShadow] {
                for stage in [Stage::Live, Stage::Retired] {
                    prop_assert_eq!(next(life, stage, Step::ALL[step]), None);
                }
            }
        }
    }
}
