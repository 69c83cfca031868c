//! The bench as a person works it: go on, go back, act, take back, branch, compare, debrief.

use protocol::{
    Advance, Frame, Placed, Plan, Progress, PropertyReport, Replay, Reply, Request, Verdict,
};
use world::Bench;

fn plan(id: &str) -> Plan {
    let (library, problems) = study::load(study::files(), &platform::CATALOG);
    assert!(problems.is_empty(), "{problems:?}");
    library
        .scenarios
        .into_iter()
        .map(|scenario| scenario.plan)
        .find(|plan| plan.id == id)
        .expect("the scenario exists")
}

fn replay(plan: &Plan, seed: u64) -> Replay {
    Replay {
        engine: protocol::ENGINE.into(),
        scenario: plan.id.clone(),
        content: plan.digest(),
        seed,
        waivers: vec![],
        knobs: vec![],
        actions: vec![],
        at: 0,
        claim: None,
        severity: protocol::Severity::default(),
    }
}

fn open(seed: u64) -> (Bench, Plan, Frame) {
    open_plan(plan("stuck-wake"), seed)
}

fn open_plan(plan: Plan, seed: u64) -> (Bench, Plan, Frame) {
    let mut bench = Bench::new();
    let request = Request::Open {
        plan: Box::new(plan.clone()),
        replay: Box::new(replay(&plan, seed)),
    };
    match bench.handle(request) {
        Reply::Opened(opened) => {
            assert_eq!(opened.warning, None);
            (bench, plan, opened.frame)
        }
        other => panic!("{other:?}"),
    }
}

fn frame(bench: &mut Bench, request: Request) -> Frame {
    match bench.handle(request) {
        Reply::Frame(frame) => *frame,
        other => panic!("{other:?}"),
    }
}

