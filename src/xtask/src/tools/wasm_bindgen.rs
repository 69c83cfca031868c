//! wasm-bindgen: writes the JavaScript between the page and the wasm.

use super::cargo_tool::CargoTool;
use super::download::release_target;

/// How to get the version the lockfile names.
pub fn tool(version: &str) -> CargoTool<'_> {
    CargoTool {
        program: "wasm-bindgen",
        package: "wasm-bindgen-cli",
        version,
        purpose: "writes the JavaScript between the page and the wasm; must match Cargo.lock",
        archive: release_target(true).map(|target| {
            let name = format!("wasm-bindgen-{version}-{target}");
            let url =
                format!("https://github.com/wasm-bindgen/wasm-bindgen/releases/download/{version}/{name}.tar.gz");
            (url, format!("{name}/wasm-bindgen{}", std::env::consts::EXE_SUFFIX))
        }),
        features: &[],
        opt_level: "3",
        build_time: "about 2 minutes",
    }
}
