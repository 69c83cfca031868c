//! What the person at the terminal sees while something takes its time.
//!
//! One line per step, saying what is done and why. All of it goes to standard error, so that standard output
//! stays free for answers (the address of the server, the variables of `env`).

use std::time::Duration;

/// Announces a step: what is about to happen, and why it has to.
pub fn step(what: &str, why: &str) {
    eprintln!("==> {what}: {why}");
}

/// Adds a remark to the step that is under way.
pub fn note(text: impl AsRef<str>) {
    for line in text.as_ref().lines() {
        eprintln!("    {line}");
    }
}

/// A duration the way a person says it: `0.4 s`, `12.3 s`, `3 min 20 s`.
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        let whole = duration.as_secs();
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_speech() {
        assert_eq!(human(Duration::from_millis(420)), "0.4 s");
        assert_eq!(human(Duration::from_secs(200)), "3 min 20 s");
    }
}
