//! One connection: reads until a read is short, as an edge-triggered poller demands, and echoes.

use mio::net::TcpStream;
use std::io::{ErrorKind, Read, Write};

pub const READ_BYTES: usize = 64 * 1024;

pub struct Echo {
    pub stream: TcpStream,
    rest: Vec<u8>, // what the peer has not taken; empty in steady state
}

impl Echo {
    pub fn new(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        Echo { stream, rest: Vec::new() }
    }

    /// Returns whether the connection goes on.
    pub fn ready(&mut self, buffer: &mut [u8]) -> bool {
        self.flush() && (!self.rest.is_empty() || self.echo(buffer))
    }

    fn echo(&mut self, buffer: &mut [u8]) -> bool {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return false,
                Ok(n) => {
                    if !self.put(&buffer[..n]) {
                        return false;
                    }
                    if n < buffer.len() || !self.rest.is_empty() {
                        return true;
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            }
        }
    }

    fn put(&mut self, bytes: &[u8]) -> bool {
        match self.stream.write(bytes) {
            Ok(n) if n == bytes.len() => true,
            Ok(n) => {
                self.rest.extend_from_slice(&bytes[n..]);
                true
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                self.rest.extend_from_slice(bytes);
                true
            }
            Err(_) => false,
        }
    }

    fn flush(&mut self) -> bool {
        while !self.rest.is_empty() {
            match self.stream.write(&self.rest) {
                Ok(n) => {
                    self.rest.drain(..n);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            }
        }
        true
    }
}

/// Runs mill-io's loop, and again when a signal has ended it, as when strace is attached.
pub fn run_through_signals(events: &mill_io::EventLoop) -> Result<(), Box<dyn std::error::Error>> {
    while let Err(error) = events.run() {
        match error.downcast_ref::<std::io::Error>() {
            Some(io) if io.kind() == ErrorKind::Interrupted => {}
            _ => return Err(error),
        }
    }
    Ok(())
}
