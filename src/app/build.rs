//! Makes what the page would otherwise have to work out: the pictures of the lifecycles are laid out, and the content is
//! read, checked and packed. The page only draws lines between known points and unpacks bytes.

use dugong::graphlib::{Graph, GraphOptions};
use dugong::{EdgeLabel, GraphLabel, LabelPos, NodeLabel, RankDir, layout};
use machine::LifecycleSpec;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// Width of a letter of a state's name and of a transition's name, in diagram units, at the sizes of the style sheet.
const STATE_LETTER: f64 = 8.6;
const LABEL_LETTER: f64 = 6.6;
const STATE_HEIGHT: f64 = 38.0;
const LABEL_HEIGHT: f64 = 16.0;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let mut code = String::from(
        "/// Every lifecycle's picture, in the order of the catalog.\npub static DIAGRAMS: &[Diagram] = &[\n",
    );
    for lifecycle in platform::CATALOG.lifecycles {
        code.push_str(&diagram(lifecycle));
    }
    code.push_str("];\n");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let write = |name: &str, bytes: &[u8]| {
        fs::write(Path::new(&out).join(name), bytes).expect("OUT_DIR can be written")
    };
    write("diagrams.rs", code.as_bytes());
    write("content.rs", content(Path::new(&out)).as_bytes());
}

