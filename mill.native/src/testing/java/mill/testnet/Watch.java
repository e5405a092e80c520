package mill.testnet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.function.LongConsumer;
import mill.natives.CurrentPlatform;
import mill.natives.Interest;
import mill.natives.Pollable;
import mill.natives.Poller;
import mill.natives.Readiness;
import mill.natives.ReadyEvents;
import mill.natives.Trigger;
import mill.testing.Await;

/** A poller with its batch, and the waits that tests need. */
public final class Watch implements AutoCloseable {
  public final Poller poller;
  public final ReadyEvents events;

  private Watch(Poller poller, int capacity) {
    this.poller = poller;
    this.events = new ReadyEvents(capacity);
  }

  public static Watch open() throws IOException {
    return open(64);
  }

  public static Watch open(int capacity) throws IOException {
    return new Watch(Poller.open(), capacity);
  }

  public static Watch tellingClosed(LongConsumer closedWhileRegistered) throws IOException {
    return new Watch(Poller.open(CurrentPlatform.get(), closedWhileRegistered), 64);
  }

  public Watch register(Pollable pollable, long token, Interest interest, Trigger trigger)
      throws IOException {
    poller.register(pollable, token, interest, trigger);
    return this;
  }

  public Watch register(Pollable pollable, long token, Interest interest) throws IOException {
    return register(pollable, token, interest, Trigger.LEVEL);
  }

  /** Polls until the token is reported with all of the bits, and gives the report. */
  public Readiness await(long token, int bits) throws IOException {
    long start = System.nanoTime();
    long left = Await.PATIENCE_NS;
    while (left > 0) {
      poller.poll(events, left);
      for (int i = 0; i < events.size(); i++) {
        if (events.token(i) == token && (events.bits(i) & bits) == bits) {
          return events.readiness(i);
        }
      }
      left = Await.PATIENCE_NS - (System.nanoTime() - start);
    }
    throw Await.hung("token " + token + " becomes " + Readiness.of(bits), null);
  }

  /** Polls until something is reported, and gives all the tokens of that batch. */
  public List<Long> awaitBatch() throws IOException {
    poller.poll(events, Await.PATIENCE_NS);
    return tokens();
  }

  /** What is ready at this moment, without waiting. */
  public List<Long> now() throws IOException {
    poller.poll(events, 0);
    return tokens();
  }

  /** What becomes ready within a moment; for asserting that nothing does. */
  public List<Long> inAMoment() throws IOException {
    poller.poll(events, Await.MOMENT_NS);
    return tokens();
  }

  public List<Long> tokens() {
    var tokens = new ArrayList<Long>();
    for (int i = 0; i < events.size(); i++) {
      tokens.add(events.token(i));
    }
    return tokens;
  }

  /** Starts a poll on another thread and returns when that thread is inside {@code poll}. */
  public FutureTask<Integer> pollElsewhere(long timeoutNs) throws Exception {
    FutureTask<Integer> polled =
        Await.inBackground("polls", () -> pollWhenNobodyElseDoes(timeoutNs));
    var probe = new ReadyEvents(1);
    Await.eventually(
        "another thread polls",
        () -> {
          try {
            poller.poll(probe, 0);
            return polled.isDone();
          } catch (IllegalStateException e) {
            return true;
          }
        });
    return polled;
  }

  private int pollWhenNobodyElseDoes(long timeoutNs) throws IOException {
    while (true) {
      try {
        return poller.poll(events, timeoutNs);
      } catch (IllegalStateException e) {
        if (!String.valueOf(e.getMessage()).contains("another thread polls")) {
          throw e;
        }
      }
    }
  }

  @Override
  public void close() {
    poller.close();
  }
}
