//! Names: what sentences call nodes, wakes, allocations, requests and messages.

use crate::fleet::{Fleet, Roster};
use alloc::format;
use alloc::string::{String, ToString};
use machine::{NodeId, Subject};
use platform::id::{AllocationId, DeploymentId, RequestId, RouteId, WakeId};
use platform::message::{Cause, Class, Message, Observed, Reason};
use protocol::Plan;
use sim::State;

/// What everything is called.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    plan: &'a Plan,
    roster: Roster,
    pub(super) state: &'a State<Fleet>,
}

impl<'a> Names<'a> {
    /// Names by a plan, at a moment that knows at least the things that are named.
    #[must_use]
    pub const fn new(plan: &'a Plan, state: &'a State<Fleet>) -> Self {
        Self {
            plan,
            roster: *state.fleet().roster(),
            state,
        }
    }

    /// The plan that names come from.
    #[must_use]
    pub const fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// A node: `edge-1`.
    #[must_use]
    pub fn node(&self, node: NodeId) -> String {
        if node == sim::OPERATOR {
            return "the operator".to_string();
        }
        if node == sim::WORLD {
            return "the world".to_string();
        }
        self.roster.name(node)
    }

    /// An app, by its route: `shop`.
    #[must_use]
    pub fn app(&self, route: RouteId) -> &'a str {
        self.plan
            .apps
            .get(usize::from(route.0))
            .map_or("an unknown app", |app| app.name.as_str())
    }

    /// A wake: `the wake of shop`, with its epoch once there are several.
    #[must_use]
    pub fn wake(&self, wake: WakeId) -> String {
        match self.state.fleet().control().wakes().get(wake.0) {
            Some(row) if row.value.epoch.0 > 1 => format!(
                "the wake of {} (epoch {})",
                self.app(row.value.route),
                row.value.epoch.0
            ),
            Some(row) => format!("the wake of {}", self.app(row.value.route)),
            None => format!("wake {}", wake.0 + 1),
        }
    }

    /// An allocation: `allocation 2`, counted from 1.
    #[must_use]
    pub fn allocation(allocation: AllocationId) -> String {
        format!("allocation {}", u64::from(allocation.0) + 1)
    }

    /// A request by its stream and number: `request a12`.
    #[must_use]
    pub fn request(request: RequestId) -> String {
        let (stream, number) = (request.0 >> 20, request.0 & 0xF_FFFF);
        let letter = char::from(b'a' + (stream % 26) as u8);
        format!("request {letter}{}", number + 1)
    }

    /// Whatever it is.
    #[must_use]
    pub fn subject(&self, subject: Subject) -> String {
        match subject.kind {
            RouteId::KIND => self.app(RouteId(subject.id as u16)).to_string(),
            WakeId::KIND => self.wake(WakeId(subject.id as u32)),
            AllocationId::KIND => Self::allocation(AllocationId(subject.id as u32)),
            RequestId::KIND => Self::request(RequestId(subject.id as u32)),
            DeploymentId::KIND => format!("deployment {}", subject.id + 1),
            platform::id::Region::KIND => {
                super::region::name(self.plan, platform::id::Region(subject.id as u8))
            }
            platform::migration::MigrationId::KIND => super::migration::name(
                self.plan,
                platform::migration::MigrationId(subject.id as u8),
            ),
            platform::outage::DependencyId::KIND | platform::outage::WorkId::KIND => {
                super::outage::subject(self.plan, subject)
            }
            platform::restore::RestoreId::KIND | platform::restore::InstanceId::KIND => {
                super::restore::subject(subject)
            }
            platform::cleanup::CollectionId::KIND => {
                format!("removal {}", subject.id + 1)
            }
            platform::promotion::PromotionId::KIND => {
                super::promotion::name(platform::promotion::PromotionId(subject.id as u32))
            }
            platform::pressure::SettingId::KIND => "the store of the control plane".to_string(),
            131 => "an approval".to_string(),
            132 => "the route event stream".to_string(),
            platform::attempt::AttemptId::KIND | platform::attempt::DeploymentNo::KIND => {
                super::attempt::subject(self.plan, self.state, subject)
            }
            platform::pipeline::DeployId::KIND => super::pipeline::subject(self.plan, subject),
            platform::gitops::Item::KIND => super::gitops::life(self.plan, subject),
            41 => format!("commit {}", subject.id),
            platform::traces::Claim::KIND => super::traces::subject(subject),
            platform::sessions::SessionId::KIND | platform::sessions::TabId::KIND => {
                super::sessions::subject(subject)
            }
            platform::id::ReportId::KIND => "a report".to_string(),
            platform::id::OutboxId::KIND => format!("outbox row {}", subject.id),
            10 => self.node(NodeId(subject.id as u16)),
            platform::id::DrainId::KIND => {
                super::hosts::drain(self, self.state, platform::id::DrainId(subject.id as u32))
            }
            other => format!("{} {}", platform::id::kind_name(other), subject.id),
        }
    }
}

