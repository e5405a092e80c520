package mill.bench.jmh;

import org.openjdk.jmh.annotations.Threads;

/** {@link RateAcquire} with two threads that share one limiter. Needs two free processors. */
@Threads(2)
public class RateAcquireShared extends RateAcquire {}
