//! Faults become conditions of network, disk, clock and host, windows in which store and vault are wrong, bursts of
//! requests, and commands that come by themselves.

use super::*;
use crate::fleet::{Ailment, Blemish, Window};

/// Before this the control plane may not have written down yet what the installation names.
const EARLIEST_BACKUP: Time = Time(1_000_000);

fn kind(name: &str) -> Result<u16> {
    match kinds().find(|(_, known)| *known == name) {
        Some((number, _)) => Ok(number),
        None => problem(Problem::unknown(
            "message kind",
            name,
            &kinds().map(|(_, name)| name).collect::<Vec<_>>(),
        )),
    }
}

fn node(roster: Roster, name: &str) -> Result<NodeId> {
    roster.find(name).map_or_else(
        || {
            let names = roster.names();
            problem(Problem::unknown(
                "node",
                name,
                &names.iter().map(String::as_str).collect::<Vec<_>>(),
            ))
        },
        Ok,
    )
}

/// Collects what faults become.
pub(super) struct Sink<'a> {
    pub(super) plan: &'a Plan,
    pub(super) roster: Roster,
    pub(super) conditions: Vec<Condition>,
    pub(super) labels: Vec<String>,
    pub(super) repairs: Vec<(Repair, u16)>,
    pub(super) missing: Vec<MissingSecret>,
    pub(super) wrong: Vec<WrongBytes>,
    pub(super) bursts: Vec<Stream>,
    pub(super) life: Vec<(Time, External<Message>)>,
    pub(super) promotions: u32,
    pub(super) lacks: Vec<(u16, Lack)>,
    pub(super) ills: Vec<Ill>,
    pub(super) spells: Vec<Spell>,
    pub(super) broken_agents: Vec<u16>,
    pub(super) git: gitops::Outside,
    pub(super) promoting: promotion::Circumstances,
    pub(super) around: pipeline::Around,
    pub(super) quiet: Vec<(Time, &'static str)>,
    pub(super) impatient: Vec<crate::fleet::Impatient>,
}

