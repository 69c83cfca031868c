//! The gates of sessions: who gets a socket, which state it finds, and what becomes of it when its allocation stops.

machine::gates! {
    from super::restore::END;

    /// Sockets are accepted at a bounded rate, however many come back at once.
    ///
    /// # Without it
    /// A host is drained, ten thousand tabs come back in the same second, and what was healthy falls over.
    ///
    /// # Seen in
    /// WebSocket Reconnect, Host OS Upgrade.
    SOCKET_ACCEPT_BUDGET = "socket accept budget available", home "Edge";

    /// An upgrade waits for an allocation no longer than its budget.
    ///
    /// # Without it
    /// The tab waits for an app that does not come up, and shows nothing at all.
    ///
    /// # Seen in
    /// WebSocket Reconnect.
    UPGRADE_WAIT_BUDGET = "upgrade wait budget left", home "Edge", judges Time;

    /// An accepted socket stays with its allocation, whoever owns the route; it is cut only when that allocation is over.
    ///
    /// # Without it
    /// Every promotion throws everybody out at once.
    ///
    /// # Seen in
    /// WebSocket Reconnect ("keep live socket pinned after accept").
    SOCKET_PINNED = "socket pinned after accept", home "Edge", judges YesNo;

    /// An allocation that drains takes no new socket.
    ///
    /// # Without it
    /// It is never empty, and whoever came last is thrown out at the deadline.
    ///
    /// # Seen in
    /// WebSocket Reconnect, Host OS Upgrade.
    NO_SOCKETS_WHILE_DRAINING = "no new sockets while draining", home "Allocation Lifecycle", judges YesNo;

    /// A resume is claimed only for a state that is there.
    ///
    /// # Without it
    /// The tab is told that all is as it was, and what was typed is gone.
    ///
    /// # Seen in
    /// WebSocket Reconnect ("hydrate declared state or start fresh session").
    SESSION_STATE_PRESENT = "session state present", home "Allocation Lifecycle", judges YesNo;

    /// A session that was left alone is continued only within the resume window.
    ///
    /// # Without it
    /// Somebody opens the lid of a laptop and goes on with a state of last week.
    ///
    /// # Seen in
    /// WebSocket Reconnect.
    RESUME_WINDOW_OPEN = "resume window open", home "Allocation Lifecycle", judges Time;

    /// Whoever comes back is asked again who they are.
    ///
    /// # Without it
    /// Somebody who was locked out an hour ago works on, as long as the tab stays open.
    ///
    /// # Seen in
    /// WebSocket Reconnect.
    SESSION_AUTH_REVALIDATED = "session auth revalidated", home "Allocation Lifecycle", judges Time;

    /// A kept state is taken up only by what has the same schema.
    ///
    /// # Without it
    /// The new version reads the old version's state, and finds numbers where there should be names.
    ///
    /// # Seen in
    /// WebSocket Reconnect ("hydrate only if durable store and schema compatibility prove it").
    SESSION_SCHEMA_COMPATIBLE = "session schema compatible", home "Allocation Lifecycle";

    /// A session has one socket: the old one is closed before a new one is attached.
    ///
    /// # Without it
    /// Two tabs change one state, and each shows what the other has undone.
    ///
    /// # Seen in
    /// WebSocket Reconnect.
    ONE_SOCKET_PER_SESSION = "one socket per session", home "Allocation Lifecycle";

    /// A session is sent away only when what it holds is stored.
    ///
    /// # Without it
    /// A drain that looks gentle takes from everybody what they did last.
    ///
    /// # Seen in
    /// Host OS Upgrade, WebSocket Reconnect.
    STORED_BEFORE_MOVED = "session stored before it moves", home "Allocation Lifecycle", judges YesNo;

    /// One address has a bounded number of sockets.
    ///
    /// # Without it
    /// One machine opens sockets until there is no room for anybody else.
    ///
    /// # Seen in
    /// WebSocket Reconnect.
    SOCKETS_PER_ADDRESS = "sockets per address left", home "Allocation Lifecycle";

    /// Only the newest holder of a session may write it.
    ///
    /// # Without it
    /// A host that was cut off comes back and overwrites what has been done elsewhere since.
    ///
    /// # Seen in
    /// WebSocket Reconnect.
    SESSION_HOLDER_CURRENT = "session holder current", home "Session store";
}
