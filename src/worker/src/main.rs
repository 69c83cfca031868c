//! The web worker: decodes a request, asks the bench, encodes the reply.
//!
//! It first says which engine it is, as text; from then on every message is the bytes of one [`Request`] and is answered
//! by the bytes of one [`Reply`], in order.
//!
//! **Not here.** Anything that is decided: the bench does that, the same for the page, the command line and the tests.

use js_sys::Uint8Array;
use protocol::{Problem, Reply, Request};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};
use world::Bench;

fn main() {
    std::panic::set_hook(Box::new(|panic| {
        // The text reaches the page as the worker's error; the trap that follows ends this worker.
        wasm_bindgen::throw_str(&panic.to_string());
    }));
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else {
        return;
    };
    let bench = RefCell::new(Bench::new());
    let port = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let bytes = Uint8Array::new(&event.data()).to_vec();
        let reply = answer(&mut bench.borrow_mut(), &bytes);
        let reply = Uint8Array::from(reply.as_slice());
        // A reply that cannot be posted has no reader any more.
        let _ = port.post_message_with_transfer(&reply, &js_sys::Array::of1(&reply.buffer()));
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    let _ = scope.post_message(&JsValue::from_str(&hello()));
}

/// What the worker says first; the page compares it with its own.
fn hello() -> String {
    format!("study-lab worker {}", protocol::ENGINE)
}

/// The reply to a request, both as bytes.
fn answer(bench: &mut Bench, bytes: &[u8]) -> Vec<u8> {
    let reply = match postcard::from_bytes::<Request>(bytes) {
        Ok(request) => bench.handle(request),
        Err(_) => Reply::Problem(
            Problem::new(
                "request-unreadable",
                "the simulator could not read what the page asked",
            )
            .detail("The page and the simulator are of different versions.")
            .hint("Load the page again."),
        ),
    };
    postcard::to_allocvec(&reply).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_gets_one_reply() {
        let mut bench = Bench::new();
        for bytes in [
            postcard::to_allocvec(&Request::Frame).unwrap(),
            vec![255; 9],
            vec![],
        ] {
            let reply: Reply = postcard::from_bytes(&answer(&mut bench, &bytes)).unwrap();
            assert!(matches!(reply, Reply::Problem(_)));
        }
    }
}
