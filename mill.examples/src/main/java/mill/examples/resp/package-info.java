/**
 * A server that speaks the protocol of Redis: {@link mill.examples.resp.RespServer} answers, {@link
 * mill.examples.resp.RespRequest} parses, {@link mill.examples.resp.RespStore} keeps the values.
 */
@NullMarked
package mill.examples.resp;

import org.jspecify.annotations.NullMarked;
