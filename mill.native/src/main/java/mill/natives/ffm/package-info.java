/** What every native backend needs to call C: linking, and the memory a call works in. */
@NullMarked
package mill.natives.ffm;

import org.jspecify.annotations.NullMarked;
