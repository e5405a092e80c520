package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** TLS against OpenSSL, whose records are fuller than the JDK's. */
class TlsOpenSslTest extends TlsFixture {
  @Test
  void whatAnotherLibrarySendsInFullRecordsPasses() throws Exception {
    assumeTrue(openssl(), "openssl is not installed here");
    byte[] bytes = new byte[1 << 20];
    new Random(2).nextBytes(bytes);
    var collector = new Collector(bytes.length);
    try (var server =
        loops.listen(ConnectionConfig.defaults().layer(Tls.server(context)), collector)) {
      int port = ((java.net.InetSocketAddress) server.localAddress()).getPort();
      Process client =
          new ProcessBuilder("openssl", "s_client", "-quiet", "-connect", "127.0.0.1:" + port)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (var in = client.getOutputStream()) {
        in.write(bytes);
        in.flush();
        assertThat(collector.await()).isEqualTo(bytes);
      } finally {
        client.destroyForcibly().waitFor();
      }
    }
  }

  private static boolean openssl() throws InterruptedException {
    try {
      Process version =
          new ProcessBuilder("openssl", "version")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return version.waitFor(Await.PATIENCE_NS, TimeUnit.NANOSECONDS) && version.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
