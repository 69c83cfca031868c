//! Reports: a replay played to its end, twice, and what came of it.

use crate::line::Line;
use crate::lower::{case_of, drawn};
use crate::view::{Names, entry_view, is_routine, verdicts};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use machine::Time;
use protocol::{
    EntryView, GoalReport, Kind, PROPERTIES, Plan, Problem, Progress, PropertyView, Replay,
    RunReport, Verdict,
};
use sim::Recording;

/// How many entries the second run is stepped at a time: another portioning than the first, which must not matter.
const PORTION: u64 = 1000;

/// Runs a replay to its end. The run is made twice, in different portions, and O-42 says whether both came out alike.
///
/// # Errors
/// A [`Problem`] that names what in the replay does not exist or is out of range.
pub fn run(plan: &Plan, replay: &Replay) -> Result<RunReport, Box<Problem>> {
    let line = played_out(plan, replay)?;
    let again = run_again(plan, replay)?;
    Ok(report(plan, replay, &line, Some(again)))
}

/// The story of a replay, an entry at a time, to its end; with `routine`, heartbeats and acknowledgements are told, too.
///
/// # Errors
/// As for [`run`].
pub fn story(
    plan: &Plan,
    replay: &Replay,
    routine: bool,
    mut tell: impl FnMut(EntryView),
) -> Result<(), Box<Problem>> {
    let mut line = Line::open(plan, replay, Recording::Full)?;
    line.run_mut().run_to(Time(plan.end), u64::MAX);
    let run = line.run();
    let names = Names::new(plan, run.state());
    for entry in run.history().iter() {
        if routine || !is_routine(&entry) {
            tell(entry_view(&names, &entry, line.labels(), |mark| {
                Line::done_text(plan, mark)
            }));
        }
    }
    Ok(())
}

/// The same made once: for half the time, and with nothing said about O-42.
///
/// # Errors
/// As for [`run`].
pub fn run_once(plan: &Plan, replay: &Replay) -> Result<RunReport, Box<Problem>> {
    Ok(report(plan, replay, &played_out(plan, replay)?, None))
}

/// A replay, run to its end.
pub(crate) fn played_out(plan: &Plan, replay: &Replay) -> Result<Line, Box<Problem>> {
    let mut line = Line::open(plan, replay, Recording::FingerprintOnly)?;
    line.run_mut().run_to(Time(plan.end), u64::MAX);
    Ok(line)
}

/// What came of a line that has run to its end; `again` is the fingerprint of the same run made another time,
/// if it was.
pub(crate) fn report(plan: &Plan, replay: &Replay, line: &Line, again: Option<u64>) -> RunReport {
    let fingerprint = line.run().fingerprint();
    let state = line.run().state();
    let watch = line.run().watch();
    let mut views = verdicts(plan, watch.properties().views());
    if let Some(again) = again {
        set_determinism(
            &mut views,
            state.steps(),
            state.now().0,
            (fingerprint, again),
        );
    }
    let objectives = watch.objectives(state, true);
    let held = views.iter().zip(PROPERTIES).all(|(view, spec)| {
        spec.kind == Kind::Sometimes || !matches!(view.verdict, Verdict::Broken { .. })
    }) && plan
        .objectives
        .iter()
        .zip(&objectives)
        .all(|(one, view)| view.progress == Progress::Met || !one.promised(replay.severity));
    let mut claimed = replay.clone();
    claimed.at = plan.end;
    claimed.claim = Some(fingerprint);
    RunReport {
        engine: protocol::ENGINE.into(),
        scenario: plan.id.clone(),
        seed: replay.seed,
        severity: replay.severity.id().into(),
        drawn: drawn(plan, replay.seed)
            .into_iter()
            .map(|drawn| (drawn.what.spec().id.into(), drawn.value))
            .collect(),
        case: case_of(plan, replay.seed).map(|case| case.id.clone()),
        waived: replay.waivers.clone(),
        knobs: replay.knobs.clone(),
        actions: replay.actions.len() as u32,
        properties: views.into_iter().map(Into::into).collect(),
        goals: objectives
            .into_iter()
            .zip(&plan.objectives)
            .map(|(view, one)| GoalReport {
                id: view.id,
                progress: view.progress,
                detail: view.detail,
                promised: one.promised(replay.severity),
            })
            .collect::<Vec<_>>(),
        entries: state.steps(),
        end: state.now().0,
        fingerprint: format!("{fingerprint:016x}"),
        link: claimed.to_link(),
        held,
    }
}

