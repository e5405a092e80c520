package mill.sim.kernel;

import java.lang.foreign.MemorySegment;
import mill.natives.platform.NativeAddress;
import mill.sim.fault.FaultKind;
import mill.sim.schedule.SplitMix64;
import org.jspecify.annotations.Nullable;

/**
 * The transfers of a process, and what may go wrong with each: it moves less, or says {@code
 * EAGAIN} or {@code EINTR}.
 *
 * <p>Who was told that nothing more can be moved, though it could, hears soon that it can: as if
 * the rest had only then arrived. An edge is never lost, for no kernel loses one. {@code EINTR}
 * says nothing of what can be moved, and no edge follows it: who does not ask again has lost one.
 */
final class SpoiledTransfers {
  /**
   * How often calls on a file are interrupted without a pause: less than anybody gives up after.
   */
  private static final int MAX_INTERRUPTIONS = 8;

  private static final long MIN_AGAIN_NS = 1_000;
  private static final int AGAIN_RANGE_NS = 200_000;

  private final SimPlatform platform;
  private final FaultSource faults;
  private final int host;
  private final SplitMix64 random;
  private final Transfer transfer = new Transfer();

  SpoiledTransfers(SimPlatform platform) {
    this.platform = platform;
    faults = platform.host().faults();
    host = platform.host().index();
    random = platform.host().world().random("faults");
  }

  long receive(
      Call call,
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress from) {
    SimFile file = platform.handOver(fd);
    int refusal = refusal(call, file);
    long result =
        file == null || refusal < 0
            ? refusal
            : move(call, file, transfer.of(buffer, offset, length), from, true);
    return platform.done(call, fd, result);
  }

  long send(
      Call call,
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress to) {
    SimFile file = platform.handOver(fd);
    int refusal = refusal(call, file);
    long result =
        file == null || refusal < 0
            ? refusal
            : move(call, file, transfer.of(buffer, offset, length), to, false);
    return platform.done(call, fd, result);
  }

  long readv(
      int fd,
      MemorySegment[] buffers,
      long @Nullable [] offsets,
      long @Nullable [] lengths,
      int from,
      int count) {
    SimFile file = platform.handOver(fd);
    long result =
        file == null
            ? -SimErrnos.EBADF
            : move(
                Call.READV, file, transfer.of(buffers, offsets, lengths, from, count), null, true);
    return platform.done(Call.READV, fd, result);
  }

  long writev(
      int fd,
      MemorySegment[] buffers,
      long @Nullable [] offsets,
      long @Nullable [] lengths,
      int from,
      int count) {
    SimFile file = platform.handOver(fd);
    int refusal = refusal(Call.SENDMSG, file);
    long result =
        file == null || refusal < 0
            ? refusal
            : move(
                Call.SENDMSG,
                file,
                transfer.of(buffers, offsets, lengths, from, count),
                null,
                false);
    return platform.done(Call.SENDMSG, fd, result);
  }

  private static int refusal(Call call, @Nullable SimFile file) {
    if (file == null) {
      return -SimErrnos.EBADF;
    }
    boolean any = call == Call.READ || call == Call.WRITE;
    return any || file instanceof SimSocket ? 0 : -SimErrnos.ENOTSOCK;
  }

  private int move(
      Call call, SimFile file, Transfer moving, @Nullable NativeAddress peer, boolean reads) {
    int spoiled = spoil(call, file, reads ? Ready.IN : Ready.OUT);
    if (spoiled < 0) {
      return spoiled;
    }
    long limit = limit(call, file, moving);
    int moved = reads ? read(file, moving, peer) : write(file, moving, peer);
    if (moved == limit && (!reads || (file.ready() & Ready.IN) != 0)) {
      faults.happened(reads ? FaultKind.SHORT_READ : FaultKind.SHORT_WRITE);
      tellAgain(file);
    }
    return moved;
  }

  private static int read(SimFile file, Transfer into, @Nullable NativeAddress from) {
    return from != null && file instanceof SimSocket socket
        ? socket.receiveFrom(into, from)
        : file.read(into);
  }

  private static int write(SimFile file, Transfer from, @Nullable NativeAddress to) {
    return to != null && file instanceof SimSocket socket
        ? socket.sendTo(from, to)
        : file.write(from);
  }

  /** Cuts a transfer short; how short, or -1 if it is not. */
  private long limit(Call call, SimFile file, Transfer moving) {
    long wanted = moving.left();
    if (wanted < 2 || !file.isStream()) {
      return -1;
    }
    long allowed = Math.clamp(faults.transferLength(host, call, wanted), 1, wanted);
    moving.limit(allowed);
    return allowed < wanted ? allowed : -1;
  }

  /** {@return what a call says instead of being done, {@code -errno}; 0 if it is done} */
  int spoil(Call call, SimFile file, int wanted) {
    if (call != Call.ACCEPT) { // which has been asked already
      int failure = platform.failure(call);
      if (failure < 0) {
        return failure;
      }
    }
    if (file.interruptions < MAX_INTERRUPTIONS && faults.interrupted(host, call)) {
      file.interruptions++;
      faults.happened(FaultKind.INTERRUPTED);
      return -SimErrnos.EINTR;
    }
    file.interruptions = 0;
    if ((file.ready() & wanted) != 0 && faults.wouldBlock(host, call)) {
      faults.happened(FaultKind.WOULD_BLOCK);
      tellAgain(file);
      return -SimErrnos.EAGAIN;
    }
    return 0;
  }

  /** Tells the pollers a little later what is ready by then. */
  void tellAgain(SimFile file) {
    var world = platform.world();
    long atNs = world.nowNs() + MIN_AGAIN_NS + random.nextInt(AGAIN_RANGE_NS);
    world.at(atNs, () -> file.signal(Ready.IN | Ready.OUT));
  }
}
