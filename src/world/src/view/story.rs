//! Story: one sentence for each entry.
//!
//! **Invariants.** A sentence says what happened and what came of it, from the entry alone; names come from [`Names`].

use super::entry::state_of;
use super::names::{
    Names, cause_word, class, message_label, observed_word, probe_reason, reason_word,
};
use crate::fleet::Fleet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::{HostEvent, Verdict};
use platform::CATALOG;
use platform::message::Message;
use platform::note::Note;
use sim::{Entry, External, What};

/// How many consequences a sentence names.
const MOST: usize = 3;

/// The sentence of an entry. `labels` name the conditions; `done` names what was done at a mark.
#[must_use]
pub fn sentence(
    names: &Names<'_>,
    entry: &Entry<'_, Fleet>,
    labels: &[String],
    done: impl Fn(u64) -> String,
) -> String {
    let actor = names.node(entry.actor);
    let mut parts = consequences(names, entry);
    let lead = lead(names, entry, labels, done);
    if parts.is_empty() {
        return capital(&match lead {
            Some(lead) => lead,
            None => format!("{actor} looked at its clock"),
        });
    }
    let more = parts.len().saturating_sub(MOST);
    parts.truncate(MOST);
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    let told = parts.join("; ");
    capital(&match lead {
        Some(lead) => format!("{lead}: {told}"),
        None => format!("{actor}: {told}"),
    })
}

/// What set the entry off, if that is worth saying.
fn lead(
    names: &Names<'_>,
    entry: &Entry<'_, Fleet>,
    labels: &[String],
    done: impl Fn(u64) -> String,
) -> Option<String> {
    let actor = names.node(entry.actor);
    let label = |index: u16| {
        labels
            .get(usize::from(index))
            .map_or("something", String::as_str)
            .to_ascii_lowercase()
    };
    Some(match &entry.what {
        What::Started => format!("{actor} started"),
        What::Restarted => format!("{actor} came back with what was on its disk"),
        What::Crashed => format!("{actor} went down"),
        What::MessageDelivered {
            from,
            message,
            duplicate,
            ..
        } => {
            let again = if *duplicate { ", a second time" } else { "" };
            match message {
                Message::Request(request) => format!(
                    "{} {} for {} ({}) reached {actor}{again}",
                    article(class(request.class)),
                    class(request.class),
                    names.app(request.route),
                    Names::request(request.id)
                ),
                Message::Traces(platform::traces::Message::Arrive(arrival)) => {
                    let (request, class) = (arrival.request, class(arrival.request.class));
                    format!(
                        "{} {class} for {}{} ({}) reached {actor}{again}",
                        article(class),
                        arrival
                            .preview
                            .map_or(String::new(), |number| format!("preview {number} of ")),
                        names.app(request.route),
                        Names::request(request.id)
                    )
                }
                Message::Response {
                    request,
                    status,
                    reason,
                    ..
                } => format!(
                    "{} got {status}, {}",
                    Names::request(*request),
                    reason_word(*reason)
                ),
                Message::Report {
                    allocation,
                    observed,
                    ..
                } => {
                    format!(
                        "{} told {actor} of {}: {}{again}",
                        names.node(*from),
                        Names::allocation(*allocation),
                        observed_word(observed)
                    )
                }
                Message::Command(_) => format!("{actor} was given a command"),
                other => format!(
                    "\u{201c}{}\u{201d} from {} reached {actor}{again}",
                    message_label(other),
                    names.node(*from)
                ),
            }
        }
        What::MessageLost { from, message } => format!(
            "\u{201c}{}\u{201d} from {} found {actor} down",
            message_label(message),
            names.node(*from)
        ),
        What::Deadline => return None,
        What::Persisted(_) => format!("a write of {actor} became durable"),
        What::Host(HostEvent::Up { .. }) => format!("a process on {actor} came up"),
        What::Host(HostEvent::Probed { ready, reason, .. }) => {
            if *ready {
                format!("a readiness check on {actor} passed")
            } else {
                format!(
                    "a readiness check on {actor} failed ({})",
                    probe_reason(*reason)
                )
            }
        }
        What::Host(HostEvent::Served { ok, .. }) => format!(
            "a process on {actor} answered {}",
            if *ok { "well" } else { "with an error" }
        ),
        What::Host(HostEvent::Exited { oom: true, .. }) => {
            format!("the host of {actor} killed a process for its memory")
        }
        What::Host(HostEvent::Exited { code, .. }) => {
            format!("a process on {actor} ended with code {code}")
        }
        What::ConditionBegan(index) => format!("trouble began: {}", label(*index)),
        What::ConditionEnded(index) => format!("trouble ended: {}", label(*index)),
        What::Action(External::Mark(mark)) => format!("you: {}", done(*mark)),
        What::Action(External::Lift(index)) => format!("repaired: {}", label(*index)),
        What::Action(External::SetKnob { knob, value }) => {
            match CATALOG.knobs.get(usize::from(*knob)) {
                Some(knob) => format!(
                    "the knob \u{201c}{}\u{201d} is now {}",
                    knob.title,
                    knob.show(*value)
                ),
                None => "an unknown knob was turned".to_string(),
            }
        }
        What::Action(External::Waive(_)) => "gates were waived".to_string(),
        What::Action(External::Crash { node, .. }) => {
            format!("{} was restarted", names.node(*node))
        }
        What::Action(External::Restart { node }) => {
            format!("{} was brought back", names.node(*node))
        }
        What::Action(External::Deliver { to, .. }) => {
            format!("{} was given a command", names.node(*to))
        }
        What::Healed => "all troubles that come by themselves are over from here on".to_string(),
        What::FuelSpent => "the run has used up its entries and ends here".to_string(),
    })
}

