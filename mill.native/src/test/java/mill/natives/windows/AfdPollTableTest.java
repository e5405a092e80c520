package mill.natives.windows;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The table of operations by descriptor; runs on any system. */
class AfdPollTableTest {
  @Test
  void itDoesWhatAMapDoes() {
    var random = new Random(25);
    var table = new AfdPollTable();
    Map<Integer, AfdPoll> model = new HashMap<>();
    MemorySegment memory = Arena.ofAuto().allocate(AfdPoll.SIZE_BYTES, 8);
    for (int i = 0; i < 100_000; i++) {
      int fd = 4 * random.nextInt(300);
      if (random.nextInt(5) < 2) {
        var poll = new AfdPoll(i, MemorySegment.NULL, memory);
        assertSame(model.put(fd, poll), table.put(fd, poll));
      } else if (random.nextBoolean()) {
        assertSame(model.remove(fd), table.remove(fd));
      } else {
        assertSame(model.get(fd), table.get(fd));
      }
      assertEquals(model.size(), table.size());
    }
    int[] expected = model.keySet().stream().mapToInt(Integer::intValue).sorted().toArray();
    int[] actual = table.descriptors();
    Arrays.sort(actual);
    assertEquals(Arrays.toString(expected), Arrays.toString(actual));
  }
}
