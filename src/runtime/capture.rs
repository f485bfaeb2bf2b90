//! Packets of this machine: the system's tcpdump as a stream of pcap.

use std::io::{self, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A tcpdump that runs; ends with this.
#[derive(Debug)]
pub struct Running {
    child: Child,
    out: ChildStdout,
}

impl Read for Running {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.out.read(buffer)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // one that has ended already needs no end
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Captures TCP on an interface, to a port if one is given. What tcpdump says itself goes to standard error.
///
/// # Errors
/// It cannot be started.
pub fn on_interface(interface: &str, port: Option<u16>) -> io::Result<Running> {
    let mut command = Command::new("tcpdump");
    command.args(["-i", interface, "-n", "-U", "-s", "256", "-w", "-"]);
    match port {
        Some(port) => command.arg(format!("tcp and dst port {port}")),
        None => command.arg("tcp"),
    };
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let out = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    Ok(Running { child, out })
}

/// The name of an interface of this machine.
#[cfg(target_os = "linux")]
pub fn interface_name(index: u32) -> Option<String> {
    use rustix::net::{AddressFamily, SocketType, netdevice, socket};
    let any = socket(AddressFamily::UNIX, SocketType::DGRAM, None).ok()?;
    netdevice::index_to_name(any, index).ok()
}

/// The name of an interface of this machine: not known here, where no capture names one by its number.
#[cfg(not(target_os = "linux"))]
pub fn interface_name(_: u32) -> Option<String> {
    None
}

/// Waits so long.
pub async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
