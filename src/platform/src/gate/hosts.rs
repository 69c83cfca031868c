//! The gates of taking a host out of use, upgrading it and giving it back. The first four carry the names of the
//! state-machine gallery (Host Drain / OS Upgrade); the others are the guards around them.

machine::gates! {
    from super::region::END;

    /// With this host gone, a majority of the voters must still be healthy.
    ///
    /// # Without it
    /// Two voters are down at once, and with them the majority: the control plane's store decides nothing any more.
    ///
    /// # Seen in
    /// Host OS Upgrade ("do not drain below quorum").
    QUORUM_HEALTHY = "quorum remains healthy", home "Host Drain / OS Upgrade";

    /// Everything on the host must fit elsewhere, and after that the others must still be able to lose one more host.
    ///
    /// # Without it
    /// A host is emptied into a fleet that is full, and the next host that dies takes its apps with it.
    ///
    /// # Seen in
    /// Host OS Upgrade (verify runner headroom).
    RUNNER_HEADROOM = "runner headroom exists", home "Host Drain / OS Upgrade", judges Bytes;

    /// A host is switched off only when nothing runs on it any more: what it had was moved, or has ended honestly.
    ///
    /// # Without it
    /// The host is switched off under whoever is connected to it, and the drain is called done.
    ///
    /// # Seen in
    /// Host OS Upgrade ("do not kill active sessions while claiming drain").
    SESSIONS_CAN_DRAIN = "active sessions can drain", home "Host Drain / OS Upgrade", waits;

    /// After the upgrade the host must be what the automation makes of it, without changes by hand.
    ///
    /// # Without it
    /// A host that differs from all others goes back into use, and nobody has written down how.
    ///
    /// # Seen in
    /// Host OS Upgrade ("do not hand-edit host drift").
    DRIFT_CHECKS = "drift checks pass", home "Host Drain / OS Upgrade", judges YesNo;

    /// Nothing new is placed on a host that is cordoned.
    ///
    /// # Without it
    /// The host fills up as fast as it is emptied.
    ///
    /// # Seen in
    /// Host OS Upgrade (cordon host).
    HOST_NOT_CORDONED = "host not cordoned", home "Scheduler", judges YesNo;

    /// Only so many hosts of one zone are taken out of use at once.
    ///
    /// # Without it
    /// A bulk order empties a whole zone.
    ///
    /// # Seen in
    /// Host OS Upgrade ("do not drain all hosts of an app together").
    ZONE_FREE = "drains in zone within limit", home "Host Drain / OS Upgrade", waits;

    /// The provider of machines must have answered lately before anything is begun that needs it to finish.
    ///
    /// # Without it
    /// Host after host is emptied and switched off while nobody can bring one back.
    ///
    /// # Seen in
    /// Host OS Upgrade, Provider Outage.
    PROVIDER_ANSWERS = "provider answers", home "Host Drain / OS Upgrade", judges Time, waits;

    /// While the agent of some upgraded host is known to be broken, no further host is begun with the same image.
    ///
    /// # Without it
    /// The broken agent is rolled out to the whole fleet, host by host.
    ///
    /// # Seen in
    /// Host OS Upgrade (runner-agent regression).
    ROLLOUT_OPEN = "rollout not frozen", home "Host Drain / OS Upgrade", judges YesNo;

    /// What serves leaves a host only when its replacement serves elsewhere.
    ///
    /// # Without it
    /// The app is gone for as long as its replacement takes to start.
    ///
    /// # Seen in
    /// Host OS Upgrade (start replacement allocations where needed).
    REPLACEMENT_SERVES = "replacement serves first", home "Host Drain / OS Upgrade", waits;

    /// Only so many allocations of one app leave at once, and never more than the app can spare.
    ///
    /// # Without it
    /// Everybody who was connected to the app has to connect anew in the same moment.
    ///
    /// # Seen in
    /// Host OS Upgrade (paced drain).
    DRAIN_PACE = "drain pace kept", home "Host Drain / OS Upgrade", waits;

    /// The bootstrap automation installs an image only if it was approved.
    ///
    /// # Without it
    /// Whatever somebody typed runs on the hosts.
    ///
    /// # Seen in
    /// Host OS Upgrade (rebuild host through bootstrap automation).
    IMAGE_APPROVED = "host image approved", home "Host Drain / OS Upgrade", judges YesNo;

    /// An upgrade is over when the agent speaks from another boot than before, under the new version.
    ///
    /// # Without it
    /// A message that the host sent before it was switched off passes for its return.
    ///
    /// # Seen in
    /// Host OS Upgrade (run postchecks).
    BOOT_ID_CHANGED = "boot id changed", home "Host Drain / OS Upgrade", waits;

    /// A postcheck counts only for the boot that it was made in.
    ///
    /// # Without it
    /// A result from before the last reboot decides about the host as it is now.
    ///
    /// # Seen in
    /// Host OS Upgrade (run postchecks).
    POSTCHECK_CURRENT = "postcheck of this boot", home "Host Drain / OS Upgrade";

    /// The agent's protocol, its check of digests, a test allocation, and the network routes after a restart of their
    /// service must all be right before the host is used again.
    ///
    /// # Without it
    /// The host looks alive, takes allocations, and nobody can reach them.
    ///
    /// # Seen in
    /// Host OS Upgrade ("uncordon to relieve pressure before postcheck").
    HOST_CHECKS = "host postchecks pass", home "Host Drain / OS Upgrade", judges YesNo;

    /// A host that fails its postcheck is rebuilt only so often.
    ///
    /// # Without it
    /// The same broken image is installed for ever.
    ///
    /// # Seen in
    /// Host OS Upgrade.
    REBUILDS_LEFT = "rebuilds left", home "Host Drain / OS Upgrade";

    /// A drain may be called off only if the host is still what it was.
    ///
    /// # Without it
    /// A host that somebody changed by hand goes back into use unchecked.
    ///
    /// # Seen in
    /// Host OS Upgrade ("do not hand-edit host drift").
    HOST_UNMODIFIED = "host unmodified", home "Host Drain / OS Upgrade", judges YesNo;
}
