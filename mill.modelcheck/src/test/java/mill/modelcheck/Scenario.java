package mill.modelcheck;

/** The words of a scenario. */
@SuppressWarnings("StaticAssignmentOfThrowable") // or Lincheck would not see that it is shared
public final class Scenario {
  /** What a check throws. */
  static final class Broken extends AssertionError {
    private static final long serialVersionUID = 1;

    Broken(String message) {
      super(message);
    }
  }

  private static Throwable thrown;

  private Scenario() {}

  /** Runs the bodies at the same time and waits for all. What one throws fails the scenario. */
  public static void together(Runnable... bodies) {
    thrown = null;
    var threads = new Thread[bodies.length];
    for (int i = 0; i < bodies.length; i++) {
      Runnable body = bodies[i];
      threads[i] = new Thread(() -> call(body)); // not a subclass: Lincheck hangs with one
    }
    for (Thread thread : threads) {
      thread.start();
    }
    for (Thread thread : threads) {
      join(thread);
    }
    if (thrown instanceof Broken) {
      throw new Broken(thrown.getMessage());
    } else if (thrown != null) {
      throw new IllegalStateException(thrown);
    }
  }

  // Lincheck does not mind what a thread ends with.
  private static void call(Runnable body) {
    try {
      body.run();
    } catch (Throwable e) {
      thrown = e;
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Fails the scenario unless it is so. */
  public static void check(boolean so, String otherwise) {
    if (!so) {
      throw new Broken(otherwise);
    }
  }
}
