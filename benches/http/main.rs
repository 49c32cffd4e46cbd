//! What `tabernetes serve` answers in how much time: `cargo bench --bench http`. Rates are told per
//! second of the server's own CPU time, that is, of one core; delays are real time, which the
//! clients' work on the same machine is part of.

#[cfg(target_os = "linux")]
mod served;

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    served::measure()
}

/// The time that a process has had is read from where Linux keeps it.
#[cfg(not(target_os = "linux"))]
fn main() {}