/// What a message says, in two or three words.
#[must_use]
pub fn message_label(message: &Message) -> String {
    let text = match message {
        Message::Request(request) => return class(request.class).to_string(),
        Message::Response { status, reason, .. } => {
            return format!("{status} {}", reason_word(*reason));
        }
        Message::Region(message) => return super::region::label(message),
        Message::GitOps(message) => return super::gitops::label(message),
        Message::Migration(message) => return super::migration::label(message),
        Message::Promotion(message) => return super::promotion::label(message),
        Message::Cleanup(message) => return super::cleanup::label(message),
        Message::Restore(message) => return super::restore::label(message),
        Message::Outage(message) => return super::outage::label(message),
        Message::Pressure(message) => super::pressure::label(message),
        Message::Pipeline(message) => return super::pipeline::label(message),
        Message::Traces(message) => return super::traces::label(message),
        Message::Sessions(message) => return super::sessions::label(message),
        Message::WakeAsk { .. } => "wake?",
        Message::WakeRefused { .. } => "no wake",
        Message::Event { event, .. } => {
            return match event {
                platform::message::Event::RouteOwner { epoch, .. } => {
                    format!("owner of epoch {}", epoch.0)
                }
                platform::message::Event::Wake { to, .. } => format!("wake {}", to.spec().name),
                platform::message::Event::Allocation { to, serving, .. } => {
                    format!(
                        "allocation {}{}",
                        to.spec().name,
                        if *serving { ", serving" } else { "" }
                    )
                }
                platform::message::Event::Deployment { .. } => "deployment changed".to_string(),
                platform::message::Event::Host(event) => format!("host {}", event.to.spec().name),
                platform::message::Event::Promotion(_) => "promotion".to_string(),
                platform::message::Event::Cleanup(_) => "clean-up".to_string(),
                platform::message::Event::Setting(_) => "setting".to_string(),
            };
        }
        Message::EventAck { .. } => "event heard",
        Message::Dispatch { .. } => "serve this",
        Message::Answer { ok, .. } => {
            if *ok {
                "answer"
            } else {
                "error"
            }
        }
        Message::DispatchRefused { .. } => "not here",
        Message::Order { .. } => "run this",
        Message::Stop { .. } => "stop",
        Message::Report { observed, .. } => return observed_word(observed),
        Message::ReportAck { .. } => "report heard",
        Message::Heartbeat { .. } => "heartbeat",
        Message::Activity { .. } => "activity",
        Message::Pull { .. } => "pull",
        Message::PullDone { .. } => "bytes",
        Message::SecretsAsk { .. } => "secrets?",
        Message::SecretsAwait { .. } => "say when the secrets are there",
        Message::SecretBound { .. } => "the secrets are there",
        Message::Secrets { complete, .. } => {
            if *complete {
                "secrets"
            } else {
                "secret missing"
            }
        }
        Message::Follow { .. } => "follow",
        Message::Command(_) => "command",
        Message::Host(message) => super::hosts::label(message),
    };
    text.to_string()
}

/// What a runner saw, in two or three words.
#[must_use]
pub fn observed_word(observed: &Observed) -> String {
    match observed {
        Observed::Accepted => "accepted".into(),
        Observed::Launched { .. } => "launched".into(),
        Observed::Up => "process up".into(),
        Observed::Readiness { pass: true, .. } => "check passed".into(),
        Observed::Readiness { pass: false, .. } => "check failed".into(),
        Observed::DigestMismatch => "wrong digest".into(),
        Observed::SecretMissing => "secret missing".into(),
        Observed::PullFailed => "pull failed".into(),
        Observed::Exited { oom: true, .. } => "killed, out of memory".into(),
        Observed::Exited { code, .. } => format!("exited {code}"),
        Observed::Stopped { .. } => "stopped".into(),
        Observed::Gone => "gone".into(),
    }
}

