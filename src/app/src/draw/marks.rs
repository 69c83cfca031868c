//! Shapes: one for each kind of mark and each role, so that nothing is told by colour alone.

use protocol::{MarkKind, Progress, Verdict};

/// What a sign stands for. Each has a shape of its own, a word, and a colour role in the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Nothing is under way.
    Rest,
    /// On the way.
    Way,
    /// Ended well, held, met.
    Well,
    /// Ended badly, broken, missed.
    Badly,
    /// A gate refused.
    Refused,
    /// A gate was waived.
    Waived,
    /// Something went wrong around the system.
    Injected,
    /// Somebody did something.
    Did,
    /// Somebody read something.
    Read,
    /// A question.
    Question,
    /// A moment worth a look.
    Moment,
    /// Two runs part.
    Parted,
}

impl Sign {
    /// Every sign, for the legend.
    pub const ALL: [Self; 12] = [
        Self::Rest,
        Self::Way,
        Self::Well,
        Self::Badly,
        Self::Refused,
        Self::Waived,
        Self::Injected,
        Self::Did,
        Self::Read,
        Self::Question,
        Self::Moment,
        Self::Parted,
    ];

    /// The shape: an SVG path in a square from 0 to 12.
    pub fn path(self) -> &'static str {
        match self {
            Self::Rest => {
                "M6 1.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9zM6 3.2a2.8 2.8 0 1 1 0 5.6a2.8 2.8 0 1 1 0-5.6z"
            }
            Self::Way => "M2 1.5L10.5 6L2 10.5L4.2 6z",
            Self::Well => "M1 6.6L2.7 4.9L4.9 7.1L9.4 2.2L11.1 3.9L4.9 10.4z",
            Self::Badly => {
                "M2.9 1.5L6 4.6L9.1 1.5L10.5 2.9L7.4 6L10.5 9.1L9.1 10.5L6 7.4L2.9 10.5L1.5 9.1L4.6 6L1.5 2.9z"
            }
            Self::Refused => "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10zM3 5h6v2h-6z",
            Self::Waived => "M1 4L3 2L5 4L7 2L9 4L11 2V5L9 7L7 5L5 7L3 5L1 7zM1 9h10v1.6h-10z",
            Self::Injected => "M6 1L11.4 10.8H.6zM5.3 4.4V7.4H6.7V4.4zM5.3 8.3V9.6H6.7V8.3z",
            Self::Did => "M6 .8L11.2 6L6 11.2L.8 6z",
            Self::Read => {
                "M.6 6C2 3.4 3.9 2.2 6 2.2S10 3.4 11.4 6C10 8.6 8.1 9.8 6 9.8S2 8.6 .6 6zM6 4a2 2 0 1 1 0 4a2 2 0 1 1 0-4z"
            }
            Self::Question => {
                "M3 3.9C3 2.2 4.2 1 6 1s3 1.1 3 2.8c0 1.9-2.1 2.2-2.1 3.9H5.1C5.1 5.2 7.1 5.1 7.1 3.8C7.1 3.1 6.7 2.7 6 2.7S4.9 3.2 4.9 3.9zM5 9h2v2H5z"
            }
            Self::Moment => "M5 1h2v10h-2z",
            Self::Parted => "M1 1.2L2.6.6L6 5L9.4.6L11 1.2L7 6.8V11.4H5V6.8z",
        }
    }

    /// The word that goes with it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rest => "at rest",
            Self::Way => "on the way",
            Self::Well => "ended well",
            Self::Badly => "ended badly",
            Self::Refused => "refused",
            Self::Waived => "waived",
            Self::Injected => "injected",
            Self::Did => "done by you",
            Self::Read => "read by you",
            Self::Question => "question",
            Self::Moment => "moment",
            Self::Parted => "runs part",
        }
    }

    /// One sentence for the legend.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Rest => "Nothing is under way.",
            Self::Way => "It is on its way to another state.",
            Self::Well => {
                "It got where it was meant to get; a property held; an objective was met."
            }
            Self::Badly => "It did not get there; a property broke; an objective was missed.",
            Self::Refused => "A gate found its fact missing and refused.",
            Self::Waived => "A gate would have refused, but was waived for this run.",
            Self::Injected => "Something went wrong around the system.",
            Self::Did => "An action of yours.",
            Self::Read => "Something that you read.",
            Self::Question => "The moment that the question is about.",
            Self::Moment => "A state changed, a gate refused, something failed: worth a stop.",
            Self::Parted => "Here two runs begin to differ.",
        }
    }

    /// The name of its colour role in the style sheet.
    pub fn role(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Way => "way",
            Self::Well => "well",
            Self::Badly => "badly",
            Self::Refused => "refused",
            Self::Waived => "waived",
            Self::Injected => "injected",
            Self::Did | Self::Read => "mine",
            Self::Question => "question",
            Self::Moment => "moment",
            Self::Parted => "parted",
        }
    }

    /// The sign of a mark on the timeline.
    pub fn of_mark(kind: MarkKind) -> Self {
        match kind {
            MarkKind::Fault => Self::Injected,
            MarkKind::Action => Self::Did,
            MarkKind::Read => Self::Read,
            MarkKind::Question => Self::Question,
            MarkKind::Moment => Self::Moment,
            MarkKind::Harm => Self::Badly,
            MarkKind::Difference => Self::Parted,
        }
    }

    /// The sign of a role in a lifecycle.
    pub fn of_role(role: machine::Role) -> Self {
        match role {
            machine::Role::Rest => Self::Rest,
            machine::Role::Way => Self::Way,
            machine::Role::Good => Self::Well,
            machine::Role::Bad => Self::Badly,
        }
    }

    /// The sign of a ruling's verdict, by its word.
    pub fn of_ruling(verdict: &str) -> Self {
        match verdict {
            "passed" => Self::Well,
            "waived" => Self::Waived,
            _ => Self::Refused,
        }
    }
}

/// How a property stands: its sign and its word.
pub fn verdict(verdict: &Verdict) -> (Sign, &'static str) {
    match verdict {
        Verdict::Held => (Sign::Well, "held"),
        Verdict::Broken { .. } => (Sign::Badly, "broken"),
        Verdict::NotExercised => (Sign::Rest, "not exercised"),
    }
}

/// How an objective stands: its sign and its word.
pub fn progress(progress: Progress) -> (Sign, &'static str) {
    match progress {
        Progress::Open => (Sign::Rest, "open"),
        Progress::Kept => (Sign::Way, "kept so far"),
        Progress::Met => (Sign::Well, "met"),
        Progress::Missed => (Sign::Badly, "missed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_signs_share_a_shape_or_a_word() {
        for (i, a) in Sign::ALL.iter().enumerate() {
            for b in &Sign::ALL[i + 1..] {
                assert_ne!(a.path(), b.path());
                assert_ne!(a.word(), b.word());
            }
        }
    }

    #[test]
    fn not_exercised_never_looks_like_held() {
        assert_ne!(verdict(&Verdict::NotExercised).0, verdict(&Verdict::Held).0);
    }
}
