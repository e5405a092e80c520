package mill.examples.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import mill.examples.command.KeyStoreFile;
import mill.examples.command.Keytool;
import mill.examples.command.Loops;
import mill.examples.command.Peer;
import mill.examples.command.Tool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code --tls} serves. */
class HttpsServerTest {
  @TempDir Path folder;

  private Loops loops;
  private InetSocketAddress address;
  private String url;

  @BeforeEach
  void serve() throws Exception {
    Path keys = Keytool.keyPair(folder);
    var context = KeyStoreFile.context(keys.toString(), Keytool.PASSWORD);
    loops = Loops.start();
    var server = HttpServer.listen(loops.group(), Loops.anyPort(), HttpServer.https(context));
    address = (InetSocketAddress) server.localAddress();
    url = "https://127.0.0.1:" + address.getPort() + "/";
  }

  @AfterEach
  void stop() {
    loops.close();
  }

  @Test
  void curlUploadsAFileAndReadsItsSumTwiceOverOneConnection() throws Exception {
    byte[] body = HttpClients.randomBytes(3 << 20);
    Path file = Files.write(folder.resolve("body"), body);
    String said =
        Tool.run(
            "curl",
            "curl",
            "-sSk",
            "--data-binary",
            "@" + file,
            "-w",
            " %{scheme} %{http_version} %{num_connects}\n",
            url,
            url);
    String answer = HttpClients.sum(body) + " HTTPS 1.1 ";
    assertThat(said.lines()).containsExactly(answer + "1", answer + "0");
  }

  @Test
  void wrkIsServedWithoutAnError() throws Exception {
    HttpClients.requireWrkIsServed(url);
  }

  @Test
  void whoSpeaksNoTlsGetsNoAnswerOfHttp() throws Exception {
    try (Peer peer = Peer.connect(address)) {
      peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(US_ASCII));
      assertThat(peer.readAll()).doesNotContain("HTTP");
    }
  }
}
