package mill.core;

import java.util.EnumMap;
import java.util.Map;

/**
 * The errors that a fake is told to answer with, once for each kind of call. One thread at a time.
 */
final class PlannedFailures<K extends Enum<K>> {
  private final Map<K, Integer> after;
  private final Map<K, Integer> errnos;

  PlannedFailures(Class<K> kinds) {
    after = new EnumMap<>(kinds);
    errnos = new EnumMap<>(kinds);
  }

  /** Lets a call of a kind fail once: the next one, if {@code calls} is 0. */
  void plan(K kind, int calls, int errno) {
    after.put(kind, calls);
    errnos.put(kind, errno);
  }

  /** A call is made: the error that it fails with, or 0. */
  int take(K kind) {
    Integer left = after.get(kind);
    if (left == null) {
      return 0;
    }
    if (left > 0) {
      after.put(kind, left - 1);
      return 0;
    }
    after.remove(kind);
    return errnos.remove(kind);
  }
}
