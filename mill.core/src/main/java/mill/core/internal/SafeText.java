package mill.core.internal;

/** Texts of users' objects, for callers that must go on whatever a {@code toString} does. */
public final class SafeText {
  private SafeText() {}

  /**
   * Asks an object for its text. Any thread; takes no lock of mill's. Never throws.
   *
   * @param object any object
   * @return its text, or if it has none to give the name of its class and why
   */
  public static String of(Object object) {
    try {
      return object.toString();
    } catch (Throwable thrown) { // also an Error: a toString that calls itself, for instance
      return object.getClass().getName() + " (its toString has thrown " + thrown.getClass() + ")";
    }
  }
}
