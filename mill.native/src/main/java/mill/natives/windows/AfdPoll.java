package mill.natives.windows;

import java.lang.foreign.MemorySegment;
import mill.natives.Interest;
import mill.natives.Trigger;
import mill.natives.gen.windows.AFD_POLL_HANDLE_INFO;
import mill.natives.gen.windows.AFD_POLL_INFO;
import mill.natives.gen.windows.IO_STATUS_BLOCK;
import mill.natives.gen.windows.Windows;
import mill.natives.platform.DescriptorKind;

/**
 * One socket's poll operation, with the memory that the kernel writes to while it is under way.
 *
 * <pre>
 *                 update(): submitted                completed(): its packet
 *       ┌▶ IDLE ─────────────────────▶ PENDING ───────────────────────────────▶ IDLE
 *       │   │                             │                                       ▲
 *       │   │                             │ update() asks for more, or delete()   │
 *       │   │                             ▼                                       │
 *       │   │                         CANCELLED ──────────────────────────────────┘
 *       │   │                                    completed(): its packet
 *       │   │ delete(), or completed() when delete-pending
 *       │   ▼
 *       └─ FREE   the only state in which the record may be given to another socket
 *     assign()
 * </pre>
 *
 * <p>Cancelling only asks. Until the packet of an operation has been taken out of the port, the
 * kernel may write to the record, so a record that is deleted meanwhile is delete-pending: its
 * socket is gone, and it becomes free with its packet, which reports nothing. This holds for an
 * operation that {@code STATUS_NOT_FOUND} says has ended too: its packet is in the port.
 *
 * <p>A poll operation reports once and is level-triggered by nature: submitted while the socket is
 * ready, it ends at once. Re-submitting it after each packet is {@link Trigger#LEVEL}; the other
 * two hold bits back, see {@link #wanted()}.
 *
 * <p>Guarded by the poller's lock.
 */
final class AfdPoll {
  /** Where an operation is. */
  enum State {
    FREE,
    IDLE,
    PENDING,
    CANCELLED
  }

  /** The size of a record's memory in bytes. */
  static final long SIZE_BYTES = IO_STATUS_BLOCK.sizeof() + AFD_POLL_INFO.sizeof();

  private static final int CANCELLED_BY_REQUEST = Windows.STATUS_CANCELLED();

  // What submitting leaves in the record. A packet that finds it there has brought no answer: seen
  // under Wine when the thread that submitted was ending. What was asked is all the record holds.
  private static final int UNANSWERED = Windows.STATUS_PENDING();

  // The two highest bits of an NTSTATUS: 3 is an error, and then no operation was begun.
  private static final int SEVERITY_SHIFT = 30;
  private static final int SEVERITY_ERROR = 3;

  private static final int EVERYTHING = -1;

  private final int slot;
  private final MemorySegment device;
  private final MemorySegment statusBlock;
  private final MemorySegment info;
  private final MemorySegment handleInfo;
  private final MemorySegment context;

  private State state = State.FREE;
  private boolean deletePending;
  private DescriptorKind kind = DescriptorKind.OTHER;
  private long token;
  private Trigger trigger = Trigger.LEVEL;
  private int interest;
  private int armed;
  // Bits of the interest that have been reported and wait to be asked for anew.
  private int spent;

  /** Whether it is in the poller's queue of operations to update. */
  boolean queued;

  /**
   * Makes a free record.
   *
   * @param slot comes back with the packet, as the context {@code slot + 1}: 0 would mean none
   * @param memory {@link #SIZE_BYTES} bytes
   */
  AfdPoll(int slot, MemorySegment device, MemorySegment memory) {
    this.slot = slot;
    this.device = device;
    statusBlock = memory.asSlice(0, IO_STATUS_BLOCK.sizeof());
    info = memory.asSlice(IO_STATUS_BLOCK.sizeof(), AFD_POLL_INFO.sizeof());
    handleInfo = AFD_POLL_INFO.Handles(info, 0);
    context = MemorySegment.ofAddress(slot + 1L);
  }

  int slot() {
    return slot;
  }

  State state() {
    return state;
  }

  boolean isDeletePending() {
    return deletePending;
  }

  long token() {
    return token;
  }

  /** Gives a free record to a socket. */
  void assign(long baseSocket, DescriptorKind kind) {
    require(state == State.FREE);
    state = State.IDLE;
    this.kind = kind;
    AFD_POLL_HANDLE_INFO.Handle(handleInfo, MemorySegment.ofAddress(baseSocket));
  }

