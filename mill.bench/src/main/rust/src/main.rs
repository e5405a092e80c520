//! Echo servers. Each prints "port N" and serves until its standard input ends.

mod echo;
mod mill_io_echo;
mod mill_net_echo;
mod mio_echo;

use std::io::Read;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    match std::env::args().nth(1).as_deref() {
        Some("mio") => mio_echo::run(),
        Some("mill-io") => mill_io_echo::run(mill_io::EventLoop::new_low_latency(1024, 150)?),
        Some("mill-io-pool") => mill_io_echo::run(mill_io::EventLoop::default()),
        Some("mill-net") => mill_net_echo::run(),
        _ => Err("usage: rust-peers mio|mill-io|mill-io-pool|mill-net".into()),
    }
}
