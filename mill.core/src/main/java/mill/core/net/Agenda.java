package mill.core.net;

import org.jspecify.annotations.Nullable;

/**
 * Which connections of a loop have something to do before its turn goes on, which owe a further
 * read, and which wait for memory to do so. The loop's thread; without garbage.
 */
final class Agenda {
  private static final int ROUNDS = 8;

  private @Nullable SocketConnection first;
  private @Nullable SocketConnection last;
  private @Nullable SocketConnection owing;
  private @Nullable SocketConnection owingLast;
  private @Nullable SocketConnection hungry;

  /** Whether there is anything to do, but for who waits for memory. */
  boolean hasWork() {
    return first != null || owing != null;
  }

  /** The connection has something to do before the turn goes on. */
  void add(SocketConnection connection) {
    if (connection.isOnAgenda) {
      return;
    }
    connection.isOnAgenda = true;
    if (last == null) {
      first = connection;
    } else {
      last.nextOnAgenda = connection;
    }
    last = connection;
  }

  /** The connection owes a further read. */
  void owes(SocketConnection connection) {
    if (connection.owes) {
      return;
    }
    connection.owes = true;
    if (owingLast == null) {
      owing = connection;
    } else {
      owingLast.nextOwing = connection;
    }
    owingLast = connection;
  }

  /** The connection would read if there were memory. */
  void hungers(SocketConnection connection) {
    if (connection.owes) {
      return;
    }
    connection.owes = true;
    connection.nextOwing = hungry;
    hungry = connection;
  }

  /** Memory is not short any more: who waited for it owes a read now. */
  void relieved() {
    SocketConnection next = hungry;
    hungry = null;
    while (next != null) {
      SocketConnection one = next;
      next = one.nextOwing;
      one.nextOwing = null;
      one.owes = false;
      owes(one);
    }
  }

  /** Settles all, and those that come to it meanwhile, some rounds long; whether there was any. */
  boolean run() {
    boolean any = false;
    for (int i = 0; i < ROUNDS && first != null; i++) {
      any = true;
      SocketConnection next = first;
      first = null;
      last = null;
      while (next != null) {
        SocketConnection one = next;
        next = one.nextOnAgenda;
        one.nextOnAgenda = null;
        one.isOnAgenda = false;
        one.settle();
      }
    }
    return any;
  }

  /** Lets each read once that owes it; whether there was any. */
  boolean readOwed() {
    SocketConnection next = owing;
    owing = null;
    owingLast = null;
    boolean any = next != null;
    while (next != null) {
      SocketConnection one = next;
      next = one.nextOwing;
      one.nextOwing = null;
      one.owes = false;
      one.readOwed();
    }
    return any;
  }
}
