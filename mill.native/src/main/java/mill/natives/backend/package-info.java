/**
 * The choice of the backend: the one package that knows all of them.
 *
 * <p>The seam, {@link mill.natives.platform}, knows none. {@link mill.natives.CurrentPlatform} is
 * what users ask.
 */
@NullMarked
package mill.natives.backend;

import org.jspecify.annotations.NullMarked;
