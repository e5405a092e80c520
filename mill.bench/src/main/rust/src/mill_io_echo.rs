//! mill-io 4.0: one handler for each connection, as its documentation shows.

use crate::echo::{run_through_signals, Echo, READ_BYTES};
use mill_io::{EventHandler, EventLoop};
use mio::event::Event;
use mio::net::TcpListener;
use mio::{Interest, Token};
use std::cell::RefCell;
use std::error::Error;
use std::sync::{Arc, Mutex};

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

struct Acceptor {
    events: Arc<EventLoop>,
    listener: Arc<Mutex<TcpListener>>,
}

impl EventHandler for Acceptor {
    fn handle_event(&self, _: &Event) {
        let listener = self.listener.lock().unwrap();
        while let Ok((stream, _)) = listener.accept() {
            let token = self.events.alloc_token();
            let echo = Arc::new(Mutex::new(Some(Echo::new(stream))));
            let handler = Connection { events: self.events.clone(), token, echo: echo.clone() };
            let mut guard = echo.lock().unwrap(); // an event may come before this is over
            if let Some(echo) = guard.as_mut() {
                let interest = Interest::READABLE | Interest::WRITABLE;
                let _ = self.events.register(&mut echo.stream, token, interest, handler);
            }
        }
    }
}

struct Connection {
    events: Arc<EventLoop>,
    token: Token,
    echo: Arc<Mutex<Option<Echo>>>,
}

impl EventHandler for Connection {
    fn handle_event(&self, _: &Event) {
        let mut guard = self.echo.lock().unwrap();
        if let Some(echo) = guard.as_mut() {
            if !BUFFER.with(|buffer| echo.ready(&mut buffer.borrow_mut())) {
                let _ = self.events.deregister(&mut echo.stream, self.token);
                *guard = None;
            }
        }
    }
}

pub fn run(events: EventLoop) -> Result<(), Box<dyn Error>> {
    let events = Arc::new(events);
    let listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
    let port = listener.local_addr()?.port();
    let listener = Arc::new(Mutex::new(listener));
    let acceptor = Acceptor { events: events.clone(), listener: listener.clone() };
    let token = events.alloc_token();
    events.register(&mut *listener.lock().unwrap(), token, Interest::READABLE, acceptor)?;
    println!("port {port}");
    run_through_signals(&events)
}
