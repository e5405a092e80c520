package mill.natives.windows;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The map by descriptor; runs on any system. */
class FdMapTest {
  @Test
  void itDoesWhatAMapDoes() {
    var random = new Random(25);
    var map = new FdMap<Object>(8);
    Map<Integer, Object> model = new HashMap<>();
    for (int i = 0; i < 100_000; i++) {
      int fd = 4 * random.nextInt(300);
      if (random.nextInt(5) < 2) {
        var value = new Object();
        assertSame(model.put(fd, value), map.put(fd, value));
      } else if (random.nextBoolean()) {
        assertSame(model.remove(fd), map.remove(fd));
      } else {
        assertSame(model.get(fd), map.get(fd));
      }
      assertEquals(model.size(), map.size());
    }
    int[] expected = model.keySet().stream().mapToInt(Integer::intValue).sorted().toArray();
    int[] actual = map.descriptors();
    Arrays.sort(actual);
    assertEquals(Arrays.toString(expected), Arrays.toString(actual));
  }
}
