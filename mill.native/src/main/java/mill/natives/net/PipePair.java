package mill.natives.net;

import java.io.IOException;
import mill.natives.CurrentPlatform;
import mill.natives.platform.Platform;

/**
 * A pipe within the process ({@code pipe(2)}): what is written to the sink comes out of the source.
 *
 * @param source the reading end; reads {@link IoStatus#END_OF_STREAM} once the sink is closed and
 *     the pipe is empty
 * @param sink the writing end; fails with {@code EPIPE} once the source is closed
 */
public record PipePair(RawFd source, RawFd sink) implements AutoCloseable {
  /**
   * Makes a pipe. Any thread.
   *
   * @return the pipe, to be closed by the caller
   * @throws IOException if the system refuses, for instance for want of descriptors
   */
  public static PipePair open() throws IOException {
    return open(CurrentPlatform.get());
  }

  /**
   * Makes a pipe on a platform of the caller's choice. Any thread.
   *
   * @param platform the platform
   * @return the pipe, to be closed by the caller
   * @throws IOException if the platform refuses
   */
  public static PipePair open(Platform platform) throws IOException {
    int[] fds = new int[2];
    int result = platform.sockets().pipe(fds);
    if (result < 0) {
      throw platform.errnos().exception("pipe", result);
    }
    return new PipePair(new RawFd(platform, fds[0], true), new RawFd(platform, fds[1], true));
  }

  /** Closes both ends. Any thread; a second call does nothing. */
  @Override
  public void close() {
    try {
      source.close();
    } finally {
      sink.close();
    }
  }
}
