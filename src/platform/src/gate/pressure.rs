//! The gates that hold load back from what could not bear it: a provider in an outage, one that has just come back, the control plane's store.

machine::gates! {
    from super::bulk::END;

    /// No app is woken while own probes show that a provider which it is bound to is in an outage.
    ///
    /// # Without it
    /// Every visitor has an app started that can answer nobody, and the starts are used up when the provider is back.
    ///
    /// # Seen in
    /// Provider Outage, Wake.
    WAKE_NOT_POINTLESS = "providers of the app not in an outage", home "Provider Outage", judges YesNo;

    /// Apps that could not be woken in an outage are woken a few at a time once it is over.
    ///
    /// # Without it
    /// All of them start at once and call a provider that has just come back.
    ///
    /// # Seen in
    /// Provider Outage, Wake Stampede.
    WAKES_RETURN_IN_STEPS = "wakes return in steps", home "Provider Outage", waits;

    /// No app is woken while more writes wait for the control plane's store than may.
    ///
    /// # Without it
    /// Every visitor adds to what waits, and nothing that was begun before comes to an end.
    ///
    /// # Seen in
    /// Wake, Slow Store.
    STORE_KEEPS_UP = "store keeps up", home "Wake";

    /// The journal of deliveries takes in one more edge at a time, and only while hardly anything waits for the store.
    ///
    /// # Without it
    /// It is turned on everywhere again as soon as the store has recovered, and the store is where it was before.
    ///
    /// # Seen in
    /// Slow Store.
    JOURNAL_IN_STAGES = "journal in stages", home "Allocation Lifecycle", judges YesNo, waits;

    /// Only so many calls of consoles wait at the control plane; others are told when to come again.
    ///
    /// # Without it
    /// Consoles that call again and again fill the store, and what would end that waits behind them.
    ///
    /// # Seen in
    /// Production Promotion, Impatient Consoles.
    CALLS_BOUNDED = "calls bounded", home "Production Promotion";
}
