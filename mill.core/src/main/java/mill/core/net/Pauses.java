package mill.core.net;

import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/** The reasons for which a connection does not read, a set by identity. The loop's thread. */
final class Pauses {
  private @Nullable Object one; // most have one at most
  private @Nullable ArrayList<Object> more;

  boolean isEmpty() {
    return one == null && (more == null || more.isEmpty());
  }

  @SuppressWarnings("ReferenceEquality") // told apart by identity
  void add(Object reason) {
    if (one == null && (more == null || indexOf(reason) < 0)) {
      one = reason;
    } else if (one != reason && indexOf(reason) < 0) {
      if (more == null) {
        more = new ArrayList<>(2);
      }
      more.add(reason);
    }
  }

  @SuppressWarnings("ReferenceEquality") // told apart by identity
  boolean remove(Object reason) {
    if (one == reason) {
      one = null;
      return true;
    }
    int index = indexOf(reason);
    if (index >= 0 && more != null) {
      more.remove(index);
    }
    return index >= 0;
  }

  @SuppressWarnings("ReferenceEquality") // told apart by identity
  private int indexOf(Object reason) {
    for (int i = 0; more != null && i < more.size(); i++) {
      if (more.get(i) == reason) {
        return i;
      }
    }
    return -1;
  }

  void clear() {
    one = null;
    more = null;
  }
}
