package mill.sim.kernel;

import java.io.IOException;
import mill.natives.platform.AddressCodec;
import mill.natives.platform.Errnos;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.PollerBackend;
import mill.natives.platform.Sockets;
import mill.natives.platform.Threads;
import mill.sim.fault.FaultKind;
import mill.sim.schedule.SimProcess;
import mill.sim.schedule.SimThreads;
import mill.sim.schedule.World;
import org.jspecify.annotations.Nullable;

/**
 * What a process on a simulated host runs on: its descriptors, and the calls it makes. For the
 * threads of the simulation alone; others are refused with a message that says so.
 */
final class SimPlatform implements Platform {
  private final Host host;
  private final SimProcess process;
  private final World world;
  private final Descriptors files = new Descriptors();
  private final SimSockets sockets;
  private final SimThreads threads;
  private boolean dead;

  /** Makes the platform of a process, which has nothing open. */
  SimPlatform(Host host, SimProcess process) {
    this.host = host;
    this.process = process;
    world = host.world();
    threads = new SimThreads(world, process);
    sockets = new SimSockets(this);
    host.add(this);
  }

  @Override
  public String name() {
    return "simulated on host " + host.name();
  }

  @Override
  public Errnos errnos() {
    return SimErrnos.TABLE;
  }

  @Override
  public PollerBackend openPoller() throws IOException {
    world.requireCurrent();
    int failure = failure(Call.EPOLL_CREATE);
    if (failure == 0 && !hasRoom(SimPoller.DESCRIPTORS)) {
      failure = -SimErrnos.EMFILE;
    }
    if (failure < 0) {
      throw SimErrnos.TABLE.exception("epoll_create1", done(Call.EPOLL_CREATE, -1, failure));
    }
    var poller = new SimPoller(this);
    done(Call.EPOLL_CREATE, -1, files.open());
    return poller;
  }

  @Override
  public Sockets sockets() {
    return sockets;
  }

  @Override
  public AddressCodec addresses() {
    return SimAddresses.INSTANCE;
  }

  @Override
  public @Nullable OptionCode option(String name) {
    return SimOption.code(name);
  }

  @Override
  public long nanoTime() {
    world.requireCurrent();
    return host.clock().read(world.nowNs());
  }

  @Override
  public Threads threads() {
    return threads;
  }

  @Override
  public boolean balancesListeners() {
    return host.balancesListeners();
  }

  @Override
  public int pinCurrentThread(int cpu) {
    world.requireCurrent();
    return cpu >= 0 && cpu < process.processors() ? 0 : -SimErrnos.EINVAL;
  }

  /**
   * {@return how many descriptors are open, those of pollers too, and without the standard three}
   */
  int openDescriptors() {
    return files.open();
  }

  /** The process is dead: the kernel closes what it had open, and its peers hear of it. */
  void close() {
    for (int fd = 0; fd <= files.highest(); fd++) {
      SimFile file = files.remove(fd);
      if (file != null) {
        file.drop();
      }
    }
    vanish();
    host.remove(this);
  }

  /** The machine has lost its power: all is gone, without a word. */
  void vanish() {
    dead = true;
    files.limit(0);
    for (int fd = 0; fd <= files.highest(); fd++) {
      files.remove(fd);
    }
  }

  boolean isDead() {
    return dead;
  }

  // ---- what each call begins and ends with

  Host host() {
    return host;
  }

  SimProcess process() {
    return process;
  }

  World world() {
    return world;
  }

  Descriptors files() {
    return files;
  }

  /** Begins a call that lets nobody else run; the file, or null if the number is not open. */
  @Nullable SimFile enter(int fd) {
    world.requireCurrent();
    return files.get(fd);
  }

  /** Begins a call before which others may run. */
  @Nullable SimFile handOver(int fd) {
    world.handOver();
    return files.get(fd);
  }

  boolean hasRoom(int descriptors) {
    boolean room = files.hasRoom(descriptors);
    if (!room && !dead) {
      host.faults().happened(FaultKind.DESCRIPTORS_EXHAUSTED);
    }
    return room;
  }

  /** {@return what a call fails with because it is told to, {@code -errno}; 0 if it is not} */
  int failure(Call call) {
    int errno = host.faults().failure(host.index(), call);
    if (errno != 0) {
      host.faults().happened(FaultKind.CALL_FAILED);
    }
    return -errno;
  }

  int done(Call call, int fd, long result) {
    world.trace(call.text(), fd, result);
    return (int) result;
  }

  /** {@return the platform's name} */
  @Override
  public String toString() {
    return name();
  }
}
