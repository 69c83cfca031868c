//! Mistakes on the command line: which exit code each ends with, and that programs can read what is wrong.

use std::process::{Command, Output};

const USAGE: i32 = 2;
const BAD_INPUT: i32 = 3;

fn lab(line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(line.split_whitespace())
        .output()
        .unwrap()
}

/// What cannot be understood ends with 2; what is understood and does not exist or is out of range, with 3.
#[test]
fn each_mistake_ends_with_its_code_and_is_told_in_json() {
    for (line, code, told) in [
        ("run stuck-wake --seed x", USAGE, "seed"),
        ("run stuck-wake --seed -1", USAGE, "seed"),
        (
            "run stuck-wake --seed 99999999999999999999",
            BAD_INPUT,
            "seed",
        ),
        ("sweep stuck-wake --seeds abc", USAGE, "seeds"),
        ("sweep stuck-wake --seeds 1", USAGE, "seeds"),
        ("sweep stuck-wake --seeds -1..5", USAGE, "seeds"),
        ("sweep stuck-wake --seeds 10..0", BAD_INPUT, "seeds"),
        (
            "sweep stuck-wake --seeds 0..99999999999999999999",
            BAD_INPUT,
            "seeds",
        ),
        ("sweep stuck-wake --seeds 0..4 --shard x", USAGE, "shard"),
        ("sweep stuck-wake --seeds 0..4 --shard 1/", USAGE, "shard"),
        (
            "sweep stuck-wake --seeds 0..4 --shard 3/2",
            BAD_INPUT,
            "shard",
        ),
        (
            "sweep stuck-wake --seeds 0..4 --shard 0/2",
            BAD_INPUT,
            "shard",
        ),
        ("sweep stuck-wake --seeds 0..4 --jobs x", USAGE, "jobs"),
        ("sweep stuck-wake --seeds 0..4 --jobs -2", USAGE, "jobs"),
        ("sweep stuck-wake --seeds 0..4 --jobs 0", BAD_INPUT, "jobs"),
        (
            "sweep stuck-wake --seeds 0..4 --jobs 1025",
            BAD_INPUT,
            "jobs",
        ),
        ("teeth --jobs x", USAGE, "jobs"),
        ("teeth --jobs 0", BAD_INPUT, "jobs"),
        ("teeth --seeds x", USAGE, "seeds"),
        ("teeth --gate nope", BAD_INPUT, "unknown-gate"),
        ("coverage --jobs 0", BAD_INPUT, "jobs"),
        ("coverage --seeds 5..5", BAD_INPUT, "seeds"),
        ("run nope", BAD_INPUT, "unknown-scenario"),
        ("run stuck-wake --waive nope", BAD_INPUT, "unknown-gate"),
        (
            "run stuck-wake --severity nope",
            BAD_INPUT,
            "unknown-severity",
        ),
        ("run stuck-wake --set nope=1", BAD_INPUT, "unknown-knob"),
        ("run stuck-wake --set hold-budget", USAGE, "knob-value"),
        (
            "run stuck-wake --set hold-budget=900h",
            BAD_INPUT,
            "knob-value",
        ),
        ("story stuck-wake --from soon", USAGE, "time"),
        (
            "story stuck-wake --from 20s --to 10s",
            BAD_INPUT,
            "time-range",
        ),
        ("story stuck-wake --from 99h", BAD_INPUT, "time-range"),
        ("run", USAGE, "usage"),
        ("run stuck-wake --sed 1", USAGE, "usage"),
        ("sweep stuck-wake", USAGE, "usage"),
        ("no-such-command", USAGE, "usage"),
    ] {
        for json in [false, true] {
            let line = if json {
                format!("{line} --json")
            } else {
                line.to_string()
            };
            let done = lab(&line);
            assert_eq!(done.status.code(), Some(code), "{line}: {done:?}");
            assert!(done.stdout.is_empty(), "{line}");
            let text = String::from_utf8(done.stderr).unwrap();
            if json {
                let problem: protocol::Problem = serde_json::from_str(&text).expect(&line);
                assert_eq!(problem.code, told, "{line}");
                assert!(
                    !problem.message.is_empty() && !problem.message.contains('\n'),
                    "{line}"
                );
            } else {
                assert!(!text.starts_with('{') && !text.is_empty(), "{line}");
            }
        }
    }
}

#[test]
fn a_time_in_which_nothing_is_told_is_said_to_be_empty() {
    for json in ["", " --json"] {
        let done = lab(&format!("story stuck-wake --from 1us --to 2us{json}"));
        assert_eq!((done.status.code(), done.stdout.len()), (Some(0), 0));
        let text = String::from_utf8(done.stderr).unwrap();
        assert!(text.contains("nothing is told of that time"), "{text}");
    }
}

#[test]
fn a_sweep_ends_with_how_many_runs_there_were_and_how_many_broke() {
    let done = lab("sweep stuck-wake --seeds 0..3 --solve");
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.contains("\n3 runs, 0 broke\n"), "{text}");
    let done = lab("sweep stuck-wake --seeds 0..3 --set hold-budget=1s --meddle --json");
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let rows = ["properties", "goals"].map(|list| report[list].as_array().unwrap().clone());
    let most = rows
        .iter()
        .flatten()
        .map(|row| row["broken"].as_u64().unwrap())
        .max();
    let broke = report["broke"].as_u64().unwrap();
    assert!(broke <= 3 && broke >= most.unwrap(), "{report}");
}
