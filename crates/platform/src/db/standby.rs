//! Commits that wait for a standby which does not answer.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::{Conn, Database, DbError};

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = BigInt)]
    ended: i64,
}

impl Database {
    /// Ends the connections on which a commit has waited for a synchronous standby for ten seconds, and says how many.
    /// Whoever waited is told that it is not known what became of it, and finds out when asking again with the same key.
    /// PostgreSQL itself would wait for ever, and no time-out of its own is heard while it does.
    ///
    /// # Errors
    /// When the database fails.
    pub fn end_unconfirmed_commits(&self) -> Result<i64, DbError> {
        let mut db = self.reader()?;
        let Conn::Postgres(c) = db.conn() else {
            return Ok(0);
        };
        let ended: Ended = diesel::sql_query(
            "SELECT COUNT(*) FILTER (WHERE pg_terminate_backend(pid)) AS ended FROM pg_stat_activity \
             WHERE datname = current_database() AND usename = current_user AND application_name = 'netterms' \
             AND wait_event = 'SyncRep' AND state_change < clock_timestamp() - INTERVAL '10 seconds'",
        )
        .get_result(&mut **c)?;
        Ok(ended.ended)
    }
}
