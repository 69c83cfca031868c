//! The platform's own streams of keyed choices, in one place so that no two share a number. Those below 8 belong to the
//! world around it.

/// The jitter of `Retry-After`, keyed by the request.
pub(crate) const RETRY_AFTER: u8 = 8;
/// The jitter of a deployment's back-off, keyed by its life and attempt.
pub(crate) const BACK_OFF: u8 = 9;
/// How long an instance of a database takes to be made, keyed by its restore.
pub(crate) const RESTORE: u8 = 22;
/// How long a caller waits before it tries again, keyed by itself, its call and its try.
pub(crate) const CALL_BACK_OFF: u8 = 23;
