//! The watch: what it has seen of each provider, what waits for one, and what owners were told.
//!
//! **Invariants.** What a probe found is evidence with an age, lives in memory only, and is collected anew after a crash. A
//! row moves by one commit, and nothing leaves the node because of it before the disk has it. Nothing is decided by what a
//! provider says of itself elsewhere. A piece of work is handed over again until whoever carries it out has it; each names
//! what it judges itself against, so that a second copy changes nothing.

use super::message::{Cause, Condition, DependencyId, Message, Note, Provider, Why, WorkId};
use super::rows::{Dependency, Installation, Owner, Probe, Record, Standing, Work, WorkState};
use crate::id::{Region, RouteId};
use crate::message::{Command as Order, Message as Said};
use crate::note::Note as Told;
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{
    Context, Fact, Input, Machine, Persist, Row, Step, Table, Ticket, Time, fingerprint,
};

pub(super) type Out = Step<Said, Record, Told>;

/// What is known of an app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Health {
    asked: u32,
    ill_since: Option<Time>,
}

/// The watch.
#[derive(Clone, Debug)]
pub struct Watch {
    pub(super) installation: Installation,
    dependencies: Table<Dependency>,
    pub(super) works: Table<Work>,
    owners: Table<Owner>,
    /// The secrets: what is shown, and what the provider has confirmed.
    pub(super) secrets: [(u32, u32); Provider::ALL.len()],
    /// Where everybody is to be sent, and whether the region service has it.
    pub(super) target: Option<(Region, bool)>,
    written: u64,
    durable: u64,
    nth: u32,
    pub(super) probes: Vec<Probe>,
    health: Vec<Health>,
    /// When the control plane was heard of last.
    heard: Time,
    round: u32,
    due: Time,
}

const IDLE: Work = Work {
    state: WorkState::Idle,
    held: None,
};

const OPEN: Dependency = Dependency {
    standing: Standing::Open,
    found: Condition::Well,
    step_at: Time::ZERO,
    stepped: 0,
};

