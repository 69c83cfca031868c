//! Trunk: bundles the two wasm programs, the styles and the page.

use super::cargo_tool::CargoTool;
use super::download::release_target;
use crate::versions::TRUNK;

/// How to get it.
pub fn tool() -> CargoTool<'static> {
    CargoTool {
        program: "trunk",
        package: "trunk",
        version: TRUNK,
        purpose: "bundles the page and the two wasm programs",
        archive: release_target(false).map(|target| {
            let ending = if cfg!(windows) { "zip" } else { "tar.gz" };
            let url =
                format!("https://github.com/trunk-rs/trunk/releases/download/v{TRUNK}/trunk-{target}.{ending}");
            (url, format!("trunk{}", std::env::consts::EXE_SUFFIX))
        }),
        // It never goes to the network here, so its TLS stack and its update check are left out.
        features: &["--no-default-features"],
        opt_level: "1",
        build_time: "about 4 minutes",
    }
}
