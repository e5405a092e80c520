package mill.core;

import java.util.function.Supplier;
import mill.core.internal.loop.LoopExtension;
import org.jspecify.annotations.Nullable;

/** Keeps the one extension of a loop, which is made when it is first asked for. Any thread. */
final class ExtensionPlace {
  private final Object lock = new Object();
  private volatile @Nullable LoopExtension extension; // written once, holding the lock

  /** The extension, made now if there is none. */
  LoopExtension getOrMake(Supplier<? extends LoopExtension> make) {
    synchronized (lock) {
      LoopExtension made = extension;
      if (made == null) {
        made = make.get();
        extension = made;
      }
      return made;
    }
  }

  @Nullable LoopExtension get() {
    return extension;
  }
}
