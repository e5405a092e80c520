package mill.natives.contract;

import java.util.Arrays;
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
  private static final String NO_URGENT_DATA =
      "mill's kqueue backend has no filter for urgent data and refuses the interest with EOPNOTSUPP";

  private static final String NOBODY_SENDS_URGENT_DATA =
      "the sender is a socket of the JDK's, which is not in the simulation, and mill sends no urgent"
          + " data: nobody does there";

  private static final String NO_ERROR_QUEUE =
      "the simulation puts no segments of UDP together and has no error queue: the options are"
          + " unknown there";

  static final String ONLY_LINUX =
      "only Linux has segment sizes of UDP and an error queue: mill refuses them with EOPNOTSUPP,"
          + " and their options as unknown";

  /** The tests of what only Linux has. */
  static final String[] LINUX_MESSAGES = {
    "aMessageIsSentAsSegments",
    "segmentsAreReceivedAsOneMessage",
    "theErrorQueueTellsOfADatagramThatFoundNobody"
  };

  private static final String SO_ERROR_IS_TAKEN =
      "libkqueue asks for SO_ERROR itself to fill in fflags, which takes the error away: the event"
          + " has it, and the next call finds the end of the stream";

  /** Every declared difference, for all platforms. */
  static final List<DeclaredDifference> TABLE =
      Stream.of(
              WindowsDifferences.table().stream(),
              kqueue("PriorityContractTest", NO_URGENT_DATA, "*"),
              of(PlatformKind.SIMULATED, "PriorityContractTest", NOBODY_SENDS_URGENT_DATA, "*"),
              of(
                  PlatformKind.SIMULATED,
                  "MessageContractTest",
                  NO_ERROR_QUEUE,
                  "segmentsAreReceivedAsOneMessage",
                  "theErrorQueueTellsOfADatagramThatFoundNobody"),
              Stream.of(
                      PlatformKind.KQUEUE, PlatformKind.KQUEUE_MODEL, PlatformKind.KQUEUE_MODEL_64)
                  .flatMap(kind -> of(kind, "MessageContractTest", ONLY_LINUX, LINUX_MESSAGES)),
              of(
                  PlatformKind.KQUEUE_LIBRARY,
                  "TcpEndContractTest",
                  SO_ERROR_IS_TAKEN,
                  "aResetIsReportedToAReader",
                  "aResetIsReportedToAnEdgeTriggeredReader",
                  "aResetIsReportedToAOneShotReader",
                  "aResetIsReportedToAWriter",
                  "aResetIsReportedToAnEdgeTriggeredWriter",
                  "closingWithUnreadBytesResetsThePeer"),
              of(
                  PlatformKind.KQUEUE_LIBRARY,
                  "TcpContractTest",
                  SO_ERROR_IS_TAKEN,
                  "aRefusedConnectIsReportedAndFinishConnectSaysWhy",
                  "aRefusedConnectIsReportedWhateverTheInterest"),
              of(
                  PlatformKind.KQUEUE_LIBRARY,
                  "UdpContractTest",
                  SO_ERROR_IS_TAKEN,
                  "aConnectedSocketHearsThatNobodyListens",
                  "anErrorOfADatagramClosesNothing"))
          .flatMap(differences -> differences)
          .toList();

  private static Stream<DeclaredDifference> of(
      PlatformKind kind, String testClass, String reason, String... tests) {
    return Arrays.stream(tests).map(test -> new DeclaredDifference(kind, testClass, test, reason));
  }

  private static Stream<DeclaredDifference> kqueue(
      String testClass, String reason, String... tests) {
    return Stream.of(
            PlatformKind.KQUEUE,
            PlatformKind.KQUEUE_MODEL,
            PlatformKind.KQUEUE_MODEL_64,
            PlatformKind.KQUEUE_LIBRARY)
        .flatMap(kind -> of(kind, testClass, reason, tests));
  }

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