  /** Says what to report from now on. Takes effect with the next {@link #update}. */
  void ask(long token, Interest interest, Trigger trigger) {
    this.token = token;
    this.trigger = trigger;
    this.interest = IocpEvents.mask(interest);
    spent = 0;
  }

  /** Lets an edge be reported again, after a read or a write that would have had to wait. */
  void rearm(int events) {
    if (trigger == Trigger.EDGE) {
      spent &= ~events;
    }
  }

  /**
   * The bits that wait to be reported: all that were asked for, less those that were reported and
   * not asked for again. LEVEL spends none; EDGE those that it reports, until {@link #rearm};
   * ONESHOT all of them, until {@link #ask}.
   */
  int wanted() {
    return interest & ~spent;
  }

  /**
   * Brings the kernel in line with {@link #wanted()}. An operation that waits for more than that is
   * left alone: what it reports beyond is filtered out.
   *
   * @return 0, or the {@code NTSTATUS} of the failure; the socket cannot be polled then
   */
  int update(IocpCalls calls) {
    int wanted = wanted();
    return switch (state) {
      case IDLE -> wanted == 0 ? 0 : submit(calls, wanted);
      case PENDING -> (wanted & ~armed) == 0 ? 0 : cancel(calls);
      case CANCELLED -> 0; // its packet will bring it here again
      case FREE -> throw unexpected();
    };
  }

  /**
   * Takes the record away from its socket.
   *
   * @return true if it is free now, false if it will be when its packet has come
   */
  boolean delete(IocpCalls calls) {
    require(state != State.FREE && !deletePending);
    if (state == State.IDLE) {
      state = State.FREE;
      return true;
    }
    deletePending = true;
    if (state == State.PENDING) {
      cancel(calls);
    }
    return false;
  }

  /**
   * Takes note of the operation's packet.
   *
   * @return the readiness to report, 0 for none
   */
  int completed() {
    require(state == State.PENDING || state == State.CANCELLED);
    armed = 0;
    if (deletePending) {
      deletePending = false;
      state = State.FREE;
      return 0;
    }
    state = State.IDLE;
    int status = IO_STATUS_BLOCK.Status(statusBlock);
    if (status == CANCELLED_BY_REQUEST || status == UNANSWERED) {
      return 0; // and asked anew, as far as it is still wanted
    }
    if (status < 0) {
      return dead();
    }
    int events =
        AFD_POLL_INFO.NumberOfHandles(info) < 1 ? 0 : AFD_POLL_HANDLE_INFO.Events(handleInfo);
    if ((events & IocpEvents.LOCAL_CLOSE) != 0) {
      spent = EVERYTHING;
      return 0;
    }
    return report(events & wanted());
  }

  /** Gives up polling until it is asked anew, and says what to report. */
  int dead() {
    spent = EVERYTHING;
    return IocpEvents.DEAD;
  }

  private int report(int events) {
    if (events != 0) {
      spent |=
          switch (trigger) {
            case LEVEL -> 0;
            case EDGE -> events;
            case ONESHOT -> EVERYTHING;
          };
    }
    return IocpEvents.readiness(kind, events);
  }

  private int submit(IocpCalls calls, int events) {
    AFD_POLL_INFO.Timeout(info, Long.MAX_VALUE);
    AFD_POLL_INFO.NumberOfHandles(info, 1);
    AFD_POLL_INFO.Exclusive(info, 0);
    // LOCAL_CLOSE comes unasked on some systems; asked for, it comes on all of them.
    AFD_POLL_HANDLE_INFO.Events(handleInfo, events | IocpEvents.LOCAL_CLOSE);
    AFD_POLL_HANDLE_INFO.Status(handleInfo, 0);
    IO_STATUS_BLOCK.Status(statusBlock, UNANSWERED);
    int status = calls.poll(device, statusBlock, info, context);
    if (status >>> SEVERITY_SHIFT == SEVERITY_ERROR) {
      return status;
    }
    // STATUS_SUCCESS too: the socket was ready, and the packet that says so is in the port.
    state = State.PENDING;
    armed = events;
    return 0;
  }

  private int cancel(IocpCalls calls) {
    // Whatever this returns, the packet comes, and until then the record is the kernel's.
    calls.cancel(device, statusBlock);
    state = State.CANCELLED;
    return 0;
  }

  private void require(boolean expected) {
    if (!expected) {
      throw unexpected();
    }
  }

  private IllegalStateException unexpected() {
    return new IllegalStateException("a poll operation is in an impossible state: " + this);
  }

  @Override
  public String toString() {
    return "AfdPoll[slot " + slot + ", " + state + (deletePending ? ", delete-pending]" : "]");
  }
}
