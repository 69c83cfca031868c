//! Words about hosts: notes, messages, drains as things, reads.

use super::names::Names;
use crate::fleet::Fleet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use platform::hosts::{Command, Drain, Hold, Message, Note, State as Step};
use platform::id::DrainId;
use protocol::{Readable, ThingView};
use sim::{Entry, State, What};

/// A drain, by its host: `the drain of runner-2`.
#[must_use]
pub fn drain(names: &Names<'_>, state: &State<Fleet>, id: DrainId) -> String {
    match state.fleet().control().drains().get(id.0) {
        Some(row) => format!("the host of {}", names.node(row.value.host)),
        None => format!("drain {}", u64::from(id.0) + 1),
    }
}

/// Why a drain does not go on, in words.
#[must_use]
pub const fn hold_word(hold: Hold) -> &'static str {
    match hold {
        Hold::None => "nothing",
        Hold::Quorum => "too few voters would be left (quorum)",
        Hold::NoHeadroom => {
            "too little room would be left for what runs, or for losing one more host (no headroom)"
        }
        Hold::ZoneBusy => "another host of its zone is out of use",
        Hold::ProviderOutage => "the provider of machines does not answer (provider outage)",
        Hold::RolloutFrozen => "this version's agent is broken elsewhere (rollout frozen)",
        Hold::SessionsPinned => "somebody is connected and does not go (active sessions pinned)",
        Hold::ImageNotApproved => "nobody has approved the image",
        Hold::UpgradeStuck => "the automation takes too long (upgrade stuck)",
        Hold::BuildSlots => "as many hosts as may are being built",
        Hold::PostcheckFailed => "the host is not right after its upgrade (postcheck failed)",
    }
}

/// Why this drain does not go on. A host with nothing on it can lack headroom, too: what counts is what would be left.
fn held_because(state: &State<Fleet>, drain: &Drain) -> &'static str {
    if drain.hold != Hold::NoHeadroom {
        return hold_word(drain.hold);
    }
    match (
        others_in_use(state, drain.host),
        running_on(state, drain.host),
    ) {
        (false, 0) => "nothing runs there, but no other host of its region is in use (no headroom)",
        (false, _) => "no other host of its region is in use (no headroom)",
        (true, 0) => {
            "nothing runs there, but without it the rest could not lose one more host (no headroom)"
        }
        (true, _) => hold_word(drain.hold),
    }
}

/// Whether any other host of the same region could take something.
fn others_in_use(state: &State<Fleet>, host: machine::NodeId) -> bool {
    let control = state.fleet().control();
    let region = |of| {
        let mut hosts = control.hosts().iter();
        hosts.find(|one| one.runner == of).map(|one| one.region)
    };
    let out = |of| {
        let mut drains = control.drains().iter();
        drains.any(|(_, row)| row.value.host == of && row.value.state != Step::Uncordoned)
    };
    control.hosts().iter().any(|one| {
        one.runner != host
            && Some(one.region) == region(host)
            && control.is_connected(one.runner)
            && !out(one.runner)
    })
}

/// How many allocations there are on a host.
fn running_on(state: &State<Fleet>, host: machine::NodeId) -> usize {
    let allocations = state.fleet().control().allocations();
    allocations
        .iter()
        .filter(|(_, row)| row.value.host == host && !row.value.state.is_terminal())
        .count()
}

/// What a message says, in two or three words.
#[must_use]
pub const fn label(message: &Message) -> &'static str {
    match message {
        Message::Upgrade { .. } => "rebuild this host",
        Message::Install { .. } => "install",
        Message::Installing { .. } => "installing",
        Message::Hello { .. } => "agent here",
        Message::PostcheckAsk { .. } => "check your host",
        Message::PostcheckReport { facts, .. } => {
            if facts.passes() && !facts.drift {
                "checks passed"
            } else {
                "checks failed"
            }
        }
        Message::ProviderAsk { .. } => "provider?",
        Message::ProviderOk { .. } => "provider here",
        Message::HandPatch => "change by hand",
    }
}

