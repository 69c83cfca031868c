//! The gates of who asks and what an answer says: people before errands, affinity, previews that are over, what may be kept.

machine::gates! {
    from super::joints::END;

    /// Whoever comes in person has a slot before what comes on an errand, and goes before it.
    ///
    /// # Without it
    /// A crawler takes every slot of a sleeping app, and the people who come then are sent away.
    ///
    /// # Seen in
    /// GET Page While Sleeping.
    PEOPLE_FIRST = "people before errands", home "Edge", judges YesNo;

    /// Nothing is woken for an errand on a route whose owner wants that not.
    ///
    /// # Without it
    /// An app that nobody looks at runs all night, since a crawler comes by every minute.
    ///
    /// # Seen in
    /// GET Page While Sleeping.
    ERRANDS_WAKE = "errands may wake the app", home "Edge", judges YesNo;

    /// A visitor goes to the allocation of the last visit only if it still serves under the route's owner.
    ///
    /// # Without it
    /// What a browser brings along decides who answers, and an old version goes on serving whoever was there before.
    ///
    /// # Seen in
    /// GET Page While Hot.
    AFFINITY_SERVES = "affinity target serves", home "Edge", judges YesNo;

    /// A preview that has a later one in its place is shown for as long as it is kept, and not longer.
    ///
    /// # Without it
    /// Somebody finds good what nobody works on any more, and says so.
    ///
    /// # Seen in
    /// Preview Deploy Request.
    PREVIEW_RETAINED = "preview within its retention", home "Edge", judges Time;

    /// Only what is named by its digest may be kept without asking again.
    ///
    /// # Without it
    /// After a promotion every browser that has been there shows the old styles for a year, and nobody can call them back.
    ///
    /// # Seen in
    /// Immutable Asset Request.
    IMMUTABLE_BY_DIGEST = "immutable only by digest", home "Edge", judges YesNo, waits;

    /// An event is kept, and its provider told that all is well, only where the route's owner has agreed to an inbox.
    ///
    /// # Without it
    /// The platform takes over what nobody has asked it to: the provider stops sending, and nobody knows where the event is.
    ///
    /// # Seen in
    /// Payment Webhook While Cold, Stored Webhooks.
    INBOX_CONTRACT = "durable inbox agreed", home "Edge", judges YesNo;

    /// A provider is told that its event is kept after that is on a disk.
    ///
    /// # Without it
    /// The provider hears that all is well, the inbox dies, and nobody has the event.
    ///
    /// # Seen in
    /// Stored Webhooks ("never 2xx before a durable commit").
    INBOX_DURABLE = "kept before good is said", home "Edge", judges YesNo;

    /// The events of a route are delivered in the order in which they were kept.
    ///
    /// # Without it
    /// The refund reaches the app before the payment does.
    ///
    /// # Seen in
    /// Stored Webhooks.
    INBOX_ORDER = "inbox delivers in order", home "Inbox", judges YesNo, waits;
}
