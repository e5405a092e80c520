package mill.natives.shared;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemoryLayout;

/** Compares the numbers that a system's addresses are read by with its generated layouts. */
public final class SockaddrLayouts {
  private SockaddrLayouts() {}

  /** Requires that all fields are where the structures have them. */
  public static void requireSame(
      SockaddrLayout layout, MemoryLayout ipv4, MemoryLayout ipv6, MemoryLayout unix) {
    assertThat(layout.ipv4().port()).isEqualTo(offset(ipv4, "sin_port"));
    assertThat(layout.ipv4().address()).isEqualTo(offset(ipv4, "sin_addr"));
    assertThat(layout.ipv4().size()).isEqualTo(ipv4.byteSize());
    assertThat(layout.ipv6().port()).isEqualTo(offset(ipv6, "sin6_port"));
    assertThat(layout.ipv6().address()).isEqualTo(offset(ipv6, "sin6_addr"));
    assertThat(layout.ipv6().scope()).isEqualTo(offset(ipv6, "sin6_scope_id"));
    assertThat(layout.ipv6().size()).isEqualTo(ipv6.byteSize());
    assertThat(layout.unix().path()).isEqualTo(offset(unix, "sun_path"));
    assertThat(layout.unix().size()).isEqualTo(unix.byteSize());
  }

  private static long offset(MemoryLayout struct, String field) {
    return struct.byteOffset(groupElement(field));
  }
}
