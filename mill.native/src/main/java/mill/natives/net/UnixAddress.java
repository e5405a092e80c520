package mill.natives.net;

import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The address of a Unix domain socket: a path, an abstract name, or none ({@code unix(7)}).
 *
 * <p>Java's own {@link java.net.UnixDomainSocketAddress} is accepted wherever this is, but cannot
 * say an abstract name. Immutable, any thread.
 */
public final class UnixAddress extends SocketAddress {
  private static final long serialVersionUID = 1L;

  private static final UnixAddress UNNAMED = new UnixAddress(new byte[0]);

  /** The name as the kernel has it. */
  private final byte[] bytes;

  private UnixAddress(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Names a socket in the file system.
   *
   * @param path where it is, taken as it is written: relative to the working directory if it is
   *     relative
   * @return the address, which has the path's bytes, be they text or not
   * @throws IllegalArgumentException if the path is empty or of another file system than the
   *     default
   */
  public static UnixAddress of(Path path) {
    if (!path.getFileSystem().equals(FileSystems.getDefault())) {
      throw new IllegalArgumentException(
          "the system looks for sockets in the default file system, not in that of " + path);
    }
    if (path.toString().isEmpty()) {
      throw new IllegalArgumentException("an empty path names no socket; use unnamed()");
    }
    return new UnixAddress(PathBytes.of(path));
  }

  /**
   * Names a socket in Linux's abstract namespace: no file, gone with its last descriptor.
   *
   * @param name the name, without the leading NUL; in UTF-8 it has at most 107 bytes
   * @return the address
   */
  public static UnixAddress ofAbstract(String name) {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    byte[] bytes = new byte[text.length + 1];
    System.arraycopy(text, 0, bytes, 1, text.length);
    return new UnixAddress(bytes);
  }

  /** {@return the address of a socket that was never bound} */
  public static UnixAddress unnamed() {
    return UNNAMED;
  }

  /**
   * Reads an address as the kernel has it. For platforms.
   *
   * @param bytes a path, an abstract name with its leading NUL, or nothing
   * @return the address
   * @throws IllegalArgumentException if there is a NUL in a path: the system would see its
   *     beginning alone
   */
  public static UnixAddress ofBytes(byte[] bytes) {
    if (bytes.length > 0 && bytes[0] != 0) {
      requireNoNul(bytes);
    }
    return bytes.length == 0 ? UNNAMED : new UnixAddress(bytes.clone());
  }

  /**
   * {@return the name as the kernel has it: a path, an abstract name with its leading NUL, or
   * nothing; a copy}
   */
  public byte[] bytes() {
    return bytes.clone();
  }

  private static void requireNoNul(byte[] path) {
    for (byte b : path) {
      if (b == 0) {
        throw new IllegalArgumentException(
            "a path with a NUL in it: " + new String(path, StandardCharsets.UTF_8));
      }
    }
  }

  /** {@return whether this is an abstract name} */
  public boolean isAbstract() {
    return bytes.length > 0 && bytes[0] == 0;
  }

  /** {@return whether this is no name at all} */
  public boolean isUnnamed() {
    return bytes.length == 0;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof UnixAddress that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /**
   * {@return the path, {@code @name} for an abstract name, or {@code (unnamed)}: the way {@code ss}
   * and {@code lsof} write addresses}
   */
  @Override
  public String toString() {
    if (isUnnamed()) {
      return "(unnamed)";
    }
    String text = new String(bytes, StandardCharsets.UTF_8);
    return isAbstract() ? "@" + text.substring(1) : text;
  }
}