/// What a note tells, if it is worth a sentence.
#[must_use]
pub fn note_text(names: &Names<'_>, state: &State<Fleet>, note: &Note) -> Option<String> {
    Some(match *note {
        Note::Held { drain: id, hold } => {
            format!("{} is held: {}", drain(names, state, id), hold_word(hold))
        }
        Note::Freed { drain: id, .. } => {
            format!("nothing holds {} any more", drain(names, state, id))
        }
        Note::Emptied {
            drain: id,
            forced,
            killed,
        } => {
            let cut = match (forced, killed) {
                (0, 0) => "nobody was cut off".to_string(),
                (forced, 0) => format!(
                    "cut off at the deadline: {}",
                    super::many(forced.into(), "request")
                ),
                (forced, killed) => format!(
                    "cut off at the deadline: {}; ended by an operator: {}",
                    super::many(forced.into(), "request"),
                    super::many(killed.into(), "allocation")
                ),
            };
            format!("{} is empty: {cut}", drain(names, state, id))
        }
        Note::Ordered {
            drain: id,
            version,
            attempt,
        } => format!(
            "version {} is ordered for {}, attempt {attempt}",
            version.0,
            drain(names, state, id)
        ),
        Note::PostcheckTaken { passed: true, .. } => "the postcheck has passed".to_string(),
        Note::PostcheckTaken { .. } => "the postcheck has failed".to_string(),
        Note::PostcheckVoid { boot, .. } => {
            format!("the postcheck is from boot {boot}, which is over: it is void")
        }
        Note::RolloutFrozen { version, .. } => format!(
            "the agent in version {} is broken: its rollout is frozen (runner-agent regression)",
            version.0
        ),
        Note::DrainAborted { drain: id } => {
            format!("the drain of {} is called off", drain(names, state, id))
        }
        Note::ManyOrdered { hosts, .. } => {
            format!("an order for {hosts} hosts at once is carried out")
        }
        Note::Approved { version } => format!("version {} is approved", version.0),
        Note::Killed { allocation, .. } => format!(
            "{} is ended by an operator, with all that it had under way",
            Names::allocation(allocation)
        ),
        Note::SwitchedOff { version, cut, .. } => {
            let cut = if cut > 0 {
                format!(", cutting off {}", super::many(cut.into(), "request"))
            } else {
                String::new()
            };
            format!("the host is switched off to get version {}{cut}", version.0)
        }
        Note::SwitchedOn { boot, version } => {
            format!("the host runs again, boot {boot}, version {}", version.0)
        }
        Note::Patched => "somebody has changed this host by hand".to_string(),
        Note::Installs { host, attempt, .. } => {
            format!("{} is built anew, attempt {attempt}", names.node(host))
        }
    })
}

/// Whether a note is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    matches!(
        note,
        Note::Held { .. }
            | Note::Emptied { .. }
            | Note::RolloutFrozen { .. }
            | Note::DrainAborted { .. }
            | Note::Patched
            | Note::PostcheckVoid { .. }
    )
}

/// The drains as things.
#[must_use]
pub fn things(names: &Names<'_>, state: &State<Fleet>) -> Vec<ThingView> {
    let drains = state.fleet().control().drains();
    drains
        .iter()
        .map(|(id, row)| ThingView {
            lifecycle: platform::HOST_DRAIN,
            name: drain(names, state, DrainId(id)),
            id: u64::from(id),
            state: row.value.state as u8,
            since: row.value.since.0,
            transition: None,
            facts: facts(state, &row.value),
        })
        .collect()
}

fn facts(state: &State<Fleet>, drain: &Drain) -> Vec<(String, String)> {
    let mut facts = alloc::vec![
        ("version".to_string(), drain.version.0.to_string()),
        ("attempt".to_string(), drain.attempt.to_string()),
        ("cut off".to_string(), drain.forced.to_string()),
    ];
    if drain.hold != Hold::None {
        let why = held_because(state, drain);
        facts.push(("held".to_string(), why.to_string()));
    }
    facts
}

