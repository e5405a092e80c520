package mill.natives.abi;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One table of {@code abi/}: what the OS's own headers say, by key.
 *
 * <p>Keys are {@code CONSTANT}, {@code struct__SIZE}, {@code struct__ALIGN}, {@code
 * struct__OFF_field} and {@code struct__LEN_field}. The table made with mingw-w64 spells them
 * {@code sizeof.STRUCT} and {@code offsetof.STRUCT.field}; they are translated while reading.
 */
record AbiTable(String name, Map<String, BigInteger> values) {

  private static final String FOLDER = "/abi/";

  static AbiTable read(String name) {
    var values = new TreeMap<String, BigInteger>();
    for (String line : text(name + ".properties").lines().map(String::strip).toList()) {
      if (!line.isEmpty() && !line.startsWith("#")) {
        int equals = line.indexOf('=');
        String key = canonical(line.substring(0, equals));
        var previous = values.put(key, new BigInteger(line.substring(equals + 1)));
        if (previous != null) {
          throw new AssertionError(name + " has " + key + " twice");
        }
      }
    }
    return new AbiTable(name, values);
  }

  /**
   * Reads a list of facts that are in no table. A line is a key, or a prefix that ends in {@code
   * *}; what follows a {@code #} is the reason, for people.
   */
  static Set<String> readList(String name) {
    var keys = new TreeSet<String>();
    for (String line : text(name + ".txt").lines().toList()) {
      String key = line.replaceFirst("#.*", "").strip();
      if (!key.isEmpty() && !keys.add(key)) {
        throw new AssertionError(name + " has " + key + " twice");
      }
    }
    return keys;
  }

  private static String text(String file) {
    try (var in = AbiTable.class.getResourceAsStream(FOLDER + file)) {
      if (in == null) {
        throw new AssertionError("no test resource " + FOLDER + file);
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String canonical(String key) {
    if (key.startsWith("sizeof.")) {
      return struct(key.substring("sizeof.".length())) + "__SIZE";
    }
    if (key.startsWith("offsetof.")) {
      String[] parts = key.split("\\.", 3);
      return struct(parts[1]) + "__OFF_" + parts[2];
    }
    return key;
  }

  /** {@code SOCKADDR_IN} and {@code struct linger} are typedefs and tags of the names in mill. */
  private static String struct(String name) {
    if (name.startsWith("SOCKADDR_")) {
      return name.toLowerCase(Locale.ROOT);
    }
    return name.startsWith("struct ") ? name.substring("struct ".length()) : name;
  }
}
