//! Configuration by seed: what of a world the seed draws, within ranges that the world declares.

use crate::plan::Range;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Things.
    Things,
    /// A share, in millionths of the whole.
    Share,
}

/// How something that may vary is described, once.
#[derive(Clone, Copy, Debug)]
pub struct VariedSpec {
    /// Its id, as content files write it.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
    /// What its number counts.
    pub counts: Counts,
    /// One plain sentence.
    pub doc: &'static str,
}

macro_rules! varied {
    ($( #[doc = $doc:literal] $id:literal $title:literal $counts:ident $variant:ident; )+) => {
        /// What of a world the seed may draw.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Varied { $( #[doc = $doc] $variant ),+ }

        /// Everything that may vary.
        pub static VARIED: &[(Varied, VariedSpec)] = &[$(
            (Varied::$variant, VariedSpec { id: $id, title: $title, counts: Counts::$counts, doc: $doc.trim_ascii() })
        ),+];
    };
}

varied! {
    /// How many edges the fleet has.
    "edges" "Edges" Things Edges;
    /// How many runners the fleet has.
    "runners" "Runners" Things Runners;
    /// How many requests come, as a share of those that the world has as written.
    "load" "Load" Share Load;
    /// How many of all messages within the platform are lost.
    "loss" "Loss" Share Loss;
    /// How many of all messages within the platform arrive twice.
    "duplication" "Duplication" Share Duplication;
    /// How many of all messages within the platform are overtaken.
    "reordering" "Reordering" Share Reordering;
    /// How many of the kinds of trouble in the background there are; which of them, the seed draws as well.
    "troubles" "Troubles" Things Troubles;
}

impl Varied {
    /// Its description.
    #[must_use]
    pub fn spec(self) -> &'static VariedSpec {
        &VARIED[self as usize].1
    }

    /// A number of it as people write it.
    #[must_use]
    pub fn show(self, value: u64) -> String {
        match self.spec().counts {
            Counts::Things => alloc::format!("{value}"),
            Counts::Share => {
                let (whole, part) = (value / 10_000, value % 10_000);
                let text = alloc::format!("{whole}.{part:04}");
                let text = text.trim_end_matches('0').trim_end_matches('.');
                alloc::format!("{text}%")
            }
        }
    }
}

/// A range from which the seed draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vary {
    /// What is drawn.
    pub what: Varied,
    /// Within what; shares in millionths.
    pub range: Range,
}

/// What a seed drew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// What.
    pub what: Varied,
    /// How much; a share in millionths.
    pub value: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_the_order_of_the_variants() {
        for (at, (varied, _)) in VARIED.iter().enumerate() {
            assert_eq!(*varied as usize, at);
        }
    }

    #[test]
    fn numbers_are_shown_as_people_write_them() {
        assert_eq!(Varied::Edges.show(4), "4");
        for (value, shown) in [
            (0, "0%"),
            (5_000, "0.5%"),
            (1_500_000, "150%"),
            (12_345, "1.2345%"),
            (100_000, "10%"),
        ] {
            assert_eq!(Varied::Loss.show(value), shown);
        }
    }
}
