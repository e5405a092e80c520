package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import mill.natives.CurrentPlatform;
import mill.natives.ErrnoException;
import mill.natives.Interest;
import mill.natives.Readiness;
import mill.natives.platform.NativeAddress;
import mill.testnet.Net;
import mill.testnet.Watch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {
  @TempDir private Path folder;

  @Test
  void streamsConnectByPath() throws IOException {
    connectBoth(UnixAddress.of(folder.resolve("s")), UnixAddress.of(folder.resolve("s")));
    assertThat(folder.resolve("s")).as("whoever bound it deletes it").exists();
  }

  @Test
  void streamsConnectByJavasOwnAddress() throws IOException {
    Path path = folder.resolve("s");
    connectBoth(UnixDomainSocketAddress.of(path), UnixAddress.of(path));
  }

  @Test
  void streamsConnectByAbstractName() throws IOException {
    UnixAddress name = abstractName();
    assertThat(connectBoth(name, name)).isEqualTo(name);
    assertThatThrownBy(() -> UnixStream.connect(name))
        .as("gone with its listener")
        .hasMessageContaining("ECONNREFUSED");
  }

  @Test
  void missingFileAndDeadFileAreToldApart() throws IOException {
    Path path = folder.resolve("s");
    assertThatThrownBy(() -> UnixStream.connect(UnixAddress.of(path)))
        .hasMessage("connect(" + path + "): ENOENT (errno 2)");
    UnixListener.bind(UnixAddress.of(path)).close();
    assertThatThrownBy(() -> UnixStream.connect(UnixAddress.of(path)))
        .hasMessage("connect(" + path + "): ECONNREFUSED (errno 111)");
  }

  @Test
  void pathThatExistsIsInUse() throws IOException {
    Path path = Files.createFile(folder.resolve("taken"));
    assertThatThrownBy(() -> UnixListener.bind(UnixAddress.of(path)))
        .hasMessage("bind(" + path + "): EADDRINUSE (errno 98)");
    assertThatThrownBy(() -> UnixDatagram.bind(UnixAddress.of(path)))
        .hasMessageContaining("EADDRINUSE");
  }

  @Test
  void pathThatIsTooLongIsRefusedWithTheLimit() {
    UnixAddress tooLong = UnixAddress.of(Path.of("/" + "x".repeat(108)));
    assertThatThrownBy(() -> UnixListener.bind(tooLong))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at most 108 bytes, this one has 109");
    UnixAddress tooLongAbstract = UnixAddress.ofAbstract("x".repeat(108));
    assertThatThrownBy(() -> UnixStream.connect(tooLongAbstract))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at most 108 bytes, this one has 109: @xxx");
  }

  @Test
  void longestNamesWork() throws IOException {
    Path longest = folder.resolve("x".repeat(107 - folder.toString().length() - 1));
    assertThat(longest.toString()).hasSize(107);
    assertThat(connectBoth(UnixAddress.of(longest), UnixAddress.of(longest)))
        .isEqualTo(UnixAddress.of(longest));
    String unique = UUID.randomUUID().toString();
    UnixAddress name = UnixAddress.ofAbstract(unique + "y".repeat(107 - unique.length()));
    assertThat(connectBoth(name, name)).isEqualTo(name);
  }

  @Test
  void namesAreUtf8() throws IOException {
    UnixAddress name = UnixAddress.of(folder.resolve("größe-☃"));
    assertThat(connectBoth(name, name)).isEqualTo(name);
    assertThat(folder.resolve("größe-☃")).exists();
  }

  @Test
  void fullBacklogIsSaidAtOnce() throws IOException {
    UnixAddress name = abstractName();
    List<UnixStream> clients = new ArrayList<>();
    try (UnixListener listener = UnixListener.bind(name, 1)) {
      assertThat(listener.accept()).isNull();
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 100; i++) {
                  clients.add(UnixStream.connect(name));
                }
              })
          .isInstanceOfSatisfying(
              ErrnoException.class, e -> assertThat(e.errnoName()).isEqualTo("EAGAIN"));
    } finally {
      clients.forEach(UnixStream::close);
    }
  }

  @Test
  void socketPairIsConnectedAndUnnamed() throws IOException {
    UnixStream.Pair pair = UnixStream.pair();
    try (UnixStream first = pair.first();
        UnixStream second = pair.second();
        Arena arena = Arena.ofConfined()) {
      assertThat(first.isConnected()).isTrue();
      assertThat(first.localAddress()).isEqualTo(UnixAddress.unnamed());
      assertThat(first.remoteAddress()).isEqualTo(UnixAddress.unnamed());
      Net.writeText(first, "a");
      assertThat(Net.readText(second, 1)).isEqualTo("a");
      assertThat(second.read(arena.allocate(1))).isEqualTo(IoStatus.WOULD_BLOCK);
      first.shutdownWrite();
      assertThat(second.read(arena.allocate(1))).isEqualTo(IoStatus.END_OF_STREAM);
      assertThatThrownBy(() -> first.write(arena.allocate(1))).hasMessageContaining("EPIPE");
    }
  }

  @Test
  void datagramsTravelByPathAndAreAnswered() throws IOException {
    exchange(UnixAddress.of(folder.resolve("a")), UnixDomainSocketAddress.of(folder.resolve("b")));
  }

  @Test
  void datagramsTravelByAbstractName() throws IOException {
    exchange(abstractName(), abstractName());
  }

  @Test
  void unnamedSenderCannotBeAnswered() throws IOException {
    UnixAddress name = abstractName();
    var from = new NativeAddress();
    try (UnixDatagram receiver = UnixDatagram.bind(name);
        UnixDatagram sender = UnixDatagram.open();
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(4);
      assertThat(sender.localAddress()).isEqualTo(UnixAddress.unnamed());
      sender.connect(name);
      assertThat(sender.remoteAddress()).isEqualTo(name);
      assertThat(sender.send(buffer, 0, 0)).as("an empty datagram").isZero();
      assertThat(sender.send(buffer, 0, 3)).isEqualTo(3);
      assertThat(receiver.receiveFrom(buffer, 0, 4, from)).isZero();
      assertThat(receiver.receiveFrom(buffer, 0, 4, from)).isEqualTo(3);
      assertThat(CurrentPlatform.get().addresses().decode(from)).isIn(null, UnixAddress.unnamed());
      assertThatThrownBy(() -> receiver.sendTo(buffer, 0, 1, from))
          .isInstanceOf(ErrnoException.class);
    }
  }

  @Test
  void connectedDatagramSocketHearsThatItsPeerIsGone() throws IOException {
    UnixAddress name = abstractName();
    UnixDatagram receiver = UnixDatagram.bind(name);
    try (UnixDatagram sender = UnixDatagram.open();
        Arena arena = Arena.ofConfined()) {
      sender.connect(name);
      receiver.close();
      assertThatThrownBy(() -> sender.send(arena.allocate(1), 0, 1))
          .hasMessageContaining("ECONNREFUSED");
    }
  }

  @Test
  void emptyPathIsRefusedWithAdvice() {
    assertThatThrownBy(() -> UnixAddress.of(Path.of("")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("use unnamed()");
  }

  @Test
  void addressesCompareByNameAndPrintLikeSs() {
    assertThat(UnixAddress.of(Path.of("/run/x"))).isEqualTo(UnixAddress.of(Path.of("/run/x")));
    assertThat(UnixAddress.of(Path.of("/run/x")))
        .hasSameHashCodeAs(UnixAddress.of(Path.of("/run/x")));
    assertThat(UnixAddress.of(Path.of("x"))).isNotEqualTo(UnixAddress.ofAbstract("x"));
    assertThat(UnixAddress.of(Path.of("/run/x"))).hasToString("/run/x");
    assertThat(UnixAddress.ofAbstract("x")).hasToString("@x");
    assertThat(UnixAddress.unnamed()).hasToString("(unnamed)");
    assertThat(UnixAddress.ofAbstract("x").isAbstract()).isTrue();
    assertThat(UnixAddress.of(Path.of("x")).isAbstract()).isFalse();
    assertThat(UnixAddress.unnamed().isUnnamed()).isTrue();
    byte[] bytes = UnixAddress.ofAbstract("x").bytes();
    assertThat(bytes).containsExactly(0, 'x');
    assertThat(UnixAddress.ofBytes(bytes)).isEqualTo(UnixAddress.ofAbstract("x"));
  }

  // sun_path is bytes; java.nio connects to such a path as well.
  @Test
  void pathThatIsNoTextConnects() throws IOException {
    byte[] parent = folder.toString().getBytes(StandardCharsets.UTF_8);
    byte[] bytes = Arrays.copyOf(parent, parent.length + 4);
    bytes[parent.length] = '/';
    bytes[parent.length + 1] = (byte) 0xff;
    bytes[parent.length + 2] = 's';
    bytes[parent.length + 3] = (byte) 0x80;
    try (UnixListener listener = UnixListener.bind(UnixAddress.ofBytes(bytes))) {
      Path path = onlyFileIn(folder);
      assertThat(UnixAddress.of(path)).isEqualTo(listener.localAddress());
      UnixStream.connect(UnixAddress.of(path)).close();
      UnixStream.connect(UnixDomainSocketAddress.of(path)).close();
      Files.delete(path);
    }
  }

  // unix(7): the path fills the structure, and the kernel reads on.
  @Test
  void pathThatFillsItsPlaceConnects() throws IOException {
    String folderText = folder.toString();
    Path path = folder.resolve("x".repeat(108 - folderText.length() - 1));
    try (UnixListener listener = UnixListener.bind(UnixAddress.of(path))) {
      assertThat(path).exists();
      assertThat(listener.localAddress()).isEqualTo(UnixAddress.of(path));
      UnixStream.connect(listener.localAddress()).close();
      Files.delete(path);
    }
  }

  @Test
  void pathsAreTakenAsTheyAreWritten() {
    for (String text : new String[] {"a", "a b/%41", "/run/x", "../x", "./x", "/a/../b"}) {
      assertThat(new String(UnixAddress.of(Path.of(text)).bytes(), StandardCharsets.UTF_8))
          .isEqualTo(text);
    }
    assertThat(UnixAddress.of(folder).bytes())
        .as("a folder")
        .isEqualTo(folder.toString().getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void pathWithANulIsRefused() {
    assertThatThrownBy(() -> UnixAddress.ofBytes(new byte[] {'a', 0, 'b'}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("NUL");
    assertThatThrownBy(() -> UnixAddress.ofBytes(new byte[] {'a', 0}))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(UnixAddress.ofBytes(new byte[] {0, 'a', 0}).isAbstract()).isTrue();
  }

  @Test
  void pathOfAnotherFileSystemIsRefused() {
    Path other = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/modules");
    assertThatThrownBy(() -> UnixAddress.of(other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("default file system");
  }

  // unix(7): only a connected socket knows whose queue is full.
  @Test
  void fullPeerMakesAnUnconnectedSenderWritableAllTheTimeAndAConnectedOneNot() throws IOException {
    UnixAddress name = abstractName();
    try (UnixDatagram receiver = UnixDatagram.bind(name);
        UnixDatagram loose = UnixDatagram.open();
        UnixDatagram connected = UnixDatagram.open();
        Watch watch = Watch.open();
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(1_000);
      connected.connect(name);
      while (loose.sendTo(buffer, 0, 1_000, name) != IoStatus.WOULD_BLOCK) {
        assertThat(receiver.isOpen()).isTrue();
      }
      assertThat(connected.send(buffer, 0, 1_000)).isEqualTo(IoStatus.WOULD_BLOCK);
      watch.register(loose, 1, Interest.WRITABLE);
      watch.register(connected, 2, Interest.WRITABLE);
      assertThat(watch.awaitBatch()).containsExactly(1L);
      assertThat(watch.now()).as("again at once").containsExactly(1L);
      while (receiver.receive(buffer, 0, 1_000) != IoStatus.WOULD_BLOCK) {
        assertThat(receiver.isOpen()).isTrue();
      }
      watch.await(2, Readiness.WRITABLE);
    }
  }

  private static SocketAddress connectBoth(SocketAddress bound, SocketAddress seen)
      throws IOException {
    try (UnixListener listener = UnixListener.bind(bound)) {
      assertThat(listener.localAddress()).isEqualTo(seen);
      try (UnixStream client = UnixStream.connect(bound);
          UnixStream server = listener.accept()) {
        assertThat(server).isNotNull();
        assertThat(client.isConnected()).isTrue();
        assertThat(client.remoteAddress()).isEqualTo(seen);
        assertThat(client.localAddress()).isEqualTo(UnixAddress.unnamed());
        assertThat(server.remoteAddress()).isEqualTo(UnixAddress.unnamed());
        assertThat(listener.accept()).isNull();
        Net.writeText(client, "to the server");
        assertThat(Net.readText(server, 13)).isEqualTo("to the server");
        Net.writeText(server, "to the client");
        assertThat(Net.readText(client, 13)).isEqualTo("to the client");
      }
      return listener.localAddress();
    }
  }

  private static void exchange(SocketAddress here, SocketAddress there) throws IOException {
    var from = new NativeAddress();
    try (UnixDatagram one = UnixDatagram.bind(here);
        UnixDatagram two = UnixDatagram.bind(there);
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(16);
      assertThat(one.sendTo(Net.utf8(arena, "question"), 0, 8, there)).isEqualTo(8);
      assertThat(two.receiveFrom(buffer, 0, 16, from)).isEqualTo(8);
      assertThat(Net.text(buffer, 8)).isEqualTo("question");
      assertThat(CurrentPlatform.get().addresses().decode(from)).isEqualTo(one.localAddress());
      assertThat(two.sendTo(Net.utf8(arena, "answer"), 0, 6, from)).isEqualTo(6);
      assertThat(one.receive(buffer, 0, 4)).as("cut off").isEqualTo(4);
      assertThat(Net.text(buffer, 4)).isEqualTo("answ");
      assertThat(one.receive(buffer, 0, 16)).isEqualTo(IoStatus.WOULD_BLOCK);
    }
  }

  private static Path onlyFileIn(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.findFirst().orElseThrow();
    }
  }

  private static UnixAddress abstractName() {
    return UnixAddress.ofAbstract("mill-test-" + UUID.randomUUID());
  }
}
