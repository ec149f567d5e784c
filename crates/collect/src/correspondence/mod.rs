//! Correspondence: what is sent to customers, by e-mail or as a letter, and what became of it.
//!
//! A room that has something to say queues it in its own unit of work ([`actions::queue`]): the bytes are made there, kept as
//! they are, and never change. [`worker`] sends e-mail by SMTP, again and later when a server does not take it. Letters wait
//! until a person has printed and posted them.
//!
//! Just before anything is sent it is asked whether it still holds: an item that it asks for may be paid by now, and the room
//! that it comes from may say more ([`standing`]). What no longer holds is cancelled, with the reason.

pub mod actions;
pub mod api;
pub mod events;
mod exports;
pub mod input;
pub mod model;
pub mod rules;
pub mod sender;
pub mod standing;
pub mod store;
pub mod worker;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
