/**
 * An HTTP/1.1 server that answers each request with the checksum of its body, however long that is,
 * and can be upgraded to an echo of frames: {@link mill.examples.http.HttpServer}, and the parser
 * {@link mill.examples.http.HttpHead}.
 */
@NullMarked
package mill.examples.http;

import org.jspecify.annotations.NullMarked;
