//! What comes a moment later, of what goes on beside the test.

use std::time::Duration;

/// How often it is looked, and how long between.
const LOOKS_MAX: usize = 6_000;
const PAUSE: Duration = Duration::from_millis(5);

/// What `look` finds, as soon as it finds something.
pub fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(PAUSE);
    }
    panic!("it did not come about")
}
