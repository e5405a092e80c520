/** What the servers among the examples have in common: arguments, one line at the start, an end. */
@NullMarked
package mill.examples.command;

import org.jspecify.annotations.NullMarked;
