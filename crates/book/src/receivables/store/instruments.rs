//! Which receipts are those of instruments.

use diesel::prelude::*;

use crate::platform::db::schema::instruments;
use crate::platform::db::{Db, DbError, on_backend};
use kernel::ids::{InstrumentId, ReceiptId};

/// The instrument behind a receipt, as long as it counts as exposure.
pub fn instrument_behind(db: &mut Db, receipt: ReceiptId) -> Result<Option<InstrumentId>, DbError> {
    Ok(on_backend!(db, |c| instruments::table
        .filter(instruments::receipt_id.eq(receipt))
        .filter(instruments::outstanding_minor.gt(0))
        .select(instruments::id)
        .first(c)
        .optional())?)
}