fn problem(bench: &mut Bench, request: Request) -> protocol::Problem {
    match bench.handle(request) {
        Reply::Problem(problem) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_opens_frozen_with_somebody_waiting() {
    let (_, plan, frame) = open(1);
    assert!(frame.at <= plan.freeze_at && plan.freeze_at - frame.at < 2_000_000);
    assert!(frame.requests.held > 0, "{:?}", frame.requests);
    assert_eq!(frame.revealed, None);
    assert!(!frame.over);
}

#[test]
fn of_more_entries_than_are_shown_it_is_the_newest() {
    let (mut bench, plan, _) = open_plan(plan("wake-stampede"), 3);
    let end = frame(&mut bench, Request::Advance(Advance::Until(plan.end)));
    let mut asked = |from, told_only| {
        let to = end.step;
        match bench.handle(Request::Entries {
            from,
            to,
            told_only,
        }) {
            Reply::Entries(entries) => entries,
            other => panic!("{other:?}"),
        }
    };
    let all = asked(0, false);
    assert_eq!(all.len(), 500);
    assert_eq!(all[0].step, end.step - 500);
    let told = asked(0, true);
    assert_eq!(told.len(), 500);
    assert!(told.iter().is_sorted_by_key(|entry| entry.step));
    let latest = all.iter().rfind(|entry| !entry.routine);
    assert_eq!(
        told.last().map(|entry| entry.step),
        latest.map(|entry| entry.step)
    );
    assert_eq!(asked(end.step - 3, false).len(), 3);
}

#[test]
fn going_back_and_forth_comes_to_the_same_moment() {
    let (mut bench, _, first) = open(2);
    let ahead = frame(&mut bench, Request::Advance(Advance::Steps(500)));
    assert_eq!(ahead.step, first.step + 500);
    let back = frame(&mut bench, Request::Seek(first.step));
    let further = Frame {
        known: back.known,
        marks: back.marks.clone(),
        branches: back.branches.clone(),
        ..first.clone()
    };
    assert_eq!(
        (back.known, back),
        (ahead.known, further),
        "the same moment, of a run that is known further"
    );
    assert_eq!(frame(&mut bench, Request::SeekTime(ahead.at)).at, ahead.at);
    assert_eq!(frame(&mut bench, Request::Seek(ahead.step)), ahead);
    let back = frame(&mut bench, Request::StepBack);
    assert!(back.step < ahead.step);
    let again = frame(&mut bench, Request::Advance(Advance::NextTold));
    assert!(again.step > back.step && again.step <= ahead.step);
}

#[test]
fn what_is_done_is_undone_and_done_again_on_branches_that_stay() {
    let (mut bench, _, first) = open(3);
    let acted = frame(&mut bench, Request::Act("bind-secret".into()));
    assert_eq!(
        (
            acted.undo,
            acted.redo,
            acted.actions.len(),
            acted.branches.len()
        ),
        (1, 0, 1, 1)
    );
    frame(
        &mut bench,
        Request::Advance(Advance::Until(first.at + 5_000_000)),
    );
    let undone = frame(&mut bench, Request::Undo);
    assert_eq!(
        (
            undone.undo,
            undone.redo,
            undone.actions.len(),
            undone.branches.len()
        ),
        (0, 1, 0, 2)
    );
    let redone = frame(&mut bench, Request::Redo);
    assert_eq!((redone.undo, redone.redo, redone.actions.len()), (1, 0, 1));
    assert_eq!(
        redone.fingerprint, acted.fingerprint,
        "doing it again is doing the same"
    );
    let other = frame(&mut bench, Request::Branch(0));
    assert_eq!(other.branch, 0);
    assert_eq!(other.actions.len(), 1, "the first branch is as it was");
    assert_eq!(problem(&mut bench, Request::Redo).code, "nothing-to-redo");
}

#[test]
fn doing_again_goes_back_to_the_branch_that_undoing_left() {
    let names = |frame: &Frame| -> Vec<String> {
        let all = frame.branches.iter();
        all.map(|branch| branch.name.clone()).collect()
    };
    let (mut bench, plan, _) = open(3);
    let title = |id: &str| {
        let mut all = plan.actions.iter();
        all.find(|it| it.id == id).unwrap().title.clone()
    };
    let without = |id: &str| format!("without \u{201c}{}\u{201d}", title(id));
    frame(&mut bench, Request::Act("bind-secret".into()));
    let now = frame(&mut bench, Request::Frame).at;
    frame(
        &mut bench,
        Request::Advance(Advance::Until(now + 2_000_000)),
    );
    let both = frame(&mut bench, Request::Act("retry-wake".into()));
    for _ in 0..2 {
        let one = frame(&mut bench, Request::Undo);
        assert_eq!(names(&one), ["your run".to_string(), without("retry-wake")]);
        let again = frame(&mut bench, Request::Redo);
        assert_eq!(
            (again.branch, again.fingerprint),
            (both.branch, both.fingerprint)
        );
        assert_eq!((again.undo, again.redo, again.branches.len()), (2, 0, 2));
    }
    for _ in 0..2 {
        let one = frame(&mut bench, Request::Undo);
        let none = frame(&mut bench, Request::Undo);
        assert_eq!((none.undo, none.redo, none.branches.len()), (0, 2, 3));
        assert_eq!(names(&none)[2], without("bind-secret"));
        frame(
            &mut bench,
            Request::Advance(Advance::Until(now + 9_000_000)),
        );
        assert_eq!(frame(&mut bench, Request::Redo).branch, one.branch);
        assert_eq!(frame(&mut bench, Request::Redo).branch, both.branch);
    }
    // What was taken back is done after all, in the branch without it: its name may not go on saying the opposite.
    let one = frame(&mut bench, Request::Undo);
    let done = frame(&mut bench, Request::Act("retry-wake".into()));
    assert_eq!(
        (done.branch, done.redo, names(&done)[1].as_str()),
        (one.branch, 0, "branch 1")
    );
}

#[test]
fn acting_in_the_past_leaves_what_happened_in_a_branch_of_its_own() {
    let (mut bench, _, first) = open(4);
    let ahead = frame(
        &mut bench,
        Request::Advance(Advance::Until(first.at + 20_000_000)),
    );
    frame(&mut bench, Request::Seek(first.step));
    let acted = frame(&mut bench, Request::Act("retry-wake".into()));
    assert_eq!(acted.branches.len(), 2);
    let old = frame(&mut bench, Request::Branch(0));
    assert_eq!(old.known, ahead.known);
}

#[test]
fn reading_takes_time_and_shows_what_was_so_then() {
    let (mut bench, plan, _) = open(5);
    let asked = frame(&mut bench, Request::Read("wake-operation".into()));
    assert!(!asked.reads[0].done && asked.reads[0].lines.is_empty());
    let cost = plan
        .reads
        .iter()
        .find(|read| read.id == "wake-operation")
        .unwrap()
        .cost;
    let done = frame(
        &mut bench,
        Request::Advance(Advance::Until(asked.at + cost + 2_000_000)),
    );
    assert!(done.reads[0].done, "{:?}", done.reads);
    assert!(
        done.reads[0]
            .lines
            .iter()
            .any(|line| line.contains("attempt")),
        "{:?}",
        done.reads[0].lines
    );
}

#[test]
fn the_question_is_answered_by_the_run_and_not_before_its_time() {
    let (mut bench, plan, _) = open(6);
    let question = plan.question.as_ref().unwrap();
    let before = frame(
        &mut bench,
        Request::Advance(Advance::Until(question.reveal_at - 2_000_000)),
    );
    assert_eq!(before.revealed, None);
    let after = frame(
        &mut bench,
        Request::Advance(Advance::Until(question.reveal_at + 2_000_000)),
    );
    assert!(after.revealed.is_some());
}

#[test]
fn why_leads_back_to_a_first_cause() {
    let (mut bench, _, first) = open(7);
    let Reply::Entries(story) = bench.handle(Request::Story {
        before: first.step,
        count: 20,
    }) else {
        panic!()
    };
    assert!(!story.is_empty());
    let Reply::Why(why) = bench.handle(Request::Why(story.last().unwrap().step)) else {
        panic!()
    };
    assert_eq!(why.entry, *story.last().unwrap());
    assert!(why.causes.iter().all(|cause| cause.step < why.entry.step));
    assert_eq!(
        problem(&mut bench, Request::Why(u64::MAX)).code,
        "unknown-entry"
    );
}

#[test]
fn a_twin_parts_where_the_gate_would_have_refused() {
    let plan = plan("stuck-wake");
    let seed = (0..100)
        .find(|seed| world::case_of(&plan, *seed).unwrap().id == "pull-stuck")
        .unwrap();
    let (mut bench, _, first) = open(seed);
    let Reply::Twin(twin) = bench.handle(Request::Twin("within-the-hold-budget".into())) else {
        panic!()
    };
    let (step, _, at) = twin
        .difference
        .expect("people do wait beyond their budget in a stuck wake");
    assert!(
        twin.harm
            .as_ref()
            .is_some_and(|(_, harmed, harm_at, _)| *harmed >= step && *harm_at >= at),
        "{:?}",
        twin.harm
    );
    assert!(!twin.rows.is_empty());
    let waived = frame(&mut bench, Request::Frame);
    assert_eq!(waived.step, first.step, "what is on screen stays");
    assert_eq!(
        frame(&mut bench, Request::Branch(twin.branch)).branch,
        twin.branch
    );
    assert_eq!(
        problem(&mut bench, Request::Twin("within-the-hold-budget".into())).code,
        "gate-already-waived"
    );
    assert_eq!(
        problem(&mut bench, Request::Twin("hold-slot-free".into())).hint,
        "Did you mean `hold-slots-free`?"
    );
}

#[test]
fn a_replay_reproduces_the_run() {
    let (mut bench, plan, first) = open(9);
    frame(&mut bench, Request::Act("retry-wake".into()));
    let there = frame(
        &mut bench,
        Request::Advance(Advance::Until(first.at + 9_000_000)),
    );
    let Reply::Replay(replay) = bench.handle(Request::Replay) else {
        panic!()
    };
    let mut other = Bench::new();
    let Reply::Opened(opened) = other.handle(Request::Open {
        plan: Box::new(plan),
        replay,
    }) else {
        panic!()
    };
    assert_eq!(
        (opened.frame.fingerprint, opened.frame.at),
        (there.fingerprint, there.at)
    );
}

#[test]
fn what_cannot_be_opened_leaves_the_open_run_alone() {
    let (mut bench, plan, first) = open(10);
    let mut bad = replay(&plan, 1);
    bad.waivers = vec!["no-such-gate".into()];
    let request = |replay: &Replay| Request::Open {
        plan: Box::new(plan.clone()),
        replay: Box::new(replay.clone()),
    };
    assert_eq!(problem(&mut bench, request(&bad)).code, "unknown-gate");
    bad.waivers.clear();
    bad.knobs = vec![("hold-budget".into(), u64::MAX)];
    assert_eq!(problem(&mut bench, request(&bad)).code, "knob-out-of-range");
    bad.knobs.clear();
    bad.actions = vec![Placed {
        at: 1,
        id: "bind-secrt".into(),
    }];
    assert_eq!(
        problem(&mut bench, request(&bad)).hint,
        "Did you mean `bind-secret`?"
    );
    assert_eq!(frame(&mut bench, Request::Frame), first);
}

#[test]
fn the_reference_solution_is_debriefed_as_solved_and_doing_nothing_is_not() {
    for seed in 0..12 {
        let plan = plan("stuck-wake");
        let case = world::case_of(&plan, seed).unwrap().clone();
        let mut solved = replay(&plan, seed);
        solved.actions = case
            .solution
            .iter()
            .map(|step| Placed {
                at: step.at,
                id: step.id.clone(),
            })
            .collect();
        let mut bench = Bench::new();
        bench.handle(Request::Open {
            plan: Box::new(plan.clone()),
            replay: Box::new(solved),
        });
        let Reply::Debrief(debrief) = bench.handle(Request::Debrief) else {
            panic!()
        };
        let missed: Vec<_> = debrief
            .objectives
            .iter()
            .filter(|objective| objective.progress != Progress::Met)
            .collect();
        assert!(debrief.solved, "seed {seed}, {}: {missed:?}", case.id);
        bench.handle(Request::Open {
            plan: Box::new(plan.clone()),
            replay: Box::new(replay(&plan, seed)),
        });
        let Reply::Debrief(debrief) = bench.handle(Request::Debrief) else {
            panic!()
        };
        assert!(!debrief.solved, "seed {seed}: doing nothing must not do");
    }
}

#[test]
fn no_property_breaks_with_every_gate_in_force() {
    for id in ["stuck-wake", "wake-stampede"] {
        let plan = plan(id);
        for seed in 0..20 {
            let report = world::run(&plan, &replay(&plan, seed)).unwrap();
            let broken: Vec<_> = report
                .properties
                .iter()
                .filter(|property| property.verdict == "broken")
                .collect();
            assert!(broken.is_empty(), "{id} seed {seed}: {broken:?}");
        }
    }
}

#[test]
fn the_chart_counts_the_same_requests_as_the_numbers_beside_it() {
    let (library, _) = study::load(study::files(), &platform::CATALOG);
    for plan in library.scenarios.into_iter().map(|scenario| scenario.plan) {
        let mut bench = Bench::new();
        let (half, end) = (plan.end / 2, plan.end);
        let replay = Box::new(replay(&plan, 1));
        let plan = Box::new(plan);
        bench.handle(Request::Open {
            plan: plan.clone(),
            replay,
        });
        for at in [half, end] {
            let frame = frame(&mut bench, Request::SeekTime(at));
            let Reply::Series(points) = bench.handle(Request::Series { slice: 1_000_000 }) else {
                panic!("no series");
            };
            let sum = |of: fn(&protocol::SeriesPoint) -> u32| points.iter().map(of).sum::<u32>();
            let told = (
                sum(|point| point.served),
                sum(|point| point.refused),
                sum(|point| point.failed),
                points.last().map_or(0, |point| point.held),
            );
            let counts = frame.requests;
            assert_eq!(
                told,
                (counts.served, counts.refused, counts.failed, counts.held),
                "{} at {at}",
                plan.id
            );
        }
    }
}

#[test]
fn a_debrief_tells_how_it_ended_and_how_much_it_left_out() {
    let (library, _) = study::load(study::files(), &platform::CATALOG);
    let mut shortened = 0;
    for plan in library.scenarios.into_iter().map(|scenario| scenario.plan) {
        let mut bench = Bench::new();
        let replay = Box::new(replay(&plan, 1));
        let (id, plan) = (plan.id.clone(), Box::new(plan));
        bench.handle(Request::Open { plan, replay });
        let Reply::Debrief(debrief) = bench.handle(Request::Debrief) else {
            panic!("no debrief");
        };
        let steps: Vec<u64> = debrief.story.iter().map(|entry| entry.step).collect();
        assert!(steps.is_sorted() && steps.len() <= 60, "{id}: {steps:?}");
        if debrief.left_out > 0 {
            shortened += 1;
            assert_eq!(steps.len(), 60, "{id}");
            let noise = |entry: &&protocol::EntryView| entry.sentence.starts_with("Trouble began");
            let (all, of) = (
                debrief.story.len(),
                debrief.story.iter().filter(noise).count(),
            );
            assert!(
                of * 2 < all,
                "{id}: {of} of {all} tell of trouble around it"
            );
        }
    }
    assert!(
        shortened > 0,
        "no run is so long that something is left out"
    );
}

#[test]
fn a_run_that_is_over_stands_as_the_command_line_says() {
    let (mut bench, plan, before) = open(7);
    let o_42 = |frame: &Frame| {
        let mut all = frame.properties.iter();
        all.find(|view| view.id == "o-42")
            .map(|view| view.verdict.clone())
    };
    // One run says nothing about two.
    assert_eq!(o_42(&before), Some(Verdict::NotExercised));
    let mut over = before;
    while !over.over {
        over = frame(&mut bench, Request::Advance(Advance::Until(plan.end)));
    }
    let mut whole = replay(&plan, 7);
    whole.at = plan.end;
    let report = world::run(&plan, &whole).unwrap();
    let said: Vec<PropertyReport> = over.properties.into_iter().map(Into::into).collect();
    assert_eq!(said, report.properties);
    assert!(
        said.iter()
            .any(|row| row.id == "o-42" && row.verdict == "held")
    );
}
