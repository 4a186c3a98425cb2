//! Three servers that hold the same data.

use super::ports::Port;
use super::server::{Server, first_start};
use super::{eventually, galera, group_replication, mariadb, mysqld};
use std::time::Duration;

/// Nodes of a cluster: the fewest of which one can fail.
pub const NODES: usize = 3;

/// How long members may take to find one another, copy what they lack, or give one up.
pub const MEMBER_WAIT: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Galera,
    GroupReplication { multi_primary: bool },
}

/// Three nodes on ports of the loopback interface. Dropped, they are killed and their data removed.
pub struct Cluster {
    pub(super) nodes: Vec<Server>,
    pub(super) kind: Kind,
    /// On which the nodes talk to one another.
    pub(super) _inner_ports: Vec<Port>,
}

impl Cluster {
    /// MariaDB with Galera: each node takes writes.
    pub fn galera() -> Option<Self> {
        let (program, library) = (mariadb::program()?, galera::library()?);
        Some(Self::started(|| galera::start(&program, &library)))
    }

    /// MySQL with group replication: one node takes writes, or each.
    pub fn group_replication(multi_primary: bool) -> Option<Self> {
        let program = mysqld::program()?;
        Some(Self::started(|| group_replication::start(&program, multi_primary)))
    }

    fn started(start: impl Fn() -> Result<Self, String>) -> Self {
        let cluster = first_start(start);
        cluster.wait_until_whole();
        cluster
    }

    pub fn nodes(&mut self) -> &mut [Server] {
        &mut self.nodes
    }

    pub fn node(&self, node: usize) -> &Server {
        &self.nodes[node]
    }

    /// `mysql://…` of a database by way of one node.
    pub fn url(&self, node: usize, database: &str) -> String {
        self.nodes[node].url_of(database)
    }

    /// The name of a new empty database that each running node has.
    pub fn fresh_database(&self) -> String {
        let name = self.nodes[self.writable()].create_database();
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            eventually("the database on each node", MEMBER_WAIT, || node.connect(&name).ok());
        }
        name
    }

    /// SIGKILL of one node.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts a node that ended, and waits until it is a member like the others.
    pub fn rejoin(&mut self, node: usize) {
        match self.kind {
            Kind::Galera => galera::rejoin(&mut self.nodes[node]),
            Kind::GroupReplication { .. } => {
                self.nodes[node].start();
                group_replication::join(&self.nodes, node);
            }
        }
        self.wait_until_whole();
    }

    /// Each node has every node for a member that is up to date.
    pub fn wait_until_whole(&self) {
        for (at, node) in self.nodes.iter().enumerate() {
            let what = format!("node {at} sees a whole cluster");
            eventually(&what, MEMBER_WAIT, || self.sees_all(node).then_some(()));
        }
    }

    fn sees_all(&self, node: &Server) -> bool {
        match self.kind {
            Kind::Galera => galera::sees_all(node),
            Kind::GroupReplication { .. } => group_replication::members(node) == Some(NODES),
        }
    }

    /// The node that takes writes. After its end, waits for its successor.
    pub fn primary(&self) -> usize {
        let single = Kind::GroupReplication { multi_primary: false };
        assert!(self.kind == single, "each node takes writes");
        eventually("a primary", MEMBER_WAIT, || group_replication::primary(&self.nodes))
    }

    fn writable(&self) -> usize {
        match self.kind {
            Kind::GroupReplication { multi_primary: false } => self.primary(),
            _ => self.nodes.iter().position(Server::is_running).expect("a node runs"),
        }
    }
}
