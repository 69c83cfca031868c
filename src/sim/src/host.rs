//! Host: processes on the machine under each node, their memory, probes and requests.
//!
//! **Invariants.** Every call is answered later by an event, except when a crash of the node takes its processes along,
//! silently. A process that ended takes its requests along: its exit says so once for all of them.

use crate::choices::stream;
use crate::conditions::{Condition, Conditions};
use crate::setup::Span;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use machine::fingerprint::fold;
use machine::{Dice, Duration, HostCall, HostEvent, NodeId, ProcessId, Time};

/// What a probe gives as the reason when no condition does.
pub mod reason {
    /// The process is up but has not finished warming up.
    pub const WARMING: u8 = 253;
    /// The process is still booting.
    pub const BOOTING: u8 = 254;
    /// There is no such process.
    pub const GONE: u8 = 255;
}

/// What a process is started from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Image {
    /// What calls name it by.
    pub number: u64,
    /// How long it takes to be up.
    pub boot: Span,
    /// Bytes it needs from the start.
    pub memory: u64,
    /// Bytes it needs more after each request.
    pub grows: u64,
    /// How long after being up it is ready.
    pub ready_after: Duration,
    /// How long a probe takes.
    pub probe: Span,
    /// How long a request takes, once it has its turn.
    pub service: Span,
    /// How many requests it serves at a time; 0 counts as 1.
    pub concurrency: u16,
    /// How many more may wait for their turn before one is turned away with a bad answer; 0 is no limit.
    pub backlog: u16,
    /// Whether it answers every request badly, however ready it says it is.
    pub broken: bool,
}

/// A process, as seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessView {
    /// Its name.
    pub process: ProcessId,
    /// The number of its image.
    pub image: u64,
    /// Bytes it uses.
    pub memory: u64,
    /// Since when it is up.
    pub up_since: Option<Time>,
    /// Requests it is serving.
    pub serving: u16,
    /// Requests that wait for their turn.
    pub waiting: u32,
}

#[derive(Clone, Debug)]
struct Process {
    id: ProcessId,
    image: Image,
    serial: u32,
    limit: u64,
    memory: u64,
    up_since: Option<Time>,
    serving: u16,
    waiting: VecDeque<(u32, u32)>,
}

/// Something a host will do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Doing {
    Up {
        process: ProcessId,
        serial: u32,
    },
    Probe {
        process: ProcessId,
        nth: u32,
    },
    Serve {
        process: ProcessId,
        serial: u32,
        request: u32,
    },
    Tell(HostEvent),
}

/// Something a host will do, when, and the entry that it is owed to (`None`: the present one).
pub(crate) type Planned = (Duration, Doing, Option<u32>);

/// What a host goes by besides its own state.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub images: &'a [Image],
    pub list: &'a [Condition],
    pub conditions: &'a Conditions,
    pub dice: &'a Dice,
    pub node: NodeId,
    pub now: Time,
    /// The present entry.
    pub entry: u32,
}

/// The host under one node.
#[derive(Debug, Default)]
pub(crate) struct Host {
    total: u64,
    serials: u32,
    /// In order of launching.
    processes: Vec<Process>,
}

impl Clone for Host {
    fn clone(&self) -> Self {
        Self {
            processes: self.processes.clone(),
            ..*self
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.total = source.total;
        self.serials = source.serials;
        self.processes.clone_from(&source.processes);
    }
}

impl Host {
    pub const fn new(total: u64) -> Self {
        Self {
            total,
            serials: 0,
            processes: Vec::new(),
        }
    }

    pub const fn total(&self) -> u64 {
        self.total
    }

    pub fn views(&self) -> impl Iterator<Item = ProcessView> {
        self.processes.iter().map(|process| ProcessView {
            process: process.id,
            image: process.image.number,
            memory: process.memory,
            up_since: process.up_since,
            serving: process.serving,
            waiting: process.waiting.len() as u32,
        })
    }

    /// Everything on it is gone without a word.
    pub fn crash(&mut self) {
        self.processes.clear();
    }

    /// Carries out one call of the node.
    pub fn call(&mut self, around: Around<'_>, call: HostCall, plan: &mut Vec<Planned>) {
        match call {
            HostCall::Launch {
                process,
                image,
                limit,
            } => self.launch(around, process, image, limit, plan),
            HostCall::Probe { process, nth } => {
                let span = self
                    .find(process)
                    .map_or(Span::default(), |process| process.image.probe);
                let key = fold(key(around.node, process), u64::from(nth));
                plan.push((
                    span.draw(around.dice, stream::PROBE, key),
                    Doing::Probe { process, nth },
                    None,
                ));
            }
            HostCall::Serve { process, request } => match self.find(process) {
                Some(found) if found.up_since.is_some() => {
                    let backlog = usize::from(found.image.backlog);
                    if found.serving < found.image.concurrency.max(1) {
                        found.serve(around, request, None, plan);
                    } else if backlog == 0 || found.waiting.len() < backlog {
                        found.waiting.push_back((request, around.entry));
                    } else {
                        plan.push((
                            Duration::ZERO,
                            Doing::Tell(HostEvent::Served {
                                process,
                                request,
                                ok: false,
                            }),
                            None,
                        ));
                    }
                }
                _ => plan.push((
                    Duration::ZERO,
                    Doing::Tell(HostEvent::Served {
                        process,
                        request,
                        ok: false,
                    }),
                    None,
                )),
            },
            HostCall::Kill { process } => self.kill(process, false, plan),
        }
    }

