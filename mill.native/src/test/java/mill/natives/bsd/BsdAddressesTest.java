package mill.natives.bsd;

import static org.assertj.core.api.Assertions.assertThat;

import mill.natives.ffm.CallMemory;
import mill.natives.gen.macos.MacOs;
import mill.natives.gen.macos.msghdr;
import mill.natives.gen.macos.sockaddr_in;
import mill.natives.gen.macos.sockaddr_in6;
import mill.natives.gen.macos.sockaddr_un;
import mill.natives.posix.IoVectors;
import mill.natives.shared.SockaddrLayout;
import org.junit.jupiter.api.Test;

class BsdAddressesTest {
  @Test
  void addressesAreLaidOutAsTheGeneratedBindingsHaveThem() {
    SockaddrLayout layout = BsdAddresses.layout(MacOs.AF_INET6());
    assertThat(layout.ipv4().port()).isEqualTo(sockaddr_in.sin_port$offset());
    assertThat(layout.ipv4().address()).isEqualTo(sockaddr_in.sin_addr$offset());
    assertThat(layout.ipv4().size()).isEqualTo(sockaddr_in.sizeof());
    assertThat(layout.ipv6().port()).isEqualTo(sockaddr_in6.sin6_port$offset());
    assertThat(layout.ipv6().address()).isEqualTo(sockaddr_in6.sin6_addr$offset());
    assertThat(layout.ipv6().scope()).isEqualTo(sockaddr_in6.sin6_scope_id$offset());
    assertThat(layout.ipv6().size()).isEqualTo(sockaddr_in6.sizeof());
    assertThat(layout.unix().path()).isEqualTo(sockaddr_un.sun_path$offset());
    assertThat(layout.unix().size()).isEqualTo(sockaddr_un.sizeof());
    assertThat(BsdAddresses.LENGTH_OFFSET).isEqualTo(sockaddr_in.sin_len$offset());
    assertThat(BsdAddresses.FAMILY_OFFSET).isEqualTo(sockaddr_in.sin_family$offset());
  }

  @Test
  void theVectorsOfAGatheringWriteAreBehindItsHeader() {
    assertThat(BsdSockets.VECTORS_OFFSET)
        .isGreaterThanOrEqualTo(msghdr.sizeof())
        .isLessThanOrEqualTo(CallMemory.SCRATCH_BYTES - IoVectors.SIZE_BYTES);
  }
}
