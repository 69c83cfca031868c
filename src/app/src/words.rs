//! Words: how moments, lengths of time and counts are written on this page.

/// A moment of a run, for the eye: `12.345 s`.
pub fn moment(at: u64) -> String {
    format!("{}.{:03} s", at / 1_000_000, at % 1_000_000 / 1_000)
}

/// A moment on an axis whose ticks are `every` apart: no more digits than it needs.
pub fn seconds(at: u64, every: u64) -> String {
    let (whole, part) = (at / 1_000_000, at % 1_000_000);
    match every {
        1_000_000.. => format!("{whole} s"),
        100_000.. => format!("{whole}.{} s", part / 100_000),
        _ => format!("{whole}.{:02} s", part / 10_000),
    }
}

/// A length of time, for the eye: `250 ms`, `1.5 s`, `2 min`.
pub fn length(micros: u64) -> String {
    let text = machine::Duration(micros).to_string();
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    format!("{number} {}", if unit == "us" { "µs" } else { unit })
}

/// A count with its noun: `1 request`, `3 requests`.
pub fn count(n: u64, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}

/// A text as a JSON string.
pub fn json_text(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                json.push('\\');
                json.push(c);
            }
            c if (c as u32) < 0x20 => json.push_str(&format!("\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

/// A replay as the JSON file that `lab run` reads.
pub fn json_replay(replay: &protocol::Replay) -> String {
    let list = |items: Vec<String>| {
        if items.is_empty() {
            "[]".to_string()
        } else {
            format!("[\n    {}\n  ]", items.join(",\n    "))
        }
    };
    let waivers = list(replay.waivers.iter().map(|id| json_text(id)).collect());
    let knobs = list(
        replay
            .knobs
            .iter()
            .map(|(id, value)| format!("[{}, {value}]", json_text(id)))
            .collect(),
    );
    let actions = list(
        replay
            .actions
            .iter()
            .map(|a| format!("{{ \"at\": {}, \"id\": {} }}", a.at, json_text(&a.id)))
            .collect(),
    );
    format!(
        "{{\n  \"engine\": {},\n  \"scenario\": {},\n  \"content\": {},\n  \"seed\": {},\n  \"waivers\": {waivers},\n  \
         \"knobs\": {knobs},\n  \"actions\": {actions},\n  \"at\": {},\n  \"claim\": {},\n  \"severity\": {}\n}}\n",
        json_text(&replay.engine),
        json_text(&replay.scenario),
        replay.content,
        replay.seed,
        replay.at,
        replay
            .claim
            .map_or("null".to_string(), |claim| claim.to_string()),
        json_text(replay.severity.id()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Placed, Replay};

    #[test]
    fn times_read_as_a_person_writes_them() {
        assert_eq!(moment(12_345_678), "12.345 s");
        assert_eq!(
            [
                length(250_000),
                length(1_500_000),
                length(120_000_000),
                length(40)
            ],
            ["250 ms", "1.5 s", "2 min", "40 µs"]
        );
        assert_eq!(
            [seconds(1_500_000, 500_000), seconds(4_000_000, 2_000_000)],
            ["1.5 s", "4 s"]
        );
        assert_eq!(
            [count(1, "request"), count(0, "request")],
            ["1 request", "0 requests"]
        );
    }

    #[test]
    fn the_file_of_a_replay_is_what_the_command_line_reads() {
        let replay = Replay {
            engine: "0.1.0".into(),
            scenario: "a \"quoted\"\nname".into(),
            content: u64::MAX,
            seed: 7,
            waivers: vec!["x".into(), "y".into()],
            knobs: vec![("k".into(), 3)],
            actions: vec![Placed {
                at: 5,
                id: "retry".into(),
            }],
            at: 9,
            claim: Some(4),
            severity: protocol::Severity::Storm,
        };
        assert_eq!(
            serde_json::from_str::<Replay>(&json_replay(&replay)).unwrap(),
            replay
        );
        let empty = Replay {
            waivers: vec![],
            knobs: vec![],
            actions: vec![],
            claim: None,
            ..replay
        };
        assert_eq!(
            serde_json::from_str::<Replay>(&json_replay(&empty)).unwrap(),
            empty
        );
    }
}
