//! The gates of Deploy Pipeline and of attempts to deploy.

machine::gates! {
    from super::promotion::END;

    /// The files that are generated and committed are those that the commit's own sources make.
    ///
    /// # Without it
    /// The preview shows what somebody generated last month.
    ///
    /// # Seen in
    /// Deploy Pipeline (failure mode: stale artifacts).
    GENERATED_CURRENT = "generated artifacts current", home "Deploy Pipeline", judges Digest;

    /// It is known whether live state survives the change.
    ///
    /// # Without it
    /// Every open session loses what it holds, and nobody had decided that.
    ///
    /// # Seen in
    /// Deploy Pipeline.
    STATE_IMPACT_CLASSIFIED = "Vango state impact classified", home "Deploy Pipeline", judges YesNo;

    /// It is known whether the change needs another schema.
    ///
    /// # Without it
    /// The app asks for a column that nobody has planned.
    ///
    /// # Seen in
    /// Deploy Pipeline.
    DB_IMPACT_CLASSIFIED = "DB impact classified", home "Deploy Pipeline", judges YesNo;

    /// Every secret and every provider that the app asks for is there.
    ///
    /// # Without it
    /// The preview comes up and cannot reach anything.
    ///
    /// # Seen in
    /// Deploy Pipeline.
    BINDINGS_BOUND = "secrets/providers bound", home "Deploy Pipeline";

    /// Somebody has agreed to lose live state for exactly this artifact.
    ///
    /// # Without it
    /// An agreement to yesterday's build is taken for today's.
    ///
    /// # Seen in
    /// Deploy Pipeline (failure mode: cold deploy needs approval).
    COLD_ACKNOWLEDGED = "cold deploy acknowledged", home "Deploy Pipeline", judges Digest;

    /// The migration that the change needs has been applied.
    ///
    /// # Without it
    /// The preview meets a schema that it does not know.
    ///
    /// # Seen in
    /// Deploy Pipeline (failure mode: migration blocks preview).
    MIGRATION_APPLIED = "migration applied", home "Deploy Pipeline";

    /// What is built is what the commit says.
    ///
    /// # Without it
    /// A branch that moved meanwhile is built under the name of the commit that was asked for.
    ///
    /// # Seen in
    /// Deploy Pipeline.
    TREE_PINNED = "tree pinned by commit", home "Deploy Pipeline", judges Digest;

    /// The registry finds the same digest in what it was given as the builder says it has built.
    ///
    /// # Without it
    /// What is stored is not what was built.
    ///
    /// # Seen in
    /// Deploy Pipeline (failure mode: build digest mismatch).
    BUILD_DIGEST_MATCHES = "build digest matches", home "Deploy Pipeline", judges Digest;

    /// After a mismatch the second try is made by another builder.
    ///
    /// # Without it
    /// The machine that spoilt the first build spoils the second.
    ///
    /// # Seen in
    /// Deploy Pipeline (failure mode: build digest mismatch).
    OTHER_BUILDER = "second try elsewhere", home "Deploy Pipeline", waits;

    /// What a builder says counts only under the newest lease.
    ///
    /// # Without it
    /// A builder that was given up attaches its artifact over that of the next.
    ///
    /// # Seen in
    /// Deploy Pipeline.
    BUILD_TOKEN = "build token current", home "Deploy Pipeline";

    /// A build is begun anew only a few times.
    ///
    /// # Without it
    /// A commit that kills its builders takes one after the other.
    ///
    /// # Seen in
    /// Deploy Pipeline.
    BUILD_TRIES_LEFT = "build tries left", home "Deploy Pipeline";

    /// What was seen of the environment is still new when the preview is called ready.
    ///
    /// # Without it
    /// The secret was there when somebody looked, and that was before the preview began to start.
    ///
    /// # Seen in
    /// Deploy Pipeline.
    PREVIEW_EVIDENCE_FRESH = "preview evidence fresh", home "Deploy Pipeline", judges Time, waits;

    /// An allocation of exactly this artifact runs and answers.
    ///
    /// # Without it
    /// The link in the review opens nothing.
    ///
    /// # Seen in
    /// Deploy Pipeline.
    PREVIEW_ALLOCATION_READY = "preview allocation ready", home "Deploy Pipeline", judges YesNo, waits;

    /// A deployment has one attempt at a time.
    ///
    /// # Without it
    /// Two attempts change the same thing, and each says that it was well.
    ///
    /// # Seen in
    /// Deployment attempt.
    ONE_ATTEMPT = "no attempt in flight", home "Deployment attempt", judges YesNo;

    /// Nothing new is tried before it is known what became of the last try.
    ///
    /// # Without it
    /// The attempt that nobody had heard of goes on under the new one.
    ///
    /// # Seen in
    /// Deployment attempt.
    PREVIOUS_KNOWN = "previous attempt known", home "Deployment attempt", judges YesNo;

    /// Nothing new is tried once a deployment is being torn down.
    ///
    /// # Without it
    /// What was torn down is back.
    ///
    /// # Seen in
    /// Deployment attempt.
    NOT_TORN_DOWN = "not being torn down", home "Deployment attempt", judges YesNo;

    /// What a worker says counts only under the newest lease.
    ///
    /// # Without it
    /// Two workers carry out the same attempt.
    ///
    /// # Seen in
    /// Deployment attempt.
    ATTEMPT_TOKEN = "attempt lease current", home "Deployment attempt";

    /// An unknown attempt ends only because somebody has looked at what it should have made.
    ///
    /// # Without it
    /// What is still under way is called failed.
    ///
    /// # Seen in
    /// Deployment attempt.
    END_OBSERVED = "end observed", home "Deployment attempt", judges YesNo;

    /// An attempt is called off only if it has had no effect, and can have none any more.
    ///
    /// # Without it
    /// It is called failed, and what it made runs.
    ///
    /// # Seen in
    /// Deployment attempt.
    NO_EFFECT_PROVEN = "no effect proven", home "Deployment attempt", judges YesNo;

    /// Nothing is torn down while nobody knows what is there.
    ///
    /// # Without it
    /// The record is gone, and what it was the record of is not.
    ///
    /// # Seen in
    /// Deployment attempt (failure mode: teardown of unknown).
    TEARDOWN_KNOWN = "state known before teardown", home "Deployment attempt", judges YesNo;

    /// An attempt is called off before what it makes is torn down.
    ///
    /// # Without it
    /// The worker puts back what was just taken away.
    ///
    /// # Seen in
    /// Deployment attempt.
    CANCELLED_FIRST = "cancelled before teardown", home "Deployment attempt", judges YesNo;
}
