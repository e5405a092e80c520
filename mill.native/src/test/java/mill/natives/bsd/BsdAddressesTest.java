package mill.natives.bsd;

import static org.assertj.core.api.Assertions.assertThat;

import mill.natives.ffm.CallMemory;
import mill.natives.gen.macos.MacOs;
import mill.natives.gen.macos.msghdr;
import mill.natives.gen.macos.sockaddr_in;
import mill.natives.gen.macos.sockaddr_in6;
import mill.natives.gen.macos.sockaddr_un;
import mill.natives.posix.IoVectors;
import mill.natives.shared.SockaddrLayouts;
import org.junit.jupiter.api.Test;

class BsdAddressesTest {
  @Test
  void addressesAreLaidOutAsTheGeneratedBindingsHaveThem() {
    SockaddrLayouts.requireSame(
        BsdAddresses.layout(MacOs.AF_INET6()),
        sockaddr_in.layout(),
        sockaddr_in6.layout(),
        sockaddr_un.layout());
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
