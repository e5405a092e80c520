package mill.natives.contract;

import static mill.natives.contract.DeclaredDifference.ONLY_LINUX;
import static mill.natives.contract.PlatformKind.IOCP;
import static mill.natives.contract.PlatformKind.IOCP_WINE;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.stream.Stream;

/**
 * What Windows does not do as the contract says, and what only Wine does not.
 *
 * <p>Nothing here has been seen on Windows itself: the first part follows from its documentation
 * and was seen on Wine, the second is believed to be Wine's alone.
 */
final class WindowsDifferences {
  private static final String NO_HANG_UP =
      "AFD has no event for a connection whose both halves are closed: writing finds out";
  private static final String LOOPBACK_PIPE =
      "a pipe is a TCP connection: the sink hears of the closed source by writing";
  private static final String NO_UNIX_DATAGRAMS = "Windows has no Unix datagram sockets";

  private static final String NO_PASSING =
      "Windows passes no descriptors over AF_UNIX: mill refuses with EOPNOTSUPP";

  private static final String HIDDEN_DISCONNECT =
      "Wine only: DISCONNECT is hidden behind unread data, and told once that is read";
  private static final String NO_UNIX = "Wine only: version 10 has no Unix domain sockets";
  private static final String NO_UDP_ERROR =
      "Wine only: a datagram that found nobody does not make its socket readable";

  private WindowsDifferences() {}

  /** The rows. A method, for a constant would need the table that it is a part of. */
  static List<DeclaredDifference> table() {
    return Stream.of(
            windows("TcpEndContractTest", "whenBothHalvesAreClosedBothAreReported", NO_HANG_UP),
            windows("UnixStreamContractTest", "aCloseEndsBothDirections", NO_HANG_UP),
            windows("PipeContractTest", "aClosedSourceBreaksTheSink", LOOPBACK_PIPE),
            windows("UnixDatagramContractTest", "*", NO_UNIX_DATAGRAMS),
            windows("MessageContractTest", "descriptorsArePassedWithADatagram", NO_UNIX_DATAGRAMS),
            windows("MessageContractTest", "aDescriptorIsPassedOverAStream", NO_PASSING),
            windows("MessageContractTest", "descriptorsThatAreNotTakenAreClosed", NO_PASSING),
            windows("MessageContractTest", "aDescriptorThatIsNotOpenIsNotPassed", NO_PASSING),
            windows("MessageContractTest", "aMessageIsSentAsSegments", ONLY_LINUX),
            windows("MessageContractTest", "segmentsAreReceivedAsOneMessage", ONLY_LINUX),
            windows(
                "MessageContractTest", "theErrorQueueTellsOfADatagramThatFoundNobody", ONLY_LINUX),
            wine("PipeContractTest", "aClosedSinkIsTheEndOfTheStream", HIDDEN_DISCONNECT),
            wine(
                "TcpEndContractTest",
                "whatWasSentBeforeAHalfCloseIsReadBeforeItsEnd",
                HIDDEN_DISCONNECT),
            wine("UnixStreamContractTest", "aHalfCloseEndsOneDirection", HIDDEN_DISCONNECT),
            wine("UdpContractTest", "aConnectedSocketHearsThatNobodyListens", NO_UDP_ERROR),
            wine("UdpContractTest", "anErrorOfADatagramClosesNothing", NO_UDP_ERROR),
            wine("UnixStreamContractTest", "bothEndsKnowTheListenersName", NO_UNIX),
            wine("UnixStreamContractTest", "aSocketFileWithoutAListenerIsRefused", NO_UNIX),
            wine("UnixStreamContractTest", "aPathWithoutASocketIsRefused", NO_UNIX),
            wine("UnixStreamContractTest", "aPathInUseIsRefused", NO_UNIX),
            wine("UnixStreamContractTest", "streamsAreSetUpBeforeTheyAreBoundOrConnected", NO_UNIX),
            wine("UnixStreamContractTest", "javasOwnAddressIsAccepted", NO_UNIX),
            wine("UnixStreamContractTest", "aPathThatIsTooLongIsRefused", NO_UNIX),
            wine("UnixStreamContractTest", "aConnectionMovesBytesBothWays", NO_UNIX))
        .flatMap(List::stream)
        .toList();
  }

  /** Which of the two this is. */
  static PlatformKind kind() {
    boolean wine =
        SymbolLookup.libraryLookup("ntdll", Arena.global()).find("wine_get_version").isPresent();
    return wine ? IOCP_WINE : IOCP;
  }

  private static List<DeclaredDifference> windows(String testClass, String test, String reason) {
    return List.of(
        new DeclaredDifference(IOCP, testClass, test, reason),
        new DeclaredDifference(IOCP_WINE, testClass, test, reason));
  }

  private static List<DeclaredDifference> wine(String testClass, String test, String reason) {
    return List.of(new DeclaredDifference(IOCP_WINE, testClass, test, reason));
  }
}
