//! Rows of the chain, and what is found wrong with it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::platform::db::schema::{trail_checkpoints, trail_entries, trail_seals};
use kernel::clock::Instant;
use kernel::ids::{TrailCheckpointId, TrailEntryId};
use kernel::text::Subject;

/// How many hours into a day the checkpoint waits for the sealer. What was written just before may still have been in a
/// transaction.
pub const SEALER_HOURS: i64 = 1;

/// The name of the sealer among the readers of the log.
pub const SEALER: &str = "sealed_trail";

/// An entry as the chain has it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = trail_entries)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Entry {
    pub seq: i64,
    pub id: TrailEntryId,
    pub at: Instant,
    pub subject: String,
    pub issuer: String,
    pub client_id: String,
    pub roles: String,
    pub action: String,
    pub entity_id: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub reason: Option<String>,
    pub request_id: String,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = trail_seals)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Seal {
    /// The place in the chain, from 1 on without gaps.
    pub position: i64,
    /// The entry.
    pub seq: i64,
    pub hash: Vec<u8>,
}

/// How far the chain had come at a moment, signed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = trail_checkpoints)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Checkpoint {
    pub id: TrailCheckpointId,
    pub position: i64,
    pub hash: Vec<u8>,
    pub signed_at: Instant,
    pub signed_by: Subject,
    /// Ed25519, 32 bytes.
    pub public_key: Vec<u8>,
    /// Ed25519, 64 bytes, over [`super::rules::statement`].
    pub signature: Vec<u8>,
}

/// What is believed of the chain for reasons that lie outside of the database.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The Ed25519 keys that may sign checkpoints; any when there is none.
    pub keys: Vec<Vec<u8>>,
    /// Checkpoints that somebody kept elsewhere.
    pub kept: Vec<Checkpoint>,
}

/// A checkpoint as the contract and the trail have it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrailCheckpoint, example = json!({
    "id": "tcp_01k00000000000000000000001", "position": 1843,
    "hash": "5f2b1c8e9a7d4f3062b8c1e5d9a0f4738e6b2c5d1a9f8e7d6c5b4a3f2e1d0c9b",
    "signed_at": "2026-03-31T08:00:00.000000Z", "signed_by": "netterms",
    "statement": "netterms trail checkpoint\n1843\n5f2b1c8e9a7d4f3062b8c1e5d9a0f4738e6b2c5d1a9f8e7d6c5b4a3f2e1d0c9b\n2026-03-31T08:00:00.000000Z\n",
    "public_key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "signature": "5VZDAMNgrHKQhuEMwG9DpqKJhjvuL6R2VWw3PVYOMVUuDNTyKs+2yLDSKvOBNpS4Bb4i5FBRTBnrYPbMbC6cAg=="
}))]
pub struct TrailCheckpointOut {
    pub id: TrailCheckpointId,
    /// 0 where nothing was sealed yet.
    #[schema(minimum = 0)]
    pub position: i64,
    /// The hash at that place, in hexadecimal.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub hash: String,
    pub signed_at: Instant,
    pub signed_by: Subject,
    /// What the signature is over, in UTF-8.
    #[schema(max_length = 200)]
    pub statement: String,
    /// Ed25519 (RFC 8032), 32 bytes in Base64.
    #[schema(max_length = 44)]
    pub public_key: String,
    /// Ed25519, 64 bytes in Base64.
    #[schema(max_length = 88)]
    pub signature: String,
}

/// What is wrong at one place of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The entry's or the checkpoint's id, the entry's number where there is none any more, or a day.
    pub id: String,
    pub fault: Fault,
    pub position: i64,
    /// The business day on which the checkpoint was signed, or should have been; none where it is about an entry.
    pub day: Option<NaiveDate>,
}

/// A chain that was looked at.
#[derive(Debug, Clone, Default)]
pub struct Inspected {
    /// How many links it has.
    pub links: i64,
    pub breaks: Vec<Break>,
    /// The business days of the sealed entries, each with the last place that one of its entries has.
    pub days: BTreeMap<NaiveDate, i64>,
    /// The same, with the last [`SEALER_HOURS`] of each day counted to the next one: so long an entry may wait for its seal.
    pub settled: BTreeMap<NaiveDate, i64>,
    /// The business days on which checkpoints were signed that are believed, each with how far the chain had come.
    pub signed: BTreeMap<NaiveDate, i64>,
}

impl Inspected {
    /// Whether a checkpoint of a business day says all that was sealed of the days before it, but for their last hour.
    pub fn is_signed_on(&self, day: NaiveDate) -> bool {
        let before = self.settled.range(..day).next_back();
        let place = before.map_or(0, |(_, place)| *place);
        self.signed.get(&day).is_some_and(|signed| *signed >= place)
    }

    /// The business days with sealed entries that no believed checkpoint is of, each with its last place. The last of them
    /// is not over.
    pub fn unsigned(&self) -> impl Iterator<Item = (NaiveDate, i64)> {
        let last = self.days.keys().next_back().copied();
        let over = self.days.iter().filter(move |(day, _)| Some(**day) != last);
        over.filter(|(day, _)| !self.signed.contains_key(day))
            .map(|(day, place)| (*day, *place))
    }
}

/// An entry that is in no chain and should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsealed {
    pub id: TrailEntryId,
    pub seq: i64,
    /// Whether the sealer has gone past the place where it stands.
    pub was_passed: bool,
}

/// How a chain can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The entry's bytes, or its hash, are others than those that were sealed.
    Changed,
    /// The entry was sealed and is gone.
    Missing,
    /// A place of the chain is empty.
    Gap,
    /// The entry stands among sealed ones and was never sealed.
    Inserted,
    /// The entry is older than any unit of work takes, and was never sealed: the sealer stands still, or the entry stands
    /// where no reader comes.
    Unsealed,
    /// The chain is not as a signed checkpoint has it.
    NotAsSigned,
    /// The signature is none of the checkpoint's key over what it says.
    Signature,
    /// The checkpoint is signed by a key that is not among those that are believed.
    Stranger,
    /// A checkpoint that was kept elsewhere is not here, or says something else here.
    Forgotten,
    /// Entries of the day were sealed, and no key that is believed signed a checkpoint on it.
    Unsigned,
}

impl Fault {
    /// In words, for whoever reads the audit.
    pub const fn told(self) -> &'static str {
        match self {
            Fault::Changed => "changed since it was sealed",
            Fault::Missing => "sealed and gone",
            Fault::Gap => "an empty place in the chain",
            Fault::Inserted => "among sealed entries and never sealed",
            Fault::Unsealed => "written long ago and never sealed",
            Fault::NotAsSigned => "the chain is not as the checkpoint has it",
            Fault::Signature => "the checkpoint's signature is wrong",
            Fault::Stranger => "the checkpoint is signed by another key",
            Fault::Forgotten => "the checkpoint that was kept elsewhere is not here",
            Fault::Unsigned => "no checkpoint of the day is signed by a key that is believed",
        }
    }
}
