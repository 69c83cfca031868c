//! Knobs: the numbers of the real logic, each with a unit, a range, a default and a reason.

use crate::text;
use crate::time::Duration;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// What a knob's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds; written `8s`, `200ms`, `10min`.
    Time,
    /// A plain count.
    Count,
    /// Bytes; written `64KiB`, `512MiB`.
    Bytes,
}

/// One knob, declared with [`knobs!`](crate::knobs).
#[derive(Debug, PartialEq, Eq)]
pub struct Knob {
    /// Its place in the catalog.
    pub index: u16,
    /// Its name.
    pub title: &'static str,
    /// The part of the platform that reads it.
    pub home: &'static str,
    /// What its number counts.
    pub unit: Unit,
    /// The value that production uses.
    pub default: u64,
    /// The least value that makes sense.
    pub min: u64,
    /// The greatest value that makes sense.
    pub max: u64,
    /// Its doc text.
    pub doc: &'static [&'static str],
}

/// Why a text or number is no value of a knob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnobError {
    /// The text is no number with a unit that this knob knows.
    Unreadable,
    /// The number lies outside the knob's range.
    OutOfRange,
}

impl Knob {
    /// The title in kebab-case.
    #[must_use]
    pub fn id(&self) -> String {
        text::kebab(self.title)
    }

    /// Checks a number against the range.
    ///
    /// # Errors
    /// [`KnobError::OutOfRange`].
    pub const fn check(&self, value: u64) -> Result<u64, KnobError> {
        if value < self.min || value > self.max {
            Err(KnobError::OutOfRange)
        } else {
            Ok(value)
        }
    }

    /// Reads a value as a person writes it: `8s`, `200ms`, `64KiB`, `100`.
    ///
    /// # Errors
    /// [`KnobError::Unreadable`] or [`KnobError::OutOfRange`].
    pub fn parse(&self, text: &str) -> Result<u64, KnobError> {
        let split = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (digits, suffix) = text.split_at(split);
        let number: u64 = digits.parse().map_err(|_| KnobError::Unreadable)?;
        let size = match (self.unit, suffix) {
            (Unit::Count, "") | (Unit::Bytes, "" | "B") | (Unit::Time, "us") => 1,
            (Unit::Time, "ms") => 1_000,
            (Unit::Time, "s") => 1_000_000,
            (Unit::Time, "min") => 60_000_000,
            (Unit::Bytes, "KiB") => 1 << 10,
            (Unit::Bytes, "MiB") => 1 << 20,
            (Unit::Bytes, "GiB") => 1 << 30,
            _ => return Err(KnobError::Unreadable),
        };
        number
            .checked_mul(size)
            .ok_or(KnobError::OutOfRange)
            .and_then(|value| self.check(value))
    }

    /// Writes a value so that [`Knob::parse`] reads it back.
    #[must_use]
    pub fn show(&self, value: u64) -> String {
        match self.unit {
            Unit::Count => alloc::format!("{value}"),
            Unit::Bytes if value > 0 && value.is_multiple_of(1 << 30) => {
                alloc::format!("{}GiB", value >> 30)
            }
            Unit::Bytes if value > 0 && value.is_multiple_of(1 << 20) => {
                alloc::format!("{}MiB", value >> 20)
            }
            Unit::Bytes if value > 0 && value.is_multiple_of(1 << 10) => {
                alloc::format!("{}KiB", value >> 10)
            }
            Unit::Bytes => alloc::format!("{value}B"),
            Unit::Time => {
                let (unit, size) = match value {
                    n if n.is_multiple_of(60_000_000) && n > 0 => ("min", 60_000_000),
                    n if n.is_multiple_of(1_000_000) => ("s", 1_000_000),
                    n if n.is_multiple_of(1_000) => ("ms", 1_000),
                    _ => ("us", 1),
                };
                alloc::format!("{}{unit}", value / size)
            }
        }
    }

    /// How the unit is written, for error texts.
    #[must_use]
    pub const fn unit_hint(&self) -> &'static str {
        match self.unit {
            Unit::Count => "a whole number",
            Unit::Bytes => "a whole number with B, KiB, MiB or GiB",
            Unit::Time => "a whole number with us, ms, s or min",
        }
    }
}

impl fmt::Display for KnobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "not a value of this knob",
            Self::OutOfRange => "outside the knob's range",
        })
    }
}

/// The value of every knob in one run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Knobs(Vec<u64>);

impl Knobs {
    /// Every knob at its default.
    #[must_use]
    pub fn defaults(all: &[&Knob]) -> Self {
        Self(all.iter().map(|knob| knob.default).collect())
    }

    /// The value of `knob`.
    #[inline]
    #[must_use]
    pub fn get(&self, knob: &Knob) -> u64 {
        self.0[usize::from(knob.index)]
    }

    /// The value of a knob that counts time.
    #[inline]
    #[must_use]
    pub fn time(&self, knob: &Knob) -> Duration {
        debug_assert!(knob.unit == Unit::Time);
        Duration(self.get(knob))
    }

    /// Sets `knob`.
    ///
    /// # Errors
    /// [`KnobError::OutOfRange`]; then nothing changed.
    pub fn set(&mut self, knob: &Knob, value: u64) -> Result<(), KnobError> {
        self.0[usize::from(knob.index)] = knob.check(value)?;
        Ok(())
    }
}

/// Declares knobs in the order of the catalog: one static each, and `ALL`. Times are in microseconds.
///
/// ```
/// machine::knobs! {
///     /// How long to wait.
///     PATIENCE = "patience", Time 8_000_000 in 0..=60_000_000, home "Thing";
/// }
/// assert_eq!(PATIENCE.parse("8s"), Ok(8_000_000));
/// assert_eq!(PATIENCE.show(8_000_000), "8s");
/// ```
#[macro_export]
macro_rules! knobs {
    ($( $(#[doc = $doc:literal])+ $name:ident = $title:literal, $unit:ident $default:literal in $min:literal ..= $max:literal,
        home $home:literal; )+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "variants only number the knobs")]
        #[repr(u16)]
        enum Index { $($name),+ }

        $(
            $(#[doc = $doc])+
            pub static $name: $crate::Knob = $crate::Knob {
                index: Index::$name as u16,
                title: $title,
                home: $home,
                unit: $crate::Unit::$unit,
                default: $default,
                min: $min,
                max: $max,
                doc: &[$($doc),+],
            };
            const _: () = {
                let (min, default, max): (u64, u64, u64) = ($min, $default, $max);
                assert!(min <= default && default <= max);
            };
        )+

        /// Every knob declared here, in order of index.
        pub static ALL: &[&$crate::Knob] = &[$(&$name),+];
    };
}
