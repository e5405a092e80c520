package mill.natives.platform;

/** What a descriptor is to a poller: it decides what an error that waits there means. */
public enum DescriptorKind {
  /** A socket of a connection, or one that listens. The system says itself when it is closed. */
  STREAM,
  /** A socket of separate messages: an error is that of one message, and closes nothing. */
  DATAGRAM,
  /** Anything else, a pipe's end for instance: nothing can be written any more after an error. */
  OTHER
}
