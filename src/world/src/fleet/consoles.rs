//! Consoles: open pages that ask the control plane how everything is. What a page does about an answer that does not come
//! depends on the version that it was served with.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::{digest, fold};
use machine::{Ask, Context, Duration, NodeId, SortedMap, Step, Time};
use platform::id::DeploymentId;
use platform::message::Message;
use platform::note::Note;
use platform::pressure::Message as Say;

const PAUSE: u8 = 19;

/// For how long an impatient page waits after an answer, or a refusal, before it calls again.
const AT_ONCE: Duration = Duration::millis(250);

/// A version of the page that calls again at once, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Impatient {
    /// Which.
    pub version: DeploymentId,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

/// An open page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Page {
    /// When it calls next.
    next: Time,
    /// The number of its last call.
    nth: u32,
    /// Whether that one waits for an answer.
    waits: bool,
    /// When it was answered last.
    answered: Time,
    /// The version that it was served with.
    version: DeploymentId,
}

/// The consoles.
#[derive(Clone, Debug)]
pub struct Consoles {
    control: NodeId,
    every: Duration,
    patience: Duration,
    impatient: Vec<Impatient>,
    pages: Vec<Page>,
}

impl Consoles {
    /// So many pages of `version`.
    #[must_use]
    pub fn new(
        control: NodeId,
        (count, version): (u16, DeploymentId),
        (every, patience): (Duration, Duration),
        impatient: Vec<Impatient>,
    ) -> Self {
        let page = |at: u16| Page {
            // They were opened one after the other.
            next: Time(2_000_000 + u64::from(at) * every.0 / u64::from(count.max(1))),
            nth: 0,
            waits: false,
            answered: Time::ZERO,
            version,
        };
        Self {
            control,
            every,
            patience,
            impatient,
            pages: (0..count).map(page).collect(),
        }
    }

    fn hurries(&self, page: &Page, at: Time) -> bool {
        let mut all = self.impatient.iter();
        all.any(|it| it.version == page.version && it.from <= at && at < it.until)
    }

    /// How many pages were not answered lately, or call without a pause.
    #[must_use]
    pub fn restless(&self, at: Time) -> usize {
        let lately = Duration(2 * self.every.0 + self.patience.0);
        let restless = |page: &&Page| self.hurries(page, at) || at.since(page.answered) > lately;
        self.pages.iter().filter(restless).count()
    }

    /// How many pages there are of each version, and whether that version calls without a pause.
    #[must_use]
    pub fn versions(&self, at: Time) -> SortedMap<DeploymentId, (usize, bool)> {
        let mut all = SortedMap::new();
        for page in &self.pages {
            let (count, hurries) = all.entry(page.version).or_insert((0, false));
            *count += 1;
            *hurries = self.hurries(page, at);
        }
        all
    }

    /// How many pages there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.pages.len()
    }

    pub(super) fn hear(&mut self, now: Time, said: Say) {
        let (Say::Called { console, nth, .. } | Say::Refused { console, nth, .. }) = said else {
            return;
        };
        let Some(mut page) = self.pages.get(usize::from(console)).copied() else {
            return;
        };
        // Nobody waits for the answer to an earlier call any more.
        if !page.waits || page.nth != nth {
            return;
        }
        page.waits = false;
        if let Say::Called { version, .. } = said {
            page.version = version;
            page.answered = now;
        }
        let pause = match said {
            _ if self.hurries(&page, now) => AT_ONCE,
            Say::Refused { retry_after, .. } => Duration::secs(retry_after.into()),
            _ => self.every,
        };
        page.next = now.after(pause);
        self.pages[usize::from(console)] = page;
    }

    pub(super) fn call(&mut self, cx: &Context<'_>, step: &mut Step<Message, Stored, Note>) {
        for at in 0..self.pages.len() {
            let mut page = self.pages[at];
            if page.next > cx.now {
                continue;
            }
            let missed = core::mem::take(&mut page.waits);
            if missed && !self.hurries(&page, cx.now) {
                // Whoever was not answered stays away for as long as usual, and not all equally long.
                let key = fold(at as u64, page.nth.into());
                let ask = Ask { stream: PAUSE, key };
                let more = cx.dice.between(ask, 0, self.every.0);
                page.next = cx.now.after(self.every).after(Duration(more));
            } else {
                page.nth += 1;
                page.waits = true;
                page.next = cx.now.after(self.patience);
                let call = Say::Call {
                    console: at as u16,
                    nth: page.nth,
                };
                step.send(self.control, Message::Pressure(call));
            }
            self.pages[at] = page;
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.pages.iter().map(|page| page.next).min()
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&self.pages)
    }
}
