//! The program that a first visit fetches: the start page.

fn main() {
    app::start();
}
