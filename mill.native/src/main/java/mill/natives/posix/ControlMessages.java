package mill.natives.posix;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mill.natives.platform.ControlData;

/**
 * Where a system has its control messages: what the macros of {@code cmsg(3)} compute.
 *
 * <p>A message is a header, {@code {length, int level, int type}}, and its data; both are padded.
 *
 * @param lengthBytes the size of the header's length: 8 on Linux, 4 on the BSDs
 * @param alignment to what data and the next message are aligned, in bytes
 */
public record ControlMessages(int lengthBytes, int alignment) {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  /** {@return the size of a header in bytes, without its padding ({@code sizeof(cmsghdr)})} */
  public int headerBytes() {
    return lengthBytes + 2 * Integer.BYTES;
  }

  /**
   * {@return where the data of a message is ({@code CMSG_DATA})}
   *
   * @param message where the message is
   */
  public long data(long message) {
    return message + aligned(headerBytes());
  }

  /**
   * {@return how much room a message takes ({@code CMSG_SPACE})}
   *
   * @param dataBytes the size of its data
   */
  public long space(long dataBytes) {
    return aligned(headerBytes()) + aligned(dataBytes);
  }

  /**
   * Writes a header.
   *
   * @param into the control data
   * @param message where in it the message begins
   * @param level whose message it is
   * @param type which one
   * @param dataBytes the size of its data
   */
  public void writeHeader(MemorySegment into, long message, int level, int type, long dataBytes) {
    long length = aligned(headerBytes()) + dataBytes;
    if (lengthBytes == Long.BYTES) {
      into.set(LONG, message, length);
    } else {
      into.set(INT, message, (int) length);
    }
    into.set(INT, message + lengthBytes, level);
    into.set(INT, message + lengthBytes + Integer.BYTES, type);
  }

  /**
   * {@return how many bytes of data a message has; negative if it is none}
   *
   * @param from the control data
   * @param message where in it the message begins
   */
  public long dataBytes(MemorySegment from, long message) {
    long length =
        lengthBytes == Long.BYTES
            ? from.get(LONG, message)
            : Integer.toUnsignedLong(from.get(INT, message));
    return length - aligned(headerBytes());
  }

  /**
   * {@return whose message it is}
   *
   * @param from the control data
   * @param message where in it the message begins
   */
  public int level(MemorySegment from, long message) {
    return from.get(INT, message + lengthBytes);
  }

  /**
   * {@return which message it is}
   *
   * @param from the control data
   * @param message where in it the message begins
   */
  public int type(MemorySegment from, long message) {
    return from.get(INT, message + lengthBytes + Integer.BYTES);
  }

  /**
   * Writes the message that passes descriptors.
   *
   * @param into the control data
   * @param message where in it the message begins
   * @param level {@code SOL_SOCKET}
   * @param type {@code SCM_RIGHTS}
   * @param control has the descriptors, one at least
   * @return how much room the message takes
   */
  public long writeDescriptors(
      MemorySegment into, long message, int level, int type, ControlData control) {
    int count = control.passedCount();
    long bytes = (long) count * Integer.BYTES;
    writeHeader(into, message, level, type, bytes);
    long data = data(message);
    for (int i = 0; i < count; i++) {
      into.set(INT, data + (long) i * Integer.BYTES, control.passedDescriptor(i));
    }
    return space(bytes);
  }

  /**
   * Reads the descriptors that a message passes.
   *
   * @param from the control data
   * @param message where in it the message begins
   * @param control gets them
   */
  public void readDescriptors(MemorySegment from, long message, ControlData control) {
    long data = data(message);
    long end = data + dataBytes(from, message);
    for (long at = data; at < end; at += Integer.BYTES) {
      control.addDescriptor(from.get(INT, at));
    }
  }

  private long aligned(long bytes) {
    return (bytes + alignment - 1) & -alignment;
  }
}
