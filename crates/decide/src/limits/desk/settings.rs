//! What an operator can set about the desk.

use serde::{Deserialize, Serialize};

/// Whether something is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    On,
    Off,
}

impl Switch {
    pub const fn is_on(self) -> bool {
        matches!(self, Switch::On)
    }
}

/// How the desk works. Without its accelerators it decides the same, under locks and one commit for each batch.
#[derive(Debug, Clone)]
pub struct DeskSettings {
    /// How many checks may wait for each worker.
    pub queue: usize,
    /// Whether decisions are made from remembered accounts.
    pub memory: Switch,
    /// How many customers each worker reads into its memory before anybody asks about them.
    pub read_ahead: usize,
    /// Whether one thread waits for the disk for several batches of PostgreSQL.
    pub group_commit: Switch,
    /// Whether one thread flushes the log file of SQLite for several batches.
    pub flusher: Switch,
    /// Of how many in a million batches from memory the decisions are made again from freshly read facts; builds for
    /// tests do so for all.
    pub recheck_sample_ppm: u32,
}

impl Default for DeskSettings {
    fn default() -> DeskSettings {
        DeskSettings {
            // More would wait longer than an order system does.
            queue: 4_096,
            memory: Switch::On,
            read_ahead: 50_000,
            group_commit: Switch::On,
            flusher: Switch::On,
            recheck_sample_ppm: 1_000,
        }
    }
}
