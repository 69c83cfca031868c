//! The worlds, in the groups that their files name, with a search and a filter.

use super::chosen;
use crate::content::{INDEX, Listed, TOPICS};
use crate::navigate::Link;
use crate::route::Route;
use crate::saved;
use crate::ui::held::{Derived, Held};
use crate::ui::press;
use leptos::prelude::*;
use std::time::Duration;

/// Which worlds are shown, as far as it is about who has to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// All of them.
    Any,
    /// Those with a cause that somebody has to find and put right.
    You,
    /// Those that get on by themselves.
    Nobody,
}

const WHO: [(Who, &str); 3] = [
    (Who::Any, "All"),
    (Who::You, "Yours to solve"),
    (Who::Nobody, "Run by themselves"),
];

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    who: Who,
    text: String,
}

impl Wish {
    fn any() -> Self {
        Self {
            who: Who::Any,
            text: String::new(),
        }
    }

    /// Reads what [`Wish::write`] wrote; anything else is no wish.
    fn read(kept: &str) -> Self {
        let (nth, text) = kept.split_once(' ').unwrap_or(("0", ""));
        let nth = nth.parse().unwrap_or(0);
        Self {
            who: WHO.get(nth).map_or(Who::Any, |(who, _)| *who),
            text: text.to_string(),
        }
    }

    fn write(&self) -> String {
        let nth = WHO.iter().position(|(who, _)| *who == self.who);
        format!("{} {}", nth.unwrap_or(0), self.text)
    }

    /// Whether a world is among those looked for: it has each of the words somewhere.
    fn has(&self, listed: &Listed) -> bool {
        let who = match self.who {
            Who::Any => true,
            Who::You => listed.solvable,
            Who::Nobody => !listed.solvable,
        };
        // The texts are ours; case tables of all scripts would be weight.
        let mut all = format!("{} {} {}", listed.title, listed.summary, listed.topic);
        let seeds = listed.seeds.iter().map(|one| one.title);
        let incidents = listed
            .incidents
            .iter()
            .flat_map(|(who, what)| [*who, *what]);
        for text in seeds.chain(incidents) {
            all.push(' ');
            all.push_str(text);
        }
        all.make_ascii_lowercase();
        let text = self.text.to_ascii_lowercase();
        listed.world && who && text.split_ascii_whitespace().all(|word| all.contains(word))
    }
}

/// The section, with all topics at once or one after the other.
pub fn worlds(at_once: bool) -> AnyView {
    let wish = Held::new(Wish::read(&saved::wish()));
    let keep = move |change: fn(&mut Wish, String), value: String| {
        wish.update(|wish| change(wish, value));
        wish.with_untracked(|wish| saved::keep_wish(&wish.write()));
    };
    let shows = Derived::new(move || {
        wish.with(|wish| {
            INDEX
                .iter()
                .map(|listed| wish.has(listed))
                .collect::<Vec<_>>()
        })
    });
    let there = INDEX.iter().filter(|listed| listed.world).count();
    let found =
        Derived::new(move || shows.with(|shows| shows.iter().filter(|shows| **shows).count()));
    let said = move || match found.get() {
        0 => "No world is like that.".to_string(),
        n if n == there => format!("{there} worlds"),
        n => format!("{n} of {there} worlds"),
    };
    let choices = WHO.map(|(who, word)| {
        view! {
            <label class="choice short">
                <input type="radio" name="who" prop:checked=move || wish.with(|wish| wish.who == who)
                    on:change=move |_| keep(|wish, value| wish.who = Wish::read(&value).who, Wish { who, text: String::new() }.write())/>
                <span>{word}</span>
            </label>
        }
        .into_any()
    });
    let search = move |event| keep(|wish, value| wish.text = value, event_target_value(&event));
    let all = move |_| {
        wish.set(Wish::any());
        saved::keep_wish("");
        crate::ui::focus_soon("world-search");
    };
    view! {
        <section aria-labelledby="worlds-title">
            <h2 id="worlds-title">"Worlds"</h2>
            <p class="worlds-lead">"Places to look around in, without a lesson: every part of the platform at work, with what goes wrong there."</p>
            <div class="find" role="search" aria-label="Worlds">
                <label><span class="label">"Search"</span><input id="world-search" type="search" autocomplete="off" prop:value=move || wish.with(|wish| wish.text.clone()) on:input=search/></label>
                <fieldset><legend class="visually-hidden">"Who has to do something"</legend>{choices.into_iter().collect_view()}</fieldset>
                <p class="cost" role="status">{move || said().into_any()}</p>
            </div>
            {topics(TOPICS, shows, at_once)}
            {move || (found.get() == 0).then(|| view! {
                <p class="nothing"><button type="button" class="quiet" on:click=press(all)>"Show all worlds"</button></p>
            }.into_any()).into_any()}
        </section>
    }
    .into_any()
}

