//! Writing results: quietly when the reader is gone, safely whatever the text holds.

use protocol::Problem;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

/// Why a command ended before its result.
#[derive(Debug)]
pub enum Stop {
    /// Something that was typed cannot be understood.
    Usage(Box<Problem>),
    /// Something given cannot be used.
    Problem(Box<Problem>),
    /// Reading or writing failed.
    Io(String),
    /// Nobody reads on.
    ClosedPipe,
}

/// Standard output.
pub struct Out(BufWriter<StdoutLock<'static>>);

impl Out {
    pub fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    /// One line, made plain.
    pub fn line(&mut self, text: impl AsRef<str>) -> Result<(), Stop> {
        writeln!(self.0, "{}", plain(text.as_ref())).map_err(stop)
    }

    /// A value as JSON, over several lines.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Stop> {
        let text =
            serde_json::to_string_pretty(value).map_err(|error| Stop::Io(error.to_string()))?;
        self.line(text)
    }

    /// A value as JSON, on one line.
    pub fn json_line(&mut self, value: &impl Serialize) -> Result<(), Stop> {
        let text = serde_json::to_string(value).map_err(|error| Stop::Io(error.to_string()))?;
        self.line(text)
    }

    /// Rows with aligned columns; the last column is not padded.
    pub fn table(&mut self, rows: &[Vec<String>]) -> Result<(), Stop> {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(line, "  {cell:width$}");
            }
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// Hands everything over.
    pub fn end(&mut self) -> Result<(), Stop> {
        self.0.flush().map_err(stop)
    }
}

fn stop(error: io::Error) -> Stop {
    match error.kind() {
        ErrorKind::BrokenPipe => Stop::ClosedPipe,
        _ => Stop::Io(format!("standard output cannot be written: {error}")),
    }
}

/// Tells standard error, made plain. If nobody listens there is nobody to tell.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{}", plain(text));
}

/// The text with every character escaped that could steer a terminal or turn the direction of what follows.
pub fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if (c.is_control() && c != '\n') || turns {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// A word as a shell takes it for itself.
pub fn quoted(word: &str) -> String {
    let tame = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(tame) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(plain("a\u{1b}]52;c;eA\u{7}b"), "a\\u{1b}]52;c;eA\\u{7}b");
        assert_eq!(
            plain("a\u{202e}b\u{9b}31m\r\n"),
            "a\\u{202e}b\\u{9b}31m\\u{d}\n"
        );
        assert_eq!(plain("über 2 µs …"), "über 2 µs …");
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("hold-budget=9s"), "hold-budget=9s");
        assert_eq!(quoted("my file's.toml"), r"'my file'\''s.toml'");
        assert_eq!(quoted(""), "''");
    }
}
