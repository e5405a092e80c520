/** A chat: what one says in a line, all others hear. */
@NullMarked
package mill.examples.chat;

import org.jspecify.annotations.NullMarked;
