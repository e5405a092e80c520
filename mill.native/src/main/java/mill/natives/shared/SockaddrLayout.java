package mill.natives.shared;

/**
 * Where one system has the fields of its socket addresses, and by which numbers it knows the
 * families.
 *
 * @param ipv4 {@code struct sockaddr_in}
 * @param ipv6 {@code struct sockaddr_in6}
 * @param unix {@code struct sockaddr_un}
 */
public record SockaddrLayout(Ipv4 ipv4, Ipv6 ipv6, Unix unix) {
  /**
   * {@code struct sockaddr_in}; offsets and sizes in bytes.
   *
   * @param family the number of AF_INET
   * @param port the offset of the port
   * @param address the offset of the four bytes of the address
   * @param size the size of the structure
   */
  public record Ipv4(int family, long port, long address, long size) {}

  /**
   * {@code struct sockaddr_in6}; offsets and sizes in bytes.
   *
   * @param family the number of AF_INET6
   * @param port the offset of the port
   * @param address the offset of the sixteen bytes of the address
   * @param scope the offset of the scope id
   * @param size the size of the structure
   */
  public record Ipv6(int family, long port, long address, long scope, long size) {}

  /**
   * {@code struct sockaddr_un}; offsets and sizes in bytes.
   *
   * @param family the number of AF_UNIX
   * @param path the offset of the path
   * @param size the size of the structure
   */
  public record Unix(int family, long path, long size) {
    /** How many bytes a path has room for, its NUL among them. */
    int capacity() {
      return (int) (size - path);
    }
  }
}
