package mill.core;

import mill.natives.Pollable;

/** What a loop asks of a {@link Registration}, and does to it, as it drains and ends. */
abstract class Registered extends SerialCalls {
  Registered() {}

  /** What is registered. Any thread; takes no lock. */
  abstract Pollable pollable();

  /** The class of the handler. Any thread; takes no lock. */
  abstract Class<?> handlerClass();

  /**
   * Whether it accepts what waits when it hears of a graceful shutdown, and closes itself then. Any
   * thread.
   */
  abstract boolean closesWhenTold();

  /** How many bytes the handler says it has not delivered. Any thread. */
  abstract long undeliveredBytes();

  /** Cancels for a reason, if nobody has, and closes the pollable. Any thread. */
  abstract void close(CloseReason reason);
}
