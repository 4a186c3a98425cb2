//! What only stores on a server of the MySQL protocol must do.
