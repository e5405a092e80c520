package mill.natives.memory;

/**
 * What an {@link ObjectPool} has done since it was made, and what it holds. Immutable, any thread.
 *
 * @param maxIdle the most idle objects that are kept
 * @param idle how many are idle at this moment
 * @param created how many acquisitions asked the factory
 * @param reused how many acquisitions took an idle object
 * @param dropped how many objects were released and not kept
 */
public record ObjectPoolMetrics(int maxIdle, int idle, long created, long reused, long dropped) {}
