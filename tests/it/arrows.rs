//! Arrows: who may depend on whom, and what must not be in the tree of anything that computes a run.

use crate::repository::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What each package of the workspace may depend on: in what it is made of, and in its build script besides.
const ARROWS: [(&str, &[&str], &[&str]); 10] = [
    ("machine", &[], &[]),
    ("platform", &["machine"], &[]),
    ("protocol", &["machine"], &[]),
    ("sim", &["machine"], &[]),
    ("world", &["machine", "platform", "protocol", "sim"], &[]),
    ("study", &["machine", "protocol"], &[]),
    ("worker", &["protocol", "world"], &[]),
    // The page's build script makes the content into the blob that it ships.
    (
        "app",
        &["machine", "platform", "protocol", "study"],
        &["machine", "platform", "study"],
    ),
    (
        "cli",
        &["machine", "platform", "protocol", "study", "world"],
        &[],
    ),
    ("xtask", &[], &[]),
];

/// What may be in the tree of everything below `world`, besides the workspace's own: the generator of the seeds, and
/// what `protocol` needs to encode plain data.
const ALLOWED: [&str; 19] = [
    "rand_chacha",
    "rand_core",
    "ppv-lite86",
    "zerocopy",
    "zerocopy-derive",
    "serde",
    "serde_core",
    "serde_derive",
    "postcard",
    "cobs",
    "base64",
    "thiserror",
    "thiserror-impl",
    "proc-macro2",
    "quote",
    "syn",
    "unicode-ident",
    "byteorder",
    "cfg-if",
];

/// What is said of an arrow that must not be there.
fn wrong_arrows(packages: &BTreeMap<String, Arrows>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, arrows) in packages {
        let Some((_, made_of, build)) = ARROWS.iter().find(|(known, ..)| known == name) else {
            if !arrows.in_tests {
                wrong.push(format!(
                    "`{name}` is not in the list of packages and what they may depend on"
                ));
            }
            continue;
        };
        let more = |found: &BTreeSet<String>, allowed: &[&str], what: &str| {
            found
                .iter()
                .filter(|on| !allowed.contains(&on.as_str()))
                .map(|on| format!("`{name}` {what} `{on}`"))
                .collect::<Vec<_>>()
        };
        wrong.extend(more(&arrows.made_of, made_of, "depends on"));
        wrong.extend(more(&arrows.build, build, "is built with"));
    }
    wrong
}

/// What a package of the workspace depends on, of the workspace's own.
#[derive(Default)]
struct Arrows {
    made_of: BTreeSet<String>,
    build: BTreeSet<String>,
    /// Whether it lies under `tests/`, from where everything may be looked at.
    in_tests: bool,
}

fn cargo(args: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(args)
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("cargo does not start: {error}"));
    assert!(
        output.status.success(),
        "cargo {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn workspace() -> BTreeMap<String, Arrows> {
    // Without the dependencies' own dependencies there is nothing to fetch.
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let packages: Vec<&Value> = metadata["packages"].as_array().unwrap().iter().collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let names: BTreeSet<String> = packages
        .iter()
        .map(|package| text(&package["name"]))
        .collect();
    let mut found = BTreeMap::new();
    for package in packages {
        let manifest = text(&package["manifest_path"]).replace('\\', "/");
        let mut arrows = Arrows {
            in_tests: manifest.contains("/tests/"),
            ..Arrows::default()
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let on = text(&dependency["name"]);
            match dependency["kind"].as_str() {
                _ if !names.contains(&on) => {}
                None => _ = arrows.made_of.insert(on),
                Some("build") => _ = arrows.build.insert(on),
                Some(_) => {}
            }
        }
        found.insert(text(&package["name"]), arrows);
    }
    found
}

#[test]
fn arrows_point_down() {
    let workspace = workspace();
    assert!(workspace.contains_key("world"));
    let wrong = wrong_arrows(&workspace);
    assert!(
        wrong.is_empty(),
        "{}\nsrc/README.md says which way arrows go",
        wrong.join("\n")
    );
}

#[test]
fn a_wrong_arrow_is_noticed() {
    let one = |name: &str, made_of: &str, build: &str| {
        let set = |text: &str| text.split_whitespace().map(str::to_string).collect();
        wrong_arrows(
            &[(
                name.to_string(),
                Arrows {
                    made_of: set(made_of),
                    build: set(build),
                    in_tests: false,
                },
            )]
            .into(),
        )
    };
    assert_eq!(
        one("sim", "machine platform", ""),
        ["`sim` depends on `platform`"]
    );
    assert_eq!(one("app", "world", ""), ["`app` depends on `world`"]);
    assert_eq!(
        one("app", "machine", "world"),
        ["`app` is built with `world`"]
    );
    assert_eq!(one("shiny", "", "").len(), 1);
    assert!(one("world", "sim", "").is_empty());
}

/// Names of packages in the resolved tree of one, as `cargo tree` prints them, that must not be there.
fn strangers(tree: &str, own: &BTreeSet<String>) -> BTreeSet<String> {
    let names = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| !own.contains(*name) && !ALLOWED.contains(name))
        .map(str::to_string)
        .collect()
}

#[test]
fn nothing_below_world_knows_a_clock_or_a_source_of_randomness() {
    let own = workspace().into_keys().collect();
    for package in ["machine", "platform", "sim", "world"] {
        for target in ["x86_64-unknown-linux-gnu", "wasm32-unknown-unknown"] {
            let tree = cargo(&[
                "tree",
                "--package",
                package,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p}",
                "--target",
                target,
            ]);
            let strangers = strangers(&tree, &own);
            assert!(
                strangers.is_empty(),
                "the tree of `{package}` for {target} has {strangers:?}; the list of what may be there is in this file"
            );
        }
    }
}

#[test]
fn a_stranger_in_the_tree_is_noticed() {
    let own = ["world".to_string()].into();
    let tree =
        "world v0.1.0 (src/world)\nrand_core v0.10.1\ngetrandom v0.3.0\nweb-time v1.1.0 (*)\n";
    assert_eq!(
        strangers(tree, &own),
        ["getrandom".to_string(), "web-time".to_string()].into()
    );
}
