//! What the finished wasm may and may not hold.
//!
//! Two promises of the design are properties of the machine code and are checked there: the simulator computes with
//! integers only, so that every machine gets the same history, and the modules import nothing but their own
//! JavaScript, so that nothing from outside can steer them.

use crate::error::{Context, Error, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use wasmparser::{KnownCustom, Name, Operator, Parser, Payload};

/// The crates whose functions must not compute with floating point.
const INTEGER_CRATES: [&str; 4] = ["machine", "platform", "sim", "world"];

/// Checks that no function of the simulator's crates holds a floating point instruction.
///
/// The module must be the one the compiler wrote, because later steps remove the names of the functions.
pub fn no_floats(module: &Path) -> Result<usize> {
    let bytes = fs::read(module).context(|| format!("reading {}", module.display()))?;
    let (ours, guilty) = floats_in(&bytes, &INTEGER_CRATES)?;
    if ours == 0 {
        return Err(Error::new(format!(
            "{} names no function of the simulator",
            module.display()
        ))
        .remedy("the worker's profile must not strip names: this check goes by them"));
    }
    if guilty.is_empty() {
        return Ok(ours);
    }
    Err(Error::new("the simulator computes with floating point")
        .detail(guilty.iter().map(|(name, op)| format!("{op} in {name}")).collect::<Vec<_>>().join("\n"))
        .remedy("use integers: a float can differ between machines and splits the histories of one seed"))
}

/// How many functions belong to the crates, and which of those hold a float instruction (the first one found).
fn floats_in(bytes: &[u8], crates: &[&str]) -> Result<(usize, Vec<(String, String)>)> {
    let mut imported = 0;
    let mut bodies = Vec::new();
    let mut names = BTreeMap::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(unreadable)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if matches!(import.map_err(unreadable)?.ty, wasmparser::TypeRef::Func(_)) {
                        imported += 1;
                    }
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body),
            Payload::CustomSection(section) => {
                let KnownCustom::Name(subsections) = section.as_known() else {
                    continue;
                };
                for subsection in subsections {
                    let Name::Function(map) = subsection.map_err(unreadable)? else {
                        continue;
                    };
                    for naming in map {
                        let naming = naming.map_err(unreadable)?;
                        names.insert(naming.index, naming.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    let mut ours = 0;
    let mut guilty = Vec::new();
    for (at, body) in bodies.iter().enumerate() {
        let index = imported + u32::try_from(at).unwrap_or(u32::MAX);
        let Some(name) = names.get(&index) else {
            continue;
        };
        if !belongs(name, crates) {
            continue;
        }
        ours += 1;
        let mut reader = body.get_operators_reader().map_err(unreadable)?;
        while !reader.eof() {
            let op = reader.read().map_err(unreadable)?;
            if let Some(op) = float(&op) {
                guilty.push((name.clone(), op));
                break;
            }
        }
    }
    Ok((ours, guilty))
}

/// The instruction's name, if it computes with floating point.
fn float(op: &Operator) -> Option<String> {
    // The names are those of the specification, with the type in front: `F64Add`, `I32TruncF64S`.
    let text = format!("{op:?}");
    let name = text.split([' ', '{']).next().unwrap_or_default();
    (name.contains("F32") || name.contains("F64")).then(|| name.to_owned())
}

/// Whether a function's name, mangled or plain, is that of one of these crates.
fn belongs(name: &str, crates: &[&str]) -> bool {
    crates.iter().any(|krate| {
        let plain =
            name.starts_with(&format!("{krate}::")) || name.starts_with(&format!("<{krate}::"));
        // Mangled names give each part its length first.
        let part = format!("{}{krate}", krate.len());
        let legacy = name
            .strip_prefix("_ZN")
            .is_some_and(|n| n.starts_with(&part));
        let v0 = name.starts_with("_R") && name.contains(&format!("_{part}"));
        plain || legacy || v0
    })
}

/// Checks that a module imports from nowhere but the JavaScript written for it.
pub fn only_own_imports(module: &Path) -> Result<usize> {
    let bytes = fs::read(module).context(|| format!("reading {}", module.display()))?;
    let imports = imports_of(&bytes)?;
    let foreign: Vec<&String> = imports
        .iter()
        .filter(|m| *m != "wbg" && !(m.starts_with("./") && m.ends_with("_bg.js")))
        .collect();
    if foreign.is_empty() {
        return Ok(imports.len());
    }
    Err(Error::new(format!("{} imports from outside", module.display()))
        .detail(format!("{foreign:?}"))
        .remedy("find the crate that asks for it; a wasm module of the lab gets everything from its own JavaScript"))
}

fn imports_of(bytes: &[u8]) -> Result<Vec<String>> {
    let mut modules = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::ImportSection(imports) = payload.map_err(unreadable)? {
            for import in imports.into_imports() {
                modules.push(import.map_err(unreadable)?.module.to_owned());
            }
        }
    }
    Ok(modules)
}

fn unreadable(e: wasmparser::BinaryReaderError) -> Error {
    Error::new("the wasm cannot be read").detail(e)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with one function of the given name and body, importing from `import`.
    fn module(import: &str, name: &str, body: &[u8]) -> Vec<u8> {
        let section = |id: u8, content: Vec<u8>| [vec![id, content.len() as u8], content].concat();
        let text = |s: &str| [vec![s.len() as u8], s.as_bytes().to_vec()].concat();
        let code = [vec![0], body.to_vec(), vec![0x0b]].concat();
        let naming = [vec![1, 1], text(name)].concat();
        [
            b"\0asm\x01\0\0\0".to_vec(),
            section(1, vec![1, 0x60, 0, 0]),
            section(2, [vec![1], text(import), text("f"), vec![0, 0]].concat()),
            section(3, vec![1, 0]),
            section(10, [vec![1, code.len() as u8], code].concat()),
            section(
                0,
                [text("name"), vec![1, naming.len() as u8], naming].concat(),
            ),
        ]
        .concat()
    }

    /// `f64.const 0; drop` and `i64.const 0; drop`.
    const FLOAT: &[u8] = &[0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a];
    const INTEGER: &[u8] = &[0x42, 0, 0x1a];

    #[test]
    fn a_float_in_the_simulator_is_found() {
        let (ours, guilty) = floats_in(&module("wbg", "sim::run", FLOAT), &["sim"]).unwrap();
        assert_eq!((ours, guilty[0].1.as_str()), (1, "F64Const"));
    }

    #[test]
    fn integers_and_other_peoples_floats_are_fine() {
        assert_eq!(
            floats_in(&module("wbg", "sim::run", INTEGER), &["sim"]).unwrap(),
            (1, vec![])
        );
        assert_eq!(
            floats_in(&module("wbg", "similar::run", FLOAT), &["sim"]).unwrap(),
            (0, vec![])
        );
    }

    #[test]
    fn names_are_recognised_in_every_mangling() {
        for name in [
            "sim::queue::pop",
            "<sim::Queue as Clone>::clone",
            "_ZN3sim5queue3pop17h0123E",
            "_RNvNtCs1_3sim5queue3pop",
        ] {
            assert!(belongs(name, &["sim"]), "{name}");
        }
        for name in ["simple::x", "_ZN6simple1x17h0E", "core::sim"] {
            assert!(!belongs(name, &["sim"]), "{name}");
        }
    }

    #[test]
    fn imports_from_elsewhere_are_found() {
        assert_eq!(imports_of(&module("env", "f", INTEGER)).unwrap(), ["env"]);
        assert!(imports_of(b"not wasm").is_err());
    }
}
