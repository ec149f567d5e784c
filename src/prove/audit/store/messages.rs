//! What was sent, as it is kept.

use diesel::prelude::*;

use crate::platform::db::schema::{message_contents, messages};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::ids::MessageId;

/// A message with its hash, how many bytes it has, and its bytes.
pub type KeptMessage = (MessageId, String, i64, Option<Vec<u8>>);

/// Messages after one, in order.
pub fn list_kept_messages(
    db: &mut Db,
    after: Option<MessageId>,
    limit: i64,
) -> Result<Vec<KeptMessage>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = messages::table
            .left_join(message_contents::table.on(message_contents::message_id.eq(messages::id)))
            .order(messages::id)
            .limit(limit)
            .select((
                messages::id,
                messages::sha256,
                messages::size_bytes,
                message_contents::bytes.nullable(),
            ))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(messages::id.gt(after));
        }
        query.load(c)
    })?)
}
