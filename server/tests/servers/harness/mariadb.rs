//! MariaDB: where it is, and how its data folder is made.

use super::server::{ACCOUNTS, Product, Program, as_root};
use super::template::{run, template, version};
use super::{named_by, on_path, skip};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

const INSTALL: &str = "apt-get install mariadb-server, or name mariadbd in BOXOFFICE_MARIADBD";

/// What the data folder is made with, too.
const SIZES: [&str; 2] = ["--innodb-log-file-size=64M", "--innodb-buffer-pool-size=128M"];

pub const SETTINGS: &[&str] = &[SIZES[0], SIZES[1], "--character-set-server=utf8mb4"];

pub fn program() -> Option<Program> {
    let usual = || Some(PathBuf::from("/usr/sbin/mariadbd")).filter(|path| path.is_file());
    let path = named_by("BOXOFFICE_MARIADBD").or_else(usual).or_else(|| on_path("mariadbd"));
    let Some(path) = path else { return skip("MariaDB", INSTALL) };
    Some(Program { product: Product::MariaDb, path })
}

/// The program that makes data folders; it comes with the server.
fn installer(server: &Path) -> PathBuf {
    let folder = server.parent().unwrap();
    let beside = [".", "../bin", "../scripts"].map(|at| folder.join(at).join("mariadb-install-db"));
    let found = beside.into_iter().find(|path| path.is_file());
    found.or_else(|| on_path("mariadb-install-db")).expect("mariadb-install-db comes with MariaDB")
}

pub fn data_template(server: &Path) -> PathBuf {
    let recipe = [&version(server), ACCOUNTS, SIZES[0]];
    template("mariadb", &recipe, |data| {
        let mut install = Command::new(installer(server));
        install.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
        install.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
        run(install.args(SIZES).args(as_root()));

        let accounts = data.with_extension("sql");
        // Without the first, this kind of start knows no accounts.
        std::fs::write(&accounts, format!("FLUSH PRIVILEGES;\n{ACCOUNTS}")).unwrap();
        let mut bootstrap = Command::new(server);
        bootstrap.args(["--no-defaults", "--bootstrap"]).args(SIZES).args(as_root());
        bootstrap.arg(format!("--datadir={}", data.display()));
        run(bootstrap.stdin(File::open(accounts).unwrap()));
    })
}
