package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import mill.natives.CurrentPlatform;
import mill.natives.ErrnoException;
import mill.natives.platform.Platform;
import mill.natives.platform.Sockets;
import mill.testing.Doubles;
import mill.testnet.Net;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What accept makes of errors. The platform is a scripted double: its accept fails as it is told
 * before it is the real one.
 */
class AcceptErrorTest {
  private final Platform real = CurrentPlatform.get();
  private final Deque<Integer> failures = new ArrayDeque<>();

  // accept(2): an error of the connection is reported by the call that would have given it. 63 and
  // 64 are ENOSR and ENONET, 999 is nothing at all.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "EPERM",
        "EOPNOTSUPP",
        "ETIMEDOUT",
        "ECONNABORTED",
        "EPROTO",
        "ENETDOWN",
        "EHOSTUNREACH",
        "63",
        "64",
        "999"
      })
  void errorOfOneConnectionLosesNoOther(String error) throws IOException {
    int number =
        Character.isDigit(error.charAt(0)) ? Integer.parseInt(error) : real.errnos().number(error);
    failures.add(-number);
    failures.add(-number);
    try (TcpListener listener = TcpListener.bind(failing(), Net.loopback(), 16);
        TcpStream client = TcpStream.connect(listener.localAddress())) {
      Net.finishConnect(client);
      try (TcpStream server = listener.accept()) {
        assertThat(server).isNotNull();
      }
      assertThat(failures).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "EBADF",
        "ENOTSOCK",
        "EINVAL",
        "EFAULT",
        "ENOSYS",
        "EMFILE",
        "ENFILE",
        "ENOBUFS",
        "ENOMEM"
      })
  void errorOfTheListenerOrOfTheSystemIsThrown(String error) throws IOException {
    failures.add(-real.errnos().number(error));
    try (TcpListener listener = TcpListener.bind(failing(), Net.loopback(), 16)) {
      assertThatThrownBy(listener::accept)
          .isInstanceOf(ErrnoException.class)
          .hasMessageContaining("accept: " + error);
      assertThat(listener.accept()).as("and the next call is as if nothing had been").isNull();
    }
  }

  @Test
  void oneCallDoesNotStepOverForEver() throws IOException {
    for (int i = 0; i < 2 * AbstractListener.MAX_DEAD_CONNECTIONS; i++) {
      failures.add(-real.errnos().number("ECONNABORTED"));
    }
    try (TcpListener listener = TcpListener.bind(failing(), Net.loopback(), 16)) {
      assertThat(listener.accept()).isNull();
      assertThat(failures).hasSize(AbstractListener.MAX_DEAD_CONNECTIONS);
    }
  }

  private Platform failing() {
    Sockets sockets =
        Doubles.of(
            Sockets.class,
            real.sockets(),
            (method, arguments) -> method.getName().equals("accept") ? failures.poll() : null);
    return Doubles.of(
        Platform.class,
        real,
        (method, arguments) -> method.getName().equals("sockets") ? sockets : null);
  }
}
