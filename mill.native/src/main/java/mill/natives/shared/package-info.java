/**
 * What all backends share and no system has a say in: the waker's protocol, and the steps of the
 * address codec that are plain Java.
 */
@NullMarked
package mill.natives.shared;

import org.jspecify.annotations.NullMarked;
