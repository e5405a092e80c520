/** What an event loop is made of. Not exported. */
@NullMarked
package mill.core.internal;

import org.jspecify.annotations.NullMarked;
