package mill.natives.platform;

import java.util.Arrays;

/**
 * What goes with a message beside its bytes ({@code cmsg(3)}), and what the system says about it:
 * whether it was cut off, descriptors that are passed to another process, the size of segments, an
 * error from the error queue.
 *
 * <p>Reusable, so that nothing is made for each message: every receive begins with an empty one.
 * Descriptors that were received and not {@linkplain #takeDescriptor() taken} are closed by the
 * next receive, by {@link #clear()} and by {@link #close()}. Not thread-safe.
 *
 * <pre>{@code
 * try (var control = new ControlData(stream.platform())) {
 *   int read = stream.receiveMessage(buffer, 0, buffer.byteSize(), control);
 *   for (int fd = control.takeDescriptor(); fd >= 0; fd = control.takeDescriptor()) {
 *     sockets.add(TcpStream.own(fd));
 *   }
 * }
 * }</pre>
 */
public final class ControlData implements AutoCloseable {
  /** How many descriptors one message passes at most, as on Linux ({@code SCM_MAX_FD}). */
  public static final int MAX_DESCRIPTORS = 253;

  private static final int[] NONE = {};
  private static final int FEW = 8;

  private final Platform platform;

  private int[] passed = NONE;
  private int passedCount;
  private int[] received = NONE;
  private int receivedCount;
  private int takenCount;
  private int segmentBytes;
  private boolean truncated;
  private boolean controlTruncated;
  private int errorNumber;
  private int errorOrigin;
  private int errorType;
  private int errorCode;
  private int errorInfo;
  private int errorData;

  /**
   * Makes an empty one.
   *
   * @param platform that of the sockets it is used with
   */
  public ControlData(Platform platform) {
    this.platform = platform;
  }

  /** {@return the platform of the sockets that this is used with} */
  public Platform platform() {
    return platform;
  }

  /**
   * Has the next message pass a descriptor ({@code SCM_RIGHTS}): the receiver gets one of its own
   * for the same open file. A message of a stream needs a byte at least to go with.
   *
   * @param fd open until the message is sent; stays the caller's
   * @throws IllegalArgumentException if {@code fd} is negative
   * @throws IllegalStateException if there are {@value #MAX_DESCRIPTORS} already
   */
  public void passDescriptor(int fd) {
    if (fd < 0) {
      throw new IllegalArgumentException("not a descriptor: " + fd);
    }
    if (passedCount == MAX_DESCRIPTORS) {
      throw new IllegalStateException("a message passes at most 253 descriptors");
    }
    passed = withRoom(passed, passedCount);
    passed[passedCount++] = fd;
  }

  /** {@return how many descriptors the next message passes} */
  public int passedCount() {
    return passedCount;
  }

  /**
   * {@return a descriptor that the next message passes}
   *
   * @param index from 0 to {@link #passedCount()} - 1
   */
  public int passedDescriptor(int index) {
    if (index >= passedCount) {
      throw new IndexOutOfBoundsException("descriptor " + index + " of " + passedCount);
    }
    return passed[index];
  }

  /** {@return how many descriptors were received and not taken} */
  public int descriptorCount() {
    return receivedCount - takenCount;
  }

  /**
   * {@return a descriptor that came and was not taken; it stays this one's}
   *
   * @param index from 0 to {@link #descriptorCount()} - 1
   */
  public int descriptor(int index) {
    if (index >= descriptorCount()) {
      throw new IndexOutOfBoundsException("descriptor " + index + " of " + descriptorCount());
    }
    return received[takenCount + index];
  }

  /**
   * {@return the next descriptor that came with the message, or -1 if there is none} It is the
   * caller's from now on, not inherited by child processes, and usually handed to {@code own} of
   * what it is.
   */
  public int takeDescriptor() {
    return takenCount == receivedCount ? -1 : received[takenCount++];
  }

  /**
   * Has the next message sent as datagrams of this size ({@code UDP_SEGMENT}); the last may be
   * shorter. Linux.
   *
   * @param bytes 0 for one datagram, at most 65,535
   * @throws IllegalArgumentException if it is outside that
   */
  public void setSegmentBytes(int bytes) {
    segmentBytes = DatagramBatch.checkedSegment(bytes);
  }

  /**
   * {@return the size of the datagrams that were received as one message ({@code UDP_GRO}), the
   * last of which may be shorter, or that the next is sent as; 0 for a message that is one
   * datagram}
   */
  public int segmentBytes() {
    return segmentBytes;
  }

  /** {@return whether the message was longer than the buffer: the rest of it is lost} */
  public boolean isTruncated() {
    return truncated;
  }

  /** {@return whether there was no room for all control data: the system has closed the rest} */
  public boolean isControlTruncated() {
    return controlTruncated;
  }

  /** {@return the errno of an error from the error queue ({@code ee_errno}), 0 for none} */
  public int errorNumber() {
    return errorNumber;
  }

  /** {@return where the error comes from ({@code ee_origin}): 1 here, 2 ICMP, 3 ICMPv6} */
  public int errorOrigin() {
    return errorOrigin;
  }

  /** {@return the ICMP type of the error ({@code ee_type})} */
  public int errorType() {
    return errorType;
  }

  /** {@return the ICMP code of the error ({@code ee_code})} */
  public int errorCode() {
    return errorCode;
  }

  /** {@return more about the error ({@code ee_info}): the MTU that was found, for EMSGSIZE} */
  public int errorInfo() {
    return errorInfo;
  }

  /** {@return more about the error ({@code ee_data})} */
  public int errorData() {
    return errorData;
  }

  /** {@return whether a message with this needs no control data} */
  public boolean isPlain() {
    return passedCount == 0 && segmentBytes == 0;
  }

  /** Forgets what is to be passed and what was told, and closes what was received and not taken. */
  public void clear() {
    passedCount = 0;
    segmentBytes = 0;
    truncated = false;
    controlTruncated = false;
    setError(0, 0, 0, 0);
    setErrorDetails(0, 0);
    while (takenCount < receivedCount) {
      platform.sockets().close(received[takenCount++]);
    }
    receivedCount = 0;
    takenCount = 0;
  }

  /** Closes what was received and not taken. May be used again. */
  @Override
  public void close() {
    clear();
  }

  /**
   * Notes that a descriptor has come. For platforms.
   *
   * @param fd the descriptor, not inherited by child processes
   */
  public void addDescriptor(int fd) {
    received = withRoom(received, receivedCount);
    received[receivedCount++] = fd;
  }

  /**
   * Notes whether something was cut off. For platforms.
   *
   * @param message whether the message was
   * @param control whether its control data was
   */
  public void setTruncated(boolean message, boolean control) {
    truncated = message;
    controlTruncated = control;
  }

  /**
   * Notes an error of the error queue. For platforms.
   *
   * @param number its errno
   * @param origin where it comes from
   * @param type its ICMP type
   * @param code its ICMP code
   */
  public void setError(int number, int origin, int type, int code) {
    errorNumber = number;
    errorOrigin = origin;
    errorType = type;
    errorCode = code;
  }

  /**
   * Notes more about an error. For platforms.
   *
   * @param info {@code ee_info}
   * @param data {@code ee_data}
   */
  public void setErrorDetails(int info, int data) {
    errorInfo = info;
    errorData = data;
  }

  /** {@return what is to be sent with the next message, for messages about it} */
  @Override
  public String toString() {
    return passedCount + " descriptors, segments of " + segmentBytes + " bytes";
  }

  private static int[] withRoom(int[] list, int count) {
    return count < list.length ? list : Arrays.copyOf(list, Math.max(FEW, 2 * count));
  }
}
