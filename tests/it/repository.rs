//! The repository as files: where it is, what is in it, and how its text is looked at.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the clone.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// A file, by its path below the root.
pub struct File {
    pub path: String,
    pub text: String,
}

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 4] = ["target", "node_modules", "dist", ".git"];

/// The files below a folder of the root whose names end so, in order.
pub fn files(below: &str, ending: &str) -> Vec<File> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join(below)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (
                entry.path(),
                entry.file_name().to_string_lossy().into_owned(),
            );
            // A link may lead out of the clone.
            if path.is_symlink() || FOREIGN.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(ending)
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path
                    .strip_prefix(&root)
                    .unwrap_or(&path)
                    .to_string_lossy()
                    .replace('\\', "/");
                found.push(File { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether a text has this as a word of its own. Names are taken apart: `fault_at` and `FaultSpec` have the word fault.
pub fn has_word(text: &str, word: &str) -> bool {
    let mut spaced = String::with_capacity(text.len() + text.len() / 4);
    let mut before = ' ';
    for c in text.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            spaced.push(' ');
        }
        spaced.push(if c.is_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            ' '
        });
        before = c;
    }
    spaced
        .split_whitespace()
        .any(|found| found == word || found.strip_suffix('s') == Some(word))
}

#[test]
fn words_are_found_as_words() {
    for text in [
        "a fault here",
        "FaultSpec",
        "fault_at",
        "//! Faults.",
        "x.fault()",
    ] {
        assert!(has_word(text, "fault"), "{text}");
    }
    for text in ["by default", "Defaulted", "faulty", "FAULTLESS"] {
        assert!(!has_word(text, "fault"), "{text}");
    }
}
