//! How long a subscription rests after a failure.

use chrono::Duration;

/// No rest is longer.
const REST_SECONDS_MAX: i64 = 300;

/// The rest after this many failures in a row: 1, 2, 4, 8 seconds and so on, five minutes at most.
pub fn rest_after(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0);
    let seconds = 2_i64.saturating_pow(doublings);
    Duration::seconds(seconds.min(REST_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rest_is_twice_as_long_up_to_five_minutes() {
        let seconds: Vec<i64> = [1, 2, 3, 4, 9, 10, 11, i32::MAX]
            .into_iter()
            .map(|attempts| rest_after(attempts).num_seconds())
            .collect();
        assert_eq!(seconds, [1, 2, 4, 8, 256, 300, 300, 300]);
    }
}
