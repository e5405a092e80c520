package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import mill.natives.CurrentPlatform;
import mill.natives.Descriptors;
import mill.natives.ErrnoException;
import mill.natives.platform.ControlData;
import mill.natives.platform.DatagramBatch;
import mill.natives.platform.NativeAddress;
import mill.natives.platform.Platform;
import mill.testnet.Net;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Messages with control data, on this system. */
class MessageTest {
  private static final int SOL_SOCKET = 1;
  private static final int SO_PASSCRED = 16;
  private static final int O_CLOEXEC = 0x80000;

  private final Platform platform = CurrentPlatform.get();
  private final Arena arena = Arena.ofShared(); // a test runs on a thread of its own
  private final MemorySegment buffer = arena.allocate(16);

  @AfterEach
  void free() {
    arena.close();
  }

  private static void assumeLinux() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux"), "what /proc tells, and only Linux has");
  }

  @Test
  void aDescriptorThatCameIsNotInherited() throws IOException {
    assumeLinux();
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixStream sender = pair.first();
        UnixStream receiver = pair.second();
        PipePair pipe = PipePair.open();
        var control = new ControlData(platform)) {
      control.passDescriptor(pipe.source().fd());
      sender.sendMessage(buffer, 0, 1, control);
      receiver.receiveMessage(buffer, 0, 16, control);
      Path fdinfo = Path.of("/proc/self/fdinfo/" + control.descriptor(0));
      String info = Files.readAllLines(fdinfo).get(1);
      assertThat(info).startsWith("flags:");
      int flags = Integer.parseInt(info.substring("flags:".length()).strip(), 8);
      assertThat(flags & O_CLOEXEC).as("%s", info).isNotZero();
    }
  }

  @Test
  void asManyDescriptorsAsAMessageCanHaveArePassed() throws IOException {
    assumeLinux();
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixStream sender = pair.first();
        UnixStream receiver = pair.second();
        var control = new ControlData(platform)) {
      for (int i = 0; i < ControlData.MAX_DESCRIPTORS; i++) {
        control.passDescriptor(sender.fd());
      }
      assertThatThrownBy(() -> control.passDescriptor(sender.fd()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("a message passes at most 253 descriptors");
      sender.sendMessage(buffer, 0, 1, control);
      receiver.receiveMessage(buffer, 0, 16, control);
      assertThat(control.descriptorCount()).isEqualTo(ControlData.MAX_DESCRIPTORS);
      assertThat(control.isControlTruncated()).isFalse();
    }
  }

  // Promise 11. What has no room is closed by the kernel; what had is the receiver's.
  @Test
  void noDescriptorStaysOpenWhenControlDataIsCutOff() throws IOException {
    assumeLinux();
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixStream sender = pair.first();
        UnixStream receiver = pair.second();
        PipePair pipe = PipePair.open();
        var control = new ControlData(platform)) {
      receiver.setOption(SOL_SOCKET, SO_PASSCRED, one()); // its control message comes first
      for (int i = 0; i < ControlData.MAX_DESCRIPTORS; i++) {
        control.passDescriptor(pipe.sink().fd());
      }
      sender.sendMessage(buffer, 0, 1, control);
      pipe.sink().close();
      assertThat(receiver.receiveMessage(buffer, 0, 16, control)).isEqualTo(1);
      assertThat(control.isControlTruncated()).isTrue();
      assertThat(control.descriptorCount()).isBetween(1, ControlData.MAX_DESCRIPTORS - 1);
      assertThat(pipe.source().read(buffer, 0, 16)).isEqualTo(IoStatus.WOULD_BLOCK);
      control.clear();
      assertThat(pipe.source().read(buffer, 0, 16)).isEqualTo(IoStatus.END_OF_STREAM);
    }
  }

  private MemorySegment one() {
    return arena.allocateFrom(ValueLayout.JAVA_INT, 1);
  }

  @Test
  void whatWasTakenIsTheCallers() throws IOException {
    assumeLinux();
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixStream sender = pair.first();
        UnixStream receiver = pair.second();
        PipePair pipe = PipePair.open()) {
      int fd;
      try (var control = new ControlData(platform)) {
        control.passDescriptor(pipe.sink().fd());
        sender.sendMessage(buffer, 0, 1, control);
        receiver.receiveMessage(buffer, 0, 16, control);
        fd = control.takeDescriptor();
      }
      try (RawFd mine = RawFd.own(fd)) {
        assertThat(mine.write(buffer, 0, 1)).isEqualTo(1);
      }
    }
  }

  @Test
  void messagesOfAStreamEndAndWouldBlockAsReadsDo() throws IOException {
    assumeLinux();
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixStream sender = pair.first();
        UnixStream receiver = pair.second();
        var control = new ControlData(platform)) {
      assertThat(receiver.receiveMessage(buffer, 0, 16, control)).isEqualTo(IoStatus.WOULD_BLOCK);
      assertThat(receiver.receiveMessage(buffer, 0, 0, control)).isZero();
      assertThatThrownBy(() -> sender.sendMessage(buffer, 0, 0, control))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("a message of a stream has one byte at least");
      sender.shutdownWrite();
      assertThat(receiver.receiveMessage(buffer, 0, 16, control)).isEqualTo(IoStatus.END_OF_STREAM);
    }
  }

  @Test
  void whatIsRefusedIsNamed() throws IOException {
    assumeLinux();
    try (UdpSocket udp = UdpSocket.bind(Net.loopback());
        var control = new ControlData(platform)) {
      udp.connect(udp.localAddress());
      control.setSegmentBytes(1);
      assertThatThrownBy(() -> udp.sendMessage(arena.allocate(2_000), 0, 2_000, null, control))
          .isInstanceOf(ErrnoException.class)
          .hasMessage("sendmsg(0 descriptors, segments of 1 bytes): EINVAL (errno 22)");
      assertThatThrownBy(() -> control.setSegmentBytes(65_536))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("a segment has 0 to 65535 bytes, not 65536");
      assertThatThrownBy(() -> control.passDescriptor(-1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("not a descriptor: -1");
    }
  }

  @Test
  void memoryThatTheKernelCannotReachIsRefused() throws IOException {
    try (UdpSocket udp = UdpSocket.bind(Net.loopback());
        var control = new ControlData(platform)) {
      var from = new NativeAddress();
      MemorySegment heap = MemorySegment.ofArray(new byte[8]);
      assertThatThrownBy(() -> udp.receiveMessage(heap, 0, 8, from, control))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> udp.sendMessage(heap, 0, 8, from, control))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> udp.receiveMessage(buffer.asReadOnly(), 0, 8, from, control))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> udp.receiveMessage(buffer, 10, 8, from, control))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> new DatagramBatch(platform, heap, 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> new DatagramBatch(platform, buffer, 17))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> new DatagramBatch(platform, buffer, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("a batch has 1 to 1024 datagrams, not 0");
    }
  }

  @Test
  void freedMemoryIsRefused() throws IOException {
    try (UdpSocket udp = UdpSocket.bind(Net.loopback());
        var control = new ControlData(platform)) {
      MemorySegment freed;
      DatagramBatch batch;
      try (Arena brief = Arena.ofConfined()) {
        freed = brief.allocate(16);
        batch = new DatagramBatch(platform, freed, 2);
      }
      assertThatThrownBy(() -> udp.receiveMessage(freed, 0, 8, null, control))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> udp.receiveBatch(batch)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> udp.sendBatch(batch, 0, 1))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void aBatchOfTheLargestSizeIsMovedWhole() throws IOException {
    assumeLinux();
    int count = 64; // as many as the receive buffer takes
    try (UdpSocket sender = UdpSocket.bind(Net.loopback());
        UdpSocket receiver = UdpSocket.bind(Net.loopback())) {
      sender.connect(receiver.localAddress());
      int capacity = DatagramBatch.MAX_DATAGRAMS;
      var sent = new DatagramBatch(platform, arena.allocate(4L * capacity), capacity);
      for (int i = capacity - count; i < capacity; i++) {
        sent.buffer(i).set(ValueLayout.JAVA_INT_UNALIGNED, 0, i);
        sent.setLength(i, 4);
      }
      assertThat(sender.sendBatch(sent, capacity - count, count)).isEqualTo(count);
      var received = new DatagramBatch(platform, arena.allocate(4L * capacity), capacity);
      assertThat(receiver.receiveBatch(received)).isEqualTo(count);
      List<Integer> numbers = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        numbers.add(received.buffer(i).get(ValueLayout.JAVA_INT_UNALIGNED, 0));
      }
      assertThat(numbers).isSorted().startsWith(capacity - count).endsWith(capacity - 1);
    }
  }

  @Test
  void aControlDataForgetsWhatItWasUsedFor() throws IOException {
    try (var control = new ControlData(platform)) {
      int fd = Descriptors.duplicate(1);
      control.passDescriptor(fd);
      control.setSegmentBytes(5);
      assertThat(control.isPlain()).isFalse();
      assertThat(control.passedCount()).isEqualTo(1);
      assertThat(control.passedDescriptor(0)).isEqualTo(fd);
      control.clear();
      assertThat(control.isPlain()).isTrue();
      assertThat(platform.sockets().close(fd)).as("what is passed stays the caller's").isZero();
      assertThatThrownBy(() -> control.passedDescriptor(0))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> control.descriptor(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }
}
