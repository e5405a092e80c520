//! mio, used directly: one thread, one buffer for all connections.

use crate::echo::{Echo, READ_BYTES};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use std::error::Error;

const LISTENER: Token = Token(usize::MAX);

pub fn run() -> Result<(), Box<dyn Error>> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("port {}", listener.local_addr()?.port());
    let mut connections: Vec<Option<Echo>> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        if let Err(e) = poll.poll(&mut events, None) {
            if e.kind() == std::io::ErrorKind::Interrupted {
                continue;
            }
            return Err(e.into());
        }
        for event in events.iter() {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    let slot = free.pop().unwrap_or(connections.len());
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut stream, Token(slot), interest)?;
                    if slot == connections.len() {
                        connections.push(None);
                    }
                    connections[slot] = Some(Echo::new(stream));
                }
            } else {
                let slot = event.token().0;
                if let Some(echo) = connections[slot].as_mut() {
                    if !echo.ready(&mut buffer) {
                        connections[slot] = None; // closing deregisters
                        free.push(slot);
                    }
                }
            }
        }
    }
}
