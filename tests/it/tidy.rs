//! House rules that a compiler does not know. Each is a function from a file to what is wrong with it, tried on a bad
//! sample as well, so that a rule that checks nothing does not pass for one that holds.

use crate::repository::{File, files, has_word, root};

/// The crates in which a run is computed.
const ENGINE: [&str; 5] = ["machine", "platform", "protocol", "sim", "world"];

/// Types that must not be named there.
const DISALLOWED: [&str; 6] = [
    "f32",
    "f64",
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// Words that the platform does not know.
const UNKNOWN: [&str; 5] = ["fault", "seed", "scenario", "lesson", "disabled"];

/// The most lines that a file may have, and a file of the page.
const LINES: (usize, usize) = (800, 300);

/// A rule: what is wrong with a file, if anything.
type Rule = fn(&File) -> Option<String>;

fn check(rule: Rule, files: &[File]) {
    assert!(!files.is_empty(), "there is nothing to look at");
    let wrong: Vec<String> = files
        .iter()
        .filter_map(|file| Some(format!("{}: {}", file.path, rule(file)?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rule finds fault with each of these.
fn bites(rule: Rule, samples: &[(&str, &str)]) {
    for (path, text) in samples {
        let file = File {
            path: (*path).to_string(),
            text: (*text).to_string(),
        };
        assert!(
            rule(&file).is_some(),
            "nothing was wrong with {path}: {text}"
        );
    }
}

/// Every Rust file of ours.
fn rust() -> Vec<File> {
    ["src", "tests"]
        .into_iter()
        .flat_map(|folder| files(folder, ".rs"))
        .collect()
}

/// Every text of ours that people write.
fn texts() -> Vec<File> {
    let endings = [
        ".rs", ".toml", ".md", ".mjs", ".js", ".html", ".css", ".yml",
    ];
    let mut found: Vec<File> = endings
        .into_iter()
        .flat_map(|ending| ["src", "tests", "public", "style"].map(|folder| files(folder, ending)))
        .flatten()
        .collect();
    for name in [
        "README.md",
        "Cargo.toml",
        "Trunk.toml",
        "index.html",
        ".ci/run",
    ] {
        found.extend(
            std::fs::read_to_string(root().join(name))
                .ok()
                .map(|text| File {
                    path: name.to_string(),
                    text,
                }),
        );
    }
    found
}

fn says_what_it_is(file: &File) -> Option<String> {
    let first = file.text.lines().next().unwrap_or_default();
    (!first.starts_with("//! "))
        .then(|| "does not begin with `//!` and a sentence on what it is for".to_string())
}

#[test]
fn every_module_says_what_it_is_for() {
    check(says_what_it_is, &rust());
    bites(
        says_what_it_is,
        &[
            ("a.rs", "use x;\n"),
            ("a.rs", ""),
            ("a.rs", "//!\n"),
            ("a.rs", "// Plain.\n"),
        ],
    );
}

fn has_no_std(file: &File) -> Option<String> {
    (!file.text.lines().any(|line| line == "#![no_std]")).then(|| "is not `#![no_std]`".to_string())
}

fn disallows_types(file: &File) -> Option<String> {
    let lacking: Vec<&str> = DISALLOWED
        .into_iter()
        .filter(|name| !file.text.contains(&format!("path = \"{name}\"")))
        .collect();
    (!lacking.is_empty()).then(|| format!("does not disallow {}", lacking.join(", ")))
}

#[test]
fn engine_crates_can_name_nothing_that_differs_between_machines() {
    let named = |file: &str| {
        ENGINE
            .into_iter()
            .flat_map(|name| files(&format!("src/{name}"), file))
            .collect::<Vec<_>>()
    };
    let roots: Vec<File> = named("lib.rs")
        .into_iter()
        .filter(|file| file.path.ends_with("/src/lib.rs"))
        .collect();
    let configs = named("clippy.toml");
    assert_eq!(
        (roots.len(), configs.len()),
        (ENGINE.len(), ENGINE.len()),
        "each engine crate has a lib.rs and a clippy.toml"
    );
    check(has_no_std, &roots);
    check(disallows_types, &configs);
    bites(
        has_no_std,
        &[("lib.rs", "//! A.\n"), ("lib.rs", "// #![no_std]\n")],
    );
    bites(
        disallows_types,
        &[
            ("clippy.toml", "disallowed-types = [{ path = \"f32\" }]"),
            ("clippy.toml", ""),
        ],
    );
}

fn knows_nothing_of_the_lab(file: &File) -> Option<String> {
    let found: Vec<&str> = UNKNOWN
        .into_iter()
        .filter(|word| has_word(&file.text, word))
        // A region can be disabled; a gate cannot.
        .filter(|word| *word != "disabled" || !file.path.contains("/region/"))
        .collect();
    (!found.is_empty()).then(|| format!("says {}", found.join(", ")))
}

#[test]
fn the_platform_knows_nothing_of_the_lab() {
    check(knows_nothing_of_the_lab, &files("src/platform/src", ".rs"));
    bites(
        knows_nothing_of_the_lab,
        &[
            ("a.rs", "// a fault"),
            ("a.rs", "fn seed() {}"),
            ("a.rs", "struct GateDisabled;"),
            ("a.rs", "//! Lessons."),
        ],
    );
}

fn sets_no_raw_html(file: &File) -> Option<String> {
    ["inner_html", "style=\"", "insert_adjacent_html"]
        .into_iter()
        .find(|word| file.text.contains(word))
        .map(|word| format!("uses `{word}`"))
}

#[test]
fn the_page_sets_no_raw_html_and_no_style_attribute() {
    // The page is a crate of its own branch until it lands; then there is something to look at.
    let page = files("src/app", ".rs");
    if !page.is_empty() {
        check(sets_no_raw_html, &page);
    }
    bites(
        sets_no_raw_html,
        &[("a.rs", "<p inner_html=x/>"), ("a.rs", "<p style=\"x\"/>")],
    );
}

/// Words that stand for what is not there yet, put together so that this file does not have them.
fn unfinished() -> [String; 4] {
    [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["unimplemented", "!"],
        ["todo", "!"],
    ]
    .map(|parts| parts.concat())
}

fn is_finished(file: &File) -> Option<String> {
    let found = unfinished()
        .into_iter()
        .find(|word| file.text.contains(word.as_str()));
    found.map(|word| format!("has `{word}`: finish it or leave it out"))
}

#[test]
fn nothing_is_unfinished() {
    check(is_finished, &texts());
    for word in unfinished() {
        bites(is_finished, &[("a.rs", &format!("fn f() {{ {word}() }}"))]);
    }
}

/// Beginnings of paths that exist on one machine only, put together as above.
fn machines() -> [String; 4] {
    [
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["/ho", "me/"],
        ["/Us", "ers/"],
    ]
    .map(|parts| parts.concat())
}

fn is_at_home_anywhere(file: &File) -> Option<String> {
    let machines = machines();
    let starts = |at: usize| {
        file.text[..at]
            .chars()
            .next_back()
            .is_none_or(|before| !before.is_alphanumeric() && !"./_-}>\\".contains(before))
    };
    let found = machines.iter().find(|path| {
        file.text
            .match_indices(path.as_str())
            .any(|(at, _)| starts(at))
    });
    found.map(|path| format!("has a path of one machine, {path}…"))
}

#[test]
fn no_path_of_one_machine() {
    check(is_at_home_anywhere, &texts());
    for path in machines() {
        bites(
            is_at_home_anywhere,
            &[
                ("a.toml", &format!("dir = \"{path}x\"")),
                ("a.md", &format!("in {path}x")),
            ],
        );
    }
}

fn is_not_too_long(file: &File) -> Option<String> {
    let most = if file.path.starts_with("src/app/") {
        LINES.1
    } else {
        LINES.0
    };
    let lines = file.text.lines().count();
    (lines > most).then(|| format!("has {lines} lines, more than {most}"))
}

#[test]
fn files_are_not_too_long() {
    check(is_not_too_long, &rust());
    let long = "//! A.\n".repeat(301);
    bites(
        is_not_too_long,
        &[
            ("src/app/src/a.rs", &long),
            ("src/world/src/a.rs", &long.repeat(3)),
        ],
    );
}

fn links_lead_somewhere(file: &File) -> Option<String> {
    let folder = std::path::Path::new(&file.path)
        .parent()
        .unwrap_or(std::path::Path::new(""));
    let targets = file.text.match_indices("](").filter_map(|(at, _)| {
        file.text[at + 2..]
            .split_once(')')
            .map(|(target, _)| target)
    });
    let local = targets.filter(|target| {
        !target.contains("://") && !target.starts_with(['#', '<']) && !target.starts_with("mailto:")
    });
    let dead: Vec<&str> = local
        .filter(|target| {
            !root()
                .join(folder)
                .join(target.split('#').next().unwrap_or_default())
                .exists()
        })
        .collect();
    (!dead.is_empty()).then(|| format!("links to {}", dead.join(", ")))
}

#[test]
fn links_of_readmes_lead_somewhere() {
    let readmes: Vec<File> = texts()
        .into_iter()
        .filter(|file| file.path.ends_with("README.md"))
        .collect();
    check(links_lead_somewhere, &readmes);
    bites(
        links_lead_somewhere,
        &[
            ("README.md", "see [this](src/nowhere.md)"),
            ("src/README.md", "see [this](../nowhere)"),
        ],
    );
}
