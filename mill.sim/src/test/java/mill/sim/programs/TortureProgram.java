package mill.sim.programs;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import mill.core.AcceptHandler;
import mill.core.DispatchMode;
import mill.core.EventLoop;
import mill.core.IdleStrategy;
import mill.core.ListenerConfig;
import mill.core.LoopConfig;
import mill.natives.CurrentPlatform;
import mill.natives.Interest;
import mill.natives.Trigger;
import mill.natives.net.TcpStream;
import mill.natives.net.UdpSocket;
import mill.natives.platform.Threads;
import mill.sim.SimHost;
import mill.sim.Simulation;

/**
 * Two loops on one host, whose whole API is used at random from every thread that there is, until
 * they are ended, each in one of the ways there are, and everything that the API promises is looked
 * at.
 */
final class TortureProgram {
  private static final int LOOPS = 2;
  private static final int STEPS = 60;
  private static final int LAST_STEPS = 20;
  private static final int PORT = 7;
  private static final List<Trigger> TRIGGERS = List.of(Trigger.values());
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Simulation sim;
  private final SimHost host;
  private final IdleStrategy idle;
  private final List<EventLoop> loops = new ArrayList<>();
  private final List<Tracked> tracked = new ArrayList<>();
  private final List<TrackedTasks> tasks = new ArrayList<>();
  private final List<TrackedOffload> offloads = new ArrayList<>();
  private final List<Ending> endings = new ArrayList<>();
  private final List<TrackedTimer> timers = new ArrayList<>();
  private int sendersLeft;
  private boolean ending;

  private TortureProgram(Simulation sim, SimHost host, IdleStrategy idle) {
    this.sim = sim;
    this.host = host;
    this.idle = idle;
  }

  /** Runs it as the program of a host. */
  static void run(Simulation sim, SimHost host, IdleStrategy idle) throws Exception {
    new TortureProgram(sim, host, idle).run();
  }

  private static Threads threads() {
    return CurrentPlatform.threads();
  }

  private void run() throws Exception {
    for (int i = 0; i < LOOPS; i++) {
      loops.add(EventLoop.open(config(i)));
      tasks.add(new TrackedTasks(sim, loops.get(i)));
    }
    var running = new ArrayList<Thread>();
    for (EventLoop loop : loops) {
      Thread thread = threads().unstarted(loop.config().name(), false, () -> runLoop(loop));
      thread.start();
      running.add(thread);
    }
    listen();
    int senders = (int) sim.between(1, 5);
    sendersLeft = senders; // the first may be done before the last has begun
    for (int i = 0; i < senders; i++) {
      connect(loops.get(i % LOOPS), (int) sim.between(1, 5_000));
    }
    for (EventLoop loop : loops) {
      if (loop.config().dispatch() == DispatchMode.WORKERS && sim.chance(0.5)) {
        holdAWorker(loop);
      }
    }
    for (int i = 0; i < STEPS; i++) {
      anything();
      pause(sim.between(0, 2_000_000));
    }
    while (sendersLeft > 0) {
      pause(10_000_000);
    }
    settle();
    for (int i = sim.chance(0.5) ? 0 : LAST_STEPS; i < LAST_STEPS; i++) {
      anything();
    }
    ending = true;
    for (EventLoop loop : loops) {
      var end = new Ending(sim, host, loop);
      endings.add(end);
      end.begin();
      pause(sim.between(0, 3_000_000));
    }
    for (Thread thread : running) {
      if (!threads().join(thread, Duration.ofMinutes(5).toNanos())) {
        sim.fail(new AssertionError(thread.getName() + " does not end"));
      }
    }
    for (EventLoop loop : loops) {
      loop.close(); // what stop() alone has left
    }
    verify();
  }

  private LoopConfig config(int number) {
    boolean workers = sim.chance(0.5);
    LoopConfig.Builder builder =
        LoopConfig.builder()
            .name("loop" + number)
            .eventsPerPoll((int) sim.between(1, 9))
            .taskQueueCapacity(16 << sim.between(0, 4))
            .maxTasksPerTurn((int) sim.between(1, 20))
            .closeTimeout(Duration.ofSeconds(2))
            .idleStrategy(workers ? IdleStrategy.blocking() : idle)
            .dispatch(workers ? DispatchMode.WORKERS : DispatchMode.INLINE);
    if (sim.chance(0.3)) {
      builder.stallThreshold(Duration.ofMillis(20));
    }
    return (workers ? builder.workers((int) sim.between(1, 4)) : builder).build();
  }

