//! The gates of what requests need besides an owner and an allocation: keys, webhooks, assets, previews.

machine::gates! {
    from super::pipeline::END;

    /// A key is granted once: not while a request under it is under way, not after it was answered, not while nobody knows.
    ///
    /// # Without it
    /// The second press of the button reaches another edge, and the order is placed twice.
    ///
    /// # Seen in
    /// POST Action While Cold, Payment Webhook While Cold.
    KEY_FREE = "key not in use", home "Key store", judges YesNo;

    /// A key belongs to one body.
    ///
    /// # Without it
    /// Somebody who uses a key for something else gets the answer to what it was used for first.
    ///
    /// # Seen in
    /// POST Action While Cold.
    KEY_FINGERPRINT = "key used for this body only", home "Key store";

    /// Nothing goes out under a key before the store of keys has answered.
    ///
    /// # Without it
    /// The store is down for a moment, and everything that is repeated in that moment happens again.
    ///
    /// # Seen in
    /// POST Action While Cold, Payment Webhook While Cold.
    KEY_STORE_ANSWERS = "key store answers", home "Edge", judges YesNo;

    /// What has gone out and was not answered may be sent once more only if that changes nothing.
    ///
    /// # Without it
    /// The answer is lost on its way back, the request is sent again, and it happens twice.
    ///
    /// # Seen in
    /// POST Action While Cold ("do not silently replay").
    OUTCOME_KNOWN = "outcome known before a repeat", home "Edge", judges YesNo;

    /// What may change something does not travel as early data.
    ///
    /// # Without it
    /// Anybody on the way sends the same bytes again, and the platform takes them for a new request.
    ///
    /// # Seen in
    /// POST Action While Cold.
    NO_EARLY_CHANGES = "no changes in early data", home "Edge", judges YesNo;

    /// An allocation that was ordered to stop takes nothing new that may change something.
    ///
    /// # Without it
    /// An edge that has not heard of the new owner has the old version write what the new one has to live with.
    ///
    /// # Seen in
    /// POST Action While Cold, Payment Webhook While Cold.
    ALLOCATION_UNFENCED = "allocation not fenced", home "Runner", judges YesNo;

    /// A good answer leaves the host only after what it promises is durable.
    ///
    /// # Without it
    /// The provider hears that all is well, the write is lost, and nobody sends the event again.
    ///
    /// # Seen in
    /// Payment Webhook While Cold ("never 2xx before a durable commit").
    EFFECT_BEFORE_ANSWER = "effect before answer", home "Runner", judges YesNo, waits;

    /// A webhook is believed only with its provider's signature.
    ///
    /// # Without it
    /// Whoever knows the URL can say that something was paid.
    ///
    /// # Seen in
    /// Payment Webhook While Cold.
    WEBHOOK_SIGNATURE = "webhook signature valid", home "Edge", judges YesNo;

    /// A signature counts for a short while only.
    ///
    /// # Without it
    /// A delivery that somebody has written down can be played back for ever.
    ///
    /// # Seen in
    /// Payment Webhook While Cold.
    WEBHOOK_TIMESTAMP = "webhook timestamp within tolerance", home "Edge", judges Time;

    /// A webhook waits no longer than its provider does, and so that its signature does not grow old here.
    ///
    /// # Without it
    /// The edge becomes a replay buffer that nobody sees: the provider has given up and sends again what is still held.
    ///
    /// # Seen in
    /// Payment Webhook While Cold ("never turn a provider webhook into an invisible replay buffer").
    WEBHOOK_WINDOW = "webhook within its window", home "Edge", judges Time;

    /// The bytes of an asset must have the digest that its URL names, wherever they come from.
    ///
    /// # Without it
    /// Wrong bytes are served under a name that every browser keeps for a year.
    ///
    /// # Seen in
    /// Immutable Asset Request.
    ASSET_BYTES_VERIFIED = "asset bytes verified", home "Edge", judges Digest;

    /// No asset wakes an app.
    ///
    /// # Without it
    /// Every wrong link and every bot that guesses names starts an app that has nothing to say about it.
    ///
    /// # Seen in
    /// Immutable Asset Request ("do not wake the app").
    ASSETS_WAKE_NOBODY = "assets wake nobody", home "Edge", judges YesNo;

    /// A path of an asset means what the manifest of the route's owner says.
    ///
    /// # Without it
    /// After a promotion the new pages get the old styles, for as long as the edge remembers them.
    ///
    /// # Seen in
    /// Immutable Asset Request.
    MANIFEST_OF_OWNER = "manifest of the route owner", home "Edge";

    /// A preview's host leads to that preview or nowhere.
    ///
    /// # Without it
    /// A preview that has been removed shows the production, and everybody believes that they have seen the preview.
    ///
    /// # Seen in
    /// Preview Deploy Request ("route to preview environment owner, not production owner").
    PREVIEW_OWNER_ONLY = "preview owner only", home "Edge", judges YesNo;

    /// A preview has data of its own.
    ///
    /// # Without it
    /// Trying something out changes what customers have.
    ///
    /// # Seen in
    /// Preview Deploy Request, Database Migration (failure mode "preview mutates production").
    PREVIEW_ISOLATED = "preview isolated", home "Edge", judges YesNo;

    /// Previews are started by a budget of their own.
    ///
    /// # Without it
    /// A preview that cannot come up is started until there is no room for anything else.
    ///
    /// # Seen in
    /// Preview Deploy Request.
    PREVIEW_BUDGET = "preview wake budget available", home "Edge";
}
