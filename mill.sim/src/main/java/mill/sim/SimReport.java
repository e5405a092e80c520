package mill.sim;

import java.time.Duration;
import java.util.Map;

/**
 * What became of many seeds, none of which failed.
 *
 * @param seeds how many
 * @param hash the hash of all their traces' hashes, in order: the same in every JVM
 * @param steps how many steps they took in all
 * @param virtualTime how much time passed in all of them
 * @param happened how often each fault and each {@link Simulation#sometimes} came, by its name
 */
public record SimReport(
    long seeds, long hash, long steps, Duration virtualTime, Map<String, Long> happened) {}
