//! What Prometheus' own libraries report of every process, under the same names. Read at each request. Where the
//! system has no `/proc`, what comes from there is left out.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Error;

/// See the module.
#[derive(Debug)]
pub struct Process {
    /// When the process began, UTC milliseconds, where it is known.
    pub began_ms: Option<i64>,
}

/// Bytes, from a line such as `VmRSS:  1234 kB` of `/proc/self/status`.
fn bytes_after(status: &str, name: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = rest.trim().trim_end_matches("kB").trim_end().parse().ok()?;
    Some(kib * 1024)
}

/// Open files, without the one that is opened to count them.
fn open_files() -> Option<u64> {
    let count = std::fs::read_dir("/proc/self/fd").ok()?.count();
    Some(u64::try_from(count).unwrap_or(u64::MAX).saturating_sub(1))
}

/// Processor time of all threads.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    seconds
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), Error> {
        let cpu = ConstCounter::new(cpu_seconds());
        let (text, unit) =
            ("Processor time, of the program and of the system for it", Unit::Seconds);
        cpu.encode(encoder.encode_descriptor(
            "process_cpu",
            text,
            Some(&unit),
            cpu.metric_type(),
        )?)?;
        let mut gauge = |name: &str, text: &str, unit: Option<Unit>, value: Option<u64>| match value
        {
            Some(value) => {
                let gauge = ConstGauge::new(value);
                let kind = gauge.metric_type();
                gauge.encode(encoder.encode_descriptor(name, text, unit.as_ref(), kind)?)
            }
            None => Ok(()),
        };
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let bytes = |name| bytes_after(&status, name);
        gauge("process_resident_memory", "Memory in use", Some(Unit::Bytes), bytes("VmRSS:"))?;
        let text = "Address space in use";
        gauge("process_virtual_memory", text, Some(Unit::Bytes), bytes("VmSize:"))?;
        gauge("process_open_fds", "Open files and connections", None, open_files())?;
        let most = getrlimit(Resource::Nofile).current;
        gauge("process_max_fds", "Files and connections that may be open", None, most)?;
        let Some(began_ms) = self.began_ms else { return Ok(()) };
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let began = ConstGauge::new(began_ms as f64 / 1000.0);
        let (text, unit) = ("When the process began, since 1970", Unit::Seconds);
        let kind = began.metric_type();
        began.encode(encoder.encode_descriptor("process_start_time", text, Some(&unit), kind)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_lines_are_read() {
        let status = "Name:\tx\nVmSize:\t  20 kB\nVmRSS:\t     3 kB\n";
        assert_eq!(bytes_after(status, "VmRSS:"), Some(3 * 1024));
        assert_eq!(bytes_after(status, "VmSwap:"), None);
        assert_eq!(bytes_after("VmRSS: lots", "VmRSS:"), None);
    }
}
