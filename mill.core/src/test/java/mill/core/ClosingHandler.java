package mill.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import mill.natives.Readiness;
import mill.testing.Await;

/**
 * Does what it is told when something is ready, and keeps what it hears, in order. Knows when it is
 * called while it is called already, or after it has heard that it is closed.
 */
class ClosingHandler implements EventHandler {
  private final EventHandler whenReady;
  private final List<String> heard = new CopyOnWriteArrayList<>();
  private final List<String> violations = new CopyOnWriteArrayList<>();
  private final CountDownLatch ready = new CountDownLatch(1);
  private final CountDownLatch closed = new CountDownLatch(1);
  private final AtomicInteger inside = new AtomicInteger();
  private volatile Thread closedOn;
  private volatile boolean loopThread;
  private volatile boolean ownThread;

  ClosingHandler(EventHandler whenReady) {
    this.whenReady = whenReady;
  }

  ClosingHandler() {
    this((registration, readiness) -> {});
  }

  @Override
  public void onReady(Registration registration, Readiness readiness) throws Exception {
    enter("onReady");
    try {
      ready.countDown();
      whenReady.onReady(registration, readiness);
    } finally {
      inside.decrementAndGet();
    }
  }

  @Override
  public void onShutdown(Registration registration) throws Exception {
    enter("onShutdown");
    try {
      EventHandler.super.onShutdown(registration);
    } finally {
      inside.decrementAndGet();
    }
  }

  @Override
  public void onError(Registration registration, Throwable error) {
    enter("onError");
    inside.decrementAndGet();
  }

  @Override
  public void onClosed(Registration registration, CloseReason reason) throws Exception {
    enter("onClosed " + reason);
    try {
      closedOn = Thread.currentThread();
      loopThread = registration.loop().isLoopThread();
      ownThread = registration.loop().isOwnThread();
      if (!registration.isCancelled()) {
        violations.add("not cancelled");
      }
      whenClosed(registration);
    } finally {
      inside.decrementAndGet();
      closed.countDown();
    }
  }

  /** What else is done when it is closed. */
  void whenClosed(Registration registration) throws Exception {}

  /** A call of a kind: for tasks that are called like the handler. */
  void task(String name) {
    enter(name);
    inside.decrementAndGet();
  }

  private void enter(String what) {
    if (inside.getAndIncrement() != 0) {
      violations.add(what + " inside another, after " + heard);
    }
    if (closed.getCount() == 0) {
      violations.add(what + " after onClosed");
    }
    if (!what.equals("onReady") || !heard.contains(what)) { // it is ready again and again
      heard.add(what);
    }
  }

  boolean isInside() {
    return inside.get() != 0;
  }

  boolean isClosed() {
    return closed.getCount() == 0;
  }

  void awaitReady() {
    Await.await(ready);
  }

  Thread closedOn() {
    return closedOn;
  }

  boolean closedOnLoopThread() {
    return loopThread;
  }

  boolean closedOnOwnThread() {
    return ownThread;
  }

  /** What was heard, each kind once; the last is that it is closed, which was heard once. */
  List<String> awaitClosed() {
    Await.await(closed);
    assertThat(violations).isEmpty();
    assertThat(heard).filteredOn(what -> what.startsWith("onClosed")).hasSize(1);
    assertThat(heard).last().asString().startsWith("onClosed");
    return heard.stream().distinct().toList();
  }

  /** That it was heard, has been heard already. */
  List<String> requireClosed() {
    assertThat(isClosed()).as("onClosed was called").isTrue();
    return awaitClosed();
  }
}
