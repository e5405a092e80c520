package mill.natives.ffm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PollerArenaTest {
  private static final int MANY = 2 * PollerArena.MAX_IDLE + 32; // other tests open pollers too

  private static List<PollerArena> openMany() {
    var arenas = new ArrayList<PollerArena>();
    for (int i = 0; i < MANY; i++) {
      arenas.add(new PollerArena());
    }
    return arenas;
  }

  @Test
  void memoryThatWasAnothersIsZeroAgain() {
    for (PollerArena arena : openMany()) {
      arena.allocate(PollerArena.BLOCK_BYTES, 8).fill((byte) 0x5a);
      arena.close();
    }
    for (PollerArena arena : openMany()) {
      MemorySegment memory = arena.allocate(PollerArena.BLOCK_BYTES, 8);
      assertThat(memory.toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
      arena.close();
    }
  }

  @Test
  void nobodyGetsWhatAnotherHas() {
    List<PollerArena> arenas = openMany();
    var pieces = new ArrayList<MemorySegment>();
    for (PollerArena arena : arenas) {
      pieces.add(arena.allocate(100, 8));
      pieces.add(arena.allocate(100, 64));
    }
    for (int i = 0; i < pieces.size(); i++) {
      pieces.get(i).fill((byte) i);
    }
    for (int i = 0; i < pieces.size(); i++) {
      assertThat(pieces.get(i).toArray(ValueLayout.JAVA_BYTE)).containsOnly((byte) i);
    }
    arenas.forEach(PollerArena::close);
  }

  @Test
  void aFewBlocksAreKeptAndTheRestGoesBackToTheSystem() {
    List<PollerArena> arenas = openMany();
    arenas.forEach(PollerArena::close);
    assertThat(PollerArena.idle()).isBetween(1, PollerArena.MAX_IDLE);
    assertThat(arenas).anyMatch(arena -> arena.scope().isAlive());
    assertThat(arenas).anyMatch(arena -> !arena.scope().isAlive());
  }

  @Test
  void whatDoesNotFitIsAllocatedAndGoesBackWithTheRest() {
    var arena = new PollerArena();
    MemorySegment large = arena.allocate(PollerArena.BLOCK_BYTES + 1L, 8);
    MemorySegment page = arena.allocate(8, 4096);
    MemorySegment small = arena.allocate(8, 8);
    assertThat(large.byteSize()).isEqualTo(PollerArena.BLOCK_BYTES + 1L);
    assertThat(page.address() % 4096).isZero();
    assertThat(small.asOverlappingSlice(large)).isEmpty();
    arena.close();
    assertThat(large.scope().isAlive()).isFalse();
    assertThat(page.scope().isAlive()).isFalse();
  }

  @Test
  void piecesAreAlignedAsAsked() {
    try (var arena = new PollerArena()) {
      for (long alignment : new long[] {1, 64, 2, 32, 8, 16, 4}) {
        assertThat(arena.allocate(3, alignment).address() % alignment).isZero();
      }
    }
  }

  @Test
  void nothingIsAllocatedOrGivenBackTwiceAfterTheEnd() {
    var arena = new PollerArena();
    arena.close();
    assertThatThrownBy(() -> arena.allocate(8, 8))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("given back");
    assertThatThrownBy(arena::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("given back already");
  }
}
