//! The pinned versions of every tool, in one place.
//!
//! What the page is built with is part of what the page is: a size budget and a set of digests mean little when
//! everybody builds with whatever is newest that day.

use crate::error::{Context, Error, Result};
use std::fs;
use std::path::Path;

/// Bundles the site.
pub const TRUNK: &str = "0.21.14";

/// Shrinks and speeds up wasm. The npm package is what is pinned; the program calls itself `version_132`.
pub const BINARYEN: &str = "132.0.0";

/// Writes the JavaScript around the wasm. Used only until there is a lockfile to read the version from.
pub const WASM_BINDGEN_DEFAULT: &str = "0.2.130";

/// The version of wasm-bindgen the lockfile names: the program and the library must be the same to the last digit.
pub fn wasm_bindgen(root: &Path) -> Result<String> {
    let path = root.join("Cargo.lock");
    if !path.exists() {
        return Ok(WASM_BINDGEN_DEFAULT.to_owned());
    }
    let lock = fs::read_to_string(&path).context(|| format!("reading {}", path.display()))?;
    match locked_versions(&lock, "wasm-bindgen").as_slice() {
        [] => Ok(WASM_BINDGEN_DEFAULT.to_owned()),
        [one] => Ok(one.clone()),
        several => Err(Error::new(format!("Cargo.lock names wasm-bindgen {}", several.join(" and ")))
            .detail("the page can be built with one version only")
            .remedy("run `cargo update -p wasm-bindgen`, and see who asks for which with `cargo tree -i wasm-bindgen`")),
    }
}

/// Every version of a package in the text of a lockfile.
///
/// Cargo writes this file itself, always in the same shape, so reading the lines is enough and a TOML parser,
/// which would double the time this program takes to compile, is not needed.
fn locked_versions(lock: &str, package: &str) -> Vec<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    let mut versions = Vec::new();
    while lines.any(|line| line == name) {
        if let Some(version) = lines
            .next()
            .and_then(|l| l.strip_prefix("version = \"")?.strip_suffix('"'))
        {
            versions.push(version.to_owned());
        }
    }
    versions
}

/// The numbers at the start of a version, for comparing: `1.96.0+dfsg1` is `[1, 96, 0]`.
pub fn numbers(version: &str) -> Vec<u32> {
    let end = version
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(version.len());
    version[..end]
        .split('.')
        .map_while(|n| n.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "wasm-bindgen"
version = "0.2.130"
dependencies = [
 "wasm-bindgen-macro",
]

[[package]]
name = "wasm-bindgen-macro"
version = "0.2.131"
"#;

    #[test]
    fn the_locked_version_is_that_of_the_very_package() {
        assert_eq!(locked_versions(LOCK, "wasm-bindgen"), ["0.2.130"]);
        assert_eq!(locked_versions(LOCK, "wasm-bindgen-macro"), ["0.2.131"]);
        assert!(locked_versions(LOCK, "bindgen").is_empty());
        assert!(locked_versions("", "wasm-bindgen").is_empty());
    }

    #[test]
    fn debian_versions_compare_by_their_numbers() {
        assert!(numbers("1.96.0+dfsg1-1~deb12u2") > numbers("1.95"));
        assert!(numbers("1.85.0+dfsg3-1~deb12u3") < numbers("1.95"));
        assert!(numbers("none").is_empty());
    }
}
