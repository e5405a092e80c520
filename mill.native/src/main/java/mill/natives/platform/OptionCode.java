package mill.natives.platform;

/**
 * The two numbers by which a system knows a socket option.
 *
 * @param level such as {@code SOL_SOCKET}
 * @param number such as {@code SO_KEEPALIVE}
 */
public record OptionCode(int level, int number) {}
