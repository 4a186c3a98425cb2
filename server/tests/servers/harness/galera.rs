//! MariaDB with Galera: settings, start, and the way back into the cluster.

use super::cluster::{Cluster, Kind, MEMBER_WAIT, NODES};
use super::ports::Port;
use super::server::{Program, Server, as_root};
use super::template::{self, template};
use super::{eventually, on_path, skip};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const LIBRARIES: [&str; 3] = [
    "/usr/lib/galera/libgalera_smm.so",
    "/usr/lib64/galera-4/libgalera_smm.so",
    "/usr/lib64/galera/libgalera_smm.so",
];

/// A dead node is given up after two seconds instead of five; the cache is a file of this size.
const PROVIDER: &str = "evs.keepalive_period=PT0.5S;evs.inactive_check_period=PT0.25S;\
    evs.suspect_timeout=PT2S;evs.inactive_timeout=PT6S;gcache.size=32M";

const SETTINGS: [&str; 7] = [
    "--performance-schema=OFF",
    "--binlog-format=ROW",
    "--default-storage-engine=InnoDB",
    "--innodb-autoinc-lock-mode=2",
    "--wsrep-on=ON",
    "--wsrep-node-address=127.0.0.1",
    "--wsrep-slave-threads=2",
];

/// Ports of a node besides the one for clients: the group, incremental and whole transfers.
const INNER_PORTS: usize = 3;

/// How root's nodes send one another everything: by rsync, see [`receive_as_root`].
const OWN_METHOD: &str = "rsync_by_root";

/// The first node starts what the others join.
const NEW_CLUSTER: &str = "--wsrep-new-cluster";

/// Galera's library, where a cluster can be started.
pub fn library() -> Option<PathBuf> {
    let found = LIBRARIES.map(PathBuf::from).into_iter().find(|path| path.is_file());
    let socket_tool = ["ss", "lsof"].iter().any(|name| on_path(name).is_some());
    if found.is_none() || on_path("rsync").is_none() || !socket_tool {
        return skip("Galera", "apt-get install galera-4 rsync lsof");
    }
    found
}

/// A node of a cluster of these groups' ports, not yet started.
fn node(program: &Program, library: &Path, data: &Path, ports: &[Port], at: usize) -> Server {
    let port = |node: usize, which: usize| ports[node * INNER_PORTS + which].number;
    let nodes = 0..ports.len() / INNER_PORTS;
    let group: Vec<_> = nodes.map(|node| format!("127.0.0.1:{}", port(node, 0))).collect();
    let mut settings = vec![
        format!("--wsrep-provider={}", library.display()),
        format!(
            "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{};ist.recv_addr=127.0.0.1:{};{PROVIDER}",
            port(at, 0),
            port(at, 1),
        ),
        format!("--wsrep-sst-receive-address=127.0.0.1:{}", port(at, 2)),
        format!("--wsrep-cluster-address=gcomm://{}", group.join(",")),
        // No other test's node can join by mistake.
        format!("--wsrep-cluster-name=boxoffice-test-{}", port(0, 0)),
        format!("--wsrep-node-name=node-{at}"),
        format!("--server-id={}", at + 1),
    ];
    settings.extend(SETTINGS.map(str::to_owned));
    let rsync = on_path("rsync").filter(|_| as_root().is_some());
    let method = if rsync.is_some() { OWN_METHOD } else { "rsync" };
    settings.push(format!("--wsrep-sst-method={method}"));
    let server = Server::on(program, data, settings);
    if let Some(rsync) = rsync {
        receive_as_root(&server, &rsync);
    }
    server
}

/// Started by root, rsync's daemon would write as nobody, who has no place in the data folder. The
/// server looks for rsync in the system's folders first, for its methods of transfer elsewhere, too.
fn receive_as_root(server: &Server, rsync: &Path) {
    let folder = server.program_folder();
    let script = |name: &str, lines: String| {
        let file = folder.join(name);
        fs::write(&file, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    };
    fs::create_dir(&folder).unwrap();
    let path = format!("PATH=\"{}:$PATH\"", folder.display());
    script(&format!("wsrep_sst_{OWN_METHOD}"), format!("{path} exec wsrep_sst_rsync \"$@\""));
    let as_root = "case \"$*\" in *--daemon*) set -- \"$@\" --dparam=uid=0 --dparam=gid=0 ;; esac";
    script("rsync", format!("{as_root}\nexec {} \"$@\"", rsync.display()));
}

fn claim(nodes: usize) -> Vec<Port> {
    (0..nodes * INNER_PORTS).map(|_| Port::claim()).collect()
}

/// Data that know their place in a cluster's history: nodes that start from copies of them lack
/// nothing, so that none has to send everything to the others.
fn data_template(program: &Program, library: &Path) -> PathBuf {
    let base = program.data_template();
    let recipe = [base.to_str().unwrap(), &SETTINGS.concat()];
    template("galera", &recipe, |data| {
        let mut server = node(program, library, &base, &claim(1), 0);
        server.try_start(&[NEW_CLUSTER]).unwrap_or_else(|log| panic!("it ended: {log}"));
        eventually("a first node", MEMBER_WAIT, || is_synced(&server, 1).then_some(()));
        server.stop();
        template::copy(&server.data_folder(), data);
        fs::remove_file(data.join("galera.cache")).unwrap();
    })
}

pub fn start(program: &Program, library: &Path) -> Result<Cluster, String> {
    let data = data_template(program, library);
    let ports = claim(NODES);
    let node = |at| node(program, library, &data, &ports, at);
    let mut nodes: Vec<Server> = (0..NODES).map(node).collect();
    nodes[0].try_start(&[NEW_CLUSTER])?;
    // One after the other: a node that serves one that joins turns the next away for a while.
    for node in &mut nodes[1..] {
        node.try_start(&[])?;
    }
    Ok(Cluster { nodes, kind: Kind::Galera, _inner_ports: ports })
}

/// Starts a node with what it lacks since its end, as the packages' service does: a node that was
/// killed does not know its place until it has recovered its data.
pub fn rejoin(node: &mut Server) {
    let recover = node.arguments(&["--wsrep-recover"]);
    let output = template::run(Command::new(node.program()).args(recover));
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let position = log.lines().find_map(|line| line.split("Recovered position:").nth(1));
    let position = position.map(|position| format!("--wsrep-start-position={}", position.trim()));
    let more: Vec<&str> = position.iter().map(String::as_str).collect();
    node.try_start(&more).unwrap_or_else(|log| panic!("it ended at its return: {log}"));
}

pub fn sees_all(node: &Server) -> bool {
    is_synced(node, NODES)
}

fn is_synced(node: &Server, nodes: usize) -> bool {
    let query = format!(
        "SELECT COUNT(*) FROM information_schema.GLOBAL_STATUS WHERE \
         (VARIABLE_NAME, VARIABLE_VALUE) IN (('WSREP_LOCAL_STATE_COMMENT', 'Synced'), \
         ('WSREP_CLUSTER_STATUS', 'Primary'), ('WSREP_READY', 'ON'), \
         ('WSREP_CLUSTER_SIZE', '{nodes}'))"
    );
    node.ask(&query) == Some(4)
}
