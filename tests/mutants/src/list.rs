//! The list of mutants, as it is written down.

use serde::Deserialize;
use std::ops::Range;
use std::path::Path;

/// A small wrong version of the platform's logic.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutant {
    /// What to call it.
    pub name: String,
    /// A file below `src/platform/src`.
    pub file: String,
    /// An expression, or whole statements, that occur in that file once.
    pub right: String,
    /// What stands there instead.
    pub wrong: String,
    /// What somebody who writes this believes.
    pub belief: String,
    /// Where `right` is.
    #[serde(skip)]
    pub at: Range<usize>,
}

#[derive(Deserialize)]
struct File {
    mutant: Vec<Mutant>,
}

/// Reads the list and finds each in its file.
pub fn read(root: &Path) -> Result<Vec<Mutant>, String> {
    let path = root.join("tests/mutants/mutants.toml");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut mutants = toml::from_str::<File>(&text)
        .map_err(|e| format!("{}: {e}", path.display()))?
        .mutant;
    for at in 0..mutants.len() {
        let range = find(root, &mutants[at])?;
        let clash = mutants[..at].iter().find(|other| {
            other.name == mutants[at].name
                || other.file == mutants[at].file
                    && other.at.start < range.end
                    && range.start < other.at.end
        });
        if let Some(other) = clash {
            return Err(format!(
                "the mutants {} and {} have one name or one place",
                other.name, mutants[at].name
            ));
        }
        mutants[at].at = range;
    }
    Ok(mutants)
}

fn find(root: &Path, mutant: &Mutant) -> Result<Range<usize>, String> {
    let path = root.join("src/platform/src").join(&mutant.file);
    let text = std::fs::read_to_string(&path)
        .map_err(|e| format!("the mutant {}: {}: {e}", mutant.name, path.display()))?;
    let places: Vec<usize> = text
        .match_indices(&mutant.right)
        .map(|(at, _)| at)
        .collect();
    match places[..] {
        [at] => Ok(at..at + mutant.right.len()),
        _ => Err(format!(
            "the mutant {}: what is right occurs {} times in {} and not once; say more of what is around it",
            mutant.name,
            places.len(),
            mutant.file
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_has_one_place_in_the_platform_and_there_are_enough_of_them() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mutants = read(&root).unwrap();
        assert!(mutants.len() >= 40, "{} mutants", mutants.len());
        assert!(mutants.iter().all(|mutant| !mutant.belief.is_empty()));
    }
}
