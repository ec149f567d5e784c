//! Lines of exchange rates.

use super::{ImportError, Importable};
use crate::book::exchange_rates::actions::{Taken, take_over};
use crate::book::exchange_rates::model::NewRate;
use crate::book::imports::model::{Row, Verdict};
use crate::platform::db::Tx;

impl Importable for NewRate {
    /// A line with another rate than the one that holds is a correction, as it is when somebody sets it.
    fn post(tx: &mut Tx, rows: &[Row<NewRate>]) -> Result<Vec<Verdict>, ImportError> {
        let rates: Vec<&NewRate> = rows.iter().map(|row| &row.content).collect();
        let taken = take_over(tx, &rates)?;
        let verdicts = taken.into_iter().map(|taken| match taken {
            Taken::Set => Verdict::Created,
            Taken::Unchanged => Verdict::Unchanged,
            Taken::InFuture(why) => Verdict::rejected("rate_date", "in_future", why),
        });
        Ok(verdicts.collect())
    }
}
