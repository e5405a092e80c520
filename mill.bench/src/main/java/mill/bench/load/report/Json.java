package mill.bench.load.report;

import java.util.List;
import java.util.Map;

/** Writes maps, lists, numbers, texts and truths as JSON. What is not a number is null. */
public final class Json {
  private Json() {}

  /** {@return the text of a value} */
  public static String of(Object value) {
    var text = new StringBuilder();
    write(text, value, "\n");
    return text.append('\n').toString();
  }

  private static void write(StringBuilder text, Object value, String line) {
    switch (value) {
      case Map<?, ?> map -> writeMap(text, map, line);
      case List<?> list -> writeList(text, list, line);
      case Double number when !Double.isFinite(number) -> text.append("null");
      case Double number when number == Math.rint(number) && Math.abs(number) < 1e15 ->
          text.append(number.longValue());
      case Number number -> text.append(number);
      case Boolean truth -> text.append(truth);
      default -> quote(text, value.toString());
    }
  }

  private static void writeMap(StringBuilder text, Map<?, ?> map, String line) {
    text.append('{');
    String separator = "";
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      text.append(separator).append(line).append("  ");
      quote(text, String.valueOf(entry.getKey()));
      text.append(": ");
      write(text, entry.getValue(), line + "  ");
      separator = ",";
    }
    text.append(map.isEmpty() ? "}" : line + "}");
  }

  private static void writeList(StringBuilder text, List<?> list, String line) {
    text.append('[');
    String separator = "";
    for (Object value : list) {
      text.append(separator).append(line).append("  ");
      write(text, value, line + "  ");
      separator = ",";
    }
    text.append(list.isEmpty() ? "]" : line + "]");
  }

  private static void quote(StringBuilder text, String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        text.append('\\').append(c);
      } else if (c < ' ') {
        text.append(String.format("\\u%04x", (int) c));
      } else {
        text.append(c);
      }
    }
    text.append('"');
  }
}
