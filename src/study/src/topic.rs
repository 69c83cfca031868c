//! Topics: what a scenario teaches. Its file names one; lists of scenarios are in the order of these.

/// A topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its id, as files name it.
    pub id: &'static str,
    /// What to call it.
    pub title: &'static str,
}

const fn topic(id: &'static str, title: &'static str) -> Topic {
    Topic { id, title }
}

/// The topics, from one app on one runner to whole platforms.
pub const TOPICS: &[Topic] = &[
    topic("waking", "Waking and serving"),
    topic("requests", "Single requests"),
    topic("sessions", "Sockets and sessions"),
    topic("pipeline", "From commit to preview"),
    topic("promotion", "Into production, and back"),
    topic("gitops", "Deployments from Git"),
    topic("migration", "Database migrations"),
    topic("restore", "Backups and restores"),
    topic("hosts", "Hosts"),
    topic("regions", "Regions"),
    topic("providers", "Providers that degrade"),
    topic("fleets", "Whole platforms"),
];
