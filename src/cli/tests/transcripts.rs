//! Command stories: each file is a session, and what the program prints is the expectation.
//!
//! A story has blocks of `$ command` and what came of it: standard output as it is, standard error behind `! `, and the
//! exit code behind `? ` if it is not 0. `= name` begins a file that the commands after it can read. `BLESS=1` writes what is
//! printed now. Speeds, fingerprints, links and numbers of entries are left out: other tests pin them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn stories_come_out_as_they_are_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut stories: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    stories.sort();
    assert!(!stories.is_empty());
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for story in stories {
        let written = fs::read_to_string(&story).unwrap();
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(story.file_stem().unwrap());
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).unwrap();
        let found = play(&written, &place);
        if bless {
            fs::write(&story, &found).unwrap();
        } else if found != written {
            let at = found
                .lines()
                .zip(written.lines())
                .take_while(|(found, written)| found == written)
                .count();
            let [found, written] =
                [&found, &written].map(|text| text.lines().nth(at).unwrap_or("(the end)"));
            wrong.push(format!(
                "{} line {}:\n  written {written}\n  found   {found}",
                story.display(),
                at + 1
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "BLESS=1 writes what is printed now\n{}",
        wrong.join("\n")
    );
}

/// Plays a story and writes it down anew.
fn play(story: &str, place: &Path) -> String {
    let mut told = String::new();
    let mut lines = story.lines().peekable();
    while let Some(line) = lines.next() {
        told.push_str(line);
        told.push('\n');
        if let Some(name) = line.strip_prefix("= ") {
            let mut content = String::new();
            while let Some(line) =
                lines.next_if(|line| !line.starts_with("$ ") && !line.starts_with("= "))
            {
                content.push_str(line);
                content.push('\n');
            }
            told.push_str(&content);
            fs::write(place.join(name), content.trim_end_matches('\n')).unwrap();
        } else if let Some(command) = line.strip_prefix("$ ") {
            while lines
                .next_if(|line| {
                    !line.starts_with("$ ") && !line.starts_with("= ") && !line.starts_with("# ")
                })
                .is_some()
            {}
            told.push_str(&run(command, place));
            if lines.peek().is_some() {
                told.push('\n');
            }
        }
    }
    told
}

fn run(command: &str, place: &Path) -> String {
    let words = split(command);
    assert_eq!(words[0], "lab", "{command}");
    let done = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(&words[1..])
        .current_dir(place)
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    let mut told = String::new();
    for line in String::from_utf8(done.stdout).unwrap().lines() {
        told.push_str(&lasting(line));
        told.push('\n');
    }
    for line in String::from_utf8(done.stderr).unwrap().lines() {
        told.push_str(&format!("! {line}"));
        told.truncate(told.trim_end().len());
        told.push('\n');
    }
    match done.status.code() {
        Some(0) => {}
        code => told.push_str(&format!("? {}\n", code.unwrap())),
    }
    told
}

/// The line without what differs between two machines or two engines.
fn lasting(line: &str) -> String {
    if let Some(at) = line.find(" entries until ") {
        return format!("…{}", &line[at..]);
    }
    if line.ends_with(" seeds per second") {
        return "… seeds per second".into();
    }
    let label = ["fingerprint ", "link "]
        .into_iter()
        .find(|label| line.starts_with(label));
    label.map_or_else(|| line.into(), |label| format!("{label}…"))
}

/// Words as a shell splits them: single quotes keep what is between them.
fn split(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in command.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.replace("\\e", "\u{1b}"));
        } else {
            words.extend(part.split_whitespace().map(String::from));
        }
    }
    words
}
