//! The content: scenarios and their lessons, as the build made them: texts, and each plan as the bytes that the simulator
//! reads.

mod seeds;

pub use seeds::Seed;

use protocol::{Problem, Replay, Severity};

/// What the start page shows of a scenario. A list of its own, so that the start program holds no more of them.
#[derive(Debug)]
pub struct Listed {
    /// The scenario's id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The lesson in a sentence.
    pub summary: &'static str,
    /// How long it takes, about.
    pub minutes: u32,
    /// Whether it is a world to run, with a few words instead of a lesson.
    pub world: bool,
    /// The title of its topic.
    pub topic: &'static str,
    /// Whether there is a cause in it that somebody has to find and put right.
    pub solvable: bool,
    /// Seeds worth a look.
    pub seeds: &'static [Seed],
    /// The public incidents that it replays: whom it happened to and when, and what happened.
    pub incidents: &'static [(&'static str, &'static str)],
}

/// A plan to run and what it teaches.
#[derive(Debug)]
pub struct Scenario {
    /// What is run.
    pub plan: Plan,
    /// What is said around it.
    pub lesson: Lesson,
}

/// What the page needs to know of a plan.
#[derive(Debug)]
pub struct Plan {
    /// The scenario's id.
    pub id: &'static str,
    /// The scenario's title.
    pub title: &'static str,
    /// The digest that a replay carries.
    pub digest: u64,
    /// All of it, for the simulator.
    pub bytes: &'static [u8],
    /// Where the lesson freezes first.
    pub freeze_at: u64,
    /// When the run ends.
    pub end: u64,
    /// Whether anything comes and goes in its background, or varies with the seed.
    pub background: bool,
    /// Whether the seed draws a cause, which is to be found.
    pub cause: bool,
    /// The first app's name: the one whose requests are counted.
    pub app: &'static str,
    /// What can be read.
    pub reads: &'static [Read],
    /// What can be done.
    pub actions: &'static [Action],
    /// What shall be achieved.
    pub objectives: &'static [Objective],
    /// What is asked at the frozen moment.
    pub question: Option<Question>,
}

/// Something that can be read.
#[derive(Debug)]
pub struct Read {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// How long reading it takes.
    pub cost: u64,
    /// How old what it shows is.
    pub lag: u64,
}

/// Something that can be done.
#[derive(Debug)]
pub struct Action {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// One sentence on what it does.
    pub doc: &'static str,
}

/// Something to achieve.
#[derive(Debug)]
pub struct Objective {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
}

/// A question about the frozen moment.
#[derive(Debug)]
pub struct Question {
    /// What is asked.
    pub prompt: &'static str,
    /// When it is revealed.
    pub reveal_at: u64,
    /// Why it comes out as it does.
    pub why: &'static str,
    /// The possible answers.
    pub options: &'static [Answer],
}

/// A possible answer.
#[derive(Debug)]
pub struct Answer {
    /// The text.
    pub text: &'static str,
    /// One hint, for who chose it wrongly.
    pub hint: &'static str,
}

/// What is said around a run; [`study::Lesson`] as constants.
#[derive(Debug)]
pub struct Lesson {
    /// What is going on when it begins; a paragraph each.
    pub situation: &'static [&'static str],
    /// What a first visit points at.
    pub first_labels: &'static [(&'static str, &'static str)],
    /// Hints, each saying a little more.
    pub hints: &'static [&'static str],
    /// How close to a real platform it is.
    pub fidelity: Fidelity,
    /// Gates worth a twin run, each with what to look for.
    pub twin_gates: &'static [(&'static str, &'static str)],
    /// What is asked when it is over.
    pub questions_after: &'static [AfterQuestion],
}

/// How close to a real platform a scenario is.
#[derive(Debug)]
pub struct Fidelity {
    /// What is the real logic.
    pub real: &'static [&'static str],
    /// What is a model of something real.
    pub modelled: &'static [&'static str],
    /// What is left out.
    pub left_out: &'static [&'static str],
}

/// A question that the page itself can judge.
#[derive(Debug)]
pub struct AfterQuestion {
    /// What is asked.
    pub prompt: &'static str,
    /// Why.
    pub why: &'static str,
    /// The possible answers, and whether each is right.
    pub options: &'static [(&'static str, bool)],
}

