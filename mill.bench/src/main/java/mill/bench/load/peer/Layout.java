package mill.bench.load.peer;

import java.nio.file.Path;

/**
 * Where everything is.
 *
 * @param sources the sources in C and Rust, in {@code c} and {@code rust}
 * @param modules mill's modules; null to run all from the class path, as the tests do
 * @param classPath the servers on Java and what they need, besides mill
 * @param output where results and what is built for them go
 */
public record Layout(
    Path sources, @org.jspecify.annotations.Nullable Path modules, String classPath, Path output) {}
