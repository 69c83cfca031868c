//! What is kept of a run: what to run again, where it stood, what was predicted. Plain lines of text.
//!
//! **Invariants.** Reading never guesses: a record that is not whole is refused, and its bytes are kept elsewhere. Lines
//! that this version does not know are kept as they are, so that an older page does not lose what a newer one wrote.

use protocol::Replay;

/// How sure somebody is of a prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// Sure.
    Sure,
    /// Thinks so.
    ThinkSo,
    /// Guesses.
    Guess,
}

impl Confidence {
    /// All of them, the surest first.
    pub const ALL: [Self; 3] = [Self::Sure, Self::ThinkSo, Self::Guess];

    /// The word on the page.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sure => "sure",
            Self::ThinkSo => "think so",
            Self::Guess => "guess",
        }
    }
}

/// A prediction that was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The position of the chosen option.
    pub option: u16,
    /// How sure.
    pub confidence: Confidence,
}

/// One run as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number among the runs of its scenario in this browser; 0 if it never got one.
    pub number: u32,
    /// What to run again.
    pub replay: Replay,
    /// The entry at which it stood.
    pub step: u64,
    /// What was predicted.
    pub prediction: Option<Prediction>,
    /// Whether the introduction of a first visit is over.
    pub introduced: bool,
    /// How many hints were opened.
    pub hints: u32,
    /// Whether its cause was told.
    pub told: bool,
    /// Lines that this version does not know.
    pub other: Vec<String>,
}

const HEAD: &str = "study-lab run 1";

impl Record {
    /// The text that is kept.
    pub fn write(&self) -> String {
        let mut text = format!(
            "{HEAD}\nnumber {}\nreplay {}\nstep {}\nhints {}\n",
            self.number,
            self.replay.to_link(),
            self.step,
            self.hints
        );
        if let Some(prediction) = self.prediction {
            text.push_str(&format!(
                "prediction {} {}\n",
                prediction.option,
                prediction.confidence.word()
            ));
        }
        if self.introduced {
            text.push_str("introduced yes\n");
        }
        if self.told {
            text.push_str("told yes\n");
        }
        for line in &self.other {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str("end\n");
        text
    }

    /// Reads what [`Record::write`] wrote; `None` if it is not whole.
    pub fn read(text: &str) -> Option<Self> {
        let body = text
            .strip_prefix(HEAD)?
            .strip_prefix('\n')?
            .strip_suffix("end\n")?;
        let (mut replay, mut step, mut prediction) = (None, None, None);
        let (mut number, mut hints, mut introduced, mut told) = (0, 0, false, false);
        let mut other = vec![];
        for line in body.lines() {
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            match key {
                "number" => number = value.parse().ok()?,
                "replay" => replay = Some(Replay::from_link(value).ok()?),
                "step" => step = Some(value.parse().ok()?),
                "hints" => hints = value.parse().ok()?,
                "prediction" => {
                    let (option, word) = value.split_once(' ')?;
                    let confidence = Confidence::ALL
                        .into_iter()
                        .find(|confidence| confidence.word() == word)?;
                    prediction = Some(Prediction {
                        option: option.parse().ok()?,
                        confidence,
                    });
                }
                "introduced" => introduced = value == "yes",
                "told" => told = value == "yes",
                _ => other.push(line.to_string()),
            }
        }
        Some(Self {
            number,
            replay: replay?,
            step: step?,
            prediction,
            introduced,
            hints,
            told,
            other,
        })
    }

    /// Whether anything was done in it, so that it is worth coming back to; `begun_at` is the moment at which it began.
    pub fn touched(&self, begun_at: u64) -> bool {
        !self.replay.actions.is_empty()
            || self.prediction.is_some()
            || self.hints > 0
            || self.replay.at != begun_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            number: 3,
            replay: Replay {
                engine: "0.1.0".into(),
                scenario: "stuck-wake".into(),
                content: 1,
                seed: 7,
                waivers: vec![],
                knobs: vec![],
                actions: vec![],
                at: 4,
                claim: None,
                severity: protocol::Severity::Calm,
            },
            step: 12,
            prediction: Some(Prediction {
                option: 2,
                confidence: Confidence::ThinkSo,
            }),
            introduced: true,
            hints: 1,
            told: true,
            other: vec!["colour blue".into()],
        }
    }

    #[test]
    fn records_come_back_with_lines_of_newer_versions() {
        assert_eq!(Record::read(&record().write()), Some(record()));
        let plain = Record {
            prediction: None,
            introduced: false,
            told: false,
            other: vec![],
            ..record()
        };
        assert_eq!(Record::read(&plain.write()), Some(plain));
    }

    #[test]
    fn a_record_of_an_older_page_has_no_number_and_told_nothing() {
        let text = record()
            .write()
            .replace("number 3\n", "")
            .replace("told yes\n", "");
        let old = Record {
            number: 0,
            told: false,
            ..record()
        };
        assert_eq!(Record::read(&text), Some(old));
    }

    #[test]
    fn a_run_is_worth_keeping_once_something_was_done_in_it() {
        let fresh = Record {
            prediction: None,
            hints: 0,
            ..record()
        };
        assert!(!fresh.touched(fresh.replay.at));
        assert!(fresh.touched(fresh.replay.at + 1) && record().touched(record().replay.at));
        let mut acted = fresh.clone();
        acted.replay.actions.push(protocol::Placed {
            at: 4,
            id: "retry".into(),
        });
        assert!(acted.touched(4));
    }

    #[test]
    fn a_record_that_was_cut_or_changed_is_refused() {
        let text = record().write();
        for cut in 0..text.len() {
            assert_eq!(Record::read(&text[..cut]), None, "cut at {cut}");
        }
        assert_eq!(Record::read(&text.replace("step 12", "step twelve")), None);
        assert_eq!(Record::read(&text.replace("think so", "dunno")), None);
        assert_eq!(Record::read(""), None);
    }
}
