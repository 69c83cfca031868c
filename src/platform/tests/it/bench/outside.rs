//! What is outside of the three machines, as tests want it: the automation, the store of keys, the product's database, the
//! artifact store's assets.

use super::*;
use platform::control::Pressed;
use platform::traces::{
    Arrival, Asset, Brings, Claim, Errand, KeyStore, Manners, Message as Say, Preview, Proof,
    Services, Webhook,
};

/// With what the provider of `CONTRACT_ROUTE` signs.
pub const SECRET: u64 = 7;

/// What is outside, and whether it answers.
#[derive(Clone)]
pub struct Outside {
    pub keys: KeyStore,
    pub keys_answer: bool,
    /// Whether the disk of the store of keys answers.
    pub keys_disk: bool,
    pub product_answers: bool,
    pub effects: Vec<(RequestId, Option<Claim>)>,
    pub assets: Vec<Digest>,
    pub assets_answer: bool,
    /// How many asks for assets are still answered with wrong bytes.
    pub wrong_bytes: u32,
    pub fetches: u32,
}

impl Default for Outside {
    fn default() -> Self {
        Self {
            keys: KeyStore::new(PRODUCT),
            keys_answer: true,
            keys_disk: true,
            product_answers: true,
            effects: Vec::new(),
            assets: Vec::new(),
            assets_answer: true,
            wrong_bytes: 0,
            fetches: 0,
        }
    }
}

/// What is around the three machines.
pub type Around = (Services, Option<NodeId>, Option<Pressed>);

/// Nothing special.
pub fn plain() -> Around {
    (Services::default(), None, None)
}

impl Bench {
    /// Two edges and two runners with a store of keys, a webhook contract for `CONTRACT_ROUTE`, assets, and preview 1 of
    /// `ROUTE`, which is `CONTRACT_ROUTE`.
    pub fn of_traces() -> Self {
        let services = Services {
            keys: Some(KEYS),
            assets: Some(STORE),
            webhooks: vec![
                None,
                Some(Webhook {
                    secret: SECRET,
                    timeout: secs(10),
                    inbox: false,
                }),
            ],
            ..Services::default()
        };
        Self::of_services(services)
    }

    /// The same without keys, in which `CONTRACT_ROUTE` is preview 1 of `ROUTE`.
    pub fn of_previews() -> Self {
        let preview = Preview {
            of: ROUTE,
            number: 1,
            isolated: true,
            superseded: None,
        };
        Self::of_services(Services {
            previews: vec![None, Some(preview)],
            ..Services::default()
        })
    }

    /// The same with a crawler's manners: nothing is woken for errands on `ROUTE`.
    pub fn of_errands() -> Self {
        Self::of_services(Services {
            manners: vec![Manners::Refuse],
            ..Services::default()
        })
    }

    /// A page of `ROUTE` on an errand.
    pub fn errand(&mut self, errand: Errand) -> RequestId {
        self.arrive(EDGE, |arrival| {
            arrival.request.route = ROUTE;
            arrival.request.class = Class::SafePage;
            arrival.errand = errand;
        })
    }

    /// Whoever sent a request to the edge leaves.
    pub fn leave(&mut self, request: RequestId) {
        self.deliver(CLIENT, EDGE, Message::Traces(Say::Leave { request }));
        self.settle();
    }

    /// The same with an inbox; its owner may have agreed to that or not.
    pub fn of_inbox(agreed: bool) -> Self {
        let webhook = Webhook {
            secret: SECRET,
            timeout: secs(10),
            inbox: agreed,
        };
        Self::of_services(Services {
            keys: Some(KEYS),
            webhooks: vec![None, Some(webhook)],
            // Tests play it by hand; to its name nothing answers but the vault.
            inbox: Some(VAULT),
            ..Services::default()
        })
    }

    fn of_services(services: Services) -> Self {
        let mut bench = Self::built(
            &[EDGE, EDGE_TWO],
            &[RUNNER, RUNNER_TWO],
            None,
            (services, None, None),
        );
        bench.outside.assets = vec![Digest(0xC55), Digest(0xC56)];
        bench.boot_all();
        bench
    }

    /// Two edges and a runner, with a journal of deliveries and consoles that the first route's owner serves.
    pub fn of_pressed() -> Self {
        let pressed = Pressed {
            journal: true,
            console: Some(ROUTE),
        };
        let around = (Services::default(), None, Some(pressed));
        let mut bench = Self::built(&[EDGE, EDGE_TWO], &[RUNNER], None, around);
        bench.boot_all();
        bench
    }

    /// One edge and one runner, with a vault that says when a secret is bound.
    pub fn of_vault() -> Self {
        let mut bench = Self::built(
            &[EDGE],
            &[RUNNER],
            None,
            (Services::default(), Some(VAULT), None),
        );
        bench.boot_all();
        bench
    }

    /// The vault says that the secrets are there, or nothing.
    pub fn await_secret(&mut self, from: NodeId, deployment: DeploymentId, nth: u32) {
        if self.secrets {
            self.route(VAULT, from, Message::SecretBound { deployment, nth });
        }
    }

