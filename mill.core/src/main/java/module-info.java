/**
 * The reactor of mill: event loops over the poller and sockets of {@code mill.natives}.
 *
 * <p>Requiring this module is enough to use both. Native access is granted to {@code mill.natives}
 * alone.
 */
module mill.core {
  requires transitive mill.natives;

  // Not transitive: javac would then ask every user for the annotations. Where @Nullable stands in
  // the API, the lint that wants it transitive is suppressed.
  requires static org.jspecify;

  // @GuardedBy, which the build checks.
  requires static mill.guards;

  // Flight events, where there is a recorder: see FlightRecording.
  requires static jdk.jfr;

  exports mill.core;
  exports mill.core.compute;
  exports mill.core.group;
  exports mill.core.net;
}
