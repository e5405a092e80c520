package mill.sim.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import mill.natives.CurrentPlatform;
import mill.natives.platform.AddressCodec;
import mill.natives.platform.Errnos;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.PollerBackend;
import mill.natives.platform.Sockets;
import mill.natives.platform.Threads;
import org.junit.jupiter.api.Test;

/** Turns, time and ends, by threads that do nothing else. */
class WorldTest {
  private static final long STUCK_NS = Duration.ofSeconds(5).toNanos();

  /** A platform of which only the threads are there. */
  private record OnlyThreads(World world, SimProcess process, Threads threads) implements Platform {
    static OnlyThreads of(World world, SimProcess process) {
      var platform = new OnlyThreads(world, process, new SimThreads(world, process));
      process.runOn(platform);
      return platform;
    }

    @Override
    public String name() {
      return process.name();
    }

    @Override
    public long nanoTime() {
      return world.nowNs();
    }

    @Override
    public Errnos errnos() {
      throw new UnsupportedOperationException();
    }

    @Override
    public PollerBackend openPoller() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Sockets sockets() {
      throw new UnsupportedOperationException();
    }

    @Override
    public AddressCodec addresses() {
      throw new UnsupportedOperationException();
    }

    @Override
    public OptionCode option(String name) {
      return null;
    }

    @Override
    public int pinCurrentThread(int cpu) {
      return 0;
    }
  }

  /** A process to be, and its world. */
  private record Start(World world, String name, boolean background) {
    /** Starts it with a thread that runs this. */
    SimProcess runs(Body body) {
      var process = new SimProcess(name, background);
      OnlyThreads.of(world, process);
      world.newThread(process, "main", false, () -> unchecked(body)).start();
      return process;
    }
  }

  private static Start foreground(World world, String name) {
    return new Start(world, name, false);
  }

  private static Start background(World world, String name) {
    return new Start(world, name, true);
  }

  /** A world to be. */
  private record Seed(long number) {
    World run(Consumer<World> set) {
      var world = new World(number);
      set.accept(world);
      world.runToEnd(STUCK_NS);
      return world;
    }
  }

  private static Seed seed(long number) {
    return new Seed(number);
  }

  private static Threads threads() {
    return CurrentPlatform.get().threads();
  }