    /// Sends a request with what its class needs.
    pub fn arrive(&mut self, edge: NodeId, change: impl FnOnce(&mut Arrival)) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        let mut arrival = Arrival::from(Request {
            id,
            route: CONTRACT_ROUTE,
            class: Class::Unsafe,
            key: None,
            body: 0,
            bytes: 100,
        });
        change(&mut arrival);
        self.deliver(CLIENT, edge, Message::Traces(Say::Arrive(arrival)));
        self.settle();
        id
    }

    /// A post with a key.
    pub fn post(&mut self, edge: NodeId, key: u32, body: u32) -> RequestId {
        self.send_request(
            edge,
            CONTRACT_ROUTE,
            Class::Unsafe,
            Some(IdempotencyKey(key)),
            body,
        )
    }

    /// A webhook of the provider, signed so long ago.
    pub fn webhook(&mut self, edge: NodeId, event: u32, age: Duration) -> RequestId {
        let at = Time(self.now.0.saturating_sub(age.0));
        self.arrive(edge, |arrival| {
            arrival.request.class = Class::Webhook;
            arrival.request.key = Some(IdempotencyKey(event));
            arrival.request.body = event;
            arrival.brings = Brings::Proof(Proof::new(SECRET, at, event));
        })
    }

    /// A request for an asset of `ROUTE`.
    pub fn asset(&mut self, asset: Asset) -> RequestId {
        self.arrive(EDGE, |arrival| {
            arrival.request.route = ROUTE;
            arrival.request.class = Class::Asset;
            arrival.brings = asset.into();
        })
    }

    /// A page by the host of a preview of `ROUTE`.
    pub fn preview(&mut self, number: u8) -> RequestId {
        self.arrive(EDGE, |arrival| {
            arrival.request.route = ROUTE;
            arrival.request.class = Class::SafePage;
            arrival.preview = Some(number);
        })
    }

    pub(super) fn ask_outside(&mut self, from: NodeId, to: NodeId, say: Say) {
        match (to, say) {
            (KEYS, _) if self.outside.keys_answer => self.ask_keys(from, say),
            (
                PRODUCT,
                Say::Effect {
                    request,
                    claim,
                    nth,
                },
            ) if self.outside.product_answers => {
                if !self.outside.effects.contains(&(request, claim)) {
                    self.outside.effects.push((request, claim));
                }
                let said = Message::Traces(Say::Effected { request, nth });
                self.route(PRODUCT, from, said);
            }
            (PRODUCT, Say::Look { claim, nth }) => {
                let mut effects = self.outside.effects.iter();
                let happened = effects.any(|(_, of)| *of == Some(claim));
                let said = Say::Seen {
                    claim,
                    happened,
                    nth,
                };
                self.route(PRODUCT, from, Message::Traces(said));
            }
            (STORE, Say::Fetch { digest, nth }) if self.outside.assets_answer => {
                self.outside.fetches += 1;
                let wrong = self.outside.wrong_bytes > 0;
                self.outside.wrong_bytes = self.outside.wrong_bytes.saturating_sub(1);
                let right = if wrong { Digest(1) } else { digest };
                let bytes = self.outside.assets.contains(&digest).then_some(right);
                let said = Say::Bytes { digest, bytes, nth };
                self.route(STORE, from, Message::Traces(said));
            }
            (
                STORE,
                Say::Lookup {
                    deployment,
                    path,
                    nth,
                },
            ) if self.outside.assets_answer => {
                let digest = self.outside.assets.get(usize::from(deployment.0)).copied();
                let said = Say::Found {
                    deployment,
                    path,
                    digest: digest.filter(|_| path == 0),
                    nth,
                };
                self.route(STORE, from, Message::Traces(said));
            }
            _ => {}
        }
    }

    /// The store of keys, whose disk answers at once.
    fn ask_keys(&mut self, from: NodeId, say: Say) {
        let message = Message::Traces(say);
        self.step_keys(Input::Message { from, message });
    }

    fn step_keys(&mut self, input: Input<Message>) {
        let cx = Context {
            now: self.now,
            node: KEYS,
            waivers: self.waivers,
            knobs: &self.knobs,
            dice: &self.dice,
        };
        let mut step = Step::default();
        self.outside.keys.step(&cx, input, &mut step);
        let told = step.notes.iter().map(|note| Told::Note(*note));
        let at = self.now;
        self.log.extend(told.map(|told| (at, KEYS, told)));
        for send in &step.sends {
            self.route(KEYS, send.to, send.message);
        }
        let durable = self.outside.keys_disk;
        for persist in step.persists.iter().filter(|_| durable) {
            self.step_keys(Input::Persisted(persist.ticket));
        }
    }

    /// Lets the store of keys look at its clock.
    pub fn tick_keys(&mut self) {
        self.step_keys(Input::Deadline);
        self.settle();
    }

    /// The automation does as it is told, at once; a host is off for two seconds.
    pub(super) fn bootstrap(&mut self, from: NodeId, message: HostMessage) {
        match message {
            HostMessage::ProviderAsk { nth } if self.provider_answers => {
                let ok = Message::Host(HostMessage::ProviderOk { nth });
                self.route(BOOTSTRAP, from, ok);
            }
            HostMessage::Upgrade {
                drain,
                host,
                version,
                attempt,
                nth,
            } if self.installs => {
                let mut facts = Facts::right(version);
                (self.broken)(&mut facts);
                let install = HostMessage::Install {
                    drain,
                    attempt,
                    takes: secs(2),
                    facts,
                    nth,
                };
                self.route(BOOTSTRAP, host, Message::Host(install));
            }
            _ => {}
        }
    }
}
