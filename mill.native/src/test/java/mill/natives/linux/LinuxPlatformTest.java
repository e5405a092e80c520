package mill.natives.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import mill.natives.gen.linux.Linux;
import mill.natives.net.PipePair;
import mill.natives.net.RawFd;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Sockets;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

class LinuxPlatformTest {
  private final LinuxPlatform platform = new LinuxPlatform("amd64");
  private final LinuxCalls calls = new LinuxCalls();

  @Test
  void nameSaysBackendAndArchitecture() {
    assertThat(platform.name()).isEqualTo("epoll on Linux/amd64");
  }

  @Test
  void optionsHaveTheNumbersOfTheHeaders() {
    assertThat(platform.option("SO_KEEPALIVE")).isEqualTo(new OptionCode(1, 9));
    assertThat(platform.option("TCP_NODELAY")).isEqualTo(new OptionCode(6, 1));
    assertThat(platform.option("IPV6_V6ONLY")).isEqualTo(new OptionCode(41, 26));
    assertThat(platform.option("so_keepalive")).isNull();
  }

  @Test
  void newDescriptorsDoNotBlockAndAreNotInherited() throws IOException {
    int[] pipe = new int[2];
    int[] pair = new int[2];
    Sockets sockets = platform.sockets();
    assertThat(sockets.pipe(pipe)).isZero();
    assertThat(sockets.socketPair(Sockets.Type.STREAM, pair)).isZero();
    int tcp = sockets.socket(Sockets.Family.INET, Sockets.Type.STREAM);
    int udp = sockets.socket(Sockets.Family.INET6, Sockets.Type.DATAGRAM);
    for (int fd : List.of(pipe[0], pipe[1], pair[0], pair[1], tcp, udp)) {
      assertThat(calls.fcntl(fd, Linux.F_GETFL(), 0) & Linux.O_NONBLOCK()).isNotZero();
      assertThat(calls.fcntl(fd, 1, 0)).as("F_GETFD").isEqualTo(1);
      assertThat(sockets.close(fd)).isZero();
    }
  }

  @Test
  void wrappedDescriptorIsMadeNonBlockingAndKeepsItsOtherFlags() throws IOException {
    try (PipePair pipe = PipePair.open()) {
      int fd = pipe.sink().fd();
      int append = 0x400;
      assertThat(calls.fcntl(fd, Linux.F_SETFL(), append)).isZero();
      try (RawFd borrowed = RawFd.borrow(fd)) {
        int flags = calls.fcntl(borrowed.fd(), Linux.F_GETFL(), 0);
        assertThat(flags & Linux.O_NONBLOCK()).isNotZero();
        assertThat(flags & append).isEqualTo(append);
      }
    }
  }

  @Test
  void threadIsPinnedToAProcessorThatExists() throws Exception {
    int pinned =
        Await.outcome(
            Await.inBackground(
                "pinned",
                () -> {
                  for (int cpu = 0; cpu < 1024; cpu++) {
                    if (platform.pinCurrentThread(cpu) == 0) {
                      return cpu;
                    }
                  }
                  return -1;
                }));
    assertThat(pinned).isNotNegative();
    assertThat(platform.pinCurrentThread(-1)).isEqualTo(-Linux.EINVAL());
    assertThat(platform.pinCurrentThread(1024)).isEqualTo(-Linux.EINVAL());
  }
}
