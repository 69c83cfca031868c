//! What is kept in this browser: runs, notes, settings. A browser that keeps nothing is fine; it is said on the page.
//!
//! **Invariants.** Every key carries a version. What cannot be read is moved to a key of its own, never deleted.

mod record;

pub use record::{Confidence, Prediction, Record};

use crate::run::clock::Speed;
use web_sys::Storage;

const PREFIX: &str = "study-lab.v1.";

/// What became of something that should be kept or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// This browser gives the page no storage.
    Denied,
    /// The storage is full.
    Full,
    /// What was kept cannot be read; it is still there under another key.
    Damaged,
}

impl Trouble {
    /// What a person is told.
    pub fn text(self) -> &'static str {
        match self {
            Self::Denied => {
                "This browser keeps nothing for this page. The lab works, but a reload begins anew; copy the link to keep a run."
            }
            Self::Full => {
                "This browser's storage is full, so this run is not saved any more. Copy the link to keep it."
            }
            Self::Damaged => {
                "What was saved of this run cannot be read. It was set aside, nothing was deleted, and the run begins anew."
            }
        }
    }
}

fn storage() -> Result<Storage, Trouble> {
    web_sys::window()
        .and_then(|window| window.local_storage().ok().flatten())
        .ok_or(Trouble::Denied)
}

fn get(key: &str) -> Result<Option<String>, Trouble> {
    storage()?
        .get_item(&format!("{PREFIX}{key}"))
        .map_err(|_| Trouble::Denied)
}

fn set(key: &str, value: &str) -> Result<(), Trouble> {
    storage()?
        .set_item(&format!("{PREFIX}{key}"), value)
        .map_err(|_| Trouble::Full)
}

/// Reads the run that is kept of a scenario.
///
/// # Errors
/// [`Trouble`]; a damaged record has been set aside.
pub fn run(scenario: &str) -> Result<Option<Record>, Trouble> {
    let key = format!("run.{scenario}");
    let Some(text) = get(&key)? else {
        return Ok(None);
    };
    if let Some(record) = Record::read(&text) {
        return Ok(Some(record));
    }
    let stamp = js_sys::Date::now() as u64;
    set(&format!("set-aside.{key}.{stamp}"), &text)?;
    if let Ok(storage) = storage() {
        let _ = storage.remove_item(&format!("{PREFIX}{key}"));
    }
    Err(Trouble::Damaged)
}

/// Keeps a run, and that it was the last one.
///
/// # Errors
/// [`Trouble`].
pub fn keep_run(record: &Record) -> Result<(), Trouble> {
    let scenario = &record.replay.scenario;
    set(&format!("run.{scenario}"), &record.write())?;
    set("last", scenario)
}

/// How many runs of a scenario are kept beside the one that is open.
const EARLIER: u32 = 6;

/// The key of the place for the run with this number; the first place has the name that older pages gave it.
fn place(scenario: &str, number: u32) -> String {
    match number % EARLIER {
        0 => format!("previous.{scenario}"),
        nth => format!("previous.{scenario}.{nth}"),
    }
}

/// Keeps a run that another one takes the place of. The oldest makes room.
pub fn put_aside(mut record: Record) {
    let scenario = record.replay.scenario.clone();
    if record.number == 0 {
        record.number = next_number(&scenario);
    }
    let _ = set(&place(&scenario, record.number), &record.write());
}

/// The runs of a scenario that were put aside, the newest first.
pub fn earlier(scenario: &str) -> Vec<Record> {
    let places = (0..EARLIER).filter_map(|nth| get(&place(scenario, nth)).ok().flatten());
    let mut found: Vec<_> = places.filter_map(|text| Record::read(&text)).collect();
    found.sort_by_key(|record| std::cmp::Reverse(record.number));
    found
}

/// The run with this number, open or put aside.
pub fn numbered(scenario: &str, number: u32) -> Option<Record> {
    let open = run(scenario).ok().flatten();
    let mut all = open.into_iter().chain(earlier(scenario));
    all.find(|record| number != 0 && record.number == number)
}

/// The number for a run that begins.
pub fn next_number(scenario: &str) -> u32 {
    let open = run(scenario).ok().flatten();
    let all = open.into_iter().chain(earlier(scenario));
    1 + all.map(|record| record.number).max().unwrap_or(0)
}

/// The scenario that was open last.
pub fn last() -> Option<String> {
    get("last").ok().flatten()
}

/// What was looked for on the start page; only for as long as the browser's tab is open.
pub fn wish() -> String {
    let kept = for_the_visit().and_then(|kept| kept.get_item(WISH).ok().flatten());
    kept.unwrap_or_default()
}

/// Keeps what is looked for on the start page.
pub fn keep_wish(text: &str) {
    if let Some(kept) = for_the_visit() {
        let _ = kept.set_item(WISH, text);
    }
}

const WISH: &str = "study-lab.v1.wish";

fn for_the_visit() -> Option<Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// The notes of a scenario.
pub fn notes(scenario: &str) -> String {
    get(&format!("notes.{scenario}"))
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// Keeps the notes of a scenario.
///
/// # Errors
/// [`Trouble`].
pub fn keep_notes(scenario: &str, text: &str) -> Result<(), Trouble> {
    set(&format!("notes.{scenario}"), text)
}

/// Whether somebody has folded the situation of a scenario.
pub fn folded(scenario: &str) -> bool {
    get(&format!("folded.{scenario}")).is_ok_and(|kept| kept.is_some_and(|kept| kept == "yes"))
}

/// Keeps whether the situation of a scenario is folded; without storage it holds for as long as it is on screen.
pub fn keep_folded(scenario: &str, is: bool) {
    if is != folded(scenario) {
        let kept = if is { "yes" } else { "no" };
        let _ = set(&format!("folded.{scenario}"), kept);
    }
}

/// What somebody has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether single keys do something.
    pub keys: bool,
    /// How fast runs are played.
    pub speed: Speed,
    /// Whether routine is shown.
    pub routine: bool,
}

impl Settings {
    /// What was set before; defaults for what was not.
    pub fn load() -> Self {
        Self::read(&get("settings").ok().flatten().unwrap_or_default())
    }

    /// Keeps what is set; without storage it holds for this visit.
    pub fn keep(self) {
        let _ = set("settings", &self.write());
    }

    fn read(text: &str) -> Self {
        let value = |key: &str| {
            text.lines()
                .filter_map(|line| line.split_once(' '))
                .find(|(k, _)| *k == key)
                .map(|(_, v)| v)
        };
        Self {
            keys: value("keys") != Some("off"),
            speed: Speed::at(value("speed").and_then(|v| v.parse().ok()).unwrap_or(4)),
            routine: value("routine") == Some("shown"),
        }
    }

    fn write(self) -> String {
        let keys = if self.keys { "on" } else { "off" };
        let routine = if self.routine { "shown" } else { "hidden" };
        format!(
            "keys {keys}\nspeed {}\nroutine {routine}\n",
            self.speed.index()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_and_nonsense_is_the_default() {
        let settings = Settings {
            keys: false,
            speed: Speed::Most,
            routine: true,
        };
        assert_eq!(Settings::read(&settings.write()), settings);
        assert_eq!(
            Settings::read("keys\nspeed fast\n\u{0}"),
            Settings {
                keys: true,
                speed: Speed::Percent(400),
                routine: false
            }
        );
    }
}