/// The content as Rust source. Content with a problem is not shipped: the build fails and says what is wrong.
///
/// The page shows texts and passes plans on to the simulator. So it gets texts as texts, and each plan as the bytes that
/// the simulator reads; a page that could decode plans would be a good deal larger.
fn content(out: &Path) -> String {
    let (library, problems) = study::load(study::files(), &platform::CATALOG);
    if !problems.is_empty() {
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("the content has problems:\n{}", texts.join("\n"));
    }
    let topics = study::TOPICS
        .iter()
        .map(|topic| format!("{:?}", topic.title));
    let mut code = format!(
        "/// The topics, in the order of the start page.\npub static TOPICS: &[&str] = &[{}];\n\n\
         /// What the start page lists.\npub static INDEX: &[Listed] = &[\n",
        list(topics)
    );
    for study::Scenario {
        plan,
        lesson,
        world,
        seeds,
        incidents,
    } in &library.scenarios
    {
        let seeds = seeds.iter().map(|one| {
            format!(
                "Seed {{ seed: {}, severity: Severity::{:?}, title: {:?}, why: {:?} }}",
                one.seed, one.severity, one.title, one.why
            )
        });
        let incidents = incidents.iter().filter_map(|row| study::incident(*row));
        let incidents = incidents.map(|one| format!("({:?}, {:?})", one.who, one.what));
        let mut topics = study::TOPICS.iter();
        let topic = topics.find(|topic| topic.id == lesson.topic);
        let _ = writeln!(
            code,
            "    Listed {{ id: {:?}, title: {:?}, summary: {:?}, minutes: {}, world: {world}, topic: {:?}, solvable: {}, seeds: &[{}], incidents: &[{}] }},",
            plan.id,
            plan.title,
            lesson.summary,
            lesson.minutes,
            topic.map_or("", |topic| topic.title),
            plan.needs_action,
            list(seeds),
            list(incidents)
        );
    }
    code.push_str(
        "];\n\n/// Everything there is to study, in the same order.\npub static SCENARIOS: &[Scenario] = &[\n",
    );
    for study::Scenario { plan, lesson, .. } in &library.scenarios {
        let name = format!("{}.plan", plan.id);
        let bytes = postcard::to_allocvec(plan).expect("plain data always encodes");
        fs::write(out.join(&name), bytes).expect("OUT_DIR can be written");
        let reads = plan.reads.iter().map(|r| {
            format!(
                "Read {{ id: {:?}, title: {:?}, cost: {}, lag: {} }}",
                r.id, r.title, r.cost, r.lag
            )
        });
        let actions = plan.actions.iter().map(|a| {
            format!(
                "Action {{ id: {:?}, title: {:?}, doc: {:?} }}",
                a.id, a.title, a.doc
            )
        });
        let objectives = plan
            .objectives
            .iter()
            .map(|o| format!("Objective {{ id: {:?}, title: {:?} }}", o.id, o.title));
        let question = plan.question.as_ref().map_or("None".to_string(), |q| {
            let options = q
                .options
                .iter()
                .map(|o| format!("Answer {{ text: {:?}, hint: {:?} }}", o.text, o.hint));
            format!(
                "Some(Question {{ prompt: {:?}, reveal_at: {}, why: {:?}, options: &[{}] }})",
                q.prompt,
                q.reveal_at,
                q.why,
                list(options)
            )
        });
        let after = lesson.questions_after.iter().map(|q| {
            format!(
                "AfterQuestion {{ prompt: {:?}, why: {:?}, options: &{:?} }}",
                q.prompt, q.why, q.options
            )
        });
        let fidelity = &lesson.fidelity;
        let _ = writeln!(
            code,
            "    Scenario {{ plan: Plan {{ id: {:?}, title: {:?}, digest: {}, bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \
             \"/{name}\")), freeze_at: {}, end: {}, background: {}, cause: {}, app: {:?}, reads: &[{}], actions: &[{}], objectives: &[{}], question: {question} }}, \
             lesson: Lesson {{ situation: &{:?}, first_labels: &{:?}, hints: &{:?}, \
             fidelity: Fidelity {{ real: &{:?}, modelled: &{:?}, left_out: &{:?} }}, twin_gates: &{:?}, \
             questions_after: &[{}] }} }},",
            plan.id,
            plan.title,
            plan.digest(),
            plan.freeze_at,
            plan.end,
            !plan.background.is_empty() || !plan.vary.is_empty(),
            !plan.cases.is_empty(),
            plan.apps.first().map_or("", |app| app.name.as_str()),
            list(reads),
            list(actions),
            list(objectives),
            lesson.situation,
            lesson.first_labels,
            lesson.hints,
            fidelity.real,
            fidelity.modelled,
            fidelity.left_out,
            lesson.twin_gates,
            list(after)
        );
    }
    code.push_str("];\n");
    code
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// One lifecycle as Rust source: boxes for states, a polyline and a label's place for each arrow.
fn diagram(lifecycle: &LifecycleSpec) -> String {
    let mut graph: Graph<NodeLabel, EdgeLabel, GraphLabel> = Graph::new(GraphOptions {
        multigraph: true,
        compound: false,
        directed: true,
    });
    graph.set_graph(GraphLabel {
        rankdir: RankDir::TB,
        nodesep: 34.0,
        ranksep: 26.0,
        edgesep: 18.0,
        marginx: 12.0,
        marginy: 12.0,
        ..GraphLabel::default()
    });
    for (index, state) in lifecycle.states.iter().enumerate() {
        let width = state.name.len() as f64 * STATE_LETTER + 44.0;
        graph.set_node(
            index.to_string(),
            NodeLabel {
                width,
                height: STATE_HEIGHT,
                ..NodeLabel::default()
            },
        );
    }
    let arrows: Vec<(usize, u8, u8)> = lifecycle
        .transitions
        .iter()
        .enumerate()
        .flat_map(|(index, transition)| {
            transition
                .from
                .iter()
                .map(move |from| (index, *from, transition.to))
        })
        .collect();
    for (index, from, to) in &arrows {
        let name = lifecycle.transitions[*index].name;
        let label = EdgeLabel {
            width: name.len() as f64 * LABEL_LETTER + 8.0,
            height: LABEL_HEIGHT,
            labelpos: LabelPos::C,
            minlen: 1,
            weight: 1.0,
            ..EdgeLabel::default()
        };
        graph.set_edge_named(
            from.to_string(),
            to.to_string(),
            Some(index.to_string()),
            Some(label),
        );
    }
    layout(&mut graph).expect("a declared lifecycle can be laid out");

    let mut code = format!(
        "    Diagram {{ width: {:.1}, height: {:.1}, states: &[\n",
        graph.graph().width,
        graph.graph().height
    );
    for index in 0..lifecycle.states.len() {
        let node = graph
            .node(&index.to_string())
            .expect("every state was placed");
        let (x, y) = (node.x.expect("placed"), node.y.expect("placed"));
        let _ = writeln!(
            code,
            "        Place {{ x: {x:.1}, y: {y:.1}, width: {:.1}, height: {:.1} }},",
            node.width, node.height
        );
    }
    code.push_str("    ], arrows: &[\n");
    for (index, from, to) in &arrows {
        let edge = graph
            .edge(&from.to_string(), &to.to_string(), Some(&index.to_string()))
            .expect("every arrow was placed");
        let points: Vec<String> = edge
            .points
            .iter()
            .map(|p| format!("({:.1}, {:.1})", p.x, p.y))
            .collect();
        let label = (edge.x.unwrap_or_default(), edge.y.unwrap_or_default());
        let _ = writeln!(
            code,
            "        Arrow {{ transition: {index}, from: {from}, to: {to}, points: &[{}], label: ({:.1}, {:.1}) }},",
            points.join(", "),
            label.0,
            label.1
        );
    }
    code.push_str("    ] },\n");
    code
}
