package mill.natives.contract;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Something that a platform is known not to do as the contract says.
 *
 * <p>A test that is declared different is run all the same: it must fail, or the declaration is
 * stale and the suite says so.
 *
 * @param kind the platform
 * @param testClass the simple name of the test class
 * @param test the test method, or {@code *} for every test of the class
 * @param reason why the platform differs, and what a user sees of it
 */
record DeclaredDifference(PlatformKind kind, String testClass, String test, String reason) {
  /** Every declared difference, for all platforms. */
  static final List<DeclaredDifference> TABLE =
      Stream.of(WindowsDifferences.table()).flatMap(List::stream).toList();

  /** Finds the declaration for a test on a platform. */
  static Optional<DeclaredDifference> find(PlatformKind kind, String testClass, String test) {
    return TABLE.stream()
        .filter(difference -> difference.kind == kind && difference.covers(testClass, test))
        .findFirst();
  }

  /** Whether this is about a test. */
  boolean covers(String className, String method) {
    return testClass.equals(className) && (test.equals("*") || test.equals(method));
  }
}