include!(concat!(env!("OUT_DIR"), "/content.rs"));

impl Plan {
    /// The bytes of [`protocol::Request::Open`]: its number, the plan, the replay. A test compares them.
    pub fn open_request(&self, replay: &Replay) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend_from_slice(self.bytes);
        bytes.extend(postcard::to_allocvec(replay).unwrap_or_default());
        bytes
    }
}

/// What the start page shows of the scenario with this id.
///
/// # Errors
/// A [`Problem`] with the nearest name.
pub fn listed(id: &str) -> Result<&'static Listed, Problem> {
    INDEX.iter().find(|listed| listed.id == id).ok_or_else(|| {
        let known: Vec<&str> = INDEX.iter().map(|listed| listed.id).collect();
        let mut problem = Problem::unknown("scenario", id, &known);
        problem.detail = String::new();
        if problem.hint.contains("lab list") {
            problem.hint = "The start page shows them all.".into();
        }
        problem
    })
}

/// The scenario with this id.
///
/// # Errors
/// A [`Problem`] with the nearest name.
pub fn scenario(id: &str) -> Result<&'static Scenario, Problem> {
    let listed = listed(id)?;
    // Both lists are in one order.
    let (_, scenario) = INDEX
        .iter()
        .zip(SCENARIOS)
        .find(|(known, _)| known.id == listed.id)
        .expect("what is listed is there");
    Ok(scenario)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::opening::Opening;

    #[test]
    fn the_content_is_what_the_files_say() {
        let (library, problems) = study::load(study::files(), &platform::CATALOG);
        assert!(
            problems.is_empty()
                && library.scenarios.len() == SCENARIOS.len()
                && SCENARIOS.len() >= 2
        );
        assert_eq!(INDEX.len(), SCENARIOS.len());
        for ((there, here), listed) in library.scenarios.iter().zip(SCENARIOS).zip(INDEX) {
            assert_eq!(
                (listed.id, listed.title, listed.world),
                (here.plan.id, here.plan.title, there.world)
            );
            assert_eq!(listed.summary, there.lesson.summary);
            assert_eq!(
                (listed.minutes, listed.solvable, here.plan.cause),
                (
                    there.lesson.minutes,
                    there.plan.needs_action,
                    !there.plan.cases.is_empty()
                )
            );
            let topic = study::TOPICS.iter().find(|one| one.title == listed.topic);
            assert_eq!(topic.map(|topic| topic.id), Some(&*there.lesson.topic));
            assert_eq!(
                (there.plan.id.as_str(), there.plan.digest()),
                (here.plan.id, here.plan.digest)
            );
            let seeds = |seed, severity, title: &str, why: &str| {
                (seed, severity, title.to_string(), why.to_string())
            };
            let chosen: Vec<_> = there
                .seeds
                .iter()
                .map(|one| seeds(one.seed, one.severity, &one.title, &one.why))
                .collect();
            let listed: Vec<_> = listed
                .seeds
                .iter()
                .map(|one| seeds(one.seed, one.severity, one.title, one.why))
                .collect();
            assert_eq!(chosen, listed);
            assert_eq!(there.lesson.hints, here.lesson.hints);
            assert_eq!(
                there.lesson.questions_after.len(),
                here.lesson.questions_after.len()
            );
            assert!(
                here.lesson
                    .twin_gates
                    .iter()
                    .all(|(id, _)| platform::CATALOG.gate(id).is_some())
            );
            assert!(
                here.lesson
                    .first_labels
                    .iter()
                    .all(|(region, _)| study::REGIONS.contains(region))
            );
            let replay = Opening::fresh(&here.plan, 7).replay;
            let request = protocol::Request::Open {
                plan: Box::new(there.plan.clone()),
                replay: Box::new(replay.clone()),
            };
            assert_eq!(
                here.plan.open_request(&replay),
                postcard::to_allocvec(&request).unwrap()
            );
        }
    }

    #[test]
    fn an_unknown_scenario_is_told_with_the_nearest() {
        let problem = super::scenario("stuck-wkae").unwrap_err();
        assert!(
            problem.message.contains("stuck-wkae") && problem.hint.contains("stuck-wake"),
            "{problem}"
        );
    }
}
