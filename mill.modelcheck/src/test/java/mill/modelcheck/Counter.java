package mill.modelcheck;

/** What {@link InterleavingsTest} counts with. */
final class Counter {
  int value;

  void count() {
    synchronized (this) {
      value++;
    }
  }
}
