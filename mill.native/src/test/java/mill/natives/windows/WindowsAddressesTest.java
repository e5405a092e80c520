package mill.natives.windows;

import static org.assertj.core.api.Assertions.assertThat;

import mill.natives.gen.windows.sockaddr_in;
import mill.natives.gen.windows.sockaddr_in6;
import mill.natives.gen.windows.sockaddr_un;
import mill.natives.shared.SockaddrLayout;
import org.junit.jupiter.api.Test;

class WindowsAddressesTest {
  @Test
  void addressesAreLaidOutAsTheGeneratedBindingsHaveThem() {
    SockaddrLayout layout = WindowsAddresses.LAYOUT;
    assertThat(layout.ipv4().port()).isEqualTo(sockaddr_in.sin_port$offset());
    assertThat(layout.ipv4().address()).isEqualTo(sockaddr_in.sin_addr$offset());
    assertThat(layout.ipv4().size()).isEqualTo(sockaddr_in.sizeof());
    assertThat(layout.ipv6().port()).isEqualTo(sockaddr_in6.sin6_port$offset());
    assertThat(layout.ipv6().address()).isEqualTo(sockaddr_in6.sin6_addr$offset());
    assertThat(layout.ipv6().scope()).isEqualTo(sockaddr_in6.sin6_scope_id$offset());
    assertThat(layout.ipv6().size()).isEqualTo(sockaddr_in6.sizeof());
    assertThat(layout.unix().path()).isEqualTo(sockaddr_un.sun_path$offset());
    assertThat(layout.unix().size()).isEqualTo(sockaddr_un.sizeof());
    assertThat(WindowsAddresses.FAMILY_OFFSET).isEqualTo(sockaddr_in.sin_family$offset());
  }
}
