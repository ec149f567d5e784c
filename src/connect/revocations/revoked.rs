//! The revocations, as this process remembers them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use super::actions::wall_seconds;
use super::model::TokenRevocation;
use super::store;
use crate::platform::db::{Database, DbError};

/// How often it is looked for new ones.
pub const EVERY: Duration = Duration::from_secs(2);

/// All revocations.
pub struct Revoked {
    database: Database,
    lists: RwLock<Lists>,
    /// Readings are numbered as they begin, so that an old one does not take the place of a newer one.
    readings: AtomicU64,
}

#[derive(Default)]
struct Lists {
    reading: u64,
    tokens: HashSet<String>,
    /// Until when tokens were issued that count no more.
    subjects: HashMap<String, i64>,
}

impl Revoked {
    /// # Errors
    /// When the database fails.
    pub fn open(database: Database) -> Result<Revoked, DbError> {
        let revoked = Revoked {
            database,
            lists: RwLock::default(),
            readings: AtomicU64::default(),
        };
        revoked.read()?;
        Ok(revoked)
    }

    /// Reads them anew. It blocks.
    ///
    /// # Errors
    /// When the database fails; then those that are remembered stay.
    pub fn read(&self) -> Result<(), DbError> {
        let reading = self.readings.fetch_add(1, Ordering::SeqCst) + 1;
        let rows = store::list_kept(&mut self.database.reader()?, wall_seconds())?;
        let lists = Lists::of(reading, rows);
        let mut known = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        if known.reading < reading {
            *known = lists;
        }
        Ok(())
    }

    /// Whether a token counts no more.
    pub fn has(&self, token_id: &str, subject: &str, issued_at: u64) -> bool {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        if lists.tokens.contains(token_id) {
            return true;
        }
        let issued_at = i64::try_from(issued_at).unwrap_or(i64::MAX);
        lists
            .subjects
            .get(subject)
            .is_some_and(|until| issued_at <= *until)
    }
}

impl Lists {
    fn of(reading: u64, rows: Vec<TokenRevocation>) -> Lists {
        let mut lists = Lists {
            reading,
            ..Lists::default()
        };
        for row in rows {
            lists.tokens.extend(row.token_id);
            if let Some(subject) = row.subject {
                let until = lists.subjects.entry(subject.to_string()).or_default();
                *until = row.issued_until.max(*until);
            }
        }
        lists
    }
}
