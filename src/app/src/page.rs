//! The whole page: skip link, header, the route's page, footer.

use crate::content;
use crate::home::HomePage;
use crate::navigate::{Link, Navigator};
use crate::port::Port;
use crate::route::Route;
use crate::run::RunPage;
use crate::run::legend::HelpOpen;
use crate::saved::Settings;
use crate::ui::focus_soon;
use crate::ui::held::{Derived, Held, effect};
use crate::ui::live::{Live, LiveRegion};
use crate::ui::problem::capital;
use leptos::prelude::*;
use protocol::Problem;

/// What the main part shows; equal while only seed or fragment change.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Home,
    Run(String),
    Unknown(String),
}

/// The page.
#[component]
pub fn Page() -> impl IntoView {
    let navigator = Navigator::follow();
    provide_context(navigator);
    provide_context(Port::open());
    provide_context(Live::new());
    provide_context(Held::new(Settings::load()));
    provide_context(HelpOpen(Held::new(false)));
    let shown = Derived::new(move || match navigator.route.get() {
        Route::Home => Shown::Home,
        Route::Run { scenario, .. } => Shown::Run(scenario),
        Route::Unknown(path) => Shown::Unknown(path),
    });
    effect(move |first| {
        document().set_title(&title(&shown.get()));
        if !first {
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
            {move || match shown.get() {
                Shown::Home => view! { <HomePage/> }.into_any(),
                Shown::Run(id) => match content::scenario(&id) {
                    Ok(scenario) => view! { <RunPage scenario=scenario/> }.into_any(),
                    Err(problem) => missing(problem),
                },
                Shown::Unknown(path) => missing(
                    Problem::new("unknown-page", format!("there is no page `{}`", path.chars().take(80).collect::<String>()))
                        .hint("The start page has everything there is."),
                ),
            }}
        </main>
        <footer class="foot">
            <p>"Engine "<span class="mono">{protocol::ENGINE}</span></p>
            <p>"Progress is kept in this browser only; nothing is sent anywhere."</p>
            <p>"MIT or Apache-2.0"</p>
        </footer>
        <LiveRegion/>
    }.into_any()
}

fn title(shown: &Shown) -> String {
    match shown {
        Shown::Home => "Study Lab".to_string(),
        Shown::Run(id) => match content::scenario(id) {
            Ok(scenario) => format!("{} · Study Lab", scenario.plan.title),
            Err(_) => "No such scenario · Study Lab".to_string(),
        },
        Shown::Unknown(_) => "No such page · Study Lab".to_string(),
    }
}

fn missing(problem: Problem) -> AnyView {
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
