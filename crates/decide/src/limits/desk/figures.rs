//! The desk's figures, for `/metrics`.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// How a check was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Memory,
    /// From rows that were read under locks.
    Read,
    OneByOne,
}

/// Why a quicker way was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Memory has too little, or more is to be written than one statement can.
    NotEnough,
    /// Somebody else changed an account, or the database failed.
    Failed,
    /// The decision from memory differs from one from freshly read facts.
    Different,
    /// A batch failed as a whole, and is decided one by one.
    BatchFailed,
    /// Somebody else has locked accounts.
    Locked,
    /// It was not to be found out which accounts are locked.
    LocksUnknown,
    /// What was decided could not be made sure of.
    NotFlushed,
}

/// What came of deciding again from freshly read facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recheck {
    Equal,
    /// Somebody else changed what was decided from, so that there is nothing to compare.
    Void,
    Different,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WayLabel {
    way: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

/// The desk's figures: cheap to clone.
#[derive(Debug, Clone)]
pub struct DeskFigures {
    checks: Family<WayLabel, Counter>,
    batches: Histogram,
    queue: Gauge,
    fallbacks: Family<ReasonLabel, Counter>,
    rechecks: Family<ResultLabel, Counter>,
}

impl Default for DeskFigures {
    fn default() -> DeskFigures {
        DeskFigures {
            checks: Family::default(),
            batches: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]),
            queue: Gauge::default(),
            fallbacks: Family::default(),
            rechecks: Family::default(),
        }
    }
}

impl DeskFigures {
    /// Shows the figures in a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "desk_checks",
            "Limit checks decided by the credit desk, by way",
            self.checks.clone(),
        );
        registry.register(
            "desk_batch_checks",
            "Limit checks in one batch of the credit desk",
            self.batches.clone(),
        );
        registry.register(
            "desk_queue",
            "Limit checks that wait for the credit desk",
            self.queue.clone(),
        );
        registry.register(
            "desk_fallbacks",
            "Batches for which the credit desk gave up a quicker way, by reason",
            self.fallbacks.clone(),
        );
        registry.register(
            "desk_rechecks",
            "Batches from memory that were decided again from freshly read facts, by result",
            self.rechecks.clone(),
        );
    }

    pub(super) fn enqueued(&self) {
        self.queue.inc();
    }

    pub(super) fn dequeued(&self, count: usize) {
        self.queue.dec_by(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(super) fn batch(&self, checks: usize) {
        self.batches
            .observe(u32::try_from(checks).unwrap_or(u32::MAX).into());
    }

    pub(super) fn decided(&self, way: Way, checks: usize) {
        let way = match way {
            Way::Memory => "memory",
            Way::Read => "read",
            Way::OneByOne => "one_by_one",
        };
        let checks = u64::try_from(checks).unwrap_or(u64::MAX);
        self.checks.get_or_create(&WayLabel { way }).inc_by(checks);
    }

    pub(super) fn fell_back(&self, fallback: Fallback) {
        let reason = match fallback {
            Fallback::NotEnough => "not_enough",
            Fallback::Failed => "failed",
            Fallback::Different => "different",
            Fallback::BatchFailed => "batch_failed",
            Fallback::Locked => "locked",
            Fallback::LocksUnknown => "locks_unknown",
            Fallback::NotFlushed => "not_flushed",
        };
        self.fallbacks.get_or_create(&ReasonLabel { reason }).inc();
    }

    pub(super) fn rechecked(&self, recheck: Recheck) {
        let result = match recheck {
            Recheck::Equal => "equal",
            Recheck::Void => "void",
            Recheck::Different => "different",
        };
        self.rechecks.get_or_create(&ResultLabel { result }).inc();
    }
}
