package mill.natives.bsd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.gen.macos.MacOs;
import mill.natives.net.PipePair;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UnixStream;
import mill.natives.platform.DescriptorKind;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What kqueue does that no contract can ask for: scripted on the model of the kernel. */
class KqueueTrapsTest {
  private static final long SECOND_NS = 1_000_000_000;

  private final ModelKernel kernel = new ModelKernel();
  private final Platform platform = ModelPlatform.macOs(kernel);
  private final ReadyEvents events = new ReadyEvents(8);
  private final List<AutoCloseable> closing = new ArrayList<>();
  private Poller poller;

  @BeforeEach
  void open() throws IOException {
    poller = Poller.open(platform, token -> {});
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable resource : closing) {
      resource.close();
    }
    poller.close();
  }

  private UnixStream.Pair pair() throws IOException {
    var pair = UnixStream.pair(platform);
    closing.add(pair.first());
    closing.add(pair.second());
    return pair;
  }

  private ModelKqueue kqueue() {
    return kernel.files.values().stream()
        .filter(ModelKqueue.class::isInstance)
        .map(ModelKqueue.class::cast)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void anInterruptedWaitIsAnEmptyPoll() throws IOException {
    kernel.interruptions.set(1);
    assertEquals(0, poller.poll(events, SECOND_NS));
    assertFalse(events.woken());
  }

  @Test
  void aTriggerThatTheKernelRefusedDoesNotSilenceTheNext() throws IOException {
    kernel.triggerError = MacOs.ENOMEM();
    var refused = assertThrows(IllegalStateException.class, poller::wake);
    assertEquals("kevent(NOTE_TRIGGER): ENOMEM (errno 12)", refused.getCause().getMessage());
    kernel.triggerError = 0;
    poller.wake();
    poller.poll(events, SECOND_NS);
    assertTrue(events.woken());
  }

  @Test
  void changesOfAnInterruptedCallStay() throws IOException {
    var pair = pair();
    poller.register(pair.first(), 1, Interest.WRITABLE, Trigger.LEVEL);
    assertEquals(1, poller.poll(events, SECOND_NS));
    kernel.interruptions.set(1);
    assertEquals(0, poller.poll(events, SECOND_NS), "interrupted as it armed the filter anew");
    assertTrue(kqueue().has(pair.first().fd(), MacOs.EVFILT_WRITE()));
    assertEquals(1, poller.poll(events, SECOND_NS));
    assertEquals(Readiness.WRITABLE, events.bits(0));
  }

  @Test
  void eventsOfARegistrationThatWasRemovedWhileTheyTravelledAreDropped() throws IOException {
    var old = pair();
    poller.register(old.first(), 1, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    int fd = old.first().fd();
    var heir = new UnixStream.Pair[1];
    kernel.afterEvents =
        () -> {
          kernel.afterEvents = () -> {};
          try {
            old.first().close();
            heir[0] = pair();
            assertEquals(fd, heir[0].first().fd(), "the number is used again");
            poller.register(heir[0].first(), 2, Interest.READABLE_WRITABLE, Trigger.LEVEL);
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        };
    assertEquals(0, poller.poll(events, SECOND_NS), events::toString);
  }

  @Test
  void aFilterIsNotArmedAnewForWhatWasRemoved() throws IOException {
    var pair = pair();
    poller.register(pair.first(), 1, Interest.WRITABLE, Trigger.LEVEL);
    assertEquals(1, poller.poll(events, SECOND_NS));
    poller.deregister(pair.first());
    poller.poll(events, 0);
    assertEquals(1, kqueue().size(), "the waker alone");
  }

  @Test
  void removingLeavesNoFilterBehind() throws IOException {
    for (Trigger trigger : Trigger.values()) {
      var pair = pair();
      poller.register(pair.first(), 1, Interest.READABLE_WRITABLE, trigger);
      assertEquals(3, kqueue().size());
      poller.change(pair.first(), Interest.READABLE, trigger);
      assertEquals(2, kqueue().size());
      poller.change(pair.first(), Interest.NONE, trigger);
      assertEquals(1, kqueue().size());
      poller.deregister(pair.first());
    }
  }

  @Test
  void aWriterThatHasNothingMoreToWriteMakesNoCall() throws IOException {
    var pair = pair();
    poller.register(pair.first(), 1, Interest.READABLE_WRITABLE, Trigger.LEVEL);
    assertEquals(1, poller.poll(events, SECOND_NS));
    assertFalse(kqueue().has(pair.first().fd(), MacOs.EVFILT_WRITE()), "one-shot");
    poller.change(pair.first(), Interest.READABLE, Trigger.LEVEL);
    assertEquals(0, poller.poll(events, 0));
    assertFalse(kqueue().has(pair.first().fd(), MacOs.EVFILT_WRITE()));
  }

  @Test
  void aChangeThatFailsRegistersNothing() throws IOException {
    try (var pipe = PipePair.open(platform)) {
      // A pipe's sink has no filter for reading.
      var refused =
          assertThrows(
              ErrnoException.class,
              () -> poller.register(pipe.sink(), 1, Interest.READABLE_WRITABLE, Trigger.LEVEL));
      assertEquals("EINVAL", refused.errnoName());
      assertEquals(1, kqueue().size(), "the waker alone");
      poller.register(pipe.sink(), 1, Interest.WRITABLE, Trigger.LEVEL);
      assertEquals(1, poller.poll(events, SECOND_NS));
    }
  }

  @Test
  void aSinkWithoutASourceIsReportedThoughTheKernelRefusesTheFilter() throws IOException {
    for (Trigger trigger : Trigger.values()) {
      try (var pipe = PipePair.open(platform)) {
        pipe.source().close();
        poller.register(pipe.sink(), 1, Interest.WRITABLE, trigger);
        for (int i = 0; i < (trigger == Trigger.LEVEL ? 3 : 1); i++) {
          assertEquals(1, poller.poll(events, SECOND_NS), trigger::name);
          assertEquals(Readiness.WRITABLE | Readiness.WRITE_CLOSED, events.bits(0));
        }
      }
    }
  }

  @Test
  void anErrorEndsBothDirectionsOfAConnectionAndNoneOfADatagramSocket() {
    int eof = MacOs.EV_EOF();
    int error = MacOs.ECONNREFUSED();
    int told = Readiness.READABLE | Readiness.WRITABLE | Readiness.ERROR;
    int read = MacOs.EVFILT_READ();
    int write = MacOs.EVFILT_WRITE();
    assertEquals(
        told | Readiness.READ_CLOSED | Readiness.WRITE_CLOSED,
        KqueueEvents.readiness(DescriptorKind.STREAM, read, eof, error));
    assertEquals(
        told | Readiness.READ_CLOSED,
        KqueueEvents.readiness(DescriptorKind.DATAGRAM, read, eof, error));
    assertEquals(
        told | Readiness.WRITE_CLOSED,
        KqueueEvents.readiness(DescriptorKind.DATAGRAM, write, eof, error));
  }

  @Test
  void aDescriptorClosedByAStrangerDoesNotBreakThePoll() throws IOException {
    int[] fds = new int[2];
    assertEquals(0, platform.sockets().socketPair(Sockets.Type.STREAM, fds));
    var stranger = mill.natives.net.RawFd.borrow(platform, fds[0]);
    poller.register(stranger, 1, Interest.WRITABLE, Trigger.LEVEL);
    assertEquals(1, poller.poll(events, SECOND_NS));
    platform.sockets().close(fds[0]);
    poller.poll(events, 0); // EBADF comes as an event, not as an exception
    assertEquals(0, poller.poll(events, 0));
    platform.sockets().close(fds[1]);
  }

  @Test
  void everyDescriptorIsNonBlockingAndNotInherited() throws IOException {
    var pair = pair();
    int socket = platform.sockets().socket(Sockets.Family.INET, Sockets.Type.DATAGRAM);
    int[] pipe = new int[2];
    platform.sockets().pipe(pipe);
    var loopback = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
    TcpListener listener = TcpListener.bind(platform, loopback, 1);
    TcpStream client = TcpStream.connect(platform, listener.localAddress());
    TcpStream server = listener.accept();
    closing.addAll(List.of(listener, client, server));
    int[] fds = {
      pair.first().fd(), pair.second().fd(), socket, pipe[0], pipe[1], client.fd(), server.fd()
    };
    for (int fd : fds) {
      ModelFile file = kernel.files.get(fd);
      assertTrue(file.nonBlocking, () -> "non-blocking: " + file);
      assertTrue(file.closeOnExec, () -> "close-on-exec: " + file);
    }
  }

  @Test
  void theKqueueAndNothingElseIsGivenBack() throws IOException {
    int before = kernel.files.size();
    try (var other = Poller.open(platform, token -> {})) {
      assertEquals(before + 1, kernel.files.size());
      other.wake();
    }
    assertEquals(before, kernel.files.size());
  }

  @Test
  void readingReachesPastTheEndFlagToTheLastByte() throws IOException {
    var pair = pair();
    try (var arena = Arena.ofConfined()) {
      var buffer = arena.allocate(8);
      pair.second().write(buffer, 0, 8);
      pair.second().close();
      poller.register(pair.first(), 1, Interest.READABLE, Trigger.LEVEL);
      assertEquals(1, poller.poll(events, SECOND_NS));
      assertTrue(events.readiness(0).isReadClosed());
      assertTrue(pair.first().isOpen());
      assertEquals(8, pair.first().read(buffer));
    }
  }
}
