//! Where a version stands, and what a room's row must tell of itself.

use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::drafters::Drafters;
use kernel::text::Subject;

text_enum! {
    /// Where a version stands.
    pub enum Stage {
        /// It is being written.
        Draft = "draft",
        /// It is tried beside the live one.
        Shadow = "shadow",
        /// Another person has approved it.
        Approved = "approved",
        /// It holds.
        Live = "live",
        /// Another one holds, or it never will.
        Retired = "retired",
    }
}

text_enum! {
    /// What is done with a version.
    pub enum Step {
        Change = "change",
        PutInShadow = "shadow",
        Approve = "approve",
        GoLive = "go_live",
        Retire = "retire",
    }
}

/// How versions of a kind come to be live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Approval sets live at once: draft, live, retired.
    AtApproval,
    /// A step of its own sets live: draft, approved, live, retired.
    ByGoLive,
    /// As [`Life::ByGoLive`], and a draft is tried in shadow before it is approved.
    AfterShadow,
}

/// A version of something, as a room stores it.
pub trait Version: Clone {
    /// How its kind comes to be live.
    const LIFE: Life;

    /// Of each slot one version is live: `()` where a kind has one slot, a code where it has many.
    type Slot: PartialEq;

    fn slot(&self) -> Self::Slot;

    /// The version of the row, which is its `ETag`.
    fn row_version(&self) -> i64;

    fn stage(&self) -> Stage;

    fn drafters(&self) -> &Drafters;

    fn set_drafters(&mut self, drafters: Drafters);

    /// Puts it into a stage at an instant.
    fn enter(&mut self, stage: Stage, at: Instant);

    /// Says who approved it.
    fn set_approver(&mut self, approver: &Subject);
}

/// What a step makes of a version, and of the one that was live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession<V> {
    /// The version as it becomes.
    pub version: V,
    /// The one that was live in its slot, retired. It is to be written first: no slot has two that are live.
    pub retired: Option<V>,
}

/// Why a step was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    #[error("the version changed meanwhile")]
    Stale,
    #[error("the version is {stage}")]
    NotInStage { stage: Stage, allowed: Vec<Step> },
    #[error("who wrote a version neither approves it nor sets it live")]
    OwnDraft,
}

/// Lets a row be a version whose approval sets it live. It has the columns `status` (draft, live, retired), `drafters`,
/// `approver`, `live_at`, `retired_at` and `version`; the last two arguments are the slot's type and how it is read.
macro_rules! lives_at_approval {
    ($row:ty, $status:ident, $slot:ty, $slot_of:expr) => {
        impl $crate::platform::versions::model::Version for $row {
            const LIFE: $crate::platform::versions::model::Life =
                $crate::platform::versions::model::Life::AtApproval;

            type Slot = $slot;

            fn slot(&self) -> $slot {
                let slot_of: fn(&$row) -> $slot = $slot_of;
                slot_of(self)
            }

            fn row_version(&self) -> i64 {
                self.version
            }

            fn stage(&self) -> $crate::platform::versions::model::Stage {
                use $crate::platform::versions::model::Stage;
                match self.status {
                    $status::Draft => Stage::Draft,
                    $status::Live => Stage::Live,
                    $status::Retired => Stage::Retired,
                }
            }

            fn drafters(&self) -> &kernel::drafters::Drafters {
                &self.drafters
            }

            fn set_drafters(&mut self, drafters: kernel::drafters::Drafters) {
                self.drafters = drafters;
            }

            fn enter(
                &mut self,
                stage: $crate::platform::versions::model::Stage,
                at: kernel::clock::Instant,
            ) {
                use $crate::platform::versions::model::Stage;
                match stage {
                    Stage::Draft | Stage::Shadow | Stage::Approved => {
                        self.status = $status::Draft;
                    }
                    Stage::Live => {
                        self.status = $status::Live;
                        self.live_at = Some(at);
                    }
                    Stage::Retired => {
                        self.status = $status::Retired;
                        self.retired_at = Some(at);
                    }
                }
            }

            fn set_approver(&mut self, approver: &kernel::text::Subject) {
                self.approver = Some(approver.to_string());
            }
        }
    };
}
pub(crate) use lives_at_approval;
