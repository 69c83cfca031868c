//! Prints the lines of this build: `probe lines [SEEDS]`, or `probe speed`.
//!
//! In wasm there are no arguments and no standard output: the arguments are the text `probeArguments` of the global
//! object, and lines go to the console.

const USAGE: &str = "usage: probe lines [SEEDS] | probe speed";

fn main() {
    let arguments = host::arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["lines"] => probe::lines::lines(20, |line| host::print(&line)),
        ["lines", seeds] => match seeds.parse() {
            Ok(seeds) => probe::lines::lines(seeds, |line| host::print(&line)),
            Err(_) => host::print(USAGE),
        },
        ["speed"] => probe::speed::speed(host::milliseconds, |line| host::print(&line)),
        _ => host::print(USAGE),
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod host {
    use std::sync::OnceLock;
    use std::time::Instant;

    pub fn arguments() -> Vec<String> {
        std::env::args().skip(1).collect()
    }

    pub fn print(line: &str) {
        println!("{line}");
    }

    pub fn milliseconds() -> f64 {
        static BEGIN: OnceLock<Instant> = OnceLock::new();
        BEGIN.get_or_init(Instant::now).elapsed().as_secs_f64() * 1000.0
    }
}

#[cfg(target_arch = "wasm32")]
mod host {
    use js_sys::{Function, Reflect};
    use wasm_bindgen::{JsCast, JsValue};

    fn global(names: &[&str]) -> JsValue {
        names.iter().fold(js_sys::global().into(), |object, name| {
            Reflect::get(&object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
        })
    }

    pub fn arguments() -> Vec<String> {
        let text = global(&["probeArguments"]).as_string().unwrap_or_default();
        text.split_whitespace().map(str::to_string).collect()
    }

    pub fn print(line: &str) {
        if let Ok(log) = global(&["console", "log"]).dyn_into::<Function>() {
            let _ = log.call1(&JsValue::UNDEFINED, &JsValue::from_str(line));
        }
    }

    pub fn milliseconds() -> f64 {
        let now = global(&["performance", "now"]).dyn_into::<Function>();
        now.and_then(|now| now.call0(&global(&["performance"])))
            .ok()
            .and_then(|now| now.as_f64())
            .unwrap_or(0.0)
    }
}
