//! What the processes of a run took of the machine.

use serde::Serialize;

/// The server that was started for the run.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Server {
    /// From its start until it printed its address, milliseconds.
    pub start_ms: u64,
    /// Most memory that it had at once; `None` where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
}

/// Most memory that a process (its number, or `self`) has had at once; `None` where the system does not tell.
pub fn peak_memory_bytes(process: &str) -> Option<u64> {
    peak_of(&std::fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

fn peak_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read() {
        assert_eq!(peak_of("Name:\tx\nVmHWM:\t  76 kB\n"), Some(77_824));
        assert_eq!(peak_of("Name:\tx\n"), None);
    }
}
