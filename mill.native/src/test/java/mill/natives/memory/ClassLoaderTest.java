package mill.natives.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import mill.testing.Await;
import org.junit.jupiter.api.Test;

/** A pool in a class loader of its own, as in a servlet container, used by a thread that stays. */
class ClassLoaderTest {
  // netty#2483: a thread-local value of one's own class keeps the loader for as long as the thread.
  @Test
  void closedPoolLeavesNothingInTheThreadsThatUsedIt() throws Exception {
    try (ExecutorService container = Executors.newSingleThreadExecutor()) {
      WeakReference<ClassLoader> loader = deployAndUndeploy(container);
      long start = System.nanoTime();
      while (loader.get() != null) {
        Await.requirePatience(start, "the loader is collected");
        System.gc();
      }
    }
  }

  private static WeakReference<ClassLoader> deployAndUndeploy(ExecutorService container)
      throws Exception {
    URL classes =
        ModuleLayer.boot()
            .configuration()
            .findModule(BufferPool.class.getModule().getName())
            .orElseThrow()
            .reference()
            .location()
            .orElseThrow()
            .toURL();
    // Without a parent: the platform's loader knows the module that is tested.
    try (var app = new URLClassLoader(new URL[] {classes}, null)) {
      Class<?> poolType = app.loadClass(BufferPool.class.getName());
      assertThat(poolType).isNotSameAs(BufferPool.class);
      container
          .submit(() -> {
            Object pool = poolType.getMethod("open").invoke(null);
            Object buffer = poolType.getMethod("acquire", int.class).invoke(pool, 100);
            app.loadClass(PooledBuffer.class.getName()).getMethod("release").invoke(buffer);
            poolType.getMethod("close").invoke(pool);
            return null;
          })
          .get();
      return new WeakReference<>(app);
    }
  }
}
