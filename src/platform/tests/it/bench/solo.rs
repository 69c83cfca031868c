//! One machine alone, stepped by hand: its clock, its disk and what left it last.

use super::StepOf;
use machine::{Context, Dice, Input, Knobs, Machine, NodeId, Persist, Step, Ticket, Time, Waivers};
use platform::knob;

/// A machine on a node of its own.
pub struct Solo<M: Machine> {
    pub machine: M,
    node: NodeId,
    pub now: Time,
    pub knobs: Knobs,
    /// What its last step put out; what it writes is on `disk`.
    pub out: StepOf<M>,
    /// Written, and not durable yet.
    pub disk: Vec<Persist<M::Record>>,
    pub durable: Vec<M::Record>,
}

impl<M: Machine> Solo<M> {
    /// Not begun yet: that is what its first restart is for.
    pub fn new(machine: M, node: NodeId) -> Self {
        Self {
            machine,
            node,
            now: Time(1_000_000),
            knobs: Knobs::defaults(knob::ALL),
            out: Step::default(),
            disk: Vec::new(),
            durable: Vec::new(),
        }
    }

    fn act(&mut self, act: impl FnOnce(&mut M, &Context<'_>, &[M::Record], &mut StepOf<M>)) {
        let dice = Dice::new([7; Dice::STREAMS]);
        let cx = Context {
            now: self.now,
            node: self.node,
            waivers: Waivers::NONE,
            knobs: &self.knobs,
            dice: &dice,
        };
        self.out.clear();
        act(&mut self.machine, &cx, &self.durable, &mut self.out);
        self.disk.append(&mut self.out.persists);
    }

    /// One input.
    pub fn input(&mut self, input: Input<M::Message>) {
        self.act(|machine, cx, _, out| machine.step(cx, input, out));
    }

    /// Begins, or begins again with what is durable; what is not is lost.
    pub fn restart(&mut self) {
        self.disk.clear();
        self.act(|machine, cx, durable, out| machine.restart(cx, durable, out));
    }

    /// The disk is done with its oldest write.
    pub fn next_write(&mut self) -> Option<Ticket> {
        let write = (!self.disk.is_empty()).then(|| self.disk.remove(0))?;
        self.durable.push(write.record);
        Some(write.ticket)
    }
}

/// What a test does by hand with one machine, and what it notes of it.
pub trait ByHand {
    type Of: Machine;

    fn solo(&mut self) -> &mut Solo<Self::Of>;

    /// What the machine's last step put out is taken down.
    fn look(&mut self) {}

    /// What was taken down before a restart, and says nothing afterwards, is put away.
    fn forget(&mut self) {}

    /// One input.
    fn input(&mut self, input: Input<<Self::Of as Machine>::Message>) {
        self.solo().input(input);
        self.look();
    }

    /// The disk catches up.
    fn sync(&mut self) {
        while let Some(ticket) = self.solo().next_write() {
            self.input(Input::Persisted(ticket));
        }
    }

    /// Begins, or begins again with what is durable; the disk catches up.
    fn restart(&mut self) {
        self.forget();
        self.solo().restart();
        self.look();
        self.sync();
    }
}
