//! mill-net 4.0: its TCP server with its defaults.

use crate::echo::run_through_signals;
use mill_io::error::Result as IoResult;
use mill_io::EventLoop;
use mill_net::tcp::{config::TcpServerConfig, traits::*, ConnectionId, ServerContext, TcpServer};
use std::error::Error;
use std::sync::Arc;

struct Echo;

impl NetworkHandler for Echo {
    fn on_data(&self, context: &ServerContext, id: ConnectionId, data: &[u8]) -> IoResult<()> {
        context.send_to(id, data)?;
        Ok(())
    }
}

pub fn run() -> Result<(), Box<dyn Error>> {
    let events = Arc::new(EventLoop::default());
    let config = TcpServerConfig::builder().address("127.0.0.1:0".parse()?).build();
    let server = Arc::new(TcpServer::new(config, Echo)?);
    println!("port {}", server.local_addr()?.port());
    server.start(&events, events.alloc_token())?;
    run_through_signals(&events)
}
