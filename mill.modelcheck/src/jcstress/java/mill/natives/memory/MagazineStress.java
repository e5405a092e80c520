package mill.natives.memory;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.foreign.MemorySegment;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** What a {@link Magazine} promises: a buffer goes to one, with all that was written before. */
public final class MagazineStress {
  private MagazineStress() {}

  private static Chunk lent() {
    Slab slab = new Slab(MemorySegment.NULL, 64, 0, 64);
    Chunk made = new Chunk(null, slab, MemorySegment.NULL);
    made.move(Chunk.CENTRAL, Chunk.LENT);
    return made;
  }

  /** The owner and a thief want the one buffer. */
  @JCStressTest
  @Outcome(
      id = {"true, false", "false, true"},
      expect = ACCEPTABLE,
      desc = "one has it")
  @Outcome(expect = FORBIDDEN, desc = "lost, or lent to two")
  @State
  public static class PopAndSteal {
    private final Magazine magazine = new Magazine(1);

    /** Fills the magazine. */
    public PopAndSteal() {
      magazine.push(lent());
    }

    /** The owner. */
    @Actor
    public void pop(ZZ_Result result) {
      result.r1 = magazine.pop() != null;
    }

    /** A thief. */
    @Actor
    public void steal(ZZ_Result result) {
      result.r2 = magazine.steal() != null;
    }
  }

  /** A thief comes while the owner pushes: r1 tells that it got the buffer, r2 that it is whole. */
  @JCStressTest
  @Outcome(
      id = {"true, true", "false, true"},
      expect = ACCEPTABLE,
      desc = "stolen whole, or not yet there")
  @Outcome(expect = FORBIDDEN, desc = "stolen, and not whole")
  @State
  public static class PushAndSteal {
    private final Magazine magazine = new Magazine(1);
    private final Chunk buffer = lent();
    private int content;

    /** The owner writes, and pushes. */
    @Actor
    public void push() {
      content = 7;
      magazine.push(buffer);
    }

    /** A thief. */
    @Actor
    public void steal(ZZ_Result result) {
      result.r1 = magazine.steal() == buffer;
      result.r2 = !result.r1 || content == 7;
    }
  }
}
