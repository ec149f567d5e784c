//! Which days are worked.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::book::catalogues::model::Texts;
use crate::platform::db::schema::calendars;
use kernel::clock::{Day, Instant};
use kernel::columns::text_enum;
use kernel::text::{Keyword, Line, Subject};

text_enum! {
    /// A day of the week.
    pub enum Weekday {
        Monday = "monday",
        Tuesday = "tuesday",
        Wednesday = "wednesday",
        Thursday = "thursday",
        Friday = "friday",
        Saturday = "saturday",
        Sunday = "sunday",
    }
}

impl From<chrono::Weekday> for Weekday {
    fn from(day: chrono::Weekday) -> Weekday {
        match day {
            chrono::Weekday::Mon => Weekday::Monday,
            chrono::Weekday::Tue => Weekday::Tuesday,
            chrono::Weekday::Wed => Weekday::Wednesday,
            chrono::Weekday::Thu => Weekday::Thursday,
            chrono::Weekday::Fri => Weekday::Friday,
            chrono::Weekday::Sat => Weekday::Saturday,
            chrono::Weekday::Sun => Weekday::Sunday,
        }
    }
}

text_enum! {
    /// What is special about a day.
    pub enum DayKind {
        /// It is not worked, whatever day of the week it is.
        Holiday = "holiday",
        /// It is worked, though its day of the week is not.
        WorkingDay = "working_day",
    }
}

/// A day that is not as its day of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"day": "2026-10-01", "kind": "holiday", "name": "National Day"}))]
pub struct SpecialDay {
    pub day: Day,
    pub kind: DayKind,
    pub name: Option<Line>,
}

/// What a calendar says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// What it is called.
    pub texts: Texts,
    /// The days of the week that are not worked.
    pub weekend: Vec<Weekday>,
    /// The days that are not as their day of the week, by day.
    pub days: Vec<SpecialDay>,
}

/// How far a business day is looked for.
const SEARCH_DAYS_MAX: u64 = 400;

impl Calendar {
    /// The special days by date, the later of two for one day.
    pub fn specials(&self) -> BTreeMap<NaiveDate, DayKind> {
        let days = self.days.iter();
        days.map(|special| (special.day.date(), special.kind))
            .collect()
    }

    /// Whether a day is worked. `specials` are [`Calendar::specials`], which are asked for once.
    pub fn is_worked(&self, specials: &BTreeMap<NaiveDate, DayKind>, day: NaiveDate) -> bool {
        match specials.get(&day) {
            Some(DayKind::WorkingDay) => true,
            Some(DayKind::Holiday) => false,
            None => !self.weekend.contains(&Weekday::from(day.weekday())),
        }
    }

    /// The first business day from a day on, or back from it; the day itself when none is near.
    pub fn nearest(&self, day: NaiveDate, backwards: bool) -> NaiveDate {
        let specials = self.specials();
        let step = |offset: u64| {
            if backwards {
                day.checked_sub_days(Days::new(offset))
            } else {
                day.checked_add_days(Days::new(offset))
            }
        };
        (0..=SEARCH_DAYS_MAX)
            .filter_map(step)
            .find(|day| self.is_worked(&specials, *day))
            .unwrap_or(day)
    }
}

/// A calendar as it is stored.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = calendars, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CalendarRow {
    pub code: Keyword,
    /// The [`Calendar`] as JSON.
    pub document: String,
    pub changed_by: Subject,
    pub changed_at: Instant,
    pub version: i64,
}
