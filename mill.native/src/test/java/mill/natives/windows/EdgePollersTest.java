package mill.natives.windows;

import static org.junit.jupiter.api.Assertions.assertEquals;

import mill.natives.Garbage;
import mill.natives.Interest;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which poller hears of a read: the one that watches the socket now. Runs on any system. */
class EdgePollersTest {
  // Larger than what Integer.valueOf keeps, as Windows' handles soon are.
  private static final int FD = 40_004;

  private final EdgePollers edges = new EdgePollers();

  @Test
  void aReadRearmsTheEdgeInThePollerThatWatches() throws Exception {
    var kernel = new ScriptedAfd();
    kernel.setReady(FD, IocpEvents.READING);
    var poller = new IocpPoller(kernel, edges);
    var events = new ReadyEvents(4);
    poller.add(FD, 7, Interest.READABLE, Trigger.EDGE);
    assertEquals(1, poll(poller, events));
    assertEquals(0, poll(poller, events), "no second edge");
    edges.used(FD, IocpEvents.READING);
    assertEquals(1, poll(poller, events));
    poller.close();
  }

  @Test
  void whoHasLeftIsNotTheOneThatIsForgotten() throws Exception {
    var kernel = new ScriptedAfd();
    kernel.setReady(FD, IocpEvents.READING);
    var old = new IocpPoller(kernel, edges);
    var heir = new IocpPoller(new ScriptedAfd(), edges);
    edges.add(FD, heir);
    edges.add(FD, old);
    edges.remove(FD, heir);
    old.add(FD, 7, Interest.READABLE, Trigger.EDGE);
    assertEquals(1, poll(old, new ReadyEvents(4)));
    edges.used(FD, IocpEvents.READING);
    assertEquals(1, poll(old, new ReadyEvents(4)));
    old.close();
    heir.close();
  }

  @Timeout(600) // the child is bounded: it has much to do
  @Test
  void aReadOfAnEdgeTriggeredSocketMakesNoGarbage() throws Exception {
    Garbage.assertNoneIn(Main.class);
  }

  private static int poll(IocpPoller poller, ReadyEvents events) {
    events.clear();
    assertEquals(0, poller.poll(events, 0));
    return events.size();
  }

  /** Measures what a read does beside its system call. */
  static final class Main {
    public static void main(String[] arguments) throws Exception {
      var edges = new EdgePollers();
      var poller = new IocpPoller(new ScriptedAfd(), edges);
      for (int i = 0; i < 100; i++) {
        poller.add(FD + 4 * i, i, Interest.READABLE, Trigger.EDGE);
      }
      int[] next = new int[1];
      Garbage.requireNone(() -> {
        edges.used(FD + 4 * next[0], IocpEvents.READING);
        next[0] = (next[0] + 1) % 100;
      });
      poller.close();
    }
  }
}