impl Sink<'_> {
    fn app(&self, app: u16) -> Result<&AppPlan> {
        match self.plan.apps.get(usize::from(app)) {
            Some(found) => Ok(found),
            None => problem(
                Problem::new(
                    "unknown-app",
                    alloc::format!("there is no app number {app}"),
                )
                .detail(alloc::format!(
                    "The plan has {} apps, counted from 0.",
                    self.plan.apps.len()
                )),
            ),
        }
    }

    fn region(&self, region: u16) -> Result<()> {
        let regions = self.plan.regions.as_ref();
        let count = regions.map_or(0, |regions| regions.regions.len());
        if usize::from(region) < count {
            return Ok(());
        }
        problem(
            Problem::new(
                "unknown-region",
                alloc::format!("there is no region number {region}"),
            )
            .detail(alloc::format!(
                "The plan has {count} regions, counted from 0."
            )),
        )
    }

    fn images(&self, app: u16) -> Result<Vec<u64>> {
        self.app(app)?;
        Ok(deployments_of(self.plan, app)
            .map(|deployment| runner::image(artifact(self.plan, deployment), true))
            .collect())
    }

    /// A provider is in trouble for a while.
    fn provider(
        &mut self,
        fault: &Fault,
        name: &str,
        ailment: Ailment,
        said: (Option<u16>, bool),
        time: (&sim::When, Duration),
    ) -> Result<()> {
        let Some(provider) = outage::provider(name) else {
            let known = platform::outage::Provider::ALL.map(|one| one.name());
            return problem(Problem::unknown("provider", name, &known));
        };
        if let Some(region) = said.0 {
            self.region(region)?;
        }
        let (when, lasts) = time;
        let (from, until) = Self::window(fault, when, lasts)?;
        let ill = Ill {
            provider,
            ailment,
            region: said.0.map(|region| Region(region as u8)),
            from,
            until: until.min(Time(self.plan.heal_at)),
            unsaid: said.1,
        };
        outage::trouble(self, fault.spec().title, ill, when, lasts);
        Ok(())
    }

    pub(super) fn push(
        &mut self,
        label: &str,
        what: Disturbance,
        when: &sim::When,
        lasts: Duration,
        repair: Option<Repair>,
    ) {
        let index = self.conditions.len() as u16;
        self.conditions.push(Condition {
            what,
            when: when.clone(),
            lasts,
        });
        self.labels.push(label.into());
        if let Some(repair) = repair {
            self.repairs.push((repair, index));
        }
    }

    pub(super) fn placed(&mut self, placed: &PlacedFault) -> Result<()> {
        let when = match &placed.when {
            When::At(at) => sim::When::At(Time(*at)),
            When::Point {
                message,
                allocation,
                nth,
            } => sim::When::Point {
                kind: kind(message)?,
                subject: allocation.map(|nth| AllocationId(nth.saturating_sub(1)).into()),
                nth: *nth,
            },
        };
        let known = self.conditions.len();
        self.fault(
            &placed.fault,
            &when,
            placed.lasts.map_or(Duration(u64::MAX), Duration),
        )?;
        if let sim::When::At(at) = when
            && self.conditions.len() == known
        {
            self.quiet.push((at, placed.fault.spec().id));
        }
        Ok(())
    }

    /// The window of a fault that can only begin at a time.
    fn window(fault: &Fault, when: &sim::When, lasts: Duration) -> Result<(Time, Time)> {
        match when {
            sim::When::At(at) => Ok((*at, at.after(lasts))),
            _ => problem(
                Problem::new(
                    "fault-needs-a-time",
                    alloc::format!("the fault `{}` can only begin at a time", fault.spec().id),
                )
                .hint("Give it `at`, not a message or a background rate."),
            ),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm per fault: the table is easier to read whole"
    )]
    pub(super) fn fault(&mut self, fault: &Fault, when: &sim::When, lasts: Duration) -> Result<()> {
        let title = fault.spec().title;
        let platform_links = || Links {
            from: Nodes::Except(alloc::vec![NodeId(0)]),
            to: Nodes::Except(alloc::vec![NodeId(0)]),
        };
        match fault {
            Fault::LateReport { kind: name, by } => {
                let what = Disturbance::Delay {
                    links: Links::ALL,
                    kind: Some(kind(name)?),
                    by: Duration(*by),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::LostMessage {
                kind: name,
                per_million,
            } => {
                let kind = name.as_deref().map(kind).transpose()?;
                let what = Disturbance::Lose {
                    links: platform_links(),
                    kind,
                    per_million: *per_million,
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::DuplicatedMessage {
                kind: name,
                per_million,
            } => {
                let kind = name.as_deref().map(kind).transpose()?;
                let what = Disturbance::Duplicate {
                    links: platform_links(),
                    kind,
                    per_million: *per_million,
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::ReorderedMessage { per_million, by } => {
                let what = Disturbance::Reorder {
                    links: platform_links(),
                    kind: None,
                    per_million: *per_million,
                    by_up_to: Duration(*by),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::SlowPull { by } => {
                let links = Links {
                    from: Nodes::one(self.roster.store()),
                    to: Nodes::All,
                };
                let what = Disturbance::Delay {
                    links,
                    kind: Some(kind("pull-done")?),
                    by: Duration(*by),
                };
                self.push(title, what, when, lasts, Some(Repair::Store));
            }
            Fault::CorruptArtifact { app } => {
                self.app(*app)?;
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                let assets = traces::assets_of(self.plan, *app).into_iter();
                self.wrong.extend(assets.map(|digest| WrongBytes {
                    digest,
                    from,
                    until,
                }));
                self.wrong.extend(
                    deployments_of(self.plan, *app).map(|deployment| WrongBytes {
                        digest: artifact(self.plan, deployment),
                        from,
                        until,
                    }),
                );
            }
            Fault::MissingSecret { app } => {
                self.app(*app)?;
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                self.missing
                    .extend(
                        deployments_of(self.plan, *app).map(|deployment| MissingSecret {
                            deployment,
                            from,
                            until,
                        }),
                    );
            }
            Fault::ReadinessNeverPasses { app } => {
                for image in self.images(*app)? {
                    self.push(
                        title,
                        Disturbance::NotReady {
                            image,
                            reason: WRONG_PATH,
                        },
                        when,
                        lasts,
                        Some(Repair::ReadinessPath),
                    );
                }
            }
            Fault::BindingDown { app } => {
                for image in self.images(*app)? {
                    self.push(
                        title,
                        Disturbance::NotReady {
                            image,
                            reason: BINDING_DOWN,
                        },
                        when,
                        lasts,
                        Some(Repair::Binding),
                    );
                }
            }
            Fault::OutOfMemory { app, extra } => {
                for image in self.images(*app)? {
                    self.push(
                        title,
                        Disturbance::Memory {
                            image,
                            extra: *extra,
                        },
                        when,
                        lasts,
                        None,
                    );
                }
            }
            Fault::SlowBoot { app, by } => {
                for image in self.images(*app)? {
                    self.push(
                        title,
                        Disturbance::SlowBoot {
                            image,
                            by: Duration(*by),
                        },
                        when,
                        lasts,
                        None,
                    );
                }
            }
            Fault::RunnerCrash { runner, down } => {
                let name = alloc::format!("runner-{}", u32::from(*runner) + 1);
                let what = Disturbance::Crash {
                    node: node(self.roster, &name)?,
                    down_for: Duration(*down),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::ControlCrash { down } => {
                let what = Disturbance::Crash {
                    node: self.roster.control(),
                    down_for: Duration(*down),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::ControlRestored { age, down } => {
                let (at, _) = Self::window(fault, when, lasts)?;
                let made = Time(at.0.saturating_sub(*age));
                if made < EARLIEST_BACKUP {
                    return problem(
                        Problem::new(
                            "backup-too-early",
                            alloc::format!("the backup would be of {made}"),
                        )
                        .hint("Nothing worth a backup is there before the first second is over."),
                    );
                }
                let node = self.roster.control();
                let backup = Disturbance::BackUp { node };
                let instant = Duration::ZERO;
                self.push("Backup", backup, &sim::When::At(made), instant, None);
                let down_for = Duration(*down);
                let what = Disturbance::PutBack { node, down_for };
                self.push(title, what, when, lasts, None);
            }
            Fault::EdgeCrash { edge, down } => {
                let name = alloc::format!("edge-{}", u32::from(*edge) + 1);
                let what = Disturbance::Crash {
                    node: node(self.roster, &name)?,
                    down_for: Duration(*down),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::RequestBurst { app, count, within } => {
                self.app(*app)?;
                let (from, _) = Self::window(fault, when, lasts)?;
                let every = Duration(within / u64::from((*count).max(1)));
                let stream = Stream {
                    route: RouteId(*app),
                    class: Class::SafePage,
                    keyed: false,
                    repeats: 0,
                    bytes: (0, 0),
                    from,
                    until: from.after(Duration(*within)),
                    every: (every, every),
                    extra: None,
                    assets: (DeploymentId(0), 0, 0),
                };
                let extra = Extra::default();
                self.bursts
                    .push(traces::addressed(self.plan, stream, extra));
            }
            Fault::Partition { from, to, one_way } => {
                let side = |names: &[String]| {
                    names
                        .iter()
                        .map(|name| node(self.roster, name))
                        .collect::<Result<Vec<_>>>()
                        .map(Nodes::Only)
                };
                let (from, to) = (side(from)?, side(to)?);
                self.push(
                    title,
                    Disturbance::Cut {
                        from: from.clone(),
                        to: to.clone(),
                    },
                    when,
                    lasts,
                    None,
                );
                if !one_way {
                    self.push(
                        title,
                        Disturbance::Cut { from: to, to: from },
                        when,
                        lasts,
                        None,
                    );
                }
            }
            Fault::Promotion { app } => {
                self.app(*app)?;
                let (at, _) = Self::window(fault, when, lasts)?;
                self.promotions += 1;
                let command = promote(self.plan, *app, self.promotions - 1);
                self.life.push((
                    at,
                    External::Deliver {
                        to: self.roster.control(),
                        message: Message::Command(command),
                    },
                ));
            }
            Fault::SlowDisk { node: name, by } => {
                let what = Disturbance::SlowDisk {
                    node: node(self.roster, name)?,
                    by: Duration(*by),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::SlowStore { node: name, times } => {
                let what = Disturbance::BusyDisk {
                    node: node(self.roster, name)?,
                    times: *times,
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::ImpatientConsoles { app, version } => {
                self.app(*app)?;
                let (from, until) = Self::window(fault, when, lasts)?;
                self.impatient.push(crate::fleet::Impatient {
                    version: deployment(deployments_per_app(self.plan), *app, *version),
                    from,
                    until: until.min(Time(self.plan.heal_at)),
                });
            }
            Fault::ClockSkew { node: name, by } => {
                let what = Disturbance::Skew {
                    node: node(self.roster, name)?,
                    by: *by,
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::NodeCrash { node: name, down } => {
                let what = Disturbance::Crash {
                    node: node(self.roster, name)?,
                    down_for: Duration(*down),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::DatabaseTrouble { what } => {
                let Some(trouble) = migration::trouble(what) else {
                    let known = Trouble::ALL.map(Trouble::name);
                    return problem(Problem::unknown("database trouble", what, &known));
                };
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                self.spells.push(Spell {
                    trouble,
                    from,
                    until,
                });
            }
            Fault::SnapshotTrouble { what } => {
                let Some(what) = promotion::blemish(what) else {
                    let known = Blemish::ALL.map(Blemish::name);
                    return problem(Problem::unknown("snapshot trouble", what, &known));
                };
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                self.promoting.blemishes.push(Window { what, from, until });
            }
            Fault::ServicesDown {} => {
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                self.promoting.down.push(Window {
                    what: (),
                    from,
                    until,
                });
            }
            Fault::DataCorruption {} => {
                let (at, _) = Self::window(fault, when, lasts)?;
                let order = restore::corrupt(self.roster);
                self.life.extend(order.map(|order| (at, order)));
            }
            Fault::DataSchema { to } => {
                let (at, _) = Self::window(fault, when, lasts)?;
                let orders = restore::change_schema(self.roster, *to);
                self.life
                    .extend(orders.into_iter().map(|order| (at, order)));
            }
            Fault::SchemaChange { to } => {
                let (at, _) = Self::window(fault, when, lasts)?;
                self.promoting.schemas.push((at, *to));
            }
            Fault::LogRecreated {} => {
                let (at, _) = Self::window(fault, when, lasts)?;
                let order = promotion::recreate(self.roster);
                self.life.extend(order.map(|order| (at, order)));
            }
            Fault::PromotionOrder { app, effect } => {
                self.app(*app)?;
                let (at, _) = Self::window(fault, when, lasts)?;
                let orders = promotion::effect(self.plan, self.roster, *app, effect);
                self.life
                    .extend(orders.into_iter().map(|order| (at, order)));
            }
            Fault::PipelineOrder { effect } => {
                let (at, _) = Self::window(fault, when, lasts)?;
                let orders = pipeline::effect(self.roster, effect);
                self.life
                    .extend(orders.into_iter().map(|order| (at, order)));
            }
            Fault::PlanChange { migration } => {
                let (at, _) = Self::window(fault, when, lasts)?;
                let order = migration::plan_change(self.roster, *migration);
                self.life.extend(order.map(|order| (at, order)));
            }
            Fault::RegionLack { region, what } => {
                self.region(*region)?;
                let Some(fact) = region::fact(what) else {
                    let known = platform::region::Fact::ALL.map(|fact| fact.lack());
                    return problem(Problem::unknown("lack", what, &known));
                };
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                self.lacks.push((*region, Lack { fact, from, until }));
            }
            Fault::PipelineTrouble { what, builder } => {
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                self.around.snag(what, *builder, (from, until))?;
            }
            Fault::WeightyCommit { deploy, what } => self.around.brings(*deploy, what)?,
            Fault::GitCommit { changes } => {
                let (at, _) = Self::window(fault, when, lasts)?;
                self.git.commit(self.plan, at, changes)?;
            }
            Fault::BadRevision {
                deployment,
                revision,
                fails,
            } => self
                .git
                .break_revision(self.plan, *deployment, *revision, fails)?,
            Fault::ResidencyChange { region } => {
                self.region(*region)?;
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                for (at, allowed) in [(from, false), (until, true)] {
                    let order = region::residency(self.roster, *region, allowed);
                    self.life.extend(order.map(|order| (at, order)));
                }
            }
            Fault::SharedData { app } => {
                self.app(*app)?;
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                for (at, isolated) in [(from, false), (until, true)] {
                    let orders = traces::bind(self.roster, *app, isolated);
                    self.life
                        .extend(orders.into_iter().map(|order| (at, order)));
                }
            }
            Fault::PreviewJob {} => {
                let (at, _) = Self::window(fault, when, lasts)?;
                let order = restore::job(self.roster);
                self.life.extend(order.map(|order| (at, order)));
            }
            Fault::ConnectionLimit { most } => {
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                for (at, most) in [(from, Some(*most)), (until, None)] {
                    let orders = traces::limit(self.roster, most);
                    self.life
                        .extend(orders.into_iter().map(|order| (at, order)));
                }
            }
            Fault::PreviewSuperseded { app } => {
                self.app(*app)?;
                let (at, _) = Self::window(fault, when, lasts)?;
                let orders = traces::supersede(self.roster, *app);
                self.life
                    .extend(orders.into_iter().map(|order| (at, order)));
            }
            Fault::HiddenAddresses {} => {
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                for (at, trusts) in [(from, false), (until, true)] {
                    let orders = sessions::trust(self.roster, trusts).into_iter();
                    self.life.extend(orders.map(|order| (at, order)));
                }
            }
            Fault::RevokedIdentity { people } => {
                let (at, _) = Self::window(fault, when, lasts)?;
                let order = sessions::revoke(self.roster, *people);
                self.life.extend(order.map(|order| (at, order)));
            }
            Fault::ProviderDown {
                provider,
                region,
                unsaid,
            } => {
                let said = (*region, *unsaid);
                self.provider(fault, provider, Ailment::Down, said, (when, lasts))?;
            }
            Fault::SlowProvider { provider, by } => {
                let slow = Ailment::Slow(Duration(*by));
                self.provider(fault, provider, slow, (None, false), (when, lasts))?;
            }
            Fault::ExpiredCertificate { provider } => {
                let expired = Ailment::Certificate;
                self.provider(fault, provider, expired, (None, false), (when, lasts))?;
            }
            Fault::RevokedCredentials { provider } => {
                let locked = Ailment::Credentials;
                self.provider(fault, provider, locked, (None, true), (when, lasts))?;
            }
            Fault::MachineProviderOutage {} => {
                let provider = Nodes::one(node(self.roster, "bootstrap")?);
                let control = Nodes::one(self.roster.control());
                for (from, to) in [(&provider, &control), (&control, &provider)] {
                    let what = Disturbance::Cut {
                        from: from.clone(),
                        to: to.clone(),
                    };
                    self.push(title, what, when, lasts, Some(Repair::Provider));
                }
            }
            Fault::UpgradeStuck {} => {
                let what = Disturbance::Lose {
                    links: platform_links(),
                    kind: Some(kind("host-install")?),
                    per_million: 1_000_000,
                };
                self.push(title, what, when, lasts, Some(Repair::Automation));
            }
            Fault::AgentRegression { version } => self.broken_agents.push(*version),
            Fault::HandPatch { runner } => {
                let (at, _) = Self::window(fault, when, lasts)?;
                let patch = hosts::hand_patch(self.plan, self.roster, *runner)?;
                self.life.push((at, patch));
            }
            Fault::BulkOrder { runners, meant } => {
                let (at, _) = Self::window(fault, when, lasts)?;
                let order = hosts::drain_all(self.plan, self.roster, runners, *meant);
                self.life.push((at, order));
            }
            Fault::LongSessions { app, count, within } => {
                self.app(*app)?;
                let (from, _) = Self::window(fault, when, lasts)?;
                let every = Duration(within / u64::from((*count).max(1)));
                let stream = Stream {
                    route: RouteId(*app),
                    class: Class::Upgrade,
                    keyed: false,
                    repeats: 0,
                    bytes: (0, 0),
                    from,
                    until: from.after(Duration(*within)),
                    every: (every, every),
                    extra: None,
                    assets: (DeploymentId(0), 0, 0),
                };
                let extra = Extra::default();
                self.bursts
                    .push(traces::addressed(self.plan, stream, extra));
            }
        }
        Ok(())
    }
}
