/**
 * Servers and clients over streams: a {@link mill.core.net.Connection} reads frames, queues what is
 * sent, and ends in an orderly way, so that a handler is left with its protocol alone.
 *
 * {@snippet class=mill.core.snippets.ConnectionSnippets region=echo}
 *
 * <p>A {@link mill.core.net.TcpServer} accepts connections, {@link mill.core.net.TcpClient} makes
 * them; each lives on one loop, which calls its {@link mill.core.net.ConnectionHandler}. A {@link
 * mill.core.net.Framer} says where a frame ends. What a callback puts into the connection's {@link
 * mill.core.net.Output} is sent when it has returned; a {@link mill.core.net.Message} can be
 * written by any thread, and to many connections. The {@link mill.core.net.CloseCause} says at last
 * how it ended.
 */
@NullMarked
package mill.core.net;

import org.jspecify.annotations.NullMarked;
