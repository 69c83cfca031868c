//! Makes a finished site lighter in ways that trunk and wasm-bindgen have no switch for.
//!
//! * One style sheet instead of one for each component: they compress better together, and each costs a request.
//! * Scripts and style sheets without comments and indentation.
//! * Numbers for the names of imports and exports: wasm-bindgen ends each in a hash, and a hash cannot be compressed. Each
//!   stands in the script and in the module. A new name is as long as the old one, so nothing in the module moves.

use crate::error::{Context, Error, Result};
use crate::tools::npm_packages::fingerprint;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Makes the site in a folder lighter; the page that names its files comes back as it has to be then.
///
/// Before the worker and the boot script get their fingerprints, which are to be those of what is served.
pub fn site(out: &Path, html: String) -> Result<String> {
    let mut html = one_style_sheet(out, html)?;
    for name in names(out)? {
        if name.ends_with(".js") {
            let path = out.join(&name);
            let script = read(&path)?;
            write(&path, without_comments(&script))?;
        }
    }
    for name in names(out)? {
        if let Some(stem) = name.strip_suffix("_bg.wasm") {
            html = number_names(out, stem, html)?;
        }
    }
    Ok(html)
}

/// The files in a folder, in order.
fn names(out: &Path) -> Result<BTreeSet<String>> {
    Ok(fs::read_dir(out)
        .context(|| format!("reading {}", out.display()))?
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).context(|| format!("reading {}", path.display()))
}

fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, content).context(|| format!("writing {}", path.display()))
}

/// Puts all style sheets into one, in the order in which the page names them, and names that one instead.
fn one_style_sheet(out: &Path, html: String) -> Result<String> {
    let mut page = String::new();
    let mut style = String::new();
    let mut place = None;
    for line in html.lines() {
        let sheet = line
            .contains("rel=\"stylesheet\"")
            .then(|| line.split_once("href=\"")?.1.split('"').next())
            .flatten();
        let Some(address) = sheet else {
            page.push_str(line);
            page.push('\n');
            continue;
        };
        let (base, name) = address.rsplit_once('/').unwrap_or(("", address));
        let path = out.join(name);
        style.push_str(&without_comments(&read(&path)?));
        fs::remove_file(&path).context(|| format!("removing {}", path.display()))?;
        place.get_or_insert((page.len(), base.to_owned()));
    }
    let Some((at, base)) = place else {
        return Ok(html);
    };
    let name = format!("style-{:016x}.css", fingerprint(style.as_bytes()));
    write(&out.join(&name), style)?;
    page.insert_str(
        at,
        &format!("    <link rel=\"stylesheet\" href=\"{base}/{name}\">\n"),
    );
    Ok(page)
}

/// A script or a style sheet without indentation, empty lines, and comments that have their lines to themselves.
fn without_comments(text: &str) -> String {
    let mut slim = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        let begins = line.starts_with("/*");
        // A comment that code follows on its line stays.
        if inside || (begins && (line.ends_with("*/") || !line.contains("*/"))) {
            inside = !line.ends_with("*/");
        } else if !line.is_empty() && !line.starts_with("//") {
            slim.push_str(line);
            slim.push('\n');
        }
    }
    slim
}

/// Replaces the names with a hash, in a script and its module, and gives both files the fingerprint of what they then are.
fn number_names(out: &Path, stem: &str, html: String) -> Result<String> {
    let script_path = out.join(format!("{stem}.js"));
    let module_path = out.join(format!("{stem}_bg.wasm"));
    let mut script = read(&script_path)?;
    let mut module =
        fs::read(&module_path).context(|| format!("reading {}", module_path.display()))?;
    for (number, name) in hashed_names(&script).into_iter().enumerate() {
        let number = number.to_string();
        let new = "_".repeat(name.len() - number.len()) + &number;
        script = script.replace(&name, &new);
        if !replace_name(&mut module, &name, &new) {
            return Err(
                Error::new(format!("{stem}_bg.wasm does not name {name} exactly once")).remedy(
                    "wasm-bindgen may write its names in another way now; see `hashed_names`",
                ),
            );
        }
    }
    write(&script_path, &script)?;
    write(&module_path, &module)?;
    let Some((plain, _)) = stem.rsplit_once('-') else {
        return Ok(html);
    };
    let both = [script.as_bytes(), &module].concat();
    let renamed = format!("{plain}-{:016x}", fingerprint(&both));
    for (path, ending) in [(&script_path, ".js"), (&module_path, "_bg.wasm")] {
        let to = out.join(format!("{renamed}{ending}"));
        fs::rename(path, &to).context(|| format!("renaming {}", path.display()))?;
    }
    Ok(html.replace(stem, &renamed))
}

