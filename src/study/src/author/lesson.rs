//! What is said around a run: the lesson of a scenario file.

use super::names::{Names, borrowed};
use super::read::{File, Table};
use crate::{AfterQuestion, Fidelity, Lesson, REGIONS, TOPICS};
use protocol::Problem;

/// The lesson.
pub fn lesson(table: &Table<'_>, names: &Names<'_>) -> Lesson {
    let labels = table.tables("first-label", "a label");
    // A world without a lesson has nothing to point at.
    if labels.len() != 3 && !names.file.is_world() {
        names.file.report(
            &table.span(),
            Problem::new("three-labels", "a first visit shows exactly three labels"),
        );
    }
    let label = |table: Table<'_>| {
        let label = (
            table.name("region").check(names.file, "region", REGIONS),
            table.text("text"),
        );
        table.finish();
        label
    };
    let gates: Vec<String> = names.catalog.gates.iter().map(|gate| gate.id()).collect();
    let twin = |table: Table<'_>| {
        let twin = (
            table
                .name("gate")
                .check(names.file, "gate", &borrowed(&gates)),
            table.text("look"),
        );
        table.finish();
        twin
    };
    let topics: Vec<&str> = TOPICS.iter().map(|topic| topic.id).collect();
    Lesson {
        summary: table.text("summary"),
        minutes: table.count("minutes"),
        topic: table.name("topic").check(names.file, "topic", &topics),
        situation: table.texts("situation"),
        first_labels: labels.into_iter().map(label).collect(),
        hints: table.texts("hints"),
        fidelity: if names.file.is_world() {
            table.get("fidelity")
        } else {
            table.need("fidelity")
        }
        .and_then(|value| value.table("the fidelity note"))
        .map(fidelity)
        .unwrap_or_default(),
        twin_gates: table
            .tables("twin", "a twin run")
            .into_iter()
            .map(twin)
            .collect(),
        questions_after: table
            .tables("after", "a question")
            .into_iter()
            .map(|t| after(t, names.file))
            .collect(),
    }
}

fn fidelity(table: Table<'_>) -> Fidelity {
    let fidelity = Fidelity {
        real: table.texts("real"),
        modelled: table.texts("modelled"),
        left_out: table.texts("left-out"),
    };
    table.finish();
    fidelity
}

fn after(table: Table<'_>, file: &File<'_>) -> AfterQuestion {
    let option = |table: Table<'_>| {
        let option = (table.text("text"), table.flag("right"));
        table.finish();
        option
    };
    let question = AfterQuestion {
        prompt: table.text("prompt"),
        options: table
            .tables("option", "an option")
            .into_iter()
            .map(option)
            .collect(),
        why: table.text("why"),
    };
    let right = question.options.iter().filter(|(_, right)| *right).count();
    if right == 0 || right == question.options.len() {
        let problem = Problem::new("no-choice", "a question needs right and wrong options");
        file.report(
            &table.span(),
            problem.hint("Say `right = true` for the right ones."),
        );
    }
    table.finish();
    question
}
