//! The kinds of public incidents that worlds replay, in our own words. Which world replays which is said in the worlds.

/// A kind of incident that has happened to somebody and is public.
#[derive(Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub row: u8,
    /// What happened, in a line.
    pub what: &'static str,
}

const fn kind(row: u8, what: &'static str) -> Incident {
    Incident { row, what }
}

/// Every kind that some world replays.
pub static INCIDENTS: &[Incident] = &[
    kind(
        1,
        "A worker that was late puts an old plan back, and clean-up removes what that leaves in use",
    ),
    kind(
        3,
        "A few edges miss what the log said for a while, and a promotion hangs",
    ),
    kind(
        5,
        "A change that only adds a column writes every row again, and the replicas fall behind",
    ),
    kind(7, "A slip in a template takes nearly everything out of Git"),
    kind(
        8,
        "Hosts upgrade themselves all at once, and the status page goes with them",
    ),
    kind(
        10,
        "A failover while the other side has writes that were not copied, and then both sides have written",
    ),
    kind(
        12,
        "The last step of a long migration hangs, and nobody knows whether it is in",
    ),
    kind(
        13,
        "A quick change waits behind a long reader, and everybody waits behind the change",
    ),
    kind(
        14,
        "Maintenance holds a lock, and what asks for it stops everybody else",
    ),
    kind(
        15,
        "Something meant for a preview is bound to the production database",
    ),
    kind(
        16,
        "A freeze is on, and somebody changes production all the same",
    ),
    kind(17, "Clean-up by age removes what is still needed"),
    kind(
        20,
        "Everybody is disconnected at once, and comes back at once",
    ),
    kind(21, "More reconnects than the session store can take"),
    kind(
        23,
        "Whoever fails tries again at once, and the failure spreads",
    ),
    kind(
        25,
        "A setting with blank fields goes everywhere at once, and whatever reads it crashes",
    ),
    kind(
        27,
        "An upgraded host looks well and cannot be reached by anybody",
    ),
    kind(
        29,
        "One command without a limit restarts a whole data centre",
    ),
    kind(32, "A step takes away what is still in use"),
    kind(
        33,
        "More servers are added, and each needs more connections than it may have",
    ),
    kind(
        34,
        "What has to be loaded to recover takes longer to load than recovery may take",
    ),
    kind(
        36,
        "What an app needs to start was not there when it started",
    ),
];

/// The kind with this number.
#[must_use]
pub fn incident(row: u8) -> Option<&'static Incident> {
    INCIDENTS.iter().find(|one| one.row == row)
}
