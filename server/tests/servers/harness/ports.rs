//! Free ports that stay reserved: a server that was killed comes back on its own.

use std::fs::{self, File};
use std::net::TcpListener;
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that systems give to outgoing connections, which would take them at any time.
const RANGE: Range<u16> = 20_000..32_000;

/// A port for one server. As long as this is held, no other test takes it, of whatever process.
#[derive(Debug)]
pub struct Port {
    pub number: u16,
    /// Locked.
    _claim: File,
}

impl Port {
    pub fn claim() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let folder = std::env::temp_dir().join("boxoffice-test-ports");
        fs::create_dir_all(&folder).unwrap();
        let length = RANGE.end - RANGE.start;
        // Processes start at different places, so that they seldom try the same.
        let offset = std::process::id().wrapping_mul(61) % u32::from(length);
        let offset = u16::try_from(offset).unwrap();
        for _ in 0..length {
            let step = NEXT.fetch_add(1, Ordering::Relaxed) % length;
            let number = RANGE.start + (offset + step) % length;
            let file =
                File::options().create(true).append(true).open(folder.join(number.to_string()));
            // The file of another user is as good as a claim.
            let Ok(claim) = file else { continue };
            if claim.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Self { number, _claim: claim };
            }
        }
        panic!("none of the ports {RANGE:?} is free");
    }
}
