//! Git, with the registry of images beside it: outside of everything, it keeps what was committed and hands it to who asks.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Input, Step, Time};
use platform::gitops::{
    CentralRecord, Command as Order, Desired, EdgeRecord, Item, LocalRecord, MOST, Message as Say,
    Note as Tell, Revision,
};
use platform::message::{Command, Message};
use platform::note::Note;

/// What a commit changes: a deployment and the version that is wanted of it.
pub type Change = (Item, Revision);

/// Git and the registry.
#[derive(Clone, Debug)]
pub struct Git {
    /// What will be committed, in order of time.
    plan: Vec<(Time, Vec<Change>)>,
    /// How much of that has been.
    done: usize,
    /// What each commit wanted; the first is number 1.
    log: Vec<(Time, Desired)>,
    /// The images that the registry does not have.
    missing: Vec<u32>,
}

impl Git {
    /// Git with what will be committed, and a registry without these images.
    #[must_use]
    pub fn new(mut plan: Vec<(Time, Vec<Change>)>, missing: Vec<u32>) -> Self {
        plan.sort_by_key(|(at, _)| *at);
        Self {
            plan,
            done: 0,
            log: Vec::new(),
            missing,
        }
    }

    /// What each commit wanted, and when it came; the first is number 1.
    #[must_use]
    pub fn log(&self) -> &[(Time, Desired)] {
        &self.log
    }

    /// What the newest commit wants.
    #[must_use]
    pub fn head(&self) -> Desired {
        self.log
            .last()
            .map_or([Revision::NONE; MOST], |(_, wanted)| *wanted)
    }

    fn push(&mut self, now: Time, wanted: Desired, step: &mut Step<Message, Stored, Note>) {
        let before = self.head();
        let removed = before
            .iter()
            .zip(&wanted)
            .filter(|(old, new)| old.is_some() && !new.is_some())
            .count();
        self.log.push((now, wanted));
        step.note(Note::GitOps(Tell::GitCommitted {
            commit: self.log.len() as u32,
            wanted: wanted.iter().filter(|one| one.is_some()).count() as u8,
            removed: removed as u8,
        }));
    }

    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        match input {
            Input::Deadline => {
                while let Some((_, changes)) =
                    self.plan.get(self.done).filter(|(at, _)| *at <= cx.now)
                {
                    let mut wanted = self.head();
                    for (item, revision) in changes {
                        wanted[usize::from(item.0)] = *revision;
                    }
                    self.done += 1;
                    self.push(cx.now, wanted, step);
                }
            }
            Input::Message { from, message } => match message {
                Message::GitOps(Say::Read { nth }) => {
                    let head = Say::Head {
                        commit: self.log.len() as u32,
                        wanted: self.head(),
                        nth,
                    };
                    step.send(from, Message::GitOps(head));
                }
                Message::GitOps(Say::Pull { item, image, nth }) => {
                    let pulled = Say::Pulled {
                        item,
                        image,
                        found: !self.missing.contains(&image),
                        nth,
                    };
                    step.send(from, Message::GitOps(pulled));
                }
                Message::Command(Command::GitOps(command)) => {
                    let wanted = match command {
                        Order::RevertCommit if self.log.len() > 1 => {
                            Some(self.log[self.log.len() - 2].1)
                        }
                        Order::Commit(item, revision) => {
                            let mut wanted = self.head();
                            wanted[usize::from(item.0)] = revision;
                            Some(wanted)
                        }
                        _ => None,
                    };
                    let done = wanted.is_some();
                    if let Some(wanted) = wanted {
                        self.push(cx.now, wanted, step);
                    }
                    step.note(Note::GitOps(Tell::Ordered { command, done }));
                }
                _ => {}
            },
            Input::Persisted(_) | Input::Host(_) => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.plan.get(self.done).map(|(at, _)| *at)
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(self.done, self.log.len(), self.log.last()))
    }
}

/// The records of one node among those of all kinds.
pub(super) fn records<R>(durable: &[Stored], mine: fn(&Stored) -> Option<R>) -> Vec<R> {
    durable.iter().filter_map(mine).collect()
}

pub(super) const fn central(stored: &Stored) -> Option<CentralRecord> {
    match stored {
        Stored::Central(record) => Some(*record),
        _ => None,
    }
}

pub(super) const fn local(stored: &Stored) -> Option<LocalRecord> {
    match stored {
        Stored::Local(record) => Some(*record),
        _ => None,
    }
}

pub(super) const fn edge_node(stored: &Stored) -> Option<EdgeRecord> {
    match stored {
        Stored::EdgeNode(record) => Some(*record),
        _ => None,
    }
}

impl super::Fleet {
    /// Git, if the plan has deployments from it.
    #[must_use]
    pub fn git(&self) -> Option<&Git> {
        match self.node(self.roster.seated(super::GIT).next()?) {
            Some(super::Node::Git(git)) => Some(git),
            _ => None,
        }
    }

    /// CO, if the plan has deployments from Git.
    #[must_use]
    pub fn central(&self) -> Option<&platform::gitops::Central> {
        match self.node(self.roster.seated(super::CENTRAL).next()?) {
            Some(super::Node::Central(central)) => Some(central),
            _ => None,
        }
    }

    /// The LOs.
    pub fn locals(&self) -> impl Iterator<Item = &platform::gitops::Local> {
        let locals = self.roster.seated(super::LOCAL);
        locals.filter_map(|id| match self.node(id) {
            Some(super::Node::Local(local)) => Some(local),
            _ => None,
        })
    }

    /// The ENs, with their ids.
    pub fn edge_nodes(
        &self,
    ) -> impl Iterator<Item = (machine::NodeId, &platform::gitops::EdgeNode)> {
        let nodes = self.roster.seated(super::EDGE_NODE);
        nodes.filter_map(|id| match self.node(id) {
            Some(super::Node::EdgeNode(node)) => Some((id, node)),
            _ => None,
        })
    }

    /// The newest life of a deployment from Git, as its LO has it.
    #[must_use]
    pub fn deployment(&self, item: Item) -> Option<&platform::gitops::Deployment> {
        self.locals().find_map(|local| local.newest(item))
    }

    /// What its node has of a deployment from Git.
    #[must_use]
    pub fn slot(&self, item: Item) -> Option<&platform::gitops::Slot> {
        self.edge_nodes()
            .find_map(|(_, node)| node.slots().get(&item))
    }
}
