/**
 * The one seam: {@link mill.natives.platform.Platform} documents everything mill asks of an
 * operating system.
 *
 * <p>Most programs never touch this package. It is for those who want to run mill over something
 * else than the real kernel: a simulation with seeded faults, a recorder, a platform mill does not
 * bring.
 */
@NullMarked
package mill.natives.platform;

import org.jspecify.annotations.NullMarked;
