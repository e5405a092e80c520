package mill.bench.load.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
  @Test
  void valuesOfAllKindsAreWritten() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("whole", 3.0);
    map.put("part", 0.25);
    map.put("unknown", Double.NaN);
    map.put("text", "a \"b\" \\ \n");
    map.put("list", List.of(1L, true));
    map.put("empty", List.of());
    assertThat(Json.of(map))
        .isEqualTo(
            """
            {
              "whole": 3,
              "part": 0.25,
              "unknown": null,
              "text": "a \\"b\\" \\\\ \\u000a",
              "list": [
                1,
                true
              ],
              "empty": []
            }
            """);
  }
}