/// The worlds of these topics that are looked for. If not at once, each topic is a task of its own: all together they would
/// hold up a phone for longer than somebody waits for what was tapped.
fn topics(all: &'static [&'static str], shows: Derived<Vec<bool>>, at_once: bool) -> AnyView {
    let Some((topic, rest)) = all.split_first() else {
        return ().into_any();
    };
    let on = Held::new(at_once);
    if !at_once {
        set_timeout(move || on.set(true), Duration::ZERO);
    }
    view! {
        {group(topic, shows)}
        {move || on.get().then(|| topics(rest, shows, at_once)).into_any()}
    }
    .into_any()
}

/// The worlds of one topic that are looked for.
fn group(topic: &'static str, shows: Derived<Vec<bool>>) -> AnyView {
    let mine = move || {
        let all = INDEX.iter().enumerate();
        all.filter(move |(_, listed)| listed.world && listed.topic == topic)
    };
    let none = move || shows.with(|shows| !mine().any(|(nth, _)| shows[nth]));
    let rows = mine().map(|(nth, listed)| {
        let who = if listed.solvable {
            "yours to solve"
        } else {
            "runs by itself"
        };
        view! {
            <li hidden=move || shows.with(|shows| !shows[nth])>
                <p class="world-name">
                    <Link to=Route::scenario(listed.id)>{listed.title}</Link>
                    <span class="cost">{format!("about {} min of your time, {who}", listed.minutes)}</span>
                </p>
                <p>{listed.summary}</p>
                {after(listed)}
                {chosen(listed)}
            </li>
        }
        .into_any()
    });
    view! {
        <div class="topic" hidden=none>
            <h3>{topic}</h3>
            <ul class="worlds">{rows.collect_view()}</ul>
        </div>
    }
    .into_any()
}

/// The public incidents that a world replays, each with what happened.
fn after(listed: &Listed) -> Option<AnyView> {
    let all = listed.incidents.iter().enumerate();
    let names = all.map(|(nth, (who, what))| {
        let joined = if nth == 0 { "after " } else { "; " };
        view! { {joined}<span title=*what>{*who}</span> }.into_any()
    });
    (!listed.incidents.is_empty())
        .then(|| view! { <p class="cost">{names.collect_view()}</p> }.into_any())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(who: Who, text: &str) -> Vec<&'static str> {
        let text = text.to_string();
        let wish = Wish { who, text };
        let all = INDEX.iter().filter(|listed| wish.has(listed));
        all.map(|listed| listed.id).collect()
    }

    #[test]
    fn every_world_is_in_a_group_and_found_without_a_wish() {
        let worlds = INDEX.iter().filter(|listed| listed.world);
        assert_eq!(
            found(Who::Any, " "),
            worlds.map(|l| l.id).collect::<Vec<_>>()
        );
        assert!(INDEX.iter().all(|listed| TOPICS.contains(&listed.topic)));
        for topic in TOPICS {
            assert!(INDEX.iter().any(|listed| listed.topic == *topic), "{topic}");
        }
    }

    #[test]
    fn a_world_is_found_by_its_words_its_topic_and_who_has_to_act() {
        assert_eq!(found(Who::Any, "provider OUTAGE"), ["provider-outage"]);
        assert!(found(Who::Any, "migrations lock").contains(&"database-migration"));
        assert!(found(Who::You, "regions").contains(&"region-trouble"));
        assert!(!found(Who::Nobody, "regions").contains(&"region-trouble"));
        assert_eq!(found(Who::Any, "Roblox"), ["slow-store"]);
        assert_eq!(found(Who::Any, "GitHub 2018"), ["seven-seconds"]);
        assert!(found(Who::Any, "failover").contains(&"seven-seconds"));
        assert!(found(Who::Any, "zebra").is_empty());
        let (you, nobody) = (found(Who::You, "").len(), found(Who::Nobody, "").len());
        assert_eq!(you + nobody, found(Who::Any, "").len());
        assert!(you > 5 && nobody > 5);
    }

    #[test]
    fn a_wish_comes_back_and_nonsense_is_none() {
        let text = "two words".to_string();
        let wish = Wish {
            who: Who::You,
            text,
        };
        assert_eq!(Wish::read(&wish.write()), wish);
        assert_eq!(Wish::read(""), Wish::any());
        assert_eq!(Wish::read("9"), Wish::any());
    }
}
