/**
 * The seam between the reactor and what is built on its turns in other packages of this module. Not
 * exported.
 */
@NullMarked
package mill.core.internal.loop;

import org.jspecify.annotations.NullMarked;
