//! What of an order counts: what is reserved, delivered or invoiced of it, and never twice.
//!
//! What is delivered takes the place of what is reserved, and what is invoiced first that of what is delivered. An order
//! of 1,000, of which 400 are delivered and 300 of these invoiced, counts 600 reserved, 100 delivered and 300 receivable.

use crate::book::exposure::model::{Reservation, ReservationStatus};
use kernel::clock::Instant;

const PPM: i128 = 1_000_000;

/// How much more may be captured of a reservation, with the policy's tolerance.
pub fn capturable_minor(amount_minor: i64, captured_minor: i64, tolerance_ppm: i64) -> i64 {
    let tolerance = i128::from(amount_minor) * i128::from(tolerance_ppm) / PPM;
    let most = i128::from(amount_minor) + tolerance - i128::from(captured_minor);
    i64::try_from(most.max(0)).unwrap_or(i64::MAX)
}

/// What an invoice takes of its order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Of what is delivered and not billed.
    pub delivered_minor: i64,
    /// Of the reservation, with the policy's tolerance.
    pub captured_minor: i64,
    /// What goes past the order.
    pub excess_minor: i64,
}

/// What an invoice takes: first of what is delivered and not billed, then of the order's reservation.
pub fn bill(
    amount_minor: i64,
    delivered_minor: i64,
    reservation: Option<&Reservation>,
    tolerance_ppm: i64,
) -> Taken {
    let of_deliveries = amount_minor.min(delivered_minor).max(0);
    let rest = amount_minor.saturating_sub(of_deliveries);
    let Some(reservation) = reservation else {
        return Taken {
            delivered_minor: of_deliveries,
            ..Taken::default()
        };
    };
    let captured = rest.min(capturable_minor(
        reservation.amount_minor,
        reservation.captured_minor,
        tolerance_ppm,
    ));
    Taken {
        delivered_minor: of_deliveries,
        captured_minor: captured,
        excess_minor: rest.saturating_sub(captured),
    }
}

/// The reservation after more of it was captured; it ends when nothing is left.
#[must_use]
pub fn captured(before: &Reservation, minor: i64, now: Instant) -> Reservation {
    let mut after = before.clone();
    after.captured_minor = before.captured_minor.saturating_add(minor);
    if minor > 0 && before.status.is_open() {
        let is_done = after.captured_minor >= after.amount_minor;
        after.status = if is_done {
            ReservationStatus::Captured
        } else {
            ReservationStatus::PartiallyCaptured
        };
        after.ended_at = is_done.then_some(now);
    }
    after
}

/// The reservation after some of what was captured came back to it; none when it can't hold it any more: it was released,
/// or its time is past.
pub fn given_back(before: &Reservation, minor: i64, now: Instant) -> Option<Reservation> {
    let is_ended = !before.status.is_open() && before.status != ReservationStatus::Captured;
    if is_ended || before.expires_at <= now {
        return None;
    }
    let mut after = before.clone();
    if before.status == ReservationStatus::Captured {
        // What was released with the last delivery stays released.
        after.amount_minor = before.amount_minor.min(before.captured_minor);
    }
    after.captured_minor = before.captured_minor.saturating_sub(minor);
    after.status = match after.captured_minor {
        0 => ReservationStatus::Active,
        captured if captured >= after.amount_minor => ReservationStatus::Captured,
        _ => ReservationStatus::PartiallyCaptured,
    };
    if after.status.is_open() {
        (after.ended_at, after.end_reason) = (None, None);
    } else {
        after.amount_minor = before.amount_minor;
    }
    Some(after)
}

/// A document of delivered goods: what it states, what invoices took of that, and what it took of the order's
/// reservation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivery {
    pub stated_minor: i64,
    pub billed_minor: i64,
    pub captured_minor: i64,
}

impl Delivery {
    /// What is not billed.
    pub fn open_minor(&self) -> i64 {
        self.stated_minor.saturating_sub(self.billed_minor).max(0)
    }
}

/// What else is known of the order when a delivery is stated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfOrder {
    /// What its reservation still holds.
    pub remaining_minor: i64,
    /// What was invoiced of it before it was said to be delivered.
    pub ahead_minor: i64,
    /// What other documents delivered past what was reserved.
    pub uncovered_minor: i64,
}

