//! The copy of the engine with every mutant in it, each behind a switch.

use crate::WHICH;
use crate::list::Mutant;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the copy consists of.
const MEMBERS: [&str; 8] = [
    "src/machine",
    "src/platform",
    "src/protocol",
    "src/sim",
    "src/study",
    "src/world",
    "tests/mutants",
    "tests/probe",
];

/// Writes the copy and builds it; the program that runs it.
pub fn build(root: &Path, mutants: &[Mutant]) -> Result<PathBuf, String> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let (tree, built) = (target.join("mutants/tree"), target.join("mutants/build"));
    let cargo = read(&root.join("Cargo.toml"))?;
    let (before, members) = cargo
        .split_once("members = [")
        .ok_or("the workspace's Cargo.toml lists no members")?;
    let (_, after) = members
        .split_once("]\n")
        .ok_or("the workspace's Cargo.toml does not end its members")?;
    let members: String = MEMBERS
        .iter()
        .map(|member| format!("    \"{member}\",\n"))
        .collect();
    write(
        &tree.join("Cargo.toml"),
        &format!("{before}members = [\n{members}]\n{after}"),
    )?;
    write(&tree.join("Cargo.lock"), &read(&root.join("Cargo.lock"))?)?;
    for member in MEMBERS {
        copy(root, &tree, Path::new(member), mutants)?;
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--package", "mutants"])
        .current_dir(&tree)
        .env("CARGO_TARGET_DIR", &built)
        // What a wrong version leaves unused is nobody's mistake; and the time to compile is all that counts here.
        .env("RUSTFLAGS", "-Awarnings")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .status()
        .map_err(|e| format!("starting cargo: {e}"))?;
    if !status.success() {
        return Err("the copy with the mutants does not build".to_owned());
    }
    Ok(built
        .join("release")
        .join(format!("mutants{}", std::env::consts::EXE_SUFFIX)))
}

/// Copies a folder, with the mutants in the files of the platform. What is the same as before keeps its date, so that it
/// is not compiled again.
fn copy(root: &Path, tree: &Path, below: &Path, mutants: &[Mutant]) -> Result<(), String> {
    let folder = root.join(below);
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries {
        let entry = entry.map_err(|e| format!("{}: {e}", folder.display()))?;
        let path = below.join(entry.file_name());
        if entry.path().is_dir() {
            copy(root, tree, &path, mutants)?;
            continue;
        }
        let text = read(&entry.path())?;
        let text = match path.strip_prefix("src/platform/src") {
            Ok(file) if file == Path::new("lib.rs") => with_switch(&text),
            Ok(file) => mutated(&text, file, mutants),
            Err(_) => text,
        };
        write(&tree.join(&path), &text)?;
    }
    Ok(())
}

/// The text of a file with its mutants in it.
fn mutated(text: &str, file: &Path, mutants: &[Mutant]) -> String {
    let mut here: Vec<(usize, &Mutant)> = mutants
        .iter()
        .enumerate()
        .filter(|(_, mutant)| Path::new(&mutant.file) == file)
        .collect();
    here.sort_by_key(|(_, mutant)| mutant.at.start);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (nth, mutant) in here {
        out += &text[from..mutant.at.start];
        let Mutant { right, wrong, .. } = mutant;
        let either = format!(
            "if crate::mutant({}) {{ {wrong} }} else {{ {right} }}",
            nth + 1
        );
        // Statements stand by themselves; an expression may have more on either side.
        out += &if right.ends_with([';', '}']) {
            format!("{{ {either} }}")
        } else {
            format!("({either})")
        };
        from = mutant.at.end;
    }
    out + &text[from..]
}

/// The platform's `lib.rs` with the switch.
fn with_switch(text: &str) -> String {
    format!(
        "{text}
extern crate std;

fn mutant(nth: u32) -> bool {{
    static WHICH: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    let which = WHICH.get_or_init(|| std::env::var(\"{WHICH}\").map_or(0, |which| which.parse().unwrap()));
    *which == nth
}}
"
    )
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|e| format!("{}: {e}", path.display()))
}
