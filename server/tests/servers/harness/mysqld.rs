//! MySQL: where it is, and how its data folder is made.

use super::server::{ACCOUNTS, Product, Program, as_root};
use super::template::{run, template, version};
use super::{named_by, skip, target_folder};
use std::path::{Path, PathBuf};
use std::process::Command;

const INSTALL: &str = "run scripts/get-mysql target/mysql, or name mysqld in BOXOFFICE_MYSQLD";

pub const REPLICATOR: &str = "replicator";

/// Whom the members of a group fetch from one another as.
const REPLICATOR_ACCOUNT: &str = "\
CREATE USER replicator IDENTIFIED BY 'a-word-of-the-tests';
GRANT REPLICATION SLAVE, CONNECTION_ADMIN, BACKUP_ADMIN, GROUP_REPLICATION_STREAM ON *.* TO replicator;
";
/// What the product's account needs to see whether a server is part of its group.
const GRANT: &str = "GRANT SELECT ON performance_schema.replication_group_members TO boxoffice;\n";

/// What the data folder is made with, too.
const SIZE: &str = "--innodb-redo-log-capacity=64M";

/// Tests make triggers, by an account without SUPER; where the binary log is on, as it is by default,
/// MySQL wants to be told that it may trust them.
pub const SETTINGS: &[&str] = &[
    SIZE,
    "--innodb-buffer-pool-size=128M",
    "--mysqlx=OFF",
    "--log-bin-trust-function-creators=ON",
];

pub fn program() -> Option<Program> {
    let fetched = || Some(target_folder().join("mysql/mysqld")).filter(|path| path.is_file());
    let Some(path) = named_by("BOXOFFICE_MYSQLD").or_else(fetched) else {
        return skip("MySQL", INSTALL);
    };
    Some(Program { product: Product::MySql, path })
}

pub fn data_template(server: &Path) -> PathBuf {
    let recipe = [&version(server), ACCOUNTS, REPLICATOR_ACCOUNT, GRANT, SIZE];
    template("mysql", &recipe, |data| {
        let accounts = data.with_extension("sql");
        std::fs::write(&accounts, format!("{ACCOUNTS}{REPLICATOR_ACCOUNT}{GRANT}")).unwrap();
        let mut initialise = Command::new(server);
        initialise.args(["--no-defaults", "--initialize-insecure", SIZE]).args(as_root());
        initialise.arg(format!("--datadir={}", data.display()));
        run(initialise.arg(format!("--init-file={}", accounts.display())));
        // It names one server; each copy makes its own.
        std::fs::remove_file(data.join("auto.cnf")).unwrap();
    })
}
