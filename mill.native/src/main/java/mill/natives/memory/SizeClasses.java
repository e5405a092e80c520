package mill.natives.memory;

/**
 * The power-of-two sizes in which a pool lends memory; index 0 is the smallest.
 *
 * @param minBytes the smallest size, a power of two
 * @param maxBytes the largest size, a power of two, at least {@code minBytes}
 */
record SizeClasses(int minBytes, int maxBytes) {

  int count() {
    return Integer.numberOfTrailingZeros(maxBytes) - Integer.numberOfTrailingZeros(minBytes) + 1;
  }

  int capacityOf(int index) {
    return minBytes << index;
  }

  /** Finds the smallest class that holds {@code bytes}. */
  int indexFor(int bytes) {
    if (bytes < 0 || bytes > maxBytes) {
      throw refusal(bytes);
    }
    if (bytes <= minBytes) {
      return 0;
    }
    int ceilLog2 = Integer.SIZE - Integer.numberOfLeadingZeros(bytes - 1);
    return ceilLog2 - Integer.numberOfTrailingZeros(minBytes);
  }

  private IllegalArgumentException refusal(int bytes) {
    return new IllegalArgumentException(
        bytes < 0
            ? "a buffer of " + bytes + " bytes was asked for: negative"
            : "a buffer of "
                + bytes
                + " bytes was asked for, the largest of this pool is "
                + maxBytes
                + ": split the data, or raise BufferPoolConfig.maxBufferBytes");
  }
}
