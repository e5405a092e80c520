/**
 * An echo server on mill and the demo that measures it.
 *
 * <p>{@link mill.examples.echo.QuickStart} is the shortest server there is, {@link
 * mill.examples.echo.EchoServer} the one to learn from. {@link mill.examples.echo.EchoDemo} is the
 * program around it; everything else here serves the measurement.
 */
@NullMarked
package mill.examples.echo;

import org.jspecify.annotations.NullMarked;
