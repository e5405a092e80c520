/**
 * Several event loops as one: an {@link mill.core.group.EventLoopGroup} runs them on threads of
 * their own and shares the connections of a server among them.
 */
@NullMarked
package mill.core.group;

import org.jspecify.annotations.NullMarked;
