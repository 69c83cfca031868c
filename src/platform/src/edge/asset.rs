//! Assets: bytes by their digest, from this edge or the artifact store; paths by the owner's manifest.
//!
//! **Invariants.** Bytes are served only if they are what their digest names, whoever handed them over. No asset wakes an
//! app: the store knows what there is, and what it does not know is not there.

use super::{Due, Edge, Out};
use crate::id::{DeploymentId, Digest, RequestId, RouteId};
use crate::ledger::Ledger;
use crate::message::{Class, Message, Reason, Request};
use crate::note::Note;
use crate::traces::{Asset, Caching, Headers, Message as Say, Note as Tell};
use crate::{gate, knob};
use machine::fingerprint::digest as digest_of;
use machine::{Context, Duration, Fact, NodeId, Time};

/// A request that waits for the artifact store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanting {
    client: NodeId,
    request: Request,
    asset: Asset,
    /// What it looks for, once that is known.
    digest: Option<Digest>,
    /// How often the store was asked, and the number of the last time.
    tries: u32,
    nth: u32,
}

/// What an edge knows of assets.
#[derive(Clone, Debug, Default)]
pub(super) struct Assets {
    /// Bytes by the digest that names them, as the digest of what they are.
    cache: Ledger<Digest, Digest>,
    /// Until when there is no such asset.
    absent: Ledger<Digest, Time>,
    /// What a path means, by whose manifest.
    paths: Ledger<(RouteId, u8), (DeploymentId, Digest)>,
    wanting: Ledger<RequestId, Wanting>,
}

impl Assets {
    pub(super) fn fingerprint(&self) -> u64 {
        digest_of(&(
            self.cache.fingerprint(),
            self.absent.fingerprint(),
            self.paths.fingerprint(),
            self.wanting.fingerprint(),
        ))
    }
}

impl Edge {
    /// A request for an asset arrives.
    pub(super) fn on_asset(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: &Request,
        asset: Asset,
    ) {
        let wanting = Wanting {
            client,
            request: *request,
            asset,
            digest: None,
            tries: 0,
            nth: 0,
        };
        match asset {
            Asset::Digest(digest) => self.serve_digest(cx, out, wanting, digest),
            Asset::Path(path) => self.serve_path(cx, out, wanting, path),
        }
    }

    /// What a path means is what the owner's manifest says, and nobody else's.
    fn serve_path(&mut self, cx: &Context<'_>, out: &mut Out, wanting: Wanting, path: u8) {
        let id = wanting.request.id;
        let route = wanting.request.route;
        // It hangs on the owner, so that it is worth as much as the table is: as for a page.
        if let Err(reason) = self.check_owner(cx, out, id, route, Class::SafePage) {
            let wait = Duration::ZERO;
            return self.respond(cx, out, wanting.client, id, 503, reason, wait);
        }
        let Some(owner) = self.routes.get(route).map(|view| view.deployment) else {
            let wait = Duration::ZERO;
            return self.respond(cx, out, wanting.client, id, 503, Reason::NoTarget, wait);
        };
        let known = self.assets.paths.get((route, path)).copied();
        if let Some((deployment, digest)) = known {
            let fact = Fact::equal(deployment.0.into(), owner.0.into());
            if out
                .require(cx, &gate::MANIFEST_OF_OWNER, id.into(), fact)
                .is_ok()
            {
                out.note(Note::Traces(Tell::Resolved {
                    request: id,
                    deployment,
                    owner,
                }));
                if self.known(id) == Some(digest) {
                    return self.unchanged(cx, out, &wanting, digest);
                }
                return self.serve_digest(cx, out, wanting, digest);
            }
        }
        self.ask_store(cx, out, wanting);
    }

    fn serve_digest(&mut self, cx: &Context<'_>, out: &mut Out, wanting: Wanting, digest: Digest) {
        if let Some(bytes) = self.assets.cache.get(digest).copied() {
            return self.serve_bytes(cx, out, &wanting, (digest, bytes), true);
        }
        let absent = self.assets.absent.get(digest);
        if absent.is_some_and(|until| cx.now < *until) {
            return self.no_such_asset(cx, out, &wanting);
        }
        self.ask_store(
            cx,
            out,
            Wanting {
                digest: Some(digest),
                ..wanting
            },
        );
    }

    /// Asks the artifact store, if it may be asked once more.
    fn ask_store(&mut self, cx: &Context<'_>, out: &mut Out, mut wanting: Wanting) {
        let id = wanting.request.id;
        let most = cx.knobs.get(&knob::ASSET_TRIES);
        let owner = self.routes.get(wanting.request.route);
        let owner = owner.map(|view| view.deployment);
        let (Some(store), true) = (
            self.installation.services.assets,
            u64::from(wanting.tries) < most,
        ) else {
            self.assets.wanting.remove(id);
            self.agenda.clear(Due::Asset(id));
            let wait = Duration::ZERO;
            return self.respond(cx, out, wanting.client, id, 503, Reason::AssetStore, wait);
        };
        wanting.tries += 1;
        wanting.nth = self.next_nth();
        let nth = wanting.nth;
        let say = match (wanting.digest, wanting.asset, owner) {
            (Some(digest), _, _) | (None, Asset::Digest(digest), _) => Say::Fetch { digest, nth },
            (None, Asset::Path(path), Some(deployment)) => Say::Lookup {
                deployment,
                path,
                nth,
            },
            (None, Asset::Path(_), None) => return,
        };
        self.assets.wanting.insert(id, wanting);
        let retry = cx.knobs.time(&knob::ASSET_RETRY);
        self.agenda.set(Due::Asset(id), cx.now.after(retry));
        out.send(store, Message::Traces(say));
    }

