/** A proxy for any protocol over TCP: what one end says, the other hears. */
@NullMarked
package mill.examples.proxy;

import org.jspecify.annotations.NullMarked;
