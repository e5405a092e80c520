package mill.examples.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import mill.testing.Await;

/** A client that others have written, where it is installed. */
public final class Tool implements AutoCloseable {
  private final Process process;
  private final FutureTask<byte[]> said;

  private Tool(Process process) {
    this.process = process;
    said = Await.inBackground("what it says", process.getInputStream()::readAllBytes);
  }

  /** Starts it, or aborts the test with the reason why it cannot. */
  public static Tool start(String debianPackage, String... command) throws IOException {
    try {
      return new Tool(new ProcessBuilder(command).redirectErrorStream(true).start());
    } catch (IOException e) {
      assumeTrue(false, command[0] + " is not installed (Debian has it in " + debianPackage + ")");
      throw e;
    }
  }

  /** Runs it to its end, which has to be a good one, and returns what it said. */
  public static String run(String debianPackage, String... command) throws Exception {
    try (Tool tool = start(debianPackage, command)) {
      return tool.endOfInput().outcome();
    }
  }

  public Tool type(String text) throws IOException {
    OutputStream in = process.getOutputStream();
    in.write(text.getBytes(ISO_8859_1));
    in.flush();
    return this;
  }

  public Tool endOfInput() throws IOException {
    process.getOutputStream().close();
    return this;
  }

  public String outcome() throws Exception {
    String text = new String(Await.outcome(said), ISO_8859_1);
    assertThat(process.waitFor(Await.PATIENCE_NS, TimeUnit.NANOSECONDS)).as("it ends").isTrue();
    assertThat(process.exitValue()).as("%s: %s", List.of(process.info()), text).isZero();
    return text;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
