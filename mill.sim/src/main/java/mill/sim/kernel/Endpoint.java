package mill.sim.kernel;

/**
 * An address and a port. IPv4 is kept as IPv6 has it, mapped (RFC 4291, section 2.5.5.2).
 *
 * @param high the first eight bytes of the address
 * @param low the other eight
 * @param port the port, 0 for none
 * @param scope of a link-local address
 */
record Endpoint(long high, long low, int port, int scope) {
  private static final long MAPPED = 0xFFFFL << 32;

  static final Endpoint ANY4 = new Endpoint(0, MAPPED, 0, 0);
  static final Endpoint ANY6 = new Endpoint(0, 0, 0, 0);
  static final Endpoint LOOPBACK4 = ipv4(0x7F00_0001, 0);
  static final Endpoint LOOPBACK6 = new Endpoint(0, 1, 0, 0);

  static Endpoint ipv4(int address, int port) {
    return new Endpoint(0, MAPPED | (address & 0xFFFF_FFFFL), port, 0);
  }

  boolean isIpv4() {
    return high == 0 && low >>> 32 == 0xFFFF;
  }

  int ipv4() {
    return (int) low;
  }

  boolean isAny() {
    return high == 0 && (low == 0 || low == MAPPED);
  }

  boolean isLoopback() {
    return isIpv4() ? ipv4() >>> 24 == 127 : high == 0 && low == 1;
  }

  boolean isSameAddress(Endpoint other) {
    return high == other.high && low == other.low;
  }

  Endpoint withPort(int newPort) {
    return new Endpoint(high, low, newPort, scope);
  }
}
