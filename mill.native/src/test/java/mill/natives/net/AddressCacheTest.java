package mill.natives.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import mill.natives.platform.NativeAddress;
import org.junit.jupiter.api.Test;

class AddressCacheTest {
  // netty#12848, netty#13191: memory for each of a million short threads.
  @Test
  void manyThreadsOneAfterTheOtherShareAFewAddresses() throws Exception {
    Set<NativeAddress> lent = Collections.newSetFromMap(new IdentityHashMap<>());
    for (int i = 0; i < 10 * AddressCache.CAPACITY; i++) {
      Thread.ofVirtual()
          .start(() -> {
            NativeAddress address = AddressCache.take();
            lent.add(address);
            AddressCache.give(address);
          })
          .join();
    }
    // Tests beside this one may hold some for a moment.
    assertThat(lent).hasSizeLessThan(2 * AddressCache.CAPACITY);
  }

  @Test
  void addressIsNotLentTwiceAtTheSameTime() {
    NativeAddress one = AddressCache.take();
    NativeAddress two = AddressCache.take();
    assertThat(one).isNotSameAs(two);
    AddressCache.give(one);
    AddressCache.give(two);
  }
}
