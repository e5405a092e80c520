package mill.natives.net;

/** What a transfer returns when it moved no bytes: the negative numbers beside the byte counts. */
public final class IoStatus {
  /** The peer sends no more, and everything it sent has been read. */
  public static final int END_OF_STREAM = -1;

  /** Nothing can move now: try again when the poller says so. */
  public static final int WOULD_BLOCK = -2;

  private IoStatus() {}
}
