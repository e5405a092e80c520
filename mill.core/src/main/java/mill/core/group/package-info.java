/**
 * Several event loops as one: an {@link mill.core.group.EventLoopGroup} runs them on threads of
 * their own and shares the connections of a server among them.
 *
 * <p>{@link mill.core.group.EventLoopGroup#listen} opens a {@link mill.core.group.GroupListener}
 * and gives each accepted connection to a {@link mill.core.group.StreamAcceptor}, on the thread of
 * the loop that the connection stays with. The {@link mill.core.group.AcceptMode} says how it gets
 * there. A {@link mill.core.group.LoopGroupConfig} sets the group up, loops and processors
 * included, and a {@link mill.core.group.GroupShutdownReport} tells how it ended.
 *
 * {@snippet class=mill.core.snippets.GroupSnippets region=serve}
 */
@NullMarked
package mill.core.group;

import org.jspecify.annotations.NullMarked;
