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

    /// What the trail calls what happens to versions of this kind.
    const EVENTS: Events;

    fn slot(&self) -> Self::Slot;

    /// Its id, as the trail names it.
    fn name(&self) -> String;

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

/// A kind whose versions say what they say in a document, each with a number that ascends within its slot.
pub trait Drafted: Version {
    /// A new draft.
    fn drafted(slot: Self::Slot, number: i32, written: Written, by: &Subject, at: Instant) -> Self;

    /// The draft, saying something else.
    #[must_use]
    fn rewritten(self, written: Written) -> Self;
}

/// What a version says, and why it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// A document as JSON.
    pub document: String,
    pub reason: String,
}

/// What the trail calls what happens to versions of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events {
    pub drafted: &'static str,
    pub changed: &'static str,
    pub in_shadow: &'static str,
    pub approved: &'static str,
    pub live: &'static str,
    pub retired: &'static str,
}

impl Events {
    /// What it is called that a version that was there before stands at a stage now.
    pub const fn of(&self, stage: Stage) -> &'static str {
        match stage {
            Stage::Draft => self.changed,
            Stage::Shadow => self.in_shadow,
            Stage::Approved => self.approved,
            Stage::Live => self.live,
            Stage::Retired => self.retired,
        }
    }
}

/// The events of a thing: `policy.drafted`, `policy.changed`, `policy.in_shadow`, `policy.approved`, `policy.live` and
/// `policy.retired`.
#[doc(hidden)]
#[macro_export]
macro_rules! __events_of {
    ($thing:literal) => {
        $crate::versions::model::Events {
            drafted: concat!($thing, ".drafted"),
            changed: concat!($thing, ".changed"),
            in_shadow: concat!($thing, ".in_shadow"),
            approved: concat!($thing, ".approved"),
            live: concat!($thing, ".live"),
            retired: concat!($thing, ".retired"),
        }
    };
}
pub use __events_of as events_of;

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

/// Lets a row be a version whose approval sets it live. It has the columns `status` (draft, live, retired), `document`,
/// `reason`, `author`, `drafters`, `approver`, `created_at`, `live_at`, `retired_at` and `version`, and those that are
/// named: its id, its number and, where its kind has several slots, its slot.
#[doc(hidden)]
#[macro_export]
macro_rules! __lives_at_approval {
    ($row:ident { $thing:literal, id: $id:ty, number: $number:ident, status: $status:ident }) => {
        $crate::versions::model::lives_at_approval!(
            @steps $row, $thing, $id, $number, $status, _slot: () => []
        );
    };
    ($row:ident {
        $thing:literal, id: $id:ty, number: $number:ident, status: $status:ident, $slot:ident: $of:ty
    }) => {
        $crate::versions::model::lives_at_approval!(
            @steps $row, $thing, $id, $number, $status, slot: $of => [$slot]
        );
    };
    (
        @steps $row:ident, $thing:literal, $id:ty, $number:ident, $status:ident,
        $given:ident: $of:ty => [$($slot:ident)?]
    ) => {
        impl $crate::versions::model::Version for $row {
            const LIFE: $crate::versions::model::Life =
                $crate::versions::model::Life::AtApproval;

            const EVENTS: $crate::versions::model::Events =
                $crate::versions::model::events_of!($thing);

            type Slot = $of;

            fn slot(&self) -> $of {
                $(self.$slot.clone())?
            }

            fn name(&self) -> String {
                self.id.to_string()
            }

            fn row_version(&self) -> i64 {
                self.version
            }

            fn stage(&self) -> $crate::versions::model::Stage {
                use $crate::versions::model::Stage;
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
                stage: $crate::versions::model::Stage,
                at: kernel::clock::Instant,
            ) {
                use $crate::versions::model::Stage;
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

        impl $crate::versions::model::Drafted for $row {
            fn drafted(
                $given: $of,
                number: i32,
                written: $crate::versions::model::Written,
                by: &kernel::text::Subject,
                at: kernel::clock::Instant,
            ) -> $row {
                $row {
                    id: <$id>::new(),
                    $($slot: $given,)?
                    $number: number,
                    status: $status::Draft,
                    document: written.document,
                    reason: written.reason,
                    author: by.to_string(),
                    drafters: kernel::drafters::Drafters::new(by.clone()),
                    approver: None,
                    created_at: at,
                    live_at: None,
                    retired_at: None,
                    version: 1,
                }
            }

            fn rewritten(self, written: $crate::versions::model::Written) -> $row {
                $row {
                    document: written.document,
                    reason: written.reason,
                    ..self
                }
            }
        }
    };
}
pub use __lives_at_approval as lives_at_approval;