/// What a read about hosts shows.
#[must_use]
pub fn read_lines(names: &Names<'_>, state: &State<Fleet>, object: Readable) -> Vec<String> {
    let control = state.fleet().control();
    match object {
        Readable::HostDrains => control
            .drains()
            .iter()
            .map(|(_, row)| {
                let drain = &row.value;
                let running = running_on(state, drain.host);
                let held = if drain.hold == Hold::None {
                    String::new()
                } else {
                    format!(", held: {}", held_because(state, drain))
                };
                format!(
                    "{}: {} since {}, version {}, attempt {}, {}, {} cut off{held}",
                    names.node(drain.host),
                    drain.state.spec().name,
                    drain.since,
                    drain.version.0,
                    drain.attempt,
                    super::many(running as u64, "allocation"),
                    super::many(drain.forced.into(), "request")
                )
            })
            .collect(),
        Readable::Quorum => {
            let Some(managed) = control.managed() else {
                return Vec::new();
            };
            let mut lines: Vec<String> = managed
                .voters
                .iter()
                .map(|voter| {
                    let heard = control.is_connected(*voter);
                    format!(
                        "{}: {}",
                        names.node(*voter),
                        if heard { "healthy" } else { "not heard of" }
                    )
                })
                .collect();
            lines.push(format!(
                "a majority is {} of {}",
                managed.voters.len() / 2 + 1,
                managed.voters.len()
            ));
            lines
        }
        Readable::Headroom => control
            .hosts()
            .iter()
            .map(|host| {
                let promised: u64 = control
                    .allocations()
                    .iter()
                    .filter(|(_, row)| {
                        row.value.host == host.runner && !row.value.state.is_terminal()
                    })
                    .map(|(_, row)| row.value.limit)
                    .sum();
                let out = control.drains().iter().any(|(_, row)| {
                    row.value.host == host.runner && row.value.state != Step::Uncordoned
                });
                format!(
                    "{}: {} of {} MiB promised{}{}",
                    names.node(host.runner),
                    promised >> 20,
                    host.memory >> 20,
                    if out { ", out of use" } else { "" },
                    if control.is_connected(host.runner) {
                        ""
                    } else {
                        ", not heard of"
                    }
                )
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// An order for many hosts, if this is one: whom it named, how many were meant, what came of it.
#[must_use]
pub fn order_for_many(
    names: &Names<'_>,
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
) -> Option<String> {
    let What::MessageDelivered {
        message:
            platform::message::Message::Command(platform::message::Command::Host(Command::DrainAll {
                hosts,
                meant,
                ..
            })),
        ..
    } = entry.what
    else {
        return None;
    };
    let all = state.fleet().control().hosts().iter().enumerate();
    let named: Vec<String> = all
        .filter(|(at, _)| *at < 64 && hosts >> at & 1 == 1)
        .map(|(_, host)| names.node(host.runner).to_string())
        .collect();
    let done = entry
        .notes
        .iter()
        .any(|note| matches!(note, platform::note::Note::Host(Note::ManyOrdered { .. })));
    let became = if done {
        "carried out"
    } else {
        "refused, so that it has reached none of them"
    };
    Some(format!(
        "an order at {} has named {}: {}, while {meant} meant; it is {became}",
        entry.at,
        named.join(", "),
        super::many(named.len() as u64, "host"),
        meant = if meant == 1 {
            "1 was".to_string()
        } else {
            format!("{meant} were")
        },
    ))
}

/// Whether a situation about hosts holds.
#[must_use]
pub fn holds(state: &State<Fleet>, situation: &protocol::HostSituation) -> bool {
    use protocol::HostSituation;
    let control = state.fleet().control();
    let drains = || control.drains().iter().map(|(_, row)| &row.value);
    match situation {
        HostSituation::Upgraded(n) => {
            drains()
                .filter(|drain| drain.state == Step::Uncordoned && drain.attempt > 0)
                .count()
                >= usize::from(*n)
        }
        HostSituation::Drain {
            runner,
            state: wanted,
        } => {
            let host = state.fleet().roster().runner(*runner);
            drains()
                .rfind(|drain| drain.host == host)
                .is_some_and(|drain| drain.state.spec().name == wanted)
        }
        HostSituation::Held(reason) => {
            drains().any(|drain| drain.state != Step::Uncordoned && drain.hold.name() == reason)
        }
        HostSituation::Forced(n) => {
            drains().fold(0_u32, |sum, drain| sum.saturating_add(drain.forced)) >= *n
        }
        HostSituation::Killed(n) => {
            let killed = control
                .allocations()
                .iter()
                .filter(|(_, row)| {
                    row.value.state == platform::allocation::State::Failed
                        && row.value.cause == platform::message::Cause::Cancelled
                })
                .count();
            killed >= *n as usize
        }
    }
}
