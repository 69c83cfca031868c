//! Sessions in words: what is said and told of them, what tabs and the session store are, what can be read.

use super::names::Names;
use crate::fleet::{Fleet, Phase, TABS};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::{Duration, Subject};
use platform::sessions::{Came, Close, Command, Fresh, Message, Note, Refusal, SessionId, TabId};
use sim::State;

fn tab(tab: TabId) -> String {
    format!("tab {}", tab.0 + 1)
}

/// What a session is called: by the tab it was made for, and on which of its connections.
fn session(id: SessionId) -> String {
    format!("session {}.{}", id.tab.0 + 1, id.nth)
}

/// What a subject is called that is a tab or a session.
#[must_use]
pub fn subject(subject: Subject) -> String {
    if subject.kind == TabId::KIND {
        tab(TabId(subject.id as u32))
    } else {
        session(SessionId::of(subject))
    }
}

const fn fresh(why: Fresh) -> &'static str {
    match why {
        Fresh::New => "it had none",
        Fresh::NoStore => "nothing is kept beyond the life of an allocation",
        Fresh::StoreSilent => "the session store does not answer",
        Fresh::Schema => "what is kept has another schema",
        Fresh::Expired => "it was left alone for too long",
        Fresh::Evicted => "nothing of it is kept",
    }
}

const fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::Throttled => "too many come at once",
        Refusal::NoTarget => "nothing serves",
        Refusal::Gap => "nobody knows who owns the route",
        Refusal::NotAuthorised => "its identity is not good any more",
        Refusal::TooMany => "too many come from its address",
        Refusal::StoreSilent => "the session store does not answer",
        Refusal::Elsewhere => "not here",
    }
}

const fn close(why: Close) -> &'static str {
    match why {
        Close::Left => "closed",
        Close::Replaced => "taken over",
        Close::Moved => "go on elsewhere",
        Close::Forced => "cut off",
        Close::Gone => "broken",
        Close::Unknown => "no such socket",
    }
}

/// What a message says, in two or three words.
#[must_use]
pub fn label(message: &Message) -> String {
    match message {
        Message::Open(open) if open.session.is_some() => "reconnect".to_string(),
        Message::Open(_) => "connect".to_string(),
        Message::Mount { .. } => "connect the page".to_string(),
        Message::Shown { .. } => "page".to_string(),
        Message::Upgrade { .. } => "upgrade".to_string(),
        Message::Accepted { came, .. } => match came {
            Came::Fresh(_) => "101, new",
            Came::Resumed => "101, resumed",
            Came::Hydrated => "101, hydrated",
            Came::Migrated => "101, migrated",
        }
        .to_string(),
        Message::Refused { why, .. } => format!("{}, {}", why.status(), refusal(*why)),
        Message::Act { .. } => "click".to_string(),
        Message::Patch { seq, .. } => format!("patch {seq}"),
        Message::Close { why, .. } => close(*why).to_string(),
        Message::Load { .. } => "session?".to_string(),
        Message::Loaded { blob, .. } => if blob.is_some() {
            "session"
        } else {
            "no such session"
        }
        .to_string(),
        Message::Save { .. } => "keep this".to_string(),
        Message::Saved { current, .. } => if *current {
            "kept"
        } else {
            "not yours any more"
        }
        .to_string(),
    }
}

