package mill.examples.resp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import mill.examples.resp.RespStore.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RespStoreTest {
  private final RespStore store = new RespStore(1 << 20);

  @AfterEach
  void close() {
    store.close();
  }

  private static MemorySegment bytes(String text) {
    return MemorySegment.ofArray(text.getBytes(ISO_8859_1));
  }

  private boolean put(String key, String value) {
    return store.put(bytes(key), 0, key.length(), bytes(value), 0, value.length());
  }

  private String get(String key) {
    if (!store.find(bytes(key), 0, key.length())) {
      return null;
    }
    byte[] value = new byte[store.length()];
    MemorySegment.copy(
        store.memory(), ValueLayout.JAVA_BYTE, store.offset(), value, 0, value.length);
    return new String(value, ISO_8859_1);
  }

  private Outcome increment(String key) {
    return store.increment(bytes(key), 0, key.length());
  }

  @Test
  void keepsWhatAMapKeepsThroughGrowthAndReplacement() {
    Map<String, String> model = new HashMap<>();
    Random random = new Random(3);
    for (int i = 0; i < 50_000; i++) {
      String key = "k" + random.nextInt(3_000);
      String value = "v".repeat(random.nextInt(100)) + i;
      model.put(key, value);
      assertThat(put(key, value)).isTrue();
    }
    for (int i = 0; i < 3_500; i++) {
      assertThat(get("k" + i)).isEqualTo(model.get("k" + i));
    }
  }

  @Test
  void fullStoreRefusesWhatIsNewAndKeepsTheRest() {
    String value = "x".repeat(10_000);
    int kept = 0;
    while (put("key " + kept, value)) {
      kept++;
    }
    assertThat(kept).isBetween(90, 104); // of 1 MiB
    assertThat(get("key " + kept)).isNull();
    assertThat(get("key 0")).isEqualTo(value);
    assertThat(put("key 0", "short")).isTrue();
    assertThat(get("key 0")).isEqualTo("short");
  }

  @Test
  void valuesThatGrowAndShrinkInAnAlmostFullStoreAreNeverRefused() {
    String longest = "x".repeat(10_500);
    Random random = new Random(5);
    for (int i = 0; i < 5_000; i++) {
      String value = longest.substring(random.nextInt(1_000));
      String key = "key " + i % 90; // of 1 MiB
      assertThat(put(key, value)).as("put %s", i).isTrue();
      assertThat(get(key).length()).isEqualTo(value.length());
    }
    int more = 0;
    while (more < 100 && put("more " + more, longest)) {
      more++;
    }
    assertThat(more).as("it still knows how full it is").isLessThan(20);
  }

  @Test
  void numbersAreCountedAndWhatIsNoneIsRefused() {
    assertThat(increment("n")).isEqualTo(Outcome.DONE);
    assertThat(increment("n")).isEqualTo(Outcome.DONE);
    assertThat(store.number()).isEqualTo(2);
    assertThat(get("n")).isEqualTo("2");
    put("low", "-1");
    assertThat(increment("low")).isEqualTo(Outcome.DONE);
    assertThat(get("low")).isEqualTo("0");
    for (String no :
        new String[] {"", "x", "+1", "01", "1.5", "9223372036854775807", "1".repeat(40)}) {
      put("no", no);
      assertThat(increment("no")).as(no).isEqualTo(Outcome.NO_NUMBER);
      assertThat(get("no")).isEqualTo(no);
    }
  }
}
