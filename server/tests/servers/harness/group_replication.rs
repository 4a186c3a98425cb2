//! MySQL with group replication: settings, start, and the way back into the group.

use super::cluster::{Cluster, Kind, MEMBER_WAIT, NODES};
use super::eventually;
use super::mysqld::REPLICATOR;
use super::ports::Port;
use super::server::{PASSWORD, Program, Server};
use mysql::prelude::Queryable;
use uuid::Uuid;

const SETTINGS: [&str; 9] = [
    "--plugin-load-add=group_replication.so",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--report-host=127.0.0.1",
    "--group-replication-start-on-boot=OFF",
    "--group-replication-ip-allowlist=127.0.0.1",
    "--group-replication-recovery-get-public-key=ON",
    // A dead member is suspected after five seconds in any case, and then given up at once.
    "--group-replication-member-expel-timeout=0",
    "--group-replication-exit-state-action=READ_ONLY",
];

pub fn start(program: &Program, multi_primary: bool) -> Result<Cluster, String> {
    let data = program.data_template();
    let ports: Vec<Port> = (0..NODES).map(|_| Port::claim()).collect();
    let group = Uuid::now_v7();
    let address = |port: &Port| format!("127.0.0.1:{}", port.number);
    let seeds = ports.iter().map(address).collect::<Vec<_>>().join(",");
    let on = |yes: bool| if yes { "ON" } else { "OFF" };
    let node = |(at, port): (usize, &Port)| {
        let mut settings = vec![
            format!("--group-replication-group-name={group}"),
            format!("--group-replication-local-address={}", address(port)),
            format!("--group-replication-group-seeds={seeds}"),
            format!("--group-replication-single-primary-mode={}", on(!multi_primary)),
            format!("--group-replication-enforce-update-everywhere-checks={}", on(multi_primary)),
            format!("--server-id={}", at + 1),
        ];
        settings.extend(SETTINGS.map(str::to_owned));
        Server::on(program, &data, settings)
    };
    let mut nodes: Vec<Server> = ports.iter().enumerate().map(node).collect();
    for node in &mut nodes {
        node.launch(&[]);
    }
    for node in &nodes {
        node.wait_until_it_answers()?;
    }
    bootstrap(&nodes[0]);
    // One after the other: of two at once, one is turned away and tries again only seconds later.
    for at in 1..NODES {
        join(&nodes, at);
    }
    let kind = Kind::GroupReplication { multi_primary };
    Ok(Cluster { nodes, kind, _inner_ports: ports })
}

fn join_statement() -> String {
    format!("START GROUP_REPLICATION USER = '{REPLICATOR}', PASSWORD = '{PASSWORD}'")
}

/// The first node makes the group that the others join.
fn bootstrap(node: &Server) {
    let mut connection = node.harness().unwrap();
    connection.query_drop("SET GLOBAL group_replication_bootstrap_group = ON").unwrap();
    connection.query_drop(join_statement()).unwrap();
    connection.query_drop("SET GLOBAL group_replication_bootstrap_group = OFF").unwrap();
}

/// Makes the node a member. The others refuse it as long as they have not given up its former self,
/// and a refusal takes the node longer than theirs to do so.
pub fn join(nodes: &[Server], at: usize) {
    let node = &nodes[at];
    let forgotten = format!(
        "SELECT COUNT(*) = 0 FROM performance_schema.replication_group_members WHERE MEMBER_PORT = {}",
        node.port()
    );
    let others = nodes.iter().filter(|other| other.port() != node.port() && other.is_running());
    for other in others {
        eventually("its former self is given up", MEMBER_WAIT, || {
            other.ask::<bool>(&forgotten).filter(|forgotten| *forgotten)
        });
    }
    eventually("a place in the group", MEMBER_WAIT, || {
        let mut connection = node.harness().ok()?;
        if connection.query_drop(join_statement()).is_ok() {
            return Some(());
        }
        // The failed start is over before the next; there is nothing to stop where it did not begin.
        let _ = connection.query_drop("STOP GROUP_REPLICATION");
        None
    });
}

/// How many members are online, as this node sees it.
pub fn members(node: &Server) -> Option<usize> {
    node.ask(
        "SELECT COUNT(*) FROM performance_schema.replication_group_members \
         WHERE MEMBER_STATE = 'ONLINE'",
    )
}

/// The one that takes writes, by what the nodes that run say.
pub fn primary(nodes: &[Server]) -> Option<usize> {
    let running = nodes.iter().filter(|node| node.is_running());
    let port: u16 = running.into_iter().find_map(|node| {
        node.ask(
            "SELECT MEMBER_PORT FROM performance_schema.replication_group_members \
             WHERE MEMBER_ROLE = 'PRIMARY' AND MEMBER_STATE = 'ONLINE'",
        )
    })?;
    nodes.iter().position(|node| node.port() == port && node.is_running())
}
