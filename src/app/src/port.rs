//! The port to the worker that holds the run: requests go out in order, each gets its reply.
//!
//! **Invariants.** At most one worker lives; the first one is started when something is asked, so that a visitor who only looks
//! around does not fetch it. When it dies, what it owed is dropped, a new one is started, and the page is
//! told, so that it can open the run again.

use crate::ui::held::Held;
use js_sys::Uint8Array;
use leptos::prelude::*;
use protocol::{Reply, Request};
use std::collections::VecDeque;
use std::time::Duration;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, HtmlScriptElement, MessageEvent, Worker, WorkerOptions, WorkerType};

/// How often a worker may die in one visit before the page gives up.
const LIVES: u32 = 5;
/// How long a request may take before the page says that it is working.
const PATIENCE: Duration = Duration::from_millis(300);

type Answer = Box<dyn FnOnce(Reply)>;

#[derive(Default)]
struct State {
    worker: Option<Worker>,
    ready: bool,
    generation: u32,
    unsent: Vec<Uint8Array>,
    waiting: VecDeque<Answer>,
    asked: u64,
    answered: u64,
    keep: Vec<Closure<dyn FnMut(MessageEvent)>>,
    keep_errors: Vec<Closure<dyn FnMut(ErrorEvent)>>,
}

/// How the worker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers, or will.
    Well,
    /// It died and a new one was started; the text says why, the number counts.
    Restarted(String, u32),
    /// It will not be started again.
    Dead(String),
}

/// The port.
#[derive(Clone, Copy)]
pub struct Port {
    state: StoredValue<State, LocalStorage>,
    /// How the worker is.
    pub health: Held<Health>,
    /// Whether something takes longer than a moment.
    pub working: Held<bool>,
}

impl Port {
    /// A port whose worker is started by the first request.
    pub fn open() -> Self {
        Self {
            state: StoredValue::new_local(State::default()),
            health: Held::new(Health::Well),
            working: Held::new(false),
        }
    }

    /// Asks; the answer comes later, and after the answers to everything asked before.
    pub fn ask(self, request: Request, answer: impl FnOnce(Reply) + 'static) {
        self.ask_bytes(&postcard::to_allocvec(&request).unwrap_or_default(), answer);
    }

    /// Asks with the bytes of a request.
    pub fn ask_bytes(self, request: &[u8], answer: impl FnOnce(Reply) + 'static) {
        self.send(Uint8Array::from(request), Box::new(answer));
    }

    /// Whoever asked is gone from the page: what is still owed comes, and nobody is told.
    pub fn forget(self) {
        self.state.try_update_value(|state| {
            for answer in &mut state.waiting {
                *answer = Box::new(|_| ());
            }
        });
    }

    fn send(self, bytes: Uint8Array, answer: Answer) {
        let number = self.state.try_update_value(|state| {
            state.waiting.push_back(answer);
            state.asked += 1;
            match &state.worker {
                Some(worker) if state.ready => {
                    let _ = worker
                        .post_message_with_transfer(&bytes, &js_sys::Array::of1(&bytes.buffer()));
                }
                _ => state.unsent.push(bytes),
            }
            (state.asked, state.generation)
        });
        let Some((number, mut generation)) = number else {
            return;
        };
        if generation == 0 {
            self.start();
            generation = 1;
        }
        set_timeout(
            move || {
                let late = self
                    .state
                    .try_with_value(|s| s.generation == generation && s.answered < number);
                if late == Some(true) {
                    self.working.set(true);
                }
            },
            PATIENCE,
        );
    }

    fn start(self) {
        let Some(address) = worker_address() else {
            self.health.set(Health::Dead(
                "the page does not say where its simulator is".into(),
            ));
            return;
        };
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = match Worker::new_with_options(&address, &options) {
            Ok(worker) => worker,
            Err(_) => {
                self.health.set(Health::Dead(
                    "this browser does not start the simulator".into(),
                ));
                return;
            }
        };
        let generation = self.state.try_update_value(|state| {
            state.generation += 1;
            state.generation
        });
        let Some(generation) = generation else { return };
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event| {
            self.on_message(generation, &event)
        });
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            event.prevent_default();
            self.on_death(generation, event.message());
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        self.state.update_value(|state| {
            state.worker = Some(worker);
            state.ready = false;
            state.keep.push(on_message);
            state.keep_errors.push(on_error);
        });
    }

    fn on_message(self, generation: u32, event: &MessageEvent) {
        if self.state.try_with_value(|state| state.generation) != Some(generation) {
            return;
        }
        if let Some(hello) = event.data().as_string() {
            if hello == format!("study-lab worker {}", protocol::ENGINE) {
                self.state.update_value(|state| {
                    state.ready = true;
                    for bytes in state.unsent.drain(..) {
                        if let Some(worker) = &state.worker {
                            let _ = worker.post_message(&bytes);
                        }
                    }
                });
            } else {
                self.health.set(Health::Dead(format!(
                    "the page is engine {}, its simulator says `{hello}`",
                    protocol::ENGINE
                )));
            }
            return;
        }
        let bytes = Uint8Array::new(&event.data()).to_vec();
        let answer = self.state.try_update_value(|state| {
            state.answered += 1;
            state.waiting.pop_front()
        });
        if self.state.try_with_value(|state| state.waiting.is_empty()) == Some(true)
            && self.working.get_untracked()
        {
            self.working.set(false);
        }
        match (postcard::from_bytes::<Reply>(&bytes), answer.flatten()) {
            (Ok(reply), Some(answer)) => answer(reply),
            _ => self.on_death(
                generation,
                "the simulator's answer could not be read".into(),
            ),
        }
    }

    fn on_death(self, generation: u32, why: String) {
        if self.state.try_with_value(|state| state.generation) != Some(generation) {
            return;
        }
        self.state.update_value(|state| {
            if let Some(worker) = state.worker.take() {
                worker.terminate();
            }
            state.ready = false;
            state.waiting.clear();
            state.unsent.clear();
            state.answered = state.asked;
        });
        self.working.set(false);
        if generation >= LIVES {
            self.health.set(Health::Dead(why));
        } else {
            self.start();
            self.health.set(Health::Restarted(why, generation));
        }
    }
}

fn worker_address() -> Option<String> {
    let script = document()
        .query_selector("script[data-worker]")
        .ok()
        .flatten()?;
    script
        .dyn_into::<HtmlScriptElement>()
        .ok()?
        .dataset()
        .get("worker")
}
