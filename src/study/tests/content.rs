//! The content resolves, comes back from its encoding, and what is wrong with a file is said with its place.

use platform::CATALOG;
use protocol::MESSAGES;
use study::{Library, files, load};

fn library() -> Library {
    let (library, problems) = load(files(), &CATALOG);
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    library
}

#[test]
fn the_content_has_no_problems() {
    let library = library();
    let lessons = || library.scenarios.iter().filter(|scenario| !scenario.world);
    let titles: Vec<&str> = lessons()
        .map(|scenario| scenario.plan.title.as_str())
        .collect();
    assert_eq!(titles, ["Stuck Wake", "Wake Stampede"]);
    for scenario in lessons() {
        let lesson = &scenario.lesson;
        assert!((3..=4).contains(&lesson.hints.len()));
        assert!(
            !lesson.twin_gates.is_empty()
                && !lesson.questions_after.is_empty()
                && lesson.minutes > 0
        );
        assert!(
            scenario
                .plan
                .actions
                .iter()
                .any(|action| action.wrong.is_some()),
            "nothing tempts"
        );
        assert!(scenario.plan.question.is_some());
    }
}

#[test]
fn a_library_comes_back_from_its_encoding() {
    let library = library();
    let bytes = postcard::to_allocvec(&library).unwrap();
    assert_eq!(postcard::from_bytes::<Library>(&bytes).unwrap(), library);
}

#[test]
fn a_digest_tells_plans_apart() {
    let library = library();
    let plan = &library.scenarios[0].plan;
    let mut other = plan.clone();
    assert_eq!(plan.digest(), other.digest());
    other.end += 1;
    assert_ne!(plan.digest(), other.digest());
    assert_ne!(plan.digest(), library.scenarios[1].plan.digest());
}

#[test]
fn faults_can_name_every_kind_of_message() {
    let kinds: Vec<&str> = platform::message::kinds().map(|(_, name)| name).collect();
    assert_eq!(kinds, MESSAGES);
}

