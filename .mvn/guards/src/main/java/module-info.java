/** Annotations that Error Prone knows by their names. Needed to compile mill, never to use it. */
module mill.guards {
  exports com.google.errorprone.annotations.concurrent;
}
