//! With every gate in force no run of any plan breaks a property.

use crate::sweep::{Job, broken, each, jobs, seeds};
use probe::plans;
use protocol::RunReport;

#[test]
fn no_enforced_run_breaks_a_property_digest_sweep() {
    let plans = plans::all();
    let jobs = jobs(&plans, &seeds(2000));
    let look = |job: &Job<'_>, report: &RunReport| {
        let broken = broken(report);
        let told: Vec<String> = broken
            .iter()
            .map(|(id, evidence)| format!("{}: {id}: {evidence}", job.name()))
            .collect();
        (!told.is_empty()).then_some(told)
    };
    let found: Vec<String> = each(&jobs, look).into_iter().flatten().collect();
    assert!(
        found.is_empty(),
        "{} of {} runs broke something, among them:\n{}",
        found.len(),
        jobs.len(),
        found[..found.len().min(60)].join("\n")
    );
}
