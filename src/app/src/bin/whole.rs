//! The program of every other place, which knows the start page too.

fn main() {
    app::whole();
}