/// What a class of requests is called.
#[must_use]
pub const fn class(class: Class) -> &'static str {
    match class {
        Class::SafePage => "GET page",
        Class::Upgrade => "socket upgrade",
        Class::Unsafe => "POST",
        Class::Webhook => "webhook",
        Class::Asset => "asset",
    }
}

/// Why a request got its answer, in words.
#[must_use]
pub const fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Served => "served",
        Reason::AppError => "app error",
        Reason::NoRoute => "no route",
        Reason::HoldFull => "hold slots full",
        Reason::BodyTooLarge => "body too large",
        Reason::WakeTimeout => "hold budget over",
        Reason::WakeBudget => "wake budget used up",
        Reason::CoolDown => "cooling down",
        Reason::WakeFailed => "wake failed",
        Reason::UnsafeCold => "unsafe while cold",
        Reason::KeyRequired => "key required",
        Reason::KeyInFlight => "key in flight",
        Reason::KeyReused => "key reused",
        Reason::KeyReplayed => "stored answer",
        Reason::NoTarget => "no allocation",
        Reason::OutcomeUnknown => "outcome unknown",
        Reason::StaleEpoch => "stale epoch",
        Reason::NoPlacement => "no room",
        Reason::NoBaseline => "no snapshot yet",
        Reason::RouteGap => "owner not verified",
        Reason::EarlyData => "early data",
        Reason::IdemStore => "key store down",
        Reason::Fenced => "fenced",
        Reason::BadSignature => "bad signature",
        Reason::StaleSignature => "signature too old",
        Reason::EventProcessed => "event processed before",
        Reason::EventInFlight => "event under way",
        Reason::WebhookDeferred => "deferred to the provider",
        Reason::NoSuchAsset => "no such asset",
        Reason::NoConnection => "no connection left",
        Reason::AssetStore => "artifact store down",
        Reason::NoPreview => "no such preview",
        Reason::PreviewBudget => "preview budget used up",
        Reason::NotIsolated => "preview not isolated",
        Reason::SecretMissing => "secret not bound",
        Reason::ClientLeft => "client left",
        Reason::Displaced => "slot given to a person",
        Reason::ErrandWhileCold => "no errands while cold",
        Reason::PreviewGone => "preview gone",
        Reason::NotModified => "not modified",
        Reason::EventKept => "event kept",
        Reason::InboxSilent => "inbox silent",
        Reason::ProviderDown => "provider in an outage",
        Reason::ProviderReturns => "provider only just back",
        Reason::StoreBusy => "store does not keep up",
    }
}

/// Why something failed, in words.
#[must_use]
pub const fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::None => "nothing",
        Cause::PullTimeout => "the artifact did not arrive in time",
        Cause::DigestMismatch => "the bytes have another digest",
        Cause::SecretMissing => "a secret is missing",
        Cause::ReadinessTimeout => "readiness did not pass in time",
        Cause::Oom => "the process was killed for its memory",
        Cause::Crash => "the process ended by itself",
        Cause::HostLost => "the host was not heard of for too long",
        Cause::RunnerCrash => "the runner came back without it",
        Cause::OldEpoch => "the route has a newer owner",
        Cause::NoPlacement => "no host has room",
        Cause::Cancelled => "an operator stopped it",
        Cause::WakeTimeout => "the wake took too long",
    }
}

/// What a failed probe gave as its reason, in words.
#[must_use]
pub const fn probe_reason(reason: u8) -> &'static str {
    match reason {
        0 => "passed",
        crate::lower::BINDING_DOWN => {
            "503: the database that it is bound to refuses the connection"
        }
        crate::lower::WRONG_PATH => "404: the app has no such path",
        sim::reason::WARMING => "503: still warming up",
        sim::reason::BOOTING => "no answer: the process is still booting",
        sim::reason::GONE => "no answer: there is no process",
        _ => "failed",
    }
}
