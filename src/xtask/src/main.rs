//! The project's own commands: set up, serve, test and publish the lab.

mod cache;
mod error;
mod process;
mod progress;
mod tools;
mod versions;

fn main() {
    let tools = tools::Toolbox { cache: cache::Cache::locate().unwrap(), root: std::env::current_dir().unwrap() };
    let bindgen = versions::wasm_bindgen(&tools.root).unwrap();
    for f in [
        &|| tools::wasm_std::ensure(&tools).map(|w| format!("{w:?}")) as Result<String, error::Error>,
        &|| tools::trunk::tool().ensure(&tools).map(|w| format!("{w:?}")),
        &|| tools::wasm_opt::ensure(&tools).map(|w| format!("{w:?}")),
        &|| tools::playwright::ensure(&tools).map(|w| format!("{w:?}")),
        &|| tools::chromium::ensure(&tools).map(|w| format!("{w:?}")),
        &|| tools::wasm_bindgen::tool(&bindgen).ensure(&tools).map(|w| format!("{w:?}")),
    ] as [&dyn Fn() -> Result<String, error::Error>; 6] {
        match f() {
            Ok(s) => println!("{s}"),
            Err(e) => println!("error: {e}"),
        }
    }
}
