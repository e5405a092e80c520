package mill.examples.http;

import static mill.examples.http.HttpClients.randomBytes;
import static mill.examples.http.HttpClients.sum;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.FutureTask;
import mill.core.net.TcpServer;
import mill.examples.command.Loops;
import mill.examples.command.Peer;
import mill.examples.command.Tool;
import mill.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HttpServerTest {
  private static final String NOTHING = "00000000"; // the sum of an empty body

  private Loops loops;
  private TcpServer server;
  private InetSocketAddress address;
  private String url;

  @BeforeEach
  void serve() throws Exception {
    loops = Loops.start();
    server = HttpServer.listen(loops.group(), Loops.anyPort(), HttpServer.CONFIG);
    address = (InetSocketAddress) server.localAddress();
    url = "http://127.0.0.1:" + address.getPort() + "/";
  }

  @AfterEach
  void stop() {
    loops.close();
  }

  private static String request(String method, String fields) {
    return method + " / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
  }

  private static String post(String body) {
    return request("POST", "Content-Length: " + body.length() + "\r\n") + body;
  }

  private static String answer(String sum) {
    return "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 8\r\n\r\n" + sum;
  }

  private static String last(String sum) {
    return answer(sum).replace("keep-alive", "close");
  }

  private static void assertAnswer(Peer peer, String answer) throws IOException {
    assertThat(peer.read(answer.length())).isEqualTo(answer);
  }

  @Test
  void requestsOfOneConnectionAreAnsweredInOrderAllAtOnceOrByteByByte() throws Exception {
    String requests =
        request("GET", "")
            + post("hello")
            + request("HEAD", "")
            + post("GET / HTTP/1.1\r\n\r\n") // a body is no head
            + request("GET", "Connection: close\r\n");
    String answers =
        answer(NOTHING)
            + answer(sum("hello"))
            + answer("")
            + answer(sum("GET / HTTP/1.1\r\n\r\n"))
            + last(NOTHING);
    try (Peer peer = Peer.connect(address)) {
      peer.send(requests);
      assertThat(peer.readAll()).isEqualTo(answers);
    }
    try (Peer peer = Peer.connect(address)) {
      peer.drip(requests);
      assertThat(peer.readAll()).isEqualTo(answers);
    }
  }

  @Test
  void bodyFarLargerThanAnyBufferIsSummedAsItComes() throws Exception {
    byte[] body = randomBytes(32 << 20);
    try (Peer peer = Peer.connect(address)) {
      peer.send(request("PUT", "Content-Length: " + body.length + "\r\nExpect: 100-continue\r\n"));
      assertAnswer(peer, "HTTP/1.1 100 Continue\r\n\r\n");
      FutureTask<Void> sending = peer.sendInBackground(body);
      assertAnswer(peer, answer(sum(body)));
      Await.outcome(sending);
      peer.send(request("GET", ""));
      assertAnswer(peer, answer(NOTHING));
    }
  }

  @Test
  void upgradeSwitchesToFramesFromTheNextByteOn() throws Exception {
    String frames = "\0\0\0\5hello\0\0\0\0\0\0\0\1x";
    try (Peer peer = Peer.connect(address)) {
      peer.send(request("GET", "Connection: Upgrade\r\nUpgrade: frames\r\n") + frames);
      assertAnswer(
          peer,
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: frames\r\n\r\n"
              + frames);
      peer.drip("\0\0\0\2GE");
      assertAnswer(peer, "\0\0\0\2GE");
    }
  }

  @Test
  void whatIsRefusedIsAnsweredAndNothingAfterIt() throws Exception {
    assertRefused("GET / HTTP/1.1\r\n\r\n", "400 Bad Request");
    assertRefused(request("POST", "Transfer-Encoding: chunked\r\n"), "501 Not Implemented");
    assertRefused("GET / HTTP/3.0\r\nHost: h\r\n\r\n", "505 HTTP Version Not Supported");
    assertRefused("x".repeat(HttpHead.MAX_LENGTH), "431 Request Header Fields Too Large");
  }

  @Test
  void headThatIsCutOffIsAnswered() throws Exception {
    try (Peer peer = Peer.connect(address)) {
      peer.send("GET / HTTP/1.1\r\nHost:");
      peer.end();
      assertThat(peer.readAll()).startsWith("HTTP/1.1 400 Bad Request\r\n");
    }
  }

  private void assertRefused(String request, String status) throws Exception {
    try (Peer peer = Peer.connect(address)) {
      peer.send(request + request("GET", ""));
      assertThat(peer.readAll())
          .isEqualTo("HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
  }

  @Test
  void shutdownLetsARequestThatHasBegunFinish() throws Exception {
    try (Peer idle = Peer.connect(address);
        Peer busy = Peer.connect(address)) {
      busy.send(request("POST", "Content-Length: 5\r\nExpect: 100-continue\r\n"));
      assertAnswer(busy, "HTTP/1.1 100 Continue\r\n\r\n");
      Await.eventually("both are there", () -> server.connections() == 2);
      var report = server.shutdown(java.time.Duration.ofNanos(Await.PATIENCE_NS));
      assertThat(idle.readAll()).isEmpty();
      busy.send("hello");
      assertThat(busy.readAll()).isEqualTo(last(sum("hello")));
      assertThat(Await.outcomeOf(report).inTime()).isTrue();
    }
  }

  @Test
  void curlUploadsAFileAndReadsItsSum(@TempDir Path folder) throws Exception {
    byte[] body = randomBytes(3 << 20); // more than curl sends unasked
    Path file = Files.write(folder.resolve("body"), body);
    String said =
        Tool.run(
            "curl",
            "curl",
            "-sS",
            "-H",
            "Expect: 100-continue",
            "--data-binary",
            "@" + file,
            url,
            url);
    assertThat(said).isEqualTo(sum(body) + sum(body)); // over one connection
    assertThat(Tool.run("curl", "curl", "-sSI", url)).startsWith("HTTP/1.1 200 OK\r\n");
  }

  @Test
  void wrkIsServedWithoutAnError() throws Exception {
    HttpClients.requireWrkIsServed(url);
  }
}
