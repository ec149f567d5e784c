//! When levels go out, and whether somebody must approve them.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::book::payment_terms::model::Weekday;
use kernel::columns::text_enum;

text_enum! {
    /// From which day a level's days are counted.
    #[derive(Default)]
    pub enum Timing {
        /// The day on which the item is due.
        #[default]
        DueDate = "due_date",
        /// The last day of the month in which it is due.
        MonthEnd = "month_end",
        /// The day of the last notice; the day on which it is due where there was none.
        LastNotice = "last_notice",
    }
}

text_enum! {
    /// Who must have seen what a scheduled run sends.
    #[derive(Default)]
    pub enum LevelApproval {
        /// Nobody, as long as the cash feed is fresh.
        None = "none",
        /// A person.
        #[default]
        SecondPerson = "second_person",
    }
}

text_enum! {
    /// What a run proposes.
    pub enum RunScope {
        /// Everything that is ripe.
        All = "all",
        /// What a schedule sends by itself.
        Unattended = "unattended",
        /// What a schedule leaves to a person.
        Attended = "attended",
    }
}

/// When a procedure is run by netterms itself, and how old what it knows of payments may be then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DunningSchedule, example = json!({"weekdays": ["tuesday", "thursday"], "cash_feed_days": 2}))]
pub struct Schedule {
    /// On these days of the week; on none when empty.
    #[validate(length(max = 7))]
    #[schema(max_items = 7)]
    pub weekdays: Vec<Weekday>,
    /// How many days old the newest bank statement, or ledger snapshot, of a company may be, so that its notices go out
    /// without a person.
    #[validate(range(min = 0, max = 60))]
    #[schema(minimum = 0, maximum = 60)]
    pub cash_feed_days: i32,
}

impl Schedule {
    /// Whether it asks for a run on a day.
    pub fn is_due(&self, day: NaiveDate) -> bool {
        self.weekdays.contains(&Weekday::from(day.weekday()))
    }

    /// Whether what is known of payments up to a day is new enough today.
    pub fn is_fresh(&self, known_to: Option<NaiveDate>, today: NaiveDate) -> bool {
        known_to.is_some_and(|day| (today - day).num_days() <= i64::from(self.cash_feed_days))
    }
}