    /// Whether a client's request waits for the artifact store.
    pub(super) fn is_wanting(&self, request: RequestId, client: NodeId) -> bool {
        let wanting = self.assets.wanting.get(request);
        wanting.is_some_and(|wanting| wanting.client == client)
    }

    /// The request that waits for this answer; answers to earlier asks count for nothing.
    fn wanted(&mut self, nth: u32) -> Option<Wanting> {
        let wanting = self.assets.wanting.map().values();
        let wanting = wanting.copied().find(|wanting| wanting.nth == nth)?;
        self.assets.wanting.remove(wanting.request.id);
        self.agenda.clear(Due::Asset(wanting.request.id));
        Some(wanting)
    }

    /// The store hands over bytes, or says that there are none.
    pub(super) fn on_bytes(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        digest: Digest,
        bytes: Option<Digest>,
        nth: u32,
    ) {
        let Some(wanting) = self.wanted(nth) else {
            return;
        };
        let Some(bytes) = bytes else {
            let until = cx.now.after(cx.knobs.time(&knob::ASSET_ABSENCE));
            self.assets.absent.insert(digest, until);
            return self.no_such_asset(cx, out, &wanting);
        };
        let id = wanting.request.id;
        let there = out.require(cx, &gate::ASSETS_WAKE_NOBODY, id.into(), Fact::yes(true));
        if there.is_err() {
            return;
        }
        self.serve_bytes(cx, out, &wanting, (digest, bytes), false);
    }

    /// Serves bytes that are what their digest names; others are thrown away and asked for again.
    fn serve_bytes(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        wanting: &Wanting,
        (digest, bytes): (Digest, Digest),
        cached: bool,
    ) {
        let id = wanting.request.id;
        let fact = Fact::equal(bytes.0, digest.0);
        if out
            .require(cx, &gate::ASSET_BYTES_VERIFIED, id.into(), fact)
            .is_err()
        {
            out.note(Note::Traces(Tell::WrongBytes { digest }));
            self.assets.cache.remove(digest);
            return self.ask_store(cx, out, *wanting);
        }
        self.assets.cache.insert(digest, bytes);
        out.note(Note::Traces(Tell::Served {
            request: id,
            right: bytes == digest,
            cached,
        }));
        // What a path means may be another thing tomorrow.
        let by_digest = matches!(wanting.asset, Asset::Digest(_));
        let for_ever = out.require(
            cx,
            &gate::IMMUTABLE_BY_DIGEST,
            id.into(),
            Fact::yes(by_digest),
        );
        let caching = if for_ever.is_ok() {
            Caching::for_a_year()
        } else {
            Caching::Revalidate { etag: digest }
        };
        self.hand_over(cx, out, wanting, (200, Reason::Served), caching);
    }

    /// Whoever asks has what the path means: nothing but that is said, and nothing is fetched.
    fn unchanged(&mut self, cx: &Context<'_>, out: &mut Out, wanting: &Wanting, etag: Digest) {
        let request = wanting.request.id;
        out.note(Note::Traces(Tell::Unchanged { request }));
        let caching = Caching::Revalidate { etag };
        self.hand_over(cx, out, wanting, (304, Reason::NotModified), caching);
    }

    fn hand_over(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        wanting: &Wanting,
        said: (u16, Reason),
        caching: Caching,
    ) {
        let request = wanting.request.id;
        out.note(Note::Traces(Tell::Marked { request, caching }));
        let headers = Headers {
            caching,
            ..Headers::default()
        };
        self.answer(cx, out, wanting.client, request, said, headers);
    }

    /// The store has no such asset, so there is none: the app is not asked.
    fn no_such_asset(&mut self, cx: &Context<'_>, out: &mut Out, wanting: &Wanting) {
        let (id, client) = (wanting.request.id, wanting.client);
        if out
            .require(cx, &gate::ASSETS_WAKE_NOBODY, id.into(), Fact::yes(false))
            .is_ok()
        {
            return self.admit(cx, out, client, &wanting.request, cx.now);
        }
        out.note(Note::Traces(Tell::NoSuchAsset { request: id }));
        self.respond(
            cx,
            out,
            client,
            id,
            404,
            Reason::NoSuchAsset,
            Duration::ZERO,
        );
    }

    /// The store says what a path means by a manifest.
    pub(super) fn on_found(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        deployment: DeploymentId,
        digest: Option<Digest>,
        nth: u32,
    ) {
        let Some(wanting) = self.wanted(nth) else {
            return;
        };
        let Asset::Path(path) = wanting.asset else {
            return;
        };
        let Some(digest) = digest else {
            return self.no_such_asset(cx, out, &wanting);
        };
        let route = wanting.request.route;
        self.assets
            .paths
            .insert((route, path), (deployment, digest));
        self.serve_path(cx, out, wanting, path);
    }

    /// The store has not answered.
    pub(super) fn asset_due(&mut self, cx: &Context<'_>, out: &mut Out, request: RequestId) {
        if let Some(wanting) = self.assets.wanting.get(request).copied() {
            self.ask_store(cx, out, wanting);
        }
    }
}
