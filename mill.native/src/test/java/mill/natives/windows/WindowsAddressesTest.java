package mill.natives.windows;

import static org.assertj.core.api.Assertions.assertThat;

import mill.natives.gen.windows.sockaddr_in;
import mill.natives.gen.windows.sockaddr_in6;
import mill.natives.gen.windows.sockaddr_un;
import mill.natives.shared.SockaddrLayouts;
import org.junit.jupiter.api.Test;

class WindowsAddressesTest {
  @Test
  void addressesAreLaidOutAsTheGeneratedBindingsHaveThem() {
    SockaddrLayouts.requireSame(
        WindowsAddresses.LAYOUT, sockaddr_in.layout(), sockaddr_in6.layout(), sockaddr_un.layout());
    assertThat(WindowsAddresses.FAMILY_OFFSET).isEqualTo(sockaddr_in.sin_family$offset());
  }
}
