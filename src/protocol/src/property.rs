//! Properties: what must hold of every run, declared once. The crate `world` checks them after every entry.

use serde::{Deserialize, Serialize};

/// What a property claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It holds after every entry.
    Always,
    /// It comes true in the end, once the faults are over.
    Eventually,
    /// It happens at all: a guard against runs in which nothing happens.
    Sometimes,
}

/// One property.
#[derive(Clone, Copy, Debug)]
pub struct PropertySpec {
    /// Its id (`o-14`).
    pub id: &'static str,
    /// Its short name.
    pub title: &'static str,
    /// What it claims.
    pub kind: Kind,
    /// One plain sentence.
    pub doc: &'static str,
}

macro_rules! properties {
    ($( $kind:ident $id:literal $title:literal $doc:literal; )+) => {
        /// Every property, in the order in which it is checked.
        pub static PROPERTIES: &[PropertySpec] = &[$( PropertySpec { id: $id, title: $title, kind: Kind::$kind, doc: $doc } ),+];
    };
}

properties! {
    Always "o-3" "Events tell of commits" "Every published event has a durable commit, and every commit has exactly one outbox row.";
    Always "o-5" "Only the owner serves" "No edge hands a request to an allocation of another epoch than the owner it holds.";
    Always "o-8" "Tokens only rise" "No state changes on a token below the highest one issued for its subject.";
    Always "o-13" "A repeat changes nothing" "Handling a message that was delivered before leaves the node as it was.";
    Always "o-14" "Verified bytes only" "No process starts from bytes whose digest is not the deployment's.";
    Always "o-18" "Unsafe requests go out once" "An edge hands each unsafe request, and each idempotency key, to an app at most once.";
    Always "o-21" "Holding is bounded" "Held requests stay within slots and bytes, and none waits longer than its budget.";
    Always "o-22" "Unsafe requests wait only by contract" "No unsafe request is held unless its route's contract and its key allow it.";
    Always "o-25" "One wake at a time" "There is at most one active wake per route, region and epoch, and starts stay within their limit.";
    Always "o-26" "Hot means ready" "A wake is hot only while an allocation of the current epoch has passed its readiness checks.";
    Always "o-27" "Serving means ready, heard of and current" "Only an allocation that is ready, whose runner is connected and whose token is current is in rotation.";
    Always "o-28" "Ended stays ended" "Nothing leaves a terminal state.";
    Always "o-38" "Evidence is fresh" "Nothing becomes ready by what was looked at longer ago than its time to live.";
    Always "o-42" "Same run, same fingerprint" "Running the same scenario, seed and actions again gives the same fingerprint.";
    Always "hosts-have-room" "Hosts are not overbooked" "The memory promised on a host never exceeds what it has.";
    Always "drains-are-honest" "Drains are honest" "No process is stopped as drained while it has requests in flight and its deadline has not come.";
    Always "releases-are-paced" "Releases are paced" "After a wake an edge lets the held requests of a route go no faster than its release rate.";
    Always "starts-are-bounded" "Starts are bounded" "No app is started more often within the wake window than its wake budget allows.";
    Always "restarts-are-bounded" "Restarts are bounded" "No process is restarted in place more often within the restart window than its budget allows.";
    Always "orders-are-current" "Orders are current" "No runner starts a process on an order that a newer one, or its end, has overtaken.";
    Always "acks-are-durable" "Acknowledged is durable" "Nothing is acknowledged before what it has changed is on the disk.";
    Eventually "events-get-around" "Events get around" "Every edge has the newest event of every allocation soon after troubles are over.";
    Eventually "l-1" "Operations end" "Every wake, every start and every deployment on its way ends, or rests with a reason, within its deadline.";
    Eventually "l-2" "Requests are answered" "Every request that arrived at an edge is answered.";
    Eventually "l-6" "Demand wakes" "A route with safe demand and healthy inputs becomes hot.";
    Always "o-34" "Visitors go to eligible regions" "No visitor is sent to a region that is not eligible, or has not been for longer than the door's permission lasts.";
    Always "residency-is-kept" "Residency is kept" "No visitor is sent to a region for longer than the door's permission lasts after its data may not live there any more.";
    Always "regions-move-on-facts" "Regions move on facts" "No region leaves a stage before everything that the next one needs has been so there, as lately as evidence may be old.";
    Always "shut-regions-are-empty" "Shut regions are empty" "No visitor is sent to a region whose hosts have been stopped.";
    Eventually "regions-settle" "Regions settle" "A region that was asked for, may be used and lacks nothing becomes eligible.";
    Sometimes "some-region-opens" "A region opens" "Some region becomes eligible.";
    Sometimes "some-region-waits" "A region waits" "Some enablement waits for something that its region lacks.";
    Sometimes "some-region-is-taken-out" "A region is taken out" "Some region is disabled.";
    Always "o-35" "One migrator, one plan, never on production" "A step goes in only under the lock and by the plan that was tried, and no plan is tried on production.";
    Always "o-37" "Old apps can read" "No schema is changed before every artifact in use and in the rollback window can work with it.";
    Always "steps-go-in-once" "Steps go in once" "No step of a migration is applied twice.";
    Always "migrations-can-be-undone" "Migrations can be undone" "No schema is changed without a restore point and a written way back.";
    Always "data-goes-by-approval" "Data goes by approval" "No step that takes data away is applied before somebody approved it.";
    Always "lock-waits-are-bounded" "Lock waits are bounded" "No attempt waits for the lock more often than it may.";
    Always "verified-is-verified" "Verified is verified" "A migration is verified only if all its steps are in.";
    Eventually "migrations-settle" "Migrations settle" "Every migration that was asked for ends, or waits and says for what.";
    Eventually "locks-are-given-back" "Locks are given back" "Whoever needs the lock no more gives it back, unless nobody knows what became of a step.";
    Sometimes "some-migration-is-verified" "A migration is verified" "Some migration is verified.";
    Sometimes "some-migration-waits" "A migration waits" "Some migration is blocked.";
    Sometimes "some-step-is-unknown" "A step is unknown" "Nobody knows what became of some step.";
    Always "o-39" "Deleted is not installed" "A deployment that is being deleted is never installed again in the same life.";
    Always "mass-removals-wait" "Mass removals wait" "No commit that removes nearly everything, or all of it, goes on before somebody has approved it.";
    Always "quarantine-is-kept" "Quarantine is kept" "A version that was rolled back is not tried again while Git wants the same.";
    Always "attempts-are-bounded" "Attempts are bounded" "No version is tried more often than the retry budget allows.";
    Always "attempts-are-current" "Attempts are current" "No attempt begins for anything but what is wanted at that moment.";
    Always "attempts-begin-in-reach" "Attempts begin in reach" "No attempt begins while its node has not been heard of for too long.";
    Always "hopeless-causes-rest" "Hopeless causes rest" "What cannot end otherwise is not tried again while Git wants the same.";
    Always "rollbacks-are-sound" "Rollbacks are sound" "A deployment goes back only where its owner wants that, to a version that has run well and can read the data.";
    Always "deleted-means-gone" "Deleted means gone" "Nothing of a deleted deployment is on its node, and nothing of it is started there.";
    Always "installed-means-healthy" "Installed means healthy" "A deployment becomes installed only when the version has passed its checks on its node.";
    Always "images-in-use-stay" "Images in use stay" "No image is removed while something on its node uses it.";
    Eventually "deployments-converge" "Deployments converge" "Once troubles are over each deployment is what Git wants, or rests with a reason.";
    Sometimes "some-deployment-is-installed" "A deployment is installed" "Some deployment is installed.";
    Sometimes "some-deployment-goes-back" "A deployment goes back" "Some deployment is rolled back.";
    Sometimes "some-deployment-is-retried" "A deployment is retried" "Some failed attempt is made again.";
    Sometimes "some-deployment-is-reconciled" "A deployment is reconciled" "Some node proves late that its attempt had succeeded.";
    Sometimes "some-deployment-is-never-delivered" "A deployment is never delivered" "Some deployment is removed before anything was sent.";
    Sometimes "some-deployment-lives-again" "A deployment lives again" "Some deployment is added again after it was deleted.";
    Sometimes "some-prune-is-held" "A prune is held" "Some commit that removes very much is held.";
    Sometimes "some-removal-is-stuck" "A removal is stuck" "Some removal does not get on for long.";
    Sometimes "some-deployment-is-degraded" "A deployment is degraded" "Some installed deployment is not well for a while.";
    Always "o-1" "Epochs rise by one" "Every change of an owner raises its route's epoch by exactly one; only a recorded floor, after a restore, raises it further.";
    Always "o-2" "One owner per epoch" "Every owner replaced the one that its promotion was judged against, and no epoch is given twice.";
    Always "o-4" "Edges go forward" "No edge ever lowers a route's epoch.";
    Always "o-6" "Health chooses no owner" "No owner changes because of what a runner says.";
    Always "o-9" "Old tables are doubted" "An edge that lacks an event of the log for too long doubts its table.";
    Always "o-10" "Nothing is skipped" "What an edge applies follows directly on its snapshot and on itself, in one log.";
    Always "o-11" "Nothing is applied over a gap" "Between a gap and the next snapshot an edge applies no event.";
    Always "o-12" "Snapshots are genuine" "A snapshot that an edge takes is signed, whole, and not behind what the edge has applied.";
    Always "snapshots-are-durable" "Snapshots are durable" "No snapshot is kept while something of it is not on the disk yet.";
    Always "o-15" "What is promoted was validated" "An artifact that gets a route was validated in a preview, with the same configuration.";
    Always "o-16" "The way back is proven" "A route goes back only to an artifact that was healthy and can read the database.";
    Always "owners-follow" "Owners follow each other" "What an edge applies replaces the owner that it knew.";
    Always "owners-are-real" "Owners are real" "Every owner that an edge knows was committed by the control plane.";
    Always "log-tells-once" "The log tells once" "Every change of an owner is in the log once, and in order.";
    Always "freezes-hold" "Freezes hold" "While production is frozen, no promotion changes an owner.";
    Always "promotions-are-approved" "Promotions are approved" "Where production wants approval, somebody else has approved exactly what gets the route.";
    Always "promotions-find-services" "Promotions find services" "No promotion changes an owner while what the artifact needs has been away for long.";
    Always "owners-can-read" "Owners can read" "Whoever gets a route can read the database.";
    Always "healthy-is-everywhere" "Healthy is everywhere" "When a promotion is healthy, every edge that is there has its owner.";
    Always "doubters-do-not-vouch" "Doubters do not vouch" "When a promotion is healthy, no edge has doubted its table for long.";
    Always "healthy-has-behaved" "Healthy has behaved" "A healthy promotion was watched for long enough, and answered well.";
    Always "gaps-end-by-baseline" "Gaps end by a snapshot" "Nothing but a snapshot has an edge trust its table again.";
    Always "doubtful-owners-are-bounded" "Doubtful owners are bounded" "While an edge doubts its table, only safe requests of routes that allow it go through, and not for long.";
    Eventually "l-4" "Gaps are closed" "An edge that doubts its table takes a snapshot soon after troubles are over.";
    Eventually "l-5" "Owners get around" "Every edge has the newest owner of every route soon after troubles are over.";
    Eventually "promotions-settle" "Promotions settle" "Every promotion ends, or waits and says for what.";
    Sometimes "some-promotion-is-healthy" "A promotion is healthy" "Some promotion becomes healthy.";
    Sometimes "some-promotion-is-taken-back" "A promotion is taken back" "Some promotion is rolled back.";
    Sometimes "some-promotions-conflict" "Promotions conflict" "Two promotions are judged against the same predecessor.";
    Sometimes "some-edge-doubts" "An edge doubts" "Some edge finds a gap.";
    Sometimes "some-log-is-another" "A log is another" "The log gets a new incarnation.";
    Sometimes "some-way-back-is-closed" "A way back is closed" "Some promotion cannot be taken back.";
    Sometimes "some-acknowledgement-is-late" "An acknowledgement is late" "What an edge said arrives after something newer.";
    Always "o-19" "Effects happen once" "Under one idempotency key, and for one event of a provider, something happens at most once.";
    Always "o-20" "Effects come before answers" "A webhook is answered well only after what it does is durable.";
    Always "o-23" "Assets wake nobody" "No request for an asset wakes an app or is handed to one.";
    Always "o-24" "Previews and production are apart" "A request for a preview reaches that preview or nothing, and one for the production no preview.";
    Always "previews-are-isolated" "Previews are isolated" "No request is handed to a preview that is bound to the production's data.";
    Always "preview-wakes-are-bounded" "Preview wakes are bounded" "No edge asks for more wakes of a preview within the window than its budget allows.";
    Always "answers-fit-their-bodies" "Answers fit their bodies" "Nobody gets the stored answer to another body.";
    Always "no-early-changes" "No changes in early data" "Nothing that came as early data and may change something is handed out.";
    Always "fenced-does-nothing" "Fenced means nothing more" "No allocation that was ordered to stop takes a request that may change something.";
    Always "webhooks-are-genuine" "Webhooks are genuine" "No webhook is believed without the provider's signature, or on one that is too old.";
    Always "webhooks-keep-their-window" "Webhooks keep their window" "No webhook waits longer than its provider does, or so long that its signature could grow old.";
    Always "assets-are-verified" "Assets are verified" "No bytes are served as an asset but those that its digest names.";
    Always "paths-follow-the-owner" "Paths follow the owner" "A path of an asset means what the manifest of the owner says that the edge holds.";
    Sometimes "some-effect-happens" "An effect happens" "Something that a request changes is durable.";
    Sometimes "some-answer-is-stored" "An answer is stored" "Some repeat gets the stored answer.";
    Sometimes "some-outcome-is-unknown" "An outcome is unknown" "Nobody knows what became of some request.";
    Sometimes "some-outcome-is-proven" "An outcome is proven" "The product's database proves what nobody knew.";
    Sometimes "some-request-is-fenced" "A request is fenced" "Some request is turned away by an allocation that was ordered to stop.";
    Sometimes "some-webhook-is-deferred" "A webhook is deferred" "Some webhook is sent away to come again.";
    Sometimes "some-event-comes-twice" "An event comes twice" "Some event that was processed is delivered again.";
    Sometimes "some-asset-comes-from-the-edge" "An asset comes from the edge" "Some asset is served without asking the store.";
    Sometimes "some-preview-is-validated" "A preview is validated" "Some preview answers from exactly its own deployment.";
    Always "o-36" "One writable instance" "At most one instance of production's database takes writes.";
    Always "fenced-writes-bounce" "Fenced writes bounce" "No write is taken by an instance that is closed, or under an epoch that is over.";
    Always "bindings-are-new" "Bindings are new" "Every instance that production is bound to has a higher epoch than those before it.";
    Always "losses-are-told" "Losses are told" "Whatever had an effect outside and is gone after a restore is counted.";
    Always "restores-are-clean" "Restores are clean" "What production is bound to after a restore is from before its data went wrong.";
    Always "production-gets-its-own" "Production gets its own" "Production is bound to its own data, and to no other environment's.";
    Always "losses-are-accepted" "Losses are accepted" "Nothing is restored from further back than production may lose, unless somebody accepted that.";
    Always "restored-can-be-read" "What is restored can be read" "The app that is served can read what production is bound to.";
    Always "told-once" "Told once" "Nothing that an app has written happens twice outside.";
    Eventually "restores-settle" "Restores settle" "Every restore ends, or says what it waits for.";
    Eventually "production-writes-again" "Production writes again" "Once troubles are over, production's writes are taken.";
    Sometimes "some-restore-is-done" "A restore is done" "Some restore brings production back.";
    Sometimes "some-write-bounces" "A write bounces" "Some write comes under a binding that is over.";
    Sometimes "some-restore-waits" "A restore waits" "Some restore waits or fails for a reason.";
    Sometimes "some-row-is-lost" "A row is lost" "Something that had an effect outside is gone after a restore, and that is told.";
    Sometimes "some-request-waits" "A request waits" "Some request is held while its app wakes.";
    Sometimes "some-wake-is-shared" "A wake is shared" "Some request joins a wake that is under way.";
    Sometimes "some-wake-gets-hot" "A wake gets hot" "Some wake becomes hot.";
    Always "o-29" "Drains count what they cut" "A host is called empty only when nothing runs on it, nothing is cut off before its deadline, and the numbers say what was cut.";
    Always "o-32" "Quorum is kept" "No host is switched off for an upgrade when that leaves fewer healthy voters than a majority.";
    Always "o-33" "Cordons and postchecks count" "A cordoned host gets nothing new, and goes back into use only unchanged or on postchecks of its last boot.";
    Always "one-drain-per-zone" "Zones are kept" "No more hosts of one zone are out of use at once than allowed.";
    Always "replacements-first" "Replacements first" "No serving allocation leaves a host that is drained before its replacement serves.";
    Always "drains-are-paced" "Drains are paced" "No more allocations of one app leave a host at once than allowed.";
    Always "drains-leave-room" "Drains leave room" "A drain begins only when the other hosts have room for what moves and could still lose one of them.";
    Always "images-are-approved" "Images are approved" "Only approved images are installed on hosts.";
    Always "rebuilds-are-bounded" "Rebuilds are bounded" "No version is installed on a host more often in one drain than its budget allows.";
    Always "provider-first" "Provider first" "No drain begins while the provider of machines is not known to answer.";
    Always "rollout-stops" "A broken agent stops the rollout" "While a host stands with a broken agent, no drain begins with the same version.";
    Always "upgrades-really-happen" "Upgrades really happen" "A host counts as back only when it was switched off and on again and has the version that was ordered.";
    Eventually "l-8" "Drains end" "What drains on a host has stopped by its deadline and some grace.";
    Eventually "drains-tell" "Drains go on or say why" "A drain of a host goes on within its deadlines or says what holds it.";
    Sometimes "some-host-is-upgraded" "A host is upgraded" "Some host is upgraded and used again.";
    Sometimes "some-drain-is-held" "A drain is held" "Some drain cannot go on for a while.";
    Sometimes "some-host-is-rebuilt" "A host is rebuilt" "Some host fails its postcheck and is built once more.";
    Always "generated-is-current" "Generated is current" "No preview is ready whose committed generated files are not those that its sources make.";
    Always "impacts-are-known" "Impacts are known" "No preview is ready before it is known what it does to live state and needs of the database.";
    Always "cold-goes-by-agreement" "Cold goes by agreement" "No preview that loses live state is ready before somebody has agreed to that for its artifact.";
    Always "previews-have-what-they-need" "Previews have what they need" "No preview is ready without its secrets, its providers, its migration or an allocation that answers.";
    Always "artifacts-are-their-commits" "Artifacts are their commits" "No artifact is attached that was made from another tree than the commit's.";
    Always "artifacts-are-what-was-built" "Artifacts are what was built" "No artifact is attached whose bytes in the registry are not those that were built.";
    Always "second-tries-move" "Second tries move" "No build goes back to the builder that spoilt it.";
    Always "branches-have-one" "Branches have one" "Once a newer commit of a branch is asked for, no older one goes on.";
    Always "l-11" "Tries are bounded" "No deployment is given to a builder more often than it may be.";
    Always "l-10" "Waiting names whom" "Whatever waits says for whom, and does not go on waiting for what is there.";
    Always "o-40" "One attempt at a time" "A deployment has at most one attempt in flight, and its state is that of its newest attempt.";
    Always "o-41" "Torn down only if known" "Nothing is torn down while it is unknown, unless somebody has looked what is there.";
    Always "attempts-follow-proof" "Attempts follow proof" "No attempt begins before it is known what became of the one before it.";
    Always "ends-are-real" "Ends are real" "An attempt is ready only if what it makes is there, and failed only if it is not and will not be.";
    Always "torn-down-is-gone" "Torn down is gone" "Nothing of a deployment is there once its teardown is over.";
    Always "sweeps-are-whole" "Sweeps are whole" "Every attempt of which nothing was heard for too long becomes unknown at the next sweep.";
    Eventually "l-7" "Unknown does not last" "Every unknown attempt is looked into, or somebody is called.";
    Eventually "l-3" "Commits are told" "Every commit of the pipeline reaches the log of events.";
    Eventually "l-9" "Leases are not left behind" "What nobody works on any more is given to somebody else within lease and sweep.";
    Sometimes "some-attempt-is-unknown" "An attempt is unknown" "Nobody knows what became of some attempt.";
    Sometimes "some-attempt-is-reconciled" "An attempt is reconciled" "Somebody looks, and an unknown attempt ends.";
    Sometimes "some-teardown-is-refused" "A teardown is refused" "Some teardown is refused because nobody knows what is there.";
    Sometimes "some-preview-is-ready" "A preview is ready" "Some deployment becomes a preview.";
    Sometimes "some-deploy-waits" "A deployment waits" "Some deployment is blocked.";
    Sometimes "some-build-is-spoilt" "A build is spoilt" "Some builder stores other bytes than it has built.";
    Sometimes "some-lease-is-lost" "A lease is lost" "Some builder is not heard of any more.";
    Sometimes "some-deploy-is-superseded" "A deployment is superseded" "Some deployment ends because of a newer commit.";
    Always "o-30" "Hydrated means kept, fitting and known" "A session is fetched only if the store answers, what it keeps fits what runs, and the identity is good.";
    Always "o-31" "One socket per session" "No session has two sockets.";
    Always "resumes-are-real" "Resumes are real" "Nobody is told of a resume when there is nothing to go on with.";
    Always "resumes-keep-the-window" "Resumes keep the window" "No session is continued that was left alone for longer than the resume window.";
    Always "sockets-know-who" "Sockets know who" "No socket is accepted on an identity that is not good any more.";
    Always "sockets-stay" "Sockets stay" "No accepted socket is cut while its allocation goes on.";
    Always "draining-takes-nobody" "Draining takes nobody" "No allocation that drains takes a new socket.";
    Always "moved-is-stored" "Moved is stored" "No session is sent away before everything that it holds is stored.";
    Always "newest-holder-writes" "The newest holder writes" "Nothing that an old holder has overwrites what a newer one has.";
    Always "accepts-are-paced" "Accepts are paced" "No edge accepts more sockets at once than its budget allows.";
    Always "upgrades-wait-in-bounds" "Upgrades wait in bounds" "No upgrade waits for an allocation longer than it may.";
    Always "addresses-are-bounded" "Addresses are bounded" "No address has more sockets at an allocation than one address may have.";
    Eventually "l-12" "Everybody comes back" "Once troubles are over, every tab that may come back has a socket again.";
    Sometimes "some-session-is-fresh" "A session is fresh" "Some tab begins anew.";
    Sometimes "some-session-is-resumed" "A session is resumed" "Some tab goes on where it was.";
    Sometimes "some-session-is-hydrated" "A session is hydrated" "Some tab goes on with what the store has kept.";
    Sometimes "some-session-is-migrated" "A session is migrated" "Some tab goes on with another version of the app.";
    Sometimes "some-session-is-moved" "A session is moved" "Some session leaves an allocation that drains.";
    Sometimes "some-session-is-forced" "A session is forced" "Some session is cut off.";
    Sometimes "some-session-is-left-alone" "A session is left alone" "Some session has no socket for a while.";
    Sometimes "some-state-does-not-fit" "A state does not fit" "Some kept state has another schema than what runs.";
    Sometimes "some-state-is-lost" "A state is lost" "Some tab goes on with less than it had.";
    Sometimes "some-reconnect-is-throttled" "A reconnect is throttled" "Some tab is sent away since too many come at once.";
    Sometimes "some-upgrade-waits" "An upgrade waits" "Some upgrade waits for an allocation and gets one.";
    Sometimes "some-upgrade-times-out" "An upgrade times out" "Some upgrade waits for an allocation in vain.";
    Sometimes "some-upgrade-meets-a-gap" "An upgrade meets a gap" "Some upgrade is refused since nobody knows who owns the route.";
    Sometimes "some-upgrade-waits-for-the-store" "An upgrade needs the store" "Some upgrade is refused since the session store does not answer.";
    Sometimes "some-store-is-silent" "The store is silent" "The session store does not answer in time.";
    Sometimes "some-holder-is-superseded" "A holder is superseded" "Some allocation holds a session that another has taken over.";
    Sometimes "some-tab-is-refused" "A tab is refused" "Some tab is told that its identity is not good any more.";
    Always "o-38-providers" "Evidence of providers is fresh" "No deploy, promotion, migration or wake begins on what was seen of its providers too long ago.";
    Always "work-waits-for-its-providers" "Work waits for its providers" "Nothing that needs a provider begins while the platform's own probes find it unwell.";
    Always "pauses-end-on-own-probes" "Pauses end on own probes" "What waited goes on only after enough good answers in a row.";
    Always "pauses-lift-in-steps" "Pauses lift in steps" "No more of what waited for a provider begins at once than a step allows.";
    Always "outages-are-real" "Outages are real" "Owners are told of a provider's trouble only if own probes show it.";
    Always "provider-failures-are-not-hidden" "Provider failures are not hidden" "No app is blamed for what is its provider's trouble.";
    Always "others-go-on" "Others go on" "Nothing waits for a provider that it does not need, and no owner is told of one.";
    Always "failovers-are-proven" "Failovers are proven" "Nobody is sent to a region whose providers are not known to be well.";
    Always "secrets-are-replaced-for-cause" "Secrets are replaced for cause" "No secret is replaced that was not refused.";
    Always "retries-back-off" "Retries back off" "Whoever calls a provider again has waited, longer after each failure.";
    Always "calls-are-bounded" "Calls are bounded" "No call of a provider is tried more often than it may be.";
    Eventually "callers-are-served" "Callers are served again" "Once troubles are over, whoever calls a provider gets an answer.";
    Sometimes "some-call-is-tried-again" "A call is tried again" "Some call of a provider fails and is tried again.";
    Sometimes "some-call-is-given-up" "A call is given up" "Some call of a provider is not tried any more.";
    Eventually "held-work-goes-on" "Held work goes on" "Once troubles are over, what waited is under way, or says what it waits for.";
    Sometimes "some-provider-is-paused" "A provider is paused" "Whatever needs some provider waits.";
    Sometimes "some-work-waits" "Work waits" "Some work waits for a provider.";
    Sometimes "some-pause-is-lifted" "A pause is lifted" "Nothing waits for some provider any more.";
    Sometimes "some-owner-is-told" "An owner is told" "Some owner is told whose trouble it is.";
    Sometimes "some-tab-is-locked-out" "A tab is locked out" "Some tab is told that too many come from its address, and never comes again.";
    Always "o-7" "What lives is kept" "No artifact is removed that owns a route, runs, is being promoted or may get a route back, no snapshot that is the newest, and no route becomes empty.";
    Always "o-17" "Nothing is built on the way" "No build occurs inside a promotion or its way back or under an owner, and a route goes back to the very artifact that it had.";
    Sometimes "some-deployment-is-built-again" "A deployment is built again" "Some deployment gets another artifact.";
    Sometimes "some-artifact-is-removed" "An artifact is removed" "Some artifact is old, needed by nobody, and removed.";
    Sometimes "some-snapshot-is-removed" "A snapshot is removed" "Some snapshot is old, superseded, and removed.";
    Sometimes "some-mark-is-lifted" "A mark is lifted" "Something that was marked is needed again, and stays.";
    Sometimes "some-artifact-is-missed" "An artifact is missed" "Some promotion fails since its artifact has been removed.";
    Always "floors-keep-owners" "Floors keep owners" "After a restore each route goes on with the newest owner that the log or an edge has, above everything they have.";
    Eventually "floors-are-found" "Floors are found" "Soon after troubles are over it is known how far the epochs had got.";
    Sometimes "some-owners-are-put-back" "Owners are put back" "Some database of owners comes back from a backup.";
    Sometimes "some-owner-is-found-again" "An owner is found again" "Some route has a newer owner than the backup knows of, and keeps it.";
    Sometimes "some-promotion-waits-for-a-floor" "A promotion waits for a floor" "Some promotion waits until it is known how far the epochs had got.";
    Always "people-before-errands" "People before errands" "Nobody in person is sent away while an errand has a slot, and no errand is let go before somebody in person who waits.";
    Always "errands-wake-nobody" "Errands wake nobody" "No app is woken for an errand whose owner does not want that.";
    Always "nobody-answers-who-left" "Nobody answers who left" "Whoever leaves frees a slot at once, and is answered nothing.";
    Sometimes "some-client-leaves" "A client leaves" "Somebody does not wait for an answer.";
    Sometimes "some-waiting-client-leaves" "A waiting client leaves" "Somebody leaves while the app wakes, and the wake goes on.";
    Sometimes "some-errand-is-displaced" "An errand is displaced" "Some errand gives its slot to somebody in person.";
    Sometimes "some-errand-is-turned-away" "An errand is turned away" "Some errand is sent away from a sleeping app.";
    Always "expired-previews-are-gone" "Expired previews are gone" "No request reaches a preview after a later one has taken its place and its time is over.";
    Always "paths-are-never-immutable" "Paths are never immutable" "Only what is named by its digest may be kept without asking again, and only who has the very bytes is told that nothing changed.";
    Always "affinity-is-kept" "Affinity is kept" "A visitor goes where the session is for as long as that allocation serves under the owner.";
    Sometimes "some-preview-is-gone" "A preview is gone" "Some request names a preview whose time is over.";
    Sometimes "some-asset-is-unchanged" "An asset is unchanged" "Somebody asks for an asset and has it already.";
    Sometimes "some-affinity-is-kept" "An affinity is kept" "Some visitor goes to the allocation of the last visit.";
    Sometimes "some-affinity-is-missed" "An affinity is missed" "Some visitor goes to another allocation than before.";
    Always "events-are-kept-by-agreement" "Events are kept by agreement" "No event is kept and answered well on a route whose owner has not agreed to that.";
    Always "kept-events-keep-their-order" "Kept events keep their order" "The events of a route are delivered in the order in which they were kept.";
    Eventually "kept-events-arrive" "Kept events arrive" "Once troubles are over, everything that was kept reaches its app.";
    Sometimes "some-event-is-kept" "An event is kept" "Some event is kept until its app can take it.";
    Sometimes "some-snapshot-goes-back" "A snapshot goes back" "Some edge is handed a snapshot with an older owner than it has.";
    Always "build-errors-are-the-commits" "Build errors are the commit's" "A deployment fails by a compile error or a failing test only if its own commit has it.";
    Sometimes "some-build-has-an-error" "A build has an error" "Some builder says that a commit cannot be built.";
    Always "verified-apps-answer" "Verified apps answer" "No migration is verified on whose schema the app that runs, or the one in the rollback window, does not answer.";
    Sometimes "some-app-fails-on-a-schema" "An app fails on a schema" "All steps of some migration are in, and an app does not answer on its schema.";
    Always "starts-wait-for-secrets" "Starts wait for secrets" "What failed for want of a secret is not begun again before somebody has bound it.";
    Sometimes "some-start-waits-for-a-secret" "A start waits for a secret" "Somebody wants an app awake whose secret is not bound yet.";
    Sometimes "some-secret-is-bound" "A secret is bound" "Somebody binds a secret, and what wanted for it is begun again.";
    Sometimes "some-last-event-is-foreign" "A last event is foreign" "The log's last event about some route is somebody else's, and somebody is called.";
    Sometimes "some-edge-is-written-off" "An edge is written off" "Some edge is gone, and epochs go on without its word.";
    Sometimes "some-edge-counts-again" "An edge counts again" "Some edge that was written off has begun anew.";
    Always "orders-keep-to-their-scope" "Orders keep to their scope" "No order takes more hosts out of use than whoever gave it said.";
    Always "settings-are-complete" "Settings are complete" "Nothing that Git wants goes anywhere with a blank field.";
    Always "failures-stay-few" "Failures stay few" "A version that does not work fails in no more places at a time than a change may be under way in.";
    Always "edges-stay-connected" "Edges stay connected" "Nobody is turned away because an edge would need more connections than it can keep.";
    Always "hosts-are-built-in-turns" "Hosts are built in turns" "No host begins to be built while as many as may are being built.";
    Always "replicas-keep-up" "Replicas keep up" "No migration writes so many rows again that the replicas fall further behind than they may.";
    Always "nothing-is-told-over-others" "Nothing is told over others" "Nothing is told behind somebody else's event in the log of deployments before somebody has looked at it.";
    Sometimes "some-event-is-somebody-elses" "An event is somebody else's" "The log of deployments ends with somebody else's event about something, and somebody is called.";
    Sometimes "some-events-go-on" "Events go on" "Somebody has looked at somebody else's event, and what was committed is told behind it.";
    Always "pages-begin-where-they-are-made" "Pages begin where they are made" "A page that another allocation has made than the one that has the tab's session begins a new session, and nobody says that it was resumed.";
    Sometimes "some-page-begins-anew" "A page begins anew" "Some visitor's page is made elsewhere than before, and begins a new session there.";
    Sometimes "some-page-finds-its-session" "A page finds its session" "Some visitor's page is made where the session is, and goes on with it.";
    Sometimes "some-limit-is-met" "A limit is met" "An edge meets a limit for its connections that nobody knew of.";
    Always "previews-clear-their-own" "Previews clear their own" "Production's data goes wrong by a preview's job only while the preview is bound to production.";
    Sometimes "some-preview-clears-production" "A preview clears production" "A job of a preview that is bound to production clears tables there.";
    Sometimes "some-rows-are-written-again" "Rows are written again" "Some migration writes rows again, a few at a time, until all are done.";
    Sometimes "some-preview-of-the-pipeline-is-promoted" "A preview of the pipeline is promoted" "Some deployment gets a route of which the pipeline has said that its preview is ready.";
    Sometimes "some-promotion-is-not-ready" "A promotion is not ready" "Somebody wants a deployment promoted of which the pipeline does not say that its preview is ready.";
    Always "rotation-is-the-owners" "Rotation is the owner's" "Where candidates are started ahead, nothing of a deployment goes into rotation before that owns the route, nor under an epoch that another has got.";
    Sometimes "some-new-owner-is-hot-at-once" "A new owner is hot at once" "Some promotion changes the owner when the new one's allocations are ready.";
    Sometimes "some-new-owner-is-cold" "A new owner is cold" "Some promotion changes the owner when nothing of the new one is ready, because the app sleeps or it did not come up.";
    Always "wakes-wait-for-providers" "Wakes wait for providers" "No app is woken while it is known that a provider that it needs is in an outage.";
    Sometimes "some-wake-waits-for-a-provider" "A wake waits for a provider" "Somebody wants an app awake whose provider is in an outage.";
    Always "wakes-return-in-steps" "Wakes return in steps" "After an outage no more apps are woken in one step than may be.";
    Sometimes "some-wake-waits-for-its-turn" "A wake waits for its turn" "A provider is back, and some app that needs it waits until others are awake.";
    Always "wakes-wait-for-the-store" "Wakes wait for the store" "No app is woken while more writes wait for the control plane's store than may.";
    Always "journals-widen-in-stages" "Journals widen in stages" "The journal takes in one more edge at a time, and none while much waits for the store.";
    Always "calls-are-bounded-here" "Few calls wait" "No more calls of consoles wait at the control plane than may.";
    Eventually "stores-catch-up" "Stores catch up" "Once its store is well again, hardly anything waits for it.";
    Sometimes "some-wake-waits-for-the-store" "A wake waits for the store" "Somebody wants an app awake while the control plane's store does not keep up.";
    Sometimes "some-journal-is-narrowed" "A journal is narrowed" "Somebody has less written down, so that the store keeps up.";
    Sometimes "some-call-is-refused" "A call is refused" "Some console is told to come again later.";
}

/// The property with this id.
#[must_use]
pub fn property(id: &str) -> Option<&'static PropertySpec> {
    PROPERTIES.iter().find(|spec| spec.id == id)
}
