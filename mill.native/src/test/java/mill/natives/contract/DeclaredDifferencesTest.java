package mill.natives.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import org.junit.jupiter.api.Test;

/** The table of declared differences names tests that exist, each once, each with its reason. */
class DeclaredDifferencesTest {
  @Test
  void everyDifferenceNamesATestThatExists() throws ClassNotFoundException {
    for (DeclaredDifference difference : DeclaredDifference.TABLE) {
      Class<?> testClass =
          Class.forName(getClass().getPackageName() + "." + difference.testClass());
      boolean exists =
          difference.test().equals("*")
              || Arrays.stream(testClass.getDeclaredMethods())
                  .anyMatch(method -> method.getName().equals(difference.test()));
      assertTrue(exists, difference::toString);
      assertFalse(difference.reason().isBlank(), difference::toString);
    }
  }

  @Test
  void noTestIsDeclaredDifferentTwice() {
    var seen = new HashSet<String>();
    for (DeclaredDifference difference : DeclaredDifference.TABLE) {
      var key = difference.kind() + " " + difference.testClass() + " " + difference.test();
      assertTrue(seen.add(key), key);
    }
    assertEquals(DeclaredDifference.TABLE.size(), seen.size());
  }
}