/// The names in a script that wasm-bindgen made and ended in a hash; longer ones first, as one may begin like another.
fn hashed_names(script: &str) -> Vec<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let found: BTreeSet<&str> = script
        .split(|c| !word(c))
        .filter(|name| name.starts_with("__wbg_") || name.starts_with("__wbindgen_cast_"))
        .filter(|name| name.rsplit_once('_').is_some_and(|(_, hash)| is_hash(hash)))
        .collect();
    let mut names: Vec<String> = found.into_iter().map(str::to_owned).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names
}

fn is_hash(text: &str) -> bool {
    text.len() == 16
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Replaces a name in a module by one of the same length. In a module each name stands behind its length.
fn replace_name(module: &mut [u8], name: &str, new: &str) -> bool {
    let Ok(length) = u8::try_from(name.len()) else {
        return false;
    };
    // Lengths are written in groups of seven bits.
    if length > 127 {
        return false;
    }
    let known = [&[length], name.as_bytes()].concat();
    let places: Vec<usize> = module
        .windows(known.len())
        .enumerate()
        .filter(|(_, window)| *window == known)
        .map(|(at, _)| at + 1)
        .collect();
    let [at] = places[..] else { return false };
    module[at..at + new.len()].copy_from_slice(new.as_bytes());
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::scratch::TempDir;

    #[test]
    fn the_style_sheets_become_one_in_their_order() {
        let temp = TempDir::new();
        write(&temp.0.join("b-1.css"), "/* one\n   two */\n  b { c: d }\n").unwrap();
        write(&temp.0.join("a-2.css"), "a { /* kept */ }\n").unwrap();
        let page = "<head>\n<link rel=\"stylesheet\" href=\"/lab/b-1.css\" integrity=\"x\"/>\n\
            <link rel=\"stylesheet\" href=\"/lab/a-2.css\"/>\n<script></script>\n</head>\n";
        let page = one_style_sheet(&temp.0, page.to_owned()).unwrap();
        let name = names(&temp.0).unwrap().pop_first().unwrap();
        assert_eq!(
            page,
            format!(
                "<head>\n    <link rel=\"stylesheet\" href=\"/lab/{name}\">\n<script></script>\n</head>\n"
            )
        );
        let style = read(&temp.0.join(name)).unwrap();
        assert_eq!(style, "b { c: d }\na { /* kept */ }\n");
    }

    #[test]
    fn comments_go_and_code_stays() {
        let script =
            "// one\n/**\n * two\n */\nlet a = 1; // three\n\n  /* four */\n  /* five */ b();\n";
        assert_eq!(
            without_comments(script),
            "let a = 1; // three\n/* five */ b();\n"
        );
    }

    #[test]
    fn names_with_a_hash_are_numbered_in_script_and_module() {
        let temp = TempDir::new();
        let name = "__wbg_now_0123456789abcdef";
        write(
            &temp.0.join("app-1.js"),
            format!("{{ {name}: () => 1, __wbg_ptr: 2 }}"),
        )
        .unwrap();
        let module = [&[7, 26], name.as_bytes(), b"rest"].concat();
        write(&temp.0.join("app-1_bg.wasm"), module).unwrap();
        let page = number_names(&temp.0, "app-1", "app-1.js app-1_bg.wasm".to_owned()).unwrap();
        let (script, module) = page.split_once(' ').unwrap();
        let new = format!("{}0", "_".repeat(25));
        assert_eq!(
            read(&temp.0.join(script)).unwrap(),
            format!("{{ {new}: () => 1, __wbg_ptr: 2 }}")
        );
        let module = fs::read(temp.0.join(module)).unwrap();
        assert_eq!(module, [&[7, 26], new.as_bytes(), b"rest"].concat());
        assert!(!page.contains("app-1"));
    }

    #[test]
    fn a_name_that_is_not_in_the_module_is_an_error() {
        let temp = TempDir::new();
        write(&temp.0.join("app-1.js"), "__wbg_now_0123456789abcdef").unwrap();
        write(&temp.0.join("app-1_bg.wasm"), "other").unwrap();
        assert!(number_names(&temp.0, "app-1", String::new()).is_err());
    }
}
