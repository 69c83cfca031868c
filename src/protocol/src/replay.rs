//! Replay: everything that it takes to run something again, and how it travels in a link.
//!
//! **Invariants.** One encoding per value: `v1.` and the base64url of the canonical bytes with a checksum. What does not
//! decode exactly is refused with the reason. The severity is the last of the bytes and is left out where it is the usual
//! one: links from before there were severities mean that one, and read and are written as they were.

use crate::problem::Problem;
use crate::severity::Severity;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::hash::Hasher;
use machine::fingerprint::Fold;
use serde::{Deserialize, Serialize};

/// Something that was done at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// When, in microseconds.
    pub at: u64,
    /// The id of a read or an action of the scenario.
    pub id: String,
}

/// What to run again. Equal replays give equal histories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The engine that made it.
    pub engine: String,
    /// The scenario's id.
    pub scenario: String,
    /// The digest of the scenario's plan.
    pub content: u64,
    /// The seed.
    pub seed: u64,
    /// The ids of the waived gates.
    pub waivers: Vec<String>,
    /// The knobs that were set, by id, in their own units (microseconds, bytes, counts).
    pub knobs: Vec<(String, u64)>,
    /// What was done, in order of time.
    pub actions: Vec<Placed>,
    /// Where the run stood when this was made: the time in microseconds.
    pub at: u64,
    /// The fingerprint at the end of the run, if it is claimed.
    pub claim: Option<u64>,
    /// How hard the background is.
    #[serde(default)]
    pub severity: Severity,
}

/// Why a link cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// It does not begin with a version that this engine knows.
    Version,
    /// It is longer than any link of ours.
    TooBig,
    /// It has a character that no link has, at this position.
    Character(u32),
    /// It was cut off, or something was added.
    Truncated,
    /// Its checksum does not fit its content.
    Checksum,
    /// Its checksum fits but its content is not a replay.
    Content,
}

const PREFIX: &str = "v1.";
/// The longest text that is even looked at, in bytes.
const MAX_TEXT: usize = 64 * 1024;

impl Replay {
    /// The text that goes behind `#` in a link.
    ///
    /// # Panics
    /// Never: plain data always encodes.
    #[must_use]
    pub fn to_link(&self) -> String {
        let mut bytes = postcard::to_allocvec(self).unwrap_or_default();
        if self.severity == Severity::default() {
            bytes.pop();
        }
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        let mut link = String::from(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&bytes, &mut link);
        link
    }

