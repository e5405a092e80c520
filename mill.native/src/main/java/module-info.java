/**
 * The metal of mill: a poller, sockets and off-heap buffers over the operating system's own calls.
 *
 * <p>The only module that calls native code: grant it {@code --enable-native-access=mill.natives}.
 * It needs nothing but {@code java.base} and can be used alone.
 */
module mill.natives {
  // Not transitive: javac would then ask every user for the annotations. Where @Nullable stands in
  // the API, the lint that wants it transitive is suppressed.
  requires static org.jspecify;

  // @GuardedBy, which the build checks.
  requires static mill.guards;

  // The event of a leaked buffer, where there is a recorder: see LeakEvents.
  requires static jdk.jfr;

  exports mill.natives;
  exports mill.natives.memory;
  exports mill.natives.net;
  exports mill.natives.platform;
}
