//! What only stores on a server of the MySQL protocol must do.

mod clusters;
mod news;
mod opening;
mod outcome;
mod plans;
mod proxy;
mod races;
mod sale;
mod trips;

/// Tests that take a server, once on MariaDB and once on MySQL.
macro_rules! on_each {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        mod on_mariadb {
            $($(#[$doc])* #[test] fn $name() {
                if let Some(server) = crate::servers::shared_mariadb() {
                    super::$name(server);
                }
            })*
        }
        mod on_mysql {
            $($(#[$doc])* #[test] fn $name() {
                if let Some(server) = crate::servers::shared_mysql() {
                    super::$name(server);
                }
            })*
        }
    };
}
pub(crate) use on_each;
