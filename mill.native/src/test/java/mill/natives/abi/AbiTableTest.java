package mill.natives.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.math.BigInteger;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import mill.natives.gen.freebsd.FreeBsd;
import mill.natives.gen.linux.Linux;
import mill.natives.gen.macos.MacOs;
import mill.natives.gen.windows.Kernel32;
import mill.natives.gen.windows.Ntdll;
import mill.natives.gen.windows.Windows;
import mill.natives.gen.windows.Ws2_32;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The generated bindings against the tables of what each OS's own headers say, on any host. */
class AbiTableTest {

  /** An OS, its bindings, and the tables that judge them. */
  enum Os {
    LINUX,
    MACOS,
    FREEBSD,
    WINDOWS;

    GeneratedBindings bindings() {
      return switch (this) {
        case LINUX -> GeneratedBindings.of(Linux.class);
        case MACOS -> GeneratedBindings.of(MacOs.class);
        case FREEBSD -> GeneratedBindings.of(FreeBsd.class);
        case WINDOWS ->
            GeneratedBindings.of(Windows.class, Kernel32.class, Ntdll.class, Ws2_32.class);
      };
    }

    List<AbiTable> tables() {
      var names =
          switch (this) {
            case LINUX -> Stream.of("linux-x64", "linux-arm64", "linux-extra");
            case MACOS -> Stream.of("macos-x64", "macos-arm64", "macos-extra");
            case FREEBSD -> Stream.of("freebsd-documented");
            case WINDOWS -> Stream.of("windows-x64", "windows-mingw", "windows-extra");
          };
      return names.map(AbiTable::read).toList();
    }

    String listOfTheRest() {
      return name().toLowerCase(Locale.ROOT) + "-not-in-tables";
    }
  }

  private static final String BYTES_INSIDE =
      "declared as bytes (a C alignment attribute does not reach the generated layout); only used"
          + " inside sockaddr_in6, whose own alignment is checked";
  private static final String UNION =
      "the first member is a union there; here it is its Status, at the same offset";
  private static final String C_TYPE = "a type, not a struct; checked by cTypesHaveTheirWidths";

  /** Table keys that no generated fact answers, or answers differently, with the reason. */
  private static final Map<String, String> NOT_ANSWERED =
      Map.ofEntries(
          Map.entry("in6_addr__ALIGN", BYTES_INSIDE),
          Map.entry("IO_STATUS_BLOCK__LEN_Pointer", UNION),
          Map.entry("IO_STATUS_BLOCK__OFF_Pointer", UNION),
          Map.entry("void*__SIZE", C_TYPE),
          Map.entry("HANDLE__SIZE", C_TYPE),
          Map.entry("SOCKET__SIZE", C_TYPE),
          Map.entry("ULONG__SIZE", C_TYPE),
          Map.entry("ULONG_PTR__SIZE", C_TYPE),
          Map.entry("wchar_t__SIZE", C_TYPE));

  @TestFactory
  Stream<DynamicNode> everyTableEntryIsMatchedByTheBindings() {
    return Stream.of(Os.values())
        .flatMap(os -> {
          var facts = os.bindings().facts();
          return os.tables().stream().map(table -> testsOf(table, facts));
        });
  }

  private static DynamicNode testsOf(AbiTable table, Map<String, Object> facts) {
    return dynamicContainer(
        table.name(),
        table.values().entrySet().stream()
            .filter(entry -> !NOT_ANSWERED.containsKey(entry.getKey()))
            .map(entry ->
                dynamicTest(
                    entry.getKey(), () -> assertMatches(entry.getKey(), entry.getValue(), facts))));
  }

  private static void assertMatches(String key, BigInteger expected, Map<String, Object> facts) {
    assertThat(facts.containsKey(key)).as("a generated %s", key).isTrue();
    Object found = facts.get(key);
    int bits = found instanceof Integer ? Integer.SIZE : Long.SIZE;
    // Tables print the same bits signed or unsigned. A value that needs more bits than the
    // constant has must not be cut to fit, so both readings are compared as they are.
    BigInteger signed = BigInteger.valueOf(((Number) found).longValue());
    BigInteger unsigned = signed.mod(BigInteger.TWO.pow(bits));
    assertThat(expected).as(key).isIn(signed, unsigned);
  }

  /** A fact that no table knows is listed by name, so that adding one is a conscious act. */
  @ParameterizedTest
  @EnumSource
  void everyFactIsInATableOrListedAsNotVerified(Os os) {
    Set<String> listed = AbiTable.readList(os.listOfTheRest());
    Set<String> unknown = new TreeSet<>(os.bindings().facts().keySet());
    os.tables().forEach(table -> unknown.removeAll(table.values().keySet()));
    Set<String> unused = new TreeSet<>(listed);
    var unlisted = new TreeSet<String>();
    for (String key : unknown) {
      String prefix = key.replaceFirst("__.*", "__*");
      if (listed.contains(key)) {
        unused.remove(key);
      } else if (listed.contains(prefix)) {
        unused.remove(prefix);
      } else {
        unlisted.add(key);
      }
    }
    assertThat(unlisted).as("facts to add to abi/%s.txt", os.listOfTheRest()).isEmpty();
    assertThat(unused).as("lines to remove from abi/%s.txt", os.listOfTheRest()).isEmpty();
  }

  /** An exception that excuses nothing any more must go. */
  @Test
  void everyExceptionIsStillNeeded() {
    var unneeded = new HashSet<>(NOT_ANSWERED.keySet());
    for (Os os : Os.values()) {
      var facts = os.bindings().facts();
      for (AbiTable table : os.tables()) {
        table
            .values()
            .forEach((key, value) -> {
              if (!(facts.get(key) instanceof Number found)
                  || found.longValue() != value.longValue()) {
                unneeded.remove(key);
              }
            });
      }
    }
    assertThat(unneeded).isEmpty();
  }

  @Test
  void cTypesHaveTheirWidths() {
    var table = AbiTable.read("windows-mingw").values();
    var widths =
        Map.of(
            "void*", Windows.C_POINTER,
            "HANDLE", Windows.C_POINTER,
            "SOCKET", Windows.C_LONG_LONG,
            "ULONG", Windows.C_INT,
            "ULONG_PTR", Windows.C_LONG_LONG,
            "wchar_t", Windows.C_SHORT);
    widths.forEach((type, layout) ->
        assertThat(table.get(type + "__SIZE"))
            .as(type)
            .isEqualTo(BigInteger.valueOf(layout.byteSize())));
  }
}
