package mill.examples.docs;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import mill.core.EventLoop;
import mill.core.net.CloseCause;
import mill.core.net.Connection;
import mill.core.net.ConnectionConfig;
import mill.core.net.ConnectionHandler;
import mill.core.net.Framer;
import mill.core.net.TcpClient;

/** What the pages of the guide show and no program among the examples has. */
final class GuideSnippets {
  private GuideSnippets() {}

  /** Sends more than any queue may hold. */
  static final class Numbers implements ConnectionHandler {
    private final long last;
    private long next = 1;

    Numbers(long last) {
      this.last = last;
    }

    @Override
    public void onOpen(Connection connection) {
      more(connection);
    }

    @Override
    public void onDrained(Connection connection) {
      more(connection);
    }

    private void more(Connection connection) {
      while (next <= last && !connection.isCongested()) {
        connection.out().putDecimal(next++).put((byte) '\n');
      }
      if (next > last) {
        connection.close(); // sends what is queued
      }
    }

    @Override
    public void onFrame(Connection connection, MemorySegment memory, long at, long length) {}
  }

  /** Answers lines with the work of other threads, in their order. */
  record Upper(Executor workers) implements ConnectionHandler {
    @Override
    public void onFrame(Connection connection, MemorySegment memory, long at, long length) {
      byte[] line = memory.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
      connection.pause(this); // the next line waits, so that answers keep their order
      var _ =
          connection
              .loop()
              .offload(workers, () -> new String(line, US_ASCII).toUpperCase(Locale.ROOT))
              .whenComplete((answer, failure) -> { // on the loop's thread
                if (failure == null) {
                  connection.out().putAscii(answer);
                  connection.resume(this);
                } else {
                  connection.reset();
                }
              });
    }
  }

  /** Asks a question that its end ends, and hears the answer that its end ends. */
  static final class Question implements ConnectionHandler {
    private final String question;
    private final Consumer<String> answered;
    private final StringBuilder answer = new StringBuilder();
    private boolean whole;

    Question(String question, Consumer<String> answered) {
      this.question = question;
      this.answered = answered;
    }

    @Override
    public void onOpen(Connection connection) {
      connection.out().putAscii(question);
      connection.end(); // that was all; reading goes on
    }

    @Override
    public void onFrame(Connection connection, MemorySegment memory, long at, long length) {
      for (long i = at; i < at + length; i++) {
        answer.append((char) memory.get(ValueLayout.JAVA_BYTE, i));
      }
    }

    @Override
    public void onEnd(Connection connection) {
      whole = true; // a connection that breaks does not come here
      connection.close();
    }

    @Override
    public void onClosed(Connection connection, CloseCause cause) {
      answered.accept(whole ? answer.toString() : "no answer: " + cause.kind());
    }
  }

  static void ask(EventLoop loop, SocketAddress server, Consumer<String> answered) {
    TcpClient.connect(
        loop, server, ConnectionConfig.defaults(), new Question("how are you?", answered));
  }

  /** A type in one byte, a length in two, and so many bytes. */
  static long typed(MemorySegment memory, long from, long seen, long to) {
    if (to - from < 3) {
      return -3; // ask again when there are three
    }
    int type = memory.get(ValueLayout.JAVA_BYTE, from);
    if (type < 0 || type > 4) {
      return Framer.MALFORMED;
    }
    int high = memory.get(ValueLayout.JAVA_BYTE, from + 1) & 0xff;
    int low = memory.get(ValueLayout.JAVA_BYTE, from + 2) & 0xff;
    long length = 3L + (high << 8 | low);
    return length <= to - from ? length : -length;
  }

  static ConnectionConfig strict() {
    return ConnectionConfig.defaults()
        .framer(GuideSnippets::typed)
        .maxFrame(3 + 0xffff)
        .queueLimit(1 << 20)
        .idle(Duration.ofMinutes(1))
        .writeStall(Duration.ofSeconds(10))
        .maxConnections(10_000, 100)
        .acceptRate(1_000, 100);
  }

  /** One end of a proxy by hand: what it says goes to the other. Relay does that, and more. */
  record End(Connection other) implements ConnectionHandler {
    @Override
    public void onFrame(Connection connection, MemorySegment memory, long offset, long length) {
      other.out().put(memory, offset, length);
      connection.pauseWhile(other);
    }

    @Override
    public void onEnd(Connection connection) {
      other.end(); // the other direction goes on
    }
  }
}