  private void runLoop(EventLoop loop) {
    try {
      loop.run();
    } catch (IOException e) {
      sim.fail(e);
    }
  }

  private static void pause(long ns) {
    if (ns > 0) {
      threads().park(TortureProgram.class, ns);
    }
  }

  // ---- connections

  // One of several workers is held up in a callback until the senders are done: the others go on.
  private void holdAWorker(EventLoop loop) {
    if (loop.config().workers() == 1) {
      return;
    }
    UdpSocket socket = null;
    try {
      socket = UdpSocket.bind(new InetSocketAddress(0));
      loop.register(
          socket,
          Interest.WRITABLE,
          (registration, readiness) -> {
            while (sendersLeft > 0) {
              pause(10_000_000);
            }
            registration.close();
          });
    } catch (IOException e) {
      sim.sometimes("no worker was held up");
      if (socket != null) {
        socket.close();
      }
    }
  }

  private Trigger anyTrigger() {
    return TRIGGERS.get((int) sim.between(0, TRIGGERS.size()));
  }

  private void listen() throws IOException {
    ListenerConfig limited =
        ListenerConfig.builder().maxConnections((int) sim.between(1, 6)).build();
    var _ = loops.getFirst().listen(new InetSocketAddress(PORT), limited, new Accepting());
  }

  private final class Accepting implements AcceptHandler {
    @Override
    public void onAccept(TcpStream stream) {
      EventLoop loop = loops.get((int) sim.between(0, LOOPS));
      var receiver = new Receiver(sim, loop, anyTrigger(), stream, () -> isEnding(loop));
      tracked.add(receiver);
      receiver.start();
    }

    @Override
    public void onFailure(SocketAddress address, Throwable error) {
      sim.fail(new AssertionError("accepting has ended", error));
    }
  }

  private void connect(EventLoop loop, int bytes) {
    try {
      var sender =
          Sender.connect(
              sim,
              loop,
              anyTrigger(),
              host.address(PORT),
              bytes,
              () -> sendersLeft--,
              () -> connectLater(loop, bytes));
      tracked.add(sender);
      sender.start();
    } catch (IOException e) {
      connectLater(loop, bytes);
    }
  }

  private void connectLater(EventLoop loop, int bytes) {
    if (!ending) {
      try {
        loop.schedule(Duration.ofMillis(10), () -> connect(loop, bytes));
      } catch (RejectedExecutionException e) {
        host.executor()
            .execute(() -> {
              pause(10_000_000);
              connect(loop, bytes);
            });
      }
    }
  }

  // ---- anything, from anywhere

  private void anything() {
    EventLoop loop = loops.get((int) sim.between(0, LOOPS));
    switch ((int) sim.between(0, 4)) {
      case 0 -> inAnotherThread(() -> one(loop));
      case 1 -> onLoop(loops.get((int) sim.between(0, LOOPS)), () -> one(loop));
      default -> one(loop);
    }
  }

  private void inAnotherThread(Runnable action) {
    host.executor().execute(action);
  }

  private void onLoop(EventLoop loop, Runnable action) {
    try {
      loop.execute(action);
    } catch (RejectedExecutionException e) {
      sim.sometimes("a task was refused");
    }
  }

  private void one(EventLoop loop) {
    try {
      one(loop, (int) sim.between(0, 13));
    } catch (IOException | IllegalStateException | RejectedExecutionException e) {
      sim.sometimes("an operation was refused: " + e.getClass().getSimpleName());
    }
  }