    /// Reads what [`Replay::to_link`] wrote.
    ///
    /// # Errors
    /// [`LinkError`]; each names one way in which links get damaged.
    pub fn from_link(text: &str) -> Result<Self, LinkError> {
        let text = text.trim().trim_start_matches('#');
        if text.len() > MAX_TEXT {
            return Err(LinkError::TooBig);
        }
        let body = text.strip_prefix(PREFIX).ok_or(LinkError::Version)?;
        if let Some(position) = body
            .bytes()
            .position(|c| !(c.is_ascii_alphanumeric() || c == b'-' || c == b'_'))
        {
            return Err(LinkError::Character((position + PREFIX.len()) as u32));
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(body)
            .map_err(|_| LinkError::Truncated)?;
        let Some(split) = bytes.len().checked_sub(4).filter(|split| *split > 0) else {
            return Err(LinkError::Truncated);
        };
        let (content, sum) = bytes.split_at(split);
        if checksum(content).to_le_bytes() != sum {
            return Err(LinkError::Checksum);
        }
        // The usual severity is left out; the content of a link with another one does not fit with it added.
        let mut usual = content.to_vec();
        usual.push(Severity::default() as u8);
        let replay = match postcard::take_from_bytes(&usual) {
            Ok((replay, [])) => replay,
            _ => match postcard::take_from_bytes::<Self>(content) {
                Ok((replay, [])) if replay.severity != Severity::default() => replay,
                _ => return Err(LinkError::Content),
            },
        };
        if replay.is_canonical() {
            Ok(replay)
        } else {
            Err(LinkError::Content)
        }
    }

    /// Whether lists are sorted and hold nothing twice, so that equal runs have equal links.
    fn is_canonical(&self) -> bool {
        self.waivers.is_sorted_by(|a, b| a < b)
            && self.knobs.is_sorted_by(|a, b| a.0 < b.0)
            && self.actions.is_sorted_by(|a, b| a.at <= b.at)
    }
}

impl LinkError {
    /// What a person is told.
    #[must_use]
    pub fn problem(self) -> Problem {
        let (code, message, hint) = match self {
            Self::Version => (
                "link-version",
                String::from(
                    "this is not a link of Study Lab, or of a version that is not known here",
                ),
                "A link's last part begins with `v1.`; copy the whole of it.",
            ),
            Self::TooBig => (
                "link-too-big",
                String::from("the link is longer than 64 KiB"),
                "Links of the lab are much shorter; copy only the link.",
            ),
            Self::Character(at) => (
                "link-character",
                alloc::format!("the link has a character at position {at} that no link has"),
                "Something was added while it was sent, often a bracket or a full stop at its end; remove that.",
            ),
            Self::Truncated => (
                "link-truncated",
                String::from("the link is cut off"),
                "Paste the whole link; long links are often broken at the end of a line.",
            ),
            Self::Checksum => (
                "link-checksum",
                String::from("the link was changed on its way: its checksum does not fit"),
                "Ask for the link again, or have it sent as code so that nothing is reformatted.",
            ),
            Self::Content => (
                "link-content",
                String::from("the link is whole but says nothing that can be run"),
                "It was made by something else than the lab, or by a version with another format.",
            ),
        };
        Problem::new(code, message)
            .detail("The run that is open was left as it is.")
            .hint(hint)
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut fold = Fold::new(bytes.len() as u64);
    fold.write(bytes);
    (fold.finish() >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn replay() -> Replay {
        Replay {
            engine: crate::ENGINE.to_string(),
            scenario: "stuck-wake".to_string(),
            content: 7,
            seed: 42,
            waivers: alloc::vec!["hold-slots-free".to_string()],
            knobs: alloc::vec![("hold-budget".to_string(), 9)],
            actions: alloc::vec![Placed {
                at: 5,
                id: "retry-wake".to_string()
            }],
            at: 9,
            claim: None,
            severity: Severity::Rough,
        }
    }

    #[test]
    fn a_link_from_before_there_were_severities_is_read_and_written_as_it_was() {
        let old = "v1.BTAuMy4wDXdha2Utc3RhbXBlZGXy_LvFotCS8m4AAQ9ob2xkLXNsb3RzLWZyZWUAAIC4uHIBj6Xhgs-2vbA5UcCz-g";
        let read = Replay::from_link(old).unwrap();
        assert_eq!(
            (read.severity, read.engine.as_str()),
            (Severity::Rough, "0.3.0")
        );
        assert_eq!(read.to_link(), old);
    }

    #[test]
    fn a_link_carries_its_severity() {
        let mut links = alloc::vec::Vec::new();
        for severity in Severity::ALL {
            for claim in [None, Some(1), Some(u64::MAX)] {
                let one = Replay {
                    severity: *severity,
                    claim,
                    ..replay()
                };
                assert_eq!(Replay::from_link(&one.to_link()), Ok(one.clone()));
                links.push(one.to_link());
            }
        }
        links.sort();
        links.dedup();
        assert_eq!(links.len(), 9);
        // There is one way to write it: the usual severity is not written out, and there is no fourth.
        for severity in [1, 3] {
            let mut bytes = postcard::to_allocvec(&replay()).unwrap();
            *bytes.last_mut().unwrap() = severity;
            let sum = checksum(&bytes);
            bytes.extend_from_slice(&sum.to_le_bytes());
            let link = alloc::format!("v1.{}", URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(Replay::from_link(&link), Err(LinkError::Content));
        }
    }

    #[test]
    fn links_come_back_and_every_damage_is_noticed() {
        let link = replay().to_link();
        assert_eq!(Replay::from_link(&link), Ok(replay()));
        assert_eq!(
            Replay::from_link(&alloc::format!(" #{link}\n")),
            Ok(replay())
        );
        for cut in 0..link.len() {
            assert!(Replay::from_link(&link[..cut]).is_err(), "cut at {cut}");
        }
        for i in PREFIX.len()..link.len() {
            let mut bytes = link.clone().into_bytes();
            bytes[i] = if bytes[i] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(Replay::from_link(&changed).is_err(), "changed at {i}");
        }
        assert_eq!(
            Replay::from_link(&alloc::format!("{link})")),
            Err(LinkError::Character(link.len() as u32))
        );
        assert_eq!(Replay::from_link("v2.AAAA"), Err(LinkError::Version));
        assert_eq!(
            Replay::from_link(&"A".repeat(MAX_TEXT + 1)),
            Err(LinkError::TooBig)
        );
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        let mut twice = replay();
        twice.waivers = alloc::vec!["b".to_string(), "a".to_string()];
        assert_eq!(Replay::from_link(&twice.to_link()), Err(LinkError::Content));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = Replay::from_link(&text);
            let _ = Replay::from_link(&alloc::format!("v1.{text}"));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = bytes;
            let sum = checksum(&bytes);
            bytes.extend_from_slice(&sum.to_le_bytes());
            let _ = Replay::from_link(&alloc::format!("v1.{}", URL_SAFE_NO_PAD.encode(&bytes)));
        }
    }
}
