//! Reading the text of declarations: ids from titles, first sentences, sections, nearest names.

use alloc::string::String;
use alloc::vec::Vec;

/// The id of a title: lower case, with every run of other characters as one hyphen (`env/secrets mounted` →
/// `env-secrets-mounted`).
#[must_use]
pub fn kebab(title: &str) -> String {
    let mut id = String::with_capacity(title.len());
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c.to_ascii_lowercase());
        } else if !id.ends_with('-') && !id.is_empty() {
            id.push('-');
        }
    }
    while id.ends_with('-') {
        id.pop();
    }
    id
}

/// The first paragraph of a doc text: what a learner reads first.
#[must_use]
pub fn summary(doc: &[&str]) -> String {
    join(
        doc.iter()
            .copied()
            .take_while(|line| !line.trim().is_empty()),
    )
}

/// The paragraph under `# heading`, if the doc text has one.
#[must_use]
pub fn section(doc: &[&str], heading: &str) -> Option<String> {
    let mut lines = doc
        .iter()
        .copied()
        .skip_while(|line| line.trim().strip_prefix("# ") != Some(heading));
    lines.next()?;
    Some(join(
        lines.take_while(|line| !line.trim().starts_with("# ")),
    ))
}

fn join<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}

/// The candidate that `word` was most likely meant to be: the fewest edits, and no more than about a third of the word.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= 1 + candidate.len().max(word.len()) / 3)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance over bytes; ids are ASCII.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_titles_in_kebab_case() {
        assert_eq!(kebab("env/secrets mounted"), "env-secrets-mounted");
        assert_eq!(kebab("Host Drain / OS Upgrade"), "host-drain-os-upgrade");
        assert_eq!(kebab("OOM"), "oom");
    }

    #[test]
    fn doc_texts_have_a_summary_and_sections() {
        let doc = [
            " One line",
            " and its end.",
            "",
            " # Without it",
            " Harm.",
            " More harm.",
            " # Seen in",
            " A place.",
        ];
        assert_eq!(summary(&doc), "One line and its end.");
        assert_eq!(
            section(&doc, "Without it").as_deref(),
            Some("Harm. More harm.")
        );
        assert_eq!(section(&doc, "Nowhere"), None);
    }

    #[test]
    fn the_nearest_name_is_close_or_absent() {
        let names = ["stuck-wake", "wake-stampede"];
        assert_eq!(nearest("stuck-wkae", names), Some("stuck-wake"));
        assert_eq!(nearest("database-restore", names), None);
    }
}
