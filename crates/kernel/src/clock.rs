//! Time: instants in UTC, business days of the organisation, and the one clock that tells them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{
    DateTime, Datelike as _, Duration, NaiveDate, NaiveTime, SubsecRound as _, TimeZone as _,
    Timelike as _, Utc,
};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// The last instant of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;
const LAST_NANOSECONDS: u32 = 999_999_000;

/// An instant in UTC, to the microsecond, which is what PostgreSQL keeps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(DateTime<Utc>);

impl Instant {
    pub fn new(at: DateTime<Utc>) -> Instant {
        Instant(at.trunc_subsecs(6))
    }

    pub const fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// The instant `duration` later; the last one that can be told when that is out of range.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Instant {
        Instant(
            self.0
                .checked_add_signed(duration)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        )
    }

    /// `2026-03-31T08:00:00.000000Z`. By hand: chrono reads its pattern anew each time, and a check writes a dozen
    /// instants.
    fn text(self) -> String {
        let (day, time) = (self.0.date_naive(), self.0.time());
        let mut text = String::with_capacity("2026-03-31T08:00:00.000000Z".len());
        for (value, width, after) in [
            (day.year().unsigned_abs(), 4, '-'),
            (day.month(), 2, '-'),
            (day.day(), 2, 'T'),
            (time.hour(), 2, ':'),
            (time.minute(), 2, ':'),
            (time.second(), 2, '.'),
            (time.nanosecond() % 1_000_000_000 / 1_000, 6, 'Z'),
        ] {
            push_digits(&mut text, value, width);
            text.push(after);
        }
        text
    }
}

/// Writes a number with at least so many digits.
fn push_digits(text: &mut String, value: u32, width: u32) {
    let digits = value.checked_ilog10().map_or(1, |log| log + 1).max(width);
    for place in (0..digits).rev() {
        let digit = value / 10u32.pow(place) % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
        let text = String::deserialize(deserializer)?;
        let at = DateTime::parse_from_rfc3339(&text)
            .map_err(|_| {
                serde::de::Error::custom("is not an instant such as 2026-03-31T08:00:00Z")
            })?
            .to_utc();
        if !(1970..=9999).contains(&chrono::Datelike::year(&at)) {
            return Err(serde::de::Error::custom(
                "is not between the years 1970 and 9999",
            ));
        }
        Ok(Instant::new(at))
    }
}

impl PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("An instant, RFC 3339 in UTC."))
            .max_length(Some(40))
            .examples(["2026-03-31T08:00:00.000000Z"])
            .into()
    }
}

impl ToSchema for Instant {}

/// A day of the calendar that comes in: `2026-03-31`, between the years 1970 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Day(NaiveDate);

impl Day {
    pub const fn date(self) -> NaiveDate {
        self.0
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Day {
        Day(date)
    }
}

impl std::str::FromStr for Day {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Day, &'static str> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .filter(|date| date.to_string() == text)
            .ok_or("is not a day such as 2026-03-31")?;
        if !(1970..=9999).contains(&chrono::Datelike::year(&date)) {
            return Err("is not between the years 1970 and 9999");
        }
        Ok(Day(date))
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .description(Some("A day of the organisation's calendar."))
            .pattern(Some(
                r"^(19[7-9][0-9]|[2-9][0-9]{3})-[0-1][0-9]-[0-3][0-9]$",
            ))
            .max_length(Some(10))
            .examples(["2026-03-31"])
            .into()
    }
}

impl ToSchema for Day {}

/// Tells the time. Everything but token lifetimes reads it here, so that tests and drills can move it.
#[derive(Clone)]
pub struct Clock {
    timezone: Tz,
    /// Microseconds added to the machine's time; only a turnable clock ever has any.
    offset_micros: Arc<AtomicI64>,
    turnable: bool,
}

impl Clock {
    /// The machine's clock, with business days counted in `timezone`.
    pub fn system(timezone: Tz) -> Clock {
        Clock {
            timezone,
            offset_micros: Arc::default(),
            turnable: false,
        }
    }

    /// A clock that [`Clock::turn_to`] can move: for drills and tests.
    pub fn turnable(timezone: Tz) -> Clock {
        Clock {
            turnable: true,
            ..Clock::system(timezone)
        }
    }

