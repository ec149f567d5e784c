//! Catalogues: the numbered lists of the trade as data, such as why a customer disputes an invoice. Every list that
//! people choose from is one.
//!
//! An item has a code, its texts by language, and attributes. A catalogue changes by versions: one person drafts the
//! whole next one, another sets it live. An item that was ever live never vanishes, because documents name it; it
//! retires, and can be chosen no more. A new book begins with the catalogues in `shipped/`.

pub mod actions;
pub mod api;
pub mod events;
mod exports;
pub mod input;
pub mod model;
pub mod rules;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    furnish: Some(actions::ensure_shipped),
    events: events::EVENTS,
    internal: events::INTERNAL,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
