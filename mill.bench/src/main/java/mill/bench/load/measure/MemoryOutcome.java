package mill.bench.load.measure;

/**
 * What idle connections take, each, in bytes.
 *
 * @param resident by how much the resident memory grew, garbage and all; NaN if it is unknown
 * @param heap the part of the user memory that is live heap; NaN without Java
 * @param user by how much the live heap grew and, with a heap that is resident from the start, the
 *     resident memory: what the connections themselves hold
 */
public record MemoryOutcome(String peer, double resident, double heap, double user) {}