/// What came of it, the most telling first.
fn consequences(names: &Names<'_>, entry: &Entry<'_, Fleet>) -> Vec<String> {
    let mut parts = Vec::new();
    for moved in entry.moved {
        let (name, state) = (names.subject(moved.subject), state_of(moved).name);
        parts.push(match moved.from {
            None => format!("{name} begins as {state}"),
            Some(_) => format!("{name} is now {state}"),
        });
    }
    for ruling in entry
        .ruled
        .iter()
        .filter(|ruling| ruling.verdict == Verdict::Waived)
    {
        if let Some(gate) = CATALOG.gates.get(usize::from(ruling.gate)) {
            parts.push(format!(
                "the gate \u{201c}{}\u{201d} would have refused {} and was waived",
                gate.title,
                names.subject(ruling.subject)
            ));
        }
    }
    parts.extend(entry.notes.iter().filter_map(|note| note_text(names, note)));
    for ruling in entry
        .ruled
        .iter()
        .filter(|ruling| ruling.verdict == Verdict::Refused && is_telling(ruling.gate))
    {
        if let Some(gate) = CATALOG.gates.get(usize::from(ruling.gate)) {
            let (title, subject) = (gate.title, names.subject(ruling.subject));
            parts.push(if gate.waits {
                format!("the gate \u{201c}{title}\u{201d} makes {subject} wait")
            } else {
                format!("the gate \u{201c}{title}\u{201d} refused {subject}")
            });
        }
    }
    parts
}

