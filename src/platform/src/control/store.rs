//! What weighs on the store: commits, the journal of deliveries, and the audit of who looks.
//!
//! **Invariants.** Lines that are written besides commits have no row of the outbox; nothing is decided by them, and a start
//! reads over them. They go through the same store in the same order, so that whatever comes after them waits for them.

use super::commit::BESIDE;
use super::{ControlPlane, Image, Out, Record};
use crate::id::{OutboxId, RouteId};
use crate::message::{Event, Message as Said};
use crate::pressure::{Command, Line, Message, Note, Setting, SettingId};
use crate::{gate, knob};
use machine::{Context, Fact, NodeId, Persist, Row, SortedMap, Table, Ticket, Time, fingerprint};

/// What is special about a control plane whose store may be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pressed {
    /// Whether a journal of deliveries is kept, for every edge.
    pub journal: bool,
    /// The app that consoles are served by, if there are any.
    pub console: Option<RouteId>,
}

/// A call that is answered when its line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Call {
    from: NodeId,
    console: u16,
    nth: u32,
}

/// What weighs on the store besides commits.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    pub(super) setting: Table<Setting>,
    /// How many lines were handed to the store.
    lines: u64,
    /// Those of them that are not written yet.
    waiting: SortedMap<u64, Option<Call>>,
    /// How many calls wait.
    calls: u32,
}

impl Load {
    pub(super) fn fingerprint(&self) -> u64 {
        let beside = fingerprint::digest(&(self.lines, self.waiting.len() as u64, self.calls));
        fingerprint::fold(self.setting.fingerprint(), beside)
    }
}

impl ControlPlane {
    /// How many writes wait for the store: commits, and lines besides.
    #[must_use]
    pub fn waiting_writes(&self) -> (u32, u32) {
        let commits = self.outbox.len() as u32 - self.durable;
        (commits, self.store.waiting.len() as u32)
    }

    /// What is set, if there is anything to set.
    #[must_use]
    pub fn setting(&self) -> Option<Setting> {
        self.store.setting.get(0).map(|row| row.value)
    }

    /// How many calls of consoles wait.
    #[must_use]
    pub const fn waiting_calls(&self) -> u32 {
        self.store.calls
    }

    fn waits_for_store(&self) -> u64 {
        let (commits, lines) = self.waiting_writes();
        u64::from(commits) + u64::from(lines)
    }

    pub(super) fn complete_setting(&mut self, out: &mut Out) {
        let Some(pressed) = self.installation.pressed else {
            return;
        };
        if self.store.setting.get(0).is_none() {
            let edges = self.installation.edges.len().min(64) as u8;
            let setting = Setting {
                journal: if pressed.journal { edges } else { 0 },
                calls: None,
            };
            self.write_setting(out, setting);
        }
    }

    fn write_setting(&mut self, out: &mut Out, value: Setting) -> bool {
        let table = &mut self.store.setting;
        let version = match table.get(0).copied() {
            None => {
                table.insert(value);
                1
            }
            Some(old) if old.value == value => return true,
            Some(old) => match table.cas(0, old.version, value) {
                Ok(version) => version,
                Err(_) => return false,
            },
        };
        let event = Event::Setting(crate::pressure::Event {
            journal: value.journal,
            calls: value.calls,
            version,
        });
        self.commit(out, event, Image::Setting(Row { version, value }));
        true
    }

    fn write_line(&mut self, out: &mut Out, line: Line, call: Option<Call>) {
        let row = match line {
            Line::Heard(row, _) => row,
            Line::Called(_) => OutboxId(0),
        };
        let Some(event) = self.outbox.get(row.0 as usize).map(|row| row.event) else {
            return;
        };
        let nth = self.store.lines;
        self.store.lines += 1;
        self.store.waiting.insert(nth, call);
        out.persists.push(Persist {
            ticket: Ticket(BESIDE + nth),
            record: Record {
                row,
                event,
                image: Image::Line(line),
            },
        });
    }

    /// A line besides commits is written: whoever waits for it gets an answer.
    pub(super) fn on_line_written(&mut self, out: &mut Out, nth: u64) {
        let Some(Some(call)) = self.store.waiting.remove(&nth) else {
            return;
        };
        self.store.calls = self.store.calls.saturating_sub(1);
        let Some(route) = self.installation.pressed.and_then(|it| it.console) else {
            return;
        };
        let Some(owner) = self.routes.get(route.0.into()).map(|row| row.value) else {
            return;
        };
        let Call { from, console, nth } = call;
        out.note(Note::CallAnswered { from, console }.into());
        let version = owner.deployment;
        let called = Message::Called {
            console,
            version,
            nth,
        };
        self.say(out, from, Said::Pressure(called));
    }

    /// An edge has a row: the journal says so, if it is kept for that edge.
    pub(super) fn journal(&mut self, out: &mut Out, row: OutboxId, edge: u8) {
        if self.setting().is_some_and(|setting| edge < setting.journal) {
            self.write_line(out, Line::Heard(row, edge), None);
        }
    }

    /// Whether something may begin that can wait; if not, when it makes sense to ask again.
    pub(super) fn store_keeps_up(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
    ) -> Result<(), Time> {
        if self.installation.pressed.is_none() {
            return Ok(());
        }
        let room = Fact::below(self.waits_for_store(), cx.knobs.get(&knob::STORE_BACKLOG));
        out.require(cx, &gate::STORE_KEEPS_UP, route.into(), room)
            .map_err(|_| cx.now.after(cx.knobs.time(&knob::STORE_REST)))?;
        Ok(())
    }

    /// An operator sets something.
    pub(super) fn on_setting(&mut self, cx: &Context<'_>, out: &mut Out, command: Command) -> bool {
        let Some(mut setting) = self.setting() else {
            return false;
        };
        match command {
            Command::Journal { edges } => {
                let edges = edges.min(self.installation.edges.len().min(64) as u8);
                let before = setting.journal;
                if edges > before {
                    let calm = self.waits_for_store() < cx.knobs.get(&knob::STORE_CALM);
                    let step = Fact::yes(edges == before + 1 && calm);
                    if out
                        .require(cx, &gate::JOURNAL_IN_STAGES, SettingId.into(), step)
                        .is_err()
                    {
                        return false;
                    }
                }
                setting.journal = edges;
                out.note(Note::JournalSet { before, edges }.into());
            }
            Command::Admit { calls } => {
                setting.calls = Some(calls);
                out.note(Note::AdmitSet { calls }.into());
            }
        }
        self.write_setting(out, setting)
    }

    /// A console calls: it is answered when the audit has it.
    pub(super) fn on_call(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, said: Message) {
        let Message::Call { console, nth } = said else {
            return;
        };
        let usual = cx.knobs.get(&knob::CALLS_WAITING);
        let set = self.setting().and_then(|setting| setting.calls);
        let most = set.map_or(usual, |set| usual.min(set.into()));
        let room = Fact::below(self.store.calls.into(), most);
        if out
            .require(cx, &gate::CALLS_BOUNDED, SettingId.into(), room)
            .is_err()
        {
            out.note(Note::CallRefused { console }.into());
            let retry_after = cx.knobs.time(&knob::STORE_REST).whole_secs_up() as u32;
            let refused = Message::Refused {
                console,
                retry_after,
                nth,
            };
            return out.send(from, Said::Pressure(refused));
        }
        self.store.calls += 1;
        let waiting = self.store.calls;
        out.note(Note::CallTaken { console, waiting }.into());
        self.write_line(
            out,
            Line::Called(console),
            Some(Call { from, console, nth }),
        );
    }
}
