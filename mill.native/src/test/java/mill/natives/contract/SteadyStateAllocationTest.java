package mill.natives.contract;

import static mill.natives.contract.SteadyStateAllocationTest.Path.BATCHES;
import static mill.natives.contract.SteadyStateAllocationTest.Path.CHANGE;
import static mill.natives.contract.SteadyStateAllocationTest.Path.DATAGRAM_AND_ANSWER;
import static mill.natives.contract.SteadyStateAllocationTest.Path.DESCRIPTORS;
import static mill.natives.contract.SteadyStateAllocationTest.Path.MESSAGES;
import static mill.natives.contract.SteadyStateAllocationTest.Path.POLL_READ_WRITE;
import static mill.natives.contract.SteadyStateAllocationTest.Path.READ_WRITE_AT_AN_OFFSET;
import static mill.natives.contract.SteadyStateAllocationTest.Path.VECTORS;
import static mill.natives.contract.SteadyStateAllocationTest.Path.VECTORS_OF_PARTS;
import static mill.natives.contract.SteadyStateAllocationTest.Path.WAKE;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;
import mill.natives.CurrentPlatform;
import mill.natives.Garbage;
import mill.natives.Interest;
import mill.natives.Poller;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.natives.bsd.HostedBsdPlatform;
import mill.natives.bsd.ModelPlatform;
import mill.natives.net.TcpListener;
import mill.natives.net.TcpStream;
import mill.natives.net.UdpSocket;
import mill.natives.net.UnixStream;
import mill.natives.platform.ControlData;
import mill.natives.platform.DatagramBatch;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Platform;
import mill.testnet.Net;
import mill.testnet.Net.TcpPair;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is done for every event makes no garbage, once it is compiled. */
class SteadyStateAllocationTest {
  /** What is measured. */
  enum Path {
    POLL_READ_WRITE {
      @Override
      void measure(Platform platform) throws Exception {
        try (Poller poller = Poller.open(platform, token -> {});
            TcpPair tcp = tcpPair(platform);
            Arena arena = Arena.ofConfined()) {
          MemorySegment buffer = arena.allocate(128);
          var events = new ReadyEvents(64);
          poller.register(tcp.client(), 1, Interest.READABLE, Trigger.LEVEL);
          poller.register(tcp.server(), 2, Interest.READABLE, Trigger.EDGE);
          Garbage.requireNone(() -> {
            tcp.client().write(buffer, 0, 64);
            readWhenReady(poller, events, 2, tcp.server(), buffer, 0);
            tcp.server().write(buffer, 0, 64);
            readWhenReady(poller, events, 1, tcp.client(), buffer, 0);
          });
        }
      }
    },
    READ_WRITE_AT_AN_OFFSET {
      @Override
      void measure(Platform platform) throws Exception {
        try (TcpPair tcp = tcpPair(platform);
            Arena arena = Arena.ofConfined()) {
          MemorySegment buffer = arena.allocate(128);
          Garbage.requireNone(() -> {
            tcp.client().write(buffer, 64, 64);
            tcp.client().write(buffer, 0, 64);
            tcp.server().read(buffer, 0, 32);
            tcp.server().read(buffer, 32, 96);
          });
        }
      }
    },
    WAKE {
      @Override
      void measure(Platform platform) throws Exception {
        try (Poller poller = Poller.open(platform, token -> {})) {
          var events = new ReadyEvents(64);
          Garbage.requireNone(() -> {
            poller.wake();
            poller.poll(events, 1_000_000);
          });
        }
      }
    },
    CHANGE {
      @Override
      void measure(Platform platform) throws Exception {
        try (Poller poller = Poller.open(platform, token -> {});
            TcpPair tcp = tcpPair(platform)) {
          poller.register(tcp.client(), 1, Interest.READABLE, Trigger.LEVEL);
          Garbage.requireNone(() -> {
            poller.change(tcp.client(), Interest.READABLE_WRITABLE, Trigger.LEVEL);
            poller.change(tcp.client(), Interest.WRITABLE, Trigger.LEVEL);
            poller.change(tcp.client(), Interest.READABLE, Trigger.ONESHOT);
          });
        }
      }
    },
    /** Leaving the kernel's set and coming back; kqueue's books have an object for it. */
    LEAVE_AND_RETURN {
      @Override
      void measure(Platform platform) throws Exception {
        try (Poller poller = Poller.open(platform, token -> {});
            TcpPair tcp = tcpPair(platform)) {
          poller.register(tcp.client(), 1, Interest.READABLE, Trigger.LEVEL);
          Garbage.requireNone(() -> {
            poller.change(tcp.client(), Interest.NONE, Trigger.LEVEL);
            poller.change(tcp.client(), Interest.READABLE, Trigger.LEVEL);
          });
        }
      }
    },
    VECTORS {
      @Override
      void measure(Platform platform) throws Exception {
        try (TcpPair tcp = tcpPair(platform);
            Arena arena = Arena.ofConfined()) {
          MemorySegment[] buffers = {arena.allocate(16), arena.allocate(0), arena.allocate(48)};
          Garbage.requireNone(() -> {
            tcp.client().writev(buffers, 0, 3);
            tcp.server().readv(buffers, 0, 3);
          });
        }
      }
    },
    VECTORS_OF_PARTS {
      @Override
      void measure(Platform platform) throws Exception {
        try (TcpPair tcp = tcpPair(platform);
            Arena arena = Arena.ofConfined()) {
          MemorySegment[] buffers = {arena.allocate(16), arena.allocate(0), arena.allocate(48)};
          long[] offsets = {4, 0, 8};
          long[] lengths = {8, 0, 40};
          Garbage.requireNone(() -> {
            tcp.client().writev(buffers, offsets, lengths, 0, 3);
            tcp.server().readv(buffers, offsets, lengths, 0, 3);
          });
        }
      }
    },
    DATAGRAM_AND_ANSWER {
      @Override
      void measure(Platform platform) throws Exception {
        try (UdpSocket asks = UdpSocket.bind(platform, Net.loopback());
            UdpSocket answers = UdpSocket.bind(platform, Net.loopback());
            Arena arena = Arena.ofConfined()) {
          MemorySegment buffer = arena.allocate(64);
          var sender = new NativeAddress();
          asks.connect(answers.localAddress());
          Garbage.requireNone(() -> {
            asks.send(buffer, 0, 64);
            answers.receiveFrom(buffer, 0, 64, sender);
            answers.sendTo(buffer, 0, 64, sender);
            asks.receive(buffer, 0, 64);
          });
        }
      }
    },
    MESSAGES {
      @Override
      void measure(Platform platform) throws Exception {
        try (UdpSocket asks = UdpSocket.bind(platform, Net.loopback());
            UdpSocket answers = UdpSocket.bind(platform, Net.loopback());
            ControlData control = new ControlData(platform);
            Arena arena = Arena.ofConfined()) {
          MemorySegment buffer = arena.allocate(64);
          var sender = new NativeAddress();
          asks.connect(answers.localAddress());
          Garbage.requireNone(() -> {
            asks.sendMessage(buffer, 0, 64, null, control);
            answers.receiveMessage(buffer, 16, 48, sender, control);
            answers.sendMessage(buffer, 16, 48, sender, control);
            asks.receiveMessage(buffer, 0, 64, null, control);
          });
        }
      }
    },
    BATCHES {
      @Override
      void measure(Platform platform) throws Exception {
        try (UdpSocket asks = UdpSocket.bind(platform, Net.loopback());
            UdpSocket answers = UdpSocket.bind(platform, Net.loopback());
            Arena arena = Arena.ofConfined()) {
          var questions = new DatagramBatch(platform, arena.allocate(48), 3);
          var batch = new DatagramBatch(platform, arena.allocate(48), 3);
          asks.connect(answers.localAddress());
          Garbage.requireNone(() -> {
            asks.sendBatch(questions, 0, 3);
            answers.sendBatch(batch, 0, Math.max(answers.receiveBatch(batch), 0));
            asks.receiveBatch(batch);
          });
        }
      }
    },
    /** Passing a descriptor, which is closed as nobody takes it. */
    DESCRIPTORS {
      @Override
      void measure(Platform platform) throws Exception {
        UnixStream.Pair pair = UnixStream.pair(platform);
        try (UnixStream sender = pair.first();
            UnixStream receiver = pair.second();
            ControlData passed = new ControlData(platform);
            ControlData received = new ControlData(platform);
            Arena arena = Arena.ofConfined()) {
          MemorySegment buffer = arena.allocate(8);
          passed.passDescriptor(sender.fd());
          Garbage.requireNone(() -> {
            sender.sendMessage(buffer, 0, 8, passed);
            receiver.receiveMessage(buffer, 0, 8, received);
          });
        }
      }
    };