    pub const fn is_turnable(&self) -> bool {
        self.turnable
    }

    pub fn now(&self) -> Instant {
        let offset = Duration::microseconds(self.offset_micros.load(Ordering::Relaxed));
        machine_now().plus(offset)
    }

    /// The organisation's business day at an instant.
    pub fn day_of(&self, at: Instant) -> NaiveDate {
        at.utc().with_timezone(&self.timezone).date_naive()
    }

    /// The first instant of a business day of the organisation. Where the clocks were put forward over midnight, the day
    /// begins later.
    pub fn start_of(&self, day: NaiveDate) -> Instant {
        let midnight = day.and_time(NaiveTime::MIN);
        (0..=48)
            .find_map(|hours| {
                let time = midnight.checked_add_signed(Duration::hours(hours))?;
                self.timezone.from_local_datetime(&time).earliest()
            })
            .map_or_else(
                || Instant::new(midnight.and_utc()),
                |at| Instant::new(at.to_utc()),
            )
    }

    /// The first instant after a business day. After the last day that an instant can be written of, its last instant: a
    /// database that keeps instants as text would sort a year of five digits before all others.
    pub fn end_of(&self, day: NaiveDate) -> Instant {
        let last = DateTime::from_timestamp(LAST_SECOND, LAST_NANOSECONDS);
        let last = Instant::new(last.unwrap_or(DateTime::<Utc>::MAX_UTC));
        day.succ_opt()
            .map_or(last, |next| self.start_of(next))
            .min(last)
    }

    pub fn today(&self) -> NaiveDate {
        self.day_of(self.now())
    }

    /// Moves a turnable clock, from which it runs on; a system clock stays as it is.
    pub fn turn_to(&self, at: Instant) {
        if self.turnable {
            let offset = at.utc() - machine_now().utc();
            self.offset_micros
                .store(offset.num_microseconds().unwrap_or(0), Ordering::Relaxed);
        }
    }
}

/// The machine's own time. Token lifetimes use it; everything else asks a [`Clock`].
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn machine_now() -> Instant {
    Instant::new(Utc::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_business_day_follows_the_organisations_timezone() {
        let clock = Clock::system(chrono_tz::Asia::Shanghai);
        let evening: Instant = serde_json::from_str("\"2026-03-31T20:00:00Z\"").unwrap();
        assert_eq!(clock.day_of(evening).to_string(), "2026-04-01");
    }

    #[test]
    fn a_day_ends_where_the_next_begins_and_the_last_before_a_year_of_five_digits() {
        for zone in [
            chrono_tz::UTC,
            chrono_tz::Asia::Shanghai,
            chrono_tz::America::New_York,
        ] {
            let clock = Clock::system(zone);
            let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
            assert_eq!(
                clock.end_of(day("2026-03-31")),
                clock.start_of(day("2026-04-01"))
            );
            for last in ["9999-12-30", "9999-12-31", "+10000-01-01", "+262142-12-31"] {
                let end = clock.end_of(day(last)).to_string();
                assert_eq!(end.len(), "9999-12-31T23:59:59.999999Z".len(), "{end}");
                assert!(end > clock.start_of(day("9999-12-30")).to_string(), "{end}");
            }
        }
    }

    #[test]
    fn only_a_turnable_clock_turns() {
        let at: Instant = serde_json::from_str("\"2030-01-01T00:00:00Z\"").unwrap();
        let turnable = Clock::turnable(chrono_tz::UTC);
        turnable.turn_to(at);
        assert_eq!(turnable.today().to_string(), "2030-01-01");
        let system = Clock::system(chrono_tz::UTC);
        system.turn_to(at);
        assert!(system.now() < at);
    }

    proptest::proptest! {
        #[test]
        fn an_instant_is_written_as_by_its_pattern(micros in 0i64..253_402_300_800_000_000) {
            let at = Instant::new(DateTime::from_timestamp_micros(micros).unwrap());
            let by_pattern = at.utc().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            proptest::prop_assert_eq!(at.to_string(), by_pattern);
        }
    }

    #[test]
    fn a_day_is_written_in_one_way_only() {
        for text in [
            "2026-3-31",
            "2026-02-29",
            "31.03.2026",
            "0001-01-01",
            "+2026-03-31",
            "",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }
}
