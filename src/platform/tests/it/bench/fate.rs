//! What a bench makes of messages on their way.

use machine::Duration;

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Deliver,
    Drop,
    /// It is kept in `Bench::kept` until the test lets it go.
    Keep,
    Delay(Duration),
    Twice,
}