impl Watch {
    /// A watch whose database holds nothing yet.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        let count = usize::from(installation.regions) * Provider::ALL.len();
        let mut watch = Self {
            dependencies: Table::default(),
            works: Table::default(),
            owners: Table::default(),
            secrets: [(1, 1); Provider::ALL.len()],
            target: None,
            written: 0,
            durable: 0,
            nth: 0,
            probes: alloc::vec![Probe::default(); count],
            health: alloc::vec![Health::default(); installation.environments.len()],
            heard: Time::ZERO,
            round: 0,
            due: Time::ZERO,
            installation,
        };
        for _ in 0..count {
            watch.dependencies.insert(OPEN);
        }
        for _ in 0..watch.installation.tasks.len() {
            watch.works.insert(IDLE);
        }
        for _ in 0..watch.installation.environments.len() {
            watch.owners.insert(Owner::default());
        }
        watch
    }

    /// What it was told at its installation.
    #[must_use]
    pub const fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The providers in their regions.
    #[must_use]
    pub const fn dependencies(&self) -> &Table<Dependency> {
        &self.dependencies
    }

    /// The work.
    #[must_use]
    pub const fn works(&self) -> &Table<Work> {
        &self.works
    }

    /// What owners were told, in the order of the environments.
    #[must_use]
    pub const fn owners(&self) -> &Table<Owner> {
        &self.owners
    }

    /// What was seen, in the order of the dependencies.
    #[must_use]
    pub fn probes(&self) -> &[Probe] {
        &self.probes
    }

    /// When the control plane was heard of last.
    #[must_use]
    pub const fn heard(&self) -> Time {
        self.heard
    }

    /// Where everybody is sent, once the region service has heard of it.
    #[must_use]
    pub fn target(&self) -> Option<Region> {
        self.target
            .filter(|(_, confirmed)| *confirmed)
            .map(|(region, _)| region)
    }

    /// What a piece of work depends on.
    #[must_use]
    pub fn needs(&self, work: WorkId) -> Vec<DependencyId> {
        let task = self.installation.tasks.get(usize::from(work.0));
        task.and_then(|task| {
            self.installation
                .environments
                .get(usize::from(task.environment))
        })
        .map(|environment| environment.dependencies().collect())
        .unwrap_or_default()
    }

    pub(super) fn write(&mut self, out: &mut Out, record: Record) {
        self.written += 1;
        out.persists.push(Persist {
            ticket: Ticket(self.written),
            record,
        });
    }

    fn set_dependency(
        &mut self,
        out: &mut Out,
        id: DependencyId,
        change: impl FnOnce(&mut Dependency),
    ) {
        if let Some(row) = changed(&mut self.dependencies, id.0.into(), change) {
            self.write(out, Record::Dependency(id.0.into(), row));
        }
    }

    pub(super) fn set_work(&mut self, out: &mut Out, id: WorkId, change: impl FnOnce(&mut Work)) {
        if let Some(row) = changed(&mut self.works, id.0.into(), change) {
            self.write(out, Record::Work(id.0.into(), row));
        }
    }

    fn next(&mut self) -> u32 {
        self.nth = self.nth.saturating_add(1);
        self.nth
    }

    pub(super) fn standing(&self, id: DependencyId) -> Dependency {
        let row = self.dependencies.get(id.0.into());
        row.map_or(OPEN, |row| row.value)
    }

    pub(super) fn probe(&self, id: DependencyId) -> Probe {
        self.probes
            .get(usize::from(id.0))
            .copied()
            .unwrap_or_default()
    }

    /// How old the newest evidence of a provider is.
    pub(super) fn age(&self, cx: &Context<'_>, id: DependencyId) -> Fact {
        let seen = self.probe(id).seen;
        let age = seen.map_or(u64::MAX, |(_, at)| cx.now.since(at).0);
        Fact::at_most(age, cx.knobs.time(&knob::PROVIDER_EVIDENCE_TTL).0)
    }

    /// Whether anything is bound to a provider.
    #[must_use]
    pub fn is_needed(&self, provider: Provider) -> bool {
        let environments = &self.installation.environments;
        environments.iter().any(|env| env.needs.contains(&provider))
    }

    /// Whether own probes show that something which an app needs is not there, whoever lifts which pause.
    fn is_down(&self, cx: &Context<'_>, at: usize) -> bool {
        let mut needs = self.installation.environments[at].dependencies();
        needs.any(|id| self.probe(id).down && self.age(cx, id).holds)
    }

    /// A round: everybody is asked, and what was not confirmed is said again.
    fn ask(&mut self, cx: &Context<'_>, out: &mut Out) {
        self.due = cx.now.after(cx.knobs.time(&knob::HEALTH_INTERVAL));
        self.round = self.round.wrapping_add(1);
        for at in 0..self.health.len() {
            let nth = self.next();
            self.health[at].asked = nth;
            let route = self.installation.environments[at].route;
            let held = self.is_down(cx, at);
            let ask = Message::HealthAsk { route, held, nth };
            out.send(self.installation.control, Said::Outage(ask));
        }
        let every = cx.knobs.get(&knob::PROBE_ROUNDS).max(1);
        if u64::from(self.round) % every == 1 % every {
            for at in 0..self.probes.len() {
                if !self.is_needed(DependencyId(at as u8).provider()) {
                    continue;
                }
                let nth = self.next();
                let dependency = DependencyId(at as u8);
                let provider = dependency.provider() as usize;
                self.probes[at].asked = (nth, cx.now);
                let ask = Message::Probe {
                    dependency,
                    secret: self.secrets[provider].0,
                    nth,
                };
                out.send(self.installation.providers[provider], Said::Outage(ask));
            }
        }
        self.hand_over(out);
    }

    /// Says what is durable and not confirmed yet.
    fn hand_over(&mut self, out: &mut Out) {
        if self.durable < self.written {
            return;
        }
        for at in 0..self.installation.tasks.len() {
            let state = self.works.get(at as u32).map(|row| row.value.state);
            if state == Some(WorkState::Going) {
                let task = self.installation.tasks[at];
                let carry = Message::Carry {
                    work: WorkId(at as u8),
                    command: task.command,
                    nth: self.next(),
                };
                out.send(task.to, Said::Outage(carry));
            }
        }
        for provider in Provider::ALL {
            let (secret, taken) = self.secrets[provider as usize];
            if taken < secret {
                let rotate = Message::Rotate {
                    provider,
                    secret,
                    nth: self.next(),
                };
                let to = self.installation.providers[provider as usize];
                out.send(to, Said::Outage(rotate));
            }
        }
        if let (Some((region, false)), Some(to)) = (self.target, self.installation.region_service) {
            let carry = Message::Carry {
                work: TARGET,
                command: Order::Region(crate::region::Command::SendTraffic { region }),
                nth: self.next(),
            };
            out.send(to, Said::Outage(carry));
        }
    }

    /// A provider has answered.
    fn on_answer(&mut self, cx: &Context<'_>, out: &mut Out, id: DependencyId, found: Found) {
        let Some(probe) = self.probes.get_mut(usize::from(id.0)) else {
            return;
        };
        let (nth, asked_at) = probe.asked;
        if nth == 0 || nth != found.nth {
            return;
        }
        let slow = cx.now.since(asked_at) > cx.knobs.time(&knob::PROVIDER_SLOW);
        let condition = if found.good_until <= cx.now {
            Condition::Expired
        } else if !found.taken {
            Condition::Locked
        } else if !found.ok {
            Condition::Failing
        } else if slow {
            Condition::Slow
        } else {
            Condition::Well
        };
        probe.asked.0 = 0;
        probe.seen = Some((condition, asked_at));
        if condition == Condition::Well {
            (probe.good, probe.bad) = (probe.good.saturating_add(1), 0);
        } else {
            (probe.good, probe.bad) = (0, probe.bad.saturating_add(1));
        }
        if u64::from(probe.bad) >= cx.knobs.get(&knob::OUTAGE_PROBES) {
            probe.down = true;
        } else if u64::from(probe.good) >= cx.knobs.get(&knob::RETURN_PROBES) {
            probe.down = false;
        }
        out.note(Told::Outage(Note::Probed {
            dependency: id,
            condition,
        }));
        self.judge(cx, out, id);
    }

    /// What the newest answers make of a provider.
    fn judge(&mut self, cx: &Context<'_>, out: &mut Out, id: DependencyId) {
        let probe = self.probe(id);
        let standing = self.standing(id).standing;
        let enough = u64::from(probe.bad) >= cx.knobs.get(&knob::OUTAGE_PROBES);
        if enough && standing != Standing::Paused {
            let condition = probe.seen.map_or(Condition::Failing, |(found, _)| found);
            self.set_dependency(out, id, |row| {
                row.standing = Standing::Paused;
                row.found = condition;
                row.stepped = 0;
            });
            out.note(Told::Outage(Note::Paused {
                dependency: id,
                condition,
            }));
        }
        if self.installation.automatic {
            if enough {
                self.declare(cx, out, id);
            } else if probe.bad == 0 && standing == Standing::Paused {
                self.lift(cx, out, id);
            }
        }
    }

    /// What waits for a provider goes on from here on, if the provider has proven to be back.
    pub(super) fn lift(&mut self, cx: &Context<'_>, out: &mut Out, id: DependencyId) -> bool {
        if self.standing(id).standing != Standing::Paused {
            return false;
        }
        let good = u64::from(self.probe(id).good);
        let back = Fact::at_least(good, cx.knobs.get(&knob::RETURN_PROBES));
        if out
            .require(cx, &gate::OWN_PROBES_PASS, id.into(), back)
            .is_err()
        {
            return false;
        }
        let now = cx.now;
        self.set_dependency(out, id, |row| {
            row.standing = Standing::Lifting;
            row.step_at = now;
            row.stepped = 0;
        });
        out.note(Told::Outage(Note::Lifting { dependency: id }));
        true
    }

    pub(super) fn lift_all(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        ids: impl Iterator<Item = DependencyId>,
    ) -> bool {
        let mut done = false;
        for id in ids {
            done |= self.lift(cx, out, id);
        }
        done
    }

    fn tell(&mut self, out: &mut Out, at: usize, cause: Option<Cause>) {
        let Some(row) = changed(&mut self.owners, at as u32, |owner| owner.told = cause) else {
            return;
        };
        self.write(out, Record::Owner(at as u32, row));
        let route = self.installation.environments[at].route;
        out.note(Told::Outage(match cause {
            Some(cause) => Note::OwnerTold { route, cause },
            None => Note::WellAgain { route },
        }));
    }

    /// Tells whoever needs a provider in a region that it is in trouble, if that is what the probes say.
    pub(super) fn declare(&mut self, cx: &Context<'_>, out: &mut Out, id: DependencyId) -> bool {
        let bad = Fact::at_least(
            self.probe(id).bad.into(),
            cx.knobs.get(&knob::OUTAGE_PROBES),
        );
        if out
            .require(cx, &gate::OUTAGE_PROVEN, id.into(), bad)
            .is_err()
        {
            return false;
        }
        for at in 0..self.installation.environments.len() {
            if self.installation.environments[at]
                .dependencies()
                .any(|need| need == id)
            {
                self.tell(out, at, Some(Cause::Provider(id.provider())));
            }
        }
        true
    }

    /// Tells an owner that it is the app's own trouble, if nothing else can be it.
    pub(super) fn blame_app(&mut self, cx: &Context<'_>, out: &mut Out, at: usize) -> bool {
        let Some(environment) = self.installation.environments.get(at) else {
            return false;
        };
        let since = self.health[at].ill_since;
        let cleared = since.is_some_and(|since| {
            environment.dependencies().all(|id| {
                let seen = self.probe(id).seen;
                seen.is_some_and(|(found, asked)| found == Condition::Well && asked > since)
            })
        });
        let route = environment.route;
        if out
            .require(
                cx,
                &gate::CAUSE_ESTABLISHED,
                route.into(),
                Fact::yes(cleared),
            )
            .is_err()
        {
            return false;
        }
        self.tell(out, at, Some(Cause::App));
        true
    }

    /// The control plane has said how an app is.
    fn on_health(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId, ill: bool, nth: u32) {
        let environments = &self.installation.environments;
        let Some(at) = environments.iter().position(|one| one.route == route) else {
            return;
        };
        if nth == 0 || self.health[at].asked != nth {
            return;
        }
        self.heard = cx.now;
        self.health[at] = Health {
            asked: 0,
            ill_since: ill.then(|| self.health[at].ill_since.unwrap_or(cx.now)),
        };
        let told = self.owners.get(at as u32).and_then(|row| row.value.told);
        let in_trouble = |id| self.standing(id).standing == Standing::Paused;
        let held = self.installation.environments[at]
            .dependencies()
            .any(in_trouble);
        match told {
            Some(Cause::App | Cause::Platform) if !ill => self.tell(out, at, None),
            Some(Cause::Provider(_)) if !ill && !held => self.tell(out, at, None),
            None if ill && !held && self.installation.automatic => {
                self.blame_app(cx, out, at);
            }
            _ => {}
        }
    }

    /// Whether something can begin, asked of everything that it needs.
    fn is_clear(&self, cx: &Context<'_>, out: &mut Out, id: WorkId) -> Option<(DependencyId, Why)> {
        for need in self.needs(id) {
            let subject = need.into();
            let fresh = self.age(cx, need);
            if out
                .require(cx, &gate::PROVIDER_EVIDENCE_FRESH, subject, fresh)
                .is_err()
            {
                return Some((need, Why::NoEvidence));
            }
            let row = self.standing(need);
            let well = row.standing != Standing::Paused && self.probe(need).bad == 0;
            if out
                .require(cx, &gate::PROVIDER_WELL, subject, Fact::yes(well))
                .is_err()
            {
                return Some((need, Why::Paused));
            }
            if row.standing == Standing::Lifting {
                let step = cx.knobs.get(&knob::LIFT_STEP);
                let room = Fact::below(row.stepped.into(), step);
                if out
                    .require(cx, &gate::PAUSES_LIFT_IN_STEPS, subject, room)
                    .is_err()
                {
                    return Some((need, Why::Step));
                }
            }
        }
        None
    }

    /// A piece of work begins if it may.
    pub(super) fn start(&mut self, cx: &Context<'_>, out: &mut Out, id: WorkId) -> bool {
        let state = self.works.get(id.0.into()).map(|row| row.value.state);
        if state != Some(WorkState::Waiting) {
            return false;
        }
        let held = self.is_clear(cx, out, id);
        if let Some((dependency, why)) = held {
            let before = self.works.get(id.0.into()).and_then(|row| row.value.held);
            if before != held {
                self.set_work(out, id, |work| work.held = held);
                out.note(Told::Outage(Note::Held {
                    work: id,
                    dependency,
                    why,
                }));
            }
            return false;
        }
        for need in self.needs(id) {
            if self.standing(need).standing == Standing::Lifting {
                let now = cx.now;
                self.set_dependency(out, need, |row| {
                    if row.stepped == 0 {
                        row.step_at = now;
                    }
                    row.stepped += 1;
                });
            }
        }
        self.set_work(out, id, |work| {
            work.state = WorkState::Going;
            work.held = None;
        });
        out.note(Told::Outage(Note::Started { work: id }));
        true
    }

    pub(super) fn start_all(&mut self, cx: &Context<'_>, out: &mut Out) {
        for at in 0..self.installation.tasks.len() {
            self.start(cx, out, WorkId(at as u8));
        }
    }

    /// Steps end, the next ones begin, and what may go on does.
    pub(super) fn look(&mut self, cx: &Context<'_>, out: &mut Out) {
        for at in 0..self.probes.len() {
            let id = DependencyId(at as u8);
            let row = self.standing(id);
            let over = cx.now.since(row.step_at) >= cx.knobs.time(&knob::LIFT_INTERVAL);
            if row.standing != Standing::Lifting || !over {
                continue;
            }
            let waits = |work: &(u32, &Row<Work>)| {
                work.1.value.state == WorkState::Waiting
                    && self.needs(WorkId(work.0 as u8)).contains(&id)
            };
            if self.works.iter().any(|work| waits(&work)) {
                // The next step begins when somebody takes it.
                self.set_dependency(out, id, |row| row.stepped = 0);
            } else {
                self.set_dependency(out, id, |row| row.standing = Standing::Open);
                out.note(Told::Outage(Note::Lifted { dependency: id }));
            }
        }
        self.start_all(cx, out);
        let quiet = cx.now.since(self.heard) > cx.knobs.time(&knob::PROVIDER_EVIDENCE_TTL);
        if quiet && self.installation.automatic {
            for at in 0..self.installation.environments.len() {
                let told = self.owners.get(at as u32).and_then(|row| row.value.told);
                if told.is_none() {
                    self.tell(out, at, Some(Cause::Platform));
                }
            }
        }
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, message: Message) {
        match message {
            Message::Answer {
                dependency,
                ok,
                taken,
                good_until,
                nth,
            } => {
                let found = Found {
                    ok,
                    taken,
                    good_until,
                    nth,
                };
                self.on_answer(cx, out, dependency, found);
            }
            Message::HealthIs { route, ill, nth } => self.on_health(cx, out, route, ill, nth),
            Message::Carried { work, .. } if work == TARGET => {
                if let Some((_, confirmed)) = &mut self.target {
                    *confirmed = true;
                }
            }
            Message::Carried { work, .. } => {
                let row = self.works.get(work.0.into()).map(|row| row.value.state);
                if row == Some(WorkState::Going) {
                    self.set_work(out, work, |work| work.state = WorkState::Done);
                    out.note(Told::Outage(Note::Taken { work }));
                }
            }
            Message::Rotated {
                provider, secret, ..
            } => {
                let confirmed = &mut self.secrets[provider as usize].1;
                *confirmed = (*confirmed).max(secret);
            }
            // Said to others.
            _ => {}
        }
    }
}