    abstract void measure(Platform platform) throws Exception;

    static void readWhenReady(
        Poller poller,
        ReadyEvents events,
        long token,
        TcpStream stream,
        MemorySegment buffer,
        long offset)
        throws Exception {
      boolean arrived = false;
      while (!arrived) {
        poller.poll(events, Poller.FOREVER);
        for (int i = 0; i < events.size(); i++) {
          arrived |= events.token(i) == token && events.readiness(i).isReadable();
        }
      }
      stream.read(buffer, offset, 64);
    }
  }

  /** Where it is measured. */
  enum On {
    /** The system that this runs on. */
    NATIVE,
    /** mill's kqueue backend over the model of a kernel. */
    KQUEUE_MODEL,
    /** The transfers of the BSDs on the C library of Linux. */
    BSD_TRANSFERS;

    Platform platform() {
      return switch (this) {
        case NATIVE -> CurrentPlatform.get();
        case KQUEUE_MODEL -> ModelPlatform.macOs();
        case BSD_TRANSFERS -> HostedBsdPlatform.on(CurrentPlatform.get());
      };
    }

    /** The paths on which the stand-in makes no garbage of its own. */
    Set<Path> paths() {
      return switch (this) {
        case NATIVE -> {
          boolean passes = !System.getProperty("os.name").startsWith("Windows");
          yield passes ? EnumSet.allOf(Path.class) : EnumSet.complementOf(EnumSet.of(DESCRIPTORS));
        }
        case KQUEUE_MODEL -> EnumSet.of(POLL_READ_WRITE, READ_WRITE_AT_AN_OFFSET, WAKE, CHANGE);
        case BSD_TRANSFERS ->
            EnumSet.of(
                READ_WRITE_AT_AN_OFFSET,
                VECTORS,
                VECTORS_OF_PARTS,
                DATAGRAM_AND_ANSWER,
                MESSAGES,
                BATCHES);
      };
    }
  }

