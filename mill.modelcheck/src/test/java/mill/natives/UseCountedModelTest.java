package mill.natives;

import static mill.modelcheck.Interleavings.finds;
import static mill.modelcheck.Interleavings.holds;
import static mill.modelcheck.Scenario.check;
import static mill.modelcheck.Scenario.together;

import mill.modelcheck.PlantedBug;
import org.junit.jupiter.api.Test;

class UseCountedModelTest {
  private static final String SOURCE = "mill.native/src/main/java/mill/natives/UseCounted.java";

  static final class Descriptor extends UseCounted {
    int disposed;

    @Override
    void dispose() {
      disposed++;
    }
  }

  /** Two threads use it, of which one also closes it, as a third one does. */
  static final class UseAndClose implements Runnable {
    static Descriptor descriptor;
    static boolean[] closed;

    @Override
    public void run() {
      descriptor = new Descriptor();
      closed = new boolean[2];
      together(
          UseAndClose::use,
          () -> {
            use();
            close(0);
          },
          () -> close(1));
      check(descriptor.disposed == 1, "given back not once");
      check(closed[0] != closed[1], "closed by both, or by none");
      check(!descriptor.enter() && !descriptor.isStillOpen(), "open again");
    }

    private static void use() {
      if (descriptor.enter()) {
        check(descriptor.disposed == 0, "given back before the use");
        check(descriptor.disposed == 0, "given back during the use");
        descriptor.exit();
      }
    }

    private static void close(int closer) {
      if (descriptor.beginClose()) {
        closed[closer] = true;
        descriptor.exit();
      }
    }
  }

  @Test
  void isGivenBackOnceAndNeverDuringAUse() {
    holds(UseAndClose.class);
  }

  @Test
  void entryThatIsNotAtomicIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            "(int) STATE.compareAndExchange(this, seen, seen + 1);",
            "seen; state = seen + 1;"),
        UseAndClose.class);
  }

  @Test
  void exitThatIsNotAtomicIsFound() {
    finds(new PlantedBug(SOURCE, "(int) STATE.getAndAdd(this, -1)", "state--"), UseAndClose.class);
  }

  @Test
  void closeThatIsNotAtomicIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            "(int) STATE.compareAndExchange(this, seen, (seen + 1) | CLOSED);",
            "seen; state = (seen + 1) | CLOSED;"),
        UseAndClose.class);
  }
}
