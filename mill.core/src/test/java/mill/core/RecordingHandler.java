package mill.core;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import mill.natives.Readiness;
import mill.testing.Await;

/** Does what it is told when something is ready, and keeps what it hears of errors. */
final class RecordingHandler implements EventHandler {
  private final EventHandler delegate;
  private final List<Throwable> errors = new CopyOnWriteArrayList<>();
  private final CountDownLatch heard = new CountDownLatch(1);

  RecordingHandler(EventHandler delegate) {
    this.delegate = delegate;
  }

  @Override
  public void onReady(Registration registration, Readiness readiness) throws Exception {
    delegate.onReady(registration, readiness);
  }

  @Override
  public void onError(Registration registration, Throwable error) {
    errors.add(error);
    heard.countDown();
  }

  List<Throwable> errors() {
    return errors;
  }

  Throwable awaitError() {
    Await.await(heard);
    return errors.getFirst();
  }
}