  static Stream<Arguments> measurements() {
    return Arrays.stream(On.values())
        .flatMap(on -> on.paths().stream().map(path -> Arguments.of(on, path)));
  }

  @Timeout(600) // the child is bounded: it has much to do
  @ParameterizedTest
  @MethodSource("measurements")
  void steadyStateAllocatesNothing(On on, Path path) throws Exception {
    assumeTrue(
        on != On.BSD_TRANSFERS || System.getProperty("os.name").equals("Linux"),
        "the BSDs' transfers are run on Linux' C library, and this is no Linux");
    Garbage.assertNoneIn(Main.class, on.name(), path.name());
  }

  /** Measures one path. */
  static final class Main {
    public static void main(String[] arguments) throws Exception {
      Path.valueOf(arguments[1]).measure(On.valueOf(arguments[0]).platform());
    }
  }

  /** Two ends of a connection; the child is ended if it never comes about. */
  private static TcpPair tcpPair(Platform platform) throws IOException {
    try (TcpListener listener = TcpListener.bind(platform, Net.loopback(), 8)) {
      TcpStream client = TcpStream.connect(platform, listener.localAddress());
      TcpStream server;
      while ((server = listener.accept()) == null) {
        Thread.onSpinWait();
      }
      while (!client.finishConnect()) {
        Thread.onSpinWait();
      }
      return new TcpPair(client, server);
    }
  }
}
