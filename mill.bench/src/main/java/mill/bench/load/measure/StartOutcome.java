package mill.bench.load.measure;

/**
 * Starts of one program.
 *
 * @param wallMs from the start of the process to its first echo
 * @param cpuMs processor time from its start to its end
 * @param residentMb what it has resident 0.3 s later
 * @param idleMb what it has resident when it has been idle for seconds
 */
public record StartOutcome(
    String peer, Quartiles wallMs, Quartiles cpuMs, Quartiles residentMb, Quartiles idleMb) {}
