//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, day, id, instant, json,
    long, share, text,
};
use crate::platform::http::auth::ReadRatings;
use kernel::ids::{Customer, GradeScale, Job, Rating, RatingModel};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "ratings",
    description: "Ratings of customers, with how they came about.",
    table: "ratings",
    fields: &[
        id::<Rating>("id"),
        id::<Customer>("customer_id"),
        CUSTOMER_NUMBER,
        CUSTOMER_NAME,
        id::<RatingModel>("model_id"),
        id::<GradeScale>("scale_id"),
        text("grade"),
        share("score", "score_ppm"),
        text("override_grade"),
        day("override_until"),
        json("override_terms"),
        json("record"),
        id::<Job>("run_id"),
        text("rated_by"),
        instant("rated_at"),
        day("stale_on"),
        instant("superseded_at"),
        long("version"),
        day("in_default_since"),
        day("cured_on"),
        text("cause"),
        day("review_on"),
    ],
    joins: &[CUSTOMER],
    order: &["id"],
    day: Some(DayOf::Instant("rated_at")),
    readers: Readers::of::<ReadRatings>(),
    left_out: &[],
}];
