//! What an operator may order of the watch: each goes through the same gates as everything else, and can be refused.

use super::message::{Command, Condition, DependencyId, Note, Provider};
use super::rows::{Record, Standing, WorkState};
use super::watch::{Out, Watch};
use crate::gate;
use crate::id::Region;
use crate::note::Note as Told;
use alloc::vec::Vec;
use machine::{Context, Fact};

impl Watch {
    /// Everybody is sent to a region, if what is needed was found well there.
    fn fail_over(&mut self, cx: &Context<'_>, out: &mut Out, region: Region) -> bool {
        if self.installation.region_service.is_none() || region.0 >= self.installation.regions {
            return false;
        }
        let mut needs: Vec<Provider> = Vec::new();
        for environment in &self.installation.environments {
            needs.extend(&environment.needs);
        }
        let proven = needs.iter().all(|provider| {
            let id = DependencyId::new(*provider, region);
            self.age(cx, id).holds
                && self.probe(id).bad == 0
                && self.standing(id).standing != Standing::Paused
        });
        if out
            .require(cx, &gate::FAILOVER_PROVEN, region.into(), Fact::yes(proven))
            .is_err()
        {
            return false;
        }
        self.target = Some((region, false));
        self.write(out, Record::Target(region));
        out.note(Told::Outage(Note::FailedOver { region }));
        true
    }

    fn rotate(&mut self, cx: &Context<'_>, out: &mut Out, provider: Provider) -> bool {
        let refused = (0..self.installation.regions).any(|region| {
            let id = DependencyId::new(provider, Region(region));
            let seen = self.probe(id).seen;
            self.age(cx, id).holds && seen.is_some_and(|(found, _)| found == Condition::Locked)
        });
        let id = DependencyId::new(provider, Region(0));
        if out
            .require(
                cx,
                &gate::CREDENTIAL_EVIDENCE,
                id.into(),
                Fact::yes(refused),
            )
            .is_err()
        {
            return false;
        }
        let (secret, taken) = self.secrets[provider as usize];
        // One that is under way is not replaced by another.
        if taken == secret {
            self.secrets[provider as usize].0 = secret + 1;
            self.write(out, Record::Secret(provider, secret + 1));
            out.note(Told::Outage(Note::SecretReplaced {
                provider,
                secret: secret + 1,
            }));
        }
        true
    }

    fn everywhere(&self, provider: Provider) -> impl Iterator<Item = DependencyId> + use<> {
        (0..self.installation.regions)
            .map(move |region| DependencyId::new(provider, Region(region)))
    }

    pub(super) fn order(&mut self, cx: &Context<'_>, out: &mut Out, command: Command) {
        let done = match command {
            Command::Request { work } => {
                let row = self.works.get(work.0.into()).map(|row| row.value.state);
                if row == Some(WorkState::Idle) {
                    self.set_work(out, work, |work| work.state = WorkState::Waiting);
                    self.start(cx, out, work);
                }
                row.is_some()
            }
            Command::Declare { provider } => {
                let mut done = false;
                for id in self.everywhere(provider) {
                    // Only where the probes show something is there anything to be proven.
                    if self.probe(id).bad > 0 || id.region() == Region(0) {
                        done |= self.declare(cx, out, id);
                    }
                }
                done
            }
            Command::BlameApp { route } => {
                let environments = &self.installation.environments;
                let at = environments.iter().position(|one| one.route == route);
                at.is_some_and(|at| self.blame_app(cx, out, at))
            }
            Command::Resume { provider } => self.lift_all(cx, out, self.everywhere(provider)),
            Command::LiftAll => {
                let all = (0..self.probes.len()).map(|at| DependencyId(at as u8));
                let done = self.lift_all(cx, out, all);
                self.start_all(cx, out);
                done
            }
            Command::MarkPassed { work } => self.start(cx, out, work),
            Command::FailOver { region } => self.fail_over(cx, out, region),
            Command::Rotate { provider } => self.rotate(cx, out, provider),
            // That is said to the provider itself.
            Command::RenewCertificate { .. } => false,
        };
        out.note(Told::Outage(Note::Ordered { command, done }));
        self.look(cx, out);
    }
}
