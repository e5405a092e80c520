/**
 * The words in which tests speak of sockets and pollers. Compiled into the tests of each module
 * that uses them, for they need {@code mill.natives} and cannot be in {@code mill.testing}. Not
 * below that package either: javac looks for a package of the class path only where the module has
 * none above it.
 */
package mill.testnet;
