package mill.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import mill.core.net.CloseCause.Kind;
import mill.core.net.PoolFixture.Holder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two of cancel, timeout, failure and delivery meet one waiter, in each of the twelve orders, with
 * turns of the loop between them and without: it hears the first, and no connection is lost.
 */
class PoolOrderTest {
  private static void timeIsOver(PoolPart part, Lease lease) {
    if (lease.step == Lease.Step.WAITS) {
      part.refuse(lease, Kind.LEASE_TIMEOUT, null);
    }
  }

  private static final List<InetAddress> HERE = List.of(InetAddress.getLoopbackAddress());

  enum Event {
    CANCEL,
    TIMEOUT,
    FAILURE,
    DELIVERY
  }

  static List<Arguments> orders() {
    var orders = new ArrayList<Arguments>();
    for (Event first : Event.values()) {
      for (Event second : Event.values()) {
        if (first != second) {
          orders.add(Arguments.of(first, second, true));
          orders.add(Arguments.of(first, second, false));
        }
      }
    }
    return orders;
  }

  @ParameterizedTest(name = "{0}, then {1}, turns between: {2}")
  @MethodSource("orders")
  void theFirstDecidesAndNothingIsLost(Event first, Event second, boolean turnsBetween)
      throws Exception {
    var questions = new ArrayList<CompletableFuture<List<InetAddress>>>();
    var config =
        PoolFixture.CONFIG
            .maxConnections(2, 2)
            .connection(
                PoolFixture.LINES.resolver(name -> {
                  var question = new CompletableFuture<List<InetAddress>>();
                  if (questions.size() != 1) { // the second is ours to answer
                    question.complete(HERE);
                  }
                  questions.add(question);
                  return question;
                }));
    try (var all = new PoolFixture(config)) {
      var target = InetSocketAddress.createUnresolved("pool.test", all.target().getPort());
      Holder has = all.ask(target);
      has.open();
      Holder one = all.ask(target);
      Holder next = all.ask(target);
      all.until(() -> all.loops.call(questions::size) == 2 && all.pool.metrics().waiting() == 2);

      Map<Event, Runnable> events = new EnumMap<>(Event.class);
      events.put(Event.CANCEL, one.lease::cancel);
      events.put(Event.TIMEOUT, () -> timeIsOver(all.part(), one.lease));
      events.put(
          Event.FAILURE, () -> questions.get(1).completeExceptionally(new Exception("none")));
      events.put(Event.DELIVERY, has.lease::release);
      if (turnsBetween) {
        run(all, events.get(first));
        all.until(() -> all.pool.metrics().waiting() < 2); // it is decided
        run(all, events.get(second));
      } else {
        run(
            all,
            () -> {
              events.get(first).run();
              events.get(second).run();
            });
      }
      checkFirst(first, second, turnsBetween, one);
      questions.get(1).complete(HERE); // if that is still open
      settle(all, has, one, next);
    }
  }

  private static void run(PoolFixture all, Runnable event) throws Exception {
    all.loops.run(() -> {
      event.run();
      return true;
    });
  }

  // A release and a failure take effect later in the turn, when what was there has returned.
  private static void checkFirst(Event first, Event second, boolean turnsBetween, Holder one) {
    boolean isLater = first == Event.FAILURE || first == Event.DELIVERY;
    boolean isAtOnce = second == Event.CANCEL || second == Event.TIMEOUT;
    Event decides = !turnsBetween && isLater && isAtOnce ? second : first;
    if (!turnsBetween && isLater && !isAtOnce) {
      return; // whichever: one outcome is checked at the end
    }
    switch (decides) {
      case CANCEL -> assertThat(one.end()).isEqualTo(Kind.LOCAL);
      case TIMEOUT -> assertThat(one.end()).isEqualTo(Kind.LEASE_TIMEOUT);
      case FAILURE -> assertThat(one.end()).isEqualTo(Kind.NOT_RESOLVED);
      case DELIVERY -> one.open();
    }
  }

  private static void settle(PoolFixture all, Holder has, Holder one, Holder next)
      throws Exception {
    all.until(() -> {
      has.lease.release();
      one.lease.release();
      return next.heard.connection.isDone() || next.heard.cause.isDone();
    });
    for (Holder holder : List.of(has, one, next)) {
      holder.lease.release();
      holder.heard.ended();
      assertThat(holder.heard.closed).hasValue(1);
      assertThat(holder.heard.faults).isEmpty();
    }
    all.until(() -> all.pool.metrics().waiting() == 0 && all.pool.metrics().leased() == 0);
    all.loops.run(() -> {
      PoolFixture.check(all.part());
      return true;
    });
    // All places are there: two can have one at the same time.
    var target = InetSocketAddress.createUnresolved("pool.test", all.target().getPort());
    Holder a = all.ask(target);
    Holder b = all.ask(target);
    assertThat(a.open()).isNotSameAs(b.open());
  }
}