/// Whether a refusal of this gate is news; some gates refuse in the course of every normal run ("not yet").
#[must_use]
pub fn is_telling(gate: u16) -> bool {
    use platform::gate;
    let routine = [
        &gate::COMMIT_BEFORE_PUBLISH,
        &gate::RELEASE_RATE,
        &gate::HEALTH_READINESS_PASS,
        &gate::ALLOCATION_PASSES_READINESS,
        &gate::REPORT_UNSEEN,
        &gate::ONE_WAKE,
        &gate::DRAIN_DEADLINE_RESPECTED,
        &gate::REGION_EVIDENCE_FRESH,
        &gate::MIGRATION_EVIDENCE_FRESH,
        &gate::EDGES_ACKNOWLEDGED,
        &gate::LEDGER_RECONCILED,
        &gate::SOAK_PASSED,
        &gate::APPROVAL_PRESENT,
        &gate::RUNTIME_SERVICES_READY,
        &gate::OWNER_VERIFIED,
        &gate::PREVIEW_EVIDENCE_FRESH,
        &gate::PREVIEW_ALLOCATION_READY,
        &gate::OTHER_BUILDER,
        &gate::TRAFFIC_REMOVED_FIRST,
        &gate::CONTAINER_HEALTHY,
        &gate::EN_REACHABLE,
        &gate::ABSENCE_PROVEN,
        &gate::SESSIONS_CAN_DRAIN,
        &gate::REPLACEMENT_SERVES,
        &gate::DRAIN_PACE,
        &gate::BOOT_ID_CHANGED,
        &gate::PROVIDER_ANSWERS,
        &gate::ZONE_FREE,
        &gate::QUORUM_HEALTHY,
        &gate::ROLLOUT_OPEN,
        &gate::RUNNER_HEADROOM,
        &gate::EFFECT_BEFORE_ANSWER,
        &gate::PROVIDER_EVIDENCE_FRESH,
        &gate::PROVIDER_WELL,
        &gate::PAUSES_LIFT_IN_STEPS,
        &gate::OWN_PROBES_PASS,
        &gate::CAUSE_ESTABLISHED,
        &gate::RETRY_BACKS_OFF,
        &gate::CALL_TRIES_LEFT,
        &gate::PEOPLE_FIRST,
        &gate::INBOX_CONTRACT,
        &gate::INBOX_ORDER,
        &gate::IMMUTABLE_BY_DIGEST,
    ];
    !routine.iter().any(|routine| routine.index == gate)
}