    fn launch(
        &mut self,
        around: Around<'_>,
        id: ProcessId,
        number: u64,
        limit: u64,
        plan: &mut Vec<Planned>,
    ) {
        // A name that is taken: the process it names goes on, and the second launch is no launch.
        if self.find(id).is_some() {
            return;
        }
        let Some(image) = around.images.iter().find(|image| image.number == number) else {
            plan.push((
                Duration::ZERO,
                Doing::Tell(HostEvent::Exited {
                    process: id,
                    code: 127,
                    oom: false,
                }),
                None,
            ));
            return;
        };
        self.serials += 1;
        let serial = self.serials;
        self.processes.push(Process {
            id,
            image: *image,
            serial,
            limit,
            memory: image.memory,
            up_since: None,
            serving: 0,
            waiting: VecDeque::new(),
        });
        let boot = image.boot.draw(
            around.dice,
            stream::BOOT,
            fold(key(around.node, id), u64::from(serial)),
        );
        let slow = around.conditions.boot_delay(around.list, number);
        let boot = Duration(boot.0.saturating_add(slow.0));
        plan.push((
            boot,
            Doing::Up {
                process: id,
                serial,
            },
            None,
        ));
        self.settle(around, plan);
    }

    /// Something planned is due; the event to tell the node, if any.
    pub fn due(
        &mut self,
        around: Around<'_>,
        doing: Doing,
        plan: &mut Vec<Planned>,
    ) -> Option<HostEvent> {
        match doing {
            Doing::Tell(event) => Some(event),
            Doing::Up { process, serial } => {
                let found = self.find(process).filter(|found| found.serial == serial)?;
                found.up_since = Some(around.now);
                Some(HostEvent::Up { process })
            }
            Doing::Probe { process, nth } => {
                let reason = match self.find(process) {
                    None => Some(reason::GONE),
                    Some(found) => found.not_ready(around),
                };
                Some(HostEvent::Probed {
                    process,
                    nth,
                    ready: reason.is_none(),
                    reason: reason.unwrap_or(0),
                })
            }
            Doing::Serve {
                process,
                serial,
                request,
            } => {
                let found = self.find(process).filter(|found| found.serial == serial)?;
                found.serving -= 1;
                let ok = !found.image.broken && found.not_ready(around).is_none();
                found.memory = found.memory.saturating_add(found.image.grows);
                if let Some((next, cause)) = found.waiting.pop_front() {
                    found.serve(around, next, Some(cause), plan);
                }
                self.settle(around, plan);
                Some(HostEvent::Served {
                    process,
                    request,
                    ok,
                })
            }
        }
    }

    /// Kills what exceeds its own limit, then the largest until the rest fits on the host.
    pub fn settle(&mut self, around: Around<'_>, plan: &mut Vec<Planned>) {
        let needs = |process: &Process| {
            process.memory.saturating_add(
                around
                    .conditions
                    .extra_memory(around.list, process.image.number),
            )
        };
        while let Some(over) = self
            .processes
            .iter()
            .find(|process| needs(process) > process.limit)
        {
            let id = over.id;
            self.kill(id, true, plan);
        }
        let room = self
            .total
            .saturating_sub(around.conditions.taken_memory(around.list, around.node));
        while self
            .processes
            .iter()
            .map(needs)
            .fold(0, u64::saturating_add)
            > room
        {
            // Of equals the one launched last.
            let Some(largest) = self
                .processes
                .iter()
                .max_by_key(|process| needs(process))
                .map(|process| process.id)
            else {
                break;
            };
            self.kill(largest, true, plan);
        }
    }

    fn kill(&mut self, id: ProcessId, oom: bool, plan: &mut Vec<Planned>) {
        if let Some(at) = self.processes.iter().position(|process| process.id == id) {
            self.processes.remove(at);
            plan.push((
                Duration::ZERO,
                Doing::Tell(HostEvent::Exited {
                    process: id,
                    code: 137,
                    oom,
                }),
                None,
            ));
        }
    }

    fn find(&mut self, id: ProcessId) -> Option<&mut Process> {
        self.processes.iter_mut().find(|process| process.id == id)
    }
}

impl Process {
    fn serve(
        &mut self,
        around: Around<'_>,
        request: u32,
        cause: Option<u32>,
        plan: &mut Vec<Planned>,
    ) {
        self.serving += 1;
        let key = fold(key(around.node, self.id), u64::from(request));
        let time = self.image.service.draw(around.dice, stream::SERVICE, key);
        plan.push((
            time,
            Doing::Serve {
                process: self.id,
                serial: self.serial,
                request,
            },
            cause,
        ));
    }

    fn not_ready(&self, around: Around<'_>) -> Option<u8> {
        let Some(up_since) = self.up_since else {
            return Some(reason::BOOTING);
        };
        if let Some(reason) = around.conditions.not_ready(around.list, self.image.number) {
            return Some(reason);
        }
        (around.now < up_since.after(self.image.ready_after)).then_some(reason::WARMING)
    }
}

const fn key(node: NodeId, process: ProcessId) -> u64 {
    (node.0 as u64) << 32 | process.0 as u64
}
