//! The whole page: skip link, header, the route's page, footer.

use crate::content;
use crate::navigate::{Link, Navigator};
use crate::route::Route;
use crate::ui::focus_soon;
use crate::ui::held::{Derived, effect};
use crate::ui::live::{Live, LiveRegion};
use crate::ui::problem::capital;
use leptos::prelude::*;
use protocol::Problem;

/// What the main part shows; equal while only seed or fragment change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The start page.
    Home,
    /// The scenario with this id.
    Run(String),
    /// An address that means nothing.
    Unknown(String),
}

/// The page.
#[component]
pub fn Page(
    /// What a program shows in the main part.
    place: fn(Shown) -> AnyView,
    /// Whether it goes on from where another program was: then the keyboard begins in the main part.
    arrived: bool,
) -> impl IntoView {
    let navigator = Navigator::follow();
    provide_context(navigator);
    provide_context(Live::new());
    let shown = Derived::new(move || match navigator.route.get() {
        Route::Home => Shown::Home,
        Route::Run { scenario, .. } => Shown::Run(scenario),
        Route::Unknown(path) => Shown::Unknown(path),
    });
    effect(move |first| {
        document().set_title(&title(&shown.get()));
        if arrived || !first {
            focus_soon("main");
        }
    });
    let skip = move |event: web_sys::MouseEvent| {
        event.prevent_default();
        focus_soon("main");
    };
    view! {
        <a class="skip" href="#main" on:click=skip>"Skip to the content"</a>
        <header class="top">
            <Link to=Route::Home class="brand">"Study Lab"</Link>
        </header>
        <main id="main" tabindex="-1">
            {move || place(shown.get())}
        </main>
        <footer class="foot">
            <p>"Engine "<span class="mono">{protocol::ENGINE}</span></p>
            <p>"Progress is kept in this browser only; nothing is sent anywhere."</p>
            <p>"MIT or Apache-2.0"</p>
        </footer>
        <LiveRegion/>
    }
    .into_any()
}

fn title(shown: &Shown) -> String {
    match shown {
        Shown::Home => "Study Lab".to_string(),
        Shown::Run(id) => match content::listed(id) {
            Ok(listed) => format!("{} · Study Lab", listed.title),
            Err(_) => "No such scenario · Study Lab".to_string(),
        },
        Shown::Unknown(_) => "No such page · Study Lab".to_string(),
    }
}

/// What is wrong with an address that means nothing.
pub fn unknown(path: &str) -> Problem {
    let path: String = path.chars().take(80).collect();
    Problem::new("unknown-page", format!("there is no page `{path}`"))
        .hint("The start page has everything there is.")
}

/// A page that says why there is none.
pub fn not_here(problem: Problem) -> AnyView {
    view! {
        <section class="page missing">
            <h1>{capital(&problem.message)}</h1>
            <p>{problem.detail}</p>
            <p>{problem.hint}</p>
            <p><Link to=Route::Home>"To the start page"</Link></p>
        </section>
    }
    .into_any()
}
