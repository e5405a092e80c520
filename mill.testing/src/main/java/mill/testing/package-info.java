/**
 * What the tests of all modules share and that knows nothing of mill: waiting with a bound, JVMs of
 * their own, counting allocations, and what happens when a test hangs.
 */
package mill.testing;
