package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A loop, and a handler that writes down what it hears and may hear nothing out of turn. */
abstract class ConnectionFixture {
  static final ConnectionConfig LINES = ConnectionConfig.defaults().framer(Framer.lines());

  final Recorder heard = new Recorder();
  Loops loops;

  @BeforeEach
  void start() throws Exception {
    loops = Loops.start();
  }

  @AfterEach
  void stop() {
    loops.close();
    assertThat(heard.faults).isEmpty();
  }

  /** For those of one connection, in their own {@link #stop}. */
  final void requireAtMostOneEnd() {
    assertThat(heard.closed).hasValueLessThanOrEqualTo(1);
  }
}
