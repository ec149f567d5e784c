//! What other systems hear of the sealed trail: checkpoints can so be kept outside.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadProof;

/// The events, by type.
pub const EVENTS: &[EventType] = &[EventType::of_book::<ReadProof>(
    "trail_checkpoint.signed",
    "How far the chain over the audit trail has come was signed.",
    &CHECKPOINT,
)];

/// A checkpoint, with the statement that was signed.
const CHECKPOINT: Payload = Payload {
    name: "TrailCheckpointEventData",
    within: None,
    members: members! {
        id: Id, position: Integer, statement: Text, signed_at: Instant, public_key: Text, signature: Text,
    },
};
