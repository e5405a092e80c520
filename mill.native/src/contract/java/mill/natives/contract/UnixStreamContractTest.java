package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.Trigger;
import mill.natives.net.IoStatus;
import mill.natives.net.SockOpt;
import mill.natives.net.UnixAddress;
import mill.natives.net.UnixListener;
import mill.natives.net.UnixStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Unix domain streams promise. */
class UnixStreamContractTest extends PlatformContract {
  @TempDir Path folder;

  private UnixAddress address() {
    return UnixAddress.of(folder.resolve("s"));
  }

  private UnixListener unixListener() throws IOException {
    return closing(UnixListener.bind(platform(), address(), 8));
  }

  @Test
  void streamsAreSetUpBeforeTheyAreBoundOrConnected() throws IOException {
    UnixListener listener = closing(UnixListener.open(platform()));
    listener.bindTo(address());
    listener.listen(8);
    UnixStream client = closing(UnixStream.open(platform()));
    client.setOption(SockOpt.SO_SNDBUF, 32 * 1024);
    assertTrue(client.startConnect(address()));
    UnixStream server = closing(listener.accept());
    send(client, "hello");
    assertEquals("hello", receive(server, 5));
    assertSame(platform(), client.platform());
    assertSame(platform(), server.platform());
  }

  @Test
  void aConnectionMovesBytesBothWays() throws IOException {
    UnixListener listener = unixListener();
    assertNull(listener.accept());
    poller.register(listener, 1, Interest.READABLE, Trigger.LEVEL);
    UnixStream client = closing(UnixStream.connect(platform(), address()));
    assertTrue(client.finishConnect());
    await(1, Readiness.READABLE);
    UnixStream server = closing(listener.accept());
    assertNotNull(server);
    assertQuiet(1);
    send(client, "there");
    assertEquals("there", receive(server, 5));
    send(server, "back");
    assertEquals("back", receive(client, 4));
  }

  @Test
  void bothEndsKnowTheListenersName() throws IOException {
    UnixListener listener = unixListener();
    assertEquals(address(), listener.localAddress());
    UnixStream client = closing(UnixStream.connect(platform(), address()));
    waitOnce(listener, Interest.READABLE);
    UnixStream server = closing(listener.accept());
    assertEquals(address(), client.remoteAddress());
    assertEquals(address(), server.localAddress());
    assertEquals(UnixAddress.unnamed(), client.localAddress());
  }

  @Test
  void javasOwnAddressIsAccepted() throws IOException {
    unixListener();
    var address = UnixDomainSocketAddress.of(folder.resolve("s"));
    assertTrue(closing(UnixStream.connect(platform(), address)).finishConnect());
  }

  @Test
  void aPathWithoutASocketIsRefused() {
    assertEquals("ENOENT", errorOf(() -> UnixStream.connect(platform(), address())));
  }

  @Test
  void aSocketFileWithoutAListenerIsRefused() throws IOException {
    unixListener().close();
    assertEquals("ECONNREFUSED", errorOf(() -> UnixStream.connect(platform(), address())));
  }

  @Test
  void aPathInUseIsRefused() throws IOException {
    unixListener();
    assertEquals("EADDRINUSE", errorOf(() -> UnixListener.bind(platform(), address(), 8)));
  }

  @Test
  void aPathThatIsTooLongIsRefused() {
    var longPath = UnixAddress.of(folder.resolve("x".repeat(120)));
    assertThrows(IllegalArgumentException.class, () -> UnixStream.connect(platform(), longPath));
  }

  @Test
  void aPairIsConnected() throws IOException {
    var pair = pair();
    send(pair.first(), "one");
    assertEquals("one", receive(pair.second(), 3));
    send(pair.second(), "two");
    assertEquals("two", receive(pair.first(), 3));
    assertEquals(IoStatus.WOULD_BLOCK, pair.first().read(arena.allocate(1)));
  }

  @Test
  void aHalfCloseEndsOneDirection() throws IOException {
    var pair = pair();
    poller.register(pair.second(), 1, Interest.READABLE, Trigger.LEVEL);
    send(pair.first(), "x");
    pair.first().shutdownWrite();
    await(1, Readiness.READABLE | Readiness.READ_CLOSED);
    assertEquals("x", receive(pair.second(), 1));
    readToEnd(pair.second());
    send(pair.second(), "y");
    assertEquals("y", receive(pair.first(), 1));
  }

  @Test
  void aCloseEndsBothDirections() throws IOException {
    var pair = pair();
    poller.register(pair.second(), 1, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    pair.first().close();
    await(1, Readiness.READABLE | Readiness.READ_CLOSED | Readiness.WRITE_CLOSED);
    readToEnd(pair.second());
    assertEquals("EPIPE", errorOf(() -> pair.second().write(bytes("x"))));
  }

  @Test
  void aFullPairIsWritableAgainWhenItWasRead() throws IOException {
    var pair = pair();
    poller.register(pair.first(), 1, Interest.WRITABLE, Trigger.LEVEL);
    await(1, Readiness.WRITABLE);
    long taken = fillUntilQuiet(pair.first(), 1);
    drain(pair.second(), taken);
    await(1, Readiness.WRITABLE);
  }

  private UnixStream.Pair pair() throws IOException {
    var pair = UnixStream.pair(platform());
    closing(pair.first());
    closing(pair.second());
    return pair;
  }
}