fn note_text(names: &Names<'_>, note: &Note) -> Option<String> {
    let secs = |micros: u64| machine::Duration(micros / 1000 * 1000).to_string();
    Some(match *note {
        Note::Region(ref note) => return super::region::told(names, note),
        Note::GitOps(ref note) => return super::gitops::told(names, note),
        Note::Traces(ref note) => return super::traces::told(names, note),
        Note::Sessions(ref note) => return super::sessions::told(note),
        Note::Migration(ref note) => return super::migration::told(names, note),
        Note::Promotion(ref note) => return super::promotion::told(names, note),
        Note::Cleanup(ref note) => super::cleanup::told(names, note),
        Note::Restore(ref note) => return super::restore::told(names, note),
        Note::Pressure(ref note) => return super::pressure::told(note),
        Note::Outage(ref note) => return super::outage::told(names, names.plan(), note),
        Note::Pipeline(ref note) => return super::pipeline::told(names, note),
        Note::HoldAdmitted { request, held, .. } => {
            format!("{} waits ({held} held here)", Names::request(request))
        }
        Note::HoldReleased {
            request, waited, ..
        } => format!(
            "{} is let go after {}",
            Names::request(request),
            secs(waited)
        ),
        Note::HoldExpired {
            request, waited, ..
        } => format!(
            "{} has waited for {} and is sent away",
            Names::request(request),
            secs(waited)
        ),
        Note::HoldRefused { request, .. } => {
            format!("{} need not wait any longer", Names::request(request))
        }
        Note::RequestDispatched {
            request,
            allocation,
            ..
        } => format!(
            "{} goes to {}",
            Names::request(request),
            Names::allocation(allocation)
        ),
        Note::ResponseSent {
            request,
            status,
            reason,
            retry_after,
        } => {
            let retry = if retry_after > 0 {
                format!(", try again in {retry_after}s")
            } else {
                String::new()
            };
            format!(
                "{} is answered {status}, {}{retry}",
                Names::request(request),
                reason_word(reason)
            )
        }
        Note::WakeCoalesced { route, .. } => format!(
            "it joins the wake of {} that is under way",
            names.app(route)
        ),
        Note::ServingChanged {
            allocation,
            serving,
        } => {
            format!(
                "{} goes {} rotation",
                Names::allocation(allocation),
                if serving { "into" } else { "out of" }
            )
        }
        Note::PresenceChanged { runner, connected } => {
            format!(
                "{} is {}",
                names.node(runner),
                if connected {
                    "heard of again"
                } else {
                    "not heard of any more"
                }
            )
        }
        Note::WakeFailed { wake, cause } => {
            format!("{} failed: {}", names.wake(wake), cause_word(cause))
        }
        Note::AllocationFailed { allocation, cause } => format!(
            "{} failed: {}",
            Names::allocation(allocation),
            cause_word(cause)
        ),
        Note::WakeRefused { route, reason } => format!(
            "no wake for {} now: {}",
            names.app(route),
            reason_word(reason)
        ),
        Note::RouteOwnerChanged { route, epoch, .. } => {
            format!("{} has a new owner, epoch {}", names.app(route), epoch.0)
        }
        Note::RouteCasConflict {
            expected, found, ..
        } => format!(
            "the promotion was judged at epoch {} and it is {} already: refused",
            expected.0, found.0
        ),
        Note::RestartOrdered { allocation, token } => format!(
            "{} is restarted in place under token {}",
            Names::allocation(allocation),
            token.0
        ),
        Note::LateReportRecorded {
            allocation, token, ..
        } => {
            format!(
                "a late report on {} (token {}) is written down and changes nothing",
                Names::allocation(allocation),
                token.0
            )
        }
        Note::ReportRejected { .. } => "a report on something unknown is turned away".to_string(),
        Note::ReportFromFuture { token, .. } => format!(
            "a report carries token {}, which was never issued: alarm",
            token.0
        ),
        Note::ReportIllegal { allocation, .. } => format!(
            "the report fits no arrow from where {} is",
            Names::allocation(allocation)
        ),
        Note::CommandDone { .. } => "done".to_string(),
        Note::CommandRefused { .. } => "the command is refused".to_string(),
        Note::OwnerNotified { route, .. } => format!("the owner of {} is told", names.app(route)),
        Note::OrderTaken { allocation, .. } => format!(
            "the order to run {} is taken",
            Names::allocation(allocation)
        ),
        Note::OrderIgnored { allocation, .. } => format!(
            "the order for {} was overtaken and is ignored",
            Names::allocation(allocation)
        ),
        Note::Pulled {
            allocation,
            matches,
        } => {
            format!(
                "the artifact of {} is here{}",
                Names::allocation(allocation),
                if matches {
                    ""
                } else {
                    ", with the wrong digest"
                }
            )
        }
        Note::SecretMissing { allocation } => {
            format!("a secret of {} is missing", Names::allocation(allocation))
        }
        Note::SecretBound { deployment } => format!(
            "the secrets of {} are there; what wanted for one is begun again",
            super::promotion::deployment(names, deployment)
        ),
        Note::ProcessLaunched { allocation, .. } => format!(
            "the process of {} is started",
            Names::allocation(allocation)
        ),
        Note::ProcessExited {
            allocation,
            oom: true,
            ..
        } => format!(
            "the process of {} was killed for its memory",
            Names::allocation(allocation)
        ),
        Note::ProcessExited {
            allocation, code, ..
        } => format!(
            "the process of {} ended with code {code}",
            Names::allocation(allocation)
        ),
        Note::ProcessStopped {
            allocation,
            in_flight,
            ..
        } => {
            let cut = if in_flight > 0 {
                format!(", cutting off {in_flight} requests")
            } else {
                String::new()
            };
            format!(
                "the process of {} is stopped{cut}",
                Names::allocation(allocation)
            )
        }
        Note::DispatchRefused { request, .. } => format!(
            "{} is turned away: no such allocation here",
            Names::request(request)
        ),
        Note::Host(note) => return super::hosts::note_text(names, names.state, &note),
        _ => return None,
    })
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

fn capital(text: &str) -> String {
    // Our own words are ASCII at their beginning; tables for the letters of all scripts would be weight.
    let mut sentence = text.to_string();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}
