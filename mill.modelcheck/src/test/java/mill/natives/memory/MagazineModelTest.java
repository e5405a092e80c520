package mill.natives.memory;

import static mill.modelcheck.Interleavings.finds;
import static mill.modelcheck.Interleavings.holds;
import static mill.modelcheck.Scenario.check;
import static mill.modelcheck.Scenario.together;

import java.lang.foreign.MemorySegment;
import mill.modelcheck.PlantedBug;
import org.junit.jupiter.api.Test;

class MagazineModelTest {
  private static final String MEMORY = "mill.native/src/main/java/mill/natives/memory/";

  /** The owner pushes and pops while a thief and the depot want its buffers. */
  static final class Thieves implements Runnable {
    static Magazine magazine;
    static Chunk[] buffers;
    static int[] holders;

    @Override
    public void run() {
      magazine = new Magazine(2);
      buffers = new Chunk[] {lent(), lent()};
      holders = new int[] {1, 1};
      check(push(buffers[0]), "full");
      together(
          () -> {
            check(push(buffers[1]), "full");
            got(magazine.pop());
          },
          () -> got(magazine.steal()),
          () -> {
            Chunk claimed = magazine.claim(0);
            if (claimed != null) {
              check(claimed.move(Chunk.CENTRAL, Chunk.LENT), "claimed by two");
              got(claimed);
            }
          });
      got(magazine.pop());
      got(magazine.pop());
      check(magazine.pop() == null, "out of nothing");
      check(holders[0] == 1 && holders[1] == 1, "a buffer is lost, or lent to two");
    }

    private static Chunk lent() {
      Slab slab = new Slab(MemorySegment.NULL, 64, 0, 64);
      Chunk made = new Chunk(null, slab, MemorySegment.NULL);
      made.move(Chunk.CENTRAL, Chunk.LENT);
      return made;
    }

    private static boolean push(Chunk buffer) {
      holders[buffer == buffers[0] ? 0 : 1]--;
      return magazine.push(buffer);
    }

    private static void got(Chunk buffer) {
      if (buffer != null) {
        int index = buffer == buffers[0] ? 0 : 1;
        check(holders[index] == 0, "lent to two");
        holders[index]++;
      }
    }
  }

  /** Whoever has seen that a buffer is cached finds it in a slot. */
  static final class Searching implements Runnable {
    static Magazine magazine;
    static Chunk buffer;

    @Override
    public void run() {
      magazine = new Magazine(1);
      buffer = Thieves.lent();
      together(
          () -> check(magazine.push(buffer), "full"),
          () -> {
            if (buffer.toString().contains("released")) {
              check(magazine.steal() == buffer, "cached, and in no slot");
            }
          });
    }
  }

  @Test
  void bufferGoesToOneAndIsNotLost() {
    holds(Thieves.class);
  }

  @Test
  void cachedBufferIsInASlot() {
    holds(Searching.class);
  }

  @Test
  void moveThatIsNotAtomicIsFound() {
    finds(
        new PlantedBug(
            MEMORY + "Chunk.java",
            "return STATE.compareAndSet(this, from, to);",
            "if (state != from) { return false; } state = to; return true;"),
        Thieves.class);
  }

  @Test
  void bufferThatIsCachedBeforeItsSlotIsWrittenIsFound() {
    finds(
        new PlantedBug(
            MEMORY + "Magazine.java",
            "SLOT.setOpaque(slots, at, buffer); if (!buffer.move(from, Chunk.CACHED)) {",
            """
            boolean moved = buffer.move(from, Chunk.CACHED);
            SLOT.setOpaque(slots, at, buffer);
            if (!moved) {
            """),
        Searching.class);
  }
}
