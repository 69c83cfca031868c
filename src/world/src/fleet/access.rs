//! The nodes of each part of a plan, as whoever judges or shows a run asks for them.

use super::*;

impl Fleet {
    /// The region service, if the plan has regions.
    #[must_use]
    pub fn regions(&self) -> Option<&Regions> {
        let node = self.roster.seated(REGIONS).next()?;
        match self.node(node) {
            Some(Node::Regions(regions)) => Some(regions),
            _ => None,
        }
    }

    /// The migration service, if the plan has migrations.
    #[must_use]
    pub fn migrations(&self) -> Option<&Migrations> {
        match self.node(self.roster.seated(MIGRATIONS).next()?) {
            Some(Node::Migrations(service)) => Some(service),
            _ => None,
        }
    }

    /// The database whose schema is changed.
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        match self.node(self.roster.seated(DATABASE).next()?) {
            Some(Node::Database(database)) => Some(database),
            _ => None,
        }
    }

    /// The pipeline, if the plan has one.
    #[must_use]
    pub fn pipeline(&self) -> Option<&Pipeline> {
        match self.node(self.roster.seated(PIPELINE).next()?) {
            Some(Node::Pipeline(pipeline)) => Some(pipeline),
            _ => None,
        }
    }

    /// The service of attempts, if the plan has any.
    #[must_use]
    pub fn attempts(&self) -> Option<&Attempts> {
        match self.node(self.roster.seated(ATTEMPTS).next()?) {
            Some(Node::Attempts(attempts)) => Some(attempts),
            _ => None,
        }
    }

    /// Where deployments really run.
    #[must_use]
    pub fn resource(&self) -> Option<&Resource> {
        match self.node(self.roster.seated(RESOURCE).next()?) {
            Some(Node::Resource(resource)) => Some(resource),
            _ => None,
        }
    }

    /// The builder on a node.
    #[must_use]
    pub fn builder(&self, node: NodeId) -> Option<&Builder> {
        match self.node(node) {
            Some(Node::Builder(builder)) => Some(builder),
            _ => None,
        }
    }

    /// The registry of artifacts.
    #[must_use]
    pub fn registry(&self) -> Option<&Registry> {
        match self.node(self.roster.seated(REGISTRY).next()?) {
            Some(Node::Registry(registry)) => Some(registry),
            _ => None,
        }
    }

    /// The source of commits.
    #[must_use]
    pub fn source(&self) -> Option<&Source> {
        match self.node(self.roster.seated(SOURCE).next()?) {
            Some(Node::Source(source)) => Some(source),
            _ => None,
        }
    }

    /// The environment of previews.
    #[must_use]
    pub fn environment(&self) -> Option<&Environment> {
        match self.node(self.roster.seated(ENVIRONMENT).next()?) {
            Some(Node::Environment(environment)) => Some(environment),
            _ => None,
        }
    }

    /// The log of events.
    #[must_use]
    pub fn events(&self) -> Option<&EventLog> {
        match self.node(self.roster.seated(EVENTS).next()?) {
            Some(Node::Events(log)) => Some(log),
            _ => None,
        }
    }

    /// A region as a place.
    #[must_use]
    pub fn place(&self, region: Region) -> Option<&Place> {
        let node = self.roster.seated(PLACE).nth(usize::from(region.0))?;
        match self.node(node) {
            Some(Node::Place(place)) => Some(place),
            _ => None,
        }
    }

    /// The route event stream, if the plan has one.
    #[must_use]
    pub fn log(&self) -> Option<&promotion_logic::Log> {
        match self.node(self.roster.seated(LOG).next()?) {
            Some(Node::Log(log)) => Some(log),
            _ => None,
        }
    }

    /// The store of keys, if the plan has one.
    #[must_use]
    pub fn keys(&self) -> Option<&KeyStore> {
        match self.node(self.roster.seated(KEYS).next()?) {
            Some(Node::Keys(keys)) => Some(keys),
            _ => None,
        }
    }

    /// The inbox for events, if the plan has one.
    #[must_use]
    pub fn inbox(&self) -> Option<&Inbox> {
        match self.node(self.roster.seated(INBOX).next()?) {
            Some(Node::Inbox(inbox)) => Some(inbox),
            _ => None,
        }
    }

    /// The archive of snapshots.
    #[must_use]
    pub fn archive(&self) -> Option<&Archive> {
        match self.node(self.roster.seated(ARCHIVE).next()?) {
            Some(Node::Archive(archive)) => Some(archive),
            _ => None,
        }
    }

    /// The artifact store.
    #[must_use]
    pub fn store(&self) -> Option<&Store> {
        match self.node(self.roster.store()) {
            Some(Node::Store(store)) => Some(store),
            _ => None,
        }
    }

    /// The product's database.
    #[must_use]
    pub fn product(&self) -> Option<&Product> {
        match self.node(self.roster.seated(PRODUCT).next()?) {
            Some(Node::Product(product)) => Some(product),
            _ => None,
        }
    }

    /// The runtime services.
    #[must_use]
    pub fn services(&self) -> Option<&RuntimeServices> {
        match self.node(self.roster.seated(SERVICES).next()?) {
            Some(Node::Services(services)) => Some(services),
            _ => None,
        }
    }

    /// The provider that sends webhooks.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        match self.node(self.roster.seated(PROVIDER).next()?) {
            Some(Node::Provider(provider)) => Some(provider),
            _ => None,
        }
    }

    /// The restore service, if the plan has one.
    #[must_use]
    pub fn restores(&self) -> Option<&restore_logic::Restores> {
        match self.node(self.roster.seated(RESTORES).next()?) {
            Some(Node::Restores(service)) => Some(service),
            _ => None,
        }
    }

    /// The tabs, if the plan has sessions.
    #[must_use]
    pub fn tabs(&self) -> Option<&Tabs> {
        match self.node(self.roster.seated(TABS).next()?) {
            Some(Node::Tabs(tabs)) => Some(tabs),
            _ => None,
        }
    }

    /// The databases that may be restored.
    #[must_use]
    pub fn databases(&self) -> Option<&restore_logic::Databases> {
        match self.node(self.roster.seated(DATABASES).next()?) {
            Some(Node::Databases(databases)) => Some(databases),
            _ => None,
        }
    }

    /// The session store, if the plan has one.
    #[must_use]
    pub fn session_store(&self) -> Option<&SessionStore> {
        match self.node(self.roster.seated(SESSION_STORE).next()?) {
            Some(Node::SessionStore(store)) => Some(store),
            _ => None,
        }
    }

    /// The vault.
    #[must_use]
    pub fn vault(&self) -> Option<&Vault> {
        match self.node(self.roster.vault()) {
            Some(Node::Vault(vault)) => Some(vault),
            _ => None,
        }
    }
}