/// What is reported when one line of a sound file is replaced.
fn broken(from: &str, to: &str) -> String {
    let (name, text) = files()[0];
    assert!(text.contains(from), "the file no longer has `{from}`");
    let changed = text.replacen(from, to, 1);
    let (library, problems) = load(&[(name, &changed)], &CATALOG);
    assert!(
        library.scenarios.is_empty(),
        "a file with problems is left out"
    );
    problems
        .iter()
        .map(|problem| format!("{}: {problem}\n", problem.code))
        .collect()
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_the_nearest_name() {
    for (from, to, told) in [
        (
            "title = \"Stuck Wake\"",
            "title = \"Stuck\"",
            "belongs in a file `stuck.toml`",
        ),
        ("minutes = 8", "minuets = 8", "the file has no `minutes`"),
        ("minutes = 8", "minuets = 8", "there is no key `minuets`"),
        (
            "topic = \"waking\"",
            "topic = \"wakign\"",
            "Did you mean `waking`?",
        ),
        ("minutes = 8", "minuets = 8", "Did you mean `minutes`?"),
        ("minutes = 8", "minutes = -8", "unreadable-value"),
        (
            "minutes = 8",
            "minutes = \"eight\"",
            "`eight` is not a whole number",
        ),
        (
            "minutes = 8",
            "minutes = ",
            "not-toml: this cannot be read as TOML",
        ),
        ("minutes = 8", "minutes = 8\nminutes = 9", "not-toml"),
        (
            "freeze-at = \"12s\"",
            "freeze-at = \"12\"",
            "`12` is not a number with us, ms, s, min or h",
        ),
        (
            "freeze-at = \"12s\"",
            "freeze-at = \"11min\"",
            "out-of-order: a run freezes before it ends",
        ),
        (
            "heal-at = \"8min\"",
            "heal-at = \"10min\"",
            "a run heals before it ends",
        ),
        (
            "app = \"shop\"\nclass",
            "app = \"shoop\"\nclass",
            "there is no app `shoop`",
        ),
        (
            "class = \"post\"",
            "class = \"pots\"",
            "Did you mean `post`?",
        ),
        (
            "gate = \"within-the-hold-budget\"",
            "gate = \"hold-slot-free\"",
            "Did you mean `hold-slots-free`?",
        ),
        (
            "knob = \"wake-window\"",
            "knob = \"wake-windw\"",
            "Did you mean `wake-window`?",
        ),
        (
            "value = \"3min\"",
            "value = \"3h\"",
            "knob-value: `3h` is not a value of this knob",
        ),
        (
            "value = \"3min\"",
            "value = \"1ms\"",
            "It takes a whole number with us, ms, s or min from 1s to",
        ),
        (
            "region = \"system\"",
            "region = \"sytem\"",
            "Did you mean `system`?",
        ),
        (
            "fault = \"missing-secret\"",
            "fault = \"missing-secrets\"",
            "Did you mean `missing-secret`?",
        ),
        (
            "read = \"wake-operation\"",
            "read = \"wake-op\"",
            "there is no read `wake-op`",
        ),
        (
            "do = \"bind-secret\"",
            "do = \"bind-secrt\"",
            "Did you mean `bind-secret`?",
        ),
        (
            "{ at = \"17s\", read",
            "{ at = \"7s\", read",
            "a move comes before the one above it",
        ),
        (
            "object = \"route-owner\"",
            "object = \"route-ower\"",
            "Did you mean `route-owner`?",
        ),
        (
            "effect = \"mark-hot\"",
            "effect = \"mark-hott\"",
            "Did you mean `mark-hot`?",
        ),
        (
            "effect = \"mark-hot\"",
            "effect = \"set-knob\"",
            "`set-knob` needs to say more",
        ),
        (
            "notify-owner = \"pull-stuck\"",
            "notify-owner = \"pul-stuck\"",
            "Did you mean `pull-stuck`?",
        ),
        (
            "restart-edge = \"edge-1\"",
            "restart-edge = \"edge-3\"",
            "there is no edge `edge-3`",
        ),
        (
            "reaches = { wake = \"hot\"",
            "reaches = { wake = \"hto\"",
            "Did you mean `hot`?",
        ),
        (
            "starts-at-once = 2",
            "start-at-once = 2",
            "Did you mean `starts-at-once`?",
        ),
        (
            "waited-longest = \"8250ms\"",
            "waited-longest = 8250",
            "no-unit: this metric is a time",
        ),
        (
            "never = { any-wrong-move = true }",
            "never = { any-wrong-move = false }",
            "only `true` makes sense here",
        ),
        (
            "never = { any-wrong-move = true }",
            "nevr = { any-wrong-move = true }",
            "Did you mean `never`?",
        ),
        (
            "owner-told = \"the-cause\"",
            "owner-told = \"the-caus\"",
            "Did you mean `the-cause`?",
        ),
        (
            "latency = \"2ms..20ms\"",
            "latency = \"20ms..2ms\"",
            "`20ms..2ms` is not `low..high` of a number with",
        ),
        ("rate = \"5%\"", "rate = \"5\"", "`5` is not a percentage"),
        (
            "id = \"bind-secret\"",
            "id = \"Bind Secret\"",
            "`Bind Secret` is no id",
        ),
        (
            "id = \"repair-store\"",
            "id = \"bind-secret\"",
            "there is an action `bind-secret` already",
        ),
    ] {
        let said = broken(from, to);
        assert!(said.contains(told), "for `{to}`:\n{said}");
        assert!(said.contains("scenarios/stuck-wake.toml, line "), "{said}");
    }
}

#[test]
fn the_line_is_the_line() {
    let (_, text) = files()[0];
    let line = text.lines().position(|line| line == "minutes = 8").unwrap() + 1;
    assert!(broken("minutes = 8", "minutes = true").contains(&format!("line {line}.")));
}

#[test]
fn a_scenario_comes_once() {
    let twice = [files()[0], files()[0]];
    let (library, problems) = load(&twice, &CATALOG);
    assert_eq!((library.scenarios.len(), problems.len()), (1, 1));
    assert_eq!(problems[0].code, "taken-id");
}

#[test]
fn any_prefix_of_a_file_is_read_or_reported() {
    let (name, text) = files()[1];
    // Behind its first objective a shorter file may be whole.
    for cut in (0..text.find("[[objective]]").unwrap())
        .step_by(97)
        .filter(|cut| text.is_char_boundary(*cut))
    {
        let (library, problems) = load(&[(name, &text[..cut])], &CATALOG);
        assert!(
            library.scenarios.is_empty() && !problems.is_empty(),
            "cut at {cut}"
        );
    }
}

#[test]
fn every_kind_of_fault_can_be_written() {
    let (name, text) = files()[0];
    for spec in protocol::FAULTS {
        let changed = text.replacen(
            "fault = \"missing-secret\"",
            &format!("fault = \"{}\"", spec.id),
            1,
        );
        let (_, problems) = load(&[(name, &changed)], &CATALOG);
        let unknown = problems
            .iter()
            .find(|problem| problem.code == "unknown-fault");
        assert!(unknown.is_none(), "{}", unknown.unwrap());
    }
}
