//! The page of Study Lab.
//!
//! It is two programs. [`start`] is the start page and little else, so that a first visit fetches little; [`whole`] is all
//! of it, and takes the place of the other when somebody opens a run. What they share is compiled into both.
//!
//! **Invariants.** The page owns no run: the worker does, and the page asks it ([`port`]). What a person sees of a
//! lifecycle, gate or property is its declaration's own text. Whatever is worked out from data is plain code with tests
//! ([`draw`], [`route`], [`saved`]); components only turn it into elements.
//!
//! The page is fetched before any of it is seen, so it is kept light: what reacts is erased to one type, values
//! ([`ui::held`]) and parts of views (`.into_any()` at the end of every `{move || …}`) alike, since each type of its own
//! would bring a copy of all that makes things react.
//!
//! **Not here.** Stepping a run: there is no simulator in this crate's tree.

mod content;
mod debrief;
mod draw;
mod home;
mod navigate;
mod page;
mod port;
mod programs;
mod route;
mod run;
mod saved;
#[cfg(test)]
mod testing;
mod twin;
mod ui;
mod words;

pub use programs::{start, whole};
