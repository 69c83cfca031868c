//! Sweeps: the number of jobs changes nothing, shards cover exactly the range, an interruption leaves a partial report,
//! and output that cannot be written ends the program as it should.

use serde_json::Value;
use std::collections::BTreeSet;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

fn lab(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.args(words.split_whitespace());
    command
}

fn output(words: &str) -> Output {
    lab(words).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn jobs_change_nothing() {
    // The second is longer than a batch, and short of work, since nothing may be started.
    for words in [
        "sweep --all --seeds 3..8 --solve --json",
        "sweep wake-stampede --seeds 0..140 --set wake-budget=0 --json --shard 2/2",
    ] {
        let one = output(&format!("{words} --jobs 1"));
        for jobs in [2, 7] {
            let many = output(&format!("{words} --jobs {jobs}"));
            assert_eq!(one.stdout, many.stdout, "{jobs} jobs");
            assert_eq!(one.status, many.status);
        }
    }
}

#[test]
fn coverage_counts_every_thing_once_and_shows_where() {
    let one = output("coverage --seeds 0..1 --json --jobs 1");
    let many = output("coverage --seeds 0..1 --json --jobs 5");
    assert_eq!(one.stdout, many.stdout);
    let report = json(&one);
    let rows = report["rows"].as_array().unwrap();
    let missing = rows.iter().filter(|row| row["runs"] == 0).count();
    assert_eq!(report["whole"], missing == 0);
    assert_eq!(one.status.code(), Some(i32::from(missing > 0)));
    for sum in report["sums"].as_array().unwrap() {
        let of = || rows.iter().filter(|row| row["sort"] == sum["sort"]);
        assert_eq!(sum["declared"], of().count());
        assert_eq!(sum["reached"], of().filter(|row| row["runs"] != 0).count());
    }
    for row in rows {
        assert_eq!(row["show"].is_null(), row["runs"] == 0, "{row}");
        assert!(row["times"].as_u64() >= row["runs"].as_u64());
    }
    let names: BTreeSet<String> = rows
        .iter()
        .map(|row| format!("{} {} {}", row["sort"], row["of"], row["name"]))
        .collect();
    assert_eq!(names.len(), rows.len());
    // The line that is shown is a run that there is, and the property is exercised in it.
    let row = rows
        .iter()
        .find(|row| row["sort"] == "property" && row["runs"] != 0)
        .unwrap();
    let line = row["show"].as_str().unwrap().strip_prefix("lab ").unwrap();
    let run = json(&output(&format!("{line} --json")));
    let property = run["properties"].as_array().unwrap();
    let found = property.iter().find(|one| one["id"] == row["name"]);
    assert_ne!(found.unwrap()["verdict"], "not-exercised");
}

#[test]
fn equal_runs_print_equal_bytes() {
    let words = "run wake-stampede --seed 11 --waive hold-slots-free --set hold-budget=9s --json";
    assert_eq!(output(words).stdout, output(words).stdout);
}

#[test]
fn shards_cover_exactly_the_range() {
    // Without a single start allowed each run misses a goal and names its seed.
    let words = "sweep stuck-wake --seeds 7..12 --solve --set wake-budget=0 --json";
    let seeds = |report: &Value| -> BTreeSet<u64> {
        let goals = report["goals"].as_array().unwrap();
        goals
            .iter()
            .flat_map(|goal| goal["first_broken"].as_array().unwrap())
            .map(|seed| seed.as_u64().unwrap())
            .collect()
    };
    let whole = json(&output(words));
    let parts = [
        json(&output(&format!("{words} --shard 1/2"))),
        json(&output(&format!("{words} --shard 2/2"))),
    ];
    let runs: u64 = parts
        .iter()
        .map(|part| part["runs"].as_u64().unwrap())
        .sum();
    assert_eq!((whole["runs"].as_u64(), runs), (Some(5), 5));
    assert!(seeds(&parts[0]).is_disjoint(&seeds(&parts[1])));
    assert_eq!(
        seeds(&whole),
        seeds(&parts[0]).union(&seeds(&parts[1])).copied().collect()
    );
    assert_eq!(seeds(&whole), (7..12).collect());
    // More parts than seeds: the rest of them are empty, and say so.
    assert_eq!(json(&output(&format!("{words} --shard 6/9")))["runs"], 0);
}

#[test]
fn the_end_of_the_numbers_can_be_swept() {
    let report = json(&output(
        "sweep stuck-wake --seeds 18446744073709551613..18446744073709551615 --json",
    ));
    assert_eq!(report["runs"], 2);
}

#[test]
fn what_is_shown_shows_it() {
    let report = json(&output(
        "sweep stuck-wake --seeds 0..3 --solve --set wake-budget=0 --json",
    ));
    let goals = report["goals"].as_array().unwrap();
    let broken = goals.iter().find(|goal| goal["show"].is_string()).unwrap();
    let line = broken["show"].as_str().unwrap();
    let again = json(&output(&format!(
        "{} --json",
        line.strip_prefix("lab ").unwrap()
    )));
    let goal = again["goals"]
        .as_array()
        .unwrap()
        .iter()
        .find(|goal| goal["id"] == broken["id"])
        .unwrap();
    assert_eq!(goal["progress"], "missed");
}

#[test]
fn a_link_is_verified_wherever_it_stands() {
    let run = json(&output("run stuck-wake --seed 5 --json"));
    let link = run["link"].as_str().unwrap();
    for given in [
        link.to_string(),
        format!("#{link}"),
        format!("https://example.org/lab/#{link}"),
    ] {
        let verified = output(&format!("verify {given} --json"));
        assert_eq!(verified.status.code(), Some(0), "{given}");
        let report = json(&verified);
        assert_eq!(
            (&report["matches"], &report["claimed"]),
            (&Value::Bool(true), &run["fingerprint"])
        );
        assert_eq!(report["run"], run);
    }
}

#[test]
fn replays_of_others_are_refused_and_false_claims_found() {
    let run = json(&output("run stuck-wake --seed 5 --json"));
    let mut replay = protocol::Replay::from_link(run["link"].as_str().unwrap()).unwrap();
    let verify = |replay: &protocol::Replay, code: i32, told: &str| {
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("replay-{code}-{}.json", replay.engine));
        std::fs::write(&file, serde_json::to_string(replay).unwrap()).unwrap();
        let done = lab("verify").arg(&file).output().unwrap();
        assert_eq!(done.status.code(), Some(code), "{done:?}");
        let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
        assert!(said.contains(told), "{said}");
    };
    verify(&replay, 0, "comes out as it claims");
    replay.claim = Some(1);
    verify(&replay, 1, "DIFFERS: it claims 0000000000000001");
    replay.content ^= 1;
    verify(
        &replay,
        3,
        "`stuck-wake` is not what it was when this replay was made",
    );
    replay.engine = "9.9.9".into();
    verify(&replay, 3, "this replay was made by engine 9.9.9");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_none() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let done = lab("list gates --json")
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(5));
    assert!(
        String::from_utf8(done.stderr)
            .unwrap()
            .contains("standard output cannot be written")
    );

    let mut child = lab("list gates --json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), done.stderr.len()), (Some(0), 0));
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    assert!(
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
#[cfg(unix)]
fn an_interruption_leaves_a_partial_report() {
    let child = lab("sweep stuck-wake --seeds 0..1000000000 --json")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(800));
    interrupt(&child);
    let done = child.wait_with_output().unwrap();
    let report = json(&done);
    assert_eq!(report["partial"], true);
    assert!(report["runs"].as_u64().unwrap() < 1_000_000_000);
    let code = if report["held"] == true { 130 } else { 1 };
    assert_eq!(done.status.code(), Some(code));
}

#[test]
#[cfg(unix)]
fn odd_files_and_names_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    for path in ["/dev/zero", "/", "/dev/null"] {
        let done = output(&format!("run stuck-wake --actions {path}"));
        assert_eq!(done.status.code(), Some(3), "{path}");
        assert!(
            String::from_utf8(done.stderr)
                .unwrap()
                .contains("it is not a plain file")
        );
    }
    let name = std::ffi::OsStr::from_bytes(b"\xff\x1b[31m");
    for words in ["run stuck-wake --actions", "run", "verify", "list"] {
        let done = lab(words).arg(name).output().unwrap();
        assert!(
            matches!(done.status.code(), Some(2 | 3)),
            "{words}: {done:?}"
        );
        assert!(!done.stderr.contains(&0x1b), "{words}");
    }
    let large = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("large");
    std::fs::write(&large, vec![b'a'; (1 << 20) + 1]).unwrap();
    let done = lab("verify").arg(&large).output().unwrap();
    assert_eq!(done.status.code(), Some(3));
    assert!(
        String::from_utf8(done.stderr)
            .unwrap()
            .contains("it is larger than 1 MiB")
    );
}
