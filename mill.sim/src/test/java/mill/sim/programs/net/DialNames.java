package mill.sim.programs.net;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import mill.core.EventLoop;
import mill.core.net.NameResolver;
import mill.sim.SimHost;
import mill.sim.Simulation;

/**
 * A resolver that answers each name as was planned: at once, late on one thread or another, or
 * never; with addresses, none, or what went wrong. It takes so many questions at a time, and no
 * more.
 */
final class DialNames implements NameResolver {
  private static final long LATEST_NS = 400_000_000;

  private enum Answer {
    ADDRESSES,
    NONE,
    ERROR,
    NO_LIST,
    GIVES_UP,
    THROWS,
    NO_FUTURE
  }

  private enum When {
    AT_ONCE,
    ON_A_THREAD,
    ON_THE_LOOP,
    NEVER
  }

  private final Ledger ledger;
  private final Simulation sim;
  private final SimHost host;
  private final int places;
  private final Map<String, Question> questions = new HashMap<>();
  private int open;

  DialNames(Ledger ledger, SimHost host) {
    this.ledger = ledger;
    this.host = host;
    sim = ledger.sim;
    places = sim.chance(0.3) ? (int) sim.between(1, 4) : 1_000;
  }

  /** A name, and what becomes of the question for it. */
  final class Question {
    final String name = "name" + questions.size() + ".test";
    final List<InetAddress> addresses;
    private final EventLoop loop;
    private final Answer answer;
    private final When when;
    private final boolean isStubborn = sim.chance(0.1);
    private boolean asked;
    private boolean refused; // for want of a place
    private CompletableFuture<List<InetAddress>> future;

    /** When the answer was given, if one was. */
    Duration answeredAt;

    private Question(EventLoop loop, List<InetAddress> addresses) {
      this.loop = loop;
      this.addresses = addresses;
      boolean isGood = sim.chance(0.8);
      answer = isGood ? Answer.ADDRESSES : any(Answer.values());
      when = sim.chance(0.1) ? When.NEVER : any(When.values());
    }

    private <T> T any(T[] of) {
      return of[(int) sim.between(0, of.length)];
    }

    /** Whether an answer was given, and it was no address. */
    boolean isWithoutAddress() {
      return answeredAt != null && (refused || answer != Answer.ADDRESSES);
    }

    boolean hasAddresses() {
      return answeredAt != null && !isWithoutAddress();
    }

    /** Nobody waits for the answer any more. */
    void requireOver() {
      if (future != null && !isStubborn && !future.isDone()) {
        ledger.fail("nobody waits for it, and it was not cancelled: " + name);
      }
    }

    private CompletableFuture<List<InetAddress>> ask() {
      if (asked || !loop.isLoopThread()) {
        ledger.fail("asked again, or on another thread than the loop's: " + name);
      }
      asked = true;
      if (open >= places) {
        return refuse();
      }
      if (answer == Answer.THROWS || answer == Answer.NO_FUTURE) {
        answeredAt = sim.now();
        if (answer == Answer.THROWS) {
          throw new IllegalStateException("on purpose");
        }
        return null;
      }
      open++;
      future = isStubborn ? new Stubborn() : new CompletableFuture<>();
      var _ = future.whenComplete((found, thrown) -> open--);
      switch (when) {
        case AT_ONCE -> answer();
        case ON_A_THREAD -> host.executor().execute(this::answerLate);
        case ON_THE_LOOP -> ledger.later(loop, LATEST_NS, this::answer);
        case NEVER -> sim.sometimes("no answer");
      }
      return future;
    }

    private CompletableFuture<List<InetAddress>> refuse() {
      answeredAt = sim.now();
      refused = true;
      sim.sometimes("too many questions");
      return CompletableFuture.failedFuture(new RejectedExecutionException("too many questions"));
    }

    private void answerLate() {
      Visitor.park(Duration.ofNanos(sim.between(0, LATEST_NS)));
      answer();
    }

    private void answer() {
      if (future.isDone()) {
        sim.sometimes("a question was cancelled");
        return;
      }
      answeredAt = sim.now();
      switch (answer) {
        case ADDRESSES -> future.complete(addresses);
        case NONE -> future.complete(List.of());
        case NO_LIST -> future.complete(Arrays.asList(addresses.getFirst(), null));
        case GIVES_UP -> future.completeExceptionally(new CancellationException("on purpose"));
        default -> future.completeExceptionally(new IOException("on purpose"));
      }
    }

    @Override
    public String toString() {
      return "%s: %s %s, answered at %s%s, %s"
          .formatted(name, answer, when, answeredAt, refused ? ", refused" : "", addresses);
    }
  }

  /** One that goes on, whatever it is told. */
  private static final class Stubborn extends CompletableFuture<List<InetAddress>> {
    @Override
    public boolean cancel(boolean mayInterrupt) {
      return false;
    }
  }

  Question plan(EventLoop loop, List<InetAddress> addresses) {
    var made = new Question(loop, addresses);
    questions.put(made.name, made);
    return made;
  }

  @Override
  public CompletableFuture<List<InetAddress>> resolve(String name) {
    Question question = questions.get(name);
    if (question == null) {
      ledger.fail("is no name that was planned: " + name);
      return CompletableFuture.failedFuture(new IOException(name));
    }
    return question.ask();
  }
}
