package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;
import mill.core.net.CloseCause.Kind;
import mill.natives.net.UnixAddress;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The PROXY protocol, versions 1 and 2: who is trusted, and what of a header is believed. */
class ProxyProtocolTest extends ConnectionFixture {
  private static final ProxyProtocol ALL = ProxyProtocol.trusting(peer -> true);
  private static final byte[] SIGNATURE = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};
  private static final int PROXY = 0x21;
  private static final int LOCAL = 0x20;
  private static final int TCP4 = 0x11;
  private static final int TCP6 = 0x21;
  private static final int UNIX = 0x31;
  private static final InetSocketAddress CLIENT =
      new InetSocketAddress(InetAddress.ofLiteral("192.0.2.7"), 40_000);

  private final CompletableFuture<SocketAddress> seenAtOpen = new CompletableFuture<>();
  private final CompletableFuture<ProxyHeader> header = new CompletableFuture<>();

  @BeforeEach
  @Override
  void start() throws Exception {
    super.start();
    heard.onOpen = c -> seenAtOpen.complete(c.remoteAddress());
  }

  @AfterEach
  @Override
  void stop() {
    super.stop();
    assertThat(loops.runner.uncaught()).isEmpty();
  }

  private ConnectionConfig config(ProxyProtocol protocol) {
    return LINES.layer(protocol.onHeader((c, told) -> header.complete(told)));
  }

  // ---- headers

  private static byte[] v2(int command, int family, byte[] rest) {
    return v2(command, family, rest.length, rest);
  }

  private static byte[] v2(int command, int family, int length, byte[] rest) {
    return ByteBuffer.allocate(16 + rest.length)
        .put(SIGNATURE)
        .put((byte) command)
        .put((byte) family)
        .putShort((short) length)
        .put(rest)
        .array();
  }

  private static byte[] four() {
    return ByteBuffer.allocate(12)
        .put(new byte[] {(byte) 192, 0, 2, 7, (byte) 198, 51, 100, 1})
        .putShort((short) 40_000)
        .putShort((short) 443)
        .array();
  }

  private static byte[] tlv(int type, byte... value) {
    return ByteBuffer.allocate(3 + value.length)
        .put((byte) type)
        .putShort((short) value.length)
        .put(value)
        .array();
  }

  private static byte[] all(byte[]... parts) {
    var whole = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      whole.writeBytes(part);
    }
    return whole.toByteArray();
  }

  /** A header whose last value is its checksum, right but for the bits of a mask. */
  private static byte[] summed(int mask) {
    byte[] made = v2(PROXY, TCP4, all(four(), tlv(4), tlv(3, new byte[4])));
    var crc = new CRC32C();
    crc.update(made);
    ByteBuffer.wrap(made).putInt(made.length - 4, (int) crc.getValue() ^ mask);
    return made;
  }

  private void isAccepted(byte[] sent, SocketAddress client) throws Exception {
    try (var server = loops.listen(config(ALL), heard);
        var peer = Peer.connect(server)) {
      peer.send(all(sent, "data in its segment\n".getBytes(StandardCharsets.US_ASCII)));
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame data in its segment\n");
      assertThat(Await.outcomeOf(seenAtOpen))
          .isEqualTo(client == null ? peer.socket.getLocalSocketAddress() : client);
    }
  }

  private void isRefused(byte[] sent, String why) throws Exception {
    isRefused(ALL, sent, why);
  }

  private void isRefused(ProxyProtocol protocol, byte[] sent, String why) throws Exception {
    try (var server = loops.listen(config(protocol), heard);
        var peer = Peer.connect(server)) {
      peer.send(sent);
      assertThat(peer.readAll()).isEmpty();
      peer.end();
      assertThat(heard.ended().kind()).isEqualTo(Kind.LAYER);
      assertThat(heard.ended().opened()).isFalse();
      assertThat(heard.ended().error()).hasMessageContaining(why);
      assertThat(heard.events).containsExactly("closed LAYER");
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void aLineOfVersionOneNamesTheClient() throws Exception {
    isAccepted(ascii("PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n"), CLIENT);
    assertThat(Await.outcomeOf(header).destination())
        .isEqualTo(new InetSocketAddress(InetAddress.ofLiteral("198.51.100.1"), 443));
  }

  @Test
  void theLongestLineOfVersionOneIsTaken() throws Exception {
    String address = "ffff:f...f:ffff:ffff:ffff:ffff:ffff:ffff:ffff".replace("f...f", "ffff");
    address = address.substring(0, 39);
    String line = "PROXY UNKNOWN " + address + " " + address + " 65535 65535\r\n";
    assertThat(line).hasSize(107);
    isAccepted(ascii(line), null);
  }

  @Test
  void sixesOfVersionOneAreTaken() throws Exception {
    isAccepted(
        ascii("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n"),
        new InetSocketAddress(InetAddress.ofLiteral("2001:db8::1"), 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\r\n",
        "PROXY TCP4  192.0.2.7 198.51.100.1 40000 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 040000 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 +1 443\r\n",
        "PROXY TCP4 192.0.2.256 198.51.100.1 1 443\r\n",
        "PROXY TCP4 1 198.51.100.1 1 443\r\n",
        "PROXY TCP4 ::1 ::1 1 443\r\n",
        "PROXY TCP6 192.0.2.7 198.51.100.1 1 443\r\n",
        "PROXY TCP6 fe80::1%lo ::1 1 443\r\n",
        "PROXY TCP6 [::1] ::1 1 443\r\n",
        "PROXY UDP4 192.0.2.7 198.51.100.1 1 443\r\n",
        "PROXY TCP4 example.com 198.51.100.1 1 443\r\n",
        "PROXY\tTCP4 192.0.2.7 198.51.100.1 1 443\r\n",
      })
  void aLineThatIsNotOfVersionOneIsRefused(String line) throws Exception {
    isRefused(ascii(line), "");
  }

  @Test
  void aLineOfMoreThan107BytesIsRefusedBeforeItEnds() throws Exception {
    isRefused(ascii("PROXY UNKNOWN " + "x".repeat(93)), "107");
  }

  @Test
  void versionTwoNamesTheClient() throws Exception {
    isAccepted(v2(PROXY, TCP4, four()), CLIENT);
  }

  @Test
  void sixesOfVersionTwoAreTaken() throws Exception {
    byte[] client = InetAddress.ofLiteral("2001:db8::2").getAddress();
    byte[] rest = ByteBuffer.allocate(36).put(client).put(client).putInt(0x0001_ffff).array();
    isAccepted(v2(PROXY, TCP6, rest), new InetSocketAddress(InetAddress.getByAddress(client), 1));
  }

  @Test
  void unixPathsOfVersionTwoAreTaken() throws Exception {
    byte[] rest = new byte[216];
    byte[] path = ascii("/run/client");
    System.arraycopy(path, 0, rest, 0, path.length);
    isAccepted(v2(PROXY, UNIX, rest), UnixAddress.ofBytes(path));
    assertThat(Await.outcomeOf(header).destination()).isNull();
  }

  @Test
  void aHeaderArrivesByteByByteAndDataInItsSegmentReachesTheHandler() throws Exception {
    try (var server = loops.listen(config(ALL), heard);
        var peer = Peer.connect(server)) {
      byte[] sent = summed(0);
      for (int i = 0; i < sent.length - 1; i++) {
        peer.send(new byte[] {sent[i]});
        loops.run(() -> true);
        assertThat(heard.events).isEmpty();
      }
      peer.send(all(new byte[] {sent[sent.length - 1]}, ascii("data\n")));
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame data\n");
      assertThat(Await.outcomeOf(seenAtOpen)).isEqualTo(CLIENT);
    }
  }

  @Test
  void localUsesTheRealAddressWhateverElseItSays() throws Exception {
    isAccepted(v2(LOCAL, TCP4, four()), null);
  }

  @Test
  void localWithAFamilyThatNobodyKnowsIsSkipped() throws Exception {
    isAccepted(v2(LOCAL, 0x77, new byte[] {1, 2, 3, 4, 5}), null);
  }

  @Test
  void unspecUsesTheRealAddress() throws Exception {
    isAccepted(v2(PROXY, 0, tlv(4)), null);
  }

  @Test
  void unknownUsesTheRealAddress() throws Exception {
    isAccepted(ascii("PROXY UNKNOWN\r\n"), null);
  }

  @Test
  void aLengthBeyondTheCapIsRefusedBeforeItsBytesCome() throws Exception {
    isRefused(v2(PROXY, TCP4, 65_535, four()), "65551");
  }

  @Test
  void aLengthAtTheCapIsTakenAndOneMoreIsNot() throws Exception {
    byte[] filled = v2(PROXY, TCP4, all(four(), tlv(4, new byte[536 - 16 - 12 - 3])));
    assertThat(filled).hasSize(536);
    isAccepted(filled, CLIENT);
  }

  @Test
  void oneByteBeyondTheCapIsRefused() throws Exception {
    isRefused(v2(PROXY, TCP4, all(four(), tlv(4, new byte[536 - 16 - 12 - 3 + 1]))), "537");
  }

  @Test
  void theLongestHeaderIsTakenWhereItIsAllowed() throws Exception {
    byte[] longest = v2(PROXY, TCP4, all(four(), tlv(4, new byte[65_535 - 12 - 3])));
    try (var server = loops.listen(config(ALL.maxHeader(65_551)), heard);
        var peer = Peer.connect(server)) {
      peer.send(all(longest, ascii("data\n")));
      assertThat(heard.next()).isEqualTo("open");
      assertThat(heard.next()).isEqualTo("frame data\n");
    }
  }

  @Test
  void aRightChecksumIsTaken() throws Exception {
    isAccepted(summed(0), CLIENT);
  }

  @Test
  void aWrongChecksumIsRefused() throws Exception {
    isRefused(summed(1), "checksum");
  }

  @Test
  void aWrongChecksumOfLocalIsRefusedToo() throws Exception {
    byte[] sent = summed(0);
    sent[12] = LOCAL; // which the checksum covers
    isRefused(sent, "checksum");
  }

  @Test
  void twoChecksumsAreRefused() throws Exception {
    byte[] made = v2(PROXY, TCP4, all(four(), tlv(3, new byte[4]), tlv(3, new byte[4])));
    isRefused(made, "checksum");
  }

  @Test
  void aSignatureWithOneWrongByteIsRefusedAtThatByte() throws Exception {
    for (int i = 0; i < SIGNATURE.length; i++) {
      byte[] wrong = java.util.Arrays.copyOf(SIGNATURE, i + 1);
      wrong[i] ^= 1;
      assertThatThrownBy(() -> ProxyParser.length(ByteBuffer.wrap(wrong), 536))
          .hasMessageContaining("no header of the PROXY protocol");
    }
    byte[] sent = v2(PROXY, TCP4, four());
    sent[11] = 0;
    isRefused(sent, "byte 11");
  }

  @ParameterizedTest
  @ValueSource(ints = {0x01, 0x11, 0x22, 0x2f, 0x31})
  void aCommandOrVersionThatNobodyKnowsIsRefused(int command) throws Exception {
    isRefused(v2(command, TCP4, four()), "version 2");
  }

  @ParameterizedTest
  @ValueSource(ints = {0x10, 0x12, 0x22, 0x32, 0x41, 0x01})
  void aFamilyThatIsNoStreamIsRefused(int family) throws Exception {
    isRefused(v2(PROXY, family, new byte[216]), "not TCP");
  }

  @Test
  void addressesThatAreCutOffAreRefused() throws Exception {
    isRefused(v2(PROXY, TCP4, new byte[11]), "too short");
  }

  @Test
  void aValueOfNoBytesIsTaken() throws Exception {
    isAccepted(v2(PROXY, TCP4, all(four(), tlv(4))), CLIENT); // three bytes in all
    assertThat(Await.outcomeOf(header).tlv(4).byteSize()).isZero();
  }

  @Test
  void lessThanAValueIsRefused() throws Exception {
    isRefused(v2(PROXY, TCP4, all(four(), new byte[] {4, 0})), "too many");
  }

  @Test
  void aValueThatGoesBeyondTheHeaderIsRefused() throws Exception {
    isRefused(v2(PROXY, TCP4, all(four(), new byte[] {4, 0, 1})), "beyond");
  }

  @Test
  void valuesInsideOfOneAreFound() throws Exception {
    byte[] ssl = tlv(0x20, all(new byte[] {1, 0, 0, 0, 0}, tlv(0x21, ascii("TLSv1.3"))));
    isAccepted(v2(PROXY, TCP4, all(four(), ssl, tlv(2, ascii("host")))), CLIENT);
    ProxyHeader told = Await.outcomeOf(header);
    assertThat(told.tlv(0x21).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(ascii("TLSv1.3"));
    assertThat(told.tlv(2).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(ascii("host"));
    assertThat(told.tlv(9)).isNull();
  }

  @Test
  void aValueThatGoesBeyondTheOneAroundItIsRefused() throws Exception {
    byte[] ssl = tlv(0x20, all(new byte[] {1, 0, 0, 0, 0}, new byte[] {0x21, 0, 9, 1}));
    isRefused(v2(PROXY, TCP4, all(four(), ssl, tlv(4, new byte[20]))), "beyond");
  }

  // ---- whom, and for how long

  @Test
  void whoIsNotTrustedIsRefusedThoughItsHeaderIsGood() throws Exception {
    isRefused(ProxyProtocol.trusting(peer -> false), new byte[0], "no trusted proxy");
  }

  @Test
  void aMissingHeaderTimesOut() throws Exception {
    var soon = new ProxyProtocol(peer -> true, 536, 50_000_000, (c, told) -> {});
    isRefused(soon, ascii("PRO"), "in its time");
  }

  @Test
  void aHeaderInItsTimeLeavesNoTimer() throws Exception {
    try (var server = loops.listen(config(ALL), heard);
        var peer = Peer.connect(server)) {
      // One of the connection, which looks when it fires, and one of the layer.
      Await.eventually("timers", () -> loops.loop.metrics().timers().live() == 2);
      peer.send(ascii("PROXY UNKNOWN\r\n"));
      assertThat(heard.next()).isEqualTo("open");
      Await.eventually("no timer of it", () -> loops.loop.metrics().timers().live() == 1);
    }
  }

  @Test
  void aTimeoutOfLessThanThreeSecondsIsRefused() {
    assertThatThrownBy(() -> ALL.timeout(Duration.ofMillis(2_999)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 s");
    assertThat(ALL.timeout(Duration.ofSeconds(3))).isNotNull();
  }

  @Test
  void noStateCrossesConnections() throws Exception {
    var handlers =
        new java.util.concurrent.LinkedBlockingQueue<>(java.util.List.of(heard, new Recorder()));
    try (var server = loops.listen(config(ALL), handlers::remove)) {
      try (var first = Peer.connect(server)) {
        first.send(ascii("PROXY TCP4 192.0.2.7 198.51.10")); // cut off
        first.end();
        assertThat(heard.ended().kind()).isEqualTo(Kind.TRUNCATED);
      }
      var second = new Recorder();
      try (var other = loops.listen(config(ALL), second);
          var peer = Peer.connect(other);
          var third = Peer.connect(server)) {
        third.send(ascii("0.1 40000 443\r\n")); // the rest of the first one's
        assertThat(third.readAll()).isEmpty();
        peer.send(ascii("PROXY UNKNOWN\r\nline\n"));
        assertThat(second.next()).isEqualTo("open");
        assertThat(second.connected().remoteAddress())
            .isEqualTo(peer.socket.getLocalSocketAddress());
      }
    }
  }

  @Test
  void theLimitOfAnAddressCountsTheProxyAndIsGivenBack() throws Exception {
    try (var server =
        loops.listen(config(ALL).maxConnections(ConnectionConfig.NO_LIMIT, 1), Recorder::new)) {
      for (int i = 0; i < 3; i++) {
        try (var peer = Peer.connect(server)) {
          peer.send(all(v2(PROXY, TCP4, four()), ascii("data\n"))).end();
          assertThat(peer.readAll()).isEmpty();
        }
        Await.eventually("it has left", () -> server.connections() == 0);
      }
      assertThat(server.refused()).isZero();
    }
  }
}
