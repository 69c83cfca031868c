//! What a test asks the bench: where things stand, and what was told on the way.

use super::{Bench, CONTROL, ROUTE, Told, secs};
use machine::{Gate, Machine, NodeId, Verdict};
use platform::control;
use platform::id::{Epoch, RequestId};
use platform::message::{Class, Message, Reason};
use platform::note::Note;
use platform::{allocation, wake};

impl Bench {
    pub fn wake(&self) -> control::Wake {
        let epoch = self.control.machine.routes().get(0).unwrap().value.epoch;
        self.wake_at(epoch)
    }

    pub fn wake_at(&self, epoch: Epoch) -> control::Wake {
        let of_route = |wake: &control::Wake| wake.route == ROUTE && wake.epoch == epoch;
        self.control
            .machine
            .wakes()
            .iter()
            .map(|(_, row)| row.value)
            .rfind(of_route)
            .expect("a wake")
    }

    pub fn allocation(&self, id: u32) -> control::Allocation {
        self.control
            .machine
            .allocations()
            .get(id)
            .expect("an allocation")
            .value
    }

    pub fn status(&self, id: RequestId) -> Option<u16> {
        self.responses.get(&id).map(|response| response.0)
    }

    pub fn answer(&self, id: RequestId) -> Option<(u16, Reason)> {
        self.responses
            .get(&id)
            .map(|response| (response.0, response.1))
    }

    pub fn notes(&self) -> impl Iterator<Item = Note> {
        self.log.iter().filter_map(|(_, _, told)| {
            if let Told::Note(note) = told {
                Some(*note)
            } else {
                None
            }
        })
    }

    pub fn count(&self, matches: impl Fn(&Note) -> bool) -> usize {
        self.notes().filter(matches).count()
    }

    pub fn sent(&self, matches: impl Fn(&Message) -> bool) -> usize {
        self.log
            .iter()
            .filter(|(_, _, told)| matches!(told, Told::Sent(message) if matches(message)))
            .count()
    }

    pub fn verdicts(&self, gate: &Gate) -> Vec<Verdict> {
        let of_gate = |told: &Told| {
            if let Told::Ruled(ruling) = told {
                Some(*ruling).filter(|r| r.gate == gate.index)
            } else {
                None
            }
        };
        self.log
            .iter()
            .filter_map(|(_, _, told)| of_gate(told))
            .map(|ruling| ruling.verdict)
            .collect()
    }

    pub fn refused(&self, gate: &Gate) -> bool {
        self.verdicts(gate).contains(&Verdict::Refused)
    }

    pub fn took_wake(&self, transition: wake::Transition) -> usize {
        self.took(platform::WAKE, transition as u8)
    }

    pub fn took_allocation(&self, transition: allocation::Transition) -> usize {
        self.took(platform::ALLOCATION, transition as u8)
    }

    fn took(&self, lifecycle: u8, transition: u8) -> usize {
        let fits = |told: &Told| matches!(told, Told::Moved(moved) if moved.lifecycle == lifecycle && moved.transition == Some(transition));
        self.log.iter().filter(|(_, _, told)| fits(told)).count()
    }

    /// A hot route, by a request that was served.
    pub fn make_hot(&mut self) {
        let id = self.request(Class::SafePage);
        self.advance(secs(3));
        assert_eq!(self.answer(id), Some((200, Reason::Served)));
        assert_eq!(self.wake().state, wake::State::Hot);
    }

    pub fn fingerprint(&self, id: NodeId) -> u64 {
        if id == CONTROL {
            self.control.machine.fingerprint()
        } else if let Some(edge) = self.edges.get(&id) {
            edge.machine.fingerprint()
        } else {
            self.runners
                .get(&id)
                .map_or(0, |runner| runner.machine.fingerprint())
        }
    }
}
