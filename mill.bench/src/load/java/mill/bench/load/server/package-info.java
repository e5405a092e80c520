/**
 * The servers on Java that the load harness measures, each a program of its own. Each prints its
 * port, answers questions on its standard input, and ends when that does.
 */
package mill.bench.load.server;
