//! Migrations: their nodes, what the database lacks, and what is ordered about them.

use super::*;
use crate::fleet::{DATABASE, Database, MIGRATIONS, MIGRATOR, Spell, Trouble};
use platform::migration::{
    Class as Change, Command as Order, Installation, MigrationId, Migrations, Migrator, Planned,
};
use protocol::MigrationEffect;

/// The same fleet with the nodes that a plan's migrations need.
#[must_use]
pub fn seated(roster: Roster, plan: &Plan) -> Roster {
    if plan.migrations.is_none() {
        return roster;
    }
    roster
        .with(MIGRATIONS, 1)
        .with(MIGRATOR, 1)
        .with(DATABASE, 1)
}

/// The nodes of a plan's migrations, in the order of their seats.
pub(super) fn nodes(plan: &Plan, roster: Roster, spells: &[Spell]) -> Result<Vec<Node>> {
    let Some(migrations) = &plan.migrations else {
        return Ok(Vec::new());
    };
    let node = |seat| roster.seated(seat).next().unwrap_or(roster.control());
    let mut planned = Vec::new();
    for migration in &migrations.migrations {
        planned.push(Planned {
            class: change(&migration.class)?,
            steps: migration.steps.clamp(1, 60),
            rollback_plan: migration.rollback_plan,
        });
    }
    let service = Migrations::new(Installation {
        migrations: planned,
        migrator: node(MIGRATOR),
    });
    let rewrites: Vec<u32> = migrations
        .migrations
        .iter()
        .map(|one| one.rewrites)
        .collect();
    let work = (
        Duration(migrations.work.low),
        Duration(migrations.work.high),
    );
    Ok(alloc::vec![
        Node::Migrations(service),
        Node::Migrator(Migrator::new(node(MIGRATIONS), node(DATABASE))),
        Node::Database(Database::new(work, spells.to_vec(), &rewrites)),
    ])
}

fn change(name: &str) -> Result<Change> {
    Ok(match name {
        "expand" => Change::Expand,
        "contract" => Change::Contract,
        "destructive" => Change::Destructive,
        other => {
            return problem(Problem::unknown(
                "class of a migration",
                other,
                &["expand", "contract", "destructive"],
            ));
        }
    })
}

/// What is ordered of the migration service as time goes by.
pub(super) fn life(plan: &Plan, roster: Roster) -> Vec<(Time, External<Message>)> {
    let migrations = plan.migrations.iter().flat_map(|all| &all.migrations);
    migrations
        .enumerate()
        .flat_map(|(at, one)| {
            let migration = MigrationId(at as u8);
            let request = one.request_at.map(|at| (at, Order::Request { migration }));
            let resumes = one
                .resume_at
                .iter()
                .map(move |at| (*at, Order::Resume { migration }));
            request.into_iter().chain(resumes)
        })
        .filter_map(|(at, order)| Some((Time(at), to_service(roster, order)?)))
        .collect()
}

fn to_service(roster: Roster, order: Order) -> Option<External<Message>> {
    Some(External::Deliver {
        to: roster.seated(MIGRATIONS).next()?,
        message: Message::Command(Command::Migration(order)),
    })
}

/// A colleague changes a plan.
pub(super) fn plan_change(roster: Roster, migration: u16) -> Option<External<Message>> {
    let migration = MigrationId(migration as u8);
    to_service(roster, Order::ChangePlan { migration })
}

/// A trouble by its name.
#[must_use]
pub fn trouble(name: &str) -> Option<Trouble> {
    Trouble::ALL
        .into_iter()
        .find(|trouble| trouble.name() == name)
}

/// What an operator does about a migration.
pub(super) fn effect(roster: Roster, effect: &MigrationEffect) -> Vec<External<Message>> {
    let id = |at: &u16| MigrationId(*at as u8);
    let order = match effect {
        MigrationEffect::RequestMigration(at) => Order::Request { migration: id(at) },
        MigrationEffect::ApproveMigration(at) => Order::Approve { migration: id(at) },
        MigrationEffect::WriteRollbackPlan(at) => Order::WriteRollbackPlan { migration: id(at) },
        MigrationEffect::ResumeMigration(at) => Order::Resume { migration: id(at) },
        MigrationEffect::ChangePlan(at) => Order::ChangePlan { migration: id(at) },
        MigrationEffect::ReconcileMigration(at) => Order::Reconcile { migration: id(at) },
        MigrationEffect::FillLater(at) => Order::FillLater { migration: id(at) },
        MigrationEffect::MendDatabase(what) => {
            let database = roster.seated(DATABASE).next();
            return database
                .zip(trouble(what))
                .map(|(to, trouble)| External::Deliver {
                    to,
                    message: Message::Command(Command::Migration(Order::Provide {
                        what: trouble.work(),
                    })),
                })
                .into_iter()
                .collect();
        }
    };
    to_service(roster, order).into_iter().collect()
}