/// What came of something, as a part of a sentence; `None` for what nobody asks about.
#[must_use]
pub fn told(note: &Note) -> Option<String> {
    Some(match *note {
        Note::Throttled { tab: of } => {
            format!("{} is sent away: too many come at once", tab(of))
        }
        Note::Waited {
            tab: of,
            waited,
            served,
        } => format!(
            "{} has waited for {} {}",
            tab(of),
            Duration(waited / 1000 * 1000),
            if served { "and goes on" } else { "in vain" }
        ),
        Note::MountedAnew {
            tab: of,
            home,
            page,
            ..
        } => match home {
            Some(home) => format!(
                "the page of {} was made by allocation {} and not by allocation {}, which had its session: a new one begins",
                tab(of),
                page.0 + 1,
                home.0 + 1
            ),
            None => format!(
                "the page of {} was made by allocation {}: a session begins",
                tab(of),
                page.0 + 1
            ),
        },
        Note::MountedAtHome { tab: of, page } => format!(
            "the page of {} was made by allocation {}, which has its session",
            tab(of),
            page.0 + 1
        ),
        Note::Cut {
            tab: of,
            allocation,
        } => format!(
            "the socket of {} is cut, since allocation {} is over",
            tab(of),
            allocation.0 + 1
        ),
        Note::Attached {
            tab: of,
            session: id,
            came,
            seq,
            claimed,
            ..
        } => match came {
            Came::Fresh(why) => format!("{} begins {}: {}", tab(of), session(id), fresh(why)),
            Came::Resumed => format!("{} goes on with {}", tab(of), session(id)),
            Came::Hydrated | Came::Migrated => {
                let how = if came == Came::Migrated {
                    "from another version"
                } else {
                    "from the store"
                };
                let lost = claimed.saturating_sub(seq);
                let lost = if lost > 0 {
                    format!(", {lost} patches behind")
                } else {
                    String::new()
                };
                format!("{} goes on with {}, {how}{lost}", tab(of), session(id))
            }
        },
        Note::Detached { session: id } => format!("{} has no socket any more", session(id)),
        Note::Evicted { session: id } => format!("nobody came back for {}", session(id)),
        Note::Refused { tab: of, why } => format!(
            "{} is refused with status {}: {}",
            tab(of),
            why.status(),
            refusal(why)
        ),
        Note::Moved { session: id, .. } => format!("{} is stored and leaves", session(id)),
        Note::Forced {
            session: id,
            ordered,
            ..
        } => format!(
            "{} is cut off{}",
            session(id),
            if ordered {
                ", as ordered"
            } else {
                " at the deadline"
            }
        ),
        Note::Emptied {
            allocation,
            moved,
            forced,
        } => format!(
            "allocation {} is empty: {moved} sessions left, {forced} were cut off",
            allocation.0 + 1
        ),
        Note::Superseded { session: id } => {
            format!(
                "{} is held elsewhere by now and forgotten here",
                session(id)
            )
        }
        Note::StoreSilent { tab: of } => {
            format!("the session store has not answered in time for {}", tab(of))
        }
        Note::Outdated { session: id } => {
            format!("what an old holder has of {} is not written", session(id))
        }
        Note::Ordered { command } => match command {
            Command::TrustAddresses(true) => {
                "the edge believes the proxy who its clients are".to_string()
            }
            Command::TrustAddresses(false) => {
                "the edge takes the proxy for everybody's address".to_string()
            }
            Command::CutOff => "every socket here is cut off".to_string(),
            Command::Revoke(count) => format!("{count} people are locked out"),
        },
        Note::Admitted { .. } | Note::Claimed { .. } | Note::Stored { .. } => return None,
    })
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    matches!(
        note,
        Note::Forced { .. }
            | Note::Emptied { .. }
            | Note::Superseded { .. }
            | Note::StoreSilent { .. }
            | Note::Cut { .. }
            | Note::MountedAnew { home: Some(_), .. }
            | Note::Ordered { .. }
            | Note::Refused { .. }
    )
}

/// Whether something told goes without saying.
#[must_use]
pub const fn is_routine(note: &Note) -> bool {
    matches!(
        note,
        Note::Admitted { .. } | Note::Claimed { .. } | Note::Stored { .. }
    )
}

/// What becomes of the tabs.
#[must_use]
pub fn tabs(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let Some(tabs) = state.fleet().tabs() else {
        return Vec::new();
    };
    let count = |wanted: fn(&Phase) -> bool| {
        let all = tabs.all().iter();
        all.filter(|tab| wanted(&tab.phase)).count()
    };
    let lost = count(|phase| matches!(phase, Phase::Connecting(_) | Phase::Waiting(_)));
    let gone = count(|phase| matches!(phase, Phase::GivenUp(_)));
    alloc::vec![
        (
            "have a socket".to_string(),
            tabs.connected().to_string(),
            false
        ),
        ("want one".to_string(), lost.to_string(), lost > 0),
        ("have given up".to_string(), gone.to_string(), gone > 0),
    ]
}

/// What the session store has.
#[must_use]
pub fn store(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let rows = state
        .fleet()
        .session_store()
        .map_or(0, |store| store.rows().len());
    alloc::vec![("sessions kept".to_string(), rows.to_string(), false)]
}

/// What a read of the sessions shows.
#[must_use]
pub fn lines(names: &Names<'_>, state: &State<Fleet>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if state.fleet().roster().seated(TABS).next().is_none() {
        return lines;
    }
    for (what, count, _) in tabs(state) {
        lines.push(format!("tabs that {what}: {count}"));
    }
    for id in state.fleet().roster().runners() {
        let Some(runner) = state.fleet().runner(id) else {
            continue;
        };
        let mut of = machine::SortedMap::new();
        for socket in runner.sockets().values() {
            *of.entry(socket.allocation).or_insert(0_u32) += 1;
        }
        for (allocation, count) in of.iter() {
            lines.push(format!(
                "allocation {} on {}: {count} sockets",
                allocation.0 + 1,
                names.node(id)
            ));
        }
    }
    let kept = store(state).into_iter();
    lines.extend(kept.map(|(what, count, _)| format!("{what}: {count}")));
    lines
}
