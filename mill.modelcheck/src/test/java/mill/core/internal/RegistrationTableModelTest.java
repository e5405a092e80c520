package mill.core.internal;

import static mill.modelcheck.Interleavings.finds;
import static mill.modelcheck.Interleavings.holds;
import static mill.modelcheck.Scenario.check;
import static mill.modelcheck.Scenario.together;

import mill.modelcheck.PlantedBug;
import org.junit.jupiter.api.Test;

class RegistrationTableModelTest {
  private static final String SOURCE =
      "mill.core/src/main/java/mill/core/internal/RegistrationTable.java";

  enum Item {
    FIRST,
    SECOND,
    OLD,
    LEFT,
    RIGHT,
    FILLER
  }

  /** A slot is used again while the loop asks for what was in it. */
  static final class Reuse implements Runnable {
    static RegistrationTable<Item> table;
    static long token;
    static long next;

    @Override
    public void run() {
      table = new RegistrationTable<>();
      token = table.add(Item.FIRST);
      together(Reuse::replace, Reuse::find);
      check(table.find(token) == null, "the removed one is found");
      check(table.find(next) == Item.SECOND, "the added one is not found");
      check(table.size() == 1, "a wrong size");
    }

    private static void replace() {
      check(table.remove(token), "it was not there");
      next = table.add(Item.SECOND);
      check((int) next == (int) token, "another slot");
    }

    private static void find() {
      for (int i = 0; i < 2; i++) {
        Item found = table.find(token);
        check(found == null || found == Item.FIRST, "a token of the past has found a successor");
      }
    }
  }

  /** Two threads add, of which one has the table grow, while the loop looks for an item. */
  static final class Growth implements Runnable {
    static RegistrationTable<Item> table;
    static long old;
    static long[] tokens;

    @Override
    public void run() {
      table = new RegistrationTable<>();
      addFive();
      addFive();
      addFive();
      old = table.add(Item.OLD);
      tokens = new long[2];
      together(
          () -> tokens[0] = table.add(Item.LEFT),
          () -> tokens[1] = table.add(Item.RIGHT),
          () -> check(table.find(old) == Item.OLD, "lost while the table grew"));
      check(tokens[0] != tokens[1], "two items of one token");
      check(table.find(tokens[0]) == Item.LEFT && table.find(tokens[1]) == Item.RIGHT, "not found");
      check(table.size() == 18, "a wrong size");
    }

    private static void addFive() {
      table.add(Item.FILLER);
      table.add(Item.FILLER);
      table.add(Item.FILLER);
      table.add(Item.FILLER);
      table.add(Item.FILLER);
    }
  }

  @Test
  void tokenOfThePastFindsNoSuccessor() {
    holds(Reuse.class);
  }

  @Test
  void tableThatGrowsLosesNothing() {
    holds(Growth.class);
  }

  @Test
  void generationThatIsReadBeforeTheItemIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            """
            T item = (T) ITEM.getAcquire(current.items, slot);
            int generation = (int) GENERATION.getAcquire(current.generations, slot);
            """,
            """
            int generation = (int) GENERATION.getAcquire(current.generations, slot);
            T item = (T) ITEM.getAcquire(current.items, slot);
            """),
        Reuse.class);
  }

  @Test
  void additionThatHoldsNoLockIsFound() {
    finds(
        new PlantedBug(SOURCE, "synchronized (lock) { if (closed)", "{ if (closed)"), Growth.class);
  }

  @Test
  void tableThatIsSeenBeforeItsItemsAreCopiedIsFound() {
    finds(
        new PlantedBug(
            SOURCE,
            """
            slots =
                new Slots(
                    Arrays.copyOf(slots.items, capacity * 2),
                    Arrays.copyOf(slots.generations, capacity * 2));
            """,
            """
            Slots before = slots;
            slots = new Slots(new Object[capacity * 2], new int[capacity * 2]);
            System.arraycopy(before.generations, 0, slots.generations, 0, capacity);
            System.arraycopy(before.items, 0, slots.items, 0, capacity);
            """),
        Growth.class);
  }
}
