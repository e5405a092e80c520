package mill.examples.resp;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.List;
import mill.examples.command.Loops;
import mill.examples.command.Peer;
import mill.examples.command.Tool;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RespServerTest {
  private Loops loops;
  private RespStore store;
  private InetSocketAddress address;
  private String port;

  @BeforeEach
  void serve() throws Exception {
    loops = Loops.start();
    store = new RespStore(16 << 20);
    var server = RespServer.listen(loops.loop(), Loops.anyPort(), store);
    address = (InetSocketAddress) server.localAddress();
    port = Integer.toString(address.getPort());
  }

  @AfterEach
  void stop() {
    loops.close();
    store.close();
  }

  private static String request(String... words) {
    var text = new StringBuilder("*" + words.length + "\r\n");
    for (String word : words) {
      text.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
    }
    return text.toString();
  }

  private static void assertAnswer(Peer peer, String answer) throws Exception {
    assertThat(peer.read(answer.length())).isEqualTo(answer);
  }

  @Test
  void eachCommandIsAnsweredAsRedisDoes() throws Exception {
    String requests =
        request("PING")
            + request("SET", "k", "a\r\nb")
            + "get k\r\n"
            + request("GET", "nothing")
            + request("incr", "n")
            + request("INCR", "n")
            + request("INCR", "k")
            + request("FLUSHALL")
            + "\r\n"
            + request("QUIT")
            + request("PING");
    String answers =
        String.join(
            "\r\n",
            List.of(
                "+PONG",
                "+OK",
                "$4",
                "a",
                "b",
                "$-1",
                ":1",
                ":2",
                "-ERR value is not an integer or out of range",
                "-ERR unknown command, or another number of arguments",
                "+OK",
                ""));
    try (Peer peer = Peer.connect(address)) {
      peer.send(requests); // all at once, and nothing after QUIT is answered
      assertThat(peer.readAll()).isEqualTo(answers);
    }
    try (Peer peer = Peer.connect(address)) {
      peer.drip(requests.replace("*2\r\n$4\r\nincr", "*2\r\n$3\r\nget"));
      assertThat(peer.readAll())
          .startsWith("+PONG")
          .contains("$1\r\n2\r\n:3\r\n")
          .endsWith("+OK\r\n");
    }
  }

  @Test
  void malformedRequestIsAnsweredAndEndsItsConnectionAlone() throws Exception {
    try (Peer other = Peer.connect(address);
        Peer peer = Peer.connect(address)) {
      peer.send(request("PING") + "*1\r\nPING\r\n");
      assertThat(peer.readAll()).isEqualTo("+PONG\r\n-ERR Protocol error\r\n");
      other.send("ping\r\n");
      assertAnswer(other, "+PONG\r\n");
    }
  }

  @Test
  void tenThousandRequestsInOneStreamAreAnsweredInOrder() throws Exception {
    var requests = new StringBuilder();
    var answers = new StringBuilder();
    for (int i = 1; i <= 10_000; i++) {
      requests.append(request("INCR", "n"));
      answers.append(':').append(i).append("\r\n");
    }
    try (Peer peer = Peer.connect(address)) {
      var sending = peer.sendInBackground(requests.toString().getBytes(US_ASCII));
      assertAnswer(peer, answers.toString());
      Await.outcome(sending);
    }
  }

  @Test
  void largeValueComesBackAndOneThatIsTooLargeEndsTheConnection() throws Exception {
    String value = "0123456789".repeat(100_000);
    try (Peer peer = Peer.connect(address)) {
      var sending =
          peer.sendInBackground(
              (request("SET", "k", value) + request("GET", "k")).getBytes(US_ASCII));
      assertAnswer(peer, "+OK\r\n$1000000\r\n" + value + "\r\n");
      Await.outcome(sending);
      peer.send("*2\r\n$3\r\nGET\r\n$1048576\r\n");
      assertThat(peer.isReset() || peer.readAll().isEmpty()).isTrue();
    }
  }

  @Test
  void redisCliSpeaksToIt() throws Exception {
    assertThat(cli("SET", "key", "two words")).isEqualTo("OK\n");
    assertThat(cli("GET", "key")).isEqualTo("two words\n");
    assertThat(cli("INCR", "n")).isEqualTo("1\n");
    assertThat(cli("GET", "nothing")).isEqualTo("\n");
    assertThat(cli("PING")).isEqualTo("PONG\n");
  }

  private String cli(String... words) throws Exception {
    String[] command = new String[words.length + 3];
    command[0] = "redis-cli";
    command[1] = "-p";
    command[2] = port;
    System.arraycopy(words, 0, command, 3, words.length);
    return Tool.run("redis-tools", command);
  }

  @Test
  void redisBenchmarkIsServedWithAndWithoutPipelining() throws Exception {
    for (String pipeline : new String[] {"1", "16"}) {
      String said =
          Tool.run(
              "redis-tools",
              "redis-benchmark",
              "-p",
              port,
              "-c",
              "50",
              "-n",
              "2000",
              "-P",
              pipeline,
              "--csv",
              "-t",
              "ping,set,get,incr");
      assertThat(said).contains("PING_INLINE", "PING_MBULK", "\"SET\"", "\"GET\"", "\"INCR\"");
      assertThat(said).doesNotContain("Error");
    }
  }
}