/// Runs a replay once more, in other portions than the line was made in, and puts the verdict of O-42 into the list.
///
/// # Errors
/// As for [`run`].
pub(crate) fn judge_determinism(
    plan: &Plan,
    replay: &Replay,
    line: &Line,
    views: &mut [PropertyView],
) -> Result<(), Box<Problem>> {
    let state = line.run().state();
    let again = run_again(plan, replay)?;
    let both = (line.run().fingerprint(), again);
    set_determinism(views, state.steps(), state.now().0, both);
    Ok(())
}

/// The fingerprint of the same replay made another time, in other portions and with nobody looking on, for O-42.
///
/// # Errors
/// As for [`run`].
pub fn run_again(plan: &Plan, replay: &Replay) -> Result<u64, Box<Problem>> {
    fingerprint_in_portions(plan, replay, PORTION)
}

/// The fingerprint of a replay, stepped so many entries at a time with nobody looking on.
///
/// # Errors
/// As for [`run`].
fn fingerprint_in_portions(
    plan: &Plan,
    replay: &Replay,
    portion: u64,
) -> Result<u64, Box<Problem>> {
    let mut line = Line::open_blind(plan, replay)?;
    while line.run_mut().run(portion) == portion {}
    Ok(line.run().fingerprint())
}

/// Whether a replay gives the same fingerprint however it is stepped, recorded and sought: once in each of these portions,
/// once recorded with seeks to the quarters, the end and back.
///
/// # Errors
/// As for [`run`]; a seek that comes out differently is a [`Problem`] as well.
pub fn runs_alike(
    plan: &Plan,
    replay: &Replay,
    portions: &[u64],
) -> Result<Vec<u64>, Box<Problem>> {
    let mut found = Vec::new();
    for portion in portions {
        found.push(fingerprint_in_portions(plan, replay, *portion)?);
    }
    let mut line = Line::open(plan, replay, Recording::Full)?;
    line.run_mut().run_to(Time(plan.end), u64::MAX);
    found.push(line.run().fingerprint());
    let length = line.run().history().len();
    for step in [length / 4, length, length / 2, 0, length * 3 / 4, length] {
        line.run_mut()
            .seek(step)
            .map_err(|error| Box::new(Problem::new("run-diverged", format!("{error}"))))?;
    }
    found.push(line.run().fingerprint());
    // A branch begins where a moment ends, as those of a bench do: what is done at one time is done whole.
    let history = line.run().history();
    let half = history
        .entry(length / 2)
        .map_or(0, |entry| history.until(entry.at));
    let mut fork = line.fork(half)?;
    for placed in replay.actions.iter().skip(fork.placed().len()) {
        fork.place(plan, placed)?;
    }
    fork.run_mut().run_to(Time(plan.end), u64::MAX);
    found.push(fork.run().fingerprint());
    Ok(found)
}

/// Puts the verdict of O-42 into the list; the watch cannot know it.
pub fn set_determinism(views: &mut [PropertyView], step: u64, at: u64, (first, again): (u64, u64)) {
    if let Some(view) = views.iter_mut().find(|view| view.id == "o-42") {
        view.verdict = if first == again {
            Verdict::Held
        } else {
            let evidence = format!("the same run gave {first:016x} and {again:016x}");
            Verdict::Broken { step, at, evidence }
        };
    }
}