/// The delivery when it states another amount. Its rise takes of what is reserved; past that it is what was invoiced
/// already, as far as that goes. Its fall gives back what it took, but for what other deliveries have past the order.
pub fn restate(before: Delivery, stated_minor: i64, order: OfOrder) -> Delivery {
    let mut after = Delivery {
        stated_minor,
        ..before
    };
    let rise = after.open_minor().saturating_sub(before.open_minor());
    if rise >= 0 {
        let captured = rise.min(order.remaining_minor);
        let matched = rise.saturating_sub(captured).min(order.ahead_minor);
        after.captured_minor = before.captured_minor.saturating_add(captured);
        after.billed_minor = before.billed_minor.saturating_add(matched);
    } else {
        let needless = before.captured_minor.saturating_sub(stated_minor).max(0);
        let back = needless.min(rise.saturating_neg());
        let back = back.saturating_sub(order.uncovered_minor).max(0);
        after.captured_minor = before.captured_minor.saturating_sub(back);
    }
    after
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use kernel::ids::{CreditAccountId, CustomerId, ReservationId};
    use kernel::money::Currency;

    fn at(text: &str) -> Instant {
        Instant::new(text.parse().unwrap())
    }

    fn a_reservation(amount_minor: i64) -> Reservation {
        Reservation {
            id: ReservationId::from_uuid(Uuid::nil()),
            account_id: CreditAccountId::from_uuid(Uuid::nil()),
            customer_id: CustomerId::from_uuid(Uuid::nil()),
            order_number: "SO-1".to_owned(),
            purpose: "order".to_owned(),
            currency: "CNY".parse::<Currency>().unwrap(),
            amount_minor,
            captured_minor: 0,
            status: ReservationStatus::Active,
            expires_at: at("2026-06-01T00:00:00Z"),
            created_by: "shop".to_owned(),
            created_at: at("2026-03-01T00:00:00Z"),
            ended_at: None,
            end_reason: None,
            version: 1,
            legal_entity_id: kernel::ids::MAIN_ENTITY,
        }
    }

    /// One order with two delivery notes, as the use cases put the rules together.
    struct Order {
        reservation: Option<Reservation>,
        notes: [Delivery; 2],
        /// What each invoice came to, and how much of it is known to be delivered.
        invoices: Vec<(i64, i64)>,
    }

    impl Order {
        fn counts(&self) -> i64 {
            let reserved = self
                .reservation
                .as_ref()
                .map_or(0, Reservation::remaining_minor);
            let delivered: i64 = self.notes.iter().map(Delivery::open_minor).sum();
            reserved + delivered + self.invoiced()
        }

        fn invoiced(&self) -> i64 {
            self.invoices.iter().map(|(amount, _)| amount).sum()
        }

        fn delivered(&self) -> i64 {
            self.notes.iter().map(|note| note.stated_minor).sum()
        }

        fn deliver(&mut self, note: usize, stated: i64) {
            let reservation = self.reservation.as_ref();
            let uncovered = |note: &Delivery| note.open_minor() - note.captured_minor;
            let order = OfOrder {
                remaining_minor: reservation.map_or(0, Reservation::remaining_minor),
                ahead_minor: match reservation {
                    Some(_) => self.invoices.iter().map(|(all, known)| all - known).sum(),
                    None => 0,
                },
                uncovered_minor: uncovered(&self.notes[1 - note]).max(0),
            };
            let before = self.notes[note];
            let after = restate(before, stated, order);
            let mut matched = after.billed_minor - before.billed_minor;
            for (amount, known) in &mut self.invoices {
                let more = matched.min(*amount - *known);
                *known += more;
                matched -= more;
            }
            assert_eq!(matched, 0);
            let captured = after.captured_minor - before.captured_minor;
            self.notes[note] = after;
            let now = at("2026-03-02T00:00:00Z");
            self.reservation = reservation.map(|reservation| {
                if captured >= 0 {
                    super::captured(reservation, captured, now)
                } else {
                    given_back(reservation, -captured, now).unwrap()
                }
            });
        }

        fn bill(&mut self, amount: i64) {
            let delivered = self.notes.iter().map(Delivery::open_minor).sum();
            let taken = bill(amount, delivered, self.reservation.as_ref(), 50_000);
            let mut left = taken.delivered_minor;
            for note in &mut self.notes {
                let part = left.min(note.open_minor());
                note.billed_minor += part;
                left -= part;
            }
            assert_eq!(left, 0);
            let now = at("2026-03-02T00:00:00Z");
            let captured = taken.captured_minor;
            self.reservation = self
                .reservation
                .as_ref()
                .map(|reservation| super::captured(reservation, captured, now));
            self.invoices.push((amount, taken.delivered_minor));
        }
    }

    fn an_order(amount: i64) -> Order {
        Order {
            reservation: (amount > 0).then(|| a_reservation(amount)),
            notes: [Delivery::default(); 2],
            invoices: Vec::new(),
        }
    }

    proptest! {
        /// However deliveries and invoices come, an order counts what it was reserved for, or what was delivered or
        /// invoiced of it where that is more.
        #[test]
        fn an_order_counts_once_however_it_is_delivered_and_invoiced(
            amount in 1_i64..300,
            steps in prop::collection::vec((0_usize..3, 0_i64..120), 0..12),
        ) {
            let mut order = an_order(amount);
            for (what, minor) in steps {
                match what {
                    2 => order.bill(minor + 1),
                    note => order.deliver(note, order.notes[note].stated_minor + minor),
                }
                let most = amount.max(order.delivered()).max(order.invoiced());
                prop_assert_eq!(order.counts(), most);
            }
        }

        /// Where statements fall as well, it counts no more than the most that was ever said.
        #[test]
        fn an_order_never_counts_more_than_was_said_of_it(
            amount in 0_i64..300,
            steps in prop::collection::vec((0_usize..3, 0_i64..200), 0..12),
        ) {
            let mut order = an_order(amount);
            let mut peaks = [0; 2];
            for (what, minor) in steps {
                match what {
                    2 => order.bill(minor + 1),
                    note => {
                        order.deliver(note, minor);
                        peaks[note] = peaks[note].max(minor);
                    }
                }
                let said: i64 = peaks.iter().sum();
                let invoiced = order.invoiced();
                let most = if amount > 0 { amount.max(said).max(invoiced) } else { said + invoiced };
                prop_assert!(order.counts() <= most);
                prop_assert!(order.counts() >= invoiced);
            }
        }

        /// A mistyped delivery that is corrected leaves the order as if it had never been.
        #[test]
        fn a_corrected_delivery_leaves_nothing_behind(
            amount in 1_i64..300, right in 0_i64..300, wrong in 0_i64..300,
        ) {
            let (mut once, mut twice) = (an_order(amount), an_order(amount));
            once.deliver(0, right);
            twice.deliver(0, wrong);
            twice.deliver(0, right);
            twice.deliver(0, right);
            prop_assert_eq!(once.counts(), twice.counts());
            prop_assert_eq!(once.notes, twice.notes);
        }
    }

    #[test]
    fn captures_may_pass_the_reservation_by_the_tolerance_only() {
        assert_eq!(capturable_minor(100, 90, 50_000), 15);
        assert_eq!(capturable_minor(100, 100, 0), 0);
        assert_eq!(capturable_minor(100, 105, 0), 0);
    }

    #[test]
    fn what_is_invoiced_is_of_the_delivery_first_and_then_of_the_reservation() {
        let reservation = a_reservation(600);
        let taken = bill(500, 400, Some(&reservation), 0);
        assert_eq!(
            (
                taken.delivered_minor,
                taken.captured_minor,
                taken.excess_minor
            ),
            (400, 100, 0)
        );
        let over = bill(1_040, 400, Some(&reservation), 50_000);
        assert_eq!((over.captured_minor, over.excess_minor), (630, 10));
        let unreserved = bill(500, 400, None, 0);
        assert_eq!(
            (unreserved.delivered_minor, unreserved.excess_minor),
            (400, 0)
        );
    }

    #[test]
    fn what_came_back_is_held_again_while_the_reservation_may_hold() {
        let now = at("2026-03-02T00:00:00Z");
        let whole = captured(&a_reservation(100), 104, now);
        assert_eq!(whole.status, ReservationStatus::Captured);
        assert_eq!(whole.ended_at, Some(now));
        let back = given_back(&whole, 104, now).unwrap();
        assert_eq!(
            (back.status, back.remaining_minor()),
            (ReservationStatus::Active, 100)
        );
        assert_eq!(back.ended_at, None);
        // Of a part whose remainder was released, that part alone comes back.
        let part = Reservation {
            status: ReservationStatus::Captured,
            ..captured(&a_reservation(100), 30, now)
        };
        assert_eq!(given_back(&part, 30, now).unwrap().remaining_minor(), 30);
        assert_eq!(given_back(&whole, 104, whole.expires_at), None);
        let released = Reservation {
            status: ReservationStatus::Released,
            ..whole
        };
        assert_eq!(given_back(&released, 104, now), None);
    }
}
