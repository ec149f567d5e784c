//! What is asked of the chain.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::model::Checkpoint;
use kernel::clock::Instant;
use kernel::ids::TrailCheckpointId;
use kernel::text::Subject;

/// Which part of the chain.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ProofFilter {
    /// Places from this one on.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub position_from: Option<Place>,
    /// Places up to and including this one.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub position_to: Option<Place>,
}

/// A place in the chain: 1 or more.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub struct Place(i64);

impl Place {
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Place {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Place, &'static str> {
        if number < 1 {
            return Err("must be 1 or more");
        }
        Ok(Place(number))
    }
}

/// A checkpoint that somebody kept, as `GET /v1/trail/checkpoints` gave it.
#[derive(Debug, Deserialize)]
struct KeptCheckpoint {
    id: TrailCheckpointId,
    position: i64,
    hash: String,
    signed_at: Instant,
    signed_by: Subject,
    public_key: String,
    signature: String,
}

/// Why kept checkpoints can't be read.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error("not as GET /v1/trail/checkpoints gives them: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{0} of checkpoint {1} is not written as it should be")]
    Bytes(&'static str, TrailCheckpointId),
}

/// The checkpoints in a text: an answer of the API, a list, or one after the other.
///
/// # Errors
/// When it holds anything else.
pub fn kept_checkpoints(text: &str) -> Result<Vec<Checkpoint>, KeptError> {
    let mut kept = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let rows = match value? {
            Value::Array(rows) => rows,
            Value::Object(mut answer) => match answer.remove("data") {
                Some(Value::Array(rows)) => rows,
                _ => vec![Value::Object(answer)],
            },
            other => vec![other],
        };
        for row in rows {
            kept.push(read(serde_json::from_value(row)?)?);
        }
    }
    Ok(kept)
}

fn read(kept: KeptCheckpoint) -> Result<Checkpoint, KeptError> {
    let id = kept.id;
    let base64 = |text: &str, what| {
        STANDARD
            .decode(text)
            .map_err(|_| KeptError::Bytes(what, id))
    };
    Ok(Checkpoint {
        position: kept.position,
        hash: unhex(&kept.hash).ok_or(KeptError::Bytes("the hash", id))?,
        signed_at: kept.signed_at,
        signed_by: kept.signed_by,
        public_key: base64(&kept.public_key, "the public key")?,
        signature: base64(&kept.signature, "the signature")?,
        id,
    })
}

/// Bytes from hexadecimal digits.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|two| pair(two)).collect())?
}
