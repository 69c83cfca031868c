//! The kinds of public incidents that worlds replay: whom it happened to, and in our own words what. Which world replays which
//! is said in the worlds. What was read in somebody else's summary only, and not in the report of those concerned, says so.

/// A kind of incident that has happened to somebody and is public.
#[derive(Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub row: u8,
    /// Whom it happened to, and the day, month or year where it is sure: `GitHub, 2018-10-21`.
    pub who: &'static str,
    /// What happened, in a line.
    pub what: &'static str,
}

const fn kind(row: u8, who: &'static str, what: &'static str) -> Incident {
    Incident { row, who, what }
}

/// Every kind that some world replays.
pub static INCIDENTS: &[Incident] = &[
    kind(
        1,
        "AWS DynamoDB, 2025-10-19",
        "A worker that was late puts an old plan back, and clean-up removes what that leaves in use",
    ),
    kind(
        3,
        "Fly.io, 2024-06-27",
        "A few edges miss what the log said for a while, and a promotion hangs",
    ),
    kind(
        5,
        "Fly.io, as others tell it",
        "A change that only adds a column writes every row again, and the replicas fall behind",
    ),
    kind(
        7,
        "Skyscanner, 2021-08-25",
        "A slip in a template takes nearly everything out of Git",
    ),
    kind(
        8,
        "Heroku, 2025-06-10",
        "Hosts upgrade themselves all at once, and the status page goes with them",
    ),
    kind(
        10,
        "GitHub, 2018-10-21",
        "A failover while the other side has writes that were not copied, and then both sides have written",
    ),
    kind(
        12,
        "GitHub, 2021-11",
        "The last step of a long migration hangs, and nobody knows whether it is in",
    ),
    kind(
        13,
        "GoCardless, as others tell it",
        "A quick change waits behind a long reader, and everybody waits behind the change",
    ),
    kind(
        14,
        "Joyent Manta, 2015-07-27",
        "Maintenance holds a lock, and what asks for it stops everybody else",
    ),
    kind(
        15,
        "Travis CI, as others tell it",
        "Something meant for a preview is bound to the production database",
    ),
    kind(
        16,
        "Replit, 2025-07, as others tell it",
        "A freeze is on, and somebody changes production all the same",
    ),
    kind(
        17,
        "Travis CI, 2016, as others tell it",
        "Clean-up by age removes what is still needed",
    ),
    kind(
        19,
        "Cloudflare, 2025-09-12",
        "Pages call again at once during a release, and what would end that waits behind them",
    ),
    kind(
        20,
        "Discord, as others tell it",
        "Everybody is disconnected at once, and comes back at once",
    ),
    kind(
        21,
        "Slack, as others tell it",
        "More reconnects than the session store can take",
    ),
    kind(
        23,
        "Spotify, 2013, as others tell it",
        "Whoever fails tries again at once, and the failure spreads",
    ),
    kind(
        25,
        "Google Cloud, 2025-06",
        "A setting with blank fields goes everywhere at once, and whatever reads it crashes",
    ),
    kind(
        26,
        "Roblox, 2021-10-28",
        "The control plane's store is slow, and every restart has to read it all back",
    ),
    kind(
        27,
        "Reddit, 2023-03",
        "An upgraded host looks well and cannot be reached by anybody",
    ),
    kind(
        29,
        "Joyent, 2014-05-27",
        "One command without a limit restarts a whole data centre",
    ),
    kind(
        32,
        "Stripe, 2015-10-08, as others tell it",
        "A step takes away what is still in use",
    ),
    kind(
        33,
        "AWS Kinesis, 2020-11-25",
        "More servers are added, and each needs more connections than it may have",
    ),
    kind(
        34,
        "Platform.sh, as others tell it",
        "What has to be loaded to recover takes longer to load than recovery may take",
    ),
    kind(
        36,
        "Heroku, as others tell it",
        "What an app needs to start was not there when it started",
    ),
];

/// The kind with this number.
#[must_use]
pub fn incident(row: u8) -> Option<&'static Incident> {
    INCIDENTS.iter().find(|one| one.row == row)
}