  private void one(EventLoop loop, int operation) throws IOException {
    Tracked any = tracked.isEmpty() ? null : tracked.get((int) sim.between(0, tracked.size()));
    switch (operation) {
      case 0 -> open(loop, Interest.READABLE);
      case 1 -> {
        for (int i = (int) sim.between(2, 4); i > 0; i--) {
          open(loop, Interest.READABLE_WRITABLE); // all of them ready at once
        }
      }
      case 12 -> {
        if (any instanceof Victim victim && any.registration != null) {
          victim.change();
        }
      }
      case 2 -> {
        if (any != null && any.registration != null && sim.chance(0.3)) {
          any.cancel();
        }
      }
      case 3 -> {
        if (any != null && any.registration != null && sim.chance(0.3)) {
          any.close();
        }
      }
      case 4 ->
          timers.add(new TrackedTimer(sim, loop, Duration.ofNanos(sim.between(0, 50_000_000))));
      case 5 -> {
        if (!timers.isEmpty()) {
          timers.get((int) sim.between(0, timers.size())).change();
        }
      }
      case 6, 7 -> tasks.get(loops.indexOf(loop)).execute((int) sim.between(1, 30));
      case 8 -> {
        if (any instanceof Receiver receiver) {
          receiver.throttle();
        }
      }
      case 9 -> {
        if (any != null && any.registration != null) {
          int count = (int) sim.between(1, 40);
          for (int i = 0; i < count && any.execute(() -> {}); i++) {
            sim.sometimes("a task of a registration");
          }
        }
      }
      default -> offloads.add(new TrackedOffload(sim, host, loop));
    }
  }

  private void open(EventLoop loop, Interest interest) throws IOException {
    if (sim.chance(0.3)) {
      var mute = new Mute(sim, loop);
      tracked.add(mute);
      mute.start();
    } else {
      open(loop, UdpSocket.bind(new InetSocketAddress(0)), interest);
    }
  }

  private void open(EventLoop loop, UdpSocket socket, Interest interest) {
    var victim =
        new Victim(
            sim,
            loop,
            socket,
            this::replace,
            left -> open(loops.get((int) sim.between(0, LOOPS)), left, interest));
    tracked.add(victim);
    victim.start(interest);
  }

  // Another takes the place of one that may have an event on its way.
  private void replace(Victim called) {
    Tracked any = tracked.get((int) sim.between(Math.max(0, tracked.size() - 8), tracked.size()));
    if (any instanceof Victim && any.loop == called.loop && any.registration != null) {
      any.registration.close();
      try {
        var mute = new Mute(sim, called.loop);
        tracked.add(mute);
        mute.start();
      } catch (IOException e) {
        sim.fail(e);
      }
    }
  }

  // ---- the end

  private boolean isEnding(EventLoop loop) {
    return endings.stream().anyMatch(end -> end.isOf(loop));
  }

  // While the loops run, what they were given is done without delay: a wake-up that is lost shows.
  private void settle() {
    Duration begun = sim.now();
    while (!isSettled()) {
      if (sim.now().minus(begun).compareTo(PATIENCE) > 0) {
        sim.fail(new AssertionError("not done after " + PATIENCE + ": " + unsettled()));
        return;
      }
      pause(10_000_000);
    }
  }

  private boolean isSettled() {
    return tasks.stream().allMatch(TrackedTasks::isDone)
        && timers.stream().allMatch(TrackedTimer::isDone)
        && offloads.stream().allMatch(TrackedOffload::isDone)
        && tracked.stream().allMatch(Tracked::isDone);
  }

  private String unsettled() {
    return "tasks of loops %s, timers %s, offloaded work %s, tasks of registrations %s"
        .formatted(
            tasks.stream().allMatch(TrackedTasks::isDone) ? "done" : "WAIT",
            timers.stream().allMatch(TrackedTimer::isDone) ? "done" : "WAIT",
            offloads.stream().allMatch(TrackedOffload::isDone) ? "done" : "WAIT",
            tracked.stream().allMatch(Tracked::isDone) ? "done" : "WAIT");
  }

  private void verify() {
    tracked.forEach(Tracked::verifyEnd);
    tasks.forEach(TrackedTasks::verifyEnd);
    timers.forEach(TrackedTimer::verifyEnd);
    offloads.forEach(TrackedOffload::verifyEnd);
    endings.forEach(Ending::verifyEnd);
    if (host.openDescriptors() != 0) {
      sim.fail(new AssertionError(host.openDescriptors() + " descriptors are open"));
    }
  }
}