/// What stands for sending everybody to a region, where work has its number.
const TARGET: WorkId = WorkId(u8::MAX);

/// What an answer says.
struct Found {
    ok: bool,
    taken: bool,
    good_until: Time,
    nth: u32,
}

/// Changes a row by compare-and-set; `None` if that changes nothing.
fn changed<T: Copy + PartialEq + core::hash::Hash>(
    table: &mut Table<T>,
    id: u32,
    change: impl FnOnce(&mut T),
) -> Option<Row<T>> {
    let old = table.get(id).copied()?;
    let mut value = old.value;
    change(&mut value);
    if value == old.value {
        return None;
    }
    let version = table.cas(id, old.version, value).ok()?;
    Some(Row { version, value })
}

impl Machine for Watch {
    type Message = Said;
    type Record = Record;
    type Note = Told;

    fn step(&mut self, cx: &Context<'_>, input: Input<Said>, out: &mut Out) {
        match input {
            Input::Message {
                message: Said::Outage(message),
                ..
            } => self.on_message(cx, out, message),
            Input::Message {
                message: Said::Command(Order::Outage(command)),
                ..
            } => self.order(cx, out, command),
            Input::Persisted(ticket) => {
                self.durable = self.durable.max(ticket.0);
                self.hand_over(out);
            }
            Input::Deadline if self.due <= cx.now => {
                self.look(cx, out);
                self.ask(cx, out);
            }
            Input::Message { .. } | Input::Deadline | Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.due)
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[Record], out: &mut Out) {
        *self = Self::new(self.installation.clone());
        for record in durable {
            match *record {
                Record::Dependency(id, row) => self.dependencies.restore(id, row),
                Record::Work(id, row) => self.works.restore(id, row),
                Record::Owner(id, row) => self.owners.restore(id, row),
                // Whether the provider has it is asked again; it takes no older one.
                Record::Secret(provider, secret) => self.secrets[provider as usize].0 = secret,
                Record::Target(region) => self.target = Some((region, false)),
            }
            self.written += 1;
        }
        self.durable = self.written;
        // Nothing is said more often than a hundred times in a millisecond, so no number is used twice.
        self.nth = u32::try_from(cx.now.0 / 10).unwrap_or(u32::MAX / 2);
        self.heard = cx.now;
        self.ask(cx, out);
    }

    fn fingerprint(&self) -> u64 {
        let tables = (
            self.dependencies.fingerprint(),
            self.works.fingerprint(),
            self.owners.fingerprint(),
            self.secrets,
            self.target,
        );
        let counts = (self.written, self.durable, self.nth, self.round, self.due);
        fingerprint::digest(&(tables, counts, &self.probes, &self.health, self.heard))
    }
}
