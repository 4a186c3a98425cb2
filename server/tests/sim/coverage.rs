//! What happened how often: a simulation that never meets a case proves nothing about it.

use boxoffice_core::batch::Reply;
use boxoffice_core::command::Command;
use boxoffice_core::refusal::Refusal;
use boxoffice_core::time::Time;
use std::collections::BTreeMap;
use std::fmt::Write;

/// See the module.
#[derive(Default)]
pub struct Coverage {
    commands: BTreeMap<&'static str, (u64, u64)>,
    refusals: BTreeMap<&'static str, u64>,
    pub replayed: u64,
    pub old_keys: u64,
    pub faults: u64,
    pub restarts: u64,
    pub jumps_back: u64,
}

impl Coverage {
    pub fn count(&mut self, command: &Command, reply: &Reply) {
        let seen = self.commands.entry(command.name()).or_default();
        seen.0 += 1;
        seen.1 += u64::from(reply.result.is_ok());
        self.replayed += u64::from(reply.replayed);
        if let Err(refusal) = &reply.result {
            *self.refusals.entry(refusal.code()).or_default() += 1;
        }
    }

    pub const fn jump(&mut self, from: Time, to: Time) {
        if from.0 - to.0 > 10_000 {
            self.jumps_back += 1;
        }
    }

    /// Commands that were decided.
    pub fn decided(&self) -> u64 {
        self.commands.values().map(|(count, _)| count).sum()
    }

    pub fn add(&mut self, other: &Self) {
        for (name, (count, done)) in &other.commands {
            let seen = self.commands.entry(name).or_default();
            *seen = (seen.0 + count, seen.1 + done);
        }
        for (code, count) in &other.refusals {
            *self.refusals.entry(code).or_default() += count;
        }
        self.replayed += other.replayed;
        self.old_keys += other.old_keys;
        self.faults += other.faults;
        self.restarts += other.restarts;
        self.jumps_back += other.jumps_back;
    }

    /// Commands that were never accepted, refusals and mishaps that were never met.
    pub fn missing(&self) -> Vec<&'static str> {
        let done = |name: &&str| self.commands.get(*name).is_some_and(|(_, done)| *done > 0);
        let commands = Command::NAMES.iter().copied().filter(|name| !done(name));
        let met = |code: &&str| self.refusals.contains_key(*code);
        let refusals = Refusal::CODES.iter().copied().filter(|code| !met(code));
        let mishaps = [
            ("a stored reply", self.replayed),
            ("a key after a day", self.old_keys),
            ("a fault", self.faults),
            ("a restart", self.restarts),
            ("a clock that jumps back", self.jumps_back),
        ];
        let mishaps = mishaps.into_iter().filter(|(_, count)| *count == 0);
        commands.chain(refusals).chain(mishaps.map(|(what, _)| what)).collect()
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for (name, (count, done)) in &self.commands {
            let _ = writeln!(text, "{name:<24}{count:>9}, accepted {done:>9}");
        }
        for (code, count) in &self.refusals {
            let _ = writeln!(text, "  {code:<22}{count:>9}");
        }
        let _ = writeln!(
            text,
            "stored replies {}, keys after a day {}, faults {}, restarts {}, jumps back {}",
            self.replayed, self.old_keys, self.faults, self.restarts, self.jumps_back
        );
        text
    }
}