  private static void unchecked(Body body) {
    try {
      body.run();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private interface Body {
    void run() throws Exception;
  }

  private static List<String> order(long seed) {
    var order = new ArrayList<String>();
    seed(seed)
        .run(world -> {
          for (String name : List.of("a", "b", "c")) {
            foreground(world, name)
                .runs(() -> {
                  for (int i = 0; i < 5; i++) {
                    order.add(name);
                    world.handOver();
                  }
                });
          }
        });
    return order;
  }

  @Test
  void turnsAreDrawnFromTheSeed() {
    assertThat(order(1)).hasSize(15).isEqualTo(order(1));
    assertThat(List.of(order(2), order(3), order(4))).anyMatch(other -> !other.equals(order(1)));
  }

  @Test
  void timeMovesToTheNextEventWhenAllSleep() {
    var seen = new ArrayList<Long>();
    World world =
        seed(1)
            .run(made ->
                foreground(made, "a")
                    .runs(() -> {
                      assertThat(made.sleep(3_600_000_000_000L)).isFalse();
                      seen.add(CurrentPlatform.get().nanoTime());
                    }));
    assertThat(world.failure()).isNull();
    assertThat(seen).containsExactly(3_600_000_000_000L);
  }

  @Test
  void parkAndUnparkAndTheirPermit() {
    var seen = new ArrayList<String>();
    World world =
        seed(1)
            .run(made -> {
              var waiting = new Thread[1];
              foreground(made, "a")
                  .runs(() -> {
                    waiting[0] = Thread.currentThread();
                    threads().park(this, Threads.FOREVER);
                    seen.add("unparked at " + made.nowNs());
                    threads().unpark(Thread.currentThread());
                    threads().park(this, Threads.FOREVER);
                    threads().park(this, 10);
                    seen.add("timed out at " + made.nowNs());
                  });
              foreground(made, "b")
                  .runs(() -> {
                    made.sleep(100);
                    threads().unpark(waiting[0]);
                  });
            });
    assertThat(world.failure()).isNull();
    assertThat(seen).containsExactly("unparked at 100", "timed out at 110");
  }

  @Test
  void monitorsAreGivenUpWhileWaiting() {
    var lock = new Object();
    var items = new ArrayList<Integer>();
    var taken = new ArrayList<Integer>();
    for (int seed = 0; seed < 50; seed++) {
      items.clear();
      taken.clear();
      World world =
          seed(seed)
              .run(made -> {
                for (String name : List.of("x", "y")) {
                  background(made, name)
                      .runs(() -> {
                        while (true) {
                          synchronized (lock) {
                            while (items.isEmpty()) {
                              threads().await(lock, Threads.FOREVER);
                            }
                            taken.add(items.removeFirst());
                          }
                        }
                      });
                }
                foreground(made, "producer")
                    .runs(() -> {
                      for (int i = 0; i < 10; i++) {
                        synchronized (lock) {
                          items.add(i);
                          threads().signal(lock);
                        }
                        made.handOver();
                      }
                      made.sleep(1_000);
                    });
              });
      assertThat(world.failure()).isNull();
      assertThat(taken).hasSize(10);
    }
  }

  /** Who holds one monitor must not wait for the other to hand its turn over. */
  @Test
  void turnsAreHandedOverFromMonitorToMonitor() {
    for (int seed = 0; seed < 50; seed++) {
      Object[] locks = {new Object(), new Object()};
      int[] items = {0, 0};
      World world =
          seed(seed)
              .run(made -> {
                for (int i = 0; i < 6; i++) {
                  int own = i % 2;
                  background(made, "waiter" + i).runs(() -> take(locks, items, own));
                }
                foreground(made, "producer")
                    .runs(() -> {
                      for (int i = 0; i < 200; i++) {
                        put(locks, items, i % 2);
                        made.handOver();
                      }
                      made.sleep(1_000);
                    });
              });
      assertThat(world.failure()).isNull();
      assertThat(items).containsExactly(0, 0);
    }
  }

  private static void put(Object[] locks, int[] items, int which) {
    synchronized (locks[which]) {
      items[which] += 2;
      threads().signalAll(locks[which]);
    }
  }

  private static void take(Object[] locks, int[] items, int which) throws InterruptedException {
    while (true) {
      synchronized (locks[which]) {
        while (items[which] == 0) {
          threads().await(locks[which], Threads.FOREVER);
        }
        items[which]--;
      }
    }
  }

  @Test
  void interruptEndsWaitsAndIsKept() {
    var seen = new ArrayList<String>();
    World world =
        seed(1)
            .run(made -> {
              var waiting = new Thread[2];
              foreground(made, "parked")
                  .runs(() -> {
                    waiting[0] = Thread.currentThread();
                    threads().park(this, Threads.FOREVER);
                    seen.add("parked " + Thread.interrupted());
                  });
              foreground(made, "deaf")
                  .runs(() -> {
                    waiting[1] = Thread.currentThread();
                    made.sleep(500);
                    seen.add("deaf " + made.nowNs() + " " + Thread.interrupted());
                  });
              foreground(made, "b")
                  .runs(() -> {
                    made.sleep(100);
                    waiting[0].interrupt();
                    waiting[1].interrupt();
                  });
            });
    assertThat(world.failure()).isNull();
    assertThat(seen).containsExactly("parked true", "deaf 500 true");
  }

  @Test
  void joinAndFuturesAndTimersAreInTheWorldsTime() {
    var seen = new ArrayList<String>();
    World world =
        seed(1)
            .run(made ->
                foreground(made, "a")
                    .runs(() -> {
                      Thread other = threads().unstarted("other", true, () -> made.sleep(700));
                      other.start();
                      assertThat(threads().join(other, 100)).isFalse();
                      seen.add("not yet " + made.nowNs());
                      assertThat(threads().join(other, Threads.FOREVER)).isTrue();
                      seen.add("joined " + made.nowNs());
                      var future = new CompletableFuture<String>();
                      var _ = threads().schedule(300, () -> future.complete("x"));
                      var never = threads().schedule(400, () -> seen.add("never"));
                      assertThat(threads().await(future, 200)).isFalse();
                      assertThat(threads().await(future, 200)).isTrue();
                      never.cancel(false);
                      seen.add("done " + made.nowNs());
                      made.sleep(5_000);
                    }));
    assertThat(world.failure()).isNull();
    assertThat(seen).containsExactly("not yet 100", "joined 700", "done 1000");
  }

  @Test
  void whoWaitsForNobodyIsADeadlock() {
    World world =
        seed(1)
            .run(made ->
                foreground(made, "lonely").runs(() -> threads().park(this, Threads.FOREVER)));
    assertThat(world.failure())
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("deadlock at PT0S")
        .hasMessageContaining("lonely/main")
        .hasMessageContaining("WorldTest");
  }

  @Test
  void whoSpinsWhileNoTimePassesIsALivelock() {
    World world =
        seed(1)
            .run(made ->
                foreground(made, "busy")
                    .runs(() -> {
                      while (true) {
                        made.handOver();
                      }
                    }));
    assertThat(world.failure()).hasMessageContaining("livelock").hasMessageContaining("busy/main");
  }

  @Test
  void whoBlocksOutsideOfTheSimulationIsShown() {
    var world = new World(1);
    var never = new CompletableFuture<String>();
    foreground(world, "outside").runs(never::join);
    world.runToEnd(200_000_000L);
    assertThat(world.failure())
        .hasMessageContaining("outside/main keeps its turn")
        .hasMessageContaining("CompletableFuture");
    never.complete("");
  }

  @Test
  void backgroundEndsWithTheWorldAndNoThreadIsLeft() {
    var made = new Thread[2];
    World world =
        seed(1)
            .run(running -> {
              background(running, "server")
                  .runs(() -> {
                    made[0] = Thread.currentThread();
                    threads().park(this, Threads.FOREVER);
                  });
              foreground(running, "client").runs(() -> made[1] = Thread.currentThread());
            });
    assertThat(world.failure()).isNull();
    for (Thread thread : made) {
      unchecked(thread::join);
    }
  }

  @Test
  void killedProcessRunsNoFurtherAndTheOthersGoOn() {
    var seen = new ArrayList<String>();
    World world =
        seed(1)
            .run(made -> {
              SimProcess victim =
                  foreground(made, "victim")
                      .runs(() -> {
                        try {
                          made.sleep(1_000);
                          seen.add("not here");
                        } finally {
                          seen.add("unwound at " + made.nowNs());
                        }
                      });
              made.mustHappen(500, () -> made.kill(victim));
              foreground(made, "other")
                  .runs(() -> {
                    made.sleep(2_000);
                    seen.add("other at " + made.nowNs());
                  });
            });
    assertThat(world.failure()).isNull();
    assertThat(seen).containsExactly("unwound at 500", "other at 2000");
  }

  @Test
  void whatAThreadThrowsFailsTheWorld() {
    World world =
        seed(1)
            .run(made ->
                foreground(made, "a")
                    .runs(() -> {
                      throw new IllegalStateException("planned");
                    }));
    assertThat(world.failure()).isInstanceOf(IllegalStateException.class).hasMessage("planned");
  }

  @Test
  void strangersAreToldThatTheyAre() {
    var world = new World(1);
    var process = new SimProcess("a", false);
    Threads threads = OnlyThreads.of(world, process).threads();
    assertThatThrownBy(() -> threads.park(this, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is not a thread of the simulation");
    assertThatThrownBy(() -> world.runToEnd(STUCK_NS)).hasMessageContaining("nothing to run");
  }

  @Test
  void traceIsThatOfTheSeed() {
    assertThat(hash(7)).isEqualTo(hash(7)).isNotEqualTo(hash(8));
  }

  private static long hash(long seed) {
    return seed(seed)
        .run(world -> {
          for (String name : List.of("a", "b")) {
            foreground(world, name)
                .runs(() -> {
                  for (int i = 0; i < 20; i++) {
                    world.trace("step", i, 0);
                    world.sleep(world.nowNs() + world.random("network").nextLong(100));
                  }
                });
          }
        })
        .traceHash();
  }
}
