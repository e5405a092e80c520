package mill.natives.memory;

import java.util.stream.Collectors;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * A leak, for the JDK's flight recorder. Loaded by {@link LeakEvents} alone, where there is one.
 */
@Name("mill.LeakedBuffer")
@Label("Leaked Buffer")
@Category("mill")
@Description("A buffer of a checked pool that nobody has released")
@StackTrace(false)
final class LeakedBufferEvent extends Event {
  private static final LeakedBufferEvent PROBE = new LeakedBufferEvent();

  @Label("Capacity")
  @DataAmount(DataAmount.BYTES)
  long capacityBytes;

  @Label("Cause")
  String cause = "";

  @Label("Acquiring Thread")
  String acquiringThread = "";

  @Label("Acquired At")
  @Description("The stack at the acquisition, a frame a line")
  String acquiredAt = "";

  static void emit(LeakReport report) {
    if (PROBE.isEnabled()) {
      var event = new LeakedBufferEvent();
      event.capacityBytes = report.capacityBytes();
      event.cause = report.cause().name();
      event.acquiringThread = report.threadName();
      event.acquiredAt =
          report.acquiredAt().stream()
              .map(StackTraceElement::toString)
              .collect(Collectors.joining("\n"));
      event.commit();
    }
  }
}
