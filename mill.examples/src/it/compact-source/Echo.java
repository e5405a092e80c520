import module mill.core;

/** Echoes one message over loopback, from a compact source file (JEP 512). */
void main() throws IOException {
  try (Arena arena = Arena.ofConfined();
      EventLoop loop = EventLoop.open()) {
    MemorySegment buffer = arena.allocate(1024);
    LoopListener listener =
        loop.listen(
            new InetSocketAddress("127.0.0.1", 0),
            peer ->
                loop.register(
                    peer,
                    Interest.READABLE,
                    (_, _) -> {
                      int read = peer.read(buffer);
                      if (read > 0) {
                        peer.write(buffer, 0, read);
                      }
                    }));
    TcpStream client = TcpStream.connect(listener.localAddress());
    MemorySegment message = arena.allocateFrom("hello, mill");
    loop.register(
        client,
        Interest.WRITABLE,
        (registration, _) -> {
          if (registration.interest() == Interest.WRITABLE && client.finishConnect()) {
            client.write(message);
            registration.setInterest(Interest.READABLE);
          } else if (client.read(buffer) > 0) {
            IO.println("echoed: " + buffer.getString(0));
            loop.stop();
          }
        });
    loop.run();
  }
}
