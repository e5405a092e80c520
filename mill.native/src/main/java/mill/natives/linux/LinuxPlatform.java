package mill.natives.linux;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.ffm.CallMemory;
import mill.natives.gen.linux.Linux;
import mill.natives.platform.AddressCodec;
import mill.natives.platform.Errnos;
import mill.natives.platform.OptionCode;
import mill.natives.platform.Platform;
import mill.natives.platform.PollerBackend;
import mill.natives.platform.Sockets;
import org.jspecify.annotations.Nullable;

/** Linux: epoll, eventfd and the C library's sockets. */
public final class LinuxPlatform implements Platform {
  // A cpu_set_t of 1024 processors, the size of glibc's.
  private static final int CPU_SET_BYTES = 128;

  private final String architecture;
  private final LinuxCalls calls = new LinuxCalls();
  private final LinuxSockets sockets = new LinuxSockets(calls);
  private final LinuxAddresses addresses = new LinuxAddresses();
  private final boolean nanosecondWait;

  /**
   * Makes the platform.
   *
   * @param architecture as {@code os.arch} names it
   */
  public LinuxPlatform(String architecture) {
    this(architecture, true);
  }

  /**
   * Makes the platform, perhaps as an older system would have it.
   *
   * @param architecture as {@code os.arch} names it
   * @param nanosecondWait whether to use {@code epoll_pwait2} if the C library has it; false waits
   *     by {@code epoll_wait}, in milliseconds
   */
  public LinuxPlatform(String architecture, boolean nanosecondWait) {
    this.architecture = architecture;
    this.nanosecondWait = nanosecondWait && EpollCalls.hasPwait2();
  }

  @Override
  public String name() {
    return "epoll on Linux/" + architecture;
  }

  @Override
  public Errnos errnos() {
    return LinuxErrnos.TABLE;
  }

  @Override
  public PollerBackend openPoller() throws IOException {
    return new EpollPoller(sockets, errnos(), nanosecondWait);
  }

  @Override
  public Sockets sockets() {
    return sockets;
  }

  @Override
  public AddressCodec addresses() {
    return addresses;
  }

  @Override
  public @Nullable OptionCode option(String name) {
    return LinuxOptions.TABLE.get(name);
  }

  @Override
  public boolean balancesListeners() {
    return true;
  }

  @Override
  public int pinCurrentThread(int cpu) {
    if (cpu < 0 || cpu >= CPU_SET_BYTES * Byte.SIZE) {
      return -Linux.EINVAL();
    }
    CallMemory work = CallMemory.acquire();
    try {
      MemorySegment mask = work.scratch().asSlice(0, CPU_SET_BYTES);
      mask.fill((byte) 0);
      mask.setAtIndex(ValueLayout.JAVA_LONG, cpu / Long.SIZE, 1L << cpu % Long.SIZE);
      return calls.schedSetAffinity(0, CPU_SET_BYTES, mask);
    } finally {
      work.release();
    }
  }
}
